/**
  @file
  Backward differentiation of order 1 and 2 with steps of any lengths, and Newton's method for its
  equations: of a system F(U, dU/dt) = 0 whose unknowns stand in columns.

  At the end of a step, dU/dt = shift (U - before) + bend.  This is a difference, so an unknown at
  rest stays at rest to the last bit.  The prediction is a polynomial through past states.  There
  are as many as are needed for its error and that of the formula to be the same derivative.  The
  formulas are in nakfield/base.h.  The owner takes the steps and has the states; this module has
  their past.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/columns.h>

/** The system.  All functions are collective. */
typedef struct {
  void *ctx;
  /** F, and whether U has a meaning.  If it has none, F is not used. */
  PetscErrorCode (*residual)(void *ctx, Vec U, Vec Udot, Vec F, PetscBool *valid);
  /** Whether U has a meaning. */
  PetscErrorCode (*valid)(void *ctx, Vec U, PetscBool *valid);
  /** Make a solution conserve what it is to conserve.  `F` is its residual; the time derivative
      changes by `shift` times a change of `U`. */
  PetscErrorCode (*book)(void *ctx, Vec F, PetscReal shift, Vec U);
} NakEquation;

typedef struct NakBdf_private *NakBdf; /**< opaque */

/**
  Set up the formulas and the solver, without a past.  PETSc's options (-snes_, -ksp_, ...) overrule
  the set-up.  Collective.

  @param[in]  columns           linearise the equation; must outlive what is created
  @param[in]  equation          copied
  @param[in]  scale             an error is allowed to be tolerance (scale + |U|); referenced
  @param[in]  tolerance         of a step
  @param[in]  linear_tolerance  of the linear solves, as NakColumnsSetUpKSP() has it
  @param[out] bdf               free with NakBdfDestroy()

  Errors: PETSC_ERR_USER_INPUT if PETSc refuses its options.
*/
PetscErrorCode NakBdfCreate(NakColumns columns, const NakEquation *equation, Vec scale,
                            PetscReal tolerance, PetscReal linear_tolerance, NakBdf *bdf);

/** Free it and set `*bdf` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakBdfDestroy(NakBdf *bdf);

/** Begin again: forget the past.  Not collective. */
void NakBdfForget(NakBdf bdf);

/** Before a step that is not a repeated one: the past moves on.  `before` is the state from which
    the last step began.  Collective. */
PetscErrorCode NakBdfMoveOn(NakBdf bdf, Vec before);

/** Try a step.  Collective.

    @param[in]     before  state from which it begins
    @param[in]     dt      length of the step [s]
    @param[in]     wanted  length that was wanted; at least `dt` [s]
    @param[in,out] U       equals `before`; the state at the end, if the step is good
    @param[out]    good    the equations were solved, and the error is small enough
    @param[out]    next    length to try now, or next [s] */
PetscErrorCode NakBdfAttempt(NakBdf bdf, Vec before, PetscReal dt, PetscReal wanted, Vec U,
                             PetscBool *good, PetscReal *next);

/** Whether the equations of the last attempt were solved, or its error was seen to be too large
    before they were.  Not collective. */
PetscBool NakBdfSolved(NakBdf bdf);

/** The owner has taken the step, and its length was `dt`.  Not collective. */
void NakBdfAccept(NakBdf bdf, PetscReal dt);

/** Estimated error of the last attempt, which led to U.  Collective. */
PetscErrorCode NakBdfError(NakBdf bdf, Vec U, Vec error);

/** Work since the creation. */
typedef struct {
  PetscInt newton, linear; /**< iterations */
  PetscInt rejected;       /**< attempts that were not good */
} NakBdfWork;

PetscErrorCode NakBdfCount(NakBdf bdf, NakBdfWork *work);

/** The solver; owned by `bdf`. */
SNES NakBdfSnes(NakBdf bdf);

/** Write the past to a checkpoint, or read it, `before` included.  A checkpoint without one leaves
    none.  Collective. */
PetscErrorCode NakBdfCheckpoint(NakBdf bdf, Vec before, NakCheckpoint checkpoint);
