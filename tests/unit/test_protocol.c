/* The protocol as it runs: the order and the times of its steps against lists unrolled by hand,
   every kind of condition, every kind of end, the reports, and skipped turns.  Currents are in
   A/m^2. */
#include "protocol_impl.h"

#include <string.h>

#include "nak_test.h"
#include "units_fixture.h"

/* Equal but for rounding: times and charges are sums of a few terms.  `b` is evaluated more than
   once. */
#define AssertRounded(a, b) AssertNear(#a, a, b, 1e-12 * PetscMax(1, PetscAbsReal((PetscReal)(b))))

static NakProtocol Make(const NakLimits *limits, const char *list)
{
  const NakLimits   wide = {.voltage_max = 100, .voltage_min = -100};
  char              text[4096];
  const char *const overrides[] = {text};
  NakDeck           deck;
  NakProtocol       protocol;
  PetscInt          errors;

  assert_true(snprintf(text, sizeof(text), "protocol=%s", list) < (int)sizeof(text));
  MUST(NakDeckCreate(PETSC_COMM_WORLD, NULL, overrides, 1, &deck));
  MUST(NakProtocolCreate(deck, limits != NULL ? limits : &wide, &protocol));
  MUST(NakDeckReport(deck, &errors));
  assert_int_equal(errors, 0);
  MUST(NakDeckDestroy(&deck));
  return protocol;
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

  MUST(NakProtocolReports(protocol, &count, &reports));
  assert_true(index < count);
  assert_int_equal(reports[index].index, index);
  return &reports[index];
}

static PetscReal Judge(NakProtocol protocol, const NakRecord *now)
{
  PetscReal overshoot;

  MUST(NakProtocolJudge(protocol, now, &overshoot));
  return overshoot;
}

/* Hold the step until its time is up; the charge is that of its current. */
static void PassStep(NakProtocol protocol, NakRecord *now)
{
  NakControl control;
  PetscReal  end;

  MUST(NakProtocolEnter(protocol, now));
  MUST(NakProtocolControl(protocol, &control, &end));
  if (control.hold == NAK_HOLD_CURRENT) now->capacity += control.value * (end - now->time);
  now->time = end;
  MUST(NakProtocolLeave(protocol, now, NAK_END_NONE, NULL));
}

/* ---- Walking ---- */

typedef struct {
  PetscInt  step, cycle;
  NakHold   hold;
  PetscReal value, duration;
} Stretch;

typedef struct {
  Stretch  list[4096];
  PetscInt count;
  char     text[4096];
  size_t   used;
} Unrolled;

static void Expect(Unrolled *u, PetscInt step, PetscInt cycle, PetscReal value, PetscReal duration)
{
  assert_in_range(u->count, 0, 4095);
  u->list[u->count++] = (Stretch){step, cycle, NAK_HOLD_CURRENT, value, duration};
}

