/* Compressed arrays; the contract is in hdf5_impl.h.

   Every writer compresses chunks of its own, and keeps them until the file is written.  HDF5 does
   it, in a file in memory that has the writer's chunks alone.  Rank 0 then gives HDF5 chunks of the
   same sizes for the file proper: their bytes are dropped, and the driver knows where they
   belong. */
#include "hdf5_impl.h"

#include <string.h>

size_t NakChunkBytes(const NakStoreBox *box, size_t unit)
{
  uint64_t row = unit;

  for (int d = 2; d < box->rank; d++) row *= (uint64_t)box->size[d];
  if (box->rank < 2 || NakArrayBytes(box, unit) == 0 || row > NAK_PIECE) return 0;
  return (size_t)(row * PetscMin(NAK_PIECE / row, (uint64_t)box->size[1]));
}

void NakChunkShape(const NakStoreBox *box, size_t unit, uint64_t at, size_t size, hsize_t start[],
                   hsize_t count[])
{
  uint64_t element = at / unit, left = size / unit;

  for (int d = box->rank - 1; d >= 0; d--) {
    count[d] = d > 1 ? (hsize_t)box->size[d] : 1;
    start[d] = d > 0 ? element % (uint64_t)box->size[d] : element;
    element /= (uint64_t)box->size[d];
    if (d > 1) left /= (uint64_t)box->size[d];
  }
  count[1] = left;
}

hid_t NakDatasetOptions(const NakStoreBox *box, size_t unit)
{
  const hid_t    options = H5Pcreate(H5P_DATASET_CREATE);
  const unsigned level   = 1;
  hsize_t        start[4], chunk[4];

  (void)H5Pset_fill_time(options, H5D_FILL_TIME_NEVER);
  (void)H5Pset_obj_track_times(options, 0); /* the same run, the same bytes */
  if (box == NULL) {
    (void)H5Pset_alloc_time(options, H5D_ALLOC_TIME_EARLY); /* so that its place is known */
    return options;
  }
  NakChunkShape(box, unit, 0, NakChunkBytes(box, unit), start, chunk);
  (void)H5Pset_chunk(options, box->rank, chunk);
  (void)H5Pset_shuffle(options);
  (void)H5Pset_deflate(options, level);
  return options;
}

/* What a writer compresses. */
typedef struct {
  hid_t file, dataset;
  hid_t type; /* on the disk */
} Scratch;

/* What is missing at the end of a layer is 0, not what happens to be in memory: the same run, the
   same bytes. */
static Scratch OpenScratch(const NakStoreBox *box, hid_t type)
{
  const size_t growth  = (size_t)1 << 20;
  const hid_t  memory  = H5Pcreate(H5P_FILE_ACCESS);
  const hid_t  at_once = H5Pcreate(H5P_DATASET_ACCESS);
  const hid_t  options = NakDatasetOptions(box, H5Tget_size(type));
  hsize_t      size[4];
  hid_t        space;
  Scratch      scratch = {.dataset = H5I_INVALID_HID, .type = type};

  for (int d = 0; d < box->rank; d++) size[d] = (hsize_t)box->size[d];
  space = H5Screate_simple(box->rank, size, NULL);
  (void)H5Pset_fapl_core(memory, growth, 0);
  (void)H5Pset_chunk_cache(at_once, 1, 0, 0);
  (void)H5Pset_fill_time(options, H5D_FILL_TIME_ALLOC);
  scratch.file = H5Fcreate("scratch", H5F_ACC_TRUNC, H5P_DEFAULT, memory);
  if (scratch.file >= 0)
    scratch.dataset = H5Dcreate2(scratch.file, "array", type, space, H5P_DEFAULT, options, at_once);
  (void)H5Sclose(space);
  (void)H5Pclose(options);
  (void)H5Pclose(at_once);
  (void)H5Pclose(memory);
  return scratch;
}

static void CloseScratch(Scratch scratch)
{
  if (scratch.dataset >= 0) (void)H5Dclose(scratch.dataset);
  if (scratch.file >= 0) (void)H5Fclose(scratch.file);
}

/* A compressed chunk; `mask` says which filters HDF5 left out. */
typedef struct {
  uint64_t size, mask;
} Chunk;

