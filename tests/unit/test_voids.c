/* Voids: force against energy, matrix against force, descent, gas, nuclei.  Run on 1, 2 and 3 ranks. */
#include "voids_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MUST(call) assert_int_equal((call), 0)

static const PetscReal tension = 0.13, degree = PETSC_PI / 180;

static NakGridParams Grid(PetscInt nx, PetscInt ny, PetscInt layers)
{
  return (NakGridParams){.nx                = nx,
                         .ny                = ny,
                         .width             = 0.25e-6 * (PetscReal)nx,
                         .alloy_height      = 0.25e-6 * (PetscReal)layers,
                         .interphase_layers = 2,
                         .alloy_layers      = layers,
                         .lateral           = NAK_LATERAL_PERIODIC};
}

static NakVoidsParams Params(void)
{
  return (NakVoidsParams){.pockets        = 2,
                          .arrangement    = NAK_POCKETS_EVEN,
                          .radius         = 1e-6,
                          .seed           = 5,
                          .width          = 1e-6,
                          .contact_angle  = 75 * degree,
                          .depleted_angle = 140 * degree,
                          .onset          = 0.75,
                          .mobility       = 1e-12,
                          .pressure       = 1e5,
                          .tolerance      = 1e-3,
                          .change         = 1e-3};
}

typedef struct {
  NakState state;
  NakVoids voids;
} Case;

static Case CreateOn(MPI_Comm comm, NakGridParams grid, NakVoidsParams params)
{
  Case c;

  MUST(NakStateCreate(comm, &grid, 0, 37e-9, 1e-3, &c.state));
  MUST(NakVoidsCreate(c.state, &params, tension, &c.voids));
  return c;
}

static Case Create(NakGridParams grid, NakVoidsParams params)
{
  return CreateOn(PETSC_COMM_WORLD, grid, params);
}

static void Destroy(Case *c)
{
  MUST(NakVoidsDestroy(&c->voids));
  MUST(NakStateDestroy(&c->state));
}

/* A vector of waves that do not depend on the ranks, between low and high. */
static void Waves(NakVoids s, PetscInt seed, PetscReal low, PetscReal high, Vec v)
{
  const NakBlock *b = &s->block;
  PetscReal      *a;
  PetscInt        at = 0;

  MUST(VecGetArray(v, &a));
  for (PetscInt j = b->ys; j < b->ys + b->ym; j++)
    for (PetscInt i = b->xs; i < b->xs + b->xm; i++)
      for (PetscInt k = 0; k < b->nz; k++, at++) {
        const PetscReal wave =
          PetscSinReal((PetscReal)seed * 0.7 + 0.9 * (PetscReal)i + 1.7 * (PetscReal)j +
                       0.8 * (PetscReal)k * (PetscReal)(1 + seed % 3));

        a[at] = low + (high - low) * (1 + wave) / 2;
      }
  MUST(VecRestoreArray(v, &a));
}

/* Voids of any shape on the lowest layers. */
static void Roughen(NakVoids s)
{
  const PetscInt nz = s->block.nz, n = s->block.xm * s->block.ym;
  PetscReal     *a;

  Waves(s, 3, 0, 1, s->v);
  MUST(VecGetArray(s->v, &a));
  for (PetscInt c = 0; c < n; c++)
    for (PetscInt k = 4; k < nz; k++) a[c * nz + k] = 0;
  MUST(VecRestoreArray(s->v, &a));
}

/* An angle of its own for every column. */
static void Tilt(NakVoids s)
{
  for (PetscInt c = 0; c < s->block.xm * s->block.ym; c++)
    s->cosine[c] = PetscSinReal(0.3 * (PetscReal)(c + 1));
}

static void WallIsYoungs(void **state)
{
  const NakVoidsEnergy e    = NakVoidsEnergyCreate(tension, 1e-6, 1e-12);
  const PetscReal      half = 0.1e-6, h = 1e-5;

  (void)state;
  for (int m = 0; m < 6; m++)
    for (int n = 0; n < 7; n++) {
      const PetscReal    cosine = -0.95 + 0.38 * m, v = 0.05 + 0.15 * n;
      const NakVoidsWall a = NakVoidsWallCreate(&e, cosine, half, v - h);
      const NakVoidsWall b = NakVoidsWallCreate(&e, cosine, half, v + h);
      const NakVoidsWall c = NakVoidsWallCreate(&e, cosine, half, v);
      const PetscReal    d = (NakVoidsWallEnergy(&e, cosine, half, v + h) -
                           NakVoidsWallEnergy(&e, cosine, half, v - h)) /
                          (2 * h);

      assert_true(PetscAbsReal(d - c.force) < 1e-8 * tension);
      assert_true(PetscAbsReal((b.force - a.force) / (2 * h) - c.slope) < 1e-7 * tension);
      /* Young: a flat interface at this angle feels no force along the wall */
      assert_true(PetscAbsReal(e.gradient * e.steepness * c.v * (1 - c.v) * cosine - c.force) <
                  1e-12 * tension);
    }
  /* a full wall costs what Young's law says, wherever the cell's centre lies */
  assert_true(PetscAbsReal(NakVoidsWallEnergy(&e, 0.5, 0, 1) - 0.5 * tension) < 1e-14);
}