static void AssertWalk(NakProtocol protocol, const Unrolled *u)
{
  NakRecord now   = {0};
  PetscReal total = 0;

  for (PetscInt k = 0; k < u->count; k++) total += u->list[k].duration;
  for (PetscInt k = 0; k < u->count; k++) {
    const Stretch *expected = &u->list[k];
    NakControl     control;
    PetscInt       step, cycle;
    PetscReal      end;

    assert_false(NakProtocolDone(protocol));
    AssertRounded(NakProtocolTimeLeft(protocol, now.time), total - now.time);
    MUST(NakProtocolWhere(protocol, &step, &cycle));
    assert_int_equal(step, expected->step);
    assert_int_equal(cycle, expected->cycle);
    MUST(NakProtocolEnter(protocol, &now));
    MUST(NakProtocolControl(protocol, &control, &end));
    assert_int_equal(control.hold, expected->hold);
    AssertRounded(control.value, expected->value);
    AssertRounded(end - now.time, expected->duration);
    assert_true(Judge(protocol, &now) < 0);
    now.time += expected->duration / 2;
    AssertRounded(NakProtocolTimeLeft(protocol, now.time), total - now.time);
    now.time = end;
    MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
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
  MUST(NakProtocolDestroy(&protocol));
  assert_null(protocol);
  MUST(NakProtocolDestroy(&protocol));
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
   seed once more.  Returns the seed after it. */
static unsigned Random(Unrolled *u, unsigned seed, PetscInt depth, PetscInt cycle, PetscInt *step,
                       PetscBool writes)
{
  const unsigned items = 2 + Next(&seed) % 2;

  for (unsigned k = 0; k < items; k++) {
    const int number = 1 + (int)(Next(&seed) % 3);

    Write(u, writes, k > 0 ? ", " : "", 0);
    if (depth == 0 || Next(&seed) % 3 == 0) {
      Write(u, writes, "{strip: %d A/m^2, for: 0.5 s}", number);
      Expect(u, (*step)++, cycle, number, 0.5);
    } else {
      const unsigned first = seed;
      const PetscInt from  = *step;

      Write(u, writes, "{repeat: %d, steps: [", number);
      for (PetscInt turn = 0; turn < number; turn++) {
        *step = from;
        seed  = Random(u, first, depth - 1, turn, step, (PetscBool)(writes && turn == 0));
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
    PetscInt    step = 0;

    u.count = 0;
    u.used  = 0;
    Write(&u, PETSC_TRUE, "[", 0);
    (void)Random(&u, seed, 4, 0, &step, PETSC_TRUE);
    Write(&u, PETSC_TRUE, "]", 0);
    protocol = Make(NULL, u.text);
    AssertWalk(protocol, &u);
    MUST(NakProtocolDestroy(&protocol));
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
  MUST(NakProtocolDestroy(&protocol));
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
    assert_int_equal(report->item, u.list[k].step);
    assert_int_equal(report->executions, 1);
    AssertRounded(report->control.value, u.list[k].value);
    AssertRounded(report->start, (PetscReal)k);
    AssertRounded(report->stop, (PetscReal)(k + 1));
  }
  MUST(NakProtocolDestroy(&protocol));

  protocol = Make(NULL, "[{repeat: 2, steps: [{staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 1 "
                        "A/m^2, hold: 1 s}}]}]");
  for (PetscInt k = 0; k < 4; k++) PassStep(protocol, &now);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  assert_int_equal(Report(protocol, 0)->executions, 2);
  AssertRounded(Report(protocol, 1)->capacity, 4);
  MUST(NakProtocolDestroy(&protocol));
}

/* ---- Conditions ---- */

static const struct {
  const char *signal;
  size_t      offset; /* of what it watches */
} watched[] = {
  {"voltage",        offsetof(NakRecord, voltage)         },
  {"current",        offsetof(NakRecord, current)         },
  {"capacity",       offsetof(NakRecord, capacity)        },
  {"step_capacity",  offsetof(NakRecord, capacity)        },
  {"u_face",         offsetof(NakRecord, u_face_min)      },
  {"contact",        offsetof(NakRecord, contact_fraction)},
  {"k_film",         offsetof(NakRecord, k_film_fraction) },
  {"deposit",        offsetof(NakRecord, deposit_max)     },
  {"filament",       offsetof(NakRecord, filament_max)    },
  {"reservoir_x",    offsetof(NakRecord, reservoir_x)     },
  {"temperature",    offsetof(NakRecord, temperature)     },
  {"face_x",         offsetof(NakRecord, face_x)          },
  {"wetted",         offsetof(NakRecord, wetted_fraction) },
  {"solid_a",        offsetof(NakRecord, solid_a)         },
  {"solid_b",        offsetof(NakRecord, solid_b)         },
  {"least_x",        offsetof(NakRecord, reservoir_x)     },
  {"salt",           offsetof(NakRecord, salt)            },
  {"carrier_k",      offsetof(NakRecord, carrier_k)       },
  {"electrolyte_na", offsetof(NakRecord, electrolyte_na)  },
  {"counter_na",     offsetof(NakRecord, counter_na)      },
  {"counter_k",      offsetof(NakRecord, counter_k)       },
  {"least_na",       offsetof(NakRecord, least_na)        },
  {"counter_left",   offsetof(NakRecord, counter_left)    },
};

/* Distances from a bound of 2 count relative to it, those of a temperature in K. */
static void CheckSignal(const char *signal, const char *unit, size_t offset, char relation)
{
  const PetscReal past = strcmp(signal, "temperature") == 0 ? 0.2 : 0.1;
  const PetscReal sign = relation == '>' ? 1 : -1;
  char            text[256], reason[96];
  NakRecord       now     = {0};
  PetscReal      *watches = (PetscReal *)((char *)&now + offset);
  NakProtocol     protocol;

  (void)snprintf(reason, sizeof(reason), strcmp(unit, "1") == 0 ? "%s %c 2" : "%s %c 2 %s", signal,
                 relation, unit);
  (void)snprintf(text, sizeof(text),
                 "[{rest: , until: ['%s', 'deposit > 1 km'], temperature: {to: %d K, for: 1 s}}]",
                 reason,
                 relation == '>' ? 3 : 1); /* without the ramp its signal would never move */
  protocol = Make(NULL, text);
  MUST(NakProtocolEnter(protocol, &now));
  *watches = 2 - 0.2 * sign;
  AssertRounded(Judge(protocol, &now), -past);
  *watches = 2;
  AssertRounded(Judge(protocol, &now), 0);
  *watches = 2 + 0.2 * sign;
  AssertRounded(Judge(protocol, &now), past);
  assert_true(NakProtocolTimeLeft(protocol, 0) == PETSC_INFINITY);
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, reason);
  assert_string_equal(Report(protocol, 0)->reason, reason);
  MUST(NakProtocolDestroy(&protocol));
}

static void TestWatchesEverySignal(void **state)
{
  PetscInt times = 0, k = 0; /* of others */

  (void)state;
  for (; NakSignals[k].name != NULL; k++) {
    assert_non_null(NakSignals[k].unit);
    assert_true(strlen(NakSignals[k].doc) > 0);
    if (strstr(NakSignals[k].name, "time") != NULL || strcmp(NakSignals[k].name, "voids") == 0 ||
        strstr(NakSignals[k].name, "beyond") != NULL ||    /* TestNotesEvents() */
        strcmp(NakSignals[k].name, "voltage_drop") == 0) { /* TestAnswers() */
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
  PassStep(protocol, &now);
  MUST(NakProtocolEnter(protocol, &now));
  MUST(NakProtocolControl(protocol, &control, &end));
  AssertRounded(end, 105);
  now.time     = 8;
  now.capacity = 17;
  AssertRounded(Judge(protocol, &now), 0);
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  PassStep(protocol, &now);
  AssertRounded(now.capacity, 18);
  MUST(NakProtocolEnter(protocol, &now));
  MUST(NakProtocolControl(protocol, &control, &end));
  AssertRounded(end, 105);
  now.capacity = 16;
  AssertRounded(Judge(protocol, &now), (2.0 - 3.0) / 3);
  now.capacity = 13; /* 7 below 20 in all, but 5 below 18: both are past, the repeat counts */
  AssertRounded(Judge(protocol, &now), (5.0 - 3.0) / 3);
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, "step_capacity > 7 C/m^2 (of the repeat)");
  assert_int_equal(Report(protocol, 1)->end, NAK_END_OUTER);
  AssertRounded(Report(protocol, 1)->capacity, -3 - 5);
  MUST(NakProtocolDestroy(&protocol));
}

static void TestEndsByTime(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{repeat: 100, until: time > 6 s, steps: [rest: 0.1 s, rest: 0.2 s]},"
               " {rest: 10 s, until: [time > 3 s, total_time > 1 h]},"
               " {strip: 1 A/m^2, until: total_time > 12 s},"
               " {rest: , until: time > 1 min}]");
  NakRecord now   = {0};
  PetscInt  steps = 0, cycle, step;

  (void)state;
  AssertRounded(NakProtocolTimeLeft(protocol, 0), PETSC_INFINITY);
  do {
    PassStep(protocol, &now);
    steps++;
    MUST(NakProtocolWhere(protocol, &step, &cycle));
  } while (step < 2);
  AssertRounded(now.time, 6);
  assert_int_equal(steps, 40); /* rounding adds no empty step */
  assert_string_equal(Report(protocol, 1)->reason, "time > 6 s (of the repeat)");
  PassStep(protocol, &now);
  AssertRounded(now.time, 9);
  assert_string_equal(Report(protocol, 2)->reason, "duration");
  PassStep(protocol, &now);
  AssertRounded(now.time, 12);
  assert_string_equal(Report(protocol, 3)->reason, "total_time > 12 s");
  assert_int_equal(Report(protocol, 3)->end, NAK_END_CONDITION);
  AssertRounded(NakProtocolTimeLeft(protocol, 12), 60);
  PassStep(protocol, &now);
  AssertRounded(now.time, 72);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  MUST(NakProtocolDestroy(&protocol));
}

/* A time that has passed already ends the step where it begins, not before. */
static void TestEndsByPastTime(void **state)
{
  NakProtocol protocol = Make(NULL, "[rest: 10 s, {strip: 1 A/m^2, until: total_time > 5 s}]");
  NakRecord   now      = {0};

  (void)state;
  PassStep(protocol, &now);
  PassStep(protocol, &now);
  AssertRounded(now.time, 10);
  AssertEnd(protocol, NAK_END_CONDITION, "total_time > 5 s");
  MUST(NakProtocolDestroy(&protocol));
}

/* An event located a hair before its bound is still that event. */
static void TestTakesTheNearestCondition(void **state)
{
  NakProtocol protocol = Make(NULL, "[{strip: 1 A/m^2, for: 1 h, until: [voltage > 3 V, u_face < "
                                    "0.1]}]");
  NakRecord   now      = {.voltage = 2.9999999, .u_face_min = 0.5};

  (void)state;
  MUST(NakProtocolEnter(protocol, &now));
  now.time = 100;
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, "voltage > 3 V");
  MUST(NakProtocolDestroy(&protocol));
}

static void TestEndsTheStaircaseAsOne(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{staircase: {from: 1 A/m^2, to: 9 A/m^2, step: 1 A/m^2, hold: 1 s, until: voltage > 3 "
          "V}}, {pulses: {current: 1 A/m^2, on: 1 s, off: 1 s, count: 5}, until: voltage > 3 V}]");
  NakRecord now = {.u_face_min = 1};
  PetscInt  step, cycle;

  (void)state;
  PassStep(protocol, &now);
  MUST(NakProtocolEnter(protocol, &now));
  now.voltage = 3;
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_int_equal(Report(protocol, 1)->end, NAK_END_CONDITION);
  assert_string_equal(Report(protocol, 1)->reason, "voltage > 3 V");
  MUST(NakProtocolWhere(protocol, &step, &cycle));
  assert_int_equal(step, 1);
  now.voltage = 0;
  PassStep(protocol, &now);
  MUST(NakProtocolEnter(protocol, &now));
  now.voltage = 4;
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_int_equal(Report(protocol, 3)->end, NAK_END_OUTER);
  AssertEnd(protocol, NAK_END_CONDITION, "voltage > 3 V (of the pulses)");
  MUST(NakProtocolDestroy(&protocol));
}

/* ---- Ends ---- */

static void TestOuterConditionGoesOnAfter(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{repeat: 2, steps: [{repeat: 5, until: 'voltage > 3 V', steps: [rest: 1 s, rest: 1 s]},"
          " {strip: 1 A/m^2, for: 1 s}]}]");
  NakRecord now = {0};
  PetscInt  step, cycle;

  (void)state;
  MUST(NakProtocolEnter(protocol, &now));
  now.voltage = 3.5;
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_string_equal(Report(protocol, 0)->reason, "voltage > 3 V (of the repeat)");
  now.voltage = 0;
  MUST(NakProtocolWhere(protocol, &step, &cycle));
  assert_int_equal(step, 2);
  assert_int_equal(cycle, 0);
  PassStep(protocol, &now);
  MUST(NakProtocolWhere(protocol, &step, &cycle));
  assert_int_equal(step, 0);
  for (PetscInt k = 0; k < 11; k++) PassStep(protocol, &now);
  assert_int_equal(Report(protocol, 0)->executions, 6);
  assert_int_equal(Report(protocol, 0)->end, NAK_END_DURATION);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  MUST(NakProtocolDestroy(&protocol));
}

static void CheckLimit(NakRecord now, NakEnd end, const char *why)
{
  const NakLimits limits = {
    .voltage_max = 5, .voltage_min = -5, .filament = 1e-3, .sites = 1e-12, .sodium = 1e-9};
  NakProtocol protocol = Make(
    &limits, "[{repeat: 3, until: 'voltage > 5 V', steps: [{rest: 1 s, until: voltage < -9 V}]}]");
  const NakRecord quiet = {.counter_left = 1, .electrolyte_na = 1000};

  MUST(NakProtocolEnter(protocol, &quiet));
  assert_true(Judge(protocol, &quiet) < 0);
  assert_true(Judge(protocol, &now) >= 0);
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, end, why);
  assert_int_equal(Report(protocol, 0)->end, end);
  MUST(NakProtocolDestroy(&protocol));
}

static void TestHeedsLimits(void **state)
{
  NakRecord full = {.counter_left = 1, .electrolyte_na = 1000};
  NakRecord now  = full;

  (void)state;
  now.voltage = 6;
  CheckLimit(now, NAK_END_LIMIT, "voltage > 5 V (limits.voltage_max)");
  now.voltage = -6;
  CheckLimit(now, NAK_END_LIMIT, "voltage < -5 V (limits.voltage_min)");
  now              = full;
  now.filament_max = 1e-3;
  CheckLimit(now, NAK_END_SHORT, "a filament crossed the electrolyte");
  now              = full;
  now.counter_left = 5e-13;
  CheckLimit(now, NAK_END_LIMIT, "the host is full or empty");
  full.electrolyte_na = 5e-10;
  CheckLimit(full, NAK_END_LIMIT, "the liquid has no Na+ left");
}

static void TestEndsWhenForced(void **state)
{
  NakProtocol protocol = Make(NULL, "[rest: 1 s, rest: 1 s]");
  NakRecord   now      = {0};

  (void)state;
  PassStep(protocol, &now);
  MUST(NakProtocolEnter(protocol, &now));
  now.time = 1.5;
  MUST(NakProtocolLeave(protocol, &now, NAK_END_FAILED, "the step became too small"));
  AssertEnd(protocol, NAK_END_FAILED, "the step became too small");
  assert_int_equal(Report(protocol, 1)->end, NAK_END_FAILED);
  AssertRounded(Report(protocol, 1)->stop, 1.5);
  MUST(NakProtocolDestroy(&protocol));

  protocol = Make(NULL, "[rest: 1 s, rest: 1 s]");
  PassStep(protocol, &now);
  MUST(NakProtocolLeave(protocol, &now, NAK_END_STOPPED, "wall time"));
  AssertEnd(protocol, NAK_END_STOPPED, "wall time");
  MUST(NakProtocolDestroy(&protocol));
}

/* Both steps are over when they begin; five hundred turns of that must not be walked. */
static void TestEndsTurnsWithoutTime(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{repeat: 2, steps: [{repeat: 500, steps: [{rest: 1 s, until: contact < 0.5}, {strip: 1 "
          "A/m^2, until: contact < 0.4}]}, rest: 2 s]},"
          " {repeat: 500, steps: [{rest: 1 s, until: contact < 0.5}]}]");
  NakRecord now   = {.contact_fraction = 0.1};
  PetscInt  steps = 0;

  (void)state;
  for (; !NakProtocolDone(protocol) && steps < 100; steps++) {
    NakControl control;
    PetscReal  end;

    MUST(NakProtocolEnter(protocol, &now));
    MUST(NakProtocolControl(protocol, &control, &end));
    if (Judge(protocol, &now) < 0) now.time = end;
    MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  }
  assert_int_equal(steps, 2 * 3 + 1);
  AssertRounded(now.time, 4);
  AssertEnd(protocol, NAK_END_CONDITION, "a turn of the repeat took no time");
  assert_string_equal(Report(protocol, 0)->reason, "contact < 0.5");
  MUST(NakProtocolDestroy(&protocol));
}

static void TestRefusesDisorder(void **state)
{
  NakProtocol protocol = Make(NULL, "[rest: 1 s]");
  NakRecord   now      = {0};
  PetscReal   overshoot;

  (void)state;
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakProtocolJudge(protocol, &now, &overshoot), PETSC_ERR_ARG_WRONGSTATE);
  assert_int_equal(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL), PETSC_ERR_ARG_WRONGSTATE);
  MUST(NakProtocolEnter(protocol, &now));
  assert_int_equal(NakProtocolEnter(protocol, &now), PETSC_ERR_ARG_WRONGSTATE);
  now.time = 1;
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_int_equal(NakProtocolEnter(protocol, &now), PETSC_ERR_ARG_WRONGSTATE);
  assert_int_equal(NakProtocolSkip(protocol, 1, 0), PETSC_ERR_ARG_OUTOFRANGE);
  MUST(PetscPopErrorHandler());
  MUST(NakProtocolDestroy(&protocol));
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
  while (!NakProtocolDone(protocol)) PassStep(protocol, &now);
  MUST(NakProtocolReports(protocol, &count, &reports));
  assert_int_equal(count, 4);
  for (PetscInt k = 0; k < 4; k++) {
    assert_int_equal(reports[k].index, k);
    assert_int_equal(reports[k].item, k);
    assert_string_equal(reports[k].kind, kinds[k]);
    assert_int_equal(reports[k].executions, k < 2 ? 3 : 1);
    assert_int_equal(reports[k].end, NAK_END_DURATION);
    assert_string_equal(reports[k].reason, "duration");
    AssertRounded(reports[k].capacity, capacities[k]);
    AssertRounded(reports[k].voltage, 0.25);
  }
  AssertRounded(reports[1].start, 11);
  AssertRounded(reports[1].stop, 19);
  MUST(NakProtocolDestroy(&protocol));
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
  while (!NakProtocolDone(protocol)) PassStep(protocol, &now);
  MUST(NakProtocolReports(protocol, &count, &reports));
  assert_int_equal(count, NAK_STEP_REPORTS);
  for (PetscInt k = 0; k < count; k++) {
    executions += reports[k].executions;
    charge += reports[k].capacity;
  }
  assert_int_equal(executions, 30001);
  AssertRounded(charge, now.capacity);
  assert_string_equal(reports[count - 1].kind, "others");
  assert_string_equal(reports[count - 2].kind, "staircase");
  MUST(NakProtocolDestroy(&protocol));
}

static void AssertTurns(NakProtocol protocol, PetscInt turns, PetscInt left)
{
  PetscInt now_turns, now_left;

  MUST(NakProtocolTurns(protocol, &now_turns, &now_left));
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
  PassStep(protocol, &now);
  AssertTurns(protocol, 0, 0);
  PassStep(protocol, &now);
  PassStep(protocol, &now);
  AssertTurns(protocol, 1, 999998);
  AssertRounded(NakProtocolTimeLeft(protocol, 3), 6000002 - 3);
  MUST(NakProtocolSkip(protocol, 10, 30 + 5)); /* 4 and -1 in each turn, and 5 more in all */
  now.time += 30;
  now.capacity += 35;
  AssertTurns(protocol, 11, 999988);
  AssertRounded(Report(protocol, 0)->capacity, 4 + 40 + 4);
  AssertRounded(Report(protocol, 1)->capacity, -1 - 10 + 1);
  AssertRounded(Report(protocol, 2)->capacity, 0);
  assert_int_equal(Report(protocol, 2)->executions, 11);
  AssertRounded(NakProtocolTimeLeft(protocol, now.time), 6000002 - now.time);
  MUST(NakProtocolSkip(protocol, 999988, 3 * 999988.0));
  AssertTurns(protocol, 999999, 0);
  now.time += 3 * 999988.0;
  for (PetscInt k = 0; k < 4; k++) PassStep(protocol, &now);
  AssertRounded(now.time, 3000001);
  assert_int_equal(Report(protocol, 0)->executions, 1000000);
  AssertTurns(protocol, 0, 0); /* of the second pass; the outer repeat holds another */
  MUST(NakProtocolDestroy(&protocol));
}

/* Steps that a condition ends before their time, in one turn of a repeat; one without a time of its
   own; one that a block around it ends. */
static void TestReportsEarlyEnds(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{repeat: 2, steps: [{strip: 1 A/m^2, for: 2 s, until: capacity > 4 C/m^2},"
          " {strip: 1 A/m^2, until: step_capacity > 1 C/m^2}]},"
          " {repeat: 9, until: step_capacity > 1 C/m^2, steps: [{plate: 1 A/m^2, for: 2 s}]}]");
  const PetscReal lengths[] = {2, 1, 1, 1, 1};
  const PetscInt  early[]   = {1, 0, 1};
  const char     *reasons[] = {"capacity > 4 C/m^2", "", "step_capacity > 1 C/m^2 (of the repeat)"};
  NakRecord       now       = {0};

  (void)state;
  for (PetscInt k = 0; k < 5; k++) {
    MUST(NakProtocolEnter(protocol, &now));
    now.time += lengths[k];
    now.capacity += k < 4 ? lengths[k] : -lengths[k];
    MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  }
  assert_true(NakProtocolDone(protocol));
  for (PetscInt k = 0; k < 3; k++) {
    assert_int_equal(Report(protocol, k)->early, early[k]);
    assert_string_equal(Report(protocol, k)->early_reason, reasons[k]);
  }
  assert_int_equal(Report(protocol, 0)->executions, 2);
  AssertRounded(Report(protocol, 0)->last, 3);
  MUST(NakProtocolDestroy(&protocol));
}

/* Turns that are skipped end as the last one. */
static void TestSkipsTurnsThatEndEarly(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{repeat: 100, steps: [{strip: 1 A/m^2, for: 2 s, until: step_capacity > 1 C/m^2}]}]");
  NakRecord now = {.time = 1, .capacity = 1};

  (void)state;
  MUST(NakProtocolEnter(protocol, &(NakRecord){0}));
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  MUST(NakProtocolSkip(protocol, 10, 10));
  assert_int_equal(Report(protocol, 0)->early, 11);
  MUST(NakProtocolDestroy(&protocol));
}

static void TestCountsTurnsWithoutEnd(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{repeat: 9, steps: [{repeat: 2000000000, steps: [rest: 1 s]}]}]");
  NakRecord now = {0};

  (void)state;
  for (PetscInt k = 0; k < 2; k++) {
    PassStep(protocol, &now);
    MUST(NakProtocolSkip(protocol, 1999999998, 0));
    now.time += 1999999998;
    PassStep(protocol, &now);
  }
  PassStep(protocol, &now);
  AssertRounded(now.time, 4000000001);
  assert_true((PetscInt64)Report(protocol, 0)->executions ==
              PetscMin((PetscInt64)4000000001, (PetscInt64)PETSC_INT_MAX));
  MUST(NakProtocolDestroy(&protocol));
}

static void TestSkipsPulsesOnly(void **state)
{
  NakProtocol protocol =
    Make(NULL, "[{pulses: {current: 1 A/m^2, on: 1 s, off: 5 s, count: 9}}, {repeat: 9, steps: "
               "[{staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 1 A/m^2, hold: 1 s}}]}]");
  NakRecord now = {0};

  (void)state;
  PassStep(protocol, &now);
  PassStep(protocol, &now);
  AssertTurns(protocol, 1, 7);
  MUST(NakProtocolSkip(protocol, 7, 7));
  PassStep(protocol, &now);
  AssertTurns(protocol, 0, 0);
  PassStep(protocol, &now);
  while (!NakProtocolDone(protocol)) {
    AssertTurns(protocol, 0, 0);
    PassStep(protocol, &now);
  }
  MUST(NakProtocolDestroy(&protocol));
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
    for (PetscInt n = 0; n < 3; n++) PassStep(protocol, &now);
    AssertTurns(protocol, 1, turns[k] - 2);
    MUST(NakProtocolSkip(protocol, turns[k] - 2, (PetscReal)turns[k] - 2));
    now.time += 6 * ((PetscReal)turns[k] - 2);
    for (PetscInt n = 0; n < 2; n++) PassStep(protocol, &now);
    AssertTurns(protocol, turns[k], 0);
    while (!NakProtocolDone(protocol)) PassStep(protocol, &now);
    AssertRounded(now.time, (k == 0 ? 110 : 60) + 7);
    MUST(NakProtocolDestroy(&protocol));
  }
}

/* Spectra are due where they are asked for, and nowhere else; as an item they take no time. */
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
    PassStep(protocol, &now);
  }
  AssertRounded(now.time, 28);
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  assert_string_equal(Report(protocol, 0)->kind, "impedance");
  MUST(NakProtocolDestroy(&protocol));
  protocol = Make(NULL, "[rest: 1 s]");
  assert_false(NakProtocolHasSpectra(protocol));
  MUST(NakProtocolDestroy(&protocol));
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
      AssertRounded(NakProtocolSpectraInAll(protocol), cases[k].most);
    else
      assert_true(NakProtocolSpectraInAll(protocol) == PETSC_INFINITY);
    MUST(NakProtocolDestroy(&protocol));
  }
}

