/* The distribution of relaxation times as a quadratic programme with bounds.

   With the gammas and the resistance as unknowns, minimise x' H x / 2 - g' x over x >= 0.  H is
   dense and badly conditioned, so first-order methods are very slow.  Methods of TAO fail: BNLS on
   79 of 450 spectra with noise, and BQPIP.  Which unknowns are 0 is found by block principal
   pivoting (Portugal, Judice and Vicente, Math. Comput. 63 (1994) 625), which takes some ten LU of
   at most a few hundred rows.  Where noise is hardly smoothed it may go round in circles.  Then
   Lawson and Hanson's method goes on from there (Solving Least Squares Problems, 1974, chapter 23):
   it comes to an end for every positive definite H. */
#include "impedance_impl.h"

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
  }
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < j; i++) A2[j + stride * i] = A2[i + stride * j];
  PetscCall(VecRestoreArray(p->g, &g));
  PetscCall(MatDenseRestoreArray(p->A2, &A2));
  PetscCall(PetscFree2(re, im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The minimum where only the unknowns of `free` may differ from 0. */
static PetscErrorCode SolveFree(const NakProgramme *p, IS free, Vec x)
{
  PetscInt n;
  Mat      H;
  Vec      g, y;

  PetscFunctionBeginUser;
  PetscCall(VecSet(x, 0));
  PetscCall(ISGetLocalSize(free, &n));
  if (n == 0) PetscFunctionReturn(PETSC_SUCCESS); /* an empty matrix has no factors in PETSc */
  PetscCall(MatCreateSubMatrix(p->H, free, free, MAT_INITIAL_MATRIX, &H));
  PetscCall(MatLUFactor(H, NULL, NULL, NULL));
  PetscCall(VecGetSubVector(p->g, free, &g));
  PetscCall(VecDuplicate(g, &y));
  PetscCall(MatSolve(H, g, y));
  PetscCall(VecRestoreSubVector(p->g, free, &g));
  PetscCall(VecISCopy(x, free, SCATTER_FORWARD, y));
  PetscCall(VecDestroy(&y));
  PetscCall(MatDestroy(&H));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgrammeFree(Vec x, IS *free)
{
  const PetscReal *a;
  PetscInt        *index, n, count = 0;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(x, &n));
  PetscCall(PetscMalloc1(n, &index));
  PetscCall(VecGetArrayRead(x, &a));
  for (PetscInt j = 0; j < n; j++)
    if (a[j] > 0) index[count++] = j;
  PetscCall(VecRestoreArrayRead(x, &a));
  PetscCall(ISCreateGeneral(PETSC_COMM_SELF, count, index, PETSC_OWN_POINTER, free));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The minimum over the unknowns that are above 0 in x, and the function's slope there. */
static PetscErrorCode MinimumAt(const NakProgramme *p, Vec x, Vec minimum, Vec slope)
{
  IS free;

  PetscFunctionBeginUser;
  PetscCall(NakProgrammeFree(x, &free));
  PetscCall(SolveFree(p, free, minimum));
  PetscCall(ISDestroy(&free));
  PetscCall(MatMult(p->H, minimum, slope));
  PetscCall(VecAXPY(slope, -1, p->g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the search is: of an unknown only whether it is above 0 in `x` matters, and for Lawson and
   Hanson how much. */
typedef struct {
  PetscInt         n;
  const PetscReal *minimum, *slope;
  PetscReal        rounding; /* of the slope */
  PetscReal       *x;
} Place;

typedef struct {
  PetscBool one;   /* Lawson and Hanson's way: one unknown is freed at a time */
  PetscInt  freed; /* which; -1 for none */
  PetscInt  least; /* unknowns that did not fit */
  PetscInt  vain;  /* exchanges since there were so few */
} Search;

/* Fix the free unknowns that are below 0 at the minimum, and free the fixed ones that would lower
   the function.  Returns whether there were none. */
static PetscBool ExchangeAll(Search *search, const Place *at)
{
  const PetscInt patience = 10;
  PetscInt       wrong    = 0;

  for (PetscInt j = 0; j < at->n; j++) {
    if (at->x[j] > 0 ? at->minimum[j] >= 0 : at->slope[j] >= -at->rounding) continue;
    at->x[j] = at->x[j] > 0 ? 0 : 1;
    wrong++;
  }
  search->vain  = wrong < search->least ? 0 : search->vain + 1;
  search->least = PetscMin(search->least, wrong);
  search->one   = (PetscBool)(search->vain > patience);
  for (PetscInt j = 0; j < at->n && (wrong == 0 || search->one); j++)
    at->x[j] = PetscMax(0, at->minimum[j]);
  return (PetscBool)(wrong == 0);
}

/* How much of the way from x to the minimum an unknown may go until it is 0; 1 for all. */
static PetscReal Part(const Place *at, PetscInt j)
{
  return at->minimum[j] < 0 ? at->x[j] / (at->x[j] - at->minimum[j]) : 1;
}

/* Go from x towards the minimum until the first unknowns are 0.  Returns whether none is before. */
static PetscBool Approach(const Place *at)
{
  PetscReal part = 1;

  for (PetscInt j = 0; j < at->n; j++) {
    const PetscReal own = Part(at, j);

    part = PetscMin(part, own);
  }
  for (PetscInt j = 0; j < at->n; j++)
    if (part == 1)
      at->x[j] = at->minimum[j];
    else
      at->x[j] = Part(at, j) > part ? at->x[j] + part * (at->minimum[j] - at->x[j]) : 0;
  return (PetscBool)(part == 1);
}

/* Approach the minimum; once there, free the one unknown that lowers the function the most.
   Returns whether there is none, or its gain is lost in rounding: then it is fixed at once. */
static PetscBool ExchangeOne(Search *search, const Place *at)
{
  const PetscReal above   = 1e-300; /* 0 in every sum */
  const PetscBool reached = Approach(at);
  const PetscBool lost    = (PetscBool)(search->freed >= 0 && at->x[search->freed] == 0);

  search->freed = -1;
  if (!reached || lost) return lost;
  for (PetscInt j = 0; j < at->n; j++)
    if (at->x[j] == 0 &&
        at->slope[j] < (search->freed < 0 ? -at->rounding : at->slope[search->freed]))
      search->freed = j;
  if (search->freed >= 0) at->x[search->freed] = above;
  return (PetscBool)(search->freed < 0);
}

/* One exchange.  Whether x is the solution. */
static PetscErrorCode Improve(const NakProgramme *p, Search *search, Vec minimum, Vec slope, Vec x,
                              PetscBool *done)
{
  Place at = {.n = 0};

  PetscFunctionBeginUser;
  PetscCall(MinimumAt(p, x, minimum, slope));
  PetscCall(VecNorm(p->g, NORM_INFINITY, &at.rounding));
  at.rounding *= 1e-13;
  PetscCall(VecGetLocalSize(x, &at.n));
  PetscCall(VecGetArrayRead(minimum, &at.minimum));
  PetscCall(VecGetArrayRead(slope, &at.slope));
  PetscCall(VecGetArray(x, &at.x));
  *done = search->one ? ExchangeOne(search, &at) : ExchangeAll(search, &at);
  PetscCall(VecRestoreArray(x, &at.x));
  PetscCall(VecRestoreArrayRead(slope, &at.slope));
  PetscCall(VecRestoreArrayRead(minimum, &at.minimum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `x` holds the start and receives the solution. */
static PetscErrorCode Minimise(const NakProgramme *p, Vec x)
{
  const PetscInt most   = 20;
  Search         search = {.least = PETSC_MAX_INT, .freed = -1};
  PetscBool      done   = PETSC_FALSE;
  PetscInt       n;
  Vec            minimum, slope;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(x, &n));
  PetscCall(VecDuplicate(x, &minimum));
  PetscCall(VecDuplicate(x, &slope));
  for (PetscInt k = 0; k < most * n && !done; k++)
    PetscCall(Improve(p, &search, minimum, slope, x, &done));
  PetscCall(VecDestroy(&minimum));
  PetscCall(VecDestroy(&slope));
  PetscCheck(done, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED,
             "the relaxation times were not found; raise impedance.lambda");
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