/* The surface tension and the width of the flat interface that the constants give. */
static void FlatInterfaceHasItsTension(void **state)
{
  const PetscReal      width = 1e-6, step = 1e-9;
  const NakVoidsEnergy e   = NakVoidsEnergyCreate(tension, width, 1e-12);
  PetscReal            sum = 0, friction = 0, ten = 0, ninety = 0;

  (void)state;
  for (int n = 0; n < 10000; n++) {
    const PetscReal x = -5e-6 + step * n;
    const PetscReal v = 1 / (1 + PetscExpReal(-e.steepness * x)), slope = e.steepness * v * (1 - v);

    sum += step * (e.gradient / 2 * slope * slope + e.well * NakVoidsWell(v).value);
    friction += step * e.friction * slope * slope;
    if (v < 0.1) ten = x;
    if (v < 0.9) ninety = x;
  }
  assert_true(PetscAbsReal(sum / tension - 1) < 1e-6);
  assert_true(PetscAbsReal((ninety - ten) / width - 1) < 2e-3);
  assert_true(PetscAbsReal(tension / friction / 1e-12 - 1) < 1e-6); /* speed over curvature */
}

static void CheckDerivatives(NakGridParams grid)
{
  const PetscReal h = 1e-6, shift = 0.7;
  Case            c = Create(grid, Params());
  NakVoids        s = c.voids;
  Vec             v, d, at, dot, F[2], product;
  PetscReal       energy[2], work, error, size;

  MUST(VecDuplicate(s->v, &v));
  MUST(VecDuplicate(v, &d));
  MUST(VecDuplicate(v, &at));
  MUST(VecDuplicate(v, &dot));
  MUST(VecDuplicate(v, &product));
  Tilt(s);
  Waves(s, 1, 0.02, 0.97, v);
  Waves(s, 2, -1, 1, d);
  for (int side = 0; side < 2; side++) {
    MUST(VecDuplicate(v, &F[side]));
    MUST(VecWAXPY(at, side == 0 ? h : -h, d, v));
    MUST(NakVoidsFree(s, at, &energy[side]));
    MUST(VecCopy(at, dot));
    MUST(VecScale(dot, shift));
    MUST(NakVoidsResidual(s, at, dot, F[side]));
  }
  MUST(VecAXPY(F[0], -1, F[1]));
  MUST(VecScale(F[0], 1 / (2 * h)));
  MUST(NakVoidsLinearise(s, v, shift));
  MUST(MatMult(s->jacobian, d, product));
  MUST(VecNorm(product, NORM_INFINITY, &size));
  MUST(VecAXPY(product, -1, F[0]));
  MUST(VecNorm(product, NORM_INFINITY, &error));
  assert_true(error < 1e-7 * size);
  MUST(VecSet(dot, 0));
  MUST(NakVoidsResidual(s, v, dot, F[0])); /* dF/dv over volume and friction */
  MUST(VecDot(F[0], d, &work));
  work *= s->energy.friction * s->area * s->height[0];
  assert_true(PetscAbsReal((energy[0] - energy[1]) / (2 * h) - work) < 1e-6 * PetscAbsReal(work));
  MUST(VecDestroy(&v));
  MUST(VecDestroy(&d));
  MUST(VecDestroy(&at));
  MUST(VecDestroy(&dot));
  MUST(VecDestroy(&product));
  for (int side = 0; side < 2; side++) MUST(VecDestroy(&F[side]));
  Destroy(&c);
}

static void DerivativesMatchDifferences(void **state)
{
  (void)state;
  CheckDerivatives(Grid(12, 1, 6));
  CheckDerivatives(Grid(8, 6, 5));
}

static PetscReal Gas(const NakVoids s)
{
  PetscReal gas = 0;

  for (PetscInt k = 0; k < s->gas.n; k++) gas += s->gas.amount[k];
  return gas;
}