/* What ends the first hold; those that nothing ends are errors. */
static void TestSeesEnds(void **state)
{
  static const struct {
    const char     *text;
    PetscInt        hold;
    NakReachability prospect;
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
    {"[{rest: , until: temperature > 290 K, temperature: {to: 290 K, for: 1 s}}]",         0, NAK_SURELY },
    {"[{rest: , until: [temperature > 291 K, voltage > 1 V], "
     "temperature: {to: 290 K, for: 1 s}}]",                                          0, NAK_PERHAPS},
  };

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    NakProtocol protocol = Make(NULL, cases[k].text);

    assert_int_equal(NakHoldReachability(&protocol->program, cases[k].hold), cases[k].prospect);
    MUST(NakProtocolDestroy(&protocol));
  }
}

/* ---- Events ---- */

static const NakLimits metal = {
  .voltage_max = 100, .voltage_min = -100, .filament = 1e-3, .temperature = 300, .metal = 1e-9};

static const NakEvent *Events(NakProtocol protocol, PetscInt count)
{
  const NakEvent *events;
  PetscInt        n;

  MUST(NakProtocolEvents(protocol, &n, &events));
  assert_int_equal(n, count);
  return events;
}

static PetscInt Note(NakProtocol protocol, const NakRecord *now)
{
  PetscInt fresh;

  MUST(NakProtocolNote(protocol, now, &fresh));
  return fresh;
}

