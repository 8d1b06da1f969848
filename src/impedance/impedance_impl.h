/* What the rooms of the impedance share. */
#pragma once

#include <nakfield/impedance.h>
#include <petscksp.h>

enum { PARTS = 2 }; /* real and imaginary */

/* What the deck switches off or adds, as diagonals of one level's rows. */
typedef struct {
  Vec frozen;   /* to J: huge where an unknown does not answer */
  Vec capacity; /* to M */
} NakAmendment;

struct NakImpedance_private {
  MPI_Comm           comm;
  NakModel           model;
  NakImpedanceParams params;
  NakSpectrum        spectrum;
  Mat                J, M;    /* of the finest level */
  Mat                doubled; /* [J, -omega M; omega M, J] */
  KSP                ksp;
  PC                 inner;                 /* approximates (J + omega M)^-1 */
  Vec                x, b;                  /* doubled: of each rank first its real parts */
  Vec                in[PARTS], out[PARTS]; /* views of doubled vectors, without memory */
  Vec                sum, work;
  NakAmendment      *amendments; /* of every level; NULL where nothing is switched */
  Vec                state;      /* linearised about; owned by the caller */
  PetscReal          omega;      /* of the matrices [1/s] */
  PetscInt           iterations;
};

/* solve.c */
PetscErrorCode NakDoubledCreate(NakImpedance impedance);
PetscErrorCode NakDoubledDestroy(NakImpedance impedance);

/* amend.c: whether something is switched; its diagonals for the current state; adding them to all
   levels' J + omega M. */
PetscBool      NakAmendmentsNeeded(const NakImpedanceParams *params);
PetscErrorCode NakAmendmentsCreate(NakImpedance impedance);
PetscErrorCode NakAmendmentsDestroy(NakImpedance impedance);
PetscErrorCode NakAmendmentsFill(NakImpedance impedance, PetscReal shift);
PetscErrorCode NakAmendmentsApply(NakImpedance impedance, PetscReal omega);
