/* What stands on the face in one column: liquid, solids, void, salt. */
#include "column.h"

PetscReal NakColumnPotential(const NakColumn *c, PetscReal r)
{
  return c->kinetics.alloy.liquid.RT * NakThermoLiquid(&c->kinetics.alloy, r / (1 + r)).ln_activity;
}

/* Charge of the solid Na over one column.  Its share on the face touches the face. */
static PetscReal Touching(const NakColumn *c, PetscReal metal, const PetscReal u[])
{
  const NakZone  *z          = &c->zone;
  const PetscReal per_height = c->alloy_content * z->mix.metal, least = 1e-6; /* of the face */
  PetscReal       height = 0, unused[NAK_MIX_MOST];

  if (metal < least) return 0;
  for (PetscInt k = 0; k < z->layers; k++)
    height +=
      z->height[k] * NakMixShareAt(&z->mix, u + NakZoneLayerAt(z, k), NAK_BODY_SOLID_A, unused);
  return metal * per_height * height;
}

NakFoot NakColumnFoot(const NakColumn *c, const PetscReal u[])
{
  const NakZone *z    = &c->zone;
  NakFoot        foot = {.r = u[c->l.alloy], .dr = 1, .liquid = 1, .wetted = 1};
  PetscReal      w[NAK_MIX_MOST];

  if (z->phases == 0) return foot;
  if (NakZoneIsMixed(z, u + z->first)) {
    NakZoneLayer layer;

    NakZoneAt(z, u + z->first, &layer);
    foot.r  = layer.liquid;
    foot.dr = layer.slope;
  }
  NakZoneOnFace(z, u, w);
  foot.liquid = NakMixShareAt(&z->mix, w, NAK_BODY_LIQUID, foot.dliquid);
  foot.metal  = NakMixShareAt(&z->mix, w, NAK_BODY_SOLID_A, foot.dmetal);
  foot.wetted = foot.liquid + foot.metal;
  foot.above  = Touching(c, foot.metal, u);
  for (PetscInt k = 1; k <= z->phases; k++) foot.dwetted[k] = foot.dliquid[k] + foot.dmetal[k];
  return foot;
}

PetscReal NakColumnSaltResistance(const NakColumn *c, const PetscReal u[], PetscReal slope[])
{
  PetscReal sum = 0, s;

  if (!NakLayoutIsLiquid(&c->l)) return 0;
  sum += NakKineticsSaltResistance(&c->kinetics, u[c->l.salt], slope != NULL ? &slope[0] : &s);
  if (c->counter != NULL)
    sum += NakKineticsSaltResistance(&c->counter->kinetics, u[c->l.counter + c->counter->l.salt],
                                     slope != NULL ? &slope[1] : &s);
  return sum;
}
