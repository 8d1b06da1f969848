/* Where the file of a material is; the contract is in thermo_impl.h. */
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

/* share/nakfield/materials of the installation that the program belongs to, or "". */
static void Installed(char *folder, size_t size)
{
  char          program[PETSC_MAX_PATH_LEN];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

  folder[0] = '\0';
  if (length <= 0) return;
  program[length] = '\0';
  ToFolder(program);
  (void)snprintf(folder, size, "%s../share/nakfield/materials/", program);
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

PetscErrorCode NakMaterialFind(const char *deck, const char *name, char *path, size_t size,
                               PetscBool *own, char *folders, size_t folders_size)
{
  const char *const given = getenv("NAKFIELD_MATERIALS");
  char              beside[PETSC_MAX_PATH_LEN], installed[PETSC_MAX_PATH_LEN + 64];
  const char *const places[] = {given != NULL ? given : "", installed, NAK_MATERIALS};

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(beside, deck, sizeof beside));
  ToFolder(beside);
  Installed(installed, sizeof installed);
  path[0] = '\0';
  *own    = PETSC_TRUE;
  (void)snprintf(folders, folders_size, "the folder of the deck, %s or %s",
                 given != NULL ? given : "NAKFIELD_MATERIALS (not set)", NAK_MATERIALS);
  if (name[0] == '\0') PetscFunctionReturn(PETSC_SUCCESS);
  if (strchr(name, '/') != NULL && Try("", name, path, size)) PetscFunctionReturn(PETSC_SUCCESS);
  if (name[0] == '/' || Try(beside, name, path, size)) PetscFunctionReturn(PETSC_SUCCESS);
  *own = PETSC_FALSE;
  for (int k = 0; k < 3; k++)
    if (places[k][0] != '\0' && Try(places[k], name, path, size)) break;
  PetscFunctionReturn(PETSC_SUCCESS);
}
