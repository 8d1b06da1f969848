/* Time: backward differentiation with variable steps, its error from the prediction, and
   conservation. */
#include "phasefield_impl.h"

#include <math.h>

#define SAFETY      0.9
#define SLACK       1e-9 /* of what is left: a step that comes so near to its end goes to it */
#define FIXED_START 1e-3 /* of fixed steps: where the formula's order must grow, they do too */
#define PINNED      1e14 /* shift that holds the fields that evolve where they are */
#define STALE       1.05 /* growth of the remembered rate of convergence while it is not measured */
#define SLOWEST     0.7  /* rate of convergence that is still called one */
#define HOPELESS    4    /* error after the first cycle that ends a step at once */

/* Growth of a step: the formula of second order is stable up to 2.41, that of third order up to
   1.5. */
static const PetscReal growth[NAK_ORDER_MAX + 1] = {1, 3, 2, 1.4};

/* ---- Combinations of arrays ---- */

/* y = sum of a[m] x[m][f] */
static void Combine(PetscInt count, const PetscReal a[], PetscReal *x[][NAK_FIELDS_MAX], PetscInt f,
                    PetscInt size, PetscReal *restrict y)
{
  for (PetscInt i = 0; i < size; i++) y[i] = a[0] * x[0][f][i];
  for (PetscInt m = 1; m < count; m++) {
    const PetscReal *restrict const xm = x[m][f];
    const PetscReal am                 = a[m];

    for (PetscInt i = 0; i < size; i++) y[i] += am * xm[i];
  }
}

/* Sum of (a - b)^2 over own cells. */
static PetscReal Squares(const NakLevel *v, const PetscReal *a, const PetscReal *b)
{
  PetscReal sum = 0;

  for (PetscInt h = 0; h < NakHalfLines(v); h++) {
    PetscInt j, k, parity;

    NakHalfLineOf(v, h, &j, &k, &parity);
    const ptrdiff_t at                = NakLineAt(v, j, k) + (parity ? v->odd : 0);
    const PetscReal *restrict const x = a + at, *restrict const y = b + at;
    PetscReal s = 0;

#pragma omp simd reduction(+ : s)
    for (PetscInt i = 0; i < NakHalf(v->n[0], parity); i++) s += (x[i] - y[i]) * (x[i] - y[i]);
    sum += s;
  }
  return sum;
}

/* RMS over all cells of (a - b) / scale, the largest of the fields asked for.  If one is not
   finite, it is infinite, beyond PETSC_INFINITY. */
static PetscErrorCode Distance(NakPhaseField e, PetscReal *const a[], PetscReal *const b[],
                               const PetscBool fields[], PetscReal *distance)
{
  const NakLevel *v     = &e->level[0];
  const PetscReal cells = (PetscReal)v->n[0] * (PetscReal)v->n[1] * (PetscReal)v->n[2];
  PetscReal       sums[NAK_FIELDS_MAX] = {0};

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++)
    if (fields[f]) sums[f] = Squares(v, a[f], b[f]) / PetscSqr(e->model->scale[f]) / cells;
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, sums, (int)e->model->count, MPIU_REAL, MPI_SUM, e->comm));
  *distance = 0;
  for (PetscInt f = 0; f < e->model->count; f++)
    *distance = PetscIsInfOrNanReal(sums[f]) ? INFINITY : PetscMax(*distance, sums[f]);
  *distance = PetscSqrtReal(*distance);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Solves ---- */

