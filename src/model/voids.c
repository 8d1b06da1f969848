/* Voids as one of the phases of the zone: their gas, their contact angle, new ones.  Pressures
   follow the unknowns within a step.  The rate at which gas dissolves, and the room for deposit,
   are those of the step's beginning. */
#include "model_impl.h"

/* Lay a cap upon a layer of the zone. */
static PetscReal Lay(void *ctx, PetscInt column, PetscInt layer, PetscReal cap)
{
  NakModel         m = (NakModel)ctx;
  const NakColumn *c = &m->column;
  PetscReal *const u =
    m->bubbles.laid + (ptrdiff_t)column * c->l.size + NakLayoutAlloy(&c->l, layer);
  PetscReal alone[NAK_MIX_MOST] = {0};

  alone[c->zone.voids] = cap;
  m->bubbles.gain += NakZoneFill(&c->zone, c->zone.voids, cap, u);
  return NakZoneVoid(&c->zone, alone);
}

static PetscErrorCode Prepare(void *ctx, const PetscReal u[])
{
  PetscFunctionBeginUser;
  PetscCall(NakModelVoidsFollow((NakModel)ctx, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Answer(void *ctx, PetscReal sum[])
{
  PetscFunctionBeginUser;
  PetscCall(NakGasAnswer(((NakModel)ctx)->bubbles.gas, sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelVoidsCreate(NakModel m)
{
  NakColumn        *c     = &m->column;
  const NakGasField field = {.layers    = c->l.zone,
                             .height    = c->alloy.height,
                             .tension   = m->params.material.surface_tension,
                             .steepness = 4 / c->zone.mix.width,
                             .lay       = Lay,
                             .ctx       = m};
  const PetscInt    n     = m->owned;

  PetscFunctionBeginUser;
  m->bubbles.until = PETSC_INFINITY;
  if (c->zone.voids == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakGasCreate(m->state, &m->params.voids, &field, &m->bubbles.gas));
  PetscCall(PetscCalloc3((ptrdiff_t)n * c->l.zone, &m->bubbles.share, n, &m->bubbles.wetted, n,
                         &m->bubbles.drive));
  c->zone.shared.ctx     = m;
  c->zone.shared.prepare = Prepare;
  c->zone.shared.answer  = Answer;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelVoidsDestroy(NakModel m)
{
  PetscFunctionBeginUser;
  PetscCall(NakGasDestroy(&m->bubbles.gas));
  PetscCall(PetscFree3(m->bubbles.share, m->bubbles.wetted, m->bubbles.drive));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelVoidsFollow(NakModel m, const PetscReal u[])
{
  const NakColumn *c     = &m->column;
  PetscReal       *share = m->bubbles.share;

  PetscFunctionBeginUser;
  if (m->bubbles.gas == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt n = 0; n < m->owned; n++)
    for (PetscInt z = 0; z < c->l.zone; z++)
      *share++ = NakZoneVoid(&c->zone, u + (ptrdiff_t)n * c->l.size + NakLayoutAlloy(&c->l, z));
  PetscCall(NakGasVolumes(m->bubbles.gas, m->bubbles.share));
  for (PetscInt n = 0; n < m->owned; n++) c->over[n].excess = NakGasExcess(m->bubbles.gas, n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Regroup(NakModel m, const PetscReal u[])
{
  PetscFunctionBeginUser;
  PetscCall(NakModelVoidsFollow(m, u));
  PetscCall(NakGasRegroup(m->bubbles.gas, m->bubbles.share));
  PetscCall(NakModelVoidsFollow(m, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelVoidsPockets(NakModel m, PetscReal u[])
{
  PetscFunctionBeginUser;
  if (m->bubbles.gas == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  m->bubbles.laid = u;
  PetscCall(NakGasPockets(m->bubbles.gas));
  PetscCall(Regroup(m, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- After a step ---- */

/* The wetted part of the columns, and the room over the rest. */
static void FollowContact(NakModel m, const PetscReal u[])
{
  const NakColumn *c = &m->column;

  for (PetscInt n = 0; n < m->owned; n++) {
    const PetscReal *share  = m->bubbles.share + (ptrdiff_t)n * c->l.zone;
    const NakFoot    foot   = NakColumnFoot(c, u + (ptrdiff_t)n * c->l.size);
    PetscReal        height = 0;

    for (PetscInt z = 0; z < c->l.zone; z++) height += c->alloy.height[z] * share[z];
    c->over[n].void_height = PetscMax(1 - foot.wetted, 0) * height;
    m->bubbles.wetted[n]   = foot.wetted;
  }
}

/* Nuclei within the step, and what they take from the reservoir. */
static PetscErrorCode Nucleate(NakModel m, PetscReal dt, PetscReal u[])
{
  PetscBool formed;

  PetscFunctionBeginUser;
  m->bubbles.laid = u;
  m->bubbles.gain = 0;
  PetscCall(NakGasNucleate(m->bubbles.gas, dt, m->bubbles.wetted, m->bubbles.drive, &formed));
  if (!formed) PetscFunctionReturn(PETSC_SUCCESS);
  m->disturbed++;
  PetscCall(NakZonePay(m, m->bubbles.gain, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelFaces(NakModel model, Vec U, NakVoidsDrive faces[])
{
  const NakColumn *c    = &model->column;
  const ptrdiff_t  size = c->l.size;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  for (ptrdiff_t k = 0; k < model->owned; k++) {
    const NakCover *over = &model->column.over[k];
    const NakFace   face = NakColumnFaceOf(c, over, u + k * size);

    faces[k] = NakColumnDrive(c, over, &face);
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelVoidsAdvance(NakModel m, PetscReal time, PetscReal dt, Vec U)
{
  NakModelVoids *v = &m->bubbles;
  PetscReal     *u;

  PetscFunctionBeginUser;
  if (v->gas == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakModelFaces(m, U, v->drive));
  NakGasSetTemperature(v->gas, m->column.kinetics.alloy.T);
  PetscCall(VecGetArray(U, &u));
  PetscCall(NakModelVoidsFollow(m, u));
  PetscCall(NakGasDissolve(v->gas, v->share, dt));
  FollowContact(m, u);
  PetscCall(Nucleate(m, dt, u));
  PetscCall(Regroup(m, u));
  FollowContact(m, u);
  PetscCall(NakGasWait(v->gas, v->wetted, v->drive));
  PetscCall(VecRestoreArray(U, &u));
  v->until = time + NakGasMaxStep(v->gas);
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakModelAge(NakModel m, PetscReal since)
{
  if (m->bubbles.gas != NULL) NakGasAge(m->bubbles.gas, since);
}

PetscReal NakModelVoidsUntil(NakModel m)
{
  return m->bubbles.until;
}

NakGasReport NakModelVoidsReport(NakModel m)
{
  NakGasReport report = {.count = 0};

  if (m->bubbles.gas != NULL) NakGasMeasure(m->bubbles.gas, &report);
  return report;
}

PetscErrorCode NakModelVoidsCheckpoint(NakModel m, NakCheckpoint c)
{
  PetscReal *height;

  PetscFunctionBeginUser;
  if (m->bubbles.gas == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakGasCheckpoint(m->bubbles.gas, c));
  PetscCall(NakCheckpointBlock(c, "voids/until", &m->bubbles.until, sizeof m->bubbles.until));
  PetscCall(PetscMalloc1(m->owned, &height));
  for (PetscInt n = 0; n < m->owned; n++) height[n] = m->column.over[n].void_height;
  PetscCall(NakCheckpointNodes(c, "voids/height", NakStateDM(m->state), 1, height));
  for (PetscInt n = 0; n < m->owned; n++) m->column.over[n].void_height = height[n];
  PetscCall(PetscFree(height));
  PetscFunctionReturn(PETSC_SUCCESS);
}
