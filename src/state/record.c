/* What observers need of records and frames; the contract is in nakfield/state.h. */
#include <nakfield/state.h>

#include <string.h>

#define AT(member) offsetof(NakRecord, member)

/* Columns that every cell has; those of a counter electrode that is not Na, that is an alloy, that
   is a host; those of a liquid electrolyte, and of one with layers. */
enum { ALWAYS, COUNTER, ALLOY, HOST, LIQUID, LAYERS };

static const struct {
  const char *name, *si; /* as in NakNumber, like the factor and the digits */
  size_t      offset; /* within NakRecord: of a PetscInt if there are no digits, else a PetscReal */
  PetscReal   factor;
  int         digits;
  int         when;
} columns[] = {
  {"time_s",                 "time",              AT(time),              1,               15, ALWAYS },
  {"step",                   "step",              AT(step),              1,               0,  ALWAYS },
  {"cycle",                  "cycle",             AT(cycle),             1,               0,  ALWAYS },
  {"current_mA_cm2",         "current",           AT(current),           NAK_MA_PER_CM2,  12, ALWAYS },
  {"voltage_V",              "voltage",           AT(voltage),           1,               12, ALWAYS },
  {"capacity_mAh_cm2",       "capacity",          AT(capacity),          NAK_MAH_PER_CM2, 12, ALWAYS },
  {"u_face_mean",            "u_face_mean",       AT(u_face_mean),       1,               12, ALWAYS },
  {"u_face_min",             "u_face_min",        AT(u_face_min),        1,               12, ALWAYS },
  {"contact_fraction",       "contact_fraction",  AT(contact_fraction),  1,               12, ALWAYS },
  {"k_film_fraction",        "k_film_fraction",   AT(k_film_fraction),   1,               12, ALWAYS },
  {"wetted_fraction",        "wetted_fraction",   AT(wetted_fraction),   1,               12, ALWAYS },
  {"void_nm_mean",           "void_height",       AT(void_height),       1e9,             12, ALWAYS },
  {"voids",                  "voids",             AT(voids),             1,               0,  ALWAYS },
  {"deposit_nm_mean",        "deposit_mean",      AT(deposit_mean),      1e9,             12, ALWAYS },
  {"deposit_nm_max",         "deposit_max",       AT(deposit_max),       1e9,             12, ALWAYS },
  {"filament_um_max",        "filament_max",      AT(filament_max),      1e6,             12, ALWAYS },
  {"solid_b_um",             "solid_b",           AT(solid_b),           1e6,             12, ALWAYS },
  {"solid_a_um",             "solid_a",           AT(solid_a),           1e6,             12, ALWAYS },
  {"reservoir_x",            "reservoir_x",       AT(reservoir_x),       1,               12, ALWAYS },
  {"counter_V",              "counter_potential", AT(counter_potential), 1,               12, COUNTER},
  {"counter_x",              "counter_x",         AT(counter_x),         1,               12, ALLOY  },
  {"counter_deposit_nm_max", "counter_deposit",   AT(counter_deposit),   1e9,             12, ALLOY  },
  {"counter_na",             "counter_na",        AT(counter_na),        1,               12, HOST   },
  {"counter_k",              "counter_k",         AT(counter_k),         1,               12, HOST   },
  {"counter_carrier_k",      "counter_carrier_k", AT(counter_carrier_k), 1,               12, HOST   },
  {"carrier_k",              "carrier_k",         AT(carrier_k),         1,               12, LIQUID },
  {"salt_um",                "salt",              AT(salt),              1e6,             12, LIQUID },
  {"electrolyte_na_mol_m3",  "electrolyte_na",    AT(electrolyte_na),    1,               12, LIQUID },
  {"electrolyte_k_mol_m3",   "electrolyte_k",     AT(electrolyte_k),     1,               12, LIQUID },
  {"least_na_mol_m3",        "least_na",          AT(least_na),          1,               12, LAYERS },
  {"separator_salt_um",      "separator_salt",    AT(separator_salt),    1e6,             12, LAYERS },
  {"temperature_K",          "temperature",       AT(temperature),       1,               12, ALWAYS },
  {"dt_s",                   "dt",                AT(dt),                1,               6,  ALWAYS },
  {"newton_iterations",      "newton_iterations", AT(newton_iterations), 1,               0,  ALWAYS },
  {"linear_iterations",      "linear_iterations", AT(linear_iterations), 1,               0,  ALWAYS },
  {"na_balance",             "na_balance",        AT(na_balance),        1,               6,  ALWAYS },
  {"k_balance",              "k_balance",         AT(k_balance),         1,               6,  ALWAYS },
  {"charge_balance",         "charge_balance",    AT(charge_balance),    1,               6,  ALWAYS },
};

_Static_assert(sizeof columns / sizeof *columns <= NAK_NUMBERS_MAX, "room for all columns");

