/* The linearised columns as an operator.  Only their entries and slopes are streamed from
   memory. */
#include "columns_impl.h"

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
static void Multiply(const NakGrids *grids, const Columns *c, PetscInt n, PetscReal y[])
{
  const NakNeighbours *near = &NakFinest(grids)->halo.near;
  const NakPattern    *p    = grids->pattern;
  const ptrdiff_t      size = p->size;
  const PetscReal     *x = c->x + n * size, *slope = c->slope + n * size;

  OwnColumn(p, c->entries + (ptrdiff_t)n * p->n, x, y);
  for (int s = 0; s < NAK_BESIDE; s++) {
    const PetscInt   other  = near->beside[n][s];
    const PetscBool  own    = (PetscBool)(other < near->owned);
    const ptrdiff_t  at     = (own ? other : other - near->owned) * size;
    const PetscReal *slopes = own ? c->slope : NakFinest(grids)->ghosts,
                    *xs     = own ? c->x : grids->x;

    if (other >= 0) Beside(p->size, near->weight[s], slope, x, slopes + at, xs + at, y);
  }
}

static PetscErrorCode Take(const NakGrids *grids, Vec X, Columns *c)
{
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(X, &c->x));
  PetscCall(NakHaloFetch(&NakFinest(grids)->halo, c->x, grids->x));
  PetscCall(VecGetArrayRead(NakFinest(grids)->entries, &c->entries));
  PetscCall(VecGetArrayRead(NakFinest(grids)->slope, &c->slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GiveBack(const NakGrids *grids, Vec X, Columns *c)
{
  PetscFunctionBeginUser;
  PetscCall(VecRestoreArrayRead(NakFinest(grids)->slope, &c->slope));
  PetscCall(VecRestoreArrayRead(NakFinest(grids)->entries, &c->entries));
  PetscCall(VecRestoreArrayRead(X, &c->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ghosts of x are there. */
static void AddLateral(const NakGrids *grids, const PetscReal x[], PetscReal y[])
{
  const NakNeighbours *near = &NakFinest(grids)->halo.near;
  const ptrdiff_t      size = grids->pattern->size, width = grids->width;

  for (PetscInt n = 0; n < near->owned; n++)
    for (int s = 0; s < NAK_BESIDE; s++) {
      const PetscInt   other = near->beside[n][s], ghost = other - near->owned;
      const PetscReal *v;

      if (other < 0) continue;
      v = ghost < 0 ? x + other * size : grids->x + ghost * size;
      grids->lateral.rest(grids->ctx, grids->theta + n * width, grids->theta + other * width,
                          x + n * size, v, near->weight[s], y + n * size);
    }
}

static PetscErrorCode AddShared(const NakGrids *grids, Vec X, Vec Y)
{
  const NakColumnShared *s    = &grids->shared;
  const ptrdiff_t        size = grids->pattern->size, n = s->n;
  const PetscInt         owned = NakFinest(grids)->halo.near.owned;
  const PetscReal       *x;
  PetscReal             *y;

  PetscFunctionBeginUser;
  if (n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArrayRead(X, &x));
  for (PetscInt c = 0; c < owned; c++) {
    grids->sum[c] = 0;
    for (PetscInt k = 0; k < n; k++)
      grids->sum[c] += s->pull[c * n + k] * x[c * size + s->unknown[k]];
  }
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscCall(s->answer(s->ctx, grids->sum));
  PetscCall(VecGetArray(Y, &y));
  for (PetscInt c = 0; c < owned; c++)
    for (PetscInt k = 0; k < n; k++)
      y[c * size + s->unknown[k]] += s->push[c * n + k] * grids->sum[c];
  PetscCall(VecRestoreArray(Y, &y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOperatorAddRest(const NakGrids *grids, Vec X, Vec Y)
{
  const PetscReal *x;
  PetscReal       *y;

  PetscFunctionBeginUser;
  if (grids->lateral.used) {
    PetscCall(VecGetArrayRead(X, &x));
    PetscCall(NakHaloFetch(&NakFinest(grids)->halo, x, grids->x));
    PetscCall(VecGetArray(Y, &y));
    AddLateral(grids, x, y);
    PetscCall(VecRestoreArray(Y, &y));
    PetscCall(VecRestoreArrayRead(X, &x));
  }
  PetscCall(AddShared(grids, X, Y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MultiplyVec(Mat A, Vec X, Vec Y)
{
  const NakGrids *grids;
  Columns         c;
  PetscReal      *y;

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &grids));
  PetscCall(Take(grids, X, &c));
  PetscCall(VecGetArrayWrite(Y, &y));
  for (PetscInt n = 0; n < NakFinest(grids)->halo.near.owned; n++)
    Multiply(grids, &c, n, y + (ptrdiff_t)n * grids->pattern->size);
  if (grids->lateral.used) AddLateral(grids, c.x, y);
  PetscCall(VecRestoreArrayWrite(Y, &y));
  PetscCall(GiveBack(grids, X, &c));
  PetscCall(AddShared(grids, X, Y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOperatorLost(const NakGrids *grids, const NakColumnPhysics *physics, Vec B, Vec X,
                               PetscReal lost[])
{
  const ptrdiff_t  size = grids->pattern->size;
  const PetscReal *b;
  PetscReal       *r;
  Columns          c;

  PetscFunctionBeginUser;
  for (PetscInt s = 0; s < physics->n_conserved; s++) lost[s] = 0;
  PetscCall(PetscMalloc1(size, &r));
  PetscCall(Take(grids, X, &c));
  PetscCall(VecGetArrayRead(B, &b));
  for (PetscInt n = 0; n < NakFinest(grids)->halo.near.owned; n++) {
    Multiply(grids, &c, n, r);
    for (ptrdiff_t j = 0; j < size; j++) r[j] = b[n * size + j] - r[j];
    for (PetscInt s = 0; s < physics->n_conserved; s++)
      lost[s] += physics->conserved(physics->ctx, s, n, r);
  }
  PetscCall(VecRestoreArrayRead(B, &b));
  PetscCall(GiveBack(grids, X, &c));
  PetscCall(PetscFree(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOperatorCreate(const NakGrids *grids, Mat *mat)
{
  const Vec slope = NakFinest(grids)->slope;
  PetscInt  n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(slope, &n));
  PetscCall(MatCreateShell(PetscObjectComm((PetscObject)slope), n, n, PETSC_DETERMINE,
                           PETSC_DETERMINE, (void *)grids, mat));
  PetscCall(MatShellSetOperation(*mat, MATOP_MULT, (void (*)(void))MultiplyVec));
  PetscFunctionReturn(PETSC_SUCCESS);
}