static void AssertEvent(const NakEvent *event, const char *name, PetscReal time)
{
  assert_string_equal(NakEventName(event->kind), name);
  AssertRounded(event->time, time);
  AssertRounded(event->capacity, 10 * time);
  assert_int_equal(event->step, 7);
}

/* A record in which nothing has happened yet. */
static NakRecord Calm(void)
{
  return (NakRecord){
    .step            = 7,
    .face_x          = 0.5,
    .reservoir_x     = 0.5,
    .liquidus        = {0.3, 0.7},
    .wetted_fraction = 0.8,
    .wetted_start    = 0.8,
    .temperature     = 300
  };
}

/* From one record to the next every signal goes from its value when calm to another.  Every event
   lies where the straight line between the two passes its bound.  Those of one step come in the
   order of time. */
static void TestNotesEvents(void **state)
{
  static const struct {
    const char *name;
    PetscReal   part; /* of the step */
  } expected[] = {
    {"liquidus_b",   0.25 },
    {"na_metal",     0.36 },
    {"filament",     0.4  },
    {"k_film",       0.5  },
    {"void",         0.5  },
    {"contact_half", 0.625},
  };
  NakProtocol     protocol = Make(&metal, "[{rest: 100 s}]");
  NakRecord       now      = Calm();
  const NakEvent *events;

  (void)state;
  assert_int_equal(Note(protocol, &now), 0);
  now.time            = 10;
  now.capacity        = 100;
  now.face_x          = -0.3;
  now.k_film_fraction = 2e-3;
  now.deposit_max     = 1e-8; /* 3.6 C/m2 are 3.6e-9 m */
  now.voids           = 1;
  now.wetted_fraction = 0.16;
  now.filament_max    = 2.5e-10;
  assert_int_equal(Note(protocol, &now), 6);
  events = Events(protocol, 6);
  for (PetscInt k = 0; k < 6; k++) AssertEvent(&events[k], expected[k].name, 10 * expected[k].part);
  assert_int_equal(Note(protocol, &now), 0); /* they have not happened again */
  now.time     = 20;
  now.capacity = 200;
  now.face_x   = 0.9;
  assert_int_equal(Note(protocol, &now), 1);
  AssertEvent(&Events(protocol, 7)[6], "liquidus_a",
              15); /* until then the reservoir, at 0.5, is richer */
  MUST(NakProtocolDestroy(&protocol));
}

