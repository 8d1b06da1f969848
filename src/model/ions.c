/* A liquid electrolyte in layers: Nernst and Planck's equations for its ions, electroneutral, with
   salt in the pores.  Equations and sources are in docs/model.md.

   Concentrations are over that of Na+ at the start.  A molar flux is over it, too [m/s], and
   positive downwards.  The unknowns of a layer are phi and, per volume of the layer, the amounts of
   Na+, K+ and salt.  The anion follows from electroneutrality. */
#include "column.h"

static const PetscReal charge[NAK_IONS] = {1, 1, -1};

/* ---- A layer, and the link of two ---- */

typedef struct {
  PetscReal pores;             /* share of the layer that is liquid */
  PetscReal c[NAK_IONS];       /* in the liquid, */
  PetscReal of_salt[NAK_IONS]; /* and its derivative to the salt */
  PetscReal half[NAK_IONS];    /* resistance of half the layer [s/m]; infinite where none passes, */
  PetscReal stiffer[NAK_IONS]; /* and its derivative to the salt */
} Layer;

static PetscReal Pores(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  return c->medium[k].porosity - c->ions.salt_volume * u[NakLayoutPhi(&c->l, k) + NAK_LAYER_SALT];
}

static Layer LayerOf(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  const NakMedium *m     = &c->medium[k];
  const PetscReal *own   = u + NakLayoutPhi(&c->l, k);
  const PetscReal  pores = Pores(c, k, u), closing = c->ions.salt_volume / pores;
  const PetscReal  na = own[NAK_LAYER_NA] / pores, potassium = own[NAK_LAYER_K] / pores;
  Layer            layer = {
               .pores   = pores,
               .c       = {na,           potassium,           na + potassium - m->fixed },
               .of_salt = {na * closing, potassium * closing, (na + potassium) * closing}
  };

  for (int i = 0; i < NAK_IONS; i++) {
    layer.half[i]    = c->height[k] / 2 * PetscPowReal(pores, -NAK_BRUGGEMAN) / m->diffusivity[i];
    layer.stiffer[i] = m->diffusivity[i] > 0 ? NAK_BRUGGEMAN * closing * layer.half[i] : 0;
  }
  return layer;
}

/* A flux with its derivatives to the concentrations and resistances below and above, and to the
   drop v of f phi from above to below. */
typedef struct {
  PetscReal value, below, above, v, r_below, r_above;
} Link;

/* x / (e^x - 1), and its derivative. */
static PetscReal Bernoulli(PetscReal x, PetscReal *slope)
{
  const PetscReal near = 1e-3, rest = PetscExpReal(x) - 1;

  if (PetscAbsReal(x) < near) {
    *slope = -0.5 + x / 6;
    return 1 - x / 2 + x * x / 12;
  }
  *slope = (1 - x * (1 + rest) / rest) / rest;
  return x / rest;
}

/* J = g [ c_a - c_b + z v (c_a + c_b) / 2 ] within one medium.  Where two media meet, c and phi
   jump: there the flux is that of a constant field, which is 0 in equilibrium (D. L. Scharfetter,
   H. K. Gummel, IEEE Trans. Electron Devices 16 (1969) 64). */
static Link LinkOf(PetscReal z, PetscReal r_b, PetscReal r_a, PetscReal c_b, PetscReal c_a,
                   PetscReal v, PetscBool jump)
{
  const PetscReal g = 1 / (r_b + r_a), mean = (c_a + c_b) / 2;
  PetscReal       up = 1 + z * v / 2, down = 1 - z * v / 2, by_v = z * mean, db, da;
  Link            link;

  if (g == 0) return (Link){0};
  if (jump) {
    up   = Bernoulli(-z * v, &da);
    down = Bernoulli(z * v, &db);
    by_v = -z * (da * c_a + db * c_b);
  }
  link         = (Link){.value = g * (up * c_a - down * c_b), .below = -g * down, .above = g * up};
  link.v       = g * by_v;
  link.r_below = link.r_above = -g * link.value;
  return link;
}

/* Charge that a unit of flux carries, in A/m2. */
static PetscReal Carried(const NakColumn *c, int ion)
{
  return c->ions.content * charge[ion];
}

/* ---- The two ends ---- */

/* The concentrations at a face follow from the two layers next to it by a straight line: `weight`
   is that of layers layer[0], at the face, and layer[1]. */
