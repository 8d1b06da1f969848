/* Options of PETSc; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

PetscErrorCode NakOptionPrefer(const char option[], const char value[])
{
  PetscBool given;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsHasName(NULL, NULL, option, &given));
  if (!given) PetscCall(PetscOptionsSetValue(NULL, option, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}
