/* From the deck's tree to a program: ops in depth-first order, then the times they take. */
#include "protocol_impl.h"
#include <nakfield/units.h>
#include <stdio.h>
#include <string.h>

#define SHORTEST    1e-9       /* duration that can be asked for [s] */
#define CURRENT_MAX 1e7        /* [A/m2] */
#define VOLTAGE_MAX 100        /* [V] */
#define LEVELS_MAX  100000     /* of a staircase */
#define COUNT_MAX   2000000000 /* of turns */

typedef struct {
  NakDeck          deck;
  const NakLimits *limits;
  NakProgram      *program;
  PetscInt         op_room, condition_room;
} Parser;

/* A kind of item: what it is called, what may stand beside it, who reads it. */
typedef struct Kind_s Kind;
struct Kind_s {
  const char *key;
  const char *words; /* of the item's map */
  PetscErrorCode (*parse)(Parser *parser, const Kind *kind, NakNode map, PetscInt parent);
};

static PetscErrorCode ParseList(Parser *parser, NakNode list, const char *owner, PetscInt parent);

/* ---- Growing the program ---- */

static PetscErrorCode Grow(PetscInt needed, size_t size, PetscInt *room, void *array)
{
  PetscFunctionBeginUser;
  if (needed <= *room) PetscFunctionReturn(PETSC_SUCCESS);
  *room = PetscMax(64, 2 * needed);
  PetscCall(PetscRealloc((size_t)*room * size, (void **)array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Append an op that is filled but for its place; `*index` is where it went. */
static PetscErrorCode AddOp(Parser *parser, PetscInt parent, NakOp op, PetscInt *index)
{
  NakProgram *program = parser->program;
  PetscInt    levels  = 1;

  PetscFunctionBeginUser;
  *index = program->n_ops;
  PetscCall(Grow(program->n_ops + 1, sizeof(NakOp), &parser->op_room, &program->ops));
  op.parent     = parent;
  op.depth      = parent >= 0 ? program->ops[parent].depth + 1 : 0;
  op.end        = *index + 1;
  op.condition  = program->n_conditions;
  op.conditions = 0;
  if (op.kind == NAK_OP_HOLD) {
    if (parent >= 0 && program->ops[parent].kind == NAK_OP_STAIRCASE) {
      levels = program->ops[parent].count;
    }
    op.leaf          = program->n_leaves++;
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

static PetscErrorCode AddCondition(Parser *parser, NakNode node, PetscInt index)
{
  NakProgram  *program = parser->program;
  NakCondition condition;
  PetscBool    ok;

  PetscFunctionBeginUser;
  PetscCall(NakConditionParse(parser->deck, node, &condition, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  if (program->ops[index].kind == NAK_OP_HOLD && condition.signal == NAK_SIGNAL_TIME) {
    program->ops[index].duration = PetscMin(program->ops[index].duration, condition.bound);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(Grow(program->n_conditions + 1, sizeof(NakCondition), &parser->condition_room,
                 &program->conditions));
  program->conditions[program->n_conditions++] = condition;
  program->ops[index].conditions++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `until: CONDITION` or `until: [CONDITION, ...]`; NULL where the deck has none. */
static PetscErrorCode ParseUntil(Parser *parser, NakNode until, PetscInt index)
{
  PetscFunctionBeginUser;
  if (until == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (NakNodeKindOf(until) != NAK_NODE_LIST) {
    PetscCall(AddCondition(parser, until, index));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (NakNodeCount(until) == 0) {
    PetscCall(NakDeckComplain(parser->deck, until,
                              "'until' is empty; give it a condition or leave it out"));
  }
  for (PetscInt k = 0; k < NakNodeCount(until); k++) {
    PetscCall(AddCondition(parser, NakNodeItem(until, k, NULL), index));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Entries of items ---- */

/* The entry `key` of a map that needs it; NULL and a mistake where it is missing. */
static PetscErrorCode Need(Parser *parser, NakNode map, const char *owner, const char *key,
                           const char *example, NakNode *node)
{
  PetscFunctionBeginUser;
  *node = NakNodeFind(map, key);
  if (*node == NULL) {
    PetscCall(NakDeckComplain(parser->deck, map, "'%s' needs '%s', for instance '%s: %s'", owner,
                              key, key, example));
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
  PetscCall(NakDeckQuantity(parser->deck, node, "s", SHORTEST, PETSC_INFINITY, &value, &ok));
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

/* Whether the entry under the item's own key is a map, as staircases and pulses want it. */
static PetscErrorCode NeedMap(Parser *parser, NakNode node, const char *example, PetscBool *ok)
{
  PetscFunctionBeginUser;
  *ok = (PetscBool)(NakNodeKindOf(node) == NAK_NODE_MAP);
  if (!*ok) PetscCall(NakDeckComplain(parser->deck, node, "write it as '%s'", example));
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

/* What ends a hold: the time `time` (NULL for none), and `until`. */
static PetscErrorCode ParseEnds(Parser *parser, const Kind *kind, NakNode map, NakNode time,
                                PetscInt index)
{
  NakNode until = NakNodeFind(map, "until");

  PetscFunctionBeginUser;
  if (time == NULL && until == NULL) {
    PetscCall(NakDeckComplain(parser->deck, map,
                              "nothing ends this '%s'; give it 'for: 1 s', 'until: voltage > 3 V', "
                              "or both",
                              kind->key));
  }
  if (time != NULL) PetscCall(ParseTime(parser, time, &parser->program->ops[index].duration));
  PetscCall(ParseUntil(parser, until, index));
  PetscCall(ParseSpectra(parser, map, &parser->program->ops[index].spectra));
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
    PetscCall(NakDeckComplain(parser->deck, NakNodeFind(map, kind->key),
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
  PetscCall(NakDeckComplain(parser->deck, node,
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
      PetscCall(NakDeckComplain(parser->deck, time,
                                "'rest: %s' says how long already; leave out 'for'",
                                NakNodeText(value)));
    }
    time = value;
  }
  PetscCall(AddOp(parser, parent, HoldOf(kind->key, NAK_HOLD_CURRENT, 0), &index));
  PetscCall(ParseEnds(parser, kind, map, time, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The step as a magnitude, and the levels that fit between `from` and `to`, both included. */
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
    PetscCall(NakDeckComplain(parser->deck, NakNodeFind(node, "step"),
                              "the staircase never arrives: 'step' is a magnitude above 0, and the "
                              "direction follows from 'from' and 'to'"));
  }
  if (!to_ok || !step_ok || step <= 0) PetscFunctionReturn(PETSC_SUCCESS);

  count = PetscFloorReal(PetscAbsReal(to - from) / step * (1 + 1e-9) + 1e-9) + 1;
  if (count > LEVELS_MAX) {
    PetscCall(NakDeckComplain(parser->deck, NakNodeFind(node, "step"),
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

static PetscErrorCode ParseRepeat(Parser *parser, const Kind *kind, NakNode map, PetscInt parent)
{
  NakProgram *program = parser->program;
  NakNode     node    = NakNodeFind(map, kind->key), steps;
  PetscInt    count   = 1, block;
  PetscBool   ok;

  PetscFunctionBeginUser;
  if (parent >= 0 && program->ops[parent].depth + 1 >= NAK_REPEATS_DEEP) {
    PetscCall(NakDeckComplain(parser->deck, node,
                              "repeats stand inside each other to a depth of %d, no deeper",
                              NAK_REPEATS_DEEP));
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
    PetscCall(NakDeckComplain(parser->deck, node,
                              "an item of its own is a bare 'impedance:'; '{every: 35 s}' stands "
                              "beside what is held meanwhile, and frequencies in the section "
                              "'impedance' of the deck"));
  hold.duration = 0;
  hold.spectra  = 0;
  PetscCall(AddOp(parser, parent, hold, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const Kind kinds[] = {
  {"strip",     "strip|for|until|impedance",   ParseCurrent  },
  {"plate",     "plate|for|until|impedance",   ParseCurrent  },
  {"current",   "current|for|until|impedance", ParseCurrent  },
  {"voltage",   "voltage|for|until|impedance", ParseVoltage  },
  {"rest",      "rest|for|until|impedance",    ParseRest     },
  {"staircase", "staircase|until|impedance",   ParseStaircase},
  {"pulses",    "pulses|until",                ParsePulses   },
  {"repeat",    "repeat|steps|until",          ParseRepeat   },
  {"impedance", "impedance",                   ParseSpectrum }, /* last: beside another kind it is none */
  {NULL,        NULL,                          NULL          }
};
static const char every_key[] =
  "strip|plate|current|voltage|rest|staircase|pulses|repeat|steps|for|"
  "until|impedance";

/* ---- Lists of items ---- */

/* A map without a kind: a misspelt one, or only what belongs beside it. */
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
    PetscCall(NakDeckComplain(parser->deck, map,
                              "what is held? an item has one of strip, plate, current, voltage, "
                              "rest, staircase, pulses, repeat, impedance"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A hold whose conditions cannot come true, or may not: stripping ends by a limit once the Na is gone. */
static PetscErrorCode CheckEnd(Parser *parser, const Kind *kind, NakNode map, PetscInt index)
{
  const NakControl  held     = parser->program->ops[index].control;
  const NakProspect prospect = NakHoldProspect(parser->program, index);
  const char       *what     = "the current and the direction of the charge stay as they are";

  PetscFunctionBeginUser;
  if (held.hold == NAK_HOLD_VOLTAGE) what = "the voltage stays as it is";
  if (held.hold == NAK_HOLD_CURRENT && held.value == 0)
    what = "no current flows and the capacity stays as it is";
  if (prospect == NAK_NEVER)
    PetscCall(NakDeckComplain(parser->deck, map,
                              "nothing ends this '%s': while it lasts, %s, and 'until' asks for "
                              "nothing else; give it 'for: 1 s', too",
                              kind->key, what));
  else if (prospect == NAK_PERHAPS && !(held.hold == NAK_HOLD_CURRENT && held.value > 0))
    PetscCall(
      NakDeckWarn(parser->deck, map,
                  "this '%s' goes on for ever if none of its conditions comes true; a 'for' "
                  "beside 'until' would end it",
                  kind->key));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseItem(Parser *parser, NakNode map, PetscInt parent)
{
  const Kind    *found  = NULL;
  const PetscInt before = NakDeckMistakes(parser->deck), index = parser->program->n_ops;

  PetscFunctionBeginUser;
  if (NakNodeKindOf(map) != NAK_NODE_MAP) {
    PetscCall(NakDeckComplain(parser->deck, map,
                              "an item of the protocol is a key with a value, for instance "
                              "'rest: 5 s' or '{strip: 1 mA/cm^2, for: 1 s}'"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (const Kind *kind = kinds; kind->key != NULL; kind++) {
    if (NakNodeFind(map, kind->key) == NULL) continue;
    if (found != NULL && kind->parse == ParseSpectrum) continue;
    if (found != NULL) {
      PetscCall(NakDeckComplain(parser->deck, NakNodeFind(map, kind->key),
                                "this item is a '%s' already; begin '%s' as an item of its own",
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
  if (NakDeckMistakes(parser->deck) == before && parser->program->ops[index].kind == NAK_OP_HOLD)
    PetscCall(CheckEnd(parser, found, map, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseList(Parser *parser, NakNode list, const char *owner, PetscInt parent)
{
  PetscFunctionBeginUser;
  if (NakNodeKindOf(list) != NAK_NODE_LIST || NakNodeCount(list) == 0) {
    PetscCall(NakDeckComplain(
      parser->deck, list, "'%s' is a list with at least one item: begin each with '- '", owner));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt k = 0; k < NakNodeCount(list); k++) {
    PetscCall(ParseItem(parser, NakNodeItem(list, k, NULL), parent));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The times things take ---- */

/* Time that the op takes at most, where it is known; its children are measured already. */
static PetscReal LengthOf(const NakProgram *program, const NakOp *op)
{
  const NakOp *child  = op + 1;
  PetscReal    length = op->duration;

  if (op->kind != NAK_OP_HOLD) length = op->count * (child->length + child->after);
  for (PetscInt k = op->condition; k < op->condition + op->conditions; k++) {
    const NakCondition *condition = &program->conditions[k];

    if (condition->signal == NAK_SIGNAL_TIME) length = PetscMin(length, condition->bound);
  }
  return PetscMin(length, PETSC_INFINITY);
}

/* Backwards, so that what an op holds and what follows it come before it. */
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
  PetscFunctionReturn(PETSC_SUCCESS);
}
