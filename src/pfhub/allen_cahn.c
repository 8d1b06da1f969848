/* Allen-Cahn with a manufactured solution; the contract is in nakfield/pfhub.h. */
#include <nakfield/pfhub.h>

#include "kernel.h"

static const NakField fields[] = {
  {"eta", "1", "Order parameter", NAK_PLACE_VOLUME},
};

NAK_INLINE static PetscReal Slope(PetscReal eta)
{
  return 4 * eta * (eta - 1) * (eta - 0.5);
}

NAK_INLINE static PetscReal Curvature(PetscReal eta)
{
  return 12 * eta * (eta - 1) + 2;
}

NAK_INLINE static void Apply(const NakAllenCahn *p, const NakLine *l, int solid,
                             PetscReal *restrict out)
{
#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++)
    out[k] = l->shift * l->u[0][k] + Slope(l->u[0][k]) - p->kappa * NakLaplacian(l, solid, 0, k);
}

NAK_INLINE static void Smooth(const NakAllenCahn *p, const NakLine *l, int solid)
{
  PetscReal *const eta = l->u[0];

#pragma omp simd
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal image =
      l->shift * eta[k] + Slope(eta[k]) - p->kappa * NakLaplacian(l, solid, 0, k);
    const PetscReal slope =
      l->shift + NakPositive(Curvature(eta[k])) + p->kappa * l->diagonal[0][k];

    eta[k] += (l->rhs[0][k] - image) / slope;
  }
}

NAK_INLINE static PetscReal Energy(const NakAllenCahn *p, const NakLine *l, int solid)
{
  PetscReal sum = 0;

#pragma omp simd reduction(+ : sum)
  for (PetscInt k = 0; k < l->n; k++) {
    const PetscReal eta = l->u[0][k];

    sum += PetscSqr(eta * (1 - eta)) + p->kappa * NakHalfGradient(l, solid, 0, k);
  }
  return sum;
}

NAK_VECTORISED static void Apply2(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  Apply(ctx, l, 0, out[0]);
}

NAK_VECTORISED static void Apply3(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  Apply(ctx, l, 1, out[0]);
}

NAK_VECTORISED static void Smooth2(const void *ctx, const NakLine *l)
{
  Smooth(ctx, l, 0);
}

NAK_VECTORISED static void Smooth3(const void *ctx, const NakLine *l)
{
  Smooth(ctx, l, 1);
}

NAK_VECTORISED static PetscReal Energy2(const void *ctx, const NakLine *l)
{
  return Energy(ctx, l, 0);
}

NAK_VECTORISED static PetscReal Energy3(const void *ctx, const NakLine *l)
{
  return Energy(ctx, l, 1);
}

/* ---- The manufactured solution ---- */

/* alpha and its derivatives: by t, by x, twice by x. */
typedef struct {
  PetscReal value, t, x, xx;
} Front;

static Front FrontAt(const NakAllenCahn *p, PetscReal x, PetscReal t)
{
  const PetscReal s1 = PetscSinReal(p->b1 * x), c1 = PetscCosReal(p->b1 * x);
  const PetscReal s2 = PetscSinReal(p->b2 * x + p->c2 * t);
  const PetscReal c2 = PetscCosReal(p->b2 * x + p->c2 * t);

  return (Front){.value = 0.25 + p->a1 * t * s1 + p->a2 * s2,
                 .t     = p->a1 * s1 + p->a2 * p->c2 * c2,
                 .x     = p->a1 * p->b1 * t * c1 + p->a2 * p->b2 * c2,
                 .xx    = -p->a1 * PetscSqr(p->b1) * t * s1 - p->a2 * PetscSqr(p->b2) * s2};
}

static void Source(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  const NakAllenCahn *p    = ctx;
  const PetscReal     root = PetscSqrtReal(p->kappa);

  for (PetscInt k = 0; k < l->n; k++) {
    const Front     a       = FrontAt(p, l->x + (PetscReal)k * l->dx, l->time);
    const PetscReal profile = PetscTanhReal((l->at_y - a.value) / PetscSqrtReal(2 * p->kappa));

    out[0][k] += (1 - PetscSqr(profile)) / (4 * root) *
                 (-2 * root * profile * PetscSqr(a.x) + PETSC_SQRT2 * (a.t - p->kappa * a.xx));
  }
}

static void Exact(const void *ctx, const NakLine *l, PetscReal *const out[])
{
  const NakAllenCahn *p = ctx;

  for (PetscInt k = 0; k < l->n; k++) {
    const Front a = FrontAt(p, l->x + (PetscReal)k * l->dx, l->time);

    out[0][k] = 0.5 * (1 - PetscTanhReal((l->at_y - a.value) / PetscSqrtReal(2 * p->kappa)));
  }
}

static void Initial(const void *ctx, const NakLine *l)
{
  Exact(ctx, l, l->u);
}

static PetscReal Face(const void *ctx, PetscInt field, NakSide side, const PetscReal at[3],
                      PetscReal time, PetscReal inside)
{
  (void)ctx, (void)field, (void)at, (void)time, (void)inside;
  return side == NAK_SIDE_SOUTH ? 1 : 0;
}

void NakAllenCahnModel(const NakAllenCahn *p, NakFieldModel *model)
{
  (void)p;
  *model = (NakFieldModel){
    .name    = "allen_cahn",
    .count   = 1,
    .fields  = fields,
    .evolves = {PETSC_TRUE},
    .scale   = {      1         },
    .apply   = { Apply2,          Apply3},
    .smooth  = {         Smooth2,          Smooth3},
    .energy  = {         Energy2,          Energy3},
    .source  = Source,
    .initial = Initial,
    .exact   = Exact,
    .face    = Face,
  };
  for (int s = 0; s < NAK_SIDES; s++) model->sides[0][s] = NAK_BOUNDARY_PERIODIC;
  model->sides[0][NAK_SIDE_SOUTH] = NAK_BOUNDARY_VALUE;
  model->sides[0][NAK_SIDE_NORTH] = NAK_BOUNDARY_VALUE;
}
