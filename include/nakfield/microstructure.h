/**
  @file
  Several phases of a binary alloy: liquid, void, and solid solutions rich in B or in A (any number
  of grains).  They are at a point, in the layers of a column, and in a box of such columns.  They
  are order parameters phi_i >= 0 with sum 1.  All phases of a place share one diffusion potential
  mu = dG/dx.  Grand-potential form: M. Plapp, Phys. Rev. E 84 (2011) 031601.

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

    dphi_i/dt = - 2 m / (3 w s_i) [dF/dphi_i - beta] at fixed X,      dX/dt = div(D grad x_0(mu))
    beta = sum_k (dF/dphi_k / s_k) / sum_k (1 / s_k),  the liquid included

  so a curved interface moves at m (curvature).  The gradient part is m lap(phi_i) for each phase.
  The energy of a closed box cannot rise.  The second term of h makes dF/dphi_k = beta for a phase k
  that is absent from an interface of two others.  So nothing pulls it in, neither bulk nor wall.

  A void lifts the liquid off and leaves X alone: X counts the liquid that it has lifted.  So a void
  has the composition and the chemical potentials of the liquid around it.  Its own energy is that
  of its gas, which is not part of F.  In solids and voids, A diffuses as in liquid of the same
  potential.  What this changes is in docs/model.md.

  There are two frames.  Per atom (NAK_PER_ATOM), X is the mole fraction of A and V the volume of a
  mole of atoms.  Per mole of B (NAK_PER_B), as a cell needs it:
  - X is the ratio A : B
  - mu is the chemical potential of A against solid A
  - G_i - mu x_i is the chemical potential of B in phase i
  - V is the volume that holds a mole of B
  - solid A is pure.  It lifts the liquid off, as a void does, and brings V / V_A of A.  At its
    energy it is in equilibrium with the liquid of the phase diagram

  Phase 0 is the liquid, phi_0 = 1 - sum.  Functions of a point take mu / RT, with the T of the
  start, then phi_1, phi_2, and so on.  In a column the unknowns of a layer are X, phi_1, phi_2, and
  so on.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/columns.h>
#include <nakfield/thermo.h>

enum { NAK_MIX_CELLS = 4 }; /* of an interface */
enum { NAK_MIX_MOST = 8 };  /* phases, grains counted, the liquid included */

typedef enum {
  NAK_BODY_LIQUID,
  NAK_BODY_SOLID_B,
  NAK_BODY_SOLID_A,
  NAK_BODY_VOID, /**< the last: it has no branch of the free energy */
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
  PetscReal   mobility; /**< m, of the slowest phase: curvature times it is a speed [m2/s] */
  PetscReal   wall[NAK_MIX_MOST]; /**< gamma_i against the liquid's [J/m2] */
  PetscReal   diffusivity;        /**< D, of X in the liquid [m2/s] */
  PetscReal
    anisotropy[NAK_MIX_MOST];   /**< 3/4 w times the energy towards the liquid [J/m]; 0 for none */
  PetscReal fourfold;           /**< energy times 1 + this times cos(4 angle) */
  PetscReal tilt[NAK_MIX_MOST]; /**< of a grain's axes in the plane of x and z [rad] */
} NakMix;

/** Values at a point with their derivatives to the unknowns: [0] to mu / RT, [k] to phi_k with
    phi_0 = 1 - sum. */
typedef struct {
  PetscReal X, dX[NAK_MIX_MOST];                /**< of A, in the unit of the frame */
  PetscReal mu;                                 /**< over RT */
  PetscReal energy;                             /**< [J/m3] */
  PetscReal drive[NAK_MIX_MOST];                /**< dF/dphi_k [J/m3]; [0] unused */
  PetscReal ddrive[NAK_MIX_MOST][NAK_MIX_MOST]; /**< its derivatives */
  PetscReal h[NAK_BODIES];                      /**< summed over each body */
  PetscReal x_liquid, dx_liquid;                /**< x_0(mu) */
} NakMixPoint;

