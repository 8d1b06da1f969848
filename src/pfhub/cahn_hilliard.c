/* Cahn-Hilliard, with and without charge; the contract is in nakfield/pfhub.h.

   There is one function a kernel.  It has instances by what is constant in their loops: the number
   of axes, whether there is charge, and whether the grid is a coarser one.  There f' is linear with
   the averaged slope. */
#include <nakfield/pfhub.h>

#include "kernel.h"

enum { C, MU, PHI, FIELDS };

static const NakField fields[FIELDS] = {
  {"c",   "1", "Concentration",                                   NAK_PLACE_VOLUME},
  {"mu",  "1", "Chemical potential, electrochemical with charge", NAK_PLACE_VOLUME},
  {"phi", "1", "Electric potential",                              NAK_PLACE_VOLUME},
};

/* ---- The double well ---- */

NAK_INLINE static PetscReal Well(const NakCahnHilliard *p, PetscReal c)
{
  return p->rho * PetscSqr((c - p->low) * (p->high - c));
}

NAK_INLINE static PetscReal WellSlope(const NakCahnHilliard *p, PetscReal c)
{
  return 2 * p->rho * (c - p->low) * (p->high - c) * (p->low + p->high - 2 * c);
}

NAK_INLINE static PetscReal WellCurvature(const NakCahnHilliard *p, PetscReal c)
{
  const PetscReal a = c - p->low, b = p->high - c;

  return 2 * p->rho * (a * a + b * b - 4 * a * b);
}

/* ---- Kernels ---- */

typedef struct {
  int solid, charged, coarse;
} Kind;

/* f'(c) - kappa lap c + k phi, which mu is to be. */
NAK_INLINE static PetscReal Potential(const NakCahnHilliard *p, const NakLine *l, Kind a,
                                      PetscInt k)
{
  const PetscReal c     = l->u[C][k];
  const PetscReal slope = a.coarse ? l->frozen[0][k] * c : WellSlope(p, c);

  return slope - p->kappa * NakLaplacian(l, a.solid, C, k) + (a.charged ? p->k * l->u[PHI][k] : 0);
}

NAK_INLINE static void Apply(const NakCahnHilliard *p, const NakLine *l, Kind a,
                             PetscReal *const out[])
{
  PetscReal *restrict const c = out[C], *restrict const mu = out[MU];
  PetscReal *restrict const phi = out[a.charged ? PHI : MU];

#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) {
    c[k]  = l->shift * l->u[C][k] - p->mobility * NakLaplacian(l, a.solid, MU, k);
    mu[k] = Potential(p, l, a, k) - l->u[MU][k];
    if (a.charged) phi[k] = -NakLaplacian(l, a.solid, PHI, k) - p->k / p->permittivity * l->u[C][k];
  }
}

NAK_INLINE static PetscReal PhiResidual(const NakLine *l, Kind a, PetscReal charge, PetscInt k)
{
  return l->rhs[PHI][k] + NakLaplacian(l, a.solid, PHI, k) + charge * l->u[C][k];
}

/* Newton's step of a cell, by elimination: phi and mu follow from c.  A negative curvature would
   make the block of a coarse cell singular at large steps.  It is left out, which costs some
   convergence. */
NAK_INLINE static void Smooth(const NakCahnHilliard *p, const NakLine *l, Kind a)
{
  PetscReal *const c = l->u[C], *const mu = l->u[MU], *const phi = l->u[a.charged ? PHI : MU];
  const PetscReal *const below = l->diagonal[a.charged ? PHI : MU];
  const PetscReal charge = a.charged ? p->k / p->permittivity : 0, k_phi = a.charged ? p->k : 0;

#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal r_c =
      l->rhs[C][k] - l->shift * c[k] + p->mobility * NakLaplacian(l, a.solid, MU, k);
    const PetscReal r_mu  = l->rhs[MU][k] - Potential(p, l, a, k) + mu[k];
    const PetscReal flux  = p->mobility * l->diagonal[MU][k];
    const PetscReal bend  = a.coarse ? l->frozen[0][k] : WellCurvature(p, c[k]);
    const PetscReal slope = NakPositive(bend) + p->kappa * l->diagonal[C][k];
    const PetscReal wide  = a.charged ? 1 / below[k] : 0;
    const PetscReal dphi  = a.charged ? wide * PhiResidual(l, a, charge, k) : 0;
    const PetscReal full = slope + k_phi * charge * wide, r = r_mu - k_phi * dphi;
    const PetscReal dc = (r_c + flux * r) / (l->shift + flux * full);

    if (a.charged) phi[k] += dphi + wide * charge * dc;
    mu[k] += full * dc - r;
    c[k] += dc;
  }
}

NAK_INLINE static PetscReal Energy(const NakCahnHilliard *p, const NakLine *l, Kind a)
{
  PetscReal sum = 0;

#pragma omp simd reduction(+ : sum)
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal c = l->u[C][k];

    sum += Well(p, c) + p->kappa * NakHalfGradient(l, a.solid, C, k) +
           (a.charged ? 0.5 * p->k * c * l->u[PHI][k] : 0);
  }
  return sum;
}

