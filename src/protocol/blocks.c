/* Items that are blocks of others: staircase, pulses, profile, repeat. */
#include "items.h"

#define LEVELS_MAX 100000 /* of a staircase */

/* The step as a magnitude, and the number of levels that fit between `from` and `to`, both
   included. */
static PetscErrorCode ParseLevels(NakParser *parser, NakNode node, const char *owner,
                                  PetscReal from, PetscReal *increment, PetscInt *levels)
{
  PetscReal to = from, step = 0, count;
  PetscBool to_ok, step_ok;

  PetscFunctionBeginUser;
  *levels    = 1;
  *increment = 0;
  PetscCall(NakNeedCurrent(parser, node, owner, "to", &to, &to_ok));
  PetscCall(NakNeedCurrent(parser, node, owner, "step", &step, &step_ok));
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

PetscErrorCode NakParseStaircase(NakParser *parser, const NakItemKind *kind, NakNode map,
                                 PetscInt parent)
{
  NakNode   node = NakNodeFind(map, kind->key);
  NakOp     hold;
  PetscReal from = 0, increment;
  PetscInt  levels, block, index;
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(NakNeedMap(
    parser, node, "staircase: {from: 0.1 mA/cm^2, to: 1 mA/cm^2, step: 0.1 mA/cm^2, hold: 40 s}",
    &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "from|to|step|hold|until"));
  PetscCall(NakNeedCurrent(parser, node, kind->key, "from", &from, &ok));
  PetscCall(ParseLevels(parser, node, kind->key, from, &increment, &levels));

  PetscCall(NakProgramAdd(parser->program, parent, NakOpBlock(kind->key, NAK_OP_STAIRCASE, levels),
                          &block));
  PetscCall(NakParseUntil(parser, NakNodeFind(node, "until"), block));
  PetscCall(NakParseUntil(parser, NakNodeFind(map, "until"), block));
  hold           = NakOpHold(kind->key, NAK_HOLD_CURRENT, from);
  hold.increment = increment;
  PetscCall(NakNeedTime(parser, node, kind->key, "hold", &hold.duration));
  PetscCall(NakParseSpectra(parser, map, &hold));
  PetscCall(NakProgramAdd(parser->program, block, hold, &index));
  NakProgramClose(parser->program, block);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParsePulses(NakParser *parser, const NakItemKind *kind, NakNode map,
                              PetscInt parent)
{
  NakNode   node = NakNodeFind(map, kind->key), count_node;
  NakOp     on, off = NakOpHold("rest", NAK_HOLD_CURRENT, 0);
  PetscReal value = 0;
  PetscInt  count = 1, block, index;
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(
    NakNeedMap(parser, node, "pulses: {current: 1 mA/cm^2, on: 1 s, off: 5 s, count: 1000}", &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "current|on|off|count|until"));
  PetscCall(NakNeedCurrent(parser, node, kind->key, "current", &value, &ok));
  on = NakOpHold(value < 0 ? "plate" : "strip", NAK_HOLD_CURRENT, value);
  PetscCall(NakNeedTime(parser, node, kind->key, "on", &on.duration));
  PetscCall(NakNeedTime(parser, node, kind->key, "off", &off.duration));
  PetscCall(NakNeedEntry(parser, node, kind->key, "count", "1000", &count_node));
  if (count_node != NULL) {
    PetscCall(NakDeckWhole(parser->deck, count_node, 1, NAK_TURNS_MAX, &count, &ok));
    if (!ok) count = 1;
  }

  PetscCall(
    NakProgramAdd(parser->program, parent, NakOpBlock(kind->key, NAK_OP_PULSES, count), &block));
  PetscCall(NakParseUntil(parser, NakNodeFind(node, "until"), block));
  PetscCall(NakParseUntil(parser, NakNodeFind(map, "until"), block));
  PetscCall(NakProgramAdd(parser->program, block, on, &index));
  PetscCall(NakProgramAdd(parser->program, block, off, &index));
  NakProgramClose(parser->program, block);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseProfile(NakParser *parser, const NakItemKind *kind, NakNode map,
                               PetscInt parent)
{
  NakProgram *program = parser->program;
  NakNode     node    = NakNodeFind(map, kind->key);
  NakProfile  profile = {0};
  NakHold     held    = NAK_HOLD_CURRENT;
  NakOp       block   = NakOpBlock(kind->key, NAK_OP_PROFILE, 1), hold;
  PetscInt    index, row;
  PetscBool   ok;

  PetscFunctionBeginUser;
  PetscCall(NakNeedMap(
    parser, node, "profile: {file: cycler.csv, current: , positive: strips, between: steps}", &ok));
  if (ok) PetscCall(NakProfileRead(parser->deck, parser->limits, node, &profile, &held, &ok));
  if (ok) {
    PetscCall(NakProgramAddProfile(program, &profile));
    block.count   = profile.rows - 1;
    block.profile = program->n_profiles;
  }
  PetscCall(NakProgramAdd(parser->program, parent, block, &index));
  PetscCall(NakParseUntil(parser, NakNodeFind(map, "until"), index));
  hold          = NakOpHold(kind->key, held, 0);
  hold.duration = 0; /* that of a row */
  hold.profile  = block.profile;
  PetscCall(NakProgramAdd(parser->program, index, hold, &row));
  NakProgramClose(program, index);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseRepeat(NakParser *parser, const NakItemKind *kind, NakNode map,
                              PetscInt parent)
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
  PetscCall(NakDeckWhole(parser->deck, node, 1, NAK_TURNS_MAX, &count, &ok));
  if (!ok) count = 1;
  PetscCall(
    NakProgramAdd(parser->program, parent, NakOpBlock(kind->key, NAK_OP_REPEAT, count), &block));
  PetscCall(NakParseUntil(parser, NakNodeFind(map, "until"), block));
  PetscCall(NakNeedEntry(parser, map, kind->key, "steps", "[{rest: 5 s}]", &steps));
  if (steps != NULL) PetscCall(NakParseList(parser, steps, "steps", block));
  NakProgramClose(program, block);
  if (program->n_ops == block + 1) program->n_ops = block; /* a block is never empty */
  PetscFunctionReturn(PETSC_SUCCESS);
}
