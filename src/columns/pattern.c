/* Where the entries of a column's matrix are stored. */
#include "columns_impl.h"

/* The stored place of an entry; those off the three diagonals get new ones. */
static PetscInt Place(NakPattern *p, PetscInt row, PetscInt col)
{
  const PetscInt size = p->size, off = col - row;

  if (off >= -1 && off <= 1) return (off + 1) * size + row;
  for (PetscInt k = 3 * size; k < p->n; k++)
    if (p->row[k] == row && p->col[k] == col) return k;
  return p->n++;
}

/* The order of a column's entries is the same for every state.  So take it from a typical one. */
static PetscErrorCode TakeOne(const NakColumnPhysics *ph, NakPattern *p)
{
  PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(p->size, &u));
  for (PetscInt j = 0; j < p->size; j++) u[j] = 1;
  if (ph->typical != NULL) ph->typical(ph->ctx, u);
  p->scratch.n = 0;
  ph->slopes(ph->ctx, u, p->scale);
  ph->jacobian(ph->ctx, 0, u, p->scale, 1, &p->scratch);
  PetscCall(PetscFree(u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPatternCreate(const NakColumnPhysics *ph, PetscInt size, NakPattern *p)
{
  const PetscInt most = ph->most_entries;
  NakEntries    *e    = &p->scratch;

  PetscFunctionBeginUser;
  p->size = size;
  p->n    = 3 * size;
  PetscCall(PetscMalloc3(most, &e->row, most, &e->col, most, &e->value));
  PetscCall(PetscMalloc5(3 * size + most, &p->row, 3 * size + most, &p->col, most, &p->place,
                         3 * size + most, &p->uniform, size, &p->scale));
  PetscCall(TakeOne(ph, p));
  for (PetscInt k = 0; k < p->n; k++) {
    p->row[k] = k % size;
    p->col[k] = -1;
  }
  for (PetscInt k = 0; k < e->n; k++) {
    p->place[k]         = Place(p, e->row[k], e->col[k]);
    p->row[p->place[k]] = e->row[k];
    p->col[p->place[k]] = e->col[k];
  }
  for (PetscInt k = 0; k < p->n; k++)
    p->uniform[k] = (PetscBool)(p->col[k] >= 0 && ph->uniform(ph->ctx, p->row[k], p->col[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPatternDestroy(NakPattern *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(p->scratch.row, p->scratch.col, p->scratch.value));
  PetscCall(PetscFree5(p->row, p->col, p->place, p->uniform, p->scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}
