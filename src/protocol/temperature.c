/* The temperature that the protocol asks for; the contract is in nakfield/protocol.h. */
#include "protocol_impl.h"

/* The hold whose ramp is under way after `time`, NULL without one. */
static const NakOp *Ramp(NakProtocol protocol, PetscReal time)
{
  const NakPosition *at = &protocol->at;
  const NakOp       *op;

  if (!at->entered) return NULL;
  op = &protocol->program.ops[at->op];
  if (op->ramp <= 0 || time >= at->step_begin.time + (1 - NAK_SAME_TIME) * op->ramp) return NULL;
  return op;
}

PetscReal NakProtocolTemperature(NakProtocol protocol, PetscReal time)
{
  const NakPosition *at = &protocol->at;
  const NakOp       *op = Ramp(protocol, time);

  if (op != NULL)
    return at->temperature + (op->to - at->temperature) * (time - at->step_begin.time) / op->ramp;
  if (!at->entered || protocol->program.ops[at->op].ramp <= 0) return at->temperature;
  return protocol->program.ops[at->op].to;
}

PetscReal NakProtocolColdest(NakProtocol protocol)
{
  PetscReal coldest = protocol->at.temperature;

  for (PetscInt k = 0; k < protocol->program.n_ops; k++)
    if (protocol->program.ops[k].to > 0) coldest = PetscMin(coldest, protocol->program.ops[k].to);
  return coldest;
}

PetscBool NakProtocolRamping(NakProtocol protocol, PetscReal time, PetscReal *rate, PetscReal *end)
{
  const NakPosition *at = &protocol->at;
  const NakOp       *op = Ramp(protocol, time);

  *rate = 0;
  *end  = PETSC_INFINITY;
  if (op == NULL) return PETSC_FALSE;
  *rate = (op->to - at->temperature) / op->ramp;
  *end  = at->step_begin.time + op->ramp;
  return PETSC_TRUE;
}

void NakTemperatureEnter(NakProtocol protocol)
{
  const NakOp *op = &protocol->program.ops[protocol->at.op];

  if (op->to > 0 && op->ramp <= 0) protocol->at.temperature = op->to;
}

void NakTemperatureLeave(NakProtocol protocol, PetscReal time)
{
  protocol->at.temperature = NakProtocolTemperature(protocol, time);
}

PetscBool NakTemperatureReturns(NakProtocol protocol, PetscInt block)
{
  const NakOp    *ops   = protocol->program.ops;
  const PetscReal began = protocol->at.blocks[ops[block].depth].turn_temperature;

  for (PetscInt k = block + 1; k < ops[block].end; k++)
    if (ops[k].ramp > 0) return PETSC_FALSE;
  return (PetscBool)(PetscAbsReal(protocol->at.temperature - began) <= 1e-12 * began);
}
