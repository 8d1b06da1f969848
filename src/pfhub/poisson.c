/* Cahn-Hilliard with charge; the contract is in nakfield/pfhub.h. */
#include "kernel.h"

enum { C, MU, PHI, FIELDS };

static const NakField fields[FIELDS] = {
  {"c",   "1", "Concentration",             NAK_PLACE_VOLUME},
  {"mu",  "1", "Electrochemical potential", NAK_PLACE_VOLUME},
  {"phi", "1", "Electric potential",        NAK_PLACE_VOLUME},
};

NAK_INLINE void Apply(const NakCahnHilliard *p, const NakLine *l, int solid, PetscReal *const out[])
{
  PetscReal *restrict const out_c = out[C], *restrict const out_mu = out[MU];
  PetscReal *restrict const out_phi = out[PHI];
  const PetscReal *restrict const c = l->u[C];

#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) {
    out_c[k]  = l->shift * c[k] - p->mobility * NakLaplacian(l, solid, MU, k);
    out_mu[k] = NakWellSlope(p, c[k]) - p->kappa * NakLaplacian(l, solid, C, k) +
                p->k * l->u[PHI][k] - l->u[MU][k];
    out_phi[k] = -NakLaplacian(l, solid, PHI, k) - p->k / p->permittivity * c[k];
  }
}

/* The block of a cell by elimination: phi and mu follow from c. */
NAK_INLINE void Smooth(const NakCahnHilliard *p, const NakLine *l, int solid)
{
  PetscReal *const c = l->u[C], *const mu = l->u[MU], *const phi = l->u[PHI];
  const PetscReal charge = p->k / p->permittivity;

#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal r_c =
      l->rhs[C][k] - l->shift * c[k] + p->mobility * NakLaplacian(l, solid, MU, k);
    const PetscReal r_mu = l->rhs[MU][k] - NakWellSlope(p, c[k]) +
                           p->kappa * NakLaplacian(l, solid, C, k) - p->k * phi[k] + mu[k];
    const PetscReal r_phi = l->rhs[PHI][k] + NakLaplacian(l, solid, PHI, k) + charge * c[k];
    const PetscReal flux = p->mobility * l->diagonal[MU][k], wide = 1 / l->diagonal[PHI][k];
    const PetscReal slope = PetscMax(NakWellCurvature(p, c[k]), 0) + p->kappa * l->diagonal[C][k];
    const PetscReal full  = slope + p->k * charge * wide;
    const PetscReal dc    = (r_c + flux * (r_mu - p->k * wide * r_phi)) / (l->shift + flux * full);
    const PetscReal dphi  = wide * (r_phi + charge * dc);

    c[k] += dc;
    phi[k] += dphi;
    mu[k] += slope * dc + p->k * dphi - r_mu;
  }
}

NAK_INLINE PetscReal Energy(const NakCahnHilliard *p, const NakLine *l, int solid)
{
  PetscReal sum = 0;

#pragma omp simd reduction(+ : sum)
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal c = l->u[C][k];

    sum +=
      NakWell(p, c) + p->kappa * NakHalfGradient(l, solid, C, k) + 0.5 * p->k * c * l->u[PHI][k];
  }
  return sum;
}

NAK_KERNEL static void Apply2(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  Apply(ctx, l, 0, out);
}

NAK_KERNEL static void Apply3(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  Apply(ctx, l, 1, out);
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

static PetscReal Face(const void *ctx, PetscInt field, NakSide side, const PetscReal at[3],
                      PetscReal time, PetscReal inside)
{
  (void)ctx, (void)field, (void)time, (void)inside;
  return side == NAK_SIDE_EAST ? PetscSinReal(at[1] / 7) : 0;
}

void NakPoissonModel(const NakCahnHilliard *p, NakFieldModel *model)
{
  const PetscReal high = p->rho * PetscPowRealInt(p->high - p->low, 3);

  *model = (NakFieldModel){
    .name      = "cahn_hilliard_poisson",
    .count     = FIELDS,
    .fields    = fields,
    .evolves   = {[C] = PETSC_TRUE},
    .conserved = {                [C] = PETSC_TRUE               },
    .scale     = { p->high - p->low,               high, 1},
    .apply     = {                              Apply2,          Apply3},
    .smooth    = {                Smooth2,         Smooth3},
    .energy    = {                Energy2,         Energy3},
    .initial   = NakSpinodalState,
    .face      = Face,
  };
  for (int f = 0; f < FIELDS; f++)
    for (int s = 0; s < NAK_SIDES; s++) model->sides[f][s] = NAK_BOUNDARY_NO_FLUX;
  model->sides[PHI][NAK_SIDE_WEST] = NAK_BOUNDARY_VALUE;
  model->sides[PHI][NAK_SIDE_EAST] = NAK_BOUNDARY_VALUE;
}
