/* Creating the protocol: compiled on one rank, sent to all; the contract is in
   nakfield/protocol.h. */
#include "protocol_impl.h"
#include <stdio.h>

const NakParam NakLimitsParamRows[] = {
  NAK_ROW_REAL("limits.voltage_max", NakLimits, voltage_max, "V", 5, -100, 100,
               "Terminal voltage above which the run ends"),
  NAK_ROW_REAL("limits.voltage_min", NakLimits, voltage_min, "V", -5, -100, 100,
               "Terminal voltage below which the run ends"),
  NAK_ROW_REQUIRED_TREE("protocol", "What the cycler does, step by step: see docs/protocol.md"),
  NAK_ROW_END,
};

/* One item of `size` bytes at a time, so that no count overflows. */
static PetscErrorCode Broadcast(MPI_Comm comm, size_t size, PetscInt count, void *array)
{
  MPI_Datatype item;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Type_contiguous((int)size, MPI_BYTE, &item));
  PetscCallMPI(MPI_Type_commit(&item));
  PetscCallMPI(MPI_Bcast(array, (int)count, item, 0, comm));
  PetscCallMPI(MPI_Type_free(&item));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ShareProgram(MPI_Comm comm, PetscMPIInt rank, NakProgram *program)
{
  PetscInt counts[] = {program->n_ops, program->n_conditions, program->n_steps, program->n_slots,
                       program->n_profiles};

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(counts, 5, MPIU_INT, 0, comm));
  if (rank > 0) {
    program->n_ops        = counts[0];
    program->n_conditions = counts[1];
    program->n_steps      = counts[2];
    program->n_slots      = counts[3];
    program->n_profiles   = counts[4];
    PetscCall(PetscMalloc1(program->n_ops, &program->ops));
    PetscCall(PetscMalloc1(program->n_conditions, &program->conditions));
    PetscCall(PetscCalloc1(program->n_profiles, &program->profiles));
  }
  PetscCall(Broadcast(comm, sizeof(NakOp), program->n_ops, program->ops));
  PetscCall(Broadcast(comm, sizeof(NakCondition), program->n_conditions, program->conditions));
  for (PetscInt k = 0; k < program->n_profiles; k++)
    PetscCall(NakProfileShare(comm, &program->profiles[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckLimits(NakDeck deck, const NakLimits *limits)
{
  NakNode node = NakDeckFind(deck, "limits.voltage_max");

  PetscFunctionBeginUser;
  if (limits->voltage_min < limits->voltage_max) PetscFunctionReturn(PETSC_SUCCESS);
  if (node == NULL) node = NakDeckFind(deck, "limits.voltage_min");
  PetscCall(NakDeckError(deck, node,
                         "limits.voltage_max is %g V and limits.voltage_min %g V; the first "
                         "must be the higher one",
                         (double)limits->voltage_max, (double)limits->voltage_min));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rank 0 does alone. */
static PetscErrorCode ReadProtocol(NakDeck deck, const NakLimits *limits, NakProgram *program)
{
  PetscFunctionBeginUser;
  PetscCall(CheckLimits(deck, limits));
  PetscCall(NakProgramParse(deck, limits, program));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Limits are conditions that stand at no item. */
static void SetLimits(NakProtocol protocol, const NakLimits *limits)
{
  const PetscReal empty     = 1e-3; /* mole fraction of Na */
  NakCondition   *condition = protocol->limits;

  NakConditionSet(NAK_SIGNAL_VOLTAGE, '>', limits->voltage_max, "limits.voltage_max", condition++);
  NakConditionSet(NAK_SIGNAL_VOLTAGE, '<', limits->voltage_min, "limits.voltage_min", condition++);
  if (limits->filament > 0) {
    NakConditionSet(NAK_SIGNAL_FILAMENT, '>', limits->filament, "the electrolyte", condition);
    (void)snprintf(condition->text, sizeof(condition->text), "a filament crossed the electrolyte");
    condition++;
  }
  if (limits->metal > 0) {
    NakConditionSet(NAK_SIGNAL_LEAST_X, '<', empty, "the alloy", condition);
    (void)snprintf(condition->text, sizeof(condition->text), "an electrode has no Na left");
    condition++;
  }
  if (limits->sites > 0) {
    NakConditionSet(NAK_SIGNAL_COUNTER_LEFT, '<', limits->sites, "the host", condition);
    (void)snprintf(condition->text, sizeof(condition->text), "the host is full or empty");
    condition++;
  }
  if (limits->sodium > 0) {
    NakConditionSet(NAK_SIGNAL_ELECTROLYTE_NA, '<', limits->sodium, "the electrolyte", condition);
    (void)snprintf(condition->text, sizeof(condition->text), "the liquid has no Na+ left");
    condition++;
  }
  protocol->n_limits = (PetscInt)(condition - protocol->limits);
}

PetscErrorCode NakProtocolCreate(NakDeck deck, const NakLimits *limits, NakProtocol *protocol)
{
  const MPI_Comm comm = NakDeckComm(deck);
  NakProtocol    p;
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;
  PetscInt       slots;

  PetscFunctionBeginUser;
  *protocol = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscNew(&p));
  if (rank == 0) code = ReadProtocol(deck, limits, &p->program);
  PetscCall(NakAgree(comm, code));
  PetscCall(ShareProgram(comm, rank, &p->program));
  SetLimits(p, limits);
  p->start = limits->temperature;
  for (PetscInt k = 0; k < NAK_EVENTS_WATCHED; k++) p->events[k] = NakEventCondition(k, limits);

  slots      = PetscMin(p->program.n_slots, NAK_STEP_REPORTS);
  p->n_slots = slots;
  PetscCall(PetscMalloc2(slots, &p->slots, slots, &p->saved_slots));
  PetscCall(PetscMalloc2(slots, &p->reports, slots, &p->saved_reports));
  for (PetscInt k = 0; k < slots; k++) p->slots[k] = (NakSlot){.report = -1};
  NakProtocolRewind(p);
  PetscCall(NakProtocolSave(p));
  *protocol = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolDestroy(NakProtocol *protocol)
{
  PetscFunctionBeginUser;
  if (*protocol == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakProgramFree(&(*protocol)->program));
  PetscCall(PetscFree2((*protocol)->slots, (*protocol)->saved_slots));
  PetscCall(PetscFree2((*protocol)->reports, (*protocol)->saved_reports));
  PetscCall(PetscFree(*protocol));
  PetscFunctionReturn(PETSC_SUCCESS);
}
