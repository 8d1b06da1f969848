/* The counter electrode: a separate cell without an electrolyte.  Its current is minus that of the
   other electrode. */
#include "model_impl.h"

#include <string.h>

const NakParam NakCounterParamRows[] = {
  NAK_ROW_CHOICE("counter.kind", NakCounterParams, kind, NAK_COUNTER_SODIUM, "sodium|alloy|host",
                 "The other electrode: Na metal without a voltage of its own; an alloy with the "
                 "same kind of face, short form `counter: alloy`; or a host with sites for Na and "
                 "K"),
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
               "kinetics.charge_transfer_resistance.  That of a host is for Na in half of its "
               "sites"),
  NAK_ROW_REAL("counter.capacity", NakCounterParams, capacity, "C/m^2", 5400, 1e-3, 1e9,
               "Charge of all sites of a host, per geometric area; the default is 0.15 mAh/cm^2"),
  NAK_ROW_REAL("counter.voltage_na", NakCounterParams, voltage[0], "V", 3.37, -10, 10,
               "Potential of a host with Na in half of its sites, against Na metal"),
  NAK_ROW_REAL("counter.voltage_k", NakCounterParams, voltage[1], "V", 3.37, -10, 10,
               "Potential of a host with K in half of its sites, against Na metal, with as much K+ "
               "in the liquid as Na+ at the start"),
  NAK_ROW_REAL("counter.slope", NakCounterParams, slope, "V", 0, -1, 10,
               "Fall of both potentials from the empty host to the full one, beside that of "
               "mixing; below 0 the voltage is flatter"),
  NAK_ROW_REAL("counter.sites_na", NakCounterParams, sites[0], "1", 0.98, 1e-6, 1 - 1e-6,
               "Part of the host's sites with Na at the start"),
  NAK_ROW_REAL("counter.sites_k", NakCounterParams, sites[1], "1", 0, 0, 1 - 1e-6,
               "Part of the host's sites with K at the start"),
  NAK_ROW_REAL("counter.potassium_exchange", NakCounterParams, potassium_exchange, "A/m^2", 0, 0,
               1e6,
               "Exchange current of K in a host, with K in half of its sites; 0 for a host that "
               "refuses K"),
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
  if (q->kind == NAK_COUNTER_HOST) {
    cell->interphase.kind   = NAK_INTERPHASE_NONE;
    cell->grid.alloy_layers = 0;
    cell->grid.alloy_height = 0;
    cell->reaction.area     = 1; /* the scaffold is that of an alloy */
  }
  NakModelComplete(cell);
}

/* A column without layers.  Its reservoir is 1 m high, so that the content of Na per volume is the
   charge of its sites per area.  It has no adlayer and no salt. */
static void SetHost(const NakModelParams *cell, NakColumn *c)
{
  const NakCounterParams  *q        = &cell->counter;
  const NakReactionParams *reaction = &cell->reaction;
  const PetscReal speed   = 2 * NakArrhenius(reaction->activation_energy, c->kinetics.alloy.T);
  const PetscReal thermal = NAK_GAS_CONSTANT * NAK_REFERENCE_TEMPERATURE / NAK_FARADAY;

  c->host = (NakHost){
    .capacity = q->capacity,
    .voltage  = {q->voltage[0],                                          q->voltage[1]},
    .slope    = q->slope,
    .rate     = {speed * thermal / reaction->charge_transfer_resistance,
                 NakLayoutIsLiquid(&c->l) ? speed * q->potassium_exchange : 0         }
  };
  c->alloy_content              = q->capacity;
  c->mixing                     = 0;
  c->kinetics.film_spreading    = 0;
  c->kinetics.adlayer           = 0;
  c->kinetics.r_ref             = 1;
  c->kinetics.liquid.solubility = c->kinetics.liquid.resistance = 0;
}

void NakCounterSetTemperature(NakModel m, PetscReal temperature)
{
  NakCounter *o = &m->counter;

  NakColumnSetTemperature(&o->params, temperature, &o->column);
  if (m->params.counter.kind == NAK_COUNTER_HOST) SetHost(&o->params, &o->column);
}

PetscErrorCode NakCounterCreate(NakModel m)
{
  NakCounter     *o = &m->counter;
  NakModelParams *p = &o->params;
  NakCover       *over;
  PetscReal       contact, height;

  PetscFunctionBeginUser;
  m->params.grid.counter = 0;
  if (m->params.counter.kind == NAK_COUNTER_SODIUM) PetscFunctionReturn(PETSC_SUCCESS);
  NakCounterCell(&m->params, p);
  height = m->params.counter.kind == NAK_COUNTER_HOST ? 1 : NakModelHeight(p);
  PetscCall(NakStateCreate(m->comm, &p->grid, 0, NakModelInterphase(p), height, &o->state));
  PetscCall(NakContactCreate(m->comm, &p->contact, o->state, &over, &contact));
  PetscCall(NakColumnCreate(p, o->state, over, contact, &o->column));
  NakCounterSetTemperature(m, p->alloy.temperature);
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
