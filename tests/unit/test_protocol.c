/* The protocol as it runs: the order and the times of its leaves against lists unrolled by hand, every
   kind of condition, every kind of end, the reports, and skipped turns.  Currents are in A/m^2. */
#include "protocol_impl.h"
#include <nakfield/units.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A call that must succeed, from a function that returns nothing. */
static void Ok(PetscErrorCode code)
{
  assert_int_equal(code, 0);
}

static NakProtocol Make(const NakLimits *limits, const char *list)
{
  const NakLimits   wide = {.voltage_max = 100, .voltage_min = -100};
  char              text[4096];
  const char *const overrides[] = {text};
  NakDeck           deck;
  NakProtocol       protocol;
  PetscInt          mistakes;

  assert_true(snprintf(text, sizeof(text), "protocol=%s", list) < (int)sizeof(text));
  Ok(NakDeckCreate(PETSC_COMM_WORLD, NULL, overrides, 1, &deck));
  Ok(NakProtocolCreate(deck, limits != NULL ? limits : &wide, &protocol));
  Ok(NakDeckReport(deck, &mistakes));
  assert_int_equal(mistakes, 0);
  Ok(NakDeckDestroy(&deck));
  return protocol;
}

static void AssertNear(PetscReal a, PetscReal b)
{
  if (PetscAbsReal(a - b) > 1e-12 * PetscMax(1, PetscAbsReal(b))) {
    fail_msg("%.17g is not %.17g", (double)a, (double)b);
  }
}

static void AssertEnd(NakProtocol protocol, NakEnd end, const char *why)
{
  const char *said;

  assert_int_equal(NakProtocolEnd(protocol, &said), end);
  assert_string_equal(said, why);
  assert_true(NakProtocolDone(protocol));
}

static const NakStepReport *Report(NakProtocol protocol, PetscInt index)
{
  const NakStepReport *reports;
  PetscInt             count;

  Ok(NakProtocolReports(protocol, &count, &reports));
  assert_true(index < count);
  assert_int_equal(reports[index].index, index);
  return &reports[index];
}

static PetscReal Judge(NakProtocol protocol, const NakRecord *now)
{
  PetscReal overshoot;

  Ok(NakProtocolJudge(protocol, now, &overshoot));
  return overshoot;
}

/* Hold the leaf until its time is up; the charge is that of its current. */
static void PassLeaf(NakProtocol protocol, NakRecord *now)
{
  NakControl control;
  PetscReal  end;

  Ok(NakProtocolEnter(protocol, now));
  Ok(NakProtocolControl(protocol, &control, &end));
  if (control.hold == NAK_HOLD_CURRENT) now->capacity += control.value * (end - now->time);
  now->time = end;
  Ok(NakProtocolLeave(protocol, now, NAK_END_NONE, NULL));
}

/* ---- Walking ---- */

typedef struct {
  PetscInt  leaf, cycle;
  NakHold   hold;
  PetscReal value, duration;
} Stretch;

typedef struct {
  Stretch  list[4096];
  PetscInt count;
  char     text[4096];
  size_t   used;
} Unrolled;

static void Expect(Unrolled *u, PetscInt leaf, PetscInt cycle, PetscReal value, PetscReal duration)
{
  assert_in_range(u->count, 0, 4095);
  u->list[u->count++] = (Stretch){leaf, cycle, NAK_HOLD_CURRENT, value, duration};
}

static void AssertWalk(NakProtocol protocol, const Unrolled *u)
{
  NakRecord now   = {0};
  PetscReal total = 0;

  for (PetscInt k = 0; k < u->count; k++) total += u->list[k].duration;
  for (PetscInt k = 0; k < u->count; k++) {
    const Stretch *expected = &u->list[k];
    NakControl     control;
    PetscInt       leaf, cycle;
    PetscReal      end;

    assert_false(NakProtocolDone(protocol));
    AssertNear(NakProtocolTimeLeft(protocol, now.time), total - now.time);
    Ok(NakProtocolWhere(protocol, &leaf, &cycle));
    assert_int_equal(leaf, expected->leaf);
    assert_int_equal(cycle, expected->cycle);
    Ok(NakProtocolEnter(protocol, &now));
    Ok(NakProtocolControl(protocol, &control, &end));
    assert_int_equal(control.hold, expected->hold);
    AssertNear(control.value, expected->value);
    AssertNear(end - now.time, expected->duration);
    assert_true(Judge(protocol, &now) < 0);
    now.time += expected->duration / 2;
    AssertNear(NakProtocolTimeLeft(protocol, now.time), total - now.time);
    now.time = end;
    Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  }
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  assert_true(NakProtocolTimeLeft(protocol, now.time) == 0);
}

