/* The cell as a differential-algebraic system; the contract is in nakfield/model.h. */
#include "model_impl.h"

PetscErrorCode NakModelCreate(MPI_Comm comm, const NakModelParams *params, NakModel *model)
{
  const PetscReal height = params->alloy.volume / params->cell.area;
  NakModel        m;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&m));
  *model    = m;
  m->comm   = comm;
  m->params = *params;
  PetscCall(NakStateCreate(comm, &params->grid, params->cell.thickness,
                           params->interphase.thickness, height, &m->state));
  PetscCall(NakContactCreate(comm, &params->contact, m->state, &m->over, &m->contact_fraction));
  PetscCall(NakColumnCreate(params, m->state, m->contact_fraction, &m->column));
  PetscCall(NakNeighboursCreate(m->state, &m->neighbours));
  PetscCall(NakPotentialsCreate(m));
  PetscCall(NakPatternCreate(&m->column, &m->scratch, &m->pattern));
  PetscCall(NakLevelsCreate(m->state, &m->pattern, &m->levels, &m->n_levels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelDestroy(NakModel *model)
{
  NakModel m = *model;

  PetscFunctionBeginUser;
  if (m == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(MatDestroy(&m->jacobian));
  PetscCall(NakNeighboursDestroy(&m->neighbours));
  PetscCall(NakMultigridDestroy(&m->multigrid));
  PetscCall(NakLevelsDestroy(&m->levels, m->n_levels));
  PetscCall(NakPatternDestroy(&m->scratch, &m->pattern));
  PetscCall(PetscFree2(m->rows, m->ghosts));
  PetscCall(NakColumnDestroy(&m->column));
  PetscCall(PetscFree(m->over));
  PetscCall(NakStateDestroy(&m->state));
  PetscCall(PetscFree(*model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakState NakModelState(NakModel model)
{
  return model->state;
}

PetscReal NakModelDoubleLayer(NakModel model)
{
  return model->params.reaction.double_layer;
}

PetscErrorCode NakModelHold(NakModel model, NakControl control)
{
  PetscFunctionBeginUser;
  model->column.control = control;
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakControl NakModelHeld(NakModel model)
{
  return model->column.control;
}

PetscErrorCode NakModelConstrict(NakModel model, PetscBool constrict)
{
  const PetscReal shorted = 1e6; /* lateral conductance times this */

  PetscFunctionBeginUser;
  model->column.spreading = constrict ? 1 : shorted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakCircuit NakModelCircuit(NakModel model)
{
  const NakColumn *c = &model->column;

  return (NakCircuit){
    .series = c->series, .electrolyte = c->electrolyte, .double_layer = c->kinetics.double_layer};
}

PetscErrorCode NakModelInitialise(NakModel model, Vec U)
{
  const NakColumn *c = &model->column;
  const NakLayout *l = &c->l;
  const PetscReal  x = c->start;
  const PetscReal  r = x / (1 - x), u = NakKineticsIsotherm(&c->kinetics, r).u;
  const PetscReal  E = NakKineticsOpenCircuit(&c->kinetics, u);
  PetscInt         n;
  PetscReal       *a;

  PetscFunctionBeginUser;
  model->initial_potential = E;
  PetscCall(VecSet(U, 0));
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArray(U, &a));
  for (PetscReal *column = a; column < a + n; column += l->size) {
    for (PetscInt k = 0; k < c->ne; k++) column[l->phi + k] = -E;
    column[l->potential] = E;
    for (PetscInt k = 0; k < c->nf; k++) column[l->interphase + k] = u;
    for (PetscInt k = 0; k < c->na; k++) column[l->alloy + k] = r;
    column[l->reservoir_na] = r;
    column[l->reservoir_k]  = 1;
  }
  PetscCall(VecRestoreArray(U, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Na and K must be left wherever there is alloy or interphase, and everything must be a number. */
static PetscBool ColumnValid(const NakLayout *l, const PetscReal u[])
{
  for (PetscInt j = 0; j < l->interphase; j++)
    if (PetscIsInfOrNanReal(u[j])) return PETSC_FALSE;
  for (PetscInt j = l->interphase; j < l->size; j++)
    if (!(u[j] > 0 && u[j] < PETSC_MAX_REAL)) return PETSC_FALSE;
  return PETSC_TRUE;
}

PetscErrorCode NakModelValid(NakModel model, Vec U, PetscBool *valid)
{
  const NakLayout *l = &model->column.l;
  PetscInt         n;
  PetscMPIInt      good = 1;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt k = 0; k < n && good; k += l->size) good = ColumnValid(l, u + k) ? 1 : 0;
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, model->comm));
  *valid = (PetscBool)good;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelScales(NakModel model, Vec scale)
{
  const NakColumn *c    = &model->column;
  const NakLayout *l    = &c->l;
  const ptrdiff_t  size = l->size;
  const PetscReal  any  = 1e30;
  PetscInt         n;
  PetscReal       *s;

  PetscFunctionBeginUser;
  PetscCall(VecSet(scale, 1));
  PetscCall(VecGetLocalSize(scale, &n));
  PetscCall(VecGetArray(scale, &s));
  for (ptrdiff_t j = 0; j < n / size; j++) {
    PetscReal *column = s + j * size;

    column[l->filament]  = model->params.cell.pellet_thickness;
    column[l->q_faraday] = any;
    column[l->q_total]   = any;
    for (PetscInt k = 0; k < c->ne; k++) column[l->phi + k] = any;
    column[l->potential] =
      model->over[j].contact > 0 ? 1 / c->kinetics.f : any; /* no layer, algebraic */
    column[l->deposit] = c->kinetics.filament_onset / c->kinetics.deposit_volume;
  }
  PetscCall(VecRestoreArray(scale, &s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
