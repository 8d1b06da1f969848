/* Triggers: conditions that show moments and end nothing; the contract is in
   nakfield/protocol.h. */
#include "protocol_impl.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 16 /* conditions of a list */, MOST_STEPS = 1000 /* of a burst */ };

/* What has been seen so far; plain data. */
typedef struct {
  PetscReal  time; /* of the record before [s] */
  PetscReal  past[MOST];
  PetscBool  on[MOST];
  PetscBool  begun;          /* there is a record before */
  PetscBool  waits;          /* `hit` came with a switch: the step after it is shown */
  NakTrigger hit;            /* the last one */
  PetscInt   hits, bursts;   /* so far; steps that are still to be shown */
  char       text[MOST][64]; /* of the conditions: of other ones it tells nothing */
} Seen;

struct NakTriggers_private {
  char         key[NAK_TEXT_SIZE];
  NakCondition conditions[MOST];
  PetscInt     count;
  PetscInt     burst; /* steps shown after each */
  Seen         seen;
};

/* An event that ends the run.  It never comes earlier, and the last moment is shown in any case. */
static NakCondition Never(const char *event)
{
  NakCondition condition = {
    .signal = NAK_SIGNAL_VOIDS, .sign = 1, .bound = PETSC_MAX_REAL, .scale = 1};

  (void)snprintf(condition.text, sizeof condition.text, "%s", event);
  return condition;
}

