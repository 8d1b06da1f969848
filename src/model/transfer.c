/* Cell-centred transfer between two grids in x and y: bilinear interpolation, average as restriction.
   Their orders, 2 and 1, sum to more than the order of the equations. */
#include "model_impl.h"

/* One fine cell in one direction: the coarse cells on whose centres it depends. */
typedef struct {
  PetscInt  cell[2];
  PetscReal weight[2];
} Stencil;

static Stencil Neighbours(PetscInt i, PetscInt n_fine, PetscInt n_coarse, PetscBool periodic)
{
  const PetscInt home = i / 2;
  PetscInt       next = i % 2 == 0 ? home - 1 : home + 1;

  if (n_fine == n_coarse)
    return (Stencil){
      .cell = {i, i},
        .weight = {1, 0}
    };
  if (periodic)
    next = (next + n_coarse) % n_coarse;
  else if (next < 0 || next >= n_coarse)
    next = home; /* symmetric: the mirror image of home */
  return (Stencil){
    .cell = {home, next},
      .weight = {0.75, 0.25}
  };
}

/* From natural numbers of columns to PETSc's. */
static PetscErrorCode Renumber(DM scalar, PetscInt n, PetscInt columns[])
{
  AO ao;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetAO(scalar, &ao));
  PetscCall(AOApplicationToPetsc(ao, n, columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The four coarse columns around each owned fine one, and their weights. */
static PetscErrorCode InterpolationRows(NakState fine, NakState coarse, const NakBox *box,
                                        PetscInt columns[], PetscReal weights[])
{
  const NakGrid  *f = NakStateGrid(fine), *c = NakStateGrid(coarse);
  const PetscBool periodic = (PetscBool)(f->lateral == NAK_LATERAL_PERIODIC);
  PetscInt        n        = 0;

  PetscFunctionBeginUser;
  for (PetscInt j = box->ys; j < box->ys + box->ym; j++) {
    const Stencil y = Neighbours(j, f->ny, c->ny, periodic);

    for (PetscInt i = box->xs; i < box->xs + box->xm; i++) {
      const Stencil x = Neighbours(i, f->nx, c->nx, periodic);

      for (int k = 0; k < 4; k++, n++) {
        columns[n] = y.cell[k / 2] * c->nx + x.cell[k % 2];
        weights[n] = y.weight[k / 2] * x.weight[k % 2];
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The fine columns inside each owned coarse one, with equal weights. */
static void RestrictionRows(NakState fine, NakState coarse, const NakBox *box, PetscInt columns[])
{
  const NakGrid *f = NakStateGrid(fine), *c = NakStateGrid(coarse);
  const PetscInt rx = f->nx / c->nx, ry = f->ny / c->ny;
  PetscInt       n = 0;

  for (PetscInt j = box->ys; j < box->ys + box->ym; j++)
    for (PetscInt i = box->xs; i < box->xs + box->xm; i++)
      for (PetscInt k = 0; k < rx * ry; k++)
        columns[n++] = (ry * j + k / rx) * f->nx + rx * i + k % rx;
}

static PetscErrorCode Assemble(MPI_Comm comm, const NakBox *to, const NakBox *from, PetscInt width,
                               const PetscInt columns[], const PetscReal weights[], Mat *matrix)
{
  const ptrdiff_t stride = width;
  PetscInt        first;

  PetscFunctionBeginUser;
  PetscCall(MatCreateAIJ(comm, to->xm * to->ym, from->xm * from->ym, PETSC_DETERMINE,
                         PETSC_DETERMINE, width, NULL, width, NULL, matrix));
  PetscCall(MatGetOwnershipRange(*matrix, &first, NULL));
  for (PetscInt k = 0; k < to->xm * to->ym; k++) {
    const PetscInt row = first + k;

    PetscCall(MatSetValues(*matrix, 1, &row, width, columns + k * stride, weights + k * stride,
                           ADD_VALUES));
  }
  PetscCall(MatAssemblyBegin(*matrix, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*matrix, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTransferCreate(NakState fine, NakState coarse, Mat *interpolation,
                                 Mat *restriction)
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)NakStateDM(fine));
  const NakGrid *f = NakStateGrid(fine), *c = NakStateGrid(coarse);
  const PetscInt width = f->nx / c->nx * (f->ny / c->ny);
  NakBox         fine_box, coarse_box;
  DM             fine_scalar, coarse_scalar;
  PetscInt      *columns, n_fine, n_coarse;
  PetscReal     *weights;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(fine, &fine_box));
  PetscCall(NakOwnedBox(coarse, &coarse_box));
  n_fine   = fine_box.xm * fine_box.ym;
  n_coarse = coarse_box.xm * coarse_box.ym;
  PetscCall(DMDACreateCompatibleDMDA(NakStateDM(fine), 1, &fine_scalar));
  PetscCall(DMDACreateCompatibleDMDA(NakStateDM(coarse), 1, &coarse_scalar));
  PetscCall(PetscMalloc2(4 * PetscMax(n_fine, n_coarse), &columns, 4 * PetscMax(n_fine, n_coarse),
                         &weights));

  PetscCall(InterpolationRows(fine, coarse, &fine_box, columns, weights));
  PetscCall(Renumber(coarse_scalar, 4 * n_fine, columns));
  PetscCall(Assemble(comm, &fine_box, &coarse_box, 4, columns, weights, interpolation));

  RestrictionRows(fine, coarse, &coarse_box, columns);
  for (PetscInt k = 0; k < width * n_coarse; k++) weights[k] = 1 / (PetscReal)width;
  PetscCall(Renumber(fine_scalar, width * n_coarse, columns));
  PetscCall(Assemble(comm, &coarse_box, &fine_box, width, columns, weights, restriction));

  PetscCall(PetscFree2(columns, weights));
  PetscCall(DMDestroy(&fine_scalar));
  PetscCall(DMDestroy(&coarse_scalar));
  PetscFunctionReturn(PETSC_SUCCESS);
}
