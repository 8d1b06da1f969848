/* Time: the order of the integrator, error control, events and switches at their exact moments, the
   steady state against a formula, and what is left when the solver gives up. */
#include "stepper_impl.h"

#include <math.h>
#include <string.h>

#include "bench_fixture.h"
#include "units_fixture.h"

static const PetscReal F = 96485.33212, f = 96485.33212 / (8.314462618 * 298.15);
static const PetscReal beyond =
  100e-4 + 1.5e-3 / 0.1; /* series resistance and electrolyte [ohm m2] */

static NakModelParams Params(PetscInt nx)
{
  NakModelParams params = NaK50Cell(nx, 1);

  params.grid.electrolyte_layers = 6;
  params.grid.interphase_layers  = 8;
  params.grid.alloy_layers       = 12;
  params.contact.fraction        = nx > 1 ? 0.5 : 1;
  params.contact.shape           = NAK_CONTACT_STRIP;
  return params;
}

static NakStepperParams Steps(PetscReal tolerance)
{
  return (NakStepperParams){.tolerance        = tolerance,
                            .linear_tolerance = 1e-12,
                            .first_step       = 1e-3,
                            .shortest_step    = 1e-10,
                            .longest_step     = 3600};
}

static void RunProtocolStep(Bench *b)
{
  Enter(b);
  while (!b->over) Step(b);
  MUST(NakProtocolLeave(b->protocol, &b->now, NAK_END_NONE, NULL));
}

static void RunAll(Bench *b)
{
  while (!NakProtocolDone(b->protocol)) RunProtocolStep(b);
}

/* ---- Order ---- */

/* Largest difference of two states, of all but the integrals, relative to 1 + |value|. */
static PetscReal Distance(NakModel model, Vec a, Vec b)
{
  const PetscInt   size  = NakStateLayout(NakModelState(model))->size;
  PetscReal        worst = 0;
  PetscInt         n;
  const PetscReal *x, *y;

  MUST(VecGetLocalSize(a, &n));
  MUST(VecGetArrayRead(a, &x));
  MUST(VecGetArrayRead(b, &y));
  for (PetscInt k = 0; k < n; k++)
    if (k % size > 2) worst = PetscMax(worst, PetscAbsReal(x[k] - y[k]) / (1 + PetscAbsReal(y[k])));
  MUST(VecRestoreArrayRead(a, &x));
  MUST(VecRestoreArrayRead(b, &y));
  MUST(
    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPIU_REAL, MPIU_MAX, PetscObjectComm((PetscObject)a)));
  return worst;
}

static const char *const constant = "[{strip: 4 A/m^2, for: 8 s}]";
static const char *const ramp     = "[{ramp: {from: 4 A/m^2, to: 6 A/m^2}, for: 8 s}]";

/* From `start`, 8 s of an item in equal steps. */
static Bench EqualSteps(MPI_Comm comm, const NakModelParams *params, Vec start, PetscInt count,
                        const char *item)
{
  NakStepperParams steps = Steps(1);
  Bench            b;

  steps.first_step = 8.0 / (PetscReal)count;
  MUST(PetscOptionsSetValue(NULL, "-ts_adapt_type", "none"));
  b = Open(comm, params, &steps, item);
  MUST(PetscOptionsClearValue(NULL, "-ts_adapt_type"));
  MUST(VecCopy(start, NakStepperState(b.stepper)));
  RunProtocolStep(&b);
  assert_int_equal(NakStepperCounts(b.stepper).steps, count);
  assert_int_equal(NakStepperCounts(b.stepper).rejected, 0);
  assert_int_equal(b.now.newton_iterations, 4 * count); /* one a stage */
  return b;
}

/* After the first seconds the solution is smooth; the steps stay long against the double layer and
   against diffusion through the finest layers, which is the stiff regime that the method is for. */
static void CheckOrder(MPI_Comm comm, const char *title, const NakModelParams *params,
                       PetscInt most, const char *item)
{
  const NakStepperParams steps  = Steps(1e-8);
  Bench                  before = Open(comm, params, &steps, "[{strip: 4 A/m^2, for: 4 s}]");
  Vec                    start  = NakStepperState(before.stepper);
  PetscReal              last = 0, order = 0;
  Bench                  finest;

  RunProtocolStep(&before);
  finest = EqualSteps(comm, params, start, 8 * most, item);
  for (PetscInt count = 8; count <= most; count *= 2) {
    Bench           b = EqualSteps(comm, params, start, count, item);
    const PetscReal error =
      Distance(b.model, NakStepperState(b.stepper), NakStepperState(finest.stepper));

    order = last > 0 ? PetscLog2Real(last / error) : 0;
    MUST(PetscPrintf(comm, "%s: %3d steps, error %.3e, order %.2f\n", title, (int)count,
                     (double)error, (double)order));
    last = error;
    Close(&b);
  }
  AssertNear("order in time", order, 3, 0.25);
  Close(&finest);
  Close(&before);
}

