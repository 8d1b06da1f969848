/* Several phases at a point: every derivative against differences, limits against the alloy's own
   functions. */
#include "microstructure_impl.h"

#include <string.h>

#include "mix_fixture.h"
#include "nak_test.h"

enum { PHASES = 5 };

/* |a - b| <= tolerance (1 + |b|) */
#define AssertAlike(what, a, b, tolerance)                                                         \
  AssertNear(what, a, b, (tolerance) * (1 + PetscAbsReal((PetscReal)(b))))

/* Liquid, two grains of solid K, solid Na and void, counted per atom or per K. */
static NakMix MakeMix(NakMixFrame frame)
{
  const NakAlloy alloy = NaKAt(290);
  NakMix         m     = {
                .frame        = frame,
                .metal        = 1.9,
                .metal_energy = -200,
                .n            = PHASES,
                .body = {NAK_BODY_LIQUID, NAK_BODY_SOLID_B, NAK_BODY_SOLID_B, NAK_BODY_SOLID_A, NAK_BODY_VOID},
                .RT          = alloy.solid.RT,
                .volume      = 4e-5,
                .width       = 5e-7,
                .share       = {3e-3,            6.7e-3,           6.7e-3,           13.7e-3,          0.127        },
                .barrier     = 0.5,
                .mobility    = 1e-10,
                .wall        = {0,               1e-3,             1e-3,             0,                -5e-2        },
                .diffusivity = 1.2e-9,
                .anisotropy  = {0,               1e-9,             1e-9,             2e-9,             0            },
                .fourfold    = 0.03,
                .tilt        = {0,               0.3,              0,                0,                0            }
  };

  for (int b = 0; b < NAK_BODIES; b++) m.used[b] = PETSC_TRUE;
  m.branch[NAK_BODY_LIQUID]  = NakThermoBranch(&alloy.liquid, 0, 1);
  m.branch[NAK_BODY_SOLID_B] = NakThermoBranch(&alloy.solid, 0, 0.1);
  m.branch[NAK_BODY_SOLID_A] = NakThermoBranch(&alloy.solid, 1, 0.9);
  return m;
}

static const PetscReal states[][PHASES] = {
  {-0.6, 0.2,  0.1,   0.3,   0.15 },
  {-1.4, 0.9,  0.03,  0.01,  0.02 },
  {0.4,  0.1,  0.01,  0.002, 0.6  },
  {-0.2, 0.01, 0.02,  0.005, 0.001},
  {-0.9, 0.4,  -0.02, 0.05,  0.6  },
};
enum { STATES = sizeof states / sizeof states[0] };

/* State s; per K the potential is that of Na, below that of the pure metal. */
typedef struct {
  PetscReal u[PHASES];
} State;

static State MakeState(int s, NakMixFrame frame)
{
  State state;

  for (int k = 0; k < PHASES; k++) state.u[k] = states[s][k];
  if (frame == NAK_PER_B) state.u[0] -= 1;
  return state;
}

/* The quantity `which` of a point, in a row for differences: X, then the drives. */
static PetscReal Quantity(const NakMix *m, const PetscReal u[], int which)
{
  const NakMixPoint p = NakMixAt(m, u);

  return which == 0 ? p.X : p.drive[which];
}

static PetscReal Derivative(const NakMixPoint *p, int which, int l)
{
  return which == 0 ? p->dX[l] : p->ddrive[which][l];
}

static void CheckDerivatives(NakMixFrame frame)
{
  const NakMix m = MakeMix(frame);

  for (int s = 0; s < STATES; s++)
    for (int which = 0; which < PHASES; which++) {
      const State       at    = MakeState(s, frame);
      const NakMixPoint p     = NakMixAt(&m, at.u);
      const PetscReal   scale = which < 1 ? 1 : 1e7;

      for (int l = 0; l < PHASES; l++) {
        const PetscReal h = 1e-5;
        PetscReal       up[PHASES], down[PHASES];

        for (int k = 0; k < PHASES; k++) up[k] = down[k] = at.u[k];
        up[l] += h;
        down[l] -= h;
        AssertAlike("derivative",
                    (Quantity(&m, up, which) - Quantity(&m, down, which)) / (2 * h * scale),
                    Derivative(&p, which, l) / scale, 1e-7);
      }
    }
}

static void Derivatives(void **unused)
{
  (void)unused;
  CheckDerivatives(NAK_PER_ATOM);
  CheckDerivatives(NAK_PER_B);
}

/* The drives are the derivatives of the energy at a composition that does not change. */
static void CheckDrives(NakMixFrame frame)
{
  const NakMix m = MakeMix(frame);

  for (int s = 0; s < STATES; s++) {
    const State       at = MakeState(s, frame);
    const NakMixPoint p  = NakMixAt(&m, at.u);

    for (int l = 1; l < PHASES; l++) {
      const PetscReal h = 1e-5;
      PetscReal       energy[2];

      for (int side = 0; side < 2; side++) {
        PetscReal u[PHASES];

        for (int k = 0; k < PHASES; k++) u[k] = at.u[k];
        u[l] += side == 0 ? -h : h;
        u[0]         = NakMixPotential(&m, u, p.X);
        energy[side] = NakMixAt(&m, u).energy;
      }
      AssertAlike("drive", (energy[1] - energy[0]) / (2 * h) / 1e7, p.drive[l] / 1e7, 2e-6);
    }
  }
}

static void DrivesFromTheEnergy(void **unused)
{
  (void)unused;
  CheckDrives(NAK_PER_ATOM);
  CheckDrives(NAK_PER_B);
}

/* The point that holds X is the point at its potential; forces and liquid are those there. */
static void CheckHolding(NakMixFrame frame)
{
  const NakMix m = MakeMix(frame);

  for (int s = 0; s < STATES; s++) {
    const State       at = MakeState(s, frame);
    const NakMixPoint p = NakMixAt(&m, at.u), q = NakMixHolding(&m, at.u, p.X);
    PetscReal         force[NAK_MIX_MOST];

    AssertAlike("mu", q.mu, at.u[0], 1e-10);
    AssertAlike("X", q.X, p.X, 1e-12);
    AssertAlike("energy", q.energy / 1e8, p.energy / 1e8, 1e-9);
    AssertAlike("liquid", NakMixForces(&m, at.u, p.X, force), p.x_liquid, 1e-10);
    AssertAlike("liquid", NakMixLiquid(&m, at.u, p.X), p.x_liquid, 1e-10);
    for (int k = 1; k < PHASES; k++) AssertAlike("force", force[k] / 1e7, p.drive[k] / 1e7, 1e-9);
  }
}

