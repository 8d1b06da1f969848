/* What follows from the parameters of a cell alone; the contract is in nakfield/model.h. */
#include "model_impl.h"

PetscReal NakModelDensity(const NakModelParams *params)
{
  const PetscReal x = NakThermoMoleFraction(&params->material, params->alloy.potassium);

  if (params->grid.phases > 0) return NakMixDensityOfB(&params->microstructure);
  return (1 - x) * NakThermoDensity(&params->material, x);
}

PetscReal NakModelHeight(const NakModelParams *params)
{
  const PetscReal x     = NakThermoMoleFraction(&params->material, params->alloy.potassium);
  const PetscReal whole = params->alloy.volume / params->cell.area;

  if (params->grid.phases == 0) return whole;
  return whole * (1 - x) * NakThermoDensity(&params->material, x) / NakModelDensity(params);
}

PetscReal NakModelElectrolyte(const NakModelParams *params)
{
  return params->cell.thickness + params->grid.membrane;
}

PetscReal NakModelInterphase(const NakModelParams *params)
{
  return params->interphase.kind == NAK_INTERPHASE_NONE ? 0 : params->interphase.thickness;
}

PetscBool NakModelHasLayers(const NakModelParams *p)
{
  return (PetscBool)(p->liquid.kind == NAK_ELECTROLYTE_LIQUID &&
                     p->liquid.transport == NAK_TRANSPORT_LAYERS);
}

void NakModelComplete(NakModelParams *p)
{
  NakMixParams  *m     = &p->microstructure;
  NakGridParams *g     = &p->grid;
  PetscReal      layer = m->width / NAK_MIX_CELLS, side[2];

  NakInterphaseComplete(&p->interphase, &p->alloy);
  g->liquid   = p->liquid.kind == NAK_ELECTROLYTE_LIQUID ? 1 : 0;
  g->ions     = 0;
  g->membrane = 0;
  if (NakModelHasLayers(p) && g->electrolyte_layers > 0) g->ions = NAK_LAYER_UNKNOWNS;
  if (g->ions > 0) g->membrane = p->liquid.membrane;
  if (NakModelHasLayers(p)) p->cell.pellet_thickness = p->cell.thickness;
  if (p->interphase.kind == NAK_INTERPHASE_NONE) g->interphase_layers = 0;
  m->voids  = NakVoidsWanted(&p->voids);
  g->phases = m->grains_a + m->grains_b + (m->voids ? 1 : 0);
  if (g->phases == 0) return;
  m->void_mobility = p->voids.mobility;
  NakGridSides(g, side);
  if (g->nx > 1) layer = PetscMin(layer, side[0]);
  if (g->ny > 1) layer = PetscMin(layer, side[1]);
  g->zone_height = m->size[2];
  g->zone_layers =
    (PetscInt)PetscMax(2, PetscCeilReal(m->size[2] / layer * (1 - PETSC_SQRT_MACHINE_EPSILON)));
  m->n[0]     = g->nx;
  m->n[1]     = g->ny;
  m->n[2]     = g->zone_layers;
  m->size[0]  = side[0] * (PetscReal)g->nx;
  m->size[1]  = side[1] * (PetscReal)g->ny;
  m->alloy    = p->alloy;
  m->material = p->material;
}
