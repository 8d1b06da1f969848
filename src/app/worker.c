/* nakfield worker; see app.h. */
#define _POSIX_C_SOURCE 200809L /* for getdelim() */ // NOLINT(bugprone-reserved-identifier)
#include "app.h"

#include <nakfield/units.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
  #include <sys/prctl.h>
#endif

/* Words of a command line as main() gets them; [0] is the program's name. */
typedef struct {
  int    n, room;
  char **words; /* [n] is NULL */
} Words;

static PetscErrorCode Append(const char *word, Words *w)
{
  PetscFunctionBeginUser;
  if (w->n + 1 >= w->room) {
    w->room  = 2 * w->room + 16;
    w->words = realloc(w->words, (size_t)w->room * sizeof *w->words);
    PetscCheck(w->words != NULL, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a command line");
  }
  w->words[w->n] = strdup(word);
  PetscCheck(w->words[w->n] != NULL, PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory for a command line");
  w->words[++w->n] = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Clear(Words *w)
{
  for (int k = 0; k < w->n; k++) free(w->words[k]);
  free(w->words);
  *w = (Words){.words = NULL};
}

/* The next line.  `n` is 0 if there is none, or only a part of one. */
static PetscErrorCode ReadLine(Words *w)
{
  char          *word = NULL;
  size_t         room = 0;
  PetscErrorCode code = Append("nakfield", w);

  PetscFunctionBeginUser;
  while (code == PETSC_SUCCESS) {
    const ssize_t length = getdelim(&word, &room, '\0', stdin);

    if (length <= 0 || word[length - 1] != '\0') {
      Clear(w);
      break;
    }
    if (word[0] == '\0') break;
    code = Append(word, w);
  }
  free(word);
  PetscFunctionReturn(code);
}

/* One line, with PETSc options of its own.  Those of its deck end with the line. */
static PetscErrorCode CarryOut(const Words *w)
{
  const char   **overrides = calloc((size_t)w->n + 2, sizeof *overrides);
  PetscOptions   options;
  NakCommandLine line;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCheck(overrides != NULL, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a command line");
  PetscCall(PetscOptionsCreate(&options));
  PetscCall(PetscOptionsPush(options));
  line = NakCommandLineParse(w->n, w->words, overrides);
  if (line.command == NAK_COMMAND_WORKER) line.command = NAK_COMMAND_HELP;
  code = NakCarryOut(&line);
  free(overrides);
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&options));
  PetscFunctionReturn(code);
}

static void Reply(PetscErrorCode code)
{
  (void)printf("%c%d\n", '\0', NakReceived() != 0 ? NAK_EXIT_STOPPED : NakExitStatus(code));
  (void)fflush(stdout);
}

PetscErrorCode NakWork(void)
{
  Words          words = {.words = NULL};
  PetscErrorCode code  = PETSC_SUCCESS;
  PetscMPIInt    size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCheck(size == 1, PETSC_COMM_WORLD, PETSC_ERR_USER_INPUT, "a worker is one process, not %d",
             size);
#if defined(__linux__)
  (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* who killed its parent does not need it any more */
#endif
  PetscCall(NakUnitsOpen()); /* once for all lines: reading it takes longer than checking a deck */
  while (code == PETSC_SUCCESS && NakReceived() == 0) {
    PetscCall(ReadLine(&words));
    if (words.n == 0) break;
    code = CarryOut(&words);
    Clear(&words);
    Reply(code);
  }
  PetscCall(NakUnitsClose());
  PetscFunctionReturn(code);
}
