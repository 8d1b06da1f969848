/* The lists that the checks of the modules fill; the contract is in nakfield/deck.h. */
#include "deck_impl.h"

#include <stdarg.h>

static void Add(NakCheckList *list, const char *key, PetscBool warning, const char format[],
                va_list values)
{
  if (list->n == NAK_CHECK_ITEMS) return;
  list->items[list->n].key     = key;
  list->items[list->n].warning = warning;
  (void)vsnprintf(list->items[list->n].text, sizeof list->items[0].text, format, values);
  list->n++;
}

void NakCheckError(NakCheckList *list, const char *key, const char format[], ...)
{
  va_list values;

  va_start(values, format);
  Add(list, key, PETSC_FALSE, format, values);
  va_end(values);
}

void NakCheckWarning(NakCheckList *list, const char *key, const char format[], ...)
{
  va_list values;

  va_start(values, format);
  Add(list, key, PETSC_TRUE, format, values);
  va_end(values);
}

void NakCheckSteps(NakCheckList *list, const char *section, const char *unit, PetscReal shortest,
                   PetscReal first, PetscReal longest)
{
  if (shortest < first && first <= longest) return;
  NakCheckError(list, section,
                "%s.first_step is %.6g%s: it must be above %s.shortest_step, %.6g%s, and at most "
                "%s.longest_step, %.6g%s",
                section, (double)first, unit, section, (double)shortest, unit, section,
                (double)longest, unit);
}

PetscErrorCode NakCheckRaise(MPI_Comm comm, const NakCheckList *list)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < list->n; k++)
    PetscCheck(list->items[k].warning, comm, PETSC_ERR_USER_INPUT, "%s", list->items[k].text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckReportChecks(NakDeck deck, const NakCheckList *list)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < list->n; k++) {
    const NakCheckItem *const item                = &list->items[k];
    const NakNode             above               = NakDeckAbove(deck, item->key);
    char                      lack[NAK_TEXT_SIZE] = "";

    if (NakDeckFind(deck, item->key) == NULL)
      (void)snprintf(lack, sizeof lack, " (the deck has no '%s', so the default holds)", item->key);
    if (item->warning)
      PetscCall(NakDeckWarn(deck, above, "%s%s", item->text, lack));
    else
      PetscCall(NakDeckError(deck, above, "%s%s", item->text, lack));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
