/* What the rooms of the store share. */
#pragma once

#include <nakfield/store.h>

enum { NAK_SEAL_SIZE = 512 }; /* of the seal in front of a sealed file [B] */

/* Put the seal over a file whose first NAK_SEAL_SIZE bytes are free.  Collective. */
PetscErrorCode NakSealPut(MPI_Comm comm, const char *path, const char *seal);

/* Bytes by which the file at `path`, there or not, may still grow; PETSC_INFINITY where the system
   does not say. */
PetscReal NakFileRoom(const char *path);

/* The directory that `path` lies in. */
void NakFileFolder(const char *path, char folder[PETSC_MAX_PATH_LEN]);
