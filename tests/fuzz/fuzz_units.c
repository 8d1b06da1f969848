/* Any bytes as a quantity: `unit wanted`, a new line, `text`.  What is converted is finite, and
   what is not is explained. */
#include "fuzz.h"

#include <nakfield/units.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  StartPetsc(*argv);
  if (NakUnitsOpen() != 0) abort(); /* once, not for every text */
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const units[] = {"1",     "m",   "K",       "A/m^2", "S/m",
                                      "F/m^2", "rad", "m^3/A/s", "V",     "s"};
  const size_t             n       = sizeof units / sizeof units[0];
  const char *const        unit    = units[size > 0 ? data[0] % n : 0];
  char *const              text    = calloc(size + 1, 1);
  char                     message[256];
  PetscReal                value = -1;

  if (text == NULL) abort();
  if (size > 1) memcpy(text, data + 1, size - 1);
  if (NakUnitsConvert(text, unit, &value, message, sizeof message) != 0) abort();
  if (memchr(message, '\0', sizeof message) == NULL) abort();
  if (message[0] == '\0' && PetscIsInfOrNanReal(value)) abort();
  if (message[0] != '\0' && value != -1) abort();
  free(text);
  return 0;
}
