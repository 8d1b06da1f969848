/* Layers of ions beside each other: the same fluxes as between layers, of half a column's width on
   either side.

   The solvers see slopes of Na+ and K+ to their amounts, and of the charge to phi.  An amount leans
   on phi: a unit of phi moves an ion as f times its amount does. */
#include "ions_impl.h"

/* What a flux follows from, in one layer. */
typedef struct {
  NakIonLayer layer;
  PetscReal   phi;
} Side;

enum { SIDE = sizeof(Side) / sizeof(PetscReal), LEANS = NAK_ION_X }; /* of each layer */

PetscErrorCode NakIonsCreate(PetscInt columns, NakColumn *c)
{
  const NakLayout *l    = &c->l;
  const PetscInt   zone = l->zone * l->phases;

  PetscFunctionBeginUser;
  c->beside = (PetscBool)(l->ions > 0 && columns > 1);
  PetscCall(PetscMalloc2(c->ne, &c->medium, zone + NakIonsLeans(c), &c->all_leans));
  PetscCall(PetscArraycpy(c->all_leans, c->zone.leans, zone));
  for (PetscInt k = 0; k < NakIonsLeans(c); k++) {
    const PetscInt phi = NakLayoutPhi(l, k / LEANS);

    c->all_leans[zone + k] = (NakLean){.of = phi + NAK_LAYER_NA + k % LEANS, .by = phi};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakIonsLeans(const NakColumn *c)
{
  return c->beside ? LEANS * c->ne : 0;
}

PetscInt NakIonsWidth(const NakColumn *c)
{
  return c->beside ? SIDE * c->ne : 0;
}

PetscReal NakModelBeside(const NakModelParams *params)
{
  const NakGridParams *g = &params->grid;

  if (g->ions == 0 || g->nx * g->ny == 1) return 0;
  return (PetscReal)(g->electrolyte_layers * (SIDE + LEANS));
}

/* ---- Slopes and leans ---- */

/* Of the flux of an ion to its amount in layer k. */
static PetscReal Mobility(const NakColumn *c, PetscInt k, const NakIonLayer *layer, int ion)
{
  return c->height[k] / (2 * layer->half[ion] * layer->pores);
}

/* Of the charge to phi, by all ions. */
static PetscReal Conductance(const NakColumn *c, PetscInt k, const NakIonLayer *layer)
{
  PetscReal sum = 0;

  for (int i = 0; i < NAK_IONS; i++) sum += Mobility(c, k, layer, i) * layer->pores * layer->c[i];
  return c->ions.content * c->height[k] * c->kinetics.f * sum;
}

static PetscReal Lean(const NakColumn *c, const NakIonLayer *layer, int ion)
{
  return -c->kinetics.f * layer->pores * layer->c[ion];
}

void NakIonsSlopes(const NakColumn *c, const PetscReal u[], PetscReal slope[])
{
  if (!c->beside) return;
  for (PetscInt k = 0; k < c->ne; k++) {
    const PetscInt    j     = NakLayoutPhi(&c->l, k);
    const NakIonLayer layer = NakIonLayerOf(c, k, u);

    slope[j] = c->spreading * Conductance(c, k, &layer);
    for (int i = 0; i < NAK_ION_X; i++) slope[j + NAK_LAYER_NA + i] = Mobility(c, k, &layer, i);
  }
  for (int i = 0; i < NAK_ION_X && c->ions.excess > 0; i++)
    slope[c->l.excess + i] = c->medium[0].diffusivity[i];
}

void NakIonsLean(const void *ctx, const PetscReal u[], PetscReal lean[])
{
  const NakColumn *c    = ctx;
  const PetscInt   zone = c->l.zone * c->l.phases;

  NakZoneLean(&c->zone, lean);
  for (PetscInt k = 0; k < c->ne && c->beside; k++) {
    const NakIonLayer layer = NakIonLayerOf(c, k, u);

    for (int i = 0; i < LEANS; i++) lean[zone + LEANS * k + i] = Lean(c, &layer, i);
  }
}

void NakIonsByLean(const NakColumn *c, const PetscReal u[], PetscInt first, NakEntries *e)
{
  const PetscInt last = e->n, pitch = 1 + c->l.ions, begin = c->l.phi;

  for (PetscInt n = first; n < last && c->beside; n++) {
    const PetscInt k   = (e->col[n] - begin) / pitch,
                   ion = (e->col[n] - begin) % pitch - NAK_LAYER_NA;
    NakIonLayer layer;

    if (e->col[n] < begin || e->col[n] >= c->l.potential || ion < 0 || ion >= LEANS) continue;
    layer = NakIonLayerOf(c, k, u);
    NakPut(e, e->row[n], NakLayoutPhi(&c->l, k), e->value[n] * Lean(c, &layer, ion));
  }
}

/* ---- Fluxes ---- */

void NakIonsPotentials(const NakColumn *c, const PetscReal u[], PetscReal theta[])
{
  Side *side = (Side *)(theta + c->l.size + (ptrdiff_t)c->l.zone * c->l.phases);

  if (!c->beside) return;
  for (PetscInt k = 0; k < c->ne; k++)
    side[k] = (Side){NakIonLayerOf(c, k, u), u[NakLayoutPhi(&c->l, k)]};
  for (int i = 0; i < NAK_ION_X && c->ions.excess > 0; i++)
    theta[c->l.excess + i] = c->medium[0].diffusivity[i] * u[c->l.excess + i];
}

static const Side *SidesOf(const NakColumn *c, const PetscReal theta[])
{
  return (const Side *)(theta + c->l.size + (ptrdiff_t)c->l.zone * c->l.phases);
}

/* Into `own`, over the square of the distance [1/s times m2]. */
static NakIonFlux FluxOf(const NakColumn *c, PetscInt k, int ion, const Side *own,
                         const Side *beside)
{
  const PetscReal v = c->kinetics.f * (beside->phi - own->phi), h = c->height[k];

  return NakKineticsIonFlux(NakIonCharge(ion), own->layer.half[ion] / h,
                            beside->layer.half[ion] / h, own->layer.c[ion], beside->layer.c[ion], v,
                            PETSC_FALSE);
}

void NakIonsBeside(const void *ctx, const PetscReal own[], const PetscReal beside[],
                   PetscReal weight, PetscReal f[])
{
  const NakColumn *c    = ctx;
  const Side      *here = SidesOf(c, own), *there = SidesOf(c, beside);

  for (PetscInt k = 0; k < c->ne; k++) {
    PetscReal *row = f + NakLayoutPhi(&c->l, k);

    for (int i = 0; i < NAK_IONS; i++) {
      const PetscReal in = weight * FluxOf(c, k, i, &here[k], &there[k]).value;

      row[0] -= NakIonCarried(c, i) * c->height[k] * in;
      if (i < NAK_ION_X) row[NAK_LAYER_NA + i] -= in;
    }
  }
}

/* Change of the concentration of an ion and of the resistance it meets, and of phi. */
static void Change(const NakColumn *c, const Side *side, const PetscReal v[], int ion,
                   PetscReal *concentration, PetscReal *resistance)
{
  const NakIonLayer *layer = &side->layer;
  PetscReal          x[NAK_LAYER_END];

  for (int i = 0; i < LEANS; i++)
    x[NAK_LAYER_NA + i] = v[NAK_LAYER_NA + i] + Lean(c, layer, i) * v[0];
  x[NAK_LAYER_SALT] = v[NAK_LAYER_SALT];
  *concentration    = 0;
  for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++)
    *concentration += NakIonByUnknown(layer, ion, what) * x[what];
  *resistance = layer->stiffer[ion] * x[NAK_LAYER_SALT];
}

static PetscReal FluxChange(const NakColumn *c, PetscInt k, int ion, const Side *own,
                            const Side *beside, const PetscReal v[], const PetscReal v_beside[])
{
  const NakIonFlux flux = FluxOf(c, k, ion, own, beside);
  PetscReal        dc[2], dr[2];

  Change(c, own, v, ion, &dc[0], &dr[0]);
  Change(c, beside, v_beside, ion, &dc[1], &dr[1]);
  return flux.below * dc[0] + flux.above * dc[1] + flux.v * c->kinetics.f * (v_beside[0] - v[0]) +
         (flux.r_below * dr[0] + flux.r_above * dr[1]) / c->height[k];
}

void NakIonsRest(const void *ctx, const PetscReal own[], const PetscReal beside[],
                 const PetscReal v_own[], const PetscReal v_beside[], PetscReal weight,
                 PetscReal y[])
{
  const NakColumn *c    = ctx;
  const Side      *here = SidesOf(c, own), *there = SidesOf(c, beside);

  for (PetscInt k = 0; k < c->ne; k++) {
    const PetscInt   j = NakLayoutPhi(&c->l, k);
    const PetscReal *v = v_own + j, *w = v_beside + j;
    PetscReal        rest =
      -(Conductance(c, k, &there[k].layer) * w[0] - Conductance(c, k, &here[k].layer) * v[0]);

    for (int i = 0; i < NAK_IONS; i++) {
      const PetscReal in = FluxChange(c, k, i, &here[k], &there[k], v, w);
      const int       n  = NAK_LAYER_NA + i;

      rest += NakIonCarried(c, i) * c->height[k] * in;
      if (i < NAK_ION_X)
        y[j + n] -= weight * (in - (Mobility(c, k, &there[k].layer, i) * w[n] -
                                    Mobility(c, k, &here[k].layer, i) * v[n]));
    }
    y[j] -= weight * rest;
  }
}
