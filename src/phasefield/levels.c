/* The hierarchy of grids, and the part that each rank has.

   Ranks share a grid as long as the part of each is whole cells of the next one.  Then groups of
   ranks put their parts together.  A group has the smallest number of ranks that gives such parts
   again.  Each rank of a group has all of these parts, and shares the coarser grids with one rank
   of every other group.  A grid of few cells is on every rank. */
#include "phasefield_impl.h"

enum {
  SMALLEST = 3,  /* a direction of so few cells is not halved */
  FAIR     = 16, /* lines of a rank that make a difference of one bearable */
  PAD      = 8   /* a half line is a whole number of vectors */
};

/* Whether `n` cells may be shared: the part of a rank must be whole coarser cells. */
static PetscBool Shared(PetscInt n, PetscInt ranks)
{
  return (PetscBool)(ranks == 1 || (n % 2 == 0 && n / 2 >= ranks));
}

/* Ranks in y and z with the least surface between them; {0, 0} if they do not fit. */
void NakPartition(const NakDomain *box, PetscInt ranks, PetscInt split[2])
{
  PetscReal least = PETSC_MAX_REAL;

  split[0] = split[1] = 0;
  for (PetscInt py = 1; py <= ranks; py++) {
    const PetscInt  pz = ranks / py;
    const PetscReal surface =
      (PetscReal)(py - 1) * (PetscReal)box->n[2] + (PetscReal)(pz - 1) * (PetscReal)box->n[1];

    if (py * pz != ranks || !Shared(box->n[1], py) || !Shared(box->n[2], pz) || surface > least)
      continue;
    split[0] = py;
    split[1] = pz;
    least    = surface;
  }
}

PetscInt NakPhaseFieldUsefulRanks(const NakDomain *grid, PetscInt ranks)
{
  PetscInt split[2];

  for (; ranks > 1; ranks--) {
    NakPartition(grid, ranks, split);
    if (split[0] > 0) break;
  }
  return ranks;
}

/* Whether so many ranks share `n` cells evenly as well. */
static PetscBool Fair(PetscInt n, PetscInt ranks)
{
  const PetscInt half = n / 2;

  return (PetscBool)(Shared(n, ranks) && (half % ranks == 0 || half / ranks >= FAIR));
}

/* How many grids these ranks share. */
static PetscInt SharedGrids(const NakPhaseField e, const PetscInt split[2])
{
  PetscInt n[3] = {e->box.n[0], e->box.n[1], e->box.n[2]}, grids = 0;

  do {
    for (int d = 0; d < 3; d++) n[d] = n[d] > SMALLEST ? (n[d] + 1) / 2 : n[d];
    grids++;
  } while (Fair(n[1], split[0]) && Fair(n[2], split[1]) && grids < NAK_LEVELS_MAX);
  return e->size > 1 ? grids : 0;
}

/* The parts of the ranks of direction d, in blocks of 2^halvings cells, so that they stay whole
   when halved. */
static void CutFinest(NakLevel *v, int d, PetscInt halvings)
{
  const PetscInt ranks = v->split[d], n = v->n[d + 1];
  const PetscInt block = ranks > 1 ? 1 << halvings : n;

  for (PetscInt p = 0; p <= ranks; p++) v->cuts[d][p] = n / block * p / ranks * block;
}

/* Whether every `group` of parts is whole cells of the next grid. */
static PetscBool AreWhole(const void *level, int d, PetscInt group)
{
  const NakLevel *v     = level;
  const PetscInt  parts = v->split[d];

  if (group == parts) return PETSC_TRUE;
  if (v->n[d + 1] <= SMALLEST) return PETSC_FALSE;
  for (PetscInt p = 0; p <= parts; p += group)
    if (v->cuts[d][p] % 2 != 0) return PETSC_FALSE;
  return PETSC_TRUE;
}

/* The parts of the grid above, halved, and how many of them are to be put together. */
static PetscErrorCode CutBelow(const NakLevel *fine, NakLevel *v, PetscInt group[2])
{
  PetscInt few = 4096; /* cells that take less time than messages of more grids */

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, "phasefield_", "-whole", &few, NULL));
  for (int d = 0; d < 2; d++) {
    const PetscBool halved = (PetscBool)(v->n[d + 1] < fine->n[d + 1]);

    for (PetscInt p = 0; p < v->split[d]; p++)
      v->cuts[d][p] = halved ? fine->cuts[d][p] / 2 : fine->cuts[d][p];
    v->cuts[d][v->split[d]] = v->n[d + 1];
    group[d]                = NakStateGroup(v->split[d], AreWhole, v, d);
  }
  for (int d = 0; d < 2 && group[0] * group[1] > 1 && v->n[0] * v->n[1] * v->n[2] <= few; d++)
    group[d] = v->split[d];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void LayOut(NakLevel *v)
{
  const PetscInt half = (NakHalf(v->n[0], 0) + 1 + PAD - 1) / PAD * PAD; /* and the eastern ghost */
  const PetscInt deep = v->n[2] > 1 ? 2 : 0;                             /* planes of ghosts */

  v->odd   = half + PAD; /* the western ghost is the number before the odd half */
  v->line  = v->odd + half;
  v->plane = v->line * (v->m[1] + 2);
  v->first = PAD + v->line + (deep > 0 ? v->plane : 0);
  v->size  = (PetscInt)(v->plane * (v->m[2] + deep) + (ptrdiff_t)2 * PAD);
}

