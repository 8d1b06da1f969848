/* The places of the voids, and which columns belong to them. */
#include "gas_impl.h"

PetscErrorCode NakGasFreePlaces(NakGas s)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree7(s->x, s->y, s->amount, s->volume, s->sum, s->root, s->gone));
  PetscCall(PetscFree2(s->escape, s->reach));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GrowPlaces(NakGas s)
{
  const PetscInt        n     = s->n;
  struct NakGas_private wider = *s;

  PetscFunctionBeginUser;
  wider.room = 2 * n + 8;
  PetscCall(PetscCalloc7(wider.room, &wider.x, wider.room, &wider.y, wider.room, &wider.amount,
                         wider.room, &wider.volume, wider.room, &wider.sum, wider.room, &wider.root,
                         wider.room, &wider.gone));
  PetscCall(PetscCalloc2(wider.room, &wider.escape, wider.room, &wider.reach));
  PetscCall(PetscArraycpy(wider.escape, s->escape, n));
  PetscCall(PetscArraycpy(wider.reach, s->reach, n));
  PetscCall(PetscArraycpy(wider.x, s->x, n));
  PetscCall(PetscArraycpy(wider.y, s->y, n));
  PetscCall(PetscArraycpy(wider.amount, s->amount, n));
  PetscCall(PetscArraycpy(wider.volume, s->volume, n));
  PetscCall(PetscArraycpy(wider.root, s->root, n));
  PetscCall(PetscArraycpy(wider.gone, s->gone, n));
  PetscCall(NakGasFreePlaces(s));
  *s = wider;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One more place, still without gas. */
PetscErrorCode NakGasAdd(NakGas s, PetscReal x, PetscReal y)
{
  PetscFunctionBeginUser;
  if (s->n == s->room) PetscCall(GrowPlaces(s));
  s->x[s->n]      = x;
  s->y[s->n]      = y;
  s->amount[s->n] = 0;
  s->volume[s->n] = 0;
  s->root[s->n]   = s->n;
  s->gone[s->n]   = 0;
  s->escape[s->n] = 0;
  s->reach[s->n]  = 0;
  s->n++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every column belongs to the nearest place that has not lost its gas. */
PetscErrorCode NakGasOwners(NakGas s)
{
  const NakGrid *g = NakStateGrid(s->state);
  const NakPart *p = &s->part;
  PetscInt       n = 0;

  PetscFunctionBeginUser;
  for (PetscInt j = p->start[1]; j < p->start[1] + p->count[1]; j++)
    for (PetscInt i = p->start[0]; i < p->start[0] + p->count[0]; i++, n++) {
      PetscReal nearest = PETSC_MAX_REAL;

      s->owner[n] = 0;
      for (PetscInt k = 0; k < s->n; k++) {
        const PetscReal d = NakVoidsDistance(g, i, j, s->x[k], s->y[k]) - s->reach[k];

        if (s->gone[k]) continue;
        if (d < nearest - 1e-9 * g->dx) { /* a tie must not hang on rounding */
          nearest     = d;
          s->owner[n] = k;
        }
      }
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}
