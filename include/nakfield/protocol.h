/**
  @file
  The protocol: what the cycler holds, for how long, and what ends it.

  A protocol is a list of items, one of
    strip: 1 mA/cm^2       constant current out of the alloy
    plate: 1 mA/cm^2       constant current into the alloy
    current: -1 mA/cm^2    the same with a sign, positive strips
    voltage: 0.5 V         constant voltage
    rest: 5 s              no current; or `rest:` with `for` and `until` beside it
    staircase: {from, to, step, hold, until}
                           constant currents from `from` up or down to the last level that does not
                           pass `to`
    pulses: {current, on, off, count, until}
                           count times `on` at the current and `off` at rest
    ccd: {from, to, step or factor, charge or time, cycles, rest, pause, impedance, drop}
                           cycles of stripping and plating at currents that grow, until the voltage
                           drops
    ramp: {from, to}       a current or a voltage that changes linearly, `for` a time
    profile: {file, current or voltage, positive, between}
                           a measured table, row by row, as steps or as lines; see NakMeasuredRead()
    repeat: 50000          with `steps: [...]` and `until`; repeats nest
    impedance:             a spectrum of the state as it is, in no time
    temperature: 0 degC    the cell's temperature from now on, set in no time

  A current, a voltage, a rest or a staircase takes `impedance: {every: 35 s}` beside it.  Spectra
  are then taken during the item, counted from the beginning of each step.

  A current, a voltage or a rest takes `temperature` beside it.  `temperature: 0 degC` sets the
  temperature as the step is entered.  `temperature: {to: 0 degC, for: 50 min}` changes it linearly
  from its value at that moment.  After the ramp it stays.  A step that ends before its ramp leaves
  the temperature where it is.

  Every item that takes time takes `until`, a condition or a list of them.  Currents and voltages
  need `for`, `until` or both.  A condition is `SIGNAL < VALUE`, `SIGNAL > VALUE` or the name of an
  event (NakEventName()); signals and their units are in NakSignals.  The first condition to come
  true ends the item at which it stands: the step, the staircase, the pulses, the repeat.  If
  several come true together, the outermost counts.  `time` at a step is another word for its
  duration.

  A protocol step, or step, is what is held without a change.  The pulses have two, a staircase has
  one with many levels, a profile has one with many rows.  A condition may be true already when its
  step is entered: then the step ends at once.  A repeat whose whole turn takes no time is ended as
  well, instead of being repeated.

  The compiled protocol is plain data.  The position can be stored and restored bitwise, and takes
  the same memory for one cycle or a million.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/state.h>

/** A quantity that conditions can watch. */
typedef struct {
  const char *name; /**< "voltage", "capacity", ... */
  const char *unit; /**< SI */
  const char *doc;
} NakSignal;

/** The signals; the list ends with a NULL name:
    - voltage, voltage_drop, current, temperature
    - capacity (net since the start of the run)
    - step_capacity (|net charge| of the item at which the condition stands)
    - time (since that item began), total_time
    - u_face (least), contact, k_film, deposit (largest)
    - filament, voids, wetted
    - reservoir_x, face_x, beyond_liquidus_a, beyond_liquidus_b */
extern const NakSignal NakSignals[];

/** Safety limits of the cycler: beyond them the run ends, whatever the protocol says.  Also what
    the protocol has to know about the cell. */
typedef struct {
  PetscReal voltage_max, voltage_min; /**< [V] */
  PetscReal filament; /**< the electrolyte's thickness [m]: a filament this long is a short; 0 for
                           no such limit */
  PetscReal temperature;      /**< at the start [K] */
  PetscReal coldest, hottest; /**< what the protocol may ask for [K]; 0 for any temperature */
  PetscReal metal;  /**< thickness of solid Na per charge, for the event na_metal [m3/C] */
  PetscReal area;   /**< of the cell, for currents of the whole of it [m2] */
  PetscReal sites;  /**< parts of a host below which it has nothing left [-]; 0: no host */
  PetscReal sodium; /**< the same of Na+ in a liquid electrolyte [mol/m3]; 0: it is solid */
  /** The temperature `kelvin` if the alloy has liquid there, else the lowest where it has [K]; NULL
      if it has liquid at any */
  PetscReal (*liquid)(const void *alloy, PetscReal kelvin);
  const void *alloy;
} NakLimits;

/** Rows for voltage_max and voltage_min ("limits.voltage_max") and for the tree `protocol`; sim
    sets all else. */
extern const NakParam NakLimitsParamRows[];