static void PointsHoldTheirContent(void **unused)
{
  (void)unused;
  CheckHolding(NAK_PER_ATOM);
  CheckHolding(NAK_PER_B);
}

/* A void has what the liquid around it has. */
static void VoidLiftsTheLiquid(void **unused)
{
  (void)unused;
  for (int frame = NAK_PER_ATOM; frame <= NAK_PER_B; frame++) {
    const NakMix    m         = MakeMix((NakMixFrame)frame);
    const PetscReal mu        = -1.3;
    const PetscReal u[PHASES] = {mu, 0, 0, 0, 0.4}, liquid[PHASES] = {mu};

    AssertAlike("X", NakMixAt(&m, u).X, NakMixAt(&m, liquid).X, 1e-14);
    AssertAlike("gain", NakMixGain(&m, NAK_BODY_VOID, m.RT * mu), 0, 0);
  }
}

/* The share of a body, and the drives where there are only traces, are those of the whole. */
static void PartsOfTheWhole(void **unused)
{
  const NakMix m = MakeMix(NAK_PER_B);

  (void)unused;
  for (int s = 0; s < STATES; s++) {
    const State       at        = MakeState(s, NAK_PER_B);
    const NakMixPoint p         = NakMixAt(&m, at.u);
    PetscReal         d[PHASES] = {0}, unused_d[PHASES];

    AssertNear("void", NakMixShareAt(&m, at.u, NAK_BODY_VOID, d), p.h[NAK_BODY_VOID], 1e-15);
    for (int l = 1; l < PHASES; l++) {
      const PetscReal h    = 1e-6;
      PetscReal       v[2] = {0};

      for (int side = 0; side < 2; side++) {
        PetscReal u[PHASES];

        for (int k = 0; k < PHASES; k++) u[k] = at.u[k];
        u[l] += side ? h : -h;
        v[side] = NakMixShareAt(&m, u, NAK_BODY_VOID, unused_d);
      }
      AssertNear("dvoid", d[l], (v[1] - v[0]) / (2 * h), 1e-8);
    }
  }
  for (int l = 1; l < PHASES; l++) {
    const PetscReal   traces[PHASES] = {-0.5, 1e-7, -2e-7, 3e-7, 1e-7};
    const NakMixPoint p              = NakMixAt(&m, traces);
    NakMixPoint       wells          = {.X = 0};

    NakMixWellsAt(&m, traces, &wells);
    AssertNear("drive", wells.drive[l] / p.drive[l], 1, 1e-3);
    for (int k = 1; k < PHASES; k++)
      AssertNear("ddrive", (wells.ddrive[l][k] - p.ddrive[l][k]) / p.ddrive[l][l], 0, 2e-3);
  }
}

/* A pure phase has the composition that the alloy's own functions give, and nothing drives it
   off. */
static void PurePhases(void **unused)
{
  const NakMix    m     = MakeMix(NAK_PER_ATOM);
  const NakAlloy  alloy = NaKAt(290);
  const PetscReal x     = 0.37;
  const PetscReal mu = (NakSolutionMuA(&alloy.liquid, x) - NakSolutionMuB(&alloy.liquid, x)) / m.RT;
  const PetscReal liquid[PHASES] = {mu, 0, 0, 0, 0}, grain[PHASES] = {mu, 0, 1, 0, 0};

  (void)unused;
  AssertAlike("X", NakMixAt(&m, liquid).X, x, 1e-12);
  AssertAlike("energy", NakMixAt(&m, liquid).energy * m.volume, NakSolutionEnergy(&alloy.liquid, x),
              1e-8);
  for (int k = 1; k < PHASES; k++) {
    AssertAlike("drive in the liquid", NakMixAt(&m, liquid).drive[k], 0, 1e-20);
    AssertAlike("drive in a grain", NakMixAt(&m, grain).drive[k], 0, 1e-20);
  }
  AssertAlike("potential", NakMixPotential(&m, (PetscReal[PHASES]){0.1, 0, 0, 0, 0}, x), mu, 1e-12);
  assert_true(PetscIsInfOrNanReal(NakMixPotential(&m, liquid, 1.01)));
}

static PetscReal Smooth(PetscReal phi)
{
  return phi > 0 ? phi * phi * phi * (10 - 15 * phi + 6 * phi * phi) : 0;
}

/* h_i as docs/model.md has it, sum by sum. */
static PetscReal StatedWeight(PetscInt n, const PetscReal phi[], const PetscReal s[], PetscInt i)
{
  PetscReal sum = 0, h;

  for (PetscInt k = 0; k < n; k++) sum += Smooth(phi[k]);
  h = Smooth(phi[i]) / sum;
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt k = 0; k < n; k++) {
      if (i == j || j == k || k == i) continue;
      h -= 15 * phi[i] * phi[i] * phi[j] * phi[j] * phi[k] *
           ((Smooth(phi[i]) - Smooth(phi[j])) / sum - (s[j] - s[i]) / (s[i] + s[j]));
    }
  return h;
}