void NakRecordNumbers(const NakRecord *record, NakNumbers *numbers)
{
  const PetscBool shown[] = {
    [ALWAYS]  = PETSC_TRUE,
    [COUNTER] = (PetscBool)(record->counter != NAK_SHOWN_NOTHING),
    [ALLOY]   = (PetscBool)(record->counter == NAK_SHOWN_ALLOY),
    [HOST]    = (PetscBool)(record->counter == NAK_SHOWN_HOST),
    [LIQUID]  = record->liquid,
    [LAYERS]  = record->layers,
  };

  numbers->count = 0;
  for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) {
    const void *const member = (const char *)record + columns[k].offset;
    const PetscReal   value =
      columns[k].digits == 0 ? (PetscReal) * (const PetscInt *)member : *(const PetscReal *)member;

    if (!shown[columns[k].when]) continue;
    numbers->items[numbers->count++] =
      (NakNumber){columns[k].name, columns[k].si, value, columns[k].factor, columns[k].digits};
  }
}

PetscReal NakNumberShown(const NakNumber *number)
{
  return number->factor * number->value;
}

const NakNumber *NakNumbersFind(const NakNumbers *numbers, const char *name)
{
  for (PetscInt k = 0; k < numbers->count; k++)
    if (strcmp(numbers->items[k].name, name) == 0) return &numbers->items[k];
  return NULL;
}

PetscInt NakFrameFind(const NakFrame *frame, const char *name)
{
  for (PetscInt f = 0; f < frame->count; f++)
    if (strcmp(frame->fields[f].name, name) == 0) return f;
  return -1;
}

static void Lay(const NakFrame *frame, const NakBox *box, const PetscReal part[], PetscReal whole[])
{
  for (PetscInt j = 0; j < box->ym; j++)
    memcpy(whole + (ptrdiff_t)(box->ys + j) * frame->grid->nx + box->xs,
           part + (ptrdiff_t)j * box->xm, (size_t)box->xm * sizeof *part);
}

/* The parts of the other ranks, one after the other. */
static PetscErrorCode LayOthers(MPI_Comm comm, const NakFrame *frame, PetscReal whole[])
{
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  for (PetscMPIInt rank = 1; rank < ranks; rank++) {
    NakBox      box;
    PetscReal  *part;
    PetscMPIInt n;

    PetscCallMPI(MPI_Recv(&box, sizeof box, MPI_BYTE, rank, 0, comm, MPI_STATUS_IGNORE));
    PetscCall(PetscMPIIntCast(box.xm * box.ym, &n));
    PetscCall(PetscMalloc1(n, &part));
    PetscCallMPI(MPI_Recv(part, n, MPIU_REAL, rank, 0, comm, MPI_STATUS_IGNORE));
    Lay(frame, &box, part, whole);
    PetscCall(PetscFree(part));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFrameGather(MPI_Comm comm, const NakFrame *frame, const PetscReal mine[],
                              PetscReal whole[])
{
  const NakBox box = {frame->xs, frame->ys, frame->xm, frame->ym};
  PetscMPIInt  rank, n;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscMPIIntCast(box.xm * box.ym, &n));
  if (rank == 0) {
    Lay(frame, &box, mine, whole);
    PetscCall(LayOthers(comm, frame, whole));
  } else {
    PetscCallMPI(MPI_Send(&box, sizeof box, MPI_BYTE, 0, 0, comm));
    PetscCallMPI(MPI_Send(mine, n, MPIU_REAL, 0, 0, comm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillChosen(void *ctx, PetscInt field, PetscReal values[])
{
  const NakFrameChoice *const choice = ctx;

  PetscFunctionBeginUser;
  PetscCall(choice->all.fill(choice->all.ctx, choice->field[field], values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool IsNamed(const NakFieldNames *names, const char *name)
{
  PetscBool named = (PetscBool)(names->count == 0);

  for (PetscInt k = 0; k < names->count && !named; k++)
    named = (PetscBool)(strcmp(names->name[k], name) == 0);
  return named;
}

void NakFrameChoose(const NakFrame *all, const NakFieldNames *names, NakFrameChoice *choice)
{
  PetscInt n = 0;

  for (PetscInt f = 0; f < all->count && n < NAK_FRAME_FIELDS; f++) {
    if (!IsNamed(names, all->fields[f].name)) continue;
    choice->field[n]    = f;
    choice->fields[n++] = all->fields[f];
  }
  choice->all          = *all;
  choice->frame        = *all;
  choice->frame.fields = choice->fields;
  choice->frame.count  = n;
  choice->frame.fill   = FillChosen;
  choice->frame.ctx    = choice;
}

PetscInt NakFrameLayers(const NakFrame *frame, NakPlace place, PetscInt *first)
{
  const PetscBool all = (PetscBool)(frame->zm == 0);

  *first = place == NAK_PLACE_VOLUME && !all ? frame->zs : 0;
  if (place != NAK_PLACE_VOLUME) return 1;
  return all ? frame->grid->nz : frame->zm;
}

PetscReal NakCrossing(PetscReal before, PetscReal now)
{
  const PetscReal located = 1e-6;

  return now <= located || before >= 0 ? 1 : -before / (now - before);
}

PetscReal NakNextMultiple(PetscReal every, PetscReal time)
{
  const PetscReal rounding = 1e-12;

  return every * (PetscFloorReal(time / every * (1 + rounding)) + 1);
}
