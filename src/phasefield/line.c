/* The arguments of a kernel, and arrays for them. */
#include "phasefield_impl.h"

PetscErrorCode NakArrayCreate(NakPhaseField e, PetscInt count, PetscReal **array)
{
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(count, array));
  e->doubles += (PetscReal)count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakLine NakHalfLine(NakPhaseField e, const NakLevel *v, PetscReal *const u[], PetscInt j,
                    PetscInt k, PetscInt parity)
{
  const ptrdiff_t at  = NakLineAt(v, j, k);
  const ptrdiff_t own = at + (parity ? v->odd : 0), other = at + (parity ? 0 : v->odd - 1);
  NakLine         line = {
            .n      = NakHalf(v->n[0], parity),
            .y      = v->line,
            .z      = e->solid ? v->plane : 0,
            .weight = {1 / (v->h[0] * v->h[0]), 1 / (v->h[1] * v->h[1]), 1 / (v->h[2] * v->h[2])},
            .shift  = e->integrator.shift,
            .time   = e->time,
            .x      = ((PetscReal)parity + 0.5) * v->h[0],
            .dx     = 2 * v->h[0],
            .at_y   = ((PetscReal)(v->start[1] + j) + 0.5) * v->h[1],
            .at_z   = ((PetscReal)(v->start[2] + k) + 0.5) * v->h[2],
            .level  = v->index
  };

  for (PetscInt f = 0; f < e->model->count; f++) {
    line.u[f]    = u[f] + own;
    line.west[f] = u[f] + other;
    line.east[f] = u[f] + other + 1;
  }
  for (PetscInt q = 0; v->index > 0 && q < e->model->n_frozen; q++)
    line.frozen[q] = v->frozen[q] + own;
  return line;
}

/* First, inner or last cell of a direction. */
static PetscInt Kind(const NakLevel *v, int d, PetscInt local)
{
  const PetscInt i = v->start[d] + local;

  return i == 0 ? 0 : i == v->n[d] - 1 ? 2 : 1;
}

NakLine NakSmoothLine(NakPhaseField e, const NakLevel *v, PetscInt j, PetscInt k, PetscInt parity)
{
  const PetscInt  row  = Kind(v, 1, j) + 3 * Kind(v, 2, k);
  const ptrdiff_t half = parity ? v->odd : 0;
  NakLine         line = NakHalfLine(e, v, v->u, j, k, parity);

  for (PetscInt f = 0; f < e->model->count; f++) {
    line.rhs[f]      = v->rhs[f] + NakLineAt(v, j, k) + half;
    line.diagonal[f] = v->diagonal[f] + row * v->line + half;
  }
  return line;
}

static ptrdiff_t CellAt(const NakLevel *v, PetscInt line, PetscInt i)
{
  return NakLineAt(v, line % v->m[1], line / v->m[1]) + (i & 1) * v->odd + (i >> 1);
}

void NakCellsGet(const NakLevel *v, const PetscReal *array, size_t from, size_t count,
                 PetscReal values[])
{
  const size_t m    = (size_t)v->m[0];
  PetscInt     line = (PetscInt)(from / m), i = (PetscInt)(from % m);

  for (size_t n = 0; n < count; line++, i = 0)
    for (; i < v->m[0] && n < count; i++) values[n++] = array[CellAt(v, line, i)];
}

void NakCellsPut(const NakLevel *v, PetscReal *array, const PetscReal values[])
{
  for (PetscInt line = 0; line < v->m[1] * v->m[2]; line++)
    for (PetscInt i = 0; i < v->m[0]; i++) array[CellAt(v, line, i)] = *values++;
}
