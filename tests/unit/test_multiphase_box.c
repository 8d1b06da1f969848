/* The box of phases: how a nucleus takes its place among others, and what its frames show.  Run on 1, 2 and 3
   ranks. */
#include "multiphase_impl.h"

#include <string.h>

#include "material_fixture.h"
#include "nak_test.h"

enum { NX = 12, NY = 8, NZ = 6 };

static NakMixParams Params(PetscBool voids)
{
  const PetscReal h = 1e-7;

  return (NakMixParams){
    .alloy             = {.potassium = {.value = 0.8}, .temperature = 285},
    .material          = *NaK(),
    .n                 = { NX,                         NY,                 NZ},
    .size              = { NX * h,                     NY * h,             NZ * h},
    .vertical          = NAK_MIX_CLOSED,
    .width             = 4 * h,
    .liquid_share      = 0.3,
    .solid_mobility    = 1e-10,
    .void_mobility     = 1e-8,
    .solid_diffusivity = 1e-11,
    .grains_b          = 2,
    .voids             = voids,
    .angle_b           = 90,
    .angle_void        = 90,
    .tolerance         = 0.02,
    .first_step        = 1e-7,
    .shortest_step     = 1e-14,
    .longest_step      = 1,
  };
}

/* A third of the first grain everywhere, at one potential. */
static void FillThird(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)ctx, (void)at;
  u[0] = -0.6;
  u[1] = 0.3;
  u[2] = 0;
}

/* What is there gives way by the share that the nucleus takes. */
static void NucleiTakeTheirShare(void **unused)
{
  const NakMixParams p      = Params(PETSC_FALSE);
  const PetscReal    centre = 5.5e-7, radius = 2e-7;
  const PetscReal    at[3] = {centre, 3.5e-7, 2.5e-7}; /* of a cell */
  NakMixBox          box;
  DM                 dm;
  Vec                U;
  PetscReal      ****u;
  PetscInt           x, y, z, nx, ny, nz;

  (void)unused;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillThird, NULL));
  MUST(NakMixBoxInsert(box, 2, at, radius));
  MUST(NakMixBoxState(box, &dm, &U));
  MUST(DMDAGetCorners(dm, &x, &y, &z, &nx, &ny, &nz));
  MUST(DMDAVecGetArrayDOFRead(dm, U, &u));
  if (y <= 3 && y + ny > 3 && z <= 2 && z + nz > 2)
    for (PetscInt i = x; i < x + nx; i++) {
      const PetscReal far   = 1e-7 * (PetscReal)PetscAbsInt(i - 5);
      const PetscReal r     = PetscMin(far, NX * 1e-7 - far);
      const PetscReal share = 1 / (1 + PetscExpReal(4 * (r - radius) / box->mix.width));

      AssertNear("the nucleus", u[2][3][i][2], share, 1e-12);
      AssertNear("the other", u[2][3][i][1], 0.3 * (1 - share), 1e-12);
    }
  MUST(DMDAVecRestoreArrayDOFRead(dm, U, &u));
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* Liquid, and void in one half, whose potential tells every cell apart. */
static void FillWaves(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)ctx;
  u[0] = -0.6 + 1e5 * at[0] - 2e5 * at[1] + 3e5 * at[2];
  u[1] = u[2] = 0;
  u[3]        = at[0] > 6e-7 ? 1 : 0;
}

/* What is left in a void is liquid of the same potential, and so the fields x of both are those of the liquid. */
static void CompositionIsTheLiquids(void **unused)
{
  const NakMixParams p = Params(PETSC_TRUE);
  NakMixBox          box;
  NakFrame           frame;
  PetscReal         *values;

  (void)unused;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillWaves, NULL));
  MUST(NakMixBoxFrame(box, &frame));
  MUST(PetscMalloc1(frame.xm * frame.ym * NZ, &values));
  for (PetscInt f = 0; f < frame.count; f++) {
    if (strcmp(frame.fields[f].name, "x") != 0) continue;
    MUST(frame.fill(frame.ctx, f, values));
    for (PetscInt n = 0; n < frame.xm * frame.ym * NZ; n++) {
      const PetscInt  i = frame.xs + n % frame.xm, j = frame.ys + n / frame.xm % frame.ym;
      const PetscReal at[3] = {1e-7 * ((PetscReal)i + 0.5), 1e-7 * ((PetscReal)j + 0.5),
                               1e-7 * ((PetscReal)(n / (frame.xm * frame.ym)) + 0.5)};
      PetscReal       u[4];

      FillWaves(NULL, at, u);
      AssertNear("x", values[n],
                 NakBranchAt(&box->mix.branch[NAK_BODY_LIQUID], box->mix.RT * u[0]).x, 1e-9);
    }
  }
  MUST(PetscFree(values));
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* ---- Steps ---- */