/* Without a drive the free energy never rises, v stays in [0, 1], and gas is kept but for what dissolves. */
static void CheckDescent(PetscReal dissolution)
{
  NakVoidsParams p = Params();
  Case           c;
  PetscReal      last = PETSC_MAX_REAL, gas, low, high;
  NakVoidsDrive *rest;
  NakVoidsReport report;

  p.contact_angle = 120 * degree;
  p.dissolution   = dissolution;
  c               = Create(Grid(40, 1, 12), p);
  if (dissolution == 0) Roughen(c.voids); /* far from rest; else stay above the liquid's pressure */
  MUST(PetscCalloc1(c.voids->block.xm * c.voids->block.ym, &rest));
  gas = Gas(c.voids);
  for (int step = 0; step < 40; step++) {
    MUST(NakVoidsStep(c.voids, 0.01 * (1 + step), rest));
    MUST(NakVoidsMeasure(c.voids, &report));
    assert_true(report.energy <= last + 1e-12 * PetscAbsReal(last));
    last = report.energy;
    MUST(VecMin(c.voids->v, NULL, &low));
    MUST(VecMax(c.voids->v, NULL, &high));
    assert_true(low >= 0 && high <= 1);
    for (PetscInt k = 0; k < c.voids->gas.n; k++) assert_true(c.voids->gas.amount[k] >= 0);
  }
  assert_true(PetscAbsReal(report.gas_balance) < 1e-14);
  if (dissolution == 0)
    assert_true(report.dissolved == 0);
  else
    assert_true(dissolution > 1e-12
                  ? PetscAbsReal(report.dissolved - 1) < 1e-12 && report.count == 0
                  : report.dissolved > 0.05);
  assert_true(PetscAbsReal(Gas(c.voids) - gas * (1 - report.dissolved)) < 1e-14 * gas);
  MUST(PetscFree(rest));
  Destroy(&c);
}

static void EnergyNeverRises(void **state)
{
  (void)state;
  CheckDescent(0);
  CheckDescent(1e-13);
  CheckDescent(3e-12);
}

/* Pockets on one row of columns that lose their gas, in x or in y. */
static NakVoidsReport OneRow(PetscInt nx, PetscInt ny)
{
  NakVoidsParams p = Params();
  NakVoidsDrive *rest;
  NakVoidsReport report;
  Case           c;

  p.dissolution = 1e-13;
  c             = Create(Grid(nx, ny, 12), p);
  MUST(PetscCalloc1(c.voids->block.xm * c.voids->block.ym, &rest));
  for (int step = 0; step < 5; step++) MUST(NakVoidsStep(c.voids, 0.1, rest));
  MUST(NakVoidsMeasure(c.voids, &report));
  MUST(PetscFree(rest));
  Destroy(&c);
  return report;
}

/* A row of columns is the same in x and in y: voids are cylinders either way. */
static void RowsAreAlike(void **state)
{
  const NakVoidsReport x = OneRow(40, 1), y = OneRow(1, 40);

  (void)state;
  assert_int_equal(y.count, 2);
  assert_int_equal(x.count, y.count);
  assert_true(x.dissolved > 0.01);
  assert_true(PetscAbsReal(x.height / y.height - 1) < 1e-9);
  assert_true(PetscAbsReal(x.wetted / y.wetted - 1) < 1e-9);
  assert_true(PetscAbsReal(x.energy / y.energy - 1) < 1e-9);
  assert_true(PetscAbsReal(x.dissolved / y.dissolved - 1) < 1e-9);
}

/* A step whose stages may take no more iterations than this; whether it was taken. */
static PetscBool TakeStep(NakVoids s, PetscReal dt, PetscInt iterations)
{
  TSConvergedReason reason;
  SNES              snes;
  KSP               ksp;

  MUST(TSGetSNES(s->ts, &snes));
  MUST(SNESGetKSP(snes, &ksp));
  MUST(KSPSetTolerances(ksp, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, iterations));
  MUST(TSSetMaxTime(s->ts, dt));
  MUST(TSSetTimeStep(s->ts, dt));
  MUST(TSStep(s->ts));
  MUST(KSPSetTolerances(ksp, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 500));
  MUST(TSGetConvergedReason(s->ts, &reason));
  return (PetscBool)(reason >= 0);
}

/* A stage that is not solved leaves nothing behind: the steps after it are those without it, to the last bit. */
static void FailedSolveIsForgotten(void **state)
{
  const PetscReal dt = 0.1;
  Case            c[2];
  PetscReal       apart;

  (void)state;
  for (int k = 0; k < 2; k++) {
    c[k] = Create(Grid(40, 1, 12), Params());
    Roughen(c[k].voids);
  }
  MUST(VecCopy(c[0].voids->v, c[0].voids->before));
  assert_false(TakeStep(c[0].voids, dt, 1));
  MUST(VecCopy(c[0].voids->before, c[0].voids->v));
  for (int k = 0; k < 2; k++) MUST(NakVoidsIntegrate(c[k].voids, dt));
  assert_int_equal(c[0].voids->steps, c[1].voids->steps);
  MUST(VecAXPY(c[0].voids->v, -1, c[1].voids->v));
  MUST(VecNorm(c[0].voids->v, NORM_INFINITY, &apart));
  assert_true(apart == 0);
  for (int k = 0; k < 2; k++) Destroy(&c[k]);
}