/* One phase of each body, so that the shares of bodies are the weights. */
static void WeightsAreThoseStated(void **unused)
{
  NakMix m = MakeMix(NAK_PER_ATOM);

  (void)unused;
  m.n       = NAK_BODIES;
  m.body[2] = NAK_BODY_SOLID_A, m.share[2] = m.share[3];
  m.body[3] = NAK_BODY_VOID, m.share[3] = m.share[4];
  for (int s = 0; s < STATES; s++) {
    const PetscReal *u               = states[s];
    const PetscReal  phi[NAK_BODIES] = {1 - u[1] - u[2] - u[3], u[1], u[2], u[3]};
    PetscReal        h[NAK_BODIES], sum = 0;

    NakMixShares(&m, u, h);
    for (int k = 0; k < NAK_BODIES; k++) {
      AssertAlike("weight", h[k], StatedWeight(m.n, phi, m.share, k), 1e-14);
      sum += h[k];
    }
    AssertAlike("sum of the weights", sum, 1, 1e-14);
  }
  for (PetscReal p = 0.05; p < 1; p += 0.05) {
    PetscReal h[NAK_BODIES];

    NakMixShares(&m, (PetscReal[]){0, 0, p, 1 - p}, h);
    AssertAlike("weight between two phases", h[NAK_BODY_SOLID_A], Smooth(p), 1e-14);
    assert_true(PetscAbsReal(h[NAK_BODY_LIQUID]) < 1e-30 && h[NAK_BODY_SOLID_B] == 0);
  }
}

static void WallDerivatives(void **unused)
{
  const NakMix    m     = MakeMix(NAK_PER_ATOM);
  const PetscReal scale = 5e-2, h = 1e-5;
  PetscReal drive[PHASES], second[NAK_MIX_MOST][NAK_MIX_MOST], unread[NAK_MIX_MOST][NAK_MIX_MOST];

  (void)unused;
  for (int s = 0; s < STATES; s++)
    for (int l = 1; l < PHASES; l++) {
      PetscReal u[PHASES], up[PHASES], down[PHASES], high, low;

      (void)NakMixSumAt(&m, m.wall, states[s], drive, second);
      for (int k = 0; k < PHASES; k++) u[k] = states[s][k];
      u[l] += h;
      high = NakMixSumAt(&m, m.wall, u, up, unread);
      u[l] -= 2 * h;
      low = NakMixSumAt(&m, m.wall, u, down, unread);
      AssertAlike("force of the wall", (high - low) / (2 * h * scale), drive[l] / scale, 1e-7);
      for (int k = 1; k < PHASES; k++)
        AssertAlike("its derivative", (up[k] - down[k]) / (2 * h * scale), second[k][l] / scale,
                    1e-7);
    }
  AssertAlike("energy of a wall under void",
              NakMixSumAt(&m, m.wall, (PetscReal[]){0, 0, 0, 0, 1}, drive, second), m.wall[4],
              1e-14);
}

/* The rates of all phases, the liquid's first, under forces. */
static void RatesOf(const NakMix *m, const PetscReal drive[], PetscReal rate[])
{
  PetscReal L[NAK_MIX_MOST][NAK_MIX_MOST];

  NakMixRates(m, L);
  rate[0] = 0;
  for (int k = 1; k < PHASES; k++) {
    rate[k] = 0;
    for (int l = 1; l < PHASES; l++) rate[k] += L[k][l] * drive[l];
    rate[0] -= rate[k];
  }
}

/* Phases a and b alone, strongly driven in the bulk and on the wall.  The law itself moves no third
   one, but for the rounding of forces up to 5e8 J/m3 and 0.1 J/m2. */
static void AssertNoThird(const NakMix *m, int a, int b, PetscReal share)
{
  const PetscReal most[2]     = {5e8, 0.1};
  PetscReal       phi[PHASES] = {0}, u[PHASES] = {-1}, rate[PHASES], wall[PHASES];
  PetscReal       second[NAK_MIX_MOST][NAK_MIX_MOST];
  NakMixPoint     at;

  phi[a] = share;
  phi[b] = 1 - share;
  for (int k = 1; k < PHASES; k++) u[k] = phi[k];
  at = NakMixAt(m, u);
  (void)NakMixSumAt(m, m->wall, u, wall, second);
  for (int kind = 0; kind < 2; kind++) {
    const PetscReal *const drive = kind == 0 ? at.drive : wall;

    RatesOf(m, drive, rate);
    for (int k = 0; k < PHASES; k++)
      if (k != a && k != b) assert_true(PetscAbsReal(rate[k]) <= 1e-14 * most[kind] / m->share[0]);
    if (kind == 0 && m->body[a] != m->body[b] && m->body[a] != NAK_BODY_VOID)
      assert_true(PetscAbsReal(rate[a]) > 1e3 / m->share[4]);
  }
}

/* At the interface of any two phases nothing moves a third one. */
static void NoThirdPhase(void **unused)
{
  NakMix m = MakeMix(NAK_PER_ATOM);

  (void)unused;
  m.mobility = 1.5 * m.width; /* rates are forces over s */
  for (int a = 0; a < PHASES; a++)
    for (int b = 0; b < a; b++)
      for (PetscReal share = 0.1; share < 0.95; share += 0.1) AssertNoThird(&m, a, b, share);
}

/* The rates are symmetric and not negative; two phases alone move at the mobility over the energy
   of their interface. */
static void Rates(void **unused)
{
  NakMix    m = MakeMix(NAK_PER_ATOM);
  PetscReal L[NAK_MIX_MOST][NAK_MIX_MOST];

  (void)unused;
  NakMixRates(&m, L);
  for (int k = 1; k < PHASES; k++) {
    PetscReal sum = 0; /* a matrix that its diagonal dominates */

    for (int l = 1; l < PHASES; l++) {
      AssertRelative("symmetry", L[k][l], L[l][k], 1e-14);
      sum += L[k][l];
    }
    assert_true(sum >= -1e-12 * L[k][k] && L[k][k] > 0);
  }
  m.n = 2;
  NakMixRates(&m, L);
  AssertAlike("rate of a grain beside liquid",
              L[1][1] * 3 * m.width * (m.share[0] + m.share[1]) / 2e-10, 1, 1e-14);
}

