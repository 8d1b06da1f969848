/* Fields of a line, and the numbers in them. */
#include "measured_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Fields ---- */

static PetscBool IsBlank(char c)
{
  return (PetscBool)(c == ' ' || c == '\t');
}

/* A text without the blanks around it, in place. */
static char *Trim(char *text, char *end)
{
  while (text < end && IsBlank(*text)) text++;
  while (end > text && IsBlank(end[-1])) end--;
  *end = '\0';
  return text;
}

/* Remove quotation marks, in place; two marks in it are one.  Returns where it ends, NULL if it
   does not. */
static char *Unquote(char *text, char **rest)
{
  char *to = text, *from = text + 1;

  for (; *from != '\0' && (*from != '"' || from[1] == '"'); from++) {
    if (*from == '"') from++;
    *to++ = *from;
  }
  if (*from == '\0') return NULL;
  *rest = from + 1;
  return to;
}

/* One field of a line, which ends at `separator`; the rest after it, or NULL. */
static char *Field(char *line, char separator, char **rest)
{
  char *text = line + strspn(line, separator == '\t' ? " " : " \t"), *end, *stop;

  if (*text == '"') {
    end = Unquote(text, &stop);
    if (end == NULL) return NULL;
    while (IsBlank(*stop) && *stop != separator) stop++;
    if (*stop != separator && *stop != '\0') return NULL;
  } else {
    stop = strchr(text, separator);
    if (stop == NULL) stop = text + strlen(text);
    end = stop;
  }
  *rest = *stop == '\0' ? NULL : stop + 1;
  return Trim(text, end);
}

static int SplitAtBlanks(char *line, char *field[NAK_COLUMNS])
{
  int n = 0;

  for (char *text = line + strspn(line, " \t"); *text != '\0'; n++) {
    if (n == NAK_COLUMNS) return -1;
    field[n] = text;
    text += strcspn(text, " \t");
    if (*text != '\0') *text++ = '\0';
    text += strspn(text, " \t");
  }
  return n;
}

int NakFieldsSplit(char *line, char separator, char *field[NAK_COLUMNS])
{
  int n = 0;

  if (separator == ' ') return SplitAtBlanks(line, field);
  for (char *rest = line; rest != NULL; n++) {
    if (n == NAK_COLUMNS) return -1;
    field[n] = Field(rest, separator, &rest);
    if (field[n] == NULL) return -1;
  }
  return n;
}

/* ---- Numbers ---- */

enum { NUMBER_SIZE = 64 };

/* Replace the decimal sign by a point.  Returns NULL, or what is wrong. */
static const char *Decimal(char *text, NakDecimal *decimal)
{
  char *const comma = strchr(text, ','), *const point = strchr(text, '.');

  if (comma != NULL && (point != NULL || strchr(comma + 1, ',') != NULL))
    return "it has more than one decimal sign; separators of thousands are not read";
  if (comma != NULL) decimal->comma = PETSC_TRUE;
  if (point != NULL) decimal->point = PETSC_TRUE;
  if (decimal->comma && decimal->point)
    return "the file has decimal commas and decimal points; one of them separates thousands";
  if (comma != NULL) *comma = '.';
  return NULL;
}

static const char *Plain(char *text, NakDecimal *decimal, PetscReal *value)
{
  static const char not_finite[] = "it is not finite";
  const char       *wrong;
  char             *end;

  if (text[0] == '\0') return "a number is missing";
  if (text[strspn(text, "0123456789+-.,eE")] != '\0') {
    *value = strtod(text, &end);
    return *end == '\0' && !isfinite(*value) ? not_finite : "it is no number";
  }
  wrong = Decimal(text, decimal);
  if (wrong != NULL) return wrong;
  *value = strtod(text, &end);
  if (end == text || *end != '\0') return "it is no number";
  return isfinite(*value) ? NULL : not_finite;
}

/* Hours, minutes and seconds, perhaps with days before: 1:02:03.5, 2d 01:02:03. */
static const char *Clock(char *text, NakDecimal *decimal, PetscReal *value)
{
  static const char wrong[] = "it is no time of hours, minutes and seconds, such as 1:02:03.5";
  char             *end;
  long              days = 0, hours, minutes;
  const size_t      n    = strspn(text, "0123456789");
  const char       *why;

  if (n > 0 && n < 7 && text[n] == 'd' && text[n + 1] == ' ') {
    days = strtol(text, &end, 10);
    text = end + 1 + strspn(end + 1, " ");
  }
  if (text[0] < '0' || text[0] > '9') return wrong;
  hours = strtol(text, &end, 10);
  if (end - text > 6 || *end != ':' || end[1] < '0' || end[1] > '9') return wrong;
  minutes = strtol(end + 1, &end, 10);
  if (minutes > 59 || *end != ':' || end[1] < '0' || end[1] > '9') return wrong;
  why = Plain(end + 1, decimal, value);
  if (why != NULL || !(*value < 60)) return wrong;
  *value += (PetscReal)(86400 * days + 3600 * hours + 60 * minutes);
  return NULL;
}

const char *NakNumberRead(const char *text, PetscBool clock, NakDecimal *decimal, PetscReal *value)
{
  char copy[NUMBER_SIZE];

  if (strlen(text) >= sizeof copy) return "it is no number";
  memcpy(copy, text, strlen(text) + 1);
  return clock ? Clock(copy, decimal, value) : Plain(copy, decimal, value);
}
