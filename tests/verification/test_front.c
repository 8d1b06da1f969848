/* Solids in the alloy of a cell, stepped as the program does from states that are set directly.
   Compared are a flat front of K with the lever rule, the time to the liquidus against series, the
   decay of the free energy, the order of the grid, and three phases that meet.  Prints what it
   finds.

   Compositions and factors at 25 C are those of the reference solution, tests/reference/nak1d.py,
   which shares no code with the program. */
#include "zone_fixture.h"

/* ---- A flat front under a flux ---- */

typedef struct {
  PetscReal front, below, above; /* [m]; ratios of the liquid */
} Flat;

static PetscReal FillFlat(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[])
{
  const Flat     *f    = ctx;
  const PetscReal part = Profile(z - f->front);

  (void)x;
  if (part > 1e-12) phi[1] = part;
  return f->below + (f->above - f->below) * part;
}

/* K grows from the top of the zone towards the face from which Na is stripped: over some 3 um, by
   how much more than what the lever rule gives for the charge.  That leaves out what the liquid
   between face and front lacks under the current, 6e-4 of it at 10 mA/cm2; of the bound, the rest
   is for the grid.  Solid K has no front on top, where the zone has a mirror. */
static PetscReal FrontError(PetscReal current)
{
  const Shape            s          = {1, 4, micron, 8 * micron, 9 * micron, 9.25 * micron};
  const NakModelParams   p          = Params(&s, 1, 0);
  const NakStepperParams steps      = Steps(1e-4, 3600);
  const Flat             flat       = {6 * micron, liquidus, liquidus};
  const PetscReal        per_charge = solid_k / F / (liquidus - solidus);
  char                   list[64];
  PetscReal              charge[2] = {0}, thickness[2] = {0}, range[2], low = 0, high = 1, na;
  Bench                  b;

  (void)snprintf(list, sizeof list, "[{strip: %g A/m^2, for: 1 h}]", (double)current);
  b = Open(PETSC_COMM_SELF, &p, &steps, list);
  Fill(&b, FillFlat, &flat);
  Enter(&b);
  na = Sodium(&b);
  while (thickness[1] < 5.5 * micron) {
    Step(&b);
    thickness[1] = Thickness(&b, NAK_BODY_SOLID_B, range);
    charge[1]    = b.now.capacity;
    if (charge[0] == 0 && thickness[1] > 2.5 * micron) {
      charge[0]    = charge[1];
      thickness[0] = thickness[1];
    }
    low  = PetscMin(low, range[0]);
    high = PetscMax(high, range[1]);
  }
  print_message("%g A/m2: %d steps\n", (double)current, (int)NakStepperCounts(b.stepper).steps);
  Demand("least order parameter", low, -1e-3, 1);
  Demand("greatest order parameter, less 1", high - 1, -1, 1e-3);
  Demand("change of Na and what has passed the face", PetscAbsReal(Sodium(&b) / na - 1), 0, 1e-12);
  Close(&b);
  return (thickness[1] - thickness[0]) / (per_charge * (charge[1] - charge[0])) - 1;
}

static void FlatFront(void **unused)
{
  (void)unused;
  Demand("front of K over the lever rule, 1 mA/cm2, less 1", FrontError(10), -3e-3, 3e-3);
  Demand("front of K over the lever rule, 10 mA/cm2, less 1", FrontError(100), -3e-3, 3e-3);
}

/* ---- Time to the liquidus ---- */

/* Depth of r at the face below that at the start over J L / D, after the time t D / L^2, of a slab.
   Its other side is closed, or is kept as at the start.  Source: H. S. Carslaw and J. C. Jaeger,
   Conduction of Heat in Solids, 3.8. */
static PetscReal Closed(PetscReal t)
{
  PetscReal sum = t + 1.0 / 3;

  for (int n = 1; n < 200; n++)
    sum -= 2 / PetscSqr(PETSC_PI * n) * PetscExpReal(-PetscSqr(PETSC_PI * n) * t);
  return sum;
}

static PetscReal Kept(PetscReal t)
{
  PetscReal sum = 1;

  for (int n = 0; n < 200; n++) {
    const PetscReal k = PetscSqr(PETSC_PI * (n + 0.5));

    sum -= 2 / k * PetscExpReal(-k * t);
  }
  return sum;
}

