/* The weight of the roughness by generalised cross-validation or by the L-curve. */
#include "impedance_impl.h"

enum { TRIALS = 15 }; /* two a decade */

static const PetscReal weakest = 1e-7;

/* A solution: its residual, its roughness, and how many numbers it is free to choose. */
typedef struct {
  PetscReal lambda, misfit, roughness, freedom;
} Trial;

/* Trace of the matrix that takes the data to their fit: that of H^-1 A' A among the free ones. */
static PetscErrorCode Freedom(const NakProgramme *p, Vec x, PetscReal *freedom)
{
  IS  free;
  Mat H, A2, share;

  PetscFunctionBeginUser;
  PetscCall(NakProgrammeFree(x, &free));
  PetscCall(MatCreateSubMatrix(p->H, free, free, MAT_INITIAL_MATRIX, &H));
  PetscCall(MatCreateSubMatrix(p->A2, free, free, MAT_INITIAL_MATRIX, &A2));
  PetscCall(MatDuplicate(A2, MAT_DO_NOT_COPY_VALUES, &share));
  PetscCall(MatLUFactor(H, NULL, NULL, NULL));
  PetscCall(MatMatSolve(H, A2, share));
  PetscCall(MatGetTrace(share, freedom));
  PetscCall(MatDestroy(&share));
  PetscCall(MatDestroy(&A2));
  PetscCall(MatDestroy(&H));
  PetscCall(ISDestroy(&free));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TryLambda(NakProgramme *p, Vec x, Trial *trial)
{
  Vec work;

  PetscFunctionBeginUser;
  PetscCall(NakProgrammeSolve(p, trial->lambda, x));
  PetscCall(NakProgrammeMisfit(p, x, &trial->misfit));
  PetscCall(VecDuplicate(x, &work));
  PetscCall(MatMult(p->D, x, work));
  PetscCall(VecDot(x, work, &trial->roughness));
  PetscCall(VecDestroy(&work));
  PetscCall(Freedom(p, x, &trial->freedom));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The less the better. */
static PetscReal CrossValidation(const Trial *t, PetscInt data)
{
  const PetscReal left = (PetscReal)data - t->freedom;

  return t->misfit / (left * left);
}

/* Curvature of the L-curve through three of its points, positive at its corner. */
static PetscReal Curvature(const Trial t[3])
{
  PetscReal x[3], y[3], side = 1;

  for (int k = 0; k < 3; k++) {
    x[k] = PetscLogReal(t[k].misfit);
    y[k] = PetscLogReal(t[k].roughness);
  }
  for (int k = 0; k < 3; k++)
    side *= PetscSqrtReal(PetscSqr(x[k] - x[(k + 1) % 3]) + PetscSqr(y[k] - y[(k + 1) % 3]));
  return 2 * ((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])) / side;
}

/* Among many weights cross-validation hardly changes.  Its least value is often far on the side of
   too little: then the noise has peaks of its own.  So the strongest weight is taken whose value is
   within a standard error of the least.  For a sum of squares that error is sqrt(2 / data) of the
   least (Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984, section
   3.4.3). */
static PetscReal Strongest(const Trial trial[TRIALS], PetscInt data)
{
  PetscReal least = PETSC_INFINITY, lambda = 0;

  for (int k = 0; k < TRIALS; k++) least = PetscMin(least, CrossValidation(&trial[k], data));
  for (int k = 0; k < TRIALS; k++)
    if (CrossValidation(&trial[k], data) <= least * (1 + PetscSqrtReal(2 / (PetscReal)data)))
      lambda = trial[k].lambda;
  return lambda;
}

static PetscReal Corner(const Trial trial[TRIALS])
{
  PetscReal most = -PETSC_INFINITY, lambda = 0;

  for (int k = 1; k + 1 < TRIALS; k++) {
    const PetscReal curvature = Curvature(&trial[k - 1]);

    if (!(curvature > most)) continue;
    most   = curvature;
    lambda = trial[k].lambda;
  }
  return lambda;
}

PetscErrorCode NakLambdaChoose(NakProgramme *p, NakLambdaChoice choice, Vec x, PetscReal *lambda)
{
  Trial trial[TRIALS];

  PetscFunctionBeginUser;
  PetscCall(VecSet(x, NAK_RELAXATION_START));
  for (int k = TRIALS - 1; k >= 0;
       k--) { /* the weaker, the harder; each begins at the one before */
    trial[k].lambda = weakest * PetscPowReal(10, 0.5 * (PetscReal)k);
    PetscCall(TryLambda(p, x, &trial[k]));
  }
  *lambda = choice == NAK_LAMBDA_GCV ? Strongest(trial, 2 * p->spectrum->count) : Corner(trial);
  PetscFunctionReturn(PETSC_SUCCESS);
}
