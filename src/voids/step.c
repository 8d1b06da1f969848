/* Time steps of the voids: PETSc's TS, with steps that would raise the free energy taken back. */
#include "voids_impl.h"

static const PetscReal shortest = 1e-12; /* step [s] */

/* J x = (matrix of the cells) x + the gas: each void's volume falls with its pressure. */
static PetscErrorCode Multiply(Mat J, Vec x, Vec y)
{
  NakVoids         s;
  const PetscReal *a, *slope;
  PetscReal       *b;
  PetscInt         n, nz;

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(J, &s));
  n  = s->block.xm * s->block.ym;
  nz = s->block.nz;
  PetscCall(MatMult(s->local, x, y));
  PetscCall(VecGetArrayRead(x, &a));
  PetscCall(VecGetArrayRead(s->slope, &slope));
  PetscCall(PetscArrayzero(s->gas.sum, s->gas.n));
  for (PetscInt c = 0; c < n; c++)
    for (PetscInt k = 0, at = c * nz; k < nz; k++, at++)
      s->gas.sum[s->gas.root[s->owner[c]]] += s->area * s->height[k] * slope[at] * a[at];
  PetscCall(VecRestoreArrayRead(x, &a));
  PetscCall(NakGasSum(s, s->gas.sum));
  PetscCall(VecGetArray(y, &b));
  for (PetscInt c = 0; c < n; c++) {
    const PetscInt  root = s->gas.root[s->owner[c]];
    const PetscReal V    = s->gas.volume[root];
    const PetscReal stiff =
      V > 0 ? NakGasPressure(&s->gas, root) / V * s->gas.sum[root] / s->energy.friction : 0;

    for (PetscInt k = 0, at = c * nz; k < nz; k++, at++) b[at] += stiff * slope[at];
  }
  PetscCall(VecRestoreArray(y, &b));
  PetscCall(VecRestoreArrayRead(s->slope, &slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode IFunction(TS ts, PetscReal t, Vec v, Vec vdot, Vec F, void *ctx)
{
  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  PetscCall(NakVoidsResidual((NakVoids)ctx, v, vdot, F));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec v, Vec vdot, PetscReal shift, Mat J, Mat P,
                                void *ctx)
{
  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  (void)vdot;
  (void)P; /* the matrix of the cells, which is filled here */
  PetscCall(NakVoidsLinearise((NakVoids)ctx, v, shift));
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateMatrices(NakVoids s)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(DMCreateMatrix(s->dm, &s->local));
  PetscCall(VecGetLocalSize(s->v, &n));
  PetscCall(MatCreateShell(s->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, s, &s->jacobian));
  PetscCall(MatShellSetOperation(s->jacobian, MATOP_MULT, (void (*)(void))Multiply));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsIntegratorCreate(NakVoids s)
{
  const PetscReal linear = 1e-9;
  TSAdapt         adapt;
  SNES            snes;
  KSP             ksp;

  PetscFunctionBeginUser;
  PetscCall(CreateMatrices(s));
  PetscCall(TSCreate(s->comm, &s->ts));
  PetscCall(TSSetOptionsPrefix(s->ts, "voids_"));
  PetscCall(TSSetDM(s->ts, s->dm));
  PetscCall(TSSetProblemType(s->ts, TS_NONLINEAR));
  PetscCall(TSSetType(s->ts, TSROSW));
  PetscCall(TSRosWSetType(s->ts, TSROSWRA34PW2));
  PetscCall(TSSetIFunction(s->ts, NULL, IFunction, s));
  PetscCall(TSSetIJacobian(s->ts, s->jacobian, s->local, IJacobian, s));
  PetscCall(TSSetPreStage(s->ts, NakRenewJacobian));
  PetscCall(TSSetExactFinalTime(s->ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSteps(s->ts, PETSC_INT_MAX));
  PetscCall(TSSetMaxStepRejections(s->ts, 60));
  PetscCall(TSSetErrorIfStepFails(s->ts, PETSC_FALSE));
  PetscCall(TSSetTolerances(s->ts, s->params.tolerance, NULL, 0, NULL));
  PetscCall(TSGetAdapt(s->ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTBASIC));
  PetscCall(TSAdaptSetStepLimits(adapt, shortest, PETSC_MAX_REAL));
  PetscCall(NakOptionPrefer("-voids_ts_adapt_wnormtype", "infinity"));
  PetscCall(TSGetSNES(s->ts, &snes));
  PetscCall(SNESSetType(snes, SNESKSPONLY));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPGMRES));
  PetscCall(KSPSetTolerances(ksp, linear, PETSC_DEFAULT, PETSC_DEFAULT, 500));
  PetscCall(TSSetFromOptions(s->ts));
  PetscCall(TSSetSolution(s->ts, s->v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One step of TS of at most `left`; how far it went, 0 where it failed or the energy rose. */
static PetscErrorCode Attempt(NakVoids s, PetscReal energy, PetscReal first, PetscReal left,
                              PetscReal *went, PetscReal *after)
{
  PetscReal         rounding = 1e-12 * PetscAbsReal(energy);
  TSConvergedReason reason;

  PetscFunctionBeginUser;
  PetscCall(TSSetConvergedReason(s->ts, TS_CONVERGED_ITERATING));
  PetscCall(TSSetTime(s->ts, 0));
  PetscCall(TSSetMaxTime(s->ts, left));
  PetscCall(TSSetTimeStep(s->ts, PetscMin(first, left)));
  PetscCall(TSRestartStep(s->ts)); /* so that a step taken back leaves nothing behind */
  PetscCall(TSStep(s->ts));
  PetscCall(TSGetConvergedReason(s->ts, &reason));
  PetscCall(TSGetTime(s->ts, went));
  if (reason < 0) *went = 0;
  PetscCall(NakVoidsFree(s, s->v, after));
  for (PetscInt k = 0; k < s->gas.n; k++) rounding += 1e-14 * s->gas.amount[k];
  if (!(*after <= energy + rounding)) *went = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The integrator keeps v within its tolerance of [0, 1]; put it there. */
static PetscErrorCode Clip(NakVoids s)
{
  PetscInt   n;
  PetscReal *v;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(s->v, &n));
  PetscCall(VecGetArray(s->v, &v));
  for (PetscInt k = 0; k < n; k++) v[k] = PetscMin(PetscMax(v[k], 0), 1);
  PetscCall(VecRestoreArray(s->v, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether anything would move by more than a part of the tolerance in the time that has come together. */
static PetscErrorCode Moves(NakVoids s, PetscBool *moves)
{
  const PetscReal part = 0.02;
  PetscReal       rate;
  Vec             still, F;

  PetscFunctionBeginUser;
  PetscCall(DMGetGlobalVector(s->dm, &still));
  PetscCall(DMGetGlobalVector(s->dm, &F));
  PetscCall(VecSet(still, 0));
  PetscCall(NakVoidsResidual(s, s->v, still, F));
  PetscCall(VecNorm(F, NORM_INFINITY, &rate));
  PetscCall(DMRestoreGlobalVector(s->dm, &F));
  PetscCall(DMRestoreGlobalVector(s->dm, &still));
  *moves = (PetscBool)(rate * s->pending > part * s->params.tolerance);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One accepted step of at most the time that is due, and how far it went. */
static PetscErrorCode Advance(NakVoids s, PetscReal *energy, PetscReal *went)
{
  PetscReal step = PetscMin(s->next, s->pending), next, after;
  PetscInt  linear[2];

  PetscFunctionBeginUser;
  PetscCall(VecCopy(s->v, s->before));
  PetscCall(TSGetKSPIterations(s->ts, &linear[0]));
  *went = 0;
  while (*went == 0 && step > shortest) {
    PetscCall(Attempt(s, *energy, step, s->pending, went, &after));
    if (*went == 0) PetscCall(VecCopy(s->before, s->v));
    step /= 4;
  }
  PetscCheck(*went > 0, s->comm, PETSC_ERR_NOT_CONVERGED,
             "the voids cannot go on: their time step has become shorter than %g s",
             (double)shortest);
  PetscCall(TSGetKSPIterations(s->ts, &linear[1]));
  PetscCall(TSGetTimeStep(s->ts, &next));
  /* the step that ends at the end of the time says nothing of the next */
  s->next = *went < (1 - 1e-3) * s->pending ? next : PetscMax(next, s->next);
  s->iterations += linear[1] - linear[0];
  s->steps++;
  PetscCall(Clip(s));
  PetscCall(NakVoidsFree(s, s->v, energy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsIntegrate(NakVoids s, PetscReal dt)
{
  PetscReal energy, went;
  PetscBool moves = PETSC_TRUE;

  PetscFunctionBeginUser;
  s->pending += dt;
  PetscCall(Moves(s, &moves));
  if (!moves) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakVoidsFree(s, s->v, &energy));
  while (s->pending > 2 * shortest) { /* what rounding leaves over is for the next time */
    PetscCall(Advance(s, &energy, &went));
    s->pending -= went;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
