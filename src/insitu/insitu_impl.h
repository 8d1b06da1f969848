/* What the source files of the in-situ module share. */
#pragma once

#include "backend.h"

#include <nakfield/insitu.h>

#define NAK_INSITU_REMEDY "install ParaView with scripts/setup.sh --insitu and build again"

/* Find a script: as a path, in the folder of the deck, or shipped; `path` is empty if there is
   none.  Returns whether it is the user's own, not shipped.  Rank 0 only. */
PetscBool NakInsituFindScript(const char *deck, const char *name, char *path, size_t size);

/* Whether one of a script's first lines is "# nakfield: WORD", or has the word among others.  Rank
   0 only. */
PetscBool NakInsituSays(const char *script, const char *word);

/* whole.c: the fields of the whole face on rank 0, as a frame that has no others.  On other ranks
   there is nothing.  Collective; free with NakWholeFaceFree(). */
typedef struct {
  NakFrame   frame;
  NakGrid    grid;
  NakField   fields[NAK_FRAME_FIELDS];
  PetscReal *values;
} NakWholeFace;
PetscErrorCode NakWholeFaceGather(MPI_Comm comm, const NakFrame *frame, NakWholeFace *whole);
PetscErrorCode NakWholeFaceFree(NakWholeFace *whole);

/* The back end, or NULL with the reason; `vtk` if that one would be enough. */
const NakInsituBackend *NakInsituLoad(NakInsituChoice choice, PetscBool vtk,
                                      char why[NAK_INSITU_MESSAGE]);

/* Of catalyst2.c; NULL if it is not compiled in. */
const NakInsituBackend *NakInsituCatalyst2(void);
