/* Find the file of a material; the contract is in thermo_impl.h. */
#include "thermo_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static PetscBool IsFile(const char *path)
{
  struct stat about;

  return (PetscBool)(stat(path, &about) == 0 && !S_ISDIR(about.st_mode));
}

/* Cut a path to its folder with the last slash; "" for the working directory. */
static void ToFolder(char *path)
{
  char *const slash = strrchr(path, '/');

  if (slash != NULL)
    slash[1] = '\0';
  else
    path[0] = '\0';
}

/* The folder of materials of the installation to which the program belongs, or "". */
static void Installed(char *folder, size_t size)
{
  char          program[PETSC_MAX_PATH_LEN];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

  folder[0] = '\0';
  if (length <= 0) return;
  program[length] = '\0';
  ToFolder(program);
  (void)snprintf(folder, size, "%s" NAK_TO_DATA "/materials/", program);
}

/* Try the name in a folder, as it is and with .yaml. */
static PetscBool Try(const char *folder, const char *name, char *path, size_t size)
{
  const char *const link = folder[0] == '\0' || folder[strlen(folder) - 1] == '/' ? "" : "/";

  for (int k = 0; k < 2; k++) {
    const int length = snprintf(path, size, "%s%s%s%s", folder, link, name, k == 0 ? ".yaml" : "");

    if (length > 0 && (size_t)length < size && IsFile(path)) return PETSC_TRUE;
  }
  path[0] = '\0';
  return PETSC_FALSE;
}

static PetscBool SameFile(const char *one, const char *other)
{
  struct stat a, b;

  return (PetscBool)(stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
                     a.st_ino == b.st_ino);
}

/* The same beside the deck, where other decks may lie, too: a material has an entry A.  A file that
   YAML refuses is taken for a material, so that its errors are reported. */
static PetscErrorCode TryBeside(NakDeck deck, NakNode named, const char *name, char *path,
                                size_t size, PetscBool *found)
{
  char    folder[PETSC_MAX_PATH_LEN];
  NakDeck file;

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(folder, NakDeckPath(deck), sizeof folder));
  ToFolder(folder);
  *found = Try(folder, name, path, size);
  if (!*found) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckCreate(PETSC_COMM_SELF, path, NULL, 0, &file));
  *found = (PetscBool)(NakDeckFind(file, "A") != NULL ||
                       (NakDeckErrorCount(file) > 0 && !SameFile(path, NakDeckPath(deck))));
  PetscCall(NakDeckDestroy(&file));
  if (!*found && !SameFile(path, NakDeckPath(deck)))
    PetscCall(NakDeckWarn(deck, named, "%s is not taken for the material %s: it has no entry A",
                          path, name));
  if (!*found) path[0] = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMaterialFind(NakDeck deck, NakNode named, const char *name, char *path,
                               size_t size, PetscBool *own, char *folders, size_t folders_size)
{
  const char *const given = getenv("NAKFIELD_MATERIALS");
  char              installed[PETSC_MAX_PATH_LEN + 64];
  const char *const places[] = {given != NULL ? given : "", installed, NAK_MATERIALS};
  PetscBool         found    = PETSC_FALSE;

  PetscFunctionBeginUser;
  Installed(installed, sizeof installed);
  path[0] = '\0';
  *own    = PETSC_TRUE;
  (void)snprintf(folders, folders_size, "the folder of the deck, %s or %s",
                 given != NULL ? given : "NAKFIELD_MATERIALS (not set)", NAK_MATERIALS);
  if (name[0] == '\0') PetscFunctionReturn(PETSC_SUCCESS);
  if (strchr(name, '/') != NULL && Try("", name, path, size)) PetscFunctionReturn(PETSC_SUCCESS);
  if (name[0] != '/') PetscCall(TryBeside(deck, named, name, path, size, &found));
  if (name[0] == '/' || found) PetscFunctionReturn(PETSC_SUCCESS);
  *own = PETSC_FALSE;
  for (int k = 0; k < 3; k++)
    if (places[k][0] != '\0' && Try(places[k], name, path, size)) break;
  PetscFunctionReturn(PETSC_SUCCESS);
}
