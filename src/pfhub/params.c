/* What a deck says about the models without dimension; the contract is in nakfield/pfhub.h. */
#include <nakfield/pfhub.h>

#define TINY  1e-12
#define GREAT 1e12

const NakParam NakPfhubParamRows[] = {
  NAK_ROW_INT("box.nx", NakPfhubParams, nx, 200, 1, 65536, "Cells in x"),
  NAK_ROW_INT("box.ny", NakPfhubParams, ny, 200, 1, 65536, "Cells in y"),
  NAK_ROW_INT("box.nz", NakPfhubParams, nz, 1, 1, 65536, "Cells in z; 1 for 2D"),
  NAK_ROW_REAL("box.width", NakPfhubParams, width, "1", 200, TINY, GREAT, "Edge in x"),
  NAK_ROW_REAL("box.depth", NakPfhubParams, depth, "1", 200, TINY, GREAT, "Edge in y"),
  NAK_ROW_REAL("box.height", NakPfhubParams, height, "1", 1, TINY, GREAT, "Edge in z"),
  NAK_ROW_REAL("cahn_hilliard.kappa", NakPfhubParams, cahn_hilliard.kappa, "1", 2, TINY, GREAT,
               "Gradient energy"),
  NAK_ROW_REAL("cahn_hilliard.rho", NakPfhubParams, cahn_hilliard.rho, "1", 5, TINY, GREAT,
               "Height of the double well"),
  NAK_ROW_REAL("cahn_hilliard.mobility", NakPfhubParams, cahn_hilliard.mobility, "1", 5, TINY,
               GREAT, "Mobility"),
  NAK_ROW_REAL("cahn_hilliard.low", NakPfhubParams, cahn_hilliard.low, "1", 0.3, -10, 10,
               "Concentration of the poor phase"),
  NAK_ROW_REAL("cahn_hilliard.high", NakPfhubParams, cahn_hilliard.high, "1", 0.7, -10, 10,
               "Concentration of the rich phase"),
  NAK_ROW_REAL("cahn_hilliard.mean", NakPfhubParams, cahn_hilliard.mean, "1", 0.5, -10, 10,
               "Concentration about which the initial state varies"),
  NAK_ROW_REAL("cahn_hilliard.amplitude", NakPfhubParams, cahn_hilliard.amplitude, "1", 0.01, 0, 1,
               "Size of the initial variations, 0.01 in benchmark 1 and 0.04 in 6"),
  NAK_ROW_BOOL("cahn_hilliard.periodic", NakPfhubParams, cahn_hilliard.periodic, PETSC_TRUE,
               "Periodic sides instead of none with flux; not with charge"),
  NAK_ROW_REAL("cahn_hilliard.k", NakPfhubParams, cahn_hilliard.k, "1", 0.09, 0, GREAT,
               "Charge per concentration"),
  NAK_ROW_REAL("cahn_hilliard.permittivity", NakPfhubParams, cahn_hilliard.permittivity, "1", 90,
               TINY, GREAT, "Permittivity"),
  NAK_ROW_REAL("allen_cahn.kappa", NakPfhubParams, allen_cahn.kappa, "1", 4e-4, TINY, GREAT,
               "Gradient energy"),
  NAK_ROW_REAL("allen_cahn.a1", NakPfhubParams, allen_cahn.a1, "1", 0.0075, -GREAT, GREAT,
               "Growth of the long wave of the solution"),
  NAK_ROW_REAL("allen_cahn.b1", NakPfhubParams, allen_cahn.b1, "1", 8 * PETSC_PI, -GREAT, GREAT,
               "Its wave number"),
  NAK_ROW_REAL("allen_cahn.a2", NakPfhubParams, allen_cahn.a2, "1", 0.03, -GREAT, GREAT,
               "Size of the short wave"),
  NAK_ROW_REAL("allen_cahn.b2", NakPfhubParams, allen_cahn.b2, "1", 22 * PETSC_PI, -GREAT, GREAT,
               "Its wave number"),
  NAK_ROW_REAL("allen_cahn.c2", NakPfhubParams, allen_cahn.c2, "1", 0.0625 * PETSC_PI, -GREAT,
               GREAT, "Its frequency"),
  NAK_ROW_END,
};

