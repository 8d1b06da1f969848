/* What the rooms of the model share. */
#pragma once

#include "column.h"

#include <petscsf.h>

/* Where the entries of a column's matrix are stored: the diagonals below, on and above the main one,
   each as long as the column, then what lies farther off. */
typedef struct {
  PetscInt  size;      /* of a column */
  PetscInt  n;         /* stored entries of a column */
  PetscInt *row, *col; /* of each; the column is -1 where nothing ever stands */
  PetscInt *place;     /* of each entry that NakColumnJacobian() gives */
  PetscBool
    *uniform; /* whether an entry is a constant times the slope of its column's potential: so is a
                           flux inside a region */
  PetscReal *scale; /* of the diffusion potential of each unknown, over the unknown; 0 where nothing
                           moves laterally */
} NakPattern;

/* One grid of the hierarchy: its linearised columns, and, where asked for, the matrix made of them. */
typedef struct {
  NakState state;
  Vec      entries; /* of the columns' own Jacobians, as the pattern has them */
  Vec      slope;   /* of the diffusion potentials */
  Mat      restriction, entry_restriction; /* averages of slopes, of entries, for the level below */
  Mat      interpolation;                  /* from the level below; only with a matrix */
  Mat      matrix;
  Vec      ghosts;   /* slopes with ghost columns */
  PetscReal *values; /* of the matrix, in the order in which it was preallocated */
} NakLevel;

/* Where a rank finds the columns beside its own ones. */
enum { SIDES = 4 };

typedef struct {
  PetscBool    alone;  /* whether there is one column */
  PetscSF      sf;     /* from owned columns to ghosts */
  MPI_Datatype column; /* what it sends */
  PetscInt     owned, ghosts;
  PetscInt (
    *beside)[SIDES];        /* of each owned column: number of a neighbour, first all owned ones and
                                  then the ghosts; -1 beyond a boundary */
  PetscReal  weight[SIDES]; /* 1 / distance^2 */
  PetscReal *slope, *x;     /* of the ghosts */
} NakNeighbours;

typedef struct NakMultigrid_private *NakMultigrid;

struct NakModel_private {
  MPI_Comm         comm;
  NakModelParams   params;
  NakState         state; /* that of the finest level */
  NakColumn        column;
  NakCover        *over;  /* of the owned columns */
  const PetscReal *voids; /* order parameter over the owned columns, or NULL; not owned */
  PetscReal        contact_fraction;
  PetscReal       *rows, *ghosts; /* potentials: of some rows, of ghost columns */
  PetscInt         n_levels;
  NakLevel        *levels; /* [0] is the coarsest */
  PetscBool        assembled;
  NakPattern       pattern;
  NakEntries       scratch; /* of one column */
  NakNeighbours    neighbours;
  Mat              jacobian; /* of the finest level, without a stored matrix */
  NakMultigrid     multigrid;
  PetscBool        linearised;
  PetscReal        shift; /* of the last linearisation */
  PetscReal        initial_potential;
  Vec              frame_state; /* the state that NakModelFrame() was last asked for; not owned */
};

/* A rank's columns. */
typedef struct {
  PetscInt xs, ys, xm, ym;
} NakBox;

static inline PetscErrorCode NakOwnedBox(NakState state, NakBox *box)
{
  PetscFunctionBeginUser;
  PetscCall(DMDAGetCorners(NakStateDM(state), &box->xs, &box->ys, NULL, &box->xm, &box->ym, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same with the ghost columns around them. */
static inline PetscErrorCode NakGhostedBox(NakState state, NakBox *box)
{
  PetscFunctionBeginUser;
  PetscCall(
    DMDAGetGhostCorners(NakStateDM(state), &box->xs, &box->ys, NULL, &box->xm, &box->ym, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* contact.c: contact of the owned columns, all wetted, and its mean over all. */
PetscErrorCode NakContactCreate(MPI_Comm comm, const NakContactParams *params, NakState state,
                                NakCover **over, PetscReal *fraction);

/* neighbours.c: who owns column (i, j), and its box. */
PetscErrorCode NakOwner(NakState state, PetscInt i, PetscInt j, PetscMPIInt *rank, NakBox *box);

/* pattern.c */
PetscErrorCode NakPatternCreate(const NakColumn *column, NakEntries *scratch, NakPattern *pattern);
PetscErrorCode NakPatternDestroy(NakEntries *scratch, NakPattern *pattern);

/* levels.c: the grid of `finest` and all coarser ones; [0] is the coarsest. */
PetscErrorCode NakLevelsCreate(NakState finest, const NakPattern *pattern, NakLevel **levels,
                               PetscInt *n);
PetscErrorCode NakLevelsDestroy(NakLevel **levels, PetscInt n);

/* Average entries and slopes of the finest level onto all coarser ones. */
PetscErrorCode NakLevelsAverage(NakLevel levels[], PetscInt n);

/* neighbours.c */
PetscErrorCode NakNeighboursCreate(NakState state, NakNeighbours *neighbours);
PetscErrorCode NakNeighboursDestroy(NakNeighbours *neighbours);

/* Fetch the ghosts of columns of owned values.  Collective. */
PetscErrorCode NakNeighboursFetch(NakNeighbours *neighbours, const PetscReal own[],
                                  PetscReal ghosts[]);

/* residual.c: room for the potentials. */
PetscErrorCode NakPotentialsCreate(NakModel model);

/* operator.c */
PetscErrorCode NakOperatorRenew(NakModel model);

/* multigrid.c */
PetscErrorCode NakMultigridCreate(NakModel model, NakMultigrid *multigrid);
PetscErrorCode NakMultigridDestroy(NakMultigrid *multigrid);
PetscErrorCode NakMultigridFactor(NakModel model); /* for a new linearisation */

/* transfer.c: in one direction, the two coarse cells between whose centres that of a fine cell lies, and
   the two that it overlaps, with the shares of these that it is.  Cells beyond a periodic boundary
   keep their numbers outside the grid. */
typedef struct {
  PetscInt  cell[2];
  PetscReal weight[2];
} NakPair;

NakPair NakInterpolation(PetscInt fine, PetscInt n_fine, PetscInt n_coarse, PetscBool periodic);
NakPair NakOverlap(PetscInt fine, PetscInt n_fine, PetscInt n_coarse);

/* scalar cell-centred transfer between a grid and the one with half its columns. */
PetscErrorCode NakTransferCreate(NakState fine, NakState coarse, Mat *interpolation,
                                 Mat *restriction);
