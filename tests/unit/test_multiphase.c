/* Several phases at a point: every derivative against differences, limits against the alloy's own
   functions. */
#include "multiphase_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "material_fixture.h"

enum { PHASES = 5 };

static void AssertNear(const char *what, PetscReal a, PetscReal b, PetscReal tolerance)
{
  if (!(PetscAbsReal(a - b) <= tolerance * (1 + PetscAbsReal(b))))
    fail_msg("%s: %.12g is not %.12g within %g", what, (double)a, (double)b, (double)tolerance);
}

/* Liquid, two grains of solid K, solid Na and void. */
static NakMix MakeMix(void)
{
  const NakAlloy alloy = NaKAt(290);
  NakMix         m     = {
                .n = PHASES,
                .body = {NAK_BODY_LIQUID, NAK_BODY_SOLID_B, NAK_BODY_SOLID_B, NAK_BODY_SOLID_A, NAK_BODY_VOID},
                .RT          = alloy.solid.RT,
                .volume      = 4e-5,
                .width       = 5e-7,
                .share       = {3e-3,            6.7e-3,           6.7e-3,           13.7e-3,          0.127        },
                .barrier     = 0.5,
                .mobility    = {PETSC_INFINITY,  1e-10,            1e-10,            1e-10,            1e-8         },
                .wall        = {0,               1e-3,             1e-3,             0,                -5e-2        },
                .diffusivity = {1.2e-9,          1e-11,            2e-11,            1.2e-9          },
                .anisotropy  = {0,           1e-9,             1e-9,             2e-9,                0             },
                .fourfold    = 0.03,
                .tilt        = {0,            0.3,                0,                0,                0},
                .void_x      = 0.2,
                .pressure    = 700
  };

  for (int b = 0; b < NAK_BODIES; b++) m.used[b] = PETSC_TRUE;
  m.branch[NAK_BODY_LIQUID]  = NakThermoBranch(&alloy.liquid, 0, 1);
  m.branch[NAK_BODY_SOLID_B] = NakThermoBranch(&alloy.solid, 0, 0.1);
  m.branch[NAK_BODY_SOLID_A] = NakThermoBranch(&alloy.solid, 1, 0.9);
  return m;
}

static const PetscReal states[][PHASES] = {
  {-0.6, 0.2,  0.1,   0.3,   0.15 },
  {-1.4, 0.9,  0.03,  0.01,  0.02 },
  {0.4,  0.1,  0.01,  0.002, 0.6  },
  {-0.2, 0.01, 0.02,  0.005, 0.001},
  {-0.9, 0.4,  -0.02, 0.05,  0.6  },
};
enum { STATES = sizeof states / sizeof states[0] };

/* The quantity `which` of a point, in a row for differences: X, mobility, voids, then the drives. */
static PetscReal Quantity(const NakMix *m, const PetscReal u[], int which)
{
  const NakMixPoint p = NakMixAt(m, u);

  if (which == 0) return p.X;
  if (which == 1) return p.mobility;
  if (which == 2) return p.voids;
  return p.drive[which - 2];
}

static PetscReal Derivative(const NakMixPoint *p, int which, int l)
{
  if (which == 0) return p->dX[l];
  if (which == 1) return p->dmobility[l];
  if (which == 2) return p->dvoids[l];
  return p->ddrive[which - 2][l];
}

static void Derivatives(void **unused)
{
  const NakMix m = MakeMix();

  (void)unused;
  for (int s = 0; s < STATES; s++)
    for (int which = 0; which < 2 + PHASES; which++) {
      const NakMixPoint p     = NakMixAt(&m, states[s]);
      const PetscReal   scale = which < 1 ? 1 : which == 1 ? 1e-9 : which == 2 ? 1 : 1e7;

      for (int l = 0; l < PHASES; l++) {
        const PetscReal h = 1e-5;
        PetscReal       up[PHASES], down[PHASES];

        for (int k = 0; k < PHASES; k++) up[k] = down[k] = states[s][k];
        up[l] += h;
        down[l] -= h;
        AssertNear("derivative",
                   (Quantity(&m, up, which) - Quantity(&m, down, which)) / (2 * h * scale),
                   Derivative(&p, which, l) / scale, 1e-7);
      }
    }
}

