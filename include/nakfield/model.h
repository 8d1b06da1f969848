/**
  @file
  The NaK cell as a differential-algebraic system F(t, U, dU/dt) = 0 linearised as columns, and what
  is measured on a state.

  Equations, signs and discretisation: docs/model.md.  Every row is scaled so that the coefficient
  of its own time derivative is 1.  So residuals of neighbouring grids compare.  The electrolyte's
  rows have no time derivative and are currents per area.  The charge of the face is an algebraic
  function of E and of the open share.  Sums over a column that are conserved are linear in U.  Any
  Runge-Kutta or Rosenbrock method conserves them to the accuracy of its linear solves.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/columns.h>
#include <nakfield/kinetics.h>
#include <nakfield/microstructure.h>
#include <nakfield/voids.h>
#include <nakfield/wetting.h>

/** How the contact of alloy and electrolyte is distributed over the face. */
typedef enum { NAK_CONTACT_PATCHES, NAK_CONTACT_STRIP, NAK_CONTACT_DISC } NakContactShape;

typedef struct {
  PetscReal fraction; /**< of the face with contact */
  PetscInt  shape;    /**< NakContactShape */
  PetscReal patch;    /**< typical size of a patch [m] */
  PetscInt  seed;     /**< of the random patches */
} NakContactParams;

extern const NakParam NakContactParamRows[];

/** What is opposite the alloy, across the electrolyte. */
typedef enum { NAK_COUNTER_SODIUM, NAK_COUNTER_ALLOY, NAK_COUNTER_HOST } NakCounterKind;

typedef struct {
  PetscInt    kind;       /**< NakCounterKind */
  NakFraction potassium;  /**< in its alloy; 0 for as much as in the other */
  PetscReal   volume;     /**< [m3]; 0 for that of the other */
  PetscInt    interphase; /**< 0: as between the other alloy and the electrolyte, 1: none */
  PetscReal   charge_transfer_resistance; /**< [ohm m2]; 0 for that of the other */
  PetscReal   capacity;                   /**< of a host, as all that follows [C/m2] */
  PetscReal   voltage[2];                 /**< with half of the sites taken by Na, by K [V] */
  PetscReal   slope;                      /**< fall of both from empty to full [V] */
  PetscReal   sites[2];                   /**< taken at the start by Na, by K [-] */
  PetscReal   potassium_exchange;         /**< at half of the sites [A/m2]; 0: K is refused */
} NakCounterParams;

extern const NakParam NakCounterParamRows[];

/** Where a cell ends: what a host has left, over its sites, and Na+ in a liquid, over that of the
    start.  Below them differences of amounts are no longer known. */
#define NAK_COUNTER_LEAST 1e-12
#define NAK_SODIUM_LEAST  1e-12

/** All that the deck and the file of its material say about the cell. */
typedef struct {
  NakAlloyParams      alloy;
  NakMaterial         material; /**< that `alloy` names */
  NakCellParams       cell;
  NakInterphaseParams interphase;
  NakReactionParams   reaction;
  NakGridParams       grid;
  NakContactParams    contact;
  NakCounterParams    counter;
  NakLiquidParams     liquid;         /**< the electrolyte, if it is one */
  NakMixParams        microstructure; /**< phases of the alloy; none without grains */
  NakVoidsParams      voids;
  NakWettingParams    wetting;
} NakModelParams;

/** Whether the electrolyte is a liquid whose ions move through layers. */
PetscBool NakModelHasLayers(const NakModelParams *params);

/** Numbers that are kept of each column from which the lateral fluxes of its ions follow, beside
    one for each unknown; 0 if none pass. */
PetscReal NakModelBeside(const NakModelParams *params);

/** Work out what follows from other parameters: the zone of phases, on the grid's columns.  Its
    layers have a quarter of an interface, and are no higher than a column is wide.  Beside grains,
    voids are one of the phases. */
void NakModelComplete(NakModelParams *params);

/** K per volume of alloy in the frame of the cell, which moves with K [mol/m3]; the height of the
    alloy in that frame [m]. */
PetscReal NakModelDensity(const NakModelParams *params);
PetscReal NakModelHeight(const NakModelParams *params);

/** Height of the electrolyte on the grid, with its membrane if it has one [m]. */
PetscReal NakModelElectrolyte(const NakModelParams *params);

