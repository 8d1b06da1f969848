/* Write or read what the next step of the box depends on; the contract is in
   nakfield/multiphase.h. */
#include "multiphase_impl.h"

PetscErrorCode NakMixBoxCheckpoint(NakMixBox b, NakCheckpoint c)
{
  NakMix *const mix = &b->mix;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "mix/integrator", &b->integrator, sizeof b->integrator));
  PetscCall(NakCheckpointBlock(c, "mix/pressure", &mix->pressure, sizeof mix->pressure));
  PetscCall(NakCheckpointBlock(c, "mix/void_x", &mix->void_x, sizeof mix->void_x));
  PetscCall(NakCheckpointVec(c, "mix/U", b->U));
  PetscCall(NakCheckpointVec(c, "mix/X", b->X));
  if (b->integrator.last_good > 0) PetscCall(NakCheckpointVec(c, "mix/previous", b->previous));
  if (NakCheckpointReads(c)) PetscCall(NakMixSetTemperature(b, b->integrator.time));
  PetscFunctionReturn(PETSC_SUCCESS);
}
