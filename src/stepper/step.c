/* Accepted steps, and the moment at which a condition comes true; the contract is in
   nakfield/stepper.h. */
#include "stepper_impl.h"

static PetscErrorCode Measure(NakStepper s, NakProtocol protocol, NakRecord *now)
{
  PetscFunctionBeginUser;
  PetscCall(NakModelMeasure(s->model, s->U, now, &s->inventory));
  PetscCall(NakProtocolWhere(protocol, &now->step, &now->cycle));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One step of TS that ends at `end` at the latest; whether its result has physical meaning. */
static PetscErrorCode Attempt(NakStepper s, PetscReal begin, PetscReal end, PetscReal first,
                              PetscBool *good)
{
  TSConvergedReason reason;
  PetscReal         reached;

  PetscFunctionBeginUser;
  s->too_short = PETSC_FALSE;
  PetscCall(TSSetConvergedReason(s->ts, TS_CONVERGED_ITERATING));
  PetscCall(TSSetTime(s->ts, begin));
  PetscCall(TSSetMaxTime(s->ts, end));
  PetscCall(TSSetTimeStep(s->ts, PetscMin(first, end - begin)));
  PetscCall(TSStep(s->ts));
  PetscCall(TSGetConvergedReason(s->ts, &reason));
  *good = PETSC_FALSE;
  if (reason < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetTime(s->ts, &reached));
  s->too_short = (PetscBool)(reached < end && reached - begin < s->params.shortest_step);
  if (!s->too_short) PetscCall(NakModelValid(s->model, s->U, good));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Work done by TS since its beginning. */
static PetscErrorCode Work(NakStepper s, PetscInt work[3])
{
  PetscFunctionBeginUser;
  PetscCall(KSPGetTotalIterations(s->krylov, &work[0]));
  PetscCall(TSGetSNESIterations(s->ts, &work[1]));
  PetscCall(TSGetStepRejections(s->ts, &work[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What stands in the way of a step: the last attempt tells, where there was one. */
static PetscErrorCode Diagnose(NakStepper s, PetscBool tried)
{
  SNES                snes;
  KSP                 ksp;
  SNESConvergedReason solve;
  KSPConvergedReason  linear;
  TSConvergedReason   step;

  PetscFunctionBeginUser;
  PetscCall(TSGetSNES(s->ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(SNESGetConvergedReason(snes, &solve));
  PetscCall(KSPGetConvergedReason(ksp, &linear));
  PetscCall(TSGetConvergedReason(s->ts, &step));
  tried = (PetscBool)(tried && !s->too_short);
  if (tried && !s->stage_valid)
    PetscCall(PetscStrncpy(s->failure,
                           "within a step the state has no meaning (no Na left somewhere, or a "
                           "number that is not finite)",
                           sizeof s->failure));
  else if (tried && (linear < 0 || solve < 0))
    PetscCall(
      PetscSNPrintf(s->failure, sizeof s->failure, "the linear solver fails (%s)",
                    linear < 0 ? KSPConvergedReasons[linear] : SNESConvergedReasons[solve]));
  else if (tried && step >= 0)
    PetscCall(
      PetscStrncpy(s->failure, "behind a step the state has no meaning", sizeof s->failure));
  else
    PetscCall(
      PetscStrncpy(s->failure, "the error of a step is above solver.tolerance", sizeof s->failure));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepTaken(NakStepper s, PetscReal end, PetscReal first, NakRecord *now)
{
  PetscInt  before[3], after[3];
  PetscBool good = PETSC_FALSE;
  PetscReal time, dt = first;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(s->U, s->U_before));
  PetscCall(Work(s, before));
  while (!good && dt > s->params.shortest_step) {
    PetscCall(Attempt(s, now->time, end, dt, &good));
    dt /= 10;
    if (!good) PetscCall(VecCopy(s->U_before, s->U));
  }
  PetscCall(Work(s, after));
  now->linear_iterations += after[0] - before[0];
  now->newton_iterations += after[1] - before[1];
  s->count.linear_iterations += after[0] - before[0];
  s->count.rejected += after[2] - before[2];
  if (!good) PetscCall(Diagnose(s, (PetscBool)(first > s->params.shortest_step)));
  PetscCheck(good, s->comm, PETSC_ERR_NOT_CONVERGED,
             "%s: the time step at %.9g s would have to be shorter than solver.shortest_step = "
             "%.6g s",
             s->failure, (double)now->time, (double)s->params.shortest_step);
  s->count.steps++;
  PetscCall(TSGetTime(s->ts, &time));
  if (PetscAbsReal(end - time) <= 4 * PETSC_MACHINE_EPSILON * end) time = end;
  now->dt   = time - now->time;
  now->time = time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From the state before the last step, go to `time` exactly; what it takes adds to what it took so far. */
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

/* Regula falsi after Illinois, aimed just behind the root: the weight of an end that stays is halved.  Where
   that is slow, as with a jump, the middle. */
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

/* The overshoot is negative at `before` and not at `now`: repeat the step until it ends where the
   overshoot is zero, at most NAK_EVENT_NEAR beyond it, or as short as a step may be. */
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

/* Hold what the protocol wants and measure behind the switch; the first step is short where the control
   is another one than before, or `anew`. */
static PetscErrorCode Hold(NakStepper s, NakProtocol protocol, PetscBool anew, NakRecord *now,
                           PetscBool *over)
{
  NakControl control;
  PetscReal  end, overshoot;

  PetscFunctionBeginUser;
  PetscCall(NakProtocolControl(protocol, &control, &end));
  PetscCall(NakModelHold(s->model, control));
  PetscCall(TSRestartStep(s->ts));
  if (anew || control.hold != s->held.hold || control.value != s->held.value)
    s->next = s->params.first_step;
  PetscCall(Measure(s, protocol, now));
  PetscCall(NakProtocolJudge(protocol, now, &overshoot));
  *over = (PetscBool)(overshoot >= 0 || end <= now->time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperEnter(NakStepper s, NakProtocol protocol, NakRecord *now, PetscBool *over)
{
  PetscFunctionBeginUser;
  PetscCall(Hold(s, protocol, PETSC_TRUE, now, over));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperResume(NakStepper s, NakProtocol protocol, NakRecord *now, PetscBool *over)
{
  PetscFunctionBeginUser;
  PetscCall(Hold(s, protocol, PETSC_FALSE, now, over));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperStep(NakStepper s, NakProtocol protocol, PetscReal latest, NakRecord *now,
                              PetscBool *over)
{
  const NakRecord before = *now;
  NakControl      control;
  PetscReal       end, next, g_before, g_now;

  PetscFunctionBeginUser;
  PetscCheck(latest > now->time, s->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "a step from %.9g s cannot end at %.9g s", (double)now->time, (double)latest);
  PetscCall(NakProtocolControl(protocol, &control, &end));
  PetscCall(NakProtocolJudge(protocol, now, &g_before));
  PetscCall(NakStepTaken(s, PetscMin(end, latest), s->next, now));
  PetscCall(TSGetTimeStep(s->ts, &next));
  /* TS proposes what is left to `latest`, which by rounding may be next to nothing */
  if (now->time == latest) next = PetscMax(next, PetscMax(now->dt, s->next));
  s->next = next;
  PetscCall(Measure(s, protocol, now));
  PetscCall(NakProtocolJudge(protocol, now, &g_now));
  if (g_now >= 0) PetscCall(Locate(s, protocol, &before, g_before, g_now, now));
  *over = (PetscBool)(g_now >= 0 || now->time >= end);
  PetscFunctionReturn(PETSC_SUCCESS);
}
