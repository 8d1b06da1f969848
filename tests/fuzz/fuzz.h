/* What the fuzz targets share: libFuzzer's two functions, and how PETSc is started beneath them. */
#pragma once

#include <petscsys.h>
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Start PETSc without libFuzzer's arguments, and leave signals to the sanitizers.  The duplicate of
   the communicator stays: to make one for each input takes most of the time.  What MPI keeps is no
   leak. */
static inline void StartPetsc(char **argv)
{
  int      none   = 1;
  char    *name[] = {argv[0], NULL};
  char   **names  = name;
  MPI_Comm kept;

  __lsan_disable();
  if (PetscInitialize(&none, &names, NULL, NULL) != 0) abort();
  if (PetscPopSignalHandler() != 0) abort();
  if (signal(SIGABRT, SIG_DFL) == SIG_ERR)
    abort(); /* MPI's own keeps libFuzzer from noting the input */
  if (PetscCommDuplicate(PETSC_COMM_SELF, &kept, NULL) != 0) abort();
  __lsan_enable();
}
