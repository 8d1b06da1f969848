/* The cell: its Jacobian against difference quotients at many states, its conservation laws, and
   what its linear solvers make of it.  Run on 1, 2 and 3 ranks. */
#include "model_impl.h"

#include <petscksp.h>

#include <string.h>

#include "cell_fixture.h"
#include "liquid_fixture.h"
#include "nak_test.h"

static NakModelParams Params(PetscInt nx, PetscInt ny)
{
  NakModelParams params = NaK50Cell(nx, ny);

  params.contact.fraction = nx > 1 ? 0.5 : 1;
  return params;
}

/* What sets one test state apart; the rest of the cell is bent smoothly so that nothing cancels. */
typedef struct {
  const char *name;
  PetscReal   E, u_low, u_high, deposit, open;
  NakControl  control;
} Situation;

static const Situation situations[] = {
  {"pristine",              0.0016, 1,      1,   0,      1,     {NAK_HOLD_CURRENT, 0}   },
  {"stripping",             0.05,   0.3,    1,   0,      1,     {NAK_HOLD_CURRENT, 5}   },
  {"collapse",              2.5,    0.02,   1,   0,      0.7,   {NAK_HOLD_CURRENT, 10}  },
  {"under the film",        0.4,    0.004,  0.5, 0,      0.4,   {NAK_HOLD_VOLTAGE, 1}   },
  {"plating",               -0.03,  1.7,    1.1, 0,      1,     {NAK_HOLD_CURRENT, -7}  },
  {"adlayer empty",         1,      0.1,    0.9, 0,      1,     {NAK_HOLD_VOLTAGE, 1.2} },
  {"adlayer full",          -0.1,   1.5,    1.2, 0,      1,     {NAK_HOLD_CURRENT, -30} },
  {"blocked, stripping",    1,      0.5,    0.9, 0,      1e-12, {NAK_HOLD_CURRENT, 5}   },
  {"blocked, film grows",   2.5,    1e-3,   0.9, 0,      1e-12, {NAK_HOLD_VOLTAGE, 3}   },
  {"blocked, film sets in", 0.4,    7.2e-3, 0.9, 0,      1e-12, {NAK_HOLD_CURRENT, 5}   },
  {"blocked, plating",      -0.3,   1.2,    1.2, 2e-2,   1e-12, {NAK_HOLD_CURRENT, -5}  },
  {"a trace of metal",      -0.01,  1.1,    1.1, 2e-6,   1,     {NAK_HOLD_CURRENT, -2}  },
  {"deposit grows",         -0.03,  1.9,    1.1, 2e-2,   1,     {NAK_HOLD_CURRENT, -7}  },
  {"filament starts",       -0.03,  1.7,    1.1, 4.7e-2, 1,     {NAK_HOLD_CURRENT, -7}  },
  {"filament grows",        -0.04,  1.7,    1.1, 9e-2,   0.9,   {NAK_HOLD_VOLTAGE, -0.3}},
  {"deposit dissolves",     0.01,   1.5,    1.1, 2e-2,   0.9,   {NAK_HOLD_VOLTAGE, 0.1} },
};

enum { SITUATIONS = sizeof situations / sizeof *situations };

/* A column in a situation; `wave` in [-1, 1] differs from column to column. */
static void FillColumn(const NakGrid *g, const NakLayout *l, const Situation *s, PetscReal wave,
                       PetscReal u[])
{
  for (PetscInt j = 0; j < l->size; j++) u[j] = 0;
  u[l->q_faraday] = u[l->q_total] = 100; /* C/m2: so that changes stand clear of rounding */
  for (PetscInt k = 0; k < g->n_electrolyte; k++) {
    const PetscReal below = (PetscReal)(g->n_electrolyte - k);
    PetscReal      *layer = u + NakLayoutPhi(l, k);

    layer[0] = -s->E - 0.01 * below - 0.003 * wave;
    if (l->ions == 0) continue;
    layer[NAK_LAYER_NA]   = 0.3 + 0.1 * PetscSinReal(below) + 0.05 * wave;
    layer[NAK_LAYER_K]    = 0.1 + 0.08 * PetscSinReal(0.7 * below);
    layer[NAK_LAYER_SALT] = 0.5 + 0.3 * PetscCosReal(below);
  }
  if (l->ions > 0) u[l->excess] = 0.8; /* in every column: what they exchange is much */
  if (l->ions > 0) u[l->excess + 1] = 0.2;
  u[l->potential] = s->E * (1 + 0.05 * wave);
  u[l->deposit]   = s->deposit * (1 + 0.02 * wave);
  u[l->open]      = s->open * (1 - 0.02 * (1 + wave));
  u[l->charge]    = 0.3 + 0.1 * wave;
  for (PetscInt k = 0; k < g->n_interphase; k++) {
    const PetscReal t = ((PetscReal)k + 0.5) / (PetscReal)g->n_interphase;

    u[l->interphase + k] = (s->u_low * (1 - t) + s->u_high * t) * (1 + 0.05 * wave);
  }
  for (PetscInt k = 0; k < g->n_alloy; k++) {
    PetscReal *layer = u + NakLayoutAlloy(l, k), rest = 1;

    layer[0] = 1.6 + 0.01 * (PetscReal)k + 0.02 * wave;
    for (PetscInt i = 1; i <= l->phases && k < l->zone; i++) { /* all of them, and traces high up */
      const PetscReal turn = 1.7 * (PetscReal)i + 0.9 * (PetscReal)k + 2 * wave;

      layer[i] = k + 1 < l->zone ? rest * PetscSqr(PetscSinReal(turn)) : 1e-7;
      rest -= layer[i];
    }
  }
  u[l->reservoir_na] = 1.68 + 0.01 * wave;
  u[l->reservoir_k]  = 0.99;
  if (!NakLayoutIsLiquid(l)) return;
  u[l->potassium] = 2e4 * (1 + 0.1 * wave);
  u[l->salt]      = 0.05 * (1 + 0.1 * wave);
}

/* r of the layers of the zone: what they hold at a potential of Na, so that there is one. */
static void FillZone(const NakColumn *c, PetscReal u[])
{
  for (PetscInt k = 0; k < c->l.zone; k++) {
    PetscReal *layer = u + NakLayoutAlloy(&c->l, k), w[NAK_MIX_MOST];

    w[0] = -0.9 + 0.01 * (PetscReal)k;
    for (PetscInt i = 1; i <= c->l.phases; i++) w[i] = layer[i];
    layer[0] = NakMixAt(&c->zone.mix, w).X;
  }
}

/* A host with both metals in it, near its own voltage. */
static void FillHost(const NakColumn *c, const Situation *s, PetscReal wave, PetscReal u[])
{
  const NakLayout *l = &c->l;

  u[l->reservoir_na] = 0.4 * (1 + 0.1 * wave);
  u[l->reservoir_k]  = 0.3 * (1 - 0.1 * wave);
  u[l->potential]    = c->host.voltage[0] + s->E * (1 + 0.05 * wave);
}

static void FillState(NakModel model, const Situation *s, Vec U)
{
  NakState         state = NakModelState(model);
  const NakGrid   *g     = NakStateGrid(state);
  const NakLayout *l     = NakStateLayout(state);
  PetscInt         xs, ys, xm, ym, n = 0;
  PetscReal       *u;

  MUST(DMDAGetCorners(NakStateDM(state), &xs, &ys, NULL, &xm, &ym, NULL));
  MUST(VecGetArray(U, &u));
  for (PetscInt j = ys; j < ys + ym; j++)
    for (PetscInt i = xs; i < xs + xm; i++, n++) {
      PetscReal *const column = u + (ptrdiff_t)l->size * n;

      FillColumn(g, l, s, PetscSinReal(1.3 * (PetscReal)i + 2.1 * (PetscReal)j + 0.4), column);
      FillZone(&model->column, column);
      if (NakModelCounter(model) != NULL) {
        const PetscReal wave = PetscCosReal(1.1 * (PetscReal)i + 1.9 * (PetscReal)j);

        FillColumn(NakStateGrid(model->counter.state), NakModelCounter(model), s, wave,
                   column + l->counter);
        if (NakColumnIsHost(&model->counter.column))
          FillHost(&model->counter.column, s, wave, column + l->counter);
      }
    }
  MUST(VecRestoreArray(U, &u));
}

