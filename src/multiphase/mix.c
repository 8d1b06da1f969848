/* The physics at a point; the contract is in nakfield/multiphase.h. */
#include <nakfield/multiphase.h>

/* A quantity of each phase, mixed with weights h: sum and derivatives to all phi, before phi_0 is
   eliminated. */
typedef struct {
  PetscReal value, d[NAK_MIX_MOST];
} Mixed;

/* What the weights are made of. */
typedef struct {
  PetscInt  n;
  PetscReal phi[NAK_MIX_MOST];
  PetscReal h[NAK_MIX_MOST];
  PetscReal a[NAK_MIX_MOST]; /* 3 phi^2 / S: dh_i/dphi_j = a_j (delta_ij - h_i) */
  PetscReal b[NAK_MIX_MOST]; /* 6 phi / S */
} Weights;

/* What is pushed below zero has no share. */
static PetscReal Cube(PetscReal phi)
{
  return phi > 0 ? phi * phi * phi : 0;
}

static Weights Weigh(const NakMix *mix, const PetscReal u[])
{
  Weights   w   = {.n = mix->n};
  PetscReal sum = 0, left = 1;

  for (PetscInt k = 1; k < w.n; k++) {
    w.phi[k] = u[k];
    left -= u[k];
  }
  w.phi[0] = left;
  for (PetscInt k = 0; k < w.n; k++) sum += Cube(w.phi[k]);
  for (PetscInt k = 0; k < w.n; k++) {
    const PetscReal p = PetscMax(w.phi[k], 0);

    w.a[k] = 3 * p * p / sum;
    w.b[k] = 6 * p / sum;
    w.h[k] = w.a[k] * p / 3;
  }
  return w;
}

static Mixed Mix(const Weights *w, const PetscReal q[])
{
  Mixed m = {.value = 0};

  for (PetscInt k = 0; k < w->n; k++) m.value += w->h[k] * q[k];
  for (PetscInt k = 0; k < w->n; k++) m.d[k] = w->a[k] * (q[k] - m.value);
  return m;
}

/* Each body at mu; a void is alloy of a fixed composition that cannot react, and a trace of vapour. */
static void Bodies(const NakMix *mix, PetscReal mu, NakBranchPoint at[NAK_BODIES])
{
  const PetscReal trace = NAK_MIX_VAPOUR;

  for (int b = 0; b < NAK_BODY_VOID; b++)
    if (mix->used[b]) at[b] = NakBranchAt(&mix->branch[b], mu);
  if (!mix->used[NAK_BODY_VOID]) return;
  at[NAK_BODY_VOID]   = at[NAK_BODY_LIQUID];
  at[NAK_BODY_VOID].x = trace * at[NAK_BODY_LIQUID].x + (1 - trace) * mix->void_x;
  at[NAK_BODY_VOID].omega =
    trace * at[NAK_BODY_LIQUID].omega + mix->pressure - (1 - trace) * mu * mix->void_x;
  at[NAK_BODY_VOID].slope *= trace;
  at[NAK_BODY_VOID].bend *= trace;
}

/* The wells over 12 / width, with first and second derivatives to all phi.  A phase that is pushed below
   zero by two others with far stronger interfaces meets a steep parabola. */
static PetscReal Wells(const NakMix *mix, const Weights *w, PetscReal d[],
                       PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST])
{
  const PetscInt n     = w->n;
  PetscReal      value = 0, q[NAK_MIX_MOST], one = 0, squares = 0, cubes = 0;

  for (PetscInt k = 0; k < n; k++) {
    q[k] = w->phi[k] * w->phi[k];
    one += q[k];
    squares += q[k] * q[k];
    cubes += q[k] * q[k] * q[k];
  }
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal p = w->phi[k], s = mix->share[k];
    const PetscReal others = one - q[k]; /* sum and pairs of the other squares */
    const PetscReal pairs  = (others * others - (squares - q[k] * q[k])) / 2;

    const PetscReal steep = p < 0 ? 10 * mix->barrier : 0;

    value += s * q[k] * (1 - p) * (1 - p) + steep * q[k];
    d[k] = 2 * s * p * (1 - p) * (1 - 2 * p) + 2 * mix->barrier * p * pairs + 2 * steep * p;
    for (PetscInt l = 0; l < n; l++)
      dd[k][l] = l == k ? 2 * s * (1 - 6 * p + 6 * q[k]) + 2 * mix->barrier * pairs + 2 * steep
                        : 4 * mix->barrier * p * w->phi[l] * (others - q[l]);
  }
  return value + mix->barrier * (one * one * one - 3 * one * squares + 2 * cubes) / 6;
}

