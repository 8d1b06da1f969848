/* Columns side by side: places, ghosts, factors; the explanation is in lines.h. */
#include "lines.h"

/* ---- Places and ghosts ---- */

/* Whether column (i, j) is a ghost of the kind `which` (0 red, 1 black, 2 all).  If so, find its
   twin inside the grid. */
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

PetscErrorCode NakLinesCreate(NakState state, const NakLineLU *lu, PetscBool finest, NakLines *g)
{
  const NakGrid *grid = NakStateGrid(state);

  PetscFunctionBeginUser;
  PetscCall(NakStateBox(state, &g->box));
  g->lu       = lu;
  g->size     = lu->size;
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
  PetscCall(PetscMalloc2((ptrdiff_t)(g->box.ym + 2) * 2 * lu->slots * g->pitch, &g->factors,
                         lu->n + 1, &g->uniform));
  PetscCall(PetscArrayzero(g->uniform, lu->n + 1)); /* the last is read, not used */
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

enum { BLOCK = 8 }; /* columns whose matrices stay in the first cache */

/* The equations multiply the potential of an unknown that moves, and the unknown itself of one that
   does not. */
static inline PetscReal Divisor(PetscReal slope)
{
  return slope == 0 ? 1 : slope;
}

/* The matrices of `n` columns, two apart, side by side.  Their diagonals include the part of
   lateral exchange. */
NAK_INLINE static void Gather(const NakLines *g, PetscInt i, PetscInt j, const PetscInt n,
                              const PetscReal entries[], const PetscReal slope[],
                              PetscReal *restrict divisor, PetscReal *restrict a)
{
  const NakLineLU *lu    = g->lu;
  const ptrdiff_t  first = (ptrdiff_t)(j - g->box.ys) * g->box.xm + i - g->box.xs;

  for (PetscInt k = 0; k < n; k++) {
    const ptrdiff_t  column = first + (ptrdiff_t)2 * k;
    const PetscReal *from   = entries + column * lu->stored_entries;
    const PetscReal *s      = slope + column * lu->size;
    const PetscReal  sides  = Weights(g, i + 2 * k, j);

    for (PetscInt z = 0; z < lu->size; z++) divisor[z] = Divisor(s[z]);
    for (PetscInt e = 0; e < lu->n; e++)
      a[(ptrdiff_t)e * n + k] =
        lu->stored[e] < 0 ? 0 : from[lu->stored[e]] / divisor[lu->column[e]];
    for (PetscInt m = 0; m < lu->n_moving; m++)
      a[(ptrdiff_t)lu->diagonal[lu->moving[m]] * n + k] += sides;
  }
}

/* Replace a by L times the pivots, without its diagonal, and U, with its diagonal inverted. */
NAK_INLINE static void Eliminate(const NakLineLU *lu, const PetscInt n, PetscReal a[])
{
  PetscReal l[BLOCK];

  for (PetscInt r = 0; r < lu->size; r++) {
    PetscReal *pivot = a + (ptrdiff_t)lu->diagonal[r] * n;

    for (PetscInt e = lu->start[r]; e < lu->diagonal[r]; e++) {
      const PetscReal *from = a + (ptrdiff_t)e * n;
      const PetscReal *d    = a + (ptrdiff_t)lu->diagonal[lu->column[e]] * n;

      for (PetscInt k = 0; k < n; k++) l[k] = from[k] * d[k];
      for (PetscInt m = lu->update[e]; m < lu->update[e + 1]; m++) {
        const PetscReal *u    = a + (ptrdiff_t)lu->from[m] * n;
        PetscReal *restrict t = a + (ptrdiff_t)lu->to[m] * n;

        for (PetscInt k = 0; k < n; k++) t[k] -= l[k] * u[k];
      }
    }
    for (PetscInt k = 0; k < n; k++) pivot[k] = 1 / pivot[k];
  }
}

/* `n` columns from (i, j) on, into `to`.  Their number is a constant, so that loops become
   instructions. */
NAK_INLINE static void FactorSome(const NakLines *g, PetscInt i, PetscInt j, const PetscInt n,
                                  const PetscReal entries[], const PetscReal slope[],
                                  PetscReal *work, PetscReal *restrict to)
{
  const NakLineLU *lu = g->lu;
  PetscReal       *a  = work + lu->size;

  Gather(g, i, j, n, entries, slope, work, a);
  Eliminate(lu, n, a);
  for (PetscInt slot = 0; slot < lu->slots; slot++)
    for (PetscInt k = 0; k < n; k++) to[slot * g->pitch + k] = a[(ptrdiff_t)lu->kept[slot] * n + k];
}

NAK_VECTORISED static void FactorRow(NakLines *g, PetscInt j, PetscInt parity,
                                     const PetscReal entries[], const PetscReal slope[],
                                     PetscReal *work)
{
  const PetscInt i = NakLinesFirst(g, parity), n = NakLinesCount(g, parity);
  PetscReal     *to = NakLinesFactors(g, i, j);
  PetscInt       k  = 0;

  for (; k + BLOCK <= n; k += BLOCK)
    FactorSome(g, i + 2 * k, j, BLOCK, entries, slope, work, to + k);
  for (; k < n; k++) FactorSome(g, i + 2 * k, j, 1, entries, slope, work, to + k);
}

PetscErrorCode NakLinesFactor(NakLines *g, const PetscReal entries[], const PetscReal slope[])
{
  const NakLineLU *lu = g->lu;
  PetscReal       *work;

  PetscFunctionBeginUser;
  for (PetscInt m = lu->slots; m < lu->n; m++) {
    const PetscInt e = lu->kept[m];

    g->uniform[e] = entries[lu->stored[e]] / Divisor(slope[lu->column[e]]);
  }
  PetscCall(PetscMalloc1(lu->size + (ptrdiff_t)lu->n * BLOCK, &work));
  for (PetscInt j = g->box.ys; j < g->box.ys + g->box.ym; j++)
    for (PetscInt parity = 0; parity < 2; parity++) FactorRow(g, j, parity, entries, slope, work);
  PetscCall(PetscFree(work));
  PetscFunctionReturn(PETSC_SUCCESS);
}
