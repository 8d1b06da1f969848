/* Backward differentiation with steps of any lengths; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

void NakDerivativeWeights(PetscInt order, const PetscReal x[], PetscReal w[])
{
  w[0] = 0;
  for (PetscInt m = 1; m <= order; m++) w[0] += 1 / (x[0] - x[m]);
  for (PetscInt m = 1; m <= order; m++) {
    w[m] = 1 / (x[m] - x[0]);
    for (PetscInt l = 1; l <= order; l++)
      if (l != m) w[m] *= (x[0] - x[l]) / (x[m] - x[l]);
  }
}

void NakPredictionWeights(PetscInt count, const PetscReal x[], PetscReal w[])
{
  for (PetscInt m = 1; m <= count; m++) {
    w[m] = 1;
    for (PetscInt l = 1; l <= count; l++)
      if (l != m) w[m] *= (x[0] - x[l]) / (x[m] - x[l]);
  }
}

PetscReal NakErrorShare(PetscInt order, const PetscReal x[], PetscReal shift)
{
  return 1 / (1 + shift * (x[0] - x[order + 1]));
}
