/* Runs of a cell under a protocol. */
#include "sim_impl.h"

#include <petsctime.h>

/* ---- Before ---- */

/* The work of adhesion sets the contact angle.  If a deck gives both, they must agree. */
static PetscErrorCode ReadWetting(NakSim s)
{
  NakModelParams *const p       = &s->params.model;
  const PetscReal       tension = NakWettingTension(&p->wetting, p->material.surface_tension);
  const PetscReal       degree  = PETSC_PI / 180;
  const PetscReal cosine = p->wetting.roughness * NakWettingCosine(tension, p->wetting.adhesion);
  const PetscReal angle = NakWettingAngle(cosine), given = p->voids.contact_angle;
  NakNode         node = NULL;
  PetscErrorCode  code = PETSC_SUCCESS;
  PetscMPIInt     rank;

  PetscFunctionBeginUser;
  if (p->wetting.adhesion <= 0 || tension <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(NakDeckComm(s->deck), &rank));
  if (rank == 0) node = NakDeckFind(s->deck, "microstructure.angle_void");
  if (node != NULL && PetscAbsReal(angle - given) > 0.1 * degree)
    code = NakDeckError(s->deck, node,
                        "microstructure.angle_void is %.4g degree, and %.4g degree follow from "
                        "wetting.adhesion: give one of them",
                        (double)(given / degree), (double)(angle / degree));
  PetscCall(NakAgree(NakDeckComm(s->deck), code));
  p->voids.contact_angle =
    PetscMin(PetscMax(angle, NAK_ANGLE_LEAST * degree), NAK_ANGLE_MOST * degree);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* For the protocol, NakLimits. */
static PetscReal Liquid(const void *model, PetscReal kelvin)
{
  const NakModelParams *const p = model;

  return NakAlloyLiquid(&p->alloy, &p->material, kelvin);
}

static PetscErrorCode Read(NakSim s, PetscInt *wrong)
{
  NakSimCell *const     c = s->data;
  NakModelParams *const p = &s->params.model;
  const PetscBool grains = (PetscBool)(p->microstructure.grains_a + p->microstructure.grains_b > 0);

  PetscFunctionBeginUser;
  if (p->alloy.solids == NAK_SOLIDS_AUTO)
    p->alloy.solids = grains ? NAK_SOLIDS_SUPERCOOLED : NAK_SOLIDS_EQUILIBRIUM;
  if (s->params.stepper.integrator == NAK_INTEGRATOR_AUTO) {
    const PetscBool phases = (PetscBool)(grains || NakVoidsWanted(&p->voids));
    const PetscBool history =
      (PetscBool)(!NakKineticsFront(&p->interphase) && !s->params.stepper.jump);

    s->params.stepper.integrator =
      phases && history ? NAK_INTEGRATOR_BDF : NAK_INTEGRATOR_ROSENBROCK;
  }
  PetscCall(NakAlloyComplete(s->deck, &s->params.model.alloy, &s->params.model.material, wrong));
  s->params.limits.filament    = s->params.model.cell.pellet_thickness;
  s->params.limits.temperature = s->params.model.alloy.temperature;
  s->params.limits.area        = s->params.model.cell.area;
  if (*wrong == 0) {
    PetscCall(ReadWetting(s));
    NakModelComplete(p);
    s->params.limits.metal = s->params.model.material.a.solid_volume / NAK_FARADAY;
    s->params.limits.sites = p->counter.kind == NAK_COUNTER_HOST ? NAK_COUNTER_LEAST : 0;
    s->params.limits.sodium =
      p->liquid.kind == NAK_ELECTROLYTE_LIQUID ? NAK_SODIUM_LEAST * p->liquid.concentration : 0;
    s->params.limits.coldest = s->params.model.material.lowest;
    s->params.limits.hottest = s->params.model.material.highest;
    s->params.limits.liquid  = Liquid;
    s->params.limits.alloy   = p;
  }
  PetscCall(NakProtocolCreate(s->deck, &s->params.limits, &c->protocol));
  PetscCall(NakSimWhenRead(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bytes per unknown, counted, all times 4/3 for the coarser grids of a 3D run.  They are for the
   matrix with its factors, the values and maps from which it is assembled, and the vectors of the
   integrator and of GMRES. */
static PetscReal BytesPerUnknown(const NakGridParams *g)
{
  const int       neighbours = (g->nx > 1 ? 2 : 0) + (g->ny > 1 ? 2 : 0);
  const PetscReal entries = 3 + neighbours, assembled = 5 + 2 * neighbours;
  const PetscReal vectors = 16 + (neighbours > 0 ? 32 : 0);

  return 4.0 / 3 * (2 * 12 * entries + 24 * assembled) + 8 * vectors;
}

/* Numbers per unknown.  A frame has three fields.  A checkpoint has the state.  It has three more
   states if cycles are jumped, or two by backward differentiation. */
enum { FRAME = 3, CHECKPOINT = 4 };

/* Unknowns of an electrode without the electrolyte's layers. */
static PetscReal Electrode(const NakGridParams *g, PetscReal layers)
{
  return layers + 9 + (g->liquid > 0 ? 2 : 0);
}

static PetscReal Column(const NakModelParams *p)
{
  const NakGridParams *g      = &p->grid;
  const PetscReal      layers = (PetscReal)(g->interphase_layers + g->alloy_layers);
  const PetscReal      zone   = (PetscReal)(g->zone_layers * (1 + g->phases));
  const PetscReal ions = (PetscReal)(g->electrolyte_layers * (1 + g->ions) + (g->ions > 0 ? 2 : 0));
  const PetscReal here = ions + Electrode(g, layers + zone);

  if (p->counter.kind == NAK_COUNTER_SODIUM) return here;
  return here + Electrode(g, p->counter.kind == NAK_COUNTER_ALLOY ? layers : 0);
}

/* The longest vector has the entries of all columns' matrices: three diagonals, and 32 farther
   off. */
static NakSimSize Size(NakSim s, PetscInt ranks)
{
  const NakGridParams *g      = &s->params.model.grid;
  const PetscReal      column = Column(&s->params.model), beside = NakModelBeside(&s->params.model);
  const PetscReal      kept = beside > 0 ? column + beside : 0;
  const PetscReal      far =
    (PetscReal)(32 + g->zone_layers * g->phases * (g->phases + 6)); /* entries of the zone, too */
  const PetscReal columns = (PetscReal)g->nx * (PetscReal)g->ny, unknowns = column * columns;

  return (NakSimSize){
    .n        = {g->nx, g->ny},
    .what     = "columns",
    .entries  = "grid.nx, grid.ny or the layers",
    .ranks    = NakStateUsefulRanks(g, ranks),
    .unknowns = unknowns,
    .longest  = (3 * column + far) * columns,
    .bytes    = unknowns * BytesPerUnknown(g) + 8 * columns * kept,
    .frame    = 8 * FRAME * unknowns,
    .file     = 8 * CHECKPOINT * unknowns,
  };
}

static PetscReal Steps(NakSim s, PetscReal each)
{
  const NakSimCell *c    = s->data;
  const PetscReal   time = NakProtocolTimeLeft(c->protocol, 0);
  const PetscReal   held = time < PETSC_INFINITY ? time / s->params.stepper.longest_step : 0;

  return PetscMax(each * NakProtocolStepsInAll(c->protocol), held);
}

static PetscErrorCode Create(NakSim s)
{
  NakSimCell *const c = s->data;
  NakInventory      start[NAK_ELECTRODES];

  PetscFunctionBeginUser;
  PetscCall(NakModelCreate(s->comm, &s->params.model, &c->model));
  PetscCall(NakStepperCreate(c->model, &s->params.stepper, &c->stepper));
  if (NakProtocolHasSpectra(c->protocol))
    PetscCall(NakImpedanceCreate(c->model, &s->params.impedance, &c->impedance));
  PetscCall(NakModelMeasure(c->model, NakStepperState(c->stepper), &c->now, start));
  c->now.temperature  = NakProtocolTemperature(c->protocol, c->now.time);
  c->now.wetted_start = c->now.wetted_fraction;
  PetscCall(NakModelRemember(c->model, c->now.time, NakStepperState(c->stepper)));
  c->balance     = NakBalanceBegin(start, NakModelFaceCharge(c->model));
  s->ends_in_all = NakProtocolStepsShown(c->protocol);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Checkpoint(NakSim s, NakCheckpoint to)
{
  NakSimCell *const c = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakProtocolCheckpoint(c->protocol, to));
  PetscCall(NakSimWhenCheckpoint(s, to));
  PetscCall(NakStepperCheckpoint(c->stepper, to));
  PetscCall(NakModelCheckpoint(c->model, to));
  PetscCall(NakCheckpointBlock(to, "cell/balance", &c->balance, sizeof c->balance));
  PetscCall(NakCheckpointBlock(to, "sim/record", &c->now, sizeof c->now));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(NakSim s)
{
  NakSimCell *const c = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakImpedanceDestroy(&c->impedance));
  PetscCall(NakStepperDestroy(&c->stepper));
  PetscCall(NakModelDestroy(&c->model));
  PetscCall(NakProtocolDestroy(&c->protocol));
  PetscCall(NakSimWhenDestroy(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- While it runs ---- */

/* The values of the moment, except `over`. */
static void Refresh(NakSim s)
{
  const NakSimCell *const c = s->data;

  s->time          = c->now.time;
  s->dt            = c->now.dt;
  s->left          = NakProtocolTimeLeft(c->protocol, s->time);
  s->shown         = (PetscBool)(s->over && c->now.cycle == 0 && !NakProtocolMidway(c->protocol));
  s->spectra_every = NakProtocolSpectra(c->protocol);
  s->steps         = NakStepperCounts(c->stepper).steps;
}

/* Note what has happened in the cell, and log it. */
static PetscErrorCode NoteEvents(NakSim s)
{
  NakSimCell *const c = s->data;
  const NakEvent   *events;
  PetscInt          count, fresh;

  PetscFunctionBeginUser;
  PetscCall(NakProtocolNote(c->protocol, &c->now, &fresh));
  PetscCall(NakProtocolEvents(c->protocol, &count, &events));
  for (PetscInt k = count - fresh; k < count; k++)
    PetscCall(NakOutputLog(s->output, "%.9g s: %s: %s", (double)events[k].time,
                           NakEventName(events[k].kind), NakEventDoc(events[k].kind)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Enter(NakSim s)
{
  NakSimCell *const c = s->data;

  PetscFunctionBeginUser;
  if (s->resumed) {
    PetscCall(NakStepperResume(c->stepper, c->protocol, &c->now, &s->over));
    Refresh(s);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakProtocolEnter(c->protocol, &c->now));
  PetscCall(NakStepperEnter(c->stepper, c->protocol, &c->now, &s->over));
  s->spectrum_due = c->now.time + NakProtocolSpectra(c->protocol);
  PetscCall(NakModelRemember(c->model, c->now.time, NakStepperState(c->stepper)));
  NakBalanceCheck(&c->balance, NakStepperInventory(c->stepper), &c->now);
  PetscCall(NoteEvents(s));
  PetscCall(NakSimWhenLook(s, c->protocol, &c->now));
  Refresh(s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Report once what holds back a run whose steps stay far too short. */
static PetscErrorCode ReportSlow(NakSim s)
{
  NakSimCell *const c   = s->data;
  const char       *why = NakStepperSlow(c->stepper);

  PetscFunctionBeginUser;
  if (why[0] == '\0' || c->slow_reported) PetscFunctionReturn(PETSC_SUCCESS);
  c->slow_reported = PETSC_TRUE;
  PetscCall(
    PetscFPrintf(s->comm, stderr, "nakfield: warning: at %.9g s: %s\n", (double)c->now.time, why));
  PetscCall(NakOutputLog(s->output, "warning: at %.9g s: %s", (double)c->now.time, why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Let what is not among the unknowns follow a step: nuclei, and the gas of voids. */
static PetscErrorCode AdvanceNuclei(NakSim s)
{
  NakSimCell *const c = s->data;
  const Vec         U = NakStepperState(c->stepper);
  PetscReal         overshoot;

  PetscFunctionBeginUser;
  if (!NakKineticsFront(&s->params.model.interphase) && s->params.model.grid.phases == 0)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakModelAdvance(c->model, c->now.time, c->now.dt, U));
  PetscCall(NakModelMeasure(c->model, U, &c->now, NULL));
  PetscCall(NakProtocolJudge(c->protocol, &c->now, &overshoot));
  if (overshoot >= 0) s->over = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Step(NakSim s, PetscReal latest)
{
  NakSimCell *const c     = s->data;
  const PetscReal   first = c->now.time + s->params.stepper.first_step;
  const PetscReal   until = PetscMax(NakModelUntil(c->model), first);
  const PetscReal   next  = PetscMin(PetscMin(latest, s->spectrum_due), until);

  PetscFunctionBeginUser;
  c->good = c->now;
  PetscCall(NakStepperStep(c->stepper, c->protocol, next, &c->now, &s->over));
  PetscCall(AdvanceNuclei(s));
  PetscCall(NakModelRemember(c->model, c->now.time, NakStepperState(c->stepper)));
  NakBalanceCheck(&c->balance, NakStepperInventory(c->stepper), &c->now);
  PetscCall(ReportSlow(s));
  PetscCall(NoteEvents(s));
  PetscCall(NakSimWhenLook(s, c->protocol, &c->now));
  Refresh(s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Record how the protocol step ended.  If a turn of a repeat begins, skip some turns, if
   allowed. */
static PetscErrorCode Leave(NakSim s, NakEnd end, const char *why)
{
  NakSimCell *const c = s->data;
  const char       *reason;
  PetscInt          skipped = 0;

  PetscFunctionBeginUser;
  if (end == NAK_END_FAILED && s->broken) c->now = c->good;
  if (end != NAK_END_FAILED) c->good = c->now;
  s->time = c->now.time; /* a step may have failed over the film or the voids, after the cell's */
  PetscCall(NakProtocolLeave(c->protocol, &c->now, end, why));
  s->end = NakProtocolEnd(c->protocol, &reason);
  PetscCall(PetscStrncpy(s->why, reason, sizeof s->why));
  if (s->end == NAK_END_SHORT) c->now.voltage = 0; /* the filament carries the current */
  if (end != NAK_END_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NoteEvents(s));
  PetscCall(NakStepperJump(c->stepper, c->protocol, &c->now, &skipped));
  if (skipped > 0)
    PetscCall(NakOutputLog(s->output, "%.9g s: skipped %" PetscInt_FMT " turns",
                           (double)c->now.time, skipped));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- What is shown ---- */

static PetscInt Fields(NakSim s, NakField fields[NAK_FRAME_FIELDS])
{
  return NakModelFields(&s->params.model, fields);
}

static PetscErrorCode Frame(NakSim s, NakFrame *frame)
{
  NakSimCell *const c = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakModelFrame(c->model, NakStepperState(c->stepper), frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Numbers(NakSim s, PetscBool row, NakNumbers *numbers)
{
  NakSimCell *const c = s->data;

  PetscFunctionBeginUser;
  NakRecordNumbers(&c->now, numbers);
  if (row) c->now.newton_iterations = c->now.linear_iterations = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A spectrum, if one is due. */
static PetscErrorCode ObserveSpectrum(NakSim s)
{
  NakSimCell *const  c     = s->data;
  const PetscReal    every = NakProtocolSpectra(c->protocol), rounding = 1e-12;
  const NakSpectrum *spectrum;
  PetscLogDouble     begin, end;

  PetscFunctionBeginUser;
  if (c->now.time < s->spectrum_due * (1 - rounding)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscTime(&begin));
  PetscCall(NakImpedanceSpectrum(c->impedance, NakStepperState(c->stepper), &spectrum));
  PetscCall(PetscTime(&end));
  PetscCall(NakOutputSpectrum(s->output, c->now.time, c->now.step, spectrum));
  PetscCall(NakOutputLog(s->output, "%.9g s: a spectrum of %" PetscInt_FMT " frequencies in %.3g s",
                         (double)c->now.time, spectrum->count, end - begin));
  s->spectrum_due += every > 0 ? every : PETSC_INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Results(NakSim s, NakSummary *summary)
{
  static const char *const names[] = {"time_s", "capacity_mAh_cm2", "voltage_V"};
  NakSimCell *const        c       = s->data;
  NakNumbers               numbers;
  const NakStepperCount    count = NakStepperCounts(c->stepper);

  PetscFunctionBeginUser;
  NakRecordNumbers(s->broken ? &c->good : &c->now, &numbers);
  for (int k = 0; k < 3; k++)
    summary->numbers.items[summary->numbers.count++] = *NakNumbersFind(&numbers, names[k]);
  if (!s->broken)
    summary->numbers.items[summary->numbers.count++] = (NakNumber){
      "na_left_mAh_cm2", "na_left", NakStepperInventory(c->stepper)->na, NAK_MAH_PER_CM2, 15};
  summary->protocol          = PETSC_TRUE;
  summary->na_balance        = c->balance.na_largest;
  summary->k_balance         = c->balance.k_largest;
  summary->charge_balance    = c->balance.charge_largest;
  summary->time_steps        = count.steps;
  summary->rejected_steps    = count.rejected;
  summary->linear_iterations = count.linear_iterations;
  PetscCall(NakProtocolReports(c->protocol, &summary->n_reports, &summary->reports));
  PetscCall(NakProtocolEvents(c->protocol, &summary->n_events, &summary->events));
  summary->answers = NakProtocolAnswers(c->protocol);
  if (NakVoidsWanted(&s->params.model.voids)) {
    const NakGasReport gas = NakModelVoidsReport(c->model);

    PetscCall(NakOutputLog(s->output,
                           "voids: %" PetscInt_FMT " formed; %.3g %% of their gas has dissolved",
                           gas.formed, 100 * (double)gas.dissolved));
  }
  if (NakKineticsFront(&s->params.model.interphase))
    PetscCall(NakOutputLog(s->output, "K film: %" PetscInt_FMT " nuclei formed",
                           NakModelFilmNuclei(c->model)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakSimKind NakSimCellKind = {.unit         = " s",
                                   .table        = "timeseries",
                                   .size_of_data = sizeof(NakSimCell),
                                   .read         = Read,
                                   .check        = NakSimCheckCell,
                                   .size         = Size,
                                   .steps        = Steps,
                                   .create       = Create,
                                   .destroy      = Destroy,
                                   .checkpoint   = Checkpoint,
                                   .enter        = Enter,
                                   .step         = Step,
                                   .leave        = Leave,
                                   .fields       = Fields,
                                   .frame        = Frame,
                                   .numbers      = Numbers,
                                   .spectrum     = ObserveSpectrum,
                                   .results      = Results};
