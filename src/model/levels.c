/* The linearised cell on a hierarchy of grids.

   Lateral exchange is a Laplacian of the diffusion potentials; all else happens inside a column.  A
   coarse matrix therefore needs no state of its own: the entries of its columns are the averages of
   those of the finer columns inside, and the lateral exchange is that of the averaged slopes over
   the coarser distance. */
#include "model_impl.h"

/* The neighbours of a column: local (ghosted) number, or -1 beyond a boundary; 1 / distance^2. */
typedef struct {
  PetscInt  column[SIDES];
  PetscReal weight[SIDES];
} Neighbours;

static Neighbours FindNeighbours(const NakGrid *grid, const NakBox *ghosted, PetscInt i, PetscInt j)
{
  const PetscInt  di[SIDES] = {-1, 1, 0, 0}, dj[SIDES] = {0, 0, -1, 1};
  const PetscReal distance[SIDES] = {grid->dx, grid->dx, grid->dy, grid->dy};
  const PetscInt  n[SIDES]        = {grid->nx, grid->nx, grid->ny, grid->ny};
  Neighbours      nb;

  for (int s = 0; s < SIDES; s++) {
    const PetscInt  x = i + di[s] - ghosted->xs, y = j + dj[s] - ghosted->ys;
    const PetscBool inside =
      (PetscBool)(n[s] > 1 && x >= 0 && x < ghosted->xm && y >= 0 && y < ghosted->ym);

    nb.column[s] = inside ? y * ghosted->xm + x : -1;
    nb.weight[s] = 1 / (distance[s] * distance[s]);
  }
  return nb;
}

/* What is done at each owned column: its number in the owned box, with ghosts, and its neighbours. */
typedef PetscErrorCode (*Visit)(NakLevel *level, PetscInt owned, PetscInt local,
                                const Neighbours *nb, void *ctx);

