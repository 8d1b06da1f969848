/* From YAML to a tree, with libyaml's events; the contract is in deck_impl.h. */
#include "deck_impl.h"

#include <string.h>
#include <yaml.h>

typedef struct {
  yaml_parser_t yaml;
  NakDeck       deck;
  const char   *text;
  size_t        length;
  PetscInt      source;
  PetscInt      depth; /* of nesting, now */
  PetscInt      nodes; /* so far */
  PetscBool     stopped;
} Reader;

static PetscErrorCode ReadNode(Reader *reader, const yaml_event_t *event, NakTree parent,
                               const char *key);

static NakSource PlaceOf(const Reader *reader, yaml_mark_t mark)
{
  return (NakSource){
    .source = reader->source, .line = (PetscInt)mark.line + 1, .column = (PetscInt)mark.column + 1};
}

static NakSource PlaceOfByte(const Reader *reader, size_t offset)
{
  NakSource place = {.source = reader->source, .line = 1, .column = 1};

  for (size_t i = 0; i < offset && i < reader->length; i++) {
    if (reader->text[i] == '\n') {
      place.line++;
      place.column = 1;
    } else if (((unsigned char)reader->text[i] & 0xC0) != 0x80) {
      place.column++;
    }
  }
  return place;
}

/* Whether there is a tab at the mark.  It is the commonest cause of YAML's least helpful
   message. */
static PetscBool TabAt(const Reader *reader, yaml_mark_t mark)
{
  const char *const end   = reader->text + reader->length;
  const char       *place = reader->text;

  for (size_t line = 0; line < mark.line && place != NULL; line++) {
    place = memchr(place, '\n', (size_t)(end - place));
    if (place != NULL) place++;
  }
  if (place == NULL || mark.column >= (size_t)(end - place)) return PETSC_FALSE;
  return (PetscBool)(place[mark.column] == '\t');
}

/* What to look for if libyaml says this; empty for other problems. */
static const char *Remedy(const char *problem)
{
  static const char *const remedies[][2] = {
    {"mapping values are not allowed",
     ": the entries of a section begin in one column, and a text with ': ' in it needs quotes"      },
    {"did not find expected key",
     ": the entries of a section begin in one column, and the items of a list with '- '"            },
    {"did not find expected '-'",         ": the items of a list begin in one column, with '- '"    },
    {"did not find expected ','",         ": is a comma missing, or a bracket not closed?"          },
    {"found unexpected end of stream",    ": is a quote not closed?"                                },
    {"could not find expected ':'",       ": an entry is 'key: value', with a blank after the colon"},
    {"found character that cannot start", ": put such a text in quotes"                             },
  };

  for (size_t k = 0; k < sizeof remedies / sizeof remedies[0]; k++)
    if (strncmp(problem, remedies[k][0], strlen(remedies[k][0])) == 0) return remedies[k][1];
  return "";
}