static void TestWalksEveryKind(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{strip: 1 A/m^2, for: 2 s},"
               " {repeat: 3, steps: [{plate: 0.5 A/m^2, for: 1 s},"
               "    {repeat: 2, steps: [rest: 0.25 s,"
               "       {pulses: {current: -2 A/m^2, on: 0.5 s, off: 125 ms, count: 2}}]},"
               "    {voltage: 0.5 V, until: [voltage > 3 V, time > 4 s]}]},"
               " {staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 0.5 A/m^2, hold: 3 s}},"
               " {rest: , for: 1 min}]");
  static Unrolled u;

  (void)state;
  u.count = 0;
  Expect(&u, 0, 0, 1, 2);
  for (PetscInt i = 0; i < 3; i++) {
    Expect(&u, 1, i, -0.5, 1);
    for (PetscInt j = 0; j < 2; j++) {
      Expect(&u, 2, j, 0, 0.25);
      for (PetscInt k = 0; k < 2; k++) {
        Expect(&u, 3, k, -2, 0.5);
        Expect(&u, 4, k, 0, 0.125);
      }
    }
    Expect(&u, 5, i, 0.5, 4);
    u.list[u.count - 1].hold = NAK_HOLD_VOLTAGE;
  }
  Expect(&u, 6, 0, 1, 3);
  Expect(&u, 6, 0, 1.5, 3);
  Expect(&u, 6, 0, 2, 3);
  Expect(&u, 7, 0, 0, 60);
  AssertWalk(protocol, &u);
  Ok(NakProtocolDestroy(&protocol));
  assert_null(protocol);
  Ok(NakProtocolDestroy(&protocol));
}

static void Write(Unrolled *u, PetscBool writes, const char *format, int number)
{
  if (!writes) return;
  u->used += (size_t)snprintf(u->text + u->used, sizeof(u->text) - u->used, format, number);
  assert_true(u->used < sizeof(u->text));
}

static unsigned Next(unsigned *seed)
{
  *seed = *seed * 1664525U + 1013904223U;
  return *seed >> 16;
}

/* A block of two or three random items, as text and unrolled; a turn is the same walk from the same
   seed once more.  Returns the seed behind it. */
static unsigned Random(Unrolled *u, unsigned seed, PetscInt depth, PetscInt cycle, PetscInt *leaf,
                       PetscBool writes)
{
  const unsigned items = 2 + Next(&seed) % 2;

  for (unsigned k = 0; k < items; k++) {
    const int number = 1 + (int)(Next(&seed) % 3);

    Write(u, writes, k > 0 ? ", " : "", 0);
    if (depth == 0 || Next(&seed) % 3 == 0) {
      Write(u, writes, "{strip: %d A/m^2, for: 0.5 s}", number);
      Expect(u, (*leaf)++, cycle, number, 0.5);
    } else {
      const unsigned first = seed;
      const PetscInt from  = *leaf;

      Write(u, writes, "{repeat: %d, steps: [", number);
      for (PetscInt turn = 0; turn < number; turn++) {
        *leaf = from;
        seed  = Random(u, first, depth - 1, turn, leaf, (PetscBool)(writes && turn == 0));
      }
      Write(u, writes, "]}", 0);
    }
  }
  return seed;
}

static void TestWalksRandomNests(void **state)
{
  static Unrolled u;

  (void)state;
  for (unsigned seed = 1; seed <= 40; seed++) {
    NakProtocol protocol;
    PetscInt    leaf = 0;

    u.count = 0;
    u.used  = 0;
    Write(&u, PETSC_TRUE, "[", 0);
    (void)Random(&u, seed, 4, 0, &leaf, PETSC_TRUE);
    Write(&u, PETSC_TRUE, "]", 0);
    protocol = Make(NULL, u.text);
    AssertWalk(protocol, &u);
    Ok(NakProtocolDestroy(&protocol));
  }
}

static void TestNestsEightDeep(void **state)
{
  char            text[1024] = "{pulses: {current: 1 A/m^2, on: 1 s, off: 1 s, count: 2}}";
  NakProtocol     protocol;
  static Unrolled u;

  (void)state;
  for (PetscInt k = 0; k < 8; k++) {
    char inner[1024];

    memcpy(inner, text, sizeof(inner));
    assert_true(snprintf(text, sizeof(text), "{repeat: 2, steps: [%s]}", inner) < 1024);
  }
  u.count = 0;
  for (PetscInt k = 0; k < 256; k++) {
    for (PetscInt turn = 0; turn < 2; turn++) {
      Expect(&u, 0, turn, 1, 1);
      Expect(&u, 1, turn, 0, 1);
    }
  }
  assert_true(snprintf(u.text, sizeof(u.text), "[%s]", text) < (int)sizeof(u.text));
  protocol = Make(NULL, u.text);
  AssertWalk(protocol, &u);
  Ok(NakProtocolDestroy(&protocol));
}

