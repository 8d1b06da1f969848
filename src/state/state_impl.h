/* What the source files of the state share. */
#pragma once

#include <nakfield/state.h>

struct NakState_private {
  MPI_Comm      comm;
  PetscBool     own_comm; /* to be freed with the state */
  NakGridParams params;
  PetscReal     electrolyte_height, interphase_height, total_height;
  NakGrid       grid;
  NakLayout     layout;
  DM            dm;
};

/** Fill `grid->z`, to be freed by the owner of the grid. */
PetscErrorCode NakGridFaces(const NakGridParams *params, PetscReal electrolyte_height,
                            PetscReal interphase_height, NakGrid *grid);