/* A partly solid alloy shows its liquidus at the face: there the reservoir, solid included, is
   beyond it. */
static void TestNotesSolidsOfTheReservoir(void **state)
{
  NakProtocol protocol = Make(&metal, "[{rest: 100 s}]");
  NakRecord   now      = Calm();

  (void)state;
  assert_int_equal(Note(protocol, &now), 0);
  now.time        = 10;
  now.capacity    = 100;
  now.face_x      = 0.7;
  now.reservoir_x = 0.9;
  assert_int_equal(Note(protocol, &now), 1);
  AssertEvent(&Events(protocol, 1)[0], "liquidus_a", 5);
  MUST(NakProtocolDestroy(&protocol));
}

/* What is true at the start has happened then; what has been located is at its record, to the
   bit. */
static void TestNotesTheStartAndWhatIsLocated(void **state)
{
  NakProtocol protocol = Make(&metal, "[{rest: , until: [k_film, voltage > 50 V]}]");
  NakRecord   now      = Calm();

  (void)state;
  now.time     = 3;
  now.capacity = 30;
  now.voids    = 2;
  MUST(NakProtocolEnter(protocol, &now));
  assert_int_equal(Note(protocol, &now), 1);
  AssertEvent(&Events(protocol, 1)[0], "void", 3);
  assert_true(Judge(protocol, &now) < 0);
  now.time            = 5;
  now.capacity        = 50;
  now.k_film_fraction = 1e-3 * (1 + 5e-7);
  AssertRounded(Judge(protocol, &now), 5e-7);
  assert_int_equal(Note(protocol, &now), 1);
  assert_true(Events(protocol, 2)[1].time == 5);
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, "k_film");
  assert_int_equal(Note(protocol, &now), 1);
  AssertEvent(&Events(protocol, 3)[2], "condition", 5);
  assert_int_equal(Note(protocol, &now), 0);
  MUST(NakProtocolDestroy(&protocol));
}

