/* timeseries.csv: one table of columns, rows by way of a large buffer. */
#include "output_impl.h"

#include <errno.h>
#include <petsctime.h>
#include <string.h>

#define BUFFER_SIZE    (1 << 18) /* [B] */
#define FLUSH_INTERVAL 0.2       /* of wall time [s] */
#define LINE_SIZE      1024      /* [B]; 23 columns of at most 24 characters are 552 */

void NakRecordCheck(const NakRecord *record, NakFault *fault)
{
  for (const NakRecordColumn *column = NakRecordColumns; column->name != NULL; column++) {
    PetscReal value;

    if (column->digits == 0) continue;
    value = *(const PetscReal *)NakRecordMember(record, column);
    if (PetscIsInfOrNanReal(value)) {
      NakFaultNote(fault, PETSC_ERR_FP,
                   "%s is %g at %.9g s: a number that is not finite is not written", column->si,
                   (double)value, (double)record->time);
    }
  }
}

/* Append the value to the line; returns the characters added. */
static int Print(const NakRecord *record, const NakRecordColumn *column, char *line, size_t room)
{
  const void *const member = NakRecordMember(record, column);

  if (column->digits == 0) return snprintf(line, room, "%" PetscInt_FMT, *(const PetscInt *)member);
  return snprintf(line, room, "%.*g", column->digits,
                  (double)(column->factor * *(const PetscReal *)member));
}

void NakOutputRowsBuffer(NakOutput output)
{
  (void)setvbuf(output->timeseries, NULL, _IOFBF, BUFFER_SIZE); /* without it, slower but right */
}

/* Open timeseries.csv and write its first line. */
static PetscErrorCode Open(NakOutput output)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "timeseries.csv", path));
  output->timeseries = fopen(path, "wx");
  PetscCheck(output->timeseries != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s",
             path, strerror(errno));
  NakOutputRowsBuffer(output);
  for (const NakRecordColumn *column = NakRecordColumns; column->name != NULL; column++) {
    const char *const separator = column == NakRecordColumns ? "" : ",";

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
  for (const NakRecordColumn *column = NakRecordColumns; column->name != NULL; column++) {
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
  if (output->timeseries == NULL) PetscCall(Open(output));
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
