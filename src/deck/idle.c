/* Entries that have no effect; the contract is in nakfield/deck.h. */
#include "deck_impl.h"

#include <stdlib.h>
#include <string.h>

/* The value of a row in its section. */
static const void *FieldOf(const NakSection *section, const NakParam *row)
{
  return (const char *)section->params + row->offset;
}

/* The value of the entry `key` as a deck spells it; false if the schema has none. */
static PetscBool ValueOf(const NakSection schema[], const char *key, char *text, size_t size)
{
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++)
      if (strcmp(row->key, key) == 0) {
        NakDeckFormatValue(row, FieldOf(section, row), text, size);
        return PETSC_TRUE;
      }
  return PETSC_FALSE;
}

/* Whether an entry has another value than a silent deck gives it.  Its unit may have rounded it. */
static PetscBool IsSet(const NakSection *section, const NakParam *row)
{
  const PetscReal rounding = 1e-12;
  char            given[NAK_TEXT_SIZE], silent[NAK_TEXT_SIZE];
  NakValue        field;

  if (NakParamIsRequired(row) || row->type == NAK_TREE) return PETSC_FALSE;
  NakDeckSetDefault(row, &field);
  if (row->type == NAK_REAL) {
    const PetscReal value = *(const PetscReal *)FieldOf(section, row);

    return (PetscBool)(PetscAbsReal(value - field.real) > rounding * PetscAbsReal(field.real));
  }
  NakDeckFormatValue(row, &field, silent, sizeof silent);
  NakDeckFormatValue(row, FieldOf(section, row), given, sizeof given);
  return (PetscBool)(strcmp(given, silent) != 0);
}

static PetscBool IsMet(const NakNeed *need, const char *value)
{
  if (need->values[0] == '!')
    return (PetscBool)(strtod(value, NULL) != strtod(need->values + 1, NULL));
  return (PetscBool)(NakWordsFind(need->values, value) >= 0);
}

static void Tell(const NakNeed *need, const NakParam *row, const char *value, NakCheckList *list)
{
  char wanted[NAK_TEXT_SIZE];

  if (need->values[0] == '!') {
    NakCheckWarning(list, row->key,
                    "%s has no effect while %s is %s: change that, or leave this out", row->key,
                    need->key, value);
    return;
  }
  NakWordsList(need->values, wanted, sizeof wanted);
  NakCheckWarning(list, row->key,
                  "%s has no effect while %s is %s: set that to %s, or leave this out", row->key,
                  need->key, value, wanted);
}

void NakDeckWarnIdle(NakDeck deck, const NakSection schema[], const NakNeed needs[],
                     NakCheckList *list)
{
  for (const NakNeed *need = needs; need->entries != NULL; need++) {
    char value[NAK_TEXT_SIZE];

    if (!ValueOf(schema, need->key, value, sizeof value) || IsMet(need, value)) continue;
    for (const NakSection *section = schema; section->rows != NULL; section++)
      for (const NakParam *row = section->rows; row->key != NULL; row++)
        if (NakWordsFind(need->entries, row->key) >= 0 && NakDeckFind(deck, row->key) != NULL &&
            IsSet(section, row))
          Tell(need, row, value, list);
  }
}
