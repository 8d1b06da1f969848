/* Errors in a protocol: each is found, at its place, with a remedy, beside all the others. */
#include <nakfield/protocol.h>

#include <string.h>

#include "nak_test.h"
#include "units_fixture.h"

static const NakLimits wide = {
  .voltage_max = 100, .voltage_min = -100, .temperature = 298.15, .coldest = 240, .hottest = 420};

/* What NakDeckReport() prints, read back on rank 0; other ranks get an empty text. */
static PetscInt ReadReport(NakDeck deck, char *said, size_t size)
{
  FILE    *file  = tmpfile();
  int      saved = dup(STDERR_FILENO);
  PetscInt count;
  size_t   length = 0;

  assert_non_null(file);
  (void)fflush(stderr);
  assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
  MUST(NakDeckReport(deck, &count));
  (void)fflush(stderr);
  assert_true(dup2(saved, STDERR_FILENO) >= 0);
  (void)close(saved);
  rewind(file);
  if (Rank() == 0) length = fread(said, 1, size - 1, file);
  said[length] = '\0';
  (void)fclose(file);
  return count;
}

/* Read `text` as a file "deck.yaml" of its own folder and give back what is said about it. */
static PetscInt Errors(const char *text, const NakLimits *limits, char *said, size_t size)
{
  char        folder[] = "/tmp/nakfield-test-XXXXXX", path[64] = "deck.yaml";
  NakDeck     deck;
  NakProtocol protocol;
  PetscInt    count;

  if (Rank() == 0) {
    FILE *file;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/deck.yaml", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
  }
  MUST(MPI_Bcast(path, sizeof(path), MPI_CHAR, 0, PETSC_COMM_WORLD));
  MUST(NakDeckCreate(PETSC_COMM_WORLD, path, NULL, 0, &deck));
  MUST(NakProtocolCreate(deck, limits, &protocol));
  count = ReadReport(deck, said, size);
  MUST(NakProtocolDestroy(&protocol));
  MUST(NakDeckDestroy(&deck));
  if (Rank() == 0) {
    (void)unlink(path);
    (void)rmdir(folder);
  }
  return count;
}

