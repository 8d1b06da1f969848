/* The results that tests are made for: currents that failed, charges of half-cycles; the contract
   is in nakfield/protocol.h. */
#include "protocol_impl.h"

#include <string.h>

#define NOTHING 1e-6 /* charge of a rest, by rounding [C/m2] */

static void AddHalfCycle(NakAnswers *answers, PetscReal start, PetscReal stop, PetscReal charge)
{
  NakHalfCycle *last =
    answers->n_half_cycles > 0 ? &answers->half_cycles[answers->n_half_cycles - 1] : NULL;

  if (PetscAbsReal(charge) < NOTHING) return;
  if (last != NULL && (last->charge > 0) == (charge > 0)) {
    last->stop = stop;
    last->charge += charge;
  } else if (answers->n_half_cycles < NAK_HALF_CYCLES) {
    answers->half_cycles[answers->n_half_cycles++] = (NakHalfCycle){start, stop, charge};
  }
}

/* The outermost block of the critical-current test around the current hold, or -1. */
static PetscInt TestAround(NakProtocol protocol)
{
  const NakOp *ops  = protocol->program.ops;
  PetscInt     test = -1;

  for (PetscInt op = ops[protocol->at.op].parent; op >= 0; op = ops[op].parent)
    if (strcmp(ops[op].word, "ccd") == 0) test = op;
  return test;
}

/* A level of a critical-current test is passed when the last step of its cycles is done. */
static void CloseTest(NakProtocol protocol, PetscInt test, PetscBool failed, NakEnd end)
{
  const NakOp *ops = protocol->program.ops, *hold = &ops[protocol->at.op];
  const NakOp *cycles  = &ops[hold->parent];
  NakAnswers  *answers = &protocol->answers;

  if (hold->control.value != 0) answers->level = PetscAbsReal(hold->control.value);
  if (failed && answers->critical == 0) answers->critical = answers->level;
  if (end != NAK_END_DURATION || hold->parent == test || hold->end != cycles->end) return;
  if (protocol->at.blocks[cycles->depth].turns == cycles->count - 1)
    answers->passed = PetscMax(answers->passed, answers->level);
}

void NakAnswersClose(NakProtocol protocol, const NakRecord *now, NakEnd end, PetscInt op)
{
  const NakOp    *ops    = protocol->program.ops;
  const PetscInt  around = ops[protocol->at.op].parent, test = TestAround(protocol);
  const NakMark   begin   = protocol->at.step_begin;
  const PetscBool limited = (PetscBool)(end == NAK_END_LIMIT || end == NAK_END_SHORT);
  const PetscBool failed = (PetscBool)(limited || end == NAK_END_CONDITION || end == NAK_END_OUTER);
  NakAnswers     *answers = &protocol->answers;

  AddHalfCycle(answers, begin.time, now->time, now->capacity - begin.capacity);
  if (around >= 0 && ops[around].kind == NAK_OP_STAIRCASE && answers->collapse == 0 && failed &&
      (limited || op == around))
    answers->collapse = NakProtocolHeld(protocol, now->time).value;
  if (test >= 0) CloseTest(protocol, test, (PetscBool)(failed && (limited || op >= test)), end);
}

void NakAnswersSkip(NakProtocol protocol, PetscInt block, PetscReal charge)
{
  const NakOp *ops     = protocol->program.ops;
  NakAnswers  *answers = &protocol->answers;

  for (PetscInt k = block + 1; k < ops[block].end; k++)
    if (ops[k].control.hold != NAK_HOLD_CURRENT || ops[k].control.value * charge < 0) return;
  if (answers->n_half_cycles > 0)
    AddHalfCycle(answers, 0, answers->half_cycles[answers->n_half_cycles - 1].stop, charge);
}

const NakAnswers *NakProtocolAnswers(NakProtocol protocol)
{
  return &protocol->answers;
}

PetscErrorCode NakAnswersCheckpoint(NakProtocol protocol, NakCheckpoint c)
{
  NakAnswers  *answers = &protocol->answers;
  const size_t head    = offsetof(NakAnswers, half_cycles);

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "protocol/answers", answers, head));
  PetscCheck(answers->n_half_cycles >= 0 && answers->n_half_cycles <= NAK_HALF_CYCLES,
             NakCheckpointComm(c), PETSC_ERR_FILE_UNEXPECTED,
             "%s has %" PetscInt_FMT " half-cycles", NakCheckpointPath(c), answers->n_half_cycles);
  if (answers->n_half_cycles > 0)
    PetscCall(NakCheckpointBlock(c, "protocol/half_cycles", answers->half_cycles,
                                 (size_t)answers->n_half_cycles * sizeof(NakHalfCycle)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
