/* Who owns a column, and the columns beside those of a rank. */
#include "columns_impl.h"

/* The part that holds cell `at`, and the first cell of that part.  n cells are split in parts of
   these lengths. */
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
                             NakNeighbours *near, PetscSFNode *root, PetscInt *number)
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
  *number = near->owned + near->ghosts;
  root[near->ghosts++] =
    (PetscSFNode){.rank = rank, .index = (twin_j - owner.ys) * owner.xm + twin_i - owner.xs};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakHaloCreate(NakState state, NakHalo *halo)
{
  const PetscInt di[NAK_BESIDE] = {-1, 1, 0, 0}, dj[NAK_BESIDE] = {0, 0, -1, 1};
  const NakGrid *g    = NakStateGrid(state);
  NakNeighbours *near = &halo->near;
  NakBox         box;
  PetscSFNode   *root;
  PetscInt       n = 0;

  PetscFunctionBeginUser;
  PetscCall(NakStateBox(state, &box));
  near->owned     = box.xm * box.ym;
  near->weight[0] = near->weight[1] = 1 / (g->dx * g->dx);
  near->weight[2] = near->weight[3] = 1 / (g->dy * g->dy);
  halo->alone                       = (PetscBool)(g->nx * g->ny == 1);
  PetscCall(PetscMalloc1(near->owned, &near->beside));
  PetscCall(PetscMalloc1(2 * (box.xm + box.ym), &root));
  for (PetscInt j = box.ys; j < box.ys + box.ym; j++)
    for (PetscInt i = box.xs; i < box.xs + box.xm; i++, n++)
      for (int s = 0; s < NAK_BESIDE; s++) {
        near->beside[n][s] = -1;
        if ((di[s] != 0 ? g->nx : g->ny) == 1) continue;
        PetscCall(Beside(state, &box, i + di[s], j + dj[s], near, root, &near->beside[n][s]));
      }
  PetscCallMPI(MPI_Type_contiguous(NakStateLayout(state)->size, MPIU_REAL, &halo->column));
  PetscCallMPI(MPI_Type_commit(&halo->column));
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)NakStateDM(state)), &halo->sf));
  PetscCall(PetscSFSetGraph(halo->sf, near->owned, near->ghosts, NULL, PETSC_OWN_POINTER, root,
                            PETSC_OWN_POINTER));
  PetscCall(PetscSFSetUp(halo->sf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakHaloDestroy(NakHalo *halo)
{
  PetscFunctionBeginUser;
  if (halo->sf == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSFDestroy(&halo->sf));
  PetscCallMPI(MPI_Type_free(&halo->column));
  PetscCall(PetscFree(halo->near.beside));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakHaloFetch(const NakHalo *halo, const PetscReal own[], PetscReal ghosts[])
{
  PetscFunctionBeginUser;
  if (!halo->alone) PetscCall(NakBroadcast(halo->sf, halo->column, own, ghosts));
  PetscFunctionReturn(PETSC_SUCCESS);
}