static void Anisotropy(void **unused)
{
  const NakMix    m       = MakeMix(NAK_PER_ATOM);
  PetscReal       p[3]    = {3e5, -7e5, 4e5};
  const PetscReal line[3] = {PetscCosReal(0.25) * 2e6, 0, PetscSinReal(0.25) * 2e6};
  PetscReal       first[3], second[3][3], a = 1 + 0.03 * PetscCosReal(4 * 0.25);

  (void)unused;
  AssertAlike("in the plane", NakMixAnisotropy(&m, 2, line, first, second) / 4e3, (a * a - 1),
              1e-4);
  (void)NakMixAnisotropy(&m, 1, p, first, second);
  for (int i = 0; i < 3; i++) {
    const PetscReal h = 10;
    PetscReal       up[3], down[3], bend[3][3], high, low, old = p[i];

    p[i] = old + h;
    high = NakMixAnisotropy(&m, 1, p, up, bend);
    p[i] = old - h;
    low  = NakMixAnisotropy(&m, 1, p, down, bend);
    p[i] = old;
    AssertAlike("first", (high - low) / (2 * h) / 1e-4, first[i] / 1e-4, 1e-7);
    for (int j = 0; j < 3; j++)
      AssertAlike("second", (up[j] - down[j]) / (2 * h) / 1e-9, second[j][i] / 1e-9, 1e-7);
  }
}

/* ---- The box ---- */

static NakMixParams BoxParams(PetscInt nx, PetscInt ny, PetscInt nz)
{
  NakMixParams p = NaKBox(nx, ny, nz);

  p.fourfold   = 0.04;
  p.grains_a   = 1;
  p.voids      = PETSC_TRUE;
  p.angle_b    = 60;
  p.angle_void = 120;
  p.current    = 1e4;
  return p;
}

/* Something of everything, in every cell. */
static void FillAll(void *ctx, const PetscReal at[3], PetscReal u[])
{
  const PetscReal s = 1e7 / 3;

  (void)ctx;
  u[0] = -1.5 + 0.3 * PetscSinReal(s * (at[0] + 2 * at[1] + at[2]));
  for (int k = 1; k < PHASES; k++)
    u[k] = 0.2 + 0.15 * PetscSinReal(s * (at[0] - at[1]) * k + k + s * at[2]);
}

/* F of the box at U + h V, with the time derivative of that change. */
static void Changed(NakMixBox box, Vec V, PetscReal h, PetscReal shift, Vec F)
{
  const NakEquation eq = NakMixEquation(box);
  PetscBool         valid;
  Vec               at, dot;

  MUST(VecDuplicate(box->U, &at));
  MUST(VecDuplicate(box->U, &dot));
  MUST(VecWAXPY(at, h, V, box->U));
  MUST(VecCopy(V, dot));
  MUST(VecScale(dot, h * shift));
  MUST(eq.residual(eq.ctx, at, dot, F, &valid));
  assert_true(valid);
  MUST(VecDestroy(&at));
  MUST(VecDestroy(&dot));
}

/* Largest entry of every row of a cell, over columns and layers; the last is that of what has been
   taken. */
static void Largest(NakMixBox box, Vec F, PetscReal most[PHASES + 1])
{
  const PetscReal *f;

  for (int k = 0; k <= PHASES; k++) most[k] = 0;
  MUST(VecGetArrayRead(F, &f));
  for (PetscInt n = 0; n < box->owned; n++) {
    most[PHASES] = PetscMax(most[PHASES], PetscAbsReal(f[NakMixAtCell(box, n, 0) - 1]));
    for (PetscInt z = 0; z < box->zone.layers; z++)
      for (int k = 0; k < PHASES; k++)
        most[k] = PetscMax(most[k], PetscAbsReal(f[NakMixAtCell(box, n, z) + k]));
  }
  MUST(VecRestoreArrayRead(F, &f));
  MUST(MPI_Allreduce(MPI_IN_PLACE, most, PHASES + 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
}

/* The product with a direction against differences, but for the anisotropic energy, which is left
   out of it. */
static void JacobianOf(PetscInt nx, PetscInt ny, PetscInt nz, PetscInt vertical)
{
  NakMixParams    params = BoxParams(nx, ny, nz);
  const PetscReal shift = 1e6, h = 1e-6;
  NakMixBox       box;
  Vec             V, F[2], product;
  PetscRandom     random;
  PetscReal       error[PHASES + 1], size[PHASES + 1];

  params.fourfold = 0;
  params.vertical = vertical;
  params.current  = vertical == NAK_MIX_CLOSED ? 1e4 : 0;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &params, &box));
  MUST(NakMixBoxFill(box, FillAll, NULL));
  MUST(NakMixContact(box));
  MUST(VecDuplicate(box->U, &V));
  MUST(VecDuplicate(box->U, &product));
  for (int k = 0; k < 2; k++) MUST(VecDuplicate(box->U, &F[k]));
  MUST(PetscRandomCreate(PETSC_COMM_WORLD, &random));
  MUST(VecSetRandom(V, random));
  MUST(NakColumnsLinearise(box->columns, box->U, shift));
  MUST(MatMult(NakColumnsOperator(box->columns), V, product));
  MUST(NakColumnsRestore(box->columns, V)); /* from what the system is solved for to unknowns */
  for (int k = 0; k < 2; k++) Changed(box, V, k == 0 ? -h : h, shift, F[k]);
  MUST(VecAXPY(F[1], -1, F[0]));
  MUST(VecScale(F[1], 1 / (2 * h)));
  Largest(box, F[1], size);
  MUST(VecAXPY(product, -1, F[1]));
  Largest(box, product, error);
  for (int k = 0; k <= PHASES; k++) {
    assert_true(size[k] > 1e-9);
    AssertAlike("Jacobian", error[k] / size[k], 0, 1e-6);
  }
  for (int k = 0; k < 2; k++) MUST(VecDestroy(&F[k]));
  MUST(VecDestroy(&V));
  MUST(VecDestroy(&product));
  MUST(PetscRandomDestroy(&random));
  MUST(NakMixBoxDestroy(&box));
}

static void Jacobian(void **unused)
{
  (void)unused;
  JacobianOf(5, 4, 6, NAK_MIX_CLOSED);
  JacobianOf(6, 1, 5, NAK_MIX_CLOSED);
  JacobianOf(5, 4, 6, NAK_MIX_PERIODIC);
  JacobianOf(5, 4, 1, NAK_MIX_PERIODIC);
}

