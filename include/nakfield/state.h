/**
  @file
  Where every unknown lives, and what is read from a state.

  The cell is a rectilinear box.  x and y are uniform.  z is graded and points from the electrolyte
  into the alloy, with z = 0 on the electrolyte's face.  All unknowns over one (x, y) form a column,
  stored contiguously: a DMDA in x and y whose "degrees of freedom" are the column.  So:
  - a column never spans ranks
  - z lines are solved without messages
  - fields exist only where they have a meaning
  - multigrid coarsens in x and y alone, which suits a grid stretched in z

  A column from first to last (NakLayout says where each begins):

    filament  q_faraday  q_total  charge | phi[n_electrolyte] | E  deposit  open | u[n_interphase] |
    r[n_alloy] | reservoir_na  reservoir_k  potassium  salt  excess | counter

  If the counter electrode has unknowns, it has a column of its own, laid out alike.

  In the zone of phases, the lowest layers of the alloy, the order parameters of a layer follow its
  r.  In a liquid electrolyte with layers, the ions and the salt of a layer follow its phi.
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
  PetscReal zone_height;        /**< of phases, at the bottom of the alloy [m]; 0: none */
  PetscInt  zone_layers; /**< of it, all alike and below the alloy's own; set by the phases */
  PetscInt  phases;      /**< order parameters of a layer of it; likewise */
  PetscInt  liquid;      /**< 1 if the electrolyte is a liquid; likewise */
  PetscReal membrane;    /**< height of a membrane amid the electrolyte [m]; likewise */
  PetscInt  ions; /**< NAK_LAYER_UNKNOWNS if its ions move through the layers, else 0; likewise */
  PetscInt  counter; /**< unknowns of the counter electrode; set by it */
  PetscBool bare;    /**< a column is the zone and q_total, without electrodes */
} NakGridParams;

extern const NakParam NakGridParamRows[];

/** Layers of the electrolyte that are a membrane, if there is one: those in the middle. */
enum { NAK_MEMBRANE_LAYERS = 4 };

/** Sides of a column in x and y [m]. */
void NakGridSides(const NakGridParams *params, PetscReal side[2]);

/** The rectilinear grid.  Open data; `z` is owned by the state. */
typedef struct {
  PetscInt  nx, ny;
  PetscInt  n_electrolyte, n_interphase, n_alloy;
  PetscInt  n_zone, phases; /**< layers of the alloy with order parameters, and how many each has */
  PetscInt  nz;     /**< of the first three: the layers that are drawn; the reservoir is not */
  PetscReal dx, dy; /**< [m] */
  PetscReal *z;     /**< nz + 1 faces, ascending [m]; z[n_electrolyte] = 0 */
  PetscReal  reservoir_height; /**< of the alloy above the box [m]; > 0 */
  NakLateral lateral;
} NakGrid;

/** First index of each field within a column. */
typedef struct {
  PetscInt filament;     /**< length [m] */
  PetscInt q_faraday;    /**< charge passed by all reactions at the face [C/m2] */
  PetscInt q_total;      /**< charge passed at the far face [C/m2] */
  PetscInt charge;       /**< of the face, capacitor and adlayer [C/m2] */
  PetscInt phi;          /**< electrolyte potential against the metal [V], far face first; of the
                              other layers see NakLayoutPhi() */
  PetscInt ions;         /**< unknowns of a layer that follow its phi */
  PetscInt potential;    /**< E of the metal against the electrolyte at its face [V] */
  PetscInt deposit;      /**< Na metal at the face [mol/m2] */
  PetscInt open;         /**< part of the contact that no solid K covers [-] */
  PetscInt interphase;   /**< u, Na content over that in equilibrium with the reference alloy [-] */
  PetscInt alloy;        /**< r, Na : K ratio [-]; of the other layers see NakLayoutAlloy() */
  PetscInt phases;       /**< order parameters that follow r in the lowest layers of the alloy, */
  PetscInt zone;         /**< and how many layers these are */
  PetscInt reservoir_na; /**< Na over the reservoir's initial K [-] */
  PetscInt reservoir_k;  /**< K over the reservoir's initial K [-] */
  PetscInt potassium;    /**< charge that K has passed at the face [C/m2], and */
  PetscInt salt;    /**< K salt on it [mol/m2]; both only in a liquid electrolyte, else `counter` */
  PetscInt excess;  /**< Na+ and K+ of the liquid beyond the layers, over Na+ at the start; only
                         with ions, else `counter` */
  PetscInt counter; /**< first unknown of the counter electrode, the size if it has none */
  PetscInt size;    /**< unknowns of a column */
} NakLayout;

