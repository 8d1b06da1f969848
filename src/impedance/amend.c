/* What the deck switches: an unknown is frozen by a huge entry on its diagonal, a capacitance is taken
   away or added on the diagonal of its row.  Both are done on every level, so that multigrid sees the
   same cell. */
#include "impedance_impl.h"

static const PetscReal huge = 1e20;

PetscBool NakAmendmentsNeeded(const NakImpedanceParams *p)
{
  return (PetscBool)(!p->double_layer || !p->diffusion || !p->deposits || p->void_capacitance > 0);
}

PetscErrorCode NakAmendmentsCreate(NakImpedance z)
{
  const PetscInt levels = NakModelLevels(z->model);

  PetscFunctionBeginUser;
  if (!NakAmendmentsNeeded(&z->params)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(levels, &z->amendments));
  for (PetscInt k = 0; k < levels; k++) {
    DM dm = NakStateDM(NakModelLevelState(z->model, k));

    PetscCall(DMCreateGlobalVector(dm, &z->amendments[k].frozen));
    PetscCall(DMCreateGlobalVector(dm, &z->amendments[k].capacity));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsDestroy(NakImpedance z)
{
  PetscFunctionBeginUser;
  if (z->amendments == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < NakModelLevels(z->model); k++) {
    PetscCall(VecDestroy(&z->amendments[k].frozen));
    PetscCall(VecDestroy(&z->amendments[k].capacity));
  }
  PetscCall(PetscFree(z->amendments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void FillColumn(NakImpedance z, const NakLayout *l, PetscReal layer, PetscReal frozen[],
                       PetscReal capacity[])
{
  const NakImpedanceParams *p       = &z->params;
  const PetscReal           contact = layer / NakModelCircuit(z->model).double_layer;

  for (PetscInt j = 0; j < l->size; j++) capacity[j] = 0;
  capacity[l->potential] = p->void_capacitance * PetscMax(1 - contact, 0);
  if (!p->double_layer) capacity[l->potential] -= layer;
  if (!p->diffusion)
    for (PetscInt j = l->interphase; j < l->size; j++) frozen[j] = huge;
  if (!p->deposits) frozen[l->deposit] = frozen[l->film] = huge;
}

/* `amendment->capacity` comes with the diagonal of M, of which it needs the double layer. */
static PetscErrorCode FillLevel(NakImpedance z, PetscInt level, NakAmendment *amendment)
{
  const NakLayout *l    = NakStateLayout(NakModelLevelState(z->model, level));
  const ptrdiff_t  size = l->size;
  PetscReal       *frozen, *capacity;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(VecSet(amendment->frozen, 0));
  PetscCall(VecGetLocalSize(amendment->frozen, &n));
  PetscCall(VecGetArray(amendment->frozen, &frozen));
  PetscCall(VecGetArray(amendment->capacity, &capacity));
  for (ptrdiff_t k = 0; k < n; k += size)
    FillColumn(z, l, capacity[k + l->potential], frozen + k, capacity + k);
  PetscCall(VecRestoreArray(amendment->capacity, &capacity));
  PetscCall(VecRestoreArray(amendment->frozen, &frozen));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsFill(NakImpedance z, PetscReal shift)
{
  PetscFunctionBeginUser;
  if (z->amendments == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakModelLinearise(z->model, z->state, 0));
  for (PetscInt k = 0; k < NakModelLevels(z->model); k++)
    PetscCall(MatGetDiagonal(NakModelMatrix(z->model, k), z->amendments[k].frozen));
  PetscCall(NakModelLinearise(z->model, z->state, shift));
  for (PetscInt k = 0; k < NakModelLevels(z->model); k++) {
    NakAmendment *amendment = &z->amendments[k];

    PetscCall(MatGetDiagonal(NakModelMatrix(z->model, k), amendment->capacity));
    PetscCall(VecAXPY(amendment->capacity, -1, amendment->frozen));
    PetscCall(VecScale(amendment->capacity, 1 / shift));
    PetscCall(FillLevel(z, k, amendment));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsApply(NakImpedance z, PetscReal omega)
{
  PetscFunctionBeginUser;
  if (z->amendments == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < NakModelLevels(z->model); k++) {
    Mat matrix = NakModelMatrix(z->model, k);
    Vec sum;

    PetscCall(VecDuplicate(z->amendments[k].frozen, &sum));
    PetscCall(VecWAXPY(sum, omega, z->amendments[k].capacity, z->amendments[k].frozen));
    PetscCall(MatDiagonalSet(matrix, sum, ADD_VALUES));
    PetscCall(VecDestroy(&sum));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
