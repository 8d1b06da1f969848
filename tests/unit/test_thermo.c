/* The alloy's thermodynamics against an independent Gibbs energy here, differentiated and
   integrated by numbers, and against the phase diagram that the parameters were fitted to. */
#include <nakfield/thermo.h>

#include "material_fixture.h"
#include "nak_test.h"

static const PetscReal room = 298.15, eutectic = 260.53; /* [K] */

/* ---- The Gibbs energies per mole of atoms, against bcc metals [J/mol] ---- */

typedef PetscReal (*Phase)(PetscReal T, PetscReal x);

static PetscReal Solution(PetscReal T, PetscReal x, PetscReal k0, PetscReal k1)
{
  const PetscReal y = 1 - x;

  return 8.314462618 * T * (x * PetscLogReal(x) + y * PetscLogReal(y)) +
         x * y * (k0 + k1 * (x - y));
}

static PetscReal Liquid(PetscReal T, PetscReal x)
{
  const PetscReal T7 = PetscPowReal(T, 7);
  const PetscReal na = 2581.020 - 6.952180 * T - 2.76132e-18 * T7;
  const PetscReal k  = 2318.096 - 6.886859 * T - 9.44e-19 * T7;

  return x * na + (1 - x) * k + Solution(T, x, 2957.0 - 1.0354 * T, 375.3 + 0.7772 * T);
}

static PetscReal Solid(PetscReal T, PetscReal x)
{
  return Solution(T, x, 7527, 1838);
}

static PetscReal Compound(PetscReal T) /* Na2K */
{
  return -50.9 - 0.9199 * T;
}

/* ---- Derivatives by differences of fourth order ---- */

static PetscReal Step(PetscReal x)
{
  return 2e-3 * PetscMin(x, 1 - x);
}

static PetscReal Slope(Phase g, PetscReal T, PetscReal x)
{
  const PetscReal h = Step(x);

  return (8 * (g(T, x + h) - g(T, x - h)) - (g(T, x + 2 * h) - g(T, x - 2 * h))) / (12 * h);
}

static PetscReal Curvature(Phase g, PetscReal T, PetscReal x)
{
  const PetscReal h = Step(x);

  return (16 * (g(T, x + h) + g(T, x - h)) - (g(T, x + 2 * h) + g(T, x - 2 * h)) - 30 * g(T, x)) /
         (12 * h * h);
}

static PetscReal Sodium(Phase g, PetscReal T, PetscReal x) /* chemical potentials */
{
  return g(T, x) + (1 - x) * Slope(g, T, x);
}

static PetscReal Potassium(Phase g, PetscReal T, PetscReal x)
{
  return g(T, x) - x * Slope(g, T, x);
}

static void ActivityAndFactor(void **unused)
{
  const PetscReal temperatures[] = {262, 298.15, 350, 420};

  (void)unused;
  for (int n = 0; n < 4; n++) {
    const PetscReal T = temperatures[n], RT = 8.314462618 * T;

    for (PetscReal x = 0.01; x < 0.995; x += 0.02) {
      const NakLiquid liquid = NaKLiquid(T, x);

      AssertNear("ln a", liquid.ln_activity, Sodium(Liquid, T, x) / RT, 1e-9);
      AssertNear("factor", liquid.factor, x * (1 - x) * Curvature(Liquid, T, x) / RT, 1e-7);
    }
  }
}

static void ValuesAtRoomTemperature(void **unused)
{
  const PetscReal x      = 0.6297;
  const NakLiquid liquid = NaKLiquid(room, x);
  const PetscReal OCV    = -8.314462618 * room / 96485.33212 * liquid.ln_activity;

  (void)unused;
  AssertNear("OCV", OCV, 1.547e-3, 1e-6);
  AssertNear("factor at 0.63", liquid.factor, 0.41, 5e-3);
}

