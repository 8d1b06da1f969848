/* The physics at a point; the contract is in nakfield/microstructure.h. */
#include <nakfield/microstructure.h>

typedef PetscReal Square[NAK_MIX_MOST][NAK_MIX_MOST];

/* A quantity of each phase, mixed with weights h: the sum and its derivatives to all phi, before
   phi_0 is eliminated.  The phi sum to 1, so only differences of the derivatives mean something. */
typedef struct {
  PetscReal value, d[NAK_MIX_MOST];
} Mixed;

/* The parts of the weights: h_i = p_i - sum_j E_ij A_ij.  Here p_i = P(phi_i) / S with S = sum
   P, E_ij = 15 phi_i^2 phi_j^2 (1 - phi_i - phi_j), and A_ij = p_i - p_j - (s_j - s_i) / (s_i +
   s_j). */
typedef struct {
  PetscInt  n;
  PetscReal phi[NAK_MIX_MOST];
  PetscReal p[NAK_MIX_MOST], h[NAK_MIX_MOST];
  PetscReal a[NAK_MIX_MOST]; /* P' / S: dp_i/dphi_j = a_j (delta_ij - p_i) */
  PetscReal b[NAK_MIX_MOST]; /* P'' / S */
  Square    E, dE;           /* dE_ij: to phi_i, the first index */
  Square    A;
} Weights;

/* P = phi^3 (10 - 15 phi + 6 phi^2) with two derivatives.  Below zero it is 0. */
static PetscReal Step(PetscReal phi, PetscReal *first, PetscReal *second)
{
  const PetscReal p = PetscMax(phi, 0);

  *first  = 30 * p * p * (1 - p) * (1 - p);
  *second = 60 * p * (1 - p) * (1 - 2 * p);
  return p * p * p * (10 - 15 * p + 6 * p * p);
}

/* 1 - phi_i - phi_j as the sum of the others: exactly 0 where they are. */
static PetscReal Rest(PetscInt n, const PetscReal phi[], PetscInt i, PetscInt j)
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < n; k++)
    if (k != i && k != j) sum += phi[k];
  return sum;
}

/* phi of all phases, p, and the derivatives P' and P'' over the sum of P. */
static void Steps(const NakMix *mix, const PetscReal u[], PetscReal phi[], PetscReal p[],
                  PetscReal a[], PetscReal b[])
{
  PetscReal sum = 0, left = 1;

  for (PetscInt k = 1; k < mix->n; k++) {
    phi[k] = u[k];
    left -= u[k];
  }
  phi[0] = left;
  for (PetscInt k = 0; k < mix->n; k++) {
    p[k] = Step(phi[k], &a[k], &b[k]);
    sum += p[k];
  }
  for (PetscInt k = 0; k < mix->n; k++) {
    a[k] /= sum;
    b[k] /= sum;
    p[k] /= sum;
  }
}

/* E_ij and A_ij. */
static PetscReal Third(PetscReal x, PetscReal y, PetscReal rest)
{
  return 15 * x * x * y * y * rest;
}

static PetscReal Lead(const NakMix *mix, const PetscReal p[], PetscInt i, PetscInt j)
{
  const PetscReal skew =
    (mix->share[j] - mix->share[i]) / (mix->share[i] + mix->share[j]); /* antisymmetric */

  return p[i] - p[j] - skew;
}

/* How a third phase changes the weights of phases i and j. */
static void WeighPair(const NakMix *mix, Weights *w, PetscInt i, PetscInt j)
{
  const PetscReal x = w->phi[i], y = w->phi[j], rest = Rest(w->n, w->phi, i, j);

  w->E[i][j] = w->E[j][i] = Third(x, y, rest);
  w->dE[i][j]             = 15 * x * y * y * (2 * rest - x);
  w->dE[j][i]             = 15 * y * x * x * (2 * rest - y);
  w->A[i][j]              = Lead(mix, w->p, i, j);
  w->A[j][i]              = -w->A[i][j];
  w->h[i] -= w->E[i][j] * w->A[i][j];
  w->h[j] += w->E[i][j] * w->A[i][j];
}

static Weights Weigh(const NakMix *mix, const PetscReal u[])
{
  Weights w;

  w.n = mix->n;
  Steps(mix, u, w.phi, w.p, w.a, w.b);
  for (PetscInt k = 0; k < w.n; k++) w.h[k] = w.p[k];
  for (PetscInt i = 0; i < w.n; i++)
    for (PetscInt j = 0; j < i; j++) WeighPair(mix, &w, i, j);
  return w;
}

