/* What a cell writes into a checkpoint beside its unknowns is what another reads from it.  Run on
   1, 2 and 3 ranks. */
#include "model_impl.h"

#include "cell_fixture.h"
#include "checkpoint_fixture.h"

enum { NX = 12, NY = 6 };

/* A K film with a front and nuclei that form in time, grains of K, and voids. */
static NakModelParams Params(void)
{
  NakModelParams params = NaK50Cell(NX, NY);

  params.voids                         = (NakVoidsParams){.pockets        = 1,
                                                          .radius         = 0.5e-6,
                                                          .contact_angle  = 1.5,
                                                          .onset          = 0.75,
                                                          .depleted_angle = 1.5,
                                                          .mobility       = 1e-12,
                                                          .pressure       = 1e5};
  params.microstructure.nuclei         = 1;
  params.microstructure.nucleus_radius = 0.5e-6;
  FreezeSome(&params, 1, 0);
  params.interphase.film_nuclei     = 3 / PetscSqr(params.grid.width);
  params.interphase.film_nucleation = 1;
  params.interphase.film_speed      = 1e-6;
  params.interphase.film_width      = 4 * params.grid.width / NX;
  return params;
}

/* Of a column among those of all ranks; on each they count on. */
static PetscReal Number(NakModel m, PetscInt n)
{
  return (PetscReal)(m->box.ys * NX + m->box.xs + n);
}

/* Something else everywhere, told apart by column. */
static void Disturb(NakModel m)
{
  NakFilm *f = &m->film;

  for (PetscInt n = 0; n < m->owned; n++) {
    const PetscReal x = Number(m, n);

    f->due[n]                     = 10 + x;
    f->hazard[n]                  = 20 + x;
    f->born[n]                    = 30 + x;
    m->column.over[n].void_height = 1e-9 * (1 + x);
  }
  assert_true(f->count > 1);
  f->nuclei[0].radius = 1e-7;
  f->nuclei[1].column = 3;
  f->formed           = 5;
  f->until            = 6;
  m->grains.formed    = 7;
  m->grains.until     = 8;
  m->grains.excess    = -9;
  m->grains.known     = PETSC_TRUE;
  m->bubbles.until    = 11;
}

static PetscErrorCode Exchange(void *object, NakCheckpoint c)
{
  return NakModelCheckpoint((NakModel)object, c);
}

static void WhatIsReadIsWhatWasWritten(void **unused)
{
  const NakModelParams params = Params();
  NakModel             m[2];
  Vec                  U;

  (void)unused;
  for (int k = 0; k < 2; k++) {
    MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &m[k]));
    MUST(DMCreateGlobalVector(NakStateDM(NakModelState(m[k])), &U));
    MUST(NakModelInitialise(m[k], U));
    MUST(VecDestroy(&U));
  }
  Disturb(m[0]);
  PassOn(Exchange, m[0], m[1]);
  assert_int_equal(m[1]->film.count, m[0]->film.count);
  for (PetscInt k = 0; k < m[0]->film.count; k++) {
    assert_int_equal(m[1]->film.nuclei[k].column, m[0]->film.nuclei[k].column);
    assert_true(m[1]->film.nuclei[k].radius == m[0]->film.nuclei[k].radius);
  }
  for (int k = 0; k < 2; k++) /* what writes stays as it is */
    for (PetscInt n = 0; n < m[k]->owned; n++) {
      const PetscReal x = Number(m[k], n);

      assert_true(m[k]->film.due[n] == 10 + x);
      assert_true(m[k]->film.hazard[n] == 20 + x);
      assert_true(m[k]->film.born[n] == 30 + x);
      assert_true(m[k]->column.over[n].void_height == 1e-9 * (1 + x));
    }
  assert_int_equal(m[1]->film.formed, 5);
  assert_int_equal(m[1]->grains.formed, 7);
  assert_true(m[1]->film.until == 6 && m[1]->grains.until == 8 && m[1]->bubbles.until == 11);
  assert_true(m[1]->grains.excess == -9 && m[1]->grains.known);
  for (int k = 0; k < 2; k++) MUST(NakModelDestroy(&m[k]));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(WhatIsReadIsWhatWasWritten),
};

NAK_TEST_MAIN(tests)
