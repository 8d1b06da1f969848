/* F of all columns, and what a step that is solved only approximately has to keep. */
#include "model_impl.h"

PetscErrorCode NakModelResidual(NakModel model, Vec U, Vec Udot, Vec F)
{
  PetscFunctionBeginUser;
  PetscCall(NakColumnsResidual(model->columns, U, Udot, F));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Current that the charges of a column take up, less what its far face passes.  This is what the
   rows of charge and potentials leave over. */
static PetscReal ChargeLacking(const NakColumn *c, const PetscReal f[])
{
  PetscReal sum = f[c->l.potential];

  for (PetscInt k = 0; k < c->ne; k++) sum -= f[c->l.phi + k];
  return sum;
}

/* Set the charges and the K of an electrode by the fluxes.  Returns the charge of Na that has
   reacted, as its sum counts it. */
static PetscReal BookElectrode(const NakColumn *c, const PetscReal row[], PetscReal shift,
                               PetscReal column[])
{
  const NakLayout *l       = &c->l;
  const PetscReal  reacted = row[l->q_faraday] + ChargeLacking(c, row);

  column[l->q_total] -= row[l->q_total] / shift;
  column[l->q_faraday] -= reacted / shift;
  column[l->reservoir_k] -= row[l->reservoir_k] / shift;
  if (!NakLayoutIsLiquid(l)) return reacted;
  column[l->potassium] -= row[l->potassium] / shift;
  return reacted - row[l->potassium];
}

PetscErrorCode NakModelBook(NakModel m, Vec F, PetscReal shift, Vec U)
{
  const NakColumn       *c                        = &m->column;
  const NakLayout       *l                        = &c->l;
  const NakColumnPhysics ph                       = NakColumnLinear(c);
  PetscReal              lost[NAK_CONSERVED_MOST] = {0}, *u;
  const PetscReal       *f;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(F, &f));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt k = 0; k < m->owned; k++) {
    const PetscReal *row    = f + (ptrdiff_t)k * l->size;
    PetscReal       *column = u + (ptrdiff_t)k * l->size;

    lost[0] += BookElectrode(c, row, shift, column) - ph.conserved(c, 0, k, row);
    if (c->counter != NULL)
      lost[1] += BookElectrode(c->counter, row + l->counter, shift, column + l->counter) -
                 ph.conserved(c, 1, k, row);
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(VecRestoreArrayRead(F, &f));
  PetscCall(NakColumnsKeep(m->columns, lost, shift, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}
