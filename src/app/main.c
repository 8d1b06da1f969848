/* nakfield: start PETSc with what stands behind `--`, carry out the command, tell the shell. */
#include "app.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static PetscErrorCode PrintHelpDeck(NakHelpFormat format)
{
  NakSimParams params;
  NakSection   schema[NAK_SIM_SECTIONS];
  PetscMPIInt  rank;

  PetscFunctionBeginUser;
  NakSimSchema(&params, NAK_MODEL_ANY, schema);
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank == 0) PetscCall(NakDeckWriteHelp(schema, format, PETSC_STDOUT));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintVersion(void)
{
  char        insitu[1024];
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank != 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakInsituBackends(insitu, sizeof insitu));
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "%s\nIn situ %s\n", NakVersion(), insitu));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Options that nothing asked for are perhaps misspelt. */
static PetscErrorCode TellUnusedOptions(void)
{
  PetscInt n;
  char   **names, **values;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values));
  for (PetscInt k = 0; k < n; k++)
    PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "nakfield: PETSc's option -%s was not used\n",
                           names[k]));
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Simulate(const NakCommandLine *line)
{
  NakSim         sim  = NULL;
  PetscErrorCode code = NakSimCreate(PETSC_COMM_WORLD, &line->sim, &sim);

  PetscFunctionBeginUser;
  if (code == PETSC_SUCCESS && line->dry_run)
    code = NakSimDescribe(sim);
  else if (code == PETSC_SUCCESS && line->command != NAK_COMMAND_CHECK)
    code = NakSimRun(sim);
  else if (code == PETSC_SUCCESS)
    code = PetscPrintf(PETSC_COMM_WORLD, "%s: no mistakes\n", line->sim.deck);
  if (code == PETSC_SUCCESS && line->command == NAK_COMMAND_RUN && !line->dry_run)
    code = TellUnusedOptions();
  PetscCall(NakSimDestroy(&sim));
  PetscFunctionReturn(code);
}

static PetscErrorCode CarryOut(const NakCommandLine *line)
{
  PetscFunctionBeginUser;
  PetscCheck(line->mistake[0] == '\0', PETSC_COMM_WORLD, PETSC_ERR_USER_INPUT, "%s", line->mistake);
  switch (line->command) {
  case NAK_COMMAND_HELP:
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", NakUsage));
    break;
  case NAK_COMMAND_VERSION:
    PetscCall(PrintVersion());
    break;
  case NAK_COMMAND_HELP_DECK:
    PetscCall(PrintHelpDeck(line->format));
    break;
  case NAK_COMMAND_RUN:
  case NAK_COMMAND_CHECK:
  case NAK_COMMAND_IMPEDANCE:
    PetscFunctionReturn(Simulate(line));
  case NAK_COMMAND_PHASES:
    PetscFunctionReturn(NakPhases(PETSC_COMM_WORLD, line->sim.deck, line->sim.overrides,
                                  line->sim.n_overrides, line->sim.replace));
  case NAK_COMMAND_DRT:
    PetscFunctionReturn(NakPrintRelaxationTimes(&line->sim));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char *argv[])
{
  int            mine = 1, petsc;
  char         **petsc_argv;
  const char   **overrides = calloc((size_t)argc + 2, sizeof *overrides);
  NakCommandLine line;
  PetscErrorCode code;

  while (mine < argc && strcmp(argv[mine], "--") != 0) mine++;
  line       = NakCommandLineParse(mine, argv, overrides);
  petsc      = mine < argc ? argc - mine : 1;
  petsc_argv = argv + argc - petsc; /* "--", where there is one, stands for the program's name */
  if (mine == argc) petsc_argv = argv;
  if (PetscInitialize(&petsc, &petsc_argv, NULL, NULL) != PETSC_SUCCESS) return 1;
  (void)signal(SIGPIPE, SIG_DFL); /* `| head` is no crash, which PETSc would tell at length */
  code = NakErrorsInstall();
  if (code == PETSC_SUCCESS) code = CarryOut(&line);
  free(overrides);
  if (PetscFinalize() != PETSC_SUCCESS) return 1;
  if (code == PETSC_SUCCESS && (NakReceived() == SIGTERM || NakReceived() == SIGINT))
    return NAK_EXIT_STOPPED;
  return NakExitStatus(code);
}