/* An event can happen again once it is undone by a tenth of its bound. */
static void TestNotesAgain(void **state)
{
  static const PetscReal film[]   = {0, 2e-3, 0.95e-3, 1.2e-3, 0.5e-3, 1.5e-3};
  static const PetscInt  fresh[]  = {0, 1, 0, 0, 0, 1};
  NakProtocol            protocol = Make(&metal, "[{rest: 100 s}]");
  NakRecord              now      = Calm();

  (void)state;
  for (PetscInt k = 0; k < 6; k++) {
    now.time            = (PetscReal)k;
    now.capacity        = 10 * now.time;
    now.k_film_fraction = film[k];
    assert_int_equal(Note(protocol, &now), fresh[k]);
  }
  AssertEvent(&Events(protocol, 2)[0], "k_film", 0.5);
  AssertEvent(&Events(protocol, 2)[1], "k_film", 4.5);
  MUST(NakProtocolDestroy(&protocol));
}

/* A critical-current test of two levels, whose voltage drops while the second one plates. */
static void TestAnswers(void **state)
{
  NakProtocol protocol = Make(
    NULL,
    "[{ccd: {from: 1 A/m^2, to: 2 A/m^2, step: 1 A/m^2, time: 10 s, rest: 5 s, drop: 20 mV}}]");
  NakRecord         now     = {.voltage = -0.1};
  const NakAnswers *answers = NakProtocolAnswers(protocol);

  (void)state;
  for (int k = 0; k < 6; k++) {
    assert_true(answers->passed == (k < 4 ? 0 : 1));
    PassStep(protocol, &now);
  }
  MUST(NakProtocolEnter(protocol, &now));
  now.time     = 51;
  now.capacity = 18;
  (void)Note(protocol, &now);
  now.voltage = -0.08 + 1e-6;
  assert_true(Judge(protocol, &now) > 0 && Judge(protocol, &now) < 1e-4);
  assert_true(answers->critical == 0);
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  AssertEnd(protocol, NAK_END_CONDITION, "voltage_drop > 0.02 V (drop) (of the ccd)");
  assert_true(answers->critical == 2 && answers->passed == 1 && answers->collapse == 0);
  assert_int_equal(answers->n_half_cycles, 4);
  for (int k = 0; k < 4; k++) {
    static const PetscReal charge[] = {10, -10, 20, -2}, start[] = {0, 15, 30, 45};

    AssertRounded(answers->half_cycles[k].charge, charge[k]);
    AssertRounded(answers->half_cycles[k].start, start[k]);
  }
  MUST(NakProtocolDestroy(&protocol));
}

/* What a trial did is forgotten; turns that are skipped count where they pass charge one way. */
static void TestAnswersOfTrials(void **state)
{
  NakProtocol protocol = Make(
    NULL, "[{staircase: {from: 1 A/m^2, to: 3 A/m^2, step: 1 A/m^2, hold: 1 s}, until: voltage > "
          "1 V}, {pulses: {current: 1 A/m^2, on: 1 s, off: 1 s, count: 10}}]");
  NakRecord         now     = {.voltage = 0.1};
  const NakAnswers *answers = NakProtocolAnswers(protocol);

  (void)state;
  PassStep(protocol, &now);
  MUST(NakProtocolSave(protocol));
  MUST(NakProtocolEnter(protocol, &now));
  now.voltage = 2;
  MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
  assert_true(answers->collapse == 2);
  MUST(NakProtocolRestore(protocol));
  assert_true(answers->collapse == 0);
  now.voltage = 0.1;
  for (int k = 0; k < 4; k++) PassStep(protocol, &now);
  AssertRounded(answers->half_cycles[0].charge, 1 + 2 + 3 + 1);
  MUST(NakProtocolSkip(protocol, 5, 5.5));
  assert_int_equal(answers->n_half_cycles, 1);
  AssertRounded(answers->half_cycles[0].charge, 7 + 5.5);
  MUST(NakProtocolDestroy(&protocol));
}

