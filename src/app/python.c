/* Commands that are written in Python; see app.h. */
#include "app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START "python3" /* the script that finds a Python with the modules */

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
  if (snprintf(path, PETSC_MAX_PATH_LEN, "%s/" NAK_TO_DATA "/python/" START, program) <
        PETSC_MAX_PATH_LEN &&
      access(path, X_OK) == 0)
    return;
  (void)snprintf(path, PETSC_MAX_PATH_LEN, "%s/" START, NAK_PYTHON);
}

int NakPython(char *argv[])
{
  static const char *const commands[] = {"study", "fit", "report", "watch"};
  static char              module[] = "-m", package[] = "nakfield";
  char                     path[PETSC_MAX_PATH_LEN], **words;
  int                      n = 0;

  for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++) {
    if (strcmp(argv[1], commands[k]) != 0) continue;
    Find(path);
    while (argv[n] != NULL) n++;
    words = calloc((size_t)n + 3, sizeof *words);
    if (words == NULL) return NAK_EXIT_OUTPUT;
    words[0] = path;
    words[1] = module;
    words[2] = package;
    memcpy(&words[3], &argv[1], (size_t)(n - 1) * sizeof *words);
    (void)execv(path, words);
    free(words);
    (void)fprintf(stderr,
                  "nakfield: cannot start %s: %s needs the Python package of "
                  "nakfield (Debian: python3-nakfield)\n",
                  path, argv[1]);
    return NAK_EXIT_OUTPUT;
  }
  return -1;
}
