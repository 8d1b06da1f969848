/* What a protocol is certain to reach, found before it is run; the contract is in program.h
   and nakfield/protocol.h. */
#include "protocol_impl.h"

static NakReachability ReachCapacity(const NakCondition *condition, PetscReal current)
{
  return condition->sign * current > 0 ? NAK_SURELY : NAK_NEVER;
}

/* A magnitude, 0 when the item begins.  That of an item around the hold may shrink first. */
static NakReachability ReachStep(PetscReal current, PetscBool own)
{
  if (current == 0) return NAK_NEVER;
  return own ? NAK_SURELY : NAK_PERHAPS;
}

/* A ramp goes one way only, and without one the temperature stays. */
static NakReachability ReachTemperature(const NakCondition *condition, const NakOp *hold)
{
  if (hold->ramp <= 0) return NAK_NEVER;
  return condition->sign * (hold->to - condition->bound) >= 0 ? NAK_SURELY : NAK_NEVER;
}

/* Whether a condition comes true during a hold.  `own`: it stands at the hold itself. */
static NakReachability ReachSignal(const NakCondition *condition, const NakOp *hold, PetscBool own)
{
  const NakControl *const held     = &hold->control;
  const NakSignalId       signal   = condition->signal;
  const PetscBool         galvanic = (PetscBool)(held->hold == NAK_HOLD_CURRENT);

  if (NakSignalIsTime(signal)) return NAK_SURELY;
  if (signal == (galvanic ? NAK_SIGNAL_CURRENT : NAK_SIGNAL_VOLTAGE)) return NAK_NEVER;
  if (signal == NAK_SIGNAL_TEMPERATURE) return ReachTemperature(condition, hold);
  if (signal == NAK_SIGNAL_VOLTAGE_DROP && (!galvanic || held->value == 0)) return NAK_NEVER;
  if (galvanic && signal == NAK_SIGNAL_CAPACITY) return ReachCapacity(condition, held->value);
  if (galvanic && signal == NAK_SIGNAL_STEP_CAPACITY) return ReachStep(held->value, own);
  return NAK_PERHAPS;
}

NakReachability NakHoldReachability(const NakProgram *program, PetscInt index)
{
  const NakOp *const hold = &program->ops[index];
  NakReachability    best = hold->duration < PETSC_INFINITY ? NAK_SURELY : NAK_NEVER;

  for (PetscInt k = index; k >= 0; k = program->ops[k].parent) {
    const NakOp *const op = &program->ops[k];

    for (PetscInt c = op->condition; c < op->condition + op->conditions; c++) {
      const NakReachability here =
        ReachSignal(&program->conditions[c], hold, (PetscBool)(k == index));

      best = PetscMax(best, here);
    }
  }
  return best;
}

static PetscReal SpectraOf(const NakOp *hold)
{
  if (hold->spectra == 0) return 1;
  if (hold->spectra >= PETSC_INFINITY) return 0;
  return hold->length < PETSC_INFINITY ? hold->length / hold->spectra : PETSC_INFINITY;
}

static PetscReal One(const NakOp *hold)
{
  (void)hold;
  return 1;
}

/* The most that an op has of something that its holds have; ops of a block follow it. */
static PetscReal SumOf(const NakProgram *program, PetscInt index, // NOLINT(misc-no-recursion)
                       PetscReal (*of)(const NakOp *))
{
  const NakOp *const op    = &program->ops[index];
  PetscReal          turns = op->count, sum = 0, time = 0;

  if (op->kind == NAK_OP_HOLD) return of(op);
  for (PetscInt k = index + 1; k < op->end; k = program->ops[k].end) {
    sum += SumOf(program, k, of);
    time += program->ops[k].length;
  }
  if (time == 0) turns = 1; /* such a repeat ends after its first turn */
  if (time > 0 && time < PETSC_INFINITY) turns = PetscMin(turns, op->length / time + 1);
  return sum > 0 ? PetscMin(turns * sum, PETSC_INFINITY) : 0;
}

static PetscReal InAll(const NakProgram *program, PetscReal (*of)(const NakOp *))
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < program->n_ops; k = program->ops[k].end) sum += SumOf(program, k, of);
  return PetscMin(sum, PETSC_INFINITY);
}

PetscReal NakProtocolSpectraInAll(NakProtocol protocol)
{
  return InAll(&protocol->program, SpectraOf);
}

PetscReal NakProtocolStepsInAll(NakProtocol protocol)
{
  return InAll(&protocol->program, One);
}

/* Steps that an op has in its first turn.  Those of blocks inside it come again with each turn. */
static PetscReal ShownOf(const NakProgram *program, PetscInt index) // NOLINT(misc-no-recursion)
{
  const NakOp *const op  = &program->ops[index];
  PetscReal          sum = 0;

  if (op->kind == NAK_OP_HOLD) return 1;
  if (op->kind == NAK_OP_STAIRCASE || op->kind == NAK_OP_PROFILE) return op->count;
  for (PetscInt k = index + 1; k < op->end; k = program->ops[k].end) {
    const NakOpKind kind   = program->ops[k].kind;
    const PetscBool inside = (PetscBool)(kind == NAK_OP_REPEAT || kind == NAK_OP_PULSES);

    sum += (inside ? op->count : 1) * ShownOf(program, k);
  }
  return sum;
}

PetscReal NakProtocolStepsShown(NakProtocol protocol)
{
  const NakProgram *program = &protocol->program;
  PetscReal         sum     = 0;

  for (PetscInt k = 0; k < program->n_ops; k = program->ops[k].end) sum += ShownOf(program, k);
  return sum;
}
