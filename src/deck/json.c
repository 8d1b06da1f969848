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
  for (int i = 0; i < indent; i++) NakTextPut(writer->file, " ");
}

static void WriteString(const Writer *writer, const char *text)
{
  NakTextPut(writer->file, "\"");
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') NakTextPut(writer->file, "\\");
    if ((unsigned char)*text < 0x20)
      NakTextPrint(writer->file, "\\u%04x", (unsigned)*text);
    else
      NakTextPrint(writer->file, "%c", *text);
  }
  NakTextPut(writer->file, "\"");
}

/* ---- One entry ---- */

static void WriteBounds(const Writer *writer, const NakParam *row)
{
  if (!NakBoundIsOpen(row->lower)) NakTextPrint(writer->file, ", \"minimum\": %.17g", row->lower);
  if (!NakBoundIsOpen(row->upper)) NakTextPrint(writer->file, ", \"maximum\": %.17g", row->upper);
}

static void WriteChoices(const Writer *writer, const NakParam *row)
{
  char word[NAK_TEXT_SIZE];

  NakTextPut(writer->file, "\"enum\": [");
  for (PetscInt i = 0; NakWordsItem(row->text, i, word, sizeof word); i++) {
    if (i > 0) NakTextPut(writer->file, ", ");
    WriteString(writer, word);
  }
  NakTextPut(writer->file, "]");
}

static void WriteType(const Writer *writer, const NakParam *row)
{
  switch (row->type) {
  case NAK_REAL:
    if (strcmp(row->unit, "1") != 0) {
      NakTextPut(writer->file, "\"type\": \"string\"");
      break;
    }
    NakTextPut(writer->file, "\"type\": [\"number\", \"string\"]");
    WriteBounds(writer, row);
    break;
  case NAK_INT:
    NakTextPut(writer->file, "\"type\": \"integer\"");
    WriteBounds(writer, row);
    break;
  case NAK_BOOL:
    NakTextPut(writer->file, "\"type\": \"boolean\"");
    break;
  case NAK_TEXT:
    NakTextPut(writer->file, "\"type\": [\"string\", \"number\"]");
    break;
  case NAK_CHOICE:
    WriteChoices(writer, row);
    break;
  case NAK_FRACTION:
    NakTextPut(writer->file, "\"type\": \"string\", \"pattern\": \"^[-+.0-9eE]+ *(wt|mol)%$\"");
    break;
  case NAK_TREE:
    NakTextPut(writer->file, "\"type\": [\"array\", \"object\", \"string\", \"number\"]");
  }
}

/* A default as JSON: numbers and booleans bare, the rest as strings. */
static void WriteDefault(const Writer *writer, const NakParam *row)
{
  NakValue  field;
  char      text[NAK_TEXT_SIZE];
  PetscBool bare = (PetscBool)(row->type == NAK_INT || row->type == NAK_BOOL);

  if (NakParamIsRequired(row) || row->type == NAK_TREE) return;
  if (row->type == NAK_REAL && strcmp(row->unit, "1") == 0) bare = PETSC_TRUE;
  NakDeckSetDefault(row, &field);
  NakDeckFormatValue(row, &field, text, sizeof text);
  NakTextPut(writer->file, ", \"default\": ");
  if (bare)
    NakTextPut(writer->file, text);
  else
    WriteString(writer, text);
}

static void WriteEntry(const Writer *writer, const NakParam *row)
{
  NakTextPut(writer->file, "{");
  WriteType(writer, row);
  WriteDefault(writer, row);
  NakTextPut(writer->file, ", \"description\": ");
  WriteString(writer, row->doc);
  NakTextPut(writer->file, "}");
}

/* ---- Sections ---- */

/* The part of `key` beneath the section `prefix` ("" or "a.b."), or NULL if it is elsewhere. */
static const char *Beneath(const char *key, const char *prefix)
{
  const size_t n = strlen(prefix);

  return strncmp(key, prefix, n) == 0 ? key + n : NULL;
}

