/* Equilibria of all phases: the published points of two alloys, and for alloys nobody has made the two
   conditions that every equilibrium meets: equal potentials, and no phase below the common tangent. */
#include <nakfield/thermo.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "material_fixture.h"

static void AssertNear(const char *what, PetscReal a, PetscReal b, PetscReal tolerance)
{
  if (!(PetscAbsReal(a - b) <= tolerance))
    fail_msg("%s: %.12g is not %.12g within %g", what, (double)a, (double)b, (double)tolerance);
}

/* ---- Alloys that are known ---- */

static void AssertPoint(const NakInvariant *p, NakInvariantKind kind, PetscReal T, PetscInt n,
                        const PetscReal x[])
{
  assert_int_equal(p->kind, kind);
  assert_int_equal(p->n, n);
  AssertNear("temperature", p->T, T, 0.2);
  for (PetscInt k = 0; k < n; k++) AssertNear("composition", p->x[k], x[k], 2e-3);
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
    AssertNear("slope", D.slope, factor, 1e-9);
    AssertNear("value", (up.value - down.value) / (2 * h), D.slope, 1e-4);
    AssertNear("second", (up.slope - down.slope) / (2 * h), D.second, 1e-4 / r);
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

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(PointsOfNaK),           cmocka_unit_test(DrivingForcesOfNaK),
    cmocka_unit_test(PointsOfKRb),           cmocka_unit_test(EquilibriaOfAnything),
    cmocka_unit_test(PolynomialsOfAnyOrder), cmocka_unit_test(TermsOfT),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) != 0) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() != 0 || failed != 0;
}
