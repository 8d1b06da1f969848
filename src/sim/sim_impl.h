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

/* When checkpoints were written, and what a step takes; wall clock [s]. */
typedef struct {
  PetscReal launched, last; /* the program, the last pause */
  PetscReal longest;        /* between two pauses */
  PetscReal written;        /* the last checkpoint */
  PetscInt  steps;          /* done by then */
} NakPause;

/* A model on a box, where the deck is of one. */
enum { NAK_BOX_FRAMES = 64 };

typedef struct {
  NakFieldModel model;
  NakPhaseField engine;
  PetscInt      n_frames, next_frame;
  PetscReal     frames[NAK_BOX_FRAMES + 1]; /* times of the fields, the end included */
  PetscReal     total;                      /* of the first field, at the start */
  PetscReal     march; /* wall clock at its begin, less what it took before a restart [s] */
} NakSimBox;

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
  NakSimBox     box;
  NakMixBox     mix;
  NakSimVoids   voids;
  NakBalance    balance;
  NakOutput     output;
  NakProgress   progress;
  NakInsitu     insitu;                   /* NULL where there is no script */
  NakRecord     now, good;                /* the last that every observer accepted */
  PetscBool     broken;                   /* the state is not to be written */
  PetscReal     row, row_due, fields_due; /* time of the last row; of the next row and frame [s] */
  PetscReal     spectrum_due;             /* PETSC_INFINITY for none [s] */
  PetscReal     began;                    /* wall clock, less what was spent before a restart [s] */
  PetscBool     over;                     /* the leaf is at its end */
  PetscBool     resumed;                  /* the leaf was entered before the restart */
  const char   *stop;                     /* why the run is to end early; NULL while it is not */
  NakPause      pause;
  char          deck_path[PETSC_MAX_PATH_LEN]; /* of the deck in a run directory */
};

/* contact.c: the voids, where the deck asks for any, and what they do to the cell's contact.
   NakSimVoidsAdvance() follows the cell's step that has led to `now`, and completes the record; `over`
   where something in it ends the leaf.  NakSimVoidsReach() is how far the cell may go next [s]. */
PetscErrorCode NakSimVoidsCreate(NakSim sim);
PetscErrorCode NakSimVoidsDestroy(NakSim sim);
PetscErrorCode NakSimVoidsAdvance(NakSim sim, PetscBool *over);
PetscReal      NakSimVoidsReach(NakSim sim);
PetscErrorCode NakSimVoidsLog(NakSim sim); /* what they cost, at the end */
PetscErrorCode NakSimVoidsCheckpoint(NakSim        sim,
                                     NakCheckpoint checkpoint); /* behind the stepper's */

/* checks.c: complain of entries that contradict each other.  Collective. */
PetscErrorCode NakSimCheck(NakSim sim);

/* schema.c: the sections of a schema that define the cell. */
void NakSimPhysics(const NakSection schema[], NakSection physics[NAK_SIM_SECTIONS]);

/* physics.c: write the entries that define the cell, or refuse a deck in which they differ from those that
   are read, unless the options allow it.  Collective on the ranks that compute. */
PetscErrorCode NakSimPhysicsCheckpoint(NakSim sim, NakCheckpoint checkpoint);

/* restart.c; all collective on the ranks that compute. */

/* Write a checkpoint. */
PetscErrorCode NakSimCheckpoint(NakSim sim);

/* Between two steps: write a checkpoint where one is due, and one more where the run is to stop, which
   `stop` tells. */
PetscErrorCode NakSimPause(NakSim sim);

/* Whether the run that is to be continued is over; says so. */
PetscErrorCode NakSimOver(NakSim sim, PetscBool *over);

/* The checkpoint to go on from, NULL for none; refuses another cell's. */
PetscErrorCode NakSimFind(NakSim sim, NakCheckpoint *checkpoint);

/* Go where a checkpoint says, with the files of the run. */
PetscErrorCode NakSimResume(NakSim sim, NakCheckpoint checkpoint);

/* run.c: the files of the run, those of a new one or cut back to where a checkpoint says, with its
   resolved deck.  Collective on sim->comm. */
PetscErrorCode NakSimOutputCreate(NakSim sim);

/* box.c: read what the tables do not; run a model on a box from start to end; say how large it is.
   Collective. */
PetscErrorCode NakSimBoxRead(NakSim sim);
PetscErrorCode NakSimBoxRun(NakSim sim);
PetscErrorCode NakSimBoxDescribe(NakSim sim);
PetscErrorCode NakSimBoxCheckpoint(NakSim sim, NakCheckpoint checkpoint);

/* alloy.c: the same for the phases of the alloy. */
PetscErrorCode NakSimAlloyRead(NakSim sim, PetscInt *wrong);
PetscErrorCode NakSimAlloyRun(NakSim sim);
PetscErrorCode NakSimAlloyDescribe(NakSim sim);

/* describe.c: unknowns, and estimates of the memory [B]: of all ranks together, and what rank 0 needs on
   top of its share to put frames and checkpoints together. */
typedef struct {
  PetscReal unknowns, bytes, files;
} NakSimSize;

NakSimSize NakSimSizeOf(const NakGridParams *grid);

/* limits.c: refuse a grid that does not fit into the memory there is, before any of it is taken.
   Collective on `world`. */
PetscErrorCode NakSimCheckSize(NakSim sim);

/* limits.c: complain of an item of the deck's PETSc options that is not for solvers or names a file, on
   rank 0 only; of a directory that is not the run's own; of frames and spectra without end, on rank 0 only. */
PetscErrorCode NakSimCheckOption(NakSim sim, NakNode option, PetscBool *good);
PetscErrorCode NakSimCheckDirectory(NakSim sim);
PetscErrorCode NakSimCheckFrames(NakSim sim);
PetscErrorCode NakSimCheckSpectra(NakSim sim);
