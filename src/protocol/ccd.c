/* The critical-current test, written out as blocks of cycles. */
#include "items.h"

/* A critical-current test, as its map says it. */
typedef struct {
  PetscReal from, to, step, factor; /* currents; step or factor is 0 */
  PetscReal charge, time;           /* of a half-cycle; one is 0 */
  PetscReal rest, pause;            /* after a half-cycle, after all at a current; 0 for none */
  PetscReal drop;                   /* of the voltage, which is failure; 0 for none */
  PetscInt  cycles;                 /* at a current */
  PetscBool spectra;                /* one after each current */
} Test;

/* One of two entries, which must be there alone. */
static PetscErrorCode NeedOneOf(NakParser *parser, NakNode map, const char *a, const char *b,
                                NakNode found[2])
{
  PetscFunctionBeginUser;
  found[0] = NakNodeFind(map, a);
  found[1] = NakNodeFind(map, b);
  if ((found[0] == NULL) == (found[1] == NULL))
    PetscCall(NakDeckError(parser->deck, map, "'ccd' takes '%s' or '%s', one of them", a, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A quantity above 0, if the deck has it. */
static PetscErrorCode ParseAbove(NakParser *parser, NakNode node, const char *unit, PetscReal least,
                                 PetscReal *value)
{
  PetscBool ok;

  PetscFunctionBeginUser;
  if (node == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckQuantity(parser->deck, node, unit, least, PETSC_INFINITY, value, &ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadTest(NakParser *parser, NakNode node, Test *t)
{
  const PetscReal   least = 1e-9, growth = 1.001;
  const NakNode     cycles = NakNodeFind(node, "cycles"), spectrum = NakNodeFind(node, "impedance");
  NakNode           larger[2], half[2];
  PetscBool         ok;
  const char *const ends[]     = {"from", "to"};
  PetscReal *const  currents[] = {&t->from, &t->to};

  PetscFunctionBeginUser;
  PetscCall(NakDeckKnownKeys(parser->deck, node,
                             "from|to|step|factor|charge|time|cycles|rest|pause|impedance|drop"));
  for (int k = 0; k < 2; k++) {
    NakNode end;

    PetscCall(NakNeedEntry(parser, node, "ccd", ends[k], "0.1 mA/cm^2", &end));
    PetscCall(ParseAbove(parser, end, "A/m^2", least, currents[k]));
  }
  PetscCall(NeedOneOf(parser, node, "step", "factor", larger));
  PetscCall(ParseAbove(parser, larger[0], "A/m^2", least, &t->step));
  PetscCall(ParseAbove(parser, larger[1], "1", growth, &t->factor));
  PetscCall(NeedOneOf(parser, node, "charge", "time", half));
  PetscCall(ParseAbove(parser, half[0], "C/m^2", least, &t->charge));
  PetscCall(ParseAbove(parser, half[1], "s", NAK_SHORTEST, &t->time));
  PetscCall(ParseAbove(parser, NakNodeFind(node, "rest"), "s", NAK_SHORTEST, &t->rest));
  PetscCall(ParseAbove(parser, NakNodeFind(node, "pause"), "s", NAK_SHORTEST, &t->pause));
  PetscCall(ParseAbove(parser, NakNodeFind(node, "drop"), "V", least, &t->drop));
  if (cycles != NULL)
    PetscCall(NakDeckWhole(parser->deck, cycles, 1, NAK_TURNS_MAX, &t->cycles, &ok));
  t->spectra = (PetscBool)(spectrum != NULL);
  if (t->spectra && !NakIsBlank(spectrum))
    PetscCall(NakDeckError(
      parser->deck, spectrum,
      "'impedance:' in a 'ccd' takes no value: it asks for a spectrum after each current"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddRest(NakParser *parser, PetscInt block, PetscReal time)
{
  NakOp    rest = NakOpHold("rest", NAK_HOLD_CURRENT, 0);
  PetscInt index;

  PetscFunctionBeginUser;
  rest.duration = time;
  if (time > 0) PetscCall(NakProgramAdd(parser->program, block, rest, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cycles at one current, the steps after them, and a spectrum. */
static PetscErrorCode AddCycles(NakParser *parser, PetscInt block, const Test *t, PetscReal current)
{
  NakOp    spectrum = NakOpHold("impedance", NAK_HOLD_CURRENT, 0);
  PetscInt cycles, index;

  PetscFunctionBeginUser;
  PetscCall(
    NakProgramAdd(parser->program, block, NakOpBlock("ccd", NAK_OP_PULSES, t->cycles), &cycles));
  for (int sign = 1; sign >= -1; sign -= 2) {
    NakOp half = NakOpHold(sign > 0 ? "strip" : "plate", NAK_HOLD_CURRENT, sign * current);

    half.duration = t->time > 0 ? t->time : t->charge / current;
    PetscCall(NakProgramAdd(parser->program, cycles, half, &index));
    PetscCall(AddRest(parser, cycles, t->rest));
  }
  NakProgramClose(parser->program, cycles);
  PetscCall(AddRest(parser, block, t->pause));
  spectrum.duration = spectrum.spectra = 0;
  if (t->spectra) PetscCall(NakProgramAdd(parser->program, block, spectrum, &index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Blocks like those of pulses, written out: one block for the whole, and in it one for each
   current. */
PetscErrorCode NakParseCcd(NakParser *parser, const NakItemKind *kind, NakNode map, PetscInt parent)
{
  NakProgram     *program = parser->program;
  const PetscInt  before = NakDeckErrorCount(parser->deck), most = 1000;
  const PetscReal rounding = 1e-9;
  NakNode         node     = NakNodeFind(map, kind->key);
  Test            t        = {.cycles = 1};
  NakCondition    drop;
  PetscInt        block, level = 0;
  PetscBool       ok;

  PetscFunctionBeginUser;
  PetscCall(NakNeedMap(parser, node,
                       "ccd: {from: 0.1 mA/cm^2, to: 1 mA/cm^2, step: 0.1 mA/cm^2, charge: 0.25 "
                       "mAh/cm^2, cycles: 3}",
                       &ok));
  if (ok && parent >= 0 && program->ops[parent].depth + 2 >= NAK_REPEATS_DEEP)
    PetscCall(NakDeckError(parser->deck, node, "a 'ccd' can stand inside of at most %d repeats",
                           NAK_REPEATS_DEEP - 2));
  if (ok) PetscCall(ReadTest(parser, node, &t));
  if (ok && t.from > t.to)
    PetscCall(NakDeckError(parser->deck, node,
                           "'ccd' goes from 'from' up to 'to', and 'to' is "
                           "the smaller one"));
  if (!ok || NakDeckErrorCount(parser->deck) > before) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
    NakProgramAdd(parser->program, parent, NakOpBlock(kind->key, NAK_OP_PULSES, 1), &block));
  PetscCall(NakParseUntil(parser, NakNodeFind(map, "until"), block));
  if (t.drop > 0) {
    NakConditionSet(NAK_SIGNAL_VOLTAGE_DROP, '>', t.drop, "drop", &drop);
    PetscCall(NakProgramAddCondition(parser->program, &drop, block));
  }
  for (PetscReal current = t.from; current <= t.to * (1 + rounding) && level < most; level++) {
    PetscCall(AddCycles(parser, block, &t, current));
    current = t.factor > 0 ? current * t.factor : t.from + (PetscReal)(level + 1) * t.step;
  }
  if (level == most)
    PetscCall(NakDeckError(parser->deck, node,
                           "a 'ccd' has %" PetscInt_FMT " currents or more: take a larger 'step' "
                           "or 'factor'",
                           most));
  NakProgramClose(program, block);
  PetscFunctionReturn(PETSC_SUCCESS);
}