typedef struct {
  PetscInt  layer[2];
  PetscReal weight[2];
} End;

static End EndOf(const NakColumn *c, PetscBool far)
{
  const PetscInt  out = far ? 0 : c->ne - 1, in = far ? 1 : c->ne - 2;
  const PetscReal beyond = c->height[out] / (c->height[out] + c->height[in]);

  return (End){
    .layer = {out,        in     },
      .weight = {1 + beyond, -beyond}
  };
}

static void FaceConcentrations(const NakColumn *c, const End *end, const PetscReal u[],
                               PetscReal conc[NAK_IONS])
{
  for (int i = 0; i < NAK_IONS; i++) conc[i] = 0;
  for (int s = 0; s < 2; s++) {
    const Layer layer = LayerOf(c, end->layer[s], u);

    for (int i = 0; i < NAK_IONS; i++) conc[i] += end->weight[s] * layer.c[i];
  }
}

NakBath NakIonsBath(const NakColumn *c, PetscBool far, const PetscReal u[])
{
  const End end = EndOf(c, far);
  PetscReal conc[NAK_IONS];

  FaceConcentrations(c, &end, u, conc);
  return (NakBath){.sodium    = conc[NAK_ION_NA],
                   .ln_sodium = PetscLogReal(conc[NAK_ION_NA]),
                   .potassium = conc[NAK_ION_K],
                   .anion     = conc[NAK_ION_X]};
}

/* What a unit of amount of Na+, of K+ or of salt in a layer does to the concentration of an ion. */
static PetscReal Concentration(const Layer *layer, int ion, int what)
{
  const PetscBool counts =
    (PetscBool)(ion == NAK_ION_X || ion == (what == NAK_LAYER_NA ? NAK_ION_NA : NAK_ION_K));

  if (what == NAK_LAYER_SALT) return layer->of_salt[ion];
  return counts ? 1 / layer->pores : 0;
}

void NakIonsPut(const NakColumn *c, PetscBool far, const PetscReal u[], PetscInt row,
                const PetscReal d[NAK_IONS], NakEntries *e)
{
  const End end = EndOf(c, far);

  for (int s = 0; s < 2; s++) {
    const Layer layer = LayerOf(c, end.layer[s], u);

    for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) {
      PetscReal sum = 0;

      for (int i = 0; i < NAK_IONS; i++) sum += d[i] * Concentration(&layer, i, what);
      NakPut(e, row, NakLayoutPhi(&c->l, end.layer[s]) + what, end.weight[s] * sum);
    }
  }
}

/* The half layer between a face and the layer next to it, as a link from far below or near above.
   Its current [A/m2] at the drop v; `d` are its derivatives to the concentrations at the face and
   in the layer, and to the salt of the layer by its resistance. */
typedef struct {
  PetscReal current, v, face[NAK_IONS], layer[NAK_IONS], salt;
} HalfLink;

static HalfLink HalfOf(const NakColumn *c, PetscBool far, const PetscReal u[], PetscReal v)
{
  const End   end   = EndOf(c, far);
  const Layer layer = LayerOf(c, end.layer[0], u);
  PetscReal   conc[NAK_IONS];
  HalfLink    half = {0};

  FaceConcentrations(c, &end, u, conc);
  for (int i = 0; i < NAK_IONS; i++) {
    const PetscReal r = layer.half[i], b = far ? conc[i] : layer.c[i];
    const Link      link =
      LinkOf(charge[i], far ? 0 : r, far ? r : 0, b, far ? layer.c[i] : conc[i], v, PETSC_FALSE);

    half.current += Carried(c, i) * link.value;
    half.v += Carried(c, i) * link.v;
    half.face[i]  = Carried(c, i) * (far ? link.below : link.above);
    half.layer[i] = Carried(c, i) * (far ? link.above : link.below);
    half.salt += Carried(c, i) * link.r_below * layer.stiffer[i];
  }
  return half;
}

/* Entries of that current in `row`, times `scale`, without those to potentials. */
static void PutHalf(const NakColumn *c, PetscBool far, const HalfLink *half, const PetscReal u[],
                    PetscInt row, PetscReal scale, NakEntries *e)
{
  const End      end   = EndOf(c, far);
  const Layer    layer = LayerOf(c, end.layer[0], u);
  const PetscInt own   = NakLayoutPhi(&c->l, end.layer[0]);
  PetscReal      face[NAK_IONS];

  for (int i = 0; i < NAK_IONS; i++) face[i] = scale * half->face[i];
  NakIonsPut(c, far, u, row, face, e);
  for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) {
    PetscReal sum = what == NAK_LAYER_SALT ? half->salt : 0;

    for (int i = 0; i < NAK_IONS; i++) sum += half->layer[i] * Concentration(&layer, i, what);
    NakPut(e, row, own + what, scale * sum);
  }
}