/* Of an excess of 1 all over, what is left at the closed face when the other side is at 0. */
static PetscReal Left(PetscReal t)
{
  PetscReal sum = 0;

  for (int n = 0; n < 200; n++) {
    const PetscReal k = PETSC_PI * (n + 0.5);

    sum += (n % 2 == 0 ? 2 : -2) / k * PetscExpReal(-k * k * t);
  }
  return sum;
}

/* r at the face by a parabola through the three lowest layers. */
static PetscReal RatioAtFace(const Bench *b)
{
  PetscReal        r[3];
  const PetscReal *u;

  MUST(VecGetArrayRead(NakStepperState(b->stepper), &u));
  for (PetscInt k = 0; k < 3; k++) r[k] = u[NakLayoutAlloy(b->l, k)];
  MUST(VecRestoreArrayRead(NakStepperState(b->stepper), &u));
  return (15 * r[0] - 10 * r[1] + 3 * r[2]) / 8;
}

/* The moment at which r at the face has fallen to the liquidus. */
static PetscReal Onset(Bench *b)
{
  PetscReal before = RatioAtFace(b), time = 0, now = before;

  Enter(b);
  while (now > liquidus) {
    before = now;
    time   = b->now.time;
    Step(b);
    now = RatioAtFace(b);
  }
  return time + (b->now.time - time) * (before - liquidus) / (before - now);
}

/* Where `excess` falls to 0 over the time in L^2 / D. */
static PetscReal Root(PetscReal (*excess)(PetscReal t, PetscReal load), PetscReal load)
{
  PetscReal low = 1e-3, high = 10;

  for (int k = 0; k < 100; k++) {
    const PetscReal t = (low + high) / 2;

    if (excess(t, load) > 0)
      low = t;
    else
      high = t;
  }
  return low;
}

/* `load` is J L / D over the excess at the start. */
static PetscReal ClosedExcess(PetscReal t, PetscReal load)
{
  return 1 - load * Closed(t);
}

static PetscReal SeededExcess(PetscReal t, PetscReal load)
{
  return Left(t) - load * Kept(t);
}

/* Interdiffusion of the liquid of 91.1 wt% K at the start is that of the material; at other
   compositions it goes with the thermodynamic factor.  Under the solid the series want its front at
   the liquidus.  A front of width w is there, as seen from the liquid, if its mobility resists by
   as much as it gains by being diffuse.  The one is w m_0 / m, the other w int h (1 - h) dz / w =
   0.1244 w (as A. Karma and W.-J. Rappel, Phys. Rev. E 57 (1998) 4323, have it); m_0 = 2.980e-12
   m2/s is tension V D over (dmu/dr) (step of r)^2 w, by the reference solution.  With 8 layers a
   width, because with 4 the grid holds the front back by 1e-7 of r, and the excess is 1e-4. */
static PetscReal OnsetError(PetscBool seed, PetscReal excess, PetscReal load)
{
  const PetscReal L = 20 * micron, factor = 0.8668802844644654, at_start = 0.8673093194163347;
  const PetscReal sharp = 2.394e-11;
  const PetscReal D = 1.2e-9 * factor / at_start, J = load * excess * D / L;
  const Shape     s            = {1,
                   seed ? 8 : 4,
                                  micron,
                                  (seed ? 23 : 19) * micron,
                                  (seed ? 24 : 19.9) * micron,
                                  (seed ? 24.1 : 20) * micron};
  const Flat      flat         = {seed ? L : 2, liquidus + excess, liquidus};
  NakModelParams  p            = Params(&s, 1, 0);
  const PetscReal expected     = L * L / D * Root(seed ? SeededExcess : ClosedExcess, load);
  const NakStepperParams steps = Steps(1e-9, expected / 200);
  char                   list[64];
  PetscReal              found;
  Bench                  b;

  (void)snprintf(list, sizeof list, "[{strip: %.15g A/m^2, for: 1 h}]", (double)(J * F / solid_k));
  p.microstructure.solid_mobility = sharp;
  b                               = Open(PETSC_COMM_SELF, &p, &steps, list);
  Fill(&b, FillFlat, &flat);
  found = Onset(&b);
  print_message("%s, %.4g A/m2: onset after %.5g s, series %.5g; %d steps\n",
                seed ? "seed of K" : "closed", (double)(J * F / solid_k), (double)found,
                (double)expected, (int)NakStepperCounts(b.stepper).steps);
  Close(&b);
  return found / expected - 1;
}

