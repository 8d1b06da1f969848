/* The FAS engine's grids, its tables between two of them, its steps, and what is measured; all
   else of it is tested with its models, in test_pfhub.c. */
#include "phasefield_impl.h"

#include "nak_test.h"

static const PetscInt pairs[][2] = {
  {8,  4 },
  {12, 7 },
  {9,  5 },
  {10, 10}
};

/* Tables of a cube of `fine` cells a side on one rank. */
static NakLevel Create(PetscInt fine, PetscInt coarse)
{
  NakLevel v = {.index = 0}, w = {.index = 1};

  for (int d = 0; d < 3; d++) {
    v.n[d] = v.m[d] = fine;
    w.n[d] = w.m[d] = coarse;
  }
  MUST(NakTransferTablesCreate(&v, &w));
  return v;
}

/* The interpolation takes the place of a coarse cell to that of a fine one. */
static void InterpolationKeepsLinearFunctions(void **unused)
{
  (void)unused;
  for (size_t pair = 0; pair < sizeof pairs / sizeof pairs[0]; pair++) {
    const PetscReal fine = (PetscReal)pairs[pair][0], coarse = (PetscReal)pairs[pair][1];
    NakLevel        v = Create(pairs[pair][0], pairs[pair][1]);

    for (PetscInt i = 0; i < pairs[pair][0]; i++) {
      const NakTransfer *t  = &v.coarser[i % 3];
      const PetscReal    at = (PetscReal)t->home[i] + 0.5 + t->theta[i] * (PetscReal)t->side[i];

      AssertNear("place in the box", at / coarse, ((PetscReal)i + 0.5) / fine, 1e-14);
      assert_true(t->theta[i] >= 0 && t->theta[i] <= 0.5 && PetscAbsInt(t->side[i]) == 1);
    }
    MUST(NakTransferTablesDestroy(&v));
  }
}

/* The average keeps constants, and gives the whole of every fine cell away. */
static void AverageConserves(void **unused)
{
  (void)unused;
  for (size_t pair = 0; pair < sizeof pairs / sizeof pairs[0]; pair++) {
    const PetscReal    ratio     = (PetscReal)pairs[pair][0] / (PetscReal)pairs[pair][1];
    NakLevel           v         = Create(pairs[pair][0], pairs[pair][1]);
    const NakTransfer *t         = &v.coarser[pair % 3];
    PetscReal          given[16] = {0};

    for (PetscInt i = 0; i < pairs[pair][1]; i++) {
      PetscReal sum = 0;

      for (PetscInt k = 0; k < NAK_WIDE; k++) {
        const PetscReal share = t->share[NAK_WIDE * i + k];

        assert_true(share >= 0);
        sum += share;
        given[t->from[i] + k] += ratio * share;
      }
      AssertNear("shares of a coarse cell", sum, 1, 1e-14);
    }
    for (PetscInt i = 0; i < pairs[pair][0]; i++) AssertNear("a fine cell", given[i], 1, 1e-14);
    MUST(NakTransferTablesDestroy(&v));
  }
}

/* Ranks are cut so that they share the least surface, of those cuts that leave each whole coarser
   cells. */
static void PartsHaveTheLeastSurface(void **unused)
{
  static const struct {
    PetscInt n[3], ranks, split[2];
  } cases[] = {
    {{8, 64, 16},  4, {4, 1}}, /* 3 x 16; else 16 + 64 or 3 x 64 */
    {{8, 16, 64},  4, {1, 4}},
    {{8, 32, 32},  4, {2, 2}},
    {{64, 24, 16}, 6, {3, 2}}, /* 2 x 16 + 24; else 64, 80 or 120 */
    {{8, 7, 16},   3, {1, 3}}, /* an odd number is not shared */
    {{8, 7, 9},    2, {0, 0}},
    {{8, 64, 1},   3, {3, 1}},
  };

  (void)unused;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    NakDomain box = {
      .size = {1, 1, 1}
    };
    PetscInt split[2];

    for (int d = 0; d < 3; d++) box.n[d] = cases[k].n[d];
    NakPartition(&box, cases[k].ranks, split);
    assert_int_equal(split[0], cases[k].split[0]);
    assert_int_equal(split[1], cases[k].split[1]);
  }
}

