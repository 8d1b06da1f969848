/**
  @file
  Columns side by side, linearised, and their solvers.

  The matrix is that of an equation F(t, U, dU/dt) = 0 whose unknowns stand in columns, as NakState
  lays them out.  Inside a column anything may depend on anything.  Columns exchange by fluxes.  A
  flux is a difference of potentials of the columns' own unknowns, or follows from both columns
  (NakColumnLateral).  Preconditioners need entries and slopes only, no physics; the physics is
  handed over as functions.
*/
#pragma once

#include <nakfield/state.h>
#include <petscksp.h>

/** Sparse matrix of a column in the making. */
typedef struct {
  PetscInt   n;
  PetscInt  *row, *col;
  PetscReal *value;
} NakEntries;

static inline void NakPut(NakEntries *e, PetscInt row, PetscInt col, PetscReal value)
{
  e->row[e->n]     = row;
  e->col[e->n]     = col;
  e->value[e->n++] = value;
}

/** A flux from unknown b down to a.  Its slopes to them are da and db.  It adds to both rows and
    both columns; `down` and `up` are what the rows of a and of b divide by. */
static inline void NakPutFlux(NakEntries *e, PetscInt a, PetscInt b, PetscReal down, PetscReal up,
                              PetscReal da, PetscReal db)
{
  NakPut(e, a, a, -da / down);
  NakPut(e, a, b, -db / down);
  NakPut(e, b, a, da / up);
  NakPut(e, b, b, db / up);
}

/** A potential that depends on another unknown `by`, too.  Instead of unknown `of`, the system is
    solved for

      v_of = x_of - sum over by of lean x_by,

    so that the change of its potential is slope v_of. */
typedef struct {
  PetscInt of, by;
} NakLean;

/** What all columns share wherever they are, as the columns under a void share its gas.  Beside
    its entries, row unknown[k] of each column holds push_k times an answer.  `answer` computes
    it from the sums over k of pull_k v of all columns.  The conserved sums contain nothing of
    these rows. */
typedef struct {
  PetscInt        n; /**< 0: nothing */
  const PetscInt *unknown;
  PetscReal      *pull, *push; /**< n of each owned column, at the last linearisation */
  void           *ctx;
  /** Called with all unknowns before a residual or a linearisation; collective. */
  PetscErrorCode (*prepare)(void *ctx, const PetscReal u[]);
  /** From the sum of each owned column to the answer there, linear; collective. */
  PetscErrorCode (*answer)(void *ctx, PetscReal sum[]);
} NakColumnShared;

/** Fluxes between two columns that are no difference of potentials, as of ions that diffuse and
    migrate.  They follow from what NakColumnPhysics.potentials gives of both columns.  The rows may
    have slopes, too: preconditioners see these in place of the fluxes.  In the conserved sums they
    nothing of these rows. */
typedef struct {
  PetscBool used;
  /** Subtract from the rows f of `own` what flows in from `beside`, times `weight` [1/m2]. */
  void (*flux)(const void *ctx, const PetscReal own[], const PetscReal beside[], PetscReal weight,
               PetscReal f[]);
  /** Add to y the product of its linearisation with v, less that of the slopes. */
  void (*rest)(const void *ctx, const PetscReal own[], const PetscReal beside[],
               const PetscReal v_own[], const PetscReal v_beside[], PetscReal weight,
               PetscReal y[]);
} NakColumnLateral;

enum { NAK_CONSERVED_MOST = 8 };

/** The physics of a column: pure functions and their context.  For each column, `slopes` is
    called first.  `column` counts the owned columns of this rank, from 0; `u` holds the unknowns
    of one. */
