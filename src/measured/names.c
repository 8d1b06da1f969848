/* The names of columns in instruments' files, and the units that stand beside the names. */
#include "measured_impl.h"

#include <ctype.h>
#include <nakfield/units.h>
#include <stdlib.h>
#include <string.h>

/* A name without a unit has one in the file, beside it or below.  A name with a unit is all that
   the file has.  Blanks, underscores and the case of letters do not count. */
typedef struct {
  NakQuantity quantity;
  const char *name, *unit;
  PetscReal   sign;
} Name;

static const Name known[] = {
  /* BDF, in both of its spellings: as many as `BDF` says */
  {NAK_MEASURED_TIME,      "Test Time",               NULL,       1 },
  {NAK_MEASURED_VOLTAGE,   "Voltage",                 NULL,       1 },
  {NAK_MEASURED_CURRENT,   "Current",                 NULL,       1 },
  {NAK_MEASURED_FREQUENCY, "Frequency",               NULL,       1 },
  {NAK_MEASURED_RE,        "Real Impedance",          NULL,       1 },
  {NAK_MEASURED_IM,        "Imaginary Impedance",     NULL,       1 },
  {NAK_MEASURED_TIME,      "test_time_second",        "s",        1 },
  {NAK_MEASURED_VOLTAGE,   "voltage_volt",            "V",        1 },
  {NAK_MEASURED_CURRENT,   "current_ampere",          "A",        1 },
  {NAK_MEASURED_FREQUENCY, "frequency_hertz",         "Hz",       1 },
  {NAK_MEASURED_RE,        "real_impedance_ohm",      "ohm",      1 },
  {NAK_MEASURED_IM,        "imaginary_impedance_ohm", "ohm",      1 },
 /* a run of this program */
  {NAK_MEASURED_TIME,      "time_s",                  "s",        1 },
  {NAK_MEASURED_VOLTAGE,   "voltage_V",               "V",        1 },
  {NAK_MEASURED_CURRENT,   "current_mA_cm2",          "mA/cm^2",  1 },
  {NAK_MEASURED_FREQUENCY, "frequency_Hz",            "Hz",       1 },
  {NAK_MEASURED_RE,        "z_re_ohm_cm2",            "ohm.cm^2", 1 },
  {NAK_MEASURED_IM,        "z_im_ohm_cm2",            "ohm.cm^2", 1 },
 /* BioLogic */
  {NAK_MEASURED_TIME,      "time",                    NULL,       1 },
  {NAK_MEASURED_VOLTAGE,   "Ewe",                     NULL,       1 },
  {NAK_MEASURED_VOLTAGE,   "<Ewe>",                   NULL,       1 },
  {NAK_MEASURED_VOLTAGE,   "Ecell",                   NULL,       1 },
  {NAK_MEASURED_CURRENT,   "I",                       NULL,       1 },
  {NAK_MEASURED_CURRENT,   "<I>",                     NULL,       1 },
  {NAK_MEASURED_FREQUENCY, "freq",                    NULL,       1 },
  {NAK_MEASURED_RE,        "Re(Z)",                   NULL,       1 },
  {NAK_MEASURED_IM,        "-Im(Z)",                  NULL,       -1},
  {NAK_MEASURED_IM,        "Im(Z)",                   NULL,       1 },
 /* ZView and ZPlot */
  {NAK_MEASURED_RE,        "Z'(a)",                   "ohm",      1 },
  {NAK_MEASURED_IM,        "Z''(b)",                  "ohm",      1 },
  {NAK_MEASURED_RE,        "Z'",                      NULL,       1 },
  {NAK_MEASURED_IM,        "Z''",                     NULL,       1 },
  {NAK_MEASURED_IM,        "-Z''",                    NULL,       -1},
 /* Gamry */
  {NAK_MEASURED_TIME,      "T",                       NULL,       1 },
  {NAK_MEASURED_VOLTAGE,   "Vf",                      NULL,       1 },
  {NAK_MEASURED_CURRENT,   "Im",                      NULL,       1 },
  {NAK_MEASURED_RE,        "Zreal",                   NULL,       1 },
  {NAK_MEASURED_IM,        "Zimag",                   NULL,       1 },
  {NAK_MEASURED_IM,        "-Zimag",                  NULL,       -1},
 /* Neware, Maccor, Basytec; Arbin has the names of BDF */
  {NAK_MEASURED_TIME,      "Total Time",              NULL,       1 },
  {NAK_MEASURED_TIME,      "TestTime",                NULL,       1 },
  {NAK_MEASURED_TIME,      "Test",                    NULL,       1 },
  {NAK_MEASURED_CURRENT,   "Amps",                    "A",        1 },
  {NAK_MEASURED_VOLTAGE,   "Volts",                   "V",        1 },
  {NAK_MEASURED_TIME,      "~Time",                   NULL,       1 },
  {NAK_MEASURED_VOLTAGE,   "U",                       NULL,       1 },
};

