/* Datasets of rank 0; the contract is in nakfield/store.h. */
#include "hdf5_impl.h"

#include <string.h>

uint64_t NakDataAt(hid_t dataset)
{
  const haddr_t at = H5Dget_offset(dataset);

  return at == HADDR_UNDEF ? 0 : (uint64_t)at;
}

hid_t NakCreateDataset(NakStore store, const char *name, hid_t type, int rank, const hsize_t size[],
                       const NakStoreBox *chunked, uint64_t *at)
{
  const hid_t space   = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, size, NULL);
  const hid_t options = NakDatasetOptions(chunked, H5Tget_size(type));
  const hid_t groups  = H5Pcreate(H5P_LINK_CREATE);
  hid_t       dataset;

  (void)H5Pset_create_intermediate_group(groups, 1);
  dataset = H5Dcreate2(store->file, name, type, space, groups, options, H5P_DEFAULT);
  if (dataset >= 0) *at = NakDataAt(dataset);
  (void)H5Pclose(groups);
  (void)H5Pclose(options);
  (void)H5Sclose(space);
  return dataset;
}

/* `count` values as they are on the disk, to be freed; NULL for none.  The status is HDF5's. */
static PetscErrorCode ToDisk(NakStoreType type, size_t count, const void *values, char **bytes,
                             herr_t *status)
{
  const hid_t  memory = NakMemoryType(type), disk = NakDiskType(type);
  const size_t before = count * H5Tget_size(memory), after = count * H5Tget_size(disk);

  PetscFunctionBeginUser;
  *bytes = NULL;
  if (count == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(PetscMax(before, after), bytes));
  memcpy(*bytes, values, before);
  if (H5Tequal(memory, disk) <= 0)
    *status = NakFirst(*status, H5Tconvert(memory, disk, count, *bytes, NULL, H5P_DEFAULT));
  if (after < before) PetscCall(PetscRealloc(after, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Data that rank 0 alone has: `bytes`, which the store takes over. */
static PetscErrorCode WriteAlone(NakStore store, const char *name, hid_t type, int rank,
                                 hsize_t count, char *bytes, herr_t status)
{
  NakExtent      extent  = {.bytes = count * H5Tget_size(type), .mine = bytes, .own = PETSC_TRUE};
  hid_t          dataset = H5I_INVALID_HID;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (NakHolds(store)) {
    dataset = NakCreateDataset(store, name, type, rank, &count, NULL, &extent.at);
    status  = NakFirst(status, dataset < 0 ? -1 : H5Dclose(dataset));
  }
  code = NakStoreAgree(store, PETSC_ERR_FILE_WRITE, NakFirst(store->pending, status));
  if (code)
    PetscCall(PetscFree(bytes));
  else
    PetscCall(NakStoreAdd(store, extent));
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreWrite(NakStore store, const char *name, NakStoreType type, size_t count,
                             const void *values)
{
  const NakReporting before = NakTakeReporting(store);
  herr_t             status = 0;
  char              *bytes  = NULL;
  PetscErrorCode     code;

  PetscFunctionBeginUser;
  if (NakHolds(store)) PetscCall(ToDisk(type, count, values, &bytes, &status));
  code = WriteAlone(store, name, NakDiskType(type), 1, (hsize_t)count, bytes, status);
  NakReturnReporting(before);
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreWriteText(NakStore store, const char *name, size_t size, const char *text)
{
  const NakReporting before = NakTakeReporting(store);
  const hid_t        type   = NakTextType(size);
  char              *bytes  = NULL;
  PetscErrorCode     code;

  PetscFunctionBeginUser;
  if (NakHolds(store)) {
    PetscCall(PetscMalloc1(H5Tget_size(type), &bytes));
    memcpy(bytes, text, H5Tget_size(type));
  }
  code = WriteAlone(store, name, type, 0, 1, bytes, 0);
  (void)H5Tclose(type);
  NakReturnReporting(before);
  PetscFunctionReturn(code);
}

/* Open a dataset for reading.  Its number of values is -1 if it cannot be opened. */
static hid_t OpenDataset(NakStore store, const char *name, hssize_t *count)
{
  const hid_t dataset = H5Dopen2(store->file, name, H5P_DEFAULT);
  const hid_t space   = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);

  *count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  if (space >= 0) (void)H5Sclose(space);
  return dataset;
}

/* Whether there is a dataset of that name.  HDF5 needs every group on the way to exist. */
static PetscBool IsThere(NakStore store, const char *name)
{
  char      path[PETSC_MAX_PATH_LEN];
  PetscBool there = PETSC_TRUE;

  (void)snprintf(path, sizeof path, "%s", name);
  for (char *slash = strchr(path, '/'); there && slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    there  = (PetscBool)(H5Lexists(store->file, path, H5P_DEFAULT) > 0);
    *slash = '/';
  }
  return (PetscBool)(there && H5Lexists(store->file, name, H5P_DEFAULT) > 0);
}

PetscErrorCode NakStoreCount(NakStore store, const char *name, size_t *count, PetscBool *there)
{
  const NakReporting before    = NakTakeReporting(store);
  int64_t            values[2] = {0, 0}; /* how many, and whether there are any */

  PetscFunctionBeginUser;
  if (store->writers->rank == 0 && IsThere(store, name)) {
    hssize_t    found;
    const hid_t dataset = OpenDataset(store, name, &found);

    if (dataset >= 0) (void)H5Dclose(dataset);
    values[0] = PetscMax(found, 0);
    values[1] = 1;
  }
  NakReturnReporting(before);
  PetscCallMPI(MPI_Bcast(values, 2, MPI_INT64_T, 0, store->writers->comm));
  *count = (size_t)values[0];
  *there = (PetscBool)(values[1] != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 reads every value of a dataset that holds `count`. */
static herr_t ReadAlone(NakStore store, const char *name, hid_t memory, size_t count, void *values)
{
  const NakReporting before = NakTakeReporting(store);
  hssize_t           found;
  const hid_t        dataset = OpenDataset(store, name, &found);
  herr_t             status  = 0;

  if (dataset >= 0 && found != (hssize_t)count) {
    status = -1;
    (void)snprintf(store->reason, sizeof(store->reason), "%s has %lld values, not %zu", name,
                   (long long)found, count);
  } else if (dataset < 0)
    status = -1;
  else if (count > 0)
    status = H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  if (dataset >= 0) (void)H5Dclose(dataset);
  NakReturnReporting(before);
  return status;
}

PetscErrorCode NakStoreRead(NakStore store, const char *name, NakStoreType type, size_t count,
                            void *values)
{
  const hid_t  memory = NakMemoryType(type);
  const herr_t status =
    store->writers->rank == 0 ? ReadAlone(store, name, memory, count, values) : 0;
  size_t bytes = count * H5Tget_size(memory);

  PetscFunctionBeginUser;
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_UNEXPECTED, status));
  for (char *part = values; bytes > 0; part += MESSAGE) {
    const size_t now = PetscMin(bytes, MESSAGE);

    PetscCallMPI(MPI_Bcast(part, (int)now, MPI_BYTE, 0, store->writers->comm));
    bytes -= now;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
