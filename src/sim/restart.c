/* Checkpoints of a run, requests to stop, and restarts from a checkpoint. */
#include "sim_impl.h"

#include <petsctime.h>
#include <signal.h>
#include <string.h>

/* ---- What a checkpoint holds ---- */

/* When the observers are due, and what the deck said about it. */
typedef struct {
  PetscReal row, row_due, fields_due, spectrum_due;        /* as in NakSim */
  PetscReal timeseries_every, fields_every, spectra_every; /* [s] */
} Due;

static Due DueOf(NakSim s)
{
  return (Due){.row              = s->row,
               .row_due          = s->row_due,
               .fields_due       = s->fields_due,
               .spectrum_due     = s->spectrum_due,
               .timeseries_every = s->params.output.timeseries_every,
               .fields_every     = s->params.output.fields_every,
               .spectra_every    = s->spectra_every};
}

/* Output that was asked for otherwise before the restart starts its rhythm again. */
static void SetDue(NakSim s, const Due *due)
{
  const Due       deck = DueOf(s);
  const PetscReal now  = s->time;

  s->row          = due->row;
  s->row_due      = due->row_due;
  s->fields_due   = due->fields_due;
  s->spectrum_due = due->spectrum_due;
  if (deck.timeseries_every != due->timeseries_every) s->row_due = NakSimNextRow(s);
  if (deck.fields_every != due->fields_every || deck.fields_every <= 0)
    s->fields_due = NakSimNextFrame(s);
  if (deck.spectra_every != due->spectra_every) s->spectrum_due = now + deck.spectra_every;
}

