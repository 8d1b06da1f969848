/* What holds back a run whose steps stay far below what they could be; the contract is in
   nakfield/stepper.h. */
#include "stepper_impl.h"

enum { PATIENCE = 1000 }; /* such steps in a row before it is reported */

static const PetscReal far_below = 1e-6; /* of the step asked for */

PetscErrorCode NakStepperError(NakStepper s, Vec error)
{
  PetscInt order = 2; /* of the embedded solution */

  PetscFunctionBeginUser;
  if (s->bdf != NULL) {
    PetscCall(NakBdfError(s->bdf, s->U, error));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TSEvaluateStep(s->ts, order, error, NULL));
  PetscCall(VecAXPY(error, -1, s->U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The unknown with the greatest error of the last step over what is allowed; the first one of its
   rank. */
typedef struct {
  double error;
  int    rank; /* in the order of MPI_DOUBLE_INT */
} Worst;

static PetscErrorCode FindWorst(NakStepper s, Worst *worst, PetscInt *at)
{
  const PetscReal  allowed = s->params.tolerance;
  const PetscReal *a, *u, *scale;
  PetscMPIInt      rank;
  PetscInt         n;
  Vec              other, scales;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCall(VecDuplicate(s->U, &other));
  PetscCall(VecDuplicate(s->U, &scales));
  PetscCall(NakModelScales(s->model, NULL, scales));
  PetscCall(NakStepperError(s, other));
  PetscCall(VecGetLocalSize(other, &n));
  PetscCall(VecGetArrayRead(other, &a));
  PetscCall(VecGetArrayRead(s->U, &u));
  PetscCall(VecGetArrayRead(scales, &scale));
  *worst = (Worst){.error = -1, .rank = rank};
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal error = PetscAbsReal(a[k]) / (allowed * (scale[k] + PetscAbsReal(u[k])));

    if (error > worst->error) *at = k;
    worst->error = PetscMax(worst->error, error);
  }
  PetscCall(VecRestoreArrayRead(scales, &scale));
  PetscCall(VecRestoreArrayRead(s->U, &u));
  PetscCall(VecRestoreArrayRead(other, &a));
  PetscCall(VecDestroy(&scales));
  PetscCall(VecDestroy(&other));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, worst, 1, MPI_DOUBLE_INT, MPI_MAXLOC, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Its name and column, known to every rank. */
static PetscErrorCode Describe(NakStepper s, PetscReal asked)
{
  const NakState   state = NakModelState(s->model);
  const NakLayout *l     = NakStateLayout(state);
  PetscInt         at    = 0, place[3];
  PetscMPIInt      rank;
  NakBox           box;
  Worst            worst;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCall(FindWorst(s, &worst, &at));
  PetscCall(NakStateBox(state, &box));
  place[0] = box.xs + at / l->size % box.xm;
  place[1] = box.ys + at / l->size / box.xm;
  place[2] = at % l->size;
  PetscCallMPI(MPI_Bcast(place, 3, MPIU_INT, worst.rank, s->comm));
  PetscCall(PetscSNPrintf(
    s->slow, sizeof s->slow,
    "%d time steps in a row were below %.0e of the %.4g s asked for, held by the "
    "error of %s in column (%" PetscInt_FMT ", %" PetscInt_FMT
    "): a higher solver.tolerance may help",
    PATIENCE, (double)far_below, (double)asked, NakLayoutName(l, place[2]), place[0], place[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSlowWatch(NakStepper s, PetscReal asked, PetscReal dt)
{
  PetscFunctionBeginUser;
  s->short_steps = dt < far_below * asked ? s->short_steps + 1 : 0;
  if (s->short_steps == PATIENCE && s->slow[0] == '\0') PetscCall(Describe(s, asked));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *NakStepperSlow(NakStepper s)
{
  return s->slow;
}
