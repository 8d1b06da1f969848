/* Lengths of steps along the lines of a profile; the contract is in stepper_impl.h. */
#include "stepper_impl.h"

void NakLineBegin(NakStepper s, NakProtocol protocol, PetscReal time)
{
  const PetscReal unit      = 1; /* [s] */
  const PetscReal before    = s->line.slope;
  const PetscBool continues = NakProtocolContinues(protocol);
  NakLine        *line      = &s->line;
  PetscReal       first;

  line->before = line->kink = 0;
  line->on = (PetscBool)(s->ts != NULL && (continues || NakProtocolSweeps(protocol)));
  if (!line->on) return;
  line->slope =
    NakProtocolHeld(protocol, time + unit).value - NakProtocolHeld(protocol, time).value;
  if (!continues) return;
  line->kink = PetscAbsReal(line->slope - before);
  if (line->kink <= 0 || line->allowance <= 0) return;
  first   = PetscPowReal(line->allowance / line->kink, 2.0 / 3);
  s->next = PetscMin(s->next, PetscMax(first, s->params.first_step));
}

/* TS takes the error for one of the third order.  After a kink it is of the order 3/2, so what it
   allows is off by a square.  The answer to the kink fades, so lengths may grow faster than each
   error alone allows: as fast as the last two allowed, at `most` twofold, and at the beginning by
   a half.

   Both numbers weigh a few more steps against steps that are rejected; the error of every step is
   judged all the same.  They were chosen on one series, a current with noise at every row
   (docs/verification.md, time steps a row), so another series may have better ones. */
PetscReal NakLineNext(NakLine *line, PetscReal dt, PetscReal allowed, PetscBool whole)
{
  const PetscReal begin = 1.5, most = 2, before = line->before;
  const PetscReal allowance = line->kink * PetscPowReal(dt * PetscSqr(allowed / dt), 1.5);

  line->before = allowed;
  if (before > 0) return allowed * PetscMin(PetscMax(allowed / before, 1), most);
  if (line->kink > 0) line->allowance = whole ? PetscMax(line->allowance, allowance) : allowance;
  return line->kink > 0 ? begin * allowed : allowed;
}
