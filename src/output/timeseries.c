/* timeseries.csv: one table of columns, rows by way of a large buffer. */
#include "output_impl.h"

#include <errno.h>
#include <petsctime.h>
#include <string.h>

#define BUFFER_SIZE    (1 << 18) /* [B] */
#define FLUSH_INTERVAL 0.2       /* of wall time [s] */
#define LINE_SIZE      1024      /* [B]; 20 columns of at most 24 characters are 500 */

#define MA_PER_CM2  0.1         /* from A/m2 */
#define MAH_PER_CM2 (1 / 3.6e4) /* from C/m2 */

#define AT(member) offsetof(NakRecord, member)

const NakColumn NakOutputColumns[] = {
  {"time_s",           "time", AT(time), 1, 15},
  {"step",          "step", AT(step), 1, 0},
  {"cycle",                "cycle", AT(cycle), 1, 0},
  {"current_mA_cm2",             "current", AT(current), MA_PER_CM2, 12},
  {"voltage_V",          "voltage", AT(voltage), 1, 12},
  {"capacity_mAh_cm2",                 "capacity", AT(capacity), MAH_PER_CM2, 12},
  {"u_face_mean",            "u_face_mean", AT(u_face_mean), 1, 12},
  {"u_face_min",         "u_face_min", AT(u_face_min), 1, 12},
  {"contact_fraction",                 "contact_fraction", AT(contact_fraction), 1, 12},
  {"k_film_fraction",   "k_film_fraction", AT(k_film_fraction), 1, 12},
  {"deposit_nm_mean",       "deposit_mean", AT(deposit_mean), 1e9, 12},
  {"deposit_nm_max",                "deposit_max", AT(deposit_max), 1e9, 12},
  {"filament_um_max",        "filament_max", AT(filament_max), 1e6, 12},
  {"reservoir_x",       "reservoir_x", AT(reservoir_x), 1, 12},
  {"dt_s",                "dt", AT(dt), 1, 6},
  {"newton_iterations", "newton_iterations", AT(newton_iterations), 1, 0},
  {"linear_iterations",      "linear_iterations", AT(linear_iterations), 1, 0},
  {"na_balance",                "na_balance", AT(na_balance), 1, 6},
  {"k_balance",      "k_balance", AT(k_balance), 1, 6},
  {"charge_balance",   "charge_balance", AT(charge_balance), 1, 6},
  {.name = NULL               },
};

static const void *Member(const NakRecord *record, const NakColumn *column)
{
  return (const char *)record + column->offset;
}

void NakRecordCheck(const NakRecord *record, NakFault *fault)
{
  for (const NakColumn *column = NakOutputColumns; column->name != NULL; column++) {
    PetscReal value;

    if (column->digits == 0) continue;
    value = *(const PetscReal *)Member(record, column);
    if (PetscIsInfOrNanReal(value)) {
      NakFaultNote(fault, PETSC_ERR_FP,
                   "%s is %g at %.9g s: a number that is not finite is not written", column->si,
                   (double)value, (double)record->time);
    }
  }
}

/* Append the value to the line; returns the characters added. */
static int Print(const NakRecord *record, const NakColumn *column, char *line, size_t room)
{
  const void *const member = Member(record, column);

  if (column->digits == 0) return snprintf(line, room, "%" PetscInt_FMT, *(const PetscInt *)member);
  return snprintf(line, room, "%.*g", column->digits,
                  (double)(column->factor * *(const PetscReal *)member));
}

PetscErrorCode NakOutputRowsOpen(NakOutput output)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "timeseries.csv", path));
  output->timeseries = fopen(path, "wx");
  PetscCheck(output->timeseries != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s",
             path, strerror(errno));
  (void)setvbuf(output->timeseries, NULL, _IOFBF, BUFFER_SIZE); /* without it, slower but right */
  for (const NakColumn *column = NakOutputColumns; column->name != NULL; column++) {
    const char *const separator = column == NakOutputColumns ? "" : ",";

    (void)fprintf(output->timeseries, "%s%s", separator, column->name);
  }
  (void)fputc('\n', output->timeseries);
  PetscCall(NakFileFlush(output->timeseries, path));
  output->flushed = -FLUSH_INTERVAL; /* the first row is due at once, whatever the clock's zero */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* stdio keeps an error of its own writes in the stream, where the next flush finds it. */
static PetscErrorCode WriteRow(NakOutput output, const NakRecord *record)
{
  char           line[LINE_SIZE], path[PETSC_MAX_PATH_LEN];
  size_t         length = 0;
  PetscLogDouble now;

  PetscFunctionBeginUser;
  for (const NakColumn *column = NakOutputColumns; column->name != NULL; column++) {
    length += (size_t)Print(record, column, line + length, sizeof(line) - length);
    line[length++] = column[1].name == NULL ? '\n' : ',';
  }
  (void)fwrite(line, 1, length, output->timeseries);
  PetscCall(PetscTime(&now));
  if (now < output->flushed + FLUSH_INTERVAL) PetscFunctionReturn(PETSC_SUCCESS);
  output->flushed = now;
  PetscCall(NakOutputPath(output, "timeseries.csv", path));
  PetscCall(NakFileFlush(output->timeseries, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckAndWriteRow(NakOutput output, const NakRecord *record)
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  NakRecordCheck(record, &fault);
  if (output->log_errno != 0) {
    NakFaultNote(&fault, PETSC_ERR_FILE_WRITE, "cannot write %s/log.txt: %s", output->directory,
                 strerror(output->log_errno));
  }
  PetscCheck(!fault.code, PETSC_COMM_SELF, fault.code, "%s", fault.text);
  PetscCall(WriteRow(output, record));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputRow(NakOutput output, const NakRecord *record)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = CheckAndWriteRow(output, record);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
