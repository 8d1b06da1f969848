/* The doubled system of one frequency, and its solution. */
#include "impedance_impl.h"

/* Shift by which M is distinguished from J.  It is so large that nothing of M's entries is lost. */
static const PetscReal far_shift = 1e8;

/* ---- Doubled vectors ---- */

/* Real and imaginary part of a doubled vector as vectors of the cell.  Give them back with
   GiveBack. */
static PetscErrorCode Take(Vec doubled, PetscBool write, Vec part[PARTS], PetscReal **array)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(part[0], &n));
  if (write)
    PetscCall(VecGetArrayWrite(doubled, array));
  else
    PetscCall(VecGetArrayRead(doubled, (const PetscReal **)array));
  PetscCall(VecPlaceArray(part[0], *array));
  PetscCall(VecPlaceArray(part[1], *array + n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GiveBack(Vec doubled, PetscBool write, Vec part[PARTS], PetscReal **array)
{
  PetscFunctionBeginUser;
  PetscCall(VecResetArray(part[0]));
  PetscCall(VecResetArray(part[1]));
  if (write)
    PetscCall(VecRestoreArrayWrite(doubled, array));
  else
    PetscCall(VecRestoreArrayRead(doubled, (const PetscReal **)array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The system and its preconditioner ---- */

static PetscErrorCode Multiply(Mat doubled, Vec x, Vec y)
{
  NakImpedance z;
  PetscReal   *in, *out;

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(doubled, &z));
  PetscCall(Take(x, PETSC_FALSE, z->in, &in));
  PetscCall(Take(y, PETSC_TRUE, z->out, &out));
  PetscCall(MatMult(z->J, z->in[0], z->out[0]));
  PetscCall(NakColumnsAddRest(z->columns, z->in[0], z->out[0]));
  PetscCall(MatMult(z->M, z->in[1], z->work));
  PetscCall(VecAXPY(z->out[0], -z->omega, z->work));
  PetscCall(MatMult(z->J, z->in[1], z->out[1]));
  PetscCall(NakColumnsAddRest(z->columns, z->in[1], z->out[1]));
  PetscCall(MatMult(z->M, z->in[0], z->work));
  PetscCall(VecAXPY(z->out[1], z->omega, z->work));
  PetscCall(GiveBack(y, PETSC_TRUE, z->out, &out));
  PetscCall(GiveBack(x, PETSC_FALSE, z->in, &in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PRESB: solve [J, -T; T, J + 2 T] with T = omega M.  The sum h of both parts obeys (J + T) h = f +
   g.  Then (J + T) x = f + T h. */
static PetscErrorCode Precondition(PC pc, Vec r, Vec y)
{
  NakImpedance z;
  PetscReal   *in, *out;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &z));
  PetscCall(Take(r, PETSC_FALSE, z->in, &in));
  PetscCall(Take(y, PETSC_TRUE, z->out, &out));
  PetscCall(VecWAXPY(z->work, 1, z->in[0], z->in[1]));
  PetscCall(PCApply(z->inner, z->work, z->sum));
  PetscCall(MatMult(z->M, z->sum, z->work));
  PetscCall(VecAYPX(z->work, z->omega, z->in[0]));
  PetscCall(PCApply(z->inner, z->work, z->out[0]));
  PetscCall(VecWAXPY(z->out[1], -1, z->out[0], z->sum));
  PetscCall(GiveBack(y, PETSC_TRUE, z->out, &out));
  PetscCall(GiveBack(r, PETSC_FALSE, z->in, &in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The unknown of a column that is the potential of the counter electrode, or -1. */
static PetscInt CounterPotential(const NakImpedance z)
{
  const NakLayout *there = NakModelCounter(z->model);

  return there != NULL ? NakStateLayout(NakModelState(z->model))->counter + there->potential : -1;
}

/* A current of 1 A/m2 through the far face, which leaves one electrode and enters the other. */
static PetscErrorCode FillRight(NakImpedance z)
{
  const NakState   state   = NakModelState(z->model);
  const NakLayout *l       = NakStateLayout(state);
  const PetscBool  bare    = (PetscBool)(NakStateGrid(state)->n_electrolyte == 0);
  const PetscInt   counter = CounterPotential(z);
  const PetscReal  ions    = NakModelIonsFar(z->model);
  const ptrdiff_t  size    = l->size;
  PetscReal       *b;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(VecSet(z->b, 0));
  PetscCall(VecGetLocalSize(z->work, &n));
  PetscCall(VecGetArray(z->b, &b));
  for (ptrdiff_t k = 0; k < n; k += size) b[k + (bare ? l->potential : l->phi)] = bare ? 1 : -1;
  for (ptrdiff_t k = 0; k < n && counter >= 0; k += size) b[k + counter] = -1;
  for (ptrdiff_t k = 0; k < n && ions > 0; k += size) b[k + l->phi + NAK_LAYER_NA] = -ions;
  PetscCall(VecRestoreArray(z->b, &b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateVectors(NakImpedance z)
{
  DM             dm    = NakStateDM(NakModelState(z->model));
  const PetscInt block = NakStateLayout(NakModelState(z->model))->size;
  PetscInt       n;

  PetscFunctionBeginUser;
  PetscCall(DMCreateGlobalVector(dm, &z->sum));
  PetscCall(VecDuplicate(z->sum, &z->work));
  PetscCall(VecDuplicate(z->sum, &z->slopes));
  PetscCall(VecGetLocalSize(z->sum, &n));
  for (int k = 0; k < PARTS; k++) {
    PetscCall(VecCreateMPIWithArray(z->comm, block, n, PETSC_DETERMINE, NULL, &z->in[k]));
    PetscCall(VecCreateMPIWithArray(z->comm, block, n, PETSC_DETERMINE, NULL, &z->out[k]));
  }
  PetscCall(VecCreateMPI(z->comm, PARTS * n, PETSC_DETERMINE, &z->x));
  PetscCall(VecDuplicate(z->x, &z->b));
  PetscCall(FillRight(z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDoubledCreate(NakImpedance z)
{
  const PetscReal tolerance = 1e-9;
  const PetscInt  most      = 300;
  const Mat       shifted   = NakColumnsOperator(z->columns);
  PetscInt        n;
  PC              pc;

  PetscFunctionBeginUser;
  PetscCall(CreateVectors(z));
  PetscCall(VecGetLocalSize(z->x, &n));
  PetscCall(
    MatCreateShell(z->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, (void *)z, &z->doubled));
  PetscCall(MatShellSetOperation(z->doubled, MATOP_MULT, (void (*)(void))Multiply));
  PetscCall(PCCreate(z->comm, &z->inner));
  PetscCall(PCSetOperators(z->inner, shifted, shifted));
  PetscCall(NakColumnsPreconditioner(z->columns, z->inner));
  PetscCall(KSPCreate(z->comm, &z->ksp));
  PetscCall(KSPSetOptionsPrefix(z->ksp, "impedance_"));
  PetscCall(KSPSetOperators(z->ksp, z->doubled, z->doubled));
  PetscCall(KSPSetType(z->ksp, KSPGMRES));
  PetscCall(KSPSetPCSide(z->ksp, PC_RIGHT));
  PetscCall(KSPGMRESSetRestart(z->ksp, 60));
  PetscCall(KSPSetTolerances(z->ksp, tolerance, 0, PETSC_DEFAULT, most));
  PetscCall(KSPGetPC(z->ksp, &pc));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, (void *)z));
  PetscCall(PCShellSetApply(pc, Precondition));
  PetscCall(KSPSetFromOptions(z->ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDoubledDestroy(NakImpedance z)
{
  PetscFunctionBeginUser;
  PetscCall(KSPDestroy(&z->ksp));
  PetscCall(PCDestroy(&z->inner));
  PetscCall(MatDestroy(&z->doubled));
  PetscCall(MatDestroy(&z->J));
  PetscCall(MatDestroy(&z->M));
  PetscCall(VecDestroy(&z->x));
  PetscCall(VecDestroy(&z->b));
  PetscCall(VecDestroy(&z->sum));
  PetscCall(VecDestroy(&z->work));
  PetscCall(VecDestroy(&z->slopes));
  for (int k = 0; k < PARTS; k++) {
    PetscCall(VecDestroy(&z->in[k]));
    PetscCall(VecDestroy(&z->out[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Solving ---- */

/* J + omega M, with what the deck switches; under an impressed current. */
static PetscErrorCode Linearise(NakImpedance z, PetscReal omega)
{
  Vec amendment;

  PetscFunctionBeginUser;
  PetscCall(NakAmendmentsAt(z, omega, &amendment));
  PetscCall(NakModelConstrict(z->model, z->params.constriction));
  PetscCall(NakColumnsLineariseWith(z->columns, z->state, omega, amendment));
  PetscCall(NakModelConstrict(z->model, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same as a matrix of its own. */
static PetscErrorCode LineariseTo(NakImpedance z, PetscReal omega, Mat *to)
{
  Mat from;

  PetscFunctionBeginUser;
  PetscCall(Linearise(z, omega));
  PetscCall(NakColumnsMatrix(z->columns, &from));
  if (*to == NULL)
    PetscCall(MatDuplicate(from, MAT_COPY_VALUES, to));
  else
    PetscCall(MatCopy(from, *to, SAME_NONZERO_PATTERN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The Jacobian depends on which quantity is held, not on its value. */
static PetscErrorCode HoldCurrent(NakImpedance z, NakControl *before)
{
  PetscFunctionBeginUser;
  *before = NakModelHeld(z->model);
  PetscCall(NakModelHold(z->model, (NakControl){NAK_HOLD_CURRENT, 0}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakImpedanceLinearise(NakImpedance z, Vec U)
{
  NakControl before;

  PetscFunctionBeginUser;
  z->state = U;
  PetscCall(HoldCurrent(z, &before));
  PetscCall(NakAmendmentsFill(z));
  PetscCall(LineariseTo(z, 0, &z->J));
  PetscCall(LineariseTo(z, far_shift, &z->M));
  PetscCall(MatAXPY(z->M, -1, z->J, SAME_NONZERO_PATTERN));
  PetscCall(MatScale(z->M, 1 / far_shift));
  PetscCall(NakModelHold(z->model, before));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the ions of the electrolyte add to the voltage, and its resistance to a current. */
static PetscErrorCode AddIons(NakImpedance z, PetscReal *re, PetscReal *im)
{
  PetscReal  resistance, part[PARTS];
  PetscReal *x;

  PetscFunctionBeginUser;
  PetscCall(NakModelIonsResponse(z->model, z->state, z->slopes, &resistance));
  if (resistance == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Take(z->x, PETSC_FALSE, z->in, &x));
  for (int k = 0; k < PARTS; k++) PetscCall(VecDot(z->slopes, z->in[k], &part[k]));
  PetscCall(GiveBack(z->x, PETSC_FALSE, z->in, &x));
  *re += resistance + part[0];
  *im += part[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Mean of E over the face, real and imaginary, less that of the counter electrode. */
static PetscErrorCode MeanPotential(NakImpedance z, PetscReal mean[PARTS])
{
  const NakState   state   = NakModelState(z->model);
  const NakGrid   *grid    = NakStateGrid(state);
  const PetscInt   E       = NakStateLayout(state)->potential;
  const PetscInt   counter = CounterPotential(z);
  const ptrdiff_t  size    = NakStateLayout(state)->size;
  const PetscReal  columns = (PetscReal)grid->nx * (PetscReal)grid->ny;
  const PetscReal *x;
  PetscInt         n;

  PetscFunctionBeginUser;
  mean[0] = mean[1] = 0;
  PetscCall(VecGetLocalSize(z->work, &n));
  PetscCall(VecGetArrayRead(z->x, &x));
  for (ptrdiff_t k = 0; k < n; k += size) {
    mean[0] += (x[k + E] - (counter < 0 ? 0 : x[k + counter])) / columns;
    mean[1] += (x[n + k + E] - (counter < 0 ? 0 : x[n + k + counter])) / columns;
  }
  PetscCall(VecRestoreArrayRead(z->x, &x));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, mean, PARTS, MPIU_REAL, MPIU_SUM, z->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakImpedanceSolve(NakImpedance z, PetscReal frequency, PetscReal *re, PetscReal *im)
{
  const NakCircuit circuit = NakModelCircuit(z->model);
  const PetscReal  omega = 2 * PETSC_PI * frequency, R = circuit.grain_boundaries;
  const PetscReal  q = omega * R * z->params.grain_boundary_capacitance;
  PetscReal        mean[PARTS], salt;
  PetscInt         iterations;

  KSPConvergedReason reason;
  NakControl         before;

  PetscFunctionBeginUser;
  z->omega = omega;
  PetscCall(HoldCurrent(z, &before));
  PetscCall(Linearise(z, omega));
  PetscCall(NakModelHold(z->model, before));
  PetscCall(KSPSolve(z->ksp, z->b, z->x));
  PetscCall(KSPGetConvergedReason(z->ksp, &reason));
  PetscCall(KSPGetIterationNumber(z->ksp, &iterations));
  z->iterations += iterations;
  PetscCheck(reason > 0, z->comm, PETSC_ERR_NOT_CONVERGED,
             "the impedance at %.6g Hz was not found in %" PetscInt_FMT
             " iterations; allow more with petsc: [-impedance_ksp_max_it 5000], or raise "
             "impedance.frequency_min",
             (double)frequency, iterations);
  PetscCall(MeanPotential(z, mean));
  PetscCall(NakModelSaltResistance(z->model, z->state, &salt));
  *re = mean[0] + salt + circuit.series + circuit.electrolyte - R * q * q / (1 + q * q);
  *im = mean[1] - R * q / (1 + q * q);
  PetscCall(AddIons(z, re, im));
  PetscFunctionReturn(PETSC_SUCCESS);
}