/** How a run or an item ended. */
typedef enum {
  NAK_END_NONE,      /**< it continues */
  NAK_END_DURATION,  /**< its time was up, its count was reached */
  NAK_END_CONDITION, /**< one of its conditions */
  NAK_END_OUTER,     /**< a condition of a block around it */
  NAK_END_LIMIT,     /**< a safety limit */
  NAK_END_SHORT,     /**< a filament crossed the electrolyte */
  NAK_END_FAILED,    /**< the solver gave up */
  NAK_END_STOPPED    /**< a signal or the wall time */
} NakEnd;

/** Reports kept at most.  Steps and levels beyond share the last one, whose kind is "others". */
#define NAK_STEP_REPORTS 10000

/** What became of one protocol step.  All executions inside repeats share one report; every level
    of a staircase has its own.  The pulses have one for the current and one for the rest. */
typedef struct {
  PetscInt   index;      /**< in order of first execution */
  PetscInt   item;       /**< of the protocol: the step, depth first from 0 */
  char       kind[16];   /**< "strip", "plate", "voltage", "rest", "staircase", "ramp", "profile",
                               "impedance", "temperature" */
  PetscInt   executions; /**< those begun; PETSC_INT_MAX for more */
  NakControl control;    /**< of the last execution */
  NakEnd     end;        /**< of the last execution */
  char       reason[96]; /**< "duration", "voltage > 3 V", "voltage > 3 V (of the repeat)", ... */
  PetscInt   early;      /**< those that something ended before their own time */
  char       early_reason[96]; /**< of the last of these */
  PetscReal  start, stop;      /**< of the first and the last execution [s] */
  PetscReal  last;             /**< start of the last execution [s] */
  PetscReal  capacity;         /**< charge passed in all executions [C/m2] */
  PetscReal  voltage;          /**< at the end of the last execution [V] */
  PetscReal  temperature;      /**< the same [K] */
} NakStepReport;

typedef struct NakProtocol_private *NakProtocol; /**< opaque */

/**
  Read the deck's `protocol` list.  Collective.

  Errors are collected in the deck:
  - unknown items, with the nearest known one
  - unknown signals, with the list of them
  - a missing duration
  - conditions none of which can come true
  - a staircase that never arrives
  - nesting deeper than 8
  `*protocol` is then usable for nothing but NakProtocolDestroy().  A step that may go on for ever
  gets a warning.
*/
PetscErrorCode NakProtocolCreate(NakDeck deck, const NakLimits *limits, NakProtocol *protocol);

/** Free the protocol and set `*protocol` to NULL; NULL is accepted. */
PetscErrorCode NakProtocolDestroy(NakProtocol *protocol);

/* The rest is local, without messages: every rank walks the same protocol with the same records. */

/** Whether nothing is left to do. */
PetscBool NakProtocolDone(NakProtocol protocol);

/** Enter the current step: note time and capacity, from which its conditions count.  Every step is
    entered once and left once; entering and leaving at the same time is fine. */
PetscErrorCode NakProtocolEnter(NakProtocol protocol, const NakRecord *now);

/** What the cycler holds in the current step, once it is entered, and the time at which the step
    ends [s].  The end is set by the step's duration, or by a `time` or `total_time` of the blocks
    around it, whichever is first.  It can be the moment of entering, not earlier.  PETSC_INFINITY
    if only other conditions end the step. */
PetscErrorCode NakProtocolControl(NakProtocol protocol, NakControl *control, PetscReal *end_time);

/** What the cycler holds at `time` within the current step, and whether it changes (linearly)
    there. */
NakControl NakProtocolHeld(NakProtocol protocol, PetscReal time);
PetscBool  NakProtocolSweeps(NakProtocol protocol);

/** Whether the current step begins with the value at which the one before ended: the next line of a
    profile. */
PetscBool NakProtocolContinues(NakProtocol protocol);

/** Whether the current step is a row of a profile that is not its last. */
PetscBool NakProtocolMidway(NakProtocol protocol);

/** Temperature at `time` [K].  The time lies within the current step, or is the one at which the
    last step was left. */
PetscReal NakProtocolTemperature(NakProtocol protocol, PetscReal time);

/** The lowest temperature that the protocol asks for, or that of the start [K]. */
PetscReal NakProtocolColdest(NakProtocol protocol);

/** Whether a ramp of the temperature in the current step is under way after `time`.  If so, how
    fast the temperature changes [K/s], and when the ramp ends [s].  No time step may cross the end
    of the ramp.  The protocol step may end earlier. */
PetscBool NakProtocolRamping(NakProtocol protocol, PetscReal time, PetscReal *rate, PetscReal *end);

/** Time between two spectra of the current step [s].  It is 0 if only one is due, as the step is
    entered, and PETSC_INFINITY if none is due. */
PetscReal NakProtocolSpectra(NakProtocol protocol);

