/* nakfield: start PETSc with what comes after `--`, execute the command, return its exit status. */
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
static PetscErrorCode WarnUnusedOptions(void)
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

/* Of a deck that was checked. */
static PetscErrorCode Approve(NakSim sim, const char *deck)
{
  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: no errors\n", deck));
  PetscCall(NakSimDescribeContact(sim, ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Simulate(const NakCommandLine *line)
{
  NakSim         sim  = NULL;
  PetscErrorCode code = NakSimCreate(PETSC_COMM_WORLD, &line->sim, &sim);

  PetscFunctionBeginUser;
  if (code == PETSC_SUCCESS && line->dry_run)
    code = NakSimDescribe(sim);
  else if (code == PETSC_SUCCESS && line->command == NAK_COMMAND_WETTING)
    code = NakSimDescribeWetting(sim);
  else if (code == PETSC_SUCCESS && line->command != NAK_COMMAND_CHECK)
    code = NakSimRun(sim);
  else if (code == PETSC_SUCCESS)
    code = Approve(sim, line->sim.deck);
  if (code == PETSC_SUCCESS && line->command == NAK_COMMAND_RUN && !line->dry_run)
    code = WarnUnusedOptions();
  PetscCall(NakSimDestroy(&sim));
  PetscFunctionReturn(code);
}

PetscErrorCode NakCarryOut(const NakCommandLine *line)
{
  PetscFunctionBeginUser;
  PetscCheck(line->error[0] == '\0', PETSC_COMM_WORLD, PETSC_ERR_USER_INPUT, "%s", line->error);
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
  case NAK_COMMAND_HELP_TOPIC:
    PetscFunctionReturn(NakHelp(line->n_words, line->words));
  case NAK_COMMAND_RUN:
  case NAK_COMMAND_IMPEDANCE:
    PetscCall(NakMpiCheck(PETSC_COMM_WORLD));
    PetscFunctionReturn(Simulate(line));
  case NAK_COMMAND_CHECK:
  case NAK_COMMAND_WETTING:
    PetscFunctionReturn(Simulate(line));
  case NAK_COMMAND_PHASES:
    PetscFunctionReturn(NakPhaseDiagram(PETSC_COMM_WORLD, line->sim.deck, line->sim.overrides,
                                        line->sim.n_overrides, line->sim.replace));
  case NAK_COMMAND_DRT:
    PetscFunctionReturn(NakPrintRelaxationTimes(&line->sim));
  case NAK_COMMAND_EXPORT:
    PetscFunctionReturn(NakExport(&line->sim));
  case NAK_COMMAND_WORKER:
    PetscFunctionReturn(NakWork());
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char *argv[])
{
  const int      python = argc > 1 ? NakPython(argv) : -1;
  int            mine   = 1, petsc;
  char         **petsc_argv;
  const char   **overrides;
  NakCommandLine line;
  PetscErrorCode code;

  if (python >= 0) return python;
  overrides = calloc((size_t)argc + 2, sizeof *overrides);
  NakStreamsOpen();
  while (mine < argc && strcmp(argv[mine], "--") != 0) mine++;
  line       = NakCommandLineParse(mine, argv, overrides);
  petsc      = mine < argc ? argc - mine : 1;
  petsc_argv = argv + argc - petsc; /* "--", if there is one, stands for the program's name */
  if (mine == argc) petsc_argv = argv;
  NakMpiPrepare();
  if (PetscInitialize(&petsc, &petsc_argv, NULL, NULL) != PETSC_SUCCESS) return 1;
  (void)signal(SIGPIPE, SIG_DFL); /* `| head` is no crash, which PETSc would report at length */
  code = NakErrorsInstall(NULL);
  if (code == PETSC_SUCCESS) code = NakCarryOut(&line);
  free(overrides);
  if (PetscFinalize() != PETSC_SUCCESS) return 1;
  if (code == PETSC_SUCCESS && (NakReceived() == SIGTERM || NakReceived() == SIGINT))
    return NakStreamsClose(NAK_EXIT_STOPPED);
  return NakStreamsClose(NakExitStatus(code));
}
