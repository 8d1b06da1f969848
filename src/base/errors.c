/* Errors as the user sees them; the contract is in nakfield/base.h. */
#include <nakfield/base.h>
#include <stdio.h>

int NakExitStatus(PetscErrorCode code)
{
  /* not a switch: the code is an enumeration from PETSc 3.19 on, and a plain number before */
  const int status = (int)code;

  if (status == 0) return NAK_EXIT_DONE;
  if (status == PETSC_ERR_USER_INPUT) return NAK_EXIT_INPUT;
  if (status == PETSC_ERR_NOT_CONVERGED || status == PETSC_ERR_FP) return NAK_EXIT_SOLVER;
  if (status == PETSC_ERR_FILE_OPEN || status == PETSC_ERR_FILE_READ ||
      status == PETSC_ERR_FILE_WRITE || status == PETSC_ERR_FILE_UNEXPECTED)
    return NAK_EXIT_OUTPUT;
  return NAK_EXIT_BUG;
}

/* Whether this rank speaks for all of `comm`.  On PETSC_COMM_SELF every rank speaks for itself. */
static PetscBool Speaks(MPI_Comm comm)
{
  PetscMPIInt rank = 0;

  if (comm == MPI_COMM_NULL || comm == PETSC_COMM_SELF) return PETSC_TRUE;
  if (MPI_Comm_rank(comm, &rank) != MPI_SUCCESS) return PETSC_TRUE;
  return (PetscBool)(rank == 0);
}

static PetscErrorCode HandleError(MPI_Comm comm, int line, const char *function, const char *file,
                                  PetscErrorCode code, PetscErrorType type, const char *message,
                                  void *context)
{
  NakFault *const last = context;

  if (NakExitStatus(code) == NAK_EXIT_BUG)
    return PetscTraceBackErrorHandler(comm, line, function, file, code, type, message, context);
  if (type != PETSC_ERROR_INITIAL || message == NULL) return code;
  if (last != NULL) {
    last->code = PETSC_SUCCESS;
    NakFaultNote(last, code, "%s", message);
  }
  if (Speaks(comm)) {
    (void)fflush(stdout);
    (void)fprintf(stderr, "nakfield: %s\n", message);
    (void)fflush(stderr);
  }
  return code;
}

PetscErrorCode NakErrorsInstall(NakFault *last)
{
  PetscFunctionBeginUser;
  PetscCall(PetscPushErrorHandler(HandleError, last));
  PetscFunctionReturn(PETSC_SUCCESS);
}