/* Liquid whose composition levels out, and grains that meet. */
static void FillUneven(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)ctx;
  u[0] = -0.6 + 0.2 * PetscSinReal(at[0] * 2 * PETSC_PI / (NX * 1e-7)) + 1e5 * at[2];
  u[1] = 0.5 + 0.3 * PetscCosReal(at[1] * 2 * PETSC_PI / (NY * 1e-7));
  u[2] = 0;
}

/* Largest distance of order parameters, and of mole fractions that distances of mu mean at U. */
static PetscReal Distance(NakMixBox box, Vec U, Vec V)
{
  const PetscReal *u, *v;
  PetscReal        most = 0;
  PetscInt         size;

  MUST(VecGetLocalSize(U, &size));
  MUST(VecGetArrayRead(U, &u));
  MUST(VecGetArrayRead(V, &v));
  for (PetscInt i = 0; i < size; i++) {
    const PetscReal slope = i % 3 > 0 ? 1 : NakMixAt(&box->mix, u + i).dX[0];

    most = PetscMax(most, PetscAbsReal(slope * (u[i] - v[i])));
  }
  MUST(VecRestoreArrayRead(U, &u));
  MUST(VecRestoreArrayRead(V, &v));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  return most;
}

/* The prediction is the line through the two states before; an error is what implicit Euler's is of its distance
   from there, dt / (dt + last dt), over the tolerance; the next step is as much longer as the root of that
   allows, with a fifth to spare, and at most twice as long. */
static void StepsFollowTheirErrors(void **unused)
{
  enum { STEPS = 8 };
  const NakMixParams p = Params(PETSC_FALSE);
  NakMixBox          box;
  DM                 dm;
  Vec                U, past[2], line;
  PetscReal          last = 0, time = 0;
  int                between = 0;

  (void)unused;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillUneven, NULL));
  MUST(NakMixBoxState(box, &dm, &U));
  for (int k = 0; k < 2; k++) MUST(VecDuplicate(U, &past[k]));
  MUST(VecDuplicate(U, &line));
  MUST(VecCopy(U, past[0]));
  for (int step = 0; step < STEPS; step++) {
    PetscReal dt, growth = 2;

    MUST(NakMixBoxStep(box, 1));
    dt = box->integrator.time - time;
    if (step == 0) {
      AssertRelative("first", dt, 1e-7, 1e-14);
    } else {
      const PetscReal r = dt / last;
      PetscReal       error, off;

      MUST(VecWAXPY(line, -r / (1 + r), past[1], past[0]));
      MUST(VecScale(line, 1 + r));
      MUST(VecAXPY(line, -1, box->predicted));
      MUST(VecNorm(line, NORM_INFINITY, &off));
      AssertNear("line", off, 0, 1e-12);
      error  = r / (r + 1) * Distance(box, U, box->predicted) / 0.02;
      growth = 0.8 / PetscSqrtReal(error);
      assert_true(error > 0 && error <= 1);
    }
    between += growth > 0.2 && growth < 2;
    AssertRelative("next", box->integrator.next, dt * PetscMin(2, growth), 1e-8);
    MUST(VecCopy(past[0], past[1]));
    MUST(VecCopy(U, past[0]));
    last = dt;
    time = box->integrator.time;
  }
  assert_true(between > 1);
  assert_int_equal(box->integrator.steps, STEPS);
  for (int k = 0; k < 2; k++) MUST(VecDestroy(&past[k]));
  MUST(VecDestroy(&line));
  MUST_DESTROY(NakMixBoxDestroy, box);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(StepsFollowTheirErrors),
  cmocka_unit_test(NucleiTakeTheirShare),
  cmocka_unit_test(CompositionIsTheLiquids),
};

NAK_TEST_MAIN(tests)
