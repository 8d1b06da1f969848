/* F of all columns, with lateral exchange; the contract is in nakfield/columns.h.

   Potentials are worked out once a column and kept for a few rows only.  These are the three about
   the row at work.  A periodic grid also needs the first and the last row at its other end. */
#include "columns_impl.h"

enum { FIRST, LAST, ROLLING, ROWS = 5 };

PetscErrorCode NakPotentialsCreate(NakState state, const NakNeighbours *near,
                                   const NakColumnPhysics *physics, NakPotentials *p)
{
  PetscFunctionBeginUser;
  PetscCall(NakStateBox(state, &p->box));
  PetscCall(PetscMalloc2((p->box.ym > 1 ? ROWS : 1) * p->box.xm * (ptrdiff_t)physics->width,
                         &p->rows, near->ghosts * (ptrdiff_t)physics->width, &p->ghosts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPotentialsDestroy(NakPotentials *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(p->rows, p->ghosts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The columns at work. */
typedef struct {
  const NakColumnPhysics *physics;
  const NakNeighbours    *near;
  const NakPotentials    *p;
  ptrdiff_t               size; /* of a column */
  const PetscReal        *u;
} Work;

static PetscReal *RowPotentials(const Work *w, PetscInt row)
{
  const PetscInt place = row == 0 ? FIRST : row == w->p->box.ym - 1 ? LAST : ROLLING + row % 3;

  return w->p->rows + (ptrdiff_t)place * w->p->box.xm * w->physics->width;
}

static void FillRow(const Work *w, PetscInt row)
{
  const NakColumnPhysics *ph    = w->physics;
  const PetscReal        *u     = w->u + (ptrdiff_t)row * w->p->box.xm * w->size;
  PetscReal              *theta = RowPotentials(w, row);

  for (PetscInt k = 0; k < w->p->box.xm; k++)
    ph->potentials(ph->ctx, u + k * w->size, theta + (ptrdiff_t)k * ph->width);
}

static const PetscReal *PotentialsOf(const Work *w, PetscInt number)
{
  const ptrdiff_t width = w->physics->width;
  const PetscInt  owned = w->near->owned, xm = w->p->box.xm;

  if (number >= owned) return w->p->ghosts + (number - owned) * width;
  return RowPotentials(w, number / xm) + (number % xm) * width;
}

static void Lateral(const Work *w, PetscInt number, const PetscReal own[], PetscReal f[])
{
  const NakColumnLateral *lateral = &w->physics->lateral;

  for (int s = 0; s < NAK_BESIDE; s++) {
    const PetscInt   other  = w->near->beside[number][s];
    const PetscReal  weight = w->near->weight[s];
    const PetscReal *theta;

    if (other < 0) continue;
    theta = PotentialsOf(w, other);
    for (ptrdiff_t j = 0; j < w->size; j++) f[j] -= weight * (theta[j] - own[j]);
    if (lateral->used) lateral->flux(w->physics->ctx, own, theta, weight, f);
  }
}

static void Residual(const Work *w, const PetscReal udot[], PetscReal f[])
{
  const NakColumnPhysics *ph  = w->physics;
  const NakBox           *box = &w->p->box;

  FillRow(w, 0);
  if (box->ym > 1) FillRow(w, box->ym - 1);
  for (PetscInt row = 0, n = 0; row < box->ym; row++) {
    if (row + 1 < box->ym - 1) FillRow(w, row + 1);
    for (PetscInt i = 0; i < box->xm; i++, n++) {
      const PetscReal *own = PotentialsOf(w, n);

      ph->residual(ph->ctx, n, w->u + n * w->size, udot + n * w->size, own, f + n * w->size);
      Lateral(w, n, own, f + n * w->size);
    }
  }
}

void NakResidual(const NakColumnPhysics *physics, const NakNeighbours *near, const NakPotentials *p,
                 PetscInt size, const PetscReal u[], const PetscReal ghosts[],
                 const PetscReal udot[], PetscReal f[])
{
  const Work w = {physics, near, p, size, u};

  for (PetscInt k = 0; k < near->ghosts; k++)
    physics->potentials(physics->ctx, ghosts + k * w.size,
                        p->ghosts + (ptrdiff_t)k * physics->width);
  Residual(&w, udot, f);
}
