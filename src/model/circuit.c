/* What a spectrum sees beside the columns; the contract is in nakfield/model.h. */
#include "model_impl.h"

NakCircuit NakModelCircuit(NakModel model)
{
  const NakColumn *c = &model->column;

  return (NakCircuit){
    .series = c->series, .grain_boundaries = c->grain_boundaries, .electrolyte = c->electrolyte};
}

PetscErrorCode NakModelSaltResistance(NakModel model, Vec U, PetscReal *resistance)
{
  const NakColumn *c    = &model->column;
  const NakGrid   *grid = NakStateGrid(model->state);
  PetscReal        sum  = 0;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  for (ptrdiff_t k = 0; k < model->owned; k++)
    sum += NakColumnSaltResistance(c, u + k * c->l.size, NULL);
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCallMPI(MPI_Allreduce(&sum, resistance, 1, MPIU_REAL, MPIU_SUM, model->comm));
  *resistance /= (PetscReal)grid->nx * (PetscReal)grid->ny;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelIonsResponse(NakModel model, Vec U, Vec slopes, PetscReal *resistance)
{
  const NakColumn *c       = &model->column;
  const NakGrid   *grid    = NakStateGrid(model->state);
  const PetscReal  columns = (PetscReal)grid->nx * (PetscReal)grid->ny;
  const ptrdiff_t  size    = c->l.size;
  PetscReal        sum     = 0, *work, *slope;
  const PetscReal *u;

  PetscFunctionBeginUser;
  *resistance = 0;
  if (c->l.ions == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(2 * size, &work));
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArray(slopes, &slope));
  for (ptrdiff_t k = 0; k < model->owned; k++) {
    const PetscReal current = NakIonsCurrent(c, u + k * size);

    sum += NakIonsDropOf(c, current, u + k * size).slope / columns;
    NakIonsDropSlopes(c, current, u + k * size, work);
    for (ptrdiff_t j = 0; j < size; j++) slope[k * size + j] = work[j] / columns;
  }
  PetscCall(VecRestoreArray(slopes, &slope));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(PetscFree(work));
  PetscCallMPI(MPI_Allreduce(&sum, resistance, 1, MPIU_REAL, MPIU_SUM, model->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakModelIonsFar(NakModel model)
{
  const NakColumn *c = &model->column;

  return c->l.ions > 0 ? 1 / (c->ions.content * c->height[0]) : 0;
}
