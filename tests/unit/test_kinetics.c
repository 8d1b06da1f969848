/* The interface point by point: its charge, its balance and its rates against independent formulas
   here, every derivative against difference quotients, limits that are known by hand; at 0, 25 and
   45 C. */
#include <nakfield/kinetics.h>

#include "face_fixture.h"
#include "material_fixture.h"
#include "nak_test.h"

/* Of the fixture, as the formulas call them */
#define R_ct       face_reaction.charge_transfer_resistance /* [ohm m2] */
#define R_over     face_interphase.over_limit_resistance    /* [ohm m2] */
#define R_dep      face_reaction.deposit_resistance         /* [ohm m2] */
#define growing    face_interphase.film_rate                /* [1/s] */
#define dissolving face_interphase.film_dissolution_time    /* [s] */
#define C_g        face_reaction.double_layer               /* [F/m2] */
#define q_m        face_reaction.adlayer_charge             /* [C/m2] */
#define K_a        face_reaction.adlayer_constant
#define barrier    face_reaction.deposit_barrier /* [V] */
#define cover      face_reaction.deposit_cover   /* [C/m2] */
#define onset      face_reaction.filament_onset  /* [C/m2] */
#define speed      face_reaction.filament_speed

static const PetscReal F = 96485.33212, R = 8.314462618;
static const PetscReal sharp       = 1e30; /* a conductance with which u_face is u */
static const PetscReal half        = 140;  /* that of the half layer of 10, i_lim = 7 A/m2 [A/m2] */
static const PetscReal solid_na    = 23.8e-6;
static const PetscReal front_speed = 2e-9, front_width = 2e-6; /* of the K film [m/s], [m] */
static const PetscReal corner   = 0.5e-3;                      /* of the barrier [V] */
static const PetscReal nucleus  = 0.36;                        /* Na metal [C/m2] */
static const PetscReal lifetime = 10;                          /* of a trace [s] */
static const PetscReal rest     = 0.0016;                      /* E, about that of NaK50 [V] */
static const PetscReal r_50     = 1.70;                        /* Na : K of NaK50 */

enum { TEMPERATURES = 3 };
static const PetscReal temperatures[TEMPERATURES] = {298.15, 273.15, 318.15};

static NakKinetics At(PetscReal temperature, PetscReal symmetry)
{
  NakReactionParams r = face_reaction;

  r.symmetry = symmetry;
  return NakKineticsCreate(NaK(), temperature, &face_interphase, &r, 1);
}

/* With a front of the K film on columns that far apart; 0: anywhere */
static NakKinetics FrontAt(PetscReal temperature, PetscReal spacing)
{
  NakInterphaseParams i = face_interphase;
  NakKinetics         k;

  i.film_nuclei = 1e9;
  i.film_speed  = front_speed;
  i.film_width  = front_width;
  k             = NakKineticsCreate(NaK(), temperature, &i, &face_reaction, 1);
  NakKineticsFitFront(&k, i.film_width, spacing);
  return k;
}

static NakKinetics Pristine(PetscReal symmetry)
{
  return At(298.15, symmetry);
}

static PetscReal FOverRT(PetscReal temperature)
{
  return F / (R * temperature);
}

/* ---- Constants ---- */

static void Constants(void **unused)
{
  const NakKinetics k = Pristine(0.5);
  const NakKinetics half_contact =
    NakKineticsCreate(NaK(), 298.15, &face_interphase, &face_reaction, 0.5);
  const struct {
    const char *name;
    PetscReal   half_contact, whole;
  } doubled[] = {
    {"i0",           half_contact.i0,                  k.i0      },
    {"content",      half_contact.content,             k.content },
    {"double layer", half_contact.double_layer,        C_g       },
    {"adlayer",      half_contact.adlayer,             q_m       },
    {"over-limit",   half_contact.over_limit,          1 / R_over},
    {"deposit",      half_contact.deposit_conductance, 1 / R_dep },
    {"nucleus",      half_contact.deposit_nucleus,     nucleus   },
    {"cover",        half_contact.deposit_cover,       cover     },
    {"onset",        half_contact.filament_onset,      onset     }
  };

  (void)unused;
  AssertRelative("r_ref", k.r_ref, 1.701, 1e-3);
  AssertRelative("u_k", k.u_k, PetscPowReal(0.143 / 0.857 / 1.7007, 2.1), 0.02);
  AssertRelative("i_lim", k.content * k.diffusivity / face_interphase.thickness, 7, 1e-12);
  AssertRelative("tau", face_interphase.thickness * face_interphase.thickness / k.diffusivity, 10,
                 1e-12);
  AssertRelative("Na of NaK50", k.content / F, 1.96e4, 5e-3);
  AssertRelative("film", k.film_content, 37e-9 / 45.5e-6, 1e-12);
  for (size_t n = 0; n < sizeof doubled / sizeof *doubled; n++)
    AssertRelative(doubled[n].name, doubled[n].half_contact, 2 * doubled[n].whole, 1e-12);
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
    AssertRelative("d1", is.d1, (u[2] - u[0]) / (2 * h), 1e-5);
    AssertRelative("d2", is.d2, (u[2] - 2 * u[1] + u[0]) / (h * h), 1e-5);
    AssertRelative("OCV", NakKineticsOpenCircuit(&k, is.u),
                   -NaKLiquid(298.15, r / (1 + r)).ln_activity / FOverRT(298.15), 1e-9);
  }
}
/* ---- Charge of the face ---- */

/* q = C E - b q_m K exp(-f E) / (1 + K exp(-f E)) */
static PetscReal ChargeOf(PetscReal T, PetscReal E, PetscReal open)
{
  const PetscReal occupied = K_a * PetscExpReal(-FOverRT(T) * E);

  return C_g * E - open * q_m * occupied / (1 + occupied);
}

static void ChargeIsThatOfCapacitorAndAdlayer(void **unused)
{
  const PetscReal opens[] = {1, 0.3, 1e-6, 1e-12};

  (void)unused;
  for (int n = 0; n < 4 * TEMPERATURES; n++) {
    const PetscReal   T = temperatures[n / 4], b = opens[n % 4], h = 1e-6;
    const NakKinetics k    = At(T, 0.5);
    PetscReal         last = -PETSC_MAX_REAL;

    for (PetscReal E = -0.5; E < 3.01; E += 0.0137) {
      const NakFaceCharge q  = NakKineticsCharge(&k, E, b);
      const PetscReal     dE = (ChargeOf(T, E + h, b) - ChargeOf(T, E - h, b)) / (2 * h);

      AssertNear("charge", q.value, ChargeOf(T, E, b), 1e-14 * q_m);
      AssertNear("capacitance", q.dE, dE, 1e-6 * q.dE + 1e-15 * q_m / h);
      AssertNear("change with the open share", q.dopen, ChargeOf(T, E, 1) - ChargeOf(T, E, 0),
                 1e-14 * q_m);
      assert_true(q.value > last);
      last = q.value;
    }
  }
}

