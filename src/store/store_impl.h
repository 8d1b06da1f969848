/* What the source files of the store share. */
#pragma once

#include <nakfield/store.h>

enum { NAK_SEAL_SIZE = 512 }; /* of the seal in front of a sealed file [B] */

/* Put the seal into a file in memory, whose first NAK_SEAL_SIZE bytes are free.  Local. */
PetscErrorCode NakSealPut(const char *seal, size_t bytes, char file[]);

/* The directory that `path` lies in. */
void NakFileFolder(const char *path, char folder[PETSC_MAX_PATH_LEN]);
