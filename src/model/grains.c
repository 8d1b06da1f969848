/* Nuclei of the solids of the zone: sites on the face.

   A site of radius R begins to grow when the liquid over it drives a solid harder than the
   curvature of that radius resists.  It does so once more after its grain has dissolved: free
   growth (A. L. Greer et al., Acta Mater. 48 (2000) 2823).  The K film is a seed, too.  What the
   nucleus rejects counts.  Otherwise a nucleus in a small cell would dissolve, and begin again.

   Sites are random numbers of (seed, site), so neither ranks nor time steps change them. */
#include "model_impl.h"

enum { STREAM_SITES = 5 }; /* the film has 3 and 4, voids 1 and 2 */

static const NakMixParams *Params(const NakModel m)
{
  return &m->params.microstructure;
}

static NakBody Body(const NakModel m)
{
  return Params(m)->nuclei_body == 0 ? NAK_BODY_SOLID_B : NAK_BODY_SOLID_A;
}

/* Drive that holds a nucleus [J/m3]: of a sphere or a cylinder.  For a plane it is that of a
   cylinder. */
static PetscReal Critical(const NakModel m, NakBody body)
{
  const NakGrid  *g       = NakStateGrid(m->state);
  const PetscInt  curved  = PetscMax(1, (g->nx > 1) + (g->ny > 1));
  const PetscReal tension = body == NAK_BODY_SOLID_B ? m->params.material.b.solid_liquid_energy
                                                     : m->params.material.a.solid_liquid_energy;

  return (PetscReal)curved * tension / m->grains.radius;
}

/* Volume of a nucleus over that of the alloy. */
static PetscReal Part(const NakModel m)
{
  const NakGrid  *g = NakStateGrid(m->state);
  const PetscReal R = m->grains.radius, height = NakModelHeight(&m->params);
  const PetscReal width = g->dx * (PetscReal)g->nx, depth = g->dy * (PetscReal)g->ny;

  if (g->nx > 1 && g->ny > 1) return 2 * PETSC_PI / 3 * R * R * R / (width * depth * height);
  if (g->nx == 1 && g->ny == 1) return R / height;
  return PETSC_PI / 2 * R * R / ((g->nx > 1 ? width : depth) * height);
}

static void PlaceSites(NakModel m)
{
  const NakGrid *g = NakStateGrid(m->state);

  for (PetscInt k = 0; k < m->grains.count; k++) {
    PetscReal at[2] = {0.5, 0.5};

    if (m->grains.count > 1)
      NakRandom((uint64_t)Params(m)->seed << 8 | STREAM_SITES, (uint64_t)k, 0, at);
    m->grains.site[k] =
      (NakGrainSite){.x = at[0] * g->dx * (PetscReal)g->nx, .y = at[1] * g->dy * (PetscReal)g->ny};
  }
}