/* Whether unknown k of a column is an open share. */
static PetscBool IsOpen(NakModel model, PetscInt k)
{
  const NakLayout *l = NakStateLayout(NakModelState(model)), *there = NakModelCounter(model);

  return (PetscBool)(k == l->open || (there != NULL && k == l->counter + there->open));
}

/* A direction of change, the same for any number of ranks, of relative size 1 in each unknown; that
   of the open share is relative to it however small it is. */
static void FillDirection(NakModel model, Vec U, PetscInt seed, Vec V)
{
  NakState         state = NakModelState(model);
  const NakLayout *l     = NakStateLayout(state);
  PetscInt         xs, ys, xm, ym, n = 0;
  const PetscReal *u;
  PetscReal       *v;

  MUST(DMDAGetCorners(NakStateDM(state), &xs, &ys, NULL, &xm, &ym, NULL));
  MUST(VecGetArrayRead(U, &u));
  MUST(VecGetArray(V, &v));
  for (PetscInt j = ys; j < ys + ym; j++)
    for (PetscInt i = xs; i < xs + xm; i++)
      for (PetscInt k = 0; k < l->size; k++, n++)
        v[n] = PetscSinReal((PetscReal)(seed + 1) *
                            (0.7 * (PetscReal)k + 1.9 * (PetscReal)i + 2.3 * (PetscReal)j + 0.1)) *
               (PetscAbsReal(u[n]) + (IsOpen(model, k) ? 0 : 1e-4));
  MUST(VecRestoreArray(V, &v));
  MUST(VecRestoreArrayRead(U, &u));
}

/* |J v - quotient| over the largest quotient of the same row in any column; `open` is the size of
   the open share. */
static PetscReal WorstRow(NakModel model, PetscReal open, Vec product, Vec quotient)
{
  const PetscInt   size  = NakStateLayout(NakModelState(model))->size;
  PetscReal        worst = 0, *error, *largest;
  PetscInt         n;
  const PetscReal *a, *b;

  MUST(PetscCalloc2(size, &error, size, &largest));
  MUST(VecGetLocalSize(product, &n));
  MUST(VecGetArrayRead(product, &a));
  MUST(VecGetArrayRead(quotient, &b));
  for (PetscInt k = 0; k < n; k++) {
    error[k % size]   = PetscMax(error[k % size], PetscAbsReal(a[k] - b[k]));
    largest[k % size] = PetscMax(largest[k % size], PetscAbsReal(b[k]));
  }
  MUST(VecRestoreArrayRead(product, &a));
  MUST(VecRestoreArrayRead(quotient, &b));
  MUST(MPI_Allreduce(MPI_IN_PLACE, error, (int)size, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  MUST(MPI_Allreduce(MPI_IN_PLACE, largest, (int)size, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  for (PetscInt j = 0; j < size; j++)
    worst = PetscMax(worst, error[j] / (largest[j] + 1e-9 * (IsOpen(model, j) ? open : 1)));
  MUST(PetscFree2(error, largest));
  return worst;
}

/* (F(U + h V, shift h V) - F(U - h V, - shift h V)) / 2 h */
static void Quotient(NakModel model, Vec U, Vec V, PetscReal shift, Vec quotient)
{
  const PetscReal h = 1e-6;
  Vec             at, dot, F[2];

  MUST(VecDuplicate(U, &at));
  MUST(VecDuplicate(U, &dot));
  for (int side = 0; side < 2; side++) {
    MUST(VecDuplicate(U, &F[side]));
    MUST(VecWAXPY(at, side == 0 ? h : -h, V, U));
    MUST(VecCopy(V, dot));
    MUST(VecScale(dot, shift * (side == 0 ? h : -h)));
    MUST(NakModelResidual(model, at, dot, F[side]));
  }
  MUST(VecWAXPY(quotient, -1, F[1], F[0]));
  MUST(VecScale(quotient, 1 / (2 * h)));
  for (int side = 0; side < 2; side++) MUST(VecDestroy(&F[side]));
  MUST(VecDestroy(&at));
  MUST(VecDestroy(&dot));
}

/* Another height of void over every column. */
static void MakeRoom(NakModel model)
{
  for (PetscInt n = 0; n < model->owned; n++)
    model->column.over[n].void_height = 1e-9 * PetscAbsReal(PetscSinReal(1.1 * (PetscReal)n));
}

/* An alloy of one composition, and a direction that leaves it alone: what the face does to it is
   otherwise lost in the rounding of its own fluxes. */
static void FlattenColumn(const NakLayout *l, PetscReal column[])
{
  for (PetscInt j = l->alloy; j < l->reservoir_na; j++)
    if (j >= NakLayoutAlloy(l, l->zone)) column[j] = 1.6;
  column[l->reservoir_na] = 1.6;
  column[l->reservoir_k]  = 1;
}

static void Flatten(NakModel model, Vec U)
{
  const NakLayout *l = NakStateLayout(NakModelState(model)), *there = NakModelCounter(model);
  PetscInt         n;
  PetscReal       *u;

  MUST(VecGetLocalSize(U, &n));
  MUST(VecGetArray(U, &u));
  for (PetscReal *column = u; column < u + n; column += l->size) {
    FlattenColumn(l, column);
    if (there != NULL && !NakColumnIsHost(&model->counter.column))
      FlattenColumn(there, column + l->counter);
  }
  MUST(VecRestoreArray(U, &u));
}

static void LeaveAlloy(NakModel model, Vec V)
{
  const NakLayout *l = NakStateLayout(NakModelState(model)), *there = NakModelCounter(model);
  PetscInt         n;
  PetscReal       *v;

  MUST(VecGetLocalSize(V, &n));
  MUST(VecGetArray(V, &v));
  for (PetscReal *column = v; column < v + n; column += l->size) {
    for (PetscInt j = l->alloy; j < l->counter; j++) column[j] = 0;
    for (PetscInt j = there != NULL ? there->alloy : 0; there != NULL && j < there->size; j++)
      column[l->counter + j] = 0;
  }
  MUST(VecRestoreArray(V, &v));
}

/* An even k moves everything, an odd one leaves a flat alloy alone; one with phases cannot be
   flat. */
static void FillBoth(NakModel model, const Situation *s, PetscInt k, Vec U, Vec V)
{
  const PetscBool flat = (PetscBool)(k % 2 == 1 && model->column.l.phases == 0);

  FillState(model, s, U);
  if (flat) Flatten(model, U);
  FillDirection(model, U, k, V);
  if (flat) LeaveAlloy(model, V);
}

static void CheckJacobian(NakModelParams params, const Situation *s)
{
  const PetscReal shifts[] = {0, 3, 1e4}, tolerance = 2e-6; /* of a central difference, h = 1e-6 */
  NakModel        model;
  Vec             U, V, by_lean, product, quotient; /* V in the unknowns, and as it is solved for */
  Mat             J, matrix;

  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &V));
  MUST(VecDuplicate(U, &by_lean));
  MUST(VecDuplicate(U, &product));
  MUST(VecDuplicate(U, &quotient));
  if (params.grid.nx > 1) MakeRoom(model);
  MUST(NakModelInitialise(model, U)); /* puts gas into pockets */
  MUST(NakModelHold(model, s->control));
  J = NakColumnsOperator(NakModelColumns(model));
  for (PetscInt k = 0; k < 6; k++) {
    const PetscReal shift = shifts[k % 3];
    PetscReal       worst;

    FillBoth(model, s, k, U, V);
    MUST(NakColumnsLinearise(NakModelColumns(model), U, shift));
    MUST(VecCopy(V, by_lean));
    MUST(NakColumnsRestore(NakModelColumns(model), V));
    MUST(NakColumnsMatrix(NakModelColumns(model), &matrix));
    MUST(MatMult(matrix, by_lean, product));
    MUST(NakColumnsAddRest(NakModelColumns(model), by_lean, product));
    Quotient(model, U, V, shift, quotient);
    worst = WorstRow(model, s->open, product, quotient);
    MUST(MatMult(J, by_lean, product));
    worst = PetscMax(worst, WorstRow(model, s->open, product, quotient));
    if (!(worst < tolerance))
      print_error("%s, shift %g: %g\n", s->name, (double)shift, (double)worst);
    assert_true(worst < tolerance);
  }
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&V));
  MUST(VecDestroy(&by_lean));
  MUST(VecDestroy(&product));
  MUST(VecDestroy(&quotient));
  MUST(NakModelDestroy(&model));
}

