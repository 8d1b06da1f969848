/* The random patches of contact against the waves that they are said to be.  Run on 1, 2 and 3
   ranks. */
#include "model_impl.h"

#include <math.h>

#include "cell_fixture.h"
#include "nak_test.h"

enum { MOST = 40 * 24, WAVES = 48 };

/* Whole waves of two patches, a quarter more or less, in any direction and phase. */
static double Wave(const NakModelParams *p, int w, double x, double y)
{
  const double width = p->grid.width, depth = p->grid.depth;
  double       a[2], b[2], waves, angle, mx, my;

  NakRandom((uint64_t)p->contact.seed, 2 * (uint64_t)w, 0, a);
  NakRandom((uint64_t)p->contact.seed, 2 * (uint64_t)w + 1, 0, b);
  waves = (0.75 + a[0] / 2) / (2 * p->contact.patch);
  angle = p->grid.ny > 1 ? 2 * PETSC_PI * a[1] : 0;
  mx    = floor(waves * cos(angle) * width + 0.5);
  my    = floor(waves * sin(angle) * depth + 0.5);
  if (mx == 0 && my == 0) mx = 1;
  return cos(2 * PETSC_PI * (mx * x / width + my * y / depth + b[0]));
}

/* In contact are the columns where the sum is highest, a third of them. */
static void CheckPatches(PetscInt nx, PetscInt ny)
{
  NakModelParams params = NaK50Cell(nx, ny);
  const PetscInt n = nx * ny, wanted = n / 3;
  double         value[MOST];
  PetscInt       in = 0;
  NakModel       model;

  assert_true(n <= MOST && n % 3 == 0);
  params.grid.depth       = params.grid.width * (PetscReal)ny / (PetscReal)nx;
  params.contact.fraction = 1.0 / 3;
  for (PetscInt k = 0; k < n; k++) {
    const double x = ((double)(k % nx) + 0.5) / (double)nx * params.grid.width;
    const double y = ((double)(k / nx) + 0.5) / (double)ny * params.grid.depth;

    value[k] = 0;
    for (int w = 0; w < WAVES; w++) value[k] += Wave(&params, w, x, y);
  }
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  for (PetscInt k = 0; k < model->owned; k++) {
    const PetscInt own =
      (model->box.ys + k / model->box.xm) * nx + model->box.xs + k % model->box.xm;
    PetscInt higher = 0;

    for (PetscInt other = 0; other < n; other++) higher += value[other] > value[own];
    assert_true(model->column.over[k].contact == (higher < wanted ? 1 : 0));
    in += higher < wanted;
  }
  MUST(MPI_Allreduce(MPI_IN_PLACE, &in, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD));
  assert_int_equal(in, wanted);
  AssertNear("share", model->column.contact_fraction, 1.0 / 3, 1e-14);
  MUST(NakModelDestroy(&model));
}

static void PatchesAreWhereWavesAreHigh(void **unused)
{
  (void)unused;
  CheckPatches(39, 1);
  CheckPatches(40, 24);
}

/* A strip of any number of columns is in the middle; of two at one distance the right one comes
   first. */
static void StripsAreInTheMiddle(void **unused)
{
  static const PetscInt columns[] = {12, 11};

  (void)unused;
  for (int c = 0; c < 2; c++)
    for (PetscInt k = 1; k < columns[c]; k++) {
      const PetscInt nx = columns[c], first = (nx - k + 1) / 2;
      NakModelParams params = NaK50Cell(nx, 1);
      NakModel       model;

      params.contact.shape    = NAK_CONTACT_STRIP;
      params.contact.fraction = (PetscReal)k / (PetscReal)nx;
      MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
      for (PetscInt n = 0; n < model->owned; n++) {
        const PetscInt i = model->box.xs + n;

        assert_true(model->column.over[n].contact == (i >= first && i < first + k ? 1 : 0));
      }
      AssertRelative("share", model->column.contact_fraction, params.contact.fraction, 1e-14);
      MUST(NakModelDestroy(&model));
    }
}

/* All columns of a disc are nearer to the middle than all others; a row that is mirrored is the
   same row. */
static void DiscsAreRound(void **unused)
{
  const PetscInt nx = 12, ny = 15;

  (void)unused;
  for (int share = 1; share < 8; share++) {
    NakModelParams params = NaK50Cell(nx, ny);
    PetscReal      within = 0, beyond = PETSC_INFINITY, sum = 0;
    NakModel       model;

    params.grid.width       = 12e-6;
    params.grid.depth       = 2 * 15e-6;
    params.contact.shape    = NAK_CONTACT_DISC;
    params.contact.fraction = share / 10.0;
    MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
    for (PetscInt n = 0; n < model->owned; n++) {
      const PetscReal x = model->box.xs + n % model->box.xm + 0.5 - 6;
      const PetscReal y = 2 * (model->box.ys + n / model->box.xm + 0.5 - 7.5);
      const PetscReal r = PetscSqrtReal(x * x + y * y);

      if (model->column.over[n].contact > 0)
        within = PetscMax(within, r);
      else
        beyond = PetscMin(beyond, r);
      sum += model->column.over[n].contact;
    }
    MUST(MPI_Allreduce(MPI_IN_PLACE, &within, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
    MUST(MPI_Allreduce(MPI_IN_PLACE, &beyond, 1, MPIU_REAL, MPI_MIN, PETSC_COMM_WORLD));
    MUST(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
    assert_true(within <= beyond);
    AssertNear("columns", sum, share * nx * ny / 10.0, 4);
    MUST(NakModelDestroy(&model));
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(StripsAreInTheMiddle),
  cmocka_unit_test(DiscsAreRound),
  cmocka_unit_test(PatchesAreWhereWavesAreHigh),
};

NAK_TEST_MAIN(tests)