static void OrderInTime(void **unused)
{
  const NakModelParams one = Params(1), two = Params(8);

  (void)unused;
  if (Ranks() == 1) CheckOrder(PETSC_COMM_SELF, "1D", &one, 32, constant);
  if (Ranks() == 1) CheckOrder(PETSC_COMM_SELF, "1D on a ramp", &one, 32, ramp);
  CheckOrder(PETSC_COMM_WORLD, "2D", &two, Ranks() == 1 ? 32 : 16, constant);
}

/* The same of the backward differentiation, whose steps grow to what is the longest allowed.  Its
   Newton's method stops at a part of the tolerance, which so is small enough for it and large
   enough for every step. */
static Bench LongestSteps(MPI_Comm comm, const NakModelParams *params, Vec start, PetscReal longest)
{
  NakStepperParams steps = Steps(1e-3);
  Bench            b;

  steps.integrator   = NAK_INTEGRATOR_BDF;
  steps.first_step   = longest / 64;
  steps.longest_step = longest;
  b                  = Open(comm, params, &steps, "[{strip: 4 A/m^2, for: 8 s}]");
  MUST(VecCopy(start, NakStepperState(b.stepper)));
  RunProtocolStep(&b);
  return b;
}

static void BackwardOrder(MPI_Comm comm, const char *title, const NakModelParams *params)
{
  const NakStepperParams steps  = Steps(1e-8);
  Bench                  before = Open(comm, params, &steps, "[{strip: 4 A/m^2, for: 4 s}]");
  Vec                    start  = NakStepperState(before.stepper);
  PetscReal              last = 0, order = 0;
  Bench                  finest;

  RunProtocolStep(&before);
  finest = EqualSteps(comm, params, start, 256, constant);
  for (PetscReal longest = 0.25; longest > 0.02; longest /= 2) {
    Bench           b = LongestSteps(comm, params, start, longest);
    const PetscReal error =
      Distance(b.model, NakStepperState(b.stepper), NakStepperState(finest.stepper));

    order = last > 0 ? PetscLog2Real(last / error) : 0;
    MUST(PetscPrintf(comm, "%s: steps of %g s, %d, error %.3e, order %.2f\n", title,
                     (double)longest, (int)NakStepperCounts(b.stepper).steps, (double)error,
                     (double)order));
    last = error;
    Close(&b);
  }
  AssertNear("order in time", order, 2, 0.25);
  Close(&finest);
  Close(&before);
}

static void BackwardDifferentiation(void **unused)
{
  const NakModelParams one = Params(1), two = Params(8);

  (void)unused;
  if (Ranks() == 1) BackwardOrder(PETSC_COMM_SELF, "1D", &one);
  BackwardOrder(PETSC_COMM_WORLD, "2D", &two);
}

/* A hundred times smaller tolerance, a much smaller error. */
static void ToleranceControlsTheError(void **unused)
{
  const char          *protocol     = "[{strip: 0.5 mA/cm^2, for: 20 s}]";
  const PetscReal      tolerances[] = {1e-9, 1e-3, 1e-5};
  const NakModelParams params       = Params(1);
  PetscReal            voltage[3];

  (void)unused;
  for (int k = 0; k < 3; k++) {
    const NakStepperParams steps = Steps(tolerances[k]);
    Bench                  b     = Open(PETSC_COMM_SELF, &params, &steps, protocol);

    RunAll(&b);
    voltage[k] = b.now.voltage;
    Close(&b);
  }
  AssertNear("at 1e-3", voltage[1], voltage[0], 3e-3 / f);
  AssertNear("at 1e-5", voltage[2], voltage[0], 3e-5 / f);
}

/* Half of the columns begin with so little of their face open, the charge that this holds, and so
   much Na under it. */
static void Block(Bench *b, const NakModelParams *p, PetscReal open, PetscReal content)
{
  const NakKinetics k =
    NakKineticsCreate(NaK(), p->alloy.temperature, &p->interphase, &p->reaction, 1);
  const NakLayout *l = NakStateLayout(NakModelState(b->model));
  PetscInt         xs, ys, xm, ym;
  PetscReal       *u;

  MUST(DMDAGetCorners(NakStateDM(NakModelState(b->model)), &xs, &ys, NULL, &xm, &ym, NULL));
  MUST(VecGetArray(NakStepperState(b->stepper), &u));
  for (PetscInt i = 0; i < xm; i++) {
    PetscReal *column = u + (ptrdiff_t)i * l->size;

    if ((xs + i) % 2 == 0) continue;
    column[l->open]   = open;
    column[l->charge] = NakKineticsCharge(&k, column[l->potential], open).value;
    for (PetscInt j = l->interphase; j < l->alloy; j++) column[j] = content;
  }
  MUST(VecRestoreArray(NakStepperState(b->stepper), &u));
  MUST(NakModelMeasure(b->model, NakStepperState(b->stepper), &b->now, NULL));
}