static void JacobianMatchesDifferences(void **unused)
{
  NakModelParams periodic = Params(6, 4), partial = Params(1, 1);

  (void)unused;
  periodic.grid.lateral = NAK_LATERAL_PERIODIC;
  for (int k = 0; k < SITUATIONS; k++) {
    NakModelParams bare = Params(8, 1);

    bare.grid.electrolyte_layers = 0;
    bare.contact.fraction        = 1;
    CheckJacobian(Params(8, 1), &situations[k]);
    CheckJacobian(Params(6, 4), &situations[k]);
    CheckJacobian(periodic, &situations[k]);
    CheckJacobian(bare, &situations[k]);
    if (Ranks() > 1) continue;
    CheckJacobian(Params(1, 1), &situations[k]);
    partial.contact.fraction = 0.4;
    CheckJacobian(partial, &situations[k]);
  }
}

/* Two electrodes, of which one or both touch the electrolyte without an interphase.  Then the
   reaction takes what a potential asks for, up to 1e7 A/m2, where differences are lost in rounding:
   0.15 V is much, and no K film lets a high potential be. */
static void JacobianOfTwoElectrodes(void **unused)
{
  const PetscReal much = 0.15, least = 0.1;

  (void)unused;
  for (int k = 0; k < SITUATIONS; k++)
    for (int direct = 0; direct < 3; direct++) {
      NakModelParams two = Params(8, 1), bare = Params(8, 1);
      Situation      s = situations[k];

      if (direct > 0) s.E = PetscMax(-much, PetscMin(s.E, much));
      if (direct > 0) s.open = PetscMax(s.open, least);

      two.counter = (NakCounterParams){.kind = NAK_COUNTER_ALLOY, .interphase = direct > 0 ? 1 : 0};
      if (direct > 1) two.interphase.kind = NAK_INTERPHASE_NONE;
      NakModelComplete(&two);
      bare                         = two;
      bare.grid.electrolyte_layers = 0;
      bare.contact.fraction        = 1;
      CheckJacobian(two, &s);
      CheckJacobian(bare, &s);
    }
}

/* A liquid electrolyte, in which both metals react; the counter electrode is Na metal or an
   alloy. */
static void JacobianInALiquid(void **unused)
{
  const PetscReal much = 0.15, least = 0.1;

  (void)unused;
  if (Ranks() > 1) skip();
  for (int k = 0; k < SITUATIONS; k++)
    for (int n = 0; n < 4; n++) {
      NakModelParams wet = Params(1, 1);
      Situation      s   = situations[k];

      s.E                        = PetscMax(-much, PetscMin(s.E, much));
      s.open                     = PetscMax(s.open, least);
      wet.liquid                 = a_liquid;
      wet.liquid.potassium_share = n < 2 ? 0 : 0.1;
      wet.liquid.slowing         = n < 2 ? 0 : 0.2;
      wet.interphase.kind        = NAK_INTERPHASE_NONE;
      wet.counter.kind           = n % 2 == 0 ? NAK_COUNTER_SODIUM : NAK_COUNTER_ALLOY;
      if (n > 1) wet.grid.electrolyte_layers = 0;
      NakModelComplete(&wet);
      CheckJacobian(wet, &s);
    }
}

/* A host that takes K, refuses it, or has only Na+ beside it; under an interphase or without
   one. */
static NakCounterParams AHost(PetscReal potassium_exchange)
{
  return (NakCounterParams){
    .kind               = NAK_COUNTER_HOST,
    .capacity           = 50,
    .voltage            = {3.44, 3.49},
    .slope              = 0.2,
    .sites              = {0.6,  0.1 },
    .potassium_exchange = potassium_exchange
  };
}

static void JacobianOfAHost(void **unused)
{
  const PetscReal much = 0.15, least = 0.1;

  (void)unused;
  for (int k = 0; k < SITUATIONS; k++)
    for (int n = 0; n < 4; n++) {
      NakModelParams solid = Params(8, 1), wet = Params(1, 1);
      Situation      s = situations[k];

      s.E           = PetscMax(-much, PetscMin(s.E, much));
      s.open        = PetscMax(s.open, least);
      solid.counter = AHost(0);
      if (n % 2 == 1) solid.interphase.kind = NAK_INTERPHASE_NONE;
      if (n > 1) solid.grid.electrolyte_layers = 0;
      if (n > 1) solid.contact.fraction = 1;
      NakModelComplete(&solid);
      CheckJacobian(solid, &s);
      if (Ranks() > 1) continue;
      wet.liquid          = a_liquid;
      wet.interphase.kind = NAK_INTERPHASE_NONE;
      wet.counter         = AHost(n % 2 == 0 ? 3 : 0);
      if (n > 1) wet.grid.electrolyte_layers = 0;
      NakModelComplete(&wet);
      CheckJacobian(wet, &s);
    }
}

/* A liquid whose ions move through layers: salt in the pores, liquid beyond them, a membrane, each
   counter electrode; and a situation that it can be in. */
enum { WAYS = 12 };

static Situation WithLayers(int n, const Situation *given, NakModelParams *wet)
{
  static const PetscReal diffusivity[] = {2.5e-10, 4e-10, 3e-10};
  const PetscReal        much = 0.15, least = 0.1;
  Situation              s = *given;

  wet->grid.finest_electrolyte = 0; /* steep differences are lost in rounding */
  s.E                          = PetscMax(-much, PetscMin(s.E, much));
  s.open                       = PetscMax(s.open, least);
  wet->liquid                  = a_liquid;
  wet->liquid.transport        = NAK_TRANSPORT_LAYERS;
  wet->liquid.porosity         = 0.6;
  for (int ion = 0; ion < 3; ion++) wet->liquid.diffusivity[ion] = diffusivity[ion];
  wet->liquid.exchange_time   = n < 4 ? 0 : 100;
  wet->liquid.potassium_share = n % 4 < 2 ? 0 : 0.1;
  wet->liquid.solubility      = n % 4 < 2 ? 400 : 150;
  wet->liquid.separator_rate  = 0.1;
  wet->liquid.molar_volume    = 60e-6;
  wet->liquid.slowing         = n % 4 < 2 ? 0 : 0.2;
  if (n % 3 == 2) {
    wet->grid.electrolyte_layers                 = 12;
    wet->liquid.membrane                         = 5e-6;
    wet->liquid.membrane_anions                  = 700;
    wet->liquid.membrane_diffusivity[NAK_ION_NA] = 1e-10;
    wet->liquid.membrane_diffusivity[NAK_ION_K]  = n == 5 ? 0 : 2e-10;
  }
  wet->interphase.kind = NAK_INTERPHASE_NONE;
  wet->counter.kind    = n % 2 == 0 ? NAK_COUNTER_SODIUM : NAK_COUNTER_ALLOY;
  if (n > 7) wet->counter = AHost(n % 2 == 0 ? 0 : 1e-2);
  NakModelComplete(wet);
  return s;
}

static void JacobianOfLayers(void **unused)
{
  (void)unused;
  for (int k = 0; k < SITUATIONS; k++)
    for (int n = 0; n < WAYS; n++) {
      NakModelParams  wet = n < 6 ? Params(8, 1) : Params(6, 4);
      const Situation s   = WithLayers(n, &situations[k], &wet);

      CheckJacobian(wet, &s);
      if (Ranks() > 1) continue;
      wet.grid.nx = wet.grid.ny = 1;
      wet.contact.fraction      = 1;
      CheckJacobian(wet, &s);
    }
}

/* A layer of ions by docs/model.md: porosity, what flows through it, concentrations and salt. */
typedef struct {
  PetscBool membrane;
  PetscReal height, porosity, pores, phi, salt, c[NAK_IONS], D[NAK_IONS];
} IonLayer;

static IonLayer IonLayerOf(const NakModelParams *p, const NakGrid *g, const PetscReal own[],
                           PetscInt k)
{
  const NakLiquidParams *w     = &p->liquid;
  const PetscInt         first = (g->n_electrolyte - NAK_MEMBRANE_LAYERS) / 2;
  IonLayer a = {.height = g->z[k + 1] - g->z[k], .phi = own[0], .salt = own[NAK_LAYER_SALT]};

  a.membrane      = (PetscBool)(w->membrane > 0 && k >= first && k < first + NAK_MEMBRANE_LAYERS);
  a.porosity      = a.membrane ? 1 : w->porosity;
  a.pores         = a.porosity - w->molar_volume * w->concentration * a.salt;
  a.c[NAK_ION_NA] = own[NAK_LAYER_NA] / a.pores;
  a.c[NAK_ION_K]  = own[NAK_LAYER_K] / a.pores;
  a.c[NAK_ION_X]  = a.c[NAK_ION_NA] + a.c[NAK_ION_K];
  if (a.membrane) a.c[NAK_ION_X] -= w->membrane_anions / w->concentration;
  for (int i = 0; i < NAK_IONS; i++)
    a.D[i] = a.membrane ? i == NAK_ION_X ? 0 : w->membrane_diffusivity[i] : w->diffusivity[i];
  return a;
}

