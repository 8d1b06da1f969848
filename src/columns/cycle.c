/* The multigrid cycle; the explanation is in multigrid.c. */
#include "multigrid.h"

/* A grid in a cycle or sweep, with the input and output of the finest one. */
typedef struct {
  NakMultigrid    mg;
  const NakInOut *io;
  PetscInt        level;
} Pass;

static Pass Below(const Pass *p)
{
  return (Pass){.mg = p->mg, .io = p->io, .level = p->level - 1};
}

/* ---- Between grids ---- */

/* Row j of the coarse grid, ghosts too, gets `weight` times `row`, in natural order. */
static void AddRow(const NakMultigrid mg, NakLines *coarse, PetscInt j, PetscReal weight)
{
  const PetscInt begin = coarse->box.xs - 1, n = coarse->box.xm + 2;

  for (PetscInt s = 0; s < 2; s++) { /* both parities */
    PetscReal *b = coarse->b + NakLinesPlace(coarse, begin + s, j);

    for (PetscInt m = 0; m < mg->lu.n_moving; m++) {
      const ptrdiff_t  z    = mg->lu.moving[m];
      const PetscReal *from = mg->row + z * n + s;
      PetscReal       *to   = b + z * coarse->pitch;

      for (PetscInt k = 0; k < (n - s + 1) / 2; k++) to[k] += weight * from[(ptrdiff_t)2 * k];
    }
  }
}

/* A row of the grid below.  `half` holds every other column of it, starting with `first`. */
NAK_VECTORISED static void AverageRow(NakMultigrid mg, const NakLines *fine, const Pairs *x,
                                      PetscInt first, PetscInt n, PetscInt n_row)
{
  for (PetscInt m = 0; m < mg->lu.n_moving; m++) {
    const ptrdiff_t z              = mg->lu.moving[m];
    const PetscReal *restrict from = mg->half + z * fine->pitch;
    PetscReal *restrict to         = mg->row + z * n_row;

    for (PetscInt k = 0; k < n_row; k++) to[k] = 0;
    for (int s = 0; s < 2 && n > 0; s++) {
      const NakPair  *pair   = x->pair + first;
      const PetscInt  cell   = pair->cell[s];
      const PetscReal weight = pair->weight[s];

      if (x->regular[first])
        for (PetscInt k = 0; k < n; k++) to[cell + k] += weight * from[k];
      else
        for (PetscInt k = 0; k < n; k++, pair += 2) to[pair->cell[s]] += pair->weight[s] * from[k];
    }
  }
}

/* Whether a cycle begins at a guess and not at 0. */
static PetscBool FromGuess(const Pass *p)
{
  return (PetscBool)(p->level + 1 == p->mg->n && p->io->minus);
}

/* The average of the residual in row j.  At red columns it is what the change of the black ones
   gave them.  At black columns it is nothing, except at a seam. */
static void RestrictRow(const Pass *p, PetscInt j)
{
  const NakLines  *fine   = &p->mg->lines[p->level];
  NakLines        *coarse = &p->mg->lines[p->level - 1];
  const PetscReal *given  = FromGuess(p) ? fine->change : fine->t;
  const Pairs     *x      = &p->mg->transfer[p->level].overlap[0];
  const NakPair   *y      = &p->mg->transfer[p->level].overlap[1].pair[j - fine->box.ys];

  for (PetscInt colour = 0; colour < (fine->seam ? 2 : 1); colour++) {
    const PetscInt parity = (j + colour) & 1, n = NakLinesCount(fine, parity);

    if (colour == 0)
      NakLinesExchange(fine, j, parity, given, p->mg->half);
    else
      NakLinesSeam(fine, j, parity, p->mg->half);
    AverageRow(p->mg, fine, x, NakLinesFirst(fine, parity) - fine->box.xs, n, coarse->box.xm + 2);
    for (int s = 0; s < 2; s++)
      if (y->weight[s] > 0) AddRow(p->mg, coarse, coarse->box.ys - 1 + y->cell[s], y->weight[s]);
  }
}