/* The capacitance is greatest where half of the sites are occupied; far off that of the capacitor
   is left. */
static void AdlayerFillsAndEmpties(void **unused)
{
  const NakKinetics k    = Pristine(0.5);
  NakReactionParams none = face_reaction;
  NakKinetics       plain;

  (void)unused;
  AssertRelative("half", NakKineticsCharge(&k, 0, 1).dE, C_g + q_m * k.f / 4, 1e-12);
  AssertRelative("half of it", NakKineticsCharge(&k, 0, 0.5).dE, C_g + q_m * k.f / 8, 1e-12);
  AssertRelative("empty", NakKineticsCharge(&k, 1, 1).value, C_g, 1e-12);
  AssertRelative("full", NakKineticsCharge(&k, -1, 1).value, -C_g - q_m, 1e-12);
  AssertRelative("empty, capacitance", NakKineticsCharge(&k, 1, 1).dE, C_g, 1e-11);
  AssertRelative("far off", NakKineticsCharge(&k, 1e3, 1).value, 1e3 * C_g, 1e-12);
  AssertRelative("far off, capacitance", NakKineticsCharge(&k, 1e3, 1).dE, C_g, 1e-12);
  AssertRelative("far below", NakKineticsCharge(&k, -1e3, 1).value, -1e3 * C_g - q_m, 1e-12);
  none.adlayer_charge = 0;
  plain               = NakKineticsCreate(NaK(), 298.15, &face_interphase, &none, 1);
  AssertRelative("no adlayer", NakKineticsCharge(&plain, 0.01, 1).value, 0.01 * C_g, 1e-12);
}

/* A charge is known to its rounding, and E so far as that: an ulp of the adlayer over the
   capacitance. */
static void PotentialIsTheInverse(void **unused)
{
  const PetscReal ulps = 8 * PETSC_MACHINE_EPSILON;

  (void)unused;
  for (int n = 0; n < TEMPERATURES; n++) {
    const NakKinetics k = At(temperatures[n], 0.5);

    for (PetscReal b = 1; b > 0.9e-12; b *= 0.1)
      for (PetscReal E = -0.6; E < 3.01; E += 0.00917) {
        const NakFaceCharge q      = NakKineticsCharge(&k, E, b);
        const PetscReal     from[] = {E, rest, E + 0.3, E - 0.3};
        const PetscReal known = ulps * (PetscAbsReal(E) + (C_g * PetscAbsReal(E) + b * q_m) / q.dE);

        for (int m = 0; m < 4; m++) {
          const PetscReal found = NakKineticsPotential(&k, q.value, b, from[m]);

          AssertNear("potential", found, E, known);
          assert_true(NakKineticsPotential(&k, q.value, b, found) == found);
        }
      }
  }
}

/* ---- Charge transfer ---- */

static PetscReal Current(const NakKinetics *k, PetscReal E, PetscReal u)
{
  const NakFaceState s = {.potential = E, .u = u, .open = 1, .r = r_50, .wetted = 1};

  return NakKineticsFace(k, &s, sharp, 1).reaction.value;
}

/* i = theta i0 u { exp[a f (E - E_eq)] - exp[-(1 - a) f (E - E_eq)] } with i0 = 1 / (f R_ct) at 25
   C */
static PetscReal ButlerVolmer(const NakKinetics *k, PetscReal T, PetscReal a, PetscReal theta,
                              PetscReal E, PetscReal u)
{
  const PetscReal f = FOverRT(T), eta = f * (E - NakKineticsOpenCircuit(k, u));

  return theta * u / (FOverRT(298.15) * R_ct) *
         (PetscExpReal(a * eta) - PetscExpReal(-(1 - a) * eta));
}

static void SmallSignal(void **unused)
{
  const NakKinetics  k = Pristine(0.5);
  const PetscReal    E = NakKineticsOpenCircuit(&k, 1), h = 1e-6;
  const NakFaceState s       = {.potential = E, .u = 1, .open = 1, .r = k.r_ref, .wetted = 1};
  const NakFace      at_rest = NakKineticsFace(&k, &s, sharp, 1);

  (void)unused;
  AssertNear("OCV", E, 1.547e-3, 2e-6);
  AssertNear("current at rest", at_rest.reaction.value, 0, 1e-12);
  AssertNear("over-limit at rest", at_rest.over_limit.value, 0, 1e-12);
  AssertRelative("R_ct", 1 / at_rest.reaction.d[NAK_FACE_POTENTIAL], R_ct, 1e-10);
  AssertRelative("R_over", 1 / at_rest.over_limit.d[NAK_FACE_POTENTIAL], R_over, 1e-10);
  AssertRelative("dE/di", 2 * h / (Current(&k, E + h, 1) - Current(&k, E - h, 1)), R_ct, 1e-8);
}

static void ButlerVolmerLimits(void **unused)
{
  const PetscReal symmetries[] = {0.3, 0.5, 0.8};

  (void)unused;
  for (int n = 0; n < 3 * TEMPERATURES; n++) {
    const PetscReal   a = symmetries[n % 3], T = temperatures[n / 3], f = FOverRT(T);
    const NakKinetics k = At(T, a);

    for (PetscReal u = 0.01; u < 1.9; u *= 1.7) {
      const PetscReal E = NakKineticsOpenCircuit(&k, u), big = 0.55;
      const PetscReal i0 = u / (FOverRT(298.15) * R_ct);

      AssertRelative("Tafel, anodic", Current(&k, E + big, u), i0 * PetscExpReal(a * f * big),
                     1e-7);
      AssertRelative("Tafel, cathodic", Current(&k, E - big, u),
                     -i0 * PetscExpReal((1 - a) * f * big), 1e-7);
      AssertRelative("in between", Current(&k, E + 0.02, u), ButlerVolmer(&k, T, a, 1, E + 0.02, u),
                     1e-9);
    }
  }
}

/* ---- The balance at the face ---- */

/* u: below 0 in minus u_k, or u_na where E < 0. */
#define STATE(E, deposit_, open_, u_, r_, wetted_, void_height_, above_)                           \
  {                                                                                                \
    .potential = (E), .deposit = (deposit_), .open = (open_), .u = (u_), .r = (r_),                \
    .wetted = (wetted_), .void_height = (void_height_), .above = (above_)                          \
  }

