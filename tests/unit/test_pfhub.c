/* The FAS engine with the benchmark models: kernels against differences, solves, time, ranks. */

#include <math.h>

#include "checkpoint_fixture.h"
#include "pfhub_fixture.h"

static const NakAllenCahn front = {
  .kappa = 4e-4, .a1 = 0.0075, .b1 = 25, .a2 = 0.03, .b2 = 69, .c2 = 0.2};

/* ---- Kernels on one patch: three lines in y and z, two cells of each colour ---- */

enum { CELLS = 2, LINE = 8, PLANE = 3 * LINE, PATCH = 3 * PLANE };

typedef struct {
  PetscReal u[NAK_FIELDS_MAX][PATCH], other[NAK_FIELDS_MAX][LINE];
  PetscReal rhs[NAK_FIELDS_MAX][CELLS], diagonal[CELLS], frozen[CELLS];
  NakLine   line;
} Patch;

static PetscReal Random(PetscReal low, PetscReal high)
{
  return low + (high - low) * (PetscReal)rand() / (PetscReal)RAND_MAX; // NOLINT: a test's numbers
}

/* Values about the bottom of a well, where it is convex, so that Newton's step is not bounded. */
static void FillPatch(Patch *p, int solid, PetscInt level, PetscReal about)
{
  const PetscReal w[3] = {1.5, 0.75, solid ? 0.5 : 0};

  p->line = (NakLine){.n = CELLS, .y = LINE, .z = solid ? PLANE : 0, .shift = 0.3, .level = level};
  for (int d = 0; d < 3; d++) p->line.weight[d] = w[d];
  for (int f = 0; f < NAK_FIELDS_MAX; f++) {
    for (int i = 0; i < PATCH; i++) p->u[f][i] = about + Random(-0.02, 0.02);
    for (int i = 0; i < LINE; i++) p->other[f][i] = about + Random(-0.02, 0.02);
    for (int i = 0; i < CELLS; i++) p->rhs[f][i] = Random(-0.01, 0.01);
    p->line.u[f]        = p->u[f] + PLANE + LINE;
    p->line.west[f]     = p->other[f];
    p->line.east[f]     = p->other[f] + 1;
    p->line.rhs[f]      = p->rhs[f];
    p->line.diagonal[f] = p->diagonal;
    p->line.frozen[f]   = p->frozen;
  }
  for (int i = 0; i < CELLS; i++) {
    p->diagonal[i] = 2 * (w[0] + w[1] + w[2]);
    p->frozen[i]   = Random(0.2, 1.5);
  }
}

typedef void (*Apply)(const void *ctx, const NakLine *line, PetscReal *const out[]);

static void Image(Apply apply, const void *ctx, const Patch *p, PetscReal out[][CELLS])
{
  PetscReal *outs[NAK_FIELDS_MAX];

  for (int f = 0; f < NAK_FIELDS_MAX; f++) outs[f] = out[f];
  apply(ctx, &p->line, outs);
}

/* The block of cell k times du, from central differences of the operator. */
static void BlockTimes(Apply apply, const void *ctx, Patch *p, PetscInt count, PetscInt k,
                       const PetscReal du[], PetscReal product[])
{
  const PetscReal h = 1e-6;
  PetscReal       up[NAK_FIELDS_MAX][CELLS], down[NAK_FIELDS_MAX][CELLS];

  for (PetscInt r = 0; r < count; r++) product[r] = 0;
  for (PetscInt c = 0; c < count; c++) {
    const PetscReal middle = p->line.u[c][k];

    p->line.u[c][k] = middle + h;
    Image(apply, ctx, p, up);
    p->line.u[c][k] = middle - h;
    Image(apply, ctx, p, down);
    p->line.u[c][k] = middle;
    for (PetscInt r = 0; r < count; r++) product[r] += (up[r][k] - down[r][k]) / (2 * h) * du[c];
  }
}

