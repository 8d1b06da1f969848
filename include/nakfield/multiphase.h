/**
  @file
  Several phases of a binary alloy on a uniform box: liquid, void, and solid solutions rich in B or
  in A (any number of grains).  They are order parameters phi_i >= 0 with sum 1.  All phases of a
  cell share one diffusion potential mu = dG/dx.  Grand-potential form: M. Plapp, Phys. Rev. E 84
  (2011) 031601.

  The energy.  s_i is half of what a phase brings to the energy of its interfaces (sigma_ij = s_i +
  s_j).  w is the width, and V the molar volume, one for all phases:

    F = int sum_i h_i G_i(x_i) / V
        + 12/w [ sum_i s_i phi_i^2 (1 - phi_i)^2 + B sum_(i<j<k) phi_i^2 phi_j^2 phi_k^2
               + 1e4 B sum_i |min(phi_i, 0)|^3 ]
        + 3/4 w sum_i s_i |grad phi_i|^2 dV  +  int sum_i gamma_i h_i dA

    p_i = P(phi_i) / sum_j P(phi_j),   P = phi^3 (10 - 15 phi + 6 phi^2), 0 below zero
    h_i = p_i - sum_(j, k) 15 phi_i^2 phi_j^2 phi_k [p_i - p_j - (s_j - s_i)/(s_i + s_j)],
          i, j, k different                                    X = sum_i h_i x_i(mu)

  after F. Boyer and C. Lapuerte, ESAIM: M2AN 40 (2006) 653.  Between two phases no third one
  appears.  Every interface has the energy sigma_ij and the profile phi = [1 + tanh(2 n / w)] / 2,
  so its greatest slope is 1/w.  The weights sum to 1; between two phases they are P(phi).  Any
  driving force leaves the pure phases metastable (dh/dphi ~ phi^2).

  Evolution, with one mobility m for surface, bulk and wall, and for all phases of a place:

    dphi_i/dt = - 2 m / (3 w s_i) [dF/dphi_i - beta] at fixed X,      dX/dt = V div(M grad mu)
    beta = sum_k (dF/dphi_k / s_k) / sum_k (1 / s_k),  the liquid included
    M = sum_i h_i D_i dx_i/dmu / V

  so a curved interface moves at m (curvature).  The gradient part is m lap(phi_i) for each phase.
  The energy of a closed box cannot rise.  The second term of h makes dF/dphi_k = beta for a phase k
  that is absent from an interface of two others.  So nothing pulls it in, neither bulk nor wall.

  Void carries no metal.  In this frame of numbers it is a phase of fixed composition, that of the
  alloy at the start.  The liquid that a void displaces is exchanged with alloy of that composition
  elsewhere.  A pressure keeps the volume of all voids constant.  `NAK_MIX_VAPOUR` of the liquid's
  atoms stay in a void, so that mu has a value there.

  The same formulas hold per mole of B (NAK_PER_B), as a cell needs it.  Then:
  - X is the ratio A : B
  - mu is the chemical potential of A against solid A
  - G_i - mu x_i is the chemical potential of B in phase i
  - V is the volume that holds a mole of B
  - the flux is the cell's own

  In that frame a void lifts the liquid off and leaves X alone.  So does solid A, which is taken as
  pure and brings V / V_A of A.  Its energy is the one at which it is in equilibrium with the liquid
  of the phase diagram.

  The unknowns of a cell are mu / RT, with the T of the start, then phi_1, phi_2, and so on.  Phase
  0 is the liquid, phi_0 = 1 - sum.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/state.h>
#include <nakfield/thermo.h>

enum { NAK_MIX_CELLS = 4 }; /* of an interface */
enum { NAK_MIX_MOST = 8 };  /* phases, grains counted, the liquid included */
#define NAK_MIX_VAPOUR 1e-3

typedef enum {
  NAK_BODY_LIQUID,
  NAK_BODY_SOLID_B,
  NAK_BODY_SOLID_A,
  NAK_BODY_VOID,
  NAK_BODIES
} NakBody;

/** The unit to which amounts refer. */
typedef enum { NAK_PER_ATOM, NAK_PER_B } NakMixFrame;

