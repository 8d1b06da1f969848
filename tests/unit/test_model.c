/* The cell: its Jacobian against difference quotients at seven states, its conservation laws, its
   hierarchy of grids.  Run on 1, 2 and 3 ranks. */
#include <nakfield/model.h>

#include <petscksp.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cell_fixture.h"

#define MUST(call) assert_int_equal((call), 0)

static NakModelParams Params(PetscInt nx, PetscInt ny)
{
  NakModelParams params = NaK50Cell(nx, ny);

  params.contact.fraction = nx > 1 ? 0.5 : 1;
  return params;
}

/* What sets one test state apart; the rest of the cell is bent smoothly so that nothing cancels. */
typedef struct {
  const char *name;
  PetscReal   E, u_low, u_high, deposit, film;
  NakControl  control;
} Situation;

static const Situation situations[] = {
  {"pristine",          0.0016, 1,     1,   0,    0,   {NAK_HOLD_CURRENT, 0}  },
  {"stripping",         0.05,   0.3,   1,   0,    0,   {NAK_HOLD_CURRENT, 5}  },
  {"collapse",          2.5,    0.02,  1,   0,    0.3, {NAK_HOLD_CURRENT, 10} },
  {"under the film",    0.4,    0.004, 0.5, 0,    0.6, {NAK_HOLD_VOLTAGE, 1}  },
  {"plating",           -0.03,  1.7,   1.1, 0,    0,   {NAK_HOLD_CURRENT, -7} },
  {"deposit grows",     -0.03,  2.1,   1.1, 9e-4, 0,   {NAK_HOLD_CURRENT, -7} },
  {"deposit dissolves", 0.01,   1.5,   1.1, 9e-4, 0.1, {NAK_HOLD_VOLTAGE, 0.1}},
};

enum { SITUATIONS = sizeof situations / sizeof *situations };

/* A column in a situation; `wave` in [-1, 1] differs from column to column. */
static void FillColumn(const NakGrid *g, const NakLayout *l, const Situation *s, PetscReal wave,
                       PetscReal u[])
{
  for (PetscInt j = 0; j < l->size; j++) u[j] = 0;
  u[l->q_faraday] = u[l->q_total] = 100; /* C/m2: so that changes stand clear of rounding */
  for (PetscInt k = 0; k < g->n_electrolyte; k++)
    u[l->phi + k] = -s->E - 0.01 * (PetscReal)(g->n_electrolyte - k) - 0.003 * wave;
  u[l->potential] = s->E * (1 + 0.05 * wave);
  u[l->deposit]   = s->deposit * (1 + 0.02 * wave);
  u[l->film]      = s->film * (1 + 0.1 * wave);
  for (PetscInt k = 0; k < g->n_interphase; k++) {
    const PetscReal t = ((PetscReal)k + 0.5) / (PetscReal)g->n_interphase;

    u[l->interphase + k] = (s->u_low * (1 - t) + s->u_high * t) * (1 + 0.05 * wave);
  }
  for (PetscInt k = 0; k < g->n_alloy; k++)
    u[l->alloy + k] = 1.6 + 0.01 * (PetscReal)k + 0.02 * wave;
  u[l->reservoir_na] = 1.68 + 0.01 * wave;
  u[l->reservoir_k]  = 0.99;
}

static void FillState(NakModel model, const Situation *s, Vec U)
{
  NakState         state = NakModelState(model);
  const NakGrid   *g     = NakStateGrid(state);
  const NakLayout *l     = NakStateLayout(state);
  PetscInt         xs, ys, xm, ym, n = 0;
  PetscReal       *u;

  MUST(DMDAGetCorners(NakStateDM(state), &xs, &ys, NULL, &xm, &ym, NULL));
  MUST(VecGetArray(U, &u));
  for (PetscInt j = ys; j < ys + ym; j++)
    for (PetscInt i = xs; i < xs + xm; i++)
      FillColumn(g, l, s, PetscSinReal(1.3 * (PetscReal)i + 2.1 * (PetscReal)j + 0.4),
                 u + (ptrdiff_t)l->size * n++);
  MUST(VecRestoreArray(U, &u));
}

