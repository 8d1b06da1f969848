/* The gas of the voids: who owns which column, volumes, pressures, and voids that touch. */
#include "gas_impl.h"

PetscErrorCode NakGasCreate(NakState state, const NakVoidsParams *params, const NakGasField *field,
                            NakGas *gas)
{
  const NakGrid *grid = NakStateGrid(state);
  NakGas         s;
  PetscInt       n;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *gas      = s;
  s->comm   = PetscObjectComm((PetscObject)NakStateDM(state));
  s->state  = state;
  s->params = *params;
  s->field  = *field;
  s->area   = grid->dx * grid->dy;
  s->wait   = PETSC_MAX_REAL;
  NakGasSetTemperature(s, NAK_REFERENCE_TEMPERATURE);
  PetscCall(NakPartOf(NakStateDM(state), PETSC_FALSE, &s->part));
  n = NakPartColumns(&s->part);
  PetscCall(PetscCalloc4(n, &s->owner, n, &s->hazard, n, &s->due, n, &s->born));
  NakNucleiCreate(s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGasDestroy(NakGas *gas)
{
  NakGas s = *gas;

  PetscFunctionBeginUser;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakGasFreePlaces(s));
  PetscCall(PetscFree4(s->owner, s->hazard, s->due, s->born));
  PetscCall(PetscFree(*gas));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakGasSetTemperature(NakGas s, PetscReal temperature)
{
  s->dissolution = s->params.dissolution * NakArrhenius(s->params.energy, temperature);
}

/* Add up `sum` over the ranks, every void. */
static PetscErrorCode Sum(NakGas s, PetscReal *sum)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, (PetscMPIInt)s->n, MPIU_REAL, MPIU_SUM, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Volume over the columns of each void.  That of a group of voids is under its first one. */
static PetscErrorCode Volumes(NakGas s, const PetscReal share[], PetscBool grouped)
{
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(s->volume, s->n));
  for (PetscInt c = 0; c < NakPartColumns(&s->part) && s->n > 0; c++) {
    const PetscInt owner  = s->owner[c];
    PetscReal     *volume = &s->volume[grouped ? s->root[owner] : owner];

    for (PetscInt k = 0; k < s->field.layers; k++, share++)
      *volume += s->area * s->field.height[k] * *share;
  }
  PetscCall(Sum(s, s->volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGasVolumes(NakGas s, const PetscReal share[])
{
  PetscFunctionBeginUser;
  PetscCall(Volumes(s, share, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGasFill(NakGas s, const PetscReal share[])
{
  const NakGrid  *g      = NakStateGrid(s->state);
  const PetscReal length = g->ny > 1 ? g->dx : g->dy;
  PetscReal       volume, laplace;

  PetscFunctionBeginUser;
  s->n = 0;
  PetscCall(NakGasAdd(s, 0, 0));
  PetscCall(NakGasOwners(s));
  PetscCall(NakGasVolumes(s, share));
  volume       = s->volume[0];
  laplace      = NakVoidsFlat(g)
                   ? s->field.tension * PetscSqrtReal(PETSC_PI * length / volume)
                   : 2 * s->field.tension * PetscPowReal(4 * PETSC_PI / (3 * volume), 1. / 3);
  s->amount[0] = s->filled = volume > 0 ? (s->params.pressure + laplace) * volume : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal Pressure(const NakGas s, PetscInt root)
{
  if (s->amount[root] == 0) return 0;
  return s->amount[root] * PetscExpReal(-s->escape[root] * s->since) / s->volume[root];
}

void NakGasAge(NakGas s, PetscReal since)
{
  s->since = since;
}

PetscReal NakGasExcess(NakGas s, PetscInt column)
{
  return s->n > 0 ? Pressure(s, s->root[s->owner[column]]) - s->params.pressure : 0;
}

PetscReal NakGasEnergy(NakGas s)
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < s->n; k++)
    if (s->root[k] == k && s->volume[k] > 0)
      sum += s->params.pressure * s->volume[k] - s->amount[k] * PetscLogReal(s->volume[k]);
  return sum;
}

PetscErrorCode NakGasAnswer(NakGas s, PetscReal change[])
{
  const PetscInt n = NakPartColumns(&s->part);

  PetscFunctionBeginUser;
  if (s->n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscArrayzero(s->sum, s->n));
  for (PetscInt c = 0; c < n; c++) s->sum[s->root[s->owner[c]]] += change[c];
  PetscCall(Sum(s, s->sum));
  for (PetscInt c = 0; c < n; c++) {
    const PetscInt root = s->root[s->owner[c]];

    change[c] = s->volume[root] > 0 ? Pressure(s, root) / s->volume[root] * s->sum[root] : 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Gas that dissolves ---- */

/* Quasi-stationary, by Epstein and Plesset, J. Chem. Phys. 18 (1950) 1505.  It is what a half ball
   of this volume on a tight wall passes into the liquid, over D times its excess of concentration
   [m].  In 2D it is half a cylinder, from which diffusion has to reach the top of the alloy. */
static PetscReal Passage(const NakGas s, PetscReal volume)
{
  const NakGrid  *g        = NakStateGrid(s->state);
  const PetscReal R        = PetscPowReal(3 * volume / (2 * PETSC_PI), 1. / 3);
  const PetscReal length   = g->ny > 1 ? g->dx : g->dy;
  const PetscReal cylinder = PetscSqrtReal(2 * volume / (PETSC_PI * length));
  const PetscReal top      = g->z[g->nz] - g->z[g->nz - g->n_alloy] + g->reservoir_height;

  return NakVoidsFlat(g) ? PETSC_PI * length / PetscLogReal(1 + top / cylinder) : 2 * PETSC_PI * R;
}

/* Fraction of a void's gas that leaves it per time [1/s].  It is 0 if the void is too small for the
   phase field: smaller than a cell, or with more pressure than NakGasHighest allows. */
static PetscReal Escape(const NakGas s, PetscInt k)
{
  const PetscReal V = s->volume[k], N = s->amount[k];
  const PetscReal highest = s->params.pressure + NakGasHighest(&s->field);

  if (N == 0 || V <= s->area * s->field.height[0] || N > highest * V) return 0;
  return s->dissolution * Passage(s, V) / V;
}

/* The void of a place has lost its gas.  Neither it nor those that had merged with it own columns
   any more. */
static void Retire(NakGas s, PetscInt place)
{
  for (PetscInt k = 0; k < s->n; k++)
    if (s->root[k] == place) {
      s->gone[k] = 1;
      s->root[k] = k;
    }
}

/* Exponential decay, which is exact as long as its volume stays.  A void that is too small loses
   all. */
PetscErrorCode NakGasDissolve(NakGas s, const PetscReal share[], PetscReal dt)
{
  PetscBool retired = PETSC_FALSE;

  PetscFunctionBeginUser;
  s->since = 0;
  if (s->params.dissolution == 0 || s->n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakGasVolumes(s, share));
  for (PetscInt k = 0; k < s->n; k++) {
    const PetscReal N = s->amount[k];

    if (N == 0) continue;
    s->amount[k] *= PetscExpReal(-s->escape[k] * dt);
    if (Escape(s, k) == 0) s->amount[k] = 0;
    s->dissolved += N - s->amount[k];
    if (s->amount[k] > 0) continue;
    Retire(s, k);
    retired = PETSC_TRUE;
  }
  if (retired) PetscCall(NakGasOwners(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakGasMaxStep(NakGas s)
{
  const PetscReal part    = 0.05;
  PetscReal       fastest = 0;

  for (PetscInt k = 0; k < s->n; k++) fastest = PetscMax(fastest, s->escape[k]);
  return PetscMin(s->wait, fastest > 0 ? part / fastest : PETSC_MAX_REAL);
}

/* ---- Voids that touch ---- */

static PetscInt Root(const NakGas s, PetscInt k)
{
  while (s->root[k] != k) k = s->root[k];
  return k;
}

/* Unite the voids of two neighbouring columns, if both have one.  Whether this changed a root. */
static PetscBool Unite(NakGas s, const PetscReal *a, const PetscReal *b)
{
  const PetscInt one = Root(s, (PetscInt)a[1]), two = Root(s, (PetscInt)b[1]);

  if (one == two || a[0] < NAK_VOID_HALF || b[0] < NAK_VOID_HALF) return PETSC_FALSE;
  s->root[PetscMax(one, two)] = PetscMin(one, two);
  return PETSC_TRUE;
}

/* Highest share and owner of every column, with ghosts: a vector of the plane with two values a
   column. */
static PetscErrorCode FillPlane(NakGas s, const PetscReal share[], DM plane, Vec ghosted)
{
  const PetscInt n = NakPartColumns(&s->part);
  PetscReal     *out;
  Vec            owned;

  PetscFunctionBeginUser;
  PetscCall(DMGetGlobalVector(plane, &owned));
  PetscCall(VecGetArray(owned, &out));
  for (PetscInt c = 0; c < n; c++) {
    PetscReal highest = 0;

    for (PetscInt k = 0; k < s->field.layers; k++, share++) highest = PetscMax(highest, *share);
    *out++ = highest;
    *out++ = (PetscReal)s->owner[c];
  }
  out -= (ptrdiff_t)2 * n;
  PetscCall(VecRestoreArray(owned, &out));
  PetscCall(DMGlobalToLocal(plane, owned, INSERT_VALUES, ghosted));
  PetscCall(DMRestoreGlobalVector(plane, &owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Unite voids that touch within this rank's columns and the ghosts around them. */
static PetscErrorCode UniteHere(NakGas s, DM plane, Vec ghosted, PetscBool *changed)
{
  const NakPart *p = &s->part;
  PetscInt       gx, gy, gw, gh;
  PetscReal   ***a;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetGhostCorners(plane, &gx, &gy, NULL, &gw, &gh, NULL));
  PetscCall(DMDAVecGetArrayDOFRead(plane, ghosted, (void *)&a));
  for (PetscInt j = p->start[1]; j < p->start[1] + p->count[1]; j++)
    for (PetscInt i = p->start[0]; i < p->start[0] + p->count[0]; i++) {
      if (i + 1 < gx + gw && Unite(s, a[j][i], a[j][i + 1])) *changed = PETSC_TRUE;
      if (j + 1 < gy + gh && Unite(s, a[j][i], a[j + 1][i])) *changed = PETSC_TRUE;
    }
  PetscCall(DMDAVecRestoreArrayDOFRead(plane, ghosted, (void *)&a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ranks agree on roots by taking the least of all ranks, repeatedly, until nothing changes. */
static PetscErrorCode UniteEverywhere(NakGas s, DM plane, Vec ghosted)
{
  PetscMPIInt again = 1;

  PetscFunctionBeginUser;
  while (again) {
    PetscBool changed = PETSC_FALSE;

    PetscCall(UniteHere(s, plane, ghosted, &changed));
    again = changed ? 1 : 0;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &again, 1, MPI_INT, MPI_MAX, s->comm));
    PetscCallMPI(
      MPI_Allreduce(MPI_IN_PLACE, s->root, (PetscMPIInt)s->n, MPIU_INT, MPI_MIN, s->comm));
    for (PetscInt k = 0; k < s->n; k++) s->root[k] = Root(s, k);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How many cells with a void each place has, in `sum`. */
static PetscErrorCode CountCells(NakGas s, const PetscReal share[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(s->sum, s->n));
  for (PetscInt c = 0; c < NakPartColumns(&s->part); c++)
    for (PetscInt k = 0; k < s->field.layers; k++)
      if (*share++ >= NAK_VOID_HALF) s->sum[s->owner[c]] += 1;
  PetscCall(Sum(s, s->sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Divide the groups: every void takes the gas over its own columns.  The columns of a place may
   hold no void any more, only the tail of another's.  Then the place joins the first of its group
   that has a void. */
static PetscErrorCode Part(NakGas s, const PetscReal share[])
{
  PetscInt *before, *first;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(s->n, &before, s->n, &first));
  PetscCall(PetscArraycpy(before, s->root, s->n));
  PetscCall(NakGasVolumes(s, share));
  for (PetscInt k = 0; k < s->n; k++) s->sum[k] = Pressure(s, before[k]);
  PetscCall(Volumes(s, share, PETSC_FALSE));
  for (PetscInt k = 0; k < s->n; k++) s->amount[k] = s->sum[k] * s->volume[k];
  PetscCall(CountCells(s, share));
  for (PetscInt k = 0; k < s->n; k++) first[k] = -1;
  for (PetscInt k = s->n - 1; k >= 0; k--)
    if (s->sum[k] > 0) first[before[k]] = k;
  for (PetscInt k = 0; k < s->n; k++) {
    const PetscInt leader = first[before[k]] >= 0 ? first[before[k]] : before[k];

    s->root[k] = s->sum[k] > 0 ? k : leader;
  }
  PetscCall(PetscFree2(before, first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Unite voids that touch, by the plane of the columns with their ghosts.  The gas of a group is
   kept at its first void. */
static PetscErrorCode Unify(NakGas s, const PetscReal share[])
{
  DM  plane;
  Vec ghosted;

  PetscFunctionBeginUser;
  PetscCall(DMDACreateCompatibleDMDA(NakStateDM(s->state), 2, &plane));
  PetscCall(DMGetLocalVector(plane, &ghosted));
  PetscCall(FillPlane(s, share, plane, ghosted));
  PetscCall(UniteEverywhere(s, plane, ghosted));
  PetscCall(DMRestoreLocalVector(plane, &ghosted));
  PetscCall(DMDestroy(&plane));
  for (PetscInt k = 0; k < s->n; k++) {
    const PetscInt root = s->root[k];

    if (root == k) continue;
    s->amount[root] += s->amount[k];
    s->amount[k] = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGasRegroup(NakGas s, const PetscReal share[])
{
  PetscFunctionBeginUser;
  PetscCall(NakGasSplit(s, share));
  if (s->n > 1) {
    PetscCall(Part(s, share));
    PetscCall(Unify(s, share));
  }
  PetscCall(NakGasVolumes(s, share));
  for (PetscInt k = 0; k < s->n; k++) s->escape[k] = Escape(s, k);
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakGasMeasure(NakGas s, NakGasReport *report)
{
  const NakGrid  *g    = NakStateGrid(s->state);
  const PetscReal face = s->area * (PetscReal)g->nx * (PetscReal)g->ny;
  const PetscReal cell = s->area * s->field.height[0];
  PetscReal       left = 0;

  *report = (NakGasReport){.formed = s->formed};
  for (PetscInt k = 0; k < s->n; k++) {
    const PetscReal V = s->volume[k];

    report->height += V / face;
    left += s->amount[k];
    if (s->root[k] == k && V > cell) report->count++;
  }
  report->amount = left;
  if (s->filled == 0) return;
  report->dissolved = s->dissolved / s->filled;
  report->balance   = left / s->filled + report->dissolved - 1;
}
