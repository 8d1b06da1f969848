/**
  @file
  Thermodynamics of a binary alloy: pure functions of temperature and composition, each with its
  derivative.

  Component A is the one that the cell transports (Na in NaK); component B stays (K).  `x` is the
  mole fraction of A, `r = x / (1 - x)` the ratio A : B.  The reference state is the solid of each
  pure metal.  So the chemical potential of A in volts is the open-circuit potential against metal
  A.

  Liquid and solid solution, per mole of atoms, with z = 2 x - 1 and energies that depend on T:

    G = x G_A + (1 - x) G_B + R T [x ln x + (1 - x) ln(1 - x)]
        + x (1 - x) [K_0 + K_1 z + K_2 z^2 ...]

  A file holds the numbers of an alloy (NakMaterialLoad(), docs/materials.md); the code here
  contains none.

  A composition outside (0, 1) gives numbers that are not finite.  The solver takes them as a
  rejected step.
*/
#pragma once

#include <nakfield/deck.h>

enum {
  NAK_ENERGY_TERMS = 8, /* of a polynomial in T */
  NAK_ORDERS       = 8, /* of a Redlich-Kister sum */
  NAK_COMPOUNDS    = 8,
  NAK_SYMBOL_SIZE  = 16 /* of the name of a phase, the final 0 included */
};

#define NAK_REFERENCE_TEMPERATURE 298.15 /* at which a deck's rates and resistances hold [K] */

/**
  How much faster a rate is at T than at NAK_REFERENCE_TEMPERATURE: Arrhenius's law,
  exp[-(E/k)(1/T - 1/T0)].  Exactly 1 at the reference, and where the energy is 0.

  @param[in] energy  of activation [eV]
*/
PetscReal NakArrhenius(PetscReal energy, PetscReal T);

/** An energy: the sum of value T^power, times ln T if `log` [J/mol]. */
typedef struct {
  PetscInt  n;
  PetscReal value[NAK_ENERGY_TERMS];
  PetscInt  power[NAK_ENERGY_TERMS];
  PetscBool log[NAK_ENERGY_TERMS];
} NakEnergy;

/** A solution: both pure metals in its structure, and the Redlich-Kister terms. */
typedef struct {
  NakEnergy a, b;
  PetscInt  orders;
  NakEnergy mixing[NAK_ORDERS];
} NakSolutionData;

typedef struct {
  char      name[NAK_SYMBOL_SIZE];
  PetscReal x; /**< mole fraction of A */
  NakEnergy energy;
} NakCompoundData;

/** The known data of one metal. */
typedef struct {
  char      symbol[NAK_TEXT_SIZE];
  PetscReal mass;                /**< [kg/mol] */
  PetscReal volume;              /**< of the liquid [m3/mol] */
  PetscReal solid_volume;        /**< [m3/mol] */
  PetscReal solid_liquid_energy; /**< [J/m2] */
} NakMetal;

/** An alloy as its file says; plain data without pointers. */
typedef struct {
  char            name[NAK_TEXT_SIZE];
  char            unverified[NAK_TEXT_SIZE];  /**< what of it is not; "" if all is known */
  char            phases_only[NAK_TEXT_SIZE]; /**< why no cell can have it; "" if one can */
  char            file[NAK_TEXT_SIZE];        /**< absolute; "" if that is too long */
  PetscBool       own;                        /**< the file is the user's */
  NakMetal        a, b;
  PetscReal       lowest, highest; /**< temperatures between which the energies hold [K] */
  PetscReal       volume_excess;   /**< of the liquid; times x (1 - x) [m3/mol] */
  PetscReal       surface_tension; /**< of the liquid [N/m] */
  PetscReal       diffusivity;     /**< interdiffusion in the liquid [m2/s] */
  PetscReal       solute_limit;    /**< mole fraction up to which driving forces trust a solid */
  NakSolutionData liquid, solid;
  PetscInt        n_compounds;
  NakCompoundData compounds[NAK_COMPOUNDS];
} NakMaterial;

