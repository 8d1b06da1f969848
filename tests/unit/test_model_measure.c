/* What is read from a state whose every value is known: the record, the fields of a frame, what
   drives voids. Run on 1, 2 and 3 ranks. */
#include "model_impl.h"

#include <string.h>

#include "cell_fixture.h"
#include "liquid_fixture.h"
#include "nak_test.h"

enum { NX = 4, NY = 3, COLUMNS = NX * NY };

/* A cell with grains of both solids and voids, in contact with every second column in x. */
static NakModelParams Params(void)
{
  NakModelParams params = NaK50Cell(NX, NY);

  params.contact.fraction = 0.5;
  params.contact.shape    = NAK_CONTACT_STRIP;
  params.voids            = (NakVoidsParams){.pockets        = 1,
                                             .radius         = 0.5e-6,
                                             .contact_angle  = 1.5,
                                             .onset          = 0.75,
                                             .depleted_angle = 1.5,
                                             .mobility       = 1e-12,
                                             .pressure       = 1e5};
  FreezeSome(&params, 1, 1);
  return params;
}

/* The order of phases in the zone. */
enum { GRAIN_B = 1, GRAIN_A, VOID };

/* The phase in a layer of the zone of column n of all; 0 is the liquid. Over the face is K in the
   first, Na in the second; the third and the fourth have void in their second and third layer;
   three more have the highest. */
static PetscInt PhaseIn(PetscInt n, PetscInt layer)
{
  static const struct {
    PetscInt column, layer, phase;
  } known[] = {
    {0, 0, GRAIN_B},
    {1, 0, GRAIN_A},
    {2, 1, VOID   },
    {3, 2, VOID   },
    {4, 4, GRAIN_B},
    {5, 4, GRAIN_A},
    {6, 4, VOID   }
  };

  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    if (known[k].column == n && known[k].layer == layer) return known[k].phase;
  return 0;
}

/* What a layer of the zone holds. */
static PetscReal HeldIn(const NakColumn *c, PetscInt n, PetscInt layer)
{
  const PetscInt phase = PhaseIn(n, layer);

  return phase == GRAIN_B   ? 0.02
         : phase == GRAIN_A ? c->zone.mix.metal + 0.3
                            : 0.4 + 0.01 * (PetscReal)layer + 0.001 * (PetscReal)n;
}

/* Column n of all. */
static void FillColumn(const NakColumn *c, PetscInt n, PetscReal u[])
{
  const NakLayout *l = &c->l;
  const PetscReal  x = (PetscReal)n;

  for (PetscInt j = 0; j < l->size; j++) u[j] = 0;
  u[l->potential]    = 0.1 + 0.01 * x;
  u[l->deposit]      = 1e-3 * (1 + x);
  u[l->open]         = 1 - 0.05 * x;
  u[l->filament]     = 1e-6 * (2 + x);
  u[l->q_faraday]    = 10 + x;
  u[l->q_total]      = 20 + x;
  u[l->reservoir_na] = 0.3 + 0.01 * x;
  u[l->reservoir_k]  = 0.9;
  for (PetscInt k = 0; k < c->ne; k++) u[l->phi + k] = -0.2 - 0.01 * (PetscReal)k - 0.001 * x;
  for (PetscInt k = 0; k < c->nf; k++) u[l->interphase + k] = 0.5 + 0.01 * (PetscReal)k + 0.002 * x;
  for (PetscInt k = 0; k < c->na; k++) {
    PetscReal *layer = u + NakLayoutAlloy(l, k);

    layer[0] = HeldIn(c, n, k);
    if (PhaseIn(n, k) > 0) layer[PhaseIn(n, k)] = 1;
  }
}

/* Number of an owned column among all. */
static PetscInt Number(NakModel m, PetscInt n)
{
  return (m->box.ys + n / m->box.xm) * NX + m->box.xs + n % m->box.xm;
}

typedef struct {
  NakModel model;
  Vec      U;
} Cell;

static Cell CreateOf(const NakModelParams *params)
{
  Cell       cell;
  PetscReal *u;

  MUST(NakModelCreate(PETSC_COMM_WORLD, params, &cell.model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(cell.model)), &cell.U));
  MUST(NakModelInitialise(cell.model, cell.U));
  MUST(VecGetArray(cell.U, &u));
  for (PetscInt n = 0; n < cell.model->owned; n++)
    FillColumn(&cell.model->column, Number(cell.model, n),
               u + (ptrdiff_t)n * cell.model->column.l.size);
  MUST(VecRestoreArray(cell.U, &u));
  return cell;
}

static Cell Create(void)
{
  const NakModelParams params = Params();

  return CreateOf(&params);
}

static void Destroy(Cell *cell)
{
  MUST(VecDestroy(&cell->U));
  MUST_DESTROY(NakModelDestroy, cell->model);
}

/* A strip in the middle of x. */
static PetscReal Contact(PetscInt n)
{
  return n % NX == 1 || n % NX == 2 ? 1 : 0;
}

/* The least occupancy next to the face where there is contact, as a frame shows it. */
static PetscReal LeastOccupancy(Cell *cell)
{
  PetscReal *u_face, least = PETSC_INFINITY;
  NakFrame   frame;

  MUST(PetscMalloc1(cell->model->owned, &u_face));
  MUST(NakModelFrame(cell->model, cell->U, &frame));
  for (PetscInt f = 0; f < frame.count; f++)
    if (strcmp(frame.fields[f].name, "u_face") == 0) MUST(frame.fill(frame.ctx, f, u_face));
  for (PetscInt n = 0; n < cell->model->owned; n++)
    if (Contact(Number(cell->model, n)) > 0) least = PetscMin(least, u_face[n]);
  MUST(PetscFree(u_face));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPIU_REAL, MPI_MIN, PETSC_COMM_WORLD));
  return least;
}

