/* What the source files share that call HDF5: a negative status is a failure.  After every array
   the ranks agree, because the next one waits for all of them. */
#pragma once

#include "store_impl.h"

#include <hdf5.h>

#define MESSAGE ((size_t)1 << 30) /* the longest: MPI counts with int [B] */

struct NakStore_private {
  MPI_Comm    comm;
  PetscMPIInt rank, ranks;
  char        path[PETSC_MAX_PATH_LEN]; /* as it will be called */
  char        file_path[PETSC_MAX_PATH_LEN];
  char        seal[NAK_SEAL_TEXT]; /* "" without one */
  PetscBool   writes, compress;
  hid_t       file;
  herr_t      pending;     /* of attributes that could not be written */
  char        reason[256]; /* the first failure in HDF5's words */
};

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
  return (PetscBool)(store->writes && store->rank == 0);
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

/* Create a dataset without fill values: every element of it is about to be written. */
hid_t NakCreateDataset(NakStore store, const char *name, hid_t type, int rank,
                       const hsize_t size[]);
