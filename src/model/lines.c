/* Columns side by side: places, factors, solves; what is meant is in lines.h. */
#include "lines.h"

/* ---- Incomplete LU of one column ---- */

static PetscInt Find(const NakProgram *p, PetscInt row, PetscInt column)
{
  for (PetscInt e = p->start[row]; e < p->start[row + 1]; e++)
    if (p->column[e] == column) return e;
  return -1;
}

/* Entries row by row, in each row by column. */
static void Sort(const NakPattern *pattern, NakProgram *p)
{
  PetscInt n = 0;

  for (PetscInt r = 0; r < p->size; r++) {
    p->start[r] = n;
    for (PetscInt e = 0; e < pattern->n; e++) {
      PetscInt at = n;

      if (pattern->row[e] != r || pattern->col[e] < 0) continue;
      for (; at > p->start[r] && p->column[at - 1] > pattern->col[e]; at--) {
        p->column[at] = p->column[at - 1];
        p->stored[at] = p->stored[at - 1];
      }
      p->column[at] = pattern->col[e];
      p->stored[at] = e;
      n++;
    }
    p->start[r + 1] = n;
  }
  p->n = n;
  for (PetscInt r = 0; r < p->size; r++) p->diagonal[r] = Find(p, r, r);
}

static void Order(NakProgram *p)
{
  PetscInt n = 0;

  for (PetscInt r = 0; r < p->size; r++)
    for (PetscInt e = p->start[r]; e < p->diagonal[r]; e++) p->turn[e] = n++;
  for (PetscInt r = p->size - 1; r >= 0; r--) {
    for (PetscInt e = p->diagonal[r] + 1; e < p->start[r + 1]; e++) p->turn[e] = n++;
    p->turn[p->diagonal[r]] = n++;
  }
}

