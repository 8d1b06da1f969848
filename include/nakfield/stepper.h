/**
  @file
  Time: PETSc's TS, SNES and KSP set up for the cell, event location, cycle jumping.

  The first integrator is a linearly implicit Rosenbrock method (TSROSW, ra34pw2).  It has order 3
  and is L-stable and stiffly accurate, so it suits index-1 systems.  A step takes one Jacobian and
  four linear solves, without Newton iteration.  A step depends on the state alone, not on a
  history.  So current switches, located events and restarts cost nothing.  Along the lines of a
  profile its length follows from the steps before and from the last kink.

  The second one is backward differentiation of order 1 and 2 with steps of any lengths, solved by
  Newton's method.  It is for cells with moving phases, which allow a linearly implicit method only
  short steps.  It starts again at switches and nuclei.  Its past is part of a checkpoint.
*/
#pragma once

#include <nakfield/model.h>
#include <nakfield/protocol.h>

/** What integrates in time.  A deck may say NAK_INTEGRATOR_AUTO; the reader of the deck resolves
    it.  If nobody has, it means Rosenbrock's method. */
typedef enum { NAK_INTEGRATOR_AUTO, NAK_INTEGRATOR_ROSENBROCK, NAK_INTEGRATOR_BDF } NakIntegrator;

/** Set by the deck; units and bounds are in NakStepperParamRows. */
typedef struct {
  PetscReal tolerance;        /**< error of a step, relative and over NakModelScales() */
  PetscReal linear_tolerance; /**< of the linear solves in 2D and 3D */
  PetscInt  integrator;       /**< NakIntegrator */
  PetscReal first_step;       /**< after a switch [s] */
  PetscReal shortest_step;    /**< below which the solver gives up [s] */
  PetscReal longest_step;     /**< [s] */
  PetscBool jump;             /**< skip cycles of long pulse trains */
  PetscReal jump_tolerance;   /**< error of a jump, over NakModelScales() */
} NakStepperParams;

extern const NakParam NakStepperParamRows[];

typedef struct NakStepper_private *NakStepper; /**< opaque */

/**
  Set up the solvers for a model.  PETSc's options (-ts_, -ksp_, -pc_, ...) overrule the set-up.
  Collective.

  @param[in]  model    must outlive the stepper
  @param[in]  params   copied
  @param[out] stepper  free with NakStepperDestroy()
*/
PetscErrorCode NakStepperCreate(NakModel model, const NakStepperParams *params,
                                NakStepper *stepper);

/** Free the stepper and set `*stepper` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakStepperDestroy(NakStepper *stepper);

/** The state; owned by the stepper. */
Vec NakStepperState(NakStepper stepper);

/** What holds back a run whose steps have stayed below 1e-6 of the step asked for, in words.  ""
    for a run that has not.  Owned by the stepper; said once in a run. */
const char *NakStepperSlow(NakStepper stepper);

/** What the electrodes held at the last record, NAK_ELECTRODES of them; owned by the stepper. */
const NakInventory *NakStepperInventory(NakStepper stepper);

/** Start a protocol step at `now`: hold its control and begin with the first step's length.  Then
    measure, because voltage and current jump.  Collective.

    @param[in,out] now  time is read; what a state shows, and the protocol's position, is updated
    @param[out]    over whether something ends it at once */
PetscErrorCode NakStepperEnter(NakStepper stepper, NakProtocol protocol, NakRecord *now,
                               PetscBool *over);

/**
  Take one accepted step within the current protocol step.  Collective.

  If a condition comes true within the step, the step is repeated with other lengths until it ends
  where the condition does.  On a ramp of the temperature a step has the temperature of its middle.
  It changes by 0.1 K at most, and no step crosses the ramp's end.

  @param[in]     latest  a time that the step must not pass (an output is due), above now->time [s]
  @param[in,out] now     before the step: the last record.  After it: time, dt and what the state
                         shows; its iterations are added to those that were there
  @param[out]    over    whether the protocol step has ended: by its time, or by something that
                         NakProtocolJudge() finds

  Errors: PETSC_ERR_NOT_CONVERGED, with the reason, when the step would have to be shorter than the
  shortest.  State and record are then those of the last good step.
*/
PetscErrorCode NakStepperStep(NakStepper stepper, NakProtocol protocol, PetscReal latest,
                              NakRecord *now, PetscBool *over);

/**
  If the protocol stands at the start of a repeat's next turn, skip as many turns as the drift of
  the state allows.  Collective.

  The state's change over one turn, and the change of that change, extrapolate it.  Then two turns
  are computed as a trial.  The jump is undone, and a shorter one tried the next time, in two cases:
  a condition ends the trial, or the drift found differs from the one expected by more than the
  tolerance.  Every sum that is linear in the state, and so every balance, is extrapolated exactly.

  @param[in,out] now     as in NakStepperStep()
  @param[out]    turns   skipped, those of the trial included; 0 for none
*/
PetscErrorCode NakStepperJump(NakStepper stepper, NakProtocol protocol, NakRecord *now,
                              PetscInt *turns);

/** Write to a checkpoint, or read from one: the state, the length of the next step, its past, and
    what was learned for jumps.  Collective.  After reading, call NakStepperResume(). */
PetscErrorCode NakStepperCheckpoint(NakStepper stepper, NakCheckpoint checkpoint);

/** Continue within a protocol step, with the state and the protocol of a checkpoint: hold its
    control, and measure.  If the control is not the one of the checkpoint, begin with the first
    step's length.  `over` as in NakStepperEnter().  Collective. */
PetscErrorCode NakStepperResume(NakStepper stepper, NakProtocol protocol, NakRecord *now,
                                PetscBool *over);

/** Steps taken and rejected, and linear iterations, since the start. */
typedef struct {
  PetscInt steps, rejected, linear_iterations;
} NakStepperCount;

NakStepperCount NakStepperCounts(NakStepper stepper);