/* Nernst and Planck's flux of a cation from a layer to the one below it [m/s]. */
static PetscReal Falls(int ion, const IonLayer *above, const IonLayer *below)
{
  const PetscReal f = 96485.33212 / (8.314462618 * 298.15), v = f * (above->phi - below->phi);
  const PetscReal a = above->c[ion], b = below->c[ion];
  PetscReal       resistance = 0;

  resistance += above->height / 2 / (above->D[ion] * PetscPowReal(above->pores, 1.5));
  resistance += below->height / 2 / (below->D[ion] * PetscPowReal(below->pores, 1.5));
  return (a - b + v * (a + b) / 2) / resistance;
}

/* What precipitates in a layer per volume and time, over the concentration of the start. */
static PetscReal Precipitates(const NakLiquidParams *p, const IonLayer *a)
{
  const PetscReal s = p->solubility / p->concentration;
  const PetscReal root =
    PetscSqrtReal(PetscMax(a->c[NAK_ION_K] * a->c[NAK_ION_X] / (s * s), 1e-12));
  const PetscReal any = root > 1 ? 1 : a->salt / (a->salt + 1e-4);

  if (p->solubility == 0) return 0;
  return p->separator_rate / p->concentration * a->pores / a->porosity * (root - 1) * any;
}

/* Without a change in time the rows of a layer are what it loses: salt everywhere, and both cations
   where a layer and both beside it are of one medium. */
