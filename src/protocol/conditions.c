/* How a condition of the deck is read; the contract is in signals.h. */
#include "signals.h"
#include <ctype.h>
#include <nakfield/units.h>
#include <stdio.h>
#include <string.h>

/* Copy text without the blanks around it, cut to the size of the copy. */
static void CopyTrimmed(const char *text, size_t length, char *copy, size_t size)
{
  while (length > 0 && isspace((unsigned char)text[0])) {
    text++;
    length--;
  }
  while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
  length = PetscMin(length, size - 1);
  memcpy(copy, text, length);
  copy[length] = '\0';
}

static PetscErrorCode FindSignal(NakDeck deck, NakNode node, const char *name, NakSignalId *signal,
                                 PetscBool *ok)
{
  char known[4 * NAK_TEXT_SIZE] = "";

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  for (PetscInt k = 0; NakSignals[k].name != NULL && !*ok; k++) {
    *signal = (NakSignalId)k;
    *ok     = (PetscBool)(strcmp(name, NakSignals[k].name) == 0);
    if (k > 0) PetscCall(PetscStrlcat(known, ", ", sizeof(known)));
    PetscCall(PetscStrlcat(known, NakSignals[k].name, sizeof(known)));
  }
  if (!*ok) {
    PetscCall(NakDeckError(deck, node, "unknown signal '%s'; known are %s", name, known));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A condition without a relation: the name of an event. */
static PetscErrorCode ParseEvent(NakDeck deck, NakNode node, const NakLimits *limits,
                                 NakCondition *condition, PetscBool *ok)
{
  const char    *text                 = NakNodeText(node);
  const PetscInt kind                 = NakEventFind(text);
  char           known[NAK_TEXT_SIZE] = "";
  size_t         used                 = 0;

  PetscFunctionBeginUser;
  *ok = (PetscBool)(kind >= 0 && kind < NAK_EVENTS_WATCHED);
  for (PetscInt k = 0; k < NAK_EVENTS_WATCHED; k++)
    used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", k > 0 ? ", " : "",
                             NakEventName(k));
  if (*ok)
    *condition = NakEventCondition(kind, limits);
  else if (kind >= 0)
    PetscCall(NakDeckError(deck, node,
                           "'%s' is the end of the run, and nothing comes after it; conditions "
                           "can name the events %s",
                           text, known));
  else if (strstr(text, " and ") != NULL || strstr(text, " or ") != NULL)
    PetscCall(NakDeckError(deck, node,
                           "'%s' is more than one condition: write a list, 'until: [A, B]', any of "
                           "which ends the item",
                           text));
  else
    PetscCall(NakDeckError(deck, node,
                           "'%s' is not a condition: write 'SIGNAL > VALUE' or 'SIGNAL < VALUE', "
                           "for instance 'voltage > 3 V', or an event: %s",
                           text, known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakConditionParse(NakDeck deck, NakNode node, const NakLimits *limits,
                                 NakCondition *condition, PetscBool *ok)
{
  const char *text = NakNodeText(node), *relation = strpbrk(text, "<>");
  char        name[32], value[NAK_TEXT_SIZE], message[NAK_TEXT_SIZE] = "";
  NakSignalId signal = NAK_SIGNAL_VOLTAGE;
  PetscReal   bound  = 0;

  PetscFunctionBeginUser;
  if (relation == NULL || strlen(text) >= sizeof(value) || relation[1] == '=' ||
      strpbrk(relation + 1, "<>") != NULL) {
    PetscCall(ParseEvent(deck, node, limits, condition, ok));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  CopyTrimmed(text, (size_t)(relation - text), name, sizeof(name));
  CopyTrimmed(relation + 1, strlen(relation + 1), value, sizeof(value));
  PetscCall(FindSignal(deck, node, name, &signal, ok));
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);

  PetscCall(NakUnitsConvert(value, NakSignals[signal].unit, &bound, message, sizeof(message)));
  if (message[0] == '\0' && NakSignalIsTime(signal) && (*relation == '<' || bound <= 0)) {
    (void)snprintf(message, sizeof(message),
                   "that is true from the start; write '%s > VALUE' with a time above 0", name);
  }
  if (message[0] != '\0') {
    *ok = PETSC_FALSE;
    PetscCall(NakDeckError(deck, node, "condition '%s': %s", text, message));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  NakConditionSet(signal, *relation, bound, "", condition);
  (void)snprintf(condition->text, sizeof(condition->text), "%s %c %.40s", NakSignals[signal].name,
                 *relation, value);
  PetscFunctionReturn(PETSC_SUCCESS);
}
