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

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(PatchesAreWhereWavesAreHigh),
};

NAK_TEST_MAIN(tests)
