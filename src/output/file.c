/* Who owns the files in a run directory; on rank 0. */
#define _DEFAULT_SOURCE /* for flock() */ // NOLINT(bugprone-reserved-identifier)
#include "output_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything that a run writes.  Other files in a run directory are left alone. */
static const char *const owned_files[] = {
  "timeseries.csv",   "impedance.csv",     "drt.csv",           "summary.json",
  "summary.json.tmp", "fields.h5",         "fields.xmf",        "fields.xmf.tmp",
  "resolved.yaml",    "resolved.yaml.tmp", "original.yaml",     "original.yaml.tmp",
  "log.txt",          "face.xmf",          "face.xmf.tmp",      "fields.h5.tmp",
  "free_energy.csv",  "phases.csv",        "x_cut_plane.csv",   "y_cut_plane.csv",
  "map.csv",          "progress.json",     "progress.json.tmp", NULL,
};

static const char *const owned_folders[] = {"fields", "checkpoint", NULL};

/* Whether a name in one of the folders is a run's. */
static PetscBool Owned(const char *name)
{
  return (PetscBool)(NakFileNumber(name, ".h5") >= 0 || NakFileNumber(name, ".h5.tmp") >= 0 ||
                     NakFileNumber(name, ".damaged") >= 0 || strcmp(name, "grid.h5") == 0 ||
                     strcmp(name, "grid.h5.tmp") == 0);
}

typedef struct {
  const char *directory, *folder;
  PetscBool   replace;
} Clearing;

/* Remove the files of a run, or refuse to. */
static PetscErrorCode ClearFile(const Clearing *clearing, const char *name)
{
  char        path[PETSC_MAX_PATH_LEN];
  struct stat about;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", clearing->directory, name));
  if (lstat(path, &about) != 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(
    clearing->replace, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
    "%s holds a run already (%s): choose another directory with output.directory=..., give "
    "--replace to remove that run, or --restart to continue it",
    clearing->directory, name);
  PetscCheck(unlink(path) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot remove %s: %s", path,
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ClearOwned(const char *name, void *ctx)
{
  const Clearing *const clearing = ctx;
  char                  path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (!Owned(name)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", clearing->folder, name));
  PetscCall(ClearFile(clearing, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputTable(MPI_Comm comm, const char *directory, char name[NAK_TEXT_SIZE])
{
  char        path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  memset(name, 0, NAK_TEXT_SIZE);
  for (const char *const *file = owned_files; rank == 0 && *file != NULL; file++) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", directory, *file));
    if (name[0] == '\0' && strstr(*file, ".csv") != NULL && access(path, F_OK) == 0)
      PetscCall(PetscStrncpy(name, *file, NAK_TEXT_SIZE));
  }
  PetscCallMPI(MPI_Bcast(name, NAK_TEXT_SIZE, MPI_CHAR, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What scripts wrote during the run is on a list of theirs. */
static PetscErrorCode ClearInsitu(const Clearing *clearing)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (!clearing->replace) PetscCall(ClearFile(clearing, "insitu/written.txt"));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/insitu", clearing->directory));
  PetscCall(NakFolderRemove(path, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Lock `file`; `locks` becomes false if the file system has none. */
static PetscErrorCode Lock(int file, const char *directory, PetscBool *locks)
{
  int failed;

  PetscFunctionBeginUser;
  if (file < 0) PetscFunctionReturn(PETSC_SUCCESS);
  failed = flock(file, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
  if (failed != 0 && failed != EWOULDBLOCK && failed != EINTR) *locks = PETSC_FALSE;
  PetscCheck(failed != EWOULDBLOCK, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
             "another nakfield is writing to %s: wait for it, or choose another directory with "
             "output.directory=...",
             directory);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether another process writes here: it holds a lock on the log. */
static PetscErrorCode CheckFree(const char *directory)
{
  char           path[PETSC_MAX_PATH_LEN];
  int            file;
  PetscBool      locks = PETSC_TRUE;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/log.txt", directory));
  file = open(path, O_RDWR | O_CLOEXEC);
  code = Lock(file, directory, &locks);
  if (file >= 0) (void)close(file);
  PetscFunctionReturn(code);
}

/* Whether files there can be locked.  NFS cannot lock a directory, but files open for writing. */
static PetscErrorCode CanLock(const char *directory, PetscBool *locks)
{
  char        path[PETSC_MAX_PATH_LEN];
  struct stat about;
  int         file;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/owner.json", directory));
  file   = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  *locks = PETSC_TRUE;
  if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0 && errno != EWOULDBLOCK)
    *locks = PETSC_FALSE;
  if (file >= 0 && fstat(file, &about) == 0 && about.st_size == 0)
    (void)unlink(path); /* just made */
  if (file >= 0) (void)close(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDirectoryEnter(const char *directory, int *file, PetscBool *locks)
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(NakDirectoryMake(directory));
  *file  = open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  *locks = PETSC_TRUE;
  code   = Lock(*file, directory, locks);
  if (!code && !*locks) code = CanLock(directory, locks);
  if (!code && !*locks) code = NakOwnerCheck(directory);
  if (code && *file >= 0) (void)close(*file);
  PetscFunctionReturn(code);
}

PetscErrorCode NakDirectoryPrepare(const char *directory, NakOutputMode mode)
{
  char     path[PETSC_MAX_PATH_LEN];
  Clearing clearing = {.directory = directory, .replace = (PetscBool)(mode != NAK_OUTPUT_NEW)};

  PetscFunctionBeginUser;
  PetscCall(CheckFree(directory));
  if (mode == NAK_OUTPUT_CONTINUE) PetscFunctionReturn(PETSC_SUCCESS);
  for (const char *const *name = owned_files; *name != NULL; name++)
    if (mode != NAK_OUTPUT_ANEW || strcmp(*name, "original.yaml") != 0)
      PetscCall(ClearFile(&clearing, *name));
  for (const char *const *name = owned_folders; *name != NULL; name++) {
    clearing.folder = *name;
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", directory, *name));
    PetscCall(NakDirectoryList(path, ClearOwned, &clearing));
    (void)rmdir(path); /* if it is empty */
  }
  PetscCall(ClearInsitu(&clearing));
  PetscFunctionReturn(PETSC_SUCCESS);
}
