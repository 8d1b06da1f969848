/* What the fuzz targets share: libFuzzer's two functions, and how PETSc is started beneath them. */
#pragma once

#include <petscsys.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Start PETSc without libFuzzer's arguments, and leave signals to the sanitizers. */
static inline void StartPetsc(char **argv)
{
  int    none   = 1;
  char  *name[] = {argv[0], NULL};
  char **names  = name;

  if (PetscInitialize(&none, &names, NULL, NULL) != 0) abort();
  if (PetscPopSignalHandler() != 0) abort();
}
