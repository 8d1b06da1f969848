/* What one step of the NaK cell is made of, one by one: residual, linearisation, product with the
   linearised cell, multigrid cycle, and the same as a product in an iteration.  Prints for each the
   best of many runs [ms].

   Usage: kernels [-nx N] [-ny N] [-electrolyte N] [-interphase N] [-alloy N] [-runs N] */
#include <nakfield/model.h>

#include <petsctime.h>

#include "cell_fixture.h"

typedef struct {
  NakModel model;
  Vec      U, V, F;
  Mat      A;
  PC       pc;
  Mat      iteration; /* on x and y */
  Vec      x, y;
} Bench;

static PetscErrorCode Residual(Bench *b)
{
  return NakModelResidual(b->model, b->U, b->V, b->F);
}

static PetscErrorCode Linearise(Bench *b)
{
  return NakColumnsLinearise(NakModelColumns(b->model), b->U, 1);
}

static PetscErrorCode Product(Bench *b)
{
  return MatMult(b->A, b->V, b->F);
}

static PetscErrorCode Cycle(Bench *b)
{
  return PCApply(b->pc, b->V, b->F);
}

static PetscErrorCode Iteration(Bench *b)
{
  return MatMult(b->iteration, b->x, b->y);
}

static PetscErrorCode Best(Bench *b, const char *name, PetscErrorCode (*run)(Bench *),
                           PetscInt runs)
{
  PetscLogDouble begin, end, best = 1e9;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < runs; k++) {
    PetscCall(PetscTime(&begin));
    PetscCall(run(b));
    PetscCall(PetscTime(&end));
    best = PetscMin(best, end - begin);
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s %.4f\n", name, 1e3 * best));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  NakModelParams params = NaK50Cell(64, 64);
  PetscInt       runs   = 50;
  Bench          b;
  KSP            inner;

  PetscFunctionBeginUser;
  params.grid.electrolyte_layers = 16;
  params.grid.interphase_layers  = 12;
  params.grid.alloy_layers       = 36;
  params.grid.lateral            = NAK_LATERAL_PERIODIC;
  params.contact.fraction        = 0.6;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-nx", &params.grid.nx, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-ny", &params.grid.ny, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-electrolyte", &params.grid.electrolyte_layers, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-interphase", &params.grid.interphase_layers, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-alloy", &params.grid.alloy_layers, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-runs", &runs, NULL));
  PetscCall(NakModelCreate(PETSC_COMM_WORLD, &params, &b.model));
  PetscCall(DMCreateGlobalVector(NakStateDM(NakModelState(b.model)), &b.U));
  PetscCall(VecDuplicate(b.U, &b.V));
  PetscCall(VecDuplicate(b.U, &b.F));
  PetscCall(NakModelInitialise(b.model, b.U));
  PetscCall(NakModelHold(b.model, (NakControl){NAK_HOLD_CURRENT, 1}));
  PetscCall(VecSetRandom(b.V, NULL));
  b.A = NakColumnsOperator(NakModelColumns(b.model));
  PetscCall(PCCreate(PETSC_COMM_WORLD, &b.pc));
  PetscCall(PCSetOperators(b.pc, b.A, b.A));
  PetscCall(NakColumnsPreconditioner(NakModelColumns(b.model), b.pc));
  PetscCall(Best(&b, "linearise", Linearise, runs));
  PetscCall(PCSetUp(b.pc));
  PetscCall(Best(&b, "residual", Residual, runs));
  PetscCall(Best(&b, "product", Product, runs));
  PetscCall(Best(&b, "cycle", Cycle, runs));
  PetscCall(NakColumnsSolver(NakModelColumns(b.model), 1e-11, NAK_SOLUTIONS_KEPT, b.pc, &inner));
  PetscCall(KSPGetOperators(inner, &b.iteration, NULL));
  PetscCall(MatCreateVecs(b.iteration, &b.x, &b.y));
  PetscCall(VecSetRandom(b.x, NULL));
  PetscCall(Best(&b, "iteration", Iteration, runs));
  PetscCall(VecDestroy(&b.x));
  PetscCall(VecDestroy(&b.y));
  PetscCall(PCDestroy(&b.pc));
  PetscCall(VecDestroy(&b.U));
  PetscCall(VecDestroy(&b.V));
  PetscCall(VecDestroy(&b.F));
  PetscCall(NakModelDestroy(&b.model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscErrorCode code;

  if (PetscInitialize(&argc, &argv, NULL, NULL) != PETSC_SUCCESS) return 1;
  code = Run();
  return PetscFinalize() != PETSC_SUCCESS || code != PETSC_SUCCESS;
}
