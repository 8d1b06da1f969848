/* Tables of numbers, opened with their first rows, by way of large buffers. */
#include "output_impl.h"

#include <errno.h>
#include <math.h>
#include <petsctime.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE    (1 << 18) /* [B] */
#define FLUSH_INTERVAL 0.2       /* of wall time [s] */

void NakNumbersCheck(const NakNumbers *numbers, NakFault *fault)
{
  const NakNumber *const first = numbers->items;

  for (const NakNumber *n = first; n < first + numbers->count; n++)
    if (PetscIsInfOrNanReal(n->value))
      NakFaultNote(fault, PETSC_ERR_FP, "%s is %g at %s %.9g: " NAK_NOT_FINITE, n->si,
                   (double)n->value, first->si, (double)first->value);
}

PetscErrorCode NakTablePath(NakOutput output, const NakTable *table, char path[PETSC_MAX_PATH_LEN])
{
  char file[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(file, sizeof(file), "%s.csv", table->name));
  PetscCall(NakOutputPath(output, file, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakTableBuffer(NakTable *table)
{
  (void)setvbuf(table->file, NULL, _IOFBF, BUFFER_SIZE); /* without it, slower but right */
}

static PetscErrorCode Open(NakOutput output, const NakNumbers *row, NakTable *table)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakTablePath(output, table, path));
  (void)unlink(path); /* one from after the checkpoint of this restart, if at all */
  table->file = fopen(path, "wx");
  PetscCheck(table->file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  NakTableBuffer(table);
  for (PetscInt k = 0; k < row->count; k++)
    (void)fprintf(table->file, "%s%c", row->items[k].name, k + 1 < row->count ? ',' : '\n');
  table->flushed = -FLUSH_INTERVAL; /* the first row is due at once, whatever the clock's zero */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTableFlush(NakOutput output, NakTable *table)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakTablePath(output, table, path));
  PetscCall(NakFileFlush(table->file, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Most numbers of a row are 0 or 1.  printf would take most of a row's time for them. */
static void Write(FILE *file, const NakNumber *number, char after)
{
  const PetscReal value = NakNumberShown(number);
  const int       digit = value > 0 && value < 10 ? (int)value : 0;

  if (value == digit && !signbit(value)) {
    (void)fputc('0' + digit, file);
    (void)fputc(after, file);
  } else {
    (void)fprintf(file, number->digits > 0 ? "%.*g%c" : "%.*f%c", number->digits, (double)value,
                  after);
  }
}

/* stdio keeps an error of its own writes in the stream; the next flush finds it there. */
PetscErrorCode NakTableAppend(NakOutput output, const char *name, const NakNumbers *row)
{
  NakTable      *table = output->tables;
  PetscLogDouble now;

  PetscFunctionBeginUser;
  while (table < output->tables + NAK_TABLES && table->name[0] != '\0' &&
         strcmp(table->name, name) != 0)
    table++;
  PetscCheck(table < output->tables + NAK_TABLES, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "too many tables: %s", name);
  PetscCall(PetscStrncpy(table->name, name, sizeof(table->name)));
  if (table->file == NULL) PetscCall(Open(output, row, table));
  for (PetscInt k = 0; k < row->count; k++)
    Write(table->file, &row->items[k], k + 1 < row->count ? ',' : '\n');
  PetscCall(PetscTime(&now));
  if (now < table->flushed + FLUSH_INTERVAL) PetscFunctionReturn(PETSC_SUCCESS);
  table->flushed = now;
  PetscCall(NakTableFlush(output, table));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckAndAppend(NakOutput output, const char *name, const NakNumbers rows[],
                                     PetscInt count)
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < count; k++) NakNumbersCheck(&rows[k], &fault);
  if (output->log_errno != 0)
    NakFaultNote(&fault, PETSC_ERR_FILE_WRITE, "cannot write %s/log.txt: %s", output->directory,
                 strerror(output->log_errno));
  PetscCheck(!fault.code, PETSC_COMM_SELF, fault.code, "%s", fault.text);
  for (PetscInt k = 0; k < count; k++) PetscCall(NakTableAppend(output, name, &rows[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputRow(NakOutput output, const char *name, const NakNumbers *row)
{
  PetscFunctionBeginUser;
  PetscCall(NakTableRows(output, name, row, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTableRows(NakOutput output, const char *name, const NakNumbers rows[],
                            PetscInt count)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = CheckAndAppend(output, name, rows, count);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FlushAll(NakOutput output)
{
  PetscFunctionBeginUser;
  for (NakTable *table = output->tables; table < output->tables + NAK_TABLES; table++)
    if (table->file != NULL) PetscCall(NakTableFlush(output, table));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputFlush(NakOutput output)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = FlushAll(output);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTablesClose(NakOutput output)
{
  PetscErrorCode first = PETSC_SUCCESS;
  char           path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  for (NakTable *table = output->tables; table < output->tables + NAK_TABLES; table++) {
    PetscErrorCode code;

    PetscCall(NakTablePath(output, table, path));
    code = NakFileClose(&table->file, path);
    if (first == PETSC_SUCCESS) first = code;
  }
  PetscFunctionReturn(first);
}
