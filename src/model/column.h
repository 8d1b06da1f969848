/* One column of the cell: geometry, constants, residual and Jacobian.  Pure, no PETSc objects. */
#pragma once

#include <nakfield/model.h>

/* Contact and voids over the electrolyte's face in one column. */
typedef struct {
  PetscReal contact;     /* static share of the column that takes part */
  PetscReal void_height; /* height of the void over the face [m] */
  PetscReal excess;      /* pressure of its gas less the liquid's, if voids are a phase [Pa] */
} NakCover;

/* Phases on the face in one column.  Without phases in the model, all of it is alloy. */
typedef struct {
  PetscReal r, dr; /* Na : K ratio of the liquid in the lowest layer; its slope to v there */
  PetscReal liquid, metal; /* parts of the contact under liquid and under solid Na, */
  PetscReal wetted;        /* and under both: neither under solid K nor under a void */
  PetscReal above;         /* charge of the solid Na that touches the face [C/m2] */
  PetscReal dliquid[NAK_MIX_MOST], dmetal[NAK_MIX_MOST],
    dwetted[NAK_MIX_MOST]; /* their derivatives to the order parameters on the face */
} NakFoot;

/* Layers of a region from the lowest on: their heights, and the links of the faces below them. */
typedef struct {
  const PetscReal *height, *link;
} NakRegion;

/* Concentrations in a liquid electrolyte, over that of Na+ at the start.  With a solid electrolyte
   they keep their values of the start. */
typedef struct {
  PetscReal sodium, ln_sodium, potassium, anion;
} NakBath;

/* A layer of a liquid electrolyte. */
typedef struct {
  PetscReal porosity;              /* without salt */
  PetscReal fixed;                 /* concentration of anions that cannot move, over c0 */
  PetscReal diffusivity[NAK_IONS]; /* [m2/s] */
} NakMedium;

/* Such an electrolyte; c0 is the concentration of Na+ at the start. */
typedef struct {
  PetscReal content;     /* F c0 [C/m3] */
  PetscReal salt_volume; /* molar volume of the salt times c0 */
  PetscReal rate;        /* of precipitation in the pores over c0 [1/s] */
  PetscReal excess;      /* height of the liquid beyond the layers [m]; 0: none */
  PetscReal exchange;    /* rate at which the pores exchange with it [1/s] */
} NakIons;

/* Constants of every column.  Arrays are over the layers from the bottom; those over faces have one
   number more. */
typedef struct NakColumn_private {
  NakLayout l;
  const struct NakColumn_private
             *counter; /* the counter electrode's, from unknown l.counter on; or NULL */
  NakCover   *over;    /* of each owned column */
  PetscInt    ne, nf, na;
  PetscReal   start;            /* mole fraction of A in the alloy at the start */
  PetscReal   contact_fraction; /* of the whole face */
  NakKinetics kinetics;
  NakControl  control;
  PetscReal   series;           /* resistance beyond the resolved electrolyte [ohm m2] */
  PetscReal   grain_boundaries; /* part of it [ohm m2] */
  PetscReal   electrolyte;      /* resistance of the resolved electrolyte [ohm m2] */
  PetscReal   sigma;            /* [S/m] */
  PetscReal   spreading;        /* factor of its lateral conductance in linearisations */
  PetscReal   spacing;          /* of columns, for a front of the K film [m] */
  PetscReal  *height;           /* of each layer, and of the reservoir [m] */
  PetscReal  *link; /* 1 / distance of the cells at each face; half cells at region ends [1/m] */
  NakRegion   interphase, alloy; /* parts of `height` and `link` */
  PetscReal
    diffusivity; /* D* of the alloy: its interdiffusion over the thermodynamic factor [m2/s] */
  PetscReal
    liquidus[2]; /* mole fractions of A between which the liquid is stable; both 0 if it never is */
  PetscReal liquid[2]; /* least and greatest Na : K ratio of the liquid that the reservoir shows */
  PetscReal mixing;    /* lateral diffusivity of the reservoir [m2/s] */
  PetscReal alloy_content; /* charge of Na over volume at r = 1 [C/m3] */
  PetscReal reservoir;     /* its height [m] */
  NakHost   host; /* capacity 0: an alloy.  Else Na and K of the reservoir are parts of its sites */
  NakZone   zone; /* phases in the lowest layers of the alloy, counted per K */
  NakLean  *all_leans;    /* those of the zone, and of ions beside each other */
  PetscBool beside;       /* whether there are such ions */
  NakVoidsParams wetting; /* what the contact angle of the liquid depends on */
  PetscReal      bath;    /* Na+ of a liquid electrolyte at the start, over the area [mol/m2] */
  NakIons        ions;    /* the liquid electrolyte in layers */
  NakMedium     *medium;  /* of each layer of it */
} NakColumn;

