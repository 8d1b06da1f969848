/* The box of phases: where nuclei come, how one takes its place among others, steps, what frames show.  Run on 1, 2 and 3
   ranks. */
#include "multiphase_impl.h"

#include <math.h>
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

/* ---- Nuclei of the start and in time ---- */

static const PetscReal sides[3] = {1e-7, 1.25e-7, 0.8e-7}; /* of a cell */

static NakMixParams OneOfEach(void)
{
  NakMixParams p = Params(PETSC_FALSE);

  p.grains_b = p.grains_a = 1;
  p.angle_b               = 60;
  p.angle_a               = 90;
  p.seed                  = 7;
  for (int d = 0; d < 3; d++) p.size[d] = (PetscReal)p.n[d] * sides[d];
  p.interval = 2e-3;
  return p;
}

/* Phase k in the cell around a place: the greatest of all ranks, of which one has it. */
static PetscReal ShareAt(NakMixBox box, PetscInt k, const PetscReal at[3])
{
  PetscReal     share = -1;
  PetscReal ****u;
  PetscInt      x, y, z, nx, ny, nz, i[3];
  DM            dm;
  Vec           U;

  for (int d = 0; d < 3; d++) i[d] = (PetscInt)(at[d] / sides[d]);
  MUST(NakMixBoxState(box, &dm, &U));
  MUST(DMDAGetCorners(dm, &x, &y, &z, &nx, &ny, &nz));
  MUST(DMDAVecGetArrayDOFRead(dm, U, &u));
  if (i[0] >= x && i[0] < x + nx && i[1] >= y && i[1] < y + ny && i[2] >= z && i[2] < z + nz)
    share = u[i[2]][i[1]][i[0]][k];
  MUST(DMDAVecRestoreArrayDOFRead(dm, U, &u));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &share, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  return share;
}

/* What a nucleus of radius R leaves at a distance. */
static PetscReal Cap(PetscReal distance, PetscReal R, PetscReal width)
{
  return 1 / (1 + PetscExpReal(4 * (distance - R) / width));
}

/* One nucleus is in the middle, several are anywhere; on the wall is at its height.  A nucleus is as large as
   interfaces are wide where nothing is said of it. */
static void SeedsHaveTheirPlaces(void **unused)
{
  const PetscReal off =
    PetscSqrtReal(1 + 1.25 * 1.25 + 0.8 * 0.8) / 2 * 1e-7; /* of a cell and the middle */

  (void)unused;
  for (int wall = 0; wall < 2; wall++)
    for (int body = 0; body < 2; body++) {
      NakMixParams p = OneOfEach();
      NakMixBox    box;
      PetscReal    at[3] = {6.5 * sides[0], 4.5 * sides[1], (wall ? 0.5 : 3.5) * sides[2]};

      p.nuclei_body    = body;
      p.nuclei_on_wall = (PetscBool)wall;
      p.nucleus_radius = body ? 2e-7 : 0;
      p.nuclei         = 1;
      MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
      MUST(NakMixBoxSeed(box));
      assert_int_equal(box->integrator.nuclei, 1);
      AssertNear("there", ShareAt(box, 1 + body, at), Cap(off, body ? 2e-7 : 4e-7, box->mix.width),
                 1e-12);
      AssertNear("the other", ShareAt(box, 2 - body, at), 0, 0);
      MUST_DESTROY(NakMixBoxDestroy, box);
    }
}

