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
  const ssize_t length = readlink("/proc/self/exe", folder, size - 1);

  folder[PetscMax(length, 0)] = '\0';
  ToFolder(folder);
  if (folder[0] != '\0' && strlen(folder) + 64 < size)
    (void)strcat(folder, "../share/nakfield/materials/");
  else
    folder[0] = '\0';
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
                               char *folders, size_t folders_size)
{
  const char *const given = getenv("NAKFIELD_MATERIALS");
  char              beside[PETSC_MAX_PATH_LEN], installed[PETSC_MAX_PATH_LEN];
  const char *const places[] = {beside, given != NULL ? given : "", installed, NAK_MATERIALS "/"};

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(beside, deck, sizeof beside));
  ToFolder(beside);
  Installed(installed, sizeof installed);
  path[0] = '\0';
  if (name[0] == '\0') PetscFunctionReturn(PETSC_SUCCESS);
  if (strchr(name, '/') != NULL && Try("", name, path, size)) PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 0; k < 4; k++) {
    if (k > 0 && (places[k][0] == '\0' || name[0] == '/')) continue;
    if (name[0] != '/' && Try(places[k], name, path, size)) PetscFunctionReturn(PETSC_SUCCESS);
  }
  (void)snprintf(folders, folders_size, "the folder of the deck, %s%s%s",
                 given != NULL ? given : "NAKFIELD_MATERIALS (not set)", " or ", NAK_MATERIALS);
  PetscFunctionReturn(PETSC_SUCCESS);
}