/* Whether `row` is the first of its part beneath `prefix`, or of the required rows of that part. */
static PetscBool IsFirst(const Writer *writer, const NakParam *row, const char *prefix,
                         PetscBool required)
{
  const char *const part = Beneath(row->key, prefix);
  const size_t      n    = strcspn(part, ".");

  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *other = section->rows; other->key != NULL; other++) {
      const char *const name = Beneath(other->key, prefix);

      if (other == row) return PETSC_TRUE;
      if (name != NULL && (!required || NakParamIsRequired(other)) && strcspn(name, ".") == n &&
          strncmp(name, part, n) == 0)
        return PETSC_FALSE;
    }
  return PETSC_TRUE;
}

/* The entry `kind` of the section `prefix`, or NULL.  A word of it may stand in place of the
   section. */
static const NakParam *Kind(const Writer *writer, const char *prefix)
{
  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const char *const part = Beneath(row->key, prefix);

      if (part != NULL && strcmp(part, "kind") == 0) return row;
    }
  return NULL;
}

/* Write the entry or the section that `row` begins beneath `prefix`. */
static void WriteProperty(const Writer *writer, const NakParam *row, const char *prefix, int indent)
{
  const char *const part = Beneath(row->key, prefix);
  const size_t      n    = strcspn(part, ".");
  const NakParam   *kind;
  char              below[NAK_PATH_SIZE];

  WriteIndent(writer, indent);
  NakTextPrint(writer->file, "\"%.*s\": ", (int)n, part);
  if (part[n] == '\0') {
    WriteEntry(writer, row);
    return;
  }
  (void)snprintf(below, sizeof below, "%s%.*s.", prefix, (int)n, part);
  kind = Kind(writer, below);
  if (kind != NULL) {
    NakTextPut(writer->file, "{\"anyOf\": [");
    WriteEntry(writer, kind);
    NakTextPut(writer->file, ", ");
  }
  NakTextPut(writer->file, "{\n");
  WriteObject(writer, below, indent + 2);
  WriteIndent(writer, indent);
  NakTextPut(writer->file, kind != NULL ? "}]}" : "}");
}

static void WriteProperties(const Writer *writer, const char *prefix, int indent)
{
  const char *separator = "\n";

  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const char *const part = Beneath(row->key, prefix);

      if (part == NULL || !IsFirst(writer, row, prefix, PETSC_FALSE)) continue;
      NakTextPut(writer->file, separator);
      WriteProperty(writer, row, prefix, indent);
      separator = ",\n";
    }
}

/* A section is required if one of its rows is.  It is named once. */
static void WriteRequired(const Writer *writer, const char *prefix)
{
  const char *separator = "";

  NakTextPut(writer->file, "\"required\": [");
  for (const NakSection *section = writer->schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const char *const part = Beneath(row->key, prefix);

      if (part == NULL || !NakParamIsRequired(row) || !IsFirst(writer, row, prefix, PETSC_TRUE))
        continue;
      NakTextPrint(writer->file, "%s\"%.*s\"", separator, (int)strcspn(part, "."), part);
      separator = ", ";
    }
  NakTextPut(writer->file, "]");
}

/* What stands between the braces of a section. */
static void WriteObject(const Writer *writer, const char *prefix, int indent)
{
  WriteIndent(writer, indent);
  NakTextPut(writer->file, "\"type\": \"object\", \"additionalProperties\": false, ");
  WriteRequired(writer, prefix);
  NakTextPut(writer->file, ",\n");
  WriteIndent(writer, indent);
  NakTextPut(writer->file, "\"properties\": {");
  WriteProperties(writer, prefix, indent + 2);
  NakTextPut(writer->file, "\n");
  WriteIndent(writer, indent);
  NakTextPut(writer->file, "}\n");
}

void NakSchemaWriteJson(const NakSection schema[], FILE *file)
{
  const Writer writer = {.schema = schema, .file = file};

  NakTextPut(file, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                   "  \"title\": \"Input deck of nakfield\",\n");
  WriteObject(&writer, "", 2);
  NakTextPut(file, "}\n");
}
