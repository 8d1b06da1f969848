/* Residual and Jacobian of one column, region by region.  Equations and signs are in docs/model.md.

   A flux stands next to its slopes, and the rows of a region next to their entries.  A flux is
   positive downwards, towards the electrolyte.  This is the direction of the current when Na is
   stripped. */
#include "column.h"

/* Resistance of the interphase over its content, in 1 / current; 0 without an interphase. */
static PetscReal Resistance(const NakColumn *c, const NakCover *over)
{
  PetscReal height = 0;

  for (PetscInt k = 0; k < c->nf; k++) height += c->interphase.height[k];
  return height / (c->kinetics.diffusivity * NakColumnContent(c, over->contact));
}

NakVoidsDrive NakColumnDrive(const NakColumn *c, const NakCover *over, const NakFace *face)
{
  const PetscReal current = face->reaction.value + face->over_limit.value;

  return (NakVoidsDrive){.u = face->u_face, .load = current * Resistance(c, over)};
}

/* After the potentials come the forces on the order parameters of the zone [J/m3]. */
static void Potentials(const void *ctx, const PetscReal u[], PetscReal theta[])
{
  const NakColumn *c = ctx;
  const NakLayout *l = &c->l;

  for (PetscInt j = 0; j < l->counter; j++) theta[j] = 0;
  for (PetscInt k = 0; k < c->ne && l->ions == 0; k++)
    theta[l->phi + k] = c->sigma * c->height[k] * u[l->phi + k];
  for (PetscInt k = 0; k < c->nf; k++)
    theta[l->interphase + k] = c->kinetics.diffusivity * u[l->interphase + k];
  for (PetscInt k = 0; k < c->na; k++) {
    const PetscInt  j = NakLayoutAlloy(l, k);
    const PetscReal r =
      k < l->zone ? NakZoneForces(&c->zone, u + j, theta + l->size + (ptrdiff_t)k * l->phases)
                  : u[j];

    theta[j] = c->diffusivity * NakThermoDiffusion(&c->kinetics.alloy, r).value;
    for (PetscInt i = 1; i <= l->phases && k < l->zone; i++)
      theta[j + i] = c->zone.mix.mobility * u[j + i];
  }
  NakIonsPotentials(c, u, theta);
  theta[l->open]         = c->kinetics.film_spreading * u[l->open];
  theta[l->reservoir_na] = c->mixing * u[l->reservoir_na];
  if (c->counter != NULL) Potentials(c->counter, u + l->counter, theta + l->counter);
}

/* Slopes of the potentials above, each to its own unknown. */
static void Slopes(const void *ctx, const PetscReal u[], PetscReal slope[])
{
  const NakColumn *c = ctx;
  const NakLayout *l = &c->l;

  for (PetscInt j = 0; j < l->counter; j++) slope[j] = 0;
  for (PetscInt k = 0; k < c->ne && l->ions == 0; k++)
    slope[l->phi + k] = c->spreading * c->sigma * c->height[k];
  for (PetscInt k = 0; k < c->nf; k++) slope[l->interphase + k] = c->kinetics.diffusivity;
  for (PetscInt k = 0; k < l->zone; k++)
    NakZoneAt(&c->zone, u + NakLayoutAlloy(l, k), &c->zone.at[k]);
  for (PetscInt k = 0; k < c->na; k++) {
    const PetscInt  j = NakLayoutAlloy(l, k), phases = k < l->zone ? l->phases : 0;
    const PetscReal r = phases > 0 ? c->zone.at[k].liquid : u[j];

    slope[j] = c->diffusivity * (phases > 0 ? c->zone.at[k].slope : 1) *
               NakThermoDiffusion(&c->kinetics.alloy, r).d1;
    for (PetscInt i = 1; i <= phases; i++) slope[j + i] = c->zone.mix.mobility;
  }
  NakIonsSlopes(c, u, slope);
  slope[l->open]         = c->kinetics.film_spreading;
  slope[l->reservoir_na] = c->mixing;
  if (c->counter != NULL) Slopes(c->counter, u + l->counter, slope + l->counter);
}

