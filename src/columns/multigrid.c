/* Multigrid over columns.

   Columns are halved in x and y and never in z.  The smoother solves z lines, so any stretching of
   the grid in z is fine.  It solves all red columns, then all black ones, before the coarser grid
   and after it.  The first sweep starts from 0, or on the finest grid from a guess of the black
   columns.  At its end the black columns are solved; the residual at the red ones is what the
   change of the black ones gave them.  After the coarser grid red lines are solved first, so only
   black ones need its correction.

   A grid cannot be halved if a rank would get nothing of it.  Then groups of ranks put their parts
   together.  Each rank of a group has all of these parts.  It continues with the ranks that have
   its own place in all other groups.  So there are as many equal copies of the coarser grids as
   ranks in a group, and nothing has to be sent back.

   That is done in stages, two by two ranks if their numbers allow it.  At some point the columns
   are so few that to compute them all takes less time than messages do.  Then every rank takes over
   the whole grid, down to a single column.  Halving is the same for any number of ranks, and so is
   the cycle. */
#include "multigrid.h"

/* ---- Set-up ---- */

static PetscBool Regular(const NakPair pair[], PetscInt first, PetscInt n)
{
  for (PetscInt k = first + 2; k < n; k += 2)
    for (int s = 0; s < 2; s++)
      if (pair[k].cell[s] != pair[k - 2].cell[s] + 1 || pair[k].weight[s] != pair[first].weight[s])
        return PETSC_FALSE;
  return PETSC_TRUE;
}

/* Take over n pairs, counted from cell `first`. */
static void SetPairs(NakPair pair[], PetscInt n, PetscInt first, Pairs *p)
{
  p->pair = pair;
  for (PetscInt k = 0; k < n; k++)
    for (int s = 0; s < 2; s++) pair[k].cell[s] -= first;
  for (PetscInt k = 0; k < 2; k++) p->regular[k] = Regular(pair, k, n);
}

