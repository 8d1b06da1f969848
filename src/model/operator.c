/* The linearised cell as an operator: entries and slopes of the columns, and nothing else, are
   streamed from memory. */
#include "lines.h"

/* y = A x of one column, without lateral exchange. */
NAK_VECTORISED static void OwnColumn(const NakPattern *p, const PetscReal a[], const PetscReal x[],
                                     PetscReal *restrict y)
{
  const PetscInt   n     = p->size;
  const PetscReal *lower = a, *diagonal = a + n, *upper = a + 2 * n;

  y[0]     = diagonal[0] * x[0] + upper[0] * x[1];
  y[n - 1] = lower[n - 1] * x[n - 2] + diagonal[n - 1] * x[n - 1];
  for (PetscInt j = 1; j < n - 1; j++)
    y[j] = lower[j] * x[j - 1] + diagonal[j] * x[j] + upper[j] * x[j + 1];
  for (PetscInt k = 3 * n; k < p->n; k++) y[p->row[k]] += a[k] * x[p->col[k]];
}

/* What one neighbour takes: the difference of the linearised potentials. */
NAK_VECTORISED static void Beside(PetscInt n, PetscReal weight, const PetscReal s[],
                                  const PetscReal x[], const PetscReal s_other[],
                                  const PetscReal x_other[], PetscReal *restrict y)
{
  for (PetscInt j = 0; j < n; j++) y[j] += weight * (s[j] * x[j] - s_other[j] * x_other[j]);
}

typedef struct {
  const PetscReal *entries, *slope, *x;
} Columns;

static void Multiply(const NakModel model, const Columns *c, PetscReal y[])
{
  const NakNeighbours *nb   = &model->neighbours;
  const NakPattern    *p    = &model->pattern;
  const ptrdiff_t      size = p->size, per_column = p->n;

  for (PetscInt n = 0; n < nb->owned; n++) {
    const PetscReal *x = c->x + n * size, *slope = c->slope + n * size;

    OwnColumn(p, c->entries + n * per_column, x, y + n * size);
    for (int s = 0; s < SIDES; s++) {
      const PetscInt   other  = nb->beside[n][s];
      const PetscBool  own    = (PetscBool)(other < nb->owned);
      const ptrdiff_t  at     = (own ? other : other - nb->owned) * size;
      const PetscReal *slopes = own ? c->slope : nb->slope, *xs = own ? c->x : nb->x;

      if (other < 0) continue;
      Beside(p->size, nb->weight[s], slope, x, slopes + at, xs + at, y + n * size);
    }
  }
}

static PetscErrorCode MultiplyVec(Mat A, Vec X, Vec Y)
{
  NakModel   model;
  NakLevel  *top;
  Columns    c;
  PetscReal *y;

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &model));
  top = &model->levels[model->n_levels - 1];
  PetscCall(VecGetArrayRead(X, &c.x));
  PetscCall(NakNeighboursFetch(&model->neighbours, c.x, model->neighbours.x));
  PetscCall(VecGetArrayRead(top->entries, &c.entries));
  PetscCall(VecGetArrayRead(top->slope, &c.slope));
  PetscCall(VecGetArrayWrite(Y, &y));
  Multiply(model, &c, y);
  PetscCall(VecRestoreArrayWrite(Y, &y));
  PetscCall(VecRestoreArrayRead(top->slope, &c.slope));
  PetscCall(VecRestoreArrayRead(top->entries, &c.entries));
  PetscCall(VecRestoreArrayRead(X, &c.x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelOperator(NakModel model, Mat *operator)
{
  PetscInt n;

  PetscFunctionBeginUser;
  if (model->operator== NULL) {
    PetscCall(NakNeighboursCreate(model->state, &model->neighbours));
    PetscCall(VecGetLocalSize(model->levels[model->n_levels - 1].slope, &n));
    PetscCall(MatCreateShell(model->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, (void *)model,
                             &model->operator));
    PetscCall(MatShellSetOperation(model->operator, MATOP_MULT, (void (*)(void))MultiplyVec));
  }
  *operator= model->operator;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The slopes of the ghosts follow a linearisation. */
PetscErrorCode NakOperatorRenew(NakModel model)
{
  const PetscReal *slope;
  Vec              slopes = model->levels[model->n_levels - 1].slope;

  PetscFunctionBeginUser;
  if (model->operator== NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArrayRead(slopes, &slope));
  PetscCall(NakNeighboursFetch(&model->neighbours, slope, model->neighbours.slope));
  PetscCall(VecRestoreArrayRead(slopes, &slope));
  PetscCall(MatAssemblyBegin(model->operator, MAT_FINAL_ASSEMBLY)); /* it has changed */
  PetscCall(MatAssemblyEnd(model->operator, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}
