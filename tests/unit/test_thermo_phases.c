/* Equilibria of all phases: the published points of two alloys, and for alloys nobody has made the
   two conditions that every equilibrium meets: equal potentials, and no phase below the common
   tangent. */
#include <nakfield/thermo.h>

#include "material_fixture.h"
#include "nak_test.h"

/* ---- Alloys that are known ---- */

static void AssertPoint(const NakInvariant *p, NakInvariantKind kind, PetscReal T, PetscInt n,
                        const PetscReal x[])
{
  assert_int_equal(p->kind, kind);
  assert_int_equal(p->n, n);
  AssertNear("temperature", p->T, T, 0.2);
  for (PetscInt k = 0; k < n; k++) AssertNear("composition", p->x[k], x[k], 2e-3);
}

/* Of a point of three phases, from B to A. */
static void AssertPhases(const NakInvariant *p, PetscInt first, PetscInt second, PetscInt third)
{
  assert_int_equal(p->phase[0], first);
  assert_int_equal(p->phase[1], second);
  assert_int_equal(p->phase[2], third);
}

static void PointsOfNaK(void **unused)
{
  NakInvariant p[8];
  PetscInt     n;

  (void)unused;
  NakThermoInvariants(NaK(), NaK()->lowest, NaK()->highest, 8, p, &n);
  assert_int_equal(n, 4);
  AssertPoint(&p[0], NAK_INVARIANT_EUTECTIC, 260.5, 3, (PetscReal[]){0.0713, 0.325, 2.0 / 3});
  AssertPoint(&p[1], NAK_INVARIANT_PERITECTIC, 280.1, 3, (PetscReal[]){0.5769, 2.0 / 3, 0.9855});
  AssertPoint(&p[2], NAK_INVARIANT_MELTING, 336.5, 2, (PetscReal[]){0, 0});
  AssertPoint(&p[3], NAK_INVARIANT_MELTING, 370.9, 2, (PetscReal[]){1, 1});
  AssertPhases(&p[0], NAK_PHASE_SOLID, NAK_PHASE_LIQUID, NAK_PHASE_COMPOUND);
  AssertPhases(&p[1], NAK_PHASE_LIQUID, NAK_PHASE_COMPOUND, NAK_PHASE_SOLID);
}

/* A regular liquid separates in two below L0/2R, from its middle on; with a term more it is
   elsewhere: where the curvature and its slope are 0 at once. */
static void CriticalPoints(void **unused)
{
  NakMaterial  m = *NaK();
  NakInvariant p[8];
  PetscInt     n;

  (void)unused;
  m.liquid.orders    = 1;
  m.liquid.mixing[0] = (NakEnergy){.n = 1, .value = {6500}};
  NakThermoInvariants(&m, 380, 400, 8, p, &n);
  assert_int_equal(n, 1);
  AssertPoint(p, NAK_INVARIANT_CRITICAL, 6500 / (2 * 8.314462618), 1, (PetscReal[]){0.5});
  AssertNear("in the middle", p[0].x[0], 0.5, 1e-6);
  assert_int_equal(p[0].phase[0], NAK_PHASE_LIQUID);
  m.liquid.orders    = 2;
  m.liquid.mixing[1] = (NakEnergy){.n = 1, .value = {600}};
  NakThermoInvariants(&m, 380, 410, 8, p, &n);
  assert_int_equal(n, 1);
  {
    const NakAlloy at = NakThermoAlloy(&m, p[0].T);

    assert_int_equal(p[0].kind, NAK_INVARIANT_CRITICAL);
    AssertNear("curvature", NakSolutionCurvature(&at.liquid, p[0].x[0]) / at.liquid.RT, 0, 1e-4);
    assert_true(p[0].x[0] > 0.51 && NakSolutionCurvature(&at.liquid, 0.5) > 1);
  }
}