/* 0.1 is no binary fraction: 0.1, 0.2, ... must still arrive at 1, and come from k * 0.1. */
static void TestClimbsStaircases(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{staircase: {from: 0.1 A/m^2, to: 1 A/m^2, step: 0.1 A/m^2, hold: 1 s}},"
               " {staircase: {from: 1 A/m^2, to: -0.5 A/m^2, step: 0.5 A/m^2, hold: 1 s}},"
               " {staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 0.3 A/m^2, hold: 1 s}},"
               " {staircase: {from: 1 A/m^2, to: 1 A/m^2, step: 0.3 A/m^2, hold: 1 s}}]");
  static Unrolled u;
  NakRecord       now = {0};

  (void)state;
  u.count = 0;
  for (PetscInt k = 0; k < 10; k++) Expect(&u, 0, 0, 0.1 + k * 0.1, 1);
  for (PetscInt k = 0; k < 4; k++) Expect(&u, 1, 0, 1 - 0.5 * k, 1);
  for (PetscInt k = 0; k < 4; k++) Expect(&u, 2, 0, 1 + 0.3 * k, 1);
  Expect(&u, 3, 0, 1, 1);
  AssertWalk(protocol, &u);
  for (PetscInt k = 0; k < u.count; k++) {
    const NakStepReport *report = Report(protocol, k);

    assert_string_equal(report->kind, "staircase");
    assert_int_equal(report->item, u.list[k].leaf);
    assert_int_equal(report->executions, 1);
    AssertNear(report->control.value, u.list[k].value);
    AssertNear(report->start, (PetscReal)k);
    AssertNear(report->stop, (PetscReal)(k + 1));
  }
  Ok(NakProtocolDestroy(&protocol));

  protocol = Make(NULL, "[{repeat: 2, steps: [{staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 1 "
                        "A/m^2, hold: 1 s}}]}]");
  for (PetscInt k = 0; k < 4; k++) PassLeaf(protocol, &now);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  assert_int_equal(Report(protocol, 0)->executions, 2);
  AssertNear(Report(protocol, 1)->capacity, 4);
  Ok(NakProtocolDestroy(&protocol));
}

/* ---- Conditions ---- */

static const struct {
  const char *signal;
  size_t      offset; /* of what it watches */
} watched[] = {
  {"voltage",       offsetof(NakRecord, voltage)         },
  {"current",       offsetof(NakRecord, current)         },
  {"capacity",      offsetof(NakRecord, capacity)        },
  {"step_capacity", offsetof(NakRecord, capacity)        },
  {"u_face",        offsetof(NakRecord, u_face_min)      },
  {"contact",       offsetof(NakRecord, contact_fraction)},
  {"k_film",        offsetof(NakRecord, k_film_fraction) },
  {"deposit",       offsetof(NakRecord, deposit_max)     },
  {"filament",      offsetof(NakRecord, filament_max)    },
  {"reservoir_x",   offsetof(NakRecord, reservoir_x)     },
};

static void CheckSignal(const char *signal, const char *unit, size_t offset, char relation)
{
  const PetscReal sign = relation == '>' ? 1 : -1;
  char            text[160], reason[96];
  NakRecord       now     = {0};
  PetscReal      *watches = (PetscReal *)((char *)&now + offset);
  NakProtocol     protocol;

  (void)snprintf(reason, sizeof(reason), strcmp(unit, "1") == 0 ? "%s %c 2" : "%s %c 2 %s", signal,
                 relation, unit);
  (void)snprintf(text, sizeof(text), "[{rest: , until: ['%s', 'deposit > 1 km']}]", reason);
  protocol = Make(NULL, text);
  Ok(NakProtocolEnter(protocol, &now));
  *watches = 2 - 0.2 * sign;
  AssertNear(Judge(protocol, &now), -0.1);
  *watches = 2;
  AssertNear(Judge(protocol, &now), 0);
  *watches = 2 + 0.2 * sign;
  AssertNear(Judge(protocol, &now), 0.1);
  assert_true(NakProtocolTimeLeft(protocol, 0) == PETSC_INFINITY);
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, reason);
  assert_string_equal(Report(protocol, 0)->reason, reason);
  Ok(NakProtocolDestroy(&protocol));
}

static void TestWatchesEverySignal(void **state)
{
  PetscInt times = 0, k = 0;

  (void)state;
  for (; NakSignals[k].name != NULL; k++) {
    assert_non_null(NakSignals[k].unit);
    assert_true(strlen(NakSignals[k].doc) > 0);
    if (strstr(NakSignals[k].name, "time") != NULL) {
      times++;
      continue;
    }
    assert_string_equal(NakSignals[k].name, watched[k - times].signal);
    CheckSignal(NakSignals[k].name, NakSignals[k].unit, watched[k - times].offset, '>');
    CheckSignal(NakSignals[k].name, NakSignals[k].unit, watched[k - times].offset, '<');
  }
  assert_int_equal(k - times, sizeof(watched) / sizeof(watched[0]));
}

