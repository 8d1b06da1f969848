/* The lengths of the files at a checkpoint; the contract is in nakfield/output.h. */
#include "output_impl.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  int64_t bytes[NAK_TABLE_OTHERS]; /* of the tables of every run; -1 if there is none yet */
  int64_t log, frames;
} Position;

/* ---- Writing ---- */

/* The same of another table; no name for none. */
typedef struct {
  char    name[32];
  int64_t bytes;
} TablePosition;

/* Where a table ends, once it survives a power cut. */
static PetscErrorCode EndOfTable(NakOutput output, const NakTable *table, int64_t *bytes)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakTablePath(output, table, path));
  PetscCall(NakFileSync(table->file, path));
  *bytes = (int64_t)ftello(table->file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode EndsOfOthers(NakOutput output, TablePosition position[])
{
  PetscFunctionBeginUser;
  for (int t = NAK_TABLE_OTHERS; t < NAK_TABLES; t++, position++) {
    const NakTable *const table = &output->tables[t];

    if (table->file == NULL) continue;
    PetscCall(EndOfTable(output, table, &position->bytes));
    PetscCall(PetscStrncpy(position->name, table->name, sizeof position->name));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode EndsOfFiles(NakOutput output, Position *position)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  for (int t = 0; t < NAK_TABLE_OTHERS; t++) {
    position->bytes[t] = -1;
    if (output->tables[t].file != NULL)
      PetscCall(EndOfTable(output, &output->tables[t], &position->bytes[t]));
  }
  PetscCall(NakOutputPath(output, "log.txt", path));
  PetscCall(NakFileSync(output->log, path));
  position->log = (int64_t)ftello(output->log);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The frames since the last checkpoint, and their names. */
static PetscErrorCode SyncFrames(NakOutput output)
{
  NakIndex *const index = &output->index;
  char            path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (index->synced == index->count) PetscFunctionReturn(PETSC_SUCCESS);
  for (; index->synced < index->count; index->synced++) {
    PetscCall(NakFramePath(output, index->synced, path));
    PetscCall(NakPathSync(path));
  }
  PetscCall(NakOutputPath(output, "fields", path));
  PetscCall(NakPathSync(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Settle(NakOutput output, Position *position)
{
  PetscFunctionBeginUser;
  PetscCall(EndsOfFiles(output, position));
  PetscCall(SyncFrames(output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputSettle(NakOutput output)
{
  Position      position;
  TablePosition others[NAK_TABLES - NAK_TABLE_OTHERS];
  char          path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(Settle(output, &position));
  PetscCall(EndsOfOthers(output, others));
  PetscCall(NakOutputPath(output, "fields.h5", path));
  PetscCall(NakPathSync(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Reading ---- */

/* Open a growing file at its end of then. */
static PetscErrorCode CutBack(const char *path, int64_t bytes, FILE **file)
{
  struct stat about;

  PetscFunctionBeginUser;
  if (*file == NULL) *file = fopen(path, "r+");
  PetscCheck(*file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  PetscCheck(fstat(fileno(*file), &about) == 0 && (int64_t)about.st_size >= bytes, PETSC_COMM_SELF,
             PETSC_ERR_FILE_UNEXPECTED,
             "%s is shorter than it was at the checkpoint: put back what is missing, or start "
             "again with --replace",
             path);
  PetscCheck(
    ftruncate(fileno(*file), (off_t)bytes) == 0 && fseeko(*file, (off_t)bytes, SEEK_SET) == 0,
    PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot cut %s back: %s", path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CutBackTable(NakOutput output, int64_t bytes, NakTable *table)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakTablePath(output, table, path));
  PetscCall(CutBack(path, bytes, &table->file));
  NakTableBuffer(table);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CutBackAll(NakOutput output, const Position *position)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  for (int t = 0; t < NAK_TABLE_OTHERS; t++) {
    if (position->bytes[t] >= 0)
      PetscCall(CutBackTable(output, position->bytes[t], &output->tables[t]));
    PetscCall(NakTablePath(output, &output->tables[t], path));
    if (position->bytes[t] < 0) (void)unlink(path);
  }
  PetscCall(NakOutputPath(output, "log.txt", path));
  PetscCall(CutBack(path, position->log, &output->log));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Tables that are not named start again. */
static PetscErrorCode CutBackOthers(NakOutput output, const TablePosition position[])
{
  PetscFunctionBeginUser;
  for (int t = NAK_TABLE_OTHERS; t < NAK_TABLES && position->name[0] != '\0'; t++, position++) {
    PetscCall(PetscStrncpy(output->tables[t].name, position->name, sizeof position->name));
    PetscCall(CutBackTable(output, position->bytes, &output->tables[t]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is to be removed from a folder: files of these numbers, and what a killed process left half
   written. */
typedef struct {
  NakOutput   output;
  const char *folder;
  PetscInt    from;
} Later;

static PetscErrorCode RemoveLater(const char *name, void *ctx)
{
  const Later *const later = ctx;
  char               path[PETSC_MAX_PATH_LEN], inside[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (NakFileNumber(name, ".h5") < later->from && NakFileNumber(name, ".h5.tmp") < 0)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(inside, sizeof(inside), "%s/%s", later->folder, name));
  PetscCall(NakOutputPath(later->output, inside, path));
  PetscCheck(unlink(path) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot remove %s: %s", path,
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RemoveFrom(NakOutput output, const char *folder, PetscInt from)
{
  Later later = {.output = output, .folder = folder, .from = from};
  char  path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, folder, path));
  PetscCall(NakDirectoryList(path, RemoveLater, &later));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GoBack(NakOutput output, const Position *position)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(CutBackAll(output, position));
  for (PetscInt frame = 0; frame < output->index.count; frame++) {
    PetscCall(NakFramePath(output, frame, path));
    PetscCheck(access(path, R_OK) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_UNEXPECTED,
               "%s is gone: put it back, or start again with --replace", path);
  }
  PetscCall(RemoveFrom(output, "fields", output->index.count));
  PetscCall(RemoveFrom(output, "checkpoint", PETSC_INT_MAX));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The contract ---- */

static PetscErrorCode ExchangeTimes(NakOutput output, NakCheckpoint c, PetscInt frames)
{
  NakIndex *const index = &output->index;

  PetscFunctionBeginUser;
  if (NakCheckpointReads(c)) {
    index->count = index->synced = frames;
    index->capacity              = PetscMax(64, frames);
    PetscCall(PetscRealloc((size_t)index->capacity * sizeof(*index->times), &index->times));
  }
  PetscCall(
    NakCheckpointBlock(c, "output/times", index->times, (size_t)frames * sizeof(*index->times)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every frame of a run has the first one's fields; a checkpoint of an older program has no
   names. */
static PetscErrorCode ExchangeNames(NakOutput output, NakCheckpoint c, PetscInt frames)
{
  NakFieldNames names = output->names;
  PetscBool     has;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointHas(c, "output/names", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointBlock(c, "output/names", &names, sizeof names));
  PetscCheck(frames == 0 || memcmp(&names, &output->names, sizeof names) == 0, output->comm,
             PETSC_ERR_USER_INPUT,
             "there are %" PetscInt_FMT " frames with other fields than output.fields.names says: "
             "leave it as it was, or start again with --replace",
             frames);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The lengths of the tables; a checkpoint of an older program has none. */
static PetscErrorCode ExchangeTables(NakOutput output, NakCheckpoint c)
{
  TablePosition  position[NAK_TABLES - NAK_TABLE_OTHERS] = {{.bytes = 0}};
  PetscBool      has;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointHas(c, "output/tables", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  if (!NakCheckpointReads(c) && output->rank == 0) code = EndsOfOthers(output, position);
  PetscCall(NakAgree(output->comm, code));
  PetscCall(NakCheckpointBlock(c, "output/tables", position, sizeof position));
  if (NakCheckpointReads(c) && output->rank == 0) code = CutBackOthers(output, position);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputCheckpoint(NakOutput output, NakCheckpoint checkpoint)
{
  const PetscBool reads    = NakCheckpointReads(checkpoint);
  Position        position = {.frames = output->index.count};
  PetscErrorCode  code     = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (!reads && output->rank == 0) code = Settle(output, &position);
  PetscCall(NakAgree(output->comm, code));
  PetscCall(NakCheckpointBlock(checkpoint, "output/position", &position, sizeof(position)));
  PetscCall(ExchangeNames(output, checkpoint, (PetscInt)position.frames));
  PetscCall(ExchangeTimes(output, checkpoint, (PetscInt)position.frames));
  if (reads && output->rank == 0) code = GoBack(output, &position);
  PetscCall(NakAgree(output->comm, code));
  PetscCall(ExchangeTables(output, checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The end that a directory reports ---- */

/* This program wrote the summary: its status stands on a line of its own. */
static void FindStatus(FILE *file, char status[NAK_TEXT_SIZE])
{
  char line[2 * NAK_TEXT_SIZE], quote;

  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, " \"status\": \"%63[a-z]%c", status, &quote) == 2 && quote == '"') return;
  status[0] = '\0';
}

PetscErrorCode NakOutputStatus(MPI_Comm comm, const char *directory, char status[NAK_TEXT_SIZE])
{
  char        path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;
  FILE       *file = NULL;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  memset(status, 0, NAK_TEXT_SIZE);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/summary.json", directory));
  if (rank == 0) file = fopen(path, "r");
  if (file != NULL) {
    FindStatus(file, status);
    (void)fclose(file);
  }
  PetscCallMPI(MPI_Bcast(status, NAK_TEXT_SIZE, MPI_CHAR, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputForgetSummary(NakOutput output)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "summary.json", path));
  if (output->rank == 0) (void)unlink(path);
  PetscFunctionReturn(PETSC_SUCCESS);
}
