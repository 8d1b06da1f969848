/* The run directory; the contract is in nakfield/output.h. */
#define _DEFAULT_SOURCE /* for flock() */ // NOLINT(bugprone-reserved-identifier)
#include "output_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static PetscErrorCode OpenLog(NakOutput output, NakOutputMode mode)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "log.txt", path));
  /* x: if a file system has no locks, one of two that start at once still loses */
  output->log = fopen(path, mode == NAK_OUTPUT_CONTINUE ? "r+" : "wx");
  PetscCheck(output->log != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  (void)flock(fileno(output->log), LOCK_EX | LOCK_NB); /* until the process ends, however it does */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* If two runs start at once, one must lose.  The directory is locked until the log is. */
static PetscErrorCode OpenAll(NakOutput output, NakOutputMode mode)
{
  int            entered;
  PetscBool      locks;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(NakDirectoryEnter(output->directory, &entered, &locks));
  code = NakDirectoryPrepare(output->directory, mode);
  if (!code) code = OpenLog(output, mode);
  if (!code) code = NakOwnerTake(output, locks);
  if (entered >= 0) (void)close(entered);
  PetscFunctionReturn(code);
}

static const char *const always[NAK_TABLE_OTHERS] = {"timeseries", "impedance", "drt"};

PetscErrorCode NakOutputCreate(MPI_Comm comm, const NakOutputParams *params, const char *name,
                               NakOutputMode mode, NakOutput *output)
{
  NakOutput      o;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  *output = NULL;
  PetscCall(PetscNew(&o));
  PetscCall(PetscCommDuplicate(comm, &o->comm, NULL));
  PetscCallMPI(MPI_Comm_rank(o->comm, &o->rank));
  PetscCall(NakWritersCreate(o->comm, params->writers, &o->writers));
  PetscCall(NakWritersCreate(PETSC_COMM_SELF, 1, &o->alone));
  if (params->directory[0] != '\0') {
    PetscCall(PetscStrncpy(o->directory, params->directory, sizeof(o->directory)));
  } else {
    PetscCall(PetscSNPrintf(o->directory, sizeof(o->directory), "runs/%s", name));
  }
  o->index.single = (PetscBool)(params->precision == 1);
  o->compress     = params->compress;
  o->names        = params->names;
  for (int t = 0; t < NAK_TABLE_OTHERS; t++)
    PetscCall(PetscStrncpy(o->tables[t].name, always[t], sizeof(o->tables[t].name)));
  if (o->rank == 0) code = OpenAll(o, mode);
  code = NakAgree(o->comm, code);
  if (code) (void)NakOutputDestroy(&o);
  PetscCall(code);
  *output = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every file is closed, whichever fails.  The first failure is the one that counts. */
static PetscErrorCode CloseFiles(NakOutput output)
{
  char           path[PETSC_MAX_PATH_LEN];
  PetscErrorCode tables, log;

  PetscFunctionBeginUser;
  tables = NakTablesClose(output);
  PetscCall(NakOutputPath(output, "log.txt", path));
  log = NakFileClose(&output->log, path);
  PetscCall(NakOwnerLeave(output));
  PetscFunctionReturn(tables ? tables : log);
}

PetscErrorCode NakOutputDestroy(NakOutput *output)
{
  NakOutput      o = *output;
  PetscErrorCode fields, others;

  PetscFunctionBeginUser;
  *output = NULL;
  if (o == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  fields = NakOutputFieldsClose(o);
  others = o->rank == 0 ? CloseFiles(o) : PETSC_SUCCESS;
  others = NakAgree(o->comm, others);
  free(o->deck);
  PetscCall(PetscFree(o->index.times));
  PetscCall(NakWritersDestroy(&o->writers));
  PetscCall(NakWritersDestroy(&o->alone));
  PetscCall(PetscCommDestroy(&o->comm));
  PetscCall(PetscFree(o));
  PetscCall(fields);
  PetscCall(others);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *NakOutputDirectory(NakOutput output)
{
  return output->directory;
}

typedef struct {
  NakDeck           deck;
  const NakSection *schema;
} DeckAndSchema;

static PetscErrorCode WriteDeck(FILE *file, const void *ctx)
{
  const DeckAndSchema *const what = ctx;

  PetscFunctionBeginUser;
  PetscCall(NakDeckWriteResolved(what->deck, what->schema, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteOriginal(FILE *file, const void *ctx)
{
  const DeckAndSchema *const what = ctx;

  PetscFunctionBeginUser;
  PetscCall(NakDeckWriteOriginal(what->deck, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The resolved deck as text, of malloc(). */
static PetscErrorCode DeckText(const DeckAndSchema *what, char **text, size_t *size)
{
  FILE *const memory = open_memstream(text, size);

  PetscFunctionBeginUser;
  PetscCheck(memory != NULL, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for the resolved deck");
  PetscCall(WriteDeck(memory, what));
  PetscCheck(fclose(memory) == 0, PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory for the resolved deck");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode KeepDeck(NakOutput output, const DeckAndSchema *what)
{
  char      path[PETSC_MAX_PATH_LEN];
  size_t    size = 0;
  PetscBool own;

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "resolved.yaml", path));
  own = (PetscBool)(strcmp(NakDeckPath(what->deck), path) == 0);
  PetscCall(NakFileReplace(path, WriteDeck, what));
  PetscCall(NakOutputPath(output, "original.yaml", path));
  if (!own) PetscCall(NakFileReplace(path, WriteOriginal, what));
  free(output->deck);
  output->deck = NULL;
  PetscCall(DeckText(what, &output->deck, &size));
  PetscCall(PetscMPIIntCast((PetscInt)size, &output->deck_size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputDeck(NakOutput output, NakDeck deck, const NakSection schema[],
                             const char *title)
{
  const DeckAndSchema what = {.deck = deck, .schema = schema};
  PetscErrorCode      code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = KeepDeck(output, &what);
  PetscCall(NakAgree(output->comm, code));
  PetscCallMPI(MPI_Bcast(&output->deck_size, 1, MPI_INT, 0, output->comm));
  PetscCall(PetscStrncpy(output->title, title, sizeof(output->title)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
