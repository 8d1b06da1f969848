/* Entries of a cell that are right alone and wrong together. */
#include "model_impl.h"

static void CheckAlloy(const NakModelParams *p, NakCheckList *list)
{
  const PetscReal height = NakModelHeight(p), highest = 0.1; /* of what is a cell */

  NakGridCheck(&p->grid, height, list);
  if (height > highest)
    NakCheckWarning(
      list, "alloy",
      "the alloy in the cell is %.6g m high (alloy.volume over cell.area): if that is not "
      "intended, lower alloy.volume or raise cell.area",
      (double)height);
}

/* The amount that the face takes out of the alloy. */
static void CheckContent(const NakModelParams *p, NakCheckList *list)
{
  const PetscReal x      = NakThermoMoleFraction(&p->material, p->alloy.potassium);
  const PetscReal whole  = NakThermoDensity(&p->material, x) * p->alloy.volume / p->cell.area;
  const PetscReal sodium = NAK_FARADAY * x * whole, adlayer = p->reaction.adlayer_charge;
  const PetscReal held = p->interphase.kind == NAK_INTERPHASE_NONE
                           ? 0
                           : p->interphase.limiting_current * p->interphase.diffusion_time;
  const PetscReal film = p->interphase.film_thickness;
  const PetscReal most = (1 - x) * whole * p->material.b.solid_volume;

  if (held >= sodium)
    NakCheckError(list, "interphase",
                  "interphase.limiting_current times interphase.diffusion_time, the sodium "
                  "that the interphase holds, is %.6g C/m^2, and the whole alloy has "
                  "%.6g C/m^2: lower one of them",
                  (double)held, (double)sodium);
  if (adlayer >= sodium)
    NakCheckError(list, "kinetics.adlayer_charge",
                  "kinetics.adlayer_charge is %.6g C/m^2, and all sodium of the alloy is "
                  "%.6g C/m^2: lower it or raise alloy.volume",
                  (double)adlayer, (double)sodium);
  if (film >= most)
    NakCheckError(list, "interphase.film_thickness",
                  "interphase.film_thickness is %.6g um, and all %s of the alloy is a layer of "
                  "%.6g um: lower it (a film is tens of nm thick) or raise alloy.volume",
                  NAK_UM(film), p->material.b.symbol, NAK_UM(most));
}

/* The cell's alloy is one liquid.  Where it would separate, diffusion would run uphill. */
static void CheckMixing(const NakModelParams *p, NakCheckList *list)
{
  const PetscReal T     = p->alloy.temperature;
  const NakAlloy  alloy = NakThermoAlloy(&p->material, T);

  if (T < p->material.lowest || T > p->material.highest || NakThermoMixes(&alloy)) return;
  NakCheckError(list, "alloy.temperature",
                "at %.6g K the liquid of %s separates into two, and a cell has one liquid: "
                "raise alloy.temperature",
                (double)T, p->material.name);
}

/* How far the cell spreads a current sideways.  It is a multiple of its resolved thickness or, if
   that is more, the length at which the resistance along the face is as large as the series
   resistance. */
static PetscReal Spread(const NakCellParams *cell)
{
  const PetscReal thick  = 5 * cell->thickness;
  const PetscReal series = NakPelletAt(cell, NAK_REFERENCE_TEMPERATURE).series;
  const PetscReal along  = 2 * PetscSqrtReal(series * cell->conductivity * cell->thickness);

  return PetscMax(thick, along);
}

/* A held current enters every column alike; a held voltage does not.  See docs/model.md. */
static void WarnCoarse(const NakModelParams *p, NakCheckList *list)
{
  const PetscReal depth = p->grid.ny > 1 ? p->grid.depth : 0;
  const PetscReal half =
    p->contact.shape == NAK_CONTACT_PATCHES ? p->contact.patch : PetscMax(p->grid.width, depth) / 2;

  if (half <= Spread(&p->cell)) return;
  NakCheckWarning(list, "contact",
                  "contact and its gaps are about %.4g um wide, and the resolved electrolyte of "
                  "%.4g um does not spread a current so far: under a held current the voltage "
                  "comes out too high; raise electrolyte.thickness",
                  NAK_UM(half), NAK_UM(p->cell.thickness));
}

/* The longer side of a column, among the directions with more than one column; 0 for a single
   column. */
