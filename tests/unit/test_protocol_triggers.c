/* Triggers: which of a series of records are shown. */
#include <nakfield/protocol.h>

#include <string.h>

#include "nak_test.h"
#include "units_fixture.h"

static const NakLimits wide = {.voltage_max = 100, .voltage_min = -100, .temperature = 298.15};

typedef struct {
  NakDeck     deck;
  NakProtocol protocol;
  NakTriggers triggers;
} Watched;

static Watched OpenBoth(const char *list, const char *burst)
{
  const char *const given[] = {"protocol=[{strip: 1 mA/cm^2, for: 100 s}]", list, burst};
  NakRecord         now     = {0};
  Watched           w;

  MUST(NakDeckCreate(PETSC_COMM_WORLD, NULL, given, burst != NULL ? 3 : 2, &w.deck));
  MUST(NakProtocolCreate(w.deck, &wide, &w.protocol));
  MUST(NakProtocolEnter(w.protocol, &now));
  MUST(NakTriggersCreate(w.deck, "insitu.when", &wide, &w.triggers));
  return w;
}

static Watched Open(const char *list)
{
  return OpenBoth(list, NULL);
}

static PetscInt Close(Watched *w)
{
  PetscInt errors;

  MUST(NakTriggersDestroy(&w->triggers));
  MUST(NakProtocolDestroy(&w->protocol));
  MUST(NakDeckReport(w->deck, &errors));
  MUST(NakDeckDestroy(&w->deck));
  return errors;
}

/* Look at records of a voltage at 0, 1, 2, ... s: which are shown, as '1', or '!' with a hit. */
static const char *Shown(Watched *w, const PetscReal voltage[], int n, NakTrigger *last)
{
  static char shown[64];

  for (int k = 0; k < n; k++) {
    const NakRecord now = {.time = k, .voltage = voltage[k]};
    NakTrigger      hit;
    const PetscBool due = NakTriggersLook(w->triggers, w->protocol, &now, &hit);

    if (hit.which >= 0) *last = hit;
    shown[k] = due ? hit.which >= 0 ? '!' : '1' : '0';
  }
  shown[n] = '\0';
  return shown;
}

static void AMomentAndWhatFollows(void **unused)
{
  const PetscReal voltage[] = {0, 0.5, 2.5, 2.5, 1.95, 2.5, 1, 3, 3, 3};
  Watched         w         = Open("insitu.when=[voltage > 2 V]");
  NakTrigger      hit       = {-1, -1};

  (void)unused;
  /* 1.95 V is not undone, 1 V is */
  assert_string_equal(Shown(&w, voltage, 10, &hit), "00!0000!00");
  AssertRelative("interpolated", hit.time, 6.5, 1e-12);
  assert_string_equal(NakTriggerText(w.triggers, hit.which), "voltage > 2 V");
  assert_int_equal(Close(&w), 0);
  w = OpenBoth("insitu.when=voltage > 2 V", "insitu.burst=3 steps");
  assert_string_equal(Shown(&w, voltage, 10, &hit), "00!111"
                                                    "0!11");
  assert_int_equal(Close(&w), 0);
}

/* Both within one step: that which came first. */
static void TheFirstOfSeveral(void **unused)
{
  const PetscReal voltage[] = {0, 4};
  Watched         w         = Open("insitu.when=[voltage > 3 V, short, voltage > 1 V]");
  NakTrigger      hit       = {-1, -1};

  (void)unused;
  assert_string_equal(Shown(&w, voltage, 2, &hit), "0!");
  assert_int_equal(hit.which, 2);
  AssertRelative("interpolated", hit.time, 0.25, 1e-12);
  assert_int_equal(Close(&w), 0);
}

/* A switch has two records at one time: what comes true with the second is shown with the next
   step. */
static void ASwitchWaits(void **unused)
{
  const PetscReal times[] = {0, 1, 1, 2, 3}, voltage[] = {0, 0, 3, 3, 3};
  const char      expected[] = "000!0";
  Watched         w          = Open("insitu.when=[voltage > 2 V, total_time > 2.5 s]");
  NakTrigger      hit;

  (void)unused;
  for (int k = 0; k < 4; k++) {
    const NakRecord now = {.time = times[k], .voltage = voltage[k]};
    const PetscBool due = NakTriggersLook(w.triggers, w.protocol, &now, &hit);

    assert_int_equal(due, expected[k] == '!');
  }
  assert_true(hit.which == 0 && hit.time == 1);
  assert_true(NakTriggersLook(w.triggers, w.protocol,
                              &(NakRecord){.time = times[4], .voltage = voltage[4]}, &hit));
  assert_true(hit.which == 1 && PetscAbsReal(hit.time - 2.5) < 1e-12);
  assert_int_equal(Close(&w), 0);
}

static void Errors(void **unused)
{
  const char *const wrong[]  = {"insitu.when=[voltag > 2 V]", "insitu.when=[shorts]",
                                "insitu.when=[]", "insitu.when={a: b}", "insitu.when=voltage > 2 s"};
  const char *const bursts[] = {"insitu.burst=0 steps", "insitu.burst=1001 steps",
                                "insitu.burst=3 s", "insitu.burst=[3 steps]"};
  Watched           w;

  (void)unused;
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    w = Open(wrong[k]);
    assert_null(w.triggers);
    assert_int_equal(Close(&w), 1);
  }
  for (size_t k = 0; k < sizeof bursts / sizeof *bursts; k++) {
    w = OpenBoth("insitu.when=voltage > 2 V", bursts[k]);
    assert_int_equal(Close(&w), 1);
  }
  w = Open("insitu.burst=3 steps"); /* after what? */
  assert_null(w.triggers);
  assert_int_equal(Close(&w), 1);
  w = Open("insitu.whenever=1");
  assert_null(w.triggers);
  assert_int_equal(Close(&w), 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(AMomentAndWhatFollows),
  cmocka_unit_test(TheFirstOfSeveral),
  cmocka_unit_test(ASwitchWaits),
  cmocka_unit_test(Errors),
};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
