/* What the source files of the multi-phase box share. */
#pragma once

#include <nakfield/multiphase.h>
#include <petscksp.h>

/* Streams of random numbers of one seed. */
enum { NAK_STREAM_TILT = 1, NAK_STREAM_START, NAK_STREAM_BULK, NAK_STREAM_WALL, NAK_STREAM_GRAIN };

/* Mobility at a cell, with its derivatives to the cell's unknowns [m2/s]. */
typedef struct {
  PetscReal mobility, d[NAK_MIX_MOST];
} NakMixFlow;

/* All that the next step depends on, except vectors and the alloy that voids stand for.  A block of
   a checkpoint, without padding. */
typedef struct {
  PetscReal time, dt, next;               /* now; last step; next step wanted [s] */
  PetscReal last_good;                    /* length of the step from `previous` to `U`; 0: none */
  PetscReal omega_start;                  /* of the liquid [J/mol] */
  PetscReal a_start, b_start, void_start; /* amounts [mol], volume of voids [cells] */
  PetscReal drained;                      /* X taken at the bottom [cells] */
  PetscInt  slot;                         /* of nucleation: those before it are done */
  PetscInt  steps, rejected, newton, linear, nuclei; /* since the start */
} NakMixIntegratorState;

struct NakMixBox_private {
  MPI_Comm     comm;
  NakMixParams params;
  NakMix       mix;
  PetscBool    periodic[3];
  PetscReal    h[3];               /* of a cell [m] */
  PetscReal    cell;               /* volume of a cell [m3] */
  PetscReal    area;               /* of the bottom [m2] */
  PetscReal    longest;            /* step that rounding allows [s] */
  PetscReal    branch_temperature; /* temperature of mix.branch [K] */
  DM           dm, one;            /* unknowns; one number a cell */
  NakPart      part, ghosted;      /* own cells, and with ghosts */
  Vec          U, X;               /* the state: unknowns, and the amounts that are conserved */
  Vec previous, predicted, guess, change, rhs, border, push, answer; /* previous: a step ago */
  Vec X_new;
  Mat J;
  KSP ksp;
  NakMixFlow           *flow;     /* of own cells and ghosts */
  PetscReal            *inner;    /* of own cells, NakMixInner() numbers each: see there */
  PetscReal            *presence; /* of own cells, each NAK_MIX_MOST numbers: see NakMixRates() */
  PetscReal            *contact;  /* own columns: h of the liquid on the bottom over its mean */
  PetscReal             wetted;   /* that mean */
  PetscReal             speed;    /* at which alloy is used up at the bottom [m/s] */
  NakMixIntegratorState integrator;
  NakGrid               grid; /* for observers */
  Vec                   local;
};

/* Recompute what depends on the temperature, at a given time. */
PetscErrorCode NakMixSetTemperature(NakMixBox box, PetscReal time);

/* The linear solver, in place of one there is.  Collective. */
PetscErrorCode NakMixCreateSolver(NakMixBox box);

/* R = residual of a step of length dt to U; J is its Jacobian, or NULL.  The contact with the
   bottom is that of the last NakMixContact().  Collective. */
PetscErrorCode NakMixSystem(NakMixBox box, PetscReal dt, Vec U, Vec R, Mat J);

/* Which phases are present in and beside each own cell of the present state.  Collective. */
PetscErrorCode NakMixFindPresence(NakMixBox box);

/* How the bottom shares the current in the present state.  Collective. */
PetscErrorCode NakMixContact(NakMixBox box);

/* X := X + dt div(flux) of the state U, `drained` follows.  Collective. */
PetscErrorCode NakMixUpdateAmounts(NakMixBox box, PetscReal dt, Vec U, Vec X, PetscReal *drained);

/* mu of every cell from X and the phases; `ok` if all of it is finite.  Collective. */
PetscErrorCode NakMixSolvePotential(NakMixBox box, Vec X, Vec U, PetscBool *ok);

/* Shift the voids within their interfaces until they have their volume.  Collective. */
PetscErrorCode NakMixHoldVoids(NakMixBox box, Vec U);

/* Insert the nuclei of slot `slot`.  Collective. */
PetscErrorCode NakMixNucleate(NakMixBox box, PetscInt slot);

/* Take over the present amounts as those of the start.  Collective. */
PetscErrorCode NakMixBegin(NakMixBox box);

/* The cells around a vertex, which share a gradient, and their weights in it. */
typedef struct {
  int       cells;
  PetscInt  at[8][3];
  PetscReal weight[8][3]; /* [1/m] */
} NakMixVertex;

/* Around the lower corner of cell v; false if a cell is missing. */
PetscBool NakMixMakeVertex(NakMixBox box, const PetscInt v[3], NakMixVertex *vertex);

/* The gradient of order parameter k there [1/m]. */
void NakMixGradient(const NakMixVertex *vertex, PetscInt k, PetscReal ****u, PetscReal p[3]);

/* Place of a cell's centre [m]. */
static inline void NakMixPlace(NakMixBox box, const PetscInt i[3], PetscReal at[3])
{
  for (int d = 0; d < 3; d++) at[d] = ((PetscReal)i[d] + 0.5) * box->h[d];
}

/* Whether there is a cell at index i of axis d. */
static inline PetscBool NakMixInside(NakMixBox box, int d, PetscInt i)
{
  if (box->params.n[d] == 1) return (PetscBool)(i == 0);
  return (PetscBool)(box->periodic[d] || (i >= 0 && i < box->params.n[d]));
}

/* The presences of an own cell. */
static inline const PetscReal *NakMixPresent(NakMixBox box, const PetscInt at[3])
{
  return box->presence + (ptrdiff_t)NakPartCell(&box->part, at) * NAK_MIX_MOST;
}

/* How many numbers a cell's rows hold of the cell without its neighbours: X and the drives, then
   their derivatives, row by row.  They are at the state of the last NakMixSystem() or
   NakMixUpdateAmounts(). */
static inline PetscInt NakMixInner(NakMixBox box)
{
  return box->mix.n * (1 + box->mix.n);
}
