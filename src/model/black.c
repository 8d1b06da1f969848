/* Solving for the black columns.

   A cycle begins by solving the red columns from the black ones, so its result depends on a guess of the
   black ones alone, and of these on the unknowns that move: x_b -> E x_b + c, with c what it makes of 0.
   As its lines are solved exactly, its fixed point is the solution, and GMRES finds it:

       (I - E) x_b = c.

   That is GMRES preconditioned by the cycle, from the left, with vectors of half the length and without
   a product with the cell's matrix: a cycle without right-hand side multiplies.  A sweep of red and
   black columns then finds all the others.

   The stages of a step are solved with one matrix, and their c are nearly alike.  So each keeps its
   solution, and the next one solves only for what of its c is not in their span.  What the solutions that it
   takes over lack is part of its own residual, and counts against the tolerance. */
#include "multigrid.h"

#include <petscksp.h>

enum { KEPT = 3 };

typedef struct {
  NakModel     model;
  NakMultigrid mg;
  KSP          ksp;
  PetscReal    tolerance;
  PetscInt     linearisation; /* for which pairs are kept, */
  PetscInt     n;             /* how many, */
  Vec         *c, *x;         /* (I - E) x = c, c orthonormal; the last pair is at work */
  PetscReal    error[KEPT];   /* norm of the residual of each */
} Black;

/* y = (I - E) x */
static PetscErrorCode Multiply(Mat A, Vec X, Vec Y)
{
  NakMultigrid mg;

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &mg));
  PetscCall(VecGetArrayRead(X, &mg->guess));
  PetscCall(VecGetArrayWrite(Y, &mg->black));
  mg->minus = PETSC_TRUE;
  PetscCall(NakColumnsCycle(mg));
  mg->minus = PETSC_FALSE;
  PetscCall(VecRestoreArrayWrite(Y, &mg->black));
  PetscCall(VecRestoreArrayRead(X, &mg->guess));
  mg->black = NULL;
  mg->guess = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* c, from a right-hand side. */
static PetscErrorCode FromZero(NakMultigrid mg, Vec right, Vec c)
{
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(right, &mg->r));
  PetscCall(VecGetArrayWrite(c, &mg->black));
  PetscCall(NakColumnsCycle(mg));
  PetscCall(VecRestoreArrayWrite(c, &mg->black));
  PetscCall(VecRestoreArrayRead(right, &mg->r));
  mg->black = NULL;
  mg->r     = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All columns, from the black ones. */
static PetscErrorCode Complete(Black *b, Vec right, Vec black, Vec solution)
{
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(right, &b->mg->r));
  PetscCall(VecGetArrayRead(black, &b->mg->guess));
  PetscCall(NakSolutionBegin(b->model, solution));
  PetscCall(NakColumnsSweep(b->mg));
  PetscCall(NakSolutionEnd(b->model, solution));
  PetscCall(VecRestoreArrayRead(black, &b->mg->guess));
  PetscCall(VecRestoreArrayRead(right, &b->mg->r));
  b->mg->guess = NULL;
  b->mg->r     = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* c loses so much of each pair, as far as their residuals do not add up to more than `bound`; to what
   they do. */
