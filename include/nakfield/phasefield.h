/**
  @file
  The FAS engine: phase-field models on a uniform box in 2D or 3D, implicit in time.  It solves them
  without a matrix by nonlinear multigrid (full approximation scheme, FAS; A. Brandt, Math. Comput.
  31 (1977) 333).

  A model is a table of functions, NakFieldModel, over half lines of cells.  To add one, fill such a
  table and hand it to NakPhaseFieldCreate().  src/pfhub/allen_cahn.c is the shortest example.

  Every equation of a model has the form

      d/dt S_f(u) + E_f(u, t) = Q_f(x, t)        (evolves)      or      E_f(u, t) = 0

  one for each field f.  S is what is stored (by default u_f itself).  E is made of differences of a
  cell with its six (in 2D four) neighbours.  Q is a source.  A step solves shift * S(u) + E(u) =
  rhs; shift is the leading coefficient of the time formula over the step.

  Cells are volumes, and values sit at their centres: cell i of n in x is at (i + 1/2) size / n.
  Units are the model's.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/state.h>

enum {
  NAK_FIELDS_MAX  = 6,
  NAK_ORDER_MAX   = 3, /**< of the time formula */
  NAK_HISTORY_MAX = NAK_ORDER_MAX + 1
};

/** Sides of the box, by the axes. */
typedef enum {
  NAK_SIDE_WEST,   /**< x = 0 */
  NAK_SIDE_EAST,   /**< x = size[0] */
  NAK_SIDE_SOUTH,  /**< y = 0 */
  NAK_SIDE_NORTH,  /**< y = size[1] */
  NAK_SIDE_BOTTOM, /**< z = 0 */
  NAK_SIDE_TOP,    /**< z = size[2] */
  NAK_SIDES
} NakSide;

/** What a field does on a side.  NakFieldModel.face gives the value on the face, or the slope along
    the outward normal. */
typedef enum {
  NAK_BOUNDARY_PERIODIC, /**< both sides of an axis, all fields */
  NAK_BOUNDARY_NO_FLUX,
  NAK_BOUNDARY_VALUE,
  NAK_BOUNDARY_SLOPE /**< a flux, or a wall with a contact angle */
} NakBoundary;

/** The box.  Open data. */
typedef struct {
  PetscInt  n[3];    /**< cells in x, y, z; z of 1 is 2D */
  PetscReal size[3]; /**< edges */
} NakDomain;

/**
  Every second cell of a line in x: what a kernel works on.  `k` runs from 0 to n - 1 in all arrays.

  The cells of a line are stored by colour, so that everything is contiguous.  All neighbours of the
  n cells have the other colour.  A kernel that changes u at its cells reads no cell that it
  changes.  So loops over k may be vectorised (`#pragma omp simd`).
*/
typedef struct {
  PetscInt         n;
  PetscReal       *u[NAK_FIELDS_MAX];        /**< own cells; neighbours in y are u[f][k - y] and
                                                  u[f][k + y], in z u[f][k - z] and u[f][k + z] */
  const PetscReal *west[NAK_FIELDS_MAX];     /**< neighbour in x at smaller x */
  const PetscReal *east[NAK_FIELDS_MAX];     /**< at larger x */
  const PetscReal *rhs[NAK_FIELDS_MAX];      /**< right-hand sides; for `smooth` only */
  const PetscReal *frozen[NAK_FIELDS_MAX];   /**< on coarser grids: see NakFieldModel.freeze */
  const PetscReal *diagonal[NAK_FIELDS_MAX]; /**< of minus the Laplacian of the field, where values
                                                  beyond a side follow the own one; for `smooth` */
  ptrdiff_t        y, z;                     /**< distances; z is 0 in 2D */
  PetscReal        weight[3];                /**< 1/dx^2, 1/dy^2, 1/dz^2 */
  PetscReal        shift;                    /**< factor of S [1/time] */
  PetscReal        time;                     /**< at the end of the step */
  PetscReal        x, dx;                    /**< cell k is at x + k dx (dx: two cells) */
  PetscReal        at_y, at_z;
  PetscInt         level; /**< 0 on the grid of the deck, 1 on the next coarser */
} NakLine;

