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

/* In 1D, where a matrix is asked for, and where each rank has one column: there is nothing to coarsen. */
static PetscBool Assembled(NakStepper stepper)
{
  return (PetscBool)(NakModelLevels(stepper->model) == 1 ||
                     stepper->params.linear_solver == NAK_SOLVER_ILU);
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

static PetscErrorCode SetUpGmres(NakStepper stepper, KSP ksp)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));

  PetscFunctionBeginUser;
  PetscCall(KSPSetType(ksp, KSPGMRES));
  if (grid->nx > 1 && grid->ny > 1) /* hardly more iterations than 30, at a third less memory */
    PetscCall(KSPGMRESSetRestart(ksp, 6));
  PetscCall(
    KSPSetTolerances(ksp, stepper->params.linear_tolerance, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* GMRES of every other column, where the grid allows it, else of all. */
static PetscErrorCode SetUpLines(NakStepper stepper, KSP ksp, PC pc)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));
  KSP            inner;

  PetscFunctionBeginUser;
  PetscCall(NakModelSolver(stepper->model, stepper->params.linear_tolerance, pc, &inner));
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
  if (!Assembled(stepper)) {
    PetscCall(SetUpLines(stepper, ksp, pc));
    PetscCall(KSPSetPostSolve(ksp, Conserve, stepper));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakModelAssembledPreconditioner(stepper->model, pc));
  if (grid->nx * grid->ny == 1) {
    PetscCall(KSPSetType(ksp, KSPPREONLY));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SetUpGmres(stepper, ksp));
  if (NakModelLevels(stepper->model) == 1)
    PetscCall(KSPSetPCSide(ksp, PC_RIGHT)); /* ILU misleads */
  PetscCall(KSPSetPostSolve(ksp, Conserve, stepper));
  PetscFunctionReturn(PETSC_SUCCESS);
}