/** Unknowns of an electrolyte layer beside phi: amounts of Na+, K+ and salt per volume of the
    layer, over the concentration of Na+ at the start. */
enum { NAK_LAYER_NA = 1, NAK_LAYER_K, NAK_LAYER_SALT, NAK_LAYER_END, NAK_LAYER_UNKNOWNS = 3 };

/** phi of layer k of the electrolyte, the far one first; k = n_electrolyte is the first unknown
    beyond them. */
static inline PetscInt NakLayoutPhi(const NakLayout *l, PetscInt k)
{
  return l->phi + k * (1 + l->ions);
}

/** r of layer k of the alloy; k = n_alloy is the first unknown beyond it. */
static inline PetscInt NakLayoutAlloy(const NakLayout *l, PetscInt k)
{
  return l->alloy + k + l->phases * PetscMin(k, l->zone);
}

/** Whether unknown `j`, one of the alloy's, is an r and no order parameter. */
static inline PetscBool NakLayoutIsRatio(const NakLayout *l, PetscInt j)
{
  const PetscInt beyond = j - l->alloy - l->zone * (1 + l->phases);

  return (PetscBool)(beyond >= 0 || (j - l->alloy) % (1 + l->phases) == 0);
}

/** Whether the electrolyte is a liquid. */
static inline PetscBool NakLayoutIsLiquid(const NakLayout *l)
{
  return (PetscBool)(l->salt > l->potassium);
}

/** What unknown `j` of a column is, in words. */
const char *NakLayoutName(const NakLayout *layout, PetscInt j);

typedef struct NakState_private *NakState; /**< opaque */

/** Report if the resolved part of the alloy is not lower than all of it, `total_height` [m]. */
void NakGridCheck(const NakGridParams *params, PetscReal total_height, NakCheckList *list);

/**
  Lay out the grid and the unknowns.  Collective on `comm`.

  @param[in]  comm                ranks, at most nx * ny of them
  @param[in]  params              copied
  @param[in]  electrolyte_height  resolved electrolyte [m]
  @param[in]  interphase_height   [m]
  @param[in]  total_height        of the whole alloy, volume over area [m]
  @param[out] state               free with NakStateDestroy()

  Errors: PETSC_ERR_USER_INPUT if NakGridCheck() reports an error, or if there are more ranks than
  columns.
*/
PetscErrorCode NakStateCreate(MPI_Comm comm, const NakGridParams *params,
                              PetscReal electrolyte_height, PetscReal interphase_height,
                              PetscReal total_height, NakState *state);

/** How many of `ranks` ranks can share the columns of a grid: at least 1. */
PetscInt NakStateUsefulRanks(const NakGridParams *params, PetscInt ranks);

/** How many of `ranks` ranks share x, so that the lines between their parts are shortest; the
    others share y.  Of equally short ones, from 1,000 ranks on, that whose groups gather least
    (NakStateGroup()).  0 if they do not fit.  Pure. */
PetscInt NakStateSplit(PetscInt nx, PetscInt ny, PetscInt ranks);

/** Whether groups of so many ranks in direction `d` can put their parts together. */
typedef PetscBool (*NakGroupFits)(const void *ctx, int d, PetscInt group);

/** For coarser grids: the fewest of `ranks` ranks in direction `d` that can put their parts
    together, so that all groups are equal.  If no smaller group fits, it is all of them.  Pure. */
PetscInt NakStateGroup(PetscInt ranks, NakGroupFits fits, const void *ctx, int d);

