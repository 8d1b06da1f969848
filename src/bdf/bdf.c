/* Backward differentiation; the contract is in nakfield/bdf.h. */
#include <nakfield/bdf.h>

enum { NEWTON = 10 }; /* iterations at most */

static const PetscReal enough    = 0.02; /* of the tolerance: what Newton's method may leave */
static const PetscReal hopeless  = 4;    /* error after an iteration that ends a step at once */
static const PetscReal safety    = 0.9;
static const PetscReal growth[3] = {10, 4,
                                    2}; /* by past steps known; order 2 is stable up to 2.41 */

/* Past steps. */
typedef struct {
  PetscReal last;   /* length of the step that was accepted last [s]; 0: its beginning is no past */
  PetscReal ago[2]; /* while a step is under way: those that led to its beginning, to past[0] */
  PetscInt  known;  /* how many of them */
} History;

struct NakBdf_private {
  MPI_Comm    comm;
  NakColumns  columns;
  NakEquation equation;
  PetscReal   tolerance;
  SNES        snes;
  KSP         krylov; /* whose iterations count; not owned */
  Vec         scale, past[2];
  Vec         before;    /* state from which the step under way begins; not owned */
  Vec         bend;      /* dU/dt less shift (U - before) */
  Vec         predicted; /* U, from the past */
  Vec         udot;
  PetscReal   shift;
  PetscReal   share;  /* of the distance from the prediction that is the error */
  PetscReal   update; /* last one of Newton's method, over the tolerance */
  PetscReal   error;  /* of the step by it, over the tolerance; negative where it was not solved */
  PetscInt    newton, rejected;
  History     history;
};

