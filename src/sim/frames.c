/* How many frames a deck that does not say gets. */
#include "sim_impl.h"

#define MOST   500 /* frames */
#define FEWEST 20  /* that there may be, however large one is */
#define BYTES  2e9 /* of all together [B] */
#define HEADS  1e4 /* of a file [B] */

PetscErrorCode NakSimFrame(NakSim s, NakFrameChoice *choice)
{
  NakFrame frame;

  PetscFunctionBeginUser;
  PetscCall(s->kind->frame(s, &frame));
  NakFrameChoose(&frame, &s->params.output.names, choice);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The moments follow the time steps, which are short where much happens.  Fewer and fewer of them
   are used, so that the table grows like the logarithm of their number. */
static PetscBool MapDue(NakSim s, PetscBool last)
{
  NakMapRhythm  *m    = &s->map;
  const PetscInt most = s->params.output.map;

  if (most == 0 || s->options.light || (m->stride > 0 && s->time <= m->time)) return PETSC_FALSE;
  if (m->stride == 0) m->stride = 1;
  if (m->seen++ % m->stride != 0 && !last) return PETSC_FALSE;
  m->time = s->time;
  if (++m->written < most) return PETSC_TRUE;
  m->written = 0;
  m->stride *= 2;
  return PETSC_TRUE;
}

PetscErrorCode NakSimMap(NakSim s, PetscBool last)
{
  NakFrame frame;

  PetscFunctionBeginUser;
  if (s->size.n[0] == 1 || s->size.n[1] != 1 || !MapDue(s, last))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(s->kind->frame(s, &frame));
  PetscCall(NakOutputMap(s->output, s->time, &frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Size of a frame [B]. */
static PetscReal FrameBytes(const NakFrame *frame)
{
  const PetscReal columns = (PetscReal)frame->grid->nx * (PetscReal)frame->grid->ny;
  PetscReal       layers  = 0;

  for (PetscInt f = 0; f < frame->count; f++)
    layers += frame->fields[f].place == NAK_PLACE_VOLUME ? (PetscReal)frame->grid->nz : 1;
  return HEADS + (PetscReal)sizeof(PetscReal) * columns * layers;
}

PetscErrorCode NakSimBoundFrames(NakSim s)
{
  PetscReal      bytes, most, stride;
  NakFrameChoice choice;

  PetscFunctionBeginUser;
  s->stride = 1;
  if (s->params.output.fields_every > 0 || s->ends_in_all <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakSimFrame(s, &choice));
  bytes  = FrameBytes(&choice.frame);
  most   = PetscMin(PetscMax(PetscFloorReal(BYTES / bytes), FEWEST), MOST);
  stride = PetscMin(PetscCeilReal(s->ends_in_all / most), 1e9);
  if (stride <= 1) PetscFunctionReturn(PETSC_SUCCESS);
  s->stride = (PetscInt)stride;
  PetscCall(NakOutputLog(s->output,
                         "frames: up to %.0f protocol steps end, and one end in %" PetscInt_FMT
                         " gets a frame, about %.0f of %.2g MB; output.fields.every sets "
                         "another interval",
                         (double)s->ends_in_all, s->stride, (double)(s->ends_in_all / stride),
                         (double)(1e-6 * bytes)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakSimNextFrame(NakSim s)
{
  const PetscReal every = s->params.output.fields_every;
  PetscInt        k     = 0;

  if (every > 0) return NakNextMultiple(every, s->time);
  while (k < s->n_frames && s->frames[k] <= s->time) k++;
  return k < s->n_frames ? s->frames[k] : PETSC_INFINITY;
}

PetscReal NakSimNextRow(NakSim s)
{
  const PetscReal every = s->params.output.timeseries_every;

  return every > 0 ? NakNextMultiple(every, s->time) : 0;
}
