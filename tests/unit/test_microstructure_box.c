/* The box of phases: where nuclei come, how one takes its place among others, steps, what frames
   show.  Run on 1, 2 and 3 ranks. */
#include "microstructure_impl.h"

#include <math.h>
#include <string.h>

#include "mix_fixture.h"
#include "nak_test.h"

enum { NX = 12, NY = 8, NZ = 6 };

static NakMixParams Params(PetscBool voids)
{
  NakMixParams p = NaKBox(NX, NY, NZ);

  p.voids = voids;
  return p;
}

/* A third of the first grain everywhere, at one potential. */
static void FillThird(void *ctx, const PetscReal at[3], PetscReal u[])
{
  (void)ctx, (void)at;
  u[0] = -0.6;
  u[1] = 0.3;
  u[2] = 0;
}

/* The unknowns of the cell around a place, if this rank has it; `u` are those of the rank. */
static const PetscReal *CellAt(NakMixBox box, const PetscReal u[], const PetscReal at[3])
{
  const PetscInt x = (PetscInt)(at[0] / box->h[0]) - box->own.xs;
  const PetscInt y = (PetscInt)(at[1] / box->h[1]) - box->own.ys;

  if (x < 0 || x >= box->own.xm || y < 0 || y >= box->own.ym) return NULL;
  return u + NakMixAtCell(box, y * box->own.xm + x, (PetscInt)(at[2] / box->h[2]));
}

/* What is there gives way by the share that the nucleus takes. */
static void NucleiTakeTheirShare(void **unused)
{
  const NakMixParams p      = Params(PETSC_FALSE);
  const PetscReal    centre = 5.5e-7, radius = 2e-7;
  PetscReal          at[3] = {centre, 3.5e-7, 2.5e-7}; /* of a cell */
  NakMixBox          box;
  const PetscReal   *u;

  (void)unused;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillThird, NULL));
  MUST(NakMixBoxInsert(box, 2, at, radius));
  MUST(VecGetArrayRead(box->U, &u));
  for (PetscInt i = 0; i < NX; i++) {
    const PetscReal  far   = 1e-7 * (PetscReal)PetscAbsInt(i - 5);
    const PetscReal  r     = PetscMin(far, NX * 1e-7 - far);
    const PetscReal  share = 1 / (1 + PetscExpReal(4 * (r - radius) / box->zone.mix.width));
    const PetscReal *cell;

    at[0] = 1e-7 * ((PetscReal)i + 0.5);
    cell  = CellAt(box, u, at);
    if (cell == NULL) continue;
    AssertNear("the nucleus", cell[2], share, 1e-12);
    AssertNear("the other", cell[1], 0.3 * (1 - share), 1e-12);
  }
  MUST(VecRestoreArrayRead(box->U, &u));
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

/* A void shows the liquid that it has lifted. */
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
                 NakBranchAt(&box->zone.mix.branch[NAK_BODY_LIQUID], box->zone.mix.RT * u[0], 0).x,
                 1e-9);
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
  for (int d = 0; d < 3; d++) p.size[d] = (PetscReal)p.n[d] * sides[d];
  p.interval = 2e-3;
  return p;
}

/* Phase k in the cell around a place: the greatest of all ranks, of which one has it. */
static PetscReal ShareAt(NakMixBox box, PetscInt k, const PetscReal at[3])
{
  PetscReal        share = -1;
  const PetscReal *u, *cell;

  MUST(VecGetArrayRead(box->U, &u));
  cell = CellAt(box, u, at);
  if (cell != NULL) share = cell[k];
  MUST(VecRestoreArrayRead(box->U, &u));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &share, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  return share;
}

/* What a nucleus of radius R leaves at a distance. */
static PetscReal Cap(PetscReal distance, PetscReal R, PetscReal width)
{
  return 1 / (1 + PetscExpReal(4 * (distance - R) / width));
}

