/* A step of the box; the contract is in nakfield/microstructure.h. */
#include "microstructure_impl.h"

#define ROUNDING 1e-14 /* of a time */
#define SLACK    1e-10 /* of what is left: a step that comes so near to its end goes to it */

/* A step has the temperature of its end. */
static PetscErrorCode Attempt(NakMixBox b, PetscReal dt, PetscReal wanted, PetscBool *good)
{
  NakMixIntegratorState *const i = &b->integrator;

  PetscFunctionBeginUser;
  PetscCall(NakMixSetTemperature(b, i->time + dt));
  PetscCall(NakBdfAttempt(b->bdf, b->before, dt, wanted, b->U, good, &i->next));
  if (*good) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecCopy(b->before, b->U));
  PetscCall(NakMixSetTemperature(b, i->time));
  PetscCheck(i->next >= b->params.shortest_step, b->comm, PETSC_ERR_NOT_CONVERGED,
             "the step would have to be shorter than %g s at %.9g s: %s",
             (double)b->params.shortest_step, (double)i->time,
             NakBdfSolved(b->bdf) ? "its error is too large; raise march.tolerance or lower "
                                    "march.shortest_step"
                                  : "its equations are not solved; raise "
                                    "microstructure.interface_width or refine the grid");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Count(NakMixBox b)
{
  NakMixIntegratorState *const i = &b->integrator;
  NakBdfWork                   work;

  PetscFunctionBeginUser;
  PetscCall(NakBdfCount(b->bdf, &work));
  i->newton += work.newton - b->counted.newton;
  i->linear += work.linear - b->counted.linear;
  i->rejected += work.rejected - b->counted.rejected;
  b->counted = work;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxStep(NakMixBox b, PetscReal latest)
{
  NakMixIntegratorState *const i      = &b->integrator;
  const NakMixParams          *p      = &b->params;
  const PetscBool              nuclei = (PetscBool)(p->bulk_sites > 0 || p->wall_sites > 0);
  const PetscReal slot  = nuclei ? (PetscReal)(i->slot + 1) * p->interval : PETSC_INFINITY;
  const PetscReal until = PetscMin(latest, slot), left = until - i->time;
  PetscReal       dt   = 0;
  PetscBool       good = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (b->speed != 0) PetscCall(NakMixContact(b));
  PetscCall(NakBdfMoveOn(b->bdf, b->before));
  PetscCall(VecCopy(b->U, b->before));
  while (!good) {
    const PetscReal wanted = PetscMin(i->next, p->longest_step);

    dt = NakStepLength(wanted, left, SLACK, SLACK);
    PetscCall(Attempt(b, dt, wanted, &good));
  }
  NakBdfAccept(b->bdf, dt);
  PetscCall(Count(b));
  i->dt   = dt;
  i->time = i->time + dt >= until * (1 - ROUNDING) ? until : i->time + dt;
  i->steps++;
  PetscCall(NakMixSetTemperature(b, i->time));
  if (nuclei && i->time >= slot * (1 - ROUNDING)) PetscCall(NakMixNucleate(b, i->slot++));
  PetscFunctionReturn(PETSC_SUCCESS);
}
