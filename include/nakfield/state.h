/**
  @file
  Where every unknown lives, and what is read from a state.

  The cell is a rectilinear box.  x and y are uniform; z is graded and points from the electrolyte
  into the alloy, with z = 0 on the electrolyte's face.  All unknowns over one (x, y) form a column,
  stored contiguously: a DMDA in x and y whose "degrees of freedom" are the column.  So a column
  never spans ranks, z lines are solved without messages, fields exist only where they live, and
  multigrid coarsens in x and y alone, as a grid stretched in z wants it.

  A column from first to last (NakLayout says where each begins):

    filament  q_faraday  q_total | phi[n_electrolyte] | E  deposit  film | u[n_interphase] |
    r[n_alloy] | reservoir_na  reservoir_k
*/
#pragma once

#include <nakfield/deck.h>
#include <petscdmda.h>

/** Lateral boundaries. */
typedef enum { NAK_LATERAL_PERIODIC, NAK_LATERAL_SYMMETRIC } NakLateral;

/** Set by the deck; units and bounds are in NakGridParamRows. */
typedef struct {
  PetscInt  nx, ny;             /**< columns; ny = 1 is 2D, nx = ny = 1 is 1D */
  PetscReal width;              /**< of the box in x [m] */
  PetscReal depth;              /**< of the box in y [m]; 0 for cells as deep as they are wide */
  PetscReal alloy_height;       /**< resolved part of the alloy [m] */
  PetscInt  electrolyte_layers; /**< 0 leaves the electrolyte to the series resistance */
  PetscInt  interphase_layers;
  PetscInt  alloy_layers;
  PetscReal finest_electrolyte; /**< height of the layer at the face [m]; 0 for a uniform grid */
  PetscReal finest_alloy;       /**< height of the layer at the interphase [m]; 0: uniform */
  PetscInt  lateral;            /**< NakLateral */
} NakGridParams;

extern const NakParam NakGridParamRows[];

/** Sides of a column in x and y [m]. */
void NakGridSides(const NakGridParams *params, PetscReal side[2]);

/** Height of the alloy's highest layer [m]. */
PetscReal NakGridHighestLayer(const NakGridParams *params);

/** The rectilinear grid.  Open data; `z` is owned by the state. */
typedef struct {
  PetscInt   nx, ny;
  PetscInt   n_electrolyte, n_interphase, n_alloy;
  PetscInt   nz;               /**< their sum: the layers that are drawn; the reservoir is not */
  PetscReal  dx, dy;           /**< [m] */
  PetscReal *z;                /**< nz + 1 faces, ascending [m]; z[n_electrolyte] = 0 */
  PetscReal  reservoir_height; /**< of the alloy above the box [m]; > 0 */
  NakLateral lateral;
} NakGrid;

/** First index of each field within a column. */
typedef struct {
  PetscInt filament;     /**< length [m] */
  PetscInt q_faraday;    /**< charge passed by the reaction [C/m2] */
  PetscInt q_total;      /**< charge passed at the far face [C/m2] */
  PetscInt phi;          /**< electrolyte potential against the metal [V], far face first */
  PetscInt potential;    /**< E of the metal against the electrolyte at its face [V] */
  PetscInt deposit;      /**< Na metal at the face [mol/m2] */
  PetscInt film;         /**< part of the contact covered by solid K [-] */
  PetscInt interphase;   /**< u, Na content over that in equilibrium with the reference alloy [-] */
  PetscInt alloy;        /**< r, Na : K ratio [-] */
  PetscInt reservoir_na; /**< Na over the reservoir's initial K [-] */
  PetscInt reservoir_k;  /**< K over the reservoir's initial K [-] */
  PetscInt size;         /**< unknowns of a column */
} NakLayout;

typedef struct NakState_private *NakState; /**< opaque */

/**
  Lay out the grid and the unknowns.  Collective on `comm`.

  @param[in]  comm                ranks, at most nx * ny of them
  @param[in]  params              copied
  @param[in]  electrolyte_height  resolved electrolyte [m]
  @param[in]  interphase_height   [m]
  @param[in]  total_height        of the whole alloy, volume over area [m]
  @param[out] state               free with NakStateDestroy()

  Errors: PETSC_ERR_USER_INPUT where the alloy is not higher than the resolved part, or where there
  are more ranks than columns.
*/
PetscErrorCode NakStateCreate(MPI_Comm comm, const NakGridParams *params,
                              PetscReal electrolyte_height, PetscReal interphase_height,
                              PetscReal total_height, NakState *state);

/** How many of `ranks` ranks can share the columns of a grid: at least 1. */
PetscInt NakStateUsefulRanks(const NakGridParams *params, PetscInt ranks);

/** The same cell with half the columns in x and in y, odd numbers halved upwards; the parts of the ranks
    lie under those of the finer grid, to the nearest column.  NULL where there is one column, or too few
    for the ranks.  Collective. */
PetscErrorCode NakStateCoarsen(NakState fine, NakState *coarse);

/** The same grid, all of it on this rank.  Not collective. */
PetscErrorCode NakStateReplicate(NakState shared, NakState *whole);

/** Free the state and set `*state` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakStateDestroy(NakState *state);

const NakGrid   *NakStateGrid(NakState state);
const NakLayout *NakStateLayout(NakState state);

/** The DMDA over (x, y) with one column a node; stencil width 1.  Owned by the state. */
DM NakStateDM(NakState state);

