/**
  @file
  Inside of the deck: a tree of nodes, each with its place in the file, and the errors found.

  Everything here lives on rank 0 and sends no messages, except for the deck itself.
*/
#pragma once

#include <nakfield/deck.h>
#include <stdarg.h>

#define NAK_DECK_BYTES    ((size_t)16 << 20) /* of a deck; none written by a person comes near */
#define NAK_DECK_DEPTH    32                 /* of nesting */
#define NAK_DECK_NODES    100000             /* in all */
#define NAK_DECK_KEYS     256                /* of one map; keeps the search for duplicates cheap */
#define NAK_DECK_KEY_SIZE 128                /* of one key, the final 0 included */
#define NAK_DECK_ERRORS   100                /* printed; more than that helps nobody */
#define NAK_PATH_SIZE     512                /* of a dotted key in a message */
#define NAK_SHOWN_SIZE    80                 /* of a value in a message */

/** Where something stands; lines and columns count from 1. */
typedef struct {
  PetscInt source; /**< 0 for the file, N for the N-th override */
  PetscInt line, column;
} NakSource;

struct NakNode_private {
  NakNodeKind              kind;
  NakSource                place;
  NakSource                key_place; /**< that of the key in a map, else `place` */
  char                    *key;       /**< NULL at the root and in a list */
  char                    *text;      /**< of a scalar */
  PetscBool                quoted; /**< in the deck: "" is an empty text, a bare nothing is none */
  struct NakNode_private  *parent;
  PetscInt                 index; /**< among the parent's items */
  struct NakNode_private **items;
  PetscInt                 count, capacity;
};
typedef struct NakNode_private *NakTree; /**< a node that may be changed */

typedef struct {
  NakSource place;
  PetscInt  order; /**< in which it was found, if places are equal */
  char     *text;
} NakErrorEntry;

struct NakDeck_private {
  MPI_Comm          comm;
  char             *path; /**< NULL without a file */
  char             *text; /**< rank 0: `length` bytes of the file */
  size_t            length;
  NakTree           root; /**< rank 0: a map, or NULL before one was read */
  NakErrorEntry     errors[NAK_DECK_ERRORS];
  PetscInt          stored;   /**< errors kept */
  PetscInt          found;    /**< errors in all */
  PetscInt          printed;  /**< errors in all when they were last printed */
  PetscBool         units;    /**< rank 0: the database of units is open */
  PetscBool         broken;   /**< rank 0: not read to its end, so nothing can be called missing */
  FILE             *warner;   /**< rank 0: fills `warnings`; NULL before the first */
  char             *warnings; /**< lines */
  size_t            warnings_size;
  const NakSection *others; /**< of other decks, or NULL */
  const char       *kind;   /**< what this deck has that they have not */
  const NakFormer  *former; /**< entries of earlier decks, or NULL */
};

/* ---- node.c ---- */

PetscErrorCode NakTreeCreate(NakNodeKind kind, NakSource place, NakTree *node);

/** Make a scalar of a copy of `text`. */
PetscErrorCode NakTreeCreateScalar(const char *text, PetscBool quoted, NakSource place,
                                   NakTree *node);

PetscErrorCode NakTreeDestroy(NakTree *node);

/** Append `item`, which now belongs to `parent`, under a copy of `key` (NULL in a list).  The place
    of its key is taken to be its own place. */
PetscErrorCode NakTreeAppend(NakTree parent, const char *key, NakTree item);

/** Put `item` in the place of item `i`, which is destroyed.  `item` takes over its key. */
PetscErrorCode NakTreeReplace(NakTree parent, PetscInt i, NakTree item);

/** Set the node of a dotted key, with the maps above it.  `item` then belongs to the tree.  If the
    key contradicts what is there, `item` is destroyed and `*fits` is false. */
PetscErrorCode NakTreeSet(NakTree root, const char *key, NakTree item, PetscBool *fits);

PetscErrorCode NakTreeCopy(NakNode node, NakTree *copy);

/** Index of the entry `key` of a map, or of "0", "1" and so on of a list; else -1. */
PetscInt NakNodeIndex(NakNode node, const char *key);

/** A scalar without a value, as the `grid` of a line `grid:`. */
PetscBool NakNodeIsEmpty(NakNode node);