/* What the record must say of the columns of FillColumn(). */
static void RecordsAreSums(void **unused)
{
  const NakModelParams params    = Params();
  const PetscReal      layer     = params.microstructure.size[2] / 5;
  Cell                 cell      = Create();
  PetscReal            potential = 0, film = 0, reacting = 0, face_x = 0, contact = 0;
  NakRecord            record;
  NakInventory         inventory[NAK_ELECTRODES];

  (void)unused;
  for (PetscInt n = 0; n < COLUMNS; n++) {
    const PetscReal x = (PetscReal)n, r = 0.4 + 0.001 * x;

    potential += (0.1 + 0.01 * x) / COLUMNS;
    contact += Contact(n);
    film += Contact(n) * 0.05 * x / COLUMNS;
    reacting += Contact(n) * (1 - 0.05 * x) * (n == 0 ? 0 : 1) / COLUMNS;
    if (n > 1) face_x += r / (1 + r) / (COLUMNS - 2);
  }
  MUST(NakModelHold(cell.model, (NakControl){NAK_HOLD_VOLTAGE, 0.7}));
  MUST(NakModelMeasure(cell.model, cell.U, &record, inventory));
  AssertNear("contact", contact, COLUMNS / 2.0, 1e-14);
  AssertNear("voltage", record.voltage, 0.7, 1e-15);
  AssertRelative("current",
                 record.current * (cell.model->column.series + params.cell.thickness / 0.1),
                 0.7 - potential, 1e-12);
  AssertRelative("capacity", record.capacity, 20 + 5.5, 1e-14);
  AssertRelative("film", record.k_film_fraction, film, 1e-12);
  AssertRelative("reacting", record.contact_fraction, reacting, 1e-12);
  AssertRelative("wetted", record.wetted_fraction, 11.0 / 12, 1e-14);
  AssertRelative("deposit", record.deposit_mean, 6.5e-3 * params.material.a.solid_volume, 1e-12);
  AssertRelative("most of it", record.deposit_max, 12e-3 * params.material.a.solid_volume, 1e-12);
  AssertRelative("filament", record.filament_max, 13e-6, 1e-14);
  AssertRelative("K", record.solid_b, 2 * layer / COLUMNS, 1e-12);
  AssertRelative("Na", record.solid_a, 2 * layer / COLUMNS, 1e-12);
  AssertRelative("void", record.void_height, 3 * layer / COLUMNS, 1e-12);
  AssertRelative("reservoir", record.reservoir_x, 0.355 / (0.355 + 0.9), 1e-12);
  AssertRelative("face", record.face_x, face_x, 1e-12);
  AssertRelative("least occupancy", record.u_face_min, LeastOccupancy(&cell), 1e-12);
  AssertRelative("reacted", inventory[0].q_faraday, 15.5, 1e-14);
  AssertRelative("passed", inventory[0].q_total, 25.5, 1e-14);
  Destroy(&cell);
}

/* Where no liquid touches the face, the alloy is what the reservoir is. */
static void FaceWithoutLiquid(void **unused)
{
  Cell             cell = Create();
  const NakLayout *l    = &cell.model->column.l;
  PetscReal       *u;
  NakRecord        record;

  (void)unused;
  MUST(VecGetArray(cell.U, &u));
  for (PetscInt n = 0; n < cell.model->owned; n++) {
    PetscReal *layer = u + (ptrdiff_t)n * l->size + l->alloy;

    layer[0]       = 0.02;
    layer[GRAIN_B] = 1;
    layer[GRAIN_A] = 0;
  }
  MUST(VecRestoreArray(cell.U, &u));
  MUST(NakModelMeasure(cell.model, cell.U, &record, NULL));
  AssertNear("wetted", record.wetted_fraction, 0, 1e-14);
  AssertRelative("face", record.face_x, 0.355 / (0.355 + 0.9), 1e-12);
  Destroy(&cell);
}

/* The value of a field in a layer of a column, where FillColumn() tells; false where it does
   not. */
static PetscBool Stated(const NakModelParams *p, const NakColumn *c, const char *name, PetscInt n,
                        PetscInt z, PetscReal *value)
{
  const PetscReal x        = (PetscReal)n;
  const PetscInt  in_alloy = z - c->ne - c->nf;
  const PetscReal r        = HeldIn(c, n, in_alloy);
  const PetscInt  phase    = PhaseIn(n, in_alloy);
  const PetscBool wetted   = (PetscBool)(n > 0);

  *value = 0;
  if (strcmp(name, "phi_e") == 0)
    *value = z < c->ne ? -0.2 - 0.01 * (PetscReal)z - 0.001 * x : 0;
  else if (strcmp(name, "c") == 0 && in_alloy >= 0)
    *value = r / p->material.b.solid_volume;
  else if (strcmp(name, "potential") == 0)
    *value = 0.1 + 0.01 * x;
  else if (strcmp(name, "contact") == 0)
    *value = wetted ? Contact(n) * (1 - 0.05 * x) : 0;
  else if (strcmp(name, "k_film") == 0)
    *value = 0.05 * x;
  else if (strcmp(name, "deposit") == 0)
    *value = 1e-3 * (1 + x) * p->material.a.solid_volume;
  else if (strcmp(name, "filament") == 0)
    *value = 1e-6 * (2 + x);
  else if (strcmp(name, "charge") == 0)
    *value = 10 + x;
  else if (strcmp(name, "wetted") == 0)
    *value = wetted;
  else if (strcmp(name, "solid_b") == 0)
    *value = phase == GRAIN_B;
  else if (strcmp(name, "solid_a") == 0)
    *value = phase == GRAIN_A;
  else if (strcmp(name, "void") == 0)
    *value = phase == VOID;
  else if (strcmp(name, "liquid_x") == 0 && phase != GRAIN_A && phase != GRAIN_B)
    *value = in_alloy < 0 ? 0 : r / (1 + r);
  else
    return PETSC_FALSE;
  return PETSC_TRUE;
}

