/* Residual and Jacobian of one column; equations and signs in docs/model.md.

   Fluxes are counted downwards, towards the electrolyte: that is where the current flows when Na is
   stripped. */
#include "column.h"

static void Link(NakColumn *c, PetscInt first, PetscInt n)
{
  const PetscReal *h = c->height;

  for (PetscInt k = first + 1; k < first + n; k++) c->link[k] = 2 / (h[k - 1] + h[k]);
}

/* A region's end faces lie half a layer from its outermost cells.  Where two regions meet, `link` is
   the upper one's, and the lower one's is worked out from its height. */
static void LinkRegions(NakColumn *c)
{
  const PetscInt ne = c->ne, nf = c->nf, na = c->na, nz = ne + nf + na;

  Link(c, 0, ne);
  Link(c, ne, nf);
  Link(c, ne + nf, na);
  if (ne > 0) c->link[0] = 2 / c->height[0];
  c->link[ne]      = 2 / c->height[ne];
  c->link[ne + nf] = 2 / c->height[ne + nf];
  c->link[nz]      = 2 / c->height[nz - 1];
}

PetscErrorCode NakColumnCreate(const NakModelParams *params, NakState state, PetscReal contact,
                               NakColumn *column)
{
  const NakMaterial *material = &params->material;
  const NakGrid     *grid     = NakStateGrid(state);
  const PetscReal    x        = NakThermoMoleFraction(material, params->alloy.potassium);
  const PetscReal    T        = params->alloy.temperature;
  const PetscReal    whole    = params->cell.thickness / params->cell.conductivity;
  const PetscBool    resolved = (PetscBool)(grid->n_electrolyte > 0);

  PetscFunctionBeginUser;
  *column = (NakColumn){
    .l           = *NakStateLayout(state),
    .ne          = grid->n_electrolyte,
    .nf          = grid->n_interphase,
    .na          = grid->n_alloy,
    .start       = x,
    .kinetics    = NakKineticsCreate(material, T, &params->interphase, &params->reaction, contact),
    .series      = params->cell.series_resistance + (resolved ? 0 : whole),
    .electrolyte = resolved ? whole : 0,
    .sigma       = params->cell.conductivity,
    .spreading   = 1,
    .diffusivity = params->alloy.diffusivity,
    .mixing      = params->alloy.diffusivity,
    .alloy_content = NAK_FARADAY * (1 - x) * NakThermoDensity(material, x),
    .reservoir     = grid->reservoir_height};
  column->diffusivity /= NakThermoLiquid(&column->kinetics.alloy, x).factor;
  PetscCall(PetscMalloc2(grid->nz, &column->height, grid->nz + 1, &column->link));
  for (PetscInt k = 0; k < grid->nz; k++) column->height[k] = grid->z[k + 1] - grid->z[k];
  LinkRegions(column);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnDestroy(NakColumn *column)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(column->height, column->link));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakColumnSodium(const NakColumn *c, PetscReal contact, const PetscReal u[])
{
  const NakLayout *l  = &c->l;
  const PetscReal *h  = c->height + c->ne;
  PetscReal        na = u[l->q_faraday] + NAK_FARADAY * u[l->deposit] +
                 c->alloy_content * c->reservoir * u[l->reservoir_na];

  for (PetscInt k = 0; k < c->nf; k++)
    na += NakColumnContent(c, contact) * h[k] * u[l->interphase + k];
  for (PetscInt k = 0; k < c->na; k++) na += c->alloy_content * h[c->nf + k] * u[l->alloy + k];
  return na;
}

void NakColumnPotentials(const NakColumn *c, const PetscReal u[], PetscReal theta[])
{
  const NakLayout *l = &c->l;

  for (PetscInt j = 0; j < l->size; j++) theta[j] = 0;
  for (PetscInt k = 0; k < c->ne; k++) theta[l->phi + k] = c->sigma * c->height[k] * u[l->phi + k];
  for (PetscInt k = 0; k < c->nf; k++)
    theta[l->interphase + k] = c->kinetics.diffusivity * u[l->interphase + k];
  for (PetscInt k = 0; k < c->na; k++)
    theta[l->alloy + k] =
      c->diffusivity * NakThermoDiffusion(&c->kinetics.alloy, u[l->alloy + k]).value;
  theta[l->film]         = c->kinetics.film_spreading * u[l->film];
  theta[l->reservoir_na] = c->mixing * u[l->reservoir_na];
}

