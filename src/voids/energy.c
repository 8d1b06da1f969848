/* Free energy, its derivative and the matrix of that; the gas makes the matrix dense, by one product of
   vectors for each void, which is applied and not stored. */
#include "voids_impl.h"

NakVoidsEnergy NakVoidsEnergyCreate(PetscReal tension, PetscReal width, PetscReal mobility)
{
  const PetscReal steepness = 2 * PetscLogReal(9) / width; /* logistic from 0.1 to 0.9 */

  return (NakVoidsEnergy){.tension   = tension,
                          .steepness = steepness,
                          .gradient  = 6 * tension / steepness,
                          .well      = 3 * tension * steepness,
                          .friction  = 6 * tension / (mobility * steepness)};
}

/* A flat interface that meets the wall at the angle obeys dv/dz = steepness cos v (1 - v), so the odds
   of v fall by a constant factor from the cell to the wall. */
NakVoidsWall NakVoidsWallCreate(const NakVoidsEnergy *e, PetscReal cosine, PetscReal half,
                                PetscReal v)
{
  const PetscReal odds  = PetscExpReal(-e->steepness * cosine * half);
  const PetscReal below = 1 - v * (1 - odds), at = v * odds / below;

  return (NakVoidsWall){.v     = at,
                        .force = e->tension * cosine * 6 * at * (1 - at),
                        .slope = e->tension * cosine * 6 * (1 - 2 * at) * odds / (below * below)};
}

PetscReal NakVoidsWallEnergy(const NakVoidsEnergy *e, PetscReal cosine, PetscReal half, PetscReal v)
{
  /* Gauss and Legendre, of order 16 */
  static const PetscReal x[] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                0.9602898564975363};
  static const PetscReal w[] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                0.1012285362903763};
  PetscReal              sum = 0;

  for (size_t k = 0; k < sizeof x / sizeof *x; k++)
    sum += w[k] * (NakVoidsWallCreate(e, cosine, half, v / 2 * (1 + x[k])).force +
                   NakVoidsWallCreate(e, cosine, half, v / 2 * (1 - x[k])).force);
  return sum * v / 2;
}

/* ---- One cell ---- */

/* A cell with its neighbours, where there are any: below and above it, and on four sides. */

typedef struct {
  const PetscReal *const *const *v; /* [j][i][k], with ghosts */
  const NakGrid                 *grid;
  PetscInt                       i, j, k, n; /* place, and number of the owned column */
} Cell;

enum { NEIGHBOURS = 6 };

/* Values of v in the neighbours, and what couples them to the cell: 1 / distance / distance of the faces
   [1/m2]; 0 beyond a boundary. */
static void Surroundings(const NakVoids s, const Cell *c, PetscReal v[NEIGHBOURS],
                         PetscReal weight[NEIGHBOURS])
{
  const NakGrid  *g = c->grid;
  const PetscInt  i = c->i, j = c->j, k = c->k;
  const PetscReal own = c->v[j][i][k], x = 1 / (g->dx * g->dx), y = 1 / (g->dy * g->dy);
  const PetscInt  round = g->lateral == NAK_LATERAL_PERIODIC ? 1 : 0; /* ghosts beyond the ends */
  const PetscBool has[NEIGHBOURS] = {(PetscBool)(k > 0),
                                     (PetscBool)(k + 1 < s->block.nz),
                                     (PetscBool)(g->nx > 1 && i + round > 0),
                                     (PetscBool)(g->nx > 1 && i + 1 < g->nx + round),
                                     (PetscBool)(g->ny > 1 && j + round > 0),
                                     (PetscBool)(g->ny > 1 && j + 1 < g->ny + round)};
  const PetscReal all[NEIGHBOURS] = {
    s->link[k] / s->height[k], s->link[k + 1] / s->height[k], x, x, y, y};

  for (int m = 0; m < NEIGHBOURS; m++) {
    v[m]      = own;
    weight[m] = has[m] ? all[m] : 0;
  }
  if (has[0]) v[0] = c->v[j][i][k - 1];
  if (has[1]) v[1] = c->v[j][i][k + 1];
  if (has[2]) v[2] = c->v[j][i - 1][k];
  if (has[3]) v[3] = c->v[j][i + 1][k];
  if (has[4]) v[4] = c->v[j - 1][i][k];
  if (has[5]) v[5] = c->v[j + 1][i][k];
}

/* What the gas has over the liquid in a column [Pa]. */
static PetscReal Excess(const NakVoids s, PetscInt n)
{
  return NakGasPressure(&s->gas, s->gas.root[s->owner[n]]) - s->params.pressure;
}

/* -dF/dv over the volume of the cell [Pa]. */
static PetscReal Force(const NakVoids s, const Cell *c)
{
  const NakVoidsEnergy *e   = &s->energy;
  const PetscReal       own = c->v[c->j][c->i][c->k], half = s->height[0] / 2;
  PetscReal             v[NEIGHBOURS], weight[NEIGHBOURS];
  PetscReal force = Excess(s, c->n) * NakVoidsShare(own).slope - e->well * NakVoidsWell(own).slope;

  Surroundings(s, c, v, weight);
  for (int m = 0; m < NEIGHBOURS; m++) force += e->gradient * weight[m] * (v[m] - own);
  if (c->k == 0) force -= NakVoidsWallCreate(e, s->cosine[c->n], half, own).force / s->height[0];
  return force;
}