/* The chunk of `size` bytes at byte `at` of an array. */
static PetscErrorCode Compress(const Scratch *scratch, const NakExtent *array, uint64_t at,
                               size_t size, const char bytes[], Chunk *chunk, char **compressed,
                               herr_t *status)
{
  const hid_t there  = H5Dget_space(scratch->dataset);
  hsize_t     length = 0, start[4], count[4];
  uint32_t    mask   = 0;
  hid_t       here;

  PetscFunctionBeginUser;
  NakChunkShape(array->boxes, array->unit, at, size, start, count);
  here    = H5Screate_simple(array->boxes->rank, count, NULL);
  *status = H5Sselect_hyperslab(there, H5S_SELECT_SET, start, NULL, count, NULL);
  *status =
    NakFirst(*status, H5Dwrite(scratch->dataset, scratch->type, here, there, H5P_DEFAULT, bytes));
  *status = NakFirst(*status, H5Dget_chunk_storage_size(scratch->dataset, start, &length));
  (void)H5Sclose(there);
  (void)H5Sclose(here);
  if (*status < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(length, compressed));
  *status = H5Dread_chunk(scratch->dataset, H5P_DEFAULT, start, &mask, *compressed);
  *chunk  = (Chunk){.size = length, .mask = mask};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's chunks, and the size of every chunk on all ranks. */
static PetscErrorCode CompressAll(NakStore store, const NakExtent *array, NakStream *stream,
                                  Chunk chunks[], char *compressed[])
{
  const Scratch scratch = OpenScratch(array->boxes, NakDiskType(array->type));
  herr_t        status  = scratch.dataset < 0 ? -1 : 0;
  size_t        number, size;
  uint64_t      at;

  PetscFunctionBeginUser;
  for (size_t round = 0; round < stream->rounds; round++) {
    PetscCall(NakStreamCollect(stream, round));
    if (NakStreamWindow(stream, round, &number, &at, &size) && status >= 0)
      PetscCall(Compress(&scratch, array, at, size, stream->bytes, &chunks[number],
                         &compressed[number], &status));
  }
  CloseScratch(scratch);
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_WRITE, status));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, chunks, (int)(2 * stream->windows), MPI_UINT64_T,
                             MPI_SUM, store->writers->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Places of the chunks in the file, which rank 0 learns by writing as many bytes. */
static PetscErrorCode Place(NakStore store, hid_t dataset, const NakExtent *array,
                            const NakStream *stream, const Chunk chunks[], uint64_t places[],
                            herr_t *status)
{
  hsize_t  start[4], count[4];
  uint64_t at;
  size_t   size, longest = 0;
  char    *any;

  PetscFunctionBeginUser;
  for (size_t k = 0; k < stream->windows; k++) longest = PetscMax(longest, chunks[k].size);
  PetscCall(PetscCalloc1(longest, &any));
  for (size_t k = 0; k < stream->windows; k++) {
    NakStreamPlace(stream, k, &at, &size);
    NakChunkShape(array->boxes, array->unit, at, size, start, count);
    *status   = NakFirst(*status, H5Dwrite_chunk(dataset, H5P_DEFAULT, (uint32_t)chunks[k].mask,
                                                 start, chunks[k].size, any));
    places[k] = NakSkeletonDropped(store->skeleton);
  }
  PetscCall(PetscFree(any));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddChunks(NakStore store, hid_t dataset, const NakExtent *array,
                                const NakStream *stream, const Chunk chunks[], char *compressed[])
{
  uint64_t *places;
  herr_t    status = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(stream->windows, &places));
  if (NakHolds(store)) PetscCall(Place(store, dataset, array, stream, chunks, places, &status));
  for (size_t k = 0; k < stream->windows; k++) {
    const NakExtent extent = {.at    = places[k],
                              .bytes = chunks[k].size,
                              .owner = NakStreamOwner(stream, k),
                              .mine  = compressed[k],
                              .own   = PETSC_TRUE};

    PetscCall(NakStoreAdd(store, extent));
    compressed[k] = NULL;
  }
  PetscCall(PetscFree(places));
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_WRITE, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreWriteChunks(NakStore store, hid_t dataset, const NakExtent *array)
{
  NakStream      stream = {.extents = array, .count = 1, .end = array->bytes};
  Chunk         *chunks;
  char         **compressed;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  stream.owners = store->writers->count;
  stream.period = array->bytes / (uint64_t)array->boxes->size[0];
  stream.window = NakChunkBytes(array->boxes, array->unit);
  PetscCall(NakStreamBegin(store->writers, &stream));
  PetscCall(PetscCalloc2(stream.windows, &chunks, stream.windows, &compressed));
  code = CompressAll(store, array, &stream, chunks, compressed);
  if (!code) code = AddChunks(store, dataset, array, &stream, chunks, compressed);
  for (size_t k = 0; k < stream.windows; k++) PetscCall(PetscFree(compressed[k]));
  PetscCall(PetscFree2(chunks, compressed));
  PetscCall(NakStreamEnd(&stream));
  PetscFunctionReturn(code);
}
