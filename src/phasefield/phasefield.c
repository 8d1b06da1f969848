/* Creation and what is read from a state; the contract is in nakfield/phasefield.h. */
#include "phasefield_impl.h"

NakPhaseFieldParams NakPhaseFieldDefaults(void)
{
  return (NakPhaseFieldParams){.order            = 3,
                               .tolerance        = 1e-4,
                               .solver_tolerance = 0.1,
                               .first_step       = 1e-3,
                               .shortest_step    = 1e-12,
                               .longest_step     = PETSC_MAX_REAL,
                               .before           = 1,
                               .after            = 1,
                               .cycles           = 12};
}

static PetscErrorCode History(NakPhaseField e)
{
  const PetscInt size = e->level[0].size;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    for (PetscInt m = 0; m <= e->params.order; m++)
      PetscCall(NakArrayCreate(e, size, &e->past[m][f]));
    for (PetscInt m = 0; m < e->params.order && e->model->stored != NULL; m++)
      if (e->model->evolves[f]) PetscCall(NakArrayCreate(e, size, &e->stored[m][f]));
    PetscCall(NakArrayCreate(e, size, &e->last[f]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The place of the box for observers. */
static PetscErrorCode FrameGrid(NakPhaseField e)
{
  const NakDomain *b = &e->box;

  PetscFunctionBeginUser;
  e->frame_grid = (NakGrid){.nx      = b->n[0],
                            .ny      = b->n[1],
                            .nz      = b->n[2],
                            .n_alloy = b->n[2],
                            .dx      = b->size[0] / (PetscReal)b->n[0],
                            .dy      = b->size[1] / (PetscReal)b->n[1]};
  PetscCall(PetscMalloc1(b->n[2] + 1, &e->frame_grid.z));
  for (PetscInt k = 0; k <= b->n[2]; k++)
    e->frame_grid.z[k] = b->size[2] * (PetscReal)k / (PetscReal)b->n[2];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Initialise(NakPhaseField e)
{
  NakLevel *const v = &e->level[0];

  for (PetscInt k = 0; k < v->m[2]; k++)
    for (PetscInt j = 0; j < v->m[1]; j++)
      for (PetscInt parity = 0; parity < 2; parity++) {
        const NakLine line = NakHalfLine(e, v, v->u, j, k, parity);

        e->model->initial(e->ctx, &line);
      }
}

PetscErrorCode NakPhaseFieldCreate(MPI_Comm comm, const NakFieldModel *model, const void *ctx,
                                   const NakDomain *grid, const NakPhaseFieldParams *params,
                                   NakPhaseField *engine)
{
  NakPhaseField e;

  PetscFunctionBeginUser;
  *engine = NULL;
  PetscCheck(model->count >= 1 && model->count <= NAK_FIELDS_MAX, comm, PETSC_ERR_PLIB,
             "%s has %" PetscInt_FMT " fields; the engine takes 1 to %d", model->name, model->count,
             NAK_FIELDS_MAX);
  PetscCall(PetscNew(&e));
  PetscCall(PetscCommDuplicate(comm, &e->comm, NULL));
  PetscCallMPI(MPI_Comm_rank(e->comm, &e->rank));
  PetscCallMPI(MPI_Comm_size(e->comm, &e->size));
  e->model  = model;
  e->ctx    = ctx;
  e->box    = *grid;
  e->params = *params;
  e->solid  = grid->n[2] > 1;
  *engine   = e; /* so that the caller can destroy what is left after an error */
  PetscCall(NakHierarchyCreate(e));
  PetscCall(History(e));
  PetscCall(FrameGrid(e));
  Initialise(e);
  PetscCall(NakStepBegin(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldDestroy(NakPhaseField *engine)
{
  NakPhaseField e = *engine;

  PetscFunctionBeginUser;
  if (e == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt f = 0; f < NAK_FIELDS_MAX; f++) {
    for (PetscInt m = 0; m < NAK_HISTORY_MAX; m++) PetscCall(PetscFree(e->past[m][f]));
    for (PetscInt m = 0; m < NAK_ORDER_MAX; m++) PetscCall(PetscFree(e->stored[m][f]));
    PetscCall(PetscFree(e->last[f]));
  }
  PetscCall(NakHierarchyDestroy(e));
  PetscCall(PetscFree(e->frame_grid.z));
  PetscCall(PetscCommDestroy(&e->comm));
  PetscCall(PetscFree(*engine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakPhaseFieldCount NakPhaseFieldCounts(NakPhaseField e)
{
  return e->integrator.count;
}

static PetscReal CellVolume(const NakPhaseField e)
{
  const PetscReal *h = e->level[0].h;

  return h[0] * h[1] * h[2];
}

PetscErrorCode NakPhaseFieldEnergy(NakPhaseField e, PetscReal *energy)
{
  NakLevel *const v = &e->level[0];

  PetscFunctionBeginUser;
  *energy = 0;
  if (e->model->energy[e->solid] == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < v->m[2]; k++)
    for (PetscInt j = 0; j < v->m[1]; j++)
      for (PetscInt parity = 0; parity < 2; parity++) {
        const NakLine line = NakHalfLine(e, v, v->u, j, k, parity);

        *energy += e->model->energy[e->solid](e->ctx, &line);
      }
  *energy *= CellVolume(e);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, energy, 1, MPIU_REAL, MPI_SUM, e->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldTotal(NakPhaseField e, PetscInt field, PetscReal *total)
{
  PetscReal totals[NAK_FIELDS_MAX];

  PetscFunctionBeginUser;
  PetscCall(NakStoredTotals(e, e->level[0].u, totals));
  *total = totals[field] * CellVolume(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Squared distance of a half line from the exact solution. */
static PetscReal LineError(NakPhaseField e, const NakLine *line, PetscInt field)
{
  PetscReal *out[NAK_FIELDS_MAX], sum = 0;

  for (PetscInt f = 0; f < e->model->count; f++) out[f] = e->buffer + f * e->buffer_line;
  e->model->exact(e->ctx, line, out);
  for (PetscInt i = 0; i < line->n; i++) sum += PetscSqr(line->u[field][i] - out[field][i]);
  return sum;
}

PetscErrorCode NakPhaseFieldError(NakPhaseField e, PetscInt field, PetscReal *error)
{
  NakLevel *const v = &e->level[0];

  PetscFunctionBeginUser;
  PetscCheck(e->model->exact != NULL, e->comm, PETSC_ERR_SUP, "%s has no exact solution",
             e->model->name);
  *error = 0;
  for (PetscInt k = 0; k < v->m[2]; k++)
    for (PetscInt j = 0; j < v->m[1]; j++)
      for (PetscInt parity = 0; parity < 2; parity++) {
        const NakLine line = NakHalfLine(e, v, v->u, j, k, parity);

        *error += LineError(e, &line, field);
      }
  *error *= CellVolume(e);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, error, 1, MPIU_REAL, MPI_SUM, e->comm));
  *error = PetscSqrtReal(*error);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldResidual(NakPhaseField e, PetscInt field, PetscReal *residual)
{
  PetscReal largest[NAK_FIELDS_MAX];

  PetscFunctionBeginUser;
  PetscCall(NakResidualLargest(e, largest));
  *residual = largest[field];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldValues(NakPhaseField e, PetscInt field, PetscInt start[3],
                                   PetscInt count[3], PetscReal values[])
{
  const NakLevel *v = &e->level[0];

  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) {
    start[d] = v->start[d];
    count[d] = v->m[d];
  }
  if (values != NULL)
    NakCellsGet(v, v->u[field], 0, (size_t)v->m[0] * (size_t)v->m[1] * (size_t)v->m[2], values);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Fill(void *ctx, PetscInt field, PetscReal values[])
{
  PetscInt start[3], count[3];

  PetscFunctionBeginUser;
  PetscCall(NakPhaseFieldValues(ctx, field, start, count, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldFrame(NakPhaseField e, NakFrame *frame)
{
  const NakLevel *v = &e->level[0];

  PetscFunctionBeginUser;
  *frame = (NakFrame){.grid   = &e->frame_grid,
                      .fields = e->model->fields,
                      .count  = e->model->count,
                      .xs     = v->start[0],
                      .ys     = v->start[1],
                      .zs     = v->start[2],
                      .xm     = v->m[0],
                      .ym     = v->m[1],
                      .zm     = v->m[2],
                      .fill   = Fill,
                      .ctx    = e};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cells next to a point in one direction and the share of the second. */
static void Between(const NakLevel *v, int d, PetscReal at, PetscInt cell[2], PetscReal share[2])
{
  const PetscReal low = PetscFloorReal(at / v->h[d] - 0.5), last = (PetscReal)(v->n[d] - 1);

  cell[0]  = (PetscInt)PetscMin(PetscMax(low, 0), last);
  cell[1]  = (PetscInt)PetscMin(PetscMax(low + 1, 0), last);
  share[1] = at / v->h[d] - 0.5 - low;
  share[0] = 1 - share[1];
}

/* The value of a cell if this rank has it, else 0. */
static PetscReal OwnValue(const NakLevel *v, PetscInt field, const PetscInt cell[3])
{
  PetscInt local[3];

  for (int d = 0; d < 3; d++) {
    local[d] = cell[d] - v->start[d];
    if (local[d] < 0 || local[d] >= v->m[d]) return 0;
  }
  return v->u[field][NakLineAt(v, local[1], local[2]) + (local[0] & 1) * v->odd + (local[0] >> 1)];
}

PetscErrorCode NakPhaseFieldCut(NakPhaseField e, PetscInt field, PetscInt axis,
                                const PetscReal at[3], PetscReal values[])
{
  const NakLevel *v = &e->level[0];
  const int       a = ((int)axis + 1) % 3, b = ((int)axis + 2) % 3;
  PetscInt        ca[2], cb[2];
  PetscReal       sa[2], sb[2];
  PetscMPIInt     n;

  PetscFunctionBeginUser;
  Between(v, a, at[a], ca, sa);
  Between(v, b, at[b], cb, sb);
  for (PetscInt i = 0; i < v->n[axis]; i++) {
    values[i] = 0;
    for (int c = 0; c < 4; c++) {
      PetscInt cell[3];

      cell[axis] = i;
      cell[a]    = ca[c % 2];
      cell[b]    = cb[c / 2];
      values[i] += sa[c % 2] * sb[c / 2] * OwnValue(v, field, cell);
    }
  }
  PetscCall(PetscMPIIntCast(v->n[axis], &n));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, values, n, MPIU_REAL, MPI_SUM, e->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldMemory(NakPhaseField e, PetscReal *doubles)
{
  const PetscReal unknowns = (PetscReal)e->box.n[0] * (PetscReal)e->box.n[1] *
                             (PetscReal)e->box.n[2] * (PetscReal)e->model->count;

  PetscFunctionBeginUser;
  *doubles = e->doubles / unknowns;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, doubles, 1, MPIU_REAL, MPI_SUM, e->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
