/* Columns side by side: elimination, places, factors, solves; what is meant is in lines.h. */
#include "lines.h"

/* ---- LU of one column ---- */

static PetscInt Find(const NakProgram *p, PetscInt row, PetscInt column)
{
  for (PetscInt e = p->start[row]; e < p->start[row + 1]; e++)
    if (p->column[e] == column) return e;
  return -1;
}

enum { NOTHING, FILL, STORED }; /* entry e of the pattern is marked STORED + e */

/* Mark what elimination fills in. */
static void Fill(PetscInt size, PetscInt mark[])
{
  for (PetscInt r = 0; r < size; r++) {
    for (PetscInt pivot = 0; pivot < r; pivot++) {
      const PetscInt *from = mark + (ptrdiff_t)pivot * size;
      PetscInt       *to   = mark + (ptrdiff_t)r * size;

      for (PetscInt c = pivot + 1; c < size && to[pivot] != NOTHING; c++)
        if (from[c] != NOTHING && to[c] == NOTHING) to[c] = FILL;
    }
  }
}

/* Entries row by row, in each row by column. */
static PetscErrorCode Sort(const NakPattern *pattern, NakProgram *p)
{
  const ptrdiff_t size = p->size;
  PetscInt       *mark, n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(size * size, &mark));
  for (PetscInt e = 0; e < pattern->n; e++)
    if (pattern->col[e] >= 0) mark[pattern->row[e] * size + pattern->col[e]] = STORED + e;
  Fill(p->size, mark);
  for (ptrdiff_t k = 0; k < size * size; k++) p->n += mark[k] != NOTHING;
  PetscCall(PetscMalloc4(p->n, &p->column, p->n, &p->stored, p->n, &p->slot, p->n + 1, &p->update));
  for (ptrdiff_t k = 0; k < size * size; k++) {
    if (k % size == 0) p->start[k / size] = n;
    if (mark[k] == NOTHING) continue;
    p->column[n]   = (PetscInt)(k % size);
    p->stored[n++] = mark[k] == FILL ? -1 : mark[k] - STORED;
  }
  p->start[size] = n;
  for (PetscInt r = 0; r < p->size; r++) p->diagonal[r] = Find(p, r, r);
  PetscCall(PetscFree(mark));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What eliminating with an entry of L, in `row` and `column`, changes: updates from number n on. */
static PetscInt UpdatesOfEntry(const NakProgram *p, PetscInt row, PetscInt column, PetscInt n,
                               PetscInt *from, PetscInt *to)
{
  for (PetscInt u = p->diagonal[column] + 1; u < p->start[column + 1]; u++) {
    if (from != NULL) from[n] = u;
    if (to != NULL) to[n] = Find(p, row, p->column[u]);
    n++;
  }
  return n;
}

/* The updates of all entries; `update`, `from` and `to` may be NULL, to count. */
static PetscInt Updates(const NakProgram *p, PetscInt *update, PetscInt *from, PetscInt *to)
{
  PetscInt n = 0;

  for (PetscInt r = 0; r < p->size; r++) {
    for (PetscInt e = p->start[r]; e < p->start[r + 1]; e++) {
      if (update != NULL) update[e] = n;
      if (p->column[e] < r) n = UpdatesOfEntry(p, r, p->column[e], n, from, to);
    }
  }
  if (update != NULL) update[p->n] = n;
  return n;
}

/* Which entries are kept for each column: all that are not the same for all of them and stay so. */
static void Keep(const NakPattern *pattern, NakProgram *p)
{
  for (PetscInt e = 0; e < p->n; e++)
    p->slot[e] = p->stored[e] >= 0 && pattern->uniform[p->stored[e]] ? -1 : 0;
  for (PetscInt m = 0; m < p->update[p->n]; m++) p->slot[p->to[m]] = 0;
  for (PetscInt r = 0; r < p->size; r++) p->slot[p->diagonal[r]] = 0;
  p->slots = 0;
  for (PetscInt e = 0; e < p->n; e++)
    if (p->slot[e] == 0) p->slot[e] = p->slots++;
}

