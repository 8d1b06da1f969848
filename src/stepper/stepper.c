/* Integrator set-up; the contract is in nakfield/stepper.h. */
#include "stepper_impl.h"

const NakParam NakStepperParamRows[] = {
  NAK_ROW_CHOICE(
    "solver.integrator", NakStepperParams, integrator, NAK_INTEGRATOR_AUTO, "auto|rosenbrock|bdf",
    "rosenbrock: linearly implicit, order 3; bdf: backward differentiation, order 2, with Newton's "
    "method; auto: bdf if there are grains or voids and the K film has no nuclei, else rosenbrock"),
  NAK_ROW_REAL("solver.tolerance", NakStepperParams, tolerance, "1", 1e-4, 1e-12, 0.1,
               "Error of a time step, relative and over each unknown's scale"),
  NAK_ROW_REAL("solver.linear_tolerance", NakStepperParams, linear_tolerance, "1", 1e-11, 1e-14,
               1e-2, "Relative residual of the linear solves in 2D and 3D"),
  NAK_ROW_REAL("solver.first_step", NakStepperParams, first_step, "s", 1e-3, 1e-12, 1e6,
               "First time step after a switch"),
  NAK_ROW_REAL("solver.shortest_step", NakStepperParams, shortest_step, "s", 1e-10, 1e-15, 1e3,
               "Time step below which the solver gives up"),
  NAK_ROW_REAL("solver.longest_step", NakStepperParams, longest_step, "s", 3600, 1e-9, 1e9,
               "Longest time step"),
  NAK_ROW_BOOL("solver.jump", NakStepperParams, jump, PETSC_FALSE,
               "Skip cycles of long pulse trains where the state drifts slowly"),
  NAK_ROW_REAL("solver.jump_tolerance", NakStepperParams, jump_tolerance, "1", 1e-3, 1e-8, 0.1,
               "Error of a jump over each unknown's scale"),
  NAK_ROW_END,
};

