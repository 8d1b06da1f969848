/* Amounts, energy and fields of the box; the contract is in nakfield/multiphase.h. */
#include "multiphase_impl.h"

/* Sums over the cells, and extremes, of all ranks. */
enum { SUM_ENERGY, SUM_X, SUM_BODY, SUMS = SUM_BODY + NAK_BODIES };
enum { PHI_MAX, PHI_MIN, MU_MAX, MU_MIN, EXTREMES }; /* the least as greatest of the negative */

typedef struct {
  PetscReal sum[SUMS], extreme[EXTREMES];
} Tally;

static void TallyCell(NakMixBox b, const PetscReal u[], PetscReal X, Tally *t)
{
  const NakMixPoint p    = NakMixAt(&b->mix, u);
  PetscReal         left = 1;

  t->sum[SUM_ENERGY] += p.energy;
  t->sum[SUM_X] += X;
  for (int k = 0; k < NAK_BODIES; k++) t->sum[SUM_BODY + k] += p.h[k];
  for (PetscInt k = 1; k <= b->mix.n; k++) {
    const PetscReal phi = k < b->mix.n ? u[k] : left;

    left -= phi;
    t->extreme[PHI_MAX] = PetscMax(t->extreme[PHI_MAX], phi);
    t->extreme[PHI_MIN] = PetscMax(t->extreme[PHI_MIN], -phi);
  }
  t->extreme[MU_MAX] = PetscMax(t->extreme[MU_MAX], u[0]);
  t->extreme[MU_MIN] = PetscMax(t->extreme[MU_MIN], -u[0]);
}

/* Gradient energy of the faces above a cell [J/m3]. */
static PetscReal FaceEnergy(NakMixBox b, PetscReal ****u, const PetscInt at[3])
{
  const PetscReal *here = u[at[2]][at[1]][at[0]];
  PetscReal        sum  = 0;

  for (int d = 0; d < 3; d++) {
    PetscInt  to[3] = {at[0], at[1], at[2]};
    PetscReal all   = 0;

    to[d]++;
    if (b->params.n[d] == 1 || !NakMixInside(b, d, to[d])) continue;
    for (PetscInt k = 1; k < b->mix.n; k++) {
      const PetscReal step = (u[to[2]][to[1]][to[0]][k] - here[k]) / b->h[d];

      all += step;
      sum += 0.75 * b->mix.width * b->mix.share[k] * step * step;
    }
    sum += 0.75 * b->mix.width * b->mix.share[0] * all * all;
  }
  return sum;
}

/* Energy of the wall under a cell [J/m3]. */
static PetscReal WallEnergy(NakMixBox b, PetscReal ****u, const PetscInt at[3])
{
  PetscReal face[NAK_MIX_MOST] = {0}, drive[NAK_MIX_MOST], ddrive[NAK_MIX_MOST][NAK_MIX_MOST];

  if (at[2] > 0 || b->params.n[2] == 1 || b->periodic[2]) return 0;
  for (PetscInt k = 1; k < b->mix.n; k++)
    face[k] = 1.5 * u[0][at[1]][at[0]][k] - 0.5 * u[1][at[1]][at[0]][k];
  return NakMixSumAt(&b->mix, b->mix.wall, face, drive, ddrive) / b->h[2];
}

/* Anisotropic energy of the vertex at the lower corner of a cell [J/m3]. */
static PetscReal VertexEnergy(NakMixBox b, PetscReal ****u, const PetscInt at[3])
{
  PetscReal    sum = 0, p[3], first[3], second[3][3];
  NakMixVertex vertex;

  if (!NakMixMakeVertex(b, at, &vertex)) return 0;
  for (PetscInt k = 1; k < b->mix.n; k++) {
    if (b->mix.anisotropy[k] <= 0) continue;
    NakMixGradient(&vertex, k, u, p);
    sum += NakMixAnisotropy(&b->mix, k, p, first, second);
  }
  return sum;
}

