/* A liquid electrolyte in layers: Nernst and Planck's equations for its ions, electroneutral, with
   salt in the pores: residual and Jacobian. */
#include "ions_impl.h"

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
static void Own(const NakColumn *c, PetscInt k, const NakIonLayer *layer, const PetscReal u[],
                const PetscReal udot[], PetscReal f[])
{
  const PetscInt    j = NakLayoutPhi(&c->l, k);
  const NakPoreSalt R = NakPoreSaltOf(c, layer, k, u[j + NAK_LAYER_SALT]);

  f[j + NAK_LAYER_NA]   = udot[j + NAK_LAYER_NA];
  f[j + NAK_LAYER_K]    = udot[j + NAK_LAYER_K] + R.value;
  f[j + NAK_LAYER_SALT] = udot[j + NAK_LAYER_SALT] - R.value;
  for (int i = 0; i < NAK_ION_X && c->ions.excess > 0; i++) {
    const PetscReal taken = NakIonExchanged(c, layer, k, i, u);

    f[j + NAK_LAYER_NA + i] -= taken / c->height[k];
    f[c->l.excess + i] += taken / c->ions.excess;
  }
}

/* Between layers k - 1 and k.  Returns the current. */
static PetscReal Between(const NakColumn *c, PetscInt k, const NakIonLayer *below,
                         const NakIonLayer *above, const PetscReal u[], PetscReal f[])
{
  PetscReal  current = 0;
  NakIonFlux link[NAK_IONS];

  NakIonFluxes(c, k, below, above, NakIonDrop(c, k, u), link);
  for (int i = 0; i < NAK_IONS; i++) current += NakIonCarried(c, i) * link[i].value;
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
  const PetscReal  near  = NakIonHalfOf(c, PETSC_FALSE, u, NearDrop(c, u)).current;
  PetscReal        lower = at->far;
  NakIonLayer      below = NakIonLayerOf(c, 0, u);

  for (int i = 0; i < NAK_ION_X; i++) f[l->excess + i] = udot[l->excess + i];
  Own(c, 0, &below, u, udot, f);
  for (PetscInt k = 1; k < c->ne; k++) {
    const NakIonLayer above = NakIonLayerOf(c, k, u);
    PetscReal         upper;

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
static void OwnEntries(const NakColumn *c, PetscInt k, const NakIonLayer *layer,
                       const PetscReal u[], PetscReal shift, NakEntries *e)
{
  const PetscInt    j = NakLayoutPhi(&c->l, k);
  const NakPoreSalt R = NakPoreSaltOf(c, layer, k, u[j + NAK_LAYER_SALT]);

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
static PetscReal ByUnknown(const NakIonFlux *link, const NakIonLayer *layer, int ion, int what,
                           PetscBool above)
{
  const PetscReal by_c = above ? link->above : link->below;
  const PetscReal by_r = above ? link->r_above : link->r_below;

  return by_c * NakIonByUnknown(layer, ion, what) +
         (what == NAK_LAYER_SALT ? by_r * layer->stiffer[ion] : 0);
}

/* Entries of a flux and of the current through the face below layer k, in column `col`. */
static void PutFluxes(const NakColumn *c, PetscInt k, PetscInt col, const PetscReal flux[NAK_IONS],
                      NakEntries *e)
{
  const PetscInt low = NakLayoutPhi(&c->l, k - 1), high = NakLayoutPhi(&c->l, k);
  PetscReal      current = 0;

  for (int i = 0; i < NAK_IONS; i++) current += NakIonCarried(c, i) * flux[i];
  NakPut(e, low, col, -current);
  NakPut(e, high, col, current);
  for (int i = 0; i < NAK_ION_X; i++) {
    NakPut(e, low + NAK_LAYER_NA + i, col, -flux[i] / c->height[k - 1]);
    NakPut(e, high + NAK_LAYER_NA + i, col, flux[i] / c->height[k]);
  }
}

static void BetweenEntries(const NakColumn *c, PetscInt k, const NakIonLayer pair[2],
                           const PetscReal u[], NakEntries *e)
{
  NakIonFlux link[NAK_IONS];
  PetscReal  flux[NAK_IONS];

  NakIonFluxes(c, k, &pair[0], &pair[1], NakIonDrop(c, k, u), link);
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
  const PetscInt   top = NakLayoutPhi(&c->l, c->ne - 1), E = c->l.potential;
  const PetscInt   row[]   = {top, E, top + NAK_LAYER_NA};
  const PetscReal  scale[] = {-1, -1, -1 / (c->ions.content * c->height[c->ne - 1])};
  const NakIonHalf half    = NakIonHalfOf(c, PETSC_FALSE, u, NearDrop(c, u));

  for (int k = 0; k < 3; k++) {
    NakIonHalfPut(c, PETSC_FALSE, &half, u, row[k], scale[k], e);
    NakPut(e, row[k], top, -scale[k] * c->kinetics.f * half.v);
    NakPut(e, row[k], E, -scale[k] * c->kinetics.f * half.v);
  }
}

void NakIonsJacobian(const NakColumn *c, const PetscReal u[], PetscReal shift, NakEntries *e)
{
  NakIonLayer pair[2] = {NakIonLayerOf(c, 0, u)};

  OwnEntries(c, 0, &pair[0], u, shift, e);
  for (PetscInt k = 1; k < c->ne; k++) {
    pair[1] = NakIonLayerOf(c, k, u);
    OwnEntries(c, k, &pair[1], u, shift, e);
    BetweenEntries(c, k, pair, u, e);
    pair[0] = pair[1];
  }
  NearEntries(c, u, e);
}

PetscInt NakIonsMost(const NakColumn *c)
{
  const PetscInt layer = 21, link = 48, half = 11, rate = 64;

  const PetscInt most = c->ne * (layer + link) + (3 + 2 * NAK_FAR_ROWS) * half + 8 * rate;

  return c->l.ions > 0 ? 2 * most : 0; /* at most one more each, by leans */
}