typedef struct {
  const char *title;
  PetscReal   growing, dissolving, spreading; /* [1/s], [s], [m2/s] */
  PetscReal   content;                        /* of the interphase in blocked columns */
} FilmCase;

/* What is left open where it is least. */
static PetscReal LeastOpen(const Bench *b)
{
  PetscReal least;

  MUST(VecStrideMin(NakStepperState(b->stepper), NakStateLayout(NakModelState(b->model))->open,
                    NULL, &least));
  return least;
}

/* The steps that it takes at a tolerance of 1e-3, by which voltage and open share are not 1 % off
   those at 1e-5. */
static PetscInt BlockedSteps(const FilmCase *film, PetscReal open)
{
  const PetscReal tolerances[] = {1e-5, 1e-3};
  NakModelParams  params       = Params(8);
  PetscReal       voltage[2], least[2];
  PetscInt        count = 0;

  params.contact.fraction                 = 1;
  params.interphase.film_rate             = film->growing;
  params.interphase.film_dissolution_time = film->dissolving;
  params.interphase.film_spreading        = film->spreading;
  for (int k = 0; k < 2; k++) {
    NakStepperParams steps = Steps(tolerances[k]);
    Bench            b;

    steps.linear_tolerance = 1e-11; /* as by default */
    b = Open(PETSC_COMM_WORLD, &params, &steps, "[{strip: 2 A/m^2, for: 60 s}]");
    Block(&b, &params, open, film->content);
    RunAll(&b);
    voltage[k] = b.now.voltage;
    least[k]   = LeastOpen(&b);
    count      = NakStepperCounts(b.stepper).steps;
    Close(&b);
  }
  MUST(PetscPrintf(PETSC_COMM_WORLD, "%s, %g open: %.6g V, %.6g V in %d steps, %.3g open\n",
                   film->title, (double)open, (double)voltage[0], (double)voltage[1], (int)count,
                   (double)least[1]));
  AssertNear("voltage", voltage[1], voltage[0], 0.01 * PetscAbsReal(voltage[0]));
  AssertNear("open", least[1], least[0], 0.01 * least[0]);
  if (film->growing > 1e-3)
    AssertNear("open", least[0], open * PetscExpReal(-60 * film->growing), 0.01 * least[0]);
  return count;
}

/* However small a part of a face is open, whether its film dissolves, rests, spreads or grows: it
   costs a few steps more than a thousandth does, and no accuracy. */
static void BlockedColumns(void **unused)
{
  const PetscReal opens[] = {1e-12, 1e-24};
  const FilmCase  films[] = {
     {"dissolves", 1e-3, 3600, 1e-15, 1   },
     {"rests",     0,    1e12, 0,     1   },
     {"spreads",   0,    1e12, 1e-15, 1   },
     {"grows",     1e-2, 1e12, 0,     1e-3}
  };

  (void)unused;
  for (int n = 0; n < 4; n++) {
    const PetscInt plain = BlockedSteps(&films[n], 1e-3);

    for (int k = 0; k < 2; k++) assert_true(BlockedSteps(&films[n], opens[k]) <= plain + plain / 2);
  }
}

/* ---- Events and switches ---- */

static void CapacityCutOff(void **unused)
{
  const char *const      protocol = "[{strip: 0.5 mA/cm^2, until: capacity > 10 C/m^2}]";
  const NakModelParams   params   = Params(1);
  const NakStepperParams steps    = Steps(1e-4);
  Bench                  b        = Open(PETSC_COMM_SELF, &params, &steps, protocol);

  (void)unused;
  RunAll(&b);
  AssertNear("time", b.now.time, 2, 4e-6); /* the cut-off is met to 1e-6 of it */
  AssertNear("capacity", b.now.capacity, 10, 2e-5);
  assert_true(b.now.capacity >= 10);
  Close(&b);
}

/* Located to the same moment whatever the steps around it. */
static void VoltageCutOff(void **unused)
{
  const char *const    protocol     = "[{strip: 1 mA/cm^2, until: voltage > 3 V}]";
  const PetscReal      tolerances[] = {1e-9, 1e-4};
  const NakModelParams params       = Params(1);
  PetscReal            time[2];

  (void)unused;
  for (int k = 0; k < 2; k++) {
    const NakStepperParams steps = Steps(tolerances[k]);
    Bench                  b     = Open(PETSC_COMM_SELF, &params, &steps, protocol);

    RunAll(&b);
    AssertNear("voltage", b.now.voltage, 3, 1e-5);
    assert_true(b.now.voltage >= 3);
    time[k] = b.now.time;
    Close(&b);
  }
  AssertNear("time", time[1], time[0], 1e-3 * time[0]);
}