PetscErrorCode NakStepperResidual(NakStepper s, Vec U, Vec Udot, Vec F)
{
  PetscFunctionBeginUser;
  PetscCall(NakModelValid(s->model, U, &s->stage_valid));
  if (s->stage_valid)
    PetscCall(NakModelResidual(s->model, U, Udot, F));
  else
    PetscCall(VecSet(F, 0)); /* the stage is thrown away */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same for the backward differentiation. */
static PetscErrorCode Equation(void *ctx, Vec U, Vec Udot, Vec F, PetscBool *valid)
{
  NakStepper s = (NakStepper)ctx;

  PetscFunctionBeginUser;
  PetscCall(NakStepperResidual(s, U, Udot, F));
  *valid = s->stage_valid;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Valid(void *ctx, Vec U, PetscBool *valid)
{
  PetscFunctionBeginUser;
  PetscCall(NakModelValid(((NakStepper)ctx)->model, U, valid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode UpdateAmounts(void *ctx, Vec F, PetscReal shift, Vec U)
{
  PetscFunctionBeginUser;
  PetscCall(NakModelBook(((NakStepper)ctx)->model, F, shift, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Newton's method squares the residual of its equations, so the root of the tolerance is enough for
   it. */
static PetscErrorCode CreateBdf(NakStepper s)
{
  const NakEquation equation = {
    .ctx = s, .residual = Equation, .valid = Valid, .book = UpdateAmounts};
  Vec scale;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(s->U, &scale));
  PetscCall(NakModelScales(s->model, NULL, scale));
  PetscCall(NakBdfCreate(s->columns, &equation, scale, s->params.tolerance,
                         PetscSqrtReal(s->params.linear_tolerance), &s->bdf));
  PetscCall(VecDestroy(&scale));
  s->longest = s->most = s->params.longest_step;
  s->disturbed         = NakModelDisturbed(s->model);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode IFunction(TS ts, PetscReal t, Vec U, Vec Udot, Vec F, void *ctx)
{
  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  PetscCall(NakStepperResidual((NakStepper)ctx, U, Udot, F));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec U, Vec Udot, PetscReal shift, Mat J, Mat P,
                                void *ctx)
{
  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  (void)Udot;
  (void)J;
  (void)P; /* the columns fill their own */
  PetscCall(NakColumnsLinearise(((NakStepper)ctx)->columns, U, shift));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A stage without physical meaning, or whose system is not solved, is a rejected step and no error.
   TSROSW hands over the stage's increment here, so its residual is judged instead. */
static PetscErrorCode StageValid(TS ts, PetscReal t, Vec stage, PetscBool *valid)
{
  NakStepper stepper;

  PetscFunctionBeginUser;
  (void)t;
  (void)stage;
  PetscCall(TSGetApplicationContext(ts, &stepper));
  *valid = (PetscBool)(stepper->stage_valid && NakColumnsSolved(stepper->columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Errors are weighed with the largest component.  So one collapsing column is seen among thousands,
   and the steps are the same for any number of ranks. */
static PetscErrorCode SetTolerances(NakStepper s)
{
  const PetscReal least = 1e-30; /* at its least step TSAdapt would accept any error */
  TSAdapt         adapt;
  Vec             scale;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(s->U, &scale));
  PetscCall(NakModelScales(s->model, NULL, scale));
  PetscCall(VecScale(scale, s->params.tolerance));
  PetscCall(TSSetTolerances(s->ts, PETSC_DECIDE, scale, s->params.tolerance, NULL));
  PetscCall(VecDestroy(&scale));
  PetscCall(TSGetAdapt(s->ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTBASIC));
  PetscCall(NakOptionPrefer("-ts_adapt_wnormtype", "infinity"));
  PetscCall(TSAdaptSetStepLimits(adapt, least, s->params.longest_step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateIntegrator(NakStepper s)
{
  const PetscInt rejections = 60;
  Mat            J          = NakColumnsOperator(s->columns);
  SNES           snes;
  KSP            ksp;
  TSAdapt        adapt;
  PetscReal      least;

  PetscFunctionBeginUser;
  PetscCall(TSCreate(s->comm, &s->ts));
  PetscCall(TSSetApplicationContext(s->ts, s));
  PetscCall(TSSetDM(s->ts, NakStateDM(NakModelState(s->model))));
  PetscCall(TSSetProblemType(s->ts, TS_NONLINEAR));
  PetscCall(TSSetType(s->ts, TSROSW));
  PetscCall(TSRosWSetType(s->ts, TSROSWRA34PW2));
  PetscCall(TSSetIFunction(s->ts, NULL, IFunction, s));
  PetscCall(TSSetIJacobian(s->ts, J, J, IJacobian, s));
  PetscCall(TSSetFunctionDomainError(s->ts, StageValid));
  PetscCall(TSSetPreStage(s->ts, NakStepStage));
  PetscCall(TSSetExactFinalTime(s->ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSteps(s->ts, PETSC_INT_MAX));
  PetscCall(TSSetMaxStepRejections(s->ts, rejections));
  PetscCall(TSSetMaxSNESFailures(s->ts, -1));
  PetscCall(TSSetErrorIfStepFails(s->ts, PETSC_FALSE));
  PetscCall(SetTolerances(s));
  PetscCall(TSGetSNES(s->ts, &snes));
  PetscCall(SNESSetType(snes, SNESKSPONLY));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(NakColumnsSetUpKSP(s->columns, s->params.linear_tolerance, NAK_SOLUTIONS_KEPT, ksp,
                               &s->krylov));
  PetscCall(NakTakeOptions(s->ts, NULL));
  PetscCall(TSSetSolution(s->ts, s->U));
  PetscCall(TSGetAdapt(s->ts, &adapt));
  PetscCall(TSAdaptGetStepLimits(adapt, &least, &s->longest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperCreate(NakModel model, const NakStepperParams *params, NakStepper *stepper)
{
  DM         dm = NakStateDM(NakModelState(model));
  NakStepper s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *stepper   = s;
  s->comm    = PetscObjectComm((PetscObject)dm);
  s->model   = model;
  s->columns = NakModelColumns(model);
  s->params  = *params;
  PetscCall(DMCreateGlobalVector(dm, &s->U));
  PetscCall(VecDuplicate(s->U, &s->U_before));
  PetscCall(NakModelInitialise(model, s->U));
  if (s->params.integrator == NAK_INTEGRATOR_BDF)
    PetscCall(CreateBdf(s));
  else
    PetscCall(CreateIntegrator(s));
  PetscCall(NakJumpCreate(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperDestroy(NakStepper *stepper)
{
  NakStepper s = *stepper;

  PetscFunctionBeginUser;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakJumpDestroy(s));
  PetscCall(NakBdfDestroy(&s->bdf));
  PetscCall(TSDestroy(&s->ts));
  PetscCall(VecDestroy(&s->U));
  PetscCall(VecDestroy(&s->U_before));
  PetscCall(PetscFree(*stepper));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepperCheckpoint(NakStepper s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  s->held = NakModelHeld(s->model);
  if (s->bdf != NULL) {
    NakStepperHeedNuclei(s); /* it may cut the next step */
    PetscCall(NakBdfCheckpoint(s->bdf, s->U_before, c));
  }
  PetscCall(NakCheckpointVec(c, "stepper/U", s->U));
  PetscCall(NakCheckpointBlock(c, "stepper/next", &s->next, sizeof(s->next)));
  PetscCall(NakCheckpointBlock(c, "stepper/temperature", &s->temperature, sizeof(s->temperature)));
  PetscCall(NakCheckpointBlock(c, "stepper/held", &s->held, sizeof(s->held)));
  PetscCall(NakCheckpointBlock(c, "stepper/line", &s->line, sizeof(s->line)));
  PetscCall(NakCheckpointBlock(c, "stepper/count", &s->count, sizeof(s->count)));
  PetscCall(NakJumpCheckpoint(s, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

Vec NakStepperState(NakStepper stepper)
{
  return stepper->U;
}

const NakInventory *NakStepperInventory(NakStepper stepper)
{
  return stepper->inventory;
}

NakStepperCount NakStepperCounts(NakStepper stepper)
{
  return stepper->count;
}