/* The factors of dp_k in what is mixed, less their mean.  They are exactly 0 where phase k is
   alone. */
static void Factors(const Weights *w, const PetscReal q[], PetscReal factor[])
{
  PetscReal mean = 0;

  for (PetscInt k = 0; k < w->n; k++) {
    factor[k] = q[k];
    for (PetscInt j = 0; j < w->n; j++)
      if (j != k) factor[k] -= w->E[k][j] * (q[k] - q[j]);
    mean += w->p[k] * factor[k];
  }
  for (PetscInt k = 0; k < w->n; k++) factor[k] -= mean;
}

static Mixed Mix(const Weights *w, const PetscReal q[])
{
  Mixed     m = {.value = 0};
  PetscReal factor[NAK_MIX_MOST];

  Factors(w, q, factor);
  for (PetscInt k = 0; k < w->n; k++) {
    m.value += w->h[k] * q[k];
    m.d[k] = w->a[k] * factor[k];
    for (PetscInt j = 0; j < w->n; j++)
      if (j != k) m.d[k] -= (q[k] - q[j]) * w->A[k][j] * w->dE[k][j];
  }
  return m;
}

/* sum_j e_kj and sum_j e_kj (p_k - p_j), where e_kj = (q_k - q_j) dE_kj. */
static void Sums(const Weights *w, const PetscReal q[], PetscReal e[], PetscReal skew[])
{
  for (PetscInt k = 0; k < w->n; k++) {
    e[k] = skew[k] = 0;
    for (PetscInt j = 0; j < w->n; j++) {
      if (j == k) continue;
      e[k] += (q[k] - q[j]) * w->dE[k][j];
      skew[k] += (q[k] - q[j]) * w->dE[k][j] * (w->p[k] - w->p[j]);
    }
  }
}

/* What the second derivatives of E add to those of the mixed quantity, pair by pair. */
static void AddBends(const Weights *w, const PetscReal q[], PetscReal scale, Square dd)
{
  for (PetscInt k = 0; k < w->n; k++)
    for (PetscInt l = 0; l < w->n; l++) {
      const PetscReal x = w->phi[k], y = w->phi[l];
      PetscReal       rest, factor;

      if (k == l) continue;
      rest   = Rest(w->n, w->phi, k, l);
      factor = 15 * scale * (q[k] - q[l]) * w->A[k][l];
      dd[k][k] -= factor * y * y * (2 * rest - 4 * x);
      dd[k][l] -= factor * x * y * (4 * rest - 2 * x - 2 * y);
    }
}

/* Second derivatives of the mixed quantity, times `scale`, added to dd. */
static void AddSecond(const Weights *w, const PetscReal q[], PetscReal scale, Square dd)
{
  PetscReal factor[NAK_MIX_MOST], e[NAK_MIX_MOST], skew[NAK_MIX_MOST];

  Factors(w, q, factor);
  Sums(w, q, e, skew);
  for (PetscInt k = 0; k < w->n; k++) {
    for (PetscInt l = 0; l < w->n; l++) {
      const PetscReal ee = (q[k] - q[l]) * (w->dE[k][l] * w->a[l] - w->dE[l][k] * w->a[k]);

      dd[k][l] -= scale * w->a[k] * w->a[l] * (factor[k] + factor[l]);
      dd[k][l] += scale * (w->a[l] * skew[k] + w->a[k] * skew[l]);
      if (k != l) dd[k][l] += scale * ee;
    }
    dd[k][k] += scale * (w->b[k] * factor[k] - 2 * w->a[k] * e[k]);
  }
  AddBends(w, q, scale, dd);
}

/* Each body per mole of B at mu_A.  Metal A lifts the liquid off and brings its own atoms. */
static void BodiesPerB(const NakMix *mix, PetscReal mu, NakBranchPoint at[NAK_BODIES])
{
  const PetscReal      guess  = at[NAK_BODY_SOLID_B].x;
  const NakBranchPoint liquid = NakBranchPerB(&mix->branch[NAK_BODY_LIQUID], mu, at[0].x);

  for (int b = 0; b < NAK_BODIES; b++) at[b] = liquid;
  if (mix->used[NAK_BODY_SOLID_B])
    at[NAK_BODY_SOLID_B] = NakBranchPerB(&mix->branch[NAK_BODY_SOLID_B], mu, guess);
  at[NAK_BODY_SOLID_A].x += mix->metal;
  at[NAK_BODY_SOLID_A].omega += mix->metal * (mix->metal_energy - mu);
}

