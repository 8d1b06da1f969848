/* The log, and paths in the run directory; the contract is in nakfield/output.h. */
#include "output_impl.h"

#include <errno.h>
#include <stdarg.h>

PetscErrorCode NakOutputPath(NakOutput output, const char *name, char path[PETSC_MAX_PATH_LEN])
{
  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, PETSC_MAX_PATH_LEN, "%s/%s", output->directory, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputLog(NakOutput output, const char format[], ...)
{
  va_list args;
  int     failed;

  PetscFunctionBeginUser;
  if (output->rank != 0) PetscFunctionReturn(PETSC_SUCCESS);
  va_start(args, format);
  failed = vfprintf(output->log, format, args) < 0;
  va_end(args);
  failed = fputc('\n', output->log) == EOF || failed;
  failed = fflush(output->log) != 0 || failed;
  if (failed && output->log_errno == 0) output->log_errno = errno;
  PetscFunctionReturn(PETSC_SUCCESS);
}