/** The same cell with half the columns in x and in y; odd numbers are halved upwards.  The parts of
    the ranks lie under those of the finer grid, to the nearest column.  NULL if there is one
    column, or too few for the ranks.  Collective. */
PetscErrorCode NakStateCoarsen(NakState fine, NakState *coarse);

/** How many ranks share the grid in x and in y.  Not collective. */
PetscErrorCode NakStateRanks(NakState state, PetscInt ranks[2]);

/** The same grid on fewer ranks.  Every group[0] x group[1] ranks, side by side in x and y, put
    their parts together.  Each rank of a group has all of these parts.  Its communicator has one
    rank of every group, the one in the same place of its group.  Both numbers divide those of
    NakStateRanks().  Collective. */
PetscErrorCode NakStateRegroup(NakState shared, const PetscInt group[2], NakState *regrouped);

/** Free the state and set `*state` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakStateDestroy(NakState *state);

const NakGrid   *NakStateGrid(NakState state);
const NakLayout *NakStateLayout(NakState state);

/** The DMDA over (x, y) with one column a node and stencil width 1.  Owned by the state. */
DM NakStateDM(NakState state);

/** Columns of the grid: the first, and how many, in x and y. */
typedef struct {
  PetscInt xs, ys, xm, ym;
} NakBox;

/** Those of this rank.  Not collective. */
PetscErrorCode NakStateBox(NakState state, NakBox *box);

/** Cells of a grid in x, y and z: the first, and how many. */
typedef struct {
  PetscInt start[3], count[3];
} NakPart;

/** Those that this rank has of a DMDA, or with its ghosts.  Not collective. */
PetscErrorCode NakPartOf(DM dm, PetscBool ghosts, NakPart *part);

/** One by one, x fastest: for (more = NakPartFirst(); more; more = NakPartNext()). */
static inline PetscBool NakPartFirst(const NakPart *p, PetscInt i[3])
{
  for (int d = 0; d < 3; d++) i[d] = p->start[d];
  return PETSC_TRUE;
}

static inline PetscBool NakPartNext(const NakPart *p, PetscInt i[3])
{
  for (int d = 0; d < 3; d++) {
    if (++i[d] < p->start[d] + p->count[d]) return PETSC_TRUE;
    i[d] = p->start[d];
  }
  return PETSC_FALSE;
}

static inline PetscBool NakPartHas(const NakPart *p, const PetscInt i[3])
{
  for (int d = 0; d < 3; d++)
    if (i[d] < p->start[d] || i[d] >= p->start[d] + p->count[d]) return PETSC_FALSE;
  return PETSC_TRUE;
}

/** Number of a column, of a cell, in that order. */
static inline PetscInt NakPartColumn(const NakPart *p, const PetscInt i[3])
{
  return (i[1] - p->start[1]) * p->count[0] + (i[0] - p->start[0]);
}

static inline PetscInt NakPartCell(const NakPart *p, const PetscInt i[3])
{
  return (i[2] - p->start[2]) * p->count[1] * p->count[0] + NakPartColumn(p, i);
}

/** How many there are. */
static inline PetscInt NakPartColumns(const NakPart *p)
{
  return p->count[0] * p->count[1];
}

static inline PetscInt NakPartCells(const NakPart *p)
{
  return NakPartColumns(p) * p->count[2];
}

/** How far apart two places are along axis d, x or y, if their coordinates differ by `away` [m].
    In a periodic grid it is the shorter way round.  It is 0 if the grid has one column only. */
static inline PetscReal NakGridApart(const NakGrid *g, int d, PetscReal away)
{
  const PetscInt  n    = d == 0 ? g->nx : g->ny;
  const PetscReal span = (d == 0 ? g->dx : g->dy) * (PetscReal)n, apart = PetscAbsReal(away);

  if (n == 1) return 0;
  return g->lateral == NAK_LATERAL_PERIODIC ? PetscMin(apart, span - apart) : apart;
}

/* ---- What the cycler does, and what observers are handed ---- */

/** What the cycler holds: a current per geometric area [A/m2], positive when Na is stripped, or the
    terminal voltage [V], against the counter electrode. */
