/* Matrices of all levels, and what preconditions them.  See levels.c for what a coarse matrix is.

   One column, or no more of them than ranks: LU.  Else multigrid that coarsens in x and y alone; a
   column is contiguous and its matrix nearly tridiagonal, so ILU(0) in that order solves z lines
   almost exactly however stretched the grid, and smooths what couples them. */
#include "columns_impl.h"

/* ---- Matrices ---- */

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

PetscErrorCode NakMatrixFill(const NakGridLevel *level, const NakPattern *p)
{
  const NakNeighbours *near = &level->halo.near;
  const ptrdiff_t      size = p->size;
  const PetscReal     *entries, *slope;
  PetscReal           *value = level->values;

  PetscFunctionBeginUser;
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
  PetscCall(MatSetValuesCOO(level->matrix, level->values, INSERT_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMatrixCreate(NakGridLevel *level, const NakPattern *p)
{
  const NakNeighbours *near = &level->halo.near;
  const PetscInt       most = near->owned * (p->n + 2 * NAK_BESIDE * p->size);
  PetscInt            *global, *row, *col, first, n;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(near->owned + near->ghosts, &global, most, &row, most, &col));
  PetscCall(VecGetOwnershipRange(level->slope, &first, NULL));
  for (PetscInt k = 0; k < near->owned; k++) global[k] = first / p->size + k;
  PetscCall(NakBroadcast(level->halo.sf, MPIU_INT, global, global + near->owned));
  n = PlaceEntries(near, p, global, row, col);
  PetscCall(MatCreate(PetscObjectComm((PetscObject)level->slope), &level->matrix));
  PetscCall(MatSetSizes(level->matrix, near->owned * p->size, near->owned * p->size,
                        PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(level->matrix, MATAIJ));
  PetscCall(MatSetPreallocationCOO(level->matrix, n, row, col));
  PetscCall(PetscFree3(global, row, col));
  PetscCall(PetscMalloc1(n, &level->values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Preconditioner ---- */

static PetscErrorCode SetUpSmoother(KSP ksp, Mat matrix)
{
  PC pc;

  PetscFunctionBeginUser;
  PetscCall(KSPSetOperators(ksp, matrix, matrix));
  PetscCall(KSPSetType(ksp, KSPRICHARDSON));
  PetscCall(KSPSetTolerances(ksp, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 1)); /* one sweep */
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCBJACOBI)); /* its blocks are the ranks, solved by ILU(0) */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpMultigrid(NakColumns columns, PC pc)
{
  const PetscInt levels = NakColumnsLevels(columns);

  PetscFunctionBeginUser;
  PetscCall(PCSetType(pc, PCMG));
  PetscCall(PCMGSetLevels(pc, levels, NULL));
  for (PetscInt k = 0; k < levels; k++) {
    KSP smoother;
    Mat interpolation, restriction;

    PetscCall(PCMGGetSmoother(pc, k, &smoother));
    PetscCall(KSPSetDM(smoother, NakStateDM(NakColumnsLevelState(columns, k))));
    PetscCall(KSPSetDMActive(smoother, PETSC_FALSE)); /* it only holds TSROSW's work vectors */
    if (k == 0) {
      PetscCall(
        KSPSetOperators(smoother, NakColumnsMatrix(columns, 0), NakColumnsMatrix(columns, 0)));
      continue; /* PCMG's own choice for the coarsest grid: LU on every rank */
    }
    PetscCall(SetUpSmoother(smoother, NakColumnsMatrix(columns, k)));
    PetscCall(NakColumnsTransfer(columns, k, &interpolation, &restriction));
    PetscCall(PCMGSetInterpolation(pc, k, interpolation));
    PetscCall(PCMGSetRestriction(pc, k, restriction));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsAssembledPreconditioner(NakColumns columns, PC pc)
{
  const PetscInt levels = NakColumnsLevels(columns);
  const NakGrid *grid   = NakStateGrid(NakColumnsLevelState(columns, levels - 1));

  PetscFunctionBeginUser;
  if (grid->nx * grid->ny == 1) {
    PetscCall(PCSetType(pc, PCLU));
    PetscCall(PCFactorSetMatOrderingType(pc, MATORDERINGNATURAL));
  } else if (levels > 1)
    PetscCall(SetUpMultigrid(columns, pc));
  else
    PetscCall(PCSetType(pc, PCREDUNDANT));
  PetscFunctionReturn(PETSC_SUCCESS);
}