/* step_capacity and time count from where the item began at which they stand. */
static void TestCountsFromTheItem(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{rest: 5 s}, {repeat: 10, until: [step_capacity > 7 C/m^2, time > 100 s], steps: ["
               "{plate: 1 A/m^2, until: step_capacity > 3 C/m^2}, {strip: 1 A/m^2, for: 1 s}]}]");
  NakRecord  now = {.capacity = 20};
  NakControl control;
  PetscReal  end;

  (void)state;
  PassLeaf(protocol, &now);
  Ok(NakProtocolEnter(protocol, &now));
  Ok(NakProtocolControl(protocol, &control, &end));
  AssertNear(end, 105);
  now.time     = 8;
  now.capacity = 17;
  AssertNear(Judge(protocol, &now), 0);
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  PassLeaf(protocol, &now);
  AssertNear(now.capacity, 18);
  Ok(NakProtocolEnter(protocol, &now));
  Ok(NakProtocolControl(protocol, &control, &end));
  AssertNear(end, 105);
  now.capacity = 16;
  AssertNear(Judge(protocol, &now), (2.0 - 3.0) / 3);
  now.capacity = 13; /* 7 below 20 in all, but 5 below 18: both are past, the repeat counts */
  AssertNear(Judge(protocol, &now), (5.0 - 3.0) / 3);
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, "step_capacity > 7 C/m^2 (of the repeat)");
  assert_int_equal(Report(protocol, 1)->end, NAK_END_OUTER);
  AssertNear(Report(protocol, 1)->capacity, -3 - 5);
  Ok(NakProtocolDestroy(&protocol));
}

static void TestEndsByTime(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{repeat: 100, until: time > 6 s, steps: [rest: 0.1 s, rest: 0.2 s]},"
               " {rest: 10 s, until: [time > 3 s, total_time > 1 h]},"
               " {strip: 1 A/m^2, until: total_time > 12 s},"
               " {rest: , until: time > 1 min}]");
  NakRecord now    = {0};
  PetscInt  leaves = 0, cycle, leaf;

  (void)state;
  AssertNear(NakProtocolTimeLeft(protocol, 0), PETSC_INFINITY);
  do {
    PassLeaf(protocol, &now);
    leaves++;
    Ok(NakProtocolWhere(protocol, &leaf, &cycle));
  } while (leaf < 2);
  AssertNear(now.time, 6);
  assert_int_equal(leaves, 40); /* rounding adds no empty leaf */
  assert_string_equal(Report(protocol, 1)->reason, "time > 6 s (of the repeat)");
  PassLeaf(protocol, &now);
  AssertNear(now.time, 9);
  assert_string_equal(Report(protocol, 2)->reason, "duration");
  PassLeaf(protocol, &now);
  AssertNear(now.time, 12);
  assert_string_equal(Report(protocol, 3)->reason, "total_time > 12 s");
  assert_int_equal(Report(protocol, 3)->end, NAK_END_CONDITION);
  AssertNear(NakProtocolTimeLeft(protocol, 12), 60);
  PassLeaf(protocol, &now);
  AssertNear(now.time, 72);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  Ok(NakProtocolDestroy(&protocol));
}

/* A time that has passed already ends the leaf where it begins, not before. */
static void TestEndsByPastTime(void **state)
{
  NakProtocol protocol = Make(NULL, "[rest: 10 s, {strip: 1 A/m^2, until: total_time > 5 s}]");
  NakRecord   now      = {0};

  (void)state;
  PassLeaf(protocol, &now);
  PassLeaf(protocol, &now);
  AssertNear(now.time, 10);
  AssertEnd(protocol, NAK_END_CONDITION, "total_time > 5 s");
  Ok(NakProtocolDestroy(&protocol));
}

/* An event located a hair before its bound is still that event. */
static void TestTakesTheNearestCondition(void **state)
{
  NakProtocol protocol = Make(NULL, "[{strip: 1 A/m^2, for: 1 h, until: [voltage > 3 V, u_face < "
                                    "0.1]}]");
  NakRecord   now      = {.voltage = 2.9999999, .u_face_min = 0.5};

  (void)state;
  Ok(NakProtocolEnter(protocol, &now));
  now.time = 100;
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, "voltage > 3 V");
  Ok(NakProtocolDestroy(&protocol));
}