typedef enum { NAK_HOLD_CURRENT, NAK_HOLD_VOLTAGE } NakHold;

typedef struct {
  NakHold   hold;
  PetscReal value;
} NakControl;

/** What a record knows of the counter electrode: nothing of Na metal. */
typedef enum { NAK_SHOWN_NOTHING, NAK_SHOWN_ALLOY, NAK_SHOWN_HOST } NakShownCounter;

/** Run-level values of one moment.  Currents and charges are per geometric area of the cell and
    positive when Na is stripped. */
typedef struct {
  PetscReal time;     /**< [s] */
  PetscInt  step;     /**< of the protocol: index of the protocol step, depth first from 0 */
  PetscInt  cycle;    /**< turns of the innermost repeat that are done, 0 outside one */
  PetscReal current;  /**< [A/m2] */
  PetscReal voltage;  /**< [V] */
  PetscReal capacity; /**< net charge since the start [C/m2] */
  PetscReal u_face_mean,
    u_face_min;               /**< interphase at the electrolyte, where there is contact [-] */
  PetscReal contact_fraction; /**< of the face that reacts [-] */
  PetscReal k_film_fraction;  /**< of the face under solid K [-] */
  PetscReal wetted_fraction;  /**< of the face under liquid or solid Na [-] */
  PetscReal void_height;      /**< volume of the voids over the area [m] */
  PetscInt  voids;            /**< that are apart from each other */
  PetscReal deposit_mean, deposit_max; /**< equivalent thickness of Na metal [m] */
  PetscReal filament_max;              /**< [m] */
  PetscReal solid_b, solid_a;          /**< mean thickness of solid K and of Na in the alloy [m] */
  PetscInt  grains;                    /**< of them that have begun */
  PetscReal reservoir_x;               /**< mole fraction of Na in the reservoir [-] */
  PetscBool liquid;                    /**< whether the electrolyte is a liquid; then */
  PetscReal carrier_k;                 /**< part of the current that K carries at the face [-] */
  PetscReal salt;                      /**< thickness of the salt on it [m] */
  PetscReal electrolyte_na, electrolyte_k; /**< mean concentrations [mol/m3] */
  PetscReal least_na;                      /**< least concentration of Na+ at a face [mol/m3] */
  PetscBool layers;                        /**< whether it has layers of ions; then */
  PetscReal separator_salt;                /**< thickness of the salt in its pores [m] */
  PetscInt  counter;               /**< NakShownCounter of the counter electrode; unless it is Na */
  PetscReal counter_potential;     /**< its potential against Na metal in the electrolyte [V] */
  PetscReal counter_x;             /**< mole fraction of Na in its reservoir [-] */
  PetscReal counter_deposit;       /**< largest equivalent thickness of Na metal there [m] */
  PetscReal counter_na, counter_k; /**< parts of a host's sites with Na and with K [-] */
  PetscReal counter_left; /**< of a host: the less of the free part and the part that can be freed,
                               in the column where it is least [-] */
  PetscReal counter_carrier_k; /**< part of the current that K carries at its face [-] */
  PetscReal temperature;       /**< that the protocol asks for [K] */
  PetscReal
    face_x; /**< mole fraction of Na in the liquid on the face; of the reservoir if there is none
                 [-] */
  PetscReal
    liquidus[2]; /**< mole fractions of Na between which the liquid is stable at `temperature`;
                               both 0 where they are not known [-] */
  PetscReal
    wetted_start; /**< wetted_fraction at the start of the run; 0 where it is not known [-] */
  PetscReal dt;   /**< of the step that led here [s] */
  PetscInt  newton_iterations, linear_iterations;  /**< since the last record */
  PetscReal na_balance, k_balance, charge_balance; /**< relative, see docs/model.md [-] */
} NakRecord;

#define NAK_MA_PER_CM2  0.1         /**< from A/m2 */
#define NAK_MAH_PER_CM2 (1 / 3.6e4) /**< from C/m2 */

