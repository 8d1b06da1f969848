/* What the rooms of the voids share. */
#pragma once

#include <nakfield/voids.h>
#include <petscdmda.h>
#include <petscts.h>

/* Constants of the free energy and of its descent; a flat interface is v = 1 / (1 + exp(-steepness x)). */
typedef struct {
  PetscReal tension;   /* gamma [N/m] */
  PetscReal steepness; /* [1/m] */
  PetscReal gradient;  /* kappa [N] */
  PetscReal well;      /* W [Pa] */
  PetscReal friction;  /* tau: of dv/dt [Pa s] */
} NakVoidsEnergy;

NakVoidsEnergy NakVoidsEnergyCreate(PetscReal tension, PetscReal width, PetscReal mobility);

/* The pressure of a void over the liquid's up to which the phase field bears it [Pa].  At tension times
   steepness, where the gas outweighs the well at v = 0, voids would form anywhere; voids that small vanish before. */
static inline PetscReal NakVoidsHighest(const NakVoidsEnergy *e)
{
  return 0.7 * e->tension * e->steepness;
}

/* h, h', h'' of the share of void; g, g', g'' of the double well. */
typedef struct {
  PetscReal value, slope, bend;
} NakVoidsShape;

static inline NakVoidsShape NakVoidsShare(PetscReal v)
{
  return (NakVoidsShape){
    .value = v * v * (3 - 2 * v), .slope = 6 * v * (1 - v), .bend = 6 * (1 - 2 * v)};
}

static inline NakVoidsShape NakVoidsWell(PetscReal v)
{
  return (NakVoidsShape){.value = v * v * (1 - v) * (1 - v),
                         .slope = 2 * v * (1 - v) * (1 - 2 * v),
                         .bend  = 2 * (1 - 6 * v + 6 * v * v)};
}

/* The wall, seen from the cell above it: v at the wall, with a flat interface at the contact angle in
   between; the wall's force on v, d(energy)/dv, with its slope [N/m]. */
typedef struct {
  PetscReal v, force, slope;
} NakVoidsWall;

NakVoidsWall NakVoidsWallCreate(const NakVoidsEnergy *e, PetscReal cosine, PetscReal half,
                                PetscReal v);

/* Its energy: the integral of the force from 0 to v [N/m]. */
PetscReal NakVoidsWallEnergy(const NakVoidsEnergy *e, PetscReal cosine, PetscReal half,
                             PetscReal v);

/* The gas: each void with where it began, the amount of its gas, and the first of the voids that it has
   merged with, where amount, volume and pressure are kept. */
typedef struct {
  PetscInt   n, room;
  PetscReal *x, *y;  /* [m] */
  PetscReal *amount; /* [J] */
  PetscReal *volume; /* [m3] */
  PetscReal *sum;    /* work of reductions */
  PetscInt  *root;
  PetscInt  *gone;              /* whether all its gas has dissolved, so that it owns no column */
  PetscInt   formed;            /* pockets and nuclei since the start */
  PetscReal  filled, dissolved; /* gas in all, since the start [J] */
} NakGas;

/* The owned part of the grid, layers first. */
typedef struct {
  PetscInt xs, ys, xm, ym, nz;
} NakBlock;

struct NakVoids_private {
  MPI_Comm       comm;
  NakState       state;
  NakVoidsParams params;
  NakVoidsEnergy energy;
  NakBlock       block;
  PetscReal *height, *link; /* of the layers; 1 / distance of the cells at each face between [m] */
  PetscReal  area;          /* of a column [m2] */
  DM         dm;            /* (layer, x, y) */
  Vec        v, before, ghosted;
  Vec        slope;           /* h' at the linearisation */
  Mat        local, jacobian; /* without, and with the gas */
  TS         ts;
  PetscReal  next;          /* step to try [s] */
  PetscReal *cosine;        /* of the contact angle, of the owned columns */
  PetscReal *wetted, *room; /* of the columns */
  PetscReal *share;         /* of void in the cells */
  PetscInt  *owner;         /* void that each owned column belongs to */
  NakGas     gas;
  PetscReal *hazard, *due; /* of nucleation in each owned column: so far, and at the next nucleus */
  PetscInt  *born;         /* nuclei so far */
  PetscReal  pending;      /* time that was let go by, because nothing moved [s] */
  PetscReal  reach;        /* of the next step of the cell [s] */
  PetscInt   steps, iterations;
};

/* Whether columns stand in one row only, in x or in y: voids are cylinders then, as long as a column is wide. */
static inline PetscBool NakVoidsFlat(const NakGrid *g)
{
  return (PetscBool)(g->nx == 1 || g->ny == 1);
}

/* Distance over the face between two places that are (x, y) apart; around a periodic box [m]. */
static inline PetscReal NakVoidsApart(const NakGrid *g, PetscReal x, PetscReal y)
{
  const PetscReal width = g->dx * (PetscReal)g->nx, depth = g->dy * (PetscReal)g->ny;
  PetscReal       a = g->nx > 1 ? PetscAbsReal(x) : 0, b = g->ny > 1 ? PetscAbsReal(y) : 0;

  if (g->lateral == NAK_LATERAL_PERIODIC) {
    a = PetscMin(a, width - a);
    b = PetscMin(b, depth - b);
  }
  return PetscSqrtReal(a * a + b * b);
}

/* The same from the centre of column (i, j) to a place. */
static inline PetscReal NakVoidsDistance(const NakGrid *g, PetscInt i, PetscInt j, PetscReal x,
                                         PetscReal y)
{
  return NakVoidsApart(g, ((PetscReal)i + 0.5) * g->dx - x, ((PetscReal)j + 0.5) * g->dy - y);
}

/* energy.c */
PetscErrorCode NakVoidsResidual(NakVoids voids, Vec v, Vec vdot, Vec F);
PetscErrorCode NakVoidsLinearise(NakVoids voids, Vec v, PetscReal shift);
PetscErrorCode NakVoidsFree(NakVoids voids, Vec v,
                            PetscReal *energy); /* F over the whole box [J] */

/* gas.c */
PetscErrorCode NakGasAdd(NakVoids voids, PetscReal x, PetscReal y);
PetscErrorCode NakGasDestroy(NakGas *gas);
PetscErrorCode NakGasOwners(NakVoids voids);
PetscErrorCode NakGasSum(NakVoids voids, PetscReal *sum);
PetscErrorCode NakGasVolumes(NakVoids voids, Vec v);
PetscErrorCode NakGasRegroup(NakVoids voids);
PetscReal      NakGasPressure(const NakGas *gas, PetscInt root);
PetscErrorCode NakGasDissolve(NakVoids voids, PetscReal dt);
PetscReal NakGasReach(const NakVoids voids); /* until some part of a void's gas has left it [s] */

/* nuclei.c */
PetscErrorCode NakPocketsCreate(NakVoids voids);
PetscErrorCode NakNucleiCreate(NakVoids voids);
PetscErrorCode NakNucleiAdvance(NakVoids voids, PetscReal dt, const NakVoidsDrive drive[]);
PetscErrorCode NakNucleiDestroy(NakVoids voids);

/* step.c */
PetscErrorCode NakVoidsIntegratorCreate(NakVoids voids);
PetscErrorCode NakVoidsIntegrate(NakVoids voids, PetscReal dt);
PetscErrorCode NakVoidsCover(NakVoids voids);