/* A state that is periodic in the box, moved by so many cells along each axis. */
static void FillPeriodic(void *ctx, const PetscReal at[3], PetscReal u[])
{
  const PetscInt *move = ctx;
  const PetscReal x    = 2 * PETSC_PI * (at[0] / 1e-7 - (PetscReal)move[0]) / 5;
  const PetscReal y    = 2 * PETSC_PI * (at[1] / 1e-7 - (PetscReal)move[1]) / 4;
  const PetscReal z    = 2 * PETSC_PI * (at[2] / 1e-7 - (PetscReal)move[2]) / 6;

  u[0] = -1.5 + 0.3 * PetscSinReal(x + 2 * y + z);
  for (int k = 1; k <= 3; k++) u[k] = 0.3 + 0.2 * PetscSinReal(x - y + k * z + k);
}

/* A periodic box has no edges: what moves the state moves the residual and keeps the energy. */
static void PeriodicBoxesHaveNoEdges(void **unused)
{
  const PetscInt n[3] =
    {
      5, 4, 6
  },
                 moves[][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {2, 1, 3}};
  NakMixParams p            = BoxParams(n[0], n[1], n[2]);
  PetscInt     none[]       = {0, 0, 0};
  NakMixBox    box;
  NakMixRecord before, after;
  Vec          F[2];

  (void)unused;
  p.voids    = PETSC_FALSE;
  p.vertical = NAK_MIX_PERIODIC;
  p.current  = 0;
  MUST(NakMixBoxCreate(PETSC_COMM_SELF, &p, &box));
  for (int k = 0; k < 2; k++) MUST(VecDuplicate(box->U, &F[k]));
  MUST(NakMixBoxFill(box, FillPeriodic, none));
  Changed(box, box->U, 0, 0, F[0]);
  MUST(NakMixBoxMeasure(box, &before));
  for (int move = 0; move < 4; move++) {
    const PetscReal *f[2];
    PetscReal        size[4] = {0};
    PetscInt         m[3]    = {moves[move][0], moves[move][1], moves[move][2]};

    MUST(NakMixBoxFill(box, FillPeriodic, m));
    Changed(box, box->U, 0, 0, F[1]);
    MUST(NakMixBoxMeasure(box, &after));
    AssertRelative("energy", after.energy, before.energy, 1e-12);
    for (int k = 0; k < 2; k++) MUST(VecGetArrayRead(F[k], &f[k]));
    for (int round = 0; round < 2; round++)
      for (PetscInt c = 0; c < n[0] * n[1] * n[2]; c++) {
        const PetscInt i = c % n[0], j = c / n[0] % n[1], k = c / n[0] / n[1];
        const PetscInt to = (j + m[1]) % n[1] * n[0] + (i + m[0]) % n[0];

        for (int l = 0; l <= 3; l++) {
          const PetscReal here = f[0][NakMixAtCell(box, j * n[0] + i, k) + l];

          size[l] = PetscMax(size[l], PetscAbsReal(here));
          if (round == 1)
            AssertNear("moved", f[1][NakMixAtCell(box, to, (k + m[2]) % n[2]) + l], here,
                       1e-9 * size[l]);
        }
      }
    for (int k = 0; k < 2; k++) MUST(VecRestoreArrayRead(F[k], &f[k]));
  }
  for (int k = 0; k < 2; k++) MUST(VecDestroy(&F[k]));
  MUST(NakMixBoxDestroy(&box));
}

/* The same nuclei and the same history on any ranks: all of them against this one alone. */
static NakMixRecord History(MPI_Comm comm)
{
  NakMixParams p = BoxParams(24, 3, 6);
  NakMixBox    box;
  NakMixRecord r = {.time = 0};

  p.voids                 = PETSC_FALSE;
  p.void_radius           = 0;
  p.current               = 0;
  p.nuclei                = 1;
  p.nucleus_radius        = 1.5e-7;
  p.angle_b               = 20; /* else the barrier is too high */
  p.wall_sites            = 1e25;
  p.bulk_sites            = 1e25;
  p.interval              = 2e-5;
  p.end                   = 6e-5;
  p.grains_a              = 0;
  p.first_step            = 2e-6;
  p.alloy.potassium.value = 0.9;
  MUST(NakMixBoxCreate(comm, &p, &box));
  MUST(NakMixBoxSeed(box));
  while (r.time < p.end) {
    MUST(NakMixBoxStep(box, p.end));
    MUST(NakMixBoxMeasure(box, &r));
  }
  MUST(NakMixBoxDestroy(&box));
  return r;
}

static void SameOnAnyRanks(void **unused)
{
  const NakMixRecord all = History(PETSC_COMM_WORLD), one = History(PETSC_COMM_SELF);

  (void)unused;
  assert_true(one.nuclei >= 2);
  assert_int_equal(all.nuclei, one.nuclei);
  assert_int_equal(all.steps, one.steps);
  AssertAlike("energy", all.energy / one.energy, 1, 1e-9);
  AssertAlike("solid K", all.share[NAK_BODY_SOLID_B] / one.share[NAK_BODY_SOLID_B], 1, 1e-6);
  AssertAlike("balance of A", all.a_balance, 0, 1e-10);
  AssertAlike("balance of B", all.b_balance, 0, 1e-10);
}

/* A nucleus conserves both metals to rounding, wherever it lies and whatever it meets; and what is
   measured of the potential is what there is. */