/**
  Read a material.  Collective on the communicator of `deck`.

  @param[in]  deck      errors about `name` are collected here
  @param[in]  key       the entry of the deck that named the material, or NULL
  @param[in]  name      a file; or a name, for `name`.yaml.  It is a path if it has a slash or ends
                        in .yaml.  Else it is looked for in these folders, in this order: that of
                        the deck; that of the environment's NAKFIELD_MATERIALS;
                        share/nakfield/materials beside the program's folder; the source tree's
  @param[out] material  the same on every rank
  @param[out] errors    in the file, printed as `file:line:column: message`

  Errors: those of NakDeckCreate().
*/
PetscErrorCode NakMaterialLoad(NakDeck deck, const char *key, const char *name,
                               NakMaterial *material, PetscInt *errors);

/** What an alloy does below its liquidus. */
typedef enum {
  NAK_SOLIDS_EQUILIBRIUM, /**< it frees solid: NakThermoAmounts() */
  NAK_SOLIDS_SUPERCOOLED, /**< it stays liquid */
  NAK_SOLIDS_AUTO         /**< in a deck: the latter if a cell has grains, else the former */
} NakSolids;

/** Set by the deck; units and bounds are in NakAlloyParamRows.  Those of the last three, which only
    a cell has, are in NakAlloySolidParamRows. */
typedef struct {
  char        system[NAK_TEXT_SIZE]; /**< the material */
  NakFraction potassium;             /**< share of B in the alloy at the start */
  PetscReal   temperature;           /**< [K] */
  PetscReal   volume;                /**< of liquid in the cell at the start [m3] */
  PetscReal   diffusivity;           /**< interdiffusion at the starting composition [m2/s] */
  PetscReal   activation_energy; /**< of the liquid's D*, the diffusivity over its factor [eV] */
  PetscInt    solids;            /**< a NakSolids */
  PetscBool   compounds;         /**< whether they take part */
} NakAlloyParams;

extern const NakParam NakAlloyParamRows[], NakAlloySolidParamRows[];

/**
  Load the material that the deck names and complete the parameters with it.  If the deck leaves the
  diffusivity at 0, it is set.  The absolute path of a user's own file is kept, so that the resolved
  deck finds it.

  A temperature is collected as an error if the energies do not hold there or no liquid is stable
  (beside compounds, if they take part).  Collective; arguments as in NakMaterialLoad().
*/
PetscErrorCode NakAlloyComplete(NakDeck deck, NakAlloyParams *params, NakMaterial *material,
                                PetscInt *errors);

/** `kelvin` if a cell of this alloy has liquid there, else the lowest temperature where it has [K].
    It is that of its own composition, by the lever rule.  With NAK_SOLIDS_SUPERCOOLED it is that of
    any composition.  To 1 mK, and never below the range in which the energies hold. */
PetscReal NakAlloyLiquid(const NakAlloyParams *params, const NakMaterial *material,
                         PetscReal kelvin);

/** Mole fraction of A in an alloy with the share `b` of component B. */
PetscReal NakThermoMoleFraction(const NakMaterial *material, NakFraction b);

/** Atoms per volume of the liquid, both components [mol/m3]. */
PetscReal NakThermoDensity(const NakMaterial *material, PetscReal x);

/* ---- At one temperature ---- */

/** A solution: energies [J/mol]. */
typedef struct {
  PetscReal RT, g_a, g_b;
  PetscInt  n;
  PetscReal k[NAK_ORDERS]; /**< Redlich-Kister */
} NakSolution;

/** An alloy at a temperature: all that depends on T alone, worked out once. */
typedef struct {
  PetscReal   T; /**< [K] */
  NakSolution liquid, solid;
  PetscReal   solute_limit;
  PetscInt    n_compounds;
  PetscReal   compound_x[NAK_COMPOUNDS], compound_energy[NAK_COMPOUNDS];
  PetscInt    n;                    /**< terms of the polynomials below, for the liquid */
  PetscReal   activity[NAK_ORDERS]; /**< excess of ln a_A over (1 - x)^2, in powers of x */
  PetscReal   bend[NAK_ORDERS];     /**< (factor - 1) / [x (1 - x)], in powers of x */
  PetscReal   integral[NAK_ORDERS]; /**< of the diffusion potential, in powers of x from 1 */
  PetscReal   integral_log;         /**< and before ln(1 + r) */
} NakAlloy;

NakAlloy NakThermoAlloy(const NakMaterial *material, PetscReal T);

