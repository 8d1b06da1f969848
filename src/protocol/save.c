/* Remembered positions; the contract is in nakfield/protocol.h. */
#include "protocol_impl.h"

PetscErrorCode NakProtocolSave(NakProtocol protocol)
{
  PetscFunctionBeginUser;
  protocol->saved_at        = protocol->at;
  protocol->n_saved_reports = protocol->n_reports;
  PetscCall(PetscArraycpy(protocol->saved_slots, protocol->slots, protocol->n_slots));
  PetscCall(PetscArraycpy(protocol->saved_reports, protocol->reports, protocol->n_reports));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolRestore(NakProtocol protocol)
{
  PetscFunctionBeginUser;
  protocol->at        = protocol->saved_at;
  protocol->n_reports = protocol->n_saved_reports;
  PetscCall(PetscArraycpy(protocol->slots, protocol->saved_slots, protocol->n_slots));
  PetscCall(PetscArraycpy(protocol->reports, protocol->saved_reports, protocol->n_saved_reports));
  PetscFunctionReturn(PETSC_SUCCESS);
}
