/**
  @file
  Inside the protocol: the compiled program, which is plain data, and the position in it.

  An item of the deck is one op.  The ops of a block follow it, depth first.  Pulses are compiled to
  a block of two holds.  A staircase is a block of one hold whose value grows with the turns.  A
  profile is a block of one hold whose value and length are those of a row.
*/
#pragma once

#include <nakfield/protocol.h>

#define NAK_REPEATS_DEEP 8                      /* repeats within repeats */
#define NAK_BLOCKS_DEEP  (NAK_REPEATS_DEEP + 1) /* and a staircase or pulses inside them */
#define NAK_LIMITS       6

/** Part of a span within which two ends by time are one, because sums of many durations differ by
    rounding. */
#define NAK_SAME_TIME 1e-10

#define NAK_REASON_SIZE sizeof(((NakStepReport *)0)->reason)

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
  NAK_SIGNAL_RESERVOIR_X,
  NAK_SIGNAL_TEMPERATURE,
  NAK_SIGNAL_FACE_X,
  NAK_SIGNAL_VOIDS,
  NAK_SIGNAL_WETTED,
  NAK_SIGNAL_SOLID_A,
  NAK_SIGNAL_SOLID_B,
  NAK_SIGNAL_BEYOND_A,
  NAK_SIGNAL_BEYOND_B,
  NAK_SIGNAL_VOLTAGE_DROP,
  NAK_SIGNAL_LEAST_X,
  NAK_SIGNAL_SALT,
  NAK_SIGNAL_CARRIER_K,
  NAK_SIGNAL_ELECTROLYTE_NA,
  NAK_SIGNAL_COUNTER_NA,
  NAK_SIGNAL_COUNTER_K,
  NAK_SIGNAL_LEAST_NA,
  NAK_SIGNAL_COUNTER_LEFT
} NakSignalId;

typedef struct {
  NakSignalId signal;
  PetscReal   sign;     /**< 1 for >, -1 for < */
  PetscReal   bound;    /**< [unit of the signal] */
  PetscReal   scale;    /**< of distances from the bound [unit of the signal]; > 0 */
  char        text[64]; /**< as the deck spells it */
} NakCondition;

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
  PetscInt      n_slots; /**< of steps and levels; NAK_STEP_REPORTS + 1 stands for more than fit */
} NakProgram;

/** Where an item began. */
typedef struct {
  PetscReal time;     /**< [s] */
  PetscReal capacity; /**< [C/m2] */
  PetscReal peak;     /**< of the magnitude of the voltage since the step began, at a current [V] */
} NakMark;

/** Everything of a run that is not in its reports; plain data. */
typedef struct {
  PetscInt  op; /**< the current hold, or the last one of a protocol that has ended */
  PetscBool entered;
  NakMark   step_begin;  /**< where it was entered */
  PetscReal end_time;    /**< of the hold by time alone [s] */
  PetscReal temperature; /**< from which the hold's ramp begins; of all of it without a ramp [K] */
  struct {
    NakMark   begin;
    PetscReal turn_time;        /**< beginning of the turn [s] */
    PetscReal turn_temperature; /**< before anything in it was done [K] */
    PetscInt  turns;            /**< done */
  } blocks[NAK_BLOCKS_DEEP];    /**< around the hold, the outermost first */
  PetscReal turn_length;        /**< of the turn that was completed last [s] */
  PetscReal turn_end;           /**< [s] */
  NakEnd    end;
  char      why[96];
} NakPosition;

/** Kinds of events that have a condition.  Those of the run's end follow them. */
enum { NAK_EVENTS_WATCHED = 9 };

/** The events seen so far; plain data. */
typedef struct {
  PetscReal time, capacity;           /**< of the record before [s], [C/m2] */
  PetscReal past[NAK_EVENTS_WATCHED]; /**< its overshoots */
  PetscBool on[NAK_EVENTS_WATCHED];   /**< happened and not undone */
  PetscBool begun;                    /**< there is a record before */
  PetscBool ended;                    /**< the end was noted */
  PetscInt  count;
} NakWatch;

/** A protocol step, or a level of a staircase. */
typedef struct {
  PetscInt  report; /**< -1 until it is executed */
  PetscReal charge; /**< passed in its last execution [C/m2] */
} NakSlot;

struct NakProtocol_private {
  NakProgram     program;
  PetscReal      start; /**< temperature at the start of the run [K] */
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
  NakAnswers     answers, saved_answers;
  NakCondition   events[NAK_EVENTS_WATCHED];
  NakWatch       watch; /**< not part of NakProtocolSave(): trials note nothing */
  NakEvent       noted[NAK_EVENTS];
};