static void TimeToTheLiquidus(void **unused)
{
  (void)unused;
  Demand("time to the liquidus, closed slab, less 1", OnsetError(PETSC_FALSE, 2e-4, 2), -1e-3,
         1e-3);
  Demand("the same under K, load 0.5", OnsetError(PETSC_TRUE, 1e-4, 0.5), -1e-3, 1e-3);
  Demand("the same under K, load 1", OnsetError(PETSC_TRUE, 1e-4, 1), -1e-3, 1e-3);
}

/* ---- A front that a current begins to move ---- */

/* Stefan's problem on a mesh that moves with the front: 0 < y = z / s(t) < 1, with

     r_t = D / s^2 r_yy + y (s' / s) r_y,   D r_y = J s at 0,   r = liquidus at 1,
     (liquidus - solidus) s' = - D / s r_y at 1.

   Implicit in r, with s' of the step before.  By how much s has fallen after `time`. */
static PetscReal MovedSharply(PetscReal L, PetscReal D, PetscReal J, PetscReal time)
{
  enum { CELLS = 400, STEPS = 4000 };
  const PetscReal dy = 1.0 / CELLS, dt = time / STEPS;
  PetscReal       r[CELLS + 1], c[CELLS + 1], d[CELLS + 1], s = L, speed = 0;

  for (int k = 0; k <= CELLS; k++) r[k] = 0; /* over the liquidus */
  for (int n = 0; n < STEPS; n++) {
    const PetscReal a = D * dt / PetscSqr(s * dy);

    c[0] = -2 * a / (1 + 2 * a); /* with a point beyond the face */
    d[0] = (r[0] - 2 * a * dy * J * s / D) / (1 + 2 * a);
    for (int k = 1; k < CELLS; k++) {
      const PetscReal drift = dt * (PetscReal)k * dy * speed / s / (2 * dy);
      const PetscReal low = -a + drift, high = -a - drift, m = 1 + 2 * a - low * c[k - 1];

      c[k] = high / m;
      d[k] = (r[k] - low * d[k - 1]) / m;
    }
    for (int k = CELLS - 1; k >= 0; k--) r[k] = d[k] - c[k] * r[k + 1];
    speed =
      -D / s * (1.5 * r[CELLS] - 2 * r[CELLS - 1] + 0.5 * r[CELLS - 2]) / dy / (liquidus - solidus);
    s += speed * dt;
  }
  return L - s;
}

/* How far the front has come a second after 30 mA/cm2 were switched on under 20 um of liquid, over
   the same of the sharp one.  By then diffusion has held back a sixth of it.  Width, mobility and D
   are those of the time to the liquidus. */
static void FrontBeginsToMove(void **unused)
{
  const PetscReal L = 20 * micron, current = 300, end = 1,
                  D               = 1.2e-9 * 0.8668802844644654 / 0.8673093194163347;
  const PetscReal        sharp    = 2.394e-11;
  const Shape            s        = {1, 8, micron, 23 * micron, 24 * micron, 24.1 * micron};
  const Flat             flat     = {L, liquidus, liquidus};
  NakModelParams         p        = Params(&s, 1, 0);
  const NakStepperParams steps    = Steps(1e-6, 0.01);
  const PetscReal        expected = MovedSharply(L, D, current * solid_k / F, end);
  const PetscReal        charge   = current * end * solid_k / F / (liquidus - solidus);
  PetscReal              range[2], before;
  Bench                  b;

  (void)unused;
  p.microstructure.solid_mobility = sharp;
  b = Open(PETSC_COMM_SELF, &p, &steps, "[{strip: 300 A/m^2, for: 1 s}]");
  Fill(&b, FillFlat, &flat);
  before = Thickness(&b, NAK_BODY_SOLID_B, range);
  Enter(&b);
  while (!b.over) Step(&b);
  print_message("sharp front: %.6g um of %.6g um by the charge; %d steps\n",
                (double)(expected / micron), (double)(charge / micron),
                (int)NakStepperCounts(b.stepper).steps);
  Demand("distance of a front that begins to move, less 1",
         (Thickness(&b, NAK_BODY_SOLID_B, range) - before) / expected - 1, -5e-3, 5e-3);
  Close(&b);
}

/* ---- The free energy at rest ---- */

/* Three grains side by side, two of K and one of Na: caps whose outlines are ragged.  Their edges
   are steps, or have the profile of an interface. */
typedef struct {
  PetscBool smooth;
  PetscReal ratio;
} Rough;