static PetscErrorCode ForEachColumn(NakLevel *level, Visit visit, void *ctx)
{
  const NakGrid *grid = NakStateGrid(level->state);
  NakBox         box, ghosted;
  PetscInt       owned = 0;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(level->state, &box));
  PetscCall(NakGhostedBox(level->state, &ghosted));
  for (PetscInt j = box.ys; j < box.ys + box.ym; j++) {
    for (PetscInt i = box.xs; i < box.xs + box.xm; i++, owned++) {
      const Neighbours nb    = FindNeighbours(grid, &ghosted, i, j);
      const PetscInt   local = (j - ghosted.ys) * ghosted.xm + i - ghosted.xs;

      PetscCall(visit(level, owned, local, &nb, ctx));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows and columns of the matrix in the making. */
typedef struct {
  const NakPattern *columns;
  const PetscInt   *global; /* number of each ghosted column */
  PetscInt         *row, *col;
  PetscInt          n;
} Pattern;

static PetscErrorCode PutPattern(NakLevel *level, PetscInt owned, PetscInt local,
                                 const Neighbours *nb, void *ctx)
{
  Pattern         *p     = (Pattern *)ctx;
  const NakLayout *l     = NakStateLayout(level->state);
  const PetscInt   first = p->global[local] * l->size;

  PetscFunctionBeginUser;
  (void)owned;
  for (PetscInt k = 0; k < p->columns->n; k++, p->n++) {
    p->row[p->n] = first + p->columns->row[k];
    p->col[p->n] = p->columns->col[k] < 0 ? -1 : first + p->columns->col[k]; /* PETSc skips it */
  }
  for (int s = 0; s < SIDES; s++) {
    if (nb->column[s] < 0) continue;
    for (PetscInt j = 0; j < l->size; j++) {
      if (p->columns->scale[j] == 0) continue;
      p->row[p->n]     = first + j;
      p->col[p->n]     = first + j;
      p->row[p->n + 1] = first + j;
      p->col[p->n + 1] = p->global[nb->column[s]] * l->size + j;
      p->n += 2;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  const NakPattern *columns;
  const PetscReal  *entries, *slope; /* of owned columns; of ghosted ones */
  PetscInt          n;
} Values;

static PetscErrorCode PutValues(NakLevel *level, PetscInt owned, PetscInt local,
                                const Neighbours *nb, void *ctx)
{
  Values          *v    = (Values *)ctx;
  const NakLayout *l    = NakStateLayout(level->state);
  const ptrdiff_t  size = l->size, per_column = v->columns->n;
  const PetscReal *own   = v->slope + local * size;
  PetscReal       *value = level->values + v->n;

  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(value, v->entries + owned * per_column, per_column));
  value += per_column;
  for (int s = 0; s < SIDES; s++) {
    const PetscReal *other = v->slope + nb->column[s] * size;

    if (nb->column[s] < 0) continue;
    for (PetscInt j = 0; j < l->size; j++) {
      if (v->columns->scale[j] == 0) continue;
      *value++ = nb->weight[s] * own[j];
      *value++ = -nb->weight[s] * other[j];
    }
  }
  v->n = (PetscInt)(value - level->values);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AssembleLevel(NakLevel *level, const NakPattern *pattern)
{
  DM     dm = NakStateDM(level->state);
  Values v  = {.columns = pattern};

  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(dm, level->slope, INSERT_VALUES, level->ghosts));
  PetscCall(VecGetArrayRead(level->entries, &v.entries));
  PetscCall(VecGetArrayRead(level->ghosts, &v.slope));
  PetscCall(ForEachColumn(level, PutValues, &v));
  PetscCall(VecRestoreArrayRead(level->ghosts, &v.slope));
  PetscCall(VecRestoreArrayRead(level->entries, &v.entries));
  PetscCall(MatSetValuesCOO(level->matrix, level->values, INSERT_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakLevelsAverage(NakLevel levels[], PetscInt n)
{
  PetscFunctionBeginUser;
  for (NakLevel *fine = levels + n - 1; fine > levels; fine--) {
    PetscCall(MatMult(fine->entry_restriction, fine->entries, fine[-1].entries));
    PetscCall(MatMult(fine->restriction, fine->slope, fine[-1].slope));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The columns of the finest level. */
static PetscErrorCode LineariseColumns(NakModel model, Vec U, PetscReal shift)
{
  NakLevel         *top     = &model->levels[model->n_levels - 1];
  const NakPattern *pattern = &model->pattern;
  const ptrdiff_t   size = pattern->size, per_column = pattern->n;
  const PetscReal  *u;
  PetscReal        *entries, *slope;
  NakEntries       *e = &model->scratch;
  NakBox            box;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(model->state, &box));
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArrayWrite(top->entries, &entries));
  PetscCall(VecGetArrayWrite(top->slope, &slope));
  for (PetscInt k = 0; k < box.xm * box.ym; k++) {
    PetscReal *own = entries + k * per_column;

    e->n = 0;
    NakColumnSlopes(&model->column, u + k * size, slope + k * size);
    NakColumnJacobian(&model->column, &model->over[k], u + k * size, slope + k * size, shift, e);
    for (ptrdiff_t j = 0; j < per_column; j++) own[j] = 0;
    for (PetscInt j = 0; j < e->n; j++) own[pattern->place[j]] += e->value[j];
  }
  PetscCall(VecRestoreArrayWrite(top->slope, &slope));
  PetscCall(VecRestoreArrayWrite(top->entries, &entries));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelLinearise(NakModel model, Vec U, PetscReal shift)
{
  PetscFunctionBeginUser;
  model->shift      = shift;
  model->linearised = PETSC_TRUE;
  PetscCall(LineariseColumns(model, U, shift));
  PetscCall(NakLevelsAverage(model->levels, model->n_levels));
  PetscCall(NakOperatorRenew(model));
  if (model->multigrid != NULL) PetscCall(NakMultigridFactor(model));
  for (PetscInt k = 0; k < model->n_levels && model->assembled; k++)
    PetscCall(AssembleLevel(&model->levels[k], &model->pattern));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateMatrix(NakLevel *level, const NakPattern *pattern)
{
  DM                     dm = NakStateDM(level->state);
  ISLocalToGlobalMapping map;
  NakBox                 box;
  PetscInt               most, local;
  Pattern                p = {.columns = pattern};

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(level->state, &box));
  most = box.xm * box.ym * (pattern->n + 2 * SIDES * pattern->size);
  PetscCall(PetscMalloc2(most, &p.row, most, &p.col));
  PetscCall(DMGetLocalToGlobalMapping(dm, &map));
  PetscCall(ISLocalToGlobalMappingGetBlockIndices(map, &p.global));
  PetscCall(ForEachColumn(level, PutPattern, &p));
  PetscCall(ISLocalToGlobalMappingRestoreBlockIndices(map, &p.global));
  PetscCall(VecGetLocalSize(level->slope, &local));
  PetscCall(MatCreate(PetscObjectComm((PetscObject)dm), &level->matrix));
  PetscCall(MatSetSizes(level->matrix, local, local, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(level->matrix, MATAIJ));
  PetscCall(MatSetPreallocationCOO(level->matrix, p.n, p.row, p.col));
  PetscCall(PetscFree2(p.row, p.col));
  PetscCall(PetscMalloc1(p.n, &level->values));
  PetscCall(DMCreateLocalVector(dm, &level->ghosts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLevel(NakLevel *level, const NakPattern *pattern)
{
  DM     dm = NakStateDM(level->state);
  NakBox box;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(level->state, &box));
  PetscCall(DMCreateGlobalVector(dm, &level->slope));
  PetscCall(VecCreate(PetscObjectComm((PetscObject)dm), &level->entries));
  PetscCall(VecSetSizes(level->entries, box.xm * box.ym * pattern->n, PETSC_DETERMINE));
  PetscCall(VecSetType(level->entries, VECSTANDARD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The average acts on all unknowns of a column alike, and on all entries of its matrix. */
static PetscErrorCode CreateTransfer(NakLevel *fine, const NakLevel *coarse,
                                     const NakPattern *pattern)
{
  Mat interpolation, restriction;

  PetscFunctionBeginUser;
  PetscCall(NakTransferCreate(fine->state, coarse->state, &interpolation, &restriction));
  PetscCall(MatCreateMAIJ(interpolation, pattern->size, &fine->interpolation));
  PetscCall(MatCreateMAIJ(restriction, pattern->size, &fine->restriction));
  PetscCall(MatCreateMAIJ(restriction, pattern->n, &fine->entry_restriction));
  PetscCall(MatDestroy(&interpolation));
  PetscCall(MatDestroy(&restriction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakLevelsCreate(NakState finest, const NakPattern *pattern, NakLevel **levels,
                               PetscInt *n)
{
  enum { MOST = 32 };
  NakState  states[MOST];
  NakLevel *level;

  PetscFunctionBeginUser;
  *n         = 0;
  states[*n] = finest;
  while (states[*n] != NULL && *n + 1 < MOST) {
    PetscCall(NakStateCoarsen(states[*n], &states[*n + 1]));
    (*n)++;
  }
  PetscCall(PetscCalloc1(*n, levels));
  level = *levels;
  for (PetscInt k = 0; k < *n; k++) {
    level[k].state = states[*n - 1 - k];
    PetscCall(CreateLevel(&level[k], pattern));
    if (k > 0) PetscCall(CreateTransfer(&level[k], &level[k - 1], pattern));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The state of the finest level is its maker's. */
PetscErrorCode NakLevelsDestroy(NakLevel **levels, PetscInt n)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < n; k++) {
    NakLevel *level = *levels + k;

    PetscCall(VecDestroy(&level->entries));
    PetscCall(VecDestroy(&level->slope));
    PetscCall(VecDestroy(&level->ghosts));
    PetscCall(PetscFree(level->values));
    PetscCall(MatDestroy(&level->matrix));
    PetscCall(MatDestroy(&level->interpolation));
    PetscCall(MatDestroy(&level->restriction));
    PetscCall(MatDestroy(&level->entry_restriction));
    if (k + 1 < n) PetscCall(NakStateDestroy(&level->state));
  }
  PetscCall(PetscFree(*levels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelAssemble(NakModel model)
{
  PetscFunctionBeginUser;
  if (model->assembled) PetscFunctionReturn(PETSC_SUCCESS);
  model->assembled = PETSC_TRUE;
  for (PetscInt k = 0; k < model->n_levels; k++)
    PetscCall(CreateMatrix(&model->levels[k], &model->pattern));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakModelLevels(NakModel model)
{
  return model->n_levels;
}

NakState NakModelLevelState(NakModel model, PetscInt level)
{
  return model->levels[level].state;
}

Mat NakModelMatrix(NakModel model, PetscInt level)
{
  return model->levels[level].matrix;
}

PetscErrorCode NakModelTransfer(NakModel model, PetscInt level, Mat *interpolation,
                                Mat *restriction)
{
  PetscFunctionBeginUser;
  *interpolation = model->levels[level].interpolation;
  *restriction   = model->levels[level].restriction;
  PetscFunctionReturn(PETSC_SUCCESS);
}
