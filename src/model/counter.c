/* The counter electrode: a separate cell without an electrolyte.  Its current is minus that of the
   other electrode. */
#include "model_impl.h"

#include <string.h>

const NakParam NakCounterParamRows[] = {
  NAK_ROW_CHOICE("counter.kind", NakCounterParams, kind, NAK_COUNTER_SODIUM, "sodium|alloy",
                 "The other electrode: Na metal without a voltage of its own, or an alloy with the "
                 "same kind of face; short form `counter: alloy`"),
  NAK_ROW_FRACTION(
    "counter.potassium", NakCounterParams, potassium, 0, 0, 0.99,
    "Potassium in the alloy of the counter electrode; 0 for the value of alloy.potassium"),
  NAK_ROW_REAL("counter.volume", NakCounterParams, volume, "m^3", 0, 0, 1e-3,
               "Alloy in the counter electrode; 0 for the value of alloy.volume"),
  NAK_ROW_CHOICE(
    "counter.interphase", NakCounterParams, interphase, 0, "same|none",
    "Interphase between the counter electrode and the electrolyte: the same kind, or none"),
  NAK_ROW_REAL("counter.charge_transfer_resistance", NakCounterParams, charge_transfer_resistance,
               "ohm.m^2", 0, 0, 1e3,
               "Charge-transfer resistance of the counter electrode's face; 0 for the value of "
               "kinetics.charge_transfer_resistance"),
  NAK_ROW_END,
};

void NakCounterCell(const NakModelParams *p, NakModelParams *cell)
{
  const NakCounterParams *q = &p->counter;

  *cell              = *p;
  cell->counter.kind = NAK_COUNTER_SODIUM;
  if (q->potassium.value > 0) cell->alloy.potassium = q->potassium;
  if (q->volume > 0) cell->alloy.volume = q->volume;
  if (q->charge_transfer_resistance > 0)
    cell->reaction.charge_transfer_resistance = q->charge_transfer_resistance;
  if (q->interphase != 0) cell->interphase.kind = NAK_INTERPHASE_NONE;
  cell->interphase.film_nuclei = cell->interphase.film_nucleation = 0; /* uniform film */
  cell->grid.electrolyte_layers                                   = 0;
  cell->contact.fraction                                          = 1;
  memset(&cell->microstructure, 0, sizeof cell->microstructure);
  memset(&cell->voids, 0, sizeof cell->voids);
  cell->grid.zone_height = 0;
  cell->grid.zone_layers = cell->grid.phases = 0;
  NakModelComplete(cell);
}

PetscErrorCode NakCounterCreate(NakModel m)
{
  NakCounter     *o = &m->counter;
  NakModelParams *p = &o->params;
  NakCover       *over;
  PetscReal       contact;

  PetscFunctionBeginUser;
  m->params.grid.counter = 0;
  if (m->params.counter.kind == NAK_COUNTER_SODIUM) PetscFunctionReturn(PETSC_SUCCESS);
  NakCounterCell(&m->params, p);
  PetscCall(
    NakStateCreate(m->comm, &p->grid, 0, NakModelInterphase(p), NakModelHeight(p), &o->state));
  PetscCall(NakContactCreate(m->comm, &p->contact, o->state, &over, &contact));
  PetscCall(NakColumnCreate(p, o->state, over, contact, &o->column));
  m->params.grid.counter = o->column.l.size;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCounterDestroy(NakModel m)
{
  PetscFunctionBeginUser;
  if (m->counter.state == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakColumnDestroy(&m->counter.column));
  PetscCall(NakStateDestroy(&m->counter.state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakLayout *NakModelCounter(NakModel model)
{
  return model->column.counter != NULL ? &model->column.counter->l : NULL;
}
