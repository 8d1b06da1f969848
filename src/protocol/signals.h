/**
  @file
  Signals, and conditions on them: `voltage > 3 V`, or the name of an event.
*/
#pragma once

#include <nakfield/protocol.h>

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

/** Where an item began. */
typedef struct {
  PetscReal time;     /**< [s] */
  PetscReal capacity; /**< [C/m2] */
  PetscReal peak;     /**< of the magnitude of the voltage since the step began, at a current [V] */
} NakMark;

/** Whether it is a time, whose end is known before. */
static inline PetscBool NakSignalIsTime(NakSignalId signal)
{
  return (PetscBool)(signal == NAK_SIGNAL_TIME || signal == NAK_SIGNAL_TOTAL_TIME);
}

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

/* ---- conditions.c ---- */

/** Read `SIGNAL > VALUE` or the name of an event; an error is collected and `*ok` is false.  Rank 0
    only. */
PetscErrorCode NakConditionParse(NakDeck deck, NakNode node, const NakLimits *limits,
                                 NakCondition *condition, PetscBool *ok);

/* ---- events.c ---- */

/** Kinds of events that have a condition.  Those of the run's end follow them. */
enum { NAK_EVENTS_WATCHED = 9 };

/** The event of that name, -1 for none. */
PetscInt NakEventFind(const char *name);

/** The condition of one of the watched events. */
NakCondition NakEventCondition(PetscInt kind, const NakLimits *limits);
