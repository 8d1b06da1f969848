/* Smoothing, the V-cycle, sums over the box. */
#include "phasefield_impl.h"

enum { COARSEST_SWEEPS = 16 };

static void SmoothLine(NakPhaseField e, NakLevel *v, PetscInt j, PetscInt k, PetscInt colour)
{
  const PetscInt parity = (colour + v->start[1] + j + v->start[2] + k) & 1;
  const NakLine  line   = NakSmoothLine(e, v, j, k, parity);

  NakRelax(e, &line);
  NakGhostsOfLine(e, v, j, k);
}

/* Whether the stencils of a line read no ghost lines. */
static PetscBool Inner(const NakPhaseField e, const NakLevel *v, PetscInt j, PetscInt k)
{
  return (PetscBool)(j > 0 && j < v->m[1] - 1 && (!e->solid || (k > 0 && k < v->m[2] - 1)));
}

/* The first colour of a line.  Then the second colour of the line before it, in 3D in the plane
   before it, if that line reads no ghost lines.  It is one sweep over memory. */
static void SmoothInner(NakPhaseField e, NakLevel *v)
{
  for (PetscInt l = 0; l < v->m[1] * v->m[2]; l++) {
    const PetscInt j = l % v->m[1], k = l / v->m[1];

    SmoothLine(e, v, j, k, 0);
    if (Inner(e, v, j - 1, k - e->solid)) SmoothLine(e, v, j - 1, k - e->solid, 1);
  }
}

/* The second colour of the lines that do read ghost lines. */
static void SmoothOuter(NakPhaseField e, NakLevel *v)
{
  for (PetscInt l = 0; l < v->m[1] * v->m[2]; l++) {
    const PetscInt j = l % v->m[1], k = l / v->m[1];

    if (!Inner(e, v, j, k)) SmoothLine(e, v, j, k, 1);
  }
}

PetscErrorCode NakSmooth(NakPhaseField e, NakLevel *v, PetscInt sweeps)
{
  PetscFunctionBeginUser;
  for (PetscInt s = 0; s < sweeps; s++) {
    SmoothInner(e, v);
    PetscCall(NakGhostsOfLines(e, v));
    SmoothOuter(e, v);
    PetscCall(NakGhostsOfLines(e, v));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Sums ---- */

typedef void (*Visit)(NakPhaseField e, const NakLine *line, PetscReal *const out[],
                      PetscReal sums[]);

/* Call `visit` for every half line of a grid. */
static void VisitLines(NakPhaseField e, const NakLevel *v, PetscReal *const u[], Visit visit,
                       PetscReal sums[])
{
  PetscReal *outs[NAK_FIELDS_MAX];

  for (PetscInt f = 0; f < NAK_FIELDS_MAX; f++) outs[f] = e->buffer + f * e->buffer_line;
  for (PetscInt h = 0; h < NakHalfLines(v); h++) {
    PetscInt j, k, parity;

    NakHalfLineOf(v, h, &j, &k, &parity);
    NakLine       line  = NakSmoothLine(e, v, j, k, parity);
    const NakLine other = NakHalfLine(e, v, u, j, k, parity);

    for (PetscInt f = 0; f < e->model->count; f++) line.u[f] = other.u[f];
    visit(e, &line, outs, sums);
  }
}

static void AddResiduals(NakPhaseField e, const NakLine *line, PetscReal *const out[],
                         PetscReal sums[])
{
  NakApply(e, line, out);
  for (PetscInt f = 0; f < e->model->count; f++)
    for (PetscInt i = 0; i < line->n; i++) sums[f] += line->rhs[f][i] - out[f][i];
}

static void LargestResiduals(NakPhaseField e, const NakLine *line, PetscReal *const out[],
                             PetscReal largest[])
{
  NakApply(e, line, out);
  for (PetscInt f = 0; f < e->model->count; f++)
    for (PetscInt i = 0; i < line->n; i++)
      largest[f] = PetscMax(largest[f], PetscAbsReal(line->rhs[f][i] - out[f][i]));
}

static void AddStored(NakPhaseField e, const NakLine *line, PetscReal *const out[],
                      PetscReal sums[])
{
  if (e->model->stored != NULL) e->model->stored(e->ctx, line, out);
  for (PetscInt f = 0; f < e->model->count; f++) {
    const PetscReal *values = e->model->stored != NULL ? out[f] : line->u[f];

    if (!e->model->evolves[f]) continue;
    for (PetscInt i = 0; i < line->n; i++) sums[f] += values[i];
  }
}

PetscErrorCode NakResidualLargest(NakPhaseField e, PetscReal largest[])
{
  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) largest[f] = 0;
  VisitLines(e, &e->level[0], e->level[0].u, LargestResiduals, largest);
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, largest, (int)e->model->count, MPIU_REAL, MPI_MAX, e->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStoredTotals(NakPhaseField e, PetscReal *const u[], PetscReal totals[])
{
  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) totals[f] = 0;
  VisitLines(e, &e->level[0], u, AddStored, totals);
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, totals, (int)e->model->count, MPIU_REAL, MPI_SUM, e->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The cycle ---- */

/* Shift conserved fields until their residuals sum to zero.  Smoothing is slowest at this. */
static PetscErrorCode ShiftCoarsest(NakPhaseField e, NakLevel *v)
{
  PetscReal       sums[NAK_FIELDS_MAX] = {0};
  const PetscReal cells                = (PetscReal)(v->m[0] * v->m[1] * v->m[2]);

  PetscFunctionBeginUser;
  if (e->model->stored != NULL) PetscFunctionReturn(PETSC_SUCCESS);
  VisitLines(e, v, v->u, AddResiduals, sums);
  for (PetscInt f = 0; f < e->model->count; f++) {
    if (!e->model->conserved[f]) continue;
    for (PetscInt i = 0; i < v->size; i++) v->u[f][i] += sums[f] / (e->integrator.shift * cells);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SolveCoarsest(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  for (int half = 0; half < 2; half++) {
    PetscCall(NakSmooth(e, v, COARSEST_SWEEPS / 2));
    PetscCall(ShiftCoarsest(e, v));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCycle(NakPhaseField e)
{
  NakLevel *const coarsest = &e->level[e->n_levels - 1];

  PetscFunctionBeginUser;
  for (NakLevel *v = e->level; v < coarsest; v++) {
    PetscCall(NakSmooth(e, v, e->params.before));
    PetscCall(NakRestrict(e, v, v + 1));
  }
  PetscCall(SolveCoarsest(e, coarsest));
  for (NakLevel *v = coarsest - 1; v >= e->level; v--) {
    PetscCall(NakProlong(e, v, v + 1));
    PetscCall(NakSmooth(e, v, e->params.after));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