const NakParam NakPfhubTimeParamRows[] = {
  NAK_ROW_REAL("time.end", NakPfhubParams, end, "1", 100, 0, GREAT, "Time at which the run ends"),
  NAK_ROW_INT("time.order", NakPfhubParams, solver.order, 3, 1, 3,
              "Order of the formula in time (backward differentiation)"),
  NAK_ROW_REAL("time.tolerance", NakPfhubParams, solver.tolerance, "1", 1e-4, 1e-12, 1,
               "Error of a step, RMS over the range of the field"),
  NAK_ROW_REAL("time.solver_tolerance", NakPfhubParams, solver.solver_tolerance, "1", 0.1, 1e-10, 1,
               "What a solve leaves, as a share of time.tolerance"),
  NAK_ROW_REAL("time.first_step", NakPfhubParams, solver.first_step, "1", 1e-3, 1e-15, GREAT,
               "Length of the first step"),
  NAK_ROW_REAL("time.shortest_step", NakPfhubParams, solver.shortest_step, "1", 1e-12, 1e-15, GREAT,
               "Step below which the solver gives up"),
  NAK_ROW_REAL("time.longest_step", NakPfhubParams, solver.longest_step, "1", GREAT, 1e-15, GREAT,
               "Longest time step"),
  NAK_ROW_BOOL("time.fixed", NakPfhubParams, solver.fixed, PETSC_FALSE,
               "All steps as long as the first, whatever their error"),
  NAK_ROW_INT("multigrid.before", NakPfhubParams, solver.before, 1, 0, 10,
              "Smoothing sweeps before the coarser grid"),
  NAK_ROW_INT("multigrid.after", NakPfhubParams, solver.after, 1, 0, 10,
              "Smoothing sweeps after the coarser grid"),
  NAK_ROW_INT("multigrid.cycles", NakPfhubParams, solver.cycles, 12, 1, 1000,
              "Cycles after which a solve has failed"),
  NAK_ROW_TREE(
    "time.frames",
    "List of times at which the fields are written, in addition to the start and the end"),
  NAK_ROW_END,
};

void NakPfhubFill(const NakPfhubParams *p, NakFieldModel *model, const void **ctx)
{
  *ctx = p->model == NAK_PFHUB_ALLEN_CAHN ? (const void *)&p->allen_cahn : &p->cahn_hilliard;
  if (p->model == NAK_PFHUB_CAHN_HILLIARD) NakCahnHilliardModel(&p->cahn_hilliard, model);
  if (p->model == NAK_PFHUB_POISSON) NakPoissonModel(&p->cahn_hilliard, model);
  if (p->model == NAK_PFHUB_ALLEN_CAHN) NakAllenCahnModel(&p->allen_cahn, model);
}

NakDomain NakPfhubBox(const NakPfhubParams *p)
{
  return (NakDomain){
    .n = {p->nx,    p->ny,    p->nz    },
      .size = {p->width, p->depth, p->height}
  };
}

/* A flat interface is tanh(x / half), so it is 2 half wide.  One that is narrower than a cell
   sticks to the grid, and the time steps become ever shorter.  Allen-Cahn's well is Cahn-Hilliard's
   with rho = 1 from 0 to 1. */
static void WarnNarrow(const NakPfhubParams *p, NakCheckList *list)
{
  const NakCahnHilliard *c    = &p->cahn_hilliard;
  const PetscBool        flip = (PetscBool)(p->model == NAK_PFHUB_ALLEN_CAHN);
  const PetscReal        half = flip ? PetscSqrtReal(2 * p->allen_cahn.kappa)
                                     : PetscSqrtReal(2 * c->kappa / c->rho) / (c->high - c->low);
  const NakDomain        grid = NakPfhubBox(p);
  PetscReal              side = 0;

  for (int d = 0; d < 3; d++)
    if (grid.n[d] > 1) side = PetscMax(side, grid.size[d] / (PetscReal)grid.n[d]);
  if (side > 2 * half)
    NakCheckWarning(
      list, "box",
      "interfaces are %.3g wide and a cell %.3g: they stick to the grid, and the time "
      "steps become very short; use smaller cells or raise kappa",
      (double)(2 * half), (double)side);
}

void NakPfhubCheck(const NakPfhubParams *p, NakCheckList *list)
{
  const NakPhaseFieldParams *s = &p->solver;
  const NakCahnHilliard     *c = &p->cahn_hilliard;

  NakCheckSteps(list, "time", "", s->shortest_step, s->first_step, s->longest_step);
  if (c->low >= c->high)
    NakCheckError(list, "cahn_hilliard",
                  "cahn_hilliard.low is %.6g and cahn_hilliard.high %.6g; the second must be the "
                  "higher one",
                  (double)c->low, (double)c->high);
  else
    WarnNarrow(p, list);
  if (s->before + s->after == 0)
    NakCheckError(
      list, "multigrid",
      "multigrid.before and multigrid.after are 0: nothing would be smoothed; set one of "
      "them to 1");
}
