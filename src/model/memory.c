/* What the columns of the face keep of their past, for frames. */
#include "model_impl.h"

static void Forget(NakModel m)
{
  m->memory.time = -1;
  for (PetscInt k = 0; k < m->owned; k++) {
    m->memory.columns[k] = (NakKept){.current_max = 0};
    for (int h = 0; h < NAK_KEPT_TIMES; h++) m->memory.columns[k].since[h] = -1;
  }
}

PetscErrorCode NakMemoryCreate(NakModel m)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(m->owned, &m->memory.columns));
  Forget(m);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMemoryDestroy(NakModel m)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(m->memory.columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How far a possible event is beyond its bound, over the bound: contact lost, K as a film or a
   grain, Na metal. */
static void PastBounds(const NakColumn *c, const NakCover *over, const NakFoot *foot,
                       const PetscReal u[], PetscReal past[NAK_KEPT_TIMES])
{
  const PetscReal left  = foot->wetted * u[c->l.open];
  const PetscReal film  = over->contact > 0 ? 1 - u[c->l.open] : 0;
  const PetscReal grain = NakColumnShare(c, NAK_BODY_SOLID_B, 0, u);
  const PetscReal na    = NAK_FARADAY * u[c->l.deposit];

  past[NAK_KEPT_LOST] = over->contact > 0 ? 1 - left / NAK_CONTACT_LOST : -1;
  past[NAK_KEPT_K]    = PetscMax(film, grain) / NAK_SOME_K - 1;
  past[NAK_KEPT_NA]   = na / NAK_SOME_NA - 1;
}

PetscErrorCode NakModelRemember(NakModel model, PetscReal time, Vec U)
{
  const NakColumn *c      = &model->column;
  NakMemory       *memory = &model->memory;
  const PetscReal  before = memory->time;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt k = 0; k < model->owned; k++) {
    const PetscReal *column = u + (ptrdiff_t)k * c->l.size;
    const NakFoot    foot   = NakColumnFoot(c, column);
    const NakBath    bath   = NakColumnBath(c, column);
    const NakFace    face   = NakColumnFace(c, &c->over[k], &foot, &bath, column);
    NakKept         *kept   = &memory->columns[k];
    PetscReal        past[NAK_KEPT_TIMES];

    PastBounds(c, &c->over[k], &foot, column, past);
    kept->current_max = PetscMax(kept->current_max, PetscAbsReal(face.faradaic.value));
    for (int h = 0; h < NAK_KEPT_TIMES; h++) {
      const PetscReal part = before < 0 ? 1 : NakCrossing(kept->past[h], past[h]);

      if (past[h] >= 0 && kept->since[h] < 0) kept->since[h] = time - (1 - part) * (time - before);
      kept->past[h] = past[h];
    }
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  memory->time = time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A run that an older program began remembers its past from its restart on. */
PetscErrorCode NakMemoryCheckpoint(NakModel m, NakCheckpoint c)
{
  const PetscInt values = (PetscInt)(sizeof(NakKept) / sizeof(PetscReal));
  PetscBool      has;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointHas(c, "memory/time", &has));
  if (!has) Forget(m);
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointBlock(c, "memory/time", &m->memory.time, sizeof m->memory.time));
  PetscCall(NakCheckpointNodes(c, "memory/columns", NakStateDM(m->state), values,
                               (PetscReal *)m->memory.columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}
