/* The graded z grid; the contract is in nakfield/state.h. */
#include "state_impl.h"

/* Height of n layers that begin at 1 and grow by q. */
static PetscReal StackHeight(PetscInt n, PetscReal q)
{
  PetscReal height = 0, layer = 1;

  for (PetscInt k = 0; k < n; k++) {
    height += layer;
    layer *= q;
  }
  return height;
}

/* Growth per layer with which n layers, the first `finest` high, fill `height`; 1 where equal layers
   are finer than that already. */
static PetscReal GrowthRatio(PetscInt n, PetscReal finest, PetscReal height)
{
  PetscReal low = 1, high = 2;

  if (n < 2 || finest <= 0 || finest * (PetscReal)n >= height) return 1;
  while (finest * StackHeight(n, high) < height) high *= 2;
  for (int k = 0; k < 100; k++) {
    const PetscReal q = (low + high) / 2;

    if (finest * StackHeight(n, q) < height)
      low = q;
    else
      high = q;
  }
  return (low + high) / 2;
}

/* Faces of n layers from 0 to `height`, the finest at 0; the last face is met exactly. */
static void GradedFaces(PetscInt n, PetscReal finest, PetscReal height, PetscReal faces[])
{
  const PetscReal q     = GrowthRatio(n, finest, height);
  PetscReal       layer = height / StackHeight(n, q);

  faces[0] = 0;
  for (PetscInt k = 0; k < n; k++) {
    faces[k + 1] = faces[k] + layer;
    layer *= q;
  }
  faces[n] = height;
}

void NakGridSides(const NakGridParams *p, PetscReal side[2])
{
  side[0] = p->width / (PetscReal)p->nx;
  side[1] = p->depth > 0 ? p->depth / (PetscReal)p->ny : side[0];
}

PetscReal NakGridHighestLayer(const NakGridParams *p)
{
  const PetscReal q = GrowthRatio(p->alloy_layers, p->finest_alloy, p->alloy_height);

  return p->alloy_height / StackHeight(p->alloy_layers, q) *
         PetscPowReal(q, (PetscReal)(p->alloy_layers - 1));
}

PetscErrorCode NakGridFaces(const NakGridParams *params, PetscReal electrolyte_height,
                            PetscReal interphase_height, NakGrid *grid)
{
  const PetscInt ne = params->electrolyte_layers, nf = params->interphase_layers;
  const PetscInt na = params->alloy_layers;
  PetscReal     *z, *below;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(ne + nf + na + 1, &z));
  PetscCall(PetscMalloc1(ne + 1, &below));
  GradedFaces(ne, params->finest_electrolyte, ne > 0 ? electrolyte_height : 0, below);
  for (PetscInt k = 0; k <= ne; k++) z[k] = -below[ne - k];
  PetscCall(PetscFree(below));
  z[ne] = 0;
  GradedFaces(na, params->finest_alloy, params->alloy_height, z + ne + nf);
  for (PetscInt k = 0; k <= na; k++) z[ne + nf + k] += interphase_height;
  for (PetscInt k = 1; k <= nf; k++) z[ne + k] = interphase_height * (PetscReal)k / (PetscReal)nf;
  grid->z = z;
  PetscFunctionReturn(PETSC_SUCCESS);
}
