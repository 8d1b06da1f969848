/* Multigrid for the linearised cell, over columns.

   Columns are halved in x and y and never in z.  The smoother solves z lines, which is right however
   the grid is stretched in z: all red columns, then all black ones, before the coarser grid and after
   it.  Behind the first sweep, which starts from 0, black columns are solved, and what is left at the
   red ones is what the black ones gave them; behind the coarser grid red lines are solved first, so
   only black ones need its correction.

   Where ranks become too many for the columns, every rank takes over the whole grid and goes on down
   to a single column by itself. */
#include "lines.h"

#include <petscksp.h>

/* How the columns of a rank depend on the grid below, in one direction: cells counted from the first
   ghost of the coarse grid's part. */
typedef struct {
  PetscInt  *cell[2];
  PetscReal *weight[2];
  PetscBool
    regular[2]; /* of every other column from 0, or from 1: whether cells follow each other and
                            weights are the same, as where a grid is halved */
} Pairs;

/* Between a grid and the one below. */
typedef struct {
  Pairs interpolation[2], overlap[2]; /* in x, y */
} Transfer;

struct NakMultigrid_private {
  NakProgram program;
  NakState   whole; /* the coarsest shared grid, all of it on this rank; NULL on a single rank */
  NakLevel  *replicas;
  PetscInt   n_replicas;          /* grids of one rank */
  PetscInt   n;                   /* all grids: replicas, then shared ones */
  NakLines  *lines;               /* [0] is the coarsest */
  Transfer  *transfer;            /* to the grid below */
  PetscReal *zero, *half, *right; /* work: half rows, the first of zeros, */
  PetscReal *row;                 /* and a row of the grid below */
  const PetscReal *r;             /* what the cycle is applied to, */
  PetscReal       *y;             /* and its result */
  PetscSF          gather_b, gather_entries, gather_slopes; /* to the whole grid */
  MPI_Datatype     entries, column;
};

/* ---- Set-up ---- */

