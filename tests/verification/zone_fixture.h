/* The zone of a cell, set directly: shapes of phases in, thicknesses and Na out.  NaK at 25 C
   unless a test says otherwise; interfaces of 1 um. */
#pragma once

#include "bench_fixture.h"
#include "units_fixture.h"

static const PetscReal F = 96485.33212, micron = 1e-6, w = 1e-6; /* width of interfaces [m] */
static const PetscReal solid_k  = 45.5e-6; /* molar volume, so that of the cell's frame [m3/mol] */
static const PetscReal liquidus = 0.16666174192914, solidus = 0.03988736510036; /* Na : K at 25 C */

/* One measured number with what it should be; both are printed. */
static inline void Demand(const char *what, PetscReal value, PetscReal least, PetscReal most)
{
  print_message("%-52s %12.6g   (%g to %g)\n", what, (double)value, (double)least, (double)most);
  if (!(value >= least && value <= most)) fail_msg("%s: %g", what, (double)value);
}

/* ---- A cell ---- */

/* Its grid and the height of its alloy [m]. */
typedef struct {
  PetscInt  nx, cells; /* columns; layers of the zone in a width */
  PetscReal width, zone, resolved, height;
} Shape;

static inline NakModelParams Params(const Shape *s, PetscInt grains_b, PetscInt grains_a)
{
  NakModelParams p = NaK50Cell(s->nx, 1);
  NakMixParams  *m = &p.microstructure;

  p.alloy.potassium.value               = 0.911;
  p.alloy.compounds                     = PETSC_FALSE;
  p.alloy.solids                        = NAK_SOLIDS_SUPERCOOLED;
  p.interphase.limiting_current         = 1e6;
  p.interphase.diffusion_time           = 1e-10;
  p.interphase.film_rate                = 0;
  p.reaction.charge_transfer_resistance = 1e-6;
  p.reaction.adlayer_charge             = 0;
  p.reaction.deposit_barrier            = 1;
  p.reaction.filament_onset             = 1e9;
  p.grid.width                          = s->width;
  p.grid.alloy_height                   = s->resolved;
  p.grid.electrolyte_layers             = s->nx > 1 ? 4 : 0;
  p.grid.interphase_layers              = 2;
  p.grid.alloy_layers                   = 4;
  p.grid.finest_alloy                   = 0;
  m->grains_b                           = grains_b;
  m->grains_a                           = grains_a;
  m->size[2]                            = s->zone;
  m->width                              = w;
  m->liquid_share                       = 0.3;
  m->angle_b = m->angle_a = 90;
  m->seed                 = 1;
  NakModelComplete(&p);
  p.grid.zone_layers = m->n[2] = (PetscInt)((PetscReal)s->cells * s->zone / w + 0.5);
  p.alloy.volume *= s->height / NakModelHeight(&p);
  return p;
}

static inline NakStepperParams Steps(PetscReal tolerance, PetscReal longest)
{
  return (NakStepperParams){.tolerance        = tolerance,
                            .linear_tolerance = 1e-12,
                            .first_step       = 1e-9,
                            .shortest_step    = 1e-17,
                            .longest_step     = longest};
}

static inline PetscReal LayerHeight(const Bench *b, PetscInt k)
{
  const PetscReal *z = b->grid->z + b->grid->n_electrolyte + b->grid->n_interphase + k;

  return z[1] - z[0];
}

/* Middle of layer k of the zone over the face of the alloy [m]. */
static inline PetscReal Middle(const Bench *b, PetscInt k)
{
  return ((PetscReal)k + 0.5) * LayerHeight(b, 0);
}

/* mu / RT of liquid of ratio r */
static inline PetscReal Potential(const Bench *b, PetscReal r)
{
  return NakThermoLiquid(&b->alloy, r / (1 + r)).ln_activity;
}

static inline PetscReal Profile(PetscReal depth)
{
  return 0.5 + 0.5 * PetscTanhReal(2 * depth / w);
}

/* Order parameters at a place, given those that are there, and the ratio of the liquid. */
typedef PetscReal (*Filling)(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[]);