void NakColumnSlopes(const NakColumn *c, const PetscReal u[], PetscReal slope[])
{
  const NakLayout *l = &c->l;

  for (PetscInt j = 0; j < l->size; j++) slope[j] = 0;
  for (PetscInt k = 0; k < c->ne; k++) slope[l->phi + k] = c->spreading * c->sigma * c->height[k];
  for (PetscInt k = 0; k < c->nf; k++) slope[l->interphase + k] = c->kinetics.diffusivity;
  for (PetscInt k = 0; k < c->na; k++)
    slope[l->alloy + k] =
      c->diffusivity * NakThermoDiffusion(&c->kinetics.alloy, u[l->alloy + k]).slope;
  slope[l->film]         = c->kinetics.film_spreading;
  slope[l->reservoir_na] = c->mixing;
}

/* Current density through the far face, and its slope to the unknown next to it. */
static PetscReal FarCurrent(const NakColumn *c, const PetscReal u[], PetscReal *slope)
{
  const PetscReal half       = c->ne > 0 ? 1 / (c->sigma * c->link[0]) : 0;
  const PetscReal potential  = c->ne > 0 ? -u[c->l.phi] : u[c->l.potential];
  const PetscReal resistance = c->series + half;

  if (c->control.hold == NAK_HOLD_CURRENT) {
    *slope = 0;
    return c->control.value;
  }
  *slope = (c->ne > 0 ? 1 : -1) / resistance;
  return (c->control.value - potential) / resistance;
}

/* Na current from the alloy into the interphase, with the exchange isotherm at the interface: its
   Na ratio r_s is eliminated to first order in the small drop over the alloy's half cell.  A column
   that is wetted in part passes that part of its steady limit, whatever the number of layers: the
   resistance of the whole interphase is divided by the share, at the interface. */
typedef struct {
  PetscReal value, du, dr; /* [A/m2] */
} Exchange;

static Exchange AlloyExchange(const NakColumn *c, const NakCover *over, PetscReal u, PetscReal r)
{
  const NakKinetics          *k  = &c->kinetics;
  const NakIsotherm           is = NakKineticsIsotherm(k, r);
  const NakDiffusionPotential D  = NakThermoDiffusion(&k->alloy, r);
  const PetscReal             b  = 1 / (c->alloy_content * c->diffusivity * c->link[c->ne + c->nf]);
  const PetscReal             h = c->height[c->ne + c->nf - 1], L = h * (PetscReal)c->nf;
  const PetscReal             w = over->wetted;
  const PetscReal per_height    = 1 / (NakColumnContent(c, over->contact) * k->diffusivity);
  const PetscReal dry           = (1 - w) * L * per_height;
  const PetscReal resistance    = w * (h / 2 * per_height + b * is.du / D.slope) + dry;
  const PetscReal value         = w * (is.u - u) / resistance;
  const PetscReal stiffening    = w * b * (is.d2u - is.du * D.second / D.slope) / D.slope;

  return (Exchange){
    .value = value, .du = -w / resistance, .dr = (w * is.du - value * stiffening) / resistance};
}

static void ElectrolyteResidual(const NakColumn *c, const PetscReal u[], PetscReal far,
                                PetscReal f[])
{
  const PetscReal *phi   = u + c->l.phi;
  PetscReal        below = far;

  for (PetscInt k = 0; k < c->ne; k++) {
    const PetscReal above =
      c->sigma * (k + 1 < c->ne ? c->link[k + 1] * (phi[k + 1] - phi[k])
                                : 2 / c->height[k] * (-u[c->l.potential] - phi[k]));

    f[c->l.phi + k] = below - above;
    below           = above;
  }
  f[c->l.potential] -= below; /* what leaves the face: below the far current where ne = 0 */
}

static void InterphaseResidual(const NakColumn *c, const PetscReal u[], const PetscReal udot[],
                               PetscReal content, PetscReal supply, PetscReal exchange,
                               PetscReal f[])
{
  const PetscInt  first = c->l.interphase, nf = c->nf;
  const PetscReal g     = content * c->kinetics.diffusivity;
  PetscReal       below = supply;

  for (PetscInt k = 0; k < nf; k++) {
    const PetscReal above =
      k + 1 < nf ? g * c->link[c->ne + k + 1] * (u[first + k + 1] - u[first + k]) : exchange;

    f[first + k] = udot[first + k] - (above - below) / (content * c->height[c->ne + k]);
    below        = above;
  }
}

