/* What the source files share that call HDF5: a negative status is a failure.  After every array
   the ranks agree, because the next one waits for all of them. */
#pragma once

#include "store_impl.h"

#include <hdf5.h>

#if !(H5_VERS_MAJOR == 1 && (H5_VERS_MINOR == 10 || H5_VERS_MINOR == 14))
  #error "the file driver (driver.c) is written for HDF5 1.10 and 1.14"
#endif

#define MESSAGE ((size_t)1 << 30) /* the longest: MPI counts with int [B] */

/* ---- driver.c: what HDF5 itself writes to a file, in memory.  On rank 0 ---- */

typedef struct NakSkeleton_private *NakSkeleton;

/* A file that is created with `access` goes to the skeleton, which outlives it.  A negative status
   is a failure.  Destroy accepts NULL. */
herr_t NakSkeletonCreate(hid_t access, NakSkeleton *skeleton);
void   NakSkeletonDestroy(NakSkeleton *skeleton);

/* Length of the file. */
haddr_t NakSkeletonEnd(NakSkeleton skeleton);

/* Bytes of the file.  The data of arrays are missing: they are 0. */
void NakSkeletonRead(NakSkeleton skeleton, haddr_t at, size_t size, void *bytes);

/* Where the data lie that HDF5 wrote last, and that were dropped. */
haddr_t NakSkeletonDropped(NakSkeleton skeleton);

/* ---- Stores ---- */

struct NakStore_private {
  NakWriters    writers;
  char          path[PETSC_MAX_PATH_LEN];      /* as it will be called */
  char          file_path[PETSC_MAX_PATH_LEN]; /* as it is called now */
  char          seal[NAK_SEAL_TEXT];           /* "" without one */
  PetscBool     writes, compress;
  hid_t         file;
  NakSkeleton   skeleton;    /* of a file that is written; rank 0 */
  int           descriptor;  /* of writers; -1 for none */
  herr_t        pending;     /* of attributes that could not be written */
  char          reason[256]; /* the first failure in HDF5's words */
  NakExtent    *extents;     /* of a file that is written; `at` is known on rank 0 only */
  size_t        count, room;
  NakStoreBox **boxes; /* of extents: all ranks' */
  size_t        n_boxes;
};

/* Boxes of all ranks, which the store owns.  Collective. */
PetscErrorCode NakStoreBoxes(NakStore store, const NakStoreBox *box, const NakStoreBox **boxes);

/* Add an extent to a file that is written; the store frees `extent.mine` if it is its own. */
PetscErrorCode NakStoreAdd(NakStore store, NakExtent extent);

/* ---- dataset.c ---- */

/* Create a dataset in the file.  `*at` is where its data will lie, unless it has chunks. */
hid_t NakCreateDataset(NakStore store, const char *name, hid_t type, int rank, const hsize_t size[],
                       const NakStoreBox *chunked, uint64_t *at);

/* Where the data of a dataset lie; 0 if that is no one place. */
uint64_t NakDataAt(hid_t dataset);

/* ---- chunks.c: compressed arrays ---- */

/* How a dataset is created: without fill values, because every element of it is about to be
   written. With the chunks of an array, or in one place if `box` is NULL.  To be closed. */
hid_t NakDatasetOptions(const NakStoreBox *box, size_t unit);

/* Bytes of a chunk, which is a layer or a part of one; 0 if an array has none. */
size_t NakChunkBytes(const NakStoreBox *box, size_t unit);

/* The chunk of `size` bytes at byte `at` of an array. */
void NakChunkShape(const NakStoreBox *box, size_t unit, uint64_t at, size_t size, hsize_t start[],
                   hsize_t count[]);

/* Compress an array and add its chunks.  Collective. */
PetscErrorCode NakStoreWriteChunks(NakStore store, hid_t dataset, const NakExtent *array);

/* HDF5's error reporting belongs to the whole process.  It is ours only while we are at work. */
typedef struct {
  H5E_auto2_t report;
  void       *ctx;
} NakReporting;

NakReporting NakTakeReporting(NakStore store);
void         NakReturnReporting(NakReporting before);

/* Raise a failure of rank 0 on all ranks, with HDF5's reason.  Collective. */
PetscErrorCode NakStoreAgree(NakStore store, PetscErrorCode code, herr_t status);

/* The first failure of two. */
static inline herr_t NakFirst(herr_t one, herr_t other)
{
  return one < 0 ? one : other;
}

/* Whether this rank holds a file that is written. */
static inline PetscBool NakHolds(NakStore store)
{
  return (PetscBool)(store->writes && store->writers->rank == 0);
}

static inline hid_t NakMemoryType(NakStoreType type)
{
  if (type == NAK_STORE_BYTE) return H5T_NATIVE_UCHAR;
  if (type == NAK_STORE_INT) return sizeof(PetscInt) == 8 ? H5T_NATIVE_INT64 : H5T_NATIVE_INT32;
  return H5T_NATIVE_DOUBLE;
}

static inline hid_t NakDiskType(NakStoreType type)
{
  if (type == NAK_STORE_BYTE) return H5T_STD_U8LE;
  if (type == NAK_STORE_SINGLE) return H5T_IEEE_F32LE;
  return type == NAK_STORE_INT ? H5T_STD_I64LE : H5T_IEEE_F64LE;
}

static inline hid_t NakTextType(size_t size)
{
  const hid_t type = H5Tcopy(H5T_C_S1);

  (void)H5Tset_size(type, PetscMax(size, 1));
  (void)H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}