/* Of int_0^r factor dr', with a second look at the factor as a function of r. */
static PetscReal FactorAt(PetscReal T, PetscReal r)
{
  const PetscReal x = r / (1 + r);

  return x > 0 ? x * (1 - x) * Curvature(Liquid, T, x) / (8.314462618 * T) : 1;
}

static PetscReal Simpson(PetscReal T, PetscReal from, PetscReal to)
{
  const int       panels = 400;
  const PetscReal h      = (to - from) / (2 * panels);
  PetscReal       sum    = 0;

  for (int k = 0; k < panels; k++) {
    const PetscReal a = from + 2 * h * (PetscReal)k;

    sum += h / 3 * (FactorAt(T, a) + 4 * FactorAt(T, a + h) + FactorAt(T, a + 2 * h));
  }
  return sum;
}

static void DiffusionPotential(void **unused)
{
  const PetscReal r[] = {0, 0.01, 0.1, 0.4, 1, 1.7, 3, 8}, temperatures[] = {262, 298.15, 420};

  (void)unused;
  AssertNear("potential at 0", NaKDiffusion(room, 0).value, 0, 1e-15);
  for (int n = 0; n < 3; n++) {
    const PetscReal T = temperatures[n];

    for (int k = 1; k < 8; k++) {
      const NakDiffusionPotential low  = NaKDiffusion(T, r[k - 1]);
      const NakDiffusionPotential high = NaKDiffusion(T, r[k]);
      const PetscReal             h    = 2e-2 * r[k];
      const PetscReal             bend = (8 * (FactorAt(T, r[k] + h) - FactorAt(T, r[k] - h)) -
                              (FactorAt(T, r[k] + 2 * h) - FactorAt(T, r[k] - 2 * h))) /
                             (12 * h);

      AssertNear("integral", high.value - low.value, Simpson(T, r[k - 1], r[k]), 1e-6 * r[k]);
      AssertNear("d1", high.d1, FactorAt(T, r[k]), 1e-7);
      AssertNear("d2", high.d2, bend, 1e-4 * (PetscAbsReal(bend) + 1));
      assert_true(high.value > low.value);
    }
  }
}

/* The composition, poor in the solute, at which the solid has the liquid's potential of the
   solute. */
static PetscReal Partner(PetscReal T, PetscReal x, PetscBool rich_in_a)
{
  PetscReal (*solute)(Phase, PetscReal, PetscReal) = rich_in_a ? Potassium : Sodium;
  const PetscReal target                           = solute(Liquid, T, x);
  PetscReal       low = 1e-9, high = 0.1; /* mole fraction of the solute */

  for (int k = 0; k < 100; k++) {
    const PetscReal s = (low + high) / 2;

    if (solute(Solid, T, rich_in_a ? 1 - s : s) < target)
      low = s;
    else
      high = s;
  }
  return rich_in_a ? 1 - low : low;
}

/* On a liquidus both metals have the same potential in both phases. */
static void LiquidusIsAnEquilibrium(void **unused)
{
  const PetscReal temperatures[] = {262, 280, 298.15, 320, 335};

  (void)unused;
  for (int n = 0; n < 10; n++) {
    const PetscReal T         = temperatures[n / 2];
    const PetscBool rich_in_a = (PetscBool)(n % 2);
    const PetscReal x         = NaKLiquidus(T, rich_in_a);
    const PetscReal xs        = Partner(T, x, rich_in_a);

    assert_true(x > 0.005 && x < 0.995);
    AssertNear("mu Na", Sodium(Liquid, T, x), Sodium(Solid, T, xs), 1e-3);
    AssertNear("mu K", Potassium(Liquid, T, x), Potassium(Solid, T, xs), 1e-3);
  }
}