static PetscReal Widest(const NakGridParams *g)
{
  PetscReal side[2];

  NakGridSides(g, side);
  return PetscMax(g->nx > 1 ? side[0] : 0, g->ny > 1 ? side[1] : 0);
}

/* Patches of a column or two follow the grid, not their size. */
static void WarnPatches(const NakModelParams *p, NakCheckList *list)
{
  const PetscReal patch = p->contact.patch, side = Widest(&p->grid);

  if (p->contact.shape == NAK_CONTACT_PATCHES && 2 * side > (1 + 1e-9) * patch)
    NakCheckWarning(list, "contact",
                    "patches of contact are about %.4g um wide and columns %.4g um: the grid "
                    "decides on their shapes; use columns of half a patch or less, or raise "
                    "contact.patch",
                    NAK_UM(patch), NAK_UM(side));
}

static void CheckContact(const NakModelParams *p, NakCheckList *list)
{
  const NakGridParams *g        = &p->grid;
  const PetscReal      fraction = p->contact.fraction;

  if (fraction == 1) return;
  if (g->nx == 1 && g->ny == 1) {
    NakCheckWarning(list, "contact",
                    "contact.fraction is %.6g and the grid has one column: in 1D a partial "
                    "contact changes no voltage; raise grid.nx",
                    (double)fraction);
    return;
  }
  if (fraction * (PetscReal)g->nx * (PetscReal)g->ny < 0.5)
    NakCheckError(list, "contact",
                  "contact.fraction is %.6g, which leaves no column of the %" PetscInt_FMT
                  " x %" PetscInt_FMT " grid in contact: raise it or refine the grid",
                  (double)fraction, g->nx, g->ny);
  WarnPatches(p, list);
  if (g->electrolyte_layers > 0) {
    WarnCoarse(p, list);
    return;
  }
  NakCheckError(
    list, "contact",
    "contact.fraction is %.6g with grid.electrolyte_layers: 0: nothing then carries the "
    "current from places without contact to those with contact; resolve the electrolyte",
    (double)fraction);
}

/* The temperatures at which a solid forms from some liquid. */
static void CheckFreezes(const NakModelParams *p, NakCheckList *list)
{
  const NakAlloy alloy = NakThermoAlloy(&p->material, p->alloy.temperature);

  for (int a = 0; a < 2; a++) {
    const PetscReal x = NakThermoLiquidus(&alloy, (PetscBool)a);

    if ((a == 0 ? p->microstructure.grains_b : p->microstructure.grains_a) == 0) continue;
    if (x > 0 && x < 1) continue;
    NakCheckError(list, a == 0 ? "microstructure.grains_b" : "microstructure.grains_a",
                  "at %.6g K no liquid of %s is in equilibrium with solid %s: lower "
                  "alloy.temperature or leave these grains out",
                  (double)alloy.T, p->material.name,
                  a == 0 ? p->material.b.symbol : p->material.a.symbol);
  }
}

static void CheckZone(const NakModelParams *p, NakCheckList *list)
{
  const NakGridParams *g      = &p->grid;
  const NakMixParams  *m      = &p->microstructure;
  const PetscReal      widest = Widest(g);

  if (NAK_MIX_CELLS * widest > m->width * (1 + 1e-9))
    NakCheckError(list, "microstructure",
                  "microstructure.interface_width is %.6g um and columns are %.6g um wide, and an "
                  "interface must be %d columns wide: raise grid.nx (and grid.ny), or "
                  "microstructure.interface_width to %.6g um",
                  NAK_UM(m->width), NAK_UM(widest), NAK_MIX_CELLS, NAK_UM(NAK_MIX_CELLS * widest));
  if (m->size[2] >= g->alloy_height)
    NakCheckError(list, "microstructure",
                  "microstructure.height is %.6g um, and only %.6g um of the alloy are resolved "
                  "(grid.alloy_height): lower the first or raise the second",
                  NAK_UM(m->size[2]), NAK_UM(g->alloy_height));
}

static void CheckVoids(const NakModelParams *p, NakCheckList *list)
{
  const NakGridParams *g  = &p->grid;
  NakVoidsPlace        at = {
           .columns   = {g->nx, g->ny},
           .height    = p->microstructure.size[2],
           .tension   = p->material.surface_tension,
           .steepness = 4 / p->microstructure.width
  };

  if (!p->microstructure.voids) return;
  NakGridSides(g, at.side);
  NakVoidsCheck(&p->voids, &at, list);
}

