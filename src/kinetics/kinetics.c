/* Constants, isotherm and the alloy behind it; the contract is in nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

/* u in equilibrium with the liquid at mole fraction x; never reached at x = 1 */
static PetscReal Saturation(const NakKinetics *k, PetscReal x)
{
  return x < 1 ? NakKineticsIsotherm(k, x / (1 - x)).u : PETSC_MAX_REAL;
}

NakKinetics NakKineticsCreate(const NakMaterial *material, PetscReal temperature,
                              const NakInterphaseParams *interphase,
                              const NakReactionParams *reaction, PetscReal contact)
{
  const PetscReal x_ref = NakThermoMoleFraction(material, interphase->reference);
  const PetscReal L     = interphase->thickness;
  NakKinetics     k     = {
            .alloy            = NakThermoAlloy(material, temperature),
            .f                = NAK_FARADAY / (NAK_GAS_CONSTANT * temperature),
            .alpha            = reaction->symmetry,
            .double_layer     = reaction->double_layer / contact,
            .r_ref            = x_ref / (1 - x_ref),
            .m                = interphase->exponent,
            .content          = interphase->limiting_current * interphase->diffusion_time / L / contact,
            .diffusivity      = L * L / interphase->diffusion_time,
            .film_rate        = interphase->film_rate,
            .film_dissolution = 1 / interphase->film_dissolution_time,
            .film_spreading   = interphase->film_spreading,
            .film_content     = interphase->film_thickness / material->b.solid_volume,
            .deposit_rate     = reaction->deposit_rate,
            .deposit_dissolution = 1 / reaction->deposit_dissolution_time,
            .deposit_volume      = material->a.solid_volume,
            .filament_onset      = reaction->filament_onset,
            .filament_speed      = reaction->filament_speed,
  };

  k.i0   = 1 / (k.f * reaction->charge_transfer_resistance) / contact;
  k.u_na = Saturation(&k, NakThermoLiquidus(&k.alloy, PETSC_TRUE));
  k.u_k  = Saturation(&k, NakThermoLiquidus(&k.alloy, PETSC_FALSE));
  return k;
}

NakIsotherm NakKineticsIsotherm(const NakKinetics *k, PetscReal r)
{
  const PetscReal u = PetscPowReal(r / k->r_ref, k->m);

  return (NakIsotherm){.u = u, .du = k->m * u / r, .d2u = k->m * (k->m - 1) * u / (r * r)};
}

PetscReal NakKineticsOpenCircuit(const NakKinetics *k, PetscReal u)
{
  const PetscReal r = k->r_ref * PetscPowReal(u, 1 / k->m);

  return -NakThermoLiquid(&k->alloy, r / (1 + r)).ln_activity / k->f;
}
