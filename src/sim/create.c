/* From a deck to a simulation that can run; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

#include <petsctime.h>
#include <string.h>

/* The ranks that the grid can use. */
static PetscErrorCode SplitRanks(NakSim sim)
{
  PetscMPIInt rank, size;
  PetscInt    useful;
  char        shape[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(sim->world, &rank));
  PetscCallMPI(MPI_Comm_size(sim->world, &size));
  useful = sim->kind->useful_ranks(&sim->params, size);
  NakSimShape(sim, shape);
  PetscCallMPI(
    MPI_Comm_split(sim->world, (PetscInt)rank < useful ? 0 : MPI_UNDEFINED, rank, &sim->comm));
  if (useful < (PetscInt)size)
    PetscCall(PetscFPrintf(sim->world, stderr,
                           "nakfield: %" PetscInt_FMT
                           " of %d ranks compute, the others wait: the grid has %s\n",
                           useful, size, shape));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The deck's list of PETSc options, one text of all, known to every rank. */
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
      if (!good) continue; /* a mistake: it must not even act at the end of the program */
      if (strlen(text) + strlen(NakNodeText(NakNodeItem(list, k, NULL))) + 2 > sizeof text) {
        PetscCall(NakDeckComplain(sim->deck, list, "petsc has more than %d bytes of options",
                                  (int)sizeof text - 1));
        break;
      }
      PetscCall(PetscStrlcat(text, NakNodeText(NakNodeItem(list, k, NULL)), sizeof text));
      PetscCall(PetscStrlcat(text, " ", sizeof text));
    }
    if (list != NULL && NakNodeKindOf(list) != NAK_NODE_LIST)
      PetscCall(
        NakDeckComplain(sim->deck, list, "petsc must be a list, for example [-ts_adapt_monitor]"));
  }
  PetscCallMPI(MPI_Bcast(text, (int)sizeof text, MPI_CHAR, 0, sim->world));
  PetscCall(PetscOptionsInsertString(NULL, text));
#if PETSC_VERSION_GE(3, 20, 0)
  /* Else sums depend on where vectors happen to lie, and a restart has other bits. */
  PetscCall(NakOptionPrefer("-vec_mdot_use_gemv", "false"));
  PetscCall(NakOptionPrefer("-vec_maxpy_use_gemv", "false"));
#endif
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const kind_words[] = {"cell", "cahn_hilliard", "cahn_hilliard_poisson",
                                         "allen_cahn", "alloy"};

/* What the deck is of, which decides the entries that it may have; a word that is none is reported
   with the others. */
static PetscErrorCode ReadKind(NakSim s, NakModelKind *kind)
{
  PetscMPIInt rank;
  int         found = NAK_MODEL_CELL;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) {
    const NakNode node = NakDeckFind(s->deck, "model");

    if (node != NULL) found = NAK_MODEL_ANY;
    for (int k = 0; node != NULL && k < NAK_MODEL_ANY; k++)
      if (strcmp(NakNodeText(node), kind_words[k]) == 0) found = k;
  }
  PetscCallMPI(MPI_Bcast(&found, 1, MPI_INT, 0, s->world));
  *kind = (NakModelKind)found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The parameters, from the entries that a deck of the kind may have. */
static PetscErrorCode Fill(NakSim s, NakModelKind kind)
{
  NakSection every[NAK_SIM_SECTIONS];
  char       text[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  NakSimSchema(&s->params, kind, s->schema);
  NakSimSchema(&s->params, NAK_MODEL_ANY, every);
  if (kind != NAK_MODEL_ANY) {
    (void)snprintf(text, sizeof text, "model: %s", kind_words[kind]);
    NakDeckSetOthers(s->deck, every, text);
  }
  PetscCall(NakDeckFill(s->deck, s->schema));
  NakDeckSetOthers(s->deck, NULL, NULL);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const NakSimKind *KindOf(NakModelKind kind)
{
  if (kind == NAK_MODEL_CELL) return &NakSimCellKind;
  return kind == NAK_MODEL_ALLOY ? &NakSimAlloyKind : &NakSimBoxKind;
}

PetscErrorCode NakSimCreate(MPI_Comm comm, const NakSimOptions *options, NakSim *sim)
{
  NakSim       s;
  NakModelKind kind;
  PetscInt     mistakes, wrong = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *sim       = s;
  s->world   = comm;
  s->comm    = MPI_COMM_NULL;
  s->options = *options;
  PetscCall(PetscTime(&s->began));
  s->pause.launched = s->pause.last = s->pause.written = s->began;
  if (options->restart != NULL && options->deck == NULL) {
    PetscCall(
      PetscSNPrintf(s->deck_path, sizeof s->deck_path, "%s/resolved.yaml", options->restart));
    s->options.deck = s->deck_path;
  }
  PetscCall(
    NakDeckCreate(comm, s->options.deck, options->overrides, options->n_overrides, &s->deck));
  PetscCall(ReadKind(s, &kind));
  PetscCall(Fill(s, kind));
  if (options->restart != NULL) { /* its files are there already, wherever that is */
    PetscCheck(strlen(options->restart) < NAK_TEXT_SIZE, comm, PETSC_ERR_USER_INPUT,
               "the path of the run to restart has more than %d bytes", NAK_TEXT_SIZE - 1);
    PetscCall(PetscStrncpy(s->params.output.directory, options->restart, NAK_TEXT_SIZE));
  }
  PetscCall(InsertPetscOptions(s));
  PetscCall(NakSimCheckDirectory(s));
  s->kind = KindOf(kind);
  PetscCall(s->kind->read(s, &wrong));
  PetscCall(NakInsituRead(s->deck, s->kind->unit[0] == '\0' ? "1" : "s", &s->params.insitu));
  PetscCall(NakDeckReport(s->deck, &mistakes));
  PetscCheck(mistakes == 0, comm, PETSC_ERR_USER_INPUT, "%" PetscInt_FMT " mistake%s in %s",
             mistakes, mistakes == 1 ? "" : "s", NakDeckPath(s->deck));
  PetscCheck(wrong == 0, comm, PETSC_ERR_USER_INPUT,
             "%" PetscInt_FMT " mistake%s in the material %s", wrong, wrong == 1 ? "" : "s",
             s->params.model.alloy.system);
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
  PetscCall(NakPhaseFieldDestroy(&s->box.engine));
  PetscCall(NakMixBoxDestroy(&s->alloy.box));
  PetscCall(NakSimVoidsDestroy(s));
  PetscCall(NakImpedanceDestroy(&s->impedance));
  PetscCall(NakStepperDestroy(&s->stepper));
  PetscCall(NakModelDestroy(&s->model));
  PetscCall(NakProtocolDestroy(&s->protocol));
  PetscCall(NakDeckDestroy(&s->deck));
  if (s->comm != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&s->comm));
  PetscCall(PetscFree(*sim));
  PetscFunctionReturn(PETSC_SUCCESS);
}
