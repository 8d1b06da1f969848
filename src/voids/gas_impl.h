/* What the source files of the gas share. */
#pragma once

#include <nakfield/voids.h>

/* Each void has the place where it began, the amount of its gas, and the first of the voids with
   which it has merged.  Amount, volume and pressure are kept at that first void. */
struct NakGas_private {
  MPI_Comm       comm;
  NakState       state;
  NakVoidsParams params;
  NakGasField    field;
  NakPart        part;        /* own columns */
  PetscReal      area;        /* of a column [m2] */
  PetscReal      dissolution; /* at the present temperature [m2/s] */
  PetscInt       n, room;
  PetscReal     *x, *y;  /* [m] */
  PetscReal     *reach;  /* by how much nearer a place counts than it is [m] */
  PetscReal     *amount; /* [J] */
  PetscReal     *volume; /* [m3] */
  PetscReal     *sum;    /* work of reductions */
  PetscReal
    *escape; /* part of the amount that leaves per time, until the next NakGasRegroup() [1/s] */
  PetscReal  since; /* how long it has been leaving [s] */
  PetscInt  *root;
  PetscInt  *gone;              /* whether all its gas has dissolved, so that it owns no column */
  PetscInt   formed;            /* pockets and nuclei since the start */
  PetscReal  filled, dissolved; /* gas in all, since the start [J] */
  PetscInt  *owner;             /* void that each owned column belongs to */
  PetscReal *hazard, *due; /* of nucleation in each owned column: so far, and at the next nucleus */
  PetscInt  *born;         /* nuclei so far */
  PetscReal  wait;         /* for the next, at the last rates [s] */
};

/* Whether columns stand in one row only, in x or in y.  Then voids are cylinders, as long as a
   column is wide. */
static inline PetscBool NakVoidsFlat(const NakGrid *g)
{
  return (PetscBool)(g->nx == 1 || g->ny == 1);
}

/* Distance [m] over the face between two places that are (x, y) apart; in a periodic box the
   shorter way round. */
static inline PetscReal NakVoidsApart(const NakGrid *g, PetscReal x, PetscReal y)
{
  const PetscReal a = NakGridApart(g, 0, x), b = NakGridApart(g, 1, y);

  return PetscSqrtReal(a * a + b * b);
}

/* The same from the centre of column (i, j) to a place. */
static inline PetscReal NakVoidsDistance(const NakGrid *g, PetscInt i, PetscInt j, PetscReal x,
                                         PetscReal y)
{
  return NakVoidsApart(g, ((PetscReal)i + 0.5) * g->dx - x, ((PetscReal)j + 0.5) * g->dy - y);
}

/* places.c: add a place; find the owners of columns; free the arrays. */
PetscErrorCode NakGasAdd(NakGas gas, PetscReal x, PetscReal y);
PetscErrorCode NakGasOwners(NakGas gas);
PetscErrorCode NakGasFreePlaces(NakGas gas);

/* split.c: give parts of a place's void that have come apart places of their own, in its group.
   Collective. */
PetscErrorCode NakGasSplit(NakGas gas, const PetscReal share[]);

/* A column has a void where the share of void in a layer comes to this. */
#define NAK_VOID_HALF 0.5

/* nuclei.c: the first number of each column. */
void NakNucleiCreate(NakGas gas);
