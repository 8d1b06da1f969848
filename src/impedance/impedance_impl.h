/* What the source files of the impedance share. */
#pragma once

#include <nakfield/impedance.h>
#include <petscksp.h>

enum { PARTS = 2 }; /* real and imaginary */

struct NakImpedance_private {
  MPI_Comm           comm;
  NakModel           model;
  NakColumns         columns; /* its */
  NakImpedanceParams params;
  NakSpectrum        spectrum;
  Mat                J, M;
  Mat                doubled; /* [J, -omega M; omega M, J] */
  KSP                ksp;
  PC                 inner;                 /* approximates (J + omega M)^-1 */
  Vec                x, b;                  /* doubled: of each rank first its real parts */
  Vec                in[PARTS], out[PARTS]; /* views of doubled vectors, without memory */
  Vec                sum, work;
  Vec                slopes;    /* of the voltage to unknowns of the electrolyte's ions */
  Vec                frozen;    /* to the diagonal of J: huge if an unknown does not answer; */
  Vec                capacity;  /* to that of M; */
  Vec                amendment; /* of both.  NULL, all three, if nothing is switched */
  Vec                state;     /* linearised about; owned by the caller */
  PetscReal          omega;     /* [1/s] */
  PetscInt           iterations;
};

/* ---- Relaxation times: a quadratic programme, scaled so that the impedance is of order 1 ---- */

/* Minimise |A x - b|^2 + lambda x' D x over x >= 0.  x holds the gammas and, last, the
   resistance. */
typedef struct {
  const NakSpectrum *spectrum;
  PetscReal          scale;
  Mat                A2, D; /* A' A, and the roughness */
  Mat                H;     /* A' A + lambda D, of the last solution */
  Vec                g;     /* A' b */
} NakProgramme;

/* relaxation.c: of `x`, that holds the start and receives the solution, only matters where it is
   above 0; NAK_RELAXATION_START is that everywhere. */
#define NAK_RELAXATION_START 1
PetscErrorCode NakProgrammeSolve(NakProgramme *p, PetscReal lambda, Vec x);

/* The unknowns that are above 0. */
PetscErrorCode NakProgrammeFree(Vec x, IS *free);

/* Sum of squares that `x` leaves. */
PetscErrorCode NakProgrammeMisfit(const NakProgramme *p, Vec x, PetscReal *misfit);

/* choice.c: the lambda that the deck's criterion prefers; `x` is work. */
PetscErrorCode NakLambdaChoose(NakProgramme *p, NakLambdaChoice choice, Vec x, PetscReal *lambda);

/* solve.c */
PetscErrorCode NakDoubledCreate(NakImpedance z);
PetscErrorCode NakDoubledDestroy(NakImpedance z);

/* amend.c: whether something is switched.  The additional diagonals, and those of J + omega M, are
   NULL for none. */
PetscBool      NakAmendmentsNeeded(const NakImpedanceParams *params);
PetscErrorCode NakAmendmentsCreate(NakImpedance z);
PetscErrorCode NakAmendmentsDestroy(NakImpedance z);
PetscErrorCode NakAmendmentsFill(NakImpedance z);
PetscErrorCode NakAmendmentsAt(NakImpedance z, PetscReal omega, Vec *amendment);
