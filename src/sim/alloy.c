/* Runs of the phases of the alloy on a box, with the deck and the run directory of all runs. */
#include "sim_impl.h"

/* ---- Before ---- */

/* What does not fit together.  Rank 0. */
static PetscErrorCode Complain(NakSim s)
{
  NakMixFault    fault[NAK_MIX_FAULTS];
  const PetscInt n = NakMixFaults(&s->params.mix, fault);

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < n; k++)
    PetscCall(NakDeckComplain(s->deck, NakDeckFind(s->deck, fault[k].key), "%s", fault[k].text));
  PetscCall(NakSimCheckFrames(s, s->params.mix.end));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read(NakSim s, PetscInt *wrong)
{
  NakMixParams *p = &s->params.mix;
  PetscMPIInt   rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  PetscCall(NakAlloyComplete(s->deck, &s->params.model.alloy, &s->params.model.material, wrong));
  p->alloy    = s->params.model.alloy;
  p->material = s->params.model.material;
  if (rank == 0 && *wrong == 0) PetscCall(Complain(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static NakSimSize Size(const NakSimParams *params)
{
  const NakMixParams *p     = &params->mix;
  const PetscReal     n     = (PetscReal)NakMixPhases(p);
  const PetscReal     cells = (PetscReal)p->n[0] * (PetscReal)p->n[1] * (PetscReal)p->n[2];

  return (NakSimSize){
    .n        = {p->n[0], p->n[1], p->n[2]},
    .what     = "cells",
    .entries  = "microstructure.nx, ny or nz",
    .unknowns = n * cells,
    .longest  = n * cells,
    .bytes    = NakMixMemory(p),
    .files    = 2 * 8 * 3 * n * cells, /* a checkpoint has three vectors */
  };
}

static PetscInt UsefulRanks(const NakSimParams *p, PetscInt ranks)
{
  return NakMixUsefulRanks(&p->mix, ranks);
}

/* Where the box is, for the observers. */
static PetscErrorCode Look(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakMixBoxMeasure(s->alloy.box, &s->alloy.record));
  s->now.time = s->alloy.record.time;
  s->now.dt   = s->alloy.record.dt;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(NakSim s)
{
  PetscFunctionBeginUser;
  PetscCall(NakMixBoxCreate(s->comm, &s->params.mix, &s->alloy.box));
  PetscCall(NakMixBoxSeed(s->alloy.box));
  PetscCall(Look(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Checkpoint(NakSim s, NakCheckpoint c)
{
  PetscReal balance[2] = {s->alloy.a_balance, s->alloy.b_balance};

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxCheckpoint(s->alloy.box, c));
  PetscCall(NakCheckpointBlock(c, "alloy/balance", balance, sizeof balance));
  s->alloy.a_balance = balance[0];
  s->alloy.b_balance = balance[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- While it runs ---- */

/* Whether nothing is left to do, with the reason. */
static PetscBool Over(NakSim s, NakEnd *end, const char **why)
{
  const NakMixParams *p     = &s->params.mix;
  const NakMixRecord *r     = &s->alloy.record;
  const PetscReal     least = 1e-3;
  const PetscReal empty = -20 * NAK_GAS_CONSTANT * r->temperature; /* mu of a liquid without A */

  *end = NAK_END_CONDITION;
  *why = NULL;
  if (p->current > 0 && r->mu_min < empty) *why = "the liquid at the bottom is empty";
  if (p->current != 0 && r->contact < least) *why = "the bottom has lost contact with the liquid";
  if (r->time < p->end) return (PetscBool)(*why != NULL);
  *end = NAK_END_DURATION;
  *why = "march.end is reached";
  return PETSC_TRUE;
}

static PetscErrorCode Enter(NakSim s)
{
  NakEnd      end;
  const char *why;

  PetscFunctionBeginUser;
  PetscCall(Look(s));
  s->over = Over(s, &end, &why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Step(NakSim s, PetscReal latest)
{
  const NakMixRecord *r = &s->alloy.record;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxStep(s->alloy.box, PetscMin(latest, s->params.mix.end)));
  PetscCall(Enter(s));
  s->alloy.a_balance = PetscMax(s->alloy.a_balance, PetscAbsReal(r->a_balance));
  s->alloy.b_balance = PetscMax(s->alloy.b_balance, PetscAbsReal(r->b_balance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Leave(NakSim s, NakEnd end, const char *why)
{
  PetscFunctionBeginUser;
  s->end = end;
  if (end == NAK_END_NONE) (void)Over(s, &s->end, &why);
  PetscCall(PetscStrncpy(s->why, why, sizeof s->why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal TimeLeft(NakSim s)
{
  return s->params.mix.end - s->now.time;
}

/* ---- What is shown ---- */

static PetscErrorCode Frame(NakSim s, NakFrame *frame)
{
  PetscFunctionBeginUser;
  PetscCall(NakMixBoxFrame(s->alloy.box, frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Numbers(NakSim s, NakNumbers *numbers)
{
  const NakMixRecord *r       = &s->alloy.record;
  const NakNumber     items[] = {
        {"time_s",           r->time                   },
        {"dt_s",             r->dt                     },
        {"temperature_K",    r->temperature            },
        {"free_energy_J",    r->energy                 },
        {"liquid",           r->share[NAK_BODY_LIQUID] },
        {"solid_b",          r->share[NAK_BODY_SOLID_B]},
        {"solid_a",          r->share[NAK_BODY_SOLID_A]},
        {"void",             r->share[NAK_BODY_VOID]   },
        {"phi_min",          r->phi_min                },
        {"phi_max",          r->phi_max                },
        {"mu_min_J_mol",     r->mu_min                 },
        {"mu_max_J_mol",     r->mu_max                 },
        {"void_pressure_Pa", r->pressure               },
        {"contact",          r->contact                },
        {"charge_C",         r->charge                 },
        {"nuclei",           (PetscReal)r->nuclei      },
        {"na_balance",       r->a_balance              },
        {"k_balance",        r->b_balance              },
  };

  PetscFunctionBeginUser;
  numbers->count = (PetscInt)PETSC_STATIC_ARRAY_LENGTH(items);
  PetscCall(PetscArraycpy(numbers->items, items, numbers->count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Results(NakSim s, NakSummary *summary)
{
  const NakMixRecord *r         = &s->alloy.record;
  const NakNumber     numbers[] = {
        {"time",              s->now.time               },
        {"nuclei",            (PetscReal)r->nuclei      },
        {"na_balance",        s->alloy.a_balance        },
        {"k_balance",         s->alloy.b_balance        },
        {"newton_iterations", (PetscReal)r->newton      },
        {"linear_iterations", (PetscReal)r->linear      },
        {"march_s",           s->marched                },
        {"free_energy",       r->energy                 },
        {"liquid",            r->share[NAK_BODY_LIQUID] },
        {"solid_b",           r->share[NAK_BODY_SOLID_B]},
        {"solid_a",           r->share[NAK_BODY_SOLID_A]},
  };

  PetscFunctionBeginUser;
  summary->time_steps     = r->steps;
  summary->rejected_steps = r->rejected;
  summary->n_numbers      = s->broken ? 2 : (PetscInt)PETSC_STATIC_ARRAY_LENGTH(numbers);
  PetscCall(PetscArraycpy(summary->numbers, numbers, summary->n_numbers));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt Steps(NakSim s)
{
  return s->alloy.record.steps;
}

static const char *Failure(NakSim s)
{
  (void)s;
  return "not even a step of march.shortest_step leads on";
}

const NakSimKind NakSimAlloyKind = {.unit         = " s",
                                    .table        = "phases",
                                    .read         = Read,
                                    .size         = Size,
                                    .useful_ranks = UsefulRanks,
                                    .create       = Create,
                                    .checkpoint   = Checkpoint,
                                    .resume       = Enter,
                                    .done         = NakSimEnded,
                                    .enter        = Enter,
                                    .step         = Step,
                                    .leave        = Leave,
                                    .time_left    = TimeLeft,
                                    .frame        = Frame,
                                    .numbers      = Numbers,
                                    .results      = Results,
                                    .steps        = Steps,
                                    .failure      = Failure};
