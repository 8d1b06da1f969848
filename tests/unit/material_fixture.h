/* Materials from inputs/materials, read once. */
#pragma once

#include <nakfield/thermo.h>

/* A material by its name, on this rank alone; NULL where it has errors. */
static inline const NakMaterial *LoadMaterial(const char *name, NakMaterial *material)
{
  PetscInt       errors = 0;
  NakDeck        none;
  PetscErrorCode code = NakDeckCreate(PETSC_COMM_SELF, NULL, NULL, 0, &none);

  if (code == 0) code = NakMaterialLoad(none, NULL, name, material, &errors);
  if (code == 0) code = NakDeckDestroy(&none);
  return code == 0 && errors == 0 ? material : NULL;
}

/* Na-K */
static inline const NakMaterial *NaK(void)
{
  static NakMaterial material;

  return material.name[0] != '\0' ? &material : LoadMaterial("NaK", &material);
}

/* Na-K at a temperature [K] */
static inline NakAlloy NaKAt(PetscReal T)
{
  return NakThermoAlloy(NaK(), T);
}

static inline NakLiquid NaKLiquid(PetscReal T, PetscReal x)
{
  const NakAlloy alloy = NaKAt(T);

  return NakThermoLiquid(&alloy, x);
}

static inline NakDiffusionPotential NaKDiffusion(PetscReal T, PetscReal r)
{
  const NakAlloy alloy = NaKAt(T);

  return NakThermoDiffusion(&alloy, r);
}

static inline PetscReal NaKLiquidus(PetscReal T, PetscBool rich_in_a)
{
  const NakAlloy alloy = NaKAt(T);

  return NakThermoLiquidus(&alloy, rich_in_a);
}