/* An item of the list: the column of what is wrong, and words of the message. */
static const struct {
  const char *item;
  int         column;
  const char *words;
} wrong[] = {
  {"stripp: 1 mA/cm^2",                                                  5,  "did you mean 'strip'"          },
  {"{for: 1 s}",                                                         5,  "does not say what is held"     },
  {"rest",                                                               5,  "'rest: 5 s'"                   },
  {"{strip: 1 mA/cm^2, plate: 1 mA/cm^2, for: 1 s}",                     31, "is a 'strip' already"          },
  {"{strip: 1 mA/cm^2, fro: 1 s}",                                       24, "did you mean 'for'"            },
  {"{strip: 1 mA/cm^2}",                                                 5,  "nothing ends this 'strip'"     },
  {"voltage: 1 V",                                                       5,  "nothing ends this 'voltage'"   },
  {"rest:",                                                              5,  "nothing ends this 'rest'"      },
  {"{strip: -1 mA/cm^2, for: 1 s}",                                      13, "write 'plate'"                 },
  {"{plate: -1 mA/cm^2, for: 1 s}",                                      13, "write 'strip'"                 },
  {"{strip: 1 V, for: 1 s}",                                             13, "A/m^2"                         },
  {"{strip: 1, for: 1 s}",                                               13, "unit"                          },
  {"{voltage: 1 mA, for: 1 s}",                                          15, "V"                             },
  {"{rest: 5 s, for: 5 s}",                                              22, "leave out 'for'"               },
  {"rest: 0 s",                                                          11, "between"                       },
  {"rest: -5 s",                                                         11, "between"                       },
  {"{strip: 1 A/m^2, for: 0 h}",                                         27, "between"                       },
  {"{strip: 1 A/m^2, for: nan s}",                                       27, "nan"                           },
  {"{rest: , until: volts > 3 V}",                                       21, "known are voltage, current"    },
  {"{rest: , until: voltage > 3 A}",                                     21, "voltage > 3 A"                 },
  {"{rest: , until: voltage > 3}",                                       21, "unit"                          },
  {"{rest: , until: voltage = 3 V}",                                     21, "is not a condition"            },
  {"{rest: , until: voltage >= 3 V}",                                    21, "is not a condition"            },
  {"{rest: , until: 3 V > voltage > 1 V}",                               21, "is not a condition"            },
  {"{rest: , until: voltage >}",                                         21, "voltage >"                     },
  {"{rest: , until: {voltage: 3 V}}",                                    21, "is not a condition"            },
  {"{rest: , until: []}",                                                21, "'until' is empty"              },
  {"{rest: , until: [voltage > 3 V, time < 3 s]}",                       37, "true from the start"           },
  {"{rest: , until: time > 0 s}",                                        21, "true from the start"           },
  {"{repeat: 0, steps: [rest: 1 s]}",                                    14, "1"                             },
  {"{repeat: 1.5, steps: [rest: 1 s]}",                                  14, "whole"                         },
  {"{repeat: 2}",                                                        5,  "needs 'steps'"                 },
  {"{repeat: 2, steps: []}",                                             24, "at least one item"             },
  {"{repeat: 2, steps: {rest: 1 s}}",                                    24, "begin each with '- '"          },
  {"{repeat: 2, for: 1 s, steps: [rest: 1 s]}",                          17, "unknown key"                   },
  {"{repeat: 2, steps: [rest: 0 s]}",                                    31, "between"                       },
  {"staircase: 5 s",                                                     16, "write it as 'staircase: {from" },
  {"staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 1 A/m^2}",             16, "needs 'hold'"                  },
  {"staircase: {to: 2 A/m^2, step: 1 A/m^2, hold: 1 s}",                 16, "needs 'from'"                  },
  {"staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 0 A/m^2, hold: 1 s}",  51, "never arrives"                 },
  {"staircase: {from: 2 A/m^2, to: 1 A/m^2, step: -1 A/m^2, hold: 1 s}", 51, "never arrives"                 },
  {"staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 1 uA/m^2, hold: 1 s}", 51, "1000001 levels"                },
  {"staircase: {from: 1 A/m^2, to: 2 A/m^2, stop: 1 A/m^2, hold: 1 s}",  45, "did you mean 'step'"           },
  {"pulses: {current: 1 A/m^2, on: 1 s, off: 1 s}",                      13, "needs 'count'"                 },
  {"pulses: {current: 1 A/m^2, on: 1 s, off: 0 s, count: 5}",            46, "between"                       },
  {"pulses: {current: 1 A/m^2, on: 1 s, off: 1 s, count: many}",         58, "whole"                         },
  {"pulses: 1000",                                                       13, "write it as 'pulses: {current" },
  {"impedance: 3 s",                                                     16, "'impedance:' takes no value"   },
  {"{impedance: , until: voltage > 3 V}",                                19, "unknown key"                   },
  {"{rest: 5 s, impedance: 35 s}",                                       28, "write it as 'impedance: {every"},
  {"{rest: 5 s, impedance: {}}",                                         28, "needs 'every'"                 },
  {"{rest: 5 s, impedance: {every: 0 s}}",                               36, "between"                       },
  {"{rest: 5 s, impedance: {evry: 1 s, every: 1 s}}",                    29, "did you mean 'every'"          },
  {"{repeat: 2, steps: [rest: 1 s], impedance: {every: 1 s}}",           37, "unknown key"                   },
  {"{rest: , until: step_capacity > 1 C/m^2}",                           5,  "no current flows"              },
  {"{current: 0 A/m^2, until: capacity > 1 C/m^2}",                      5,  "no current flows"              },
  {"{strip: 1 A/m^2, until: current > 2 A/m^2}",                         5,  "stay as they are"              },
  {"{plate: 1 A/m^2, until: capacity > 1 C/m^2}",                        5,  "stay as they are"              },
  {"{voltage: 1 V, until: [voltage > 2 V, voltage < 0 V]}",              5,  "the voltage stays"             },
  {"{rest: , until: na_metall}",                                         21, "or an event: liquidus_a"       },
  {"{rest: , until: [k_film, short]}",                                   30, "is the end of the run"         },
  {"temperature: 0 K",                                                   18, "240 K to 420 K"                },
  {"temperature: -40 degC",                                              18, "233.15 K is outside"           },
  {"temperature: 150 degC",                                              18, "-33.15 degC to 146.85 degC"    },
  {"temperature: 300",                                                   18, "unit"                          },
  {"temperature: 25 C",                                                  18, "degC"                          },
  {"temperature: 3 V",                                                   18, "K"                             },
  {"temperature:",                                                       17, "is empty"                      },
  {"temperature: {to: 0 degC, for: 50 min}",                             18, "that is held meanwhile"        },
  {"{temperature: 0 degC, for: 1 s}",                                    27, "unknown key"                   },
  {"{temperature: 0 degC, impedance: }",                                 19, "is a 'impedance' already"      },
  {"{rest: 5 s, temperature: {to: 0 degC}}",                             30, "needs 'for'"                   },
  {"{rest: 5 s, temperature: {for: 5 s}}",                               30, "needs 'to'"                    },
  {"{rest: 5 s, temperature: {to: 0 degC, for: 0 s}}",                   48, "between"                       },
  {"{rest: 5 s, temperature: {to: 500 K, for: 5 s}}",                    35, "500 K is outside"              },
  {"{rest: 5 s, temperature: {to: 0 degC, fro: 5 s, for: 5 s}}",         43, "did you mean 'for'"            },
  {"{repeat: 2, steps: [rest: 1 s], temperature: 0 degC}",               37, "unknown key"                   },
  {"{rest: , until: temperature < 0 degC}",                              5,  "the temperature stays"         },
  {"{rest: , until: temperature < 0 degC, "
   "temperature: {to: 1 degC, for: 1 h}}",                            5,  "nothing ends this 'rest'"      },
};