PetscErrorCode NakProgramCreate(const NakPattern *pattern, NakProgram *p)
{
  PetscInt n;

  PetscFunctionBeginUser;
  p->size = pattern->size;
  PetscCall(PetscMalloc2(p->size + 1, &p->start, p->size, &p->diagonal));
  PetscCall(Sort(pattern, p));
  n = Updates(p, NULL, NULL, NULL);
  PetscCall(PetscMalloc2(n, &p->from, n, &p->to));
  (void)Updates(p, p->update, p->from, p->to);
  Keep(pattern, p);
  PetscCall(PetscMalloc2(p->size, &p->moving, p->size, &p->scale));
  PetscCall(PetscArraycpy(p->scale, pattern->scale, p->size));
  n = 0;
  for (PetscInt still = 0; still < 2; still++) {
    for (PetscInt j = 0; j < p->size; j++)
      if ((pattern->scale[j] != 0) == (still == 0)) p->moving[n++] = j;
    if (still == 0) p->n_moving = n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgramDestroy(NakProgram *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(p->start, p->diagonal));
  PetscCall(PetscFree4(p->column, p->stored, p->slot, p->update));
  PetscCall(PetscFree2(p->from, p->to));
  PetscCall(PetscFree2(p->moving, p->scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Places and ghosts ---- */

/* Whether column (i, j) is a ghost that `which` (0 red, 1 black, 2 all) takes care of; then its twin
   inside the grid. */
static PetscBool IsGhost(const NakLines *g, PetscInt which, PetscInt i, PetscInt j,
                         PetscInt *twin_i, PetscInt *twin_j)
{
  const PetscInt  x = i - g->box.xs, y = j - g->box.ys;
  const PetscBool out_x = (PetscBool)(x < 0 || x >= g->box.xm);
  const PetscBool out_y = (PetscBool)(y < 0 || y >= g->box.ym);

  *twin_i = (i + g->nx) % g->nx;
  *twin_j = (j + g->ny) % g->ny;
  if (!out_x && !out_y) return PETSC_FALSE;
  if (which < 2 && g->rows && out_x) return PETSC_FALSE;
  if ((*twin_i != i && (!g->periodic || g->nx == 1)) ||
      (*twin_j != j && (!g->periodic || g->ny == 1)))
    return PETSC_FALSE;
  if (which == 2) return PETSC_TRUE;
  return (PetscBool)(!(out_x && out_y) && (g->seam || ((*twin_i + *twin_j) & 1) == which));
}

static PetscErrorCode CreateGhosts(NakState state, const NakLines *g, PetscInt which, PetscSF *sf)
{
  const PetscInt most = 2 * (g->box.xm + g->box.ym + 2) * g->size;
  PetscInt      *leaf, n = 0;
  PetscSFNode   *root;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(most, &leaf));
  PetscCall(PetscMalloc1(most, &root));
  for (PetscInt j = g->box.ys - 1; j <= g->box.ys + g->box.ym; j++) {
    for (PetscInt i = g->box.xs - 1; i <= g->box.xs + g->box.xm; i++) {
      PetscInt    twin_i, twin_j;
      PetscMPIInt rank;
      NakLines    owner = *g;

      if (!IsGhost(g, which, i, j, &twin_i, &twin_j)) continue;
      PetscCall(NakOwner(state, twin_i, twin_j, &rank, &owner.box));
      NakLinesShape(&owner);
      for (PetscInt z = 0; z < g->size; z++, n++) {
        leaf[n] = (PetscInt)(NakLinesPlace(g, i, j) + z * g->pitch);
        root[n] =
          (PetscSFNode){rank, (PetscInt)(NakLinesPlace(&owner, twin_i, twin_j) + z * owner.pitch)};
      }
    }
  }
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)NakStateDM(state)), sf));
  PetscCall(
    PetscSFSetGraph(*sf, (PetscInt)g->length, n, leaf, PETSC_OWN_POINTER, root, PETSC_OWN_POINTER));
  PetscCall(PetscSFSetUp(*sf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakLinesShape(NakLines *g)
{
  const PetscInt last = g->box.xs + g->box.xm; /* with its ghost */

  g->first  = 0;
  g->first  = NakLinesAlong(g, g->box.xs - 1);
  g->pitch  = NakLinesAlong(g, last) + 1;
  g->length = (ptrdiff_t)(g->box.ym + 2) * 2 * g->size * g->pitch;
}

PetscErrorCode NakLinesCreate(NakState state, const NakProgram *program, PetscBool finest,
                              NakLines *g)
{
  const NakGrid *grid = NakStateGrid(state);

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(state, &g->box));
  g->size     = program->size;
  g->nx       = grid->nx;
  g->ny       = grid->ny;
  g->periodic = (PetscBool)(grid->lateral == NAK_LATERAL_PERIODIC);
  g->seam     = (PetscBool)(g->periodic && ((g->nx > 1 && g->nx % 2) || (g->ny > 1 && g->ny % 2)));
  g->rows     = (PetscBool)(g->box.xm == g->nx && !g->seam);
  g->wx       = 1 / (grid->dx * grid->dx);
  g->wy       = 1 / (grid->dy * grid->dy);
  NakLinesShape(g);
  PetscCall(PetscCalloc3(finest ? 0 : g->length, &g->b, g->length, &g->t, finest ? g->length : 0,
                         &g->change));
  PetscCall(PetscMalloc2((ptrdiff_t)(g->box.ym + 2) * 2 * program->slots * g->pitch, &g->factors,
                         program->n + 1, &g->uniform));
  for (PetscInt which = 0; which < 2; which++)
    PetscCall(CreateGhosts(state, g, which, &g->red_black[which]));
  PetscCall(CreateGhosts(state, g, 2, &g->ring));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakLinesDestroy(NakLines *g)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(g->b, g->t, g->change));
  PetscCall(PetscFree2(g->factors, g->uniform));
  for (PetscInt which = 0; which < 2; which++) PetscCall(PetscSFDestroy(&g->red_black[which]));
  PetscCall(PetscSFDestroy(&g->ring));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Factors ---- */

/* Sum of the weights of a column's neighbours. */
static PetscReal Weights(const NakLines *g, PetscInt i, PetscInt j)
{
  const PetscInt in_x = g->nx > 1 ? (g->periodic || i > 0) + (g->periodic || i + 1 < g->nx) : 0;
  const PetscInt in_y = g->ny > 1 ? (g->periodic || j > 0) + (g->periodic || j + 1 < g->ny) : 0;

  return g->wx * in_x + g->wy * in_y;
}

/* What the matrices are made of, as NakLinesFactor() is given it. */
typedef struct {
  const PetscReal *entries, *slope;
  PetscInt         per_column; /* entries */
} Parts;

/* What the equations multiply with: the potential of what moves, the unknown itself of what does not. */
static inline PetscReal Entry(PetscReal entry, PetscReal slope)
{
  return slope == 0 ? entry : entry / slope;
}

/* The matrices of `n` columns, two apart, side by side, with what lateral exchange puts on their diagonals. */
static void Gather(const NakLines *g, const NakProgram *p, PetscInt i, PetscInt j, PetscInt n,
                   const Parts *parts, PetscReal a[])
{
  const ptrdiff_t first = (ptrdiff_t)(j - g->box.ys) * g->box.xm + i - g->box.xs;

  for (PetscInt k = 0; k < n; k++) {
    const ptrdiff_t  column = first + (ptrdiff_t)2 * k;
    const PetscReal *from   = parts->entries + column * parts->per_column;
    const PetscReal *s      = parts->slope + column * p->size;
    const PetscReal  sides  = Weights(g, i + 2 * k, j);

    for (PetscInt e = 0; e < p->n; e++)
      a[(ptrdiff_t)e * n + k] = p->stored[e] < 0 ? 0 : Entry(from[p->stored[e]], s[p->column[e]]);
    for (PetscInt m = 0; m < p->n_moving; m++)
      a[(ptrdiff_t)p->diagonal[p->moving[m]] * n + k] += sides;
  }
}

/* a becomes L times the pivots, its diagonal left out, and U, whose diagonal is inverted. */
NAK_VECTORISED static void Eliminate(const NakProgram *p, PetscInt n, PetscReal a[], PetscReal l[])
{
  for (PetscInt r = 0; r < p->size; r++) {
    PetscReal *pivot = a + (ptrdiff_t)p->diagonal[r] * n;

    for (PetscInt e = p->start[r]; e < p->diagonal[r]; e++) {
      const PetscReal *from = a + (ptrdiff_t)e * n;
      const PetscReal *d    = a + (ptrdiff_t)p->diagonal[p->column[e]] * n;

      for (PetscInt k = 0; k < n; k++) l[k] = from[k] * d[k];
      for (PetscInt m = p->update[e]; m < p->update[e + 1]; m++) {
        const PetscReal *u = a + (ptrdiff_t)p->from[m] * n;
        PetscReal       *t = a + (ptrdiff_t)p->to[m] * n;

        for (PetscInt k = 0; k < n; k++) t[k] -= l[k] * u[k];
      }
    }
    for (PetscInt k = 0; k < n; k++) pivot[k] = 1 / pivot[k];
  }
}

static void Store(const NakProgram *p, PetscInt n, const PetscReal a[], ptrdiff_t pitch,
                  PetscReal *to)
{
  for (PetscInt e = 0; e < p->n; e++)
    for (PetscInt k = 0; k < n && p->slot[e] >= 0; k++)
      to[p->slot[e] * pitch + k] = a[(ptrdiff_t)e * n + k];
}

/* Where the factors of half a row begin. */
static PetscReal *Factors(const NakLines *g, const NakProgram *p, PetscInt i, PetscInt j)
{
  return g->factors + NakLinesHalfRow(g, j, i & 1) * p->slots * g->pitch + NakLinesAlong(g, i);
}

PetscErrorCode NakLinesFactor(NakLines *g, const NakProgram *p, const PetscReal entries[],
                              PetscInt per_column, const PetscReal slope[])
{
  enum { BLOCK = 8 }; /* columns whose matrices stay in the first cache */
  const Parts parts = {.entries = entries, .slope = slope, .per_column = per_column};
  PetscReal  *a, l[BLOCK];

  PetscFunctionBeginUser;
  g->uniform[p->n] = 0; /* read, not used, behind the last row */
  for (PetscInt e = 0; e < p->n; e++)
    g->uniform[e] = p->slot[e] < 0 ? Entry(entries[p->stored[e]], slope[p->column[e]]) : 0;
  PetscCall(PetscMalloc1(p->n * BLOCK, &a));
  for (PetscInt j = g->box.ys; j < g->box.ys + g->box.ym; j++) {
    for (PetscInt parity = 0; parity < 2; parity++) {
      const PetscInt i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
      PetscReal     *to = Factors(g, p, i, j);

      for (PetscInt k = 0; k < n; k += BLOCK, to += BLOCK) {
        const PetscInt width = PetscMin(BLOCK, n - k);

        Gather(g, p, i + 2 * k, j, width, &parts, a);
        Eliminate(p, width, a, l);
        Store(p, width, a, g->pitch, to);
      }
    }
  }
  PetscCall(PetscFree(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Kernels over half a row ---- */

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

/* y = what the potentials t of the neighbours give. */
NAK_VECTORISED static void Exchange(const NakLines *g, const NakProgram *p, const Sides *at,
                                    PetscInt n, const PetscReal *t, PetscReal *y)
{
  const PetscReal wx = g->wx, wy = g->wy;

  for (PetscInt m = 0; m < p->n_moving; m++) {
    const ptrdiff_t o              = p->moving[m] * g->pitch;
    const PetscReal *restrict left = t + at->left + o, *restrict right = t + at->right + o;
    const PetscReal *restrict below = t + at->below + o, *restrict above = t + at->above + o;
    PetscReal *restrict to = y + o;

    for (PetscInt k = 0; k < n; k++) to[k] = wx * (left[k] + right[k]) + wy * (below[k] + above[k]);
  }
}

/* The solution of some columns of half a row. */
typedef struct {
  const NakLines   *g;
  const NakProgram *p;
  PetscBool         alone;
  const PetscReal  *t, *f, *b; /* of neighbours; factors; right-hand side or NULL */
  Sides             at;
  PetscReal        *y, *x;  /* on the way, and the solution; may be the same */
  PetscReal        *change; /* of x, or NULL */
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

  if (s->alone || s->p->scale[r] == 0) {
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
  const PetscReal *from = y + s->p->column[e] * pitch, *f = s->f + s->p->slot[e] * pitch;
  const PetscReal  uniform = s->g->uniform[e];

  if (s->p->slot[e] < 0)
    for (PetscInt k = 0; k < width; k++) sum[k] -= uniform * from[k];
  else
    for (PetscInt k = 0; k < width; k++) sum[k] -= f[k] * from[k];
}

/* sum loses what entries `begin` to `end` of L or of U make of y.  Most rows have only one, the same for all
   columns, of the row before: that one's y is at hand. */
NAK_INLINE static void SubtractAll(const Job *s, PetscInt begin, PetscInt end, const PetscInt width,
                                   const PetscReal *y, const PetscReal *last,
                                   PetscReal *restrict sum)
{
  const PetscReal uniform = s->g->uniform[begin];

  if (end == begin + 1 && s->p->slot[begin] < 0)
    for (PetscInt k = 0; k < width; k++) sum[k] -= uniform * last[k];
  else
    for (PetscInt e = begin; e < end; e++) Subtract(s, e, width, y, sum);
}

/* L's solution over the pivots. */
NAK_INLINE static void Forward(const Job *s, const PetscInt width)
{
  const NakProgram *p     = s->p;
  const ptrdiff_t   pitch = s->g->pitch;
  PetscReal         last[WIDEST], sum[WIDEST];

  for (PetscInt k = 0; k < width; k++) last[k] = 0;
  for (PetscInt r = 0; r < p->size; r++) {
    const PetscReal *restrict d = s->f + p->slot[p->diagonal[r]] * pitch;
    PetscReal *restrict y       = s->y + r * pitch;

    Right(s, r, width, sum);
    SubtractAll(s, p->start[r], p->diagonal[r], width, s->y, last, sum);
    for (PetscInt k = 0; k < width; k++) last[k] = sum[k] * d[k];
    for (PetscInt k = 0; k < width; k++) y[k] = last[k];
  }
}

/* U's solution. */
NAK_INLINE static void Backward(const Job *s, const PetscInt width)
{
  const NakProgram *p     = s->p;
  const ptrdiff_t   pitch = s->g->pitch;
  PetscReal         last[WIDEST], sum[WIDEST];

  for (PetscInt k = 0; k < width; k++) last[k] = 0;
  for (PetscInt r = p->size - 1; r >= 0; r--) {
    const PetscReal *restrict d = s->f + p->slot[p->diagonal[r]] * pitch;
    const PetscReal *y          = s->y + r * pitch;
    PetscReal       *x          = s->x + r * pitch;

    for (PetscInt k = 0; k < width; k++) sum[k] = 0;
    SubtractAll(s, p->diagonal[r] + 1, p->start[r + 1], width, s->x, last, sum);
    for (PetscInt k = 0; k < width; k++) last[k] = y[k] + sum[k] * d[k];
    for (PetscInt k = 0; k < width && s->change != NULL; k++)
      s->change[r * pitch + k] = last[k] - x[k];
    for (PetscInt k = 0; k < width; k++) x[k] = last[k];
  }
}

/* `width` columns from number `first` of half a row; a constant, so that loops become instructions. */
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

void NakLinesExchange(const NakLines *g, const NakProgram *p, PetscInt j, PetscInt parity,
                      const PetscReal t[], PetscReal y[])
{
  const Sides at = FindSides(g, NakLinesFirst(g, parity), j);

  Exchange(g, p, &at, NakLinesCount(g, parity), t, y);
}

void NakLinesWrap(const NakLines *g, PetscInt j, PetscInt parity, PetscReal t[])
{
  const PetscInt ghost = parity == 0 ? g->nx : -1, twin = parity == 0 ? 0 : g->nx - 1;
  PetscReal     *to = t + NakLinesPlace(g, ghost, j), *from = t + NakLinesPlace(g, twin, j);

  if (!g->rows || !g->periodic || g->nx == 1) return;
  for (PetscInt z = 0; z < g->size; z++) to[z * g->pitch] = from[z * g->pitch];
}

void NakLinesSolve(NakLines *g, const NakProgram *p, PetscInt j, PetscInt parity, NakLinesTurn turn,
                   const PetscReal b[], PetscReal work[])
{
  const PetscInt  i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const ptrdiff_t at  = NakLinesPlace(g, i, j);
  Job             job = {.g     = g,
                         .p     = p,
                         .alone = (PetscBool)(turn == NAK_LINES_ALONE),
                         .t     = g->t,
                         .f     = Factors(g, p, i, j),
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

/* Whether columns of one colour meet where n columns are periodic. */
static PetscBool HasSeam(const NakLines *g, PetscInt n)
{
  return (PetscBool)(g->periodic && n > 1 && n % 2);
}

/* What column (i, j) is given across seams; unknown and column are `o` behind the places of `at`. */
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

void NakLinesSeam(const NakLines *g, const NakProgram *p, PetscInt j, PetscInt parity,
                  PetscReal y[])
{
  const PetscInt i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const Sides    at = FindSides(g, i, j);

  for (PetscInt m = 0; m < p->n_moving; m++) {
    const ptrdiff_t o = p->moving[m] * g->pitch;

    for (PetscInt k = 0; k < n; k++) y[o + k] = AcrossSeams(g, &at, o + k, i + 2 * k, j);
  }
}
