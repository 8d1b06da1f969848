/* Quantities: numbers and units that must be understood, and those that must not be. */
#include <nakfield/units.h>

#include <math.h>
#include <string.h>

#include "nak_test.h"
#include "units_fixture.h"

typedef struct {
  const char *text, *unit;
  PetscReal   value;
} Good;

static const Good good[] = {
  {"0.7 mA/cm^2",                "A/m^2",   7                },
  {"0.7mA/cm2",                  "A/m^2",   7                },
  {"0.7 mA cm^-2",               "A/m^2",   7                },
  {"  7\tA/m^2  ",               "A/m^2",   7                },
  {"1 mS/cm",                    "S/m",     0.1              },
  {"250 ohm.cm^2",               "ohm m^2", 0.025            },
  {"250 ohm*cm2",                "ohm m^2", 0.025            },
  {"250 \u03a9\u00b7cm\u00b2",   "ohm m^2", 0.025            },
  {"25 degC",                    "K",       298.15           },
  {"25 \u00b0C",                 "K",       298.15           },
  {"300 K",                      "K",       300              },
  {"40 uL",                      "m^3",     4e-8             },
  {"40 \u00b5L",                 "m^3",     4e-8             },
  {"50 wt%",                     "1",       0.5              },
  {"37 mol%",                    "1",       0.37             },
  {"37 at%",                     "1",       0.37             },
  {"37 %",                       "1",       0.37             },
  {"37%",                        "1",       0.37             },
  {"2.1",                        "1",       2.1              },
  {"54.6 mAh/cm^2",              "C/m^2",   1965600          },
  {"1 A.h",                      "C",       3600             },
  {"0.7 mF/cm^2",                "F/m^2",   7                },
  {"15 h",                       "s",       54000            },
  {"10 min",                     "s",       600              },
  {"100 ms",                     "s",       0.1              },
  {"5 nm",                       "m",       5e-9             },
  {"5 um",                       "m",       5e-6             },
  {"5 \u00b5m",                  "m",       5e-6             },
  {"5 \u03bcm",                  "m",       5e-6             },
  {"-3 mV",                      "V",       -3e-3            },
  {"+1.5e-3 V",                  "V",       1.5e-3           },
  {".5 V",                       "V",       0.5              },
  {"5. V",                       "V",       5                },
  {"180 deg",                    "rad",     3.141592653589793},
  {"1e-3 1/s",                   "1/s",     1e-3             },
  {"1e-3 s-1",                   "1/s",     1e-3             },
  {"1 M",                        "mol/m^3", 1000             },
  {"2e-7 m/s/(A/m^2)",           "m^3/A/s", 2e-7             },
  {"9.7 mJ/m^2",                 "J/m^2",   9.7e-3           },
  {"110 MPa",                    "Pa",      1.1e8            },
  {"0.7 mA\u00b7cm\u207b\u00b2", "A/m^2",   7                },
  {"0.7 mA\u22c5cm\u207b\u00b2", "A/m^2",   7                },
  {"0.7\u00a0mA\u2009cm\u22122", "A/m^2",   7                },
  {"\u22123 mV",                 "V",       -3e-3            },
  {"1 s\u207b\u00b9",            "1/s",     1                },
};

static void UnderstandsQuantities(void **state)
{
  char message[256];

  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    PetscReal value = NAN;

    MUST(NakUnitsConvert(good[i].text, good[i].unit, &value, message, sizeof message));
    if (message[0] != '\0') fail_msg("%s: %s", good[i].text, message);
    if (!(fabs(value - good[i].value) <= 1e-14 * fabs(good[i].value)))
      fail_msg("%s is %.17g %s", good[i].text, value, good[i].unit);
  }
}

typedef struct {
  const char *text, *unit;
  const char *message;
} Bad;

