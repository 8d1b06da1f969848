/* The zone of phases: the lowest layers of the alloy, where order parameters stand beside r.

   In the zone r counts all Na per K, in liquid and solids.  They are at one chemical potential of
   Na, which follows from r and the order parameters.  The potential of the liquid drives diffusion,
   as elsewhere. */
#include "column.h"

static const PetscReal traces = 1e-6; /* of a phase hold nothing: h is some 1e-17 */

/* Order parameters as NakMix has them, from 1 on. */
typedef PetscReal Mixed[NAK_MIX_MOST];

static PetscBool IsMixed(const NakColumn *c, const PetscReal u[])
{
  for (PetscInt k = 1; k <= c->l.phases; k++)
    if (PetscAbsReal(u[k]) > traces) return PETSC_TRUE;
  return PETSC_FALSE;
}

PetscReal NakZoneLiquid(const NakColumn *c, const PetscReal u[])
{
  return IsMixed(c, u) ? NakMixLiquid(&c->mix, u, u[0]) : u[0];
}

PetscReal NakZoneForces(const NakColumn *c, const PetscReal u[], PetscReal force[])
{
  NakMixPoint at     = {.X = 0};
  PetscReal   liquid = u[0];

  if (IsMixed(c, u))
    liquid = NakMixForces(&c->mix, u, u[0], at.drive);
  else
    NakMixWellsAt(&c->mix, u, &at);
  for (PetscInt k = 1; k <= c->l.phases; k++) force[k - 1] = at.drive[k];
  return liquid;
}

void NakZoneAt(const NakColumn *c, const PetscReal u[], NakZoneLayer *layer)
{
  *layer = (NakZoneLayer){.liquid = u[0], .slope = 1};
  if (IsMixed(c, u)) {
    layer->at     = NakMixHolding(&c->mix, u, u[0]);
    layer->liquid = layer->at.x_liquid;
    layer->slope  = layer->at.dx_liquid / layer->at.dX[0];
  } else {
    NakMixWellsAt(&c->mix, u, &layer->at);
    layer->at.dX[0] = 1; /* what it would multiply is 0 */
  }
}

/* Order parameters on the face, extrapolated from the two lowest layers. */
static void OnFace(const NakColumn *c, const PetscReal u[], Mixed w)
{
  const PetscReal *low = u + c->l.alloy, *high = u + NakLayoutAlloy(&c->l, 1);

  for (PetscInt k = 1; k <= c->l.phases; k++)
    w[k] = NAK_ZONE_LOW * low[k] + NAK_ZONE_HIGH * high[k];
}

/* Charge of the solid Na over one column.  Its share on the face touches the face. */
static PetscReal Touching(const NakColumn *c, PetscReal metal, const PetscReal u[])
{
  const PetscReal per_height = c->alloy_content * c->mix.metal, least = 1e-6; /* of the face */
  PetscReal       height = 0, unused[NAK_MIX_MOST];

  if (metal < least) return 0;
  for (PetscInt k = 0; k < c->l.zone; k++)
    height += c->alloy.height[k] *
              NakMixShareAt(&c->mix, u + NakLayoutAlloy(&c->l, k), NAK_BODY_SOLID_A, unused);
  return metal * per_height * height;
}

NakFoot NakZoneFoot(const NakColumn *c, const PetscReal u[])
{
  NakFoot foot = {.r = u[c->l.alloy], .dr = 1, .liquid = 1, .wetted = 1};
  Mixed   w;

  if (c->l.phases == 0) return foot;
  if (IsMixed(c, u + c->l.alloy)) {
    NakZoneLayer layer;

    NakZoneAt(c, u + c->l.alloy, &layer);
    foot.r  = layer.liquid;
    foot.dr = layer.slope;
  }
  OnFace(c, u, w);
  foot.liquid = NakMixShareAt(&c->mix, w, NAK_BODY_LIQUID, foot.dliquid);
  foot.metal  = NakMixShareAt(&c->mix, w, NAK_BODY_SOLID_A, foot.dmetal);
  foot.wetted = foot.liquid + foot.metal;
  foot.above  = Touching(c, foot.metal, u);
  for (PetscInt k = 1; k <= c->l.phases; k++) {
    foot.dwetted[k] = foot.dliquid[k] + foot.dmetal[k];
  }
  return foot;
}