enum { KNOWN = sizeof known / sizeof known[0], BDF = 12, NAME_SIZE = 128, OWN_MOST = 1000 };

struct NakNames_private {
  int   n_own;
  Name *own; /* those of a user */
};

/* What a quantity is called in a user's file of names and in messages, and its units: of the cell,
   per area. */
static const struct {
  const char *word, *said, *units[2];
} described[NAK_MEASURED_QUANTITIES] = {
  {"time",      "time",           {"s", NULL}       },
  {"voltage",   "voltage",        {"V", NULL}       },
  {"current",   "current",        {"A", "A/m^2"}    },
  {"frequency", "frequency",      {"Hz", NULL}      },
  {"re",        "real part",      {"ohm", "ohm.m^2"}},
  {"im",        "imaginary part", {"ohm", "ohm.m^2"}},
};

const char *NakQuantityWord(NakQuantity quantity)
{
  return described[quantity].said;
}

/* ---- Names of a user ---- */

static PetscErrorCode AddOwn(NakNames names, const char *where, char *const field[],
                             NakFault *fault)
{
  Name  own = {.sign = 1};
  int   q   = 0;
  char *name, *unit = NULL;

  PetscFunctionBeginUser;
  while (q < NAK_MEASURED_QUANTITIES && strcmp(field[0], described[q].word) != 0) q++;
  if (strcmp(field[0], "minus_im") == 0) {
    q        = NAK_MEASURED_IM;
    own.sign = -1;
  }
  if (q == NAK_MEASURED_QUANTITIES || names->n_own == OWN_MOST || field[1][0] == '\0' ||
      strlen(field[1]) >= NAME_SIZE || strlen(field[2]) >= NAME_SIZE)
    NakFaultNote(fault, PETSC_ERR_USER_INPUT,
                 "%s: a line of names must be quantity,name,unit. The quantity is time, voltage, "
                 "current, frequency, re, im or minus_im. The unit is left out if the file has it; "
                 "%d lines at most",
                 where, OWN_MOST);
  if (fault->code) PetscFunctionReturn(PETSC_SUCCESS);
  own.quantity = (NakQuantity)q;
  PetscCall(PetscStrallocpy(field[1], &name));
  if (field[2][0] != '\0') PetscCall(PetscStrallocpy(field[2], &unit));
  own.name                   = name;
  own.unit                   = unit;
  names->own[names->n_own++] = own;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadOwn(NakNames names, FILE *file, const char *path, NakFault *fault)
{
  static char nothing[] = "";
  NakScan     scan      = NULL;
  char       *line;

  PetscFunctionBeginUser;
  PetscCall(NakScanCreate(file, path, &scan));
  for (line = NakScanNext(scan, fault); line != NULL && !fault->code;
       line = NakScanNext(scan, fault)) {
    char      where[PETSC_MAX_PATH_LEN + 16], *field[NAK_COLUMNS];
    const int n = line[0] == '#' || line[0] == '\0' ? 0 : NakFieldsSplit(line, ',', field);

    if (n == 0) continue;
    (void)snprintf(where, sizeof where, "%s:%" PetscInt_FMT, path, NakScanNumber(scan));
    for (int k = PetscMax(n, 0); k < 3; k++) field[k] = nothing;
    if (n > 3) field[0] = nothing;
    PetscCall(AddOwn(names, where, field, fault));
  }
  PetscCall(NakScanDestroy(&scan));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNamesCreate(const char *path, NakNames *names, NakFault *fault)
{
  FILE *file = NULL;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(names));
  PetscCall(NakUnitsOpen());
  if (path == NULL || path[0] == '\0') PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(OWN_MOST, &(*names)->own));
  PetscCall(NakMeasuredOpen(path, &file, fault));
  if (file != NULL) PetscCall(ReadOwn(*names, file, path, fault));
  if (file != NULL) (void)fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNamesDestroy(NakNames *names)
{
  PetscFunctionBeginUser;
  if (*names == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakUnitsClose());
  for (int k = 0; k < (*names)->n_own; k++) {
    PetscCall(PetscFree((*names)->own[k].name));
    PetscCall(PetscFree((*names)->own[k].unit));
  }
  PetscCall(PetscFree((*names)->own));
  PetscCall(PetscFree(*names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Units ---- */

/* Spellings that UDUNITS does not know, by the whole unit in small letters. */
static void Spell(const char *unit, char spelt[NAME_SIZE])
{
  static const char *const others[][2] = {
    {"sec",     "s"  },
    {"secs",    "s"  },
    {"seconds", "s"  },
    {"mins",    "min"},
    {"hrs",     "h"  },
    {"hours",   "h"  },
    {"amps",    "A"  },
    {"volts",   "V"  },
    {"ohms",    "ohm"},
  };
  char        small[NAME_SIZE];
  const char *reference = strstr(unit, " vs");
  char       *ohm;

  (void)snprintf(spelt, NAME_SIZE, "%.*s",
                 (int)(reference != NULL ? (size_t)(reference - unit) : strlen(unit)), unit);
  (void)snprintf(small, sizeof small, "%s", spelt);
  for (char *c = small; *c != '\0'; c++) *c = (char)tolower((unsigned char)*c);
  for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
    if (strcmp(small, others[k][0]) == 0) (void)snprintf(spelt, NAME_SIZE, "%s", others[k][1]);
  ohm = strstr(spelt, "Ohm"); /* kOhm */
  if (ohm != NULL) *ohm = 'o';
}

/* The factor of a unit to that of the quantity; false if it is no such unit. */
static PetscBool Factor(NakQuantity q, const char *unit, PetscReal *factor, PetscBool *per_area)
{
  char spelt[NAME_SIZE], text[NAME_SIZE + 8], message[NAK_TEXT_SIZE];

  if (unit[0] == '\0' || strlen(unit) >= NAME_SIZE) return PETSC_FALSE;
  Spell(unit, spelt);
  (void)snprintf(text, sizeof text, "1 %s", spelt);
  for (int k = 0; k < 2 && described[q].units[k] != NULL; k++) {
    if (NakUnitsConvert(text, described[q].units[k], factor, message, sizeof message) !=
        PETSC_SUCCESS)
      return PETSC_FALSE;
    *per_area = (PetscBool)(k == 1);
    if (message[0] == '\0') return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* ---- The line of names ---- */

static PetscBool SameName(const char *a, const char *b)
{
  for (;; a++, b++) {
    while (*a == ' ' || *a == '_') a++;
    while (*b == ' ' || *b == '_') b++;
    if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return PETSC_FALSE;
    if (*a == '\0') return PETSC_TRUE;
  }
}

/* Split `Current / mA`, `I[A]` or `Time (h)`; without a unit it is "". */
static void SplitUnit(const char *field, char name[NAME_SIZE], char unit[NAME_SIZE])
{
  const size_t n     = strlen(field);
  const char   last  = *(field + (n > 0 ? n - 1 : 0));
  const char  *begin = last == ')' ? strrchr(field, '(') : last == ']' ? strrchr(field, '[') : NULL;
  const char  *slash = strchr(field, '/');
  size_t       end;

  if (begin == NULL) begin = slash;
  unit[0] = '\0';
  end     = begin != NULL ? (size_t)(begin - field) : n;
  if (begin != NULL) {
    begin += 1 + strspn(begin + 1, " ");
    (void)snprintf(unit, NAME_SIZE, "%.*s", (int)(field + n - begin - (last == ')' || last == ']')),
                   begin);
  }
  while (end > 0 && field[end - 1] == ' ') end--;
  (void)snprintf(name, NAME_SIZE, "%.*s", (int)end, field);
}

/* What a known name says about a field. */
typedef struct {
  NakQuantity quantity;
  PetscReal   factor, sign; /* to SI; a factor of 0 if the unit is still to come */
  PetscBool   per_area, clock, bdf;
} Meaning;

/* The unit in a field; false if it is one of another kind. */
static PetscBool Unit(const char *unit, Meaning *m)
{
  m->clock = (PetscBool)(m->quantity == NAK_MEASURED_TIME && strchr(unit, ':') != NULL);
  if (m->clock) m->factor = 1;
  if (m->clock || unit[0] == '\0') return PETSC_TRUE;
  return Factor(m->quantity, unit, &m->factor, &m->per_area);
}

/* Whether a field has this name, of a quantity with such a unit. */
static PetscBool Means(const char *field, const Name *name, Meaning *meaning)
{
  char            part[NAME_SIZE], unit[NAME_SIZE];
  const PetscBool whole = SameName(field, name->name);

  *meaning = (Meaning){.quantity = name->quantity, .sign = name->sign};
  SplitUnit(field, part, unit);
  if (whole) return Unit(name->unit != NULL ? name->unit : "", meaning);
  if (name->unit != NULL || unit[0] == '\0' || !SameName(part, name->name)) return PETSC_FALSE;
  return Unit(unit, meaning);
}

/* All names: those of the user, then those known; NULL after the last one. */
static const Name *NameAt(NakNames names, int k)
{
  if (k < names->n_own) return &names->own[k];
  return k < names->n_own + KNOWN ? &known[k - names->n_own] : NULL;
}

static PetscBool Meant(NakNames names, const char *field, Meaning *meaning)
{
  const Name *name;

  for (int k = 0; (name = NameAt(names, k)) != NULL; k++) {
    const PetscBool of_bdf = (PetscBool)(k >= names->n_own && k < names->n_own + BDF);

    if (!Means(field, name, meaning)) continue;
    meaning->bdf = (PetscBool)(of_bdf && (name->unit != NULL || strstr(field, " / ") != NULL));
    return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* The meaning of a field that a wish may name; false if no quantity has it. */
static PetscBool Wanted(NakNames names, const NakMeasuredWish *wish, const char *field,
                        Meaning *meaning)
{
  const PetscBool meant = Meant(names, field, meaning);

  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++) {
    char part[NAME_SIZE], unit[NAME_SIZE], plain[NAME_SIZE];

    if (wish->column[q] == NULL) continue;
    NakTextPlain(wish->column[q], plain, sizeof plain);
    if (!SameName(field, plain)) continue;
    if (meant && meaning->quantity == (NakQuantity)q) return PETSC_TRUE;
    SplitUnit(field, part, unit);
    *meaning = (Meaning){.quantity = (NakQuantity)q, .sign = 1};
    return Unit(unit, meaning);
  }
  return (PetscBool)(meant && wish->column[meaning->quantity] == NULL &&
                     ((wish->needed | wish->welcome) & NAK_MEASURED(meaning->quantity)) != 0);
}

PetscErrorCode NakNamesMatch(NakNames names, const NakMeasuredWish *wish, int n,
                             char *const field[], NakPlaces *places, unsigned *missing,
                             const char **twice)
{
  PetscFunctionBeginUser;
  *places  = (NakPlaces){.bdf = PETSC_TRUE};
  *missing = wish->needed;
  *twice   = NULL;
  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++) places->place[q] = -1;
  for (int i = 0; i < n; i++) {
    Meaning m;

    if (strlen(field[i]) >= NAME_SIZE || !Wanted(names, wish, field[i], &m)) continue;
    if (places->place[m.quantity] >= 0) *twice = NakQuantityWord(m.quantity);
    places->place[m.quantity]    = i;
    places->factor[m.quantity]   = m.factor * m.sign;
    places->sign[m.quantity]     = m.sign;
    places->per_area[m.quantity] = m.per_area;
    if (m.clock) places->clock = PETSC_TRUE;
    if (!m.bdf) places->bdf = PETSC_FALSE;
    *missing &= ~NAK_MEASURED(m.quantity);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakUnitsBelow(int n, char *const field[], NakPlaces *places)
{
  NakPlaces below = *places;

  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++) {
    Meaning m = {.quantity = (NakQuantity)q};

    if (below.place[q] < 0 || below.factor[q] != 0) continue;
    if (below.place[q] >= n || !Unit(field[below.place[q]], &m) || m.factor == 0 || m.clock)
      return PETSC_FALSE;
    below.factor[q]   = m.factor * below.sign[q];
    below.per_area[q] = m.per_area;
  }
  *places = below;
  return PETSC_TRUE;
}

void NakNamesList(NakNames names, unsigned quantities, char *text, size_t size)
{
  size_t      used = 0;
  const Name *name;

  text[0] = '\0';
  for (int k = 0; (name = NameAt(names, k)) != NULL; k++) {
    if ((quantities & NAK_MEASURED(name->quantity)) == 0 || used + strlen(name->name) + 8 > size)
      continue;
    used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", name->name);
  }
}
