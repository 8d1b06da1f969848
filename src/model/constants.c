/* Constants of every column: its geometry and what depends on the temperature. */
#include "column.h"

/* A region's end faces lie half a layer from its outermost cells.  Where two regions meet, `link`
   is that of the upper one.  The lower one's is worked out from its height. */
static void SetLinks(NakColumn *c)
{
  const PetscInt nz = c->ne + c->nf + c->na;

  for (PetscInt k = 0; k <= nz; k++) {
    const PetscBool first = (PetscBool)(k == 0 || k == c->ne || k == c->ne + c->nf);

    c->link[k] = 2 / ((first ? 0 : c->height[k - 1]) + (k < nz ? c->height[k] : 0));
  }
}

/* Distance of columns that stands for all directions of a front.  The error of differences goes
   with dx^2 cos^4 + dy^2 sin^4; this is the mean of it. */
static PetscReal Spacing(const NakGrid *g)
{
  if (g->nx > 1 && g->ny > 1) return PetscSqrtReal(3.0 / 8 * (PetscSqr(g->dx) + PetscSqr(g->dy)));
  return g->nx > 1 ? g->dx : g->dy;
}

/* Where the liquid ends, and the ratios that the reservoir can have: all of them if the alloy stays
   liquid. */
static void SetLiquid(const NakAlloyParams *p, NakColumn *c)
{
  const PetscBool found = NakThermoLiquidRange(&c->kinetics.alloy, p->compounds, c->liquidus);
  const PetscBool all   = (PetscBool)(!found || p->solids == NAK_SOLIDS_SUPERCOOLED);

  if (!found) c->liquidus[0] = c->liquidus[1] = 0;
  for (int end = 0; end < 2; end++) {
    const PetscReal x = all ? end : c->liquidus[end];

    c->liquid[end] = x < 1 ? x / (1 - x) : PETSC_MAX_REAL;
  }
}

/* The liquid in layers takes the place of a pellet.  The diffusivities of its ions follow the
   activation energy of the conductivity, which times T is their sum (Nernst and Einstein). */
static void SetIons(const NakModelParams *params, PetscReal T, NakColumn *c)
{
  const NakLiquidParams *p      = &params->liquid;
  const PetscReal        faster = NakArrhenius(params->cell.grain_energy, T);
  const PetscReal        pores  = p->porosity * params->cell.thickness;
  const PetscReal        whole  = p->volume / params->cell.area;

  for (PetscInt k = 0; k < c->ne; k++) {
    c->medium[k] = (NakMedium){.porosity = p->porosity};
    for (int i = 0; i < NAK_IONS; i++) c->medium[k].diffusivity[i] = faster * p->diffusivity[i];
  }
  for (PetscInt k = 0; k < NAK_MEMBRANE_LAYERS && p->membrane > 0; k++)
    c->medium[(c->ne - NAK_MEMBRANE_LAYERS) / 2 + k] = (NakMedium){
      .porosity    = 1,
      .fixed       = p->membrane_anions / p->concentration,
      .diffusivity = {faster * p->membrane_diffusivity[NAK_ION_NA],
                      faster * p->membrane_diffusivity[NAK_ION_K]}
    };
  c->ions = (NakIons){.content     = NAK_FARADAY * p->concentration,
                      .salt_volume = p->molar_volume * p->concentration,
                      .rate        = p->solubility > 0 ? p->separator_rate / p->concentration : 0};
  if (p->exchange_time > 0 && whole > pores) {
    c->ions.excess   = whole - pores;
    c->ions.exchange = 1 / p->exchange_time;
  }
  c->series      = params->cell.series_resistance;
  c->electrolyte = c->grain_boundaries = 0;
}

void NakColumnSetTemperature(const NakModelParams *params, PetscReal T, NakColumn *c)
{
  const NakPellet pellet   = NakPelletAt(&params->cell, T);
  const NakAlloy  at_start = NakThermoAlloy(&params->material, NAK_REFERENCE_TEMPERATURE);
  const PetscReal liquid   = NakArrhenius(params->alloy.activation_energy, T);

  c->kinetics = NakKineticsCreate(&params->material, T, &params->interphase, &params->reaction,
                                  c->contact_fraction);
  NakKineticsFitFront(&c->kinetics, params->interphase.film_width, c->spacing);
  NakKineticsBathe(&c->kinetics, &params->liquid, &params->reaction);
  c->sigma            = pellet.conductivity;
  c->series           = pellet.series + (c->ne > 0 ? 0 : pellet.resolved);
  c->grain_boundaries = pellet.grain_boundaries;
  c->electrolyte      = c->ne > 0 ? pellet.resolved : 0;
  if (c->l.ions > 0) SetIons(params, T, c);
  c->mixing      = params->alloy.diffusivity * liquid;
  c->diffusivity = c->mixing / NakThermoLiquid(&at_start, c->start).factor;
  if (c->l.phases > 0) NakMixBranches(&params->microstructure, T, &c->zone.mix);
  SetLiquid(&params->alloy, c);
}

PetscErrorCode NakColumnCreate(const NakModelParams *params, NakState state, NakCover *over,
                               PetscReal contact, NakColumn *column)
{
  const NakGrid  *grid = NakStateGrid(state);
  const PetscReal x    = NakThermoMoleFraction(&params->material, params->alloy.potassium);

  PetscFunctionBeginUser;
  *column =
    (NakColumn){.l                = *NakStateLayout(state),
                .over             = over,
                .ne               = grid->n_electrolyte,
                .nf               = grid->n_interphase,
                .na               = grid->n_alloy,
                .start            = x,
                .contact_fraction = contact,
                .spreading        = 1,
                .spacing          = Spacing(grid),
                .alloy_content    = NAK_FARADAY * NakModelDensity(params),
                .reservoir        = grid->reservoir_height,
                .bath    = params->liquid.concentration * params->liquid.volume / params->cell.area,
                .wetting = params->voids};
  PetscCall(NakZoneCreate(&params->microstructure, NAK_PER_B, state, &column->zone));
  PetscCall(NakIonsCreate(grid->nx * grid->ny, column));
  NakColumnSetTemperature(params, params->alloy.temperature, column);
  PetscCall(PetscMalloc2(grid->nz + 1, &column->height, grid->nz + 1, &column->link));
  column->interphase = (NakRegion){column->height + column->ne, column->link + column->ne};
  column->alloy =
    (NakRegion){column->interphase.height + column->nf, column->interphase.link + column->nf};
  for (PetscInt k = 0; k < grid->nz; k++) column->height[k] = grid->z[k + 1] - grid->z[k];
  column->height[grid->nz] = column->reservoir;
  SetLinks(column);
  column->zone.height = column->alloy.height;
  column->zone.link   = column->alloy.link;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnDestroy(NakColumn *column)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(column->height, column->link));
  PetscCall(PetscFree2(column->medium, column->all_leans));
  PetscCall(NakZoneDestroy(&column->zone));
  PetscCall(PetscFree(column->over));
  PetscFunctionReturn(PETSC_SUCCESS);
}
