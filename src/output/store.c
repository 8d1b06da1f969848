/* fields.h5, by parallel HDF5; no other file knows of HDF5.

     /                   attributes program, title, units
     /deck               the resolved deck as text
     /grid/x, y, z       faces of the cells [m]; z_face: the layer drawn for the electrolyte's face
     /grid/region        (z, y, x): 0 electrolyte, 1 interphase, 2 alloy
     /frames/000000      attributes: the record, in SI
     /frames/000000/c    (z, y, x), or (1, y, x) on the face; attributes unit, long_name

   The static functions speak HDF5's language: a negative status is a failure.  Whatever changes the
   file's structure is called by all ranks alike.  Behind every step the ranks agree, because the
   next one waits for all of them. */
#include "output_impl.h"

#include <hdf5.h>
#include <string.h>

#ifndef H5_HAVE_PARALLEL
  #error "nakfield needs a parallel HDF5 (Debian: libhdf5-openmpi-dev)"
#endif

#if defined(PETSC_USE_REAL_SINGLE)
  #define MEMORY_REAL H5T_NATIVE_FLOAT
#elif defined(PETSC_USE_REAL_DOUBLE)
  #define MEMORY_REAL H5T_NATIVE_DOUBLE
#else
  #error "fields.h5 is written from single or double precision"
#endif

#define FACE_SHARE 0.1 /* of the layer above it that the drawn face takes */

#define DISK_REAL H5T_IEEE_F64LE
#define DISK_INT  H5T_STD_I64LE

struct NakStore_private {
  MPI_Comm  comm;
  char      path[PETSC_MAX_PATH_LEN];
  hid_t     file, frames;
  char      reason[256]; /* the first failure in HDF5's words */
  PetscBool broken;      /* a write has failed: closing will fail again and tell nothing new */
};

/* ---- Failures ---- */

static herr_t KeepInnermost(unsigned depth, const H5E_error2_t *error, void *ctx)
{
  NakStore const store = ctx;

  if (depth == 0) (void)snprintf(store->reason, sizeof(store->reason), "%s", error->desc);
  return 0;
}

/* HDF5 calls this where it would print its stack; the first failure explains those behind it. */
static herr_t KeepReason(hid_t stack, void *ctx)
{
  NakStore const store = ctx;

  if (store->reason[0] != '\0') return 0;
  return H5Ewalk2(stack, H5E_WALK_UPWARD, KeepInnermost, store);
}

static PetscErrorCode Agree(NakStore store, PetscErrorCode code, herr_t status)
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (status < 0) NakFaultNote(&fault, code, "cannot write %s: %s", store->path, store->reason);
  store->broken = PETSC_TRUE; /* unless the next line comes back well */
  PetscCall(NakFaultAgree(store->comm, &fault));
  store->broken = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Pieces ---- */

static herr_t Both(herr_t one, herr_t other)
{
  return one < 0 ? one : other;
}

static herr_t WriteAttribute(hid_t owner, const char *name, hid_t disk, hid_t memory,
                             const void *value)
{
  const hid_t  space     = H5Screate(H5S_SCALAR);
  const hid_t  attribute = H5Acreate2(owner, name, disk, space, H5P_DEFAULT, H5P_DEFAULT);
  const herr_t status    = attribute < 0 ? -1 : H5Awrite(attribute, memory, value);

  if (attribute >= 0) (void)H5Aclose(attribute);
  (void)H5Sclose(space);
  return status;
}