typedef struct {
  const char  *name;
  NakFaceState s;
  PetscReal    conductance, contact;
} Situation;

static const Situation situations[] = {
  {"pristine",                 STATE(0.0016,  0,       1,     1,     1.70, 1,   0,       0),    half, 1  },
  {"stripping",                STATE(0.04,    0,       1,     0.8,   1.65, 1,   0,       0),    half, 1  },
  {"strong stripping",         STATE(0.3,     0,       1,     0.3,   1.6,  0.7, 0,       0),    half, 1  },
  {"part of a contact",        STATE(0.1,     0,       0.8,   0.6,   1.6,  0.5, 0,       0),    half, 0.4},
  {"under a void",             STATE(0.1,     0,       0.8,   0.6,   1.6,  0,   2e-9,    0),    half, 0.4},
  {"film grows",               STATE(0.5,     0,       0.6,   0.02,  1.5,  1,   0,       0),    half, 1  },
  {"film sets in",             STATE(0.1,     0,       0.6,   -0.96, 1.5,  1,   0,       0),    1e9,  1  },
  {"film sets in, no contact", STATE(0.1,     0,       0.6,   -0.94, 1.5,  1,   0,       0),    half, 0  },
  {"film dissolves",           STATE(0.1,     0,       1e-3,  -1.3,  1.5,  1,   0,       0),    1e9,  1  },
  {"collapse",                 STATE(2.5,     0,       0.7,   0.02,  0.9,  1,   0,       0),    half, 1  },
  {"far in the collapse",      STATE(3,       0,       0.7,   1e-4,  0.2,  1,   0,       0),    half, 1  },
  {"nothing left",             STATE(3,       0,       1,     1e-7,  1.7,  1,   0,       0),    half, 1  },
  {"nearly blocked",           STATE(3,       0,       1e-3,  0.1,   1.7,  1,   0,       0),    half, 1  },
  {"blocked, stripping",       STATE(1,       0,       1e-12, 0.5,   1.7,  1,   0,       0),    half, 1  },
  {"blocked, film grows",      STATE(3,       0,       1e-12, -0.5,  1.7,  1,   0,       0),    half, 1  },
  {"blocked, film sets in",    STATE(0.3,     0,       1e-12, -0.95, 1.7,  1,   0,       0),    half, 1  },
  {"blocked, plating",         STATE(-0.3,    1e-2,    1e-12, 1.2,   1.7,  1,   0,       0),    half, 1  },
  {"adlayer empty",            STATE(1,       0,       1,     0.5,   1.6,  1,   0,       0),    half, 1  },
  {"adlayer full",             STATE(-0.3,    0,       1,     1.2,   1.8,  1,   0,       0),    1e6,  1  },
  {"thin layer",               STATE(1,       0,       1,     0.5,   1.7,  1,   0,       0),    1e6,  1  },
  {"plating",                  STATE(-0.01,   0,       1,     1.1,   1.8,  1,   0,       0),    half, 1  },
  {"at the barrier",           STATE(-0.0181, 0,       1,     1.1,   1.8,  1,   0,       0),    half, 1  },
  {"beyond the barrier",       STATE(-0.03,   0,       1,     1.7,   1.8,  1,   0,       0),    half, 1  },
  {"a trace of metal",         STATE(-0.01,   2e-6,    1,     1.1,   1.8,  1,   0,       0),    half, 1  },
  {"a little less than none",  STATE(-0.01,   -2e-6,   1,     1.1,   1.8,  1,   0,       0),    half, 1  },
  {"more than a trace",        STATE(-0.0181, 5e-6,    1,     1.1,   1.8,  1,   0,       0),    half, 1  },
  {"a seed of metal",          STATE(-0.01,   9e-6,    0.9,   1.1,   1.8,  1,   0,       0),    half, 0.4},
  {"deposit grows",            STATE(-0.01,   2e-2,    1,     1.99,  1.8,  1,   0,       0),    half, 1  },
  {"strong plating",           STATE(-0.11,   4e-2,    0.9,   2.0,   1.8,  1,   0,       0),    half, 1  },
  {"filament starts",          STATE(-0.04,   4.7e-2,  1,     1.99,  1.8,  1,   0,       0),    half, 1  },
  {"filament grows",           STATE(-0.04,   8e-2,    1,     1.99,  1.8,  1,   0,       0),    half, 1  },
  {"filament on a part",       STATE(-0.04,   1.88e-2, 1,     1.99,  1.8,  1,   0,       0),    half, 0.4},
  {"filament on a grain",      STATE(-0.04,   1e-4,    1,     1.99,  1.8,  1,   0,       4500), half, 1  },
  {"room left in a void",      STATE(-0.04,   8e-2,    1,     1.99,  1.8,  0.5, 1e-6,    0),    half, 1  },
  {"void just filled",         STATE(-0.04,   8e-2,    1,     1.99,  1.8,  0.5, 0.79e-6, 0),    half, 1  },
  {"metal into a void",        STATE(-0.02,   8e-2,    1,     3,     1.8,  0.3, 1e-6,    0),    half, 1  },
  {"metal sets in there",      STATE(-0.002,  0,       1,     -1.01, 1.8,  0,   1e-6,    0),    1e9,  1  },
  {"deposit dissolves",        STATE(0.01,    2e-2,    0.9,   1.5,   1.7,  1,   0,       0),    half, 1  },
  {"deposit stripped",         STATE(0.1,     9e-4,    1,     0.5,   1.6,  1,   0,       0),    half, 1  },
  {"beyond the contact",       STATE(0.2,     2e-2,    0.9,   1.2,   1.7,  1,   0,       0),    half, 0  },
};

enum { SITUATIONS = sizeof situations / sizeof *situations };

/* A situation with its u in numbers. */
static Situation In(const NakKinetics *k, int n)
{
  Situation c = situations[n];

  if (c.s.u < 0) c.s.u *= c.s.potential < 0 ? -k->u_na : -k->u_k;
  return c;
}

static NakFace FaceOf(const NakKinetics *k, const Situation *c, const NakFaceState *s)
{
  return NakKineticsFace(k, s, c->conductance, c->contact);
}

/* i_over = theta b w u_t (E - E_eq) / R_over */
static PetscReal OverLimitOf(const Situation *c, PetscReal T)
{
  const NakFaceState *s  = &c->s;
  const NakKinetics   k  = Pristine(0.5);
  const PetscReal     Eq = -NaKLiquid(T, s->r / (1 + s->r)).ln_activity / FOverRT(T);

  return c->contact * s->open * s->wetted * PetscPowReal(s->r / k.r_ref, 2.1) *
         (s->potential - Eq) / R_over;
}

