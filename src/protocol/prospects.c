/* What a protocol is sure to come to before it is run; the contract is in protocol_impl.h and
   nakfield/protocol.h. */
#include "protocol_impl.h"

static NakProspect ProspectOfCapacity(const NakCondition *condition, PetscReal current)
{
  return condition->sign * current > 0 ? NAK_SURELY : NAK_NEVER;
}

/* A magnitude, 0 where the item begins; of an item around the hold it may shrink first. */
static NakProspect ProspectOfStep(PetscReal current, PetscBool own)
{
  if (current == 0) return NAK_NEVER;
  return own ? NAK_SURELY : NAK_PERHAPS;
}

/* Whether a condition comes true while a hold lasts; `own`: it stands at the hold itself. */
static NakProspect Prospect(const NakCondition *condition, const NakControl *held, PetscBool own)
{
  const NakSignalId signal   = condition->signal;
  const PetscBool   galvanic = (PetscBool)(held->hold == NAK_HOLD_CURRENT);

  if (signal == NAK_SIGNAL_TIME || signal == NAK_SIGNAL_TOTAL_TIME) return NAK_SURELY;
  if (signal == (galvanic ? NAK_SIGNAL_CURRENT : NAK_SIGNAL_VOLTAGE)) return NAK_NEVER;
  if (galvanic && signal == NAK_SIGNAL_CAPACITY) return ProspectOfCapacity(condition, held->value);
  if (galvanic && signal == NAK_SIGNAL_STEP_CAPACITY) return ProspectOfStep(held->value, own);
  return NAK_PERHAPS;
}

NakProspect NakHoldProspect(const NakProgram *program, PetscInt index)
{
  const NakOp *const hold = &program->ops[index];
  NakProspect        best = hold->duration < PETSC_INFINITY ? NAK_SURELY : NAK_NEVER;

  for (PetscInt k = index; k >= 0; k = program->ops[k].parent) {
    const NakOp *const op = &program->ops[k];

    for (PetscInt c = op->condition; c < op->condition + op->conditions; c++) {
      const NakProspect here =
        Prospect(&program->conditions[c], &hold->control, (PetscBool)(k == index));

      best = PetscMax(best, here);
    }
  }
  return best;
}

/* Spectra of an op at most; ops of a block follow it. */
static PetscReal SpectraOf(const NakProgram *program, PetscInt index) // NOLINT(misc-no-recursion)
{
  const NakOp *const op    = &program->ops[index];
  PetscReal          turns = op->count, spectra = 0, time = 0;

  if (op->kind == NAK_OP_HOLD) {
    if (op->spectra == 0) return 1;
    if (op->spectra >= PETSC_INFINITY) return 0;
    return op->length < PETSC_INFINITY ? op->length / op->spectra : PETSC_INFINITY;
  }
  for (PetscInt k = index + 1; k < op->end; k = program->ops[k].end) {
    spectra += SpectraOf(program, k);
    time += program->ops[k].length;
  }
  if (time == 0) turns = 1; /* such a repeat ends behind its first turn */
  if (time > 0 && time < PETSC_INFINITY) turns = PetscMin(turns, op->length / time + 1);
  return spectra > 0 ? PetscMin(turns * spectra, PETSC_INFINITY) : 0;
}

PetscReal NakProtocolSpectraInAll(NakProtocol protocol)
{
  const NakProgram *const program = &protocol->program;
  PetscReal               spectra = 0;

  for (PetscInt k = 0; k < program->n_ops; k = program->ops[k].end)
    spectra += SpectraOf(program, k);
  return PetscMin(spectra, PETSC_INFINITY);
}