/** Gibbs energy and chemical potentials of a solution at mole fraction x of A [J/mol]. */
PetscReal NakSolutionEnergy(const NakSolution *s, PetscReal x);
PetscReal NakSolutionMuA(const NakSolution *s, PetscReal x);
PetscReal NakSolutionMuB(const NakSolution *s, PetscReal x);

/** Second derivative of the Gibbs energy to x [J/mol]. */
PetscReal NakSolutionCurvature(const NakSolution *s, PetscReal x);

/** A phase between two compositions at which its energy is trusted and convex.  Beyond either end a
    parabola with the end's value, slope and curvature continues it.  So mu = dG/dx rises
    everywhere, and every mu has exactly one composition. */
typedef struct {
  NakSolution solution;
  PetscReal   low, high;       /**< mole fractions; 0 and 1 if nothing is cut off */
  PetscReal   mu_low, mu_high; /**< there [J/mol]; infinite at a pure metal */
  PetscReal   reach;           /**< bound of mu less its ideal part [J/mol] */
} NakBranch;

/** The branch of a solution from mole fraction `from` to `to`, or to where the curvature falls to
    RT before that.  Pass 0 and 1 for a liquid.  For a solid, pass a pure metal and the solute
    limit. */
NakBranch NakThermoBranch(const NakSolution *s, PetscReal from, PetscReal to);

/** A phase at a diffusion potential mu, as the grand-potential form needs it (M. Plapp, Phys. Rev.
    E 84 (2011) 031601). */
typedef struct {
  PetscReal x; /**< mole fraction of A; outside (0, 1) only far beyond an end that was cut off */
  PetscReal omega; /**< G - mu x; its derivative to mu is -x [J/mol] */
  PetscReal slope; /**< dx/dmu > 0 [mol/J] */
  PetscReal bend;  /**< d2x/dmu2 [(mol/J)2] */
} NakBranchPoint;

/** At the diffusion potential `mu`; `guess` is a mole fraction to begin from, 0 for none. */
NakBranchPoint NakBranchAt(const NakBranch *branch, PetscReal mu, PetscReal guess);

/**
  The same phase per mole of B, at a chemical potential of A.  Then `x` is the ratio r = A : B.
  `slope` and `bend` are the derivatives of r to mu_a.  `omega` is B's chemical potential.  By Gibbs
  and Duhem, the derivative of omega is -r.  Not finite if no composition of the branch has that
  potential.

  @param[in] mu_a   against solid A [J/mol]
  @param[in] guess  of that ratio, to begin from; 0 for none
*/
NakBranchPoint NakBranchPerB(const NakBranch *branch, PetscReal mu_a, PetscReal guess);

/** The properties of the liquid at one composition that the interface and the diffusion need. */
typedef struct {
  PetscReal
    ln_activity; /**< of A, against solid A [-]; the open-circuit potential is -R T / F times it */
  PetscReal factor; /**< thermodynamic factor d ln a / d ln x [-] */
} NakLiquid;

NakLiquid NakThermoLiquid(const NakAlloy *alloy, PetscReal x);

/** Whether the liquid mixes at every composition.  Then its thermodynamic factor is positive
    everywhere, as all diffusion in it needs. */
PetscBool NakThermoMixes(const NakAlloy *alloy);

/** The integral of the thermodynamic factor over r from 0, and its slopes.  With it the flux of A
    in the frame of B is -c_B D* grad(potential), monotone and exact in its derivative. */
typedef struct {
  PetscReal value; /**< int_0^r factor dr' [-] */
  PetscReal d1;    /**< the factor [-] */
  PetscReal d2;    /**< its derivative to r [-] */
} NakDiffusionPotential;

NakDiffusionPotential NakThermoDiffusion(const NakAlloy *alloy, PetscReal r);

/**
  The least and the greatest mole fraction of A at which liquid is stable; false if there is none.
  Either end follows the leanest of its liquidus lines.  While there is liquid, it is continuous in
  T, except for 1e-6 where a compound takes the place of the solid.  About as costly as 4000
  energies (0.1 ms).

  @param[in] compounds  whether compounds take part
*/
PetscBool NakThermoLiquidRange(const NakAlloy *alloy, PetscBool compounds, PetscReal x[2]);

