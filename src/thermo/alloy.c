/* An alloy at one temperature, from the numbers of its file; the contract is in
   nakfield/thermo.h. */
#include <nakfield/thermo.h>

static PetscReal Energy(const NakEnergy *e, PetscReal T)
{
  PetscReal sum = 0;

  for (PetscInt i = 0; i < e->n; i++)
    sum += e->value[i] * PetscPowRealInt(T, (int)e->power[i]) * (e->log[i] ? PetscLogReal(T) : 1);
  return sum;
}

static NakSolution Solution(const NakSolutionData *data, PetscReal T)
{
  NakSolution s = {.RT  = NAK_GAS_CONSTANT * T,
                   .g_a = Energy(&data->a, T),
                   .g_b = Energy(&data->b, T),
                   .n   = data->orders};

  for (PetscInt k = 0; k < s.n; k++) s.k[k] = Energy(&data->mixing[k], T);
  return s;
}

/* From powers of z = 2 x - 1 to powers of x, by Horner's scheme.  What comes after them stays 0. */
static void InPowersOfX(PetscInt n, const PetscReal k[], PetscReal p[NAK_ORDERS + 1])
{
  for (PetscInt j = 0; j <= NAK_ORDERS; j++) p[j] = 0;
  for (PetscInt i = n - 1; i >= 0; i--) {
    for (PetscInt j = NAK_ORDERS; j > 0; j--) p[j] = 2 * p[j - 1] - p[j];
    p[0] = k[i] - p[0];
  }
}

/* P(x) is the Redlich-Kister sum.  The excess of mu_A is (1 - x)^2 (P + x P').  The second
   derivative of x (1 - x) P is -2 P - 2 (2 x - 1) P' + x (1 - x) P''.  The integral over r of x (1
   - x) B(x) is that of x B(x) / (1 - x) over x.  That is B(1) / (1 - x) and a polynomial. */
static void Polynomials(NakAlloy *alloy)
{
  const NakSolution *s = &alloy->liquid;
  PetscReal          p[NAK_ORDERS + 1], quotient = 0;

  InPowersOfX(s->n, s->k, p);
  alloy->n            = s->n;
  alloy->integral_log = 0;
  for (PetscInt j = 0; j < s->n; j++) {
    const PetscReal jj = (PetscReal)j;

    alloy->activity[j] = (1 + jj) * p[j] / s->RT;
    alloy->bend[j]     = (jj + 1) * (jj + 2) * (p[j + 1] - p[j]) / s->RT;
    alloy->integral_log += alloy->bend[j];
  }
  quotient = alloy->integral_log;
  for (PetscInt j = 0; j < s->n; j++) {
    alloy->integral[j] = -quotient / ((PetscReal)j + 1);
    quotient -= alloy->bend[j];
  }
}

NakAlloy NakThermoAlloy(const NakMaterial *material, PetscReal T)
{
  NakAlloy alloy = {.T            = T,
                    .liquid       = Solution(&material->liquid, T),
                    .solid        = Solution(&material->solid, T),
                    .solute_limit = material->solute_limit,
                    .n_compounds  = material->n_compounds};

  for (PetscInt k = 0; k < alloy.n_compounds; k++) {
    alloy.compound_x[k]      = material->compounds[k].x;
    alloy.compound_energy[k] = Energy(&material->compounds[k].energy, T);
  }
  Polynomials(&alloy);
  return alloy;
}

PetscReal NakThermoMoleFraction(const NakMaterial *material, NakFraction b)
{
  const PetscReal a = 1 - b.value;

  if (!b.by_weight) return a;
  return a / material->a.mass / (a / material->a.mass + b.value / material->b.mass);
}

PetscReal NakThermoDensity(const NakMaterial *material, PetscReal x)
{
  return 1 / (x * material->a.volume + (1 - x) * material->b.volume +
              x * (1 - x) * material->volume_excess);
}
