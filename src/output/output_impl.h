/* What the rooms of the output module share. */
#pragma once

#include <nakfield/output.h>

/* ---- Faults: found on some ranks, told once ---- */

typedef struct {
  PetscErrorCode code; /* 0 where all is well */
  char           text[512];
} NakFault;

/* Note a fault unless one is noted already. */
void NakFaultNote(NakFault *fault, PetscErrorCode code, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/* Raise the fault of the lowest rank that has one: that rank prints, all return its code.
   Collective. */
PetscErrorCode NakFaultAgree(MPI_Comm comm, const NakFault *fault);

/* ---- Files and directories; rank 0 only, no messages ---- */

typedef PetscErrorCode (*NakFileWriter)(FILE *file, const void *ctx);

/* Write a file under a temporary name and rename it, so that `path` is never half a file.  Nothing
   is left behind when `write` fails. */
PetscErrorCode NakFileReplace(const char *path, NakFileWriter write, const void *ctx);

/* Write out what is buffered. */
PetscErrorCode NakFileFlush(FILE *file, const char *path);

/* Close and set to NULL; NULL is accepted. */
PetscErrorCode NakFileClose(FILE **file, const char *path);

/* Make the directory and its parents; refuse an older run there, or remove its files. */
PetscErrorCode NakDirectoryPrepare(const char *directory, PetscBool replace);

/* Bytes by which the file at `path`, there or not, may still grow; PETSC_INFINITY where the system
   does not say. */
PetscReal NakFileRoom(const char *directory, const char *path);

/* Have the file system set room aside behind the end of a file.  Returns the reason why there is
   none (an errno), or 0: there is, or the file system cannot tell. */
int NakFileReserve(const char *path, PetscReal bytes);

/* Give back what was reserved and is not used.  Harmless where there is no such file. */
void NakFileTrim(const char *path);

/* ---- The columns of timeseries.csv, and the attributes of a frame: NakRecordColumns ---- */

/* Note a fault where a number of the record is not finite. */
void NakRecordCheck(const NakRecord *record, NakFault *fault);

/* ---- fields.h5 ---- */

typedef struct NakStore_private *NakStore;

typedef struct {
  const char *version, *title; /* every rank */
  const char *deck;            /* rank 0 only */
  PetscMPIInt deck_size;       /* every rank; 0 without a deck */
} NakProvenance;

/* Create the file with its provenance and the grid of `frame`.  Collective. */
PetscErrorCode NakStoreCreate(MPI_Comm comm, const char *path, const NakFrame *frame,
                              const NakProvenance *origin, NakStore *store);

/* Append frame `index`: `values` holds the fields of `frame` one after the other.  Collective. */
PetscErrorCode NakStoreFrame(NakStore store, PetscInt index, const NakRecord *record,
                             const NakFrame *frame, const PetscReal values[]);

/* Close the file and set `*store` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakStoreDestroy(NakStore *store);

/* Version of the HDF5 library. */
void NakStoreLibrary(char *version, size_t size);

/* ---- fields.xmf, face.xmf ---- */

#define NAK_OUTPUT_FIELDS_MAX 64

/* What the description of all frames needs. */
typedef struct {
  PetscInt   nx, ny, nz;
  PetscInt   field_count;
  NakField   fields[NAK_OUTPUT_FIELDS_MAX]; /* their texts are the caller's */
  PetscInt   count, capacity;
  PetscReal *times; /* [s] */
} NakIndex;

/* NakFileWriters; `ctx` is a NakIndex. */
PetscErrorCode NakIndexWriteCells(FILE *file, const void *ctx);
PetscErrorCode NakIndexWriteFace(FILE *file, const void *ctx);

/* ---- The run directory ---- */

struct NakOutput_private {
  MPI_Comm    comm;
  PetscMPIInt rank;
  char        directory[NAK_TEXT_SIZE + 8];
  char        title[NAK_TEXT_SIZE];
  FILE       *timeseries, *log; /* rank 0 only */
  FILE       *spectra, *times;  /* impedance.csv and drt.csv; NULL before the first spectrum */
  double      flushed;          /* wall time of the last flush of timeseries [s] */
  int         log_errno;        /* of a write to the log that failed; told by the next collective */
  char       *deck;             /* as resolved; rank 0 only, of malloc() */
  PetscMPIInt deck_size;
  NakStore    store; /* NULL before the first frame */
  NakIndex    index;
  PetscBool   index_stale; /* the .xmf files lack the last frames */
  double      index_due;   /* wall time before which they are not rewritten [s] */
};

/* Path of a file of the run. */
PetscErrorCode NakOutputPath(NakOutput output, const char *name, char path[PETSC_MAX_PATH_LEN]);

/* Open timeseries.csv and write its first line.  Rank 0 only. */
PetscErrorCode NakOutputRowsOpen(NakOutput output);

/* Close fields.h5, bring the .xmf files up to date.  Collective. */
PetscErrorCode NakOutputFieldsClose(NakOutput output);