/* The smoother's change is J^-1 (rhs - operator), with J from differences. */
static void CheckBlock(const NakFieldModel *m, const void *ctx, PetscReal well, int solid,
                       int coarse)
{
  const Apply apply = coarse && m->coarse_apply[solid] ? m->coarse_apply[solid] : m->apply[solid];
  Patch       before, after;
  PetscReal   image[NAK_FIELDS_MAX][CELLS];

  FillPatch(&before, solid, coarse, well);
  Image(apply, ctx, &before, image);
  after = before;
  for (int f = 0; f < NAK_FIELDS_MAX; f++) {
    after.line.u[f]    = after.u[f] + PLANE + LINE;
    after.line.west[f] = after.other[f];
    after.line.east[f] = after.other[f] + 1;
  }
  (coarse && m->coarse_smooth[solid] ? m->coarse_smooth : m->smooth)[solid](ctx, &after.line);
  for (PetscInt k = 0; k < CELLS; k++) {
    PetscReal du[NAK_FIELDS_MAX], product[NAK_FIELDS_MAX];

    for (PetscInt f = 0; f < m->count; f++) du[f] = after.line.u[f][k] - before.line.u[f][k];
    BlockTimes(apply, ctx, &before, m->count, k, du, product);
    for (PetscInt f = 0; f < m->count; f++) {
      assert_true(PetscAbsReal(du[f]) > 1e-6);
      AssertNear("product", product[f], before.rhs[f][k] - image[f][k], 1e-8);
    }
  }
}

static void SmootherIsNewton(void **unused)
{
  NakFieldModel model;

  (void)unused;
  for (int solid = 0; solid < 2; solid++) {
    for (int coarse = 0; coarse < 2; coarse++) {
      NakCahnHilliardModel(&binary, &model);
      CheckBlock(&model, &binary, binary.low, solid, coarse);
      NakPoissonModel(&binary, &model);
      CheckBlock(&model, &binary, binary.low, solid, coarse);
    }
    NakAllenCahnModel(&front, &model);
    CheckBlock(&model, &front, 0, solid, 0);
  }
}

/* What coarser grids are given is the derivative of the operator. */
static void FrozenIsTheSlope(void **unused)
{
  const PetscReal du[NAK_FIELDS_MAX] = {1};
  PetscReal       product[NAK_FIELDS_MAX], slope[CELLS], *out[1] = {slope};
  NakFieldModel   model;
  Patch           p;

  (void)unused;
  NakCahnHilliardModel(&binary, &model);
  FillPatch(&p, 1, 0, binary.low);
  model.freeze(&binary, &p.line, out);
  for (PetscInt k = 0; k < CELLS; k++) {
    BlockTimes(model.apply[1], &binary, &p, model.count, k, du, product);
    AssertNear("product with the slope", product[1], slope[k] + binary.kappa * p.diagonal[k], 1e-8);
  }
}

/* The exact profile of the front. */
static PetscReal Profile(const NakFieldModel *m, const void *ctx, PetscReal x, PetscReal y,
                         PetscReal t)
{
  const NakLine line = {.n = 1, .x = x, .dx = 2, .at_y = y, .time = t};
  PetscReal     value, *out[] = {&value};

  m->exact(ctx, &line, out);
  return value;
}

/* Concentrations at the start by the formulas of benchmarks 1 and 6, worked out elsewhere;
   amplitude 0.01. */
static void StartsAreThoseOfTheBenchmarks(void **unused)
{
  static const struct {
    int       charged;
    PetscReal x, y, z, value;
  } cases[] = {
    {0, 3,  5, 0, 0.5229010466514361},
    {0, 11, 8, 0, 0.5076224731603571},
    {0, 11, 8, 4, 0.5070207627058388}, /* times cos(0.1 z) */
    {1, 3,  5, 0, 0.5218314628727356},
    {1, 11, 8, 0, 0.5012992599963907},
    {1, 11, 8, 4, 0.5011966977037438},
  };
  const PetscReal at[3] = {100, 5, 0};
  NakFieldModel   m;

  (void)unused;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    PetscReal c[2]; /* the second is the place that counts, 2 beyond the first */
    NakLine   line = {.n    = 2,
                      .u    = {c},
                      .x    = cases[k].x - 2,
                      .dx   = 2,
                      .at_y = cases[k].y,
                      .at_z = cases[k].z,
                      .z    = cases[k].z > 0};

    (cases[k].charged ? NakPoissonModel : NakCahnHilliardModel)(&binary, &m);
    m.initial(&binary, &line);
    AssertNear("concentration", c[1], cases[k].value, 1e-14);
  }
  AssertNear("potential in the east", m.face(&binary, 2, NAK_SIDE_EAST, at, 0, 1), sin(5.0 / 7),
             1e-15);
  AssertNear("and in the west", m.face(&binary, 2, NAK_SIDE_WEST, at, 0, 1), 0, 0);
  NakAllenCahnModel(&front, &m);
  AssertNear("front", Profile(&m, &front, 0.3, 0.27, 2), 0.7739299104642646, 1e-13);
  AssertNear("in the south", m.face(&front, 0, NAK_SIDE_SOUTH, at, 0, 0.5), 1, 0);
  AssertNear("and in the north", m.face(&front, 0, NAK_SIDE_NORTH, at, 0, 0.5), 0, 0);
}