static PetscErrorCode CreatePairs(PetscInt first, PetscInt n, Pairs *p)
{
  PetscFunctionBeginUser;
  (void)first;
  PetscCall(PetscMalloc4(n, &p->cell[0], n, &p->cell[1], n, &p->weight[0], n, &p->weight[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyPairs(Pairs *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree4(p->cell[0], p->cell[1], p->weight[0], p->weight[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void SetPair(Pairs *p, PetscInt k, NakPair pair, PetscInt first)
{
  for (int s = 0; s < 2; s++) {
    p->cell[s][k]   = pair.cell[s] - first;
    p->weight[s][k] = pair.weight[s];
  }
}

static PetscBool Regular(const Pairs *p, PetscInt first, PetscInt n)
{
  for (PetscInt k = first + 2; k < n; k += 2)
    for (int s = 0; s < 2; s++)
      if (p->cell[s][k] != p->cell[s][k - 2] + 1 || p->weight[s][k] != p->weight[s][first])
        return PETSC_FALSE;
  return PETSC_TRUE;
}

static PetscErrorCode CreateDirection(PetscInt first, PetscInt n, PetscInt coarse_first,
                                      PetscInt n_fine, PetscInt n_coarse, PetscBool periodic,
                                      Pairs *interpolation, Pairs *overlap)
{
  PetscFunctionBeginUser;
  PetscCall(CreatePairs(first, n, interpolation));
  PetscCall(CreatePairs(first, n, overlap));
  for (PetscInt k = 0; k < n; k++) {
    SetPair(interpolation, k, NakInterpolation(first + k, n_fine, n_coarse, periodic),
            coarse_first - 1);
    SetPair(overlap, k, NakOverlap(first + k, n_fine, n_coarse), coarse_first - 1);
  }
  for (PetscInt k = 0; k < 2; k++) {
    interpolation->regular[k] = Regular(interpolation, k, n);
    overlap->regular[k]       = Regular(overlap, k, n);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTransfer(const NakLines *fine, const NakLines *coarse, Transfer *t)
{
  PetscFunctionBeginUser;
  PetscCall(CreateDirection(fine->box.xs, fine->box.xm, coarse->box.xs, fine->nx, coarse->nx,
                            fine->periodic, &t->interpolation[0], &t->overlap[0]));
  PetscCall(CreateDirection(fine->box.ys, fine->box.ym, coarse->box.ys, fine->ny, coarse->ny,
                            fine->periodic, &t->interpolation[1], &t->overlap[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyTransfer(Transfer *t)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 2; d++) {
    PetscCall(DestroyPairs(&t->interpolation[d]));
    PetscCall(DestroyPairs(&t->overlap[d]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From columns in the order of the ranks to all columns in natural order: `width` numbers each, or
   (width 0) places of lines. */
static PetscErrorCode CreateGather(NakMultigrid mg, NakState shared, PetscBool places, PetscSF *sf)
{
  const NakLines *whole = &mg->lines[mg->n_replicas - 1], *part = &mg->lines[mg->n_replicas];
  const PetscInt  each = places ? whole->size : 1, most = whole->nx * whole->ny * each;
  PetscInt       *leaf, n                               = 0;
  PetscSFNode    *root;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(most, &leaf));
  PetscCall(PetscMalloc1(most, &root));
  for (PetscInt j = 0; j < whole->ny; j++) {
    for (PetscInt i = 0; i < whole->nx; i++) {
      NakLines    owner = *part;
      PetscMPIInt rank;

      PetscCall(NakOwner(shared, i, j, &rank, &owner.box));
      NakLinesShape(&owner);
      for (PetscInt z = 0; z < each; z++, n++) {
        const PetscInt column = (j - owner.box.ys) * owner.box.xm + i - owner.box.xs;

        leaf[n] = places ? (PetscInt)(NakLinesPlace(whole, i, j) + z * whole->pitch) : n;
        root[n] = (PetscSFNode){
          rank, places ? (PetscInt)(NakLinesPlace(&owner, i, j) + z * owner.pitch) : column};
      }
    }
  }
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)NakStateDM(shared)), sf));
  PetscCall(PetscSFSetGraph(*sf, places ? (PetscInt)part->length : part->box.xm * part->box.ym, n,
                            leaf, PETSC_OWN_POINTER, root, PETSC_OWN_POINTER));
  PetscCall(PetscSFSetUp(*sf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The grids of one rank below the coarsest shared one, where that is not a single column. */
static PetscErrorCode CreateReplicas(NakModel model, NakMultigrid mg)
{
  NakState       coarsest = model->levels[0].state;
  const NakGrid *grid     = NakStateGrid(coarsest);

  PetscFunctionBeginUser;
  if (grid->nx * grid->ny == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStateReplicate(coarsest, &mg->whole));
  PetscCall(NakLevelsCreate(mg->whole, &model->pattern, &mg->replicas, &mg->n_replicas));
  PetscCallMPI(MPI_Type_contiguous(model->pattern.n, MPIU_REAL, &mg->entries));
  PetscCallMPI(MPI_Type_commit(&mg->entries));
  PetscCallMPI(MPI_Type_contiguous(model->pattern.size, MPIU_REAL, &mg->column));
  PetscCallMPI(MPI_Type_commit(&mg->column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLines(NakModel model, NakMultigrid mg)
{
  ptrdiff_t half = 0, row = 0;

  PetscFunctionBeginUser;
  mg->n = mg->n_replicas + model->n_levels;
  PetscCall(PetscCalloc2(mg->n, &mg->lines, mg->n, &mg->transfer));
  for (PetscInt k = 0; k < mg->n; k++) {
    const PetscBool replica = (PetscBool)(k < mg->n_replicas);
    NakState  state = replica ? mg->replicas[k].state : model->levels[k - mg->n_replicas].state;
    NakLines *g     = &mg->lines[k];

    PetscCall(NakLinesCreate(state, &mg->program, (PetscBool)(k + 1 == mg->n), g));
    if (k > 0 && k != mg->n_replicas)
      PetscCall(CreateTransfer(g, &mg->lines[k - 1], &mg->transfer[k]));
    half = PetscMax(half, g->pitch * g->size);
    row  = PetscMax(row, (ptrdiff_t)(g->box.xm + 2) * g->size);
  }
  PetscCall(PetscCalloc4(half, &mg->zero, half, &mg->half, half, &mg->right, row, &mg->row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridCreate(NakModel model, NakMultigrid *multigrid)
{
  NakState     coarsest = model->levels[0].state;
  NakMultigrid mg;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&mg));
  *multigrid = mg;
  PetscCall(NakProgramCreate(&model->pattern, &mg->program));
  PetscCall(CreateReplicas(model, mg));
  PetscCall(CreateLines(model, mg));
  if (mg->whole == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CreateGather(mg, coarsest, PETSC_TRUE, &mg->gather_b));
  PetscCall(CreateGather(mg, coarsest, PETSC_FALSE, &mg->gather_entries));
  PetscCall(CreateGather(mg, coarsest, PETSC_FALSE, &mg->gather_slopes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridDestroy(NakMultigrid *multigrid)
{
  NakMultigrid mg = *multigrid;

  PetscFunctionBeginUser;
  if (mg == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < mg->n; k++) {
    PetscCall(NakLinesDestroy(&mg->lines[k]));
    PetscCall(DestroyTransfer(&mg->transfer[k]));
  }
  PetscCall(PetscFree2(mg->lines, mg->transfer));
  PetscCall(PetscFree4(mg->zero, mg->half, mg->right, mg->row));
  PetscCall(NakProgramDestroy(&mg->program));
  PetscCall(PetscSFDestroy(&mg->gather_b));
  PetscCall(PetscSFDestroy(&mg->gather_entries));
  PetscCall(PetscSFDestroy(&mg->gather_slopes));
  if (mg->whole != NULL) {
    PetscCallMPI(MPI_Type_free(&mg->entries));
    PetscCallMPI(MPI_Type_free(&mg->column));
    PetscCall(NakLevelsDestroy(&mg->replicas, mg->n_replicas));
    PetscCall(NakStateDestroy(&mg->whole));
  }
  PetscCall(PetscFree(*multigrid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Factors ---- */

static PetscErrorCode GatherVec(PetscSF sf, MPI_Datatype unit, Vec part, Vec whole)
{
  const PetscReal *from;
  PetscReal       *to;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(part, &from));
  PetscCall(VecGetArrayWrite(whole, &to));
  PetscCall(PetscSFBcastBegin(sf, unit, from, to, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(sf, unit, from, to, MPI_REPLACE));
  PetscCall(VecRestoreArrayWrite(whole, &to));
  PetscCall(VecRestoreArrayRead(part, &from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FactorLevel(NakMultigrid mg, NakLines *g, const NakLevel *level)
{
  const PetscReal *entries, *slope;
  PetscInt         columns = g->box.xm * g->box.ym, n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(level->entries, &n));
  PetscCall(VecGetArrayRead(level->entries, &entries));
  PetscCall(VecGetArrayRead(level->slope, &slope));
  PetscCall(NakLinesFactor(g, &mg->program, entries, n / columns, slope));
  PetscCall(VecRestoreArrayRead(level->slope, &slope));
  PetscCall(VecRestoreArrayRead(level->entries, &entries));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridFactor(NakModel model)
{
  NakMultigrid mg = model->multigrid;

  PetscFunctionBeginUser;
  if (mg->whole != NULL) {
    const NakLevel *top = &mg->replicas[mg->n_replicas - 1];

    PetscCall(GatherVec(mg->gather_entries, mg->entries, model->levels[0].entries, top->entries));
    PetscCall(GatherVec(mg->gather_slopes, mg->column, model->levels[0].slope, top->slope));
    PetscCall(NakLevelsAverage(mg->replicas, mg->n_replicas));
  }
  for (PetscInt k = 0; k < mg->n_replicas; k++)
    PetscCall(FactorLevel(mg, &mg->lines[k], &mg->replicas[k]));
  for (PetscInt k = mg->n_replicas; k < mg->n; k++)
    PetscCall(FactorLevel(mg, &mg->lines[k], &model->levels[k - mg->n_replicas]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Between grids ---- */

static PetscErrorCode Fetch(PetscSF sf, PetscReal x[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscSFBcastBegin(sf, MPIU_REAL, x, x, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(sf, MPIU_REAL, x, x, MPI_REPLACE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Row j of the coarse grid, ghosts too, gets `weight` times `row`, in natural order. */
static void AddRow(const NakMultigrid mg, NakLines *coarse, PetscInt j, PetscReal weight)
{
  const PetscInt begin = coarse->box.xs - 1, n = coarse->box.xm + 2;

  for (PetscInt s = 0; s < 2; s++) { /* both parities */
    PetscReal *b = coarse->b + NakLinesPlace(coarse, begin + s, j);

    for (PetscInt m = 0; m < mg->program.n_moving; m++) {
      const ptrdiff_t  z    = mg->program.moving[m];
      const PetscReal *from = mg->row + z * n + s;
      PetscReal       *to   = b + z * coarse->pitch;

      for (PetscInt k = 0; k < (n - s + 1) / 2; k++) to[k] += weight * from[(ptrdiff_t)2 * k];
    }
  }
}

/* A row of the grid below, from `half`, that of every other column from `first`, in a row. */
NAK_VECTORISED static void AverageRow(NakMultigrid mg, const NakLines *fine, const Pairs *x,
                                      PetscInt first, PetscInt n, PetscInt n_row)
{
  for (PetscInt m = 0; m < mg->program.n_moving; m++) {
    const ptrdiff_t z              = mg->program.moving[m];
    const PetscReal *restrict from = mg->half + z * fine->pitch;
    PetscReal *restrict to         = mg->row + z * n_row;

    for (PetscInt k = 0; k < n_row; k++) to[k] = 0;
    for (int s = 0; s < 2 && n > 0; s++) {
      const PetscInt  *cell   = x->cell[s] + first;
      const PetscReal *weight = x->weight[s] + first;

      if (x->regular[first])
        for (PetscInt k = 0; k < n; k++) to[cell[0] + k] += weight[0] * from[k];
      else
        for (PetscInt k = 0; k < n; k++)
          to[cell[(ptrdiff_t)2 * k]] += weight[(ptrdiff_t)2 * k] * from[k];
    }
  }
}

/* The average of what is left in row j: at red columns what the black ones gave them, and at black ones
   nothing but at a seam. */
static void RestrictRow(NakMultigrid mg, PetscInt level, PetscInt j)
{
  const NakLines *fine   = &mg->lines[level];
  NakLines       *coarse = &mg->lines[level - 1];
  const Pairs    *x = &mg->transfer[level].overlap[0], *y = &mg->transfer[level].overlap[1];

  for (PetscInt colour = 0; colour < (fine->seam ? 2 : 1); colour++) {
    const PetscInt parity = (j + colour) & 1, n = NakLinesCount(fine, parity);

    if (colour == 0)
      NakLinesExchange(fine, &mg->program, j, parity, mg->zero, mg->half);
    else
      NakLinesSeam(fine, &mg->program, j, parity, mg->half);
    AverageRow(mg, fine, x, NakLinesFirst(fine, parity) - fine->box.xs, n, coarse->box.xm + 2);
    for (int s = 0; s < 2; s++)
      if (y->weight[s][j - fine->box.ys] > 0)
        AddRow(mg, coarse, coarse->box.ys - 1 + y->cell[s][j - fine->box.ys],
               y->weight[s][j - fine->box.ys]);
  }
}

/* A row between rows of the coarse grid, in natural order with ghosts. */
static void MixRows(const NakMultigrid mg, const NakLines *coarse, const Pairs *y, PetscInt j)
{
  const PetscInt begin = coarse->box.xs - 1, n = coarse->box.xm + 2;

  for (PetscInt s = 0; s < 2; s++) {
    const PetscInt   below = coarse->box.ys - 1;
    const PetscReal *a     = coarse->x + NakLinesPlace(coarse, begin + s, below + y->cell[0][j]);
    const PetscReal *b     = coarse->x + NakLinesPlace(coarse, begin + s, below + y->cell[1][j]);
    const PetscReal  wa = y->weight[0][j], wb = y->weight[1][j];

    for (PetscInt m = 0; m < mg->program.n_moving; m++) {
      const ptrdiff_t z = mg->program.moving[m], o = z * coarse->pitch;
      PetscReal      *to = mg->row + z * n + s;

      for (PetscInt k = 0; k < (n - s + 1) / 2; k++)
        to[(ptrdiff_t)2 * k] = wa * a[o + k] + wb * b[o + k];
    }
  }
}

/* Every other column of a row from `first`: their potentials get those of the interpolated correction. */
NAK_VECTORISED static void CorrectRow(const NakMultigrid mg, const NakLines *fine, const Pairs *x,
                                      PetscInt first, PetscInt n, PetscInt n_row, ptrdiff_t at)
{
  for (PetscInt m = 0; m < mg->program.n_moving; m++) {
    const ptrdiff_t z              = mg->program.moving[m];
    const PetscReal *restrict from = mg->row + z * n_row;
    const float *restrict slope    = fine->slope + at + z * fine->pitch;
    PetscReal *restrict to         = fine->t + at + z * fine->pitch;

    for (int s = 0; s < 2 && n > 0; s++) {
      const PetscInt  *cell   = x->cell[s] + first;
      const PetscReal *weight = x->weight[s] + first;

      if (x->regular[first])
        for (PetscInt k = 0; k < n; k++) to[k] += slope[k] * weight[0] * from[cell[0] + k];
      else
        for (PetscInt k = 0; k < n; k++)
          to[k] += slope[k] * weight[(ptrdiff_t)2 * k] * from[cell[(ptrdiff_t)2 * k]];
    }
  }
}

/* Correct the black columns of row j; with a seam the red ones too, which then depend on each other. */
static void InterpolateRow(NakMultigrid mg, PetscInt level, PetscInt j)
{
  NakLines       *fine   = &mg->lines[level];
  const NakLines *coarse = &mg->lines[level - 1];
  const Pairs    *x      = &mg->transfer[level].interpolation[0],
              *y         = &mg->transfer[level].interpolation[1];

  MixRows(mg, coarse, y, j - fine->box.ys);
  for (PetscInt colour = fine->seam ? 0 : 1; colour < 2; colour++) {
    const PetscInt parity = (j + colour) & 1;
    const PetscInt i = NakLinesFirst(fine, parity), n = NakLinesCount(fine, parity);

    CorrectRow(mg, fine, x, i - fine->box.xs, n, coarse->box.xm + 2, NakLinesPlace(fine, i, j));
    NakLinesWrap(fine, j, parity);
  }
}

/* ---- The cycle ---- */

/* From the whole grid back to a rank's part of it. */
static void CopyBack(const NakLines *whole, NakLines *part)
{
  const NakBox *box = &part->box;

  for (PetscInt j = box->ys - 1; j <= box->ys + box->ym; j++) {
    for (PetscInt i = box->xs - 1; i <= box->xs + box->xm; i++) {
      const PetscReal *from =
        whole->x + NakLinesPlace(whole, (i + part->nx) % part->nx, (j + part->ny) % part->ny);
      PetscReal *to = part->x + NakLinesPlace(part, i, j);

      for (PetscInt z = 0; z < part->size; z++) to[z * part->pitch] = from[z * whole->pitch];
    }
  }
}

/* The right-hand side of row j: a rank's columns are put side by side where they come from outside. */
static const PetscReal *RightRow(const NakMultigrid mg, PetscInt level, PetscInt j, PetscInt parity)
{
  const NakLines *g = &mg->lines[level];
  const PetscInt  i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const ptrdiff_t first = (ptrdiff_t)(j - g->box.ys) * g->box.xm + i - g->box.xs;

  if (level + 1 < mg->n) return g->b + NakLinesPlace(g, i, j);
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal *r = mg->r + (first + (ptrdiff_t)2 * k) * g->size;

    for (PetscInt z = 0; z < g->size; z++) mg->right[z * g->pitch + k] = r[z];
  }
  return mg->right;
}

/* What was solved of row j: to the result, or where the grid above finds it. */
static void TakeOutRow(const NakMultigrid mg, PetscInt level, PetscInt j, PetscInt parity)
{
  const NakLines *g = &mg->lines[level];
  const PetscInt  i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const ptrdiff_t first = (ptrdiff_t)(j - g->box.ys) * g->box.xm + i - g->box.xs;

  if (level + 1 == mg->n) {
    for (PetscInt k = 0; k < n; k++) {
      PetscReal *y = mg->y + (first + (ptrdiff_t)2 * k) * g->size;

      for (PetscInt z = 0; z < g->size; z++) y[z] = mg->half[z * g->pitch + k];
    }
  } else {
    PetscReal *x = g->x + NakLinesPlace(g, i, j);

    for (PetscInt z = 0; z < g->size; z++)
      for (PetscInt k = 0; k < n; k++) x[z * g->pitch + k] = mg->half[z * g->pitch + k];
  }
}

/* In 2D, where columns have neighbours in one direction only, a sweep more on each coarser grid keeps the
   number of iterations the same on all grids. */
static PetscBool InOneDirection(const NakLines *g)
{
  return (PetscBool)(g->nx == 1 || g->ny == 1);
}

/* What is done to row j on the way down, or up: first, second, third. */
static void DownRow(NakMultigrid mg, PetscInt level, PetscInt stage, PetscInt j)
{
  const PetscInt parity = (j + stage) & 1;

  if (stage == 2)
    RestrictRow(mg, level, j);
  else
    NakLinesSolve(&mg->lines[level], &mg->program, j, parity,
                  stage == 0 ? NAK_LINES_ALONE : NAK_LINES_WITHIN, RightRow(mg, level, j, parity),
                  mg->half);
}

static void UpRow(NakMultigrid mg, PetscInt level, PetscInt stage, PetscInt j)
{
  NakLines      *g      = &mg->lines[level];
  const PetscInt parity = (j + stage - 1) & 1;

  if (stage == 0) {
    InterpolateRow(mg, level, j);
  } else {
    NakLinesSolve(g, &mg->program, j, parity,
                  stage == 2 && !InOneDirection(g) ? NAK_LINES_LAST : NAK_LINES_WITHIN,
                  RightRow(mg, level, j, parity), mg->half);
    TakeOutRow(mg, level, j, parity);
  }
}

/* The same without a correction: once more red, then black. */
static void AgainRow(NakMultigrid mg, PetscInt level, PetscInt stage, PetscInt j)
{
  if (stage > 0) UpRow(mg, level, stage, j);
}

enum { STAGES = 3 };

typedef void (*StageOfRow)(NakMultigrid mg, PetscInt level, PetscInt stage, PetscInt j);

/* All stages of the rows that need no ghosts, while those of the first stage are under way. */
static PetscErrorCode InnerStages(NakMultigrid mg, PetscInt level, StageOfRow row, PetscSF ghosts)
{
  NakLines      *g     = &mg->lines[level];
  const PetscInt begin = g->box.ys, n = g->box.ym;

  PetscFunctionBeginUser;
  row(mg, level, 0, begin);
  row(mg, level, 0, begin + n - 1);
  PetscCall(PetscSFBcastBegin(ghosts, MPIU_REAL, g->t, g->t, MPI_REPLACE));
  for (PetscInt front = 1; front < n; front++) {
    for (PetscInt s = 0; s < STAGES; s++) {
      const PetscInt j = front - s, edge = PetscMax(s, 1);

      if (j >= edge && j < n - edge) row(mg, level, s, begin + j);
    }
  }
  PetscCall(PetscSFBcastEnd(ghosts, MPIU_REAL, g->t, g->t, MPI_REPLACE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Three stages over all rows, each of which needs the one before in the row itself and in the two
   beside it.  Rows that need no ghosts are done while what they need is in the cache, and while the
   ghosts are under way; then the others. */
static PetscErrorCode Stages(NakMultigrid mg, PetscInt level, StageOfRow row,
                             const PetscSF ghosts[2])
{
  NakLines      *g     = &mg->lines[level];
  const PetscInt begin = g->box.ys, n = g->box.ym;
  const PetscInt ahead = g->rows && n > 2 * STAGES ? 1 : 0; /* stages begun ahead of the ghosts */

  PetscFunctionBeginUser;
  if (ahead) PetscCall(InnerStages(mg, level, row, ghosts[0]));
  for (PetscInt s = ahead; s < STAGES; s++) {
    for (PetscInt j = 0; j < n; j++)
      if (!ahead || j < s || j >= n - s) row(mg, level, s, begin + j);
    if (s < STAGES - 1) PetscCall(Fetch(ghosts[s], g->t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Gather(NakMultigrid mg, const NakLines *part, NakLines *whole)
{
  PetscFunctionBeginUser;
  PetscCall(PetscSFBcastBegin(mg->gather_b, MPIU_REAL, part->b, whole->b, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(mg->gather_b, MPIU_REAL, part->b, whole->b, MPI_REPLACE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Cycle(NakMultigrid mg, PetscInt level);

static PetscErrorCode CoarseCycle(NakMultigrid mg, PetscInt level)
{
  NakLines *coarse = &mg->lines[level];

  PetscFunctionBeginUser;
  PetscCall(PetscSFReduceBegin(coarse->ring, MPIU_REAL, coarse->b, coarse->b, MPI_SUM));
  PetscCall(PetscSFReduceEnd(coarse->ring, MPIU_REAL, coarse->b, coarse->b, MPI_SUM));
  if (level > 0 && level == mg->n_replicas) {
    PetscCall(Gather(mg, coarse, &mg->lines[level - 1]));
    PetscCall(Cycle(mg, level - 1));
    CopyBack(&mg->lines[level - 1], coarse);
  } else {
    PetscCall(Cycle(mg, level));
    PetscCall(Fetch(coarse->ring, coarse->x));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* x of a grid from its b. */
static PetscErrorCode Cycle(NakMultigrid mg, PetscInt level)
{
  NakLines     *g       = &mg->lines[level];
  const PetscSF down[2] = {g->red_black[0], g->red_black[1]};
  const PetscSF up[2]   = {g->red_black[1], g->red_black[0]};

  PetscFunctionBeginUser;
  if (level == 0) {
    NakLinesSolve(g, &mg->program, 0, 0, NAK_LINES_ALONE, RightRow(mg, 0, 0, 0), mg->half);
    TakeOutRow(mg, 0, 0, 0);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (g->seam) PetscCall(PetscArrayzero(g->t, g->length)); /* ghosts of the same colour */
  PetscCall(PetscArrayzero(mg->lines[level - 1].b, mg->lines[level - 1].length));
  PetscCall(Stages(mg, level, DownRow, down));
  PetscCall(CoarseCycle(mg, level - 1));
  PetscCall(Stages(mg, level, UpRow, up));
  for (PetscInt k = mg->n - 1 - level; k > 0 && InOneDirection(g); k--)
    PetscCall(Stages(mg, level, AgainRow, up));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridApply(NakMultigrid multigrid, Vec R, Vec Y)
{
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(R, &multigrid->r));
  PetscCall(VecGetArrayWrite(Y, &multigrid->y));
  PetscCall(Cycle(multigrid, multigrid->n - 1));
  PetscCall(VecRestoreArrayWrite(Y, &multigrid->y));
  PetscCall(VecRestoreArrayRead(R, &multigrid->r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Apply(PC pc, Vec r, Vec y)
{
  NakModel model;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &model));
  PetscCall(NakMultigridApply(model->multigrid, r, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelPreconditioner(NakModel model, PC pc)
{
  PetscFunctionBeginUser;
  if (model->multigrid == NULL) {
    PetscCall(NakMultigridCreate(model, &model->multigrid));
    if (model->linearised) PetscCall(NakMultigridFactor(model));
  }
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, (void *)model));
  PetscCall(PCShellSetApply(pc, Apply));
  PetscCall(PCShellSetName(pc, "multigrid with lines along z"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