/* Set order parameters of the zone and r of all of the alloy, for which the liquid is asked 1 m
   above the zone. */
static inline void Fill(const Bench *b, Filling filling, const void *ctx)
{
  const NakLayout *l = b->l;
  PetscReal       *u;

  MUST(VecGetArray(NakStepperState(b->stepper), &u));
  for (PetscInt i = 0; i < b->grid->nx; i++) {
    PetscReal *const column = u + (ptrdiff_t)i * l->size;

    for (PetscInt k = 0; k < b->grid->n_alloy; k++) {
      PetscReal *layer = column + NakLayoutAlloy(l, k), phi[NAK_MIX_MOST] = {0};
      PetscReal  z = k < l->zone ? Middle(b, k) : 1;

      for (PetscInt p = 1; p <= l->phases && k < l->zone; p++) phi[p] = layer[p];
      layer[0] = filling(ctx, ((PetscReal)i + 0.5) * b->grid->dx, z, phi);
      if (k >= l->zone) continue;
      phi[0] = Potential(b, layer[0]);
      for (PetscInt p = 1; p <= l->phases; p++) layer[p] = phi[p];
      layer[0] = NakMixAt(&b->mix, phi).X;
    }
    column[l->reservoir_na] = filling(ctx, 0, 1, (PetscReal[NAK_MIX_MOST]){0});
  }
  MUST(VecRestoreArray(NakStepperState(b->stepper), &u));
}

/* Mean thickness of a body [m], and the range of all order parameters. */
static inline PetscReal Thickness(const Bench *b, NakBody body, PetscReal range[2])
{
  PetscReal        sum = 0, unused[NAK_MIX_MOST];
  const PetscReal *u;

  range[0] = PETSC_MAX_REAL;
  range[1] = -PETSC_MAX_REAL;
  MUST(VecGetArrayRead(NakStepperState(b->stepper), &u));
  for (PetscInt i = 0; i < b->grid->nx; i++)
    for (PetscInt k = 0; k < b->l->zone; k++) {
      const PetscReal *layer  = u + (ptrdiff_t)i * b->l->size + NakLayoutAlloy(b->l, k);
      PetscReal        liquid = 1;

      sum += LayerHeight(b, k) * NakMixShareAt(&b->mix, layer, body, unused);
      for (PetscInt p = 1; p <= b->l->phases; p++) {
        range[0] = PetscMin(range[0], layer[p]);
        range[1] = PetscMax(range[1], layer[p]);
        liquid -= layer[p];
      }
      range[0] = PetscMin(range[0], liquid);
      range[1] = PetscMax(range[1], liquid);
    }
  MUST(VecRestoreArrayRead(NakStepperState(b->stepper), &u));
  return sum / (PetscReal)b->grid->nx;
}

/* Na of all of the cell, and what has passed the face [mol/m2]. */
static inline PetscReal Sodium(const Bench *b)
{
  const NakInventory *has = NakStepperInventory(b->stepper);

  return (has->na + has->q_faraday) / F;
}

/* ---- The free energy at rest ---- */

/* Of a layer at mu / RT = `mu`, or of liquid where it is none of the zone: its energy less that of
   its Na at the potential `mu`.  So what the linear solver does to Na does not show [J/m3]. */
static inline PetscReal EnergyOf(const Bench *b, const PetscReal layer[], PetscReal mu)
{
  const PetscReal per = b->mix.RT / b->mix.volume;

  return NakMixHolding(&b->mix, layer, layer[0]).energy - per * mu * layer[0];
}

/* Gradient energy between two layers whose distance is `apart` [J/m3]. */
static inline PetscReal Gradient(const Bench *b, const PetscReal x[], const PetscReal y[],
                                 PetscReal apart)
{
  PetscReal sum = 0, liquid = 0;

  for (PetscInt p = 1; p <= b->l->phases; p++) {
    sum += b->mix.share[p] * PetscSqr(y[p] - x[p]);
    liquid += y[p] - x[p];
  }
  return 0.75 * b->mix.width * (sum + b->mix.share[0] * liquid * liquid) / (apart * apart);
}