/* A column stripped empty everywhere: what comes of it on some ranks. */
static NakVoidsReport Strip(MPI_Comm comm)
{
  NakVoidsParams p = Params();
  NakVoidsReport report;
  NakVoidsDrive *drive;
  Case           c;
  PetscInt       n;

  p.pockets        = 1;
  p.arrangement    = NAK_POCKETS_RANDOM;
  p.nucleation     = 1e10;
  p.depleted_angle = 110 * degree;
  p.radius         = 0.5e-6;
  c                = CreateOn(comm, Grid(24, 16, 12), p);
  n                = c.voids->block.xm * c.voids->block.ym;
  MUST(PetscMalloc1(n, &drive));
  for (PetscInt k = 0; k < n; k++) drive[k] = (NakVoidsDrive){.u = 0.3, .load = 1};
  for (int step = 0; step < 12; step++) MUST(NakVoidsStep(c.voids, 2, drive));
  MUST(NakVoidsMeasure(c.voids, &report));
  MUST(PetscFree(drive));
  Destroy(&c);
  return report;
}

static void NucleiDoNotDependOnRanks(void **state)
{
  const NakVoidsReport all = Strip(PETSC_COMM_WORLD), one = Strip(PETSC_COMM_SELF);

  (void)state;
  assert_int_equal(all.count, one.count);
  assert_int_equal(all.formed, one.formed);
  assert_true(all.formed > 3);
  print_message("%d of %d voids, wetted %g, height %g nm\n", (int)all.count, (int)all.formed,
                (double)all.wetted, 1e9 * (double)all.height);
  assert_true(all.wetted < 0.95 && all.wetted > 0.1);
  assert_true(PetscAbsReal(all.wetted - one.wetted) < 1e-7);
  assert_true(PetscAbsReal(all.height / one.height - 1) < 1e-7);
}

/* Nuclei are as many as the rate says, within the scatter of their number. */
static void NucleiComeAtTheirRate(void **state)
{
  const PetscReal dt = 0.05, area = 64e-12;
  NakVoidsParams  p = Params();
  NakVoidsReport  report;
  NakVoidsDrive  *drive;
  PetscReal       expected = 0;
  PetscInt        n;
  Case            c;

  (void)state;
  p.pockets    = 0;
  p.nucleation = 1e12;
  p.radius     = 0.3e-6;
  p.mobility   = 1e-22; /* what has formed stays as it is */
  c            = Create(Grid(32, 32, 8), p);
  n            = c.voids->block.xm * c.voids->block.ym;
  MUST(PetscMalloc1(n, &drive));
  for (PetscInt k = 0; k < n; k++) drive[k] = (NakVoidsDrive){.u = 0, .load = 1};
  for (int step = 0; step < 20; step++) {
    MUST(NakVoidsMeasure(c.voids, &report));
    expected += p.nucleation * area * report.wetted * dt;
    MUST(NakVoidsStep(c.voids, dt, drive));
  }
  MUST(NakVoidsMeasure(c.voids, &report));
  assert_true(expected > 40);
  assert_true(PetscAbsReal((PetscReal)report.formed - expected) < 3 * PetscSqrtReal(expected));
  MUST(PetscFree(drive));
  Destroy(&c);
}

static void CoarseGridIsRefused(void **state)
{
  NakVoidsParams p    = Params();
  NakGridParams  grid = Grid(16, 1, 4);
  NakState       cell;
  NakVoids       voids;

  (void)state;
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  MUST(NakStateCreate(PETSC_COMM_WORLD, &grid, 0, 37e-9, 1e-3, &cell));
  p.width = 0.9e-6; /* less than four columns */
  assert_int_equal(NakVoidsCreate(cell, &p, tension, &voids), PETSC_ERR_USER_INPUT);
  assert_null(voids);
  MUST(NakStateDestroy(&cell));
  MUST(PetscPopErrorHandler());
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(WallIsYoungs),
    cmocka_unit_test(FlatInterfaceHasItsTension),
    cmocka_unit_test(DerivativesMatchDifferences),
    cmocka_unit_test(EnergyNeverRises),
    cmocka_unit_test(FailedSolveIsForgotten),
    cmocka_unit_test(RowsAreAlike),
    cmocka_unit_test(NucleiDoNotDependOnRanks),
    cmocka_unit_test(NucleiComeAtTheirRate),
    cmocka_unit_test(CoarseGridIsRefused),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() || failed;
}
