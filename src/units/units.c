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

/* Length of the decimal number at the beginning of `text`, 0 without one.  strtod is not used: it
   also takes inf, nan, hexadecimal numbers, and the decimal sign of the locale. */
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

/* Signs of print, each with what UDUNITS reads: products, a minus, blanks, powers. */
static const char *const prints[][2] = {
  {"\u00b7", "." },
  {"\u22c5", "." },
  {"\u00d7", "." },
  {"\u2212", "-" },
  {"\u00a0", " " },
  {"\u2009", " " },
  {"\u202f", " " },
  {"\u207b", "^-"},
  {"\u207a", "^+"},
  {"\u2070", "^0"},
  {"\u00b9", "^1"},
  {"\u00b2", "^2"},
  {"\u00b3", "^3"},
  {"\u2074", "^4"},
  {"\u2075", "^5"},
  {"\u2076", "^6"},
  {"\u2077", "^7"},
  {"\u2078", "^8"},
  {"\u2079", "^9"},
};

/* What UDUNITS reads for the sign of print at the beginning of `text`, of `*length` bytes; else
   NULL. */
static const char *PlainSign(const char *text, size_t *length)
{
  for (size_t i = 0; i < sizeof prints / sizeof prints[0]; i++) {
    *length = strlen(prints[i][0]);
    if (strncmp(text, prints[i][0], *length) == 0) return prints[i][1];
  }
  *length = 1;
  return NULL;
}

/* A unit with the signs of print replaced, `cm\u207b\u00b2` by `cm^-2`, and no blank before it.
   None of them gets longer. */
static void Plain(const char *text, char plain[NAK_TEXT_SIZE])
{
  PetscBool power = PETSC_FALSE;
  char     *to    = plain;
  size_t    length;

  for (; *text != '\0' && to < plain + NAK_TEXT_SIZE - 1; text += length) {
    const char  same[2] = {*text, '\0'};
    const char *sign    = PlainSign(text, &length);
    const char *put     = sign != NULL ? sign : same;

    if (power && put[0] == '^' && sign != NULL) put++;
    power = (PetscBool)(sign != NULL && sign[0] == '^');
    for (; *put != '\0'; put++)
      if (*put != ' ' || to > plain) *to++ = *put;
  }
  *to = '\0';
}

/* Length of the character of a unit at the beginning of `text`, 0 if it is none.  Such
   characters are ASCII letters, digits and operators.  In UTF-8 they are the signs for micro,
   ohm and degree. */
static size_t UnitCharacter(const char *text)
{
  static const char *const signs[] = {"\u00b5", "\u03bc", "\u03a9", "\u2126", "\u00b0"};

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
  if (i == 0) return (PetscBool)(unit[0] == '1' && unit[1 + strspn(unit + 1, " ")] == '/');
  return (PetscBool)(isalnum((unsigned char)unit[i - 1]) || strchr(")^+-", unit[i - 1]) != NULL);
}

/* A sign belongs to an exponent, as in s-1 and s^-1. */
static PetscBool SignFits(const char *unit, size_t i)
{
  if (i == 0 || !isdigit((unsigned char)unit[i + 1])) return PETSC_FALSE;
  return (PetscBool)(isalpha((unsigned char)unit[i - 1]) || strchr(")^", unit[i - 1]) != NULL);
}

/* UDUNITS takes `lg(re 1 mW)`, in letters of either case, for a logarithm. */
static PetscBool IsLogarithm(const char *bracket)
{
  const char *const word = bracket + 1 + strspn(bracket + 1, " ");

  return (PetscBool)(tolower((unsigned char)word[0]) == 'r' &&
                     tolower((unsigned char)word[1]) == 'e');
}

/* Whether the character at `i` may stand there. */
static PetscBool CharacterFits(const char *unit, size_t i)
{
  if (isdigit((unsigned char)unit[i])) return DigitFits(unit, i);
  if (unit[i] == '-' || unit[i] == '+') return SignFits(unit, i);
  return unit[i] == '(' && IsLogarithm(unit + i) ? PETSC_FALSE : PETSC_TRUE;
}