/* A direction of change, the same for any number of ranks, of relative size 1 in each unknown. */
static void FillDirection(NakModel model, Vec U, PetscInt seed, Vec V)
{
  NakState         state = NakModelState(model);
  const NakLayout *l     = NakStateLayout(state);
  PetscInt         xs, ys, xm, ym, n = 0;
  const PetscReal *u;
  PetscReal       *v;

  MUST(DMDAGetCorners(NakStateDM(state), &xs, &ys, NULL, &xm, &ym, NULL));
  MUST(VecGetArrayRead(U, &u));
  MUST(VecGetArray(V, &v));
  for (PetscInt j = ys; j < ys + ym; j++)
    for (PetscInt i = xs; i < xs + xm; i++)
      for (PetscInt k = 0; k < l->size; k++, n++)
        v[n] = PetscSinReal((PetscReal)(seed + 1) *
                            (0.7 * (PetscReal)k + 1.9 * (PetscReal)i + 2.3 * (PetscReal)j + 0.1)) *
               (PetscAbsReal(u[n]) + 1e-4);
  MUST(VecRestoreArray(V, &v));
  MUST(VecRestoreArrayRead(U, &u));
}

/* |J v - quotient| over the largest quotient of the same row in any column. */
static PetscReal WorstRow(NakModel model, Vec product, Vec quotient)
{
  const PetscInt   size  = NakStateLayout(NakModelState(model))->size;
  PetscReal        worst = 0, *error, *largest;
  PetscInt         n;
  const PetscReal *a, *b;

  MUST(PetscCalloc2(size, &error, size, &largest));
  MUST(VecGetLocalSize(product, &n));
  MUST(VecGetArrayRead(product, &a));
  MUST(VecGetArrayRead(quotient, &b));
  for (PetscInt k = 0; k < n; k++) {
    error[k % size]   = PetscMax(error[k % size], PetscAbsReal(a[k] - b[k]));
    largest[k % size] = PetscMax(largest[k % size], PetscAbsReal(b[k]));
  }
  MUST(VecRestoreArrayRead(product, &a));
  MUST(VecRestoreArrayRead(quotient, &b));
  MUST(MPI_Allreduce(MPI_IN_PLACE, error, (int)size, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  MUST(MPI_Allreduce(MPI_IN_PLACE, largest, (int)size, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  for (PetscInt j = 0; j < size; j++) worst = PetscMax(worst, error[j] / (largest[j] + 1e-9));
  MUST(PetscFree2(error, largest));
  return worst;
}

/* (F(U + h V, shift (U + h V)) - F(U - h V, ...)) / 2 h */
static void Quotient(NakModel model, Vec U, Vec V, PetscReal shift, Vec quotient)
{
  const PetscReal h = 1e-6;
  Vec             at, dot, F[2];

  MUST(VecDuplicate(U, &at));
  MUST(VecDuplicate(U, &dot));
  for (int side = 0; side < 2; side++) {
    MUST(VecDuplicate(U, &F[side]));
    MUST(VecWAXPY(at, side == 0 ? h : -h, V, U));
    MUST(VecCopy(at, dot));
    MUST(VecScale(dot, shift));
    MUST(NakModelResidual(model, at, dot, F[side]));
  }
  MUST(VecWAXPY(quotient, -1, F[1], F[0]));
  MUST(VecScale(quotient, 1 / (2 * h)));
  for (int side = 0; side < 2; side++) MUST(VecDestroy(&F[side]));
  MUST(VecDestroy(&at));
  MUST(VecDestroy(&dot));
}

/* Voids that leave every column another share: all of it, none, or something between. */
static void Wet(NakModel model)
{
  enum { MOST = 64 };
  PetscReal wetted[MOST], room[MOST];
  PetscInt  xs, ys, xm, ym, n = 0;

  MUST(DMDAGetCorners(NakStateDM(NakModelState(model)), &xs, &ys, NULL, &xm, &ym, NULL));
  assert_true(xm * ym <= MOST);
  for (PetscInt j = ys; j < ys + ym; j++)
    for (PetscInt i = xs; i < xs + xm; i++, n++) {
      const PetscReal wave = PetscSinReal(1.1 * (PetscReal)i + 0.7 * (PetscReal)j);

      wetted[n] = PetscMin(PetscMax(0.5 + 0.7 * wave, 0), 1);
      room[n]   = 1.5e-9 * (1 - wetted[n]);
    }
  MUST(NakModelWet(model, wetted, room, NULL));
}

static void CheckJacobian(NakModelParams params, const Situation *s)
{
  const PetscReal shifts[] = {0, 3, 1e4}, tolerance = 2e-6; /* of a central difference, h = 1e-6 */
  NakModel        model;
  Vec             U, V, product, quotient;
  Mat             J;

  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &V));
  MUST(VecDuplicate(U, &product));
  MUST(VecDuplicate(U, &quotient));
  FillState(model, s, U);
  if (params.grid.nx > 1) Wet(model);
  MUST(NakModelHold(model, s->control));
  MUST(NakModelAssemble(model));
  MUST(NakModelOperator(model, &J));
  for (PetscInt k = 0; k < 6; k++) {
    const PetscReal shift = shifts[k % 3];
    PetscReal       worst;

    FillDirection(model, U, k, V);
    MUST(NakModelLinearise(model, U, shift));
    MUST(MatMult(NakModelMatrix(model, NakModelLevels(model) - 1), V, product));
    Quotient(model, U, V, shift, quotient);
    worst = WorstRow(model, product, quotient);
    MUST(MatMult(J, V, product));
    worst = PetscMax(worst, WorstRow(model, product, quotient));
    if (!(worst < tolerance))
      print_error("%s, shift %g: %g\n", s->name, (double)shift, (double)worst);
    assert_true(worst < tolerance);
  }
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&V));
  MUST(VecDestroy(&product));
  MUST(VecDestroy(&quotient));
  MUST(NakModelDestroy(&model));
}

