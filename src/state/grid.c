/* The graded z grid; the contract is in nakfield/state.h. */
#include "state_impl.h"

/* Height of layer k of n.  They begin at 1 and grow by q, to the last one or to the middle. */
static PetscReal Layer(PetscInt n, PetscInt k, PetscBool both, PetscReal q)
{
  const PetscInt back = n - 1 - k;

  return PetscPowReal(q, (PetscReal)(both && back < k ? back : k));
}

/* Height of them all. */
static PetscReal StackHeight(PetscInt n, PetscBool both, PetscReal q)
{
  PetscReal height = 0, layer = 1;

  for (PetscInt k = 0; k < n; k++) {
    height += both ? Layer(n, k, both, q) : layer;
    layer *= q;
  }
  return height;
}

/* Growth per layer with which n layers, the first `finest` high, fill `height`.  It is 1 if equal
   layers are finer than that already. */
static PetscReal GrowthRatio(PetscInt n, PetscBool both, PetscReal finest, PetscReal height)
{
  PetscReal low = 1, high = 2;

  if (n < (both ? 3 : 2) || finest <= 0 || finest * (PetscReal)n >= height) return 1;
  while (finest * StackHeight(n, both, high) < height) high *= 2;
  for (int k = 0; k < 100; k++) {
    const PetscReal q = (low + high) / 2;

    if (finest * StackHeight(n, both, q) < height)
      low = q;
    else
      high = q;
  }
  return (low + high) / 2;
}

/* Faces of n layers from 0 to `height`, the finest at 0 or at both ends; the last face is met
   exactly. */
static void GradedFaces(PetscInt n, PetscBool both, PetscReal finest, PetscReal height,
                        PetscReal faces[])
{
  const PetscReal q     = GrowthRatio(n, both, finest, height);
  const PetscReal first = height / StackHeight(n, both, q);
  PetscReal       layer = first;

  faces[0] = 0;
  for (PetscInt k = 0; k < n; k++) {
    faces[k + 1] = faces[k] + (both ? first * Layer(n, k, both, q) : layer);
    layer *= q;
  }
  faces[n] = height;
}

void NakGridSides(const NakGridParams *p, PetscReal side[2])
{
  side[0] = p->width / (PetscReal)p->nx;
  side[1] = p->depth > 0 ? p->depth / (PetscReal)p->ny : side[0];
}

/* Height of the alloy over the zone, and of its lowest layer.  Above a zone that layer is as high
   as those of the zone. */
static PetscReal OverZone(const NakGridParams *p, PetscReal *finest)
{
  *finest = p->zone_layers > 0 ? p->zone_height / (PetscReal)p->zone_layers : p->finest_alloy;
  return p->zone_layers > 0 ? p->alloy_height - p->zone_height : p->alloy_height;
}

/* Faces of the electrolyte from 0 to `height`.  A membrane halves the rest of it.  Its outer layers
   are thin, because the flux into them is of first order in their height. */
static void ElectrolyteFaces(const NakGridParams *p, PetscReal height, PetscReal faces[])
{
  const PetscInt  n = p->electrolyte_layers, half = (n - NAK_MEMBRANE_LAYERS) / 2;
  const PetscReal side = (height - p->membrane) / 2, finest = p->finest_electrolyte;
  const PetscReal thin = 0.02;

  if (p->membrane == 0) {
    GradedFaces(n, (PetscBool)(p->ions > 0), finest, height, faces);
    return;
  }
  GradedFaces(half, PETSC_TRUE, finest, side, faces);
  GradedFaces(half, PETSC_TRUE, finest, side, faces + half + NAK_MEMBRANE_LAYERS);
  for (PetscInt k = 0; k <= half; k++) faces[half + NAK_MEMBRANE_LAYERS + k] += side + p->membrane;
  faces[half + 1] = side + thin * p->membrane;
  faces[half + 2] = side + p->membrane / 2;
  faces[half + 3] = side + (1 - thin) * p->membrane;
}

PetscErrorCode NakGridFaces(const NakGridParams *params, PetscReal electrolyte_height,
                            PetscReal interphase_height, NakGrid *grid)
{
  const PetscInt  ne = params->electrolyte_layers, nf = params->interphase_layers;
  const PetscInt  na = params->alloy_layers, nz = params->zone_layers, zone = ne + nf + nz;
  PetscReal      *z, *below, finest;
  const PetscReal height = OverZone(params, &finest), bottom = params->alloy_height - height;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(zone + na + 1, &z));
  PetscCall(PetscMalloc1(ne + 1, &below));
  ElectrolyteFaces(params, ne > 0 ? electrolyte_height : 0, below);
  for (PetscInt k = 0; k <= ne; k++) z[k] = -below[ne - k];
  PetscCall(PetscFree(below));
  z[ne] = 0;
  GradedFaces(na, PETSC_FALSE, finest, height, z + zone);
  for (PetscInt k = 0; k <= na; k++) z[zone + k] += interphase_height + bottom;
  for (PetscInt k = 0; k < nz; k++)
    z[ne + nf + k] = interphase_height + bottom * (PetscReal)k / (PetscReal)nz;
  for (PetscInt k = 1; k <= nf; k++) z[ne + k] = interphase_height * (PetscReal)k / (PetscReal)nf;
  grid->z = z;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakGridCheck(const NakGridParams *params, PetscReal total_height, NakCheckList *list)
{
  if (params->alloy_height >= total_height)
    NakCheckError(list, "grid.alloy_height",
                  "grid.alloy_height is %.6g um, but the alloy in the cell is only %.6g um high "
                  "(alloy.volume over cell.area): lower the first or raise alloy.volume",
                  NAK_UM(params->alloy_height), NAK_UM(total_height));
}
