/**
  @file
  Thermodynamics of a binary alloy: pure functions of temperature and composition, each with its
  derivative.

  Component A is the one that the cell transports (Na), component B stays (K).  `x` is the mole
  fraction of A in the liquid, `r = x / (1 - x)` the ratio A : B.  Reference state: bcc of each pure
  metal, so the chemical potential of A in volts is the open-circuit potential against metal A.

  Liquid and bcc solid solution, per mole of atoms, with RK(x) = x (1 - x) [k0 + k1 (2 x - 1)]:

    G_L   = x dG_A + (1 - x) dG_B + R T [x ln x + (1 - x) ln(1 - x)] + RK(x; L0, L1)
    G_bcc =                         R T [x ln x + (1 - x) ln(1 - x)] + RK(x; S0, S1)

  Nothing here sends messages or fails; a composition outside (0, 1) gives numbers that are not
  finite, which the solver takes as a rejected step.
*/
#pragma once

#include <nakfield/deck.h>

/** An alloy: energies [J/mol] as polynomials in T [K], volumes [m3/mol], molar masses [kg/mol]. */
typedef struct {
  const char *name;
  PetscReal   mass_a, mass_b;
  PetscReal   volume_a, volume_b, volume_excess; /**< of the liquid; excess times x (1 - x) */
  PetscReal   solid_volume_a, solid_volume_b;
  PetscReal   fusion_a[3], fusion_b[3]; /**< dG = [0] + [1] T + [2] T^7 */
  PetscReal   liquid[2][2];             /**< Lk = [k][0] + [k][1] T */
  PetscReal   solid[2];                 /**< Sk */
} NakMaterial;

/** Sodium-potassium.  Unaries: SGTE (Dinsdale, Calphad 15 (1991) 317); liquid and bcc mixing fitted to
    the eutectic (-12.6 C, 77.8 wt% K), the liquid window at 25 C (9.2 to 58.2 wt% Na) and the heat of
    mixing; molar volumes extrapolated from Foust's handbook (1972). */
extern const NakMaterial NakSodiumPotassium;

/** Set by the deck; units and bounds are in NakAlloyParamRows. */
typedef struct {
  NakFraction potassium;   /**< of the alloy at the start */
  PetscReal   temperature; /**< [K] */
  PetscReal   volume;      /**< of liquid in the cell at the start [m3] */
  PetscReal   diffusivity; /**< interdiffusion at the starting composition [m2/s] */
} NakAlloyParams;

extern const NakParam NakAlloyParamRows[];

/** Mole fraction of A in an alloy with the share `b` of component B. */
PetscReal NakThermoMoleFraction(const NakMaterial *material, NakFraction b);

/** Atoms per volume of the liquid, both components [mol/m3]. */
PetscReal NakThermoDensity(const NakMaterial *material, PetscReal x);

/** What the interface and the diffusion need of the liquid at one composition. */
typedef struct {
  PetscReal
    ln_activity;    /**< of A, against bcc A [-]; the open-circuit potential is -R T / F times it */
  PetscReal factor; /**< thermodynamic factor d ln a / d ln x [-] */
} NakLiquid;

NakLiquid NakThermoLiquid(const NakMaterial *material, PetscReal T, PetscReal x);

/** The integral of the thermodynamic factor over r from 0, and its slopes: with it the flux of A in the
    frame of B is -c_B D* grad(potential), monotone and exact in its derivative. */
typedef struct {
  PetscReal value;  /**< int_0^r factor dr' [-] */
  PetscReal slope;  /**< the factor [-] */
  PetscReal second; /**< its derivative to r [-] */
} NakDiffusionPotential;

NakDiffusionPotential NakThermoDiffusion(const NakMaterial *material, PetscReal T, PetscReal r);

/**
  Mole fraction of A at which the liquid is in equilibrium with the bcc solid solution rich in B
  (`rich_in_a` false: the lower liquidus) or in A (the upper one).  0 or 1 where the solid is nowhere
  stable against the liquid at this temperature.
*/
PetscReal NakThermoLiquidus(const NakMaterial *material, PetscReal T, PetscBool rich_in_a);