/* A row between rows of the coarse grid, in natural order with ghosts. */
static void MixRows(const NakMultigrid mg, const NakLines *coarse, const NakPair *y)
{
  const PetscInt begin = coarse->box.xs - 1, n = coarse->box.xm + 2;

  for (PetscInt s = 0; s < 2; s++) {
    const PetscInt   below = coarse->box.ys - 1;
    const PetscReal *a     = coarse->t + NakLinesPlace(coarse, begin + s, below + y->cell[0]);
    const PetscReal *b     = coarse->t + NakLinesPlace(coarse, begin + s, below + y->cell[1]);
    const PetscReal  wa = y->weight[0], wb = y->weight[1];

    for (PetscInt m = 0; m < mg->lu.n_moving; m++) {
      const ptrdiff_t z = mg->lu.moving[m], o = z * coarse->pitch;
      PetscReal      *to = mg->row + z * n + s;

      for (PetscInt k = 0; k < (n - s + 1) / 2; k++)
        to[(ptrdiff_t)2 * k] = wa * a[o + k] + wb * b[o + k];
    }
  }
}

/* Add the interpolated correction, of potentials, to every other column of a row, starting with
   `first`. */
NAK_VECTORISED static void CorrectRow(const NakMultigrid mg, const NakLines *fine, const Pairs *x,
                                      PetscInt first, PetscInt n, PetscInt n_row, ptrdiff_t at)
{
  for (PetscInt m = 0; m < mg->lu.n_moving; m++) {
    const ptrdiff_t z              = mg->lu.moving[m];
    const PetscReal *restrict from = mg->row + z * n_row;
    PetscReal *restrict to         = fine->t + at + z * fine->pitch;

    for (int s = 0; s < 2 && n > 0; s++) {
      const NakPair  *pair   = x->pair + first;
      const PetscInt  cell   = pair->cell[s];
      const PetscReal weight = pair->weight[s];

      if (x->regular[first])
        for (PetscInt k = 0; k < n; k++) to[k] += weight * from[cell + k];
      else
        for (PetscInt k = 0; k < n; k++, pair += 2) to[k] += pair->weight[s] * from[pair->cell[s]];
    }
  }
}

/* Correct the black columns of row j.  With a seam, also correct the red ones, which then depend on
   each other. */
static void InterpolateRow(const Pass *p, PetscInt j)
{
  NakLines       *fine   = &p->mg->lines[p->level];
  const NakLines *coarse = &p->mg->lines[p->level - 1];
  const Pairs    *x      = &p->mg->transfer[p->level].interpolation[0];

  MixRows(p->mg, coarse, &p->mg->transfer[p->level].interpolation[1].pair[j - fine->box.ys]);
  for (PetscInt colour = fine->seam ? 0 : 1; colour < 2; colour++) {
    const PetscInt parity = (j + colour) & 1;
    const PetscInt i = NakLinesFirst(fine, parity), n = NakLinesCount(fine, parity);

    CorrectRow(p->mg, fine, x, i - fine->box.xs, n, coarse->box.xm + 2, NakLinesPlace(fine, i, j));
    NakLinesWrap(fine, j, parity, fine->t);
  }
}

/* ---- The cycle ---- */

/* Right-hand sides of the owned columns, for the unknowns that move.  They are copied in the order
   of the columns; if `back`, they are copied back from it. */
static void PackColumns(const NakMultigrid mg, NakLines *g, PetscReal columns[], PetscBool back)
{
  for (PetscInt j = g->box.ys; j < g->box.ys + g->box.ym; j++)
    for (PetscInt i = g->box.xs; i < g->box.xs + g->box.xm; i++) {
      PetscReal *b = g->b + NakLinesPlace(g, i, j);

      for (PetscInt m = 0; m < mg->lu.n_moving; m++, columns++) {
        if (back)
          b[mg->lu.moving[m] * g->pitch] = *columns;
        else
          *columns = b[mg->lu.moving[m] * g->pitch];
      }
    }
}

/* The solution for the unknowns that move, from a grid of fewer ranks to a rank's part of it, with
   ghosts. */
static void CopyBack(const NakMultigrid mg, const NakLines *whole, NakLines *part)
{
  const NakBox *box = &part->box;

  for (PetscInt j = box->ys - 1; j <= box->ys + box->ym; j++)
    for (PetscInt i = box->xs - 1; i <= box->xs + box->xm; i++) {
      const PetscReal *from = whole->t + NakLinesPlace(whole, i, j);
      PetscReal       *to   = part->t + NakLinesPlace(part, i, j);

      for (PetscInt m = 0; m < mg->lu.n_moving; m++)
        to[mg->lu.moving[m] * part->pitch] = from[mg->lu.moving[m] * whole->pitch];
    }
}

/* The right-hand side of row j, NULL if it is 0.  If it comes from outside, a rank's columns are
   put side by side. */
