/* Residual and Jacobian of a step.  They have parts from cells, faces between them, the wall at the
   bottom, and the vertices of the anisotropic energy.  Every row of an order parameter is the
   derivative of one discrete energy. */
#include "multiphase_impl.h"

/* Where a cell's rows are added: R[n]; blocks for the cell itself and its neighbours, or NULL. */
typedef struct {
  PetscReal *R, *own, *there[6];
} Rows;

enum { BLOCK = NAK_MIX_MOST * NAK_MIX_MOST };

typedef struct {
  PetscReal ****u, ****old, ****R, ***X;
} Arrays;

/* The cells of axis d on either side of a cell: 2 d is below, 2 d + 1 above. */
static PetscBool Neighbour(NakMixBox b, const PetscInt at[3], int side, PetscInt to[3])
{
  const int d = side / 2;

  for (int e = 0; e < 3; e++) to[e] = at[e];
  to[d] += side % 2 == 0 ? -1 : 1;
  return (PetscBool)(b->params.n[d] > 1 && NakMixInside(b, d, to[d]));
}

static void AddOwn(PetscInt n, const PetscReal inner[], PetscReal X_old, Rows *rows)
{
  rows->R[0] -= X_old;
  for (PetscInt k = 0; k < n; k++) rows->R[k] += inner[k];
  for (PetscInt k = 0; rows->own != NULL && k < n * n; k++) rows->own[k] += inner[n + k];
}

/* The rows of one block, converted from forces to the changes in a step. */
static void Turn(PetscInt n, PetscReal dt, PetscReal L[NAK_MIX_MOST][NAK_MIX_MOST],
                 PetscInt columns, PetscReal rows[])
{
  PetscReal force[NAK_MIX_MOST];

  for (PetscInt c = 0; c < columns; c++) {
    for (PetscInt k = 1; k < n; k++) force[k] = rows[k * columns + c];
    for (PetscInt k = 1; k < n; k++) {
      rows[k * columns + c] = 0;
      for (PetscInt l = 1; l < n; l++) rows[k * columns + c] += dt * L[k][l] * force[l];
    }
  }
}

/* phi - old + dt L (dF/dphi) = 0, with the rates L of the state before the step. */
static void Move(NakMixBox b, PetscReal dt, const PetscInt at[3], const PetscReal u[],
                 const PetscReal old[], Rows *rows)
{
  const PetscInt n = b->mix.n;
  PetscReal      L[NAK_MIX_MOST][NAK_MIX_MOST];

  NakMixRates(&b->mix, NakMixPresent(b, at), L);
  Turn(n, dt, L, 1, rows->R);
  for (PetscInt k = 1; k < n; k++) rows->R[k] += u[k] - old[k];
  if (rows->own == NULL) return;
  Turn(n, dt, L, n, rows->own);
  for (int side = 0; side < 6; side++) Turn(n, dt, L, n, rows->there[side]);
  for (PetscInt k = 1; k < n; k++) rows->own[k * n + k] += 1;
}

/* Diffusion through one face; `weight` is dt / h^2. */
static void AddFlow(PetscInt n, PetscReal weight, const PetscReal u[], const PetscReal v[],
                    const NakMixFlow *here, const NakMixFlow *there, Rows *rows, int side)
{
  const PetscReal mean = (here->mobility + there->mobility) / 2, drop = v[0] - u[0];

  rows->R[0] -= weight * (mean * drop);
  if (rows->own == NULL) return;
  for (PetscInt l = 0; l < n; l++) {
    rows->own[l] -= weight / 2 * here->d[l] * drop;
    rows->there[side][l] -= weight / 2 * there->d[l] * drop;
  }
  rows->own[0] += weight * mean;
  rows->there[side][0] -= weight * mean;
}

/* The gradient energy of one face; `weight` is 3/2 width / h^2. */
static void AddGradient(const NakMix *mix, PetscReal weight, const PetscReal u[],
                        const PetscReal v[], Rows *rows, int side)
{
  const PetscInt n   = mix->n;
  PetscReal      sum = 0;

  for (PetscInt k = 1; k < n; k++) sum += u[k] - v[k];
  for (PetscInt k = 1; k < n; k++)
    rows->R[k] += weight * (mix->share[k] * (u[k] - v[k]) + mix->share[0] * sum);
  if (rows->own == NULL) return;
  for (PetscInt k = 1; k < n; k++)
    for (PetscInt l = 1; l < n; l++) {
      const PetscReal entry = weight * (mix->share[0] + (k == l ? mix->share[k] : 0));

      rows->own[k * n + l] += entry;
      rows->there[side][k * n + l] -= entry;
    }
}

