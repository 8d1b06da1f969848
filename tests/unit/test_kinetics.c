/* The interface point by point: its balance and its rates against formulas written anew here, every
   derivative against difference quotients, limits that are known by hand. */
#include <nakfield/kinetics.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "material_fixture.h"

static const PetscReal F = 96485.33212, f = 96485.33212 / (8.314462618 * 298.15);
static const PetscReal R_ct  = 50e-4; /* [ohm m2] */
static const PetscReal sharp = 1e30;  /* a conductance with which u_face is u */
static const PetscReal half  = 140;   /* that of the half layer of 10, i_lim = 7 A/m2 [A/m2] */
static const PetscReal onset = 20e-9, speed = 2e-7, solid_na = 23.8e-6;
static const PetscReal growing = 1e-3, dissolving = 3600; /* K film [1/s], [s] */

static const NakInterphaseParams interphase = {
  .limiting_current      = 7,
  .diffusion_time        = 10,
  .exponent              = 2.1,
  .thickness             = 37e-9,
  .reference             = {.value = 0.5, .by_weight = PETSC_TRUE},
  .film_rate             = 1e-3,
  .film_dissolution_time = 3600,
  .film_thickness        = 37e-9
};
static const NakReactionParams reaction = {.charge_transfer_resistance = 50e-4,
                                           .symmetry                   = 0.5,
                                           .double_layer               = 7,
                                           .deposit_rate               = 1e4,
                                           .deposit_dissolution_time   = 7200,
                                           .filament_onset             = 20e-9,
                                           .filament_speed             = 2e-7};

static NakKinetics Pristine(PetscReal symmetry)
{
  NakReactionParams r = reaction;

  r.symmetry = symmetry;
  return NakKineticsCreate(NaK(), 298.15, &interphase, &r, 1);
}

static void AssertNear(const char *what, PetscReal a, PetscReal b, PetscReal tolerance)
{
  if (!(PetscAbsReal(a - b) <= tolerance))
    fail_msg("%s: %.12g is not %.12g within %g", what, (double)a, (double)b, (double)tolerance);
}

static void AssertRelative(const char *what, PetscReal a, PetscReal b, PetscReal tolerance)
{
  AssertNear(what, a, b, tolerance * PetscAbsReal(b));
}

/* ---- Constants ---- */

static void Constants(void **unused)
{
  const NakKinetics k            = Pristine(0.5);
  const NakKinetics half_contact = NakKineticsCreate(NaK(), 298.15, &interphase, &reaction, 0.5);

  (void)unused;
  AssertRelative("r_ref", k.r_ref, 1.701, 1e-3);
  AssertRelative("u_na", k.u_na, PetscPowReal(0.704 / 0.296 / 1.7007, 2.1), 0.01);
  AssertRelative("u_k", k.u_k, PetscPowReal(0.143 / 0.857 / 1.7007, 2.1), 0.02);
  AssertRelative("i_lim", k.content * k.diffusivity / interphase.thickness, 7, 1e-12);
  AssertRelative("tau", interphase.thickness * interphase.thickness / k.diffusivity, 10, 1e-12);
  AssertRelative("Na of NaK50", k.content / F, 1.96e4, 5e-3);
  AssertRelative("film", k.film_content, 37e-9 / 45.5e-6, 1e-12);
  AssertRelative("contact: i0", half_contact.i0, 2 * k.i0, 1e-12);
  AssertRelative("contact: content", half_contact.content, 2 * k.content, 1e-12);
  AssertRelative("contact: double layer", half_contact.double_layer, 14, 1e-12);
}

