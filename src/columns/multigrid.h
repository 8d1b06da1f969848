/* What the rooms of the multigrid share; what is meant is in multigrid.c. */
#pragma once

#include "lines.h"

/* How the columns of a rank depend on the grid below, in one direction: cells counted from the first
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

/* What goes into and comes out of the finest grid; NULL where nothing does. */
typedef struct {
  const PetscReal *r;     /* right-hand side, as in a Vec of the columns */
  PetscReal       *y;     /* solution, likewise, */
  const PetscReal *slope; /* for which the slopes are needed */
  const PetscReal *guess; /* black columns, as in reduced.c; NULL also where a rank has none */
  PetscReal       *black; /* likewise: those of the solution, */
  PetscBool        minus; /* or of the guess, from which the cycle then begins, less the solution */
} NakInOut;

typedef struct NakMultigrid_private {
  const NakGrids *grids; /* that ranks share */
  NakLineLU       lu;
  PetscInt        linearisation;            /* its number */
  PetscInt        bottom;                   /* the coarsest shared grid that is used */
  NakState        whole;                    /* it, all of it on this rank; NULL on a single rank */
  NakGrids        replicas;                 /* grids of one rank */
  PetscInt        n;                        /* all grids: replicas, then shared ones */
  NakLines       *lines;                    /* [0] is the coarsest */
  Transfer       *transfer;                 /* to the grid below */
  PetscReal      *half, *right;             /* work: half rows, */
  PetscReal      *row;                      /* and a row of the grid below */
  PetscSF         gather_b, gather_columns; /* to the whole grid */
  MPI_Datatype    entries, column;
} * NakMultigrid;

PetscErrorCode NakMultigridCreate(const NakGrids *grids, NakMultigrid *multigrid);
PetscErrorCode NakMultigridDestroy(NakMultigrid *multigrid);
PetscErrorCode NakMultigridFactor(NakMultigrid mg); /* for a new linearisation */

/* Set up `pc` to do a cycle. */
PetscErrorCode NakMultigridPrecondition(NakMultigrid mg, PC pc);

/* reduced.c: make `pc`, which does cycles, solve, where that is possible. */
PetscErrorCode NakReducedSolver(NakMultigrid mg, PetscReal tolerance, PC pc, KSP *inner);

/* cycle.c: what each does stands at its use in reduced.c. */
typedef PetscErrorCode (*NakTurn)(NakMultigrid mg, const NakInOut *io);
PetscErrorCode NakMultigridCycle(NakMultigrid mg, const NakInOut *io);
PetscErrorCode NakMultigridSweep(NakMultigrid mg, const NakInOut *io);

/* All columns, by a cycle or a sweep. */
PetscErrorCode NakMultigridTurn(NakMultigrid mg, NakTurn turn, Vec right, const PetscReal guess[],
                                Vec solution);

/* Numbers of the black columns of this rank. */
PetscInt NakBlackSize(NakMultigrid mg);
