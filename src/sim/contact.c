/* Voids beside the cell: each goes its own steps, in turn.  The cell steps under a constant contact, the
   voids under a constant drive; the cell's steps are bounded by the change of the contact. */
#include "sim_impl.h"

/* Tell the model of the voids, and the record of both. */
static PetscErrorCode Tell(NakSim s)
{
  NakVoidsReport report;

  PetscFunctionBeginUser;
  PetscCall(NakModelWet(s->model, NakVoidsWetted(s->voids.field), NakVoidsRoom(s->voids.field),
                        NakVoidsShares(s->voids.field)));
  PetscCall(NakVoidsMeasure(s->voids.field, &report));
  s->now.void_height = report.height;
  s->now.voids       = report.count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimVoidsCreate(NakSim s)
{
  PetscInt xm, ym;

  PetscFunctionBeginUser;
  if (!NakVoidsWanted(&s->params.voids)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakVoidsCreate(NakModelState(s->model), &s->params.voids,
                           s->params.model.material.surface_tension, &s->voids.field));
  PetscCall(DMDAGetCorners(NakStateDM(NakModelState(s->model)), NULL, NULL, NULL, &xm, &ym, NULL));
  s->voids.n = xm * ym;
  PetscCall(PetscMalloc2(s->voids.n, &s->voids.drive, s->voids.n, &s->voids.faces));
  PetscCall(Tell(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimVoidsDestroy(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakVoidsDestroy(&s->voids.field));
  PetscCall(PetscFree2(s->voids.drive, s->voids.faces));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimVoidsCheckpoint(NakSim s, NakCheckpoint c)
{
  PetscFunctionBeginUser;
  if (s->voids.field == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakVoidsCheckpoint(s->voids.field, c));
  if (NakCheckpointReads(c)) PetscCall(Tell(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimVoidsAdvance(NakSim s, PetscBool *over)
{
  const Vec U = NakStepperState(s->stepper);
  PetscReal overshoot;

  PetscFunctionBeginUser;
  if (s->voids.field == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakModelFaces(s->model, U, s->voids.faces));
  for (PetscInt k = 0; k < s->voids.n; k++)
    s->voids.drive[k] = (NakVoidsDrive){.u = s->voids.faces[k].u, .load = s->voids.faces[k].load};
  PetscCall(NakVoidsStep(s->voids.field, s->now.dt, s->voids.drive));
  PetscCall(Tell(s));
  PetscCall(NakModelMeasure(s->model, U, &s->now, NULL));
  PetscCall(NakProtocolJudge(s->protocol, &s->now, &overshoot));
  if (overshoot >= 0) *over = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakSimVoidsReach(NakSim s)
{
  if (s->voids.field == NULL) return PETSC_INFINITY;
  return PetscMax(NakVoidsReach(s->voids.field), s->params.stepper.first_step);
}

PetscErrorCode NakSimVoidsLog(NakSim s)
{
  NakVoidsReport report;

  PetscFunctionBeginUser;
  if (s->voids.field == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakVoidsMeasure(s->voids.field, &report));
  PetscCall(NakOutputLog(
    s->output,
    "voids: %" PetscInt_FMT " formed; %" PetscInt_FMT " steps of their own, %" PetscInt_FMT
    " linear iterations; %.3g %% of their gas has dissolved",
    report.formed, report.steps, report.iterations, 100 * (double)report.dissolved));
  PetscFunctionReturn(PETSC_SUCCESS);
}
