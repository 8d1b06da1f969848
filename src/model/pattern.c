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

/* Whether two layers of one region, one upon the other, are meant. */
static PetscBool InsideRegion(const NakColumn *c, PetscInt row, PetscInt col)
{
  const PetscInt first[] = {c->l.phi, c->l.interphase, c->l.alloy};
  const PetscInt n[] = {c->ne, c->nf, c->na}, low = PetscMin(row, col);

  for (int k = 0; k < 3; k++)
    if (PetscAbsInt(row - col) == 1 && low >= first[k] && low + 1 < first[k] + n[k])
      return PETSC_TRUE;
  return PETSC_FALSE;
}

/* The order of a column's entries is the same for every state: take it from one of ones. */
PetscErrorCode NakPatternCreate(const NakColumn *c, NakEntries *scratch, NakPattern *p)
{
  const NakCover over = {.contact = 1, .wetted = 1};
  const PetscInt size = c->l.size, most = NakColumnEntries(c);
  PetscReal     *ones;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(most, &scratch->row, most, &scratch->col, most, &scratch->value));
  PetscCall(PetscMalloc5(3 * size + most, &p->row, 3 * size + most, &p->col, most, &p->place,
                         3 * size + most, &p->uniform, size, &p->scale));
  PetscCall(PetscMalloc1(size, &ones));
  for (PetscInt j = 0; j < size; j++) ones[j] = 1;
  scratch->n = 0;
  NakColumnSlopes(c, ones, p->scale);
  NakColumnJacobian(c, &over, ones, p->scale, 1, scratch);
  p->size = size;
  p->n    = 3 * size;
  for (PetscInt k = 0; k < p->n; k++) {
    p->row[k] = k % size;
    p->col[k] = -1;
  }
  for (PetscInt k = 0; k < scratch->n; k++) {
    p->place[k]         = Place(p, scratch->row[k], scratch->col[k]);
    p->row[p->place[k]] = scratch->row[k];
    p->col[p->place[k]] = scratch->col[k];
  }
  for (PetscInt k = 0; k < p->n; k++) p->uniform[k] = InsideRegion(c, p->row[k], p->col[k]);
  PetscCall(PetscFree(ones));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPatternDestroy(NakEntries *scratch, NakPattern *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(scratch->row, scratch->col, scratch->value));
  PetscCall(PetscFree5(p->row, p->col, p->place, p->uniform, p->scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}