/* Derivatives to phi_k where phi_0 makes up for it. */
static void Reduce(PetscInt n, const PetscReal d[], PetscReal scale, PetscReal out[])
{
  for (PetscInt k = 1; k < n; k++) out[k] = scale * (d[k] - d[0]);
}

static void Drive(const NakMix *mix, const Weights *w, const PetscReal omega[], const Mixed *grand,
                  NakMixPoint *p)
{
  const PetscReal bulk = 1 / mix->volume, well = 12 / mix->width;
  PetscReal       d[NAK_MIX_MOST], dd[NAK_MIX_MOST][NAK_MIX_MOST];

  p->energy += well * Wells(mix, w, d, dd);
  for (PetscInt k = 0; k < w->n; k++) {
    d[k] = well * d[k] + bulk * grand->d[k];
    for (PetscInt l = 0; l < w->n; l++)
      dd[k][l] =
        well * dd[k][l] - bulk * w->a[k] * w->a[l] * (omega[k] + omega[l] - 2 * grand->value);
    dd[k][k] += bulk * w->b[k] * (omega[k] - grand->value);
  }
  Reduce(w->n, d, 1, p->drive);
  for (PetscInt k = 1; k < w->n; k++)
    for (PetscInt l = 1; l < w->n; l++) p->ddrive[k][l] = dd[k][l] - dd[0][l] - dd[k][0] + dd[0][0];
}

NakMixPoint NakMixAt(const NakMix *mix, const PetscReal u[])
{
  const PetscReal mu              = mix->RT * u[0];
  const Weights   w               = Weigh(mix, u);
  PetscReal       x[NAK_MIX_MOST] = {0}, slope[NAK_MIX_MOST] = {0}, bend[NAK_MIX_MOST];
  PetscReal       omega[NAK_MIX_MOST], flow[NAK_MIX_MOST], dflow[NAK_MIX_MOST], gas[NAK_MIX_MOST];
  NakBranchPoint  at[NAK_BODIES] = {{0}};
  NakMixPoint     p              = {.voids = 0};
  Mixed           X, grand, mobility, voids;

  Bodies(mix, mu, at);
  for (PetscInt k = 0; k < w.n; k++) {
    const NakBody         body = mix->body[k];
    const NakBranchPoint *a    = &at[body];

    x[k]     = a->x;
    omega[k] = a->omega;
    slope[k] = mix->RT * a->slope;
    bend[k]  = mix->RT * mix->RT * a->bend;
    flow[k]  = mix->diffusivity[body] * slope[k];
    dflow[k] = mix->diffusivity[body] * bend[k];
    gas[k]   = body == NAK_BODY_VOID;
    p.share[body] += w.h[k];
  }
  X           = Mix(&w, x);
  grand       = Mix(&w, omega);
  mobility    = Mix(&w, flow);
  voids       = Mix(&w, gas);
  p.X         = X.value;
  p.mobility  = mobility.value;
  p.voids     = voids.value;
  p.energy    = (grand.value + mu * X.value - mix->pressure * voids.value) / mix->volume;
  p.x_liquid  = x[0];
  p.dx_liquid = slope[0];
  Reduce(w.n, X.d, 1, p.dX);
  Reduce(w.n, mobility.d, 1, p.dmobility);
  Reduce(w.n, voids.d, 1, p.dvoids);
  p.dX[0]        = Mix(&w, slope).value;
  p.dmobility[0] = Mix(&w, dflow).value;
  Drive(mix, &w, omega, &grand, &p);
  for (PetscInt k = 1; k < w.n; k++) p.ddrive[k][0] = -mix->RT / mix->volume * p.dX[k];
  return p;
}

void NakMixRates(const NakMix *mix, const PetscReal presence[],
                 PetscReal L[NAK_MIX_MOST][NAK_MIX_MOST])
{
  const PetscReal few = 1e-5;
  PetscReal       g[NAK_MIX_MOST];

  for (PetscInt k = 0; k < mix->n; k++) {
    g[k] = presence[k] / (presence[k] + few);
    for (PetscInt l = 1; l < mix->n; l++) L[k][l] = 0;
  }
  for (PetscInt k = 1; k < mix->n; k++)
    for (PetscInt l = 0; l < k; l++) {
      const PetscReal rate = 2 * PetscMin(mix->mobility[k], mix->mobility[l]) * g[k] * g[l] /
                             (3 * mix->width * (mix->share[k] + mix->share[l]));

      L[k][k] += rate;
      if (l == 0) continue;
      L[l][l] += rate;
      L[k][l] -= rate;
      L[l][k] -= rate;
    }
}

void NakMixShares(const NakMix *mix, const PetscReal u[], PetscReal share[NAK_BODIES])
{
  const Weights w = Weigh(mix, u);

  for (int b = 0; b < NAK_BODIES; b++) share[b] = 0;
  for (PetscInt k = 0; k < w.n; k++) share[mix->body[k]] += w.h[k];
}

