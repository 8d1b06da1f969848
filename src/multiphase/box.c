/* The box and its contents; the contract is in nakfield/multiphase.h. */
#include "multiphase_impl.h"

/* ---- The physics that the parameters ask for ---- */

PetscErrorCode NakMixSetTemperature(NakMixBox b, PetscReal time)
{
  const NakMaterial *m = &b->params.material;
  const PetscReal    T = b->params.alloy.temperature - b->params.cooling_rate * time;

  PetscFunctionBeginUser;
  if (T == b->branch_temperature) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(T >= m->lowest && T <= m->highest, b->comm, PETSC_ERR_USER_INPUT,
             "the temperature is %.6g K, and the energies of %s hold from %g to %g K", (double)T,
             m->name, (double)m->lowest, (double)m->highest);
  b->branch_temperature = T;
  NakMixBranches(&b->params, T, &b->mix);
  PetscCheck(b->mix.branch[NAK_BODY_LIQUID].high >= 1, b->comm, PETSC_ERR_USER_INPUT,
             "at %.6g K the liquid of %s separates into two, and this model has one liquid",
             (double)T, m->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The grid ---- */

static PetscErrorCode CheckParams(NakMixBox b)
{
  const NakMixParams *p    = &b->params;
  NakComplaints       list = {.n = 0};
  PetscMPIInt         size;

  PetscFunctionBeginUser;
  NakMixCheck(p, &list);
  PetscCall(NakComplaintsRaise(b->comm, &list));
  PetscCallMPI(MPI_Comm_size(b->comm, &size));
  PetscCheck(size <= p->n[0] * p->n[1], b->comm, PETSC_ERR_USER_INPUT,
             "%d ranks cannot share %" PetscInt_FMT " x %" PetscInt_FMT " columns: use fewer", size,
             p->n[0], p->n[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateGrid(NakMixBox b)
{
  const NakMixParams *p = &b->params;
  DMBoundaryType      sides[3];

  PetscFunctionBeginUser;
  b->cell = 1;
  for (int d = 0; d < 3; d++) {
    const PetscInt wanted = d < 2 ? p->lateral : p->vertical;

    b->periodic[d] = (PetscBool)(p->n[d] > 1 && wanted == NAK_MIX_PERIODIC);
    sides[d]       = b->periodic[d] ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
    b->h[d]        = p->size[d] / (PetscReal)p->n[d];
    b->cell *= b->h[d];
  }
  b->area    = p->size[0] * p->size[1];
  b->longest = p->longest_step;
  for (int d = 0; d < 3; d++)
    if (p->n[d] > 1)
      b->longest = PetscMin(b->longest, 1e6 * b->h[d] * b->h[d] / b->mix.diffusivity[0]);
  PetscCall(DMDACreate3d(b->comm, sides[0], sides[1], sides[2],
                         p->fourfold > 0 ? DMDA_STENCIL_BOX : DMDA_STENCIL_STAR, p->n[0], p->n[1],
                         p->n[2], PETSC_DECIDE, PETSC_DECIDE, 1, b->mix.n, 1, NULL, NULL, NULL,
                         &b->dm));
  PetscCall(DMSetMatType(b->dm, MATAIJ));
  PetscCall(DMSetFromOptions(b->dm));
  PetscCall(DMSetUp(b->dm));
  PetscCall(DMDACreateCompatibleDMDA(b->dm, 1, &b->one));
  PetscCall(NakPartOf(b->dm, PETSC_FALSE, &b->part));
  PetscCall(NakPartOf(b->dm, PETSC_TRUE, &b->ghosted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* GMRES with algebraic multigrid.  Its smoother is ILU(0) of each rank, which solves a line
   exactly.  Aggregates follow from the pattern of the matrix alone (no threshold) and are not
   smoothed.  So they are made once, and a box that resumes from a checkpoint has the same. */
PetscErrorCode NakMixCreateSolver(NakMixBox b)
{
  const PetscInt *n    = b->params.n;
  const PetscBool line = (PetscBool)(n[0] * n[1] * n[2] == PetscMax(n[0], PetscMax(n[1], n[2])));
  PC              pc;

  PetscFunctionBeginUser;
  PetscCall(KSPDestroy(&b->ksp));
  PetscCall(KSPCreate(b->comm, &b->ksp));
  PetscCall(KSPSetOptionsPrefix(b->ksp, "mix_"));
  PetscCall(KSPSetType(b->ksp, KSPGMRES));
  PetscCall(KSPGMRESSetRestart(b->ksp, 60));
  PetscCall(KSPSetTolerances(b->ksp, 1e-5, PETSC_DEFAULT, PETSC_DEFAULT, 300));
  PetscCall(KSPGetPC(b->ksp, &pc));
  PetscCall(PCSetType(pc, line ? PCBJACOBI : PCGAMG));
  if (line) {
    PetscCall(KSPSetFromOptions(b->ksp));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PCGAMGSetReuseInterpolation(pc, PETSC_TRUE));
  PetscCall(PCGAMGSetNSmooths(pc, 0)); /* rows of bulk and interface are too unlike to smooth */
  PetscCall(NakOptionPrefer("-mix_mg_levels_ksp_type", "richardson"));
  PetscCall(NakOptionPrefer("-mix_mg_levels_pc_type", "bjacobi"));
  PetscCall(KSPSetFromOptions(b->ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateVectors(NakMixBox b)
{
  const NakPart *p      = &b->part;
  Vec *const     like[] = {&b->previous, &b->predicted, &b->guess, &b->change,
                           &b->rhs,      &b->border,    &b->push,  &b->answer};

  PetscFunctionBeginUser;
  PetscCall(DMCreateGlobalVector(b->dm, &b->U));
  PetscCall(DMCreateGlobalVector(b->one, &b->X));
  PetscCall(VecDuplicate(b->X, &b->X_new));
  PetscCall(DMCreateLocalVector(b->dm, &b->local));
  for (size_t k = 0; k < sizeof like / sizeof *like; k++) PetscCall(VecDuplicate(b->U, like[k]));
  PetscCall(PetscMalloc1(NakPartCells(&b->ghosted), &b->flow));
  PetscCall(PetscMalloc1(NakPartColumns(p), &b->contact));
  PetscCall(PetscMalloc1(NakPartCells(p) * NakMixInner(b), &b->inner));
  PetscCall(PetscMalloc1(NakPartCells(p) * NAK_MIX_MOST, &b->presence));
  PetscCall(DMCreateMatrix(b->dm, &b->J));
  PetscCall(NakMixCreateSolver(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The grid as observers see it: all of it is alloy. */
static PetscErrorCode CreateView(NakMixBox b)
{
  const NakMixParams *p = &b->params;

  PetscFunctionBeginUser;
  b->grid = (NakGrid){.nx               = p->n[0],
                      .ny               = p->n[1],
                      .n_alloy          = p->n[2],
                      .nz               = p->n[2],
                      .dx               = b->h[0],
                      .dy               = b->h[1],
                      .reservoir_height = p->size[2],
                      .lateral          = p->lateral == NAK_MIX_PERIODIC ? NAK_LATERAL_PERIODIC
                                                                         : NAK_LATERAL_SYMMETRIC};
  PetscCall(PetscMalloc1(p->n[2] + 1, &b->grid.z));
  for (PetscInt k = 0; k <= p->n[2]; k++) b->grid.z[k] = (PetscReal)k * b->h[2];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Liquid, and the void of the start. */
static void FillLiquid(void *ctx, const PetscReal at[3], PetscReal u[])
{
  NakMixBox           b      = ctx;
  const NakMixParams *p      = &b->params;
  const PetscReal     top[3] = {p->size[0] / 2, p->size[1] / 2, p->void_height};
  PetscReal           away   = 0;

  for (PetscInt k = 0; k < b->mix.n; k++) u[k] = 0;
  u[0] = NakMixPotential(&b->mix, u, b->mix.void_x);
  for (int d = 0; d < 3; d++)
    if (p->n[d] > 1) away += PetscSqr(at[d] - top[d]);
  away = PetscSqrtReal(away) - p->void_radius;
  if (p->void_radius > 0) u[b->mix.n - 1] = 0.5 - 0.5 * PetscTanhReal(2 * away / p->width);
}

/* Grand potential of the liquid at the start [J/mol].  The pressure is counted from it. */
static PetscReal LiquidOmega(NakMixBox b)
{
  PetscReal u[NAK_MIX_MOST] = {0};

  u[0] = NakMixPotential(&b->mix, u, b->mix.void_x);
  return NakBranchAt(&b->mix.branch[NAK_BODY_LIQUID], b->mix.RT * u[0]).omega;
}

/* PETSc divides the columns of a box by nx and ny alone.  Find what fits. */
PetscInt NakMixUsefulRanks(const NakMixParams *p, PetscInt ranks)
{
  for (PetscInt n = ranks; n > 1; n--)
    for (PetscInt m = 1; m <= n; m++)
      if (n % m == 0 && m <= p->n[0] / 2 && n / m <= PetscMax(1, p->n[1] / 2)) return n;
  return 1;
}

PetscErrorCode NakMixBoxCreate(MPI_Comm comm, const NakMixParams *params, NakMixBox *box)
{
  NakMixBox b;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&b));
  *box      = b;
  b->params = *params;
  if (params->void_radius > 0) b->params.voids = PETSC_TRUE;
  PetscCall(PetscCommDuplicate(comm, &b->comm, NULL));
  PetscCall(CheckParams(b));
  NakMixCreate(&b->params, NAK_PER_ATOM, &b->mix);
  PetscCall(NakMixSetTemperature(b, 0));
  PetscCall(CreateGrid(b));
  PetscCall(CreateVectors(b));
  PetscCall(CreateView(b));
  b->integrator.omega_start = LiquidOmega(b);
  b->mix.pressure           = b->integrator.omega_start;
  b->speed                  = params->current * b->mix.volume / NAK_FARADAY;
  b->integrator.next        = params->first_step;
  PetscCall(NakMixBoxFill(b, FillLiquid, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyVectors(NakMixBox b)
{
  Vec *const vectors[] = {&b->U,      &b->X,   &b->X_new,  &b->previous, &b->predicted, &b->guess,
                          &b->change, &b->rhs, &b->border, &b->push,     &b->answer,    &b->local};

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++) PetscCall(VecDestroy(vectors[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxDestroy(NakMixBox *box)
{
  NakMixBox b = *box;

  PetscFunctionBeginUser;
  if (b == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DestroyVectors(b));
  PetscCall(MatDestroy(&b->J));
  PetscCall(KSPDestroy(&b->ksp));
  PetscCall(DMDestroy(&b->one));
  PetscCall(DMDestroy(&b->dm));
  PetscCall(PetscFree(b->flow));
  PetscCall(PetscFree(b->contact));
  PetscCall(PetscFree(b->inner));
  PetscCall(PetscFree(b->presence));
  PetscCall(PetscFree(b->grid.z));
  PetscCall(PetscCommDestroy(&b->comm));
  PetscCall(PetscFree(*box));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakMix *NakMixBoxMix(NakMixBox box)
{
  return &box->mix;
}

PetscErrorCode NakMixBoxState(NakMixBox box, DM *dm, Vec *U)
{
  PetscFunctionBeginUser;
  *dm = box->dm;
  *U  = box->U;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxSystem(NakMixBox box, PetscReal dt, Vec U, Vec R, Mat J)
{
  PetscFunctionBeginUser;
  PetscCall(NakMixContact(box));
  PetscCall(NakMixFindPresence(box));
  PetscCall(NakMixSystem(box, dt, U, R, J));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode
NakMixBoxFill(NakMixBox b, void (*fill)(void *ctx, const PetscReal at[3], PetscReal u[]), void *ctx)
{
  const NakPart *p = &b->part;
  PetscReal  ****u, ***X;
  PetscInt       i[3];

  PetscFunctionBeginUser;
  PetscCall(DMDAVecGetArrayDOF(b->dm, b->U, &u));
  PetscCall(DMDAVecGetArray(b->one, b->X, &X));
  for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i)) {
    PetscReal at[3], *const here = u[i[2]][i[1]][i[0]];

    NakMixPlace(b, i, at);
    fill(ctx, at, here);
    X[i[2]][i[1]][i[0]] = NakMixAt(&b->mix, here).X;
  }
  PetscCall(DMDAVecRestoreArray(b->one, b->X, &X));
  PetscCall(DMDAVecRestoreArrayDOF(b->dm, b->U, &u));
  PetscCall(NakMixBegin(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}
