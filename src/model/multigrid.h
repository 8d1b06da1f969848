/* What the rooms of the multigrid share; what is meant is in multigrid.c. */
#pragma once

#include "lines.h"

/* How the columns of a rank depend on the grid below, in one direction: cells counted from the first
   ghost of the coarse grid's part. */
typedef struct {
  PetscInt  *cell[2];
  PetscReal *weight[2];
  PetscBool
    regular[2]; /* of every other column from 0, or from 1: whether cells follow each other and
                            weights are the same, as where a grid is halved */
} Pairs;

/* Between a grid and the one below. */
typedef struct {
  Pairs interpolation[2], overlap[2]; /* in x, y */
} Transfer;

struct NakMultigrid_private {
  NakProgram program;
  PetscInt   linearisation; /* its number */
  PetscInt   bottom;        /* the coarsest shared grid, as a level of the model */
  NakState   whole;         /* it, all of it on this rank; NULL on a single rank */
  NakLevel  *replicas;
  PetscInt   n_replicas;   /* grids of one rank */
  PetscInt   n;            /* all grids: replicas, then shared ones */
  NakLines  *lines;        /* [0] is the coarsest */
  Transfer  *transfer;     /* to the grid below */
  PetscReal *half, *right; /* work: half rows, */
  PetscReal *row;          /* and a row of the grid below */
  /* What goes into and comes out of the finest grid; NULL where nothing does. */
  const PetscReal *r;     /* right-hand side, as in a Vec of the model */
  PetscReal       *y;     /* solution, likewise, */
  const PetscReal *slope; /* for which the slopes are needed */
  const PetscReal *guess; /* black columns, as in black.c; NULL also where a rank has none */
  PetscReal       *black; /* likewise: those of the solution, */
  PetscBool        minus; /* or of the guess, from which the cycle then begins, less the solution */
  PetscSF          gather_b, gather_entries, gather_slopes; /* to the whole grid */
  MPI_Datatype     entries, column;
};

/* multigrid.c: the solution of the whole cell is to come out. */
PetscErrorCode NakSolutionBegin(NakModel model, Vec solution);
PetscErrorCode NakSolutionEnd(NakModel model, Vec solution);

/* cycle.c: what each does stands at its use in black.c. */
PetscErrorCode NakColumnsCycle(NakMultigrid mg);
PetscErrorCode NakColumnsSweep(NakMultigrid mg);

/* Numbers of the black columns of this rank. */
PetscInt NakBlackSize(NakMultigrid mg);
