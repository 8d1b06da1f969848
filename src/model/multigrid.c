/* Multigrid for the linearised cell, over columns.

   Columns are halved in x and y and never in z.  The smoother solves z lines, which is right however
   the grid is stretched in z: all red columns, then all black ones, before the coarser grid and after
   it.  The first sweep starts from 0, or on the finest grid from a guess of the black columns; behind it
   black columns are solved, and what is left at the red ones is what the change of the black ones gave
   them.  Behind the coarser grid red lines are solved first, so only black ones need its correction.

   Where ranks become too many for the columns, or these so few that to compute them all takes less time
   than messages do, every rank takes over the whole grid and goes on down to a single column by itself. */
#include "multigrid.h"

#include <petscksp.h>

/* ---- Set-up ---- */

static PetscErrorCode CreatePairs(PetscInt n, Pairs *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc4(n, &p->cell[0], n, &p->cell[1], n, &p->weight[0], n, &p->weight[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyPairs(Pairs *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree4(p->cell[0], p->cell[1], p->weight[0], p->weight[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void SetPair(Pairs *p, PetscInt k, NakPair pair, PetscInt first)
{
  for (int s = 0; s < 2; s++) {
    p->cell[s][k]   = pair.cell[s] - first;
    p->weight[s][k] = pair.weight[s];
  }
}

static PetscBool Regular(const Pairs *p, PetscInt first, PetscInt n)
{
  for (PetscInt k = first + 2; k < n; k += 2)
    for (int s = 0; s < 2; s++)
      if (p->cell[s][k] != p->cell[s][k - 2] + 1 || p->weight[s][k] != p->weight[s][first])
        return PETSC_FALSE;
  return PETSC_TRUE;
}

static PetscErrorCode CreateDirection(PetscInt first, PetscInt n, PetscInt coarse_first,
                                      PetscInt n_fine, PetscInt n_coarse, PetscBool periodic,
                                      Pairs *interpolation, Pairs *overlap)
{
  PetscFunctionBeginUser;
  PetscCall(CreatePairs(n, interpolation));
  PetscCall(CreatePairs(n, overlap));
  for (PetscInt k = 0; k < n; k++) {
    SetPair(interpolation, k, NakInterpolation(first + k, n_fine, n_coarse, periodic),
            coarse_first - 1);
    SetPair(overlap, k, NakOverlap(first + k, n_fine, n_coarse), coarse_first - 1);
  }
  for (PetscInt k = 0; k < 2; k++) {
    interpolation->regular[k] = Regular(interpolation, k, n);
    overlap->regular[k]       = Regular(overlap, k, n);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTransfer(const NakLines *fine, const NakLines *coarse, Transfer *t)
{
  PetscFunctionBeginUser;
  PetscCall(CreateDirection(fine->box.xs, fine->box.xm, coarse->box.xs, fine->nx, coarse->nx,
                            fine->periodic, &t->interpolation[0], &t->overlap[0]));
  PetscCall(CreateDirection(fine->box.ys, fine->box.ym, coarse->box.ys, fine->ny, coarse->ny,
                            fine->periodic, &t->interpolation[1], &t->overlap[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyTransfer(Transfer *t)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 2; d++) {
    PetscCall(DestroyPairs(&t->interpolation[d]));
    PetscCall(DestroyPairs(&t->overlap[d]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From columns in the order of the ranks to all columns in natural order: `width` numbers each, or
   (width 0) places of lines. */
static PetscErrorCode CreateGather(NakMultigrid mg, NakState shared, PetscBool places, PetscSF *sf)
{
  const NakLines *whole = &mg->lines[mg->n_replicas - 1], *part = &mg->lines[mg->n_replicas];
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
static PetscInt Bottom(NakModel model, PetscMPIInt ranks)
{
  const PetscInt few    = 64; /* columns */
  PetscInt       bottom = 0;

  for (PetscInt k = 1; k + 1 < model->n_levels && ranks > 1; k++) {
    const NakGrid *grid = NakStateGrid(model->levels[k].state);

    if (grid->nx * grid->ny <= few) bottom = k;
  }
  return bottom;
}

/* The grids of one rank below the coarsest shared one, where that is not a single column. */
static PetscErrorCode CreateReplicas(NakModel model, NakMultigrid mg)
{
  const NakGrid *grid;
  PetscMPIInt    ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(model->comm, &ranks));
  mg->bottom = Bottom(model, ranks);
  grid       = NakStateGrid(model->levels[mg->bottom].state);
  if (grid->nx * grid->ny == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStateReplicate(model->levels[mg->bottom].state, &mg->whole));
  PetscCall(NakLevelsCreate(mg->whole, &model->pattern, &mg->replicas, &mg->n_replicas));
  PetscCallMPI(MPI_Type_contiguous(model->pattern.n, MPIU_REAL, &mg->entries));
  PetscCallMPI(MPI_Type_commit(&mg->entries));
  PetscCallMPI(MPI_Type_contiguous(model->pattern.size, MPIU_REAL, &mg->column));
  PetscCallMPI(MPI_Type_commit(&mg->column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Grid k, a shared one. */
static NakLevel *Shared(NakModel model, const NakMultigrid mg, PetscInt k)
{
  return &model->levels[mg->bottom + k - mg->n_replicas];
}

static PetscErrorCode CreateLines(NakModel model, NakMultigrid mg)
{
  ptrdiff_t half = 0, row = 0;

  PetscFunctionBeginUser;
  mg->n = mg->n_replicas + model->n_levels - mg->bottom;
  PetscCall(PetscCalloc2(mg->n, &mg->lines, mg->n, &mg->transfer));
  for (PetscInt k = 0; k < mg->n; k++) {
    const PetscBool replica = (PetscBool)(k < mg->n_replicas);
    NakState        state   = replica ? mg->replicas[k].state : Shared(model, mg, k)->state;
    NakLines       *g       = &mg->lines[k];

    PetscCall(NakLinesCreate(state, &mg->program, (PetscBool)(k + 1 == mg->n), g));
    if (k > 0 && k != mg->n_replicas)
      PetscCall(CreateTransfer(g, &mg->lines[k - 1], &mg->transfer[k]));
    half = PetscMax(half, g->pitch * g->size);
    row  = PetscMax(row, (ptrdiff_t)(g->box.xm + 2) * g->size);
  }
  PetscCall(PetscCalloc3(half, &mg->half, half, &mg->right, row, &mg->row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridCreate(NakModel model, NakMultigrid *multigrid)
{
  NakState     coarsest;
  NakMultigrid mg;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&mg));
  *multigrid = mg;
  PetscCall(NakProgramCreate(&model->pattern, &mg->program));
  PetscCall(CreateReplicas(model, mg));
  PetscCall(CreateLines(model, mg));
  if (mg->whole == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  coarsest = model->levels[mg->bottom].state;
  PetscCall(CreateGather(mg, coarsest, PETSC_TRUE, &mg->gather_b));
  PetscCall(CreateGather(mg, coarsest, PETSC_FALSE, &mg->gather_entries));
  PetscCall(CreateGather(mg, coarsest, PETSC_FALSE, &mg->gather_slopes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridDestroy(NakMultigrid *multigrid)
{
  NakMultigrid mg = *multigrid;

  PetscFunctionBeginUser;
  if (mg == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < mg->n; k++) {
    PetscCall(NakLinesDestroy(&mg->lines[k]));
    PetscCall(DestroyTransfer(&mg->transfer[k]));
  }
  PetscCall(PetscFree2(mg->lines, mg->transfer));
  PetscCall(PetscFree3(mg->half, mg->right, mg->row));
  PetscCall(NakProgramDestroy(&mg->program));
  PetscCall(PetscSFDestroy(&mg->gather_b));
  PetscCall(PetscSFDestroy(&mg->gather_entries));
  PetscCall(PetscSFDestroy(&mg->gather_slopes));
  if (mg->whole != NULL) {
    PetscCallMPI(MPI_Type_free(&mg->entries));
    PetscCallMPI(MPI_Type_free(&mg->column));
    PetscCall(NakLevelsDestroy(&mg->replicas, mg->n_replicas));
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
  PetscCall(PetscSFBcastBegin(sf, unit, from, to, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(sf, unit, from, to, MPI_REPLACE));
  PetscCall(VecRestoreArrayWrite(whole, &to));
  PetscCall(VecRestoreArrayRead(part, &from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FactorLevel(NakMultigrid mg, NakLines *g, const NakLevel *level)
{
  const PetscReal *entries, *slope;
  PetscInt         columns = g->box.xm * g->box.ym, n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(level->entries, &n));
  PetscCall(VecGetArrayRead(level->entries, &entries));
  PetscCall(VecGetArrayRead(level->slope, &slope));
  PetscCall(NakLinesFactor(g, &mg->program, entries, n / columns, slope));
  PetscCall(VecRestoreArrayRead(level->slope, &slope));
  PetscCall(VecRestoreArrayRead(level->entries, &entries));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMultigridFactor(NakModel model)
{
  NakMultigrid mg = model->multigrid;

  PetscFunctionBeginUser;
  mg->linearisation++;
  if (mg->whole != NULL) {
    const NakLevel *top = &mg->replicas[mg->n_replicas - 1], *part = &model->levels[mg->bottom];

    PetscCall(GatherVec(mg->gather_entries, mg->entries, part->entries, top->entries));
    PetscCall(GatherVec(mg->gather_slopes, mg->column, part->slope, top->slope));
    PetscCall(NakLevelsAverage(mg->replicas, mg->n_replicas));
  }
  for (PetscInt k = 0; k < mg->n_replicas; k++)
    PetscCall(FactorLevel(mg, &mg->lines[k], &mg->replicas[k]));
  for (PetscInt k = mg->n_replicas; k < mg->n; k++)
    PetscCall(FactorLevel(mg, &mg->lines[k], Shared(model, mg, k)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSolutionBegin(NakModel model, Vec solution)
{
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayWrite(solution, &model->multigrid->y));
  PetscCall(VecGetArrayRead(model->levels[model->n_levels - 1].slope, &model->multigrid->slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSolutionEnd(NakModel model, Vec solution)
{
  PetscFunctionBeginUser;
  PetscCall(
    VecRestoreArrayRead(model->levels[model->n_levels - 1].slope, &model->multigrid->slope));
  PetscCall(VecRestoreArrayWrite(solution, &model->multigrid->y));
  model->multigrid->y = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Apply(PC pc, Vec r, Vec y)
{
  NakModel     model;
  NakMultigrid mg;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &model));
  mg = model->multigrid;
  PetscCall(VecGetArrayRead(r, &mg->r));
  PetscCall(NakSolutionBegin(model, y));
  PetscCall(NakColumnsCycle(mg));
  PetscCall(NakSolutionEnd(model, y));
  PetscCall(VecRestoreArrayRead(r, &mg->r));
  mg->r = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelPreconditioner(NakModel model, PC pc)
{
  PetscFunctionBeginUser;
  if (model->multigrid == NULL) {
    PetscCall(NakMultigridCreate(model, &model->multigrid));
    if (model->linearised) PetscCall(NakMultigridFactor(model));
  }
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, (void *)model));
  PetscCall(PCShellSetApply(pc, Apply));
  PetscCall(PCShellSetName(pc, "multigrid with lines along z"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