/* A flux and its slopes to the unknowns below and above.  The unknown below the far face is that of
   the counter electrode. */
typedef struct {
  PetscReal value, below, above;
} Flux;

/* Current density through the far face, between the two electrodes. */
static Flux FarFlux(const NakColumn *c, const PetscReal u[])
{
  const NakIonsFar far        = c->l.ions > 0 ? NakIonsFarOf(c, u) : (NakIonsFar){.emf = 0};
  const PetscReal  solid      = c->ne > 0 ? 1 / (c->sigma * c->link[0]) : 0;
  const PetscReal  half       = c->l.ions > 0 ? far.resistance : solid;
  const PetscReal  potential  = c->ne > 0 ? -u[c->l.phi] : u[c->l.potential];
  const PetscReal  counter    = c->counter != NULL ? u[c->l.counter + c->counter->l.potential] : 0;
  const PetscReal  resistance = c->series + half + NakColumnSaltResistance(c, u, NULL);

  if (c->control.hold == NAK_HOLD_CURRENT) return (Flux){.value = c->control.value};
  return (Flux){.value =
                  (c->control.value + counter - potential + far.emf + far.metal) / resistance,
                .below = 1 / resistance,
                .above = (c->ne > 0 ? 1 : -1) / resistance};
}

/* Na current from the alloy into the interphase, by the exchange isotherm at the interface.  The Na
   ratio r_s at the interface is eliminated, to first order in the small drop over the alloy's half
   cell.

   A column may be wetted only in part, or open only in part.  It then passes that part of its
   steady limit, for any number of layers.  For this, each of the two parts adds the resistance of
   the whole interphase times (1 / part - 1).  Solid Na holds the interphase at u_Na, without a
   drop. */
typedef struct {
  PetscReal value, du, dr, dopen, dw; /* [A/m2]; to u, r, the open and the wetted part */
} Exchange;

static Exchange ExchangeWith(const NakColumn *c, PetscReal content, PetscReal w, PetscReal open,
                             PetscReal u, NakIsotherm is, PetscReal r)
{
  const NakDiffusionPotential D = NakThermoDiffusion(&c->kinetics.alloy, r);
  const PetscReal             b = 1 / (c->alloy_content * c->diffusivity * c->alloy.link[0]);
  const PetscReal             h = c->interphase.height[c->nf - 1], L = h * (PetscReal)c->nf;
  const PetscReal             part       = w * open;
  const PetscReal             per_height = 1 / (content * c->kinetics.diffusivity);
  const PetscReal             whole = L * per_height, drop = is.u - u;
  const PetscReal             resistance = part * (h / 2 * per_height + b * is.d1 / D.d1) +
                               (w + open - 2 * part) * whole; /* times the part */
  const PetscReal value      = part * drop / resistance;
  const PetscReal stiffening = part * b * (is.d2 - is.d1 * D.d2 / D.d1) / D.d1;

  return (Exchange){.value = value,
                    .du    = -part / resistance,
                    .dr    = (part * is.d1 - value * stiffening) / resistance,
                    .dopen = w * w * whole * drop / (resistance * resistance),
                    .dw    = open * open * whole * drop / (resistance * resistance)};
}

/* States and fluxes where regions meet. */
typedef struct {
  PetscReal     contact, content; /* the interphase's */
  NakFoot       foot;
  NakFace       face;
  NakFaceCharge charge;
  Flux          far;
  Exchange      liquid, metal; /* metal: solid Na, if the model has it */
  PetscReal     exchange;      /* sum of both [A/m2] */
  NakSaltRate   salt;          /* in a liquid electrolyte */
} Interfaces;