static void DrivingForcesOfNaK(void **unused)
{
  const NakAlloy alloy = NaKAt(298.15), peritectic = NaKAt(280.08);
  PetscReal      x;

  (void)unused;
  AssertNear("solid K", NakThermoDriving(&alloy, 0.63, PETSC_FALSE, &x), -892, 1);
  AssertNear("of composition", x, 0.1, 1e-9);
  AssertNear("solid Na", NakThermoDriving(&alloy, 0.63, PETSC_TRUE, &x), -110, 1);
  AssertNear("of composition", x, 0.9829, 1e-3);
  for (int side = 0; side < 2; side++) {
    const PetscBool rich = (PetscBool)side;
    const PetscReal edge = NakThermoLiquidus(&alloy, rich);

    AssertNear("at the liquidus", NakThermoDriving(&alloy, edge, rich, NULL), 0, 1e-6);
    assert_true(NakThermoDriving(&alloy, edge + (rich ? 0.01 : -0.01), rich, NULL) > 0);
  }
  AssertNear("Na2K at its peritectic", NakThermoDrivingCompound(&peritectic, 0.5769, 0), 0, 0.2);
}

static void PointsOfKRb(void **unused)
{
  static NakMaterial KRb;
  NakInvariant       p[8];
  PetscInt           n;

  (void)unused;
  assert_non_null(LoadMaterial("KRb", &KRb));
  NakThermoInvariants(&KRb, KRb.lowest, KRb.highest, 8, p, &n);
  assert_int_equal(n, 3);
  AssertPoint(&p[0], NAK_INVARIANT_CONGRUENT, 307.0, 2, (PetscReal[]){0.333, 0.333});
  AssertPoint(&p[1], NAK_INVARIANT_MELTING, 312.46, 2, (PetscReal[]){0, 0});
  AssertPoint(&p[2], NAK_INVARIANT_MELTING, 336.53, 2, (PetscReal[]){1, 1});
}

/* The alloys that are fitted to a point of theirs have it. */
static void PointsThatWereFitted(void **unused)
{
  static const struct {
    const char *name;
    PetscReal   T, x;
  } fitted[] = {
    {"NaRb", 268.65, 0.18},
    {"NaCs", 241.35, 0.23},
    {"KCs",  235.65, 0.5 },
  };

  (void)unused;
  for (size_t k = 0; k < sizeof fitted / sizeof *fitted; k++) {
    static NakMaterial m;
    NakInvariant       p[8];
    PetscInt           n;

    assert_non_null(LoadMaterial(fitted[k].name, &m));
    assert_true(m.unverified[0] != '\0');
    NakThermoInvariants(&m, m.lowest, m.highest, 8, p, &n);
    assert_int_equal(n, 3);
    AssertNear(fitted[k].name, p[0].T, fitted[k].T, 0.3);
    AssertNear(fitted[k].name, p[0].x[p[0].n == 3 ? 1 : 0], fitted[k].x, 0.003);
  }
}

static PetscReal WeightOfB(const NakMaterial *m, PetscReal x)
{
  const PetscReal b = (1 - x) * m->b.mass;

  return b / (b + x * m->a.mass);
}

/* Published terms from memory: eutectics and liquid at 25 C as worked out beside this program from
   the same terms. */
static void GalliumAlloys(void **unused)
{
  static const struct {
    const char *name;
    PetscReal   T, weight;   /* of the eutectic [K], of B in it */
    PetscReal   least, most; /* weight of B in the liquid at 25 C */
  } known[] = {
    {"GaIn", 288.0,  0.222, 0.060, 0.266},
    {"GaSn", 293.05, 0.130, 0.061, 0.142},
  };

  (void)unused;
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    static NakMaterial m;
    NakInvariant       p[8];
    NakAlloy           room;
    PetscReal          x[2];
    PetscInt           n;

    assert_non_null(LoadMaterial(known[k].name, &m));
    assert_true(m.unverified[0] != '\0' && m.phases_only[0] != '\0');
    NakThermoInvariants(&m, m.lowest, m.highest, 8, p, &n);
    assert_int_equal(n, 3);
    AssertNear("eutectic", p[0].T, known[k].T, 0.3);
    AssertNear("its B", WeightOfB(&m, p[0].x[1]), known[k].weight, 0.002);
    room = NakThermoAlloy(&m, 298.15);
    assert_true(NakThermoLiquidRange(&room, PETSC_TRUE, x));
    AssertNear("least B", WeightOfB(&m, x[1]), known[k].least, 0.002);
    AssertNear("most B", WeightOfB(&m, x[0]), known[k].most, 0.002);
  }
}

