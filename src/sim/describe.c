/* Describe a run without running it; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

PetscErrorCode NakSimDescribeContact(NakSim s, const char *before)
{
  const NakInterphaseParams *p        = &s->params.model.interphase;
  const PetscReal            fraction = s->params.model.contact.fraction;
  const PetscReal            limit    = 0.1 * p->limiting_current; /* [mA/cm2] */
  const PetscBool            cell     = (PetscBool)(p->per == NAK_PER_CELL);

  PetscFunctionBeginUser;
  if (s->kind != &NakSimCellKind || fraction == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscPrintf(s->world,
                        "%sinterphase.per is %s: the limiting current is %.4g mA/cm^2 of the cell, "
                        "%.4g where there is contact\n",
                        before, cell ? "cell" : "contact",
                        (double)(cell ? limit : limit * fraction),
                        (double)(cell ? limit / fraction : limit)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimDescribeWetting(NakSim s)
{
  const NakModelParams *p       = &s->params.model;
  const PetscReal       tension = NakWettingTension(&p->wetting, p->material.surface_tension);
  char                  text[4 * NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCheck(s->kind == &NakSimCellKind, s->world, PETSC_ERR_USER_INPUT,
             "wetting is reported for cells, and this deck has another 'model'");
  PetscCheck(tension > 0, s->world, PETSC_ERR_USER_INPUT,
             "the surface tension of %s is 0: give wetting.surface_tension", p->material.name);
  NakWettingWrite(&p->wetting, tension,
                  p->wetting.adhesion > 0 ? NakWettingCosine(tension, p->wetting.adhesion)
                                          : PetscCosReal(p->voids.contact_angle),
                  text, sizeof text);
  PetscCall(PetscPrintf(s->world, "%s", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Seconds that a step of a cell waits for messages, as benchmarks/scaling_model counts them.  They
   are for the rounds in an iteration on the grids that ranks share, and for the places where four
   of them put their columns together. */
static PetscReal Waiting(const NakSimSize *size)
{
  const PetscReal latency = 3e-6, iterations = 24, few = 64;
  const PetscReal all     = (PetscReal)size->n[0] * (PetscReal)size->n[1];
  const PetscReal quarter = size->n[1] > 1 ? 4 : 2; /* of the columns of a grid has the next one */
  PetscReal       rounds = 2, columns = all, ranks = (PetscReal)size->ranks;

  if (size->ranks == 1) return 0;
  while (columns > few) {
    if (columns > ranks || ranks < quarter) {
      rounds += columns == all ? 5 : 8;
      columns /= quarter;
    } else {
      rounds += 4;
      ranks /= quarter;
    }
  }
  return latency * iterations * (rounds + PetscLog2Real(ranks));
}

/* For the decks in docs/performance.md, "What a run takes": seconds of a time step, constant and
   for each unknown. */
static PetscReal StepSeconds(NakSim s, const NakSimSize *size)
{
  const PetscBool phases = (PetscBool)(s->params.model.grid.phases > 0);

  return (15e-6 + (phases ? 1.7e-6 : 1e-6) * size->unknowns) / (PetscReal)size->ranks +
         Waiting(size);
}

/* From there, too: time steps for one of the protocol. */
static PetscErrorCode DescribeTime(NakSim s, const NakSimSize *size)
{
  const PetscBool phases = (PetscBool)(s->params.model.grid.phases > 0);
  const PetscReal steps  = s->kind->steps == NULL ? 0 : s->kind->steps(s, phases ? 80 : 30);
  char            text[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  if (steps == 0) PetscFunctionReturn(PETSC_SUCCESS);
  NakProgressDuration(PetscMax(steps * StepSeconds(s, size), 1), text, sizeof text);
  PetscCall(PetscPrintf(s->world,
                        "# roughly %.2g time steps and %s, by what decks like it took; conditions "
                        "and skipped cycles shorten it\n",
                        (double)steps, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One if the deck leaves it to the nodes, which are not known here. */
static PetscInt Writers(NakSim s, const NakSimSize *size)
{
  return PetscMin(PetscMax(s->params.output.writers, 1), size->ranks);
}

/* What each of several ranks has and takes. */
static PetscErrorCode DescribeRanks(NakSim s, PetscInt ranks, const NakSimSize *size)
{
  const PetscReal share    = 1e-6 * (size->bytes + size->frame) / (PetscReal)size->ranks;
  const PetscReal writer   = 1e-6 * NakSimWriterMemory(s, size, Writers(s, size));
  PetscReal       parts    = 1;
  char            step[64] = "";

  PetscFunctionBeginUser;
  if (ranks == 1) PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 0; k < 3; k++) parts *= size->n[k] > 0 ? (PetscReal)size->n[k] : 1;
  if (s->kind->steps != NULL)
    (void)snprintf(step, sizeof step, "; roughly %.2g s a time step", (double)StepSeconds(s, size));
  PetscCall(PetscPrintf(s->world,
                        "# on %" PetscInt_FMT " ranks, of which %" PetscInt_FMT
                        " compute: about %.4g %s and %.3g MB a rank, and the program's own 60 MB; "
                        "%.3g MB more on a writer of files%s\n",
                        ranks, size->ranks, (double)(parts / (PetscReal)size->ranks), size->what,
                        (double)share, (double)writer, step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimDescribe(NakSim s)
{
  const char *file  = s->params.model.material.file;
  PetscInt    ranks = s->options.ranks;
  NakSimSize  size;
  PetscReal   files;
  char        shape[NAK_TEXT_SIZE];
  PetscMPIInt rank, all;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  PetscCallMPI(MPI_Comm_size(s->world, &all));
  if (ranks == 0) ranks = all;
  size  = s->kind->size(s, ranks);
  files = size.frame + NakSimWriterMemory(s, &size, Writers(s, &size));
  if (rank == 0) PetscCall(NakDeckWriteResolved(s->deck, s->schema, PETSC_STDOUT));
  if (file[0] != '\0') PetscCall(PetscPrintf(s->world, "# material: %s\n", file));
  PetscCall(NakSimDescribeContact(s, "# "));
  NakSimShape(s, shape);
  PetscCall(PetscPrintf(
    s->world, "# %.0f unknowns in %s; about %.3g MB of memory, %.3g MB of it for files\n",
    (double)size.unknowns, shape, (double)(1e-6 * (size.bytes + files)), (double)(1e-6 * files)));
  PetscCall(DescribeRanks(s, ranks, &size));
  PetscCall(DescribeTime(s, &size));
  PetscFunctionReturn(PETSC_SUCCESS);
}
