/* The face of all ranks on one of them, so that the others need not load anything that draws. */
#include "insitu_impl.h"

static PetscErrorCode Fill(void *ctx, PetscInt field, PetscReal values[])
{
  const NakWholeFace *const w = ctx;
  const PetscInt            n = w->grid.nx * w->grid.ny;

  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(values, w->values + (ptrdiff_t)field * n, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The plane alone: no layers, no fields of the volume. */
static void Flatten(const NakFrame *frame, NakWholeFace *w)
{
  PetscInt count = 0;

  for (PetscInt f = 0; f < frame->count; f++)
    if (frame->fields[f].place == NAK_PLACE_FACE) w->fields[count++] = frame->fields[f];
  w->grid    = *frame->grid;
  w->grid.nz = 0;
  w->frame   = (NakFrame){.grid   = &w->grid,
                          .fields = w->fields,
                          .count  = count,
                          .xm     = w->grid.nx,
                          .ym     = w->grid.ny,
                          .fill   = Fill,
                          .ctx    = w};
}

PetscErrorCode NakWholeFaceGather(MPI_Comm comm, const NakFrame *frame, NakWholeFace *w)
{
  const ptrdiff_t n = (ptrdiff_t)frame->grid->nx * frame->grid->ny;
  PetscReal      *mine, *next;
  PetscMPIInt     rank;
  PetscErrorCode  code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  Flatten(frame, w);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscMalloc1(frame->xm * frame->ym, &mine));
  PetscCall(PetscMalloc1(rank == 0 ? n * w->frame.count : 0, &w->values));
  next = w->values;
  for (PetscInt f = 0; f < frame->count && !code; f++) {
    if (frame->fields[f].place != NAK_PLACE_FACE) continue;
    code = NakAgree(comm, frame->fill(frame->ctx, f, mine));
    if (!code) code = NakFrameGather(comm, frame, mine, next);
    if (rank == 0) next += n;
  }
  PetscCall(PetscFree(mine));
  PetscFunctionReturn(code);
}

PetscErrorCode NakWholeFaceFree(NakWholeFace *w)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(w->values));
  PetscFunctionReturn(PETSC_SUCCESS);
}
