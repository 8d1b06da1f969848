/* The deck as resolved; the contract is in nakfield/deck.h and deck_impl.h. */
#include "deck_impl.h"

#include <math.h>
#include <string.h>

/* ---- Writing YAML ---- */

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Whether a text can stand in YAML without quotes.  It begins with a letter or a digit, or with a
   number's sign before one.  Nothing after that has a meaning in YAML. */
static PetscBool IsPlain(const char *text)
{
  const size_t length = strlen(text);
  const size_t sign   = strspn(text, "+-");
  const size_t start  = strspn(text + sign, sign > 0 ? DIGITS : DIGITS LETTERS);

  if (sign > 1 || start == 0 || text[length - 1] == ' ') return PETSC_FALSE;
  return (PetscBool)(strspn(text, DIGITS LETTERS " _./^+*%<>=()-") == length);
}

static void WriteQuoted(const char *text, FILE *file)
{
  const size_t length = strlen(text);
  size_t       n      = 1;

  NakTextPut(file, "\"");
  for (size_t i = 0; i < length; i += n) {
    unsigned long code = 0;

    n = NakTextDecode(text + i, length - i, &code);
    if (n == 0) n = 1;
    if (code == '"' || code == '\\') NakTextPut(file, "\\");
    if (NakTextPrintable(code))
      NakTextPrint(file, "%.*s", (int)n, text + i);
    else if (code > 0xFFFF)
      NakTextPrint(file, "\\U%08lX", code);
    else
      NakTextPrint(file, "\\u%04lX", code);
  }
  NakTextPut(file, "\"");
}

static void WriteText(const char *text, PetscBool quoted, FILE *file)
{
  if (!quoted && text[0] == '\0') return;
  if (IsPlain(text))
    NakTextPut(file, text);
  else
    WriteQuoted(text, file);
}

static void WriteIndent(int indent, FILE *file)
{
  for (int i = 0; i < indent; i++) NakTextPut(file, " ");
}

static void WriteNode(NakNode node, int indent, PetscBool in_list, FILE *file);

/* The entries of a map.  The first one may stand on a line that has begun with "- ". */
static void WriteMap(NakNode map, int indent, PetscBool begun, FILE *file)
{
  for (PetscInt i = 0; i < map->count; i++) {
    if (i > 0 || !begun) WriteIndent(indent, file);
    WriteText(map->items[i]->key, PETSC_TRUE, file);
    NakTextPut(file, ":");
    WriteNode(map->items[i], indent + 2, PETSC_FALSE, file);
  }
}

/* What follows "key:" or "-", with the end of its line. */
static void WriteNode(NakNode node, int indent, PetscBool in_list, FILE *file)
{
  if (node->kind == NAK_NODE_SCALAR) {
    if (!NakNodeIsEmpty(node)) NakTextPut(file, " ");
    WriteText(node->text, node->quoted, file);
    NakTextPut(file, "\n");
  } else if (node->count == 0) {
    NakTextPut(file, node->kind == NAK_NODE_MAP ? " {}\n" : " []\n");
  } else if (node->kind == NAK_NODE_MAP) {
    NakTextPut(file, in_list ? " " : "\n");
    WriteMap(node, indent, in_list, file);
  } else {
    NakTextPut(file, "\n");
    for (PetscInt i = 0; i < node->count; i++) {
      WriteIndent(indent, file);
      NakTextPut(file, "-");
      WriteNode(node->items[i], indent + 2, PETSC_TRUE, file);
    }
  }
}

PetscErrorCode NakTreeWrite(NakNode root, FILE *file)
{
  PetscFunctionBeginUser;
  WriteMap(root, 0, PETSC_FALSE, file);
  PetscCheck(!ferror(file), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write the resolved deck; is the disk full?");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The entry of a row as a node, or NULL if there is nothing to write. */
static PetscErrorCode CreateEntry(NakDeck deck, const NakParam *row, const void *params,
                                  NakTree *item)
{
  const NakSource   nowhere = {0};
  const PetscBool   quoted  = (PetscBool)(row->type == NAK_TEXT);
  const void *const field   = (const char *)params + row->offset;
  NakNode           given   = row->type == NAK_TREE ? NakDeckFind(deck, row->key) : NULL;
  char              text[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  *item = NULL;
  if (given != NULL) PetscCall(NakTreeCopy(given, item));
  if (row->type == NAK_TREE) PetscFunctionReturn(PETSC_SUCCESS);
  if (row->type == NAK_REAL && !isfinite(*(const PetscReal *)field))
    PetscFunctionReturn(PETSC_SUCCESS);
  if (row->type == NAK_FRACTION && !isfinite(((const NakFraction *)field)->value))
    PetscFunctionReturn(PETSC_SUCCESS);
  NakDeckFormatValue(row, field, text, sizeof text);
  PetscCall(NakTreeCreateScalar(text, quoted, nowhere, item));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckWriteResolved(NakDeck deck, const NakSection schema[], FILE *file)
{
  const NakSource nowhere = {0};
  PetscBool       fits    = PETSC_TRUE;
  NakTree         root, item;

  PetscFunctionBeginUser;
  PetscCall(NakTreeCreate(NAK_NODE_MAP, nowhere, &root));
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      PetscCall(CreateEntry(deck, row, section->params, &item));
      if (item != NULL) PetscCall(NakTreeSet(root, row->key, item, &fits));
      PetscCheck(fits, PETSC_COMM_SELF, PETSC_ERR_PLIB, "the schema's key %s is also a section",
                 row->key);
    }
  PetscCall(NakTreeWrite(root, file));
  PetscCall(NakTreeDestroy(&root));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSchemaWriteValues(const NakSection schema[], FILE *file)
{
  char text[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      if (row->type == NAK_TREE) continue;
      NakDeckFormatValue(row, (const char *)section->params + row->offset, text, sizeof text);
      NakTextPrint(file, "%s: %s\n", row->key, text);
    }
  PetscCheck(!ferror(file), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write the entries of the deck");
  PetscFunctionReturn(PETSC_SUCCESS);
}
