/* What a restart needs of the gas; the contract is in nakfield/voids.h. */
#include "gas_impl.h"

/* Places, amounts, and who has merged with whom; the same on every rank. */
static PetscErrorCode ExchangeGas(NakGas s, NakCheckpoint c)
{
  PetscInt n = s->n;
  size_t   size;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "voids/count", &n, sizeof n));
  size = (size_t)n * sizeof(PetscReal);
  if (NakCheckpointReads(c)) s->n = 0;
  while (s->n < n) PetscCall(NakGasAdd(s, 0, 0));
  PetscCall(NakCheckpointBlock(c, "voids/x", s->x, size));
  PetscCall(NakCheckpointBlock(c, "voids/y", s->y, size));
  PetscCall(NakCheckpointBlock(c, "voids/reach", s->reach, size));
  PetscCall(NakCheckpointBlock(c, "voids/amount", s->amount, size));
  PetscCall(NakCheckpointBlock(c, "voids/volume", s->volume, size));
  PetscCall(NakCheckpointBlock(c, "voids/root", s->root, (size_t)n * sizeof(PetscInt)));
  PetscCall(NakCheckpointBlock(c, "voids/gone", s->gone, (size_t)n * sizeof(PetscInt)));
  PetscCall(NakCheckpointBlock(c, "voids/escape", s->escape, size));
  PetscCall(NakCheckpointBlock(c, "voids/formed", &s->formed, sizeof s->formed));
  PetscCall(NakCheckpointBlock(c, "voids/filled", &s->filled, sizeof s->filled));
  PetscCall(NakCheckpointBlock(c, "voids/dissolved", &s->dissolved, sizeof s->dissolved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ExchangeNuclei(NakGas s, NakCheckpoint c)
{
  const PetscInt n  = NakPartColumns(&s->part);
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

PetscErrorCode NakGasCheckpoint(NakGas s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(ExchangeGas(s, c));
  PetscCall(ExchangeNuclei(s, c));
  PetscCall(NakCheckpointBlock(c, "voids/wait", &s->wait, sizeof s->wait));
  if (NakCheckpointReads(c)) PetscCall(NakGasOwners(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
