/* One error for all ranks; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

PetscErrorCode NakAgree(MPI_Comm comm, PetscErrorCode mine)
{
  int code = (int)mine;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &code, 1, MPI_INT, MPI_MAX, comm));
  PetscFunctionReturn((PetscErrorCode)code);
}
