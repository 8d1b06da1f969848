/* The multigrid on many ranks, where groups of them put their columns together in stages, against
   that of one rank. Run on 1 to 16 ranks, and on more by hand. */
#include "columns_fixture.h"
#include "multigrid.h"

/* Whether all ranks of a group have the same. */
static PetscBool AreCopies(const NakGroup *group, const PetscReal values[], PetscMPIInt n)
{
  PetscReal *low, *high;
  PetscBool  same = PETSC_TRUE;

  MUST(PetscMalloc2(n, &low, n, &high));
  MUST(MPI_Allreduce(values, low, n, MPIU_REAL, MPI_MIN, group->comm));
  MUST(MPI_Allreduce(values, high, n, MPIU_REAL, MPI_MAX, group->comm));
  for (PetscMPIInt k = 0; k < n; k++) same = (PetscBool)(same && low[k] == high[k]);
  MUST(PetscFree2(low, high));
  return same;
}

typedef struct {
  PetscInt  iterations, stages;
  PetscBool twice; /* whether the finest grid is there twice */
} Effort;

/* Solve, then one cycle from 0 into x. */
static Effort CycleAndSolve(Case *c)
{
  Effort       e;
  KSP          ksp, none;
  PC           pc;
  NakMultigrid mg;

  MUST(NakColumnsLinearise(c->columns, c->U, 0.1));
  ksp = CreateSolver(c, LINES, &none);
  Fill(c, 3, c->b);
  e.iterations = Solve(c, ksp, 1e-10);
  MUST(KSPGetPC(ksp, &pc));
  MUST(PCApply(pc, c->b, c->x));
  MUST(PCShellGetContext(pc, &mg));
  e.stages = mg->n_stages;
  e.twice  = (PetscBool)(mg->n > 1 && mg->level[mg->n - 1] == mg->level[mg->n - 2]);
  for (PetscInt k = 1; k < mg->n; k++)
    if (mg->below[k] != NULL)
      assert_true(
        AreCopies(&mg->below[k]->group, mg->lines[k - 1].t, (PetscMPIInt)mg->lines[k - 1].length));
  MUST(KSPDestroy(&ksp));
  return e;
}

/* Largest difference from what one rank has, over its largest value. */
static PetscReal Differs(const Case *c, const Case *one)
{
  const PetscReal *x, *y;
  PetscReal        worst = 0, size;
  PetscInt         n     = 0;

  MUST(VecNorm(one->x, NORM_INFINITY, &size));
  MUST(VecGetArrayRead(c->x, &x));
  MUST(VecGetArrayRead(one->x, &y));
  for (PetscInt j = c->box.ys; j < c->box.ys + c->box.ym; j++)
    for (PetscInt i = c->box.xs; i < c->box.xs + c->box.xm; i++)
      for (PetscInt k = 0; k < SIZE; k++, n++)
        worst = PetscMax(
          worst,
          PetscAbsReal(x[n] - y[((ptrdiff_t)j * NakStateGrid(c->state)->nx + i) * SIZE + k]));
  MUST(VecRestoreArrayRead(one->x, &y));
  MUST(VecRestoreArrayRead(c->x, &x));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  return worst / size;
}

static const PetscInt many[][2] = {
  {64, 1 },
  {45, 1 },
  {16, 16},
  {30, 45},
  {64, 16},
  {45, 64}
};

/* A cycle of many ranks is that of one, and so are the iterations.  Where a rank has single columns
   in a direction of the finest grid, that is there twice, and the cycle is a better one. */
static Effort CheckShape(Shape shape)
{
  Case   c, one;
  Effort e, of_one;

  CreateOn(PETSC_COMM_SELF, shape, &one);
  Create(shape, &c);
  of_one = CycleAndSolve(&one);
  e      = CycleAndSolve(&c);
  if (e.twice) {
    assert_true(e.iterations <= of_one.iterations);
  } else {
    assert_int_equal(e.iterations, of_one.iterations);
    AssertNear("cycle", Differs(&c, &one), 0, 1e-12);
  }
  Destroy(&c);
  Destroy(&one);
  return e;
}

static PetscInt MostStages(const char *whole)
{
  PetscInt most = 0;

  MUST(PetscOptionsSetValue(NULL, "-columns_whole", whole));
  for (size_t n = 0; n < 2 * sizeof many / sizeof *many; n++) {
    const Shape    shape  = {many[n / 2][0], many[n / 2][1],
                         n % 2 == 0 ? NAK_LATERAL_SYMMETRIC : NAK_LATERAL_PERIODIC};
    const PetscInt stages = shape.nx * shape.ny >= Ranks() ? CheckShape(shape).stages : 0;

    most = PetscMax(most, stages);
  }
  MUST(PetscOptionsClearValue(NULL, "-columns_whole"));
  return most;
}

/* All columns put together at once. */
static void InOneStage(void **unused)
{
  (void)unused;
  assert_int_equal(MostStages("65536"), Ranks() == 1 ? 1 : 2);
}

/* In as many stages as there can be: in 2D one more for each factor of the ranks. */
static void InManyStages(void **unused)
{
  PetscInt stages = 1;

  (void)unused;
  for (PetscInt ranks = Ranks(), factor = 2; ranks > 1;) {
    if (ranks % factor == 0) {
      stages++;
      ranks /= factor;
    } else {
      factor++;
    }
  }
  assert_int_equal(MostStages("1"), stages);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(InOneStage),
  cmocka_unit_test(InManyStages),
};

NAK_TEST_MAIN(tests)
