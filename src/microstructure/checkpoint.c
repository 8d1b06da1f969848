/* Write or read what the next step of the box depends on; the contract is in
   nakfield/microstructure.h. */
#include "microstructure_impl.h"

PetscErrorCode NakMixBoxCheckpoint(NakMixBox b, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "mix/integrator", &b->integrator, sizeof b->integrator));
  PetscCall(NakCheckpointVec(c, "mix/U", b->U));
  PetscCall(NakBdfCheckpoint(b->bdf, b->before, c));
  if (b->gas != NULL) PetscCall(NakGasCheckpoint(b->gas, c));
  if (NakCheckpointReads(c)) PetscCall(NakMixSetTemperature(b, b->integrator.time));
  PetscFunctionReturn(PETSC_SUCCESS);
}