static PetscReal FillRough(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[])
{
  const Rough    *rough    = ctx;
  const PetscReal middle[] = {0, 1.2e-6, 5.5e-6, 3.4e-6}, radius[] = {0, 1.3e-6, 1.6e-6, 1.5e-6};
  const PetscReal wave = PetscSinReal(7e6 * x + 11e6 * z + 40 * PetscSinReal(9e12 * x * z));
  const PetscReal slow = PetscSinReal(5e6 * x + 4e6 * z);
  PetscReal       left = 1;

  for (int k = 1; k <= 3; k++) {
    const PetscReal out = PetscSqrtReal(PetscSqr(x - middle[k]) + z * z) - radius[k];
    const PetscReal part =
      rough->smooth ? Profile(0.2e-6 * slow - out) : (out < 0.2e-6 * wave ? 1 : 0);

    phi[k] = part > 1e-9 ? left * part : 0;
    left -= phi[k];
  }
  return rough->ratio;
}

static Worst Relax(PetscReal T, const Rough *rough)
{
  const Shape            s     = {28, 4, 7 * micron, 5 * micron, 6 * micron, 6.5 * micron};
  const NakStepperParams steps = Steps(1e-5, 3600);
  const PetscReal        unit  = NaK()->b.solid_liquid_energy * w / s.width;
  NakModelParams         p     = Params(&s, 2, 1);
  PetscReal              mu, first;
  Worst                  worst;
  Bench                  b;

  p.alloy.temperature         = T;
  p.alloy.potassium.value     = 1 / (1 + rough->ratio);
  p.alloy.potassium.by_weight = PETSC_FALSE;
  p.microstructure.alloy      = p.alloy;
  p.alloy.volume *= s.height / NakModelHeight(&p);
  b = Open(PETSC_COMM_SELF, &p, &steps, "[{rest: 100 s}]");
  Fill(&b, FillRough, rough);
  Enter(&b);
  mu    = Potential(&b, rough->ratio);
  first = Energy(&b, mu, NULL);
  worst = Watch(&b, mu, NULL, unit);
  print_message("%g K, Na : K %g: %d steps; the energy falls by %.4g of tension times width; order "
                "parameters from %.1e to 1 %+.1e\n",
                (double)T, (double)rough->ratio, (int)NakStepperCounts(b.stepper).steps,
                (double)((first - Energy(&b, mu, NULL)) / unit), (double)worst.low,
                (double)(worst.high - 1));
  Demand("greatest rise of the energy in a step", worst.rise, -1, 1e-6);
  Demand("change of Na and what has passed the face", worst.lost, 0, 1e-12);
  Close(&b);
  return worst;
}

/* A step errs by 20 times the tolerance in an order parameter, 2e-4, and so near equilibrium by the
   square of it times some 12, the wells' factor, in the energy: 5e-7.  (With the program's own
   tolerance, ten times that, steps of a dying grain raise it by up to 6e-5.)  Solid K and Na and
   the liquid are all but in equilibrium where their lines of the diagram, without compounds, would
   meet: 251.310 K, Na : K = 0.6265.  The last state is far from there: drives of some 1e7 J/m3, far
   above tension over width, push order parameters to -5e-3 for half of w^2 / m, and so nothing is
   asked of them. */
static void EnergyFalls(void **unused)
{
  const Rough near[] = {
    {PETSC_TRUE,  0.6265},
    {PETSC_FALSE, 0.6265}
  };
  const Rough far = {PETSC_FALSE, 0.55};

  (void)unused;
  for (int k = 0; k < 2; k++) {
    const Worst worst = Relax(251.345, &near[k]);

    Demand("least order parameter", worst.low, -1e-3, 1);
    Demand("greatest order parameter, less 1", worst.high - 1, -1, 1e-3);
  }
  (void)Relax(252, &far);
}

/* ---- The grid ---- */

static PetscReal FillCorner(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[])
{
  const PetscReal part = Profile(2.2e-6 - PetscSqrtReal(x * x + z * z));

  (void)ctx;
  if (part > 1e-12) phi[1] = part;
  return liquidus;
}

/* Half of a cap of K in a corner at rest, with a right angle on the face: its cover, and by how
   much its curvature lowers the ratio of the liquid. */
