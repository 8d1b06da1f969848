/* F of all columns, with lateral exchange.

   Potentials are worked out once a column and kept for a few rows only: the three about the row at
   work, and the first and the last, which a periodic grid needs at its other end. */
#include "model_impl.h"

enum { FIRST, LAST, ROLLING, ROWS = 5 };

PetscErrorCode NakPotentialsCreate(NakModel model)
{
  const ptrdiff_t size = model->column.l.size;
  NakBox          box;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(model->state, &box));
  PetscCall(PetscMalloc2((box.ym > 1 ? ROWS : 1) * box.xm * size, &model->rows,
                         model->neighbours.ghosts * size, &model->ghosts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  NakModel         model;
  const PetscReal *u;
  PetscInt         xm, ym;
} Columns;

static PetscReal *RowPotentials(const Columns *c, PetscInt row)
{
  const PetscInt place = row == 0 ? FIRST : row == c->ym - 1 ? LAST : ROLLING + row % 3;

  return c->model->rows + (ptrdiff_t)place * c->xm * c->model->column.l.size;
}

static void FillRow(const Columns *c, PetscInt row)
{
  const NakColumn *column = &c->model->column;
  const ptrdiff_t  size   = column->l.size;
  const PetscReal *u      = c->u + (ptrdiff_t)row * c->xm * size;
  PetscReal       *theta  = RowPotentials(c, row);

  for (PetscInt k = 0; k < c->xm; k++) NakColumnPotentials(column, u + k * size, theta + k * size);
}

static const PetscReal *PotentialsOf(const Columns *c, PetscInt number)
{
  const ptrdiff_t size  = c->model->column.l.size;
  const PetscInt  owned = c->model->neighbours.owned;

  if (number >= owned) return c->model->ghosts + (number - owned) * size;
  return RowPotentials(c, number / c->xm) + (number % c->xm) * size;
}

static void Lateral(const Columns *c, PetscInt number, const PetscReal own[], PetscReal f[])
{
  const NakNeighbours *nb = &c->model->neighbours;

  for (int s = 0; s < SIDES; s++) {
    const PetscInt   other  = nb->beside[number][s];
    const PetscReal  weight = nb->weight[s];
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
  if (c->ym > 1) FillRow(c, c->ym - 1);
  for (PetscInt row = 0, n = 0; row < c->ym; row++) {
    if (row + 1 < c->ym - 1) FillRow(c, row + 1);
    for (PetscInt i = 0; i < c->xm; i++, n++) {
      const PetscReal *own = PotentialsOf(c, n);

      NakColumnResidual(column, &model->over[n], c->u + n * size, udot + n * size, own,
                        f + n * size);
      Lateral(c, n, own, f + n * size);
    }
  }
}

PetscErrorCode NakModelResidual(NakModel model, Vec U, Vec Udot, Vec F)
{
  const ptrdiff_t  size = model->column.l.size;
  NakNeighbours   *nb   = &model->neighbours;
  const PetscReal *udot;
  PetscReal       *f;
  Columns          c = {.model = model};
  NakBox           box;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(model->state, &box));
  c.xm = box.xm;
  c.ym = box.ym;
  PetscCall(VecGetArrayRead(U, &c.u));
  PetscCall(NakNeighboursFetch(nb, c.u, nb->x));
  for (PetscInt k = 0; k < nb->ghosts; k++)
    NakColumnPotentials(&model->column, nb->x + k * size, model->ghosts + k * size);
  PetscCall(VecGetArrayRead(Udot, &udot));
  PetscCall(VecGetArray(F, &f));
  Residual(&c, udot, f);
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(Udot, &udot));
  PetscCall(VecRestoreArrayRead(U, &c.u));
  PetscFunctionReturn(PETSC_SUCCESS);
}