static PetscErrorCode TakeOver(Black *b, Vec c, PetscReal bound, PetscScalar share[],
                               PetscReal *error)
{
  PetscScalar minus[KEPT];

  PetscFunctionBeginUser;
  *error = 0;
  PetscCall(VecMDot(c, b->n, b->c, share));
  for (PetscInt k = 0; k < b->n; k++) {
    const PetscReal more = PetscAbsScalar(share[k]) * b->error[k];

    if (*error + more > bound)
      share[k] = 0;
    else
      *error += more;
    minus[k] = -share[k];
  }
  PetscCall(VecMAXPY(c, b->n, minus, b->c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The pair at work becomes one of those kept, of which a solution has so much. */
static PetscErrorCode Keep(Black *b, PetscReal norm, PetscScalar share[])
{
  const PetscInt n = b->n;
  const Vec      c = b->c[KEPT], x = b->x[KEPT];

  PetscFunctionBeginUser;
  if (n == KEPT || norm == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(KSPGetResidualNorm(b->ksp, &b->error[n]));
  b->error[n] /= norm;
  PetscCall(VecScale(c, 1 / norm));
  PetscCall(VecScale(x, 1 / norm));
  b->c[KEPT] = b->c[n];
  b->x[KEPT] = b->x[n];
  b->c[n]    = c;
  b->x[n]    = x;
  share[n]   = norm;
  b->n       = n + 1;
  PetscCall(VecSet(b->x[KEPT], 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last x = (I - E)^-1 of the last c. */
static PetscErrorCode SolveBlack(Black *b, PetscBool *solved)
{
  const PetscReal    taken = 0.9; /* of the tolerance, at most, is the earlier solutions' */
  PetscReal          whole, rest, error;
  PetscScalar        share[KEPT];
  KSPConvergedReason reason;

  PetscFunctionBeginUser;
  *solved = PETSC_FALSE;
  if (b->linearisation != b->mg->linearisation) b->n = 0;
  b->linearisation = b->mg->linearisation;
  PetscCall(VecNorm(b->c[KEPT], NORM_2, &whole));
  if (PetscIsInfOrNanReal(whole)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TakeOver(b, b->c[KEPT], taken * b->tolerance * whole, share, &error));
  PetscCall(VecNorm(b->c[KEPT], NORM_2, &rest));
  PetscCall(
    KSPSetTolerances(b->ksp, 0, b->tolerance * whole - error, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(KSPSolve(b->ksp, b->c[KEPT], b->x[KEPT]));
  PetscCall(KSPGetConvergedReason(b->ksp, &reason));
  if (reason < 0) PetscFunctionReturn(PETSC_SUCCESS);
  *solved = PETSC_TRUE;
  PetscCall(Keep(b, rest, share));
  PetscCall(VecMAXPY(b->x[KEPT], b->n, share, b->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Solve(PC pc, Vec right, Vec solution)
{
  Black    *b;
  PetscBool solved;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &b));
  PetscCall(FromZero(b->mg, right, b->c[KEPT]));
  PetscCall(SolveBlack(b, &solved));
  PetscCall(PCSetFailedReason(pc, solved ? PC_NOERROR : PC_SUBPC_ERROR));
  PetscCall(Complete(b, right, b->x[KEPT], solution));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(PC pc)
{
  Black *b;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &b));
  PetscCall(KSPDestroy(&b->ksp));
  PetscCall(VecDestroyVecs(KEPT + 1, &b->c));
  PetscCall(VecDestroyVecs(KEPT + 1, &b->x));
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateInner(NakModel model, Black *b)
{
  const PetscInt n = NakBlackSize(b->mg);
  Mat            A;
  Vec            v;
  PC             none;

  PetscFunctionBeginUser;
  PetscCall(MatCreateShell(model->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, (void *)b->mg, &A));
  PetscCall(MatShellSetOperation(A, MATOP_MULT, (void (*)(void))Multiply));
  PetscCall(MatCreateVecs(A, &v, NULL));
  PetscCall(VecDuplicateVecs(v, KEPT + 1, &b->c));
  PetscCall(VecDuplicateVecs(v, KEPT + 1, &b->x));
  PetscCall(VecDestroy(&v));
  PetscCall(KSPCreate(model->comm, &b->ksp));
  PetscCall(KSPSetOperators(b->ksp, A, A));
  PetscCall(KSPSetType(b->ksp, KSPGMRES));
  PetscCall(KSPGetPC(b->ksp, &none));
  PetscCall(PCSetType(none, PCNONE));
  PetscCall(MatDestroy(&A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelSolver(NakModel model, PetscReal tolerance, PC pc, KSP *inner)
{
  Black *b;

  PetscFunctionBeginUser;
  *inner = NULL;
  PetscCall(NakModelPreconditioner(model, pc));
  if (model->multigrid->lines[model->multigrid->n - 1].seam) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&b));
  b->model     = model;
  b->mg        = model->multigrid;
  b->tolerance = tolerance;
  PetscCall(CreateInner(model, b));
  PetscCall(PCShellSetContext(pc, (void *)b));
  PetscCall(PCShellSetApply(pc, Solve));
  PetscCall(PCShellSetDestroy(pc, Destroy));
  PetscCall(PCShellSetName(pc, "GMRES for every other column"));
  *inner = b->ksp;
  PetscFunctionReturn(PETSC_SUCCESS);
}