static void TestEndsTheStaircaseAsOne(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{staircase: {from: 1 A/m^2, to: 9 A/m^2, step: 1 A/m^2, hold: 1 s, until: voltage > 3 "
          "V}}, {pulses: {current: 1 A/m^2, on: 1 s, off: 1 s, count: 5}, until: voltage > 3 V}]");
  NakRecord now = {.u_face_min = 1};
  PetscInt  leaf, cycle;

  (void)state;
  PassLeaf(protocol, &now);
  Ok(NakProtocolEnter(protocol, &now));
  now.voltage = 3;
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_int_equal(Report(protocol, 1)->end, NAK_END_CONDITION);
  assert_string_equal(Report(protocol, 1)->reason, "voltage > 3 V");
  Ok(NakProtocolWhere(protocol, &leaf, &cycle));
  assert_int_equal(leaf, 1);
  now.voltage = 0;
  PassLeaf(protocol, &now);
  Ok(NakProtocolEnter(protocol, &now));
  now.voltage = 4;
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_int_equal(Report(protocol, 3)->end, NAK_END_OUTER);
  AssertEnd(protocol, NAK_END_CONDITION, "voltage > 3 V (of the pulses)");
  Ok(NakProtocolDestroy(&protocol));
}

/* ---- Ends ---- */

static void TestOuterConditionGoesOnBehind(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{repeat: 2, steps: [{repeat: 5, until: 'voltage > 3 V', steps: [rest: 1 s, rest: 1 s]},"
          " {strip: 1 A/m^2, for: 1 s}]}]");
  NakRecord now = {0};
  PetscInt  leaf, cycle;

  (void)state;
  Ok(NakProtocolEnter(protocol, &now));
  now.voltage = 3.5;
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_string_equal(Report(protocol, 0)->reason, "voltage > 3 V (of the repeat)");
  now.voltage = 0;
  Ok(NakProtocolWhere(protocol, &leaf, &cycle));
  assert_int_equal(leaf, 2);
  assert_int_equal(cycle, 0);
  PassLeaf(protocol, &now);
  Ok(NakProtocolWhere(protocol, &leaf, &cycle));
  assert_int_equal(leaf, 0);
  for (PetscInt k = 0; k < 11; k++) PassLeaf(protocol, &now);
  assert_int_equal(Report(protocol, 0)->executions, 6);
  assert_int_equal(Report(protocol, 0)->end, NAK_END_DURATION);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  Ok(NakProtocolDestroy(&protocol));
}

static void CheckLimit(NakRecord now, NakEnd end, const char *why)
{
  const NakLimits limits   = {.voltage_max = 5, .voltage_min = -5, .filament = 1e-3};
  NakProtocol     protocol = Make(
        &limits, "[{repeat: 3, until: 'voltage > 5 V', steps: [{rest: 1 s, until: voltage < -9 V}]}]");
  const NakRecord quiet = {0};

  Ok(NakProtocolEnter(protocol, &quiet));
  assert_true(Judge(protocol, &quiet) < 0);
  assert_true(Judge(protocol, &now) >= 0);
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, end, why);
  assert_int_equal(Report(protocol, 0)->end, end);
  Ok(NakProtocolDestroy(&protocol));
}

static void TestHeedsLimits(void **state)
{
  (void)state;
  CheckLimit((NakRecord){.voltage = 6}, NAK_END_LIMIT, "voltage > 5 V (limits.voltage_max)");
  CheckLimit((NakRecord){.voltage = -6}, NAK_END_LIMIT, "voltage < -5 V (limits.voltage_min)");
  CheckLimit((NakRecord){.filament_max = 1e-3}, NAK_END_SHORT,
             "a filament crossed the electrolyte");
}

static void TestEndsWhenForced(void **state)
{
  NakProtocol protocol = Make(NULL, "[rest: 1 s, rest: 1 s]");
  NakRecord   now      = {0};

  (void)state;
  PassLeaf(protocol, &now);
  Ok(NakProtocolEnter(protocol, &now));
  now.time = 1.5;
  Ok(NakProtocolLeave(protocol, &now, NAK_END_FAILED, "the step became too small"));
  AssertEnd(protocol, NAK_END_FAILED, "the step became too small");
  assert_int_equal(Report(protocol, 1)->end, NAK_END_FAILED);
  AssertNear(Report(protocol, 1)->stop, 1.5);
  Ok(NakProtocolDestroy(&protocol));

  protocol = Make(NULL, "[rest: 1 s, rest: 1 s]");
  PassLeaf(protocol, &now);
  Ok(NakProtocolLeave(protocol, &now, NAK_END_STOPPED, "wall time"));
  AssertEnd(protocol, NAK_END_STOPPED, "wall time");
  Ok(NakProtocolDestroy(&protocol));
}

/* Both leaves are over when they begin; five hundred turns of that must not be walked. */
static void TestEndsTurnsWithoutTime(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{repeat: 2, steps: [{repeat: 500, steps: [{rest: 1 s, until: contact < 0.5}, {strip: 1 "
          "A/m^2, until: contact < 0.4}]}, rest: 2 s]},"
          " {repeat: 500, steps: [{rest: 1 s, until: contact < 0.5}]}]");
  NakRecord now    = {.contact_fraction = 0.1};
  PetscInt  leaves = 0;

  (void)state;
  for (; !NakProtocolDone(protocol) && leaves < 100; leaves++) {
    NakControl control;
    PetscReal  end;

    Ok(NakProtocolEnter(protocol, &now));
    Ok(NakProtocolControl(protocol, &control, &end));
    if (Judge(protocol, &now) < 0) now.time = end;
    Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  }
  assert_int_equal(leaves, 2 * 3 + 1);
  AssertNear(now.time, 4);
  AssertEnd(protocol, NAK_END_CONDITION, "a turn of the repeat took no time");
  assert_string_equal(Report(protocol, 0)->reason, "contact < 0.5");
  Ok(NakProtocolDestroy(&protocol));
}

static void TestRefusesDisorder(void **state)
{
  NakProtocol protocol = Make(NULL, "[rest: 1 s]");
  NakRecord   now      = {0};
  PetscReal   overshoot;

  (void)state;
  Ok(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakProtocolJudge(protocol, &now, &overshoot), PETSC_ERR_ARG_WRONGSTATE);
  assert_int_equal(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL), PETSC_ERR_ARG_WRONGSTATE);
  Ok(NakProtocolEnter(protocol, &now));
  assert_int_equal(NakProtocolEnter(protocol, &now), PETSC_ERR_ARG_WRONGSTATE);
  now.time = 1;
  Ok(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_int_equal(NakProtocolEnter(protocol, &now), PETSC_ERR_ARG_WRONGSTATE);
  assert_int_equal(NakProtocolSkip(protocol, 1, 0), PETSC_ERR_ARG_OUTOFRANGE);
  Ok(PetscPopErrorHandler());
  Ok(NakProtocolDestroy(&protocol));
}

/* ---- Reports and jumps ---- */

static void TestReports(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{repeat: 3, steps: [{strip: 2 A/m^2, for: 1 s}, {current: -1 A/m^2, for: 2 s}]},"
               " {voltage: 0.5 V, for: 1 s}, {rest: 1 s}]");
  static const char *const kinds[]      = {"strip", "plate", "voltage", "rest"};
  const PetscReal          capacities[] = {6, -6, 0, 0};
  NakRecord                now          = {.time = 10, .voltage = 0.25};
  const NakStepReport     *reports;
  PetscInt                 count;

  (void)state;
  while (!NakProtocolDone(protocol)) PassLeaf(protocol, &now);
  Ok(NakProtocolReports(protocol, &count, &reports));
  assert_int_equal(count, 4);
  for (PetscInt k = 0; k < 4; k++) {
    assert_int_equal(reports[k].index, k);
    assert_int_equal(reports[k].item, k);
    assert_string_equal(reports[k].kind, kinds[k]);
    assert_int_equal(reports[k].executions, k < 2 ? 3 : 1);
    assert_int_equal(reports[k].end, NAK_END_DURATION);
    assert_string_equal(reports[k].reason, "duration");
    AssertNear(reports[k].capacity, capacities[k]);
    AssertNear(reports[k].voltage, 0.25);
  }
  AssertNear(reports[1].start, 11);
  AssertNear(reports[1].stop, 19);
  Ok(NakProtocolDestroy(&protocol));
}

/* 30,000 levels, of which the last share a report. */
static void TestBoundsReports(void **state)
{
  NakProtocol protocol = Make(NULL, "[{staircase: {from: 0 A/m^2, to: 29999 A/m^2, step: 1 A/m^2, "
                                    "hold: 1 s}}, rest: 1 s]");
  const NakStepReport *reports;
  NakRecord            now        = {0};
  PetscInt             executions = 0, count;
  PetscReal            charge     = 0;

  (void)state;
  while (!NakProtocolDone(protocol)) PassLeaf(protocol, &now);
  Ok(NakProtocolReports(protocol, &count, &reports));
  assert_int_equal(count, NAK_STEP_REPORTS);
  for (PetscInt k = 0; k < count; k++) {
    executions += reports[k].executions;
    charge += reports[k].capacity;
  }
  assert_int_equal(executions, 30001);
  AssertNear(charge, now.capacity);
  assert_string_equal(reports[count - 1].kind, "others");
  assert_string_equal(reports[count - 2].kind, "staircase");
  Ok(NakProtocolDestroy(&protocol));
}

static void AssertTurns(NakProtocol protocol, PetscInt turns, PetscInt left)
{
  PetscInt now_turns, now_left;

  Ok(NakProtocolTurns(protocol, &now_turns, &now_left));
  assert_int_equal(now_turns, turns);
  assert_int_equal(now_left, left);
}

static void TestSkipsTurns(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{repeat: 2, steps: [{repeat: 1000000, steps: [{strip: 4 A/m^2, for: 1 s},"
               " {plate: 1 A/m^2, for: 1 s}, rest: 1 s]}, rest: 1 s]}]");
  NakRecord now = {0};

  (void)state;
  AssertTurns(protocol, 0, 0);
  PassLeaf(protocol, &now);
  AssertTurns(protocol, 0, 0);
  PassLeaf(protocol, &now);
  PassLeaf(protocol, &now);
  AssertTurns(protocol, 1, 999998);
  AssertNear(NakProtocolTimeLeft(protocol, 3), 6000002 - 3);
  Ok(NakProtocolSkip(protocol, 10, 30 + 5)); /* 4 and -1 in each turn, and 5 more in all */
  now.time += 30;
  now.capacity += 35;
  AssertTurns(protocol, 11, 999988);
  AssertNear(Report(protocol, 0)->capacity, 4 + 40 + 4);
  AssertNear(Report(protocol, 1)->capacity, -1 - 10 + 1);
  AssertNear(Report(protocol, 2)->capacity, 0);
  assert_int_equal(Report(protocol, 2)->executions, 11);
  AssertNear(NakProtocolTimeLeft(protocol, now.time), 6000002 - now.time);
  Ok(NakProtocolSkip(protocol, 999988, 3 * 999988.0));
  AssertTurns(protocol, 999999, 0);
  now.time += 3 * 999988.0;
  for (PetscInt k = 0; k < 4; k++) PassLeaf(protocol, &now);
  AssertNear(now.time, 3000001);
  assert_int_equal(Report(protocol, 0)->executions, 1000000);
  AssertTurns(protocol, 0, 0); /* of the second pass; the outer repeat holds another */
  Ok(NakProtocolDestroy(&protocol));
}

static void TestCountsTurnsWithoutEnd(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{repeat: 9, steps: [{repeat: 2000000000, steps: [rest: 1 s]}]}]");
  NakRecord now = {0};

  (void)state;
  for (PetscInt k = 0; k < 2; k++) {
    PassLeaf(protocol, &now);
    Ok(NakProtocolSkip(protocol, 1999999998, 0));
    now.time += 1999999998;
    PassLeaf(protocol, &now);
  }
  PassLeaf(protocol, &now);
  AssertNear(now.time, 4000000001);
  assert_true((PetscInt64)Report(protocol, 0)->executions ==
              PetscMin((PetscInt64)4000000001, (PetscInt64)PETSC_INT_MAX));
  Ok(NakProtocolDestroy(&protocol));
}

static void TestSkipsPulsesOnly(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{pulses: {current: 1 A/m^2, on: 1 s, off: 5 s, count: 9}}, {repeat: 9, steps: "
               "[{staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 1 A/m^2, hold: 1 s}}]}]");
  NakRecord now = {0};

  (void)state;
  PassLeaf(protocol, &now);
  PassLeaf(protocol, &now);
  AssertTurns(protocol, 1, 7);
  Ok(NakProtocolSkip(protocol, 7, 7));
  PassLeaf(protocol, &now);
  AssertTurns(protocol, 0, 0);
  PassLeaf(protocol, &now);
  while (!NakProtocolDone(protocol)) {
    AssertTurns(protocol, 0, 0);
    PassLeaf(protocol, &now);
  }
  Ok(NakProtocolDestroy(&protocol));
}

/* Turns of 6 s from 10 s on; the repeat's time is over in its 17th, the run's in the 9th. */
static void TestSkipsNoFurtherThanTime(void **state)
{
  static const char *const ends[]  = {"time > 100 s", "[time > 100 s, total_time > 60 s]"};
  const PetscInt           turns[] = {16, 8};

  (void)state;
  for (PetscInt k = 0; k < 2; k++) {
    NakRecord   now = {0};
    char        text[256];
    NakProtocol protocol;

    (void)snprintf(text, sizeof(text),
                   "[rest: 10 s, {repeat: 1000, until: %s, steps: [{strip: 1 A/m^2, for: 1 s}, "
                   "rest: 5 s]}, rest: 7 s]",
                   ends[k]);
    protocol = Make(NULL, text);
    for (PetscInt n = 0; n < 3; n++) PassLeaf(protocol, &now);
    AssertTurns(protocol, 1, turns[k] - 2);
    Ok(NakProtocolSkip(protocol, turns[k] - 2, (PetscReal)turns[k] - 2));
    now.time += 6 * ((PetscReal)turns[k] - 2);
    for (PetscInt n = 0; n < 2; n++) PassLeaf(protocol, &now);
    AssertTurns(protocol, turns[k], 0);
    while (!NakProtocolDone(protocol)) PassLeaf(protocol, &now);
    AssertNear(now.time, (k == 0 ? 110 : 60) + 7);
    Ok(NakProtocolDestroy(&protocol));
  }
}

/* Spectra are wanted where they are asked for, and nowhere else; as an item they take no time. */
static void TestAsksForSpectra(void **state)
{
  const PetscReal every[]  = {0, 4, 4, PETSC_INFINITY, 3, 0};
  NakProtocol     protocol = Make(
        NULL, "[{impedance: }, {staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 1 A/m^2, hold: 9 s}, "
                  "impedance: {every: 4 s}}, rest: 5 s, {voltage: 1 V, for: 5 s, impedance: {every: 3 s}}, "
                  "impedance: ~]");
  NakRecord now = {0};

  (void)state;
  assert_true(NakProtocolHasSpectra(protocol));
  for (size_t k = 0; k < sizeof(every) / sizeof(every[0]); k++) {
    assert_true(NakProtocolSpectra(protocol) == every[k]);
    PassLeaf(protocol, &now);
  }
  AssertNear(now.time, 28);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  assert_string_equal(Report(protocol, 0)->kind, "impedance");
  Ok(NakProtocolDestroy(&protocol));
  protocol = Make(NULL, "[rest: 1 s]");
  assert_false(NakProtocolHasSpectra(protocol));
  Ok(NakProtocolDestroy(&protocol));
}

/* How many there can be, as far as durations tell. */
static void TestCountsSpectra(void **state)
{
  static const struct {
    const char *text;
    PetscReal   most;
  } cases[] = {
    {"[rest: 1 s]",                                                                            0             },
    {"[impedance: , {rest: 9 s, impedance: {every: 2 s}}]",                                    5.5           },
    {"[{repeat: 1000, steps: [rest: 2 s, impedance: ]}, impedance: ]",                         1001          },
    {"[{repeat: 1000, until: time > 8 s, steps: [rest: 2 s, impedance: ]}]",                   5             },
    {"[{repeat: 1000, steps: [impedance: ]}]",                                                 1             },
    {"[{rest: , until: voltage > 1 V, impedance: {every: 2 s}}]",                              PETSC_INFINITY},
    {"[{repeat: 9, steps: [{strip: 1 A/m^2, until: voltage > 1 V}, rest: 1 s, impedance: ]}]", 9             },
  };

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    NakProtocol protocol = Make(NULL, cases[k].text);

    if (cases[k].most < PETSC_INFINITY)
      AssertNear(NakProtocolSpectraInAll(protocol), cases[k].most);
    else
      assert_true(NakProtocolSpectraInAll(protocol) == PETSC_INFINITY);
    Ok(NakProtocolDestroy(&protocol));
  }
}

/* What ends the first hold; those that nothing ends are mistakes. */
static void TestSeesEnds(void **state)
{
  static const struct {
    const char *text;
    PetscInt    hold;
    NakProspect prospect;
  } cases[] = {
    {"[rest: 1 s]",                                                                        0, NAK_SURELY },
    {"[{rest: , until: voltage < 0.1 V}]",                                                 0, NAK_PERHAPS},
    {"[{rest: , until: [voltage < 0.1 V, total_time > 1 h]}]",                             0, NAK_SURELY },
    {"[{repeat: 2, until: time > 1 h, steps: [{rest: , until: capacity > 1 C/m^2}]}]",     1,
     NAK_SURELY                                                                                          },
    {"[{repeat: 2, until: deposit > 1 um, steps: [{rest: , until: capacity > 1 C/m^2}]}]", 1,
     NAK_PERHAPS                                                                                         },
    {"[{strip: 1 A/m^2, until: capacity > 1 C/m^2}]",                                      0, NAK_SURELY },
    {"[{plate: 1 A/m^2, until: step_capacity > 1 C/m^2}]",                                 0, NAK_SURELY },
    {"[{plate: 1 A/m^2, until: voltage < -1 V}]",                                          0, NAK_PERHAPS},
    {"[{voltage: 1 V, until: current < 1 A/m^2}]",                                         0, NAK_PERHAPS},
    {"[{voltage: 1 V, until: capacity > 1 C/m^2}]",                                        0, NAK_PERHAPS},
    {"[{voltage: 1 V, until: step_capacity > 1 C/m^2}]",                                   0, NAK_PERHAPS},
  };

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    NakProtocol protocol = Make(NULL, cases[k].text);

    assert_int_equal(NakHoldProspect(&protocol->program, cases[k].hold), cases[k].prospect);
    Ok(NakProtocolDestroy(&protocol));
  }
}

static void TestRestores(void **state)
{
  NakProtocol protocol = Make(NULL, "[{repeat: 9, steps: [{strip: 1 A/m^2, for: 1 s}, rest: 1 s]},"
                                    " {voltage: 1 V, for: 1 s}]");
  NakRecord   now      = {0}, before;
  PetscInt    count;
  const NakStepReport *reports;

  (void)state;
  for (PetscInt k = 0; k < 3; k++) PassLeaf(protocol, &now);
  before = now;
  Ok(NakProtocolSave(protocol));
  for (PetscInt trial = 0; trial < 2; trial++) {
    while (!NakProtocolDone(protocol)) PassLeaf(protocol, &now);
    AssertNear(now.time, 19);
    Ok(NakProtocolReports(protocol, &count, &reports));
    assert_int_equal(count, 3);
    AssertNear(reports[0].capacity, 9);
    Ok(NakProtocolRestore(protocol));
    now = before;
    Ok(NakProtocolReports(protocol, &count, &reports));
    assert_int_equal(count, 2);
    AssertNear(reports[0].capacity, 2);
    assert_int_equal(reports[0].executions, 2);
    assert_int_equal(reports[1].executions, 1);
  }
  Ok(NakProtocolDestroy(&protocol));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(TestWalksEveryKind),
    cmocka_unit_test(TestWalksRandomNests),
    cmocka_unit_test(TestNestsEightDeep),
    cmocka_unit_test(TestClimbsStaircases),
    cmocka_unit_test(TestWatchesEverySignal),
    cmocka_unit_test(TestCountsFromTheItem),
    cmocka_unit_test(TestEndsByTime),
    cmocka_unit_test(TestEndsByPastTime),
    cmocka_unit_test(TestTakesTheNearestCondition),
    cmocka_unit_test(TestEndsTheStaircaseAsOne),
    cmocka_unit_test(TestOuterConditionGoesOnBehind),
    cmocka_unit_test(TestHeedsLimits),
    cmocka_unit_test(TestEndsWhenForced),
    cmocka_unit_test(TestEndsTurnsWithoutTime),
    cmocka_unit_test(TestRefusesDisorder),
    cmocka_unit_test(TestReports),
    cmocka_unit_test(TestBoundsReports),
    cmocka_unit_test(TestSkipsTurns),
    cmocka_unit_test(TestCountsTurnsWithoutEnd),
    cmocka_unit_test(TestSkipsPulsesOnly),
    cmocka_unit_test(TestSkipsNoFurtherThanTime),
    cmocka_unit_test(TestAsksForSpectra),
    cmocka_unit_test(TestCountsSpectra),
    cmocka_unit_test(TestSeesEnds),
    cmocka_unit_test(TestRestores),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) != 0) return 1;
  if (NakUnitsOpen() != 0) return 1; /* so that not every deck reads the database anew */
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (NakUnitsClose() != 0) return 1;
  return PetscFinalize() != 0 ? 1 : failed;
}
