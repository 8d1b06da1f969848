/* The hierarchy of grids and who has what of it. */
#include "phasefield_impl.h"

enum {
  SMALLEST = 3,  /* a direction of so few cells is not halved */
  FAIR     = 16, /* lines of a rank that make a difference of one bearable */
  PAD      = 8   /* a half line is a whole number of vectors */
};

PetscErrorCode NakArrayCreate(NakPhaseField e, PetscInt count, PetscReal **array)
{
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(count, array));
  e->doubles += (PetscReal)count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether `n` cells may be shared: what a rank has must be whole coarser cells. */
static PetscBool Shared(PetscInt n, PetscInt ranks)
{
  return (PetscBool)(ranks == 1 || (n % 2 == 0 && n / 2 >= ranks));
}

/* Ranks in y and z with the least surface between them; {0, 0} where they do not fit. */
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

/* How many grids the ranks share; on the next coarser one every rank computes everything. */
static PetscInt SharedGrids(const NakPhaseField e)
{
  PetscInt n[3] = {e->box.n[0], e->box.n[1], e->box.n[2]}, grids = 0;

  do {
    for (int d = 0; d < 3; d++) n[d] = n[d] > SMALLEST ? (n[d] + 1) / 2 : n[d];
    grids++;
  } while (Fair(n[1], e->split[0]) && Fair(n[2], e->split[1]) && grids < NAK_LEVELS_MAX);
  return e->size > 1 ? grids : 0;
}

/* Own cells of `n` in blocks of 2^halvings, so that the shares stay whole when halved. */
static void Share(PetscInt n, PetscInt ranks, PetscInt place, PetscInt halvings, PetscInt *start,
                  PetscInt *m)
{
  PetscInt block = ranks > 1 ? 1 << halvings : 1, blocks, low, high;

  if (ranks == 1) block = n;
  blocks = n / block;
  low    = blocks * place / ranks;
  high   = blocks * (place + 1) / ranks;
  *start = low * block;
  *m     = (high - low) * block;
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

/* Buffers to give every rank what all ranks have restricted. */
static PetscErrorCode Gathering(NakPhaseField e, const NakLevel *fine, NakLevel *v)
{
  PetscInt mine[4] = {fine->start[1] / 2, fine->m[1] / 2, fine->start[2] / 2, fine->m[2] / 2};
  PetscInt sum     = 0;

  PetscFunctionBeginUser;
  if (e->split[0] == 1) mine[0] = 0, mine[1] = v->n[1];
  if (e->split[1] == 1) mine[2] = 0, mine[3] = v->n[2];
  PetscCall(PetscMalloc3(4 * e->size, &v->boxes, e->size, &v->counts, e->size, &v->offsets));
  PetscCallMPI(MPI_Allgather(mine, 4, MPIU_INT, v->boxes, 4, MPIU_INT, e->comm));
  for (PetscMPIInt r = 0; r < e->size; r++) {
    const PetscInt arrays = 2 * e->model->count + e->model->n_frozen;
    const PetscInt count  = arrays * v->n[0] * v->boxes[4 * r + 1] * v->boxes[4 * r + 3];

    PetscCall(PetscMPIIntCast(count, &v->counts[r]));
    PetscCall(PetscMPIIntCast(sum, &v->offsets[r]));
    sum += count;
  }
  PetscCall(NakArrayCreate(e, sum, &v->gathered));
  PetscCall(NakArrayCreate(e, v->counts[e->rank], &v->own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Grid `index` with its cells shared, or whole on every rank. */
static PetscErrorCode AddLevel(NakPhaseField e, const PetscInt n[3], PetscInt halvings)
{
  NakLevel *v = &e->level[e->n_levels];

  PetscFunctionBeginUser;
  v->index = e->n_levels;
  v->whole = (PetscBool)(halvings < 1);
  for (int d = 0; d < 3; d++) {
    v->n[d]     = n[d];
    v->h[d]     = e->box.size[d] / (PetscReal)n[d];
    v->start[d] = 0;
    v->m[d]     = n[d];
    if (d > 0 && !v->whole)
      Share(n[d], e->split[d - 1], e->place[d - 1], halvings, &v->start[d], &v->m[d]);
  }
  LayOut(v);
  PetscCall(CreateArrays(e, v));
  if (e->n_levels > 0) {
    NakLevel *fine = v - 1;

    PetscCall(NakTransferTablesCreate(fine, v));
    if (v->whole && !fine->whole) PetscCall(Gathering(e, fine, v));
  }
  e->n_levels++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakHierarchyCreate(NakPhaseField e)
{
  PetscInt n[3] = {e->box.n[0], e->box.n[1], e->box.n[2]}, halvings;

  PetscFunctionBeginUser;
  NakPartition(&e->box, e->size, e->split);
  PetscCheck(
    e->split[0] > 0, e->comm, PETSC_ERR_USER_INPUT,
    "%d ranks cannot share %" PetscInt_FMT " x %" PetscInt_FMT
    " lines of cells: lines are never cut, and each rank needs two in a direction that is shared",
    e->size, n[1], n[2]);
  e->place[0] = e->rank % e->split[0];
  e->place[1] = e->rank / e->split[0];
  halvings    = SharedGrids(e);
  for (;;) {
    PetscBool smaller = PETSC_FALSE;

    PetscCall(AddLevel(e, n, halvings--));
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
  for (PetscInt l = 0; l < e->n_levels; l++) {
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
    PetscCall(PetscFree3(v->boxes, v->counts, v->offsets));
    PetscCall(PetscFree(v->gathered));
    PetscCall(PetscFree(v->own));
  }
  PetscCall(PetscFree(e->buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