/* Energy of a patch: of the wells, of half of each difference to a neighbour, squared, and of the
   charge. */
static PetscReal PatchEnergy(const Patch *p, int solid, PetscInt charged)
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < CELLS; k++) {
    const PetscReal *u = p->line.u[0] + k, c = *u;
    const PetscReal  x = pow(p->line.west[0][k] - c, 2) + pow(p->line.east[0][k] - c, 2);
    const PetscReal  y = pow(u[LINE] - c, 2) + pow(u[-LINE] - c, 2);
    const PetscReal  z = solid ? pow(u[PLANE] - c, 2) + pow(u[-PLANE] - c, 2) : 0;

    sum += 5 * pow(c - 0.3, 2) * pow(0.7 - c, 2) + 2 * (1.5 * x + 0.75 * y + 0.5 * z) / 4;
    if (charged) sum += 0.09 * c * p->line.u[2][k] / 2;
  }
  return sum;
}

/* The same of a front: eta^2 (1 - eta)^2, and kappa 4e-4. */
static PetscReal FrontEnergy(const Patch *p, int solid)
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < CELLS; k++) {
    const PetscReal *u = p->line.u[0] + k, c = *u;
    const PetscReal  x = pow(p->line.west[0][k] - c, 2) + pow(p->line.east[0][k] - c, 2);
    const PetscReal  y = pow(u[LINE] - c, 2) + pow(u[-LINE] - c, 2);
    const PetscReal  z = solid ? pow(u[PLANE] - c, 2) + pow(u[-PLANE] - c, 2) : 0;

    sum += pow(c * (1 - c), 2) + 4e-4 * (1.5 * x + 0.75 * y + 0.5 * z) / 4;
  }
  return sum;
}

static void EnergiesAreThoseOfTheBenchmarks(void **unused)
{
  NakFieldModel m;

  (void)unused;
  for (int solid = 0; solid < 2; solid++) {
    Patch p;

    FillPatch(&p, solid, 0, 0.4);
    NakAllenCahnModel(&front, &m);
    AssertRelative("energy of a front", m.energy[solid](&front, &p.line), FrontEnergy(&p, solid),
                   1e-13);
  }
  for (int solid = 0; solid < 2; solid++)
    for (int charged = 0; charged < 2; charged++) {
      Patch p;

      FillPatch(&p, solid, 0, 0.5);
      (charged ? NakPoissonModel : NakCahnHilliardModel)(&binary, &m);
      AssertRelative("energy", m.energy[solid](&binary, &p.line), PatchEnergy(&p, solid, charged),
                     1e-13);
    }
}

/* The source is what the exact solution leaves of d eta/dt = kappa lap eta - 4 eta (eta - 1) (eta -
   1/2). */
static void SourceIsWhatTheSolutionLeaves(void **unused)
{
  const PetscReal h = 2e-4;
  NakFieldModel   m;

  (void)unused;
  NakAllenCahnModel(&front, &m);
  for (int k = 0; k < 40; k++) {
    const PetscReal x = 0.02 + 0.023 * k, t = 0.2 * k, y = 0.25 + 0.05 * PetscSinReal((PetscReal)k);
    const NakLine   line   = {.n = 1, .x = x, .dx = 2, .at_y = y, .time = t};
    const PetscReal eta    = Profile(&m, &front, x, y, t);
    PetscReal       source = 0, *out[] = {&source}, lap = -60 * eta, rate;

    for (int side = -1; side <= 1; side += 2) /* of fourth order */
      for (int far = 1; far <= 2; far++)
        lap += (far == 1 ? 16 : -1) * (Profile(&m, &front, x + side * far * h, y, t) +
                                       Profile(&m, &front, x, y + side * far * h, t));
    lap /= 12 * h * h;
    rate = (8 * (Profile(&m, &front, x, y, t + h) - Profile(&m, &front, x, y, t - h)) -
            (Profile(&m, &front, x, y, t + 2 * h) - Profile(&m, &front, x, y, t - 2 * h))) /
           (12 * h);
    m.source(&front, &line, out);
    AssertNear("source", source, rate - front.kappa * lap + 4 * eta * (eta - 1) * (eta - 0.5),
               1e-6);
  }
}

