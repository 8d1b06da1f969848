/* Equilibria of all phases at a temperature.  The lower convex hull of sampled Gibbs energies
   finds them wherever they are.  Newton's method makes them exact.  The contract is in
   nakfield/thermo.h. */
#include <nakfield/thermo.h>

enum { UNIFORM = 2000, DILUTE = 40, SAMPLES = UNIFORM + 1 + 2 * DILUTE };

typedef struct {
  PetscReal x, G;
  PetscInt  phase, index; /* of the sample, so that gaps are seen */
} Point;

/* Compositions from 0 to 1: evenly spaced, and geometrically down to 1e-9 of either metal. */
static PetscReal Sample(PetscInt i)
{
  const PetscReal smallest = 1e-9, spacing = 1.0 / UNIFORM;

  if (i == 0 || i == SAMPLES - 1) return i == 0 ? 0 : 1;
  if (i >= SAMPLES / 2 + 1) return 1 - Sample(SAMPLES - 1 - i);
  if (i > DILUTE) return spacing * (PetscReal)(i - DILUTE);
  return smallest * PetscPowReal(spacing / smallest, (PetscReal)(i - 1) / DILUTE);
}

/* The phase of least energy at each composition, compounds sorted in.  Their number. */
static PetscInt Collect(const NakAlloy *alloy, PetscBool compounds, Point points[])
{
  PetscInt n = 0;

  for (PetscInt i = 0; i < SAMPLES; i++) {
    const PetscReal x = Sample(i), liquid = NakSolutionEnergy(&alloy->liquid, x);
    const PetscReal solid = NakSolutionEnergy(&alloy->solid, x);
    const PetscInt  phase = liquid < solid ? NAK_PHASE_LIQUID : NAK_PHASE_SOLID;

    for (PetscInt k = 0; compounds && k < alloy->n_compounds; k++)
      if (i > 0 && alloy->compound_x[k] > Sample(i - 1) && alloy->compound_x[k] <= x)
        points[n++] =
          (Point){alloy->compound_x[k], alloy->compound_energy[k], NAK_PHASE_COMPOUND + k, -1};
    points[n++] = (Point){x, PetscMin(liquid, solid), phase, i};
  }
  return n;
}

/* Whether `b` lies on or above the line from `a` to `c`.  Of two points at the same x the upper one
   does, wherever the third is. */
static PetscBool Above(const Point *a, const Point *b, const Point *c)
{
  return (PetscBool)((b->G - a->G) * (c->x - a->x) >= (c->G - a->G) * (b->x - a->x));
}

/* Keep the lower convex hull of points that are sorted by x.  Returns their number. */
static PetscInt Hull(Point points[], PetscInt n)
{
  PetscInt m = 0;

  for (PetscInt i = 0; i < n; i++) {
    while (m >= 2 && Above(&points[m - 2], &points[m - 1], &points[i])) m--;
    points[m++] = points[i];
  }
  return m;
}

/* ---- Exact compositions ---- */

/* One end of a tie: a solution that may change its composition, or a point that may not. */
typedef struct {
  const NakSolution *solution; /* NULL: fixed */
  PetscReal          x, G;
} End;

static End MakeEnd(const NakAlloy *alloy, const Point *p)
{
  const PetscBool pure = (PetscBool)(p->x <= 0 || p->x >= 1);
  End             end  = {NULL, p->x, p->G};

  if (p->phase == NAK_PHASE_LIQUID && !pure) end.solution = &alloy->liquid;
  if (p->phase == NAK_PHASE_SOLID && !pure) end.solution = &alloy->solid;
  return end;
}

/* A step that leaves at least half of either metal; its relative size. */
static PetscReal Advance(End *end, PetscReal step)
{
  const PetscReal room = PetscMin(end->x, 1 - end->x);

  step = PetscMax(-end->x / 2, PetscMin((1 - end->x) / 2, step));
  end->x += step;
  return PetscAbsReal(step) / room;
}