static hid_t TextType(size_t size)
{
  const hid_t type = H5Tcopy(H5T_C_S1);

  (void)H5Tset_size(type, PetscMax(size, 1));
  (void)H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

static herr_t WriteTextAttribute(hid_t owner, const char *name, const char *text)
{
  const hid_t  type   = TextType(strlen(text) + 1);
  const herr_t status = WriteAttribute(owner, name, type, type, text);

  (void)H5Tclose(type);
  return status;
}

static herr_t WriteRecord(hid_t group, const NakRecord *record)
{
  herr_t status = 0;

  for (const NakRecordColumn *column = NakRecordColumns; column->name != NULL; column++) {
    const void *const member = NakRecordMember(record, column);

    if (column->digits > 0) {
      status = Both(status, WriteAttribute(group, column->si, DISK_REAL, MEMORY_REAL, member));
    } else {
      const long long whole = *(const PetscInt *)member;

      status = Both(status, WriteAttribute(group, column->si, DISK_INT, H5T_NATIVE_LLONG, &whole));
    }
  }
  return status;
}

/* A dataset without fill values: every element of it is about to be written. */
static hid_t CreateDataset(hid_t owner, const char *name, hid_t type, int rank,
                           const hsize_t size[])
{
  const hid_t space   = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, size, NULL);
  const hid_t options = H5Pcreate(H5P_DATASET_CREATE);
  hid_t       dataset;

  (void)H5Pset_fill_time(options, H5D_FILL_TIME_NEVER);
  dataset = H5Dcreate2(owner, name, type, space, H5P_DEFAULT, options, H5P_DEFAULT);
  (void)H5Pclose(options);
  (void)H5Sclose(space);
  return dataset;
}

/* A small dataset that rank 0 writes alone.  Called by all ranks. */
static herr_t WriteSmall(hid_t owner, const char *name, hid_t disk, hid_t memory, hsize_t count,
                         const void *values)
{
  const hid_t dataset = CreateDataset(owner, name, disk, count == 0 ? 0 : 1, &count);
  herr_t      status  = dataset < 0 ? -1 : 0;

  if (dataset < 0) return status;
  if (values != NULL) status = H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  (void)H5Dclose(dataset);
  return status;
}

/* This rank's columns of a (layers, y, x) dataset, by all ranks together. */
static herr_t WriteColumns(hid_t dataset, const NakFrame *frame, hsize_t layers, hid_t memory,
                           const void *values)
{
  const hsize_t start[3] = {0, (hsize_t)frame->ys, (hsize_t)frame->xs};
  const hsize_t count[3] = {layers, (hsize_t)frame->ym, (hsize_t)frame->xm};
  const hid_t   there    = H5Dget_space(dataset);
  const hid_t   here     = H5Screate_simple(3, count, NULL);
  const hid_t   transfer = H5Pcreate(H5P_DATASET_XFER);
  herr_t        status   = H5Sselect_hyperslab(there, H5S_SELECT_SET, start, NULL, count, NULL);

  status = Both(status, H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE));
  status = Both(status, H5Dwrite(dataset, memory, here, there, transfer, values));
  (void)H5Pclose(transfer);
  (void)H5Sclose(here);
  (void)H5Sclose(there);
  return status;
}

static hsize_t Layers(const NakFrame *frame, NakPlace place)
{
  return place == NAK_PLACE_VOLUME ? (hsize_t)frame->grid->nz : 1;
}