static inline PetscReal WallEnergy(const Bench *b, const PetscReal low[], const PetscReal high[])
{
  PetscReal face[NAK_MIX_MOST], unused[NAK_MIX_MOST], also[NAK_MIX_MOST][NAK_MIX_MOST];

  for (PetscInt p = 1; p <= b->l->phases; p++) face[p] = 1.5 * low[p] - 0.5 * high[p];
  return NakMixSumAt(&b->mix, b->mix.wall, face, unused, also);
}

/* Of column i: bulk, gradients to the layer above and to the column beside, wall, reservoir
   [J/m2]. */
static inline PetscReal ColumnEnergy(const Bench *b, const PetscReal u[], PetscInt i, PetscReal mu)
{
  const NakLayout *l                  = b->l;
  const PetscReal *column             = u + (ptrdiff_t)i * l->size;
  const PetscReal  zero[NAK_MIX_MOST] = {column[l->reservoir_na]};
  PetscReal        sum                = b->grid->reservoir_height * EnergyOf(b, zero, mu);

  for (PetscInt k = 0; k < b->grid->n_alloy; k++) {
    const PetscInt   at    = NakLayoutAlloy(l, k);
    const PetscReal *layer = column + at, h = LayerHeight(b, k);
    const PetscReal  liquid[NAK_MIX_MOST] = {layer[0]};

    sum += h * EnergyOf(b, k < l->zone ? layer : liquid, mu);
    if (k + 1 < l->zone) sum += h * Gradient(b, layer, layer + 1 + l->phases, h);
    if (k < l->zone && i + 1 < b->grid->nx)
      sum += h * Gradient(b, layer, layer + l->size, b->grid->dx);
  }
  return sum + WallEnergy(b, column + l->alloy, column + NakLayoutAlloy(l, 1));
}

/* The gas of one void: its amount over the area [J/m2], and the pressure of the liquid [Pa]. */
typedef struct {
  PetscReal amount, pressure;
} Gas;

/* Mean over the area; of the gas p V - N ln V, or NULL for none [J/m2].  Na metal that grows into a
   void is solid Na of the phase diagram; metal on a face without voids is at E = 0, which is 0.35
   mV lower at 25 C. */
static inline PetscReal Energy(const Bench *b, PetscReal mu, const Gas *gas)
{
  const PetscReal  metal = gas != NULL ? b->mix.metal_energy : 0;
  PetscReal        range[2], sum = 0;
  const PetscReal *u;

  MUST(VecGetArrayRead(NakStepperState(b->stepper), &u));
  for (PetscInt i = 0; i < b->grid->nx; i++) sum += ColumnEnergy(b, u, i, mu);
  MUST(VecRestoreArrayRead(NakStepperState(b->stepper), &u));
  sum = sum / (PetscReal)b->grid->nx +
        (metal - b->mix.RT * mu) * b->now.deposit_mean / NaK()->a.solid_volume;
  if (gas != NULL) {
    const PetscReal volume = Thickness(b, NAK_BODY_VOID, range);

    sum += gas->pressure * volume - gas->amount * PetscLogReal(volume);
  }
  return sum;
}

/* What a run has shown at its worst. */
typedef struct {
  PetscReal rise, low, high,
    lost; /* of the energy over tension times width, of order parameters, of Na */
} Worst;

/* Take all time steps; the energy in `unit`. */
static inline Worst Watch(Bench *b, PetscReal mu, const Gas *gas, PetscReal unit)
{
  const PetscReal na    = Sodium(b);
  PetscReal       last  = Energy(b, mu, gas), range[2];
  Worst           worst = {-1, 0, 1, 0};

  while (!b->over) {
    PetscReal now;

    Step(b);
    now = Energy(b, mu, gas);
    (void)Thickness(b, NAK_BODY_SOLID_B, range);
    worst.rise = PetscMax(worst.rise, (now - last) / unit);
    worst.low  = PetscMin(worst.low, range[0]);
    worst.high = PetscMax(worst.high, range[1]);
    worst.lost = PetscMax(worst.lost, PetscAbsReal(Sodium(b) / na - 1));
    last       = now;
  }
  return worst;
}