static void TestFindsEveryError(void **state)
{
  const size_t rows = sizeof(wrong) / sizeof(wrong[0]);
  char         text[16384], said[32768], place[32];
  size_t       used = (size_t)snprintf(text, sizeof(text), "protocol:\n");

  (void)state;
  for (size_t k = 0; k < rows; k++) {
    used += (size_t)snprintf(text + used, sizeof(text) - used, "  - %s\n", wrong[k].item);
    assert_true(used < sizeof(text));
  }
  assert_int_equal(Errors(text, &wide, said, sizeof(said)),
                   rows + 2); /* fro and stop: for and step are missing, too */
  for (size_t k = 0; k < rows && Rank() == 0; k++) {
    const char *found;

    (void)snprintf(place, sizeof(place), "deck.yaml:%d:%d: ", (int)k + 2, wrong[k].column);
    found = strstr(said, place);
    if (found == NULL || strstr(found, wrong[k].words) == NULL) {
      fail_msg("'%s' should give %s...%s; said was %s", wrong[k].item, place, wrong[k].words,
               found != NULL ? found : said);
    }
  }
}

/* They come in the order of the file, and those inside of blocks do not hide each other. */
static void TestFindsThemInBlocks(void **state)
{
  const char *const        text     = "protocol:\n"
                                      "  - {strip: 1 mA/cm^2, until: [volts > 3 V, voltage > 3 A]}\n"
                                      "  - repeat: 3\n"
                                      "    until: time < 1 s\n"
                                      "    steps:\n"
                                      "      - rest: 0 s\n"
                                      "      - repeat: x\n"
                                      "        steps: [wait: 3 s, rest: 1 s]\n"
                                      "  - staircase: {from: 1 A/m^2, to: 2 s, step: 0 A/m^2}\n"
                                      "    after: 3\n";
  static const char *const places[] = {":2:32:", ":2:45:", ":4:12:", ":6:15:", ":7:17:",
                                       ":8:17:", ":9:16:", ":9:36:", ":9:47:", ":10:5:"};
  char                     said[4096];
  const char              *at = said;

  (void)state;
  assert_int_equal(Errors(text, &wide, said, sizeof(said)), 10);
  for (size_t k = 0; k < 10 && Rank() == 0; k++) {
    at = strstr(at, places[k]);
    if (at == NULL) fail_msg("no %s in its order in %s", places[k], said);
  }
}

static void TestRefusesNineRepeats(void **state)
{
  char text[1024] = "rest: 1 s", said[4096];

  (void)state;
  for (PetscInt k = 0; k < 9; k++) {
    char inner[1024];

    memcpy(inner, text, sizeof(inner));
    assert_true(snprintf(text, sizeof(text), "{repeat: 2, steps: [%s]}", inner) < 1024);
  }
  memmove(text + strlen("protocol: ["), text, strlen(text) + 1);
  memcpy(text, "protocol: [", strlen("protocol: ["));
  strcat(text, "]");
  assert_int_equal(Errors(text, &wide, said, sizeof(said)), 1);
  if (Rank() == 0) assert_non_null(strstr(said, "nested at most 8 deep"));
}

static void TestRefusesLists(void **state)
{
  char said[4096];

  (void)state;
  assert_int_equal(Errors("protocol: []", &wide, said, sizeof(said)), 1);
  assert_int_equal(Errors("protocol: {rest: 1 s}", &wide, said, sizeof(said)), 1);
  if (Rank() == 0) assert_non_null(strstr(said, "deck.yaml:1:11: 'protocol' must be a list"));
  assert_int_equal(Errors("protocol: 5 s", &wide, said, sizeof(said)), 1);
}

static void TestRefusesCrossedLimits(void **state)
{
  const NakLimits limits = {.voltage_max = 1, .voltage_min = 2};
  char            said[4096];

  (void)state;
  assert_int_equal(
    Errors("limits: {voltage_min: 2 V}\nprotocol: [rest: 1 s]", &limits, said, sizeof(said)), 1);
  if (Rank() == 0) assert_non_null(strstr(said, "deck.yaml:1:23: limits.voltage_max is 1 V"));
}

