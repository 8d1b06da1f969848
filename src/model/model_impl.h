/* What the source files of the model share. */
#pragma once

#include "column.h"

/* A nucleus of the K film while it is too small for the field. */
typedef struct {
  PetscInt  column; /* of the whole grid */
  PetscReal radius; /* [m]; below 0: a place that waits */
} NakNucleus;

/* What a film with a front knows beside the open shares.  Without a front, all but `formed` and
   `until` are empty. */
typedef struct {
  PetscReal  *drive, *rate, *hazard, *due, *born; /* of the owned columns; `born` counts */
  NakNucleus *nuclei;                             /* the same on every rank */
  PetscInt    count, room, formed;
  PetscReal   until; /* no step goes beyond [s] */
} NakFilm;

/* A place on the face where a grain can begin [m]. */
typedef struct {
  PetscReal x, y;
} NakGrainSite;

typedef struct {
  PetscInt      count, formed;
  NakGrainSite *site;   /* the same on every rank */
  PetscReal     radius; /* of a nucleus [m] */
  PetscReal     part;   /* volume of one over the alloy's */
  PetscReal     excess; /* largest of those that wait, after the last step */
  PetscReal     until;  /* no step goes beyond [s] */
  PetscBool     known;  /* `excess` */
} NakGrains;

/* Voids as a phase of the zone; `gas` is NULL if they are no phase. */
typedef struct {
  NakGas         gas;
  PetscReal     *share;  /* of void in the zone of the owned columns */
  PetscReal     *wetted; /* the same columns, */
  NakVoidsDrive *drive;  /* and what drives their voids; work */
  PetscReal     *laid;   /* unknowns while caps are laid upon them, */
  PetscReal      gain;   /* and what r of the zone has gained by it */
  PetscReal      until;  /* no step goes beyond [s] */
} NakModelVoids;

/* What a column keeps of its past.  Plain numbers, all of them finite. */
enum { NAK_KEPT_LOST, NAK_KEPT_K, NAK_KEPT_NA, NAK_KEPT_TIMES };
typedef struct {
  PetscReal current_max;           /* magnitude [A/m2] */
  PetscReal since[NAK_KEPT_TIMES]; /* when it happened first; -1 while it has not [s] */
  PetscReal past[NAK_KEPT_TIMES];  /* how far each was beyond its bound at `time`, over the bound */
} NakKept;

typedef struct {
  NakKept  *columns; /* of the owned ones */
  PetscReal time;    /* until which it goes; below 0 if there is nothing yet [s] */
} NakMemory;

/* The fields of a frame, of those that there are. */
typedef struct {
  PetscInt field[NAK_FRAME_FIELDS];
  NakField fields[NAK_FRAME_FIELDS];
  PetscReal
    *u_face; /* of the columns, which follows with their current; NULL until it is asked for */
  PetscBool known; /* of the present frame */
} NakShown;

/* The counter electrode, if it is an alloy or a host. */
typedef struct {
  NakModelParams params; /* of a cell with this alloy and face */
  NakState       state;  /* whose layers and column it has */
  NakColumn      column;
  PetscReal      initial_charge; /* as that of the model */
} NakCounter;

struct NakModel_private {
  MPI_Comm       comm;
  NakModelParams params;
  NakState       state;
  NakColumn      column;
  NakCounter     counter;
  NakColumns     columns;
  NakFilm        film;
  NakGrains      grains;
  NakModelVoids  bubbles;
  NakMemory      memory;
  PetscInt       disturbed;      /* NakModelDisturbed() */
  PetscBool      depleted;       /* NakModelDepleted() */
  NakBox         box;            /* columns of this rank, */
  PetscInt       owned;          /* and how many */
  PetscReal      initial_charge; /* of the face, per area of contact [C/m2] */
  NakShown       shown;
  Vec            frame_state; /* the state that NakModelFrame() was last asked for; not owned */
};

/* counter.c: before the state, whose columns have its unknowns, and after it. */
PetscErrorCode NakCounterCreate(NakModel model);
PetscErrorCode NakCounterDestroy(NakModel model);
void           NakCounterSetTemperature(NakModel model, PetscReal temperature);

/* contact.c: contact of the owned columns, all wetted, and its mean over all. */
PetscErrorCode NakContactCreate(MPI_Comm comm, const NakContactParams *params, NakState state,
                                NakCover **over, PetscReal *fraction);

/* film.c: nuclei of the K film.  Each part advances after a step, bounds the next step and is
   written to a checkpoint. */
PetscErrorCode NakFilmCreate(NakModel model);
PetscErrorCode NakFilmDestroy(NakModel model);
PetscErrorCode NakFilmAdvance(NakModel model, PetscReal time, PetscReal dt, Vec U);
PetscReal      NakFilmUntil(NakModel model);
PetscErrorCode NakFilmCheckpoint(NakModel model, NakCheckpoint checkpoint);

/* grains.c: sites of nuclei.  The reservoir pays for what r has gained in some layers of this
   rank. */
PetscErrorCode NakGrainsCreate(NakModel model);
PetscErrorCode NakGrainsAdvance(NakModel model, PetscReal time, PetscReal dt, Vec U);
PetscReal      NakGrainsUntil(NakModel model);
PetscErrorCode NakGrainsCheckpoint(NakModel model, NakCheckpoint checkpoint);
PetscErrorCode NakZonePay(NakModel model, PetscReal gain, PetscReal u[]);

/* voids.c: called before the columns.  Pockets in the pristine state; pressures at the unknowns of
   the owned columns. */
PetscErrorCode NakModelVoidsCreate(NakModel model);
PetscErrorCode NakModelVoidsDestroy(NakModel model);
PetscErrorCode NakModelVoidsPockets(NakModel model, PetscReal u[]);
PetscErrorCode NakModelVoidsFollow(NakModel model, const PetscReal u[]);
PetscErrorCode NakModelVoidsAdvance(NakModel model, PetscReal time, PetscReal dt, Vec U);
PetscReal      NakModelVoidsUntil(NakModel model);
PetscErrorCode NakModelVoidsCheckpoint(NakModel model, NakCheckpoint checkpoint);

/* memory.c: what columns keep. */
PetscErrorCode NakMemoryCreate(NakModel model);
PetscErrorCode NakMemoryDestroy(NakModel model);
PetscErrorCode NakMemoryCheckpoint(NakModel model, NakCheckpoint checkpoint);
