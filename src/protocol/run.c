/* Walking the program: where the protocol stands, what ends the hold, what comes next. */
#include "protocol_impl.h"
#include <stdio.h>

/* What ended what. */
typedef struct {
  PetscInt            op;        /* the item that ended; -1 for the whole protocol */
  const NakCondition *condition; /* NULL if its time was up */
} Cause;

/* ---- Moving ---- */

/* To the first hold of `op`, through the blocks that begin there. */
static void Descend(NakProtocol protocol, PetscInt op)
{
  const NakOp *ops = protocol->program.ops;

  while (ops[op].kind != NAK_OP_HOLD) {
    protocol->at.blocks[ops[op].depth].turns = 0;
    op++;
  }
  protocol->at.op = op;
}

static void Finish(NakProtocol protocol, NakEnd end, const char *why)
{
  protocol->at.end = end;
  (void)snprintf(protocol->at.why, sizeof(protocol->at.why), "%s", why);
}

void NakProtocolRewind(NakProtocol protocol)
{
  protocol->at = (NakPosition){.end = NAK_END_NONE, .temperature = protocol->start};
  if (protocol->program.n_ops > 0) {
    Descend(protocol, 0);
  } else {
    Finish(protocol, NAK_END_DURATION, "there is nothing to do");
  }
}

/* Complete a turn of `block`.  Returns what ends the block with it, NAK_END_NONE if another turn
   follows. */
static NakEnd CompleteTurn(NakProtocol protocol, const NakOp *block, const NakRecord *now)
{
  NakPosition    *at     = &protocol->at;
  const PetscReal length = now->time - at->blocks[block->depth].turn_time;

  at->blocks[block->depth].turns++;
  if (at->blocks[block->depth].turns == block->count) return NAK_END_DURATION;
  if (length <= 0) return NAK_END_CONDITION; /* it would never end */
  at->turn_length = length;
  at->turn_end    = now->time;
  return NAK_END_NONE;
}

/* Continue after `op`, which ended by `end`.  Go to what follows in its block, to the block's next
   turn, or out of it. */
static void Advance(NakProtocol protocol, PetscInt op, NakEnd end, const char *why,
                    const NakRecord *now)
{
  const NakOp *ops   = protocol->program.ops;
  PetscInt     block = ops[op].parent;

  while (block >= 0 && ops[op].end == ops[block].end) {
    end = CompleteTurn(protocol, &ops[block], now);
    if (end == NAK_END_NONE) {
      Descend(protocol, block + 1);
      return;
    }
    why   = "a turn of the repeat took no time"; /* if it is a condition at all */
    op    = block;
    block = ops[op].parent;
  }
  if (ops[op].end < protocol->program.n_ops) {
    Descend(protocol, ops[op].end);
  } else {
    Finish(protocol, end, end == NAK_END_CONDITION ? why : "all steps are done");
  }
}

/* Record where the hold begins, and the blocks and turns that begin with it. */
static void Mark(NakProtocol protocol, const NakRecord *now)
{
  const NakOp  *ops = protocol->program.ops, *hold = &ops[protocol->at.op];
  const NakMark mark = {.time = now->time, .capacity = now->capacity};

  protocol->at.step_begin = mark;
  for (PetscInt block = hold->parent; block >= 0; block = ops[block].parent) {
    const PetscInt depth = ops[block].depth;

    if (protocol->at.op - block != hold->depth - depth) break; /* the hold is not its first */
    protocol->at.blocks[depth].turn_time        = now->time;
    protocol->at.blocks[depth].turn_temperature = protocol->at.temperature;
    if (protocol->at.blocks[depth].turns == 0) protocol->at.blocks[depth].begin = mark;
  }
}

/* ---- Judging ---- */

static const NakMark *BeginOf(NakProtocol protocol, PetscInt op)
{
  if (op == protocol->at.op) return &protocol->at.step_begin;
  return &protocol->at.blocks[protocol->program.ops[op].depth].begin;
}

/* The condition furthest past its bound, if it is further than `*overshoot`. */
static void Worst(const NakCondition *conditions, PetscInt count, const NakRecord *now,
                  const NakMark *since, PetscReal *overshoot, const NakCondition **which)
{
  for (PetscInt k = 0; k < count; k++) {
    const PetscReal past = NakConditionOvershoot(&conditions[k], now, since);

    if (past > *overshoot) {
      *overshoot = past;
      *which     = &conditions[k];
    }
  }
}

static void WorstOf(NakProtocol protocol, PetscInt op, const NakRecord *now, PetscReal *overshoot,
                    const NakCondition **which)
{
  const NakOp *item = &protocol->program.ops[op];

  NakMark since;

  if (item->conditions == 0) return;
  since      = *BeginOf(protocol, op);
  since.peak = protocol->at.step_begin.peak;
  Worst(&protocol->program.conditions[item->condition], item->conditions, now, &since, overshoot,
        which);
}