static void NucleusConserves(void **unused)
{
  NakMixParams p = BoxParams(12, 1, 12);
  NakMixBox    box;
  NakMixRecord before, after;
  NakFrame     frame;
  PetscReal    most = -PETSC_MAX_REAL, least = PETSC_MAX_REAL, x[12 * 12], mu[12 * 12];

  (void)unused;
  p.void_radius = 3e-7;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxMeasure(box, &before));
  for (int k = 1; k < 3; k++) {
    const PetscReal at[3] = {4e-7 * k, 0, 6e-7};

    MUST(NakMixBoxInsert(box, k, at, 2e-7));
  }
  MUST(NakMixBoxMeasure(box, &after));
  MUST(NakMixBoxFrame(box, &frame));
  MUST(frame.fill(frame.ctx, 0, x));
  MUST(frame.fill(frame.ctx, NakFrameFind(&frame, "mu"), mu));
  for (PetscInt i = 0; i < frame.xm * frame.ym * 12; i++) {
    assert_true(x[i] > 0 && x[i] < 1);
    most  = PetscMax(most, mu[i]);
    least = PetscMin(least, mu[i]);
  }
  MUST(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPIU_REAL, MPIU_MIN, PETSC_COMM_WORLD));
  assert_true(most - least > 1);
  AssertRelative("greatest potential", after.mu_max, most, 1e-12);
  AssertRelative("least potential", after.mu_min, least, 1e-12);
  assert_true(after.share[NAK_BODY_SOLID_B] > 0.01);
  AssertAlike("A", after.a / before.a, 1, 1e-13);
  AssertAlike("B", after.b / before.b, 1, 1e-13);
  MUST(NakMixBoxDestroy(&box));
}

/* A void in the middle of a box in x and z, and of one in y and z: the same to rounding. */
static void AxesAreAlike(void **unused)
{
  NakMixRecord r[2];

  (void)unused;
  for (int d = 0; d < 2; d++) {
    NakMixParams p = BoxParams(d == 0 ? 12 : 1, d == 0 ? 1 : 12, 12);
    NakMixBox    box;

    p.void_radius = 3e-7;
    p.void_height = 6e-7;
    MUST(NakMixBoxCreate(PETSC_COMM_SELF, &p, &box));
    MUST(NakMixBoxMeasure(box, &r[d]));
    MUST(NakMixBoxDestroy(&box));
  }
  assert_true(r[0].share[NAK_BODY_VOID] > 0.1);
  AssertRelative("void", r[1].share[NAK_BODY_VOID], r[0].share[NAK_BODY_VOID], 1e-12);
  AssertRelative("energy", r[1].energy, r[0].energy, 1e-12);
}

/* A nucleus on a periodic edge is as large as one in the middle. */
static void NucleiReachAcrossTheEdge(void **unused)
{
  NakMixRecord r[2];

  (void)unused;
  for (int d = 0; d < 2; d++) {
    const PetscReal at[3] = {d * 6e-7, 0, 6e-7};
    NakMixParams    p     = BoxParams(12, 1, 12);
    NakMixBox       box;

    MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
    MUST(NakMixBoxInsert(box, 1, at, 2e-7));
    MUST(NakMixBoxMeasure(box, &r[d]));
    MUST(NakMixBoxDestroy(&box));
  }
  assert_true(r[0].share[NAK_BODY_SOLID_B] > 0.01);
  AssertRelative("solid", r[1].share[NAK_BODY_SOLID_B], r[0].share[NAK_BODY_SOLID_B], 1e-12);
}

/* What observers see of a box whose cells have three different sides. */
static void FramesHaveTheGrid(void **unused)
{
  NakMixParams p = BoxParams(6, 4, 5);
  NakMixBox    box;
  NakFrame     frame;

  (void)unused;
  p.size[1] *= 0.5;
  p.size[2] *= 0.75;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  MUST(NakMixBoxFrame(box, &frame));
  for (int d = 0; d < 3; d++)
    assert_int_equal(d == 0 ? frame.grid->nx : d == 1 ? frame.grid->ny : frame.grid->nz, p.n[d]);
  AssertRelative("dx", frame.grid->dx, p.size[0] / 6, 1e-14);
  AssertRelative("dy", frame.grid->dy, p.size[1] / 4, 1e-14);
  AssertRelative("top", frame.grid->z[5], p.size[2], 1e-14);
  MUST(NakMixBoxDestroy(&box));
}

/* A grain that is alone lies along the axes, several are turned by up to a quarter, and a void is
   round. */
static void GrainsAreTurned(void **unused)
{
  NakMixParams p = BoxParams(12, 1, 12);
  NakMix       mix;

  (void)unused;
  NakMixCreate(&p, NAK_PER_ATOM, &mix);
  assert_int_equal(mix.n, 5);
  for (int k = 1; k < 4; k++) assert_true(mix.tilt[k] > 0 && mix.tilt[k] < PETSC_PI / 2);
  assert_true(mix.tilt[1] != mix.tilt[2] && mix.tilt[4] == 0);
  p.grains_b = 1;
  p.grains_a = 0;
  p.voids    = PETSC_FALSE;
  NakMixCreate(&p, NAK_PER_ATOM, &mix);
  assert_int_equal(mix.n, 2);
  assert_true(mix.tilt[1] == 0);
}

/* All iterations and all steps that were tried in vain are counted, over steps. */
static void CountsIterations(void **unused)
{
  NakMixParams p = BoxParams(12, 1, 12);
  NakMixBox    box;
  NakMixRecord r;
  NakBdfWork   work;

  (void)unused;
  p.void_radius = 3e-7;
  p.first_step  = 1;
  MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
  for (int k = 0; k < 2; k++) MUST(NakMixBoxStep(box, 1));
  MUST(NakMixBoxMeasure(box, &r));
  MUST(NakBdfCount(box->bdf, &work));
  assert_true(r.linear >= r.newton && r.newton > 1);
  assert_int_equal(r.linear, work.linear);
  assert_int_equal(r.newton, work.newton);
  assert_int_equal(r.rejected, work.rejected);
  assert_true(r.rejected > 0);
  MUST(NakMixBoxDestroy(&box));
}

/* The gas of a void keeps its amount: pressure times volume, and at first that of a cylinder of its
   volume, or of a ball.  A box that has room for a void but none in it has none. */
