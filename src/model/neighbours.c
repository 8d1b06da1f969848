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

PetscErrorCode NakNeighboursCreate(NakState state, NakNeighbours *nb)
{
  const PetscInt di[SIDES] = {-1, 1, 0, 0}, dj[SIDES] = {0, 0, -1, 1};
  const NakGrid *g    = NakStateGrid(state);
  const PetscInt size = NakStateLayout(state)->size;
  NakBox         box;
  PetscSFNode   *root;
  PetscInt       n = 0;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(state, &box));
  nb->owned     = box.xm * box.ym;
  nb->alone     = (PetscBool)(g->nx * g->ny == 1);
  nb->weight[0] = nb->weight[1] = 1 / (g->dx * g->dx);
  nb->weight[2] = nb->weight[3] = 1 / (g->dy * g->dy);
  PetscCall(PetscMalloc1(nb->owned, &nb->beside));
  PetscCall(PetscMalloc1(2 * (box.xm + box.ym), &root));
  for (PetscInt j = box.ys; j < box.ys + box.ym; j++)
    for (PetscInt i = box.xs; i < box.xs + box.xm; i++, n++)
      for (int s = 0; s < SIDES; s++) {
        nb->beside[n][s] = -1;
        if ((di[s] != 0 ? g->nx : g->ny) == 1) continue;
        PetscCall(Beside(state, &box, i + di[s], j + dj[s], nb, root, &nb->beside[n][s]));
      }
  PetscCallMPI(MPI_Type_contiguous(size, MPIU_REAL, &nb->column));
  PetscCallMPI(MPI_Type_commit(&nb->column));
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)NakStateDM(state)), &nb->sf));
  PetscCall(PetscSFSetGraph(nb->sf, nb->owned, nb->ghosts, NULL, PETSC_OWN_POINTER, root,
                            PETSC_OWN_POINTER));
  PetscCall(PetscSFSetUp(nb->sf));
  PetscCall(
    PetscMalloc2((ptrdiff_t)nb->ghosts * size, &nb->slope, (ptrdiff_t)nb->ghosts * size, &nb->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeighboursDestroy(NakNeighbours *nb)
{
  PetscFunctionBeginUser;
  if (nb->sf == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSFDestroy(&nb->sf));
  PetscCallMPI(MPI_Type_free(&nb->column));
  PetscCall(PetscFree(nb->beside));
  PetscCall(PetscFree2(nb->slope, nb->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakNeighboursFetch(NakNeighbours *nb, const PetscReal own[], PetscReal ghosts[])
{
  PetscFunctionBeginUser;
  if (nb->alone) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSFBcastBegin(nb->sf, nb->column, own, ghosts, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(nb->sf, nb->column, own, ghosts, MPI_REPLACE));
  PetscFunctionReturn(PETSC_SUCCESS);
}
