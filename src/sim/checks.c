/* Entries of a deck that are right by themselves and wrong together.  Each is a mistake at the place
   of the entry to change, so that the user learns of all of them at once. */
#include "sim_impl.h"

#define Complain(s, path, ...) NakDeckComplain((s)->deck, NakDeckFind((s)->deck, path), __VA_ARGS__)

static PetscErrorCode CheckSteps(NakSim s)
{
  const NakStepperParams *p = &s->params.stepper;

  PetscFunctionBeginUser;
  if (p->shortest_step < p->first_step && p->first_step <= p->longest_step)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Complain(s, "solver",
                     "solver.first_step is %.6g s: it must be above solver.shortest_step, %.6g s, "
                     "and at most solver.longest_step, %.6g s",
                     (double)p->first_step, (double)p->shortest_step, (double)p->longest_step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckAlloy(NakSim s)
{
  const NakModelParams *p      = &s->params.model;
  const PetscReal       height = p->alloy.volume / p->cell.area;
  const PetscReal       x      = NakThermoMoleFraction(&p->material, p->alloy.potassium);
  const PetscReal       sodium = NAK_FARADAY * x * NakThermoDensity(&p->material, x) * height;
  const PetscReal       held   = p->interphase.limiting_current * p->interphase.diffusion_time;

  PetscFunctionBeginUser;
  if (p->grid.alloy_height >= height)
    PetscCall(Complain(s, "grid",
                       "grid.alloy_height is %.6g m, but the alloy in the cell is only %.6g m high "
                       "(alloy.volume over cell.area): lower the first or raise alloy.volume",
                       (double)p->grid.alloy_height, (double)height));
  if (held >= sodium)
    PetscCall(Complain(s, "interphase",
                       "interphase.limiting_current times interphase.diffusion_time, the sodium "
                       "that the interphase holds, is %.6g C/m^2, and the whole alloy has "
                       "%.6g C/m^2: lower either",
                       (double)held, (double)sodium));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckContact(NakSim s)
{
  const NakGridParams *g        = &s->params.model.grid;
  const PetscReal      fraction = s->params.model.contact.fraction;

  PetscFunctionBeginUser;
  if (g->electrolyte_layers > 0 || fraction == 1 || g->nx * g->ny == 1)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
    Complain(s, "contact",
             "contact.fraction is %.6g with grid.electrolyte_layers: 0: nothing then "
             "carries the current from where there is no contact to where there is; resolve "
             "the electrolyte",
             (double)fraction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckVoids(NakSim s)
{
  const NakGridParams *g = &s->params.model.grid;

  PetscFunctionBeginUser;
  if (!NakVoidsWanted(&s->params.voids)) PetscFunctionReturn(PETSC_SUCCESS);
  if (g->electrolyte_layers == 0)
    PetscCall(Complain(s, "voids",
                       "there are voids and grid.electrolyte_layers is 0: nothing then carries the "
                       "current from under a void to where there is contact; resolve the "
                       "electrolyte"));
  if (s->params.stepper.jump)
    PetscCall(Complain(s, "solver",
                       "solver.jump is true and there are voids, which no cycle may be skipped "
                       "with: set solver.jump to false"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckImpedance(NakSim s)
{
  const NakImpedanceParams *p     = &s->params.impedance;
  const NakCellParams      *cell  = &s->params.model.cell;
  const PetscReal           whole = cell->series_resistance + cell->thickness / cell->conductivity;

  PetscFunctionBeginUser;
  if (p->frequency_max < p->frequency_min)
    PetscCall(
      Complain(s, "impedance",
               "impedance.frequency_max is %.6g Hz and impedance.frequency_min %.6g Hz; the "
               "first must be the higher one",
               (double)p->frequency_max, (double)p->frequency_min));
  if (p->grain_boundary_resistance > whole && NakProtocolHasSpectra(s->protocol))
    PetscCall(Complain(s, "impedance",
                       "impedance.grain_boundary_resistance is %.6g ohm.m^2, part of what is in "
                       "series, and that is %.6g ohm.m^2 in all: lower it or raise "
                       "cell.series_resistance",
                       (double)p->grain_boundary_resistance, (double)whole));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimCheck(NakSim s)
{
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank != 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakSimCheckFrames(s));
  PetscCall(NakSimCheckSpectra(s));
  PetscCall(CheckSteps(s));
  PetscCall(CheckAlloy(s));
  PetscCall(CheckContact(s));
  PetscCall(CheckImpedance(s));
  PetscCall(CheckVoids(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
