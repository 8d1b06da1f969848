/* What the source files of the multigrid share; the explanation is in multigrid.c. */
#pragma once

#include "lines.h"

/* How the columns of a rank depend on the grid below, in one direction.  Cells count from the first
   ghost of the coarse grid's part. */
typedef struct {
  NakPair *pair;
  PetscBool
    regular[2]; /* of every other column from 0, or from 1: whether cells follow each other and
                           weights are the same, as where a grid is halved */
} Pairs;

/* Between a grid and the one below. */
typedef struct {
  Pairs interpolation[2], overlap[2]; /* in x, y */
} Transfer;

/* The input and output of the finest grid; NULL if there is none. */
typedef struct {
  const PetscReal *r;     /* right-hand side, as in a Vec of the columns */
  PetscReal       *y;     /* solution, likewise, */
  const PetscReal *slope; /* for which the slopes are needed */
  const PetscReal *guess; /* black columns, as in reduced.c; NULL also if a rank has none */
  PetscReal       *black; /* likewise: those of the solution, */
  PetscBool        minus; /* or of the guess, from which the cycle then begins, less the solution */
} NakInOut;

/* regroup.c: ranks that put their columns together, each of them with all. */
typedef struct {
  MPI_Comm     comm;
  PetscMPIInt  n;
  NakBox       whole, *part;   /* of all, of each */
  PetscMPIInt *count, *offset; /* columns of each, and before them */
  PetscReal   *received;       /* work */
} NakGroup;

/* `most`: numbers of a column that are gathered at once.  Collective on the ranks of `shared`. */
PetscErrorCode NakGroupCreate(NakState shared, NakState regrouped, PetscInt most, NakGroup *group);
PetscErrorCode NakGroupDestroy(NakGroup *group);

/* Gather `width` numbers of each column, a `column` for MPI, from the rank's own columns to all
   columns, both by rows. */
PetscErrorCode NakGroupGather(const NakGroup *group, MPI_Datatype column, PetscInt width,
                              const PetscReal own[], PetscReal all[]);

/* Grids that the same ranks share. */
typedef struct {
  const NakGrids *grids;
  PetscInt        bottom; /* the coarsest of them that is used */
  NakState
    state; /* but of the first stage: the finest, which is that at the bottom of the stage before, */
  NakGrids own;   /* the grids, */
  NakGroup group; /* and those that put it together */
} NakStage;

enum { NAK_STAGES_MOST = 32 }; /* each has half the ranks of the one before, or fewer */

typedef struct NakMultigrid_private {
  NakLineLU            lu;
  PetscInt             linearisation; /* its number */
  PetscInt             n_stages;
  NakStage             stage[NAK_STAGES_MOST];
  PetscInt             n;     /* grids that are used, of all stages; [0] is the coarsest */
  const NakGridLevel **level; /* their entries and slopes */
  const NakStage           *
    *below;  /* to which the next grid belongs, where that is the same one; else NULL */
  PetscInt    *halved; /* how often, from the finest */
  NakLines    *lines;
  Transfer    *transfer;                /* to the grid below, if it is another one */
  PetscReal   *half, *right;            /* work: half rows, */
  PetscReal   *row;                     /* a row of the grid below, */
  PetscReal   *own, *all;               /* and what a group puts together */
  MPI_Datatype entries, slopes, moving; /* of a column, for MPI */
} * NakMultigrid;

PetscErrorCode NakMultigridCreate(const NakGrids *grids, NakMultigrid *multigrid);
PetscErrorCode NakMultigridDestroy(NakMultigrid *multigrid);
PetscErrorCode NakMultigridFactor(NakMultigrid mg); /* for a new linearisation */

/* Set up `pc` to do a cycle. */
PetscErrorCode NakMultigridPrecondition(NakMultigrid mg, PC pc);

/* reduced.c: turn `pc`, which does cycles, into one that solves, if possible. */
PetscErrorCode NakReducedSolver(NakMultigrid mg, PetscReal tolerance, PetscInt kept, PC pc,
                                KSP *inner);

/* cycle.c: what each does is explained at its use in reduced.c. */
typedef PetscErrorCode (*NakTurn)(NakMultigrid mg, const NakInOut *io);
PetscErrorCode NakMultigridCycle(NakMultigrid mg, const NakInOut *io);
PetscErrorCode NakMultigridSweep(NakMultigrid mg, const NakInOut *io);

/* All columns, by a cycle or a sweep. */
PetscErrorCode NakMultigridTurn(NakMultigrid mg, NakTurn turn, Vec right, const PetscReal guess[],
                                Vec solution);

/* Numbers of the black columns of this rank. */
PetscInt NakBlackSize(NakMultigrid mg);