/** Height of the interphase on the grid, 0 if there is none [m]. */
PetscReal NakModelInterphase(const NakModelParams *params);

/** A cell with the alloy and the face of the counter electrode, if that electrode is an alloy.  A
    host has no layers. */
void NakCounterCell(const NakModelParams *params, NakModelParams *cell);

/** Report entries that contradict each other. */
void NakModelCheck(const NakModelParams *params, NakCheckList *list);

typedef struct NakModel_private *NakModel; /**< opaque */

/** Create the cell.  Collective on `comm`.  Errors: PETSC_ERR_USER_INPUT for what NakModelCheck()
    finds; those of NakStateCreate(). */
PetscErrorCode NakModelCreate(MPI_Comm comm, const NakModelParams *params, NakModel *model);

/** Free the model and set `*model` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakModelDestroy(NakModel *model);

/** Owned by the model. */
NakState NakModelState(NakModel model);

/** Where the counter electrode has its unknowns, counted from NakLayout.counter.  NULL for Na
    metal, which has none.  A host has no layers, and its sites as the reservoir.  Owned by the
    model. */
const NakLayout *NakModelCounter(NakModel model);

/** Charge that the face stores at 1 V, adlayer included, mean over it: a scale for balances
    [C/m2]. */
PetscReal NakModelFaceCharge(NakModel model);

/** What is in series with the face in the circuit. */
typedef struct {
  PetscReal series;           /**< resistance beyond the resolved electrolyte [ohm m2] */
  PetscReal grain_boundaries; /**< part of it [ohm m2] */
  PetscReal electrolyte;      /**< of the resolved electrolyte, seen by the mean current [ohm m2] */
} NakCircuit;

NakCircuit NakModelCircuit(NakModel model);

/** Layers of ions in a liquid electrolyte, for a small current.  `slopes`, a vector of the cell,
    gets the derivatives of the terminal voltage to their unknowns, and `resistance` that to the
    current at fixed unknowns [ohm m2].  Both are means over the columns.  Without such layers
    `slopes` is not touched and the resistance is 0.  Collective. */
PetscErrorCode NakModelIonsResponse(NakModel model, Vec U, Vec slopes, PetscReal *resistance);

/** What a unit of current through the far face adds to the row of Na+ in the layer there [m2/C]; 0
    without layers of ions. */
PetscReal NakModelIonsFar(NakModel model);

/** Resistance of the surface layers of both faces with the salt in them, mean over the columns [ohm
    m2].  It is 0 in a solid electrolyte.  Collective. */
PetscErrorCode NakModelSaltResistance(NakModel model, Vec U, PetscReal *resistance);

/** Give the cell another temperature from now on.  All its rates, resistances and equilibria
    follow.  Every face keeps its charge; NakModelSettle() then puts its potential where that
    belongs.  Not collective. */
PetscErrorCode NakModelSetTemperature(NakModel model, PetscReal temperature);

/** That temperature, at first the deck's [K]. */
PetscReal NakModelTemperature(NakModel model);

/** Set `U` to the pristine cell: everything in equilibrium with the alloy, no current. */
PetscErrorCode NakModelInitialise(NakModel model, Vec U);

/** What the cycler holds from now on.  Logically collective, no messages. */
PetscErrorCode NakModelHold(NakModel model, NakControl control);

/** The control that NakModelHold() set last. */
NakControl NakModelHeld(NakModel model);

/**
  Evaluate F = F(U, dU/dt).  Collective: one exchange of ghost columns in 2D and 3D, none in 1D.

  A state without physical meaning (no Na left in a place, an exponential that overflows) gives
  values that are not finite.
*/
PetscErrorCode NakModelResidual(NakModel model, Vec U, Vec Udot, Vec F);

/** Make a state conserve that solves a time step's equations only approximately.  `F` is the
    residual; its time derivative changes by `shift` times a change of `U`.  The charge that passes,
    the charge that reacts and K are set by the fluxes.  The reservoir takes the Na that is then
    lacking.  The far current and the fluxes that matter depend on none of these unknowns but the
    reservoir, and the reservoir changes by the residual only.  Collective. */
PetscErrorCode NakModelBook(NakModel model, Vec F, PetscReal shift, Vec U);

/** How often something other than time steps has changed the state: nuclei.  Not part of a
    checkpoint. */
PetscInt NakModelDisturbed(NakModel model);