/* ---- Runs ---- */

static NakPhaseFieldParams Tight(void)
{
  NakPhaseFieldParams p = NakPhaseFieldDefaults();

  p.solver_tolerance = 1e-7;
  p.cycles           = 60;
  return p;
}

static NakPhaseField Start(MPI_Comm comm, const NakFieldModel *model, const void *ctx,
                           const PetscInt n[3], const NakPhaseFieldParams *params)
{
  NakDomain     grid;
  NakPhaseField e;

  for (int d = 0; d < 3; d++) {
    grid.n[d]    = n[d];
    grid.size[d] = n[d] > 1 ? (PetscReal)n[d] : 1;
  }
  MUST(NakPhaseFieldCreate(comm, model, ctx, &grid, params, &e));
  return e;
}

static void Go(NakPhaseField e, PetscReal to)
{
  while (NakPhaseFieldCounts(e).time < to) MUST(NakPhaseFieldStep(e, to));
}

/* The grids of the tests of ranks: even, odd where it is not shared, 3D, and charged. */
static const PetscInt grids[][3] = {
  {20, 24, 1},
  {17, 32, 1},
  {9,  12, 8},
};

static void RanksDoNotMatter(void **unused)
{
  const NakPhaseFieldParams params = Tight();

  (void)unused;
  for (int c = 0; c < 2; c++) {
    for (int g = 0; g < 3; g++) {
      NakFieldModel model;
      NakPhaseField one, all;
      PetscReal     mine, ours;

      (c ? NakPoissonModel : NakCahnHilliardModel)(&binary, &model);
      one = Start(PETSC_COMM_SELF, &model, &binary, grids[g], &params);
      all = Start(PETSC_COMM_WORLD, &model, &binary, grids[g], &params);
      Go(one, 1);
      Go(all, 1);
      assert_int_equal(NakPhaseFieldCounts(one).steps, NakPhaseFieldCounts(all).steps);
      for (PetscInt f = 0; f < model.count; f++) {
        const PetscReal at[3] = {5.3, 6.1, g == 2 ? 4.7 : 0.5};
        PetscReal       a[64], b[64];

        MUST(NakPhaseFieldCut(one, f, 1, at, a));
        MUST(NakPhaseFieldCut(all, f, 1, at, b));
        for (PetscInt j = 0; j < grids[g][1]; j++)
          AssertNear("value on any ranks", a[j], b[j], 1e-9);
      }
      MUST(NakPhaseFieldEnergy(one, &mine));
      MUST(NakPhaseFieldEnergy(all, &ours));
      AssertNear("energy on any ranks", mine, ours, 1e-8 * mine);
      MUST_DESTROY(NakPhaseFieldDestroy, one);
      MUST_DESTROY(NakPhaseFieldDestroy, all);
    }
  }
}

/* Every accepted step keeps the total and lowers the free energy, with all kinds of sides. */
static void ConservesAndDecays(void **unused)
{
  const NakPhaseFieldParams params = NakPhaseFieldDefaults();
  const PetscInt            n[3]   = {40, 28, 1};

  (void)unused;
  for (int periodic = 0; periodic < 2; periodic++) {
    NakCahnHilliard p = binary;
    NakFieldModel   model;
    NakPhaseField   e;
    PetscReal       before, energy, start, total;

    p.periodic = (PetscBool)periodic;
    NakCahnHilliardModel(&p, &model);
    e = Start(PETSC_COMM_WORLD, &model, &p, n, &params);
    MUST(NakPhaseFieldTotal(e, 0, &start));
    MUST(NakPhaseFieldEnergy(e, &before));
    while (NakPhaseFieldCounts(e).time < 400) {
      MUST(NakPhaseFieldStep(e, 400));
      MUST(NakPhaseFieldTotal(e, 0, &total));
      MUST(NakPhaseFieldEnergy(e, &energy));
      AssertNear("total", total, start, 1e-13 * start);
      assert_true(energy < before + 1e-5 * before);
      before = energy;
    }
    assert_true(NakPhaseFieldCounts(e).dt > 5); /* large steps converge */
    MUST_DESTROY(NakPhaseFieldDestroy, e);
  }
}

