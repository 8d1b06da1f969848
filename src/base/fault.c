/* Faults that some ranks find and one rank reports; the contract is in nakfield/base.h. */
#include <nakfield/base.h>
#include <stdarg.h>
#include <stdio.h>

void NakFaultNote(NakFault *fault, PetscErrorCode code, const char format[], ...)
{
  va_list args;

  if (fault->code) return;
  fault->code = code;
  va_start(args, format);
  (void)vsnprintf(fault->text, sizeof(fault->text), format, args);
  va_end(args);
}

static PetscErrorCode Raise(const NakFault *fault)
{
  PetscFunctionBeginUser;
  SETERRQ(PETSC_COMM_SELF, fault->code, "%s", fault->text);
}

/* The lowest rank that has a fault; the number of ranks if there is none. */
static PetscErrorCode First(MPI_Comm comm, const NakFault *fault, PetscMPIInt *rank,
                            PetscMPIInt *size, PetscMPIInt *first)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, rank));
  PetscCallMPI(MPI_Comm_size(comm, size));
  *first = fault->code ? *rank : *size;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, first, 1, MPI_INT, MPI_MIN, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFaultShare(MPI_Comm comm, NakFault *fault)
{
  PetscMPIInt rank, size, first;

  PetscFunctionBeginUser;
  PetscCall(First(comm, fault, &rank, &size, &first));
  if (first < size) PetscCallMPI(MPI_Bcast(fault, sizeof *fault, MPI_BYTE, first, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFaultAgree(MPI_Comm comm, const NakFault *fault)
{
  PetscMPIInt    rank, size, first;
  PetscErrorCode mine = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCall(First(comm, fault, &rank, &size, &first));
  if (first == size) PetscFunctionReturn(PETSC_SUCCESS);
  if (first == rank) mine = Raise(fault);
  PetscCall(NakAgree(comm, mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}
