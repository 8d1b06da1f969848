/* The main loop, one for every kind of run; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

#include <petsctime.h>
#include <string.h>

/* ---- Before ---- */

/* Name of the deck without folder and suffix, for a folder. */
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
  if (name[strspn(name, ".")] == '\0') PetscCall(PetscStrncpy(name, "run", NAK_TEXT_SIZE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The files of the run, those of a new one or cut back to where a checkpoint says, with its resolved deck. */
static PetscErrorCode OpenOutput(NakSim s)
{
  const char    *warnings            = NakDeckWarnings(s->deck);
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
  if (warnings[0] != '\0')
    PetscCall(NakOutputLog(s->output, "%.*s", (int)strlen(warnings) - 1, warnings));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp(NakSim s)
{
  PetscFunctionBeginUser;
  s->fields_due = s->spectrum_due = PETSC_INFINITY;
  PetscCall(s->kind->create(s));
  PetscCall(NakInsituCreate(s->comm, &s->params.insitu, &s->insitu));
  PetscCall(OpenOutput(s));
  PetscCall(NakInsituStart(s->insitu, NakOutputDirectory(s->output), s->now.time));
  PetscCall(NakProgressCreate(s->comm, s->options.quiet,
                              s->kind->table != NULL ? s->kind->unit : NULL, &s->progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- What is shown ---- */

PetscReal NakSimNextFrame(NakSim s)
{
  const PetscReal every = s->params.output.fields_every;

  if (s->kind->next_frame != NULL) return s->kind->next_frame(s);
  return every > 0 ? NakNextMultiple(every, s->now.time) : PETSC_INFINITY;
}

PetscReal NakSimNextRow(NakSim s)
{
  const PetscReal every = s->params.output.timeseries_every;

  return every > 0 ? NakNextMultiple(every, s->now.time) : 0;
}

static PetscErrorCode WriteFields(NakSim s)
{
  NakFrame   frame;
  NakNumbers numbers;

  PetscFunctionBeginUser;
  PetscCall(s->kind->frame(s, &frame));
  if (s->kind->table != NULL) PetscCall(s->kind->numbers(s, &numbers));
  PetscCall(NakOutputFields(s->output, &s->now, s->kind->table != NULL ? &numbers : NULL, &frame));
  s->fields_due = NakSimNextFrame(s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The scripts of Catalyst, where there are any. */
static PetscErrorCode ShowInsitu(NakSim s, PetscBool last)
{
  NakNumbers numbers;
  NakFrame   frame;

  PetscFunctionBeginUser;
  if (s->insitu == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(s->kind->frame(s, &frame));
  PetscCall(s->kind->numbers(s, &numbers));
  PetscCall(NakInsituShow(s->insitu, s->now.time, &numbers, &frame, last));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteRow(NakSim s)
{
  NakNumbers numbers;

  PetscFunctionBeginUser;
  if (s->kind->table != NULL) {
    PetscCall(s->kind->numbers(s, &numbers));
    PetscCall(NakOutputTableRow(s->output, s->kind->table, &numbers));
  } else {
    PetscCall(s->kind->row(s));
  }
  s->row_due = NakSimNextRow(s);
  s->row     = s->now.time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Show the moment to every observer that is due; a checkpoint comes last. */
static PetscErrorCode Observe(NakSim s)
{
  const PetscBool ends =
    (PetscBool)(s->params.output.fields_every <= 0 && s->over && s->now.cycle == 0);
  const PetscBool fields = (PetscBool)(s->now.time >= s->fields_due || ends);
  const PetscBool event  = s->protocol != NULL ? s->over : fields;

  PetscFunctionBeginUser;
  if (s->now.time >= s->row_due) PetscCall(WriteRow(s));
  if (fields) PetscCall(WriteFields(s));
  if (NakInsituDue(s->insitu, &s->now, event)) PetscCall(ShowInsitu(s, PETSC_FALSE));
  if (s->kind->observe != NULL) PetscCall(s->kind->observe(s));
  PetscCall(NakProgressShow(s->progress, &s->now, s->kind->time_left(s)));
  PetscCall(NakSimPause(s));
  s->good = s->now;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- While it runs ---- */

/* One leaf of a cell's protocol, or all that a box goes through, from its start to what ends it. */
static PetscErrorCode RunLeaf(NakSim s)
{
  PetscFunctionBeginUser;
  if (!s->resumed) {
    PetscCall(s->kind->enter(s));
    PetscCall(Observe(s));
  } else if (s->kind->observe != NULL) {
    PetscCall(s->kind->observe(s)); /* where the run gave up over it */
  }
  s->resumed = PETSC_FALSE;
  while (!s->over && s->stop == NULL) {
    PetscCall(s->kind->step(s, PetscMin(s->fields_due, NakInsituNext(s->insitu))));
    PetscCall(Observe(s));
  }
  PetscCall(s->kind->leave(s, s->stop != NULL ? NAK_END_STOPPED : NAK_END_NONE, s->stop));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakSimEnded(NakSim s)
{
  return (PetscBool)(s->end != NAK_END_NONE);
}

static PetscErrorCode RunAll(NakSim s)
{
  PetscLogDouble clock;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&clock));
  s->march = clock - s->marched;
  if (!s->resumed) PetscCall(WriteFields(s));
  if (!s->resumed) PetscCall(ShowInsitu(s, PETSC_FALSE));
  while (!s->kind->done(s)) PetscCall(RunLeaf(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Behind ---- */

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
  PetscCall(
    NakOutputLog(s->output,
                 "in situ: loading took %.3g s, the first moment %.3g s, the other %" PetscInt_FMT
                 " %.3g s; on rank 0, %.3g s of processor time, %.3g MB of memory",
                 (double)cost.start, (double)cost.first, cost.moments - 1, (double)cost.show,
                 (double)cost.processor, 1e-6 * (double)cost.memory));
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
  const PetscBool      shorted = (PetscBool)(s->end == NAK_END_SHORT);
  NakSummary           summary = {.status = Status(s->end), .end = s->why};
  const NakStepReport *reports = NULL;
  PetscInt             n       = 0;
  PetscLogDouble       clock;
  PetscErrorCode       code;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&clock));
  s->marched = clock - s->march;
  code       = s->broken ? PETSC_SUCCESS : ShowLast(s, shorted);
  if (code == PETSC_ERR_FP) { /* told; the summary keeps to the last good record */
    s->broken = PETSC_TRUE;
    s->now    = s->good;
    code      = PETSC_SUCCESS;
  }
  PetscCall(code);
  PetscCall(s->kind->results(s, &summary));
  if (s->protocol != NULL) PetscCall(NakProtocolReports(s->protocol, &n, &reports));
  summary.last = s->now;
  PetscCall(PetscTime(&clock));
  summary.wall_seconds = clock - s->began;
  PetscCall(NakOutputSummary(s->output, &summary, n, reports));
  PetscCall(NakProgressDestroy(&s->progress));
  PetscCall(NakOutputLog(s->output, "%s: %s", summary.status, s->why));
  if (!s->options.quiet)
    PetscCall(PetscPrintf(s->comm, "%s: %s at %.6g%s; results in %s\n", summary.status, s->why,
                          (double)s->now.time, s->kind->unit, NakOutputDirectory(s->output)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The end of a run that could not go on: the last good state stays, with the reason. */
static PetscErrorCode GiveUp(NakSim s, PetscErrorCode code)
{
  char why[NAK_TEXT_SIZE] = "a number was not finite";

  PetscFunctionBeginUser;
  if (code == PETSC_ERR_FP) { /* told already; what is in memory is not to be trusted */
    s->broken = PETSC_TRUE;
    s->now    = s->good;
  } else {
    PetscCall(NakSimCheckpoint(s)); /* for other settings of the solver */
    PetscCall(PetscSNPrintf(why, sizeof why, "the solver gave up: %s", s->kind->failure(s)));
  }
  PetscCall(s->kind->leave(s, NAK_END_FAILED, why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunHere(NakSim s)
{
  PetscErrorCode code;
  PetscBool      over = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (s->options.restart != NULL) PetscCall(NakSimOver(s, &over));
  if (over) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SetUp(s));
  code = RunAll(s);
  if (code != PETSC_SUCCESS && NakExitStatus(code) != NAK_EXIT_SOLVER) PetscFunctionReturn(code);
  if (code != PETSC_SUCCESS) PetscCall(GiveUp(s, code));
  PetscCall(Finish(s));
  PetscFunctionReturn(code);
}

PetscErrorCode NakSimRun(NakSim sim)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCall(NakSignalsInstall()); /* on ranks that wait as well: launchers signal all of them */
  PetscCall(NakSimCheckSize(sim));
  if (sim->comm != MPI_COMM_NULL) code = RunHere(sim);
  if (NakExitStatus(code) == NAK_EXIT_BUG) /* perhaps of this rank alone: let none wait for it */
    PetscCallMPI(MPI_Abort(sim->world, NAK_EXIT_BUG));
  code = NakAgree(sim->world, code);
  PetscFunctionReturn(code);
}
