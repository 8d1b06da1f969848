/* Entries that several kinds of items have; the contract is in items.h. */
#include "items.h"
#include <string.h>

#define LONGEST 1e12 /* duration that can be asked for [s]: 30,000 years */

static PetscErrorCode AddCondition(NakParser *parser, NakNode node, PetscInt index)
{
  NakProgram  *program = parser->program;
  NakCondition condition;
  PetscBool    ok;

  PetscFunctionBeginUser;
  PetscCall(NakConditionParse(parser->deck, node, parser->limits, &condition, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  if (program->ops[index].kind == NAK_OP_HOLD && condition.signal == NAK_SIGNAL_TIME) {
    program->ops[index].duration = PetscMin(program->ops[index].duration, condition.bound);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakProgramAddCondition(program, &condition, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseUntil(NakParser *parser, NakNode until, PetscInt index)
{
  const PetscBool list  = (PetscBool)(until != NULL && NakNodeKindOf(until) == NAK_NODE_LIST);
  const PetscInt  count = list ? NakNodeCount(until) : until != NULL;

  PetscFunctionBeginUser;
  if (list && count == 0)
    PetscCall(
      NakDeckError(parser->deck, until, "'until' is empty; give it a condition or leave it out"));
  for (PetscInt k = 0; k < count; k++)
    PetscCall(AddCondition(parser, list ? NakNodeItem(until, k, NULL) : until, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeedEntry(NakParser *parser, NakNode map, const char *owner, const char *key,
                            const char *example, NakNode *node)
{
  PetscFunctionBeginUser;
  *node = NakNodeFind(map, key);
  if (*node == NULL) {
    PetscCall(NakDeckError(parser->deck, map, "'%s' needs '%s', for instance '%s: %s'", owner, key,
                           key, example));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeedCurrent(NakParser *parser, NakNode map, const char *owner, const char *key,
                              PetscReal *value, PetscBool *ok)
{
  NakNode node;

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  PetscCall(NakNeedEntry(parser, map, owner, key, "1 mA/cm^2", &node));
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
    NakDeckQuantity(parser->deck, node, "A/m^2", -NAK_CURRENT_MAX, NAK_CURRENT_MAX, value, ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseTime(NakParser *parser, NakNode node, PetscReal *seconds)
{
  PetscReal value = 1;
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(NakDeckQuantity(parser->deck, node, "s", NAK_SHORTEST, LONGEST, &value, &ok));
  if (ok) *seconds = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeedTime(NakParser *parser, NakNode map, const char *owner, const char *key,
                           PetscReal *seconds)
{
  NakNode node;

  PetscFunctionBeginUser;
  PetscCall(NakNeedEntry(parser, map, owner, key, "1 s", &node));
  if (node != NULL) PetscCall(NakParseTime(parser, node, seconds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeedMap(NakParser *parser, NakNode node, const char *example, PetscBool *ok)
{
  PetscFunctionBeginUser;
  *ok = (PetscBool)(NakNodeKindOf(node) == NAK_NODE_MAP);
  if (!*ok) PetscCall(NakDeckError(parser->deck, node, "write it as '%s'", example));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakIsBlank(NakNode node)
{
  const char *text = NakNodeText(node);

  if (NakNodeKindOf(node) != NAK_NODE_SCALAR) return PETSC_FALSE;
  return (PetscBool)(text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

PetscErrorCode NakParseSpectra(NakParser *parser, NakNode map, NakOp *hold)
{
  NakNode   node = NakNodeFind(map, "impedance");
  PetscBool ok;

  PetscFunctionBeginUser;
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakNeedMap(parser, node, "impedance: {every: 35 s}", &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckKnownKeys(parser->deck, node, "every"));
  PetscCall(NakNeedTime(parser, node, "impedance", "every", &hold->spectra));
  if (hold->spectra > hold->duration * (1 + NAK_SAME_TIME))
    PetscCall(NakDeckWarn(parser->deck, node,
                          "a spectrum every %g s, and the item lasts %g s: there will be none; "
                          "lower 'every'",
                          (double)hold->spectra, (double)hold->duration));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseKelvin(NakParser *parser, NakNode node, PetscReal *kelvin)
{
  const NakLimits *limits = parser->limits;
  const PetscBool  known  = (PetscBool)(limits->hottest > 0); /* not if the material has errors */
  const PetscReal  zero   = 273.15;
  PetscReal        value  = 0, liquid;
  PetscBool        ok, outside;

  PetscFunctionBeginUser;
  PetscCall(NakDeckQuantity(parser->deck, node, "K", known ? -PETSC_INFINITY : 1, PETSC_INFINITY,
                            &value, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  outside = (PetscBool)(known && (value < limits->coldest || value > limits->hottest));
  liquid  = limits->liquid != NULL && !outside ? limits->liquid(limits->alloy, value) : value;
  if (outside)
    PetscCall(NakDeckError(parser->deck, node,
                           "a temperature of %g K is outside of what the alloy's energies hold "
                           "for: %g K to %g K, that is %g degC to %g degC",
                           (double)value, (double)limits->coldest, (double)limits->hottest,
                           (double)(limits->coldest - zero), (double)(limits->hottest - zero)));
  else if (value < liquid)
    PetscCall(NakDeckError(parser->deck, node,
                           "at %g K the alloy is all solid, and a cell needs liquid: ask for "
                           "%.6g K (%.4g degC) or more, or change alloy.potassium, alloy.solids "
                           "or alloy.compounds",
                           (double)value, (double)liquid, (double)(liquid - zero)));
  else
    *kelvin = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ramp and the hold are equally long if they differ by rounding; longer ramps are reported. */
static PetscErrorCode FitRamp(NakParser *parser, NakNode node, NakOp *hold)
{
  PetscFunctionBeginUser;
  if (PetscAbsReal(hold->ramp - hold->duration) <= NAK_SAME_TIME * hold->ramp)
    hold->ramp = hold->duration;
  if (hold->ramp > hold->duration)
    PetscCall(
      NakDeckWarn(parser->deck, node,
                  "the ramp takes %g s and belongs to an item of %g s: the temperature then "
                  "stays, and does not reach %g K",
                  (double)hold->ramp, (double)hold->duration, (double)hold->to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseTemperature(NakParser *parser, NakNode map, NakOp *hold)
{
  const NakNode node = NakNodeFind(map, "temperature");
  NakNode       to;

  PetscFunctionBeginUser;
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (NakNodeKindOf(node) != NAK_NODE_MAP) {
    PetscCall(NakParseKelvin(parser, node, &hold->to));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(NakDeckKnownKeys(parser->deck, node, "to|for"));
  PetscCall(NakNeedEntry(parser, node, "temperature", "to", "0 degC", &to));
  if (to != NULL) PetscCall(NakParseKelvin(parser, to, &hold->to));
  PetscCall(NakNeedTime(parser, node, "temperature", "for", &hold->ramp));
  PetscCall(FitRamp(parser, node, hold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakParseEnds(NakParser *parser, const NakItemKind *kind, NakNode map, NakNode time,
                            PetscInt index)
{
  NakNode until = NakNodeFind(map, "until");

  PetscFunctionBeginUser;
  if (time == NULL && until == NULL) {
    PetscCall(NakDeckError(parser->deck, map,
                           "nothing ends this '%s'; give it 'for: 1 s', 'until: voltage > 3 V', "
                           "or both",
                           kind->key));
  }
  if (time != NULL) PetscCall(NakParseTime(parser, time, &parser->program->ops[index].duration));
  PetscCall(NakParseUntil(parser, until, index));
  PetscCall(NakParseSpectra(parser, map, &parser->program->ops[index]));
  PetscCall(NakParseTemperature(parser, map, &parser->program->ops[index]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
