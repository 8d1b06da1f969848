/* Arrays of all ranks; the contract is in nakfield/store.h. */
#include "hdf5_impl.h"

#include <string.h>

/* ---- Boxes and values ---- */

static size_t DiskSize(NakStoreType type)
{
  return H5Tget_size(NakDiskType(type));
}

PetscErrorCode NakStoreBoxes(NakStore store, const NakStoreBox *box, const NakStoreBox **boxes)
{
  const NakWriters w     = store->writers;
  const size_t     bytes = (size_t)w->ranks * sizeof *box;
  NakStoreBox     *all;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(w->ranks, &all));
  PetscCallMPI(MPI_Allgather(box, sizeof *box, MPI_BYTE, all, sizeof *box, MPI_BYTE, w->comm));
  for (size_t k = 0; k < store->n_boxes; k++) {
    if (memcmp(store->boxes[k], all, bytes) != 0) continue;
    PetscCall(PetscFree(all));
    *boxes = store->boxes[k];
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscRealloc((store->n_boxes + 1) * sizeof all, &store->boxes));
  store->boxes[store->n_boxes++] = all;
  *boxes                         = all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's part of an array.  Unused places are the same on all ranks. */
static NakStoreBox Plain(const NakStoreBox *box)
{
  NakStoreBox plain;

  memset(&plain, 0, sizeof plain);
  plain.rank = box->rank;
  for (int d = 0; d < box->rank; d++) {
    plain.size[d]  = box->size[d];
    plain.start[d] = box->start[d];
    plain.count[d] = box->count[d];
  }
  return plain;
}

/* ---- Writing ---- */

void NakStoreCompress(NakStore store)
{
  store->compress = PETSC_TRUE;
}

enum { BLOCK = 512 }; /* values that are converted at a time */

