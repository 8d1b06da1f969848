/* Where the entries of a column's matrix are stored. */
#include "model_impl.h"

/* The stored place of an entry; those off the three diagonals get new ones. */
static PetscInt Place(NakPattern *p, PetscInt row, PetscInt col)
{
  const PetscInt size = p->size, off = col - row;

  if (off >= -1 && off <= 1) return (off + 1) * size + row;
  for (PetscInt k = 3 * size; k < p->n; k++)
    if (p->row[k] == row && p->col[k] == col) return k;
  return p->n++;
}

/* The order of a column's entries is the same for every state: take it from one of ones. */
PetscErrorCode NakPatternCreate(const NakColumn *c, NakEntries *e, NakPattern *p)
{
  const NakCover over = {.contact = 1, .wetted = 1};
  const PetscInt size = c->l.size, most = NakColumnEntries(c);
  PetscReal     *ones, *slope;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(most, &e->row, most, &e->col, most, &e->value));
  PetscCall(PetscMalloc4(3 * size + most, &p->row, 3 * size + most, &p->col, most, &p->place, size,
                         &p->moves));
  PetscCall(PetscMalloc2(size, &ones, size, &slope));
  for (PetscInt j = 0; j < size; j++) ones[j] = 1;
  e->n = 0;
  NakColumnSlopes(c, ones, slope);
  NakColumnJacobian(c, &over, ones, slope, 1, e);
  p->size = size;
  p->n    = 3 * size;
  for (PetscInt k = 0; k < p->n; k++) {
    p->row[k] = k % size;
    p->col[k] = -1;
  }
  for (PetscInt k = 0; k < e->n; k++) {
    p->place[k]         = Place(p, e->row[k], e->col[k]);
    p->row[p->place[k]] = e->row[k];
    p->col[p->place[k]] = e->col[k];
  }
  for (PetscInt j = 0; j < size; j++) p->moves[j] = (PetscBool)(slope[j] != 0);
  PetscCall(PetscFree2(ones, slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPatternDestroy(NakEntries *e, NakPattern *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(e->row, e->col, e->value));
  PetscCall(PetscFree4(p->row, p->col, p->place, p->moves));
  PetscFunctionReturn(PETSC_SUCCESS);
}