/* A condition that comes true sooner than the shortest step takes ends the hold, not the run: 1e-12
   s after the switch, by 1 A/m2 on 1e-4 F/m2. */
static void CutOffWithinTheShortestStep(void **unused)
{
  NakModelParams         params = Params(1);
  const NakStepperParams steps  = Steps(1e-4);
  char                   protocol[128];
  Bench                  b;

  (void)unused;
  params.reaction.double_layer   = 1e-4;
  params.reaction.adlayer_charge = 0;
  b = Open(PETSC_COMM_SELF, &params, &steps, "[{strip: 1 A/m^2, for: 1 s}]");
  (void)snprintf(
    protocol, sizeof protocol, "[{strip: 1 A/m^2, until: voltage > %.15g V}]",
    b.now.voltage +
      (params.cell.series_resistance + params.cell.pellet_thickness / params.cell.conductivity) +
      1e-8);
  Close(&b);
  b = Open(PETSC_COMM_SELF, &params, &steps, protocol);
  RunAll(&b);
  assert_true(b.now.time > 0 && b.now.time < 1e-9);
  AssertNear("voltage", b.now.voltage, 1.547e-3 + 250e-4, 1e-5); /* OCV and the pellet */
  Close(&b);
}

/* The search finds a moment that is known, of a jump, a bend or a runaway, and not just its
   neighbourhood. */
static void SearchFinds(PetscReal moment, PetscReal below, PetscReal above, PetscReal span)
{
  NakBracket k     = {.a = 0, .b = 1};
  PetscReal  range = span > 0 ? below * expm1((1 - moment) / span) : above;

  k.ga = span > 0 ? below * expm1(-moment / span) : -below;
  k.gb = k.over = range;
  while (k.tries < NAK_EVENT_TRIES && k.over > NAK_EVENT_NEAR && k.b - k.a > 1e-9) {
    const PetscReal t = NakBracketNext(&k), jump = t < moment ? -below : above;

    NakBracketTake(&k, (PetscBool)(t < moment), t,
                   span > 0 ? below * expm1((t - moment) / span) : jump);
    assert_true(k.a < moment && moment <= k.b);
  }
  if (!(k.over <= NAK_EVENT_NEAR || k.b - k.a <= 1e-9))
    fail_msg("from %g to %g over %g at %g: %g wide, %g beyond", (double)-below, (double)range,
             (double)span, (double)moment, (double)(k.b - k.a), (double)k.over);
}

static void SearchesFind(void **unused)
{
  const PetscReal moments[] = {1e-5, 0.013, 0.3, 0.64, 0.99, 0.99999};
  const PetscReal sizes[] = {1e-5, 1e-3, 0.1, 1, 30}, spans[] = {0.003, 0.03, 1, 10};

  (void)unused;
  for (size_t m = 0; m < sizeof moments / sizeof *moments; m++) {
    for (size_t k = 0; k < 25; k++) SearchFinds(moments[m], sizes[k % 5], sizes[k / 5], 0);
    for (size_t k = 0; k < 20; k++) SearchFinds(moments[m], sizes[k % 5], 0, spans[k / 5]);
  }
}

/* The record counts what steps took that were repeated to meet a condition, and turns that were
   tried in vain after a jump.  A jump is as long as its turns. */
static void AllIterationsCount(void **unused)
{
  const char *const protocol =
    "[{pulses: {current: 1 mA/cm^2, on: 1 s, off: 5 s, count: 100000}, until: voltage > 3 V}]";
  NakModelParams   params = Params(1);
  NakStepperParams steps  = Steps(1e-4);
  PetscInt         undone = 0, jumped = 0;
  Bench            b;

  (void)unused;
  params.alloy.volume      = 1e-9;
  params.grid.alloy_height = 10e-6;
  steps.jump               = PETSC_TRUE;
  steps.jump_tolerance     = 1e-3;
  b                        = Open(PETSC_COMM_SELF, &params, &steps, protocol);
  while (!NakProtocolDone(b.protocol)) {
    PetscInt  before, turns = 0;
    PetscReal begin;

    RunProtocolStep(&b);
    before = NakStepperCounts(b.stepper).steps;
    begin  = b.now.time;
    if (!NakProtocolDone(b.protocol)) MUST(NakStepperJump(b.stepper, b.protocol, &b.now, &turns));
    if (turns == 0 && NakStepperCounts(b.stepper).steps > before) undone++;
    jumped += turns > 0;
    AssertNear("length", b.now.time - begin, 6 * (PetscReal)turns, 1e-9 * b.now.time);
  }
  assert_true(undone > 0 && jumped > 0);
  assert_int_equal(b.now.linear_iterations, NakStepperCounts(b.stepper).linear_iterations);
  Close(&b);
}