/* Beside a compound that leaves nothing for anything else, either pure metal melts at its own
   temperature, and the number of phases stays as it is. */
static void MetalsMeltBesideACompound(void **unused)
{
  static const PetscReal melting[2] = {300.2, 330.7};

  (void)unused;
  for (int first_b = 0; first_b < 2; first_b++) {
    const PetscReal   b = melting[!first_b], a = melting[first_b];
    const NakMaterial m = {
      .name        = "AB",
      .lowest      = 200,
      .highest     = 400,
      .liquid      = {.a = {.n = 2, .value = {3000, -3000 / a}, .power = {0, 1}},
                      .b = {.n = 2, .value = {3000, -3000 / b}, .power = {0, 1}}},
      .solid       = {.orders = 1,                                                          .mixing = {{.n = 1, .value = {90000}}}},
      .n_compounds = 1,
      .compounds   = {{.name = "C", .x = 0.5, .energy = {.n = 1, .value = {-80000}}}},
    };
    NakInvariant p[8];
    PetscInt     n;

    NakThermoInvariants(&m, 280, 350, 8, p, &n);
    assert_int_equal(n, 2);
    for (int k = 0; k < 2; k++) {
      const PetscReal x = (PetscReal)(k == first_b);

      AssertPoint(&p[k], NAK_INVARIANT_MELTING, melting[k], 2, (PetscReal[]){x, x});
    }
  }
}

/* ---- Partly solid NaK ---- */

static NakAmount Liquid(PetscReal x, PetscReal share)
{
  return (NakAmount){NAK_PHASE_LIQUID, x, share};
}

static NakAmount Solid(PetscReal x, PetscReal share)
{
  return (NakAmount){NAK_PHASE_SOLID, x, share};
}

static NakAmount Na2K(PetscReal share)
{
  return (NakAmount){NAK_PHASE_COMPOUND, 2.0 / 3, share};
}

/* Found apart, among 200001 samples of the formulas, by the slope of the line that supports them
   from below at x.  They hold to 5e-6 in a composition and 5e-5 in a share, and are rounded to as
   much.  A second amount of share 0 for one phase. */