static void SeveralSeedsAreAnywhere(void **unused)
{
  enum { SEEDS = 3 };
  NakMixParams p = OneOfEach();
  NakMixBox    box;

  (void)unused;
  p.nucleus_radius = 1e-7;
  p.nuclei         = SEEDS;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxSeed(box));
  assert_int_equal(box->integrator.nuclei, SEEDS);
  for (int k = 0; k < SEEDS; k++) { /* of which none takes its place away from another */
    PetscReal at[3], centre[3], r = 0;

    for (int d = 0; d < 3; d++) {
      centre[d] = p.size[d] * NakRandomOne(7, 3 * k + d, 0, NAK_STREAM_START);
      at[d]     = sides[d] * (PetscFloorReal(centre[d] / sides[d]) + 0.5);
      r += PetscSqr(at[d] - centre[d]);
    }
    assert_true(ShareAt(box, 1, at) >= Cap(PetscSqrtReal(r), 1e-7, box->mix.width) - 1e-12);
  }
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* A liquid far from its equilibrium with a solid. */
static void FillLiquid(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)at;
  u[0] = *(const PetscReal *)ctx;
  u[1] = u[2] = 0;
}

/* The same of a box with one solid. */
static void FillOneSolid(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)at;
  u[0] = *(const PetscReal *)ctx;
  u[1] = 0;
}

/* Barrier of a sphere, or of a cap on the wall, in RT: 16 pi / 3 gamma^3 (V / gain)^2 f. */
static PetscReal Barrier(NakMixBox box, NakBody body, PetscReal u, PetscReal f)
{
  const PetscReal RT   = 8.31446261815324 * 285;
  const PetscReal gain = NakBranchAt(&box->mix.branch[NAK_BODY_LIQUID], RT * u).omega -
                         NakBranchAt(&box->mix.branch[body], RT * u).omega;
  const PetscReal gamma =
    body == NAK_BODY_SOLID_B ? NaK()->b.solid_liquid_energy : NaK()->a.solid_liquid_energy;

  assert_true(gain > 0);
  return 16 * PETSC_PI / 3 * PetscPowReal(gamma, 3) * PetscSqr(box->mix.volume / gain) * f *
         6.02214076e23 / RT;
}

/* The cell whose random number is the smallest, of those on the wall or of all, and that number. */
static PetscReal Smallest(PetscBool wall, PetscInt slot, PetscInt stream, PetscReal at[3])
{
  PetscReal least = 2;

  for (PetscInt c = 0; c < NX * NY * (wall ? 1 : NZ); c++) {
    const PetscReal r = NakRandomOne(7, c, slot, stream);

    if (r >= least) continue;
    least = r;
    at[0] = sides[0] * ((PetscReal)(c % NX) + 0.5);
    at[1] = sides[1] * ((PetscReal)(c / NX % NY) + 0.5);
    at[2] = sides[2] * ((PetscReal)(c / NX / NY) + 0.5);
  }
  return least;
}

/* Nuclei come by the classical rate.  The smallest random number of all cells is a probability.
   The first nucleus comes if rate times interval reaches what belongs to it.  With a part in a
   million less there is none. */
static void NucleiComeAtTheirRate(void **unused)
{
  static const PetscInt slot = 3;
  const PetscReal       f[]  = {5. / 32, 0.5}; /* of 60 and 90 degrees */

  (void)unused;
  for (int way = 0; way < 4; way++) {
    const PetscBool    wall = (PetscBool)(way / 2);
    const NakBody      body = way % 2 ? NAK_BODY_SOLID_A : NAK_BODY_SOLID_B;
    const NakMixParams p    = OneOfEach();
    PetscReal          u    = way % 2 ? 1 : -2, at[3], least, sites;
    NakMixBox          box;

    MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
    least = Smallest(wall, slot, 2 * (wall ? NAK_STREAM_WALL : NAK_STREAM_BULK) + way % 2 + 10, at);
    sites = -log1p(-least) / (wall ? 1.25e-14 : 1e-21) / 2e-3 *
            PetscExpReal(Barrier(box, body, u, wall ? f[way % 2] : 1));
    for (int more = 0; more < 2; more++) {
      PetscReal *const which = wall ? &box->params.wall_sites : &box->params.bulk_sites;

      *which = sites * (1 + (more ? 1e-6 : -1e-6));
      MUST(NakMixBoxFill(box, FillLiquid, &u));
      MUST(NakMixNucleate(box, slot));
      assert_int_equal(box->integrator.nuclei, more);
    }
    assert_true(ShareAt(box, 1 + way % 2, at) > 0.8);
    MUST_DESTROY(NakMixBoxDestroy, box);
  }
}

