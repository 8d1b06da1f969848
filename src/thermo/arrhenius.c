/* How rates follow the temperature; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

PetscReal NakArrhenius(PetscReal energy, PetscReal T)
{
  const PetscReal kelvin = energy * NAK_FARADAY / NAK_GAS_CONSTANT; /* E/k */

  return PetscExpReal(-kelvin * (1 / T - 1 / NAK_REFERENCE_TEMPERATURE));
}