/* ---- The current through the far face under a held voltage ---- */

static PetscReal Metal(const NakColumn *c, const PetscReal u[])
{
  return c->counter != NULL ? 0 : NakIonsBath(c, PETSC_TRUE, u).ln_sodium / c->kinetics.f;
}

/* The far half layer is an electromotive force over a conductance.  Na metal as the counter
   electrode has the potential of its ions. */
NakIonsFar NakIonsFarOf(const NakColumn *c, const PetscReal u[])
{
  const HalfLink  half = HalfOf(c, PETSC_TRUE, u, 0);
  const PetscReal f    = c->kinetics.f;

  return (NakIonsFar){
    .resistance = 1 / (f * half.v), .emf = half.current / (f * half.v), .metal = Metal(c, u)};
}

/* The rows in which the far current counts, with their factors; the first one is that of Na+ in the
   far layer. */
enum { FAR_ROWS = 5 };

static int FarRows(const NakColumn *c, PetscInt row[FAR_ROWS], PetscReal scale[FAR_ROWS])
{
  const NakLayout *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;

  row[0]   = l->phi + NAK_LAYER_NA;
  scale[0] = 1 / (c->ions.content * c->height[0]);
  row[1]   = l->phi;
  row[2]   = l->q_total;
  scale[2] = -1;
  scale[1] = scale[3] = scale[4] = 1;
  if (there == NULL) return 3;
  row[3] = l->counter + there->potential;
  row[4] = l->counter + there->q_total;
  return FAR_ROWS;
}

/* The far current I obeys I (R + 1/G) = V + E + phi + emf + metal. */
void NakIonsFarPut(const NakColumn *c, PetscReal current, PetscReal conductance,
                   const PetscReal u[], NakEntries *e)
{
  const NakLayout *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;
  const NakIonsFar far  = NakIonsFarOf(c, u);
  const PetscReal  f    = c->kinetics.f;
  const HalfLink   half = HalfOf(c, PETSC_TRUE, u, f * (current * far.resistance - far.emf));
  const PetscReal  na   = NakIonsBath(c, PETSC_TRUE, u).sodium;
  PetscReal        scale[FAR_ROWS], salt[NAK_ELECTRODES] = {0};
  PetscInt         row[FAR_ROWS];
  const int        rows = FarRows(c, row, scale);

  for (int k = 0; k < rows; k++) {
    const PetscReal metal[NAK_IONS] = {there == NULL ? scale[k] * conductance / (f * na) : 0};

    PutHalf(c, PETSC_TRUE, &half, u, row[k], scale[k] * conductance * far.resistance, e);
    NakIonsPut(c, PETSC_TRUE, u, row[k], metal, e);
  }
  (void)NakColumnSaltResistance(c, u, salt);
  NakPut(e, row[0], l->phi, scale[0] * conductance);
  NakPut(e, row[0], l->salt, -scale[0] * conductance * current * salt[0]);
  if (there == NULL) return;
  NakPut(e, row[0], l->counter + there->potential, scale[0] * conductance);
  NakPut(e, row[0], l->counter + there->salt, -scale[0] * conductance * current * salt[1]);
}

/* ---- Fluxes between layers ---- */

static PetscReal Drop(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  return c->kinetics.f * (u[NakLayoutPhi(&c->l, k)] - u[NakLayoutPhi(&c->l, k - 1)]);
}

static PetscBool Jumps(const NakColumn *c, PetscInt k)
{
  return (PetscBool)(c->medium[k].fixed != c->medium[k - 1].fixed);
}

/* The links of all ions through the face below layer k > 0. */
static void LinksOf(const NakColumn *c, PetscInt k, const Layer *below, const Layer *above,
                    PetscReal v, Link link[NAK_IONS])
{
  for (int i = 0; i < NAK_IONS; i++)
    link[i] =
      LinkOf(charge[i], below->half[i], above->half[i], below->c[i], above->c[i], v, Jumps(c, k));
}