static void CheckPhases(const NakModelParams *p, NakCheckList *list)
{
  const NakGridParams *g     = &p->grid;
  const NakMixParams  *m     = &p->microstructure;
  const PetscInt       likes = m->nuclei_body == 0 ? m->grains_b : m->grains_a;

  if (g->phases == 0) return;
  if (g->phases >= NAK_MIX_MOST)
    NakCheckError(list, "microstructure",
                  "microstructure.grains_a and grains_b are %" PetscInt_FMT
                  " together, and at most %d are possible: lower them",
                  m->grains_a + m->grains_b, NAK_MIX_MOST - 1 - (m->voids ? 1 : 0));
  if (m->grains_a + m->grains_b > 0 && m->nuclei > 0 && likes == 0)
    NakCheckError(list, "nuclei",
                  "nuclei.solid is %s, and microstructure.grains_%s is 0: raise it, choose "
                  "the other solid or set nuclei.count to 0",
                  m->nuclei_body == 0 ? "b" : "a", m->nuclei_body == 0 ? "b" : "a");
  if (g->electrolyte_layers == 0 && g->nx * g->ny > 1)
    NakCheckError(list, "microstructure",
                  "there are grains or voids and grid.electrolyte_layers is 0: nothing then "
                  "carries the current from under them to where there is liquid; resolve the "
                  "electrolyte");
  CheckZone(p, list);
  CheckFreezes(p, list);
  CheckVoids(p, list);
}

/* The grid that a front of the K film needs. */
static void CheckFront(const NakModelParams *params, NakCheckList *list)
{
  const NakInterphaseParams *p      = &params->interphase;
  const NakGridParams       *g      = &params->grid;
  const PetscReal            fewest = 4, widest = Widest(g);
  PetscReal                  side[2];

  NakGridSides(g, side);
  if (widest == 0)
    NakCheckError(
      list, "interphase",
      "interphase.film_nuclei and .film_nucleation need a face of several columns: raise grid.nx, "
      "or leave them out for a film that grows uniformly (interphase.film_rate)");
  else if (p->film_width < fewest * widest * (1 - 1e-9))
    NakCheckError(list, "interphase.film_width",
                  "interphase.film_width is %.6g um and a column %.6g um wide; the front of the "
                  "K film needs %g columns: raise interphase.film_width to %.6g um or grid.nx "
                  "and grid.ny",
                  NAK_UM(p->film_width), NAK_UM(widest), (double)fewest, NAK_UM(fewest * widest));
  else if (p->film_nuclei > 0 && NakModelFilmPlaces(params) == 0)
    NakCheckError(list, "interphase.film_nuclei",
                  "interphase.film_nuclei is %.6g 1/m^2, less than one on the face of %.6g um by "
                  "%.6g um: raise it, grid.width or grid.depth",
                  (double)p->film_nuclei, NAK_UM(side[0] * (PetscReal)g->nx),
                  NAK_UM(side[1] * (PetscReal)g->ny));
  if (NakModelFilmPlaces(params) > g->nx * g->ny)
    NakCheckError(list, "interphase.film_nuclei",
                  "interphase.film_nuclei is %.6g 1/m^2, more than one a column: such a film grows "
                  "uniformly (interphase.film_rate); lower it or use more columns",
                  (double)p->film_nuclei);
  if (widest > 0 && g->electrolyte_layers == 0)
    NakCheckError(list, "interphase",
                  "the K film has nuclei and grid.electrolyte_layers is 0: nothing then carries "
                  "the current from under the film to where the face is open; resolve the "
                  "electrolyte");
}

static void CheckPellet(const NakCellParams *p, NakCheckList *list)
{
  if (p->thickness > p->pellet_thickness)
    NakCheckError(list, "electrolyte",
                  "electrolyte.thickness, the resolved part, is %.6g um, and the whole pellet "
                  "has %.6g um: lower it or raise electrolyte.pellet_thickness",
                  NAK_UM(p->thickness), NAK_UM(p->pellet_thickness));
}