/* What eliminating with an entry of L, in `row` and `column`, changes: updates from number n on. */
static PetscInt UpdatesOfEntry(const NakProgram *p, PetscInt row, PetscInt column, PetscInt n,
                               PetscInt *from, PetscInt *to)
{
  for (PetscInt u = p->diagonal[column] + 1; u < p->start[column + 1]; u++) {
    const PetscInt t = Find(p, row, p->column[u]);

    if (t < 0) continue;
    if (from != NULL) from[n] = u;
    if (to != NULL) to[n] = t;
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

PetscErrorCode NakProgramCreate(const NakPattern *pattern, NakProgram *p)
{
  PetscInt n;

  PetscFunctionBeginUser;
  p->size = pattern->size;
  PetscCall(PetscMalloc2(p->size + 1, &p->start, p->size, &p->diagonal));
  PetscCall(PetscMalloc4(pattern->n, &p->column, pattern->n, &p->stored, pattern->n, &p->turn,
                         pattern->n + 1, &p->update));
  Sort(pattern, p);
  Order(p);
  n = Updates(p, NULL, NULL, NULL);
  PetscCall(PetscMalloc2(n, &p->from, n, &p->to));
  (void)Updates(p, p->update, p->from, p->to);
  PetscCall(PetscMalloc1(p->size, &p->moving));
  n = 0;
  for (PetscInt still = 0; still < 2; still++) {
    for (PetscInt j = 0; j < p->size; j++)
      if (pattern->moves[j] == (still == 0)) p->moving[n++] = j;
    if (still == 0) p->n_moving = n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgramDestroy(NakProgram *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(p->start, p->diagonal));
  PetscCall(PetscFree4(p->column, p->stored, p->turn, p->update));
  PetscCall(PetscFree2(p->from, p->to));
  PetscCall(PetscFree(p->moving));
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
  PetscCall(PetscCalloc4(g->length, &g->slope, finest ? 0 : g->length, &g->b, g->length, &g->t,
                         finest ? 0 : g->length, &g->x));
  PetscCall(PetscMalloc1((ptrdiff_t)(g->box.ym + 2) * 2 * program->n * g->pitch, &g->factors));
  for (PetscInt which = 0; which < 2; which++)
    PetscCall(CreateGhosts(state, g, which, &g->red_black[which]));
  PetscCall(CreateGhosts(state, g, 2, &g->ring));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakLinesDestroy(NakLines *g)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree4(g->slope, g->b, g->t, g->x));
  PetscCall(PetscFree(g->factors));
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

    for (PetscInt e = 0; e < p->n; e++) a[(ptrdiff_t)e * n + k] = from[p->stored[e]];
    for (PetscInt z = 0; z < p->size; z++) a[(ptrdiff_t)p->diagonal[z] * n + k] += sides * s[z];
  }
}

/* a becomes L (its diagonal of ones left out) and U, whose diagonal is inverted. */
NAK_VECTORISED static void Eliminate(const NakProgram *p, PetscInt n, PetscReal a[])
{
  for (PetscInt r = 0; r < p->size; r++) {
    PetscReal *pivot = a + (ptrdiff_t)p->diagonal[r] * n;

    for (PetscInt e = p->start[r]; e < p->diagonal[r]; e++) {
      PetscReal       *l = a + (ptrdiff_t)e * n;
      const PetscReal *d = a + (ptrdiff_t)p->diagonal[p->column[e]] * n;

      for (PetscInt k = 0; k < n; k++) l[k] *= d[k];
      for (PetscInt m = p->update[e]; m < p->update[e + 1]; m++) {
        const PetscReal *u = a + (ptrdiff_t)p->from[m] * n;
        PetscReal       *t = a + (ptrdiff_t)p->to[m] * n;

        for (PetscInt k = 0; k < n; k++) t[k] -= l[k] * u[k];
      }
    }
    for (PetscInt k = 0; k < n; k++) pivot[k] = 1 / pivot[k];
  }
}

static void Store(const NakProgram *p, PetscInt n, const PetscReal a[], ptrdiff_t pitch, float *to)
{
  for (PetscInt e = 0; e < p->n; e++)
    for (PetscInt k = 0; k < n; k++) to[p->turn[e] * pitch + k] = (float)a[(ptrdiff_t)e * n + k];
}

/* Where the factors of half a row begin. */
static float *Factors(const NakLines *g, const NakProgram *p, PetscInt i, PetscInt j)
{
  return g->factors + NakLinesHalfRow(g, j, i & 1) * p->n * g->pitch + NakLinesAlong(g, i);
}

static void PlaceSlopes(NakLines *g, const PetscReal slope[])
{
  for (PetscInt j = 0; j < g->box.ym; j++) {
    for (PetscInt i = 0; i < g->box.xm; i++) {
      float           *to   = g->slope + NakLinesPlace(g, g->box.xs + i, g->box.ys + j);
      const PetscReal *from = slope + ((ptrdiff_t)j * g->box.xm + i) * g->size;

      for (PetscInt z = 0; z < g->size; z++) to[z * g->pitch] = (float)from[z];
    }
  }
}

PetscErrorCode NakLinesFactor(NakLines *g, const NakProgram *p, const PetscReal entries[],
                              PetscInt per_column, const PetscReal slope[])
{
  enum { BLOCK = 8 }; /* columns whose matrices stay in the first cache */
  const Parts parts = {.entries = entries, .slope = slope, .per_column = per_column};
  PetscReal  *a;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(p->n * BLOCK, &a));
  for (PetscInt j = g->box.ys; j < g->box.ys + g->box.ym; j++) {
    for (PetscInt parity = 0; parity < 2; parity++) {
      const PetscInt i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
      float         *to = Factors(g, p, i, j);

      for (PetscInt k = 0; k < n; k += BLOCK, to += BLOCK) {
        const PetscInt width = PetscMin(BLOCK, n - k);

        Gather(g, p, i + 2 * k, j, width, &parts, a);
        Eliminate(p, width, a);
        Store(p, width, a, g->pitch, to);
      }
    }
  }
  PetscCall(PetscFree(a));
  PlaceSlopes(g, slope);
  PetscCall(PetscSFBcastBegin(g->ring, MPI_FLOAT, g->slope, g->slope, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(g->ring, MPI_FLOAT, g->slope, g->slope, MPI_REPLACE));
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

NAK_VECTORISED static void Exchange(const NakLines *g, const NakProgram *p, const Sides *at,
                                    PetscInt n, const PetscReal *b, PetscReal *y)
{
  const PetscReal wx = g->wx, wy = g->wy;

  for (PetscInt m = 0; m < p->n_moving; m++) {
    const ptrdiff_t o              = p->moving[m] * g->pitch;
    const PetscReal *restrict left = g->t + at->left + o, *restrict right = g->t + at->right + o;
    const PetscReal *restrict below = g->t + at->below + o, *restrict above = g->t + at->above + o;
    const PetscReal *restrict from = b + o;
    PetscReal *restrict to         = y + o;

    for (PetscInt k = 0; k < n; k++)
      to[k] = from[k] + wx * (left[k] + right[k]) + wy * (below[k] + above[k]);
  }
}

/* y = b for the unknowns from number `first` on, the moving ones first. */
static void Copy(const NakLines *g, const NakProgram *p, PetscInt first, PetscInt n,
                 const PetscReal *b, PetscReal *y)
{
  for (PetscInt m = first; m < p->size; m++) {
    const ptrdiff_t o              = p->moving[m] * g->pitch;
    const PetscReal *restrict from = b + o;
    PetscReal *restrict to         = y + o;

    for (PetscInt k = 0; k < n; k++) to[k] = from[k];
  }
}

/* to -= f from, over half a row. */
static inline void Subtract(PetscInt n, const float *restrict f, const PetscReal *restrict from,
                            PetscReal *restrict to)
{
  for (PetscInt k = 0; k < n; k++) to[k] -= f[k] * from[k];
}

NAK_VECTORISED static void Substitute(const NakProgram *p, const float *f, PetscInt n,
                                      ptrdiff_t pitch, PetscReal *y)
{
  for (PetscInt r = 0; r < p->size; r++)
    for (PetscInt e = p->start[r]; e < p->diagonal[r]; e++, f += pitch)
      Subtract(n, f, y + p->column[e] * pitch, y + r * pitch);
  for (PetscInt r = p->size - 1; r >= 0; r--) {
    PetscReal *restrict to = y + r * pitch;

    for (PetscInt e = p->diagonal[r] + 1; e < p->start[r + 1]; e++, f += pitch)
      Subtract(n, f, y + p->column[e] * pitch, to);
    for (PetscInt k = 0; k < n; k++) to[k] *= f[k];
    f += pitch;
  }
}

/* t = slope y */
NAK_VECTORISED static void Potentials(const NakLines *g, const NakProgram *p, ptrdiff_t at,
                                      PetscInt n, const PetscReal *y)
{
  for (PetscInt m = 0; m < p->n_moving; m++) {
    const ptrdiff_t o              = p->moving[m] * g->pitch;
    const float *restrict slope    = g->slope + at + o;
    const PetscReal *restrict from = y + o;
    PetscReal *restrict to         = g->t + at + o;

    for (PetscInt k = 0; k < n; k++) to[k] = slope[k] * from[k];
  }
}

void NakLinesExchange(const NakLines *g, const NakProgram *p, PetscInt j, PetscInt parity,
                      const PetscReal b[], PetscReal y[])
{
  const Sides at = FindSides(g, NakLinesFirst(g, parity), j);

  Exchange(g, p, &at, NakLinesCount(g, parity), b, y);
}

void NakLinesWrap(NakLines *g, PetscInt j, PetscInt parity)
{
  const PetscInt ghost = parity == 0 ? g->nx : -1, twin = parity == 0 ? 0 : g->nx - 1;
  PetscReal     *to = g->t + NakLinesPlace(g, ghost, j), *from = g->t + NakLinesPlace(g, twin, j);

  if (!g->rows || !g->periodic || g->nx == 1) return;
  for (PetscInt z = 0; z < g->size; z++) to[z * g->pitch] = from[z * g->pitch];
}

void NakLinesSolve(NakLines *g, const NakProgram *p, PetscInt j, PetscInt parity, NakLinesTurn turn,
                   const PetscReal b[], PetscReal y[])
{
  const PetscInt  i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  const ptrdiff_t at      = NakLinesPlace(g, i, j);
  const float    *factors = Factors(g, p, i, j);

  if (turn != NAK_LINES_ALONE) NakLinesExchange(g, p, j, parity, b, y);
  Copy(g, p, turn == NAK_LINES_ALONE ? 0 : p->n_moving, n, b, y);
  Substitute(p, factors, n, g->pitch, y);
  if (turn == NAK_LINES_LAST) return;
  Potentials(g, p, at, n, y);
  NakLinesWrap(g, j, parity);
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
