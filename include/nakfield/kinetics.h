/**
  @file
  The interface, point by point.  It has these parts: adlayer, charge transfer, over-limit path,
  interphase, K film, Na metal and filament.

  Pure functions of the unknowns of one column, each value beside its derivatives.  Nothing here
  knows a grid, sends messages or fails.  A state outside the physical range (no Na left, an
  exponential that overflows) gives numbers that are not finite.  The solver takes them as a
  rejected step.

  Currents are per area of the column and positive when Na is stripped.  `u` is the Na content of
  the interphase over that in equilibrium with the reference alloy.  Equations and sources:
  docs/model.md.
*/
#pragma once

#include <nakfield/thermo.h>

/** Set by the deck; rows in NakCellParamRows, NakInterphaseParamRows, NakReactionParamRows.
    Limits, resistances, capacities and charges are those of the pristine cell at
    NAK_REFERENCE_TEMPERATURE. */
typedef struct {
  PetscReal area;                  /**< geometric [m2] */
  PetscReal series_resistance;     /**< of all but the pellet [ohm m2] */
  PetscReal conductivity;          /**< of the electrolyte's grains [S/m] */
  PetscReal grain_boundaries;      /**< resistivity that they add [ohm m] */
  PetscReal thickness;             /**< of the electrolyte's resolved part [m] */
  PetscReal pellet_thickness;      /**< of all of it, which a filament must cross [m] */
  PetscReal grain_energy;          /**< of activation of conductivity times T [eV] */
  PetscReal grain_boundary_energy; /**< the same of the grain boundaries [eV] */
} NakCellParams;

/** The area to which limits, resistances, capacities and charges of the pristine cell refer. */
typedef enum { NAK_PER_CELL, NAK_PER_CONTACT } NakPer;

/** What is between the alloy and the electrolyte. */
typedef enum { NAK_INTERPHASE_MIXED, NAK_INTERPHASE_NONE } NakInterphaseKind;

typedef struct {
  PetscInt    kind;                /**< NakInterphaseKind; see NakInterphaseComplete() */
  PetscInt    per;                 /**< NakPer */
  PetscReal   limiting_current;    /**< with the reference alloy on top [A/m2] */
  PetscReal   diffusion_time;      /**< thickness^2 / diffusivity [s] */
  PetscReal   exponent;            /**< m of the exchange isotherm u = (r / r_ref)^m [-] */
  PetscReal   thickness;           /**< [m] */
  NakFraction reference;           /**< K in the alloy for which u = 1 */
  PetscReal over_limit_resistance; /**< of the over-limit path at u = 1 [ohm m2]; 0: no such path */
  PetscReal film_rate;             /**< of the K film where the face is depleted [1/s] */
  PetscReal film_dissolution_time; /**< [s] */
  PetscReal film_thickness;        /**< of solid K where the film is [m] */
  PetscReal film_spreading;        /**< lateral diffusivity of the film's share [m2/s] */
  PetscReal film_nuclei;           /**< places where a film begins at once [1/m2] */
  PetscReal film_nucleation;       /**< rate of places beside them [1/m2/s] */
  PetscReal film_speed;            /**< of its front where the face is empty [m/s] */
  PetscReal film_width;            /**< of the front [m] */
  PetscInt  film_seed;             /**< of the random places */
  PetscReal activation_energy;     /**< of diffusion and film growth [eV] */
  PetscReal partition_enthalpy;    /**< of the Na content in equilibrium with an alloy [eV] */
  PetscReal over_limit_energy;     /**< of activation of the over-limit path [eV] */
  PetscReal realloying_energy;     /**< of activation of the film's dissolution [eV] */
} NakInterphaseParams;

