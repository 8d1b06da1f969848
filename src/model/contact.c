/* The static pattern of contact on the electrolyte's face.

   A pattern is the part of the face where some function is highest, cut at the level that leaves
   the wanted share.  For random patches the function is a Gaussian random field: a sum of plane
   waves with random directions and phases and nearly one wavelength.  The pattern is its excursion
   set (J. W. Cahn, J. Chem. Phys. 42 (1965) 93).  It depends on the seed and the place alone.  So
   the pattern is the same on every grid and for any number of ranks.

   A column either has contact or not.  Only if all columns are alike may they be in partial
   contact. */
#include "model_impl.h"

const NakParam NakContactParamRows[] = {
  NAK_ROW_REAL(
    "contact.fraction", NakContactParams, fraction, "1", 1, 0.001, 1,
    "Share of the face where alloy and electrolyte are in contact; no effect on the voltage in 1D"),
  NAK_ROW_CHOICE("contact.shape", NakContactParams, shape, NAK_CONTACT_PATCHES,
                 "patches|strip|disc", "Random patches, one strip along y, or one disc"),
  NAK_ROW_REAL("contact.patch", NakContactParams, patch, "m", 8e-6, 1e-9, 1,
               "Typical size of a random patch"),
  NAK_ROW_INT("contact.seed", NakContactParams, seed, 1, 0, 2147483647,
              "Seed of the random pattern"),
  NAK_ROW_END,
};

enum { WAVES = 48 };

typedef struct {
  PetscReal kx[WAVES], ky[WAVES], phase[WAVES]; /* [1/m], [1/m], [rad] */
} Field;

/* Whole waves fit the box, so that the pattern is periodic; half a wavelength is a patch. */
static Field CreateField(const NakContactParams *params, const NakGrid *grid)
{
  const PetscReal width = grid->dx * (PetscReal)grid->nx, depth = grid->dy * (PetscReal)grid->ny;
  Field           field;

  for (PetscInt w = 0; w < WAVES; w++) {
    PetscReal a[2], b[2], k, angle, mx, my;

    NakRandom((uint64_t)params->seed, 2 * (uint64_t)w, 0, a);
    NakRandom((uint64_t)params->seed, 2 * (uint64_t)w + 1, 0, b);
    k     = (0.75 + 0.5 * a[0]) / (2 * params->patch);
    angle = grid->ny > 1 ? 2 * PETSC_PI * a[1] : 0;
    mx    = PetscFloorReal(k * PetscCosReal(angle) * width + 0.5);
    my    = grid->ny > 1 ? PetscFloorReal(k * PetscSinReal(angle) * depth + 0.5) : 0;
    if (mx == 0 && my == 0) mx = 1;
    field.kx[w]    = 2 * PETSC_PI * mx / width;
    field.ky[w]    = 2 * PETSC_PI * my / depth;
    field.phase[w] = 2 * PETSC_PI * b[0];
  }
  return field;
}

static PetscReal FieldAt(const Field *field, PetscReal x, PetscReal y)
{
  PetscReal sum = 0;

  for (int w = 0; w < WAVES; w++)
    sum += PetscCosReal(field->kx[w] * x + field->ky[w] * y + field->phase[w]);
  return sum;
}

/* Minus the distance of a column from the middle of the face, over the face.  It is worked out from
   whole numbers.  So columns that are each other's mirror images have equal values to the last bit,
   and others do not: a disc is symmetric.  Of the two columns of a strip at one distance, the right
   one has a little more, so that any share can be met. */
static PetscReal Nearness(const NakContactParams *params, const NakGrid *grid, PetscInt i,
                          PetscInt j)
{
  const PetscReal nx = (PetscReal)grid->nx, ny = (PetscReal)grid->ny;
  const PetscReal x = (PetscReal)(2 * i) + 1 - nx, y = (PetscReal)(2 * j) + 1 - ny;
  const PetscReal a = x * grid->dx, b = y * grid->dy, least = PetscMin(grid->dx, grid->dy);
  const PetscReal further = PetscMax(PetscAbsReal(x), PetscAbsReal(y)) / (nx + ny);

  if (params->shape == NAK_CONTACT_STRIP) return ((x > 0 ? 0.5 : 0) - PetscAbsReal(x)) / nx;
  return (least * least * further - (a * a + b * b)) / PetscSqr(nx * grid->dx + ny * grid->dy);
}

/* The function whose highest part is in contact, at the centres of the owned columns. */
static void FillLevels(const NakContactParams *params, const NakGrid *grid, const NakBox *box,
                       PetscReal level[])
{
  const Field field = CreateField(params, grid);

  for (PetscInt j = box->ys; j < box->ys + box->ym; j++) {
    for (PetscInt i = box->xs; i < box->xs + box->xm; i++, level++) {
      const PetscReal x = ((PetscReal)i + 0.5) * grid->dx, y = ((PetscReal)j + 0.5) * grid->dy;

      *level =
        params->shape == NAK_CONTACT_PATCHES ? FieldAt(&field, x, y) : Nearness(params, grid, i, j);
    }
  }
}

/* Replace the values by 1 above a level and by 0 below.  The level leaves the number of columns
   that is nearest to `wanted`.  Columns with equal values are all in or all out. */
static PetscErrorCode Cut(MPI_Comm comm, PetscReal wanted, PetscReal columns, PetscInt n,
                          PetscReal value[])
{
  PetscReal low = -WAVES - 1, high = WAVES + 1, more = columns, fewer = 0; /* above low and high */

  PetscFunctionBeginUser;
  for (int turn = 0; turn < 80; turn++) {
    const PetscReal level = (low + high) / 2;
    PetscReal       above = 0;

    for (PetscInt k = 0; k < n; k++) above += value[k] > level ? 1 : 0;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &above, 1, MPIU_REAL, MPIU_SUM, comm));
    if (above > wanted) {
      low  = level;
      more = above;
    } else {
      high  = level;
      fewer = above;
    }
  }
  if (more - wanted <= wanted - fewer) high = low;
  for (PetscInt k = 0; k < n; k++) value[k] = value[k] > high ? 1 : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakContactCreate(MPI_Comm comm, const NakContactParams *params, NakState state,
                                NakCover **over, PetscReal *fraction)
{
  const NakGrid  *grid    = NakStateGrid(state);
  const PetscReal columns = (PetscReal)grid->nx * (PetscReal)grid->ny;
  const PetscBool uniform = (PetscBool)(columns == 1 || params->fraction == 1);
  PetscReal      *theta, sum = 0;
  PetscInt        n;
  NakBox          box;

  PetscFunctionBeginUser;
  PetscCall(NakStateBox(state, &box));
  n = box.xm * box.ym;
  PetscCall(PetscMalloc1(n, over));
  PetscCall(PetscMalloc1(n, &theta));
  if (uniform) {
    for (PetscInt k = 0; k < n; k++) theta[k] = params->fraction;
  } else {
    FillLevels(params, grid, &box, theta);
    PetscCall(Cut(comm, params->fraction * columns, columns, n, theta));
  }
  for (PetscInt k = 0; k < n; k++) {
    (*over)[k] = (NakCover){.contact = theta[k]};
    sum += theta[k] / columns;
  }
  PetscCall(PetscFree(theta));
  PetscCallMPI(MPI_Allreduce(&sum, fraction, 1, MPIU_REAL, MPIU_SUM, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
