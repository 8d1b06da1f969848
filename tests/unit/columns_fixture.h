/* Columns with a physics that is no cell, and their solvers. */
#pragma once

#include "columns_impl.h"
#include "nak_test.h"

/* ---- The physics: A + C <-> B in a stack of uneven layers ----

   A and B move, between layers and between columns, B by a potential that is no multiple of it.  C
   stays.  The rate of the reaction differs from column to column.  A + B is conserved. */
enum { A, B, C, SPECIES, LAYERS = 5, SIZE = SPECIES * LAYERS };

static const PetscReal height[LAYERS] = {1e-7, 3e-7, 1e-6, 2e-6, 9e-6};          /* [m] */
static const PetscReal diffusivity_a = 1e-11, diffusivity_b = 4e-12, back = 0.3; /* [m2/s], [1/s] */

typedef struct {
  PetscReal *rate; /* of each owned column [1/s] */
} Stack;

static inline PetscReal SlopeAt(PetscInt species, PetscReal u)
{
  if (species == C) return 0;
  return species == A ? diffusivity_a : diffusivity_b * (1 + u);
}

static inline void Slopes(const void *ctx, const PetscReal u[], PetscReal slope[])
{
  (void)ctx;
  for (PetscInt j = 0; j < SIZE; j++) slope[j] = SlopeAt(j % SPECIES, u[j]);
}

static inline void Jacobian(const void *ctx, PetscInt column, const PetscReal u[],
                            const PetscReal slope[], PetscReal shift, NakEntries *e)
{
  const PetscReal k      = ((const Stack *)ctx)->rate[column];
  const PetscReal gain[] = {-1, 1, -1};

  for (PetscInt z = 0; z < LAYERS; z++) {
    const PetscInt  at     = SPECIES * z;
    const PetscReal rate[] = {k * u[at + C], -back, k * u[at + A]}; /* its derivatives */

    for (PetscInt row = 0; row < SPECIES; row++) {
      NakPut(e, at + row, at + row, shift);
      for (PetscInt col = 0; col < SPECIES; col++)
        NakPut(e, at + row, at + col, -gain[row] * rate[col]);
    }
    for (PetscInt j = at + A; j <= at + B && z + 1 < LAYERS; j++) {
      const PetscReal g = 2 / (height[z] + height[z + 1]);

      NakPutFlux(e, j, j + SPECIES, height[z], height[z + 1], -g * slope[j],
                 g * slope[j + SPECIES]);
    }
  }
}

static inline PetscBool Uniform(const void *ctx, PetscInt row, PetscInt col)
{
  (void)ctx;
  return (PetscBool)(PetscAbsInt(row - col) == SPECIES && row % SPECIES != C);
}

static inline PetscReal Conserved(const void *ctx, PetscInt which, PetscInt column,
                                  const PetscReal row[])
{
  PetscReal sum = 0;

  (void)ctx, (void)which, (void)column;
  for (PetscInt z = 0; z < LAYERS; z++)
    sum += height[z] * (row[SPECIES * z + A] + row[SPECIES * z + B]);
  return sum;
}

static inline PetscReal Capacity(const void *ctx, PetscInt which, PetscReal shift)
{
  (void)ctx, (void)which;
  return shift * height[LAYERS - 1];
}

/* ---- Columns of it ---- */

typedef struct {
  PetscInt   nx, ny;
  NakLateral lateral;
} Shape;

typedef struct {
  NakState   state;
  NakBox     box;
  Stack      stack;
  NakColumns columns;
  Vec        U, V, b, x; /* state; a solution, with its right-hand side; work */
} Case;

/* Smooth and positive in every column, whoever has it; a different one for each seed. */
static inline PetscReal Wave(PetscInt seed, PetscInt i, PetscInt j, PetscInt k)
{
  return 0.5 + 0.4 * PetscSinReal((PetscReal)(seed + 1) *
                                  (0.7 * (PetscReal)k + 1.3 * (PetscReal)i + 2.1 * (PetscReal)j));
}

static inline PetscReal Rate(PetscInt i, PetscInt j)
{
  return 5 * Wave(7, i, j, 0);
}