static PetscErrorCode TallyAll(NakMixBox b, Tally *t)
{
  const NakPart *p = &b->part;
  PetscReal  ****u, ***X;
  PetscInt       i[3];

  PetscFunctionBeginUser;
  *t = (Tally){.sum = {0}};
  for (int k = 0; k < EXTREMES; k++) t->extreme[k] = -PETSC_MAX_REAL;
  PetscCall(DMGlobalToLocal(b->dm, b->U, INSERT_VALUES, b->local));
  PetscCall(DMDAVecGetArrayDOFRead(b->dm, b->local, &u));
  PetscCall(DMDAVecGetArrayRead(b->one, b->X, &X));
  for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i)) {
    TallyCell(b, u[i[2]][i[1]][i[0]], X[i[2]][i[1]][i[0]], t);
    t->sum[SUM_ENERGY] += FaceEnergy(b, u, i) + WallEnergy(b, u, i);
    if (b->mix.fourfold != 0) t->sum[SUM_ENERGY] += VertexEnergy(b, u, i);
  }
  PetscCall(DMDAVecRestoreArrayRead(b->one, b->X, &X));
  PetscCall(DMDAVecRestoreArrayDOFRead(b->dm, b->local, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->sum, SUMS, MPIU_REAL, MPIU_SUM, b->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->extreme, EXTREMES, MPIU_REAL, MPIU_MAX, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Amounts of A and B.  A void holds a trace of its cells, and stands for alloy that is not
   there. */
static void Amounts(NakMixBox b, const Tally *t, PetscReal *a, PetscReal *all)
{
  const PetscReal moles = b->cell / b->mix.volume;
  const PetscReal empty = (1 - NAK_MIX_VAPOUR) * t->sum[SUM_BODY + NAK_BODY_VOID];
  const PetscReal cells =
    (PetscReal)b->params.n[0] * (PetscReal)b->params.n[1] * (PetscReal)b->params.n[2];

  *a   = moles * (t->sum[SUM_X] - b->mix.void_x * empty);
  *all = moles * (cells - empty);
}

PetscErrorCode NakMixBegin(NakMixBox b)
{
  NakMixIntegratorState *const i = &b->integrator;
  Tally                        t;
  PetscReal                    all;

  PetscFunctionBeginUser;
  PetscCall(TallyAll(b, &t));
  Amounts(b, &t, &i->a_start, &all);
  i->b_start    = all - i->a_start;
  i->void_start = t.sum[SUM_BODY + NAK_BODY_VOID];
  i->drained    = 0;
  i->last_good  = 0;
  i->next       = b->params.first_step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxMeasure(NakMixBox b, NakMixRecord *record)
{
  const PetscReal cells =
    (PetscReal)b->params.n[0] * (PetscReal)b->params.n[1] * (PetscReal)b->params.n[2];
  const PetscReal              moles = b->cell / b->mix.volume;
  const NakMixIntegratorState *i     = &b->integrator;
  NakMixRecord                 r     = {.time     = i->time,
                                        .dt       = i->dt,
                                        .steps    = i->steps,
                                        .rejected = i->rejected,
                                        .newton   = i->newton,
                                        .linear   = i->linear,
                                        .nuclei   = i->nuclei};
  Tally                        t;
  PetscReal                    all;

  PetscFunctionBeginUser;
  PetscCall(TallyAll(b, &t));
  PetscCall(NakMixContact(b));
  Amounts(b, &t, &r.a, &all);
  r.b           = all - r.a;
  r.temperature = b->branch_temperature;
  r.energy      = b->cell * t.sum[SUM_ENERGY];
  r.charge      = b->params.current * b->area * i->time;
  r.a_balance   = (r.a + moles * i->drained - i->a_start) / i->a_start;
  r.b_balance   = (r.b - moles * i->drained - i->b_start) / i->b_start;
  for (int k = 0; k < NAK_BODIES; k++) r.share[k] = t.sum[SUM_BODY + k] / cells;
  r.phi_max  = t.extreme[PHI_MAX];
  r.phi_min  = -t.extreme[PHI_MIN];
  r.mu_max   = b->mix.RT * t.extreme[MU_MAX];
  r.mu_min   = -b->mix.RT * t.extreme[MU_MIN];
  r.pressure = (b->mix.pressure - i->omega_start) / b->mix.volume;
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

static PetscReal FieldValue(NakMixBox b, PetscInt field, const PetscReal u[], PetscReal X)
{
  PetscReal phi[NAK_BODIES] = {1}, most;
  PetscInt  grain           = 0;

  if (field == FIELD_MU) return b->mix.RT * u[0];
  if (field == FIELD_X) {
    const NakMixPoint p     = NakMixAt(&b->mix, u);
    const PetscReal   empty = (1 - NAK_MIX_VAPOUR) * p.voids;

    return (X - b->mix.void_x * empty) / (1 - empty);
  }
  if (field >= FIELD_SHARE) {
    PetscReal h[NAK_BODIES];

    NakMixShares(&b->mix, u, h);
    return h[field - FIELD_SHARE];
  }
  for (PetscInt k = 1; k < b->mix.n; k++) {
    phi[0] -= u[k];
    phi[b->mix.body[k]] += u[k];
  }
  if (field >= FIELD_PHI) return phi[field - FIELD_PHI];
  most = phi[0];
  for (PetscInt k = 1; k < b->mix.n; k++)
    if (u[k] > most) {
      most  = u[k];
      grain = k;
    }
  return (PetscReal)grain;
}

static PetscErrorCode FillField(void *ctx, PetscInt field, PetscReal values[])
{
  NakMixBox      b = ctx;
  const NakPart *p = &b->part;
  PetscReal  ****u, ***X;
  PetscInt       i[3];

  PetscFunctionBeginUser;
  PetscCall(DMDAVecGetArrayDOFRead(b->dm, b->U, &u));
  PetscCall(DMDAVecGetArrayRead(b->one, b->X, &X));
  for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i))
    *values++ = FieldValue(b, field, u[i[2]][i[1]][i[0]], X[i[2]][i[1]][i[0]]);
  PetscCall(DMDAVecRestoreArrayRead(b->one, b->X, &X));
  PetscCall(DMDAVecRestoreArrayDOFRead(b->dm, b->U, &u));
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
  *frame = (NakFrame){.grid   = &b->grid,
                      .fields = fields,
                      .count  = FIELDS,
                      .xs     = b->part.start[0],
                      .ys     = b->part.start[1],
                      .xm     = b->part.count[0],
                      .ym     = b->part.count[1],
                      .fill   = FillField,
                      .ctx    = b};
  PetscFunctionReturn(PETSC_SUCCESS);
}