/**
  Mole fraction of A at which the stable liquid ends towards B (`rich_in_a` false) or towards A.
  There it is in equilibrium with the solid solution; compounds are ignored.  It is 0 or 1 if the
  liquid reaches to the pure metal.  If liquid is nowhere stable, it is 1 and 0, so that nothing
  lies between.
*/
PetscReal NakThermoLiquidus(const NakAlloy *alloy, PetscBool rich_in_a);

/**
  Molar energy gained by the first solid that forms from the liquid at x [J/mol of atoms].  That
  solid has the composition that gains most: mu_A^L x_s + mu_B^L (1 - x_s) - G_solid(x_s).  It is
  rich in A or in B, with no more of the other metal than the material's solute limit.  Negative if
  the liquid is stable against it.

  @param[out] x_solid  that composition, or NULL
*/
PetscReal NakThermoDriving(const NakAlloy *alloy, PetscReal x, PetscBool rich_in_a,
                           PetscReal *x_solid);

/** The same for compound `k` of the material. */
PetscReal NakThermoDrivingCompound(const NakAlloy *alloy, PetscReal x, PetscInt k);

/* ---- Equilibria of all phases ---- */

/** A phase: one of these, or NAK_PHASE_COMPOUND + k. */
enum { NAK_PHASE_LIQUID, NAK_PHASE_SOLID, NAK_PHASE_COMPOUND };

/** Two phases in equilibrium, x[0] < x[1].  The same phase twice: it separates. */
typedef struct {
  PetscInt  phase[2];
  PetscReal x[2];
} NakTie;

/** All equilibria at a temperature, from B to A; between them one phase alone is stable. */
enum { NAK_TIES = 24 };
typedef struct {
  PetscInt n;
  NakTie   tie[NAK_TIES];
  PetscInt at_b, at_a; /**< phases of the pure metals */
} NakEquilibria;

/**
  Find all equilibria: tangents of the lower convex hull of the Gibbs energies.

  @param[in] compounds  whether compounds take part
*/
NakEquilibria NakThermoEquilibria(const NakAlloy *alloy, PetscBool compounds);

/** So much of a phase. */
typedef struct {
  PetscInt  phase; /**< NAK_PHASE_... */
  PetscReal x;     /**< its mole fraction of A */
  PetscReal share; /**< of all atoms */
} NakAmount;

/**
  What an alloy consists of in equilibrium, by the lever rule.

  @param[in]  x          mole fraction of A in all of it
  @param[in]  compounds  whether compounds take part
  @param[out] amounts    liquid first where there is some, else from B to A

  Returns the number of phases, 1 or 2; the shares add up to 1.  If there is one phase, the second
  amount is 0.
*/
PetscInt NakThermoAmounts(const NakAlloy *alloy, PetscReal x, PetscBool compounds,
                          NakAmount amounts[2]);

/** Whether compounds form: they never do in an alloy that stays liquid. */
static inline PetscBool NakAlloyCompounds(const NakAlloyParams *params)
{
  return (PetscBool)(params->compounds && params->solids == NAK_SOLIDS_EQUILIBRIUM);
}

/** What happens at a temperature where the stable phases change. */
typedef enum {
  NAK_INVARIANT_MELTING,    /**< of a pure metal: one phase turns into another */
  NAK_INVARIANT_CONGRUENT,  /**< a phase turns into another of the same composition */
  NAK_INVARIANT_EUTECTIC,   /**< on heating two phases form the one between them */
  NAK_INVARIANT_PERITECTIC, /**< on heating the one between them turns into two */
  NAK_INVARIANT_CRITICAL    /**< two phases become one */
} NakInvariantKind;

typedef struct {
  NakInvariantKind kind;
  PetscReal        T;
  PetscInt         n; /**< phases that meet, from B to A */
  PetscInt         phase[3];
  PetscReal        x[3];
} NakInvariant;

/**
  Find the invariant points between two temperatures, from low to high.  They are found by the
  changes of the list of equilibria in steps of 0.5 K.

  @param[in]     room  of `points`
  @param[out]    count found; more than `room` are left out
*/
void NakThermoInvariants(const NakMaterial *material, PetscReal low, PetscReal high, PetscInt room,
                         NakInvariant points[], PetscInt *count);