/* The drives are the derivatives of the energy at a composition that does not change. */
static void DrivesFromTheEnergy(void **unused)
{
  const NakMix m = MakeMix();

  (void)unused;
  for (int s = 0; s < STATES; s++) {
    const NakMixPoint p = NakMixAt(&m, states[s]);

    for (int l = 1; l < PHASES; l++) {
      const PetscReal h = 1e-5;
      PetscReal       energy[2];

      for (int side = 0; side < 2; side++) {
        PetscReal u[PHASES];

        for (int k = 0; k < PHASES; k++) u[k] = states[s][k];
        u[l] += side == 0 ? -h : h;
        u[0]         = NakMixPotential(&m, u, p.X);
        energy[side] = NakMixAt(&m, u).energy + m.pressure / m.volume * NakMixAt(&m, u).voids;
      }
      AssertNear("drive", (energy[1] - energy[0]) / (2 * h) / 1e7, p.drive[l] / 1e7, 2e-6);
    }
  }
}

/* A pure phase has the composition that the alloy's own functions give, and nothing drives it off. */
static void PurePhases(void **unused)
{
  const NakMix    m     = MakeMix();
  const NakAlloy  alloy = NaKAt(290);
  const PetscReal x     = 0.37;
  const PetscReal mu = (NakSolutionMuA(&alloy.liquid, x) - NakSolutionMuB(&alloy.liquid, x)) / m.RT;
  const PetscReal liquid[PHASES] = {mu, 0, 0, 0, 0}, grain[PHASES] = {mu, 0, 1, 0, 0};

  (void)unused;
  AssertNear("X", NakMixAt(&m, liquid).X, x, 1e-12);
  AssertNear("energy", NakMixAt(&m, liquid).energy * m.volume, NakSolutionEnergy(&alloy.liquid, x),
             1e-8);
  for (int k = 1; k < PHASES; k++) {
    AssertNear("drive in the liquid", NakMixAt(&m, liquid).drive[k], 0, 1e-20);
    AssertNear("drive in a grain", NakMixAt(&m, grain).drive[k], 0, 1e-20);
  }
  AssertNear("potential", NakMixPotential(&m, (PetscReal[PHASES]){0.1, 0, 0, 0, 0}, x), mu, 1e-12);
  assert_true(PetscIsInfOrNanReal(NakMixPotential(&m, liquid, 1.01)));
}

/* At the interface of two phases nothing moves a third one; the rates are symmetric and not negative. */
static void NoThirdPhase(void **unused)
{
  const NakMix m = MakeMix();
  PetscReal    L[NAK_MIX_MOST][NAK_MIX_MOST];

  (void)unused;
  for (PetscReal p = 0.05; p < 1; p += 0.05) {
    const PetscReal   u[PHASES] = {-1, p, 0, 0, 0};
    const NakMixPoint at        = NakMixAt(&m, u);

    NakMixRates(&m, (PetscReal[PHASES]){1 - p, p, 0, 0, 0}, L);
    assert_true(PetscAbsReal(at.drive[1]) > 1e3);
    for (int k = 2; k < PHASES; k++) {
      PetscReal rate = 0;

      for (int l = 1; l < PHASES; l++) rate += L[k][l] * at.drive[l];
      assert_true(rate == 0);
    }
  }
  for (int s = 0; s < STATES; s++) {
    NakMixRates(&m, (PetscReal[PHASES]){0.3, PetscAbsReal(states[s][1]), 0.2, 1e-3, 1e-9}, L);
    for (int k = 1; k < PHASES; k++) {
      PetscReal sum = 0; /* a matrix that its diagonal dominates */

      for (int l = 1; l < PHASES; l++) {
        assert_true(L[k][l] == L[l][k]);
        sum += L[k][l];
      }
      assert_true(sum >= -1e-12 * L[k][k] && L[k][k] > 0);
    }
  }
}

static void Anisotropy(void **unused)
{
  const NakMix    m       = MakeMix();
  PetscReal       p[3]    = {3e5, -7e5, 4e5};
  const PetscReal line[3] = {PetscCosReal(0.25) * 2e6, 0, PetscSinReal(0.25) * 2e6};
  PetscReal       first[3], second[3][3], a = 1 + 0.03 * PetscCosReal(4 * 0.25);

  (void)unused;
  AssertNear("in the plane", NakMixAnisotropy(&m, 2, line, first, second) / 4e3, (a * a - 1), 1e-4);
  (void)NakMixAnisotropy(&m, 1, p, first, second);
  for (int i = 0; i < 3; i++) {
    const PetscReal h = 10;
    PetscReal       up[3], down[3], bend[3][3], high, low, old = p[i];

    p[i] = old + h;
    high = NakMixAnisotropy(&m, 1, p, up, bend);
    p[i] = old - h;
    low  = NakMixAnisotropy(&m, 1, p, down, bend);
    p[i] = old;
    AssertNear("first", (high - low) / (2 * h) / 1e-4, first[i] / 1e-4, 1e-7);
    for (int j = 0; j < 3; j++)
      AssertNear("second", (up[j] - down[j]) / (2 * h) / 1e-9, second[j][i] / 1e-9, 1e-7);
  }
}