static void Cap(PetscInt cells, PetscReal found[2])
{
  const Shape            s = {5 * cells, cells, 5 * micron, 4 * micron, 5 * micron, 5.5 * micron};
  const NakStepperParams steps = Steps(1e-6, 3600);
  const NakModelParams   p     = Params(&s, 1, 0);
  Bench                  b     = Open(PETSC_COMM_SELF, &p, &steps, "[{rest: 100 s}]");

  Fill(&b, FillCorner, NULL);
  Enter(&b);
  while (!b.over) Step(&b);
  found[0] = 1 - b.now.wetted_fraction;
  found[1] = liquidus - b.now.reservoir_x / (1 - b.now.reservoir_x);
  print_message("%d cells a width: cover %.8f, ratio lower by %.8e; %d steps\n", (int)cells,
                (double)found[0], (double)found[1], (int)NakStepperCounts(b.stepper).steps);
  Close(&b);
}

/* The order p of errors that go with cells^-p, from 4, 6 and 8 cells. */
static PetscReal OrderOf(PetscReal coarse, PetscReal middle, PetscReal fine)
{
  const PetscReal ratio = (coarse - middle) / (middle - fine);
  PetscReal       low = 0.1, high = 10;

  for (int k = 0; k < 60; k++) {
    const PetscReal p = (low + high) / 2, four = PetscPowReal(4, -p), six = PetscPowReal(6, -p);

    if ((four - six) / (six - PetscPowReal(8, -p)) < ratio)
      low = p;
    else
      high = p;
  }
  return low;
}

/* At other angles the wall's energy, at order parameters extrapolated to the face, errs by the
   first order. */
static void OrderOfTheGrid(void **unused)
{
  PetscReal found[3][2];

  (void)unused;
  for (PetscInt k = 0; k < 3; k++) Cap(4 + 2 * k, found[k]);
  Demand("order of the cover of a cap", OrderOf(found[0][0], found[1][0], found[2][0]), 1.8, 5);
  Demand("order of the ratio", OrderOf(found[0][1], found[1][1], found[2][1]), 1.8, 5);
}

/* ---- Three phases ---- */

/* A lens of liquid between K and Na, cut by the mirror on top of the zone: in it, both discs of one
   radius. */
typedef struct {
  PetscReal radius, aside, middle, top, ratio; /* centres lie `aside` of the middle [m] */
} Lens;

static PetscReal FillLens(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[])
{
  const Lens     *s = ctx;
  const PetscReal t = z > s->top ? 0 : z - s->top, d = x - s->middle;
  const PetscReal out   = PetscSqrtReal(PetscSqr(PetscAbsReal(d) + s->aside) + t * t) - s->radius;
  const PetscReal solid = z > s->top ? 0 : Profile(out), k = Profile(-d);

  phi[1] = solid * k;
  phi[2] = solid * (1 - k);
  return s->ratio;
}

/* Temperature and ratio of the liquid at which K and Na melt as hard as `drive` [J/m3]. */
static PetscReal Meeting(const NakModelParams *p, PetscReal drive, PetscReal *ratio)
{
  PetscReal cold = 251.3106, hot = 253;

  for (int k = 0; k < 40; k++) {
    const PetscReal T     = (cold + hot) / 2;
    const NakAlloy  alloy = NaKAt(T);
    PetscReal       low = 0.3, high = 1, mu = 0;
    NakMix          mix;

    NakMixCreate(&p->microstructure, NAK_PER_B, &mix);
    NakMixBranches(&p->microstructure, T, &mix);
    for (int n = 0; n < 50; n++) {
      *ratio = (low + high) / 2;
      mu     = alloy.liquid.RT * NakThermoLiquid(&alloy, *ratio / (1 + *ratio)).ln_activity;
      if (NakMixGain(&mix, NAK_BODY_SOLID_B, mu) > -drive)
        low = *ratio;
      else
        high = *ratio;
    }
    if (NakMixGain(&mix, NAK_BODY_SOLID_A, mu) > -drive)
      cold = T;
    else
      hot = T;
  }
  return cold;
}

/* Of phase `p` against the liquid in the upper layers: x^2 + z^2 = 2 a x + b, z from the top of the
   zone. */
static void FitArc(const Bench *b, PetscInt p, PetscReal top, PetscReal deepest, PetscReal fit[2])
{
  PetscReal        n = 0, sx = 0, sxx = 0, sq = 0, sqx = 0;
  const PetscReal *u;

  MUST(VecGetArrayRead(NakStepperState(b->stepper), &u));
  for (PetscInt k = 0; k < b->l->zone; k++) {
    const PetscReal z = Middle(b, k) - top;

    if (z < -deepest) continue;
    for (PetscInt i = 0; i + 1 < b->grid->nx; i++) {
      const PetscReal *c = u + (ptrdiff_t)i * b->l->size + NakLayoutAlloy(b->l, k);
      const PetscReal *d = c + b->l->size;
      const PetscReal  l = 2 * c[p] + c[3 - p] - 1, r = 2 * d[p] + d[3 - p] - 1;
      const PetscReal  x = b->grid->dx * ((PetscReal)i + 0.5 + l / (l - r)), q = x * x + z * z;

      if (l * r > 0) continue;
      n += 1;
      sx += x;
      sxx += x * x;
      sq += q;
      sqx += q * x;
    }
  }
  MUST(VecRestoreArrayRead(NakStepperState(b->stepper), &u));
  assert_true(n > 5);
  fit[0] = (sqx - sq * sx / n) / (sxx - sx * sx / n) / 2;
  fit[1] = (sq - 2 * fit[0] * sx) / n;
}