/** Number of spectra of the whole protocol at most.  PETSC_INFINITY if the duration of a step that
    takes them is not known. */
PetscReal NakProtocolSpectraInAll(NakProtocol protocol);

/** Steps of the whole protocol at most, each as often as it is entered. */
PetscReal NakProtocolStepsInAll(NakProtocol protocol);

/** The same, but in a repeat only those of its first turn (NakRecord.cycle is 0). */
PetscReal NakProtocolStepsShown(NakProtocol protocol);

/** Whether any step of the protocol has a spectrum. */
PetscBool NakProtocolHasSpectra(NakProtocol protocol);

/** For the record: index of the current step, and turns done of the innermost repeat or pulses.  If
    the protocol is done, they are those of the last step. */
PetscErrorCode NakProtocolWhere(NakProtocol protocol, PetscInt *step, PetscInt *cycle);

/**
  Whether something ends the current step: its own conditions, those of the blocks around it, or the
  limits.  `time` signals are left to NakProtocolControl(), which already returns the earliest.

  @param[in]  now       the state to judge, with the step's own control at work: the voltage is the
                        one after the switch
  @param[out] overshoot greatest distance past a bound, relative to the bound (or to a small value
                        of the signal if the bound is about 0).  Negative while nothing ends the
                        step.  Continuous in the record, so that its zero can be located
*/
PetscErrorCode NakProtocolJudge(NakProtocol protocol, const NakRecord *now, PetscReal *overshoot);

/**
  Leave the current step at `now` and go to what comes next.

  @param[in] now     NakProtocolJudge() finds the reason in it, or the time has come for one.  If
                     `now` is just before either, the reason is the nearest condition
  @param[in] forced  normally NAK_END_NONE; any other value overrules the reason and ends the whole
                     protocol, also between two steps
  @param[in] why     in words, for `forced`; else NULL
*/
PetscErrorCode NakProtocolLeave(NakProtocol protocol, const NakRecord *now, NakEnd forced,
                                const char *why);

/** How the protocol ended, and the reason in words, owned by the protocol.  NAK_END_NONE while it
    runs.  NAK_END_CONDITION if a condition ended the last item of the list itself, a step or a
    repeat.  NAK_END_DURATION if the protocol ran out. */
NakEnd NakProtocolEnd(NakProtocol protocol, const char **why);

/** Reports of all steps executed so far.  Owned by the protocol, and at the same place until the
    end. */
PetscErrorCode NakProtocolReports(NakProtocol protocol, PetscInt *count,
                                  const NakStepReport **reports);

/* ---- Answers ---- */

/** Half-cycles kept at most; later ones are forgotten. */
#define NAK_HALF_CYCLES 1000

/** What passed between two changes of the current's direction; rests do not end it. */
typedef struct {
  PetscReal start, stop; /**< of its first and its last step [s] */
  PetscReal charge;      /**< positive if it stripped [C/m2] */
} NakHalfCycle;

/** The results that tests are made for; plain data. */
typedef struct {
  PetscReal collapse; /**< the staircase's first level that a condition or a limit ended [A/m2] */
  PetscReal critical; /**< of a ccd: the current at which it failed first, 0 for none [A/m2] ... */
  PetscReal passed;   /**< ... and the highest whose cycles are done [A/m2] */
  PetscReal level;    /**< of a ccd: the current under way [A/m2] */
  PetscInt  n_half_cycles;
  NakHalfCycle half_cycles[NAK_HALF_CYCLES];
} NakAnswers;

/** The answers of the steps that are done; owned by the protocol.  NakProtocolSkip() skips turns.
    If these have both directions, their half-cycles are not known. */
const NakAnswers *NakProtocolAnswers(NakProtocol protocol);

/* ---- Events ---- */

/** Events kept at most; later ones are forgotten, but for the end of the run. */
#define NAK_EVENTS 1000

/** Something that happened in the cell; plain data. */
typedef struct {
  PetscReal time;     /**< [s] */
  PetscReal capacity; /**< [C/m2] */
  PetscInt  kind;     /**< for NakEventName() */
  PetscInt  step;     /**< of the protocol, as in the record */
} NakEvent;

/** The name of a kind of event ("k_film"), and its description in words; NULL after the last
    one. */
const char *NakEventName(PetscInt kind);
const char *NakEventDoc(PetscInt kind);

/**
  Record what has happened since the record before.

  An event has happened if its condition is true and was not before.  It can happen again once its
  signal has gone back by a tenth of its bound.  If a condition of the protocol has not located the
  event, its time is interpolated between the two records.  What is true at the first record has
  happened at that record.  The end of a run is the event `short`, `condition` or `limit`.

  @param[in]  now    a record after the one noted before; none of a trial (NakProtocolSave())
  @param[out] fresh  number of events noted
*/
PetscErrorCode NakProtocolNote(NakProtocol protocol, const NakRecord *now, PetscInt *fresh);

