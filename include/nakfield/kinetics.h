/**
  @file
  The interface, point by point: charge transfer, interphase, K film, Na deposit, filament.

  Pure functions of the unknowns of one column, each value beside its derivatives; nothing here knows
  a grid, sends messages or fails.  A state outside the physical range (no Na left, an exponential
  that overflows) gives numbers that are not finite, which the solver takes as a rejected step.

  Currents are per area of the column and positive when Na is stripped.  `u` is the Na content of the
  interphase over that in equilibrium with the reference alloy.  Sources: docs/model.md.
*/
#pragma once

#include <nakfield/thermo.h>

/** Set by the deck; rows in NakCellParamRows, NakInterphaseParamRows, NakReactionParamRows.  Limits and
    resistances are those of the pristine cell, per geometric area. */
typedef struct {
  PetscReal area;              /**< geometric [m2] */
  PetscReal series_resistance; /**< of all that is not resolved [ohm m2] */
  PetscReal conductivity;      /**< of the electrolyte [S/m] */
  PetscReal thickness;         /**< of its resolved part [m] */
  PetscReal pellet_thickness;  /**< that a filament must cross [m] */
} NakCellParams;

typedef struct {
  PetscReal   limiting_current;      /**< with the reference alloy on top [A/m2] */
  PetscReal   diffusion_time;        /**< thickness^2 / diffusivity [s] */
  PetscReal   exponent;              /**< m of the exchange isotherm u = (r / r_ref)^m [-] */
  PetscReal   thickness;             /**< [m] */
  NakFraction reference;             /**< K in the alloy for which u = 1 */
  PetscReal   film_rate;             /**< of the K film at full supersaturation [1/s] */
  PetscReal   film_dissolution_time; /**< [s] */
  PetscReal   film_thickness;        /**< of solid K where the film is [m] */
  PetscReal   film_spreading;        /**< lateral diffusivity of the film's share [m2/s] */
} NakInterphaseParams;

typedef struct {
  PetscReal charge_transfer_resistance; /**< at u = 1 [ohm m2] */
  PetscReal symmetry;                   /**< anodic transfer coefficient [-] */
  PetscReal double_layer;               /**< capacitance [F/m2] */
  PetscReal deposit_rate;               /**< growth current at twice the saturation [A/m2] */
  PetscReal deposit_dissolution_time;   /**< into a Na-free interphase [s] */
  PetscReal filament_onset;             /**< equivalent thickness of deposit [m] */
  PetscReal filament_speed;             /**< growth over plating current [m3/(A s)] */
} NakReactionParams;

extern const NakParam NakCellParamRows[];
extern const NakParam NakInterphaseParamRows[];
extern const NakParam NakReactionParamRows[];

/** Everything that the pointwise functions need, worked out once. */
typedef struct {
  NakAlloy  alloy;        /**< at the cell's temperature */
  PetscReal f;            /**< F / R T [1/V] */
  PetscReal alpha;        /**< anodic transfer coefficient */
  PetscReal i0;           /**< exchange current at u = 1 where there is contact [A/m2] */
  PetscReal double_layer; /**< where there is contact [F/m2] */
  PetscReal r_ref, m;     /**< isotherm */
  PetscReal u_na, u_k;    /**< where solid Na and solid K become stable */
  PetscReal content;      /**< charge of the interphase's Na at u = 1 over its volume [C/m3] */
  PetscReal diffusivity;  /**< of Na in the interphase [m2/s] */
  PetscReal film_rate, film_dissolution; /**< [1/s] */
  PetscReal film_content;                /**< K of a complete film [mol/m2] */
  PetscReal film_spreading;              /**< [m2/s] */
  PetscReal deposit_rate;                /**< [A/m2] */
  PetscReal deposit_dissolution;         /**< [1/s] */
  PetscReal deposit_volume;              /**< of solid Na [m3/mol] */
  PetscReal filament_onset, filament_speed;
} NakKinetics;

/**
  Work out the constants.

  @param[in] contact  fraction of the face with contact: the deck's limiting current, resistance and
                      double layer are per geometric area, so where there is contact they are those
                      over `contact`
*/
NakKinetics NakKineticsCreate(const NakMaterial *material, PetscReal temperature,
                              const NakInterphaseParams *interphase,
                              const NakReactionParams *reaction, PetscReal contact);

/** Part of the saturation over which the growth of Na metal sets in, like a square. */
#define NAK_DEPOSIT_ONSET 5e-4

/** u in equilibrium with an alloy of ratio r: (r / r_ref)^m. */
typedef struct {
  PetscReal u, du, d2u; /**< value, first and second derivative to r */
} NakIsotherm;

NakIsotherm NakKineticsIsotherm(const NakKinetics *k, PetscReal r);

/** Open-circuit potential against Na metal of an alloy in equilibrium with u [V]. */
PetscReal NakKineticsOpenCircuit(const NakKinetics *k, PetscReal u);

/** The unknowns of a column that the interface sees, and what is over it. */
typedef struct {
  PetscReal potential; /**< E of the metal against the electrolyte [V] */
  PetscReal deposit;   /**< [mol/m2] */
  PetscReal film;      /**< covered part of the contact */
  PetscReal u;         /**< in the middle of the lowest layer of the interphase */
  PetscReal room;      /**< height of void above the face, which deposit fills first [m] */
} NakFaceState;

enum { NAK_FACE_POTENTIAL, NAK_FACE_DEPOSIT, NAK_FACE_FILM, NAK_FACE_U, NAK_FACE_SIZE };

/** A value and its derivatives to the unknowns above, in their order. */
typedef struct {
  PetscReal value;
  PetscReal d[NAK_FACE_SIZE];
} NakFaceValue;

typedef struct {
  PetscReal    u_face;   /**< in the interphase at the electrolyte */
  NakFaceValue reaction; /**< Faradaic current [A/m2] */
  NakFaceValue supply;   /**< current that the interphase delivers to the face [A/m2] */
  NakFaceValue deposit;  /**< rate [mol/m2/s] */
  NakFaceValue film;     /**< rate [1/s] */
  NakFaceValue filament; /**< rate [m/s] */
} NakFace;

/**
  Solve the balance of Na at the electrolyte's face,

    conductance (u - u_face) = i(u_face, E) + F deposit(u_face),

  for u_face, and evaluate all rates there.

  @param[in] conductance  of the half layer between u and the face [A/m2]
  @param[in] contact      of this column, in [0, 1]
*/
NakFace NakKineticsFace(const NakKinetics *k, const NakFaceState *state, PetscReal conductance,
                        PetscReal contact);
