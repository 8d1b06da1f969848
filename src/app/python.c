/* Commands that are written in Python; see app.h. */
#include "app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START "nakfield-python" /* the script that finds a Python with the modules */

/* The folder of the package: beside an installed program, else that of the sources. */
static void Find(char path[PETSC_MAX_PATH_LEN])
{
  char          program[PETSC_MAX_PATH_LEN];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  char         *slash;

  program[length > 0 ? length : 0] = '\0';
  (void)setenv("NAKFIELD", program, 1);
  slash = strrchr(program, '/');
  if (slash != NULL) *slash = '\0';
  if (snprintf(path, PETSC_MAX_PATH_LEN, "%s/../share/nakfield/python/" START, program) <
        PETSC_MAX_PATH_LEN &&
      access(path, X_OK) == 0)
    return;
  (void)snprintf(path, PETSC_MAX_PATH_LEN, "%s/" START, NAK_PYTHON);
}

int NakPython(char *argv[])
{
  static const char *const commands[] = {"study", "fit", "report"};
  char                     path[PETSC_MAX_PATH_LEN];

  for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++) {
    if (strcmp(argv[1], commands[k]) != 0) continue;
    Find(path);
    argv[0] = path;
    (void)execv(path, argv);
    (void)fprintf(stderr, "nakfield: cannot start %s\n", path);
    return NAK_EXIT_OUTPUT;
  }
  return -1;
}
