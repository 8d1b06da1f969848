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
  PetscCall(DMCreateLocalVector(NakStateDM(m->state), &m->u_ghosted));
  PetscCall(VecDuplicate(m->u_ghosted, &m->theta));
  PetscCall(NakPatternCreate(&m->column, &m->scratch, &m->pattern));
  PetscCall(NakLevelsCreate(m->state, &m->pattern, &m->levels, &m->n_levels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelDestroy(NakModel *model)
{
  NakModel m = *model;

  PetscFunctionBeginUser;
  if (m == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(MatDestroy(&m->operator));
  PetscCall(NakNeighboursDestroy(&m->neighbours));
  PetscCall(NakMultigridDestroy(&m->multigrid));
  PetscCall(NakLevelsDestroy(&m->levels, m->n_levels));
  PetscCall(NakPatternDestroy(&m->scratch, &m->pattern));
  PetscCall(VecDestroy(&m->u_ghosted));
  PetscCall(VecDestroy(&m->theta));
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

/* Lateral exchange of one column: f -= (sum over neighbours of their potential less ours) / d^2. */
static void AddLateral(PetscInt n, PetscReal weight, const PetscReal own[], const PetscReal a[],
                       const PetscReal b[], PetscReal f[])
{
  for (PetscInt j = 0; j < n; j++) f[j] -= weight * ((a[j] - own[j]) + (b[j] - own[j]));
}

/* A box of columns with ghosts, seen from the owned part of it. */
typedef struct {
  const PetscReal *u, *theta; /* ghosted */
  NakBox           box, ghosted;
} Columns;

/* The neighbours of column (i, j) in one direction; the column itself beyond a boundary. */
static void LateralPair(const NakModel model, const Columns *c, PetscInt i, PetscInt j,
                        PetscBool in_y, PetscReal f[])
{
  const NakGrid   *grid = NakStateGrid(model->state);
  const ptrdiff_t  size = model->column.l.size, stride = in_y ? c->ghosted.xm : 1;
  const PetscInt   at  = in_y ? j - c->ghosted.ys : i - c->ghosted.xs;
  const PetscInt   n   = in_y ? c->ghosted.ym : c->ghosted.xm;
  const PetscReal  d   = in_y ? grid->dy : grid->dx;
  const PetscInt   k   = (j - c->ghosted.ys) * c->ghosted.xm + i - c->ghosted.xs;
  const PetscReal *own = c->theta + k * size;
  const PetscReal *a   = at > 0 ? own - stride * size : own;
  const PetscReal *b   = at + 1 < n ? own + stride * size : own;

  AddLateral(model->column.l.size, 1 / (d * d), own, a, b, f);
}

static void Residual(NakModel model, const Columns *c, const PetscReal *udot, PetscReal *f)
{
  const NakGrid  *grid = NakStateGrid(model->state);
  const ptrdiff_t size = model->column.l.size;
  PetscInt        n    = 0;

  for (PetscInt j = c->box.ys; j < c->box.ys + c->box.ym; j++) {
    for (PetscInt i = c->box.xs; i < c->box.xs + c->box.xm; i++, n++) {
      const PetscInt k = (j - c->ghosted.ys) * c->ghosted.xm + i - c->ghosted.xs;

      NakColumnResidual(&model->column, &model->over[n], c->u + k * size, udot + n * size,
                        c->theta + k * size, f + n * size);
      if (grid->nx > 1) LateralPair(model, c, i, j, PETSC_FALSE, f + n * size);
      if (grid->ny > 1) LateralPair(model, c, i, j, PETSC_TRUE, f + n * size);
    }
  }
}

PetscErrorCode NakModelResidual(NakModel model, Vec U, Vec Udot, Vec F)
{
  const ptrdiff_t  size = model->column.l.size;
  DM               dm   = NakStateDM(model->state);
  PetscReal       *theta, *f;
  const PetscReal *udot;
  Columns          c;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(model->state, &c.box));
  PetscCall(NakGhostedBox(model->state, &c.ghosted));
  PetscCall(DMGlobalToLocal(dm, U, INSERT_VALUES, model->u_ghosted));
  PetscCall(VecGetArrayRead(model->u_ghosted, &c.u));
  PetscCall(VecGetArray(model->theta, &theta));
  for (PetscInt k = 0; k < c.ghosted.xm * c.ghosted.ym; k++)
    NakColumnPotentials(&model->column, c.u + k * size, theta + k * size);
  c.theta = theta;
  PetscCall(VecGetArrayRead(Udot, &udot));
  PetscCall(VecGetArray(F, &f));
  Residual(model, &c, udot, f);
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(Udot, &udot));
  PetscCall(VecRestoreArray(model->theta, &theta));
  PetscCall(VecRestoreArrayRead(model->u_ghosted, &c.u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelConserve(NakModel model, Vec residual, Vec solution)
{
  const NakColumn *c       = &model->column;
  const NakGrid   *grid    = NakStateGrid(model->state);
  const ptrdiff_t  size    = c->l.size;
  const PetscReal  columns = (PetscReal)grid->nx * (PetscReal)grid->ny;
  const PetscReal *r;
  PetscReal       *x, lost = 0;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(residual, &n));
  PetscCall(VecGetArrayRead(residual, &r));
  for (ptrdiff_t k = 0; k < n / size; k++)
    lost += NakColumnSodium(c, model->over[k].contact, r + k * size);
  PetscCall(VecRestoreArrayRead(residual, &r));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &lost, 1, MPIU_REAL, MPIU_SUM, model->comm));
  PetscCall(VecGetArray(solution, &x));
  for (ptrdiff_t k = 0; k < n; k += size)
    x[k + c->l.reservoir_na] += lost / (model->shift * c->alloy_content * c->reservoir * columns);
  PetscCall(VecRestoreArray(solution, &x));
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