/* UDUNITS accepts `m)`, logarithms such as lg(re mW) and dates.  What is not a plain product of
   powers is refused before UDUNITS sees it. */
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
  return (PetscBool)(depth == 0);
}

/* Parse a unit without blanks around it; NULL if there is no such unit. */
static ut_unit *Parse(const char *text)
{
  static const char *const percents[]           = {"wt%", "mol%", "at%"};
  char                     plain[NAK_TEXT_SIZE] = "";

  for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++)
    if (strcmp(text, percents[i]) == 0) return ut_parse(database, "%", UT_UTF8);
  Plain(text, plain);
  return WellFormed(plain) ? ut_parse(database, plain, UT_UTF8) : NULL;
}

/* Parse a unit that the program asks for.  A user may not write the bare 1. */
static ut_unit *ParseWanted(const char *unit)
{
  return strcmp(unit, "1") == 0 ? ut_get_dimensionless_unit_one(database) : Parse(unit);
}

/* UDUNITS takes an angle for a plain number, but 135 deg is no contact fraction. */
static PetscBool HoldsAngle(const ut_unit *unit)
{
  char text[256] = "";

  if (ut_format(unit, text, sizeof text - 1, UT_ASCII | UT_DEFINITION) < 0) return PETSC_FALSE;
  return (PetscBool)(strstr(text, "rad") != NULL);
}

static PetscBool Fits(ut_unit *from, ut_unit *to)
{
  if (!ut_are_convertible(from, to)) return PETSC_FALSE;
  return (PetscBool)(HoldsAngle(from) == HoldsAngle(to));
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

/* 25 C is a charge, and 77 F a capacitance; the user meant a temperature. */
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

/* The nearest to a word that is no unit (mins, dgeC) among those of decks that fit. */
static PetscBool GuessNear(const char *unit, ut_unit *to, char *guess, size_t size)
{
  static const char *const usual[] = {
    "s",        "ms",      "sec",     "min",    "minute",  "h",        "hr",    "hour",    "day",
    "m",        "cm",      "mm",      "um",     "nm",      "m^2",      "cm^2",  "mm^2",    "m^3",
    "L",        "mL",      "uL",      "A",      "mA",      "uA",       "Ah",    "mAh",     "A/m^2",
    "A/cm^2",   "mA/cm^2", "uA/cm^2", "C/m^2",  "C/cm^2",  "mAh/cm^2", "F/m^2", "uF/cm^2", "V",
    "mV",       "eV",      "K",       "degC",   "degF",    "deg",      "rad",   "Hz",      "kHz",
    "MHz",      "ohm",     "ohm.m",   "ohm.cm", "ohm.m^2", "S/m",      "S/cm",  "mS/cm",   "m^2/s",
    "ohm.cm^2", "cm^2/s",  "m^3/mol", "g/mol",  "kg/mol",  "cm^3/mol", "mol/L", "mol/m^3", "Pa",
    "kPa",      "MPa",     "GPa",     "J/m^2",  "N/m",
  };
  NakGuess near;

  if (!isalpha((unsigned char)unit[0]) || unit[1] == '\0') return PETSC_FALSE;
  NakGuessStart(&near, unit);
  for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
    ut_unit *const other = Parse(usual[i]);

    if (other != NULL && Fits(other, to)) NakGuessOffer(&near, usual[i]);
    ut_free(other);
  }
  (void)snprintf(guess, size, "%.*s", (int)size - 1, near.best);
  return (PetscBool)(near.best[0] != '\0');
}