/* ---- The box ---- */

static NakMixParams BoxParams(PetscInt nx, PetscInt ny, PetscInt nz)
{
  const PetscReal h = 1e-7;

  return (NakMixParams){
    .alloy             = {.potassium = {.value = 0.8}, .temperature = 285},
    .material          = *NaK(),
    .n                 = { nx,                         ny,                 nz},
    .size              = { h * (PetscReal)nx,          h * (PetscReal)ny,  h * (PetscReal)nz},
    .lateral           = NAK_MIX_PERIODIC,
    .vertical          = NAK_MIX_CLOSED,
    .width             = 4 * h,
    .liquid_share      = 0.3,
    .fourfold          = 0.04,
    .solid_mobility    = 1e-10,
    .void_mobility     = 1e-8,
    .solid_diffusivity = 1e-11,
    .grains_b          = 2,
    .grains_a          = 1,
    .voids             = PETSC_TRUE,
    .angle_b           = 60,
    .angle_a           = 90,
    .angle_void        = 120,
    .current           = 1e4,
    .seed              = 7,
    .tolerance         = 0.02,
    .first_step        = 1e-7,
    .shortest_step     = 1e-14,
    .longest_step      = 1,
  };
}

/* Something of everything, in every cell. */
static void FillAll(void *ctx, const PetscReal at[3], PetscReal u[])
{
  const PetscReal s = 1e7 / 3;

  (void)ctx;
  u[0] = -1.5 + 0.3 * PetscSinReal(s * (at[0] + 2 * at[1] + at[2]));
  for (int k = 1; k < PHASES; k++)
    u[k] = 0.2 + 0.15 * PetscSinReal(s * (at[0] - at[1]) * k + k + s * at[2]);
}

static void Shift(Vec to, Vec from, Vec direction, PetscReal h)
{
  assert_int_equal(VecWAXPY(to, h, direction, from), 0);
}

static void JacobianOf(PetscInt nx, PetscInt ny, PetscInt nz)
{
  const NakMixParams params = BoxParams(nx, ny, nz);
  const PetscReal    dt = 1e-6, h = 1e-6;
  NakMixBox          box;
  DM                 dm;
  Vec                U, V, R[2], d, product;
  Mat                J;
  PetscRandom        random;
  PetscReal          difference, size;

  assert_int_equal(NakMixBoxCreate(PETSC_COMM_WORLD, &params, &box), 0);
  assert_int_equal(NakMixBoxFill(box, FillAll, NULL), 0);
  assert_int_equal(NakMixBoxState(box, &dm, &U), 0);
  assert_int_equal(DMCreateMatrix(dm, &J), 0);
  for (int k = 0; k < 2; k++) assert_int_equal(VecDuplicate(U, &R[k]), 0);
  assert_int_equal(VecDuplicate(U, &V), 0);
  assert_int_equal(VecDuplicate(U, &d), 0);
  assert_int_equal(VecDuplicate(U, &product), 0);
  assert_int_equal(PetscRandomCreate(PETSC_COMM_WORLD, &random), 0);
  assert_int_equal(VecSetRandom(d, random), 0);
  assert_int_equal(NakMixBoxSystem(box, dt, U, product, J), 0);
  assert_int_equal(MatMult(J, d, product), 0);
  for (int k = 0; k < 2; k++) {
    Shift(V, U, d, k == 0 ? -h : h);
    assert_int_equal(NakMixBoxSystem(box, dt, V, R[k], NULL), 0);
  }
  assert_int_equal(VecAXPY(R[1], -1, R[0]), 0);
  assert_int_equal(VecScale(R[1], 1 / (2 * h)), 0);
  for (PetscInt k = 0; k < PHASES; k++) {
    assert_int_equal(VecStrideNorm(product, k, NORM_INFINITY, &size), 0);
    assert_int_equal(VecStrideNorm(R[1], k, NORM_INFINITY, &difference), 0);
    assert_true(size > 1e-3);
  }
  assert_int_equal(VecAXPY(product, -1, R[1]), 0);
  for (PetscInt k = 0; k < PHASES; k++) {
    assert_int_equal(VecStrideNorm(R[1], k, NORM_INFINITY, &size), 0);
    assert_int_equal(VecStrideNorm(product, k, NORM_INFINITY, &difference), 0);
    AssertNear("Jacobian", difference / size, 0, 1e-7);
  }
  for (int k = 0; k < 2; k++) assert_int_equal(VecDestroy(&R[k]), 0);
  assert_int_equal(VecDestroy(&V), 0);
  assert_int_equal(VecDestroy(&d), 0);
  assert_int_equal(VecDestroy(&product), 0);
  assert_int_equal(MatDestroy(&J), 0);
  assert_int_equal(PetscRandomDestroy(&random), 0);
  assert_int_equal(NakMixBoxDestroy(&box), 0);
}

