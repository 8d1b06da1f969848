/* What the source files of the columns share.  Only columns.c sees the columns as a whole. */
#pragma once

#include <nakfield/columns.h>

#include <petscsf.h>

/* Where the entries of a column's matrix are stored.  First come the diagonals below, on and above
   the main one, each as long as the column.  Then come the entries that lie farther off. */
typedef struct {
  PetscInt   size;      /* of a column */
  PetscInt   n;         /* stored entries of a column */
  PetscInt  *row, *col; /* of each; the column is -1 where nothing ever stands */
  PetscInt  *place;     /* of each entry that the physics gives */
  PetscBool *uniform;   /* of each stored entry, as the physics says */
  PetscReal *scale; /* of the potential of each unknown, over it; 0 where nothing moves laterally */
  NakEntries scratch; /* of one column */
} NakPattern;

PetscErrorCode NakPatternCreate(const NakColumnPhysics *physics, PetscInt size,
                                NakPattern *pattern);
PetscErrorCode NakPatternDestroy(NakPattern *pattern);

/* neighbours.c: who owns column (i, j), and its box. */
PetscErrorCode NakOwner(NakState state, PetscInt i, PetscInt j, PetscMPIInt *rank, NakBox *box);

/* From roots to leaves. */
static inline PetscErrorCode NakBroadcast(PetscSF sf, MPI_Datatype unit, const void *from, void *to)
{
  PetscFunctionBeginUser;
  PetscCall(PetscSFBcastBegin(sf, unit, from, to, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(sf, unit, from, to, MPI_REPLACE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where a rank finds the columns beside its own ones. */
typedef struct {
  NakNeighbours near;
  PetscBool     alone;  /* whether there is one column */
  PetscSF       sf;     /* from owned columns to ghosts */
  MPI_Datatype  column; /* what it sends */
} NakHalo;

PetscErrorCode NakHaloCreate(NakState state, NakHalo *halo);
PetscErrorCode NakHaloDestroy(NakHalo *halo);

/* Fetch the ghosts of columns of owned values.  Collective. */
PetscErrorCode NakHaloFetch(const NakHalo *halo, const PetscReal own[], PetscReal ghosts[]);

/* One grid of the hierarchy: its linearised columns. */
typedef struct {
  NakState   state;
  Vec        entries; /* of the columns' own Jacobians, as the pattern has them */
  Vec        slope;   /* of the potentials */
  NakHalo    halo;
  PetscReal *ghosts;                 /* slopes of the ghosts */
  Mat        average, entry_average; /* of slopes, of entries, for the level below */
} NakGridLevel;

typedef struct {
  const NakPattern *pattern;
  PetscInt          n;
  NakGridLevel     *level; /* [0] is the coarsest */
  PetscReal        *x;     /* work: a vector's ghosts on the finest, */
  PetscReal        *sum;   /* and sums of what its columns share */
  NakColumnShared   shared;
  NakColumnLateral  lateral;
  const void       *ctx;   /* of `lateral` */
  ptrdiff_t         width; /* of the potentials of a column, if there are such fluxes */
  PetscReal        *theta; /* at the last linearisation: of the owned columns and the ghosts */
} NakGrids;

static inline NakGridLevel *NakFinest(const NakGrids *grids)
{
  return &grids->level[grids->n - 1];
}

/* levels.c: the grid of `finest` and all coarser ones. */
PetscErrorCode NakGridsCreate(NakState finest, const NakPattern *pattern, NakGrids *grids);
PetscErrorCode NakGridsDestroy(NakGrids *grids);

/* Average entries and slopes of the finest level onto all coarser ones. */
PetscErrorCode NakGridsAverage(const NakGrids *grids);

/* The slopes of the ghosts of one level. */
PetscErrorCode NakGridsGhosts(const NakGridLevel *level);

/* matrix.c: a level as a matrix, of its present entries and slopes. */
PetscErrorCode NakMatrixCreate(const NakGridLevel *level, const NakPattern *pattern, Mat *matrix);
PetscErrorCode NakMatrixFill(const NakGridLevel *level, const NakPattern *pattern, Mat matrix);

/* transfer.c: pairs of cells in one direction.  One pair is the two coarse cells between whose
   centres the centre of a fine cell lies.  The other is the two that the fine cell overlaps, with
   the shares.  Cells beyond a periodic boundary keep their numbers outside the grid. */
typedef struct {
  PetscInt  cell[2];
  PetscReal weight[2];
} NakPair;

NakPair NakInterpolation(PetscInt fine, PetscInt n_fine, PetscInt n_coarse, PetscBool periodic);
NakPair NakOverlap(PetscInt fine, PetscInt n_fine, PetscInt n_coarse);

/* The average onto a grid with half the columns, for a given number of values per column. */
PetscErrorCode NakAverageCreate(NakState fine, NakState coarse, Mat *average);

/* columns.c: whether there are lateral fluxes that preconditioners do not see. */
PetscBool NakColumnsLateral(NakColumns columns);

/* columns.c: note whether a solve has come near its solution, for NakColumnsSolved(). */
PetscErrorCode NakColumnsJudge(NakColumns columns, KSP ksp, Vec solution);

/* operator.c: the finest level as an operator. */
PetscErrorCode NakOperatorCreate(const NakGrids *grids, Mat *mat);

/* y += what an assembled matrix lacks of the product with x. */
PetscErrorCode NakOperatorAddRest(const NakGrids *grids, Vec x, Vec y);

/* The part of the conserved sums in the residual b - A x, for the columns of this rank. */
PetscErrorCode NakOperatorLost(const NakGrids *grids, const NakColumnPhysics *physics, Vec b, Vec x,
                               PetscReal lost[]);

/* residual.c: room for potentials, those of some rows and those of the ghosts. */
typedef struct {
  NakBox     box;
  PetscReal *rows, *ghosts;
} NakPotentials;

PetscErrorCode NakPotentialsCreate(NakState state, const NakNeighbours *near,
                                   const NakColumnPhysics *physics, NakPotentials *potentials);
PetscErrorCode NakPotentialsDestroy(NakPotentials *potentials);

/* F of the owned columns.  `size` is that of a column, and `ghosts` holds the unknowns of the
   ghosts. */
void NakResidual(const NakColumnPhysics *physics, const NakNeighbours *near,
                 const NakPotentials *potentials, PetscInt size, const PetscReal u[],
                 const PetscReal ghosts[], const PetscReal udot[], PetscReal f[]);
