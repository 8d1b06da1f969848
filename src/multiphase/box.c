/* The box and what it holds; the contract is in nakfield/multiphase.h. */
#include "multiphase_impl.h"

/* ---- The physics that the parameters ask for ---- */

static void AddPhases(NakMix *mix, NakBody body, PetscInt count)
{
  mix->used[body] = (PetscBool)(count > 0);
  for (PetscInt k = 0; k < count; k++) mix->body[mix->n++] = body;
}

/* Energy of a body's interface with the liquid [J/m2]. */
static PetscReal Tension(const NakMaterial *material, NakBody body)
{
  if (body == NAK_BODY_SOLID_B) return material->b.solid_liquid_energy;
  if (body == NAK_BODY_SOLID_A) return material->a.solid_liquid_energy;
  return material->surface_tension;
}

/* Shares s_i so that every interface with the liquid has its energy.  The barrier against a third phase
   in an interface is taken high enough for the strongest of them. */
static void SetEnergies(NakMix *mix, const NakMixParams *p)
{
  const PetscReal lowest =
    PetscMin(p->material.a.solid_liquid_energy, p->material.b.solid_liquid_energy);
  const PetscReal liquid = p->liquid_share * lowest, degree = PETSC_PI / 180;
  PetscReal       strongest = 0;

  mix->share[0] = liquid;
  for (PetscInt k = 1; k < mix->n; k++) {
    const NakBody   body    = mix->body[k];
    const PetscReal tension = Tension(&p->material, body);
    const PetscReal angle   = body == NAK_BODY_SOLID_B   ? p->angle_b
                              : body == NAK_BODY_SOLID_A ? p->angle_a
                                                         : 180 - p->angle_void;

    mix->share[k] = tension - liquid;
    mix->wall[k]  = -tension * PetscCosReal(angle * degree);
    strongest     = PetscMax(strongest, tension);
    if (body != NAK_BODY_VOID) mix->anisotropy[k] = 0.75 * p->width * tension;
  }
  mix->barrier  = mix->n > 2 ? 4 * strongest : 0;
  mix->fourfold = p->fourfold;
}

/* The mobility at which a solid's interface resists its motion as much as diffusion across its width does:
   much faster ones let it outrun diffusion and trap the solute. */
static PetscReal Balanced(const NakMix *mix, const NakMixParams *p, NakBody body)
{
  const NakAlloy      alloy = NakThermoAlloy(&p->material, p->alloy.temperature);
  const NakEquilibria all   = NakThermoEquilibria(&alloy, PETSC_FALSE);
  const PetscInt      end   = body == NAK_BODY_SOLID_B ? 0 : 1;
  PetscReal solid = 1 - (PetscReal)end, liquid = 0.5; /* where they never meet: anything finite */

  for (PetscInt k = 0; k < all.n; k++)
    if (all.tie[k].phase[end] == NAK_PHASE_SOLID && all.tie[k].phase[1 - end] == NAK_PHASE_LIQUID) {
      solid  = all.tie[k].x[end];
      liquid = all.tie[k].x[1 - end];
    }
  return Tension(&p->material, body) * mix->volume * mix->diffusivity[NAK_BODY_LIQUID] /
         (NakSolutionCurvature(&alloy.liquid, liquid) * PetscSqr(liquid - solid) * p->width);
}

static PetscReal Mobility(const NakMix *mix, const NakMixParams *p, NakBody body)
{
  if (body == NAK_BODY_VOID) return p->void_mobility;
  return p->solid_mobility > 0 ? p->solid_mobility : Balanced(mix, p, body);
}

static void SetMobilities(NakMix *mix, const NakMixParams *p)
{
  mix->mobility[0] = PETSC_INFINITY;
  for (PetscInt k = 1; k < mix->n; k++) mix->mobility[k] = Mobility(mix, p, mix->body[k]);
}