static PetscInt Ranks(void)
{
  PetscMPIInt size;

  MUST(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  return size;
}

static void JacobianMatchesDifferences(void **unused)
{
  NakModelParams periodic = Params(6, 4), partial = Params(1, 1);

  (void)unused;
  periodic.grid.lateral = NAK_LATERAL_PERIODIC;
  for (int k = 0; k < SITUATIONS; k++) {
    NakModelParams bare = Params(8, 1);

    bare.grid.electrolyte_layers = 0;
    bare.contact.fraction        = 1;
    CheckJacobian(Params(8, 1), &situations[k]);
    CheckJacobian(Params(6, 4), &situations[k]);
    CheckJacobian(periodic, &situations[k]);
    CheckJacobian(bare, &situations[k]);
    if (Ranks() > 1) continue;
    CheckJacobian(Params(1, 1), &situations[k]);
    partial.contact.fraction = 0.4;
    CheckJacobian(partial, &situations[k]);
  }
}

/* In a state of equilibrium nothing moves. */
static void PristineCellIsAtRest(void **unused)
{
  NakModelParams params = Params(4, 3);
  NakModel       model;
  NakRecord      record = {0};
  Vec            U, zero, F;
  PetscReal      norm;

  (void)unused;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &zero));
  MUST(VecDuplicate(U, &F));
  MUST(VecSet(zero, 0));
  MUST(NakModelInitialise(model, U));
  MUST(NakModelHold(model, (NakControl){NAK_HOLD_CURRENT, 0}));
  MUST(NakModelResidual(model, U, zero, F));
  MUST(VecNorm(F, NORM_INFINITY, &norm));
  assert_true(norm < 1e-9);
  MUST(NakModelMeasure(model, U, &record, NULL));
  assert_true(PetscAbsReal(record.voltage - 1.547e-3) <
              2e-6); /* OCV of x = 0.6297, docs/model.md */
  assert_true(PetscAbsReal(record.u_face_min - 1) < 1e-12);
  assert_true(PetscAbsReal(record.contact_fraction - 0.5) < 1e-12);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&zero));
  MUST(VecDestroy(&F));
  MUST(NakModelDestroy(&model));
}

/* Shares as near to the wanted ones as whole columns, or whole rings of them, can come: by hand. */
static const struct {
  NakContactShape shape;
  PetscInt        nx, ny;
  PetscReal       fraction, share;
} patterns[] = {
  {NAK_CONTACT_STRIP, 20, 1,  0.25, 0.25      },
  {NAK_CONTACT_STRIP, 20, 3,  0.75, 0.75      },
  {NAK_CONTACT_STRIP, 21, 1,  0.5,  11.0 / 21 },
  {NAK_CONTACT_DISC,  12, 12, 0.4,  60.0 / 144},
  {NAK_CONTACT_DISC,  9,  9,  0.1,  9.0 / 81  }
};

/* On one rank: a disc is the same seen from any side. */
static void CheckDisc(NakModel model, Vec U, PetscInt n)
{
  PetscReal *contact;
  PetscInt   field = 0;
  NakFrame   frame;

  MUST(NakModelFrame(model, U, &frame));
  while (strcmp(frame.fields[field].name, "contact") != 0) field++;
  MUST(PetscMalloc1(n * n, &contact));
  MUST(frame.fill(frame.ctx, field, contact));
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < n; i++) {
      assert_true(contact[j * n + i] == contact[j * n + n - 1 - i]);
      assert_true(contact[j * n + i] == contact[i * n + j]);
    }
  MUST(PetscFree(contact));
}

