/* Runs of the phases of the alloy on a box, with the deck and the run directory of all runs. */
#include "sim_impl.h"

#define VECTORS 3    /* of a checkpoint */
#define FIELDS  11   /* of a frame, at most */
#define EMPTY   20   /* -mu / RT of a liquid that holds no A any more */
#define CONTACT 1e-3 /* of the bottom: less is none */

typedef struct {
  NakMixBox    box;
  NakMixRecord record;     /* of the present moment */
  PetscReal    balance[2]; /* of A and of B, the largest so far */
} Alloy;

/* ---- Before ---- */

static void Check(NakSim s, NakCheckList *list)
{
  NakMixCheck(&s->params.mix, list);
  NakOutputCheck(&s->params.output, s->params.mix.end, list);
}

static PetscErrorCode Read(NakSim s, PetscInt *wrong)
{
  NakMixParams *p = &s->params.mix;

  PetscFunctionBeginUser;
  s->params.model.alloy.compounds = PETSC_TRUE; /* such a deck has no entry for them */
  PetscCall(NakAlloyComplete(s->deck, &s->params.model.alloy, &s->params.model.material, wrong));
  p->alloy    = s->params.model.alloy;
  p->material = s->params.model.material;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static NakSimSize Size(NakSim s, PetscInt ranks)
{
  const NakMixParams *p     = &s->params.mix;
  const PetscReal     n     = (PetscReal)NakMixPhases(p);
  const PetscReal     cells = (PetscReal)p->n[0] * (PetscReal)p->n[1] * (PetscReal)p->n[2];
  const NakGridParams grid  = NakMixGrid(p);

  return (NakSimSize){
    .n        = {p->n[0], p->n[1], p->n[2]},
    .what     = "cells",
    .entries  = "microstructure.nx, ny or nz",
    .ranks    = NakStateUsefulRanks(&grid, ranks),
    .unknowns = n * cells,
    .longest  = n * cells,
    .bytes    = NakMixMemory(p),
    .frame    = FIELDS * (PetscReal)sizeof(PetscReal) * cells,
    .file     = VECTORS * (PetscReal)sizeof(PetscReal) * n * cells,
  };
}

/* What ends a run early, or NULL. */
static const char *Cut(const NakMixParams *p, const NakMixRecord *r)
{
  const PetscReal empty = -EMPTY * NAK_GAS_CONSTANT * r->temperature;

  if (p->current != 0 && r->contact < CONTACT) return "the bottom has lost contact with the liquid";
  return p->current > 0 && r->mu_min < empty ? "the liquid at the bottom is empty" : NULL;
}

/* Where the box is. */
static PetscErrorCode Refresh(NakSim s)
{
  Alloy *const              a = s->data;
  const NakMixRecord *const r = &a->record;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxMeasure(a->box, &a->record));
  NakSimMarch(s, r->time, r->dt, s->params.mix.end, r->steps, Cut(&s->params.mix, r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(NakSim s)
{
  Alloy *const a = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxCreate(s->comm, &s->params.mix, &a->box));
  PetscCall(NakMixBoxSeed(a->box));
  PetscCall(Refresh(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(NakSim s)
{
  Alloy *const a = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxDestroy(&a->box));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Checkpoint(NakSim s, NakCheckpoint c)
{
  Alloy *const a = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxCheckpoint(a->box, c));
  PetscCall(NakCheckpointBlock(c, "alloy/balance", a->balance, sizeof a->balance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Step(NakSim s, PetscReal latest)
{
  Alloy *const a = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxStep(a->box, PetscMin(latest, s->params.mix.end)));
  PetscCall(Refresh(s));
  a->balance[0] = PetscMax(a->balance[0], PetscAbsReal(a->record.a_balance));
  a->balance[1] = PetscMax(a->balance[1], PetscAbsReal(a->record.b_balance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- What is shown ---- */

static PetscInt Fields(NakSim s, NakField fields[NAK_FRAME_FIELDS])
{
  (void)s;
  return NakMixBoxFields(fields);
}

static PetscErrorCode Frame(NakSim s, NakFrame *frame)
{
  Alloy *const a = s->data;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxFrame(a->box, frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Numbers(NakSim s, PetscBool row, NakNumbers *numbers)
{
  const Alloy *const  a       = s->data;
  const NakMixRecord *r       = &a->record;
  const NakNumber     items[] = {
        {"time_s", "time", r->time, 1, 15},
        NAK_NUMBER("dt_s", r->dt),
        NAK_NUMBER("temperature_K", r->temperature),
        NAK_NUMBER("free_energy_J", r->energy),
        NAK_NUMBER("liquid", r->share[NAK_BODY_LIQUID]),
        NAK_NUMBER("solid_b", r->share[NAK_BODY_SOLID_B]),
        NAK_NUMBER("solid_a", r->share[NAK_BODY_SOLID_A]),
        NAK_NUMBER("void", r->share[NAK_BODY_VOID]),
        NAK_NUMBER("phi_min", r->phi_min),
        NAK_NUMBER("phi_max", r->phi_max),
        NAK_NUMBER("mu_min_J_mol", r->mu_min),
        NAK_NUMBER("mu_max_J_mol", r->mu_max),
        NAK_NUMBER("void_pressure_Pa", r->pressure),
        NAK_NUMBER("contact", r->contact),
        NAK_NUMBER("charge_C", r->charge),
        NAK_NUMBER("nuclei", (PetscReal)r->nuclei),
        NAK_NUMBER("na_balance", r->a_balance),
        NAK_NUMBER("k_balance", r->b_balance),
  };

  PetscFunctionBeginUser;
  (void)row;
  numbers->count = (PetscInt)PETSC_STATIC_ARRAY_LENGTH(items);
  PetscCall(PetscArraycpy(numbers->items, items, numbers->count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Results(NakSim s, NakSummary *summary)
{
  const Alloy *const  a         = s->data;
  const NakMixRecord *r         = &a->record;
  const NakNumber     numbers[] = {
        NAK_NUMBER("time", s->time),
        NAK_NUMBER("nuclei", (PetscReal)r->nuclei),
        NAK_NUMBER("na_balance", a->balance[0]),
        NAK_NUMBER("k_balance", a->balance[1]),
        NAK_NUMBER("newton_iterations", (PetscReal)r->newton),
        NAK_NUMBER("linear_iterations", (PetscReal)r->linear),
        NAK_NUMBER("march_s", s->marched),
        NAK_NUMBER("free_energy", r->energy),
        NAK_NUMBER("liquid", r->share[NAK_BODY_LIQUID]),
        NAK_NUMBER("solid_b", r->share[NAK_BODY_SOLID_B]),
        NAK_NUMBER("solid_a", r->share[NAK_BODY_SOLID_A]),
  };

  PetscFunctionBeginUser;
  summary->time_steps     = r->steps;
  summary->rejected_steps = r->rejected;
  summary->numbers.count  = s->broken ? 2 : (PetscInt)PETSC_STATIC_ARRAY_LENGTH(numbers);
  PetscCall(PetscArraycpy(summary->numbers.items, numbers, summary->numbers.count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakSimKind NakSimAlloyKind = {.unit         = " s",
                                    .table        = "phases",
                                    .march        = "march",
                                    .size_of_data = sizeof(Alloy),
                                    .read         = Read,
                                    .check        = Check,
                                    .size         = Size,
                                    .create       = Create,
                                    .destroy      = Destroy,
                                    .checkpoint   = Checkpoint,
                                    .enter        = Refresh,
                                    .step         = Step,
                                    .leave        = NakSimMarchLeave,
                                    .fields       = Fields,
                                    .frame        = Frame,
                                    .numbers      = Numbers,
                                    .results      = Results};
