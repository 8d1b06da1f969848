/* What the kernels share. */
#pragma once

#include <nakfield/pfhub.h>

/* One instance of a kernel for each set of vector instructions; the right one is chosen when the program is
   loaded. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
  !defined(__SANITIZE_ADDRESS__)
  #define NAK_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
  #define NAK_KERNEL
#endif
#define NAK_INLINE static inline __attribute__((always_inline))

/* Sum of weight times neighbour over all neighbours of cell k. */
NAK_INLINE PetscReal NakAround(const NakLine *l, int solid, PetscInt f, PetscInt k)
{
  const PetscReal *u = l->u[f] + k;
  PetscReal        sum =
    l->weight[0] * (l->west[f][k] + l->east[f][k]) + l->weight[1] * (u[-l->y] + u[l->y]);

  if (solid) sum += l->weight[2] * (u[-l->z] + u[l->z]);
  return sum;
}

/* The Laplacian at cell k. */
NAK_INLINE PetscReal NakLaplacian(const NakLine *l, int solid, PetscInt f, PetscInt k)
{
  const PetscReal sum = 2 * (l->weight[0] + l->weight[1] + (solid ? l->weight[2] : 0));

  return NakAround(l, solid, f, k) - sum * l->u[f][k];
}

/* Half the squared gradient at cell k, each face's shared by its two cells. */
NAK_INLINE PetscReal NakHalfGradient(const NakLine *l, int solid, PetscInt f, PetscInt k)
{
  const PetscReal *u = l->u[f] + k;
  PetscReal        sum;

  sum = l->weight[0] * (PetscSqr(l->west[f][k] - *u) + PetscSqr(l->east[f][k] - *u)) +
        l->weight[1] * (PetscSqr(u[-l->y] - *u) + PetscSqr(u[l->y] - *u));
  if (solid) sum += l->weight[2] * (PetscSqr(u[-l->z] - *u) + PetscSqr(u[l->z] - *u));
  return 0.25 * sum;
}

/* What both Cahn-Hilliard models share: f' and f'' over one, and the state of benchmarks 1 and 6. */
NAK_INLINE PetscReal NakWellSlope(const NakCahnHilliard *p, PetscReal c)
{
  return 2 * p->rho * (c - p->low) * (p->high - c) * (p->low + p->high - 2 * c);
}

NAK_INLINE PetscReal NakWellCurvature(const NakCahnHilliard *p, PetscReal c)
{
  const PetscReal a = c - p->low, b = p->high - c;

  return 2 * p->rho * (a * a + b * b - 4 * a * b);
}

NAK_INLINE PetscReal NakWell(const NakCahnHilliard *p, PetscReal c)
{
  return p->rho * PetscSqr((c - p->low) * (p->high - c));
}

/* A NakFieldModel.initial: field 0 as in the benchmarks; in 3D it varies in z as well. */
void NakSpinodalState(const void *ctx, const NakLine *line);