/* A solve ends at a zero of the residual, on odd grids too. */
static void SolvesToTheEnd(void **unused)
{
  const PetscInt n[][3] = {
    {26, 18, 1 },
    {19, 14, 1 },
    {10, 8,  12}
  };
  NakPhaseFieldParams params = Tight();

  (void)unused;
  params.fixed            = PETSC_TRUE;
  params.first_step       = 0.5;
  params.solver_tolerance = 1e-9;
  for (int g = 0; g < 3; g++) {
    NakFieldModel model;
    NakPhaseField e;
    PetscReal     residual;

    NakPoissonModel(&binary, &model);
    e = Start(PETSC_COMM_WORLD, &model, &binary, n[g], &params);
    Go(e, 1);
    for (PetscInt f = 0; f < model.count; f++) {
      MUST(NakPhaseFieldResidual(e, f, &residual));
      AssertNear("residual", residual, 0, 1e-11);
    }
    MUST_DESTROY(NakPhaseFieldDestroy, e);
  }
}

/* Cycles for a tight solve do not grow with the grid. */
static void CyclesDoNotGrow(void **unused)
{
  PetscReal first = 0;

  (void)unused;
  for (PetscInt n = 24; n <= 96; n *= 2) {
    const PetscInt      cells[3] = {n, n, 1};
    NakPhaseFieldParams params   = Tight();
    NakFieldModel       model;
    NakPhaseField       e;
    PetscReal           cycles;

    params.fixed      = PETSC_TRUE;
    params.first_step = 0.5;
    NakCahnHilliardModel(&binary, &model);
    e = Start(PETSC_COMM_WORLD, &model, &binary, cells, &params);
    Go(e, 2);
    cycles = (PetscReal)NakPhaseFieldCounts(e).cycles / (PetscReal)NakPhaseFieldCounts(e).solves;
    print_message("%d x %d cells: %.2f cycles a solve\n", (int)n, (int)n, (double)cycles);
    if (n == 24) first = cycles;
    assert_true(cycles < 1.3 * first);
    MUST_DESTROY(NakPhaseFieldDestroy, e);
  }
}

/* ---- Axes ---- */

static void WaveInXY(const void *ctx, const NakLine *l)
{
  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++)
    l->u[0][k] = 0.5 + 0.05 * cos(0.6 * (l->x + (PetscReal)k * l->dx)) * cos(0.4 * l->at_y);
}

static void WaveInYZ(const void *ctx, const NakLine *l)
{
  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++)
    l->u[0][k] = 0.5 + 0.05 * cos(0.6 * l->at_y) * cos(0.4 * l->at_z);
}

/* What does not vary in z is the same in 2D and in 3D; turned by an axis, it is the same too. */
static void AxesAreAlike(void **unused)
{
  const PetscInt            flat[3] = {24, 16, 1}, deep[3] = {24, 16, 12}, turned[3] = {12, 24, 16};
  const NakPhaseFieldParams params = Tight();
  const PetscReal           end    = 6;
  const PetscInt           *n[3]   = {flat, deep, turned};
  PetscReal                 energy[3];

  (void)unused;
  for (int c = 0; c < 3; c++) {
    NakCahnHilliard p = binary;
    NakFieldModel   model;
    NakPhaseField   e;

    p.periodic = PETSC_FALSE;
    NakCahnHilliardModel(&p, &model);
    model.initial = c == 2 ? WaveInYZ : WaveInXY;
    e             = Start(PETSC_COMM_WORLD, &model, &p, n[c], &params);
    Go(e, end);
    MUST(NakPhaseFieldEnergy(e, &energy[c]));
    MUST_DESTROY(NakPhaseFieldDestroy, e);
  }
  AssertNear("energy in x and y", energy[1] / 12, energy[0], 1e-7 * energy[0]);
  AssertNear("energy in y and z", energy[2], energy[1], 1e-7 * energy[1]);
}

