/* Angle, entry pressure, wicking; the contract is in nakfield/wetting.h. */
#include <nakfield/wetting.h>

PetscReal NakWettingCosine(PetscReal tension, PetscReal adhesion)
{
  return adhesion / tension - 1;
}

PetscReal NakWettingTension(const NakWettingParams *p, PetscReal tension)
{
  return p->tension > 0 ? p->tension : tension;
}

PetscReal NakWettingAngle(PetscReal cosine)
{
  return PetscAcosReal(PetscMin(PetscMax(cosine, -1), 1));
}

PetscReal NakWettingEntry(PetscReal tension, PetscReal cosine, PetscReal pore)
{
  return -2 * tension * PetscCosReal(NakWettingAngle(cosine)) / pore;
}

PetscReal NakWettingOpens(PetscReal tension, PetscReal cosine, PetscReal pressure)
{
  return PetscMax(-2 * tension * PetscCosReal(NakWettingAngle(cosine)) / pressure, 0);
}

/* l dl/dt where viscosity alone limits [m2/s]. */
static PetscReal Viscous(const NakWettingParams *p, PetscReal tension, PetscReal cosine)
{
  return p->pore * tension * PetscMin(cosine, 1) / (4 * p->viscosity);
}

PetscBool NakWettingReacts(const NakWettingParams *p, PetscReal tension, PetscReal cosine)
{
  return (PetscBool)(p->speed > 0 && Viscous(p, tension, cosine) >= p->speed * p->length);
}

PetscReal NakWettingTime(const NakWettingParams *p, PetscReal tension, PetscReal cosine)
{
  const PetscReal rate = Viscous(p, tension, cosine);
  const PetscReal from = p->speed > 0 ? PetscMin(rate / p->speed, p->length) : 0;
  const PetscReal wait = p->speed > 0 ? from / p->speed : 0;

  if (cosine <= 0) return PETSC_INFINITY;
  return wait + (PetscSqr(p->length) - PetscSqr(from)) / (2 * rate);
}
