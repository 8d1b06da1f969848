/**
  @file
  The input deck: YAML checked against tables and converted to SI.  It is the same on every rank.

  Each module lists the entries it takes, once, as rows of NakParam beside the struct that they
  fill.  The schema is the list of those tables.  Everything is made from it: reading, checking,
  `--help-deck`, the manual's table, the JSON Schema and the resolved deck.

  Errors in a deck are not errors of these functions.  They are all collected in one pass.
  NakDeckReport() prints them as `file:line:column: message`, each with a remedy.

  The text is parsed on rank 0 only; what other ranks need reaches them as plain structs.
*/
#pragma once

#include <nakfield/base.h>
#include <stddef.h>
#include <stdio.h>

/** What an entry holds, and the C type at its offset. */
typedef enum {
  NAK_REAL,     /**< PetscReal [unit]; written as a quantity with a unit unless `unit` is "1" */
  NAK_INT,      /**< PetscInt */
  NAK_BOOL,     /**< PetscBool */
  NAK_TEXT,     /**< char[NAK_TEXT_SIZE] */
  NAK_CHOICE,   /**< PetscInt: index into the words of `text`, "periodic|symmetric" */
  NAK_FRACTION, /**< NakFraction: `50 wt%` or `37 mol%`; bounds in 1, not in percent */
  NAK_TREE      /**< nothing: its owner reads the node itself (the protocol) */
} NakParamType;

/** A share of a mixture in (0, 1), by weight or by amount of substance. */
typedef struct {
  PetscReal value;
  PetscBool by_weight;
} NakFraction;

#define NAK_REQUIRED ((PetscReal)NAN) /* as `initial` of a number: the deck must give it */

/** One entry of the deck.  A table ends with a row whose `key` is NULL. */
typedef struct {
  const char  *key; /**< as the deck spells it, e.g. "interphase.limiting_current" */
  NakParamType type;
  const char  *unit;    /**< of the stored number; NULL if there is none */
  size_t       offset;  /**< within the module's parameter struct */
  PetscReal    initial; /**< value if the deck has none: number [unit], index, 0/1, or fraction by
                             weight; within the bounds.  NAK_REQUIRED, for every type, if the deck
                             must have one */
  PetscReal    lower;   /**< least value allowed [unit] */
  PetscReal    upper;   /**< greatest value allowed [unit] */
  const char  *text;    /**< NAK_CHOICE: the words; NAK_TEXT: the default */
  const char  *doc;     /**< one line, no full stop */
} NakParam;

/* ---- The rows of a table: `const NakParam rows[] = {NAK_ROW_INT(...), ..., NAK_ROW_END,};`
   The last comma makes clang-format begin a line with every row.  `struct_` and `member_` are what
   the row fills; a member of another C type than the row's does not compile. ---- */

#define NAK_ROW_REAL(key_, struct_, member_, unit_, initial_, lower_, upper_, doc_)                \
  NAK_ROW_MEMBER(NAK_REAL, PetscReal *, key_, struct_, member_, doc_, .unit = (unit_),             \
                 .initial = (initial_), .lower = (lower_), .upper = (upper_))

#define NAK_ROW_INT(key_, struct_, member_, initial_, lower_, upper_, doc_)                        \
  NAK_ROW_MEMBER(NAK_INT, PetscInt *, key_, struct_, member_, doc_, .initial = (initial_),         \
                 .lower = (lower_), .upper = (upper_))

#define NAK_ROW_FRACTION(key_, struct_, member_, initial_, lower_, upper_, doc_)                   \
  NAK_ROW_MEMBER(NAK_FRACTION, NakFraction *, key_, struct_, member_, doc_, .initial = (initial_), \
                 .lower = (lower_), .upper = (upper_))

#define NAK_ROW_BOOL(key_, struct_, member_, initial_, doc_)                                       \
  NAK_ROW_MEMBER(NAK_BOOL, PetscBool *, key_, struct_, member_, doc_, .initial = (initial_))

#define NAK_ROW_CHOICE(key_, struct_, member_, initial_, words_, doc_)                             \
  NAK_ROW_MEMBER(NAK_CHOICE, PetscInt *, key_, struct_, member_, doc_, .initial = (initial_),      \
                 .text = (words_))

#define NAK_ROW_TEXT(key_, struct_, member_, initial_, doc_)                                       \
  NAK_ROW_MEMBER(NAK_TEXT, char(*)[NAK_TEXT_SIZE], key_, struct_, member_, doc_, .text = (initial_))

#define NAK_ROW_REQUIRED_TEXT(key_, struct_, member_, doc_)                                        \
  NAK_ROW_MEMBER(NAK_TEXT, char(*)[NAK_TEXT_SIZE], key_, struct_, member_, doc_,                   \
                 .initial = NAK_REQUIRED)

#define NAK_ROW_TREE(key_, doc_)                                                                   \
  {                                                                                                \
    .key = (key_), .type = NAK_TREE, .doc = (doc_)                                                 \
  }

