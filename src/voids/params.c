/* What the deck says about voids; the contract is in nakfield/voids.h. */
#include <nakfield/voids.h>

#define DEGREE (PETSC_PI / 180)

const NakParam NakVoidsParamRows[] = {
  NAK_ROW_INT("microstructure.pockets", NakVoidsParams, pockets, 0, 0, 100000,
              "Gas pockets between electrolyte and alloy in the pristine cell"),
  NAK_ROW_CHOICE("microstructure.pocket_arrangement", NakVoidsParams, arrangement,
                 NAK_POCKETS_RANDOM, "random|even",
                 "Where the pockets are: at random places, or evenly spaced"),
  NAK_ROW_REAL("microstructure.pocket_radius", NakVoidsParams, radius, "m", 1e-6, 1e-9, 1e-2,
               "Radius of curvature of pockets, and of voids that form later"),
  NAK_ROW_INT("microstructure.void_seed", NakVoidsParams, seed, 1, 0, 2147483647,
              "Seed of the random places of pockets and later voids"),
  NAK_ROW_REAL(
    "microstructure.angle_void", NakVoidsParams, contact_angle, "rad", 60 * DEGREE,
    NAK_ANGLE_LEAST *DEGREE, NAK_ANGLE_MOST *DEGREE,
    "Contact angle of the liquid at a void, at rest; wetting.adhesion can set it instead"),
  NAK_ROW_REAL("microstructure.angle_depleted", NakVoidsParams, depleted_angle, "rad", 150 * DEGREE,
               20 * DEGREE, 170 * DEGREE,
               "Contact angle of the liquid at a void where the interphase is stripped empty"),
  NAK_ROW_REAL("microstructure.depletion_onset", NakVoidsParams, onset, "1", 0.75, 1e-3, 10,
               "Na content of the interphase at the electrolyte below which that angle changes"),
  NAK_ROW_REAL(
    "microstructure.void_mobility", NakVoidsParams, mobility, "m^2/s", 1e-12, 1e-24, 1,
    "Rate of capillarity: the radius R of an empty cylinder shrinks at this value over R"),
  NAK_ROW_REAL(
    "microstructure.pressure", NakVoidsParams, pressure, "Pa", 1e5, 0, 1e9,
    "Pressure of the liquid, which the gas in the voids balances; 0: the voids are empty"),
  NAK_ROW_REAL("microstructure.gas_dissolution", NakVoidsParams, dissolution, "m^2/s", 0, 0, 1,
               "Diffusivity of the gas in the liquid times its Ostwald coefficient; 0: the gas "
               "stays in the voids"),
  NAK_ROW_REAL(
    "microstructure.gas_activation_energy", NakVoidsParams, energy, "eV", 0.71, 0, 2,
    "Activation energy of the gas's dissolution: 0.71 eV for hydrogen, 0.99 eV for argon"),
  NAK_ROW_REAL("microstructure.void_nucleation", NakVoidsParams, nucleation, "m^-2.s^-1", 0, 0,
               1e20, "New voids per area and time where the interphase is stripped empty"),
  NAK_ROW_END,
};

PetscBool NakVoidsWanted(const NakVoidsParams *params)
{
  return (PetscBool)(params->pockets > 0 || params->nucleation > 0);
}

PetscReal NakVoidsDepletion(const NakVoidsParams *params, const NakVoidsDrive *drive,
                            NakVoidsDrive *slope)
{
  const PetscReal full = 0.05; /* load at which stripping counts fully */
  const PetscReal on   = PetscMin(PetscMax(drive->load, 0) / full, 1);
  const PetscReal deep = PetscMin(PetscMax(1 - drive->u / params->onset, 0), 1);

  if (slope != NULL)
    *slope = (NakVoidsDrive){.u    = deep > 0 ? -on / params->onset : 0,
                             .load = on > 0 && on < 1 ? deep / full : 0};
  return on * deep;
}

PetscReal NakVoidsCosine(const NakVoidsParams *params, const NakVoidsDrive *drive,
                         NakVoidsDrive *slope)
{
  const PetscReal rest = PetscCosReal(params->contact_angle);
  const PetscReal way  = PetscCosReal(params->depleted_angle) - rest;
  const PetscReal part = NakVoidsDepletion(params, drive, slope);

  if (slope != NULL) *slope = (NakVoidsDrive){.u = way * slope->u, .load = way * slope->load};
  return rest + way * part;
}
