/* Remembered positions; the contract is in nakfield/protocol.h. */
#include "protocol_impl.h"

#include <stdio.h>
#include <string.h>

PetscErrorCode NakProtocolSave(NakProtocol protocol)
{
  PetscFunctionBeginUser;
  protocol->saved_at        = protocol->at;
  protocol->saved_answers   = protocol->answers;
  protocol->n_saved_reports = protocol->n_reports;
  PetscCall(PetscArraycpy(protocol->saved_slots, protocol->slots, protocol->n_slots));
  PetscCall(PetscArraycpy(protocol->saved_reports, protocol->reports, protocol->n_reports));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolRestore(NakProtocol protocol)
{
  PetscFunctionBeginUser;
  protocol->at        = protocol->saved_at;
  protocol->answers   = protocol->saved_answers;
  protocol->n_reports = protocol->n_saved_reports;
  PetscCall(PetscArraycpy(protocol->slots, protocol->saved_slots, protocol->n_slots));
  PetscCall(PetscArraycpy(protocol->reports, protocol->saved_reports, protocol->n_saved_reports));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The meaning of the position is in the items up to the end of the top-level one under way: their
   kinds, their nesting, their slots.  Plain data without padding. */
typedef struct {
  PetscInt kind, parent, depth, slot;
  char     word[16];
} Item;

static Item ItemOf(const NakOp *op)
{
  Item item = {.kind = (PetscInt)op->kind, .parent = op->parent, .depth = op->depth};

  item.slot = op->kind == NAK_OP_HOLD ? op->slot : -1;
  memcpy(item.word, op->word, sizeof(item.word));
  return item;
}

/* The item under way at the top: those before it are done. */
static PetscInt TopUnderWay(NakProtocol protocol)
{
  const NakOp *ops = protocol->program.ops;
  PetscInt     op  = protocol->at.op;

  while (op >= 0 && ops[op].parent >= 0) op = ops[op].parent;
  return op;
}

/* Number of items up to the end of the one under way at the top. */
static PetscInt ItemsUnderWay(NakProtocol protocol)
{
  return protocol->program.n_ops == 0 ? 0 : protocol->program.ops[TopUnderWay(protocol)].end;
}

/* The number of an op among the items as the deck has them, depth first from 1.  Pulses and
   staircases are one item each. */
static PetscInt NumberOf(const NakProgram *program, PetscInt op)
{
  PetscInt number = 0;

  for (PetscInt k = 0; k <= op; k++) {
    const PetscInt parent = program->ops[k].parent;

    if (parent < 0 || program->ops[parent].kind == NAK_OP_REPEAT) number++;
  }
  return number;
}

static PetscErrorCode CheckItems(NakProtocol protocol, NakCheckpoint c, PetscInt n,
                                 const Item items[])
{
  const NakProgram *program = &protocol->program;
  const MPI_Comm    comm    = NakCheckpointComm(c);

  PetscFunctionBeginUser;
  PetscCheck(n <= program->n_ops, comm, PETSC_ERR_USER_INPUT,
             "the protocol is shorter than what %s has done", NakCheckpointPath(c));
  for (PetscInt k = 0; k < n; k++) {
    const PetscInt slot = items[k].slot;
    const Item     item = ItemOf(&program->ops[k]);

    PetscCheck(item.slot == slot || slot < 0 || item.slot < 0, comm, PETSC_ERR_USER_INPUT,
               "item %" PetscInt_FMT " of the protocol stands after a staircase that had another "
               "number of levels when %s was written: only the levels to come may change",
               NumberOf(program, k), NakCheckpointPath(c));
    PetscCheck(memcmp(&item, &items[k], sizeof item) == 0, comm, PETSC_ERR_USER_INPUT,
               "item %" PetscInt_FMT " of the protocol is not the one of %s, a '%s', which is done "
               "or under way: only values, conditions and what follows it may change",
               NumberOf(program, k), NakCheckpointPath(c), items[k].word);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How many items of `size` bytes a block has that is read. */
static PetscErrorCode CountOf(NakCheckpoint c, const char *name, size_t size, PetscInt *n)
{
  size_t bytes;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointSize(c, name, &bytes));
  PetscCheck(bytes % size == 0, NakCheckpointComm(c), PETSC_ERR_FILE_UNEXPECTED,
             "%s of %s is cut within an item", name, NakCheckpointPath(c));
  *n = (PetscInt)(bytes / size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ExchangeItems(NakProtocol protocol, NakCheckpoint c)
{
  PetscInt       n = ItemsUnderWay(protocol);
  PetscErrorCode code;
  Item          *items;

  PetscFunctionBeginUser;
  if (NakCheckpointReads(c)) PetscCall(CountOf(c, "protocol/items", sizeof *items, &n));
  PetscCall(PetscMalloc1(n, &items));
  for (PetscInt k = 0; k < n && !NakCheckpointReads(c); k++)
    items[k] = ItemOf(&protocol->program.ops[k]);
  code = NakCheckpointBlock(c, "protocol/items", items, (size_t)n * sizeof *items);
  if (!code && NakCheckpointReads(c)) code = CheckItems(protocol, c, n, items);
  PetscCall(PetscFree(items));
  PetscFunctionReturn(code);
}

enum { ITEM_VALUES = 9, CONDITION_VALUES = 3 };

/* The values of an item and of its conditions, as numbers.  Returns how many. */
static PetscInt ValuesOf(const NakProgram *program, const NakOp *op, PetscReal *values)
{
  const PetscReal own[] = {op->control.hold, op->control.value, op->increment, op->spectra,
                           op->duration,     op->count,         op->to,        op->ramp};
  PetscInt        n     = 0;

  for (; n < ITEM_VALUES - 1; n++) values[n] = own[n];
  if (op->slope != 0) values[n++] = op->slope; /* of a ramp */
  for (PetscInt k = op->condition; k < op->condition + op->conditions; k++) {
    values[n++] = program->conditions[k].signal;
    values[n++] = program->conditions[k].sign;
    values[n++] = program->conditions[k].bound;
  }
  return n;
}

/* Whether numbers are the same, to the rounding of another unit. */
static PetscBool Same(const PetscReal a[], const PetscReal b[], PetscInt n)
{
  for (PetscInt k = 0; k < n; k++)
    if (a[k] != b[k] && !(PetscAbsReal(a[k] - b[k]) <= 1e-12 * PetscAbsReal(a[k])))
      return PETSC_FALSE;
  return PETSC_TRUE;
}

/* Items that are done cannot be changed, and resolved.yaml is to say what was done. */
static PetscErrorCode CheckDone(NakProtocol protocol, NakCheckpoint c, PetscInt n,
                                const PetscReal done[], PetscReal now[])
{
  const NakProgram *program = &protocol->program;
  PetscInt          at      = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < TopUnderWay(protocol); k++) {
    const PetscInt more = ValuesOf(program, &program->ops[k], now);

    PetscCheck(
      at + more <= n && Same(&done[at], now, more), NakCheckpointComm(c), PETSC_ERR_USER_INPUT,
      "item %" PetscInt_FMT " of the protocol, a '%s', is done in %s, and was another one: "
      "leave it as it was; items under way and those to come may change",
      NumberOf(program, k), program->ops[k].word, NakCheckpointPath(c));
    at += more;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The files of profiles that are done or under way cannot be others. */
static PetscErrorCode ExchangeProfiles(NakProtocol protocol, NakCheckpoint c)
{
  const NakProgram *program = &protocol->program;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < ItemsUnderWay(protocol); k++) {
    const NakOp *op = &program->ops[k];
    char         name[64], then[65];

    if (op->kind != NAK_OP_PROFILE) continue;
    (void)snprintf(name, sizeof name, "protocol/profile_%" PetscInt_FMT, op->profile);
    PetscCall(PetscStrncpy(then, program->profiles[op->profile - 1].sha256, sizeof then));
    PetscCall(NakCheckpointBlock(c, name, then, sizeof then));
    then[sizeof then - 1] = '\0';
    PetscCheck(strcmp(then, program->profiles[op->profile - 1].sha256) == 0, NakCheckpointComm(c),
               PETSC_ERR_USER_INPUT,
               "item %" PetscInt_FMT " of the protocol, a 'profile', has another file than %s was "
               "written with: its SHA-256 was %s",
               NumberOf(program, k), NakCheckpointPath(c), then);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The values of the items that are done.  They come after the position, which says which items
   these are. */
static PetscErrorCode ExchangeDone(NakProtocol protocol, NakCheckpoint c)
{
  const NakProgram *program = &protocol->program;
  const PetscInt    most = ITEM_VALUES * program->n_ops + CONDITION_VALUES * program->n_conditions;
  PetscInt          n    = 0;
  PetscReal        *done, *now;
  PetscErrorCode    code;

  PetscFunctionBeginUser;
  if (NakCheckpointReads(c)) PetscCall(CountOf(c, "protocol/done", sizeof *done, &n));
  PetscCall(PetscMalloc1(PetscMax(n, most), &done));
  PetscCall(PetscMalloc1(most, &now));
  for (PetscInt k = 0; k < TopUnderWay(protocol) && !NakCheckpointReads(c); k++)
    n += ValuesOf(program, &program->ops[k], &done[n]);
  code = NakCheckpointBlock(c, "protocol/done", done, (size_t)n * sizeof *done);
  if (!code && NakCheckpointReads(c)) code = CheckDone(protocol, c, n, done, now);
  PetscCall(PetscFree(done));
  PetscCall(PetscFree(now));
  PetscFunctionReturn(code);
}

/* The first slot after the items up to the end of the one under way at the top. */
static PetscInt SlotsUnderWay(NakProtocol protocol)
{
  const NakProgram *program = &protocol->program;
  PetscInt          op      = ItemsUnderWay(protocol);

  while (op < program->n_ops && program->ops[op].kind != NAK_OP_HOLD) op++;
  return op < program->n_ops ? program->ops[op].slot : program->n_slots;
}

/* Nothing was done in slots that now belong to items to come; a staircase may have lost levels. */
static PetscErrorCode CheckSlots(NakProtocol protocol, NakCheckpoint c, PetscInt n,
                                 const NakSlot slots[])
{
  PetscFunctionBeginUser;
  for (PetscInt k = SlotsUnderWay(protocol); k < n; k++)
    PetscCheck(slots[k].report < 0, NakCheckpointComm(c), PETSC_ERR_USER_INPUT,
               "the staircase under way has lost levels that were done when %s was written: only "
               "the levels to come may change",
               NakCheckpointPath(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The slots that both have.  Those of a protocol that became longer are untouched. */
static PetscErrorCode ExchangeSlots(NakProtocol protocol, NakCheckpoint c)
{
  PetscInt       n = protocol->n_slots;
  NakSlot       *slots;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (!NakCheckpointReads(c)) {
    PetscCall(NakCheckpointBlock(c, "protocol/slots", protocol->slots, (size_t)n * sizeof *slots));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(CountOf(c, "protocol/slots", sizeof *slots, &n));
  PetscCall(PetscMalloc1(n, &slots));
  code = NakCheckpointBlock(c, "protocol/slots", slots, (size_t)n * sizeof *slots);
  if (!code) code = CheckSlots(protocol, c, n, slots);
  if (!code) code = PetscArraycpy(protocol->slots, slots, PetscMin(n, protocol->n_slots));
  PetscCall(PetscFree(slots));
  PetscFunctionReturn(code);
}

static PetscErrorCode ExchangePosition(NakProtocol protocol, NakCheckpoint c)
{
  const NakProgram *program = &protocol->program;
  NakPosition      *at      = &protocol->at;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "protocol/position", at, sizeof *at));
  if (!NakCheckpointReads(c)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(at->op >= 0 && at->op < program->n_ops && at->entered &&
               program->ops[at->op].kind == NAK_OP_HOLD,
             NakCheckpointComm(c), PETSC_ERR_FILE_UNEXPECTED, "%s stands nowhere in the protocol",
             NakCheckpointPath(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The repeats around the hold must still have turns to come. */
static PetscErrorCode CheckTurns(NakProtocol protocol, MPI_Comm comm)
{
  const NakOp *ops = protocol->program.ops;

  PetscFunctionBeginUser;
  for (PetscInt op = ops[protocol->at.op].parent; op >= 0; op = ops[op].parent) {
    const PetscInt turns = protocol->at.blocks[ops[op].depth].turns;

    PetscCheck(turns < ops[op].count, comm, PETSC_ERR_USER_INPUT,
               "the %s has %" PetscInt_FMT " turns, of which %" PetscInt_FMT
               " are done and one is under way",
               ops[op].word, ops[op].count, turns);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolCheckpoint(NakProtocol protocol, NakCheckpoint checkpoint)
{
  const MPI_Comm comm = NakCheckpointComm(checkpoint);
  NakControl     control;
  PetscReal      end_time;

  PetscFunctionBeginUser;
  PetscCall(ExchangeItems(protocol, checkpoint));
  PetscCall(ExchangePosition(protocol, checkpoint));
  PetscCall(ExchangeDone(protocol, checkpoint));
  PetscCall(ExchangeProfiles(protocol, checkpoint));
  PetscCall(ExchangeSlots(protocol, checkpoint));
  PetscCall(NakCheckpointBlock(checkpoint, "protocol/report_count", &protocol->n_reports,
                               sizeof(protocol->n_reports)));
  PetscCheck(protocol->n_reports <= protocol->n_slots, comm, PETSC_ERR_USER_INPUT,
             "the protocol has fewer steps than %s has done", NakCheckpointPath(checkpoint));
  PetscCall(NakCheckpointBlock(checkpoint, "protocol/reports", protocol->reports,
                               (size_t)protocol->n_reports * sizeof(NakStepReport)));
  PetscCall(NakEventsCheckpoint(protocol, checkpoint));
  PetscCall(NakAnswersCheckpoint(protocol, checkpoint));
  if (!NakCheckpointReads(checkpoint)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CheckTurns(protocol, comm));
  NakProtocolSetEnd(protocol);
  PetscCall(NakProtocolControl(protocol, &control, &end_time));
  NakReportHold(protocol, &control);
  PetscFunctionReturn(PETSC_SUCCESS);
}