/* Angle of the liquid between two arcs [degree], and the radii. */
static PetscReal Dihedral(const PetscReal f[2], const PetscReal g[2], PetscReal radius[2])
{
  const PetscReal x  = (g[1] - f[1]) / (f[0] - g[0]) / 2;
  const PetscReal zz = 2 * f[0] * x + f[1] - x * x;

  radius[0] = PetscSqrtReal(f[1] + f[0] * f[0]);
  radius[1] = PetscSqrtReal(g[1] + g[0] * g[0]);
  return 180 / PETSC_PI * PetscAcosReal(-((x - f[0]) * (x - g[0]) + zz) / (radius[0] * radius[1]));
}

/* The angle of the liquid after a rest from a lens with another one, or with its own. */
static PetscReal LensAngle(PetscReal begin)
{
  const Shape            s     = {48, 4, 12 * micron, 9 * micron, 10 * micron, 10.5 * micron};
  const NakStepperParams steps = Steps(1e-4, 3600);
  const PetscReal        R = 5.5 * w, depth = R * PetscSinReal(PETSC_PI / 3);
  const PetscReal        half = begin / 2 * PETSC_PI / 180;
  Lens                   lens = {.radius = depth / PetscSinReal(half),
                                 .aside  = depth / PetscTanReal(half),
                                 .middle = s.width / 2,
                                 .top    = s.zone};
  NakModelParams         p    = Params(&s, 1, 1);
  PetscReal              arc[2][2], radius[2], angle;
  Bench                  b;

  p.material.a.solid_liquid_energy = p.material.b.solid_liquid_energy;
  p.microstructure.material        = p.material;
  p.microstructure.liquid_share    = 0.5;
  p.microstructure.solid_mobility  = 2e-11;
  p.alloy.temperature              = Meeting(&p, p.material.b.solid_liquid_energy / R, &lens.ratio);
  p.alloy.potassium.value          = 1 / (1 + lens.ratio);
  p.alloy.potassium.by_weight      = PETSC_FALSE;
  p.microstructure.alloy           = p.alloy;
  p.alloy.volume *= s.height / NakModelHeight(&p);
  b = Open(PETSC_COMM_SELF, &p, &steps, "[{rest: 60 s}]");
  Fill(&b, FillLens, &lens);
  Enter(&b);
  while (!b.over) Step(&b);
  for (PetscInt k = 0; k < 2; k++) FitArc(&b, k + 1, s.zone, depth - 1.5 * w, arc[k]);
  angle = Dihedral(arc[0], arc[1], radius);
  print_message("from %g degrees, after %.3g s: radii %.2f and %.2f um; %d steps\n", (double)begin,
                (double)b.now.time, (double)(radius[0] / micron), (double)(radius[1] / micron),
                (int)NakStepperCounts(b.stepper).steps);
  Close(&b);
  return angle;
}

/* Where all interfaces have one energy, three meet under 120 degrees (F. E. Neumann).  K and Na in
   a closed box are in equilibrium with a lens of liquid of one size only, which grows or vanishes
   if it is not quite that.  So the temperature is that at which they melt as hard as the lens of
   radius 5.5 w freezes.  Its angle is taken from arcs fitted 1.5 w off the line; the bound is that
   of 5.5 w. */
static void TripleLine(void **unused)
{
  (void)unused;
  Demand("angle of the liquid at a triple line", LensAngle(120), 117, 123);
  Demand("the same from 128 degrees", LensAngle(128), 117, 123);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(FlatFront),         cmocka_unit_test(TimeToTheLiquidus),
  cmocka_unit_test(FrontBeginsToMove), cmocka_unit_test(EnergyFalls),
  cmocka_unit_test(OrderOfTheGrid),    cmocka_unit_test(TripleLine),

};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
