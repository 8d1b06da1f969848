/* From the deck's tree to a program: ops in depth-first order, then the times they take. */
#include "protocol_impl.h"
#include <nakfield/units.h>
#include <stdio.h>
#include <string.h>

#define SHORTEST    1e-9       /* duration that can be asked for [s] */
#define LONGEST     1e12       /* the same: 30,000 years */
#define CURRENT_MAX 1e7        /* [A/m2] */
#define VOLTAGE_MAX 100        /* [V] */
#define LEVELS_MAX  100000     /* of a staircase */
#define COUNT_MAX   2000000000 /* of turns */

typedef struct {
  NakDeck          deck;
  const NakLimits *limits;
  NakProgram      *program;
  PetscInt         op_room, condition_room, profile_room;
} Parser;

/* A kind of item: its name, what may stand beside it, and the function that reads it. */
typedef struct Kind_s Kind;
struct Kind_s {
  const char *key;
  const char *words; /* of the item's map */
  PetscErrorCode (*parse)(Parser *parser, const Kind *kind, NakNode map, PetscInt parent);
};

static PetscErrorCode ParseList(Parser *parser, NakNode list, const char *owner, PetscInt parent);

/* ---- Growing the program ---- */

static PetscErrorCode GrowArray(PetscInt needed, size_t size, PetscInt *room, void *array)
{
  PetscFunctionBeginUser;
  if (needed <= *room) PetscFunctionReturn(PETSC_SUCCESS);
  *room = PetscMax(64, 2 * needed);
  PetscCall(PetscRealloc((size_t)*room * size, (void **)array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Append an op that is complete except for its place; `*index` is that place. */
static PetscErrorCode AddOp(Parser *parser, PetscInt parent, NakOp op, PetscInt *index)
{
  NakProgram *program = parser->program;
  PetscInt    levels  = 1;

  PetscFunctionBeginUser;
  *index = program->n_ops;
  PetscCall(GrowArray(program->n_ops + 1, sizeof(NakOp), &parser->op_room, &program->ops));
  op.parent     = parent;
  op.depth      = parent >= 0 ? program->ops[parent].depth + 1 : 0;
  op.end        = *index + 1;
  op.condition  = program->n_conditions;
  op.conditions = 0;
  if (op.kind == NAK_OP_HOLD) {
    if (parent >= 0 && program->ops[parent].kind == NAK_OP_STAIRCASE) {
      levels = program->ops[parent].count;
    }
    op.step          = program->n_steps++;
    op.slot          = program->n_slots;
    program->n_slots = PetscMin(program->n_slots + levels, NAK_STEP_REPORTS + 1);
  }
  program->ops[program->n_ops++] = op;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static NakOp HoldOf(const char *word, NakHold hold, PetscReal value)
{
  NakOp op = {
    .kind     = NAK_OP_HOLD,
    .control  = {hold, value},
    .spectra  = PETSC_INFINITY,
    .duration = PETSC_INFINITY
  };

  (void)snprintf(op.word, sizeof(op.word), "%s", word);
  return op;
}

static NakOp BlockOf(const char *word, NakOpKind kind, PetscInt count)
{
  NakOp op = {.kind = kind, .count = count};

  (void)snprintf(op.word, sizeof(op.word), "%s", word);
  return op;
}

static PetscErrorCode KeepCondition(Parser *parser, const NakCondition *condition, PetscInt index)
{
  NakProgram *program = parser->program;

  PetscFunctionBeginUser;
  PetscCall(GrowArray(program->n_conditions + 1, sizeof(NakCondition), &parser->condition_room,
                      &program->conditions));
  program->conditions[program->n_conditions++] = *condition;
  program->ops[index].conditions++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddCondition(Parser *parser, NakNode node, PetscInt index)
{
  NakProgram  *program = parser->program;
  NakCondition condition;
  PetscBool    ok;

  PetscFunctionBeginUser;
  PetscCall(NakConditionParse(parser->deck, node, parser->limits, &condition, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  if (program->ops[index].kind == NAK_OP_HOLD && condition.signal == NAK_SIGNAL_TIME) {
    program->ops[index].duration = PetscMin(program->ops[index].duration, condition.bound);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(KeepCondition(parser, &condition, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `until: CONDITION` or `until: [CONDITION, ...]`; NULL if the deck has none. */
static PetscErrorCode ParseUntil(Parser *parser, NakNode until, PetscInt index)
{
  PetscFunctionBeginUser;
  if (until == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (NakNodeKindOf(until) != NAK_NODE_LIST) {
    PetscCall(AddCondition(parser, until, index));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (NakNodeCount(until) == 0) {
    PetscCall(
      NakDeckError(parser->deck, until, "'until' is empty; give it a condition or leave it out"));
  }
  for (PetscInt k = 0; k < NakNodeCount(until); k++) {
    PetscCall(AddCondition(parser, NakNodeItem(until, k, NULL), index));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Entries of items ---- */

/* The entry `key` of a map that needs it.  If it is missing, NULL and an error. */
static PetscErrorCode Need(Parser *parser, NakNode map, const char *owner, const char *key,
                           const char *example, NakNode *node)
{
  PetscFunctionBeginUser;
  *node = NakNodeFind(map, key);
  if (*node == NULL) {
    PetscCall(NakDeckError(parser->deck, map, "'%s' needs '%s', for instance '%s: %s'", owner, key,
                           key, example));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NeedCurrent(Parser *parser, NakNode map, const char *owner, const char *key,
                                  PetscReal *value, PetscBool *ok)
{
  NakNode node;

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  PetscCall(Need(parser, map, owner, key, "1 mA/cm^2", &node));
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckQuantity(parser->deck, node, "A/m^2", -CURRENT_MAX, CURRENT_MAX, value, ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseTime(Parser *parser, NakNode node, PetscReal *seconds)
{
  PetscReal value = 1;
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(NakDeckQuantity(parser->deck, node, "s", SHORTEST, LONGEST, &value, &ok));
  if (ok) *seconds = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NeedTime(Parser *parser, NakNode map, const char *owner, const char *key,
                               PetscReal *seconds)
{
  NakNode node;

  PetscFunctionBeginUser;
  PetscCall(Need(parser, map, owner, key, "1 s", &node));
  if (node != NULL) PetscCall(ParseTime(parser, node, seconds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the entry under the item's own key is a map, as staircases and pulses need it. */
static PetscErrorCode NeedMap(Parser *parser, NakNode node, const char *example, PetscBool *ok)
{
  PetscFunctionBeginUser;
  *ok = (PetscBool)(NakNodeKindOf(node) == NAK_NODE_MAP);
  if (!*ok) PetscCall(NakDeckError(parser->deck, node, "write it as '%s'", example));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool IsBlank(NakNode node)
{
  const char *text = NakNodeText(node);

  if (NakNodeKindOf(node) != NAK_NODE_SCALAR) return PETSC_FALSE;
  return (PetscBool)(text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* `impedance: {every: 35 s}` beside a hold. */
static PetscErrorCode ParseSpectra(Parser *parser, NakNode map, PetscReal *every)
{
  NakNode   node = NakNodeFind(map, "impedance");
  PetscBool ok;

  PetscFunctionBeginUser;
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NeedMap(parser, node, "impedance: {every: 35 s}", &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "every"));
  PetscCall(NeedTime(parser, node, "impedance", "every", every));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A temperature at which the alloy's energies hold. */
static PetscErrorCode ParseKelvin(Parser *parser, NakNode node, PetscReal *kelvin)
{
  const NakLimits *limits = parser->limits;
  const PetscBool  known  = (PetscBool)(limits->hottest > 0); /* not if the material has errors */
  const PetscReal  zero   = 273.15;
  PetscReal        value  = 0;
  PetscBool        ok;

  PetscFunctionBeginUser;
  PetscCall(NakDeckQuantity(parser->deck, node, "K", known ? -PETSC_INFINITY : 1, PETSC_INFINITY,
                            &value, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  if (known && (value < limits->coldest || value > limits->hottest))
    PetscCall(NakDeckError(parser->deck, node,
                           "a temperature of %g K is outside of what the alloy's energies hold "
                           "for: %g K to %g K, that is %g degC to %g degC",
                           (double)value, (double)limits->coldest, (double)limits->hottest,
                           (double)(limits->coldest - zero), (double)(limits->hottest - zero)));
  else if (value < limits->solidus)
    PetscCall(NakDeckError(parser->deck, node,
                           "at %g K the alloy is all solid, and a cell needs liquid: ask for "
                           "%.6g K (%.4g degC) or more, or change alloy.potassium, alloy.solids "
                           "or alloy.compounds",
                           (double)value, (double)limits->solidus,
                           (double)(limits->solidus - zero)));
  else
    *kelvin = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ramp and the hold are equally long if they differ by rounding; longer ramps are reported. */
static PetscErrorCode FitRamp(Parser *parser, NakNode node, NakOp *hold)
{
  PetscFunctionBeginUser;
  if (PetscAbsReal(hold->ramp - hold->duration) <= NAK_SAME_TIME * hold->ramp)
    hold->ramp = hold->duration;
  if (hold->ramp > hold->duration)
    PetscCall(
      NakDeckWarn(parser->deck, node,
                  "the ramp takes %g s and belongs to an item of %g s: the temperature then "
                  "stays, and does not reach %g K",
                  (double)hold->ramp, (double)hold->duration, (double)hold->to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `temperature: 0 degC` or `temperature: {to: 0 degC, for: 50 min}` beside a hold. */
static PetscErrorCode ParseTemperature(Parser *parser, NakNode map, NakOp *hold)
{
  const NakNode node = NakNodeFind(map, "temperature");
  NakNode       to;

  PetscFunctionBeginUser;
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (NakNodeKindOf(node) != NAK_NODE_MAP) {
    PetscCall(ParseKelvin(parser, node, &hold->to));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakDeckKnownKeys(parser->deck, node, "to|for"));
  PetscCall(Need(parser, node, "temperature", "to", "0 degC", &to));
  if (to != NULL) PetscCall(ParseKelvin(parser, to, &hold->to));
  PetscCall(NeedTime(parser, node, "temperature", "for", &hold->ramp));
  PetscCall(FitRamp(parser, node, hold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What ends a hold: the time `time` (NULL for none), and `until`. */
static PetscErrorCode ParseEnds(Parser *parser, const Kind *kind, NakNode map, NakNode time,
                                PetscInt index)
{
  NakNode until = NakNodeFind(map, "until");

  PetscFunctionBeginUser;
  if (time == NULL && until == NULL) {
    PetscCall(NakDeckError(parser->deck, map,
                           "nothing ends this '%s'; give it 'for: 1 s', 'until: voltage > 3 V', "
                           "or both",
                           kind->key));
  }
  if (time != NULL) PetscCall(ParseTime(parser, time, &parser->program->ops[index].duration));
  PetscCall(ParseUntil(parser, until, index));
  PetscCall(ParseSpectra(parser, map, &parser->program->ops[index].spectra));
  PetscCall(ParseTemperature(parser, map, &parser->program->ops[index]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Kinds of items ---- */

/* strip, plate, current */
static PetscErrorCode ParseCurrent(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  const PetscBool has_sign = (PetscBool)(strcmp(kind->key, "current") == 0);
  const PetscBool plates   = (PetscBool)(strcmp(kind->key, "plate") == 0);
  PetscReal       value    = 0;
  PetscBool       ok;
  PetscInt        index;

  PetscFunctionBeginUser;
  PetscCall(NeedCurrent(parser, map, kind->key, kind->key, &value, &ok));
  if (!has_sign && value < 0) {
    PetscCall(NakDeckError(parser->deck, NakNodeFind(map, kind->key),
                           "'%s' takes the magnitude of the current; for the other direction "
                           "write '%s'",
                           kind->key, plates ? "strip" : "plate"));
  }
  if (plates) value = -value;
  PetscCall(AddOp(parser, parent,
                  HoldOf(value < 0 || plates ? "plate" : "strip", NAK_HOLD_CURRENT, value),
                  &index));
  PetscCall(ParseEnds(parser, kind, map, NakNodeFind(map, "for"), index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A voltage beyond a limit would end the run as soon as it is held. */
static PetscErrorCode CheckVoltage(Parser *parser, NakNode node, PetscReal value)
{
  const PetscBool high  = (PetscBool)(value >= parser->limits->voltage_max);
  const PetscReal limit = high ? parser->limits->voltage_max : parser->limits->voltage_min;

  PetscFunctionBeginUser;
  if (!high && value > limit) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckError(parser->deck, node,
                         "%g V cannot be held: limits.voltage_%s is %g V and would end the run "
                         "at once",
                         (double)value, high ? "max" : "min", (double)limit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseVoltage(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakNode   node  = NakNodeFind(map, kind->key);
  PetscReal value = 0;
  PetscBool ok;
  PetscInt  index;

  PetscFunctionBeginUser;
  PetscCall(NakDeckQuantity(parser->deck, node, "V", -VOLTAGE_MAX, VOLTAGE_MAX, &value, &ok));
  if (ok) PetscCall(CheckVoltage(parser, node, value));
  PetscCall(AddOp(parser, parent, HoldOf(kind->key, NAK_HOLD_VOLTAGE, value), &index));
  PetscCall(ParseEnds(parser, kind, map, NakNodeFind(map, "for"), index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `rest: 5 s`, or a blank rest with `for` and `until` beside it. */
static PetscErrorCode ParseRest(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakNode  value = NakNodeFind(map, kind->key), time = NakNodeFind(map, "for");
  PetscInt index;

  PetscFunctionBeginUser;
  if (!IsBlank(value)) {
    if (time != NULL) {
      PetscCall(NakDeckError(parser->deck, time,
                             "'rest: %s' says how long already; leave out 'for'",
                             NakNodeText(value)));
    }
    time = value;
  }
  PetscCall(AddOp(parser, parent, HoldOf(kind->key, NAK_HOLD_CURRENT, 0), &index));
  PetscCall(ParseEnds(parser, kind, map, time, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The step as a magnitude, and the number of levels that fit between `from` and `to`, both
   included. */
static PetscErrorCode ParseLevels(Parser *parser, NakNode node, const char *owner, PetscReal from,
                                  PetscReal *increment, PetscInt *levels)
{
  PetscReal to = from, step = 0, count;
  PetscBool to_ok, step_ok;

  PetscFunctionBeginUser;
  *levels    = 1;
  *increment = 0;
  PetscCall(NeedCurrent(parser, node, owner, "to", &to, &to_ok));
  PetscCall(NeedCurrent(parser, node, owner, "step", &step, &step_ok));
  if (step_ok && step <= 0) {
    PetscCall(NakDeckError(parser->deck, NakNodeFind(node, "step"),
                           "the staircase never arrives: 'step' is a magnitude above 0, and the "
                           "direction follows from 'from' and 'to'"));
  }
  if (!to_ok || !step_ok || step <= 0) PetscFunctionReturn(PETSC_SUCCESS);

  count = PetscFloorReal(PetscAbsReal(to - from) / step * (1 + 1e-9) + 1e-9) + 1;
  if (count > LEVELS_MAX) {
    PetscCall(NakDeckError(parser->deck, NakNodeFind(node, "step"),
                           "the staircase has %.9g levels, and %d are the most; take a larger "
                           "'step'",
                           (double)count, LEVELS_MAX));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  *levels    = (PetscInt)count;
  *increment = to < from ? -step : step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseStaircase(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakNode   node = NakNodeFind(map, kind->key);
  NakOp     hold;
  PetscReal from = 0, increment;
  PetscInt  levels, block, index;
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(NeedMap(parser, node,
                    "staircase: {from: 0.1 mA/cm^2, to: 1 mA/cm^2, step: 0.1 mA/cm^2, hold: 40 s}",
                    &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "from|to|step|hold|until"));
  PetscCall(NeedCurrent(parser, node, kind->key, "from", &from, &ok));
  PetscCall(ParseLevels(parser, node, kind->key, from, &increment, &levels));

  PetscCall(AddOp(parser, parent, BlockOf(kind->key, NAK_OP_STAIRCASE, levels), &block));
  PetscCall(ParseUntil(parser, NakNodeFind(node, "until"), block));
  PetscCall(ParseUntil(parser, NakNodeFind(map, "until"), block));
  hold           = HoldOf(kind->key, NAK_HOLD_CURRENT, from);
  hold.increment = increment;
  PetscCall(NeedTime(parser, node, kind->key, "hold", &hold.duration));
  PetscCall(ParseSpectra(parser, map, &hold.spectra));
  PetscCall(AddOp(parser, block, hold, &index));
  parser->program->ops[block].end = parser->program->n_ops;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParsePulses(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakNode   node = NakNodeFind(map, kind->key), count_node;
  NakOp     on, off = HoldOf("rest", NAK_HOLD_CURRENT, 0);
  PetscReal value = 0;
  PetscInt  count = 1, block, index;
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(
    NeedMap(parser, node, "pulses: {current: 1 mA/cm^2, on: 1 s, off: 5 s, count: 1000}", &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "current|on|off|count|until"));
  PetscCall(NeedCurrent(parser, node, kind->key, "current", &value, &ok));
  on = HoldOf(value < 0 ? "plate" : "strip", NAK_HOLD_CURRENT, value);
  PetscCall(NeedTime(parser, node, kind->key, "on", &on.duration));
  PetscCall(NeedTime(parser, node, kind->key, "off", &off.duration));
  PetscCall(Need(parser, node, kind->key, "count", "1000", &count_node));
  if (count_node != NULL) {
    PetscCall(NakDeckWhole(parser->deck, count_node, 1, COUNT_MAX, &count, &ok));
    if (!ok) count = 1;
  }

  PetscCall(AddOp(parser, parent, BlockOf(kind->key, NAK_OP_PULSES, count), &block));
  PetscCall(ParseUntil(parser, NakNodeFind(node, "until"), block));
  PetscCall(ParseUntil(parser, NakNodeFind(map, "until"), block));
  PetscCall(AddOp(parser, block, on, &index));
  PetscCall(AddOp(parser, block, off, &index));
  parser->program->ops[block].end = parser->program->n_ops;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A critical-current test, as its map says it. */
typedef struct {
  PetscReal from, to, step, factor; /* currents; step or factor is 0 */
  PetscReal charge, time;           /* of a half-cycle; one is 0 */
  PetscReal rest, pause;            /* after a half-cycle, after all at a current; 0 for none */
  PetscReal drop;                   /* of the voltage, which is failure; 0 for none */
  PetscInt  cycles;                 /* at a current */
  PetscBool spectra;                /* one after each current */
} Test;

/* One of two entries, which must be there alone. */
static PetscErrorCode NeedOneOf(Parser *parser, NakNode map, const char *a, const char *b,
                                NakNode found[2])
{
  PetscFunctionBeginUser;
  found[0] = NakNodeFind(map, a);
  found[1] = NakNodeFind(map, b);
  if ((found[0] == NULL) == (found[1] == NULL))
    PetscCall(NakDeckError(parser->deck, map, "'ccd' takes '%s' or '%s', one of them", a, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A quantity above 0, if the deck has it. */
static PetscErrorCode ParseAbove(Parser *parser, NakNode node, const char *unit, PetscReal least,
                                 PetscReal *value)
{
  PetscBool ok;

  PetscFunctionBeginUser;
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckQuantity(parser->deck, node, unit, least, PETSC_INFINITY, value, &ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadTest(Parser *parser, NakNode node, Test *t)
{
  const PetscReal   least = 1e-9, growth = 1.001;
  const NakNode     cycles = NakNodeFind(node, "cycles"), spectrum = NakNodeFind(node, "impedance");
  NakNode           larger[2], half[2];
  PetscBool         ok;
  const char *const ends[]     = {"from", "to"};
  PetscReal *const  currents[] = {&t->from, &t->to};

  PetscFunctionBeginUser;
  PetscCall(NakDeckKnownKeys(parser->deck, node,
                             "from|to|step|factor|charge|time|cycles|rest|pause|impedance|drop"));
  for (int k = 0; k < 2; k++) {
    NakNode end;

    PetscCall(Need(parser, node, "ccd", ends[k], "0.1 mA/cm^2", &end));
    PetscCall(ParseAbove(parser, end, "A/m^2", least, currents[k]));
  }
  PetscCall(NeedOneOf(parser, node, "step", "factor", larger));
  PetscCall(ParseAbove(parser, larger[0], "A/m^2", least, &t->step));
  PetscCall(ParseAbove(parser, larger[1], "1", growth, &t->factor));
  PetscCall(NeedOneOf(parser, node, "charge", "time", half));
  PetscCall(ParseAbove(parser, half[0], "C/m^2", least, &t->charge));
  PetscCall(ParseAbove(parser, half[1], "s", SHORTEST, &t->time));
  PetscCall(ParseAbove(parser, NakNodeFind(node, "rest"), "s", SHORTEST, &t->rest));
  PetscCall(ParseAbove(parser, NakNodeFind(node, "pause"), "s", SHORTEST, &t->pause));
  PetscCall(ParseAbove(parser, NakNodeFind(node, "drop"), "V", least, &t->drop));
  if (cycles != NULL) PetscCall(NakDeckWhole(parser->deck, cycles, 1, COUNT_MAX, &t->cycles, &ok));
  t->spectra = (PetscBool)(spectrum != NULL);
  if (t->spectra && !IsBlank(spectrum))
    PetscCall(NakDeckError(
      parser->deck, spectrum,
      "'impedance:' in a 'ccd' takes no value: it asks for a spectrum after each current"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddRest(Parser *parser, PetscInt block, PetscReal time)
{
  NakOp    rest = HoldOf("rest", NAK_HOLD_CURRENT, 0);
  PetscInt index;

  PetscFunctionBeginUser;
  rest.duration = time;
  if (time > 0) PetscCall(AddOp(parser, block, rest, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cycles at one current, the steps after them, and a spectrum. */
static PetscErrorCode AddCycles(Parser *parser, PetscInt block, const Test *t, PetscReal current)
{
  NakOp    spectrum = HoldOf("impedance", NAK_HOLD_CURRENT, 0);
  PetscInt cycles, index;

  PetscFunctionBeginUser;
  PetscCall(AddOp(parser, block, BlockOf("ccd", NAK_OP_PULSES, t->cycles), &cycles));
  for (int sign = 1; sign >= -1; sign -= 2) {
    NakOp half = HoldOf(sign > 0 ? "strip" : "plate", NAK_HOLD_CURRENT, sign * current);

    half.duration = t->time > 0 ? t->time : t->charge / current;
    PetscCall(AddOp(parser, cycles, half, &index));
    PetscCall(AddRest(parser, cycles, t->rest));
  }
  parser->program->ops[cycles].end = parser->program->n_ops;
  PetscCall(AddRest(parser, block, t->pause));
  spectrum.duration = spectrum.spectra = 0;
  if (t->spectra) PetscCall(AddOp(parser, block, spectrum, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Blocks like those of pulses, written out: one block for the whole, and in it one for each
   current. */
static PetscErrorCode ParseTest(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakProgram     *program = parser->program;
  const PetscInt  before = NakDeckErrorCount(parser->deck), most = 1000;
  const PetscReal rounding = 1e-9;
  NakNode         node     = NakNodeFind(map, kind->key);
  Test            t        = {.cycles = 1};
  NakCondition    drop;
  PetscInt        block, level = 0;
  PetscBool       ok;

  PetscFunctionBeginUser;
  PetscCall(NeedMap(parser, node,
                    "ccd: {from: 0.1 mA/cm^2, to: 1 mA/cm^2, step: 0.1 mA/cm^2, charge: 0.25 "
                    "mAh/cm^2, cycles: 3}",
                    &ok));
  if (ok && parent >= 0 && program->ops[parent].depth + 2 >= NAK_REPEATS_DEEP)
    PetscCall(NakDeckError(parser->deck, node, "a 'ccd' can stand inside of at most %d repeats",
                           NAK_REPEATS_DEEP - 2));
  if (ok) PetscCall(ReadTest(parser, node, &t));
  if (ok && t.from > t.to)
    PetscCall(NakDeckError(parser->deck, node,
                           "'ccd' goes from 'from' up to 'to', and 'to' is "
                           "the smaller one"));
  if (!ok || NakDeckErrorCount(parser->deck) > before) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AddOp(parser, parent, BlockOf(kind->key, NAK_OP_PULSES, 1), &block));
  PetscCall(ParseUntil(parser, NakNodeFind(map, "until"), block));
  if (t.drop > 0) {
    NakConditionSet(NAK_SIGNAL_VOLTAGE_DROP, '>', t.drop, "drop", &drop);
    PetscCall(KeepCondition(parser, &drop, block));
  }
  for (PetscReal current = t.from; current <= t.to * (1 + rounding) && level < most; level++) {
    PetscCall(AddCycles(parser, block, &t, current));
    current = t.factor > 0 ? current * t.factor : t.from + (PetscReal)(level + 1) * t.step;
  }
  if (level == most)
    PetscCall(NakDeckError(parser->deck, node,
                           "a 'ccd' has %" PetscInt_FMT " currents or more: take a larger 'step' "
                           "or 'factor'",
                           most));
  program->ops[block].end = program->n_ops;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseProfile(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakProgram *program = parser->program;
  NakNode     node    = NakNodeFind(map, kind->key);
  NakProfile  profile = {0};
  NakHold     held    = NAK_HOLD_CURRENT;
  NakOp       block   = BlockOf(kind->key, NAK_OP_PROFILE, 1), hold;
  PetscInt    index, row;
  PetscBool   ok;

  PetscFunctionBeginUser;
  PetscCall(NeedMap(
    parser, node, "profile: {file: cycler.csv, current: , positive: strips, between: steps}", &ok));
  if (ok) PetscCall(NakProfileRead(parser->deck, parser->limits, node, &profile, &held, &ok));
  if (ok) {
    PetscCall(GrowArray(program->n_profiles + 1, sizeof(NakProfile), &parser->profile_room,
                        &program->profiles));
    program->profiles[program->n_profiles++] = profile;
    block.count                              = profile.rows - 1;
    block.profile                            = program->n_profiles;
  }
  PetscCall(AddOp(parser, parent, block, &index));
  PetscCall(ParseUntil(parser, NakNodeFind(map, "until"), index));
  hold          = HoldOf(kind->key, held, 0);
  hold.duration = 0; /* that of a row */
  hold.profile  = block.profile;
  PetscCall(AddOp(parser, index, hold, &row));
  program->ops[index].end = program->n_ops;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An end of a ramp: a voltage or a current. */
static PetscErrorCode NeedEnd(Parser *parser, NakNode map, const char *key, NakHold *hold,
                              PetscReal *value, PetscBool *ok)
{
  char    message[NAK_TEXT_SIZE] = "";
  NakNode node;

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  PetscCall(Need(parser, map, "ramp", key, "1 mA/cm^2", &node));
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakUnitsConvert(NakNodeText(node), "V", value, message, sizeof message));
  *hold = message[0] == '\0' ? NAK_HOLD_VOLTAGE : NAK_HOLD_CURRENT;
  if (*hold == NAK_HOLD_CURRENT)
    PetscCall(NakDeckQuantity(parser->deck, node, "A/m^2", -CURRENT_MAX, CURRENT_MAX, value, ok));
  else
    PetscCall(NakDeckQuantity(parser->deck, node, "V", -VOLTAGE_MAX, VOLTAGE_MAX, value, ok));
  if (*ok && *hold == NAK_HOLD_VOLTAGE) PetscCall(CheckVoltage(parser, node, *value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseRamp(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakNode   node = NakNodeFind(map, kind->key), time = NakNodeFind(map, "for");
  NakHold   hold = NAK_HOLD_CURRENT, other = NAK_HOLD_CURRENT;
  PetscReal from = 0, to = 0;
  PetscBool ok, both;
  PetscInt  index;
  NakOp    *op;

  PetscFunctionBeginUser;
  PetscCall(NeedMap(parser, node, "ramp: {from: 0 mA/cm^2, to: 1 mA/cm^2}", &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "from|to"));
  PetscCall(NeedEnd(parser, node, "from", &hold, &from, &ok));
  PetscCall(NeedEnd(parser, node, "to", &other, &to, &both));
  if (ok && both && hold != other)
    PetscCall(NakDeckError(
      parser->deck, node,
      "a ramp is of a current or of a voltage: give 'from' and 'to' as the same quantity"));
  PetscCall(AddOp(parser, parent, HoldOf(kind->key, hold, from), &index));
  op = &parser->program->ops[index];
  if (time == NULL)
    PetscCall(NakDeckError(parser->deck, map,
                           "'ramp' needs its duration next to it, for instance 'for: 1 h'"));
  else
    PetscCall(ParseTime(parser, time, &op->duration));
  op->slope = (to - from) / op->duration;
  PetscCall(ParseUntil(parser, NakNodeFind(map, "until"), index));
  PetscCall(ParseSpectra(parser, map, &op->spectra));
  PetscCall(ParseTemperature(parser, map, op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseRepeat(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakProgram *program = parser->program;
  NakNode     node    = NakNodeFind(map, kind->key), steps;
  PetscInt    count   = 1, block;
  PetscBool   ok;

  PetscFunctionBeginUser;
  if (parent >= 0 && program->ops[parent].depth + 1 >= NAK_REPEATS_DEEP) {
    PetscCall(
      NakDeckError(parser->deck, node, "repeats can be nested at most %d deep", NAK_REPEATS_DEEP));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakDeckWhole(parser->deck, node, 1, COUNT_MAX, &count, &ok));
  if (!ok) count = 1;
  PetscCall(AddOp(parser, parent, BlockOf(kind->key, NAK_OP_REPEAT, count), &block));
  PetscCall(ParseUntil(parser, NakNodeFind(map, "until"), block));
  PetscCall(Need(parser, map, kind->key, "steps", "[{rest: 5 s}]", &steps));
  if (steps != NULL) PetscCall(ParseList(parser, steps, "steps", block));
  program->ops[block].end = program->n_ops;
  if (program->n_ops == block + 1) program->n_ops = block; /* a block is never empty */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `impedance:` as an item of its own: a hold without length. */
static PetscErrorCode ParseSpectrum(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakNode  node = NakNodeFind(map, kind->key);
  NakOp    hold = HoldOf(kind->key, NAK_HOLD_CURRENT, 0);
  PetscInt index;

  PetscFunctionBeginUser;
  if (!IsBlank(node))
    PetscCall(NakDeckError(
      parser->deck, node,
      "as a separate item, 'impedance:' takes no value; '{every: 35 s}' belongs to the item that "
      "is held meanwhile, and frequencies to the section 'impedance' of the deck"));
  hold.duration = 0;
  hold.spectra  = 0;
  PetscCall(AddOp(parser, parent, hold, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `temperature:` as an item of its own: a hold without length, too. */
static PetscErrorCode ParseSetting(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakNode  node = NakNodeFind(map, kind->key);
  NakOp    hold = HoldOf(kind->key, NAK_HOLD_CURRENT, 0);
  PetscInt index;

  PetscFunctionBeginUser;
  hold.duration = 0;
  if (NakNodeKindOf(node) == NAK_NODE_MAP)
    PetscCall(NakDeckError(parser->deck, node,
                           "a ramp of the temperature belongs to the item that is held meanwhile: "
                           "write '{rest: 50 min, temperature: {to: 0 degC, for: 50 min}}'"));
  else
    PetscCall(ParseKelvin(parser, node, &hold.to));
  PetscCall(AddOp(parser, parent, hold, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const Kind kinds[] = {
  {"strip",       "strip|for|until|impedance|temperature",   ParseCurrent  },
  {"plate",       "plate|for|until|impedance|temperature",   ParseCurrent  },
  {"current",     "current|for|until|impedance|temperature", ParseCurrent  },
  {"voltage",     "voltage|for|until|impedance|temperature", ParseVoltage  },
  {"rest",        "rest|for|until|impedance|temperature",    ParseRest     },
  {"staircase",   "staircase|until|impedance",               ParseStaircase},
  {"pulses",      "pulses|until",                            ParsePulses   },
  {"ccd",         "ccd|until",                               ParseTest     },
  {"profile",     "profile|until",                           ParseProfile  },
  {"ramp",        "ramp|for|until|impedance|temperature",    ParseRamp     },
  {"repeat",      "repeat|steps|until",                      ParseRepeat   },
  {"impedance",   "impedance",                               ParseSpectrum }, /* these last:
                                                                                 beside */
  {"temperature", "temperature",                             ParseSetting  }, /* another they are
                                                                                 none */
  {NULL,          NULL,                                      NULL          }
};
static const char every_key[] =
  "strip|plate|current|voltage|rest|staircase|pulses|ccd|profile|ramp|repeat|steps|for|"
  "until|impedance|temperature";

static PetscBool StandsBeside(const Kind *kind)
{
  return (PetscBool)(kind->parse == ParseSpectrum || kind->parse == ParseSetting);
}

/* ---- Lists of items ---- */

/* A map without a kind: either its name is misspelt, or it has only entries that belong beside
   one. */
static PetscErrorCode ComplainOfKind(Parser *parser, NakNode map)
{
  PetscBool foreign = PETSC_FALSE;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < NakNodeCount(map); k++) {
    const char *key;

    (void)NakNodeItem(map, k, &key);
    if (strcmp(key, "for") != 0 && strcmp(key, "until") != 0 && strcmp(key, "steps") != 0) {
      foreign = PETSC_TRUE;
    }
  }
  if (foreign) {
    PetscCall(NakDeckKnownKeys(parser->deck, map, every_key));
  } else {
    PetscCall(NakDeckError(
      parser->deck, map,
      "this item does not say what is held: it needs one of strip, plate, current, voltage, rest, "
      "staircase, pulses, ccd, profile, ramp, repeat, impedance, temperature"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A hold with conditions that cannot come true, or may not come true.  Stripping ends by a limit
   once the Na is gone. */
static PetscErrorCode CheckEnd(Parser *parser, const Kind *kind, NakNode map, PetscInt index)
{
  const NakOp          *op      = &parser->program->ops[index];
  const NakControl      held    = op->control;
  const NakReachability reached = NakHoldReachability(parser->program, index);
  const char           *what    = "the current and the direction of the charge stay as they are";

  PetscFunctionBeginUser;
  if (held.hold == NAK_HOLD_VOLTAGE) what = "the voltage stays as it is";
  if (held.hold == NAK_HOLD_CURRENT && held.value == 0)
    what = "no current flows and the capacity stays as it is";
  if (reached == NAK_NEVER)
    PetscCall(NakDeckError(parser->deck, map,
                           "nothing ends this '%s': while it lasts, %s, the temperature %s, and "
                           "'until' has no other condition; add 'for: 1 s'",
                           kind->key, what, op->ramp > 0 ? "goes its ramp" : "stays"));
  else if (reached == NAK_PERHAPS && !(held.hold == NAK_HOLD_CURRENT && held.value > 0))
    PetscCall(NakDeckWarn(
      parser->deck, map,
      "this '%s' never ends if none of its conditions comes true; add a 'for' to end it",
      kind->key));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseItem(Parser *parser, NakNode map, PetscInt parent)
{
  const Kind    *found  = NULL;
  const PetscInt before = NakDeckErrorCount(parser->deck), index = parser->program->n_ops;

  PetscFunctionBeginUser;
  if (NakNodeKindOf(map) != NAK_NODE_MAP) {
    PetscCall(NakDeckError(parser->deck, map,
                           "an item of the protocol must be a key with a value, for instance "
                           "'rest: 5 s' or '{strip: 1 mA/cm^2, for: 1 s}'"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (const Kind *kind = kinds; kind->key != NULL; kind++) {
    if (NakNodeFind(map, kind->key) == NULL) continue;
    if (found != NULL && StandsBeside(kind) && !StandsBeside(found)) continue;
    if (found != NULL) {
      PetscCall(NakDeckError(parser->deck, NakNodeFind(map, kind->key),
                             "this item is a '%s' already; begin '%s' as a separate item",
                             found->key, kind->key));
      PetscFunctionReturn(PETSC_SUCCESS);
    }
    found = kind;
  }
  if (found == NULL) {
    PetscCall(ComplainOfKind(parser, map));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakDeckKnownKeys(parser->deck, map, found->words));
  PetscCall(found->parse(parser, found, map, parent));
  if (NakDeckErrorCount(parser->deck) == before && parser->program->ops[index].kind == NAK_OP_HOLD)
    PetscCall(CheckEnd(parser, found, map, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseList(Parser *parser, NakNode list, const char *owner, PetscInt parent)
{
  PetscFunctionBeginUser;
  if (NakNodeKindOf(list) != NAK_NODE_LIST || NakNodeCount(list) == 0) {
    PetscCall(NakDeckError(parser->deck, list,
                           "'%s' must be a list with at least one item: begin each with '- '",
                           owner));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt k = 0; k < NakNodeCount(list); k++) {
    PetscCall(ParseItem(parser, NakNodeItem(list, k, NULL), parent));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The times things take ---- */

/* Longest time that the op takes, if it is known; its children are measured already. */
static PetscReal LengthOf(const NakProgram *program, const NakOp *op)
{
  const NakOp *child  = op + 1;
  PetscReal    length = op->duration;

  if (op->kind == NAK_OP_PROFILE)
    length = op->profile > 0 ? NakProfileLength(&program->profiles[op->profile - 1]) : 0;
  else if (op->kind != NAK_OP_HOLD)
    length = op->count * (child->length + child->after);
  for (PetscInt k = op->condition; k < op->condition + op->conditions; k++) {
    const NakCondition *condition = &program->conditions[k];

    if (condition->signal == NAK_SIGNAL_TIME) length = PetscMin(length, condition->bound);
  }
  return PetscMin(length, PETSC_INFINITY);
}

/* Go backwards, so that the contents of an op, and what follows it, come before it. */
static void Measure(NakProgram *program)
{
  for (PetscInt k = program->n_ops - 1; k >= 0; k--) {
    NakOp         *op = &program->ops[k], *next = program->ops + op->end;
    const PetscInt end = op->parent >= 0 ? program->ops[op->parent].end : program->n_ops;

    op->length = LengthOf(program, op);
    op->after  = op->end < end ? PetscMin(next->length + next->after, PETSC_INFINITY) : 0;
  }
}

PetscErrorCode NakProgramParse(NakDeck deck, const NakLimits *limits, NakProgram *program)
{
  Parser  parser = {.deck = deck, .limits = limits, .program = program};
  NakNode list   = NakDeckFind(deck, "protocol");

  PetscFunctionBeginUser;
  *program = (NakProgram){0};
  if (list == NULL) PetscFunctionReturn(PETSC_SUCCESS); /* NakDeckFill() says that it is missing */
  PetscCall(NakUnitsOpen());
  PetscCall(ParseList(&parser, list, "protocol", -1));
  PetscCall(NakUnitsClose());
  Measure(program);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgramFree(NakProgram *program)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(program->ops));
  PetscCall(PetscFree(program->conditions));
  for (PetscInt k = 0; k < program->n_profiles; k++)
    PetscCall(NakProfileFree(&program->profiles[k]));
  PetscCall(PetscFree(program->profiles));
  PetscFunctionReturn(PETSC_SUCCESS);
}