static PetscErrorCode TransferDue(NakSim s, NakCheckpoint c)
{
  Due       due = DueOf(s);
  PetscBool has; /* not in a checkpoint of an older program */

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "sim/due", &due, sizeof due));
  if (NakCheckpointReads(c)) SetDue(s, &due);
  PetscCall(NakCheckpointHas(c, "sim/ends", &has));
  if (has) PetscCall(NakCheckpointBlock(c, "sim/ends", &s->ends, sizeof s->ends));
  PetscCall(NakCheckpointHas(c, "sim/map", &has));
  if (has) PetscCall(NakCheckpointBlock(c, "sim/map", &s->map, sizeof s->map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Write or read everything that a run must not lose: see nakfield/checkpoint.h. */
static PetscErrorCode Transfer(NakSim s, NakCheckpoint c)
{
  PetscLogDouble clock;
  PetscReal      spent[2];

  PetscFunctionBeginUser;
  PetscCall(s->kind->checkpoint(s, c));
  PetscCall(NakInsituCheckpoint(s->insitu, c));
  PetscCall(PetscTime(&clock));
  spent[0] = clock - s->began;
  spent[1] = clock - s->march;
  PetscCall(NakCheckpointBlock(c, "sim/spent", spent, sizeof spent));
  if (!NakCheckpointReads(c)) PetscFunctionReturn(PETSC_SUCCESS);
  s->began   = clock - spent[0];
  s->marched = spent[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Writing ---- */

static PetscErrorCode Directory(const char *run, char directory[PETSC_MAX_PATH_LEN])
{
  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(directory, PETSC_MAX_PATH_LEN, "%s/checkpoint", run));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(NakSim s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(NakSimPhysicsCheckpoint(s, c));
  PetscCall(Transfer(s, c));
  PetscCall(TransferDue(s, c));
  PetscCall(NakOutputCheckpoint(s->output, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimCheckpoint(NakSim s)
{
  char           directory[PETSC_MAX_PATH_LEN];
  NakCheckpoint  c;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Directory(NakOutputDirectory(s->output), directory));
  PetscCall(NakCheckpointCreate(s->writers, directory, &c));
  code = Write(s, c);
  if (!code) code = NakCheckpointCommit(&c, s->params.checkpoint.keep);
  PetscCall(NakCheckpointDestroy(&c));
  PetscCall(PetscTime(&s->pause.written));
  s->pause.steps = s->steps;
  PetscFunctionReturn(code);
}

/* ---- Whether to write, whether to stop ---- */

enum { WRITE = 1, STOP = 2 };

#define FIRST 60.0 /* wall time after which there is a checkpoint, unless there never is one [s] */

/* What the clock and the deck ask for, by one rank's clock. */
static PetscErrorCode CheckRequests(NakSim s, int *wish)
{
  const NakCheckpointParams *p     = &s->params.checkpoint;
  const PetscBool            first = (PetscBool)(s->pause.written == s->pause.launched);
  const PetscReal            every = first ? PetscMin(p->every, FIRST) : p->every;
  const PetscInt             steps = s->steps - s->pause.steps;
  PetscLogDouble             now;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&now));
  s->pause.longest = PetscMax(s->pause.longest, now - s->pause.last);
  s->pause.last    = now;
  *wish            = 0;
  if (every > 0 && now - s->pause.written >= every) *wish = WRITE;
  if (p->steps > 0 && steps >= p->steps) *wish = WRITE;
  if (s->options.wall_time > 0 &&
      now + s->pause.longest - s->pause.launched >= s->options.wall_time)
    *wish = STOP;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *Why(int signal)
{
  if (signal == SIGUSR1) return "SIGUSR1";
  if (signal == SIGTERM) return "SIGTERM";
  if (signal == SIGINT) return "SIGINT";
  return "the wall time is up";
}

PetscErrorCode NakSimCheckpointDue(NakSim s)
{
  int wishes[2]; /* of the signals and of the clock */

  PetscFunctionBeginUser;
  PetscCall(CheckRequests(s, &wishes[1]));
  wishes[0] = NakReceived();
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, wishes, 2, MPI_INT, MPI_MAX, s->comm));
  if (wishes[0] != 0 || wishes[1] == STOP) s->stop = Why(wishes[0]);
  if (s->stop != NULL || wishes[1] != 0) PetscCall(NakSimCheckpoint(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Reading ---- */

PetscErrorCode NakSimOver(NakSim s, PetscBool *over)
{
  const char *const directory = s->params.output.directory;
  char              status[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCall(NakOutputStatus(s->comm, directory, status));
  *over = (PetscBool)(status[0] != '\0' && strcmp(status, "interrupted") != 0 &&
                      strcmp(status, "failed") != 0);
  if (*over)
    PetscCall(
      PetscPrintf(s->comm, "%s is complete (%s): nothing is left to do\n", directory, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* There is no checkpoint from which to continue. */
static PetscErrorCode BeginAnew(NakSim s)
{
  const char *const run = s->params.output.directory;
  char              table[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCall(NakOutputTable(s->comm, run, table));
  PetscCheck(table[0] == '\0' || s->options.replace, s->comm, PETSC_ERR_FILE_UNEXPECTED,
             "%s holds no checkpoint to continue from, but results (%s): give --replace to remove "
             "them and start again",
             run, table);
  PetscCall(PetscFPrintf(
    s->comm, stderr, "nakfield: %s holds no checkpoint: the run starts from the beginning\n", run));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimFind(NakSim s, NakCheckpoint *c)
{
  char           directory[PETSC_MAX_PATH_LEN];
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Directory(s->params.output.directory, directory));
  PetscCall(NakCheckpointOpen(s->writers, directory, c));
  code = *c == NULL ? BeginAnew(s) : NakSimPhysicsCheckpoint(s, *c);
  if (code) PetscCall(NakCheckpointDestroy(c));
  PetscFunctionReturn(code);
}

PetscErrorCode NakSimResume(NakSim s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(Transfer(s, c));
  s->resumed = PETSC_TRUE;
  PetscCall(s->kind->enter(s));
  PetscCall(TransferDue(s, c));
  PetscCall(NakOutputCheckpoint(s->output, c)); /* the files last: nothing is cut back in vain */
  PetscCall(NakOutputForgetSummary(s->output));
  PetscCall(
    NakOutputLog(s->output, "%.9g s: goes on from %s", (double)s->time, NakCheckpointPath(c)));
  if (s->options.deck != s->deck_path)
    PetscCall(NakOutputLog(s->output, "  with the deck %s", s->options.deck));
  for (PetscInt k = 0; k < s->options.n_overrides; k++)
    PetscCall(NakOutputLog(s->output, "  with %s", s->options.overrides[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
