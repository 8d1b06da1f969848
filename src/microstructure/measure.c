/* Amounts, energy and fields of the box; the contract is in nakfield/microstructure.h. */
#include "microstructure_impl.h"

/* Sums over the cells, and extremes, of all ranks. */
enum { SUM_ENERGY, SUM_X, SUM_TAKEN, SUM_BODY, SUMS = SUM_BODY + NAK_BODIES };
enum { PHI_MAX, PHI_MIN, MU_MAX, MU_MIN, EXTREMES }; /* the least as greatest of the negative */

typedef struct {
  PetscReal sum[SUMS], extreme[EXTREMES];
} Tally;

static void TallyCell(const NakMixBox b, const PetscReal u[], Tally *t)
{
  const NakMixPoint p    = NakMixHolding(&b->zone.mix, u, u[0]);
  PetscReal         left = 1;

  t->sum[SUM_ENERGY] += p.energy;
  t->sum[SUM_X] += u[0];
  for (int k = 0; k < NAK_BODIES; k++) t->sum[SUM_BODY + k] += p.h[k];
  for (PetscInt k = 1; k <= b->zone.phases + 1; k++) {
    const PetscReal phi = k <= b->zone.phases ? u[k] : left;

    left -= phi;
    t->extreme[PHI_MAX] = PetscMax(t->extreme[PHI_MAX], phi);
    t->extreme[PHI_MIN] = PetscMax(t->extreme[PHI_MIN], -phi);
  }
  t->extreme[MU_MAX] = PetscMax(t->extreme[MU_MAX], p.mu);
  t->extreme[MU_MIN] = PetscMax(t->extreme[MU_MIN], -p.mu);
}

/* Gradient energy of a face between two cells, `h` apart [J/m3]. */
static PetscReal FaceEnergy(const NakZone *z, const PetscReal u[], const PetscReal v[], PetscReal h)
{
  PetscReal sum = 0, all = 0;

  for (PetscInt k = 1; k <= z->phases; k++) {
    const PetscReal step = (v[k] - u[k]) / h;

    all += step;
    sum += 0.75 * z->mix.width * z->mix.share[k] * step * step;
  }
  return sum + 0.75 * z->mix.width * z->mix.share[0] * all * all;
}

/* Energy of the wall under a column [J/m3]. */
static PetscReal WallEnergy(const NakMixBox b, const PetscReal column[])
{
  PetscReal face[NAK_MIX_MOST] = {0}, drive[NAK_MIX_MOST], ddrive[NAK_MIX_MOST][NAK_MIX_MOST];

  if (!b->zone.wall) return 0;
  NakZoneOnFace(&b->zone, column, face);
  return NakMixSumAt(&b->zone.mix, b->zone.mix.wall, face, drive, ddrive) / b->h[2];
}

/* Half of the energy of the faces of a column with those beside it, all of that with itself. */
static PetscReal ColumnEnergy(const NakMixBox b, PetscInt n, const PetscReal u[],
                              const PetscReal ghosts[])
{
  const NakNeighbours *near   = NakColumnsNeighbours(b->columns);
  const NakZone       *z      = &b->zone;
  const ptrdiff_t      size   = NakStateLayout(b->state)->size;
  const PetscReal     *column = u + n * size;
  PetscReal            sum    = WallEnergy(b, column);

  for (PetscInt k = 0; k < z->layers; k++) {
    const PetscInt at = NakZoneLayerAt(z, k), up = NakZoneAbove(z, k);

    if (up >= 0) sum += FaceEnergy(z, column + at, column + up, b->h[2]);
    for (int s = 0; s < NAK_BESIDE; s++) {
      const ptrdiff_t other = near->beside[n][s], owned = near->owned;

      if (other < 0) continue;
      sum += FaceEnergy(z, column + at,
                        (other < owned ? u + other * size : ghosts + (other - owned) * size) + at,
                        1 / PetscSqrtReal(near->weight[s])) /
             2;
    }
  }
  return sum;
}