/* Each body at mu.  The search begins from the present values, or from nothing at 0.  A void lifts
   the liquid off: it is as the liquid around. */
static void Bodies(const NakMix *mix, PetscReal mu, NakBranchPoint at[NAK_BODIES])
{
  if (mix->frame == NAK_PER_B) {
    BodiesPerB(mix, mu, at);
    return;
  }
  for (int b = 0; b < NAK_BODY_VOID; b++)
    if (mix->used[b]) at[b] = NakBranchAt(&mix->branch[b], mu, at[b].x);
  at[NAK_BODY_VOID] = at[NAK_BODY_LIQUID];
}

/* The wells over 12 / width, with first and second derivatives to all phi.  A phase can be pushed
   below zero by two others with far stronger interfaces.  There a steep cubic resists. */
static PetscReal Wells(const NakMix *mix, const Weights *w, PetscReal d[], Square dd)
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

    const PetscReal low = PetscMin(p, 0), steep = -1e4 * mix->barrier * low;

    value += s * q[k] * (1 - p) * (1 - p) + steep * q[k];
    d[k] = 2 * s * p * (1 - p) * (1 - 2 * p) + 2 * mix->barrier * p * pairs + 3 * steep * p;
    for (PetscInt l = 0; l < n; l++)
      dd[k][l] = l == k ? 2 * s * (1 - 6 * p + 6 * q[k]) + 2 * mix->barrier * pairs + 6 * steep
                        : 4 * mix->barrier * p * w->phi[l] * (others - q[l]);
  }
  return value + mix->barrier * (one * one * one - 3 * one * squares + 2 * cubes) / 6;
}

/* Derivatives to phi_k if phi_0 changes by the opposite amount. */
static void Reduce(PetscInt n, const PetscReal d[], PetscReal out[])
{
  for (PetscInt k = 1; k < n; k++) out[k] = d[k] - d[0];
}

static void ReduceSecond(PetscInt n, Square dd, Square out)
{
  for (PetscInt k = 1; k < n; k++)
    for (PetscInt l = 1; l < n; l++) out[k][l] = dd[k][l] - dd[0][l] - dd[k][0] + dd[0][0];
}

static void Drive(const NakMix *mix, const Weights *w, const PetscReal omega[], const Mixed *grand,
                  NakMixPoint *p)
{
  const PetscReal bulk = 1 / mix->volume, well = 12 / mix->width;
  PetscReal       d[NAK_MIX_MOST];
  Square          dd;

  p->energy += well * Wells(mix, w, d, dd);
  for (PetscInt k = 0; k < w->n; k++) {
    d[k] = well * d[k] + bulk * grand->d[k];
    for (PetscInt l = 0; l < w->n; l++) dd[k][l] *= well;
  }
  AddSecond(w, omega, bulk, dd);
  Reduce(w->n, d, p->drive);
  ReduceSecond(w->n, dd, p->ddrive);
}

void NakMixWellsAt(const NakMix *mix, const PetscReal u[], NakMixPoint *p)
{
  const PetscReal well = 12 / mix->width;
  Weights         w    = {.n = mix->n, .phi = {1}};
  PetscReal       d[NAK_MIX_MOST];
  Square          dd;

  for (PetscInt k = 1; k < w.n; k++) {
    w.phi[k] = u[k];
    w.phi[0] -= u[k];
  }
  (void)Wells(mix, &w, d, dd);
  for (PetscInt k = 0; k < w.n; k++) {
    d[k] *= well;
    for (PetscInt l = 0; l < w.n; l++) dd[k][l] *= well;
  }
  Reduce(w.n, d, p->drive);
  ReduceSecond(w.n, dd, p->ddrive);
}

/* NakMixAt() with bodies to begin from. */
static NakMixPoint PointAt(const NakMix *mix, const PetscReal u[], NakBranchPoint at[NAK_BODIES])
{
  const PetscReal mu              = mix->RT * u[0];
  const Weights   w               = Weigh(mix, u);
  PetscReal       x[NAK_MIX_MOST] = {0}, slope[NAK_MIX_MOST] = {0};
  PetscReal       omega[NAK_MIX_MOST] = {0};
  NakMixPoint     p                   = {.mu = u[0]};
  Mixed           X, grand;

  Bodies(mix, mu, at);
  for (PetscInt k = 0; k < w.n; k++) {
    const NakBranchPoint *a = &at[mix->body[k]];

    x[k]     = a->x;
    omega[k] = a->omega;
    slope[k] = mix->RT * a->slope;
    p.h[mix->body[k]] += w.h[k];
  }
  X           = Mix(&w, x);
  grand       = Mix(&w, omega);
  p.X         = X.value;
  p.energy    = (grand.value + mu * X.value) / mix->volume;
  p.x_liquid  = x[0];
  p.dx_liquid = slope[0];
  Reduce(w.n, X.d, p.dX);
  p.dX[0] = Mix(&w, slope).value;
  Drive(mix, &w, omega, &grand, &p);
  for (PetscInt k = 1; k < w.n; k++) p.ddrive[k][0] = -mix->RT / mix->volume * p.dX[k];
  return p;
}

