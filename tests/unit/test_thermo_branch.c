/* A phase at a given diffusion potential: the inverse of dG/dx found independently by bisection on
   differences, derivatives by differences, and the common tangent of the phase diagram. */
#include <nakfield/thermo.h>

#include "material_fixture.h"
#include "nak_test.h"

static PetscReal Mu(const NakSolution *s, PetscReal x)
{
  const PetscReal h = 5e-3 * PetscMin(x, 1 - x);

  return (8 * (NakSolutionEnergy(s, x + h) - NakSolutionEnergy(s, x - h)) -
          (NakSolutionEnergy(s, x + 2 * h) - NakSolutionEnergy(s, x - 2 * h))) /
         (12 * h);
}

static void InverseOfTheSlope(void **unused)
{
  const NakAlloy  alloy     = NaKAt(280);
  const NakBranch phases[3] = {NakThermoBranch(&alloy.liquid, 0, 1),
                               NakThermoBranch(&alloy.solid, 0, 0.1),
                               NakThermoBranch(&alloy.solid, 1, 0.9)};
  const PetscReal x[3][4]   = {
      {1e-6, 0.2,  0.5,   0.999 },
      {1e-5, 1e-3, 0.02,  0.099 },
      {0.91, 0.97, 0.999, 0.9999}
  };

  (void)unused;
  for (int p = 0; p < 3; p++)
    for (int k = 0; k < 4; k++) {
      const NakSolution   *s  = &phases[p].solution;
      const PetscReal      mu = Mu(s, x[p][k]);
      const NakBranchPoint at = NakBranchAt(&phases[p], mu, 0);

      AssertNear("x", at.x / x[p][k], 1, 1e-8);
      AssertNear("omega", at.omega, NakSolutionEnergy(s, x[p][k]) - mu * x[p][k], 1e-5);
      AssertNear("slope", at.slope * NakSolutionCurvature(s, x[p][k]), 1, 1e-7);
    }
}

/* Per mole of B: the two chemical potentials of the solution itself, and Gibbs and Duhem's law with
   its derivatives, in the liquid and along solids on either side and beyond their ends. */
static void PerMoleOfB(void **unused)
{
  const NakAlloy  alloy     = NaKAt(290);
  const NakBranch liquid    = NakThermoBranch(&alloy.liquid, 0, 1);
  const NakBranch solids[3] = {NakThermoBranch(&alloy.solid, 0, 0.1),
                               NakThermoBranch(&alloy.solid, 0, 0.02),
                               NakThermoBranch(&alloy.solid, 1, 0.9)};
  const PetscReal RT        = alloy.solid.RT;

  (void)unused;
  for (PetscReal x = 0.01; x < 1; x += 0.07) {
    const NakBranchPoint at = NakBranchPerB(&liquid, NakSolutionMuA(&alloy.liquid, x), 0);

    AssertNear("ratio", at.x * (1 - x) / x, 1, 1e-12);
    AssertNear("mu_B", at.omega, NakSolutionMuB(&alloy.liquid, x), 1e-8);
  }
  for (int p = 0; p < 3; p++) {
    const PetscReal h = p < 2 ? 1e-2 : 1e-3;

    for (PetscReal mu = p < 2 ? -20000 : -1000; mu < 4000; mu += p < 2 ? 300 : 10) {
      const NakBranchPoint at   = NakBranchPerB(&solids[p], mu, 0),
                           up   = NakBranchPerB(&solids[p], mu + h, 0),
                           down = NakBranchPerB(&solids[p], mu - h, 0);

      if (!(PetscAbsReal(up.x) < 1e3)) continue; /* next to pure A, or beyond it */
      AssertNear("at mu_A less mu_B", NakBranchAt(&solids[p], mu - at.omega, 0).x,
                 at.x / (1 + at.x), 1e-9);
      AssertNear("Gibbs-Duhem", -(up.omega - down.omega) / (2 * h), at.x, 1e-8 * (1 + at.x));
      AssertNear("slope", (up.x - down.x) / (2 * h) / at.slope, 1, 1e-5);
      AssertNear("bend", (up.slope - down.slope) / (2 * h) * RT / at.slope, at.bend * RT / at.slope,
                 1e-4 * (1 + PetscAbsReal(at.bend * RT / at.slope)));
    }
  }
}

