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

/* Whether a part of a grid lies within another. */
static PetscBool IsWithin(const NakBox *part, const NakBox *whole)
{
  return (PetscBool)(part->xs >= whole->xs && part->xs + part->xm <= whole->xs + whole->xm &&
                     part->ys >= whole->ys && part->ys + part->ym <= whole->ys + whole->ym);
}

/* Groups of `group` ranks: each has all columns of its ranks, in their order, and each rank is in a
   communicator that shares the whole grid. */
static void CheckGroups(NakState shared, const PetscInt ranks[2], const PetscInt group[2])
{
  const NakGrid *g = NakStateGrid(shared);
  NakState       regrouped;
  NakGroup       put;
  NakBox         own, whole;
  PetscMPIInt    others;
  PetscInt       parts[2], cells, columns = 0;

  MUST(NakStateRegroup(shared, group, &regrouped));
  MUST(NakStateRanks(regrouped, parts));
  for (int d = 0; d < 2; d++) assert_int_equal(parts[d] * group[d], ranks[d]);
  MUST(MPI_Comm_size(PetscObjectComm((PetscObject)NakStateDM(regrouped)), &others));
  assert_int_equal(others, parts[0] * parts[1]);
  MUST(NakStateBox(shared, &own));
  MUST(NakStateBox(regrouped, &whole));
  assert_true(IsWithin(&own, &whole));
  cells = whole.xm * whole.ym;
  MUST(MPI_Allreduce(MPI_IN_PLACE, &cells, 1, MPIU_INT, MPI_SUM,
                     PetscObjectComm((PetscObject)NakStateDM(regrouped))));
  assert_int_equal(cells, g->nx * g->ny);
  MUST(NakGroupCreate(shared, regrouped, 1, &put));
  assert_int_equal(put.n, group[0] * group[1]);
  for (PetscMPIInt r = 0; r < put.n; r++) {
    assert_true(IsWithin(&put.part[r], &whole));
    assert_int_equal(put.offset[r], columns);
    assert_int_equal(put.count[r], put.part[r].xm * put.part[r].ym);
    columns += put.count[r];
  }
  assert_int_equal(columns, whole.xm * whole.ym);
  MUST(NakGroupDestroy(&put));
  MUST_DESTROY(NakStateDestroy, regrouped);
}

/* Every way to put ranks together. */
static void GroupsHaveTheirColumns(void **unused)
{
  static const PetscInt shapes[][2] = {
    {64, 16},
    {16, 64},
    {30, 30}
  };

  (void)unused;
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
    Case     c;
    PetscInt ranks[2], group[2];

    Create((Shape){shapes[k][0], shapes[k][1], NAK_LATERAL_SYMMETRIC}, &c);
    MUST(NakStateRanks(c.state, ranks));
    for (group[0] = 1; group[0] <= ranks[0]; group[0]++)
      for (group[1] = 1; group[1] <= ranks[1]; group[1]++)
        if (ranks[0] % group[0] == 0 && ranks[1] % group[1] == 0)
          CheckGroups(c.state, ranks, group);
    Destroy(&c);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(GroupsHaveTheirColumns),
  cmocka_unit_test(InOneStage),
  cmocka_unit_test(InManyStages),
};

NAK_TEST_MAIN(tests)