static void ContactHasItsShare(void **unused)
{
  (void)unused;
  for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++) {
    NakModelParams params = Params(patterns[k].nx, patterns[k].ny);
    NakRecord      record = {0};
    NakModel       model;
    Vec            U;

    params.contact.shape    = patterns[k].shape;
    params.contact.fraction = patterns[k].fraction;
    MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
    MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
    MUST(NakModelInitialise(model, U));
    MUST(NakModelMeasure(model, U, &record, NULL));
    assert_true(PetscAbsReal(record.contact_fraction - patterns[k].share) < 1e-12);
    if (patterns[k].shape == NAK_CONTACT_DISC && Ranks() == 1) CheckDisc(model, U, patterns[k].nx);
    MUST(VecDestroy(&U));
    MUST(NakModelDestroy(&model));
  }
}

/* The interpolation keeps a constant, a straight slope inside, and the average of a coarse field. */
static void CheckTransfer(NakModelParams params)
{
  NakModel model;

  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  assert_true(NakModelLevels(model) >= 2);
  for (PetscInt k = 1; k < NakModelLevels(model); k++) {
    Mat       P, R;
    Vec       coarse, fine, back;
    PetscReal error;

    MUST(NakModelTransfer(model, k, &P, &R));
    MUST(MatCreateVecs(P, &coarse, &fine));
    MUST(VecDuplicate(coarse, &back));
    MUST(VecSet(coarse, 2.5));
    MUST(MatMult(P, coarse, fine));
    MUST(VecShift(fine, -2.5));
    MUST(VecNorm(fine, NORM_INFINITY, &error));
    assert_true(error < 1e-14);
    MUST(VecSet(fine, 2.5));
    MUST(MatMult(R, fine, back));
    MUST(VecAXPY(back, -1, coarse));
    MUST(VecNorm(back, NORM_INFINITY, &error));
    assert_true(error < 1e-14);
    MUST(VecDestroy(&coarse));
    MUST(VecDestroy(&fine));
    MUST(VecDestroy(&back));
  }
  MUST(NakModelDestroy(&model));
}

static void TransferKeepsConstants(void **unused)
{
  NakModelParams periodic = Params(9, 5);

  (void)unused;
  periodic.grid.lateral = NAK_LATERAL_PERIODIC;
  CheckTransfer(Params(8, 4));
  CheckTransfer(Params(9, 5));
  CheckTransfer(periodic);
}