static void CheckLayers(NakModelParams wet, const Situation *s)
{
  NakModel         model;
  const NakGrid   *g;
  const NakLayout *l;
  Vec              U, still, F;
  const PetscReal *u, *f;

  MUST(NakModelCreate(PETSC_COMM_WORLD, &wet, &model));
  g = NakStateGrid(NakModelState(model));
  l = NakStateLayout(NakModelState(model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &still));
  MUST(VecDuplicate(U, &F));
  MUST(NakModelInitialise(model, U));
  MUST(NakModelHold(model, s->control));
  FillState(model, s, U);
  MUST(VecSet(still, 0));
  MUST(NakModelResidual(model, U, still, F));
  MUST(VecGetArrayRead(U, &u));
  MUST(VecGetArrayRead(F, &f));
  for (PetscInt k = 0; k < g->n_electrolyte; k++) {
    const PetscInt  at   = NakLayoutPhi(l, k);
    const IonLayer  own  = IonLayerOf(&wet, g, u + at, k);
    const PetscReal salt = Precipitates(&wet.liquid, &own);

    AssertNear("salt", f[at + NAK_LAYER_SALT], -salt, 1e-12 * (1e-4 + PetscAbsReal(salt)));
    if (k == 0 || k + 1 == g->n_electrolyte) continue;
    for (int i = 0; i < NAK_ION_X; i++) {
      const IonLayer down = IonLayerOf(&wet, g, u + NakLayoutPhi(l, k - 1), k - 1),
                     up   = IonLayerOf(&wet, g, u + NakLayoutPhi(l, k + 1), k + 1);
      const PetscReal from =
        wet.liquid.exchange_time > 0 && !own.membrane
          ? own.pores * (u[l->excess + i] - own.c[i]) / wet.liquid.exchange_time
          : 0;
      const PetscReal in  = Falls(i, &up, &own) / own.height,
                      out = Falls(i, &own, &down) / own.height;

      if (up.membrane != own.membrane || down.membrane != own.membrane) continue;
      AssertNear("ion", f[at + NAK_LAYER_NA + i], out - in - from + (i == NAK_ION_K ? salt : 0),
                 1e-10 * (PetscAbsReal(in) + PetscAbsReal(out) + PetscAbsReal(salt)));
    }
  }
  MUST(VecRestoreArrayRead(F, &f));
  MUST(VecRestoreArrayRead(U, &u));
  MUST(VecDestroy(&F));
  MUST(VecDestroy(&still));
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

static void LayersObeyTheirLaws(void **unused)
{
  (void)unused;
  if (Ranks() > 1) skip();
  for (int n = 0; n < WAYS; n++) {
    NakModelParams  wet = Params(1, 1);
    const Situation s   = WithLayers(n, &situations[1], &wet);

    CheckLayers(wet, &s);
    wet.liquid.solubility = wet.liquid.separator_rate = 0; /* the salt stays dissolved */
    CheckLayers(wet, &s);
  }
}

static void SpreadByAFront(NakModelParams *params)
{
  params->interphase.film_nuclei = 1e9;
  params->interphase.film_speed  = 1e-5; /* so fast that it shows beside the rest */
  params->interphase.film_width  = 4 * params->grid.width / (PetscReal)params->grid.nx;
}

static void JacobianOfAFront(void **unused)
{
  (void)unused;
  for (int k = 0; k < SITUATIONS; k++) {
    NakModelParams two = Params(8, 1), three = Params(6, 4);

    SpreadByAFront(&two);
    SpreadByAFront(&three);
    three.grid.lateral = NAK_LATERAL_PERIODIC;
    CheckJacobian(two, &situations[k]);
    CheckJacobian(three, &situations[k]);
  }
}

/* Pockets of gas in the same zone, whose angle follows the face. */
static void TrapGas(NakModelParams *params)
{
  params->voids = (NakVoidsParams){.pockets        = 2,
                                   .arrangement    = NAK_POCKETS_EVEN,
                                   .radius         = 0.8e-6,
                                   .contact_angle  = 1,
                                   .depleted_angle = 2.5,
                                   .onset          = 0.75,
                                   .mobility       = 1e-12,
                                   .pressure       = 1e5};
}

static void JacobianOfVoids(void **unused)
{
  /* Where the angle begins to turn, by what both paths carry. */
  const Situation turns = {
    "angle turns", 0.0055, 0.5, 0.6, 0, 1, {NAK_HOLD_CURRENT, 0.3}
  };
  NakModelParams leaky = Params(8, 1);

  (void)unused;
  TrapGas(&leaky);
  FreezeSome(&leaky, 1, 0);
  leaky.interphase.over_limit_resistance = 3e-3;
  CheckJacobian(leaky, &turns);
  for (int k = 0; k < SITUATIONS; k++) {
    NakModelParams alone = Params(8, 1), beside = Params(6, 4);

    TrapGas(&alone);
    TrapGas(&beside);
    FreezeSome(&alone, 0, 0);
    FreezeSome(&beside, 1, 1);
    beside.grid.lateral = NAK_LATERAL_PERIODIC;
    CheckJacobian(alone, &situations[k]);
    CheckJacobian(beside, &situations[k]);
  }
}

static void JacobianOfPhases(void **unused)
{
  (void)unused;
  for (int k = 0; k < SITUATIONS; k++) {
    NakModelParams two = Params(8, 1), three = Params(6, 4), one = Params(1, 1);

    FreezeSome(&two, 1, 0);
    FreezeSome(&three, 2, 1);
    FreezeSome(&one, 0, 1);
    three.grid.lateral = NAK_LATERAL_PERIODIC;
    CheckJacobian(two, &situations[k]);
    CheckJacobian(three, &situations[k]);
    if (Ranks() == 1) CheckJacobian(one, &situations[k]);
  }
}

static void JacobianAtOtherTemperatures(void **unused)
{
  const PetscReal temperatures[] = {273.15, 318.15};

  (void)unused;
  for (int k = 0; k < 2 * SITUATIONS; k++) {
    NakModelParams params = Params(8, 1);

    params.alloy.temperature = temperatures[k / SITUATIONS];
    CheckJacobian(params, &situations[k % SITUATIONS]);
  }
}

/* ---- Conservation ---- */

/* What the residual says of the sums of a column, whatever the rates are.  Na in interphase, alloy,
   reservoir and metal changes by the charge that took it away.  So do K in film and reservoir, and
   the charge of the face by what came and went.  `size` is that of the terms. */
enum { NA, K, CHARGE, SUMS };

typedef struct {
  PetscReal sum[SUMS], size[SUMS];
} Balances;

static void Add(Balances *b, int which, PetscReal value)
{
  b->sum[which] += value;
  b->size[which] += PetscAbsReal(value);
}

static void AddColumn(const NakModelParams *p, const NakGrid *g, const NakLayout *l,
                      PetscReal contact, const PetscReal f[], Balances *b)
{
  const PetscReal F = 96485.33212, x = NakThermoMoleFraction(NaK(), p->alloy.potassium);
  const PetscReal liquid = (1 - x) * NakThermoDensity(NaK(), x), solid = 1 / NaK()->b.solid_volume;
  const PetscReal c_k = p->microstructure.grains_b > 0 ? solid : liquid, c_na = F * c_k; /* r = 1 */
  const PetscReal whole =
    p->interphase.limiting_current * p->interphase.diffusion_time / p->interphase.thickness;
  const PetscReal content =
    contact > 0 ? whole * contact / p->contact.fraction : whole / p->contact.fraction;
  const PetscReal *h = g->z + g->n_electrolyte;

  for (PetscInt k = 0; k < g->n_interphase; k++)
    Add(b, NA, content * (h[k + 1] - h[k]) * f[l->interphase + k]);
  h += g->n_interphase;
  for (PetscInt k = 0; k < g->n_alloy; k++)
    Add(b, NA, c_na * (h[k + 1] - h[k]) * f[NakLayoutAlloy(l, k)]);
  Add(b, NA, c_na * g->reservoir_height * f[l->reservoir_na]);
  Add(b, NA, F * f[l->deposit]);
  Add(b, NA, f[l->q_faraday]);
  Add(b, K, c_k * g->reservoir_height * f[l->reservoir_k]);
  Add(b, CHARGE, f[l->potential]);
  for (PetscInt k = 0; k < g->n_electrolyte; k++) Add(b, CHARGE, -f[l->phi + k]);
  Add(b, CHARGE, f[l->q_faraday]);
  Add(b, CHARGE, -f[l->q_total]);
}

/* Means over all columns. */
static void ResidualBalances(NakModel model, const NakModelParams *p, Vec R, Balances *b)
{
  const NakGrid   *g = NakStateGrid(NakModelState(model));
  const NakLayout *l = NakStateLayout(NakModelState(model));
  PetscReal       *contact;
  const PetscReal *f;
  PetscInt         n;

  *b = (Balances){0};
  MUST(VecGetLocalSize(R, &n));
  MUST(PetscMalloc1(n / l->size, &contact));
  MUST(NakModelContact(model, contact));
  MUST(VecGetArrayRead(R, &f));
  for (PetscInt k = 0; k < n / l->size; k++)
    AddColumn(p, g, l, contact[k], f + (ptrdiff_t)k * l->size, b);
  MUST(VecRestoreArrayRead(R, &f));
  MUST(PetscFree(contact));
  MUST(MPI_Allreduce(MPI_IN_PLACE, b, 2 * SUMS, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  for (int k = 0; k < SUMS; k++) {
    b->sum[k] /= (PetscReal)(g->nx * g->ny);
    b->size[k] /= (PetscReal)(g->nx * g->ny);
  }
}

/* The same sums of the state, as balances are drawn up from them. */
static void InventoryChange(NakModel model, Vec U, Vec change, PetscReal sum[SUMS])
{
  NakInventory before[NAK_ELECTRODES], after[NAK_ELECTRODES];
  NakRecord    record = {0};
  Vec          moved;

  MUST(VecDuplicate(U, &moved));
  MUST(VecWAXPY(moved, 1, change, U));
  MUST(NakModelMeasure(model, U, &record, before));
  MUST(NakModelMeasure(model, moved, &record, after));
  sum[NA]     = after->na - before->na + after->q_faraday - before->q_faraday;
  sum[K]      = after->k - before->k;
  sum[CHARGE] = after->layer - before->layer + after->q_faraday - before->q_faraday -
                (after->q_total - before->q_total);
  MUST(VecDestroy(&moved));
}

static void CheckConservation(const NakModelParams *params, const Situation *s)
{
  const char *const names[SUMS] = {"Na", "K", "charge"};
  PetscReal         sum[SUMS];
  Balances          b;
  NakModel          model;
  Vec               U, change, R;

  MUST(NakModelCreate(PETSC_COMM_WORLD, params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &change));
  MUST(VecDuplicate(U, &R));
  MUST(NakModelInitialise(model, U));
  FillState(model, s, U);
  if (params->grid.nx > 1) MakeRoom(model);
  FillDirection(model, U, 3, change);
  MUST(VecScale(change, 0.01));
  MUST(NakModelHold(model, s->control));
  MUST(NakModelResidual(model, U, change, R));
  ResidualBalances(model, params, R, &b);
  InventoryChange(model, U, change, sum);
  for (int k = 0; k < SUMS; k++)
    if (!(PetscAbsReal(b.sum[k] - sum[k]) <= 1e-13 * b.size[k] + 1e-11 * PetscAbsReal(sum[k])))
      fail_msg("%s: %s changes by %.15g, in the rows %.15g of %g", s->name, names[k],
               (double)sum[k], (double)b.sum[k], (double)b.size[k]);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&change));
  MUST(VecDestroy(&R));
  MUST(NakModelDestroy(&model));
}

static void FluxesCancelInTheSums(void **unused)
{
  NakModelParams periodic = Params(6, 4), partial = Params(1, 1);

  (void)unused;
  periodic.grid.lateral    = NAK_LATERAL_PERIODIC;
  partial.contact.fraction = 0.4;
  for (int k = 0; k < SITUATIONS; k++) {
    const NakModelParams two = Params(8, 1), three = Params(6, 4);
    NakModelParams       bare = Params(8, 1), front = Params(6, 4), grains = Params(6, 4),
                   voids = Params(6, 4);

    FreezeSome(&grains, 2, 1);
    CheckConservation(&grains, &situations[k]);
    TrapGas(&voids);
    FreezeSome(&voids, 1, 0);
    CheckConservation(&voids, &situations[k]);

    SpreadByAFront(&front);
    CheckConservation(&front, &situations[k]);
    bare.grid.electrolyte_layers = 0;
    bare.contact.fraction        = 1;
    CheckConservation(&two, &situations[k]);
    CheckConservation(&three, &situations[k]);
    CheckConservation(&periodic, &situations[k]);
    CheckConservation(&bare, &situations[k]);
    if (Ranks() == 1) CheckConservation(&partial, &situations[k]);
  }
}

/* What a linear solution conserves of the ions is what is measured of them: but for the charges,
   whose balance is that of the potentials. */
static void CheckSums(const NakModelParams *params, const Situation *s)
{
  NakInventory     before[NAK_ELECTRODES], after[NAK_ELECTRODES];
  PetscReal        sum[2] = {0};
  NakColumnPhysics physics;
  const NakLayout *l;
  NakModel         model;
  NakRecord        record;
  Vec              U, change;
  PetscReal       *row;

  MUST(NakModelCreate(PETSC_COMM_WORLD, params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &change));
  MUST(NakModelInitialise(model, U));
  FillState(model, s, U);
  MUST(NakModelMeasure(model, U, &record, before));
  FillDirection(model, U, 2, change);
  MUST(VecScale(change, 1e-3));
  l       = NakStateLayout(NakModelState(model));
  physics = NakColumnLinear(&model->column);
  MUST(VecGetArray(change, &row));
  for (PetscInt n = 0; n < model->owned; n++) {
    PetscReal *const own = row + (ptrdiff_t)n * l->size;

    for (PetscInt k = 0; k < model->column.ne; k++) own[NakLayoutPhi(l, k)] = 0;
    own[l->q_faraday] = own[l->charge] = own[l->q_total] = 0;
    for (int ion = 0; ion < 2; ion++)
      sum[ion] += physics.conserved(physics.ctx, physics.n_conserved - 2 + ion, n, own) /
                  (PetscReal)(params->grid.nx * params->grid.ny);
  }
  MUST(VecRestoreArray(change, &row));
  MUST(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  MUST(VecAXPY(U, 1, change));
  MUST(NakModelMeasure(model, U, &record, after));
  AssertNear("Na+", sum[0], after->ions_na - before->ions_na, 1e-11 * before->ions);
  AssertNear("K+", sum[1], after->ions_k - before->ions_k, 1e-11 * before->ions);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&change));
  MUST(NakModelDestroy(&model));
}