/* The count of rejected steps is that of the integrator, over all steps. */
static void RejectedStepsCount(void **unused)
{
  const PetscInt       integrators[] = {NAK_INTEGRATOR_ROSENBROCK, NAK_INTEGRATOR_BDF};
  const NakModelParams params        = Params(1);

  (void)unused;
  for (int k = 0; k < 2; k++) {
    NakStepperParams steps = Steps(1e-4);
    NakBdfWork       work  = {.rejected = 0};
    PetscInt         first;
    Bench            b;

    steps.integrator = integrators[k];
    steps.first_step = 0.1;
    b                = Open(PETSC_COMM_SELF, &params, &steps, "[{strip: 1 mA/cm^2, for: 1 s}]");
    Enter(&b);
    Step(&b);
    first = NakStepperCounts(b.stepper).rejected;
    while (!b.over) Step(&b);
    if (k == 0)
      MUST(TSGetStepRejections(b.stepper->ts, &work.rejected));
    else
      MUST(NakBdfCount(b.stepper->bdf, &work));
    assert_true(first > 0);
    assert_int_equal(NakStepperCounts(b.stepper).rejected, work.rejected);
    Close(&b);
  }
}

/* Beyond the switch the voltage has lost the drop of the current at once, the charge returns, and
   what the reaction passed has left the Na. */
static void CurrentSwitch(void **unused)
{
  const char *const protocol = "[{strip: 0.5 mA/cm^2, for: 1 s}, {plate: 0.5 mA/cm^2, for: 1 s}]";
  const NakModelParams   params = Params(8);
  const NakStepperParams steps  = Steps(1e-4);
  Bench                  b      = Open(PETSC_COMM_WORLD, &params, &steps, protocol);
  NakInventory           start[NAK_ELECTRODES], end[NAK_ELECTRODES];
  PetscReal              before;
  PetscBool              over;

  (void)unused;
  MUST(NakModelMeasure(b.model, NakStepperState(b.stepper), &b.now, start));
  RunProtocolStep(&b);
  assert_true(b.now.time == 1);
  AssertNear("capacity", b.now.capacity, 5, 1e-10);
  before = b.now.voltage;
  MUST(NakProtocolEnter(b.protocol, &b.now));
  MUST(NakStepperEnter(b.stepper, b.protocol, &b.now, &over));
  assert_false(over);
  AssertNear("jump", before - b.now.voltage, 10 * beyond, 1e-12);
  AssertNear("current", b.now.current, -5, 0);
  while (!over) MUST(NakStepperStep(b.stepper, b.protocol, PETSC_INFINITY, &b.now, &over));
  assert_true(b.now.time == 2);
  AssertNear("capacity", b.now.capacity, 0, 1e-10);
  MUST(PetscArraycpy(end, NakStepperInventory(b.stepper), NAK_ELECTRODES));
  AssertNear("Na", end->na - start->na, start->q_faraday - end->q_faraday, 1e-10 * start->na);
  AssertNear("K", end->k, start->k, 1e-12 * start->k);
  MUST(NakProtocolLeave(b.protocol, &b.now, NAK_END_NONE, NULL));
  assert_true(NakProtocolDone(b.protocol));
  Close(&b);
}

/* An output that is due ends a step, and changes nothing else. */
static void StepsEndAtOutputs(void **unused)
{
  const NakModelParams   params = Params(1);
  const NakStepperParams steps  = Steps(1e-6);
  Bench     b     = Open(PETSC_COMM_SELF, &params, &steps, "[{strip: 0.5 mA/cm^2, for: 3 s}]");
  Bench     plain = Open(PETSC_COMM_SELF, &params, &steps, "[{strip: 0.5 mA/cm^2, for: 3 s}]");
  PetscReal due   = 0.25;
  PetscBool over;

  (void)unused;
  RunAll(&plain);
  MUST(NakProtocolEnter(b.protocol, &b.now));
  MUST(NakStepperEnter(b.stepper, b.protocol, &b.now, &over));
  while (!over) {
    MUST(NakStepperStep(b.stepper, b.protocol, due, &b.now, &over));
    assert_true(b.now.time <= due);
    if (b.now.time == due) due += 0.25;
  }
  AssertNear("outputs", due, 3.25, 0);
  AssertNear("voltage", b.now.voltage, plain.now.voltage, 4e-6 / f);
  Close(&b);
  Close(&plain);
}

/* ---- The steady state ---- */

