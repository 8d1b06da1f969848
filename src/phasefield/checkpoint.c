/* What the next step depends on: the newest states, without ghosts and in natural order, and the
   integrator. */
#include "phasefield_impl.h"

static void Fetch(const void *layout, const void *array, size_t from, size_t count, void *values)
{
  NakCellsGet(layout, array, from, count, values);
}

/* Own cells of one array; `values` is for those that are read. */
static PetscErrorCode ExchangeField(NakPhaseField e, NakCheckpoint c, const char *kind, PetscInt m,
                                    PetscInt f, PetscReal *array, PetscReal values[])
{
  const NakLevel *v = &e->level[0];
  char            name[NAK_TEXT_SIZE];
  NakBlock        block;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof name, "phasefield/%s%" PetscInt_FMT "/%s", kind, m,
                          e->model->fields[f].name));
  for (int d = 0; d < 3; d++) {
    block.size[d]  = v->n[d];
    block.start[d] = v->start[d];
    block.count[d] = v->m[d];
  }
  if (!NakCheckpointReads(c)) {
    PetscCall(NakCheckpointWriteBlock(c, name, &block, Fetch, v, array));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakCheckpointReadBlock(c, name, &block, values));
  NakCellsPut(v, array, values);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The states that both the writer and this engine have. */
static PetscErrorCode ExchangeFields(NakPhaseField e, NakCheckpoint c, PetscReal values[])
{
  const PetscInt n_past = e->integrator.n_past;
  const PetscInt order  = PetscMin(e->integrator.order, e->params.order);

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    for (PetscInt m = 0; m < PetscMin(n_past, order + 1); m++)
      PetscCall(ExchangeField(e, c, "past", m, f, e->past[m][f], values));
    for (PetscInt m = 0; m < PetscMin(n_past, order); m++)
      if (e->stored[m][f] != NULL)
        PetscCall(ExchangeField(e, c, "stored", m, f, e->stored[m][f], values));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The newest state is the present one, with its ghosts. */
static PetscErrorCode RestorePresent(NakPhaseField e)
{
  NakLevel *const v = &e->level[0];

  PetscFunctionBeginUser;
  e->time = e->integrator.past_time[0];
  for (PetscInt f = 0; f < e->model->count; f++)
    PetscCall(PetscArraycpy(v->u[f], e->past[0][f], v->size));
  NakFaces(e);
  PetscCall(NakGhosts(e, v));
  for (PetscInt f = 0; f < e->model->count; f++)
    PetscCall(PetscArraycpy(e->past[0][f], v->u[f], v->size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseFieldCheckpoint(NakPhaseField e, NakCheckpoint checkpoint)
{
  NakPhaseFieldIntegratorState *const i      = &e->integrator;
  const PetscInt                     *m      = e->level[0].m;
  PetscReal                          *values = NULL;
  PetscErrorCode                      code;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(checkpoint, "phasefield/integrator", i, sizeof *i));
  if (NakCheckpointReads(checkpoint))
    PetscCall(PetscMalloc1((size_t)m[0] * (size_t)m[1] * (size_t)m[2], &values));
  code = ExchangeFields(e, checkpoint, values);
  PetscCall(PetscFree(values));
  PetscCall(code);
  if (!NakCheckpointReads(checkpoint)) PetscFunctionReturn(PETSC_SUCCESS);
  /* order and longest step may be others than before: what is not needed then is left out */
  i->order     = e->params.order;
  i->n_past    = PetscMin(i->n_past, i->order + 1);
  i->next_step = PetscMin(i->next_step, NakLongestStep(e));
  PetscCall(RestorePresent(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}