/** What the physics at a point depends on.  Plain data. */
typedef struct {
  NakMixFrame frame;
  PetscInt    n; /**< phases */
  NakBody     body[NAK_MIX_MOST];
  PetscBool   used[NAK_BODIES];
  NakBranch   branch[NAK_BODIES]; /**< at the present temperature; none for the void */
  PetscReal   RT;                 /**< scale of the unknown of mu [J/mol] */
  PetscReal   volume;             /**< V, of a mole of atoms or of B [m3/mol] */
  PetscReal   metal;              /**< A in solid A per mole of B */
  PetscReal   metal_energy;       /**< chemical potential of A in solid A [J/mol] */
  PetscReal   partition; /**< ratio A : B of solid B over that of the liquid, where both meet */
  PetscReal   width;     /**< of interfaces; of a box a little more, see docs/model.md [m] */
  PetscReal   share[NAK_MIX_MOST]; /**< s_i [J/m2] */
  PetscReal   barrier;             /**< B [J/m2] */
  PetscReal
    mobility[NAK_MIX_MOST]; /**< curvature times it is a speed; infinite for the liquid [m2/s] */
  PetscReal wall[NAK_MIX_MOST];      /**< gamma_i against the liquid's [J/m2] */
  PetscReal diffusivity[NAK_BODIES]; /**< [m2/s] */
  PetscReal
    anisotropy[NAK_MIX_MOST];   /**< 3/4 w times the energy towards the liquid [J/m]; 0 for none */
  PetscReal fourfold;           /**< energy times 1 + this times cos(4 angle) */
  PetscReal tilt[NAK_MIX_MOST]; /**< of a grain's axes in the plane of x and z [rad] */
  PetscReal void_x;             /**< composition that a void stands for */
  PetscReal pressure;           /**< of the voids, times volume [J/mol] */
} NakMix;

/** Values at a point with their derivatives to the unknowns: [0] to mu / RT, [k] to phi_k with
    phi_0 = 1 - sum. */
typedef struct {
  PetscReal X, dX[NAK_MIX_MOST];                /**< mole fraction of A */
  PetscReal mobility, dmobility[NAK_MIX_MOST];  /**< V M RT [m2/s] */
  PetscReal energy;                             /**< without the pressure's work [J/m3] */
  PetscReal drive[NAK_MIX_MOST];                /**< dF/dphi_k [J/m3]; [0] unused */
  PetscReal ddrive[NAK_MIX_MOST][NAK_MIX_MOST]; /**< its derivatives */
  PetscReal voids, dvoids[NAK_MIX_MOST];        /**< share of void, sum of h_i */
  PetscReal h[NAK_BODIES];                      /**< summed over each body */
  PetscReal x_liquid, dx_liquid;                /**< x_0(mu) */
} NakMixPoint;

/** The rates L of the order parameters 1, 2, ... by the forces on them (.drive) [m3/(J s)].  The
    matrix is symmetric and not negative.  `presence` is the greatest |phi| of each phase in the
    cell and beside it, the liquid first.  m is the mean of min(m_i, m_j) over the pairs there.  A
    phase with none is left out: the law does not move it, so rounding does not either. */
void NakMixRates(const NakMix *mix, const PetscReal presence[],
                 PetscReal L[NAK_MIX_MOST][NAK_MIX_MOST]);

/** What each phase has `of`, mixed by the order parameters u[1], and so on: the sum of of_i h_i.
    Its first and second derivatives are to the order parameters.  The energy of the wall is that of
    NakMix.wall. */
PetscReal NakMixSumAt(const NakMix *mix, const PetscReal of[], const PetscReal u[], PetscReal d[],
                      PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST]);

/** All of it at one point; `u` are the unknowns.  Pure. */
NakMixPoint NakMixAt(const NakMix *mix, const PetscReal u[]);

/** What a volume of liquid gains at mu by turning into a solid [J/m3]. */
PetscReal NakMixGain(const NakMix *mix, NakBody body, PetscReal mu);

/** X alone, and its derivative to mu / RT, from h of the bodies. */
PetscReal NakMixComposition(const NakMix *mix, const PetscReal h[NAK_BODIES], PetscReal mu,
                            PetscReal *slope);

/** What the wells alone give to .drive and .ddrive of order parameters u[1], and so on.  A phase
    that is present only in traces feels nothing else. */
void NakMixWellsAt(const NakMix *mix, const PetscReal u[], NakMixPoint *point);

/** h of one body at order parameters u[1], ..., with its derivatives to them. */
PetscReal NakMixShareAt(const NakMix *mix, const PetscReal u[], NakBody body, PetscReal d[]);

/** h of each body at order parameters u[1], ... */
void NakMixShares(const NakMix *mix, const PetscReal u[], PetscReal h[NAK_BODIES]);

/** Per mole of B: the point whose phases are as in u[1], and so on, and that holds X.  Also the
    ratio A : B of its liquid alone.  u[0] is not used.  Not finite if there is no such point. */
NakMixPoint NakMixHolding(const NakMix *mix, const PetscReal u[], PetscReal X);
PetscReal   NakMixLiquid(const NakMix *mix, const PetscReal u[], PetscReal X);

