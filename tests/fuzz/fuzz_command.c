/* Any bytes as a command line, an argument to a line: what is understood has its file, but a worker
   has none, and no more overrides than arguments; what is not is explained. */
#include "app.h"
#include "fuzz.h"

#include <string.h>

enum { ARGUMENTS = 32 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  StartPetsc(*argv);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *const    text = calloc(size + 1, 1), *rest = text;
  char           name[]          = "nakfield";
  char          *argv[ARGUMENTS] = {name};
  const char    *overrides[ARGUMENTS + 1];
  int            argc = 1;
  NakCommandLine line;

  if (text == NULL) abort();
  if (size > 0) memcpy(text, data, size);
  for (; argc < ARGUMENTS && rest != NULL; argc++) {
    argv[argc] = rest;
    rest       = strchr(rest, '\n');
    if (rest != NULL) *rest++ = '\0';
  }
  line = NakCommandLineParse(argc, argv, overrides);
  if (memchr(line.error, '\0', sizeof line.error) == NULL) abort();
  if (line.sim.n_overrides < 0 || line.sim.n_overrides > argc) abort();
  for (PetscInt k = 0; k < line.sim.n_overrides; k++)
    if (strchr(overrides[k], '=') == NULL) abort();
  if (line.error[0] == '\0' && line.command >= NAK_COMMAND_RUN &&
      (line.sim.deck == NULL && line.sim.restart == NULL) != (line.command == NAK_COMMAND_WORKER))
    abort();
  if (line.error[0] == '\0' && !(line.sim.wall_time >= 0)) abort();
  free(text);
  return 0;
}