static void CheckInterphase(const NakModelParams *p, NakCheckList *list)
{
  if (p->interphase.kind == NAK_INTERPHASE_MIXED && p->grid.interphase_layers == 0)
    NakCheckError(list, "grid.interphase_layers",
                  "grid.interphase_layers is 0, and there is an interphase: raise it, or write "
                  "'interphase: none' for an alloy that touches the electrolyte");
}

static void CheckMembrane(const NakModelParams *p, NakCheckList *list)
{
  const PetscInt n = p->grid.electrolyte_layers, least = NAK_MEMBRANE_LAYERS + 8;

  if (n < least || n % 2 != 0)
    NakCheckError(list, "grid.electrolyte_layers",
                  "grid.electrolyte_layers is %" PetscInt_FMT
                  ", and the membrane is %d of them amid "
                  "the others: write an even number of %" PetscInt_FMT " or more",
                  n, (int)NAK_MEMBRANE_LAYERS, least);
  if (p->liquid.membrane_diffusivity[NAK_ION_NA] > 0) return;
  if (p->liquid.membrane_diffusivity[NAK_ION_K] == 0)
    NakCheckError(list, "membrane.sodium_diffusivity",
                  "membrane.sodium_diffusivity and .potassium_diffusivity are 0: the membrane lets "
                  "nothing pass; raise one of them");
  else if (p->liquid.potassium == 0)
    NakCheckError(
      list, "electrolyte.potassium",
      "electrolyte.potassium is 0, and the membrane lets only K+ pass: the liquid has no "
      "K+ at the start; raise it, or membrane.sodium_diffusivity");
}

/* A liquid whose ions move through layers. */
static void CheckLayers(const NakModelParams *p, NakCheckList *list)
{
  const NakLiquidParams *q     = &p->liquid;
  const PetscInt         least = 4;
  const PetscReal        pores = q->porosity * p->cell.thickness, whole = q->volume / p->cell.area;

  if (p->grid.electrolyte_layers < least)
    NakCheckError(list, "grid.electrolyte_layers",
                  "grid.electrolyte_layers is %" PetscInt_FMT
                  ", and electrolyte.transport is layers: "
                  "raise it to %" PetscInt_FMT " or more, such as 20",
                  p->grid.electrolyte_layers, least);
  if (q->membrane > 0) CheckMembrane(p, list);
  if (q->separator_rate > 0 && q->solubility == 0)
    NakCheckError(list, "salt.separator_rate",
                  "salt.separator_rate is %.6g mol/m^3/s, and salt.solubility is 0, with which the "
                  "salt stays dissolved: give the solubility, or leave the rate out",
                  (double)q->separator_rate);
  if (q->exchange_time > 0 && whole <= pores)
    NakCheckError(list, "electrolyte.exchange_time",
                  "electrolyte.volume is %.6g m^3, and the pores of the separator hold %.6g m^3: "
                  "there is no liquid beyond them; raise electrolyte.volume, or leave "
                  "electrolyte.exchange_time out",
                  (double)q->volume, (double)(pores * p->cell.area));
}

static void CheckLiquid(const NakModelParams *p, NakCheckList *list)
{
  if (p->liquid.kind == NAK_ELECTROLYTE_SOLID) {
    if (p->liquid.transport == NAK_TRANSPORT_LAYERS)
      NakCheckError(list, "electrolyte.transport",
                    "electrolyte.transport is layers, and electrolyte.kind is solid, in which only "
                    "Na+ moves: write 'kind: liquid', or leave the entry out");
    return;
  }
  if (p->interphase.kind != NAK_INTERPHASE_NONE)
    NakCheckError(list, "interphase",
                  "a liquid electrolyte touches the alloy: write 'interphase: none'");
  if (p->grid.nx * p->grid.ny > 1 && p->liquid.transport == NAK_TRANSPORT_MIXED)
    NakCheckError(list, "grid.nx",
                  "a liquid electrolyte is one well-mixed volume over one column, and the grid has "
                  "%" PetscInt_FMT " x %" PetscInt_FMT ": set grid.nx and grid.ny to 1, or write "
                  "'transport: layers'",
                  p->grid.nx, p->grid.ny);
  if (p->liquid.transport == NAK_TRANSPORT_LAYERS)
    CheckLayers(p, list);
  else if (p->liquid.potassium > 0)
    NakCheckError(list, "electrolyte.potassium",
                  "electrolyte.potassium has an effect with layers of ions only: write 'transport: "
                  "layers', or leave it out");
}

