/* The linearised cell on a hierarchy of grids.

   Lateral exchange is a Laplacian of the diffusion potentials; all else happens inside a column.  A
   coarse matrix therefore needs no state of its own: the entries of its columns are the averages of
   those of the finer columns inside, and the lateral exchange is that of the averaged slopes over
   the coarser distance. */
#include "model_impl.h"

enum { SIDES = 4 };

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

/* Whether an unknown moves laterally: potential, interphase, alloy, Na of the reservoir. */
static PetscBool MovesLaterally(const NakLayout *l, PetscInt j)
{
  return (PetscBool)((j >= l->phi && j < l->potential) ||
                     (j >= l->interphase && j < l->reservoir_k));
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
  const NakEntries *pattern; /* of one column */
  const PetscInt   *global;  /* number of each ghosted column */
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
  for (PetscInt k = 0; k < level->per_column; k++, p->n++) {
    p->row[p->n] = first + p->pattern->row[k];
    p->col[p->n] = first + p->pattern->col[k];
  }
  for (int s = 0; s < SIDES; s++) {
    if (nb->column[s] < 0) continue;
    for (PetscInt j = 0; j < l->size; j++) {
      if (!MovesLaterally(l, j)) continue;
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
  const PetscReal *entries, *slope; /* of owned columns; of ghosted ones */
  PetscInt         n;
} Values;

static PetscErrorCode PutValues(NakLevel *level, PetscInt owned, PetscInt local,
                                const Neighbours *nb, void *ctx)
{
  Values          *v    = (Values *)ctx;
  const NakLayout *l    = NakStateLayout(level->state);
  const ptrdiff_t  size = l->size, per_column = level->per_column;
  const PetscReal *own   = v->slope + local * size;
  PetscReal       *value = level->values + v->n;

  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(value, v->entries + owned * per_column, level->per_column));
  value += per_column;
  for (int s = 0; s < SIDES; s++) {
    const PetscReal *other = v->slope + nb->column[s] * size;

    if (nb->column[s] < 0) continue;
    for (PetscInt j = 0; j < l->size; j++) {
      if (!MovesLaterally(l, j)) continue;
      *value++ = nb->weight[s] * own[j];
      *value++ = -nb->weight[s] * other[j];
    }
  }
  v->n = (PetscInt)(value - level->values);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AssembleLevel(NakLevel *level)
{
  DM     dm = NakStateDM(level->state);
  Values v  = {0};

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

PetscErrorCode NakModelLinearise(NakModel model, Vec U, PetscReal shift)
{
  NakLevel        *top  = &model->levels[model->n_levels - 1];
  const ptrdiff_t  size = NakStateLayout(model->state)->size, per_column = top->per_column;
  const PetscReal *u;
  PetscReal       *entries, *slope;
  NakEntries       e = model->scratch;
  NakBox           box;

  PetscFunctionBeginUser;
  model->shift = shift;
  PetscCall(NakOwnedBox(model->state, &box));
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArray(top->entries, &entries));
  PetscCall(VecGetArray(top->slope, &slope));
  for (PetscInt k = 0; k < box.xm * box.ym; k++) {
    e.n     = 0;
    e.value = entries + k * per_column;
    NakColumnSlopes(&model->column, u + k * size, slope + k * size);
    NakColumnJacobian(&model->column, &model->over[k], u + k * size, slope + k * size, shift, &e);
  }
  PetscCall(VecRestoreArray(top->slope, &slope));
  PetscCall(VecRestoreArray(top->entries, &entries));
  PetscCall(VecRestoreArrayRead(U, &u));
  for (NakLevel *fine = top; fine > model->levels; fine--) {
    PetscCall(MatMult(fine->entry_restriction, fine->entries, fine[-1].entries));
    PetscCall(MatMult(fine->restriction, fine->slope, fine[-1].slope));
  }
  for (PetscInt k = 0; k < model->n_levels; k++) PetscCall(AssembleLevel(&model->levels[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateMatrix(NakLevel *level, const NakEntries *pattern)
{
  DM                     dm = NakStateDM(level->state);
  ISLocalToGlobalMapping map;
  NakBox                 box;
  PetscInt               most, local;
  Pattern                p = {.pattern = pattern};

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(level->state, &box));
  most = box.xm * box.ym * (level->per_column + 2 * SIDES * NakStateLayout(level->state)->size);
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
  level->n_values = p.n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLevel(NakLevel *level, const NakEntries *pattern)
{
  DM     dm = NakStateDM(level->state);
  NakBox box;

  PetscFunctionBeginUser;
  level->per_column = pattern->n;
  PetscCall(NakOwnedBox(level->state, &box));
  PetscCall(DMCreateGlobalVector(dm, &level->slope));
  PetscCall(DMCreateLocalVector(dm, &level->ghosts));
  PetscCall(VecCreate(PetscObjectComm((PetscObject)dm), &level->entries));
  PetscCall(VecSetSizes(level->entries, box.xm * box.ym * pattern->n, PETSC_DETERMINE));
  PetscCall(VecSetType(level->entries, VECSTANDARD));
  PetscCall(CreateMatrix(level, pattern));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The average acts on all unknowns of a column alike, and on all entries of its matrix. */
static PetscErrorCode CreateTransfer(NakLevel *fine, const NakLevel *coarse)
{
  const PetscInt size = NakStateLayout(fine->state)->size;
  Mat            interpolation, restriction;

  PetscFunctionBeginUser;
  PetscCall(NakTransferCreate(fine->state, coarse->state, &interpolation, &restriction));
  PetscCall(MatCreateMAIJ(interpolation, size, &fine->interpolation));
  PetscCall(MatCreateMAIJ(restriction, size, &fine->restriction));
  PetscCall(MatCreateMAIJ(restriction, fine->per_column, &fine->entry_restriction));
  PetscCall(MatDestroy(&interpolation));
  PetscCall(MatDestroy(&restriction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The order of a column's entries is the same for every state: take it from the pristine one. */
static PetscErrorCode FindPattern(NakModel model, NakEntries *pattern)
{
  const NakColumn *c    = &model->column;
  const NakCover   over = {.contact = 1, .wetted = 1};
  const PetscInt   size = c->l.size, most = NakColumnEntries(c);
  PetscReal       *ones;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(most, &pattern->row, most, &pattern->col, most, &pattern->value));
  PetscCall(PetscMalloc1(size, &ones));
  for (PetscInt j = 0; j < size; j++) ones[j] = 1;
  pattern->n = 0;
  NakColumnJacobian(c, &over, ones, ones, 1, pattern);
  PetscCall(PetscFree(ones));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakLevelsCreate(NakModel model)
{
  enum { MOST = 32 };
  NakState states[MOST];
  PetscInt n = 0;

  PetscFunctionBeginUser;
  states[n] = model->state;
  while (states[n] != NULL && n + 1 < MOST) {
    PetscCall(NakStateCoarsen(states[n], &states[n + 1]));
    n++;
  }
  model->n_levels = n;
  PetscCall(PetscCalloc1(n, &model->levels));
  PetscCall(FindPattern(model, &model->scratch));
  for (PetscInt k = 0; k < n; k++) {
    model->levels[k].state = states[n - 1 - k];
    PetscCall(CreateLevel(&model->levels[k], &model->scratch));
    if (k > 0) PetscCall(CreateTransfer(&model->levels[k], &model->levels[k - 1]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakLevelsDestroy(NakModel model)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < model->n_levels; k++) {
    NakLevel *level = &model->levels[k];

    PetscCall(VecDestroy(&level->entries));
    PetscCall(VecDestroy(&level->slope));
    PetscCall(VecDestroy(&level->ghosts));
    PetscCall(PetscFree(level->values));
    PetscCall(MatDestroy(&level->matrix));
    PetscCall(MatDestroy(&level->interpolation));
    PetscCall(MatDestroy(&level->restriction));
    PetscCall(MatDestroy(&level->entry_restriction));
    if (level->state != model->state) PetscCall(NakStateDestroy(&level->state));
  }
  PetscCall(PetscFree(model->levels));
  PetscCall(PetscFree3(model->scratch.row, model->scratch.col, model->scratch.value));
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