/* The salt KX in the pores precipitates by its own driving force, and dissolves where it is:

       R = k (pores / porosity) (sqrt S - 1),     S = c_K c_X / s^2. */
typedef struct {
  PetscReal value, d[NAK_LAYER_END]; /* [1/s]; to the amounts of Na+, K+ and salt */
} Precipitation;

static Precipitation PrecipitationOf(const NakColumn *c, const Layer *layer, PetscInt k,
                                     PetscReal salt)
{
  const PetscReal trace = 1e-4, least = 1e-12; /* of what is in the liquid; of S */
  const PetscReal s = c->kinetics.liquid.solubility, open = layer->pores / c->medium[k].porosity;
  const PetscReal K = layer->c[NAK_ION_K], X = layer->c[NAK_ION_X], S = K * X / (s * s);
  const PetscReal root = PetscSqrtReal(PetscMax(S, least)), excess = root - 1;
  const PetscReal there = salt / (salt + trace), part = excess > 0 ? 1 : there;
  const PetscReal rate  = c->ions.rate * open,
                  slope = S > least ? rate * part / (2 * root * s * s) : 0;
  Precipitation R       = {.value = rate * part * excess};

  if (c->ions.rate == 0) return (Precipitation){0};
  for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++)
    R.d[what] = slope * (X * Concentration(layer, NAK_ION_K, what) +
                         K * Concentration(layer, NAK_ION_X, what));
  R.d[NAK_LAYER_SALT] -= c->ions.rate * c->ions.salt_volume / c->medium[k].porosity * part * excess;
  if (excess <= 0) R.d[NAK_LAYER_SALT] += rate * excess * (1 - there) / (salt + trace);
  return R;
}

/* What the pores of a layer take from the liquid beyond it, of one ion: h pores (c' - c) / time. */
static PetscReal Exchanged(const NakColumn *c, const Layer *layer, PetscInt k, int ion,
                           const PetscReal u[])
{
  if (c->medium[k].fixed > 0) return 0;
  return c->height[k] * layer->pores * c->ions.exchange * (u[c->l.excess + ion] - layer->c[ion]);
}

/* ---- Residual ---- */

/* What the electrodes give to the layer next to them: K+ and, in A/m2, all of the current. */
static void Ends(const NakColumn *c, const NakIonsFaces *at, PetscReal near, PetscReal f[])
{
  const PetscInt  top  = NakLayoutPhi(&c->l, c->ne - 1);
  const PetscReal high = c->ions.content * c->height[c->ne - 1],
                  low  = c->ions.content * c->height[0];

  f[top + NAK_LAYER_NA] -= (near - at->potassium[0]) / high;
  f[top + NAK_LAYER_K] -= (at->potassium[0] - NAK_FARADAY * at->salt[0]) / high;
  f[c->l.phi + NAK_LAYER_NA] += (at->far + at->potassium[1]) / low;
  f[c->l.phi + NAK_LAYER_K] -= (at->potassium[1] - NAK_FARADAY * at->salt[1]) / low;
}

/* Rows of a layer without its fluxes, and what it takes from the excess. */
static void Own(const NakColumn *c, PetscInt k, const Layer *layer, const PetscReal u[],
                const PetscReal udot[], PetscReal f[])
{
  const PetscInt      j = NakLayoutPhi(&c->l, k);
  const Precipitation R = PrecipitationOf(c, layer, k, u[j + NAK_LAYER_SALT]);

  f[j + NAK_LAYER_NA]   = udot[j + NAK_LAYER_NA];
  f[j + NAK_LAYER_K]    = udot[j + NAK_LAYER_K] + R.value;
  f[j + NAK_LAYER_SALT] = udot[j + NAK_LAYER_SALT] - R.value;
  for (int i = 0; i < NAK_ION_X && c->ions.excess > 0; i++) {
    const PetscReal taken = Exchanged(c, layer, k, i, u);

    f[j + NAK_LAYER_NA + i] -= taken / c->height[k];
    f[c->l.excess + i] += taken / c->ions.excess;
  }
}

/* Between layers k - 1 and k.  Returns the current. */
static PetscReal Between(const NakColumn *c, PetscInt k, const Layer *below, const Layer *above,
                         const PetscReal u[], PetscReal f[])
{
  PetscReal current = 0;
  Link      link[NAK_IONS];

  LinksOf(c, k, below, above, Drop(c, k, u), link);
  for (int i = 0; i < NAK_IONS; i++) current += Carried(c, i) * link[i].value;
  for (int i = 0; i < NAK_ION_X; i++) {
    f[NakLayoutPhi(&c->l, k - 1) + NAK_LAYER_NA + i] -= link[i].value / c->height[k - 1];
    f[NakLayoutPhi(&c->l, k) + NAK_LAYER_NA + i] += link[i].value / c->height[k];
  }
  return current;
}

