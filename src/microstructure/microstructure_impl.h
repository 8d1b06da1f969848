/* What the source files of the multi-phase box share. */
#pragma once

#include <nakfield/bdf.h>
#include <nakfield/microstructure.h>
#include <nakfield/voids.h>

/* Streams of random numbers of one seed. */
enum { NAK_STREAM_TILT = 1, NAK_STREAM_START, NAK_STREAM_BULK, NAK_STREAM_WALL, NAK_STREAM_GRAIN };

/* All that the next step depends on beside the unknowns and their past.  A block of a checkpoint,
   without padding. */
typedef struct {
  PetscReal time, dt, next;                          /* now; last step; next step wanted [s] */
  PetscReal a_start, b_start;                        /* amounts [mol] */
  PetscInt  slot;                                    /* of nucleation: those before it are done */
  PetscInt  steps, rejected, newton, linear, nuclei; /* since the start */
} NakMixIntegratorState;

struct NakMixBox_private {
  MPI_Comm              comm;
  NakMixParams          params;
  NakState              state;
  NakZone               zone; /* the layers of every column: all of it */
  NakColumns            columns;
  NakBdf                bdf;
  NakGas                gas; /* NULL without voids */
  PetscBool             periodic[3];
  PetscReal             h[3];               /* of a cell [m] */
  PetscReal            *height, *link;      /* of the layers */
  PetscReal             cell;               /* volume of a cell [m3] */
  PetscReal             area;               /* of the bottom [m2] */
  PetscReal             branch_temperature; /* temperature of the branches [K] */
  NakBox                own;                /* columns of this rank, */
  PetscInt              owned;              /* and how many */
  Vec                   U, before;          /* unknowns; those from which the last step began */
  DM                    around;  /* columns with those beside them and at their corners, */
  Vec                   local;   /* and their unknowns; only for an anisotropic energy */
  PetscReal            *share;   /* of void in the layers of the owned columns */
  PetscReal            *excess;  /* of the gas, in the owned columns [Pa] */
  PetscReal            *contact; /* own columns: h of the liquid on the bottom over its mean */
  PetscReal             wetted;  /* that mean */
  PetscReal             speed;   /* at which alloy is used up at the bottom [m/s] */
  NakBdfWork            counted; /* of the work of `bdf` */
  NakMixIntegratorState integrator;
};

/* Recompute what depends on the temperature, at a given time. */
PetscErrorCode NakMixSetTemperature(NakMixBox box, PetscReal time);

/* column.c: the physics of a column, whose context is the box; the system of all columns. */
NakColumnPhysics NakMixColumn(NakMixBox box);
NakEquation      NakMixEquation(NakMixBox box);

/* measure.c: how the bottom shares the current in the present state.  Collective. */
PetscErrorCode NakMixContact(NakMixBox box);

/* Insert the nuclei of slot `slot`.  Collective. */
PetscErrorCode NakMixNucleate(NakMixBox box, PetscInt slot);

/* Take over the present amounts as those of the start, and forget the past.  Collective. */
PetscErrorCode NakMixBegin(NakMixBox box);

/* column.c: the shares of void at the unknowns `u` of this rank; the pressures of the gas, too.
   The second is collective. */
PetscErrorCode NakMixShareVoid(NakMixBox box, const PetscReal u[]);
PetscErrorCode NakMixGas(NakMixBox box, const PetscReal u[]);

/* anisotropy.c: unknowns of the columns here and around them, a[j][i][unknown]; give them back. */
PetscErrorCode NakMixAroundGet(NakMixBox box, Vec U, PetscReal ****a);
PetscErrorCode NakMixAroundRestore(NakMixBox box, PetscReal ****a);

/* Rates by the anisotropic energy, added to the rows of the owned columns.  Its energy at the
   vertex at the lower corner of cell `at` [J/m3]. */
void      NakMixAddAnisotropy(NakMixBox box, PetscReal ***a, PetscReal f[]);
PetscReal NakMixVertexEnergy(NakMixBox box, PetscReal ***a, const PetscInt at[3]);

/* Number of X in layer k of owned column n, among the unknowns of this rank. */
static inline ptrdiff_t NakMixAtCell(const NakMixBox b, PetscInt n, PetscInt k)
{
  return (ptrdiff_t)n * NakStateLayout(b->state)->size + NakZoneLayerAt(&b->zone, k);
}

/* Number of what the bottom of owned column n has taken. */
static inline ptrdiff_t NakMixTaken(const NakMixBox b, PetscInt n)
{
  return (ptrdiff_t)n * NakStateLayout(b->state)->size;
}

/* Place of the centre of layer k of owned column n [m]. */
static inline void NakMixPlace(const NakMixBox b, PetscInt n, PetscInt k, PetscReal at[3])
{
  const PetscInt x = b->own.xs + n % b->own.xm, y = b->own.ys + n / b->own.xm;

  at[0] = ((PetscReal)x + 0.5) * b->h[0];
  at[1] = ((PetscReal)y + 0.5) * b->h[1];
  at[2] = ((PetscReal)k + 0.5) * b->h[2];
}