static void Jacobian(void **unused)
{
  (void)unused;
  JacobianOf(5, 4, 6);
  JacobianOf(6, 1, 5);
}

/* The same nuclei and the same history on any ranks: all of them against this one alone. */
static NakMixRecord History(MPI_Comm comm)
{
  NakMixParams p = BoxParams(24, 3, 6);
  NakMixBox    box;
  NakMixRecord r = {.time = 0};

  p.voids                 = PETSC_FALSE;
  p.void_radius           = 0;
  p.current               = 0;
  p.nuclei                = 1;
  p.nucleus_radius        = 1.5e-7;
  p.angle_b               = 20; /* else the barrier is too high */
  p.wall_sites            = 1e25;
  p.bulk_sites            = 1e25;
  p.interval              = 2e-5;
  p.end                   = 6e-5;
  p.grains_a              = 0;
  p.first_step            = 2e-6;
  p.alloy.potassium.value = 0.9;
  assert_int_equal(NakMixBoxCreate(comm, &p, &box), 0);
  assert_int_equal(NakMixBoxSeed(box), 0);
  while (r.time < p.end) {
    assert_int_equal(NakMixBoxStep(box, p.end), 0);
    assert_int_equal(NakMixBoxMeasure(box, &r), 0);
  }
  assert_int_equal(NakMixBoxDestroy(&box), 0);
  return r;
}

static void SameOnAnyRanks(void **unused)
{
  const NakMixRecord all = History(PETSC_COMM_WORLD), one = History(PETSC_COMM_SELF);

  (void)unused;
  assert_true(one.nuclei >= 2);
  assert_int_equal(all.nuclei, one.nuclei);
  assert_int_equal(all.steps, one.steps);
  AssertNear("energy", all.energy / one.energy, 1, 1e-9);
  AssertNear("solid K", all.share[NAK_BODY_SOLID_B] / one.share[NAK_BODY_SOLID_B], 1, 1e-6);
  AssertNear("balance of A", all.a_balance, 0, 1e-10);
  AssertNear("balance of B", all.b_balance, 0, 1e-10);
}

/* A nucleus conserves both metals to rounding, wherever it lies and whatever it meets. */
static void NucleusConserves(void **unused)
{
  NakMixParams p = BoxParams(12, 1, 12);
  NakMixBox    box;
  NakMixRecord before, after;

  (void)unused;
  p.void_radius = 3e-7;
  assert_int_equal(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box), 0);
  assert_int_equal(NakMixBoxMeasure(box, &before), 0);
  for (int k = 1; k < 3; k++) {
    const PetscReal at[3] = {4e-7 * k, 0, 6e-7};

    assert_int_equal(NakMixBoxInsert(box, k, at, 2e-7), 0);
  }
  assert_int_equal(NakMixBoxMeasure(box, &after), 0);
  assert_true(after.share[NAK_BODY_SOLID_B] > 0.01);
  AssertNear("A", after.a / before.a, 1, 1e-13);
  AssertNear("B", after.b / before.b, 1, 1e-13);
  assert_int_equal(NakMixBoxDestroy(&box), 0);
}

/* All linear iterations are counted: those that hold the volume of a void, too. */
static void CountsIterations(void **unused)
{
  NakMixParams p = BoxParams(12, 1, 12);
  NakMixBox    box;
  NakMixRecord r;
  PetscInt     all;

  (void)unused;
  p.void_radius = 3e-7;
  assert_int_equal(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box), 0);
  assert_int_equal(NakMixBoxStep(box, 1), 0);
  assert_int_equal(NakMixBoxMeasure(box, &r), 0);
  assert_int_equal(KSPGetTotalIterations(box->ksp, &all), 0);
  assert_true(r.linear > r.newton);
  assert_int_equal(r.linear, all);
  assert_int_equal(NakMixBoxDestroy(&box), 0);
}

