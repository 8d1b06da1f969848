/**
  @file
  In situ: pictures and extracts by ParaView Catalyst during the run.

  An observer of numbers and frames, like the output.  A back end does the drawing.  It stands on
  the other side of one C contract (src/insitu/backend.h) and is loaded if a deck asks for it:
  - "legacy" is a plugin in C++ for the ParaView of a distribution.
  - "catalyst2" is compiled in if CMake found libcatalyst.
  - "vtk" is a plugin that loads in a tenth of the time.  It has VTK and Python alone, for scripts
    that need no more and say so.
  The first two take the same Python scripts of version 2.  All hand over two channels, each with
  one partition a rank:

    grid  the cells of this rank, rectilinear, in true coordinates [m]; the fields of
          place NAK_PLACE_VOLUME, and of a cell `region` (0 electrolyte, 1 interphase, 2 alloy)
    face  the electrolyte's face, z = 0, one quadrilateral a column; the fields of NAK_PLACE_FACE,
          where there are any: models on a box have no such channel

  Scripts that say "# nakfield: face" want only the face.  If all scripts of a deck say so, the
  whole face goes to rank 0, and no other rank loads the back end.

  All are cell data, bitwise those of fields.h5 at the same time, each with its unit as the array's
  VTK label.  Both channels carry the numbers of the moment as field data, named as the columns of
  timeseries.csv.  What the scripts write goes to RUNDIR/insitu and is recorded there
  (NakFolderNote()).

  A script that fails is left out from then on, with a message.  The run continues.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/state.h>

enum { NAK_INSITU_SCRIPTS = 8, NAK_INSITU_WORDS = 32 };

typedef enum {
  NAK_INSITU_AUTO,
  NAK_INSITU_LEGACY,
  NAK_INSITU_CATALYST2,
  NAK_INSITU_VTK
} NakInsituChoice;

/** When the scripts run, in addition to the first and the last state of a run. */
typedef enum {
  NAK_INSITU_EVENT, /**< the ends of protocol steps (in a repeat, of its first turn only); without a
                         protocol, when fields are written */
  NAK_INSITU_TIME,  /**< multiples of a time: the integrator is made to end steps there */
  NAK_INSITU_STEPS  /**< so many time steps */
} NakInsituCadence;

/** Set by the deck, by NakInsituParamRows and NakInsituRead(). */
typedef struct {
  PetscInt  backend; /**< NakInsituChoice */
  PetscBool vtk;     /**< that is enough for every script */
  PetscBool face;    /**< likewise the face, whole on one rank */
  PetscInt  cadence; /**< NakInsituCadence */
  PetscReal every;   /**< [s], or a number of time steps */
  PetscInt  n_scripts, n_words;
  char      scripts[NAK_INSITU_SCRIPTS][PETSC_MAX_PATH_LEN]; /**< files that are there */
  char      words[NAK_INSITU_WORDS][NAK_TEXT_SIZE]; /**< the options: "--key", "value", ... */
} NakInsituParams;

extern const NakParam NakInsituParamRows[];
extern const NakParam NakInsituCellParamRows[]; /**< entries for cells only */

typedef struct NakInsitu_private *NakInsitu; /**< opaque; NULL if a deck has no script */

/** Read `insitu.script`, `insitu.every` and `insitu.options`; errors are collected, among them a
    script that is not there.  A script is looked for as a path, then in the folder of the deck,
    then among those that come with the program.  `unit` is that of time, "s" or "1".
    Collective. */
PetscErrorCode NakInsituRead(NakDeck deck, const char *unit, NakInsituParams *params);

/**
  Load the back end.  Collective.

  @param[in]  comm    the ranks that hold the fields
  @param[in]  params  copied
  @param[out] insitu  NULL if there is no script; free with NakInsituDestroy()

  Errors: PETSC_ERR_USER_INPUT if there is no such back end; the message names the package to
  install.
*/
PetscErrorCode NakInsituCreate(MPI_Comm comm, const NakInsituParams *params, NakInsitu *insitu);

/** Start the back end and hand it the scripts, which it imports with the first moment.  `directory`
    is the run's.  `time` is when the run begins or resumes; NAK_INSITU_TIME counts from it [s].
    What the scripts wrote after the checkpoint that was read is removed.  For NULL, nothing
    happens.  Collective.  Errors: PETSC_ERR_USER_INPUT if Python does not start; those of the
    files. */
PetscErrorCode NakInsituStart(NakInsitu insitu, const char *directory, PetscReal time);

/** Close the back end and set `*insitu` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakInsituDestroy(NakInsitu *insitu);

/** Take note of a moment and return whether it is to be shown.  `event` says whether
    NAK_INSITU_EVENT applies.  The same on every rank; false for NULL. */
PetscBool NakInsituDue(NakInsitu insitu, PetscReal time, PetscBool event);

/** The time at which a step should end [s].  PETSC_INFINITY for none, and for NULL. */
PetscReal NakInsituNext(NakInsitu insitu);

/** Write to a checkpoint, or read from one, how many moments were shown and when the last was.  For
    NULL, nothing happens.  Collective. */
PetscErrorCode NakInsituCheckpoint(NakInsitu insitu, NakCheckpoint checkpoint);

/** Run the scripts on one moment; `last` says that it is the last of the run.  A second moment at
    the same time is left out.  For NULL, nothing happens.  Collective. */
PetscErrorCode NakInsituShow(NakInsitu insitu, const NakNumbers *numbers, const NakFrame *frame,
                             PetscBool last);

/** What went wrong at the last moment shown, in lines; "" for nothing.  It has been printed.  The
    same on every rank; "" for NULL. */
const char *NakInsituMessage(NakInsitu insitu);

/** What it has cost so far.  Zeros for NULL. */
typedef struct {
  PetscInt  moments;   /**< shown, by this process */
  PetscReal start;     /**< wall time of loading [s] */
  PetscReal first;     /**< of the first moment, which imports the scripts [s] */
  PetscReal show;      /**< of the others [s] */
  PetscReal processor; /**< time of this rank's processor for all of it [s] */
  PetscReal memory;    /**< that this rank took for it [B] */
} NakInsituCost;
NakInsituCost NakInsituCosts(NakInsitu insitu);

/** The back ends that were built, in one line: "legacy (ParaView 5.11)".  Not collective. */
PetscErrorCode NakInsituBackends(char *text, size_t size);