static void Isotherm(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  AssertNear("at the reference", NakKineticsIsotherm(&k, k.r_ref).u, 1, 1e-14);
  for (PetscReal r = 0.05; r < 5; r *= 1.3) {
    const NakIsotherm is  = NakKineticsIsotherm(&k, r);
    const PetscReal   h   = 1e-3 * r;
    const PetscReal   u[] = {PetscPowReal((r - h) / k.r_ref, 2.1), PetscPowReal(r / k.r_ref, 2.1),
                             PetscPowReal((r + h) / k.r_ref, 2.1)};

    AssertRelative("u", is.u, u[1], 1e-13);
    AssertRelative("du", is.du, (u[2] - u[0]) / (2 * h), 1e-5);
    AssertRelative("d2u", is.d2u, (u[2] - 2 * u[1] + u[0]) / (h * h), 1e-5);
    AssertRelative("OCV", NakKineticsOpenCircuit(&k, is.u),
                   -NaKLiquid(298.15, r / (1 + r)).ln_activity / f, 1e-9);
  }
}

/* ---- Charge transfer ---- */

static PetscReal Current(const NakKinetics *k, PetscReal E, PetscReal u)
{
  const NakFaceState s = {.potential = E, .u = u};

  return NakKineticsFace(k, &s, sharp, 1).reaction.value;
}

/* i = theta i0 u { exp[a f (E - E_eq)] - exp[-(1 - a) f (E - E_eq)] } with i0 = 1 / (f R_ct) */
static PetscReal ButlerVolmer(const NakKinetics *k, PetscReal a, PetscReal theta, PetscReal E,
                              PetscReal u)
{
  const PetscReal eta = f * (E - NakKineticsOpenCircuit(k, u));

  return theta * u / (f * R_ct) * (PetscExpReal(a * eta) - PetscExpReal(-(1 - a) * eta));
}

static void SmallSignal(void **unused)
{
  const NakKinetics  k = Pristine(0.5);
  const PetscReal    E = NakKineticsOpenCircuit(&k, 1), h = 1e-6;
  const NakFaceState s       = {.potential = E, .u = 1};
  const NakFace      at_rest = NakKineticsFace(&k, &s, sharp, 1);

  (void)unused;
  AssertNear("OCV", E, 1.547e-3, 2e-6);
  AssertNear("current at rest", at_rest.reaction.value, 0, 1e-12);
  AssertRelative("R_ct", 1 / at_rest.reaction.d[NAK_FACE_POTENTIAL], R_ct, 1e-10);
  AssertRelative("dE/di", 2 * h / (Current(&k, E + h, 1) - Current(&k, E - h, 1)), R_ct, 1e-8);
}

static void ButlerVolmerLimits(void **unused)
{
  const PetscReal symmetries[] = {0.3, 0.5, 0.8};

  (void)unused;
  for (int n = 0; n < 3; n++) {
    const PetscReal   a = symmetries[n];
    const NakKinetics k = Pristine(a);

    for (PetscReal u = 0.01; u < 1.9; u *= 1.7) {
      const PetscReal E = NakKineticsOpenCircuit(&k, u), i0 = u / (f * R_ct), big = 0.5;

      AssertRelative("Tafel, anodic", Current(&k, E + big, u), i0 * PetscExpReal(a * f * big),
                     1e-7);
      AssertRelative("Tafel, cathodic", Current(&k, E - big, u),
                     -i0 * PetscExpReal((1 - a) * f * big), 1e-7);
      AssertRelative("in between", Current(&k, E + 0.02, u), ButlerVolmer(&k, a, 1, E + 0.02, u),
                     1e-9);
    }
  }
}

/* ---- The balance at the face ---- */

typedef struct {
  const char  *name;
  NakFaceState s; /* E, deposit, film, u, room */
  PetscReal    conductance, contact;
} Situation;