/* Newton's method whose numbers are not finite ends with its first turn: here a void is to be held that is not
   there. */
static void EndsAtOnceWithoutNumbers(void **unused)
{
  const NakMixParams p = BoxParams(12, 1, 12);
  NakMixBox          box;
  NakMixRecord       r;

  (void)unused;
  assert_int_equal(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box), 0);
  assert_int_equal(PetscPushErrorHandler(PetscReturnErrorHandler, NULL), 0);
  assert_int_equal(NakMixBoxStep(box, 1), PETSC_ERR_NOT_CONVERGED);
  assert_int_equal(PetscPopErrorHandler(), 0);
  assert_int_equal(NakMixBoxMeasure(box, &r), 0);
  assert_true(r.rejected > 0);
  assert_int_equal(r.newton, r.rejected);
  assert_int_equal(NakMixBoxDestroy(&box), 0);
}

/* ---- What cannot be had ---- */

static void AssertFault(const NakMixParams *p, const char *key, const char *remedy)
{
  NakMixFault fault[NAK_MIX_FAULTS];

  if (NakMixFaults(p, fault) != 1 || strcmp(fault[0].key, key) != 0 ||
      strstr(fault[0].text, remedy) == NULL)
    fail_msg("not one fault of %s that says '%s', but '%s'", key, remedy, fault[0].text);
}

static void Faults(void **unused)
{
  const NakMixParams good = BoxParams(24, 1, 24);
  NakMixFault        fault[NAK_MIX_FAULTS];
  NakMixParams       p;

  (void)unused;
  assert_int_equal(NakMixFaults(&good, fault), 0);
  p      = good;
  p.n[1] = 2;
  AssertFault(&p, "microstructure.ny", "3 are the least");
  p       = good;
  p.width = 1.9e-7;
  AssertFault(&p, "microstructure.nx", "raise microstructure.nx to 51");
  p          = good;
  p.grains_b = p.grains_a = 4;
  AssertFault(&p, "microstructure", "10 phases, and at most 8");
  p        = good;
  p.nuclei = 1, p.grains_b = 0;
  AssertFault(&p, "nuclei", "microstructure.grains_b is 0");
  p          = good;
  p.vertical = NAK_MIX_PERIODIC;
  AssertFault(&p, "microstructure.vertical", "no bottom");
  p             = good;
  p.void_radius = 3e-6;
  AssertFault(&p, "microstructure.void_radius", "no liquid");
  p              = good;
  p.cooling_rate = 10, p.end = 100;
  AssertFault(&p, "microstructure.cooling_rate", "march.end");
  p            = good;
  p.first_step = 2;
  AssertFault(&p, "march", "march.longest_step");
  assert_true(NakMixMemory(&good) > 1e5 && NakMixMemory(&good) < 1e8);
}

/* ---- Going on from a checkpoint ---- */

/* A bit of everything: current, a void, grains, anisotropy, cooling, nuclei in time. */
static NakMixParams BusyParams(void)
{
  NakMixParams p = BoxParams(40, 3, 5);

  p.alloy.potassium.value = 0.9;
  p.grains_a              = 0;
  p.void_radius           = 2e-7;
  p.void_height           = 3e-7;
  p.nucleus_radius        = 1.5e-7;
  p.angle_b               = 20;
  p.wall_sites            = 1e27;
  p.interval              = 1e-6;
  p.cooling_rate          = 1e5;
  p.end                   = 2e-6;
  return p;
}

/* March to the end, from the start or what is in folder `from`, and leave a checkpoint in `to` before
   the first nucleus; either may be NULL.  The last state is returned in U, which may be NULL. */