static void FramesAreTheState(void **unused)
{
  const NakModelParams params = Params();
  Cell                 cell   = Create();
  const NakColumn     *c      = &cell.model->column;
  const PetscInt       owned = cell.model->owned, nz = c->ne + c->nf + c->na;
  PetscReal           *values, value;
  NakFrame             frame;
  int                  told = 0;

  (void)unused;
  MUST(NakModelFrame(cell.model, cell.U, &frame));
  MUST(PetscMalloc1(nz * owned, &values));
  assert_int_equal(frame.count, 20);
  for (PetscInt f = 0; f < frame.count; f++) {
    const PetscInt layers = frame.fields[f].place == NAK_PLACE_VOLUME ? nz : 1;

    MUST(frame.fill(frame.ctx, f, values));
    for (PetscInt z = 0; z < layers; z++)
      for (PetscInt n = 0; n < owned; n++) {
        if (!Stated(&params, c, frame.fields[f].name, Number(cell.model, n), z, &value)) continue;
        AssertNear(frame.fields[f].name, values[z * owned + n], value,
                   1e-12 * (PetscAbsReal(value) + 1e-9));
        told++;
      }
  }
  assert_true(told > 11 * owned);
  MUST(PetscFree(values));
  Destroy(&cell);
}

/* Columns always have their face; those of phases, of a void, of layers of ions only where these
   are. */
static void FieldsAreThoseOfTheCell(void **unused)
{
  NakModelParams params = NaK50Cell(NX, NY);
  NakField       list[NAK_FRAME_FIELDS];

  (void)unused;
  assert_int_equal(NakModelFields(&params, list), 15);
  assert_string_equal(list[0].name, "phi_e");
  assert_string_equal(list[14].name, "time_na");
  params.liquid           = a_liquid;
  params.liquid.transport = NAK_TRANSPORT_LAYERS;
  assert_int_equal(NakModelFields(&params, list), 19);
  assert_string_equal(list[15].name, "c_na");
  assert_string_equal(list[18].name, "porosity");
  FreezeSome(&params, 1, 1);
  assert_int_equal(NakModelFields(&params, list), 23);
  assert_string_equal(list[18].name, "liquid_x");
  params.microstructure.voids = PETSC_TRUE;
  assert_int_equal(NakModelFields(&params, list), 24);
  assert_string_equal(list[19].name, "void");
  assert_string_equal(list[23].name, "porosity");
}

/* What drives the voids of a column is its own face, as a frame shows it. */
static void DrivesAreThoseOfTheirColumns(void **unused)
{
  Cell           cell = Create();
  NakVoidsDrive *drive;
  PetscReal     *u_face;
  NakFrame       frame;

  (void)unused;
  MUST(PetscMalloc2(cell.model->owned, &drive, cell.model->owned, &u_face));
  MUST(NakModelFrame(cell.model, cell.U, &frame));
  MUST(NakModelFaces(cell.model, cell.U, drive));
  for (PetscInt f = 0; f < frame.count; f++)
    if (strcmp(frame.fields[f].name, "u_face") == 0) MUST(frame.fill(frame.ctx, f, u_face));
  for (PetscInt n = 0; n < cell.model->owned; n++) {
    AssertNear("occupancy", drive[n].u, u_face[n], 1e-15);
    assert_true((drive[n].load != 0) == (Contact(Number(cell.model, n)) > 0));
  }
  MUST(PetscFree2(drive, u_face));
  Destroy(&cell);
}

/* Solid Na that stands on the face is charge that can be stripped from there: all of it in the
   column. */
static void SodiumOnTheFace(void **unused)
{
  const NakModelParams params = Params();
  const PetscReal      layer  = params.microstructure.size[2] / 5;
  Cell                 cell   = Create();
  const PetscInt       size   = cell.model->column.l.size;
  const PetscReal     *u;

  (void)unused;
  MUST(VecGetArrayRead(cell.U, &u));
  for (PetscInt n = 0; n < cell.model->owned; n++) {
    const NakFoot foot = NakColumnFoot(&cell.model->column, u + (ptrdiff_t)n * size);
    const int     here = Number(cell.model, n) == 1;

    AssertNear("charge", foot.above * params.material.a.solid_volume / (96485.33212 * layer), here,
               1e-9);
    AssertNear("metal", foot.metal, here, 1e-14);
  }
  MUST(VecRestoreArrayRead(cell.U, &u));
  Destroy(&cell);
}

static void VoidsAreTheirOwnPhase(void **unused)
{
  Cell             cell = Create();
  const NakLayout *l    = &cell.model->column.l;
  const PetscReal *u;

  (void)unused;
  MUST(VecGetArrayRead(cell.U, &u));
  for (PetscInt n = 0; n < cell.model->owned; n++)
    for (PetscInt k = 0; k < l->zone; k++) {
      const PetscInt number = Number(cell.model, n);

      AssertNear(
        "void",
        NakZoneVoid(&cell.model->column.zone, u + (ptrdiff_t)n * l->size + NakLayoutAlloy(l, k)),
        PhaseIn(number, k) == VOID, 1e-14);
    }
  MUST(VecRestoreArrayRead(cell.U, &u));
  Destroy(&cell);
}

