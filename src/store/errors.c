/* Failures of HDF5: its message is kept, and reported to all ranks. */
#include "hdf5_impl.h"

#include <string.h>

static herr_t KeepInnermost(unsigned depth, const H5E_error2_t *error, void *ctx)
{
  NakStore const store = ctx;

  if (depth == 0) (void)snprintf(store->reason, sizeof(store->reason), "%s", error->desc);
  for (char *end = strchr(store->reason, '\n'); end != NULL; end = strchr(end, '\n')) *end = ' ';
  return 0;
}

/* HDF5 calls this instead of printing its stack.  The first failure explains those after it. */
static herr_t KeepReason(hid_t stack, void *ctx)
{
  NakStore const store = ctx;

  if (store->reason[0] != '\0') return 0;
  return H5Ewalk2(stack, H5E_WALK_UPWARD, KeepInnermost, store);
}

NakReporting NakTakeReporting(NakStore store)
{
  NakReporting before = {.report = NULL, .ctx = NULL};

  (void)H5Eget_auto2(H5E_DEFAULT, &before.report, &before.ctx);
  (void)H5Eset_auto2(H5E_DEFAULT, KeepReason, store);
  return before;
}

void NakReturnReporting(NakReporting before)
{
  (void)H5Eset_auto2(H5E_DEFAULT, before.report, before.ctx);
}

PetscErrorCode NakStoreAgree(NakStore store, PetscErrorCode code, herr_t status)
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (status < 0)
    NakFaultNote(&fault, code, "cannot %s %s: %s", store->writes ? "write" : "read", store->path,
                 store->reason);
  PetscCall(NakFaultAgree(store->writers->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}