static void WorstLimit(NakProtocol protocol, const NakRecord *now, PetscReal *overshoot,
                       const NakCondition **which)
{
  Worst(protocol->limits, protocol->n_limits, now, &protocol->at.step_begin, overshoot, which);
}

/* When time alone ends the item, and after how long; `*which` is NULL for a hold's duration. */
static PetscReal TimeEnd(NakProtocol protocol, PetscInt op, PetscReal *span,
                         const NakCondition **which)
{
  const NakOp    *item  = &protocol->program.ops[op];
  const PetscReal begin = BeginOf(protocol, op)->time;
  PetscReal       end   = PETSC_INFINITY;
  PetscInt        row;

  *which = NULL;
  *span  = 0;
  if (item->kind == NAK_OP_HOLD && item->profile > 0) {
    const NakProfile *profile = NakTableAt(protocol, &row);

    *span = profile->time[row + 1] - profile->time[row];
    end   = BeginOf(protocol, item->parent)->time + profile->time[row + 1]; /* no sum of rows */
  } else if (item->kind == NAK_OP_HOLD && item->duration < PETSC_INFINITY) {
    *span = item->duration;
    end   = begin + item->duration;
  }
  for (PetscInt k = item->condition; k < item->condition + item->conditions; k++) {
    const NakCondition *condition = &protocol->program.conditions[k];
    const PetscBool     total     = (PetscBool)(condition->signal == NAK_SIGNAL_TOTAL_TIME);
    const PetscReal     candidate = condition->bound + (total ? 0 : begin);

    if (!NakSignalIsTime(condition->signal) || candidate >= end) continue;
    *which = condition;
    *span  = condition->bound;
    end    = candidate;
  }
  return end;
}

/* Whether the item is at its end, by a condition or by time. */
static PetscBool AtEnd(NakProtocol protocol, PetscInt op, const NakRecord *now,
                       const NakCondition **which)
{
  PetscReal overshoot = -PETSC_INFINITY, span, end;

  WorstOf(protocol, op, now, &overshoot, which);
  if (overshoot >= 0) return PETSC_TRUE;
  end = TimeEnd(protocol, op, &span, which);
  return (PetscBool)(now->time >= end - NAK_SAME_TIME * span);
}

/* What ended the hold: a limit before all else, then the outermost item that is at its end.  If
   nothing has quite come true, an event was located just before it; then it is the nearest
   condition. */
static Cause FindCause(NakProtocol protocol, const NakRecord *now)
{
  const NakOp        *ops       = protocol->program.ops;
  PetscReal           overshoot = -PETSC_INFINITY;
  const NakCondition *which     = NULL;
  Cause               cause     = {.op = -1}, nearest;
  PetscBool           found     = PETSC_FALSE;

  WorstLimit(protocol, now, &overshoot, &which);
  nearest = (Cause){.op = -1, .condition = which};
  if (overshoot >= 0) return nearest;
  for (PetscInt op = protocol->at.op; op >= 0; op = ops[op].parent) {
    const PetscReal before = overshoot;

    if (AtEnd(protocol, op, now, &which)) {
      cause = (Cause){.op = op, .condition = which};
      found = PETSC_TRUE;
    }
    WorstOf(protocol, op, now, &overshoot, &which);
    if (overshoot > before) nearest = (Cause){.op = op, .condition = which};
  }
  if (found) return cause;
  return nearest.condition != NULL ? nearest : (Cause){.op = protocol->at.op};
}

/* Whether the hold does not last its own time. */
static PetscBool IsEarly(NakProtocol protocol, const NakRecord *now)
{
  const NakCondition *which;
  PetscReal           span;
  const PetscReal     end = TimeEnd(protocol, protocol->at.op, &span, &which);

  return (PetscBool)(end < PETSC_INFINITY && now->time < end - NAK_SAME_TIME * span);
}

/* How the cause reads in the report of the hold. */
static NakEnd Describe(NakProtocol protocol, Cause cause, char reason[], size_t size)
{
  const NakOp *item = &protocol->program.ops[PetscMax(cause.op, 0)];
  const char  *text = cause.condition != NULL ? cause.condition->text : "duration";

  (void)snprintf(reason, size, "%s", text);
  if (cause.condition == NULL) return NAK_END_DURATION;
  if (cause.op < 0) {
    return cause.condition->signal == NAK_SIGNAL_FILAMENT ? NAK_END_SHORT : NAK_END_LIMIT;
  }
  if (item->kind == NAK_OP_HOLD || item->kind == NAK_OP_STAIRCASE || item->kind == NAK_OP_PROFILE)
    return NAK_END_CONDITION;
  (void)snprintf(reason, size, "%s (of the %s)", text, item->word);
  return NAK_END_OUTER;
}

