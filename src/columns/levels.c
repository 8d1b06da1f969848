/* Linearised columns on a hierarchy of grids.

   Lateral exchange is a Laplacian of the diffusion potentials.  All else happens inside a column.
   So a coarse matrix needs no state of its own.  The entries of its columns are the averages of
   those of the finer columns inside.  Its lateral exchange is that of the averaged slopes over the
   coarser distance. */
#include "columns_impl.h"

PetscErrorCode NakGridsAverage(const NakGrids *grids)
{
  PetscFunctionBeginUser;
  for (const NakGridLevel *fine = NakFinest(grids); fine > grids->level; fine--) {
    PetscCall(MatMult(fine->entry_average, fine->entries, fine[-1].entries));
    PetscCall(MatMult(fine->average, fine->slope, fine[-1].slope));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGridsGhosts(const NakGridLevel *level)
{
  const PetscReal *slope;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(level->slope, &slope));
  PetscCall(NakHaloFetch(&level->halo, slope, level->ghosts));
  PetscCall(VecRestoreArrayRead(level->slope, &slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLevel(NakGridLevel *level, const NakPattern *pattern)
{
  DM             dm   = NakStateDM(level->state);
  NakNeighbours *near = &level->halo.near;

  PetscFunctionBeginUser;
  PetscCall(NakHaloCreate(level->state, &level->halo));
  PetscCall(PetscMalloc1((ptrdiff_t)near->ghosts * pattern->size, &level->ghosts));
  PetscCall(DMCreateGlobalVector(dm, &level->slope));
  PetscCall(VecCreate(PetscObjectComm((PetscObject)dm), &level->entries));
  PetscCall(VecSetSizes(level->entries, near->owned * pattern->n, PETSC_DETERMINE));
  PetscCall(VecSetType(level->entries, VECSTANDARD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The average acts alike on all unknowns of a column, and on all entries of its matrix. */
static PetscErrorCode CreateAverages(NakGridLevel *fine, const NakGridLevel *coarse,
                                     const NakPattern *pattern)
{
  Mat average;

  PetscFunctionBeginUser;
  PetscCall(NakAverageCreate(fine->state, coarse->state, &average));
  PetscCall(MatCreateMAIJ(average, pattern->size, &fine->average));
  PetscCall(MatCreateMAIJ(average, pattern->n, &fine->entry_average));
  PetscCall(MatDestroy(&average));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGridsCreate(NakState finest, const NakPattern *pattern, NakGrids *grids)
{
  enum { MOST = 32 };
  NakState states[MOST];
  PetscInt n = 0;

  PetscFunctionBeginUser;
  states[0] = finest;
  while (states[n] != NULL && n + 1 < MOST) {
    PetscCall(NakStateCoarsen(states[n], &states[n + 1]));
    n++;
  }
  *grids = (NakGrids){.pattern = pattern, .n = n};
  PetscCall(PetscCalloc1(n, &grids->level));
  for (PetscInt k = 0; k < n; k++) {
    grids->level[k].state = states[n - 1 - k];
    PetscCall(CreateLevel(&grids->level[k], pattern));
    if (k > 0) PetscCall(CreateAverages(&grids->level[k], &grids->level[k - 1], pattern));
  }
  PetscCall(PetscMalloc2((ptrdiff_t)NakFinest(grids)->halo.near.ghosts * pattern->size, &grids->x,
                         NakFinest(grids)->halo.near.owned, &grids->sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The state of the finest level is its maker's. */
PetscErrorCode NakGridsDestroy(NakGrids *grids)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < grids->n; k++) {
    NakGridLevel *level = &grids->level[k];

    PetscCall(VecDestroy(&level->entries));
    PetscCall(VecDestroy(&level->slope));
    PetscCall(NakHaloDestroy(&level->halo));
    PetscCall(PetscFree(level->ghosts));
    PetscCall(MatDestroy(&level->average));
    PetscCall(MatDestroy(&level->entry_average));
    if (k + 1 < grids->n) PetscCall(NakStateDestroy(&level->state));
  }
  PetscCall(PetscFree(grids->level));
  PetscCall(PetscFree2(grids->x, grids->sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}
