/* The red-black reduced system: solving for the black columns.

   A cycle begins by solving the red columns from the black ones.  So its result depends only on a
   guess of the black ones, and in these only on the unknowns that move: x_b -> E x_b + c.  c is the
   result of a cycle from 0.  Its lines are solved exactly, so its fixed point is the solution, and
   GMRES finds it:

       (I - E) x_b = c.

   That is GMRES preconditioned by the cycle, from the left, with vectors of half the length.  It
   needs no product with the whole matrix, because a cycle without right-hand side multiplies.  A
   sweep of red and black columns then finds all the others.

   The stages of a step of TSROSW are solved with one matrix, and their c are nearly alike.  So each
   keeps its solution, and the next one solves only for the part of its c that is not in their span.
   The residual of the solutions that it reuses is part of its own residual, and counts against the
   tolerance. */
#include "multigrid.h"

typedef struct {
  NakMultigrid mg;
  KSP          ksp;
  PetscReal    tolerance;
  PetscInt     linearisation; /* for which pairs are kept, */
  PetscInt     n, most;       /* how many, and at most, */
  Vec         *c, *x;         /* (I - E) x = c, c orthonormal; the last pair is at work */
  PetscReal    error[NAK_SOLUTIONS_KEPT]; /* norm of the residual of each */
} Black;

/* y = (I - E) x */
static PetscErrorCode Multiply(Mat A, Vec X, Vec Y)
{
  NakMultigrid mg;
  NakInOut     io = {.minus = PETSC_TRUE};

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &mg));
  PetscCall(VecGetArrayRead(X, &io.guess));
  PetscCall(VecGetArrayWrite(Y, &io.black));
  PetscCall(NakMultigridCycle(mg, &io));
  PetscCall(VecRestoreArrayWrite(Y, &io.black));
  PetscCall(VecRestoreArrayRead(X, &io.guess));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Subtract from c its part along each pair, as long as their residuals do not add up to more than
   `bound`.  Return what they add up to. */