/* An alloy that is part solid begins with its liquid's ratio in the layers; the reservoir has the
   rest. */
static void AlloyIsAllThere(void **unused)
{
  NakModelParams   params = NaK50Cell(NX, NY);
  PetscReal        x, height, na = 0;
  NakModel         model;
  Vec              U;
  const NakColumn *c;
  const PetscReal *u;

  (void)unused;
  params.alloy.potassium.value = 0.95;
  params.alloy.temperature     = 300;
  x                            = NakThermoMoleFraction(&params.material, params.alloy.potassium);
  height                       = NakModelHeight(&params);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  c = &model->column;
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(VecGetArrayRead(U, &u));
  for (PetscInt k = 0; k < c->na; k++) na += c->alloy.height[k] * u[NakLayoutAlloy(&c->l, k)];
  na += c->reservoir * u[c->l.reservoir_na];
  assert_true(u[NakLayoutAlloy(&c->l, 0)] > 1.1 * x / (1 - x)); /* K has frozen out */
  AssertRelative("Na", na, height * x / (1 - x), 1e-13);
  MUST(VecRestoreArrayRead(U, &u));
  MUST(VecDestroy(&U));
  MUST_DESTROY(NakModelDestroy, model);
}

/* K is in the layers, in the reservoir and in the film, so much of each as it is high. */
static void PotassiumIsAllThere(void **unused)
{
  NakModelParams  params = NaK50Cell(NX, NY);
  const PetscReal x      = NakThermoMoleFraction(&params.material, params.alloy.potassium);
  const PetscReal molar =
    (1 - x) * NakThermoDensity(&params.material, x); /* of the alloy [mol/m3] */
  const PetscReal high = 40e-9 / 0.385e-4;
  NakModel        model;
  NakRecord       record;
  NakInventory    before[NAK_ELECTRODES], after[NAK_ELECTRODES];
  Vec             U;
  PetscReal      *u;

  (void)unused;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(NakModelMeasure(model, U, &record, before));
  AssertRelative("all", before[0].k, molar * high, 1e-12);
  MUST(VecGetArray(U, &u));
  for (PetscInt n = 0; n < model->owned; n++) {
    u[(ptrdiff_t)n * model->column.l.size + model->column.l.open] = 0.7;
    u[(ptrdiff_t)n * model->column.l.size + model->column.l.reservoir_k] += 0.125;
  }
  MUST(VecRestoreArray(U, &u));
  MUST(NakModelMeasure(model, U, &record, after));
  AssertRelative("more", after[0].k - before[0].k,
                 0.125 * molar * (high - 40e-6) + 0.3 * 37e-9 / params.material.b.solid_volume,
                 1e-9);
  MUST(VecDestroy(&U));
  MUST_DESTROY(NakModelDestroy, model);
}

/* Gives the counter electrode of column number x a state. */
typedef void (*State)(const NakLayout *l, PetscReal x, PetscReal there[]);

/* What is measured of a cell of 4 x 3 columns with this counter electrode; NULL: at the start. */
static void MeasureCounter(NakCounterParams counter, State state, NakRecord *record,
                           NakInventory inventory[NAK_ELECTRODES])
{
  NakModelParams params = NaK50Cell(NX, NY);
  NakModel       model;
  Vec            U;
  PetscReal     *u;

  params.counter = counter;
  NakModelComplete(&params);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(VecGetArray(U, &u));
  for (PetscInt n = 0; n < model->owned && state != NULL; n++)
    state(NakModelCounter(model), (PetscReal)Number(model, n),
          u + (ptrdiff_t)n * model->column.l.size + model->column.l.counter);
  MUST(VecRestoreArray(U, &u));
  MUST(NakModelMeasure(model, U, record, inventory));
  MUST(VecDestroy(&U));
  MUST_DESTROY(NakModelDestroy, model);
}

static void AnAlloy(const NakLayout *l, PetscReal x, PetscReal there[])
{
  there[l->potential]    = 0.2 + 0.01 * x;
  there[l->reservoir_na] = 0.3 + 0.01 * x;
  there[l->reservoir_k]  = 0.9;
  there[l->deposit]      = 1e-3 * (1 + x);
  there[l->filament]     = 1e-6 * (2 + x);
  there[l->q_faraday]    = 10 + x;
  there[l->q_total]      = 20 + x;
}

static void Sites(const NakLayout *l, PetscReal x, PetscReal there[])
{
  there[l->reservoir_na] = 0.3 + 0.01 * x;
  there[l->reservoir_k]  = 0.2;
}

/* The means of the columns in the counter electrode. */
static void CounterIsShown(void **unused)
{
  NakRecord    record = {.time = 0};
  NakInventory inventory[NAK_ELECTRODES];

  (void)unused;
  MeasureCounter((NakCounterParams){.kind = NAK_COUNTER_ALLOY}, AnAlloy, &record, inventory);
  assert_true(record.counter == NAK_SHOWN_ALLOY && !record.liquid);
  AssertRelative("potential", record.counter_potential, 0.2 + 0.055, 1e-12);
  AssertRelative("reservoir", record.counter_x, 0.355 / (0.355 + 0.9), 1e-12);
  AssertRelative("deposit", record.counter_deposit, 12e-3 * NaK()->a.solid_volume, 1e-12);
  AssertRelative("filament of either", record.filament_max, 13e-6, 1e-14);
  AssertRelative("reacted", inventory[1].q_faraday, 15.5, 1e-14);
  AssertRelative("passed", inventory[1].q_total, 25.5, 1e-14);
}