static const PetscReal *RightRow(const Pass *p, PetscInt j, PetscInt parity)
{
  const NakMultigrid mg = p->mg;
  const NakLines    *g  = &mg->lines[p->level];
  const PetscInt     i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const ptrdiff_t    first = (ptrdiff_t)(j - g->box.ys) * g->box.xm + i - g->box.xs;

  if (p->level + 1 < mg->n) return g->b + NakLinesPlace(g, i, j);
  if (p->io->r == NULL) return NULL;
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal *r = p->io->r + (first + (ptrdiff_t)2 * k) * g->size;

    for (PetscInt z = 0; z < g->size; z++) mg->right[z * g->pitch + k] = r[z];
  }
  return mg->right;
}

/* Where row j begins among the black columns, which are stored half row after half row, without
   ghosts. */
static ptrdiff_t BlackRow(const NakMultigrid mg, PetscInt j)
{
  const NakLines *g      = &mg->lines[mg->n - 1];
  const PetscInt  row    = j - g->box.ys;
  const ptrdiff_t first  = NakLinesCount(g, (g->box.ys + 1) & 1),
                  second = NakLinesCount(g, g->box.ys & 1);

  return ((row + 1) / 2 * first + row / 2 * second) * mg->lu.n_moving;
}

PetscInt NakBlackSize(NakMultigrid mg)
{
  const NakLines *g = &mg->lines[mg->n - 1];

  return (PetscInt)BlackRow(mg, g->box.ys + g->box.ym);
}

/* The black columns of row j, as they were solved. */
static void TakeOutBlack(const Pass *p, PetscInt j)
{
  const NakMultigrid mg     = p->mg;
  const NakLines    *g      = &mg->lines[mg->n - 1];
  const PetscInt     parity = (j + 1) & 1, n = NakLinesCount(g, parity);
  const ptrdiff_t    at    = BlackRow(mg, j);
  const PetscReal   *guess = p->io->guess + at,
                  *t       = g->t + NakLinesPlace(g, NakLinesFirst(g, parity), j);
  PetscReal *to            = p->io->black + at;

  for (PetscInt m = 0; m < mg->lu.n_moving; m++, to += n, guess += n) {
    const PetscReal *from  = t + mg->lu.moving[m] * g->pitch;
    const PetscReal  scale = 1 / mg->lu.scale[mg->lu.moving[m]];

    if (p->io->minus)
      for (PetscInt k = 0; k < n; k++) to[k] = guess[k] - scale * from[k];
    else
      for (PetscInt k = 0; k < n; k++) to[k] = scale * from[k];
  }
}

/* Copy the solution of row j to the result. */
static void TakeOutSolution(const Pass *p, PetscInt j, PetscInt parity)
{
  const NakMultigrid mg = p->mg;
  const NakLines    *g  = &mg->lines[mg->n - 1];
  const PetscInt     i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const ptrdiff_t    first = (ptrdiff_t)(j - g->box.ys) * g->box.xm + i - g->box.xs;

  for (PetscInt k = 0; k < n; k++) {
    const ptrdiff_t  at = (first + (ptrdiff_t)2 * k) * g->size;
    const PetscReal *t = g->t + NakLinesPlace(g, i, j) + k, *slope = p->io->slope + at;
    PetscReal       *y = p->io->y + at;

    for (PetscInt z = 0; z < g->size; z++)
      y[z] = t[z * g->pitch] / (mg->lu.scale[z] == 0 ? 1 : slope[z]);
  }
}

/* Copy the solution of row j, if the grid has an output. */
static void TakeOutRow(const Pass *p, PetscInt j, PetscInt parity)
{
  if (p->level + 1 < p->mg->n) return;
  if (p->io->y != NULL) TakeOutSolution(p, j, parity);
  if (p->io->black != NULL && parity != (j & 1)) TakeOutBlack(p, j);
}

/* More sweeps on coarser grids keep the number of iterations the same on all grids.  In 3D each
   coarser grid has one more.  In 2D columns have neighbours in one direction only; there each grid
   has one more than the grid above. */
static PetscInt MoreSweeps(const Pass *p)
{
  const NakLines *g     = &p->mg->lines[p->level];
  const PetscInt  above = p->mg->halved[p->level];

  return g->nx == 1 || g->ny == 1 ? above : PetscMin(above, 1);
}

