/* What the deck says about pictures and extracts; the contract is in nakfield/insitu.h. */
#include "insitu_impl.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 1e12 /* [s] */

const NakParam NakInsituParamRows[] = {
  NAK_ROW_TREE("insitu.script", "Catalyst script of version 2, or a list of them: docs/insitu.md"),
  NAK_ROW_TREE(
    "insitu.every",
    "When the scripts run: a time such as 30 s, a number of time steps such as 10 steps, or event "
    "(the default). An event is the end of a protocol step; without a protocol it is a frame"),
  NAK_ROW_TREE("insitu.options", "Arguments of the scripts: {live: on} is passed as --live on"),
  NAK_ROW_CHOICE("insitu.backend", NakInsituParams, backend, NAK_INSITU_AUTO,
                 "auto|legacy|catalyst2|vtk",
                 "Back end that runs the scripts; auto takes vtk if it is enough for all of them, "
                 "else the first that is available, legacy before catalyst2"),
  NAK_ROW_END,
};

const NakParam NakInsituCellParamRows[] = {
  NAK_ROW_TREE("insitu.when",
               "Conditions as in a protocol, or names of events, such as [contact < 0.9, filament, "
               "short]: after each, the scripts also run at the first time step"),
  NAK_ROW_TREE("insitu.burst", "Number of time steps after each of these at which the scripts run "
                               "as well, such as 5 steps; none by default"),
  NAK_ROW_END,
};

