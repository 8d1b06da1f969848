/* What the parameters of phases mean, against independent formulas: contact angles, cells,
   mobilities. */
#include "microstructure_impl.h"

#include "mix_fixture.h"
#include "nak_test.h"

/* Two grains of K, one of Na and a void, in cells with three different sides. */
static NakMixParams Params(void)
{
  static const PetscReal size[] = {1e-6, 1.6e-6, 2e-6};
  NakMixParams           p      = NaKBox(10, 20, 40);

  for (int d = 0; d < 3; d++) p.size[d] = size[d];
  p.alloy.diffusivity = 2e-9;
  p.solid_mobility    = 0;
  p.fourfold          = 0.04;
  p.grains_a          = 1;
  p.voids             = PETSC_TRUE;
  p.angle_b           = 60;
  p.angle_a           = 120;
  p.angle_void        = 135;
  return p;
}

/* Young: sigma cos(angle) is what the wall gains by the phase in the place of the liquid. */
static void WallsHaveTheirAngles(void **unused)
{
  const NakMixParams p = Params();
  NakMix             mix;

  (void)unused;
  NakMixCreate(&p, NAK_PER_B, &mix);
  assert_int_equal(mix.n, 5);
  for (PetscInt k = 1; k < 3; k++)
    AssertRelative("K", mix.wall[k], -p.material.b.solid_liquid_energy / 2, 1e-12);
  AssertRelative("Na", mix.wall[3], p.material.a.solid_liquid_energy / 2, 1e-12);
  AssertRelative("void", mix.wall[4], -p.material.surface_tension * PetscSqrtReal(0.5), 1e-12);
  assert_true(mix.wall[0] == 0);
}

/* Over all normals the mean of n_d^4 is 1, 3/8 and 1/5 in one, two and three dimensions. */
static void CellsAreMadeUpFor(void **unused)
{
  static const PetscReal means[]   = {1, 3.0 / 8, 1.0 / 5};
  const PetscReal        squares[] = {PetscSqr(1e-7), PetscSqr(0.8e-7), PetscSqr(0.5e-7)};

  (void)unused;
  for (PetscInt axes = 1; axes <= 3; axes++) {
    NakMixParams p = Params();
    NakMix       mix;
    PetscReal    e = 0;

    for (PetscInt d = 0; d < 3; d++)
      if (d < axes)
        e += means[axes - 1] * squares[d] / PetscSqr(p.width);
      else
        p.n[d] = 1;
    p.solid_mobility = 1e-8;
    NakMixCreate(&p, NAK_PER_B, &mix);
    AssertRelative("width", mix.width, p.width * (1 + 2 * e / 3), 1e-14);
    AssertRelative("surface", mix.share[0] + mix.share[4],
                   p.material.surface_tension * (1 + 2 * e / 15), 1e-14);
    AssertRelative("mobility", mix.mobility, 1e-8 * (1 + 2 * e / 3) * (1 + 2 * e / 15), 1e-14);
    AssertRelative("anisotropy", mix.anisotropy[3],
                   0.75 * p.width * p.material.a.solid_liquid_energy * (1 + 2 * e / 3) *
                     (1 + 2 * e / 15),
                   1e-14);
  }
}

/* The barrier against a third phase is that of the strongest interface that there is. */
static void BarrierIsOfTheStrongest(void **unused)
{
  NakMixParams       p = Params();
  const NakMaterial *m = &p.material;
  NakMix             voids, grains;

  (void)unused;
  NakMixCreate(&p, NAK_PER_B, &voids);
  p.voids = PETSC_FALSE;
  NakMixCreate(&p, NAK_PER_B, &grains);
  AssertRelative("barrier", voids.barrier / grains.barrier,
                 m->surface_tension / PetscMax(m->a.solid_liquid_energy, m->b.solid_liquid_energy),
                 1e-14);
}

/* Potential of Na in the liquid of a ratio. */
static PetscReal Potential(const NakAlloy *alloy, PetscReal r)
{
  return NakSolutionMuA(&alloy->liquid, r / (1 + r));
}

