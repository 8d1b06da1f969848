/* The distribution of relaxation times as a quadratic programme with bounds.

   With the gammas and the resistance as unknowns, minimise x' H x / 2 - g' x over x >= 0.  H is dense
   and badly conditioned, so first-order methods crawl.  TAO's Newton method with an active set (BNLS) is
   exact once it has found which gammas are 0: some ten steps, each an LU of at most a few hundred rows.
   TAO's interior-point method for such programmes (BQPIP) failed on these. */
#include <nakfield/impedance.h>
#include <petsctao.h>

/* The programme, scaled so that the impedance is of order 1. */
typedef struct {
  Mat       H;
  Vec       g;
  PetscReal constant; /* so that the objective is the sum of squares, and not negative */
} Programme;

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

/* Rows of one frequency: the answers of a unit of each gamma and of the resistance. */
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

/* Add row' row to the upper triangle of H, and row' value to g. */
static void AddRow(PetscInt n, const PetscReal row[], PetscReal value, PetscReal H[], PetscReal g[])
{
  const ptrdiff_t stride = n;

  for (PetscInt j = 0; j < n; j++) {
    g[j] += value * row[j];
    for (PetscInt i = 0; i <= j; i++) H[i + stride * j] += row[i] * row[j];
  }
}

/* lambda times the integral of the squared slope; the ends are taken to be 0 beyond. */
static void AddRoughness(PetscInt n_tau, PetscReal weight, PetscReal H[])
{
  const ptrdiff_t stride = n_tau + 1;

  for (PetscInt j = 0; j < n_tau; j++) {
    H[j + stride * j] += 2 * weight;
    if (j > 0) H[j - 1 + stride * j] -= weight;
  }
}

static PetscErrorCode Assemble(const NakSpectrum *s, PetscReal lambda, PetscReal scale,
                               Programme *p)
{
  const PetscInt  n      = s->n_tau + 1;
  const ptrdiff_t stride = n;
  const PetscReal step   = PetscLogReal(s->tau[1] / s->tau[0]);
  PetscReal      *re, *im, *H, *g;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(n, &re, n, &im));
  PetscCall(MatDenseGetArray(p->H, &H));
  PetscCall(VecGetArray(p->g, &g));
  for (PetscInt k = 0; k < s->count; k++) {
    FillRows(s, step, s->frequency[k], re, im);
    AddRow(n, re, s->re[k] / scale, H, g);
    AddRow(n, im, s->im[k] / scale, H, g);
    p->constant += (s->re[k] * s->re[k] + s->im[k] * s->im[k]) / (2 * scale * scale);
  }
  AddRoughness(s->n_tau, lambda / step, H);
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < j; i++) H[j + stride * i] = H[i + stride * j];
  PetscCall(VecRestoreArray(p->g, &g));
  PetscCall(MatDenseRestoreArray(p->H, &H));
  PetscCall(PetscFree2(re, im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Objective(Tao tao, Vec x, PetscReal *value, Vec gradient, void *ctx)
{
  Programme *p = (Programme *)ctx;
  PetscReal  bend, slope;

  PetscFunctionBeginUser;
  (void)tao;
  PetscCall(MatMult(p->H, x, gradient));
  PetscCall(VecDot(x, gradient, &bend));
  PetscCall(VecDot(x, p->g, &slope));
  PetscCall(VecAXPY(gradient, -1, p->g));
  *value = p->constant - slope + bend / 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* TAO's methods add to the matrix that they work with, so it is a copy. */
static PetscErrorCode Hessian(Tao tao, Vec x, Mat H, Mat P, void *ctx)
{
  PetscFunctionBeginUser;
  (void)tao;
  (void)x;
  (void)P;
  PetscCall(MatCopy(((Programme *)ctx)->H, H, SAME_NONZERO_PATTERN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Minimise; `x` holds the start and receives the solution. */
static PetscErrorCode Minimise(Programme *p, Vec x)
{
  const PetscReal    tolerance = 1e-9;
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
  PetscCall(TaoSetMaximumIterations(tao, 500));
  PetscCall(TaoGetKSP(tao, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(TaoSetFromOptions(tao));
  PetscCall(TaoSolve(tao));
  PetscCall(TaoGetConvergedReason(tao, &reason));
  PetscCall(TaoDestroy(&tao));
  PetscCall(MatDestroy(&H));
  PetscCall(VecDestroy(&lower));
  PetscCall(VecDestroy(&upper));
  PetscCheck(reason > 0, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED,
             "the relaxation times were not found (TAO: %s)", TaoConvergedReasons[reason]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal Largest(const NakSpectrum *s)
{
  PetscReal largest = 0;

  for (PetscInt k = 0; k < s->count; k++)
    largest = PetscMax(largest, PetscMax(PetscAbsReal(s->re[k]), PetscAbsReal(s->im[k])));
  return largest > 0 ? largest : 1;
}

PetscErrorCode NakRelaxationTimes(PetscReal lambda, NakSpectrum *s)
{
  const PetscInt   n     = s->n_tau + 1;
  const PetscReal  scale = Largest(s);
  Programme        p     = {0};
  Vec              x;
  const PetscReal *found;

  PetscFunctionBeginUser;
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, n, n, NULL, &p.H));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, n, &p.g));
  PetscCall(VecDuplicate(p.g, &x));
  PetscCall(Assemble(s, lambda, scale, &p));
  PetscCall(VecSet(x, 0.1));
  PetscCall(Minimise(&p, x));
  PetscCall(VecGetArrayRead(x, &found));
  for (PetscInt j = 0; j < s->n_tau; j++) s->gamma[j] = scale * PetscMax(found[j], 0);
  s->resistance = scale * PetscMax(found[s->n_tau], 0);
  PetscCall(VecRestoreArrayRead(x, &found));
  PetscCall(VecDestroy(&x));
  PetscCall(VecDestroy(&p.g));
  PetscCall(MatDestroy(&p.H));
  PetscFunctionReturn(PETSC_SUCCESS);
}
