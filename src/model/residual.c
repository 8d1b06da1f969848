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

  for (PetscInt k = 0; k < c->ne; k++) sum -= f[NakLayoutPhi(&c->l, k)];
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

/* Give the layers of ions the Na+, K+ and salt that the fluxes do not account for, the same to
   each. After BookElectrode() that is what their own rows leave over, and those of phi as
   currents. */
static void BookIons(const NakColumn *c, const PetscReal row[], PetscReal shift, PetscReal column[])
{
  const NakLayout *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;
  const PetscReal  salt = row[l->salt] + (there != NULL ? row[l->counter + there->salt] : 0);
  PetscReal        lost[NAK_LAYER_END] = {0}, height = 0;

  for (PetscInt k = 0; k < c->ne; k++) {
    const PetscInt j = NakLayoutPhi(l, k);

    height += c->height[k];
    lost[NAK_LAYER_NA] += c->height[k] * row[j + NAK_LAYER_NA] - row[j] / c->ions.content;
    lost[NAK_LAYER_K] += c->height[k] * (row[j + NAK_LAYER_K] + row[j + NAK_LAYER_SALT]);
  }
  for (int i = 0; i < NAK_ION_X; i++) lost[NAK_LAYER_NA + i] += c->ions.excess * row[l->excess + i];
  lost[NAK_LAYER_K] += NAK_FARADAY * salt / c->ions.content;
  for (PetscInt k = 0; k < c->ne; k++)
    for (int what = NAK_LAYER_NA; what <= NAK_LAYER_K; what++)
      column[NakLayoutPhi(l, k) + what] -= lost[what] / (shift * height);
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
    if (l->ions > 0) BookIons(c, row, shift, column);
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(VecRestoreArrayRead(F, &f));
  PetscCall(NakColumnsKeep(m->columns, lost, shift, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}
