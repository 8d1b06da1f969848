/* What the deck switches off or on, as additions to the diagonals of J + omega M.  A huge addition
   freezes an unknown.  A capacitance is added to the row of a potential. */
#include "impedance_impl.h"

static const PetscReal huge = 1e20;

PetscBool NakAmendmentsNeeded(const NakImpedanceParams *p)
{
  return (PetscBool)(!p->double_layer || !p->diffusion || !p->deposits || p->void_capacitance > 0);
}

PetscErrorCode NakAmendmentsCreate(NakImpedance z)
{
  DM dm = NakStateDM(NakModelState(z->model));

  PetscFunctionBeginUser;
  if (!NakAmendmentsNeeded(&z->params)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMCreateGlobalVector(dm, &z->frozen));
  PetscCall(DMCreateGlobalVector(dm, &z->capacity));
  PetscCall(DMCreateGlobalVector(dm, &z->amendment));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsDestroy(NakImpedance z)
{
  PetscFunctionBeginUser;
  PetscCall(VecDestroy(&z->frozen));
  PetscCall(VecDestroy(&z->capacity));
  PetscCall(VecDestroy(&z->amendment));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Freeze(const NakImpedanceParams *p, const NakLayout *l, PetscReal column[])
{
  if (!p->double_layer) column[l->charge] = huge;
  for (PetscInt j = l->interphase; j < l->counter && !p->diffusion; j++) column[j] = huge;
  for (PetscInt j = l->phi; j < l->potential && l->ions > 0 && !p->diffusion; j++)
    if ((j - l->phi) % (1 + l->ions) != 0) column[j] = huge;
  if (!p->deposits) column[l->deposit] = column[l->open] = huge;
}

static PetscErrorCode FillFrozen(NakImpedance z, Vec frozen)
{
  const NakLayout *l     = NakStateLayout(NakModelState(z->model));
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

/* Capacitance of the face without contact. */
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
  PetscFunctionBeginUser;
  if (z->amendment == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(FillFrozen(z, z->frozen));
  PetscCall(FillCapacity(z, z->capacity));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAmendmentsAt(NakImpedance z, PetscReal omega, Vec *amendment)
{
  PetscFunctionBeginUser;
  *amendment = z->amendment;
  if (z->amendment != NULL) PetscCall(VecWAXPY(z->amendment, omega, z->capacity, z->frozen));
  PetscFunctionReturn(PETSC_SUCCESS);
}
