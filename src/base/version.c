/* What was built and what it runs with; the contract is in nakfield/base.h. */
#include <nakfield/base.h>
#include <stdio.h>
#include <string.h>

/* The build system defines these three. */
#if !defined(NAK_VERSION)
  #define NAK_VERSION "unknown"
#endif
#if !defined(NAK_GIT_HASH)
  #define NAK_GIT_HASH "unknown"
#endif
#if !defined(NAK_HDF5_VERSION)
  #define NAK_HDF5_VERSION "unknown"
#endif

/* PETSc and MPI are asked at run time, because a cluster's loader may bring other versions than the
   compiler saw.  Only the store calls HDF5, so this is the version of the build. */
const char *NakVersion(void)
{
  static char text[1024];
  char        mpi[MPI_MAX_LIBRARY_VERSION_STRING + 1] = "unknown";
  int         length                                  = 0;
  PetscInt    major = 0, minor = 0, patch = 0;

  if (text[0] != '\0') return text;
  if (PetscGetVersionNumber(&major, &minor, &patch, NULL) != 0) major = 0;
  if (MPI_Get_library_version(mpi, &length) != MPI_SUCCESS) length = 0;
  mpi[strcspn(mpi, "\r\n")] = '\0';
  (void)snprintf(text, sizeof text,
                 "nakfield " NAK_VERSION " (git " NAK_GIT_HASH ")\n"
                 "PETSc %" PetscInt_FMT ".%" PetscInt_FMT ".%" PetscInt_FMT "\n"
                 "MPI %.256s\n"
                 "HDF5 " NAK_HDF5_VERSION,
                 major, minor, patch, mpi);
  return text;
}