static void AlloyResidual(const NakColumn *c, const PetscReal u[], const PetscReal udot[],
                          const PetscReal theta[], PetscReal exchange, PetscReal f[])
{
  const NakLayout *l    = &c->l;
  const PetscReal *link = c->link + c->ne + c->nf, *h = c->height + c->ne + c->nf;
  const PetscReal  r_reservoir = u[l->reservoir_na] / u[l->reservoir_k];
  const PetscReal  top = c->diffusivity * NakThermoDiffusion(&c->kinetics.alloy, r_reservoir).value;
  PetscReal        below = exchange / c->alloy_content; /* fluxes over the density of K [m/s] */

  for (PetscInt k = 0; k < c->na; k++) {
    const PetscReal next  = k + 1 < c->na ? theta[l->alloy + k + 1] : top;
    const PetscReal above = link[k + 1] * (next - theta[l->alloy + k]);

    f[l->alloy + k] = udot[l->alloy + k] - (above - below) / h[k];
    below           = above;
  }
  f[l->reservoir_na] = udot[l->reservoir_na] + below / c->reservoir;
}

/* K that the film takes from the reservoir, over the reservoir's K at a whole film [-]. */
static PetscReal FilmShare(const NakColumn *c, PetscReal contact)
{
  return contact * c->kinetics.film_content * NAK_FARADAY / (c->alloy_content * c->reservoir);
}

void NakColumnResidual(const NakColumn *c, const NakCover *over, const PetscReal u[],
                       const PetscReal udot[], const PetscReal theta[], PetscReal f[])
{
  const NakLayout   *l       = &c->l;
  const PetscReal    contact = over->contact;
  const NakFaceState state   = NakColumnFaceState(c, over->room, u);
  const NakFace      face =
    NakKineticsFace(&c->kinetics, &state, NakColumnFaceConductance(c, contact), contact);
  const PetscReal content  = NakColumnContent(c, contact);
  const PetscReal exchange = AlloyExchange(c, over, u[l->alloy - 1], u[l->alloy]).value;
  PetscReal       unused;
  const PetscReal far = FarCurrent(c, u, &unused);

  f[l->filament]    = udot[l->filament] - face.filament.value;
  f[l->q_faraday]   = udot[l->q_faraday] - face.reaction.value;
  f[l->q_total]     = udot[l->q_total] - far;
  f[l->potential]   = contact * c->kinetics.double_layer * udot[l->potential] + face.reaction.value;
  f[l->deposit]     = udot[l->deposit] - face.deposit.value;
  f[l->film]        = udot[l->film] - face.film.value;
  f[l->reservoir_k] = udot[l->reservoir_k] + FilmShare(c, contact) * udot[l->film];
  ElectrolyteResidual(c, u, far, f);
  InterphaseResidual(c, u, udot, content, face.supply.value, exchange, f);
  AlloyResidual(c, u, udot, theta, exchange, f);
}

static inline void Put(NakEntries *e, PetscInt row, PetscInt col, PetscReal value)
{
  e->row[e->n]     = row;
  e->col[e->n]     = col;
  e->value[e->n++] = value;
}

PetscInt NakColumnEntries(const NakColumn *c)
{
  return 5 * c->l.size + 10 * NAK_FACE_SIZE;
}

/* A flux g (theta_b - theta_a) from b down to a: both rows, both columns; `up` and `down` are what
   the rows of a and of b divide by. */
static inline void PutFlux(NakEntries *e, PetscInt a, PetscInt b, PetscReal down, PetscReal up,
                           PetscReal da, PetscReal db)
{
  Put(e, a, a, -da / down);
  Put(e, a, b, -db / down);
  Put(e, b, a, da / up);
  Put(e, b, b, db / up);
}

static void ElectrolyteJacobian(const NakColumn *c, PetscReal far_slope, NakEntries *e)
{
  const PetscInt phi = c->l.phi, E = c->l.potential, ne = c->ne;

  for (PetscInt k = 0; k + 1 < ne; k++) {
    const PetscReal g = c->sigma * c->link[k + 1];

    PutFlux(e, phi + k, phi + k + 1, 1, 1, -g, g);
  }
  if (ne > 0) { /* to the face, where the potential of the electrolyte is -E */
    const PetscReal g = 2 * c->sigma / c->height[ne - 1];

    Put(e, phi + ne - 1, phi + ne - 1, g);
    Put(e, phi + ne - 1, E, g);
    Put(e, E, phi + ne - 1, g);
    Put(e, E, E, g);
    Put(e, phi, phi, far_slope);
    Put(e, c->l.q_total, phi, -far_slope);
  } else {
    Put(e, E, E, -far_slope);
    Put(e, c->l.q_total, E, -far_slope);
  }
}

