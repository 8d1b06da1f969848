/* Columns of the ranks of a group, put together on each of them.  multigrid.h explains it. */
#include "multigrid.h"

/* The group of a rank contains the ranks that share its part of the regrouped grid, in the order of
   the ranks. */
static PetscErrorCode CreateComm(NakState shared, NakState regrouped, MPI_Comm *comm)
{
  const MPI_Comm all = PetscObjectComm((PetscObject)NakStateDM(shared));
  PetscInt       from[2], to[2];
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCall(NakStateRanks(shared, from));
  PetscCall(NakStateRanks(regrouped, to));
  PetscCallMPI(MPI_Comm_rank(all, &rank));
  PetscCallMPI(MPI_Comm_split(
    all, (int)(rank / from[0] / (from[1] / to[1]) * to[0] + rank % from[0] / (from[0] / to[0])),
    rank, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGroupCreate(NakState shared, NakState regrouped, PetscInt most, NakGroup *g)
{
  const int numbers = sizeof(NakBox) / sizeof(PetscInt);
  NakBox    own;
  PetscInt  columns = 0;

  PetscFunctionBeginUser;
  PetscCall(CreateComm(shared, regrouped, &g->comm));
  PetscCallMPI(MPI_Comm_size(g->comm, &g->n));
  PetscCall(PetscMalloc3(g->n, &g->part, g->n, &g->count, g->n, &g->offset));
  PetscCall(NakStateBox(regrouped, &g->whole));
  PetscCall(NakStateBox(shared, &own));
  PetscCallMPI(MPI_Allgather(&own, numbers, MPIU_INT, g->part, numbers, MPIU_INT, g->comm));
  for (PetscMPIInt r = 0; r < g->n; r++) {
    PetscCall(PetscMPIIntCast(columns, &g->offset[r]));
    PetscCall(PetscMPIIntCast(g->part[r].xm * g->part[r].ym, &g->count[r]));
    columns += g->count[r];
  }
  PetscCall(PetscMalloc1((ptrdiff_t)columns * most, &g->received));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGroupDestroy(NakGroup *g)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_free(&g->comm));
  PetscCall(PetscFree3(g->part, g->count, g->offset));
  PetscCall(PetscFree(g->received));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGroupGather(const NakGroup *g, MPI_Datatype column, PetscInt width,
                              const PetscReal own[], PetscReal all[])
{
  const PetscReal *from = g->received;
  PetscMPIInt      rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(g->comm, &rank));
  PetscCallMPI(
    MPI_Allgatherv(own, g->count[rank], column, g->received, g->count, g->offset, column, g->comm));
  for (PetscMPIInt r = 0; r < g->n; r++) {
    const NakBox *part = &g->part[r];

    for (PetscInt j = part->ys; j < part->ys + part->ym; j++) {
      const ptrdiff_t at = (ptrdiff_t)(j - g->whole.ys) * g->whole.xm + part->xs - g->whole.xs;

      PetscCall(PetscArraycpy(all + at * width, from, (ptrdiff_t)part->xm * width));
      from += (ptrdiff_t)part->xm * width;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
