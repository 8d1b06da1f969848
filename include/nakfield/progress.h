/**
  @file
  Progress on standard error: one line that rewrites itself on a terminal; elsewhere (a pipe, a batch job's
  log) a plain line at the start, after 1, 3, 7, 15 s and so on, at last every 30 s, and at the end.  Rank 0
  prints, others return at once.
*/
#pragma once

#include <nakfield/state.h>

typedef struct NakProgress_private *NakProgress; /**< opaque */

/** `unit`: of time, after a number, "" for none.  Kept, not copied. */
PetscErrorCode NakProgressCreate(MPI_Comm comm, PetscBool quiet, const char *unit,
                                 NakProgress *progress);

/** Wall time in words, "42 s", "3 h 05 min". */
void NakProgressDuration(PetscReal seconds, char *text, size_t size);

/** Finish the line and set `*progress` to NULL; NULL is accepted. */
PetscErrorCode NakProgressDestroy(NakProgress *progress);

/**
  Show where the run is: simulated time, time step, the wall time to go, and of a cell step and cycle,
  current and voltage.

  @param[in] numbers    the moment; the columns of a cell's are known by their names
  @param[in] dt         the time step [s]
  @param[in] time_left  simulated time to the protocol's end [s]; PETSC_INFINITY where unknown, and
                        then no time to go is shown
*/
PetscErrorCode NakProgressShow(NakProgress progress, const NakNumbers *numbers, PetscReal dt,
                               PetscReal time_left);