static void IonsAreConserved(void **unused)
{
  (void)unused;
  for (int n = 0; n < WAYS; n++) {
    NakModelParams  wet = Params(8, 1);
    const Situation s   = WithLayers(n, &situations[n % SITUATIONS], &wet);

    CheckSums(&wet, &s);
  }
}

/* However little of a step is solved for, what is booked conserves. Na and K change by what has
   reacted, the ions of a liquid in layers by what both electrodes gave. The charge that passed is
   that of the reactions and of the double layer. */
static void CheckBooking(const NakModelParams *params, const Situation *s)
{
  const PetscReal shift = 3;
  NakInventory    both[2][NAK_ELECTRODES];
  NakRecord       record;
  NakModel        model;
  Vec             U, V, dot, F;

  MUST(NakModelCreate(PETSC_COMM_WORLD, params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &V));
  MUST(VecDuplicate(U, &dot));
  MUST(VecDuplicate(U, &F));
  MUST(NakModelInitialise(model, U));
  MUST(NakModelHold(model, s->control));
  FillState(model, s, U);
  MUST(NakModelMeasure(model, U, &record, both[0]));
  FillDirection(model, U, 1, V);
  MUST(VecAXPY(U, 1e-3, V));
  MUST(VecCopy(V, dot));
  MUST(VecScale(dot, 1e-3 * shift));
  MUST(NakModelResidual(model, U, dot, F));
  MUST(NakModelBook(model, F, shift, U));
  MUST(NakModelMeasure(model, U, &record, both[1]));
  for (int e = 0; e < (NakModelCounter(model) != NULL ? NAK_ELECTRODES : 1); e++) {
    const NakInventory *before = &both[0][e], *after = &both[1][e];

    AssertRelative("K", after->k + after->q_k / 96485.33212, before->k + before->q_k / 96485.33212,
                   1e-13);
    AssertRelative("Na", after->na + after->q_faraday - after->q_k,
                   before->na + before->q_faraday - before->q_k, 1e-13);
    AssertNear("Na+", after->ions_na, before->ions_na, 1e-12 * before->ions);
    AssertNear("K+ and its salt", after->ions_k, before->ions_k, 1e-12 * before->ions);
    AssertNear("charge", after->q_total - after->q_faraday - after->layer,
               before->q_total - before->q_faraday - before->layer,
               1e-12 * (PetscAbsReal(before->q_total) + PetscAbsReal(after->q_total)));
  }
  MUST(VecDestroy(&F));
  MUST(VecDestroy(&dot));
  MUST(VecDestroy(&V));
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

static void BookingConserves(void **unused)
{
  const NakModelParams two = Params(8, 1), three = Params(6, 4);
  NakModelParams       both = Params(8, 1), full = Params(8, 1);
  const PetscReal      much = 0.15;

  (void)unused;
  both.counter.kind = NAK_COUNTER_ALLOY;
  full.counter      = AHost(0);
  for (int k = 0; k < SITUATIONS; k++) {
    NakModelParams wet  = Params(8, 1);
    Situation      mild = situations[k];

    CheckBooking(&two, &situations[k]);
    CheckBooking(&three, &situations[k]);
    CheckBooking(&both, &situations[k]);
    mild.E = PetscMax(-much, PetscMin(mild.E, much)); /* no film lets a host be far from its own */
    CheckBooking(&full, &mild);
    mild = WithLayers(k % WAYS, &situations[k], &wet);
    CheckBooking(&wet, &mild);
  }
}

/* ---- The charge of the face ---- */

/* Columns get the charge of their E and then another E; to the deposit, to remember the first. */
static void Unsettle(const NakLayout *l, const NakKinetics *k, PetscInt n,
                     const PetscReal contact[], PetscReal move, PetscReal u[])
{
  for (PetscInt j = 0; j < n; j++) {
    PetscReal *column = u + (ptrdiff_t)j * l->size;

    column[l->charge] =
      contact[j] * NakKineticsCharge(k, column[l->potential], column[l->open]).value;
    column[l->deposit] = column[l->potential];
    column[l->potential] += move;
  }
}

/* Every column's charge follows from its E, and E from it; columns without contact have neither. */
static void CheckSettle(const NakModelParams *params, const Situation *s)
{
  const PetscReal  move = 0.01;
  NakModel         model;
  const NakLayout *l;
  NakKinetics      k;
  PetscReal       *contact, *u, most = -1;
  PetscInt         n;
  Vec              U;

  MUST(NakModelCreate(PETSC_COMM_WORLD, params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  l = NakStateLayout(NakModelState(model));
  k = NakKineticsCreate(NaK(), params->alloy.temperature, &params->interphase, &params->reaction,
                        params->contact.fraction);
  MUST(VecGetLocalSize(U, &n));
  n /= l->size;
  MUST(PetscMalloc1(n, &contact));
  MUST(NakModelContact(model, contact));
  FillState(model, s, U);
  MUST(VecGetArray(U, &u));
  Unsettle(l, &k, n, contact, move, u);
  MUST(VecRestoreArray(U, &u));
  MUST(NakModelSettle(model, U, &most));
  assert_true(most > 0);
  MUST(VecGetArray(U, &u));
  for (PetscInt j = 0; j < n; j++) {
    const PetscReal *column = u + (ptrdiff_t)j * l->size;
    const PetscReal  moved  = column[l->potential] - column[l->deposit];

    assert_true(PetscAbsReal(moved - (contact[j] > 0 ? 0 : move)) < 1e-11);
  }
  MUST(VecRestoreArray(U, &u));
  MUST(PetscFree(contact));
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

static void SettledPotentialsHoldTheCharge(void **unused)
{
  const NakModelParams whole = Params(6, 4);
  NakModelParams       part  = Params(1, 1);

  (void)unused;
  part.contact.fraction = 0.4;
  for (int m = 0; m < SITUATIONS; m++) {
    CheckSettle(&whole, &situations[m]);
    if (Ranks() == 1) CheckSettle(&part, &situations[m]);
  }
}

/* Those of the counter electrode as its own open share is. */
static void ScalesOfTheCounter(void **unused)
{
  NakModelParams   params = Params(8, 1);
  NakModel         model;
  const NakLayout *l, *there;
  const PetscReal *s, *u;
  PetscInt         n;
  Vec              U, scale;

  (void)unused;
  params.counter.kind           = NAK_COUNTER_ALLOY;
  params.interphase.film_nuclei = 1e9;
  params.interphase.film_speed  = 1e-9;
  params.interphase.film_width  = 4 * params.grid.width / 8;
  NakModelComplete(&params);
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &scale));
  l     = NakStateLayout(NakModelState(model));
  there = NakModelCounter(model);
  FillState(model, &situations[8], U);
  MUST(NakModelScales(model, U, scale));
  MUST(VecGetLocalSize(U, &n));
  MUST(VecGetArrayRead(scale, &s));
  MUST(VecGetArrayRead(U, &u));
  for (ptrdiff_t at = l->counter; at < n; at += l->size) {
    assert_true(s[at + there->open] == u[at + there->open]);
    assert_true(s[at + there->charge] == 1e30);
    AssertNear("potential", s[at + there->potential], 0.025693, 1e-6);
  }
  MUST(VecRestoreArrayRead(U, &u));
  MUST(VecRestoreArrayRead(scale, &s));
  assert_true(model->counter.params.interphase.film_nuclei ==
              0); /* its film grows alike everywhere */
  assert_true(model->counter.params.interphase.film_nucleation == 0);
  MUST(VecDestroy(&scale));
  MUST(VecDestroy(&U));
  MUST(NakModelDestroy(&model));
}

/* Errors of E, the deposit and the open share are controlled, of the last relative to itself. */
static void ScalesOfErrors(void **unused)
{
  NakModelParams   params = Params(8, 1);
  NakModel         model;
  const NakLayout *l;
  const PetscReal *s, *u;
  PetscReal       *contact;
  PetscInt         n;
  Vec              U, scale;

  (void)unused;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &scale));
  l = NakStateLayout(NakModelState(model));
  FillState(model, &situations[8], U);
  MUST(VecGetLocalSize(U, &n));
  n /= l->size;
  MUST(PetscMalloc1(n, &contact));
  MUST(NakModelContact(model, contact));
  for (int given = 0; given < 2; given++) {
    MUST(NakModelScales(model, given ? U : NULL, scale));
    MUST(VecGetArrayRead(scale, &s));
    MUST(VecGetArrayRead(U, &u));
    for (ptrdiff_t j = 0; j < n; j++) {
      const PetscReal *column = s + j * l->size;

      assert_true(column[l->open] == (given ? u[j * l->size + l->open] : 1e-30));
      assert_true(column[l->charge] == 1e30);
      assert_true(column[l->q_total] == 1e30);
      assert_true(column[l->phi] == 1e30);
      assert_true(contact[j] > 0 ? PetscAbsReal(column[l->potential] - 0.025693) < 1e-6
                                 : column[l->potential] == 1e30);
    }
    MUST(VecRestoreArrayRead(U, &u));
    MUST(VecRestoreArrayRead(scale, &s));
  }
  MUST(PetscFree(contact));
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&scale));
  MUST(NakModelDestroy(&model));
}

