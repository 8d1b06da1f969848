/* A level as a matrix (AIJ). */
#include "columns_impl.h"

/* Rows and columns of the exchange with a neighbour; their number. */
static PetscInt PlaceExchange(const NakPattern *p, PetscInt own, PetscInt other, PetscInt row[],
                              PetscInt col[])
{
  PetscInt n = 0;

  for (PetscInt j = 0; j < p->size; j++) {
    if (p->scale[j] == 0) continue;
    row[n] = row[n + 1] = col[n] = own + j;
    col[n + 1]                   = other + j;
    n += 2;
  }
  return n;
}

/* Those of all entries, in the order of NakMatrixFill(). */
static PetscInt PlaceEntries(const NakNeighbours *near, const NakPattern *p,
                             const PetscInt global[], PetscInt row[], PetscInt col[])
{
  PetscInt n = 0;

  for (PetscInt k = 0; k < near->owned; k++) {
    const PetscInt first = global[k] * p->size;

    for (PetscInt e = 0; e < p->n; e++, n++) {
      row[n] = first + p->row[e];
      col[n] = p->col[e] < 0 ? -1 : first + p->col[e]; /* PETSc skips it */
    }
    for (int s = 0; s < NAK_BESIDE; s++) {
      const PetscInt other = near->beside[k][s];

      if (other >= 0) n += PlaceExchange(p, first, global[other] * p->size, row + n, col + n);
    }
  }
  return n;
}

static PetscInt MostValues(const NakGridLevel *level, const NakPattern *p)
{
  return level->halo.near.owned * (p->n + 2 * NAK_BESIDE * p->size);
}

PetscErrorCode NakMatrixFill(const NakGridLevel *level, const NakPattern *p, Mat matrix)
{
  const NakNeighbours *near = &level->halo.near;
  const ptrdiff_t      size = p->size;
  const PetscReal     *entries, *slope;
  PetscReal           *values, *value;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(MostValues(level, p), &values));
  value = values;
  PetscCall(NakGridsGhosts(level));
  PetscCall(VecGetArrayRead(level->entries, &entries));
  PetscCall(VecGetArrayRead(level->slope, &slope));
  for (PetscInt k = 0; k < near->owned; k++) {
    PetscCall(PetscArraycpy(value, entries + (ptrdiff_t)k * p->n, p->n));
    value += p->n;
    for (int s = 0; s < NAK_BESIDE; s++) {
      const PetscInt   at  = near->beside[k][s];
      const PetscReal *own = slope + k * size;
      const PetscReal *other =
        at < near->owned ? slope + at * size : level->ghosts + (at - near->owned) * size;

      for (PetscInt j = 0; j < p->size && at >= 0; j++) {
        if (p->scale[j] == 0) continue;
        *value++ = near->weight[s] * own[j];
        *value++ = -near->weight[s] * other[j];
      }
    }
  }
  PetscCall(VecRestoreArrayRead(level->slope, &slope));
  PetscCall(VecRestoreArrayRead(level->entries, &entries));
  PetscCall(MatSetValuesCOO(matrix, values, INSERT_VALUES));
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMatrixCreate(const NakGridLevel *level, const NakPattern *p, Mat *matrix)
{
  const NakNeighbours *near = &level->halo.near;
  const PetscInt       most = MostValues(level, p);
  PetscInt            *global, *row, *col, first, n;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(near->owned + near->ghosts, &global, most, &row, most, &col));
  PetscCall(VecGetOwnershipRange(level->slope, &first, NULL));
  for (PetscInt k = 0; k < near->owned; k++) global[k] = first / p->size + k;
  PetscCall(NakBroadcast(level->halo.sf, MPIU_INT, global, global + near->owned));
  n = PlaceEntries(near, p, global, row, col);
  PetscCall(MatCreate(PetscObjectComm((PetscObject)level->slope), matrix));
  PetscCall(MatSetSizes(*matrix, near->owned * p->size, near->owned * p->size, PETSC_DETERMINE,
                        PETSC_DETERMINE));
  PetscCall(MatSetType(*matrix, MATAIJ));
  PetscCall(MatSetPreallocationCOO(*matrix, n, row, col));
  PetscCall(PetscFree3(global, row, col));
  PetscFunctionReturn(PETSC_SUCCESS);
}