/* Create, agree, write, agree: a rank whose creation failed must not be missed in the write. */
static PetscErrorCode WriteArray(NakStore store, hid_t group, const NakField *field,
                                 const NakFrame *frame, hid_t types[2], const void *values)
{
  const hsize_t  layers  = Layers(frame, field->place);
  const hsize_t  size[3] = {layers, (hsize_t)frame->grid->ny, (hsize_t)frame->grid->nx};
  const hid_t    dataset = CreateDataset(group, field->name, types[0], 3, size);
  herr_t         status  = dataset < 0 ? -1 : 0;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (dataset >= 0) {
    status = Both(status, WriteTextAttribute(dataset, "unit", field->unit));
    status = Both(status, WriteTextAttribute(dataset, "long_name", field->doc));
  }
  code = Agree(store, PETSC_ERR_FILE_WRITE, status);
  if (!code) {
    status = WriteColumns(dataset, frame, layers, types[1], values);
    code   = Agree(store, PETSC_ERR_FILE_WRITE, status);
  }
  if (dataset >= 0) (void)H5Dclose(dataset);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The static part ---- */

static PetscErrorCode WriteProvenance(NakStore store, const NakProvenance *origin)
{
  PetscMPIInt rank;
  herr_t      status;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(store->comm, &rank));
  status = WriteTextAttribute(store->file, "program", origin->version);
  status = Both(status, WriteTextAttribute(store->file, "title", origin->title));
  status = Both(
    status, WriteTextAttribute(store->file, "units", "SI: see the attribute unit of each dataset"));
  if (origin->deck_size > 0) {
    const hid_t type = TextType((size_t)origin->deck_size);

    status =
      Both(status, WriteSmall(store->file, "deck", type, type, 0, rank == 0 ? origin->deck : NULL));
    (void)H5Tclose(type);
  }
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Faces of the cells, on rank 0. */
static herr_t WriteAxes(hid_t group, const NakGrid *grid, PetscMPIInt rank, PetscReal *work)
{
  const hsize_t   nx = (hsize_t)grid->nx, ny = (hsize_t)grid->ny, nz = (hsize_t)grid->nz;
  const PetscInt  above  = grid->n_electrolyte;
  const PetscReal face[] = {grid->z[above],
                            grid->z[above] + FACE_SHARE * (grid->z[above + 1] - grid->z[above])};
  const PetscBool writes = (PetscBool)(rank == 0);
  herr_t          status;

  for (PetscInt i = 0; i <= grid->nx; i++) work[i] = (PetscReal)i * grid->dx;
  status = WriteSmall(group, "x", DISK_REAL, MEMORY_REAL, nx + 1, writes ? work : NULL);
  for (PetscInt i = 0; i <= grid->ny; i++) work[i] = (PetscReal)i * grid->dy;
  status =
    Both(status, WriteSmall(group, "y", DISK_REAL, MEMORY_REAL, ny + 1, writes ? work : NULL));
  status =
    Both(status, WriteSmall(group, "z", DISK_REAL, MEMORY_REAL, nz + 1, writes ? grid->z : NULL));
  return Both(status, WriteSmall(group, "z_face", DISK_REAL, MEMORY_REAL, 2, writes ? face : NULL));
}

static PetscErrorCode WriteRegion(NakStore store, hid_t group, const NakFrame *frame)
{
  const NakField       region   = {.name  = "region",
                                   .unit  = "1",
                                   .doc   = "0 electrolyte, 1 interphase, 2 alloy",
                                   .place = NAK_PLACE_VOLUME};
  const NakGrid *const grid     = frame->grid;
  const size_t         layer    = (size_t)frame->xm * (size_t)frame->ym;
  hid_t                types[2] = {H5T_STD_U8LE, H5T_NATIVE_UCHAR};
  unsigned char       *values;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)grid->nz * layer, &values));
  for (PetscInt k = 0; k < grid->nz; k++) {
    const int which = (k >= grid->n_electrolyte) + (k >= grid->n_electrolyte + grid->n_interphase);

    memset(values + (size_t)k * layer, which, layer);
  }
  PetscCall(WriteArray(store, group, &region, frame, types, values));
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteGrid(NakStore store, const NakFrame *frame)
{
  const NakGrid *const grid = frame->grid;
  PetscReal           *work;
  PetscMPIInt          rank;
  hid_t                group;
  herr_t               status;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(store->comm, &rank));
  PetscCall(PetscMalloc1(PetscMax(grid->nx, grid->ny) + 1, &work));
  group  = H5Gcreate2(store->file, "grid", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  status = group < 0 ? -1 : WriteAxes(group, grid, rank, work);
  PetscCall(PetscFree(work));
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, status));
  PetscCall(WriteRegion(store, group, frame));
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, H5Gclose(group)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Open(NakStore store)
{
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  herr_t      status = H5Pset_fapl_mpio(access, store->comm, MPI_INFO_NULL);

  PetscFunctionBeginUser;
  status      = Both(status, H5Pset_coll_metadata_write(access, 1));
  store->file = H5Fcreate(store->path, H5F_ACC_EXCL, H5P_DEFAULT, access);
  status      = store->file < 0 ? -1 : status;
  (void)H5Pclose(access);
  PetscCall(Agree(store, PETSC_ERR_FILE_OPEN, status));
  store->frames = H5Gcreate2(store->file, "frames", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, store->frames < 0 ? -1 : 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateInside(NakStore store, const NakFrame *frame,
                                   const NakProvenance *origin)
{
  PetscFunctionBeginUser;
  PetscCall(Open(store));
  PetscCall(WriteProvenance(store, origin));
  PetscCall(WriteGrid(store, frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The module's side ---- */

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

PetscErrorCode NakStoreCreate(MPI_Comm comm, const char *path, const NakFrame *frame,
                              const NakProvenance *origin, NakStore *store)
{
  NakStore       s;
  Reporting      before;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *store = NULL;
  PetscCall(PetscNew(&s));
  s->comm = comm;
  s->file = s->frames = H5I_INVALID_HID;
  PetscCall(PetscStrncpy(s->path, path, sizeof(s->path)));
  before = TakeReporting(s);
  code   = CreateInside(s, frame, origin);
  ReturnReporting(before);
  if (code) (void)NakStoreDestroy(&s);
  PetscCall(code);
  *store = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FrameInside(NakStore store, hid_t group, const NakRecord *record,
                                  const NakFrame *frame, const PetscReal values[])
{
  hid_t types[2] = {DISK_REAL, MEMORY_REAL};

  PetscFunctionBeginUser;
  PetscCall(Agree(store, PETSC_ERR_FILE_WRITE, group < 0 ? -1 : WriteRecord(group, record)));
  for (PetscInt f = 0; f < frame->count; f++) {
    const NakField *const field = &frame->fields[f];

    PetscCall(WriteArray(store, group, field, frame, types, values));
    values += Layers(frame, field->place) * (hsize_t)frame->ym * (hsize_t)frame->xm;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Give the room of half a frame back: a file that the disk cannot hold is one that HDF5 cannot close,
   and then it crashes when MPI ends.  The frames before stay readable. */
static void GiveUpFrame(NakStore store, const char *name)
{
  (void)H5Ldelete(store->frames, name, H5P_DEFAULT);
  (void)H5Fflush(store->file, H5F_SCOPE_GLOBAL);
}

PetscErrorCode NakStoreFrame(NakStore store, PetscInt index, const NakRecord *record,
                             const NakFrame *frame, const PetscReal values[])
{
  char           name[32];
  Reporting      before;
  hid_t          group;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof(name), "%06" PetscInt_FMT, index));
  before = TakeReporting(store);
  group  = H5Gcreate2(store->frames, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  code   = FrameInside(store, group, record, frame, values);
  if (group >= 0) (void)H5Gclose(group);
  if (!code) code = Agree(store, PETSC_ERR_FILE_WRITE, H5Fflush(store->file, H5F_SCOPE_GLOBAL));
  if (code) GiveUpFrame(store, name);
  ReturnReporting(before);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoreDestroy(NakStore *store)
{
  NakStore       s = *store;
  PetscErrorCode code;
  Reporting      before;
  PetscBool      broken;
  herr_t         status = 0;

  PetscFunctionBeginUser;
  *store = NULL;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  before = TakeReporting(s);
  broken = s->broken;
  if (s->frames >= 0) status = H5Gclose(s->frames);
  if (s->file >= 0) status = Both(status, H5Fclose(s->file));
  code = broken ? PETSC_SUCCESS : Agree(s, PETSC_ERR_FILE_WRITE, status);
  ReturnReporting(before);
  PetscCall(PetscFree(s));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakStoreLibrary(char *version, size_t size)
{
  unsigned major = 0, minor = 0, release = 0;

  (void)H5get_libversion(&major, &minor, &release);
  (void)snprintf(version, size, "%u.%u.%u", major, minor, release);
}