static PetscErrorCode Add(NakDeck deck, NakNode node, const NakLimits *limits, NakTriggers t)
{
  const char *const text = NakNodeText(node);
  NakCondition     *c    = &t->conditions[t->count];
  PetscBool         ok   = PETSC_TRUE;

  PetscFunctionBeginUser;
  if (t->count == MOST) {
    PetscCall(NakDeckError(deck, node, "%s has more than %d conditions", t->key, (int)MOST));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (NakEventFind(text) >= NAK_EVENTS_WATCHED)
    *c = Never(text);
  else
    PetscCall(NakConditionParse(deck, node, limits, c, &ok));
  if (ok) t->count++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read(NakDeck deck, NakNode node, const NakLimits *limits, NakTriggers t)
{
  PetscFunctionBeginUser;
  if (NakNodeKindOf(node) == NAK_NODE_SCALAR) PetscCall(Add(deck, node, limits, t));
  if (NakNodeKindOf(node) == NAK_NODE_MAP ||
      (NakNodeKindOf(node) == NAK_NODE_LIST && NakNodeCount(node) == 0))
    PetscCall(NakDeckError(
      deck, node, "%s must be a condition or a list of them, such as [contact < 0.9, short]",
      t->key));
  for (PetscInt k = 0; NakNodeKindOf(node) == NAK_NODE_LIST && k < NakNodeCount(node); k++)
    PetscCall(Add(deck, NakNodeItem(node, k, NULL), limits, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "5 steps". */
static PetscErrorCode ReadBurst(NakDeck deck, NakNode node, const char *key, NakTriggers t)
{
  const char *const text = NakNodeText(node);
  char             *end;
  const long        steps = strtol(text, &end, 10);

  PetscFunctionBeginUser;
  while (*end == ' ') end++;
  if (NakDeckFind(deck, t->key) == NULL)
    PetscCall(
      NakDeckError(deck, node, "%s follows the moments of %s, which is missing", key, t->key));
  if ((strcmp(end, "steps") == 0 || strcmp(end, "step") == 0) && steps >= 1 && steps <= MOST_STEPS)
    t->burst = (PetscInt)steps;
  else
    PetscCall(NakDeckError(deck, node,
                           "%s must be a number of time steps from 1 to %d, such as 5 steps, not "
                           "'%.100s'",
                           key, (int)MOST_STEPS, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The conditions under the key, and the burst beside it. */
static PetscErrorCode ReadAll(NakDeck deck, const NakLimits *limits, NakTriggers t)
{
  char              key[NAK_TEXT_SIZE];
  NakNode const     node = NakDeckFind(deck, t->key);
  const char *const last = strrchr(t->key, '.');
  NakNode           burst;

  PetscFunctionBeginUser;
  (void)snprintf(key, sizeof key, "%.*s.burst", (int)(last - t->key), t->key);
  burst = NakDeckFind(deck, key);
  if (node != NULL) PetscCall(Read(deck, node, limits, t));
  if (burst != NULL) PetscCall(ReadBurst(deck, burst, key, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Begin(NakTriggers t)
{
  t->seen = (Seen){.hit = {.which = -1}};
  for (PetscInt k = 0; k < t->count; k++)
    memcpy(t->seen.text[k], t->conditions[k].text, sizeof t->seen.text[k]);
}

PetscErrorCode NakTriggersCreate(NakDeck deck, const char *key, const NakLimits *limits,
                                 NakTriggers *triggers)
{
  NakTriggers    t;
  PetscMPIInt    rank;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  *triggers = NULL;
  PetscCall(PetscNew(&t));
  PetscCall(PetscStrncpy(t->key, key, sizeof t->key));
  PetscCallMPI(MPI_Comm_rank(NakDeckComm(deck), &rank));
  if (rank == 0) code = ReadAll(deck, limits, t);
  PetscCall(NakAgree(NakDeckComm(deck), code));
  PetscCallMPI(MPI_Bcast(t, (int)sizeof *t, MPI_BYTE, 0, NakDeckComm(deck)));
  Begin(t);
  if (t->count > 0)
    *triggers = t;
  else
    PetscCall(PetscFree(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTriggersDestroy(NakTriggers *triggers)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(*triggers));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a condition has come true since the record before; of several, the one that came
   first. */
static PetscBool Comes(NakTriggers t, const NakRecord *now, const NakMark *since)
{
  Seen     *seen = &t->seen;
  PetscBool any  = PETSC_FALSE;

  for (PetscInt k = 0; k < t->count; k++) {
    const PetscReal past = NakConditionPast(&t->conditions[k], now, since);
    PetscReal       part, when;

    if (!NakConditionComes(past, seen->begun, &seen->past[k], &seen->on[k], &part)) continue;
    when = now->time - (1 - part) * (now->time - seen->time);
    if (!any || when < seen->hit.time) seen->hit = (NakTrigger){.which = k, .time = when};
    any = PETSC_TRUE;
  }
  seen->time  = now->time;
  seen->begun = PETSC_TRUE;
  return any;
}

PetscBool NakTriggersLook(NakTriggers t, NakProtocol protocol, const NakRecord *now,
                          NakTrigger *hit)
{
  Seen           *seen = &t->seen;
  const PetscBool step = (PetscBool)(seen->begun && now->time > seen->time);
  const PetscBool room = (PetscBool)(seen->hits < NAK_EVENTS);
  const PetscBool any  = Comes(t, now, &protocol->at.step_begin);

  *hit = (NakTrigger){.which = -1, .time = -1};
  if (any && room) {
    seen->hits++;
    seen->waits = PETSC_TRUE;
  }
  if (!step) return PETSC_FALSE;
  if (seen->waits) {
    *hit         = seen->hit;
    seen->waits  = PETSC_FALSE;
    seen->bursts = t->burst;
    return PETSC_TRUE;
  }
  return (PetscBool)(seen->bursts > 0 && seen->bursts-- > 0);
}

const char *NakTriggerText(NakTriggers t, PetscInt which)
{
  return t->conditions[which].text;
}

PetscErrorCode NakTriggersCheckpoint(NakTriggers t, NakCheckpoint c)
{
  char      name[NAK_TEXT_SIZE];
  Seen      then;
  PetscBool has;

  PetscFunctionBeginUser;
  if (t == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(name, sizeof name, "protocol/%.40s", t->key);
  PetscCall(NakCheckpointHas(c, name, &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  then = t->seen;
  PetscCall(NakCheckpointBlock(c, name, &then, sizeof then));
  if (memcmp(then.text, t->seen.text, sizeof then.text) == 0) t->seen = then;
  PetscFunctionReturn(PETSC_SUCCESS);
}
