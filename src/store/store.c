/* Stores: opened, and written when they are complete; the contract is in nakfield/store.h.

   HDF5 has every file in the memory of rank 0.  Rank 0 writes and reads it as a whole.  The other
   ranks send their parts to it, and receive them from it.

   HDF5 does not work by MPI here.  If a disk fails, only one rank gets the error, and the others
   wait for it in H5Fclose() for ever.  On three ranks and more, Open MPI 4 reports the error to
   nobody. */
#include "hdf5_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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

/* In memory, so that HDF5 never meets a disk that is full or broken.  If it cannot close a file, it
   crashes on that file when MPI ends. */
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
  NakReporting   before;
  hid_t          access, creation;
  NakStore       s;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Allocate(comm, path, store));
  s         = *store;
  s->writes = PETSC_TRUE;
  PetscCall(PetscStrlcat(s->file_path, ".tmp", sizeof(s->file_path)));
  if (seal != NULL) PetscCall(PetscStrncpy(s->seal, seal, sizeof(s->seal)));
  before   = NakTakeReporting(s);
  access   = Access();
  creation = H5Pcreate(H5P_FILE_CREATE);
  if (seal != NULL) (void)H5Pset_userblock(creation, NAK_SEAL_SIZE);
  if (s->rank == 0) s->file = H5Fcreate(s->file_path, H5F_ACC_TRUNC, creation, access);
  (void)H5Pclose(creation);
  (void)H5Pclose(access);
  code = NakStoreAgree(s, PETSC_ERR_FILE_OPEN, NakHolds(s) && s->file < 0 ? -1 : 0);
  NakReturnReporting(before);
  if (code) (void)NakStoreDestroy(store);
  PetscFunctionReturn(code);
}

PetscErrorCode NakStoreOpen(MPI_Comm comm, const char *path, NakStore *store)
{
  NakReporting   before;
  hid_t          access;
  NakStore       s;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(Allocate(comm, path, store));
  s      = *store;
  before = NakTakeReporting(s);
  access = Access();
  if (s->rank == 0) s->file = H5Fopen(path, H5F_ACC_RDONLY, access);
  (void)H5Pclose(access);
  code = NakStoreAgree(s, PETSC_ERR_FILE_OPEN, s->rank == 0 && s->file < 0 ? -1 : 0);
  NakReturnReporting(before);
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

/* The file as HDF5 has it in memory, after `front` free bytes.  A negative `status` if HDF5
   fails. */
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

/* Rank 0 writes the file that HDF5 has put together in memory, sealed. */
static PetscErrorCode WriteMemory(NakStore store, PetscBool sync)
{
  const PetscBool sealed = (PetscBool)(store->seal[0] != '\0');
  char           *bytes  = NULL;
  size_t          size   = 0;
  herr_t          status = 0;
  PetscErrorCode  code   = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (NakHolds(store)) code = Image(store, sealed ? NAK_SEAL_SIZE : 0, &bytes, &size, &status);
  PetscCall(NakAgree(store->comm, code));
  code = NakStoreAgree(store, PETSC_ERR_FILE_WRITE, status);
  if (!code) {
    if (NakHolds(store) && sealed) code = NakSealPut(store->seal, size, bytes);
    if (NakHolds(store) && !code) code = WriteAll(store, bytes, size, sync);
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
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_WRITE, store->pending));
  PetscCall(WriteMemory(store, sync));
  if (NakHolds(store)) status = H5Fclose(store->file);
  store->file = H5I_INVALID_HID;
  PetscCall(NakStoreAgree(store, PETSC_ERR_FILE_WRITE, status));
  if (store->rank == 0) code = Rename(store, sync);
  PetscCall(NakAgree(store->comm, code));
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
  if (NakHolds(s)) (void)unlink(s->file_path);
  NakReturnReporting(before);
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakStoreLibrary(char *version, size_t size)
{
  unsigned major = 0, minor = 0, release = 0;

  (void)H5get_libversion(&major, &minor, &release);
  (void)snprintf(version, size, "%u.%u.%u", major, minor, release);
}