typedef struct {
  const void *ctx;
  PetscInt    most_entries; /**< upper bound of the entries of a column */

  /** The diffusion potential of each unknown: a lateral flux is minus a difference of them, unless
      it is one of `lateral`.  It is 0 if the unknown never moves laterally.  Units: those of the
      row times m2.  More numbers may follow, `width` in all: what `residual` wants of its own
      column, and `lateral` of two. */
  PetscInt width;
  void (*potentials)(const void *ctx, const PetscReal u[], PetscReal theta[]);
  /** F of a column without lateral exchange. */
  void (*residual)(const void *ctx, PetscInt column, const PetscReal u[], const PetscReal udot[],
                   const PetscReal theta[], PetscReal f[]);

  /** Slopes of the potentials.  They are 0 for unknowns that never move laterally, and for nothing
      else.  Those of a typical column are taken as scales. */
  void (*slopes)(const void *ctx, const PetscReal u[], PetscReal slope[]);
  void (*typical)(const void *ctx, PetscReal u[]); /**< NULL: a column of ones */

  PetscInt       n_leans; /**< pairs of unknowns that lean on each other */
  const NakLean *leans;   /**< all of one `of` after each other; no `by` is an `of` */
  void (*lean)(const void *ctx, const PetscReal u[], PetscReal lean[]); /**< of each pair */

  /** Append dF/dv + shift dF/d(dv/dt) without lateral exchange.  v is the unknowns with the
      leans above.  Entries come in the same order for every column and state; those of one place
      add up. */
  void (*jacobian)(const void *ctx, PetscInt column, const PetscReal u[], const PetscReal slope[],
                   PetscReal shift, NakEntries *entries);

  /** Whether an entry is a constant times the slope of its unknown `col`, with the same constant in
      all columns.  The entry of a flux between two layers is one. */
  PetscBool (*uniform)(const void *ctx, PetscInt row, PetscInt col);

  /** Sums over the rows of a column in which all fluxes cancel: `sum` counts them from 0. */
  PetscInt n_conserved;
  PetscReal (*conserved)(const void *ctx, PetscInt sum, PetscInt column, const PetscReal row[]);
  /** How much a unit of the unknown `keeper` adds to a sum.  The keeper takes up what a solution
      lacks. */
  PetscReal (*capacity)(const void *ctx, PetscInt sum, PetscReal shift);
  PetscInt keeper[NAK_CONSERVED_MOST];

  NakColumnShared  shared; /**< the preconditioners do not see it */
  NakColumnLateral lateral;
} NakColumnPhysics;

typedef struct NakColumns_private *NakColumns; /**< opaque */

/** Create the columns of `state`, which outlives them, as `physics->ctx` does.  Collective. */
PetscErrorCode NakColumnsCreate(NakState state, const NakColumnPhysics *physics,
                                NakColumns *columns);

/** Free the columns and set `*columns` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakColumnsDestroy(NakColumns *columns);

enum { NAK_BESIDE = 4 };

/** A rank's columns and those beside them, numbered: first all owned ones, then the ghosts. */
typedef struct {
  PetscInt owned, ghosts;
  PetscInt (*beside)[NAK_BESIDE]; /**< neighbours of each owned column; -1 beyond a boundary */
  PetscReal weight[NAK_BESIDE];   /**< 1 / distance^2 [1/m2] */
} NakNeighbours;

/** The grid of the state, and the neighbours; owned by the columns. */
const NakGrid       *NakColumnsGrid(NakColumns columns);
const NakNeighbours *NakColumnsNeighbours(NakColumns columns);

/** Fetch the ghosts of columns; `own` holds the owned ones.  They are valid until the next call and
    the next product.  Collective. */
PetscErrorCode NakColumnsGhosts(NakColumns columns, const PetscReal own[],
                                const PetscReal **ghosts);

/** F(U, dU/dt) of all columns.  Collective. */
PetscErrorCode NakColumnsResidual(NakColumns columns, Vec U, Vec Udot, Vec F);

/** Linearise: fill the operator and its preconditioner.  `more` is added to the diagonals of the
    columns' own matrices; NULL adds nothing.  Collective. */
