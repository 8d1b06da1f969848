/**
  @file
  Voids between electrolyte and alloy: a phase field over the face, and the gas in it.

  The order parameter v is 0 in the alloy and 1 in a void, on the alloy's cells.  It follows the steepest
  descent (Allen and Cahn) of the free energy

    F = integral of [ kappa/2 |grad v|^2 + W v^2 (1 - v)^2 ] over the volume
        + integral of gamma cos(theta) h(v) over the wall
        + sum over voids of [ p V - N ln V ],     V = integral of h(v),  h = v^2 (3 - 2 v)

  with the surface tension gamma, the contact angle theta of the liquid, the liquid's pressure p and the
  amount of gas N = (its pressure) V of each void, which changes only as far as it dissolves.  theta
  depends on how far the interphase is depleted: docs/model.md.  In the frame of the model a void displaces nothing; it only takes contact away.

  A void belongs to the columns nearest to where it began; voids that touch share their gas.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/state.h>

/** Where the voids of the pristine cell are. */
typedef enum { NAK_POCKETS_RANDOM, NAK_POCKETS_EVEN } NakPockets;

/** Set by the deck; units and bounds are in NakVoidsParamRows. */
typedef struct {
  PetscInt  pockets;        /**< voids in the pristine cell */
  PetscInt  arrangement;    /**< NakPockets */
  PetscReal radius;         /**< of curvature, of pockets and nuclei [m] */
  PetscInt  seed;           /**< of places and nuclei */
  PetscReal width;          /**< of the diffuse interface, from 10 to 90 % [m] */
  PetscReal contact_angle;  /**< of the liquid on a full interphase [rad] */
  PetscReal depleted_angle; /**< on an empty one while it is stripped [rad] */
  PetscReal onset;          /**< Na content of the face below which the angle changes [-] */
  PetscReal mobility;       /**< R dR/dt of an empty cylinder under surface tension [m2/s] */
  PetscReal pressure;       /**< of the liquid; 0 leaves the voids empty [Pa] */
  PetscReal dissolution;    /**< of the gas: diffusivity times Ostwald's coefficient [m2/s] */
  PetscReal nucleation;     /**< rate on an empty face [1/(m2 s)] */
  PetscReal tolerance;      /**< of v, in each step of its own */
  PetscReal change;         /**< of the contact fraction, in a step of the cell */
} NakVoidsParams;

extern const NakParam NakVoidsParamRows[];

typedef struct NakVoids_private *NakVoids; /**< opaque */

/** Whether the parameters ask for voids at all. */
PetscBool NakVoidsWanted(const NakVoidsParams *params);

enum { NAK_VOIDS_MISFIT = 256 };

/**
  Whether a grid resolves the interface wherever a void may be.  Pure.

  @param[in]  columns  in x and y
  @param[in]  side     of a column in x and y [m]
  @param[in]  layer    height of the alloy's highest layer [m]
  @param[out] why      it does not, with the remedy
*/
PetscBool NakVoidsFit(const NakVoidsParams *params, const PetscInt columns[2],
                      const PetscReal side[2], PetscReal layer, char why[NAK_VOIDS_MISFIT]);

/**
  Put the pockets of the pristine cell on the face.  Collective on the ranks of `state`.

  @param[in]  state            must outlive the voids; v has its columns, its ranks, and its alloy's layers
  @param[in]  params           copied
  @param[in]  surface_tension  of the liquid [N/m]
  @param[out] voids            free with NakVoidsDestroy()

  Errors: PETSC_ERR_USER_INPUT where the grid is too coarse for the interface, or has one column, or where
  voids that lose gas would be too small for the interface from the start.
*/
PetscErrorCode NakVoidsCreate(NakState state, const NakVoidsParams *params,
                              PetscReal surface_tension, NakVoids *voids);

/** Free the voids and set `*voids` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakVoidsDestroy(NakVoids *voids);

/** Write to a checkpoint, or read from one.  Collective. */
PetscErrorCode NakVoidsCheckpoint(NakVoids voids, NakCheckpoint checkpoint);

/** What drives the voids in one column. */
typedef struct {
  PetscReal u;    /**< Na content of the interphase at the electrolyte [-] */
  PetscReal load; /**< current over the limiting current, positive strips [-] */
} NakVoidsDrive;

/**
  Go on for `dt` under a constant drive, and let nuclei form.  Collective.

  @param[in] drive  of the owned columns

  Errors: PETSC_ERR_NOT_CONVERGED where a void has reached the top of the resolved alloy, or where the
  steps become too short.
*/
PetscErrorCode NakVoidsStep(NakVoids voids, PetscReal dt, const NakVoidsDrive drive[]);

/** How far the cell may go before the next NakVoidsStep(): until the contact fraction has changed by its
    tolerance at the rate of the last step, or until the next nucleus [s]. */
PetscReal NakVoidsReach(NakVoids voids);

/** Share of each owned column that is wetted by the liquid, and the height of the void above the rest
    of it [m].  Owned by the voids, valid until the next step. */
const PetscReal *NakVoidsWetted(NakVoids voids);
const PetscReal *NakVoidsRoom(NakVoids voids);

/** v on the owned cells: the alloy's layers of each column from below, columns in the order of the
    state; a vector of a three-dimensional DMDA (layer, x, y).  Owned by the voids. */
Vec NakVoidsOrder(NakVoids voids);

/** Share of void, h(v), of the same cells in the same order.  Owned by the voids; its place stays. */
const PetscReal *NakVoidsShares(NakVoids voids);

/** What there is at the moment. */
typedef struct {
  PetscInt  count;     /**< voids that are apart from each other, and larger than a cell */
  PetscInt  formed;    /**< pockets and nuclei since the start */
  PetscReal height;    /**< their volume over the geometric area [m] */
  PetscReal wetted;    /**< share of the face under liquid [-] */
  PetscReal energy;    /**< F, less its value without voids, over the geometric area [J/m2] */
  PetscReal dissolved; /**< share of all gas ever put into voids that has left them */
  PetscReal
    gas_balance; /**< of the same gas: what is in voids or has left them, less 1; 0 without gas */
  PetscInt steps, iterations; /**< time steps and linear iterations since the start */
} NakVoidsReport;

/** Collective. */
PetscErrorCode NakVoidsMeasure(NakVoids voids, NakVoidsReport *report);

/** Share in [0, 1] of the way from contact_angle to depleted_angle, on the scale of the cosine:
    max(0, 1 - u / onset), while the column is stripped by more than a few per cent of the limit. */
PetscReal NakVoidsDepletion(const NakVoidsParams *params, const NakVoidsDrive *drive);
