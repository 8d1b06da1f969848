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
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(program, sizeof *program, MPI_BYTE, 0, comm)); /* for its counts */
  if (rank > 0) {
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

/* Limits are conditions that stand at no item.  Those with a text of their own may be 0, for
   none. */
static void SetLimits(NakProtocol protocol, const NakLimits *limits)
{
  const PetscReal empty = limits->metal > 0 ? 1e-3 : 0; /* mole fraction of Na */
  const struct {
    NakSignalId signal;
    char        relation;
    PetscReal   bound;
    const char *origin, *text;
  } all[NAK_LIMITS] = {
    {NAK_SIGNAL_VOLTAGE,        '>', limits->voltage_max, "limits.voltage_max", NULL                                },
    {NAK_SIGNAL_VOLTAGE,        '<', limits->voltage_min, "limits.voltage_min", NULL                                },
    {NAK_SIGNAL_FILAMENT,       '>', limits->filament,    "",                   "a filament crossed the electrolyte"},
    {NAK_SIGNAL_LEAST_X,        '<', empty,               "",                   "an electrode has no Na left"       },
    {NAK_SIGNAL_COUNTER_LEFT,   '<', limits->sites,       "",                   "the host is full or empty"         },
    {NAK_SIGNAL_ELECTROLYTE_NA, '<', limits->sodium,      "",                   "the liquid has no Na+ left"        },
  };

  for (int k = 0; k < NAK_LIMITS; k++) {
    NakCondition *condition = &protocol->limits[protocol->n_limits];

    if (all[k].text != NULL && all[k].bound <= 0) continue;
    NakConditionSet(all[k].signal, all[k].relation, all[k].bound, all[k].origin, condition);
    if (all[k].text != NULL)
      (void)snprintf(condition->text, sizeof(condition->text), "%s", all[k].text);
    protocol->n_limits++;
  }
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