static void LeverRuleOfNaK(void **unused)
{
  const struct {
    PetscReal weight, celsius;
    PetscBool compounds;
    NakAmount amounts[2];
  } rows[] = {
    {0.50, 10,  PETSC_TRUE,  {Liquid(0.5993, 0.9213), Solid(0.9854, 0.0787)}},
    {0.50, 10,  PETSC_FALSE, {Liquid(0.5993, 0.9213), Solid(0.9854, 0.0787)}},
    {0.50, 0,   PETSC_TRUE,  {Liquid(0.4418, 0.1643), Na2K(0.8357)}         },
    {0.50, 0,   PETSC_FALSE, {Liquid(0.5266, 0.7754), Solid(0.9858, 0.2246)}},
    {0.50, -10, PETSC_TRUE,  {Liquid(0.3441, 0.1145), Na2K(0.8855)}         },
    {0.50, -10, PETSC_FALSE, {Liquid(0.4578, 0.6749), Solid(0.9866, 0.3251)}},
    {0.50, -14, PETSC_TRUE,  {Solid(0.0701, 0.0619), Na2K(0.9381)}          },
    {0.50, -14, PETSC_FALSE, {Liquid(0.4322, 0.6439), Solid(0.9870, 0.3561)}},
    {0.65, 10,  PETSC_TRUE,  {Liquid(0.4780, 1)}                            },
    {0.65, 10,  PETSC_FALSE, {Liquid(0.4780, 1)}                            },
    {0.65, 0,   PETSC_TRUE,  {Liquid(0.4418, 0.8388), Na2K(0.1612)}         },
    {0.65, 0,   PETSC_FALSE, {Liquid(0.4780, 1)}                            },
    {0.65, -10, PETSC_TRUE,  {Liquid(0.3441, 0.5848), Na2K(0.4152)}         },
    {0.65, -10, PETSC_FALSE, {Liquid(0.4578, 0.9618), Solid(0.9866, 0.0382)}},
    {0.65, -14, PETSC_TRUE,  {Solid(0.0701, 0.3162), Na2K(0.6838)}          },
    {0.65, -14, PETSC_FALSE, {Liquid(0.4322, 0.9174), Solid(0.9870, 0.0826)}},
    {0.80, 10,  PETSC_TRUE,  {Liquid(0.2983, 1)}                            },
    {0.80, 10,  PETSC_FALSE, {Liquid(0.2983, 1)}                            },
    {0.80, 0,   PETSC_TRUE,  {Liquid(0.2983, 1)}                            },
    {0.80, 0,   PETSC_FALSE, {Liquid(0.2983, 1)}                            },
    {0.80, -10, PETSC_TRUE,  {Liquid(0.3095, 0.9537), Solid(0.0694, 0.0463)}},
    {0.80, -10, PETSC_FALSE, {Liquid(0.3095, 0.9537), Solid(0.0694, 0.0463)}},
    {0.80, -14, PETSC_TRUE,  {Solid(0.0701, 0.6174), Na2K(0.3826)}          },
    {0.80, -14, PETSC_FALSE, {Liquid(0.3333, 0.8661), Solid(0.0723, 0.1339)}},
  };

  (void)unused;
  for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
    const NakAlloy  alloy = NaKAt(273.15 + rows[n].celsius);
    const PetscReal x     = NakThermoMoleFraction(NaK(), (NakFraction){rows[n].weight, PETSC_TRUE});
    NakAmount       found[2];
    const PetscInt  count = NakThermoAmounts(&alloy, x, rows[n].compounds, found);

    assert_int_equal(count, rows[n].amounts[1].share > 0 ? 2 : 1);
    for (int i = 0; i < 2; i++) {
      assert_int_equal(found[i].phase, rows[n].amounts[i].phase);
      AssertNear("composition", found[i].x, rows[n].amounts[i].x, 2e-4);
      AssertNear("share", found[i].share, rows[n].amounts[i].share, 2e-4);
    }
    AssertNear("atoms", found[0].share + found[1].share, 1, 1e-15);
    AssertNear("Na", found[0].share * found[0].x + found[1].share * found[1].x, x, 1e-15);
  }
}

/* The temperature at which the first solid forms, between two that are below and above. */
static PetscReal Liquidus(PetscReal weight, PetscBool compounds)
{
  const PetscReal x   = NakThermoMoleFraction(NaK(), (NakFraction){weight, PETSC_TRUE});
  PetscReal       low = 262, high = 310;

  while (high - low > 1e-3) {
    const PetscReal middle = (low + high) / 2;
    const NakAlloy  alloy  = NaKAt(middle);
    NakAmount       amounts[2];
    const PetscBool solid = (PetscBool)(NakThermoAmounts(&alloy, x, compounds, amounts) > 1);

    *(solid ? &low : &high) = middle;
  }
  return low - 273.15;
}

static void AllLiquidAbove(void **unused)
{
  (void)unused;
  AssertNear("NaK50", Liquidus(0.50, PETSC_TRUE), 14.2, 0.1);
  AssertNear("NaK50", Liquidus(0.50, PETSC_FALSE), 14.2, 0.1);
  AssertNear("NaK65", Liquidus(0.65, PETSC_TRUE), 2.5, 0.1);
  AssertNear("NaK65 without Na2K", Liquidus(0.65, PETSC_FALSE), -7.0, 0.1);
  AssertNear("NaK80", Liquidus(0.80, PETSC_TRUE), -8.0, 0.1);
}

/* The greatest gain by any solid [J/mol], by a search that shares nothing with the hull. */
static PetscReal MostDriving(const NakAlloy *alloy, PetscReal x, PetscBool compounds)
{
  PetscReal most = PetscMax(NakThermoDriving(alloy, x, PETSC_TRUE, NULL),
                            NakThermoDriving(alloy, x, PETSC_FALSE, NULL));

  return compounds ? PetscMax(most, NakThermoDrivingCompound(alloy, x, 0)) : most;
}