/* What is done to row j on the way down, or up: first, second, third. */
static void DownRow(const Pass *p, PetscInt stage, PetscInt j)
{
  const PetscInt parity = (j + stage) & 1;

  if (stage == 2)
    RestrictRow(p, j);
  else
    NakLinesSolve(&p->mg->lines[p->level], j, parity,
                  stage == 0 ? NAK_LINES_ALONE : NAK_LINES_WITHIN, RightRow(p, j, parity),
                  p->mg->half);
}

static void UpRow(const Pass *p, PetscInt stage, PetscInt j)
{
  NakLines      *g      = &p->mg->lines[p->level];
  const PetscInt parity = (j + stage - 1) & 1;

  if (stage == 0) {
    InterpolateRow(p, j);
  } else {
    NakLinesSolve(g, j, parity, NAK_LINES_WITHIN, RightRow(p, j, parity), p->mg->half);
    TakeOutRow(p, j, parity);
  }
}

/* The same without a correction: once more red, then black. */
static void AgainRow(const Pass *p, PetscInt stage, PetscInt j)
{
  if (stage > 0) UpRow(p, stage, j);
}

/* The guess of black columns of row j. */
static void GuessRow(const Pass *p, PetscInt j)
{
  const NakMultigrid mg     = p->mg;
  NakLines          *g      = &mg->lines[p->level];
  const PetscInt     parity = (j + 1) & 1, n = NakLinesCount(g, parity);
  const PetscReal   *from = p->io->guess + BlackRow(mg, j);
  PetscReal         *t    = g->t + NakLinesPlace(g, NakLinesFirst(g, parity), j);

  for (PetscInt m = 0; m < mg->lu.n_moving; m++, from += n) {
    PetscReal      *to    = t + mg->lu.moving[m] * g->pitch;
    const PetscReal scale = mg->lu.scale[mg->lu.moving[m]];

    for (PetscInt k = 0; k < n; k++) to[k] = scale * from[k];
  }
  NakLinesWrap(g, j, parity, g->t);
}

/* On the way down from a guess: black columns get it; then red ones, black ones, and the
   average. */
static void DownFromGuessRow(const Pass *p, PetscInt stage, PetscInt j)
{
  const PetscInt parity = (j + stage - 1) & 1;

  if (stage == 0)
    GuessRow(p, j);
  else if (stage < 3)
    NakLinesSolve(&p->mg->lines[p->level], j, parity,
                  stage == 1 ? NAK_LINES_WITHIN : NAK_LINES_CHANGE, RightRow(p, j, parity),
                  p->mg->half);
  else
    RestrictRow(p, j);
}

/* A sweep from a guess. */
static void SweepRow(const Pass *p, PetscInt stage, PetscInt j)
{
  if (stage == 0)
    GuessRow(p, j);
  else
    UpRow(p, stage, j);
}

enum { MOST_STAGES = 4 };

/* Stages over all rows.  Each stage needs the one before, in the row itself and in the two beside
   it.  It also says which ghosts it needs. */
typedef struct {
  void (*row)(const Pass *p, PetscInt stage, PetscInt j);
  PetscInt   n;
  PetscSF    ghosts[MOST_STAGES - 1];
  PetscReal *of[MOST_STAGES - 1];
} Stages;

/* All stages of the rows that need no ghosts, while the messages of the first stage are under
   way. */
