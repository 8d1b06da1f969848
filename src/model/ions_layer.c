/* A layer of a liquid electrolyte: what it holds, and what passes to the next one. */
#include "ions_impl.h"

PetscReal NakIonPores(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  return c->medium[k].porosity - c->ions.salt_volume * u[NakLayoutPhi(&c->l, k) + NAK_LAYER_SALT];
}

NakIonLayer NakIonLayerOf(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  const NakMedium *m     = &c->medium[k];
  const PetscReal *own   = u + NakLayoutPhi(&c->l, k);
  const PetscReal  pores = NakIonPores(c, k, u), closing = c->ions.salt_volume / pores;
  const PetscReal  na = own[NAK_LAYER_NA] / pores, potassium = own[NAK_LAYER_K] / pores;
  const PetscReal  narrow = PetscPowReal(pores, -NAK_BRUGGEMAN);
  NakIonLayer      layer  = {
          .pores   = pores,
          .c       = {na,           potassium,           na + potassium - m->fixed },
          .of_salt = {na * closing, potassium * closing, (na + potassium) * closing}
  };

  for (int i = 0; i < NAK_IONS; i++) {
    layer.half[i]    = c->height[k] / 2 * narrow / m->diffusivity[i];
    layer.stiffer[i] = m->diffusivity[i] > 0 ? NAK_BRUGGEMAN * closing * layer.half[i] : 0;
  }
  return layer;
}

/* ---- At a face ---- */

NakIonEnd NakIonEndOf(const NakColumn *c, PetscBool far)
{
  const PetscInt  out = far ? 0 : c->ne - 1, in = far ? 1 : c->ne - 2;
  const PetscReal beyond = c->height[out] / (c->height[out] + c->height[in]);

  return (NakIonEnd){
    .layer = {out,        in     },
      .weight = {1 + beyond, -beyond}
  };
}

void NakIonFaceConcentrations(const NakColumn *c, const NakIonEnd *end, const PetscReal u[],
                              PetscReal conc[NAK_IONS])
{
  for (int i = 0; i < NAK_IONS; i++) conc[i] = 0;
  for (int s = 0; s < 2; s++) {
    const NakIonLayer layer = NakIonLayerOf(c, end->layer[s], u);

    for (int i = 0; i < NAK_IONS; i++) conc[i] += end->weight[s] * layer.c[i];
  }
}

NakBath NakIonsBath(const NakColumn *c, PetscBool far, const PetscReal u[])
{
  const NakIonEnd end = NakIonEndOf(c, far);
  PetscReal       conc[NAK_IONS];

  NakIonFaceConcentrations(c, &end, u, conc);
  return (NakBath){.sodium    = conc[NAK_ION_NA],
                   .ln_sodium = PetscLogReal(conc[NAK_ION_NA]),
                   .potassium = conc[NAK_ION_K],
                   .anion     = conc[NAK_ION_X]};
}

PetscReal NakIonByUnknown(const NakIonLayer *layer, int ion, int what)
{
  const PetscBool counts =
    (PetscBool)(ion == NAK_ION_X || ion == (what == NAK_LAYER_NA ? NAK_ION_NA : NAK_ION_K));

  if (what == NAK_LAYER_SALT) return layer->of_salt[ion];
  return counts ? 1 / layer->pores : 0;
}

void NakIonsPut(const NakColumn *c, PetscBool far, const PetscReal u[], PetscInt row,
                const PetscReal d[NAK_IONS], NakEntries *e)
{
  const NakIonEnd end = NakIonEndOf(c, far);

  for (int s = 0; s < 2; s++) {
    const NakIonLayer layer = NakIonLayerOf(c, end.layer[s], u);

    for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) {
      PetscReal sum = 0;

      for (int i = 0; i < NAK_IONS; i++) sum += d[i] * NakIonByUnknown(&layer, i, what);
      NakPut(e, row, NakLayoutPhi(&c->l, end.layer[s]) + what, end.weight[s] * sum);
    }
  }
}

/* ---- To the next layer ---- */

PetscReal NakIonDrop(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  return c->kinetics.f * (u[NakLayoutPhi(&c->l, k)] - u[NakLayoutPhi(&c->l, k - 1)]);
}

PetscBool NakIonJumps(const NakColumn *c, PetscInt k)
{
  return (PetscBool)(c->medium[k].fixed != c->medium[k - 1].fixed);
}

void NakIonFluxes(const NakColumn *c, PetscInt k, const NakIonLayer *below,
                  const NakIonLayer *above, PetscReal v, NakIonFlux link[NAK_IONS])
{
  for (int i = 0; i < NAK_IONS; i++)
    link[i] = NakKineticsIonFlux(NakIonCharge(i), below->half[i], above->half[i], below->c[i],
                                 above->c[i], v, NakIonJumps(c, k));
}

/* ---- What a layer gives to the salt and to the liquid beyond ---- */

NakPoreSalt NakPoreSaltOf(const NakColumn *c, const NakIonLayer *layer, PetscInt k, PetscReal salt)
{
  const PetscReal trace = 1e-4, least = 1e-12; /* of what is in the liquid; of S */
  const PetscReal s = c->kinetics.liquid.solubility, open = layer->pores / c->medium[k].porosity;
  const PetscReal K = layer->c[NAK_ION_K], X = layer->c[NAK_ION_X], S = K * X / (s * s);
  const PetscReal root = PetscSqrtReal(PetscMax(S, least)), excess = root - 1;
  const PetscReal there = salt / (salt + trace), part = excess > 0 ? 1 : there;
  const PetscReal rate  = c->ions.rate * open,
                  slope = S > least ? rate * part / (2 * root * s * s) : 0;
  NakPoreSalt R         = {.value = rate * part * excess};

  if (c->ions.rate == 0) return (NakPoreSalt){0};
  for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++)
    R.d[what] = slope * (X * NakIonByUnknown(layer, NAK_ION_K, what) +
                         K * NakIonByUnknown(layer, NAK_ION_X, what));
  R.d[NAK_LAYER_SALT] -= c->ions.rate * c->ions.salt_volume / c->medium[k].porosity * part * excess;
  if (excess <= 0) R.d[NAK_LAYER_SALT] += rate * excess * (1 - there) / (salt + trace);
  return R;
}

PetscReal NakIonExchanged(const NakColumn *c, const NakIonLayer *layer, PetscInt k, int ion,
                          const PetscReal u[])
{
  if (c->medium[k].fixed > 0) return 0;
  return c->height[k] * layer->pores * c->ions.exchange * (u[c->l.excess + ion] - layer->c[ion]);
}