/* Liquid K has no nuclei of Na, nor liquid Na of K, however many places there are. */
static void NoNucleiOfTheOtherMetal(void **unused)
{
  (void)unused;
  for (int end = 0; end < 2; end++) {
    NakMixParams    p = OneOfEach();
    const PetscReal u = end ? 6 : -4;
    NakMixBox       box;

    p.grains_a   = end ? 0 : 1;
    p.grains_b   = end;
    p.bulk_sites = 1e60;
    MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
    MUST(NakMixBoxFill(box, FillOneSolid, (void *)&u));
    MUST(NakMixNucleate(box, 0));
    assert_int_equal(box->integrator.nuclei, 0);
    MUST_DESTROY(NakMixBoxDestroy, box);
  }
}

/* ---- The start ---- */

/* A round void over the middle, in liquid of the deck's composition; steps are no longer than rounding allows in the
   smallest cells. */
static void StartsWithItsVoid(void **unused)
{
  NakMixParams    p     = OneOfEach();
  const PetscReal at[3] = {8.5 * sides[0], 5.5 * sides[1], 4.5 * sides[2]};
  PetscReal       away, u;
  NakMixBox       box;

  (void)unused;
  p.void_radius  = 2.5e-7;
  p.void_height  = 2e-7;
  p.longest_step = 1e9;
  away           = PetscSqrtReal(PetscSqr(2.5 * sides[0]) + PetscSqr(1.5 * sides[1]) +
                                 PetscSqr(4.5 * sides[2] - 2e-7));
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  AssertRelative("void", ShareAt(box, 3, at), Cap(away, 2.5e-7, 4e-7), 1e-12);
  AssertNear("no K", ShareAt(box, 1, at), 0, 0);
  MUST(VecStrideMin(box->U, 0, NULL, &u));
  AssertNear("composition",
             NakBranchAt(&box->mix.branch[NAK_BODY_LIQUID], NAK_GAS_CONSTANT * 285 * u).x, 0.2,
             1e-9);
  AssertRelative("longest", box->longest, 1e6 * PetscSqr(0.8e-7) / NaK()->diffusivity, 1e-12);
  AssertRelative("next", box->integrator.next, 1e-7, 1e-14);
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* ---- What is measured ---- */

/* Something of each of a grain of both solids and a void, in every cell; most of it differs. */
static void FillSome(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)ctx;
  u[0] = -1.2 + 0.3 * PetscSinReal(3e6 * (at[0] + 2 * at[1] + at[2]));
  for (int k = 1; k < 4; k++)
    u[k] = 0.2 + 0.15 * PetscSinReal(3e6 * (at[0] - at[1]) * k + k + 3e6 * at[2]);
}

typedef struct {
  PetscReal energy, a, voids, share[NAK_BODIES], most, least, mu_most, mu_least;
} Expected;

/* Gradient energy between a cell and that at `to`, over the square of their distance: 3/4 of the width of
   interfaces times each phase's share, the liquid's too. */
static PetscReal Steep(const NakMix *mix, const PetscReal u[], const PetscReal to[3])
{
  PetscReal v[4], sum = 0, left = 0;

  FillSome(NULL, to, v);
  for (int k = 1; k < 4; k++) {
    sum += mix->share[k] * PetscSqr(v[k] - u[k]);
    left += v[k] - u[k];
  }
  return 0.75 * mix->width * (sum + mix->share[0] * left * left);
}