PetscErrorCode NakColumnsLinearise(NakColumns columns, Vec U, PetscReal shift);
PetscErrorCode NakColumnsLineariseWith(NakColumns columns, Vec U, PetscReal shift, Vec more);

/** The linearised system as an operator that multiplies v; owned by the columns.  Every
    NakColumnsLinearise() updates it. */
Mat NakColumnsOperator(NakColumns columns);

/** Add to `y` what an assembled matrix lacks of the product with v in `x`: what is shared, and
    lateral fluxes beyond their slopes.  Collective. */
PetscErrorCode NakColumnsAddRest(NakColumns columns, Vec x, Vec y);

/** Convert a solution v of the linearised system to the unknowns.  Not collective. */
PetscErrorCode NakColumnsRestore(NakColumns columns, Vec solution);

/** Make an approximate solution v of the linearised system conserve to rounding.  What its residual
    holds of the conserved sums is added to the keepers, the same to each.  Collective. */
PetscErrorCode NakColumnsConserve(NakColumns columns, Vec right, Vec solution);

/** Whether the last solve by NakColumnsSetUpKSP()'s solver came near its solution.  GMRES measures
    residuals beside the right-hand side, both preconditioned.  A cycle that is nearly singular can
    make the latter as large as any residual.  Not collective, the same on all ranks. */
PetscBool NakColumnsSolved(NakColumns columns);

/** Add what each conserved sum lacks to its keepers, the same to each.  `lost` is the part of this
    rank [unit of the sum times the shift]; it becomes that of all.  Collective. */
PetscErrorCode NakColumnsKeep(NakColumns columns, PetscReal lost[], PetscReal shift, Vec U);

/** The linearised system as a matrix (AIJ), without what is shared; owned by the columns.  This
    call fills it; the next linearisation does not.  Collective. */
PetscErrorCode NakColumnsMatrix(NakColumns columns, Mat *matrix);

/**
  Set up `pc` to approximate the inverse of the operator by multigrid.  It coarsens in x and y alone
  and smooths by solving z lines, in red-black order.  No matrix is stored.  For a single column it
  is the exact inverse.  Every NakColumnsLinearise() updates it.  Collective.
*/
PetscErrorCode NakColumnsPreconditioner(NakColumns columns, PC pc);

enum { NAK_SOLUTIONS_KEPT = 3 };

/**
  Set up `pc` to solve the linear system, in 2D and 3D.  GMRES solves for every other column,
  preconditioned by the same multigrid; all other columns follow from these.  Every
  NakColumnsLinearise() updates it.  If it does not converge, it says so by PCSetFailedReason().
  Collective.

  @param[in]  tolerance  norm of the residual over that of the right-hand side, both preconditioned
  @param[in]  kept       solutions that are kept until the next linearisation, for the systems that
                         follow: as many as will be solved with one, less the last, and at most
                         NAK_SOLUTIONS_KEPT
  @param[out] inner      that GMRES, for its options and counts; owned by `pc`.  NULL if columns of
                         one colour meet (an odd number of columns, periodic) or if preconditioners
                         do not see all: what is shared, or lateral fluxes.  Then `pc` only
                         preconditions
*/
PetscErrorCode NakColumnsSolver(NakColumns columns, PetscReal tolerance, PetscInt kept, PC pc,
                                KSP *inner);

/**
  Set up `ksp` for the linearised system, and let it return solutions in the unknowns.  In 1D it is
  the LU of the one column.  In 2D and 3D it is NakColumnsSolver(), or GMRES with the multigrid as
  preconditioner where that only preconditions; solutions conserve to rounding.  Collective.

  @param[in]  tolerance  as in NakColumnsSolver()
  @param[in]  kept       likewise
  @param[out] krylov     whose iterations count; not to be freed
*/
PetscErrorCode NakColumnsSetUpKSP(NakColumns columns, PetscReal tolerance, PetscInt kept, KSP ksp,
                                  KSP *krylov);