/** A number of a moment as users see it: a column of a table, an attribute of a frame. */
typedef struct {
  const char *name;   /**< of the column, its unit included */
  const char *si;     /**< of the attribute, in SI */
  PetscReal   value;  /**< in SI */
  PetscReal   factor; /**< from SI to the column's unit */
  int         digits; /**< significant ones of the column; 0 for a whole number */
} NakNumber;

/** One that is shown as it is. */
#define NAK_NUMBER(name_, value_)                                                                  \
  {                                                                                                \
    .name = (name_), .si = (name_), .value = (value_), .factor = 1, .digits = 15                   \
  }

/** The numbers of one moment of any kind of run, the same on every rank.  The first is the time. */
enum { NAK_NUMBERS_MAX = 48 };
typedef struct {
  PetscInt  count;
  NakNumber items[NAK_NUMBERS_MAX];
} NakNumbers;

/** The number in the column's unit. */
PetscReal NakNumberShown(const NakNumber *number);

/** The number of this name, or NULL. */
const NakNumber *NakNumbersFind(const NakNumbers *numbers, const char *name);

/** Those of a record. */
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

/** Amounts of an electrode per geometric area, for balances; 0 of Na metal. */
typedef struct {
  PetscReal na;        /**< Na as charge [C/m2] */
  PetscReal k;         /**< [mol/m2] */
  PetscReal sites;     /**< charge of all sites, if it is a host [C/m2] */
  PetscReal layer;     /**< charge that capacitor and adlayer have taken up [C/m2] */
  PetscReal q_faraday; /**< [C/m2] */
  PetscReal q_k;       /**< that part of it which K has passed [C/m2] */
  PetscReal q_total;   /**< [C/m2] */
  PetscReal ions;      /**< of layers of an electrolyte: Na+ at the start, as a charge, */
  PetscReal ions_na;   /**< Na+ now, less what both electrodes gave [C/m2] */
  PetscReal ions_k;    /**< and K+ with its salt [C/m2] */
} NakInventory;

/** The alloy's, and the counter electrode. */
enum { NAK_ELECTRODES = 2 };

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

enum { NAK_FRAME_FIELDS = 64, NAK_FIELD_NAME = 32 };

/** Names of fields; none stand for all.  Plain data. */
typedef struct {
  PetscInt count;
  char     name[NAK_FRAME_FIELDS][NAK_FIELD_NAME];
} NakFieldNames;

/** Some of the fields of a frame, as a frame of their own.  The struct must not be moved. */
typedef struct {
  NakFrame frame;
  NakFrame all;                     /**< of which they are */
  PetscInt field[NAK_FRAME_FIELDS]; /**< where each stands among all */
  NakField fields[NAK_FRAME_FIELDS];
} NakFrameChoice;

/** Keep the fields that are named, in their order. */
void NakFrameChoose(const NakFrame *all, const NakFieldNames *names, NakFrameChoice *choice);

/** The number of the field of this name, -1 for none. */
PetscInt NakFrameFind(const NakFrame *frame, const char *name);

/** Bring the ranks' parts of a face, `mine`, together on rank 0, as whole[ny][nx].  On other ranks
    `whole` may be NULL.  Collective. */
PetscErrorCode NakFrameGather(MPI_Comm comm, const NakFrame *frame, const PetscReal mine[],
                              PetscReal whole[]);

/** Layers of a field that this rank has, and the first of them. */
PetscInt NakFrameLayers(const NakFrame *frame, NakPlace place, PetscInt *first);

/** What counts as having begun, on the whole face and in one column of it alike. */
#define NAK_SOME_K       1e-3 /**< share under solid K */
#define NAK_SOME_NA      3.6  /**< Na metal [C/m2] */
#define NAK_CONTACT_LOST 0.5  /**< share that is left of the contact */

/** The zero of a line from the value `before` to the value `now` >= 0, as a fraction of the way.
    It is 1 if `before` says nothing, or if the zero has been located as closely as possible. */
PetscReal NakCrossing(PetscReal before, PetscReal now);

/** The first multiple of `every` after `time`.  A multiple that is ahead of it by rounding alone
    does not count. */
PetscReal NakNextMultiple(PetscReal every, PetscReal time);