/* Per K: an interface of K resists its motion as much as diffusion across its width does, at the
   diffusivity of the liquid that it meets. */
static void MobilityIsThatOfDiffusion(void **unused)
{
  NakMixParams        p     = Params();
  const NakAlloy      alloy = NaKAt(285);
  const NakEquilibria all   = NakThermoEquilibria(&alloy, PETSC_FALSE);
  const PetscReal     start = NakThermoMoleFraction(&p.material, p.alloy.potassium);
  const PetscReal     h     = 1e-6;
  PetscReal           solid, liquid, slope, D;
  NakMix              mix;

  (void)unused;
  p.grains_a = 0;
  p.n[0] = p.n[1] = p.n[2] = 1; /* nothing to be made up for */
  NakMixCreate(&p, NAK_PER_B, &mix);
  assert_int_equal(all.tie[0].phase[0], NAK_PHASE_SOLID);
  solid  = all.tie[0].x[0] / (1 - all.tie[0].x[0]);
  liquid = all.tie[0].x[1] / (1 - all.tie[0].x[1]);
  slope  = (Potential(&alloy, liquid + h) - Potential(&alloy, liquid - h)) / (2 * h);
  D      = p.alloy.diffusivity * NakThermoLiquid(&alloy, all.tie[0].x[1]).factor /
      NakThermoLiquid(&alloy, start).factor;
  AssertRelative("mobility", mix.mobility,
                 p.material.b.solid_liquid_energy * p.material.b.solid_volume * D /
                   (slope * PetscSqr(liquid - solid) * p.width),
                 1e-7);
  AssertRelative("volume", mix.volume, p.material.b.solid_volume, 1e-14);
  AssertRelative("metal", mix.metal, p.material.b.solid_volume / p.material.a.solid_volume, 1e-14);
}

/* Per K where no solid K is: of the liquid of the start; per atom in any case. */
static void VolumesAreThoseOfTheirMoles(void **unused)
{
  NakMixParams    p       = Params();
  const PetscReal density = NakThermoDensity(&p.material, 0.2);
  NakMix          mix;

  (void)unused;
  NakMixCreate(&p, NAK_PER_ATOM, &mix);
  AssertRelative("atom", mix.volume, 1 / density, 1e-13);
  AssertRelative("RT", mix.RT, NAK_GAS_CONSTANT * 285, 1e-13);
  p.grains_b = 0;
  NakMixCreate(&p, NAK_PER_B, &mix);
  AssertRelative("K", mix.volume, 1 / (0.8 * density), 1e-13);
  AssertRelative("metal", mix.metal, mix.volume / p.material.a.solid_volume, 1e-14);
}

/* Sodium of solid K over that of the liquid that it meets, both per K; and the potential of solid
   Na, which per K is that at its own liquidus. */
static void SolidsMeetTheirLiquids(void **unused)
{
  static const PetscReal temperatures[] = {270, 285, 320};
  const NakMixParams     p              = Params();

  (void)unused;
  for (int k = 0; k < 3; k++) {
    const PetscReal     T     = temperatures[k];
    const NakAlloy      alloy = NaKAt(T);
    const NakEquilibria all   = NakThermoEquilibria(&alloy, PETSC_FALSE);
    const NakTie       *b = &all.tie[0], *a = &all.tie[all.n - 1];
    NakMix              mix;

    NakMixCreate(&p, NAK_PER_B, &mix);
    NakMixBranches(&p, T, &mix);
    assert_true(b->phase[0] == NAK_PHASE_SOLID && b->phase[1] == NAK_PHASE_LIQUID);
    assert_true(a->phase[0] == NAK_PHASE_LIQUID && a->phase[1] == NAK_PHASE_SOLID);
    AssertRelative("partition", mix.partition, b->x[0] / (1 - b->x[0]) / (b->x[1] / (1 - b->x[1])),
                   1e-6);
    AssertRelative("Na", mix.metal_energy, NakSolutionMuA(&alloy.liquid, a->x[0]), 1e-6);
    NakMixCreate(&p, NAK_PER_ATOM, &mix);
    NakMixBranches(&p, T, &mix);
    AssertRelative("pure Na", mix.metal_energy, alloy.solid.g_a, 1e-14);
    AssertNear("liquid", mix.branch[NAK_BODY_LIQUID].low, 0, 0);
    AssertNear("K", mix.branch[NAK_BODY_SOLID_B].high, alloy.solute_limit, 1e-3);
    AssertNear("of Na", mix.branch[NAK_BODY_SOLID_A].low, 1 - alloy.solute_limit, 1e-2);
  }
}