/* One nucleus is in the middle, several are anywhere; on the wall is at its height.  A nucleus is
   as large as interfaces are wide where nothing is said of it. */
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
      AssertNear("there", ShareAt(box, 1 + body, at),
                 Cap(off, body ? 2e-7 : 4e-7, box->zone.mix.width), 1e-12);
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
    assert_true(ShareAt(box, 1, at) >= Cap(PetscSqrtReal(r), 1e-7, box->zone.mix.width) - 1e-12);
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
  const PetscReal gain = NakBranchAt(&box->zone.mix.branch[NAK_BODY_LIQUID], RT * u, 0).omega -
                         NakBranchAt(&box->zone.mix.branch[body], RT * u, 0).omega;
  const PetscReal gamma =
    body == NAK_BODY_SOLID_B ? NaK()->b.solid_liquid_energy : NaK()->a.solid_liquid_energy;

  assert_true(gain > 0);
  return 16 * PETSC_PI / 3 * PetscPowReal(gamma, 3) * PetscSqr(box->zone.mix.volume / gain) * f *
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

/* A round void over the middle, in liquid of the deck's composition, which it has lifted. */
static void StartsWithItsVoid(void **unused)
{
  NakMixParams    p     = OneOfEach();
  const PetscReal at[3] = {8.5 * sides[0], 5.5 * sides[1], 4.5 * sides[2]};
  PetscReal       away;
  NakMixRecord    r;
  NakMixBox       box;

  (void)unused;
  p.void_radius = 2.5e-7;
  p.void_height = 2e-7;
  away          = PetscSqrtReal(PetscSqr(2.5 * sides[0]) + PetscSqr(1.5 * sides[1]) +
                                PetscSqr(4.5 * sides[2] - 2e-7));
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  AssertRelative("void", ShareAt(box, 3, at), Cap(away, 2.5e-7, 4e-7), 1e-12);
  AssertNear("no K", ShareAt(box, 1, at), 0, 0);
  MUST(NakMixBoxMeasure(box, &r));
  AssertRelative("composition", r.a / (r.a + r.b), 0.2, 1e-12);
  AssertRelative("one potential", r.mu_min, r.mu_max, 1e-9);
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

/* Gradient energy between a cell and that at `to`, over the square of their distance: 3/4 of the
   width of interfaces times each phase's share, the liquid's too. */
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
  const NakMix   *mix  = &box->zone.mix;
  const PetscReal cell = 1e-21;
  PetscReal       at[3], to[3], u[4], h[NAK_BODIES];
  NakMixPoint     p;

  for (int d = 0; d < 3; d++) at[d] = ((PetscReal)i[d] + 0.5) * sides[d];
  FillSome(NULL, at, u);
  p = NakMixAt(mix, u);
  NakMixShares(mix, u, h);
  e->energy += cell * p.energy;
  e->a += cell / mix->volume * p.X;
  e->voids += h[NAK_BODY_VOID];
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

/* p V - N ln V of the gas that would hold a ball of that volume. */
static PetscReal EnergyOfGas(const NakMixParams *p, PetscReal V)
{
  const PetscReal laplace = 2 * p->material.surface_tension / cbrt(3 * V / (4 * PETSC_PI));

  return p->void_pressure * V - (p->void_pressure + laplace) * V * log(V);
}

static void RecordIsTheState(void **unused)
{
  NakMixParams p = OneOfEach();
  Expected     e = {.most = -1, .least = 1, .mu_most = -9, .mu_least = 9};
  NakMixRecord r;
  NakMixBox    box;
  PetscInt     i[3];
  PetscReal   *u;

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
  AssertRelative("energy", r.energy, e.energy + EnergyOfGas(&p, e.voids * 1e-21), 1e-11);
  AssertRelative("A", r.a, e.a, 1e-12);
  AssertRelative("B", r.b, NX * NY * NZ * 1e-21 / box->zone.mix.volume - e.a, 1e-12);
  for (int k = 0; k < NAK_BODIES; k++) AssertRelative("share", r.share[k], e.share[k], 1e-12);
  AssertRelative("largest", r.phi_max, e.most, 1e-14);
  AssertRelative("least", r.phi_min, e.least, 1e-14);
  AssertRelative("highest", r.mu_max, NAK_GAS_CONSTANT * 285 * e.mu_most, 1e-12);
  AssertRelative("lowest", r.mu_min, NAK_GAS_CONSTANT * 285 * e.mu_least, 1e-12);
  AssertRelative("charge", r.charge, 50 * 3 * NX * NY * 1.25e-14, 1e-12);
  AssertNear("balances", PetscAbsReal(r.a_balance) + PetscAbsReal(r.b_balance), 0, 1e-14);
  MUST(VecGetArray(box->U, &u)); /* a quarter of a cell, through all of the bottom */
  for (PetscInt n = 0; n < box->owned; n++)
    u[NakMixAtCell(box, n, 0) - 1] = 0.25 * sides[2] / (NX * NY);
  MUST(VecRestoreArray(box->U, &u));
  MUST(NakMixBoxMeasure(box, &r));
  AssertRelative("A lacks", r.a_balance, 0.25e-21 / box->zone.mix.volume / e.a, 1e-9);
  AssertRelative("B has", r.b_balance, -0.25e-21 / box->zone.mix.volume / r.b, 1e-9);
  MUST_DESTROY(NakMixBoxDestroy, box);
}

/* Order parameters, the phase with the greatest, and shares of the volume, in a cell for each of
   the phases. */
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
      NakMixShares(&box->zone.mix, u, h);
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
  u[1] = 0.5 + 0.3 * PetscSinReal(5e6 * at[1] - 3e6 * at[0] + 2e6 * at[2]);
}