/* Of a host: the parts of its sites, and amounts of Na and K in proportion to its capacity. */
static void HostIsShown(void **unused)
{
  const NakCounterParams host = {
    .kind     = NAK_COUNTER_HOST,
    .capacity = 50,
    .voltage  = {3.4, 3  },
    .slope    = 0.2,
    .sites    = {0.6, 0.1}
  };
  NakRecord    record = {.time = 0};
  NakInventory inventory[NAK_ELECTRODES];

  (void)unused;
  MeasureCounter(host, NULL, &record, inventory);
  assert_true(record.counter == NAK_SHOWN_HOST && !record.liquid);
  AssertRelative("rest", record.counter_potential, 3.4 - 0.04 + 0.0256926 * PetscLogReal(0.5),
                 1e-6);
  AssertRelative("K at the start", inventory[1].k, 5 / 96485.33212, 1e-13);
  AssertNear("sites", inventory[1].sites, 50, 0);
  AssertNear("of an alloy", inventory[0].sites, 0, 0);
  MeasureCounter(host, Sites, &record, inventory);
  AssertRelative("Na", record.counter_na, 0.355, 1e-13);
  AssertRelative("K", record.counter_k, 0.2, 1e-13);
  AssertRelative("charge of Na", inventory[1].na, 50 * 0.355, 1e-13);
  AssertRelative("amount of K", inventory[1].k, 50 * 0.2 / 96485.33212, 1e-13);
}

static void LiquidIsShown(void **unused)
{
  NakModelParams params = NaK50Cell(1, 1);
  NakModel       model;
  NakRecord      record = {.time = 0};
  Vec            U;
  PetscReal     *u, bath;
  NakFoot        foot;
  NakFace        face;

  (void)unused;
  if (Ranks() > 1) skip();
  params.liquid              = a_liquid;
  params.liquid.molar_volume = 2e-5;
  params.interphase.kind     = NAK_INTERPHASE_NONE;
  NakModelComplete(&params);
  bath = 1000 * 100e-9 / params.cell.area; /* cations [mol/m2] */
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(VecGetArray(U, &u));
  u[model->column.l.potential] += 0.01;
  u[model->column.l.potassium] = 0.2 * bath * 96485.33212;
  u[model->column.l.salt]      = 0.05 * bath;
  MUST(NakModelMeasure(model, U, &record, NULL));
  foot = NakColumnFoot(&model->column, u);
  {
    const NakBath left = NakColumnBath(&model->column, u);

    face = NakColumnFace(&model->column, &model->column.over[0], &foot, &left, u);
  }
  MUST(VecRestoreArray(U, &u));
  assert_true(record.liquid && !record.counter);
  AssertRelative("Na", record.electrolyte_na, 800, 1e-6);
  AssertRelative("K", record.electrolyte_k, 150, 1e-6);
  AssertRelative("salt", record.salt, 2e-5 * 0.05 * bath, 1e-9);
  AssertRelative("carried by K", record.carrier_k, face.potassium.value / face.faradaic.value,
                 1e-12);
  MUST(VecDestroy(&U));
  MUST_DESTROY(NakModelDestroy, model);
}

/* A junction of two salts with one anion, at rest, mixed along a line: Henderson's equation, which
   is that of Lewis and Sargent for equal concentrations (J. Newman, Electrochemical Systems, ch.
   6). */
static PetscReal JunctionOf(PetscInt layers, PetscReal *henderson)
{
  NakModelParams params = NaK50Cell(1, 1);
  NakModel       model;
  Vec            U;
  PetscReal     *u, drop;

  params.liquid = (NakLiquidParams){
    .kind          = NAK_ELECTROLYTE_LIQUID,
    .transport     = NAK_TRANSPORT_LAYERS,
    .porosity      = 0.4,
    .diffusivity   = {1e-10, 4e-10, 3e-10},
    .concentration = 700,
    .volume        = 100e-9,
    .room          = 1,
    .exponent      = 1
  };
  params.grid.electrolyte_layers = layers;
  params.grid.finest_electrolyte = 0;
  params.interphase.kind         = NAK_INTERPHASE_NONE;
  params.counter.kind            = NAK_COUNTER_ALLOY;
  NakModelComplete(&params);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(NakModelInitialise(model, U));
  MUST(VecGetArray(U, &u));
  for (PetscInt k = 0; k < layers; k++) { /* Na+ at the alloy, K+ at the counter electrode */
    PetscReal      *layer = u + NakLayoutPhi(&model->column.l, k);
    const PetscReal na    = ((PetscReal)k + 0.5) / (PetscReal)layers;

    layer[NAK_LAYER_NA] = 0.4 * na;
    layer[NAK_LAYER_K]  = 0.4 * (1 - na);
  }
  drop = NakIonsDropOf(&model->column, 0, u).value;
  MUST(VecRestoreArray(U, &u));
  *henderson = PetscLogReal((4e-10 + 3e-10) / (1e-10 + 3e-10)) / model->column.kinetics.f;
  MUST(VecDestroy(&U));
  MUST_DESTROY(NakModelDestroy, model);
  return drop;
}

static void JunctionOfTwoSalts(void **unused)
{
  PetscReal henderson, coarse, fine;

  (void)unused;
  if (Ranks() > 1) skip();
  coarse = JunctionOf(20, &henderson) - henderson;
  fine   = JunctionOf(40, &henderson) - henderson;
  AssertRelative("junction", henderson + fine, henderson, 1e-3);
  assert_true(PetscAbsReal(coarse / fine) > 3.5); /* of second order */
}

