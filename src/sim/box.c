/* Runs of a model on a box: the second engine with the deck and the run directory of all runs. */
#include "sim_impl.h"

#include <petsctime.h>

/* ---- Before ---- */

/* The times at which fields are written: those of time.frames below the end, then the end.  Rank 0. */
static PetscErrorCode ReadFrames(NakSim s)
{
  NakSimBox    *b      = &s->box;
  const NakNode list   = NakDeckFind(s->deck, "time.frames");
  PetscReal     before = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; list != NULL && k < NakNodeCount(list) && k < NAK_BOX_FRAMES; k++) {
    const NakNode node = NakNodeItem(list, k, NULL);
    PetscReal     time;
    PetscBool     ok;

    PetscCall(NakDeckQuantity(s->deck, node, "1", 0, PETSC_MAX_REAL, &time, &ok));
    if (ok && time <= before)
      PetscCall(NakDeckComplain(s->deck, node, "time.frames must grow, and begin above 0"));
    if (ok && time < s->params.pfhub.end) b->frames[b->n_frames++] = before = time;
  }
  if (list != NULL && (NakNodeKindOf(list) != NAK_NODE_LIST || NakNodeCount(list) > NAK_BOX_FRAMES))
    PetscCall(NakDeckComplain(s->deck, list, "time.frames must be a list of at most %d times",
                              NAK_BOX_FRAMES));
  b->frames[b->n_frames++] = s->params.pfhub.end;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimBoxRead(NakSim s)
{
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  s->params.output.timeseries_every = -1;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) PetscCall(ReadFrames(s));
  PetscCallMPI(MPI_Bcast(&s->box.n_frames, 1, MPIU_INT, 0, s->world));
  PetscCallMPI(MPI_Bcast(s->box.frames, NAK_BOX_FRAMES + 1, MPIU_REAL, 0, s->world));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimBoxDescribe(NakSim s)
{
  const NakBoxGrid grid = NakPfhubBox(&s->params.pfhub);

  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(s->world,
                        "# %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
                        " cells; about %.3g MB of memory for each field\n",
                        grid.n[0], grid.n[1], grid.n[2],
                        8e-6 * 10 * (double)grid.n[0] * (double)grid.n[1] * (double)grid.n[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp(NakSim s)
{
  const NakPfhubParams *p    = &s->params.pfhub;
  const NakBoxGrid      grid = NakPfhubBox(p);
  const void           *ctx  = &p->cahn_hilliard;
  PetscLogDouble        clock;

  PetscFunctionBeginUser;
  switch ((NakModelKind)s->params.kind) {
  case NAK_MODEL_CAHN_HILLIARD:
    NakCahnHilliardModel(&p->cahn_hilliard, &s->box.model);
    break;
  case NAK_MODEL_POISSON:
    NakPoissonModel(&p->cahn_hilliard, &s->box.model);
    break;
  case NAK_MODEL_ALLEN_CAHN:
    NakAllenCahnModel(&p->allen_cahn, &s->box.model);
    ctx = &p->allen_cahn;
    break;
  case NAK_MODEL_CELL:
  case NAK_MODEL_ALLOY:
  case NAK_MODEL_ANY:
    SETERRQ(s->comm, PETSC_ERR_PLIB, "not a model on a box");
  }
  PetscCall(NakPhaseFieldCreate(s->comm, &s->box.model, ctx, &grid, &p->solver, &s->box.engine));
  PetscCall(NakPhaseFieldTotal(s->box.engine, 0, &s->box.total));
  PetscCall(PetscTime(&clock));
  s->box.march = clock;
  PetscCall(NakSimOutputCreate(s)); /* goes on from a checkpoint */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimBoxCheckpoint(NakSim s, NakCheckpoint checkpoint)
{
  NakSimBox     *b = &s->box;
  PetscLogDouble clock;
  PetscReal      spent;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldCheckpoint(b->engine, checkpoint));
  PetscCall(NakCheckpointBlock(checkpoint, "box/total", &b->total, sizeof b->total));
  PetscCall(PetscTime(&clock));
  spent = clock - b->march;
  PetscCall(NakCheckpointBlock(checkpoint, "box/march", &spent, sizeof spent));
  if (!NakCheckpointReads(checkpoint)) PetscFunctionReturn(PETSC_SUCCESS);
  b->march = clock - spent;
  while (b->next_frame < b->n_frames &&
         b->frames[b->next_frame] <= NakPhaseFieldCounts(b->engine).time)
    b->next_frame++; /* written before */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- While it runs ---- */

static PetscErrorCode WriteEnergy(NakSim s)
{
  const NakPhaseFieldCount count  = NakPhaseFieldCounts(s->box.engine);
  PetscReal                row[2] = {count.time};

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldEnergy(s->box.engine, &row[1]));
  PetscCall(NakOutputTableRow(s->output, "free_energy", "time,free_energy", 2, row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteFields(NakSim s)
{
  NakFrame frame;

  PetscFunctionBeginUser;
  s->now.time = NakPhaseFieldCounts(s->box.engine).time;
  PetscCall(NakPhaseFieldFrame(s->box.engine, &frame));
  PetscCall(NakOutputFields(s->output, &s->now, &frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode March(NakSim s)
{
  NakSimBox *b = &s->box;

  PetscFunctionBeginUser;
  if (!s->resumed) PetscCall(WriteEnergy(s));
  if (!s->resumed) PetscCall(WriteFields(s));
  while (b->next_frame < b->n_frames && s->stop == NULL) {
    const PetscReal due = b->frames[b->next_frame];

    if (NakPhaseFieldCounts(b->engine).time < due) {
      PetscCall(NakPhaseFieldStep(b->engine, due));
      PetscCall(WriteEnergy(s));
    }
    s->now.time = NakPhaseFieldCounts(b->engine).time;
    if (s->now.time >= due) {
      PetscCall(WriteFields(s));
      b->next_frame++;
    }
    PetscCall(NakSimPause(s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Behind ---- */

/* A cut along `axis` through the middle of the box: all fields beside the coordinate. */
static PetscErrorCode WriteCut(NakSim s, PetscInt axis, const char *name)
{
  const NakBoxGrid grid  = NakPfhubBox(&s->params.pfhub);
  const PetscInt   count = s->box.model.count, n = grid.n[axis];
  const PetscReal  at[3] = {grid.size[0] / 2, grid.size[1] / 2, grid.size[2] / 2};
  PetscReal       *values;
  char             columns[NAK_TEXT_SIZE] = "";

  PetscFunctionBeginUser;
  PetscCall(PetscStrlcat(columns, axis == 0 ? "x" : "y", sizeof(columns)));
  PetscCall(PetscMalloc1(count * n, &values));
  for (PetscInt f = 0; f < count; f++) {
    PetscCall(PetscStrlcat(columns, ",", sizeof(columns)));
    PetscCall(PetscStrlcat(columns, s->box.model.fields[f].name, sizeof(columns)));
    PetscCall(NakPhaseFieldCut(s->box.engine, f, axis, at, values + (ptrdiff_t)f * n));
  }
  for (PetscInt i = 0; i < n; i++) {
    PetscReal row[NAK_FIELDS_MAX + 1];

    row[0] = ((PetscReal)i + 0.5) * grid.size[axis] / (PetscReal)n;
    for (PetscInt f = 0; f < count; f++) row[f + 1] = values[f * n + i];
    PetscCall(NakOutputTableRow(s->output, name, columns, count + 1, row));
  }
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Number(NakSummary *summary, const char *name, PetscReal value)
{
  PetscFunctionBeginUser;
  summary->numbers[summary->n_numbers++] = (NakNumber){name, value};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Results(NakSim s, NakSummary *summary)
{
  NakPhaseField            e     = s->box.engine;
  const NakPhaseFieldCount count = NakPhaseFieldCounts(e);
  const NakBoxGrid         grid  = NakPfhubBox(&s->params.pfhub);
  const PetscReal cells = (PetscReal)grid.n[0] * (PetscReal)grid.n[1] * (PetscReal)grid.n[2];
  PetscReal       value;

  PetscFunctionBeginUser;
  PetscCall(Number(summary, "time", count.time));
  PetscCall(NakPhaseFieldEnergy(e, &value));
  PetscCall(Number(summary, "free_energy", value));
  PetscCall(NakPhaseFieldTotal(e, 0, &value));
  PetscCall(Number(summary, "total", value));
  PetscCall(Number(summary, "total_change", value - s->box.total));
  if (s->box.model.exact != NULL) {
    PetscCall(NakPhaseFieldError(e, 0, &value));
    PetscCall(Number(summary, "l2_error", value));
  }
  PetscCall(Number(summary, "unknowns", cells * (PetscReal)s->box.model.count));
  PetscCall(Number(summary, "solves", (PetscReal)count.solves));
  PetscCall(Number(summary, "cycles", (PetscReal)count.cycles));
  PetscCall(NakPhaseFieldMemory(e, &value));
  PetscCall(Number(summary, "doubles_per_unknown", value));
  summary->time_steps     = count.steps;
  summary->rejected_steps = count.rejected;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How the run ended: `code` is the march's. */
static NakSummary Ending(NakSim s, PetscErrorCode code)
{
  if (code != PETSC_SUCCESS) return (NakSummary){.status = "failed", .end = "the solver gave up"};
  if (s->box.next_frame < s->box.n_frames)
    return (NakSummary){.status = "interrupted", .end = s->stop};
  return (NakSummary){.status = "completed", .end = "time.end is reached"};
}

static PetscErrorCode Finish(NakSim s, PetscErrorCode code)
{
  NakSummary     summary = Ending(s, code);
  PetscLogDouble marched, wall;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&marched));
  PetscCall(WriteFields(s));
  if (s->params.kind == NAK_MODEL_POISSON) {
    PetscCall(WriteCut(s, 1, "x_cut_plane"));
    PetscCall(WriteCut(s, 0, "y_cut_plane"));
  }
  PetscCall(Results(s, &summary));
  PetscCall(Number(&summary, "march_s", marched - s->box.march));
  PetscCall(PetscTime(&wall));
  summary.wall_seconds = wall - s->began;
  PetscCall(NakOutputSummary(s->output, &summary, 0, NULL));
  PetscCall(NakOutputLog(s->output, "%s: %s", summary.status, summary.end));
  if (!s->options.quiet)
    PetscCall(PetscPrintf(s->comm, "%s: %s, %.6g; results in %s\n", summary.status, summary.end,
                          (double)NakPhaseFieldCounts(s->box.engine).time,
                          NakOutputDirectory(s->output)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimBoxRun(NakSim s)
{
  PetscErrorCode code;
  PetscBool      over = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (s->options.restart != NULL) PetscCall(NakSimOver(s, &over));
  if (over) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakSignalsInstall());
  PetscCall(SetUp(s));
  code = March(s);
  if (code != PETSC_SUCCESS && code != PETSC_ERR_NOT_CONVERGED) PetscFunctionReturn(code);
  if (code != PETSC_SUCCESS) PetscCall(NakSimCheckpoint(s)); /* for other settings of the solver */
  PetscCall(Finish(s, code));
  PetscFunctionReturn(code);
}
