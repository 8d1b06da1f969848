/* Columns with a physics that is no cell: the operator against a dense product, its solvers against
   known solutions, conservation, transfer, neighbours. */
#include "columns_fixture.h"

/* y = A v of column (i, j), worked out here: a dense matrix of the column, and the exchange with
   every neighbour. */
static void DenseColumn(const Case *c, PetscInt column, PetscInt i, PetscInt j, PetscReal shift,
                        PetscReal y[])
{
  const NakGrid  *g    = NakStateGrid(c->state);
  const PetscInt  di[] = {-1, 1, 0, 0}, dj[] = {0, 0, -1, 1};
  const PetscBool closed = (PetscBool)(g->lateral != NAK_LATERAL_PERIODIC);
  PetscInt        row[LAYERS * 20], col[LAYERS * 20];
  PetscReal       value[LAYERS * 20], dense[SIZE][SIZE] = {{0}}, u[SIZE], slope[SIZE];
  NakEntries      e = {.row = row, .col = col, .value = value};

  for (PetscInt k = 0; k < SIZE; k++) u[k] = Wave(STATE, i, j, k);
  Slopes(&c->stack, u, slope);
  Jacobian(&c->stack, column, u, slope, shift, &e);
  for (PetscInt k = 0; k < e.n; k++) dense[row[k]][col[k]] += value[k];
  for (PetscInt r = 0; r < SIZE; r++) {
    y[r] = 0;
    for (PetscInt k = 0; k < SIZE; k++) y[r] += dense[r][k] * Wave(SOLUTION, i, j, k);
  }
  for (int s = 0; s < 4; s++) {
    const PetscInt  x = (i + di[s] + g->nx) % g->nx, z = (j + dj[s] + g->ny) % g->ny;
    const PetscReal d = di[s] != 0 ? g->dx : g->dy;

    if ((di[s] != 0 ? g->nx : g->ny) == 1) continue;
    if (closed && (x != i + di[s] || z != j + dj[s])) continue;
    for (PetscInt k = 0; k < SIZE; k++)
      y[k] += (slope[k] * Wave(SOLUTION, i, j, k) -
               SlopeAt(k % SPECIES, Wave(STATE, x, z, k)) * Wave(SOLUTION, x, z, k)) /
              (d * d);
  }
}

/* b = A V */
static void DenseProduct(Case *c, PetscReal shift)
{
  PetscReal *b;

  MUST(VecGetArray(c->b, &b));
  for (PetscInt n = 0; n < c->box.xm * c->box.ym; n++)
    DenseColumn(c, n, c->box.xs + n % c->box.xm, c->box.ys + n / c->box.xm, shift,
                b + (ptrdiff_t)n * SIZE);
  MUST(VecRestoreArray(c->b, &b));
}

/* |x - y| over |y|, in the greatest entry; x is lost. */
static PetscReal Error(Vec x, Vec y)
{
  PetscReal error, size;

  MUST(VecNorm(y, NORM_INFINITY, &size));
  MUST(VecAXPY(x, -1, y));
  MUST(VecNorm(x, NORM_INFINITY, &error));
  return error / size;
}

/* Grids with one column a rank at least; an odd number that is periodic has a seam. */
static const PetscInt sizes[][2] = {
  {4,  3 },
  {8,  1 },
  {1,  9 },
  {3,  3 },
  {2,  4 },
  {17, 6 },
  {32, 32},
  {33, 31}
};

enum { GRIDS = 2 * sizeof sizes / sizeof *sizes };

static Shape Grid(PetscInt n)
{
  return (Shape){.nx      = sizes[n / 2][0],
                 .ny      = sizes[n / 2][1],
                 .lateral = n % 2 == 0 ? NAK_LATERAL_SYMMETRIC : NAK_LATERAL_PERIODIC};
}

/* ---- Tests ---- */

static const PetscReal shifts[] = {1e3, 0.1};

