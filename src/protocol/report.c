/* One report for each protocol step and for each level of a staircase.  The room for all of them is
   there from the start, so the list never moves. */
#include "protocol_impl.h"
#include <stdio.h>
#include <string.h>

/* The slot of a hold in the present turn; slots beyond the last share it. */
static NakSlot *SlotOf(NakProtocol protocol, const NakOp *op)
{
  const PetscBool level =
    (PetscBool)(op->parent >= 0 && protocol->program.ops[op->parent].kind == NAK_OP_STAIRCASE);
  const PetscInt slot = op->slot + (level ? protocol->at.blocks[op->depth - 1].turns : 0);

  return &protocol->slots[PetscMin(slot, NAK_STEP_REPORTS - 1)];
}

void NakReportHold(NakProtocol protocol, const NakControl *control)
{
  const NakSlot *slot   = SlotOf(protocol, &protocol->program.ops[protocol->at.op]);
  NakStepReport *report = &protocol->reports[slot->report];

  report->control.hold  = control->hold;
  report->control.value = control->value;
}

/* Repeats within repeats have more turns than an integer counts. */
static void Count(PetscInt *count, PetscInt more)
{
  *count += PetscMin(more, PETSC_INT_MAX - *count);
}

PetscErrorCode NakReportOpen(NakProtocol protocol, const NakControl *control, const NakRecord *now)
{
  const NakOp    *op     = &protocol->program.ops[protocol->at.op];
  NakSlot        *slot   = SlotOf(protocol, op);
  const PetscBool shared = (PetscBool)(protocol->program.n_slots > NAK_STEP_REPORTS &&
                                       slot == &protocol->slots[NAK_STEP_REPORTS - 1]);
  NakStepReport  *report;

  PetscFunctionBeginUser;
  if (slot->report < 0) {
    slot->report = protocol->n_reports++;
    report       = &protocol->reports[slot->report];
    PetscCall(
      PetscMemzero(report, sizeof *report)); /* what lies between the members goes to checkpoints */
    report->index = slot->report;
    report->item  = op->step;
    report->start = now->time;
    (void)snprintf(report->kind, sizeof(report->kind), "%s", shared ? "others" : op->word);
  }
  report              = &protocol->reports[slot->report];
  report->end         = NAK_END_NONE;
  report->last        = now->time;
  report->stop        = now->time;
  report->voltage     = now->voltage;
  report->temperature = NakProtocolTemperature(protocol, now->time);
  Count(&report->executions, 1);
  report->reason[0] = '\0';
  NakReportHold(protocol, control);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakReportClose(NakProtocol protocol, const NakRecord *now, NakEnd end,
                              const char *reason, PetscBool early)
{
  NakSlot       *slot   = SlotOf(protocol, &protocol->program.ops[protocol->at.op]);
  NakStepReport *report = &protocol->reports[slot->report];

  PetscFunctionBeginUser;
  if (NakProtocolSweeps(protocol))
    report->control.value = NakProtocolHeld(protocol, now->time).value;
  slot->early         = early;
  slot->charge        = now->capacity - protocol->at.step_begin.capacity;
  report->end         = end;
  report->stop        = now->time;
  report->voltage     = now->voltage;
  report->temperature = NakProtocolTemperature(protocol, now->time);
  report->capacity += slot->charge;
  (void)snprintf(report->reason, sizeof(report->reason), "%s", reason);
  Count(&report->early, slot->early);
  if (early) (void)snprintf(report->early_reason, sizeof(report->early_reason), "%s", reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each hold repeats the end and the charge of its last turn.  The rest of `charge` is shared by
   magnitude, so that rests get nothing of it. */
PetscErrorCode NakReportSkip(NakProtocol protocol, PetscInt block, PetscInt turns, PetscReal charge)
{
  const NakOp *ops   = protocol->program.ops;
  const NakOp *first = &ops[block + 1], *end = ops + ops[block].end;
  PetscReal    net = 0, magnitude = 0, missing;

  PetscFunctionBeginUser;
  for (const NakOp *op = first; op < end; op++) {
    const PetscReal last = SlotOf(protocol, op)->charge;

    net += last;
    magnitude += PetscAbsReal(last);
  }
  missing = charge - turns * net;
  for (const NakOp *op = first; op < end; op++) {
    const NakSlot *slot   = SlotOf(protocol, op);
    NakStepReport *report = &protocol->reports[slot->report];
    PetscReal      share  = op == first ? 1 : 0;

    if (magnitude > 0) share = PetscAbsReal(slot->charge) / magnitude;
    Count(&report->executions, turns);
    Count(&report->early, turns * slot->early);
    report->capacity += turns * slot->charge + share * missing;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolReports(NakProtocol protocol, PetscInt *count,
                                  const NakStepReport **reports)
{
  PetscFunctionBeginUser;
  *count   = protocol->n_reports;
  *reports = protocol->reports;
  PetscFunctionReturn(PETSC_SUCCESS);
}
