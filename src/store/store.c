/* Stores, by HDF5; the contract is in nakfield/store.h.

   HDF5 has every file in the memory of rank 0, which writes and reads it as a whole, and to and from
   which the others send their parts.  HDF5 does not work by MPI: of a disk that fails, one rank is told,
   and the others wait for it in H5Fclose() for ever; and on three ranks and more Open MPI 4 tells nobody.

   The static functions speak HDF5's language: a negative status is a failure.  Behind every array the
   ranks agree, because the next one waits for all of them. */
#include "store_impl.h"

#include <errno.h>
#include <hdf5.h>
#include <string.h>
#include <unistd.h>

#define ROOM_TO_KEEP 4194304           /* for the other files of the run [B] */
#define MESSAGE      ((size_t)1 << 30) /* the longest: MPI counts with int [B] */
#define OVERHEAD     65536 /* that HDF5 may add to an array, its attributes included [B] */

struct NakStore_private {
  MPI_Comm    comm;
  PetscMPIInt rank, ranks;
  char        path[PETSC_MAX_PATH_LEN]; /* as it will be called */
  char        file_path[PETSC_MAX_PATH_LEN];
  char        seal[NAK_SEAL_TEXT]; /* "" without one */
  PetscBool   writes;
  hid_t       file;
  herr_t      pending;     /* of attributes that could not be written */
  char        reason[256]; /* the first failure in HDF5's words */
};

/* ---- Failures ---- */

static herr_t KeepInnermost(unsigned depth, const H5E_error2_t *error, void *ctx)
{
  NakStore const store = ctx;

  if (depth == 0) (void)snprintf(store->reason, sizeof(store->reason), "%s", error->desc);
  for (char *end = strchr(store->reason, '\n'); end != NULL; end = strchr(end, '\n')) *end = ' ';
  return 0;
}

/* HDF5 calls this where it would print its stack; the first failure explains those behind it. */
static herr_t KeepReason(hid_t stack, void *ctx)
{
  NakStore const store = ctx;

  if (store->reason[0] != '\0') return 0;
  return H5Ewalk2(stack, H5E_WALK_UPWARD, KeepInnermost, store);
}

/* HDF5's reporting is of the whole process: it is ours only while we are at work. */
typedef struct {
  H5E_auto2_t report;
  void       *ctx;
} Reporting;

static Reporting TakeReporting(NakStore store)
{
  Reporting before = {.report = NULL, .ctx = NULL};

  (void)H5Eget_auto2(H5E_DEFAULT, &before.report, &before.ctx);
  (void)H5Eset_auto2(H5E_DEFAULT, KeepReason, store);
  return before;
}

static void ReturnReporting(Reporting before)
{
  (void)H5Eset_auto2(H5E_DEFAULT, before.report, before.ctx);
}

