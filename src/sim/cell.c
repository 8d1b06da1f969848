/* Runs of a cell under a protocol. */
#include "sim_impl.h"

#include <petsctime.h>

/* ---- Before ---- */

static PetscErrorCode Read(NakSim s, PetscInt *wrong)
{
  PetscFunctionBeginUser;
  PetscCall(NakAlloyComplete(s->deck, &s->params.model.alloy, &s->params.model.material, wrong));
  s->params.limits.filament = s->params.model.cell.pellet_thickness;
  PetscCall(NakProtocolCreate(s->deck, &s->params.limits, &s->protocol));
  if (*wrong == 0) PetscCall(NakSimCheckCell(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bytes per unknown, counted: the matrix with its factors, the values and maps it is assembled from,
   the vectors of the integrator and of GMRES, all times 4/3 for the coarser grids of a 3D run. */
static PetscReal BytesPerUnknown(const NakGridParams *g)
{
  const int       neighbours = (g->nx > 1 ? 2 : 0) + (g->ny > 1 ? 2 : 0);
  const PetscReal entries = 3 + neighbours, assembled = 5 + 2 * neighbours;
  const PetscReal vectors = 16 + (neighbours > 0 ? 32 : 0);

  return 4.0 / 3 * (2 * 12 * entries + 24 * assembled) + 8 * vectors;
}

/* Bytes of a file per unknown, twice, as HDF5 has it and as it is written: a checkpoint has the state, and
   three more of it where cycles are jumped; a frame has three fields. */
#define FILE_BYTES (2 * 4 * 8)

/* The longest vector has the entries of all columns' matrices: three diagonals, and 16 farther off. */
static NakSimSize Size(const NakSimParams *p)
{
  const NakGridParams *g = &p->model.grid;
  const PetscReal      column =
    (PetscReal)(g->electrolyte_layers + g->interphase_layers + g->alloy_layers + 8);
  const PetscReal columns = (PetscReal)g->nx * (PetscReal)g->ny, unknowns = column * columns;

  return (NakSimSize){
    .n        = {g->nx, g->ny},
    .what     = "columns",
    .entries  = "grid.nx, grid.ny or the layers",
    .unknowns = unknowns,
    .longest  = (3 * column + 16) * columns,
    .bytes    = unknowns * BytesPerUnknown(g),
    .files    = unknowns * FILE_BYTES,
  };
}

static PetscInt UsefulRanks(const NakSimParams *p, PetscInt ranks)
{
  return NakStateUsefulRanks(&p->model.grid, ranks);
}

static PetscErrorCode Create(NakSim s)
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
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Checkpoint(NakSim s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(NakProtocolCheckpoint(s->protocol, c));
  PetscCall(NakStepperCheckpoint(s->stepper, c));
  PetscCall(NakSimVoidsCheckpoint(s, c));
  PetscCall(NakCheckpointBlock(c, "cell/balance", &s->balance, sizeof s->balance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Resume(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakStepperResume(s->stepper, s->protocol, &s->now, &s->over));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- While it runs ---- */

static PetscBool Done(NakSim s)
{
  return NakProtocolDone(s->protocol);
}

static PetscErrorCode Enter(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakProtocolEnter(s->protocol, &s->now));
  PetscCall(NakStepperEnter(s->stepper, s->protocol, &s->now, &s->over));
  s->spectrum_due = s->now.time + NakProtocolSpectra(s->protocol);
  NakBalanceCheck(&s->balance, NakStepperInventory(s->stepper), &s->now);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Step(NakSim s, PetscReal latest)
{
  const PetscReal reach = s->now.time + NakSimVoidsReach(s);
  const PetscReal next  = PetscMin(PetscMin(latest, s->spectrum_due), reach);

  PetscFunctionBeginUser;
  PetscCall(NakStepperStep(s->stepper, s->protocol, next, &s->now, &s->over));
  PetscCall(NakSimVoidsAdvance(s, &s->over));
  NakBalanceCheck(&s->balance, NakStepperInventory(s->stepper), &s->now);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Note how the leaf ended; where a turn of a repeat begins, skip some, if allowed. */
static PetscErrorCode Leave(NakSim s, NakEnd end, const char *why)
{
  const char *reason;
  PetscInt    skipped = 0;

  PetscFunctionBeginUser;
  PetscCall(NakProtocolLeave(s->protocol, &s->now, end, why));
  s->end = NakProtocolEnd(s->protocol, &reason);
  PetscCall(PetscStrncpy(s->why, reason, sizeof s->why));
  if (s->end == NAK_END_SHORT) s->now.voltage = 0; /* the filament carries the current */
  if (end != NAK_END_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStepperJump(s->stepper, s->protocol, &s->now, &skipped));
  if (skipped > 0)
    PetscCall(NakOutputLog(s->output, "%.9g s: skipped %" PetscInt_FMT " turns",
                           (double)s->now.time, skipped));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal TimeLeft(NakSim s)
{
  return NakProtocolTimeLeft(s->protocol, s->now.time);
}

/* ---- What is shown ---- */

static PetscErrorCode Frame(NakSim s, NakFrame *frame)
{
  PetscFunctionBeginUser;
  PetscCall(NakModelFrame(s->model, NakStepperState(s->stepper), frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Row(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakOutputRow(s->output, &s->now));
  s->now.newton_iterations = 0;
  s->now.linear_iterations = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Numbers(NakSim s, NakNumbers *numbers)
{
  PetscFunctionBeginUser;
  NakRecordNumbers(&s->now, numbers);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A spectrum where one is due. */
static PetscErrorCode ObserveSpectrum(NakSim s)
{
  const PetscReal    every = NakProtocolSpectra(s->protocol), rounding = 1e-12;
  const NakSpectrum *spectrum;
  PetscLogDouble     begin, end;

  PetscFunctionBeginUser;
  if (s->now.time < s->spectrum_due * (1 - rounding)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscTime(&begin));
  PetscCall(NakImpedanceSpectrum(s->impedance, NakStepperState(s->stepper), &spectrum));
  PetscCall(PetscTime(&end));
  PetscCall(NakOutputSpectrum(s->output, &s->now, spectrum));
  PetscCall(NakOutputLog(s->output, "%.9g s: a spectrum of %" PetscInt_FMT " frequencies in %.3g s",
                         (double)s->now.time, spectrum->count, end - begin));
  s->spectrum_due += every > 0 ? every : PETSC_INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Results(NakSim s, NakSummary *summary)
{
  const NakStepperCount count = NakStepperCounts(s->stepper);

  PetscFunctionBeginUser;
  summary->na_balance        = s->balance.na_largest;
  summary->k_balance         = s->balance.k_largest;
  summary->charge_balance    = s->balance.charge_largest;
  summary->time_steps        = count.steps;
  summary->rejected_steps    = count.rejected;
  summary->linear_iterations = count.linear_iterations;
  PetscCall(NakSimVoidsLog(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt Steps(NakSim s)
{
  return NakStepperCounts(s->stepper).steps;
}

static const char *Failure(NakSim s)
{
  return NakStepperFailure(s->stepper);
}

const NakSimKind NakSimCellKind = {.unit         = " s",
                                   .read         = Read,
                                   .size         = Size,
                                   .useful_ranks = UsefulRanks,
                                   .create       = Create,
                                   .checkpoint   = Checkpoint,
                                   .resume       = Resume,
                                   .done         = Done,
                                   .enter        = Enter,
                                   .step         = Step,
                                   .leave        = Leave,
                                   .time_left    = TimeLeft,
                                   .frame        = Frame,
                                   .row          = Row,
                                   .numbers      = Numbers,
                                   .observe      = ObserveSpectrum,
                                   .results      = Results,
                                   .steps        = Steps,
                                   .failure      = Failure};
