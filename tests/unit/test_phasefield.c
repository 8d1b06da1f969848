/* The second engine's grids, and its tables between two of them; all else of it is tested with its models, in
   test_pfhub.c. */
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

/* Ranks are cut so that they share the least surface, of those cuts that leave each whole coarser cells. */
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

/* Each direction is halved, and rounded up, until it has three cells or less; ranks share what their cells
   halve to. */
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
        if (v->whole || v->m[d] == v->n[d] || v[1].whole) continue;
        assert_int_equal(v->m[d], 2 * v[1].m[d]);
        assert_int_equal(v->start[d], 2 * v[1].start[d]);
      }
      if (!v->whole)
        MUST(MPI_Allreduce(MPI_IN_PLACE, &cells, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD));
      assert_int_equal(cells, v->n[0] * v->n[1] * v->n[2]);
    }
    MUST(NakHierarchyDestroy(&e));
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(GridsAreHalved),
  cmocka_unit_test(PartsHaveTheLeastSurface),
  cmocka_unit_test(InterpolationKeepsLinearFunctions),
  cmocka_unit_test(AverageConserves),
};

NAK_TEST_MAIN(tests)
