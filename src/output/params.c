/* What the deck says about the output; the contract is in nakfield/output.h. */
#include "output_impl.h"

#include <string.h>

#define LONGEST 1e12 /* [s] */

const NakParam NakOutputParamRows[] = {
  NAK_ROW_TEXT("output.directory", NakOutputParams, directory, "",
               "Where the run's files go; by default runs/<name of the deck>"),
  NAK_ROW_INT("output.writers", NakOutputParams, writers, 0, 0, 1000000,
              "Ranks that write and read frames and checkpoints: one of each node, then a second "
              "one of each, and so on; 0: one of each node. If there are fewer ranks, all of them"),
  NAK_ROW_END,
};

const NakParam NakOutputTimesParamRows[] = {
  NAK_ROW_REAL("output.fields.every", NakOutputParams, fields_every, "s", 0, 0, LONGEST,
               "Time between two frames of fields.h5; 0: a frame at the end of each protocol step "
               "(in a repeat, of its first turn only), of many ends at most 500 or 2 GB in all"),
  NAK_ROW_TREE(
    "output.fields.names",
    "Fields in each frame, such as [current, contact]; by default all of docs/output.md"),
  NAK_ROW_CHOICE("output.fields.precision", NakOutputParams, precision, 0, "double|single",
                 "Numbers in frames: 8 bytes each (double) or 4 (single)"),
  NAK_ROW_BOOL("output.fields.compress", NakOutputParams, compress, 0,
               "Whether frames are compressed, without loss"),
  NAK_ROW_REAL("output.timeseries.every", NakOutputParams, timeseries_every, "s", 0, 0, LONGEST,
               "Time between two rows of timeseries.csv; 0 for every time step"),
  NAK_ROW_END,
};

const NakParam NakOutputCellParamRows[] = {
  NAK_ROW_TREE("output.fields.when",
               "Conditions as in a protocol, or names of events, such as [voltage > 1 V, k_film]: "
               "each adds a frame at the first time step after it"),
  NAK_ROW_TREE(
    "output.fields.burst",
    "Number of time steps after each of these that get a frame as well, such as 5 steps"),
  NAK_ROW_INT("output.map", NakOutputParams, map, 64, 0, 1000000,
              "In 2D runs: map.csv takes this many moments at every time step, then as many at "
              "every second, then at every fourth, and so on; 0 for no such table"),
  NAK_ROW_END,
};

/* "a, b, c". */
static void ListFields(const NakField fields[], PetscInt count, char text[], size_t size)
{
  size_t used = 0;

  text[0] = '\0';
  for (PetscInt f = 0; f < count && used < size; f++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", f > 0 ? ", " : "", fields[f].name);
}

/* Whether field `name` is one of a list, or of one alone. */
static PetscBool Lists(NakNode list, const char *name)
{
  PetscBool found = (PetscBool)(strcmp(NakNodeText(list), name) == 0);

  for (PetscInt k = 0; k < NakNodeCount(list) && !found; k++)
    found = (PetscBool)(strcmp(NakNodeText(NakNodeItem(list, k, NULL)), name) == 0);
  return found;
}

static PetscErrorCode CheckField(NakDeck deck, NakNode node, const NakField fields[],
                                 PetscInt count)
{
  char known[2 * NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < count; f++)
    if (strcmp(fields[f].name, NakNodeText(node)) == 0) PetscFunctionReturn(PETSC_SUCCESS);
  ListFields(fields, count, known, sizeof known);
  PetscCall(NakDeckError(deck, node,
                         "output.fields.names: there is no field '%.100s'; there are %s",
                         NakNodeText(node), known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadNames(NakDeck deck, NakNode node, const NakField fields[], PetscInt count,
                                NakFieldNames *names)
{
  const PetscBool one = (PetscBool)(NakNodeKindOf(node) == NAK_NODE_SCALAR);

  PetscFunctionBeginUser;
  if (NakNodeKindOf(node) == NAK_NODE_MAP || (!one && NakNodeCount(node) == 0))
    PetscCall(NakDeckError(deck, node,
                           "output.fields.names must be a list of fields, such as [current, "
                           "contact]; leave it out for all"));
  if (one) PetscCall(CheckField(deck, node, fields, count));
  for (PetscInt k = 0; NakNodeKindOf(node) == NAK_NODE_LIST && k < NakNodeCount(node); k++)
    PetscCall(CheckField(deck, NakNodeItem(node, k, NULL), fields, count));
  for (PetscInt f = 0; f < count && names->count < NAK_FRAME_FIELDS; f++)
    if (Lists(node, fields[f].name))
      PetscCall(PetscStrncpy(names->name[names->count++], fields[f].name, NAK_FIELD_NAME));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputRead(NakDeck deck, const NakField fields[], PetscInt count,
                             NakOutputParams *params)
{
  NakNode        node = NULL;
  PetscMPIInt    rank;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  memset(&params->names, 0, sizeof params->names);
  PetscCallMPI(MPI_Comm_rank(NakDeckComm(deck), &rank));
  if (rank == 0) node = NakDeckFind(deck, "output.fields.names");
  if (node != NULL) code = ReadNames(deck, node, fields, count, &params->names);
  PetscCall(NakAgree(NakDeckComm(deck), code));
  PetscCallMPI(
    MPI_Bcast(&params->names, (int)sizeof params->names, MPI_BYTE, 0, NakDeckComm(deck)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakOutputCheck(const NakOutputParams *p, PetscReal span, NakCheckList *list)
{
  const PetscReal every = p->fields_every, most = 1e6;

  if (every > 0 && span < PETSC_INFINITY && span / every > most)
    NakCheckError(list, "output.fields.every",
                  "output.fields.every is %.6g s in a run of up to %.6g s: that is %.3g frames, a "
                  "file each, and 1e6 are allowed",
                  (double)every, (double)span, (double)(span / every));
}
