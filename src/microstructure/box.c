/* The box and its contents; the contract is in nakfield/microstructure.h. */
#include "microstructure_impl.h"

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
  NakMixBranches(&b->params, T, &b->zone.mix);
  PetscCheck(b->zone.mix.branch[NAK_BODY_LIQUID].high >= 1, b->comm, PETSC_ERR_USER_INPUT,
             "at %.6g K the liquid of %s separates into two, and this model has one liquid",
             (double)T, m->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The grid ---- */

NakGridParams NakMixGrid(const NakMixParams *p)
{
  return (NakGridParams){.nx           = p->n[0],
                         .ny           = p->n[1],
                         .width        = p->size[0],
                         .depth        = p->size[1],
                         .alloy_height = p->size[2],
                         .zone_height  = p->size[2],
                         .zone_layers  = p->n[2],
                         .phases       = NakMixPhases(p) - 1,
                         .bare         = PETSC_TRUE,
                         .lateral      = p->lateral == NAK_MIX_PERIODIC ? NAK_LATERAL_PERIODIC
                                                                        : NAK_LATERAL_SYMMETRIC};
}

/* The columns, and a box as high above them, which nobody sees. */
static PetscErrorCode CreateGrid(NakMixBox b)
{
  const NakMixParams *p    = &b->params;
  const NakGridParams grid = NakMixGrid(p);

  PetscFunctionBeginUser;
  b->cell = 1;
  for (int d = 0; d < 3; d++) {
    const PetscInt wanted = d < 2 ? p->lateral : p->vertical;

    b->periodic[d] = (PetscBool)(p->n[d] > 1 && wanted == NAK_MIX_PERIODIC);
    b->h[d]        = p->size[d] / (PetscReal)p->n[d];
    b->cell *= b->h[d];
  }
  b->area = p->size[0] * p->size[1];
  PetscCall(NakStateCreate(b->comm, &grid, 0, 0, 2 * p->size[2], &b->state));
  PetscCall(NakStateBox(b->state, &b->own));
  b->owned = b->own.xm * b->own.ym;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateZone(NakMixBox b)
{
  const PetscInt n = b->params.n[2];

  PetscFunctionBeginUser;
  PetscCall(NakZoneCreate(&b->params, NAK_PER_ATOM, b->state, &b->zone));
  PetscCall(PetscMalloc2(n, &b->height, n + 1, &b->link));
  for (PetscInt k = 0; k <= n; k++) b->link[k] = 1 / b->h[2];
  for (PetscInt k = 0; k < n; k++) b->height[k] = b->h[2];
  b->zone.height = b->height;
  b->zone.link   = b->link;
  b->zone.wall   = (PetscBool)(n > 1 && !b->periodic[2]);
  b->zone.ring   = b->periodic[2];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Columns with those at their corners, which an anisotropic energy couples. */
static PetscErrorCode CreateAround(NakMixBox b)
{
  const NakMixParams  *p = &b->params;
  const NakGrid       *g = NakStateGrid(b->state);
  const DMBoundaryType side =
    g->lateral == NAK_LATERAL_PERIODIC ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
  const PetscInt *lx, *ly;
  PetscInt        ranks[2];

  PetscFunctionBeginUser;
  if (p->fourfold == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStateRanks(b->state, ranks));
  PetscCall(DMDAGetOwnershipRanges(NakStateDM(b->state), &lx, &ly, NULL));
  PetscCall(DMDACreate2d(b->comm, p->n[0] > 1 ? side : DM_BOUNDARY_NONE,
                         p->n[1] > 1 ? side : DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, p->n[0], p->n[1],
                         ranks[0], ranks[1], NakStateLayout(b->state)->size, 1, lx, ly,
                         &b->around));
  PetscCall(DMSetUp(b->around));
  PetscCall(DMCreateLocalVector(b->around, &b->local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateGas(NakMixBox b)
{
  const NakVoidsParams params = {.pressure = b->params.void_pressure};
  const NakGasField    field  = {.layers    = b->zone.layers,
                                 .height    = b->height,
                                 .tension   = b->zone.tension,
                                 .steepness = 4 / b->zone.mix.width};

  PetscFunctionBeginUser;
  if (b->zone.voids > 0) PetscCall(NakGasCreate(b->state, &params, &field, &b->gas));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A step may err by the deck's tolerance in order parameters.  X is to be finer, as in a cell.
   What has been taken follows from fluxes. */
static PetscErrorCode CreateSolver(NakMixBox b)
{
  const PetscReal        linear = 1e-4, finer = 20, any = 1e30;
  const NakColumnPhysics column   = NakMixColumn(b);
  const NakEquation      equation = NakMixEquation(b);
  Vec                    scale;
  PetscReal             *s;

  PetscFunctionBeginUser;
  PetscCall(NakColumnsCreate(b->state, &column, &b->columns));
  PetscCall(DMCreateGlobalVector(NakStateDM(b->state), &b->U));
  PetscCall(VecDuplicate(b->U, &b->before));
  PetscCall(VecDuplicate(b->U, &scale));
  PetscCall(VecSet(scale, finer));
  PetscCall(VecGetArray(scale, &s));
  for (PetscInt n = 0; n < b->owned; n++) {
    s[NakMixTaken(b, n)] = any;
    for (PetscInt k = 0; k < b->zone.layers; k++) s[NakMixAtCell(b, n, k)] = 1;
  }
  PetscCall(VecRestoreArray(scale, &s));
  PetscCall(
    NakBdfCreate(b->columns, &equation, scale, b->params.tolerance / finer, linear, &b->bdf));
  PetscCall(VecDestroy(&scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Liquid, and the void of the start. */
static void FillLiquid(void *ctx, const PetscReal at[3], PetscReal u[])
{
  const NakMixBox     b      = ctx;
  const NakMixParams *p      = &b->params;
  const PetscReal     top[3] = {p->size[0] / 2, p->size[1] / 2, p->void_height};
  PetscReal           away   = 0;

  for (PetscInt k = 0; k <= b->zone.phases; k++) u[k] = 0;
  u[0] = NakMixPotential(&b->zone.mix, u, NakThermoMoleFraction(&p->material, p->alloy.potassium));
  for (int d = 0; d < 3; d++)
    if (p->n[d] > 1) away += PetscSqr(at[d] - top[d]);
  away = PetscSqrtReal(away) - p->void_radius;
  if (p->void_radius > 0) u[b->zone.voids] = 0.5 - 0.5 * PetscTanhReal(2 * away / p->width);
}

PetscErrorCode NakMixBoxCreate(MPI_Comm comm, const NakMixParams *params, NakMixBox *box)
{
  NakMixBox    b;
  NakCheckList list = {.n = 0};

  PetscFunctionBeginUser;
  NakMixCheck(params, &list);
  PetscCall(NakCheckRaise(comm, &list));
  PetscCall(PetscNew(&b));
  *box      = b;
  b->params = *params;
  if (params->void_radius > 0) b->params.voids = PETSC_TRUE;
  PetscCall(PetscCommDuplicate(comm, &b->comm, NULL));
  PetscCall(CreateGrid(b));
  PetscCall(CreateZone(b));
  PetscCall(NakMixSetTemperature(b, 0));
  PetscCall(CreateAround(b));
  PetscCall(CreateGas(b));
  PetscCall(PetscCalloc3(b->owned * b->zone.layers, &b->share, b->owned, &b->excess, b->owned,
                         &b->contact));
  PetscCall(CreateSolver(b));
  b->speed = params->current * b->zone.mix.volume / NAK_FARADAY;
  PetscCall(NakMixBoxFill(b, FillLiquid, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxDestroy(NakMixBox *box)
{
  NakMixBox b = *box;

  PetscFunctionBeginUser;
  if (b == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakBdfDestroy(&b->bdf));
  PetscCall(VecDestroy(&b->U));
  PetscCall(VecDestroy(&b->before));
  PetscCall(VecDestroy(&b->local));
  PetscCall(DMDestroy(&b->around));
  PetscCall(NakColumnsDestroy(&b->columns));
  PetscCall(NakGasDestroy(&b->gas));
  PetscCall(NakZoneDestroy(&b->zone));
  PetscCall(PetscFree2(b->height, b->link));
  PetscCall(PetscFree3(b->share, b->excess, b->contact));
  PetscCall(NakStateDestroy(&b->state));
  PetscCall(PetscCommDestroy(&b->comm));
  PetscCall(PetscFree(*box));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakMix *NakMixBoxMix(NakMixBox box)
{
  return &box->zone.mix;
}

NakState NakMixBoxState(NakMixBox box)
{
  return box->state;
}

Vec NakMixBoxUnknowns(NakMixBox box)
{
  return box->U;
}

PetscErrorCode
NakMixBoxFill(NakMixBox b, void (*fill)(void *ctx, const PetscReal at[3], PetscReal u[]), void *ctx)
{
  PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecSet(b->U, 0));
  PetscCall(VecGetArray(b->U, &u));
  for (PetscInt n = 0; n < b->owned; n++)
    for (PetscInt k = 0; k < b->zone.layers; k++) {
      PetscReal at[3], *const here = u + NakMixAtCell(b, n, k);

      NakMixPlace(b, n, k, at);
      fill(ctx, at, here);
      here[0] = NakMixAt(&b->zone.mix, here).X;
    }
  if (b->gas != NULL) {
    PetscCall(NakMixShareVoid(b, u));
    PetscCall(NakGasFill(b->gas, b->share));
  }
  PetscCall(VecRestoreArray(b->U, &u));
  PetscCall(NakMixBegin(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}