static void PhaseDiagram(void **unused)
{
  const PetscReal x = NaKLiquidus(eutectic, PETSC_FALSE);
  const PetscReal driving =
    (2 * Sodium(Liquid, eutectic, x) + Potassium(Liquid, eutectic, x)) / 3 - Compound(eutectic);

  (void)unused;
  AssertNear("K liquidus", NaKLiquidus(room, PETSC_FALSE), 0.143, 1e-3);
  AssertNear("Na liquidus", NaKLiquidus(room, PETSC_TRUE), 0.704, 1e-3);
  AssertNear("eutectic", x, 0.325, 1e-3);
  AssertNear("Na2K at the eutectic, J/mol", driving, 0, 0.5); /* 0.5 J/mol: some 0.1 K */
  AssertNear("K above its melting point", NaKLiquidus(340, PETSC_FALSE), 0, 0);
  AssertNear("Na above its melting point", NaKLiquidus(375, PETSC_TRUE), 1, 0);
  assert_true(NaKLiquidus(336, PETSC_FALSE) > 0);
  assert_true(NaKLiquidus(370, PETSC_TRUE) < 1);
}

/* A regular solution mixes above L0/2R, at its middle last. */
static void MixesAboveItsCriticalPoint(void **unused)
{
  const PetscReal critical = 6500 / (2 * 8.314462618);
  NakMaterial     regular  = *NaK();

  (void)unused;
  regular.liquid.orders    = 1;
  regular.liquid.mixing[0] = (NakEnergy){.n = 1, .value = {6500}};
  for (int k = -1; k <= 1; k += 2) {
    const NakAlloy alloy = NakThermoAlloy(&regular, critical + 0.01 * k);

    assert_int_equal(NakThermoMixes(&alloy), k > 0);
  }
}

static void Composition(void **unused)
{
  const PetscReal weight[] = {0.50, 0.65, 0.80}, expected[] = {0.630, 0.478, 0.298};
  const PetscReal NaK50 = NakThermoMoleFraction(NaK(), (NakFraction){0.5, PETSC_TRUE});

  (void)unused;
  for (int k = 0; k < 3; k++) {
    const NakFraction by_weight = {weight[k], PETSC_TRUE}, by_amount = {weight[k], PETSC_FALSE};

    AssertNear("x", NakThermoMoleFraction(NaK(), by_weight), expected[k], 6e-4);
    AssertNear("x", NakThermoMoleFraction(NaK(), by_amount), 1 - weight[k], 1e-15);
  }
  AssertNear("density", NakThermoDensity(NaK(), NaK50), 30997, 20);
  AssertNear("Na in the liquid", NakThermoDensity(NaK(), 1), 1 / 24.34e-6, 1e-6);
  AssertNear("K in the liquid", NakThermoDensity(NaK(), 0), 1 / 46.8e-6, 1e-6);
}

/* Factors between 25 and 0 C of 0.106, 0.30 and 0.40 eV, computed apart with k = 8.617333e-5
   eV/K. */
static void RatesFollowArrhenius(void **unused)
{
  const PetscReal energy[] = {0.106, 0.30, 0.40}, factor[] = {0.6855, 0.3435, 0.2406};

  (void)unused;
  for (int n = 0; n < 3; n++) {
    const PetscReal cold = NakArrhenius(energy[n], 273.15), warm = NakArrhenius(energy[n], 320);
    const PetscReal h = 0.01, slope = PetscLogReal(NakArrhenius(energy[n], 320 + h) / warm) / h;

    AssertNear("factor at 0 C", cold, factor[n], 1e-4);
    assert_true(NakArrhenius(energy[n], NAK_REFERENCE_TEMPERATURE) == 1);
    AssertNear("van 't Hoff", slope * 8.617333262e-5 * 320 * 320, energy[n], 1e-4 * energy[n]);
  }
  assert_true(NakArrhenius(0, 250) == 1);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(ActivityAndFactor),
  cmocka_unit_test(ValuesAtRoomTemperature),
  cmocka_unit_test(DiffusionPotential),
  cmocka_unit_test(LiquidusIsAnEquilibrium),
  cmocka_unit_test(PhaseDiagram),
  cmocka_unit_test(Composition),
  cmocka_unit_test(MixesAboveItsCriticalPoint),
  cmocka_unit_test(RatesFollowArrhenius),
};

NAK_TEST_MAIN(tests)
