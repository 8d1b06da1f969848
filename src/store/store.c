/* Stores: opened, and written when they are complete; the contract is in nakfield/store.h.

   HDF5 lays out a file on rank 0, in a driver that keeps only what HDF5 itself writes (driver.c).
   When the file is complete, writers collect its pieces from the arrays of all ranks and write them
   (stream.c).

   HDF5 does not work by MPI here.  If a disk fails, only one rank gets the error, and the others
   wait for it in H5Fclose() for ever.  On three ranks and more, Open MPI 4 reports the error to
   nobody. */
#include "hdf5_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_TO_KEEP 4194304 /* for the other files of the run [B] */

static PetscErrorCode Allocate(NakWriters writers, const char *path, NakStore *store)
{
  NakStore s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *store        = s;
  s->writers    = writers;
  s->file       = H5I_INVALID_HID;
  s->descriptor = -1;
  PetscCall(PetscStrncpy(s->path, path, sizeof(s->path)));
  PetscCall(PetscStrncpy(s->file_path, path, sizeof(s->file_path)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void CreateSkeleton(NakStore store)
{
  const hid_t access   = H5Pcreate(H5P_FILE_ACCESS);
  const hid_t creation = H5Pcreate(H5P_FILE_CREATE);

  if (store->seal[0] != '\0') (void)H5Pset_userblock(creation, NAK_SEAL_SIZE);
  if (NakSkeletonCreate(access, &store->skeleton) >= 0)
    store->file = H5Fcreate(store->file_path, H5F_ACC_TRUNC, creation, access);
  (void)H5Pclose(creation);
  (void)H5Pclose(access);
}

PetscErrorCode NakStoreCreate(NakWriters writers, const char *path, const char *seal,
                              NakStore *store)
{
  NakReporting   before;
  NakStore       s;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Allocate(writers, path, store));
  s         = *store;
  s->writes = PETSC_TRUE;
  PetscCall(PetscStrlcat(s->file_path, ".tmp", sizeof(s->file_path)));
  if (seal != NULL) PetscCall(PetscStrncpy(s->seal, seal, sizeof(s->seal)));
  before = NakTakeReporting(s);
  if (NakHolds(s)) CreateSkeleton(s);
  code = NakStoreAgree(s, PETSC_ERR_FILE_OPEN, NakHolds(s) && s->file < 0 ? -1 : 0);
  NakReturnReporting(before);
  if (code) (void)NakStoreDestroy(store);
  PetscFunctionReturn(code);
}

static void OpenFile(NakStore store, int flags, NakFault *fault)
{
  store->descriptor = open(store->file_path, flags | O_CLOEXEC, 0666);
  if (store->descriptor < 0)
    NakFaultNote(fault, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", store->file_path,
                 strerror(errno));
}

static PetscErrorCode OpenToRead(NakStore store)
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (store->writers->place >= 0) OpenFile(store, O_RDONLY, &fault);
  PetscCall(NakFaultAgree(store->writers->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreOpen(NakWriters writers, const char *path, NakStore *store)
{
  NakReporting   before;
  hid_t          access;
  NakStore       s;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Allocate(writers, path, store));
  s      = *store;
  before = NakTakeReporting(s);
  access = H5Pcreate(H5P_FILE_ACCESS);
  (void)H5Pset_file_locking(access, 0, 1); /* some clusters' file systems have no locks */
  if (writers->rank == 0) s->file = H5Fopen(path, H5F_ACC_RDONLY, access);
  (void)H5Pclose(access);
  code = NakStoreAgree(s, PETSC_ERR_FILE_OPEN, writers->rank == 0 && s->file < 0 ? -1 : 0);
  NakReturnReporting(before);
  if (!code) code = OpenToRead(s);
  if (code) (void)NakStoreDestroy(store);
  PetscFunctionReturn(code);
}

/* ---- Layout ---- */

PetscErrorCode NakStoreAdd(NakStore store, NakExtent extent)
{
  PetscFunctionBeginUser;
  if (store->count == store->room) {
    store->room = 2 * store->room + 32;
    PetscCall(PetscRealloc(store->room * sizeof extent, &store->extents));
  }
  store->extents[store->count++] = extent;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int CompareExtents(const void *a, const void *b)
{
  const uint64_t one = ((const NakExtent *)a)->at, other = ((const NakExtent *)b)->at;

  return (one > other) - (one < other);
}

/* What lies between the arrays is HDF5's, and rank 0 has it. */
static PetscErrorCode AddSkeleton(NakStore store, uint64_t at, uint64_t end)
{
  NakExtent extent = {.at = at, .bytes = end - at, .own = PETSC_TRUE};

  PetscFunctionBeginUser;
  if (at >= end) PetscFunctionReturn(PETSC_SUCCESS);
  if (store->writers->rank == 0) {
    PetscCall(PetscMalloc1(extent.bytes, &extent.mine));
    NakSkeletonRead(store->skeleton, at, extent.bytes, extent.mine);
  }
  PetscCall(NakStoreAdd(store, extent));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 tells where the data lie; what has none is dropped.  `*end` is the length of the file. */
static PetscErrorCode ShareLayout(NakStore store, uint64_t *end)
{
  const size_t all = store->count;
  uint64_t    *places;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(2 * all + 1, &places));
  for (size_t k = 0; k < all; k++) {
    places[2 * k]     = store->extents[k].at;
    places[2 * k + 1] = store->extents[k].bytes;
  }
  if (store->writers->rank == 0) places[2 * all] = (uint64_t)NakSkeletonEnd(store->skeleton);
  PetscCallMPI(MPI_Bcast(places, 2 * (int)all + 1, MPI_UINT64_T, 0, store->writers->comm));
  store->count = 0;
  for (size_t k = 0; k < all; k++) {
    NakExtent extent = store->extents[k];

    extent.at    = places[2 * k];
    extent.bytes = places[2 * k + 1];
    if (extent.bytes > 0) store->extents[store->count++] = extent;
  }
  *end = places[2 * all];
  PetscCall(PetscFree(places));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The extents in the order of the file, the same on all ranks. */
static PetscErrorCode LayOut(NakStore store, uint64_t *end)
{
  uint64_t at = 0;
  size_t   arrays;

  PetscFunctionBeginUser;
  PetscCall(ShareLayout(store, end));
  arrays = store->count;
  if (arrays > 0) qsort(store->extents, arrays, sizeof(NakExtent), CompareExtents);
  for (size_t k = 0; k < arrays; k++) {
    PetscCall(AddSkeleton(store, at, store->extents[k].at));
    at = store->extents[k].at + store->extents[k].bytes;
  }
  PetscCall(AddSkeleton(store, at, *end));
  qsort(store->extents, store->count, sizeof(NakExtent), CompareExtents);
  NakSkeletonDestroy(&store->skeleton);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Writing ---- */

static void CheckRoom(NakStore store, uint64_t bytes, NakFault *fault)
{
  const double need = (double)bytes, room = (double)NakFileRoom(store->file_path);

  if (need + ROOM_TO_KEEP > room)
    NakFaultNote(fault, PETSC_ERR_FILE_WRITE,
                 "cannot write %s: it needs %.3g MB and leaves %.3g MB to the other files of the "
                 "run, and %.3g MB are free: make room",
                 store->path, 1e-6 * need, 1e-6 * ROOM_TO_KEEP, 1e-6 * room);
}

/* Before anything is sent: rank 0 makes the file, if there is room for it, and other writers open
   it. */
static PetscErrorCode OpenToWrite(NakStore store, uint64_t bytes)
{
  const NakWriters w     = store->writers;
  NakFault         fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (w->rank == 0) CheckRoom(store, bytes, &fault);
  if (w->rank == 0 && !fault.code) OpenFile(store, O_WRONLY | O_CREAT | O_TRUNC, &fault);
  PetscCall(NakFaultAgree(w->comm, &fault));
  if (w->count == 1) PetscFunctionReturn(PETSC_SUCCESS);
  if (w->place > 0) OpenFile(store, O_WRONLY, &fault);
  PetscCall(NakFaultAgree(w->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void NoteWrite(NakStore store, int reason, NakFault *fault)
{
  if (reason != 0)
    NakFaultNote(fault, PETSC_ERR_FILE_WRITE, "cannot write %s: %s", store->path, strerror(reason));
}

/* All pieces but the first, which stays in the memory of rank 0.  Who cannot write goes on without
   writing, because others still send.  All learn of it a round later, and stop: so writers need not
   wait for the slowest one in every round. */
static PetscErrorCode WritePieces(NakStore store, NakStream *stream, uint64_t sums[],
                                  NakFault *fault, PetscBool *failed)
{
  MPI_Request request = MPI_REQUEST_NULL; /* in each round that of the one before */
  int         mine = 0, any = 0;          /* whether somebody cannot write */
  size_t      piece, size;
  uint64_t    at;

  PetscFunctionBeginUser;
  *failed = PETSC_FALSE;
  /* NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker): it does not see that the next round waits */
  for (size_t round = 0; round < stream->rounds && !*failed; round++) {
    PetscCall(NakStreamCollect(stream, round));
    if (NakStreamWindow(stream, round, &piece, &at, &size) && piece > 0) {
      if (store->seal[0] != '\0') sums[piece] = NakSealSum(stream->bytes, size);
      if (!fault->code)
        NoteWrite(store, NakFileWriteAt(store->descriptor, stream->bytes, size, at), fault);
    }
    PetscCallMPI(MPI_Wait(&request, MPI_STATUS_IGNORE));
    *failed = (PetscBool)(any != 0);
    mine    = fault->code != PETSC_SUCCESS;
    PetscCallMPI(MPI_Iallreduce(&mine, &any, 1, MPI_INT, MPI_MAX, store->writers->comm, &request));
  }
  PetscCallMPI(MPI_Wait(&request, MPI_STATUS_IGNORE));
  /* NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker) */
  *failed = (PetscBool)(any != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Close a writer's file, and before that make its pieces survive a power cut. */
static void CloseFile(NakStore store, PetscBool sync, NakFault *fault)
{
  int reason;

  if (store->descriptor < 0) return;
  if (!fault->code && sync) {
    reason = NakFileSyncNow(store->descriptor);
    if (reason != 0)
      NakFaultNote(fault, PETSC_ERR_FILE_WRITE, "cannot write %s to the disk: %s", store->path,
                   strerror(reason));
  }
  if (close(store->descriptor) != 0) NoteWrite(store, errno, fault);
  store->descriptor = -1;
}

static PetscErrorCode Rename(NakStore store, PetscBool sync)
{
  char folder[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCheck(rename(store->file_path, store->path) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot rename %s to %s: %s", store->file_path, store->path, strerror(errno));
  if (!sync) PetscFunctionReturn(PETSC_SUCCESS);
  NakFileFolder(store->path, folder);
  PetscCall(NakPathSync(folder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All other pieces are on the disk: the first piece with the seal, and then the name. */
static PetscErrorCode WriteFirst(NakStore store, const NakStream *stream, uint64_t sums[],
                                 PetscBool sync)
{
  const size_t size  = (size_t)PetscMin(stream->end, NAK_PIECE);
  NakFault     fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (store->seal[0] != '\0') NakSealPut(store->seal, stream->end, sums, stream->bytes);
  NoteWrite(store, NakFileWriteAt(store->descriptor, stream->bytes, size, 0), &fault);
  CloseFile(store, sync, &fault);
  PetscCall(NakFaultAgree(PETSC_COMM_SELF, &fault));
  PetscCall(Rename(store, sync));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whoever syncs the file later does not reach pieces that another node still holds, so writers
   other than rank 0 always sync. */
static PetscErrorCode WriteStream(NakStore store, NakStream *stream, PetscBool sync)
{
  MPI_Comm const  comm   = store->writers->comm;
  const size_t    pieces = (size_t)((stream->end + NAK_PIECE - 1) / NAK_PIECE);
  const PetscBool first  = (PetscBool)(store->writers->rank == 0);
  uint64_t       *sums;
  NakFault        fault = {.code = PETSC_SUCCESS};
  PetscBool       failed;
  PetscErrorCode  code;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(pieces, &sums));
  PetscCall(WritePieces(store, stream, sums, &fault, &failed));
  if (!first) CloseFile(store, (PetscBool)!failed, &fault);
  code = NakFaultAgree(comm, &fault);
  if (!code) {
    if (store->seal[0] != '\0')
      PetscCallMPI(
        MPI_Reduce(first ? MPI_IN_PLACE : sums, sums, (int)pieces, MPI_UINT64_T, MPI_BOR, 0, comm));
    if (first) code = WriteFirst(store, stream, sums, sync);
    code = NakAgree(comm, code);
  }
  PetscCall(PetscFree(sums));
  PetscFunctionReturn(code);
}

/* Lay out, write, rename. */
static PetscErrorCode Complete(NakStore store, PetscBool sync)
{
  NakStream      stream = {.owners = store->writers->count, .window = NAK_PIECE};
  herr_t         status = 0;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (NakHolds(store)) status = H5Fclose(store->file);
  store->file = H5I_INVALID_HID;
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_WRITE, NakFirst(store->pending, status)));
  PetscCall(LayOut(store, &stream.end));
  PetscCall(OpenToWrite(store, stream.end));
  stream.extents = store->extents;
  stream.count   = store->count;
  stream.period  = stream.end;
  PetscCall(NakStreamBegin(store->writers, &stream));
  code = WriteStream(store, &stream, sync);
  PetscCall(NakStreamEnd(&stream));
  PetscCall(code);
  store->writes = PETSC_FALSE; /* nothing to give up any more */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreCommit(NakStore *store, PetscBool sync)
{
  const NakReporting before = NakTakeReporting(*store);
  PetscErrorCode     code   = Complete(*store, sync);

  PetscFunctionBeginUser;
  NakReturnReporting(before);
  PetscCall(NakStoreDestroy(store));
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreDestroy(NakStore *store)
{
  NakStore     s = *store;
  NakReporting before;

  PetscFunctionBeginUser;
  *store = NULL;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  before = NakTakeReporting(s);
  if (s->file >= 0) (void)H5Fclose(s->file);
  NakSkeletonDestroy(&s->skeleton);
  if (s->descriptor >= 0) (void)close(s->descriptor);
  if (NakHolds(s)) (void)unlink(s->file_path);
  NakReturnReporting(before);
  for (size_t k = 0; k < s->count; k++)
    if (s->extents[k].own) PetscCall(PetscFree(s->extents[k].mine));
  for (size_t k = 0; k < s->n_boxes; k++) PetscCall(PetscFree(s->boxes[k]));
  PetscCall(PetscFree(s->extents));
  PetscCall(PetscFree(s->boxes));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakStoreLibrary(char *version, size_t size)
{
  unsigned major = 0, minor = 0, release = 0;

  (void)H5get_libversion(&major, &minor, &release);
  (void)snprintf(version, size, "%u.%u.%u", major, minor, release);
}