/* Add cell i. */
static void Expect(const NakMixBox box, const PetscInt i[3], Expected *e)
{
  const PetscInt  n[3] = {NX, NY, NZ};
  const NakMix   *mix  = &box->mix;
  const PetscReal cell = 1e-21;
  PetscReal       at[3], to[3], u[4], h[NAK_BODIES];
  const PetscReal start = 0.2; /* mole fraction of Na that a void stands for */
  NakMixPoint     p;

  for (int d = 0; d < 3; d++) at[d] = ((PetscReal)i[d] + 0.5) * sides[d];
  FillSome(NULL, at, u);
  p = NakMixAt(mix, u);
  NakMixShares(mix, u, h);
  e->energy += cell * p.energy;
  e->a += cell / mix->volume * (p.X - start * (1 - 1e-3) * p.voids);
  e->voids += p.voids;
  for (int k = 0; k < NAK_BODIES; k++) e->share[k] += h[k] / (NX * NY * NZ);
  for (int k = 0; k < 4; k++) {
    const PetscReal phi = k > 0 ? u[k] : 1 - u[1] - u[2] - u[3];

    e->most  = PetscMax(e->most, phi);
    e->least = PetscMin(e->least, phi);
  }
  e->mu_most  = PetscMax(e->mu_most, u[0]);
  e->mu_least = PetscMin(e->mu_least, u[0]);
  for (int d = 0; d < 3; d++) {
    if (d == 2 && i[2] == NZ - 1) continue; /* closed */
    for (int c = 0; c < 3; c++) to[c] = at[c];
    to[d] = i[d] == n[d] - 1 ? 0.5 * sides[d] : at[d] + sides[d];
    e->energy += cell * Steep(mix, u, to) / PetscSqr(sides[d]);
  }
  if (i[2] == 0) {
    PetscReal up[4], face[4], drive[NAK_MIX_MOST], slope[NAK_MIX_MOST][NAK_MIX_MOST];

    at[2] += sides[2];
    FillSome(NULL, at, up);
    for (int k = 1; k < 4; k++) face[k] = u[k] + (u[k] - up[k]) / 2;
    e->energy += sides[0] * sides[1] * NakMixSumAt(mix, mix->wall, face, drive, slope);
  }
}

static void RecordIsTheState(void **unused)
{
  NakMixParams p = OneOfEach();
  Expected     e = {.most = -1, .least = 1, .mu_most = -9, .mu_least = 9};
  NakMixRecord r;
  NakMixBox    box;
  PetscInt     i[3];

  (void)unused;
  p.voids   = PETSC_TRUE;
  p.current = 50;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillSome, NULL));
  for (i[2] = 0; i[2] < NZ; i[2]++)
    for (i[1] = 0; i[1] < NY; i[1]++)
      for (i[0] = 0; i[0] < NX; i[0]++) Expect(box, i, &e);
  box->integrator.time = 3;
  MUST(NakMixBoxMeasure(box, &r));
  AssertRelative("energy", r.energy, e.energy, 1e-12);
  AssertRelative("A", r.a, e.a, 1e-12);
  AssertRelative("B", r.b, (NX * NY * NZ - 0.999 * e.voids) * 1e-21 / box->mix.volume - e.a, 1e-12);
  for (int k = 0; k < NAK_BODIES; k++) AssertRelative("share", r.share[k], e.share[k], 1e-12);
  AssertRelative("largest", r.phi_max, e.most, 1e-14);
  AssertRelative("least", r.phi_min, e.least, 1e-14);
  AssertRelative("highest", r.mu_max, NAK_GAS_CONSTANT * 285 * e.mu_most, 1e-12);
  AssertRelative("lowest", r.mu_min, NAK_GAS_CONSTANT * 285 * e.mu_least, 1e-12);
  AssertRelative("charge", r.charge, 50 * 3 * NX * NY * 1.25e-14, 1e-12);
  AssertNear("balances", PetscAbsReal(r.a_balance) + PetscAbsReal(r.b_balance), 0, 1e-14);
  box->integrator.drained = 0.25; /* of a cell, through the bottom */
  MUST(NakMixBoxMeasure(box, &r));
  AssertRelative("A lacks", r.a_balance, 0.25e-21 / box->mix.volume / e.a, 1e-9);
  AssertRelative("B has", r.b_balance, -0.25e-21 / box->mix.volume / r.b, 1e-9);
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* Order parameters, the phase with the greatest, and shares of the volume, in a cell for each of the phases. */
static void FillEach(void *ctx, const PetscReal at[3], PetscReal u[])
{
  const int which = (int)(at[0] / sides[0]) % 4;

  (void)ctx;
  u[0] = -1;
  for (int k = 1; k < 4; k++) u[k] = k == which ? 0.7 : 0.1;
}