static void CheckProducts(Shape shape)
{
  const PetscReal rounding = 1e-13; /* some ten operations a product, of like size */
  Case            c;
  Mat             matrix;

  Create(shape, &c);
  for (int k = 0; k < 2; k++) {
    MUST(NakColumnsLinearise(c.columns, c.U, shifts[k]));
    DenseProduct(&c, shifts[k]);
    MUST(MatMult(NakColumnsOperator(c.columns), c.V, c.x));
    assert_true(Error(c.x, c.b) < rounding);
    MUST(NakColumnsMatrix(c.columns, &matrix));
    MUST(MatMult(matrix, c.V, c.x));
    assert_true(Error(c.x, c.b) < rounding);
  }
  Destroy(&c);
}

static void ProductsAreDense(void **unused)
{
  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) CheckProducts(Grid(n));
  if (Ranks() == 1) CheckProducts((Shape){1, 1, NAK_LATERAL_SYMMETRIC});
}

static void NeighboursAreBeside(void **unused)
{
  const PetscInt di[] = {-1, 1, 0, 0}, dj[] = {0, 0, -1, 1};

  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    const Shape          shape = Grid(n);
    const NakNeighbours *near;
    const PetscReal     *u, *ghosts;
    Case                 c;

    Create(shape, &c);
    near = NakColumnsNeighbours(c.columns);
    MUST(VecGetArrayRead(c.U, &u));
    MUST(NakColumnsGhosts(c.columns, u, &ghosts));
    for (PetscInt k = 0; k < near->owned; k++)
      for (int s = 0; s < NAK_BESIDE; s++) {
        const PetscInt  at = near->beside[k][s];
        const PetscInt  i = c.box.xs + k % c.box.xm + di[s], j = c.box.ys + k / c.box.xm + dj[s];
        const PetscInt  x = (i + shape.nx) % shape.nx, y = (j + shape.ny) % shape.ny;
        const PetscBool single = (PetscBool)((di[s] != 0 ? shape.nx : shape.ny) == 1);
        const PetscBool beyond =
          (PetscBool)(shape.lateral == NAK_LATERAL_SYMMETRIC && (x != i || y != j));
        const PetscReal *other = at < near->owned ? u + (ptrdiff_t)at * SIZE
                                                  : ghosts + (ptrdiff_t)(at - near->owned) * SIZE;

        assert_int_equal(at < 0, single || beyond);
        for (PetscInt z = 0; z < SIZE && at >= 0; z++)
          assert_true(other[z] == Wave(STATE, x, y, z));
      }
    MUST(VecRestoreArrayRead(c.U, &u));
    Destroy(&c);
  }
}

/* The average of a constant is the constant, on all grids. */
static void AveragesKeepConstants(void **unused)
{
  const PetscReal value = 2.5;

  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    NakState coarse;
    Case     c;
    Mat      average;
    Vec      of, onto, expected;

    Create(Grid(n), &c);
    MUST(NakStateCoarsen(c.state, &coarse));
    assert_non_null(coarse);
    MUST(NakAverageCreate(c.state, coarse, &average));
    MUST(MatCreateVecs(average, &of, &onto));
    MUST(VecDuplicate(onto, &expected));
    MUST(VecSet(of, value));
    MUST(VecSet(expected, value));
    MUST(MatMult(average, of, onto));
    assert_true(Error(onto, expected) < 1e-14);
    MUST(VecDestroy(&of));
    MUST(VecDestroy(&onto));
    MUST(VecDestroy(&expected));
    MUST(MatDestroy(&average));
    MUST(NakStateDestroy(&coarse));
    Destroy(&c);
  }
}

/* What is added to the diagonals is in the operator and in what preconditions it. */
static void DiagonalsAreAdded(void **unused)
{
  const PetscReal more = 7;

  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    Case c;
    Vec  diagonal;
    KSP  ksp, inner;

    Create(Grid(n), &c);
    MUST(VecDuplicate(c.U, &diagonal));
    MUST(VecSet(diagonal, more));
    MUST(NakColumnsLineariseWith(c.columns, c.U, 0.1, diagonal));
    DenseProduct(&c, 0.1);
    MUST(VecAXPY(c.b, more, c.V));
    MUST(MatMult(NakColumnsOperator(c.columns), c.V, c.x));
    assert_true(Error(c.x, c.b) < 1e-13);
    ksp = CreateSolver(&c, LINES, &inner);
    assert_true(Solve(&c, ksp, 1e-12) <= 14);
    assert_true(Error(c.x, c.V) < 1e-8);
    MUST(KSPDestroy(&ksp));
    MUST(VecDestroy(&diagonal));
    Destroy(&c);
  }
}

