/* The linear solver of the stages.  In 1D it is the LU of the one column, in 2D and 3D GMRES with
   the columns' multigrid. */
#include "stepper_impl.h"

static PetscErrorCode Restore(KSP ksp, Vec b, Vec x, void *ctx)
{
  PetscFunctionBeginUser;
  (void)ksp;
  (void)b;
  PetscCall(NakColumnsRestore(((NakStepper)ctx)->columns, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The residual of GMRES would add up in the balance of Na, step by step. */
static PetscErrorCode Conserve(KSP ksp, Vec b, Vec x, void *ctx)
{
  PetscFunctionBeginUser;
  PetscCall(NakColumnsConserve(((NakStepper)ctx)->columns, b, x));
  PetscCall(Restore(ksp, b, x, ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Newton's method squares the residual of its equations, so the root of the tolerance is enough for
   it. */
static PetscReal Tolerance(NakStepper stepper)
{
  const PetscReal asked = stepper->params.linear_tolerance;

  return stepper->params.integrator == NAK_INTEGRATOR_BDF ? PetscSqrtReal(asked) : asked;
}

static PetscErrorCode SetUpGmres(NakStepper stepper, KSP ksp)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));

  PetscFunctionBeginUser;
  PetscCall(KSPSetType(ksp, KSPGMRES));
  if (grid->nx > 1 && grid->ny > 1) /* hardly more iterations than 30, at a third less memory */
    PetscCall(KSPGMRESSetRestart(ksp, 6));
  PetscCall(KSPSetTolerances(ksp, Tolerance(stepper), PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* GMRES for every other column, if the grid allows it, else for all. */
static PetscErrorCode SetUpLines(NakStepper stepper, KSP ksp, PC pc)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));
  KSP            inner;

  PetscFunctionBeginUser;
  PetscCall(NakColumnsSolver(stepper->columns, Tolerance(stepper), pc, &inner));
  if (inner == NULL) {
    PetscCall(SetUpGmres(stepper, ksp));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  stepper->krylov = inner;
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  if (grid->nx > 1 && grid->ny > 1)
    PetscCall(KSPGMRESSetRestart(inner, 8)); /* more than are needed, for the memory */
  PetscCall(KSPSetTolerances(inner, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetscCall(KSPSetOptionsPrefix(inner, "lines_"));
  PetscCall(KSPSetFromOptions(inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSolverSetUp(NakStepper stepper, KSP ksp)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));
  PC             pc;

  PetscFunctionBeginUser;
  stepper->krylov = ksp;
  PetscCall(KSPGetPC(ksp, &pc));
  if (grid->nx * grid->ny == 1) {
    PetscCall(NakColumnsPreconditioner(stepper->columns, pc));
    PetscCall(KSPSetType(ksp, KSPPREONLY));
    PetscCall(KSPSetPostSolve(ksp, Restore, stepper));
  } else {
    PetscCall(SetUpLines(stepper, ksp, pc));
    PetscCall(KSPSetPostSolve(ksp, Conserve, stepper));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
