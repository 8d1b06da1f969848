/* A step of implicit Euler: Newton's method, amounts by fluxes, the error; the contract is in
   nakfield/multiphase.h. */
#include "multiphase_impl.h"

#include <math.h>

#define CONVERGED 1e-6  /* largest last change of an unknown in Newton's method */
#define MOST_MU   1.5   /* change of mu / RT in an iteration */
#define MOST_PHI  0.3   /* and of an order parameter */
#define TURNS     4     /* by which the voids get their volume back */
#define AGREE     1e-3  /* of the tolerance: how far booked amounts may be from those held */
#define SAFETY    0.8   /* of the length that the error allows */
#define ROUNDING  1e-14 /* of a time */
#define SLACK     1e-10 /* of what is left: a step that comes so near to its end goes to it */

static const NakStepControl control = {
  .failed = 0.25, .shrink = 0.2, .growth = 2, .whole = 0.99, .easy = 0.5};

/* ---- Voids: a pressure holds their volume ---- */

/* Sum of the share of void, and its derivatives to all unknowns in `slope`, or NULL. */
static PetscErrorCode Voids(NakMixBox b, Vec U, Vec slope, PetscReal *sum)
{
  const PetscInt   n = b->mix.n;
  const PetscReal *u;
  PetscReal       *d = NULL;
  PetscInt         size;

  PetscFunctionBeginUser;
  *sum = 0;
  PetscCall(VecGetLocalSize(U, &size));
  PetscCall(VecGetArrayRead(U, &u));
  if (slope != NULL) PetscCall(VecGetArray(slope, &d));
  for (PetscInt i = 0; i < size; i += n) {
    const NakMixPoint p = NakMixAt(&b->mix, u + i);

    *sum += p.voids;
    for (PetscInt k = 0; d != NULL && k < n; k++) d[i + k] = k > 0 ? p.dvoids[k] : 0;
  }
  if (slope != NULL) PetscCall(VecRestoreArray(slope, &d));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 1, MPIU_REAL, MPIU_SUM, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Let voids stand for liquid of the mean composition around them, whatever it has become.  The
   amounts in every cell stay what they are. */
static PetscErrorCode FollowLiquid(NakMixBox b)
{
  const PetscInt   n   = b->mix.n;
  const PetscReal  old = b->mix.void_x;
  const PetscReal *u;
  PetscReal       *X, sum[2] = {0, 0};
  PetscInt         size;

  PetscFunctionBeginUser;
  if (!b->mix.used[NAK_BODY_VOID]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetLocalSize(b->X, &size));
  PetscCall(VecGetArrayRead(b->U, &u));
  for (PetscInt i = 0; i < size; i++) {
    const NakMixPoint p      = NakMixAt(&b->mix, u + (ptrdiff_t)i * n);
    const PetscReal   weight = PetscMax(0, p.voids * p.h[NAK_BODY_LIQUID]);

    sum[0] += weight * p.x_liquid;
    sum[1] += weight;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPIU_SUM, b->comm));
  if (sum[1] > 0) b->mix.void_x = sum[0] / sum[1];
  PetscCall(VecGetArray(b->X, &X));
  for (PetscInt i = 0; i < size; i++)
    X[i] +=
      (b->mix.void_x - old) * (1 - NAK_MIX_VAPOUR) * NakMixAt(&b->mix, u + (ptrdiff_t)i * n).voids;
  PetscCall(VecRestoreArray(b->X, &X));
  PetscCall(VecRestoreArrayRead(b->U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How the order parameters move in a step per unit of pressure, from the slopes of the voids'
   volume. */
static PetscErrorCode Push(NakMixBox b, PetscReal dt)
{
  const PetscInt   n = b->mix.n;
  const PetscReal *slope;
  PetscReal       *push, L[NAK_MIX_MOST][NAK_MIX_MOST];
  PetscInt         size;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(b->push, &size));
  PetscCall(VecGetArrayRead(b->border, &slope));
  PetscCall(VecGetArray(b->push, &push));
  for (PetscInt i = 0; i < size; i += n) {
    NakMixRates(&b->mix, b->presence + (ptrdiff_t)i / n * NAK_MIX_MOST, L);
    push[i] = 0;
    for (PetscInt k = 1; k < n; k++) {
      push[i + k] = 0;
      for (PetscInt l = 1; l < n; l++) push[i + k] += dt / b->mix.volume * L[k][l] * slope[i + l];
    }
  }
  PetscCall(VecRestoreArray(b->push, &push));
  PetscCall(VecRestoreArrayRead(b->border, &slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* J x = right; whether it was solved. */
static PetscErrorCode SolveLinear(NakMixBox b, Vec right, Vec x, PetscBool *ok)
{
  KSPConvergedReason reason;
  PetscInt           iterations;

  PetscFunctionBeginUser;
  PetscCall(KSPSolve(b->ksp, right, x));
  PetscCall(KSPGetConvergedReason(b->ksp, &reason));
  PetscCall(KSPGetIterationNumber(b->ksp, &iterations));
  b->integrator.linear += iterations;
  *ok = (PetscBool)(reason > 0);
  if (!*ok) PetscCall(NakMixCreateSolver(b)); /* parts of one that has failed say so for ever */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bordered system: add to `change` the part that keeps the volume, and move the pressure with
   it. */
static PetscErrorCode BorderSolve(NakMixBox b, PetscReal dt, PetscBool *ok)
{
  PetscReal sum, from_change, from_answer, q;

  PetscFunctionBeginUser;
  PetscCall(Voids(b, b->guess, b->border, &sum));
  PetscCall(Push(b, dt));
  PetscCall(SolveLinear(b, b->push, b->answer, ok));
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDot(b->border, b->change, &from_change));
  PetscCall(VecDot(b->border, b->answer, &from_answer));
  q = (sum - b->integrator.void_start - from_change) / from_answer;
  PetscCall(VecAXPY(b->change, q, b->answer));
  b->mix.pressure += q;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixHoldVoids(NakMixBox b, Vec U)
{
  const PetscInt n = b->mix.n, v = n - 1; /* the void is the last phase */
  PetscInt       size;
  PetscReal     *u, sum[2];

  PetscFunctionBeginUser;
  if (!b->mix.used[NAK_BODY_VOID]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetLocalSize(U, &size));
  for (int turn = 0; turn < TURNS; turn++) {
    PetscReal shift;

    PetscCall(VecGetArray(U, &u));
    sum[0] = sum[1] = 0;
    for (PetscInt i = 0; i < size; i += n) {
      const NakMixPoint p = NakMixAt(&b->mix, u + i);

      sum[0] += p.voids;
      sum[1] += p.dvoids[v] * u[i + v] * (1 - u[i + v]);
    }
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPIU_SUM, b->comm));
    shift = sum[1] > 0 ? (b->integrator.void_start - sum[0]) / sum[1] : 0;
    for (PetscInt i = 0; i < size; i += n) u[i + v] += shift * u[i + v] * (1 - u[i + v]);
    PetscCall(VecRestoreArray(U, &u));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Newton's method ---- */

/* Subtract the change, cell by cell within bounds.  Returns the largest change wanted; it is
   infinite if one is not finite. */
static PetscErrorCode Update(NakMixBox b, PetscReal *largest)
{
  const PetscInt   n = b->mix.n;
  const PetscReal *change;
  PetscReal       *u;
  PetscInt         size;

  PetscFunctionBeginUser;
  *largest = 0;
  PetscCall(VecGetLocalSize(b->guess, &size));
  PetscCall(VecGetArrayRead(b->change, &change));
  PetscCall(VecGetArray(b->guess, &u));
  for (PetscInt i = 0; i < size; i++) {
    const PetscReal most   = i % n == 0 ? MOST_MU : MOST_PHI;
    const PetscBool absent = (PetscBool)(b->presence[i / n * NAK_MIX_MOST + i % n] == 0);
    const PetscReal c      = i % n > 0 && absent ? 0 : change[i]; /* what a solver leaves over */

    *largest = PetscIsInfOrNanReal(c) ? INFINITY : PetscMax(*largest, PetscAbsReal(c));
    u[i] -= PetscMax(-most, PetscMin(most, c));
  }
  PetscCall(VecRestoreArray(b->guess, &u));
  PetscCall(VecRestoreArrayRead(b->change, &change));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, largest, 1, MPIU_REAL, MPIU_MAX, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* X from the fluxes of `guess`, and whether it agrees with what its phases and mu hold.  In a long
   step, fluxes are small differences of large numbers. */
static PetscErrorCode UpdateAmounts(NakMixBox b, PetscReal dt, PetscReal *drained, PetscBool *ok)
{
  const PetscReal  most = AGREE * b->params.tolerance;
  const PetscInt   n    = NakMixInner(b);
  const PetscReal *X;
  PetscReal        worst = 0;
  PetscInt         size;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(b->X, b->X_new));
  PetscCall(NakMixUpdateAmounts(b, dt, b->guess, b->X_new, drained));
  PetscCall(VecGetLocalSize(b->X_new, &size));
  PetscCall(VecGetArrayRead(b->X_new, &X));
  for (PetscInt i = 0; i < size; i++) {
    const PetscReal off = PetscAbsReal(X[i] - b->inner[(ptrdiff_t)i * n]);

    worst = PetscIsInfOrNanReal(off) ? INFINITY : PetscMax(worst, off);
  }
  PetscCall(VecRestoreArrayRead(b->X_new, &X));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPIU_REAL, MPIU_MAX, b->comm));
  *ok = (PetscBool)(worst < most);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Newton(NakMixBox b, PetscReal dt, PetscReal *drained, PetscBool *ok)
{
  enum { MOST = 12 };
  PetscReal largest;

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  for (int turn = 0; turn < MOST && !*ok; turn++) {
    PetscBool solved;

    PetscCall(NakMixSystem(b, dt, b->guess, b->rhs, b->J));
    PetscCall(KSPSetOperators(b->ksp, b->J, b->J));
    b->integrator.newton++;
    PetscCall(SolveLinear(b, b->rhs, b->change, &solved));
    if (solved && b->mix.used[NAK_BODY_VOID]) PetscCall(BorderSolve(b, dt, &solved));
    if (!solved) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(Update(b, &largest));
    if (PetscIsInfOrNanReal(largest)) PetscFunctionReturn(PETSC_SUCCESS);
    if (largest < CONVERGED) PetscCall(UpdateAmounts(b, dt, drained, ok));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- A step ---- */

PetscErrorCode NakMixSolvePotential(NakMixBox b, Vec X, Vec U, PetscBool *ok)
{
  const PetscInt   n = b->mix.n;
  const PetscReal *x;
  PetscReal       *u;
  PetscInt         size;

  PetscFunctionBeginUser;
  *ok = PETSC_TRUE;
  PetscCall(VecGetLocalSize(X, &size));
  PetscCall(VecGetArrayRead(X, &x));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt i = 0; i < size; i++) {
    PetscReal *const here = u + (ptrdiff_t)i * n;

    here[0] = NakMixPotential(&b->mix, here, x[i]);
    if (PetscIsInfOrNanReal(here[0])) *ok = PETSC_FALSE;
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, ok, 1, MPIU_BOOL, MPI_MIN, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The prediction, which extrapolates the last step; the present state if there is none. */
static PetscErrorCode Predict(NakMixBox b, PetscReal dt)
{
  const PetscReal ratio = b->integrator.last_good > 0 ? dt / b->integrator.last_good : 0;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(b->U, b->predicted));
  if (ratio > 0) PetscCall(VecAXPBY(b->predicted, -ratio, 1 + ratio, b->previous));
  PetscCall(VecCopy(b->predicted, b->guess));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Error of the step by its distance from the prediction, over the tolerance.  It is that of the
   order parameters, and of the mole fraction to which an error of mu amounts. */
static PetscErrorCode EstimateError(NakMixBox b, PetscReal dt, PetscReal *error)
{
  const PetscInt   n     = b->mix.n;
  const PetscReal  share = dt / (dt + b->integrator.last_good);
  const PetscReal *u, *was;
  PetscInt         size;

  PetscFunctionBeginUser;
  *error = 0;
  if (b->integrator.last_good <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetLocalSize(b->guess, &size));
  PetscCall(VecGetArrayRead(b->guess, &u));
  PetscCall(VecGetArrayRead(b->predicted, &was));
  for (PetscInt i = 0; i < size; i += n) {
    const PetscReal slope = NakMixAt(&b->mix, u + i).dX[0];

    *error = PetscMax(*error, PetscAbsReal(slope * (u[i] - was[i])));
    for (PetscInt k = 1; k < n; k++) *error = PetscMax(*error, PetscAbsReal(u[i + k] - was[i + k]));
  }
  PetscCall(VecRestoreArrayRead(b->predicted, &was));
  PetscCall(VecRestoreArrayRead(b->guess, &u));
  *error *= share / b->params.tolerance;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, error, 1, MPIU_REAL, MPIU_MAX, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Try a step of length dt into `guess` and `X_new`.  Returns its error, negative if it was not
   solved. */
static PetscErrorCode TryStep(NakMixBox b, PetscReal dt, PetscReal *drained, PetscReal *error)
{
  const PetscReal pressure = b->mix.pressure;
  PetscBool       ok;

  PetscFunctionBeginUser;
  *error = -1;
  PetscCall(NakMixSetTemperature(b, b->integrator.time + dt));
  PetscCall(Predict(b, dt));
  PetscCall(Newton(b, dt, drained, &ok));
  if (ok) {
    PetscCall(NakMixHoldVoids(b, b->guess));
    PetscCall(NakMixSolvePotential(b, b->X_new, b->guess, &ok));
  }
  if (ok) PetscCall(EstimateError(b, dt, error));
  if (ok && *error <= 1) PetscFunctionReturn(PETSC_SUCCESS);
  b->mix.pressure = pressure;
  PetscCall(NakMixSetTemperature(b, b->integrator.time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Accept(NakMixBox b, PetscReal dt, PetscReal drained, PetscReal until)
{
  NakMixIntegratorState *const i = &b->integrator;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(b->U, b->previous));
  PetscCall(VecCopy(b->guess, b->U));
  PetscCall(VecCopy(b->X_new, b->X));
  i->drained += drained;
  i->dt        = dt;
  i->last_good = dt;
  i->time      = i->time + dt >= until * (1 - ROUNDING) ? until : i->time + dt;
  i->steps++;
  PetscCall(NakMixSetTemperature(b, i->time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxStep(NakMixBox b, PetscReal latest)
{
  const NakMixParams *p      = &b->params;
  const PetscBool     nuclei = (PetscBool)(p->bulk_sites > 0 || p->wall_sites > 0);
  const PetscReal     slot =
    nuclei ? (PetscReal)(b->integrator.slot + 1) * p->interval : PETSC_INFINITY;
  const PetscReal until  = PetscMin(latest, slot);
  const PetscReal left   = until - b->integrator.time;
  PetscReal       wanted = PetscMin(b->integrator.next, b->longest), dt, error, drained = 0;

  PetscFunctionBeginUser;
  if (b->speed != 0) PetscCall(NakMixContact(b));
  PetscCall(FollowLiquid(b));
  PetscCall(NakMixFindPresence(b));
  for (;;) {
    dt = NakStepLength(wanted, left, SLACK, SLACK);
    PetscCall(TryStep(b, dt, &drained, &error));
    wanted = NakStepNext(&control, dt, wanted, error,
                         SAFETY / PetscSqrtReal(PetscMax(error, PETSC_SMALL)));
    if (error >= 0 && error <= 1) break;
    b->integrator.rejected++;
    PetscCheck(wanted >= p->shortest_step, b->comm, PETSC_ERR_NOT_CONVERGED,
               "the step would have to be shorter than %g s at %.9g s: %s",
               (double)p->shortest_step, (double)b->integrator.time,
               error >= 0 ? "its error is too large; raise march.tolerance or lower "
                            "march.shortest_step"
                          : "its equations are not solved; raise microstructure.interface_width "
                            "or refine the grid");
  }
  PetscCall(Accept(b, dt, drained, until));
  b->integrator.next = wanted;
  if (nuclei && b->integrator.time >= slot * (1 - ROUNDING))
    PetscCall(NakMixNucleate(b, b->integrator.slot++));
  PetscFunctionReturn(PETSC_SUCCESS);
}