/* At the ends of the liquid no solid gains anything; this gain is a continuous function of T and x,
   so the ends are, too.  1e-3 J/mol: where Na2K takes the place of Na, samples of the hull decide,
   which know a tangent to RT h^2 / (8 x (1 - x)) = 3e-4 J/mol, with h = 1/2000 apart. */
static void EndsOfTheLiquid(void **unused)
{
  (void)unused;
  for (int n = 0; n < 600; n++) {
    const PetscReal T         = n < 400 ? 260.6 + 0.19 * n : 280.0 + 1e-3 * (n - 400);
    const PetscBool compounds = (PetscBool)(n % 2 == 0);
    const NakAlloy  alloy     = NaKAt(T);
    PetscReal       x[2];

    assert_true(NakThermoLiquidRange(&alloy, compounds, x));
    assert_true(x[0] < x[1]);
    AssertNear("K end", MostDriving(&alloy, x[0], compounds), 0, 1e-3);
    AssertNear("Na end", MostDriving(&alloy, x[1], compounds), 0, 1e-3);
    assert_true(MostDriving(&alloy, (x[0] + x[1]) / 2, compounds) < 0);
  }
}

/* What compounds do to it: nothing above the peritectic of Na2K, less towards Na below it, all of
   it below the eutectic. */
static void LiquidWithoutCompounds(void **unused)
{
  const NakAlloy warm = NaKAt(280.3), cool = NaKAt(273.15), cold = NaKAt(259.15);
  PetscReal      with[2], without[2];

  (void)unused;
  assert_true(NakThermoLiquidRange(&warm, PETSC_TRUE, with));
  assert_true(NakThermoLiquidRange(&warm, PETSC_FALSE, without));
  for (int i = 0; i < 2; i++) AssertNear("warm", with[i], without[i], 1e-12);
  assert_true(NakThermoLiquidRange(&cool, PETSC_TRUE, with));
  assert_true(NakThermoLiquidRange(&cool, PETSC_FALSE, without));
  AssertNear("K end", with[0], without[0], 1e-12);
  AssertNear("Na end", with[1], 0.442, 1e-3);
  AssertNear("Na end without Na2K", without[1], 0.527, 1e-3);
  AssertNear("that is the liquidus", without[1], NakThermoLiquidus(&cool, PETSC_TRUE), 1e-15);
  assert_false(NakThermoLiquidRange(&cold, PETSC_TRUE, with));
  assert_true(NakThermoLiquidRange(&cold, PETSC_FALSE, without));
}

/* ---- Alloys that nobody has made ---- */

static PetscReal Random(PetscReal low, PetscReal high)
{
  static unsigned state = 12345;

  state = 1664525U * state + 1013904223U;
  return low + (high - low) * (state >> 8) / 16777216.0;
}

static NakEnergy Constant(PetscReal value)
{
  return (NakEnergy){.n = 1, .value = {value}};
}

/* Melting points of 250 to 450 K, several Redlich-Kister terms, two compounds. */
static NakMaterial RandomMaterial(void)
{
  NakMaterial m = {.lowest = 200, .highest = 500, .solute_limit = 0.5, .n_compounds = 2};

  for (int k = 0; k < 2; k++) {
    NakEnergy      *fusion = k == 0 ? &m.liquid.a : &m.liquid.b;
    const PetscReal H = Random(1500, 6000), T = Random(250, 450);

    *fusion = (NakEnergy){
      .n = 2, .value = {H, -H / T},
           .power = {0, 1     }
    };
    m.compounds[k].x      = k == 0 ? 0.25 : 0.6;
    m.compounds[k].energy = Constant(Random(-1500, 300));
  }
  m.liquid.orders = (PetscInt)Random(0, NAK_ORDERS + 0.99);
  m.solid.orders  = (PetscInt)Random(1, 4);
  for (PetscInt k = 0; k < NAK_ORDERS; k++) {
    m.liquid.mixing[k] = Constant(Random(-4000, 4000) / (PetscReal)(k + 1));
    m.solid.mixing[k]  = Constant(k == 0 ? Random(0, 25000) : Random(-2000, 2000));
  }
  return m;
}

