/* The anisotropic part of the gradient energy.  The cells around a vertex share a gradient. */
#include "microstructure_impl.h"

/* Those cells, and their weights in the gradient [1/m]. */
typedef struct {
  int       cells;
  PetscInt  at[8][3];
  PetscReal weight[8][3];
} Vertex;

PetscErrorCode NakMixAroundGet(NakMixBox b, Vec U, PetscReal ****a)
{
  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(b->around, U, INSERT_VALUES, b->local));
  PetscCall(DMDAVecGetArrayDOFRead(b->around, b->local, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixAroundRestore(NakMixBox b, PetscReal ****a)
{
  PetscFunctionBeginUser;
  PetscCall(DMDAVecRestoreArrayDOFRead(b->around, b->local, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether there is a cell at index i of axis d. */
static PetscBool Inside(const NakMixBox b, int d, PetscInt i)
{
  return (PetscBool)(b->periodic[d] || (i >= 0 && i < b->params.n[d]));
}

/* The cell at a corner of vertex v and its weights; `axes` axes have more than one cell.  False if
   another corner has the same cell. */
static PetscBool Corner(const NakMixBox b, const PetscInt v[3], int axes, int corner,
                        PetscInt at[3], PetscReal weight[3])
{
  for (int d = 0; d < 3; d++) {
    const PetscBool active = (PetscBool)(b->params.n[d] > 1);
    const int       low    = corner >> d & 1;

    if (!active && low) return PETSC_FALSE;
    at[d]     = v[d] - low;
    weight[d] = active ? (low ? -2 : 2) / (b->h[d] * (PetscReal)(1 << axes)) : 0;
  }
  if (at[2] < 0) at[2] += b->params.n[2]; /* a column is never divided */
  return PETSC_TRUE;
}

/* Around the lower corner of cell v; false if a cell is missing. */
static PetscBool Around(const NakMixBox b, const PetscInt v[3], Vertex *vertex)
{
  int axes = 0;

  for (int d = 0; d < 3; d++) {
    if (b->params.n[d] == 1) continue;
    axes++;
    if (!Inside(b, d, v[d] - 1) || !Inside(b, d, v[d])) return PETSC_FALSE;
  }
  vertex->cells = 0;
  for (int corner = 0; corner < 8; corner++) {
    const int c = vertex->cells;

    if (Corner(b, v, axes, corner, vertex->at[c], vertex->weight[c])) vertex->cells++;
  }
  return PETSC_TRUE;
}

/* The gradient of order parameter k there [1/m]. */
static void Gradient(const NakMixBox b, const Vertex *v, PetscInt k, PetscReal ***a, PetscReal p[3])
{
  for (int d = 0; d < 3; d++) p[d] = 0;
  for (int c = 0; c < v->cells; c++) {
    const PetscInt *at = v->at[c];

    for (int d = 0; d < 3; d++)
      p[d] += v->weight[c][d] * a[at[1]][at[0]][NakZoneLayerAt(&b->zone, at[2]) + k];
  }
}

/* What the energy of phase k at a vertex adds to the rows of the cells around it. */
static void AddVertex(const NakMixBox b, const Vertex *v, PetscInt k, PetscReal ***a, PetscReal f[])
{
  const PetscReal least = 1e-6; /* where nothing is left of the direction, see Fourfold() */
  const NakZone  *z     = &b->zone;
  const NakBox   *own   = &b->own;
  PetscReal       p[3], first[3], second[3][3];

  Gradient(b, v, k, a, p);
  if (p[0] * p[0] + p[1] * p[1] + p[2] * p[2] < PetscSqr(least / z->mix.width)) return;
  (void)NakMixAnisotropy(&z->mix, k, p, first, second);
  for (int c = 0; c < v->cells; c++) {
    const PetscInt  *at = v->at[c], i = at[0] - own->xs, j = at[1] - own->ys;
    const PetscReal *w     = v->weight[c];
    const PetscReal  force = w[0] * first[0] + w[1] * first[1] + w[2] * first[2];

    if (i < 0 || i >= own->xm || j < 0 || j >= own->ym) continue;
    for (PetscInt l = 1; l <= z->phases; l++)
      f[NakMixAtCell(b, j * own->xm + i, at[2]) + l] += z->rates[l][k] * force;
  }
}

void NakMixAddAnisotropy(NakMixBox b, PetscReal ***a, PetscReal f[])
{
  NakPart corners = {
    .start = {b->own.xs, b->own.ys, 0             },
      .count = {b->own.xm, b->own.ym, b->zone.layers}
  };
  PetscInt v[3];
  Vertex   vertex;

  for (int d = 0; d < 2; d++) corners.count[d] += b->params.n[d] > 1;
  for (PetscBool more = NakPartFirst(&corners, v); more; more = NakPartNext(&corners, v)) {
    if (!Around(b, v, &vertex)) continue;
    for (PetscInt k = 1; k <= b->zone.phases; k++)
      if (b->zone.mix.anisotropy[k] > 0) AddVertex(b, &vertex, k, a, f);
  }
}

PetscReal NakMixVertexEnergy(NakMixBox b, PetscReal ***a, const PetscInt at[3])
{
  PetscReal sum = 0, p[3], first[3], second[3][3];
  Vertex    vertex;

  if (!Around(b, at, &vertex)) return 0;
  for (PetscInt k = 1; k <= b->zone.phases; k++) {
    if (b->zone.mix.anisotropy[k] <= 0) continue;
    Gradient(b, &vertex, k, a, p);
    sum += NakMixAnisotropy(&b->zone.mix, k, p, first, second);
  }
  return sum;
}
