/* The linearised cell as an operator: entries and slopes of the columns, and nothing else, are
   streamed from memory. */
#include "lines.h"

/* y = A x of one column, without lateral exchange. */
NAK_VECTORISED static void OwnColumn(const NakPattern *p, const PetscReal a[], const PetscReal x[],
                                     PetscReal *restrict y)
{
  const PetscInt   n     = p->size;
  const PetscReal *lower = a, *diagonal = a + n, *upper = a + (ptrdiff_t)2 * n;

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

/* y = A x of column n. */
static void Multiply(const NakModel model, const Columns *c, PetscInt n, PetscReal y[])
{
  const NakNeighbours *nb   = &model->neighbours;
  const NakPattern    *p    = &model->pattern;
  const ptrdiff_t      size = p->size;
  const PetscReal     *x = c->x + n * size, *slope = c->slope + n * size;

  OwnColumn(p, c->entries + (ptrdiff_t)n * p->n, x, y);
  for (int s = 0; s < SIDES; s++) {
    const PetscInt   other  = nb->beside[n][s];
    const PetscBool  own    = (PetscBool)(other < nb->owned);
    const ptrdiff_t  at     = (own ? other : other - nb->owned) * size;
    const PetscReal *slopes = own ? c->slope : nb->slope, *xs = own ? c->x : nb->x;

    if (other >= 0) Beside(p->size, nb->weight[s], slope, x, slopes + at, xs + at, y);
  }
}

static PetscErrorCode Take(NakModel model, Vec X, Columns *c)
{
  NakLevel *top = &model->levels[model->n_levels - 1];

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(X, &c->x));
  PetscCall(NakNeighboursFetch(&model->neighbours, c->x, model->neighbours.x));
  PetscCall(VecGetArrayRead(top->entries, &c->entries));
  PetscCall(VecGetArrayRead(top->slope, &c->slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GiveBack(NakModel model, Vec X, Columns *c)
{
  NakLevel *top = &model->levels[model->n_levels - 1];

  PetscFunctionBeginUser;
  PetscCall(VecRestoreArrayRead(top->slope, &c->slope));
  PetscCall(VecRestoreArrayRead(top->entries, &c->entries));
  PetscCall(VecRestoreArrayRead(X, &c->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MultiplyVec(Mat A, Vec X, Vec Y)
{
  NakModel   model;
  Columns    c;
  PetscReal *y;

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &model));
  PetscCall(Take(model, X, &c));
  PetscCall(VecGetArrayWrite(Y, &y));
  for (PetscInt n = 0; n < model->neighbours.owned; n++)
    Multiply(model, &c, n, y + (ptrdiff_t)n * model->pattern.size);
  PetscCall(VecRestoreArrayWrite(Y, &y));
  PetscCall(GiveBack(model, X, &c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Na that the residual b - A x holds, of the columns of this rank. */
static PetscErrorCode Lost(NakModel model, Vec B, Vec X, PetscReal *lost)
{
  const PetscInt   size = model->pattern.size;
  const PetscReal *b;
  PetscReal       *r;
  Columns          c;

  PetscFunctionBeginUser;
  *lost = 0;
  PetscCall(PetscMalloc1(size, &r));
  PetscCall(Take(model, X, &c));
  PetscCall(VecGetArrayRead(B, &b));
  for (PetscInt n = 0; n < model->neighbours.owned; n++, b += size) {
    Multiply(model, &c, n, r);
    for (PetscInt j = 0; j < size; j++) r[j] = b[j] - r[j];
    *lost += NakColumnSodium(&model->column, model->over[n].contact, r);
  }
  b -= (ptrdiff_t)model->neighbours.owned * size;
  PetscCall(VecRestoreArrayRead(B, &b));
  PetscCall(GiveBack(model, X, &c));
  PetscCall(PetscFree(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelConserve(NakModel model, Vec right, Vec solution)
{
  const NakColumn *c       = &model->column;
  const NakGrid   *grid    = NakStateGrid(model->state);
  const PetscReal  columns = (PetscReal)grid->nx * (PetscReal)grid->ny;
  PetscReal       *x, lost;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(Lost(model, right, solution, &lost));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &lost, 1, MPIU_REAL, MPIU_SUM, model->comm));
  PetscCall(VecGetLocalSize(solution, &n));
  PetscCall(VecGetArray(solution, &x));
  for (ptrdiff_t k = 0; k < n; k += c->l.size)
    x[k + c->l.reservoir_na] += lost / (model->shift * c->alloy_content * c->reservoir * columns);
  PetscCall(VecRestoreArray(solution, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelOperator(NakModel model, Mat *jacobian)
{
  PetscInt n;

  PetscFunctionBeginUser;
  if (model->jacobian == NULL) {
    PetscCall(VecGetLocalSize(model->levels[model->n_levels - 1].slope, &n));
    PetscCall(MatCreateShell(model->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, (void *)model,
                             &model->jacobian));
    PetscCall(MatShellSetOperation(model->jacobian, MATOP_MULT, (void (*)(void))MultiplyVec));
  }
  *jacobian = model->jacobian;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The slopes of the ghosts follow a linearisation. */
PetscErrorCode NakOperatorRenew(NakModel model)
{
  const PetscReal *slope;
  Vec              slopes = model->levels[model->n_levels - 1].slope;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(slopes, &slope));
  PetscCall(NakNeighboursFetch(&model->neighbours, slope, model->neighbours.slope));
  PetscCall(VecRestoreArrayRead(slopes, &slope));
  if (model->jacobian == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(MatAssemblyBegin(model->jacobian, MAT_FINAL_ASSEMBLY)); /* it has changed */
  PetscCall(MatAssemblyEnd(model->jacobian, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}
