/* The unknowns of a cell: where they begin, what they may be, and their scales; the contract is in
   nakfield/model.h. */
#include "model_impl.h"

/* Size of a change that matters in the sites of a host. */
#define NAK_SITES_SCALE 0.01

/* What fewer Na+ than in the liquid of a Na salt are to a potential. */
static PetscReal Thinner(const NakColumn *c)
{
  return PetscLogReal(1 - c->kinetics.liquid.potassium) / c->kinetics.f;
}

/* Set up a host with these sites taken.  Returns the charge of its face. */
static PetscReal PristineHost(const NakColumn *c, const PetscReal sites[2], PetscReal column[])
{
  const NakLayout *l = &c->l;

  column[l->open]         = 1;
  column[l->reservoir_na] = sites[0];
  column[l->reservoir_k]  = sites[1];
  column[l->potential]    = NakHostOpenCircuit(&c->kinetics, &c->host, sites) + Thinner(c);
  column[l->charge]       = NakKineticsCharge(&c->kinetics, column[l->potential], 1).value;
  return column[l->charge];
}

/* Set up a pristine electrode.  Returns the charge of its face, per area of contact. */
static PetscReal Pristine(const NakColumn *c, PetscReal contact, PetscReal column[])
{
  const NakLayout *l     = &c->l;
  const PetscReal  whole = c->start / (1 - c->start), r = NakColumnLiquid(c, whole);
  const PetscReal  u      = NakKineticsIsotherm(&c->kinetics, r).u;
  const PetscReal  E      = NakKineticsOpenCircuit(&c->kinetics, u) + Thinner(c);
  const PetscReal  charge = NakKineticsCharge(&c->kinetics, E, 1).value;

  column[l->charge] = contact * charge;
  column[l->open]   = 1;
  for (PetscInt k = 0; k < c->ne; k++) column[NakLayoutPhi(l, k)] = -E;
  if (l->ions > 0) NakIonsPristine(c, column);
  column[l->potential] = E;
  for (PetscInt k = 0; k < c->nf; k++) column[l->interphase + k] = u;
  for (PetscInt k = 0; k < c->na; k++) column[NakLayoutAlloy(l, k)] = r;
  column[l->reservoir_na] = whole;
  for (PetscInt k = 0; k < c->na; k++) /* it has what the layers lack */
    column[l->reservoir_na] += (whole - r) * c->alloy.height[k] / c->reservoir;
  column[l->reservoir_k] = 1;
  return charge;
}

