/* What the source files of the stepper share. */
#pragma once

#include <nakfield/stepper.h>
#include <petscts.h>

/* Cycle jumping: states at the ends of turns, and what was learned from them. */
typedef struct {
  Vec       last;   /* state at the end of the turn before this one */
  Vec       drift;  /* change over the last turn */
  Vec       older;  /* the same before the last jump */
  Vec       before; /* the state to return to */
  Vec       scale;  /* NakModelScales() of the present state */
  PetscReal last_time;
  PetscInt  turns;    /* done without a jump, in this repeat */
  PetscInt  distance; /* turns from `older` to `drift`; 0 if there is no `older` */
  PetscInt  longest;  /* jump allowed next */
} NakJump;

/* Backward differentiation: its memory of past steps. */
typedef struct {
  PetscReal
    last; /* length of the step from U_before to U [s]; 0 where U_before is not to be used */
  PetscReal ago[2]; /* while a step is under way: those that led to U_before, and to past[0] */
  PetscInt  known;  /* how many of them */
} NakBdfHistory;

typedef struct {
  SNES          snes; /* NULL: the integrator is TSROSW */
  Vec           past[2];
  Vec           bend;      /* dU/dt less shift (U - U_before) */
  Vec           predicted; /* U, from the past */
  Vec           udot, scale;
  PetscReal     shift;
  PetscReal     share;  /* of the distance from the prediction that is the error */
  PetscReal     update; /* last one of Newton's method, over the tolerance */
  PetscReal     error; /* of the step by it, over the tolerance; negative where it was not solved */
  PetscInt      newton, rejected;
  PetscInt      disturbed; /* NakModelDisturbed() when the last step began */
  NakBdfHistory history;
} NakBdf;

struct NakStepper_private {
  MPI_Comm         comm;
  NakModel         model;
  NakColumns       columns; /* its */
  NakStepperParams params;
  TS               ts;
  KSP              krylov; /* whose iterations count; not owned */
  Vec              U, U_before;
  NakProtocol      protocol;    /* of the step under way; not owned */
  PetscReal        temperature; /* at which the cell is held [K] */
  PetscReal        next;        /* length to try [s] */
  PetscReal        longest;     /* step where there is no ramp [s] */
  PetscReal        most;        /* where there may be one [s] */
  PetscInt         stage;       /* of the attempt under way, from 0 */
  PetscReal        proposed;    /* length of the next step, by the last one [s] */
  PetscBool        stage_valid;
  PetscBool        solved;    /* the last attempt led to an end */
  PetscBool        too_short; /* the last attempt came to a step below the shortest */
  NakInventory     inventory[NAK_ELECTRODES]; /* at the last measurement */
  NakControl       held;                      /* of the checkpoint that was read */
  NakStepperCount  count;
  PetscInt         short_steps; /* in a row, far below what was asked for */
  char             slow[256];   /* NakStepperSlow() */
  NakBdf           bdf;
  NakJump          jump;
};

/* step.c: SNES of the integrator.  `error` receives the estimated error of the last step. */
PetscErrorCode NakStepperSnes(NakStepper stepper, SNES *snes);
PetscErrorCode NakStepperError(NakStepper stepper, Vec error);

/* stepper.c: the residual at a state; a state without meaning is noted. */
PetscErrorCode NakStepperResidual(NakStepper stepper, Vec U, Vec Udot, Vec F);

/* stepper.c: that PETSc has refused its options is an error of the user. */
PetscErrorCode NakStepperOptions(NakStepper stepper, PetscErrorCode refused);

/* bdf.c: backward differentiation, if it is asked for.  A new beginning forgets the past.  Before a
   step that is not a repeated one, the past moves on. */
PetscErrorCode NakBdfCreate(NakStepper stepper);
PetscErrorCode NakBdfDestroy(NakStepper stepper);
void           NakBdfForget(NakStepper stepper);
PetscErrorCode NakBdfMoveOn(NakStepper stepper);
PetscErrorCode NakBdfCheckpoint(NakStepper stepper, NakCheckpoint checkpoint);

/* One step of length dt from U_before, which U equals, instead of the one `wanted`.  `good`: it was
   solved, and its error is small enough.  `next`: the length to try now, or next. */
PetscErrorCode NakBdfAttempt(NakStepper stepper, PetscReal dt, PetscReal wanted, PetscBool *good,
                             PetscReal *next);

/* solver.c: linear solver of the stages. */
PetscErrorCode NakSolverSetUp(NakStepper stepper, KSP ksp);

/* step.c: called before each stage.  The first stage of an attempt has a temperature and a Jacobian
   of its own. */
PetscErrorCode NakStepStage(TS ts, PetscReal stage_time);

/* step.c: one accepted step that ends at `end` at the latest, starting with length `first`. */
PetscErrorCode NakStepTaken(NakStepper stepper, PetscReal end, PetscReal first, NakRecord *now);

/* slow.c: note a step of length `dt`; `asked` was allowed.  Collective. */
PetscErrorCode NakSlowWatch(NakStepper stepper, PetscReal asked, PetscReal dt);

/* Largest change of the temperature by one step on a ramp [K]; T is held within the step. */
#define NAK_TEMPERATURE_STEP 0.1

/* The moment at which an overshoot comes to 0.  It lies after `a`, and not after `b`. */
#define NAK_EVENT_NEAR 1e-6 /* overshoot that is near enough */
enum { NAK_EVENT_TRIES = 60 };

typedef struct {
  PetscReal a, b;
  PetscReal ga, gb; /* overshoots there, as they count in the search */
  PetscReal over;   /* the one at b */
  PetscInt  tries;
  int       side; /* of the last try: -1 before, 1 after; 0 for none */
} NakBracket;

/* Where to try next; what was found there, `before` the moment or after it.  Pure. */
PetscReal NakBracketNext(const NakBracket *k);
void      NakBracketTake(NakBracket *k, PetscBool before, PetscReal t, PetscReal g);

/* jump.c */
PetscErrorCode NakJumpCreate(NakStepper stepper);
PetscErrorCode NakJumpDestroy(NakStepper stepper);
PetscErrorCode NakJumpCheckpoint(NakStepper stepper, NakCheckpoint checkpoint);