/* The ratio at which the diffusion potential, a sum of factor dr, has fallen by `fall` from r. */
static PetscReal RatioBelow(PetscReal r, PetscReal fall)
{
  const PetscReal dr    = 1e-6;
  const NakAlloy  alloy = NaKAt(298.15);

  while (fall > 0) {
    const PetscReal middle = r - dr / 2;
    const PetscReal factor = NakThermoLiquid(&alloy, middle / (1 + middle)).factor;

    if (fall < factor * dr) return r - fall / factor;
    fall -= factor * dr;
    r -= dr;
  }
  return r;
}

/* The current that charge transfer takes of i, where the over-limit path takes the rest; and u and
   E at the face. R_ct = 50 and R_over = 7000 ohm cm2, i_lim = 7 A/m2. */
static PetscReal Transferred(PetscReal i, PetscReal r, PetscReal r_b, PetscReal *u, PetscReal *E)
{
  const PetscReal top  = PetscPowReal(r_b / r, 2.1);
  const PetscReal Eq   = -NaKLiquid(298.15, r_b / (1 + r_b)).ln_activity / f;
  PetscReal       over = 0;

  for (int n = 0; n < 50; n++) {
    const PetscReal taken = i - over;
    PetscReal       r_u;

    *u  = top - taken / 7;
    r_u = r * PetscPowReal(*u, 1 / 2.1);
    *E  = -NaKLiquid(298.15, r_u / (1 + r_u)).ln_activity / f +
         2 / f * PetscAsinhReal(taken * f * 50e-4 / (2 * *u));
    over = top * (*E - Eq) / 0.7;
  }
  return i - over;
}

/* u falls in a straight line through the interphase, the diffusion potential through the alloy, and
   charge transfer and the over-limit path share the current: all known in closed form under an
   endless reservoir. */
static void SteadyState(void **unused)
{
  const PetscReal        i = 4, x = NakThermoMoleFraction(NaK(), (NakFraction){0.5, 1});
  const PetscReal        r      = x / (1 - x);
  const PetscReal        D      = 1.2e-9 / NaKLiquid(298.15, x).factor;
  const PetscReal        c_K    = (1 - x) * NakThermoDensity(NaK(), x);
  const PetscReal        r_b    = RatioBelow(r, i * 40e-6 / (F * c_K * D));
  NakModelParams         params = Params(1);
  const NakStepperParams steps  = Steps(1e-6);
  PetscReal              u, E;
  Bench                  b;

  (void)unused;
  assert_true(Transferred(i, r, r_b, &u, &E) < 0.99 * i); /* the path counts */
  params.alloy.volume = 100 * params.cell.area;           /* 100 m of alloy */
  b = Open(PETSC_COMM_SELF, &params, &steps, "[{strip: 0.4 mA/cm^2, for: 400 s}]");
  RunAll(&b);
  AssertNear("u_face", b.now.u_face_min, u, 1e-6);
  AssertNear("voltage", b.now.voltage, E + i * beyond, 1e-7);
  Close(&b);
}

/* ---- Giving up ---- */

/* A current that no state can carry: the solver says so and leaves the last good state. */
static void FailureLeavesTheState(void **unused)
{
  const char *const    protocol = "[{strip: 0.5 mA/cm^2, for: 1 s}, {plate: 1e6 A/m^2, for: 1 h}]";
  const NakModelParams params   = Params(8);
  NakStepperParams     steps    = Steps(1e-4);
  NakRecord            before   = {0};
  PetscReal            change;
  PetscBool            over;
  PetscErrorCode       code = 0;
  Bench                b;
  Vec                  last;

  (void)unused;
  steps.shortest_step = 1e-5;
  b                   = Open(PETSC_COMM_WORLD, &params, &steps, protocol);
  MUST(VecDuplicate(NakStepperState(b.stepper), &last));
  RunProtocolStep(&b);
  MUST(NakProtocolEnter(b.protocol, &b.now));
  MUST(NakStepperEnter(b.stepper, b.protocol, &b.now, &over));
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  for (int n = 0; n < 100 && code == 0 && !over; n++) {
    before = b.now;
    MUST(VecCopy(NakStepperState(b.stepper), last));
    code = NakStepperStep(b.stepper, b.protocol, PETSC_INFINITY, &b.now, &over);
  }
  MUST(PetscPopErrorHandler());
  assert_int_equal(code, PETSC_ERR_NOT_CONVERGED);
  MUST(VecAXPY(last, -1, NakStepperState(b.stepper)));
  MUST(VecNorm(last, NORM_INFINITY, &change));
  AssertNear("state", change, 0, 0);
  AssertNear("time", b.now.time, before.time, 0);
  AssertNear("voltage", b.now.voltage, before.voltage, 0);
  MUST(VecDestroy(&last));
  Close(&b);
}