/* Wall energy at the face, where phi is extrapolated from the two cells above it.  `own` is the
   weight of the cell whose rows these are, `other` that of the other cell. */
static void AddWall(NakMixBox b, const PetscReal u[], const PetscReal v[], PetscReal own,
                    PetscReal other, Rows *rows, int side)
{
  const PetscInt  n                  = b->mix.n;
  const PetscReal weight             = own / b->h[2];
  PetscReal       face[NAK_MIX_MOST] = {0}, drive[NAK_MIX_MOST], ddrive[NAK_MIX_MOST][NAK_MIX_MOST];

  for (PetscInt k = 1; k < n; k++) face[k] = own * u[k] + other * v[k];
  (void)NakMixSumAt(&b->mix, b->mix.wall, face, drive, ddrive);
  for (PetscInt k = 1; k < n; k++) {
    rows->R[k] += weight * drive[k];
    for (PetscInt l = 1; rows->own != NULL && l < n; l++) {
      rows->own[k * n + l] += weight * own * ddrive[k][l];
      rows->there[side][k * n + l] += weight * other * ddrive[k][l];
    }
  }
}

/* The rate at which the bottom takes A from a cell of the lowest layer [1/s], and its slope in mu /
   RT.  The alloy flows towards the wall as fast as it is used up there.  So diffusion brings 1 - x
   of it. */
static PetscReal Drain(NakMixBox b, PetscInt column, const PetscReal u[], PetscReal *slope)
{
  const PetscReal h[NAK_BODIES] = {1}, rate = b->speed / b->h[2] * b->contact[column];
  const PetscReal x = NakMixComposition(&b->mix, h, u[0], slope);

  *slope *= -rate;
  return rate * (1 - x);
}

static void AddCell(NakMixBox b, PetscReal dt, PetscReal ****u, const PetscInt at[3],
                    const PetscReal old[], PetscReal X_old, Rows *rows)
{
  const PetscReal *here = u[at[2]][at[1]][at[0]];
  const PetscBool  wall = (PetscBool)(b->params.n[2] > 1 && !b->periodic[2]);
  const NakPart   *p    = &b->part;
  PetscInt         to[3];

  AddOwn(b->mix.n, b->inner + (ptrdiff_t)NakPartCell(p, at) * NakMixInner(b), X_old, rows);
  for (int side = 0; side < 6; side++) {
    const PetscReal  weight = 1 / PetscSqr(b->h[side / 2]);
    const PetscReal *there;

    if (!Neighbour(b, at, side, to)) continue;
    there = u[to[2]][to[1]][to[0]];
    AddFlow(b->mix.n, dt * weight, here, there, &b->flow[NakPartCell(&b->ghosted, at)],
            &b->flow[NakPartCell(&b->ghosted, to)], rows, side);
    AddGradient(&b->mix, 1.5 * b->mix.width * weight, here, there, rows, side);
  }
  if (wall && at[2] == 0) AddWall(b, here, u[1][at[1]][at[0]], 1.5, -0.5, rows, 5);
  if (wall && at[2] == 1) AddWall(b, here, u[0][at[1]][at[0]], -0.5, 1.5, rows, 4);
  if (wall && at[2] == 0 && b->speed != 0) {
    const PetscInt column = NakPartColumn(p, at);
    PetscReal      slope;

    rows->R[0] += dt * Drain(b, column, here, &slope);
    if (rows->own != NULL) rows->own[0] += dt * slope;
  }
  Move(b, dt, at, here, old, rows);
}

static void StoreInner(PetscInt n, const NakMixPoint *p, PetscReal inner[])
{
  for (PetscInt k = 0; k < n; k++) {
    inner[k] = k > 0 ? p->drive[k] : p->X;
    for (PetscInt l = 0; l < n; l++) inner[n + k * n + l] = k > 0 ? p->ddrive[k][l] : p->dX[l];
  }
}

