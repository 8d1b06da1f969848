/* Folders with a list of what others wrote to them; the contract is in nakfield/store.h. */
#define _GNU_SOURCE /* for tdestroy() */ // NOLINT(bugprone-reserved-identifier)
#include "store_impl.h"

#include <errno.h>
#include <ftw.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST "written.txt" /* lines of a number, a tab and a name */

struct NakFolder_private {
  char            path[PETSC_MAX_PATH_LEN];
  FILE           *list;
  void           *names; /* on the list: a tree of tsearch() */
  struct timespec begun; /* by the clock of the file system */
  PetscInt        next;  /* above the largest number on the list */
  PetscInt        number;
};

typedef PetscErrorCode (*LineVisitor)(PetscInt number, const char *name, void *ctx);

static int Compare(const void *a, const void *b)
{
  return strcmp(a, b);
}

static PetscErrorCode ListPath(const char *folder, const char *name, char path[PETSC_MAX_PATH_LEN])
{
  const int length = snprintf(path, PETSC_MAX_PATH_LEN, "%s/%s", folder, name);

  PetscFunctionBeginUser;
  PetscCheck(length > 0 && length < PETSC_MAX_PATH_LEN, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
             "the path %s/%s is too long", folder, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A user may have edited a list.  So nothing outside the folder is ever touched. */
static PetscBool IsName(const char *name)
{
  return (PetscBool)(name[0] != '\0' && strpbrk(name, "/\n") == NULL && strcmp(name, ".") != 0 &&
                     strcmp(name, "..") != 0 && strncmp(name, LIST, strlen(LIST)) != 0);
}

static PetscErrorCode VisitLines(FILE *list, LineVisitor visit, void *ctx)
{
  char          *line = NULL;
  size_t         size = 0;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  while (!code && getline(&line, &size, list) > 0) {
    char      *name;
    const long number = strtol(line, &name, 10);

    line[strcspn(line, "\n")] = '\0';
    if (name != line && *name == '\t' && IsName(name + 1))
      code = visit((PetscInt)number, name + 1, ctx);
  }
  free(line);
  PetscFunctionReturn(code);
}

/* If there is no list, nothing happens. */
static PetscErrorCode ReadList(const char *folder, LineVisitor visit, void *ctx)
{
  char           path[PETSC_MAX_PATH_LEN];
  FILE          *list;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(ListPath(folder, LIST, path));
  list = fopen(path, "r");
  if (list == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  code = VisitLines(list, visit, ctx);
  (void)fclose(list);
  PetscFunctionReturn(code);
}

/* ---- Removing ---- */

typedef struct {
  const char *folder;
  PetscInt    from;
  FILE       *rest; /* the new list */
  PetscInt    kept;
} Removal;

static int RemoveOne(const char *path, const struct stat *about, int kind, struct FTW *where)
{
  (void)about;
  (void)kind;
  (void)where;
  return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

static PetscErrorCode RemoveOrKeep(PetscInt number, const char *name, void *ctx)
{
  enum { OPEN_FILES = 16 };
  Removal *const removal = ctx;
  char           path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (number < removal->from) {
    removal->kept++;
    (void)fprintf(removal->rest, "%" PetscInt_FMT "\t%s\n", number, name);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ListPath(removal->folder, name, path));
  PetscCheck(nftw(path, RemoveOne, OPEN_FILES, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT,
             PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot remove %s: %s", path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteRest(FILE *file, const void *ctx)
{
  Removal *const removal = *(Removal *const *)ctx;

  PetscFunctionBeginUser;
  removal->rest = file;
  PetscCall(ReadList(removal->folder, RemoveOrKeep, removal));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFolderRemove(const char *folder, PetscInt from)
{
  char           path[PETSC_MAX_PATH_LEN];
  Removal        removal = {.folder = folder, .from = from};
  Removal *const shared  = &removal;

  PetscFunctionBeginUser;
  PetscCall(ListPath(folder, LIST, path));
  if (access(path, F_OK) != 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakFileReplace(path, WriteRest, &shared));
  if (removal.kept > 0) PetscFunctionReturn(PETSC_SUCCESS);
  (void)unlink(path);
  (void)rmdir(folder); /* if it is empty */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Noting ---- */

/* LineVisitor; `ctx` is a NakFolder. */
static PetscErrorCode Remember(PetscInt number, const char *name, void *ctx)
{
  NakFolder const folder = ctx;
  char *const     copy   = strdup(name);
  void *const    *found  = copy == NULL ? NULL : tsearch(copy, &folder->names, Compare);

  PetscFunctionBeginUser;
  PetscCheck(found != NULL, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for the list of %s",
             folder->path);
  if (*found != copy) free(copy);
  folder->next = PetscMax(folder->next, number + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFolderOpen(const char *path, PetscInt *next, NakFolder *folder)
{
  char      list[PETSC_MAX_PATH_LEN];
  NakFolder f;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(folder));
  f = *folder;
  PetscCall(PetscStrncpy(f->path, path, sizeof f->path));
  PetscCall(NakDirectoryMake(path));
  PetscCall(ReadList(path, Remember, f));
  *next = f->next;
  PetscCall(ListPath(path, LIST, list));
  f->list = fopen(list, "a");
  PetscCheck(f->list != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", list,
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFolderBegin(NakFolder folder)
{
  struct stat about;

  PetscFunctionBeginUser;
  PetscCheck(futimens(fileno(folder->list), NULL) == 0 && fstat(fileno(folder->list), &about) == 0,
             PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s/" LIST ": %s", folder->path,
             strerror(errno));
  folder->begun = about.st_mtim;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NoteNew(const char *name, void *ctx)
{
  NakFolder const folder = ctx;
  char            path[PETSC_MAX_PATH_LEN];
  struct stat     about;

  PetscFunctionBeginUser;
  if (!IsName(name) || tfind(name, &folder->names, Compare) != NULL)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ListPath(folder->path, name, path));
  if (lstat(path, &about) != 0 || about.st_mtim.tv_sec < folder->begun.tv_sec ||
      (about.st_mtim.tv_sec == folder->begun.tv_sec &&
       about.st_mtim.tv_nsec < folder->begun.tv_nsec))
    PetscFunctionReturn(PETSC_SUCCESS); /* it was there before: not ours */
  PetscCall(Remember(folder->number, name, folder));
  (void)fprintf(folder->list, "%" PetscInt_FMT "\t%s\n", folder->number, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFolderNote(NakFolder folder, PetscInt number)
{
  PetscFunctionBeginUser;
  folder->number = number;
  PetscCall(NakDirectoryList(folder->path, NoteNew, folder));
  PetscCall(NakFileFlush(folder->list, folder->path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFolderClose(NakFolder *folder)
{
  NakFolder f = *folder;

  PetscFunctionBeginUser;
  *folder = NULL;
  if (f == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  tdestroy(f->names, free);
  if (f->list != NULL) (void)fclose(f->list); /* every line was flushed */
  PetscCall(PetscFree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
