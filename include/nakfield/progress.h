/**
  @file
  Progress on standard error.  On a terminal it is one line that rewrites itself.  Elsewhere (a
  pipe, a batch job's log) it is a plain line at the start and at the end.  Between these there is
  one after 1, 3, 7, 15 s and so on, later every 30 s.  Rank 0 prints, others return at once.
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
  Show where the run is: simulated time, time step and the wall time still to go.  For a cell also
  show step and cycle, current and voltage.

  @param[in] numbers    the moment; the columns of a cell's are known by their names
  @param[in] dt         the time step [s]
  @param[in] time_left  simulated time to the protocol's end [s]; PETSC_INFINITY if unknown.
                        No time to go is shown then, nor until 1/1000 of it is done
*/
PetscErrorCode NakProgressShow(NakProgress progress, const NakNumbers *numbers, PetscReal dt,
                               PetscReal time_left);
