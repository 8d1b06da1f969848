/* Constants, the isotherm, and the alloy over the face; the contract is in nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

/* u in equilibrium with the liquid at mole fraction x; never reached at x = 1 */
static PetscReal Saturation(const NakKinetics *k, PetscReal x)
{
  return x < 1 ? NakKineticsIsotherm(k, x / (1 - x)).u : PETSC_MAX_REAL;
}

NakPellet NakPelletAt(const NakCellParams *p, PetscReal T)
{
  const PetscReal cold  = NAK_REFERENCE_TEMPERATURE / T; /* conductivity times T is activated */
  const PetscReal sigma = p->conductivity * cold * NakArrhenius(p->grain_energy, T);
  const PetscReal boundaries =
    p->grain_boundaries * p->pellet_thickness / cold / NakArrhenius(p->grain_boundary_energy, T);

  return (NakPellet){.conductivity     = sigma,
                     .resolved         = p->thickness / sigma,
                     .grain_boundaries = boundaries,
                     .series           = p->series_resistance + boundaries +
                               PetscMax(p->pellet_thickness - p->thickness, 0) / sigma};
}

NakKinetics NakKineticsCreate(const NakMaterial *material, PetscReal temperature,
                              const NakInterphaseParams *interphase,
                              const NakReactionParams *reaction, PetscReal contact_fraction)
{
  const PetscReal T = temperature, area = PetscMax(reaction->area, 1);
  const PetscReal contact  = (interphase->per == NAK_PER_CELL ? contact_fraction : 1) / area;
  const PetscReal mobility = NakArrhenius(interphase->activation_energy, T);
  const PetscReal x_ref    = NakThermoMoleFraction(material, interphase->reference);
  const PetscReal L = interphase->thickness, nucleus = 0.36; /* [C/m2]: a tenth of an nm of Na */
  NakKinetics     k = {
        .alloy            = NakThermoAlloy(material, T),
        .f                = NAK_FARADAY / (NAK_GAS_CONSTANT * T),
        .alpha            = reaction->symmetry,
        .double_layer     = reaction->double_layer / contact,
        .adlayer          = reaction->adlayer_charge / contact,
        .adlayer_constant = reaction->adlayer_constant,
        .r_ref =
          x_ref / (1 - x_ref) *
          PetscPowReal(NakArrhenius(interphase->partition_enthalpy, T), -1 / interphase->exponent),
        .m           = interphase->exponent,
        .direct      = (PetscBool)(interphase->kind == NAK_INTERPHASE_NONE),
        .content     = interphase->limiting_current * interphase->diffusion_time / L / contact,
        .diffusivity = L * L / interphase->diffusion_time * mobility,
        .film_rate   = interphase->film_rate * mobility,
        .film_dissolution =
          NakArrhenius(interphase->realloying_energy, T) / interphase->film_dissolution_time,
        .film_spreading      = interphase->film_spreading * mobility,
        .film_content        = interphase->film_thickness / material->b.solid_volume,
        .deposit_barrier     = reaction->deposit_barrier,
        .deposit_conductance = 1 / (reaction->deposit_resistance * contact),
        .deposit_nucleus     = nucleus / contact,
        .deposit_cover       = reaction->deposit_cover / contact,
        .deposit_volume      = material->a.solid_volume,
        .filament_onset      = reaction->filament_onset / contact,
        .filament_speed      = reaction->filament_speed / area,
  };

  k.ln_reference = NakThermoLiquid(&k.alloy, k.r_ref / (1 + k.r_ref)).ln_activity;
  if (interphase->over_limit_resistance > 0)
    k.over_limit = NakArrhenius(interphase->over_limit_energy, T) /
                   (interphase->over_limit_resistance * contact);
  k.i0 = NAK_GAS_CONSTANT * NAK_REFERENCE_TEMPERATURE / NAK_FARADAY *
         NakArrhenius(reaction->activation_energy, T) /
         (reaction->charge_transfer_resistance * contact);
  if (NakKineticsFront(interphase)) k.film_speed = interphase->film_speed * mobility;
  NakKineticsFitFront(&k, interphase->film_width, 0);
  k.u_k  = Saturation(&k, NakThermoLiquidus(&k.alloy, PETSC_FALSE));
  k.u_na = Saturation(&k, NakThermoLiquidus(&k.alloy, PETSC_TRUE));
  return k;
}

void NakInterphaseComplete(NakInterphaseParams *p, const NakAlloyParams *alloy)
{
  if (p->kind != NAK_INTERPHASE_NONE) return;
  p->reference             = alloy->potassium;
  p->exponent              = 1;
  p->partition_enthalpy    = 0;
  p->over_limit_resistance = 0;
  p->film_rate             = 0;
  p->film_thickness        = 0;
  p->film_nuclei           = 0;
  p->film_nucleation       = 0;
}

/* The front s = [1 - tanh(2 (x - v d t) / w)] / 2 needs a spreading m_f of more than w v / 4 to
   hold.  A disc grows slower by m_f over its radius, so m_f is only a little more.  On columns h
   apart, the differences of that tanh are exactly those of the well below.  With
   T = tanh(2 h / w), its lap s is

       (4 T^2 / h^2) s (1 - s) (1 - 2 s) / [1 - T^2 (1 - 2 s)^2]. */
void NakKineticsFitFront(NakKinetics *k, PetscReal width, PetscReal spacing)
{
  const PetscReal more = 0.3, slope = PetscTanhReal(2 * spacing / width);
  const PetscReal steep = spacing > 0 ? slope / spacing : 2 / width;

  if (k->film_speed == 0) return;
  k->film_spreading = more * k->film_speed * width;
  k->film_drive     = 4 * k->film_speed / width;
  k->film_well      = 4 * k->film_spreading * steep * steep;
  k->film_lattice   = slope * slope;
}

NakIsotherm NakKineticsIsotherm(const NakKinetics *k, PetscReal r)
{
  const PetscReal u = PetscPowReal(r / k->r_ref, k->m);

  return (NakIsotherm){.u = u, .d1 = k->m * u / r, .d2 = k->m * (k->m - 1) * u / (r * r)};
}

PetscReal NakKineticsOpenCircuit(const NakKinetics *k, PetscReal u)
{
  const PetscReal r = k->r_ref * PetscPowReal(u, 1 / k->m);

  return -NakThermoLiquid(&k->alloy, r / (1 + r)).ln_activity / k->f;
}
