/* Columns side by side, for the multigrid.

   What a column needs is done for all columns of half a row of the grid at once.  The same unknown
   of these columns lies together.  So the compiler turns the innermost loop, over columns, into
   vector instructions.  A row of the grid is split into its even and its odd columns, because lines
   are smoothed in red-black order: (i + j) even, then odd.

   An unknown that moves is solved for as its diffusion potential, slope times unknown.  Then fluxes
   inside a region are constants times differences, along z as between columns.  These entries of a
   column's matrix are the same for all columns and on all grids.  Of the factors, little more than
   the pivots is streamed from memory. */
#pragma once

#include "columns_impl.h"

/* LU of the matrix of one column, in the column's natural order, which should need few extra
   entries.  Numbers below are of its entries, row by row. */
typedef struct {
  PetscInt   size, n;
  PetscInt  *start, *diagonal; /* of each row: its first entry, and that on the diagonal */
  PetscInt  *column;           /* of each entry */
  PetscInt  *stored; /* its place among NakGridLevel's entries of a column, or -1: filled in */
  PetscInt   stored_entries; /* of a column */
  PetscInt   slots;          /* factors that are kept for each column */
  PetscInt  *slot;           /* which of them an entry is; -1 if it is the same for all columns */
  PetscInt  *kept;           /* entry of each slot; then the entries that are the same */
  PetscInt  *update;         /* first of the updates that an entry of L makes; n + 1 */
  PetscInt  *from, *to;      /* of each update: entry of U, and the entry it changes */
  PetscInt   n_moving;       /* unknowns that move laterally */
  PetscInt  *moving;         /* which; after them those that do not */
  PetscReal *scale;          /* of the potential of each, over the unknown; 0 where nothing moves */
} NakLineLU;

PetscErrorCode NakLineLUCreate(const NakPattern *pattern, NakLineLU *lu);
PetscErrorCode NakLineLUDestroy(NakLineLU *lu);

/* The columns of one rank on one grid, with a ring of ghost columns around them.  Unknown z of
   column (i, j) lies at NakLinesPlace(i, j) + z * pitch. */
typedef struct {
  const NakLineLU *lu;
  NakBox           box;
  PetscInt         size;
  PetscInt         nx, ny; /* of the whole grid */
  PetscBool        periodic;
  PetscBool        seam; /* whether columns of one colour meet there */
  PetscBool  rows;  /* whether this rank has whole rows, and so the ghosts at their ends itself */
  PetscInt   first; /* half the number of the first column that has a place */
  ptrdiff_t  pitch; /* columns of one parity in a row */
  ptrdiff_t  length;
  PetscReal  wx, wy;    /* 1 / distance^2 */
  PetscReal *factors;   /* by half rows, `slots` for each column, like the rest */
  PetscReal *uniform;   /* entries that are the same for all columns */
  PetscReal *b;         /* right-hand side */
  PetscReal *t;         /* solution, with ghosts: potentials of what moves, 0 beyond a boundary */
  PetscReal *change;    /* of t by the last solve that noted it; only on the finest grid */
  PetscSF red_black[2]; /* ghosts beside the columns, by the colour they take after; where rows are
                              whole only those above and below, at a seam of both colours */
  PetscSF ring;         /* all ghosts, with those at corners */
} NakLines;

/* Compute all members that follow from `box`, `size`, and so on. */
void NakLinesShape(NakLines *grid);

PetscErrorCode NakLinesCreate(NakState state, const NakLineLU *lu, PetscBool finest,
                              NakLines *grid);
PetscErrorCode NakLinesDestroy(NakLines *grid);

/* How many this rank has. */
static inline PetscInt NakLinesColumns(const NakLines *g)
{
  return g->box.xm * g->box.ym;
}

static inline ptrdiff_t NakLinesHalfRow(const NakLines *g, PetscInt j, PetscInt parity)
{
  return (ptrdiff_t)(j - g->box.ys + 1) * 2 + parity;
}

static inline PetscInt NakLinesAlong(const NakLines *g, PetscInt i)
{
  return (i - (i & 1)) / 2 - g->first;
}

static inline ptrdiff_t NakLinesPlace(const NakLines *g, PetscInt i, PetscInt j)
{
  return NakLinesHalfRow(g, j, i & 1) * g->size * g->pitch + NakLinesAlong(g, i);
}

/* The owned columns of one parity: the first, and how many. */
static inline PetscInt NakLinesFirst(const NakLines *g, PetscInt parity)
{
  return g->box.xs + ((g->box.xs ^ parity) & 1);
}

static inline PetscInt NakLinesCount(const NakLines *g, PetscInt parity)
{
  return (g->box.xs + g->box.xm - NakLinesFirst(g, parity) + 1) / 2;
}

/* Where the factors of column (i, j) begin. */
static inline PetscReal *NakLinesFactors(const NakLines *g, PetscInt i, PetscInt j)
{
  return g->factors + NakLinesHalfRow(g, j, i & 1) * g->lu->slots * g->pitch + NakLinesAlong(g, i);
}

/* Factorise: `entries` of the owned columns, as in NakGridLevel; `slope` likewise.  Collective. */
PetscErrorCode NakLinesFactor(NakLines *grid, const PetscReal entries[], const PetscReal slope[]);

/* linesolve.c: what the potentials t of the neighbours, with ghosts, give to the columns of one
   parity in row j.  It is computed for the unknowns that move, with the sign of the right-hand
   side.  y is a half row. */
void NakLinesExchange(const NakLines *grid, PetscInt j, PetscInt parity, const PetscReal t[],
                      PetscReal y[]);

/* What neighbours of the same colour give.  They exist if an odd number of columns is periodic. */
void NakLinesSeam(const NakLines *grid, PetscInt j, PetscInt parity, PetscReal y[]);

/* What a solve knows about the other columns: nothing (they are 0), or their t.  Also whether it
   records the change of its own t, which it renews. */
typedef enum { NAK_LINES_ALONE, NAK_LINES_WITHIN, NAK_LINES_CHANGE } NakLinesTurn;

/* Solve the columns of one parity in row j, from the half row b (NULL: 0) into t.  `work` has room
   for a half row. */
void NakLinesSolve(NakLines *grid, PetscInt j, PetscInt parity, NakLinesTurn turn,
                   const PetscReal b[], PetscReal work[]);

/* Renew t of the ghosts at the ends of row j, if rows are whole. */
void NakLinesWrap(const NakLines *grid, PetscInt j, PetscInt parity, PetscReal t[]);
