/* Nuclei of the K film in a cell: how many places there are, and that a disc covers what a sharp
   one of its radius would.  Run on 1, 2 and 3 ranks. */
#include "model_impl.h"

#include "cell_fixture.h"
#include "nak_test.h"

/* A cell on columns of 1 um by 1.5 um with `places` places, whose front is eight of the wider
   wide. */
static NakModelParams Params(PetscInt nx, PetscInt ny, PetscInt places)
{
  NakModelParams  params = NaK50Cell(nx, ny);
  NakGridParams  *g      = &params.grid;
  const PetscReal dy     = ny > 1 ? 1.5e-6 : 1e-6;

  g->lateral                    = NAK_LATERAL_PERIODIC;
  g->width                      = 1e-6 * (PetscReal)nx;
  g->depth                      = dy * (PetscReal)ny;
  params.interphase.film_nuclei = (PetscReal)places / (g->width * g->depth);
  params.interphase.film_speed  = 1e-6;
  params.interphase.film_width  = 8 * dy;
  params.interphase.film_seed   = 5;
  return params;
}

/* Let every column have the same occupancy next to the face; or only the first of the whole grid.
   */
static void SetSome(NakModel model, PetscBool first, PetscReal occupancy, Vec U)
{
  const NakLayout *l = &model->column.l;
  PetscReal       *u;

  MUST(VecGetArray(U, &u));
  for (PetscInt n = 0; n < (first ? Rank() == 0 : model->owned); n++)
    for (PetscInt k = 0; k < model->column.nf; k++)
      u[(ptrdiff_t)n * l->size + l->interphase + k] = occupancy;
  MUST(VecRestoreArray(U, &u));
}

static void SetFace(NakModel model, PetscReal occupancy, Vec U)
{
  SetSome(model, PETSC_FALSE, occupancy, U);
}

/* Area that the film covers [m2]. */
static PetscReal Covered(NakModel model, Vec U)
{
  const NakLayout *l   = &model->column.l;
  const NakGrid   *g   = NakStateGrid(model->state);
  PetscReal        sum = 0;
  const PetscReal *u;

  MUST(VecGetArrayRead(U, &u));
  for (PetscInt n = 0; n < model->owned; n++)
    sum += g->dx * g->dy * (1 - u[(ptrdiff_t)n * l->size + l->open]);
  MUST(VecRestoreArrayRead(U, &u));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  return sum;
}

