/* Backward differentiation of order 1 and 2 with steps of any lengths, and Newton's method for its
   equations.

   dU/dt at the end of a step is shift (U - U_before) + bend.  This is a difference, so an
   unknown at rest stays at rest to the last bit.  The prediction is a polynomial through past
   states.  There are as many as are needed for its error and that of the formula to be the same
   derivative. */
#include "stepper_impl.h"

enum { NEWTON = 10 }; /* iterations at most */

static const PetscReal enough    = 0.02; /* of the tolerance: what Newton's method may leave */
static const PetscReal hopeless  = 4;    /* error after an iteration that ends a step at once */
static const PetscReal safety    = 0.9;
static const PetscReal growth[3] = {10, 4,
                                    2}; /* by past steps known; order 2 is stable up to 2.41 */

/* Largest component of v over the allowed one at u. */
static PetscErrorCode Weigh(NakStepper s, Vec v, Vec u, PetscReal *size)
{
  const PetscReal  allowed = s->params.tolerance;
  const PetscReal *a, *at, *scale;
  PetscReal        most = 0;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(VecGetArrayRead(v, &a));
  PetscCall(VecGetArrayRead(u, &at));
  PetscCall(VecGetArrayRead(s->bdf.scale, &scale));
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal e = PetscAbsReal(a[k]) / (allowed * (scale[k] + PetscAbsReal(at[k])));

    most = PetscIsInfOrNanReal(e) ? PETSC_MAX_REAL : PetscMax(most, e);
  }
  PetscCall(VecRestoreArrayRead(s->bdf.scale, &scale));
  PetscCall(VecRestoreArrayRead(u, &at));
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscCallMPI(MPI_Allreduce(&most, size, 1, MPIU_REAL, MPIU_MAX, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The error of the step that leads to U; `work` is overwritten. */
static PetscErrorCode StepError(NakStepper s, Vec U, Vec work, PetscReal *error)
{
  PetscFunctionBeginUser;
  PetscCall(VecWAXPY(work, -1, s->bdf.predicted, U));
  PetscCall(Weigh(s, work, U, error));
  *error *= s->bdf.share;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Newton's method ---- */

static PetscErrorCode Residual(SNES snes, Vec U, Vec F, void *ctx)
{
  NakStepper s = (NakStepper)ctx;

  PetscFunctionBeginUser;
  PetscCall(VecWAXPY(s->bdf.udot, -1, s->U_before, U));
  PetscCall(VecAXPBY(s->bdf.udot, 1, s->bdf.shift, s->bdf.bend));
  PetscCall(NakStepperResidual(s, U, s->bdf.udot, F));
  if (!s->stage_valid) PetscCall(SNESSetFunctionDomainError(snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Jacobian(SNES snes, Vec U, Mat J, Mat P, void *ctx)
{
  NakStepper s = (NakStepper)ctx;

  PetscFunctionBeginUser;
  (void)snes;
  (void)J;
  (void)P; /* the columns fill their own */
  PetscCall(NakColumnsLinearise(s->columns, U, s->bdf.shift));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Done if the remaining error is small, judged by the last change and how fast changes fall.  Given
   up if they do not fall, or if the error of the step is too large anyway. */
static PetscErrorCode Converged(SNES snes, PetscInt iteration, PetscReal xnorm, PetscReal ynorm,
                                PetscReal fnorm, SNESConvergedReason *reason, void *ctx)
{
  NakStepper s = (NakStepper)ctx;
  NakBdf    *b = &s->bdf;
  PetscReal  size, rate;
  Vec        U, update;

  PetscFunctionBeginUser;
  (void)xnorm;
  (void)ynorm;
  *reason = fnorm == 0 ? SNES_CONVERGED_FNORM_ABS : SNES_CONVERGED_ITERATING;
  if (iteration == 0) b->update = PETSC_MAX_REAL;
  PetscCall(SNESGetSolution(snes, &U));
  PetscCall(StepError(s, U, b->udot, &b->error));
  if (iteration == 0 || fnorm == 0) PetscFunctionReturn(PETSC_SUCCESS); /* 0 if nothing moves */
  PetscCall(SNESGetSolutionUpdate(snes, &update));
  PetscCall(Weigh(s, update, U, &size));
  rate      = iteration == 1 ? 0.5 : size / b->update;
  b->update = size;
  if (rate < 1 && size * rate / (1 - rate) <= enough)
    *reason = SNES_CONVERGED_SNORM_RELATIVE;
  else if (rate >= 1 || b->error > hopeless)
    *reason = SNES_DIVERGED_DTOL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateNewton(NakStepper s)
{
  NakBdf        *b = &s->bdf;
  Mat            J = NakColumnsOperator(s->columns);
  KSP            ksp;
  SNESLineSearch search;
  PetscErrorCode refused;

  PetscFunctionBeginUser;
  PetscCall(SNESCreate(s->comm, &b->snes));
  PetscCall(SNESSetType(b->snes, SNESNEWTONLS));
  PetscCall(SNESGetLineSearch(b->snes, &search));
  PetscCall(SNESLineSearchSetType(search, SNESLINESEARCHBASIC));
  PetscCall(SNESSetFunction(b->snes, NULL, Residual, s));
  PetscCall(SNESSetJacobian(b->snes, J, J, Jacobian, s));
  PetscCall(SNESSetConvergenceTest(b->snes, Converged, s, NULL));
  PetscCall(
    SNESSetTolerances(b->snes, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, NEWTON, PETSC_INT_MAX));
  PetscCall(SNESGetKSP(b->snes, &ksp));
  PetscCall(NakSolverSetUp(s, ksp));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  refused = SNESSetFromOptions(b->snes);
  PetscCall(PetscPopErrorHandler());
  PetscCall(NakStepperOptions(s, refused));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakBdfCreate(NakStepper s)
{
  NakBdf *b = &s->bdf;

  PetscFunctionBeginUser;
  for (int k = 0; k < 2; k++) PetscCall(VecDuplicate(s->U, &b->past[k]));
  PetscCall(VecDuplicate(s->U, &b->bend));
  PetscCall(VecDuplicate(s->U, &b->predicted));
  PetscCall(VecDuplicate(s->U, &b->udot));
  PetscCall(VecDuplicate(s->U, &b->scale));
  PetscCall(NakModelScales(s->model, NULL, b->scale));
  PetscCall(CreateNewton(s));
  s->longest = s->most = s->params.longest_step;
  b->disturbed         = NakModelDisturbed(s->model);
  PetscFunctionReturn(PETSC_SUCCESS);
}
PetscErrorCode NakBdfDestroy(NakStepper s)
{
  NakBdf *b = &s->bdf;

  PetscFunctionBeginUser;
  for (int k = 0; k < 2; k++) PetscCall(VecDestroy(&b->past[k]));
  PetscCall(VecDestroy(&b->bend));
  PetscCall(VecDestroy(&b->predicted));
  PetscCall(VecDestroy(&b->udot));
  PetscCall(VecDestroy(&b->scale));
  PetscCall(SNESDestroy(&b->snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The past ---- */

void NakBdfForget(NakStepper s)
{
  s->bdf.history = (NakBdfHistory){0};
}

/* After nuclei, the state is not the one to which the past leads. */
static void HeedNuclei(NakStepper s)
{
  const PetscInt disturbed = NakModelDisturbed(s->model);

  if (disturbed == s->bdf.disturbed) return;
  s->bdf.disturbed = disturbed;
  s->next          = PetscMin(s->next, s->params.first_step);
  NakBdfForget(s);
}

PetscErrorCode NakBdfMoveOn(NakStepper s)
{
  NakBdf        *b      = &s->bdf;
  NakBdfHistory *h      = &b->history;
  const Vec      oldest = b->past[1];

  PetscFunctionBeginUser;
  if (b->snes == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  HeedNuclei(s);
  h->known   = h->last > 0 ? PetscMin(h->known + 1, 2) : 0;
  h->ago[1]  = h->ago[0];
  h->ago[0]  = h->last;
  b->past[1] = b->past[0];
  b->past[0] = oldest;
  PetscCall(VecCopy(s->U_before, oldest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A run that had another integrator before its restart has no past. */
PetscErrorCode NakBdfCheckpoint(NakStepper s, NakCheckpoint c)
{
  NakBdf   *b = &s->bdf;
  PetscBool has;

  PetscFunctionBeginUser;
  if (b->snes == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  HeedNuclei(s);
  if (NakCheckpointReads(c)) NakBdfForget(s);
  PetscCall(NakCheckpointHas(c, "bdf/history", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointVec(c, "bdf/before", s->U_before));
  PetscCall(NakCheckpointVec(c, "bdf/past", b->past[0]));
  PetscCall(NakCheckpointBlock(c, "bdf/history", &b->history, sizeof b->history));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- A step ---- */

/* What the past gives to a step that ends at x[0].  Sums are of changes since U_before: all weights
   of a derivative add up to 0, those of a prediction to 1. */
static PetscErrorCode Begin(NakStepper s, PetscInt order, const PetscReal x[])
{
  NakBdf        *b          = &s->bdf;
  const PetscInt older      = b->history.known; /* states before U_before */
  PetscReal      formula[4] = {0}, ahead[4] = {0};
  PetscBool      valid;

  PetscFunctionBeginUser;
  NakDerivativeWeights(order, x, formula);
  NakPredictionWeights(older + 1, x, ahead);
  b->shift = formula[0];
  b->share = NakErrorShare(older, x, b->shift);
  PetscCall(VecSet(b->bend, 0));
  PetscCall(VecCopy(s->U_before, b->predicted));
  for (PetscInt k = 0; k < older; k++) {
    PetscCall(VecWAXPY(b->udot, -1, s->U_before, b->past[k]));
    PetscCall(VecAXPY(b->bend, formula[k + 2], b->udot));
    PetscCall(VecAXPY(b->predicted, ahead[k + 2], b->udot));
  }
  PetscCall(NakModelValid(s->model, b->predicted, &valid));
  if (valid) PetscCall(VecCopy(b->predicted, s->U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakBdfAttempt(NakStepper s, PetscReal dt, PetscReal wanted, PetscBool *good,
                             PetscReal *next)
{
  NakBdf              *b     = &s->bdf;
  const NakBdfHistory *h     = &b->history;
  const PetscInt       order = PetscMax(h->known, 1), seen = PetscMin(h->known, order);
  const PetscReal      x[4]    = {dt, 0, -h->ago[0], -h->ago[0] - h->ago[1]};
  const NakStepControl control = {
    .failed = 0.25, .shrink = 0.2, .growth = growth[h->known], .whole = 0.9, .easy = 1};
  SNESConvergedReason reason;
  PetscReal           allowed;
  PetscInt            iterations;
  Vec                 F;

  PetscFunctionBeginUser;
  b->error = -1;
  PetscCall(Begin(s, order, x));
  PetscCall(SNESSolve(b->snes, NULL, s->U));
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
  PetscCall(NakModelBook(s->model, F, b->shift, s->U));
  PetscFunctionReturn(PETSC_SUCCESS);
}
