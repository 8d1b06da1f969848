/* What the rooms of the simulation share. */
#pragma once

#include <nakfield/sim.h>

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
  NakBalance    balance;
  NakOutput     output;
  NakProgress   progress;
  NakInsitu     insitu; /* NULL where there is no script */
  NakRecord     now;
  PetscReal     row, row_due, fields_due; /* time of the last row; of the next row and frame [s] */
  PetscReal     spectrum_due;             /* PETSC_INFINITY for none [s] */
  PetscReal     began;                    /* wall clock [s] */
};

/* checks.c: complain of entries that contradict each other.  Collective. */
PetscErrorCode NakSimCheck(NakSim sim);
