/* Any bytes as the file of a material: read, check, report; one without errors makes an alloy whose
   numbers are finite in the middle of its range. */
#include "fuzz.h"

#include <nakfield/thermo.h>
#include <nakfield/units.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  StartPetsc(*argv);
  if (PetscPushErrorHandler(PetscReturnErrorHandler, NULL) != 0) abort();
  if (NakUnitsOpen() != 0) abort(); /* once, not for every material */
  return 0;
}

static void Use(const NakMaterial *material)
{
  const PetscReal T     = (material->lowest + material->highest) / 2;
  const NakAlloy  alloy = NakThermoAlloy(material, T);

  if (!(T > 0) || PetscIsInfOrNanReal(NakThermoDensity(material, 0.5))) abort();
  if (alloy.n_compounds < 0 || alloy.n_compounds > NAK_COMPOUNDS) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *const none[] = {"title=fuzz"};
  char              path[64];
  FILE             *file;
  NakDeck           deck;
  NakMaterial       material;
  PetscInt          errors;
  PetscErrorCode    code;

  (void)snprintf(path, sizeof path, "/dev/shm/fuzz-%d.yaml", (int)getpid());
  file = fopen(path, "wb");
  if (file == NULL || (size > 0 && fwrite(data, 1, size, file) != size) || fclose(file) != 0)
    abort();
  if (NakDeckCreate(PETSC_COMM_SELF, NULL, none, 1, &deck) != 0) abort();
  code = NakMaterialLoad(deck, NULL, path, &material, &errors);
  if (code == 0 && errors == 0) Use(&material);
  if (NakDeckDestroy(&deck) != 0) abort();
  (void)unlink(path);
  return 0;
}