static Interfaces InterfacesOf(const NakColumn *c, const NakCover *over, Flux far,
                               const NakBath *bath, const PetscReal u[])
{
  const PetscReal content = NakColumnContent(c, over->contact);
  const PetscReal open = u[c->l.open], top = u[c->l.alloy - 1];
  const NakFoot   foot = NakColumnFoot(c, u);
  Interfaces      at   = {.contact = over->contact,
                          .content = content,
                          .foot    = foot,
                          .face    = NakColumnFace(c, over, &foot, bath, u),
                          .charge  = NakKineticsCharge(&c->kinetics, u[c->l.potential], open),
                          .far     = far};

  if (NakLayoutIsLiquid(&c->l))
    at.salt = NakKineticsSalt(&c->kinetics, u[c->l.salt], bath->potassium, bath->anion);
  if (c->kinetics.direct) {
    at.exchange = at.face.supply.value;
    return at;
  }
  at.liquid = ExchangeWith(c, content, foot.liquid, open, top,
                           NakKineticsIsotherm(&c->kinetics, foot.r), foot.r);
  if (c->zone.mix.used[NAK_BODY_SOLID_A])
    at.metal =
      ExchangeWith(c, content, foot.metal, open, top, (NakIsotherm){.u = c->kinetics.u_na}, foot.r);
  at.exchange = at.liquid.value + at.metal.value;
  return at;
}

/* ---- Electrolyte ---- */

/* Current density through face k > 0.  The highest one is the face of the interphase.  There, E
   comes after phi among the unknowns, and the potential of the electrolyte is -E. */
static Flux ElectrolyteFlux(const NakColumn *c, const PetscReal u[], PetscInt k)
{
  const PetscReal *phi = u + c->l.phi + k, h = c->height[k - 1];
  const PetscReal  g = k < c->ne ? c->sigma * c->link[k] : 2 * c->sigma / h;

  if (k < c->ne) return (Flux){c->sigma * (c->link[k] * (phi[0] - phi[-1])), -g, g};
  return (Flux){c->sigma * (2 / h * (-phi[0] - phi[-1])), -g, -g};
}

static void ElectrolyteResidual(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                                PetscReal f[])
{
  PetscReal below = at->far.value;

  for (PetscInt k = 0; k < c->ne; k++) {
    const PetscReal above = ElectrolyteFlux(c, u, k + 1).value;

    f[c->l.phi + k] = below - above;
    below           = above;
  }
  f[c->l.potential] -= below; /* out of the face; with ne = 0 `below` is the far current */
}

static void ElectrolyteJacobian(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                                PetscReal shift, NakEntries *e)
{
  const PetscInt phi = c->l.phi, ne = c->ne;

  for (PetscInt k = 1; k <= ne && c->l.ions == 0; k++) {
    const Flux flux = ElectrolyteFlux(c, u, k);

    NakPutFlux(e, phi + k - 1, phi + k, 1, k < ne ? 1 : -1, flux.below, flux.above);
  }
  if (c->l.ions > 0) NakIonsJacobian(c, u, shift, e);
  NakPut(e, phi, phi, ne > 0 ? at->far.above : -at->far.above);
  NakPut(e, c->l.q_total, phi, -at->far.above);
}

/* ---- Interphase ---- */

/* Current density through the face above layer k; its slopes are divided by the content. */
static Flux InterphaseFlux(const NakColumn *c, const PetscReal u[], PetscReal content, PetscInt k)
{
  const PetscReal *v = u + c->l.interphase + k, D = c->kinetics.diffusivity;
  const PetscReal  link = c->interphase.link[k + 1], g = D * link;

  return (Flux){content * D * link * (v[1] - v[0]), -g, g};
}

static void InterphaseResidual(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                               const PetscReal udot[], PetscReal f[])
{
  const PetscInt first = c->l.interphase;
  PetscReal      below = at->face.supply.value;

  for (PetscInt k = 0; k < c->nf; k++) {
    const PetscReal above =
      k + 1 < c->nf ? InterphaseFlux(c, u, at->content, k).value : at->exchange;

    f[first + k] = udot[first + k] - (above - below) / (at->content * c->interphase.height[k]);
    below        = above;
  }
}