static inline PetscBool NakColumnIsHost(const NakColumn *c)
{
  return (PetscBool)(c->host.capacity > 0);
}

/* The face of the counter electrode is in full contact, without voids. */
static const NakCover NakCounterCover = {.contact = 1};

/* The column takes over `over`.  `contact` is the mean contact. */
PetscErrorCode NakColumnCreate(const NakModelParams *params, NakState state, NakCover *over,
                               PetscReal contact, NakColumn *column);
/* Constants at another temperature. */
void NakColumnSetTemperature(const NakModelParams *params, PetscReal temperature,
                             NakColumn *column);

/* Na : K ratio of the liquid in a reservoir whose mean ratio is r.  The rest is solid, by the lever
   rule. */
static inline PetscReal NakColumnLiquid(const NakColumn *c, PetscReal r)
{
  return PetscMin(PetscMax(r, c->liquid[0]), c->liquid[1]);
}

PetscErrorCode NakColumnDestroy(NakColumn *column);

/* Charge of the interphase's Na at u = 1 over the volume of a column [C/m3].  In a column of
   partial contact, only the interphase under the contact takes part.  Without contact, the
   interphase is only in equilibrium. */
static inline PetscReal NakColumnContent(const NakColumn *c, PetscReal contact)
{
  return c->kinetics.content * (contact > 0 ? contact : 1);
}

/* K that a complete film takes from the reservoir, over the reservoir's K [-]. */
static inline PetscReal NakColumnFilmShare(const NakColumn *c, PetscReal contact)
{
  return contact * c->kinetics.film_content * NAK_FARADAY / (c->alloy_content * c->reservoir);
}

/* conserved.c: what a linear solution must conserve. */
void NakColumnConserves(const NakColumn *c, NakColumnPhysics *physics);

/* foot.c: phases on the face; chemical potential of Na in liquid of ratio r [J/mol]. */
NakFoot   NakColumnFoot(const NakColumn *c, const PetscReal u[]);
PetscReal NakColumnPotential(const NakColumn *c, PetscReal r);

/* Na : K ratio of the liquid in layer k of the alloy. */
static inline PetscReal NakColumnRatio(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  const PetscInt j = NakLayoutAlloy(&c->l, k);

  return k < c->l.zone ? NakZoneLiquid(&c->zone, u + j) : u[j];
}

/* Share of a body in layer k of the alloy; 0 beyond the zone. */
PetscReal NakColumnShare(const NakColumn *c, NakBody body, PetscInt k, const PetscReal u[]);

/* Conductance of the half layer above the electrolyte, for differences of u [A/m2].  The layer is
   that of the interphase.  Without an interphase it is the alloy's, at ratio r, with the derivative
   to u. */
typedef struct {
  PetscReal value, slope;
} NakConductance;

static inline NakConductance NakColumnConductance(const NakColumn *c, const NakCover *over,
                                                  PetscReal r)
{
  const PetscReal       r_ref = c->kinetics.r_ref;
  NakDiffusionPotential D;
  PetscReal             whole;

  if (!c->kinetics.direct)
    return (NakConductance){
      NakColumnContent(c, over->contact) * c->kinetics.diffusivity * c->interphase.link[0], 0};
  D     = NakThermoDiffusion(&c->kinetics.alloy, r);
  whole = c->alloy_content * c->diffusivity * c->alloy.link[0] * r_ref;
  return (NakConductance){whole * D.d1, whole * D.d2 * r_ref};
}

/* Fraction of the metal in a reservoir that is solid Na, by the lever rule. */
static inline PetscReal NakColumnSolid(const NakColumn *c, const PetscReal u[])
{
  const PetscReal r = u[c->l.reservoir_na] / u[c->l.reservoir_k];

  return r > c->liquid[1] ? 1 - (1 + c->liquid[1]) / (1 + r) : 0;
}

/* bath.c: the ions in the liquid electrolyte at the near face, after what the electrodes have
   exchanged with it; at the far face, the same unless it has layers. */
NakBath NakColumnBath(const NakColumn *c, const PetscReal u[]);
NakBath NakColumnFarBath(const NakColumn *c, const PetscReal u[]);