/** A model.  Kernels are pure: they touch their line only, send no messages and cannot fail.  A
    state without meaning gives numbers that are not finite, and the step is repeated with half its
    length.  Pairs are for 2D and 3D.  They are instances of one inline function, so that no loop
    asks for the number of axes. */
typedef struct {
  const char     *name;
  PetscInt        count;                     /**< of fields and equations, at most NAK_FIELDS_MAX */
  const NakField *fields;                    /**< names and units for files */
  PetscBool       evolves[NAK_FIELDS_MAX];   /**< equation f has a time derivative */
  PetscBool       conserved[NAK_FIELDS_MAX]; /**< the sum of S_f must not change: after each solve
                                                  u_f is shifted as a whole until it has not */
  PetscReal       scale[NAK_FIELDS_MAX];     /**< what a field's error in time is measured by */
  NakBoundary     sides[NAK_FIELDS_MAX][NAK_SIDES];

  /** out[f][k] = shift * S_f + E_f, with S_f only if the equation evolves. */
  void (*apply[2])(const void *ctx, const NakLine *line, PetscReal *const out[]);

  /** Replace u at each cell by one Newton step of that cell alone (a dense block of its fields).
      Then rhs = shift * S + E there to first order.  If the residual is zero, it changes
      nothing. */
  void (*smooth[2])(const void *ctx, const NakLine *line);

  /** Coefficients that coarser grids take from finer ones: out[q][k] for q < n_frozen.  On each
      grid their averages are line->frozen.  A curvature of the free energy that is negative in the
      middle of an interface belongs here.  If the coarse grid evaluated it at averages over an
      interface, the coarse problem would be of another kind, and large steps would not converge.
      NULL for none. */
  void (*freeze)(const void *ctx, const NakLine *line, PetscReal *const out[]);
  PetscInt n_frozen;

  /** `apply` and `smooth` on coarser grids, with line->frozen; NULL: as on the finest. */
  void (*coarse_apply[2])(const void *ctx, const NakLine *line, PetscReal *const out[]);
  void (*coarse_smooth[2])(const void *ctx, const NakLine *line);

  /** out[f][k] = S_f for the fields that evolve; NULL if S_f is u_f. */
  void (*stored)(const void *ctx, const NakLine *line, PetscReal *const out[]);

  /** Add Q_f(x, line->time) to out[f][k]; NULL for none.  Finest grid only. */
  void (*source)(const void *ctx, const NakLine *line, PetscReal *const out[]);

  /** Set line->u at time 0.  A solve then finds the fields that do not evolve. */
  void (*initial)(const void *ctx, const NakLine *line);

  /** out[f][k] = the exact solution at line->time; NULL if none is known. */
  void (*exact)(const void *ctx, const NakLine *line, PetscReal *const out[]);

  /** Sum over the line's cells of the density of free energy; NULL for none. */
  PetscReal (*energy[2])(const void *ctx, const NakLine *line);

  /** Value or slope on a side at `at`; `inside` is the field in the cell next to it.  NULL if every
      side is periodic or without flux. */
  PetscReal (*face)(const void *ctx, PetscInt field, NakSide side, const PetscReal at[3],
                    PetscReal time, PetscReal inside);
  PetscBool face_follows; /**< `face` depends on `inside`: asked at every use, not once a step */
} NakFieldModel;

/** How a model is solved. */
typedef struct {
  PetscInt  order;     /**< of the backward differentiation formula in time, 1 to NAK_ORDER_MAX */
  PetscReal tolerance; /**< error of a step: RMS over NakFieldModel.scale */
  PetscReal solver_tolerance; /**< what a solve leaves, as a share of `tolerance` */
  PetscReal first_step, shortest_step, longest_step;
  PetscBool fixed;         /**< every step is `first_step` long, except a start with short ones */
  PetscInt  before, after; /**< smoothing before and after the coarser grid */
  PetscInt  cycles;        /**< at most, in one solve */
} NakPhaseFieldParams;

/** What is good for most models; `first_step` and `longest_step` are the caller's to set. */
NakPhaseFieldParams NakPhaseFieldDefaults(void);

typedef struct NakPhaseField_private *NakPhaseField; /**< opaque */

