/* What the next step depends on: the newest states, without ghosts and in natural order, and the clockwork. */
#include "phasefield_impl.h"

/* Everything but arrays. */
typedef struct {
  PetscReal          past_time[NAK_HISTORY_MAX], total[NAK_FIELDS_MAX];
  PetscReal          next_step, rate, shift;
  PetscInt           n_past, order;
  NakPhaseFieldCount count;
} Clockwork;

static Clockwork ClockworkOf(const NakPhaseField e)
{
  Clockwork w = {.next_step = e->next_step,
                 .rate      = e->rate,
                 .shift     = e->shift,
                 .n_past    = e->n_past,
                 .order     = e->params.order,
                 .count     = e->count};

  for (int m = 0; m < NAK_HISTORY_MAX; m++) w.past_time[m] = e->past_time[m];
  for (int f = 0; f < NAK_FIELDS_MAX; f++) w.total[f] = e->total[f];
  return w;
}

/* Order and longest step may be others than before: what they do not need is left out. */
static void SetClockwork(NakPhaseField e, const Clockwork *w)
{
  e->next_step = PetscMin(w->next_step, NakLongestStep(e));
  e->rate      = w->rate;
  e->shift     = w->shift;
  e->n_past    = PetscMin(w->n_past, e->params.order + 1);
  e->count     = w->count;
  for (int m = 0; m < NAK_HISTORY_MAX; m++) e->past_time[m] = w->past_time[m];
  for (int f = 0; f < NAK_FIELDS_MAX; f++) e->total[f] = w->total[f];
}

/* Own cells of one array, by way of `values`. */
static PetscErrorCode Array(NakPhaseField e, NakCheckpoint c, const char *kind, PetscInt m,
                            PetscInt f, PetscReal *array, PetscReal values[])
{
  const NakLevel *v = &e->level[0];
  char            name[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof name, "phasefield/%s%" PetscInt_FMT "/%s", kind, m,
                          e->model->fields[f].name));
  if (!NakCheckpointReads(c)) NakOwnCells(v, array, values, PETSC_FALSE);
  PetscCall(NakCheckpointArray(c, name, v->n, v->start, v->m, values));
  if (NakCheckpointReads(c)) NakOwnCells(v, array, values, PETSC_TRUE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The states that both the writer and this engine have. */
static PetscErrorCode Arrays(NakPhaseField e, NakCheckpoint c, const Clockwork *w,
                             PetscReal values[])
{
  const PetscInt order = PetscMin(w->order, e->params.order);

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    for (PetscInt m = 0; m < PetscMin(w->n_past, order + 1); m++)
      PetscCall(Array(e, c, "past", m, f, e->past[m][f], values));
    for (PetscInt m = 0; m < PetscMin(w->n_past, order); m++)
      if (e->stored[m][f] != NULL) PetscCall(Array(e, c, "stored", m, f, e->stored[m][f], values));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The newest state is the present one, with its ghosts. */
static PetscErrorCode Present(NakPhaseField e)
{
  NakLevel *const v = &e->level[0];

  PetscFunctionBeginUser;
  e->time = e->past_time[0];
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
  const PetscInt *m = e->level[0].m;
  Clockwork       w = ClockworkOf(e);
  PetscReal      *values;
  PetscErrorCode  code;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(checkpoint, "phasefield/clockwork", &w, sizeof w));
  PetscCall(PetscMalloc1((size_t)m[0] * (size_t)m[1] * (size_t)m[2], &values));
  code = Arrays(e, checkpoint, &w, values);
  PetscCall(PetscFree(values));
  PetscCall(code);
  if (!NakCheckpointReads(checkpoint)) PetscFunctionReturn(PETSC_SUCCESS);
  SetClockwork(e, &w);
  PetscCall(Present(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}
