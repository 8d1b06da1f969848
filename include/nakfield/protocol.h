/**
  @file
  The protocol: what the cycler holds, for how long, and what ends it.

  A protocol is a list of items, one of
    strip: 1 mA/cm^2       constant current out of the alloy
    plate: 1 mA/cm^2       constant current into the alloy
    current: -1 mA/cm^2    the same with a sign, positive strips
    voltage: 0.5 V         constant voltage
    rest: 5 s              no current; or `rest:` with `for` and `until` beside it
    staircase: {from, to, step, hold, until}   constant currents from `from` to `to`, both included
    pulses: {current, on, off, count, until}   count times `on` at the current and `off` at rest
    repeat: 50000          with `steps: [...]` and `until`; repeats nest
  Every item takes `until`, a condition or a list of them; currents and voltages need `for`, `until`
  or both.  A condition is `SIGNAL < VALUE` or `SIGNAL > VALUE`; signals and their units are in
  NakSignals.  The first condition to come true ends the item it stands at: the leaf, the staircase,
  the repeat.

  The compiled protocol is plain data: the position can be stored and restored bitwise, and takes
  the same memory for one cycle or a million.
*/
#pragma once

#include <nakfield/state.h>

/** A quantity that conditions can watch. */
typedef struct {
  const char *name; /**< "voltage", "capacity", ... */
  const char *unit; /**< SI */
  const char *doc;
} NakSignal;

/** voltage, current, capacity (net since the start of the run), step_capacity (|charge| of this
    item), time (since the item began), total_time, u_face (least), contact, k_film, deposit
    (largest), filament, reservoir_x; ends with a NULL name. */
extern const NakSignal NakSignals[];

/** Safety limits of the cycler: beyond them the run ends, whatever the protocol says. */
typedef struct {
  PetscReal voltage_max, voltage_min; /**< [V] */
  PetscReal filament; /**< the electrolyte's thickness [m]: a filament this long is a short */
} NakLimits;

/** Rows for voltage_max and voltage_min ("limits.voltage_max"); the filament is set by sim. */
extern const NakParam NakLimitsParamRows[];

/** How a run or an item ended. */
typedef enum {
  NAK_END_NONE,      /**< it goes on */
  NAK_END_DURATION,  /**< its time was up, its count was reached */
  NAK_END_CONDITION, /**< one of its conditions */
  NAK_END_OUTER,     /**< a condition of a block around it */
  NAK_END_LIMIT,     /**< a safety limit */
  NAK_END_SHORT,     /**< a filament crossed the electrolyte */
  NAK_END_FAILED,    /**< the solver gave up */
  NAK_END_STOPPED    /**< a signal or the wall time */
} NakEnd;

/** What became of one leaf; all executions inside repeats share one report, every level of a
    staircase has its own. */
typedef struct {
  PetscInt   index;    /**< in order of first execution */
  PetscInt   item;     /**< of the protocol: the leaf, depth first from 0 */
  char       kind[16]; /**< "strip", "plate", "voltage", "rest", "staircase" */
  PetscInt   executions;
  NakControl control;     /**< of the last execution */
  NakEnd     end;         /**< of the last execution */
  char       reason[96];  /**< "duration", "voltage > 3 V", "voltage > 3 V (of the repeat)", ... */
  PetscReal  start, stop; /**< of the first and the last execution [s] */
  PetscReal  capacity;    /**< charge passed in all executions [C/m2] */
  PetscReal  voltage;     /**< at the end of the last execution [V] */
} NakStepReport;

typedef struct NakProtocol_private *NakProtocol; /**< opaque */

/**
  Read the deck's `protocol` list.  Collective.

  Mistakes are collected in the deck (unknown items and signals with the nearest known one, a missing
  duration, a staircase that never arrives, nesting deeper than 8); `*protocol` is then usable for
  nothing but NakProtocolDestroy().
*/
PetscErrorCode NakProtocolCreate(NakDeck deck, const NakLimits *limits, NakProtocol *protocol);

/** Free the protocol and set `*protocol` to NULL; NULL is accepted. */
PetscErrorCode NakProtocolDestroy(NakProtocol *protocol);

/* The rest is local, without messages: every rank walks the same protocol with the same records. */

/** Whether nothing is left to do. */
PetscBool NakProtocolDone(NakProtocol protocol);

/** Enter the current leaf: note time and capacity that its conditions count from. */
PetscErrorCode NakProtocolEnter(NakProtocol protocol, const NakRecord *now);

/** What the cycler holds in the current leaf, and the time at which the leaf ends [s], PETSC_INFINITY
    where only a condition ends it. */
PetscErrorCode NakProtocolControl(NakProtocol protocol, NakControl *control, PetscReal *end_time);

/** Index of the current leaf and turns done of the innermost repeat, for the record. */
PetscErrorCode NakProtocolWhere(NakProtocol protocol, PetscInt *step, PetscInt *cycle);

/**
  Whether something ends the current leaf: its own conditions, those of the blocks around it, the
  limits.  `time` signals are left to NakProtocolControl(), which already returns the earliest.

  @param[in]  now       the state to judge
  @param[out] overshoot greatest distance past a bound, relative to the bound's scale; negative while
                        nothing ends the leaf.  Continuous in the record, so that its zero can be
                        located
*/
PetscErrorCode NakProtocolJudge(NakProtocol protocol, const NakRecord *now, PetscReal *overshoot);

/**
  Leave the current leaf at `now` and go to what comes next.  The reason is found as in
  NakProtocolJudge(), else the duration; `forced` other than NAK_END_NONE overrules it and ends the
  whole protocol with `why`.
*/
PetscErrorCode NakProtocolLeave(NakProtocol protocol, const NakRecord *now, NakEnd forced,
                                const char *why);

/** How the protocol ended (NAK_END_NONE while it runs), and the reason in words. */
NakEnd NakProtocolEnd(NakProtocol protocol, const char **why);

/** Reports of all leaves executed so far; owned by the protocol. */
PetscErrorCode NakProtocolReports(NakProtocol protocol, PetscInt *count,
                                  const NakStepReport **reports);

/* ---- Cycle jumping ---- */

/** The innermost repeat that has just completed a turn, for whoever may skip turns: `turns` done and
    `left`; `left` is 0 unless the protocol stands at the first leaf of a repeat's next turn and the
    repeat holds no other repeat. */
PetscErrorCode NakProtocolTurns(NakProtocol protocol, PetscInt *turns, PetscInt *left);

/** Count `turns` of that repeat as done without executing them; the reports of its leaves count
    them, `charge` [C/m2] and all. */
PetscErrorCode NakProtocolSkip(NakProtocol protocol, PetscInt turns, PetscReal charge);

/** Time left until the protocol's end where that is known [s], else PETSC_INFINITY; for progress. */
PetscReal NakProtocolTimeLeft(NakProtocol protocol, PetscReal time);
