/* A solution at any composition, pure ends included; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

/* The Redlich-Kister sum in z = 2 x - 1 with its first two derivatives to z. */
typedef struct {
  PetscReal value, first, second;
} Sum;

static Sum RedlichKister(const NakSolution *s, PetscReal x)
{
  const PetscReal z = 2 * x - 1;
  Sum             P = {0, 0, 0};

  for (PetscInt k = s->n - 1; k >= 0; k--) {
    P.second = 2 * P.first + z * P.second;
    P.first  = P.value + z * P.first;
    P.value  = s->k[k] + z * P.value;
  }
  return P;
}

static PetscReal XLogX(PetscReal x)
{
  return x > 0 ? x * PetscLogReal(x) : 0;
}

PetscReal NakSolutionEnergy(const NakSolution *s, PetscReal x)
{
  const PetscReal y = 1 - x;

  return x * s->g_a + y * s->g_b + s->RT * (XLogX(x) + XLogX(y)) +
         x * y * RedlichKister(s, x).value;
}

/* mu_A = G + (1 - x) dG/dx, term by term */
PetscReal NakSolutionMuA(const NakSolution *s, PetscReal x)
{
  const PetscReal y = 1 - x;
  const Sum       P = RedlichKister(s, x);

  return s->g_a + s->RT * PetscLogReal(x) + y * y * (P.value + 2 * x * P.first);
}

/* mu_B = G - x dG/dx */
PetscReal NakSolutionMuB(const NakSolution *s, PetscReal x)
{
  const PetscReal y = 1 - x;
  const Sum       P = RedlichKister(s, x);

  return s->g_b + s->RT * PetscLogReal(y) + x * x * (P.value - 2 * y * P.first);
}

PetscReal NakSolutionCurvature(const NakSolution *s, PetscReal x)
{
  const PetscReal z = 2 * x - 1, xy = x * (1 - x);
  const Sum       P = RedlichKister(s, x);

  return s->RT / xy - 2 * P.value - 4 * z * P.first + 4 * xy * P.second;
}