/* Energy of the cell with half of that of its gradients, times 2 as each is shared [J/m3]; no gas. */
static PetscReal Density(const NakVoids s, const Cell *c)
{
  const NakVoidsEnergy *e   = &s->energy;
  const PetscReal       own = c->v[c->j][c->i][c->k], half = s->height[0] / 2;
  PetscReal             v[NEIGHBOURS], weight[NEIGHBOURS];
  PetscReal             density = e->well * NakVoidsWell(own).value;

  Surroundings(s, c, v, weight);
  for (int m = 0; m < NEIGHBOURS; m++)
    density += e->gradient / 4 * weight[m] * (v[m] - own) * (v[m] - own);
  if (c->k == 0) density += NakVoidsWallEnergy(e, s->cosine[c->n], half, own) / s->height[0];
  return density;
}

/* ---- All cells ---- */

/* What is done at each owned cell; `at` is its number. */
typedef PetscErrorCode (*Visit)(NakVoids s, const Cell *c, PetscInt at, void *ctx);

static PetscErrorCode ForEachCell(NakVoids s, Vec v, Visit visit, void *ctx)
{
  const NakBlock *b = &s->block;
  PetscReal    ***a;
  Cell            c  = {.grid = NakStateGrid(s->state)};
  PetscInt        at = 0;

  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(s->dm, v, INSERT_VALUES, s->ghosted));
  PetscCall(DMDAVecGetArrayRead(s->dm, s->ghosted, (void *)&a));
  c.v = (const PetscReal *const *const *)a;
  for (c.j = b->ys; c.j < b->ys + b->ym; c.j++)
    for (c.i = b->xs; c.i < b->xs + b->xm; c.i++, c.n++)
      for (c.k = 0; c.k < b->nz; c.k++, at++) PetscCall(visit(s, &c, at, ctx));
  PetscCall(DMDAVecRestoreArrayRead(s->dm, s->ghosted, (void *)&a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PutResidual(NakVoids s, const Cell *c, PetscInt at, void *ctx)
{
  PetscReal *f = (PetscReal *)ctx;

  PetscFunctionBeginUser;
  f[at] -= Force(s, c) / s->energy.friction;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsResidual(NakVoids s, Vec v, Vec vdot, Vec F)
{
  PetscReal *f;

  PetscFunctionBeginUser;
  PetscCall(NakGasVolumes(s, v));
  PetscCall(VecCopy(vdot, F));
  PetscCall(VecGetArray(F, &f));
  PetscCall(ForEachCell(s, v, PutResidual, f));
  PetscCall(VecRestoreArray(F, &f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddDensity(NakVoids s, const Cell *c, PetscInt at, void *ctx)
{
  PetscReal *sum = (PetscReal *)ctx;

  PetscFunctionBeginUser;
  (void)at;
  *sum += s->area * s->height[c->k] * Density(s, c);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsFree(NakVoids s, Vec v, PetscReal *energy)
{
  const PetscReal p   = s->params.pressure;
  PetscReal       sum = 0;

  PetscFunctionBeginUser;
  PetscCall(NakGasVolumes(s, v));
  PetscCall(ForEachCell(s, v, AddDensity, &sum));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, s->comm));
  for (PetscInt k = 0; k < s->gas.n; k++) {
    const PetscReal V = s->gas.volume[k], N = s->gas.amount[k];

    if (s->gas.root[k] != k) continue;
    sum += p * V;
    if (N > 0) sum -= N + N * PetscLogReal(p * V / N);
  }
  *energy = sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The matrix ---- */

static MatStencil Place(PetscInt k, PetscInt i, PetscInt j)
{
  return (MatStencil){.i = k, .j = i, .k = j};
}

typedef struct {
  PetscReal  shift;
  PetscReal *slope;
} Linear;

static PetscErrorCode PutRow(NakVoids s, const Cell *c, PetscInt at, void *ctx)
{
  const Linear         *l = (const Linear *)ctx;
  const NakVoidsEnergy *e = &s->energy;
  const PetscInt        i = c->i, j = c->j, k = c->k;
  const MatStencil      row                 = Place(k, i, j);
  const MatStencil      col[NEIGHBOURS + 1] = {Place(k - 1, i, j),
                                               Place(k + 1, i, j),
                                               Place(k, i - 1, j),
                                               Place(k, i + 1, j),
                                               Place(k, i, j - 1),
                                               Place(k, i, j + 1),
                                               row};
  const PetscReal       own = c->v[j][i][k], half = s->height[0] / 2;
  PetscReal             v[NEIGHBOURS], weight[NEIGHBOURS], value[NEIGHBOURS + 1];
  PetscReal diagonal = e->well * NakVoidsWell(own).bend - Excess(s, c->n) * NakVoidsShare(own).bend;

  PetscFunctionBeginUser;
  Surroundings(s, c, v, weight);
  for (int m = 0; m < NEIGHBOURS; m++) {
    value[m] = -e->gradient * weight[m] / e->friction;
    diagonal += e->gradient * weight[m];
  }
  if (k == 0) diagonal += NakVoidsWallCreate(e, s->cosine[c->n], half, own).slope / s->height[0];
  value[NEIGHBOURS] = l->shift + diagonal / e->friction;
  for (int m = 0; m <= NEIGHBOURS; m++)
    if (value[m] != 0 || m == NEIGHBOURS)
      PetscCall(MatSetValuesStencil(s->local, 1, &row, 1, &col[m], &value[m], ADD_VALUES));
  l->slope[at] = NakVoidsShare(own).slope;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsLinearise(NakVoids s, Vec v, PetscReal shift)
{
  Linear l = {.shift = shift};

  PetscFunctionBeginUser;
  PetscCall(NakGasVolumes(s, v));
  PetscCall(MatZeroEntries(s->local));
  PetscCall(VecGetArray(s->slope, &l.slope));
  PetscCall(ForEachCell(s, v, PutRow, &l));
  PetscCall(VecRestoreArray(s->slope, &l.slope));
  PetscCall(MatAssemblyBegin(s->local, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(s->local, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}
