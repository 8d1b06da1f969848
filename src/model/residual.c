/* F of all columns, with lateral exchange.

   Potentials are worked out once a column and kept for a few rows only.  These are the three about
   the row at work.  A periodic grid also needs the first and the last row at its other end. */
#include "model_impl.h"

enum { FIRST, LAST, ROLLING, ROWS = 5 };

PetscErrorCode NakPotentialsCreate(NakModel model)
{
  const ptrdiff_t size = NakColumnWidth(&model->column);
  const NakBox   *box  = &model->box;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((box->ym > 1 ? ROWS : 1) * box->xm * size, &model->rows,
                         NakColumnsNeighbours(model->columns)->ghosts * size, &model->ghosts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  NakModel             model;
  const NakNeighbours *near;
  const PetscReal     *u;
  NakBox               box;
} Columns;

static PetscReal *RowPotentials(const Columns *c, PetscInt row)
{
  const PetscInt place = row == 0 ? FIRST : row == c->box.ym - 1 ? LAST : ROLLING + row % 3;

  return c->model->rows + (ptrdiff_t)place * c->box.xm * NakColumnWidth(&c->model->column);
}

static void FillRow(const Columns *c, PetscInt row)
{
  const NakColumn *column = &c->model->column;
  const ptrdiff_t  size   = column->l.size;
  const PetscReal *u      = c->u + (ptrdiff_t)row * c->box.xm * size;
  PetscReal       *theta  = RowPotentials(c, row);

  for (PetscInt k = 0; k < c->box.xm; k++)
    NakColumnPotentials(column, u + k * size, theta + (ptrdiff_t)k * NakColumnWidth(column));
}

static const PetscReal *PotentialsOf(const Columns *c, PetscInt number)
{
  const ptrdiff_t size  = NakColumnWidth(&c->model->column);
  const PetscInt  owned = c->near->owned;

  if (number >= owned) return c->model->ghosts + (number - owned) * size;
  return RowPotentials(c, number / c->box.xm) + (number % c->box.xm) * size;
}

static void Lateral(const Columns *c, PetscInt number, const PetscReal own[], PetscReal f[])
{
  for (int s = 0; s < NAK_BESIDE; s++) {
    const PetscInt   other  = c->near->beside[number][s];
    const PetscReal  weight = c->near->weight[s];
    const PetscReal *theta;

    if (other < 0) continue;
    theta = PotentialsOf(c, other);
    for (PetscInt j = 0; j < c->model->column.l.size; j++) f[j] -= weight * (theta[j] - own[j]);
  }
}

static void Residual(const Columns *c, const PetscReal udot[], PetscReal f[])
{
  const NakModel   model  = c->model;
  const NakColumn *column = &model->column;
  const ptrdiff_t  size   = column->l.size;

  FillRow(c, 0);
  if (c->box.ym > 1) FillRow(c, c->box.ym - 1);
  for (PetscInt row = 0, n = 0; row < c->box.ym; row++) {
    if (row + 1 < c->box.ym - 1) FillRow(c, row + 1);
    for (PetscInt i = 0; i < c->box.xm; i++, n++) {
      const PetscReal *own = PotentialsOf(c, n);

      NakColumnResidual(column, &column->over[n], c->u + n * size, udot + n * size, own,
                        f + n * size);
      Lateral(c, n, own, f + n * size);
    }
  }
}

PetscErrorCode NakModelResidual(NakModel model, Vec U, Vec Udot, Vec F)
{
  const ptrdiff_t  size = model->column.l.size;
  const PetscReal *udot, *ghosts;
  PetscReal       *f;
  Columns c = {.model = model, .near = NakColumnsNeighbours(model->columns), .box = model->box};

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &c.u));
  PetscCall(NakModelVoidsFollow(model, c.u));
  PetscCall(NakColumnsGhosts(model->columns, c.u, &ghosts));
  for (PetscInt k = 0; k < c.near->ghosts; k++)
    NakColumnPotentials(&model->column, ghosts + k * size,
                        model->ghosts + (ptrdiff_t)k * NakColumnWidth(&model->column));
  PetscCall(VecGetArrayRead(Udot, &udot));
  PetscCall(VecGetArray(F, &f));
  Residual(&c, udot, f);
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(Udot, &udot));
  PetscCall(VecRestoreArrayRead(U, &c.u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Current that the charges of a column take up, less what its far face passes.  This is what the
   rows of charge and potentials leave over. */
static PetscReal ChargeLacking(const NakColumn *c, const PetscReal f[])
{
  PetscReal sum = f[c->l.potential];

  for (PetscInt k = 0; k < c->ne; k++) sum -= f[c->l.phi + k];
  return sum;
}

/* Set the charges and the K of an electrode by the fluxes.  Returns the charge of Na that has
   reacted, as its sum counts it. */
static PetscReal BookElectrode(const NakColumn *c, const PetscReal row[], PetscReal shift,
                               PetscReal column[])
{
  const NakLayout *l       = &c->l;
  const PetscReal  reacted = row[l->q_faraday] + ChargeLacking(c, row);

  column[l->q_total] -= row[l->q_total] / shift;
  column[l->q_faraday] -= reacted / shift;
  column[l->reservoir_k] -= row[l->reservoir_k] / shift;
  if (!NakLayoutIsLiquid(l)) return reacted;
  column[l->potassium] -= row[l->potassium] / shift;
  return reacted - row[l->potassium];
}

PetscErrorCode NakModelBook(NakModel m, Vec F, PetscReal shift, Vec U)
{
  const NakColumn       *c                        = &m->column;
  const NakLayout       *l                        = &c->l;
  const NakGrid         *grid                     = NakStateGrid(m->state);
  const NakColumnPhysics ph                       = NakColumnLinear(c);
  PetscReal              lost[NAK_CONSERVED_MOST] = {0}, *u;
  const PetscReal       *f;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(F, &f));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt k = 0; k < m->owned; k++) {
    const PetscReal *row    = f + (ptrdiff_t)k * l->size;
    PetscReal       *column = u + (ptrdiff_t)k * l->size;

    lost[0] += ph.conserved(c, 0, k, row) - BookElectrode(c, row, shift, column);
    if (c->counter != NULL)
      lost[1] += ph.conserved(c, 1, k, row) -
                 BookElectrode(c->counter, row + l->counter, shift, column + l->counter);
  }
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, lost, (PetscMPIInt)ph.n_conserved, MPIU_REAL, MPIU_SUM, m->comm));
  for (PetscInt s = 0; s < ph.n_conserved; s++) {
    const PetscReal whole = ph.capacity(c, s, shift) * (PetscReal)grid->nx * (PetscReal)grid->ny;

    for (PetscInt k = 0; k < m->owned; k++)
      u[(ptrdiff_t)k * l->size + ph.keeper[s]] -= lost[s] / whole;
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(VecRestoreArrayRead(F, &f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