#define INSTANCE(name, ...)                                                                        \
  NAK_VECTORISED static void Apply##name(const void *ctx, const NakLine *l,                        \
                                         PetscReal *const out[])                                   \
  {                                                                                                \
    Apply(ctx, l, (Kind){__VA_ARGS__}, out);                                                       \
  }                                                                                                \
  NAK_VECTORISED static void Smooth##name(const void *ctx, const NakLine *l)                       \
  {                                                                                                \
    Smooth(ctx, l, (Kind){__VA_ARGS__});                                                           \
  }
#define ENERGY(name, ...)                                                                          \
  NAK_VECTORISED static PetscReal Energy##name(const void *ctx, const NakLine *l)                  \
  {                                                                                                \
    return Energy(ctx, l, (Kind){__VA_ARGS__});                                                    \
  }

INSTANCE(2, 0, 0, 0)
INSTANCE(3, 1, 0, 0)
INSTANCE(Charged2, 0, 1, 0)
INSTANCE(Charged3, 1, 1, 0)
INSTANCE(Coarse2, 0, 0, 1)
INSTANCE(Coarse3, 1, 0, 1)
INSTANCE(ChargedCoarse2, 0, 1, 1)
INSTANCE(ChargedCoarse3, 1, 1, 1)
ENERGY(2, 0, 0, 0)
ENERGY(3, 1, 0, 0)
ENERGY(Charged2, 0, 1, 0)
ENERGY(Charged3, 1, 1, 0)

static void Freeze(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  const NakCahnHilliard *p = ctx;

#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) out[0][k] = WellCurvature(p, l->u[C][k]);
}

/* ---- Start and sides ---- */

/* The state of benchmarks 1 and 6, which differ in one wave number.  In 3D it varies in z as
   well. */
static void SetState(const NakCahnHilliard *p, const NakLine *l, PetscReal wave)
{
  const PetscReal y = l->at_y, deep = l->z > 0 ? PetscCosReal(0.1 * l->at_z) : 1;

  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal x     = l->x + (PetscReal)k * l->dx;
    const PetscReal first = PetscCosReal(wave * x) * PetscCosReal(0.11 * y);
    const PetscReal blob  = PetscSqr(PetscCosReal(0.13 * x) * PetscCosReal(0.087 * y));
    const PetscReal slant = PetscCosReal(0.025 * x - 0.15 * y) * PetscCosReal(0.07 * x - 0.02 * y);

    l->u[C][k] = p->mean + p->amplitude * (first + blob + slant) * deep;
  }
}

static void Initial(const void *ctx, const NakLine *l)
{
  SetState(ctx, l, 0.105);
}

static void InitialCharged(const void *ctx, const NakLine *l)
{
  SetState(ctx, l, 0.2);
}

static PetscReal Face(const void *ctx, PetscInt field, NakSide side, const PetscReal at[3],
                      PetscReal time, PetscReal inside)
{
  (void)ctx, (void)field, (void)time, (void)inside;
  return side == NAK_SIDE_EAST ? PetscSinReal(at[1] / 7) : 0;
}

void NakCahnHilliardModel(const NakCahnHilliard *p, NakFieldModel *model)
{
  const NakBoundary side = p->periodic ? NAK_BOUNDARY_PERIODIC : NAK_BOUNDARY_NO_FLUX;
  const PetscReal   high = p->rho * PetscPowRealInt(p->high - p->low, 3);

  *model = (NakFieldModel){
    .name          = "cahn_hilliard",
    .count         = 2,
    .fields        = fields,
    .evolves       = {[C] = PETSC_TRUE},
    .conserved     = {                [C] = PETSC_TRUE               },
    .scale         = { p->high - p->low,               high, 1},
    .apply         = {                              Apply2,          Apply3},
    .smooth        = {                Smooth2,         Smooth3},
    .freeze        = Freeze,
    .n_frozen      = 1,
    .coarse_apply  = {                ApplyCoarse2,    ApplyCoarse3},
    .coarse_smooth = {                SmoothCoarse2,   SmoothCoarse3},
    .energy        = {                Energy2,         Energy3},
    .initial       = Initial,
  };
  for (int f = 0; f < FIELDS; f++)
    for (int s = 0; s < NAK_SIDES; s++) model->sides[f][s] = side;
}

void NakPoissonModel(const NakCahnHilliard *p, NakFieldModel *model)
{
  NakCahnHilliardModel(p, model);
  model->name             = "cahn_hilliard_poisson";
  model->count            = FIELDS;
  model->apply[0]         = ApplyCharged2;
  model->apply[1]         = ApplyCharged3;
  model->smooth[0]        = SmoothCharged2;
  model->smooth[1]        = SmoothCharged3;
  model->coarse_apply[0]  = ApplyChargedCoarse2;
  model->coarse_apply[1]  = ApplyChargedCoarse3;
  model->coarse_smooth[0] = SmoothChargedCoarse2;
  model->coarse_smooth[1] = SmoothChargedCoarse3;
  model->energy[0]        = EnergyCharged2;
  model->energy[1]        = EnergyCharged3;
  model->initial          = InitialCharged;
  model->face             = Face;
  for (int s = 0; s < NAK_SIDES; s++)
    for (int f = 0; f < FIELDS; f++) model->sides[f][s] = NAK_BOUNDARY_NO_FLUX;
  model->sides[PHI][NAK_SIDE_WEST] = model->sides[PHI][NAK_SIDE_EAST] = NAK_BOUNDARY_VALUE;
}