/* What grows into a void: (1 - w) conductance (u_face - u_na), where that is above 0; rounded over
   5 %. */
static PetscReal GrowthOf(const NakKinetics *k, const Situation *c, PetscReal u_face)
{
  const PetscReal rounded = 0.05 * k->u_na, excess = u_face - k->u_na;
  const PetscReal dry = (1 - c->s.wetted) * c->conductance;

  if (excess <= 0) return 0;
  return dry * (excess < rounded ? excess * excess / (2 * rounded) : excess - rounded / 2);
}

static void BalanceHolds(void **unused)
{
  PetscReal least = 1;

  (void)unused;
  for (int n = 0; n < SITUATIONS * TEMPERATURES; n++) {
    const PetscReal   T     = temperatures[n / SITUATIONS];
    const NakKinetics k     = At(T, 0.5);
    const Situation   c     = In(&k, n % SITUATIONS);
    const NakFace     face  = FaceOf(&k, &c, &c.s);
    const PetscReal   theta = c.contact * c.s.open, over = OverLimitOf(&c, T);
    const PetscReal   i      = ButlerVolmer(&k, T, 0.5, theta, c.s.potential, face.u_face);
    const PetscReal   supply = c.conductance * (c.s.u - face.u_face);
    const PetscReal   growth = GrowthOf(&k, &c, face.u_face);
    const PetscReal   size   = c.conductance * c.s.u;
    const PetscReal   sum    = face.reaction.value + face.over_limit.value + face.deposit.value;

    assert_true(face.u_face > 0);
    least = PetscMin(least, face.u_face);
    AssertNear(c.name, face.reaction.value, i, 1e-9 * (PetscAbsReal(i) + 1e-6 * theta * size));
    AssertNear(c.name, i + growth, supply, 1e-9 * (PetscAbsReal(i) + growth) + 1e-13 * size);
    AssertNear(c.name, face.supply.value, i + growth,
               1e-9 * (PetscAbsReal(i) + growth) + 1e-15 * size);
    AssertNear(c.name, face.metal.value, growth - face.deposit.value,
               1e-9 * (growth + PetscAbsReal(face.deposit.value)) + 1e-15 * size);
    AssertRelative(c.name, face.over_limit.value, over, 1e-11);
    AssertNear(c.name, face.faradaic.value, sum, 1e-14 * PetscAbsReal(sum));
  }
  assert_true(least < 1e-20); /* the table does reach that far */
}

/* What the face passes goes with its open share down to the least of it. */
static void CurrentsGoWithTheOpenShare(void **unused)
{
  const NakKinetics k = Pristine(0.5);
  NakFaceState      s = {.potential = 0.1, .u = 0.9, .open = 1e-9, .r = 1.6, .wetted = 0.5};
  NakFace           more, less;

  (void)unused;
  more   = NakKineticsFace(&k, &s, sharp, 0.5);
  s.open = 1e-12;
  less   = NakKineticsFace(&k, &s, sharp, 0.5);
  AssertRelative("reaction", less.reaction.value, 1e-3 * more.reaction.value, 1e-12);
  AssertRelative("over-limit", less.over_limit.value, 1e-3 * more.over_limit.value, 1e-12);
  AssertRelative("film", less.open.value, more.open.value, 1e-8); /* dissolves: 1 - b */
  s.u  = 1e-6;
  less = NakKineticsFace(&k, &s, sharp, 0.5);
  AssertRelative("film grows", less.open.value, -growing * 1e-12, 1e-12);
}

/* ---- Derivatives ---- */

enum { REACTION, OVER_LIMIT, DEPOSIT, FARADAIC, SUPPLY, METAL, OPEN, FILAMENT, POTASSIUM, VALUES };

static const char *const value_names[VALUES]          = {"reaction", "over-limit", "deposit",
                                                         "faradaic", "supply",     "metal",
                                                         "open",     "filament",   "potassium"};
static const char *const unknown_names[NAK_FACE_SIZE] = {"potential", "deposit", "open", "u",   "r",
                                                         "wetted",    "ln Na+",  "K+",   "salt"};

static NakFaceValue Value(const NakFace *face, int which)
{
  const NakFaceValue values[VALUES] = {face->reaction, face->over_limit, face->deposit,
                                       face->faradaic, face->supply,     face->metal,
                                       face->open,     face->filament,   face->potassium};

  return values[which];
}

static NakFaceState Moved(const NakFaceState *s, int unknown, PetscReal h)
{
  NakFaceState     moved                = *s;
  PetscReal *const place[NAK_FACE_SIZE] = {[NAK_FACE_POTENTIAL] = &moved.potential,
                                           [NAK_FACE_DEPOSIT]   = &moved.deposit,
                                           [NAK_FACE_OPEN]      = &moved.open,
                                           [NAK_FACE_U]         = &moved.u,
                                           [NAK_FACE_R]         = &moved.r,
                                           [NAK_FACE_WETTED]    = &moved.wetted,
                                           [NAK_FACE_SODIUM]    = &moved.ln_sodium,
                                           [NAK_FACE_POTASSIUM] = &moved.potassium,
                                           [NAK_FACE_SALT]      = &moved.salt};

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
  const PetscReal deposit             = PetscAbsReal(c->s.deposit);
  const PetscReal size[NAK_FACE_SIZE] = {
    1 / k->f, deposit > 0 ? deposit : 1e-6, c->s.open, c->s.u, c->s.r, 1, 1, 1, 1};
  const NakFace face = FaceOf(k, c, &c->s);

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
  for (int n = 0; n < 2 * TEMPERATURES * SITUATIONS; n++) {
    const int         which = n / SITUATIONS;
    const NakKinetics k     = At(temperatures[which / 2], symmetries[which % 2]);
    const Situation   c     = In(&k, n % SITUATIONS);

    CheckDerivatives(&k, &c);
  }
}

/* An alloy in a liquid that has lost Na+ and taken up K+; by time or by charge, slowed by salt or
   not. */
