/* The run directory: who may have it, what its files say, and that nothing wrong is ever written.

   All runs lie in test-output-np<ranks>, where they stay: runs/strip is a made-up run in three
   dimensions on which plots and ParaView can be tried. */
#include <nakfield/output.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "nak_test.h"

#define NX 24
#define NY 16
#define NZ 20 /* 6 electrolyte, 4 interphase, 10 alloy */

/* ---- Helpers ---- */

/* Call what must fail without its traceback. */
static PetscErrorCode Quietly(PetscErrorCode (*call)(void *), void *ctx)
{
  PetscErrorCode code;

  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = call(ctx);
  MUST(PetscPopErrorHandler());
  return code;
}

/* No rank may make a run directory while another still reads the last one. */
static PetscErrorCode Begin(const char *directory, PetscBool replace, NakOutput *output)
{
  const NakOutputMode mode   = replace ? NAK_OUTPUT_REPLACE : NAK_OUTPUT_NEW;
  NakOutputParams     params = {.fields_every = 0};

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(PetscStrncpy(params.directory, directory, sizeof(params.directory)));
  PetscCall(NakOutputCreate(PETSC_COMM_WORLD, &params, "deckname", mode, output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A whole file with a 0 after it; free() it. */
static char *ReadAll(const char *path, size_t *size)
{
  FILE *const file = fopen(path, "rb");
  long        length;
  char       *text;

  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  length = ftell(file);
  assert_true(length >= 0);
  rewind(file);
  text = malloc((size_t)length + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, (size_t)length, file), length);
  text[length] = '\0';
  (void)fclose(file);
  if (size != NULL) *size = (size_t)length;
  return text;
}

static int CountOf(const char *text, const char *part)
{
  int count = 0;

  for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) count++;
  return count;
}

/* Byte by byte: under AddressSanitizer, each strstr() measures the rest of the text. */
static int CountLines(const char *text)
{
  int count = 0;

  for (; *text != '\0'; text++) count += *text == '\n';
  return count;
}

static PetscBool HoldsBytes(const char *text, size_t size, const void *part, size_t length)
{
  const unsigned char first = *(const unsigned char *)part;
  const char         *at    = text;

  while (size - (size_t)(at - text) >= length) {
    at = memchr(at, first, size - (size_t)(at - text) - length + 1);
    if (at == NULL) return PETSC_FALSE;
    if (memcmp(at, part, length) == 0) return PETSC_TRUE;
    at++;
  }
  return PETSC_FALSE;
}

static PetscBool Exists(const char *path)
{
  struct stat about;

  return stat(path, &about) == 0 ? PETSC_TRUE : PETSC_FALSE;
}

static void Touch(const char *path)
{
  const PetscMPIInt rank = Rank();

  if (rank == 0) {
    FILE *const file = fopen(path, "w");

    assert_non_null(file);
    (void)fclose(file);
  }
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
}

/* ---- A made-up run: a staircase of currents until the face is starved of sodium ---- */

static NakRecord MadeUpRecord(PetscReal time)
{
  const PetscReal rise    = PetscMin(time / 4000, 1);
  const PetscReal starved = 1 / (1 + PetscExpReal(-(rise - 0.85) * 60));

  return (NakRecord){.time              = time,
                     .step              = (PetscInt)(rise * 19),
                     .cycle             = 3,
                     .current           = 0.5 + 0.5 * (PetscReal)(PetscInt)(rise * 19),
                     .voltage           = 0.02 + 0.15 * rise + 2.6 * starved,
                     .capacity          = 0.25 * time + 10 * rise * rise * 4000 / 4,
                     .u_face_mean       = PetscExpReal(-6 * rise * rise),
                     .u_face_min        = PetscExpReal(-14 * rise * rise),
                     .contact_fraction  = 0.6 - 0.05 * rise,
                     .k_film_fraction   = starved * 0.8,
                     .deposit_mean      = 2e-9 * rise,
                     .deposit_max       = 9e-9 * rise,
                     .filament_max      = 1e-7 * rise,
                     .reservoir_x       = 0.6 - 0.02 * rise,
                     .dt                = 2,
                     .newton_iterations = 3,
                     .linear_iterations = 21,
                     .na_balance        = 1e-13,
                     .k_balance         = -2e-14,
                     .charge_balance    = 3e-12};
}

static const NakField made_up_fields[] = {
  {"phi_e",     "V",       "Potential of the electrolyte",                        NAK_PLACE_VOLUME},
  {"c",         "mol/m^3", "Concentration of Na in the interphase and the alloy", NAK_PLACE_VOLUME},
  {"potential", "V",       "Potential of the metal against the electrolyte",      NAK_PLACE_FACE  },
  {"current",   "A/m^2",   "Current density of the reaction, stripping positive", NAK_PLACE_FACE  },
  {"u_face",    "1",       "Na content of the interphase at the electrolyte",     NAK_PLACE_FACE  },
  {"contact",   "1",       "Whether the face reacts",                             NAK_PLACE_FACE  },
  {"k_film",    "1",       "Part of the face under solid K",                      NAK_PLACE_FACE  },
  {"deposit",   "m",       "Thickness of Na metal",                               NAK_PLACE_FACE  },
  {"filament",  "m",       "Length of the filament",                              NAK_PLACE_FACE  },
  {"charge",    "C/m^2",   "Charge passed by the reaction",                       NAK_PLACE_FACE  },
};

#define FIELD_COUNT ((PetscInt)(sizeof(made_up_fields) / sizeof(made_up_fields[0])))

typedef struct {
  NakGrid   grid;
  PetscReal z[NZ + 1];
  NakFrame  frame;
  PetscReal time;
  PetscBool poisoned; /* the last rank's last value of the last field is not a number */
} Cell;

/* A value that tells where it belongs, and looks like something. */
static PetscReal ValueAt(const Cell *cell, PetscInt field, PetscInt k, PetscInt j, PetscInt i)
{
  const PetscReal x    = (PetscReal)i / (PetscReal)cell->grid.nx;
  const PetscReal y    = (PetscReal)j / (PetscReal)cell->grid.ny;
  const PetscReal wave = PetscSinReal(2 * PETSC_PI * x) * PetscCosReal(2 * PETSC_PI * y);
  const PetscReal rise = cell->time / 4000;

  if (made_up_fields[field].place == NAK_PLACE_FACE)
    return (PetscReal)field * (1 + 0.1 * wave) + rise + 1e-6 * (PetscReal)(j * NX + i);
  if (field == 0) return k < 6 ? -0.05 * rise * (PetscReal)(6 - k) * (1 + 0.2 * wave) : 0;
  return k < 6 ? 0 : 2e4 * (1 - rise * (1 + 0.3 * wave) * PetscExpReal(-0.2 * (PetscReal)(k - 6)));
}

static PetscErrorCode Fill(void *ctx, PetscInt field, PetscReal values[])
{
  const Cell *const cell   = ctx;
  const NakFrame   *frame  = &cell->frame;
  const PetscInt    layers = made_up_fields[field].place == NAK_PLACE_VOLUME ? cell->grid.nz : 1;
  PetscInt          at     = 0;
  const PetscMPIInt rank = Rank(), size = Ranks();

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < layers; k++) {
    for (PetscInt ji = 0; ji < frame->ym * frame->xm; ji++) {
      values[at++] =
        ValueAt(cell, field, k, frame->ys + ji / frame->xm, frame->xs + ji % frame->xm);
    }
  }
  if (cell->poisoned && rank == size - 1 && field == FIELD_COUNT - 1) values[at - 1] = NAN;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Uneven shares of x for the ranks, and heights that grow away from the face. */
static void MakeCell(PetscInt nx, PetscInt ny, Cell *cell)
{
  const PetscMPIInt rank = Rank(), size = Ranks();

  *cell      = (Cell){.time = 0};
  cell->grid = (NakGrid){.nx               = nx,
                         .ny               = ny,
                         .n_electrolyte    = 6,
                         .n_interphase     = 4,
                         .n_alloy          = 10,
                         .nz               = NZ,
                         .dx               = 24e-6 / (PetscReal)nx,
                         .dy               = 24e-6 / (PetscReal)nx,
                         .reservoir_height = 1e-3};
  for (PetscInt k = 0; k <= NZ; k++) {
    const PetscReal layer = (PetscReal)(k - 6);

    cell->z[k] = k < 6    ? -1e-6 * layer * layer * 0.5
                 : k < 10 ? 0.25e-6 * layer
                          : 1e-6 + 0.3e-6 * (layer - 4) * (layer - 3);
    if (k < 6) cell->z[k] = -cell->z[k] < 0 ? -cell->z[k] : cell->z[k];
  }
  cell->grid.z   = cell->z;
  cell->frame    = (NakFrame){.grid   = &cell->grid,
                              .fields = made_up_fields,
                              .count  = FIELD_COUNT,
                              .ym     = ny,
                              .fill   = Fill,
                              .ctx    = cell};
  cell->frame.xs = nx * rank * rank / (size * size);
  cell->frame.xm = nx * (rank + 1) * (rank + 1) / (size * size) - cell->frame.xs;
}

static PetscErrorCode WriteFrame(NakOutput output, Cell *cell, PetscReal time)
{
  const NakRecord record = MadeUpRecord(time);
  NakNumbers      numbers;

  PetscFunctionBeginUser;
  cell->time = time;
  NakRecordNumbers(&record, &numbers);
  PetscCall(NakOutputFields(output, &numbers, &cell->frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteRow(NakOutput output, const NakRecord *record)
{
  NakNumbers numbers;

  PetscFunctionBeginUser;
  NakRecordNumbers(record, &numbers);
  PetscCall(NakOutputRow(output, "timeseries", &numbers));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The directory ---- */

static PetscErrorCode BeginWithoutReplace(void *ctx)
{
  NakOutput output = NULL;

  PetscFunctionBeginUser;
  PetscCall(Begin(ctx, PETSC_FALSE, &output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void DirectoryHasADefault(void **state)
{
  NakOutput output;

  (void)state;
  MUST(Begin("", PETSC_TRUE, &output));
  assert_string_equal(NakOutputDirectory(output), "runs/deckname");
  MUST(NakOutputDestroy(&output));
  assert_null(output);
  MUST(NakOutputDestroy(&output));
  assert_true(Exists("runs/deckname/log.txt"));
}

static void ParentsAreMade(void **state)
{
  NakOutput output;

  (void)state;
  MUST(Begin("./one//two/three/", PETSC_TRUE, &output));
  MUST(NakOutputDestroy(&output));
  assert_true(Exists("one/two/three/log.txt"));
}

static void AnOlderRunIsNotOverwritten(void **state)
{
  char      directory[] = "runs/older";
  NakOutput output;
  char     *before, *after;

  (void)state;
  MUST(Begin(directory, PETSC_TRUE, &output));
  MUST(NakOutputLog(output, "the first run"));
  MUST(NakOutputDestroy(&output));
  before = ReadAll("runs/older/log.txt", NULL);
  assert_int_equal(Quietly(BeginWithoutReplace, directory), PETSC_ERR_FILE_OPEN);
  after = ReadAll("runs/older/log.txt", NULL);
  assert_string_equal(after, before);
  free(before);
  free(after);
}

static void ReplaceLeavesForeignFiles(void **state)
{
  NakOutput output;
  char     *log;

  (void)state;
  MUST(Begin("runs/foreign", PETSC_TRUE, &output));
  MUST(NakOutputLog(output, "the first run"));
  MUST(NakOutputDestroy(&output));
  Touch("runs/foreign/notes.txt");
  MUST(Begin("runs/foreign", PETSC_TRUE, &output));
  MUST(NakOutputDestroy(&output));
  assert_true(Exists("runs/foreign/notes.txt"));
  log = ReadAll("runs/foreign/log.txt", NULL);
  assert_string_equal(log, "");
  free(log);
}

/* Rank 0 alone meets the obstacle; every rank must hear of it. */
static void AFileInTheWayIsAnErrorOnEveryRank(void **state)
{
  char inside[] = "in-the-way/run", itself[] = "in-the-way";

  (void)state;
  Touch("in-the-way");
  assert_int_equal(Quietly(BeginWithoutReplace, inside), PETSC_ERR_FILE_OPEN);
  assert_int_equal(Quietly(BeginWithoutReplace, itself), PETSC_ERR_FILE_OPEN);
}

/* ---- timeseries.csv and log.txt ---- */

static void RowsHaveUnits(void **state)
{
  const NakRecord record = {.time         = 1234.5,
                            .step         = 2,
                            .cycle        = 7,
                            .current      = 5,
                            .voltage      = 0.125,
                            .capacity     = 3.6e4,
                            .deposit_mean = 2e-9,
                            .filament_max = 3e-6,
                            .dt           = 0.5,
                            .na_balance   = -1e-13};
  NakOutput       output;
  char           *text;

  (void)state;
  MUST(Begin("runs/rows", PETSC_TRUE, &output));
  MUST(WriteRow(output, &record));
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  text = ReadAll("runs/rows/timeseries.csv", NULL); /* a first row is there at once */
  assert_string_equal(
    text, "time_s,step,cycle,current_mA_cm2,voltage_V,capacity_mAh_cm2,u_face_mean,u_face_min,"
          "contact_fraction,k_film_fraction,wetted_fraction,void_nm_mean,voids,deposit_nm_mean,"
          "deposit_nm_max,filament_um_max,solid_b_um,solid_a_um,"
          "reservoir_x,temperature_K,dt_s,newton_iterations,linear_iterations,na_balance,k_balance,"
          "charge_balance\n"
          "1234.5,2,7,0.5,0.125,1,0,0,0,0,0,0,0,2,0,3,0,0,0,0,0.5,0,0,-1e-13,0,0\n");
  free(text);
  MUST(NakOutputDestroy(&output));
}

typedef struct {
  NakOutput output;
  NakRecord record;
} RowCall;

static PetscErrorCode CallRow(void *ctx)
{
  RowCall *const call = ctx;

  return WriteRow(call->output, &call->record);
}

static void ARowThatIsNotFiniteIsRefused(void **state)
{
  RowCall call = {.record = MadeUpRecord(1)};
  char   *text;

  (void)state;
  MUST(Begin("runs/nan-row", PETSC_TRUE, &call.output));
  MUST(CallRow(&call));
  call.record.u_face_min = INFINITY;
  assert_int_equal(Quietly(CallRow, &call), PETSC_ERR_FP);
  call.record.u_face_min = NAN;
  assert_int_equal(Quietly(CallRow, &call), PETSC_ERR_FP);
  MUST(NakOutputDestroy(&call.output));
  text = ReadAll("runs/nan-row/timeseries.csv", NULL);
  assert_int_equal(CountLines(text), 2);
  free(text);
}

/* With a flush a row, this would run into the time limit on a busy disk.  Several ranks agree on
   every row, which takes its time where there are fewer cores than ranks. */
static void ManyRowsAreFast(void **state)
{
  const NakRecord record = MadeUpRecord(2000);
  NakOutput       output;
  PetscMPIInt     size;
  char           *text;
  int             rows;

  (void)state;
  MUST(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  rows = size == 1 ? 100000 : 200;
  MUST(Begin("runs/many", PETSC_TRUE, &output));
  for (int i = 0; i < rows; i++) MUST(WriteRow(output, &record));
  MUST(NakOutputDestroy(&output));
  text = ReadAll("runs/many/timeseries.csv", NULL);
  assert_int_equal(CountLines(text), rows + 1);
  free(text);
}

/* A limit on rank 0's file sizes stands in for a full disk. */
static void AFullDiskIsAnErrorOnEveryRank(void **state)
{
  RowCall           call = {.record = MadeUpRecord(1)};
  struct rlimit     before, small;
  const PetscMPIInt rank = Rank();
  void (*handler)(int);
  PetscErrorCode code = 0;

  (void)state;
  MUST(Begin("runs/full", PETSC_TRUE, &call.output));
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small          = before;
  small.rlim_cur = 4096;
  handler        = signal(SIGXFSZ, SIG_IGN);
  if (rank == 0) assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 0; i < 100000 && !code; i++) code = Quietly(CallRow, &call);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  (void)signal(SIGXFSZ, handler);
  assert_int_equal(code, PETSC_ERR_FILE_WRITE);
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  (void)NakOutputDestroy(&call.output); /* may tell the same once more */
  MUST(PetscPopErrorHandler());
}

static void LogLinesAreThereAtOnce(void **state)
{
  NakOutput output;
  char     *text;

  (void)state;
  MUST(Begin("runs/log", PETSC_TRUE, &output));
  MUST(NakOutputLog(output, "step %d: %s", 3, "rest"));
  MUST(NakOutputLog(output, "100 %% done"));
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  text = ReadAll("runs/log/log.txt", NULL);
  assert_string_equal(text, "step 3: rest\n100 % done\n");
  free(text);
  MUST(NakOutputDestroy(&output));
}

/* ---- fields.h5 and fields.xmf ---- */

/* The array lies in the file in one piece, so its bytes can be looked for without HDF5. */
static void CheckStored(const Cell *cell, const char *path, PetscInt field)
{
  size_t          size;
  char *const     file   = ReadAll(path, &size);
  const PetscBool volume = (PetscBool)(made_up_fields[field].place == NAK_PLACE_VOLUME);
  const PetscInt  nx = cell->grid.nx, ny = cell->grid.ny, layers = volume ? NZ : 1;
  const PetscInt  count = layers * ny * nx;
  double *const   want  = malloc((size_t)count * sizeof(double));

  assert_non_null(want);
  for (PetscInt at = 0; at < count; at++) {
    want[at] = (double)ValueAt(cell, field, at / (nx * ny), at / nx % ny, at % nx);
  }
  assert_true(HoldsBytes(file, size, want, (size_t)count * sizeof(double)));
  free(want);
  free(file);
}

static void FieldsAreStoredInTheOrderOfTheGrid(void **state)
{
  NakOutput output;
  Cell      cell;

  (void)state;
  MakeCell(NX, NY, &cell);
  MUST(Begin("runs/fields", PETSC_TRUE, &output));
  MUST(WriteFrame(output, &cell, 100));
  MUST(WriteFrame(output, &cell, 3000));
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  for (PetscInt f = 0; f < FIELD_COUNT; f++)
    CheckStored(&cell, "runs/fields/fields/000001.h5", f); /* while the run goes on */
  cell.time = 100;
  for (PetscInt f = 0; f < FIELD_COUNT; f++) CheckStored(&cell, "runs/fields/fields/000000.h5", f);
  MUST(NakOutputDestroy(&output));
}

static void ASecondFrameAtTheSameTimeIsLeftOut(void **state)
{
  NakOutput output;
  Cell      cell;
  char     *text;

  (void)state;
  MakeCell(NX, 1, &cell);
  MUST(Begin("runs/twice", PETSC_TRUE, &output));
  MUST(WriteFrame(output, &cell, 100));
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  text = ReadAll("runs/twice/fields.xmf", NULL); /* while the run goes on */
  assert_int_equal(CountOf(text, "<Time Value=\"100\"/>"), 1);
  free(text);
  MUST(WriteFrame(output, &cell, 100));
  MUST(WriteFrame(output, &cell, 200.25));
  MUST(NakOutputDestroy(&output));
  text = ReadAll("runs/twice/fields.xmf", NULL);
  assert_int_equal(CountOf(text, "<Time"), 2);
  assert_int_equal(CountOf(text, "<Time Value=\"200.25\"/>"), 1);
  assert_int_equal(CountOf(text, "fields.h5:/frames/000001/c<"), 1);
  MUST(CountOf(text, "fields.h5:/frames/000002/"));
  assert_int_equal(CountOf(text, "fields.h5:/grid/region<"), 2);
  free(text);
  text = ReadAll("runs/twice/face.xmf", NULL);
  assert_int_equal(CountOf(text, "<Time"), 2);
  assert_int_equal(CountOf(text, "fields.h5:/frames/000001/u_face<"), 1);
  MUST(CountOf(text, "fields.h5:/frames/000001/c<"));
  assert_false(Exists("runs/twice/fields.xmf.tmp"));
  free(text);
}

typedef struct {
  NakOutput output;
  Cell     *cell;
  PetscReal time;
} FrameCall;

static PetscErrorCode CallFrame(void *ctx)
{
  FrameCall *const call = ctx;

  return WriteFrame(call->output, call->cell, call->time);
}

/* One bad value on one rank stops all ranks before a byte is written, and good frames may
   follow. */
static void AFieldThatIsNotFiniteIsRefused(void **state)
{
  FrameCall call = {.time = 200};
  Cell      cell;
  char     *text;

  (void)state;
  MakeCell(NX, NY, &cell);
  call.cell = &cell;
  MUST(Begin("runs/nan-field", PETSC_TRUE, &call.output));
  cell.poisoned = PETSC_TRUE;
  assert_int_equal(Quietly(CallFrame, &call), PETSC_ERR_FP);
  assert_false(Exists("runs/nan-field/fields.h5"));
  cell.poisoned = PETSC_FALSE;
  MUST(WriteFrame(call.output, &cell, 100));
  cell.poisoned = PETSC_TRUE;
  assert_int_equal(Quietly(CallFrame, &call), PETSC_ERR_FP);
  cell.poisoned = PETSC_FALSE;
  MUST(WriteFrame(call.output, &cell, 300));
  MUST(NakOutputDestroy(&call.output));
  text = ReadAll("runs/nan-field/fields.xmf", NULL);
  assert_int_equal(CountOf(text, "<Time"), 2);
  free(text);
}

static void FramesMustHaveTheSameFields(void **state)
{
  FrameCall call = {.time = 200};
  Cell      cell;

  (void)state;
  MakeCell(NX, NY, &cell);
  call.cell = &cell;
  MUST(Begin("runs/other-fields", PETSC_TRUE, &call.output));
  MUST(WriteFrame(call.output, &cell, 100));
  cell.frame.count--;
  assert_int_equal(Quietly(CallFrame, &call), PETSC_ERR_ARG_INCOMP);
  MUST(NakOutputDestroy(&call.output));
}

/* HDF5 cannot make its file: all ranks fail alike, and closing still works. */
static void FieldsThatCannotBeOpenedAreAnError(void **state)
{
  FrameCall call = {.time = 200};
  Cell      cell;

  (void)state;
  MakeCell(NX, NY, &cell);
  call.cell = &cell;
  MUST(Begin("runs/no-fields", PETSC_TRUE, &call.output));
  Touch("runs/no-fields/fields"); /* where the folder is to be */
  assert_int_equal(Quietly(CallFrame, &call), PETSC_ERR_FILE_OPEN);
  MUST(NakOutputDestroy(&call.output));
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  assert_true(unlink("runs/no-fields/fields") == 0 || errno == ENOENT);
}

/* What does not fit is refused beforehand; what was written before stays, and
   the run may go on when there is room again. */
static void AFrameThatDoesNotFitIsRefused(void **state)
{
  FrameCall         call = {.time = 200};
  struct rlimit     before, small;
  const PetscMPIInt rank = Rank();
  Cell              cell;

  (void)state;
  MakeCell(NX, NY, &cell);
  call.cell = &cell;
  MUST(Begin("runs/no-room", PETSC_TRUE, &call.output));
  MUST(WriteFrame(call.output, &cell, 100));
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small          = before;
  small.rlim_cur = 1000000;
  if (rank == 0) assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  assert_int_equal(Quietly(CallFrame, &call), PETSC_ERR_FILE_WRITE);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  MUST(WriteFrame(call.output, &cell, 300));
  MUST(NakOutputDestroy(&call.output));
}

/* ---- resolved.yaml and summary.json ---- */

static void TheResolvedDeckIsKept(void **state)
{
  NakOutputParams  params   = {.fields_every = 0};
  const NakSection schema[] = {
    {NakOutputParamRows,      &params, sizeof(params)},
    {NakOutputTimesParamRows,         &params, sizeof(params)},
    {.rows = NULL}
  };
  const char *const given[] = {"output.fields.every=60 s"};
  NakDeck           deck;
  NakOutput         output;
  Cell              cell;
  char             *yaml, *fields;
  size_t            yaml_size, fields_size;

  (void)state;
  MUST(NakDeckCreate(PETSC_COMM_WORLD, NULL, given, 1, &deck));
  MUST(NakDeckFill(deck, schema));
  MakeCell(NX, 1, &cell);
  MUST(Begin("runs/deck", PETSC_TRUE, &output));
  MUST(NakOutputDeck(output, deck, schema, "a title"));
  MUST(WriteFrame(output, &cell, 0));
  MUST(NakOutputDestroy(&output));
  yaml   = ReadAll("runs/deck/resolved.yaml", &yaml_size);
  fields = ReadAll("runs/deck/fields.h5", &fields_size);
  assert_int_equal(CountOf(yaml, "60 s"), 1);
  assert_true(HoldsBytes(fields, fields_size, yaml, yaml_size));
  assert_true(HoldsBytes(fields, fields_size, NakVersion(), strlen(NakVersion())));
  assert_true(HoldsBytes(fields, fields_size, "a title", strlen("a title")));
  free(yaml);
  free(fields);
  MUST(NakDeckDestroy(&deck));
}

static const NakStepReport made_up_reports[] = {
  {.index        = 0,
   .item         = 1,
   .kind         = "strip",
   .executions   = 2,
   .early        = 1,
   .early_reason = "voltage > 3 V",
   .last         = 1800,
   .control      = {NAK_HOLD_CURRENT, 10},
   .end          = NAK_END_CONDITION,
   .reason       = "voltage > 3 V",
   .start        = 0,
   .stop         = 3600,
   .capacity     = 3.6e4,
   .voltage      = 3.0},
  {.index   = 1,
   .kind    = "voltage",
   .control = {NAK_HOLD_VOLTAGE, 0.5},
   .reason  = "\"quoted\" \\ \x01 \xc3\xa9 \xff \xed\xa0\x80",
   .stop    = 1},
};

static NakSummary MadeUpSummary(void)
{
  return (NakSummary){
    .status       = "condition",
    .end          = "voltage > 3 V",
    .numbers      = {1, {NAK_NUMBER("time_s", 4000)}},
    .protocol     = PETSC_TRUE,
    .na_balance   = 1e-13,
    .time_steps   = 2000,
    .wall_seconds = 1.5
  };
}

static void TheSummaryIsJson(void **state)
{
  const NakEvent events[2] = {
    {.time = 1.5, .capacity = 3.6e4, .kind = 2,  .step = 3},
    {.time = 4,   .capacity = 7.2e4, .kind = 10, .step = 4}
  };
  NakSummary summary = MadeUpSummary();
  NakOutput  output;
  char      *text;

  (void)state;
  summary.events   = events;
  summary.n_events = 2;
  MUST(Begin("runs/summary", PETSC_TRUE, &output));
  MUST(NakOutputSummary(output, &summary));
  summary.n_reports = 2;
  summary.reports   = made_up_reports;
  MUST(NakOutputSummary(output, &summary));
  MUST(NakOutputDestroy(&output));
  text = ReadAll("runs/summary/summary.json", NULL);
  assert_int_equal(CountOf(text, "\"status\": \"condition\""), 1);
  assert_int_equal(CountOf(text, "\"time_s\": 4000"), 1);
  assert_int_equal(CountOf(text, "\"current_mA_cm2\": 1"), 1);
  assert_int_equal(CountOf(text, "\"hold_voltage_V\": 0.5"), 1);
  assert_int_equal(CountOf(text, "\"ended_early\": 1, \"early_end\": \"voltage > 3 V\""), 1);
  assert_int_equal(CountOf(text, "\"ended_early\": 0,"), 1);
  assert_int_equal(CountOf(text, "\"last_start_s\": 1800"), 1);
  assert_int_equal(CountOf(text, "\"events\": [\n"
                                 "    {\"time_s\": 1.5, \"step\": 3, \"capacity_mAh_cm2\": 1, "
                                 "\"event\": \"k_film\"},\n"
                                 "    {\"time_s\": 4, \"step\": 4, \"capacity_mAh_cm2\": 2, "
                                 "\"event\": \"condition\"}\n  ]"),
                   1);
  assert_int_equal(CountOf(text, "\"capacity_mAh_cm2\": 1,"), 2); /* of a step and of an event */
  assert_int_equal(
    CountOf(text, "\\\"quoted\\\" \\\\ \\u0001 \xc3\xa9 \\ufffd \\ufffd\\ufffd\\ufffd\""), 1);
  assert_false(Exists("runs/summary/summary.json.tmp"));
  free(text);
}

typedef struct {
  NakOutput  output;
  NakSummary summary;
} SummaryCall;

static PetscErrorCode CallSummary(void *ctx)
{
  SummaryCall *const call = ctx;

  return NakOutputSummary(call->output, &call->summary);
}

static void ASummaryThatIsNotFiniteIsRefused(void **state)
{
  SummaryCall call = {.summary = MadeUpSummary()};

  (void)state;
  MUST(Begin("runs/nan-summary", PETSC_TRUE, &call.output));
  call.summary.k_balance = NAN;
  assert_int_equal(Quietly(CallSummary, &call), PETSC_ERR_FP);
  MUST(NakOutputDestroy(&call.output));
  assert_false(Exists("runs/nan-summary/summary.json"));
  assert_false(Exists("runs/nan-summary/summary.json.tmp"));
}

/* ---- Rows of the deck, and a whole run ---- */

/* A row without a text is a hole in the manual; a default out of bounds is a bug. */
static void ParamRowsAreComplete(void **state)
{
  (void)state;
  for (const NakParam *row = NakOutputParamRows; row->key != NULL; row++) {
    assert_true(row->doc != NULL && row->doc[0] != '\0');
    if (row->type == NAK_TEXT) {
      assert_non_null(row->text);
      continue;
    }
    assert_true(row->type == NAK_INT || row->unit != NULL);
    assert_true(row->initial >= row->lower && row->initial <= row->upper);
  }
}

/* What is there once there is a summary: a run that is killed then counts as complete. */
static void AssertComplete(const char *directory, int rows, int frames)
{
  char  path[64];
  char *text;

  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  (void)snprintf(path, sizeof path, "%s/timeseries.csv", directory);
  text = ReadAll(path, NULL);
  assert_int_equal(CountLines(text), 1 + rows);
  free(text);
  (void)snprintf(path, sizeof path, "%s/fields.xmf", directory);
  text = ReadAll(path, NULL);
  assert_int_equal(CountOf(text, "<Time"), frames);
  free(text);
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
}

static void AWholeRun(void **state)
{
  NakSummary summary = MadeUpSummary();
  NakOutput  output;
  Cell       cell;

  (void)state;
  MakeCell(NX, NY, &cell);
  MUST(Begin("runs/strip", PETSC_TRUE, &output));
  for (int i = 0; i <= 500; i++) {
    const NakRecord record = MadeUpRecord(8 * i);

    MUST(WriteRow(output, &record));
    if (i % 100 == 0) MUST(WriteFrame(output, &cell, record.time));
  }
  summary.n_reports = 2;
  summary.reports   = made_up_reports;
  MUST(NakOutputSummary(output, &summary));
  AssertComplete("runs/strip", 501, 6);
  MUST(NakOutputDestroy(&output));
}

/* One column, which only one rank can hold. */
static void AOneDimensionalRun(void **state)
{
  PetscMPIInt size;
  NakOutput   output;
  Cell        cell;

  (void)state;
  MUST(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  if (size > 1) skip();
  MakeCell(1, 1, &cell);
  MUST(Begin("runs/column", PETSC_TRUE, &output));
  MUST(WriteFrame(output, &cell, 0));
  MUST(WriteFrame(output, &cell, 10));
  MUST(NakOutputDestroy(&output));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(DirectoryHasADefault),
  cmocka_unit_test(ParentsAreMade),
  cmocka_unit_test(AnOlderRunIsNotOverwritten),
  cmocka_unit_test(ReplaceLeavesForeignFiles),
  cmocka_unit_test(AFileInTheWayIsAnErrorOnEveryRank),
  cmocka_unit_test(RowsHaveUnits),
  cmocka_unit_test(ARowThatIsNotFiniteIsRefused),
  cmocka_unit_test(ManyRowsAreFast),
  cmocka_unit_test(AFullDiskIsAnErrorOnEveryRank),
  cmocka_unit_test(LogLinesAreThereAtOnce),
  cmocka_unit_test(FieldsAreStoredInTheOrderOfTheGrid),
  cmocka_unit_test(ASecondFrameAtTheSameTimeIsLeftOut),
  cmocka_unit_test(AFieldThatIsNotFiniteIsRefused),
  cmocka_unit_test(FramesMustHaveTheSameFields),
  cmocka_unit_test(FieldsThatCannotBeOpenedAreAnError),
  cmocka_unit_test(AFrameThatDoesNotFitIsRefused),
  cmocka_unit_test(TheResolvedDeckIsKept),
  cmocka_unit_test(TheSummaryIsJson),
  cmocka_unit_test(ASummaryThatIsNotFiniteIsRefused),
  cmocka_unit_test(ParamRowsAreComplete),
  cmocka_unit_test(AWholeRun),
  cmocka_unit_test(AOneDimensionalRun),
};

NAK_TEST_MAIN_OF(EnterFolder("test-output") || cmocka_run_group_tests(tests, NULL, NULL))