PetscReal NakZoneVoid(const NakColumn *c, const PetscReal u[])
{
  PetscReal unused[NAK_MIX_MOST];

  if (PetscAbsReal(u[c->voids]) <= traces) return 0;
  return NakMixShareAt(&c->mix, u, NAK_BODY_VOID, unused);
}

PetscReal NakColumnPotential(const NakColumn *c, PetscReal r)
{
  return c->kinetics.alloy.liquid.RT * NakThermoLiquid(&c->kinetics.alloy, r / (1 + r)).ln_activity;
}

PetscReal NakZoneFill(const NakColumn *c, PetscInt k, PetscReal part, PetscReal u[])
{
  const PetscReal far = 1e-12, before = u[0];
  PetscReal       w[NAK_MIX_MOST];

  if (part < far) return 0; /* not even a trace */
  w[0] = NakColumnPotential(c, NakZoneLiquid(c, u)) / c->mix.RT;
  for (PetscInt l = 1; l <= c->l.phases; l++) u[l] *= l == k ? 1 : 1 - part;
  u[k] += (1 - u[k]) * part;
  for (PetscInt l = 1; l <= c->l.phases; l++) w[l] = u[l];
  u[0] = NakMixAt(&c->mix, w).X;
  return u[0] - before;
}

/* Row k of L times forces 1, 2 and so on, which lie `stride` apart.  In a matrix of their
   derivatives, the forces are those of a column. */
static PetscReal Rate(const NakColumn *c, PetscInt k, const PetscReal *force, ptrdiff_t stride)
{
  PetscReal sum = 0;

  for (PetscInt l = 1; l <= c->l.phases; l++) sum += c->rates[k][l] * force[l * stride];
  return sum;
}

/* What the energy of the face does to the lowest layer, at its values on the face: the force there,
   and its derivatives to those values. */
static void FaceForce(const NakColumn *c, PetscReal cosine, const PetscReal u[], PetscReal force[],
                      PetscReal d[NAK_MIX_MOST][NAK_MIX_MOST])
{
  Mixed w, wall;

  OnFace(c, u, w);
  for (PetscInt k = 0; k <= c->l.phases; k++) wall[k] = c->mix.wall[k];
  if (c->voids > 0) wall[c->voids] = c->tension * cosine;
  (void)NakMixSumAt(&c->mix, wall, w, force, d);
}

void NakZoneTurn(const NakColumn *c, const PetscReal u[], PetscReal turn[])
{
  PetscReal d[NAK_MIX_MOST], dd[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed     w, is = {0};

  OnFace(c, u, w);
  is[c->voids] = c->tension / c->alloy.height[0];
  (void)NakMixSumAt(&c->mix, is, w, d, dd);
  for (PetscInt k = 1; k <= c->l.phases; k++) turn[k] = Rate(c, k, d, 1);
}

/* How the share of void in a layer changes with the order parameters.  Also whether there is any
   void. */
static PetscBool VoidAt(const NakColumn *c, const PetscReal u[], PetscReal d[],
                        PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST])
{
  Mixed is = {0};

  if (c->voids == 0 || PetscAbsReal(u[c->voids]) <= traces) return PETSC_FALSE;
  is[c->voids] = 1;
  (void)NakMixSumAt(&c->mix, is, u, d, dd);
  return PETSC_TRUE;
}

/* All forces on layer j: wells and bulk, which are given, the gas, and on the lowest layer the
   face. */