/* Report why `unit` is none or does not fit, and what would fit. */
static void ExplainUnit(const char *unit, PetscBool known, const char *wanted, ut_unit *to,
                        char *message, size_t size)
{
  const char *const fault = known ? "is the wrong dimension" : "is not a unit";
  char              guess[32];

  if (GuessDegrees(unit, to, guess, sizeof guess) || GuessCase(unit, to, guess, sizeof guess) ||
      (!known && GuessNear(unit, to, guess, sizeof guess)))
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
    ExplainUnit(text, (PetscBool)(from != NULL), wanted, to, message, size);
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

/* The usual unit for a quantity that the program holds in another unit. */
static const char *Customary(const char *unit)
{
  static const char *const customs[][2] = {
    {"K",       "degC"    },
    {"rad",     "deg"     },
    {"degree",  "deg"     },
    {"m",       "um"      },
    {"m^2",     "cm^2"    },
    {"m^3",     "uL"      },
    {"m^2/s",   "cm^2/s"  },
    {"m^3/mol", "cm^3/mol"},
    {"kg/mol",  "g/mol"   },
    {"A/m^2",   "mA/cm^2" },
    {"C/m^2",   "mAh/cm^2"},
    {"F/m^2",   "uF/cm^2" },
    {"ohm.m",   "ohm.cm"  },
    {"ohm.m^2", "ohm.cm^2"},
    {"S/m",     "mS/cm"   },
    {"Pa",      "MPa"     },
  };

  for (size_t i = 0; i < sizeof customs / sizeof customs[0]; i++)
    if (strcmp(unit, customs[i][0]) == 0) return customs[i][1];
  return unit;
}

/* Say why `text` does not begin with a number. */
static void ExplainNumber(const char *text, const char *unit, char *message, size_t size)
{
  const char *const bare    = text + strspn(text, "+-.");
  const PetscBool   numeric = (PetscBool)(strcmp(unit, "1") == 0);
  char              word[4] = "";

  for (size_t i = 0; i < 3 && bare[i] != '\0'; i++) word[i] = (char)tolower((unsigned char)bare[i]);
  if (text[0] == '\0')
    (void)snprintf(message, size, "it needs a value, for example 1%s%s", numeric ? "" : " ",
                   numeric ? "" : Customary(unit));
  else if (strcmp(word, "nan") == 0 || strcmp(word, "inf") == 0)
    (void)snprintf(message, size, "it must be finite");
  else
    (void)snprintf(message, size, "it is not a number%s%s",
                   numeric ? "" : " with a unit, such as 1 ", numeric ? "" : Customary(unit));
}

/* The text is a number and what follows it, without blanks around either. */
static void ConvertParts(const char *number, const char *rest, const char *unit, PetscReal *value,
                         char *message, size_t size)
{
  const PetscReal x                    = strtod(number, NULL);
  char            signs[NAK_TEXT_SIZE] = "";
  const PetscBool plain                = (PetscBool)(strcmp(unit, "1") == 0);
  ut_unit        *to;

  if (!isfinite(x)) {
    (void)snprintf(message, size, "it is too large");
  } else if (strcmp(rest, plain ? "" : unit) == 0) {
    *value = x;
  } else if (rest[0] == '\0') {
    (void)snprintf(message, size, "it needs a unit, for example %.32s %s", number, Customary(unit));
  } else if (rest[0] == ',' && isdigit((unsigned char)rest[1])) {
    (void)snprintf(message, size, "write a decimal point, not a comma");
  } else if (Plain(rest, signs), isdigit((unsigned char)signs[0]) && !WellFormed(signs)) {
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
  const char *const minus = "\u2212"; /* as print has it */
  char              buffer[NAK_TEXT_SIZE], number[NAK_TEXT_SIZE];
  size_t            n, length;

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
  if (strncmp(buffer, minus, strlen(minus)) == 0) {
    buffer[0] = '-';
    memmove(buffer + 1, buffer + strlen(minus), strlen(buffer + strlen(minus)) + 1);
  }
  n = NumberLength(buffer);
  memcpy(number, buffer, n);
  number[n] = '\0';
  if (n == 0)
    ExplainNumber(buffer, unit, message, size);
  else
    ConvertParts(number, buffer + n + strspn(buffer + n, " \t"), unit, value, message, size);
  PetscFunctionReturn(PETSC_SUCCESS);
}
