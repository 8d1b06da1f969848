/**
  @file
  A protocol under way: the position in the compiled program, and what it reports.
*/
#pragma once

#include "program.h"

#define NAK_LIMITS 6

#define NAK_REASON_SIZE sizeof(((NakStepReport *)0)->reason)

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
  PetscInt  early;  /**< 1 if something ended its last execution before its time, else 0 */
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

/* ---- held.c ---- */

/** The table of which the current hold is a row, and its row, from 0; NULL if it is none. */
const NakProfile *NakTableAt(NakProtocol protocol, PetscInt *row);

/** What is held at the start of the current hold. */
NakControl NakControlOf(NakProtocol protocol);

/* ---- events.c ---- */

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
                              const char *reason, PetscBool early);

/** Set what the current hold holds while its report is open: a restart may change it. */
void NakReportHold(NakProtocol protocol, const NakControl *control);

/** Count `turns` more of the holds in `block`.  They share `charge` [C/m2] as in the last turn. */
PetscErrorCode NakReportSkip(NakProtocol protocol, PetscInt block, PetscInt turns,
                             PetscReal charge);