/** That ratio, and the drives at that point without their derivatives. */
PetscReal NakMixForces(const NakMix *mix, const PetscReal u[], PetscReal X, PetscReal force[]);

/** The mu / RT at which the cell holds X, its phases as in `u`; u[0] is the guess.  Not finite if
    there is none. */
PetscReal NakMixPotential(const NakMix *mix, const PetscReal u[], PetscReal X);

/** Anisotropic part of the gradient energy of phase k at gradient p [1/m], with its first and
    second derivatives. */
PetscReal NakMixAnisotropy(const NakMix *mix, PetscInt k, const PetscReal p[3], PetscReal first[3],
                           PetscReal second[3][3]);

/* ---- The box ---- */

/** Sides of the box across one axis, or two. */
typedef enum { NAK_MIX_PERIODIC, NAK_MIX_CLOSED } NakMixSides;

/** Set by the deck; units and bounds are in NakMixParamRows and NakMixMarchParamRows. */
typedef struct {
  NakAlloyParams alloy;        /**< from its own table */
  NakMaterial    material;     /**< from the alloy's file */
  PetscInt       n[3];         /**< cells in x, y, z; 1 leaves an axis out */
  PetscReal      size[3];      /**< [m] */
  PetscInt       lateral;      /**< NakMixSides in x and y */
  PetscInt       vertical;     /**< in z; closed: a wall at the bottom, a mirror on top */
  PetscReal      width;        /**< of interfaces [m] */
  PetscReal      liquid_share; /**< s of the liquid over its lowest solid-liquid energy */
  PetscReal      fourfold;     /**< of the solid-liquid energy */
  PetscReal      solid_mobility, void_mobility; /**< curvature times this is a speed [m2/s] */
  PetscReal      solid_diffusivity;             /**< [m2/s] */
  PetscInt       grains_b, grains_a;            /**< order parameters of each solid */
  PetscReal      void_radius, void_height;      /**< of a void at the start, over the middle [m] */
  PetscBool voids; /**< there is a void phase; set by NakMixBoxCreate() where the radius is not 0 */
  PetscReal angle_b, angle_a; /**< contact angle on the wall, measured in the solid [degree] */
  PetscReal angle_void;       /**< measured in the liquid, as it is usual [degree] */
  PetscReal cooling_rate;     /**< [K/s] */
  PetscReal current;          /**< per area of the bottom, positive when A is stripped [A/m2] */
  PetscInt  seed;             /**< of all random numbers */
  PetscInt  nuclei;           /**< at the start */
  PetscReal nucleus_radius;   /**< [m]; 0 for the width of interfaces */
  PetscInt  nuclei_body;      /**< 0 solid B, 1 solid A */
  PetscBool nuclei_on_wall;
  PetscReal bulk_sites;                              /**< attempts at a nucleus [1/(m3 s)] */
  PetscReal wall_sites;                              /**< [1/(m2 s)] */
  PetscReal interval;                                /**< between looks for nuclei [s] */
  PetscReal tolerance;                               /**< error of a step in phi and X */
  PetscReal end;                                     /**< of the run, for its owner [s] */
  PetscReal first_step, shortest_step, longest_step; /**< [s] */
} NakMixParams;

extern const NakParam NakMixParamRows[];
extern const NakParam NakMixCellParamRows[]; /**< the same of a cell, with no grains at first */
extern const NakParam
  NakMixMarchParamRows[]; /**< of `march`: how the box is computed, not what it is */

/** Add to the list the parameters of a box that do not fit together.  They concern cells,
    interfaces, phases and the void, the temperature at the end, and steps.  NakAlloyComplete() has
    checked the temperature at the start. */
void NakMixCheck(const NakMixParams *params, NakComplaints *list);

/** The physics that the parameters ask for, with the branches still to be set. */
void NakMixCreate(const NakMixParams *params, NakMixFrame frame, NakMix *mix);

/** Its phases at temperature T. */
void NakMixBranches(const NakMixParams *params, PetscReal T, NakMix *mix);

/** B per volume in the frame of B [mol/m3].  If there can be grains of solid B, it is that of solid
    B, so that lengths of a cell are right where it freezes.  Else it is that of the alloy at the
    start. */
PetscReal NakMixDensityOfB(const NakMixParams *params);

/** Phases of a box, each grain one, the liquid included. */
PetscInt NakMixPhases(const NakMixParams *params);

/** Estimate of the memory of a box, of all ranks together [B]. */
PetscReal NakMixMemory(const NakMixParams *params);

