/* Cycle jumping; the contract is in nakfield/stepper.h.

   Let U_n be the state at the end of turn n, d_n = U_n - U_(n-1) its drift, and c the change of the
   drift per turn.  Then U_(n+M) ~ U_n + M d_n + M (M + 1) / 2 c.  A linear extrapolation lacks the
   last term, so this term measures the error.  M is chosen so that it equals the tolerance. */
#include "stepper_impl.h"

enum {
  TRIAL    = 2, /* turns computed after a jump before it counts */
  SHORTEST = 6, /* a jump that skips fewer turns is not worth its trial */
  PATIENCE = 40 /* turns computed after jumps have become too short */
};

static const PetscReal most_change = 0.05; /* by one jump, over the scale of each unknown */

PetscErrorCode NakJumpCreate(NakStepper s)
{
  NakJump *j = &s->jump;

  PetscFunctionBeginUser;
  if (!s->params.jump) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDuplicate(s->U, &j->last));
  PetscCall(VecDuplicate(s->U, &j->drift));
  PetscCall(VecDuplicate(s->U, &j->older));
  PetscCall(VecDuplicate(s->U, &j->before));
  PetscCall(VecDuplicate(s->U, &j->scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakJumpDestroy(NakStepper s)
{
  PetscFunctionBeginUser;
  PetscCall(VecDestroy(&s->jump.last));
  PetscCall(VecDestroy(&s->jump.drift));
  PetscCall(VecDestroy(&s->jump.older));
  PetscCall(VecDestroy(&s->jump.before));
  PetscCall(VecDestroy(&s->jump.scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A run that did not jump before its restart has not learned anything yet. */
PetscErrorCode NakJumpCheckpoint(NakStepper s, NakCheckpoint c)
{
  NakJump  *j = &s->jump;
  PetscBool has;

  PetscFunctionBeginUser;
  if (!s->params.jump) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointHas(c, "jump/last", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointVec(c, "jump/last", j->last));
  PetscCall(NakCheckpointVec(c, "jump/drift", j->drift));
  PetscCall(NakCheckpointVec(c, "jump/older", j->older));
  PetscCall(NakCheckpointBlock(c, "jump/last_time", &j->last_time, sizeof(j->last_time)));
  PetscCall(NakCheckpointBlock(c, "jump/turns", &j->turns, sizeof(j->turns)));
  PetscCall(NakCheckpointBlock(c, "jump/distance", &j->distance, sizeof(j->distance)));
  PetscCall(NakCheckpointBlock(c, "jump/longest", &j->longest, sizeof(j->longest)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Largest component of v over the scales; v is overwritten. */
static PetscErrorCode Size(const NakJump *j, Vec v, PetscReal *size)
{
  PetscFunctionBeginUser;
  PetscCall(VecPointwiseDivide(v, v, j->scale));
  PetscCall(VecNorm(v, NORM_INFINITY, size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Learn from a turn that was computed: drift, and once the drift before. */
static PetscErrorCode Learn(NakStepper s, const NakRecord *now, PetscReal *period)
{
  NakJump *j = &s->jump;

  PetscFunctionBeginUser;
  *period = now->time - j->last_time;
  if (j->turns >= 2 && j->distance <= 1) {
    PetscCall(VecCopy(j->drift, j->older)); /* no jump yet: compare with the turn before */
    j->distance = 1;
  } else if (j->distance > 0)
    j->distance++;
  if (j->turns >= 1) PetscCall(VecWAXPY(j->drift, -1, j->last, s->U));
  PetscCall(VecCopy(s->U, j->last));
  j->last_time = now->time;
  j->turns++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The change of the drift per turn, and the number of turns that may be skipped. */
static PetscErrorCode Plan(NakStepper s, Vec change, PetscInt left, PetscInt *turns)
{
  NakJump  *j = &s->jump;
  Vec       work;
  PetscReal bend, slope, most;

  PetscFunctionBeginUser;
  PetscCall(NakModelScales(s->model, s->U, j->scale));
  PetscCall(VecWAXPY(change, -1, j->older, j->drift));
  PetscCall(VecScale(change, 1 / (PetscReal)j->distance));
  PetscCall(VecDuplicate(change, &work));
  PetscCall(VecCopy(change, work));
  PetscCall(Size(j, work, &bend));
  PetscCall(VecCopy(j->drift, work));
  PetscCall(Size(j, work, &slope));
  PetscCall(VecDestroy(&work));
  most   = PetscMin(PetscSqrtReal(2 * s->params.jump_tolerance / PetscMax(bend, 1e-30)),
                    most_change / PetscMax(slope, 1e-30));
  most   = PetscMin(most, (PetscReal)PetscMin(j->longest, left - TRIAL - 1));
  *turns = (PetscInt)PetscMax(most, 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Compute one turn without observers.  `quiet` is false if a condition came true in it. */
static PetscErrorCode Turn(NakStepper s, NakProtocol protocol, NakRecord *now, PetscBool *quiet)
{
  PetscInt  turns, left = 0;
  PetscReal overshoot;

  PetscFunctionBeginUser;
  *quiet = PETSC_TRUE;
  while (*quiet && left == 0) {
    PetscBool over;

    PetscCall(NakProtocolEnter(protocol, now));
    PetscCall(NakStepperEnter(s, protocol, now, &over));
    NakProtocolSee(protocol, now);
    while (!over) {
      PetscCall(NakStepperStep(s, protocol, PETSC_INFINITY, now, &over));
      NakProtocolSee(protocol, now);
    }
    PetscCall(NakProtocolJudge(protocol, now, &overshoot));
    PetscCall(NakProtocolLeave(protocol, now, NAK_END_NONE, NULL));
    PetscCall(NakProtocolTurns(protocol, &turns, &left));
    *quiet = (PetscBool)(overshoot < 0 && !NakProtocolDone(protocol));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A turn in which the solver gives up ends the trial, not the run. */
static PetscErrorCode TrialTurn(NakStepper s, NakProtocol protocol, NakRecord *now,
                                PetscBool *quiet)
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = Turn(s, protocol, now, quiet);
  PetscCall(PetscPopErrorHandler());
  if (code != PETSC_ERR_NOT_CONVERGED) PetscFunctionReturn(code);
  *quiet = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Compute the trial turns.  They are good if nothing ended one and the drift is the expected one.
   Returns the error of the jump over its tolerance; it is infinite if a turn was ended. */
static PetscErrorCode Try(NakStepper s, NakProtocol protocol, NakRecord *now, Vec change,
                          PetscInt turns, PetscBool *good, PetscReal *error)
{
  NakJump  *j = &s->jump;
  PetscReal miss;

  PetscFunctionBeginUser;
  *error = PETSC_INFINITY;
  PetscCall(NakModelValid(s->model, s->U, good));
  for (int k = 0; k < TRIAL && *good; k++) {
    j->last_time = now->time;
    PetscCall(VecCopy(s->U, j->last));
    PetscCall(TrialTurn(s, protocol, now, good));
  }
  if (!*good) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecAXPY(j->last, -1, s->U));                 /* less the drift found */
  PetscCall(VecAXPY(j->last, 1, j->drift));              /* the drift before */
  PetscCall(VecAXPY(j->last, (PetscReal)turns, change)); /* and how it should have changed */
  PetscCall(Size(j, j->last, &miss));
  *error = miss * (PetscReal)turns / 2 / s->params.jump_tolerance;
  *good  = (PetscBool)(*error <= 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The longest jump to allow next.  The error grows like the third power of a jump. */
static PetscInt NextLongest(PetscInt skip, PetscReal error)
{
  const PetscReal safety = 0.8, third = 1.0 / 3;
  const PetscReal factor = safety * PetscPowReal(PetscMax(error, 1e-6), -third);
  const PetscReal least = error <= 1 ? 1 : 0.125, most = error <= 1 ? 8 : 0.5;

  return (PetscInt)((PetscReal)skip * PetscMin(PetscMax(factor, least), most));
}

static PetscErrorCode Jump(NakStepper s, NakProtocol protocol, NakRecord *now, Vec change,
                           PetscReal period, PetscInt *turns)
{
  NakJump        *j            = &s->jump;
  NakRecord       before       = *now;
  const PetscInt  skip         = *turns;
  const PetscReal M            = (PetscReal)skip;
  NakRecord       extrapolated = *now;
  PetscReal       error;
  PetscBool       good;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(s->U, j->before));
  PetscCall(NakProtocolSave(protocol));
  PetscCall(VecAXPBYPCZ(s->U, M, M * (M + 1) / 2, 1, j->drift, change));
  PetscCall(NakModelMeasure(s->model, s->U, &extrapolated, NULL));
  PetscCall(NakProtocolSkip(protocol, skip, extrapolated.capacity - before.capacity));
  *now = extrapolated; /* the trial's holds begin with the charge after the jump */
  now->time += M * period;
  PetscCall(Try(s, protocol, now, change, skip, &good, &error));
  j->longest = NextLongest(skip, error);
  if (good) {
    PetscCall(VecCopy(j->drift, j->older));
    PetscCall(VecCopy(s->U, j->last));
    j->last_time = now->time;
    j->distance  = skip + TRIAL;
    *turns       = skip + TRIAL;
  } else {
    PetscCall(NakProtocolRestore(protocol));
    PetscCall(VecCopy(j->before, s->U));
    PetscCall(VecCopy(j->before, j->last));
    before.newton_iterations = now->newton_iterations; /* the trial's, too */
    before.linear_iterations = now->linear_iterations;
    *now                     = before;
    j->last_time             = now->time;
    *turns                   = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperJump(NakStepper s, NakProtocol protocol, NakRecord *now, PetscInt *turns)
{
  NakJump  *j = &s->jump;
  PetscInt  done, left;
  PetscReal period;
  Vec       change;

  PetscFunctionBeginUser;
  *turns = 0;
  PetscCall(NakProtocolTurns(protocol, &done, &left));
  if (done == 1) { /* even if none may be skipped yet: the next turns learn from here on */
    j->turns    = 0;
    j->distance = 0;
    j->longest  = 1000;
  }
  if (!s->params.jump || left == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Learn(s, now, &period));
  if (j->turns < 4 || j->distance == 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (j->longest < SHORTEST) { /* rest, then begin afresh */
    if (j->turns > PATIENCE) {
      j->turns    = 0;
      j->distance = 0;
      j->longest  = 2 * SHORTEST;
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecDuplicate(s->U, &change));
  PetscCall(Plan(s, change, left, turns));
  if (*turns < SHORTEST)
    *turns = 0;
  else {
    j->turns = 0;
    PetscCall(Jump(s, protocol, now, change, period, turns));
  }
  PetscCall(VecDestroy(&change));
  PetscFunctionReturn(PETSC_SUCCESS);
}
