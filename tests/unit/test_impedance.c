/* Spectra against closed forms: one arc, two arcs, a finite-length Warburg; relaxation times of
   known circuits.  Run on 1, 2 and 3 ranks. */
#include "impedance_impl.h"

#include <complex.h>
#include <string.h>

#include "cell_fixture.h"
#include "nak_test.h"

typedef double _Complex Number;

static const Number i_unit = _Complex_I;

static NakModelParams Cell(PetscInt nx, PetscInt ny)
{
  NakModelParams params = NaK50Cell(nx, ny);

  params.grid.interphase_layers = 10;
  params.grid.lateral           = NAK_LATERAL_PERIODIC;
  return params;
}

static NakImpedanceParams Bare(void)
{
  return (NakImpedanceParams){.frequency_max    = 7e6,
                              .frequency_min    = 0.5,
                              .per_decade       = 5,
                              .constriction     = PETSC_TRUE,
                              .double_layer     = PETSC_TRUE,
                              .diffusion        = PETSC_FALSE,
                              .deposits         = PETSC_TRUE,
                              .lambda           = 1e-3,
                              .times_per_decade = 20};
}

typedef Number (*ClosedForm)(const NakModelParams *cell, const NakImpedanceParams *params,
                             PetscReal w);

/* Magnitude and phase of a pristine cell's spectrum are those of the closed form. */
static void Compare(const char *name, const NakModelParams *cell, const NakImpedanceParams *params,
                    ClosedForm form)
{
  NakModel           model;
  NakImpedance       impedance;
  const NakSpectrum *s;
  Vec                U;
  double             magnitude = 0, phase = 0;

  MUST(NakModelCreate(PETSC_COMM_WORLD, cell, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(NakImpedanceCreate(model, params, &impedance));
  MUST(NakImpedanceSpectrum(impedance, U, &s));
  for (PetscInt k = 0; k < s->count; k++) {
    const Number z     = (double)s->re[k] + i_unit * (double)s->im[k];
    const Number ratio = z / form(cell, params, 2 * PETSC_PI * s->frequency[k]);

    magnitude = PetscMax(magnitude, fabs(cabs(ratio) - 1));
    phase     = PetscMax(phase, fabs(carg(ratio)) * 180 / PETSC_PI);
  }
  MUST(PetscPrintf(PETSC_COMM_WORLD,
                   "%s: %" PetscInt_FMT " frequencies, magnitude within %.2g %%, "
                   "phase within %.2g degrees, %.1f iterations each\n",
                   name, s->count, 100 * magnitude, phase,
                   (double)NakImpedanceIterations(impedance) / (double)s->count));
  assert_true(magnitude < 1e-3);
  assert_true(phase < 0.1);
  MUST_DESTROY(NakImpedanceDestroy, impedance);
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

/* The first frequencies of a pristine cell's spectrum. */
enum { FIRST = 20 };

static void Measure(const NakModelParams *cell, Number z[FIRST])
{
  const NakImpedanceParams params = Bare();
  NakModel                 model;
  NakImpedance             impedance;
  const NakSpectrum       *s;
  Vec                      U;

  MUST(NakModelCreate(PETSC_COMM_WORLD, cell, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(NakImpedanceCreate(model, &params, &impedance));
  MUST(NakImpedanceSpectrum(impedance, U, &s));
  assert_true(s->count >= FIRST);
  for (int k = 0; k < FIRST; k++) z[k] = (double)s->re[k] + i_unit * (double)s->im[k];
  MUST_DESTROY(NakImpedanceDestroy, impedance);
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

static Number Ohmic(const NakModelParams *cell)
{
  const NakCellParams *p = &cell->cell;

  return (double)(p->series_resistance +
                  p->pellet_thickness * (1 / p->conductivity + p->grain_boundaries));
}

/* Capacitance of the pristine face: the capacitor, and the adlayer by the slope of its charge
   q_m / (1 + exp(f E) / K). */
static double Capacitance(const NakModelParams *cell)
{
  const NakReactionParams *p = &cell->reaction;
  const NakKinetics k = NakKineticsCreate(NaK(), cell->alloy.temperature, &cell->interphase, p, 1);
  const double      f = 96485.33212 / (8.314462618 * cell->alloy.temperature);
  const double      occupied = p->adlayer_constant * exp(-f * NakKineticsOpenCircuit(&k, 1));

  return p->double_layer + p->adlayer_charge * f * occupied / ((1 + occupied) * (1 + occupied));
}

/* The over-limit path lies beside charge transfer. */
static double Resistance(const NakModelParams *cell)
{
  return 1 / (1 / cell->reaction.charge_transfer_resistance +
              1 / cell->interphase.over_limit_resistance);
}

static Number OneArc(const NakModelParams *cell, const NakImpedanceParams *params, PetscReal w)
{
  const double R = Resistance(cell), C = Capacitance(cell);

  (void)params;
  return Ohmic(cell) + R / (1 + i_unit * (double)w * R * C);
}

static void OneArcOfTheInterface(void **unused)
{
  NakImpedanceParams params = Bare();
  NakModelParams     cell   = Cell(4, 1);

  (void)unused;
  params.frequency_min = 0.05; /* the adlayer's arc is at 0.08 s */
  Compare("one arc, 2D", &cell, &params, OneArc);
  cell = Cell(4, 4);
  Compare("one arc, 3D", &cell, &params, OneArc);
  cell.grid.electrolyte_layers = 0;
  Compare("one arc, no electrolyte", &cell, &params, OneArc);
}

static Number TwoArcs(const NakModelParams *cell, const NakImpedanceParams *params, PetscReal w)
{
  const double R = cell->cell.grain_boundaries * cell->cell.pellet_thickness;
  const double C = params->grain_boundary_capacitance;

  return OneArc(cell, params, w) - R + R / (1 + i_unit * (double)w * R * C);
}

/* Of two alike electrodes each has the face of one. */
static void TwoElectrodesHaveTwoFaces(void **unused)
{
  const NakModelParams half  = Cell(4, 1);
  NakModelParams       whole = half;
  Number               one[FIRST], two[FIRST];

  (void)unused;
  whole.counter.kind = NAK_COUNTER_ALLOY;
  Measure(&half, one);
  Measure(&whole, two);
  for (int k = 0; k < FIRST; k++) {
    const Number face = one[k] - Ohmic(&half), faces = two[k] - Ohmic(&half);

    AssertNear("real", creal(faces), 2 * creal(face), 1e-8 * cabs(face));
    AssertNear("imaginary", cimag(faces), 2 * cimag(face), 1e-8 * cabs(face));
  }
}

static void TwoArcsADecadeApart(void **unused)
{
  NakModelParams     cell   = Cell(4, 1);
  NakImpedanceParams params = Bare();

  (void)unused;
  cell.reaction.double_layer        = 2e-3; /* 1e-5 s */
  cell.reaction.adlayer_charge      = 0;
  cell.cell.grain_boundaries        = 100e-4 / cell.cell.pellet_thickness;
  params.grain_boundary_capacitance = 10e-5; /* 1e-6 s */
  Compare("two arcs", &cell, &params, TwoArcs);
}

/* ---- What the deck switches ---- */

static Number Resistor(const NakModelParams *cell, const NakImpedanceParams *params, PetscReal w)
{
  (void)params;
  (void)w;
  return Ohmic(cell) + Resistance(cell);
}

static void NoDoubleLayer(void **unused)
{
  const NakModelParams cell   = Cell(8, 1);
  NakImpedanceParams   params = Bare();

  (void)unused;
  params.double_layer = PETSC_FALSE;
  Compare("no double layer", &cell, &params, Resistor);
}

static void NoConstriction(void **unused)
{
  NakModelParams     cell   = Cell(16, 1);
  NakImpedanceParams params = Bare();

  (void)unused;
  cell.contact.fraction = 0.5;
  params.constriction   = PETSC_FALSE;
  Compare("no constriction, 2D", &cell, &params, OneArc);
  cell                  = Cell(8, 8);
  cell.contact.fraction = 0.5;
  Compare("no constriction, 3D", &cell, &params, OneArc);
}

/* An electrolyte that conducts well keeps both halves of the face at one potential: their
   capacitances add up. */
static Number HalfVoid(const NakModelParams *cell, const NakImpedanceParams *params, PetscReal w)
{
  const double R = Resistance(cell), C = Capacitance(cell) + params->void_capacitance / 2;

  return Ohmic(cell) + R / (1 + i_unit * (double)w * R * C);
}

static void VoidsStoreCharge(void **unused)
{
  NakModelParams     cell   = Cell(4, 1);
  NakImpedanceParams params = Bare();

  (void)unused;
  cell.cell.conductivity  = 100;
  cell.contact.fraction   = 0.5;
  cell.contact.shape      = NAK_CONTACT_STRIP;
  params.void_capacitance = 20;
  Compare("half void", &cell, &params, HalfVoid);
}

/* Whether an unknown of this name is held by a deck that switches one thing off. */
static PetscBool IsHeld(const NakImpedanceParams *params, const char *name)
{
  if (!params->double_layer) return (PetscBool)(strcmp(name, "the charge of the face") == 0);
  if (!params->deposits)
    return (PetscBool)(strstr(name, "K film") != NULL || strstr(name, "Na metal") != NULL);
  return (PetscBool)(strstr(name, "interphase") != NULL || strstr(name, "alloy") != NULL ||
                     strstr(name, "reservoir") != NULL);
}

/* What is switched off is what the names of the unknowns say, in every column. */
static void SwitchesHoldTheirUnknowns(void **unused)
{
  const NakModelParams cell = Cell(4, 1);

  (void)unused;
  for (int off = 0; off < 3; off++) {
    NakImpedanceParams params = Bare();
    NakModel           model;
    NakImpedance       z;
    const PetscReal   *held;
    PetscInt           n;

    params.double_layer = (PetscBool)(off != 0);
    params.diffusion    = (PetscBool)(off != 1);
    params.deposits     = (PetscBool)(off != 2);
    MUST(NakModelCreate(PETSC_COMM_WORLD, &cell, &model));
    MUST(NakImpedanceCreate(model, &params, &z));
    MUST(NakAmendmentsFill(z));
    MUST(VecGetLocalSize(z->frozen, &n));
    MUST(VecGetArrayRead(z->frozen, &held));
    for (PetscInt j = 0; j < n; j++) {
      const NakLayout *l    = NakStateLayout(NakModelState(model));
      const char      *name = NakLayoutName(l, j % l->size);

      if (j % l->size == l->charge) name = "the charge of the face";
      AssertNear(name, held[j], IsHeld(&params, name) ? 1e20 : 0, 0);
    }
    MUST(VecRestoreArrayRead(z->frozen, &held));
    MUST(NakImpedanceDestroy(&z));
    MUST(NakModelDestroy(&model));
  }
}

/* ---- Diffusion ---- */

/* Between a face that takes the current and a top held by an infinite alloy, the content u at the
   face answers with tanh(s) / s / i_lim, s = sqrt(i w tau).  The potential follows u by the slope
   of the open-circuit potential, here by differences. */
static Number Warburg(const NakModelParams *cell, const NakImpedanceParams *params, PetscReal w)
{
  const NakKinetics k =
    NakKineticsCreate(NaK(), cell->alloy.temperature, &cell->interphase, &cell->reaction, 1);
  const double h = 1e-5;
  const double slope =
    (NakKineticsOpenCircuit(&k, 1 - h) - NakKineticsOpenCircuit(&k, 1 + h)) / (2 * h);
  const Number s = csqrt(i_unit * (double)(w * cell->interphase.diffusion_time));

  const double R = cell->reaction.charge_transfer_resistance, C = Capacitance(cell);
  const double over =
    1 / cell->interphase.over_limit_resistance; /* the alloy's potential is held */
  const Number face = R + slope / cell->interphase.limiting_current * ctanh(s) / s;

  (void)params;
  return Ohmic(cell) + 1 / (1 / face + over + i_unit * (double)w * C);
}

static void FiniteLengthWarburg(void **unused)
{
  NakModelParams     cell   = Cell(4, 1);
  NakImpedanceParams params = Bare();

  (void)unused;
  cell.cell.series_resistance              = 0;
  cell.cell.conductivity                   = 1e4;
  cell.reaction.charge_transfer_resistance = 1e-7;
  cell.reaction.double_layer               = 1e-2;
  cell.alloy.volume                        = 1; /* m3: the reservoir never drifts */
  cell.alloy.diffusivity                   = 1e-6;
  cell.grid.alloy_height                   = 1e-6;
  cell.grid.interphase_layers              = 800;
  cell.interphase.thickness                = 37e-9;
  params.diffusion                         = PETSC_TRUE;
  params.frequency_max                     = 1e2;
  params.frequency_min                     = 1e-5;
  Compare("finite-length Warburg", &cell, &params, Warburg);
}

/* ---- Relaxation times ---- */

enum { ARCS = 3 };

typedef struct {
  double R, tau;
} Arc;

static void CreateCircuit(PetscInt arcs, const Arc arc[], NakSpectrum *s)
{
  s->count = 81;
  MUST(PetscMalloc3(s->count, &s->frequency, s->count, &s->re, s->count, &s->im));
  for (PetscInt k = 0; k < s->count; k++) {
    Number z = 250;

    s->frequency[k] = 7e6 * PetscPowReal(10, -(PetscReal)k / 10);
    for (PetscInt a = 0; a < arcs; a++)
      z += arc[a].R / (1 + i_unit * 2 * PETSC_PI * s->frequency[k] * arc[a].tau);
    s->re[k] = creal(z);
    s->im[k] = cimag(z);
  }
  MUST(NakRelaxationGrid(20, s));
}

/* Peak between the times `low` and `high`: where a parabola through the highest values has its top,
   and the area up to there. */
static Arc FindPeak(const NakSpectrum *s, double low, double high)
{
  const double step = log(s->tau[1] / s->tau[0]);
  PetscInt     top  = -1;
  Arc          peak = {0, 0};
  double       a, b, c;

  for (PetscInt j = 1; j + 1 < s->n_tau; j++) {
    if (s->tau[j] < low || s->tau[j] > high) continue;
    peak.R += step * s->gamma[j];
    if (top < 0 || s->gamma[j] > s->gamma[top]) top = j;
  }
  a        = s->gamma[top - 1];
  b        = s->gamma[top];
  c        = s->gamma[top + 1];
  peak.tau = s->tau[top] * exp(step * (a - c) / (2 * (a - 2 * b + c)));
  return peak;
}

/* From a decade before the highest frequency to one after the lowest, in whatever order they
   come. */
static void TimesCoverTheFrequencies(void **state)
{
  PetscReal   frequency[] = {1000, 1, 100};
  NakSpectrum s           = {.count = 3, .frequency = frequency};

  (void)state;
  for (int turn = 0; turn < 3; turn++) {
    const PetscReal first = frequency[0];

    MUST(NakRelaxationGrid(4, &s));
    assert_int_equal(s.n_tau, 5 * 4 + 1);
    AssertRelative("first", s.tau[0], 0.1 / (2 * PETSC_PI * 1000), 1e-14);
    AssertRelative("last", s.tau[s.n_tau - 1], 10 / (2 * PETSC_PI), 1e-12);
    MUST(PetscFree2(s.tau, s.gamma));
    frequency[0] = frequency[1];
    frequency[1] = frequency[2];
    frequency[2] = first;
  }
}

/* A circuit obeys the relations of Kramers and Kronig, and one with a wrong point does not. */
static void CircuitsAreConsistent(void **unused)
{
  const Arc arcs[] = {
    {100, 1e-3},
    {40,  1e-5}
  };
  NakConsistency c;
  NakSpectrum    s = {0};

  (void)unused;
  CreateCircuit(2, arcs, &s);
  MUST(NakKramersKronig(&s, &c));
  assert_true(c.largest < 1e-3 && c.rms < c.largest);
  s.im[40] -= 0.03 * s.re[40];
  MUST(NakKramersKronig(&s, &c));
  assert_true(c.largest > 0.01);
  AssertRelative("where", c.worst, s.frequency[40], 1e-14);
  MUST(PetscFree3(s.frequency, s.re, s.im));
  MUST(PetscFree2(s.tau, s.gamma));
}

static void PeaksOfKnownCircuits(void **unused)
{
  const NakImpedanceParams params = Bare();

  const Arc arc[ARCS] = {
    {100, 1e-6},
    {30,  2e-4},
    {50,  1e-2}
  };
  const double limit[ARCS + 1] = {1e-8, 1.4e-5, 1.4e-3, 1};
  NakSpectrum  s               = {0};

  (void)unused;
  CreateCircuit(ARCS, arc, &s);
  MUST(NakRelaxationTimes(&params, &s));
  for (int k = 0; k < ARCS; k++) {
    const Arc peak = FindPeak(&s, limit[k], limit[k + 1]);

    MUST(PetscPrintf(PETSC_COMM_WORLD, "peak at %.4g s for %.4g s, area %.5g for %.5g\n", peak.tau,
                     arc[k].tau, peak.R, arc[k].R));
    assert_true(fabs(peak.tau / arc[k].tau - 1) < 0.05);
    assert_true(fabs(peak.R / arc[k].R - 1) < 0.03);
  }
  assert_true(fabs(s.resistance / 250 - 1) < 0.01);
  for (PetscInt j = 0; j < s.n_tau; j++) assert_true(s.gamma[j] >= 0);
  MUST(PetscFree3(s.frequency, s.re, s.im));
  MUST(PetscFree2(s.tau, s.gamma));
}

/* Normal noise of a standard deviation of `noise` of each |Z|, by Box and Muller. */
static void AddNoise(uint64_t seed, PetscReal noise, NakSpectrum *s)
{
  for (PetscInt k = 0; k < s->count; k++) {
    const PetscReal size = noise * PetscSqrtReal(PetscSqr(s->re[k]) + PetscSqr(s->im[k]));
    PetscReal       u[2];

    NakRandom(seed, 0, (uint64_t)k, u);
    s->re[k] += size * PetscSqrtReal(-2 * PetscLogReal(u[0])) * PetscCosReal(2 * PETSC_PI * u[1]);
    s->im[k] += size * PetscSqrtReal(-2 * PetscLogReal(u[0])) * PetscSinReal(2 * PETSC_PI * u[1]);
  }
}

/* Of at least 3 % of the highest, between the relaxation times that the frequencies measure. */
static int CountPeaks(const NakSpectrum *s)
{
  const double low   = 1 / (2 * PETSC_PI * s->frequency[0]);
  const double high  = 1 / (2 * PETSC_PI * s->frequency[s->count - 1]);
  double       most  = 0;
  int          peaks = 0;

  for (PetscInt j = 0; j < s->n_tau; j++) most = fmax(most, s->gamma[j]);
  for (PetscInt j = 1; j + 1 < s->n_tau; j++)
    if (s->tau[j] > low && s->tau[j] < high && s->gamma[j] > 0.03 * most &&
        s->gamma[j] > s->gamma[j - 1] && s->gamma[j] >= s->gamma[j + 1])
      peaks++;
  return peaks;
}

/* Two processes under noise have two peaks. */
static void NoiseHasNoPeaks(void **unused)
{
  const PetscReal    noise[] = {3e-3, 1e-2};
  NakImpedanceParams params  = Bare();
  const Arc          arc[]   = {
               {100, 1e-6},
               {50,  1e-2}
  };

  (void)unused;
  params.lambda_choice = NAK_LAMBDA_GCV;
  for (uint64_t seed = 1; seed <= 6; seed++)
    for (int k = 0; k < 2; k++) {
      NakSpectrum s = {0};

      CreateCircuit(2, arc, &s);
      AddNoise(seed, noise[k], &s);
      MUST(NakRelaxationTimes(&params, &s));
      MUST(PetscPrintf(PETSC_COMM_WORLD, "noise %g, seed %d: %d peaks, %.4g and %.4g ohm cm2\n",
                       noise[k], (int)seed, CountPeaks(&s), FindPeak(&s, 1e-8, 1e-4).R,
                       FindPeak(&s, 1e-4, 1).R));
      assert_int_equal(CountPeaks(&s), 2);
      assert_true(fabs(FindPeak(&s, 1e-8, 1e-4).R / 100 - 1) < 10 * noise[k]);
      assert_true(fabs(FindPeak(&s, 1e-4, 1).R / 50 - 1) < 10 * noise[k]);
      MUST(PetscFree3(s.frequency, s.re, s.im));
      MUST(PetscFree2(s.tau, s.gamma));
    }
}

/* Times of a spectrum 1e12 times smaller are 1e12 times smaller. */
static void UnitsDoNotMatter(void **unused)
{
  const NakImpedanceParams params = Bare();
  const Arc                arc[]  = {
                    {100, 1e-6},
                    {50,  1e-2}
  };
  NakSpectrum s[2] = {{0}, {0}};
  PetscReal   most = 0;

  (void)unused;
  for (int k = 0; k < 2; k++) {
    CreateCircuit(2, arc, &s[k]);
    for (PetscInt j = 0; j < s[k].count && k == 1; j++) s[k].re[j] *= 1e-12, s[k].im[j] *= 1e-12;
    MUST(NakRelaxationTimes(&params, &s[k]));
  }
  for (PetscInt j = 0; j < s[0].n_tau; j++) most = fmax(most, s[0].gamma[j]);
  for (PetscInt j = 0; j < s[0].n_tau; j++)
    AssertNear("gamma", 1e12 * s[1].gamma[j], s[0].gamma[j], 1e-6 * most);
  AssertRelative("resistance", 1e12 * s[1].resistance, s[0].resistance, 1e-6);
  for (int k = 0; k < 2; k++) {
    MUST(PetscFree3(s[k].frequency, s[k].re, s[k].im));
    MUST(PetscFree2(s[k].tau, s[k].gamma));
  }
}

/* ---- The weight of the roughness, by independent formulas ---- */

enum { TRIALS = 15, UNKNOWNS = 256 };

typedef double Square[UNKNOWNS][UNKNOWNS];

/* What a solution leaves, how rough it is, and how many numbers it is free to choose. */
typedef struct {
  double misfit, roughness, freedom;
} Trial;

/* Trace of (A' A + lambda D)^-1 A' A over the n unknowns of `index`, by elimination. */
static double Trace(PetscInt n, const PetscInt index[], Square A2, Square D, double lambda)
{
  static Square H, right;
  double        trace = 0;

  for (PetscInt i = 0; i < n; i++)
    for (PetscInt j = 0; j < n; j++) {
      right[i][j] = A2[index[i]][index[j]];
      H[i][j]     = right[i][j] + lambda * D[index[i]][index[j]];
    }
  for (PetscInt k = 0; k < n; k++)
    for (PetscInt i = k + 1; i < n; i++) {
      const double factor = H[i][k] / H[k][k];

      for (PetscInt j = k; j < n; j++) H[i][j] -= factor * H[k][j];
      for (PetscInt j = 0; j < n; j++) right[i][j] -= factor * right[k][j];
    }
  for (PetscInt i = n - 1; i >= 0; i--) {
    for (PetscInt j = 0; j < n; j++) {
      for (PetscInt k = i + 1; k < n; k++) right[i][j] -= H[i][k] * right[k][j];
      right[i][j] /= H[i][i];
    }
    trace += right[i][i];
  }
  return trace;
}

/* Of the solution in `s`, whose last unknown is the resistance. */
static Trial Judge(const NakSpectrum *s)
{
  static Square  A2, D;
  const PetscInt n     = s->n_tau + 1;
  const double   step  = log(s->tau[1] / s->tau[0]);
  Trial          trial = {0, 0, 0};
  PetscInt       index[UNKNOWNS], free = 0;
  double         most = 0;

  assert_true(n <= UNKNOWNS);
  memset(A2, 0, sizeof A2);
  memset(D, 0, sizeof D);
  for (PetscInt k = 0; k < s->count; k++) {
    Number row[UNKNOWNS], left = -s->re[k] - i_unit * s->im[k] + s->resistance;

    for (PetscInt j = 0; j < n; j++) {
      row[j] = j == n - 1 ? 1 : step / (1 + i_unit * 2 * PETSC_PI * s->frequency[k] * s->tau[j]);
      if (j < n - 1) left += row[j] * s->gamma[j];
    }
    trial.misfit += creal(left) * creal(left) + cimag(left) * cimag(left);
    for (PetscInt i = 0; i < n; i++)
      for (PetscInt j = 0; j < n; j++)
        A2[i][j] += creal(row[i]) * creal(row[j]) + cimag(row[i]) * cimag(row[j]);
  }
  for (PetscInt j = 0; j <= s->n_tau; j++) { /* gamma is 0 beyond its ends */
    const double low = j > 0 ? s->gamma[j - 1] : 0, high = j < s->n_tau ? s->gamma[j] : 0;

    trial.roughness += (high - low) * (high - low) / step;
    if (j < s->n_tau) D[j][j] = 2 / step;
    if (j > 0 && j < s->n_tau) D[j - 1][j] = D[j][j - 1] = -1 / step;
    most = fmax(most, high);
  }
  for (PetscInt j = 0; j < n; j++)
    if (j == n - 1 || s->gamma[j] > 1e-9 * most) index[free++] = j;
  trial.freedom = Trace(free, index, A2, D, s->lambda);
  return trial;
}

/* The strongest weight whose cross-validation is within a standard error of the least. */
static int Strongest(const Trial t[TRIALS], double data)
{
  double value[TRIALS], least = HUGE_VAL;
  int    chosen = 0;

  for (int k = 0; k < TRIALS; k++) {
    value[k] = t[k].misfit / pow(data - t[k].freedom, 2);
    least    = fmin(least, value[k]);
  }
  for (int k = 0; k < TRIALS; k++)
    if (value[k] <= least * (1 + sqrt(2 / data))) chosen = k;
  return chosen;
}

/* Where the circle through three points of the L-curve is smallest: 4 area / (a b c). */
static int Corner(const Trial t[TRIALS])
{
  double most   = -HUGE_VAL;
  int    chosen = 0;

  for (int k = 1; k + 1 < TRIALS; k++) {
    const double ax = log(t[k].misfit / t[k - 1].misfit), bx = log(t[k + 1].misfit / t[k].misfit);
    const double ay = log(t[k].roughness / t[k - 1].roughness);
    const double by = log(t[k + 1].roughness / t[k].roughness);
    const double bend =
      2 * (ax * by - ay * bx) / (hypot(ax, ay) * hypot(bx, by) * hypot(ax + bx, ay + by));

    if (bend <= most) continue;
    most   = bend;
    chosen = k;
  }
  return chosen;
}

/* Two weights a decade from 1e-7 on are tried; the one that each criterion wants is taken. */
static void WeightsAreTheCriterions(void **unused)
{
  const PetscReal noise[] = {3e-3, 3e-3, 1e-5,
                             1}; /* the last two want the weakest, the strongest */
  const Arc       arc[]   = {
            {100, 1e-6},
            {50,  1e-2}
  };

  (void)unused;
  for (int seed = 1; seed <= 4; seed++) {
    NakImpedanceParams params = Bare();
    Trial              trial[TRIALS];
    NakSpectrum        s = {0};

    CreateCircuit(2, arc, &s);
    AddNoise((uint64_t)seed, noise[seed - 1], &s);
    for (int k = 0; k < TRIALS; k++) {
      params.lambda = 1e-7 * pow(10, k / 2.0);
      MUST(NakRelaxationTimes(&params, &s));
      trial[k] = Judge(&s);
    }
    params.lambda_choice = NAK_LAMBDA_GCV;
    MUST(NakRelaxationTimes(&params, &s));
    AssertRelative("by cross-validation", s.lambda,
                   1e-7 * pow(10, Strongest(trial, 2.0 * (double)s.count) / 2.0), 1e-12);
    params.lambda_choice = NAK_LAMBDA_L_CURVE;
    MUST(NakRelaxationTimes(&params, &s));
    AssertRelative("by the L-curve", s.lambda, 1e-7 * pow(10, Corner(trial) / 2.0), 1e-12);
    MUST(PetscFree3(s.frequency, s.re, s.im));
    MUST(PetscFree2(s.tau, s.gamma));
  }
}

/* Half of the gradient of what the fit minimises, by each gamma and, last, the resistance; and the
   largest of its parts without the fit. */
static double Gradient(const NakSpectrum *s, double gradient[UNKNOWNS])
{
  const PetscInt n    = s->n_tau + 1;
  const double   step = log(s->tau[1] / s->tau[0]);
  double         part[UNKNOWNS], size = 0;

  for (PetscInt j = 0; j < n; j++) {
    const double low = j > 0 ? s->gamma[j - 1] : 0, high = j + 1 < s->n_tau ? s->gamma[j + 1] : 0;

    gradient[j] = j < s->n_tau ? s->lambda * (2 * s->gamma[j] - low - high) / step : 0;
    part[j]     = 0;
  }
  for (PetscInt k = 0; k < s->count; k++) {
    Number row[UNKNOWNS], left = -s->re[k] - i_unit * s->im[k] + s->resistance;

    for (PetscInt j = 0; j < n; j++) {
      row[j] = j == n - 1 ? 1 : step / (1 + i_unit * 2 * PETSC_PI * s->frequency[k] * s->tau[j]);
      if (j < n - 1) left += row[j] * s->gamma[j];
    }
    for (PetscInt j = 0; j < n; j++) {
      gradient[j] += creal(conj(row[j]) * left);
      part[j] += creal(conj(row[j]) * (s->re[k] + i_unit * s->im[k]));
    }
  }
  for (PetscInt j = 0; j < n; j++) size = fmax(size, fabs(part[j]));
  return size;
}

/* The conditions of Karush, Kuhn and Tucker, which only the minimum meets: where a gamma is above 0
   the gradient is 0, elsewhere it is not below.  Also where the noise is as large as the spectrum
   and hardly smoothed. */
static void TimesAreTheMinimum(void **unused)
{
  const Arc arc[] = {
    {100, 1e-6},
    {50,  1e-2}
  };
  NakImpedanceParams params = Bare();
  double             gradient[UNKNOWNS];

  (void)unused;
  for (uint64_t seed = 1; seed <= 8; seed++)
    for (double noise = 2e-2; noise < 1; noise *= 5)
      for (params.lambda = 1e-7; params.lambda < 1; params.lambda *= 30) {
        NakSpectrum s = {.lambda = params.lambda};
        double      size;

        CreateCircuit(2, arc, &s);
        AddNoise(seed, noise, &s);
        MUST(NakRelaxationTimes(&params, &s));
        size = Gradient(&s, gradient);
        for (PetscInt j = 0; j <= s.n_tau; j++) {
          const double here = j < s.n_tau ? s.gamma[j] : s.resistance;

          assert_true(here >= 0);
          AssertNear("gradient", here > 0 ? gradient[j] : fmin(gradient[j], 0), 0, 1e-11 * size);
        }
        MUST(PetscFree3(s.frequency, s.re, s.im));
        MUST(PetscFree2(s.tau, s.gamma));
      }
}

/* A spectrum that no gamma can fit has none. */
static void NoTimesOfNegativeArcs(void **unused)
{
  const NakImpedanceParams params = Bare();
  const Arc                arc[]  = {
                    {-1000, 1e-6}
  };
  NakSpectrum s = {0};

  (void)unused;
  CreateCircuit(1, arc, &s);
  for (PetscInt k = 0; k < s.count; k++) s.re[k] -= 250;
  MUST(NakRelaxationTimes(&params, &s));
  for (PetscInt j = 0; j < s.n_tau; j++) assert_true(s.gamma[j] == 0);
  assert_true(s.resistance == 0);
  MUST(PetscFree3(s.frequency, s.re, s.im));
  MUST(PetscFree2(s.tau, s.gamma));
}

static const struct CMUnitTest tests[] = {

  cmocka_unit_test(TimesAreTheMinimum),       cmocka_unit_test(NoTimesOfNegativeArcs),
  cmocka_unit_test(WeightsAreTheCriterions),  cmocka_unit_test(UnitsDoNotMatter),
  cmocka_unit_test(OneArcOfTheInterface),     cmocka_unit_test(TwoElectrodesHaveTwoFaces),
  cmocka_unit_test(TwoArcsADecadeApart),      cmocka_unit_test(NoDoubleLayer),
  cmocka_unit_test(NoConstriction),           cmocka_unit_test(SwitchesHoldTheirUnknowns),
  cmocka_unit_test(VoidsStoreCharge),         cmocka_unit_test(FiniteLengthWarburg),
  cmocka_unit_test(TimesCoverTheFrequencies), cmocka_unit_test(PeaksOfKnownCircuits),
  cmocka_unit_test(CircuitsAreConsistent),    cmocka_unit_test(NoiseHasNoPeaks),
};

NAK_TEST_MAIN(tests)