/* Such a junction along the face, in columns beside each other.  Mixed along a line, sigma = sum of
   D c is linear, and without a current f phi = -ln sigma.  Largest current that is left over, and
   error of what Na+ loses, both over a typical flux; of the columns inside. */
static void JunctionBeside(PetscInt nx, PetscReal *current, PetscReal *sodium)
{
  const PetscReal  D[NAK_IONS] = {1e-10, 4e-10, 3e-10}, pores = 0.4, slope = 0.6, c0 = 700;
  const PetscReal  wide = PetscPowReal(pores, NAK_BRUGGEMAN), width = 64e-6;
  NakModelParams   params = NaK50Cell(nx, 1);
  NakModel         model;
  const NakLayout *l;
  Vec              U, still, F;
  PetscReal       *u;
  const PetscReal *f;

  params.liquid = (NakLiquidParams){
    .kind          = NAK_ELECTROLYTE_LIQUID,
    .transport     = NAK_TRANSPORT_LAYERS,
    .porosity      = pores,
    .diffusivity   = {D[0], D[1], D[2]},
    .concentration = c0,
    .volume        = 100e-9,
    .room          = 1,
    .exponent      = 1
  };
  params.interphase.kind = NAK_INTERPHASE_NONE;
  NakModelComplete(&params);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  l = &model->column.l;
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &still));
  MUST(VecDuplicate(U, &F));
  MUST(NakModelInitialise(model, U));
  MUST(VecGetArray(U, &u));
  for (PetscInt n = 0; n < nx * model->column.ne; n++) {
    PetscReal *layer =
      u + (ptrdiff_t)(n / model->column.ne) * l->size + NakLayoutPhi(l, n % model->column.ne);
    const PetscReal x  = ((PetscReal)(n / model->column.ne) + 0.5) / (PetscReal)nx,
                    na = 0.2 + slope * x;

    layer[NAK_LAYER_NA] = pores * na;
    layer[NAK_LAYER_K]  = pores * (1 - na);
    layer[0] =
      -PetscLogReal((D[0] * na + D[1] * (1 - na) + D[2]) / D[0]) / model->column.kinetics.f;
  }
  MUST(VecRestoreArray(U, &u));
  MUST(NakModelResidual(model, U, still, F));
  MUST(VecGetArrayRead(F, &f));
  *current = *sodium = 0;
  for (PetscInt n = 1; n + 1 < nx; n++) {
    const PetscReal *row    = f + (ptrdiff_t)n * l->size + NakLayoutPhi(l, 2);
    const PetscReal  na     = 0.2 + slope * ((PetscReal)n + 0.5) / (PetscReal)nx,
                    typical = D[0] * wide * slope / (width * width);
    const PetscReal s = D[0] * na + D[1] * (1 - na) + D[2], ds = (D[0] - D[1]) * slope;
    const PetscReal lost =
      D[0] * wide / (width * width) * (slope * ds / s - na * ds * ds / (s * s));

    *current = PetscMax(*current, PetscAbsReal(row[0]) /
                                    (NAK_FARADAY * c0 * model->column.height[2] * typical));
    *sodium  = PetscMax(*sodium, PetscAbsReal(row[NAK_LAYER_NA] - lost) / typical);
  }
  MUST(VecRestoreArrayRead(F, &f));
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&still));
  MUST(VecDestroy(&F));
  MUST_DESTROY(NakModelDestroy, model);
}

static void JunctionOfColumns(void **unused)
{
  const PetscReal small = 2e-3;
  PetscReal       current[2], sodium[2];

  (void)unused;
  if (Ranks() > 1) skip();
  for (int k = 0; k < 2; k++) JunctionBeside(k == 0 ? 20 : 40, &current[k], &sodium[k]);
  print_message("junction along the face: currents %.2g, %.2g, Na+ %.2g, %.2g\n",
                (double)current[0], (double)current[1], (double)sodium[0], (double)sodium[1]);
  assert_true(current[1] < small && sodium[1] < small);
  assert_true(current[0] > 3 * current[1] && sodium[0] > 3 * sodium[1]); /* of second order */
}

static void NoVoidsWithoutGas(void **unused)
{
  const NakModelParams params = NaK50Cell(NX, NY);
  NakModel             model;

  (void)unused;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  assert_int_equal(NakModelVoidsReport(model).count, 0);
  MUST_DESTROY(NakModelDestroy, model);
}

/* After a step the room over what is not wetted is that of the voids above it, the uppermost
   layer's too.  Under a void it is all of the zone's height, and a share where one ends.
   */
static void RoomIsThatOfTheVoids(void **unused)
{
  (void)unused;
  for (int whole = 0; whole < 2; whole++) {
    NakModelParams   params = Params();
    Cell             cell;
    const NakColumn *c;
    PetscReal       *u;

    params.grid.alloy_height = 3e-6; /* so that layers over the zone are lower than those in it */
    cell                     = CreateOf(&params);
    c                        = &cell.model->column;
    MUST(VecGetArray(cell.U, &u));
    for (PetscInt n = 0; n < cell.model->owned; n++) {
      PetscReal *const column = u + (ptrdiff_t)n * c->l.size;

      for (PetscInt k = 0; k < c->l.zone; k++)
        for (PetscInt i = 0; i < c->l.phases; i++) column[NakLayoutAlloy(&c->l, k) + 1 + i] = 0;
      for (PetscInt k = 0; k < c->l.zone; k++)
        column[NakLayoutAlloy(&c->l, k) + VOID] = whole ? 1 : 0.5;
    }
    MUST(VecRestoreArray(cell.U, &u));
    MUST(NakModelVoidsAdvance(cell.model, 0, 1, cell.U));
    for (PetscInt n = 0; n < cell.model->owned; n++)
      AssertRelative("room", c->over[n].void_height, 2.5e-6 * (whole ? 1 : 0.5 * 0.5), 1e-9);
    Destroy(&cell);
  }
}