PetscReal NakMixComposition(const NakMix *mix, const PetscReal share[NAK_BODIES], PetscReal mu,
                            PetscReal *slope)
{
  NakBranchPoint at[NAK_BODIES] = {{0}};
  PetscReal      X              = 0;

  *slope = 0;
  Bodies(mix, mix->RT * mu, at);
  for (int b = 0; b < NAK_BODIES; b++) {
    if (!mix->used[b]) continue;
    X += share[b] * at[b].x;
    *slope += share[b] * mix->RT * at[b].slope;
  }
  return X;
}

PetscReal NakMixPotential(const NakMix *mix, const PetscReal u[], PetscReal X)
{
  const PetscReal end = 200; /* of mu / RT */
  PetscReal       share[NAK_BODIES], low = -end, high = end, mu = u[0];

  NakMixShares(mix, u, share);
  for (int k = 0; k < 200; k++) {
    PetscReal       slope;
    const PetscReal excess = NakMixComposition(mix, share, mu, &slope) - X, step = excess / slope;

    if (excess > 0)
      high = mu;
    else
      low = mu;
    if (PetscAbsReal(step) <= 1e-14 * (1 + PetscAbsReal(mu))) return mu;
    mu = mu - step > low && mu - step < high ? mu - step : (low + high) / 2;
    if (high - low <= 1e-14 * (1 + PetscAbsReal(mu))) break;
  }
  return PetscAbsReal(mu) < 0.999 * end ? mu : NAN;
}

/* In a grain's own axes: psi = c (a^2 - 1) |p|^2 with a = 1 + e (4 sum p^4 - 3 |p|^4) / (|p|^4 + d), where d
   makes the direction matter less where the gradient is lost in the tail of the interface. */
static PetscReal Fourfold(PetscReal c, PetscReal e, PetscReal d, const PetscReal p[3],
                          PetscReal first[3], PetscReal second[3][3])
{
  PetscReal P = 0, Q = 0, N, D, a, a1[3], N1[3], D1[3];

  for (int i = 0; i < 3; i++) {
    P += p[i] * p[i];
    Q += p[i] * p[i] * p[i] * p[i];
  }
  N = 4 * Q - 3 * P * P;
  D = P * P + d;
  a = 1 + e * N / D;
  for (int i = 0; i < 3; i++) {
    N1[i]    = 16 * p[i] * p[i] * p[i] - 12 * P * p[i];
    D1[i]    = 4 * P * p[i];
    a1[i]    = e * (N1[i] - N * D1[i] / D) / D;
    first[i] = 2 * c * (a * a1[i] * P + (a * a - 1) * p[i]);
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const PetscReal same = i == j ? 1 : 0, pp = p[i] * p[j];
      const PetscReal N2 = same * (48 * p[i] * p[i] - 12 * P) - 24 * pp, D2 = 4 * P * same + 8 * pp;
      const PetscReal a2 =
        e / D *
        (N2 - (N1[i] * D1[j] + N1[j] * D1[i] + N * D2) / D + 2 * N * D1[i] * D1[j] / (D * D));

      second[i][j] =
        2 * c *
        ((a1[i] * a1[j] + a * a2) * P + 2 * a * (a1[i] * p[j] + a1[j] * p[i]) + (a * a - 1) * same);
    }
  return c * (a * a - 1) * P;
}

PetscReal NakMixAnisotropy(const NakMix *mix, PetscInt k, const PetscReal p[3], PetscReal first[3],
                           PetscReal second[3][3])
{
  const PetscReal tail = 0.1 / mix->width, C = PetscCosReal(mix->tilt[k]),
                  S       = PetscSinReal(mix->tilt[k]);
  const PetscReal R[3][3] = {
    {C,  0, S},
    {0,  1, 0},
    {-S, 0, C}
  };
  PetscReal own[3], slope[3], bend[3][3], value;

  for (int i = 0; i < 3; i++) own[i] = R[i][0] * p[0] + R[i][1] * p[1] + R[i][2] * p[2];
  value = Fourfold(mix->anisotropy[k], mix->fourfold, PetscPowReal(tail, 4), own, slope, bend);
  for (int i = 0; i < 3; i++) {
    first[i] = R[0][i] * slope[0] + R[1][i] * slope[1] + R[2][i] * slope[2];
    for (int j = 0; j < 3; j++) {
      second[i][j] = 0;
      for (int m = 0; m < 3; m++)
        for (int l = 0; l < 3; l++) second[i][j] += R[m][i] * bend[m][l] * R[l][j];
    }
  }
  return value;
}
