/* The distribution of relaxation times as a quadratic programme with bounds.

   With the gammas and the resistance as unknowns, minimise x' H x / 2 - g' x over x >= 0.  H is
   dense and badly conditioned, so first-order methods are very slow.  TAO's Newton method with an
   active set (BNLS) is exact once it has found which gammas are 0.  It takes some ten steps, each
   an LU of at most a few hundred rows.  TAO's interior-point method for such programmes (BQPIP)
   failed on these. */
#include "impedance_impl.h"

#include <petsctao.h>

PetscErrorCode NakRelaxationGrid(PetscInt per_decade, NakSpectrum *s)
{
  PetscReal high = 0, low = PETSC_INFINITY, first, decades;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->count; k++) {
    high = PetscMax(high, s->frequency[k]);
    low  = PetscMin(low, s->frequency[k]);
  }
  first    = 0.1 / (2 * PETSC_PI * high);
  decades  = PetscLog10Real(high / low) + 2;
  s->n_tau = (PetscInt)PetscCeilReal(decades * (PetscReal)per_decade) + 1;
  PetscCall(PetscCalloc2(s->n_tau, &s->tau, s->n_tau, &s->gamma));
  for (PetscInt j = 0; j < s->n_tau; j++)
    s->tau[j] = first * PetscPowReal(10, (PetscReal)j / (PetscReal)per_decade);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows of one frequency: the responses to a unit of each gamma and of the resistance. */
static void FillRows(const NakSpectrum *s, PetscReal step, PetscReal frequency, PetscReal re[],
                     PetscReal im[])
{
  for (PetscInt j = 0; j < s->n_tau; j++) {
    const PetscReal q = 2 * PETSC_PI * frequency * s->tau[j], share = step / (1 + q * q);

    re[j] = share;
    im[j] = -q * share;
  }
  re[s->n_tau] = 1;
  im[s->n_tau] = 0;
}

/* Add row' row to the upper triangle of A' A, and row' value to g. */
static void AddRow(PetscInt n, const PetscReal row[], PetscReal value, PetscReal A2[],
                   PetscReal g[])
{
  const ptrdiff_t stride = n;

  for (PetscInt j = 0; j < n; j++) {
    g[j] += value * row[j];
    for (PetscInt i = 0; i <= j; i++) A2[i + stride * j] += row[i] * row[j];
  }
}

