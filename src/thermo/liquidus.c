/* Two-phase equilibrium of liquid and bcc solid solution; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

#include "thermo_impl.h"

/* Both liquidus lines are found by the same search, with the roles of A and B exchanged: `s` is the
   mole fraction of the solute (the metal that the solid is poor in). */
typedef struct {
  NakMixture liquid, solid;
  PetscReal  T;
  PetscBool  rich_in_a;
} Equilibrium;

static PetscReal SoluteMu(const Equilibrium *eq, const NakMixture *phase, PetscReal s)
{
  return eq->rich_in_a ? NakMixtureMuB(phase, eq->T, 1 - s) : NakMixtureMuA(phase, eq->T, s);
}

static PetscReal SolventMu(const Equilibrium *eq, const NakMixture *phase, PetscReal s)
{
  return eq->rich_in_a ? NakMixtureMuA(phase, eq->T, 1 - s) : NakMixtureMuB(phase, eq->T, s);
}

/* The zero in (low, high) of a function that is negative at `low` and changes sign once. */
static PetscReal Bisect(PetscReal (*f)(const Equilibrium *, PetscReal, PetscReal),
                        const Equilibrium *eq, PetscReal given, PetscReal low, PetscReal high)
{
  for (int k = 0; k < 60; k++) {
    const PetscReal middle = (low + high) / 2;

    if (f(eq, middle, given) < 0)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

/* Negative while the solid holds less solute than is in equilibrium with the potential `mu`. */
static PetscReal SolidExcess(const Equilibrium *eq, PetscReal s, PetscReal mu)
{
  return SoluteMu(eq, &eq->solid, s) - mu;
}

/* Negative while the solvent gains by freezing out of a liquid with solute fraction `s`.  The solid
   is the branch poor in solute: dilute enough to be stable against demixing. */
static PetscReal FreezingGain(const Equilibrium *eq, PetscReal s, PetscReal dilute)
{
  const PetscReal mu    = SoluteMu(eq, &eq->liquid, s);
  const PetscReal solid = Bisect(SolidExcess, eq, mu, 0, dilute);

  return SolventMu(eq, &eq->solid, solid) - SolventMu(eq, &eq->liquid, s);
}

PetscReal NakThermoLiquidus(const NakMaterial *material, PetscReal T, PetscBool rich_in_a)
{
  const Equilibrium eq     = {.liquid    = NakLiquidMixture(material, T),
                              .solid     = NakSolidMixture(material),
                              .T         = T,
                              .rich_in_a = rich_in_a};
  const PetscReal   dilute = 0.1, pure = 1e-12; /* below the spinodal of the solid at both ends */
  const int         steps = 200;
  PetscReal         s     = 0;

  if (FreezingGain(&eq, pure, dilute) < 0) {
    while (s < 1 && FreezingGain(&eq, s + 1.0 / steps, dilute) < 0) s += 1.0 / steps;
    s = Bisect(FreezingGain, &eq, dilute, PetscMax(s, pure), s + 1.0 / steps);
  }
  return rich_in_a ? 1 - s : s;
}
