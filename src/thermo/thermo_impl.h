/* One phase of the binary: fusion terms and Redlich-Kister coefficients at a temperature. */
#pragma once

#include <nakfield/thermo.h>

typedef struct {
  PetscReal g_a, g_b; /* of the pure metals in this phase, against bcc [J/mol] */
  PetscReal k0, k1;   /* Redlich-Kister coefficients [J/mol] */
} NakMixture;

static inline PetscReal NakFusion(const PetscReal k[3], PetscReal T)
{
  return k[0] + k[1] * T + k[2] * PetscPowRealInt(T, 7);
}

static inline NakMixture NakLiquidMixture(const NakMaterial *m, PetscReal T)
{
  return (NakMixture){.g_a = NakFusion(m->fusion_a, T),
                      .g_b = NakFusion(m->fusion_b, T),
                      .k0  = m->liquid[0][0] + m->liquid[0][1] * T,
                      .k1  = m->liquid[1][0] + m->liquid[1][1] * T};
}

static inline NakMixture NakSolidMixture(const NakMaterial *m)
{
  return (NakMixture){.k0 = m->solid[0], .k1 = m->solid[1]};
}

/* mu_A = G + (1 - x) dG/dx, term by term */
static inline PetscReal NakMixtureMuA(const NakMixture *m, PetscReal T, PetscReal x)
{
  const PetscReal y = 1 - x;

  return m->g_a + NAK_GAS_CONSTANT * T * PetscLogReal(x) + y * y * (m->k0 + m->k1 * (4 * x - 1));
}

/* mu_B = G - x dG/dx */
static inline PetscReal NakMixtureMuB(const NakMixture *m, PetscReal T, PetscReal x)
{
  return m->g_b + NAK_GAS_CONSTANT * T * PetscLogReal(1 - x) +
         x * x * (m->k0 + m->k1 * (4 * x - 3));
}
