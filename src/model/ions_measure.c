/* What is seen of layers of ions: voltage, amounts, what is left. */
#include "ions_impl.h"

/* Drop of f phi over links that together pass `current`, by Newton's method: a link within a medium
   is linear.  `slope` is that of the current. */
static PetscReal DropAt(const NakColumn *c, PetscInt k, const NakIonLayer pair[2],
                        PetscReal current, PetscReal *slope)
{
  const PetscReal enough = 1e-13, longest = 2;
  PetscReal       v = 0;

  for (int n = 0; n < 200; n++) {
    NakIonFlux link[NAK_IONS];
    PetscReal  lacks = current, step;

    NakIonFluxes(c, k, &pair[0], &pair[1], v, link);
    *slope = 0;
    for (int i = 0; i < NAK_IONS; i++) {
      lacks -= NakIonCarried(c, i) * link[i].value;
      *slope += NakIonCarried(c, i) * link[i].v;
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
  NakIonLayer     pair[2] = {NakIonLayerOf(c, 0, u)};
  NakIonsDrop     drop    = {.value = -NakIonMetal(c, u)};

  for (int far = 0; far < 2; far++) {
    const NakIonHalf half = NakIonHalfOf(c, (PetscBool)far, u, 0);

    drop.value += (current - half.current) / (f * half.v);
    drop.slope += 1 / (f * half.v);
  }
  for (PetscInt k = 1; k < c->ne; k++) {
    PetscReal slope;

    pair[1] = NakIonLayerOf(c, k, u);
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
  const NakIonLayer below = NakIonLayerOf(c, 0, u), above = NakIonLayerOf(c, 1, u);
  PetscReal         current = 0;
  NakIonFlux        link[NAK_IONS];

  NakIonFluxes(c, 1, &below, &above, NakIonDrop(c, 1, u), link);
  for (int i = 0; i < NAK_IONS; i++) current += NakIonCarried(c, i) * link[i].value;
  return current;
}

PetscReal NakIonsConcentration(const NakColumn *c, int ion, PetscInt k, const PetscReal u[])
{
  return NakIonLayerOf(c, k, u).c[ion];
}

PetscReal NakIonsPorosity(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  return NakIonPores(c, k, u);
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
    room.now += h * NakIonPores(c, k, u);
    room.na += h * own[NAK_LAYER_NA];
    room.k += h * own[NAK_LAYER_K];
  }
  return room;
}

PetscBool NakIonsLeft(const NakColumn *c, const PetscReal u[])
{
  for (PetscInt k = 0; k < c->ne; k++)
    if (NakIonPores(c, k, u) <= 0) return PETSC_FALSE;
  for (int far = 0; far < 2; far++)
    if (!(NakIonsBath(c, (PetscBool)far, u).sodium > 0)) return PETSC_FALSE;
  for (PetscInt k = 1; k < c->ne && c->control.hold == NAK_HOLD_CURRENT; k++) {
    const NakIonLayer pair[2] = {NakIonLayerOf(c, k - 1, u), NakIonLayerOf(c, k, u)};
    PetscReal         slope;

    if (!NakIonJumps(c, k)) continue; /* any voltage does within one medium */
    if (PetscIsInfOrNanReal(DropAt(c, k, pair, c->control.value, &slope))) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* Fill a layer of a membrane, whose anions are fixed.  The cations that it lets in are in Donnan's
   equilibrium with the liquid, and so is its potential. */
static void FillMembrane(const NakColumn *c, const NakMedium *m, const PetscReal part[],
                         PetscReal own[])
{
  PetscReal enters = 0;

  for (int i = 0; i < NAK_ION_X; i++) enters += m->diffusivity[i] > 0 ? part[i] : 0;
  for (int i = 0; i < NAK_ION_X; i++)
    own[NAK_LAYER_NA + i] = m->diffusivity[i] > 0 ? m->fixed * part[i] / enters : 0;
  own[0] -= PetscLogReal(m->fixed / enters) / c->kinetics.f;
}

void NakIonsPristine(const NakColumn *c, PetscReal u[])
{
  const PetscReal potassium = c->kinetics.liquid.potassium, part[] = {1 - potassium, potassium};

  for (PetscInt k = 0; k < c->ne; k++) {
    const NakMedium *m   = &c->medium[k];
    PetscReal       *own = u + NakLayoutPhi(&c->l, k);

    if (m->fixed > 0)
      FillMembrane(c, m, part, own);
    else
      for (int i = 0; i < NAK_ION_X; i++) own[NAK_LAYER_NA + i] = m->porosity * part[i];
  }
  for (int i = 0; i < NAK_ION_X; i++) u[c->l.excess + i] = part[i];
}
