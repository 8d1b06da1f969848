/* One column of the cell: geometry, constants, residual and Jacobian.  Pure, no PETSc objects. */
#pragma once

#include <nakfield/model.h>

/* What lies over the electrolyte's face in one column. */
typedef struct {
  PetscReal contact; /* static share of the column that takes part */
  PetscReal wetted;  /* share of that under alloy */
  PetscReal room;    /* of the void over the face [m] */
} NakCover;

/* Constants of every column; arrays are over layers from the bottom, faces one more. */
typedef struct {
  NakLayout   l;
  PetscInt    ne, nf, na;
  PetscReal   start; /* mole fraction of A in the alloy at the start */
  NakKinetics kinetics;
  NakControl  control;
  PetscReal   series;      /* resistance beyond the resolved electrolyte [ohm m2] */
  PetscReal   electrolyte; /* resistance of the resolved electrolyte [ohm m2] */
  PetscReal   sigma;       /* [S/m] */
  PetscReal   spreading;   /* factor of its lateral conductance in linearisations */
  PetscReal  *height;      /* of each layer [m] */
  PetscReal  *link; /* 1 / distance of the cells at each face; half cells at region ends [1/m] */
  PetscReal
    diffusivity;    /* D* of the alloy: its interdiffusion over the thermodynamic factor [m2/s] */
  PetscReal mixing; /* lateral diffusivity of the reservoir [m2/s] */
  PetscReal alloy_content; /* charge of Na over volume at r = 1 [C/m3] */
  PetscReal reservoir;     /* its height [m] */
} NakColumn;

PetscErrorCode NakColumnCreate(const NakModelParams *params, NakState state, PetscReal contact,
                               NakColumn *column);
PetscErrorCode NakColumnDestroy(NakColumn *column);

/* Charge of the interphase's Na at u = 1 over the volume of a column [C/m3].  Of a column in partial
   contact only that part of the interphase takes part; without contact it is only in equilibrium. */
static inline PetscReal NakColumnContent(const NakColumn *c, PetscReal contact)
{
  return c->kinetics.content * (contact > 0 ? contact : 1);
}

/* Conductance of the half layer between the lowest interphase cell and the face [A/m2]. */
static inline PetscReal NakColumnFaceConductance(const NakColumn *c, PetscReal contact)
{
  return NakColumnContent(c, contact) * c->kinetics.diffusivity * c->link[c->ne];
}

/* The face's state within a column. */
static inline NakFaceState NakColumnFaceState(const NakColumn *c, PetscReal room,
                                              const PetscReal u[])
{
  return (NakFaceState){.potential = u[c->l.potential],
                        .deposit   = u[c->l.deposit],
                        .film      = u[c->l.film],
                        .u         = u[c->l.interphase],
                        .room      = room};
}

/* Na of a column and the charge that the reaction has passed, as charge: linear in the unknowns, and
   the same combination of the rows is its balance, because all fluxes cancel in it. [C/m2] */
PetscReal NakColumnSodium(const NakColumn *c, PetscReal contact, const PetscReal u[]);

/* Diffusion potentials of all unknowns, so that every lateral flux is minus a difference of them, and
   their slopes; 0 where nothing moves laterally.  Units: those of the row times m2. */
void NakColumnPotentials(const NakColumn *c, const PetscReal u[], PetscReal theta[]);
void NakColumnSlopes(const NakColumn *c, const PetscReal u[], PetscReal slope[]);

/* F of one column without lateral exchange; `theta` of the same column. */
void NakColumnResidual(const NakColumn *c, const NakCover *over, const PetscReal u[],
                       const PetscReal udot[], const PetscReal theta[], PetscReal f[]);

/* Sparse matrix in the making; entries come in the same order for every state. */
typedef struct {
  PetscInt   n;
  PetscInt  *row, *col;
  PetscReal *value;
} NakEntries;

PetscInt NakColumnEntries(const NakColumn *c); /* an upper bound of their number */

/* dF/dU + shift dF/d(dU/dt) of one column without lateral exchange, appended to `e`. */
void NakColumnJacobian(const NakColumn *c, const NakCover *over, const PetscReal u[],
                       const PetscReal slope[], PetscReal shift, NakEntries *e);
