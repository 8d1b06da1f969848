/* What the source files of the simulation share. */
#pragma once

#include <nakfield/sim.h>

/* When checkpoints were written, and what a step takes; wall clock [s]. */
typedef struct {
  PetscReal launched, last; /* the program, the last pause */
  PetscReal longest;        /* between two pauses */
  PetscReal written;        /* the last checkpoint */
  PetscInt  steps;          /* done by then */
} NakPause;

/* How large a run is, with estimates of its memory [B]. */
typedef struct {
  PetscInt    n[3];           /* of `what`; 0 for an axis that does not count */
  const char *what, *entries; /* "columns"; the entries of the deck to lower */
  PetscInt    ranks;          /* of those there are, how many can share it */
  PetscReal   unknowns;
  PetscReal   longest; /* vector, which PETSc must be able to count; at least the unknowns */
  PetscReal   bytes;   /* of all ranks together */
  PetscReal   frame;   /* its numbers, which are all computed before it is written */
  PetscReal   file;    /* the longest */
} NakSimSize;

/* What the main loop (run.c) needs from a kind of model: a cell, a model on a box, the phases of
   the alloy.  `read`, `size` and `destroy` are called on all ranks; `size` is called before it is
   known which ranks compute.  The others are called on the ranks that compute only.  All that
   return an error code are collective.  A kind keeps its data in NakSim.data. */
typedef struct {
  const char *unit;  /* of time, after a number */
  const char *table; /* of the course of time, <table>.csv */
  const char *march; /* section with the end and the steps of a run without a protocol, or NULL */
  size_t      size_of_data;
  /* Read entries that the tables do not read; `wrong` counts the errors of the material. */
  PetscErrorCode (*read)(NakSim, PetscInt *wrong);
  void (*check)(NakSim, NakCheckList *); /* of a deck with a good material; rank 0 */
  NakSimSize (*size)(NakSim, PetscInt ranks);
  PetscReal (*steps)(NakSim,
                     PetscReal each); /* of time, with `each` in one of the protocol; or NULL */
  PetscErrorCode (*create)(NakSim);   /* what computes, at its start; sets `time` */
  PetscErrorCode (*destroy)(NakSim);
  PetscErrorCode (*checkpoint)(NakSim, NakCheckpoint); /* its state, both ways */
  /* Begin the next protocol step, or continue in it if `resumed`; take one accepted step of time.
     Both set the values of the moment. */
  PetscErrorCode (*enter)(NakSim);
  PetscErrorCode (*step)(NakSim, PetscReal latest);
  /* Set `end` and `why`; both are given if the run is to end. */
  PetscErrorCode (*leave)(NakSim, NakEnd forced, const char *why);
  PetscInt (*fields)(NakSim,
                     NakField[NAK_FRAME_FIELDS]); /* of frames, by the deck; how many; or NULL */
  PetscErrorCode (*frame)(NakSim, NakFrame *);
  /* The moment.  If `row` is true, it is for a row of the table; after it, the counts of a row
     start again. */
  PetscErrorCode (*numbers)(NakSim, PetscBool row, NakNumbers *);
  PetscErrorCode (*spectrum)(NakSim); /* take one if it is due; or NULL */
  /* Write the last tables, and fill in the kind's part of the summary. */
  PetscErrorCode (*results)(NakSim, NakSummary *);
} NakSimKind;

extern const NakSimKind NakSimCellKind, NakSimBoxKind, NakSimAlloyKind; /* cell.c, box.c, alloy.c */

enum { NAK_SIM_FRAMES = 64 };

/* What triggers can show. */
typedef enum { NAK_SHOW_FRAME, NAK_SHOW_INSITU, NAK_SHOWS } NakShow;

/* Triggers of one of them at this moment. */
typedef struct {
  NakTriggers list; /* NULL for none */
  PetscBool   due;  /* the moment is to be shown, */
  NakTrigger  hit;  /* since this came true, if it did */
} NakWhen;

/* When map.csv takes a moment; plain data. */
typedef struct {
  PetscReal time;          /* of the last one [s] */
  PetscInt  seen, written; /* time steps; moments since the stride is what it is */
  PetscInt  stride;        /* time steps from one to the next */
} NakMapRhythm;

struct NakSim_private {
  MPI_Comm          world, comm; /* all ranks; those that compute, MPI_COMM_NULL on the others */
  NakWriters        writers;     /* of checkpoints, among those that compute */
  NakSimOptions     options;
  NakSimParams      params;
  const NakSimKind *kind;
  void             *data; /* the kind's */
  NakSimSize        size;
  NakSection        schema[NAK_SIM_SECTIONS];
  NakDeck           deck;
  NakOutput         output;
  NakProgress       progress;
  NakInsitu         insitu; /* NULL if there is no script */
  PetscReal         good;   /* time of the last moment that every observer accepted [s] */
  /* Of the moment: */
  PetscReal   time, dt; /* dt: of the step that led here [s] */
  PetscReal   left;     /* time to the end, at most [s] */
  PetscInt    steps;    /* done so far */
  NakWhen     when[NAK_SHOWS];
  PetscBool   over;  /* the protocol step is at its end, */
  PetscBool   shown; /* which is to be shown: in a repeat, that of the first turn */
  const char *cut;   /* what ends a run without a protocol early, or NULL */
  PetscInt    ends,
    stride; /* of protocol steps that were shown; a frame at each `stride`-th of them */
  PetscReal    ends_in_all; /* at most; 0 if there are none */
  NakMapRhythm map;
  PetscInt     n_frames;
  PetscReal    frames[NAK_SIM_FRAMES];   /* times of frames that the deck lists */
  PetscBool    broken;                   /* the state is not to be written */
  PetscReal    row, row_due, fields_due; /* time of the last row; of the next row and frame [s] */
  PetscReal    spectrum_due, spectra_every; /* PETSC_INFINITY for none [s] */
  PetscReal    began,
    march; /* wall clock at the start of all and of the steps, less what was spent before
                                 a restart [s] */
  PetscReal   marched; /* spent on steps, once they are done; or before a restart [s] */
  NakEnd      end;     /* of the run; NAK_END_NONE while it continues */
  NakFault    fault;   /* the last error of this rank */
  char        why[2 * NAK_TEXT_SIZE]; /* it ended */
  PetscBool   resumed;                /* the protocol step was entered before the restart */
  const char *stop;                   /* why the run is to end early; NULL while it is not */
  NakPause    pause;
  char        deck_path[PETSC_MAX_PATH_LEN]; /* of the deck in a run directory */
};

