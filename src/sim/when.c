/* Triggers of frames and of scripts in situ. */
#include "sim_impl.h"

static const char *const keys[NAK_SHOWS] = {
  [NAK_SHOW_FRAME] = "output.fields.when", [NAK_SHOW_INSITU] = "insitu.when"};

static const NakTrigger none = {.which = -1, .time = -1};

PetscErrorCode NakSimWhenRead(NakSim s)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < NAK_SHOWS; k++) {
    s->when[k].hit = none;
    PetscCall(NakTriggersCreate(s->deck, keys[k], &s->params.limits, &s->when[k].list));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimWhenDestroy(NakSim s)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < NAK_SHOWS; k++) PetscCall(NakTriggersDestroy(&s->when[k].list));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimWhenLook(NakSim s, NakProtocol protocol, const NakRecord *now)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < NAK_SHOWS; k++) {
    NakWhen *const w = &s->when[k];

    if (w->list == NULL) continue;
    w->due = NakTriggersLook(w->list, protocol, now, &w->hit);
    if (w->hit.which >= 0)
      PetscCall(NakOutputLog(s->output, "%.9g s: %s: %s; shown at %.9g s", (double)w->hit.time,
                             keys[k], NakTriggerText(w->list, w->hit.which), (double)now->time));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakSimWhenNumbers(NakSim s, NakShow show, NakNumbers *numbers)
{
  const NakWhen *const w = &s->when[show];

  if (w->list == NULL) return;
  numbers->items[numbers->count++] =
    (NakNumber){"trigger", "trigger", (PetscReal)w->hit.which, 1, 0};
  numbers->items[numbers->count++] = (NakNumber){"trigger_s", "trigger_time", w->hit.time, 1, 15};
}

PetscErrorCode NakSimWhenCheckpoint(NakSim s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < NAK_SHOWS; k++) PetscCall(NakTriggersCheckpoint(s->when[k].list, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}
