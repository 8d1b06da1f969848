/* Phases in the layers of a column; the contract is in nakfield/microstructure.h. */
#include "microstructure_impl.h"

static const PetscReal traces = 1e-6; /* of a phase hold nothing: h is some 1e-17 */

/* Order parameters as NakMix has them, from 1 on. */
typedef PetscReal Mixed[NAK_MIX_MOST];

PetscBool NakZoneIsMixed(const NakZone *z, const PetscReal u[])
{
  for (PetscInt k = 1; k <= z->phases; k++)
    if (PetscAbsReal(u[k]) > traces) return PETSC_TRUE;
  return PETSC_FALSE;
}

PetscReal NakZoneLiquid(const NakZone *z, const PetscReal u[])
{
  return NakZoneIsMixed(z, u) ? NakMixLiquid(&z->mix, u, u[0]) : u[0];
}

PetscReal NakZoneForces(const NakZone *z, const PetscReal u[], PetscReal force[])
{
  NakMixPoint at     = {.X = 0};
  PetscReal   liquid = u[0];

  if (NakZoneIsMixed(z, u))
    liquid = NakMixForces(&z->mix, u, u[0], at.drive);
  else
    NakMixWellsAt(&z->mix, u, &at);
  for (PetscInt k = 1; k <= z->phases; k++) force[k - 1] = at.drive[k];
  return liquid;
}

void NakZoneAt(const NakZone *z, const PetscReal u[], NakZoneLayer *layer)
{
  *layer = (NakZoneLayer){.liquid = u[0], .slope = 1};
  if (NakZoneIsMixed(z, u)) {
    layer->at     = NakMixHolding(&z->mix, u, u[0]);
    layer->liquid = layer->at.x_liquid;
    layer->slope  = layer->at.dx_liquid / layer->at.dX[0];
  } else {
    NakMixWellsAt(&z->mix, u, &layer->at);
    layer->at.dX[0] = 1; /* what it would multiply is 0 */
  }
}

void NakZoneOnFace(const NakZone *z, const PetscReal u[], PetscReal w[])
{
  const PetscReal *low = u + NakZoneLayerAt(z, 0), *high = u + NakZoneLayerAt(z, 1);

  for (PetscInt k = 1; k <= z->phases; k++) w[k] = NAK_ZONE_LOW * low[k] + NAK_ZONE_HIGH * high[k];
}

PetscReal NakZoneVoid(const NakZone *z, const PetscReal u[])
{
  PetscReal h[NAK_BODIES];

  if (PetscAbsReal(u[z->voids]) <= traces) return 0;
  NakMixShares(&z->mix, u, h);
  return h[NAK_BODY_VOID];
}

PetscReal NakZoneFill(const NakZone *z, PetscInt k, PetscReal part, PetscReal u[])
{
  const PetscReal far = 1e-12, before = u[0];
  PetscReal       room = 1;
  Mixed           w;

  if (part < far) return 0; /* not even a trace */
  w[0] = NakMixPotential(&z->mix, u, u[0]);
  for (PetscInt l = 1; l <= z->phases; l++) {
    if (l == k) continue;
    if (l == z->voids)
      room -= u[l];
    else
      u[l] *= 1 - part;
  }
  u[k] += (room - u[k]) * part;
  for (PetscInt l = 1; l <= z->phases; l++) w[l] = u[l];
  u[0] = NakMixAt(&z->mix, w).X;
  return u[0] - before;
}

/* Row k of L times forces 1, 2 and so on, which lie `stride` apart.  In a matrix of their
   derivatives, the forces are those of a column. */
static PetscReal Rate(const NakZone *z, PetscInt k, const PetscReal *force, ptrdiff_t stride)
{
  PetscReal sum = 0;

  for (PetscInt l = 1; l <= z->phases; l++) sum += z->rates[k][l] * force[l * stride];
  return sum;
}

/* What the energy of the face does to the lowest layer, at its values on the face: the force there,
   and its derivatives to those values. */
static void FaceForce(const NakZone *z, PetscReal cosine, const PetscReal u[], PetscReal force[],
                      PetscReal d[NAK_MIX_MOST][NAK_MIX_MOST])
{
  Mixed w, wall;

  NakZoneOnFace(z, u, w);
  for (PetscInt k = 0; k <= z->phases; k++) wall[k] = z->mix.wall[k];
  if (z->voids > 0) wall[z->voids] = z->tension * cosine;
  (void)NakMixSumAt(&z->mix, wall, w, force, d);
}