/** How many of `ranks` ranks can share the columns of a box: at least 1. */
PetscInt NakMixUsefulRanks(const NakMixParams *params, PetscInt ranks);

typedef struct NakMixBox_private *NakMixBox; /**< opaque */

/**
  Lay out the box and fill it with liquid of the alloy's composition, without nuclei.  Collective.
  Ranks share the columns: nx ny of them at most.

  @param[in]  params  copied
  @param[out] box     free with NakMixBoxDestroy()

  Errors: PETSC_ERR_USER_INPUT for what NakMixCheck() finds, or more ranks than columns.  The
  message says what would fit.
*/
PetscErrorCode NakMixBoxCreate(MPI_Comm comm, const NakMixParams *params, NakMixBox *box);

/** Free the box and set `*box` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakMixBoxDestroy(NakMixBox *box);

/** The physics at the present temperature; owned by the box. */
const NakMix *NakMixBoxMix(NakMixBox box);

/** Set every cell.  `fill` is given the place of its centre [m] and the unknowns to overwrite.  The
    amounts then in the box are those that are conserved.  Collective. */
PetscErrorCode NakMixBoxFill(NakMixBox box,
                             void (*fill)(void *ctx, const PetscReal at[3], PetscReal u[]),
                             void *ctx);

/**
  Insert a nucleus of phase `phase`: a ball with the profile of an interface at equilibrium.  mu
  stays where it is.  What the nucleus rejects goes to the liquid around it, so the amounts in the
  box are the same to rounding.  The next step has the length of the first one.  Collective.
*/
PetscErrorCode NakMixBoxInsert(NakMixBox box, PetscInt phase, const PetscReal centre[3],
                               PetscReal radius);

/** Insert the nuclei of the start that the parameters ask for.  Collective. */
PetscErrorCode NakMixBoxSeed(NakMixBox box);

/**
  Take one accepted step of implicit Euler.  It ends exactly at `latest` if it would pass it, and at
  the end of each interval of nucleation.  Fluxes determine the step's amounts.  So A and B are
  conserved to rounding, whatever the solver leaves.  Collective.

  Errors: PETSC_ERR_NOT_CONVERGED when the step would have to be shorter than the shortest; the
  state is then that of the last good step.
*/
PetscErrorCode NakMixBoxStep(NakMixBox box, PetscReal latest);

/** The box at one moment; the same on every rank. */
typedef struct {
  PetscReal time, dt, temperature;
  PetscInt  steps, rejected, newton, linear; /**< since the start */
  PetscInt  nuclei;                          /**< inserted so far */
  PetscReal energy;                          /**< free energy [J] */
  PetscReal a, b;                            /**< amounts in the box [mol] */
  PetscReal charge;                          /**< passed at the bottom [C] */
  PetscReal a_balance, b_balance;            /**< relative to what was there at the start */
  PetscReal share[NAK_BODIES];               /**< of the volume, by h */
  PetscReal phi_min, phi_max;                /**< over all phases */
  PetscReal mu_min, mu_max;                  /**< [J/mol] */
  PetscReal pressure;                        /**< of the voids against the start's liquid [Pa] */
  PetscReal contact;                         /**< of the bottom with the liquid, by h */
} NakMixRecord;

PetscErrorCode NakMixBoxMeasure(NakMixBox box, NakMixRecord *record);

/** Describe the fields of any box in `all`, with room for NAK_FRAME_FIELDS; their number. */
PetscInt NakMixBoxFields(NakField all[]);

/** The fields for an observer; valid until the next step.  No messages. */
PetscErrorCode NakMixBoxFrame(NakMixBox box, NakFrame *frame);

/**
  Write or read all that the next step depends on; see nakfield/checkpoint.h.  A box that has read
  continues as the one that wrote.  It does so to the last bit on as many ranks, elsewhere within
  the tolerance of its solver.  It is to be created with the same parameters and not seeded; those
  of `march` may differ.

  Errors: those of NakCheckpointVec() and NakCheckpointBlock().
*/
PetscErrorCode NakMixBoxCheckpoint(NakMixBox box, NakCheckpoint checkpoint);

/** The unknowns on a DMDA over (x, y, z) with NakMix.n numbers a cell, and that DMDA; owned by the
    box. */
PetscErrorCode NakMixBoxState(NakMixBox box, DM *dm, Vec *U);

/**
  Residual of a step of length dt from the present state to U.  Its Jacobian, too, if J is not NULL;
  J comes from DMCreateMatrix() of the state's DM.  For tests.  Collective.
*/
PetscErrorCode NakMixBoxSystem(NakMixBox box, PetscReal dt, Vec U, Vec R, Mat J);
