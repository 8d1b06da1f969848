/* Runs of a model on a box: the second engine with the deck and the run directory of all runs. */
#include "sim_impl.h"

/* ---- Before ---- */

/* The times at which fields are written beside the start and the end: those of time.frames.  Rank 0. */
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
    if (ok) b->frames[b->n_frames++] = before = time;
  }
  if (list != NULL && (NakNodeKindOf(list) != NAK_NODE_LIST || NakNodeCount(list) > NAK_BOX_FRAMES))
    PetscCall(NakDeckComplain(s->deck, list, "time.frames must be a list of at most %d times",
                              NAK_BOX_FRAMES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read(NakSim s, PetscInt *wrong)
{
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  *wrong = 0;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) PetscCall(ReadFrames(s));
  PetscCallMPI(MPI_Bcast(&s->box.n_frames, 1, MPIU_INT, 0, s->world));
  PetscCallMPI(MPI_Bcast(s->box.frames, NAK_BOX_FRAMES, MPIU_REAL, 0, s->world));
  PetscCall(NakSimCheckBox(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static NakSimSize Size(const NakSimParams *p)
{
  const NakBoxGrid grid   = NakPfhubBox(&p->pfhub);
  const PetscReal  fields = p->kind == NAK_MODEL_POISSON      ? 3
                            : p->kind == NAK_MODEL_ALLEN_CAHN ? 1
                                                              : 2;
  const PetscReal  unknowns =
    fields * (PetscReal)grid.n[0] * (PetscReal)grid.n[1] * (PetscReal)grid.n[2];
  const PetscReal doubles = 10; /* held for each; docs/performance.md */

  return (NakSimSize){
    .n        = {grid.n[0], grid.n[1], grid.n[2]},
    .what     = "cells",
    .entries  = "box.nx, box.ny or box.nz",
    .unknowns = unknowns,
    .longest  = unknowns,
    .bytes    = 8 * doubles * unknowns,
    .files    = 2 * 8 * 7 * unknowns, /* seven states at most in a checkpoint */
  };
}

static PetscInt UsefulRanks(const NakSimParams *p, PetscInt ranks)
{
  const NakBoxGrid grid = NakPfhubBox(&p->pfhub);

  return NakPhaseFieldUsefulRanks(&grid, ranks);
}

/* Where the engine is, for the observers. */
static void Look(NakSim s)
{
  const NakPhaseFieldCount count = NakPhaseFieldCounts(s->box.engine);

  s->now.time = count.time;
  s->now.dt   = count.dt;
  s->over     = (PetscBool)(count.time >= s->params.pfhub.end);
}

static PetscErrorCode Create(NakSim s)
{
  const NakPfhubParams *p    = &s->params.pfhub;
  const NakBoxGrid      grid = NakPfhubBox(p);
  const void           *ctx  = &p->cahn_hilliard;

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
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Checkpoint(NakSim s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldCheckpoint(s->box.engine, c));
  PetscCall(NakCheckpointBlock(c, "box/total", &s->box.total, sizeof s->box.total));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- While it runs ---- */

static PetscErrorCode Enter(NakSim s)
{
  PetscFunctionBeginUser;
  Look(s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Step(NakSim s, PetscReal latest)
{
  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldStep(s->box.engine, PetscMin(latest, s->params.pfhub.end)));
  Look(s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Leave(NakSim s, NakEnd end, const char *why)
{
  PetscFunctionBeginUser;
  s->end = end != NAK_END_NONE ? end : NAK_END_DURATION;
  PetscCall(PetscStrncpy(s->why, why != NULL ? why : "time.end is reached", sizeof s->why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal TimeLeft(NakSim s)
{
  return s->params.pfhub.end - s->now.time;
}

static PetscReal NextFrame(NakSim s)
{
  const NakSimBox *b = &s->box;
  PetscInt         k = 0;

  while (k < b->n_frames && b->frames[k] <= s->now.time) k++;
  return k < b->n_frames ? b->frames[k] : PETSC_INFINITY;
}

/* ---- What is shown ---- */

static PetscErrorCode Frame(NakSim s, NakFrame *frame)
{
  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldFrame(s->box.engine, frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Numbers(NakSim s, NakNumbers *numbers)
{
  PetscFunctionBeginUser;
  *numbers = (NakNumbers){
    2, {{"time", s->now.time}, {"free_energy", 0}}
  };
  PetscCall(NakPhaseFieldEnergy(s->box.engine, &numbers->items[1].value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A cut along `axis` through the middle of the box: all fields beside the coordinate. */
static PetscErrorCode WriteCut(NakSim s, PetscInt axis, const char *name)
{
  const NakBoxGrid grid  = NakPfhubBox(&s->params.pfhub);
  const PetscInt   count = s->box.model.count, n = grid.n[axis];
  const PetscReal  at[3] = {grid.size[0] / 2, grid.size[1] / 2, grid.size[2] / 2};
  PetscReal       *values;
  NakNumbers       row = {count + 1, {{axis == 0 ? "x" : "y", 0}}};

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(count * n, &values));
  for (PetscInt f = 0; f < count; f++) {
    row.items[f + 1].name = s->box.model.fields[f].name;
    PetscCall(NakPhaseFieldCut(s->box.engine, f, axis, at, values + (ptrdiff_t)f * n));
  }
  for (PetscInt i = 0; i < n; i++) {
    row.items[0].value = ((PetscReal)i + 0.5) * grid.size[axis] / (PetscReal)n;
    for (PetscInt f = 0; f < count; f++) row.items[f + 1].value = values[f * n + i];
    PetscCall(NakOutputTableRow(s->output, name, &row));
  }
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Number(NakSummary *summary, const char *name, PetscReal value)
{
  summary->numbers[summary->n_numbers++] = (NakNumber){name, value};
}

/* What the fields come to. */
static PetscErrorCode Sums(NakSim s, NakSummary *summary)
{
  NakPhaseField const e = s->box.engine;
  PetscReal           value;

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldEnergy(e, &value));
  Number(summary, "free_energy", value);
  PetscCall(NakPhaseFieldTotal(e, 0, &value));
  Number(summary, "total", value);
  Number(summary, "total_change", value - s->box.total);
  if (s->box.model.exact == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakPhaseFieldError(e, 0, &value));
  Number(summary, "l2_error", value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Results(NakSim s, NakSummary *summary)
{
  const NakPhaseFieldCount count = NakPhaseFieldCounts(s->box.engine);
  PetscReal                doubles;

  PetscFunctionBeginUser;
  if (!s->broken && s->params.kind == NAK_MODEL_POISSON) {
    PetscCall(WriteCut(s, 1, "x_cut_plane"));
    PetscCall(WriteCut(s, 0, "y_cut_plane"));
  }
  Number(summary, "time", s->now.time);
  if (!s->broken) PetscCall(Sums(s, summary));
  Number(summary, "unknowns", Size(&s->params).unknowns);
  Number(summary, "solves", (PetscReal)count.solves);
  Number(summary, "cycles", (PetscReal)count.cycles);
  PetscCall(NakPhaseFieldMemory(s->box.engine, &doubles));
  Number(summary, "doubles_per_unknown", doubles);
  Number(summary, "march_s", s->marched);
  summary->time_steps     = count.steps;
  summary->rejected_steps = count.rejected;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt Steps(NakSim s)
{
  return NakPhaseFieldCounts(s->box.engine).steps;
}

static const char *Failure(NakSim s)
{
  (void)s;
  return "not even a step of time.shortest_step leads on";
}

const NakSimKind NakSimBoxKind = {.unit         = "",
                                  .table        = "free_energy",
                                  .read         = Read,
                                  .size         = Size,
                                  .useful_ranks = UsefulRanks,
                                  .create       = Create,
                                  .checkpoint   = Checkpoint,
                                  .resume       = Enter,
                                  .done         = NakSimEnded,
                                  .enter        = Enter,
                                  .step         = Step,
                                  .leave        = Leave,
                                  .time_left    = TimeLeft,
                                  .next_frame   = NextFrame,
                                  .frame        = Frame,
                                  .numbers      = Numbers,
                                  .results      = Results,
                                  .steps        = Steps,
                                  .failure      = Failure};
