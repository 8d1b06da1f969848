/* Cahn-Hilliard; the contract is in nakfield/pfhub.h. */
#include "kernel.h"

static const NakField fields[] = {
  {"c",  "1", "Concentration",      NAK_PLACE_VOLUME},
  {"mu", "1", "Chemical potential", NAK_PLACE_VOLUME},
};

NAK_INLINE void Apply(const NakCahnHilliard *p, const NakLine *l, int solid,
                      PetscReal *restrict out_c, PetscReal *restrict out_mu)
{
#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) {
    out_c[k]  = l->shift * l->u[0][k] - p->mobility * NakLaplacian(l, solid, 1, k);
    out_mu[k] = NakWellSlope(p, l->u[0][k]) - p->kappa * NakLaplacian(l, solid, 0, k) - l->u[1][k];
  }
}

NAK_INLINE void Smooth(const NakCahnHilliard *p, const NakLine *l, int solid)
{
  PetscReal *const c = l->u[0], *const mu = l->u[1];

#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal r_c =
      l->rhs[0][k] - l->shift * c[k] + p->mobility * NakLaplacian(l, solid, 1, k);
    const PetscReal r_mu =
      l->rhs[1][k] - NakWellSlope(p, c[k]) + p->kappa * NakLaplacian(l, solid, 0, k) + mu[k];
    const PetscReal flux  = p->mobility * l->diagonal[1][k];
    const PetscReal slope = PetscMax(NakWellCurvature(p, c[k]), 0) + p->kappa * l->diagonal[0][k];
    const PetscReal dc    = (r_c + flux * r_mu) / (l->shift + flux * slope);

    c[k] += dc;
    mu[k] += slope * dc - r_mu;
  }
}

NAK_INLINE PetscReal Energy(const NakCahnHilliard *p, const NakLine *l, int solid)
{
  PetscReal sum = 0;

#pragma omp simd reduction(+ : sum)
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal c = l->u[0][k];

    sum += NakWell(p, c) + p->kappa * NakHalfGradient(l, solid, 0, k);
  }
  return sum;
}

NAK_KERNEL static void Apply2(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  Apply(ctx, l, 0, out[0], out[1]);
}

NAK_KERNEL static void Apply3(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  Apply(ctx, l, 1, out[0], out[1]);
}

NAK_KERNEL static void Smooth2(const void *ctx, const NakLine *l)
{
  Smooth(ctx, l, 0);
}

NAK_KERNEL static void Smooth3(const void *ctx, const NakLine *l)
{
  Smooth(ctx, l, 1);
}

NAK_KERNEL static PetscReal Energy2(const void *ctx, const NakLine *l)
{
  return Energy(ctx, l, 0);
}

NAK_KERNEL static PetscReal Energy3(const void *ctx, const NakLine *l)
{
  return Energy(ctx, l, 1);
}

static PetscReal State(const NakCahnHilliard *p, PetscReal x, PetscReal y, PetscReal z)
{
  const PetscReal wave  = PetscCosReal(0.105 * x) * PetscCosReal(0.11 * y);
  const PetscReal blob  = PetscSqr(PetscCosReal(0.13 * x) * PetscCosReal(0.087 * y));
  const PetscReal slant = PetscCosReal(0.025 * x - 0.15 * y) * PetscCosReal(0.07 * x - 0.02 * y);

  return p->mean + p->amplitude * (wave + blob + slant) * PetscCosReal(0.1 * z);
}

void NakSpinodalState(const void *ctx, const NakLine *l)
{
  const PetscReal z = l->z > 0 ? l->at_z : 0;

  for (PetscInt k = 0; k < l->n; k++)
    l->u[0][k] = State(ctx, l->x + (PetscReal)k * l->dx, l->at_y, z);
}

void NakCahnHilliardModel(const NakCahnHilliard *p, NakFieldModel *model)
{
  *model = (NakFieldModel){
    .name      = "cahn_hilliard",
    .count     = 2,
    .fields    = fields,
    .evolves   = {PETSC_TRUE,       PETSC_FALSE                              },
    .conserved = {PETSC_TRUE,       PETSC_FALSE                              },
    .scale     = {p->high - p->low, p->rho * PetscPowRealInt(p->high - p->low, 3)},
    .apply     = {Apply2,                Apply3                                                   },
    .smooth    = {Smooth2,                Smooth3},
    .energy    = {Energy2,                Energy3                                                   },
    .initial   = NakSpinodalState,
  };
  for (int f = 0; f < 2; f++)
    for (int s = 0; s < NAK_SIDES; s++)
      model->sides[f][s] = p->periodic ? NAK_BOUNDARY_PERIODIC : NAK_BOUNDARY_NO_FLUX;
}