/** The rates L of the order parameters 1, 2, ... by the forces on them (.drive) [m3/(J s)].  The
    matrix is symmetric and not negative. */
void NakMixRates(const NakMix *mix, PetscReal L[NAK_MIX_MOST][NAK_MIX_MOST]);

/** What each phase has `of`, mixed by the order parameters u[1], and so on: the sum of of_i h_i.
    Its first and second derivatives are to the order parameters.  The energy of the wall is that of
    NakMix.wall. */
PetscReal NakMixSumAt(const NakMix *mix, const PetscReal of[], const PetscReal u[], PetscReal d[],
                      PetscReal dd[NAK_MIX_MOST][NAK_MIX_MOST]);

/** All of it at one point; `u` are the unknowns.  Pure. */
NakMixPoint NakMixAt(const NakMix *mix, const PetscReal u[]);

/** What a volume of liquid gains at mu by turning into a solid [J/m3]. */
PetscReal NakMixGain(const NakMix *mix, NakBody body, PetscReal mu);

/** What the wells alone give to .drive and .ddrive of order parameters u[1], and so on.  A phase
    that is present only in traces feels nothing else. */
void NakMixWellsAt(const NakMix *mix, const PetscReal u[], NakMixPoint *point);

/** h of one body at order parameters u[1], ..., with its derivatives to them. */
PetscReal NakMixShareAt(const NakMix *mix, const PetscReal u[], NakBody body, PetscReal d[]);

/** h of each body at order parameters u[1], ... */
void NakMixShares(const NakMix *mix, const PetscReal u[], PetscReal h[NAK_BODIES]);

/** The point whose phases are as in u[1], and so on, and that holds X.  Also the composition of its
    liquid alone, and its mu / RT.  u[0] is not used.  Not finite if there is no such point. */
NakMixPoint NakMixHolding(const NakMix *mix, const PetscReal u[], PetscReal X);
PetscReal   NakMixLiquid(const NakMix *mix, const PetscReal u[], PetscReal X);
PetscReal   NakMixPotential(const NakMix *mix, const PetscReal u[], PetscReal X);

/** Composition of the liquid there, and the drives without their derivatives. */
PetscReal NakMixForces(const NakMix *mix, const PetscReal u[], PetscReal X, PetscReal force[]);

/** Anisotropic part of the gradient energy of phase k at gradient p [1/m], with its first and
    second derivatives. */
PetscReal NakMixAnisotropy(const NakMix *mix, PetscInt k, const PetscReal p[3], PetscReal first[3],
                           PetscReal second[3][3]);

/* ---- Parameters ---- */

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
  PetscInt       grains_b, grains_a;            /**< order parameters of each solid */
  PetscReal      void_radius, void_height;      /**< of a void at the start, over the middle [m] */
  PetscReal      void_pressure;                 /**< of the liquid around it [Pa] */
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
void NakMixCheck(const NakMixParams *params, NakCheckList *list);

/** The physics that the parameters ask for, with the branches still to be set. */
void NakMixCreate(const NakMixParams *params, NakMixFrame frame, NakMix *mix);

/** Its phases at temperature T. */
void NakMixBranches(const NakMixParams *params, PetscReal T, NakMix *mix);

/** B per volume in the frame of B [mol/m3].  If there can be grains of solid B, it is that of solid
    B, so that lengths of a cell are right where it freezes.  Else it is that of the alloy at the
    start. */
PetscReal NakMixDensityOfB(const NakMixParams *params);

/* ---- Phases in the layers of a column ---- */

/** One layer, linearised: composition of the liquid, its slope to X at fixed phases, and dX, drive
    and ddrive. */
typedef struct {
  PetscReal   liquid, slope;
  NakMixPoint at;
} NakZoneLayer;