/* ---- What the cycler does, and what observers are handed ---- */

/** What the cycler holds: a current per geometric area [A/m2], positive when Na is stripped, or the
    terminal voltage [V] against Na metal. */
typedef enum { NAK_HOLD_CURRENT, NAK_HOLD_VOLTAGE } NakHold;

typedef struct {
  NakHold   hold;
  PetscReal value;
} NakControl;

/** Run-level values of one moment.  Currents and charges are per geometric area of the cell and
    positive when Na is stripped. */
typedef struct {
  PetscReal time;     /**< [s] */
  PetscInt  step;     /**< of the protocol: index of the leaf, depth first from 0 */
  PetscInt  cycle;    /**< turns of the innermost repeat that are done, 0 outside one */
  PetscReal current;  /**< [A/m2] */
  PetscReal voltage;  /**< [V] */
  PetscReal capacity; /**< net charge since the start [C/m2] */
  PetscReal u_face_mean,
    u_face_min;               /**< interphase at the electrolyte, where there is contact [-] */
  PetscReal contact_fraction; /**< of the face that reacts [-] */
  PetscReal k_film_fraction;  /**< of the face under solid K [-] */
  PetscReal wetted_fraction;  /**< of the face under liquid [-] */
  PetscReal void_height;      /**< volume of the voids over the area [m] */
  PetscInt  voids;            /**< that are apart from each other */
  PetscReal deposit_mean, deposit_max;             /**< equivalent thickness of Na metal [m] */
  PetscReal filament_max;                          /**< [m] */
  PetscReal reservoir_x;                           /**< mole fraction of Na in the reservoir [-] */
  PetscReal dt;                                    /**< of the step that led here [s] */
  PetscInt  newton_iterations, linear_iterations;  /**< since the last record */
  PetscReal na_balance, k_balance, charge_balance; /**< relative, see docs/model.md [-] */
} NakRecord;

/** A number of the record as users see it: a column of timeseries.csv, an attribute of a frame. */
typedef struct {
  const char *name;   /**< of the column, its unit included */
  const char *si;     /**< of the attribute, in SI */
  size_t      offset; /**< within NakRecord */
  PetscReal   factor; /**< from SI to the column's unit */
  int         digits; /**< significant ones of the column; 0 for a PetscInt */
} NakRecordColumn;

extern const NakRecordColumn NakRecordColumns[]; /**< ends with a NULL name */

/** The member that a column shows: a PetscReal [SI], or a PetscInt where `digits` is 0. */
const void *NakRecordMember(const NakRecord *record, const NakRecordColumn *column);

/** A number, with its unit in its name where it has one. */
typedef struct {
  const char *name;
  PetscReal   value;
} NakNumber;

/** The numbers of one moment of any kind of run, the same on every rank; the first is the time. */
enum { NAK_NUMBERS_MAX = 32 };
typedef struct {
  PetscInt  count;
  NakNumber items[NAK_NUMBERS_MAX];
} NakNumbers;

/** Those of a record, as its columns show them. */
void NakRecordNumbers(const NakRecord *record, NakNumbers *numbers);

/** A spectrum and its relaxation times; arrays are owned by whoever made it. */
typedef struct {
  PetscInt   count;      /**< of frequencies */
  PetscReal *frequency;  /**< [Hz] */
  PetscReal *re, *im;    /**< impedance [ohm m2] */
  PetscInt   n_tau;      /**< of relaxation times */
  PetscReal *tau;        /**< ascending, at equal ratios [s] */
  PetscReal *gamma;      /**< their distribution over ln(tau) [ohm m2] */
  PetscReal  resistance; /**< beyond all relaxation [ohm m2] */
  PetscReal  lambda;     /**< weight of the roughness in `gamma` [-] */
} NakSpectrum;

/** Amounts per geometric area, for balances. */
typedef struct {
  PetscReal na;        /**< Na as charge [C/m2] */
  PetscReal k;         /**< [mol/m2] */
  PetscReal layer;     /**< charge of the double layer [C/m2] */
  PetscReal q_faraday; /**< [C/m2] */
  PetscReal q_total;   /**< [C/m2] */
} NakInventory;

/** Where a field is defined. */
typedef enum {
  NAK_PLACE_VOLUME, /**< one value a cell: values[nz][ym][xm], z slowest */
  NAK_PLACE_FACE    /**< one value a column: values[ym][xm] */
} NakPlace;

typedef struct {
  const char *name; /**< e.g. "c" */
  const char *unit; /**< e.g. "mol/m^3"; "1" without one */
  const char *doc;
  NakPlace    place;
} NakField;

/** The fields of one moment, computed only when an observer asks. */
typedef struct {
  const NakGrid  *grid;
  const NakField *fields;
  PetscInt        count;
  PetscInt        xs, ys, xm, ym; /**< this rank's columns: first and number, in x and y */
  PetscInt        zs, zm;         /**< its layers; zm = 0: all, as columns that are never divided */
  PetscErrorCode (*fill)(void *ctx, PetscInt field, PetscReal values[]); /**< local, no messages */
  void *ctx;
} NakFrame;

/** Layers of a field that this rank has, and the first of them. */
PetscInt NakFrameLayers(const NakFrame *frame, NakPlace place, PetscInt *first);

/** The first multiple of `every` behind `time`; one that rounding alone puts ahead of it is not. */
PetscReal NakNextMultiple(PetscReal every, PetscReal time);
