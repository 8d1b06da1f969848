/* Runs of a model on a box: the FAS engine with the deck and the run directory of all runs. */
#include "sim_impl.h"

typedef struct {
  NakFieldModel model;
  const void   *ctx; /* of the model's functions */
  NakPhaseField engine;
  PetscReal     total; /* of the first field, at the start */
} Box;

/* ---- Before ---- */

/* The times at which fields are written in addition to the start and the end: those of time.frames.
   Rank 0. */
static PetscErrorCode ReadFrames(NakSim s)
{
  const NakNode list   = NakDeckFind(s->deck, "time.frames");
  PetscReal     before = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; list != NULL && k < NakNodeCount(list) && k < NAK_SIM_FRAMES; k++) {
    const NakNode node = NakNodeItem(list, k, NULL);
    PetscReal     time;
    PetscBool     ok;

    PetscCall(NakDeckQuantity(s->deck, node, "1", 0, PETSC_MAX_REAL, &time, &ok));
    if (ok && time <= before)
      PetscCall(NakDeckError(s->deck, node, "time.frames must rise, and start above 0"));
    if (ok) s->frames[s->n_frames++] = before = time;
  }
  if (list != NULL && (NakNodeKindOf(list) != NAK_NODE_LIST || NakNodeCount(list) > NAK_SIM_FRAMES))
    PetscCall(NakDeckError(s->deck, list, "time.frames must be a list of at most %d times",
                           NAK_SIM_FRAMES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read(NakSim s, PetscInt *wrong)
{
  Box *const  b = s->data;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  *wrong = 0;
  NakPfhubFill(&s->params.pfhub, &b->model, &b->ctx);
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) PetscCall(ReadFrames(s));
  PetscCallMPI(MPI_Bcast(&s->n_frames, 1, MPIU_INT, 0, s->world));
  PetscCallMPI(MPI_Bcast(s->frames, NAK_SIM_FRAMES, MPIU_REAL, 0, s->world));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Check(NakSim s, NakCheckList *list)
{
  NakPfhubCheck(&s->params.pfhub, list);
}

static NakSimSize Size(NakSim s, PetscInt ranks)
{
  const Box *const b    = s->data;
  const NakDomain  grid = NakPfhubBox(&s->params.pfhub);
  const PetscReal  unknowns =
    (PetscReal)b->model.count * (PetscReal)grid.n[0] * (PetscReal)grid.n[1] * (PetscReal)grid.n[2];
  const PetscReal doubles = 10; /* held for each; docs/performance.md */

  return (NakSimSize){
    .n        = {grid.n[0], grid.n[1], grid.n[2]},
    .what     = "cells",
    .entries  = "box.nx, box.ny or box.nz",
    .ranks    = NakPhaseFieldUsefulRanks(&grid, ranks),
    .unknowns = unknowns,
    .longest  = unknowns,
    .bytes    = 8 * doubles * unknowns,
    .frame    = 8 * unknowns,
    .file     = 8 * 7 * unknowns, /* seven states at most in a checkpoint */
  };
}

/* Where the engine is. */
static PetscErrorCode Refresh(NakSim s)
{
  const Box *const         b     = s->data;
  const NakPhaseFieldCount count = NakPhaseFieldCounts(b->engine);

  PetscFunctionBeginUser;
  NakSimMarch(s, count.time, count.dt, s->params.pfhub.end, count.steps, NULL);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(NakSim s)
{
  const NakPfhubParams *p    = &s->params.pfhub;
  const NakDomain       grid = NakPfhubBox(p);
  Box *const            b    = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldCreate(s->comm, &b->model, b->ctx, &grid, &p->solver, &b->engine));
  PetscCall(NakPhaseFieldTotal(b->engine, 0, &b->total));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(NakSim s)
{
  Box *const b = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldDestroy(&b->engine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Checkpoint(NakSim s, NakCheckpoint c)
{
  Box *const b = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldCheckpoint(b->engine, c));
  PetscCall(NakCheckpointBlock(c, "box/total", &b->total, sizeof b->total));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Step(NakSim s, PetscReal latest)
{
  Box *const b = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldStep(b->engine, PetscMin(latest, s->params.pfhub.end)));
  PetscCall(Refresh(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- What is shown ---- */

static PetscErrorCode Frame(NakSim s, NakFrame *frame)
{
  Box *const b = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldFrame(b->engine, frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Numbers(NakSim s, PetscBool row, NakNumbers *numbers)
{
  const Box *const b = s->data;

  PetscFunctionBeginUser;
  (void)row;
  *numbers = (NakNumbers){
    2, {NAK_NUMBER("time", s->time), NAK_NUMBER("free_energy", 0)}
  };
  PetscCall(NakPhaseFieldEnergy(b->engine, &numbers->items[1].value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A cut along `axis` through the middle of the box: the coordinate and all fields. */
static PetscErrorCode WriteCut(NakSim s, PetscInt axis, const char *name)
{
  const Box *const b     = s->data;
  const NakDomain  grid  = NakPfhubBox(&s->params.pfhub);
  const PetscInt   count = b->model.count, n = grid.n[axis];
  const PetscReal  at[3] = {grid.size[0] / 2, grid.size[1] / 2, grid.size[2] / 2};
  PetscReal       *values;
  NakNumbers       row = {count + 1, {NAK_NUMBER(axis == 0 ? "x" : "y", 0)}};

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(count * n, &values));
  for (PetscInt f = 0; f < count; f++) {
    row.items[f + 1] = (NakNumber)NAK_NUMBER(b->model.fields[f].name, 0);
    PetscCall(NakPhaseFieldCut(b->engine, f, axis, at, values + (ptrdiff_t)f * n));
  }
  for (PetscInt i = 0; i < n; i++) {
    row.items[0].value = ((PetscReal)i + 0.5) * grid.size[axis] / (PetscReal)n;
    for (PetscInt f = 0; f < count; f++) row.items[f + 1].value = values[f * n + i];
    PetscCall(NakOutputRow(s->output, name, &row));
  }
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Number(NakSummary *summary, const char *name, PetscReal value)
{
  summary->numbers.items[summary->numbers.count++] = (NakNumber)NAK_NUMBER(name, value);
}

/* Integrals and errors of the fields, for the summary. */
static PetscErrorCode Sums(NakSim s, NakSummary *summary)
{
  const Box *const    b = s->data;
  NakPhaseField const e = b->engine;
  PetscReal           value;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldEnergy(e, &value));
  Number(summary, "free_energy", value);
  PetscCall(NakPhaseFieldTotal(e, 0, &value));
  Number(summary, "total", value);
  Number(summary, "total_change", value - b->total);
  if (b->model.exact == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakPhaseFieldError(e, 0, &value));
  Number(summary, "l2_error", value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Results(NakSim s, NakSummary *summary)
{
  const Box *const         b     = s->data;
  const NakPhaseFieldCount count = NakPhaseFieldCounts(b->engine);
  PetscReal                doubles;

  PetscFunctionBeginUser;
  if (!s->broken && s->params.pfhub.model == NAK_PFHUB_POISSON) {
    PetscCall(WriteCut(s, 1, "x_cut_plane"));
    PetscCall(WriteCut(s, 0, "y_cut_plane"));
  }
  Number(summary, "time", s->time);
  if (!s->broken) PetscCall(Sums(s, summary));
  Number(summary, "unknowns", s->size.unknowns);
  Number(summary, "solves", (PetscReal)count.solves);
  Number(summary, "cycles", (PetscReal)count.cycles);
  PetscCall(NakPhaseFieldMemory(b->engine, &doubles));
  Number(summary, "doubles_per_unknown", doubles);
  Number(summary, "march_s", s->marched);
  summary->time_steps     = count.steps;
  summary->rejected_steps = count.rejected;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakSimKind NakSimBoxKind = {.unit         = "",
                                  .table        = "free_energy",
                                  .march        = "time",
                                  .size_of_data = sizeof(Box),
                                  .read         = Read,
                                  .check        = Check,
                                  .size         = Size,
                                  .create       = Create,
                                  .destroy      = Destroy,
                                  .checkpoint   = Checkpoint,
                                  .enter        = Refresh,
                                  .step         = Step,
                                  .leave        = NakSimMarchLeave,
                                  .frame        = Frame,
                                  .numbers      = Numbers,
                                  .results      = Results};