static PetscErrorCode CopyFields(NakPhaseField e, PetscReal *const from[], PetscReal *const to[])
{
  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++)
    if (to[f] != NULL) PetscCall(PetscArraycpy(to[f], from[f], e->level[0].size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cycles until the change still to come, by their rate so far, is below `goal`.  `first` receives
   the change by the first cycle, `*solved` whether the goal was met.  Gives up if a change is above
   `limit`, or above the one before it. */
static PetscErrorCode Solve(NakPhaseField e, const PetscBool fields[], PetscReal goal,
                            PetscReal limit, PetscReal *first, PetscBool *solved)
{
  NakLevel *const v    = &e->level[0];
  PetscReal       last = 0, change;

  PetscFunctionBeginUser;
  *solved = PETSC_FALSE;
  e->integrator.count.solves++;
  for (PetscInt cycle = 0; cycle < e->params.cycles; cycle++) {
    PetscCall(CopyFields(e, v->u, e->last));
    PetscCall(NakCycle(e));
    e->integrator.count.cycles++;
    PetscCall(Distance(e, v->u, e->last, fields, &change));
    if (cycle == 0) *first = change;
    if (!(change <= limit) || (cycle > 1 && change > last)) break;
    if (cycle > 0) e->integrator.rate = PetscMin(PetscMax(change / last, 0.01), SLOWEST);
    last = change;
    if (change * e->integrator.rate / (1 - e->integrator.rate) > goal) continue;
    *solved = PETSC_TRUE;
    if (cycle == 0) e->integrator.rate = PetscMin(e->integrator.rate * STALE, SLOWEST);
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Shift(NakPhaseField e, PetscInt f, PetscReal by)
{
  NakLevel *const v = &e->level[0];

  for (PetscInt i = 0; i < v->size; i++) v->u[f][i] += by;
}

/* How the total of S_f responds to a shift of u_f, per cell: 1, or by a difference. */
static PetscErrorCode Answer(NakPhaseField e, PetscInt f, const PetscReal totals[],
                             PetscReal *answer)
{
  const PetscReal h = 1e-6 * e->model->scale[f];
  PetscReal       moved[NAK_FIELDS_MAX];

  PetscFunctionBeginUser;
  *answer = (PetscReal)e->box.n[0] * (PetscReal)e->box.n[1] * (PetscReal)e->box.n[2];
  if (e->model->stored == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  Shift(e, f, h);
  PetscCall(NakStoredTotals(e, e->level[0].u, moved));
  Shift(e, f, -h);
  *answer = (moved[f] - totals[f]) / h;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shift conserved fields as a whole until their totals are those of the start.  The residual of a
   solve is small and of either sign, but over thousands of steps it would add up. */
static PetscErrorCode Conserve(NakPhaseField e)
{
  const int rounds = e->model->stored == NULL ? 1 : 2; /* Newton's, from nearby */
  PetscReal totals[NAK_FIELDS_MAX], answer;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    for (int round = 0; e->model->conserved[f] && round < rounds; round++) {
      PetscCall(NakStoredTotals(e, e->level[0].u, totals));
      PetscCall(Answer(e, f, totals, &answer));
      if (answer != 0) Shift(e, f, (e->integrator.total[f] - totals[f]) / answer);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- A step ---- */

static void AddSource(NakPhaseField e)
{
  NakLevel *const v = &e->level[0];

  if (e->model->source == NULL) return;
  for (PetscInt l = 0; l < v->m[1] * v->m[2]; l++) {
    for (PetscInt parity = 0; parity < 2; parity++) {
      const PetscInt  j = l % v->m[1], k = l / v->m[1];
      const NakLine   line = NakHalfLine(e, v, v->u, j, k, parity);
      const ptrdiff_t at   = NakLineAt(v, j, k) + (parity ? v->odd : 0);
      PetscReal      *out[NAK_FIELDS_MAX];

      for (PetscInt f = 0; f < e->model->count; f++) out[f] = v->rhs[f] + at;
      e->model->source(e->ctx, &line, out);
    }
  }
}

/* Prediction into u, history and source into rhs.  `weights` are those of the formula, [0] for the
   new time. */
static PetscErrorCode Begin(NakPhaseField e, PetscInt order, const PetscReal x[],
                            const PetscReal weights[])
{
  NakLevel *const v                          = &e->level[0];
  const PetscInt  points                     = PetscMin(e->integrator.n_past, order + 1);
  PetscReal       ahead[NAK_HISTORY_MAX + 1] = {0}, minus[NAK_ORDER_MAX] = {0};

  PetscFunctionBeginUser;
  NakPredictionWeights(points, x, ahead);
  for (PetscInt m = 0; m < order; m++) minus[m] = -weights[m + 1];
  e->integrator.shift = weights[0];
  e->time             = x[0];
  for (PetscInt f = 0; f < e->model->count; f++) {
    Combine(points, ahead + 1, e->past, f, v->size, v->u[f]);
    if (!e->model->evolves[f])
      PetscCall(PetscArrayzero(v->rhs[f], v->size));
    else
      Combine(order, minus, e->model->stored == NULL ? e->past : e->stored, f, v->size, v->rhs[f]);
  }
  AddSource(e);
  NakFaces(e);
  PetscCall(NakGhosts(e, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Error of the formula over the tolerance. */
static PetscErrorCode StepError(NakPhaseField e, PetscInt order, const PetscReal x[],
                                PetscReal *error)
{
  NakLevel *const v                          = &e->level[0];
  PetscReal       ahead[NAK_HISTORY_MAX + 1] = {0};

  PetscFunctionBeginUser;
  *error = 0;
  if (e->integrator.n_past <= order)
    PetscFunctionReturn(PETSC_SUCCESS); /* the first step: nothing to go by */
  NakPredictionWeights(order + 1, x, ahead);
  for (PetscInt f = 0; f < e->model->count; f++)
    if (e->model->evolves[f]) Combine(order + 1, ahead + 1, e->past, f, v->size, e->last[f]);
  PetscCall(Distance(e, v->u, e->last, e->model->evolves, error));
  *error *= NakErrorShare(order, x, e->integrator.shift) / e->params.tolerance;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keep S of the newest state. */
static void Store(NakPhaseField e)
{
  NakLevel *const v = &e->level[0];

  if (e->model->stored == NULL) return;
  for (PetscInt f = 0; f < e->model->count; f++) {
    PetscReal *const oldest = e->stored[e->params.order - 1][f];

    for (PetscInt m = e->params.order - 1; m > 0; m--) e->stored[m][f] = e->stored[m - 1][f];
    e->stored[0][f] = oldest;
  }
  for (PetscInt h = 0; h < NakHalfLines(v); h++) {
    PetscReal *out[NAK_FIELDS_MAX] = {NULL};
    PetscInt   j, k, parity;

    NakHalfLineOf(v, h, &j, &k, &parity);
    const NakLine   line = NakHalfLine(e, v, v->u, j, k, parity);
    const ptrdiff_t at   = NakLineAt(v, j, k) + (parity ? v->odd : 0);

    for (PetscInt f = 0; f < e->model->count; f++)
      if (e->stored[0][f] != NULL) out[f] = e->stored[0][f] + at;
    e->model->stored(e->ctx, &line, out);
  }
}

/* Make u the newest of the past. */
static PetscErrorCode Accept(NakPhaseField e)
{
  NakLevel *const v    = &e->level[0];
  const PetscInt  keep = e->params.order + 1;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    PetscReal *const oldest = e->past[keep - 1][f];

    for (PetscInt m = keep - 1; m > 0; m--) e->past[m][f] = e->past[m - 1][f];
    e->past[0][f] = oldest;
  }
  for (PetscInt m = keep - 1; m > 0; m--)
    e->integrator.past_time[m] = e->integrator.past_time[m - 1];
  e->integrator.past_time[0] = e->time;
  e->integrator.n_past       = PetscMin(e->integrator.n_past + 1, keep);
  PetscCall(CopyFields(e, v->u, e->past[0]));
  Store(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Try a step of length dt to `to`.  Returns its error, negative if it was not solved.  Sets the
   length of the next step. */
static PetscErrorCode TryStep(NakPhaseField e, PetscReal to, PetscReal dt, PetscReal *error)
{
  const PetscInt       ready   = PetscMax(1, e->integrator.n_past - 1);
  const PetscInt       order   = PetscMin(e->params.order, ready);
  const NakStepControl control = {.failed = 0.5, .shrink = 0.2, .growth = growth[order]};
  const PetscReal      goal    = e->params.solver_tolerance * e->params.tolerance;
  PetscReal            x[NAK_HISTORY_MAX + 1] = {to}, weights[NAK_ORDER_MAX + 1], first;
  PetscReal            limit = PETSC_INFINITY, allowed = 0;
  PetscBool            solved;

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < e->integrator.n_past; m++) x[m + 1] = e->integrator.past_time[m];
  NakDerivativeWeights(order, x, weights);
  PetscCall(Begin(e, order, x, weights));
  if (e->integrator.n_past > order && !e->params.fixed)
    limit = HOPELESS * e->params.tolerance / NakErrorShare(order, x, e->integrator.shift);
  PetscCall(Solve(e, e->model->evolves, goal, limit, &first, &solved));
  *error = -1;
  if (solved) {
    PetscCall(Conserve(e));
    PetscCall(StepError(e, order, x, error));
    if (e->params.fixed) *error = 0;
    allowed = SAFETY * PetscPowReal(PetscMax(*error, 1e-10), -1 / (PetscReal)(order + 1));
  }
  e->integrator.next_step =
    PetscMin(NakStepNext(&control, dt, dt, *error, allowed), NakLongestStep(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldStep(NakPhaseField e, PetscReal latest)
{
  const PetscReal now = e->integrator.past_time[0], left = latest - now;

  PetscFunctionBeginUser;
  for (;;) {
    PetscReal       error;
    const PetscReal length = NakStepLength(e->integrator.next_step, left, SLACK, 0);
    const PetscReal end = length == left ? latest : now + length, dt = end - now;

    PetscCall(TryStep(e, end, dt, &error));
    if (error >= 0 && error <= 1) {
      PetscCall(Accept(e));
      e->integrator.count.steps++;
      e->integrator.count.dt = dt;
      break;
    }
    e->integrator.count.rejected++;
    if (e->integrator.next_step >= e->params.shortest_step) continue;
    PetscCall(CopyFields(e, e->past[0], e->level[0].u));
    e->time = now;
    SETERRQ(e->comm, PETSC_ERR_NOT_CONVERGED,
            "%s: no time step from %.9g on succeeded, not even one of %.3g: %s", e->model->name,
            (double)now, (double)dt,
            error < 0 ? "it is not solved; raise multigrid.cycles"
                      : "its error is too large; raise time.tolerance or lower time.shortest_step");
  }
  e->integrator.count.time = e->time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The start ---- */

/* Find the fields that do not evolve, those that do being held. */
static PetscErrorCode FindOthers(NakPhaseField e)
{
  NakLevel *const v                      = &e->level[0];
  PetscBool       others[NAK_FIELDS_MAX] = {PETSC_FALSE}, any = PETSC_FALSE, solved;
  PetscReal       first;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    others[f] = (PetscBool)!e->model->evolves[f];
    any       = (PetscBool)(any || others[f]);
  }
  if (!any) PetscFunctionReturn(PETSC_SUCCESS);
  e->integrator.shift = PINNED;
  for (PetscInt f = 0; f < e->model->count; f++) {
    const PetscReal *from = e->model->stored == NULL ? v->u[f] : e->stored[0][f];

    for (PetscInt i = 0; i < v->size; i++) v->rhs[f][i] = others[f] ? 0 : PINNED * from[i];
  }
  AddSource(e);
  e->integrator.rate = SLOWEST;
  PetscCall(Solve(e, others, 1e-10, PETSC_INFINITY, &first, &solved));
  PetscCheck(solved, e->comm, PETSC_ERR_NOT_CONVERGED,
             "%s: the fields that follow from the initial state are not found; raise "
             "multigrid.cycles",
             e->model->name);
  for (PetscInt f = 0; f < e->model->count; f++)
    if (!others[f]) PetscCall(PetscArraycpy(v->u[f], e->past[0][f], v->size));
  PetscCall(NakGhosts(e, v));
  PetscCall(CopyFields(e, v->u, e->past[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStepBegin(NakPhaseField e)
{
  PetscFunctionBeginUser;
  e->time = 0;
  NakFaces(e);
  PetscCall(NakGhosts(e, &e->level[0]));
  PetscCall(Accept(e));
  PetscCall(NakStoredTotals(e, e->level[0].u, e->integrator.total));
  PetscCall(FindOthers(e));
  e->integrator.next_step = e->params.first_step * (e->params.fixed ? FIXED_START : 1);
  e->integrator.rate      = SLOWEST;
  e->integrator.count     = (NakPhaseFieldCount){.time = 0};
  e->integrator.order     = e->params.order;
  PetscFunctionReturn(PETSC_SUCCESS);
}
