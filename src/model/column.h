/* One column of the cell: geometry, constants, residual and Jacobian.  Pure, no PETSc objects. */
#pragma once

#include <nakfield/model.h>

/* What lies over the electrolyte's face in one column. */
typedef struct {
  PetscReal contact;     /* static share of the column that takes part */
  PetscReal void_height; /* over the face [m] */
  PetscReal excess;      /* pressure of its gas over the liquid's, where voids are a phase [Pa] */
} NakCover;

/* What stands on the face in one column: all of it alloy, where there are no phases. */
typedef struct {
  PetscReal r, dr; /* Na : K ratio of the liquid in the lowest layer; its slope to v there */
  PetscReal liquid, metal; /* parts of the contact under liquid and under solid Na, */
  PetscReal wetted;        /* and under both: neither under solid K nor under a void */
  PetscReal above;         /* charge of the solid Na that touches the face [C/m2] */
  PetscReal dliquid[NAK_MIX_MOST], dmetal[NAK_MIX_MOST],
    dwetted[NAK_MIX_MOST]; /* their derivatives to the order parameters on the face */
} NakFoot;

/* Weights of the two lowest layers in an order parameter on the face. */
#define NAK_ZONE_LOW  1.5
#define NAK_ZONE_HIGH (-0.5)

/* Of the layers of a region, from its lowest: their heights, and the links of the faces below them. */
typedef struct {
  const PetscReal *height, *link;
} NakRegion;

/* Concentrations of a liquid electrolyte over that of Na+ at the start; of a solid one those of the start. */
typedef struct {
  PetscReal sodium, ln_sodium, potassium, anion;
} NakBath;

/* Constants of every column; arrays are over layers from the bottom, faces one more. */
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
  PetscReal   spacing;          /* distance of columns that a front of the K film sees [m] */
  PetscReal  *height;           /* of each layer [m] */
  PetscReal  *link; /* 1 / distance of the cells at each face; half cells at region ends [1/m] */
  NakRegion   interphase, alloy; /* their parts of both */
  PetscReal
    diffusivity; /* D* of the alloy: its interdiffusion over the thermodynamic factor [m2/s] */
  PetscReal liquidus
    [2]; /* mole fractions of A between which the liquid is stable; both 0 where it is nowhere */
  PetscReal liquid[2]; /* least and greatest Na : K ratio of the liquid that the reservoir shows */
  PetscReal mixing;    /* lateral diffusivity of the reservoir [m2/s] */
  PetscReal alloy_content; /* charge of Na over volume at r = 1 [C/m3] */
  PetscReal reservoir;     /* its height [m] */
  NakMix    mix;           /* phases of the zone, counted per K; none where l.phases is 0 */
  PetscReal mobility;      /* of their interfaces, one for all [m2/s] */
  PetscReal rates[NAK_MIX_MOST][NAK_MIX_MOST]; /* of order parameters by forces [m3/(J s)] */
  NakLean  *leans;
  PetscInt *orders;            /* numbers of the order parameters */
  struct NakZoneLayer *layers; /* work: of the column that is linearised, from its slopes on */
  PetscInt        voids;   /* order parameter of the voids; 0 where they are none of the phases */
  NakVoidsParams  wetting; /* what the contact angle of the liquid depends on, */
  PetscReal       tension; /* and the tension of its surface [N/m] */
  PetscReal       area;    /* of a column [m2] */
  PetscReal       bath;    /* Na+ of a liquid electrolyte at the start, over the area [mol/m2] */
  NakColumnShared shared;  /* the gas of the voids */
} NakColumn;

/* What lies over the face of the counter electrode: nothing. */
static const NakCover NakCounterCover = {.contact = 1};

/* `over` is the column's from now on, `contact` its mean. */
PetscErrorCode NakColumnCreate(const NakModelParams *params, NakState state, NakCover *over,
                               PetscReal contact, NakColumn *column);
/* Constants at another temperature. */
void NakColumnSetTemperature(const NakModelParams *params, PetscReal temperature,
                             NakColumn *column);

/* Na : K ratio of the liquid in a reservoir whose mean ratio is r: the rest is solid, by the lever rule. */
static inline PetscReal NakColumnLiquid(const NakColumn *c, PetscReal r)
{
  return PetscMin(PetscMax(r, c->liquid[0]), c->liquid[1]);
}

PetscErrorCode NakColumnDestroy(NakColumn *column);

/* Charge of the interphase's Na at u = 1 over the volume of a column [C/m3].  Of a column in partial
   contact only that part of the interphase takes part; without contact it is only in equilibrium. */
static inline PetscReal NakColumnContent(const NakColumn *c, PetscReal contact)
{
  return c->kinetics.content * (contact > 0 ? contact : 1);
}

/* K that the film takes from the reservoir, over the reservoir's K at a whole film [-]. */
static inline PetscReal NakColumnFilmShare(const NakColumn *c, PetscReal contact)
{
  return contact * c->kinetics.film_content * NAK_FARADAY / (c->alloy_content * c->reservoir);
}

/* zone.c: the zone of phases; u of a layer are r and its order parameters. */
typedef struct NakZoneLayer {
  PetscReal   liquid; /* Na : K ratio of the liquid */
  PetscReal   slope;  /* of it to r at fixed phases */
  NakMixPoint at;     /* dX, drive, ddrive */
} NakZoneLayer;