/** Whether `U` has physical meaning everywhere: finite, with Na left in every cell.  Collective. */
PetscErrorCode NakModelValid(NakModel model, Vec U, PetscBool *valid);

/** Whether layers of a liquid electrolyte had next to no Na+ left at a face, 1 % of that at the
    start, at the last NakModelMeasure().  Not collective. */
PetscBool NakModelDepleted(NakModel model);

/** Whether linearisations include the lateral resistance of the electrolyte.  At first they do;
    NakModelResidual() always does.  Without it, each of its layers is an equipotential. */
PetscErrorCode NakModelConstrict(NakModel model, PetscBool constrict);

/** The linearised cell and its solvers, at the temperature and the control at the time of each
    NakColumnsLinearise().  Owned by the model.  The conserved sum is Na, and the reservoir is its
    keeper. */
NakColumns NakModelColumns(NakModel model);

/** Set the potential of every face to the value that belongs to its charge.  A step does so to its
    tolerance only.

    @param[out] moved  by how much at most, over NakModelScales() and the magnitude; with it the
                       call is collective.  NULL if that does not matter
 */
PetscErrorCode NakModelSettle(NakModel model, Vec U, PetscReal *moved);

/** Static contact of each owned column, in [0, 1].  Not collective. */
PetscErrorCode NakModelContact(NakModel model, PetscReal contact[]);

/** Fill `scale` with the size of a change that matters in each unknown, for error control.
    Unknowns that need none get 1e30: algebraic ones except E, and pure integrals.  A change of the
    open share matters relative to itself alone.  Its scale is its magnitude in `U`, or 1e-30 if U
    is NULL. */
PetscErrorCode NakModelScales(NakModel model, Vec U, Vec scale);

/**
  Measure a state.  Collective: two reductions.

  @param[in,out] record     time, step, cycle, dt, iterations and balances stay untouched; the rest
                            is filled.  The voltage follows from the mean of E and the current.  So
                            it needs no consistent potential right after a switch
  @param[out]    inventory  NAK_ELECTRODES of them, the counter electrode the second; or NULL
*/
PetscErrorCode NakModelMeasure(NakModel model, Vec U, NakRecord *record, NakInventory *inventory);

/** What drives voids at the faces of the owned columns.  `load` is over the limiting current under
    the reference alloy.  Without contact, `u` is that of the column and there is no load.  Not
    collective. */
PetscErrorCode NakModelFaces(NakModel model, Vec U, NakVoidsDrive faces[]);

/** Places of a deck from which the K film spreads at once, on its whole grid. */
PetscInt NakModelFilmPlaces(const NakModelParams *params);

/** To be called after a step of length `dt` that ended at `time`.  It does the following, and Na, K
    and charge stay as they are:
    - nuclei of the K film form and grow
    - grains begin at the sites that are driven enough
    - gas of voids dissolves, and new voids form
    Collective.  Errors: PETSC_ERR_NOT_CONVERGED, with the reason, if a phase has reached the top of
    its zone. */
PetscErrorCode NakModelAdvance(NakModel model, PetscReal time, PetscReal dt, Vec U);

/** Within a step: how long the gas of voids has been dissolving since the last NakModelAdvance()
    [s]. */
void NakModelAge(NakModel model, PetscReal since);

/** The latest time [s] at which the next step must end, because of what NakModelAdvance() does. */
PetscReal NakModelUntil(NakModel model);

/** Let every column keep what frames report of its past.  To be called for the state at the start
    of the run and after each step and switch, in the order of time.  Not collective; changes
    nothing else. */
PetscErrorCode NakModelRemember(NakModel model, PetscReal time, Vec U);

/** What a restart needs in addition to the state. */
PetscErrorCode NakModelCheckpoint(NakModel model, NakCheckpoint checkpoint);

/** How many nuclei of the K film have formed. */
PetscInt NakModelFilmNuclei(NakModel model);

/** The voids at present.  Not collective. */
NakGasReport NakModelVoidsReport(NakModel model);

/** The fields that such a cell has; how many.  Pure. */
PetscInt NakModelFields(const NakModelParams *params, NakField list[NAK_FRAME_FIELDS]);

/** The fields of `U` for observers; valid until `U` or the model changes.  Not collective. */
PetscErrorCode NakModelFrame(NakModel model, Vec U, NakFrame *frame);
