/**
  @file
  The NaK cell as a differential-algebraic system F(t, U, dU/dt) = 0 with its Jacobian, its grid
  hierarchy for multigrid, and what is measured on a state.

  Equations, signs and discretisation: docs/model.md.  Every row is scaled so that the coefficient of
  its own time derivative is 1 (the double layer's: its capacitance; the electrolyte's rows have none
  and are currents per area), so residuals of neighbouring grids compare.  Sums over a column that are
  conserved are linear in U: any Runge-Kutta or Rosenbrock method conserves them to the accuracy of
  its linear solves.
*/
#pragma once

#include <nakfield/kinetics.h>
#include <nakfield/state.h>
#include <petscksp.h>

/** How the contact of alloy and electrolyte is distributed over the face. */
typedef enum { NAK_CONTACT_PATCHES, NAK_CONTACT_STRIP, NAK_CONTACT_DISC } NakContactShape;

typedef struct {
  PetscReal fraction; /**< of the face with contact */
  PetscInt  shape;    /**< NakContactShape */
  PetscReal patch;    /**< typical size of a patch [m] */
  PetscInt  seed;     /**< of the random patches */
} NakContactParams;

extern const NakParam NakContactParamRows[];

/** All that the deck and the file of its material say of the cell. */
typedef struct {
  NakAlloyParams      alloy;
  NakMaterial         material; /**< that `alloy` names */
  NakCellParams       cell;
  NakInterphaseParams interphase;
  NakReactionParams   reaction;
  NakGridParams       grid;
  NakContactParams    contact;
} NakModelParams;

typedef struct NakModel_private *NakModel; /**< opaque */

/** Create the cell.  Collective on `comm`.  A contact pattern needs a resolved electrolyte, which
    carries the current to it.  Errors: those of NakStateCreate(). */
PetscErrorCode NakModelCreate(MPI_Comm comm, const NakModelParams *params, NakModel *model);

/** Free the model and set `*model` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakModelDestroy(NakModel *model);

/** Owned by the model. */
NakState NakModelState(NakModel model);

/** Capacitance of the double layer, mean over the face [F/m2]. */
PetscReal NakModelDoubleLayer(NakModel model);

/** What stands in the circuit beside the face. */
typedef struct {
  PetscReal series;       /**< resistance beyond the resolved electrolyte [ohm m2] */
  PetscReal electrolyte;  /**< of the resolved electrolyte, seen by the mean current [ohm m2] */
  PetscReal double_layer; /**< capacitance of a column with contact all over [F/m2] */
} NakCircuit;

NakCircuit NakModelCircuit(NakModel model);

/** Set `U` to the pristine cell: everything in equilibrium with the alloy, no current. */
PetscErrorCode NakModelInitialise(NakModel model, Vec U);

/** What the cycler holds from now on.  Logically collective, no messages. */
PetscErrorCode NakModelHold(NakModel model, NakControl control);

/** What NakModelHold() was told last. */
NakControl NakModelHeld(NakModel model);

/**
  Evaluate F = F(U, dU/dt).  Collective: one exchange of ghost columns in 2D and 3D, none in 1D.

  A state without physical meaning (no Na left somewhere, an exponential that overflows) gives
  values that are not finite.
*/
PetscErrorCode NakModelResidual(NakModel model, Vec U, Vec Udot, Vec F);

/** Whether `U` has physical meaning everywhere: finite, with Na left in every cell.  Collective. */
PetscErrorCode NakModelValid(NakModel model, Vec U, PetscBool *valid);

/** Whether linearisations see the lateral resistance of the electrolyte, as they do at first and as
    NakModelResidual() always does; without it, each of its layers is an equipotential. */
PetscErrorCode NakModelConstrict(NakModel model, PetscBool constrict);

/** Linearise: fill the operator, the matrices if there are any, and what preconditions them.
    Collective. */
PetscErrorCode NakModelLinearise(NakModel model, Vec U, PetscReal shift);

/** dF/dU + shift dF/d(dU/dt) as an operator that multiplies; owned by the model, made at the first
    call.  Collective.  It follows every NakModelLinearise(). */
PetscErrorCode NakModelOperator(NakModel model, Mat *jacobian);