/* Order parameters of a zone move by their forces, by the wall's on the lowest layer, and by their
   curvature from layer to layer, between which there is half a micrometre. */
static void ZoneMovesByItsForces(void **unused)
{
  const PetscReal  h      = 0.5e-6;
  NakModelParams   params = NaK50Cell(NX, NY);
  Cell             cell;
  const NakColumn *c;
  const NakLayout *l;
  PetscReal       *u, *f, L[NAK_MIX_MOST][NAK_MIX_MOST];
  Vec              Udot, F;

  (void)unused;
  FreezeSome(&params, 1, 1);
  params.microstructure.solid_mobility = 3e-12;
  NakModelComplete(&params);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &cell.model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(cell.model)), &cell.U));
  MUST(NakModelInitialise(cell.model, cell.U));
  c = &cell.model->column;
  l = &c->l;
  MUST(VecDuplicate(cell.U, &Udot));
  MUST(VecDuplicate(cell.U, &F));
  MUST(VecSet(Udot, 0.125));
  MUST(VecGetArray(cell.U, &u));
  for (PetscInt n = 0; n < cell.model->owned; n++)
    for (PetscInt k = 0; k < l->zone; k++) {
      PetscReal *layer = u + (ptrdiff_t)n * l->size + NakLayoutAlloy(l, k);

      layer[0]       = 0.2 + 0.05 * (PetscReal)k;
      layer[GRAIN_B] = 0.6 - 0.1 * (PetscReal)(k * k) / 4;
      layer[GRAIN_A] = 0.1 + 0.02 * (PetscReal)k;
    }
  MUST(VecRestoreArray(cell.U, &u));
  MUST(NakModelResidual(cell.model, cell.U, Udot, F));
  NakMixRates(&c->zone.mix, L);
  MUST(VecGetArray(cell.U, &u));
  MUST(VecGetArray(F, &f));
  for (PetscInt k = 0; k < l->zone; k++) {
    const PetscReal *layer = u + NakLayoutAlloy(l, k);
    const PetscReal *up    = u + NakLayoutAlloy(l, PetscMin(k + 1, l->zone - 1));
    const PetscReal *down  = u + NakLayoutAlloy(l, PetscMax(k - 1, 0));
    PetscReal force[NAK_MIX_MOST], face[3], d[NAK_MIX_MOST] = {0}, dd[NAK_MIX_MOST][NAK_MIX_MOST];

    (void)NakMixForces(&c->zone.mix, layer, layer[0], force);
    for (int i = 1; i < 3; i++) face[i] = layer[i] + (layer[i] - up[i]) / 2;
    if (k == 0) (void)NakMixSumAt(&c->zone.mix, c->zone.mix.wall, face, d, dd);
    for (int i = 1; i < 3; i++) {
      PetscReal moved = 0;

      for (int j = 1; j < 3; j++) moved -= L[i][j] * (force[j] + d[j] / h);
      moved += c->zone.mix.mobility * (up[i] - 2 * layer[i] + down[i]) / (h * h);
      AssertRelative("order parameter", f[NakLayoutAlloy(l, k) + i], 0.125 - moved, 1e-9);
    }
  }
  MUST(VecRestoreArray(F, &f));
  MUST(VecRestoreArray(cell.U, &u));
  MUST(VecDestroy(&F));
  MUST(VecDestroy(&Udot));
  Destroy(&cell);
}

/* What a phase fills leaves the liquid its composition, and the others their part of the rest. */
static void FillingKeepsTheLiquid(void **unused)
{
  Cell             cell  = Create();
  const NakColumn *c     = &cell.model->column;
  PetscReal        u[4]  = {0.45, 0, 0, 0}, gain, before;
  const PetscReal  whole = 0.45;

  (void)unused;
  assert_int_equal(c->l.phases, 3);
  gain = NakZoneFill(&c->zone, GRAIN_B, 0.4, u);
  AssertRelative("gain", u[0] - whole, gain, 1e-12);
  assert_true(gain < -1e-3); /* K has no room for Na */
  AssertNear("liquid", NakZoneLiquid(&c->zone, u), 0.45, 1e-9);
  AssertNear("K", u[GRAIN_B], 0.4, 1e-15);
  before = u[0];
  gain   = NakZoneFill(&c->zone, VOID, 0.5, u);
  AssertRelative("gain", u[0] - before, gain, 1e-12);
  AssertNear("liquid", NakZoneLiquid(&c->zone, u), 0.45, 1e-9);
  AssertNear("half the K", u[GRAIN_B], 0.2, 1e-15);
  AssertNear("void", u[VOID], 0.5, 1e-15);
  AssertNear("nothing", NakZoneFill(&c->zone, GRAIN_A, 1e-13, u), 0, 0);
  AssertNear("no Na", u[GRAIN_A], 0, 0);
  Destroy(&cell);
}

/* A double layer of so many F/m2 at 1 V, and what is adsorbed. */
static void FaceChargeIsThatOfOneVolt(void **unused)
{
  NakModelParams params = NaK50Cell(NX, NY);
  NakModel       model;

  (void)unused;
  params.reaction.double_layer   = 0.25;
  params.reaction.adlayer_charge = 0.125;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  AssertRelative("charge", NakModelFaceCharge(model), 0.375, 1e-14);
  MUST_DESTROY(NakModelDestroy, model);
}

