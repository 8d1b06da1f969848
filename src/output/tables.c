/* Tables of numbers, opened with their first rows. */
#include "output_impl.h"

#include <errno.h>
#include <petsctime.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_INTERVAL 0.2 /* [s] of wall time */

static PetscErrorCode TablePath(NakOutput output, const char *name, char path[PETSC_MAX_PATH_LEN])
{
  char file[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(file, sizeof(file), "%s.csv", name));
  PetscCall(NakOutputPath(output, file, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The table of this name, new where there is none. */
static PetscErrorCode Find(NakOutput output, const char *name, const NakNumbers *row,
                           NakTable **table)
{
  char path[PETSC_MAX_PATH_LEN];
  int  t = 0;

  PetscFunctionBeginUser;
  while (t < NAK_OUTPUT_TABLES && output->tables[t].name[0] != '\0' &&
         strcmp(output->tables[t].name, name) != 0)
    t++;
  PetscCheck(t < NAK_OUTPUT_TABLES, PETSC_COMM_SELF, PETSC_ERR_PLIB, "too many tables: %s", name);
  *table = &output->tables[t];
  if ((*table)->file != NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TablePath(output, name, path));
  (void)unlink(path); /* of behind the checkpoint that this run goes on from, if at all */
  (*table)->file = fopen(path, "wx");
  PetscCheck((*table)->file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s",
             path, strerror(errno));
  PetscCall(PetscStrncpy((*table)->name, name, sizeof((*table)->name)));
  for (PetscInt k = 0; k < row->count; k++)
    (void)fprintf((*table)->file, "%s%c", row->items[k].name, k + 1 < row->count ? ',' : '\n');
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Append(NakOutput output, const char *name, const NakNumbers *row)
{
  NakTable      *table;
  char           path[PETSC_MAX_PATH_LEN];
  PetscLogDouble now;

  PetscFunctionBeginUser;
  PetscCall(Find(output, name, row, &table));
  for (PetscInt k = 0; k < row->count; k++)
    PetscCheck(!PetscIsInfOrNanReal(row->items[k].value), PETSC_COMM_SELF, PETSC_ERR_FP,
               "%s: %s is %g, and not written", name, row->items[k].name,
               (double)row->items[k].value);
  for (PetscInt k = 0; k < row->count; k++)
    (void)fprintf(table->file, "%.15g%c", (double)row->items[k].value,
                  k + 1 < row->count ? ',' : '\n');
  PetscCall(PetscTime(&now));
  if (now < table->flushed + FLUSH_INTERVAL) PetscFunctionReturn(PETSC_SUCCESS);
  table->flushed = now;
  PetscCall(TablePath(output, name, path));
  PetscCall(NakFileFlush(table->file, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputTableRow(NakOutput output, const char *name, const NakNumbers *row)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = Append(output, name, row);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputTablesClose(NakOutput output)
{
  PetscErrorCode first = PETSC_SUCCESS;
  char           path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  for (int t = 0; t < NAK_OUTPUT_TABLES; t++) {
    PetscErrorCode code;

    PetscCall(TablePath(output, output->tables[t].name, path));
    code = NakFileClose(&output->tables[t].file, path);
    if (first == PETSC_SUCCESS) first = code;
  }
  PetscFunctionReturn(first);
}
