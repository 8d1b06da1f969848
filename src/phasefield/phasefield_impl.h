/* What the source files of the FAS engine share.

   A line of cells in x is stored as two halves: first the cells with even i, then those with odd i.
   Each half has room for a ghost.  For a line that begins at `b`, cell i is at b[(i & 1) * odd + (i
   >> 1)], for i = -1 and i = n too.  Lines have ghosts in y and z. */
#pragma once

#include <nakfield/phasefield.h>

enum { NAK_WIDE = 3 }; /* fine cells that a coarse one can overlap in one direction */

/* One direction of the transfer between a grid and the next coarser one: `fine` own cells and
   `coarse` own cells, with numbers local to the rank. */
typedef struct {
  PetscBool  halved; /* every coarse cell is two fine ones */
  PetscInt   fine, coarse;
  PetscInt  *home, *side; /* [fine] coarse cell around the centre, and its next nearest neighbour */
  PetscReal *theta;       /* [fine] weight of that neighbour's difference */
  PetscInt  *from;        /* [coarse] first fine cell that is averaged */
  PetscReal *share;       /* [coarse][NAK_WIDE] */
} NakTransfer;

/* One grid of the hierarchy. */
typedef struct {
  PetscInt     index;
  PetscInt     n[3], start[3], m[3]; /* cells of the box; this rank's: first and number */
  PetscReal    h[3];
  MPI_Comm     comm;               /* the ranks that share it, */
  PetscInt     split[2], place[2]; /* how many in y and z, and this one's place among them; */
  PetscInt    *cuts[2]; /* where their parts begin, with the end; even where there are several */
  MPI_Comm     group;   /* those that put their parts of it together; MPI_COMM_NULL: none do */
  ptrdiff_t    odd, line, plane;    /* of an odd cell in its line; between lines; between planes */
  ptrdiff_t    first;               /* of cell (0, 0, 0) */
  PetscInt     size;                /* numbers in an array */
  PetscReal   *u[NAK_FIELDS_MAX];   /* with ghosts */
  PetscReal   *rhs[NAK_FIELDS_MAX]; /* without meaning beyond own cells */
  PetscReal   *before[NAK_FIELDS_MAX];   /* coarser grids: what u was before the correction */
  PetscReal   *frozen[NAK_FIELDS_MAX];   /* coarser grids */
  PetscReal   *diagonal[NAK_FIELDS_MAX]; /* by kind of line in y and z, 9 rows as long as a line */
  PetscReal   *face[NAK_FIELDS_MAX][NAK_SIDES]; /* part of a ghost that does not follow; NULL: 0 */
  NakTransfer  coarser[3];
  PetscReal   *gathered, *own; /* of a group: what it puts together, and this rank's part, */
  PetscMPIInt *counts, *offsets, members, member;
  PetscInt    *boxes; /* [members][4]: start and number in y and z */
  PetscMPIInt  n_requests;
  MPI_Request  requests[8]; /* persistent: ghosts of u from and to the ranks around */
  MPI_Datatype types[8];
} NakLevel;

enum { NAK_LEVELS_MAX = 24 };

/* All that the next step depends on but arrays; a block of a checkpoint. */
typedef struct {
  PetscReal past_time[NAK_HISTORY_MAX], total[NAK_FIELDS_MAX];
  PetscReal next_step, shift;
  PetscReal rate;          /* at which cycles converged lately */
  PetscInt  n_past, order; /* past states; the formula's order, up to which they are kept */
  NakPhaseFieldCount count;
} NakPhaseFieldIntegratorState;

struct NakPhaseField_private {
  MPI_Comm             comm;
  PetscMPIInt          rank, size;
  const NakFieldModel *model;
  const void          *ctx;
  NakDomain            box;
  NakPhaseFieldParams  params;
  int                  solid; /* 1 in 3D: index of kernels */
  NakLevel             level[NAK_LEVELS_MAX];
  PetscInt             n_levels;
  PetscReal           *buffer; /* lines for kernels and transfers */
  ptrdiff_t            buffer_line;
  PetscReal            doubles; /* allocated here */
  PetscReal            time;
  /* time */
  PetscReal *past[NAK_HISTORY_MAX][NAK_FIELDS_MAX]; /* u, newest first, own lines as in level 0 */
  PetscReal *stored[NAK_ORDER_MAX][NAK_FIELDS_MAX]; /* S of the newest, if S is not u */
  PetscReal *last[NAK_FIELDS_MAX]; /* prediction, then what u was before the last cycle */
  NakPhaseFieldIntegratorState integrator;
  NakGrid                      frame_grid;
};