/* NakBathFace: entries of the face of electrode `of`, whose unknowns start at `first`.  They are
   the derivatives to the ions at that face, and those of the layer of ions next to it.  NakBathFar:
   entries of the current through the far face, whose slope to the voltage is given.  They are the
   derivatives to the salt on both faces, and to ions. */
void NakBathFace(const NakColumn *c, const NakColumn *of, PetscInt first, const PetscReal u[],
                 const NakFace *face, const NakSaltRate *salt, const NakBath *bath, NakEntries *e);
void NakBathFar(const NakColumn *c, PetscReal current, PetscReal conductance, const PetscReal u[],
                NakEntries *e);

/* ions*.c: a liquid electrolyte in layers.  Exponent of the porosity in a diffusivity: one for the
   area of the liquid, a half for its detours (D. A. G. Bruggeman, Ann. Phys. 416 (1935) 636). */
#define NAK_BRUGGEMAN 1.5

/* What meets at both faces, near and far [A/m2], [mol/(m2 s)]. */
typedef struct {
  PetscReal far; /* current through the far face */
  PetscReal potassium[NAK_ELECTRODES], salt[NAK_ELECTRODES];
} NakIonsFaces;

/* The ions at a face. */
NakBath NakIonsBath(const NakColumn *c, PetscBool far, const PetscReal u[]);

/* Entries in `row` of what depends on the ions at a face, with the derivatives `d` to them. */
void NakIonsPut(const NakColumn *c, PetscBool far, const PetscReal u[], PetscInt row,
                const PetscReal d[NAK_IONS], NakEntries *e);

/* The half layer at the far face, and the potential of a counter electrode of Na metal; 0 for any
   other electrode. */
typedef struct {
  PetscReal resistance, emf, metal; /* [ohm m2], [V] */
} NakIonsFar;

NakIonsFar NakIonsFarOf(const NakColumn *c, const PetscReal u[]);

/* NakIonsFarPut: entries of the current through the far face that a solid electrolyte lacks. */
void     NakIonsFarPut(const NakColumn *c, PetscReal current, PetscReal conductance,
                       const PetscReal u[], NakEntries *e);
void     NakIonsResidual(const NakColumn *c, const NakIonsFaces *at, const PetscReal u[],
                         const PetscReal udot[], PetscReal f[]);
void     NakIonsJacobian(const NakColumn *c, const PetscReal u[], PetscReal shift, NakEntries *e);
PetscInt NakIonsMost(const NakColumn *c); /* entries at most */

/* Columns beside each other exchange ions by NakIonsBeside, which follows from NakIonsPotentials of
   both, NakIonsWidth numbers after those of the zone.  NakIonsRest is its linearisation less
   NakIonsSlopes.  Amounts of Na+ and K+ lean on phi: NakIonsLean, NakIonsLeans in number, whose
   entries NakIonsByLean adds to those from `first` on. */
PetscErrorCode NakIonsCreate(PetscInt columns, NakColumn *c);
PetscInt       NakIonsWidth(const NakColumn *c);
void           NakIonsPotentials(const NakColumn *c, const PetscReal u[], PetscReal theta[]);
void           NakIonsBeside(const void *ctx, const PetscReal own[], const PetscReal beside[],
                             PetscReal weight, PetscReal f[]);
void           NakIonsRest(const void *ctx, const PetscReal own[], const PetscReal beside[],
                           const PetscReal v_own[], const PetscReal v_beside[], PetscReal weight,
                           PetscReal y[]);
void           NakIonsSlopes(const NakColumn *c, const PetscReal u[], PetscReal slope[]);
PetscInt       NakIonsLeans(const NakColumn *c);
void           NakIonsLean(const void *ctx, const PetscReal u[], PetscReal lean[]);
void NakIonsByLean(const NakColumn *c, const PetscReal u[], PetscInt first, NakEntries *e);

/* Voltage between the faces at a current that is the same in all layers [V], and its slope [ohm
   m2].  The potential of a counter electrode of Na metal is in it. */
typedef struct {
  PetscReal value, slope;
} NakIonsDrop;

NakIonsDrop NakIonsDropOf(const NakColumn *c, PetscReal current, const PetscReal u[]);

/* Its derivatives to the unknowns of the column; `weight` has room for twice as many. */
void NakIonsDropSlopes(const NakColumn *c, PetscReal current, const PetscReal u[],
                       PetscReal weight[]);

