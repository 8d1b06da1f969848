/* Runs without a protocol: one protocol step.  It lasts to a time that the deck gives, or to what
   ends it before. */
#include "sim_impl.h"

void NakSimMarch(NakSim s, PetscReal time, PetscReal dt, PetscReal end, PetscInt steps,
                 const char *cut)
{
  s->time  = time;
  s->dt    = dt;
  s->left  = end - time;
  s->steps = steps;
  s->cut   = cut;
  s->over = s->shown = (PetscBool)(cut != NULL || time >= end);
}

PetscErrorCode NakSimMarchLeave(NakSim s, NakEnd end, const char *why)
{
  PetscFunctionBeginUser;
  s->end = end;
  if (end == NAK_END_NONE) s->end = s->left <= 0 ? NAK_END_DURATION : NAK_END_CONDITION;
  if (s->end == NAK_END_CONDITION) why = s->cut;
  if (why != NULL)
    PetscCall(PetscStrncpy(s->why, why, sizeof s->why));
  else
    PetscCall(PetscSNPrintf(s->why, sizeof s->why, "%s.end is reached", s->kind->march));
  PetscFunctionReturn(PETSC_SUCCESS);
}