/* Solve with one matrix and its preconditioner to rounding; the iterations it takes. */
static PetscInt Solve(Mat A, PetscErrorCode (*precondition)(NakModel, PC), NakModel model, Vec b,
                      Vec x)
{
  PetscInt iterations;
  KSP      ksp;
  PC       pc;

  MUST(KSPCreate(PETSC_COMM_WORLD, &ksp));
  MUST(KSPSetOperators(ksp, A, A));
  MUST(KSPSetTolerances(ksp, 1e-12, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  MUST(KSPSetErrorIfNotConverged(ksp, PETSC_TRUE));
  MUST(KSPGetPC(ksp, &pc));
  MUST(precondition(model, pc));
  MUST(KSPSolve(ksp, b, x));
  MUST(KSPGetIterationNumber(ksp, &iterations));
  MUST(KSPDestroy(&ksp));
  return iterations;
}

static PetscErrorCode SolveInside(NakModel model, PC pc)
{
  KSP inner;

  return NakModelSolver(model, 1e-12, pc, &inner);
}

/* Solutions of one matrix that nearly span each other, as those of the stages of a step do: each as good
   as if it were alone. */
static void CheckStages(NakModel model, Mat A, Vec U)
{
  KSP ksp, inner;
  PC  pc;
  Vec b, x, r;

  MUST(VecDuplicate(U, &b));
  MUST(VecDuplicate(U, &x));
  MUST(VecDuplicate(U, &r));
  MUST(KSPCreate(PETSC_COMM_WORLD, &ksp));
  MUST(KSPSetOperators(ksp, A, A));
  MUST(KSPSetType(ksp, KSPPREONLY));
  MUST(KSPSetErrorIfNotConverged(ksp, PETSC_TRUE));
  MUST(KSPGetPC(ksp, &pc));
  MUST(NakModelSolver(model, 1e-12, pc, &inner));
  for (PetscInt k = 0; k < 6 && inner != NULL; k++) {
    PetscReal size, left;

    FillDirection(model, U, 3, r);
    FillDirection(model, U, 2, b);
    MUST(VecAXPY(b, k % 2 == 0 ? 1e-3 * (PetscReal)k : -1e-6, r));
    MUST(KSPSolve(ksp, b, x));
    MUST(PCApply(pc, b, r));
    MUST(VecNorm(x, NORM_INFINITY, &size));
    MUST(VecAXPY(r, -1, x));
    MUST(VecNorm(r, NORM_INFINITY, &left));
    assert_true(left <= 1e-9 * size);
    MUST(MatMult(A, x, r));
    MUST(VecAXPY(r, -1, b));
    MUST(VecNorm(b, NORM_INFINITY, &size));
    MUST(VecNorm(r, NORM_INFINITY, &left));
    if (!(left < 1e-9 * size)) print_error("stage %d: %g\n", (int)k, (double)(left / size));
    assert_true(left < 1e-9 * size);
  }
  MUST(KSPDestroy(&ksp));
  MUST(VecDestroy(&b));
  MUST(VecDestroy(&x));
  MUST(VecDestroy(&r));
}

/* Lines without a matrix and ILU(0) with one are two ways to the same solution, and the first needs
   few iterations on any grid, for any number of ranks. */
static void CheckSolvers(NakModelParams params, const Situation *s, PetscReal shift, PetscInt most)
{
  PetscReal error, size;
  NakModel  model;
  PetscInt  iterations;
  Mat       A;
  Vec       U, b, x, y;

  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &b));
  MUST(VecDuplicate(U, &x));
  MUST(VecDuplicate(U, &y));
  FillState(model, s, U);
  FillDirection(model, U, 2, b);
  MUST(NakModelHold(model, s->control));
  MUST(NakModelAssemble(model));
  MUST(NakModelOperator(model, &A));
  MUST(
    NakModelLinearise(model, U, shift)); /* before the preconditioner is there, which must notice */
  iterations = Solve(A, NakModelPreconditioner, model, b, x);
  (void)Solve(NakModelMatrix(model, NakModelLevels(model) - 1), NakModelAssembledPreconditioner,
              model, b, y);
  MUST(VecNorm(y, NORM_INFINITY, &size));
  MUST(VecAXPY(x, -1, y));
  MUST(VecNorm(x, NORM_INFINITY, &error));
  if (!(error < 1e-8 * size) || iterations > most)
    print_error("%s on %d x %d, shift %g: %d iterations, error %g\n", s->name, (int)params.grid.nx,
                (int)params.grid.ny, (double)shift, (int)iterations, (double)(error / size));
  assert_true(error < 1e-8 * size);
  assert_true(iterations <= most);
  assert_true(Solve(A, SolveInside, model, b, x) <= most);
  MUST(VecAXPY(x, -1, y));
  MUST(VecNorm(x, NORM_INFINITY, &error));
  if (!(error < 1e-8 * size)) print_error("inside: error %g\n", (double)(error / size));
  assert_true(error < 1e-8 * size);
  CheckStages(model, A, U);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&b));
  MUST(VecDestroy(&x));
  MUST(VecDestroy(&y));
  MUST(NakModelDestroy(&model));
}

static void SolversAgree(void **unused)
{
  const PetscInt sizes[][2] = {
    {4,  3 },
    {8,  1 },
    {1,  9 },
    {3,  3 },
    {17, 6 },
    {32, 32},
    {33, 31}
  };
  const PetscReal shifts[] = {0.1, 1e3};

  (void)unused;
  for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    for (int k = 0; k < 4; k++) {
      NakModelParams params = Params(sizes[n][0], sizes[n][1]);

      params.contact.fraction = 0.5;
      params.grid.lateral     = k / 2 == 0 ? NAK_LATERAL_SYMMETRIC : NAK_LATERAL_PERIODIC;
      CheckSolvers(params, &situations[1], shifts[k % 2], 14);
      CheckSolvers(params, &situations[4], shifts[k % 2], 14);
    }
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(PristineCellIsAtRest), cmocka_unit_test(TransferKeepsConstants),
    cmocka_unit_test(JacobianMatchesDifferences), cmocka_unit_test(SolversAgree),
    cmocka_unit_test(ContactHasItsShare)};
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) != 0) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() != 0 || failed != 0;
}
