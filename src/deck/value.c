/* One value of the deck, from text to number and back; the contract is in nakfield/deck.h and
   deck_impl.h. */
#include "deck_impl.h"

#include <errno.h>
#include <math.h>
#include <nakfield/units.h>
#include <stdlib.h>
#include <string.h>

PetscBool NakWordsItem(const char *words, PetscInt i, char *word, size_t size)
{
  size_t n;

  for (; i > 0; i--) {
    words = strchr(words, '|');
    if (words == NULL) return PETSC_FALSE;
    words++;
  }
  n = strcspn(words, "|");
  if (n >= size) return PETSC_FALSE;
  memcpy(word, words, n);
  word[n] = '\0';
  return PETSC_TRUE;
}

PetscInt NakWordsFind(const char *words, const char *wanted)
{
  char word[NAK_TEXT_SIZE];

  for (PetscInt i = 0; NakWordsItem(words, i, word, sizeof word); i++)
    if (strcmp(word, wanted) == 0) return i;
  return -1;
}

void NakWordsList(const char *words, char *text, size_t size)
{
  char     word[NAK_TEXT_SIZE], next[NAK_TEXT_SIZE];
  size_t   used = 0;
  PetscInt i    = 0;

  text[0] = '\0';
  while (NakWordsItem(words, i, word, sizeof word) && used < size) {
    const PetscBool last = NakWordsItem(words, i + 1, next, sizeof next) ? PETSC_FALSE : PETSC_TRUE;
    const char     *link = i == 0 ? "" : last ? " or " : ", ";
    const int       n    = snprintf(text + used, size - used, "%s%s", link, word);

    used += n > 0 ? (size_t)n : 0;
    i++;
  }
}

/* ---- Checks of a node for every type ---- */

/* A single value, whose key and text are shown in messages. */
typedef struct {
  NakNode     node;
  const char *text;
  char        path[NAK_PATH_SIZE];
  char        shown[NAK_SHOWN_SIZE];
} Scalar;