/* Largest component of v over the allowed one at u. */
static PetscErrorCode Size(NakBdf b, Vec v, Vec u, PetscReal *size)
{
  const PetscReal  allowed = b->tolerance;
  const PetscReal *a, *at, *scale;
  PetscReal        most = 0;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(VecGetArrayRead(v, &a));
  PetscCall(VecGetArrayRead(u, &at));
  PetscCall(VecGetArrayRead(b->scale, &scale));
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal e = PetscAbsReal(a[k]) / (allowed * (scale[k] + PetscAbsReal(at[k])));

    most = PetscIsInfOrNanReal(e) ? PETSC_MAX_REAL : PetscMax(most, e);
  }
  PetscCall(VecRestoreArrayRead(b->scale, &scale));
  PetscCall(VecRestoreArrayRead(u, &at));
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscCallMPI(MPI_Allreduce(&most, size, 1, MPIU_REAL, MPIU_MAX, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The error of the step that leads to U; `work` is overwritten. */
static PetscErrorCode StepError(NakBdf b, Vec U, Vec work, PetscReal *error)
{
  PetscFunctionBeginUser;
  PetscCall(VecWAXPY(work, -1, b->predicted, U));
  PetscCall(Size(b, work, U, error));
  *error *= b->share;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Newton's method ---- */

static PetscErrorCode Residual(SNES snes, Vec U, Vec F, void *ctx)
{
  NakBdf    b = (NakBdf)ctx;
  PetscBool valid;

  PetscFunctionBeginUser;
  PetscCall(VecWAXPY(b->udot, -1, b->before, U));
  PetscCall(VecAXPBY(b->udot, 1, b->shift, b->bend));
  PetscCall(b->equation.residual(b->equation.ctx, U, b->udot, F, &valid));
  if (!valid) PetscCall(SNESSetFunctionDomainError(snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Jacobian(SNES snes, Vec U, Mat J, Mat P, void *ctx)
{
  NakBdf b = (NakBdf)ctx;

  PetscFunctionBeginUser;
  (void)snes;
  (void)J;
  (void)P; /* the columns fill their own */
  PetscCall(NakColumnsLinearise(b->columns, U, b->shift));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Done if the remaining error is small, judged by the last change and how fast changes fall.  Given
   up if they do not fall, or if the error of the step is too large anyway. */
static PetscErrorCode Converged(SNES snes, PetscInt iteration, PetscReal xnorm, PetscReal ynorm,
                                PetscReal fnorm, SNESConvergedReason *reason, void *ctx)
{
  NakBdf    b = (NakBdf)ctx;
  PetscReal size, rate;
  Vec       U, update;

  PetscFunctionBeginUser;
  (void)xnorm;
  (void)ynorm;
  *reason = fnorm == 0 ? SNES_CONVERGED_FNORM_ABS : SNES_CONVERGED_ITERATING;
  if (iteration == 0) b->update = PETSC_MAX_REAL;
  PetscCall(SNESGetSolution(snes, &U));
  PetscCall(StepError(b, U, b->udot, &b->error));
  if (iteration == 0 || fnorm == 0) PetscFunctionReturn(PETSC_SUCCESS); /* 0 if nothing moves */
  PetscCall(SNESGetSolutionUpdate(snes, &update));
  PetscCall(Size(b, update, U, &size));
  rate      = iteration == 1 ? 0.5 : size / b->update;
  b->update = size;
  if (rate < 1 && size * rate / (1 - rate) <= enough)
    *reason = SNES_CONVERGED_SNORM_RELATIVE;
  else if (rate >= 1 || b->error > hopeless)
    *reason = SNES_DIVERGED_DTOL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateNewton(NakBdf b, PetscReal linear_tolerance)
{
  const PetscReal no_stagnation = 0; /* it would count as convergence */
  const PetscInt  kept          = 0; /* each system has a matrix of its own */
  Mat             J             = NakColumnsOperator(b->columns);
  KSP             ksp;
  SNESLineSearch  search;

  PetscFunctionBeginUser;
  PetscCall(SNESCreate(b->comm, &b->snes));
  PetscCall(SNESSetType(b->snes, SNESNEWTONLS));
  PetscCall(SNESGetLineSearch(b->snes, &search));
  PetscCall(SNESLineSearchSetType(search, SNESLINESEARCHBASIC));
  PetscCall(SNESSetFunction(b->snes, NULL, Residual, b));
  PetscCall(SNESSetJacobian(b->snes, J, J, Jacobian, b));
  PetscCall(SNESSetConvergenceTest(b->snes, Converged, b, NULL));
  PetscCall(
    SNESSetTolerances(b->snes, PETSC_DEFAULT, PETSC_DEFAULT, no_stagnation, NEWTON, PETSC_INT_MAX));
  PetscCall(SNESGetKSP(b->snes, &ksp));
  PetscCall(NakColumnsSetUpKSP(b->columns, linear_tolerance, kept, ksp, &b->krylov));
  PetscCall(NakTakeOptions(NULL, b->snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakBdfCreate(NakColumns columns, const NakEquation *equation, Vec scale,
                            PetscReal tolerance, PetscReal linear_tolerance, NakBdf *bdf)
{
  NakBdf b;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&b));
  *bdf         = b;
  b->comm      = PetscObjectComm((PetscObject)scale);
  b->columns   = columns;
  b->equation  = *equation;
  b->tolerance = tolerance;
  PetscCall(PetscObjectReference((PetscObject)scale));
  b->scale = scale;
  for (int k = 0; k < 2; k++) PetscCall(VecDuplicate(scale, &b->past[k]));
  PetscCall(VecDuplicate(scale, &b->bend));
  PetscCall(VecDuplicate(scale, &b->predicted));
  PetscCall(VecDuplicate(scale, &b->udot));
  PetscCall(CreateNewton(b, linear_tolerance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakBdfDestroy(NakBdf *bdf)
{
  NakBdf b = *bdf;

  PetscFunctionBeginUser;
  if (b == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 0; k < 2; k++) PetscCall(VecDestroy(&b->past[k]));
  PetscCall(VecDestroy(&b->bend));
  PetscCall(VecDestroy(&b->predicted));
  PetscCall(VecDestroy(&b->udot));
  PetscCall(VecDestroy(&b->scale));
  PetscCall(SNESDestroy(&b->snes));
  PetscCall(PetscFree(*bdf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakBdfSolved(NakBdf b)
{
  return (PetscBool)(b->error >= 0);
}

SNES NakBdfSnes(NakBdf b)
{
  return b->snes;
}

PetscErrorCode NakBdfCount(NakBdf b, NakBdfWork *work)
{
  PetscFunctionBeginUser;
  *work = (NakBdfWork){.newton = b->newton, .rejected = b->rejected};
  PetscCall(KSPGetTotalIterations(b->krylov, &work->linear));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakBdfError(NakBdf b, Vec U, Vec error)
{
  PetscFunctionBeginUser;
  PetscCall(VecWAXPY(error, -1, b->predicted, U));
  PetscCall(VecScale(error, b->share));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The past ---- */

void NakBdfForget(NakBdf b)
{
  b->history = (History){0};
}

void NakBdfAccept(NakBdf b, PetscReal dt)
{
  b->history.last = dt;
}

PetscErrorCode NakBdfMoveOn(NakBdf b, Vec before)
{
  History  *h      = &b->history;
  const Vec oldest = b->past[1];

  PetscFunctionBeginUser;
  h->known   = h->last > 0 ? PetscMin(h->known + 1, 2) : 0;
  h->ago[1]  = h->ago[0];
  h->ago[0]  = h->last;
  b->past[1] = b->past[0];
  b->past[0] = oldest;
  PetscCall(VecCopy(before, oldest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakBdfCheckpoint(NakBdf b, Vec before, NakCheckpoint c)
{
  PetscBool has;

  PetscFunctionBeginUser;
  if (NakCheckpointReads(c)) NakBdfForget(b);
  PetscCall(NakCheckpointHas(c, "bdf/history", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointVec(c, "bdf/before", before));
  PetscCall(NakCheckpointVec(c, "bdf/past", b->past[0]));
  PetscCall(NakCheckpointBlock(c, "bdf/history", &b->history, sizeof b->history));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- A step ---- */

/* What the past gives to a step that ends at x[0].  Sums are of changes since `before`: all weights
   of a derivative add up to 0, those of a prediction to 1. */
static PetscErrorCode Begin(NakBdf b, PetscInt order, const PetscReal x[], Vec U)
{
  const PetscInt older      = b->history.known; /* states before `before` */
  PetscReal      formula[4] = {0}, ahead[4] = {0};
  PetscBool      valid;

  PetscFunctionBeginUser;
  NakDerivativeWeights(order, x, formula);
  NakPredictionWeights(older + 1, x, ahead);
  b->shift = formula[0];
  b->share = NakErrorShare(older, x, b->shift);
  PetscCall(VecSet(b->bend, 0));
  PetscCall(VecCopy(b->before, b->predicted));
  for (PetscInt k = 0; k < older; k++) {
    PetscCall(VecWAXPY(b->udot, -1, b->before, b->past[k]));
    PetscCall(VecAXPY(b->bend, formula[k + 2], b->udot));
    PetscCall(VecAXPY(b->predicted, ahead[k + 2], b->udot));
  }
  PetscCall(b->equation.valid(b->equation.ctx, b->predicted, &valid));
  if (valid) PetscCall(VecCopy(b->predicted, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakBdfAttempt(NakBdf b, Vec before, PetscReal dt, PetscReal wanted, Vec U,
                             PetscBool *good, PetscReal *next)
{
  const History       *h     = &b->history;
  const PetscInt       order = PetscMax(h->known, 1), seen = PetscMin(h->known, order);
  const PetscReal      x[4]    = {dt, 0, -h->ago[0], -h->ago[0] - h->ago[1]};
  const NakStepControl control = {
    .failed = 0.25, .shrink = 0.2, .growth = growth[h->known], .whole = 0.9, .easy = 1};
  SNESConvergedReason reason;
  PetscReal           allowed;
  PetscInt            iterations;
  Vec                 F;

  PetscFunctionBeginUser;
  b->error  = -1;
  b->before = before;
  PetscCall(Begin(b, order, x, U));
  PetscCall(SNESSolve(b->snes, NULL, U));
  PetscCall(SNESGetConvergedReason(b->snes, &reason));
  PetscCall(SNESGetIterationNumber(b->snes, &iterations));
  b->newton += iterations;
  if (reason < 0 && b->error <= hopeless) b->error = -1;
  *good   = (PetscBool)(reason > 0 && b->error <= 1);
  allowed = safety * PetscPowReal(PetscMax(b->error, 1e-10), -1 / (PetscReal)(seen + 1));
  *next   = NakStepNext(&control, dt, wanted, b->error, allowed);
  if (!*good) {
    b->rejected++;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SNESGetFunction(b->snes, &F, NULL, NULL));
  PetscCall(b->equation.book(b->equation.ctx, F, b->shift, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}
