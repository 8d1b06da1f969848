/* A phase at a given diffusion potential; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

#include <math.h>

/* What follows from a composition that is given by its logit, so that dilute ends keep their
   digits. */
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

/* Newton's method in the logit, kept within bounds that close in.  It finds the composition at
   which dG/dx, or the chemical potential of A, is `mu`. */
static Place Search(const NakSolution *s, PetscBool of_a, PetscReal mu, PetscReal low,
                    PetscReal high, PetscReal logit)
{
  Place at;

  for (int k = 0; k < 200; k++) {
    PetscReal next, excess;

    at     = At(s, logit);
    excess = at.mu - mu + (of_a ? Omega(s, &at) : 0);
    if (excess > 0)
      high = logit;
    else
      low = logit;
    next = logit - excess / (of_a ? at.bend * at.y : at.bend);
    if (PetscAbsReal(next - logit) <= 4e-16 * (1 + PetscAbsReal(logit))) break;
    logit = next > low && next < high ? next : (low + high) / 2;
    if (high - low <= 4e-16 * (1 + PetscAbsReal(low))) break;
  }
  return at;
}

static Place Find(const NakBranch *b, PetscReal mu, PetscReal guess)
{
  const NakSolution *s    = &b->solution;
  const PetscReal    mean = (mu - s->g_a + s->g_b) / s->RT;
  PetscReal          low = mean - b->reach / s->RT, high = mean + b->reach / s->RT, start;

  if (b->low > 0) low = PetscMax(low, Logit(b->low));
  if (b->high < 1) high = PetscMin(high, Logit(b->high));
  start = guess > 0 && guess < 1 ? Logit(guess) : (low + high) / 2;
  return Search(s, PETSC_FALSE, mu, low, high, PetscMin(PetscMax(start, low), high));
}

static NakBranchPoint Point(const NakSolution *s, const Place *at)
{
  const PetscReal slope = at->x * at->y / at->bend;

  return (NakBranchPoint){.x     = at->x,
                          .omega = Omega(s, at),
                          .slope = slope,
                          .bend  = -at->third * at->x * at->y / (at->bend * at->bend * at->bend)};
}

NakBranchPoint NakBranchAt(const NakBranch *b, PetscReal mu, PetscReal guess)
{
  Place at;

  if (mu <= b->mu_low || mu >= b->mu_high) {
    at = At(&b->solution, Logit(mu <= b->mu_low ? b->low : b->high));
    return Beyond(&at, Omega(&b->solution, &at), mu);
  }
  at = Find(b, mu, guess);
  return Point(&b->solution, &at);
}

/* From mole fractions at dG/dx to ratios at mu_A = omega + dG/dx, whose derivative to dG/dx is 1 -
   x. */
static NakBranchPoint PerB(const NakBranchPoint *at)
{
  const PetscReal y = 1 - at->x, y3 = y * y * y;

  return (NakBranchPoint){.x     = at->x / y,
                          .omega = at->omega,
                          .slope = at->slope / y3,
                          .bend  = (at->bend + 3 * at->slope * at->slope / y) / (y3 * y)};
}

/* Beyond an end, mu_A is a parabola in the distance of dG/dx from its value at the end. */
static NakBranchPoint BeyondPerB(const Place *end, PetscReal omega, PetscReal mu_a)
{
  const PetscReal slope = end->x * end->y / end->bend, ahead = mu_a - omega - end->mu;
  const PetscReal root = PetscSqrtReal(end->y * end->y - 2 * slope * ahead);
  NakBranchPoint  at   = Beyond(end, omega, end->mu + 2 * ahead / (end->y + root));

  return PerB(&at);
}

NakBranchPoint NakBranchPerB(const NakBranch *b, PetscReal mu_a, PetscReal guess)
{
  const NakSolution *s   = &b->solution;
  const PetscReal    far = 200; /* of a logit */
  PetscReal          low = -far, high = far, start;
  NakBranchPoint     point;
  Place              at;

  for (int end = 0; end < 2; end++) {
    const PetscReal x = end == 0 ? b->low : b->high;
    PetscReal       omega;

    if (x <= 0 || x >= 1) continue;
    at    = At(s, Logit(x));
    omega = Omega(s, &at);
    if (end == 0 ? mu_a <= omega + at.mu : mu_a >= omega + at.mu)
      return BeyondPerB(&at, omega, mu_a);
    if (end == 0)
      low = Logit(x);
    else
      high = Logit(x);
  }
  start = guess > 0 ? PetscLogReal(guess) : (mu_a - s->g_a) / s->RT; /* that of a dilute one */
  at    = Search(s, PETSC_TRUE, mu_a, low, high, PetscMin(PetscMax(start, low), high));
  point = Point(s, &at);
  return PerB(&point);
}