/* Drop of f phi over the half layer at the near face. */
static PetscReal NearDrop(const NakColumn *c, const PetscReal u[])
{
  return c->kinetics.f * (-u[c->l.potential] - u[NakLayoutPhi(&c->l, c->ne - 1)]);
}

void NakIonsResidual(const NakColumn *c, const NakIonsFaces *at, const PetscReal u[],
                     const PetscReal udot[], PetscReal f[])
{
  const NakLayout *l     = &c->l;
  const PetscReal  near  = HalfOf(c, PETSC_FALSE, u, NearDrop(c, u)).current;
  PetscReal        lower = at->far;
  Layer            below = LayerOf(c, 0, u);

  for (int i = 0; i < NAK_ION_X; i++) f[l->excess + i] = udot[l->excess + i];
  Own(c, 0, &below, u, udot, f);
  for (PetscInt k = 1; k < c->ne; k++) {
    const Layer above = LayerOf(c, k, u);
    PetscReal   upper;

    Own(c, k, &above, u, udot, f);
    upper                     = Between(c, k, &below, &above, u, f);
    f[NakLayoutPhi(l, k - 1)] = lower - upper;
    lower                     = upper;
    below                     = above;
  }
  f[NakLayoutPhi(l, c->ne - 1)] = lower - near;
  f[l->potential] -= near;
  Ends(c, at, near, f);
}

/* ---- Entries ---- */

/* Entries of a layer without its fluxes. */
static void OwnEntries(const NakColumn *c, PetscInt k, const Layer *layer, const PetscReal u[],
                       PetscReal shift, NakEntries *e)
{
  const PetscInt      j = NakLayoutPhi(&c->l, k);
  const Precipitation R = PrecipitationOf(c, layer, k, u[j + NAK_LAYER_SALT]);

  for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) {
    NakPut(e, j + what, j + what, shift);
    NakPut(e, j + NAK_LAYER_K, j + what, R.d[what]);
    NakPut(e, j + NAK_LAYER_SALT, j + what, -R.d[what]);
  }
  for (int i = 0; i < NAK_ION_X;
       i++) { /* h pores (c' - c) / time, in which pores c is the amount */
    const PetscInt  row = j + NAK_LAYER_NA + i, other = c->l.excess + i;
    const PetscReal g        = c->medium[k].fixed > 0 || c->ions.excess == 0 ? 0 : c->ions.exchange;
    const PetscReal to_other = c->ions.excess > 0 ? c->height[k] / c->ions.excess : 0;
    const PetscReal salt     = -g * c->ions.salt_volume * u[other];

    NakPut(e, row, row, g);
    NakPut(e, row, other, -g * layer->pores);
    NakPut(e, row, j + NAK_LAYER_SALT, -salt);
    NakPut(e, other, row, -g * to_other);
    NakPut(e, other, other, g * layer->pores * to_other);
    NakPut(e, other, j + NAK_LAYER_SALT, salt * to_other);
  }
}

/* Derivative of a link's flux to unknown `what` of one of its layers. */
static PetscReal ByUnknown(const Link *link, const Layer *layer, int ion, int what, PetscBool above)
{
  const PetscReal by_c = above ? link->above : link->below;
  const PetscReal by_r = above ? link->r_above : link->r_below;

  return by_c * Concentration(layer, ion, what) +
         (what == NAK_LAYER_SALT ? by_r * layer->stiffer[ion] : 0);
}

/* Entries of a flux and of the current through the face below layer k, in column `col`. */
static void PutFluxes(const NakColumn *c, PetscInt k, PetscInt col, const PetscReal flux[NAK_IONS],
                      NakEntries *e)
{
  const PetscInt low = NakLayoutPhi(&c->l, k - 1), high = NakLayoutPhi(&c->l, k);
  PetscReal      current = 0;

  for (int i = 0; i < NAK_IONS; i++) current += Carried(c, i) * flux[i];
  NakPut(e, low, col, -current);
  NakPut(e, high, col, current);
  for (int i = 0; i < NAK_ION_X; i++) {
    NakPut(e, low + NAK_LAYER_NA + i, col, -flux[i] / c->height[k - 1]);
    NakPut(e, high + NAK_LAYER_NA + i, col, flux[i] / c->height[k]);
  }
}

