/* The JSON Schema of a deck (draft 2020-12); the contract is in deck_impl.h. */
#include "deck_impl.h"

#include <string.h>

/* Where the rows of a section are looked for. */
typedef struct {
  const NakSection *schema;
  FILE             *file;
} Writer;

static void WriteObject(const Writer *writer, const char *prefix, int indent);

static void WriteIndent(const Writer *writer, int indent)
{
  for (int i = 0; i < indent; i++) fputc(' ', writer->file);
}

static void WriteString(const Writer *writer, const char *text)
{
  fputc('"', writer->file);
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', writer->file);
    if ((unsigned char)*text < 0x20)
      fprintf(writer->file, "\\u%04x", (unsigned)*text);
    else
      fputc(*text, writer->file);
  }
  fputc('"', writer->file);
}

/* ---- One entry ---- */

static void WriteBounds(const Writer *writer, const NakParam *row)
{
  if (!NakBoundIsOpen(row->lower)) fprintf(writer->file, ", \"minimum\": %.17g", row->lower);
  if (!NakBoundIsOpen(row->upper)) fprintf(writer->file, ", \"maximum\": %.17g", row->upper);
}

static void WriteChoices(const Writer *writer, const NakParam *row)
{
  char word[NAK_TEXT_SIZE];

  fputs("\"enum\": [", writer->file);
  for (PetscInt i = 0; NakWordsItem(row->text, i, word, sizeof word); i++) {
    if (i > 0) fputs(", ", writer->file);
    WriteString(writer, word);
  }
  fputs("]", writer->file);
}

static void WriteType(const Writer *writer, const NakParam *row)
{
  switch (row->type) {
  case NAK_REAL:
    if (strcmp(row->unit, "1") != 0) {
      fputs("\"type\": \"string\"", writer->file);
      break;
    }
    fputs("\"type\": [\"number\", \"string\"]", writer->file);
    WriteBounds(writer, row);
    break;
  case NAK_INT:
    fputs("\"type\": \"integer\"", writer->file);
    WriteBounds(writer, row);
    break;
  case NAK_BOOL:
    fputs("\"type\": \"boolean\"", writer->file);
    break;
  case NAK_TEXT:
    fputs("\"type\": [\"string\", \"number\"]", writer->file);
    break;
  case NAK_CHOICE:
    WriteChoices(writer, row);
    break;
  case NAK_FRACTION:
    fputs("\"type\": \"string\", \"pattern\": \"^[-+.0-9eE]+ *(wt|mol)%$\"", writer->file);
    break;
  case NAK_TREE:
    fputs("\"type\": [\"array\", \"object\", \"string\", \"number\"]", writer->file);
  }
}

/* A default as JSON: numbers and booleans bare, the rest as strings. */
static void WriteDefault(const Writer *writer, const NakParam *row)
{
  NakField  field;
  char      text[NAK_TEXT_SIZE];
  PetscBool bare = row->type == NAK_INT || row->type == NAK_BOOL ? PETSC_TRUE : PETSC_FALSE;

  if (NakParamIsRequired(row) || row->type == NAK_TREE) return;
  if (row->type == NAK_REAL && strcmp(row->unit, "1") == 0) bare = PETSC_TRUE;
  NakDeckSetDefault(row, &field);
  NakDeckFormatValue(row, &field, text, sizeof text);
  fputs(", \"default\": ", writer->file);
  if (bare)
    fputs(text, writer->file);
  else
    WriteString(writer, text);
}

static void WriteEntry(const Writer *writer, const NakParam *row)
{
  fputs("{", writer->file);
  WriteType(writer, row);
  WriteDefault(writer, row);
  fputs(", \"description\": ", writer->file);
  WriteString(writer, row->doc);
  fputs("}", writer->file);
}

/* ---- Sections ---- */

/* The part of `key` beneath the section `prefix` ("" or "a.b."), or NULL where it is elsewhere. */
static const char *Beneath(const char *key, const char *prefix)
{
  const size_t n = strlen(prefix);

  return strncmp(key, prefix, n) == 0 ? key + n : NULL;
}