PetscErrorCode NakMixSetTemperature(NakMixBox b, PetscReal time)
{
  const NakMaterial *m     = &b->params.material;
  const PetscReal    T     = b->params.alloy.temperature - b->params.cooling_rate * time;
  const NakAlloy     alloy = NakThermoAlloy(m, T);
  NakMix            *mix   = &b->mix;

  PetscFunctionBeginUser;
  if (T == b->warmth) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(T >= m->lowest && T <= m->highest, b->comm, PETSC_ERR_USER_INPUT,
             "the temperature is %.6g K, and the energies of %s hold from %g to %g K", (double)T,
             m->name, (double)m->lowest, (double)m->highest);
  b->warmth                     = T;
  mix->branch[NAK_BODY_LIQUID]  = NakThermoBranch(&alloy.liquid, 0, 1);
  mix->branch[NAK_BODY_SOLID_B] = NakThermoBranch(&alloy.solid, 0, alloy.solute_limit);
  mix->branch[NAK_BODY_SOLID_A] = NakThermoBranch(&alloy.solid, 1, 1 - alloy.solute_limit);
  PetscCheck(mix->branch[NAK_BODY_LIQUID].high >= 1, b->comm, PETSC_ERR_USER_INPUT,
             "at %.6g K the liquid of %s separates into two, and this model has one liquid",
             (double)T, m->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An interface across cells of size h is by 2/3 (h/w)^2 narrower and by 2/15 (h/w)^2 cheaper than the
   energies say, h^2 standing for sum h_d^2 n_d^4 with its normal n; see docs/model.md.  The mean over all
   normals is made up for; what moves an interface is left as it is. */
static void MakeUpForCells(NakMix *mix, const NakMixParams *p)
{
  const PetscInt axes = (p->n[0] > 1) + (p->n[1] > 1) + (p->n[2] > 1);
  PetscReal      e    = 0, wider, dearer;

  for (int d = 0; d < 3; d++)
    if (p->n[d] > 1) e += PetscSqr(p->size[d] / (PetscReal)p->n[d] / p->width);
  e *= 3.0 / (PetscReal)PetscMax(3, axes * (axes + 2)); /* mean of n_d^4 */
  wider  = 1 + 2.0 / 3 * e;
  dearer = 1 + 2.0 / 15 * e;
  mix->width *= wider;
  mix->barrier *= dearer;
  for (PetscInt k = 0; k < mix->n; k++) {
    mix->share[k] *= dearer;
    mix->anisotropy[k] *= wider * dearer;
    mix->mobility[k] *= wider * dearer;
  }
}

static PetscErrorCode CreateMix(NakMixBox b)
{
  const NakMixParams *p     = &b->params;
  const NakAlloy      alloy = NakThermoAlloy(&p->material, p->alloy.temperature);
  const PetscReal     x     = NakThermoMoleFraction(&p->material, p->alloy.potassium);
  NakMix             *mix   = &b->mix;

  PetscFunctionBeginUser;
  AddPhases(mix, NAK_BODY_LIQUID, 1);
  AddPhases(mix, NAK_BODY_SOLID_B, p->grains_b);
  AddPhases(mix, NAK_BODY_SOLID_A, p->grains_a);
  AddPhases(mix, NAK_BODY_VOID, p->voids ? 1 : 0);
  for (PetscInt k = 1; k < mix->n; k++) /* quarter turns are alike */
    mix->tilt[k] = mix->n > 2 && mix->body[k] != NAK_BODY_VOID
                     ? PETSC_PI / 2 * NakMixRandom(p->seed, k, 0, 1)
                     : 0;
  mix->RT     = alloy.liquid.RT;
  mix->volume = 1 / NakThermoDensity(&p->material, x);
  mix->width  = p->width;
  mix->void_x = x;
  SetEnergies(mix, p);
  mix->diffusivity[NAK_BODY_LIQUID] =
    p->alloy.diffusivity > 0 ? p->alloy.diffusivity : p->material.diffusivity;
  mix->diffusivity[NAK_BODY_VOID]    = mix->diffusivity[NAK_BODY_LIQUID];
  mix->diffusivity[NAK_BODY_SOLID_A] = p->solid_diffusivity;
  mix->diffusivity[NAK_BODY_SOLID_B] = p->solid_diffusivity;
  PetscCall(NakMixSetTemperature(b, 0));
  SetMobilities(mix, p);
  MakeUpForCells(mix, p);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The grid ---- */

static PetscErrorCode CheckParams(NakMixBox b)
{
  const NakMixParams *p = &b->params;
  NakMixFault         fault[NAK_MIX_FAULTS];
  PetscMPIInt         size;

  PetscFunctionBeginUser;
  PetscCheck(NakMixFaults(p, fault) == 0, b->comm, PETSC_ERR_USER_INPUT, "%s", fault[0].text);
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
  PetscCall(DMDAGetCorners(b->dm, &b->part.s[0], &b->part.s[1], &b->part.s[2], &b->part.m[0],
                           &b->part.m[1], &b->part.m[2]));
  PetscCall(DMDAGetGhostCorners(b->dm, &b->part.gs[0], &b->part.gs[1], &b->part.gs[2],
                                &b->part.gm[0], &b->part.gm[1], &b->part.gm[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* GMRES with algebraic multigrid; its smoother is ILU(0) of each rank, which solves a line exactly.
   Aggregates follow from the pattern of the matrix alone (no threshold) and are not smoothed: so they are
   made once, and a box that goes on from a checkpoint has the same. */
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
  const NakMixPart *p      = &b->part;
  Vec *const        like[] = {&b->previous, &b->predicted, &b->guess, &b->change,
                              &b->rhs,      &b->border,    &b->push,  &b->answer};

  PetscFunctionBeginUser;
  PetscCall(DMCreateGlobalVector(b->dm, &b->U));
  PetscCall(DMCreateGlobalVector(b->one, &b->X));
  PetscCall(VecDuplicate(b->X, &b->X_new));
  PetscCall(DMCreateLocalVector(b->dm, &b->local));
  for (size_t k = 0; k < sizeof like / sizeof *like; k++) PetscCall(VecDuplicate(b->U, like[k]));
  PetscCall(PetscMalloc1(p->gm[0] * p->gm[1] * p->gm[2], &b->flow));
  PetscCall(PetscMalloc1(p->m[0] * p->m[1], &b->contact));
  PetscCall(PetscMalloc1(p->m[0] * p->m[1] * p->m[2] * NakMixInner(b), &b->inner));
  PetscCall(PetscMalloc1(p->m[0] * p->m[1] * p->m[2] * NAK_MIX_MOST, &b->presence));
  PetscCall(DMCreateMatrix(b->dm, &b->J));
  PetscCall(NakMixCreateSolver(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What observers are told of the grid: all of it is alloy. */
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

/* Grand potential of the liquid at the start: the pressure is counted from it [J/mol]. */
static PetscReal LiquidOmega(NakMixBox b)
{
  PetscReal u[NAK_MIX_MOST] = {0};

  u[0] = NakMixPotential(&b->mix, u, b->mix.void_x);
  return NakBranchAt(&b->mix.branch[NAK_BODY_LIQUID], b->mix.RT * u[0]).omega;
}

/* PETSc divides the columns of a box by nx and ny alone: find what fits. */
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
  PetscCall(CreateMix(b));
  PetscCall(CreateGrid(b));
  PetscCall(CreateVectors(b));
  PetscCall(CreateView(b));
  b->omega_start  = LiquidOmega(b);
  b->mix.pressure = b->omega_start;
  b->speed        = params->current * b->mix.volume / NAK_FARADAY;
  b->next         = params->first_step;
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
  const NakMixPart *p = &b->part;
  PetscReal     ****u, ***X;
  PetscInt          i[3];

  PetscFunctionBeginUser;
  PetscCall(DMDAVecGetArrayDOF(b->dm, b->U, &u));
  PetscCall(DMDAVecGetArray(b->one, b->X, &X));
  for (PetscBool more = NakMixFirst(p, i); more; more = NakMixNext(p, i)) {
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
