/* Items that hold one thing: a current, a voltage, a ramp, a row of a profile. */
#include "items.h"
#include <nakfield/units.h>
#include <string.h>

/* strip, plate, current */
PetscErrorCode NakParseCurrent(NakParser *parser, const NakItemKind *kind, NakNode map,
                               PetscInt parent)
{
  const PetscBool has_sign = (PetscBool)(strcmp(kind->key, "current") == 0);
  const PetscBool plates   = (PetscBool)(strcmp(kind->key, "plate") == 0);
  PetscReal       value    = 0;
  PetscBool       ok;
  PetscInt        index;

  PetscFunctionBeginUser;
  PetscCall(NakNeedCurrent(parser, map, kind->key, kind->key, &value, &ok));
  if (!has_sign && value < 0) {
    PetscCall(NakDeckError(parser->deck, NakNodeFind(map, kind->key),
                           "'%s' takes the magnitude of the current; for the other direction "
                           "write '%s'",
                           kind->key, plates ? "strip" : "plate"));
  }
  if (plates) value = -value;
  PetscCall(NakProgramAdd(
    parser->program, parent,
    NakOpHold(value < 0 || plates ? "plate" : "strip", NAK_HOLD_CURRENT, value), &index));
  PetscCall(NakParseEnds(parser, kind, map, NakNodeFind(map, "for"), index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A voltage beyond a limit would end the run as soon as it is held. */
static PetscErrorCode CheckVoltage(NakParser *parser, NakNode node, PetscReal value)
{
  const PetscBool high  = (PetscBool)(value >= parser->limits->voltage_max);
  const PetscReal limit = high ? parser->limits->voltage_max : parser->limits->voltage_min;

  PetscFunctionBeginUser;
  if (!high && value > limit) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckError(parser->deck, node,
                         "%g V cannot be held: limits.voltage_%s is %g V and would end the run "
                         "at once",
                         (double)value, high ? "max" : "min", (double)limit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseVoltage(NakParser *parser, const NakItemKind *kind, NakNode map,
                               PetscInt parent)
{
  NakNode   node  = NakNodeFind(map, kind->key);
  PetscReal value = 0;
  PetscBool ok;
  PetscInt  index;

  PetscFunctionBeginUser;
  PetscCall(
    NakDeckQuantity(parser->deck, node, "V", -NAK_VOLTAGE_MAX, NAK_VOLTAGE_MAX, &value, &ok));
  if (ok) PetscCall(CheckVoltage(parser, node, value));
  PetscCall(
    NakProgramAdd(parser->program, parent, NakOpHold(kind->key, NAK_HOLD_VOLTAGE, value), &index));
  PetscCall(NakParseEnds(parser, kind, map, NakNodeFind(map, "for"), index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `rest: 5 s`, or a blank rest with `for` and `until` beside it. */
PetscErrorCode NakParseRest(NakParser *parser, const NakItemKind *kind, NakNode map,
                            PetscInt parent)
{
  NakNode  value = NakNodeFind(map, kind->key), time = NakNodeFind(map, "for");
  PetscInt index;

  PetscFunctionBeginUser;
  if (!NakIsBlank(value)) {
    if (time != NULL) {
      PetscCall(NakDeckError(parser->deck, time,
                             "'rest: %s' says how long already; leave out 'for'",
                             NakNodeText(value)));
    }
    time = value;
  }
  PetscCall(
    NakProgramAdd(parser->program, parent, NakOpHold(kind->key, NAK_HOLD_CURRENT, 0), &index));
  PetscCall(NakParseEnds(parser, kind, map, time, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An end of a ramp: a voltage or a current. */
static PetscErrorCode NeedEnd(NakParser *parser, NakNode map, const char *key, NakHold *hold,
                              PetscReal *value, PetscBool *ok)
{
  char    message[NAK_TEXT_SIZE] = "";
  NakNode node;

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  PetscCall(NakNeedEntry(parser, map, "ramp", key, "1 mA/cm^2", &node));
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakUnitsConvert(NakNodeText(node), "V", value, message, sizeof message));
  *hold = message[0] == '\0' ? NAK_HOLD_VOLTAGE : NAK_HOLD_CURRENT;
  if (*hold == NAK_HOLD_CURRENT)
    PetscCall(
      NakDeckQuantity(parser->deck, node, "A/m^2", -NAK_CURRENT_MAX, NAK_CURRENT_MAX, value, ok));
  else
    PetscCall(
      NakDeckQuantity(parser->deck, node, "V", -NAK_VOLTAGE_MAX, NAK_VOLTAGE_MAX, value, ok));
  if (*ok && *hold == NAK_HOLD_VOLTAGE) PetscCall(CheckVoltage(parser, node, *value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseRamp(NakParser *parser, const NakItemKind *kind, NakNode map,
                            PetscInt parent)
{
  NakNode   node = NakNodeFind(map, kind->key), time = NakNodeFind(map, "for");
  NakHold   hold = NAK_HOLD_CURRENT, other = NAK_HOLD_CURRENT;
  PetscReal from = 0, to = 0;
  PetscBool ok, both;
  PetscInt  index;
  NakOp    *op;

  PetscFunctionBeginUser;
  PetscCall(NakNeedMap(parser, node, "ramp: {from: 0 mA/cm^2, to: 1 mA/cm^2}", &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "from|to"));
  PetscCall(NeedEnd(parser, node, "from", &hold, &from, &ok));
  PetscCall(NeedEnd(parser, node, "to", &other, &to, &both));
  if (ok && both && hold != other)
    PetscCall(NakDeckError(
      parser->deck, node,
      "a ramp is of a current or of a voltage: give 'from' and 'to' as the same quantity"));
  PetscCall(NakProgramAdd(parser->program, parent, NakOpHold(kind->key, hold, from), &index));
  op = &parser->program->ops[index];
  if (time == NULL)
    PetscCall(NakDeckError(parser->deck, map,
                           "'ramp' needs its duration next to it, for instance 'for: 1 h'"));
  else
    PetscCall(NakParseTime(parser, time, &op->duration));
  op->slope = (to - from) / op->duration;
  PetscCall(NakParseUntil(parser, NakNodeFind(map, "until"), index));
  PetscCall(NakParseSpectra(parser, map, op));
  PetscCall(NakParseTemperature(parser, map, op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `impedance:` or `temperature:` as an item of its own: a hold without length. */
PetscErrorCode NakParseMoment(NakParser *parser, const NakItemKind *kind, NakNode map,
                              PetscInt parent)
{
  NakNode  node = NakNodeFind(map, kind->key);
  NakOp    hold = NakOpHold(kind->key, NAK_HOLD_CURRENT, 0);
  PetscInt index;

  PetscFunctionBeginUser;
  hold.duration = 0;
  if (strcmp(kind->key, "impedance") == 0) {
    hold.spectra = 0;
    if (!NakIsBlank(node))
      PetscCall(NakDeckError(
        parser->deck, node,
        "as a separate item, 'impedance:' takes no value; '{every: 35 s}' belongs to the item that "
        "is held meanwhile, and frequencies to the section 'impedance' of the deck"));
  } else if (NakNodeKindOf(node) == NAK_NODE_MAP) {
    PetscCall(NakDeckError(parser->deck, node,
                           "a ramp of the temperature belongs to the item that is held meanwhile: "
                           "write '{rest: 50 min, temperature: {to: 0 degC, for: 50 min}}'"));
  } else {
    PetscCall(NakParseKelvin(parser, node, &hold.to));
  }
  PetscCall(NakProgramAdd(parser->program, parent, hold, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}