static void BetweenEntries(const NakColumn *c, PetscInt k, const Layer pair[2], const PetscReal u[],
                           NakEntries *e)
{
  Link      link[NAK_IONS];
  PetscReal flux[NAK_IONS];

  LinksOf(c, k, &pair[0], &pair[1], Drop(c, k, u), link);
  for (int side = 0; side < 2; side++) {
    const PetscInt j = NakLayoutPhi(&c->l, k - 1 + side);

    for (int i = 0; i < NAK_IONS; i++) flux[i] = (side ? 1 : -1) * c->kinetics.f * link[i].v;
    PutFluxes(c, k, j, flux, e);
    for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) {
      for (int i = 0; i < NAK_IONS; i++)
        flux[i] = ByUnknown(&link[i], &pair[side], i, what, (PetscBool)side);
      PutFluxes(c, k, j + what, flux, e);
    }
  }
}

/* The current into the near face. */
static void NearEntries(const NakColumn *c, const PetscReal u[], NakEntries *e)
{
  const PetscInt  top = NakLayoutPhi(&c->l, c->ne - 1), E = c->l.potential;
  const PetscInt  row[]   = {top, E, top + NAK_LAYER_NA};
  const PetscReal scale[] = {-1, -1, -1 / (c->ions.content * c->height[c->ne - 1])};
  const HalfLink  half    = HalfOf(c, PETSC_FALSE, u, NearDrop(c, u));

  for (int k = 0; k < 3; k++) {
    PutHalf(c, PETSC_FALSE, &half, u, row[k], scale[k], e);
    NakPut(e, row[k], top, -scale[k] * c->kinetics.f * half.v);
    NakPut(e, row[k], E, -scale[k] * c->kinetics.f * half.v);
  }
}

void NakIonsJacobian(const NakColumn *c, const PetscReal u[], PetscReal shift, NakEntries *e)
{
  Layer pair[2] = {LayerOf(c, 0, u)};

  OwnEntries(c, 0, &pair[0], u, shift, e);
  for (PetscInt k = 1; k < c->ne; k++) {
    pair[1] = LayerOf(c, k, u);
    OwnEntries(c, k, &pair[1], u, shift, e);
    BetweenEntries(c, k, pair, u, e);
    pair[0] = pair[1];
  }
  NearEntries(c, u, e);
}

PetscInt NakIonsMost(const NakColumn *c)
{
  const PetscInt layer = 21, link = 48, half = 11, rate = 64;

  const PetscInt most = c->ne * (layer + link) + (3 + 2 * FAR_ROWS) * half + 8 * rate;

  return c->l.ions > 0 ? 2 * most : 0; /* at most one more each, by leans */
}

/* ---- Beside each other ---- */

