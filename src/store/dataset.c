/* Datasets of rank 0; the contract is in nakfield/store.h. */
#include "hdf5_impl.h"

#include <string.h>

/* Chunks are layers, compressed.  All of them are held until the dataset is closed, because every
   rank writes a part of each. */
static herr_t CompressLayers(hid_t options, hid_t access, hid_t type, int rank,
                             const hsize_t size[])
{
  const int slots = 12421, level = 1; /* a prime, some 100 times the layers */
  hsize_t   chunk[4], bytes      = H5Tget_size(type);

  for (int d = 0; d < rank; d++) {
    chunk[d] = d == 0 ? 1 : size[d];
    bytes *= size[d];
  }
  return NakFirst(NakFirst(H5Pset_chunk(options, rank, chunk), H5Pset_shuffle(options)),
                  NakFirst(H5Pset_deflate(options, (unsigned)level),
                           H5Pset_chunk_cache(access, (size_t)slots, (size_t)bytes, 1)));
}

hid_t NakCreateDataset(NakStore store, const char *name, hid_t type, int rank, const hsize_t size[])
{
  const hid_t space   = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, size, NULL);
  const hid_t options = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t groups  = H5Pcreate(H5P_LINK_CREATE);
  const hid_t access  = H5Pcreate(H5P_DATASET_ACCESS);
  hid_t       dataset = H5I_INVALID_HID;
  herr_t      status  = 0;

  (void)H5Pset_fill_time(options, H5D_FILL_TIME_NEVER);
  (void)H5Pset_obj_track_times(options, 0); /* the same run, the same bytes */
  (void)H5Pset_create_intermediate_group(groups, 1);
  if (store->compress && rank > 1) status = CompressLayers(options, access, type, rank, size);
  if (status >= 0) dataset = H5Dcreate2(store->file, name, type, space, groups, options, access);
  (void)H5Pclose(access);
  (void)H5Pclose(groups);
  (void)H5Pclose(options);
  (void)H5Sclose(space);
  return dataset;
}

/* Rank 0 alone writes the data that it alone has. */
static herr_t WriteAlone(NakStore store, const char *name, hid_t disk, hid_t memory, int rank,
                         hsize_t count, const void *values)
{
  NakReporting before;
  hid_t        dataset;
  herr_t       status;

  if (!NakHolds(store)) return 0;
  before  = NakTakeReporting(store);
  dataset = NakCreateDataset(store, name, disk, rank, &count);
  status  = dataset < 0 ? -1 : 0;
  if (dataset >= 0 && count > 0)
    status = H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  if (dataset >= 0) status = NakFirst(status, H5Dclose(dataset));
  NakReturnReporting(before);
  return status;
}

PetscErrorCode NakStoreWrite(NakStore store, const char *name, NakStoreType type, size_t count,
                             const void *values)
{
  herr_t status;

  PetscFunctionBeginUser;
  status =
    WriteAlone(store, name, NakDiskType(type), NakMemoryType(type), 1, (hsize_t)count, values);
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_WRITE, NakFirst(store->pending, status)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreWriteText(NakStore store, const char *name, size_t size, const char *text)
{
  const hid_t type   = NakTextType(size);
  herr_t      status = WriteAlone(store, name, type, type, 0, 1, text);

  PetscFunctionBeginUser;
  (void)H5Tclose(type);
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_WRITE, NakFirst(store->pending, status)));
  PetscFunctionReturn(PETSC_SUCCESS);
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
  if (store->rank == 0 && IsThere(store, name)) {
    hssize_t    found;
    const hid_t dataset = OpenDataset(store, name, &found);

    if (dataset >= 0) (void)H5Dclose(dataset);
    values[0] = PetscMax(found, 0);
    values[1] = 1;
  }
  NakReturnReporting(before);
  PetscCallMPI(MPI_Bcast(values, 2, MPI_INT64_T, 0, store->comm));
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
  const herr_t status = store->rank == 0 ? ReadAlone(store, name, memory, count, values) : 0;
  size_t       bytes  = count * H5Tget_size(memory);

  PetscFunctionBeginUser;
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_UNEXPECTED, status));
  for (char *part = values; bytes > 0; part += MESSAGE) {
    const size_t now = PetscMin(bytes, MESSAGE);

    PetscCallMPI(MPI_Bcast(part, (int)now, MPI_BYTE, 0, store->comm));
    bytes -= now;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
