/* The manual of a schema, as text and as a Markdown table; the contract is in nakfield/deck.h. */
#include "deck_impl.h"

#include <stdlib.h>
#include <string.h>

/* ---- One row in words ---- */

/* Append to a text; the part that does not fit is cut. */
static void Append(char *text, size_t size, const char *more)
{
  const size_t used = strlen(text);

  (void)snprintf(text + used, size - used, "%s", more);
}

/* What a value looks like: "quantity in m", "whole number", "one of a, b". */
static void DescribeType(const NakParam *row, char *text, size_t size)
{
  text[0] = '\0';
  switch (row->type) {
  case NAK_REAL:
    if (strcmp(row->unit, "1") == 0)
      Append(text, size, "number");
    else
      (void)snprintf(text, size, "quantity in %s", row->unit);
    break;
  case NAK_INT:
    Append(text, size, "whole number");
    break;
  case NAK_BOOL:
    Append(text, size, "true or false");
    break;
  case NAK_TEXT:
    Append(text, size, "text");
    break;
  case NAK_CHOICE:
    NakWordsList(row->text, text, size);
    break;
  case NAK_FRACTION:
    Append(text, size, "share in wt% or mol%");
    break;
  case NAK_TREE:
    Append(text, size, "see the manual");
    break;
  }
}

/* Units in which experimenters think, and what one of them is in that of the row. */
static const struct {
  const char *unit, *shown;
  PetscReal   one;
} shown_units[] = {
  {"m",       "nm",        1e-9},
  {"m",       "um",        1e-6},
  {"m",       "mm",        1e-3},
  {"m^2",     "cm^2",      1e-4},
  {"m^3",     "mm^3",      1e-9},
  {"m/s",     "nm/s",      1e-9},
  {"A/m^2",   "mA/cm^2",   10  },
  {"C/m^2",   "uC/cm^2",   1e-2},
  {"C/m^2",   "mAh/cm^2",  36e3},
  {"S/m",     "mS/cm",     0.1 },
  {"ohm.m^2", "ohm.cm^2",  1e-4},
  {"ohm.m^2", "kohm.cm^2", 0.1 },
  {"mol/m^3", "mol/L",     1e3 },
};

/* A number in such a unit, if it is round and not far from 1 there; else in the row's. */
static void FormatHandy(const NakParam *row, PetscReal value, char *text, size_t size)
{
  NakDeckFormatNumber(row, value, text, size);
  if (row->unit == NULL) return;
  for (size_t k = 0; k < PETSC_STATIC_ARRAY_LENGTH(shown_units); k++) {
    const PetscReal number = value / shown_units[k].one, least = 0.1, most = 999, rounding = 1e-12;
    char            round[32];

    if (strcmp(row->unit, shown_units[k].unit) != 0 || number < least || number > most) continue;
    (void)snprintf(round, sizeof round, "%.4g", number);
    if (PetscAbsReal(strtod(round, NULL) - number) > rounding * number) continue;
    (void)snprintf(text, size, "%s %s", round, shown_units[k].shown);
    return;
  }
}

/* A bound as the deck would spell it. */
static void FormatBound(const NakParam *row, PetscReal bound, char *text, size_t size)
{
  if (row->type == NAK_FRACTION)
    (void)snprintf(text, size, "%g %%", 100 * bound);
  else if (row->type == NAK_INT)
    (void)snprintf(text, size, "%.0f", bound);
  else
    FormatHandy(row, bound, text, size);
}

static void DescribeBounds(const NakParam *row, char *text, size_t size)
{
  const PetscBool numeric =
    (PetscBool)(row->type == NAK_REAL || row->type == NAK_INT || row->type == NAK_FRACTION);
  char lower[64], upper[64];

  text[0] = '\0';
  if (!numeric) return;
  FormatBound(row, row->lower, lower, sizeof lower);
  FormatBound(row, row->upper, upper, sizeof upper);
  if (NakBoundIsOpen(row->lower) && NakBoundIsOpen(row->upper)) return;
  if (NakBoundIsOpen(row->lower))
    (void)snprintf(text, size, "at most %s", upper);
  else if (NakBoundIsOpen(row->upper))
    (void)snprintf(text, size, "at least %s", lower);
  else
    (void)snprintf(text, size, "%s to %s", lower, upper);
}