static void DiffusivityIsTheDecks(void **unused)
{
  NakMixParams p = Params();
  NakMix       mix;

  (void)unused;
  NakMixCreate(&p, NAK_PER_B, &mix);
  assert_true(mix.diffusivity == 2e-9);
  p.alloy.diffusivity = 0;
  NakMixCreate(&p, NAK_PER_B, &mix);
  assert_true(mix.diffusivity == p.material.diffusivity);
}

/* All interfaces move at the mobility of the slowest. */
static void TheSlowestSetsTheMobility(void **unused)
{
  NakMixParams p = Params();
  NakMix       mix;

  (void)unused;
  p.n[0] = p.n[1] = p.n[2] = 1;
  for (int slow = 0; slow < 2; slow++) {
    p.solid_mobility = slow ? 2e-9 : 3e-8;
    NakMixCreate(&p, NAK_PER_B, &mix);
    AssertRelative("mobility", mix.mobility, slow ? 2e-9 : 1e-8, 1e-14);
  }
}

/* One grain alone stands straight, several are turned by less than a quarter; a void has no
   axes. */
static void GrainsAreTurned(void **unused)
{
  NakMixParams p = Params();
  NakMix       mix;

  (void)unused;
  NakMixCreate(&p, NAK_PER_B, &mix);
  for (PetscInt k = 1; k < 4; k++) assert_true(mix.tilt[k] > 0 && mix.tilt[k] < PETSC_PI / 2);
  assert_true(mix.tilt[1] != mix.tilt[2] && mix.tilt[0] == 0 && mix.tilt[4] == 0);
  p.grains_b = 1;
  p.grains_a = 0;
  p.voids    = PETSC_FALSE;
  NakMixCreate(&p, NAK_PER_B, &mix);
  assert_true(mix.tilt[1] == 0 && mix.n == 2);
}

/* A void leaves liquid where the farthest corner is farther from it than its interface reaches. */
static void VoidsLeaveLiquid(void **unused)
{
  (void)unused;
  for (int high = 0; high < 2; high++)
    for (int large = 0; large < 2; large++) {
      NakMixParams    p = Params();
      const PetscReal up =
        (high ? 0.8 : 0.7) * p.size[2]; /* the corner's height over or below it */
      const PetscReal reach =
        PetscSqrtReal(PetscSqr(p.size[0] / 2) + PetscSqr(p.size[1] / 2) + up * up);
      NakCheckList list = {.n = 0};

      p.tolerance  = 0.02;
      p.first_step = 1e-7, p.shortest_step = 1e-14, p.longest_step = 1;
      p.void_height = (high ? 0.8 : 0.3) * p.size[2];
      p.void_radius = reach - p.width * (large ? 0.999 : 1.001);
      NakMixCheck(&p, &list);
      assert_int_equal(list.n, large);
    }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(VolumesAreThoseOfTheirMoles),
  cmocka_unit_test(SolidsMeetTheirLiquids),
  cmocka_unit_test(VoidsLeaveLiquid),
  cmocka_unit_test(WallsHaveTheirAngles),
  cmocka_unit_test(CellsAreMadeUpFor),
  cmocka_unit_test(BarrierIsOfTheStrongest),
  cmocka_unit_test(MobilityIsThatOfDiffusion),
  cmocka_unit_test(DiffusivityIsTheDecks),
  cmocka_unit_test(TheSlowestSetsTheMobility),
  cmocka_unit_test(GrainsAreTurned),
};

NAK_TEST_MAIN(tests)