/* Each direction is halved, and rounded up, until it has three cells or less; ranks share what
   their cells halve to. */
static void GridsAreHalved(void **unused)
{
  static const struct {
    PetscInt n[3], levels, coarser[5][3];
  } cases[] = {
    {{20, 12, 1}, 4, {{20, 12, 1}, {10, 6, 1}, {5, 3, 1}, {3, 3, 1}}            },
    {{3, 40, 13}, 5, {{3, 40, 13}, {3, 20, 7}, {3, 10, 4}, {3, 5, 2}, {3, 3, 2}}},
    {{8, 6, 6},   3, {{8, 6, 6}, {4, 3, 3}, {2, 3, 3}}                          },
  };
  const NakFieldModel model = {.count = 1};

  (void)unused;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    struct NakPhaseField_private e = {.comm  = PETSC_COMM_WORLD,
                                      .rank  = Rank(),
                                      .size  = Ranks(),
                                      .model = &model,
                                      .solid = cases[k].n[2] > 1};

    for (int d = 0; d < 3; d++) {
      e.box.n[d]    = cases[k].n[d];
      e.box.size[d] = 1 + d;
    }
    MUST(NakHierarchyCreate(&e));
    assert_int_equal(e.n_levels, cases[k].levels);
    for (PetscInt l = 0; l < e.n_levels; l++) {
      const NakLevel *v     = &e.level[l];
      PetscInt        cells = v->m[0] * v->m[1] * v->m[2];

      for (int d = 0; d < 3; d++) {
        assert_int_equal(v->n[d], cases[k].coarser[l][d]);
        AssertRelative("h", v->h[d] * (PetscReal)v->n[d], 1.0 + d, 1e-14);
        if (v->m[d] == v->n[d] || v[1].group != MPI_COMM_NULL) continue;
        assert_int_equal(v->m[d], 2 * v[1].m[d]);
        assert_int_equal(v->start[d], 2 * v[1].start[d]);
      }
      MUST(MPI_Allreduce(MPI_IN_PLACE, &cells, 1, MPIU_INT, MPI_SUM, v->comm));
      assert_int_equal(cells, v->n[0] * v->n[1] * v->n[2]);
    }
    MUST(NakHierarchyDestroy(&e));
  }
}

/* ---- A model of diffusion, du/dt = lap u ---- */

static void Apply(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal *u = l->u[0] + k;

    out[0][k] = l->shift * *u - l->weight[0] * (l->west[0][k] + l->east[0][k] - 2 * *u) -
                l->weight[1] * (u[-l->y] + u[l->y] - 2 * *u);
  }
}

static void Smooth(const void *ctx, const NakLine *l)
{
  PetscReal image[16], *out[] = {image};

  Apply(ctx, l, out);
  for (PetscInt k = 0; k < l->n; k++)
    l->u[0][k] += (l->rhs[0][k] - image[k]) / (l->shift + l->diagonal[0][k]);
}

static void Waves(const void *ctx, const NakLine *l)
{
  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++)
    l->u[0][k] = PetscCosReal(PETSC_PI / 6 * (l->x + (PetscReal)k * l->dx)) +
                 0.5 * PetscCosReal(PETSC_PI / 2 * l->at_y);
}

/* At a place in a box of 6 x 4 x 2. */
static PetscReal Ramp(PetscReal x, PetscReal y, PetscReal z)
{
  return 1 + 0.3 * x - 0.2 * y + 0.7 * z;
}

static void Ramps(const void *ctx, const NakLine *l)
{
  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++)
    l->u[0][k] = Ramp(l->x + (PetscReal)k * l->dx, l->at_y, l->at_z);
}

