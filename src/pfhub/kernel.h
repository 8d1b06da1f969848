/* What the kernels share. */
#pragma once

#include <nakfield/phasefield.h>

/* gcc 12's partial redundancy elimination moves code into the end of a loop.  Then the loop is not
   vectorised. */
#if defined(__GNUC__) && !defined(__clang__)
  #pragma GCC optimize("no-tree-pre")
#endif

/* max(x, 0) without a branch, which would keep the loop around it from being vectorised. */
NAK_INLINE static PetscReal NakPositive(PetscReal x)
{
  return 0.5 * (x + PetscAbsReal(x));
}

/* Sum of weight times neighbour over all neighbours of cell k. */
NAK_INLINE static PetscReal NakAround(const NakLine *l, int solid, PetscInt f, PetscInt k)
{
  const PetscReal *u = l->u[f] + k;
  PetscReal        sum =
    l->weight[0] * (l->west[f][k] + l->east[f][k]) + l->weight[1] * (u[-l->y] + u[l->y]);

  if (solid) sum += l->weight[2] * (u[-l->z] + u[l->z]);
  return sum;
}

/* The Laplacian at cell k. */
NAK_INLINE static PetscReal NakLaplacian(const NakLine *l, int solid, PetscInt f, PetscInt k)
{
  const PetscReal sum = 2 * (l->weight[0] + l->weight[1] + (solid ? l->weight[2] : 0));

  return NakAround(l, solid, f, k) - sum * l->u[f][k];
}

/* Half the squared gradient at cell k.  Two cells share that of each face. */
NAK_INLINE static PetscReal NakHalfGradient(const NakLine *l, int solid, PetscInt f, PetscInt k)
{
  const PetscReal *u = l->u[f] + k;
  PetscReal        sum;

  sum = l->weight[0] * (PetscSqr(l->west[f][k] - *u) + PetscSqr(l->east[f][k] - *u)) +
        l->weight[1] * (PetscSqr(u[-l->y] - *u) + PetscSqr(u[l->y] - *u));
  if (solid) sum += l->weight[2] * (PetscSqr(u[-l->z] - *u) + PetscSqr(u[l->z] - *u));
  return 0.25 * sum;
}