static void Forces(const NakColumn *c, const NakCover *over, PetscReal cosine, const PetscReal u[],
                   PetscInt j, const PetscReal given[], PetscReal force[])
{
  PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed     part;

  for (PetscInt k = 1; k <= c->l.phases; k++) force[k] = given[k - 1];
  if (VoidAt(c, u + NakLayoutAlloy(&c->l, j), part, dd))
    for (PetscInt k = 1; k <= c->l.phases; k++) force[k] -= over->excess * part[k];
  if (j > 0) return;
  FaceForce(c, cosine, u, part, dd);
  for (PetscInt k = 1; k <= c->l.phases; k++) force[k] += part[k] / c->alloy.height[0];
}

/* d phi/dt = m lap phi - L forces */
void NakZoneResidual(const NakColumn *c, const NakCover *over, PetscReal cosine,
                     const PetscReal u[], const PetscReal udot[], const PetscReal forces[],
                     PetscReal f[])
{
  const NakLayout *l     = &c->l;
  const PetscReal *link  = c->alloy.link;
  const PetscInt   above = 1 + l->phases; /* from a layer to the next */
  Mixed            force;

  for (PetscInt j = 0; j < l->zone; j++) {
    const PetscInt at = NakLayoutAlloy(l, j);

    Forces(c, over, cosine, u, j, forces + (ptrdiff_t)j * l->phases, force);
    for (PetscInt k = 1; k <= l->phases; k++) {
      const PetscReal up   = j + 1 < l->zone ? link[j + 1] * (u[at + above + k] - u[at + k]) : 0;
      const PetscReal down = j > 0 ? link[j] * (u[at + k] - u[at - above + k]) : 0;
      const PetscReal lap  = (up - down) / c->alloy.height[j];

      f[at + k] = udot[at + k] - c->mobility * lap + Rate(c, k, force, 1);
    }
  }
}

/* Entries of a layer without its neighbours.  r holds what the phases take up, and both drive the
   phases. */
static void PutLayer(const NakColumn *c, const NakZoneLayer *layer, PetscInt at, PetscReal shift,
                     NakEntries *e)
{
  for (PetscInt k = 1; k <= c->l.phases; k++) {
    NakPut(e, at, at + k, shift * layer->at.dX[k]);
    for (PetscInt l = 0; l <= c->l.phases; l++)
      NakPut(e, at + k, at + l,
             Rate(c, k, &layer->at.ddrive[0][l], NAK_MIX_MOST) / (l == 0 ? layer->at.dX[0] : 1));
  }
}

