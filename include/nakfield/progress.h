/**
  @file
  Progress on standard error: one line that rewrites itself on a terminal, a plain line now and then
  elsewhere (a batch job's log).  Rank 0 prints, others return at once.
*/
#pragma once

#include <nakfield/state.h>

typedef struct NakProgress_private *NakProgress; /**< opaque */

/** `unit`: of time, behind a number, where time, steps' length and what is left are all there is; NULL
    where the records are of a cell.  Kept, not copied. */
PetscErrorCode NakProgressCreate(MPI_Comm comm, PetscBool quiet, const char *unit,
                                 NakProgress *progress);

/** Finish the line and set `*progress` to NULL; NULL is accepted. */
PetscErrorCode NakProgressDestroy(NakProgress *progress);

/**
  Show where the run is: simulated time, step and cycle, current, voltage, time step, and the wall
  time to go.

  @param[in] record     the moment
  @param[in] time_left  simulated time to the protocol's end [s]; PETSC_INFINITY where unknown, and
                        then no time to go is shown
*/
PetscErrorCode NakProgressShow(NakProgress progress, const NakRecord *record, PetscReal time_left);
