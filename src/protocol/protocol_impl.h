/**
  @file
  Inside the protocol: the compiled program, which is plain data, and the position in it.

  An item of the deck is one op, and the ops of a block follow it, depth first.  Pulses are compiled
  to a block of two holds; a staircase to a block of one hold whose value grows with the turns.
*/
#pragma once

#include <nakfield/protocol.h>

#define NAK_REPEATS_DEEP 8                      /* repeats within repeats */
#define NAK_BLOCKS_DEEP  (NAK_REPEATS_DEEP + 1) /* and a staircase or pulses inside them */
#define NAK_LIMITS       3
#define NAK_REASON_SIZE  sizeof(((NakStepReport *)0)->reason)

/** Rows of NakSignals. */
typedef enum {
  NAK_SIGNAL_VOLTAGE,
  NAK_SIGNAL_CURRENT,
  NAK_SIGNAL_CAPACITY,
  NAK_SIGNAL_STEP_CAPACITY,
  NAK_SIGNAL_TIME,
  NAK_SIGNAL_TOTAL_TIME,
  NAK_SIGNAL_U_FACE,
  NAK_SIGNAL_CONTACT,
  NAK_SIGNAL_K_FILM,
  NAK_SIGNAL_DEPOSIT,
  NAK_SIGNAL_FILAMENT,
  NAK_SIGNAL_RESERVOIR_X
} NakSignalId;

typedef struct {
  NakSignalId signal;
  PetscReal   sign;     /**< 1 for >, -1 for < */
  PetscReal   bound;    /**< [unit of the signal] */
  PetscReal   scale;    /**< of distances from the bound [unit of the signal]; > 0 */
  char        text[64]; /**< as the deck spells it */
} NakCondition;

typedef enum { NAK_OP_HOLD, NAK_OP_REPEAT, NAK_OP_PULSES, NAK_OP_STAIRCASE } NakOpKind;

typedef struct {
  NakOpKind  kind;
  PetscInt   parent;    /**< the block around it, -1 at the top */
  PetscInt   depth;     /**< number of blocks around it */
  PetscInt   end;       /**< first op that is neither this one nor inside it */
  PetscInt   condition; /**< the first of its conditions */
  PetscInt   conditions;
  char       word[16];  /**< for reports */
  PetscInt   count;     /**< blocks: turns; > 0 */
  PetscInt   leaf;      /**< holds: index among them */
  PetscInt   slot;      /**< holds: first of its slots for reports */
  NakControl control;   /**< holds: in the first turn of the block around it ... */
  PetscReal  increment; /**< ... and what each further turn adds to it */
  PetscReal  spectra;   /**< holds: NakProtocolSpectra() [s] */
  PetscReal  duration;  /**< holds [s]; PETSC_INFINITY where there is none */
  PetscReal  length;    /**< longest time it can take, if known, else PETSC_INFINITY [s] */
  PetscReal  after;     /**< the same for all that follows it in its block [s] */
} NakOp;

typedef struct {
  NakOp        *ops;
  NakCondition *conditions;
  PetscInt      n_ops, n_conditions, n_leaves;
  PetscInt      n_slots; /**< of leaves and levels; NAK_STEP_REPORTS + 1 stands for more than fit */
} NakProgram;

/** Where an item began. */
typedef struct {
  PetscReal time;     /**< [s] */
  PetscReal capacity; /**< [C/m2] */
} NakMark;

/** Everything of a run that is not in its reports; plain data. */
typedef struct {
  PetscInt  op; /**< the current hold, or the last one of a protocol that has ended */
  PetscBool entered;
  NakMark   leaf;     /**< where it was entered */
  PetscReal end_time; /**< of the hold by time alone [s] */
  struct {
    NakMark   begin;
    PetscReal turn_time;     /**< beginning of the turn [s] */
    PetscInt  turns;         /**< done */
  } blocks[NAK_BLOCKS_DEEP]; /**< around the hold, the outermost first */
  PetscReal turn_length;     /**< of the turn that was completed last [s] */
  PetscReal turn_end;        /**< [s] */
  NakEnd    end;
  char      why[96];
} NakPosition;

/** A leaf, or a level of a staircase. */
typedef struct {
  PetscInt  report; /**< -1 until it is executed */
  PetscReal charge; /**< passed in its last execution [C/m2] */
} NakSlot;

struct NakProtocol_private {
  NakProgram     program;
  NakCondition   limits[NAK_LIMITS];
  PetscInt       n_limits;
  NakPosition    at;
  NakSlot       *slots;
  NakStepReport *reports;
  PetscInt       n_slots, n_reports;
  NakPosition    saved_at; /**< NakProtocolSave() */
  NakSlot       *saved_slots;
  NakStepReport *saved_reports;
  PetscInt       n_saved_reports;
};

/* ---- signals.c ---- */

/** The signal's value for an item that began at `since`. */
PetscReal NakSignalValue(NakSignalId signal, const NakRecord *now, const NakMark *since);

/** How far `now` is past the condition, relative to its scale; never past it for times. */
PetscReal NakConditionOvershoot(const NakCondition *condition, const NakRecord *now,
                                const NakMark *since);

/** A condition made of numbers, with `origin` in its text. */
void NakConditionSet(NakSignalId signal, char relation, PetscReal bound, const char *origin,
                     NakCondition *condition);

/** Read `SIGNAL > VALUE`; a mistake is collected and `*ok` is false.  Rank 0 only. */
PetscErrorCode NakConditionParse(NakDeck deck, NakNode node, NakCondition *condition,
                                 PetscBool *ok);

/* ---- parse.c ---- */

/** Compile the deck's `protocol`; every mistake is collected, and what is compiled nevertheless is
    consistent.  Rank 0 only; free with NakProgramFree(). */
PetscErrorCode NakProgramParse(NakDeck deck, const NakLimits *limits, NakProgram *program);

PetscErrorCode NakProgramFree(NakProgram *program);

/* ---- prospects.c ---- */

typedef enum { NAK_NEVER, NAK_PERHAPS, NAK_SURELY } NakProspect;

/** Whether the hold at `index` comes to an end by its time, its conditions or those around it; what is
    true already when it begins does not count. */
NakProspect NakHoldProspect(const NakProgram *program, PetscInt index);

/* ---- run.c ---- */

/** Put the protocol at its beginning. */
void NakProtocolRewind(NakProtocol protocol);

/** When time alone ends the current hold, which was entered at `at.leaf`. */
void NakProtocolSetEnd(NakProtocol protocol);

/* ---- report.c ---- */

/** Begin, and complete, the report of the execution of the current hold. */
PetscErrorCode NakReportOpen(NakProtocol protocol, const NakControl *control, const NakRecord *now);
PetscErrorCode NakReportClose(NakProtocol protocol, const NakRecord *now, NakEnd end,
                              const char *reason);

/** What is held in the current hold, whose report is open: a restart may change it. */
void NakReportHold(NakProtocol protocol, const NakControl *control);

/** Count `turns` more of the holds in `block`, which share `charge` [C/m2] as in the last turn. */
PetscErrorCode NakReportSkip(NakProtocol protocol, PetscInt block, PetscInt turns,
                             PetscReal charge);
