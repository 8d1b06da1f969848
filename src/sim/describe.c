/* What a run would be, without running it; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

void NakSimShape(NakSim s, char text[NAK_TEXT_SIZE])
{
  const NakSimSize size   = s->kind->size(&s->params);
  int              length = snprintf(text, NAK_TEXT_SIZE, "%" PetscInt_FMT, size.n[0]);

  for (int k = 1; k < 3 && size.n[k] > 0; k++)
    length +=
      snprintf(text + length, NAK_TEXT_SIZE - (size_t)length, " x %" PetscInt_FMT, size.n[k]);
  (void)snprintf(text + length, NAK_TEXT_SIZE - (size_t)length, " %s", size.what);
}

PetscErrorCode NakSimDescribe(NakSim s)
{
  const NakSimSize size = s->kind->size(&s->params);
  char             shape[NAK_TEXT_SIZE];
  PetscMPIInt      rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) PetscCall(NakDeckWriteResolved(s->deck, s->schema, PETSC_STDOUT));
  NakSimShape(s, shape);
  PetscCall(PetscPrintf(s->world,
                        "# %.0f unknowns in %s; about %.3g MB of memory, %.3g MB of it for files\n",
                        (double)size.unknowns, shape, (double)(1e-6 * (size.bytes + size.files)),
                        (double)(1e-6 * size.files)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
