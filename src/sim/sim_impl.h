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
  PetscInt      n_frames;
  PetscReal     frames[NAK_BOX_FRAMES]; /* times of fields beside the first and the last */
  PetscReal     total;                  /* of the first field, at the start */
} NakSimBox;

/* The phases of the alloy, where the deck is of them. */
typedef struct {
  NakMixBox    box;
  NakMixRecord record;               /* of the present moment */
  PetscReal    a_balance, b_balance; /* the largest so far */
} NakSimAlloy;

/* How large a run is, with estimates of its memory [B]. */
typedef struct {
  PetscInt    n[3];           /* of `what`; 0 for an axis that does not count */
  const char *what, *entries; /* "columns"; the entries of the deck to lower */
  PetscReal   unknowns;
  PetscReal   longest; /* vector, which PETSc must be able to count; at least the unknowns */
  PetscReal   bytes;   /* of all ranks together */
  PetscReal
    files; /* what rank 0 needs on top of its share to put frames and checkpoints together */
} NakSimSize;

/* What the main loop (run.c) wants from a kind of model: a cell, a model on a box, the phases of the
   alloy.  `read`, `size` and `useful_ranks` are called before there are ranks that compute; the others
   only on these, and all that return an error code are collective. */
typedef struct {
  const char *unit;  /* of time, behind a number */
  const char *table; /* of the course of time, for what is not of a cell */
  PetscErrorCode (*read)(NakSim,
                         PetscInt *wrong); /* what the tables do not; mistakes of the material */
  NakSimSize (*size)(const NakSimParams *);
  PetscInt (*useful_ranks)(const NakSimParams *, PetscInt ranks);
  PetscErrorCode (*create)(NakSim);                    /* what computes, at its start; sets `now` */
  PetscErrorCode (*checkpoint)(NakSim, NakCheckpoint); /* its state, both ways */
  PetscErrorCode (*resume)(NakSim);                 /* behind reading a checkpoint; sets `over` */
  PetscBool (*done)(NakSim);                        /* nothing is left to enter */
  PetscErrorCode (*enter)(NakSim);                  /* begin the next leaf; sets `now` and `over` */
  PetscErrorCode (*step)(NakSim, PetscReal latest); /* one accepted step; sets `now` and `over` */
  PetscErrorCode (*leave)(NakSim, NakEnd forced, const char *why); /* sets `end` and `why` */
  PetscReal (*time_left)(NakSim);                                  /* at most [s] */
  PetscReal (*next_frame)(NakSim); /* NULL: at multiples of output.fields.every */
  PetscErrorCode (*frame)(NakSim, NakFrame *);
  PetscErrorCode (*row)(NakSim); /* of timeseries.csv; NULL: `numbers` to the `table` */
  PetscErrorCode (*numbers)(NakSim, NakNumbers *); /* for pictures and `table` */
  PetscErrorCode (*observe)(NakSim);               /* what it alone shows, where due; or NULL */
  PetscErrorCode (*results)(NakSim,
                            NakSummary *); /* its last tables, and its part of the summary */
  PetscInt (*steps)(NakSim);               /* done so far */
  const char *(*failure)(NakSim);          /* why no step could be taken */
} NakSimKind;

extern const NakSimKind NakSimCellKind, NakSimBoxKind, NakSimAlloyKind; /* cell.c, box.c, alloy.c */

struct NakSim_private {
  MPI_Comm          world, comm; /* all ranks; those that compute, MPI_COMM_NULL on the others */
  NakSimOptions     options;
  NakSimParams      params;
  const NakSimKind *kind; /* by params.kind */
  NakSection        schema[NAK_SIM_SECTIONS];
  NakDeck           deck;
  NakProtocol       protocol; /* NULL where the deck is not of a cell; so are the next three */
  NakModel          model;
  NakStepper        stepper;
  NakImpedance      impedance; /* NULL where no spectrum is asked for */
  NakSimBox         box;
  NakSimAlloy       alloy;
  NakSimVoids       voids;
  NakBalance        balance;
  NakOutput         output;
  NakProgress       progress;
  NakInsitu         insitu;           /* NULL where there is no script */
  NakRecord         now, good;        /* the last that every observer accepted */
  PetscBool         broken;           /* the state is not to be written */
  PetscReal row, row_due, fields_due; /* time of the last row; of the next row and frame [s] */
  PetscReal spectrum_due;             /* PETSC_INFINITY for none [s] */
  PetscReal began,
    march; /* wall clock at the start of all and of the steps, less what was spent before
                                 a restart [s] */
  PetscReal   marched; /* spent on steps, once they are behind; or before a restart [s] */
  NakEnd      end;     /* of the run; NAK_END_NONE while it goes on */
  char        why[NAK_TEXT_SIZE]; /* it ended */
  PetscBool   over;               /* the leaf is at its end */
  PetscBool   resumed;            /* the leaf was entered before the restart */
  const char *stop;               /* why the run is to end early; NULL while it is not */
  NakPause    pause;
  char        deck_path[PETSC_MAX_PATH_LEN]; /* of the deck in a run directory */
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
PetscErrorCode NakSimCheckCell(NakSim sim);
PetscErrorCode NakSimCheckBox(NakSim sim);

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

/* run.c: when the next frame and row are due, behind the present moment [s]; whether the run has ended, for
   a kind without leaves. */
PetscReal NakSimNextFrame(NakSim sim);
PetscReal NakSimNextRow(NakSim sim);
PetscBool NakSimEnded(NakSim sim);

/* describe.c: the size of a run in words, "64 x 64 columns". */
void NakSimShape(NakSim sim, char text[NAK_TEXT_SIZE]);

/* limits.c: refuse a grid that does not fit into the memory there is, before any of it is taken.
   Collective on `world`. */
PetscErrorCode NakSimCheckSize(NakSim sim);

/* limits.c: complain of an item of the deck's PETSc options that is not for solvers or names a file; of frames
   in a time of `span` and of spectra without end (all on rank 0 only); of a directory that is not the run's
   own (on any rank). */
PetscErrorCode NakSimCheckOption(NakSim sim, NakNode option, PetscBool *good);
PetscErrorCode NakSimCheckDirectory(NakSim sim);
PetscErrorCode NakSimCheckFrames(NakSim sim, PetscReal span);
PetscErrorCode NakSimCheckSpectra(NakSim sim);