static PetscErrorCode AddScript(NakDeck deck, NakNode node, NakInsituParams *p)
{
  const char *const name = NakNodeText(node);
  char              found[PETSC_MAX_PATH_LEN], *script;

  PetscFunctionBeginUser;
  if (p->n_scripts == NAK_INSITU_SCRIPTS) {
    PetscCall(
      NakDeckError(deck, node, "insitu.script has more than %d scripts", (int)NAK_INSITU_SCRIPTS));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  script = p->scripts[p->n_scripts];
  if (NakInsituFindScript(NakDeckPath(deck), name, found,
                          sizeof found)) { /* a restart finds it by that path */
    PetscCall(PetscGetRealPath(found, script));
    PetscCall(NakNodeSetText(node, script));
  } else {
    PetscCall(PetscStrncpy(script, found, PETSC_MAX_PATH_LEN));
  }
  if (found[0] == '\0')
    PetscCall(NakDeckError(deck, node,
                           "there is no script '%s': not here, not in the folder of the deck, "
                           "and none of those that come with nakfield",
                           name));
  else
    p->n_scripts++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadScripts(NakDeck deck, NakNode node, NakInsituParams *p)
{
  PetscFunctionBeginUser;
  if (NakNodeKindOf(node) == NAK_NODE_SCALAR) PetscCall(AddScript(deck, node, p));
  if (NakNodeKindOf(node) == NAK_NODE_MAP)
    PetscCall(NakDeckError(deck, node, "insitu.script must be a path or a list of paths"));
  if (NakNodeKindOf(node) == NAK_NODE_LIST)
    for (PetscInt k = 0; k < NakNodeCount(node); k++)
      PetscCall(AddScript(deck, NakNodeItem(node, k, NULL), p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a text is a number of time steps, "10 steps". */
static PetscBool IsSteps(const char *text, long *steps)
{
  char *end;

  *steps = strtol(text, &end, 10);
  while (*end == ' ') end++;
  return (PetscBool)(strcmp(end, "steps") == 0 || strcmp(end, "step") == 0);
}

/* "30 s", "10 steps" or "event". */
static PetscErrorCode ReadCadence(NakDeck deck, NakNode node, const char *unit, NakInsituParams *p)
{
  const char *const text = NakNodeText(node);
  long              steps;
  PetscBool         ok;

  PetscFunctionBeginUser;
  if (strcmp(text, "event") == 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (IsSteps(text, &steps)) {
    p->cadence = NAK_INSITU_STEPS;
    p->every   = (PetscReal)steps;
    if (steps < 1)
      PetscCall(NakDeckError(deck, node, "insitu.every must be at least 1 step, not '%s'", text));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  p->cadence = NAK_INSITU_TIME;
  PetscCall(NakDeckQuantity(deck, node, unit, 1e-9, LONGEST, &p->every, &ok));
  if (!ok)
    PetscCall(NakDeckError(
      deck, node,
      "insitu.every must be a time such as 30 s, a number of steps such as 10 steps, or event"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadOptions(NakDeck deck, NakNode node, NakInsituParams *p)
{
  const char *key;

  PetscFunctionBeginUser;
  if (NakNodeKindOf(node) != NAK_NODE_MAP || 2 * NakNodeCount(node) > NAK_INSITU_WORDS) {
    PetscCall(NakDeckError(deck, node,
                           "insitu.options must be a map of at most %d entries, such as {live: on}",
                           NAK_INSITU_WORDS / 2));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt k = 0; k < NakNodeCount(node); k++) {
    NakNode const value = NakNodeItem(node, k, &key);

    if (NakNodeKindOf(value) != NAK_NODE_SCALAR)
      PetscCall(NakDeckError(deck, value, "insitu.options.%s must be one text or number", key));
    if (strlen(NakNodeText(value)) >= NAK_TEXT_SIZE)
      PetscCall(NakDeckError(deck, value, "insitu.options.%s is longer than %d bytes", key,
                             NAK_TEXT_SIZE - 1));
    PetscCall(PetscSNPrintf(p->words[p->n_words++], NAK_TEXT_SIZE, "--%s", key));
    PetscCall(PetscStrncpy(p->words[p->n_words++], NakNodeText(value), NAK_TEXT_SIZE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Scripts that need VTK only shall not wait for ParaView to load.  Other ranks shall not wait for
   what rank 0 draws alone. */
static PetscErrorCode CheckBackend(NakDeck deck, NakNode node, NakInsituParams *p)
{
  PetscFunctionBeginUser;
  p->vtk = p->face = (PetscBool)(p->n_scripts > 0);
  for (PetscInt k = 0; k < p->n_scripts; k++) {
    if (!NakInsituSays(p->scripts[k], "face")) p->face = PETSC_FALSE;
    if (NakInsituSays(p->scripts[k], "vtk")) continue;
    p->vtk = PETSC_FALSE;
    if (p->backend == NAK_INSITU_VTK)
      PetscCall(NakDeckError(deck, node,
                             "insitu.backend=vtk runs scripts that say '# nakfield: vtk' in their "
                             "first lines, and %s does not: leave out insitu.backend",
                             p->scripts[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadTrees(NakDeck deck, const char *unit, NakInsituParams *p)
{
  NakNode const script = NakDeckFind(deck, "insitu.script"),
                every = NakDeckFind(deck, "insitu.every"), when = NakDeckFind(deck, "insitu.when"),
                burst   = NakDeckFind(deck, "insitu.burst"),
                options = NakDeckFind(deck, "insitu.options");

  PetscFunctionBeginUser;
  if (script != NULL) PetscCall(ReadScripts(deck, script, p));
  if (script != NULL) PetscCall(CheckBackend(deck, script, p));
  if (every != NULL) PetscCall(ReadCadence(deck, every, unit, p));
  if (options != NULL) PetscCall(ReadOptions(deck, options, p));
  if (script == NULL && (every != NULL || when != NULL || burst != NULL || options != NULL))
    PetscCall(NakDeckError(deck, NakDeckFind(deck, "insitu"),
                           "insitu.script is missing: say which script is to run, for example "
                           "extract.py"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakInsituRead(NakDeck deck, const char *unit, NakInsituParams *params)
{
  PetscMPIInt    rank;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  params->cadence = NAK_INSITU_EVENT;
  params->vtk = params->face = PETSC_FALSE;
  params->n_scripts = params->n_words = 0;
  PetscCallMPI(MPI_Comm_rank(NakDeckComm(deck), &rank));
  if (rank == 0) code = ReadTrees(deck, unit, params);
  PetscCall(NakAgree(NakDeckComm(deck), code));
  PetscCallMPI(MPI_Bcast(params, (int)sizeof *params, MPI_BYTE, 0, NakDeckComm(deck)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
