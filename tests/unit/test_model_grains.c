/* Nuclei of the solids in a cell: when one begins, where, what it holds, and who pays for it.  Run
   on 1, 2 and 3 ranks. */
#include "model_impl.h"

#include <string.h>

#include "cell_fixture.h"
#include "nak_test.h"

enum { NX = 12, NY = 6 };

static const PetscReal radius = 0.8e-6;

/* A cell rich in K on columns of half a micrometre, with so many sites for grains of solid K. */
static NakModelParams Params(PetscInt nx, PetscInt ny, PetscInt sites, PetscReal T)
{
  NakModelParams params = NaK50Cell(nx, ny);

  params.grid.lateral                  = NAK_LATERAL_PERIODIC;
  params.alloy.potassium.value         = 0.95;
  params.alloy.temperature             = T;
  params.alloy.solids                  = NAK_SOLIDS_SUPERCOOLED;
  params.alloy.compounds               = PETSC_FALSE;
  params.alloy.volume                  = 4e-9;
  params.microstructure.nuclei         = sites;
  params.microstructure.nucleus_radius = radius;
  FreezeSome(&params, 1, 0);
  return params;
}

typedef struct {
  NakModel     model;
  Vec          U;
  NakInventory inventory;
} Cell;

static NakInventory Measure(const Cell *cell)
{
  NakRecord    record;
  NakInventory inventory[NAK_ELECTRODES];

  MUST(NakModelMeasure(cell->model, cell->U, &record, inventory));
  return inventory[0];
}

static Cell Create(const NakModelParams *params)
{
  Cell cell;

  MUST(NakModelCreate(PETSC_COMM_WORLD, params, &cell.model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(cell.model)), &cell.U));
  MUST(NakModelInitialise(cell.model, cell.U));
  cell.inventory = Measure(&cell);
  return cell;
}

static void Destroy(Cell *cell)
{
  MUST(VecDestroy(&cell->U));
  MUST(NakModelDestroy(&cell->model));
}

/* ---- When ---- */

/* What liquid of ratio r gains by freezing to K of the same potential of Na [J/m3], and the ratio
   of that K. */
static PetscReal Gain(const NakModelParams *p, PetscReal T, PetscReal r, PetscReal *solid)
{
  const NakAlloy  alloy = NakThermoAlloy(&p->material, T);
  const PetscReal x     = r / (1 + r);
  PetscReal       low = 1e-12, high = 0.05;

  for (int k = 0; k < 100; k++) {
    const PetscReal middle = (low + high) / 2;

    if (NakSolutionMuA(&alloy.solid, middle) < NakSolutionMuA(&alloy.liquid, x))
      low = middle;
    else
      high = middle;
  }
  *solid = low / (1 - low);
  return (NakSolutionMuB(&alloy.liquid, x) - NakSolutionMuB(&alloy.solid, low)) /
         p->material.b.solid_volume;
}

/* Volume of a nucleus over the alloy's: of half a ball on the face, half a cylinder, or a layer. */
static PetscReal Part(const NakModelParams *p)
{
  const PetscReal R = radius, height = NakModelHeight(p), *side = p->microstructure.size;

  if (p->grid.nx == 1 && p->grid.ny == 1) return R / height;
  if (p->grid.nx == 1 || p->grid.ny == 1)
    return PETSC_PI * R * R / 2 / (side[p->grid.nx == 1 ? 1 : 0] * height);
  return 2 * PETSC_PI / 3 * R * R * R / (side[0] * side[1] * height);
}

/* The temperature at which a nucleus holds itself, with half as much again to spare, once the alloy
   has what Na solid K does not hold. */
static PetscReal Onset(const NakModelParams *p)
{
  const PetscReal x = NakThermoMoleFraction(&p->material, p->alloy.potassium), r = x / (1 - x);
  const PetscReal part = Part(p);
  const PetscReal wanted =
    1.5 * (p->grid.nx > 1 && p->grid.ny > 1 ? 2 : 1) * p->material.b.solid_liquid_energy / radius;
  PetscReal low = 280, high = 336, solid;

  for (int k = 0; k < 60; k++) {
    const PetscReal T = (low + high) / 2;

    (void)Gain(p, T, r, &solid);
    if (Gain(p, T, r + part * (r - solid), &solid) > wanted)
      low = T;
    else
      high = T;
  }
  return low;
}