static void TestRefusesVoltagesBeyondTheLimits(void **state)
{
  const NakLimits limits = {.voltage_max = 5, .voltage_min = -1};
  char            said[4096];

  (void)state;
  assert_int_equal(
    Errors("protocol:\n  - {voltage: 5 V, for: 1 s}\n  - {voltage: -1.5 V, for: 1 s}\n"
           "  - {voltage: 4.9 V, for: 1 s}\n",
           &limits, said, sizeof(said)),
    2);
  if (Rank() > 0) return;
  assert_non_null(strstr(said, "deck.yaml:2:15: 5 V cannot be held: limits.voltage_max is 5 V"));
  assert_non_null(
    strstr(said, "deck.yaml:3:15: -1.5 V cannot be held: limits.voltage_min is -1 V"));
}

/* A ramp that its item does not wait for is no error, and one that is as long but for rounding
   fits. */
static void TestWarnsOfLongRamps(void **state)
{
  static const char *const overrides[] = {
    "protocol=[{rest: 30 min, temperature: {to: 0 degC, for: 50 min}},"
    " {rest: 0.1 min, temperature: {to: 1 degC, for: 6 s}},"
    " {rest: 7 s, temperature: {to: 2 degC, for: 6 s}}]"};
  NakDeck     deck;
  NakProtocol protocol;
  const char *said;
  PetscInt    errors;

  (void)state;
  MUST(NakDeckCreate(PETSC_COMM_WORLD, NULL, overrides, 1, &deck));
  MUST(NakProtocolCreate(deck, &wide, &protocol));
  MUST(NakDeckReport(deck, &errors));
  assert_int_equal(errors, 0);
  said = NakDeckWarnings(deck);
  if (Rank() == 0) {
    assert_non_null(strstr(said, "the ramp takes 3000 s and belongs to an item of 1800 s"));
    assert_true(strchr(said, '\n') == said + strlen(said) - 1); /* there is no other */
  }
  MUST(NakProtocolDestroy(&protocol));
  MUST(NakDeckDestroy(&deck));
}

/* The deck itself says so, from the row. */
static void TestMissesTheProtocol(void **state)
{
  NakLimits        limits   = {0};
  const NakSection schema[] = {
    {NakLimitsParamRows, &limits, sizeof(limits)},
    {NULL,               NULL,    0             }
  };
  NakDeck     deck;
  NakProtocol protocol;
  const char *why;
  char        said[4096];

  (void)state;
  MUST(NakDeckCreate(PETSC_COMM_WORLD, NULL, NULL, 0, &deck));
  MUST(NakDeckFill(deck, schema));
  assert_true(limits.voltage_max == 5 && limits.voltage_min == -5);
  MUST(NakProtocolCreate(deck, &limits, &protocol));
  assert_int_equal(ReadReport(deck, said, sizeof(said)), 1);
  if (Rank() == 0) assert_non_null(strstr(said, "protocol is missing"));
  assert_true(NakProtocolDone(protocol));
  assert_int_equal(NakProtocolEnd(protocol, &why), NAK_END_DURATION);
  MUST(NakProtocolDestroy(&protocol));
  MUST(NakDeckDestroy(&deck));
}

static void TestAcceptsADeck(void **state)
{
  const char *const text = "protocol:\n"
                           "  - staircase: {from: 0.05 mA/cm^2, to: 1 mA/cm^2, step: 0.01 mA/cm^2,"
                           " hold: 40 s, until: voltage > 3 V}\n"
                           "  - rest: 15 h\n"
                           "    until: [voltage < 0.01 V, u_face > 0.9, contact > 60 %]\n"
                           "  - rest:\n"
                           "    for: 1 h\n"
                           "  - repeat: 50000\n"
                           "    until: voltage > 3 V\n"
                           "    steps:\n"
                           "      - {strip: 1 mA/cm^2, for: 1 s, until: deposit > 20 nm}\n"
                           "      - rest: 5 s\n"
                           "  - {pulses: {current: -1 mA/cm^2, on: 1 s, off: 5 s, count: 100}}\n"
                           "  - {voltage: 10 mV, until: current < 1 uA/cm^2}\n";
  char              said[4096];
  PetscInt          count = Errors(text, &wide, said, sizeof(said));

  (void)state;
  if (count > 0) fail_msg("%s", said);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(TestFindsEveryError),      cmocka_unit_test(TestFindsThemInBlocks),
  cmocka_unit_test(TestRefusesNineRepeats),   cmocka_unit_test(TestRefusesLists),
  cmocka_unit_test(TestRefusesCrossedLimits), cmocka_unit_test(TestRefusesVoltagesBeyondTheLimits),
  cmocka_unit_test(TestWarnsOfLongRamps),     cmocka_unit_test(TestMissesTheProtocol),
  cmocka_unit_test(TestAcceptsADeck),
};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