static void InterphaseJacobian(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                               PetscReal shift, NakEntries *e)
{
  const PetscInt   first = c->l.interphase;
  const PetscReal *h     = c->interphase.height;

  for (PetscInt k = 0; k < c->nf; k++) NakPut(e, first + k, first + k, shift);
  for (PetscInt k = 0; k + 1 < c->nf; k++) {
    const Flux flux = InterphaseFlux(c, u, at->content, k);

    NakPutFlux(e, first + k, first + k + 1, h[k], h[k + 1], flux.below, flux.above);
  }
}

/* ---- Face, and exchange between interphase and alloy ---- */

/* The charge is q = theta q(E, b).  The reactions take charge from it. */
static void FaceResidual(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                         const PetscReal udot[], PetscReal f[])
{
  const NakLayout *l    = &c->l;
  const NakFace   *face = &at->face;

  f[l->filament]    = udot[l->filament] - face->filament.value;
  f[l->q_faraday]   = udot[l->q_faraday] - face->faradaic.value;
  f[l->q_total]     = udot[l->q_total] - at->far.value;
  f[l->charge]      = u[l->charge] - at->contact * at->charge.value;
  f[l->potential]   = udot[l->charge] + face->faradaic.value;
  f[l->deposit]     = udot[l->deposit] - face->metal.value / NAK_FARADAY;
  f[l->open]        = udot[l->open] - face->open.value;
  f[l->reservoir_k] = udot[l->reservoir_k] - NakColumnFilmShare(c, at->contact) * udot[l->open];
  if (!NakLayoutIsLiquid(l)) return;
  f[l->reservoir_k] += face->potassium.value / (c->alloy_content * c->reservoir);
  f[l->potassium] = udot[l->potassium] - face->potassium.value;
  f[l->salt]      = udot[l->salt] - at->salt.value;
}

/* Put the derivatives to the order parameters on the face, times `scale`. */
static void PutOnFace(const NakColumn *c, NakEntries *e, PetscInt row, PetscReal scale,
                      const PetscReal d[])
{
  for (PetscInt k = 1; k <= c->l.phases; k++) {
    NakPut(e, row, c->l.alloy + k, NAK_ZONE_LOW * scale * d[k]);
    NakPut(e, row, NakLayoutAlloy(&c->l, 1) + k, NAK_ZONE_HIGH * scale * d[k]);
  }
}

/* Put the derivatives to the face's unknowns, which are in the order of NakFaceState. */
static void PutFace(const NakColumn *c, NakEntries *e, PetscInt row, const NakFaceValue *rate,
                    const NakFoot *foot, PetscReal scale)
{
  const PetscInt  second               = NakColumnIsHost(c) ? c->l.reservoir_k : c->l.alloy;
  const PetscInt  col[NAK_FACE_WETTED] = {c->l.potential, c->l.deposit, c->l.open, c->l.interphase,
                                          second};
  const PetscReal of_u = c->kinetics.direct ? foot->dr / c->kinetics.r_ref : 1; /* u follows r */

  for (PetscInt j = 0; j < NAK_FACE_WETTED; j++)
    NakPut(e, row, col[j],
           scale * rate->d[j] *
             (j == NAK_FACE_R   ? foot->dr
              : j == NAK_FACE_U ? of_u
                                : 1));
  PutOnFace(c, e, row, scale * rate->d[NAK_FACE_WETTED], foot->dwetted);
}

