/* Files and directories by one rank; the contract is in nakfield/store.h. */
#include "store_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

PetscErrorCode NakFileFlush(FILE *file, const char *path)
{
  PetscFunctionBeginUser;
  PetscCheck(fflush(file) == 0 && !ferror(file), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write %s: %s", path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFileClose(FILE **file, const char *path)
{
  FILE *const f = *file;
  int         failed;

  PetscFunctionBeginUser;
  *file = NULL;
  if (f == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  failed = ferror(f);
  PetscCheck(fclose(f) == 0 && !failed, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write %s: %s", path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* It is 0, too, if the file system has no way to say. */
int NakFileSyncNow(int file)
{
  int failed;

  do failed = fsync(file);
  while (failed != 0 && errno == EINTR);
  return failed == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP ? 0 : errno;
}

int NakFileWriteAt(int file, const char bytes[], size_t size, uint64_t at)
{
  for (size_t done = 0; done < size;) {
    const ssize_t n = pwrite(file, bytes + done, size - done, (off_t)(at + done));

    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;
    done += (size_t)n;
  }
  return 0;
}

int NakFileReadAt(int file, char bytes[], size_t size, uint64_t at)
{
  for (size_t got = 0; got < size;) {
    const ssize_t n = pread(file, bytes + got, size - got, (off_t)(at + got));

    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENODATA; /* it was longer a moment ago */
    got += (size_t)n;
  }
  return 0;
}

PetscErrorCode NakFileSync(FILE *file, const char *path)
{
  int reason;

  PetscFunctionBeginUser;
  PetscCall(NakFileFlush(file, path));
  reason = NakFileSyncNow(fileno(file));
  PetscCheck(reason == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s to the disk: %s",
             path, strerror(reason));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPathSync(const char *path)
{
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  int       reason;

  PetscFunctionBeginUser;
  if (file < 0 && errno == ENOENT) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(file >= 0, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  reason = NakFileSyncNow(file);
  (void)close(file);
  PetscCheck(reason == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s to the disk: %s",
             path, strerror(reason));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakFileFolder(const char *path, char folder[PETSC_MAX_PATH_LEN])
{
  const char *const slash = strrchr(path, '/');

  if (slash == NULL)
    (void)snprintf(folder, PETSC_MAX_PATH_LEN, ".");
  else
    (void)snprintf(folder, PETSC_MAX_PATH_LEN, "%.*s", (int)(slash - path) + 1, path);
}

/* Without the fsync, a power cut after the rename can leave an empty file under the final name. */
static PetscErrorCode WriteTemporary(const char *path, NakFileWriter write, const void *ctx)
{
  PetscErrorCode code;
  FILE          *file;

  PetscFunctionBeginUser;
  file = fopen(path, "w");
  PetscCheck(file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  code = write(file, ctx);
  if (!code) code = NakFileSync(file, path);
  if (code) {
    (void)fclose(file);
    PetscFunctionReturn(code);
  }
  PetscCall(NakFileClose(&file, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFileReplace(const char *path, NakFileWriter write, const void *ctx)
{
  char           temporary[PETSC_MAX_PATH_LEN];
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(temporary, sizeof(temporary), "%s.tmp", path));
  code = WriteTemporary(temporary, write, ctx);
  if (code) (void)unlink(temporary); /* above all if the disk is full */
  PetscCall(code);
  PetscCheck(rename(temporary, path) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot rename %s to %s: %s", temporary, path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakFileNumber(const char *name, const char *suffix)
{
  const size_t digits = strspn(name, "0123456789");
  PetscInt     number = 0;

  if (digits < 6 || digits > 9 || strcmp(name + digits, suffix) != 0) return -1;
  for (size_t k = 0; k < digits; k++) number = 10 * number + (name[k] - '0');
  return number;
}

static PetscErrorCode MakeOne(const char *path)
{
  struct stat about;

  PetscFunctionBeginUser;
  if (mkdir(path, 0777) == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(errno == EEXIST, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot make directory %s: %s",
             path, strerror(errno));
  PetscCheck(stat(path, &about) == 0 && S_ISDIR(about.st_mode), PETSC_COMM_SELF,
             PETSC_ERR_FILE_OPEN, "cannot make directory %s: a file of that name is in the way",
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDirectoryMake(const char *directory)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(path, directory, sizeof(path)));
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    PetscCall(MakeOne(path));
    *slash = '/';
  }
  PetscCall(MakeOne(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The next name; NULL after the last, and then errno reports a failure. */
static const char *NextName(DIR *folder)
{
  const struct dirent *entry;

  errno = 0;
  entry = readdir(folder);
  return entry == NULL ? NULL : entry->d_name;
}

static PetscErrorCode VisitAll(DIR *folder, const char *path, NakDirectoryVisitor visit, void *ctx)
{
  PetscFunctionBeginUser;
  for (const char *name = NextName(folder); name != NULL; name = NextName(folder))
    PetscCall(visit(name, ctx));
  PetscCheck(errno == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "cannot read directory %s: %s", path,
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDirectoryList(const char *directory, NakDirectoryVisitor visit, void *ctx)
{
  DIR *const     folder = opendir(directory);
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (folder == NULL && errno == ENOENT) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(folder != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "cannot read directory %s: %s",
             directory, strerror(errno));
  code = VisitAll(folder, directory, visit, ctx);
  (void)closedir(folder);
  PetscFunctionReturn(code);
}

PetscReal NakFileRoom(const char *path)
{
  char           folder[PETSC_MAX_PATH_LEN];
  struct statvfs disk;
  struct stat    file;
  struct rlimit  limit;
  PetscReal      room = PETSC_INFINITY;

  NakFileFolder(path, folder);
  if (statvfs(folder, &disk) == 0 && disk.f_blocks > 0) {
    room = (PetscReal)disk.f_bavail * (PetscReal)disk.f_frsize;
  }
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const PetscReal size = stat(path, &file) == 0 ? (PetscReal)file.st_size : 0;

    room = PetscMin(room, (PetscReal)limit.rlim_cur - size);
  }
  return room;
}
