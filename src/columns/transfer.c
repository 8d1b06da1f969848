/* Cell-centred transfer between two grids in x and y.  Interpolation is bilinear between the
   centres.  Restriction is the average over what overlaps.  Their orders, 2 and 1, sum to more than
   the order of the equations.  A coarse cell need not consist of whole fine ones: an odd number is
   halved upwards. */
#include "columns_impl.h"

enum { WIDE = 3 }; /* cells that one cell can depend on, in one direction */

typedef struct {
  PetscInt  cell[WIDE];
  PetscReal weight[WIDE];
} Stencil;

NakPair NakInterpolation(PetscInt fine, PetscInt n_fine, PetscInt n_coarse, PetscBool periodic)
{
  const PetscReal at   = ((PetscReal)fine + 0.5) * (PetscReal)n_coarse / (PetscReal)n_fine - 0.5;
  const PetscInt  home = (PetscInt)PetscFloorReal(at);
  NakPair         pair = {
            .cell = {home,                     home + 1            },
              .weight = {(PetscReal)home + 1 - at, at - (PetscReal)home}
  };

  if (n_fine == n_coarse)
    return (NakPair){
      .cell = {fine, fine},
        .weight = {1,    0   }
    };
  if (periodic && n_coarse > 1) return pair;
  pair.cell[0] = PetscMax(home, 0); /* beyond the last centre, its mirror image */
  pair.cell[1] = PetscMin(home + 1, n_coarse - 1);
  return pair;
}

NakPair NakOverlap(PetscInt fine, PetscInt n_fine, PetscInt n_coarse)
{
  const PetscReal ratio = (PetscReal)n_fine / (PetscReal)n_coarse, rounding = 1e-9;
  const PetscInt  home  = (PetscInt)PetscFloorReal((PetscReal)fine / ratio + rounding);
  const PetscReal first = PetscMin((PetscReal)(home + 1) * ratio - (PetscReal)fine, 1);

  return (NakPair){
    .cell   = {home, PetscMin(home + 1, n_coarse - 1)},
    .weight = {first / ratio,    first < 1 - rounding ? (1 - first) / ratio : 0        }
  };
}

/* The fine cells that a coarse one overlaps, by their share of it. */
static Stencil Average(PetscInt i, PetscInt n_fine, PetscInt n_coarse)
{
  const PetscReal ratio = (PetscReal)n_fine / (PetscReal)n_coarse, rounding = 1e-9;
  const PetscReal begin = (PetscReal)i * ratio, end = begin + ratio;
  Stencil         s;

  for (PetscInt k = 0; k < WIDE; k++) {
    const PetscInt  cell = (PetscInt)PetscFloorReal(begin + rounding) + k;
    const PetscReal low = (PetscReal)cell, overlap = PetscMin(end, low + 1) - PetscMax(begin, low);

    s.cell[k]   = PetscMin(cell, n_fine - 1);
    s.weight[k] = overlap > rounding ? overlap / ratio : 0;
  }
  return s;
}

/* All pairs of an x and a y stencil: columns by their natural numbers, and their weights. */
static void Combine(const Stencil *x, const Stencil *y, PetscInt nx, PetscInt columns[],
                    PetscReal weights[])
{
  for (PetscInt k = 0; k < WIDE * WIDE; k++) {
    columns[k] = y->cell[k / WIDE] * nx + x->cell[k % WIDE];
    weights[k] = y->weight[k / WIDE] * x->weight[k % WIDE];
  }
}

/* What each owned column of the coarse grid depends on in the fine one. */
static void Rows(const NakGrid *coarse, const NakGrid *fine, const NakBox *box, PetscInt columns[],
                 PetscReal weights[])
{
  ptrdiff_t n = 0;

  for (PetscInt j = box->ys; j < box->ys + box->ym; j++) {
    const Stencil y = Average(j, fine->ny, coarse->ny);

    for (PetscInt i = box->xs; i < box->xs + box->xm; i++, n += (ptrdiff_t)WIDE * WIDE) {
      const Stencil x = Average(i, fine->nx, coarse->nx);

      Combine(&x, &y, fine->nx, columns + n, weights + n);
    }
  }
}

PetscErrorCode NakAverageCreate(NakState fine, NakState coarse, Mat *average)
{
  const PetscInt width = WIDE * WIDE;
  NakBox         box, source;
  DM             scalar;
  AO             ao;
  PetscInt      *columns, first, n;
  PetscReal     *weights;

  PetscFunctionBeginUser;
  PetscCall(NakStateBox(coarse, &box));
  PetscCall(NakStateBox(fine, &source));
  n = box.xm * box.ym;
  PetscCall(PetscMalloc2(width * n, &columns, width * n, &weights));
  Rows(NakStateGrid(coarse), NakStateGrid(fine), &box, columns, weights);
  PetscCall(DMDACreateCompatibleDMDA(NakStateDM(fine), 1, &scalar));
  PetscCall(DMDAGetAO(scalar, &ao));
  PetscCall(AOApplicationToPetsc(ao, width * n, columns));
  PetscCall(MatCreateAIJ(PetscObjectComm((PetscObject)scalar), n, source.xm * source.ym,
                         PETSC_DETERMINE, PETSC_DETERMINE, width, NULL, width, NULL, average));
  PetscCall(MatSetOption(*average, MAT_IGNORE_ZERO_ENTRIES, PETSC_TRUE));
  PetscCall(MatGetOwnershipRange(*average, &first, NULL));
  for (PetscInt k = 0, row = first; k < n; k++, row++)
    PetscCall(MatSetValues(*average, 1, &row, width, columns + (ptrdiff_t)k * width,
                           weights + (ptrdiff_t)k * width, ADD_VALUES));
  PetscCall(MatAssemblyBegin(*average, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*average, MAT_FINAL_ASSEMBLY));
  PetscCall(PetscFree2(columns, weights));
  PetscCall(DMDestroy(&scalar));
  PetscFunctionReturn(PETSC_SUCCESS);
}
