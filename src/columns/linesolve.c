/* What is done over half a row of columns: exchange and solution. */
#include "lines.h"

/* Where the neighbours of half a row begin. */
typedef struct {
  ptrdiff_t left, right, below, above;
} Sides;

static Sides FindSides(const NakLines *g, PetscInt i, PetscInt j)
{
  return (Sides){.left  = NakLinesPlace(g, i - 1, j),
                 .right = NakLinesPlace(g, i + 1, j),
                 .below = NakLinesPlace(g, i, j - 1),
                 .above = NakLinesPlace(g, i, j + 1)};
}

NAK_VECTORISED void NakLinesExchange(const NakLines *g, PetscInt j, PetscInt parity,
                                     const PetscReal t[], PetscReal y[])
{
  const PetscInt  n  = NakLinesCount(g, parity);
  const Sides     at = FindSides(g, NakLinesFirst(g, parity), j);
  const PetscReal wx = g->wx, wy = g->wy;

  for (PetscInt m = 0; m < g->lu->n_moving; m++) {
    const ptrdiff_t o              = g->lu->moving[m] * g->pitch;
    const PetscReal *restrict left = t + at.left + o, *restrict right = t + at.right + o;
    const PetscReal *restrict below = t + at.below + o, *restrict above = t + at.above + o;
    PetscReal *restrict to = y + o;

    for (PetscInt k = 0; k < n; k++) to[k] = wx * (left[k] + right[k]) + wy * (below[k] + above[k]);
  }
}

/* The solution of some columns of half a row. */
typedef struct {
  const NakLines  *g;
  const NakLineLU *lu;
  const NakLineLU *p;
  PetscBool        alone;
  const PetscReal *t, *f, *b; /* of neighbours; factors; right-hand side or NULL */
  Sides            at;
  PetscReal       *y, *x;  /* on the way, and the solution; may be the same */
  PetscReal       *change; /* of x, or NULL */
} Job;

enum {
  WIDEST = 32
}; /* columns whose values fit into the registers of a processor with wide ones */

/* The right-hand side of row r. */
NAK_INLINE static void Right(const Job *s, PetscInt r, const PetscInt width, PetscReal *restrict y)
{
  const ptrdiff_t  o    = r * s->g->pitch;
  const PetscReal *left = s->t + s->at.left + o, *right = s->t + s->at.right + o;
  const PetscReal *below = s->t + s->at.below + o, *above = s->t + s->at.above + o;
  const PetscReal  wx = s->g->wx, wy = s->g->wy;
  const PetscReal *b = s->b == NULL ? NULL : s->b + o;

  if (s->alone || s->lu->scale[r] == 0) {
    for (PetscInt k = 0; k < width; k++) y[k] = b == NULL ? 0 : b[k];
    return;
  }
  for (PetscInt k = 0; k < width; k++)
    y[k] = wx * (left[k] + right[k]) + wy * (below[k] + above[k]);
  for (PetscInt k = 0; k < width && b != NULL; k++) y[k] += b[k];
}

/* One entry of L or of U: sum -= f y, with f the same for all columns or not. */
NAK_INLINE static void Subtract(const Job *s, PetscInt e, const PetscInt width, const PetscReal *y,
                                PetscReal *restrict sum)
{
  const ptrdiff_t  pitch = s->g->pitch;
  const PetscReal *from = y + s->lu->column[e] * pitch, *f = s->f + s->lu->slot[e] * pitch;
  const PetscReal  uniform = s->g->uniform[e];

  if (s->lu->slot[e] < 0)
    for (PetscInt k = 0; k < width; k++) sum[k] -= uniform * from[k];
  else
    for (PetscInt k = 0; k < width; k++) sum[k] -= f[k] * from[k];
}

/* Subtract from `sum` the entries `begin` to `end` of L or of U times y.  Most rows have only one
   entry; it is the same for all columns and belongs to the row before.  The y of that row is at
   hand. */
NAK_INLINE static void SubtractAll(const Job *s, PetscInt begin, PetscInt end, const PetscInt width,
                                   const PetscReal *y, const PetscReal *last,
                                   PetscReal *restrict sum)
{
  const PetscReal uniform = s->g->uniform[begin];

  if (end == begin + 1 && s->lu->slot[begin] < 0)
    for (PetscInt k = 0; k < width; k++) sum[k] -= uniform * last[k];
  else
    for (PetscInt e = begin; e < end; e++) Subtract(s, e, width, y, sum);
}

/* L's solution over the pivots. */
NAK_INLINE static void Forward(const Job *s, const PetscInt width)
{
  const NakLineLU *lu    = s->lu;
  const ptrdiff_t  pitch = s->g->pitch;
  PetscReal        last[WIDEST], sum[WIDEST];

  for (PetscInt k = 0; k < width; k++) last[k] = 0;
  for (PetscInt r = 0; r < lu->size; r++) {
    const PetscReal *restrict d = s->f + lu->slot[lu->diagonal[r]] * pitch;
    PetscReal *restrict y       = s->y + r * pitch;

    Right(s, r, width, sum);
    SubtractAll(s, lu->start[r], lu->diagonal[r], width, s->y, last, sum);
    for (PetscInt k = 0; k < width; k++) last[k] = sum[k] * d[k];
    for (PetscInt k = 0; k < width; k++) y[k] = last[k];
  }
}