/* The last place is that of the run's end, which a completed run has not. */
static void TestKeepsTheEnd(void **state)
{
  static const struct {
    PetscReal   filament, voltage;
    const char *name;
  } ends[] = {
    {2e-3, 0,   "short"},
    {0,    200, "limit"},
    {0,    0,   NULL   },
  };

  (void)state;
  for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
    NakProtocol protocol = Make(&metal, "[{rest: 1e6 s}]");
    NakRecord   now      = Calm();

    MUST(NakProtocolEnter(protocol, &now));
    for (PetscInt turn = 0; turn < 2 * NAK_EVENTS; turn++) {
      now.voids = (turn + 1) % 2;
      (void)Note(protocol, &now);
    }
    assert_string_equal(NakEventName(Events(protocol, NAK_EVENTS - 1)[NAK_EVENTS - 2].kind),
                        "void");
    now.time         = 1e6;
    now.capacity     = 1e7;
    now.filament_max = ends[k].filament;
    now.voltage      = ends[k].voltage;
    MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
    assert_int_equal(Note(protocol, &now), ends[k].name != NULL ? 1 : 0);
    if (ends[k].name != NULL)
      AssertEvent(&Events(protocol, NAK_EVENTS)[NAK_EVENTS - 1], ends[k].name, 1e6);
    MUST(NakProtocolDestroy(&protocol));
  }
}

/* Write the position in the protocol, or take it from the newest checkpoint of the folder. */
static void Checkpoint(NakProtocol protocol, const char *folder, PetscBool write)
{
  NakCheckpoint c;
  NakWriters    writers;

  MUST(NakWritersCreate(PETSC_COMM_WORLD, 0, &writers));
  if (write)
    MUST(NakCheckpointCreate(writers, folder, &c));
  else
    MUST(NakCheckpointOpen(writers, folder, &c));
  assert_non_null(c);
  MUST(NakProtocolCheckpoint(protocol, c));
  if (write) MUST(NakCheckpointCommit(&c, 1));
  MUST(NakCheckpointDestroy(&c));
  MUST(NakWritersDestroy(&writers));
}

/* A protocol read in the middle of a ramp goes on with its temperature, and notes what it would
   have noted. */
static void TestCheckpoints(void **state)
{
  const char *const list     = "[{rest: 100 s, temperature: {to: 290 K, for: 100 s}}, {rest: 1 s}]";
  char              folder[] = "/tmp/nakfield-test-XXXXXX", command[64];
  NakProtocol       whole = Make(&metal, list), again = Make(&metal, list);
  NakRecord         now  = Calm();
  const PetscMPIInt rank = Rank();

  (void)state;
  if (rank == 0) assert_non_null(mkdtemp(folder));
  MUST(MPI_Bcast(folder, sizeof(folder), MPI_CHAR, 0, PETSC_COMM_WORLD));
  MUST(NakProtocolEnter(whole, &now));
  (void)Note(whole, &now);
  now.time     = 30;
  now.capacity = 300;
  now.voids    = 1;
  assert_int_equal(Note(whole, &now), 1);
  Checkpoint(whole, folder, PETSC_TRUE);
  Checkpoint(again, folder, PETSC_FALSE);
  assert_true(NakProtocolTemperature(again, 40) == NakProtocolTemperature(whole, 40));
  AssertRounded(NakProtocolTemperature(again, 40), 296);
  now.time            = 60;
  now.capacity        = 600;
  now.k_film_fraction = 4e-3;
  assert_int_equal(Note(whole, &now), 1);
  assert_int_equal(Note(again, &now), 1);
  assert_memory_equal(Events(whole, 2), Events(again, 2), 2 * sizeof(NakEvent));
  AssertEvent(&Events(again, 2)[0], "void", 15);
  AssertEvent(&Events(again, 2)[1], "k_film", 37.5);
  MUST(NakProtocolDestroy(&whole));
  MUST(NakProtocolDestroy(&again));
  (void)snprintf(command, sizeof(command), "rm -r %s", folder);
  if (rank == 0) assert_int_equal(system(command), 0);
}

/* ---- Temperature ---- */

static const NakLimits warm = {
  .voltage_max = 100, .voltage_min = -100, .temperature = 300, .coldest = 200, .hottest = 400};

static void AssertRamp(NakProtocol protocol, PetscReal time, PetscReal rate, PetscReal end)
{
  PetscReal rate_now, end_now;

  assert_int_equal(NakProtocolRamping(protocol, time, &rate_now, &end_now), rate != 0);
  AssertRounded(rate_now, rate);
  if (rate == 0)
    assert_true(end_now == PETSC_INFINITY);
  else
    AssertRounded(end_now, end);
}

/* At once as an item and beside one, a ramp shorter, as long and longer than its hold. */
static void TestFollowsTheTemperature(void **state)
{
  NakProtocol protocol = Make(
    &warm, "[rest: 10 s, temperature: 280 K, {rest: 100 s, temperature: {to: 290 K, for: 50 s}},"
           " {strip: 1 A/m^2, for: 1 min, temperature: {to: 302 K, for: 0.0166666666666667 h}},"
           " {plate: 1 A/m^2, for: 30 s, temperature: {to: 306 K, for: 60 s}},"
           " {voltage: 1 V, for: 5 s, temperature: 26.85 degC}, rest: 1 s]");
  static const struct {
    PetscReal from, middle, to, rate, ramp; /* K; K/s and s after the start, 0 without a ramp */
  } steps[] = {
    {300, 300, 300, 0,        0 },
    {280, 280, 280, 0,        0 },
    {280, 290, 290, 0.2,      50},
    {290, 296, 302, 0.2,      60},
    {302, 303, 304, 4.0 / 60, 60},
    {300, 300, 300, 0,        0 },
    {300, 300, 300, 0,        0 },
  };
  NakRecord now = {0};

  (void)state;
  for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
    const PetscReal begin = now.time;
    NakControl      control;
    PetscReal       end;

    MUST(NakProtocolEnter(protocol, &now));
    MUST(NakProtocolControl(protocol, &control, &end));
    AssertRounded(NakProtocolTemperature(protocol, begin), steps[k].from);
    AssertRounded(NakProtocolTemperature(protocol, (begin + end) / 2), steps[k].middle);
    AssertRounded(NakProtocolTemperature(protocol, end), steps[k].to);
    AssertRamp(protocol, begin, steps[k].rate, begin + steps[k].ramp);
    AssertRamp(protocol, begin + steps[k].ramp, 0, 0);
    now.time = end;
    MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
    AssertRounded(NakProtocolTemperature(protocol, now.time), steps[k].to);
    AssertRounded(Report(protocol, (PetscInt)k)->temperature, steps[k].to);
  }
  AssertRounded(now.time, 206);
  assert_string_equal(Report(protocol, 1)->kind, "temperature");
  AssertEnd(protocol, NAK_END_DURATION, "all steps are done");
  MUST(NakProtocolDestroy(&protocol));
}