static void GasKeepsItsAmount(void **unused)
{
  (void)unused;
  for (int ball = 0; ball < 2; ball++) {
    NakMixParams    p = BoxParams(12, ball ? 12 : 1, 12);
    const PetscReal V = p.size[0] * p.size[1] * p.size[2];
    NakMixBox       box;
    NakMixRecord    r;
    PetscReal       volume, R, amount;

    p.void_radius = 3e-7;
    p.void_height = 6e-7;
    p.current     = 0;
    MUST(NakMixBoxCreate(PETSC_COMM_WORLD, &p, &box));
    MUST(NakMixBoxMeasure(box, &r));
    volume = V * r.share[NAK_BODY_VOID];
    R = ball ? cbrt(3 * volume / (4 * PETSC_PI)) : PetscSqrtReal(volume / (PETSC_PI * p.size[1]));
    AssertRelative("pressure", r.pressure, (ball ? 2 : 1) * p.material.surface_tension / R, 1e-12);
    amount = (p.void_pressure + r.pressure) * volume;
    for (int k = 0; k < 4; k++) MUST(NakMixBoxStep(box, 1));
    MUST(NakMixBoxMeasure(box, &r));
    assert_true(PetscAbsReal(r.share[NAK_BODY_VOID] * V / volume - 1) > 1e-9);
    AssertRelative("amount", (p.void_pressure + r.pressure) * V * r.share[NAK_BODY_VOID], amount,
                   1e-12);
    MUST(NakMixBoxDestroy(&box));
  }
}

/* The energies of an interface with the liquid are the material's.  What cells take away from width
   and energy is made up for: cells of a quarter of the width, and 1/16 3/8 for either axis. */
static void EnergiesAreTheMaterials(void **unused)
{
  const NakMixParams p = BoxParams(12, 1, 12);
  const PetscReal    e = 3.0 / 64, dearer = 1 + 2 * e / 15;
  NakMix             mix;

  (void)unused;
  NakMixCreate(&p, NAK_PER_ATOM, &mix);
  AssertRelative("width", mix.width, p.width * (1 + 2 * e / 3), 1e-14);
  for (PetscInt k = 1; k < mix.n; k++) {
    const PetscReal tension = mix.body[k] == NAK_BODY_SOLID_B   ? p.material.b.solid_liquid_energy
                              : mix.body[k] == NAK_BODY_SOLID_A ? p.material.a.solid_liquid_energy
                                                                : p.material.surface_tension;

    AssertRelative("energy", mix.share[0] + mix.share[k], tension * dearer, 1e-14);
  }
}

/* By default an interface of K resists its motion as much as diffusion across its width does. */
static void MobilityIsThatOfDiffusion(void **unused)
{
  NakMixParams        p     = BoxParams(12, 1, 12);
  const NakAlloy      alloy = NaKAt(285);
  const NakEquilibria all   = NakThermoEquilibria(&alloy, PETSC_FALSE);
  const PetscReal     e = 3.0 / 64, made_up = (1 + 2 * e / 3) * (1 + 2 * e / 15);
  NakMix              mix;
  int                 met = 0;

  (void)unused;
  p.solid_mobility = 0;
  p.grains_a       = 0;
  NakMixCreate(&p, NAK_PER_ATOM, &mix);
  assert_int_equal(mix.body[1], NAK_BODY_SOLID_B);
  for (PetscInt k = 0; k < all.n; k++) {
    const NakTie   *tie  = &all.tie[k];
    const PetscReal step = tie->x[1] - tie->x[0];

    if (tie->phase[0] != NAK_PHASE_SOLID) continue;
    AssertRelative("mobility",
                   mix.mobility * NakSolutionCurvature(&alloy.liquid, tie->x[1]) * step * step *
                     p.width,
                   made_up * p.material.b.solid_liquid_energy * mix.volume * mix.diffusivity, 1e-9);
    met++;
  }
  assert_int_equal(met, 1);
}

/* ---- What cannot be had ---- */

static void AssertFault(const NakMixParams *p, const char *key, const char *remedy)
{
  NakCheckList list = {.n = 0};

  NakMixCheck(p, &list);
  if (list.n != 1 || strcmp(list.items[0].key, key) != 0 ||
      strstr(list.items[0].text, remedy) == NULL)
    fail_msg("not one fault of %s that says '%s', but '%s'", key, remedy, list.items[0].text);
}

static void Faults(void **unused)
{
  const NakMixParams good = BoxParams(24, 1, 24);
  NakCheckList       list = {.n = 0};
  NakMixParams       p;

  (void)unused;
  NakMixCheck(&good, &list);
  assert_int_equal(list.n, 0);
  p      = good;
  p.n[1] = 2;
  AssertFault(&p, "microstructure.ny", "3 are the least");
  p       = good;
  p.width = 1.9e-7;
  AssertFault(&p, "microstructure.nx", "raise microstructure.nx to 51");
  p          = good;
  p.grains_b = p.grains_a = 4;
  AssertFault(&p, "microstructure", "10 phases, and at most 8");
  p        = good;
  p.nuclei = 1, p.grains_b = 0;
  AssertFault(&p, "nuclei", "microstructure.grains_b is 0");
  p.nuclei_body = 1, p.grains_a = 0, p.grains_b = 1;
  AssertFault(&p, "nuclei", "microstructure.grains_a is 0");
  p          = good;
  p.vertical = NAK_MIX_PERIODIC;
  AssertFault(&p, "microstructure.vertical", "current is not 0, and the box has no bottom");
  p.current = 0, p.wall_sites = 1;
  AssertFault(&p, "microstructure.vertical", "wall_sites is not 0, and the box has no bottom");
  p.wall_sites = 0, p.nuclei = 1, p.nuclei_on_wall = PETSC_TRUE;
  AssertFault(&p, "microstructure.vertical", "on_wall is true, and the box has no bottom");
  p      = good;
  p.n[1] = 24, p.n[2] = 1;
  AssertFault(&p, "microstructure.nz", "current is not 0, and the box has no bottom");
  p             = good;
  p.void_radius = 3e-6;
  AssertFault(&p, "microstructure.void_radius", "no liquid");
  p             = good;
  p.void_radius = 1e-7;
  p.n[0]        = 1;
  AssertFault(&p, "microstructure.void_radius", "more than one column");
  p              = good;
  p.cooling_rate = 10, p.end = 100;
  AssertFault(&p, "microstructure.cooling_rate", "march.end");
  p            = good;
  p.first_step = 2;
  AssertFault(&p, "march", "march.longest_step");
  assert_true(NakMixMemory(&good) > 1e5 && NakMixMemory(&good) < 1e8);
}