/* Report what libyaml could not read. */
static PetscErrorCode ReportYaml(Reader *reader)
{
  const yaml_parser_t *yaml    = &reader->yaml;
  const char          *problem = yaml->problem != NULL ? yaml->problem : "it cannot be read";
  const NakSource      place   = PlaceOf(reader, yaml->problem_mark);
  const NakSource      byte    = PlaceOfByte(reader, yaml->problem_offset);

  PetscFunctionBeginUser;
  reader->stopped = PETSC_TRUE;
  PetscCheck(yaml->error != YAML_MEMORY_ERROR, PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory left to read the deck");
  if (yaml->error == YAML_READER_ERROR)
    PetscCall(NakDeckErrorAt(reader->deck, byte,
                             "the deck must be text in UTF-8 without control characters: %s",
                             problem));
  else if (TabAt(reader, yaml->problem_mark))
    PetscCall(
      NakDeckErrorAt(reader->deck, place, "a tab cannot stand here; YAML is indented with blanks"));
  else if (yaml->context != NULL)
    PetscCall(NakDeckErrorAt(reader->deck, place, "YAML: %s, %s%s", problem, yaml->context,
                             Remedy(problem)));
  else
    PetscCall(NakDeckErrorAt(reader->deck, place, "YAML: %s%s", problem, Remedy(problem)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The next event, to be freed with yaml_event_delete(); none once reading has stopped. */
static PetscErrorCode Next(Reader *reader, yaml_event_t *event)
{
  PetscFunctionBeginUser;
  memset(event, 0, sizeof *event);
  if (reader->stopped) PetscFunctionReturn(PETSC_SUCCESS);
  if (!yaml_parser_parse(&reader->yaml, event)) PetscCall(ReportYaml(reader));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Anchors and aliases turn a small file into a huge tree; tags ask for types that no deck has. */
static PetscErrorCode RefuseExtras(Reader *reader, const yaml_event_t *event)
{
  const yaml_char_t *anchor = NULL, *tag = NULL;
  const NakSource    place = PlaceOf(reader, event->start_mark);

  PetscFunctionBeginUser;
  if (event->type == YAML_SCALAR_EVENT) {
    anchor = event->data.scalar.anchor;
    tag    = event->data.scalar.tag;
  } else if (event->type == YAML_SEQUENCE_START_EVENT) {
    anchor = event->data.sequence_start.anchor;
    tag    = event->data.sequence_start.tag;
  } else if (event->type == YAML_MAPPING_START_EVENT) {
    anchor = event->data.mapping_start.anchor;
    tag    = event->data.mapping_start.tag;
  }
  if (event->type == YAML_ALIAS_EVENT)
    PetscCall(NakDeckErrorAt(reader->deck, place,
                             "aliases such as *%.32s are not allowed; write the value itself",
                             (const char *)event->data.alias.anchor));
  if (anchor != NULL)
    PetscCall(NakDeckErrorAt(reader->deck, place, "anchors such as &%.32s are not allowed",
                             (const char *)anchor));
  if (tag != NULL)
    PetscCall(
      NakDeckErrorAt(reader->deck, place, "tags such as %.32s are not allowed", (const char *)tag));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read and forget the node that `event` begins. */
static PetscErrorCode Skip(Reader *reader, const yaml_event_t *event)
{
  const NakSource nowhere = {0};
  NakTree         bin;

  PetscFunctionBeginUser;
  PetscCall(NakTreeCreate(NAK_NODE_LIST, nowhere, &bin));
  PetscCall(ReadNode(reader, event, bin, NULL));
  PetscCall(NakTreeDestroy(&bin));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether `event` is a key that `map` can take. */
static PetscErrorCode CheckKey(Reader *reader, const yaml_event_t *event, NakTree map,
                               PetscBool *good)
{
  const NakSource   place = PlaceOf(reader, event->start_mark);
  const char *const key =
    event->type == YAML_SCALAR_EVENT ? (const char *)event->data.scalar.value : NULL;
  char     shown[NAK_SHOWN_SIZE];
  PetscInt other;

  PetscFunctionBeginUser;
  *good = PETSC_FALSE;
  if (event->type == YAML_NO_EVENT) PetscFunctionReturn(PETSC_SUCCESS);
  if (key == NULL || key[0] == '\0') {
    PetscCall(NakDeckErrorAt(reader->deck, place, "a key must be a word"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  NakTextShow(key, shown, sizeof shown);
  other = NakNodeIndex(map, key);
  if (event->data.scalar.length >= NAK_DECK_KEY_SIZE)
    PetscCall(NakDeckErrorAt(reader->deck, place, "the key '%s' is too long", shown));
  else if (strlen(key) < event->data.scalar.length)
    PetscCall(NakDeckErrorAt(reader->deck, place, "the key '%s' holds a null", shown));
  else if (other >= 0)
    PetscCall(NakDeckErrorAt(reader->deck, place,
                             "duplicate key '%s'; it is already given in line %" PetscInt_FMT,
                             shown, map->items[other]->key_place.line));
  else
    *good = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `{strip: 0,5 mA/cm^2}` reads as strip: 0 and a key `5 mA/cm^2` without a value.  Report it once,
   and take the comma as a decimal point. */
static PetscErrorCode JoinDecimals(Reader *reader, NakTree map)
{
  const PetscInt last = map->count - 1;
  NakTree        value, rest, joined;
  char           text[2 * NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  if (last < 1) PetscFunctionReturn(PETSC_SUCCESS);
  value = map->items[last - 1];
  rest  = map->items[last];
  if (value->kind != NAK_NODE_SCALAR || value->quoted || strlen(value->text) >= NAK_TEXT_SIZE ||
      value->text[strspn(value->text, "+-0123456789")] != '\0' || value->text[0] == '\0' ||
      !NakNodeIsEmpty(rest) || rest->key[0] < '0' || rest->key[0] > '9')
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckErrorAt(reader->deck, value->place,
                           "%s is %s,%s: write a decimal point, not a comma", value->key,
                           value->text, rest->key));
  (void)snprintf(text, sizeof text, "%s.%s", value->text, rest->key);
  PetscCall(NakTreeCreateScalar(text, PETSC_FALSE, value->place, &joined));
  PetscCall(NakTreeReplace(map, last - 1, joined));
  PetscCall(NakTreeDestroy(&map->items[last]));
  map->count--;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read the key that `event` is, and its value. */
static PetscErrorCode ReadEntry(Reader *reader, const yaml_event_t *event, NakTree map)
{
  const PetscInt count = map->count;
  PetscBool      good;
  yaml_event_t   value;

  PetscFunctionBeginUser;
  PetscCall(CheckKey(reader, event, map, &good));
  if (event->type == YAML_SCALAR_EVENT)
    PetscCall(RefuseExtras(reader, event));
  else
    PetscCall(Skip(reader, event));
  PetscCall(Next(reader, &value));
  if (good)
    PetscCall(ReadNode(reader, &value, map, (const char *)event->data.scalar.value));
  else
    PetscCall(Skip(reader, &value));
  yaml_event_delete(&value);
  if (map->count > count) {
    map->items[count]->key_place = PlaceOf(reader, event->start_mark);
    PetscCall(JoinDecimals(reader, map));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read the items of a list, or the entries of a map. */
static PetscErrorCode ReadItems(Reader *reader, NakTree node)
{
  const PetscBool is_map = (PetscBool)(node->kind == NAK_NODE_MAP);
  yaml_event_t    event;
  PetscBool       end = PETSC_FALSE;

  PetscFunctionBeginUser;
  while (!reader->stopped && !end) {
    PetscCall(Next(reader, &event));
    end = (PetscBool)(event.type == (is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT));
    if (!end && !is_map) {
      PetscCall(ReadNode(reader, &event, node, NULL));
    } else if (!end && node->count == NAK_DECK_KEYS) {
      PetscCall(NakDeckErrorAt(reader->deck, PlaceOf(reader, event.start_mark),
                               "more than %d keys in one place", NAK_DECK_KEYS));
      reader->stopped = PETSC_TRUE;
    } else if (!end) {
      PetscCall(ReadEntry(reader, &event, node));
    }
    yaml_event_delete(&event);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadScalar(Reader *reader, const yaml_event_t *event, NakTree parent,
                                 const char *key)
{
  const NakSource place  = PlaceOf(reader, event->start_mark);
  const char     *text   = (const char *)event->data.scalar.value;
  PetscBool       quoted = PETSC_TRUE;
  NakTree         node;

  PetscFunctionBeginUser;
  if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) quoted = PETSC_FALSE;
  if (strlen(text) < event->data.scalar.length)
    PetscCall(NakDeckErrorAt(reader->deck, place, "the text holds a null"));
  PetscCall(NakTreeCreateScalar(text, quoted, place, &node));
  PetscCall(NakTreeAppend(parent, key, node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bounds on the memory and the stack that a file of 16 MiB may need. */
static PetscErrorCode CheckSize(Reader *reader, NakSource place)
{
  PetscFunctionBeginUser;
  reader->nodes++;
  if (reader->depth > NAK_DECK_DEPTH) {
    PetscCall(NakDeckErrorAt(reader->deck, place, "nested deeper than %d", NAK_DECK_DEPTH));
    reader->stopped = PETSC_TRUE;
  } else if (reader->nodes > NAK_DECK_NODES) {
    PetscCall(
      NakDeckErrorAt(reader->deck, place, "the deck holds more than %d values", NAK_DECK_NODES));
    reader->stopped = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read the node that `event` begins and append it to `parent`. */
static PetscErrorCode ReadNode(Reader *reader, const yaml_event_t *event, NakTree parent,
                               const char *key)
{
  const NakSource place  = PlaceOf(reader, event->start_mark);
  const PetscBool is_map = (PetscBool)(event->type == YAML_MAPPING_START_EVENT);
  NakTree         node;

  PetscFunctionBeginUser;
  if (event->type == YAML_NO_EVENT) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(RefuseExtras(reader, event));
  if (event->type == YAML_SCALAR_EVENT) PetscCall(ReadScalar(reader, event, parent, key));
  reader->depth++;
  PetscCall(CheckSize(reader, place));
  if (is_map || event->type == YAML_SEQUENCE_START_EVENT) {
    PetscCall(NakTreeCreate(is_map ? NAK_NODE_MAP : NAK_NODE_LIST, place, &node));
    PetscCall(NakTreeAppend(parent, key, node));
    PetscCall(ReadItems(reader, node));
  }
  reader->depth--;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read one document into the list `holder`; a second one is refused. */
static PetscErrorCode ReadStream(Reader *reader, NakTree holder)
{
  yaml_event_t event;
  PetscBool    end = PETSC_FALSE;

  PetscFunctionBeginUser;
  while (!reader->stopped && !end) {
    PetscCall(Next(reader, &event));
    if (event.type == YAML_STREAM_END_EVENT) {
      end = PETSC_TRUE;
    } else if (event.type == YAML_DOCUMENT_START_EVENT && holder->count > 0) {
      PetscCall(NakDeckErrorAt(reader->deck, PlaceOf(reader, event.start_mark),
                               "a second document begins here; a deck is one document"));
      end = PETSC_TRUE;
    } else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT &&
               event.type != YAML_DOCUMENT_END_EVENT) {
      PetscCall(ReadNode(reader, &event, holder, NULL));
    }
    yaml_event_delete(&event);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckParse(NakDeck deck, const char *text, size_t length, PetscInt source,
                            PetscInt depth, NakTree *root)
{
  const NakSource start  = {.source = source, .line = 1, .column = 1};
  const size_t    mark   = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  Reader          reader = {
             .deck = deck, .text = text + mark, .length = length - mark, .source = source, .depth = depth};
  NakTree holder;

  PetscFunctionBeginUser;
  *root = NULL;
  PetscCheck(yaml_parser_initialize(&reader.yaml), PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory left to read the deck");
  yaml_parser_set_encoding(&reader.yaml, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&reader.yaml, (const unsigned char *)reader.text, reader.length);
  PetscCall(NakTreeCreate(NAK_NODE_LIST, start, &holder));
  PetscCall(ReadStream(&reader, holder));
  yaml_parser_delete(&reader.yaml);
  if (reader.stopped) deck->broken = PETSC_TRUE;
  if (holder->count > 0) {
    *root           = holder->items[0];
    (*root)->parent = NULL;
    holder->count--;
    if (holder->count > 0) holder->items[0] = holder->items[holder->count];
  }
  PetscCall(NakTreeDestroy(&holder));
  PetscFunctionReturn(PETSC_SUCCESS);
}