/* ---- A model of the test's own: d/dt (u + a u^3) = lap u, for what the benchmarks do not use
   ---- */

typedef struct {
  PetscReal cubic;
} Diffusion;

static const NakField diffusion_fields[] = {
  {"u", "1", "Amount", NAK_PLACE_VOLUME}
};

static PetscReal Held(const Diffusion *p, PetscReal u)
{
  return u + p->cubic * u * u * u;
}

static PetscReal Lap(const NakLine *l, PetscInt k)
{
  const PetscReal *u = l->u[0] + k;

  return l->weight[0] * (l->west[0][k] + l->east[0][k] - 2 * *u) +
         l->weight[1] * (u[l->y] + u[-l->y] - 2 * *u);
}

static void DiffusionApply(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  for (PetscInt k = 0; k < l->n; k++) out[0][k] = l->shift * Held(ctx, l->u[0][k]) - Lap(l, k);
}

static void DiffusionSmooth(const void *ctx, const NakLine *l)
{
  const Diffusion *p = ctx;

  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal u = l->u[0][k], slope = l->shift * (1 + 3 * p->cubic * u * u);

    l->u[0][k] += (l->rhs[0][k] - l->shift * Held(p, u) + Lap(l, k)) / (slope + l->diagonal[0][k]);
  }
}

static void DiffusionStored(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  for (PetscInt k = 0; k < l->n; k++) out[0][k] = Held(ctx, l->u[0][k]);
}

static void Ramp(const void *ctx, const NakLine *l)
{
  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++)
    l->u[0][k] = 0.1 * (l->x + (PetscReal)k * l->dx) + 0.2 * l->at_y;
}

/* A quarter off that ramp. */
static void Off(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++) out[0][k] = l->u[0][k] - 0.25;
}

/* The slopes of that ramp along the outward normals; asked for within the side. */
static PetscReal RampSlope(const void *ctx, PetscInt field, NakSide side, const PetscReal at[3],
                           PetscReal time, PetscReal inside)
{
  static const PetscReal slopes[NAK_SIDES] = {-0.1, 0.1, -0.2, 0.2, 0, 0};

  (void)ctx, (void)field, (void)time, (void)inside;
  for (int d = 0; d < 3; d++) assert_true(d == (int)side / 2 || at[d] > 0);
  return slopes[side];
}

/* Exchange with surroundings at 2. */
static PetscReal Exchange(const void *ctx, PetscInt field, NakSide side, const PetscReal at[3],
                          PetscReal time, PetscReal inside)
{
  (void)ctx, (void)field, (void)side, (void)at, (void)time;
  return 0.5 * (2 - inside);
}

static NakFieldModel DiffusionModel(NakBoundary side)
{
  NakFieldModel m = {.name = "diffusion", .count = 1, .fields = diffusion_fields, .initial = Ramp};

  m.apply[0]   = DiffusionApply;
  m.smooth[0]  = DiffusionSmooth;
  m.stored     = DiffusionStored;
  m.evolves[0] = PETSC_TRUE;
  m.scale[0]   = 1;
  for (int s = 0; s < NAK_SIDES; s++) m.sides[0][s] = side;
  return m;
}

static const PetscInt plate[3] = {22, 16, 1};

/* A ramp with its slopes on the sides is at rest: ghosts are right to the last cell, on all
   ranks. */
