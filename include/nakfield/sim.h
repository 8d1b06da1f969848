/**
  @file
  A simulation: from a deck to a run directory.  The only owner of everything.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/diagnostics.h>
#include <nakfield/impedance.h>
#include <nakfield/insitu.h>
#include <nakfield/microstructure.h>
#include <nakfield/output.h>
#include <nakfield/pfhub.h>
#include <nakfield/progress.h>
#include <nakfield/stepper.h>

/** All that a deck says; the tables that fill it are listed by NakSimSchema(). */
typedef struct {
  char                title[NAK_TEXT_SIZE];
  PetscInt            kind;  /**< of the words of the deck's entry `model` */
  NakPfhubParams      pfhub; /**< of the models on a box */
  NakMixParams        mix;   /**< of the phases of the alloy */
  NakModelParams      model;
  NakLimits           limits;
  NakStepperParams    stepper;
  NakImpedanceParams  impedance;
  NakOutputParams     output;
  NakInsituParams     insitu;
  NakCheckpointParams checkpoint;
} NakSimParams;

enum { NAK_SIM_SECTIONS = 30, NAK_MODEL_ANY = -1 };

/** The schema: every entry that a deck of this kind may have.  The entries fill `params`.
    NAK_MODEL_ANY gives every entry there is, for the manual. */
void NakSimSchema(NakSimParams *params, PetscInt kind, NakSection schema[NAK_SIM_SECTIONS]);

/** What the command line says in addition to the deck. */
typedef struct {
  const char        *deck; /**< path, or NULL for defaults and overrides alone */
  const char *const *overrides;
  PetscInt           n_overrides;
  PetscBool          replace; /**< remove an older run in the same directory */
  PetscBool          quiet;   /**< no progress */
  const char *restart;     /**< a run directory to continue, with its own deck where `deck` is NULL;
                                   or NULL */
  PetscBool   new_physics; /**< continue with another cell than that of the checkpoint */
  PetscBool   light;       /**< write no fields; all else, steps included, is the same */
  PetscReal   wall_time;   /**< after which the run is to stop; 0 for never [s] */
  PetscInt    ranks;       /**< that NakSimDescribe() is to speak of; 0 for those there are */
} NakSimOptions;

typedef struct NakSim_private *NakSim; /**< opaque */

/**
  Read and check a deck.  Collective on `comm`.

  If a grid has fewer columns than ranks, as many ranks as it can use compute it.  The others wait
  in NakSimRun().

  Errors: PETSC_ERR_USER_INPUT after printing every error; those of NakDeckCreate().  `*sim` is to
  be destroyed all the same.
*/
PetscErrorCode NakSimCreate(MPI_Comm comm, const NakSimOptions *options, NakSim *sim);

/** Free the simulation and set `*sim` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakSimDestroy(NakSim *sim);

/** Print the resolved deck, the file of its material, the unknowns and an estimate of memory to
    standard output.  For a cell, print an estimate of wall time, too.  With several ranks, print
    what each has and takes.  Collective. */
PetscErrorCode NakSimDescribe(NakSim sim);

/** Print what a partial contact means for the limiting current of a cell, as a line that begins
    with `before`.  For other runs, print nothing.  Collective. */
PetscErrorCode NakSimDescribeContact(NakSim sim, const char *before);

/** Print how the alloy of a cell wets its face and scaffold.  Collective.  Errors:
    PETSC_ERR_USER_INPUT for decks of another kind. */
PetscErrorCode NakSimDescribeWetting(NakSim sim);

/**
  Run the protocol and write the run directory.  Collective.

  A run stops early after SIGUSR1, SIGTERM or SIGINT, at the next step, or before its wall time is
  up.  It then has a checkpoint and the status `interrupted`; that is no error.  If a run is
  continued that is complete, it is left as it is.

  Errors: PETSC_ERR_NOT_CONVERGED when the solver gave up; the last good state, the reason and the
  summary are written.  Also the errors of the output.
*/
PetscErrorCode NakSimRun(NakSim sim);
