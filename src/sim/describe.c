/* What a run would be, without running it; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

void NakSimShape(NakSim s, char text[NAK_TEXT_SIZE])
{
  const NakSimSize size   = s->size;
  int              length = snprintf(text, NAK_TEXT_SIZE, "%" PetscInt_FMT, size.n[0]);

  for (int k = 1; k < 3 && size.n[k] > 0; k++)
    length +=
      snprintf(text + length, NAK_TEXT_SIZE - (size_t)length, " x %" PetscInt_FMT, size.n[k]);
  (void)snprintf(text + length, NAK_TEXT_SIZE - (size_t)length, " %s", size.what);
}

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

/* Of the decks in docs/performance.md, "What a run takes": time steps for one of the protocol, and seconds of one
   rank for a time step, alone and for each unknown. */
static PetscErrorCode DescribeTime(NakSim s)
{
  const PetscBool phases = (PetscBool)(s->params.model.grid.phases > 0);
  const PetscReal steps  = s->kind->steps == NULL ? 0 : s->kind->steps(s, phases ? 80 : 30);
  const PetscReal step   = 15e-6 + (phases ? 1.7e-6 : 1e-6) * s->size.unknowns;
  char            text[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  if (steps == 0) PetscFunctionReturn(PETSC_SUCCESS);
  NakProgressDuration(PetscMax(steps * step / (PetscReal)s->size.ranks, 1), text, sizeof text);
  PetscCall(PetscPrintf(s->world,
                        "# roughly %.2g time steps and %s, by what decks like it took; conditions "
                        "and skipped cycles shorten it\n",
                        (double)steps, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimDescribe(NakSim s)
{
  const NakSimSize size = s->size;
  const char      *file = s->params.model.material.file;
  char             shape[NAK_TEXT_SIZE];
  PetscMPIInt      rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) PetscCall(NakDeckWriteResolved(s->deck, s->schema, PETSC_STDOUT));
  if (file[0] != '\0') PetscCall(PetscPrintf(s->world, "# material: %s\n", file));
  PetscCall(NakSimDescribeContact(s, "# "));
  NakSimShape(s, shape);
  PetscCall(PetscPrintf(s->world,
                        "# %.0f unknowns in %s; about %.3g MB of memory, %.3g MB of it for files\n",
                        (double)size.unknowns, shape, (double)(1e-6 * (size.bytes + size.files)),
                        (double)(1e-6 * size.files)));
  PetscCall(DescribeTime(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