/* The square of the field. */
static PetscReal Squared(const void *ctx, const NakLine *l)
{
  PetscReal sum = 0;

  (void)ctx;
  for (PetscInt k = 0; k < l->n; k++) sum += l->u[0][k] * l->u[0][k];
  return sum;
}

/* What is 2 less than the field at the start. */
static void Less(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  NakLine other = *l;

  other.u[0] = out[0];
  Ramps(ctx, &other);
  for (PetscInt k = 0; k < l->n; k++) out[0][k] -= 2;
}

static NakPhaseField Start(void (*initial)(const void *, const NakLine *), PetscInt nz,
                           PetscInt order)
{
  static const NakField field = {"u", "1", "Field", NAK_PLACE_VOLUME};
  static NakFieldModel  model;
  const NakDomain       grid = {
          .n = {12, 8, nz},
            .size = {6,  4, 2 }
  };
  NakPhaseFieldParams params = NakPhaseFieldDefaults();
  NakPhaseField       e;

  model = (NakFieldModel){
    .name    = "diffusion",
    .count   = 1,
    .fields  = &field,
    .evolves = {PETSC_TRUE},
    .scale   = {     2         },
    .apply   = { Apply,          Apply},
    .smooth  = {         Smooth,          Smooth},
    .energy  = {        Squared,          Squared},
    .exact   = Less,
    .initial = initial
  };
  for (int s = 0; s < NAK_SIDES; s++) model.sides[0][s] = NAK_BOUNDARY_PERIODIC;
  params.order        = order;
  params.tolerance    = 1e-4;
  params.first_step   = 1e-3;
  params.longest_step = 0.25;
  MUST(NakPhaseFieldCreate(PETSC_COMM_WORLD, &model, NULL, &grid, &params, &e));
  return e;
}

/* The arguments of a kernel are those of its cells, on every grid: places, weights of the three
   directions, and the neighbours' values within the rank's part. */