/* Current in the electrolyte, between its lowest layers [A/m2]. */
PetscReal NakIonsCurrent(const NakColumn *c, const PetscReal u[]);

/* In layer k: concentration of an ion over c0, and the share of liquid. */
PetscReal NakIonsConcentration(const NakColumn *c, int ion, PetscInt k, const PetscReal u[]);
PetscReal NakIonsPorosity(const NakColumn *c, PetscInt k, const PetscReal u[]);

/* Height of all liquid, in the layers and beyond: at the start and now [m].  Na+ and K+ in it, over
   c0 [m]; a membrane is no liquid. */
typedef struct {
  PetscReal pristine, now, na, k;
} NakIonsRoom;

/* Sums over the column of Na+, K+ and salt, from NAK_LAYER_NA on, over c0 [m], and their room. */
NakIonsRoom NakIonsAmounts(const NakColumn *c, const PetscReal u[], PetscReal sum[NAK_LAYER_END]);

/* Whether liquid is left in all pores, Na+ at both faces, and what carries a held current into and
   out of a membrane. */
PetscBool NakIonsLeft(const NakColumn *c, const PetscReal u[]);
void      NakIonsPristine(const NakColumn *c, PetscReal u[]);

/* Currents of the host that is this column. */
static inline NakFace NakColumnHost(const NakColumn *c, const NakBath *bath, const PetscReal u[])
{
  const NakFaceState state = {.potential = u[c->l.potential],
                              .u         = u[c->l.reservoir_na],
                              .r         = u[c->l.reservoir_k],
                              .ln_sodium = bath->ln_sodium,
                              .potassium = bath->potassium};

  return NakKineticsHost(&c->kinetics, &c->host, &state);
}

/* Currents and rates at the face of the column, if it is an alloy. */
static inline NakFace NakColumnAlloy(const NakColumn *c, const NakCover *over, const NakFoot *foot,
                                     const NakBath *bath, const PetscReal u[])
{
  const NakConductance half  = NakColumnConductance(c, over, foot->r);
  const NakFaceState   state = {.potential   = u[c->l.potential],
                                .deposit     = u[c->l.deposit],
                                .open        = u[c->l.open],
                                .u           = c->kinetics.direct ? foot->r / c->kinetics.r_ref
                                                                  : u[c->l.interphase],
                                .stiffening  = half.slope,
                                .r           = foot->r,
                                .wetted      = foot->wetted,
                                .above       = foot->above,
                                .void_height = over->void_height,
                                .ln_sodium   = bath->ln_sodium,
                                .potassium   = bath->potassium,
                                .salt        = NakLayoutIsLiquid(&c->l) ? u[c->l.salt] : 0,
                                .solid       = NakLayoutIsLiquid(&c->l) ? NakColumnSolid(c, u) : 0};

  return NakKineticsFace(&c->kinetics, &state, half.value, over->contact);
}

/* And of either. */
static inline NakFace NakColumnFace(const NakColumn *c, const NakCover *over, const NakFoot *foot,
                                    const NakBath *bath, const PetscReal u[])
{
  return NakColumnIsHost(c) ? NakColumnHost(c, bath, u) : NakColumnAlloy(c, over, foot, bath, u);
}

/* The same where foot and bath are not needed otherwise. */
static inline NakFace NakColumnFaceOf(const NakColumn *c, const NakCover *over, const PetscReal u[])
{
  const NakFoot foot = NakColumnFoot(c, u);
  const NakBath bath = NakColumnBath(c, u);

  return NakColumnFace(c, over, &foot, &bath, u);
}

/* Resistance of the surface layers of both faces, with the salt in them [ohm m2].  The derivatives
   to the salt of each face go into `slope`, which may be NULL. */
PetscReal NakColumnSaltResistance(const NakColumn *c, const PetscReal u[], PetscReal slope[]);

/* How a face drives its voids.  The load is the current over the limiting current under the
   reference alloy; 0 without contact. */
NakVoidsDrive NakColumnDrive(const NakColumn *c, const NakCover *over, const NakFace *face);

/* Na of a column without its adlayer, plus the charge that the reactions have passed, as a charge
   [C/m2].  It is linear in the unknowns.  The same combination of the rows is its balance, because
   all fluxes cancel in it. */
PetscReal NakColumnSodium(const NakColumn *c, PetscReal contact, const PetscReal u[]);

/* The physics of a column in the form that the solvers need.  `c` and its covers must not move in
   memory. */
NakColumnPhysics NakColumnLinear(const NakColumn *c);
