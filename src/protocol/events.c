/* Events: known conditions that are recorded when they come true; the contract is in
   nakfield/protocol.h. */
#include "protocol_impl.h"

#include <stdio.h>
#include <string.h>

enum {
  EVENT_NA_METAL = 3,
  EVENT_SHORT    = NAK_EVENTS_WATCHED,
  EVENT_CONDITION,
  EVENT_LIMIT,
  EVENT_KINDS
};

/* The condition of an event: a signal that passes a bound.  That of Na metal is a charge [C/m2]. */
typedef struct {
  const char *name, *doc;
  NakSignalId signal;
  char        relation;
  PetscReal   bound;
} Kind;

static const Kind kinds[] = {
  {"liquidus_a",   "alloy at the face beyond the liquidus to Na", NAK_SIGNAL_BEYOND_A, '>', 0               },
  {"liquidus_b",   "alloy at the face beyond the liquidus to K",  NAK_SIGNAL_BEYOND_B, '>', 0               },
  {"k_film",       "solid K on more than 1e-3 of the face",       NAK_SIGNAL_K_FILM,   '>', NAK_SOME_K      },
  {"na_metal",     "more than 1e-4 mAh/cm^2 of Na metal",         NAK_SIGNAL_DEPOSIT,  '>', NAK_SOME_NA     },
  {"void",         "a void over the face",                        NAK_SIGNAL_VOIDS,    '>', 0.5             },
  {"grain_a",      "solid Na in the alloy",                       NAK_SIGNAL_SOLID_A,  '>', 1e-12           },
  {"grain_b",      "solid K in the alloy",                        NAK_SIGNAL_SOLID_B,  '>', 1e-12           },
  {"contact_half", "half of the wetted face is lost",             NAK_SIGNAL_WETTED,   '<', NAK_CONTACT_LOST},
  {"filament",     "a filament has begun",                        NAK_SIGNAL_FILAMENT, '>', 1e-10           },
  {"short",        "a filament crossed the electrolyte",          0,                   0,   0               },
  {"condition",    "a condition of the deck ended the run",       0,                   0,   0               },
  {"limit",        "a safety limit ended the run",                0,                   0,   0               },
};

const char *NakEventName(PetscInt kind)
{
  return kind < EVENT_KINDS ? kinds[kind].name : NULL;
}

const char *NakEventDoc(PetscInt kind)
{
  return kind < EVENT_KINDS ? kinds[kind].doc : NULL;
}

PetscInt NakEventFind(const char *name)
{
  for (PetscInt k = 0; k < EVENT_KINDS; k++)
    if (strcmp(name, kinds[k].name) == 0) return k;
  return -1;
}

NakCondition NakEventCondition(PetscInt kind, const NakLimits *limits)
{
  const Kind     *event = &kinds[kind];
  const PetscReal bound = event->bound * (kind == EVENT_NA_METAL ? limits->metal : 1);
  NakCondition    condition;

  NakConditionSet(event->signal, event->relation, bound, "", &condition);
  if (bound > 0) condition.scale = bound;
  (void)snprintf(condition.text, sizeof(condition.text), "%s", event->name);
  return condition;
}

/* Keep the events in the order of time after the first `old`. */
static void Keep(NakProtocol protocol, PetscInt old, const NakEvent *event)
{
  NakWatch      *watch = &protocol->watch;
  const PetscInt room  = event->kind < NAK_EVENTS_WATCHED ? NAK_EVENTS - 1 : NAK_EVENTS;
  PetscInt       at    = watch->count;

  if (watch->count >= room) return;
  for (; at > old && protocol->noted[at - 1].time > event->time; at--)
    protocol->noted[at] = protocol->noted[at - 1];
  protocol->noted[at] = *event;
  watch->count++;
}

static void Watch(NakProtocol protocol, PetscInt kind, PetscInt old, const NakRecord *now)
{
  const NakMark   none  = {0};
  NakWatch       *watch = &protocol->watch;
  const PetscReal past  = NakConditionOvershoot(&protocol->events[kind], now, &none);
  PetscReal       part;

  if (NakConditionComes(past, watch->begun, &watch->past[kind], &watch->on[kind], &part)) {
    const NakEvent event = {.time = now->time - (1 - part) * (now->time - watch->time),
                            .capacity =
                              now->capacity - (1 - part) * (now->capacity - watch->capacity),
                            .kind = kind,
                            .step = now->step};

    Keep(protocol, old, &event);
  }
}

/* The event that the end of the run is, if any. */
static PetscInt EndOf(NakProtocol protocol)
{
  const NakEnd end = protocol->at.end;

  if (end == NAK_END_SHORT) return EVENT_SHORT;
  if (end == NAK_END_LIMIT) return EVENT_LIMIT;
  if (end == NAK_END_CONDITION || end == NAK_END_OUTER) return EVENT_CONDITION;
  return -1;
}

/* Whether a constant current flows. */
static PetscBool Galvanic(NakProtocol protocol)
{
  NakControl held;

  if (!protocol->at.entered || NakProtocolSweeps(protocol)) return PETSC_FALSE;
  held = NakProtocolHeld(protocol, protocol->at.step_begin.time);
  return (PetscBool)(held.hold == NAK_HOLD_CURRENT && held.value != 0);
}

void NakProtocolSee(NakProtocol protocol, const NakRecord *now)
{
  NakMark *const begin = &protocol->at.step_begin;

  if (Galvanic(protocol)) begin->peak = PetscMax(begin->peak, PetscAbsReal(now->voltage));
}

PetscErrorCode NakProtocolNote(NakProtocol protocol, const NakRecord *now, PetscInt *fresh)
{
  NakWatch      *watch = &protocol->watch;
  const PetscInt old = watch->count, end = EndOf(protocol);

  PetscFunctionBeginUser;
  for (PetscInt kind = 0; kind < NAK_EVENTS_WATCHED; kind++) Watch(protocol, kind, old, now);
  watch->time     = now->time;
  watch->capacity = now->capacity;
  watch->begun    = PETSC_TRUE;
  NakProtocolSee(protocol, now);
  if (end >= 0 && !watch->ended) {
    const NakEvent event = {
      .time = now->time, .capacity = now->capacity, .kind = end, .step = now->step};

    Keep(protocol, old, &event);
    watch->ended = PETSC_TRUE;
  }
  *fresh = watch->count - old;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProtocolEvents(NakProtocol protocol, PetscInt *count, const NakEvent **events)
{
  PetscFunctionBeginUser;
  *count  = protocol->watch.count;
  *events = protocol->noted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakEventsCheckpoint(NakProtocol protocol, NakCheckpoint c)
{
  NakWatch *watch = &protocol->watch;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointBlock(c, "protocol/watch", watch, sizeof *watch));
  PetscCheck(watch->count >= 0 && watch->count <= NAK_EVENTS, NakCheckpointComm(c),
             PETSC_ERR_FILE_UNEXPECTED, "%s has %" PetscInt_FMT " events", NakCheckpointPath(c),
             watch->count);
  if (watch->count == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointBlock(c, "protocol/events", protocol->noted,
                               (size_t)watch->count * sizeof(NakEvent)));
  for (PetscInt k = 0; k < watch->count; k++)
    PetscCheck(protocol->noted[k].kind >= 0 && protocol->noted[k].kind < EVENT_KINDS,
               NakCheckpointComm(c), PETSC_ERR_FILE_UNEXPECTED, "%s has an event of no kind",
               NakCheckpointPath(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}