/* Whether `row` is the first of its part beneath `prefix`, which is `n` long. */
static PetscBool IsFirst(const Writer *writer, const NakParam *row, const char *prefix, size_t n)
{
  const char *const part = Beneath(row->key, prefix);

  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *other = section->rows; other->key != NULL; other++) {
      const char *const name = Beneath(other->key, prefix);

      if (other == row) return PETSC_TRUE;
      if (name != NULL && strcspn(name, ".") == n && strncmp(name, part, n) == 0)
        return PETSC_FALSE;
    }
  return PETSC_TRUE;
}

/* Write the entry or the section that `row` begins beneath `prefix`. */
static void WriteProperty(const Writer *writer, const NakParam *row, const char *prefix, int indent)
{
  const char *const part = Beneath(row->key, prefix);
  const size_t      n    = strcspn(part, ".");
  char              below[NAK_PATH_SIZE];

  WriteIndent(writer, indent);
  fprintf(writer->file, "\"%.*s\": ", (int)n, part);
  if (part[n] == '\0') {
    WriteEntry(writer, row);
    return;
  }
  (void)snprintf(below, sizeof below, "%s%.*s.", prefix, (int)n, part);
  fputs("{\n", writer->file);
  WriteObject(writer, below, indent + 2);
  WriteIndent(writer, indent);
  fputs("}", writer->file);
}

static void WriteProperties(const Writer *writer, const char *prefix, int indent)
{
  const char *separator = "\n";

  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const char *const part = Beneath(row->key, prefix);

      if (part == NULL || !IsFirst(writer, row, prefix, strcspn(part, "."))) continue;
      fputs(separator, writer->file);
      WriteProperty(writer, row, prefix, indent);
      separator = ",\n";
    }
}

/* A section is required where one of its rows is; named once, at its first such row. */
static PetscBool FirstRequired(const Writer *writer, const NakParam *row, const char *prefix)
{
  const char *const part = Beneath(row->key, prefix);
  const size_t      n    = part != NULL ? strcspn(part, ".") : 0;

  if (part == NULL || !NakParamIsRequired(row)) return PETSC_FALSE;
  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *other = section->rows; other->key != NULL; other++) {
      const char *const name = Beneath(other->key, prefix);

      if (other == row) return PETSC_TRUE;
      if (name != NULL && NakParamIsRequired(other) && strcspn(name, ".") == n &&
          strncmp(name, part, n) == 0)
        return PETSC_FALSE;
    }
  return PETSC_TRUE;
}

static void WriteRequired(const Writer *writer, const char *prefix)
{
  const char *separator = "";

  fputs("\"required\": [", writer->file);
  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const char *const part = Beneath(row->key, prefix);

      if (!FirstRequired(writer, row, prefix)) continue;
      fprintf(writer->file, "%s\"%.*s\"", separator, (int)strcspn(part, "."), part);
      separator = ", ";
    }
  fputs("]", writer->file);
}

/* What stands between the braces of a section. */
static void WriteObject(const Writer *writer, const char *prefix, int indent)
{
  WriteIndent(writer, indent);
  fputs("\"type\": \"object\", \"additionalProperties\": false, ", writer->file);
  WriteRequired(writer, prefix);
  fputs(",\n", writer->file);
  WriteIndent(writer, indent);
  fputs("\"properties\": {", writer->file);
  WriteProperties(writer, prefix, indent + 2);
  fputs("\n", writer->file);
  WriteIndent(writer, indent);
  fputs("}\n", writer->file);
}

void NakSchemaWriteJson(const NakSection schema[], FILE *file)
{
  const Writer writer = {.schema = schema, .file = file};

  fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
        "  \"title\": \"Input deck of nakfield\",\n",
        file);
  WriteObject(&writer, "", 2);
  fputs("}\n", file);
}
