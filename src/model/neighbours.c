/* Who owns a column, and the columns beside those of a rank. */
#include "model_impl.h"

/* The part of n cells, split in parts of these lengths, that holds cell `at`; its first cell. */
static PetscInt Part(const PetscInt lengths[], PetscInt at, PetscInt *first)
{
  PetscInt part = 0;

  for (*first = 0; at >= *first + lengths[part]; part++) *first += lengths[part];
  return part;
}

PetscErrorCode NakOwner(NakState state, PetscInt i, PetscInt j, PetscMPIInt *rank, NakBox *box)
{
  DM              dm = NakStateDM(state);
  const PetscInt *lx, *ly;
  PetscInt        px, x, y;

  PetscFunctionBeginUser;
  PetscCall(
    DMDAGetInfo(dm, NULL, NULL, NULL, NULL, &px, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(dm, &lx, &ly, NULL));
  x       = Part(lx, i, &box->xs);
  y       = Part(ly, j, &box->ys);
  *rank   = (PetscMPIInt)(y * px + x);
  box->xm = lx[x];
  box->ym = ly[y];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number of column (i, j) as a rank's neighbour: owned, a new ghost, or none. */
static PetscErrorCode Beside(NakState state, const NakBox *box, PetscInt i, PetscInt j,
                             NakNeighbours *nb, PetscSFNode *root, PetscInt *number)
{
  const NakGrid  *g        = NakStateGrid(state);
  const PetscBool periodic = (PetscBool)(g->lateral == NAK_LATERAL_PERIODIC);
  const PetscInt  twin_i = (i + g->nx) % g->nx, twin_j = (j + g->ny) % g->ny;
  const PetscInt  x = twin_i - box->xs, y = twin_j - box->ys;
  NakBox          owner;
  PetscMPIInt     rank;

  PetscFunctionBeginUser;
  *number = -1;
  if (!periodic && (twin_i != i || twin_j != j)) PetscFunctionReturn(PETSC_SUCCESS);
  *number = y * box->xm + x;
  if (x >= 0 && x < box->xm && y >= 0 && y < box->ym) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakOwner(state, twin_i, twin_j, &rank, &owner));
  *number = nb->owned + nb->ghosts;
  root[nb->ghosts++] =
    (PetscSFNode){.rank = rank, .index = (twin_j - owner.ys) * owner.xm + twin_i - owner.xs};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeighboursCreate(NakState state, NakNeighbours *neighbours)
{
  const PetscInt di[SIDES] = {-1, 1, 0, 0}, dj[SIDES] = {0, 0, -1, 1};
  const NakGrid *g    = NakStateGrid(state);
  const PetscInt size = NakStateLayout(state)->size;
  NakBox         box;
  PetscSFNode   *root;
  PetscInt       n = 0;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(state, &box));
  neighbours->owned     = box.xm * box.ym;
  neighbours->alone     = (PetscBool)(g->nx * g->ny == 1);
  neighbours->weight[0] = neighbours->weight[1] = 1 / (g->dx * g->dx);
  neighbours->weight[2] = neighbours->weight[3] = 1 / (g->dy * g->dy);
  PetscCall(PetscMalloc1(neighbours->owned, &neighbours->beside));
  PetscCall(PetscMalloc1(2 * (box.xm + box.ym), &root));
  for (PetscInt j = box.ys; j < box.ys + box.ym; j++)
    for (PetscInt i = box.xs; i < box.xs + box.xm; i++, n++)
      for (int s = 0; s < SIDES; s++) {
        neighbours->beside[n][s] = -1;
        if ((di[s] != 0 ? g->nx : g->ny) == 1) continue;
        PetscCall(
          Beside(state, &box, i + di[s], j + dj[s], neighbours, root, &neighbours->beside[n][s]));
      }
  PetscCallMPI(MPI_Type_contiguous(size, MPIU_REAL, &neighbours->column));
  PetscCallMPI(MPI_Type_commit(&neighbours->column));
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)NakStateDM(state)), &neighbours->sf));
  PetscCall(PetscSFSetGraph(neighbours->sf, neighbours->owned, neighbours->ghosts, NULL,
                            PETSC_OWN_POINTER, root, PETSC_OWN_POINTER));
  PetscCall(PetscSFSetUp(neighbours->sf));
  PetscCall(PetscMalloc2((ptrdiff_t)neighbours->ghosts * size, &neighbours->slope,
                         (ptrdiff_t)neighbours->ghosts * size, &neighbours->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeighboursDestroy(NakNeighbours *neighbours)
{
  PetscFunctionBeginUser;
  if (neighbours->sf == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSFDestroy(&neighbours->sf));
  PetscCallMPI(MPI_Type_free(&neighbours->column));
  PetscCall(PetscFree(neighbours->beside));
  PetscCall(PetscFree2(neighbours->slope, neighbours->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeighboursFetch(NakNeighbours *neighbours, const PetscReal own[],
                                  PetscReal ghosts[])
{
  PetscFunctionBeginUser;
  if (neighbours->alone) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSFBcastBegin(neighbours->sf, neighbours->column, own, ghosts, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(neighbours->sf, neighbours->column, own, ghosts, MPI_REPLACE));
  PetscFunctionReturn(PETSC_SUCCESS);
}