/** What the surroundings do to the phases of a column. */
typedef struct {
  PetscReal excess; /**< pressure of the gas in its void less that of the liquid [Pa] */
  PetscReal cosine; /**< of the contact angle of the liquid beside a void, on the face */
} NakZoneFace;

/** Layers of a column with phases.  The unknowns of a layer are X, then its order parameters. */
typedef struct {
  NakMix           mix;
  PetscInt         first; /**< X of the lowest layer among the unknowns of the column */
  PetscInt         layers, phases;
  PetscBool        wall;   /**< the lowest layer is on a wall */
  PetscBool        ring;   /**< the highest layer is below the lowest one, too */
  const PetscReal *height; /**< of the layers; owned by someone else [m] */
  const PetscReal *link;   /**< 1 / distance at the face below each, and above the last [1/m] */
  PetscReal        rates[NAK_MIX_MOST][NAK_MIX_MOST]; /**< of NakMixRates() */
  PetscInt         voids;   /**< order parameter of the voids; 0 for none */
  PetscReal        tension; /**< of the liquid's surface [N/m] */
  PetscReal        area;    /**< of a column [m2] */
  NakLean         *leans;   /**< of each X on the order parameters of its layer */
  PetscInt        *orders;  /**< numbers of the order parameters */
  NakZoneLayer    *at;      /**< layers of the column at work, set with its slopes */
  NakColumnShared  shared;  /**< the gas of the voids; its owner adds the functions */
} NakZone;

/** Weights of the two lowest layers in an order parameter on the face. */
#define NAK_ZONE_LOW  1.5
#define NAK_ZONE_HIGH (-0.5)

/** Create the phases that the parameters ask for in the layers that `state` has for them.  They
    stand on a wall and end at a mirror.  `height` and `link` are still to be set, as the branches
    are (NakMixBranches()).  Not collective. */
PetscErrorCode NakZoneCreate(const NakMixParams *params, NakMixFrame frame, NakState state,
                             NakZone *zone);
PetscErrorCode NakZoneDestroy(NakZone *zone);

/** Number of X in layer j; that of the layer above and below it, or -1. */
static inline PetscInt NakZoneLayerAt(const NakZone *z, PetscInt j)
{
  return z->first + j * (1 + z->phases);
}

static inline PetscInt NakZoneAbove(const NakZone *z, PetscInt j)
{
  return j + 1 < z->layers ? NakZoneLayerAt(z, j + 1) : z->ring ? z->first : -1;
}

static inline PetscInt NakZoneBelow(const NakZone *z, PetscInt j)
{
  return j > 0 ? NakZoneLayerAt(z, j - 1) : z->ring ? NakZoneLayerAt(z, z->layers - 1) : -1;
}

/* Below, `u` are the unknowns of a layer, where nothing else is said.  All are pure. */

/** Whether there is more than a trace of a phase beside the liquid. */
PetscBool NakZoneIsMixed(const NakZone *zone, const PetscReal u[]);

/** Composition of the liquid.  NakZoneForces: also the forces on order parameters 1, 2, ... in
    force[0], force[1], ...; without derivatives.  NakZoneAt: all of it, with derivatives. */
PetscReal NakZoneLiquid(const NakZone *zone, const PetscReal u[]);
PetscReal NakZoneForces(const NakZone *zone, const PetscReal u[], PetscReal force[]);
void      NakZoneAt(const NakZone *zone, const PetscReal u[], NakZoneLayer *layer);

/** Share of void. */
PetscReal NakZoneVoid(const NakZone *zone, const PetscReal u[]);

/** Let order parameter k take `part` of all that is not void, at a fixed potential of A.  A void
    takes its part of everything.  Returns what X gains. */
PetscReal NakZoneFill(const NakZone *zone, PetscInt k, PetscReal part, PetscReal u[]);

/** Order parameters `w` on the face, from 1 on; `u` is a column. */
void NakZoneOnFace(const NakZone *zone, const PetscReal u[], PetscReal w[]);