static void FaceJacobian(const NakColumn *c, const Interfaces *at, PetscReal shift, NakEntries *e)
{
  const NakLayout *l        = &c->l;
  const NakFace   *face     = &at->face;
  const NakFoot   *foot     = &at->foot;
  const PetscInt   change[] = {l->filament, l->q_faraday, l->q_total, l->deposit, l->open};

  NakPut(e, l->charge, l->charge, 1);
  NakPut(e, l->charge, l->potential, -at->contact * at->charge.dE);
  NakPut(e, l->charge, l->open, -at->contact * at->charge.dopen);
  NakPut(e, l->potential, l->charge, shift);
  for (size_t j = 0; j < sizeof change / sizeof *change; j++)
    NakPut(e, change[j], change[j], shift);
  PutFace(c, e, l->filament, &face->filament, foot, -1);
  PutFace(c, e, l->q_faraday, &face->faradaic, foot, -1);
  PutFace(c, e, l->potential, &face->faradaic, foot, 1);
  PutFace(c, e, l->deposit, &face->metal, foot, -1 / NAK_FARADAY);
  PutFace(c, e, l->open, &face->open, foot, -1);
  PutFace(c, e, l->interphase, &face->supply, foot,
          1 / (c->kinetics.direct ? c->alloy_content * c->alloy.height[0]
                                  : at->content * c->interphase.height[0]));
  PutFace(c, e, l->alloy, &face->over_limit, foot, 1 / (c->alloy_content * c->alloy.height[0]));
  NakPut(e, l->reservoir_k, l->open, -shift * NakColumnFilmShare(c, at->contact));
  if (!NakLayoutIsLiquid(l)) return;
  PutFace(c, e, l->potassium, &face->potassium, foot, -1);
  PutFace(c, e, l->reservoir_k, &face->potassium, foot, 1 / (c->alloy_content * c->reservoir));
  NakPut(e, l->salt, l->salt, -at->salt.dsalt);
}

/* What K from the electrode `of` is to the layer of ions next to it: entries to its own unknowns,
   which are counted from `first`. */
static void LayerJacobian(const NakColumn *c, const NakColumn *of, const Interfaces *at,
                          PetscInt first, NakEntries *e)
{
  const PetscInt  outer = of != c ? 0 : c->ne - 1, layer = NakLayoutPhi(&c->l, outer) - first;
  const PetscReal content = c->ions.content * c->height[outer];

  PutFace(of, e, layer + NAK_LAYER_NA, &at->face.potassium, &at->foot, 1 / content);
  PutFace(of, e, layer + NAK_LAYER_K, &at->face.potassium, &at->foot, -1 / content);
}

/* Cosine of the liquid's contact angle.  The content at the face follows from the current that the
   interphase supplies. */
static NakFaceValue Cosine(const NakColumn *c, const NakCover *over, PetscReal r,
                           const NakFace *face)
{
  const NakVoidsDrive  drive = NakColumnDrive(c, over, face);
  const NakConductance half  = NakColumnConductance(c, over, r);
  NakVoidsDrive        slope;
  NakFaceValue         cosine = {.value = NakVoidsCosine(&c->wetting, &drive, &slope)};

  for (int j = 0; j < NAK_FACE_SIZE; j++) {
    const PetscReal stiffer = j == NAK_FACE_U ? half.slope * face->supply.value / half.value : 0;
    const PetscReal u = (j == NAK_FACE_U ? 1 : 0) - (face->supply.d[j] - stiffer) / half.value;
    const PetscReal i = face->reaction.d[j] + face->over_limit.d[j];

    cosine.d[j] = slope.u * u + slope.load * i * Resistance(c, over);
  }
  return cosine;
}

static void AngleJacobian(const NakColumn *c, const Interfaces *at, const NakFaceValue *cosine,
                          const PetscReal u[], NakEntries *e)
{
  PetscReal turn[NAK_MIX_MOST];

  if (c->zone.voids == 0) return;
  NakZoneTurn(&c->zone, u, turn);
  for (PetscInt k = 1; k <= c->l.phases; k++)
    PutFace(c, e, c->l.alloy + k, cosine, &at->foot, turn[k]);
}