static PetscInt Formed(PetscInt nx, PetscInt ny, PetscReal T)
{
  const NakModelParams params = Params(nx, ny, 1, T);
  Cell                 cell   = Create(&params);
  PetscInt             formed;

  AssertRelative("part", cell.model->grains.part, Part(&params), 1e-13);
  MUST(NakGrainsAdvance(cell.model, 0, 1, cell.U));
  formed = cell.model->grains.formed;
  Destroy(&cell);
  return formed;
}

static void BeginsWhereItHoldsItself(void **unused)
{
  static const PetscInt cells[][2] = {
    {NX, NY},
    {NX, 1 },
    {1,  NX},
    {1,  1 }
  };

  (void)unused;
  for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
    const PetscInt       nx = cells[k][0], ny = cells[k][1];
    const NakModelParams params = Params(nx, ny, 1, 300);
    const PetscReal      T      = Onset(&params);

    if (nx * ny < Ranks()) continue;
    assert_int_equal(Formed(nx, ny, T + 2e-3), 0);
    assert_int_equal(Formed(nx, ny, T - 2e-3), 1);
  }
}

/* Multiply what all layers hold of Na, and look again after a step. */
static void Again(Cell *cell, PetscReal factor, PetscReal time, PetscReal dt)
{
  const NakLayout *l = &cell->model->column.l;
  PetscReal       *u;

  MUST(VecGetArray(cell->U, &u));
  for (PetscInt n = 0; n < cell->model->owned; n++)
    for (PetscInt k = 0; k < cell->model->column.na; k++)
      u[(ptrdiff_t)n * l->size + NakLayoutAlloy(l, k)] *= factor;
  MUST(VecRestoreArray(cell->U, &u));
  MUST(NakGrainsAdvance(cell->model, time, dt, cell->U));
  assert_int_equal(cell->model->grains.formed, 0);
}

/* The next step goes half of the way to a nucleus at the rate of the last, or a tenth of what it
   needs.  It is as long as it likes if the drive falls or there was no step. */
static void StepsEndNearANucleus(void **unused)
{
  const PetscReal beyond[] = {0.01, 0.1};

  (void)unused;
  for (int k = 0; k < 2; k++) {
    const NakModelParams at_300 = Params(NX, NY, 1, 300);
    const NakModelParams params = Params(NX, NY, 1, Onset(&at_300) + beyond[k]);
    Cell                 cell   = Create(&params);
    PetscReal            first, second;

    Again(&cell, 1, 0, 1);
    first = cell.model->grains.excess;
    assert_true(first < 0 && NakGrainsUntil(cell.model) == PETSC_INFINITY);
    Again(&cell, 1 - 1e-5, 3, 2);
    second = cell.model->grains.excess;
    assert_true(second > first && second < 0 && (second < -0.2) == (k == 1));
    AssertRelative("until", NakGrainsUntil(cell.model),
                   3 + 2 * (k == 0 ? 0.1 : -second / 2) / (second - first), 1e-12);
    Again(&cell, 1 + 1e-5, 4, 1);
    assert_true(NakGrainsUntil(cell.model) == PETSC_INFINITY);
    Destroy(&cell);
  }
}

/* An interface is four columns wide, along every side that has columns. */
static void InterfacesNeedColumns(void **unused)
{
  static const struct {
    PetscInt  nx, ny, errors;
    PetscReal width, depth; /* over a column of a quarter of an interface */
  } cases[] = {
    {NX, NY, 0, 1,    1   },
    {NX, NY, 1, 1.01, 1   },
    {NX, NY, 1, 1,    1.01},
    {NX, 1,  0, 1,    9   },
    {NX, 1,  1, 1.01, 1   },
    {1,  1,  0, 9,    9   },
  };

  (void)unused;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    NakModelParams  params = Params(cases[k].nx, cases[k].ny, 1, 300);
    NakCheckList    list   = {.n = 0};
    const PetscReal column = params.microstructure.width / 4;

    params.grid.width = column * (PetscReal)cases[k].nx * cases[k].width;
    params.grid.depth = column * (PetscReal)cases[k].ny * cases[k].depth;
    NakModelComplete(&params);
    NakModelCheck(&params, &list);
    assert_int_equal(list.n, cases[k].errors);
  }
}

