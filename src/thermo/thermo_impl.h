/* What the source files of thermodynamics share. */
#pragma once

#include <nakfield/thermo.h>

/**
  Find the file of a material: the search of NakMaterialLoad().  One rank only.

  @param[in]  named    the entry that names it, or NULL
  @param[out] path     of the file; empty if there is none
  @param[out] own      whether it is named by a path or lies beside the deck
  @param[out] folders  where it was looked for, for a message
*/
PetscErrorCode NakMaterialFind(NakDeck deck, NakNode named, const char *name, char *path,
                               size_t size, PetscBool *own, char *folders, size_t folders_size);
