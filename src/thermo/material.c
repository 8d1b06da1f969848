/* The alloys that are known, and what the deck says of them; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

const NakMaterial NakSodiumPotassium = {
  .name           = "NaK",
  .mass_a         = 22.98976928e-3,
  .mass_b         = 39.0983e-3,
  .volume_a       = 24.34e-6,
  .volume_b       = 46.8e-6,
  .volume_excess  = -1.65e-6,
  .solid_volume_a = 23.8e-6,
  .solid_volume_b = 45.5e-6,
  .fusion_a       = {2581.020,         -6.952180, -2.76132e-18},
  .fusion_b       = {2318.096,                -6.886859,                  -9.44e-19},
  .liquid         = {{2957.0, -1.0354},       {375.3, 0.7772}},
  .solid          = {7527,1838     },
};

const NakParam NakAlloyParamRows[] = {
  {.key     = "alloy.potassium",
   .type    = NAK_FRACTION,
   .offset  = offsetof(NakAlloyParams, potassium),
   .initial = 0.5,
   .lower   = 0.01,
   .upper   = 0.99,
   .doc     = "Potassium in the alloy at the start, by weight or by amount"},
  {.key     = "alloy.temperature",
   .type    = NAK_REAL,
   .unit    = "K",
   .offset  = offsetof(NakAlloyParams, temperature),
   .initial = 298.15,
   .lower   = 262,
   .upper   = 420,
   .doc     = "Temperature of the cell, constant"},
  {.key     = "alloy.volume",
   .type    = NAK_REAL,
   .unit    = "m^3",
   .offset  = offsetof(NakAlloyParams, volume),
   .initial = 40e-9,
   .lower   = 1e-12,
   .upper   = 1e-3,
   .doc     = "Liquid alloy in the cell at the start"},
  {.key     = "alloy.diffusivity",
   .type    = NAK_REAL,
   .unit    = "m^2/s",
   .offset  = offsetof(NakAlloyParams, diffusivity),
   .initial = 1.2e-9,
   .lower   = 1e-14,
   .upper   = 1e-6,
   .doc     = "Interdiffusion in the liquid at the starting composition"},
  {.key = NULL                                 }
};

PetscReal NakThermoMoleFraction(const NakMaterial *material, NakFraction b)
{
  const PetscReal a = 1 - b.value;

  if (!b.by_weight) return a;
  return a / material->mass_a / (a / material->mass_a + b.value / material->mass_b);
}

PetscReal NakThermoDensity(const NakMaterial *material, PetscReal x)
{
  return 1 / (x * material->volume_a + (1 - x) * material->volume_b +
              x * (1 - x) * material->volume_excess);
}
