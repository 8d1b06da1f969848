/* What the source files of the stepper share. */
#pragma once

#include <nakfield/bdf.h>
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

/* Lines of a profile.  After a kink the error grows like the 3/2 power of time, as diffusion
   answers, and is proportional to the change of the slope.  So one kink tells how to begin after
   the next. */
typedef struct {
  PetscBool on;        /* what is held goes along a line */
  PetscReal slope;     /* of it [its unit/s] */
  PetscReal kink;      /* change of the slope where the line began; 0 after a switch */
  PetscReal allowance; /* kink times the 3/2 power of the step that it allows; 0: not known */
  PetscReal before;    /* step that the error allowed before the last one [s]; 0: the line begins */
} NakLine;

struct NakStepper_private {
  MPI_Comm         comm;
  NakModel         model;
  NakColumns       columns; /* its */
  NakStepperParams params;
  TS               ts;        /* the integrator, and the solver whose iterations count, */
  KSP              krylov;    /* not owned; NULL: it is `bdf` */
  NakBdf           bdf;       /* or NULL */
  PetscInt         disturbed; /* NakModelDisturbed() when its last step began */
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
  NakLine          line;
  PetscInt         short_steps; /* in a row, far below what was asked for */
  char             slow[256];   /* NakStepperSlow() */
  NakJump          jump;
};

/* slow.c: `error` receives the estimated error of the last step. */
PetscErrorCode NakStepperError(NakStepper stepper, Vec error);

/* step.c: after nuclei, the state is not the one to which the past of `bdf` leads.  So it starts
   again. */
void NakStepperHeedNuclei(NakStepper stepper);

/* stepper.c: the residual at a state; a state without meaning is noted. */
PetscErrorCode NakStepperResidual(NakStepper stepper, Vec U, Vec Udot, Vec F);

/* step.c: called before each stage.  The first stage of an attempt has a temperature and a Jacobian
   of its own. */
PetscErrorCode NakStepStage(TS ts, PetscReal stage_time);

/* step.c: one accepted step that ends at `end` at the latest, starting with length `first`. */
PetscErrorCode NakStepTaken(NakStepper stepper, PetscReal end, PetscReal first, NakRecord *now);

/* line.c: a protocol step begins at `time`; bounds the length of its first step on a line. */
void NakLineBegin(NakStepper stepper, NakProtocol protocol, PetscReal time);

/* line.c: the length of the next step on a line, after one of length `dt`, whose error allows
   `allowed` for the next.  `whole`: nothing but the end has cut it.  Pure but for `line`. */
PetscReal NakLineNext(NakLine *line, PetscReal dt, PetscReal allowed, PetscBool whole);

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