static PetscErrorCode CreateTransfer(const NakLines *fine, const NakLines *coarse, Transfer *t)
{
  const PetscInt first[] = {fine->box.xs, fine->box.ys}, n[] = {fine->box.xm, fine->box.ym};
  const PetscInt below[]  = {coarse->box.xs - 1, coarse->box.ys - 1};
  const PetscInt n_fine[] = {fine->nx, fine->ny}, n_coarse[] = {coarse->nx, coarse->ny};

  PetscFunctionBeginUser;
  for (int d = 0; d < 2; d++) {
    NakPair *between, *over;

    PetscCall(PetscMalloc1(n[d], &between));
    PetscCall(PetscMalloc1(n[d], &over));
    for (PetscInt k = 0; k < n[d]; k++) {
      between[k] = NakInterpolation(first[d] + k, n_fine[d], n_coarse[d], fine->periodic);
      over[k]    = NakOverlap(first[d] + k, n_fine[d], n_coarse[d]);
    }
    SetPairs(between, n[d], below[d], &t->interpolation[d]);
    SetPairs(over, n[d], below[d], &t->overlap[d]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* If a grid has at most so many columns, every rank takes them all.  Measured by
   benchmarks/scaling_model; an option. */
static PetscErrorCode Whole(PetscInt *columns)
{
  PetscFunctionBeginUser;
  *columns = 64;
  PetscCall(PetscOptionsGetInt(NULL, "columns_", "-whole", columns, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt Columns(const NakGridLevel *level)
{
  const NakGrid *grid = NakStateGrid(level->state);

  return grid->nx * grid->ny;
}

/* Whether the ranks of a grid cannot halve its columns in direction d.  The next grid, if any, then
   has as many. */
static PetscBool Stuck(const NakGrids *grids, PetscInt k, int d)
{
  const NakGrid *g    = NakStateGrid(grids->level[k].state);
  const NakGrid *next = k > 0 ? NakStateGrid(grids->level[k - 1].state) : g;
  const PetscInt n = d == 0 ? g->nx : g->ny, n_next = d == 0 ? next->nx : next->ny;

  return (PetscBool)(n > 1 && n == n_next);
}

/* The grid of a stage that the next one begins with. */
typedef struct {
  const NakGrids *grids;
  PetscInt        k;
  PetscBool       whole; /* whether every rank is to have all of it */
} Candidate;

static PetscBool Fits(const void *ctx, int d, PetscInt group)
{
  const Candidate *c = ctx;

  return (PetscBool)(!c->whole && (group > 1 || !Stuck(c->grids, c->k, d)));
}

/* The coarsest grid of a stage that is used, and how many of its ranks make a group of the next
   stage, in x and y.  The group is one rank if there is no next stage. */
static PetscErrorCode Bottom(NakStage *stage, PetscInt group[2])
{
  const NakGrids *grids = stage->grids;
  PetscInt        ranks[2], whole;
  Candidate       c = {.grids = grids, .k = grids->n - 1};

  PetscFunctionBeginUser;
  PetscCall(Whole(&whole));
  PetscCall(NakStateRanks(NakFinest(grids)->state, ranks));
  group[0] = group[1] = 1;
  if (ranks[0] * ranks[1] == 1) PetscFunctionReturn(PETSC_SUCCESS);
  while (c.k > 0 && !Stuck(grids, c.k, 0) && !Stuck(grids, c.k, 1)) {
    c.k--;
    if (Columns(&grids->level[c.k]) <= whole) break;
  }
  stage->bottom = c.k;
  c.whole       = (PetscBool)(Columns(&grids->level[c.k]) <= whole);
  for (int d = 0; d < 2; d++) group[d] = NakStateGroup(ranks[d], Fits, &c, d);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateStages(const NakGrids *grids, NakMultigrid mg)
{
  const PetscInt most = PetscMax(mg->lu.size, mg->lu.stored_entries);
  NakStage      *s    = mg->stage;
  PetscInt       group[2];

  PetscFunctionBeginUser;
  s->grids = grids;
  PetscCall(Bottom(s, group));
  while (group[0] * group[1] > 1) {
    const NakState shared = s->grids->level[s->bottom].state;

    s++;
    PetscCall(NakStateRegroup(shared, group, &s->state));
    PetscCall(NakGroupCreate(shared, s->state, most, &s->group));
    PetscCall(NakGridsCreate(s->state, grids->pattern, &s->own));
    s->grids = &s->own;
    PetscCall(Bottom(s, group));
  }
  mg->n_stages = (PetscInt)(s + 1 - mg->stage);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Number the grids of all stages.  If the finest cannot be halved, it is listed twice, because a
   regrouped grid has a grid above it. */
static PetscErrorCode NumberGrids(NakMultigrid mg)
{
  const NakStage *first = mg->stage;
  const PetscInt  twice = mg->n_stages > 1 && first->bottom + 1 == first->grids->n;
  PetscInt        at, halved = 0;

  PetscFunctionBeginUser;
  mg->n = twice;
  for (PetscInt s = 0; s < mg->n_stages; s++) mg->n += first[s].grids->n - first[s].bottom;
  PetscCall(PetscCalloc5(mg->n, &mg->level, mg->n, &mg->below, mg->n, &mg->halved, mg->n,
                         &mg->lines, mg->n, &mg->transfer));
  at = mg->n - twice;
  if (twice) mg->level[at] = NakFinest(first->grids);
  for (PetscInt s = 0; s < mg->n_stages; s++) {
    for (PetscInt k = first[s].grids->n - 1; k >= first[s].bottom; k--) {
      if (k + 1 < first[s].grids->n) halved++;
      mg->level[--at] = &first[s].grids->level[k];
      mg->halved[at]  = halved;
    }
    if (s + 1 < mg->n_stages) mg->below[at] = &first[s + 1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLines(NakMultigrid mg)
{
  ptrdiff_t half = 0, row = 0, own = 0, all = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < mg->n; k++) {
    NakLines *g = &mg->lines[k];

    PetscCall(NakLinesCreate(mg->level[k]->state, &mg->lu, (PetscBool)(k + 1 == mg->n), g));
    half = PetscMax(half, g->pitch * g->size);
    row  = PetscMax(row, (ptrdiff_t)(g->box.xm + 2) * g->size);
    if (mg->below[k] == NULL) {
      if (k > 0) PetscCall(CreateTransfer(g, &mg->lines[k - 1], &mg->transfer[k]));
      continue;
    }
    own = PetscMax(own, (ptrdiff_t)NakLinesColumns(g) * mg->lu.n_moving);
    all = PetscMax(all, (ptrdiff_t)NakLinesColumns(&mg->lines[k - 1]) * mg->lu.n_moving);
  }
  PetscCall(
    PetscCalloc5(half, &mg->half, half, &mg->right, row, &mg->row, own, &mg->own, all, &mg->all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateType(PetscInt numbers, MPI_Datatype *type)
{
  PetscMPIInt count;

  PetscFunctionBeginUser;
  PetscCall(PetscMPIIntCast(numbers, &count));
  PetscCallMPI(MPI_Type_contiguous(count, MPIU_REAL, type));
  PetscCallMPI(MPI_Type_commit(type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridCreate(const NakGrids *grids, NakMultigrid *multigrid)
{
  NakMultigrid mg;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&mg));
  *multigrid = mg;
  PetscCall(NakLineLUCreate(grids->pattern, &mg->lu));
  PetscCall(CreateType(mg->lu.stored_entries, &mg->entries));
  PetscCall(CreateType(mg->lu.size, &mg->slopes));
  PetscCall(CreateType(mg->lu.n_moving, &mg->moving));
  PetscCall(CreateStages(grids, mg));
  PetscCall(NumberGrids(mg));
  PetscCall(CreateLines(mg));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridDestroy(NakMultigrid *multigrid)
{
  NakMultigrid mg = *multigrid;

  PetscFunctionBeginUser;
  if (mg == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < mg->n; k++) {
    PetscCall(NakLinesDestroy(&mg->lines[k]));
    for (int d = 0; d < 2; d++) {
      PetscCall(PetscFree(mg->transfer[k].interpolation[d].pair));
      PetscCall(PetscFree(mg->transfer[k].overlap[d].pair));
    }
  }
  PetscCall(PetscFree5(mg->level, mg->below, mg->halved, mg->lines, mg->transfer));
  PetscCall(PetscFree5(mg->half, mg->right, mg->row, mg->own, mg->all));
  for (PetscInt s = 1; s < mg->n_stages; s++) {
    PetscCall(NakGroupDestroy(&mg->stage[s].group));
    PetscCall(NakGridsDestroy(&mg->stage[s].own));
    PetscCall(NakStateDestroy(&mg->stage[s].state));
  }
  PetscCall(NakLineLUDestroy(&mg->lu));
  PetscCallMPI(MPI_Type_free(&mg->entries));
  PetscCallMPI(MPI_Type_free(&mg->slopes));
  PetscCallMPI(MPI_Type_free(&mg->moving));
  PetscCall(PetscFree(*multigrid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Factors ---- */

static PetscErrorCode GatherVec(const NakGroup *group, MPI_Datatype column, PetscInt width,
                                Vec part, Vec whole)
{
  const PetscReal *from;
  PetscReal       *to;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(part, &from));
  PetscCall(VecGetArrayWrite(whole, &to));
  PetscCall(NakGroupGather(group, column, width, from, to));
  PetscCall(VecRestoreArrayWrite(whole, &to));
  PetscCall(VecRestoreArrayRead(part, &from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The linearised columns of a stage, from those above it. */
static PetscErrorCode GatherStage(NakMultigrid mg, const NakStage *s)
{
  const NakGridLevel *top = NakFinest(s->grids), *part = &s[-1].grids->level[s[-1].bottom];

  PetscFunctionBeginUser;
  PetscCall(GatherVec(&s->group, mg->entries, mg->lu.stored_entries, part->entries, top->entries));
  PetscCall(GatherVec(&s->group, mg->slopes, mg->lu.size, part->slope, top->slope));
  PetscCall(NakGridsAverage(s->grids));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FactorLevel(NakMultigrid mg, PetscInt k)
{
  const NakGridLevel *level = mg->level[k];
  const PetscReal    *entries, *slope;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(level->entries, &entries));
  PetscCall(VecGetArrayRead(level->slope, &slope));
  PetscCall(NakLinesFactor(&mg->lines[k], entries, slope));
  PetscCall(VecRestoreArrayRead(level->slope, &slope));
  PetscCall(VecRestoreArrayRead(level->entries, &entries));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridFactor(NakMultigrid mg)
{
  PetscFunctionBeginUser;
  mg->linearisation++;
  for (PetscInt s = 1; s < mg->n_stages; s++) PetscCall(GatherStage(mg, &mg->stage[s]));
  for (PetscInt k = 0; k < mg->n; k++)
    if (mg->below[k] == NULL) PetscCall(FactorLevel(mg, k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Use ---- */

PetscErrorCode NakMultigridTurn(NakMultigrid mg, NakTurn turn, Vec right, const PetscReal guess[],
                                Vec solution)
{
  const Vec slope = mg->level[mg->n - 1]->slope;
  NakInOut  io    = {.guess = guess};

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(right, &io.r));
  PetscCall(VecGetArrayRead(slope, &io.slope));
  PetscCall(VecGetArrayWrite(solution, &io.y));
  PetscCall(turn(mg, &io));
  PetscCall(VecRestoreArrayWrite(solution, &io.y));
  PetscCall(VecRestoreArrayRead(slope, &io.slope));
  PetscCall(VecRestoreArrayRead(right, &io.r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Apply(PC pc, Vec r, Vec y)
{
  NakMultigrid mg;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &mg));
  PetscCall(NakMultigridTurn(mg, NakMultigridCycle, r, NULL, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridPrecondition(NakMultigrid mg, PC pc)
{
  PetscFunctionBeginUser;
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, (void *)mg));
  PetscCall(PCShellSetApply(pc, Apply));
  PetscCall(PCShellSetName(pc, "multigrid with lines along z"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