PetscErrorCode NakIonsCreate(PetscInt columns, NakColumn *c)
{
  const NakLayout *l    = &c->l;
  const PetscInt   zone = l->zone * l->phases;

  PetscFunctionBeginUser;
  c->ion_leans = l->ions > 0 && columns > 1 ? c->ne : 0;
  PetscCall(PetscMalloc2(c->ne, &c->medium, zone + c->ion_leans, &c->all_leans));
  PetscCall(PetscArraycpy(c->all_leans, c->zone.leans, zone));
  for (PetscInt k = 0; k < c->ion_leans; k++)
    c->all_leans[zone + k] =
      (NakLean){.of = NakLayoutPhi(l, k) + NAK_LAYER_NA, .by = NakLayoutPhi(l, k)};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Slope of the potential of an ion to its amount in layer k, as of the liquid of the start. */
static PetscReal Mobility(const NakColumn *c, PetscInt k, int ion)
{
  const NakMedium *m = &c->medium[k];

  return m->diffusivity[ion] * PetscPowReal(m->porosity, NAK_BRUGGEMAN - 1);
}

/* Amount of Na+ that migrates as a unit of phi does: all that there is at the start. */
static PetscReal Lean(const NakColumn *c, PetscInt k)
{
  return -c->kinetics.f * (c->medium[k].fixed > 0 ? c->medium[k].fixed : c->medium[k].porosity);
}

/* Na+ and the anion carry the current. */
void NakIonsSlopes(const NakColumn *c, PetscReal slope[])
{
  for (PetscInt k = 0; k < c->ion_leans; k++) {
    const PetscInt  j       = NakLayoutPhi(&c->l, k);
    const PetscReal carried = c->ions.content * -Lean(c, k) * c->height[k];

    for (int i = 0; i < NAK_ION_X; i++) slope[j + NAK_LAYER_NA + i] = Mobility(c, k, i);
    slope[j] = c->spreading * carried * (Mobility(c, k, NAK_ION_NA) + Mobility(c, k, NAK_ION_X));
  }
  if (c->ion_leans == 0 || c->ions.excess == 0) return;
  for (int i = 0; i < NAK_ION_X; i++) slope[c->l.excess + i] = c->medium[0].diffusivity[i];
}

void NakIonsPotentials(const NakColumn *c, const PetscReal u[], PetscReal theta[])
{
  if (c->ion_leans == 0) return;
  NakIonsSlopes(c, theta);
  for (PetscInt k = 0; k < c->ion_leans; k++) {
    const PetscInt  j   = NakLayoutPhi(&c->l, k);
    const PetscReal phi = u[j];

    theta[j] *= phi / c->spreading;
    theta[j + NAK_LAYER_NA] *= u[j + NAK_LAYER_NA] - Lean(c, k) * phi;
    theta[j + NAK_LAYER_K] *= u[j + NAK_LAYER_K];
  }
  for (int i = 0; i < NAK_ION_X; i++) theta[c->l.excess + i] *= u[c->l.excess + i];
}

void NakIonsLean(const void *ctx, const PetscReal u[], PetscReal lean[])
{
  const NakColumn *c    = ctx;
  const PetscInt   zone = c->l.zone * c->l.phases;

  (void)u;
  NakZoneLean(&c->zone, lean);
  for (PetscInt k = 0; k < c->ion_leans; k++) lean[zone + k] = Lean(c, k);
}

/* An entry to the amount of Na+ is one to what it leans on, too. */
void NakIonsByLean(const NakColumn *c, PetscInt first, NakEntries *e)
{
  const PetscInt last = e->n, pitch = 1 + c->l.ions, begin = c->l.phi + NAK_LAYER_NA;

  for (PetscInt n = first; n < last && c->ion_leans > 0; n++) {
    const PetscInt k = (e->col[n] - begin) / pitch;

    if (e->col[n] >= begin && e->col[n] < c->l.potential && (e->col[n] - begin) % pitch == 0)
      NakPut(e, e->row[n], e->col[n] - NAK_LAYER_NA, e->value[n] * Lean(c, k));
  }
}

/* ---- What is seen from outside ---- */

/* Drop of f phi over links that together pass `current`, by Newton's method: a link within a medium
   is linear.  `slope` is that of the current. */
static PetscReal DropAt(const NakColumn *c, PetscInt k, const Layer pair[2], PetscReal current,
                        PetscReal *slope)
{
  const PetscReal enough = 1e-13, longest = 2;
  PetscReal       v = 0;

  for (int n = 0; n < 200; n++) {
    Link      link[NAK_IONS];
    PetscReal lacks = current, step;

    LinksOf(c, k, &pair[0], &pair[1], v, link);
    *slope = 0;
    for (int i = 0; i < NAK_IONS; i++) {
      lacks -= Carried(c, i) * link[i].value;
      *slope += Carried(c, i) * link[i].v;
    }
    step = PetscMax(-longest, PetscMin(lacks / *slope, longest));
    v += step;
    if (PetscAbsReal(step) <= enough * PetscMax(1, PetscAbsReal(v))) return v;
  }
  return NAN;
}

/* Voltage over the electrolyte at a current that is the same in all layers, and its slope. */
NakIonsDrop NakIonsDropOf(const NakColumn *c, PetscReal current, const PetscReal u[])
{
  const PetscReal f       = c->kinetics.f;
  Layer           pair[2] = {LayerOf(c, 0, u)};
  NakIonsDrop     drop    = {.value = -Metal(c, u)};

  for (int far = 0; far < 2; far++) {
    const HalfLink half = HalfOf(c, (PetscBool)far, u, 0);

    drop.value += (current - half.current) / (f * half.v);
    drop.slope += 1 / (f * half.v);
  }
  for (PetscInt k = 1; k < c->ne; k++) {
    PetscReal slope;

    pair[1] = LayerOf(c, k, u);
    drop.value += DropAt(c, k, pair, current, &slope) / f;
    drop.slope += 1 / (f * slope);
    pair[0] = pair[1];
  }
  return drop;
}

/* How it depends on the unknowns of the column. */
void NakIonsDropSlopes(const NakColumn *c, PetscReal current, const PetscReal u[],
                       PetscReal weight[])
{
  const PetscReal h = 1e-6;
  PetscReal      *v = weight + c->l.size;

  for (PetscInt j = 0; j < c->l.size; j++) weight[j] = 0;
  for (PetscInt j = 0; j < c->l.size; j++) v[j] = u[j];
  for (PetscInt k = 0; k < c->ne; k++)
    for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) {
      const PetscInt  j    = NakLayoutPhi(&c->l, k) + what;
      const PetscReal step = h * PetscMax(u[j], 1e-3);
      PetscReal       side[2];

      for (int s = 0; s < 2; s++) {
        v[j]    = u[j] + (s ? step : -step);
        side[s] = NakIonsDropOf(c, current, v).value;
      }
      v[j]      = u[j];
      weight[j] = (side[1] - side[0]) / (2 * step);
    }
}