/* In a state of equilibrium nothing moves. */
static void PristineCellIsAtRest(void **unused)
{
  NakModelParams params = Params(4, 3);
  NakModel       model;
  NakRecord      record = {0};
  Vec            U, zero, F;
  PetscReal      norm;

  (void)unused;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &zero));
  MUST(VecDuplicate(U, &F));
  MUST(VecSet(zero, 0));
  MUST(NakModelInitialise(model, U));
  MUST(NakModelHold(model, (NakControl){NAK_HOLD_CURRENT, 0}));
  MUST(NakModelResidual(model, U, zero, F));
  MUST(VecNorm(F, NORM_INFINITY, &norm));
  assert_true(norm < 1e-9);
  MUST(NakModelMeasure(model, U, &record, NULL));
  assert_true(PetscAbsReal(record.voltage - 1.547e-3) <
              2e-6); /* OCV of x = 0.6297, docs/model.md */
  assert_true(PetscAbsReal(record.u_face_min - 1) < 1e-12);
  assert_true(PetscAbsReal(record.contact_fraction - 0.5) < 1e-12);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&zero));
  MUST(VecDestroy(&F));
  MUST(NakModelDestroy(&model));
}

/* Shares as near to the wanted ones as whole columns, or whole rings of them, can come: by hand. */
static const struct {
  NakContactShape shape;
  PetscInt        nx, ny;
  PetscReal       fraction, share;
} patterns[] = {
  {NAK_CONTACT_STRIP, 20, 1,  0.25, 0.25      },
  {NAK_CONTACT_STRIP, 20, 3,  0.75, 0.75      },
  {NAK_CONTACT_STRIP, 21, 1,  0.5,  11.0 / 21 },
  {NAK_CONTACT_DISC,  12, 12, 0.4,  60.0 / 144},
  {NAK_CONTACT_DISC,  9,  9,  0.1,  9.0 / 81  }
};

/* On one rank: a disc is the same seen from any side. */
static void CheckDisc(NakModel model, Vec U, PetscInt n)
{
  PetscReal *contact;
  PetscInt   field = 0;
  NakFrame   frame;

  MUST(NakModelFrame(model, U, &frame));
  while (strcmp(frame.fields[field].name, "contact") != 0) field++;
  MUST(PetscMalloc1(n * n, &contact));
  MUST(frame.fill(frame.ctx, field, contact));
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < n; i++) {
      assert_true(contact[j * n + i] == contact[j * n + n - 1 - i]);
      assert_true(contact[j * n + i] == contact[i * n + j]);
    }
  MUST(PetscFree(contact));
}

static void ContactHasItsShare(void **unused)
{
  (void)unused;
  for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++) {
    NakModelParams params = Params(patterns[k].nx, patterns[k].ny);
    NakRecord      record = {0};
    NakModel       model;
    Vec            U;

    params.contact.shape    = patterns[k].shape;
    params.contact.fraction = patterns[k].fraction;
    MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
    MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
    MUST(NakModelInitialise(model, U));
    MUST(NakModelMeasure(model, U, &record, NULL));
    assert_true(PetscAbsReal(record.contact_fraction - patterns[k].share) < 1e-12);
    if (patterns[k].shape == NAK_CONTACT_DISC && Ranks() == 1) CheckDisc(model, U, patterns[k].nx);
    MUST(VecDestroy(&U));
    MUST(NakModelDestroy(&model));
  }
}

/* Solve with one matrix and its preconditioner to rounding; the iterations it takes. */
static PetscInt Solve(Mat A, PetscErrorCode (*precondition)(NakColumns, PC), NakModel model, Vec b,
                      Vec x)
{
  PetscInt iterations;
  KSP      ksp;
  PC       pc;

  MUST(KSPCreate(PETSC_COMM_WORLD, &ksp));
  MUST(KSPSetOperators(ksp, A, A));
  MUST(KSPSetTolerances(ksp, 1e-12, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  MUST(KSPSetErrorIfNotConverged(ksp, PETSC_TRUE));
  MUST(KSPGetPC(ksp, &pc));
  MUST(precondition(NakModelColumns(model), pc));
  MUST(KSPSolve(ksp, b, x));
  MUST(KSPGetIterationNumber(ksp, &iterations));
  MUST(KSPDestroy(&ksp));
  return iterations;
}

static PetscErrorCode SolveInside(NakColumns columns, PC pc)
{
  KSP inner;

  return NakColumnsSolver(columns, 1e-12, NAK_SOLUTIONS_KEPT, pc, &inner);
}

/* Lines find the y whose product with the matrix of a cell was the right-hand side, in few
   iterations.  test_columns.c has more grids. */
static void CheckSolvers(NakModelParams params, const Situation *s, PetscReal shift, PetscInt most)
{
  PetscReal error, size;
  NakModel  model;
  PetscInt  iterations;
  Mat       A, matrix;
  Vec       U, b, x, y;

  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &b));
  MUST(VecDuplicate(U, &x));
  MUST(VecDuplicate(U, &y));
  FillState(model, s, U);
  FillDirection(model, U, 2, y);
  MUST(NakModelHold(model, s->control));
  A = NakColumnsOperator(NakModelColumns(model));
  MUST(NakColumnsLinearise(NakModelColumns(model), U,
                           shift)); /* before the preconditioner is there, which must notice */
  MUST(NakColumnsMatrix(NakModelColumns(model), &matrix));
  MUST(MatMult(matrix, y, b));
  iterations = Solve(A, NakColumnsPreconditioner, model, b, x);
  MUST(VecNorm(y, NORM_INFINITY, &size));
  MUST(VecAXPY(x, -1, y));
  MUST(VecNorm(x, NORM_INFINITY, &error));
  if (!(error < 1e-8 * size) || iterations > most)
    print_error("%s on %d x %d, shift %g: %d iterations, error %g\n", s->name, (int)params.grid.nx,
                (int)params.grid.ny, (double)shift, (int)iterations, (double)(error / size));
  assert_true(error < 1e-8 * size);
  assert_true(iterations <= most);
  assert_true(Solve(A, SolveInside, model, b, x) <= most);
  MUST(VecAXPY(x, -1, y));
  MUST(VecNorm(x, NORM_INFINITY, &error));
  if (!(error < 1e-8 * size)) print_error("inside: error %g\n", (double)(error / size));
  assert_true(error < 1e-8 * size);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&b));
  MUST(VecDestroy(&x));
  MUST(VecDestroy(&y));
  MUST(NakModelDestroy(&model));
}

static void SolversAgree(void **unused)
{
  const PetscInt sizes[][2] = {
    {8,  1 },
    {17, 6 },
    {33, 31}
  };
  const PetscReal shifts[] = {0.1, 1e3};

  (void)unused;
  for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    for (int k = 0; k < 4; k++) {
      NakModelParams params = Params(sizes[n][0], sizes[n][1]);

      params.contact.fraction = 0.5;
      params.grid.lateral     = k / 2 == 0 ? NAK_LATERAL_SYMMETRIC : NAK_LATERAL_PERIODIC;
      CheckSolvers(params, &situations[1], shifts[k % 2], 14);
      CheckSolvers(params, &situations[4], shifts[k % 2], 14);
      params.grid.width = 0.5e-6 * (PetscReal)params.grid.nx;
      FreezeSome(&params, 1, 1); /* at random, so driven hard: steps are short, iterations many */
      CheckSolvers(params, &situations[1], 1e5, 30);
    }
  }
}

/* ---- Open shares far apart ---- */

/* Blocked to so little beside open columns: two of three, in every direction and in both colours,
   or all beyond the first third. */