/* ---- levels.c ---- */
PetscErrorCode NakHierarchyCreate(NakPhaseField e);
PetscErrorCode NakHierarchyDestroy(NakPhaseField e);
void           NakPartition(const NakDomain *box, PetscInt ranks, PetscInt split[2]);

/* ---- line.c ---- */

/* An array of zeros, which counts for the memory. */
PetscErrorCode NakArrayCreate(NakPhaseField e, PetscInt count, PetscReal **array);

/* The half line of `parity` (0: even cells) in local line (j, k): everything but rhs and
   diagonal. */
NakLine NakHalfLine(NakPhaseField e, const NakLevel *v, PetscReal *const u[], PetscInt j,
                    PetscInt k, PetscInt parity);
/* Those two as well. */
NakLine NakSmoothLine(NakPhaseField e, const NakLevel *v, PetscInt j, PetscInt k, PetscInt parity);

/* Half lines of a grid, counted: which one number `h` is. */
static inline PetscInt NakHalfLines(const NakLevel *v)
{
  return 2 * v->m[1] * v->m[2];
}

static inline void NakHalfLineOf(const NakLevel *v, PetscInt h, PetscInt *j, PetscInt *k,
                                 PetscInt *parity)
{
  *parity = h % 2;
  *j      = h / 2 % v->m[1];
  *k      = h / 2 / v->m[1];
}

/* The model's operator and smoother on a grid. */
static inline void NakApply(NakPhaseField e, const NakLine *line, PetscReal *const out[])
{
  const NakFieldModel *m = e->model;

  (line->level > 0 && m->coarse_apply[e->solid] ? m->coarse_apply : m->apply)[e->solid](e->ctx,
                                                                                        line, out);
}

static inline void NakRelax(NakPhaseField e, const NakLine *line)
{
  const NakFieldModel *m = e->model;

  (line->level > 0 && m->coarse_smooth[e->solid] ? m->coarse_smooth : m->smooth)[e->solid](e->ctx,
                                                                                           line);
}

static inline ptrdiff_t NakLineAt(const NakLevel *v, PetscInt j, PetscInt k)
{
  return v->first + j * v->line + k * v->plane;
}

/* Copy own cells out of an array, `count` of them from number `from` on, or all into it.  In
   `values` x is fastest. */
void NakCellsGet(const NakLevel *v, const PetscReal *array, size_t from, size_t count,
                 PetscReal values[]);
void NakCellsPut(const NakLevel *v, PetscReal *array, const PetscReal values[]);

static inline PetscInt NakHalf(PetscInt n, PetscInt parity)
{
  return (n + 1 - parity) / 2;
}

/* ---- ghosts.c ---- */
PetscErrorCode NakGhostsCreate(NakPhaseField e, NakLevel *v);
PetscErrorCode NakGhostsDestroy(NakLevel *v);
void           NakGhostsOfLine(NakPhaseField e, NakLevel *v, PetscInt j, PetscInt k);
PetscErrorCode NakGhostsOfLines(NakPhaseField e,
                                NakLevel     *v);           /* in y and z, from other ranks too */
PetscErrorCode NakGhosts(NakPhaseField e, NakLevel *v); /* all */
void           NakFaces(NakPhaseField e);               /* values on the sides at e->time */

/* ---- transfer.c ---- */
PetscErrorCode NakTransferTablesCreate(NakLevel *fine, const NakLevel *coarse);
PetscErrorCode NakTransferTablesDestroy(NakLevel *fine);
/* u and the right-hand side of the coarse problem from u and the residual of the fine one. */
PetscErrorCode NakRestrict(NakPhaseField e, NakLevel *fine, NakLevel *coarse);
/* Add the coarse correction. */
PetscErrorCode NakProlong(NakPhaseField e, NakLevel *fine, const NakLevel *coarse);

/* ---- solve.c ---- */
PetscErrorCode NakSmooth(NakPhaseField e, NakLevel *v, PetscInt sweeps);
PetscErrorCode NakCycle(NakPhaseField e); /* one V-cycle on level 0 */
/* Sums over own cells of level 0: all residuals, or their largest. */
PetscErrorCode NakResidualLargest(NakPhaseField e, PetscReal largest[]);
PetscErrorCode NakStoredTotals(NakPhaseField e, PetscReal *const u[], PetscReal totals[]);

/* ---- step.c: the initial state is in level 0 ---- */
PetscErrorCode NakStepBegin(NakPhaseField e);

static inline PetscReal NakLongestStep(const NakPhaseField e)
{
  return e->params.fixed ? e->params.first_step : e->params.longest_step;
}