typedef struct {
  PetscReal area; /**< of contact in a scaffold per area of the face; below 1 it is 1 */
  PetscReal charge_transfer_resistance; /**< at u = 1 [ohm m2] */
  PetscReal activation_energy;          /**< of the exchange current [eV] */
  PetscReal symmetry;                   /**< anodic transfer coefficient [-] */
  PetscReal double_layer;               /**< geometric capacitance [F/m2] */
  PetscReal adlayer_charge;             /**< of the full adlayer [C/m2] */
  PetscReal adlayer_constant;           /**< occupied over empty sites at E = 0 [-] */
  PetscReal deposit_barrier;            /**< below which -E nucleates no Na metal [V] */
  PetscReal deposit_resistance;         /**< of a face under Na metal [ohm m2] */
  PetscReal deposit_cover;              /**< Na metal that covers most of the face [C/m2] */
  PetscReal filament_onset;             /**< Na metal at which a filament starts [C/m2] */
  PetscReal filament_speed;             /**< growth over plating current [m3/(A s)] */
} NakReactionParams;

/** Remove all parts of the interphase from the parameters: no layer, no film, no second path.  The
    reference of u is then the alloy of the start, and u is its Na : K ratio over that. */
void NakInterphaseComplete(NakInterphaseParams *params, const NakAlloyParams *alloy);

/** What the electrolyte is: a solid that Na alone crosses, or a liquid with Na+, K+ and an anion.
    In it the alloy exchanges both of its metals. */
typedef enum { NAK_ELECTROLYTE_SOLID, NAK_ELECTROLYTE_LIQUID } NakElectrolyteKind;

/** How ions move in a liquid: it is one well-mixed volume, or they diffuse and migrate through the
    layers of a separator. */
typedef enum { NAK_TRANSPORT_MIXED, NAK_TRANSPORT_LAYERS } NakTransport;

/** The ions of a liquid electrolyte. */
enum { NAK_ION_NA, NAK_ION_K, NAK_ION_X, NAK_IONS };

typedef struct {
  PetscInt  kind;                  /**< NakElectrolyteKind */
  PetscInt  transport;             /**< NakTransport */
  PetscReal porosity;              /**< of the separator without salt [-] */
  PetscReal diffusivity[NAK_IONS]; /**< in the free liquid [m2/s] */
  PetscReal membrane; /**< thickness of a membrane amid the separator [m]; 0: there is none */
  PetscReal membrane_anions;                 /**< fixed in it [mol/m3] */
  PetscReal membrane_diffusivity[NAK_ION_X]; /**< of Na+ and K+ in it [m2/s] */
  PetscReal exchange_time; /**< of the pores with the liquid beyond them [s]; 0: they have none */
  PetscReal concentration; /**< of its salt at the start [mol/m3] */
  PetscReal potassium;     /**< part of the cations that is K+ at the start, with layers [-] */
  PetscReal volume;        /**< [m3] */
  PetscReal potassium_exchange; /**< i0 of K/K+, at activity and concentration 1 [A/m2] */
  PetscReal potassium_offset;   /**< standard potential of Na less that of K [V] */
  PetscReal potassium_share;    /**< K that is stripped with Na, over it [-] */
  PetscReal solubility; /**< of the K salt in pure solvent [mol/m3]; 0: it stays dissolved */
  PetscReal rate;       /**< of its precipitation at twice the solubility product [mol/(m2 s)] */
  PetscReal separator_rate; /**< the same in a separator, at four times the product [mol/(m3 s)] */
  PetscReal molar_volume;   /**< [m3/mol] */
  PetscReal resistance;     /**< of a face's surface layer without salt [ohm m2] */
  PetscReal room;           /**< salt that closes its pores [mol/m2] */
  PetscReal exponent;       /**< with which its resistance rises [-] */
  PetscReal slowing;        /**< salt that halves the exchange of K [mol/m2]; 0: none does */
} NakLiquidParams;

extern const NakParam NakLiquidParamRows[];
extern const NakParam NakCellParamRows[];
extern const NakParam NakInterphaseParamRows[];
extern const NakParam NakReactionParamRows[];