static void FramesAreTheState(void **unused)
{
  static const char *const names[]  = {"phi_liquid", "phi_solid_b", "phi_solid_a", "phi_void"};
  static const char *const shares[] = {"liquid", "solid_b", "solid_a", "void"};
  NakMixParams             p        = OneOfEach();
  PetscReal                values[NX * NY * NZ];
  NakMixBox                box;
  NakFrame                 frame;

  (void)unused;
  p.voids = PETSC_TRUE;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillEach, NULL));
  MUST(NakMixBoxFrame(box, &frame));
  for (int k = 0; k < 10; k++) {
    const char *name = k < 4 ? names[k] : k < 8 ? shares[k - 4] : k == 8 ? "grain" : "mu";

    MUST(frame.fill(frame.ctx, NakFrameFind(&frame, name), values));
    for (PetscInt i = 0; i < frame.xm; i++) {
      const PetscReal at[3] = {((PetscReal)(frame.xs + i) + 0.5) * sides[0], 0, 0};
      const PetscInt  which = (frame.xs + i) % 4;
      PetscReal       u[4], h[NAK_BODIES];

      FillEach(NULL, at, u);
      NakMixShares(&box->mix, u, h);
      AssertNear(name, values[i],
                 k < 4    ? (k == which ? 0.7 : 0.1)
                 : k < 8  ? h[k - 4]
                 : k == 8 ? (PetscReal)which
                          : -NAK_GAS_CONSTANT * 285,
                 k == 9 ? 1e-9 : 1e-14);
    }
  }
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* ---- Forces and flows ---- */

/* A grain of K, whose share and whose liquid differ from cell to cell. */
static void FillSmooth(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)ctx;
  u[0] = -1.2 + 0.2 * PetscSinReal(4e6 * at[0] - 3e6 * at[1] + 2e6 * at[2]);
  u[1] = 0.5 + 0.3 * PetscSinReal(3e6 * at[0] + 5e6 * at[1] + 4e6 * at[2]);
}

/* Free energy with the grain moved by `part` of a direction, at the amounts that there are. */
static PetscReal EnergyAt(NakMixBox box, Vec U, Vec V, PetscReal part)
{
  NakMixRecord r;
  PetscBool    ok;

  MUST(VecWAXPY(box->U, part, V, U));
  MUST(NakMixSolvePotential(box, box->X, box->U, &ok));
  assert_true(ok);
  MUST(NakMixBoxMeasure(box, &r));
  MUST(VecCopy(U, box->U));
  return r.energy;
}

/* Forces on the order parameter are what the energy falls by: wells, bulk, gradients, the wall and the crystal's
   directions, in cells with three different sides. */