/* One Newton step towards equal chemical potentials of both metals. */
static PetscReal StepBoth(End *l, End *r)
{
  const PetscReal A         = NakSolutionMuA(l->solution, l->x) - NakSolutionMuA(r->solution, r->x);
  const PetscReal B         = NakSolutionMuB(l->solution, l->x) - NakSolutionMuB(r->solution, r->x);
  const PetscReal width     = r->x - l->x;
  const PetscReal left      = -(A * r->x + B * (1 - r->x)) / width;
  const PetscReal right     = -(A * l->x + B * (1 - l->x)) / width;
  const PetscReal bend_left = NakSolutionCurvature(l->solution, l->x);
  const PetscReal bend_right = NakSolutionCurvature(r->solution, r->x);
  const PetscReal moved      = Advance(l, left / bend_left);

  return moved + Advance(r, right / bend_right);
}

/* One Newton step towards a tangent through the fixed end. */
static PetscReal StepOne(End *free, const End *fixed)
{
  const NakSolution *s = free->solution;
  const PetscReal    above =
    fixed->x * NakSolutionMuA(s, free->x) + (1 - fixed->x) * NakSolutionMuB(s, free->x) - fixed->G;

  return Advance(free, above / (NakSolutionCurvature(s, free->x) * (free->x - fixed->x)));
}

static PetscReal Step(End *l, End *r)
{
  if (l->solution != NULL && r->solution != NULL) return StepBoth(l, r);
  if (l->solution != NULL) return StepOne(l, r);
  if (r->solution != NULL) return StepOne(r, l);
  return 0;
}

/* Whether Newton's method has stayed near the sample it began at. */
static PetscBool Near(PetscReal x, PetscReal sampled)
{
  const PetscReal room = PetscMin(sampled, 1 - sampled);

  return (PetscBool)(PetscAbsReal(x - sampled) <= 3.0 / UNIFORM + room / 2);
}

static NakTie Refine(const NakAlloy *alloy, const Point *left, const Point *right)
{
  const NakTie sampled = {
    {left->phase, right->phase},
    {left->x,     right->x    }
  };
  NakTie    tie = sampled;
  End       l = MakeEnd(alloy, left), r = MakeEnd(alloy, right);
  PetscReal moved = 1;

  for (int k = 0; k < 50 && moved > 1e-13 && l.x < r.x; k++) moved = Step(&l, &r);
  tie.x[0] = l.x;
  tie.x[1] = r.x;
  return l.x < r.x && moved < 1e-6 && Near(l.x, left->x) && Near(r.x, right->x) ? tie : sampled;
}

NakEquilibria NakThermoEquilibria(const NakAlloy *alloy, PetscBool compounds)
{
  Point          points[SAMPLES + NAK_COMPOUNDS];
  const PetscInt n   = Hull(points, Collect(alloy, compounds, points));
  NakEquilibria  all = {.n = 0, .at_b = points[0].phase, .at_a = points[n - 1].phase};

  for (PetscInt i = 1; i < n && all.n < NAK_TIES; i++) {
    const Point    *l = &points[i - 1], *r = &points[i];
    const PetscBool same = (PetscBool)(l->phase == r->phase && r->index == l->index + 1);

    if (!same) all.tie[all.n++] = Refine(alloy, l, r);
  }
  return all;
}

/* The phase between ties `k - 1` and `k`. */
static PetscInt Field(const NakEquilibria *all, PetscInt k)
{
  return k > 0 ? all->tie[k - 1].phase[1] : all->at_b;
}

PetscBool NakThermoLiquidRange(const NakAlloy *alloy, PetscBool compounds, PetscReal x[2])
{
  const NakEquilibria all = NakThermoEquilibria(alloy, compounds);

  x[0] = 1;
  x[1] = 0;
  for (PetscInt k = 0; k <= all.n; k++) {
    if (Field(&all, k) != NAK_PHASE_LIQUID) continue;
    x[0] = PetscMin(x[0], k > 0 ? all.tie[k - 1].x[1] : 0);
    x[1] = PetscMax(x[1], k < all.n ? all.tie[k].x[0] : 1);
  }
  return (PetscBool)(x[0] <= x[1]);
}