/** Let a record count as one from whose voltage `voltage_drop` is measured in the current step.
    NakProtocolNote() does so, too; a trial has to. */
void NakProtocolSee(NakProtocol protocol, const NakRecord *now);

/** All events noted so far.  Owned by the protocol, and at the same place until the end. */
PetscErrorCode NakProtocolEvents(NakProtocol protocol, PetscInt *count, const NakEvent **events);

/* ---- Triggers ---- */

typedef struct NakTriggers_private *NakTriggers; /**< opaque; NULL if a deck has none */

/** A condition that came true; plain data. */
typedef struct {
  PetscInt  which; /**< of the list; -1 for none */
  PetscReal time;  /**< [s]; -1 for none */
} NakTrigger;

/** Read the list `key`, such as `insitu.when`, and the `burst` beside it.  The list has conditions,
    as those of a protocol, and names of events.  Signals that count from an item count from the
    protocol step.  Errors are collected.  `*triggers` is NULL if there is no list.  Collective. */
PetscErrorCode NakTriggersCreate(NakDeck deck, const char *key, const NakLimits *limits,
                                 NakTriggers *triggers);

/** Free them and set `*triggers` to NULL; NULL is accepted. */
PetscErrorCode NakTriggersDestroy(NakTriggers *triggers);

/**
  Look at a record after the one before, and return whether the moment is to be shown.  It is the
  first step at or after the time at which a condition comes true, or one of the burst's steps after
  that.

  As with events, a condition can come true again once its signal has gone back by a tenth of its
  bound, and its time is interpolated.  What comes true with a switch is shown with the step after
  it.  After NAK_EVENTS moments no more are shown.  Local, without messages.

  @param[out] hit  what came true; none within a burst
*/
PetscBool NakTriggersLook(NakTriggers triggers, NakProtocol protocol, const NakRecord *now,
                          NakTrigger *hit);

/** The condition `which`, as the deck spells it. */
const char *NakTriggerText(NakTriggers triggers, PetscInt which);

/** Write what was seen to a checkpoint, or read it.  Conditions that differ from those of the
    checkpoint start again.  For NULL, nothing happens. */
PetscErrorCode NakTriggersCheckpoint(NakTriggers triggers, NakCheckpoint checkpoint);

/* ---- Cycle jumping ---- */

/** For those who may skip turns: the innermost repeat (or pulses) that has just completed a turn.
    It has `turns` done, and `left` that may be skipped.

    `left` counts all turns but the last, which is always executed.  A `time` or `total_time` around
    the repeat may come first.  Then `left` counts only turns that end before it, if each takes as
    long as the last one.  Conditions other than times are the caller's task.

    Both are 0 unless the protocol stands before the first step of the repeat's next turn, not yet
    entered.  The repeat must hold steps only: no repeat, pulses or staircase.  `left` is 0 if the
    turn did not end at the temperature with which it began, or has a ramp in it. */
PetscErrorCode NakProtocolTurns(NakProtocol protocol, PetscInt *turns, PetscInt *left);

/** Count `turns` of that repeat as done without executing them.  The reports of its steps count
    them.  They share the `charge` [C/m2] of all these turns as they did in the turn before.
    Errors: PETSC_ERR_ARG_OUTOFRANGE for more than are left. */
PetscErrorCode NakProtocolSkip(NakProtocol protocol, PetscInt turns, PetscReal charge);

/** Remember where the protocol stands, the reports included: one place, until the next call. */
PetscErrorCode NakProtocolSave(NakProtocol protocol);

/** Go back to the place remembered, any number of times.  Before NakProtocolSave() that is the
    beginning. */
PetscErrorCode NakProtocolRestore(NakProtocol protocol);

/**
  Write the position in the protocol to a checkpoint, or take it from one.  Collective.

  The protocol that reads may differ from the one that wrote:
  - in all that follows the top-level item under way
  - in values, durations, conditions and counts of that item
  Within that item, the number of levels of staircases and the files of profiles must be the same.
  If a staircase ends that item, levels that were never done may differ, too.

  Errors: PETSC_ERR_USER_INPUT if it differs elsewhere, or a repeat has fewer turns than are done.
*/
PetscErrorCode NakProtocolCheckpoint(NakProtocol protocol, NakCheckpoint checkpoint);

/** Time from `time` until the protocol's end [s], if no condition other than a time ends anything
    early.  PETSC_INFINITY if the duration of some step is not known.  For progress. */
PetscReal NakProtocolTimeLeft(NakProtocol protocol, PetscReal time);
