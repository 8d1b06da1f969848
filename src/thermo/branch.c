/* A phase at a given diffusion potential; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

#include <math.h>

/* What follows from a composition that is known by its logit, so that dilute ends keep their digits. */
typedef struct {
  PetscReal x, y;  /* y = 1 - x */
  PetscReal mu;    /* [J/mol] */
  PetscReal rest;  /* of G - mu x, less RT ln y [J/mol] */
  PetscReal bend;  /* of G times x y: dmu / dlogit [J/mol] */
  PetscReal third; /* third derivative of G times (x y)^2 [J/mol] */
} Place;

static Place At(const NakSolution *s, PetscReal logit)
{
  const PetscReal e = PetscExpReal(-PetscAbsReal(logit)), less = e / (1 + e), more = 1 / (1 + e);
  const PetscReal x = logit > 0 ? more : less, y = logit > 0 ? less : more;
  const PetscReal z = x - y, xy = x * y;
  PetscReal       P = 0, P1 = 0, P2 = 0, P3 = 0; /* the Redlich-Kister sum and its derivatives */

  for (PetscInt k = s->n - 1; k >= 0; k--) {
    P3 = 3 * P2 + z * P3;
    P2 = 2 * P1 + z * P2;
    P1 = P + z * P1;
    P  = s->k[k] + z * P;
  }
  return (Place){.x     = x,
                 .y     = y,
                 .mu    = s->g_a - s->g_b + s->RT * logit - z * P + 2 * xy * P1,
                 .rest  = s->g_b + x * x * (P - 2 * y * P1),
                 .bend  = s->RT + xy * (-2 * P - 4 * z * P1 + 4 * xy * P2),
                 .third = s->RT * z + xy * xy * (-12 * P1 - 12 * z * P2 + 8 * xy * P3)};
}

/* G - mu x [J/mol] */
static PetscReal Omega(const NakSolution *s, const Place *p)
{
  return p->rest + s->RT * (p->x < 0.5 ? log1p(-p->x) : PetscLogReal(p->y));
}

static PetscReal Logit(PetscReal x)
{
  return PetscLogReal(x / (1 - x));
}

NakBranch NakThermoBranch(const NakSolution *s, PetscReal from, PetscReal to)
{
  enum { SAMPLES = 2000 };
  NakBranch b   = {.solution = *s, .low = from, .high = from, .reach = s->RT};
  PetscReal end = from;

  for (int k = 1; k <= SAMPLES; k++) {
    const PetscReal x = from + (to - from) * (PetscReal)k / SAMPLES;

    if (x > 0 && x < 1 && !(NakSolutionCurvature(s, x) > s->RT)) break;
    end = x;
  }
  b.low     = PetscMin(from, end);
  b.high    = PetscMax(from, end);
  b.mu_low  = b.low > 0 ? At(s, Logit(b.low)).mu : PETSC_NINFINITY;
  b.mu_high = b.high < 1 ? At(s, Logit(b.high)).mu : PETSC_INFINITY;
  b.reach   = 0;
  for (PetscInt k = 0; k < s->n; k++)
    b.reach += PetscAbsReal(s->k[k]) * (1 + (PetscReal)k / 2); /* bounds mu less its logarithm */
  return b;
}

/* Beyond an end: a parabola with the end's value `omega`, slope and curvature. */
static NakBranchPoint Beyond(const Place *end, PetscReal omega, PetscReal mu)
{
  const PetscReal slope = end->x * end->y / end->bend, d = mu - end->mu;

  return (NakBranchPoint){.x     = end->x + slope * d,
                          .omega = omega - d * (end->x + slope * d / 2),
                          .slope = slope,
                          .bend  = 0};
}

/* Newton's method in the logit, kept within bounds that close in. */
static Place Find(const NakBranch *b, PetscReal mu)
{
  const NakSolution *s    = &b->solution;
  const PetscReal    mean = (mu - s->g_a + s->g_b) / s->RT;
  PetscReal          low = mean - b->reach / s->RT, high = mean + b->reach / s->RT;
  PetscReal          logit;
  Place              at;

  if (b->low > 0) low = PetscMax(low, Logit(b->low));
  if (b->high < 1) high = PetscMin(high, Logit(b->high));
  logit = (low + high) / 2;
  for (int k = 0; k < 200; k++) {
    PetscReal next;

    at = At(s, logit);
    if (at.mu > mu)
      high = logit;
    else
      low = logit;
    next = logit - (at.mu - mu) / at.bend;
    if (PetscAbsReal(next - logit) <= 4e-16 * (1 + PetscAbsReal(logit))) break;
    logit = next > low && next < high ? next : (low + high) / 2;
    if (high - low <= 4e-16 * (1 + PetscAbsReal(low))) break;
  }
  return at;
}

NakBranchPoint NakBranchAt(const NakBranch *b, PetscReal mu)
{
  Place     at;
  PetscReal slope;

  if (mu <= b->mu_low || mu >= b->mu_high) {
    at = At(&b->solution, Logit(mu <= b->mu_low ? b->low : b->high));
    return Beyond(&at, Omega(&b->solution, &at), mu);
  }
  at    = Find(b, mu);
  slope = at.x * at.y / at.bend;
  return (NakBranchPoint){.x     = at.x,
                          .omega = Omega(&b->solution, &at),
                          .slope = slope,
                          .bend  = -at.third * at.x * at.y / (at.bend * at.bend * at.bend)};
}
