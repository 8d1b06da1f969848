/* Entries of a deck that are right by themselves and wrong together.  Each is a mistake at the place
   of the entry to change, so that the user learns of all of them at once. */
#include "sim_impl.h"

#define Complain(s, path, ...) NakDeckComplain((s)->deck, NakDeckFind((s)->deck, path), __VA_ARGS__)

/* Lengths of time steps, in a section of the deck. */
typedef struct {
  const char *section, *unit; /* " s", or "" */
  PetscReal   shortest, first, longest;
} Steps;

static PetscErrorCode CheckSteps(NakSim s, const Steps *p)
{
  PetscFunctionBeginUser;
  if (p->shortest < p->first && p->first <= p->longest) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Complain(s, p->section,
                     "%s.first_step is %.6g%s: it must be above %s.shortest_step, %.6g%s, "
                     "and at most %s.longest_step, %.6g%s",
                     p->section, (double)p->first, p->unit, p->section, (double)p->shortest,
                     p->unit, p->section, (double)p->longest, p->unit));
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

/* The cell's alloy is one liquid: where it would separate, diffusion runs uphill. */
static PetscErrorCode CheckMixing(NakSim s)
{
  const NakModelParams *p     = &s->params.model;
  const PetscReal       T     = p->alloy.temperature;
  const NakAlloy        alloy = NakThermoAlloy(&p->material, T);

  PetscFunctionBeginUser;
  if (T < p->material.lowest || T > p->material.highest || NakThermoMixes(&alloy))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Complain(s, "alloy.temperature",
                     "at %.6g K the liquid of %s separates into two, and a cell has one liquid: "
                     "raise alloy.temperature",
                     (double)T, p->material.name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* No mistake, since a supercooled liquid may be meant. */
static PetscErrorCode TellSolid(NakSim s)
{
  const NakAlloyParams *p     = &s->params.model.alloy;
  const NakMaterial    *m     = &s->params.model.material;
  const PetscReal       x     = NakThermoMoleFraction(m, p->potassium);
  const NakAlloy        alloy = NakThermoAlloy(m, p->temperature);
  PetscReal             range[2], share[2];

  PetscFunctionBeginUser;
  if (!NakThermoLiquidRange(&alloy, range) || (x >= range[0] && x <= range[1]))
    PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 0; k < 2; k++) {
    const PetscReal a = range[k] * (p->potassium.by_weight ? m->a.mass : 1);
    const PetscReal b = (1 - range[k]) * (p->potassium.by_weight ? m->b.mass : 1);

    share[k] = 100 * b / (a + b);
  }
  PetscCall(NakDeckWarn(s->deck, NakDeckFind(s->deck, "alloy"),
                        "at %.6g K liquid %s is stable from %.4g to %.4g %s only; this cell's is "
                        "taken for a supercooled liquid",
                        (double)p->temperature, m->name, (double)share[1], (double)share[0],
                        p->potassium.by_weight ? "wt%" : "mol%"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How far the cell spreads a current sideways: some times its resolved thickness, or where the series
   resistance is as large as that along the face. */
static PetscReal Spread(const NakCellParams *cell)
{
  const PetscReal thick = 5 * cell->thickness;
  const PetscReal along =
    2 * PetscSqrtReal(cell->series_resistance * cell->conductivity * cell->thickness);

  return PetscMax(thick, along);
}

/* A held current enters every column alike, and a held voltage does not: docs/model.md. */
static PetscErrorCode TellCoarse(NakSim s)
{
  const NakModelParams *p     = &s->params.model;
  const PetscReal       depth = p->grid.ny > 1 ? p->grid.depth : 0;
  const PetscReal       half =
    p->contact.shape == NAK_CONTACT_PATCHES ? p->contact.patch : PetscMax(p->grid.width, depth) / 2;

  PetscFunctionBeginUser;
  if (half <= Spread(&p->cell)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
    NakDeckWarn(s->deck, NakDeckFind(s->deck, "contact"),
                "contact and its gaps are about %.3g m wide, and the resolved electrolyte of "
                "%.3g m does not spread a current so far: under a held current the voltage "
                "comes out too high; raise electrolyte.thickness, and lower "
                "cell.series_resistance by what is then resolved",
                (double)half, (double)p->cell.thickness));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Patches of a column or two follow the grid, not their size. */
static PetscErrorCode TellPatches(NakSim s)
{
  const NakGridParams *g     = &s->params.model.grid;
  const PetscReal      patch = s->params.model.contact.patch;
  PetscReal            sides[2], side;

  PetscFunctionBeginUser;
  NakGridSides(g, sides);
  side = PetscMax(g->nx > 1 ? sides[0] : 0, g->ny > 1 ? sides[1] : 0);
  if (s->params.model.contact.shape == NAK_CONTACT_PATCHES && 2 * side > (1 + 1e-9) * patch)
    PetscCall(NakDeckWarn(s->deck, NakDeckFind(s->deck, "contact"),
                          "patches of contact are about %.3g m wide and columns %.3g m: the grid "
                          "decides on their shapes; use columns of half a patch or less, or raise "
                          "contact.patch",
                          (double)patch, (double)side));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckContact(NakSim s)
{
  const NakGridParams *g        = &s->params.model.grid;
  const PetscReal      fraction = s->params.model.contact.fraction;

  PetscFunctionBeginUser;
  if (fraction == 1) PetscFunctionReturn(PETSC_SUCCESS);
  if (g->nx == 1 && g->ny == 1) {
    PetscCall(NakDeckWarn(s->deck, NakDeckFind(s->deck, "contact"),
                          "contact.fraction is %.6g and the grid has one column: in 1D a partial "
                          "contact changes no voltage; raise grid.nx",
                          (double)fraction));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TellPatches(s));
  if (g->electrolyte_layers > 0) {
    PetscCall(TellCoarse(s));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
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
  const NakGridParams *g          = &s->params.model.grid;
  const PetscInt       columns[2] = {g->nx, g->ny};
  PetscReal            side[2];
  char                 why[NAK_VOIDS_MISFIT];

  PetscFunctionBeginUser;
  NakGridSides(g, side);
  if (!NakVoidsWanted(&s->params.voids)) PetscFunctionReturn(PETSC_SUCCESS);
  if (!NakVoidsFit(&s->params.voids, columns, side, NakGridHighestLayer(g), why))
    PetscCall(Complain(s, "voids", "%s", why));
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

PetscErrorCode NakSimCheckCell(NakSim s)
{
  const NakStepperParams *p = &s->params.stepper;
  const Steps steps         = {"solver", " s", p->shortest_step, p->first_step, p->longest_step};
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank != 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakSimCheckFrames(s, NakProtocolTimeLeft(s->protocol, 0)));
  PetscCall(NakSimCheckSpectra(s));
  PetscCall(CheckSteps(s, &steps));
  PetscCall(CheckAlloy(s));
  PetscCall(CheckMixing(s));
  PetscCall(TellSolid(s));
  PetscCall(CheckContact(s));
  PetscCall(CheckImpedance(s));
  PetscCall(CheckVoids(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A flat interface is tanh(x / half), so it is 2 half wide; one narrower than a cell sticks to the grid, and
   the steps of time become ever shorter.  Allen-Cahn's well is Cahn-Hilliard's with rho = 1 from 0 to 1. */
static PetscErrorCode TellNarrow(NakSim s)
{
  const NakPfhubParams  *p    = &s->params.pfhub;
  const NakCahnHilliard *c    = &p->cahn_hilliard;
  const PetscBool        flip = (PetscBool)(s->params.kind == NAK_MODEL_ALLEN_CAHN);
  const PetscReal        half = flip ? PetscSqrtReal(2 * p->allen_cahn.kappa)
                                     : PetscSqrtReal(2 * c->kappa / c->rho) / (c->high - c->low);
  const NakBoxGrid       grid = NakPfhubBox(p);
  PetscReal              side = 0;

  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++)
    if (grid.n[d] > 1) side = PetscMax(side, grid.size[d] / (PetscReal)grid.n[d]);
  if (side > 2 * half)
    PetscCall(
      NakDeckWarn(s->deck, NakDeckFind(s->deck, "box"),
                  "interfaces are %.3g wide and a cell %.3g: they stick to the grid, and the "
                  "steps of time become very short; use smaller cells or raise kappa",
                  (double)(2 * half), (double)side));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimCheckBox(NakSim s)
{
  const NakPhaseFieldParams *p     = &s->params.pfhub.solver;
  const NakCahnHilliard     *c     = &s->params.pfhub.cahn_hilliard;
  const Steps                steps = {"time", "", p->shortest_step, p->first_step, p->longest_step};
  PetscMPIInt                rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank != 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CheckSteps(s, &steps));
  if (c->low >= c->high)
    PetscCall(Complain(s, "cahn_hilliard",
                       "cahn_hilliard.low is %.6g and cahn_hilliard.high %.6g; the second must be "
                       "the higher one",
                       (double)c->low, (double)c->high));
  else
    PetscCall(TellNarrow(s));
  if (p->before + p->after == 0)
    PetscCall(Complain(s, "multigrid",
                       "multigrid.before and multigrid.after are 0: nothing would be smoothed; "
                       "set one of them to 1"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