/* A step that is to end where it begins, or before, is an error, not a step back. */
static void StepsGoOn(void **unused)
{
  const NakModelParams   params = Params(1);
  const NakStepperParams steps  = Steps(1e-4);
  Bench                  b      = Open(PETSC_COMM_WORLD, &params, &steps, "[{rest: 2 s}]");
  PetscErrorCode         code;
  PetscBool              over;
  PetscReal              time;

  (void)unused;
  MUST(NakProtocolEnter(b.protocol, &b.now));
  MUST(NakStepperEnter(b.stepper, b.protocol, &b.now, &over));
  MUST(NakStepperStep(b.stepper, b.protocol, 1, &b.now, &over));
  time = b.now.time;
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = NakStepperStep(b.stepper, b.protocol, 0, &b.now, &over);
  MUST(PetscPopErrorHandler());
  assert_int_equal(code, PETSC_ERR_ARG_OUTOFRANGE);
  AssertNear("time", b.now.time, time, 0);
  Close(&b);
}

/* On a ramp of 0.1 K/s steps of at most 5 s, though the error allows longer ones; each has the
   temperature of its middle, and one ends where the ramp does. */
static void StepsFollowARamp(void **unused)
{
  const NakModelParams   params  = Params(1);
  const NakStepperParams steps   = Steps(1e-2);
  Bench                  b       = Open(PETSC_COMM_SELF, &params, &steps,
                                        "[{rest: 1000 s, temperature: {to: 308.15 K, for: 100 s}}]");
  PetscReal              longest = 0;
  PetscBool              over, met = PETSC_FALSE;

  (void)unused;
  MUST(NakProtocolEnter(b.protocol, &b.now));
  MUST(NakStepperEnter(b.stepper, b.protocol, &b.now, &over));
  AssertNear("temperature", b.now.temperature, 298.15, 1e-12);
  while (!over) {
    const PetscReal begin = b.now.time;

    MUST(NakStepperStep(b.stepper, b.protocol, PETSC_INFINITY, &b.now, &over));
    if (b.now.time <= 100) {
      longest = PetscMax(longest, b.now.dt);
      AssertNear("temperature", b.now.temperature, 298.15 + 0.1 * b.now.time, 1e-9);
      AssertNear("that of the step", b.stepper->temperature, 298.15 + 0.05 * (begin + b.now.time),
                 1e-9);
    }
    if (b.now.time == 100) met = PETSC_TRUE;
    assert_true(begin >= 100 || b.now.time <= 100);
  }
  assert_true(met);
  assert_true(longest > 0.8 && longest <= 1);
  assert_true(b.now.dt > 5); /* after the ramp nothing bounds them */
  AssertNear("temperature", b.now.temperature, 308.15, 0);
  Close(&b);
}

/* 101 of the longest steps of such a ramp are exactly the 20 s between two outputs.  Rounding
   leaves no step between them that is too short to be done. */
static void RampMeetsOutputs(void **unused)
{
  const NakModelParams   params = Params(1);
  const NakStepperParams steps  = Steps(1e-2);
  const PetscReal        every  = 20;
  PetscReal              next   = every;
  PetscBool              over;
  Bench                  b = Open(PETSC_COMM_SELF, &params, &steps,
                                  "[{rest: 110 s, temperature: {to: 348.15 K, for: 100 s}}]");

  (void)unused;
  MUST(NakProtocolEnter(b.protocol, &b.now));
  MUST(NakStepperEnter(b.stepper, b.protocol, &b.now, &over));
  while (!over) {
    MUST(NakStepperStep(b.stepper, b.protocol, next, &b.now, &over));
    if (b.now.time == next) next += every;
  }
  AssertNear("next output", next, 120, 0);
  Close(&b);
}

/* A condition of the temperature is met to 1e-6 K, and the step that ends there has its own
   middle. */
static void TemperatureCutOff(void **unused)
{
  const NakModelParams   params = Params(1);
  const NakStepperParams steps  = Steps(1e-2);
  Bench                  b      = Open(PETSC_COMM_SELF, &params, &steps,
                                       "[{rest: , until: temperature > 303 K, temperature: {to: 308.15 K, for: 100 s}}]");

  (void)unused;
  RunAll(&b);
  AssertNear("time", b.now.time, 48.5, 1e-5);
  AssertNear("that of the step", b.stepper->temperature, 303 - 0.05 * b.now.dt, 1e-6);
  Close(&b);
}

/* A condition that is an event is located like another: 3.6 C/m2 of metal. */
static void EventCutOff(void **unused)
{
  const NakModelParams   params = Params(1);
  const NakStepperParams steps  = Steps(1e-4);
  Bench b = Open(PETSC_COMM_SELF, &params, &steps, "[{plate: 0.8 mA/cm^2, until: na_metal}]");

  (void)unused;
  RunAll(&b);
  AssertNear("deposit", b.now.deposit_max * F / 23.8e-6, 3.6, 4e-6);
  assert_true(b.now.time > 1);
  Close(&b);
}

