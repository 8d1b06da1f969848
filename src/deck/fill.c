/* From the tree to the structs; the contract is in nakfield/deck.h. */
#include "deck_impl.h"

#include <math.h>
#include <nakfield/units.h>
#include <string.h>

/* ---- Rows ---- */

/* A default out of its bounds would make a resolved deck that is refused. */
static PetscErrorCode CheckRow(const NakParam *row)
{
  char        segment[NAK_DECK_KEY_SIZE], word[NAK_TEXT_SIZE];
  const char *key   = row->key;
  PetscInt    depth = 0;

  PetscFunctionBeginUser;
  for (; *key != '\0'; depth++)
    PetscCheck(NakTextSegment(&key, segment, sizeof segment), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "the schema's key '%s' is none", row->key);
  PetscCheck(depth < NAK_DECK_DEPTH, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "the schema's key %s is nested too deeply", row->key);
  if (row->type == NAK_REAL || row->type == NAK_INT || row->type == NAK_FRACTION)
    PetscCheck(NakParamIsRequired(row) ||
                 (row->initial >= row->lower && row->initial <= row->upper),
               PETSC_COMM_SELF, PETSC_ERR_PLIB, "the default of %s is out of its bounds", row->key);
  if (row->type == NAK_REAL)
    PetscCheck(row->unit != NULL, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s lacks a unit", row->key);
  if (row->type == NAK_CHOICE)
    PetscCheck(row->text != NULL &&
                 (NakParamIsRequired(row) ||
                  NakWordsItem(row->text, (PetscInt)row->initial, word, sizeof word)),
               PETSC_COMM_SELF, PETSC_ERR_PLIB, "the default of %s is none of its words", row->key);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An error at the innermost section above `key` that the deck has. */
static PetscErrorCode ReportMissing(NakDeck deck, const NakParam *row)
{
  const NakNode above = NakDeckAbove(deck, row->key);

  PetscFunctionBeginUser;
  PetscCall(NakDeckErrorAt(deck, (above != NULL ? above : deck->root)->key_place,
                           "%s is missing: %s", row->key, row->doc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Report a value that an entry once took, in another unit than today's. */
static PetscErrorCode ReportFormerUnit(NakDeck deck, const NakParam *row, NakNode node,
                                       PetscBool *former)
{
  PetscFunctionBeginUser;
  *former = PETSC_FALSE;
  for (const NakFormer *f = deck->former; f != NULL && f->key != NULL && !*former; f++) {
    char      message[NAK_TEXT_SIZE] = "";
    PetscReal value;

    if (f->unit == NULL || strcmp(f->key, row->key) != 0) continue;
    PetscCall(NakUnitsConvert(NakNodeText(node), f->unit, &value, message, sizeof message));
    *former = (PetscBool)(message[0] == '\0');
    if (*former)
      PetscCall(NakDeckError(deck, node, "%s is '%s': %s", row->key, NakNodeText(node), f->advice));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillRow(NakDeck deck, const NakParam *row, void *params)
{
  void *const field  = (char *)params + row->offset;
  NakNode     node   = NakDeckFind(deck, row->key);
  PetscBool   former = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(CheckRow(row));
  if (row->type != NAK_TREE) NakDeckSetDefault(row, field);
  if (node != NULL) PetscCall(ReportFormerUnit(deck, row, node, &former));
  if (node != NULL && row->type != NAK_TREE && !former)
    PetscCall(NakDeckReadValue(deck, node, row, field));
  if (node == NULL && NakParamIsRequired(row) && !deck->broken) PetscCall(ReportMissing(deck, row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Keys that no row knows ---- */

typedef enum { UNKNOWN, ENTRY, SECTION } Meaning;

/* What a dotted key means in a schema. */
static Meaning MeaningOf(const NakSection schema[], const char *path)
{
  const size_t length  = strlen(path);
  Meaning      meaning = UNKNOWN;

  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      if (strcmp(row->key, path) == 0) return ENTRY;
      if (strncmp(row->key, path, length) == 0 && row->key[length] == '.') meaning = SECTION;
    }
  return meaning;
}

/* Offer what the schema has at the place of `path`: for a.b.c every x of a.b.x and of a.b.x.y. */
static void OfferSiblings(const char *key, const char *path, NakGuess *guess)
{
  const char *const dot    = strrchr(path, '.');
  const size_t      prefix = dot != NULL ? (size_t)(dot - path) + 1 : 0;
  char              sibling[NAK_PATH_SIZE];
  size_t            length;

  if (strncmp(key, path, prefix) != 0) return;
  length = prefix + strcspn(key + prefix, ".");
  if (length >= sizeof sibling) return;
  memcpy(sibling, key, length);
  sibling[length] = '\0';
  NakGuessOffer(guess, sibling + prefix);
}

/* The first row that ends as `path` does: the entry stands in the wrong section. */
static const char *Moved(const NakSection schema[], const char *path)
{
  const char *const dot  = strrchr(path, '.');
  const char *const last = dot != NULL ? dot + 1 : path;

  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const char *const end = strrchr(row->key, '.');

      if (end != NULL && strcmp(end + 1, last) == 0) return row->key;
    }
  return NULL;
}

/* Advice on an entry that decks had once, or NULL. */
static const char *FormerAdvice(NakDeck deck, const char *path)
{
  for (const NakFormer *f = deck->former; f != NULL && f->key != NULL; f++)
    if (f->unit == NULL && strcmp(f->key, path) == 0) return f->advice;
  return NULL;
}

/* Whether decks had entries in a section `path` once. */
static PetscBool FormerSection(NakDeck deck, const char *path)
{
  const size_t length = strlen(path);

  for (const NakFormer *f = deck->former; f != NULL && f->key != NULL; f++)
    if (strncmp(f->key, path, length) == 0 && f->key[length] == '.') return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Whether `path` ends in a section of the whole deck that stands inside another section. */
static PetscBool Nested(const NakSection schema[], const char *path)
{
  const char *const dot = strrchr(path, '.');

  return (PetscBool)(dot != NULL && MeaningOf(schema, dot + 1) == SECTION);
}

/* Offer the names that are near an unknown key. */
static PetscErrorCode ReportMisspelt(NakDeck deck, const NakSection schema[], NakNode node,
                                     const char *path)
{
  const char *const dot    = strrchr(path, '.');
  const int         prefix = dot != NULL ? (int)(dot - path) + 1 : 0;
  const char       *moved;
  NakGuess          guess;

  PetscFunctionBeginUser;
  NakGuessStart(&guess, path + prefix);
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++)
      OfferSiblings(row->key, path, &guess);
  moved = guess.best[0] == '\0' ? Moved(schema, path) : NULL;
  if (strchr(node->key, '.') != NULL)
    PetscCall(NakDeckErrorAt(deck, node->key_place,
                             "unknown key '%s'; dots are for the command line, in a deck write "
                             "one section within the other",
                             path));
  else if (Nested(schema, path))
    PetscCall(NakDeckErrorAt(
      deck, node->key_place,
      "unknown key '%s'; '%s' is a separate section: start it in the first column", path, dot + 1));
  else if (guess.best[0] != '\0')
    PetscCall(NakDeckErrorAt(deck, node->key_place, "unknown key '%s'; did you mean '%.*s%s'?",
                             path, prefix, path, guess.best));
  else if (moved != NULL)
    PetscCall(
      NakDeckErrorAt(deck, node->key_place, "unknown key '%s'; did you mean '%s'?", path, moved));
  else
    PetscCall(NakDeckErrorAt(deck, node->key_place,
                             "unknown key '%s'; nakfield --help-deck lists all keys", path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReportUnknown(NakDeck deck, const NakSection schema[], NakNode node,
                                    const char *path)
{
  const char *const advice = FormerAdvice(deck, path);

  PetscFunctionBeginUser;
  if (advice != NULL)
    PetscCall(
      NakDeckErrorAt(deck, node->key_place, "'%s' is no longer an entry: %s", path, advice));
  else if (deck->others != NULL && strchr(node->key, '.') == NULL &&
           MeaningOf(deck->others, path) != UNKNOWN)
    PetscCall(NakDeckErrorAt(deck, node->key_place,
                             "'%s' has no meaning in a deck with '%s': leave it out, or change "
                             "'model'",
                             path, deck->kind));
  else
    PetscCall(ReportMisspelt(deck, schema, node, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Report a section that is a list or a value, with the first of its entries as an example. */
static PetscErrorCode ReportFlat(NakDeck deck, const NakSection schema[], NakNode node,
                                 const char *path)
{
  const size_t length = strlen(path);
  const char  *entry  = "";

  PetscFunctionBeginUser;
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL && *entry == '\0'; row++)
      if (strncmp(row->key, path, length) == 0 && row->key[length] == '.')
        entry = row->key + length + 1;
  PetscCall(NakDeckError(deck, node,
                         "%s is a section, not %s: write entries beneath it, such as '%.*s: ...', "
                         "with a blank after the colon",
                         path, node->kind == NAK_NODE_LIST ? "a list" : "a value",
                         (int)strcspn(entry, "."), entry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collect the unknown keys of a map and of the sections in it. */
static PetscErrorCode CheckKeys(NakDeck deck, const NakSection schema[], NakNode map)
{
  char path[NAK_PATH_SIZE];

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < map->count; i++) {
    NakNode node    = map->items[i];
    Meaning meaning = (NakNodePath(node, path, sizeof path),
                       strchr(node->key, '.') != NULL ? UNKNOWN : MeaningOf(schema, path));

    if (meaning == UNKNOWN && node->kind == NAK_NODE_MAP && FormerSection(deck, path))
      meaning = SECTION; /* each of its entries knows its successor */
    if (meaning == UNKNOWN) PetscCall(ReportUnknown(deck, schema, node, path));
    if (meaning != SECTION || NakNodeIsEmpty(node)) continue;
    if (node->kind == NAK_NODE_MAP)
      PetscCall(CheckKeys(deck, schema, node));
    else
      PetscCall(ReportFlat(deck, schema, node, path));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckKnownKeys(NakDeck deck, NakNode map, const char *words)
{
  char word[NAK_TEXT_SIZE], path[NAK_PATH_SIZE], known_words[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  if (map->kind != NAK_NODE_MAP) PetscFunctionReturn(PETSC_SUCCESS);
  NakWordsList(words, known_words, sizeof known_words);
  for (PetscInt i = 0; i < map->count; i++) {
    NakNode  node = map->items[i];
    NakGuess guess;

    if (NakWordsFind(words, node->key) >= 0) continue;
    NakGuessStart(&guess, node->key);
    for (PetscInt j = 0; NakWordsItem(words, j, word, sizeof word); j++)
      NakGuessOffer(&guess, word);
    NakNodePath(node, path, sizeof path);
    if (guess.best[0] != '\0')
      PetscCall(NakDeckErrorAt(deck, node->key_place, "unknown key '%s'; did you mean '%s'?", path,
                               guess.best));
    else
      PetscCall(NakDeckErrorAt(deck, node->key_place, "unknown key '%s'; it must be %s", path,
                               known_words));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Words in the place of sections ---- */

/* `interphase: none` means interphase: {kind: none}, if the schema has interphase.kind. */
static PetscErrorCode SpreadWord(NakDeck deck, const NakParam *row)
{
  static const char kind[] = ".kind";
  const size_t      length = strlen(row->key), tail = sizeof kind - 1;
  char              section[NAK_DECK_KEY_SIZE];
  NakTree           word, map, copy;
  PetscInt          i;

  PetscFunctionBeginUser;
  if (length <= tail || strcmp(row->key + length - tail, kind) != 0 ||
      length - tail >= sizeof section)
    PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(section, sizeof section, "%.*s", (int)(length - tail), row->key);
  i = NakNodeIndex(deck->root, section);
  if (i < 0) PetscFunctionReturn(PETSC_SUCCESS);
  word = deck->root->items[i];
  if (word->kind != NAK_NODE_SCALAR || NakNodeIsEmpty(word)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakTreeCopy(word, &copy));
  PetscCall(NakTreeCreate(NAK_NODE_MAP, word->place, &map));
  PetscCall(NakTreeAppend(map, kind + 1, copy));
  PetscCall(NakTreeReplace(deck->root, i, map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- All of it ---- */

static PetscErrorCode FillRoot(NakDeck deck, const NakSection schema[])
{
  PetscFunctionBeginUser;
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++)
      PetscCall(SpreadWord(deck, row));
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++)
      PetscCall(FillRow(deck, row, section->params));
  PetscCall(CheckKeys(deck, schema, deck->root));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakDeckSetOthers(NakDeck deck, const NakSection others[], const char *kind)
{
  deck->others = others;
  deck->kind   = kind;
}

void NakDeckSetFormer(NakDeck deck, const NakFormer former[])
{
  deck->former = former;
}

PetscErrorCode NakDeckFill(NakDeck deck, const NakSection schema[])
{
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(deck->comm, &rank));
  if (rank == 0) code = FillRoot(deck, schema);
  PetscCall(NakAgree(deck->comm, code));
  for (const NakSection *section = schema; section->rows != NULL; section++)
    PetscCallMPI(MPI_Bcast(section->params, (PetscMPIInt)section->size, MPI_BYTE, 0, deck->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