PetscInt NakThermoAmounts(const NakAlloy *alloy, PetscReal x, PetscBool compounds,
                          NakAmount amounts[2])
{
  const NakEquilibria all = NakThermoEquilibria(alloy, compounds);
  const NakTie       *tie = all.tie;
  PetscInt            k   = 0;

  while (k < all.n && x >= tie[k].x[1]) k++;
  if (k == all.n || x <= tie[k].x[0]) {
    amounts[0] = (NakAmount){Field(&all, k), x, 1};
    amounts[1] = (NakAmount){0};
    return 1;
  }
  for (int end = 0; end < 2; end++) {
    const int       at    = tie[k].phase[1] == NAK_PHASE_LIQUID ? 1 - end : end;
    const PetscReal width = tie[k].x[1] - tie[k].x[0];

    amounts[at] =
      (NakAmount){tie[k].phase[end], tie[k].x[end], PetscAbsReal(tie[k].x[1 - end] - x) / width};
  }
  return 2;
}

PetscReal NakThermoLiquidus(const NakAlloy *alloy, PetscBool rich_in_a)
{
  const NakEquilibria all  = NakThermoEquilibria(alloy, PETSC_FALSE);
  PetscReal           low  = all.at_b == NAK_PHASE_LIQUID ? 0 : 1;
  PetscReal           high = all.at_a == NAK_PHASE_LIQUID ? 1 : 0;

  for (PetscInt i = 0; i < all.n; i++) {
    const NakTie *tie = &all.tie[i];

    if (tie->phase[0] == NAK_PHASE_LIQUID) high = PetscMax(high, tie->x[0]);
    if (tie->phase[1] == NAK_PHASE_LIQUID) low = PetscMin(low, tie->x[1]);
  }
  return rich_in_a ? high : low;
}

/* ---- Driving forces ---- */

static PetscReal Gain(const NakAlloy *alloy, PetscReal a, PetscReal b, PetscReal x)
{
  return x * a + (1 - x) * b - NakSolutionEnergy(&alloy->solid, x);
}

/* The greatest gain between the two samples around it, by golden section. */
static PetscReal Golden(const NakAlloy *alloy, PetscReal a, PetscReal b, PetscReal low,
                        PetscReal high)
{
  const PetscReal share = 0.3819660112501051;

  for (int k = 0; k < 60; k++) {
    const PetscReal left = low + share * (high - low), right = high - share * (high - low);

    if (Gain(alloy, a, b, left) > Gain(alloy, a, b, right))
      high = right;
    else
      low = left;
  }
  return (low + high) / 2;
}

static PetscReal Clamp(PetscReal x, PetscReal low, PetscReal high)
{
  return PetscMax(low, PetscMin(high, x));
}

PetscReal NakThermoDriving(const NakAlloy *alloy, PetscReal x, PetscBool rich_in_a,
                           PetscReal *x_solid)
{
  const PetscReal a = NakSolutionMuA(&alloy->liquid, x), b = NakSolutionMuB(&alloy->liquid, x);
  const PetscReal low  = rich_in_a ? 1 - alloy->solute_limit : 0;
  const PetscReal high = rich_in_a ? 1 : alloy->solute_limit;
  PetscReal       most = -PETSC_MAX_REAL, left = low, right = high, at;

  for (PetscInt i = 0; i < SAMPLES; i++) {
    const PetscReal here = Clamp(Sample(i), low, high), gain = Gain(alloy, a, b, here);

    if (gain < most || (gain <= most && here > low)) continue;
    most  = gain;
    left  = Clamp(Sample(PetscMax(0, i - 1)), low, high);
    right = Clamp(Sample(PetscMin(SAMPLES - 1, i + 1)), low, high);
  }
  at = Golden(alloy, a, b, left, right);
  if (x_solid != NULL) *x_solid = at;
  return Gain(alloy, a, b, at);
}

PetscReal NakThermoDrivingCompound(const NakAlloy *alloy, PetscReal x, PetscInt k)
{
  const PetscReal xc = alloy->compound_x[k];

  return xc * NakSolutionMuA(&alloy->liquid, x) + (1 - xc) * NakSolutionMuB(&alloy->liquid, x) -
         alloy->compound_energy[k];
}
