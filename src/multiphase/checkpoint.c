/* What the next step of the box depends on, both ways; the contract is in nakfield/multiphase.h. */
#include "multiphase_impl.h"

/* All but vectors, without padding. */
typedef struct {
  PetscReal time, dt, next, last_good, drained;
  PetscReal a_start, b_start, void_start, omega_start;
  PetscReal pressure, void_x;
  PetscInt  slot, steps, rejected, newton, linear, nuclei;
} Clockwork;

static Clockwork ClockworkOf(const NakMixBox b)
{
  return (Clockwork){.time        = b->time,
                     .dt          = b->dt,
                     .next        = b->next,
                     .last_good   = b->last_good,
                     .drained     = b->drained,
                     .a_start     = b->a_start,
                     .b_start     = b->b_start,
                     .void_start  = b->void_start,
                     .omega_start = b->omega_start,
                     .pressure    = b->mix.pressure,
                     .void_x      = b->mix.void_x,
                     .slot        = b->slot,
                     .steps       = b->count.steps,
                     .rejected    = b->count.rejected,
                     .newton      = b->count.newton,
                     .linear      = b->count.linear,
                     .nuclei      = b->count.nuclei};
}

static void SetClockwork(NakMixBox b, const Clockwork *w)
{
  b->time           = w->time;
  b->dt             = w->dt;
  b->next           = w->next;
  b->last_good      = w->last_good;
  b->drained        = w->drained;
  b->a_start        = w->a_start;
  b->b_start        = w->b_start;
  b->void_start     = w->void_start;
  b->omega_start    = w->omega_start;
  b->mix.pressure   = w->pressure;
  b->mix.void_x     = w->void_x;
  b->slot           = w->slot;
  b->count.steps    = w->steps;
  b->count.rejected = w->rejected;
  b->count.newton   = w->newton;
  b->count.linear   = w->linear;
  b->count.nuclei   = w->nuclei;
}

PetscErrorCode NakMixBoxCheckpoint(NakMixBox b, NakCheckpoint checkpoint)
{
  Clockwork w = ClockworkOf(b);

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(checkpoint, "mix/clockwork", &w, sizeof w));
  PetscCall(NakCheckpointVec(checkpoint, "mix/U", b->U));
  PetscCall(NakCheckpointVec(checkpoint, "mix/X", b->X));
  if (w.last_good > 0) PetscCall(NakCheckpointVec(checkpoint, "mix/previous", b->previous));
  if (!NakCheckpointReads(checkpoint)) PetscFunctionReturn(PETSC_SUCCESS);
  SetClockwork(b, &w);
  PetscCall(NakMixSetTemperature(b, b->time));
  PetscFunctionReturn(PETSC_SUCCESS);
}