NakMixPoint NakMixAt(const NakMix *mix, const PetscReal u[])
{
  NakBranchPoint at[NAK_BODIES] = {{0}};

  return PointAt(mix, u, at);
}

PetscReal NakMixSumAt(const NakMix *mix, const PetscReal of[], const PetscReal u[], PetscReal d[],
                      PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST])
{
  const Weights w   = Weigh(mix, u);
  const Mixed   m   = Mix(&w, of);
  Square        all = {{0}};

  AddSecond(&w, of, 1, all);
  Reduce(w.n, m.d, d);
  ReduceSecond(w.n, all, dd);
  return m.value;
}

void NakMixRates(const NakMix *mix, PetscReal L[NAK_MIX_MOST][NAK_MIX_MOST])
{
  const PetscReal rate = 2 * mix->mobility / (3 * mix->width);
  PetscReal       sum  = 0;

  for (PetscInt k = 0; k < mix->n; k++) sum += 1 / mix->share[k];
  for (PetscInt k = 1; k < mix->n; k++)
    for (PetscInt l = 1; l < mix->n; l++)
      L[k][l] = rate / mix->share[k] * ((k == l ? 1 : 0) - 1 / (mix->share[l] * sum));
}

PetscReal NakMixShareAt(const NakMix *mix, const PetscReal u[], NakBody body, PetscReal d[])
{
  const Weights w                = Weigh(mix, u);
  PetscReal     is[NAK_MIX_MOST] = {0};
  Mixed         share;

  for (PetscInt k = 0; k < w.n; k++) is[k] = mix->body[k] == body;
  share = Mix(&w, is);
  Reduce(w.n, share.d, d);
  return share.value;
}

void NakMixShares(const NakMix *mix, const PetscReal u[], PetscReal h[NAK_BODIES])
{
  PetscReal phi[NAK_MIX_MOST], p[NAK_MIX_MOST], own[NAK_MIX_MOST], d1[NAK_MIX_MOST],
    d2[NAK_MIX_MOST];

  Steps(mix, u, phi, p, d1, d2);
  for (PetscInt k = 0; k < mix->n; k++) own[k] = p[k];
  for (PetscInt i = 0; i < mix->n; i++)
    for (PetscInt j = 0; j < i; j++) {
      const PetscReal moved = Third(phi[i], phi[j], Rest(mix->n, phi, i, j)) * Lead(mix, p, i, j);

      own[i] -= moved;
      own[j] += moved;
    }
  for (int b = 0; b < NAK_BODIES; b++) h[b] = 0;
  for (PetscInt k = 0; k < mix->n; k++) h[mix->body[k]] += own[k];
}

PetscReal NakMixGain(const NakMix *mix, NakBody body, PetscReal mu)
{
  NakBranchPoint at[NAK_BODIES] = {{0}};

  Bodies(mix, mu, at);
  return (at[NAK_BODY_LIQUID].omega - at[body].omega) / mix->volume;
}

/* X of a mixture of the bodies, with its derivative to mu / RT. */
static PetscReal Compose(const NakMix *mix, const PetscReal h[NAK_BODIES],
                         const NakBranchPoint at[NAK_BODIES], PetscReal *slope)
{
  PetscReal X = 0;

  *slope = 0;
  for (int b = 0; b < NAK_BODIES; b++) {
    if (!mix->used[b]) continue;
    X += h[b] * at[b].x;
    *slope += h[b] * mix->RT * at[b].slope;
  }
  return X;
}

/* The mu / RT at which bodies in these shares hold X, from a guess.  The bodies are set to those at
   that mu. */
