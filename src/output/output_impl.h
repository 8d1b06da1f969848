/* What the source files of the output module share. */
#pragma once

#include <nakfield/output.h>
#include <nakfield/store.h>

/* ---- Files and directories; rank 0 only, no messages ---- */

/* Make the directory and its parents, and lock it until `file` is closed.  If the file system has
   no locks, refuse what another process owns. */
PetscErrorCode NakDirectoryEnter(const char *directory, int *file, PetscBool *locks);

/* owner.c: refuse a directory whose owner.json names a process that may still write. */
PetscErrorCode NakOwnerCheck(const char *directory);

/* Refuse an older run there, or remove its files, or leave them to be continued. */
PetscErrorCode NakDirectoryPrepare(const char *directory, NakOutputMode mode);

/* After the name and the place of a number. */
#define NAK_NOT_FINITE                                                                             \
  "a number that is not finite is not written; a lower tolerance or a shorter longest step may "   \
  "help"

/* Note a fault if a number is not finite. */
void NakNumbersCheck(const NakNumbers *numbers, NakFault *fault);

/* ---- fields/NNNNNN.h5 ---- */

/* Compute the fields of a frame one by one, and write its file; its attributes are `numbers`.
   There is no file if a value is not finite.  Collective. */
PetscErrorCode NakFrameWrite(NakOutput output, const char *path, const NakNumbers *numbers,
                             const NakFrame *frame);

/* Write fields/grid.h5.  Collective. */
PetscErrorCode NakGridWrite(NakWriters writers, const char *path, const NakFrame *frame);

/* ---- fields.xmf, face.xmf ---- */

/* What the description of all frames needs. */
typedef struct {
  PetscInt   nx, ny, nz;
  PetscBool  single; /* numbers have 4 bytes */
  PetscInt   field_count;
  NakField   fields[NAK_FRAME_FIELDS]; /* their texts are the caller's */
  PetscInt   count, capacity;
  PetscInt   synced; /* frames that survive a power cut */
  PetscReal *times;  /* [s] */
} NakIndex;

/* NakFileWriters; `ctx` is a NakIndex. */
PetscErrorCode NakIndexWriteCells(FILE *file, const void *ctx);
PetscErrorCode NakIndexWriteFace(FILE *file, const void *ctx);

/* ---- The run directory ---- */

/* Tables: those of every run, and others. */
enum {
  NAK_TABLE_TIMESERIES,
  NAK_TABLE_IMPEDANCE,
  NAK_TABLE_DRT,
  NAK_TABLE_OTHERS,
  NAK_TABLES = NAK_TABLE_OTHERS + 4
};

/* A table of numbers, <name>.csv; rank 0 only. */
typedef struct {
  char   name[32]; /* "" for none yet */
  FILE  *file;
  double flushed; /* wall time [s] */
} NakTable;

/* What progress.json and the watch over the room on the disk need; wall clock [s]. */
typedef struct {
  double    at;
  PetscReal time; /* of the run */
} NakSeenAt;
typedef struct {
  double    began, due, interval; /* interval: 0 before the first */
  PetscReal start;                /* time of the run when it began, or went on */
  NakSeenAt before, last;     /* since when the recent rate is; where the next one is to begin */
  PetscReal first_room, room; /* [B] */
  PetscBool warned;
  char      warning[2 * NAK_TEXT_SIZE];
} NakSeen;

struct NakOutput_private {
  MPI_Comm      comm;
  PetscMPIInt   rank;
  NakWriters    writers, alone; /* of frames and grid; of fields.h5, this rank */
  char          directory[NAK_TEXT_SIZE + 8];
  char          title[NAK_TEXT_SIZE];
  PetscBool     compress;  /* frames */
  NakFieldNames names;     /* of the fields of a frame, as the deck says */
  FILE         *log;       /* rank 0 only */
  int           log_errno; /* of a write to the log that failed; told by the next collective */
  NakTable      tables[NAK_TABLES];
  char         *deck; /* as resolved; rank 0 only, of malloc() */
  PetscMPIInt   deck_size;
  NakIndex      index;
  PetscBool     index_stale; /* fields.h5 and the .xmf files lack the last frames */
  double        index_due;   /* wall time before which they are not rewritten [s] */
  PetscBool     owns;        /* owner.json; rank 0 only, as what follows */
  NakSeen       seen;
};

/* log.c: path of a file of the run. */
PetscErrorCode NakOutputPath(NakOutput output, const char *name, char path[PETSC_MAX_PATH_LEN]);

/* tables.c: append rows that only rank 0 needs to know.  Collective. */
PetscErrorCode NakTableRows(NakOutput output, const char *name, const NakNumbers rows[],
                            PetscInt count);

/* tables.c, all on rank 0 only: the path of a table's file; the file with a large buffer, just
   opened; append a row; write all rows so far to the file; close all tables. */
PetscErrorCode NakTablePath(NakOutput output, const NakTable *table, char path[PETSC_MAX_PATH_LEN]);
void           NakTableBuffer(NakTable *table);
PetscErrorCode NakTableAppend(NakOutput output, const char *name, const NakNumbers *row);
PetscErrorCode NakTableFlush(NakOutput output, NakTable *table);
PetscErrorCode NakTablesClose(NakOutput output);

/* owner.c, on rank 0 only: say in owner.json who writes here, and on the terminal that there are no
   locks; remove that file and progress.json. */
PetscErrorCode NakOwnerTake(NakOutput output, PetscBool locks);
PetscErrorCode NakOwnerLeave(NakOutput output);

/* Make the tables, the log and the frames survive a kill and a power cut as they are now.  Rank 0
   only. */
PetscErrorCode NakOutputSettle(NakOutput output);

/* Path of the file of frame `index`. */
PetscErrorCode NakFramePath(NakOutput output, PetscInt index, char path[PETSC_MAX_PATH_LEN]);

/* Bring fields.h5 and the .xmf files up to date.  Collective. */
PetscErrorCode NakOutputFieldsClose(NakOutput output);