#define NAK_ROW_REQUIRED_TREE(key_, doc_)                                                          \
  {                                                                                                \
    .key = (key_), .type = NAK_TREE, .initial = NAK_REQUIRED, .doc = (doc_)                        \
  }

#define NAK_ROW_END                                                                                \
  {                                                                                                \
    .key = NULL                                                                                    \
  }

/* What the rows above are made of. */
#define NAK_ROW_MEMBER(type_, pointer_, key_, struct_, member_, doc_, ...)                         \
  {                                                                                                \
    .key = (key_), .type = (type_), .doc = (doc_),                                                 \
    .offset = _Generic(&((struct_ *)0)->member_, pointer_                                          \
                       : offsetof(struct_, member_)),                                              \
    __VA_ARGS__                                                                                    \
  }

/** A table and the struct it fills.  A schema ends with `rows == NULL`. */
typedef struct {
  const NakParam *rows;
  void           *params;
  size_t          size; /**< sizeof the struct: it is broadcast whole, so it holds no pointers */
} NakSection;

typedef struct NakDeck_private       *NakDeck; /**< opaque */
typedef const struct NakNode_private *NakNode; /**< opaque; owned by the deck; rank 0 only */

/**
  Read a deck and apply overrides.  Collective on `comm`.

  @param[in]  comm       every rank that will need the parameters
  @param[in]  path       the YAML file; NULL for an empty deck (only overrides and defaults)
  @param[in]  overrides  `key=value` texts.  They are checked like the deck and reported as `command
                         line:N:`; N counts them from 1.  `protocol=...` and other trees take flow
                         YAML.  An index reaches into a list: `protocol.0.staircase.hold=1 s`
  @param[in]  count      of overrides
  @param[out] deck       free with NakDeckDestroy()

  Errors: PETSC_ERR_FILE_OPEN or _READ for a missing file, a directory, or a file larger than 16
  MiB.  What YAML itself refuses (syntax, duplicate keys, anchors and aliases, nesting deeper than
  32) is collected as an error of the user.
*/
PetscErrorCode NakDeckCreate(MPI_Comm comm, const char *path, const char *const overrides[],
                             PetscInt count, NakDeck *deck);

/** Free the deck and set `*deck` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakDeckDestroy(NakDeck *deck);

/**
  Check the deck against the schema and fill every struct on every rank.  Collective.

  An entry in error keeps its default.  A key that no row knows is an error, with the nearest known
  key as suggestion.  If YAML could not read the deck to its end, nothing is reported as missing.

  Errors: PETSC_ERR_PLIB for a schema in error, such as a default out of its bounds.
*/
PetscErrorCode NakDeckFill(NakDeck deck, const NakSection schema[]);

/**
  Name the entries that only decks of another kind have.  NakDeckFill() can then say of such an
  entry why it is refused.  `others` and `kind`, such as "model: alloy", must outlive the call of
  NakDeckFill().
*/
void NakDeckSetOthers(NakDeck deck, const NakSection others[], const char *kind);

/** An entry that decks once had: `advice` says what to write today.  An entry with a `unit` is
    still there, and once took quantities of that unit.  A table ends with a row whose `key` is
    NULL. */
typedef struct {
  const char *key, *unit, *advice;
} NakFormer;

/** Have NakDeckFill() give advice on former entries; `former` must outlive the call of that. */
void NakDeckSetFormer(NakDeck deck, const NakFormer former[]);

/**
  Print the errors collected since the last report to standard error, in the order of the file.  Of
  many, the first 100 found are printed.  The count is of all errors, those of earlier reports
  included.  Collective; the count is the same on every rank.
*/
PetscErrorCode NakDeckReport(NakDeck deck, PetscInt *count);

