/* What the files of the layers of ions share.  Equations and sources are in docs/model.md.

   Concentrations are over that of Na+ at the start.  A molar flux is over it, too [m/s], and
   positive downwards.  The unknowns of a layer are phi and, per volume of the layer, the amounts of
   Na+, K+ and salt.  The anion follows from electroneutrality. */
#pragma once

#include "column.h"

static inline PetscReal NakIonCharge(int ion)
{
  return ion == NAK_ION_X ? -1 : 1;
}

/* Charge that a unit of flux carries, in A/m2. */
static inline PetscReal NakIonCarried(const NakColumn *c, int ion)
{
  return c->ions.content * NakIonCharge(ion);
}

/* ---- ions_layer.c: what a layer holds ---- */

typedef struct {
  PetscReal pores;             /* share of the layer that is liquid */
  PetscReal c[NAK_IONS];       /* in the liquid, */
  PetscReal of_salt[NAK_IONS]; /* and its derivative to the salt */
  PetscReal half[NAK_IONS];    /* resistance of half the layer [s/m]; infinite where none passes, */
  PetscReal stiffer[NAK_IONS]; /* and its derivative to the salt */
} NakIonLayer;

NakIonLayer NakIonLayerOf(const NakColumn *c, PetscInt k, const PetscReal u[]);
PetscReal   NakIonPores(const NakColumn *c, PetscInt k, const PetscReal u[]);

/* What a unit of amount of Na+, of K+ or of salt in a layer does to the concentration of an ion. */
PetscReal NakIonByUnknown(const NakIonLayer *layer, int ion, int what);

/* The concentrations at a face follow from the two layers next to it by a straight line: `weight`
   is that of layers layer[0], at the face, and layer[1]. */
typedef struct {
  PetscInt  layer[2];
  PetscReal weight[2];
} NakIonEnd;

NakIonEnd NakIonEndOf(const NakColumn *c, PetscBool far);
void      NakIonFaceConcentrations(const NakColumn *c, const NakIonEnd *end, const PetscReal u[],
                                   PetscReal conc[NAK_IONS]);

/* The salt KX in the pores precipitates by its own driving force, and dissolves where it is:

       R = k (pores / porosity) (sqrt S - 1),     S = c_K c_X / s^2. */
typedef struct {
  PetscReal value, d[NAK_LAYER_END]; /* [1/s]; to the amounts of Na+, K+ and salt */
} NakPoreSalt;

NakPoreSalt NakPoreSaltOf(const NakColumn *c, const NakIonLayer *layer, PetscInt k, PetscReal salt);

/* What the pores of a layer take from the liquid beyond it, of one ion: h pores (c' - c) / time. */
PetscReal NakIonExchanged(const NakColumn *c, const NakIonLayer *layer, PetscInt k, int ion,
                          const PetscReal u[]);

/* The drop of f phi and the fluxes of all ions through the face below layer k > 0, and whether two
   media meet there. */
PetscReal NakIonDrop(const NakColumn *c, PetscInt k, const PetscReal u[]);
PetscBool NakIonJumps(const NakColumn *c, PetscInt k);
void      NakIonFluxes(const NakColumn *c, PetscInt k, const NakIonLayer *below,
                       const NakIonLayer *above, PetscReal v, NakIonFlux link[NAK_IONS]);

/* ---- ions_ends.c: the half layers at the two faces ---- */

/* The half layer between a face and the layer next to it, as a link from far below or near above.
   Its current [A/m2] at the drop v; `d` are its derivatives to the concentrations at the face and
   in the layer, and to the salt of the layer by its resistance. */
typedef struct {
  PetscReal current, v, face[NAK_IONS], layer[NAK_IONS], salt;
} NakIonHalf;

NakIonHalf NakIonHalfOf(const NakColumn *c, PetscBool far, const PetscReal u[], PetscReal v);

/* Entries of that current in `row`, times `scale`, without those to potentials. */
void NakIonHalfPut(const NakColumn *c, PetscBool far, const NakIonHalf *half, const PetscReal u[],
                   PetscInt row, PetscReal scale, NakEntries *e);

/* The potential of a counter electrode of Na metal, that of its ions; of any other one it is 0. */
PetscReal NakIonMetal(const NakColumn *c, const PetscReal u[]);

/* How many rows the far current counts in, at most. */
enum { NAK_FAR_ROWS = 5 };