/* ---- Going on from a checkpoint ---- */

/* A bit of everything: current, a void, grains, anisotropy, cooling, nuclei in time. */
static NakMixParams BusyParams(void)
{
  NakMixParams p = BoxParams(40, 3, 5);

  p.alloy.potassium.value = 0.9;
  p.grains_a              = 0;
  p.void_radius           = 2e-7;
  p.void_height           = 3e-7;
  p.void_mobility         = 1e-9; /* faster ones take many steps */
  p.first_step            = 2e-8;
  p.longest_step          = 1e-7;
  p.nucleus_radius        = 1.5e-7;
  p.angle_b               = 20;
  p.wall_sites            = 1e27;
  p.interval              = 1e-6;
  p.cooling_rate          = 1e5;
  p.end                   = 2e-6;
  return p;
}

/* March to the end, from the start or what is in folder `from`, and leave a checkpoint in `to`
   before the first nucleus; either may be NULL.  The last state is returned in U, which may be
   NULL. */
static NakMixRecord Continue(MPI_Comm comm, const char *from, const char *to, Vec *U)
{
  const NakMixParams p = BusyParams();
  NakCheckpoint      c;
  NakWriters         writers;
  NakMixBox          box;
  NakMixRecord       r;

  MUST(NakWritersCreate(comm, 0, &writers));
  MUST(NakMixBoxCreate(comm, &p, &box));
  if (from != NULL) {
    MUST(NakCheckpointOpen(writers, from, &c));
    MUST(NakMixBoxCheckpoint(box, c));
    MUST(NakCheckpointDestroy(&c));
  } else {
    MUST(NakMixBoxSeed(box));
  }
  MUST(NakMixBoxMeasure(box, &r));
  assert_true(from == NULL || (r.steps > 3 && r.nuclei == 0));
  while (r.time < p.end) {
    MUST(NakMixBoxStep(box, p.end));
    MUST(NakMixBoxMeasure(box, &r));
    if (to == NULL || r.time < 0.3 * p.end) continue;
    MUST(NakCheckpointCreate(writers, to, &c));
    MUST(NakMixBoxCheckpoint(box, c));
    MUST(NakCheckpointCommit(&c, 1));
    to = NULL;
  }
  if (U != NULL) {
    MUST(VecDuplicate(box->U, U));
    MUST(VecCopy(box->U, *U));
  }
  MUST(NakMixBoxDestroy(&box));
  MUST(NakWritersDestroy(&writers));
  return r;
}

static void AssertClose(const NakMixRecord *a, const NakMixRecord *b, PetscReal tolerance)
{
  assert_int_equal(a->nuclei, b->nuclei);
  AssertAlike("time", a->time, b->time, 0);
  AssertAlike("energy", a->energy / b->energy, 1, tolerance);
  AssertAlike("solid K", a->share[NAK_BODY_SOLID_B], b->share[NAK_BODY_SOLID_B], tolerance);
  AssertAlike("contact", a->contact, b->contact, tolerance);
  AssertAlike("charge", a->charge, b->charge, tolerance);
  AssertAlike("mu", a->mu_min / b->mu_min, 1, tolerance);
  AssertAlike("pressure", a->pressure / b->pressure, 1, tolerance);
  AssertAlike("balance of A", a->a_balance, 0, 1e-10);
  AssertAlike("balance of B", a->b_balance, 0, 1e-10);
}

/* To the bit on the same ranks; within the solver's tolerance from all ranks to one and from one to
   all. */
static void GoesOnFromACheckpoint(void **unused)
{
  NakMixRecord whole, again, alone;
  Vec          U, V;
  PetscBool    same;
  char         one[64];

  (void)unused;
  (void)snprintf(one, sizeof one, "one%d", Rank());
  whole = Continue(PETSC_COMM_WORLD, NULL, "all", &U);
  again = Continue(PETSC_COMM_WORLD, "all", NULL, &V);
  assert_true(whole.nuclei >= 2 && whole.steps > 10);
  assert_int_equal(whole.linear, again.linear);
  MUST(VecEqual(U, V, &same));
  assert_true(same);
  AssertClose(&again, &whole, 0);
  alone = Continue(PETSC_COMM_SELF, NULL, one, NULL);
  AssertClose(&alone, &whole, 1e-6);
  alone = Continue(PETSC_COMM_SELF, "all", NULL, NULL);
  AssertClose(&alone, &whole, 1e-6);
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  again = Continue(PETSC_COMM_WORLD, "one0", NULL, NULL);
  AssertClose(&again, &whole, 1e-6);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&V));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(Derivatives),
  cmocka_unit_test(PartsOfTheWhole),
  cmocka_unit_test(PointsHoldTheirContent),
  cmocka_unit_test(VoidLiftsTheLiquid),
  cmocka_unit_test(DrivesFromTheEnergy),
  cmocka_unit_test(PurePhases),
  cmocka_unit_test(WeightsAreThoseStated),
  cmocka_unit_test(WallDerivatives),
  cmocka_unit_test(NoThirdPhase),
  cmocka_unit_test(Rates),
  cmocka_unit_test(Anisotropy),
  cmocka_unit_test(PeriodicBoxesHaveNoEdges),
  cmocka_unit_test(Jacobian),
  cmocka_unit_test(SameOnAnyRanks),
  cmocka_unit_test(NucleusConserves),
  cmocka_unit_test(AxesAreAlike),
  cmocka_unit_test(NucleiReachAcrossTheEdge),
  cmocka_unit_test(EnergiesAreTheMaterials),
  cmocka_unit_test(MobilityIsThatOfDiffusion),
  cmocka_unit_test(FramesHaveTheGrid),
  cmocka_unit_test(GrainsAreTurned),
  cmocka_unit_test(GasKeepsItsAmount),
  cmocka_unit_test(CountsIterations),
  cmocka_unit_test(Faults),
  cmocka_unit_test(GoesOnFromACheckpoint),
};

NAK_TEST_MAIN_OF(EnterFolder("test-microstructure") || cmocka_run_group_tests(tests, NULL, NULL))