/** Collect an error at `node` (NULL: at the deck as a whole).  Rank 0 only. */
PetscErrorCode NakDeckError(NakDeck deck, NakNode node, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** Raise "N errors in ..." as PETSC_ERR_USER_INPUT unless `count` is 0.  Collective. */
PetscErrorCode NakRefuseErrors(MPI_Comm comm, PetscInt count, const char where[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** Errors collected so far.  Rank 0 only. */
PetscInt NakDeckErrorCount(NakDeck deck);

/** Entries that do not fit together.  The check of a module, NakXCheck(), is pure and fills such a
    list.  The commands `check` and `run` use the same check, and so does the creation of what the
    parameters describe. */
enum { NAK_CHECK_ITEMS = 32 }; /* more are left out */
typedef struct {
  const char *key;     /**< of the entry or section to change */
  PetscBool   warning; /**< no error, but perhaps not meant */
  char        text[3 * NAK_TEXT_SIZE];
} NakCheckItem;
typedef struct {
  PetscInt     n;
  NakCheckItem items[NAK_CHECK_ITEMS];
} NakCheckList;

/** Add an error at `key`. */
void NakCheckError(NakCheckList *list, const char *key, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** Add a warning at `key`. */
void NakCheckWarning(NakCheckList *list, const char *key, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** Add an error unless the lengths of time steps in `section` are in ascending order; `unit` as in
    " s". */
void NakCheckSteps(NakCheckList *list, const char *section, const char *unit, PetscReal shortest,
                   PetscReal first, PetscReal longest);

/** Raise the first error of the list, if any, as PETSC_ERR_USER_INPUT on `comm`. */
PetscErrorCode NakCheckRaise(MPI_Comm comm, const NakCheckList *list);

/** Collect the errors of the list at their places in the deck, and print its warnings.  An entry
    that the deck lacks is reported at the section above it, with the note that the default holds.
    Rank 0 only. */
PetscErrorCode NakDeckReportChecks(NakDeck deck, const NakCheckList *list);

/** Entries that have an effect only while the entry `key` has one of the `values`. */
typedef struct {
  const char *entries;      /**< "a|b"; NULL ends a table */
  const char *key, *values; /**< "a|b" of a choice, or "!0": any number but that */
} NakNeed;

/** Warn of entries that the deck sets to another value than the default, and that have no
    effect.  For a deck that is filled; rank 0 only. */
void NakDeckWarnIdle(NakDeck deck, const NakSection schema[], const NakNeed needs[],
                     NakCheckList *list);

/** Print a warning at once on standard error, for what is no error but may not be meant.  The deck
    stays good.  Rank 0 only. */
PetscErrorCode NakDeckWarn(NakDeck deck, NakNode node, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** The lines of all warnings so far, "" for none.  Rank 0 only.  Owned by the deck; valid until the
    next warning. */
const char *NakDeckWarnings(NakDeck deck);

/** The deck's file name, or "command line" without one.  Every rank. */
const char *NakDeckPath(NakDeck deck);

/** The ranks that share the deck.  Every rank. */
MPI_Comm NakDeckComm(NakDeck deck);

/**
  Write the deck as resolved: every entry of the schema in SI units, in the schema's order.  Trees
  are written as they were given, with overrides and NakNodeSetText() applied.  The result is a
  valid deck that resolves to itself.  Rank 0 only.
*/
PetscErrorCode NakDeckWriteResolved(NakDeck deck, const NakSection schema[], FILE *file);

/** Write the file of the deck as it was read, without overrides.  Rank 0 only. */
PetscErrorCode NakDeckWriteOriginal(NakDeck deck, FILE *file);

/** Write the entries of a schema that are no trees, in SI units, each as a line `key: value`.
    Local: any rank may call it. */
PetscErrorCode NakSchemaWriteValues(const NakSection schema[], FILE *file);

/** Write the manual of the schema: text for a terminal, a Markdown table, or a JSON Schema. */
typedef enum { NAK_HELP_TEXT, NAK_HELP_MARKDOWN, NAK_HELP_JSON } NakHelpFormat;
PetscErrorCode NakDeckWriteHelp(const NakSection schema[], NakHelpFormat format, FILE *file);

/** Write one entry as the text for a terminal has it: key, meaning, value, bounds and default.
    Local. */
PetscErrorCode NakParamWriteHelp(const NakParam *row, FILE *file);

/* ---- Trees, for the modules that own one.  Rank 0 only, no messages. ---- */

typedef enum { NAK_NODE_SCALAR, NAK_NODE_LIST, NAK_NODE_MAP } NakNodeKind;

/** The node of a dotted key, or NULL if the deck has none. */
NakNode NakDeckFind(NakDeck deck, const char *key);

NakNodeKind NakNodeKindOf(NakNode node);

/** Entries of a list or a map; 0 for a scalar. */
PetscInt NakNodeCount(NakNode node);

/** Entry `i` of a list or a map, in the order of the file; `key` (or NULL) receives a map's key. */
NakNode NakNodeItem(NakNode node, PetscInt i, const char **key);

/** The entry `key` of a map, or NULL. */
NakNode NakNodeFind(NakNode map, const char *key);

/** A scalar's text; "" for a list or a map. */
const char *NakNodeText(NakNode node);

/** Make `text` the text of a scalar of a deck, in the resolved deck, too.  The owner found what the
    scalar means. */
PetscErrorCode NakNodeSetText(NakNode scalar, const char *text);

/** Add an entry to a map within a list or a map, in the resolved deck, too.  The owner found its
    value. */
PetscErrorCode NakNodeAdd(NakNode map, const char *key, const char *text);

/** Read a quantity within bounds [unit]; an error is collected and `*ok` is false. */
PetscErrorCode NakDeckQuantity(NakDeck deck, NakNode node, const char *unit, PetscReal lower,
                               PetscReal upper, PetscReal *value, PetscBool *ok);

/** Read a whole number within bounds; an error is collected and `*ok` is false. */
PetscErrorCode NakDeckWhole(NakDeck deck, NakNode node, PetscInt lower, PetscInt upper,
                            PetscInt *value, PetscBool *ok);

/** Collect an error for every key of `map` that is not in `words` ("a|b|c").  Each names the
    nearest word, or all words if none is near. */
PetscErrorCode NakDeckKnownKeys(NakDeck deck, NakNode map, const char *words);
