/* Tasks that PETSc leaves to its users; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

PetscErrorCode NakOptionPrefer(const char option[], const char value[])
{
  PetscBool given;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsHasName(NULL, NULL, option, &given));
  if (!given) PetscCall(PetscOptionsSetValue(NULL, option, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakRenewJacobian(TS ts, PetscReal stage_time)
{
  PetscReal time;
  SNES      snes;

  PetscFunctionBeginUser;
  PetscCall(TSGetTime(ts, &time));
  if (stage_time > time) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetLagJacobian(snes, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTakeOptions(TS ts, SNES snes)
{
  const MPI_Comm comm = PetscObjectComm(ts != NULL ? (PetscObject)ts : (PetscObject)snes);
  PetscErrorCode refused;

  PetscFunctionBeginUser;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  refused = ts != NULL ? TSSetFromOptions(ts) : SNESSetFromOptions(snes);
  PetscCall(PetscPopErrorHandler());
  PetscCheck(
    refused == PETSC_SUCCESS, comm, PETSC_ERR_USER_INPUT,
    "PETSc refuses its options (after -- or in the deck's petsc list): an unknown type, or a "
    "value of the wrong kind");
  PetscFunctionReturn(PETSC_SUCCESS);
}
