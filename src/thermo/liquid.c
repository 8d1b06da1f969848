/* The liquid: activity, thermodynamic factor and its integral; the contract is in
   nakfield/thermo.h. */
#include <nakfield/thermo.h>

NakLiquid NakThermoLiquid(const NakAlloy *alloy, PetscReal x)
{
  const NakSolution *s      = &alloy->liquid;
  const PetscReal    y      = 1 - x;
  PetscReal          excess = 0, bend = 0;

  for (PetscInt j = alloy->n - 1; j >= 0; j--) {
    excess = alloy->activity[j] + x * excess;
    bend   = alloy->bend[j] + x * bend;
  }
  return (NakLiquid){.ln_activity = s->g_a / s->RT + PetscLogReal(x) + y * y * excess,
                     .factor      = 1 + x * y * bend};
}

PetscBool NakThermoMixes(const NakAlloy *alloy)
{
  const PetscInt samples = 2000;

  for (PetscInt k = 1; k < samples; k++)
    if (!(NakThermoLiquid(alloy, (PetscReal)k / (PetscReal)samples).factor > 0)) return PETSC_FALSE;
  return PETSC_TRUE;
}

NakDiffusionPotential NakThermoDiffusion(const NakAlloy *alloy, PetscReal r)
{
  const PetscReal x = r / (1 + r), y = 1 / (1 + r);
  PetscReal       bend = 0, bend_slope = 0, integral = 0;

  for (PetscInt j = alloy->n - 1; j >= 0; j--) {
    bend_slope = bend + x * bend_slope;
    bend       = alloy->bend[j] + x * bend;
    integral   = alloy->integral[j] + x * integral;
  }
  return (NakDiffusionPotential){.value =
                                   r + x * integral + alloy->integral_log * PetscLogReal(1 + r),
                                 .d1 = 1 + x * y * bend,
                                 .d2 = y * y * ((1 - 2 * x) * bend + x * y * bend_slope)};
}