void NakZoneTurn(const NakZone *z, const PetscReal u[], PetscReal turn[])
{
  PetscReal d[NAK_MIX_MOST], dd[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed     w, is = {0};

  NakZoneOnFace(z, u, w);
  is[z->voids] = z->tension / z->height[0];
  (void)NakMixSumAt(&z->mix, is, w, d, dd);
  for (PetscInt k = 1; k <= z->phases; k++) turn[k] = Rate(z, k, d, 1);
}

/* How the share of void in a layer changes with the order parameters.  Also whether there is any
   void. */
static PetscBool VoidAt(const NakZone *z, const PetscReal u[], PetscReal d[],
                        PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST])
{
  Mixed is = {0};

  if (z->voids == 0 || PetscAbsReal(u[z->voids]) <= traces) return PETSC_FALSE;
  is[z->voids] = 1;
  (void)NakMixSumAt(&z->mix, is, u, d, dd);
  return PETSC_TRUE;
}

/* All forces on layer j: wells and bulk, which are given, the gas, and on the lowest layer the
   face. */
static void Forces(const NakZone *z, const NakZoneFace *face, const PetscReal u[], PetscInt j,
                   const PetscReal given[], PetscReal force[])
{
  PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed     part;

  for (PetscInt k = 1; k <= z->phases; k++) force[k] = given[k - 1];
  if (VoidAt(z, u + NakZoneLayerAt(z, j), part, dd))
    for (PetscInt k = 1; k <= z->phases; k++) force[k] -= face->excess * part[k];
  if (j > 0 || !z->wall) return;
  FaceForce(z, face->cosine, u, part, dd);
  for (PetscInt k = 1; k <= z->phases; k++) force[k] += part[k] / z->height[0];
}

void NakZoneResidual(const NakZone *z, const NakZoneFace *face, const PetscReal u[],
                     const PetscReal udot[], const PetscReal forces[], PetscReal f[])
{
  Mixed force;

  for (PetscInt j = 0; j < z->layers; j++) {
    const PetscInt at = NakZoneLayerAt(z, j), up = NakZoneAbove(z, j), down = NakZoneBelow(z, j);

    Forces(z, face, u, j, forces + (ptrdiff_t)j * z->phases, force);
    for (PetscInt k = 1; k <= z->phases; k++) {
      const PetscReal above = up >= 0 ? z->link[j + 1] * (u[up + k] - u[at + k]) : 0;
      const PetscReal below = down >= 0 ? z->link[j] * (u[at + k] - u[down + k]) : 0;
      const PetscReal lap   = (above - below) / z->height[j];

      f[at + k] = udot[at + k] - z->mix.mobility * lap + Rate(z, k, force, 1);
    }
  }
}

/* Entries of a layer without its neighbours.  X holds what the phases take up, and both drive the
   phases. */
static void PutLayer(const NakZone *z, const NakZoneLayer *layer, PetscInt at, PetscReal shift,
                     NakEntries *e)
{
  for (PetscInt k = 1; k <= z->phases; k++) {
    NakPut(e, at, at + k, shift * layer->at.dX[k]);
    for (PetscInt l = 0; l <= z->phases; l++)
      NakPut(e, at + k, at + l,
             Rate(z, k, &layer->at.ddrive[0][l], NAK_MIX_MOST) / (l == 0 ? layer->at.dX[0] : 1));
  }
}