static void ForcesAreTheEnergys(void **unused)
{
  const PetscReal h = 1e-4;

  (void)unused;
  for (int fourfold = 0; fourfold < 2; fourfold++) {
    NakMixParams p   = OneOfEach();
    PetscReal    sum = 0, ****r, ****v, fall;
    NakMixBox    box;
    PetscInt     i[3];
    Vec          U, V, R;

    p.grains_a = 0;
    p.fourfold = fourfold ? 0.05 : 0;
    p.seed     = 3;
    MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
    MUST(NakMixBoxFill(box, FillSmooth, NULL));
    MUST(VecDuplicate(box->U, &U));
    MUST(VecDuplicate(box->U, &V));
    MUST(VecDuplicate(box->U, &R));
    MUST(VecCopy(box->U, U));
    MUST(NakMixBoxSystem(box, 1, U, R, NULL));
    MUST(DMDAVecGetArrayDOF(box->dm, V, &v));
    MUST(DMDAVecGetArrayDOFRead(box->dm, R, &r));
    for (PetscBool more = NakPartFirst(&box->part, i); more; more = NakPartNext(&box->part, i)) {
      PetscReal *const move = v[i[2]][i[1]][i[0]], L[NAK_MIX_MOST][NAK_MIX_MOST];

      move[0] = 0;
      move[1] = PetscCosReal(2 * (PetscReal)i[0] - (PetscReal)i[1] + 3 * (PetscReal)i[2]);
      NakMixRates(&box->mix, NakMixPresent(box, i), L);
      sum += 1e-21 * move[1] * r[i[2]][i[1]][i[0]][1] / L[1][1];
    }
    MUST(DMDAVecRestoreArrayDOFRead(box->dm, R, &r));
    MUST(DMDAVecRestoreArrayDOF(box->dm, V, &v));
    MUST(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
    fall = (EnergyAt(box, U, V, h) - EnergyAt(box, U, V, -h)) / (2 * h);
    AssertRelative("force", sum, fall, 1e-6);
    MUST(VecDestroy(&U));
    MUST(VecDestroy(&V));
    MUST(VecDestroy(&R));
    MUST_DESTROY(NakMixBoxDestroy, box);
  }
}

/* A flows between cells down its potential, at the mean of their mobilities; what one gives the other has. */
static void FlowsFollowThePotential(void **unused)
{
  const PetscInt  n[3] = {NX, NY, NZ};
  const PetscReal dt   = 1e-7;
  NakMixParams    p    = OneOfEach();
  PetscReal       drained, ***x, ***old;
  NakMixBox       box;
  PetscInt        i[3];

  (void)unused;
  p.grains_a = 0;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillSmooth, NULL));
  MUST(VecCopy(box->X, box->X_new));
  MUST(NakMixUpdateAmounts(box, dt, box->U, box->X_new, &drained));
  AssertNear("nothing is drained", drained, 0, 0);
  MUST(DMDAVecGetArrayRead(box->one, box->X, &old));
  MUST(DMDAVecGetArrayRead(box->one, box->X_new, &x));
  for (PetscBool more = NakPartFirst(&box->part, i); more; more = NakPartNext(&box->part, i)) {
    PetscReal at[3], u[2], flow = 0, mobility;

    for (int d = 0; d < 3; d++) at[d] = ((PetscReal)i[d] + 0.5) * sides[d];
    FillSmooth(NULL, at, u);
    mobility = NakMixAt(&box->mix, u).mobility;
    for (int side = 0; side < 6; side++) {
      const int d = side / 2, step = side % 2 ? 1 : -1;
      PetscReal to[3] = {at[0], at[1], at[2]}, w[2];

      if (d == 2 && (i[2] + step < 0 || i[2] + step >= NZ)) continue;
      to[d] = ((PetscReal)((i[d] + step + n[d]) % n[d]) + 0.5) * sides[d];
      FillSmooth(NULL, to, w);
      flow += (mobility + NakMixAt(&box->mix, w).mobility) / 2 * (w[0] - u[0]) / PetscSqr(sides[d]);
    }
    AssertNear("gain", x[i[2]][i[1]][i[0]] - old[i[2]][i[1]][i[0]], dt * flow,
               1e-9 * PetscAbsReal(dt * flow) + 1e-15);
  }
  MUST(DMDAVecRestoreArrayRead(box->one, box->X_new, &x));
  MUST(DMDAVecRestoreArrayRead(box->one, box->X, &old));
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