static void LinesAreThoseOfTheirCells(void **unused)
{
  NakPhaseField e = Start(Ramps, 10, 2);

  (void)unused;
  for (PetscInt l = 0; l < e->n_levels; l++) {
    const NakLevel *v = &e->level[l];
    PetscReal      *u = NULL, h[3];

    for (int d = 0; d < 3; d++) h[d] = (6.0 - 2 * d) / (PetscReal)v->n[d];
    MUST(PetscMalloc1(v->size, &u));
    for (PetscInt cell = 0; cell < v->m[0] * v->m[1] * v->m[2]; cell++) {
      const PetscInt i = cell % v->m[0], j = cell / v->m[0] % v->m[1], k = cell / v->m[0] / v->m[1];
      const PetscReal x = (i + 0.5) * h[0], y = (v->start[1] + j + 0.5) * h[1],
                      z  = (v->start[2] + k + 0.5) * h[2];
      const NakLine line = NakHalfLine(e, v, &u, j, k, i & 1);

      AssertRelative("x", line.x + (PetscReal)(i / 2) * line.dx, x, 1e-14);
      AssertRelative("y", line.at_y, y, 1e-14);
      AssertRelative("z", line.at_z, z, 1e-14);
      for (int d = 0; d < 3; d++)
        AssertRelative("weight", line.weight[d], 1 / (h[d] * h[d]), 1e-13);
      assert_int_equal(line.n, (v->m[0] + 1 - (i & 1)) / 2);
      assert_int_equal(line.level, l);
      line.u[0][i / 2] = Ramp(x, y, z);
    }
    for (PetscInt cell = 0; cell < v->m[0] * v->m[1] * v->m[2]; cell++) {
      const PetscInt i = cell % v->m[0], j = cell / v->m[0] % v->m[1], k = cell / v->m[0] / v->m[1];
      const NakLine  line  = NakHalfLine(e, v, &u, j, k, i & 1);
      const PetscReal here = line.u[0][i / 2];

      if (i > 0) AssertNear("west", here - line.west[0][i / 2], 0.3 * h[0], 1e-13);
      if (i + 1 < v->m[0]) AssertNear("east", line.east[0][i / 2] - here, 0.3 * h[0], 1e-13);
      if (j > 0) AssertNear("south", here - line.u[0][i / 2 - line.y], -0.2 * h[1], 1e-13);
      if (k > 0) AssertNear("below", here - line.u[0][i / 2 - line.z], 0.7 * h[2], 1e-13);
    }
    MUST(PetscFree(u));
  }
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

/* Sums and cuts of a field that is linear in space, on the ranks' parts of it. */
static void FieldsAreMeasured(void **unused)
{
  const PetscReal at[3] = {2.6, 1.45, 0.9};
  const PetscInt  n[3]  = {12, 8, 4};
  NakPhaseField   e     = Start(Ramps, 4, 2);
  PetscReal       value, doubles, squares = 0, all = 0, values[12 * 8 * 4];
  NakFrame        frame;

  (void)unused;
  for (PetscInt c = 0; c < 12 * 8 * 4; c++) {
    const PetscReal u =
      Ramp(0.5 * ((PetscReal)(c % 12) + 0.5), 0.5 * ((PetscReal)(c / 12 % 8) + 0.5),
           0.5 * ((PetscReal)(c / 96) + 0.5));

    all += u / 8;
    squares += u * u / 8;
  }
  MUST(NakPhaseFieldEnergy(e, &value));
  AssertRelative("energy", value, squares, 1e-12);
  MUST(NakPhaseFieldTotal(e, 0, &value));
  AssertRelative("total", value, all, 1e-12);
  MUST(NakPhaseFieldError(e, 0, &value));
  AssertRelative("error", value, 2 * PetscSqrtReal(48.0), 1e-12);
  for (PetscInt axis = 0; axis < 3; axis++) {
    MUST(NakPhaseFieldCut(e, 0, axis, at, values));
    for (PetscInt i = 0; i < n[axis]; i++) {
      const PetscReal x = 0.5 * ((PetscReal)i + 0.5);

      AssertRelative("cut", values[i],
                     Ramp(axis == 0 ? x : at[0], axis == 1 ? x : at[1], axis == 2 ? x : at[2]),
                     1e-12);
    }
  }
  for (PetscInt f = 0; f < NAK_FIELDS_MAX; f++) values[f] = 1e9; /* what was there does not count */
  MUST(NakResidualLargest(e, values));
  assert_true(values[0] < 1e8);
  values[0] = 1e9;
  MUST(NakStoredTotals(e, e->level[0].u, values));
  AssertRelative("stored", values[0], 8 * all, 1e-12);
  MUST(NakPhaseFieldMemory(e, &value));
  doubles = e->doubles;
  MUST(MPI_Allreduce(MPI_IN_PLACE, &doubles, 1, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  AssertRelative("memory", value * 12 * 8 * 4, doubles, 1e-14);
  MUST(NakPhaseFieldFrame(e, &frame));
  MUST(frame.fill(frame.ctx, 0, values));
  for (int d = 0; d < 3; d++)
    assert_int_equal(d == 0 ? frame.grid->nx : d == 1 ? frame.grid->ny : frame.grid->nz, n[d]);
  assert_int_equal(frame.grid->n_alloy, n[2]);
  AssertRelative("dx", frame.grid->dx, 0.5, 1e-14);
  AssertRelative("dy", frame.grid->dy, 0.5, 1e-14);
  for (PetscInt k = 0; k <= n[2]; k++) AssertNear("z", frame.grid->z[k], 0.5 * (PetscReal)k, 1e-14);
  for (PetscInt c = 0; c < frame.xm * frame.ym * frame.zm; c++)
    AssertRelative("frame", values[c],
                   Ramp(0.5 * ((PetscReal)(frame.xs + c % frame.xm) + 0.5),
                        0.5 * ((PetscReal)(frame.ys + c / frame.xm % frame.ym) + 0.5),
                        0.5 * ((PetscReal)(frame.zs + c / frame.xm / frame.ym) + 0.5)),
                   1e-12);
  MUST_DESTROY(NakPhaseFieldDestroy, e);
}

/* The value at x[0] of the polynomial through y[1], ... at x[1], ... */
static PetscReal Ahead(PetscInt points, const PetscReal x[], PetscReal *const y[], PetscInt cell)
{
  PetscReal sum = 0;

  for (PetscInt m = 1; m <= points; m++) {
    PetscReal weight = 1;

    for (PetscInt l = 1; l <= points; l++)
      if (l != m) weight *= (x[0] - x[l]) / (x[m] - x[l]);
    sum += weight * y[m][cell];
  }
  return sum;
}

/* The error of a step by the values of its end, y[0], and of those before. */
static PetscReal ErrorOf(PetscInt order, const PetscReal x[], PetscReal *const y[], PetscInt cells)
{
  PetscReal weights[NAK_ORDER_MAX + 1], sum = 0;

  for (PetscInt c = 0; c < cells; c++) sum += PetscSqr(y[0][c] - Ahead(order + 1, x, y, c));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  NakDerivativeWeights(order, x, weights);
  return NakErrorShare(order, x, weights[0]) * PetscSqrtReal(sum / (12 * 8)) / 2 / 1e-4;
}

/* The next step is as much longer as the error of this one allows, less a tenth, within what the
   order is stable for. */
static void StepsFollowTheirErrors(void **unused)
{
  static const PetscReal growth[] = {1, 3, 2, 1.4};

  (void)unused;
  for (PetscInt order = 1; order <= NAK_ORDER_MAX; order++) {
    NakPhaseField e                = Start(Waves, 1, order);
    PetscReal x[NAK_ORDER_MAX + 2] = {0}, kept[NAK_ORDER_MAX + 2][12 * 8], *y[NAK_ORDER_MAX + 2];
    PetscInt  start[3], count[3];
    int       between = 0;

    for (int m = 0; m < NAK_ORDER_MAX + 2; m++) y[m] = kept[m];
    MUST(NakPhaseFieldValues(e, 0, start, count, y[0]));
    for (PetscInt step = 1; step < 16; step++) {
      const PetscInt past = PetscMin(step, order + 1),
                     used = PetscMin(order, PetscMax(1, past - 1));
      PetscReal *oldest = y[NAK_ORDER_MAX + 1], error = 0, allowed, dt;

      for (PetscInt m = NAK_ORDER_MAX + 1; m > 0; m--) x[m] = x[m - 1], y[m] = y[m - 1];
      y[0] = oldest;
      MUST(NakPhaseFieldStep(e, 100));
      MUST(NakPhaseFieldValues(e, 0, start, count, y[0]));
      x[0] = NakPhaseFieldCounts(e).time;
      dt   = x[0] - x[1];
      if (step == 1) AssertRelative("first", dt, 1e-3, 1e-12);
      if (past > used) error = ErrorOf(used, x, y, count[0] * count[1]);
      assert_true(error <= 1);
      allowed = 0.9 * PetscPowReal(PetscMax(error, 1e-10), -1 / (1 + (PetscReal)used));
      between += allowed > 0.2 && allowed < growth[used];
      AssertRelative("next", e->integrator.next_step,
                     PetscMin(0.25, dt * PetscMin(growth[used], PetscMax(0.2, allowed))), 1e-6);
    }
    assert_true(between > 2);
    MUST_DESTROY(NakPhaseFieldDestroy, e);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(LinesAreThoseOfTheirCells), cmocka_unit_test(FieldsAreMeasured),
  cmocka_unit_test(StepsFollowTheirErrors),    cmocka_unit_test(GridsAreHalved),
  cmocka_unit_test(PartsHaveTheLeastSurface),  cmocka_unit_test(InterpolationKeepsLinearFunctions),
  cmocka_unit_test(AverageConserves),
};

NAK_TEST_MAIN(tests)
