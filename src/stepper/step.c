/* Accepted steps, and the moment at which a condition comes true; the contract is in
   nakfield/stepper.h. */
#include "stepper_impl.h"

/* The one place where the temperature of the cell is set.  A step has the temperature of its middle
   from beginning to end, because TSROSW is for systems that do not depend on time.  Every face
   keeps its charge. */
static PetscErrorCode SetTemperature(NakStepper s, PetscReal temperature)
{
  PetscFunctionBeginUser;
  s->temperature = temperature;
  PetscCall(NakModelSetTemperature(s->model, temperature));
  PetscCall(NakModelSettle(s->model, s->U, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Hold the value that a current or a voltage that changes with time has at `time`. */
static PetscErrorCode Sweep(NakStepper s, PetscReal time)
{
  PetscFunctionBeginUser;
  if (s->protocol == NULL || !NakProtocolSweeps(s->protocol)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakModelHold(s->model, NakProtocolHeld(s->protocol, time)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A time-dependent input is treated as one more unknown of a system that does not depend on time.
   Its row adds a term to the stage: the time derivative, times the sum of the stage's row of
   gammas, times the length of the step.  If the derivative is constant, that is the value at a
   later time.  (For ra34pw2: J. Rang, L. Angermann, BIT 45 (2005) 761.) */
static PetscErrorCode SweepStage(NakStepper s, TS ts, PetscReal stage_time, PetscReal dt)
{
  static const PetscReal later[] = {0.43586652150845967, -0.43586652150845967, -0.41333337623319889,
                                    0};
  TSRosWType             type;
  PetscBool              known;

  PetscFunctionBeginUser;
  if (s->protocol == NULL || !NakProtocolSweeps(s->protocol)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSRosWGetType(ts, &type));
  PetscCall(PetscStrcmp(type, TSROSWRA34PW2, &known));
  PetscCheck(known, s->comm, PETSC_ERR_USER_INPUT,
             "-ts_rosw_type %s cannot follow ramps and lines of profiles: leave it out", type);
  PetscCall(Sweep(s, stage_time + later[PetscMin(s->stage, 3)] * dt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepStage(TS ts, PetscReal stage_time)
{
  NakStepper s;
  PetscReal  time, dt;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &s));
  PetscCall(TSGetTime(ts, &time));
  PetscCall(
    TSGetTimeStep(ts, &dt)); /* of this attempt: it may be shorter than what was asked for */
  NakModelAge(s->model, dt / 2);
  s->stage = stage_time <= time ? 0 : s->stage + 1;
  PetscCall(SweepStage(s, ts, stage_time, dt));
  if (s->stage == 0 && s->protocol != NULL)
    PetscCall(SetTemperature(s, NakProtocolTemperature(s->protocol, time + dt / 2)));
  PetscCall(NakRenewJacobian(ts, stage_time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* On a ramp, bound the length of steps, and let them end no later than the ramp. */
static PetscErrorCode HeedRamp(NakStepper s, NakProtocol protocol, PetscReal time,
                               PetscReal *latest)
{
  const PetscReal stretch = 1.01; /* what TS may add to a step to meet an end */
  PetscReal       rate, end, least, most, longest = s->longest;
  TSAdapt         adapt;

  PetscFunctionBeginUser;
  if (NakProtocolRamping(protocol, time, &rate, &end) && rate != 0)
    longest = PetscMin(longest, NAK_TEMPERATURE_STEP / (stretch * PetscAbsReal(rate)));
  *latest = PetscMin(*latest, end);
  s->next = PetscMin(s->next, longest);
  s->most = longest;
  if (s->ts == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetAdapt(s->ts, &adapt));
  PetscCall(TSAdaptGetStepLimits(adapt, &least, &most));
  PetscCall(TSAdaptSetStepLimits(adapt, least, longest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Measure(NakStepper s, NakProtocol protocol, NakRecord *now)
{
  PetscFunctionBeginUser;
  PetscCall(Sweep(s, now->time));
  PetscCall(NakModelMeasure(s->model, s->U, now, s->inventory));
  PetscCall(NakProtocolWhere(protocol, &now->step, &now->cycle));
  now->temperature = NakProtocolTemperature(protocol, now->time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define ROUNDING 1e-9 /* of a step: what is left beside it is no step of its own */

/* One step of TS that ends at `end` at the latest.  Returns where it ends.  On a line TS does not
   see the end, so it proposes what the error allows.  What it proposes keeps a distance to the
   error that is allowed, so a step may be a tenth longer, unless `most` forbids it. */
static PetscErrorCode TryRosenbrock(NakStepper s, PetscReal begin, PetscReal end, PetscReal first,
                                    PetscReal *reached)
{
  const PetscReal   left = end - begin, slack = left <= s->most ? 0.1 : 0.01;
  const PetscReal   rest = first < left * (1 - ROUNDING) ? first : left;
  const PetscReal   dt   = s->line.on ? NakStepLength(first, left, slack, 0) : rest;
  TSConvergedReason reason;

  PetscFunctionBeginUser;
  PetscCall(TSSetConvergedReason(s->ts, TS_CONVERGED_ITERATING));
  PetscCall(TSSetTime(s->ts, begin));
  PetscCall(TSSetMaxTime(s->ts, s->line.on ? PETSC_INFINITY : end));
  PetscCall(TSSetTimeStep(s->ts, dt));
  PetscCall(TSStep(s->ts));
  PetscCall(TSGetConvergedReason(s->ts, &reason));
  PetscCall(TSGetTime(s->ts, reached));
  PetscCall(TSGetTimeStep(s->ts, &s->proposed));
  s->solved = (PetscBool)(reason >= 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same for the backward differentiation, but with one length only: `first`, cut to the end. */
static PetscErrorCode TryBdf(NakStepper s, PetscReal begin, PetscReal end, PetscReal first,
                             PetscReal *reached)
{
  const PetscReal left = end - begin, dt = NakStepLength(first, left, ROUNDING, 0);

  PetscFunctionBeginUser;
  *reached = dt == left ? end : begin + dt;
  NakModelAge(s->model, dt);
  if (s->protocol != NULL)
    PetscCall(SetTemperature(s, NakProtocolTemperature(s->protocol, *reached)));
  PetscCall(Sweep(s, *reached));
  PetscCall(NakBdfAttempt(s->bdf, s->U_before, dt, first, s->U, &s->solved, &s->proposed));
  s->proposed = PetscMin(s->proposed, s->most);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A new beginning for an integrator that has a past. */
static void Forget(NakStepper s)
{
  if (s->bdf != NULL) NakBdfForget(s->bdf);
}

void NakStepperHeedNuclei(NakStepper s)
{
  const PetscInt disturbed = NakModelDisturbed(s->model);

  if (s->bdf == NULL || disturbed == s->disturbed) return;
  s->disturbed = disturbed;
  s->next      = PetscMin(s->next, s->params.first_step);
  Forget(s);
}

/* One step that ends at `end` at the latest.  Returns whether its result has physical meaning, and
   else the length to try next.  The embedded solution does not see how far a potential is from the
   value that belongs to its charge.  That may be some tolerances, and goes with the square of the
   step. */
static PetscErrorCode Attempt(NakStepper s, PetscReal begin, PetscReal end, PetscReal first,
                              PetscBool *good, PetscReal *reached, PetscReal *again)
{
  const PetscReal allowed = 3 * s->params.tolerance, safety = 0.8, least = 0.2;
  PetscReal       moved;

  PetscFunctionBeginUser;
  s->too_short = PETSC_FALSE;
  if (s->ts != NULL)
    PetscCall(TryRosenbrock(s, begin, end, first, reached));
  else
    PetscCall(TryBdf(s, begin, end, first, reached));
  *again = s->ts == NULL && !s->solved ? s->proposed : first / 10;
  *good  = PETSC_FALSE;
  if (!s->solved) PetscFunctionReturn(PETSC_SUCCESS);
  s->too_short = (PetscBool)(*reached < end && *reached - begin < s->params.shortest_step);
  if (s->too_short) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakModelSettle(s->model, s->U, &moved));
  PetscCall(NakModelValid(s->model, s->U, good));
  if (!*good || moved <= allowed) PetscFunctionReturn(PETSC_SUCCESS);
  *good  = PETSC_FALSE;
  *again = (*reached - begin) * PetscMax(safety * PetscSqrtReal(allowed / moved), least);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Work done by the integrator since its beginning. */
static PetscErrorCode Count(NakStepper s, NakBdfWork *work)
{
  PetscFunctionBeginUser;
  if (s->bdf != NULL) {
    PetscCall(NakBdfCount(s->bdf, work));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(KSPGetTotalIterations(s->krylov, &work->linear));
  PetscCall(TSGetSNESIterations(s->ts, &work->newton));
  PetscCall(TSGetStepRejections(s->ts, &work->rejected));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Snes(NakStepper s, SNES *snes)
{
  PetscFunctionBeginUser;
  if (s->bdf != NULL)
    *snes = NakBdfSnes(s->bdf);
  else
    PetscCall(TSGetSNES(s->ts, snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What prevents a step and what may help.  The last attempt tells, if there was one. */
typedef struct {
  char        cause[128];
  const char *remedy;
} Diagnosis;

/* Why the systems of the last attempt, linear or not, were not solved; NULL if they were. */
static PetscErrorCode Unsolved(NakStepper s, const char **why)
{
  SNES                snes;
  KSP                 ksp;
  SNESConvergedReason solve;
  KSPConvergedReason  linear;
  PetscBool           solved;

  PetscFunctionBeginUser;
  PetscCall(Snes(s, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(SNESGetConvergedReason(snes, &solve));
  PetscCall(KSPGetConvergedReason(ksp, &linear));
  solved = s->bdf != NULL ? NakBdfSolved(s->bdf) : (PetscBool)(solve >= 0);
  *why   = !NakColumnsSolved(s->columns) ? "its matrix is nearly singular" : NULL;
  if (!solved) *why = SNESConvergedReasons[solve];
  if (linear < 0) *why = KSPConvergedReasons[linear];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Diagnose(NakStepper s, PetscBool tried, Diagnosis *d)
{
  const char *const earlier =
    "let a condition end the item earlier, such as until: voltage > 1 V, or lower its current";
  const char *unsolved = NULL;

  PetscFunctionBeginUser;
  PetscCall(Unsolved(s, &unsolved));
  tried = (PetscBool)(tried && !s->too_short);
  *d    = (Diagnosis){.remedy = earlier};
  if (NakModelDepleted(s->model)) {
    PetscCall(PetscStrncpy(
      d->cause,
      "limiting current of the electrolyte reached: no Na+ is left at a face or a membrane",
      sizeof d->cause));
  } else if (tried && !s->stage_valid) {
    PetscCall(PetscStrncpy(d->cause,
                           "within a step the state has no meaning (no Na left somewhere, or a "
                           "number that is not finite)",
                           sizeof d->cause));
  } else if (tried && unsolved != NULL) {
    PetscCall(PetscSNPrintf(d->cause, sizeof d->cause, "the linear solver fails (%s)", unsolved));
    d->remedy = "raise solver.linear_tolerance, or lower solver.first_step";
  } else if (tried && s->solved) {
    PetscCall(PetscStrncpy(d->cause, "after a step the state has no meaning", sizeof d->cause));
  } else {
    PetscCall(
      PetscStrncpy(d->cause, "the error of a step is above solver.tolerance", sizeof d->cause));
    d->remedy = "raise solver.tolerance, or lower solver.shortest_step";
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepTaken(NakStepper s, PetscReal end, PetscReal first, NakRecord *now)
{
  NakBdfWork before, after;
  PetscBool  good = PETSC_FALSE;
  PetscReal  time = now->time, again = first, dt = first;
  Diagnosis  d = {.remedy = NULL};

  PetscFunctionBeginUser;
  PetscCall(VecCopy(s->U, s->U_before));
  PetscCall(Count(s, &before));
  while (!good && dt > s->params.shortest_step) {
    PetscCall(Attempt(s, now->time, end, dt, &good, &time, &again));
    dt = again;
    if (!good) PetscCall(VecCopy(s->U_before, s->U));
  }
  PetscCall(Count(s, &after));
  now->linear_iterations += after.linear - before.linear;
  now->newton_iterations += after.newton - before.newton;
  s->count.linear_iterations += after.linear - before.linear;
  s->count.rejected += after.rejected - before.rejected;
  if (!good) {
    PetscCall(Diagnose(s, (PetscBool)(first > s->params.shortest_step), &d));
    Forget(s);
  }
  PetscCheck(good, s->comm, PETSC_ERR_NOT_CONVERGED,
             "%s: the time step at %.9g s would have to be shorter than solver.shortest_step = "
             "%.6g s; %s",
             d.cause, (double)now->time, (double)s->params.shortest_step, d.remedy);
  s->count.steps++;
  if (PetscAbsReal(end - time) <= 4 * PETSC_MACHINE_EPSILON * end) time = end;
  PetscCall(NakSlowWatch(s, PetscMin(end - now->time, s->params.longest_step), time - now->time));
  now->dt   = time - now->time;
  now->time = time;
  if (s->bdf != NULL) NakBdfAccept(s->bdf, now->dt);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From the state before the last step, go to `time` exactly.  Its iterations add to those so
   far. */
static PetscErrorCode Repeat(NakStepper s, NakProtocol protocol, const NakRecord *before,
                             PetscReal time, NakRecord *now)
{
  const PetscInt newton = now->newton_iterations, linear = now->linear_iterations;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(s->U_before, s->U));
  *now                   = *before;
  now->newton_iterations = newton;
  now->linear_iterations = linear;
  PetscCall(NakStepTaken(s, time, time - before->time, now));
  PetscCall(Measure(s, protocol, now));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Regula falsi after Illinois, aimed just after the root.  The weight of an end that stays is
   halved.  If that is slow, as with a jump, the middle is taken. */
PetscReal NakBracketNext(const NakBracket *k)
{
  const PetscInt  patience = 20;
  const PetscReal aim = NAK_EVENT_NEAR / 2, inside = 1e-3 * (k->b - k->a);
  const PetscReal cut = k->b - (k->b - k->a) * (k->gb - aim) / (k->gb - k->ga);

  if (k->tries >= patience) return (k->a + k->b) / 2;
  return PetscMin(PetscMax(cut, k->a + inside), k->b - inside);
}

void NakBracketTake(NakBracket *k, PetscBool before, PetscReal t, PetscReal g)
{
  const PetscReal aim = NAK_EVENT_NEAR / 2;

  k->tries++;
  if (before) {
    if (k->side == -1) k->gb = aim + (k->gb - aim) / 2;
    k->a    = t;
    k->ga   = PetscMin(g, -NAK_EVENT_NEAR);
    k->side = -1;
  } else {
    if (k->side == 1) k->ga /= 2;
    k->b    = t;
    k->gb   = g;
    k->over = g;
    k->side = 1;
  }
}

/* The overshoot is negative at `before` and not at `now`.  Repeat the step until it ends where the
   overshoot is zero: at most NAK_EVENT_NEAR beyond it, or as short as a step may be. */
static PetscErrorCode Locate(NakStepper s, NakProtocol protocol, const NakRecord *before,
                             PetscReal g_before, PetscReal g_now, NakRecord *now)
{
  const PetscReal shortest = PetscMax(1e-9 * now->dt, 4e-16 * now->time);
  const PetscReal least    = before->time + 2 * s->params.shortest_step; /* no step ends before */
  NakBracket k = {.a = before->time, .b = now->time, .ga = g_before, .gb = g_now, .over = g_now};

  PetscFunctionBeginUser;
  while (k.tries < NAK_EVENT_TRIES && k.over > NAK_EVENT_NEAR && k.b - k.a > shortest &&
         k.b > least) {
    const PetscReal t = PetscMax(NakBracketNext(&k), least);
    PetscReal       g;

    PetscCall(Repeat(s, protocol, before, t, now));
    PetscCall(NakProtocolJudge(protocol, now, &g));
    if (now->time < t || g < 0) /* a step that was cut short counts as one before the event */
      NakBracketTake(&k, PETSC_TRUE, now->time, g);
    else
      NakBracketTake(&k, PETSC_FALSE, t, g);
  }
  if (now->time != k.b) PetscCall(Repeat(s, protocol, before, k.b, now));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Hold what the protocol wants and measure after the switch.  The first step is short if the
   control is not the one before, or if `anew`.  A protocol step that continues keeps the
   temperature of its last step, and its potentials as they are.  If they were settled once more,
   they could differ in their last bits. */
static PetscErrorCode Hold(NakStepper s, NakProtocol protocol, PetscBool anew, NakRecord *now,
                           PetscBool *over)
{
  NakControl control;
  PetscReal  end, overshoot;

  PetscFunctionBeginUser;
  PetscCall(NakProtocolControl(protocol, &control, &end)); /* for its end alone */
  control = NakProtocolHeld(protocol, now->time);
  PetscCall(NakModelHold(s->model, control));
  s->protocol = protocol;
  if (anew)
    PetscCall(SetTemperature(s, NakProtocolTemperature(protocol, now->time)));
  else
    PetscCall(NakModelSetTemperature(s->model, s->temperature));
  if (s->ts != NULL) PetscCall(TSRestartStep(s->ts));
  if (anew || control.hold != s->held.hold || control.value != s->held.value) {
    s->next = s->params.first_step;
    Forget(s);
  }
  PetscCall(Measure(s, protocol, now));
  PetscCall(NakProtocolJudge(protocol, now, &overshoot));
  *over = (PetscBool)(overshoot >= 0 || end <= now->time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperEnter(NakStepper s, NakProtocol protocol, NakRecord *now, PetscBool *over)
{
  const PetscBool continues = NakProtocolContinues(protocol);
  PetscReal       end;

  PetscFunctionBeginUser;
  if (continues) PetscCall(NakProtocolControl(protocol, &s->held, &end));
  PetscCall(Hold(s, protocol, (PetscBool)!continues, now, over));
  NakLineBegin(s, protocol, now->time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperResume(NakStepper s, NakProtocol protocol, NakRecord *now, PetscBool *over)
{
  PetscFunctionBeginUser;
  PetscCall(Hold(s, protocol, PETSC_FALSE, now, over));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The next of a coarse row of lengths, at most 2 % longer.  Estimated errors, and so the lengths
   that they allow, carry rounding errors.  At the kink of a rate these would grow, and results on
   several ranks would part. */
static PetscReal Rounded(PetscReal length)
{
  const PetscReal octave = 32; /* lengths in it */

  return PetscPowReal(2, PetscCeilReal(octave * PetscLog2Real(length)) / octave);
}

PetscErrorCode NakStepperStep(NakStepper s, NakProtocol protocol, PetscReal latest, NakRecord *now,
                              PetscBool *over)
{
  const NakRecord before = *now;
  NakControl      control;
  PetscReal       end, next, g_before, g_now;
  PetscBool       whole;

  PetscFunctionBeginUser;
  PetscCheck(latest > now->time, s->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "a step from %.9g s cannot end at %.9g s", (double)now->time, (double)latest);
  PetscCall(NakProtocolControl(protocol, &control, &end));
  PetscCall(NakProtocolJudge(protocol, now, &g_before));
  PetscCall(HeedRamp(s, protocol, now->time, &latest));
  NakStepperHeedNuclei(s);
  if (s->bdf != NULL) PetscCall(NakBdfMoveOn(s->bdf, s->U_before));
  PetscCall(NakStepTaken(s, PetscMin(end, latest), s->next, now));
  whole = (PetscBool)(now->time == PetscMin(end, latest));
  next  = s->proposed;
  if (s->line.on)
    next = NakLineNext(&s->line, now->dt, s->proposed, whole);
  else if (whole) /* TS proposes what is left to the end; by rounding this may be next to nothing */
    next = PetscMax(next, PetscMax(now->dt, s->next));
  else if (s->ts != NULL)
    next = Rounded(next);
  s->next = next;
  PetscCall(Measure(s, protocol, now));
  PetscCall(NakProtocolJudge(protocol, now, &g_now));
  if (g_now >= 0) PetscCall(Locate(s, protocol, &before, g_before, g_now, now));
  *over = (PetscBool)(g_now >= 0 || now->time >= end);
  PetscFunctionReturn(PETSC_SUCCESS);
}
