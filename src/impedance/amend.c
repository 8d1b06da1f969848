/* What the deck switches: an unknown is frozen by a huge entry on its diagonal, a capacitance is added on the
   diagonal of its row.  Both are done on every level, so that multigrid sees the
   same cell. */
#include "impedance_impl.h"

static const PetscReal huge = 1e20;

PetscBool NakAmendmentsNeeded(const NakImpedanceParams *p)
{
  return (PetscBool)(!p->double_layer || !p->diffusion || !p->deposits || p->void_capacitance > 0);
}

PetscErrorCode NakAmendmentsCreate(NakImpedance z)
{
  const PetscInt levels = NakColumnsLevels(z->columns);

  PetscFunctionBeginUser;
  if (!NakAmendmentsNeeded(&z->params)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(levels, &z->amendments));
  for (PetscInt k = 0; k < levels; k++) {
    DM dm = NakStateDM(NakColumnsLevelState(z->columns, k));

    PetscCall(DMCreateGlobalVector(dm, &z->amendments[k].frozen));
    PetscCall(DMCreateGlobalVector(dm, &z->amendments[k].capacity));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsDestroy(NakImpedance z)
{
  PetscFunctionBeginUser;
  if (z->amendments == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < NakColumnsLevels(z->columns); k++) {
    PetscCall(VecDestroy(&z->amendments[k].frozen));
    PetscCall(VecDestroy(&z->amendments[k].capacity));
  }
  PetscCall(PetscFree(z->amendments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Freeze(const NakImpedanceParams *p, const NakLayout *l, PetscReal column[])
{
  if (!p->double_layer) column[l->charge] = huge;
  for (PetscInt j = l->interphase; j < l->counter && !p->diffusion; j++) column[j] = huge;
  if (!p->deposits) column[l->deposit] = column[l->open] = huge;
}

static PetscErrorCode FillFrozen(NakImpedance z, PetscInt level, Vec frozen)
{
  const NakLayout *l     = NakStateLayout(NakColumnsLevelState(z->columns, level));
  const NakLayout *there = NakModelCounter(z->model);
  PetscInt         n;
  PetscReal       *a;

  PetscFunctionBeginUser;
  PetscCall(VecSet(frozen, 0));
  PetscCall(VecGetLocalSize(frozen, &n));
  PetscCall(VecGetArray(frozen, &a));
  for (PetscReal *column = a; column < a + n; column += l->size) {
    Freeze(&z->params, l, column);
    if (there != NULL) Freeze(&z->params, there, column + l->counter);
  }
  PetscCall(VecRestoreArray(frozen, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Capacitance of the face without contact, on the finest level. */
static PetscErrorCode FillCapacity(NakImpedance z, Vec capacity)
{
  const NakLayout *l = NakStateLayout(NakModelState(z->model));
  PetscReal       *a, *contact;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(VecSet(capacity, 0));
  PetscCall(VecGetLocalSize(capacity, &n));
  n /= l->size;
  PetscCall(PetscMalloc1(n, &contact));
  PetscCall(NakModelContact(z->model, contact));
  PetscCall(VecGetArray(capacity, &a));
  for (PetscInt k = 0; k < n; k++)
    a[(ptrdiff_t)k * l->size + l->potential] = z->params.void_capacitance * (1 - contact[k]);
  PetscCall(VecRestoreArray(capacity, &a));
  PetscCall(PetscFree(contact));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsFill(NakImpedance z)
{
  const PetscInt levels = NakColumnsLevels(z->columns);

  PetscFunctionBeginUser;
  if (z->amendments == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < levels; k++) PetscCall(FillFrozen(z, k, z->amendments[k].frozen));
  PetscCall(FillCapacity(z, z->amendments[levels - 1].capacity));
  for (PetscInt k = levels - 1; k > 0; k--) {
    Mat interpolation, average;

    PetscCall(NakColumnsTransfer(z->columns, k, &interpolation, &average));
    PetscCall(MatMult(average, z->amendments[k].capacity, z->amendments[k - 1].capacity));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsApply(NakImpedance z, PetscReal omega)
{
  PetscFunctionBeginUser;
  if (z->amendments == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < NakColumnsLevels(z->columns); k++) {
    Mat matrix = NakColumnsMatrix(z->columns, k);
    Vec sum;

    PetscCall(VecDuplicate(z->amendments[k].frozen, &sum));
    PetscCall(VecWAXPY(sum, omega, z->amendments[k].capacity, z->amendments[k].frozen));
    PetscCall(MatDiagonalSet(matrix, sum, ADD_VALUES));
    PetscCall(VecDestroy(&sum));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