static void DerivativesInALiquid(void **unused)
{
  static const Situation wet[] = {
    {"at rest, pristine", STATE(0.003, 0, 1, 1,   1.7, 1,   0, 0), half, 1  },
    {"stripping",         STATE(0.05,  0, 1, 0.9, 1.5, 0.7, 0, 0), half, 0.4},
    {"plating",           STATE(-0.05, 0, 1, 1.1, 1.9, 1,   0, 0), half, 1  },
  };

  (void)unused;
  for (int n = 0; n < 6; n++) {
    NakInterphaseParams bare   = face_interphase;
    NakLiquidParams     liquid = {.kind               = NAK_ELECTROLYTE_LIQUID,
                                  .concentration      = 1000,
                                  .potassium_exchange = 1e-2,
                                  .potassium_offset   = 0.313,
                                  .potassium_share    = n < 3 ? 0 : 0.1,
                                  .slowing            = n < 3 ? 0.2 : 0};
    Situation           c      = wet[n % 3];
    NakKinetics         k;

    bare.kind      = NAK_INTERPHASE_NONE;
    bare.exponent  = 1;
    bare.film_rate = bare.over_limit_resistance = 0;
    k = NakKineticsCreate(NaK(), 298.15, &bare, &face_reaction, 1);
    NakKineticsBathe(&k, &liquid, &face_reaction);
    c.s.ln_sodium = -0.1;
    c.s.potassium = 0.08;
    c.s.salt      = 0.15;
    c.s.solid     = 0.1;
    CheckDerivatives(&k, &c);
  }
}

/* ---- A host ---- */

/* Current of a guest, as the formula has it. */
static PetscReal GuestCurrent(const NakHost *h, PetscReal T, PetscReal alpha, const NakFaceState *s,
                              int guest)
{
  const PetscReal y = guest == 0 ? s->u : s->r, empty = 1 - s->u - s->r;
  const PetscReal c = guest == 0 ? PetscExpReal(s->ln_sodium) : s->potassium;
  const PetscReal over =
    FOverRT(T) * (s->potential - h->voltage[guest] - h->slope * (0.5 - (1 - empty)));

  return h->rate[guest] *
         (y * PetscExpReal(alpha * over) - c * empty * PetscExpReal((alpha - 1) * over));
}

static PetscReal *Component(NakFaceState *s, int j)
{
  switch (j) {
  case NAK_FACE_POTENTIAL:
    return &s->potential;
  case NAK_FACE_U:
    return &s->u;
  case NAK_FACE_R:
    return &s->r;
  case NAK_FACE_SODIUM:
    return &s->ln_sodium;
  default:
    return &s->potassium;
  }
}

static void CurrentsOfAHost(void **unused)
{
  static const int   by[] = {NAK_FACE_POTENTIAL, NAK_FACE_U, NAK_FACE_R, NAK_FACE_SODIUM,
                             NAK_FACE_POTASSIUM};
  const NakFaceState at   = {
      .potential = 3.5, .u = 0.35, .r = 0.2, .ln_sodium = -0.3, .potassium = 0.15};
  const PetscReal h = 1e-6;

  (void)unused;
  for (int n = 0; n < 2 * TEMPERATURES; n++) {
    const PetscReal   T = temperatures[n % TEMPERATURES], alpha = n < TEMPERATURES ? 0.5 : 0.3;
    const NakKinetics k    = At(T, alpha);
    const NakHost     host = {
          .capacity = 50, .voltage = {3.44, 3.49              },
               .slope = 0.2, .rate = {8,    n % 2 == 0 ? 3 : 0}
    };
    const NakFace face = NakKineticsHost(&k, &host, &at);

    AssertRelative("Na", face.reaction.value, GuestCurrent(&host, T, alpha, &at, 0), 1e-12);
    AssertRelative("K", face.potassium.value, GuestCurrent(&host, T, alpha, &at, 1), 1e-12);
    AssertRelative("both", face.faradaic.value, face.reaction.value + face.potassium.value, 1e-14);
    AssertNear("supply", face.supply.value, face.reaction.value, 0);
    for (size_t j = 0; j < sizeof by / sizeof *by; j++) {
      NakFaceState up = at, down = at;
      NakFace      above, below;

      *Component(&up, by[j]) += h;
      *Component(&down, by[j]) -= h;
      above = NakKineticsHost(&k, &host, &up);
      below = NakKineticsHost(&k, &host, &down);
      AssertNear("slope of Na", face.reaction.d[by[j]],
                 (above.reaction.value - below.reaction.value) / (2 * h), 1e-4);
      AssertNear("slope of K", face.potassium.d[by[j]],
                 (above.potassium.value - below.potassium.value) / (2 * h), 1e-4);
      AssertNear("slope of both", face.faradaic.d[by[j]],
                 face.reaction.d[by[j]] + face.potassium.d[by[j]], 1e-12);
    }
  }
}

/* Each guest rests at E = U(y) + ln[c (1 - y_Na - y_K) / y_s] / f; a host of Na metal's bath at its
   open circuit. */
static void RestOfAHost(void **unused)
{
  const NakHost host = {
    .capacity = 50, .voltage = {3.44, 3.1},
         .slope = 0.2, .rate = {8,    3  }
  };

  (void)unused;
  for (int n = 0; n < TEMPERATURES; n++) {
    const NakKinetics k        = At(temperatures[n], 0.4);
    const PetscReal   f        = FOverRT(temperatures[n]);
    const PetscReal   sites[2] = {0.7, 0.1}, U = 0.2 * (0.5 - 0.8);
    NakFaceState      s = {.u = 0.7, .r = 0.1, .ln_sodium = -0.3, .potassium = 0.15};

    s.potential = 3.44 + U + (-0.3 + PetscLogReal(0.2 / 0.7)) / f;
    AssertNear("Na", NakKineticsHost(&k, &host, &s).reaction.value, 0, 1e-12);
    s.potential = 3.1 + U + PetscLogReal(0.15 * 0.2 / 0.1) / f;
    AssertNear("K", NakKineticsHost(&k, &host, &s).potassium.value, 0, 1e-12);
    AssertNear("open circuit", NakHostOpenCircuit(&k, &host, sites),
               3.44 + U + PetscLogReal(0.2 / 0.7) / f, 1e-12);
  }
}

static void DerivativesOfTheFront(void **unused)
{
  const PetscReal spacings[] = {0, front_width / 4, front_width};

  (void)unused;
  for (int n = 0; n < 3 * TEMPERATURES * SITUATIONS; n++) {
    const int         which = n / SITUATIONS;
    const NakKinetics k     = FrontAt(temperatures[which / 3], spacings[which % 3]);
    const Situation   c     = In(&k, n % SITUATIONS);

    CheckDerivatives(&k, &c);
  }
}

/* ---- Over-limit path ---- */