PetscErrorCode NakModelInitialise(NakModel model, Vec U)
{
  const NakColumn *c = &model->column;
  PetscReal       *a;

  PetscFunctionBeginUser;
  PetscCall(VecSet(U, 0));
  PetscCall(VecGetArray(U, &a));
  for (PetscInt j = 0; j < model->owned; j++) {
    PetscReal *column = a + (ptrdiff_t)j * c->l.size;

    model->initial_charge = Pristine(c, c->over[j].contact, column);
    if (c->counter == NULL) continue;
    model->counter.initial_charge =
      NakColumnIsHost(c->counter)
        ? PristineHost(c->counter, model->params.counter.sites, column + c->l.counter)
        : Pristine(c->counter, NakCounterCover.contact, column + c->l.counter);
  }
  PetscCall(NakModelVoidsPockets(model, a));
  PetscCall(VecRestoreArray(U, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether unknown j is an order parameter. */
static int Order(const NakLayout *l, PetscInt j)
{
  return j >= l->alloy && j < l->reservoir_na && !NakLayoutIsRatio(l, j);
}

/* Na and some empty sites must be left.  K can be absent, and then 0 to the error of a step. */
static PetscBool Finite(const PetscReal u[], PetscInt first, PetscInt end)
{
  for (PetscInt j = first; j < end; j++)
    if (!isfinite(u[j])) return PETSC_FALSE;
  return PETSC_TRUE;
}

static PetscBool HostValid(const NakColumn *c, const PetscReal u[])
{
  const NakLayout *l  = &c->l;
  const PetscReal  na = u[l->reservoir_na], k = u[l->reservoir_k];

  return (PetscBool)(Finite(u, 0, l->size) && na > 0 && k > -NAK_SITES_SCALE && na + k < 1);
}

/* Na and K must be left wherever there is alloy or interphase.  Some part of the face must be open.
   Everything must be a number, and an order parameter must be near its range. */
static PetscBool ColumnValid(const NakColumn *c, const PetscReal u[])
{
  const NakLayout *l        = &c->l;
  const PetscReal  least[2] = {0, -0.5}, most[2] = {PETSC_MAX_REAL, 1.5};

  if (NakColumnIsHost(c)) return HostValid(c, u);
  if (!Finite(u, 0, l->open) || !Finite(u, l->potassium, l->counter)) return PETSC_FALSE;
  for (PetscInt j = l->open; j < l->potassium; j++) {
    const int order = l->phases > 0 ? Order(l, j) : 0;

    if (!(u[j] > least[order] && u[j] < most[order])) return PETSC_FALSE;
  }
  if (l->ions > 0 && !NakIonsLeft(c, u)) return PETSC_FALSE;
  return c->counter != NULL ? ColumnValid(c->counter, u + l->counter) : PETSC_TRUE;
}

PetscErrorCode NakModelValid(NakModel model, Vec U, PetscBool *valid)
{
  const NakColumn *c    = &model->column;
  PetscMPIInt      good = 1;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  for (ptrdiff_t k = 0; k < model->owned && good; k++)
    good = ColumnValid(c, u + k * c->l.size) ? 1 : 0;
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, model->comm));
  *valid = (PetscBool)good;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Set the potential of a face to the value that belongs to its charge.  Returns by how much, over
   its scale. */
static PetscReal Settle(const NakColumn *c, PetscReal contact, PetscReal column[])
{
  const NakLayout *l      = &c->l;
  const PetscReal  before = column[l->potential], scale = 1 / c->kinetics.f + PetscAbsReal(before);

  if (contact == 0) return 0;
  column[l->potential] =
    NakKineticsPotential(&c->kinetics, column[l->charge] / contact, column[l->open], before);
  return PetscAbsReal(column[l->potential] - before) / scale;
}

PetscErrorCode NakModelSettle(NakModel model, Vec U, PetscReal *moved)
{
  const NakColumn *c = &model->column;
  PetscReal       *u, most = 0;

  PetscFunctionBeginUser;
  PetscCall(VecGetArray(U, &u));
  for (PetscInt k = 0; k < model->owned; k++) {
    PetscReal      *column = u + (ptrdiff_t)k * c->l.size;
    const PetscReal here   = Settle(c, c->over[k].contact, column);

    most = PetscMax(most, here);
    if (c->counter != NULL) {
      const PetscReal there = Settle(c->counter, NakCounterCover.contact, column + c->l.counter);

      most = PetscMax(most, there);
    }
  }
  PetscCall(VecRestoreArray(U, &u));
  if (moved == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Allreduce(&most, moved, 1, MPIU_REAL, MPIU_MAX, model->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Scales of an electrode; `open` is that of the open share. */
static void ScalesOf(const NakModelParams *params, const NakColumn *c, PetscReal contact,
                     PetscReal open, PetscReal column[])
{
  const NakLayout *l      = &c->l;
  const PetscReal  nuclei = 100; /* so that an error of 1e-3 is no nucleus */
  const PetscReal  order  = 20;  /* so that it is 2e-3 of an order parameter */
  const PetscReal  any    = 1e30;
  const PetscReal  part = 1e-3, little = part * c->bath; /* of the electrolyte's Na+ */

  column[l->filament]  = params->cell.pellet_thickness;
  column[l->q_faraday] = any;
  column[l->q_total]   = any;
  for (PetscInt k = 0; k < c->ne; k++) column[NakLayoutPhi(l, k)] = any;
  for (PetscInt k = 0; k < c->ne && l->ions > 0; k++)
    for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++)
      column[NakLayoutPhi(l, k) + what] = part;
  column[l->potential] = contact > 0 ? 1 / c->kinetics.f : any; /* no layer, algebraic */
  for (PetscInt k = l->alloy; k < l->reservoir_na; k++)
    if (Order(l, k)) column[k] = order;
  column[l->charge]  = any;
  column[l->open]    = open;
  column[l->deposit] = nuclei * c->kinetics.deposit_nucleus / NAK_FARADAY;
  if (NakColumnIsHost(c)) column[l->reservoir_na] = column[l->reservoir_k] = NAK_SITES_SCALE;
  if (!NakLayoutIsLiquid(l)) return;
  column[l->potassium] = NAK_FARADAY * little;
  column[l->salt]      = little;
}

PetscErrorCode NakModelScales(NakModel model, Vec U, Vec scale)
{
  const NakColumn *c    = &model->column;
  const NakLayout *l    = &c->l;
  const PetscReal  tiny = 1e-30;
  const PetscReal *u    = NULL;
  PetscReal       *s;

  PetscFunctionBeginUser;
  PetscCall(VecSet(scale, 1));
  PetscCall(VecGetArray(scale, &s));
  if (U != NULL) PetscCall(VecGetArrayRead(U, &u));
  for (ptrdiff_t j = 0; j < model->owned; j++) {
    const ptrdiff_t at = j * l->size, there = at + l->counter;

    ScalesOf(&model->params, c, c->over[j].contact, u != NULL ? u[at + l->open] : tiny, s + at);
    if (c->counter != NULL)
      ScalesOf(&model->params, c->counter, NakCounterCover.contact,
               u != NULL ? u[there + c->counter->l.open] : tiny, s + there);
  }
  if (U != NULL) PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(VecRestoreArray(scale, &s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
