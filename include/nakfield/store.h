/**
  @file
  Files that are complete or not there.

  A store is an HDF5 file of all ranks, written by some of them, the writers.  Arrays of all ranks
  stay where they are until the file is complete.  Then writers collect the file in pieces of 16 MiB
  and write them, under a temporary name (`path`.tmp).  NakStoreCommit() gives the file its own
  name.  So a process killed at any moment leaves the earlier file or none.  The bytes of a file do
  not depend on the number of ranks or writers.

  A sealed store begins with 512 bytes.  They hold its length and a checksum (XXH3) over every byte
  of it.  So a bit that flipped anywhere, or an end that is missing, is found before HDF5 reads the
  file.  Nothing else in the program knows HDF5.

  Names of datasets may have slashes; the groups in them are made.  All ranks agree on errors:
  PETSC_ERR_FILE_OPEN, _READ, _WRITE with the path and the system's or HDF5's reason.
*/
#pragma once

#include <nakfield/base.h>
#include <stdio.h>

/* ---- Writers ---- */

/** Who writes files, and checks and reads them. */
typedef struct NakWriters_private *NakWriters; /**< opaque */

/** Choose writers among the ranks of `comm`, which is duplicated: one of each node, then a second
    one of each, and so on.  The first is rank 0.  Collective.
    @param[in] count  how many, of the ranks that there are; 0 for one of each node */
PetscErrorCode NakWritersCreate(MPI_Comm comm, PetscInt count, NakWriters *writers);

/** All ranks. */
MPI_Comm NakWritersComm(NakWriters writers);

PetscMPIInt NakWritersCount(NakWriters writers);

/** NULL is accepted.  `*writers` becomes NULL.  Collective. */
PetscErrorCode NakWritersDestroy(NakWriters *writers);

/* ---- Stores; every function is collective ---- */

enum { NAK_SEAL_TEXT = 64 };

typedef struct NakStore_private *NakStore; /**< opaque */

typedef enum {
  NAK_STORE_REAL,
  NAK_STORE_INT,
  NAK_STORE_BYTE,
  NAK_STORE_SINGLE
} NakStoreType; /**< PetscReal, PetscInt, unsigned char; PetscReal with 4 bytes in the file */

/** This rank's part of an array of up to four indices, the last fastest.  The parts of all ranks
    make up the whole. */
typedef struct {
  int      rank; /**< number of indices */
  PetscInt size[4], start[4], count[4];
} NakStoreBox;

/** Begin a file in place of `path`.
    @param[in] writers  must live longer than the store
    @param[in] seal  says what the file is, in less than NAK_SEAL_TEXT characters; NULL for a file
                     without a seal */
PetscErrorCode NakStoreCreate(NakWriters writers, const char *path, const char *seal,
                              NakStore *store);

/** Open a file for reading. */
PetscErrorCode NakStoreOpen(NakWriters writers, const char *path, NakStore *store);

/** Attributes of `owner`, a dataset or a group of the file, "/" for the file itself.  The same on
    every rank.  If one cannot be written, the next array or NakStoreCommit() reports it. */
PetscErrorCode NakStoreText(NakStore store, const char *owner, const char *name, const char *text);
PetscErrorCode NakStoreNumber(NakStore store, const char *owner, const char *name,
                              NakStoreType type, const void *value);

/** Write `count` values of rank 0, and read them on every rank. */
PetscErrorCode NakStoreWrite(NakStore store, const char *name, NakStoreType type, size_t count,
                             const void *values);
PetscErrorCode NakStoreRead(NakStore store, const char *name, NakStoreType type, size_t count,
                            void *values);

/** A text of `size` bytes on rank 0, with its final 0. */
PetscErrorCode NakStoreWriteText(NakStore store, const char *name, size_t size, const char *text);

/** How many values a dataset has; `there` is PETSC_FALSE if there is none of that name.  The same
    on every rank. */
PetscErrorCode NakStoreCount(NakStore store, const char *name, size_t *count, PetscBool *there);

/** Compress the shared arrays that follow, without loss, by shuffle and deflate.  A chunk is a
    layer, or so many rows of it as have 16 MiB.  An array of one index is not compressed, nor one
    whose rows are longer.  Rank 0 alone reads what is compressed.  Not collective. */
void NakStoreCompress(NakStore store);

/** Write a shared array.  It is not copied: it must stay as it is until NakStoreCommit() or
    NakStoreDestroy(). */
PetscErrorCode NakStoreWriteArray(NakStore store, const char *name, NakStoreType type,
                                  const NakStoreBox *box, const void *values);

/** Put `count` values of this rank's part of an array into `values`, from number `from` on, in the
    order of the array.  Sends no messages. */
typedef void (*NakStoreFetch)(const void *layout, const void *array, size_t from, size_t count,
                              void *values);

/** The same for an array that this rank has in another order, or that it computes: it is fetched
    piece by piece.  `layout` and `array` are handed to `fetch`, and must stay as long. */
