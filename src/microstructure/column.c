/* The system of the box: residual and Jacobian of a column, and what a step is to conserve.

   The first unknown of a column is what its bottom has taken, as X times a height.  Then come the
   layers. */
#include "microstructure_impl.h"

/* The rate at which the bottom takes A from a column whose lowest liquid is x [m/s], and its slope
   to x.  The alloy flows towards the wall as fast as it is used up there.  So diffusion brings
   1 - x of it. */
static PetscReal Drain(const NakMixBox b, PetscInt column, PetscReal x, PetscReal *slope)
{
  const PetscReal rate = b->speed != 0 ? b->speed * b->contact[column] : 0;

  *slope = -rate;
  return rate * (1 - x);
}

static NakZoneFace Face(const NakMixBox b, PetscInt column)
{
  return (NakZoneFace){.excess = b->gas != NULL ? b->excess[column] : 0,
                       .cosine = PetscCosReal(b->params.angle_void * PETSC_PI / 180)};
}

static void Potentials(const void *ctx, const PetscReal u[], PetscReal theta[])
{
  const NakMixBox b     = (NakMixBox)ctx;
  const NakZone  *z     = &b->zone;
  PetscReal      *force = theta + NakStateLayout(b->state)->size;

  theta[0] = 0;
  for (PetscInt k = 0; k < z->layers; k++, force += z->phases) {
    const PetscInt at = NakZoneLayerAt(z, k);

    theta[at] = z->mix.diffusivity * NakZoneForces(z, u + at, force);
    for (PetscInt i = 1; i <= z->phases; i++) theta[at + i] = z->mix.mobility * u[at + i];
  }
}

static void Residual(const void *ctx, PetscInt column, const PetscReal u[], const PetscReal udot[],
                     const PetscReal theta[], PetscReal f[])
{
  const NakMixBox   b    = (NakMixBox)ctx;
  const NakZone    *z    = &b->zone;
  const NakZoneFace face = Face(b, column);
  PetscReal         slope;
  const PetscReal   drain = Drain(b, column, theta[z->first] / z->mix.diffusivity, &slope);

  f[0] = udot[0] - drain;
  for (PetscInt k = 0; k < z->layers; k++) {
    const PetscInt  at = NakZoneLayerAt(z, k), up = NakZoneAbove(z, k), down = NakZoneBelow(z, k);
    const PetscReal above = up >= 0 ? z->link[k + 1] * (theta[up] - theta[at]) : 0;
    const PetscReal below = down >= 0 ? z->link[k] * (theta[at] - theta[down]) : 0;

    f[at] = udot[at] - (above - below - (k == 0 ? drain : 0)) / z->height[k];
  }
  NakZoneResidual(z, &face, u, udot, theta + NakStateLayout(b->state)->size, f);
}

static void Slopes(const void *ctx, const PetscReal u[], PetscReal slope[])
{
  const NakZone *z = &((NakMixBox)ctx)->zone;

  slope[0] = 0;
  for (PetscInt k = 0; k < z->layers; k++) {
    const PetscInt at = NakZoneLayerAt(z, k);

    NakZoneAt(z, u + at, &z->at[k]);
    slope[at] = z->mix.diffusivity * z->at[k].slope;
    for (PetscInt i = 1; i <= z->phases; i++) slope[at + i] = z->mix.mobility;
  }
}

static void Jacobian(const void *ctx, PetscInt column, const PetscReal u[], const PetscReal slope[],
                     PetscReal shift, NakEntries *e)
{
  const NakMixBox   b    = (NakMixBox)ctx;
  const NakZone    *z    = &b->zone;
  const NakZoneFace face = Face(b, column);
  PetscReal         taken;

  NakPut(e, 0, 0, shift);
  for (PetscInt k = 0; k < z->layers; k++) {
    const PetscInt  at = NakZoneLayerAt(z, k), up = NakZoneAbove(z, k);
    const PetscReal link = z->link[k + 1], h = z->height[k];

    for (PetscInt i = 0; i <= z->phases; i++) NakPut(e, at + i, at + i, shift);
    if (up >= 0)
      NakPutFlux(e, at, up, h, z->height[(k + 1) % z->layers], -link * slope[at], link * slope[up]);
  }
  (void)Drain(b, column, 0, &taken);
  taken *= z->at[0].slope;
  NakPut(e, 0, z->first, -taken);
  NakPut(e, z->first, z->first, taken / z->height[0]);
  NakZoneJacobian(z, column, &face, u, shift, e);
}

/* Between layers, but for the lowest one on a wall, whose energy couples it to the next. */
static PetscBool Uniform(const void *ctx, PetscInt row, PetscInt col)
{
  const NakZone *z = &((NakMixBox)ctx)->zone;
  const PetscInt n = 1 + z->phases, low = PetscMin(row, col) - z->first;
  const PetscInt away = PetscAbsInt(row - col);

  if (low < 0 || away == 0 || away % n != 0) return PETSC_FALSE;
  return (PetscBool)(!z->wall || low % n == 0 || low >= n);
}

static void Lean(const void *ctx, const PetscReal u[], PetscReal lean[])
{
  (void)u;
  NakZoneLean(&((NakMixBox)ctx)->zone, lean);
}

static void Typical(const void *ctx, PetscReal u[])
{
  const NakMixBox b = (NakMixBox)ctx;
  const NakZone  *z = &b->zone;
  const PetscReal x = NakThermoMoleFraction(&b->params.material, b->params.alloy.potassium);

  u[0] = 0;
  for (PetscInt k = 0; k < z->layers; k++) {
    const PetscInt at = NakZoneLayerAt(z, k);

    u[at] = x;
    for (PetscInt i = 1; i <= z->phases; i++) u[at + i] = 0;
  }
}

