/* What the commands that read a measured file have in common; see app.h. */
#include "app.h"

PetscErrorCode NakReadMeasured(NakMeasuredWish wish, int count, const unsigned kinds[],
                               NakMeasured *m)
{
  NakFault fault = {0}, shown = {0};

  PetscFunctionBeginUser;
  for (int k = 0; k < count; k++) {
    fault       = (NakFault){0};
    wish.needed = kinds[k];
    PetscCall(NakMeasuredRead(&wish, m, &fault));
    if (m->named || fault.code != PETSC_ERR_USER_INPUT) break;
    if (k <= 1) shown = fault; /* what it lacks as the second kind, or as the only one */
    if (k == count - 1) fault = shown;
    PetscCall(NakMeasuredFree(m));
  }
  PetscCall(NakFaultAgree(PETSC_COMM_SELF, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakWithEntries(const NakSimOptions *options, const NakSection schema[],
                              PetscErrorCode (*carry_out)(const char *path, const void *ctx),
                              const void *ctx)
{
  NakDeck        deck = NULL;
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;
  PetscInt       errors;

  PetscFunctionBeginUser;
  PetscCall(NakDeckCreate(PETSC_COMM_WORLD, NULL, options->overrides, options->n_overrides, &deck));
  PetscCall(NakDeckFill(deck, schema));
  PetscCall(NakDeckReport(deck, &errors));
  PetscCall(NakDeckDestroy(&deck));
  PetscCall(NakRefuseErrors(PETSC_COMM_WORLD, errors, "the command line"));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank == 0) code = carry_out(options->deck, ctx);
  PetscCall(NakAgree(PETSC_COMM_WORLD, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