static const Situation situations[] = {
  {"pristine",            {0.0016, 0, 0, 1, 0},            half, 1  },
  {"stripping",           {0.04, 0, 0, 0.8, 0},            half, 1  },
  {"strong stripping",    {0.3, 0, 0, 0.3, 0},             half, 1  },
  {"part of a contact",   {0.1, 0, 0.2, 0.6, 0},           half, 0.4},
  {"film grows",          {0.5, 0, 0.4, 0.02, 0},          half, 1  },
  {"collapse",            {2.5, 0, 0.3, 0.02, 0},          half, 1  },
  {"far in the collapse", {3, 0, 0.3, 1e-4, 0},            half, 1  },
  {"nothing left",        {3, 0, 0, 1e-7, 0},              half, 1  },
  {"nearly blocked",      {3, 0, 0.999, 0.1, 0},           half, 1  },
  {"thin layer",          {1, 0, 0, 0.5, 0},               1e6,  1  },
  {"plating",             {-0.03, 0, 0, 1.7, 0},           half, 1  },
  {"deposit grows",       {-0.04, 4e-4, 0, 1.99, 0},       half, 1  },
  {"deposit sets in",     {-0.03, 4e-4, 0, 2.01, 0},       half, 1  },
  {"strong plating",      {-0.11, 4e-4, 0.1, 2.0, 0},      half, 1  },
  {"filament starts",     {-0.04, 7.9e-4, 0, 1.99, 0},     half, 1  },
  {"filament grows",      {-0.04, 2e-3, 0, 1.99, 0},       half, 1  },
  {"room left in a void", {-0.04, 2e-3, 0, 1.99, 4e-8},    half, 1  },
  {"void just filled",    {-0.04, 2e-3, 0, 1.99, 2.66e-8}, half, 1  },
  {"deposit dissolves",   {0.01, 9e-4, 0.1, 1.5, 0},       half, 1  },
  {"deposit stripped",    {0.1, 9e-4, 0, 0.5, 0},          half, 1  },
  {"beyond the contact",  {0.2, 9e-4, 0.1, 1.2, 0},        half, 0  },
};

enum { SITUATIONS = sizeof situations / sizeof *situations };

static NakFace FaceOf(const NakKinetics *k, const Situation *c, const NakFaceState *s)
{
  return NakKineticsFace(k, s, c->conductance, c->contact);
}

static void BalanceHolds(void **unused)
{
  const NakKinetics k     = Pristine(0.5);
  PetscReal         least = 1;

  (void)unused;
  for (int n = 0; n < SITUATIONS; n++) {
    const Situation *c      = &situations[n];
    const NakFace    face   = FaceOf(&k, c, &c->s);
    const PetscReal  theta  = c->contact * (1 - c->s.film);
    const PetscReal  i      = ButlerVolmer(&k, 0.5, theta, c->s.potential, face.u_face);
    const PetscReal  supply = c->conductance * (c->s.u - face.u_face);
    const PetscReal  size   = c->conductance * c->s.u;

    assert_true(face.u_face > 0);
    least = PetscMin(least, face.u_face);
    AssertNear(c->name, face.reaction.value, i, 1e-9 * (PetscAbsReal(i) + 1e-6 * size));
    AssertNear(c->name, face.supply.value, supply, 1e-11 * size);
    AssertNear(c->name, i + F * face.deposit.value, supply, 1e-9 * size);
  }
  assert_true(least < 1e-20); /* the table does reach that far */
}

/* ---- Derivatives ---- */

enum { REACTION, SUPPLY, DEPOSIT, FILM, FILAMENT, VALUES };

static const char *const value_names[VALUES]          = {"reaction", "supply", "deposit", "film",
                                                         "filament"};
static const char *const unknown_names[NAK_FACE_SIZE] = {"potential", "deposit", "film", "u"};

static NakFaceValue Value(const NakFace *face, int which)
{
  const NakFaceValue values[VALUES] = {face->reaction, face->supply, face->deposit, face->film,
                                       face->filament};

  return values[which];
}

static NakFaceState Moved(const NakFaceState *s, int unknown, PetscReal h)
{
  NakFaceState     moved                = *s;
  PetscReal *const place[NAK_FACE_SIZE] = {[NAK_FACE_POTENTIAL] = &moved.potential,
                                           [NAK_FACE_DEPOSIT]   = &moved.deposit,
                                           [NAK_FACE_FILM]      = &moved.film,
                                           [NAK_FACE_U]         = &moved.u};

  *place[unknown] += h;
  return moved;
}

