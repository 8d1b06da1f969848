/* Quantities with units; the contract is in nakfield/units.h. */
#include <nakfield/units.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <udunits2.h>

/* UDUNITS' parser is one per process in any case, so its database is one as well. */
static ut_system *database;
static PetscInt   openings;

/* Units of battery decks that the database lacks, each as a definition in units that it knows. */
static const char *const additions[][2] = {
  {"Ah",  "A.h"   },
  {"M",   "mol/L" },
  {"deg", "degree"},
  {"hr",  "hour"  },
  {"Ohm", "ohm"   },
};

static PetscErrorCode AddUnits(void)
{
  PetscFunctionBeginUser;
  for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++) {
    ut_unit  *unit   = ut_parse(database, additions[i][1], UT_UTF8);
    ut_status status = unit == NULL ? UT_UNKNOWN : UT_SUCCESS;

    if (unit != NULL) status = ut_map_symbol_to_unit(additions[i][0], UT_ASCII, unit);
    ut_free(unit);
    PetscCheck(status == UT_SUCCESS || status == UT_EXISTS, PETSC_COMM_SELF, PETSC_ERR_LIB,
               "UDUNITS refuses the unit %s (status %d)", additions[i][0], (int)status);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakUnitsOpen(void)
{
  ut_status   status = UT_SUCCESS;
  const char *path;

  PetscFunctionBeginUser;
  if (openings > 0) {
    openings++;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  (void)ut_set_error_message_handler(ut_ignore);
  path     = ut_get_path_xml(NULL, &status);
  database = ut_read_xml(NULL);
  PetscCheck(database != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
             "cannot read the database of units %s; is UDUNITS-2 installed, and UDUNITS2_XML_PATH "
             "right where it is set?",
             path != NULL ? path : "udunits2.xml");
  openings = 1;
  PetscCall(AddUnits());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakUnitsClose(void)
{
  PetscFunctionBeginUser;
  if (openings == 0) PetscFunctionReturn(PETSC_SUCCESS);
  openings--;
  if (openings > 0) PetscFunctionReturn(PETSC_SUCCESS);
  ut_free_system(database);
  database = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The number ---- */

static size_t Digits(const char *text)
{
  return strspn(text, "0123456789");
}

/* Length of the decimal number that `text` begins with, 0 without one.  Not strtod's: that also
   takes inf, nan, hexadecimal, and what the locale says. */
static size_t NumberLength(const char *text)
{
  size_t n = text[0] == '+' || text[0] == '-' ? 1 : 0, digits = Digits(text + n);

  n += digits;
  if (text[n] == '.') {
    const size_t decimals = Digits(text + n + 1);

    digits += decimals;
    n += 1 + decimals;
  }
  if (digits == 0) return 0;
  if (text[n] == 'e' || text[n] == 'E') {
    const size_t sign = text[n + 1] == '+' || text[n + 1] == '-' ? 1 : 0;
    const size_t more = Digits(text + n + 1 + sign);

    if (more > 0) n += 1 + sign + more;
  }
  return n;
}

/* ---- The unit ---- */

/* Length of the character of a unit that `text` begins with, 0 where it is none: ASCII letters,
   digits and operators, and in UTF-8 the signs for micro, ohm, degree, product and powers. */
static size_t UnitCharacter(const char *text)
{
  static const char *const signs[] = {"\u00b5", "\u03bc", "\u03a9", "\u2126", "\u00b0",
                                      "\u00b7", "\u00b9", "\u00b2", "\u00b3", "\u207b"};

  if (isalnum((unsigned char)text[0]) ||
      (text[0] != '\0' && strchr(" .*/^-+()%_", text[0]) != NULL))
    return 1;
  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
    const size_t n = strlen(signs[i]);

    if (strncmp(text, signs[i], n) == 0) return n;
  }
  return 0;
}

/* A digit belongs to an exponent, as in m2, m^2 and m^-2, or is the 1 of 1/s.  UDUNITS would read
   `5 m 3` as 15 m and `m^0.5` as 5. */
static PetscBool DigitFits(const char *unit, size_t i)
{
  if (i == 0)
    return unit[0] == '1' && unit[1 + strspn(unit + 1, " ")] == '/' ? PETSC_TRUE : PETSC_FALSE;
  return isalnum((unsigned char)unit[i - 1]) || strchr(")^+-", unit[i - 1]) != NULL ? PETSC_TRUE
                                                                                    : PETSC_FALSE;
}

/* A sign belongs to an exponent, as in s-1 and s^-1. */
static PetscBool SignFits(const char *unit, size_t i)
{
  if (i == 0 || !isdigit((unsigned char)unit[i + 1])) return PETSC_FALSE;
  return isalpha((unsigned char)unit[i - 1]) || strchr(")^", unit[i - 1]) != NULL ? PETSC_TRUE
                                                                                  : PETSC_FALSE;
}

/* UDUNITS takes `lg(re 1 mW)`, in letters of either case, for a logarithm. */
static PetscBool IsLogarithm(const char *bracket)
{
  const char *const word = bracket + 1 + strspn(bracket + 1, " ");

  return tolower((unsigned char)word[0]) == 'r' && tolower((unsigned char)word[1]) == 'e'
           ? PETSC_TRUE
           : PETSC_FALSE;
}

/* Whether the character at `i` may stand there. */
static PetscBool CharacterFits(const char *unit, size_t i)
{
  if (isdigit((unsigned char)unit[i])) return DigitFits(unit, i);
  if (unit[i] == '-' || unit[i] == '+') return SignFits(unit, i);
  return unit[i] == '(' && IsLogarithm(unit + i) ? PETSC_FALSE : PETSC_TRUE;
}

/* UDUNITS accepts `m)`, logarithms such as lg(re mW) and dates; what is not a plain product of
   powers is refused before it sees it. */
static PetscBool WellFormed(const char *unit)
{
  PetscInt depth = 0;

  for (size_t i = 0, n = 0; unit[i] != '\0'; i += n) {
    n = UnitCharacter(unit + i);
    if (n == 0 || !CharacterFits(unit, i)) return PETSC_FALSE;
    if (unit[i] == '(') depth++;
    if (unit[i] == ')') depth--;
    if (depth < 0) return PETSC_FALSE;
  }
  return depth == 0 ? PETSC_TRUE : PETSC_FALSE;
}

/* Parse a unit without blanks around it; NULL where there is no such unit. */
static ut_unit *Parse(const char *text)
{
  static const char *const percents[] = {"wt%", "mol%", "at%"};

  for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++)
    if (strcmp(text, percents[i]) == 0) return ut_parse(database, "%", UT_UTF8);
  return WellFormed(text) ? ut_parse(database, text, UT_UTF8) : NULL;
}

/* Parse a unit that the program asks for; a user may not write the bare 1. */
static ut_unit *ParseWanted(const char *unit)
{
  return strcmp(unit, "1") == 0 ? ut_get_dimensionless_unit_one(database) : Parse(unit);
}

/* UDUNITS takes an angle for a plain number; 135 deg is no contact fraction. */
static PetscBool HoldsAngle(const ut_unit *unit)
{
  char text[256] = "";

  if (ut_format(unit, text, sizeof text - 1, UT_ASCII | UT_DEFINITION) < 0) return PETSC_FALSE;
  return strstr(text, "rad") != NULL ? PETSC_TRUE : PETSC_FALSE;
}

static PetscBool Fits(ut_unit *from, ut_unit *to)
{
  if (!ut_are_convertible(from, to)) return PETSC_FALSE;
  return HoldsAngle(from) == HoldsAngle(to) ? PETSC_TRUE : PETSC_FALSE;
}

/* A unit that becomes right when one letter changes its case (PA, mv, mah), into `guess`. */
static PetscBool GuessCase(const char *unit, ut_unit *to, char *guess, size_t size)
{
  PetscBool found = PETSC_FALSE;

  if (strlen(unit) >= size) return PETSC_FALSE;
  for (size_t i = 0; unit[i] != '\0' && !found; i++) {
    ut_unit *other;

    if (!isalpha((unsigned char)unit[i])) continue;
    (void)snprintf(guess, size, "%s", unit);
    guess[i] = (char)(islower((unsigned char)unit[i]) ? toupper((unsigned char)unit[i])
                                                      : tolower((unsigned char)unit[i]));
    other    = Parse(guess);
    if (other != NULL) found = Fits(other, to);
    ut_free(other);
  }
  return found;
}

/* 25 C is a charge, and 77 F a capacitance: a temperature was meant. */
static PetscBool GuessDegrees(const char *unit, ut_unit *to, char *guess, size_t size)
{
  PetscBool found = PETSC_FALSE;
  ut_unit  *other;

  if (strlen(unit) + sizeof "deg" > size) return PETSC_FALSE;
  (void)snprintf(guess, size, "deg%s", unit);
  other = Parse(guess);
  if (other != NULL) found = Fits(other, to);
  ut_free(other);
  return found;
}

/* Say why `unit` is none or does not fit, and what would. */
static void ExplainUnit(const char *unit, PetscBool known, const char *wanted, ut_unit *to,
                        char *message, size_t size)
{
  const char *const fault = known ? "is the wrong dimension" : "is not a unit";
  char              guess[32];

  if (GuessDegrees(unit, to, guess, sizeof guess) || GuessCase(unit, to, guess, sizeof guess))
    (void)snprintf(message, size, "%.64s %s; did you mean %s?", unit, fault, guess);
  else if (strcmp(wanted, "1") == 0)
    (void)snprintf(message, size, "%.64s %s; it must be a plain number", unit, fault);
  else
    (void)snprintf(message, size, "%.64s %s; it must be a quantity in %s", unit, fault, wanted);
}

/* Convert `number` from the unit `text` to `wanted`, parsed as `to`. */
static void ConvertUnit(PetscReal number, const char *text, const char *wanted, ut_unit *to,
                        PetscReal *value, char *message, size_t size)
{
  ut_unit      *from      = Parse(text);
  cv_converter *converter = NULL;
  PetscReal     result;

  if (from == NULL || !Fits(from, to)) {
    ExplainUnit(text, from != NULL ? PETSC_TRUE : PETSC_FALSE, wanted, to, message, size);
    ut_free(from);
    return;
  }
  converter = ut_get_converter(from, to);
  result    = converter != NULL ? cv_convert_double(converter, number) : NAN;
  cv_free(converter);
  ut_free(from);
  if (isfinite(result))
    *value = result;
  else
    (void)snprintf(message, size, "it is too large");
}

/* Say why `text` does not begin with a number. */
static void ExplainNumber(const char *text, const char *unit, char *message, size_t size)
{
  const char *const bare    = text + strspn(text, "+-.");
  const PetscBool   numeric = strcmp(unit, "1") == 0 ? PETSC_TRUE : PETSC_FALSE;
  char              word[4] = "";

  for (size_t i = 0; i < 3 && bare[i] != '\0'; i++) word[i] = (char)tolower((unsigned char)bare[i]);
  if (text[0] == '\0')
    (void)snprintf(message, size, "it needs a value, for example 1%s%s", numeric ? "" : " ",
                   numeric ? "" : unit);
  else if (strcmp(word, "nan") == 0 || strcmp(word, "inf") == 0)
    (void)snprintf(message, size, "it must be finite");
  else
    (void)snprintf(message, size, "it is not a number%s%s",
                   numeric ? "" : " with a unit, such as 1 ", numeric ? "" : unit);
}

/* The unit that a user most likely meant where the program thinks in another. */
static const char *Customary(const char *unit)
{
  if (strcmp(unit, "K") == 0) return "degC";
  return strcmp(unit, "rad") == 0 ? "deg" : unit;
}

/* The text is a number and what follows it, without blanks around either. */
static void ConvertParts(const char *number, const char *rest, const char *unit, PetscReal *value,
                         char *message, size_t size)
{
  const PetscReal x     = strtod(number, NULL);
  const PetscBool plain = strcmp(unit, "1") == 0 ? PETSC_TRUE : PETSC_FALSE;
  ut_unit        *to;

  if (!isfinite(x)) {
    (void)snprintf(message, size, "it is too large");
  } else if (strcmp(rest, plain ? "" : unit) == 0) {
    *value = x;
  } else if (rest[0] == '\0') {
    (void)snprintf(message, size, "it needs a unit, for example %.32s %s", number, Customary(unit));
  } else if (rest[0] == ',' && isdigit((unsigned char)rest[1])) {
    (void)snprintf(message, size, "write a decimal point, not a comma");
  } else if (isdigit((unsigned char)rest[0]) && !WellFormed(rest)) {
    (void)snprintf(message, size, "write the number without a blank in it");
  } else {
    to = ParseWanted(unit);
    if (to != NULL)
      ConvertUnit(x, rest, unit, to, value, message, size);
    else
      (void)snprintf(message, size, "the program asks for the unknown unit %s", unit);
    ut_free(to);
  }
}

PetscErrorCode NakUnitsConvert(const char *text, const char *unit, PetscReal *value, char *message,
                               size_t size)
{
  char   buffer[NAK_TEXT_SIZE], number[NAK_TEXT_SIZE];
  size_t n, length;

  PetscFunctionBeginUser;
  PetscCheck(database != NULL, PETSC_COMM_SELF, PETSC_ERR_ORDER, "call NakUnitsOpen() first");
  message[0] = '\0';
  text += strspn(text, " \t");
  length = strlen(text);
  while (length > 0 && strchr(" \t", text[length - 1]) != NULL) length--;
  if (length >= sizeof buffer) {
    (void)snprintf(message, size, "it is too long for a quantity");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  memcpy(buffer, text, length);
  buffer[length] = '\0';
  n              = NumberLength(buffer);
  memcpy(number, buffer, n);
  number[n] = '\0';
  if (n == 0)
    ExplainNumber(buffer, unit, message, size);
  else
    ConvertParts(number, buffer + n + strspn(buffer + n, " \t"), unit, value, message, size);
  PetscFunctionReturn(PETSC_SUCCESS);
}