PetscReal NakIonsCurrent(const NakColumn *c, const PetscReal u[])
{
  const Layer below = LayerOf(c, 0, u), above = LayerOf(c, 1, u);
  PetscReal   current = 0;
  Link        link[NAK_IONS];

  LinksOf(c, 1, &below, &above, Drop(c, 1, u), link);
  for (int i = 0; i < NAK_IONS; i++) current += Carried(c, i) * link[i].value;
  return current;
}

PetscReal NakIonsConcentration(const NakColumn *c, int ion, PetscInt k, const PetscReal u[])
{
  return LayerOf(c, k, u).c[ion];
}

PetscReal NakIonsPorosity(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  return Pores(c, k, u);
}

NakIonsRoom NakIonsAmounts(const NakColumn *c, const PetscReal u[], PetscReal sum[NAK_LAYER_END])
{
  const PetscReal *beyond = u + c->l.excess;
  NakIonsRoom      room   = {.pristine = c->ions.excess, .now = c->ions.excess};

  room.na = sum[NAK_LAYER_NA] = c->ions.excess * beyond[NAK_ION_NA];
  room.k = sum[NAK_LAYER_K] = c->ions.excess * beyond[NAK_ION_K];
  sum[0] = sum[NAK_LAYER_SALT] = 0;
  for (PetscInt k = 0; k < c->ne; k++) {
    const PetscReal *own = u + NakLayoutPhi(&c->l, k), h = c->height[k];

    for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) sum[what] += h * own[what];
    if (c->medium[k].fixed > 0) continue;
    room.pristine += h * c->medium[k].porosity;
    room.now += h * Pores(c, k, u);
    room.na += h * own[NAK_LAYER_NA];
    room.k += h * own[NAK_LAYER_K];
  }
  return room;
}

PetscBool NakIonsLeft(const NakColumn *c, const PetscReal u[])
{
  for (PetscInt k = 0; k < c->ne; k++)
    if (Pores(c, k, u) <= 0) return PETSC_FALSE;
  for (int far = 0; far < 2; far++)
    if (!(NakIonsBath(c, (PetscBool)far, u).sodium > 0)) return PETSC_FALSE;
  for (PetscInt k = 1; k < c->ne && c->control.hold == NAK_HOLD_CURRENT; k++) {
    const Layer pair[2] = {LayerOf(c, k - 1, u), LayerOf(c, k, u)};
    PetscReal   slope;

    if (!Jumps(c, k)) continue; /* any voltage does within one medium */
    if (PetscIsInfOrNanReal(DropAt(c, k, pair, c->control.value, &slope))) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* In a membrane the anions are fixed, and all cations are Na+.  Its potential is that of Donnan's
   equilibrium with the liquid. */
void NakIonsPristine(const NakColumn *c, PetscReal u[])
{
  for (PetscInt k = 0; k < c->ne; k++) {
    const NakMedium *m   = &c->medium[k];
    PetscReal       *own = u + NakLayoutPhi(&c->l, k);

    own[NAK_LAYER_NA] = m->fixed > 0 ? m->fixed : m->porosity;
    if (m->fixed > 0) own[0] -= PetscLogReal(m->fixed) / c->kinetics.f;
  }
  u[c->l.excess] = 1;
}