static void ExchangeJacobian(const NakColumn *c, const Interfaces *at, NakEntries *e)
{
  const PetscInt   low = c->l.alloy - 1, high = c->l.alloy, open = c->l.open;
  const PetscReal  below      = at->content * c->interphase.height[c->nf - 1];
  const PetscReal  above      = c->alloy_content * c->alloy.height[0];
  const Exchange  *exchange[] = {&at->liquid, &at->metal};
  const PetscReal *dw[]       = {at->foot.dliquid, at->foot.dmetal};

  for (int k = 0; k < (c->zone.mix.used[NAK_BODY_SOLID_A] ? 2 : 1); k++) {
    const Exchange *ex = exchange[k];

    NakPutFlux(e, low, high, below, above, ex->du, ex->dr * at->foot.dr);
    NakPut(e, low, open, -ex->dopen / below);
    NakPut(e, high, open, ex->dopen / above);
    PutOnFace(c, e, low, -ex->dw / below, dw[k]);
    PutOnFace(c, e, high, ex->dw / above, dw[k]);
  }
}

/* ---- Alloy ---- */

/* Diffusion potential of the liquid in the reservoir, with the slope to the reservoir's mean
   ratio. */
static NakDiffusionPotential ReservoirPotential(const NakColumn *c, PetscReal r)
{
  const PetscReal       liquid = NakColumnLiquid(c, r);
  NakDiffusionPotential D      = NakThermoDiffusion(&c->kinetics.alloy, liquid);

  if (liquid != r) D.d1 = 0;
  return D;
}

/* A flux between two layers is `link` times the difference of their potentials theta. */
static void AlloyResidual(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                          const PetscReal udot[], const PetscReal theta[], PetscReal f[])
{
  const NakLayout *l    = &c->l;
  const PetscReal *link = c->alloy.link, r = u[l->reservoir_na] / u[l->reservoir_k];
  const PetscReal  top = c->na > 0 ? c->diffusivity * ReservoirPotential(c, r).value : 0;
  /* fluxes over the density of K [m/s] */
  PetscReal below = (at->exchange + at->face.over_limit.value) / c->alloy_content;

  for (PetscInt k = 0; k < c->na; k++) {
    const PetscInt  j     = NakLayoutAlloy(l, k);
    const PetscReal next  = k + 1 < c->na ? theta[NakLayoutAlloy(l, k + 1)] : top;
    const PetscReal above = link[k + 1] * (next - theta[j]);

    f[j]  = udot[j] - (above - below) / c->alloy.height[k];
    below = above;
  }
  f[l->reservoir_na] = udot[l->reservoir_na] + below / c->reservoir;
}

static void AlloyJacobian(const NakColumn *c, const PetscReal u[], const PetscReal slope[],
                          NakEntries *e)
{
  const NakLayout *l    = &c->l;
  const PetscReal *link = c->alloy.link, *h = c->alloy.height;
  const PetscInt   top = NakLayoutAlloy(l, c->na - 1), na = l->reservoir_na, nk = l->reservoir_k;
  const PetscReal  r = u[na] / u[nk];
  const PetscReal  g = link[c->na] * c->diffusivity * ReservoirPotential(c, r).d1 / u[nk];

  for (PetscInt k = 0; k + 1 < c->na; k++) {
    const PetscInt j = NakLayoutAlloy(l, k), up = NakLayoutAlloy(l, k + 1);

    NakPutFlux(e, j, up, h[k], h[k + 1], -link[k + 1] * slope[j], link[k + 1] * slope[up]);
  }
  NakPutFlux(e, top, na, h[c->na - 1], c->reservoir, -link[c->na] * slope[top], g);
  NakPut(e, top, nk, g * r / h[c->na - 1]);
  NakPut(e, na, nk, -g * r / c->reservoir);
}

/* ---- The column ---- */

/* Rows of an electrode and of the electrolyte in front of it, without those of its phases and of
   ions. */
static void Rows(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                 const PetscReal udot[], const PetscReal theta[], PetscReal f[])
{
  FaceResidual(c, at, u, udot, f);
  if (c->l.ions == 0) ElectrolyteResidual(c, at, u, f);
  InterphaseResidual(c, at, u, udot, f);
  AlloyResidual(c, at, u, udot, theta, f);
}