static PetscReal Conserved(const void *ctx, PetscInt sum, PetscInt column, const PetscReal row[])
{
  const NakZone *z     = &((NakMixBox)ctx)->zone;
  PetscReal      total = row[0];

  (void)sum;
  (void)column;
  for (PetscInt k = 0; k < z->layers; k++) total += z->height[k] * row[NakZoneLayerAt(z, k)];
  return total;
}

static PetscReal Capacity(const void *ctx, PetscInt sum, PetscReal shift)
{
  (void)sum;
  return shift * ((NakMixBox)ctx)->h[2];
}

/* ---- Gas ---- */

PetscErrorCode NakMixShareVoid(NakMixBox b, const PetscReal u[])
{
  PetscReal *share = b->share;

  PetscFunctionBeginUser;
  for (PetscInt n = 0; n < b->owned; n++)
    for (PetscInt k = 0; k < b->zone.layers; k++)
      *share++ = NakZoneVoid(&b->zone, u + NakMixAtCell(b, n, k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixGas(NakMixBox b, const PetscReal u[])
{
  PetscFunctionBeginUser;
  PetscCall(NakMixShareVoid(b, u));
  PetscCall(NakGasVolumes(b->gas, b->share));
  for (PetscInt n = 0; n < b->owned; n++) b->excess[n] = NakGasExcess(b->gas, n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Prepare(void *ctx, const PetscReal u[])
{
  PetscFunctionBeginUser;
  PetscCall(NakMixGas((NakMixBox)ctx, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Answer(void *ctx, PetscReal sum[])
{
  PetscFunctionBeginUser;
  PetscCall(NakGasAnswer(((NakMixBox)ctx)->gas, sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakColumnPhysics NakMixColumn(NakMixBox b)
{
  NakZone *z = &b->zone;

  z->shared.ctx     = b;
  z->shared.prepare = Prepare;
  z->shared.answer  = Answer;
  return (NakColumnPhysics){.ctx          = b,
                            .most_entries = z->layers * (5 + z->phases) + 3 + NakZoneMostEntries(z),
                            .width        = NakStateLayout(b->state)->size + z->layers * z->phases,
                            .potentials   = Potentials,
                            .residual     = Residual,
                            .slopes       = Slopes,
                            .typical      = Typical,
                            .n_leans      = z->layers * z->phases,
                            .leans        = z->leans,
                            .lean         = Lean,
                            .jacobian     = Jacobian,
                            .uniform      = Uniform,
                            .n_conserved  = 1,
                            .conserved    = Conserved,
                            .capacity     = Capacity,
                            .keeper       = {NakZoneLayerAt(z, z->layers - 1)},
                            .shared       = z->shared};
}

/* ---- All columns ---- */

/* Everything must be a number.  Liquid must have some A and some B left, and order parameters must
   be near their range. */
static PetscBool LayerValid(const NakZone *z, const PetscReal u[])
{
  const PetscReal some  = 1e-12; /* far less than what ends a run */
  const PetscReal least = NakZoneIsMixed(z, u) ? -1 : some;

  if (!(u[0] > least && u[0] < 1 - least)) return PETSC_FALSE;
  for (PetscInt k = 1; k <= z->phases; k++)
    if (!(u[k] > -0.5 && u[k] < 1.5)) return PETSC_FALSE;
  return PETSC_TRUE;
}

static PetscErrorCode Valid(void *ctx, Vec U, PetscBool *valid)
{
  const NakMixBox  b    = (NakMixBox)ctx;
  PetscMPIInt      good = 1;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt n = 0; n < b->owned; n++)
    for (PetscInt k = 0; k < b->zone.layers; k++)
      if (!LayerValid(&b->zone, u + NakMixAtCell(b, n, k))) good = 0;
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, b->comm));
  *valid = (PetscBool)good;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The anisotropic part of the energy is left out of the Jacobian: it is small, and Newton's method
   converges. */
static PetscErrorCode System(void *ctx, Vec U, Vec Udot, Vec F, PetscBool *valid)
{
  NakMixBox  b = (NakMixBox)ctx;
  PetscReal *f, ***a;

  PetscFunctionBeginUser;
  PetscCall(Valid(b, U, valid));
  if (!*valid) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakColumnsResidual(b->columns, U, Udot, F));
  if (b->zone.mix.fourfold == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakMixAroundGet(b, U, &a));
  PetscCall(VecGetArray(F, &f));
  NakMixAddAnisotropy(b, a, f);
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(NakMixAroundRestore(b, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the bottom has taken is set by the fluxes, and the sum of A by that. */
static PetscErrorCode UpdateAmounts(void *ctx, Vec F, PetscReal shift, Vec U)
{
  NakMixBox        b    = (NakMixBox)ctx;
  const ptrdiff_t  size = NakStateLayout(b->state)->size;
  PetscReal        lost = 0, *u;
  const PetscReal *f;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(F, &f));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt n = 0; n < b->owned; n++) {
    const PetscReal *row = f + n * size;

    lost += row[0] - Conserved(b, 0, n, row);
    u[n * size] -= row[0] / shift;
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(VecRestoreArrayRead(F, &f));
  PetscCall(NakColumnsKeep(b->columns, &lost, shift, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakEquation NakMixEquation(NakMixBox b)
{
  return (NakEquation){.ctx = b, .residual = System, .valid = Valid, .book = UpdateAmounts};
}
