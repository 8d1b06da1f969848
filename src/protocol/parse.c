/* From the deck's tree to a program: the kinds of items, and lists of them. */
#include "items.h"
#include <nakfield/units.h>
#include <string.h>

/* The last two may also stand beside another one: then that one is the item. */
static const NakItemKind kinds[] = {
  {"strip",       "strip|for|until|impedance|temperature",   NakParseCurrent  },
  {"plate",       "plate|for|until|impedance|temperature",   NakParseCurrent  },
  {"current",     "current|for|until|impedance|temperature", NakParseCurrent  },
  {"voltage",     "voltage|for|until|impedance|temperature", NakParseVoltage  },
  {"rest",        "rest|for|until|impedance|temperature",    NakParseRest     },
  {"staircase",   "staircase|until|impedance",               NakParseStaircase},
  {"pulses",      "pulses|until",                            NakParsePulses   },
  {"ccd",         "ccd|until",                               NakParseCcd      },
  {"profile",     "profile|until",                           NakParseProfile  },
  {"ramp",        "ramp|for|until|impedance|temperature",    NakParseRamp     },
  {"repeat",      "repeat|steps|until",                      NakParseRepeat   },
  {"impedance",   "impedance",                               NakParseMoment   },
  {"temperature", "temperature",                             NakParseMoment   },
  {NULL,          NULL,                                      NULL             }
};
static const char every_key[] =
  "strip|plate|current|voltage|rest|staircase|pulses|ccd|profile|ramp|repeat|steps|for|"
  "until|impedance|temperature";

static PetscBool StandsBeside(const NakItemKind *kind)
{
  return (PetscBool)(kind->parse == NakParseMoment);
}

/* A map without a kind: either its name is misspelt, or it has only entries that belong beside
   one. */
static PetscErrorCode ReportOfKind(NakParser *parser, NakNode map)
{
  PetscBool foreign = PETSC_FALSE;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < NakNodeCount(map); k++) {
    const char *key;

    (void)NakNodeItem(map, k, &key);
    if (strcmp(key, "for") != 0 && strcmp(key, "until") != 0 && strcmp(key, "steps") != 0) {
      foreign = PETSC_TRUE;
    }
  }
  if (foreign) {
    PetscCall(NakDeckKnownKeys(parser->deck, map, every_key));
  } else {
    PetscCall(NakDeckError(
      parser->deck, map,
      "this item does not say what is held: it needs one of strip, plate, current, voltage, rest, "
      "staircase, pulses, ccd, profile, ramp, repeat, impedance, temperature; if it belongs to the "
      "item above it, remove its '- '"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A hold with conditions that cannot come true, or may not come true.  Stripping ends by a limit
   once the Na is gone. */
static PetscErrorCode CheckEnd(NakParser *parser, const NakItemKind *kind, NakNode map,
                               PetscInt index)
{
  const NakOp          *op      = &parser->program->ops[index];
  const NakControl      held    = op->control;
  const NakReachability reached = NakHoldReachability(parser->program, index);
  const char           *what    = "the current and the direction of the charge stay as they are";

  PetscFunctionBeginUser;
  if (held.hold == NAK_HOLD_VOLTAGE) what = "the voltage stays as it is";
  if (held.hold == NAK_HOLD_CURRENT && held.value == 0)
    what = "no current flows and the capacity stays as it is";
  if (reached == NAK_NEVER)
    PetscCall(NakDeckError(parser->deck, map,
                           "nothing ends this '%s': while it lasts, %s, the temperature %s, and "
                           "'until' has no other condition; add 'for: 1 s'",
                           kind->key, what, op->ramp > 0 ? "goes its ramp" : "stays"));
  else if (reached == NAK_PERHAPS && !(held.hold == NAK_HOLD_CURRENT && held.value > 0))
    PetscCall(NakDeckWarn(
      parser->deck, map,
      "this '%s' never ends if none of its conditions comes true; add a 'for' to end it",
      kind->key));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An item that is no map. */
static PetscErrorCode ReportOfForm(NakParser *parser, NakNode item)
{
  const NakItemKind *kind = kinds;

  PetscFunctionBeginUser;
  while (kind->key != NULL &&
         (NakNodeKindOf(item) != NAK_NODE_SCALAR || strcmp(NakNodeText(item), kind->key) != 0))
    kind++;
  if (kind->key != NULL)
    PetscCall(NakDeckError(parser->deck, item, "a colon is missing: write '%s:'", kind->key));
  else
    PetscCall(NakDeckError(parser->deck, item,
                           "an item of the protocol must be a key with a value, for instance "
                           "'rest: 5 s' or '{strip: 1 mA/cm^2, for: 1 s}'"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParseItem(NakParser *parser, NakNode map, PetscInt parent)
{
  const NakItemKind *found  = NULL;
  const PetscInt     before = NakDeckErrorCount(parser->deck), index = parser->program->n_ops;

  PetscFunctionBeginUser;
  if (NakNodeKindOf(map) != NAK_NODE_MAP) {
    PetscCall(ReportOfForm(parser, map));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (const NakItemKind *kind = kinds; kind->key != NULL; kind++) {
    if (NakNodeFind(map, kind->key) == NULL) continue;
    if (found != NULL && StandsBeside(kind) && !StandsBeside(found)) continue;
    if (found != NULL) {
      PetscCall(NakDeckError(parser->deck, NakNodeFind(map, kind->key),
                             "this item is a '%s' already; begin '%s' as a separate item",
                             found->key, kind->key));
      PetscFunctionReturn(PETSC_SUCCESS);
    }
    found = kind;
  }
  if (found == NULL) {
    PetscCall(ReportOfKind(parser, map));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakDeckKnownKeys(parser->deck, map, found->words));
  PetscCall(found->parse(parser, found, map, parent));
  if (NakDeckErrorCount(parser->deck) == before && parser->program->ops[index].kind == NAK_OP_HOLD)
    PetscCall(CheckEnd(parser, found, map, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseList(NakParser *parser, NakNode list, const char *owner, PetscInt parent)
{
  PetscFunctionBeginUser;
  if (NakNodeKindOf(list) != NAK_NODE_LIST || NakNodeCount(list) == 0) {
    PetscCall(NakDeckError(parser->deck, list,
                           "'%s' must be a list with at least one item: begin each with '- '",
                           owner));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt k = 0; k < NakNodeCount(list); k++) {
    PetscCall(ParseItem(parser, NakNodeItem(list, k, NULL), parent));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProgramParse(NakDeck deck, const NakLimits *limits, NakProgram *program)
{
  NakParser parser = {.deck = deck, .limits = limits, .program = program};
  NakNode   list   = NakDeckFind(deck, "protocol");

  PetscFunctionBeginUser;
  *program = (NakProgram){0};
  if (list == NULL) PetscFunctionReturn(PETSC_SUCCESS); /* NakDeckFill() says that it is missing */
  PetscCall(NakUnitsOpen());
  PetscCall(NakParseList(&parser, list, "protocol", -1));
  PetscCall(NakUnitsClose());
  NakProgramMeasure(program);
  PetscFunctionReturn(PETSC_SUCCESS);
}