/* Fourth order, so that steps can be long and rounding small. */
static PetscReal Quotient(const NakKinetics *k, const Situation *c, int unknown, PetscReal h,
                          int which)
{
  PetscReal v[4];

  for (int n = 0; n < 4; n++) {
    const PetscReal    moves[4] = {-2 * h, -h, h, 2 * h};
    const NakFaceState s        = Moved(&c->s, unknown, moves[n]);
    const NakFace      face     = FaceOf(k, c, &s);

    v[n] = Value(&face, which).value;
  }
  return (8 * (v[2] - v[1]) - (v[3] - v[0])) / (12 * h);
}

static void CheckDerivatives(const NakKinetics *k, const Situation *c)
{
  const PetscReal size[NAK_FACE_SIZE] = {1 / f, PetscMax(c->s.deposit, 1e-4), 1 - c->s.film,
                                         c->s.u};
  const NakFace   face                = FaceOf(k, c, &c->s);

  for (int which = 0; which < VALUES; which++) {
    const NakFaceValue value = Value(&face, which);

    for (int j = 0; j < NAK_FACE_SIZE; j++) {
      const PetscReal quotient = Quotient(k, c, j, 3e-4 * size[j], which);
      const PetscReal scale = PetscAbsReal(quotient) + 1e-2 * PetscAbsReal(value.value) / size[j];

      if (!(PetscAbsReal(value.d[j] - quotient) <= 1e-6 * scale + 1e-30))
        fail_msg("%s: d %s / d %s is %.10g, by differences %.10g (u_face %g)", c->name,
                 value_names[which], unknown_names[j], (double)value.d[j], (double)quotient,
                 (double)face.u_face);
    }
  }
}

static void DerivativesMatchDifferences(void **unused)
{
  const PetscReal symmetries[] = {0.5, 0.3};

  (void)unused;
  for (int n = 0; n < 2 * SITUATIONS; n++) {
    const NakKinetics k = Pristine(symmetries[n / SITUATIONS]);

    CheckDerivatives(&k, &situations[n % SITUATIONS]);
  }
}

/* ---- Deposit, film, filament ---- */

static void DepositPinsTheFace(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  for (PetscReal E = -0.05; E > -0.2; E -= 0.03) {
    const NakFaceState s       = {.potential = E, .u = 0.999 * k.u_na};
    const NakFace      face    = NakKineticsFace(&k, &s, half, 1);
    const PetscReal    plating = -face.reaction.value;
    const PetscReal    into    = half * (face.u_face - s.u); /* what the interphase still takes */

    AssertRelative("pinned", face.u_face, k.u_na,
                   1.01 * (plating / reaction.deposit_rate + NAK_DEPOSIT_ONSET));
    AssertRelative("deposit", F * face.deposit.value, plating - into, 1e-9);
    assert_true(face.deposit.value > 0);
  }
}

/* Value and slope of the law run on through saturation and the end of the onset, and no deposit forms below. */
static void DepositSetsInSmoothly(void **unused)
{
  const NakKinetics k    = Pristine(0.5);
  const PetscReal   at[] = {0, NAK_DEPOSIT_ONSET}, h = 1e-9 * k.u_na;
  NakFaceState      s      = {.potential = 0.0016, .deposit = 1e-3};
  const PetscReal   growth = reaction.deposit_rate * NAK_DEPOSIT_ONSET;

  (void)unused;
  for (int n = 0; n < 2; n++) {
    PetscReal value[2], slope[2];

    for (int side = 0; side < 2; side++) {
      NakFace face;

      s.u         = k.u_na * (1 + at[n]) + (side == 0 ? -h : h);
      face        = NakKineticsFace(&k, &s, 1e12, 1); /* u_face is u */
      value[side] = F * face.deposit.value;
      slope[side] = F * face.deposit.d[NAK_FACE_U];
    }
    AssertNear("value", value[0], value[1], 1e-5 * growth);
    AssertNear("slope", slope[0], slope[1], 1e-5 * reaction.deposit_rate);
  }
  s = (NakFaceState){.potential = 0.0016, .u = 0.9999 * k.u_na};
  AssertNear("below", NakKineticsFace(&k, &s, 1e12, 1).deposit.value, 0, 0);
  s.u = 2 * k.u_na;
  AssertRelative("far above", F * NakKineticsFace(&k, &s, 1e12, 1).deposit.value,
                 reaction.deposit_rate, NAK_DEPOSIT_ONSET);
}