/** Everything that the pointwise functions need, computed once; per area of contact. */
typedef struct {
  NakAlloy  alloy;        /**< at the cell's temperature */
  PetscReal f;            /**< F / R T [1/V] */
  PetscReal alpha;        /**< anodic transfer coefficient */
  PetscReal i0;           /**< exchange current at u = 1 [A/m2] */
  PetscReal double_layer; /**< [F/m2] */
  PetscReal adlayer;      /**< charge of the full adlayer [C/m2] */
  PetscReal adlayer_constant;
  PetscReal r_ref, m;     /**< isotherm */
  PetscBool direct;       /**< no interphase: the reaction is with the alloy of ratio u r_ref */
  PetscReal ln_reference; /**< logarithm of the activity of Na in the reference alloy */
  PetscReal u_k,
    u_na;            /**< below and above which solid K and solid Na are stable in the interphase */
  PetscReal content; /**< charge of the interphase's Na at u = 1 over its volume [C/m3] */
  PetscReal diffusivity;                 /**< of Na in the interphase [m2/s] */
  PetscReal over_limit;                  /**< conductance of the over-limit path at u = 1 [S/m2] */
  PetscReal film_rate, film_dissolution; /**< [1/s] */
  PetscReal film_content;                /**< K of a complete film [mol/m2] */
  PetscReal film_spreading;              /**< [m2/s] */
  PetscReal film_speed; /**< of the film's front at a whole drive [m/s]; 0: the film is uniform */
  PetscReal film_drive; /**< rate that the drive gives the front [1/s] */
  PetscReal film_well,
    film_lattice; /**< rate of the double well [1/s], and its share of a grid [-] */
  PetscReal       deposit_barrier;     /**< [V] */
  PetscReal       deposit_conductance; /**< [S/m2] */
  PetscReal       deposit_nucleus;     /**< less metal than this is a trace that dissolves [C/m2] */
  PetscReal       deposit_cover;       /**< [C/m2] */
  PetscReal       deposit_volume;      /**< of solid Na [m3/mol] */
  PetscReal       filament_onset;      /**< [C/m2] */
  PetscReal       filament_speed;
  NakLiquidParams liquid; /**< at the temperature, concentrations over that of the start */
} NakKinetics;

/** The pellet at a temperature; resistances are of the geometric area. */
typedef struct {
  PetscReal conductivity;     /**< of the grains [S/m] */
  PetscReal resolved;         /**< resistance of the resolved part's grains [ohm m2] */
  PetscReal grain_boundaries; /**< of the whole pellet [ohm m2] */
  PetscReal series; /**< of all but the resolved part: other grains, grain boundaries, and what
                                   the deck adds [ohm m2] */
} NakPellet;

NakPellet NakPelletAt(const NakCellParams *params, PetscReal temperature);

/**
  Work out the constants.

  @param[in] contact  fraction of the face in contact.  With NAK_PER_CELL the deck's numbers are per
                      geometric area; those of the area in contact are the deck's over `contact`
*/
NakKinetics NakKineticsCreate(const NakMaterial *material, PetscReal temperature,
                              const NakInterphaseParams *interphase,
                              const NakReactionParams *reaction, PetscReal contact);

/** Make the electrolyte the liquid of `liquid`, at the temperature of `kinetics`. */
void NakKineticsBathe(NakKinetics *kinetics, const NakLiquidParams *liquid,
                      const NakReactionParams *reaction);

/** How fast the salt on a face grows [mol/(m2 s)].  Its derivatives are to the salt itself and to
    the concentrations of K+ and of the anion, over that of the start. */
typedef struct {
  PetscReal value, dsalt, dpotassium, danion;
} NakSaltRate;

NakSaltRate NakKineticsSalt(const NakKinetics *k, PetscReal salt, PetscReal potassium,
                            PetscReal anion);

/** Resistance of a face's surface layer with so much salt, and its derivative [ohm m2]. */
PetscReal NakKineticsSaltResistance(const NakKinetics *k, PetscReal salt, PetscReal *slope);