/* ---- signals.c ---- */

/** The signal's value for an item that began at `since`. */
PetscReal NakSignalValue(NakSignalId signal, const NakRecord *now, const NakMark *since);

/** How far `now` is past the condition, relative to its scale. */
PetscReal NakConditionPast(const NakCondition *condition, const NakRecord *now,
                           const NakMark *since);

/** Whether a condition has come true that is `now` so far past its bound.  If `begun`, also after
    which fraction of the way from the record before.  `past` and `on` are kept from one call to the
    next. */
PetscBool NakConditionComes(PetscReal now, PetscBool begun, PetscReal *past, PetscBool *on,
                            PetscReal *part);

/** The same, but never past a condition of time. */
PetscReal NakConditionOvershoot(const NakCondition *condition, const NakRecord *now,
                                const NakMark *since);

/** A condition made of numbers, with `origin` in its text. */
void NakConditionSet(NakSignalId signal, char relation, PetscReal bound, const char *origin,
                     NakCondition *condition);

/** Read `SIGNAL > VALUE` or the name of an event; an error is collected and `*ok` is false.  Rank 0
    only. */
PetscErrorCode NakConditionParse(NakDeck deck, NakNode node, const NakLimits *limits,
                                 NakCondition *condition, PetscBool *ok);

/* ---- events.c ---- */

/** The event of that name, -1 for none. */
PetscInt NakEventFind(const char *name);

/** The condition of one of the watched events. */
NakCondition NakEventCondition(PetscInt kind, const NakLimits *limits);

/** Write the recorded events to a checkpoint, or read them. */
PetscErrorCode NakEventsCheckpoint(NakProtocol protocol, NakCheckpoint checkpoint);

/* ---- answers.c ---- */

/** Take account of the execution of the current hold, which ends by `end`: by a condition of the
    item `op`, -1 for a limit. */
void NakAnswersClose(NakProtocol protocol, const NakRecord *now, NakEnd end, PetscInt op);

/** Count the `charge` [C/m2] of turns that are skipped, if `block` passes charge in one
    direction. */
void NakAnswersSkip(NakProtocol protocol, PetscInt block, PetscReal charge);

PetscErrorCode NakAnswersCheckpoint(NakProtocol protocol, NakCheckpoint checkpoint);

/* ---- parse.c ---- */

/** Compile the deck's `protocol`.  Every error is collected; what is compiled nevertheless is
    consistent.  Rank 0 only; free with NakProgramFree(). */
PetscErrorCode NakProgramParse(NakDeck deck, const NakLimits *limits, NakProgram *program);

PetscErrorCode NakProgramFree(NakProgram *program);

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

/** The table of which the current hold is a row, and its row, from 0; NULL if it is none. */
const NakProfile *NakProfileAt(NakProtocol protocol, PetscInt *row);

/* ---- reachability.c ---- */

typedef enum { NAK_NEVER, NAK_PERHAPS, NAK_SURELY } NakReachability;

/** Whether the hold at `index` ends by its time, its conditions or those around it.  Conditions
    that are true already when it begins do not count. */
NakReachability NakHoldReachability(const NakProgram *program, PetscInt index);

/* ---- run.c ---- */

/** Put the protocol at its beginning. */
void NakProtocolRewind(NakProtocol protocol);

/** When time alone ends the current hold, which was entered at `at.step_begin`. */
void NakProtocolSetEnd(NakProtocol protocol);

/* ---- temperature.c ---- */

/** Enter the current hold: bring the temperature that it sets at once. */
void NakTemperatureEnter(NakProtocol protocol);

/** Leave the hold at `time`: the temperature stays where it is. */
void NakTemperatureLeave(NakProtocol protocol, PetscReal time);

/** Whether a turn of `block` that has just been completed ended at the temperature with which it
    began, and holds no ramp. */
PetscBool NakTemperatureReturns(NakProtocol protocol, PetscInt block);

/* ---- report.c ---- */

/** Begin, and complete, the report of the execution of the current hold. */
PetscErrorCode NakReportOpen(NakProtocol protocol, const NakControl *control, const NakRecord *now);
PetscErrorCode NakReportClose(NakProtocol protocol, const NakRecord *now, NakEnd end,
                              const char *reason);

/** Set what the current hold holds while its report is open: a restart may change it. */
void NakReportHold(NakProtocol protocol, const NakControl *control);

/** Count `turns` more of the holds in `block`.  They share `charge` [C/m2] as in the last turn. */
PetscErrorCode NakReportSkip(NakProtocol protocol, PetscInt block, PetscInt turns,
                             PetscReal charge);
