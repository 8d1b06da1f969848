/* What pockets of gas need of the grid; the contract is in nakfield/voids.h. */
#include <nakfield/voids.h>

/* The bases of all pockets side by side must take less than the whole face. */
static void CheckPockets(const NakVoidsParams *p, const NakVoidsPlace *at, NakCheckList *list)
{
  const PetscReal n[2] = {(PetscReal)at->columns[0], (PetscReal)at->columns[1]};
  const PetscReal foot = p->radius * PetscSinReal(p->contact_angle);
  const PetscBool flat = (PetscBool)(at->columns[0] == 1 || at->columns[1] == 1);
  const PetscReal face =
    flat ? PetscMax(n[0] * at->side[0] * (n[0] > 1), n[1] * at->side[1] * (n[1] > 1))
         : n[0] * at->side[0] * n[1] * at->side[1];
  const PetscReal taken = (PetscReal)p->pockets * (flat ? 2 * foot : PETSC_PI * foot * foot);

  if (face > 0 && taken >= face)
    NakCheckError(list, "microstructure.pockets",
                  "microstructure.pockets are %" PetscInt_FMT
                  ", each %.4g um wide on the face, and there is "
                  "room for %.0f: lower it or microstructure.pocket_radius, or raise grid.width",
                  p->pockets, NAK_UM(2 * foot),
                  (double)(PetscCeilReal((PetscReal)p->pockets * face / taken) - 1));
}

void NakVoidsCheck(const NakVoidsParams *p, const NakVoidsPlace *at, NakCheckList *list)
{
  const NakGasField field  = {.tension = at->tension, .steepness = at->steepness};
  const PetscReal   curved = at->columns[0] == 1 || at->columns[1] == 1 ? 1 : 2;
  const PetscReal   least  = 1.1 * curved * at->tension / NakGasHighest(&field);
  const PetscReal   top    = p->radius * (1 + PetscCosReal(p->contact_angle));

  if (at->columns[0] == 1 && at->columns[1] == 1) {
    NakCheckError(list, "microstructure",
                  "voids need more than one column: raise grid.nx, or set microstructure.pockets "
                  "and .void_nucleation to 0");
    return;
  }
  CheckPockets(p, at, list);
  /* Gas that dissolves makes voids smaller than the deck's.  So those of the deck must not be the
     smallest possible. */
  if (p->dissolution > 0 && p->radius <= least)
    NakCheckError(
      list, "microstructure",
      "with microstructure.gas_dissolution, .pocket_radius must be larger than %.4g um at this "
      ".interface_width: raise the one or lower the other",
      NAK_UM(least));
  if (top >= at->height)
    NakCheckError(list, "microstructure",
                  "a void of microstructure.pocket_radius is %.4g um high at the start, and "
                  "microstructure.height is %.4g um: lower the first or raise the second",
                  NAK_UM(top), NAK_UM(at->height));
}