/* An alloy more than a decimetre high is warned of. */
static void HighAlloysAreWarnedOf(void **unused)
{
  (void)unused;
  for (int higher = 0; higher < 2; higher++) {
    NakModelParams params = NaK50Cell(1, 1);
    NakCheckList   list   = {.n = 0};

    params.alloy.volume *= 0.1 * (higher ? 1.001 : 0.999) / NakModelHeight(&params);
    NakModelCheck(&params, &list);
    assert_int_equal(list.n, higher);
    if (higher) assert_string_equal(list.items[0].key, "alloy");
  }
}

/* Fronts need columns to run over, and a liquid electrolyte one column, with bare alloys on both
   sides. */
static void FrontsAndLiquidsHaveTheirGrids(void **unused)
{
  NakModelParams front = NaK50Cell(1, 1);
  NakCheckList   list  = {.n = 0};

  (void)unused;
  front.interphase.film_nuclei = 1e9;
  front.interphase.film_width  = 1e-6;
  front.interphase.film_speed  = 1e-9;
  NakModelCheck(&front, &list);
  assert_true(list.n > 0);
  assert_non_null(strstr(list.items[0].text, "need a face of several columns"));
  for (int k = 0; k < 5;
       k++) { /* the counter electrode is Na, or an alloy with the same interphase or its own */
    NakModelParams wet = NaK50Cell(1, 1);

    wet.liquid =
      (NakLiquidParams){.kind = NAK_ELECTROLYTE_LIQUID, .concentration = 1000, .volume = 1e-7};
    wet.interphase.kind = k == 0 || k == 3 ? NAK_INTERPHASE_MIXED : NAK_INTERPHASE_NONE;
    wet.counter.kind    = k < 2 ? NAK_COUNTER_SODIUM : NAK_COUNTER_ALLOY;
    list.n              = 0;
    NakModelCheck(&wet, &list);
    assert_int_equal(list.n, wet.interphase.kind == NAK_INTERPHASE_MIXED);
    if (list.n > 0) assert_string_equal(list.items[0].key, "interphase");
  }
}

/* Sites are for a solid of which there are grains. */
static void SitesNeedTheirSolid(void **unused)
{
  (void)unused;
  for (PetscInt body = 0; body < 2; body++)
    for (PetscInt sites = 0; sites < 2; sites++) {
      NakModelParams params = Params(NX, NY, sites, 300); /* with grains of K */
      NakCheckList   list   = {.n = 0};

      params.microstructure.nuclei_body = body;
      NakModelCheck(&params, &list);
      assert_int_equal(list.n, body == 1 && sites == 1 ? 1 : 0);
    }
}

/* A solid that no liquid is in equilibrium with is reported where its grains stand: K melts at 337
   K, Na at 371. */
static void GrainsMustFreeze(void **unused)
{
  static const PetscReal temperatures[] = {330, 350, 380};

  (void)unused;
  for (int k = 0; k < 3; k++) {
    NakModelParams params = Params(NX, NY, 0, temperatures[k]);
    NakCheckList   list   = {.n = 0};

    FreezeSome(&params, 1, 1);
    NakModelCheck(&params, &list);
    assert_int_equal(list.n, k);
    if (k > 0) assert_string_equal(list.items[0].key, "microstructure.grains_b");
    if (k > 1) assert_string_equal(list.items[1].key, "microstructure.grains_a");
  }
}

/* Nuclei become the grains of their solid one after the other, those of Na numbered after those of
   K. */