/* Columns of the face's unknowns, in the order of NakFaceState. */
static void PutFace(const NakColumn *c, NakEntries *e, PetscInt row, const NakFaceValue *rate,
                    PetscReal scale)
{
  const PetscInt col[NAK_FACE_SIZE] = {c->l.potential, c->l.deposit, c->l.film, c->l.interphase};

  for (PetscInt j = 0; j < NAK_FACE_SIZE; j++) Put(e, row, col[j], scale * rate->d[j]);
}

static void FaceJacobian(const NakColumn *c, PetscReal contact, const NakFace *face,
                         PetscReal shift, NakEntries *e)
{
  const PetscReal  layer = contact * c->kinetics.double_layer;
  const NakLayout *l     = &c->l;

  Put(e, l->filament, l->filament, shift);
  Put(e, l->q_faraday, l->q_faraday, shift);
  Put(e, l->q_total, l->q_total, shift);
  Put(e, l->potential, l->potential, shift * layer);
  Put(e, l->deposit, l->deposit, shift);
  Put(e, l->film, l->film, shift);
  PutFace(c, e, l->filament, &face->filament, -1);
  PutFace(c, e, l->q_faraday, &face->reaction, -1);
  PutFace(c, e, l->potential, &face->reaction, 1);
  PutFace(c, e, l->deposit, &face->deposit, -1);
  PutFace(c, e, l->film, &face->film, -1);
  PutFace(c, e, l->interphase, &face->supply,
          1 / (NakColumnContent(c, contact) * c->height[c->ne]));
  Put(e, l->reservoir_k, l->film, shift * FilmShare(c, contact));
}

static void InterphaseJacobian(const NakColumn *c, PetscReal shift, NakEntries *e)
{
  const PetscInt  first = c->l.interphase;
  const PetscReal D = c->kinetics.diffusivity, *h = c->height + c->ne;

  for (PetscInt k = 0; k < c->nf; k++) Put(e, first + k, first + k, shift);
  for (PetscInt k = 0; k + 1 < c->nf; k++) {
    const PetscReal g = D * c->link[c->ne + k + 1];

    PutFlux(e, first + k, first + k + 1, h[k], h[k + 1], -g, g);
  }
}

static void AlloyJacobian(const NakColumn *c, const PetscReal u[], const PetscReal slope[],
                          PetscReal shift, NakEntries *e)
{
  const NakLayout *l    = &c->l;
  const PetscReal *link = c->link + c->ne + c->nf, *h = c->height + c->ne + c->nf;
  const PetscInt   top = l->alloy + c->na - 1, na = l->reservoir_na, nk = l->reservoir_k;
  const PetscReal  r = u[na] / u[nk];
  const PetscReal  g =
    link[c->na] * c->diffusivity * NakThermoDiffusion(&c->kinetics.alloy, r).slope / u[nk];

  for (PetscInt j = l->alloy; j < l->size; j++) Put(e, j, j, shift);
  for (PetscInt k = 0; k + 1 < c->na; k++) {
    const PetscInt j = l->alloy + k;

    PutFlux(e, j, j + 1, h[k], h[k + 1], -link[k + 1] * slope[j], link[k + 1] * slope[j + 1]);
  }
  PutFlux(e, top, na, h[c->na - 1], c->reservoir, -link[c->na] * slope[top], g);
  Put(e, top, nk, g * r / h[c->na - 1]);
  Put(e, na, nk, -g * r / c->reservoir);
}

void NakColumnJacobian(const NakColumn *c, const NakCover *over, const PetscReal u[],
                       const PetscReal slope[], PetscReal shift, NakEntries *e)
{
  const NakLayout   *l       = &c->l;
  const PetscReal    contact = over->contact;
  const NakFaceState state   = NakColumnFaceState(c, over->room, u);
  const NakFace      face =
    NakKineticsFace(&c->kinetics, &state, NakColumnFaceConductance(c, contact), contact);
  const PetscReal content = NakColumnContent(c, contact);
  const Exchange  ex      = AlloyExchange(c, over, u[l->alloy - 1], u[l->alloy]);
  PetscReal       far_slope;

  (void)FarCurrent(c, u, &far_slope);
  FaceJacobian(c, contact, &face, shift, e);
  ElectrolyteJacobian(c, far_slope, e);
  InterphaseJacobian(c, shift, e);
  PutFlux(e, l->alloy - 1, l->alloy, content * c->height[c->ne + c->nf - 1],
          c->alloy_content * c->height[c->ne + c->nf], ex.du, ex.dr);
  AlloyJacobian(c, u, slope, shift, e);
}