/* U's solution. */
NAK_INLINE static void Backward(const Job *s, const PetscInt width)
{
  const NakLineLU *lu    = s->lu;
  const ptrdiff_t  pitch = s->g->pitch;
  PetscReal        last[WIDEST], sum[WIDEST];

  for (PetscInt k = 0; k < width; k++) last[k] = 0;
  for (PetscInt r = lu->size - 1; r >= 0; r--) {
    const PetscReal *restrict d = s->f + lu->slot[lu->diagonal[r]] * pitch;
    const PetscReal *y          = s->y + r * pitch;
    PetscReal       *x          = s->x + r * pitch;

    for (PetscInt k = 0; k < width; k++) sum[k] = 0;
    SubtractAll(s, lu->diagonal[r] + 1, lu->start[r + 1], width, s->x, last, sum);
    for (PetscInt k = 0; k < width; k++) last[k] = y[k] + sum[k] * d[k];
    for (PetscInt k = 0; k < width && s->change != NULL; k++)
      s->change[r * pitch + k] = last[k] - x[k];
    for (PetscInt k = 0; k < width; k++) x[k] = last[k];
  }
}

/* `width` columns from number `first` of half a row.  The width is a constant, so that loops become
   instructions. */
NAK_INLINE static void SolveSome(const Job *row, PetscInt first, const PetscInt width)
{
  Job s = *row;

  s.t += first;
  s.f += first;
  s.y += first;
  s.x += first;
  if (s.b != NULL) s.b += first;
  if (s.change != NULL) s.change += first;
  Forward(&s, width);
  Backward(&s, width);
}

NAK_VECTORISED static void SolveRow(const Job *row, PetscInt n)
{
  PetscInt k = 0;

  for (; k + WIDEST <= n; k += WIDEST) SolveSome(row, k, WIDEST);
  for (; k + 16 <= n; k += 16) SolveSome(row, k, 16);
  for (; k + 8 <= n; k += 8) SolveSome(row, k, 8);
  for (; k + 4 <= n; k += 4) SolveSome(row, k, 4);
  for (; k < n; k++) SolveSome(row, k, 1);
}

void NakLinesWrap(const NakLines *g, PetscInt j, PetscInt parity, PetscReal t[])
{
  const PetscInt ghost = parity == 0 ? g->nx : -1, twin = parity == 0 ? 0 : g->nx - 1;
  PetscReal     *to = t + NakLinesPlace(g, ghost, j), *from = t + NakLinesPlace(g, twin, j);

  if (!g->rows || !g->periodic || g->nx == 1) return;
  for (PetscInt z = 0; z < g->size; z++) to[z * g->pitch] = from[z * g->pitch];
}

void NakLinesSolve(NakLines *g, PetscInt j, PetscInt parity, NakLinesTurn turn, const PetscReal b[],
                   PetscReal work[])
{
  const PetscInt  i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const ptrdiff_t at  = NakLinesPlace(g, i, j);
  Job             job = {.g     = g,
                         .lu    = g->lu,
                         .alone = (PetscBool)(turn == NAK_LINES_ALONE),
                         .t     = g->t,
                         .f     = NakLinesFactors(g, i, j),
                         .b     = b,
                         .at    = FindSides(g, i, j),
                         .y     = g->t + at,
                         .x     = g->t + at};

  if (turn == NAK_LINES_CHANGE) {
    job.y      = work;
    job.change = g->change + at;
  }
  SolveRow(&job, n);
  if (turn == NAK_LINES_CHANGE) NakLinesWrap(g, j, parity, g->change);
  NakLinesWrap(g, j, parity, g->t);
}

/* Whether columns of one colour meet if n columns are periodic. */
static PetscBool HasSeam(const NakLines *g, PetscInt n)
{
  return (PetscBool)(g->periodic && n > 1 && n % 2);
}

/* What column (i, j) receives across seams.  Unknown and column are `o` after the places of
   `at`. */
static PetscReal AcrossSeams(const NakLines *g, const Sides *at, ptrdiff_t o, PetscInt i,
                             PetscInt j)
{
  const PetscBool in_x = HasSeam(g, g->nx), in_y = HasSeam(g, g->ny);
  PetscReal       sum = 0;

  if (in_x && i == 0) sum += g->wx * g->t[at->left + o];
  if (in_x && i == g->nx - 1) sum += g->wx * g->t[at->right + o];
  if (in_y && j == 0) sum += g->wy * g->t[at->below + o];
  if (in_y && j == g->ny - 1) sum += g->wy * g->t[at->above + o];
  return sum;
}

void NakLinesSeam(const NakLines *g, PetscInt j, PetscInt parity, PetscReal y[])
{
  const PetscInt i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const Sides    at = FindSides(g, i, j);

  for (PetscInt m = 0; m < g->lu->n_moving; m++) {
    const ptrdiff_t o = g->lu->moving[m] * g->pitch;

    for (PetscInt k = 0; k < n; k++) y[o + k] = AcrossSeams(g, &at, o + k, i + 2 * k, j);
  }
}
