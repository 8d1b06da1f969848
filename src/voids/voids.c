/* Voids between electrolyte and alloy; the contract is in nakfield/voids.h. */
#include "voids_impl.h"

PetscBool NakVoidsFit(const NakVoidsParams *p, const PetscInt columns[2], const PetscReal side[2],
                      PetscReal layer, char why[NAK_VOIDS_MISFIT])
{
  const PetscReal cells = 4, rounding = 1 + 1e-9, largest = p->width / cells * rounding;
  const PetscReal widest = PetscMax(columns[0] > 1 ? side[0] : 0, columns[1] > 1 ? side[1] : 0);

  why[0] = '\0';
  if (columns[0] == 1 && columns[1] == 1)
    (void)snprintf(why, NAK_VOIDS_MISFIT,
                   "voids need more than one column: raise grid.nx, or set voids.pockets and "
                   "voids.nucleation to 0");
  else if (widest > largest)
    (void)snprintf(why, NAK_VOIDS_MISFIT,
                   "the columns are %.6g m wide, more than a quarter of voids.width, %.6g m: raise "
                   "%s%s%s or voids.width",
                   (double)widest, (double)p->width, columns[0] > 1 ? "grid.nx" : "",
                   columns[0] > 1 && columns[1] > 1 ? " and " : "",
                   columns[1] > 1 ? "grid.ny" : "");
  else if (layer > largest)
    (void)snprintf(why, NAK_VOIDS_MISFIT,
                   "the alloy's layers are up to %.6g m high, more than a quarter of voids.width, "
                   "%.6g m: raise grid.alloy_layers, lower grid.alloy_height, or set "
                   "grid.finest_alloy to 0 for equal layers",
                   (double)layer, (double)p->width);
  return (PetscBool)(why[0] == '\0');
}