static void Entries(const NakColumn *c, const Interfaces *at, const PetscReal u[],
                    const PetscReal slope[], PetscReal shift, NakEntries *e)
{
  FaceJacobian(c, at, shift, e);
  ElectrolyteJacobian(c, at, u, shift, e);
  InterphaseJacobian(c, at, u, shift, e);
  if (!c->kinetics.direct) ExchangeJacobian(c, at, e);
  for (PetscInt j = c->l.alloy; j < c->l.counter; j++) NakPut(e, j, j, shift);
  if (c->na > 0) AlloyJacobian(c, u, slope, e);
}

static void Residual(const void *ctx, PetscInt column, const PetscReal u[], const PetscReal udot[],
                     const PetscReal theta[], PetscReal f[])
{
  const NakColumn    *c    = ctx;
  const NakCover     *over = &c->over[column];
  const NakBath       bath = NakColumnBath(c, u), far = NakColumnFarBath(c, u);
  const Interfaces    at    = InterfacesOf(c, over, FarFlux(c, u), &bath, u);
  const NakVoidsDrive drive = NakColumnDrive(c, over, &at.face);
  const NakZoneFace   face  = {.excess = over->excess,
                               .cosine =
                              c->zone.voids > 0 ? NakVoidsCosine(&c->wetting, &drive, NULL) : 0};
  const PetscInt      k     = c->l.counter;
  Interfaces          there = {.contact = 0}; /* Na metal gives no K */

  Rows(c, &at, u, udot, theta, f);
  NakZoneResidual(&c->zone, &face, u, udot, theta + c->l.size, f);
  if (c->counter != NULL) { /* what leaves one electrode enters the other */
    there = InterfacesOf(c->counter, &NakCounterCover, (Flux){.value = -at.far.value}, &far, u + k);
    Rows(c->counter, &there, u + k, udot + k, theta + k, f + k);
  }
  if (c->l.ions > 0) {
    const NakIonsFaces faces = {
      .far       = at.far.value,
      .potassium = {at.face.potassium.value, there.face.potassium.value},
      .salt      = {at.salt.value,           there.salt.value          }
    };

    NakIonsResidual(c, &faces, u, udot, f);
  }
}

/* Entries of the counter electrode, and those that couple it to the rest by the far current. */
static void CounterJacobian(const NakColumn *c, const Interfaces *at, Flux far, const PetscReal u[],
                            const PetscReal slope[], PetscReal shift, NakEntries *e)
{
  const PetscInt   k = c->l.counter, first = e->n;
  const NakLayout *own = &c->l, *there = &c->counter->l;

  Entries(c->counter, at, u + k, slope + k, shift, e);
  if (own->ions > 0) LayerJacobian(c, c->counter, at, k, e);
  for (PetscInt j = first; j < e->n; j++) {
    e->row[j] += k;
    e->col[j] += k;
  }
  NakPut(e, own->phi, k + there->potential, c->ne > 0 ? far.below : -far.below);
  NakPut(e, own->q_total, k + there->potential, -far.below);
  for (int way = 0; way < 2; way++) {
    const PetscInt row = k + (way == 0 ? there->potential : there->q_total);

    NakPut(e, row, own->phi, far.above);
    NakPut(e, row, k + there->potential, far.below);
  }
}

