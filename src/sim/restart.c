/* Checkpoints of a run, the wish to stop, and going on where a checkpoint says. */
#include "sim_impl.h"

#include <petsctime.h>
#include <signal.h>
#include <string.h>

/* ---- What a checkpoint holds ---- */

/* When the observers are due, and what the deck said of it. */
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
               .spectra_every    = NakProtocolSpectra(s->protocol)};
}

/* Output that was asked for otherwise before the restart begins its rhythm anew. */
static void SetDue(NakSim s, const Due *due)
{
  const Due       deck = DueOf(s);
  const PetscReal now  = s->now.time;

  s->row          = due->row;
  s->row_due      = due->row_due;
  s->fields_due   = due->fields_due;
  s->spectrum_due = due->spectrum_due;
  if (deck.timeseries_every != due->timeseries_every)
    s->row_due = deck.timeseries_every > 0 ? due->row + deck.timeseries_every : 0;
  if (deck.fields_every != due->fields_every && deck.fields_every > 0)
    s->fields_due = deck.fields_every * (PetscFloorReal(now / deck.fields_every) + 1);
  if (deck.spectra_every != due->spectra_every) s->spectrum_due = now + deck.spectra_every;
}

static PetscErrorCode TransferDue(NakSim s, NakCheckpoint c)
{
  Due due = DueOf(s);

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "sim/due", &due, sizeof due));
  if (NakCheckpointReads(c)) SetDue(s, &due);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TransferCell(NakSim s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(NakProtocolCheckpoint(s->protocol, c));
  PetscCall(NakStepperCheckpoint(s->stepper, c));
  PetscCall(NakSimVoidsCheckpoint(s, c));
  PetscCall(NakInsituCheckpoint(s->insitu, c));
  PetscCall(NakCheckpointBlock(c, "sim/over", &s->over, sizeof s->over));
  PetscCall(NakCheckpointBlock(c, "sim/balance", &s->balance, sizeof s->balance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything that a run must not lose, both ways: see nakfield/checkpoint.h. */
static PetscErrorCode Transfer(NakSim s, NakCheckpoint c)
{
  const PetscBool cell = (PetscBool)(s->params.kind == NAK_MODEL_CELL);
  PetscLogDouble  clock;
  PetscReal       wall;

  PetscFunctionBeginUser;
  PetscCall(cell ? TransferCell(s, c) : NakSimBoxCheckpoint(s, c));
  PetscCall(PetscTime(&clock));
  wall = clock - s->began;
  PetscCall(NakCheckpointBlock(c, "sim/wall", &wall, sizeof wall));
  PetscCall(NakCheckpointBlock(c, "sim/record", &s->now, sizeof s->now));
  if (cell) PetscCall(TransferDue(s, c));
  if (NakCheckpointReads(c)) s->began = clock - wall;
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
  PetscCall(NakOutputCheckpoint(s->output, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt Steps(NakSim s)
{
  if (s->params.kind != NAK_MODEL_CELL) return NakPhaseFieldCounts(s->box.engine).steps;
  return NakStepperCounts(s->stepper).steps;
}

PetscErrorCode NakSimCheckpoint(NakSim s)
{
  char           directory[PETSC_MAX_PATH_LEN];
  NakCheckpoint  c;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Directory(NakOutputDirectory(s->output), directory));
  PetscCall(NakCheckpointCreate(s->comm, directory, &c));
  code = Write(s, c);
  if (!code) code = NakCheckpointCommit(&c, s->params.checkpoint.keep);
  PetscCall(NakCheckpointDestroy(&c));
  PetscCall(PetscTime(&s->pause.written));
  s->pause.steps = Steps(s);
  PetscFunctionReturn(code);
}

/* ---- Whether to write, whether to stop ---- */

enum { WRITE = 1, STOP = 2 };

/* What the clock and the deck want, by one rank's clock. */
static PetscErrorCode Wish(NakSim s, int *wish)
{
  const NakCheckpointParams *p     = &s->params.checkpoint;
  const PetscInt             steps = Steps(s) - s->pause.steps;
  PetscLogDouble             now;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&now));
  s->pause.longest = PetscMax(s->pause.longest, now - s->pause.last);
  s->pause.last    = now;
  *wish            = 0;
  if (p->every > 0 && now - s->pause.written >= p->every) *wish = WRITE;
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

PetscErrorCode NakSimPause(NakSim s)
{
  int wishes[2]; /* of the signals and of the clock */

  PetscFunctionBeginUser;
  PetscCall(Wish(s, &wishes[1]));
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

PetscErrorCode NakSimFind(NakSim s, NakCheckpoint *c)
{
  const char *const run = s->params.output.directory;
  char              directory[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(Directory(run, directory));
  PetscCall(NakCheckpointOpen(s->comm, directory, c));
  if (*c == NULL)
    PetscCall(PetscFPrintf(s->comm, stderr,
                           "nakfield: %s holds no checkpoint: the run begins anew\n", run));
  else
    PetscCall(NakSimPhysicsCheckpoint(s, *c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimResume(NakSim s, NakCheckpoint c)
{
  PetscBool over = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(Transfer(s, c));
  PetscCall(NakOutputCheckpoint(s->output, c)); /* the files last: nothing is cut back in vain */
  PetscCall(NakOutputForgetSummary(s->output));
  if (s->params.kind == NAK_MODEL_CELL)
    PetscCall(NakStepperResume(s->stepper, s->protocol, &s->now, &over));
  s->over    = (PetscBool)(s->over || over);
  s->resumed = PETSC_TRUE;
  PetscCall(
    NakOutputLog(s->output, "%.9g s: goes on from %s", (double)s->now.time, NakCheckpointPath(c)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
