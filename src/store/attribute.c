/* Attributes and links; the contract is in nakfield/store.h. */
#include "hdf5_impl.h"

#include <string.h>

static void WriteAttribute(NakStore store, const char *owner, const char *name, hid_t disk,
                           hid_t memory, const void *value)
{
  NakReporting before;
  hid_t        space, attribute;

  if (!NakHolds(store)) return;
  before = NakTakeReporting(store);
  space  = H5Screate(H5S_SCALAR);
  attribute =
    H5Acreate_by_name(store->file, owner, name, disk, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

  store->pending =
    NakFirst(store->pending, attribute < 0 ? -1 : H5Awrite(attribute, memory, value));
  if (attribute >= 0) (void)H5Aclose(attribute);
  (void)H5Sclose(space);
  NakReturnReporting(before);
}

PetscErrorCode NakStoreText(NakStore store, const char *owner, const char *name, const char *text)
{
  const hid_t type = NakTextType(strlen(text) + 1);

  PetscFunctionBeginUser;
  WriteAttribute(store, owner, name, type, type, text);
  (void)H5Tclose(type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreNumber(NakStore store, const char *owner, const char *name,
                              NakStoreType type, const void *value)
{
  PetscFunctionBeginUser;
  WriteAttribute(store, owner, name, NakDiskType(type), NakMemoryType(type), value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreLink(NakStore store, const char *name, const char *file, const char *target)
{
  NakReporting before;
  hid_t        groups;

  PetscFunctionBeginUser;
  if (!NakHolds(store)) PetscFunctionReturn(PETSC_SUCCESS);
  before = NakTakeReporting(store);
  groups = H5Pcreate(H5P_LINK_CREATE);
  (void)H5Pset_create_intermediate_group(groups, 1);
  store->pending = NakFirst(
    store->pending, H5Lcreate_external(file, target, store->file, name, groups, H5P_DEFAULT));
  (void)H5Pclose(groups);
  NakReturnReporting(before);
  PetscFunctionReturn(PETSC_SUCCESS);
}