static PetscErrorCode CheckGrid(NakState state, const NakVoidsParams *p)
{
  const NakGrid *g     = NakStateGrid(state);
  PetscReal      layer = 0;
  char           why[NAK_VOIDS_MISFIT];

  PetscFunctionBeginUser;
  for (PetscInt k = g->nz - g->n_alloy; k < g->nz; k++)
    layer = PetscMax(layer, g->z[k + 1] - g->z[k]);
  PetscCheck(
    NakVoidsFit(p, (const PetscInt[]){g->nx, g->ny}, (const PetscReal[]){g->dx, g->dy}, layer, why),
    PetscObjectComm((PetscObject)NakStateDM(state)), PETSC_ERR_USER_INPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gas that dissolves makes voids smaller than the deck's, which must not be the smallest themselves. */
static PetscErrorCode CheckRadius(NakState state, const NakVoidsParams *p, const NakVoidsEnergy *e)
{
  const PetscReal curved = NakVoidsFlat(NakStateGrid(state)) ? 1 : 2;
  const PetscReal least  = 1.1 * curved * e->tension / NakVoidsHighest(e);

  PetscFunctionBeginUser;
  PetscCheck(p->dissolution == 0 || p->radius > least,
             PetscObjectComm((PetscObject)NakStateDM(state)), PETSC_ERR_USER_INPUT,
             "with voids.dissolution, voids.radius must be larger than %.3g m at this voids.width: "
             "raise the one or lower the other",
             (double)least);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLayers(NakVoids s)
{
  const NakGrid   *g  = NakStateGrid(s->state);
  const PetscInt   nz = g->n_alloy;
  const PetscReal *z  = g->z + g->nz - nz;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(nz, &s->height, nz + 1, &s->link));
  for (PetscInt k = 0; k < nz; k++) s->height[k] = z[k + 1] - z[k];
  s->link[0] = s->link[nz] = 0; /* closed: the wall acts in another way, and nothing is beyond */
  for (PetscInt k = 1; k < nz; k++) s->link[k] = 2 / (s->height[k - 1] + s->height[k]);
  s->area = g->dx * g->dy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The alloy's cells with the ranks of the columns. */
static PetscErrorCode CreateGrid(NakVoids s)
{
  DM             plane = NakStateDM(s->state);
  const PetscInt nz    = NakStateGrid(s->state)->n_alloy, *lx, *ly;
  PetscInt       nx, ny, px, py;
  DMBoundaryType bx, by;
  NakBlock      *b = &s->block;

  PetscFunctionBeginUser;
  PetscCall(
    DMDAGetInfo(plane, NULL, &nx, &ny, NULL, &px, &py, NULL, NULL, NULL, &bx, &by, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(plane, &lx, &ly, NULL));
  PetscCall(DMDACreate3d(s->comm, DM_BOUNDARY_NONE, bx, by, DMDA_STENCIL_STAR, nz, nx, ny, 1, px,
                         py, 1, 1, NULL, lx, ly, &s->dm));
  PetscCall(DMSetUp(s->dm));
  PetscCall(DMDAGetCorners(plane, &b->xs, &b->ys, NULL, &b->xm, &b->ym, NULL));
  b->nz = nz;
  PetscCall(DMCreateGlobalVector(s->dm, &s->v));
  PetscCall(VecDuplicate(s->v, &s->before));
  PetscCall(VecDuplicate(s->v, &s->slope));
  PetscCall(DMCreateLocalVector(s->dm, &s->ghosted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsCreate(NakState state, const NakVoidsParams *params,
                              PetscReal surface_tension, NakVoids *voids)
{
  const NakVoidsEnergy energy =
    NakVoidsEnergyCreate(surface_tension, params->width, params->mobility);
  NakVoids s;
  PetscInt n;

  PetscFunctionBeginUser;
  *voids = NULL;
  PetscCall(CheckGrid(state, params));
  PetscCall(CheckRadius(state, params, &energy));
  PetscCall(PetscNew(&s));
  *voids    = s;
  s->comm   = PetscObjectComm((PetscObject)NakStateDM(state));
  s->state  = state;
  s->params = *params;
  s->energy = energy;
  s->next   = 1e-3 * params->width * params->width / params->mobility;
  s->reach  = PETSC_MAX_REAL;
  PetscCall(CreateLayers(s));
  PetscCall(CreateGrid(s));
  n = s->block.xm * s->block.ym;
  PetscCall(PetscCalloc4(n, &s->cosine, n, &s->wetted, n, &s->room, n, &s->owner));
  PetscCall(PetscCalloc1((size_t)n * (size_t)s->block.nz, &s->share));
  for (PetscInt c = 0; c < n; c++) s->cosine[c] = PetscCosReal(params->contact_angle);
  PetscCall(NakPocketsCreate(s));
  PetscCall(NakNucleiCreate(s));
  PetscCall(NakVoidsIntegratorCreate(s));
  PetscCall(NakVoidsCover(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakVoidsDestroy(NakVoids *voids)
{
  NakVoids s = *voids;

  PetscFunctionBeginUser;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSDestroy(&s->ts));
  PetscCall(MatDestroy(&s->jacobian));
  PetscCall(MatDestroy(&s->local));
  PetscCall(VecDestroy(&s->v));
  PetscCall(VecDestroy(&s->before));
  PetscCall(VecDestroy(&s->slope));
  PetscCall(VecDestroy(&s->ghosted));
  PetscCall(DMDestroy(&s->dm));
  PetscCall(NakNucleiDestroy(s));
  PetscCall(NakGasDestroy(&s->gas));
  PetscCall(PetscFree4(s->cosine, s->wetted, s->room, s->owner));
  PetscCall(PetscFree(s->share));
  PetscCall(PetscFree2(s->height, s->link));
  PetscCall(PetscFree(*voids));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Share of void of the cells, wetted share and room of the columns, as v has them. */
PetscErrorCode NakVoidsCover(NakVoids s)
{
  const PetscInt   nz = s->block.nz, n = s->block.xm * s->block.ym;
  const PetscReal *v;
  PetscReal       *share = s->share;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(s->v, &v));
  for (PetscInt c = 0; c < n; c++, v += nz, share += nz) {
    const PetscReal wall   = NakVoidsWallCreate(&s->energy, s->cosine[c], s->height[0] / 2, v[0]).v;
    PetscReal       height = 0;

    for (PetscInt k = 0; k < nz; k++) {
      share[k] = NakVoidsShare(v[k]).value;
      height += s->height[k] * share[k];
    }
    s->wetted[c] = 1 - NakVoidsShare(wall).value;
    s->room[c]   = (1 - s->wetted[c]) * height;
  }
  v -= (ptrdiff_t)n * nz;
  PetscCall(VecRestoreArrayRead(s->v, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckTop(NakVoids s)
{
  const PetscInt   nz = s->block.nz, n = s->block.xm * s->block.ym;
  PetscMPIInt      high = 0;
  const PetscReal *v;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(s->v, &v));
  for (PetscInt c = 0; c < n; c++)
    if (v[(c + 1) * nz - 1] > 0.5) high = 1;
  PetscCall(VecRestoreArrayRead(s->v, &v));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &high, 1, MPI_INT, MPI_MAX, s->comm));
  PetscCheck(!high, s->comm, PETSC_ERR_NOT_CONVERGED,
             "a void has reached the top of the resolved alloy: raise grid.alloy_height (and "
             "grid.alloy_layers)");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Mean of the wetted shares. */
static PetscErrorCode MeanWetted(NakVoids s, PetscReal *mean)
{
  const NakGrid *g = NakStateGrid(s->state);
  const PetscInt n = s->block.xm * s->block.ym;

  PetscFunctionBeginUser;
  *mean = 0;
  for (PetscInt c = 0; c < n; c++) *mean += s->wetted[c] / ((PetscReal)g->nx * (PetscReal)g->ny);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, mean, 1, MPIU_REAL, MPIU_SUM, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Young's law, with the adhesion that depletion takes away. */
static void SetAngles(NakVoids s, const NakVoidsDrive drive[])
{
  const PetscReal rest  = PetscCosReal(s->params.contact_angle);
  const PetscReal empty = PetscCosReal(s->params.depleted_angle);
  const PetscInt  n     = s->block.xm * s->block.ym;

  for (PetscInt c = 0; c < n; c++)
    s->cosine[c] = rest + (empty - rest) * NakVoidsDepletion(&s->params, &drive[c]);
}

PetscErrorCode NakVoidsStep(NakVoids s, PetscReal dt, const NakVoidsDrive drive[])
{
  const PetscReal growth = 4; /* of the cell's steps, so that the voids see what changes */
  PetscReal       before, after;

  PetscFunctionBeginUser;
  s->reach = PETSC_MAX_REAL;
  PetscCall(MeanWetted(s, &before));
  SetAngles(s, drive);
  if (s->gas.n > 0) {
    PetscCall(NakGasDissolve(s, dt));
    PetscCall(NakVoidsIntegrate(s, dt));
    PetscCall(NakGasRegroup(s));
    PetscCall(CheckTop(s));
    PetscCall(NakVoidsCover(s));
  }
  PetscCall(MeanWetted(s, &after));
  if (after != before) s->reach = dt * s->params.change / PetscAbsReal(after - before);
  s->reach = s->gas.n > 0 ? PetscMin(s->reach, growth * dt) : PETSC_MAX_REAL;
  s->reach = PetscMin(s->reach, NakGasReach(s));
  PetscCall(NakNucleiAdvance(s, dt, drive));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakVoidsReach(NakVoids s)
{
  return s->reach;
}

const PetscReal *NakVoidsWetted(NakVoids s)
{
  return s->wetted;
}

const PetscReal *NakVoidsRoom(NakVoids s)
{
  return s->room;
}

const PetscReal *NakVoidsShares(NakVoids s)
{
  return s->share;
}

Vec NakVoidsOrder(NakVoids s)
{
  return s->v;
}

PetscErrorCode NakVoidsMeasure(NakVoids s, NakVoidsReport *report)
{
  const NakGrid  *g    = NakStateGrid(s->state);
  const PetscReal area = s->area * (PetscReal)g->nx * (PetscReal)g->ny;
  const PetscReal cell = s->area * s->height[0];
  PetscReal       gas  = 0;

  PetscFunctionBeginUser;
  *report =
    (NakVoidsReport){.formed = s->gas.formed, .steps = s->steps, .iterations = s->iterations};
  PetscCall(MeanWetted(s, &report->wetted));
  if (s->gas.n > 0) PetscCall(NakVoidsFree(s, s->v, &report->energy));
  report->energy /= area;
  for (PetscInt k = 0; k < s->gas.n; k++) {
    report->height += s->gas.volume[k] / area;
    gas += s->gas.amount[k];
    if (s->gas.root[k] == k && s->gas.volume[k] > cell) report->count++;
  }
  if (s->gas.filled == 0) PetscFunctionReturn(PETSC_SUCCESS);
  report->dissolved   = s->gas.dissolved / s->gas.filled;
  report->gas_balance = gas / s->gas.filled + report->dissolved - 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}