PetscErrorCode NakZoneCreate(const NakMixParams *params, PetscInt owned, NakColumn *column);
PetscReal      NakZoneLiquid(const NakColumn *c, const PetscReal u[]);
PetscReal      NakZoneForces(const NakColumn *c, const PetscReal u[], PetscReal force[]);
void           NakZoneAt(const NakColumn *c, const PetscReal u[], NakZoneLayer *layer);
NakFoot        NakZoneFoot(const NakColumn *c, const PetscReal u[]);

/* Share of void in a layer. */
PetscReal NakZoneVoid(const NakColumn *c, const PetscReal u[]);

/* Let order parameter k take its part of a layer at one potential of Na; what r gains by it. */
PetscReal NakZoneFill(const NakColumn *c, PetscInt k, PetscReal part, PetscReal u[]);

/* Chemical potential of Na in liquid of ratio r [J/mol]. */
PetscReal NakColumnPotential(const NakColumn *c, PetscReal r);

/* Rows of the order parameters, with what NakZoneForces() gave and the cosine of the liquid's contact angle; all
   entries of them and to them within the alloy, and what owned column `column` shares.  What a change of the cosine does
   to the lowest layer is in `turn`, from 1 on. */
void NakZoneResidual(const NakColumn *c, const NakCover *over, PetscReal cosine,
                     const PetscReal u[], const PetscReal udot[], const PetscReal forces[],
                     PetscReal f[]);
void NakZoneJacobian(const NakColumn *c, PetscInt column, PetscReal cosine, const PetscReal u[],
                     PetscReal shift, NakEntries *e);
void NakZoneTurn(const NakColumn *c, const PetscReal u[], PetscReal turn[]);
void NakZoneLean(const void *ctx, const PetscReal u[], PetscReal lean[]);

/* Na : K ratio of the liquid in layer k of the alloy. */
static inline PetscReal NakColumnRatio(const NakColumn *c, PetscInt k, const PetscReal u[])
{
  const PetscInt j = NakLayoutAlloy(&c->l, k);

  return k < c->l.zone ? NakZoneLiquid(c, u + j) : u[j];
}

/* Share of a body in layer k of the alloy; 0 beyond the zone. */
PetscReal NakColumnShare(const NakColumn *c, NakBody body, PetscInt k, const PetscReal u[]);

/* Of the half layer above the electrolyte, to differences of u [A/m2]: of the interphase; without one, of the
   alloy of ratio r, with its derivative to u. */
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

/* Part of the metal that is solid Na beside the liquid of a reservoir, by the lever rule. */
static inline PetscReal NakColumnSolid(const NakColumn *c, const PetscReal u[])
{
  const PetscReal r = u[c->l.reservoir_na] / u[c->l.reservoir_k];

  return r > c->liquid[1] ? 1 - (1 + c->liquid[1]) / (1 + r) : 0;
}

/* bath.c: what the electrodes have left in the liquid electrolyte. */
NakBath NakColumnBath(const NakColumn *c, const PetscReal u[]);

/* Entries of a face, that of electrode `of` from unknown `first` on, to what both electrodes have given; and of the
   current through the far face, with its slope to the voltage, to the salt on both faces. */
void NakBathFace(const NakColumn *c, const NakColumn *of, PetscInt first, const NakFace *face,
                 const NakSaltRate *salt, const NakBath *bath, NakEntries *e);
void NakBathFar(const NakColumn *c, PetscReal current, PetscReal conductance, const PetscReal u[],
                NakEntries *e);

/* Currents and rates at its face. */
static inline NakFace NakColumnFace(const NakColumn *c, const NakCover *over, const NakFoot *foot,
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

/* Of the surface layers of both faces with the salt in them [ohm m2]; into `slope`, or NULL, the derivatives to the
   salt of each. */
PetscReal NakColumnSaltResistance(const NakColumn *c, const PetscReal u[], PetscReal slope[]);

/* What a face drives its voids with: the load is over the limiting current under the reference alloy, 0 without
   contact. */
NakVoidsDrive NakColumnDrive(const NakColumn *c, const NakCover *over, const NakFace *face);

/* Na of a column, without its adlayer, and the charge that the reactions have passed, as charge: linear in the
   unknowns, and the same combination of the rows is its balance, because all fluxes cancel in it. [C/m2] */
PetscReal NakColumnSodium(const NakColumn *c, PetscReal contact, const PetscReal u[]);

/* Diffusion potentials of all unknowns, so that every lateral flux is minus a difference of them; 0 where
   nothing moves laterally.  Units: those of the row times m2.  After them the forces on the order parameters
   of the zone [J/m3]: NakColumnWidth() numbers in all. */
static inline PetscInt NakColumnWidth(const NakColumn *c)
{
  return c->l.size + c->l.zone * c->l.phases;
}

void NakColumnPotentials(const NakColumn *c, const PetscReal u[], PetscReal theta[]);

/* F of one column without lateral exchange; `theta` of the same column. */
void NakColumnResidual(const NakColumn *c, const NakCover *over, const PetscReal u[],
                       const PetscReal udot[], const PetscReal theta[], PetscReal f[]);

/* The same linearised, as the solvers want it; `c` and its covers must stay where they are. */
NakColumnPhysics NakColumnLinear(const NakColumn *c);