/* F of the present state, and its rows of A and of the grain in a cell. */
static void ResidualOf(NakMixBox box, Vec F)
{
  const NakEquation eq = NakMixEquation(box);
  PetscBool         valid;
  Vec               rest;

  MUST(VecDuplicate(box->U, &rest));
  MUST(VecSet(rest, 0));
  MUST(eq.residual(eq.ctx, box->U, rest, F, &valid));
  assert_true(valid);
  MUST(VecDestroy(&rest));
}

static PetscReal Direction(const PetscReal at[3])
{
  return PetscCosReal(2 * at[0] / sides[0] - at[1] / sides[1] + 3 * at[2] / sides[2]);
}

/* Free energy with the grain moved by `part` of a direction, at the amounts that there are. */
static PetscReal EnergyAt(NakMixBox box, PetscReal part)
{
  NakMixRecord r;
  PetscReal   *u, at[3];
  Vec          U;

  MUST(VecDuplicate(box->U, &U));
  MUST(VecCopy(box->U, U));
  MUST(VecGetArray(box->U, &u));
  for (PetscInt n = 0; n < box->owned; n++)
    for (PetscInt k = 0; k < NZ; k++) {
      NakMixPlace(box, n, k, at);
      u[NakMixAtCell(box, n, k) + 1] += part * Direction(at);
    }
  MUST(VecRestoreArray(box->U, &u));
  MUST(NakMixBoxMeasure(box, &r));
  MUST(VecCopy(U, box->U));
  MUST(VecDestroy(&U));
  return r.energy;
}

/* Forces on the order parameter are what the energy falls by: wells, bulk, gradients and the
   crystal's directions, in cells with three different sides.  (The wall acts on the lowest layer
   alone, and its energy is that of two.) */
