/* Columns with a physics that is no cell: the operator against a dense product, its solvers against known
   solutions, conservation, transfer, neighbours.  Run on 1, 2 and 3 ranks. */
#include "columns_impl.h"

#include "nak_test.h"

/* ---- The physics: A + C <-> B in a stack of uneven layers ----

   A and B move, between layers and between columns, B by a potential that is no multiple of it.  C stays.  The
   rate of the reaction differs from column to column.  A + B is conserved. */
enum { A, B, C, SPECIES, LAYERS = 5, SIZE = SPECIES * LAYERS };

static const PetscReal height[LAYERS] = {1e-7, 3e-7, 1e-6, 2e-6, 9e-6};          /* [m] */
static const PetscReal diffusivity_a = 1e-11, diffusivity_b = 4e-12, back = 0.3; /* [m2/s], [1/s] */

typedef struct {
  PetscReal *rate; /* of each owned column [1/s] */
} Stack;

static PetscReal SlopeAt(PetscInt species, PetscReal u)
{
  if (species == C) return 0;
  return species == A ? diffusivity_a : diffusivity_b * (1 + u);
}

static void Slopes(const void *ctx, const PetscReal u[], PetscReal slope[])
{
  (void)ctx;
  for (PetscInt j = 0; j < SIZE; j++) slope[j] = SlopeAt(j % SPECIES, u[j]);
}

static void Jacobian(const void *ctx, PetscInt column, const PetscReal u[], const PetscReal slope[],
                     PetscReal shift, NakEntries *e)
{
  const PetscReal k      = ((const Stack *)ctx)->rate[column];
  const PetscReal gain[] = {-1, 1, -1};

  for (PetscInt z = 0; z < LAYERS; z++) {
    const PetscInt  at     = SPECIES * z;
    const PetscReal rate[] = {k * u[at + C], -back, k * u[at + A]}; /* its derivatives */

    for (PetscInt row = 0; row < SPECIES; row++) {
      NakPut(e, at + row, at + row, shift);
      for (PetscInt col = 0; col < SPECIES; col++)
        NakPut(e, at + row, at + col, -gain[row] * rate[col]);
    }
    for (PetscInt j = at + A; j <= at + B && z + 1 < LAYERS; j++) {
      const PetscReal g = 2 / (height[z] + height[z + 1]);

      NakPutFlux(e, j, j + SPECIES, height[z], height[z + 1], -g * slope[j],
                 g * slope[j + SPECIES]);
    }
  }
}

static PetscBool Uniform(const void *ctx, PetscInt row, PetscInt col)
{
  (void)ctx;
  return (PetscBool)(PetscAbsInt(row - col) == SPECIES && row % SPECIES != C);
}

static PetscReal Conserved(const void *ctx, PetscInt which, PetscInt column, const PetscReal row[])
{
  PetscReal sum = 0;

  (void)ctx, (void)which, (void)column;
  for (PetscInt z = 0; z < LAYERS; z++)
    sum += height[z] * (row[SPECIES * z + A] + row[SPECIES * z + B]);
  return sum;
}

static PetscReal Capacity(const void *ctx, PetscInt which, PetscReal shift)
{
  (void)ctx, (void)which;
  return shift * height[LAYERS - 1];
}

/* ---- Columns of it ---- */

typedef struct {
  PetscInt   nx, ny;
  NakLateral lateral;
} Shape;

typedef struct {
  NakState   state;
  NakBox     box;
  Stack      stack;
  NakColumns columns;
  Vec        U, V, b, x; /* state; a solution, with its right-hand side; work */
} Case;

/* Smooth and positive in every column, whoever has it; a different one for each seed. */
static PetscReal Wave(PetscInt seed, PetscInt i, PetscInt j, PetscInt k)
{
  return 0.5 + 0.4 * PetscSinReal((PetscReal)(seed + 1) *
                                  (0.7 * (PetscReal)k + 1.3 * (PetscReal)i + 2.1 * (PetscReal)j));
}

static PetscReal Rate(PetscInt i, PetscInt j)
{
  return 5 * Wave(7, i, j, 0);
}