/* A cell: the data of NakSimCellKind. */
typedef struct {
  NakProtocol  protocol;
  NakModel     model;
  NakStepper   stepper;
  NakImpedance impedance; /* NULL if no spectrum is asked for */
  NakBalance   balance;
  NakRecord    now, good;     /* of the moment; the last that every observer accepted */
  PetscBool    slow_reported; /* what holds the steps */
} NakSimCell;

/* march.c: a run without a protocol, which is one protocol step.  Values of the moment, for `enter`
   and `step`; and `leave`. */
void           NakSimMarch(NakSim sim, PetscReal time, PetscReal dt, PetscReal end, PetscInt steps,
                           const char *cut);
PetscErrorCode NakSimMarchLeave(NakSim sim, NakEnd end, const char *why);

/* checks.c: report entries of a cell's deck that contradict each other.  Rank 0. */
void NakSimCheckCell(NakSim sim, NakCheckList *list);

/* kinds.c: find out the kind of the deck, and fill the parameters from the entries that it then may
   have.  Collective. */
PetscErrorCode NakSimFill(NakSim sim);

/* kinds.c: the sections that define what is computed. */
void NakSimPhysics(NakSimParams *params, NakSection physics[NAK_SIM_SECTIONS]);

/* physics.c: write the entries that define the cell.  Or read them, and refuse a deck in which they
   differ, unless the options allow it.  Collective on the ranks that compute. */
PetscErrorCode NakSimPhysicsCheckpoint(NakSim sim, NakCheckpoint checkpoint);

/* restart.c; all collective on the ranks that compute. */

/* Write a checkpoint. */
PetscErrorCode NakSimCheckpoint(NakSim sim);

/* Between two steps: write a checkpoint if one is due, and one more if the run is to stop; `stop`
   reports that. */
PetscErrorCode NakSimCheckpointDue(NakSim sim);

/* Whether the run that is to be continued is over; says so. */
PetscErrorCode NakSimOver(NakSim sim, PetscBool *over);

/* The checkpoint from which to continue, NULL for none.  None is refused if results would be lost,
   unless the options allow it.  A checkpoint of another cell is refused. */
PetscErrorCode NakSimFind(NakSim sim, NakCheckpoint *checkpoint);

/* Go to the place of a checkpoint, with the files of the run. */
PetscErrorCode NakSimResume(NakSim sim, NakCheckpoint checkpoint);

/* frames.c: the frame that is written, of the fields that the deck names. */
PetscErrorCode NakSimFrame(NakSim sim, NakFrameChoice *choice);

/* when.c: read the triggers of a deck with a protocol; look at a record; add what came true to the
   numbers of a moment; write to a checkpoint or read it. */
PetscErrorCode NakSimWhenRead(NakSim sim);
PetscErrorCode NakSimWhenLook(NakSim sim, NakProtocol protocol, const NakRecord *now);
void           NakSimWhenNumbers(NakSim sim, NakShow show, NakNumbers *numbers);
PetscErrorCode NakSimWhenCheckpoint(NakSim sim, NakCheckpoint checkpoint);
PetscErrorCode NakSimWhenDestroy(NakSim sim);

/* frames.c: a moment of map.csv, if one is due, or the `last`. */
PetscErrorCode NakSimMap(NakSim sim, PetscBool last);

/* frames.c: if frames come at the ends of protocol steps, choose how many of the ends.  The log
   reports it. */
PetscErrorCode NakSimBoundFrames(NakSim sim);

/* frames.c: when the next frame and row are due, after the present moment [s]. */
PetscReal NakSimNextFrame(NakSim sim);
PetscReal NakSimNextRow(NakSim sim);

/* limits.c: the size of a run in words, "64 x 64 columns". */
void NakSimShape(NakSim sim, char text[NAK_TEXT_SIZE]);

/* placement.c: report the places of the ranks and what each has, in the log and, for several ranks,
   on the terminal.  Collective on the ranks that compute. */
PetscErrorCode NakSimPlacement(NakSim sim);

/* What each of so many writers of files needs [B]. */
PetscReal NakSimWriterMemory(NakSim s, const NakSimSize *size, PetscInt writers);

/* limits.c: refuse a grid that does not fit into the available memory, before any of it is taken.
   Collective on `world`. */
PetscErrorCode NakSimCheckSize(NakSim sim);

/* limits.c: report an item of the deck's PETSc options that is not for solvers or names a file
   (rank 0 only).  Report a directory that is not the run's own (any rank). */
PetscErrorCode NakSimCheckOption(NakSim sim, NakNode option, PetscBool *good);
PetscErrorCode NakSimCheckDirectory(NakSim sim);