typedef enum { SCATTERED, BEYOND } Blocking;

typedef struct {
  Blocking  blocking;
  PetscReal share;
  PetscReal spreading; /* [m2/s] */
  PetscReal shift;     /* [1/s] */
} Film;

static void BlockColumns(NakModel model, const Film *film, Vec U)
{
  NakState         state = NakModelState(model);
  const NakLayout *l     = NakStateLayout(state);
  const PetscInt   nx    = NakStateGrid(state)->nx;
  PetscInt         xs, ys, xm, ym;
  PetscReal       *u;

  MUST(DMDAGetCorners(NakStateDM(state), &xs, &ys, NULL, &xm, &ym, NULL));
  MUST(VecGetArray(U, &u));
  for (PetscInt j = 0; j < ym; j++)
    for (PetscInt i = 0; i < xm; i++) {
      const PetscBool scattered = (PetscBool)((xs + i + 2 * (ys + j)) % 3 != 0);
      const PetscBool beyond    = (PetscBool)(3 * (xs + i) >= nx);

      if (film->blocking == SCATTERED ? scattered : beyond)
        u[(ptrdiff_t)(j * xm + i) * l->size + l->open] *= film->share;
    }
  MUST(VecRestoreArray(U, &u));
}

/* By LU and three turns of refinement, on one rank. */
static void SolveDirectly(Mat A, Vec b, Vec x)
{
  Vec r, change;
  KSP ksp;
  PC  pc;

  MUST(VecDuplicate(b, &r));
  MUST(VecDuplicate(b, &change));
  MUST(KSPCreate(PETSC_COMM_WORLD, &ksp));
  MUST(KSPSetOperators(ksp, A, A));
  MUST(KSPSetType(ksp, KSPPREONLY));
  MUST(KSPGetPC(ksp, &pc));
  MUST(PCSetType(pc, PCLU));
  MUST(VecSet(x, 0));
  for (int turn = 0; turn < 4; turn++) {
    MUST(MatMult(A, x, r));
    MUST(VecAYPX(r, -1, b));
    MUST(KSPSolve(ksp, r, change));
    MUST(VecAXPY(x, 1, change));
  }
  MUST(KSPDestroy(&ksp));
  MUST(VecDestroy(&r));
  MUST(VecDestroy(&change));
}

/* Greatest error of the open share's change, over the share or its change, whichever is greater. */
static PetscReal WorstShare(NakModel model, Vec U, Vec x, Vec exact)
{
  const NakLayout *l     = NakStateLayout(NakModelState(model));
  PetscReal        worst = 0;
  PetscInt         n;
  const PetscReal *u, *a, *b;

  MUST(VecGetLocalSize(U, &n));
  MUST(VecGetArrayRead(U, &u));
  MUST(VecGetArrayRead(x, &a));
  MUST(VecGetArrayRead(exact, &b));
  for (PetscInt k = l->open; k < n; k += l->size)
    worst = PetscMax(worst, PetscAbsReal(a[k] - b[k]) / PetscMax(u[k], PetscAbsReal(b[k])));
  MUST(VecRestoreArrayRead(U, &u));
  MUST(VecRestoreArrayRead(x, &a));
  MUST(VecRestoreArrayRead(exact, &b));
  return worst;
}

/* As a step does: by one solver one stage after the other, whose right-hand sides nearly span each
   other. */
static void SolveStages(NakModel model, PetscInt n, const Vec b[], Vec x[])
{
  Mat A = NakColumnsOperator(NakModelColumns(model));
  KSP ksp, inner;
  PC  pc;

  MUST(KSPCreate(PETSC_COMM_WORLD, &ksp));
  MUST(KSPSetOperators(ksp, A, A));
  MUST(KSPSetErrorIfNotConverged(ksp, PETSC_TRUE));
  MUST(KSPGetPC(ksp, &pc));
  MUST(KSPSetType(ksp, KSPPREONLY));
  MUST(NakColumnsSolver(NakModelColumns(model), 1e-11, NAK_SOLUTIONS_KEPT, pc, &inner));
  assert_non_null(inner);
  for (PetscInt k = 0; k < n; k++) {
    MUST(KSPSolve(ksp, b[k], x[k]));
    MUST(NakColumnsConserve(NakModelColumns(model), b[k], x[k]));
  }
  MUST(KSPDestroy(&ksp));
}

enum { STAGES = 3 };

/* A stage's right-hand side is that of the one before, and something else. */
static void FillStages(NakModel model, Vec U, Vec b[])
{
  for (PetscInt k = 0; k < STAGES; k++) {
    FillDirection(model, U, 2 + k, b[k]);
    if (k > 0) MUST(VecAYPX(b[k], 0.01, b[k - 1]));
  }
}

/* To a share of 1e-24 the change of it is known as exactly as that of an open column: the solver
   ends by solving every column from its neighbours. */
static void CheckShares(NakModelParams params, const Situation *s, const Film *film)
{
  const PetscReal least = 1e-24, tolerance = 1e-6;
  PetscReal       worst = 0;
  NakModel        model;
  Vec             U, *b, *x, exact;
  Mat             matrix;

  params.contact.fraction          = 1;
  params.interphase.film_spreading = film->spreading;
  MUST(NakModelCreate(PETSC_COMM_WORLD, &params, &model));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &exact));
  MUST(VecDuplicateVecs(U, STAGES, &b));
  MUST(VecDuplicateVecs(U, STAGES, &x));
  FillState(model, s, U);
  BlockColumns(model, film, U);
  FillStages(model, U, b);
  MUST(NakModelHold(model, s->control));
  MUST(NakColumnsLinearise(NakModelColumns(model), U, film->shift));
  MUST(NakColumnsMatrix(NakModelColumns(model), &matrix));
  SolveStages(model, STAGES, b, x);
  for (int n = 0; n < STAGES; n++) {
    SolveDirectly(matrix, b[n], exact);
    worst = PetscMax(worst, WorstShare(model, U, x[n], exact));
  }
  if (film->share >= 0.9 * least && !(worst <= tolerance))
    fail_msg("%s, %d x %d, share %g, spreading %g, shift %g: error %g", s->name,
             (int)params.grid.nx, (int)params.grid.ny, (double)film->share, (double)film->spreading,
             (double)film->shift, (double)worst);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&exact));
  MUST(VecDestroyVecs(STAGES, &b));
  MUST(VecDestroyVecs(STAGES, &x));
  MUST(NakModelDestroy(&model));
}

static void SmallSharesAreSolvedFor(void **unused)
{
  const PetscReal spreading[] = {0, 1e-16}, shifts[] = {0.01, 1, 1e4}, shares[] = {1e-12, 1e-24};
  const int       states[] = {1, 2, 12}; /* stripping, collapse, a deposit grows */

  (void)unused;
  if (Ranks() > 1) skip();
  for (int k = 0; k < 24; k++) {
    const Film film = {.blocking  = k % 2 == 0 ? SCATTERED : BEYOND,
                       .share     = shares[k / 2 % 2],
                       .spreading = spreading[k / 4 % 2],
                       .shift     = shifts[k / 8]};

    for (int n = 0; n < 3; n++) {
      CheckShares(Params(24, 1), &situations[states[n]], &film);
      CheckShares(Params(12, 6), &situations[states[n]], &film);
    }
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(PristineCellIsAtRest),
  cmocka_unit_test(JacobianMatchesDifferences),
  cmocka_unit_test(JacobianOfTwoElectrodes),
  cmocka_unit_test(JacobianInALiquid),
  cmocka_unit_test(JacobianOfAHost),
  cmocka_unit_test(JacobianOfLayers),
  cmocka_unit_test(LayersObeyTheirLaws),
  cmocka_unit_test(JacobianOfAFront),
  cmocka_unit_test(JacobianAtOtherTemperatures),
  cmocka_unit_test(JacobianOfPhases),
  cmocka_unit_test(JacobianOfVoids),
  cmocka_unit_test(FluxesCancelInTheSums),
  cmocka_unit_test(BookingConserves),
  cmocka_unit_test(IonsAreConserved),
  cmocka_unit_test(SettledPotentialsHoldTheCharge),
  cmocka_unit_test(ScalesOfErrors),
  cmocka_unit_test(ScalesOfTheCounter),
  cmocka_unit_test(SolversAgree),
  cmocka_unit_test(SmallSharesAreSolvedFor),
  cmocka_unit_test(ContactHasItsShare),
};

NAK_TEST_MAIN(tests)