/**
  Make an approximate solution of the linearised system conserve Na to rounding.  Collective.

  @param[in]     right     the right-hand side
  @param[in,out] solution  the Na that its residual holds in sum is put into the reservoir, where it
                           changes the composition by less than the linear tolerance
*/
PetscErrorCode NakModelConserve(NakModel model, Vec right, Vec solution);

/** Levels of the hierarchy: 1 in 1D; level 0 is the coarsest, the last one the cell itself. */
PetscInt NakModelLevels(NakModel model);

/** Grid and layout of a level; owned by the model. */
NakState NakModelLevelState(NakModel model, PetscInt level);

/** Make matrices (AIJ) of all levels, which every NakModelLinearise() fills from now on.  Collective. */
PetscErrorCode NakModelAssemble(NakModel model);

/** The matrix of a level, behind NakModelAssemble(); owned by the model. */
Mat NakModelMatrix(NakModel model, PetscInt level);

/** Interpolation to `level` > 0 from the one below, and the restriction (cell average) back; owned by
    the model. */
PetscErrorCode NakModelTransfer(NakModel model, PetscInt level, Mat *interpolation,
                                Mat *restriction);

/**
  Set up `pc` to approximate the inverse of the operator, by multigrid that coarsens in x and y alone and
  smooths by solving z lines, in red-black order; no matrix is stored.  2D and 3D.  It follows every
  NakModelLinearise().  Collective.
*/
PetscErrorCode NakModelPreconditioner(NakModel model, PC pc);

/**
  Set up `pc` to solve: GMRES for every other column, preconditioned by the same multigrid, and from these
  all others.  2D and 3D.  It follows every NakModelLinearise(), and keeps solutions until the next one.
  Where it does not converge, it says so by PCSetFailedReason().  Collective.

  @param[in]  tolerance  norm of the residual over that of the right-hand side, both preconditioned
  @param[out] inner      that GMRES, for its options and counts; owned by `pc`.  NULL where columns of one
                         colour meet, as an odd number of columns is periodic: there `pc` only preconditions
*/
PetscErrorCode NakModelSolver(NakModel model, PetscReal tolerance, PC pc, KSP *inner);

/** The same as NakModelPreconditioner() for the assembled matrix: LU in 1D; in 2D and 3D PETSc's multigrid, smoothed by ILU(0). */
PetscErrorCode NakModelAssembledPreconditioner(NakModel model, PC pc);

/** Fill `scale` with the size of a change that matters in each unknown, for error control; unknowns
    that need none (algebraic ones and pure integrals) get 1e30. */
PetscErrorCode NakModelScales(NakModel model, Vec scale);

/**
  Measure a state.  Collective: two reductions.

  @param[in,out] record     time, step, cycle, dt, iterations and balances stay untouched; the rest
                            is filled.  The voltage follows from the mean of E and the current, so it
                            needs no consistent potential right after a switch
  @param[out]    inventory  or NULL
*/
PetscErrorCode NakModelMeasure(NakModel model, Vec U, NakRecord *record, NakInventory *inventory);

/** The face of one column. */
typedef struct {
  PetscReal u; /**< Na content of the interphase at the electrolyte [-] */
  PetscReal
    load; /**< current over the limiting current under the reference alloy, positive strips [-] */
} NakFaceSample;

/** The faces of the owned columns; without contact, u of the column and no load.  Not collective. */
PetscErrorCode NakModelFaces(NakModel model, Vec U, NakFaceSample faces[]);

/**
  Tell the model what voids do to the owned columns, from now on.  Not collective.

  @param[in] wetted  share of each column under liquid
  @param[in] room    height of the void that deposit fills first [m]
  @param[in] voids   share of void in the owned cells of the alloy, for NakModelFrame(), or NULL; not
                     copied: the layers of a column are contiguous
*/
PetscErrorCode NakModelWet(NakModel model, const PetscReal wetted[], const PetscReal room[],
                           const PetscReal voids[]);

/** The fields of `U` for observers; valid until `U` or the model changes.  Not collective. */
PetscErrorCode NakModelFrame(NakModel model, Vec U, NakFrame *frame);