/* Everything that the physics at a point gives, computed once for each cell and ghost. */
static void Evaluate(NakMixBox b, PetscReal ****u)
{
  const NakPart *p = &b->ghosted;
  PetscInt       i[3];

  for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i)) {
    const NakMixPoint at = NakMixAt(&b->mix, u[i[2]][i[1]][i[0]]);
    NakMixFlow       *f  = &b->flow[NakPartCell(p, i)];

    f->mobility = at.mobility;
    for (PetscInt l = 0; l < b->mix.n; l++) f->d[l] = at.dmobility[l];
    if (!NakPartHas(&b->part, i)) continue;
    StoreInner(b->mix.n, &at, b->inner + (ptrdiff_t)NakPartCell(&b->part, i) * NakMixInner(b));
  }
}

static PetscErrorCode SetBlocks(NakMixBox b, const PetscInt at[3], Rows *rows, Mat J)
{
  const PetscInt row = NakPartCell(&b->ghosted, at);
  PetscInt       to[3];

  PetscFunctionBeginUser;
  PetscCall(MatSetValuesBlockedLocal(J, 1, &row, 1, &row, rows->own, ADD_VALUES));
  for (int side = 0; side < 6; side++) {
    PetscInt column;

    if (!Neighbour(b, at, side, to)) continue;
    column = NakPartCell(&b->ghosted, to);
    PetscCall(MatSetValuesBlockedLocal(J, 1, &row, 1, &column, rows->there[side], ADD_VALUES));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Anisotropy: the cells around a vertex share a gradient ---- */

/* The cell at a corner of vertex v and its weights; `axes` axes have more than one cell.  False if
   another corner has the same cell. */
static PetscBool Corner(NakMixBox b, const PetscInt v[3], int axes, int corner, PetscInt at[3],
                        PetscReal weight[3])
{
  for (int d = 0; d < 3; d++) {
    const PetscBool active = (PetscBool)(b->params.n[d] > 1);
    const int       low    = corner >> d & 1;

    if (!active && low) return PETSC_FALSE;
    at[d]     = v[d] - low;
    weight[d] = active ? (low ? -2 : 2) / (b->h[d] * (PetscReal)(1 << axes)) : 0;
  }
  return PETSC_TRUE;
}

PetscBool NakMixMakeVertex(NakMixBox b, const PetscInt v[3], NakMixVertex *vertex)
{
  int axes = 0;

  for (int d = 0; d < 3; d++) {
    if (b->params.n[d] == 1) continue;
    axes++;
    if (!NakMixInside(b, d, v[d] - 1) || !NakMixInside(b, d, v[d])) return PETSC_FALSE;
  }
  vertex->cells = 0;
  for (int corner = 0; corner < 8; corner++) {
    const int c = vertex->cells;

    if (Corner(b, v, axes, corner, vertex->at[c], vertex->weight[c])) vertex->cells++;
  }
  return PETSC_TRUE;
}

void NakMixGradient(const NakMixVertex *v, PetscInt k, PetscReal ****u, PetscReal p[3])
{
  for (int d = 0; d < 3; d++) p[d] = 0;
  for (int c = 0; c < v->cells; c++)
    for (int d = 0; d < 3; d++)
      p[d] += v->weight[c][d] * u[v->at[c][2]][v->at[c][1]][v->at[c][0]][k];
}

/* a . M b */
static PetscReal Product(const PetscReal a[3], PetscReal M[3][3], const PetscReal b[3])
{
  PetscReal sum = 0;

  for (int d = 0; d < 3; d++)
    for (int e = 0; e < 3; e++) sum += a[d] * M[d][e] * b[e];
  return sum;
}

/* What the anisotropic energy of phase k at a vertex adds to the rows of the cells around it. */
static PetscErrorCode AddVertex(NakMixBox b, PetscReal dt, const NakMixVertex *v, PetscInt k,
                                const Arrays *a, Mat J)
{
  const PetscReal least = 1e-6; /* where nothing is left of the direction, see Fourfold() */
  const PetscInt  n     = b->mix.n;
  PetscReal       p[3], first[3], second[3][3], block[BLOCK] = {0};
  PetscReal       L[NAK_MIX_MOST][NAK_MIX_MOST];

  PetscFunctionBeginUser;
  if (b->mix.anisotropy[k] <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  NakMixGradient(v, k, a->u, p);
  if (p[0] * p[0] + p[1] * p[1] + p[2] * p[2] < PetscSqr(least / b->mix.width))
    PetscFunctionReturn(PETSC_SUCCESS);
  (void)NakMixAnisotropy(&b->mix, k, p, first, second);
  for (int c = 0; c < v->cells; c++) {
    const PetscInt  *at = v->at[c], row = NakPartCell(&b->ghosted, at);
    const PetscReal *w     = v->weight[c];
    const PetscReal  force = w[0] * first[0] + w[1] * first[1] + w[2] * first[2];

    if (!NakPartHas(&b->part, at)) continue;
    NakMixRates(&b->mix, NakMixPresent(b, at), L);
    for (PetscInt l = 1; l < n; l++) a->R[at[2]][at[1]][at[0]][l] += dt * L[l][k] * force;
    for (int o = 0; J != NULL && o < v->cells; o++) {
      const PetscInt  column = NakPartCell(&b->ghosted, v->at[o]);
      const PetscReal entry  = Product(w, second, v->weight[o]);

      for (PetscInt l = 1; l < n; l++) block[l * n + k] = dt * L[l][k] * entry;
      PetscCall(MatSetValuesBlockedLocal(J, 1, &row, 1, &column, block, ADD_VALUES));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddVertices(NakMixBox b, PetscReal dt, const Arrays *a, Mat J)
{
  NakPart      corners = b->part;
  PetscInt     v[3];
  NakMixVertex vertex;

  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) corners.count[d] += b->params.n[d] > 1;
  for (PetscBool more = NakPartFirst(&corners, v); more; more = NakPartNext(&corners, v)) {
    if (!NakMixMakeVertex(b, v, &vertex)) continue;
    for (PetscInt k = 1; k < b->mix.n; k++) PetscCall(AddVertex(b, dt, &vertex, k, a, J));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- All of it ---- */

static PetscErrorCode AddCells(NakMixBox b, PetscReal dt, const Arrays *a, Mat J)
{
  const NakPart *p = &b->part;
  PetscReal      blocks[7][BLOCK];
  Rows           rows = {.own = J != NULL ? blocks[6] : NULL};
  PetscInt       at[3];

  PetscFunctionBeginUser;
  for (int side = 0; side < 6; side++) rows.there[side] = blocks[side];
  for (PetscBool more = NakPartFirst(p, at); more; more = NakPartNext(p, at)) {
    rows.R = a->R[at[2]][at[1]][at[0]];
    PetscCall(PetscArrayzero(&blocks[0][0], 7 * BLOCK));
    AddCell(b, dt, a->u, at, a->old[at[2]][at[1]][at[0]], a->X[at[2]][at[1]][at[0]], &rows);
    if (J != NULL) PetscCall(SetBlocks(b, at, &rows, J));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixSystem(NakMixBox b, PetscReal dt, Vec U, Vec R, Mat J)
{
  Arrays a;

  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(b->dm, U, INSERT_VALUES, b->local));
  PetscCall(VecZeroEntries(R));
  if (J != NULL) PetscCall(MatZeroEntries(J));
  PetscCall(DMDAVecGetArrayDOFRead(b->dm, b->local, &a.u));
  PetscCall(DMDAVecGetArrayDOFRead(b->dm, b->U, &a.old));
  PetscCall(DMDAVecGetArrayRead(b->one, b->X, &a.X));
  PetscCall(DMDAVecGetArrayDOF(b->dm, R, &a.R));
  Evaluate(b, a.u);
  PetscCall(AddCells(b, dt, &a, J));
  if (b->mix.fourfold != 0) PetscCall(AddVertices(b, dt, &a, J));
  PetscCall(DMDAVecRestoreArrayDOF(b->dm, R, &a.R));
  PetscCall(DMDAVecRestoreArrayRead(b->one, b->X, &a.X));
  PetscCall(DMDAVecRestoreArrayDOFRead(b->dm, b->U, &a.old));
  PetscCall(DMDAVecRestoreArrayDOFRead(b->dm, b->local, &a.u));
  if (J != NULL) {
    PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What flows into a cell through its faces over a step, less what the bottom takes. */
static PetscReal Inflow(NakMixBox b, PetscReal dt, PetscReal ****u, const PetscInt at[3],
                        PetscReal *drained)
{
  const NakPart  *p   = &b->part;
  const PetscReal own = u[at[2]][at[1]][at[0]][0];
  PetscReal       sum = 0;
  PetscInt        to[3];

  for (int side = 0; side < 6; side++) {
    const NakMixFlow *here = &b->flow[NakPartCell(&b->ghosted, at)], *there;

    if (!Neighbour(b, at, side, to)) continue;
    there = &b->flow[NakPartCell(&b->ghosted, to)];
    sum += dt / PetscSqr(b->h[side / 2]) *
           ((here->mobility + there->mobility) / 2 * (u[to[2]][to[1]][to[0]][0] - own));
  }
  if (b->speed != 0 && at[2] == 0) {
    const PetscInt  column = NakPartColumn(p, at);
    PetscReal       slope;
    const PetscReal taken = dt * Drain(b, column, u[at[2]][at[1]][at[0]], &slope);

    sum -= taken;
    *drained += taken;
  }
  return sum;
}

PetscErrorCode NakMixUpdateAmounts(NakMixBox b, PetscReal dt, Vec U, Vec X, PetscReal *drained)
{
  const NakPart *p = &b->part;
  PetscReal  ****u, ***x;
  PetscInt       at[3];

  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(b->dm, U, INSERT_VALUES, b->local));
  PetscCall(DMDAVecGetArrayDOFRead(b->dm, b->local, &u));
  PetscCall(DMDAVecGetArray(b->one, X, &x));
  Evaluate(b, u);
  *drained = 0;
  for (PetscBool more = NakPartFirst(p, at); more; more = NakPartNext(p, at))
    x[at[2]][at[1]][at[0]] += Inflow(b, dt, u, at, drained);
  PetscCall(DMDAVecRestoreArray(b->one, X, &x));
  PetscCall(DMDAVecRestoreArrayDOFRead(b->dm, b->local, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, drained, 1, MPIU_REAL, MPIU_SUM, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixContact(NakMixBox b)
{
  const NakPart  *p     = &b->part;
  const PetscReal cells = (PetscReal)b->params.n[0] * (PetscReal)b->params.n[1];
  PetscReal   ****u, sum = 0;

  PetscFunctionBeginUser;
  PetscCall(DMDAVecGetArrayDOFRead(b->dm, b->U, &u));
  for (PetscInt j = 0; j < p->count[1]; j++)
    for (PetscInt i = 0; i < p->count[0]; i++) {
      PetscReal h[NAK_BODIES];

      NakMixShares(&b->mix, u[0][p->start[1] + j][p->start[0] + i], h);
      b->contact[j * p->count[0] + i] = PetscMax(0, h[NAK_BODY_LIQUID]);
      sum += b->contact[j * p->count[0] + i];
    }
  PetscCall(DMDAVecRestoreArrayDOFRead(b->dm, b->U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, b->comm));
  b->wetted = sum / cells;
  for (PetscInt i = 0; i < NakPartColumns(p); i++) b->contact[i] /= b->wetted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void AddPresence(PetscInt n, const PetscReal u[], PetscReal presence[])
{
  PetscReal left = 1;

  for (PetscInt k = 1; k < n; k++) {
    left -= u[k];
    presence[k] = PetscMax(presence[k], PetscAbsReal(u[k]));
  }
  presence[0] = PetscMax(presence[0], PetscAbsReal(left));
}

/* The phases in a cell and its neighbours. */
static void Presence(NakMixBox b, PetscReal ****u, const PetscInt at[3], PetscReal presence[])
{
  PetscInt to[3];

  for (PetscInt k = 0; k < b->mix.n; k++) presence[k] = 0;
  AddPresence(b->mix.n, u[at[2]][at[1]][at[0]], presence);
  for (int side = 0; side < 6; side++)
    if (Neighbour(b, at, side, to)) AddPresence(b->mix.n, u[to[2]][to[1]][to[0]], presence);
}

PetscErrorCode NakMixFindPresence(NakMixBox b)
{
  const NakPart *p    = &b->part;
  PetscReal     *next = b->presence, ****u;
  PetscInt       at[3];

  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(b->dm, b->U, INSERT_VALUES, b->local));
  PetscCall(DMDAVecGetArrayDOFRead(b->dm, b->local, &u));
  for (PetscBool more = NakPartFirst(p, at); more; more = NakPartNext(p, at), next += NAK_MIX_MOST)
    Presence(b, u, at, next);
  PetscCall(DMDAVecRestoreArrayDOFRead(b->dm, b->local, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}