/* The gas in a layer: what it adds to the forces there, and what it shares with all of its void. */
static void LineariseGas(const NakColumn *c, PetscInt column, PetscInt j, const PetscReal u[],
                         NakZoneLayer *layer)
{
  const ptrdiff_t n = c->l.phases, first = ((ptrdiff_t)column * c->l.zone + j) * n;
  PetscReal       dd[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed           d = {0};

  if (c->voids == 0) return;
  if (VoidAt(c, u + NakLayoutAlloy(&c->l, j), d, dd))
    for (PetscInt k = 1; k <= n; k++)
      for (PetscInt l = 1; l <= n; l++) layer->at.ddrive[k][l] -= c->over[column].excess * dd[k][l];
  for (PetscInt k = 1; k <= n; k++) {
    c->shared.pull[first + k - 1] = c->area * c->alloy.height[j] * d[k];
    c->shared.push[first + k - 1] = Rate(c, k, d, 1);
  }
}

/* The force of the face on the lowest layer depends on the next one, too. */
static void PutFaceForce(const NakColumn *c, PetscReal cosine, const PetscReal u[], NakEntries *e)
{
  const PetscInt  at[2]     = {c->l.alloy, NakLayoutAlloy(&c->l, 1)};
  const PetscReal weight[2] = {NAK_ZONE_LOW, NAK_ZONE_HIGH};
  PetscReal       d[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed           force;

  FaceForce(c, cosine, u, force, d);
  for (int col = 0; col < 2; col++)
    for (PetscInt k = 1; k <= c->l.phases; k++)
      for (PetscInt l = 1; l <= c->l.phases; l++)
        NakPut(e, at[0] + k, at[col] + l,
               weight[col] / c->alloy.height[0] * Rate(c, k, &d[0][l], NAK_MIX_MOST));
}

void NakZoneJacobian(const NakColumn *c, PetscInt column, PetscReal cosine, const PetscReal u[],
                     PetscReal shift, NakEntries *e)
{
  const NakLayout *l    = &c->l;
  const PetscReal *link = c->alloy.link, *h = c->alloy.height;

  if (l->phases == 0) return;
  for (PetscInt j = 0; j < l->zone; j++) {
    const PetscInt at = NakLayoutAlloy(l, j), up = NakLayoutAlloy(l, j + 1);

    LineariseGas(c, column, j, u, &c->layers[j]);
    PutLayer(c, &c->layers[j], at, shift, e);
    for (PetscInt k = 1; k <= l->phases && j + 1 < l->zone; k++)
      NakPutFlux(e, at + k, up + k, h[j], h[j + 1], -c->mobility * link[j + 1],
                 c->mobility * link[j + 1]);
  }
  PutFaceForce(c, cosine, u, e);
}

void NakZoneLean(const void *ctx, const PetscReal u[], PetscReal lean[])
{
  const NakColumn *c = ctx;

  (void)u;
  for (PetscInt j = 0; j < c->l.zone; j++)
    for (PetscInt k = 1; k <= c->l.phases; k++) *lean++ = c->layers[j].at.dX[k];
}

/* ---- Constants ---- */

static void SetRates(NakColumn *c)
{
  PetscReal presence[NAK_MIX_MOST];

  c->mobility = c->mix.mobility[1];
  for (PetscInt k = 1; k < c->mix.n; k++) c->mobility = PetscMin(c->mobility, c->mix.mobility[k]);
  for (PetscInt k = 0; k < c->mix.n; k++) {
    c->mix.mobility[k] = c->mobility;
    presence[k]        = 1;
  }
  NakMixRates(&c->mix, presence, c->rates);
}

/* Of all unknowns the order parameters share the gas. */
static PetscErrorCode CreateShared(PetscInt owned, NakColumn *c)
{
  const PetscInt n = c->l.zone * c->l.phases;

  PetscFunctionBeginUser;
  for (PetscInt k = 1; k < c->mix.n; k++)
    if (c->mix.body[k] == NAK_BODY_VOID) c->voids = k;
  if (c->voids == 0) PetscFunctionReturn(PETSC_SUCCESS);
  c->shared.n       = n;
  c->shared.unknown = c->orders;
  PetscCall(
    PetscMalloc2((ptrdiff_t)owned * n, &c->shared.pull, (ptrdiff_t)owned * n, &c->shared.push));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakZoneCreate(const NakMixParams *params, PetscInt owned, NakColumn *c)
{
  NakLean *lean;

  PetscFunctionBeginUser;
  if (c->l.phases == 0) PetscFunctionReturn(PETSC_SUCCESS);
  NakMixCreate(params, NAK_PER_B, &c->mix);
  SetRates(c);
  PetscCall(PetscMalloc3(c->l.zone * c->l.phases, &c->leans, c->l.zone, &c->layers,
                         c->l.zone * c->l.phases, &c->orders));
  lean = c->leans;
  for (PetscInt j = 0; j < c->l.zone; j++)
    for (PetscInt k = 1; k <= c->l.phases; k++, lean++)
      *lean = (NakLean){.of = NakLayoutAlloy(&c->l, j), .by = NakLayoutAlloy(&c->l, j) + k};
  for (PetscInt j = 0; j < c->l.zone * c->l.phases; j++) c->orders[j] = c->leans[j].by;
  PetscCall(CreateShared(owned, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}