PetscErrorCode NakStoreFetchArray(NakStore store, const char *name, NakStoreType type,
                                  const NakStoreBox *box, NakStoreFetch fetch, const void *layout,
                                  const void *array);

/** Read a shared array.  One of another size, of a type that no store writes, or by a link to
    another file is PETSC_ERR_FILE_UNEXPECTED. */
PetscErrorCode NakStoreReadArray(NakStore store, const char *name, NakStoreType type,
                                 const NakStoreBox *box, void *values);

/** Make `name` refer to the object `target` of another file, whose path is relative to this one. */
PetscErrorCode NakStoreLink(NakStore store, const char *name, const char *file, const char *target);

/** Write the file, seal it and give it its name.  `*store` becomes NULL.  If it fails, no file is
    left over.  Before anything is written, room on the disk is checked.
    @param[in] sync  whether the file must survive a power cut from now on (fsync), too */
PetscErrorCode NakStoreCommit(NakStore *store, PetscBool sync);

/** Close a file that was read, or abandon one that was begun; NULL is accepted.  `*store` becomes
    NULL. */
PetscErrorCode NakStoreDestroy(NakStore *store);

/** Check a sealed file.  Collective.
    @param[out] seal    text of its seal
    @param[in]  size    of `damage`
    @param[out] damage  "" for a file that is as it was written, else what is wrong with it

    Errors: PETSC_ERR_FILE_OPEN if it cannot be opened.  That says nothing about its contents (but
    EIO does). */
PetscErrorCode NakSealCheck(NakWriters writers, const char *path, char seal[NAK_SEAL_TEXT],
                            size_t size, char damage[]);

/** What each of so many writers needs for a file of so many bytes [B].  It is two pieces.
    Compression takes three more, and the chunks of a writer are kept until the file is written; in
    the worst case they are as long as what was compressed.  Pure. */
PetscReal NakStoreWriterMemory(PetscReal bytes, PetscInt writers, PetscBool compressed);

/** Version of the HDF5 library. */
void NakStoreLibrary(char *version, size_t size);

/* ---- Files and directories; one rank only, no messages ---- */

typedef PetscErrorCode (*NakFileWriter)(FILE *file, const void *ctx);

/** Write a file under a temporary name, sync and rename it, so that `path` is never half a file.
    If `write` fails, no file is left over. */
PetscErrorCode NakFileReplace(const char *path, NakFileWriter write, const void *ctx);

/** Write out what is buffered. */
PetscErrorCode NakFileFlush(FILE *file, const char *path);

/** Bytes by which a file can still grow, as far as the system says.  It considers the disk, a quota
    that statvfs() knows, and the limit of a file's size.  PETSC_INFINITY if the system says
    nothing. */
PetscReal NakFileRoom(const char *path);

/** Close and set to NULL; NULL is accepted. */
PetscErrorCode NakFileClose(FILE **file, const char *path);

/** The same, and make it survive a power cut (fsync).  A file system that cannot do that is no
    error; a disk that fails is one. */
PetscErrorCode NakFileSync(FILE *file, const char *path);

/** Make a closed file, or the names in a directory, survive a power cut.  If nothing has that name,
    it is no error. */
PetscErrorCode NakPathSync(const char *path);

/** The number of a name such as 000123.h5 with the suffix .h5; -1 for another name. */
PetscInt NakFileNumber(const char *name, const char *suffix);

/** Make a directory and its parents. */
PetscErrorCode NakDirectoryMake(const char *directory);

/** Call `visit` for every name in a directory.  If there is no directory, there are none.  Errors:
    PETSC_ERR_FILE_READ for one that cannot be read to its end. */
typedef PetscErrorCode (*NakDirectoryVisitor)(const char *name, void *ctx);
PetscErrorCode NakDirectoryList(const char *directory, NakDirectoryVisitor visit, void *ctx);

/* ---- A folder that others write to; one rank only, no messages ---- */

/** A folder and the list of what scripts wrote to it, `written.txt`, each name with a number.
    Other files in the folder are never touched. */
typedef struct NakFolder_private *NakFolder;

/**
  Make the folder, and begin its list or continue it.

  @param[out] next    one more than the largest number on the list; 0 for none
  @param[out] folder  close with NakFolderClose(), also where this fails
*/
PetscErrorCode NakFolderOpen(const char *path, PetscInt *next, NakFolder *folder);

/** The scripts begin. */
PetscErrorCode NakFolderBegin(NakFolder folder);

/** To be called when the scripts are done.  What is new or was changed since NakFolderBegin(), and
    is not on the list, is added to it.  A directory counts as one name. */
PetscErrorCode NakFolderNote(NakFolder folder, PetscInt number);

/** Close the list and set `*folder` to NULL; NULL is accepted. */
PetscErrorCode NakFolderClose(NakFolder *folder);

/** Remove what the list of a folder has under `from` and larger numbers.  If nothing is left,
    remove the list and the folder.  Without a list, nothing happens. */
PetscErrorCode NakFolderRemove(const char *folder, PetscInt from);
