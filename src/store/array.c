/* Arrays of all ranks.  Rank 0 writes and reads the parts of the others; the contract is in
   nakfield/store.h. */
#include "hdf5_impl.h"

#define ROOM_TO_KEEP 4194304 /* for the other files of the run [B] */
#define OVERHEAD     65536   /* that HDF5 may add to an array, its attributes included [B] */

/* Check the room now, not after all has been sent. */
static PetscErrorCode CheckRoom(NakStore store, PetscReal bytes)
{
  const PetscReal need  = bytes + OVERHEAD;
  NakFault        fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (store->rank == 0) {
    const PetscReal room = NakFileRoom(store->file_path);

    if (need + ROOM_TO_KEEP > room)
      NakFaultNote(&fault, PETSC_ERR_FILE_WRITE,
                   "cannot write %s: it needs %.3g MB and leaves %.3g MB to the other files of the "
                   "run, and %.3g MB are free: make room",
                   store->path, (double)(1e-6 * need), 1e-6 * ROOM_TO_KEEP, (double)(1e-6 * room));
  }
  PetscCall(NakFaultAgree(store->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A part of a dataset: `from` into it, or out of it `into`. */
static herr_t Transfer(NakStore store, hid_t dataset, const NakStoreBox *box, hid_t memory,
                       const void *from, void *into)
{
  hsize_t     start[4], count[4];
  const hid_t there = H5Dget_space(dataset);
  hid_t       here;
  herr_t      status;

  for (int d = 0; d < box->rank; d++) {
    start[d] = (hsize_t)box->start[d];
    count[d] = (hsize_t)box->count[d];
  }
  here   = H5Screate_simple(box->rank, count, NULL);
  status = H5Sselect_hyperslab(there, H5S_SELECT_SET, start, NULL, count, NULL);
  if (store->writes)
    status = NakFirst(status, H5Dwrite(dataset, memory, here, there, H5P_DEFAULT, from));
  else
    status = NakFirst(status, H5Dread(dataset, memory, here, there, H5P_DEFAULT, into));
  (void)H5Sclose(here);
  (void)H5Sclose(there);
  return status;
}

static size_t BoxBytes(const NakStoreBox *box, NakStoreType type)
{
  size_t bytes = H5Tget_size(NakMemoryType(type));

  for (int d = 0; d < box->rank; d++) bytes *= (size_t)box->count[d];
  return bytes;
}

static PetscErrorCode Send(NakStore store, PetscMPIInt to, size_t bytes, const void *values)
{
  PetscFunctionBeginUser;
  for (const char *part = values; bytes > 0; part += MESSAGE) {
    const size_t now = PetscMin(bytes, MESSAGE);

    PetscCallMPI(MPI_Send(part, (int)now, MPI_BYTE, to, 0, store->comm));
    bytes -= now;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Receive(NakStore store, PetscMPIInt from, size_t bytes, void *values)
{
  PetscFunctionBeginUser;
  for (char *part = values; bytes > 0; part += MESSAGE) {
    const size_t now = PetscMin(bytes, MESSAGE);

    PetscCallMPI(MPI_Recv(part, (int)now, MPI_BYTE, from, 0, store->comm, MPI_STATUS_IGNORE));
    bytes -= now;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The part of another rank, into the dataset or out of it. */
static PetscErrorCode Serve(NakStore store, PetscMPIInt rank, hid_t dataset, NakStoreType type,
                            herr_t *status)
{
  const hid_t memory = NakMemoryType(type);
  NakStoreBox box;
  size_t      bytes;
  char       *values;

  PetscFunctionBeginUser;
  PetscCall(Receive(store, rank, sizeof box, &box));
  bytes = BoxBytes(&box, type);
  PetscCall(PetscMalloc1(bytes, &values));
  if (store->writes) {
    PetscCall(Receive(store, rank, bytes, values));
    *status = NakFirst(*status, Transfer(store, dataset, &box, memory, values, NULL));
  } else {
    *status = NakFirst(*status, Transfer(store, dataset, &box, memory, NULL, values));
    PetscCall(Send(store, rank, bytes, values));
  }
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The parts of all ranks, one after the other.  A failure does not end the loop, because the other
   ranks wait. */
static PetscErrorCode ServeAll(NakStore store, hid_t dataset, NakStoreType type,
                               const NakStoreBox *box, const void *from, void *into, herr_t *status)
{
  PetscFunctionBeginUser;
  *status = Transfer(store, dataset, box, NakMemoryType(type), from, into);
  for (PetscMPIInt rank = 1; rank < store->ranks; rank++)
    PetscCall(Serve(store, rank, dataset, type, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ask rank 0. */
static PetscErrorCode BeServed(NakStore store, NakStoreType type, const NakStoreBox *box,
                               const void *from, void *into)
{
  const size_t bytes = BoxBytes(box, type);

  PetscFunctionBeginUser;
  PetscCall(Send(store, 0, sizeof *box, box));
  PetscCall(store->writes ? Send(store, 0, bytes, from) : Receive(store, 0, bytes, into));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Agree on what rank 0 says about the dataset, exchange, and agree again.  So nothing is sent in
   vain. */
static PetscErrorCode ExchangeArray(NakStore store, hid_t dataset, herr_t status, NakStoreType type,
                                    const NakStoreBox *box, const void *from, void *into)
{
  PetscErrorCode code =
    NakStoreAgree(store, store->writes ? PETSC_ERR_FILE_WRITE : PETSC_ERR_FILE_UNEXPECTED, status);

  PetscFunctionBeginUser;
  if (!code) {
    if (store->rank == 0)
      PetscCall(ServeAll(store, dataset, type, box, from, into, &status));
    else
      PetscCall(BeServed(store, type, box, from, into));
    code = NakStoreAgree(store, store->writes ? PETSC_ERR_FILE_WRITE : PETSC_ERR_FILE_READ, status);
  }
  if (dataset >= 0) (void)H5Dclose(dataset);
  PetscFunctionReturn(code);
}

void NakStoreCompress(NakStore store)
{
  store->compress = PETSC_TRUE;
}

PetscErrorCode NakStoreWriteArray(NakStore store, const char *name, NakStoreType type,
                                  const NakStoreBox *box, const void *values)
{
  PetscReal      bytes = (PetscReal)H5Tget_size(NakDiskType(type));
  NakReporting   before;
  hsize_t        size[4];
  hid_t          dataset = H5I_INVALID_HID;
  herr_t         status  = 0;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  for (int d = 0; d < box->rank; d++) {
    bytes *= (PetscReal)box->size[d];
    size[d] = (hsize_t)box->size[d];
  }
  PetscCall(CheckRoom(store, bytes));
  before = NakTakeReporting(store);
  if (NakHolds(store)) {
    dataset = NakCreateDataset(store, name, NakDiskType(type), box->rank, size);
    status  = NakFirst(store->pending, dataset < 0 ? -1 : 0);
  }
  code = ExchangeArray(store, dataset, status, type, box, values, NULL);
  NakReturnReporting(before);
  PetscFunctionReturn(code);
}

/* Whether a dataset has the size of the array.  If not, a reason is noted. */
static herr_t CheckSize(NakStore store, const char *name, hid_t dataset, const NakStoreBox *box)
{
  const hid_t space   = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
  hsize_t     size[4] = {0};
  PetscBool   same    = (PetscBool)(space >= 0 && H5Sget_simple_extent_ndims(space) == box->rank &&
                               H5Sget_simple_extent_dims(space, size, NULL) == box->rank);

  for (int d = 0; same && d < box->rank; d++) same = (PetscBool)(size[d] == (hsize_t)box->size[d]);
  if (space >= 0 && !same)
    (void)snprintf(store->reason, sizeof(store->reason),
                   "%s has another size, that of another grid or number of phases", name);
  if (space >= 0) (void)H5Sclose(space);
  return same ? 0 : -1;
}

PetscErrorCode NakStoreReadArray(NakStore store, const char *name, NakStoreType type,
                                 const NakStoreBox *box, void *values)
{
  const NakReporting before  = NakTakeReporting(store);
  hid_t              dataset = H5I_INVALID_HID;
  herr_t             status  = 0;
  PetscErrorCode     code;

  PetscFunctionBeginUser;
  if (store->rank == 0) {
    dataset = H5Dopen2(store->file, name, H5P_DEFAULT);
    status  = CheckSize(store, name, dataset, box);
  }
  code = ExchangeArray(store, dataset, status, type, box, NULL, values);
  NakReturnReporting(before);
  PetscFunctionReturn(code);
}