static void ForcesAreTheEnergys(void **unused)
{
  const PetscReal h = 1e-4;

  (void)unused;
  for (int fourfold = 0; fourfold < 2; fourfold++) {
    NakMixParams     p   = OneOfEach();
    PetscReal        sum = 0, fall, at[3];
    const PetscReal *f;
    NakMixBox        box;
    Vec              F;

    p.grains_a = 0;
    p.angle_b  = 90;
    p.fourfold = fourfold ? 0.05 : 0;
    p.seed     = 3;
    MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
    MUST(NakMixBoxFill(box, FillSmooth, NULL));
    MUST(VecDuplicate(box->U, &F));
    ResidualOf(box, F);
    MUST(VecGetArrayRead(F, &f));
    for (PetscInt n = 0; n < box->owned; n++)
      for (PetscInt k = 0; k < NZ; k++) {
        NakMixPlace(box, n, k, at);
        sum += 1e-21 * Direction(at) * f[NakMixAtCell(box, n, k) + 1] / box->zone.rates[1][1];
      }
    MUST(VecRestoreArrayRead(F, &f));
    MUST(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
    fall = (EnergyAt(box, h) - EnergyAt(box, -h)) / (2 * h);
    AssertRelative("force", sum, fall, 1e-6);
    MUST(VecDestroy(&F));
    MUST_DESTROY(NakMixBoxDestroy, box);
  }
}

/* A flows between cells as between liquids of their potentials; what one gives the other has. */
static void FlowsFollowThePotential(void **unused)
{
  const PetscInt   n[3] = {NX, NY, NZ};
  NakMixParams     p    = OneOfEach();
  const PetscReal *f;
  NakMixBox        box;
  Vec              F;

  (void)unused;
  p.grains_a = 0;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillSmooth, NULL));
  MUST(VecDuplicate(box->U, &F));
  ResidualOf(box, F);
  MUST(VecGetArrayRead(F, &f));
  for (PetscInt c = 0; c < box->owned; c++)
    for (PetscInt k = 0; k < NZ; k++) {
      const PetscInt i[3] = {box->own.xs + c % box->own.xm, box->own.ys + c / box->own.xm, k};
      PetscReal      at[3], u[2], flow = 0, x;

      NakMixPlace(box, c, k, at);
      FillSmooth(NULL, at, u);
      x = NakMixAt(&box->zone.mix, u).x_liquid;
      for (int side = 0; side < 6; side++) {
        const int d = side / 2, step = side % 2 ? 1 : -1;
        PetscReal to[3] = {at[0], at[1], at[2]}, w[2];

        if (d == 2 && (k + step < 0 || k + step >= NZ)) continue;
        to[d] = ((PetscReal)((i[d] + step + n[d]) % n[d]) + 0.5) * sides[d];
        FillSmooth(NULL, to, w);
        flow +=
          NaK()->diffusivity * (NakMixAt(&box->zone.mix, w).x_liquid - x) / PetscSqr(sides[d]);
      }
      AssertNear("gain", -f[NakMixAtCell(box, c, k)], flow, 1e-9 * PetscAbsReal(flow) + 1e-4);
    }
  MUST(VecRestoreArrayRead(F, &f));
  MUST(VecDestroy(&F));
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

/* How the current is shared out follows what is on the bottom: it is seen at the beginning of a
   step. */
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

/* What the bottom has taken in a step is the current's part that diffusion brings, 1 - x, where it
   is liquid. */
static void TheBottomTakesItsPart(void **unused)
{
  NakMixParams     p  = OneOfEach();
  const PetscReal  mu = -1.2, dt = 1e-9;
  const PetscReal *u;
  PetscReal        x, speed;
  NakMixBox        box;

  (void)unused;
  p.current    = 50;
  p.first_step = dt;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFill(box, FillLiquid, (void *)&mu));
  x     = NakBranchAt(&box->zone.mix.branch[NAK_BODY_LIQUID], mu * NAK_GAS_CONSTANT * 285, 0).x;
  speed = 50 * box->zone.mix.volume / NAK_FARADAY;
  MUST(NakMixBoxStep(box, 1));
  MUST(VecGetArrayRead(box->U, &u));
  for (PetscInt n = 0; n < box->owned; n++)
    AssertRelative("taken", u[NakMixAtCell(box, n, 0) - 1], dt * speed * (1 - x), 1e-6);
  MUST(VecRestoreArrayRead(box->U, &u));
  MUST_DESTROY(NakMixBoxDestroy, box);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(CurrentSeesTheBottom),    cmocka_unit_test(TheBottomTakesItsPart),
  cmocka_unit_test(ForcesAreTheEnergys),     cmocka_unit_test(FlowsFollowThePotential),
  cmocka_unit_test(StartsWithItsVoid),       cmocka_unit_test(SeedsHaveTheirPlaces),
  cmocka_unit_test(SeveralSeedsAreAnywhere), cmocka_unit_test(NucleiComeAtTheirRate),
  cmocka_unit_test(NoNucleiOfTheOtherMetal), cmocka_unit_test(RecordIsTheState),
  cmocka_unit_test(FramesAreTheState),       cmocka_unit_test(NucleiTakeTheirShare),
  cmocka_unit_test(CompositionIsTheLiquids),
};

NAK_TEST_MAIN(tests)