/* Of one column the preconditioner is the inverse. */
static void OneColumnIsSolved(void **unused)
{
  Case c;
  KSP  ksp, inner;

  (void)unused;
  if (Ranks() > 1) return;
  Create((Shape){1, 1, NAK_LATERAL_SYMMETRIC}, &c);
  MUST(NakColumnsLinearise(c.columns, c.U, 0.1));
  DenseProduct(&c, 0.1);
  ksp = CreateSolver(&c, LINES, &inner);
  MUST(KSPSetType(ksp, KSPPREONLY));
  MUST(KSPSolve(ksp, c.b, c.x));
  assert_true(Error(c.x, c.V) < 1e-12);
  MUST(KSPDestroy(&ksp));
  Destroy(&c);
}

static const PetscInt halves[][2] = {
  {8,  4},
  {9,  5},
  {12, 7},
  {2,  1}
};

/* Interpolation takes the places of coarse centres to those of fine ones: around a ring all of
   them, else those between the outermost, whose values hold beyond them. */
static void InterpolationKeepsPlaces(void **unused)
{
  (void)unused;
  for (size_t k = 0; k < sizeof halves / sizeof *halves; k++)
    for (int periodic = 0; periodic < 2; periodic++) {
      const PetscInt  n = halves[k][0], coarse = halves[k][1];
      const PetscReal outermost = 0.5 / (PetscReal)coarse;

      if (periodic && coarse == 1) continue;
      for (PetscInt i = 0; i < n; i++) {
        const NakPair   p    = NakInterpolation(i, n, coarse, (PetscBool)periodic);
        const PetscReal here = ((PetscReal)i + 0.5) / (PetscReal)n;
        PetscReal       at   = 0;

        for (int s = 0; s < 2; s++) {
          at += p.weight[s] * ((PetscReal)p.cell[s] + 0.5) / (PetscReal)coarse;
          assert_true(p.weight[s] >= 0 && p.weight[s] <= 1);
        }
        AssertNear("place", at,
                   periodic ? here : PetscMax(PetscMin(here, 1 - outermost), outermost), 1e-14);
        AssertNear("weights", p.weight[0] + p.weight[1], 1, 1e-15);
      }
    }
}

/* A coarse cell is the mean of what it overlaps: shares of fine cells in it add up to 1, and a fine
   cell is given away whole. */
static void OverlapsAreShares(void **unused)
{
  (void)unused;
  for (size_t k = 0; k < sizeof halves / sizeof *halves; k++) {
    const PetscInt n = halves[k][0], coarse = halves[k][1];
    PetscReal      mean[8] = {0};

    for (PetscInt i = 0; i < n; i++) {
      const NakPair p = NakOverlap(i, n, coarse);

      AssertNear("whole", p.weight[0] + p.weight[1], (PetscReal)coarse / (PetscReal)n, 1e-14);
      for (int s = 0; s < 2; s++) mean[p.cell[s]] += p.weight[s];
    }
    for (PetscInt j = 0; j < coarse; j++) AssertNear("shares", mean[j], 1, 1e-14);
  }
}

/* Every solver finds the solution whose dense product was the right-hand side, on any grid, and the
   multigrid in few iterations; each follows a new linearisation.  Errors are the tolerance of the
   residual times what the matrix makes of it. */