/* -x, slope and bend are the derivatives of omega, along the whole branch and beyond its end. */
static void CheckDerivatives(const NakBranch *b)
{
  const PetscReal h = 1e-2, RT = b->solution.RT;

  assert_true(b->mu_high < 1e5);
  for (PetscReal mu = b->mu_high - 30005; mu < b->mu_high + 20000; mu += 500) {
    const NakBranchPoint at = NakBranchAt(b, mu, 0), up = NakBranchAt(b, mu + h, 0),
                         down = NakBranchAt(b, mu - h, 0);

    AssertNear("x", at.x, -(up.omega - down.omega) / (2 * h), 1e-9);
    AssertNear("slope", (up.x - down.x) / (2 * h) / at.slope, 1, 1e-7);
    AssertNear("bend", at.bend * RT / at.slope, (up.slope - down.slope) / (2 * h) * RT / at.slope,
               1e-6);
    assert_true(at.slope > 0);
  }
}

/* Two terms, and as many as there can be. */
static void DerivativesInMu(void **unused)
{
  const PetscReal k[]    = {2600, 400, -700, 500, 300, -250};
  const NakAlloy  alloy  = NaKAt(298.15);
  const NakBranch solid  = NakThermoBranch(&alloy.solid, 0, 0.1);
  const NakBranch liquid = NakThermoBranch(&alloy.liquid, 0, 0.97);
  NakSolution     many   = alloy.liquid;
  NakBranch       wavy;

  (void)unused;
  CheckDerivatives(&solid);
  CheckDerivatives(&liquid);
  many.n = NAK_ORDERS;
  for (int i = 0; i < NAK_ORDERS; i++) many.k[i] = k[i % 6] / (i < 6 ? 1 : 10);
  wavy = NakThermoBranch(&many, 0, 0.97);
  assert_true(wavy.high > 0.9);
  CheckDerivatives(&wavy);
  for (PetscReal x = 0.02; x < 0.9; x += 0.04) {
    const NakBranchPoint at = NakBranchAt(&wavy, Mu(&many, x), 0);

    AssertNear("x", at.x / x, 1, 1e-8);
    AssertNear("omega", at.omega, NakSolutionEnergy(&many, x) - Mu(&many, x) * x, 1e-4);
  }
}

/* Two phases are in equilibrium where their omegas are equal at one mu: a common tangent. */
static void CommonTangent(void **unused)
{
  const NakAlloy      alloy  = NaKAt(290);
  const NakEquilibria all    = NakThermoEquilibria(&alloy, PETSC_FALSE);
  const NakBranch     liquid = NakThermoBranch(&alloy.liquid, 0, 1);
  int                 met    = 0;

  (void)unused;
  for (PetscInt k = 0; k < all.n; k++) {
    const NakTie   *tie    = &all.tie[k];
    const PetscBool b_side = (PetscBool)(tie->phase[0] == NAK_PHASE_SOLID);
    const NakBranch solid  = NakThermoBranch(&alloy.solid, b_side ? 0 : 1, b_side ? 0.1 : 0.9);
    const PetscReal x      = tie->x[b_side ? 1 : 0];
    const PetscReal mu     = NakSolutionMuA(&alloy.liquid, x) - NakSolutionMuB(&alloy.liquid, x);

    AssertNear("omega", NakBranchAt(&solid, mu, 0).omega, NakBranchAt(&liquid, mu, 0).omega, 1e-6);
    AssertNear("x of the solid", NakBranchAt(&solid, mu, 0).x, tie->x[b_side ? 0 : 1], 1e-9);
    met++;
  }
  assert_int_equal(met, 2);
}

/* A branch ends before a miscibility gap, and a liquid without one keeps all compositions. */
static void EndsBeforeAGap(void **unused)
{
  const NakAlloy  alloy  = NaKAt(260);
  const NakBranch solid  = NakThermoBranch(&alloy.solid, 0, 1);
  const NakBranch liquid = NakThermoBranch(&alloy.liquid, 0, 1);

  (void)unused;
  assert_true(solid.high > 0.1 && solid.high < 0.5);
  AssertNear("curvature at the end",
             NakSolutionCurvature(&alloy.solid, solid.high) / alloy.solid.RT, 1, 0.05);
  assert_true(liquid.low == 0 && liquid.high == 1);
  assert_true(NakBranchAt(&liquid, 1e5, 0).x <= 1 && NakBranchAt(&liquid, -1e5, 0).x >= 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(InverseOfTheSlope), cmocka_unit_test(PerMoleOfB),
  cmocka_unit_test(DerivativesInMu),   cmocka_unit_test(CommonTangent),
  cmocka_unit_test(EndsBeforeAGap),
};

NAK_TEST_MAIN(tests)
