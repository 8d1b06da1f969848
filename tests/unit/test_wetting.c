/* Wetting against numbers that are published or worked out by hand. */
#include <nakfield/wetting.h>

#include <string.h>

#include "nak_test.h"

static const PetscReal degree = PETSC_PI / 180, gamma_nak = 0.13, gamma_na = 0.198; /* [N/m] */

static PetscReal Angle(PetscReal tension, PetscReal adhesion)
{
  return NakWettingAngle(NakWettingCosine(tension, adhesion)) / degree;
}

/* Zhao et al. (2023): 0.185 J/m2 of NaK and 0.166 J/m2 of Na, with handbook tensions; Guo et al.
   (2019): 146 degree on carbon, 50 degree on its K2O skin of 0.21 J/m2. */
static void AnglesOfTheWorkOfAdhesion(void **unused)
{
  (void)unused;
  AssertNear("NaK on NASICON", Angle(gamma_nak, 0.185), 65, 0.5);
  AssertNear("Na on NASICON", Angle(gamma_na, 0.166), 99, 0.5);
  AssertNear("carbon", Angle(gamma_nak, 0.0222), 146, 0.5);
  AssertNear("K2O", Angle(gamma_nak, 0.21), 52, 0.5);
  AssertNear("none", Angle(gamma_nak, 0), 180, 1e-9);
  AssertNear("spreads", Angle(gamma_nak, 0.3), 0, 1e-9);
  AssertRelative("beyond 1", NakWettingCosine(gamma_nak, 0.3), 0.3 / 0.13 - 1, 1e-12);
}

/* 0.706 to 3.278 m2/g is a roughness of 4.6: it makes 146 degree an impossible -3.8, and an angle
   of 0 wants less than 78 degree of the smooth wall, 0.158 J/m2. */
static void RoughnessAlone(void **unused)
{
  const NakWettingParams p = {.adhesion = 0.0222, .roughness = 3.278 / 0.706};
  char                   text[1024];

  (void)unused;
  AssertNear("Wenzel", p.roughness * PetscCosReal(146 * degree), -3.8, 0.06);
  NakWettingWrite(&p, gamma_nak, PetscCosReal(146 * degree), text, sizeof text);
  assert_non_null(strstr(text, "impossible: Wenzel's cosine is below -1"));
  assert_non_null(strstr(text, "cosine -3.8"));
  AssertNear("least for 0", NakWettingAngle(1 / p.roughness) / degree, 77.6, 0.5);
  AssertNear("its adhesion", gamma_nak * (1 + 1 / p.roughness), 0.158, 0.0005);
  NakWettingWrite(&p, gamma_nak, 0.3, text, sizeof text);
  assert_non_null(strstr(text, "spreads"));
}

/* At 146 degree: 22 kPa into 10 um, 11 MPa into 20 nm; vacuum infiltration opens 2 um. */
static void PressureIntoPores(void **unused)
{
  const PetscReal cosine = PetscCosReal(146 * degree);

  (void)unused;
  AssertNear("10 um", NakWettingEntry(gamma_nak, cosine, 10e-6), 21.6e3, 100);
  AssertNear("20 nm", NakWettingEntry(gamma_nak, cosine, 20e-9), 10.8e6, 5e4);
  AssertNear("vacuum", NakWettingOpens(gamma_nak, cosine, 101325), 2.13e-6, 1e-8);
  AssertRelative("drawn in", NakWettingEntry(gamma_nak, 0.5, 10e-6), -13e3, 1e-12);
  assert_true(NakWettingOpens(gamma_nak, 0.5, 101325) == 0);
}

/* 5 mm at 60 degree: 0.06 s through pores of 10 um, 1.2 s through slits of 0.5 um; carbon paper
   took 600 s, which 8 um/s of a reaction explain. */
static void Wicking(void **unused)
{
  NakWettingParams p = {.pore = 10e-6, .length = 5e-3, .viscosity = 0.75e-3};

  (void)unused;
  AssertNear("10 um", NakWettingTime(&p, gamma_nak, 0.5), 0.0577, 1e-4);
  assert_false(NakWettingReacts(&p, gamma_nak, 0.5));
  p.pore = 0.5e-6;
  AssertNear("0.5 um", NakWettingTime(&p, gamma_nak, 0.5), 1.154, 1e-3);
  p.pore  = 10e-6;
  p.speed = 8e-6;
  AssertRelative("by reaction", NakWettingTime(&p, gamma_nak, 0.5), 625, 1e-12);
  assert_true(NakWettingReacts(&p, gamma_nak, 0.5));
  assert_true(NakWettingTime(&p, gamma_nak, -0.1) == PETSC_INFINITY);
}

/* Both limits, one after the other: against dl/dt = min(a / l, v) in small steps. */
static void ReactionThenViscosity(void **unused)
{
  const NakWettingParams p = {.pore = 0.5e-6, .length = 5e-3, .viscosity = 0.75e-3, .speed = 5e-3};
  const PetscReal        a = p.pore * gamma_nak * 0.5 / (4 * p.viscosity);
  const int              n = 200000;
  PetscReal              t = 0;

  (void)unused;
  assert_true(a / p.speed > 0.1 * p.length && a / p.speed < 0.9 * p.length);
  for (int k = 0; k < n; k++) t += p.length / n / PetscMin(a / (p.length * (k + 0.5) / n), p.speed);
  AssertRelative("both", NakWettingTime(&p, gamma_nak, 0.5), t, 1e-8);
  assert_false(NakWettingReacts(&p, gamma_nak, 0.5));
}

static PetscInt ErrorsOf(NakWettingParams p, PetscReal tension)
{
  NakCheckList list = {.n = 0};

  NakWettingCheck(&p, tension, &list);
  return list.n;
}

static void EntriesThatNeedOthers(void **unused)
{
  (void)unused;
  assert_int_equal(ErrorsOf((NakWettingParams){.adhesion = 0.1, .roughness = 2}, 0.13), 0);
  assert_int_equal(ErrorsOf((NakWettingParams){.adhesion = 0.1, .roughness = 1}, 0), 1);
  assert_int_equal(ErrorsOf((NakWettingParams){.roughness = 2}, 0.13), 1);
  assert_int_equal(ErrorsOf((NakWettingParams){.roughness = 1, .speed = 1e-6}, 0.13), 1);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(AnglesOfTheWorkOfAdhesion), cmocka_unit_test(RoughnessAlone),
  cmocka_unit_test(PressureIntoPores),         cmocka_unit_test(Wicking),
  cmocka_unit_test(ReactionThenViscosity),     cmocka_unit_test(EntriesThatNeedOthers),
};

NAK_TEST_MAIN(tests)
