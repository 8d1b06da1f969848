/**
  @file
  In situ: pictures and extracts by ParaView Catalyst while the run goes on.

  An observer of numbers and frames, like the output.  What draws is a back end behind one C contract
  (src/insitu/backend.h), loaded when a deck asks for it: "legacy" is a plugin in C++ for the
  ParaView of a distribution, "catalyst2" is compiled in where CMake found libcatalyst.  Both take
  the same Python scripts of version 2.  "vtk" is a second plugin that loads in a tenth of the time: it
  has VTK and Python alone, for scripts that need no more and say so.  All hand over two channels,
  each with one partition a rank:

    grid  the cells of this rank, rectilinear, in true coordinates [m]; the fields of
          place NAK_PLACE_VOLUME, and of a cell `region` (0 electrolyte, 1 interphase, 2 alloy)
    face  the electrolyte's face, z = 0, one quadrilateral a column; the fields of NAK_PLACE_FACE,
          where there are any: models on a box have no such channel

  Scripts that say "# nakfield: face" want no more than that; where all of a deck do, the whole face goes to
  rank 0, and no other rank loads the back end.

  All are cell data, bitwise those of fields.h5 at the same time, each with its unit as the array's
  VTK label.  Both channels carry the numbers of the moment as field data, named as the columns of
  timeseries.csv.  What the scripts write goes to RUNDIR/insitu and is noted there (NakFolderNote()).

  A script that fails is left out from there on, with a message; the run goes on.
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

/** What makes the scripts run, beside the first and the last state of a run. */
typedef enum {
  NAK_INSITU_EVENT, /**< the ends of protocol steps; inside a repeat, of its first turn only; of a run
                         without a protocol, when fields are written */
  NAK_INSITU_TIME, /**< multiples of a time: the integrator is made to end steps there */
  NAK_INSITU_STEPS /**< so many time steps */
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
extern const NakParam NakInsituCellParamRows[]; /**< what there is for cells only */

typedef struct NakInsitu_private *NakInsitu; /**< opaque; NULL where a deck has no script */

/** Read `insitu.script`, `insitu.every` and `insitu.options`; errors are collected, among them a
    script that is not there.  A script is looked for as a path, in the folder of the deck, and among
    those that come with the program.  `unit` is that of time, "s" or "1".  Collective. */
PetscErrorCode NakInsituRead(NakDeck deck, const char *unit, NakInsituParams *params);

/**
  Load the back end.  Collective.

  @param[in]  comm    the ranks that hold the fields
  @param[in]  params  copied
  @param[out] insitu  NULL where there is no script; free with NakInsituDestroy()

  Errors: PETSC_ERR_USER_INPUT where there is no such back end, with the package to install.
*/
PetscErrorCode NakInsituCreate(MPI_Comm comm, const NakInsituParams *params, NakInsitu *insitu);

/** Start the back end and hand it the scripts, which it imports with the first moment; `directory` is
    the run's, and `time` when it begins or goes on, from which NAK_INSITU_TIME counts [s].  What they
    wrote behind the checkpoint that was read is removed.  Of NULL, nothing.  Collective.
    Errors: PETSC_ERR_USER_INPUT where Python does not start; those of the files. */
PetscErrorCode NakInsituStart(NakInsitu insitu, const char *directory, PetscReal time);

/** Close the back end and set `*insitu` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakInsituDestroy(NakInsitu *insitu);

/** Take note of a moment and tell whether it is to be shown; `event` where NAK_INSITU_EVENT says so.
    The same on every rank; false of NULL. */
PetscBool NakInsituDue(NakInsitu insitu, PetscReal time, PetscBool event);

/** The time at which a step should end; PETSC_INFINITY for none, and of NULL [s]. */
PetscReal NakInsituNext(NakInsitu insitu);

/** Write to a checkpoint, or read from one, how many moments were shown and when the last was.  Of
    NULL, nothing.  Collective. */
PetscErrorCode NakInsituCheckpoint(NakInsitu insitu, NakCheckpoint checkpoint);

/** Run the scripts on one moment, `last` of the run; a second one at the same time is left out.
    Of NULL, nothing.  Collective. */
PetscErrorCode NakInsituShow(NakInsitu insitu, const NakNumbers *numbers, const NakFrame *frame,
                             PetscBool last);

/** What went wrong at the last moment shown, in lines, "" for nothing; it has been printed.  The same on every
    rank; "" of NULL. */
const char *NakInsituTold(NakInsitu insitu);

/** What it cost so far.  Zeros of NULL. */
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