/* The integral of the squared slope; gamma is taken to be 0 beyond the ends. */
static PetscErrorCode FillRoughness(const NakSpectrum *s, Mat D)
{
  const PetscReal weight = 1 / PetscLogReal(s->tau[1] / s->tau[0]);

  PetscFunctionBeginUser;
  for (PetscInt j = 0; j < s->n_tau; j++) {
    PetscCall(MatSetValue(D, j, j, 2 * weight, INSERT_VALUES));
    if (j == 0) continue;
    PetscCall(MatSetValue(D, j - 1, j, -weight, INSERT_VALUES));
    PetscCall(MatSetValue(D, j, j - 1, -weight, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(D, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(D, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillFit(NakProgramme *p)
{
  const NakSpectrum *s      = p->spectrum;
  const PetscInt     n      = s->n_tau + 1;
  const ptrdiff_t    stride = n;
  const PetscReal    step   = PetscLogReal(s->tau[1] / s->tau[0]);
  PetscReal         *re, *im, *A2, *g;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(n, &re, n, &im));
  PetscCall(MatDenseGetArray(p->A2, &A2));
  PetscCall(VecGetArray(p->g, &g));
  for (PetscInt k = 0; k < s->count; k++) {
    const PetscReal b_re = s->re[k] / p->scale, b_im = s->im[k] / p->scale;

    FillRows(s, step, s->frequency[k], re, im);
    AddRow(n, re, b_re, A2, g);
    AddRow(n, im, b_im, A2, g);
    p->b_squared += b_re * b_re + b_im * b_im;
  }
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < j; i++) A2[j + stride * i] = A2[i + stride * j];
  PetscCall(VecRestoreArray(p->g, &g));
  PetscCall(MatDenseRestoreArray(p->A2, &A2));
  PetscCall(PetscFree2(re, im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Half of the function that is minimised. */
static PetscErrorCode Objective(Tao tao, Vec x, PetscReal *value, Vec gradient, void *ctx)
{
  NakProgramme *p = (NakProgramme *)ctx;
  PetscReal     bend, slope;

  PetscFunctionBeginUser;
  (void)tao;
  PetscCall(MatMult(p->H, x, gradient));
  PetscCall(VecDot(x, gradient, &bend));
  PetscCall(VecDot(x, p->g, &slope));
  PetscCall(VecAXPY(gradient, -1, p->g));
  *value = p->b_squared / 2 - slope + bend / 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* TAO's methods add to the matrix that they work with, so it is a copy. */
static PetscErrorCode Hessian(Tao tao, Vec x, Mat H, Mat P, void *ctx)
{
  PetscFunctionBeginUser;
  (void)tao;
  (void)x;
  (void)P;
  PetscCall(MatCopy(((NakProgramme *)ctx)->H, H, SAME_NONZERO_PATTERN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Minimise; `x` holds the start and receives the solution.  Once the gain of a step is lost in
   rounding, TAO tries in vain to the end.  A small gradient is good enough then. */
static PetscErrorCode Minimise(NakProgramme *p, Vec x)
{
  const PetscReal    tolerance = 1e-8, rounding = 1e-5;
  PetscReal          residual;
  Tao                tao;
  Mat                H;
  Vec                lower, upper;
  KSP                ksp;
  PC                 pc;
  TaoConvergedReason reason;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(x, &lower));
  PetscCall(VecDuplicate(x, &upper));
  PetscCall(VecSet(lower, 0));
  PetscCall(VecSet(upper, PETSC_INFINITY));
  PetscCall(MatDuplicate(p->H, MAT_COPY_VALUES, &H));
  PetscCall(TaoCreate(PETSC_COMM_SELF, &tao));
  PetscCall(TaoSetOptionsPrefix(tao, "relaxation_"));
  PetscCall(TaoSetType(tao, TAOBNLS));
  PetscCall(TaoSetSolution(tao, x));
  PetscCall(TaoSetObjectiveAndGradient(tao, NULL, Objective, p));
  PetscCall(TaoSetHessian(tao, H, H, Hessian, p));
  PetscCall(TaoSetVariableBounds(tao, lower, upper));
  PetscCall(TaoSetTolerances(tao, tolerance, tolerance, 0));
  PetscCall(TaoSetMaximumIterations(tao, 100));
  PetscCall(TaoGetKSP(tao, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(TaoSetFromOptions(tao));
  PetscCall(TaoSolve(tao));
  PetscCall(TaoGetSolutionStatus(tao, NULL, NULL, &residual, NULL, NULL, &reason));
  PetscCall(TaoDestroy(&tao));
  PetscCall(MatDestroy(&H));
  PetscCall(VecDestroy(&lower));
  PetscCall(VecDestroy(&upper));
  PetscCheck(reason > 0 || residual < rounding, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED,
             "the relaxation times were not found (TAO: %s); raise impedance.lambda",
             TaoConvergedReasons[reason]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal Largest(const NakSpectrum *s)
{
  PetscReal largest = 0;

  for (PetscInt k = 0; k < s->count; k++)
    largest = PetscMax(largest, PetscMax(PetscAbsReal(s->re[k]), PetscAbsReal(s->im[k])));
  return largest > 0 ? largest : 1;
}

PetscErrorCode NakProgrammeSolve(NakProgramme *p, PetscReal lambda, Vec x)
{
  PetscFunctionBeginUser;
  PetscCall(MatCopy(p->A2, p->H, SAME_NONZERO_PATTERN));
  PetscCall(MatAXPY(p->H, lambda, p->D, SAME_NONZERO_PATTERN));
  PetscCall(Minimise(p, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgrammeMisfit(const NakProgramme *p, Vec x, PetscReal *misfit)
{
  const NakSpectrum *s    = p->spectrum;
  const PetscReal    step = PetscLogReal(s->tau[1] / s->tau[0]);
  const PetscReal   *a;
  PetscReal         *re, *im;

  PetscFunctionBeginUser;
  *misfit = 0;
  PetscCall(PetscMalloc2(s->n_tau + 1, &re, s->n_tau + 1, &im));
  PetscCall(VecGetArrayRead(x, &a));
  for (PetscInt k = 0; k < s->count; k++) {
    PetscReal left_re = -s->re[k] / p->scale, left_im = -s->im[k] / p->scale;

    FillRows(s, step, s->frequency[k], re, im);
    for (PetscInt j = 0; j <= s->n_tau; j++) {
      left_re += re[j] * a[j];
      left_im += im[j] * a[j];
    }
    *misfit += left_re * left_re + left_im * left_im;
  }
  PetscCall(VecRestoreArrayRead(x, &a));
  PetscCall(PetscFree2(re, im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateProgramme(NakSpectrum *s, NakProgramme *p)
{
  const PetscInt n = s->n_tau + 1;

  PetscFunctionBeginUser;
  *p = (NakProgramme){.spectrum = s, .scale = Largest(s)};
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, n, n, NULL, &p->A2));
  PetscCall(MatDuplicate(p->A2, MAT_DO_NOT_COPY_VALUES, &p->D));
  PetscCall(MatDuplicate(p->A2, MAT_DO_NOT_COPY_VALUES, &p->H));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, n, &p->g));
  PetscCall(FillFit(p));
  PetscCall(FillRoughness(s, p->D));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyProgramme(NakProgramme *p)
{
  PetscFunctionBeginUser;
  PetscCall(MatDestroy(&p->A2));
  PetscCall(MatDestroy(&p->D));
  PetscCall(MatDestroy(&p->H));
  PetscCall(VecDestroy(&p->g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakRelaxationTimes(const NakImpedanceParams *params, NakSpectrum *s)
{
  NakProgramme     p;
  Vec              x;
  const PetscReal *found;

  PetscFunctionBeginUser;
  PetscCall(CreateProgramme(s, &p));
  PetscCall(VecDuplicate(p.g, &x));
  s->lambda = params->lambda;
  if (params->lambda_choice != NAK_LAMBDA_FIXED)
    PetscCall(NakLambdaChoose(&p, (NakLambdaChoice)params->lambda_choice, x, &s->lambda));
  PetscCall(VecSet(x, NAK_RELAXATION_START));
  PetscCall(NakProgrammeSolve(&p, s->lambda, x));
  PetscCall(VecGetArrayRead(x, &found));
  for (PetscInt j = 0; j < s->n_tau; j++) s->gamma[j] = p.scale * PetscMax(found[j], 0);
  s->resistance = p.scale * PetscMax(found[s->n_tau], 0);
  PetscCall(VecRestoreArrayRead(x, &found));
  PetscCall(VecDestroy(&x));
  PetscCall(DestroyProgramme(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
