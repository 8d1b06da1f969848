/**
  @file
  The compiled program of a protocol: plain data.

  An item of the deck is one op.  The ops of a block follow it, depth first.  Pulses are compiled to
  a block of two holds.  A staircase is a block of one hold whose value grows with the turns.  A
  profile is a block of one hold whose value and length are those of a row.
*/
#pragma once

#include "signals.h"

#define NAK_REPEATS_DEEP 8                      /* repeats within repeats */
#define NAK_BLOCKS_DEEP  (NAK_REPEATS_DEEP + 1) /* and a staircase or pulses inside them */

/** Part of a span within which two ends by time are one, because sums of many durations differ by
    rounding. */
#define NAK_SAME_TIME 1e-10

typedef enum {
  NAK_OP_HOLD,
  NAK_OP_REPEAT,
  NAK_OP_PULSES,
  NAK_OP_STAIRCASE,
  NAK_OP_PROFILE
} NakOpKind;

typedef struct {
  NakOpKind  kind;
  PetscInt   parent;    /**< the block around it, -1 at the top */
  PetscInt   depth;     /**< number of blocks around it */
  PetscInt   end;       /**< first op that is neither this one nor inside it */
  PetscInt   condition; /**< the first of its conditions */
  PetscInt   conditions;
  char       word[16];  /**< for reports */
  PetscInt   count;     /**< blocks: turns; > 0 */
  PetscInt   step;      /**< holds: index among them */
  PetscInt   slot;      /**< holds: first of its slots for reports */
  NakControl control;   /**< holds: in the first turn of the block around it ... */
  PetscReal  increment; /**< ... and what each further turn adds to it */
  PetscReal  slope;     /**< holds: change of that with time [1/s] */
  PetscInt   profile;   /**< holds and blocks of a profile: its number from 1; else 0 */
  PetscReal  spectra;   /**< holds: NakProtocolSpectra() [s] */
  PetscReal  to;        /**< holds: the temperature that they bring [K]; 0 where they bring none */
  PetscReal  ramp;      /**< holds: the time that it takes [s]; 0 if it is set at once */
  PetscReal  duration;  /**< holds [s]; PETSC_INFINITY if there is none */
  PetscReal  length;    /**< longest time it can take, if known, else PETSC_INFINITY [s] */
  PetscReal  after;     /**< the same for all that follows it in its block [s] */
} NakOp;

/** A measured table. */
typedef struct {
  PetscInt   rows;
  PetscReal *time;  /**< since the first row [s] */
  PetscReal *value; /**< [A/m2] or [V] */
  PetscBool  lines; /**< from row to row; else each row holds until the next one */
  char       sha256[65];
} NakProfile;

typedef struct {
  NakOp        *ops;
  NakCondition *conditions;
  NakProfile   *profiles;
  PetscInt      n_ops, n_conditions, n_steps, n_profiles;
  PetscInt      room[3]; /**< allocated: ops, conditions, profiles; on rank 0, while it grows */
  PetscInt      n_slots; /**< of steps and levels; NAK_STEP_REPORTS + 1 stands for more than fit */
} NakProgram;

/* ---- program.c: rank 0 builds it ---- */

/** An op that holds `value`, without an end. */
NakOp NakOpHold(const char *word, NakHold hold, PetscReal value);

/** A block of `count` turns. */
NakOp NakOpBlock(const char *word, NakOpKind kind, PetscInt count);

/** Append an op that is complete except for its place; `*index` is that place. */
PetscErrorCode NakProgramAdd(NakProgram *program, PetscInt parent, NakOp op, PetscInt *index);

/** Append a condition of the last op that has any, or of one added after it. */
PetscErrorCode NakProgramAddCondition(NakProgram *program, const NakCondition *condition,
                                      PetscInt index);

/** Append a table, which then belongs to the program. */
PetscErrorCode NakProgramAddProfile(NakProgram *program, const NakProfile *profile);

/** Close a block: all ops after it are inside. */
void NakProgramClose(NakProgram *program, PetscInt block);

/** Fill in the times that ops take, once the program is complete. */
void NakProgramMeasure(NakProgram *program);

PetscErrorCode NakProgramFree(NakProgram *program);

/* ---- parse.c ---- */

/** Compile the deck's `protocol`.  Every error is collected; what is compiled nevertheless is
    consistent.  Rank 0 only; free with NakProgramFree(). */
PetscErrorCode NakProgramParse(NakDeck deck, const NakLimits *limits, NakProgram *program);

/* ---- profile.c ---- */

/** Read the map of a `profile`: its table, and what it holds.  Errors are collected and `*ok` is
    false.  Rank 0 only. */
PetscErrorCode NakProfileRead(NakDeck deck, const NakLimits *limits, NakNode map,
                              NakProfile *profile, NakHold *hold, PetscBool *ok);

/** Send a table to all ranks. */
PetscErrorCode NakProfileShare(MPI_Comm comm, NakProfile *profile);

PetscErrorCode NakProfileFree(NakProfile *profile);

/** Time from its first row to its last [s]. */
PetscReal NakProfileLength(const NakProfile *profile);

/* ---- reachability.c ---- */

typedef enum { NAK_NEVER, NAK_PERHAPS, NAK_SURELY } NakReachability;

/** Whether the hold at `index` ends by its time, its conditions or those around it.  Conditions
    that are true already when it begins do not count. */
NakReachability NakHoldReachability(const NakProgram *program, PetscInt index);
