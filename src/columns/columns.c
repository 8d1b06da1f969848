/* The columns as a whole; the contract is in nakfield/columns.h. */
#include "columns_impl.h"
#include "multigrid.h"

struct NakColumns_private {
  NakColumnPhysics physics;
  NakPattern       pattern;
  NakGrids         grids;
  NakPotentials    potentials;
  Mat              product, matrix; /* as an operator, and if asked for */
  NakMultigrid     multigrid;       /* NULL until something is preconditioned */
  PetscReal       *lean;            /* of the owned columns, at the last linearisation */
  PetscBool        linearised;
  PetscBool        solved; /* NakColumnsSolved() */
  PetscReal        shift;  /* of the last linearisation */
};

PetscErrorCode NakColumnsCreate(NakState state, const NakColumnPhysics *physics,
                                NakColumns *columns)
{
  NakColumns c;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  *columns   = c;
  c->physics = *physics;
  PetscCall(NakPatternCreate(physics, NakStateLayout(state)->size, &c->pattern));
  PetscCall(NakGridsCreate(state, &c->pattern, &c->grids));
  PetscCall(NakPotentialsCreate(state, &NakFinest(&c->grids)->halo.near, physics, &c->potentials));
  c->grids.shared  = physics->shared;
  c->grids.lateral = physics->lateral;
  c->grids.ctx     = physics->ctx;
  c->grids.width   = physics->lateral.used ? physics->width : 0;
  PetscCall(PetscMalloc1((NakColumnsNeighbours(c)->owned + NakColumnsNeighbours(c)->ghosts) *
                           c->grids.width,
                         &c->grids.theta));
  PetscCall(NakOperatorCreate(&c->grids, &c->product));
  PetscCall(
    PetscCalloc1((ptrdiff_t)NakFinest(&c->grids)->halo.near.owned * physics->n_leans, &c->lean));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsDestroy(NakColumns *columns)
{
  NakColumns c = *columns;

  PetscFunctionBeginUser;
  if (c == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakMultigridDestroy(&c->multigrid));
  PetscCall(NakPotentialsDestroy(&c->potentials));
  PetscCall(MatDestroy(&c->product));
  PetscCall(MatDestroy(&c->matrix));
  PetscCall(NakGridsDestroy(&c->grids));
  PetscCall(NakPatternDestroy(&c->pattern));
  PetscCall(PetscFree(c->lean));
  PetscCall(PetscFree(c->grids.theta));
  PetscCall(PetscFree(*columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakGrid *NakColumnsGrid(NakColumns columns)
{
  return NakStateGrid(NakFinest(&columns->grids)->state);
}

const NakNeighbours *NakColumnsNeighbours(NakColumns columns)
{
  return &NakFinest(&columns->grids)->halo.near;
}

PetscErrorCode NakColumnsGhosts(NakColumns columns, const PetscReal own[], const PetscReal **ghosts)
{
  PetscFunctionBeginUser;
  PetscCall(NakHaloFetch(&NakFinest(&columns->grids)->halo, own, columns->grids.x));
  *ghosts = columns->grids.x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsResidual(NakColumns c, Vec U, Vec Udot, Vec F)
{
  const NakColumnPhysics *ph = &c->physics;
  const PetscReal        *u, *udot, *ghosts = NULL;
  PetscReal              *f;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  if (ph->shared.n > 0) PetscCall(ph->shared.prepare(ph->shared.ctx, u));
  PetscCall(NakColumnsGhosts(c, u, &ghosts));
  PetscCall(VecGetArrayRead(Udot, &udot));
  PetscCall(VecGetArray(F, &f));
  NakResidual(ph, NakColumnsNeighbours(c), &c->potentials, c->pattern.size, u, ghosts, udot, f);
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(Udot, &udot));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What lateral fluxes follow from, of the owned columns and the ghosts. */
static PetscErrorCode KeepPotentials(NakColumns c, const PetscReal u[])
{
  const NakNeighbours *near = NakColumnsNeighbours(c);
  const ptrdiff_t      size = c->pattern.size, width = c->grids.width;
  const PetscReal     *ghosts = NULL;

  PetscFunctionBeginUser;
  if (!c->physics.lateral.used) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakColumnsGhosts(c, u, &ghosts));
  for (PetscInt k = 0; k < near->owned + near->ghosts; k++)
    c->physics.potentials(c->physics.ctx,
                          k < near->owned ? u + k * size : ghosts + (k - near->owned) * size,
                          c->grids.theta + k * width);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The columns of the finest level. */
static PetscErrorCode LineariseFinest(NakColumns c, Vec U)
{
  const NakColumnPhysics *ph   = &c->physics;
  const NakGridLevel     *top  = NakFinest(&c->grids);
  const ptrdiff_t         size = c->pattern.size, per_column = c->pattern.n;
  const PetscReal        *u;
  PetscReal              *entries, *slope;
  NakEntries             *e = &c->pattern.scratch;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  if (ph->shared.n > 0) PetscCall(ph->shared.prepare(ph->shared.ctx, u));
  PetscCall(KeepPotentials(c, u));
  PetscCall(VecGetArrayWrite(top->entries, &entries));
  PetscCall(VecGetArrayWrite(top->slope, &slope));
  for (PetscInt k = 0; k < top->halo.near.owned; k++) {
    PetscReal *own = entries + k * per_column;

    e->n = 0;
    ph->slopes(ph->ctx, u + k * size, slope + k * size);
    ph->jacobian(ph->ctx, k, u + k * size, slope + k * size, c->shift, e);
    if (ph->n_leans > 0) ph->lean(ph->ctx, u + k * size, c->lean + (ptrdiff_t)k * ph->n_leans);
    for (ptrdiff_t j = 0; j < per_column; j++) own[j] = 0;
    for (PetscInt j = 0; j < e->n; j++) own[c->pattern.place[j]] += e->value[j];
  }
  PetscCall(VecRestoreArrayWrite(top->slope, &slope));
  PetscCall(VecRestoreArrayWrite(top->entries, &entries));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Onto the diagonals of the finest level. */
static PetscErrorCode AddDiagonals(NakColumns c, Vec more)
{
  const NakGridLevel *top  = NakFinest(&c->grids);
  const ptrdiff_t     size = c->pattern.size;
  const PetscReal    *from;
  PetscReal          *entries;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(more, &from));
  PetscCall(VecGetArray(top->entries, &entries));
  for (PetscInt k = 0; k < top->halo.near.owned; k++) {
    PetscReal *diagonal = entries + (ptrdiff_t)k * c->pattern.n + size;

    for (ptrdiff_t j = 0; j < size; j++) diagonal[j] += from[k * size + j];
  }
  PetscCall(VecRestoreArray(top->entries, &entries));
  PetscCall(VecRestoreArrayRead(more, &from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsLinearise(NakColumns columns, Vec U, PetscReal shift)
{
  PetscFunctionBeginUser;
  PetscCall(NakColumnsLineariseWith(columns, U, shift, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsLineariseWith(NakColumns columns, Vec U, PetscReal shift, Vec more)
{
  const NakGrids *grids = &columns->grids;

  PetscFunctionBeginUser;
  columns->shift      = shift;
  columns->linearised = columns->solved = PETSC_TRUE;
  PetscCall(LineariseFinest(columns, U));
  if (more != NULL) PetscCall(AddDiagonals(columns, more));
  PetscCall(NakGridsAverage(grids));
  PetscCall(NakGridsGhosts(NakFinest(grids)));
  PetscCall(MatAssemblyBegin(columns->product, MAT_FINAL_ASSEMBLY)); /* it has changed */
  PetscCall(MatAssemblyEnd(columns->product, MAT_FINAL_ASSEMBLY));
  if (columns->multigrid != NULL) PetscCall(NakMultigridFactor(columns->multigrid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

Mat NakColumnsOperator(NakColumns columns)
{
  return columns->product;
}

PetscErrorCode NakColumnsAddRest(NakColumns columns, Vec x, Vec y)
{
  PetscFunctionBeginUser;
  PetscCall(NakOperatorAddRest(&columns->grids, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakColumnsLateral(NakColumns columns)
{
  return columns->physics.lateral.used;
}

PetscErrorCode NakColumnsRestore(NakColumns columns, Vec solution)
{
  const NakColumnPhysics *ph   = &columns->physics;
  const PetscReal        *lean = columns->lean;
  PetscReal              *x;

  PetscFunctionBeginUser;
  if (ph->n_leans == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArray(solution, &x));
  for (PetscInt k = 0; k < NakFinest(&columns->grids)->halo.near.owned; k++) {
    PetscReal *own = x + (ptrdiff_t)k * columns->pattern.size;

    for (PetscInt j = 0; j < ph->n_leans; j++, lean++)
      own[ph->leans[j].of] += *lean * own[ph->leans[j].by];
  }
  PetscCall(VecRestoreArray(solution, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsKeep(NakColumns columns, PetscReal lost[], PetscReal shift, Vec U)
{
  const NakColumnPhysics *ph   = &columns->physics;
  const NakState          top  = NakFinest(&columns->grids)->state;
  const NakGrid          *grid = NakStateGrid(top);
  const MPI_Comm          comm = PetscObjectComm((PetscObject)NakStateDM(top));
  PetscReal              *u;
  PetscInt                n;

  PetscFunctionBeginUser;
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, lost, (PetscMPIInt)ph->n_conserved, MPIU_REAL, MPIU_SUM, comm));
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt s = 0; s < ph->n_conserved; s++) {
    const PetscReal whole =
      ph->capacity(ph->ctx, s, shift) * ((PetscReal)grid->nx * (PetscReal)grid->ny);

    for (ptrdiff_t k = ph->keeper[s]; k < n; k += columns->pattern.size) u[k] += lost[s] / whole;
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsConserve(NakColumns columns, Vec right, Vec solution)
{
  PetscReal lost[NAK_CONSERVED_MOST];

  PetscFunctionBeginUser;
  PetscCall(NakOperatorLost(&columns->grids, &columns->physics, right, solution, lost));
  PetscCall(NakColumnsKeep(columns, lost, columns->shift, solution));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsJudge(NakColumns columns, KSP ksp, Vec solution)
{
  const PetscReal most = 1e-4; /* of the solution; the coarsest tolerance of a solve is 3e-6 */
  PetscReal       left, size;

  PetscFunctionBeginUser;
  PetscCall(KSPGetResidualNorm(ksp, &left));
  PetscCall(VecNorm(solution, NORM_2, &size));
  columns->solved = (PetscBool)(left <= most * size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakColumnsSolved(NakColumns columns)
{
  return columns->solved;
}

PetscErrorCode NakColumnsMatrix(NakColumns columns, Mat *matrix)
{
  const NakGridLevel *top = NakFinest(&columns->grids);

  PetscFunctionBeginUser;
  if (columns->matrix == NULL) PetscCall(NakMatrixCreate(top, &columns->pattern, &columns->matrix));
  PetscCall(NakMatrixFill(top, &columns->pattern, columns->matrix));
  *matrix = columns->matrix;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NeedMultigrid(NakColumns c)
{
  PetscFunctionBeginUser;
  if (c->multigrid != NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakMultigridCreate(&c->grids, &c->multigrid));
  if (c->linearised) PetscCall(NakMultigridFactor(c->multigrid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsPreconditioner(NakColumns columns, PC pc)
{
  PetscFunctionBeginUser;
  PetscCall(NeedMultigrid(columns));
  PetscCall(NakMultigridPrecondition(columns->multigrid, pc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakColumnsSolver(NakColumns columns, PetscReal tolerance, PetscInt kept, PC pc,
                                KSP *inner)
{
  PetscFunctionBeginUser;
  *inner = NULL;
  PetscCall(NakColumnsPreconditioner(columns, pc));
  if (columns->physics.shared.n > 0 || NakColumnsLateral(columns))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakReducedSolver(columns->multigrid, tolerance, kept, pc, inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}