static PetscErrorCode InnerRows(const Pass *p, const Stages *stages)
{
  const PetscInt begin = p->mg->lines[p->level].box.ys, n = p->mg->lines[p->level].box.ym;
  const PetscSF  ghosts = stages->ghosts[0];
  PetscReal     *of     = stages->of[0];

  PetscFunctionBeginUser;
  stages->row(p, 0, begin);
  stages->row(p, 0, begin + n - 1);
  PetscCall(PetscSFBcastBegin(ghosts, MPIU_REAL, of, of, MPI_REPLACE));
  for (PetscInt front = 1; front < n; front++) {
    for (PetscInt s = 0; s < stages->n; s++) {
      const PetscInt j = front - s, edge = PetscMax(s, 1);

      if (j >= edge && j < n - edge) stages->row(p, s, begin + j);
    }
  }
  PetscCall(PetscSFBcastEnd(ghosts, MPIU_REAL, of, of, MPI_REPLACE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* First the rows that need no ghosts: their data is in the cache, and the ghosts are still under
   way.  Then the others. */
static PetscErrorCode Run(const Pass *p, const Stages *stages)
{
  NakLines      *g     = &p->mg->lines[p->level];
  const PetscInt begin = g->box.ys, n = g->box.ym;
  const PetscInt ahead =
    g->rows && n > 2 * stages->n ? 1 : 0; /* stages begun ahead of the ghosts */

  PetscFunctionBeginUser;
  if (ahead) PetscCall(InnerRows(p, stages));
  for (PetscInt s = ahead; s < stages->n; s++) {
    for (PetscInt j = 0; j < n; j++)
      if (!ahead || j < s || j >= n - s) stages->row(p, s, begin + j);
    if (s < stages->n - 1)
      PetscCall(NakBroadcast(stages->ghosts[s], MPIU_REAL, stages->of[s], stages->of[s]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Cycle(const Pass *p);

/* The solution of a grid, with ghosts, by fewer ranks. */
static PetscErrorCode RegroupedCycle(const Pass *p)
{
  const NakMultigrid mg    = p->mg;
  const Pass         below = Below(p);
  NakLines *const part = &mg->lines[p->level], *const whole = &mg->lines[below.level];

  PetscFunctionBeginUser;
  PackColumns(mg, part, mg->own, PETSC_FALSE);
  PetscCall(
    NakGroupGather(&mg->below[p->level]->group, mg->moving, mg->lu.n_moving, mg->own, mg->all));
  PackColumns(mg, whole, mg->all, PETSC_TRUE);
  PetscCall(Cycle(&below));
  PetscCall(NakBroadcast(whole->ring, MPIU_REAL, whole->t, whole->t));
  CopyBack(mg, whole, part);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CoarseCycle(const Pass *p)
{
  NakLines *coarse = &p->mg->lines[p->level];

  PetscFunctionBeginUser;
  PetscCall(PetscSFReduceBegin(coarse->ring, MPIU_REAL, coarse->b, coarse->b, MPI_SUM));
  PetscCall(PetscSFReduceEnd(coarse->ring, MPIU_REAL, coarse->b, coarse->b, MPI_SUM));
  if (p->mg->below[p->level] != NULL) {
    PetscCall(RegroupedCycle(p));
  } else {
    PetscCall(Cycle(p));
    PetscCall(NakBroadcast(coarse->ring, MPIU_REAL, coarse->t, coarse->t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Down(const Pass *p)
{
  NakLines     *g   = &p->mg->lines[p->level];
  const PetscSF red = g->red_black[0], black = g->red_black[1];
  const Stages  guess = {
     DownFromGuessRow, 4, {black, red,  black    },
       {g->t,  g->t, g->change}
  };
  const Stages zero = {
    DownRow, 3, {red,  black},
      {g->t, g->t }
  };

  PetscFunctionBeginUser;
  if (g->seam) PetscCall(PetscArrayzero(g->t, g->length)); /* ghosts of the same colour */
  PetscCall(PetscArrayzero(p->mg->lines[p->level - 1].b, p->mg->lines[p->level - 1].length));
  PetscCall(Run(p, FromGuess(p) ? &guess : &zero));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solution of a grid from its b. */
static PetscErrorCode Cycle(const Pass *p)
{
  NakLines    *g     = &p->mg->lines[p->level];
  const Pass   below = Below(p);
  const Stages up    = {
       UpRow, 3, {g->red_black[1], g->red_black[0]},
         {g->t,            g->t           }
  };
  Stages again = up;

  PetscFunctionBeginUser;
  if (p->level == 0) {
    NakLinesSolve(g, 0, 0, NAK_LINES_ALONE, RightRow(p, 0, 0), p->mg->half);
    TakeOutRow(p, 0, 0);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(Down(p));
  PetscCall(CoarseCycle(&below));
  PetscCall(Run(p, &up));
  again.row = AgainRow;
  for (PetscInt k = MoreSweeps(p); k > 0; k--) PetscCall(Run(p, &again));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridCycle(NakMultigrid mg, const NakInOut *io)
{
  PetscFunctionBeginUser;
  PetscCall(Cycle(&(Pass){.mg = mg, .io = io, .level = mg->n - 1}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridSweep(NakMultigrid mg, const NakInOut *io)
{
  NakLines    *g     = &mg->lines[mg->n - 1];
  const Stages sweep = {
    SweepRow, 3, {g->red_black[1], g->red_black[0]},
      {g->t,            g->t           }
  };

  PetscFunctionBeginUser;
  PetscCall(Run(&(Pass){.mg = mg, .io = io, .level = mg->n - 1}, &sweep));
  PetscFunctionReturn(PETSC_SUCCESS);
}