static PetscReal Hold(const NakMix *mix, const PetscReal h[NAK_BODIES], PetscReal X, PetscReal mu,
                      NakBranchPoint at[NAK_BODIES])
{
  const PetscReal end = 200; /* of mu / RT */
  PetscReal       low = -end, high = end;

  for (int k = 0; k < 200; k++) {
    PetscReal slope, excess, step;

    Bodies(mix, mix->RT * mu, at);
    excess = Compose(mix, h, at, &slope) - X;
    step   = excess / slope;
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

/* Per mole of B.  At first the ratio A : B of solid B, over that of the liquid, is the one at its
   melting. */
static PetscReal HoldPerB(const NakMix *mix, const PetscReal h[NAK_BODIES], PetscReal X,
                          NakBranchPoint at[NAK_BODIES])
{
  const PetscReal least  = 1e-6; /* of the liquid's ratio */
  const PetscReal held   = 1 - h[NAK_BODY_SOLID_B] * (1 - mix->partition);
  const PetscReal liquid = PetscMax((X - h[NAK_BODY_SOLID_A] * mix->metal) / held, least);

  at[NAK_BODY_LIQUID].x  = liquid;
  at[NAK_BODY_SOLID_B].x = mix->partition * liquid;
  return Hold(
    mix, h, X,
    NakSolutionMuA(&mix->branch[NAK_BODY_LIQUID].solution, liquid / (1 + liquid)) / mix->RT, at);
}

/* Per atom.  At first solid A is pure, and solid B has as much less as at its melting. */
static PetscReal HoldPerAtom(const NakMix *mix, const PetscReal h[NAK_BODIES], PetscReal X,
                             NakBranchPoint at[NAK_BODIES])
{
  const NakSolution *s    = &mix->branch[NAK_BODY_LIQUID].solution;
  const PetscReal    edge = 1e-6; /* of a mole fraction */
  const PetscReal    held =
    h[NAK_BODY_LIQUID] + h[NAK_BODY_VOID] + h[NAK_BODY_SOLID_B] * mix->partition;
  const PetscReal wanted = (X - h[NAK_BODY_SOLID_A]) / PetscMax(held, edge);
  const PetscReal x      = PetscMin(PetscMax(wanted, edge), 1 - edge);

  at[NAK_BODY_LIQUID].x = x;
  return Hold(mix, h, X, (NakSolutionMuA(s, x) - NakSolutionMuB(s, x)) / mix->RT, at);
}

/* The mu / RT at which the phases hold X.  The bodies are set to those at that mu. */
static PetscReal Held(const NakMix *mix, const PetscReal u[], PetscReal X,
                      NakBranchPoint at[NAK_BODIES])
{
  PetscReal h[NAK_BODIES];

  NakMixShares(mix, u, h);
  return mix->frame == NAK_PER_B ? HoldPerB(mix, h, X, at) : HoldPerAtom(mix, h, X, at);
}

PetscReal NakMixPotential(const NakMix *mix, const PetscReal u[], PetscReal X)
{
  NakBranchPoint at[NAK_BODIES] = {{0}};

  return Held(mix, u, X, at);
}

NakMixPoint NakMixHolding(const NakMix *mix, const PetscReal u[], PetscReal X)
{
  NakBranchPoint at[NAK_BODIES] = {{0}};
  PetscReal      w[NAK_MIX_MOST];

  for (PetscInt k = 1; k < mix->n; k++) w[k] = u[k];
  w[0] = Held(mix, u, X, at);
  return PointAt(mix, w, at);
}

PetscReal NakMixForces(const NakMix *mix, const PetscReal u[], PetscReal X, PetscReal force[])
{
  const PetscReal bulk = 1 / mix->volume, well = 12 / mix->width;
  NakBranchPoint  at[NAK_BODIES]      = {{0}};
  PetscReal       omega[NAK_MIX_MOST] = {0}, d[NAK_MIX_MOST];
  const Weights   w                   = Weigh(mix, u);
  Mixed           grand;
  Square          unused;

  (void)Held(mix, u, X, at);
  for (PetscInt k = 0; k < w.n; k++) omega[k] = at[mix->body[k]].omega;
  grand = Mix(&w, omega);
  (void)Wells(mix, &w, d, unused);
  for (PetscInt k = 0; k < w.n; k++) d[k] = well * d[k] + bulk * grand.d[k];
  Reduce(w.n, d, force);
  return at[NAK_BODY_LIQUID].x;
}

PetscReal NakMixLiquid(const NakMix *mix, const PetscReal u[], PetscReal X)
{
  NakBranchPoint at[NAK_BODIES] = {{0}};

  (void)Held(mix, u, X, at);
  return at[NAK_BODY_LIQUID].x;
}

/* In a grain's own axes: psi = c (a^2 - 1) |p|^2 with a = 1 + e (4 sum p^4 - 3 |p|^4) / (|p|^4 +
   d).  By this d the direction matters less where the gradient is lost in the tail of the
   interface. */
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