static void CheckHost(const NakModelParams *p, NakCheckList *list)
{
  const NakCounterParams *q     = &p->counter;
  const PetscReal         taken = q->sites[0] + q->sites[1], most = 1 - 1e-6;
  const PetscReal         least =
    -4 * NAK_GAS_CONSTANT * p->alloy.temperature / NAK_FARADAY; /* where a half-full host is flat */

  if (taken > most)
    NakCheckError(
      list, "counter",
      "counter.sites_na and .sites_k are %.6g together, and a host cannot have more than "
      "all of its sites taken: lower one of them, to at most %.6g in all",
      (double)taken, (double)most);
  if (q->slope <= least)
    NakCheckError(
      list, "counter.slope",
      "counter.slope is %.6g V: a host separates into a full and an empty part where this "
      "is not above -4 R T / F, %.6g V, and the model has one part: raise it",
      (double)q->slope, (double)least);
  if (p->liquid.kind == NAK_ELECTROLYTE_SOLID && q->potassium_exchange > 0)
    NakCheckWarning(
      list, "counter.potassium_exchange",
      "counter.potassium_exchange has no effect: no K crosses a solid electrolyte; leave "
      "it out, or write 'electrolyte: {kind: liquid}'");
}

static void CheckCounter(const NakModelParams *p, NakCheckList *list)
{
  NakModelParams cell;
  PetscReal      height;

  if (p->counter.kind == NAK_COUNTER_HOST) CheckHost(p, list);
  if (p->counter.kind != NAK_COUNTER_ALLOY) return;
  NakCounterCell(p, &cell);
  height = NakModelHeight(&cell);
  if (p->grid.alloy_height >= height)
    NakCheckError(list, "counter",
                  "the alloy of the counter electrode is %.6g um high (counter.volume over "
                  "cell.area), and grid.alloy_height, which is resolved of both, is %.6g um: lower "
                  "the second or raise the first",
                  NAK_UM(height), NAK_UM(p->grid.alloy_height));
  CheckMixing(&cell, list);
}

/* The wall of voids, and what does not take part in the reactions of a scaffold. */
static void CheckWetting(const NakModelParams *p, NakCheckList *list)
{
  const NakWettingParams *w       = &p->wetting;
  const PetscReal         tension = NakWettingTension(w, p->material.surface_tension);
  const PetscReal         degree  = PETSC_PI / 180;

  NakWettingCheck(w, tension, list);
  if (w->adhesion > 0 && tension > 0 && NakVoidsWanted(&p->voids)) {
    const PetscReal cosine = w->roughness * NakWettingCosine(tension, w->adhesion);
    const PetscReal angle  = NakWettingAngle(cosine) / degree;

    if (angle < NAK_ANGLE_LEAST || angle > NAK_ANGLE_MOST)
      NakCheckError(list, "wetting",
                    "wetting.adhesion of %.4g J/m^2 over a surface tension of %.4g N/m, on a face "
                    "%.4g times rough, is a contact angle of %.4g degree (cosine %.4g), and voids "
                    "have one of %d to %d degree: change wetting.adhesion or .roughness",
                    (double)w->adhesion, (double)tension, (double)w->roughness, (double)angle,
                    (double)cosine, NAK_ANGLE_LEAST, NAK_ANGLE_MOST);
  }
  if (p->reaction.area > 1 && (p->interphase.kind != NAK_INTERPHASE_NONE || p->grid.phases > 0))
    NakCheckError(list, "scaffold.area",
                  "scaffold.area is %.6g: in a scaffold the alloy touches the electrolyte itself, "
                  "without grains and voids; write 'interphase: none', or leave scaffold.area out",
                  (double)p->reaction.area);
}

void NakModelCheck(const NakModelParams *params, NakCheckList *list)
{
  CheckLiquid(params, list);
  CheckCounter(params, list);
  CheckInterphase(params, list);
  CheckAlloy(params, list);
  CheckContent(params, list);
  CheckMixing(params, list);
  CheckContact(params, list);
  CheckPellet(&params->cell, list);
  if (NakKineticsFront(&params->interphase)) CheckFront(params, list);
  CheckPhases(params, list);
  CheckWetting(params, list);
}