/* What a step is said to be off by is within its tolerance, and not nothing; both integrators. */
static void ErrorsAreWithinTheTolerance(void **unused)
{
  (void)unused;
  for (int bdf = 0; bdf < 2; bdf++) {
    const NakModelParams params = Params(1);
    NakStepperParams     steps  = Steps(1e-4);
    const PetscReal     *a, *u, *scale;
    PetscReal            worst = 0;
    PetscInt             n;
    Vec                  error, scales;
    Bench                b;

    steps.integrator = bdf ? NAK_INTEGRATOR_BDF : NAK_INTEGRATOR_ROSENBROCK;
    b                = Open(PETSC_COMM_WORLD, &params, &steps, "[{strip: 3 A/m^2, for: 5 s}]");
    Enter(&b);
    for (int k = 0; k < 12 && !b.over; k++) Step(&b);
    MUST(VecDuplicate(b.stepper->U, &error));
    MUST(VecDuplicate(error, &scales));
    MUST(NakModelScales(b.model, NULL, scales));
    MUST(NakStepperError(b.stepper, error));
    MUST(VecGetLocalSize(error, &n));
    MUST(VecGetArrayRead(error, &a));
    MUST(VecGetArrayRead(b.stepper->U, &u));
    MUST(VecGetArrayRead(scales, &scale));
    for (PetscInt k = 0; k < n; k++)
      worst = PetscMax(worst, PetscAbsReal(a[k]) / (scale[k] + PetscAbsReal(u[k])));
    assert_true(worst > 1e-8 && worst < 1e-4 * PetscSqrtReal((PetscReal)n));
    MUST(VecRestoreArrayRead(scales, &scale));
    MUST(VecRestoreArrayRead(b.stepper->U, &u));
    MUST(VecRestoreArrayRead(error, &a));
    MUST(VecDestroy(&scales));
    MUST(VecDestroy(&error));
    Close(&b);
  }
}

/* A thousand steps in a row of less than a millionth of what was asked for are reported once, with
   the unknown that holds them; one that is longer starts the count again. */
static void ShortStepsAreReported(void **unused)
{
  const NakModelParams   params = Params(1);
  const NakStepperParams steps  = Steps(1e-4);
  Bench b = Open(PETSC_COMM_WORLD, &params, &steps, "[{strip: 3 A/m^2, for: 5 s}]");

  (void)unused;
  Enter(&b);
  Step(&b);
  for (int k = 0; k < 999; k++) MUST(NakSlowWatch(b.stepper, 2, 1.9e-6));
  MUST(NakSlowWatch(b.stepper, 2, 2.1e-6));
  for (int k = 0; k < 999; k++) MUST(NakSlowWatch(b.stepper, 2, 1.9e-6));
  assert_string_equal(NakStepperSlow(b.stepper), "");
  MUST(NakSlowWatch(b.stepper, 2, 1.9e-6));
  assert_true(strncmp(NakStepperSlow(b.stepper),
                      "1000 time steps in a row were below 1e-06 of the 2 s asked for", 62) == 0);
  assert_non_null(strstr(NakStepperSlow(b.stepper), "column (0, 0)"));
  Close(&b);
}

static const struct CMUnitTest several[] = {
  cmocka_unit_test(OrderInTime),           cmocka_unit_test(BackwardDifferentiation),
  cmocka_unit_test(BlockedColumns),        cmocka_unit_test(CurrentSwitch),
  cmocka_unit_test(FailureLeavesTheState),
};
static const struct CMUnitTest alone[] = {
  cmocka_unit_test(ErrorsAreWithinTheTolerance),
  cmocka_unit_test(ShortStepsAreReported),
  cmocka_unit_test(ToleranceControlsTheError),
  cmocka_unit_test(CapacityCutOff),
  cmocka_unit_test(VoltageCutOff),
  cmocka_unit_test(CutOffWithinTheShortestStep),
  cmocka_unit_test(SearchesFind),
  cmocka_unit_test(AllIterationsCount),
  cmocka_unit_test(RejectedStepsCount),
  cmocka_unit_test(StepsEndAtOutputs),
  cmocka_unit_test(StepsGoOn),
  cmocka_unit_test(StepsFollowARamp),
  cmocka_unit_test(RampMeetsOutputs),
  cmocka_unit_test(TemperatureCutOff),
  cmocka_unit_test(EventCutOff),
  cmocka_unit_test(SteadyState),
};

/* What has one column is tested on one rank. */
NAK_TEST_MAIN_OF(cmocka_run_group_tests(several, OpenUnits, CloseUnits) +
                 (Ranks() == 1 ? cmocka_run_group_tests(alone, OpenUnits, CloseUnits) : 0))