/* Energy of a phase at x; a compound has one x only. */
static PetscReal EnergyOf(const NakAlloy *alloy, PetscInt phase, PetscReal x)
{
  if (phase >= NAK_PHASE_COMPOUND) return alloy->compound_energy[phase - NAK_PHASE_COMPOUND];
  return NakSolutionEnergy(phase == NAK_PHASE_LIQUID ? &alloy->liquid : &alloy->solid, x);
}

/* A solution touches the common tangent, whose values at pure B and A are `b` and `a`. */
static void AssertTouches(const NakAlloy *alloy, PetscInt phase, PetscReal x, PetscReal b,
                          PetscReal a)
{
  const NakSolution *s = phase == NAK_PHASE_LIQUID ? &alloy->liquid : &alloy->solid;

  if (phase >= NAK_PHASE_COMPOUND || x < 1e-8 || x > 1 - 1e-8) return;
  AssertNear("mu A", NakSolutionMuA(s, x), a, 1e-4);
  AssertNear("mu B", NakSolutionMuB(s, x), b, 1e-4);
}

static void AssertTie(const NakAlloy *alloy, const NakTie *tie)
{
  const PetscReal l     = EnergyOf(alloy, tie->phase[0], tie->x[0]);
  const PetscReal r     = EnergyOf(alloy, tie->phase[1], tie->x[1]);
  const PetscReal slope = (r - l) / (tie->x[1] - tie->x[0]), b = l - slope * tie->x[0];
  const PetscReal a = b + slope;

  assert_true(tie->x[0] < tie->x[1]);
  for (int k = 0; k < 2; k++) AssertTouches(alloy, tie->phase[k], tie->x[k], b, a);
  for (int i = 0; i <= 997; i++) {
    const PetscReal x = i / 997.0, tangent = b + slope * x;

    assert_true(NakSolutionEnergy(&alloy->liquid, x) > tangent - 1e-2);
    assert_true(NakSolutionEnergy(&alloy->solid, x) > tangent - 1e-2);
  }
  for (PetscInt k = 0; k < alloy->n_compounds; k++)
    assert_true(alloy->compound_energy[k] > b + slope * alloy->compound_x[k] - 1e-2);
}

static void EquilibriaOfAnything(void **unused)
{
  PetscInt ties = 0, points = 0;

  (void)unused;
  for (int n = 0; n < 200; n++) {
    const NakMaterial   material = RandomMaterial();
    const NakAlloy      alloy    = NakThermoAlloy(&material, Random(200, 500));
    const NakEquilibria all      = NakThermoEquilibria(&alloy, PETSC_TRUE);
    const PetscReal     low      = NakThermoLiquidus(&alloy, PETSC_FALSE),
                    high         = NakThermoLiquidus(&alloy, PETSC_TRUE);

    ties += all.n;
    for (PetscInt i = 0; i < all.n; i++) AssertTie(&alloy, &all.tie[i]);
    assert_true((low >= 0 && high <= 1 && low < high) || (low >= 1 && high <= 0));
  }
  for (int n = 0; n < 5; n++) {
    const NakMaterial material = RandomMaterial();
    NakInvariant      p[32];
    PetscInt          count;

    NakThermoInvariants(&material, 200, 500, 32, p, &count);
    for (PetscInt i = 0; i < count; i++) assert_true(p[i].T > 200 && p[i].T <= 500);
    points += count;
  }
  assert_true(ties > 200 && points > 10);
}

/* The lever rule finds no state of less energy than a mixture of any two others, and keeps the
   atoms. */