/* The gas in a layer: what it adds to the forces there, and what it shares with all of its void. */
static void LineariseGas(const NakZone *z, PetscInt column, PetscInt j, PetscReal excess,
                         const PetscReal u[], NakZoneLayer *layer)
{
  const ptrdiff_t n = z->phases, first = ((ptrdiff_t)column * z->layers + j) * n;
  PetscReal       dd[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed           d = {0};

  if (z->voids == 0) return;
  if (VoidAt(z, u + NakZoneLayerAt(z, j), d, dd))
    for (PetscInt k = 1; k <= n; k++)
      for (PetscInt l = 1; l <= n; l++) layer->at.ddrive[k][l] -= excess * dd[k][l];
  for (PetscInt k = 1; k <= n; k++) {
    z->shared.pull[first + k - 1] = z->area * z->height[j] * d[k];
    z->shared.push[first + k - 1] = Rate(z, k, d, 1);
  }
}

/* The force of the face on the lowest layer depends on the next one, too. */
static void PutFaceForce(const NakZone *z, PetscReal cosine, const PetscReal u[], NakEntries *e)
{
  const PetscInt  at[2]     = {NakZoneLayerAt(z, 0), NakZoneLayerAt(z, 1)};
  const PetscReal weight[2] = {NAK_ZONE_LOW, NAK_ZONE_HIGH};
  PetscReal       d[NAK_MIX_MOST][NAK_MIX_MOST];
  Mixed           force;

  FaceForce(z, cosine, u, force, d);
  for (int col = 0; col < 2; col++)
    for (PetscInt k = 1; k <= z->phases; k++)
      for (PetscInt l = 1; l <= z->phases; l++)
        NakPut(e, at[0] + k, at[col] + l,
               weight[col] / z->height[0] * Rate(z, k, &d[0][l], NAK_MIX_MOST));
}

void NakZoneJacobian(const NakZone *z, PetscInt column, const NakZoneFace *face,
                     const PetscReal u[], PetscReal shift, NakEntries *e)
{
  for (PetscInt j = 0; j < z->layers; j++) {
    const PetscInt  at = NakZoneLayerAt(z, j), up = NakZoneAbove(z, j);
    const PetscReal g = z->mix.mobility * z->link[j + 1];

    LineariseGas(z, column, j, face->excess, u, &z->at[j]);
    PutLayer(z, &z->at[j], at, shift, e);
    for (PetscInt k = 1; k <= z->phases && up >= 0; k++)
      NakPutFlux(e, at + k, up + k, z->height[j], z->height[(j + 1) % z->layers], -g, g);
  }
  if (z->wall && z->layers > 0) PutFaceForce(z, face->cosine, u, e);
}

void NakZoneLean(const NakZone *z, PetscReal lean[])
{
  for (PetscInt j = 0; j < z->layers; j++)
    for (PetscInt k = 1; k <= z->phases; k++) *lean++ = z->at[j].at.dX[k];
}

PetscInt NakZoneMostEntries(const NakZone *z)
{
  const PetscInt n = z->phases;

  return z->layers * n * (n + 6) + 2 * n * n;
}

/* ---- Creation ---- */

/* Of all unknowns the order parameters share the gas. */
static PetscErrorCode CreateShared(PetscInt owned, NakZone *z)
{
  const PetscInt n = z->layers * z->phases;

  PetscFunctionBeginUser;
  for (PetscInt k = 1; k < z->mix.n; k++)
    if (z->mix.body[k] == NAK_BODY_VOID) z->voids = k;
  if (z->voids == 0) PetscFunctionReturn(PETSC_SUCCESS);
  z->shared.n       = n;
  z->shared.unknown = z->orders;
  PetscCall(
    PetscMalloc2((ptrdiff_t)owned * n, &z->shared.pull, (ptrdiff_t)owned * n, &z->shared.push));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakZoneCreate(const NakMixParams *params, NakMixFrame frame, NakState state,
                             NakZone *z)
{
  const NakLayout *l    = NakStateLayout(state);
  const NakGrid   *grid = NakStateGrid(state);
  NakPart          part;

  PetscFunctionBeginUser;
  *z = (NakZone){.first   = l->alloy,
                 .layers  = l->zone,
                 .phases  = l->phases,
                 .wall    = PETSC_TRUE,
                 .tension = params->material.surface_tension,
                 .area    = grid->dx * grid->dy};
  if (z->layers == 0) PetscFunctionReturn(PETSC_SUCCESS);
  NakMixCreate(params, frame, &z->mix);
  NakMixRates(&z->mix, z->rates);
  PetscCall(PetscMalloc3(z->layers * z->phases, &z->leans, z->layers, &z->at, z->layers * z->phases,
                         &z->orders));
  for (PetscInt j = 0, n = 0; j < z->layers; j++)
    for (PetscInt k = 1; k <= z->phases; k++, n++) {
      z->leans[n]  = (NakLean){.of = NakZoneLayerAt(z, j), .by = NakZoneLayerAt(z, j) + k};
      z->orders[n] = z->leans[n].by;
    }
  PetscCall(NakPartOf(NakStateDM(state), PETSC_FALSE, &part));
  PetscCall(CreateShared(NakPartColumns(&part), z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakZoneDestroy(NakZone *z)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(z->leans, z->at, z->orders));
  PetscCall(PetscFree2(z->shared.pull, z->shared.push));
  PetscFunctionReturn(PETSC_SUCCESS);
}
