/* The preconditioner of the assembled matrix.

   One column, or no more of them than ranks: LU.  Else multigrid that coarsens in x and y alone; a
   column is contiguous and its matrix nearly tridiagonal, so ILU(0) in that order solves z lines
   almost exactly however stretched the grid, and smooths what couples them. */
#include "model_impl.h"

#include <petscksp.h>

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

PetscErrorCode NakModelAssembledPreconditioner(NakModel model, PC pc)
{
  const NakGrid *grid = NakStateGrid(model->state);

  PetscFunctionBeginUser;
  if (grid->nx * grid->ny == 1) {
    PetscCall(PCSetType(pc, PCLU));
    PetscCall(PCFactorSetMatOrderingType(pc, MATORDERINGNATURAL));
  } else if (model->n_levels > 1)
    PetscCall(SetUpMultigrid(model, pc));
  else
    PetscCall(PCSetType(pc, PCREDUNDANT));
  PetscFunctionReturn(PETSC_SUCCESS);
}