static void Fill(const Case *c, PetscInt seed, Vec V)
{
  PetscInt   n = 0;
  PetscReal *v;

  MUST(VecGetArray(V, &v));
  for (PetscInt j = c->box.ys; j < c->box.ys + c->box.ym; j++)
    for (PetscInt i = c->box.xs; i < c->box.xs + c->box.xm; i++)
      for (PetscInt k = 0; k < SIZE; k++) v[n++] = Wave(seed, i, j, k);
  MUST(VecRestoreArray(V, &v));
}

enum { STATE = 0, SOLUTION = 2 }; /* seeds */

static void Create(Shape shape, Case *c)
{
  const NakGridParams grid    = {.nx                 = shape.nx,
                                 .ny                 = shape.ny,
                                 .width              = 2e-6 * (PetscReal)shape.nx,
                                 .alloy_height       = 1e-6,
                                 .electrolyte_layers = 1,
                                 .interphase_layers  = 2,
                                 .alloy_layers       = 3, /* which with all else make SIZE unknowns */
                                 .lateral            = shape.lateral};
  NakColumnPhysics    physics = {.ctx          = &c->stack,
                                 .most_entries = LAYERS * SPECIES * (1 + SPECIES) + 8 * LAYERS,
                                 .slopes       = Slopes,
                                 .jacobian     = Jacobian,
                                 .uniform      = Uniform,
                                 .n_conserved  = 1,
                                 .conserved    = Conserved,
                                 .capacity     = Capacity,
                                 .keeper       = {SPECIES * (LAYERS - 1) + A}};

  MUST(NakStateCreate(PETSC_COMM_WORLD, &grid, 1e-6, 1e-6, 1e-3, &c->state));
  assert_int_equal(NakStateLayout(c->state)->size, SIZE);
  MUST(NakStateBox(c->state, &c->box));
  MUST(PetscMalloc1(c->box.xm * c->box.ym, &c->stack.rate));
  for (PetscInt n = 0; n < c->box.xm * c->box.ym; n++)
    c->stack.rate[n] = Rate(c->box.xs + n % c->box.xm, c->box.ys + n / c->box.xm);
  MUST(NakColumnsCreate(c->state, &physics, &c->columns));
  MUST(DMCreateGlobalVector(NakStateDM(c->state), &c->U));
  MUST(VecDuplicate(c->U, &c->V));
  MUST(VecDuplicate(c->U, &c->b));
  MUST(VecDuplicate(c->U, &c->x));
  Fill(c, STATE, c->U);
  Fill(c, SOLUTION, c->V);
}

static void Destroy(Case *c)
{
  MUST(VecDestroy(&c->U));
  MUST(VecDestroy(&c->V));
  MUST(VecDestroy(&c->b));
  MUST(VecDestroy(&c->x));
  MUST_DESTROY(NakColumnsDestroy, c->columns);
  MUST(PetscFree(c->stack.rate));
  MUST_DESTROY(NakStateDestroy, c->state);
}

/* y = A v of column (i, j), worked out here: a dense matrix of the column, and the exchange with every
   neighbour. */
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

