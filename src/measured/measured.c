/* Reading a table: its kind, the line of names, the rows; the contract is in
   nakfield/measured.h. */
#include "measured_impl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { HEADING_MOST = 100000, SHOWN = 60 };

typedef struct {
  const NakMeasuredWish *wish;
  NakScan                scan;
  NakNames               names;
  NakMeasured           *m;
  NakFault              *fault;
  NakPlaces              places;
  NakDecimal             decimal;
  PetscBool              gamry;     /* .DTA: several tables, whose lines begin with a tab */
  PetscBool              complete;  /* all units are known */
  PetscInt               announced; /* line of the names in .mpt; 0 if it is searched for */
  char                   separator;
  int                    columns;
  PetscInt               room;
  PetscReal              last[2]; /* frequencies of a sweep */
} Reader;

static void Refuse(Reader *r, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

static void Refuse(Reader *r, const char format[], ...)
{
  char    text[NAK_TEXT_SIZE + 128];
  va_list args;

  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  NakFaultNote(r->fault, PETSC_ERR_USER_INPUT, "%s:%" PetscInt_FMT ": %s", NakScanName(r->scan),
               NakScanNumber(r->scan), text);
}

/* ---- The line of names ---- */

/* Match a line by each separator.  Take the first one with which nothing is missing, or the one
   with the least missing. */
static PetscErrorCode MatchLine(Reader *r, const char *line, NakPlaces *places, unsigned *missing,
                                const char **twice)
{
  static const char separators[] = "\t;, ";
  char             *copy;
  const char       *begin = line + strspn(line, "# ");

  PetscFunctionBeginUser;
  *missing = r->wish->needed;
  PetscCall(PetscStrallocpy(begin, &copy));
  for (const char *s = separators; *s != '\0' && *missing != 0; s++) {
    char       *field[NAK_COLUMNS];
    const char *two;
    NakPlaces   found;
    unsigned    lacks;
    int         n;

    if (*s != ' ' && strchr(begin, *s) == NULL) continue;
    PetscCall(PetscStrncpy(copy, begin, strlen(begin) + 1));
    n = NakFieldsSplit(copy, *s, field);
    if (n > 0 && field[n - 1][0] == '\0') n--;
    if (n < 2) continue;
    PetscCall(NakNamesMatch(r->names, r->wish, n, field, &found, &lacks, &two));
    if (__builtin_popcount(lacks) >= __builtin_popcount(*missing)) continue;
    *places      = found;
    *missing     = lacks;
    *twice       = two;
    r->separator = *s;
    r->columns   = n;
  }
  PetscCall(PetscFree(copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the first lines say about the instrument. */
static void Recognise(Reader *r, const char *line)
{
  static const char count[] = "Nb header lines :";

  if (NakScanNumber(r->scan) == 1) r->gamry = (PetscBool)(strncmp(line, "EXPLAIN", 7) == 0);
  if (NakScanNumber(r->scan) == 2 && strncmp(line, count, strlen(count)) == 0)
    r->announced = (PetscInt)PetscMin(strtol(line + strlen(count), NULL, 10), HEADING_MOST);
}

/* Nothing was found: report what was expected, and what is nearest. */
static void Miss(Reader *r, unsigned missing, PetscInt nearest)
{
  char names[NAK_TEXT_SIZE], words[64] = "";

  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++) {
    const size_t used = strlen(words);

    if ((missing & NAK_MEASURED(q)) == 0) continue;
    (void)snprintf(words + used, sizeof words - used, "%s%s", used > 0 ? ", " : "",
                   r->wish->column[q] != NULL ? r->wish->column[q]
                                              : NakQuantityWord((NakQuantity)q));
  }
  NakNamesList(r->names, missing, names, sizeof names);
  if (nearest > 0)
    NakFaultNote(r->fault, PETSC_ERR_USER_INPUT,
                 "%s:%" PetscInt_FMT
                 ": this line of names lacks: %s; known are %s, each with its unit, such as "
                 "'Current / mA'; give other names in a file (columns: FILE)",
                 NakScanName(r->scan), nearest, words, names);
  else
    NakFaultNote(r->fault, PETSC_ERR_USER_INPUT,
                 "%s: no line names the columns %s, each with its unit, such as 'Current / mA'; "
                 "known are %s; give other names in a file (columns: FILE)",
                 NakScanName(r->scan), words, names);
}

/* Go to the line of names. */
static PetscErrorCode FindNames(Reader *r)
{
  unsigned    least = r->wish->needed, missing = least;
  PetscInt    nearest = 0;
  const char *twice   = NULL;

  PetscFunctionBeginUser;
  while (missing != 0) {
    const char *line = NakScanNext(r->scan, r->fault);

    if (line == NULL || NakScanNumber(r->scan) > HEADING_MOST) break;
    Recognise(r, line);
    if (NakScanNumber(r->scan) < r->announced) continue;
    PetscCall(MatchLine(r, line, &r->places, &missing, &twice));
    if (__builtin_popcount(missing) < __builtin_popcount(least)) {
      least   = missing;
      nearest = NakScanNumber(r->scan);
    }
    if (NakScanNumber(r->scan) == r->announced) break;
  }
  if (missing != 0) Miss(r, least, nearest);
  if (r->fault->code) PetscFunctionReturn(PETSC_SUCCESS);
  r->m->named = PETSC_TRUE;
  r->m->bdf   = r->places.bdf;
  if (twice != NULL)
    Refuse(r, "two columns are a %s by their names: name the one to take, or leave one out", twice);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Rows ---- */

/* The columns whose units are still missing have them in this line, with the fields `field`.  True
   if it is no row of numbers. */
static PetscBool Complete(Reader *r, int n, char *const field[])
{
  NakPlaces *p = &r->places;
  const int  t = p->place[NAK_MEASURED_TIME];

  if (NakUnitsBelow(n, field, p)) return PETSC_TRUE;
  if (t >= 0 && t < n && p->factor[NAK_MEASURED_TIME] == 0 && strchr(field[t], ':') != NULL) {
    p->clock                     = PETSC_TRUE;
    p->factor[NAK_MEASURED_TIME] = 1;
  }
  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++)
    if (p->place[q] >= 0 && p->factor[q] == 0)
      Refuse(r,
             "the column of the %s has no unit, neither beside its name nor in this line: write "
             "it as 'NAME / UNIT'",
             NakQuantityWord((NakQuantity)q));
  return PETSC_FALSE;
}

/* Times rise; a spectrum is one sweep. */
static void CheckOrder(Reader *r, NakQuantity q, PetscReal value)
{
  const PetscInt n = r->m->rows;

  if (q == NAK_MEASURED_TIME && n > 0) {
    const PetscReal before = r->m->values[q][n - 1];

    if (value == before)
      Refuse(r, "the time %.9g s appears twice: leave out one of the rows", (double)value);
    if (value < before)
      Refuse(r,
             "the time falls from %.9g s to %.9g s: keep one test in a file, with a time that only "
             "rises",
             (double)before, (double)value);
  }
  if (q != NAK_MEASURED_FREQUENCY) return;
  if (!(value > 0)) Refuse(r, "a frequency of %.9g Hz; it must be above 0", (double)value);
  if (n > 1 && (value - r->last[1]) * (r->last[1] - r->last[0]) < 0)
    Refuse(r, "a second spectrum begins here, because the frequency changes direction: keep one in "
              "a file; for a run, drt.csv has all relaxation times, and scripts/plot_impedance.py "
              "--export writes a file of each spectrum");
  if (n == 0 || value != r->last[1]) {
    r->last[0] = n == 0 ? value : r->last[1];
    r->last[1] = value;
  }
}

static PetscErrorCode MakeRoom(Reader *r)
{
  PetscFunctionBeginUser;
  if (r->m->rows < r->room) PetscFunctionReturn(PETSC_SUCCESS);
  r->room = 2 * r->room + 64;
  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++)
    if (r->places.place[q] >= 0)
      PetscCall(PetscRealloc((size_t)r->room * sizeof(PetscReal), &r->m->values[q]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddRow(Reader *r, char *const field[])
{
  PetscFunctionBeginUser;
  if (r->fault->code) PetscFunctionReturn(PETSC_SUCCESS);
  if (r->m->rows == NAK_MEASURED_ROWS) Refuse(r, "more than 10,000,000 rows: write fewer");
  PetscCall(MakeRoom(r));
  for (int q = 0; q < NAK_MEASURED_QUANTITIES && !r->fault->code; q++) {
    const int       place = r->places.place[q];
    const PetscBool clock = (PetscBool)(q == NAK_MEASURED_TIME && r->places.clock);
    PetscReal       value = 0;
    const char     *wrong;

    if (place < 0) continue;
    wrong = NakNumberRead(field[place], clock, &r->decimal, &value);
    value *= r->places.factor[q];
    if (wrong != NULL)
      Refuse(r, "the %s in column %d is '%.*s': %s", NakQuantityWord((NakQuantity)q), place + 1,
             SHOWN, field[place], wrong);
    else
      CheckOrder(r, (NakQuantity)q, value);
    r->m->values[q][r->m->rows] = value;
  }
  r->m->rows++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Take a row apart and add it.  If the first row has units instead, take the units. */
static PetscErrorCode ReadRow(Reader *r, char *line)
{
  char     *field[NAK_COLUMNS];
  const int n = NakFieldsSplit(line, r->separator, field);

  PetscFunctionBeginUser;
  if (n < 0)
    Refuse(r, "a quotation that does not end, or more than %d fields", NAK_COLUMNS);
  else if (n != r->columns && !(n == r->columns + 1 && field[n - 1][0] == '\0'))
    Refuse(r, "%d fields, and the line of names has %d columns: correct it, or start it with #%s",
           n, r->columns, r->separator == ',' ? "; decimal commas need another separator" : "");
  else if (r->complete || !Complete(r, n, field))
    PetscCall(AddRow(r, field));
  r->complete = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One line below the names.  `*over` after the table of a .DTA, which other tables may follow. */
static PetscErrorCode ReadLine(Reader *r, char *line, PetscBool *over)
{
  const PetscBool end = (PetscBool)(r->m->rows == 0 && strncmp(line, "End Comments", 12) == 0);
  const char     *twice;
  NakPlaces       places;
  unsigned        missing;

  PetscFunctionBeginUser;
  if (line[strspn(line, " \t;,")] == '\0' || line[strspn(line, " ")] == '#' || end)
    PetscFunctionReturn(PETSC_SUCCESS);
  if (r->gamry && line[0] != '\t') *over = PETSC_TRUE;
  if (!*over) {
    PetscCall(ReadRow(r, line));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(MatchLine(r, line, &places, &missing, &twice));
  if (missing == 0) Refuse(r, "a second table of the same columns: keep one in a file");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadTable(Reader *r)
{
  PetscBool over = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(FindNames(r));
  r->complete = PETSC_TRUE;
  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++)
    if (r->places.place[q] >= 0 && r->places.factor[q] == 0) r->complete = PETSC_FALSE;
  while (!r->fault->code) {
    char *const line = NakScanNext(r->scan, r->fault);

    if (line == NULL) break;
    PetscCall(ReadLine(r, line, &over));
  }
  if (r->places.per_area[NAK_MEASURED_RE] != r->places.per_area[NAK_MEASURED_IM])
    Refuse(r, "the real part is per area and the imaginary part is not, or the other way round");
  if (r->m->rows == 0) Refuse(r, "no row of numbers follows the names of the columns");
  PetscCall(PetscArraycpy(r->m->per_area, r->places.per_area, NAK_MEASURED_QUANTITIES));
  PetscCall(NakScanDigest(r->scan, r->m->sha256));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The contract ---- */

PetscErrorCode NakMeasuredReadFile(FILE *file, const NakMeasuredWish *wish, NakMeasured *m,
                                   NakFault *fault)
{
  Reader r = {.wish = wish, .m = m, .fault = fault};

  PetscFunctionBeginUser;
  *m = (NakMeasured){0};
  PetscCall(NakNamesCreate(wish->names, &r.names, fault));
  PetscCall(NakScanCreate(file, wish->path, &r.scan));
  if (!fault->code) PetscCall(ReadTable(&r));
  PetscCall(NakScanDestroy(&r.scan));
  PetscCall(NakNamesDestroy(&r.names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMeasuredRead(const NakMeasuredWish *wish, NakMeasured *m, NakFault *fault)
{
  FILE *file;

  PetscFunctionBeginUser;
  *m = (NakMeasured){0};
  PetscCall(NakMeasuredOpen(wish->path, &file, fault));
  if (file == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakMeasuredReadFile(file, wish, m, fault));
  (void)fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMeasuredFree(NakMeasured *m)
{
  PetscFunctionBeginUser;
  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++) PetscCall(PetscFree(m->values[q]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
