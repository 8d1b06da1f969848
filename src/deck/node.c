/* The tree of a deck; the contract is in nakfield/deck.h and deck_impl.h. */
#include "deck_impl.h"

#include <stdlib.h>
#include <string.h>

PetscErrorCode NakTreeCreate(NakNodeKind kind, NakSource place, NakTree *node)
{
  PetscFunctionBeginUser;
  PetscCall(PetscNew(node));
  (*node)->kind  = kind;
  (*node)->place = place;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTreeCreateScalar(const char *text, PetscBool quoted, NakSource place,
                                   NakTree *node)
{
  PetscFunctionBeginUser;
  PetscCall(NakTreeCreate(NAK_NODE_SCALAR, place, node));
  PetscCall(PetscStrallocpy(text, &(*node)->text));
  (*node)->quoted = quoted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTreeDestroy(NakTree *node)
{
  PetscFunctionBeginUser;
  if (*node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0; i < (*node)->count; i++) PetscCall(NakTreeDestroy(&(*node)->items[i]));
  PetscCall(PetscFree((*node)->items));
  PetscCall(PetscFree((*node)->key));
  PetscCall(PetscFree((*node)->text));
  PetscCall(PetscFree(*node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The room is doubled each time, so that a long list costs no more than its length. */
static PetscErrorCode GrowItems(NakTree parent)
{
  const PetscInt capacity = parent->capacity > 0 ? 2 * parent->capacity : 4;
  NakTree       *items;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(capacity, &items));
  PetscCall(PetscArraycpy(items, parent->items, parent->count));
  PetscCall(PetscFree(parent->items));
  parent->items    = items;
  parent->capacity = capacity;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTreeAppend(NakTree parent, const char *key, NakTree item)
{
  PetscFunctionBeginUser;
  if (parent->count == parent->capacity) PetscCall(GrowItems(parent));
  if (key != NULL) PetscCall(PetscStrallocpy(key, &item->key));
  item->key_place                = item->place;
  item->parent                   = parent;
  item->index                    = parent->count;
  parent->items[parent->count++] = item;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTreeReplace(NakTree parent, PetscInt i, NakTree item)
{
  NakTree old = parent->items[i];

  PetscFunctionBeginUser;
  item->key        = old->key;
  item->key_place  = item->place;
  item->parent     = parent;
  item->index      = i;
  parent->items[i] = item;
  old->key         = NULL;
  PetscCall(NakTreeDestroy(&old));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTreeCopy(NakNode node, NakTree *copy)
{
  PetscFunctionBeginUser;
  if (node->kind == NAK_NODE_SCALAR) {
    PetscCall(NakTreeCreateScalar(node->text, node->quoted, node->place, copy));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakTreeCreate(node->kind, node->place, copy));
  for (PetscInt i = 0; i < node->count; i++) {
    NakTree item;

    PetscCall(NakTreeCopy(node->items[i], &item));
    PetscCall(NakTreeAppend(*copy, node->items[i]->key, item));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Index given by a text such as "12" in a list of `count`, or -1. */
static PetscInt ListIndex(const char *text, PetscInt count)
{
  const size_t digits = strspn(text, "0123456789");
  long         i      = -1;

  if (digits == 0 || digits > 9 || text[digits] != '\0') return -1;
  i = strtol(text, NULL, 10);
  return i < (long)count ? (PetscInt)i : -1;
}

PetscInt NakNodeIndex(NakNode node, const char *key)
{
  if (node->kind == NAK_NODE_LIST) return ListIndex(key, node->count);
  for (PetscInt i = 0; i < node->count; i++)
    if (strcmp(node->items[i]->key, key) == 0) return i;
  return -1;
}

PetscBool NakNodeIsEmpty(NakNode node)
{
  if (node->kind != NAK_NODE_SCALAR || node->quoted) return PETSC_FALSE;
  return (PetscBool)(node->text[0] == '\0');
}

void NakNodePath(NakNode node, char *path, size_t size)
{
  size_t used;

  path[0] = '\0';
  if (node == NULL || node->parent == NULL) return;
  NakNodePath(node->parent, path, size);
  used = strlen(path);
  if (used > 0 && used + 1 < size) path[used++] = '.';
  if (node->key != NULL) {
    NakTextShow(node->key, path + used, size - used);
    return;
  }
  (void)snprintf(path + used, size - used, "%" PetscInt_FMT, node->index);
}

NakNodeKind NakNodeKindOf(NakNode node)
{
  return node->kind;
}

PetscInt NakNodeCount(NakNode node)
{
  return node->count;
}

NakNode NakNodeItem(NakNode node, PetscInt i, const char **key)
{
  if (key != NULL) *key = node->items[i]->key;
  return node->items[i];
}

NakNode NakNodeFind(NakNode map, const char *key)
{
  const PetscInt i = map->kind == NAK_NODE_MAP ? NakNodeIndex(map, key) : -1;

  return i >= 0 ? map->items[i] : NULL;
}

const char *NakNodeText(NakNode node)
{
  return node->kind == NAK_NODE_SCALAR ? node->text : "";
}

PetscErrorCode NakNodeSetText(NakNode scalar, const char *text)
{
  NakTree const node = scalar->parent->items[scalar->index]; /* the same, to be changed */
  char         *copy;

  PetscFunctionBeginUser;
  PetscCall(PetscStrallocpy(text, &copy));
  PetscCall(PetscFree(node->text));
  node->text   = copy;
  node->quoted = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNodeAdd(NakNode map, const char *key, const char *text)
{
  NakTree item;

  PetscFunctionBeginUser;
  PetscCall(NakTreeCreateScalar(text, PETSC_TRUE, map->place, &item));
  PetscCall(NakTreeAppend(map->parent->items[map->index], key, item));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The node of `key`, or NULL.  `above` is the last node on the way there that the deck has, except
   its root. */
static NakNode Walk(NakDeck deck, const char *key, NakNode *above)
{
  NakNode node = deck->root;
  char    segment[NAK_DECK_KEY_SIZE];

  *above = NULL;
  while (node != NULL && *key != '\0') {
    PetscInt i;

    if (!NakTextSegment(&key, segment, sizeof segment)) return NULL;
    i    = NakNodeIndex(node, segment);
    node = i >= 0 ? node->items[i] : NULL;
    if (node != NULL) *above = node;
  }
  return node;
}

NakNode NakDeckFind(NakDeck deck, const char *key)
{
  NakNode above;

  return Walk(deck, key, &above);
}

NakNode NakDeckAbove(NakDeck deck, const char *key)
{
  NakNode above;

  (void)Walk(deck, key, &above);
  return above;
}

/* The map beneath `node` for the next part of a key; it is made if there is none.  NULL if
   something else is in its place. */
static PetscErrorCode Descend(NakTree node, const char *segment, NakSource place, NakTree *next)
{
  const PetscInt i     = NakNodeIndex(node, segment);
  NakTree        empty = NULL;

  PetscFunctionBeginUser;
  *next = i >= 0 ? node->items[i] : NULL;
  if (node->kind == NAK_NODE_SCALAR || (i < 0 && node->kind == NAK_NODE_LIST))
    PetscFunctionReturn(PETSC_SUCCESS);
  if (i >= 0 && !NakNodeIsEmpty(node->items[i])) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakTreeCreate(NAK_NODE_MAP, place, &empty));
  if (i >= 0)
    PetscCall(NakTreeReplace(node, i, empty));
  else
    PetscCall(NakTreeAppend(node, segment, empty));
  *next = empty;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTreeSet(NakTree root, const char *key, NakTree item, PetscBool *fits)
{
  NakTree  node = root;
  char     segment[NAK_DECK_KEY_SIZE];
  PetscInt i;

  PetscFunctionBeginUser;
  while (node != NULL && NakTextSegment(&key, segment, sizeof segment) && *key != '\0')
    PetscCall(Descend(node, segment, item->place, &node));
  i     = node != NULL ? NakNodeIndex(node, segment) : -1;
  *fits = PETSC_TRUE;
  if (i >= 0)
    PetscCall(NakTreeReplace(node, i, item));
  else if (node != NULL && node->kind == NAK_NODE_MAP)
    PetscCall(NakTreeAppend(node, segment, item));
  else {
    PetscCall(NakTreeDestroy(&item));
    *fits = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