static void Jacobian(const void *ctx, PetscInt column, const PetscReal u[], const PetscReal slope[],
                     PetscReal shift, NakEntries *e)
{
  const NakColumn *c    = ctx;
  const NakBath    bath = NakColumnBath(c, u), bath_far = NakColumnFarBath(c, u);
  const Flux       far    = FarFlux(c, u);
  const Interfaces at     = InterfacesOf(c, &c->over[column], far, &bath, u);
  const PetscInt   first  = e->n;
  NakFaceValue     cosine = {.value = 0};
  Interfaces       there;

  if (c->zone.voids > 0) cosine = Cosine(c, &c->over[column], at.foot.r, &at.face);
  Entries(c, &at, u, slope, shift, e);
  if (c->l.ions > 0) LayerJacobian(c, c, &at, 0, e);
  AngleJacobian(c, &at, &cosine, u, e);
  NakZoneJacobian(&c->zone, column, &(NakZoneFace){c->over[column].excess, cosine.value}, u, shift,
                  e);
  if (c->counter != NULL) {
    there = InterfacesOf(c->counter, &NakCounterCover, (Flux){.value = -far.value}, &bath_far,
                         u + c->l.counter);
    CounterJacobian(c, &there, far, u, slope, shift, e);
  }
  if (!NakLayoutIsLiquid(&c->l)) return;
  NakBathFace(c, c, 0, u, &at.face, &at.salt, &bath, e);
  if (c->counter != NULL)
    NakBathFace(c, c->counter, c->l.counter, u, &there.face, &there.salt, &bath_far, e);
  NakBathFar(c, far.value, far.below, u, e);
  NakIonsByLean(c, u, first, e);
}

/* Whether the two unknowns belong to adjacent layers of one region.  In the alloy both must be r,
   or both an order parameter above the lowest layer.  The lowest one is left out, because the
   energy of the face couples it to the next. */
static PetscBool Uniform(const void *ctx, PetscInt row, PetscInt col)
{
  const NakLayout *l   = &((const NakColumn *)ctx)->l;
  const PetscInt   low = PetscMin(row, col), high = PetscMax(row, col);
  const NakColumn *counter = ((const NakColumn *)ctx)->counter;
  const PetscInt   next    = low < l->alloy + l->zone * (1 + l->phases) ? 1 + l->phases : 1;

  if (low >= l->counter) return Uniform(counter, row - l->counter, col - l->counter);
  if (high < l->alloy)
    return (PetscBool)(high - low == 1 && (low >= l->interphase ||
                                           (l->ions == 0 && low >= l->phi && high < l->potential)));
  if (low < l->alloy || high >= l->reservoir_na || high - low != next) return PETSC_FALSE;
  return (PetscBool)(NakLayoutIsRatio(l, low)
                       ? NakLayoutIsRatio(l, high)
                       : low >= NakLayoutAlloy(l, 1) && !NakLayoutIsRatio(l, high));
}

/* Typical values: all ratios 1, no phase and no salt. */
static void Typical(const void *ctx, PetscReal u[])
{
  const NakColumn *c = ctx;
  const NakLayout *l = &c->l;

  for (PetscInt j = l->alloy; j < l->reservoir_na; j++) u[j] = NakLayoutIsRatio(l, j) ? 1 : 0;
  for (PetscInt k = 0; k < c->ne && l->ions > 0; k++) u[NakLayoutPhi(l, k) + NAK_LAYER_SALT] = 0;
}

static PetscInt MostEntries(const NakColumn *c)
{
  const PetscInt n = c->zone.phases, far = 6, liquid = 2 * NAK_FACE_SIZE + 64;
  const PetscInt own = 5 * c->l.counter + (10 + n) * NAK_FACE_SIZE + NakZoneMostEntries(&c->zone) +
                       4 * n * n + 30 * n + (NakLayoutIsLiquid(&c->l) ? liquid : 0) +
                       NakIonsMost(c);

  return c->counter != NULL ? own + far + MostEntries(c->counter) : own;
}

NakColumnPhysics NakColumnLinear(const NakColumn *c)
{
  NakColumnPhysics physics = {
    .ctx          = c,
    .most_entries = MostEntries(c),
    .width        = c->l.size + c->l.zone * c->l.phases + NakIonsWidth(c),
    .potentials   = Potentials,
    .residual     = Residual,
    .slopes       = Slopes,
    .typical      = Typical,
    .n_leans      = c->l.zone * c->l.phases + NakIonsLeans(c),
    .leans        = c->all_leans,
    .lean         = NakIonsLean,
    .jacobian     = Jacobian,
    .uniform      = Uniform,
    .shared       = c->zone.shared,
    .lateral      = {c->beside, NakIonsBeside, NakIonsRest}
  };

  NakColumnConserves(c, &physics);
  return physics;
}