/** The dotted key of a node, cut to `size`. */
void NakNodePath(NakNode node, char *path, size_t size);

/** The entry `key` of the deck, or the innermost section above it; NULL if it has neither. */
NakNode NakDeckAbove(NakDeck deck, const char *key);

/* ---- text.c ---- */

/** Decode the character at the beginning of `text`, of at most `left` bytes.  Returns its length,
    or 0 if the bytes are no UTF-8. */
size_t NakTextDecode(const char *text, size_t left, unsigned long *code);

/** Whether a character may stand in a deck as it is: neither a control character nor a
    noncharacter. */
PetscBool NakTextPrintable(unsigned long code);

/** Whether a text is UTF-8 that a deck can hold, in one line. */
PetscBool NakTextIsLine(const char *text);

/** Copy `text` for a message: one line, printable, cut to `size` at a whole character. */
void NakTextShow(const char *text, char *shown, size_t size);

/** Write to `file`; whoever has written all asks ferror() once. */
void NakTextPrint(FILE *file, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

/** Write `text` as it is. */
void NakTextPut(FILE *file, const char *text);

/** Split `text` at its first dot.  False if there is no part, or one that does not fit. */
PetscBool NakTextSegment(const char **text, char *segment, size_t size);

/* ---- parse.c ---- */

/**
  Parse YAML from memory into a tree.  Errors are collected, and `*root` is NULL if nothing could be
  read.

  @param[in] text    `length` bytes, no final 0 needed
  @param[in] source  of the places
  @param[in] depth   of nesting at which the tree will hang
*/
PetscErrorCode NakDeckParse(NakDeck deck, const char *text, size_t length, PetscInt source,
                            PetscInt depth, NakTree *root);

/* ---- overrides.c ---- */

/** Apply the N-th override, `key=value`. */
PetscErrorCode NakDeckOverride(NakDeck deck, const char *text, PetscInt number);

/* ---- deck.c ---- */

/** As NakDeckCreate(), from memory; on one rank only: `comm` is PETSC_COMM_SELF. */
PetscErrorCode NakDeckCreateFromText(const char *name, const char *text, size_t length,
                                     const char *const overrides[], PetscInt count, NakDeck *deck);

/* ---- errors.c ---- */

PetscErrorCode NakDeckErrorAt(NakDeck deck, NakSource place, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** Print what was not printed yet, sorted by place. */
PetscErrorCode NakDeckPrintErrors(NakDeck deck, FILE *file);

/** Free all errors. */
PetscErrorCode NakDeckClearErrors(NakDeck deck);

/* ---- value.c ---- */

/** Read the value of a row into `field`.  An error is collected and leaves `field` as it is. */
PetscErrorCode NakDeckReadValue(NakDeck deck, NakNode node, const NakParam *row, void *field);

/** Write the value of a row as a deck spells it. */
void NakDeckFormatValue(const NakParam *row, const void *field, char *text, size_t size);

/** Write a number [unit of the row] with its unit, as the shortest text that reads back the
    same. */
void NakDeckFormatNumber(const NakParam *row, PetscReal value, char *text, size_t size);

/** The value that a row has when the deck is silent, at `field`. */
void NakDeckSetDefault(const NakParam *row, void *field);

/** Room for the value of a row of any type. */
typedef union {
  PetscReal   real;
  PetscInt    whole;
  PetscBool   truth;
  NakFraction fraction;
  char        text[NAK_TEXT_SIZE];
} NakValue;

/** Whether the deck must give the value of a row. */
PetscBool NakParamIsRequired(const NakParam *row);

/** Word `i` of "a|b|c"; false if there are not so many. */
PetscBool NakWordsItem(const char *words, PetscInt i, char *word, size_t size);

/** The number of a word in "a|b|c", -1 if it is none of them. */
PetscInt NakWordsFind(const char *words, const char *wanted);

/** "a, b or c" of "a|b|c". */
void NakWordsList(const char *words, char *text, size_t size);

/** Whether a bound is infinite, and so none. */
PetscBool NakBoundIsOpen(PetscReal bound);

/* ---- json.c ---- */

void NakSchemaWriteJson(const NakSection schema[], FILE *file);

/* ---- resolved.c ---- */

/** Write a tree as block YAML. */
PetscErrorCode NakTreeWrite(NakNode root, FILE *file);