/* A ramp begins where the step before left it, whatever ended that one; the position has it. */
static void TestGoesBackToTheTemperature(void **state)
{
  NakProtocol protocol =
    Make(&warm, "[{rest: 100 s, until: temperature < 295 K, temperature: {to: 290 K, for: 100 s}},"
                " {rest: 10 s, temperature: {to: 300 K, for: 10 s}}]");
  NakRecord now = {.temperature = 300}, before;

  (void)state;
  MUST(NakProtocolEnter(protocol, &now));
  assert_true(Judge(protocol, &now) < 0);
  now.time        = 50;
  now.temperature = NakProtocolTemperature(protocol, 50);
  AssertRounded(Judge(protocol, &now), 0);
  before = now;
  MUST(NakProtocolSave(protocol));
  for (int trial = 0; trial < 2; trial++) {
    MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
    assert_string_equal(Report(protocol, 0)->reason, "temperature < 295 K");
    MUST(NakProtocolEnter(protocol, &now));
    AssertRounded(NakProtocolTemperature(protocol, 54), 297);
    now.time = 60;
    MUST(NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL));
    AssertRounded(NakProtocolTemperature(protocol, 60), 300);
    MUST(NakProtocolRestore(protocol));
    now = before;
    AssertRounded(NakProtocolTemperature(protocol, 40), 296);
  }
  MUST(NakProtocolDestroy(&protocol));
}

/* Turns may be skipped where they end at the temperature that they begin with, and have no ramp. */
static void TestSkipsAtOneTemperature(void **state)
{
  static const struct {
    const char *steps;
    PetscInt    left[3]; /* after the first turns of 9 */
  } cases[] = {
    {"rest: 1 s, rest: 1 s",                                             {7, 6, 5}},
    {"{rest: 1 s, temperature: 290 K}, {rest: 1 s, temperature: 300 K}", {7, 6, 5}},
    {"{rest: 1 s, temperature: 290 K}, rest: 1 s",                       {0, 6, 5}},
    {"{rest: 1 s, temperature: {to: 290 K, for: 1 s}}, "
     "{rest: 1 s, temperature: 300 K}",                             {0, 0, 0}},
  };

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    NakRecord   now = {0};
    char        text[256];
    NakProtocol protocol;

    (void)snprintf(text, sizeof(text), "[{repeat: 9, steps: [%s]}]", cases[k].steps);
    protocol = Make(&warm, text);
    for (PetscInt turn = 1; turn <= 3; turn++) {
      PassStep(protocol, &now);
      AssertTurns(protocol, 0, 0);
      PassStep(protocol, &now);
      AssertTurns(protocol, turn, cases[k].left[turn - 1]);
    }
    MUST(NakProtocolDestroy(&protocol));
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
  for (PetscInt k = 0; k < 3; k++) PassStep(protocol, &now);
  before = now;
  MUST(NakProtocolSave(protocol));
  for (PetscInt trial = 0; trial < 2; trial++) {
    while (!NakProtocolDone(protocol)) PassStep(protocol, &now);
    AssertRounded(now.time, 19);
    MUST(NakProtocolReports(protocol, &count, &reports));
    assert_int_equal(count, 3);
    AssertRounded(reports[0].capacity, 9);
    MUST(NakProtocolRestore(protocol));
    now = before;
    MUST(NakProtocolReports(protocol, &count, &reports));
    assert_int_equal(count, 2);
    AssertRounded(reports[0].capacity, 2);
    assert_int_equal(reports[0].executions, 2);
    assert_int_equal(reports[1].executions, 1);
  }
  MUST(NakProtocolDestroy(&protocol));
}

static const struct CMUnitTest tests[] = {
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
  cmocka_unit_test(TestOuterConditionGoesOnAfter),
  cmocka_unit_test(TestHeedsLimits),
  cmocka_unit_test(TestEndsWhenForced),
  cmocka_unit_test(TestEndsTurnsWithoutTime),
  cmocka_unit_test(TestRefusesDisorder),
  cmocka_unit_test(TestReports),
  cmocka_unit_test(TestBoundsReports),
  cmocka_unit_test(TestSkipsTurns),
  cmocka_unit_test(TestReportsEarlyEnds),
  cmocka_unit_test(TestSkipsTurnsThatEndEarly),
  cmocka_unit_test(TestCountsTurnsWithoutEnd),
  cmocka_unit_test(TestSkipsPulsesOnly),
  cmocka_unit_test(TestSkipsNoFurtherThanTime),
  cmocka_unit_test(TestAsksForSpectra),
  cmocka_unit_test(TestCountsSpectra),
  cmocka_unit_test(TestSeesEnds),
  cmocka_unit_test(TestNotesEvents),
  cmocka_unit_test(TestNotesSolidsOfTheReservoir),
  cmocka_unit_test(TestNotesTheStartAndWhatIsLocated),
  cmocka_unit_test(TestNotesAgain),
  cmocka_unit_test(TestAnswers),
  cmocka_unit_test(TestAnswersOfTrials),
  cmocka_unit_test(TestKeepsTheEnd),
  cmocka_unit_test(TestCheckpoints),
  cmocka_unit_test(TestFollowsTheTemperature),
  cmocka_unit_test(TestGoesBackToTheTemperature),
  cmocka_unit_test(TestSkipsAtOneTemperature),
  cmocka_unit_test(TestRestores),
};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