static void DepositDissolves(void **unused)
{
  const NakKinetics  k      = Pristine(0.5);
  const NakFaceState empty  = {.potential = 0.0016, .deposit = 1e-3, .u = 1e-9};
  const NakFaceState filled = {.potential = 0.0016, .deposit = 1e-3, .u = 1};
  const NakFaceState bare   = {.potential = 0.0016, .u = 1};

  (void)unused;
  AssertRelative("into nothing", NakKineticsFace(&k, &empty, sharp, 0).deposit.value, -1e-3 / 7200,
                 1e-6);
  AssertRelative("into the alloy", NakKineticsFace(&k, &filled, sharp, 0).deposit.value,
                 -1e-3 / 7200 * (1 - 1 / k.u_na), 1e-9);
  AssertNear("none", NakKineticsFace(&k, &bare, sharp, 1).deposit.value, 0, 0);
}

static PetscReal FilmRate(const NakKinetics *k, PetscReal film, PetscReal u)
{
  const NakFaceState s = {.potential = 0.0016, .film = film, .u = u};

  return NakKineticsFace(k, &s, sharp, 0).film.value; /* no contact: u_face is u */
}

static void FilmRates(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  for (PetscReal film = 0; film < 0.95; film += 0.3) {
    AssertRelative("empty", FilmRate(&k, film, 1e-12), growing * (1 - film), 1e-9);
    AssertRelative("half", FilmRate(&k, film, k.u_k / 2), growing * (1 - film) / 2, 1e-9);
    AssertNear("saturated", FilmRate(&k, film, k.u_k), 0, 1e-15);
    AssertRelative("twice", FilmRate(&k, film, 2 * k.u_k), -film / dissolving / 2, 1e-9);
    AssertRelative("full", FilmRate(&k, film, 1e9 * k.u_k), -film / dissolving, 1e-6);
  }
}

static PetscReal FilamentRate(const NakKinetics *k, PetscReal E, PetscReal thickness, PetscReal *i)
{
  const NakFaceState s    = {.potential = E, .deposit = thickness / solid_na, .u = 1.99};
  const NakFace      face = NakKineticsFace(k, &s, half, 1);

  *i = face.reaction.value;
  return face.filament.value;
}

static void FilamentRates(void **unused)
{
  const NakKinetics k = Pristine(0.5);
  PetscReal         i;

  (void)unused;
  AssertNear("thin deposit", FilamentRate(&k, -0.1, 0.99 * onset, &i), 0, 0);
  assert_true(i < 0);
  AssertNear("stripping", FilamentRate(&k, 0.1, 2 * onset, &i), 0, 0);
  assert_true(i > 0);
  for (PetscReal E = -0.05; E > -0.17; E -= 0.05) {
    const PetscReal grown = FilamentRate(&k, E, 1.2 * onset, &i);

    AssertRelative("thick deposit", grown, -speed * i, 1e-12);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(Constants),          cmocka_unit_test(Isotherm),
    cmocka_unit_test(SmallSignal),        cmocka_unit_test(ButlerVolmerLimits),
    cmocka_unit_test(BalanceHolds),       cmocka_unit_test(DerivativesMatchDifferences),
    cmocka_unit_test(DepositPinsTheFace), cmocka_unit_test(DepositSetsInSmoothly),
    cmocka_unit_test(DepositDissolves),   cmocka_unit_test(FilmRates),
    cmocka_unit_test(FilamentRates),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) != 0) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() != 0 || failed != 0;
}