/* One row of the diagonal: the part of x, by half lines, plus that of y and z. */
static void DiagonalRow(const NakLevel *v, const NakBoundary sides[], PetscReal rest,
                        PetscReal row[])
{
  const PetscReal w = 1 / (v->h[0] * v->h[0]);

  for (PetscInt i = 0; i < v->n[0]; i++) {
    PetscReal d = 2 * w + rest;

    for (int end = 0; end < 2; end++) {
      const NakBoundary b = sides[NAK_SIDE_WEST + end];

      if (i != (end ? v->n[0] - 1 : 0) || b == NAK_BOUNDARY_PERIODIC) continue;
      d += b == NAK_BOUNDARY_VALUE ? w : -w;
    }
    row[(i & 1) * v->odd + (i >> 1)] = d;
  }
}

/* 2/h^2 of a direction, corrected in the first (place 0) and the last cell (place 2). */
static PetscReal Part(const NakLevel *v, const NakBoundary sides[], int d, int place)
{
  const PetscReal w   = v->n[d] > 1 || d < 2 ? 1 / (v->h[d] * v->h[d]) : 0;
  PetscReal       sum = 2 * w;

  for (int end = 0; end < 2; end++) {
    const NakBoundary b = sides[2 * d + end];

    if ((place != 2 * end && v->n[d] > 1) || b == NAK_BOUNDARY_PERIODIC) continue;
    sum += b == NAK_BOUNDARY_VALUE ? w : -w;
  }
  return sum;
}