/** Rows of the order parameters of column `u`, from the forces of NakZoneForces(), layer by
    layer. */
void NakZoneResidual(const NakZone *zone, const NakZoneFace *face, const PetscReal u[],
                     const PetscReal udot[], const PetscReal forces[], PetscReal f[]);

/** Entries in these rows, and of X by the order parameters; the shared entries of owned column
    `column`.  `u` is the column whose layers `at` holds. */
void NakZoneJacobian(const NakZone *zone, PetscInt column, const NakZoneFace *face,
                     const PetscReal u[], PetscReal shift, NakEntries *e);

/** Upper bound of their number. */
PetscInt NakZoneMostEntries(const NakZone *zone);

/** The leans of the column whose layers `at` holds. */
void NakZoneLean(const NakZone *zone, PetscReal lean[]);

/** Effect of a change of the cosine on the rows of the lowest layer of column `u`, from index 1
    on. */
void NakZoneTurn(const NakZone *zone, const PetscReal u[], PetscReal turn[]);

/* ---- The box ---- */

/** Phases of a box, each grain one, the liquid included. */
PetscInt NakMixPhases(const NakMixParams *params);

/** Estimate of the memory of a box, of all ranks together [B]. */
PetscReal NakMixMemory(const NakMixParams *params);

/** The columns of a box, each of bare layers of a zone. */
NakGridParams NakMixGrid(const NakMixParams *params);

typedef struct NakMixBox_private *NakMixBox; /**< opaque */

/**
  Lay out the box and fill it with liquid of the alloy's composition, without nuclei.  Collective.
  Ranks share the columns: nx ny of them at most.

  @param[in]  params  copied
  @param[out] box     free with NakMixBoxDestroy()

  Errors: PETSC_ERR_USER_INPUT for what NakMixCheck() finds, or ranks that cannot share the columns.
*/
PetscErrorCode NakMixBoxCreate(MPI_Comm comm, const NakMixParams *params, NakMixBox *box);

/** Free the box and set `*box` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakMixBoxDestroy(NakMixBox *box);

/** The physics at the present temperature; owned by the box. */
const NakMix *NakMixBoxMix(NakMixBox box);

/** Set every cell.  `fill` is given the place of its centre [m]; mu / RT and the order parameters
    are to be overwritten.  The amounts then in the box are those that are conserved.  The voids
    then there share the gas that would hold a ball of their volume.  Collective. */
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
  Take one accepted step.  It ends exactly at `latest` if it would pass it, and at the end of each
  interval of nucleation.  A and B are conserved to rounding, whatever the solver leaves.
  Collective.

  Errors: PETSC_ERR_NOT_CONVERGED when the step would have to be shorter than the shortest; the
  state is then that of the last good step.
*/
PetscErrorCode NakMixBoxStep(NakMixBox box, PetscReal latest);

/** The box at one moment; the same on every rank. */
typedef struct {
  PetscReal time, dt, temperature;
  PetscInt  steps, rejected, newton, linear; /**< since the start */
  PetscInt  nuclei;                          /**< inserted so far */
  PetscReal energy;                          /**< free energy, that of the gas included [J] */
  PetscReal a, b;                            /**< amounts in the box [mol] */
  PetscReal charge;                          /**< passed at the bottom [C] */
  PetscReal a_balance, b_balance;            /**< relative to what was there at the start */
  PetscReal share[NAK_BODIES];               /**< of the volume, by h */
  PetscReal phi_min, phi_max;                /**< over all phases */
  PetscReal mu_min, mu_max;                  /**< [J/mol] */
  PetscReal pressure;                        /**< of the gas in voids over the liquid's [Pa] */
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

/** The state of the columns, and its unknowns; owned by the box.  The first unknown of a column is
    what its bottom has taken of A, as X times a height [m].  Then come the layers. */
NakState NakMixBoxState(NakMixBox box);
Vec      NakMixBoxUnknowns(NakMixBox box);