/* Anisotropic energy of the owned columns [J/m3]. */
static PetscErrorCode AddAnisotropy(NakMixBox b, PetscReal *sum)
{
  PetscReal ***a;
  PetscInt     at[3];

  PetscFunctionBeginUser;
  if (b->zone.mix.fourfold == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakMixAroundGet(b, b->U, &a));
  for (PetscInt n = 0; n < b->owned; n++)
    for (at[2] = 0; at[2] < b->zone.layers; at[2]++) {
      at[0] = b->own.xs + n % b->own.xm;
      at[1] = b->own.ys + n / b->own.xm;
      *sum += NakMixVertexEnergy(b, a, at);
    }
  PetscCall(NakMixAroundRestore(b, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TallyAll(NakMixBox b, Tally *t)
{
  const PetscReal *u, *ghosts = NULL;

  PetscFunctionBeginUser;
  *t = (Tally){.sum = {0}};
  for (int k = 0; k < EXTREMES; k++) t->extreme[k] = -PETSC_MAX_REAL;
  PetscCall(VecGetArrayRead(b->U, &u));
  PetscCall(NakColumnsGhosts(b->columns, u, &ghosts));
  for (PetscInt n = 0; n < b->owned; n++) {
    for (PetscInt k = 0; k < b->zone.layers; k++) TallyCell(b, u + NakMixAtCell(b, n, k), t);
    t->sum[SUM_ENERGY] += ColumnEnergy(b, n, u, ghosts);
    t->sum[SUM_TAKEN] += u[NakMixTaken(b, n)] / b->h[2];
  }
  if (b->gas != NULL) PetscCall(NakMixGas(b, u));
  PetscCall(VecRestoreArrayRead(b->U, &u));
  PetscCall(AddAnisotropy(b, &t->sum[SUM_ENERGY]));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->sum, SUMS, MPIU_REAL, MPIU_SUM, b->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->extreme, EXTREMES, MPIU_REAL, MPIU_MAX, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal Cells(const NakMixBox b)
{
  return (PetscReal)b->params.n[0] * (PetscReal)b->params.n[1] * (PetscReal)b->params.n[2];
}

PetscErrorCode NakMixBegin(NakMixBox b)
{
  const PetscReal              moles = b->cell / b->zone.mix.volume;
  NakMixIntegratorState *const i     = &b->integrator;
  Tally                        t;

  PetscFunctionBeginUser;
  PetscCall(TallyAll(b, &t));
  i->a_start = moles * t.sum[SUM_X];
  i->b_start = moles * Cells(b) - i->a_start;
  i->next    = b->params.first_step;
  NakBdfForget(b->bdf);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxMeasure(NakMixBox b, NakMixRecord *record)
{
  const PetscReal              moles = b->cell / b->zone.mix.volume;
  const NakMixIntegratorState *i     = &b->integrator;
  NakMixRecord                 r     = {.time     = i->time,
                                        .dt       = i->dt,
                                        .steps    = i->steps,
                                        .rejected = i->rejected,
                                        .newton   = i->newton,
                                        .linear   = i->linear,
                                        .nuclei   = i->nuclei};
  Tally                        t;

  PetscFunctionBeginUser;
  PetscCall(TallyAll(b, &t));
  PetscCall(NakMixContact(b));
  r.a           = moles * t.sum[SUM_X];
  r.b           = moles * Cells(b) - r.a;
  r.temperature = b->branch_temperature;
  r.energy      = b->cell * t.sum[SUM_ENERGY] + (b->gas != NULL ? NakGasEnergy(b->gas) : 0);
  r.charge      = b->params.current * b->area * i->time;
  r.a_balance   = (r.a + moles * t.sum[SUM_TAKEN] - i->a_start) / i->a_start;
  r.b_balance   = (r.b - moles * t.sum[SUM_TAKEN] - i->b_start) / i->b_start;
  for (int k = 0; k < NAK_BODIES; k++) r.share[k] = t.sum[SUM_BODY + k] / Cells(b);
  r.phi_max  = t.extreme[PHI_MAX];
  r.phi_min  = -t.extreme[PHI_MIN];
  r.mu_max   = b->zone.mix.RT * t.extreme[MU_MAX];
  r.mu_min   = -b->zone.mix.RT * t.extreme[MU_MIN];
  r.pressure = b->gas != NULL ? NakGasExcess(b->gas, 0) : 0;
  r.contact  = b->wetted;
  *record    = r;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Fields ---- */

enum {
  FIELD_X,
  FIELD_MU,
  FIELD_GRAIN,
  FIELD_PHI,
  FIELD_SHARE = FIELD_PHI + NAK_BODIES,
  FIELDS      = FIELD_SHARE + NAK_BODIES
};

static const NakField fields[FIELDS] = {
  {"x",           "1",     "Mole fraction of A in the metal of the cell",       NAK_PLACE_VOLUME},
  {"mu",          "J/mol", "Diffusion potential dG/dx",                         NAK_PLACE_VOLUME},
  {"grain",       "1",     "Phase with the greatest order parameter, 0 liquid", NAK_PLACE_VOLUME},
  {"phi_liquid",  "1",     "Order parameter of the liquid",                     NAK_PLACE_VOLUME},
  {"phi_solid_b", "1",     "Order parameters of solid B, summed over grains",   NAK_PLACE_VOLUME},
  {"phi_solid_a", "1",     "Order parameters of solid A, summed over grains",   NAK_PLACE_VOLUME},
  {"phi_void",    "1",     "Order parameter of the void",                       NAK_PLACE_VOLUME},
  {"liquid",      "1",     "Share of the volume that is liquid",                NAK_PLACE_VOLUME},
  {"solid_b",     "1",     "Share of the volume that is solid B",               NAK_PLACE_VOLUME},
  {"solid_a",     "1",     "Share of the volume that is solid A",               NAK_PLACE_VOLUME},
  {"void",        "1",     "Share of the volume that is void",                  NAK_PLACE_VOLUME},
};

static PetscReal FieldValue(const NakMixBox b, PetscInt field, const PetscReal u[])
{
  const NakMix *mix             = &b->zone.mix;
  PetscReal     phi[NAK_BODIES] = {1}, most;
  PetscInt      grain           = 0;

  if (field == FIELD_MU) return mix->RT * NakMixPotential(mix, u, u[0]);
  if (field == FIELD_X) return u[0];
  if (field >= FIELD_SHARE) {
    PetscReal h[NAK_BODIES];

    NakMixShares(mix, u, h);
    return h[field - FIELD_SHARE];
  }
  for (PetscInt k = 1; k < mix->n; k++) {
    phi[0] -= u[k];
    phi[mix->body[k]] += u[k];
  }
  if (field >= FIELD_PHI) return phi[field - FIELD_PHI];
  most = phi[0];
  for (PetscInt k = 1; k < mix->n; k++)
    if (u[k] > most) {
      most  = u[k];
      grain = k;
    }
  return (PetscReal)grain;
}

static PetscErrorCode FillField(void *ctx, PetscInt field, PetscReal values[])
{
  const NakMixBox  b = ctx;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(b->U, &u));
  for (PetscInt k = 0; k < b->zone.layers; k++)
    for (PetscInt n = 0; n < b->owned; n++)
      *values++ = FieldValue(b, field, u + NakMixAtCell(b, n, k));
  PetscCall(VecRestoreArrayRead(b->U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakMixBoxFields(NakField all[])
{
  for (PetscInt k = 0; k < FIELDS; k++) all[k] = fields[k];
  return FIELDS;
}

PetscErrorCode NakMixBoxFrame(NakMixBox b, NakFrame *frame)
{
  PetscFunctionBeginUser;
  *frame = (NakFrame){.grid   = NakStateGrid(b->state),
                      .fields = fields,
                      .count  = FIELDS,
                      .xs     = b->own.xs,
                      .ys     = b->own.ys,
                      .xm     = b->own.xm,
                      .ym     = b->own.ym,
                      .fill   = FillField,
                      .ctx    = b};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixContact(NakMixBox b)
{
  const PetscReal  columns = (PetscReal)b->params.n[0] * (PetscReal)b->params.n[1];
  const PetscReal *u;
  PetscReal        sum = 0;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(b->U, &u));
  for (PetscInt n = 0; n < b->owned; n++) {
    PetscReal h[NAK_BODIES];

    NakMixShares(&b->zone.mix, u + NakMixAtCell(b, n, 0), h);
    b->contact[n] = PetscMax(0, h[NAK_BODY_LIQUID]);
    sum += b->contact[n];
  }
  PetscCall(VecRestoreArrayRead(b->U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, b->comm));
  b->wetted = sum / columns;
  for (PetscInt n = 0; n < b->owned; n++) b->contact[n] /= b->wetted;
  PetscFunctionReturn(PETSC_SUCCESS);
}
