/* What the rooms of the in-situ module share. */
#pragma once

#include "backend.h"

#include <nakfield/insitu.h>

#define NAK_INSITU_REMEDY "install ParaView with scripts/setup.sh --insitu and build again"

/* Find a script: as a path, in the folder of the deck, or shipped; `path` is empty where there is
   none.  Rank 0 only. */
void NakInsituFindScript(const char *deck, const char *name, char *path, size_t size);

/* The back end, or NULL with the reason. */
const NakInsituBackend *NakInsituLoad(NakInsituChoice choice, char why[NAK_INSITU_MESSAGE]);

/* Of catalyst2.c; NULL where it is not compiled in. */
const NakInsituBackend *NakInsituCatalyst2(void);
