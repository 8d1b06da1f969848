/* What the current hold holds; the contract is in nakfield/protocol.h. */
#include "protocol_impl.h"

const NakProfile *NakTableAt(NakProtocol protocol, PetscInt *row)
{
  const NakOp *const hold = &protocol->program.ops[protocol->at.op];

  *row = 0;
  if (hold->profile == 0) return NULL;
  *row = protocol->at.blocks[hold->depth - 1].turns;
  return &protocol->program.profiles[hold->profile - 1];
}

NakControl NakControlOf(NakProtocol protocol)
{
  const NakOp      *hold    = &protocol->program.ops[protocol->at.op];
  NakControl        control = hold->control;
  PetscInt          row;
  const NakProfile *profile = NakTableAt(protocol, &row);

  if (profile != NULL) {
    control.value = profile->value[row];
  } else if (hold->depth > 0) {
    control.value += (PetscReal)protocol->at.blocks[hold->depth - 1].turns * hold->increment;
  }
  return control;
}

/* Change of what is held with time. */
static PetscReal SlopeOf(NakProtocol protocol)
{
  PetscInt                row;
  const NakProfile *const p = NakTableAt(protocol, &row);

  if (p == NULL) return protocol->program.ops[protocol->at.op].slope;
  return p->lines ? (p->value[row + 1] - p->value[row]) / (p->time[row + 1] - p->time[row]) : 0;
}

PetscBool NakProtocolSweeps(NakProtocol protocol)
{
  return (PetscBool)(protocol->at.entered && SlopeOf(protocol) != 0);
}

NakControl NakProtocolHeld(NakProtocol protocol, PetscReal time)
{
  NakControl control = NakControlOf(protocol);

  control.value += SlopeOf(protocol) * (time - protocol->at.step_begin.time);
  return control;
}

PetscBool NakProtocolContinues(NakProtocol protocol)
{
  PetscInt                row;
  const NakProfile *const profile = NakTableAt(protocol, &row);

  return (PetscBool)(profile != NULL && profile->lines && row > 0);
}

PetscBool NakProtocolMidway(NakProtocol protocol)
{
  PetscInt                row;
  const NakProfile *const profile = NakTableAt(protocol, &row);

  return (PetscBool)(profile != NULL && row + 2 < profile->rows);
}
