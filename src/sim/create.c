/* From a deck to a simulation that can run; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

#include <errno.h>
#include <petsctime.h>
#include <string.h>
#include <unistd.h>

/* Ranks that do not pay: from docs/performance.md, "Ranks". */
static PetscErrorCode WarnFewColumns(NakSim sim)
{
  const double few     = 500;
  const double columns = (double)sim->size.n[0] * (double)sim->size.n[1] / sim->size.ranks;

  PetscFunctionBeginUser;
  if (sim->kind != &NakSimCellKind || sim->size.ranks == 1 || columns >= few)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
    PetscFPrintf(sim->world, stderr,
                 "nakfield: warning: %.0f columns per rank are few: below about %.0f, fewer "
                 "ranks may be faster\n",
                 columns, few));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ranks that the grid can use. */
static PetscErrorCode SplitRanks(NakSim sim)
{
  PetscMPIInt rank, size;
  char        shape[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(sim->world, &rank));
  PetscCallMPI(MPI_Comm_size(sim->world, &size));
  sim->size = sim->kind->size(sim, size);
  NakSimShape(sim, shape);
  PetscCallMPI(MPI_Comm_split(sim->world, (PetscInt)rank < sim->size.ranks ? 0 : MPI_UNDEFINED,
                              rank, &sim->comm));
  if (sim->comm != MPI_COMM_NULL)
    PetscCall(NakWritersCreate(sim->comm, sim->params.output.writers, &sim->writers));
  if (sim->size.ranks < (PetscInt)size)
    PetscCall(PetscFPrintf(sim->world, stderr,
                           "nakfield: %" PetscInt_FMT
                           " of %d ranks compute, the others wait: the grid has %s\n",
                           sim->size.ranks, size, shape));
  PetscCall(WarnFewColumns(sim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The deck's list of PETSc options, all as one text, known to every rank. */
static PetscErrorCode InsertPetscOptions(NakSim sim)
{
  char        text[4096] = "";
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(sim->world, &rank));
  if (rank == 0) {
    NakNode list = NakDeckFind(sim->deck, "petsc");

    for (PetscInt k = 0; list != NULL && k < NakNodeCount(list); k++) {
      PetscBool good;

      PetscCall(NakSimCheckOption(sim, NakNodeItem(list, k, NULL), &good));
      if (!good) continue; /* an error: it must not even act at the end of the program */
      if (strlen(text) + strlen(NakNodeText(NakNodeItem(list, k, NULL))) + 2 > sizeof text) {
        PetscCall(NakDeckError(sim->deck, list, "petsc has more than %d bytes of options",
                               (int)sizeof text - 1));
        break;
      }
      PetscCall(PetscStrlcat(text, NakNodeText(NakNodeItem(list, k, NULL)), sizeof text));
      PetscCall(PetscStrlcat(text, " ", sizeof text));
    }
    if (list != NULL && NakNodeKindOf(list) != NAK_NODE_LIST)
      PetscCall(
        NakDeckError(sim->deck, list, "petsc must be a list, for example [-ts_adapt_monitor]"));
  }
  PetscCallMPI(MPI_Bcast(text, (int)sizeof text, MPI_CHAR, 0, sim->world));
  PetscCall(PetscOptionsInsertString(NULL, text));
#if PETSC_VERSION_GE(3, 20, 0)
  /* Else sums depend on the addresses of vectors, and a restart has other bits. */
  PetscCall(NakOptionPrefer("-vec_mdot_use_gemv", "false"));
  PetscCall(NakOptionPrefer("-vec_maxpy_use_gemv", "false"));
#endif
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Entries that the output reads from the deck.  The fields of a cell without a material are not
   known. */
static PetscErrorCode ReadOutput(NakSim s)
{
  NakField fields[NAK_FRAME_FIELDS];

  PetscFunctionBeginUser;
  if (s->kind->fields != NULL)
    PetscCall(NakOutputRead(s->deck, fields, s->kind->fields(s, fields), &s->params.output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The errors that the tables and the kind find in the deck. */
static PetscErrorCode Check(NakSim s)
{
  NakCheckList list = {.n = 0};
  PetscInt     errors, wrong = 0;
  PetscMPIInt  rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  PetscCall(s->kind->read(s, &wrong));
  if (rank == 0 && wrong == 0) s->kind->check(s, &list);
  if (rank == 0) PetscCall(NakDeckReportChecks(s->deck, &list));
  if (wrong == 0) PetscCall(ReadOutput(s));
  PetscCall(NakInsituRead(s->deck, s->kind->unit[0] == '\0' ? "1" : "s", &s->params.insitu));
  PetscCall(NakDeckReport(s->deck, &errors));
  PetscCall(NakRefuseErrors(s->world, errors, "%s", NakDeckPath(s->deck)));
  PetscCall(NakRefuseErrors(s->world, wrong, "the material %s", s->params.model.alloy.system));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether an override changes what is computed, and can stand in a title. */
static PetscBool Counts(const char *override)
{
  static const char *const others[] = {"title=", "output.", "checkpoint.", "insitu."};

  for (size_t k = 0; k < sizeof others / sizeof *others; k++)
    if (strncmp(override, others[k], strlen(others[k])) == 0) return PETSC_FALSE;
  for (const char *c = override; *c != '\0'; c++)
    if ((unsigned char)*c < ' ' || *c == '\x7f') return PETSC_FALSE;
  return PETSC_TRUE;
}

/* The title of a run says how it differs from its deck: "a title, with grid.nx=4, cell.area=1
   cm^2". */
static void CompleteTitle(NakSim s)
{
  char *const  title = s->params.title;
  const size_t room  = sizeof s->params.title - sizeof ", ...";
  PetscBool    begun = PETSC_FALSE;

  for (PetscInt k = 0; k < s->options.n_overrides; k++) {
    const char *const override = s->options.overrides[k], *link = begun ? ", " : ", with ";
    const size_t      length = strlen(title);

    if (!Counts(override)) continue;
    if (length == 0) link += 2;
    begun = PETSC_TRUE;
    if (length + strlen(link) + strlen(override) > room) {
      (void)snprintf(title + length, sizeof s->params.title - length, ", ...");
      return;
    }
    (void)snprintf(title + length, sizeof s->params.title - length, "%s%s", link, override);
  }
}

static PetscErrorCode CheckRun(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCheck(access(s->deck_path, F_OK) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
             "cannot continue from %s: %s: %s; a run directory has resolved.yaml, log.txt and "
             "checkpoint/: name one; if only resolved.yaml is lost, name the deck as well",
             s->options.restart, s->deck_path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a deck of its own, a restart takes that of the run. */
static PetscErrorCode TakeDeck(NakSim s)
{
  const char *const run  = s->options.restart;
  PetscErrorCode    code = PETSC_SUCCESS;
  PetscMPIInt       rank;

  PetscFunctionBeginUser;
  if (run == NULL || s->options.deck != NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  PetscCall(PetscSNPrintf(s->deck_path, sizeof s->deck_path, "%s/resolved.yaml", run));
  s->options.deck = s->deck_path;
  if (rank == 0) code = CheckRun(s);
  PetscCall(NakAgree(s->world, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimCreate(MPI_Comm comm, const NakSimOptions *options, NakSim *sim)
{
  NakSim s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *sim       = s;
  s->world   = comm;
  s->comm    = MPI_COMM_NULL;
  s->options = *options;
  PetscCall(PetscTime(&s->began));
  s->pause.launched = s->pause.last = s->pause.written = s->began;
  PetscCall(TakeDeck(s));
  PetscCall(
    NakDeckCreate(comm, s->options.deck, options->overrides, options->n_overrides, &s->deck));
  PetscCall(NakSimFill(s));
  if (options->restart == NULL) CompleteTitle(s);
  if (options->restart != NULL) { /* its files are there already, wherever that is */
    PetscCheck(strlen(options->restart) < NAK_TEXT_SIZE, comm, PETSC_ERR_USER_INPUT,
               "the path of the run to restart has more than %d bytes", NAK_TEXT_SIZE - 1);
    PetscCall(PetscStrncpy(s->params.output.directory, options->restart, NAK_TEXT_SIZE));
  }
  PetscCall(InsertPetscOptions(s));
  PetscCall(NakSimCheckDirectory(s));
  PetscCall(Check(s));
  PetscCall(SplitRanks(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimDestroy(NakSim *sim)
{
  NakSim s = *sim;

  PetscFunctionBeginUser;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakInsituDestroy(&s->insitu));
  PetscCall(NakProgressDestroy(&s->progress));
  PetscCall(NakOutputDestroy(&s->output));
  if (s->data != NULL) PetscCall(s->kind->destroy(s));
  PetscCall(PetscFree(s->data));
  PetscCall(NakDeckDestroy(&s->deck));
  PetscCall(NakWritersDestroy(&s->writers));
  if (s->comm != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&s->comm));
  PetscCall(PetscFree(*sim));
  PetscFunctionReturn(PETSC_SUCCESS);
}
