/* What a restart needs of the voids; the contract is in nakfield/voids.h. */
#include "voids_impl.h"

/* Places, amounts, and who has merged with whom; the same on every rank. */
static PetscErrorCode ExchangeGas(NakVoids s, NakCheckpoint c)
{
  NakGas  *gas = &s->gas;
  PetscInt n   = gas->n;
  size_t   size;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "voids/count", &n, sizeof n));
  size = (size_t)n * sizeof(PetscReal);
  if (NakCheckpointReads(c)) gas->n = 0;
  while (gas->n < n) PetscCall(NakGasAdd(s, 0, 0));
  PetscCall(NakCheckpointBlock(c, "voids/x", gas->x, size));
  PetscCall(NakCheckpointBlock(c, "voids/y", gas->y, size));
  PetscCall(NakCheckpointBlock(c, "voids/amount", gas->amount, size));
  PetscCall(NakCheckpointBlock(c, "voids/volume", gas->volume, size));
  PetscCall(NakCheckpointBlock(c, "voids/root", gas->root, (size_t)n * sizeof(PetscInt)));
  PetscCall(NakCheckpointBlock(c, "voids/gone", gas->gone, (size_t)n * sizeof(PetscInt)));
  PetscCall(NakCheckpointBlock(c, "voids/formed", &gas->formed, sizeof gas->formed));
  PetscCall(NakCheckpointBlock(c, "voids/filled", &gas->filled, sizeof gas->filled));
  PetscCall(NakCheckpointBlock(c, "voids/dissolved", &gas->dissolved, sizeof gas->dissolved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ExchangeNuclei(NakVoids s, NakCheckpoint c)
{
  const PetscInt n  = s->block.xm * s->block.ym;
  const DM       dm = NakStateDM(s->state);
  PetscReal     *born;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &born));
  for (PetscInt k = 0; k < n; k++) born[k] = (PetscReal)s->born[k];
  PetscCall(NakCheckpointNodes(c, "voids/born", dm, 1, born));
  for (PetscInt k = 0; k < n; k++) s->born[k] = (PetscInt)born[k];
  PetscCall(PetscFree(born));
  PetscCall(NakCheckpointNodes(c, "voids/hazard", dm, 1, s->hazard));
  PetscCall(NakCheckpointNodes(c, "voids/due", dm, 1, s->due));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsCheckpoint(NakVoids s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(NakCheckpointVec(c, "voids/v", s->v));
  PetscCall(NakCheckpointNodes(c, "voids/cosine", NakStateDM(s->state), 1, s->cosine));
  PetscCall(NakCheckpointBlock(c, "voids/next", &s->next, sizeof s->next));
  PetscCall(NakCheckpointBlock(c, "voids/pending", &s->pending, sizeof s->pending));
  PetscCall(NakCheckpointBlock(c, "voids/reach", &s->reach, sizeof s->reach));
  PetscCall(NakCheckpointBlock(c, "voids/steps", &s->steps, sizeof s->steps));
  PetscCall(NakCheckpointBlock(c, "voids/iterations", &s->iterations, sizeof s->iterations));
  PetscCall(ExchangeGas(s, c));
  PetscCall(ExchangeNuclei(s, c));
  if (!NakCheckpointReads(c)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakGasOwners(s));
  PetscCall(NakVoidsCover(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
