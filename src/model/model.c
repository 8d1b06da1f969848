/* The cell as a differential-algebraic system; the contract is in nakfield/model.h. */
#include "model_impl.h"

PetscErrorCode NakModelCreate(MPI_Comm comm, const NakModelParams *params, NakModel *model)
{
  NakColumnPhysics linear;
  NakCover        *over;
  PetscReal        contact;
  NakModel         m;
  NakCheckList     list = {.n = 0};

  PetscFunctionBeginUser;
  NakModelCheck(params, &list);
  PetscCall(NakCheckRaise(comm, &list));
  PetscCall(PetscNew(&m));
  *model    = m;
  m->comm   = comm;
  m->params = *params;
  PetscCall(NakCounterCreate(m));
  PetscCall(NakStateCreate(comm, &m->params.grid, NakModelElectrolyte(params),
                           NakModelInterphase(params), NakModelHeight(params), &m->state));
  PetscCall(NakContactCreate(comm, &params->contact, m->state, &over, &contact));
  PetscCall(NakColumnCreate(params, m->state, over, contact, &m->column));
  if (m->counter.state != NULL) m->column.counter = &m->counter.column;
  PetscCall(NakStateBox(m->state, &m->box));
  m->owned = m->box.xm * m->box.ym;
  PetscCall(NakModelVoidsCreate(m));
  linear = NakColumnLinear(&m->column);
  PetscCall(NakColumnsCreate(m->state, &linear, &m->columns));
  PetscCall(NakFilmCreate(m));
  PetscCall(NakGrainsCreate(m));
  PetscCall(NakMemoryCreate(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelDestroy(NakModel *model)
{
  NakModel m = *model;

  PetscFunctionBeginUser;
  if (m == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(m->shown.u_face));
  PetscCall(NakMemoryDestroy(m));
  PetscCall(NakFilmDestroy(m));
  PetscCall(PetscFree(m->grains.site));
  PetscCall(NakModelVoidsDestroy(m));
  PetscCall(NakColumnsDestroy(&m->columns));
  PetscCall(NakColumnDestroy(&m->column));
  PetscCall(NakStateDestroy(&m->state));
  PetscCall(NakCounterDestroy(m));
  PetscCall(PetscFree(*model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakState NakModelState(NakModel model)
{
  return model->state;
}

NakColumns NakModelColumns(NakModel model)
{
  return model->columns;
}

PetscInt NakModelDisturbed(NakModel model)
{
  return model->disturbed;
}

PetscReal NakModelFaceCharge(NakModel model)
{
  const NakReactionParams *p = &model->params.reaction;

  return p->double_layer * 1.0 + p->adlayer_charge;
}

PetscBool NakModelDepleted(NakModel model)
{
  return model->depleted;
}

PetscErrorCode NakModelSetTemperature(NakModel model, PetscReal temperature)
{
  PetscFunctionBeginUser;
  if (temperature == NakModelTemperature(model)) PetscFunctionReturn(PETSC_SUCCESS);
  NakColumnSetTemperature(&model->params, temperature, &model->column);
  if (model->column.counter != NULL) NakCounterSetTemperature(model, temperature);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakModelTemperature(NakModel model)
{
  return model->column.kinetics.alloy.T;
}

PetscErrorCode NakModelHold(NakModel model, NakControl control)
{
  PetscFunctionBeginUser;
  model->column.control = control;
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakControl NakModelHeld(NakModel model)
{
  return model->column.control;
}

PetscErrorCode NakModelConstrict(NakModel model, PetscBool constrict)
{
  const PetscReal shorted = 1e6; /* lateral conductance times this */

  PetscFunctionBeginUser;
  model->column.spreading = constrict ? 1 : shorted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelAdvance(NakModel model, PetscReal time, PetscReal dt, Vec U)
{
  PetscFunctionBeginUser;
  PetscCall(NakFilmAdvance(model, time, dt, U));
  PetscCall(NakGrainsAdvance(model, time, dt, U));
  PetscCall(NakModelVoidsAdvance(model, time, dt, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakModelUntil(NakModel model)
{
  return PetscMin(NakFilmUntil(model), PetscMin(NakGrainsUntil(model), NakModelVoidsUntil(model)));
}

PetscErrorCode NakModelCheckpoint(NakModel model, NakCheckpoint checkpoint)
{
  PetscFunctionBeginUser;
  PetscCall(NakFilmCheckpoint(model, checkpoint));
  PetscCall(NakGrainsCheckpoint(model, checkpoint));
  PetscCall(NakModelVoidsCheckpoint(model, checkpoint));
  PetscCall(NakMemoryCheckpoint(model, checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelContact(NakModel model, PetscReal contact[])
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < model->owned; k++) contact[k] = model->column.over[k].contact;
  PetscFunctionReturn(PETSC_SUCCESS);
}
