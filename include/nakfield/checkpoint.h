/**
  @file
  Checkpoints: all that a run needs to continue, in one file that is complete or not there.

  A checkpoint is a list of named vectors and named blocks of plain data.  Each module has one
  function that names what it must not lose.  The same function writes and reads, so the two cannot
  differ:

      PetscErrorCode NakThingCheckpoint(NakThing thing, NakCheckpoint c)
      {
        PetscCall(NakCheckpointVec(c, "thing/U", thing->U));
        PetscCall(NakCheckpointBlock(c, "thing/count", &thing->count, sizeof thing->count));
      }

  The kind of the run calls it (src/sim/cell.c, box.c, alloy.c).  Nothing else is to be done for a
  new vector or block.
  Blocks must hold no pointers.  If the meaning or the layout of a block changes, raise
  NAK_CHECKPOINT_VERSION.

  Files are DIRECTORY/000123.h5.  Each is written under a temporary name, synced and renamed.  A
  checksum over every byte seals it (nakfield/store.h).  Vectors lie in natural order, so that any
  number of ranks can read them; blocks are those of rank 0.  Everything is collective, but blocks
  cost no messages.
*/
#pragma once

#include <nakfield/deck.h>
#include <nakfield/store.h>
#include <petscdmda.h>

#define NAK_CHECKPOINT_VERSION 7

/** When checkpoints are written and how many are kept.  Set by the deck; units and bounds are in
    NakCheckpointParamRows. */
typedef struct {
  PetscReal every; /**< wall time between two [s]; 0 for none by the clock */
  PetscInt  steps; /**< time steps between two; 0 for none by steps */
  PetscInt  keep;  /**< the newest are kept */
} NakCheckpointParams;

extern const NakParam NakCheckpointParamRows[];

typedef struct NakCheckpoint_private *NakCheckpoint; /**< opaque */

/** Begin a checkpoint in `directory`, which is created.  Its number is one above the last.
    `writers` must live longer, here and below. */
PetscErrorCode NakCheckpointCreate(NakWriters writers, const char *directory,
                                   NakCheckpoint *checkpoint);

/**
  Open the newest checkpoint that is undamaged.

  A damaged one is reported on standard error and renamed to NUMBER.damaged, and the previous one is
  used.  `*checkpoint` is NULL if there has never been one.

  Errors:
  - PETSC_ERR_USER_INPUT for a checkpoint of another version
  - PETSC_ERR_FILE_READ if all are damaged
  - PETSC_ERR_FILE_OPEN if one cannot be opened (rights, too many files); it is left as it is
*/
PetscErrorCode NakCheckpointOpen(NakWriters writers, const char *directory,
                                 NakCheckpoint *checkpoint);

/** Whether the checkpoint is being read, not written. */
PetscBool NakCheckpointReads(NakCheckpoint checkpoint);

/** The ranks that share the checkpoint. */
MPI_Comm NakCheckpointComm(NakCheckpoint checkpoint);

/** Path of the file; valid while the checkpoint is. */
const char *NakCheckpointPath(NakCheckpoint checkpoint);

/** Whether there is an entry of that name.  Always true for a checkpoint that is written. */
PetscErrorCode NakCheckpointHas(NakCheckpoint checkpoint, const char *name, PetscBool *has);

/** Write or read a vector of a DMDA.  It is not copied: it must stay as it is until
    NakCheckpointCommit().  Errors: PETSC_ERR_FP for a number that is not finite, which is never
    written; PETSC_ERR_FILE_UNEXPECTED for a vector of another grid. */
PetscErrorCode NakCheckpointVec(NakCheckpoint checkpoint, const char *name, Vec v);

/** The same for `count` values at each node that this rank owns, in the order of a vector.  They
    are copied. */
PetscErrorCode NakCheckpointNodes(NakCheckpoint checkpoint, const char *name, DM dm, PetscInt count,
                                  PetscReal values[]);

/** This rank's block of an array over a box, x fastest.  The block has `count` values in each
    direction from `start` on; the array has `size`.  The blocks of all ranks make up the box. */
typedef struct {
  PetscInt size[3], start[3], count[3];
} NakBlock;

/** Read a block. */
PetscErrorCode NakCheckpointReadBlock(NakCheckpoint checkpoint, const char *name,
                                      const NakBlock *block, PetscReal values[]);

/** Write a block that `fetch` makes of an array (nakfield/store.h), until NakCheckpointCommit(). */
PetscErrorCode NakCheckpointWriteBlock(NakCheckpoint checkpoint, const char *name,
                                       const NakBlock *block, NakStoreFetch fetch,
                                       const void *layout, const void *array);

/** Write or read plain data.  After reading, it is the same on every rank.  Names have less than 56
    characters.  No messages.  Errors: PETSC_ERR_FILE_UNEXPECTED if the size differs. */
PetscErrorCode NakCheckpointBlock(NakCheckpoint checkpoint, const char *name, void *data,
                                  size_t size);

/** Size of a block that is read [B]; 0 if there is none. */
PetscErrorCode NakCheckpointSize(NakCheckpoint checkpoint, const char *name, size_t *size);

/** Complete a checkpoint that was begun, and remove all but the newest `keep` of its directory.
    `*checkpoint` becomes NULL.  If something fails, the earlier checkpoints are as they were. */
PetscErrorCode NakCheckpointCommit(NakCheckpoint *checkpoint, PetscInt keep);

/** Close a checkpoint that was read, or abandon one that was begun; NULL is accepted. */
PetscErrorCode NakCheckpointDestroy(NakCheckpoint *checkpoint);