/* Bytes of this rank's part as they are on the disk, of values that are not. */
static PetscErrorCode Fetch(const NakExtent *e, uint64_t from, size_t size, char bytes[])
{
  const hid_t    memory = NakMemoryType(e->type), disk = NakDiskType(e->type);
  const uint64_t end = from + size;
  PetscReal      block[BLOCK]; /* the longest type */

  PetscFunctionBeginUser;
  while (from < end) {
    const uint64_t first = from / e->unit, last = (end + e->unit - 1) / e->unit;
    const size_t   count = (size_t)PetscMin(last - first, BLOCK);
    const size_t   skip  = (size_t)(from - first * e->unit);
    const size_t   now   = (size_t)PetscMin(end - from, count * e->unit - skip);

    e->values(e->layout, e->array, (size_t)first, count, block);
    PetscCheck(H5Tconvert(memory, disk, count, block, NULL, H5P_DEFAULT) >= 0, PETSC_COMM_SELF,
               PETSC_ERR_LIB, "HDF5 cannot convert numbers");
    memcpy(bytes, (char *)block + skip, now);
    bytes += now;
    from += now;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `array` has the values one after another; `layout` is the size of one. */
static void FetchPlain(const void *layout, const void *array, size_t from, size_t count,
                       void *values)
{
  const size_t unit = *(const size_t *)layout;

  memcpy(values, (const char *)array + from * unit, count * unit);
}

static PetscErrorCode AddArray(NakStore store, hid_t dataset, const NakStoreBox *box,
                               PetscBool chunked, NakExtent array)
{
  PetscFunctionBeginUser;
  array.bytes = NakArrayBytes(box, array.unit);
  PetscCall(NakStoreBoxes(store, box, &array.boxes));
  if (chunked)
    PetscCall(NakStoreWriteChunks(store, dataset, &array));
  else
    PetscCall(NakStoreAdd(store, array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteArray(NakStore store, const char *name, const NakStoreBox *box,
                                 NakExtent array)
{
  const NakReporting before = NakTakeReporting(store);
  const NakStoreBox  plain  = Plain(box);
  const hid_t        disk   = NakDiskType(array.type);
  const PetscBool chunked   = (PetscBool)(store->compress && NakChunkBytes(&plain, array.unit) > 0);
  hid_t           dataset   = H5I_INVALID_HID;
  hsize_t         size[4];
  herr_t          status = store->pending;
  PetscErrorCode  code;

  PetscFunctionBeginUser;
  if (NakHolds(store)) {
    for (int d = 0; d < box->rank; d++) size[d] = (hsize_t)box->size[d];
    dataset =
      NakCreateDataset(store, name, disk, box->rank, size, chunked ? &plain : NULL, &array.at);
    status = NakFirst(status, dataset < 0 ? -1 : 0);
  }
  code = NakStoreAgree(store, PETSC_ERR_FILE_WRITE, status);
  if (!code) code = AddArray(store, dataset, &plain, chunked, array);
  if (dataset >= 0) (void)H5Dclose(dataset);
  NakReturnReporting(before);
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreFetchArray(NakStore store, const char *name, NakStoreType type,
                                  const NakStoreBox *box, NakStoreFetch fetch, const void *layout,
                                  const void *array)
{
  const NakExtent extent = {.owner  = -1,
                            .unit   = DiskSize(type),
                            .fetch  = Fetch,
                            .type   = type,
                            .values = fetch,
                            .layout = layout,
                            .array  = array};

  PetscFunctionBeginUser;
  PetscCall(WriteArray(store, name, box, extent));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreWriteArray(NakStore store, const char *name, NakStoreType type,
                                  const NakStoreBox *box, const void *values)
{
  static const size_t sizes[] = {[NAK_STORE_REAL]   = sizeof(PetscReal),
                                 [NAK_STORE_INT]    = sizeof(PetscInt),
                                 [NAK_STORE_BYTE]   = 1,
                                 [NAK_STORE_SINGLE] = sizeof(PetscReal)};
  const NakExtent     extent  = {
         .owner = -1, .unit = DiskSize(type), .type = type, .mine = (char *)values};

  PetscFunctionBeginUser;
  if (H5Tequal(NakMemoryType(type), NakDiskType(type)) > 0)
    PetscCall(WriteArray(store, name, box, extent));
  else
    PetscCall(NakStoreFetchArray(store, name, type, box, FetchPlain, &sizes[type], values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Reading ---- */

/* What rank 0 knows of a dataset that is read. */
typedef struct {
  uint64_t     at;   /* 0 if it is compressed */
  NakStoreType type; /* on the disk */
} Found;

static herr_t Refuse(NakStore store, const char *name, const char *what)
{
  (void)snprintf(store->reason, sizeof(store->reason), "%s has %s", name, what);
  return -1;
}

/* Whether a dataset has the size of the array.  If not, a reason is noted. */
static herr_t CheckSize(NakStore store, const char *name, hid_t dataset, const NakStoreBox *box)
{
  const hid_t space   = H5Dget_space(dataset);
  hsize_t     size[4] = {0};
  PetscBool   same    = (PetscBool)(space >= 0 && H5Sget_simple_extent_ndims(space) == box->rank &&
                               H5Sget_simple_extent_dims(space, size, NULL) == box->rank);

  for (int d = 0; same && d < box->rank; d++) same = (PetscBool)(size[d] == (hsize_t)box->size[d]);
  if (space >= 0) (void)H5Sclose(space);
  if (same) return 0;
  return Refuse(store, name, "another size, that of another grid or number of phases");
}

/* A type that a store writes. */
static herr_t FindType(NakStore store, const char *name, hid_t dataset, NakStoreType *type)
{
  static const NakStoreType known[] = {NAK_STORE_REAL, NAK_STORE_INT, NAK_STORE_BYTE,
                                       NAK_STORE_SINGLE};
  const hid_t               there   = H5Dget_type(dataset);
  PetscBool                 found   = PETSC_FALSE;

  for (size_t k = 0; k < sizeof known / sizeof known[0] && !found; k++) {
    found = (PetscBool)(there >= 0 && H5Tequal(there, NakDiskType(known[k])) > 0);
    *type = known[k];
  }
  if (there >= 0) (void)H5Tclose(there);
  return found ? 0 : Refuse(store, name, "numbers of another type");
}

/* Data of another file, by a link, are elsewhere. */
static herr_t CheckFile(NakStore store, const char *name, hid_t dataset)
{
  char here[PETSC_MAX_PATH_LEN] = "", there[PETSC_MAX_PATH_LEN] = "?";

  (void)H5Fget_name(store->file, here, sizeof here);
  (void)H5Fget_name(dataset, there, sizeof there);
  return strcmp(here, there) == 0 ? 0 : Refuse(store, name, "its data in another file");
}

static herr_t CheckFound(NakStore store, const char *name, hid_t dataset, const NakStoreBox *box,
                         Found *found)
{
  herr_t status = dataset < 0 ? -1 : CheckSize(store, name, dataset, box);

  if (status >= 0) status = CheckFile(store, name, dataset);
  if (status >= 0) status = FindType(store, name, dataset, &found->type);
  if (status >= 0) found->at = NakDataAt(dataset);
  return status;
}

/* Rank 0 alone reads a compressed array, chunk by chunk. */
static herr_t ReadChunk(hid_t dataset, hid_t disk, const NakStoreBox *box, uint64_t at, size_t size,
                        char *bytes)
{
  const hid_t there = H5Dget_space(dataset);
  hsize_t     start[4], count[4];
  hid_t       here;
  herr_t      status;

  NakChunkShape(box, H5Tget_size(disk), at, size, start, count);
  here   = H5Screate_simple(box->rank, count, NULL);
  status = H5Sselect_hyperslab(there, H5S_SELECT_SET, start, NULL, count, NULL);
  status = NakFirst(status, H5Dread(dataset, disk, here, there, H5P_DEFAULT, bytes));
  (void)H5Sclose(here);
  (void)H5Sclose(there);
  return status;
}

/* Writers read windows of the array, and spread them. */
static PetscErrorCode ReadStream(NakStore store, hid_t dataset, NakStoreType disk,
                                 const NakStoreBox *box, PetscBool chunked, NakStream *stream)
{
  size_t   number, size;
  uint64_t at;
  int      reason = 0;
  herr_t   status = 0;
  NakFault fault  = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  for (size_t round = 0; round < stream->rounds; round++) {
    if (NakStreamWindow(stream, round, &number, &at, &size)) {
      memset(stream->bytes, 0, size);
      if (chunked)
        status =
          NakFirst(status, ReadChunk(dataset, NakDiskType(disk), box, at, size, stream->bytes));
      else if (reason == 0)
        reason = NakFileReadAt(store->descriptor, stream->bytes, size, at);
    }
    PetscCall(NakStreamSpread(stream, round));
  }
  if (reason != 0)
    NakFaultNote(&fault, PETSC_ERR_FILE_READ, "cannot read %s: %s", store->path, strerror(reason));
  PetscCall(NakFaultAgree(store->writers->comm, &fault));
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_READ, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's part, as it is on the disk. */
static PetscErrorCode ReadBox(NakStore store, hid_t dataset, const Found *found,
                              const NakStoreBox *box, void *mine)
{
  const NakStoreBox plain   = Plain(box);
  const PetscBool   chunked = (PetscBool)(found->at == 0);
  NakExtent array  = {.at = found->at, .owner = -1, .unit = DiskSize(found->type), .mine = mine};
  NakStream stream = {.extents = &array, .count = 1, .begin = found->at};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  array.bytes = NakArrayBytes(&plain, array.unit);
  if (array.bytes == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStoreBoxes(store, &plain, &array.boxes));
  stream.end    = stream.begin + array.bytes;
  stream.period = chunked ? array.bytes / (uint64_t)box->size[0] : array.bytes;
  stream.window = chunked ? NakChunkBytes(&plain, array.unit) : NAK_PIECE;
  stream.owners = chunked ? 1 : store->writers->count;
  PetscCall(NakStreamBegin(store->writers, &stream));
  code = ReadStream(store, dataset, found->type, &plain, chunked, &stream);
  PetscCall(NakStreamEnd(&stream));
  PetscFunctionReturn(code);
}

static PetscErrorCode ReadFound(NakStore store, hid_t dataset, const Found *found,
                                NakStoreType type, const NakStoreBox *box, void *values)
{
  const hid_t  disk = NakDiskType(found->type), memory = NakMemoryType(type);
  const size_t count = (size_t)NakBoxBytes(box, 1), bytes = count * H5Tget_size(memory);
  char        *mine;
  herr_t       status;

  PetscFunctionBeginUser;
  if (H5Tequal(disk, memory) > 0) {
    PetscCall(ReadBox(store, dataset, found, box, values));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscMalloc1(PetscMax(count * DiskSize(found->type), bytes), &mine));
  PetscCall(ReadBox(store, dataset, found, box, mine));
  status = count == 0 ? 0 : H5Tconvert(disk, memory, count, mine, NULL, H5P_DEFAULT);
  if (count > 0) memcpy(values, mine, bytes);
  PetscCall(PetscFree(mine));
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_UNEXPECTED, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreReadArray(NakStore store, const char *name, NakStoreType type,
                                 const NakStoreBox *box, void *values)
{
  const NakReporting before  = NakTakeReporting(store);
  Found              found   = {.at = 0};
  hid_t              dataset = H5I_INVALID_HID;
  herr_t             status  = 0;
  PetscErrorCode     code;

  PetscFunctionBeginUser;
  if (store->writers->rank == 0) {
    dataset = H5Dopen2(store->file, name, H5P_DEFAULT);
    status  = CheckFound(store, name, dataset, box, &found);
  }
  code = NakStoreAgree(store, PETSC_ERR_FILE_UNEXPECTED, status);
  if (!code) {
    PetscCallMPI(MPI_Bcast(&found, sizeof found, MPI_BYTE, 0, store->writers->comm));
    code = ReadFound(store, dataset, &found, type, box, values);
  }
  if (dataset >= 0) (void)H5Dclose(dataset);
  NakReturnReporting(before);
  PetscFunctionReturn(code);
}
