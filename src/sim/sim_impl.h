/* What the rooms of the simulation share. */
#pragma once

#include <nakfield/sim.h>

/* The voids, where the deck asks for any, and what drives them. */
typedef struct {
  NakVoids       field; /* NULL where there are none */
  PetscInt       n;     /* owned columns */
  NakVoidsDrive *drive; /* of each of them; work */
  NakFaceSample *faces; /* the same as the model has it */
} NakSimVoids;

struct NakSim_private {
  MPI_Comm      world, comm; /* all ranks; those that compute, MPI_COMM_NULL on the others */
  NakSimOptions options;
  NakSimParams  params;
  NakSection    schema[NAK_SIM_SECTIONS];
  NakDeck       deck;
  NakProtocol   protocol;
  NakModel      model;
  NakStepper    stepper;
  NakImpedance  impedance; /* NULL where no spectrum is asked for */
  NakSimVoids   voids;
  NakBalance    balance;
  NakOutput     output;
  NakProgress   progress;
  NakInsitu     insitu; /* NULL where there is no script */
  NakRecord     now;
  PetscReal     row, row_due, fields_due; /* time of the last row; of the next row and frame [s] */
  PetscReal     spectrum_due;             /* PETSC_INFINITY for none [s] */
  PetscReal     began;                    /* wall clock [s] */
};

/* contact.c: the voids, where the deck asks for any, and what they do to the cell's contact.
   NakSimVoidsAdvance() follows the cell's step that has led to `now`, and completes the record; `over`
   where something in it ends the leaf.  NakSimVoidsReach() is how far the cell may go next [s]. */
PetscErrorCode NakSimVoidsCreate(NakSim sim);
PetscErrorCode NakSimVoidsDestroy(NakSim sim);
PetscErrorCode NakSimVoidsAdvance(NakSim sim, PetscBool *over);
PetscReal      NakSimVoidsReach(NakSim sim);

/* checks.c: complain of entries that contradict each other.  Collective. */
PetscErrorCode NakSimCheck(NakSim sim);
