/* The places of scripts and plugins. */
#include "insitu_impl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The build system defines it if it has built plugins. */
#if !defined(NAK_PARAVIEW)
  #define NAK_PARAVIEW "unknown"
#endif

static PetscBool IsFile(const char *path)
{
  struct stat about;

  return (PetscBool)(stat(path, &about) == 0 && !S_ISDIR(about.st_mode));
}

/* Folder of a path with its slash; "" for the working directory. */
static void Folder(const char *path, char *folder, size_t size)
{
  const char *const slash = strrchr(path, '/');

  (void)snprintf(folder, size, "%.*s", slash == NULL ? 0 : (int)(slash + 1 - path), path);
}

/* Folder of the running program. */
static void ProgramFolder(char *folder, size_t size)
{
  char          path[PETSC_MAX_PATH_LEN];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

  path[length > 0 ? length : 0] = '\0';
  Folder(path, folder, size);
}

PetscBool NakInsituFindScript(const char *deck, const char *name, char *path, size_t size)
{
  enum { OWN = 2 }; /* of these places */
  char beside[PETSC_MAX_PATH_LEN], program[PETSC_MAX_PATH_LEN], shared[PETSC_MAX_PATH_LEN + 64];
  const char *const folders[] = {"", beside, shared, NAK_CATALYST_SCRIPTS "/"};
  const int         places    = strchr(name, '/') != NULL ? OWN : 4;

  Folder(deck, beside, sizeof beside);
  ProgramFolder(program, sizeof program);
  (void)snprintf(shared, sizeof shared, "%s" NAK_TO_DATA "/catalyst/", program);
  for (int k = 0; k < (name[0] == '/' ? 1 : places) && name[0] != '\0'; k++) {
    const int length = snprintf(path, size, "%s%s", folders[k], name);

    if (length > 0 && (size_t)length < size && IsFile(path)) return (PetscBool)(k < OWN);
  }
  path[0] = '\0';
  return PETSC_FALSE;
}

/* Whether a line is "# nakfield: a, b" with this word. */
static PetscBool LineSays(const char *line, const char *word)
{
  static const char head[] = "# nakfield:", gaps[] = " ,\n";
  const size_t      length = strlen(word);

  if (strncmp(line, head, sizeof head - 1) != 0) return PETSC_FALSE;
  for (line += sizeof head - 1; *line != '\0'; line += strcspn(line, gaps)) {
    line += strspn(line, gaps);
    if (strncmp(line, word, length) == 0 && strcspn(line, gaps) == length) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

PetscBool NakInsituSays(const char *script, const char *word)
{
  enum { LINES = 5 }; /* the first ones may be Python's and ParaView's own */
  FILE *const file  = fopen(script, "r");
  char       *line  = NULL;
  size_t      size  = 0;
  PetscBool   found = PETSC_FALSE;

  if (file == NULL) return PETSC_FALSE;
  for (int k = 0; k < LINES && !found && getline(&line, &size, file) > 0; k++)
    found = LineSays(line, word);
  free(line);
  (void)fclose(file);
  return found;
}

/* Load a plugin for good: VTK and Python cannot be unloaded. */
static const NakInsituBackend *Open(const char *path, char why[NAK_INSITU_MESSAGE])
{
  void *const             library = dlopen(path, RTLD_NOW | RTLD_GLOBAL); /* Python needs GLOBAL */
  NakInsituGetBackend     get     = NULL;
  const NakInsituBackend *backend = NULL;

  if (library != NULL) *(void **)&get = dlsym(library, NAK_INSITU_SYMBOL);
  if (get != NULL) backend = get();
  if (backend != NULL && backend->abi == NAK_INSITU_ABI) return backend;
  if (backend != NULL)
    (void)snprintf(why, NAK_INSITU_MESSAGE, "%s is of another version of nakfield", path);
  else
    (void)snprintf(why, NAK_INSITU_MESSAGE, "%s; " NAK_INSITU_REMEDY, dlerror());
  return NULL;
}

/* The place of a plugin; else FALSE, and `path` is no file. */
static PetscBool FindPlugin(const char *name, char path[PETSC_MAX_PATH_LEN])
{
  char              program[PETSC_MAX_PATH_LEN];
  const char *const places[] = {"", NAK_TO_PLUGINS "/"};
  PetscBool         found    = PETSC_FALSE;

  ProgramFolder(program, sizeof program);
  for (int k = 0; k < 2 && !found; k++)
    found = (PetscBool)(snprintf(path, PETSC_MAX_PATH_LEN, "%s%s%s", program, places[k], name) <
                          PETSC_MAX_PATH_LEN &&
                        IsFile(path));
  return found;
}

static const NakInsituBackend *LoadPlugin(const char *name, char why[NAK_INSITU_MESSAGE])
{
  char path[PETSC_MAX_PATH_LEN];

  if (FindPlugin(name, path)) return Open(path, why);
  (void)snprintf(
    why, NAK_INSITU_MESSAGE,
    "the back end was not built (no %s beside the program): "
    "it needs ParaView (Debian's paraview-dev and python3-paraview); " NAK_INSITU_REMEDY,
    name);
  return NULL;
}

const NakInsituBackend *NakInsituLoad(NakInsituChoice choice, PetscBool vtk,
                                      char why[NAK_INSITU_MESSAGE])
{
  const NakInsituBackend *backend = NULL;

  why[0] = '\0';
  if (choice == NAK_INSITU_VTK || (choice == NAK_INSITU_AUTO && vtk))
    backend = LoadPlugin("nakfield_vtk.so", why);
  if (backend != NULL || choice == NAK_INSITU_VTK) return backend;
  if (choice != NAK_INSITU_CATALYST2) backend = LoadPlugin("nakfield_catalyst.so", why);
  if (backend != NULL || choice == NAK_INSITU_LEGACY) return backend;
  backend = NakInsituCatalyst2();
  if (backend == NULL && choice == NAK_INSITU_CATALYST2)
    (void)snprintf(
      why, NAK_INSITU_MESSAGE,
      "the back end catalyst2 is not compiled in: CMake did not find catalyst 2.0 (set "
      "catalyst_DIR); the other one is insitu.backend=legacy");
  return backend;
}

/* Not loaded: ParaView's libraries take a second. */
PetscErrorCode NakInsituBackends(char *text, size_t size)
{
  static const char *const plugins[] = {"nakfield_catalyst.so", "nakfield_vtk.so"};
  static const char *const names[]   = {"legacy (ParaView " NAK_PARAVIEW ")",
                                        "vtk (VTK of ParaView " NAK_PARAVIEW ")"};
  const NakInsituBackend  *catalyst2 = NakInsituCatalyst2();
  char                     path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  text[0] = '\0';
  for (int k = 0; k < 2; k++) {
    if (!FindPlugin(plugins[k], path)) continue;
    PetscCall(PetscStrlcat(text, text[0] != '\0' ? ", " : "", size));
    PetscCall(PetscStrlcat(text, names[k], size));
  }
  if (catalyst2 != NULL) {
    PetscCall(PetscStrlcat(text, text[0] != '\0' ? ", catalyst2 (" : "catalyst2 (", size));
    PetscCall(PetscStrlcat(text, catalyst2->name, size));
    PetscCall(PetscStrlcat(text, ")", size));
  }
  if (text[0] == '\0')
    PetscCall(PetscStrlcat(text, "none; scripts/setup.sh --insitu brings ParaView", size));
  PetscFunctionReturn(PETSC_SUCCESS);
}
