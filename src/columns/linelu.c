/* LU of one column: what fills in, and in which order it is eliminated. */
#include "lines.h"

static PetscInt Find(const NakLineLU *lu, PetscInt row, PetscInt column)
{
  for (PetscInt e = lu->start[row]; e < lu->start[row + 1]; e++)
    if (lu->column[e] == column) return e;
  return -1;
}

enum { NOTHING, FILL, STORED }; /* entry e of the pattern is marked STORED + e */

/* Mark what elimination fills in. */
static void Fill(PetscInt size, PetscInt mark[])
{
  for (PetscInt r = 0; r < size; r++) {
    for (PetscInt pivot = 0; pivot < r; pivot++) {
      const PetscInt *from = mark + (ptrdiff_t)pivot * size;
      PetscInt       *to   = mark + (ptrdiff_t)r * size;

      for (PetscInt c = pivot + 1; c < size && to[pivot] != NOTHING; c++)
        if (from[c] != NOTHING && to[c] == NOTHING) to[c] = FILL;
    }
  }
}

/* Entries row by row, in each row by column. */
static PetscErrorCode Sort(const NakPattern *pattern, NakLineLU *lu)
{
  const ptrdiff_t size = lu->size;
  PetscInt       *mark, n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(size * size, &mark));
  for (PetscInt e = 0; e < pattern->n; e++)
    if (pattern->col[e] >= 0) mark[pattern->row[e] * size + pattern->col[e]] = STORED + e;
  Fill(lu->size, mark);
  for (ptrdiff_t k = 0; k < size * size; k++) lu->n += mark[k] != NOTHING;
  PetscCall(PetscMalloc5(lu->n, &lu->column, lu->n, &lu->stored, lu->n, &lu->slot, lu->n, &lu->kept,
                         lu->n + 1, &lu->update));
  for (ptrdiff_t k = 0; k < size * size; k++) {
    if (k % size == 0) lu->start[k / size] = n;
    if (mark[k] == NOTHING) continue;
    lu->column[n]   = (PetscInt)(k % size);
    lu->stored[n++] = mark[k] == FILL ? -1 : mark[k] - STORED;
  }
  lu->start[size] = n;
  for (PetscInt r = 0; r < lu->size; r++) lu->diagonal[r] = Find(lu, r, r);
  PetscCall(PetscFree(mark));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The updates that elimination with an entry of L, in `row` and `column`, needs; they are numbered
   from n on. */
static PetscInt UpdatesOfEntry(const NakLineLU *lu, PetscInt row, PetscInt column, PetscInt n,
                               PetscInt *from, PetscInt *to)
{
  for (PetscInt u = lu->diagonal[column] + 1; u < lu->start[column + 1]; u++) {
    if (from != NULL) from[n] = u;
    if (to != NULL) to[n] = Find(lu, row, lu->column[u]);
    n++;
  }
  return n;
}

/* The updates of all entries; `update`, `from` and `to` may be NULL, to count. */
static PetscInt Updates(const NakLineLU *lu, PetscInt *update, PetscInt *from, PetscInt *to)
{
  PetscInt n = 0;

  for (PetscInt r = 0; r < lu->size; r++) {
    for (PetscInt e = lu->start[r]; e < lu->start[r + 1]; e++) {
      if (update != NULL) update[e] = n;
      if (lu->column[e] < r) n = UpdatesOfEntry(lu, r, lu->column[e], n, from, to);
    }
  }
  if (update != NULL) update[lu->n] = n;
  return n;
}

/* Which entries are kept for each column: all except those that are and stay the same for all
   columns. */
static void Keep(const NakPattern *pattern, NakLineLU *lu)
{
  for (PetscInt e = 0; e < lu->n; e++)
    lu->slot[e] = lu->stored[e] >= 0 && pattern->uniform[lu->stored[e]] ? -1 : 0;
  for (PetscInt m = 0; m < lu->update[lu->n]; m++) lu->slot[lu->to[m]] = 0;
  for (PetscInt r = 0; r < lu->size; r++) lu->slot[lu->diagonal[r]] = 0;
  lu->slots = 0;
  for (PetscInt e = 0; e < lu->n; e++) {
    if (lu->slot[e] < 0) continue;
    lu->slot[e]           = lu->slots;
    lu->kept[lu->slots++] = e;
  }
  for (PetscInt e = 0, m = lu->slots; e < lu->n; e++)
    if (lu->slot[e] < 0) lu->kept[m++] = e;
}

PetscErrorCode NakLineLUCreate(const NakPattern *pattern, NakLineLU *lu)
{
  PetscInt n;

  PetscFunctionBeginUser;
  lu->size           = pattern->size;
  lu->stored_entries = pattern->n;
  PetscCall(PetscMalloc2(lu->size + 1, &lu->start, lu->size, &lu->diagonal));
  PetscCall(Sort(pattern, lu));
  n = Updates(lu, NULL, NULL, NULL);
  PetscCall(PetscMalloc2(n, &lu->from, n, &lu->to));
  (void)Updates(lu, lu->update, lu->from, lu->to);
  Keep(pattern, lu);
  PetscCall(PetscMalloc2(lu->size, &lu->moving, lu->size, &lu->scale));
  PetscCall(PetscArraycpy(lu->scale, pattern->scale, lu->size));
  n = 0;
  for (PetscInt still = 0; still < 2; still++) {
    for (PetscInt j = 0; j < lu->size; j++)
      if ((pattern->scale[j] != 0) == (still == 0)) lu->moving[n++] = j;
    if (still == 0) lu->n_moving = n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakLineLUDestroy(NakLineLU *lu)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(lu->start, lu->diagonal));
  PetscCall(PetscFree5(lu->column, lu->stored, lu->slot, lu->kept, lu->update));
  PetscCall(PetscFree2(lu->from, lu->to));
  PetscCall(PetscFree2(lu->moving, lu->scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}
