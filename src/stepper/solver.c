/* The linear solver of the stages: in 1D the LU of the one column, in 2D and 3D GMRES with the model's
   multigrid. */
#include "stepper_impl.h"

/* What GMRES leaves over would add up in the balance of Na, step by step. */
static PetscErrorCode Conserve(KSP ksp, Vec b, Vec x, void *ctx)
{
  PetscFunctionBeginUser;
  (void)ksp;
  PetscCall(NakModelConserve(((NakStepper)ctx)->model, b, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool Assembled(NakStepper stepper)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));

  return (PetscBool)(grid->nx * grid->ny == 1 || stepper->params.linear_solver == NAK_SOLVER_ILU);
}

PetscErrorCode NakSolverMatrix(NakStepper stepper, Mat *matrix)
{
  NakModel model = stepper->model;

  PetscFunctionBeginUser;
  if (Assembled(stepper)) {
    PetscCall(NakModelAssemble(model));
    *matrix = NakModelMatrix(model, NakModelLevels(model) - 1);
  } else
    PetscCall(NakModelOperator(model, matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSolverSetUp(NakStepper stepper, KSP ksp)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));
  PC             pc;

  PetscFunctionBeginUser;
  PetscCall(KSPGetPC(ksp, &pc));
  if (Assembled(stepper))
    PetscCall(NakModelAssembledPreconditioner(stepper->model, pc));
  else
    PetscCall(NakModelPreconditioner(stepper->model, pc));
  if (grid->nx * grid->ny == 1) {
    PetscCall(KSPSetType(ksp, KSPPREONLY));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(KSPSetType(ksp, KSPGMRES));
  if (grid->nx > 1 && grid->ny > 1) /* hardly more iterations than 30, at a third less memory */
    PetscCall(KSPGMRESSetRestart(ksp, 6));
  if (Assembled(stepper) && NakModelLevels(stepper->model) == 1)
    PetscCall(KSPSetPCSide(ksp, PC_RIGHT)); /* ILU misleads */
  PetscCall(KSPSetPostSolve(ksp, Conserve, stepper));
  PetscCall(
    KSPSetTolerances(ksp, stepper->params.linear_tolerance, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetscFunctionReturn(PETSC_SUCCESS);
}
