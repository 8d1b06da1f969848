/* Set-up of a linear solver; the contract is in nakfield/columns.h. */
#include "columns_impl.h"

static PetscErrorCode Restore(KSP ksp, Vec b, Vec x, void *ctx)
{
  PetscFunctionBeginUser;
  (void)ksp;
  (void)b;
  PetscCall(NakColumnsRestore((NakColumns)ctx, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The residual of GMRES would add up in the conserved sums, step by step. */
static PetscErrorCode Conserve(KSP ksp, Vec b, Vec x, void *ctx)
{
  PetscBool gmres;

  PetscFunctionBeginUser;
  PetscCall(PetscObjectTypeCompare((PetscObject)ksp, KSPGMRES, &gmres));
  if (gmres) PetscCall(NakColumnsJudge((NakColumns)ctx, ksp, x));
  PetscCall(NakColumnsConserve((NakColumns)ctx, b, x));
  PetscCall(Restore(ksp, b, x, ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpGmres(KSP ksp, PetscReal tolerance, PetscBool few)
{
  PetscFunctionBeginUser;
  PetscCall(KSPSetType(ksp, KSPGMRES));
  if (few) /* hardly more iterations than 30, at a third less memory */
    PetscCall(KSPGMRESSetRestart(ksp, 6));
  PetscCall(KSPSetTolerances(ksp, tolerance, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* GMRES for every other column, if the grid allows it, else for all. */
static PetscErrorCode SetUpLines(NakColumns columns, PetscReal tolerance, PetscInt kept, KSP ksp,
                                 KSP *krylov)
{
  const NakGrid  *grid = NakColumnsGrid(columns);
  const PetscBool both = (PetscBool)(grid->nx > 1 && grid->ny > 1);
  PC              pc;
  KSP             inner;

  PetscFunctionBeginUser;
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(NakColumnsSolver(columns, tolerance, kept, pc, &inner));
  if (inner == NULL) {
    PetscCall(SetUpGmres(ksp, tolerance, (PetscBool)(both && !NakColumnsLateral(columns))));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  *krylov = inner;
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  if (both) PetscCall(KSPGMRESSetRestart(inner, 8)); /* more than are needed, for the memory */
  PetscCall(KSPSetTolerances(inner, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetscCall(KSPSetOptionsPrefix(inner, "lines_"));
  PetscCall(KSPSetFromOptions(inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsSetUpKSP(NakColumns columns, PetscReal tolerance, PetscInt kept, KSP ksp,
                                  KSP *krylov)
{
  const NakGrid *grid = NakColumnsGrid(columns);
  PC             pc;

  PetscFunctionBeginUser;
  *krylov = ksp;
  PetscCall(KSPGetPC(ksp, &pc));
  if (grid->nx * grid->ny == 1) {
    PetscCall(NakColumnsPreconditioner(columns, pc));
    PetscCall(KSPSetType(ksp, KSPPREONLY));
    PetscCall(KSPSetPostSolve(ksp, Restore, columns));
  } else {
    PetscCall(SetUpLines(columns, tolerance, kept, ksp, krylov));
    PetscCall(KSPSetPostSolve(ksp, Conserve, columns));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