static void GrainsTakeTurns(void **unused)
{
  (void)unused;
  for (PetscInt body = 0; body < 2; body++)
    for (PetscInt formed = 0; formed < 4; formed++) {
      NakModelParams params = Params(NX, NY, 1, body == 0 ? 305 : 330);
      const PetscInt grain  = 1 + (body == 0 ? formed % 2 : 2 + formed % 3);
      PetscReal     *u, most[NAK_MIX_MOST] = {0};
      Cell           cell;

      if (body == 1) params.alloy.potassium.value = 0.05, params.alloy.volume = 40e-9;
      params.microstructure.nuclei_body = body;
      FreezeSome(&params, 2, 3);
      cell                      = Create(&params);
      cell.model->grains.formed = formed;
      MUST(NakGrainsAdvance(cell.model, 0, 1, cell.U));
      assert_int_equal(cell.model->grains.formed, formed + 1);
      MUST(VecGetArray(cell.U, &u));
      for (PetscInt n = 0; n < cell.model->owned; n++)
        for (PetscInt k = 1; k <= 5; k++)
          most[k] = PetscMax(
            most[k], u[(ptrdiff_t)n * cell.model->column.l.size + cell.model->column.l.alloy + k]);
      MUST(VecRestoreArray(cell.U, &u));
      MUST(MPI_Allreduce(MPI_IN_PLACE, most, NAK_MIX_MOST, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
      for (PetscInt k = 1; k <= 5; k++) assert_true((most[k] > 0.5) == (k == grain));
      Destroy(&cell);
    }
}

/* All interfaces of a cell move at the mobility of the slowest.  It is raised to make up for the
   cells, a quarter of a width each: by 2/3 and 2/15 of 1/16 times the mean of n_d^4. */
static void TheSlowestMoves(void **unused)
{
  const PetscReal e = 1.0 / 16 * 3 / 5, made_up = (1 + 2 * e / 3) * (1 + 2 * e / 15);

  (void)unused;
  for (int k = 0; k < 3; k++) {
    const PetscReal solid = k == 0 ? 3e-12 : 7e-12, empty = k == 1 ? 2e-12 : 8e-12;
    NakModelParams  params = Params(NX, NY, 0, 300);
    NakModel        model;

    params.voids                         = (NakVoidsParams){.pockets        = k < 2 ? 1 : 0,
                                                            .radius         = 0.5e-6,
                                                            .contact_angle  = 1.5,
                                                            .depleted_angle = 1.5,
                                                            .onset          = 0.75,
                                                            .mobility       = empty,
                                                            .pressure       = 1e5};
    params.microstructure.solid_mobility = solid;
    FreezeSome(&params, 1, 0);
    MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
    AssertRelative("mobility", model->column.zone.mix.mobility,
                   made_up * (k < 2 ? PetscMin(solid, empty) : solid), 1e-12);
    MUST(NakModelDestroy(&model));
  }
}

/* Where grains of K may form, lengths are those of solid K: the same K stands lower. */
/* Layers are no higher than columns are wide, but for a single one, which has no width. */
static void LayersAreAsHighAsColumnsAreWide(void **unused)
{
  (void)unused;
  for (int k = 0; k < 3; k++) {
    NakModelParams params = Params(k == 0 ? 1 : NX, k == 1 ? 1 : NY, 1, 300);
    PetscInt       layers;

    params.grid.depth = params.grid.width;
    NakModelComplete(&params);
    layers = params.grid.zone_layers;
    params.grid.width /= k == 0 ? 8 : 1;
    params.grid.depth /= k == 1 ? 8 : 1;
    NakModelComplete(&params);
    assert_int_equal(params.grid.zone_layers, layers);
    params.grid.width /= 8;
    params.grid.depth /= 8;
    NakModelComplete(&params);
    assert_true(params.grid.zone_layers > layers);
  }
}

static void HeightIsThatOfSolid(void **unused)
{
  const NakModelParams p = Params(NX, 1, 0, 300);
  const PetscReal      x = NakThermoMoleFraction(&p.material, p.alloy.potassium);

  (void)unused;
  AssertRelative("K", NakModelDensity(&p), 1 / p.material.b.solid_volume, 1e-14);
  AssertRelative("height", NakModelHeight(&p) / p.material.b.solid_volume,
                 p.alloy.volume / p.cell.area * (1 - x) * NakThermoDensity(&p.material, x), 1e-13);
}

/* ---- Where, and what ---- */

/* Distance of two places on a side of the length `all` that is closed to a ring. */
static PetscReal Apart(PetscReal a, PetscReal b, PetscReal all)
{
  const PetscReal d = PetscAbsReal(a - b);

  return PetscMin(d, all - d);
}

/* The grain is a ball about (x, y) on the face, with the profile of an interface, and no Na came or
   went. */
static void CheckBall(const Cell *cell, PetscReal x, PetscReal y)
{
  const NakModel      m  = cell->model;
  const NakLayout    *l  = &m->column.l;
  const NakMixParams *p  = &m->params.microstructure;
  const PetscReal     dx = p->size[0] / NX, dy = p->size[1] / NY;
  const PetscReal     dz  = p->size[2] / (PetscReal)l->zone;
  const NakInventory  now = Measure(cell);
  const PetscReal    *u;

  MUST(VecGetArrayRead(cell->U, &u));
  for (PetscInt n = 0; n < m->owned; n++) {
    const PetscReal a = Apart(dx * ((PetscReal)(m->box.xs + n % m->box.xm) + 0.5), x, p->size[0]);
    const PetscReal b = Apart(dy * ((PetscReal)(m->box.ys + n / m->box.xm) + 0.5), y, p->size[1]);

    for (PetscInt z = 0; z < l->zone; z++) {
      const PetscReal out =
        PetscSqrtReal(a * a + b * b + PetscSqr(dz * ((PetscReal)z + 0.5))) - radius;

      AssertNear("order parameter", u[(ptrdiff_t)n * l->size + NakLayoutAlloy(l, z) + 1],
                 1 / (1 + PetscExpReal(4 * out / m->column.zone.mix.width)), 1e-12);
    }
  }
  MUST(VecRestoreArrayRead(cell->U, &u));
  AssertNear("Na", now.na / cell->inventory.na, 1, 1e-13);
  AssertNear("K", now.k / cell->inventory.k, 1, 1e-13);
}

/* One site alone is in the middle. */
static void GrowsAboutItsSite(void **unused)
{
  const NakModelParams params = Params(NX, NY, 1, 305);
  Cell                 cell   = Create(&params);

  (void)unused;
  MUST(NakGrainsAdvance(cell.model, 0, 1, cell.U));
  assert_int_equal(cell.model->grains.formed, 1);
  CheckBall(&cell, params.microstructure.size[0] / 2, params.microstructure.size[1] / 2);
  MUST(NakGrainsAdvance(cell.model, 1, 1, cell.U)); /* there is a grain now */
  assert_int_equal(cell.model->grains.formed, 1);
  Destroy(&cell);
}

/* The K film is a seed where it covers more than half of a column. */
static void GrowsUnderTheFilm(void **unused)
{
  const NakModelParams params = Params(NX, NY, 0, 305);
  const PetscReal      cell_x = params.microstructure.size[0] / NX;
  const PetscReal      cell_y = params.microstructure.size[1] / NY;
  Cell                 cell   = Create(&params);
  PetscReal           *u;

  (void)unused;
  MUST(NakGrainsAdvance(cell.model, 0, 1, cell.U));
  assert_int_equal(cell.model->grains.formed, 0);
  MUST(VecGetArray(cell.U, &u));
  for (PetscInt n = 0; n < cell.model->owned; n++) {
    const PetscInt x = cell.model->box.xs + n % cell.model->box.xm;
    const PetscInt y = cell.model->box.ys + n / cell.model->box.xm;

    u[(ptrdiff_t)n * cell.model->column.l.size + cell.model->column.l.open] =
      x == 10 && y == 4 ? 0.49 : 0.51;
  }
  MUST(VecRestoreArray(cell.U, &u));
  cell.inventory = Measure(&cell);
  MUST(NakGrainsAdvance(cell.model, 1, 1, cell.U));
  assert_int_equal(cell.model->grains.formed, 1);
  CheckBall(&cell, 10.5 * cell_x, 4.5 * cell_y);
  Destroy(&cell);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(FrontsAndLiquidsHaveTheirGrids),
  cmocka_unit_test(HighAlloysAreWarnedOf),
  cmocka_unit_test(BeginsWhereItHoldsItself),
  cmocka_unit_test(StepsEndNearANucleus),
  cmocka_unit_test(InterfacesNeedColumns),
  cmocka_unit_test(SitesNeedTheirSolid),
  cmocka_unit_test(GrainsMustFreeze),
  cmocka_unit_test(GrainsTakeTurns),
  cmocka_unit_test(TheSlowestMoves),
  cmocka_unit_test(LayersAreAsHighAsColumnsAreWide),
  cmocka_unit_test(HeightIsThatOfSolid),
  cmocka_unit_test(GrowsAboutItsSite),
  cmocka_unit_test(GrowsUnderTheFilm),
};

NAK_TEST_MAIN(tests)