static PetscErrorCode Diagonals(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    const NakBoundary *sides = e->model->sides[f];

    PetscCall(NakArrayCreate(e, (PetscInt)(9 * v->line), &v->diagonal[f]));
    for (int row = 0; row < 9; row++)
      DiagonalRow(v, sides,
                  Part(v, sides, 1, row % 3) + (e->solid ? Part(v, sides, 2, row / 3) : 0),
                  v->diagonal[f] + row * v->line);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateArrays(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    PetscCall(NakArrayCreate(e, v->size, &v->u[f]));
    PetscCall(NakArrayCreate(e, v->size, &v->rhs[f]));
    if (v->index > 0) PetscCall(NakArrayCreate(e, v->size, &v->before[f]));
  }
  for (PetscInt q = 0; v->index > 0 && q < e->model->n_frozen; q++)
    PetscCall(NakArrayCreate(e, v->size, &v->frozen[q]));
  PetscCall(Diagonals(e, v));
  PetscCall(NakGhostsCreate(e, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put the parts of groups together, and choose which ranks continue together. */
static PetscErrorCode Regroup(NakLevel *v, const PetscInt group[2])
{
  const MPI_Comm all       = v->comm;
  PetscInt       within[2] = {0, 0};
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  for (int d = 0; d < 2; d++) {
    within[d] = v->place[d] % group[d];
    v->place[d] /= group[d];
    v->split[d] /= group[d];
    for (PetscInt p = 0; p <= v->split[d]; p++) v->cuts[d][p] = v->cuts[d][(ptrdiff_t)p * group[d]];
  }
  PetscCallMPI(MPI_Comm_rank(all, &rank));
  PetscCallMPI(MPI_Comm_split(all, (int)(within[1] * group[0] + within[0]), rank, &v->comm));
  PetscCallMPI(
    MPI_Comm_split(all, (int)(v->place[1] * v->split[0] + v->place[0]), rank, &v->group));
  PetscCallMPI(MPI_Comm_size(v->group, &v->members));
  PetscCallMPI(MPI_Comm_rank(v->group, &v->member));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Buffers to give every rank of a group what all of them have restricted. */
static PetscErrorCode CreateGroup(NakPhaseField e, const NakLevel *fine, NakLevel *v)
{
  PetscInt mine[4], sum = 0;

  PetscFunctionBeginUser;
  for (int d = 1; d < 3; d++) {
    const PetscBool all = (PetscBool)(fine->split[d - 1] == 1);

    mine[2 * d - 2] = all ? 0 : fine->start[d] / 2 - v->start[d];
    mine[2 * d - 1] = all ? v->n[d] : fine->m[d] / 2;
  }
  PetscCall(
    PetscMalloc3(4 * v->members, &v->boxes, v->members, &v->counts, v->members, &v->offsets));
  PetscCallMPI(MPI_Allgather(mine, 4, MPIU_INT, v->boxes, 4, MPIU_INT, v->group));
  for (PetscMPIInt r = 0; r < v->members; r++) {
    const PetscInt *box    = v->boxes + (ptrdiff_t)4 * r;
    const PetscInt  arrays = 2 * e->model->count + e->model->n_frozen;
    const PetscInt  count  = arrays * v->n[0] * box[1] * box[3];

    PetscCall(PetscMPIIntCast(count, &v->counts[r]));
    PetscCall(PetscMPIIntCast(sum, &v->offsets[r]));
    sum += count;
  }
  PetscCall(NakArrayCreate(e, sum, &v->gathered));
  PetscCall(NakArrayCreate(e, v->counts[v->member], &v->own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateCuts(NakLevel *v)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 2; d++) PetscCall(PetscMalloc1(v->split[d] + 1, &v->cuts[d]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Who shares the first grid, */
static PetscErrorCode ShareFinest(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  v->comm = e->comm;
  NakPartition(&e->box, e->size, v->split);
  PetscCheck(
    v->split[0] > 0, e->comm, PETSC_ERR_USER_INPUT,
    "%d ranks cannot share %" PetscInt_FMT " x %" PetscInt_FMT
    " lines of cells: lines are never cut, and each rank needs two in a direction that is shared",
    e->size, v->n[1], v->n[2]);
  v->place[0] = e->rank % v->split[0];
  v->place[1] = e->rank / v->split[0];
  PetscCall(CreateCuts(v));
  for (int d = 0; d < 2; d++) CutFinest(v, d, SharedGrids(e, v->split));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* and the one below. */
static PetscErrorCode ShareBelow(const NakLevel *fine, NakLevel *v)
{
  PetscInt group[2] = {1, 1};

  PetscFunctionBeginUser;
  v->comm = fine->comm;
  for (int d = 0; d < 2; d++) {
    v->split[d] = fine->split[d];
    v->place[d] = fine->place[d];
  }
  PetscCall(CreateCuts(v));
  PetscCall(CutBelow(fine, v, group));
  if (group[0] * group[1] > 1) PetscCall(Regroup(v, group));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddLevel(NakPhaseField e, const PetscInt n[3])
{
  NakLevel *v    = &e->level[e->n_levels];
  NakLevel *fine = e->n_levels > 0 ? v - 1 : NULL;

  PetscFunctionBeginUser;
  v->index = e->n_levels;
  for (int d = 0; d < 3; d++) {
    v->n[d] = n[d];
    v->h[d] = e->box.size[d] / (PetscReal)n[d];
  }
  v->start[0] = 0;
  v->m[0]     = n[0];
  v->group    = MPI_COMM_NULL;
  if (fine == NULL)
    PetscCall(ShareFinest(e, v));
  else
    PetscCall(ShareBelow(fine, v));
  for (int d = 0; d < 2; d++) {
    v->start[d + 1] = v->cuts[d][v->place[d]];
    v->m[d + 1]     = v->cuts[d][v->place[d] + 1] - v->start[d + 1];
  }
  LayOut(v);
  PetscCall(CreateArrays(e, v));
  if (fine != NULL) {
    PetscCall(NakTransferTablesCreate(fine, v));
    if (v->group != MPI_COMM_NULL) PetscCall(CreateGroup(e, fine, v));
  }
  e->n_levels++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakHierarchyCreate(NakPhaseField e)
{
  PetscInt n[3] = {e->box.n[0], e->box.n[1], e->box.n[2]};

  PetscFunctionBeginUser;
  for (;;) {
    PetscBool smaller = PETSC_FALSE;

    PetscCall(AddLevel(e, n));
    for (int d = 0; d < 3; d++) {
      if (n[d] <= SMALLEST) continue;
      n[d]    = (n[d] + 1) / 2;
      smaller = PETSC_TRUE;
    }
    if (!smaller || e->n_levels == NAK_LEVELS_MAX) break;
  }
  e->buffer_line = e->level[0].line + (ptrdiff_t)2 * PAD;
  PetscCall(NakArrayCreate(e, 5 * NAK_FIELDS_MAX * (PetscInt)e->buffer_line, &e->buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakHierarchyDestroy(NakPhaseField e)
{
  PetscFunctionBeginUser;
  for (PetscInt l = e->n_levels - 1; l >= 0; l--) {
    NakLevel *v = &e->level[l];

    for (PetscInt f = 0; f < NAK_FIELDS_MAX; f++) {
      PetscCall(PetscFree(v->u[f]));
      PetscCall(PetscFree(v->rhs[f]));
      PetscCall(PetscFree(v->before[f]));
      PetscCall(PetscFree(v->frozen[f]));
      PetscCall(PetscFree(v->diagonal[f]));
      for (int s = 0; s < NAK_SIDES; s++) PetscCall(PetscFree(v->face[f][s]));
    }
    PetscCall(NakGhostsDestroy(v));
    PetscCall(NakTransferTablesDestroy(v));
    for (int d = 0; d < 2; d++) PetscCall(PetscFree(v->cuts[d]));
    if (v->group != MPI_COMM_NULL) {
      PetscCallMPI(MPI_Comm_free(&v->group));
      PetscCallMPI(MPI_Comm_free(&v->comm));
    }
    PetscCall(PetscFree3(v->boxes, v->counts, v->offsets));
    PetscCall(PetscFree(v->gathered));
    PetscCall(PetscFree(v->own));
  }
  PetscCall(PetscFree(e->buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
