/* Runs of the phases of the alloy on a box, with the deck and the run directory of all runs. */
#include "sim_impl.h"

#include <petsctime.h>

static const char columns[] =
  "time_s,dt_s,temperature_K,free_energy_J,liquid,solid_b,solid_a,void,phi_min,phi_max,mu_min_J_"
  "mol,"
  "mu_max_J_mol,void_pressure_Pa,contact,charge_C,nuclei,na_balance,k_balance";

enum { COLUMNS = 18 };

PetscErrorCode NakSimAlloyRead(NakSim s, PetscInt *wrong)
{
  NakMixParams *p = &s->params.mix;

  PetscFunctionBeginUser;
  PetscCheck(s->options.restart == NULL, s->world, PETSC_ERR_USER_INPUT,
             "a run of the alloy's phases has no checkpoints: start it anew");
  PetscCall(NakAlloyComplete(s->deck, &s->params.model.alloy, &s->params.model.material, wrong));
  p->alloy    = s->params.model.alloy;
  p->material = s->params.model.material;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimAlloyDescribe(NakSim s)
{
  const NakMixParams *p = &s->params.mix;
  const double        n = 2 + (double)(p->grains_a + p->grains_b),
               cells    = (double)p->n[0] * (double)p->n[1] * (double)p->n[2];

  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(s->world,
                        "# %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
                        " cells; about %.3g MB of memory\n",
                        p->n[0], p->n[1], p->n[2], 8e-6 * cells * n * (7 * n * 3 + 80)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteRow(NakSim s, const NakMixRecord *r)
{
  const PetscReal row[COLUMNS] = {r->time,
                                  r->dt,
                                  r->temperature,
                                  r->energy,
                                  r->share[NAK_BODY_LIQUID],
                                  r->share[NAK_BODY_SOLID_B],
                                  r->share[NAK_BODY_SOLID_A],
                                  r->share[NAK_BODY_VOID],
                                  r->phi_min,
                                  r->phi_max,
                                  r->mu_min,
                                  r->mu_max,
                                  r->pressure,
                                  r->contact,
                                  r->charge,
                                  (PetscReal)r->nuclei,
                                  r->a_balance,
                                  r->b_balance};

  PetscFunctionBeginUser;
  PetscCall(NakOutputTableRow(s->output, "phases", columns, COLUMNS, row));
  s->row     = r->time;
  s->row_due = r->time + s->params.output.timeseries_every;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteFields(NakSim s, PetscReal time)
{
  const PetscReal every = s->params.output.fields_every, rounding = 1e-12;
  NakFrame        frame;

  PetscFunctionBeginUser;
  s->now.time = time;
  PetscCall(NakMixBoxFrame(s->mix, &frame));
  PetscCall(NakOutputFields(s->output, &s->now, &frame));
  s->fields_due =
    every > 0 ? every * (PetscFloorReal(time / every * (1 + rounding)) + 1) : PETSC_INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Why the run is over, or NULL. */
static const char *Over(const NakMixParams *p, const NakMixRecord *r)
{
  const PetscReal least = 1e-3, empty = -20 * 8.314 * r->temperature; /* mu of a liquid without A */

  if (r->time >= p->end) return "march.end is reached";
  if (p->current != 0 && r->contact < least) return "the bottom has lost contact with the liquid";
  if (p->current > 0 && r->mu_min < empty) return "the liquid at the bottom is empty";
  return NULL;
}

static PetscErrorCode March(NakSim s, NakMixRecord *r, PetscReal balance[2], const char **why)
{
  const NakMixParams *p = &s->params.mix;

  PetscFunctionBeginUser;
  PetscCall(NakMixBoxMeasure(s->mix, r));
  PetscCall(WriteRow(s, r));
  PetscCall(WriteFields(s, 0));
  while ((*why = Over(p, r)) == NULL) {
    PetscCall(NakMixBoxStep(s->mix, PetscMin(p->end, s->fields_due)));
    PetscCall(NakMixBoxMeasure(s->mix, r));
    balance[0] = PetscMax(balance[0], PetscAbsReal(r->a_balance));
    balance[1] = PetscMax(balance[1], PetscAbsReal(r->b_balance));
    if (r->time >= s->row_due) PetscCall(WriteRow(s, r));
    if (r->time >= s->fields_due) PetscCall(WriteFields(s, r->time));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Finish(NakSim s, const NakMixRecord *r, const PetscReal balance[2],
                             PetscBool good, const char *why)
{
  NakSummary summary = {
    .status         = good ? "completed" : "failed",
    .end            = why,
    .time_steps     = r->steps,
    .rejected_steps = r->rejected,
    .n_numbers      = 10,
    .numbers        = {{"time", r->time},
                       {"free_energy", r->energy},
                       {"liquid", r->share[NAK_BODY_LIQUID]},
                       {"solid_b", r->share[NAK_BODY_SOLID_B]},
                       {"solid_a", r->share[NAK_BODY_SOLID_A]},
                       {"nuclei", (PetscReal)r->nuclei},
                       {"na_balance", balance[0]},
                       {"k_balance", balance[1]},
                       {"newton_iterations", (PetscReal)r->newton},
                       {"linear_iterations", (PetscReal)r->linear}}
  };
  PetscLogDouble wall;

  PetscFunctionBeginUser;
  if (r->time > s->row) PetscCall(WriteRow(s, r));
  PetscCall(WriteFields(s, r->time));
  PetscCall(PetscTime(&wall));
  summary.wall_seconds = wall - s->began;
  PetscCall(NakOutputSummary(s->output, &summary, 0, NULL));
  PetscCall(NakOutputLog(s->output, "%s: %s", summary.status, why));
  if (!s->options.quiet)
    PetscCall(PetscPrintf(s->comm, "%s: %s, %.6g s; results in %s\n", summary.status, why,
                          (double)r->time, NakOutputDirectory(s->output)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimAlloyRun(NakSim s)
{
  const PetscReal every      = s->params.output.timeseries_every;
  PetscReal       balance[2] = {0, 0};
  const char     *why        = NULL;
  NakMixRecord    r;
  PetscErrorCode  code;

  PetscFunctionBeginUser;
  s->params.output.timeseries_every = -1; /* the cell's table is not written */
  PetscCall(NakSimOutputCreate(s));
  s->params.output.timeseries_every = every;
  PetscCall(NakMixBoxCreate(s->comm, &s->params.mix, &s->mix));
  PetscCall(NakMixBoxSeed(s->mix));
  code = March(s, &r, balance, &why);
  if (code != PETSC_SUCCESS && code != PETSC_ERR_NOT_CONVERGED) PetscFunctionReturn(code);
  PetscCall(Finish(s, &r, balance, (PetscBool)(code == PETSC_SUCCESS),
                   code == PETSC_SUCCESS ? why : "the solver gave up"));
  PetscFunctionReturn(code);
}