/* The greatest drive of the last step. */
static PetscReal Drive(NakModel model)
{
  PetscReal most = 0;

  for (PetscInt n = 0; n < model->owned; n++) most = PetscMax(most, model->film.drive[n]);
  MUST(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  return most;
}

/* Each way in which a front does not fit its grid is reported, and nothing else. */
static void FrontsNeedTheirGrid(void **unused)
{
  (void)unused;
  for (int way = 0; way < 7; way++) {
    NakModelParams params = Params(40, 1, 3);
    NakCheckList   list   = {.n = 0};

    if (way == 1) params.interphase.film_width = 3.99e-6;
    if (way == 2) params.interphase.film_nuclei *= 0.1;
    if (way == 3) params.interphase.film_nuclei *= 14;
    if (way == 4) params.grid.electrolyte_layers = 0;
    if (way == 5) params.grid.electrolyte_layers = 1;
    if (way == 6) params.interphase.film_width = 4e-6;
    NakModelCheck(&params, &list);
    assert_int_equal(list.n, way >= 1 && way <= 4 ? 1 : 0);
  }
}

static void PlacesAreANumberOnAnArea(void **unused)
{
  (void)unused;
  for (PetscInt n = 0; n < 4; n++) {
    const NakModelParams two = Params(40, 1, n), three = Params(32, 24, n);

    assert_int_equal(NakModelFilmPlaces(&two), n);
    assert_int_equal(NakModelFilmPlaces(&three), n);
  }
}

/* A disc grows at v_f times what drives it most, until it is two widths of the front wide; Na and K
   stay. */
static void CheckDisc(PetscInt nx, PetscInt ny)
{
  const NakModelParams params = Params(nx, ny, 1);
  const PetscReal      width = params.interphase.film_width, speed = params.interphase.film_speed;
  NakInventory         before[NAK_ELECTRODES], after[NAK_ELECTRODES];
  const NakInventory  *start = before, *now = after;
  NakRecord            record;
  NakModel             model;
  Vec                  U;
  PetscReal            R = 0;

  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(NakModelMeasure(model, U, &record, before));
  model->film.nuclei[0].column = 0;     /* at the edges, across which it grows */
  MUST(NakFilmAdvance(model, 0, 1, U)); /* nothing drives it yet */
  assert_int_equal(model->film.formed, 0);
  SetFace(model, 1e-3, U);
  MUST(NakModelMeasure(model, U, &record, before));
  MUST(NakFilmAdvance(model, 1, 1, U));
  assert_int_equal(model->film.formed, 1);
  AssertNear("area", Covered(model, U), 0, 1e-30);
  while (model->film.count > 0) {
    const PetscReal dt = 0.5 * width / (speed * Drive(model));

    assert_true(R < 2 * width);
    MUST(NakFilmAdvance(model, 2, dt, U));
    R += speed * Drive(model) * dt;
    if (model->film.count > 0) AssertRelative("radius", model->film.nuclei[0].radius, R, 1e-12);
    AssertRelative("area", Covered(model, U),
                   ny == 1 ? 2 * R * params.grid.depth : PETSC_PI * R * R, 2e-3);
  }
  assert_true(R >= 2 * width * (1 - 1e-12));
  MUST(NakModelMeasure(model, U, &record, after));
  AssertRelative("K", now->k, start->k, 1e-13);
  AssertRelative("Na", now->na + now->q_faraday, start->na + start->q_faraday, 1e-13);
  AssertRelative("charge", now->layer, start->layer - now->q_faraday, 1e-12);
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

static void DiscsCoverTheirArea(void **unused)
{
  (void)unused;
  CheckDisc(96, 1);
  CheckDisc(120, 80);
}

/* On an open face that is driven nuclei form at their rate on its area, several on a column, none
   before. */
static void NucleiFormAtTheirRate(void **unused)
{
  NakModelParams  params   = Params(40, 30, 0);
  const PetscReal expected = 2400; /* twice as many as columns */
  NakModel        model;
  Vec             U;

  (void)unused;
  params.interphase.film_nucleation = expected / (2 * params.grid.width * params.grid.depth);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(NakFilmAdvance(model, 0, 2, U));
  assert_int_equal(model->film.formed, 0);
  SetFace(model, 1e-3, U);
  MUST(NakFilmAdvance(model, 2, 2, U));
  assert_int_equal(model->film.count, model->film.formed);
  AssertNear("nuclei", (PetscReal)model->film.formed, expected, 4 * PetscSqrtReal(expected));
  for (PetscInt k = 0; k < model->film.count; k++) assert_true(model->film.nuclei[k].radius == 0);
  for (PetscInt n = 0; n < model->owned; n++) {
    AssertRelative("integral", model->film.hazard[n], model->film.rate[n] * 2, 1e-14);
    assert_true(model->film.rate[n] > 0 && model->film.due[n] > model->film.hazard[n]);
  }
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

/* Where the first column alone is driven, it has the place's nucleus, or all that form at a rate;
   the steps may reach the next one, or half a column further while a nucleus grows. */
static void CheckFirst(PetscInt places)
{
  NakModelParams  params = Params(40, 3, places);
  const PetscReal across = params.grid.width / 40 / params.interphase.film_speed;
  NakModel        model;
  Vec             U;

  if (places == 0) params.interphase.film_nucleation = 0.1 / (1e-6 * 1.5e-6);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  if (places > 0) model->film.nuclei[0].column = 0;
  SetSome(model, PETSC_TRUE, 1e-3, U);
  MUST(NakFilmAdvance(model, 7, 0.1, U));
  assert_int_equal(model->film.formed, places);
  if (places > 0) {
    AssertRelative("until", NakFilmUntil(model), 7 + across / 2, 1e-14);
  } else {
    PetscReal due = Rank() == 0 ? model->film.due[0] : 0;

    MUST(MPI_Bcast(&due, 1, MPIU_REAL, 0, PETSC_COMM_WORLD));
    AssertRelative("until", NakFilmUntil(model), 7 + due / 0.1 - 0.1, 1e-9);
    MUST(NakFilmAdvance(model, 8, (due + 1e-6) / 0.1, U));
    assert_true(model->film.formed > 0);
    for (PetscInt n = 0; n < model->owned; n++)
      assert_int_equal(model->film.born[n], n == 0 && Rank() == 0 ? model->film.formed : 0);
  }
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

static void TheFirstColumnCounts(void **unused)
{
  (void)unused;
  CheckFirst(0);
  CheckFirst(1);
}

/* The mean over all directions of dx^2 cos^4 + dy^2 sin^4, where there are two. */
static void SpacingOfColumns(void **unused)
{
  static const PetscInt cells[][2] = {
    {40, 30},
    {40, 1 },
    {1,  30}
  };
  const PetscReal squares[] = {3 * (1 + 2.25) / 8 * 1e-12, 1e-12, 2.25e-12};

  (void)unused;
  for (int k = 0; k < 3; k++) {
    NakModelParams params = Params(cells[k][0], cells[k][1], 0);
    NakModel       model;

    if (PetscMax(cells[k][0], 1) < Ranks()) continue;
    MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
    AssertRelative("spacing", PetscSqr(model->column.spacing), squares[k], 1e-12);
    MUST(NakModelDestroy(&model));
  }
}

/* A nucleus that has just formed waits where the face recovers; a disc shrinks, and is given up at
   nothing. */
static void DiscsShrink(void **unused)
{
  const NakModelParams params = Params(96, 1, 1);
  NakModel             model;
  Vec                  U;
  PetscReal            R;

  (void)unused;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  SetFace(model, 1e-3, U);
  MUST(NakFilmAdvance(model, 0, 1, U));
  SetFace(model, 1, U);
  MUST(NakFilmAdvance(model, 1, 1, U));
  assert_int_equal(model->film.count, 1);
  assert_true(model->film.nuclei[0].radius == 0);
  SetFace(model, 1e-3, U);
  MUST(NakFilmAdvance(model, 2, 1, U));
  R = model->film.nuclei[0].radius;
  assert_true(R > 0);
  SetFace(model, 1, U);
  MUST(NakFilmAdvance(model, 3, 1e-3, U));
  assert_int_equal(model->film.count, 1);
  assert_true(model->film.nuclei[0].radius < R);
  MUST(NakFilmAdvance(model, 4, 1e6, U));
  assert_int_equal(model->film.count, 0);
  assert_int_equal(model->film.formed, 1);
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(DiscsShrink),           cmocka_unit_test(FrontsNeedTheirGrid),
  cmocka_unit_test(NucleiFormAtTheirRate), cmocka_unit_test(TheFirstColumnCounts),
  cmocka_unit_test(SpacingOfColumns),      cmocka_unit_test(PlacesAreANumberOnAnArea),
  cmocka_unit_test(DiscsCoverTheirArea),
};

NAK_TEST_MAIN(tests)
