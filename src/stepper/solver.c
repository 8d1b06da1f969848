/* The linear solver of the stages.

   1D: LU of the one column.  2D and 3D: GMRES with multigrid that coarsens in x and y alone; a column
   is contiguous and its matrix nearly tridiagonal, so ILU(0) in that order solves z lines almost
   exactly however stretched the grid, and smooths what couples them. */
#include "stepper_impl.h"

static PetscErrorCode SetUpSmoother(KSP ksp, Mat matrix)
{
  PC pc;

  PetscFunctionBeginUser;
  PetscCall(KSPSetOperators(ksp, matrix, matrix));
  PetscCall(KSPSetType(ksp, KSPRICHARDSON));
  PetscCall(KSPSetTolerances(ksp, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 1)); /* one sweep */
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCBJACOBI)); /* its blocks are the ranks, solved by ILU(0) */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpMultigrid(NakModel model, PC pc)
{
  const PetscInt levels = NakModelLevels(model);

  PetscFunctionBeginUser;
  PetscCall(PCSetType(pc, PCMG));
  PetscCall(PCMGSetLevels(pc, levels, NULL));
  for (PetscInt k = 0; k < levels; k++) {
    KSP smoother;
    Mat interpolation, restriction;

    PetscCall(PCMGGetSmoother(pc, k, &smoother));
    PetscCall(KSPSetDM(smoother, NakStateDM(NakModelLevelState(model, k))));
    PetscCall(KSPSetDMActive(smoother, PETSC_FALSE)); /* it only holds TSROSW's work vectors */
    if (k == 0) {
      PetscCall(KSPSetOperators(smoother, NakModelMatrix(model, 0), NakModelMatrix(model, 0)));
      continue; /* PCMG's own choice for the coarsest grid: LU on every rank */
    }
    PetscCall(SetUpSmoother(smoother, NakModelMatrix(model, k)));
    PetscCall(NakModelTransfer(model, k, &interpolation, &restriction));
    PetscCall(PCMGSetInterpolation(pc, k, interpolation));
    PetscCall(PCMGSetRestriction(pc, k, restriction));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What GMRES leaves over would add up in the balance of Na, step by step. */
static PetscErrorCode Conserve(KSP ksp, Vec b, Vec x, void *ctx)
{
  Mat A;
  Vec residual;

  PetscFunctionBeginUser;
  PetscCall(KSPGetOperators(ksp, &A, NULL));
  PetscCall(VecDuplicate(b, &residual));
  PetscCall(MatMult(A, x, residual));
  PetscCall(VecAYPX(residual, -1, b));
  PetscCall(NakModelConserve(((NakStepper)ctx)->model, residual, x));
  PetscCall(VecDestroy(&residual));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSolverSetUp(NakStepper stepper, KSP ksp)
{
  const NakGrid *grid = NakStateGrid(NakModelState(stepper->model));
  PC             pc;

  PetscFunctionBeginUser;
  PetscCall(KSPGetPC(ksp, &pc));
  if (grid->nx * grid->ny == 1) {
    PetscCall(KSPSetType(ksp, KSPPREONLY));
    PetscCall(PCSetType(pc, PCLU));
    PetscCall(PCFactorSetMatOrderingType(pc, MATORDERINGNATURAL));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(KSPSetType(ksp, KSPGMRES));
  PetscCall(KSPSetPostSolve(ksp, Conserve, stepper));
  PetscCall(
    KSPSetTolerances(ksp, stepper->params.linear_tolerance, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  if (NakModelLevels(stepper->model) > 1)
    PetscCall(SetUpMultigrid(stepper->model, pc));
  else
    PetscCall(PCSetType(pc, PCBJACOBI));
  PetscFunctionReturn(PETSC_SUCCESS);
}