static Mat Finest(const Case *c)
{
  return NakColumnsMatrix(c->columns, NakColumnsLevels(c->columns) - 1);
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

  Create(shape, &c);
  MUST(NakColumnsAssemble(c.columns));
  for (int k = 0; k < 2; k++) {
    MUST(NakColumnsLinearise(c.columns, c.U, shifts[k]));
    DenseProduct(&c, shifts[k]);
    MUST(MatMult(NakColumnsOperator(c.columns), c.V, c.x));
    assert_true(Error(c.x, c.b) < rounding);
    MUST(MatMult(Finest(&c), c.V, c.x));
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

/* The interpolation keeps a constant, and so does the average. */
static void TransferKeepsConstants(void **unused)
{
  const PetscReal value = 2.5;

  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    Case c;

    Create(Grid(n), &c);
    assert_true(NakColumnsLevels(c.columns) >= 2);
    for (PetscInt k = 1; k < NakColumnsLevels(c.columns); k++) {
      Mat P, R;
      Vec coarse, fine, x;

      MUST(NakColumnsTransfer(c.columns, k, &P, &R));
      MUST(MatCreateVecs(P, &coarse, &fine));
      MUST(VecSet(coarse, value));
      MUST(VecSet(fine, value));
      MUST(VecDuplicate(fine, &x));
      MUST(MatMult(P, coarse, x));
      assert_true(Error(x, fine) < 1e-14);
      MUST(VecDestroy(&x));
      MUST(VecDuplicate(coarse, &x));
      MUST(MatMult(R, fine, x));
      assert_true(Error(x, coarse) < 1e-14);
      MUST(VecDestroy(&x));
      MUST(VecDestroy(&coarse));
      MUST(VecDestroy(&fine));
    }
    Destroy(&c);
  }
}

static const PetscInt halves[][2] = {
  {8,  4},
  {9,  5},
  {12, 7},
  {2,  1}
};

/* Interpolation takes the places of coarse centres to those of fine ones: around a ring all of them, else
   those between the outermost, whose values hold beyond them. */
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

/* A coarse cell is the mean of what it overlaps: shares of fine cells in it add up to 1, and a fine cell is given
   away whole. */
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

/* Solve A x = b to rounding; the iterations that it takes. */
static PetscInt Solve(const Case *c, KSP ksp, PetscReal tolerance)
{
  PetscInt iterations;

  MUST(KSPSetTolerances(ksp, tolerance, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  MUST(KSPSetErrorIfNotConverged(ksp, PETSC_TRUE));
  MUST(KSPSolve(ksp, c->b, c->x));
  MUST(KSPGetIterationNumber(ksp, &iterations));
  return iterations;
}

/* Solvers of one case: by lines, of every other column, by a matrix; `inner` of the second. */
enum { LINES, REDUCED, MATRIX, SOLVERS };

static KSP CreateSolver(const Case *c, int which, KSP *inner)
{
  Mat M = which == MATRIX ? Finest(c) : NakColumnsOperator(c->columns);
  KSP ksp;
  PC  pc;

  *inner = NULL;
  MUST(KSPCreate(PETSC_COMM_WORLD, &ksp));
  MUST(KSPSetOperators(ksp, M, M));
  MUST(KSPGetPC(ksp, &pc));
  if (which == LINES) MUST(NakColumnsPreconditioner(c->columns, pc));
  if (which == REDUCED) MUST(NakColumnsSolver(c->columns, 1e-12, pc, inner));
  if (which == MATRIX) MUST(NakColumnsAssembledPreconditioner(c->columns, pc));
  MUST(KSPSetType(ksp, *inner != NULL ? KSPPREONLY : KSPGMRES));
  return ksp;
}

/* Every solver finds the solution whose dense product was the right-hand side, on any grid, and the multigrid
   in few iterations; each follows a new linearisation.  Errors are the tolerance of the residual times what the
   matrix makes of it. */
static void SolversFindTheSolution(void **unused)
{
  const PetscInt most = 14;

  (void)unused;
  for (PetscInt n = 0; n < GRIDS; n++) {
    const Shape shape = Grid(n);
    Case        c;
    KSP         ksp[SOLVERS], inner[SOLVERS];

    Create(shape, &c);
    MUST(NakColumnsAssemble(c.columns));
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
        if (!(error < 1e-8) || (s != MATRIX && iterations > most))
          fail_msg("solver %d on %d x %d, shift %g: %d iterations, error %g", s, (int)shape.nx,
                   (int)shape.ny, (double)shifts[k], (int)iterations, (double)error);
      }
    }
    for (int s = 0; s < SOLVERS; s++) MUST(KSPDestroy(&ksp[s]));
    Destroy(&c);
  }
}

/* Right-hand sides of one matrix that nearly span each other, as those of the stages of a step do: each solution
   is as good as if it were alone. */
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
  cmocka_unit_test(ProductsAreDense),       cmocka_unit_test(NeighboursAreBeside),
  cmocka_unit_test(TransferKeepsConstants), cmocka_unit_test(InterpolationKeepsPlaces),
  cmocka_unit_test(OverlapsAreShares),      cmocka_unit_test(SolversFindTheSolution),
  cmocka_unit_test(StagesAreSolvedAlike),   cmocka_unit_test(SolutionsConserve),
};

NAK_TEST_MAIN(tests)
