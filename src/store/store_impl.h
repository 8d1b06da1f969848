/* What the source files of the store share; nothing here knows HDF5. */
#pragma once

#include <nakfield/store.h>

#define NAK_PIECE ((size_t)16 << 20) /* of a file: what a writer has at a time [B] */

enum { NAK_SEAL_SIZE = 512 }; /* of the seal in front of a sealed file [B] */

struct NakWriters_private {
  MPI_Comm    comm; /* of its own */
  PetscMPIInt rank, ranks;
  PetscMPIInt count, *list; /* of writers; the first is rank 0 */
  PetscMPIInt place;        /* of this rank on the list, -1 if it is not there */
};

/* ---- boxes.c: a box of an array, in bytes; `unit` is the size of an element ---- */

/* How many bytes of a box lie before byte `end` of the array.  In memory a box is contiguous, in
   the order of the array, so this is also where they end there. */
uint64_t NakBoxBefore(const NakStoreBox *box, size_t unit, uint64_t end);

/* Where byte `at` of a box lies in the array, and how many bytes follow each other there. */
uint64_t NakBoxPlace(const NakStoreBox *box, size_t unit, uint64_t at, uint64_t *together);

/* Bytes of a box, and of the array. */
uint64_t NakBoxBytes(const NakStoreBox *box, size_t unit);
uint64_t NakArrayBytes(const NakStoreBox *box, size_t unit);

/* ---- stream.c: a file or an array, window by window, between those who have it and writers
   ---- */

/* What lies in one place of a file: an array of all ranks, or bytes that one rank has.  This rank's
   part of it is as in the file at `mine`, or `fetch` makes `size` bytes of it from byte `from` on.
   The rest is for `fetch`. */
typedef struct NakExtent_private {
  uint64_t           at, bytes;
  PetscMPIInt        owner; /* -1: every rank has its box */
  size_t             unit;
  const NakStoreBox *boxes; /* of all ranks */
  char              *mine;
  PetscBool          own; /* whether `mine` belongs to the store */
  PetscErrorCode (*fetch)(const struct NakExtent_private *extent, uint64_t from, size_t size,
                          char bytes[]);
  NakStoreType  type;
  NakStoreFetch values;
  const void   *layout, *array;
} NakExtent;

/* Windows of at most `window` bytes from `begin` to `end`; none crosses a multiple of `period`.
   The first window comes last, and rank 0 has it. */
typedef struct {
  NakWriters       writers;
  PetscMPIInt      owners;  /* of windows: so many of the writers */
  const NakExtent *extents; /* in the order of the file */
  size_t           count;
  uint64_t         begin, end, period;
  size_t           window;
  size_t           windows;
  size_t           rounds; /* in each of them an owner has one window at most */
  char            *bytes;  /* of this rank's window */
  char            *parts;  /* of it, packed, as other ranks have them */
} NakStream;

/* `owners`, `extents`, `count`, `begin`, `end`, `period` and `window` are given. */
PetscErrorCode NakStreamBegin(NakWriters writers, NakStream *stream);
PetscErrorCode NakStreamEnd(NakStream *stream);

/* This rank's window in a round: its number, where it is and its size.  PETSC_FALSE for none. */
PetscBool NakStreamWindow(const NakStream *stream, size_t round, size_t *number, uint64_t *at,
                          size_t *size);

/* Where a window is, and the rank that has it. */
void        NakStreamPlace(const NakStream *stream, size_t number, uint64_t *at, size_t *size);
PetscMPIInt NakStreamOwner(const NakStream *stream, size_t number);

/* Collect the windows of a round from all ranks, or spread them over all ranks.  Collective. */
PetscErrorCode NakStreamCollect(NakStream *stream, size_t round);
PetscErrorCode NakStreamSpread(NakStream *stream, size_t round);

/* ---- seal.c ---- */

/* Put the seal into the first piece of a file of `bytes` bytes, whose first NAK_SEAL_SIZE bytes are
   free.  `sums` has a checksum of every piece; the first is set here.  Local. */
void NakSealPut(const char *seal, uint64_t bytes, uint64_t sums[], char first[]);

/* The checksum of a piece. */
uint64_t NakSealSum(const char piece[], size_t size);

/* ---- file.c ---- */

/* The directory that `path` lies in. */
void NakFileFolder(const char *path, char folder[PETSC_MAX_PATH_LEN]);

/* 0, or the reason why all of `bytes` cannot be written to a file, read from it, or made to survive
   a power cut. */
int NakFileWriteAt(int file, const char bytes[], size_t size, uint64_t at);
int NakFileReadAt(int file, char bytes[], size_t size, uint64_t at);
int NakFileSyncNow(int file);
