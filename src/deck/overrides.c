/* Entries from the command line; the contract is in deck_impl.h. */
#include "deck_impl.h"

#include <string.h>

/* Parts of a dotted key, or 0 if it is none. */
static PetscInt Segments(const char *key)
{
  char     segment[NAK_DECK_KEY_SIZE];
  PetscInt count = 0;

  while (*key != '\0') {
    if (!NakTextSegment(&key, segment, sizeof segment)) return 0;
    count++;
  }
  return count;
}

/* A value that begins like YAML is YAML.  Any other is taken literally, colons and all. */
static PetscErrorCode ReadOverride(NakDeck deck, const char *value, NakSource place, PetscInt depth,
                                   NakTree *item)
{
  size_t length;
  char  *text;

  PetscFunctionBeginUser;
  *item = NULL;
  value += strspn(value, " \t");
  if (value[0] != '\0' && strchr("[{\"'", value[0]) != NULL) {
    PetscCall(NakDeckParse(deck, value, strlen(value), place.source, depth, item));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscStrallocpy(value, &text));
  length = strlen(text);
  while (length > 0 && strchr(" \t", text[length - 1]) != NULL) text[--length] = '\0';
  PetscCall(NakTreeCreateScalar(text, PETSC_FALSE, place, item));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Say why a key that is none of the deck's cannot be set. */
static PetscErrorCode ReportKey(NakDeck deck, const char *key, NakSource place)
{
  char shown[NAK_SHOWN_SIZE];

  PetscFunctionBeginUser;
  NakTextShow(key, shown, sizeof shown);
  PetscCall(NakDeckErrorAt(deck, place,
                           "'%s' cannot be set: something above it is a single value, or a list "
                           "without that entry (the first is 0)",
                           shown));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckOverride(NakDeck deck, const char *text, PetscInt number)
{
  const NakSource   place              = {.source = number, .line = 1, .column = 1};
  const char *const equals             = strchr(text, '=');
  size_t            length             = equals != NULL ? (size_t)(equals - text) : 0;
  char              key[NAK_PATH_SIZE] = "", shown[NAK_SHOWN_SIZE];
  PetscInt          segments;
  PetscBool         fits = PETSC_TRUE;
  NakTree           item;

  PetscFunctionBeginUser;
  while (length > 0 && text[length - 1] == ' ') length--; /* `grid.nx = 64` is meant well */
  if (length < sizeof key) memcpy(key, text, length);
  /* bytes of a command line need not be UTF-8, and libyaml never sees a plain value */
  segments = NakTextIsLine(text) ? Segments(key) : 0;
  if (segments == 0 || segments >= NAK_DECK_DEPTH) {
    NakTextShow(text, shown, sizeof shown);
    PetscCall(
      NakDeckErrorAt(deck, place, "'%s' is not of the form key=value, such as grid.nx=64", shown));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ReadOverride(deck, equals + 1, place, segments, &item));
  if (item == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakTreeSet(deck->root, key, item, &fits));
  if (!fits) PetscCall(ReportKey(deck, key, place));
  PetscFunctionReturn(PETSC_SUCCESS);
}