/**
  Lay out the box, set the initial state and solve for the fields that do not evolve.  Collective.

  The ranks share the lines, in y and z; no line is cut.  Grids are halved as long as the ranks'
  shares stay whole.  Then groups of ranks put their shares together.  In the end a grid has so few
  cells that every rank computes them all.  The result is that of one rank to rounding.

  @param[in]  comm    at most NakPhaseFieldUsefulRanks() ranks
  @param[in]  model   must outlive the engine
  @param[in]  ctx     handed to every kernel; must outlive the engine
  @param[in]  grid    copied
  @param[in]  params  copied
  @param[out] engine  free with NakPhaseFieldDestroy()

  Errors: PETSC_ERR_USER_INPUT for a box or ranks that do not fit; PETSC_ERR_NOT_CONVERGED if the
  fields that do not evolve cannot be found.
*/
PetscErrorCode NakPhaseFieldCreate(MPI_Comm comm, const NakFieldModel *model, const void *ctx,
                                   const NakDomain *grid, const NakPhaseFieldParams *params,
                                   NakPhaseField *engine);

/** Free the engine and set `*engine` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakPhaseFieldDestroy(NakPhaseField *engine);

/** How many of `ranks` ranks can share the lines of a box: at least 1. */
PetscInt NakPhaseFieldUsefulRanks(const NakDomain *grid, PetscInt ranks);

/**
  Take one accepted step.  It ends exactly at `latest` if it would pass it.  Collective.

  Errors: PETSC_ERR_NOT_CONVERGED when the step would have to be shorter than the shortest; the
  state is then that of the last good step.
*/
PetscErrorCode NakPhaseFieldStep(NakPhaseField engine, PetscReal latest);

/** The state of the engine, and what it took to reach it. */
typedef struct {
  PetscReal time, dt; /**< now; length of the last step */
  PetscInt  steps, rejected;
  PetscInt  solves, cycles; /**< FAS cycles over all solves, those of rejected steps included */
} NakPhaseFieldCount;

NakPhaseFieldCount NakPhaseFieldCounts(NakPhaseField engine);

/** Free energy of the box; 0 for a model without one.  Collective. */
PetscErrorCode NakPhaseFieldEnergy(NakPhaseField engine, PetscReal *energy);

/** Integral of S_f over the box.  Collective. */
PetscErrorCode NakPhaseFieldTotal(NakPhaseField engine, PetscInt field, PetscReal *total);

/** Root of the integral of the squared error of a field.  Without an exact solution it is an error
    (PETSC_ERR_SUP).  Collective. */
PetscErrorCode NakPhaseFieldError(NakPhaseField engine, PetscInt field, PetscReal *error);

/** What a solve leaves: the largest residual of an equation at the present state, with the time
    derivative of the last step.  Collective. */
PetscErrorCode NakPhaseFieldResidual(NakPhaseField engine, PetscInt field, PetscReal *residual);

/**
  Values of a field along a line through the box, on every rank.  Collective.

  @param[in]  field
  @param[in]  axis    of the line: 0, 1 or 2
  @param[in]  at      a point of the line; values are interpolated linearly between the centres
  @param[out] values  grid.n[axis] numbers, at the centres of the cells along the axis
*/
PetscErrorCode NakPhaseFieldCut(NakPhaseField engine, PetscInt field, PetscInt axis,
                                const PetscReal at[3], PetscReal values[]);

/** The fields for an observer; valid until the next step.  No messages. */
PetscErrorCode NakPhaseFieldFrame(NakPhaseField engine, NakFrame *frame);

/** This rank's cells of a field, x fastest, without ghosts.  start[] and count[] are set, and
    `values` is filled: count[0] count[1] count[2] numbers, or NULL to ask only for start[] and
    count[].  No messages. */
PetscErrorCode NakPhaseFieldValues(NakPhaseField engine, PetscInt field, PetscInt start[3],
                                   PetscInt count[3], PetscReal values[]);

/** Write or read what the next steps depend on: see nakfield/checkpoint.h.  On as many ranks as
    before and with the same parameters, the steps after a restart are the same to the last bit.
    Else they are the same to the solver's tolerance.  The parameters may be others, the box may
    not.  Collective. */
PetscErrorCode NakPhaseFieldCheckpoint(NakPhaseField engine, NakCheckpoint checkpoint);

/** Doubles held for each unknown, all grids and buffers included, over all ranks.  Collective. */
PetscErrorCode NakPhaseFieldMemory(NakPhaseField engine, PetscReal *doubles);