/** Whether the K film comes from nuclei and grows by a front; else it is uniform. */
static inline PetscBool NakKineticsFront(const NakInterphaseParams *p)
{
  return (PetscBool)(p->film_nuclei > 0 || p->film_nucleation > 0);
}

/** Fit the front of the K film to columns `spacing` apart [m], so that its speed there is that of a
    continuum; 0 is for a continuum.  If the film is uniform, nothing happens. */
void NakKineticsFitFront(NakKinetics *kinetics, PetscReal width, PetscReal spacing);

/** What drives the K film over a face with the Na content `u`.  It is 1 on an empty face, 0 at u_k,
    and -1 far above u_k. */
PetscReal NakKineticsFilmDrive(const NakKinetics *kinetics, PetscReal u);

/** The open share is held at this value.  A film that covers more could not be distinguished from a
    whole one. */
#define NAK_OPEN_LEAST 1e-30

/** What a front leaves open.  Columns beside it must be solved to a fraction of this. */
#define NAK_OPEN_FRONT 1e-6

/** u in equilibrium with an alloy of ratio r: (r / r_ref)^m. */
typedef struct {
  PetscReal u, d1, d2; /**< value, first and second derivative to r */
} NakIsotherm;

NakIsotherm NakKineticsIsotherm(const NakKinetics *k, PetscReal r);

/** Open-circuit potential against Na metal of an alloy in equilibrium with u [V]. */
PetscReal NakKineticsOpenCircuit(const NakKinetics *k, PetscReal u);

/** Charge of the face, capacitor and adlayer, per area of contact [C/m2]. */
typedef struct {
  PetscReal value;
  PetscReal dE;    /**< differential capacitance [F/m2] */
  PetscReal dopen; /**< [C/m2] */
} NakFaceCharge;

NakFaceCharge NakKineticsCharge(const NakKinetics *k, PetscReal potential, PetscReal open);

/** The potential at which the face holds the charge `charge`, per area of contact [V].  Newton's
    method starts from `potential`; it is returned as it is if it already fits.  NaN if it does not
    converge. */
PetscReal NakKineticsPotential(const NakKinetics *k, PetscReal charge, PetscReal open,
                               PetscReal potential);

/** The unknowns of a column that the interface sees, and those above it. */
typedef struct {
  PetscReal potential; /**< E of the metal against the electrolyte [V] */
  PetscReal deposit;   /**< [mol/m2] */
  PetscReal open;      /**< part of the contact that is free of the K film */
  PetscReal u;         /**< in the middle of the lowest layer of the interphase; without one, of the
                              alloy, in which u is r over that of the reference */
  PetscReal r;         /**< Na : K ratio of the lowest layer of the alloy */
  PetscReal wetted;    /**< part of the contact under liquid; follows from order parameters */
  PetscReal void_height; /**< above the face, which deposit fills first [m]; no unknown */
  PetscReal above; /**< solid Na of the alloy that touches the face [C/m2]; without derivatives */
  PetscReal stiffening; /**< derivative to u of the conductance to the face [A/m2] */
  PetscReal ln_sodium;  /**< logarithm of the concentration of Na+ over that of the start */
  PetscReal potassium;  /**< concentration of K+ over that of Na+ at the start */
  PetscReal salt;       /**< K salt on the face [mol/m2] */
  PetscReal
    solid; /**< part of the alloy that is solid Na, where no K reacts; without derivatives */
} NakFaceState;

enum {
  NAK_FACE_POTENTIAL,
  NAK_FACE_DEPOSIT,
  NAK_FACE_OPEN,
  NAK_FACE_U,
  NAK_FACE_R,
  NAK_FACE_WETTED,
  NAK_FACE_SODIUM, /**< these three of a liquid electrolyte */
  NAK_FACE_POTASSIUM,
  NAK_FACE_SALT,
  NAK_FACE_SIZE
};