static PetscErrorCode TakeOver(Black *b, Vec c, PetscReal bound, PetscScalar weight[],
                               PetscReal *error)
{
  PetscScalar minus[NAK_SOLUTIONS_KEPT];

  PetscFunctionBeginUser;
  *error = 0;
  PetscCall(VecMDot(c, b->n, b->c, weight));
  for (PetscInt k = 0; k < b->n; k++) {
    const PetscReal more = PetscAbsScalar(weight[k]) * b->error[k];

    if (*error + more > bound)
      weight[k] = 0;
    else
      *error += more;
    minus[k] = -weight[k];
  }
  PetscCall(VecMAXPY(c, b->n, minus, b->c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Add the pair at work to those kept, scaled to norm 1.  Its weight in the solution is `norm`. */
static PetscErrorCode Keep(Black *b, PetscReal norm, PetscScalar weight[])
{
  const PetscInt n = b->n;
  const Vec      c = b->c[b->most], x = b->x[b->most];

  PetscFunctionBeginUser;
  if (n == b->most || norm == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(KSPGetResidualNorm(b->ksp, &b->error[n]));
  b->error[n] /= norm;
  PetscCall(VecScale(c, 1 / norm));
  PetscCall(VecScale(x, 1 / norm));
  b->c[b->most] = b->c[n];
  b->x[b->most] = b->x[n];
  b->c[n]       = c;
  b->x[n]       = x;
  weight[n]     = norm;
  b->n          = n + 1;
  PetscCall(VecSet(b->x[b->most], 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last x = (I - E)^-1 of the last c. */
static PetscErrorCode SolveBlack(Black *b, PetscBool *solved)
{
  const PetscReal    taken = 0.9; /* of the tolerance, at most, is the earlier solutions' */
  PetscReal          whole, rest, error;
  PetscScalar        weight[NAK_SOLUTIONS_KEPT];
  KSPConvergedReason reason;

  PetscFunctionBeginUser;
  *solved = PETSC_FALSE;
  if (b->linearisation != b->mg->linearisation) b->n = 0;
  b->linearisation = b->mg->linearisation;
  PetscCall(VecNorm(b->c[b->most], NORM_2, &whole));
  if (PetscIsInfOrNanReal(whole)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TakeOver(b, b->c[b->most], taken * b->tolerance * whole, weight, &error));
  PetscCall(VecNorm(b->c[b->most], NORM_2, &rest));
  PetscCall(
    KSPSetTolerances(b->ksp, 0, b->tolerance * whole - error, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(KSPSolve(b->ksp, b->c[b->most], b->x[b->most]));
  PetscCall(KSPGetConvergedReason(b->ksp, &reason));
  if (reason < 0) PetscFunctionReturn(PETSC_SUCCESS);
  *solved = PETSC_TRUE;
  PetscCall(Keep(b, rest, weight));
  PetscCall(VecMAXPY(b->x[b->most], b->n, weight, b->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Solve(PC pc, Vec right, Vec solution)
{
  Black           *b;
  PetscBool        solved;
  const PetscReal *black;
  NakInOut         io = {.r = NULL}; /* from a right-hand side to c */

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &b));
  PetscCall(VecGetArrayRead(right, &io.r));
  PetscCall(VecGetArrayWrite(b->c[b->most], &io.black));
  PetscCall(NakMultigridCycle(b->mg, &io));
  PetscCall(VecRestoreArrayWrite(b->c[b->most], &io.black));
  PetscCall(VecRestoreArrayRead(right, &io.r));
  PetscCall(SolveBlack(b, &solved));
  PetscCall(PCSetFailedReason(pc, solved ? PC_NOERROR : PC_SUBPC_ERROR));
  PetscCall(VecGetArrayRead(b->x[b->most], &black));
  PetscCall(NakMultigridTurn(b->mg, NakMultigridSweep, right, black, solution));
  PetscCall(VecRestoreArrayRead(b->x[b->most], &black));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(PC pc)
{
  Black *b;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &b));
  PetscCall(KSPDestroy(&b->ksp));
  PetscCall(VecDestroyVecs(b->most + 1, &b->c));
  PetscCall(VecDestroyVecs(b->most + 1, &b->x));
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateInner(MPI_Comm comm, Black *b)
{
  const PetscInt n = NakBlackSize(b->mg);
  Mat            A;
  Vec            v;
  PC             none;

  PetscFunctionBeginUser;
  PetscCall(MatCreateShell(comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, (void *)b->mg, &A));
  PetscCall(MatShellSetOperation(A, MATOP_MULT, (void (*)(void))Multiply));
  PetscCall(MatCreateVecs(A, &v, NULL));
  PetscCall(VecDuplicateVecs(v, b->most + 1, &b->c));
  PetscCall(VecDuplicateVecs(v, b->most + 1, &b->x));
  PetscCall(VecDestroy(&v));
  PetscCall(KSPCreate(comm, &b->ksp));
  PetscCall(KSPSetOperators(b->ksp, A, A));
  PetscCall(KSPSetType(b->ksp, KSPGMRES));
  PetscCall(KSPGetPC(b->ksp, &none));
  PetscCall(PCSetType(none, PCNONE));
  PetscCall(MatDestroy(&A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakReducedSolver(NakMultigrid mg, PetscReal tolerance, PetscInt kept, PC pc,
                                KSP *inner)
{
  Black *b;

  PetscFunctionBeginUser;
  if (mg->lines[mg->n - 1].seam) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&b));
  b->mg        = mg;
  b->tolerance = tolerance;
  b->most      = kept;
  PetscCall(CreateInner(PetscObjectComm((PetscObject)pc), b));
  PetscCall(PCShellSetContext(pc, (void *)b));
  PetscCall(PCShellSetApply(pc, Solve));
  PetscCall(PCShellSetDestroy(pc, Destroy));
  PetscCall(PCShellSetName(pc, "GMRES for every other column"));
  *inner = b->ksp;
  PetscFunctionReturn(PETSC_SUCCESS);
}