static void SlopesOnTheSides(void **unused)
{
  const Diffusion           p      = {.cubic = 0.3};
  const NakPhaseFieldParams params = Tight();
  NakFieldModel             model  = DiffusionModel(NAK_BOUNDARY_SLOPE);
  const PetscReal at[3] = {3, 4.5, 0.5}, edge[3] = {3, 0.2, 0.5}, other[3] = {3, 15.8, 0.5};
  PetscReal       values[22];
  NakPhaseField   e;
  NakFrame        frame;
  PetscReal       error;

  (void)unused;
  model.face  = RampSlope;
  model.exact = Off;
  e           = Start(PETSC_COMM_WORLD, &model, &p, plate, &params);
  Go(e, 50);
  MUST(NakPhaseFieldCut(e, 0, 0, at, values));
  for (PetscInt i = 0; i < plate[0]; i++)
    AssertNear("value", values[i], 0.1 * ((PetscReal)i + 0.5) + 0.2 * 4.5, 1e-7);
  MUST(NakPhaseFieldCut(e, 0, 0, edge, values)); /* as in the middle of the last cell */
  for (PetscInt i = 0; i < plate[0]; i++)
    AssertNear("at the edge", values[i], 0.1 * ((PetscReal)i + 0.5) + 0.2 * 0.5, 1e-7);
  MUST(NakPhaseFieldCut(e, 0, 0, other, values));
  for (PetscInt i = 0; i < plate[0]; i++)
    AssertNear("at the other", values[i], 0.1 * ((PetscReal)i + 0.5) + 0.2 * 15.5, 1e-7);
  MUST(NakPhaseFieldError(e, 0, &error)); /* in the norm of the box, of 22 by 16 */
  AssertNear("error", error, 0.25 * PetscSqrtReal(22 * 16), 1e-12);
  MUST(NakPhaseFieldFrame(e, &frame));
  AssertNear("bottom", frame.grid->z[0], 0, 1e-14);
  AssertNear("top", frame.grid->z[1], 1, 1e-14);
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

/* Sides that follow the value inside come to rest where nothing is exchanged any more. */
static void SidesThatFollow(void **unused)
{
  const Diffusion           p      = {.cubic = 0.3};
  const NakPhaseFieldParams params = Tight();
  NakFieldModel             model  = DiffusionModel(NAK_BOUNDARY_SLOPE);
  const PetscReal           at[3]  = {3, 4.5, 0.5};
  PetscReal                 values[22];
  NakPhaseField             e;

  (void)unused;
  model.face         = Exchange;
  model.face_follows = PETSC_TRUE;
  e                  = Start(PETSC_COMM_WORLD, &model, &p, plate, &params);
  Go(e, 3000);
  MUST(NakPhaseFieldCut(e, 0, 0, at, values));
  for (PetscInt i = 0; i < plate[0]; i++) AssertNear("value", values[i], 2, 1e-5);
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

/* What is stored is kept to rounding where it is not the field itself. */
static void KeepsWhatIsStored(void **unused)
{
  const Diffusion     p      = {.cubic = 0.3};
  NakPhaseFieldParams params = NakPhaseFieldDefaults();
  NakFieldModel       model  = DiffusionModel(NAK_BOUNDARY_NO_FLUX);
  PetscReal           start, total;
  NakPhaseField       e;

  (void)unused;
  model.conserved[0]      = PETSC_TRUE;
  params.solver_tolerance = 1; /* so that the solves leave much to shift */
  e                       = Start(PETSC_COMM_WORLD, &model, &p, plate, &params);
  MUST(NakPhaseFieldTotal(e, 0, &start));
  while (NakPhaseFieldCounts(e).time < 100) {
    MUST(NakPhaseFieldStep(e, 100));
    MUST(NakPhaseFieldTotal(e, 0, &total));
    AssertNear("total", total, start, 1e-12 * start);
  }
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

static PetscErrorCode Keep(void *object, NakCheckpoint c)
{
  return NakPhaseFieldCheckpoint((NakPhaseField)object, c);
}

/* An engine that reads what another wrote takes the same steps, where S of the past is kept,
   too. */
static void GoesOnFromACheckpoint(void **unused)
{
  const Diffusion           p      = {.cubic = 0.3};
  const NakPhaseFieldParams params = NakPhaseFieldDefaults();
  NakFieldModel             model  = DiffusionModel(NAK_BOUNDARY_NO_FLUX);
  PetscReal                 values[2][22 * 16];
  NakPhaseField             e[2];

  (void)unused;
  for (int k = 0; k < 2; k++) e[k] = Start(PETSC_COMM_WORLD, &model, &p, plate, &params);
  for (int step = 0; step < 12; step++) MUST(NakPhaseFieldStep(e[0], 100));
  PassOn(Keep, e[0], e[1]);
  assert_int_equal(NakPhaseFieldCounts(e[1]).steps, 12);
  for (int k = 0; k < 2; k++) {
    PetscInt start[3], count[3];

    for (int step = 0; step < 5; step++) MUST(NakPhaseFieldStep(e[k], 100));
    MUST(NakPhaseFieldValues(e[k], 0, start, count, values[k]));
    for (PetscInt i = 0; k == 1 && i < count[0] * count[1]; i++)
      assert_true(values[0][i] == values[1][i]);
  }
  assert_true(NakPhaseFieldCounts(e[0]).time == NakPhaseFieldCounts(e[1]).time);
  for (int k = 0; k < 2; k++) MUST_DESTROY(NakPhaseFieldDestroy, e[k]);
}

/* ---- Time ---- */

static void StepsEndWhereTold(void **unused)
{
  const NakPhaseFieldParams params = NakPhaseFieldDefaults();
  const PetscInt            n[3]   = {16, 16, 1};
  NakFieldModel             model;
  NakPhaseField             e;

  (void)unused;
  NakCahnHilliardModel(&binary, &model);
  e = Start(PETSC_COMM_WORLD, &model, &binary, n, &params);
  for (PetscReal t = 0.1; t < 2; t *= 1.7) {
    Go(e, t);
    assert_true(NakPhaseFieldCounts(e).time == t);
  }
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

/* A step that cannot be solved is repeated until it is too short; the last good state stays. */
static void GivesUp(void **unused)
{
  NakPhaseFieldParams params = NakPhaseFieldDefaults();
  const PetscInt      n[3]   = {16, 16, 1};
  NakFieldModel       model;
  NakPhaseField       e;
  PetscReal           before, after;

  (void)unused;
  NakCahnHilliardModel(&binary, &model);
  e = Start(PETSC_COMM_WORLD, &model, &binary, n, &params);
  MUST(NakPhaseFieldEnergy(e, &before));
  MUST_DESTROY(NakPhaseFieldDestroy, e);
  params.first_step = params.shortest_step = 1e6;
  e                                        = Start(PETSC_COMM_WORLD, &model, &binary, n, &params);
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakPhaseFieldStep(e, 1e9), PETSC_ERR_NOT_CONVERGED);
  MUST(PetscPopErrorHandler());
  MUST(NakPhaseFieldEnergy(e, &after));
  assert_true(before == after);
  assert_true(NakPhaseFieldCounts(e).time == 0);
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

/* A solve whose numbers are not finite ends with its first cycle. */
static void EndsAtOnceWithoutNumbers(void **unused)
{
  const NakAllenCahn  broken = {.kappa = NAN};
  NakPhaseFieldParams params = NakPhaseFieldDefaults();
  const PetscInt      n[3]   = {16, 16, 1};
  NakFieldModel       model;
  NakPhaseField       e;
  NakPhaseFieldCount  count;

  (void)unused;
  NakAllenCahnModel(&broken, &model);
  e = Start(PETSC_COMM_WORLD, &model, &broken, n, &params);
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakPhaseFieldStep(e, 1), PETSC_ERR_NOT_CONVERGED);
  MUST(PetscPopErrorHandler());
  count = NakPhaseFieldCounts(e);
  assert_true(count.rejected > 0);
  assert_int_equal(count.cycles, count.rejected);
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(StartsAreThoseOfTheBenchmarks),
  cmocka_unit_test(EnergiesAreThoseOfTheBenchmarks),
  cmocka_unit_test(SmootherIsNewton),
  cmocka_unit_test(SourceIsWhatTheSolutionLeaves),
  cmocka_unit_test(FrozenIsTheSlope),
  cmocka_unit_test(RanksDoNotMatter),
  cmocka_unit_test(ConservesAndDecays),
  cmocka_unit_test(SolvesToTheEnd),
  cmocka_unit_test(CyclesDoNotGrow),
  cmocka_unit_test(AxesAreAlike),
  cmocka_unit_test(StepsEndWhereTold),
  cmocka_unit_test(SlopesOnTheSides),
  cmocka_unit_test(SidesThatFollow),
  cmocka_unit_test(KeepsWhatIsStored),
  cmocka_unit_test(GoesOnFromACheckpoint),
  cmocka_unit_test(GivesUp),
  cmocka_unit_test(EndsAtOnceWithoutNumbers),
};

NAK_TEST_MAIN(tests)