static void DescribeDefault(const NakParam *row, char *text, size_t size)
{
  NakValue field;

  text[0] = '\0';
  if (NakParamIsRequired(row)) {
    Append(text, size, "required");
  } else if (row->type == NAK_TREE) {
    Append(text, size, "none");
  } else {
    NakDeckSetDefault(row, &field);
    if (row->type == NAK_REAL)
      FormatHandy(row, field.real, text, size);
    else
      NakDeckFormatValue(row, &field, text, size);
    if (text[0] == '\0') Append(text, size, "\"\"");
  }
}

/* ---- A terminal's text ---- */

/* Length of the section that contains a key, without the last dot. */
static size_t SectionLength(const char *key)
{
  const char *const dot = strrchr(key, '.');

  return dot != NULL ? (size_t)(dot - key) : 0;
}

static void WriteTextRow(const NakParam *row, FILE *file)
{
  char type[NAK_TEXT_SIZE], bounds[NAK_TEXT_SIZE], initial[NAK_TEXT_SIZE];

  DescribeType(row, type, sizeof type);
  DescribeBounds(row, bounds, sizeof bounds);
  DescribeDefault(row, initial, sizeof initial);
  NakTextPrint(file, "  %s\n      %s\n      %s; %s%s%s%s\n", row->key, row->doc, type, bounds,
               bounds[0] != '\0' ? "; " : "", NakParamIsRequired(row) ? "" : "default ", initial);
}

PetscErrorCode NakParamWriteHelp(const NakParam *row, FILE *file)
{
  PetscFunctionBeginUser;
  WriteTextRow(row, file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- A table in Markdown ---- */

static void WriteMarkdownCell(const char *text, FILE *file)
{
  NakTextPut(file, " ");
  for (; *text != '\0'; text++) {
    if (strchr("|<*_`\\", *text) != NULL) NakTextPut(file, "\\");
    NakTextPrint(file, "%c", *text);
  }
  NakTextPut(file, " |");
}

static void WriteMarkdownRow(const NakParam *row, FILE *file)
{
  char text[NAK_TEXT_SIZE];

  NakTextPrint(file, "| `%s` |", row->key);
  DescribeType(row, text, sizeof text);
  WriteMarkdownCell(text, file);
  DescribeDefault(row, text, sizeof text);
  WriteMarkdownCell(text, file);
  DescribeBounds(row, text, sizeof text);
  WriteMarkdownCell(text, file);
  WriteMarkdownCell(row->doc, file);
  NakTextPut(file, "\n");
}

/* ---- All of it ---- */

/* One heading for the rows of a section, if they follow each other. */
static void WriteText(const NakSection schema[], FILE *file)
{
  const char *before = "";

  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const size_t length = SectionLength(row->key);
      const int    same = length == SectionLength(before) && strncmp(before, row->key, length) == 0;

      if (!same) NakTextPrint(file, "\n%.*s\n", (int)length, row->key);
      WriteTextRow(row, file);
      before = row->key;
    }
}

static void WriteMarkdown(const NakSection schema[], FILE *file)
{
  NakTextPut(file,
             "| Key | Value | Default | Bounds | Meaning |\n| --- | --- | --- | --- | --- |\n");
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) WriteMarkdownRow(row, file);
}

PetscErrorCode NakDeckWriteHelp(const NakSection schema[], NakHelpFormat format, FILE *file)
{
  PetscFunctionBeginUser;
  switch (format) {
  case NAK_HELP_TEXT:
    WriteText(schema, file);
    break;
  case NAK_HELP_MARKDOWN:
    WriteMarkdown(schema, file);
    break;
  case NAK_HELP_JSON:
    NakSchemaWriteJson(schema, file);
    break;
  }
  PetscCheck(!ferror(file), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write the manual of the deck; is the disk full?");
  PetscFunctionReturn(PETSC_SUCCESS);
}
