/* What the rooms of the stepper share. */
#pragma once

#include <nakfield/stepper.h>
#include <petscts.h>

/* Cycle jumping: states at the ends of turns, and what was learned from them. */
typedef struct {
  Vec       last;   /* state at the end of the turn before this one */
  Vec       drift;  /* change over the last turn */
  Vec       older;  /* the same before the last jump */
  Vec       before; /* the state to return to */
  Vec       scale;  /* NakModelScales() */
  PetscReal last_time;
  PetscInt  turns;    /* done without a jump, in this repeat */
  PetscInt  distance; /* turns from `older` to `drift`; 0 where there is no `older` */
  PetscInt  longest;  /* jump allowed next */
} NakJump;

struct NakStepper_private {
  MPI_Comm         comm;
  NakModel         model;
  NakStepperParams params;
  TS               ts;
  KSP              krylov; /* whose iterations count; not owned */
  Vec              U, U_before;
  PetscReal        next; /* length to try [s] */
  PetscBool        stage_valid;
  PetscBool        too_short; /* the last attempt came to a step below the shortest */
  NakInventory     inventory; /* at the last measurement */
  NakControl       held;      /* of the checkpoint that was read */
  NakStepperCount  count;
  char             failure[128]; /* NakStepperFailure() */
  NakJump          jump;
};

/* solver.c: linear solver of the stages, and the matrix that it solves with. */
PetscErrorCode NakSolverMatrix(NakStepper stepper, Mat *matrix);
PetscErrorCode NakSolverSetUp(NakStepper stepper, KSP ksp);

/* step.c: one accepted step that ends at `end` at the latest, starting with length `first`. */
PetscErrorCode NakStepTaken(NakStepper stepper, PetscReal end, PetscReal first, NakRecord *now);

/* The moment at which an overshoot comes to 0: it lies behind `a`, and not behind `b`. */
#define NAK_EVENT_NEAR 1e-6 /* overshoot that is near enough */
enum { NAK_EVENT_TRIES = 60 };

typedef struct {
  PetscReal a, b;
  PetscReal ga, gb; /* overshoots there, as they count in the search */
  PetscReal over;   /* the one at b */
  PetscInt  tries;
  int       side; /* that the last try fell on: -1 before, 1 behind; 0 for none */
} NakBracket;

/* Where to try next; what was found there, `before` the moment or behind it.  Pure. */
PetscReal NakBracketNext(const NakBracket *k);
void      NakBracketTake(NakBracket *k, PetscBool before, PetscReal t, PetscReal g);

/* jump.c */
PetscErrorCode NakJumpCreate(NakStepper stepper);
PetscErrorCode NakJumpDestroy(NakStepper stepper);
PetscErrorCode NakJumpCheckpoint(NakStepper stepper, NakCheckpoint checkpoint);