static PetscErrorCode OpenScalar(NakDeck deck, NakNode node, Scalar *scalar, PetscBool *ok)
{
  PetscFunctionBeginUser;
  *ok          = PETSC_FALSE;
  scalar->node = node;
  scalar->text = NakNodeText(node);
  NakNodePath(node, scalar->path, sizeof scalar->path);
  NakTextShow(scalar->text, scalar->shown, sizeof scalar->shown);
  if (node->kind == NAK_NODE_LIST)
    PetscCall(NakDeckError(deck, node, "%s is a list; it must be a single value", scalar->path));
  else if (node->kind == NAK_NODE_MAP)
    PetscCall(NakDeckError(deck, node, "%s has entries beneath it; it must be a single value",
                           scalar->path));
  else
    *ok = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `is X` for a message, or that there is nothing. */
static PetscErrorCode ReportValue(NakDeck deck, const Scalar *scalar, const char *remedy)
{
  PetscFunctionBeginUser;
  if (scalar->text[0] == '\0')
    PetscCall(NakDeckError(deck, scalar->node, "%s is empty: %s", scalar->path, remedy));
  else
    PetscCall(
      NakDeckError(deck, scalar->node, "%s is %s: %s", scalar->path, scalar->shown, remedy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Quantities ---- */

PetscBool NakBoundIsOpen(PetscReal bound)
{
  return (PetscBool)(PetscAbsReal(bound) >= PETSC_INFINITY);
}

/* Report which bounds a number has broken.  The message uses the unit `shown`; one [unit] is
   `scale` of it, and both count from `zero`.  So 25 degC is compared with a bound in degC. */
static void ExplainBounds(PetscReal lower, PetscReal upper, const char *shown, char *text,
                          size_t size)
{
  if (NakBoundIsOpen(lower))
    (void)snprintf(text, size, "it must be at most %.6g%.64s", upper, shown);
  else if (NakBoundIsOpen(upper))
    (void)snprintf(text, size, "it must be at least %.6g%.64s", lower, shown);
  else
    (void)snprintf(text, size, "it must be between %.6g%.64s and %.6g%.64s", lower, shown, upper,
                   shown);
}

/* A bound [unit] in the user's own unit; false if it cannot be converted. */
static PetscErrorCode ConvertBound(PetscReal bound, const char *unit, const char *user,
                                   PetscReal *converted, PetscBool *ok)
{
  const PetscBool plain = (PetscBool)(strcmp(unit, "1") == 0 && user[0] != '\0');
  PetscReal       one   = 1;
  char            text[NAK_TEXT_SIZE], message[NAK_TEXT_SIZE] = "";

  PetscFunctionBeginUser;
  *converted = bound;
  if (NakBoundIsOpen(bound) || strcmp(unit, user) == 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (plain) { /* percents: a bare number has no unit to convert from */
    (void)snprintf(text, sizeof text, "1 %.64s", user);
    PetscCall(NakUnitsConvert(text, unit, &one, message, sizeof message));
    *converted = bound / one;
  } else {
    (void)snprintf(text, sizeof text, "%.17g %s", bound, unit);
    PetscCall(NakUnitsConvert(text, user, converted, message, sizeof message));
  }
  if (message[0] != '\0') *ok = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReportBounds(NakDeck deck, const Scalar *scalar, const char *unit,
                                   PetscReal lower, PetscReal upper)
{
  char       *number_end = NULL;
  const char *user;
  char        remedy[NAK_TEXT_SIZE], shown[NAK_TEXT_SIZE];
  PetscReal   low, high;
  PetscBool   ok = PETSC_TRUE;

  PetscFunctionBeginUser;
  (void)strtod(scalar->text, &number_end);
  user = number_end + strspn(number_end, " \t");
  if (user[0] == '\0') user = unit;
  PetscCall(ConvertBound(lower, unit, user, &low, &ok));
  PetscCall(ConvertBound(upper, unit, user, &high, &ok));
  if (!ok) {
    user = unit;
    low  = lower;
    high = upper;
  }
  (void)snprintf(shown, sizeof shown, " %.64s", user);
  ExplainBounds(low, high, strcmp(user, "1") == 0 ? "" : shown, remedy, sizeof remedy);
  PetscCall(ReportValue(deck, scalar, remedy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckQuantity(NakDeck deck, NakNode node, const char *unit, PetscReal lower,
                               PetscReal upper, PetscReal *value, PetscBool *ok)
{
  Scalar    scalar;
  char      message[NAK_TEXT_SIZE];
  PetscReal number = 0;

  PetscFunctionBeginUser;
  PetscCall(OpenScalar(deck, node, &scalar, ok));
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakUnitsConvert(scalar.text, unit, &number, message, sizeof message));
  *ok = PETSC_FALSE;
  if (message[0] != '\0')
    PetscCall(ReportValue(deck, &scalar, message));
  else if (number < lower || number > upper)
    PetscCall(ReportBounds(deck, &scalar, unit, lower, upper));
  else {
    *value = number;
    *ok    = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Whole numbers, words and texts ---- */

PetscErrorCode NakDeckWhole(NakDeck deck, NakNode node, PetscInt lower, PetscInt upper,
                            PetscInt *value, PetscBool *ok)
{
  Scalar    scalar;
  char      remedy[NAK_TEXT_SIZE];
  char     *end = NULL;
  long long number;

  PetscFunctionBeginUser;
  PetscCall(OpenScalar(deck, node, &scalar, ok));
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  errno  = 0;
  number = strtoll(scalar.text, &end, 10);
  *ok    = PETSC_FALSE;
  if (end == scalar.text || *end != '\0') {
    PetscCall(ReportValue(deck, &scalar, "it must be a whole number"));
  } else if (errno != 0 || number < lower || number > upper) {
    const PetscBool low  = (PetscBool)(lower > PETSC_INT_MIN || number < lower);
    const PetscBool high = (PetscBool)(upper < PETSC_INT_MAX || number > upper);

    ExplainBounds(low ? (PetscReal)lower : -PETSC_INFINITY,
                  high ? (PetscReal)upper : PETSC_INFINITY, "", remedy, sizeof remedy);
    PetscCall(ReportValue(deck, &scalar, remedy));
  } else {
    *value = (PetscInt)number;
    *ok    = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt ClampToInt(PetscReal bound)
{
  if (bound <= (PetscReal)PETSC_INT_MIN) return PETSC_INT_MIN;
  if (bound >= (PetscReal)PETSC_INT_MAX) return PETSC_INT_MAX;
  return (PetscInt)bound;
}

static PetscErrorCode ReadBool(NakDeck deck, const Scalar *scalar, PetscBool *value)
{
  PetscFunctionBeginUser;
  if (strcmp(scalar->text, "true") == 0)
    *value = PETSC_TRUE;
  else if (strcmp(scalar->text, "false") == 0)
    *value = PETSC_FALSE;
  else
    PetscCall(ReportValue(deck, scalar, "it must be true or false"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadText(NakDeck deck, const Scalar *scalar, char *value)
{
  const size_t length = strlen(scalar->text);

  PetscFunctionBeginUser;
  if (length >= NAK_TEXT_SIZE)
    PetscCall(ReportValue(deck, scalar, "it is longer than 255 bytes"));
  else if (NakNodeIsEmpty(scalar->node))
    PetscCall(ReportValue(deck, scalar, "it needs a text, \"\" for an empty one"));
  else if (!NakTextIsLine(scalar->text))
    PetscCall(ReportValue(deck, scalar, "it must be one line without control characters"));
  else
    memcpy(value, scalar->text, length + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadChoice(NakDeck deck, const Scalar *scalar, const char *words,
                                 PetscInt *value)
{
  const PetscInt choice = NakWordsFind(words, scalar->text);
  char           list[NAK_TEXT_SIZE], remedy[2 * NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  if (choice >= 0) {
    *value = choice;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  NakWordsList(words, list, sizeof list);
  (void)snprintf(remedy, sizeof remedy, "it must be %s", list);
  PetscCall(ReportValue(deck, scalar, remedy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Fractions ---- */

/* Move the decimal point of `number` in its text, which rounds nothing.  So 37 % is 0.37, and a
   resolved deck resolves to itself. */
static void ShiftDecimal(const char *number, int places, char *text, size_t size)
{
  const size_t mantissa = strcspn(number, "eE");
  const long   exponent = number[mantissa] != '\0' ? strtol(number + mantissa + 1, NULL, 10) : 0;
  const long   most     = 9999; /* beyond a double's, and far from a long's */

  (void)snprintf(text, size, "%.*se%ld", (int)mantissa, number,
                 PetscClipInterval(exponent, -most, most) + places);
}

static PetscErrorCode ReadFraction(NakDeck deck, const Scalar *scalar, const NakParam *row,
                                   NakFraction *value)
{
  const char *const asked = "it needs wt% or mol%, for example 50 wt%";
  char              number[NAK_TEXT_SIZE], message[NAK_TEXT_SIZE], unit[8] = "";
  const size_t      length    = strspn(scalar->text, "+-.0123456789eE");
  PetscReal         x         = 0;
  const char *const tail      = scalar->text + length + strspn(scalar->text + length, " \t");
  const PetscBool   by_weight = (PetscBool)(strcmp(tail, "wt%") == 0);

  PetscFunctionBeginUser;
  if ((!by_weight && strcmp(tail, "mol%") != 0) || length > 64) {
    PetscCall(ReportValue(deck, scalar, asked));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  memcpy(number, scalar->text, length);
  number[length] = '\0';
  PetscCall(NakUnitsConvert(number, "1", &x, message, sizeof message));
  if (message[0] != '\0') {
    PetscCall(ReportValue(deck, scalar, message));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  ShiftDecimal(number, -2, message, sizeof message);
  x = strtod(message, NULL);
  (void)snprintf(unit, sizeof unit, " %s", tail);
  if (x < row->lower || x > row->upper) {
    ExplainBounds(100 * row->lower, 100 * row->upper, unit, message, sizeof message);
    PetscCall(ReportValue(deck, scalar, message));
  } else {
    *value = (NakFraction){.value = x, .by_weight = by_weight};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Rows ---- */

PetscErrorCode NakDeckReadValue(NakDeck deck, NakNode node, const NakParam *row, void *field)
{
  Scalar    scalar;
  PetscBool ok;

  PetscFunctionBeginUser;
  if (row->type == NAK_REAL) {
    PetscCall(NakDeckQuantity(deck, node, row->unit, row->lower, row->upper, field, &ok));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (row->type == NAK_INT) {
    PetscCall(NakDeckWhole(deck, node, ClampToInt(row->lower), ClampToInt(row->upper), field, &ok));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(OpenScalar(deck, node, &scalar, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  if (row->type == NAK_BOOL) PetscCall(ReadBool(deck, &scalar, field));
  if (row->type == NAK_TEXT) PetscCall(ReadText(deck, &scalar, field));
  if (row->type == NAK_CHOICE) PetscCall(ReadChoice(deck, &scalar, row->text, field));
  if (row->type == NAK_FRACTION) PetscCall(ReadFraction(deck, &scalar, row, field));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakParamIsRequired(const NakParam *row)
{
  return (PetscBool)(isnan(row->initial) != 0);
}

void NakDeckSetDefault(const NakParam *row, void *field)
{
  const PetscBool required = NakParamIsRequired(row);
  const PetscReal number   = required ? 0 : row->initial;

  switch (row->type) {
  case NAK_REAL:
    *(PetscReal *)field = row->initial;
    break;
  case NAK_INT:
  case NAK_CHOICE:
    *(PetscInt *)field = (PetscInt)number;
    break;
  case NAK_BOOL:
    *(PetscBool *)field = (PetscBool)(number != 0);
    break;
  case NAK_TEXT:
    (void)snprintf(field, NAK_TEXT_SIZE, "%s", row->text != NULL ? row->text : "");
    break;
  case NAK_FRACTION:
    *(NakFraction *)field = (NakFraction){.value = row->initial, .by_weight = PETSC_TRUE};
    break;
  case NAK_TREE:
    break;
  }
}

/* The shortest text that reads back as `value`. */
static void FormatReal(PetscReal value, char *text, size_t size)
{
  for (int digits = 6; digits <= 17; digits++) {
    (void)snprintf(text, size, "%.*g", digits, value);
    if (strtod(text, NULL) == value) return;
  }
}

void NakDeckFormatNumber(const NakParam *row, PetscReal value, char *text, size_t size)
{
  char number[64];

  FormatReal(value, number, sizeof number);
  if (row->unit == NULL || strcmp(row->unit, "1") == 0)
    (void)snprintf(text, size, "%s", number);
  else
    (void)snprintf(text, size, "%s %s", number, row->unit);
}

static void FormatFraction(NakFraction fraction, char *text, size_t size)
{
  const char *const unit = fraction.by_weight ? "wt%" : "mol%";
  char              number[64], shifted[64], plain[64];

  FormatReal(fraction.value, number, sizeof number);
  ShiftDecimal(number, 2, shifted, sizeof shifted);
  FormatReal(strtod(shifted, NULL), plain, sizeof plain);
  ShiftDecimal(plain, -2, number, sizeof number);
  if (strtod(number, NULL) != fraction.value) (void)snprintf(plain, sizeof plain, "%s", shifted);
  (void)snprintf(text, size, "%s %s", plain, unit);
}

void NakDeckFormatValue(const NakParam *row, const void *field, char *text, size_t size)
{
  text[0] = '\0';
  switch (row->type) {
  case NAK_REAL:
    NakDeckFormatNumber(row, *(const PetscReal *)field, text, size);
    break;
  case NAK_INT:
    (void)snprintf(text, size, "%" PetscInt_FMT, *(const PetscInt *)field);
    break;
  case NAK_BOOL:
    (void)snprintf(text, size, "%s", *(const PetscBool *)field ? "true" : "false");
    break;
  case NAK_TEXT:
    (void)snprintf(text, size, "%s", (const char *)field);
    break;
  case NAK_CHOICE:
    (void)NakWordsItem(row->text, *(const PetscInt *)field, text, size);
    break;
  case NAK_FRACTION:
    FormatFraction(*(const NakFraction *)field, text, size);
    break;
  case NAK_TREE:
    break;
  }
}