/* The prediction is the line through the two states before.  The error is the part dt / (dt + last
   dt) of the distance from there, as of implicit Euler, over the tolerance.  The next step is as
   much longer as its root allows, with a fifth to spare, and at most twice as long. */
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

/* How the current is shared out follows what is on the bottom: it is seen at the beginning of a step. */
static void CurrentSeesTheBottom(void **unused)
{
  NakMixParams p = OneOfEach();
  NakMixRecord r;
  NakMixBox    box;

  (void)unused;
  p.current    = 50;
  p.first_step = 1e-9; /* so that it is what it was */
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillUneven, NULL));
  box->wetted = -1;
  MUST(NakMixBoxStep(box, 1));
  assert_true(box->wetted > 0.2 && box->wetted < 0.8);
  MUST(NakMixBoxMeasure(box, &r));
  AssertNear("contact", box->wetted, r.contact, 1e-3);
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* Voids stand for liquid as it is around them, and the amounts stay: those that they had before stood for that of
   the start. */
static void VoidsStandForTheLiquidAround(void **unused)
{
  NakMixParams p = OneOfEach();
  NakMixRecord before, after;
  PetscReal    x = 0, all = 0, u[4];
  NakMixBox    box;

  (void)unused;
  p.voids      = PETSC_TRUE;
  p.first_step = 1e-12;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillSome, NULL));
  for (PetscInt c = 0; c < NX * NY * NZ; c++) {
    const PetscReal at[3] = {((PetscReal)(c % NX) + 0.5) * sides[0],
                             ((PetscReal)(c / NX % NY) + 0.5) * sides[1],
                             ((PetscReal)(c / NX / NY) + 0.5) * sides[2]};
    NakMixPoint     point;
    PetscReal       weight;

    FillSome(NULL, at, u);
    point  = NakMixAt(&box->mix, u);
    weight = PetscMax(0, point.voids * point.h[NAK_BODY_LIQUID]);
    x += weight * point.x_liquid;
    all += weight;
  }
  MUST(NakMixBoxMeasure(box, &before));
  MUST(NakMixBoxStep(box, 1));
  MUST(NakMixBoxMeasure(box, &after));
  assert_true(PetscAbsReal(x / all - 0.2) > 0.01);
  AssertRelative("what they stand for", box->mix.void_x, x / all, 1e-12);
  AssertRelative("A", after.a, before.a, 1e-12);
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* Ranks have two cells or more of x and of y each, but where there is one only. */
static void RanksThatFit(void **unused)
{
  static const PetscInt cases[][4] = {
    {12, 8, 5,  5 },
    {12, 8, 7,  6 },
    {12, 8, 13, 12},
    {12, 8, 99, 24},
    {12, 1, 8,  6 },
    {2,  3, 2,  1 },
    {6,  2, 3,  3 },
  };

  (void)unused;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    NakMixParams p = OneOfEach();

    p.n[0] = cases[k][0];
    p.n[1] = cases[k][1];
    assert_int_equal(NakMixUsefulRanks(&p, cases[k][2]), cases[k][3]);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(CurrentSeesTheBottom),    cmocka_unit_test(RanksThatFit),
  cmocka_unit_test(ForcesAreTheEnergys),     cmocka_unit_test(FlowsFollowThePotential),
  cmocka_unit_test(StartsWithItsVoid),       cmocka_unit_test(VoidsStandForTheLiquidAround),
  cmocka_unit_test(SeedsHaveTheirPlaces),    cmocka_unit_test(SeveralSeedsAreAnywhere),
  cmocka_unit_test(NucleiComeAtTheirRate),   cmocka_unit_test(NoNucleiOfTheOtherMetal),
  cmocka_unit_test(RecordIsTheState),        cmocka_unit_test(FramesAreTheState),
  cmocka_unit_test(StepsFollowTheirErrors),  cmocka_unit_test(NucleiTakeTheirShare),
  cmocka_unit_test(CompositionIsTheLiquids),
};

NAK_TEST_MAIN(tests)