/* ---- What columns keep of their past ---- */

/* Column n at one of four times: contact is lost and Na is plated until the third. */
static void FillPast(const NakLayout *l, int moment, PetscInt n, PetscReal u[])
{
  static const PetscReal potential[] = {0.1, 0.14, 0.12, 0.11};
  const PetscReal        x           = (PetscReal)n;
  const PetscReal        open[]      = {1, 0.8 - 0.02 * x, 0.2, 0.9};
  const PetscReal        metal[]     = {0, 1.8, 5.4 + 0.36 * x, 0}; /* C/m2 */

  u[l->potential] = potential[moment] + 0.01 * x;
  u[l->open]      = open[moment];
  u[l->deposit]   = metal[moment] / 96485.33212;
  u[l->q_faraday] = (1 + x) * (PetscReal)moment;
}

/* First times where a line between two moments crosses: half of the contact lost, 1e-3 of it under
   K, 3.6 C/m2 of Na.  The first column has K on its face from the start; half of the columns have
   no contact. */
static PetscReal FirstTime(const char *name, PetscInt n)
{
  const PetscReal x = (PetscReal)n;

  if (strcmp(name, "time_na") == 0) return 0.5 + 29.5 * 1.8 / (3.6 + 0.36 * x);
  if (strcmp(name, "time_k") == 0 && n == 0) return 0;
  if (Contact(n) == 0) return -1;
  if (strcmp(name, "time_k") == 0) return 0.5 * 1e-3 / (0.2 + 0.02 * x);
  return 0.5 + 29.5 * (0.3 - 0.02 * x) / (0.6 - 0.02 * x);
}

/* A field of the face, of the state as it is. */
static void FillField(Cell *cell, const char *name, PetscReal values[])
{
  NakFrame frame;
  PetscInt f;

  MUST(NakModelFrame(cell->model, cell->U, &frame));
  f = NakFrameFind(&frame, name);
  assert_true(f >= 0);
  MUST(frame.fill(frame.ctx, f, values));
}

static void ColumnsKeepTheirPast(void **unused)
{
  static const PetscReal   times[]  = {0, 0.5, 30, 40};
  static const char *const firsts[] = {"time_lost", "time_k", "time_na"};
  Cell                     cell     = Create();
  const NakLayout         *l        = &cell.model->column.l;
  const PetscInt           owned    = cell.model->owned;
  PetscReal               *most, *values, *u;

  (void)unused;
  MUST(PetscCalloc2(owned, &most, owned, &values));
  for (int moment = 0; moment < 4; moment++) {
    MUST(VecGetArray(cell.U, &u));
    for (PetscInt n = 0; n < owned; n++)
      FillPast(l, moment, Number(cell.model, n), u + (ptrdiff_t)n * l->size);
    MUST(VecRestoreArray(cell.U, &u));
    if (moment == 0) FillField(&cell, "time_na", values);
    for (PetscInt n = 0; n < owned && moment == 0; n++) AssertNear("not yet", values[n], -1, 0);
    MUST(NakModelRemember(cell.model, times[moment], cell.U));
    FillField(&cell, "current", values);
    for (PetscInt n = 0; n < owned; n++) most[n] = PetscMax(most[n], PetscAbsReal(values[n]));
    FillField(&cell, "current_mean", values);
    for (PetscInt n = 0; n < owned; n++)
      AssertNear("mean", values[n] * times[moment],
                 (1 + (PetscReal)Number(cell.model, n)) * (PetscReal)moment, 1e-12);
  }
  FillField(&cell, "current_max", values);
  for (PetscInt n = 0; n < owned; n++) {
    assert_true((most[n] > 0) == (Contact(Number(cell.model, n)) > 0));
    AssertNear("largest", values[n], most[n], 1e-14 * most[n]);
  }
  for (int k = 0; k < 3; k++) {
    FillField(&cell, firsts[k], values);
    for (PetscInt n = 0; n < owned; n++)
      AssertNear(firsts[k], values[n], FirstTime(firsts[k], Number(cell.model, n)), 1e-9);
  }
  MUST(PetscFree2(most, values));
  Destroy(&cell);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(CounterIsShown),
  cmocka_unit_test(HostIsShown),
  cmocka_unit_test(JunctionOfColumns),
  cmocka_unit_test(LiquidIsShown),
  cmocka_unit_test(PotassiumIsAllThere),
  cmocka_unit_test(FillingKeepsTheLiquid),
  cmocka_unit_test(ZoneMovesByItsForces),
  cmocka_unit_test(RoomIsThatOfTheVoids),
  cmocka_unit_test(FaceChargeIsThatOfOneVolt),
  cmocka_unit_test(ColumnsKeepTheirPast),
  cmocka_unit_test(RecordsAreSums),
  cmocka_unit_test(FaceWithoutLiquid),
  cmocka_unit_test(JunctionOfTwoSalts),
  cmocka_unit_test(NoVoidsWithoutGas),
  cmocka_unit_test(SodiumOnTheFace),
  cmocka_unit_test(AlloyIsAllThere),
  cmocka_unit_test(VoidsAreTheirOwnPhase),
  cmocka_unit_test(FramesAreTheState),
  cmocka_unit_test(FieldsAreThoseOfTheCell),
  cmocka_unit_test(DrivesAreThoseOfTheirColumns),
};

NAK_TEST_MAIN(tests)
