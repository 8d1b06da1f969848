/* Any bytes as a measured table, and as a file of names: read or refused; what was read is finite,
   and in order. */
#include "fuzz.h"

#include "measured_impl.h"
#include <nakfield/units.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  StartPetsc(*argv);
  if (PetscPushErrorHandler(PetscReturnErrorHandler, NULL) != 0) abort();
  if (NakUnitsOpen() != 0) abort(); /* once, not for every table */
  return 0;
}

static void Check(const NakMeasured *m)
{
  const PetscReal *const time = m->values[NAK_MEASURED_TIME];

  if (m->rows < 1 || !m->named) abort();
  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++)
    for (PetscInt k = 0; m->values[q] != NULL && k < m->rows; k++)
      if (PetscIsInfOrNanReal(m->values[q][k])) abort();
  for (PetscInt k = 1; time != NULL && k < m->rows; k++)
    if (!(time[k] > time[k - 1])) abort();
}

static void Read(const uint8_t *data, size_t size, unsigned needed, unsigned welcome)
{
  const NakMeasuredWish wish  = {.path = "fuzz", .needed = needed, .welcome = welcome};
  FILE *const           file  = fmemopen((void *)(uintptr_t)data, size, "r");
  NakFault              fault = {0};
  NakMeasured           m;

  if (file == NULL) abort();
  if (NakMeasuredReadFile(file, &wish, &m, &fault) != 0) abort();
  if (fault.code == 0)
    Check(&m);
  else if (fault.code != PETSC_ERR_USER_INPUT || fault.text[0] == '\0')
    abort();
  if (NakMeasuredFree(&m) != 0 || fclose(file) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0) return 0;
  Read(data, size, NAK_MEASURED_SPECTRUM, 0);
  Read(data, size, NAK_MEASURED(NAK_MEASURED_TIME) | NAK_MEASURED(NAK_MEASURED_VOLTAGE),
       NAK_MEASURED(NAK_MEASURED_CURRENT));
  return 0;
}