static void AmountsOfAnything(void **unused)
{
  PetscInt mixed = 0;

  (void)unused;
  for (int n = 0; n < 200; n++) {
    const NakMaterial material = RandomMaterial();
    const NakAlloy    alloy    = NakThermoAlloy(&material, Random(200, 500));
    const PetscReal   x        = Random(0.01, 0.99);
    NakAmount         a[2];
    const PetscInt    count = NakThermoAmounts(&alloy, x, PETSC_TRUE, a);
    PetscReal         G     = a[0].share * EnergyOf(&alloy, a[0].phase, a[0].x);

    if (count > 1) G += a[1].share * EnergyOf(&alloy, a[1].phase, a[1].x);
    mixed += count - 1;
    AssertNear("atoms", a[0].share + a[1].share, 1, 1e-14);
    AssertNear("A", a[0].share * a[0].x + a[1].share * a[1].x, x, 1e-14);
    assert_true(a[0].share > 0 && a[1].share >= 0);
    for (int i = 0; i < 1000; i++) {
      const PetscReal left = Random(0, x), right = Random(x, 1);
      const PetscReal share = (right - x) / (right - left);
      const PetscInt  l = (PetscInt)Random(0, 1.99), r = (PetscInt)Random(0, 1.99);

      assert_true(G < share * EnergyOf(&alloy, l, left) + (1 - share) * EnergyOf(&alloy, r, right) +
                        1e-2);
    }
  }
  assert_true(mixed > 50 && mixed < 200);
}

/* ---- The liquid's polynomials, of any order ---- */

static void PolynomialsOfAnyOrder(void **unused)
{
  (void)unused;
  for (int n = 0; n < 50; n++) {
    const NakMaterial           material = RandomMaterial();
    const NakAlloy              alloy    = NakThermoAlloy(&material, 300);
    const PetscReal             r = Random(0.02, 10), x = r / (1 + r), h = 1e-4 * r;
    const NakLiquid             liquid = NakThermoLiquid(&alloy, x);
    const NakDiffusionPotential D      = NakThermoDiffusion(&alloy, r);
    const NakDiffusionPotential up     = NakThermoDiffusion(&alloy, r + h);
    const NakDiffusionPotential down   = NakThermoDiffusion(&alloy, r - h);
    const PetscReal factor = x * (1 - x) * NakSolutionCurvature(&alloy.liquid, x) / alloy.liquid.RT;

    AssertNear("ln a", liquid.ln_activity, NakSolutionMuA(&alloy.liquid, x) / alloy.liquid.RT,
               1e-9);
    AssertNear("factor", liquid.factor, factor, 1e-9);
    AssertNear("d1", D.d1, factor, 1e-9);
    AssertNear("value", (up.value - down.value) / (2 * h), D.d1, 1e-4);
    AssertNear("d2", (up.d1 - down.d1) / (2 * h), D.d2, 1e-4 / r);
    AssertNear("from 0", NakThermoDiffusion(&alloy, 1e-9).value, 1e-9, 1e-13);
  }
}

static void TermsOfT(void **unused)
{
  const PetscReal T = 321;
  NakMaterial     m = RandomMaterial();

  (void)unused;
  m.solid.a = (NakEnergy){
    .n     = 4,
    .value = {3,           -2,         5e-3,        7          },
    .power = {0,           1,          2,           -1         },
    .log   = {PETSC_FALSE, PETSC_TRUE, PETSC_FALSE, PETSC_FALSE}
  };
  AssertNear("sum", NakThermoAlloy(&m, T).solid.g_a,
             3 - 2 * T * PetscLogReal(T) + 5e-3 * T * T + 7 / T, 1e-9);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(CriticalPoints),
  cmocka_unit_test(PointsOfNaK),
  cmocka_unit_test(DrivingForcesOfNaK),
  cmocka_unit_test(LeverRuleOfNaK),
  cmocka_unit_test(AllLiquidAbove),
  cmocka_unit_test(EndsOfTheLiquid),
  cmocka_unit_test(LiquidWithoutCompounds),
  cmocka_unit_test(AmountsOfAnything),
  cmocka_unit_test(PointsOfKRb),
  cmocka_unit_test(PointsThatWereFitted),
  cmocka_unit_test(GalliumAlloys),
  cmocka_unit_test(MetalsMeltBesideACompound),
  cmocka_unit_test(EquilibriaOfAnything),
  cmocka_unit_test(PolynomialsOfAnyOrder),
  cmocka_unit_test(TermsOfT),
};

NAK_TEST_MAIN(tests)
