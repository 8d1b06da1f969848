/* Who writes; the contract is in nakfield/store.h. */
#include "store_impl.h"

/* The first `count` ranks: first one of each node, then a second one of each, and so on.  `level`
   has the place of every rank on its node. */
static PetscErrorCode Choose(NakWriters w, const PetscMPIInt level[])
{
  PetscMPIInt found = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(w->count, &w->list));
  for (PetscMPIInt k = 0; found < w->count; k++)
    for (PetscMPIInt rank = 0; rank < w->ranks && found < w->count; rank++)
      if (level[rank] == k) w->list[found++] = rank;
  for (PetscMPIInt k = 0; k < w->count; k++)
    if (w->list[k] == w->rank) w->place = k;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakWritersCreate(MPI_Comm comm, PetscInt count, NakWriters *writers)
{
  NakWriters   w;
  MPI_Comm     node;
  PetscMPIInt  mine, nodes = 0;
  PetscMPIInt *level;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&w));
  *writers = w;
  w->place = -1;
  PetscCallMPI(MPI_Comm_dup(comm, &w->comm));
  PetscCallMPI(MPI_Comm_rank(comm, &w->rank));
  PetscCallMPI(MPI_Comm_size(comm, &w->ranks));
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_rank(node, &mine));
  PetscCallMPI(MPI_Comm_free(&node));
  PetscCall(PetscMalloc1(w->ranks, &level));
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, level, 1, MPI_INT, w->comm));
  for (PetscMPIInt rank = 0; rank < w->ranks; rank++) nodes += level[rank] == 0;
  w->count = count == 0 ? nodes : (PetscMPIInt)PetscMin(count, w->ranks);
  PetscCall(Choose(w, level));
  PetscCall(PetscFree(level));
  PetscFunctionReturn(PETSC_SUCCESS);
}

MPI_Comm NakWritersComm(NakWriters writers)
{
  return writers->comm;
}

PetscMPIInt NakWritersCount(NakWriters writers)
{
  return writers->count;
}

PetscReal NakStoreWriterMemory(PetscReal bytes, PetscInt writers, PetscBool compressed)
{
  const PetscReal piece = PetscMin((PetscReal)NAK_PIECE, bytes);

  return compressed ? 5 * piece + bytes / (PetscReal)writers : 2 * piece;
}

PetscErrorCode NakWritersDestroy(NakWriters *writers)
{
  PetscFunctionBeginUser;
  if (*writers == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_free(&(*writers)->comm));
  PetscCall(PetscFree((*writers)->list));
  PetscCall(PetscFree(*writers));
  PetscFunctionReturn(PETSC_SUCCESS);
}