static void SolversFindTheSolution(void **unused)
{
  const PetscInt most = 14;

  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    const Shape shape = Grid(n);
    Case        c;
    KSP         ksp[SOLVERS], inner[SOLVERS];

    Create(shape, &c);
    MUST(NakColumnsLinearise(c.columns, c.U, 1)); /* before the multigrid is there */
    for (int s = 0; s < SOLVERS; s++) ksp[s] = CreateSolver(&c, s, &inner[s]);
    assert_int_equal(inner[REDUCED] == NULL,
                     shape.lateral == NAK_LATERAL_PERIODIC &&
                       ((shape.nx > 1 && shape.nx % 2) || (shape.ny > 1 && shape.ny % 2)));
    for (int k = 0; k < 2; k++) {
      MUST(NakColumnsLinearise(c.columns, c.U, shifts[k]));
      DenseProduct(&c, shifts[k]);
      for (int s = 0; s < SOLVERS; s++) {
        PetscInt  iterations = Solve(&c, ksp[s], 1e-12);
        PetscReal error      = Error(c.x, c.V);

        if (inner[s] != NULL) MUST(KSPGetIterationNumber(inner[s], &iterations));
        if (!(error < 1e-8) || iterations > most)
          fail_msg("solver %d on %d x %d, shift %g: %d iterations, error %g", s, (int)shape.nx,
                   (int)shape.ny, (double)shifts[k], (int)iterations, (double)error);
      }
    }
    for (int s = 0; s < SOLVERS; s++) MUST(KSPDestroy(&ksp[s]));
    Destroy(&c);
  }
}

/* Right-hand sides of one matrix that nearly span each other, as those of the stages of a step do:
   each solution is as good as if it were alone. */
static void StagesAreSolvedAlike(void **unused)
{
  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    Case c;
    KSP  ksp, inner;
    Vec  first;

    Create(Grid(n), &c);
    MUST(NakColumnsLinearise(c.columns, c.U, 1));
    ksp = CreateSolver(&c, REDUCED, &inner);
    MUST(VecDuplicate(c.b, &first));
    Fill(&c, 3, first);
    for (PetscInt k = 0; k < 6 && inner != NULL; k++) {
      Fill(&c, 4, c.b);
      MUST(VecAYPX(c.b, k % 2 == 0 ? 1e-3 * (PetscReal)k : -1e-6, first));
      (void)Solve(&c, ksp, PETSC_DEFAULT);
      MUST(MatMult(NakColumnsOperator(c.columns), c.x, c.V));
      assert_true(Error(c.V, c.b) < 1e-9);
    }
    MUST(VecDestroy(&first));
    MUST(KSPDestroy(&ksp));
    Destroy(&c);
  }
}

/* What b - A x holds in sum, over the sum of what b holds. */
static PetscReal Lacking(Case *c)
{
  PetscReal        sum[2] = {0, 0};
  const PetscReal *b, *product;

  MUST(MatMult(NakColumnsOperator(c->columns), c->x, c->V));
  MUST(VecGetArrayRead(c->b, &b));
  MUST(VecGetArrayRead(c->V, &product));
  for (PetscInt n = 0; n < c->box.xm * c->box.ym; n++) {
    const PetscReal in_b = Conserved(&c->stack, 0, n, b + (ptrdiff_t)n * SIZE);

    sum[0] += in_b - Conserved(&c->stack, 0, n, product + (ptrdiff_t)n * SIZE);
    sum[1] += PetscAbsReal(in_b);
  }
  MUST(VecRestoreArrayRead(c->V, &product));
  MUST(VecRestoreArrayRead(c->b, &b));
  MUST(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  return PetscAbsReal(sum[0]) / sum[1];
}

/* A loose solution lacks something, and no longer after the keepers took it up. */
static void SolutionsConserve(void **unused)
{
  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    Case c;
    KSP  ksp, inner;

    Create(Grid(n), &c);
    MUST(NakColumnsLinearise(c.columns, c.U, 1));
    ksp = CreateSolver(&c, LINES, &inner);
    Fill(&c, 3, c.b);
    (void)Solve(&c, ksp, 1e-3);
    assert_true(Lacking(&c) > 1e-9);
    MUST(NakColumnsConserve(c.columns, c.b, c.x));
    assert_true(Lacking(&c) < 1e-12);
    MUST(KSPDestroy(&ksp));
    Destroy(&c);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(ProductsAreDense),      cmocka_unit_test(NeighboursAreBeside),
  cmocka_unit_test(AveragesKeepConstants), cmocka_unit_test(DiagonalsAreAdded),
  cmocka_unit_test(OneColumnIsSolved),     cmocka_unit_test(InterpolationKeepsPlaces),
  cmocka_unit_test(OverlapsAreShares),     cmocka_unit_test(SolversFindTheSolution),
  cmocka_unit_test(StagesAreSolvedAlike),  cmocka_unit_test(SolutionsConserve),
};

NAK_TEST_MAIN(tests)