/** A value and its derivatives to the unknowns above, in their order. */
typedef struct {
  PetscReal value;
  PetscReal d[NAK_FACE_SIZE];
} NakFaceValue;

typedef struct {
  PetscReal    u_face;   /**< in the interphase at the electrolyte */
  NakFaceValue reaction; /**< current of charge transfer [A/m2] */
  NakFaceValue supply; /**< current that the interphase delivers: to the reaction, and to metal that
                                precipitates under a void [A/m2] */
  NakFaceValue over_limit; /**< current that the lowest layer of the alloy supplies [A/m2] */
  NakFaceValue deposit;    /**< current of charge transfer out of the Na metal [A/m2] */
  NakFaceValue potassium;  /**< current of K, in a liquid electrolyte [A/m2] */
  NakFaceValue faradaic;   /**< sum of reaction, over-limit path, deposit and K [A/m2] */
  NakFaceValue metal;      /**< what the Na metal gains, as a current [A/m2] */
  NakFaceValue open;       /**< rate of the open share [1/s] */
  NakFaceValue filament;   /**< rate [m/s] */
} NakFace;

/**
  Solve the balance of Na at the electrolyte's face,

    conductance (u - u_face) = i(u_face, E) + precipitation(u_face),

  for u_face, and evaluate all rates there.

  @param[in] conductance  of the half layer between u and the face [A/m2]; that of the alloy if
                          there is no interphase
  @param[in] contact      of this column, in [0, 1]; without contact all currents are 0
*/
NakFace NakKineticsFace(const NakKinetics *k, const NakFaceState *state, PetscReal conductance,
                        PetscReal contact);

/** A flux of an ion from place a down to place b, with its derivatives to the concentrations, to
    the drop v and to the resistances there. */
typedef struct {
  PetscReal value, below, above, v, r_below, r_above;
} NakIonFlux;

/** By Nernst and Planck, over a resistance 1/g = r_b + r_a that diffusion alone would meet [s/m]:

      J = g [ c_a - c_b + z v (c_a + c_b) / 2 ],      v = f (phi_a - phi_b).

    Where two media meet, c and phi `jump`.  There the flux is that of a constant field, which is 0
    in equilibrium (D. L. Scharfetter, H. K. Gummel, IEEE Trans. Electron Devices 16 (1969) 64).
    With an infinite resistance it is 0. */
NakIonFlux NakKineticsIonFlux(PetscReal z, PetscReal r_b, PetscReal r_a, PetscReal c_b,
                              PetscReal c_a, PetscReal v, PetscBool jump);

/** A host: sites that Na and K share.  Arrays are of Na and of K. */
typedef struct {
  PetscReal capacity;   /**< charge of all sites [C/m2]; 0: there is no host */
  PetscReal voltage[2]; /**< of each metal in a host that has half of its sites taken, all by this
                             metal, against Na metal; concentrations are that of the start [V] */
  PetscReal slope;      /**< fall of both from empty to full, beside that of mixing [V] */
  PetscReal rate[2];    /**< twice the exchange current at that filling [A/m2] */
} NakHost;

/** Currents at a host, by Butler and Volmer with mass action: for s = Na, K

      i_s = k_s { y_s exp[alpha f (E - U_s)] - c_s (1 - y_Na - y_K) exp[-(1 - alpha) f (E - U_s)] }

    with U_s = voltage + slope (1/2 - y_Na - y_K).  In `state`, `u` is y_Na and `r` is y_K.  All
    rates but those of the two reactions are 0.  Source: M. Doyle, T. F. Fuller, J. Newman, J.
    Electrochem. Soc. 140 (1993) 1526, for each guest. */
NakFace NakKineticsHost(const NakKinetics *k, const NakHost *host, const NakFaceState *state);

/** Potential of a host in equilibrium with Na+ of the start [V].  `sites` are the parts that Na and
    K have. */
PetscReal NakHostOpenCircuit(const NakKinetics *k, const NakHost *host, const PetscReal sites[2]);
