/* The main loop; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

#include <petsctime.h>

/* Name of the deck without folder and suffix. */
static PetscErrorCode DeckName(const char *path, char name[NAK_TEXT_SIZE])
{
  const char *base = path;
  char       *dot;

  PetscFunctionBeginUser;
  for (const char *c = path; *c != '\0'; c++)
    if (*c == '/') base = c + 1;
  PetscCall(PetscStrncpy(name, base, NAK_TEXT_SIZE));
  PetscCall(PetscStrrchr(name, '.', &dot));
  if (dot > name + 1) dot[-1] = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimOutputCreate(NakSim s)
{
  char           name[NAK_TEXT_SIZE] = "run";
  NakOutputMode  mode                = s->options.replace ? NAK_OUTPUT_REPLACE : NAK_OUTPUT_NEW;
  NakCheckpoint  c                   = NULL;
  PetscErrorCode code                = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (s->options.deck != NULL) PetscCall(DeckName(s->options.deck, name));
  if (s->options.restart != NULL) {
    PetscCall(NakSimFind(s, &c));
    mode = c != NULL ? NAK_OUTPUT_CONTINUE : NAK_OUTPUT_REPLACE;
  }
  PetscCall(NakOutputCreate(s->comm, &s->params.output, name, mode, &s->output));
  if (c != NULL) code = NakSimResume(s, c);
  PetscCall(NakCheckpointDestroy(&c));
  PetscCall(code);
  PetscCall(NakOutputDeck(s->output, s->deck, s->schema));
  PetscCall(NakOutputLog(s->output, "%s", NakVersion()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp(NakSim s)
{
  NakInventory start;

  PetscFunctionBeginUser;
  PetscCall(NakModelCreate(s->comm, &s->params.model, &s->model));
  PetscCall(NakStepperCreate(s->model, &s->params.stepper, &s->stepper));
  if (NakProtocolHasSpectra(s->protocol))
    PetscCall(NakImpedanceCreate(s->model, &s->params.impedance, &s->impedance));
  PetscCall(NakSimVoidsCreate(s));
  PetscCall(NakModelMeasure(s->model, NakStepperState(s->stepper), &s->now, &start));
  s->balance = NakBalanceBegin(&start, NakModelDoubleLayer(s->model));
  PetscCall(NakInsituCreate(s->comm, &s->params.insitu, &s->insitu));
  PetscCall(NakSimOutputCreate(s));
  PetscCall(NakInsituStart(s->insitu, NakOutputDirectory(s->output)));
  PetscCall(NakProgressCreate(s->comm, s->options.quiet, &s->progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteFields(NakSim s)
{
  const PetscReal every = s->params.output.fields_every, rounding = 1e-12;
  NakFrame        frame;

  PetscFunctionBeginUser;
  PetscCall(NakModelFrame(s->model, NakStepperState(s->stepper), &frame));
  PetscCall(NakOutputFields(s->output, &s->now, &frame));
  if (every > 0) s->fields_due = every * (PetscFloorReal(s->now.time / every * (1 + rounding)) + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The scripts of Catalyst, where there are any. */
static PetscErrorCode ShowInsitu(NakSim s, PetscBool last)
{
  NakFrame frame;

  PetscFunctionBeginUser;
  PetscCall(NakModelFrame(s->model, NakStepperState(s->stepper), &frame));
  PetscCall(NakInsituShow(s->insitu, &s->now, &frame, last));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteRow(NakSim s)
{
  const PetscReal every = s->params.output.timeseries_every;

  PetscFunctionBeginUser;
  PetscCall(NakOutputRow(s->output, &s->now));
  s->now.newton_iterations = 0;
  s->now.linear_iterations = 0;
  s->row_due               = every > 0 ? s->now.time + every : 0;
  s->row                   = s->now.time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteSpectrum(NakSim s)
{
  const PetscReal    every = NakProtocolSpectra(s->protocol);
  const NakSpectrum *spectrum;
  PetscLogDouble     begin, end;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&begin));
  PetscCall(NakImpedanceSpectrum(s->impedance, NakStepperState(s->stepper), &spectrum));
  PetscCall(PetscTime(&end));
  PetscCall(NakOutputSpectrum(s->output, &s->now, spectrum));
  PetscCall(NakOutputLog(s->output, "%.9g s: a spectrum of %" PetscInt_FMT " frequencies in %.3g s",
                         (double)s->now.time, spectrum->count, end - begin));
  s->spectrum_due += every > 0 ? every : PETSC_INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Check the balances and show the moment to every observer that is due; a checkpoint comes last. */
static PetscErrorCode Observe(NakSim s)
{
  const PetscReal frames = s->params.output.fields_every, rounding = 1e-12;

  PetscFunctionBeginUser;
  NakBalanceCheck(&s->balance, NakStepperInventory(s->stepper), &s->now);
  if (s->now.time >= s->row_due) PetscCall(WriteRow(s));
  if (frames > 0 ? s->now.time >= s->fields_due : s->over && s->now.cycle == 0)
    PetscCall(WriteFields(s));
  if (NakInsituDue(s->insitu, &s->now, s->over)) PetscCall(ShowInsitu(s, PETSC_FALSE));
  if (s->now.time >= s->spectrum_due * (1 - rounding)) PetscCall(WriteSpectrum(s));
  PetscCall(NakProgressShow(s->progress, &s->now, NakProtocolTimeLeft(s->protocol, s->now.time)));
  PetscCall(NakSimPause(s));
  s->good = s->now;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode EnterLeaf(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakProtocolEnter(s->protocol, &s->now));
  PetscCall(NakStepperEnter(s->stepper, s->protocol, &s->now, &s->over));
  s->spectrum_due = s->now.time + NakProtocolSpectra(s->protocol);
  PetscCall(Observe(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One leaf of the protocol, from its switch to what ends it. */
static PetscErrorCode RunLeaf(NakSim s)
{
  const PetscBool frames = (PetscBool)(s->params.output.fields_every > 0);

  PetscFunctionBeginUser;
  if (!s->resumed) PetscCall(EnterLeaf(s));
  s->resumed = PETSC_FALSE;
  while (!s->over && s->stop == NULL) {
    const PetscReal frame =
      PetscMin(frames ? s->fields_due : PETSC_INFINITY, NakInsituNext(s->insitu));
    const PetscReal reach  = s->now.time + NakSimVoidsReach(s);
    const PetscReal latest = PetscMin(PetscMin(frame, s->spectrum_due), reach);

    PetscCall(NakStepperStep(s->stepper, s->protocol, latest, &s->now, &s->over));
    PetscCall(NakSimVoidsAdvance(s, &s->over));
    PetscCall(Observe(s));
  }
  PetscCall(NakProtocolLeave(s->protocol, &s->now, s->stop != NULL ? NAK_END_STOPPED : NAK_END_NONE,
                             s->stop));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunProtocol(NakSim s)
{
  PetscInt skipped;

  PetscFunctionBeginUser;
  if (!s->resumed) PetscCall(WriteFields(s));
  if (!s->resumed) PetscCall(ShowInsitu(s, PETSC_FALSE));
  while (!NakProtocolDone(s->protocol)) {
    PetscCall(RunLeaf(s));
    PetscCall(NakStepperJump(s->stepper, s->protocol, &s->now, &skipped));
    if (skipped > 0)
      PetscCall(NakOutputLog(s->output, "%.9g s: skipped %" PetscInt_FMT " turns",
                             (double)s->now.time, skipped));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *Status(NakEnd end)
{
  switch (end) {
  case NAK_END_NONE:
  case NAK_END_DURATION:
    return "completed";
  case NAK_END_CONDITION:
  case NAK_END_OUTER:
  case NAK_END_LIMIT:
    return "cutoff";
  case NAK_END_SHORT:
    return "short";
  case NAK_END_FAILED:
    return "failed";
  case NAK_END_STOPPED:
    return "interrupted";
  }
  return "failed";
}

/* The last pictures, and what all of them cost. */
static PetscErrorCode FinishInsitu(NakSim s)
{
  NakInsituCost cost;

  PetscFunctionBeginUser;
  if (s->insitu == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ShowInsitu(s, PETSC_TRUE));
  cost = NakInsituCosts(s->insitu);
  PetscCall(NakInsituDestroy(&s->insitu));
  PetscCall(NakOutputLog(
    s->output,
    "in situ: loading took %.3g s, the first moment %.3g s, the other %" PetscInt_FMT " %.3g s",
    (double)cost.start, (double)cost.first, cost.moments - 1, (double)cost.show));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last fields, pictures and row, `row` in any case. */
static PetscErrorCode ShowLast(NakSim s, PetscBool row)
{
  PetscFunctionBeginUser;
  PetscCall(WriteFields(s));
  PetscCall(FinishInsitu(s));
  if (row || s->now.time > s->row) PetscCall(WriteRow(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last fields and the summary, whatever ended the run. */
static PetscErrorCode Finish(NakSim s)
{
  const NakStepperCount count = NakStepperCounts(s->stepper);
  const char           *why;
  const NakEnd          end     = NakProtocolEnd(s->protocol, &why);
  NakSummary            summary = {.status            = Status(end),
                                   .end               = why,
                                   .na_balance        = s->balance.na_largest,
                                   .k_balance         = s->balance.k_largest,
                                   .charge_balance    = s->balance.charge_largest,
                                   .time_steps        = count.steps,
                                   .rejected_steps    = count.rejected,
                                   .linear_iterations = count.linear_iterations};
  const NakStepReport  *reports;
  PetscInt              n;
  PetscLogDouble        wall;
  PetscErrorCode        code;

  PetscFunctionBeginUser;
  if (end == NAK_END_SHORT) s->now.voltage = 0; /* the filament carries the current */
  code = s->broken ? PETSC_SUCCESS : ShowLast(s, (PetscBool)(end == NAK_END_SHORT));
  if (code == PETSC_ERR_FP) s->now = s->good; /* told; the summary keeps to the last good record */
  if (code != PETSC_ERR_FP) PetscCall(code);
  PetscCall(PetscTime(&wall));
  summary.last         = s->now;
  summary.wall_seconds = wall - s->began;
  PetscCall(NakProtocolReports(s->protocol, &n, &reports));
  PetscCall(NakOutputSummary(s->output, &summary, n, reports));
  PetscCall(NakProgressDestroy(&s->progress));
  PetscCall(NakSimVoidsLog(s));
  PetscCall(NakOutputLog(s->output, "%s: %s", summary.status, why));
  if (!s->options.quiet)
    PetscCall(PetscPrintf(s->comm, "%s: %s at %.6g s; results in %s\n", summary.status, why,
                          (double)s->now.time, NakOutputDirectory(s->output)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The end of a run that could not go on: the last good state stays, with the reason. */
static PetscErrorCode GiveUp(NakSim s, PetscErrorCode code)
{
  char why[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  if (code == PETSC_ERR_FP) { /* told already; what is in memory is not to be trusted */
    s->broken = PETSC_TRUE;
    s->now    = s->good;
    PetscCall(PetscStrncpy(why, "a number was not finite", sizeof why));
  } else {
    PetscCall(NakSimCheckpoint(s)); /* for other settings of the solver */
    PetscCall(
      PetscSNPrintf(why, sizeof why, "the solver gave up: %s", NakStepperFailure(s->stepper)));
  }
  PetscCall(NakProtocolLeave(s->protocol, &s->now, NAK_END_FAILED, why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunHere(NakSim s)
{
  PetscErrorCode code;
  PetscBool      over = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (s->options.restart != NULL) PetscCall(NakSimOver(s, &over));
  if (over) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakSignalsInstall());
  PetscCall(SetUp(s));
  code = RunProtocol(s);
  if (code != PETSC_SUCCESS && NakExitStatus(code) != NAK_EXIT_SOLVER) PetscFunctionReturn(code);
  if (code != PETSC_SUCCESS) PetscCall(GiveUp(s, code));
  PetscCall(Finish(s));
  PetscFunctionReturn(code);
}

static PetscErrorCode Run(NakSim s)
{
  if (s->params.kind == NAK_MODEL_CELL) return RunHere(s);
  return s->params.kind == NAK_MODEL_ALLOY ? NakSimAlloyRun(s) : NakSimBoxRun(s);
}

PetscErrorCode NakSimRun(NakSim sim)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (sim->params.kind == NAK_MODEL_CELL) PetscCall(NakSimCheckSize(sim));
  if (sim->comm != MPI_COMM_NULL) code = Run(sim);
  if (NakExitStatus(code) == NAK_EXIT_BUG) /* perhaps of this rank alone: let none wait for it */
    PetscCallMPI(MPI_Abort(sim->world, NAK_EXIT_BUG));
  code = NakAgree(sim->world, code);
  PetscFunctionReturn(code);
}
