/* The main loop, one for every kind of run; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

#include <petsctime.h>
#include <string.h>

#define GAVE_UP "the solver gave up"

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

/* The files of the run with its resolved deck.  They are those of a new run, or they are truncated
   to where a checkpoint says. */
static PetscErrorCode OpenOutput(NakSim s)
{
  const char    *warnings            = NakDeckWarnings(s->deck);
  char           name[NAK_TEXT_SIZE] = "run";
  NakOutputMode  mode                = s->options.replace ? NAK_OUTPUT_REPLACE : NAK_OUTPUT_NEW;
  NakCheckpoint  c                   = NULL;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (s->options.deck != NULL) PetscCall(DeckName(s->options.deck, name));
  if (s->options.restart != NULL) {
    PetscCall(NakSimFind(s, &c));
    mode = c != NULL ? NAK_OUTPUT_CONTINUE : NAK_OUTPUT_ANEW;
  }
  code = NakOutputCreate(s->comm, &s->params.output, name, mode, &s->output);
  if (!code && c != NULL) code = NakSimResume(s, c);
  PetscCall(NakCheckpointDestroy(&c));
  PetscCall(code);
  PetscCall(NakOutputDeck(s->output, s->deck, s->schema, s->params.title));
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
  PetscCall(NakSimPlacement(s));
  PetscCall(NakSimBoundFrames(s));
  PetscCall(NakInsituStart(s->insitu, NakOutputDirectory(s->output), s->time));
  PetscCall(NakProgressCreate(s->comm, s->options.quiet, s->kind->unit, &s->progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- What is shown ---- */

static PetscErrorCode WriteFields(NakSim s)
{
  NakFrameChoice choice;
  NakNumbers     numbers;

  PetscFunctionBeginUser;
  s->fields_due = NakSimNextFrame(s);
  if (s->options.light) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakSimFrame(s, &choice));
  PetscCall(s->kind->numbers(s, PETSC_FALSE, &numbers));
  NakSimWhenNumbers(s, NAK_SHOW_FRAME, &numbers);
  PetscCall(NakOutputFields(s->output, &numbers, &choice.frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The scripts of Catalyst, if there are any. */
static PetscErrorCode ShowInsitu(NakSim s, PetscBool last)
{
  NakNumbers numbers;
  NakFrame   frame;

  PetscFunctionBeginUser;
  if (s->insitu == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(s->kind->frame(s, &frame));
  PetscCall(s->kind->numbers(s, PETSC_FALSE, &numbers));
  NakSimWhenNumbers(s, NAK_SHOW_INSITU, &numbers);
  PetscCall(NakOutputFlush(s->output)); /* scripts read the map of a 2D run */
  PetscCall(NakInsituShow(s->insitu, &numbers, &frame, last));
  if (NakInsituMessage(s->insitu)[0] != '\0')
    PetscCall(NakOutputLog(s->output, "%.9g%s: %s", (double)s->time, s->kind->unit,
                           NakInsituMessage(s->insitu)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteRow(NakSim s, const NakNumbers *numbers)
{
  PetscFunctionBeginUser;
  PetscCall(NakOutputRow(s->output, s->kind->table, numbers));
  s->row_due = NakSimNextRow(s);
  s->row     = s->time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Show the moment to every observer that is due; a checkpoint comes last. */
static PetscErrorCode Observe(NakSim s)
{
  const PetscBool row    = (PetscBool)(s->time >= s->row_due);
  const PetscBool chosen = (PetscBool)(s->shown && ++s->ends % s->stride == 0);
  const PetscBool ends   = (PetscBool)(s->params.output.fields_every <= 0 && chosen);
  const PetscBool fields = (PetscBool)(s->time >= s->fields_due || ends);
  const PetscBool event  = s->kind->march == NULL ? s->shown : fields;
  const NakMoment moment = {
    .time = s->time, .left = s->left, .dt = s->dt, .steps = s->steps, .unit = s->kind->unit};
  NakNumbers numbers;

  PetscFunctionBeginUser;
  PetscCall(s->kind->numbers(s, row, &numbers));
  if (row) PetscCall(WriteRow(s, &numbers));
  PetscCall(NakSimMap(s, PETSC_FALSE));
  if (fields || s->when[NAK_SHOW_FRAME].due) PetscCall(WriteFields(s));
  if (NakInsituDue(s->insitu, s->time, event) || s->when[NAK_SHOW_INSITU].due)
    PetscCall(ShowInsitu(s, PETSC_FALSE));
  if (s->kind->spectrum != NULL) PetscCall(s->kind->spectrum(s));
  PetscCall(NakProgressShow(s->progress, &numbers, s->dt, s->left));
  PetscCall(NakOutputProgress(s->output, &moment));
  PetscCall(NakSimCheckpointDue(s));
  s->good = s->time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- While it runs ---- */

/* One step of a cell's protocol, or the whole run of a box, from its start to what ends it. */
static PetscErrorCode RunProtocolStep(NakSim s)
{
  PetscFunctionBeginUser;
  if (!s->resumed) {
    PetscCall(s->kind->enter(s));
    PetscCall(Observe(s));
  } else if (s->kind->spectrum != NULL) {
    PetscCall(s->kind->spectrum(s)); /* where the run gave up over it */
  }
  s->resumed = PETSC_FALSE;
  while (!s->over && s->stop == NULL) {
    PetscCall(s->kind->step(s, PetscMin(s->fields_due, NakInsituNext(s->insitu))));
    PetscCall(Observe(s));
  }
  PetscCall(s->kind->leave(s, s->stop != NULL ? NAK_END_STOPPED : NAK_END_NONE, s->stop));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunAll(NakSim s)
{
  PetscLogDouble clock;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&clock));
  s->march = clock - s->marched;
  if (!s->resumed) PetscCall(WriteFields(s));
  if (!s->resumed) PetscCall(ShowInsitu(s, PETSC_FALSE));
  while (s->end == NAK_END_NONE) PetscCall(RunProtocolStep(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- After the run ---- */

static const char *Status(NakEnd end)
{
  static const char *const words[] = {
    [NAK_END_NONE] = "completed",      [NAK_END_DURATION] = "completed",
    [NAK_END_CONDITION] = "condition", [NAK_END_OUTER] = "condition",
    [NAK_END_LIMIT] = "limit",         [NAK_END_SHORT] = "short",
    [NAK_END_FAILED] = "failed",       [NAK_END_STOPPED] = "interrupted"};

  return words[end];
}

/* The last pictures, and the cost of all of them. */
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
  NakNumbers numbers;

  PetscFunctionBeginUser;
  PetscCall(WriteFields(s));
  PetscCall(NakSimMap(s, PETSC_TRUE));
  PetscCall(FinishInsitu(s));
  if (!row && s->time <= s->row) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(s->kind->numbers(s, PETSC_TRUE, &numbers));
  PetscCall(WriteRow(s, &numbers));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The end of a run that could not continue, by the last error.  A state that is not finite cannot
   be trusted.  So the summary keeps to the last good moment. */
static PetscErrorCode Fail(NakSim s)
{
  const int longest = (int)(sizeof s->why - sizeof GAVE_UP - 2);

  PetscFunctionBeginUser;
  PetscCall(NakFaultShare(s->comm, &s->fault));
  (void)snprintf(s->why, sizeof s->why, GAVE_UP ": %.*s", longest, s->fault.text);
  s->end = NAK_END_FAILED;
  if (s->broken) s->time = s->good;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The protocol steps that something ended before their own time.  One that ended the run is left
   out: that is reported already. */
static PetscErrorCode ListEarly(NakSim s, const NakSummary *summary, char text[], size_t size)
{
  const PetscInt shown = 3;
  PetscInt       count = 0;

  PetscFunctionBeginUser;
  text[0] = '\0';
  for (const NakStepReport *r = summary->reports; r < summary->reports + summary->n_reports; r++) {
    const size_t n = strlen(text);

    if (r->early == 0 || (r->early == 1 && strcmp(r->early_reason, s->why) == 0)) continue;
    if (count++ >= shown) continue;
    PetscCall(PetscSNPrintf(text + n, size - n, "%s step %" PetscInt_FMT " (%s",
                            n == 0 ? "; ended early:" : ",", r->item, r->kind));
    if (r->executions > 1)
      PetscCall(PetscSNPrintf(text + strlen(text), size - strlen(text),
                              ", %" PetscInt_FMT " of %" PetscInt_FMT " times", r->early,
                              r->executions));
    PetscCall(PetscSNPrintf(text + strlen(text), size - strlen(text), ") by %s", r->early_reason));
  }
  if (count > shown)
    PetscCall(PetscSNPrintf(text + strlen(text), size - strlen(text),
                            ", and %" PetscInt_FMT " more: summary.json", count - shown));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How the run ended, in one line of the terminal and one of the log. */
static PetscErrorCode ReportEnd(NakSim s, const NakSummary *summary)
{
  char early[2 * NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCall(ListEarly(s, summary, early, sizeof early));
  PetscCall(NakOutputLog(s->output, "%s: %s%s", summary->status, s->why, early));
  if (!s->options.quiet && s->end == NAK_END_FAILED)
    PetscCall(PetscPrintf(s->comm, "failed at %.6g%s; results up to there in %s\n", (double)s->time,
                          s->kind->unit, NakOutputDirectory(s->output)));
  else if (!s->options.quiet)
    PetscCall(PetscPrintf(s->comm, "%s: %s at %.6g%s%s; results in %s\n", summary->status, s->why,
                          (double)s->time, s->kind->unit, early, NakOutputDirectory(s->output)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last fields and the summary, whatever ended the run. */
static PetscErrorCode Finish(NakSim s)
{
  const PetscBool shorted = (PetscBool)(s->end == NAK_END_SHORT);
  NakSummary      summary = {.end = s->why};
  PetscLogDouble  clock;
  PetscErrorCode  code;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&clock));
  s->marched = clock - s->march;
  code       = s->broken ? PETSC_SUCCESS : ShowLast(s, shorted);
  if (code == PETSC_ERR_FP) {
    s->broken = PETSC_TRUE;
    code      = Fail(s);
  }
  PetscCall(code);
  summary.status = Status(s->end);
  PetscCall(s->kind->results(s, &summary));
  PetscCall(PetscTime(&clock));
  summary.wall_seconds = clock - s->began;
  PetscCall(NakOutputSummary(s->output, &summary));
  PetscCall(NakProgressDestroy(&s->progress));
  PetscCall(ReportEnd(s, &summary));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GiveUp(NakSim s, PetscErrorCode code)
{
  PetscFunctionBeginUser;
  s->broken = (PetscBool)(code == PETSC_ERR_FP);
  if (!s->broken) PetscCall(NakSimCheckpoint(s)); /* for other settings of the solver */
  PetscCall(s->kind->leave(s, NAK_END_FAILED, GAVE_UP));
  PetscCall(Fail(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All ranks agree on an error of files.  The log may still have room for it. */
static PetscErrorCode LogError(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakFaultShare(s->comm, &s->fault));
  PetscCall(NakOutputLog(s->output, "ended by an error: %s", s->fault.text));
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
  if (NakExitStatus(code) == NAK_EXIT_OUTPUT) PetscCall(LogError(s));
  if (code != PETSC_SUCCESS && NakExitStatus(code) != NAK_EXIT_SOLVER) PetscFunctionReturn(code);
  if (code != PETSC_SUCCESS) PetscCall(GiveUp(s, code));
  PetscCall(Finish(s));
  PetscFunctionReturn(code == PETSC_SUCCESS && s->broken ? PETSC_ERR_FP : code);
}

PetscErrorCode NakSimRun(NakSim sim)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCall(NakSignalsInstall()); /* on ranks that wait as well: launchers signal all of them */
  PetscCall(NakSimCheckSize(sim));
  PetscCall(NakErrorsInstall(&sim->fault));
  if (sim->comm != MPI_COMM_NULL) code = RunHere(sim);
  PetscCall(PetscPopErrorHandler());
  if (NakExitStatus(code) == NAK_EXIT_BUG) /* perhaps of this rank alone: let none wait for it */
    PetscCallMPI(MPI_Abort(sim->world, NAK_EXIT_BUG));
  code = NakAgree(sim->world, code);
  PetscFunctionReturn(code);
}
