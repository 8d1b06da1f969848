/* What the rooms of thermodynamics share. */
#pragma once

#include <nakfield/thermo.h>

/** Find the file of a material: the search of NakMaterialLoad().  `path` is empty where there is none;
    `folders` then says where it was looked for.  One rank only. */
PetscErrorCode NakMaterialFind(const char *deck, const char *name, char *path, size_t size,
                               char *folders, size_t folders_size);