static void OverLimitPath(void **unused)
{
  const NakKinetics   k       = Pristine(0.5);
  NakFaceState        s       = {.potential = 0, .u = 1, .open = 1, .r = 1.4, .wetted = 1};
  const PetscReal     E       = NakKineticsOpenCircuit(&k, NakKineticsIsotherm(&k, s.r).u);
  NakInterphaseParams without = face_interphase;
  NakKinetics         plain;

  (void)unused;
  for (int sign = -1; sign <= 1; sign += 2) {
    s.potential = E + sign * 0.1;
    AssertRelative("ohmic", NakKineticsFace(&k, &s, half, 1).over_limit.value,
                   sign * 0.1 / R_over * PetscPowReal(1.4 / k.r_ref, 2.1), 1e-10);
  }
  s.wetted = 0;
  AssertNear("under a void", NakKineticsFace(&k, &s, half, 1).over_limit.value, 0, 0);
  s.wetted                      = 1;
  without.over_limit_resistance = 0;
  plain                         = NakKineticsCreate(NaK(), 298.15, &without, &face_reaction, 1);
  AssertNear("no path", NakKineticsFace(&plain, &s, half, 1).over_limit.value, 0, 0);
  AssertNear("no slope", NakKineticsFace(&plain, &s, half, 1).over_limit.d[NAK_FACE_POTENTIAL], 0,
             0);
  s.potential = 2.8; /* what carries 4 A/m2 once the face is empty */
  AssertRelative("at 2.8 V", NakKineticsFace(&k, &s, half, 1).over_limit.value,
                 (2.8 - E) / R_over * PetscPowReal(1.4 / k.r_ref, 2.1), 1e-10);
}

/* ---- Na metal ---- */

/* Current out of metal of charge g where E holds [A/m2] */
static PetscReal Metal(const NakKinetics *k, PetscReal E, PetscReal g)
{
  const NakFaceState s = {
    .potential = E, .deposit = g / F, .u = 1, .open = 1, .r = r_50, .wetted = 1};

  return NakKineticsFace(k, &s, half, 1).deposit.value;
}

static void MetalNucleatesAtABarrier(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  for (PetscReal E = -barrier + 1.0001 * corner; E < 3; E += 1e-3)
    AssertNear("above the barrier", Metal(&k, E, 0), 0, 0);
  for (PetscReal x = -1; x < 0.99; x += 0.1) /* a parabola through the corner */
    AssertRelative("in the corner", Metal(&k, -barrier + x * corner, 0),
                   -corner * (x - 1) * (x - 1) / 4 / R_dep, 1e-9);
  for (PetscReal below = corner; below < 1; below *= 2)
    AssertRelative("below it", Metal(&k, -barrier - below, 0), -below / R_dep, 1e-9);
}

static void MetalCoversTheFace(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  for (PetscReal g = 1.001 * nucleus; g < 1e5; g *= 1.5) {
    const PetscReal sigma = 1 - PetscExpReal(-g / cover);

    AssertRelative("strips", Metal(&k, 0.01, g), sigma * 0.01 / R_dep, 1e-9);
    AssertRelative("grows on metal", Metal(&k, -0.01, g), -sigma * 0.01 / R_dep, 1e-9);
    AssertRelative("grows everywhere", Metal(&k, -0.03, g),
                   -(sigma * 0.03 + (1 - sigma) * (0.03 - barrier)) / R_dep, 1e-9);
    AssertNear("at rest", Metal(&k, 0, g), 0, 1e-15);
  }
  AssertRelative("63 %", Metal(&k, 0.01, 1e4 * nucleus), (1 - PetscExpReal(-1)) * 0.01 / R_dep,
                 1e-3);
}

/* A trace is no seed: where no metal nucleates, less than a nucleus dissolves in seconds. */
static void TracesDissolve(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  for (PetscReal E = -barrier + 1.0001 * corner; E < 3; E += 0.01) {
    for (PetscReal g = 1e-15 * nucleus; g < 0.499 * nucleus; g *= 3)
      AssertRelative("a trace", Metal(&k, E, g), g / lifetime, 1e-12);
    for (PetscReal g = 0.5 * nucleus; g < 0.9 * nucleus; g *= 1.1) assert_true(Metal(&k, E, g) > 0);
    for (PetscReal g = 1e-15 * nucleus; g < 10 * nucleus; g *= 3) /* which returns to 0 */
      AssertRelative("less than none", Metal(&k, E, -g), -g / lifetime, 1e-12);
  }
}

/* Above saturation metal grows under a void, and nowhere else. */
static void MetalGrowsIntoVoids(void **unused)
{
  const NakKinetics k = Pristine(0.5);
  NakFaceState      s = {.potential = -0.004, .u = 1.2 * k.u_na, .open = 1, .r = r_50, .wetted = 1};

  (void)unused;
  AssertRelative("u_na", k.u_na, PetscPowReal(0.704 / 0.296 / 1.7007, 2.1), 0.01);
  AssertNear("wetted", NakKineticsFace(&k, &s, half, 1).metal.value, 0, 0);
  s.wetted = 0.4;
  assert_true(NakKineticsFace(&k, &s, half, 1).metal.value > 0);
  s.u = 0.99 * k.u_na;
  AssertNear("below saturation", NakKineticsFace(&k, &s, 1e9, 1).metal.value, 0, 0);
}

/* ---- Temperature ---- */

/* Arrhenius's law written out once more: how much faster at T than at 25 C */
static PetscReal Faster(PetscReal eV, PetscReal T)
{
  const PetscReal boltzmann = 8.617333262e-5; /* [eV/K] */

  return PetscExpReal(eV / boltzmann * (1 / 298.15 - 1 / T));
}

static void RatesFollowTheTemperature(void **unused)
{
  NakInterphaseParams p = face_interphase;
  NakReactionParams   q = face_reaction;

  (void)unused;
  p.activation_energy  = 0.15;
  p.over_limit_energy  = 0.4;
  p.realloying_energy  = 0.3;
  p.partition_enthalpy = 0.1;
  q.activation_energy  = 0.35;
  for (PetscReal T = 263.15; T < 340; T += 35) {
    const NakKinetics   k = NakKineticsCreate(NaK(), T, &p, &q, 1), at = Pristine(0.5);
    NakInterphaseParams front = p;

    front.film_nuclei = 1;
    front.film_speed  = front_speed;
    front.film_width  = front_width;
    AssertRelative("front", NakKineticsCreate(NaK(), T, &front, &q, 1).film_speed,
                   front_speed * Faster(0.15, T), 1e-9);
    AssertRelative("exchange current", k.i0, at.i0 * Faster(0.35, T), 1e-9);
    AssertRelative("interphase", k.diffusivity, at.diffusivity * Faster(0.15, T), 1e-9);
    AssertRelative("Na that it holds", k.content, at.content, 1e-15);
    AssertRelative("film grows", k.film_rate, at.film_rate * Faster(0.15, T), 1e-9);
    AssertRelative("film dissolves", k.film_dissolution, at.film_dissolution * Faster(0.3, T),
                   1e-9);
    AssertRelative("over-limit", k.over_limit, at.over_limit * Faster(0.4, T), 1e-9);
    AssertRelative("partition", NakKineticsIsotherm(&k, 1.3).u,
                   NakKineticsIsotherm(&at, 1.3).u * Faster(0.1, T), 1e-9);
    AssertRelative("OCV", NakKineticsOpenCircuit(&k, NakKineticsIsotherm(&k, 1.3).u),
                   -NaKLiquid(T, 1.3 / 2.3).ln_activity / FOverRT(T), 1e-9);
  }
}