/* ---- The contract ---- */

PetscBool NakProtocolDone(NakProtocol protocol)
{
  return (PetscBool)(protocol->at.end != NAK_END_NONE);
}

NakEnd NakProtocolEnd(NakProtocol protocol, const char **why)
{
  *why = protocol->at.why;
  return protocol->at.end;
}

void NakProtocolSetEnd(NakProtocol protocol)
{
  const NakOp *ops = protocol->program.ops;

  protocol->at.end_time = PETSC_INFINITY;
  for (PetscInt op = protocol->at.op; op >= 0; op = ops[op].parent) {
    const NakCondition *which;
    PetscReal           span;

    protocol->at.end_time = PetscMin(protocol->at.end_time, TimeEnd(protocol, op, &span, &which));
  }
  protocol->at.end_time = PetscMax(protocol->at.end_time, protocol->at.step_begin.time);
}

PetscErrorCode NakProtocolEnter(NakProtocol protocol, const NakRecord *now)
{
  const NakControl control = NakControlOf(protocol);

  PetscFunctionBeginUser;
  PetscCheck(!NakProtocolDone(protocol) && !protocol->at.entered, PETSC_COMM_SELF,
             PETSC_ERR_ARG_WRONGSTATE,
             "leave the current step first, or stop: the protocol is done");
  Mark(protocol, now);
  protocol->at.entered = PETSC_TRUE;
  NakTemperatureEnter(protocol);
  NakProtocolSetEnd(protocol);
  PetscCall(NakReportOpen(protocol, &control, now));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolControl(NakProtocol protocol, NakControl *control, PetscReal *end_time)
{
  PetscFunctionBeginUser;
  PetscCheck(protocol->at.entered, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE,
             "enter the step first");
  *control  = NakControlOf(protocol);
  *end_time = protocol->at.end_time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakProtocolSpectra(NakProtocol protocol)
{
  return protocol->program.ops[protocol->at.op].spectra;
}

PetscBool NakProtocolHasSpectra(NakProtocol protocol)
{
  const NakProgram *program = &protocol->program;

  for (PetscInt k = 0; k < program->n_ops; k++) {
    const NakOp *op = &program->ops[k];

    if (op->kind == NAK_OP_HOLD && op->spectra < PETSC_INFINITY) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* The innermost repeat or pulses around the hold, -1 without one; staircases and profiles are
   neither. */
static PetscInt RepeatAround(NakProtocol protocol)
{
  const NakOp *ops   = protocol->program.ops;
  PetscInt     block = ops[protocol->at.op].parent;

  if (block >= 0 && (ops[block].kind == NAK_OP_STAIRCASE || ops[block].kind == NAK_OP_PROFILE))
    block = ops[block].parent;
  return block;
}

PetscErrorCode NakProtocolWhere(NakProtocol protocol, PetscInt *step, PetscInt *cycle)
{
  const NakOp *ops = protocol->program.ops;
  PetscInt     block;

  PetscFunctionBeginUser;
  *step  = 0;
  *cycle = 0;
  if (protocol->program.n_ops == 0) PetscFunctionReturn(PETSC_SUCCESS);
  *step = ops[protocol->at.op].step;
  block = RepeatAround(protocol);
  if (block >= 0) *cycle = protocol->at.blocks[ops[block].depth].turns;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolJudge(NakProtocol protocol, const NakRecord *now, PetscReal *overshoot)
{
  const NakOp        *ops = protocol->program.ops;
  const NakCondition *which;

  PetscFunctionBeginUser;
  PetscCheck(protocol->at.entered, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE,
             "enter the step first");
  *overshoot = -PETSC_INFINITY;
  WorstLimit(protocol, now, overshoot, &which);
  for (PetscInt op = protocol->at.op; op >= 0; op = ops[op].parent) {
    WorstOf(protocol, op, now, overshoot, &which);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolLeave(NakProtocol protocol, const NakRecord *now, NakEnd forced,
                                const char *why)
{
  char   reason[NAK_REASON_SIZE];
  Cause  cause = {.op = -1};
  NakEnd end   = forced;

  PetscFunctionBeginUser;
  PetscCheck(!NakProtocolDone(protocol), PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE,
             "the protocol is done");
  PetscCheck(protocol->at.entered || forced != NAK_END_NONE, PETSC_COMM_SELF,
             PETSC_ERR_ARG_WRONGSTATE, "enter the step first");
  (void)snprintf(reason, sizeof(reason), "%s", why != NULL ? why : "");
  if (forced == NAK_END_NONE) {
    cause = FindCause(protocol, now);
    end   = Describe(protocol, cause, reason, sizeof(reason));
  }
  if (protocol->at.entered) {
    const PetscBool early = (PetscBool)(forced == NAK_END_NONE && IsEarly(protocol, now));

    PetscCall(NakReportClose(protocol, now, end, reason, early));
    NakAnswersClose(protocol, now, end, cause.op);
  }
  NakTemperatureLeave(protocol, now->time);
  protocol->at.entered = PETSC_FALSE;
  if (cause.op < 0) {
    Finish(protocol, end, reason);
  } else {
    Advance(protocol, cause.op, cause.condition != NULL ? NAK_END_CONDITION : NAK_END_DURATION,
            reason, now);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Cycle jumping ---- */

/* The block whose turns may be skipped at the present place, -1 without one. */
static PetscInt Skippable(NakProtocol protocol)
{
  const NakOp   *ops = protocol->program.ops;
  const PetscInt op  = protocol->at.op;
  PetscInt       block;

  if (NakProtocolDone(protocol) || protocol->at.entered) return -1;
  block = ops[op].parent;
  if (block < 0 || op != block + 1 || block != RepeatAround(protocol)) return -1;
  for (PetscInt k = op; k < ops[block].end; k++) {
    if (ops[k].kind != NAK_OP_HOLD) return -1;
  }
  return protocol->at.blocks[ops[block].depth].turns > 0 ? block : -1;
}

/* How many turns, as long as the last one, fit before time ends the block or one around it. */
static PetscReal TurnsInTime(NakProtocol protocol, PetscInt block)
{
  const NakOp        *ops = protocol->program.ops;
  const NakCondition *which;
  PetscReal           end = PETSC_INFINITY, span;

  for (PetscInt op = block; op >= 0; op = ops[op].parent) {
    end = PetscMin(end, TimeEnd(protocol, op, &span, &which));
  }
  return PetscFloorReal((end - protocol->at.turn_end) / protocol->at.turn_length);
}

PetscErrorCode NakProtocolTurns(NakProtocol protocol, PetscInt *turns, PetscInt *left)
{
  const PetscInt block = Skippable(protocol);

  PetscFunctionBeginUser;
  *turns = 0;
  *left  = 0;
  if (block >= 0) {
    const NakOp *item = &protocol->program.ops[block];

    *turns = protocol->at.blocks[item->depth].turns;
    *left  = item->count - *turns - 1;
    *left  = (PetscInt)PetscMin((PetscReal)*left, PetscMax(TurnsInTime(protocol, block) - 1, 0));
    if (!NakTemperatureReturns(protocol, block)) *left = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolSkip(NakProtocol protocol, PetscInt turns, PetscReal charge)
{
  const PetscInt block = Skippable(protocol);
  PetscInt       done, left;

  PetscFunctionBeginUser;
  PetscCall(NakProtocolTurns(protocol, &done, &left));
  PetscCheck(turns >= 0 && turns <= left, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "%" PetscInt_FMT " turns to skip, and %" PetscInt_FMT " can be", turns, left);
  if (turns == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakReportSkip(protocol, block, turns, charge));
  NakAnswersSkip(protocol, block, charge);
  protocol->at.blocks[protocol->program.ops[block].depth].turns += turns;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Time that the rows after the current one take. */
static PetscReal RowsLeft(NakProtocol protocol)
{
  PetscInt                row;
  const NakProfile *const profile = NakTableAt(protocol, &row);

  if (profile == NULL) return 0; /* in a deck with errors */
  return NakProfileLength(profile) - profile->time[row + 1];
}

PetscReal NakProtocolTimeLeft(NakProtocol protocol, PetscReal time)
{
  const NakOp        *ops = protocol->program.ops, *hold;
  const NakCondition *which;
  PetscReal           left, span;

  if (NakProtocolDone(protocol)) return 0;
  hold = &ops[protocol->at.op];
  left = hold->length;
  if (protocol->at.entered) left = TimeEnd(protocol, protocol->at.op, &span, &which) - time;
  left += hold->after;
  for (PetscInt block = hold->parent; block >= 0; block = ops[block].parent) {
    const NakOp   *item = &ops[block], *child = item + 1;
    const PetscInt turns = item->count - protocol->at.blocks[item->depth].turns - 1;

    if (item->kind == NAK_OP_PROFILE)
      left += RowsLeft(protocol);
    else
      left += turns * (child->length + child->after);
    if (protocol->at.entered) {
      left = PetscMin(left, TimeEnd(protocol, block, &span, &which) - time);
    }
    left += item->after;
  }
  return left < PETSC_INFINITY / 2 ? PetscMax(left, 0) : PETSC_INFINITY;
}