static PetscErrorCode Agree(NakStore store, PetscErrorCode code, herr_t status)
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (status < 0)
    NakFaultNote(&fault, code, "cannot %s %s: %s", store->writes ? "write" : "read", store->path,
                 store->reason);
  PetscCall(NakFaultAgree(store->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static herr_t Both(herr_t one, herr_t other)
{
  return one < 0 ? one : other;
}

/* Whether this rank holds a file that is written. */
static PetscBool Holds(NakStore store)
{
  return (PetscBool)(store->writes && store->rank == 0);
}

/* Rather now than when all has been sent. */
static PetscErrorCode CheckRoom(NakStore store, PetscReal bytes)
{
  const PetscReal need  = bytes + OVERHEAD;
  NakFault        fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (store->rank == 0) {
    const PetscReal room = NakFileRoom(store->file_path);

    if (need + ROOM_TO_KEEP > room)
      NakFaultNote(&fault, PETSC_ERR_FILE_WRITE,
                   "cannot write %s: it needs %.3g MB more, there is room for %.3g MB", store->path,
                   (double)(1e-6 * need), (double)(1e-6 * room));
  }
  PetscCall(NakFaultAgree(store->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Opening and closing ---- */

static PetscErrorCode Allocate(MPI_Comm comm, const char *path, NakStore *store)
{
  NakStore s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *store  = s;
  s->comm = comm;
  s->file = H5I_INVALID_HID;
  PetscCallMPI(MPI_Comm_rank(comm, &s->rank));
  PetscCallMPI(MPI_Comm_size(comm, &s->ranks));
  PetscCall(PetscStrncpy(s->path, path, sizeof(s->path)));
  PetscCall(PetscStrncpy(s->file_path, path, sizeof(s->file_path)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In memory, so that a disk that is full or broken is none of HDF5's business (a file that it cannot
   close is one that it crashes with when MPI ends). */
static hid_t Access(void)
{
  const hid_t  access = H5Pcreate(H5P_FILE_ACCESS);
  const size_t growth = (size_t)1 << 18;

#if H5_VERSION_GE(1, 10, 7)
  (void)H5Pset_file_locking(access, 0, 1); /* some clusters' file systems have no locks */
#endif
  (void)H5Pset_fapl_core(access, growth, 0);
  return access;
}

PetscErrorCode NakStoreCreate(MPI_Comm comm, const char *path, const char *seal, NakStore *store)
{
  Reporting      before;
  hid_t          access, creation;
  NakStore       s;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Allocate(comm, path, store));
  s         = *store;
  s->writes = PETSC_TRUE;
  PetscCall(PetscStrlcat(s->file_path, ".tmp", sizeof(s->file_path)));
  if (seal != NULL) PetscCall(PetscStrncpy(s->seal, seal, sizeof(s->seal)));
  before   = TakeReporting(s);
  access   = Access();
  creation = H5Pcreate(H5P_FILE_CREATE);
  if (seal != NULL) (void)H5Pset_userblock(creation, NAK_SEAL_SIZE);
  if (s->rank == 0) s->file = H5Fcreate(s->file_path, H5F_ACC_TRUNC, creation, access);
  (void)H5Pclose(creation);
  (void)H5Pclose(access);
  code = Agree(s, PETSC_ERR_FILE_OPEN, Holds(s) && s->file < 0 ? -1 : 0);
  ReturnReporting(before);
  if (code) (void)NakStoreDestroy(store);
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreOpen(MPI_Comm comm, const char *path, NakStore *store)
{
  Reporting      before;
  hid_t          access;
  NakStore       s;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Allocate(comm, path, store));
  s      = *store;
  before = TakeReporting(s);
  access = Access();
  if (s->rank == 0) s->file = H5Fopen(path, H5F_ACC_RDONLY, access);
  (void)H5Pclose(access);
  code = Agree(s, PETSC_ERR_FILE_OPEN, s->rank == 0 && s->file < 0 ? -1 : 0);
  ReturnReporting(before);
  if (code) (void)NakStoreDestroy(store);
  PetscFunctionReturn(code);
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

static PetscErrorCode WriteAll(NakStore store, const char bytes[], size_t size, PetscBool sync)
{
  FILE          *file = fopen(store->file_path, "wb");
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCheck(file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s",
             store->file_path, strerror(errno));
  (void)fwrite(bytes, 1, size, file);
  code = sync ? NakFileSync(file, store->path) : NakFileFlush(file, store->path);
  if (!code)
    code = NakFileClose(&file, store->path);
  else
    (void)fclose(file);
  PetscFunctionReturn(code);
}

/* The file as HDF5 has it in memory, behind `front` free bytes; a negative `status` where HDF5 fails. */
static PetscErrorCode Image(NakStore store, size_t front, char **bytes, size_t *size,
                            herr_t *status)
{
  ssize_t length = -1;

  PetscFunctionBeginUser;
  *status = -1;
  if (H5Fflush(store->file, H5F_SCOPE_GLOBAL) >= 0)
    length = H5Fget_file_image(store->file, NULL, 0);
  if (length < 0) PetscFunctionReturn(PETSC_SUCCESS);
  *size = front + (size_t)length;
  PetscCall(PetscMalloc1(*size, bytes));
  if (H5Fget_file_image(store->file, *bytes + front, (size_t)length) >= 0) *status = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 writes what HDF5 has put together in memory, sealed. */
static PetscErrorCode WriteMemory(NakStore store, PetscBool sync)
{
  const PetscBool sealed = (PetscBool)(store->seal[0] != '\0');
  char           *bytes  = NULL;
  size_t          size   = 0;
  herr_t          status = 0;
  PetscErrorCode  code   = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (Holds(store)) code = Image(store, sealed ? NAK_SEAL_SIZE : 0, &bytes, &size, &status);
  PetscCall(NakAgree(store->comm, code));
  code = Agree(store, PETSC_ERR_FILE_WRITE, status);
  if (!code) {
    if (Holds(store) && sealed) code = NakSealPut(store->seal, size, bytes);
    if (Holds(store) && !code) code = WriteAll(store, bytes, size, sync);
    code = NakAgree(store->comm, code);
  }
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(code);
}

/* Write, close, rename. */
static PetscErrorCode Complete(NakStore store, PetscBool sync)
{
  PetscErrorCode code   = PETSC_SUCCESS;
  herr_t         status = 0;

  PetscFunctionBeginUser;
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, store->pending));
  PetscCall(WriteMemory(store, sync));
  if (Holds(store)) status = H5Fclose(store->file);
  store->file = H5I_INVALID_HID;
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, status));
  if (store->rank == 0) code = Rename(store, sync);
  PetscCall(NakAgree(store->comm, code));
  store->writes = PETSC_FALSE; /* nothing to give up any more */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreCommit(NakStore *store, PetscBool sync)
{
  const Reporting before = TakeReporting(*store);
  PetscErrorCode  code   = Complete(*store, sync);

  PetscFunctionBeginUser;
  ReturnReporting(before);
  PetscCall(NakStoreDestroy(store));
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreDestroy(NakStore *store)
{
  NakStore  s = *store;
  Reporting before;

  PetscFunctionBeginUser;
  *store = NULL;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  before = TakeReporting(s);
  if (s->file >= 0) (void)H5Fclose(s->file);
  if (Holds(s)) (void)unlink(s->file_path);
  ReturnReporting(before);
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Attributes ---- */

static hid_t MemoryType(NakStoreType type)
{
  if (type == NAK_STORE_BYTE) return H5T_NATIVE_UCHAR;
  if (type == NAK_STORE_INT) return sizeof(PetscInt) == 8 ? H5T_NATIVE_INT64 : H5T_NATIVE_INT32;
  return H5T_NATIVE_DOUBLE;
}

static hid_t DiskType(NakStoreType type)
{
  if (type == NAK_STORE_BYTE) return H5T_STD_U8LE;
  return type == NAK_STORE_INT ? H5T_STD_I64LE : H5T_IEEE_F64LE;
}

static hid_t TextType(size_t size)
{
  const hid_t type = H5Tcopy(H5T_C_S1);

  (void)H5Tset_size(type, PetscMax(size, 1));
  (void)H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

static void WriteAttribute(NakStore store, const char *owner, const char *name, hid_t disk,
                           hid_t memory, const void *value)
{
  Reporting before;
  hid_t     space, attribute;

  if (!Holds(store)) return;
  before = TakeReporting(store);
  space  = H5Screate(H5S_SCALAR);
  attribute =
    H5Acreate_by_name(store->file, owner, name, disk, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

  store->pending = Both(store->pending, attribute < 0 ? -1 : H5Awrite(attribute, memory, value));
  if (attribute >= 0) (void)H5Aclose(attribute);
  (void)H5Sclose(space);
  ReturnReporting(before);
}

PetscErrorCode NakStoreText(NakStore store, const char *owner, const char *name, const char *text)
{
  const hid_t type = TextType(strlen(text) + 1);

  PetscFunctionBeginUser;
  WriteAttribute(store, owner, name, type, type, text);
  (void)H5Tclose(type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreNumber(NakStore store, const char *owner, const char *name,
                              NakStoreType type, const void *value)
{
  PetscFunctionBeginUser;
  WriteAttribute(store, owner, name, DiskType(type), MemoryType(type), value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreLink(NakStore store, const char *name, const char *file, const char *target)
{
  Reporting before;
  hid_t     groups;

  PetscFunctionBeginUser;
  if (!Holds(store)) PetscFunctionReturn(PETSC_SUCCESS);
  before = TakeReporting(store);
  groups = H5Pcreate(H5P_LINK_CREATE);
  (void)H5Pset_create_intermediate_group(groups, 1);
  store->pending =
    Both(store->pending, H5Lcreate_external(file, target, store->file, name, groups, H5P_DEFAULT));
  (void)H5Pclose(groups);
  ReturnReporting(before);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Datasets ---- */

/* Create a dataset without fill values: every element of it is about to be written. */
static hid_t CreateDataset(NakStore store, const char *name, hid_t type, int rank,
                           const hsize_t size[])
{
  const hid_t space   = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, size, NULL);
  const hid_t options = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t groups  = H5Pcreate(H5P_LINK_CREATE);
  hid_t       dataset;

  (void)H5Pset_fill_time(options, H5D_FILL_TIME_NEVER);
  (void)H5Pset_obj_track_times(options, 0); /* the same run, the same bytes */
  (void)H5Pset_create_intermediate_group(groups, 1);
  dataset = H5Dcreate2(store->file, name, type, space, groups, options, H5P_DEFAULT);
  (void)H5Pclose(groups);
  (void)H5Pclose(options);
  (void)H5Sclose(space);
  return dataset;
}

/* Rank 0 writes alone what it has alone. */
static herr_t WriteAlone(NakStore store, const char *name, hid_t disk, hid_t memory, int rank,
                         hsize_t count, const void *values)
{
  Reporting before;
  hid_t     dataset;
  herr_t    status;

  if (!Holds(store)) return 0;
  before  = TakeReporting(store);
  dataset = CreateDataset(store, name, disk, rank, &count);
  status  = dataset < 0 ? -1 : 0;
  if (dataset >= 0 && count > 0)
    status = H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  if (dataset >= 0) status = Both(status, H5Dclose(dataset));
  ReturnReporting(before);
  return status;
}

PetscErrorCode NakStoreWrite(NakStore store, const char *name, NakStoreType type, size_t count,
                             const void *values)
{
  herr_t status;

  PetscFunctionBeginUser;
  status = WriteAlone(store, name, DiskType(type), MemoryType(type), 1, (hsize_t)count, values);
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, Both(store->pending, status)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreWriteText(NakStore store, const char *name, size_t size, const char *text)
{
  const hid_t type   = TextType(size);
  herr_t      status = WriteAlone(store, name, type, type, 0, 1, text);

  PetscFunctionBeginUser;
  (void)H5Tclose(type);
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, Both(store->pending, status)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Open a dataset for reading; its number of values is -1 where it cannot be opened. */
static hid_t OpenDataset(NakStore store, const char *name, hssize_t *count)
{
  const hid_t dataset = H5Dopen2(store->file, name, H5P_DEFAULT);
  const hid_t space   = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);

  *count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  if (space >= 0) (void)H5Sclose(space);
  return dataset;
}

/* Whether there is a dataset of that name: HDF5 wants every group on the way to be there. */
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
  const Reporting before    = TakeReporting(store);
  int64_t         values[2] = {0, 0}; /* how many, and whether there are any */

  PetscFunctionBeginUser;
  if (store->rank == 0 && IsThere(store, name)) {
    hssize_t    found;
    const hid_t dataset = OpenDataset(store, name, &found);

    if (dataset >= 0) (void)H5Dclose(dataset);
    values[0] = PetscMax(found, 0);
    values[1] = 1;
  }
  ReturnReporting(before);
  PetscCallMPI(MPI_Bcast(values, 2, MPI_INT64_T, 0, store->comm));
  *count = (size_t)values[0];
  *there = (PetscBool)(values[1] != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 reads every value of a dataset that holds `count`. */
static herr_t ReadAlone(NakStore store, const char *name, hid_t memory, size_t count, void *values)
{
  const Reporting before = TakeReporting(store);
  hssize_t        found;
  const hid_t     dataset = OpenDataset(store, name, &found);
  herr_t          status  = 0;

  if (dataset >= 0 && found != (hssize_t)count) {
    status = -1;
    (void)snprintf(store->reason, sizeof(store->reason), "%s has %lld values, not %zu", name,
                   (long long)found, count);
  } else if (dataset < 0)
    status = -1;
  else if (count > 0)
    status = H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  if (dataset >= 0) (void)H5Dclose(dataset);
  ReturnReporting(before);
  return status;
}

PetscErrorCode NakStoreRead(NakStore store, const char *name, NakStoreType type, size_t count,
                            void *values)
{
  const hid_t  memory = MemoryType(type);
  const herr_t status = store->rank == 0 ? ReadAlone(store, name, memory, count, values) : 0;
  size_t       bytes  = count * H5Tget_size(memory);

  PetscFunctionBeginUser;
  PetscCall(Agree(store, PETSC_ERR_FILE_UNEXPECTED, status));
  for (char *part = values; bytes > 0; part += MESSAGE) {
    const size_t now = PetscMin(bytes, MESSAGE);

    PetscCallMPI(MPI_Bcast(part, (int)now, MPI_BYTE, 0, store->comm));
    bytes -= now;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Shared arrays ---- */

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
    status = Both(status, H5Dwrite(dataset, memory, here, there, H5P_DEFAULT, from));
  else
    status = Both(status, H5Dread(dataset, memory, here, there, H5P_DEFAULT, into));
  (void)H5Sclose(here);
  (void)H5Sclose(there);
  return status;
}

static size_t BoxBytes(const NakStoreBox *box, NakStoreType type)
{
  size_t bytes = H5Tget_size(MemoryType(type));

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
  const hid_t memory = MemoryType(type);
  NakStoreBox box;
  size_t      bytes;
  char       *values;

  PetscFunctionBeginUser;
  PetscCall(Receive(store, rank, sizeof box, &box));
  bytes = BoxBytes(&box, type);
  PetscCall(PetscMalloc1(bytes, &values));
  if (store->writes) {
    PetscCall(Receive(store, rank, bytes, values));
    *status = Both(*status, Transfer(store, dataset, &box, memory, values, NULL));
  } else {
    *status = Both(*status, Transfer(store, dataset, &box, memory, NULL, values));
    PetscCall(Send(store, rank, bytes, values));
  }
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The parts of all ranks, one after the other.  A failure does not end it: the others wait. */
static PetscErrorCode ServeAll(NakStore store, hid_t dataset, NakStoreType type,
                               const NakStoreBox *box, const void *from, void *into, herr_t *status)
{
  PetscFunctionBeginUser;
  *status = Transfer(store, dataset, box, MemoryType(type), from, into);
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

/* Agree on what rank 0 says of the dataset, exchange, agree: nothing is sent in vain. */
static PetscErrorCode Exchange(NakStore store, hid_t dataset, herr_t status, NakStoreType type,
                               const NakStoreBox *box, const void *from, void *into)
{
  PetscErrorCode code =
    Agree(store, store->writes ? PETSC_ERR_FILE_WRITE : PETSC_ERR_FILE_UNEXPECTED, status);

  PetscFunctionBeginUser;
  if (!code) {
    if (store->rank == 0)
      PetscCall(ServeAll(store, dataset, type, box, from, into, &status));
    else
      PetscCall(BeServed(store, type, box, from, into));
    code = Agree(store, store->writes ? PETSC_ERR_FILE_WRITE : PETSC_ERR_FILE_READ, status);
  }
  if (dataset >= 0) (void)H5Dclose(dataset);
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreWriteArray(NakStore store, const char *name, NakStoreType type,
                                  const NakStoreBox *box, const void *values)
{
  PetscReal      bytes = (PetscReal)H5Tget_size(DiskType(type));
  Reporting      before;
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
  before = TakeReporting(store);
  if (Holds(store)) {
    dataset = CreateDataset(store, name, DiskType(type), box->rank, size);
    status  = Both(store->pending, dataset < 0 ? -1 : 0);
  }
  code = Exchange(store, dataset, status, type, box, values, NULL);
  ReturnReporting(before);
  PetscFunctionReturn(code);
}

/* Whether a dataset has the size of the array; a reason is noted where it has not. */
static herr_t CheckSize(NakStore store, const char *name, hid_t dataset, const NakStoreBox *box)
{
  const hid_t space   = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
  hsize_t     size[4] = {0};
  PetscBool   same    = (PetscBool)(space >= 0 && H5Sget_simple_extent_ndims(space) == box->rank &&
                               H5Sget_simple_extent_dims(space, size, NULL) == box->rank);

  for (int d = 0; same && d < box->rank; d++) same = (PetscBool)(size[d] == (hsize_t)box->size[d]);
  if (space >= 0 && !same)
    (void)snprintf(store->reason, sizeof(store->reason), "%s has another size", name);
  if (space >= 0) (void)H5Sclose(space);
  return same ? 0 : -1;
}

PetscErrorCode NakStoreReadArray(NakStore store, const char *name, NakStoreType type,
                                 const NakStoreBox *box, void *values)
{
  const Reporting before  = TakeReporting(store);
  hid_t           dataset = H5I_INVALID_HID;
  herr_t          status  = 0;
  PetscErrorCode  code;

  PetscFunctionBeginUser;
  if (store->rank == 0) {
    dataset = H5Dopen2(store->file, name, H5P_DEFAULT);
    status  = CheckSize(store, name, dataset, box);
  }
  code = Exchange(store, dataset, status, type, box, NULL, values);
  ReturnReporting(before);
  PetscFunctionReturn(code);
}

void NakStoreLibrary(char *version, size_t size)
{
  unsigned major = 0, minor = 0, release = 0;

  (void)H5get_libversion(&major, &minor, &release);
  (void)snprintf(version, size, "%u.%u.%u", major, minor, release);
}