/* 150 ohm cm2 of grains, of which 2 are resolved, and 100 of grain boundaries. */
static void PelletFollowsTheTemperature(void **unused)
{
  const NakCellParams p = {.conductivity          = 0.1,
                           .grain_boundaries      = 100e-4 / 1.5e-3,
                           .thickness             = 20e-6,
                           .pellet_thickness      = 1.5e-3,
                           .series_resistance     = 7e-4,
                           .grain_energy          = 0.3,
                           .grain_boundary_energy = 0.4};

  (void)unused;
  for (PetscReal T = 263.15; T < 340; T += 35) {
    const NakPellet pellet = NakPelletAt(&p, T);
    const PetscReal cold = T / 298.15, grains = 150e-4 * cold / Faster(0.3, T);

    AssertRelative("boundaries", pellet.grain_boundaries, 100e-4 * cold / Faster(0.4, T), 1e-9);
    AssertRelative("resolved", pellet.resolved, grains / 75, 1e-9);
    AssertRelative("all of it", pellet.resolved + pellet.series,
                   grains + pellet.grain_boundaries + 7e-4, 1e-9);
    AssertRelative("conductivity", pellet.conductivity, 0.1 / cold * Faster(0.3, T), 1e-9);
  }
}

/* ---- K film ---- */

static PetscReal FilmRate(const NakKinetics *k, PetscReal open, PetscReal u)
{
  const NakFaceState s = {.potential = rest, .open = open, .u = u, .r = r_50, .wetted = 1};

  return NakKineticsFace(k, &s, sharp, 0).open.value; /* no contact: u_face is u */
}

static void FilmRates(void **unused)
{
  const PetscReal opens[] = {1, 0.7, 0.1, 1e-3, 1e-12};

  (void)unused;
  for (int n = 0; n < 5 * TEMPERATURES; n++) {
    const NakKinetics k = At(temperatures[n / 5], 0.5);
    const PetscReal   b = opens[n % 5];

    AssertRelative("empty", FilmRate(&k, b, 1e-12), -growing * b, 1e-12);
    AssertRelative("depleted", FilmRate(&k, b, 0.899 * k.u_k), -growing * b, 1e-12);
    AssertRelative("half way", FilmRate(&k, b, 0.95 * k.u_k), -growing * b / 2, 1e-9);
    AssertNear("saturated", FilmRate(&k, b, k.u_k), 0, 1e-15 / dissolving);
    AssertRelative("twice", FilmRate(&k, b, 2 * k.u_k), (1 - b) / dissolving / 2, 1e-9);
    AssertRelative("full", FilmRate(&k, b, 1e9 * k.u_k), (1 - b) / dissolving, 1e-6);
    for (PetscReal u = k.u_k * (1 + 1e-12); u < 100; u *= 1.7) assert_true(FilmRate(&k, b, u) >= 0);
    for (PetscReal u = k.u_k * (1 - 1e-3); u > 1e-9; u *= 0.7) assert_true(FilmRate(&k, b, u) < 0);
  }
}

static void FilmIsHeldAtTheLeast(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  AssertNear("at the least", FilmRate(&k, NAK_OPEN_LEAST, 1e-9), 0, 0);
  AssertRelative("above it", FilmRate(&k, 3 * NAK_OPEN_LEAST, 1e-9), -2 * growing * NAK_OPEN_LEAST,
                 1e-12);
  assert_true(FilmRate(&k, 0.5 * NAK_OPEN_LEAST, 1e-9) > 0);
  assert_true(FilmRate(&k, NAK_OPEN_LEAST, 1) > 0);
}

/* Share under a film whose front is at 0. */
static PetscReal FrontShare(PetscReal x)
{
  return (1 - PetscTanhReal(2 * x / front_width)) / 2;
}

/* It travels at its speed times the drive: what a place sees is the change of a tanh that does,
   between columns, too. Above u_k the film dissolves as well. */
static void FrontKeepsItsShape(void **unused)
{
  const PetscReal contents[] = {1e-9, 0.4, 0.999, 1.5, 1e9},
                  drives[]   = {1 - 1e-9, 0.6, 0.001, -1.0 / 3, 1e-9 - 1};

  (void)unused;
  for (int n = 0; n < 5 * TEMPERATURES; n++) {
    const PetscReal   T = temperatures[n / 5], d = drives[n % 5], v = front_speed;
    const PetscReal   h = front_width / 4, melts = PetscMax(-d, 0) / dissolving;
    const NakKinetics k = FrontAt(T, h);
    const PetscReal   u = contents[n % 5] * k.u_k;

    AssertNear("drive", NakKineticsFilmDrive(&k, u), d, 1e-8);
    assert_true(k.film_spreading > v * front_width / 4);
    for (PetscReal x = -8 * h; x <= 8 * h; x += 0.37 * h) {
      const PetscReal s = FrontShare(x), covered = s;
      const PetscReal lateral =
        k.film_spreading * (FrontShare(x - h) + FrontShare(x + h) - 2 * s) / (h * h);
      const PetscReal moves = 4 * v * d / front_width * s * (1 - s);

      AssertNear("front", lateral - FilmRate(&k, 1 - s, u), moves - melts * covered,
                 20 * NAK_OPEN_FRONT * v / front_width); /* which is what it leaves open */
    }
  }
}

/* With columns ever closer it is what it is anywhere; neither an open nor a covered place begins to
   change alone. */
