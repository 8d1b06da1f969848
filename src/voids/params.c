/* What the deck says of voids; the contract is in nakfield/voids.h. */
#include <nakfield/voids.h>

#define AT(member) offsetof(NakVoidsParams, member)
#define DEGREE     (PETSC_PI / 180)

const NakParam NakVoidsParamRows[] = {
  {"voids.pockets",                                                  NAK_INT, NULL, AT(pockets), 0, 0, 100000, NULL,
   "Gas pockets between electrolyte and alloy in the pristine cell"},
  {"voids.arrangement",                                                            NAK_CHOICE, NULL, AT(arrangement), NAK_POCKETS_RANDOM, 0, 0, "random|even",
   "Where the pockets are: at random places, or evenly spaced"},
  {"voids.radius",                                                               NAK_REAL, "m", AT(radius), 1e-6, 1e-9, 1e-2, NULL,
   "Radius of curvature of pockets and nuclei"},
  {"voids.seed",                                                          NAK_INT, NULL, AT(seed), 1, 0, 2147483647, NULL,
   "Which of the random places and nuclei"},
  {"voids.width", NAK_REAL, "m", AT(width), 1e-6, 1e-9, 1e-3, NULL,
   "Width of the diffuse interface from 10 to 90 %: at least four cells"},
  {"voids.contact_angle",                                              NAK_REAL, "rad", AT(contact_angle), 60 * DEGREE, 20 * DEGREE,
   160 * DEGREE, NULL, "Contact angle of the liquid at rest"},
  {"voids.depleted_angle",                                                            NAK_REAL, "rad", AT(depleted_angle), 150 * DEGREE, 20 * DEGREE,
   170 * DEGREE, NULL, "Contact angle where the interphase is stripped empty"},
  {"voids.onset",                                              NAK_REAL, "1", AT(onset), 0.75, 1e-3, 10, NULL,
   "Na content of the interphase at the electrolyte below which the contact angle changes"},
  {"voids.mobility",                                                               NAK_REAL, "m^2/s", AT(mobility), 1e-12, 1e-24, 1, NULL,
   "Rate of capillarity: an empty cylinder of radius R shrinks at this over R"},
  {"voids.pressure",      NAK_REAL, "Pa", AT(pressure), 1e5, 0, 1e9, NULL,
   "Of the liquid, which the gas in the voids bears; 0 leaves them empty"},
  {"voids.dissolution",                                                   NAK_REAL, "m^2/s", AT(dissolution), 0, 0, 1, NULL,
   "Of the gas: its diffusivity in the liquid times its Ostwald coefficient; 0 keeps it in the "
   "voids"},
  {"voids.nucleation",                                                             NAK_REAL, "m^-2.s^-1", AT(nucleation), 0, 0, 1e20, NULL,
   "New pockets per area and time where the interphase is stripped empty"},
  {"voids.tolerance",                                                            NAK_REAL, "1", AT(tolerance), 2e-3, 1e-8, 0.1, NULL,
   "Error of the order parameter in a time step of the voids"},
  {"voids.change",                                                            NAK_REAL, "1", AT(change), 2e-3, 1e-6, 1, NULL,
   "Change of the contact fraction in a time step of the cell"},
  {.key = NULL                     }
};

PetscBool NakVoidsWanted(const NakVoidsParams *params)
{
  return (PetscBool)(params->pockets > 0 || params->nucleation > 0);
}

PetscReal NakVoidsDepletion(const NakVoidsParams *params, const NakVoidsDrive *drive)
{
  const PetscReal full = 0.05; /* load at which stripping counts fully */
  const PetscReal on   = PetscMin(PetscMax(drive->load, 0) / full, 1);

  return on * PetscMin(PetscMax(1 - drive->u / params->onset, 0), 1);
}
