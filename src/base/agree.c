/* One error for all ranks; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

PetscErrorCode NakAgree(MPI_Comm comm, PetscErrorCode mine)
{
  int code = (int)mine;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &code, 1, MPI_INT, MPI_MAX, comm));
  PetscFunctionReturn((PetscErrorCode)code);
}

PetscErrorCode NakGatherAll(MPI_Comm comm, const void *mine, PetscInt count, size_t size, void *all,
                            PetscInt *total)
{
  PetscMPIInt ranks, bytes, *counts, *starts, sum = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(PetscMalloc2(ranks, &counts, ranks, &starts));
  PetscCall(PetscMPIIntCast(count * (PetscInt)size, &bytes));
  PetscCallMPI(MPI_Allgather(&bytes, 1, MPI_INT, counts, 1, MPI_INT, comm));
  for (PetscMPIInt r = 0; r < ranks; r++) {
    starts[r] = sum;
    sum += counts[r];
  }
  PetscCall(PetscMalloc((size_t)sum + 1, all));
  PetscCallMPI(
    MPI_Allgatherv(mine, bytes, MPI_BYTE, *(void **)all, counts, starts, MPI_BYTE, comm));
  PetscCall(PetscFree2(counts, starts));
  *total = sum / (PetscInt)size;
  PetscFunctionReturn(PETSC_SUCCESS);
}