PetscErrorCode NakGrainsCreate(NakModel m)
{
  NakGrains *g = &m->grains;

  PetscFunctionBeginUser;
  g->until = PETSC_INFINITY;
  if (m->column.l.phases == 0) PetscFunctionReturn(PETSC_SUCCESS);
  g->count  = Params(m)->grains_a + Params(m)->grains_b > 0 ? Params(m)->nuclei : 0;
  g->radius = Params(m)->nucleus_radius > 0 ? Params(m)->nucleus_radius : Params(m)->width;
  g->until  = 0;
  g->part   = Part(m);
  PetscCall(PetscMalloc1(g->count, &g->site));
  PlaceSites(m);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Inserting ---- */

/* Distance from a site to the middle of layer z of owned column n. */
static PetscReal Distance(const NakModel m, const NakGrainSite *site, PetscInt n, PetscInt z)
{
  const NakGrid  *g = NakStateGrid(m->state);
  const PetscInt  i = m->box.xs + n % m->box.xm, j = m->box.ys + n / m->box.xm;
  const PetscReal x = g->dx * ((PetscReal)i + 0.5), y = g->dy * ((PetscReal)j + 0.5);
  const PetscReal a = NakGridApart(g, 0, x - site->x), b = NakGridApart(g, 1, y - site->y);
  const PetscReal height = m->column.alloy.height[0];

  return PetscSqrtReal(a * a + b * b + PetscSqr(height * ((PetscReal)z + 0.5)));
}

/* A nucleus takes the place of liquid.  The Na of that liquid that it cannot hold goes to the
   reservoir; the Na that it lacks comes from there.  So the liquid around stays as it is, and the
   nucleus is in equilibrium with it. */
static PetscErrorCode Insert(NakModel m, const NakGrainSite *site, PetscInt k, PetscReal u[])
{
  const NakColumn *c    = &m->column;
  PetscReal        gain = 0;

  PetscFunctionBeginUser;
  for (PetscInt n = 0; n < m->owned; n++)
    for (PetscInt z = 0; z < c->l.zone; z++) {
      const PetscReal out = Distance(m, site, n, z) - m->grains.radius;

      gain += NakZoneFill(&c->zone, k, 0.5 - 0.5 * PetscTanhReal(2 * out / c->zone.mix.width),
                          u + (ptrdiff_t)n * c->l.size + NakLayoutAlloy(&c->l, z));
    }
  m->grains.formed++;
  m->disturbed++;
  PetscCall(NakZonePay(m, gain, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- When ---- */

/* What liquid of ratio r gains by freezing [J/m3]. */
static PetscReal Gain(const NakModel m, NakBody body, PetscReal r)
{
  return NakMixGain(&m->column.zone.mix, body, NakColumnPotential(&m->column, r));
}

/* The drive over the necessary drive, less 1, in liquid of ratio r.  It is that after the nucleus
   has rejected to the alloy what it cannot hold.  There is a margin: a nucleus as wide as its
   interface would lose the last part of the drive. */
static PetscReal ExcessAt(const NakModel m, NakBody body, PetscReal r)
{
  const NakMix   *mix    = &m->column.zone.mix;
  const PetscReal margin = 1.5;
  const PetscReal given  = body == NAK_BODY_SOLID_B ? (1 - mix->partition) * r : -mix->metal;

  return Gain(m, body, PetscMax(r + m->grains.part * given, r / 2)) / (margin * Critical(m, body)) -
         1;
}

/* The excess at a site.  It is next to nothing if there is more than a trace of a grain, or if the
   site belongs to another rank. */
static PetscReal Excess(const NakModel m, NakBody body, const NakGrainSite *site,
                        const PetscReal u[])
{
  const NakGrid   *g     = NakStateGrid(m->state);
  const NakColumn *c     = &m->column;
  const PetscInt   i     = PetscMin((PetscInt)(site->x / g->dx), g->nx - 1) - m->box.xs;
  const PetscInt   j     = PetscMin((PetscInt)(site->y / g->dy), g->ny - 1) - m->box.ys;
  const PetscReal  trace = 1e-4;
  const PetscReal *layer;

  if (i < 0 || i >= m->box.xm || j < 0 || j >= m->box.ym) return -PETSC_MAX_REAL;
  layer = u + (ptrdiff_t)(j * m->box.xm + i) * c->l.size + c->l.alloy;
  for (PetscInt k = 1; k <= c->l.phases; k++)
    if (layer[k] > trace) return -PETSC_MAX_REAL;
  return ExcessAt(m, body, NakZoneLiquid(&c->zone, layer));
}

/* Which grain of its body the next nucleus becomes: one after the other. */
static PetscInt NextGrain(const NakModel m, NakBody body)
{
  const PetscInt b = Params(m)->grains_b, a = Params(m)->grains_a;

  return body == NAK_BODY_SOLID_B ? 1 + m->grains.formed % b : 1 + b + m->grains.formed % a;
}

/* Steps are to end near the moment at which the drive is enough.  The rate of the last step tells
   when.  A step goes half of the way or a tenth of what is needed, whichever is more. */
static void SetUntil(NakModel m, PetscReal time, PetscReal dt, PetscReal excess)
{
  NakGrains      *g    = &m->grains;
  const PetscReal rate = (excess - g->excess) / dt, way = PetscMax(-excess / 2, 0.1);

  g->until  = g->known && excess > -PETSC_MAX_REAL && rate > 0 ? time + way / rate : PETSC_INFINITY;
  g->excess = excess;
  g->known  = (PetscBool)(excess > -PETSC_MAX_REAL);
}

/* The most that any phase has of the highest layer of the zone. */
static PetscReal OnTop(const NakModel m, const PetscReal u[])
{
  const NakLayout *l    = &m->column.l;
  PetscReal        most = 0;

  for (PetscInt n = 0; n < m->owned; n++)
    for (PetscInt k = 1; k <= l->phases; k++)
      most = PetscMax(most, u[(ptrdiff_t)n * l->size + NakLayoutAlloy(l, l->zone - 1) + k]);
  return most;
}

/* The K film wets with K.  Of the columns that it covers by more than half, take the one with the
   greatest drive. */
static PetscErrorCode UnderFilm(NakModel m, const PetscReal u[], PetscReal *excess,
                                NakGrainSite *site)
{
  const NakGrid *g = NakStateGrid(m->state);
  struct {
    double value;
    int    column;
  } most = {-PETSC_MAX_REAL, 0};
  int i, j;

  PetscFunctionBeginUser;
  for (PetscInt n = 0; n < m->owned && Params(m)->grains_b > 0; n++) {
    const PetscInt     x = m->box.xs + n % m->box.xm, y = m->box.ys + n / m->box.xm;
    const NakGrainSite here = {.x = g->dx * ((PetscReal)x + 0.5),
                               .y = g->dy * ((PetscReal)y + 0.5)};
    PetscReal          value;

    if (u[(ptrdiff_t)n * m->column.l.size + m->column.l.open] > 0.5) continue;
    value = Excess(m, NAK_BODY_SOLID_B, &here, u);
    if (value > most.value) {
      most.value  = value;
      most.column = (int)(y * g->nx + x);
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE_INT, MPI_MAXLOC, m->comm));
  *excess = most.value;
  i       = most.column % (int)g->nx;
  j       = most.column / (int)g->nx;
  *site   = (NakGrainSite){.x = g->dx * ((PetscReal)i + 0.5), .y = g->dy * ((PetscReal)j + 0.5)};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the grains need to know from all ranks: the excess at each site, and what is on top. */
static PetscErrorCode Survey(NakModel m, const PetscReal u[], PetscReal excess[])
{
  const PetscReal full = 0.1;
  NakGrains      *g    = &m->grains;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->count; k++) excess[k] = Excess(m, Body(m), &g->site[k], u);
  excess[g->count] = OnTop(m, u);
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, excess, (PetscMPIInt)g->count + 1, MPIU_REAL, MPIU_MAX, m->comm));
  PetscCheck(excess[g->count] < full, m->comm, PETSC_ERR_NOT_CONVERGED,
             "a grain or a void has reached the top of its zone: raise microstructure.height");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGrainsAdvance(NakModel m, PetscReal time, PetscReal dt, Vec U)
{
  NakGrains   *g = &m->grains;
  PetscReal   *excess, *u, film, most;
  NakGrainSite under;

  PetscFunctionBeginUser;
  if (m->column.l.phases == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(g->count + 1, &excess));
  PetscCall(VecGetArray(U, &u));
  PetscCall(Survey(m, u, excess));
  PetscCall(UnderFilm(m, u, &film, &under));
  most = film < 0 ? film : -PETSC_MAX_REAL;
  for (PetscInt k = 0; k < g->count; k++) {
    if (excess[k] < 0)
      most = PetscMax(most, excess[k]);
    else
      PetscCall(Insert(m, &g->site[k], NextGrain(m, Body(m)), u));
  }
  if (film >= 0) PetscCall(Insert(m, &under, NextGrain(m, NAK_BODY_SOLID_B), u));
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(PetscFree(excess));
  SetUntil(m, time, dt, most);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakGrainsUntil(NakModel model)
{
  return model->grains.until;
}

/* All layers of the zone have one volume. */
PetscErrorCode NakZonePay(NakModel m, PetscReal gain, PetscReal u[])
{
  const NakColumn *c       = &m->column;
  const NakGrid   *g       = NakStateGrid(m->state);
  const PetscReal  columns = (PetscReal)g->nx * (PetscReal)g->ny, height = c->alloy.height[0];

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &gain, 1, MPIU_REAL, MPIU_SUM, m->comm));
  for (PetscInt n = 0; n < m->owned; n++)
    u[(ptrdiff_t)n * c->l.size + c->l.reservoir_na] -= gain * height / (columns * c->reservoir);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGrainsCheckpoint(NakModel m, NakCheckpoint c)
{
  NakGrains *g = &m->grains;

  PetscFunctionBeginUser;
  if (m->column.l.phases == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointBlock(c, "grains/formed", &g->formed, sizeof g->formed));
  PetscCall(NakCheckpointBlock(c, "grains/until", &g->until, sizeof g->until));
  PetscCall(NakCheckpointBlock(c, "grains/excess", &g->excess, sizeof g->excess));
  PetscCall(NakCheckpointBlock(c, "grains/known", &g->known, sizeof g->known));
  PetscFunctionReturn(PETSC_SUCCESS);
}