static inline void Fill(const Case *c, PetscInt seed, Vec V)
{
  PetscInt   n = 0;
  PetscReal *v;

  MUST(VecGetArray(V, &v));
  for (PetscInt j = c->box.ys; j < c->box.ys + c->box.ym; j++)
    for (PetscInt i = c->box.xs; i < c->box.xs + c->box.xm; i++)
      for (PetscInt k = 0; k < SIZE; k++) v[n++] = Wave(seed, i, j, k);
  MUST(VecRestoreArray(V, &v));
}

enum { STATE = 0, SOLUTION = 2 }; /* seeds */

static inline void CreateOn(MPI_Comm comm, Shape shape, Case *c)
{
  const NakGridParams grid    = {.nx                 = shape.nx,
                                 .ny                 = shape.ny,
                                 .width              = 2e-6 * (PetscReal)shape.nx,
                                 .alloy_height       = 1e-6,
                                 .electrolyte_layers = 1,
                                 .interphase_layers  = 2,
                                 .alloy_layers       = 3, /* which with all else make SIZE unknowns */
                                 .lateral            = shape.lateral};
  NakColumnPhysics    physics = {.ctx          = &c->stack,
                                 .most_entries = LAYERS * SPECIES * (1 + SPECIES) + 8 * LAYERS,
                                 .slopes       = Slopes,
                                 .jacobian     = Jacobian,
                                 .uniform      = Uniform,
                                 .n_conserved  = 1,
                                 .conserved    = Conserved,
                                 .capacity     = Capacity,
                                 .keeper       = {SPECIES * (LAYERS - 1) + A}};

  MUST(NakStateCreate(comm, &grid, 1e-6, 1e-6, 1e-3, &c->state));
  assert_int_equal(NakStateLayout(c->state)->size, SIZE);
  MUST(NakStateBox(c->state, &c->box));
  MUST(PetscMalloc1(c->box.xm * c->box.ym, &c->stack.rate));
  for (PetscInt n = 0; n < c->box.xm * c->box.ym; n++)
    c->stack.rate[n] = Rate(c->box.xs + n % c->box.xm, c->box.ys + n / c->box.xm);
  MUST(NakColumnsCreate(c->state, &physics, &c->columns));
  MUST(DMCreateGlobalVector(NakStateDM(c->state), &c->U));
  MUST(VecDuplicate(c->U, &c->V));
  MUST(VecDuplicate(c->U, &c->b));
  MUST(VecDuplicate(c->U, &c->x));
  Fill(c, STATE, c->U);
  Fill(c, SOLUTION, c->V);
}

static inline void Create(Shape shape, Case *c)
{
  CreateOn(PETSC_COMM_WORLD, shape, c);
}

static inline void Destroy(Case *c)
{
  MUST(VecDestroy(&c->U));
  MUST(VecDestroy(&c->V));
  MUST(VecDestroy(&c->b));
  MUST(VecDestroy(&c->x));
  MUST_DESTROY(NakColumnsDestroy, c->columns);
  MUST(PetscFree(c->stack.rate));
  MUST_DESTROY(NakStateDestroy, c->state);
}

/* Solve A x = b to rounding; the iterations that it takes. */
static inline PetscInt Solve(const Case *c, KSP ksp, PetscReal tolerance)
{
  PetscInt iterations;

  MUST(KSPSetTolerances(ksp, tolerance, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  MUST(KSPSetErrorIfNotConverged(ksp, PETSC_TRUE));
  MUST(KSPSolve(ksp, c->b, c->x));
  MUST(KSPGetIterationNumber(ksp, &iterations));
  return iterations;
}

/* Solvers of one case: by lines, of every other column; `inner` of the second. */
enum { LINES, REDUCED, SOLVERS };

static inline KSP CreateSolver(const Case *c, int which, KSP *inner)
{
  Mat M = NakColumnsOperator(c->columns);
  KSP ksp;
  PC  pc;

  *inner = NULL;
  MUST(KSPCreate(PetscObjectComm((PetscObject)M), &ksp));
  MUST(KSPSetOperators(ksp, M, M));
  MUST(KSPGetPC(ksp, &pc));
  if (which == LINES) MUST(NakColumnsPreconditioner(c->columns, pc));
  if (which == REDUCED) MUST(NakColumnsSolver(c->columns, 1e-12, NAK_SOLUTIONS_KEPT, pc, inner));
  MUST(KSPSetType(ksp, *inner != NULL ? KSPPREONLY : KSPGMRES));
  return ksp;
}
