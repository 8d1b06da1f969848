/* The compiled program: how it grows, and the times that its ops take. */
#include "program.h"
#include <stdio.h>

static PetscErrorCode GrowArray(PetscInt needed, size_t size, PetscInt *room, void *array)
{
  PetscFunctionBeginUser;
  if (needed <= *room) PetscFunctionReturn(PETSC_SUCCESS);
  *room = PetscMax(64, 2 * needed);
  PetscCall(PetscRealloc((size_t)*room * size, (void **)array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgramAdd(NakProgram *program, PetscInt parent, NakOp op, PetscInt *index)
{
  PetscInt levels = 1;

  PetscFunctionBeginUser;
  *index = program->n_ops;
  PetscCall(GrowArray(program->n_ops + 1, sizeof(NakOp), &program->room[0], &program->ops));
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

NakOp NakOpHold(const char *word, NakHold hold, PetscReal value)
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

NakOp NakOpBlock(const char *word, NakOpKind kind, PetscInt count)
{
  NakOp op = {.kind = kind, .count = count};

  (void)snprintf(op.word, sizeof(op.word), "%s", word);
  return op;
}

PetscErrorCode NakProgramAddCondition(NakProgram *program, const NakCondition *condition,
                                      PetscInt index)
{
  PetscFunctionBeginUser;
  PetscCall(GrowArray(program->n_conditions + 1, sizeof(NakCondition), &program->room[1],
                      &program->conditions));
  program->conditions[program->n_conditions++] = *condition;
  program->ops[index].conditions++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgramAddProfile(NakProgram *program, const NakProfile *profile)
{
  PetscFunctionBeginUser;
  PetscCall(
    GrowArray(program->n_profiles + 1, sizeof(NakProfile), &program->room[2], &program->profiles));
  program->profiles[program->n_profiles++] = *profile;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakProgramClose(NakProgram *program, PetscInt block)
{
  program->ops[block].end = program->n_ops;
}

/* ---- The times that ops take ---- */

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
void NakProgramMeasure(NakProgram *program)
{
  for (PetscInt k = program->n_ops - 1; k >= 0; k--) {
    NakOp         *op = &program->ops[k], *next = program->ops + op->end;
    const PetscInt end = op->parent >= 0 ? program->ops[op->parent].end : program->n_ops;

    op->length = LengthOf(program, op);
    op->after  = op->end < end ? PetscMin(next->length + next->after, PETSC_INFINITY) : 0;
  }
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
