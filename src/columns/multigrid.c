/* Multigrid over columns.

   Columns are halved in x and y and never in z.  The smoother solves z lines, which is right however
   the grid is stretched in z: all red columns, then all black ones, before the coarser grid and after
   it.  The first sweep starts from 0, or on the finest grid from a guess of the black columns; after it
   black columns are solved, and what is left at the red ones is what the change of the black ones gave
   them.  After the coarser grid red lines are solved first, so only black ones need its correction.

   Where ranks become too many for the columns, or these so few that to compute them all takes less time
   than messages do, every rank takes over the whole grid and goes on down to a single column by itself. */
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

/* From columns in the order of the ranks to all columns in natural order: `width` numbers each, or
   (width 0) places of lines. */
static PetscErrorCode CreateGather(NakMultigrid mg, PetscBool places, PetscSF *sf)
{
  const NakLines *whole = &mg->lines[mg->replicas.n - 1], *part = &mg->lines[mg->replicas.n];
  const NakState  shared = mg->grids->level[mg->bottom].state;
  const PetscInt  each = places ? whole->size : 1, most = whole->nx * whole->ny * each;
  PetscInt       *leaf, n                               = 0;
  PetscSFNode    *root;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(most, &leaf));
  PetscCall(PetscMalloc1(most, &root));
  for (PetscInt j = 0; j < whole->ny; j++) {
    for (PetscInt i = 0; i < whole->nx; i++) {
      NakLines    owner = *part;
      PetscMPIInt rank;

      PetscCall(NakOwner(shared, i, j, &rank, &owner.box));
      NakLinesShape(&owner);
      for (PetscInt z = 0; z < each; z++, n++) {
        const PetscInt column = (j - owner.box.ys) * owner.box.xm + i - owner.box.xs;

        leaf[n] = places ? (PetscInt)(NakLinesPlace(whole, i, j) + z * whole->pitch) : n;
        root[n] = (PetscSFNode){
          rank, places ? (PetscInt)(NakLinesPlace(&owner, i, j) + z * owner.pitch) : column};
      }
    }
  }
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)NakStateDM(shared)), sf));
  PetscCall(PetscSFSetGraph(*sf, places ? (PetscInt)part->length : part->box.xm * part->box.ym, n,
                            leaf, PETSC_OWN_POINTER, root, PETSC_OWN_POINTER));
  PetscCall(PetscSFSetUp(*sf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The coarsest grid that several ranks share: below it there are few columns. */
static PetscInt Bottom(const NakGrids *grids, PetscMPIInt ranks)
{
  const PetscInt few    = 64; /* columns */
  PetscInt       bottom = 0;

  for (PetscInt k = 1; k + 1 < grids->n && ranks > 1; k++) {
    const NakGrid *grid = NakStateGrid(grids->level[k].state);

    if (grid->nx * grid->ny <= few) bottom = k;
  }
  return bottom;
}

/* The grids of one rank below the coarsest shared one, where that is not a single column. */
static PetscErrorCode CreateReplicas(NakMultigrid mg)
{
  const NakGrids *grids = mg->grids;
  const NakGrid  *grid;
  NakState        coarsest;
  PetscMPIInt     ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(
    MPI_Comm_size(PetscObjectComm((PetscObject)NakStateDM(NakFinest(grids)->state)), &ranks));
  mg->bottom = Bottom(grids, ranks);
  coarsest   = grids->level[mg->bottom].state;
  grid       = NakStateGrid(coarsest);
  if (grid->nx * grid->ny == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStateReplicate(coarsest, &mg->whole));
  PetscCall(NakGridsCreate(mg->whole, grids->pattern, &mg->replicas));
  PetscCallMPI(MPI_Type_contiguous(grids->pattern->n, MPIU_REAL, &mg->entries));
  PetscCallMPI(MPI_Type_commit(&mg->entries));
  PetscCallMPI(MPI_Type_contiguous(grids->pattern->size, MPIU_REAL, &mg->column));
  PetscCallMPI(MPI_Type_commit(&mg->column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Grid k. */
static NakGridLevel *Level(const NakMultigrid mg, PetscInt k)
{
  const PetscInt n = mg->replicas.n;

  return k < n ? &mg->replicas.level[k] : &mg->grids->level[mg->bottom + k - n];
}

static PetscErrorCode CreateLines(NakMultigrid mg)
{
  ptrdiff_t half = 0, row = 0;

  PetscFunctionBeginUser;
  mg->n = mg->replicas.n + mg->grids->n - mg->bottom;
  PetscCall(PetscCalloc2(mg->n, &mg->lines, mg->n, &mg->transfer));
  for (PetscInt k = 0; k < mg->n; k++) {
    NakLines *g = &mg->lines[k];

    PetscCall(NakLinesCreate(Level(mg, k)->state, &mg->lu, (PetscBool)(k + 1 == mg->n), g));
    if (k > 0 && k != mg->replicas.n)
      PetscCall(CreateTransfer(g, &mg->lines[k - 1], &mg->transfer[k]));
    half = PetscMax(half, g->pitch * g->size);
    row  = PetscMax(row, (ptrdiff_t)(g->box.xm + 2) * g->size);
  }
  PetscCall(PetscCalloc3(half, &mg->half, half, &mg->right, row, &mg->row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridCreate(const NakGrids *grids, NakMultigrid *multigrid)
{
  NakMultigrid mg;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&mg));
  *multigrid = mg;
  mg->grids  = grids;
  PetscCall(NakLineLUCreate(grids->pattern, &mg->lu));
  PetscCall(CreateReplicas(mg));
  PetscCall(CreateLines(mg));
  if (mg->whole == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CreateGather(mg, PETSC_TRUE, &mg->gather_b));
  PetscCall(CreateGather(mg, PETSC_FALSE, &mg->gather_columns));
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
  PetscCall(PetscFree2(mg->lines, mg->transfer));
  PetscCall(PetscFree3(mg->half, mg->right, mg->row));
  PetscCall(NakLineLUDestroy(&mg->lu));
  PetscCall(PetscSFDestroy(&mg->gather_b));
  PetscCall(PetscSFDestroy(&mg->gather_columns));
  if (mg->whole != NULL) {
    PetscCallMPI(MPI_Type_free(&mg->entries));
    PetscCallMPI(MPI_Type_free(&mg->column));
    PetscCall(NakGridsDestroy(&mg->replicas));
    PetscCall(NakStateDestroy(&mg->whole));
  }
  PetscCall(PetscFree(*multigrid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Factors ---- */

static PetscErrorCode GatherVec(PetscSF sf, MPI_Datatype unit, Vec part, Vec whole)
{
  const PetscReal *from;
  PetscReal       *to;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(part, &from));
  PetscCall(VecGetArrayWrite(whole, &to));
  PetscCall(NakBroadcast(sf, unit, from, to));
  PetscCall(VecRestoreArrayWrite(whole, &to));
  PetscCall(VecRestoreArrayRead(part, &from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FactorLevel(NakMultigrid mg, PetscInt k)
{
  const NakGridLevel *level = Level(mg, k);
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
  if (mg->whole != NULL) {
    const NakGridLevel *top = NakFinest(&mg->replicas), *part = &mg->grids->level[mg->bottom];

    PetscCall(GatherVec(mg->gather_columns, mg->entries, part->entries, top->entries));
    PetscCall(GatherVec(mg->gather_columns, mg->column, part->slope, top->slope));
    PetscCall(NakGridsAverage(&mg->replicas));
  }
  for (PetscInt k = 0; k < mg->n; k++) PetscCall(FactorLevel(mg, k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Use ---- */

PetscErrorCode NakMultigridTurn(NakMultigrid mg, NakTurn turn, Vec right, const PetscReal guess[],
                                Vec solution)
{
  const Vec slope = NakFinest(mg->grids)->slope;
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
