/* The liquid: activity, thermodynamic factor and its integral; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

#include "thermo_impl.h"

NakLiquid NakThermoLiquid(const NakMaterial *material, PetscReal T, PetscReal x)
{
  const PetscReal  RT   = NAK_GAS_CONSTANT * T;
  const NakMixture m    = NakLiquidMixture(material, T);
  const PetscReal  bend = -2 * m.k0 + 6 * m.k1 * (1 - 2 * x); /* second derivative of RK(x) */

  return (NakLiquid){.ln_activity = NakMixtureMuA(&m, T, x) / RT,
                     .factor      = 1 + x * (1 - x) * bend / RT};
}

/* With x = r / (1 + r), dr = dx / (1 - x)^2 and a factor 1 + x (1 - x) (a + b x) the integral is
   r - b x^2 / 2 - (a + b) [x + ln(1 - x)]. */
NakDiffusionPotential NakThermoDiffusion(const NakMaterial *material, PetscReal T, PetscReal r)
{
  const PetscReal  RT = NAK_GAS_CONSTANT * T, x = r / (1 + r), y = 1 / (1 + r);
  const NakMixture m = NakLiquidMixture(material, T);
  const PetscReal  a = (-2 * m.k0 + 6 * m.k1) / RT, b = -12 * m.k1 / RT;

  return (NakDiffusionPotential){.value  = r - b * x * x / 2 - (a + b) * (x - PetscLogReal(1 + r)),
                                 .slope  = 1 + x * y * (a + b * x),
                                 .second = y * y * ((1 - 2 * x) * (a + b * x) + x * y * b)};
}