static void FrontOnAGrid(void **unused)
{
  const NakKinetics any = FrontAt(298.15, 0), fine = FrontAt(298.15, 1e-4 * front_width);

  (void)unused;
  for (PetscReal b = 0.01; b < 1; b += 0.07)
    AssertNear("fine", FilmRate(&fine, b, 0.3 * any.u_k), FilmRate(&any, b, 0.3 * any.u_k),
               1e-6 * front_speed / front_width);
  AssertNear("open", FilmRate(&any, 1, 1e-9), 0, 0);
  assert_true(FilmRate(&any, 1 - 1e-3, 1e-9) > 0);
  AssertNear("at the least", FilmRate(&any, NAK_OPEN_FRONT, 1e-9), 0, 0);
  assert_true(FilmRate(&any, 3 * NAK_OPEN_FRONT, 1e-9) < 0);
  assert_true(FilmRate(&any, NAK_OPEN_FRONT, 1) > 0);
}

/* ---- Filament ---- */

/* Growth over that at the full speed */
static PetscReal FilamentGrows(const NakKinetics *k, PetscReal contact, PetscReal E,
                               PetscReal metal, PetscReal room)
{
  const NakFaceState s    = {.potential   = E,
                             .deposit     = metal / F,
                             .open        = 1,
                             .u           = 1.99,
                             .r           = r_50,
                             .wetted      = 1,
                             .void_height = room};
  const NakFace      face = NakKineticsFace(k, &s, half, contact);

  assert_true(face.faradaic.value * E > 0);
  return face.filament.value / (-speed * face.faradaic.value);
}

static void FilamentRates(void **unused)
{
  const NakKinetics k    = Pristine(0.5);
  const PetscReal   room = 50e-9, filled = room / solid_na * F; /* a void, and the metal in it */

  (void)unused;
  AssertNear("stripping", FilamentGrows(&k, 1, 0.1, 2 * onset, 0), 0, 0);
  for (PetscReal E = -0.05; E > -0.17; E -= 0.05) {
    AssertNear("thin deposit", FilamentGrows(&k, 1, E, 0.99 * onset, 0), 0, 0);
    AssertRelative("half way", FilamentGrows(&k, 1, E, 1.05 * onset, 0), 0.5, 1e-9);
    AssertRelative("thick deposit", FilamentGrows(&k, 1, E, 1.2 * onset, 0), 1, 1e-12);
    AssertNear("in a void", FilamentGrows(&k, 1, E, 0.99 * onset + filled, room), 0, 0);
    AssertRelative("beyond it", FilamentGrows(&k, 1, E, 1.2 * onset + filled, room), 1, 1e-12);
    AssertNear("on a quarter", FilamentGrows(&k, 0.25, E, 0.99 * onset / 4, 0), 0, 0);
    AssertRelative("thick on a quarter", FilamentGrows(&k, 0.25, E, 1.2 * onset / 4, 0), 1, 1e-12);
  }
}

/* ---- No contact ---- */

static void NoContactNoCurrent(void **unused)
{
  const NakKinetics k = Pristine(0.5);

  (void)unused;
  for (int n = 0; n < SITUATIONS; n++) {
    const Situation c    = In(&k, n);
    const NakFace   face = NakKineticsFace(&k, &c.s, c.conductance, 0);

    AssertRelative("u_face", face.u_face, c.s.u, 1e-13);
    for (int which = 0; which < VALUES; which++) {
      const NakFaceValue value = Value(&face, which);

      if (which == OPEN) continue;
      AssertNear(value_names[which], value.value, 0, 0);
      for (int j = 0; j < NAK_FACE_SIZE; j++) AssertNear(value_names[which], value.d[j], 0, 0);
    }
  }
}

/* Of an ion between two places: by the formulas, and the derivative to v by a difference, on both
   sides of where a series takes over. */
static void FluxesOfIons(void **unused)
{
  const PetscReal drops[] = {-0.4, -1.2e-3, -8e-4, 8e-4, 1.2e-3, 0.4};
  const PetscReal above = 0.7, below = 0.4, h = 1e-4;

  (void)unused;
  for (int z = -1; z <= 1; z += 2)
    for (int k = 0; k < 6; k++) {
      const PetscReal  x = z * drops[k];
      const NakIonFlux a = NakKineticsIonFlux(z, 0.2, 0.3, below, above, drops[k], PETSC_FALSE);
      const NakIonFlux j = NakKineticsIonFlux(z, 0.2, 0.3, below, above, drops[k], PETSC_TRUE);
      const PetscReal  high =
        NakKineticsIonFlux(z, 0.2, 0.3, below, above, drops[k] + h, PETSC_TRUE).value;
      const PetscReal low =
        NakKineticsIonFlux(z, 0.2, 0.3, below, above, drops[k] - h, PETSC_TRUE).value;

      AssertRelative("of Nernst and Planck", a.value, 2 * (above - below + x * (above + below) / 2),
                     1e-14);
      AssertRelative("to v", a.v, z * (above + below), 1e-14);
      AssertRelative("of a constant field", j.value,
                     2 * x * (above + below / expm1(x) * expm1(-x)) / -expm1(-x), 1e-9);
      AssertRelative("to v, of a constant field", j.v, (high - low) / (2 * h), 1e-8);
      AssertRelative("to both", j.above * above + j.below * below, j.value, 1e-14);
    }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(Constants),
  cmocka_unit_test(Isotherm),
  cmocka_unit_test(ChargeIsThatOfCapacitorAndAdlayer),
  cmocka_unit_test(AdlayerFillsAndEmpties),
  cmocka_unit_test(PotentialIsTheInverse),
  cmocka_unit_test(SmallSignal),
  cmocka_unit_test(ButlerVolmerLimits),
  cmocka_unit_test(BalanceHolds),
  cmocka_unit_test(CurrentsGoWithTheOpenShare),
  cmocka_unit_test(DerivativesMatchDifferences),
  cmocka_unit_test(DerivativesInALiquid),
  cmocka_unit_test(CurrentsOfAHost),
  cmocka_unit_test(RestOfAHost),
  cmocka_unit_test(DerivativesOfTheFront),
  cmocka_unit_test(OverLimitPath),
  cmocka_unit_test(MetalNucleatesAtABarrier),
  cmocka_unit_test(MetalCoversTheFace),
  cmocka_unit_test(TracesDissolve),
  cmocka_unit_test(MetalGrowsIntoVoids),
  cmocka_unit_test(RatesFollowTheTemperature),
  cmocka_unit_test(PelletFollowsTheTemperature),
  cmocka_unit_test(FilmRates),
  cmocka_unit_test(FluxesOfIons),
  cmocka_unit_test(FilmIsHeldAtTheLeast),
  cmocka_unit_test(FrontKeepsItsShape),
  cmocka_unit_test(FrontOnAGrid),
  cmocka_unit_test(FilamentRates),
  cmocka_unit_test(NoContactNoCurrent),
};

NAK_TEST_MAIN(tests)