static NakMixRecord Continue(MPI_Comm comm, const char *from, const char *to, Vec *U)
{
  const NakMixParams p = BusyParams();
  NakCheckpoint      c;
  NakMixBox          box;
  NakMixRecord       r;
  DM                 dm;
  Vec                last;

  assert_int_equal(NakMixBoxCreate(comm, &p, &box), 0);
  if (from != NULL) {
    assert_int_equal(NakCheckpointOpen(comm, from, &c), 0);
    assert_int_equal(NakMixBoxCheckpoint(box, c), 0);
    assert_int_equal(NakCheckpointDestroy(&c), 0);
  } else {
    assert_int_equal(NakMixBoxSeed(box), 0);
  }
  assert_int_equal(NakMixBoxMeasure(box, &r), 0);
  assert_true(from == NULL || (r.steps > 3 && r.nuclei == 0));
  while (r.time < p.end) {
    assert_int_equal(NakMixBoxStep(box, p.end), 0);
    assert_int_equal(NakMixBoxMeasure(box, &r), 0);
    if (to == NULL || r.time < 0.3 * p.end) continue;
    assert_int_equal(NakCheckpointCreate(comm, to, &c), 0);
    assert_int_equal(NakMixBoxCheckpoint(box, c), 0);
    assert_int_equal(NakCheckpointCommit(&c, 1), 0);
    to = NULL;
  }
  assert_int_equal(NakMixBoxState(box, &dm, &last), 0);
  if (U != NULL) {
    assert_int_equal(VecDuplicate(last, U), 0);
    assert_int_equal(VecCopy(last, *U), 0);
  }
  assert_int_equal(NakMixBoxDestroy(&box), 0);
  return r;
}

static void AssertClose(const NakMixRecord *a, const NakMixRecord *b, PetscReal tolerance)
{
  assert_int_equal(a->nuclei, b->nuclei);
  AssertNear("time", a->time, b->time, 0);
  AssertNear("energy", a->energy / b->energy, 1, tolerance);
  AssertNear("solid K", a->share[NAK_BODY_SOLID_B], b->share[NAK_BODY_SOLID_B], tolerance);
  AssertNear("contact", a->contact, b->contact, tolerance);
  AssertNear("charge", a->charge, b->charge, tolerance);
  AssertNear("mu", a->mu_min / b->mu_min, 1, tolerance);
  AssertNear("pressure", a->pressure / b->pressure, 1, tolerance);
  AssertNear("balance of A", a->a_balance, 0, 1e-10);
  AssertNear("balance of B", a->b_balance, 0, 1e-10);
}

/* To the bit on the same ranks; within the solver's tolerance from all ranks to one and from one to all. */
static void GoesOnFromACheckpoint(void **unused)
{
  NakMixRecord whole, again, alone;
  Vec          U, V;
  PetscBool    same;
  PetscMPIInt  rank;
  char         folder[] = "/tmp/multiphase-XXXXXX", all[64], one[64], remove[64];

  (void)unused;
  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  if (rank == 0) assert_non_null(mkdtemp(folder));
  assert_int_equal(MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, PETSC_COMM_WORLD), 0);
  (void)snprintf(all, sizeof all, "%s/all", folder);
  (void)snprintf(one, sizeof one, "%s/one%d", folder, rank);
  (void)snprintf(remove, sizeof remove, "rm -r %s", folder);
  whole = Continue(PETSC_COMM_WORLD, NULL, all, &U);
  again = Continue(PETSC_COMM_WORLD, all, NULL, &V);
  assert_true(whole.nuclei >= 2 && whole.steps > 10);
  assert_int_equal(whole.linear, again.linear);
  assert_int_equal(VecEqual(U, V, &same), 0);
  assert_true(same);
  AssertClose(&again, &whole, 0);
  alone = Continue(PETSC_COMM_SELF, NULL, one, NULL);
  AssertClose(&alone, &whole, 1e-6);
  alone = Continue(PETSC_COMM_SELF, all, NULL, NULL);
  AssertClose(&alone, &whole, 1e-6);
  (void)snprintf(one, sizeof one, "%s/one0", folder);
  assert_int_equal(MPI_Barrier(PETSC_COMM_WORLD), 0);
  again = Continue(PETSC_COMM_WORLD, one, NULL, NULL);
  AssertClose(&again, &whole, 1e-6);
  if (rank == 0) assert_int_equal(system(remove), 0);
  assert_int_equal(VecDestroy(&U), 0);
  assert_int_equal(VecDestroy(&V), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(Derivatives),
                                     cmocka_unit_test(DrivesFromTheEnergy),
                                     cmocka_unit_test(PurePhases),
                                     cmocka_unit_test(NoThirdPhase),
                                     cmocka_unit_test(Anisotropy),
                                     cmocka_unit_test(Jacobian),
                                     cmocka_unit_test(SameOnAnyRanks),
                                     cmocka_unit_test(NucleusConserves),
                                     cmocka_unit_test(EndsAtOnceWithoutNumbers),
                                     cmocka_unit_test(CountsIterations),
                                     cmocka_unit_test(Faults),
                                     cmocka_unit_test(GoesOnFromACheckpoint)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) != 0) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() != 0 || failed != 0;
}