static const Bad bad[] = {
  {"37",                      "m",     "it needs a unit, for example 37 um"                    },
  {"25",                      "K",     "it needs a unit, for example 25 degC"                  },
  {"135",                     "rad",   "it needs a unit, for example 135 deg"                  },
  {"",                        "m",     "it needs a value, for example 1 um"                    },
  {"   ",                     "1",     "it needs a value, for example 1"                       },
  {"abc",                     "m",     "it is not a number with a unit, such as 1 um"          },
  {"abc",                     "1",     "it is not a number"                                    },
  {"nm",                      "m",     "it is not a number with a unit, such as 1 um"          },
  {"- 3 m",                   "m",     "it is not a number with a unit, such as 1 um"          },
  {"0x10 m",                  "m",     "x10 m is not a unit; it must be a quantity in m"       },
  {"nan",                     "m",     "it must be finite"                                     },
  {"NaN m",                   "m",     "it must be finite"                                     },
  {".nan",                    "1",     "it must be finite"                                     },
  {"inf",                     "1",     "it must be finite"                                     },
  {"-.Inf s",                 "s",     "it must be finite"                                     },
  {"-Infinity s",             "s",     "it must be finite"                                     },
  {"1e400 m",                 "m",     "it is too large"                                       },
  {"1e308 km",                "m",     "it is too large"                                       },
  {"0,7 mA/cm^2",             "A/m^2", "write a decimal point, not a comma"                    },
  {"5 s",                     "m",     "s is the wrong dimension; it must be a quantity in m"  },
  {"5 m",                     "1",     "m is the wrong dimension; it must be a plain number"   },
  {"135 deg",                 "1",     "deg is the wrong dimension; it must be a plain number" },
  {"50 %",                    "rad",   "% is the wrong dimension; it must be a quantity in rad"},
  {"10 S",                    "s",     "S is the wrong dimension; did you mean s?"             },
  {"5 PA",                    "Pa",    "PA is the wrong dimension; did you mean Pa?"           },
  {"25 C",                    "K",     "C is the wrong dimension; did you mean degC?"          },
  {"77 F",                    "K",     "F is the wrong dimension; did you mean degF?"          },
  {"25 C",                    "F",     "C is the wrong dimension; it must be a quantity in F"  },
  {"5 mv",                    "V",     "mv is not a unit; did you mean mV?"                    },
  {"5 KPa",                   "Pa",    "KPa is not a unit; did you mean kPa?"                  },
  {"5 mah/cm^2",              "C/m^2", "mah/cm^2 is not a unit; did you mean mAh/cm^2?"        },
  {"5 mins",                  "s",     "mins is not a unit; did you mean min?"                 },
  {"5 hrs",                   "s",     "hrs is not a unit; did you mean hr?"                   },
  {"25 dgeC",                 "K",     "dgeC is not a unit; did you mean degC?"                },
  {"5 mAmph/cm^2",            "C/m^2", "mAmph/cm^2 is not a unit; did you mean mAh/cm^2?"      },
  {"5 mA/sqcm",               "A/m^2", "mA/sqcm is not a unit; it must be a quantity in A/m^2" },
  {"5 foo",                   "m",     "foo is not a unit; it must be a quantity in m"         },
  {"5 m)",                    "m",     "m) is not a unit; did you mean m?"                     },
  {"5 (m",                    "m",     "(m is not a unit; it must be a quantity in m"          },
  {"5 )m(",                   "m",     ")m( is not a unit; it must be a quantity in m"         },
  {"5 m 3",                   "m",     "m 3 is not a unit; it must be a quantity in m"         },
  {"5 10 m",                  "m",     "write the number without a blank in it"                },
  {"5 m^0.5",                 "m",     "m^0.5 is not a unit; it must be a quantity in m"       },
  {"5 m;",                    "m",     "m; is not a unit; did you mean m?"                     },
  {"5 m @ 3",                 "m",     "m @ 3 is not a unit; it must be a quantity in m"       },
  {"5 m from 3",              "m",     "m from 3 is not a unit; it must be a quantity in m"    },
  {"5 s since 2020",          "s",     "s since 2020 is not a unit; it must be a quantity in s"},
  {"5 lg(re mW)",             "W",     "lg(re mW) is not a unit; it must be a quantity in W"   },
  {"5 lg( re mW)",            "W",     "lg( re mW) is not a unit; it must be a quantity in W"  },
  {"5 m/0",                   "m",     "m/0 is not a unit; it must be a quantity in m"         },
  {"5 m-",                    "m",     "m- is not a unit; did you mean m?"                     },
  {"0.5 1",                   "1",     "write the number without a blank in it"                },
  {"1 000 s",                 "s",     "write the number without a blank in it"                },
  {"5 \xff",                  "m",     "\xff is not a unit; it must be a quantity in m"        },
  {"5 wt%/s",                 "1/s",   "wt%/s is not a unit; it must be a quantity in 1/s"     },
  {"1.2.3 m",                 "m",     ".3 m is not a unit; it must be a quantity in m"        },
  {"3\u00b710\u207b\u00b3 m", "m",
   "\u00b710\u207b\u00b3 m is not a unit; it must be a quantity in m"                          },
  {"10\u00b2 m",              "m",     "\u00b2 m is not a unit; it must be a quantity in m"    },
};

static void RefusesWithARemedy(void **state)
{
  char message[256];

  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    PetscReal value = -77;

    MUST(NakUnitsConvert(bad[i].text, bad[i].unit, &value, message, sizeof message));
    if (strcmp(message, bad[i].message) != 0)
      fail_msg("'%s': '%s' instead of '%s'", bad[i].text, message, bad[i].message);
    if (value != -77) fail_msg("'%s' changed the value", bad[i].text);
  }
}

static void RefusesLongTexts(void **state)
{
  char      text[1000], message[256];
  PetscReal value = -77;

  (void)state;
  memset(text, 'm', sizeof text);
  text[0]               = '1';
  text[sizeof text - 1] = '\0';
  MUST(NakUnitsConvert(text, "m", &value, message, sizeof message));
  assert_string_equal(message, "it is too long for a quantity");
  text[200] = '\0';
  MUST(NakUnitsConvert(text, "m", &value, message, sizeof message));
  assert_non_null(strstr(message, "is not a unit"));
  assert_true(value == -77);
}

/* The database stays until the last of its users is gone. */
static void OpensAndClosesInPairs(void **state)
{
  char      message[256];
  PetscReal value = 0;

  (void)state;
  MUST(NakUnitsOpen());
  MUST(NakUnitsClose());
  MUST(NakUnitsConvert("1 mm", "m", &value, message, sizeof message));
  MUST(NakUnitsClose());
  MUST(NakUnitsClose());
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakUnitsConvert("1 mm", "m", &value, message, sizeof message), PETSC_ERR_ORDER);
  MUST(PetscPopErrorHandler());
  MUST(NakUnitsOpen());
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(UnderstandsQuantities),
  cmocka_unit_test(RefusesWithARemedy),
  cmocka_unit_test(RefusesLongTexts),
  cmocka_unit_test(OpensAndClosesInPairs),
};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
