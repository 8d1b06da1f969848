/* The gas of the voids: who owns which column, volumes, pressures, and voids that touch. */
#include "voids_impl.h"

PetscErrorCode NakGasDestroy(NakGas *gas)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree7(gas->x, gas->y, gas->amount, gas->volume, gas->sum, gas->root, gas->gone));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Grow(NakGas *gas)
{
  const PetscInt n     = gas->n;
  NakGas         wider = *gas;

  PetscFunctionBeginUser;
  wider.room = 2 * n + 8;
  PetscCall(PetscCalloc7(wider.room, &wider.x, wider.room, &wider.y, wider.room, &wider.amount,
                         wider.room, &wider.volume, wider.room, &wider.sum, wider.room, &wider.root,
                         wider.room, &wider.gone));
  PetscCall(PetscArraycpy(wider.x, gas->x, n));
  PetscCall(PetscArraycpy(wider.y, gas->y, n));
  PetscCall(PetscArraycpy(wider.amount, gas->amount, n));
  PetscCall(PetscArraycpy(wider.volume, gas->volume, n));
  PetscCall(PetscArraycpy(wider.root, gas->root, n));
  PetscCall(PetscArraycpy(wider.gone, gas->gone, n));
  PetscCall(NakGasDestroy(gas));
  *gas = wider;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A place more, without gas as yet. */
PetscErrorCode NakGasAdd(NakVoids s, PetscReal x, PetscReal y)
{
  NakGas *gas = &s->gas;

  PetscFunctionBeginUser;
  if (gas->n == gas->room) PetscCall(Grow(gas));
  gas->x[gas->n]      = x;
  gas->y[gas->n]      = y;
  gas->amount[gas->n] = 0;
  gas->volume[gas->n] = 0;
  gas->root[gas->n]   = gas->n;
  gas->gone[gas->n]   = 0;
  gas->n++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every column belongs to the place nearest to it that has not lost its gas. */
PetscErrorCode NakGasOwners(NakVoids s)
{
  const NakGrid  *g = NakStateGrid(s->state);
  const NakBlock *b = &s->block;
  PetscInt        n = 0;

  PetscFunctionBeginUser;
  for (PetscInt j = b->ys; j < b->ys + b->ym; j++)
    for (PetscInt i = b->xs; i < b->xs + b->xm; i++, n++) {
      PetscReal nearest = PETSC_MAX_REAL;

      s->owner[n] = 0;
      for (PetscInt k = 0; k < s->gas.n; k++) {
        const PetscReal d = NakVoidsDistance(g, i, j, s->gas.x[k], s->gas.y[k]);

        if (s->gas.gone[k]) continue;
        if (d < nearest * (1 - 1e-9)) { /* a tie must not hang on rounding */
          nearest     = d;
          s->owner[n] = k;
        }
      }
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Add up `sum` over the ranks, every void. */
PetscErrorCode NakGasSum(NakVoids s, PetscReal *sum)
{
  PetscFunctionBeginUser;
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, sum, (PetscMPIInt)s->gas.n, MPIU_REAL, MPIU_SUM, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Volume over the columns of each void, or of each group of voids under its first one. */
static PetscErrorCode Volumes(NakVoids s, Vec v, PetscBool grouped)
{
  const PetscInt   nz = s->block.nz, n = s->block.xm * s->block.ym;
  const PetscReal *a;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(s->gas.volume, s->gas.n));
  PetscCall(VecGetArrayRead(v, &a));
  for (PetscInt c = 0; c < n; c++) {
    const PetscInt owner  = s->owner[c];
    PetscReal     *volume = &s->gas.volume[grouped ? s->gas.root[owner] : owner];

    for (PetscInt k = 0; k < nz; k++)
      *volume += s->area * s->height[k] * NakVoidsShare(a[c * nz + k]).value;
  }
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscCall(NakGasSum(s, s->gas.volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGasVolumes(NakVoids s, Vec v)
{
  PetscFunctionBeginUser;
  PetscCall(Volumes(s, v, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakGasPressure(const NakGas *gas, PetscInt root)
{
  return gas->amount[root] > 0 ? gas->amount[root] / gas->volume[root] : 0;
}

/* ---- Gas that dissolves ---- */

/* Epstein and Plesset, J. Chem. Phys. 18 (1950) 1505, quasi-stationary: what a half ball of this volume on a
   tight wall passes into the liquid, over D times its excess of concentration [m].  In 2D half a cylinder,
   from which diffusion has to reach the top of the alloy. */
static PetscReal Passage(const NakVoids s, PetscReal volume)
{
  const NakGrid  *g        = NakStateGrid(s->state);
  const PetscReal R        = PetscPowReal(3 * volume / (2 * PETSC_PI), 1. / 3);
  const PetscReal length   = g->ny > 1 ? g->dx : g->dy;
  const PetscReal cylinder = PetscSqrtReal(2 * volume / (PETSC_PI * length));
  const PetscReal top      = g->z[g->nz] - g->z[g->nz - g->n_alloy] + g->reservoir_height;

  return NakVoidsFlat(g) ? PETSC_PI * length / PetscLogReal(1 + top / cylinder) : 2 * PETSC_PI * R;
}

/* Part of a void's gas that leaves it per time [1/s]; none where it is too small for the phase field: less
   than a cell, or not much larger than its interface is wide. */
static PetscReal Escape(const NakVoids s, PetscInt k)
{
  const PetscReal V = s->gas.volume[k], N = s->gas.amount[k];
  const PetscReal highest = s->params.pressure + NakVoidsHighest(&s->energy);

  if (N == 0 || V <= s->area * s->height[0] || N > highest * V) return 0;
  return s->params.dissolution * Passage(s, V) / V;
}

/* The void of a place has lost its gas: neither it nor those that had merged with it own columns any more. */
static void Retire(NakGas *gas, PetscInt place)
{
  for (PetscInt k = 0; k < gas->n; k++)
    if (gas->root[k] == place) {
      gas->gone[k] = 1;
      gas->root[k] = k;
    }
}

/* Exponentially as long as its volume stays, which is exact for that.  A void that is too small loses all. */
PetscErrorCode NakGasDissolve(NakVoids s, PetscReal dt)
{
  NakGas   *gas     = &s->gas;
  PetscBool retired = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (s->params.dissolution == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakGasVolumes(s, s->v));
  for (PetscInt k = 0; k < gas->n; k++) {
    const PetscReal N = gas->amount[k], escape = Escape(s, k);

    if (N == 0) continue;
    gas->amount[k] = escape > 0 ? N * PetscExpReal(-escape * dt) : 0;
    gas->dissolved += N - gas->amount[k];
    if (gas->amount[k] > 0) continue;
    Retire(gas, k);
    retired = PETSC_TRUE;
  }
  if (retired) PetscCall(NakGasOwners(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakGasReach(const NakVoids s)
{
  const PetscReal part    = 0.05;
  PetscReal       fastest = 0;

  for (PetscInt k = 0; k < s->gas.n; k++) fastest = PetscMax(fastest, Escape(s, k));
  return fastest > 0 ? part / fastest : PETSC_MAX_REAL;
}

/* ---- Voids that touch ---- */

static PetscInt Root(const NakGas *gas, PetscInt k)
{
  while (gas->root[k] != k) k = gas->root[k];
  return k;
}

/* Whether two neighbours have a void in them, and which is the first of theirs. */
static PetscBool Unite(NakGas *gas, const PetscReal *a, const PetscReal *b)
{
  const PetscInt one = Root(gas, (PetscInt)a[1]), two = Root(gas, (PetscInt)b[1]);

  if (one == two || a[0] < 0.5 || b[0] < 0.5) return PETSC_FALSE;
  gas->root[PetscMax(one, two)] = PetscMin(one, two);
  return PETSC_TRUE;
}

/* Highest v and owner of every column, with ghosts: a vector of the plane with two values a column. */
static PetscErrorCode FillPlane(NakVoids s, DM plane, Vec ghosted)
{
  const PetscInt   nz = s->block.nz, n = s->block.xm * s->block.ym;
  const PetscReal *a;
  PetscReal       *out;
  Vec              owned;

  PetscFunctionBeginUser;
  PetscCall(DMGetGlobalVector(plane, &owned));
  PetscCall(VecGetArrayRead(s->v, &a));
  PetscCall(VecGetArray(owned, &out));
  for (PetscInt c = 0; c < n; c++) {
    PetscReal highest = 0;

    for (PetscInt k = 0; k < nz; k++) highest = PetscMax(highest, a[c * nz + k]);
    *out++ = highest;
    *out++ = (PetscReal)s->owner[c];
  }
  out -= (ptrdiff_t)2 * n;
  PetscCall(VecRestoreArray(owned, &out));
  PetscCall(VecRestoreArrayRead(s->v, &a));
  PetscCall(DMGlobalToLocal(plane, owned, INSERT_VALUES, ghosted));
  PetscCall(DMRestoreGlobalVector(plane, &owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Unite what touches within this rank's columns and the ghosts around them. */
static PetscErrorCode UniteHere(NakVoids s, DM plane, Vec ghosted, PetscBool *changed)
{
  const NakBlock *b = &s->block;
  PetscInt        gx, gy, gw, gh;
  PetscReal    ***a;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetGhostCorners(plane, &gx, &gy, NULL, &gw, &gh, NULL));
  PetscCall(DMDAVecGetArrayDOFRead(plane, ghosted, (void *)&a));
  for (PetscInt j = b->ys; j < b->ys + b->ym; j++)
    for (PetscInt i = b->xs; i < b->xs + b->xm; i++) {
      if (i + 1 < gx + gw && Unite(&s->gas, a[j][i], a[j][i + 1])) *changed = PETSC_TRUE;
      if (j + 1 < gy + gh && Unite(&s->gas, a[j][i], a[j + 1][i])) *changed = PETSC_TRUE;
    }
  PetscCall(DMDAVecRestoreArrayDOFRead(plane, ghosted, (void *)&a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Roots are agreed by taking the least of all ranks, again and again until nothing changes. */
static PetscErrorCode UniteEverywhere(NakVoids s, DM plane, Vec ghosted)
{
  NakGas     *gas   = &s->gas;
  PetscMPIInt again = 1;

  PetscFunctionBeginUser;
  while (again) {
    PetscBool changed = PETSC_FALSE;

    PetscCall(UniteHere(s, plane, ghosted, &changed));
    again = changed ? 1 : 0;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &again, 1, MPI_INT, MPI_MAX, s->comm));
    PetscCallMPI(
      MPI_Allreduce(MPI_IN_PLACE, gas->root, (PetscMPIInt)gas->n, MPIU_INT, MPI_MIN, s->comm));
    for (PetscInt k = 0; k < gas->n; k++) gas->root[k] = Root(gas, k);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How many cells with a void each place has, in `sum`. */
static PetscErrorCode CountCells(NakVoids s)
{
  const PetscInt   nz = s->block.nz, n = s->block.xm * s->block.ym;
  const PetscReal *a;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(s->gas.sum, s->gas.n));
  PetscCall(VecGetArrayRead(s->v, &a));
  for (PetscInt c = 0; c < n; c++)
    for (PetscInt k = 0; k < nz; k++)
      if (a[c * nz + k] >= 0.5) s->gas.sum[s->owner[c]] += 1;
  PetscCall(VecRestoreArrayRead(s->v, &a));
  PetscCall(NakGasSum(s, s->gas.sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Part the groups: every void takes the gas over its own columns.  A place whose columns hold no void
   any more, only the tail of another's, goes with the first of its group that has one. */
static PetscErrorCode Part(NakVoids s)
{
  NakGas   *gas = &s->gas;
  PetscInt *before, *first;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(gas->n, &before, gas->n, &first));
  PetscCall(PetscArraycpy(before, gas->root, gas->n));
  PetscCall(NakGasVolumes(s, s->v));
  for (PetscInt k = 0; k < gas->n; k++) gas->sum[k] = NakGasPressure(gas, before[k]);
  PetscCall(Volumes(s, s->v, PETSC_FALSE));
  for (PetscInt k = 0; k < gas->n; k++) gas->amount[k] = gas->sum[k] * gas->volume[k];
  PetscCall(CountCells(s));
  for (PetscInt k = 0; k < gas->n; k++) first[k] = -1;
  for (PetscInt k = gas->n - 1; k >= 0; k--)
    if (gas->sum[k] > 0) first[before[k]] = k;
  for (PetscInt k = 0; k < gas->n; k++) {
    const PetscInt leader = first[before[k]] >= 0 ? first[before[k]] : before[k];

    gas->root[k] = gas->sum[k] > 0 ? k : leader;
  }
  PetscCall(PetscFree2(before, first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Voids that have come to touch share their gas from now on, those that have come apart no longer do. */
PetscErrorCode NakGasRegroup(NakVoids s)
{
  NakGas *gas = &s->gas;
  DM      plane;
  Vec     ghosted;

  PetscFunctionBeginUser;
  if (gas->n < 2) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Part(s));
  PetscCall(DMDACreateCompatibleDMDA(NakStateDM(s->state), 2, &plane));
  PetscCall(DMGetLocalVector(plane, &ghosted));
  PetscCall(FillPlane(s, plane, ghosted));
  PetscCall(UniteEverywhere(s, plane, ghosted));
  PetscCall(DMRestoreLocalVector(plane, &ghosted));
  PetscCall(DMDestroy(&plane));
  for (PetscInt k = 0; k < gas->n; k++) {
    const PetscInt root = gas->root[k];

    if (root == k) continue;
    gas->amount[root] += gas->amount[k];
    gas->amount[k] = 0;
  }
  PetscCall(NakGasVolumes(s, s->v));
  PetscFunctionReturn(PETSC_SUCCESS);
}
