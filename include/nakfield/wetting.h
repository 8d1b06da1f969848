/**
  @file
  How far the alloy wets a wall or a scaffold: contact angle, entry pressure, wicking.  Pure
  functions.

    cos(theta) = w / gamma - 1         Young and Dupre: work of adhesion w, surface tension gamma
    cos(theta*) = r cos(theta)         Wenzel, Ind. Eng. Chem. 28 (1936) 988: r is true over
                                       projected area
    p = - 2 gamma cos(theta) / R       Young and Laplace: pressure that presses the alloy into a
                                       pore of radius R
    dl/dt = R gamma cos(theta) / (4 eta l)    Washburn, Phys. Rev. 17 (1921) 273

  A cosine above 1 or below -1 is no angle: the liquid spreads, or leaves the wall dry.
*/
#pragma once

#include <nakfield/deck.h>

/** Set by the deck; units and bounds are in NakWettingParamRows. */
typedef struct {
  PetscReal adhesion;  /**< of the alloy to the face [J/m2]; 0 for none that is given */
  PetscReal tension;   /**< of the liquid that adheres so [N/m]; 0 for the material's */
  PetscReal roughness; /**< true over projected area of the face */
  PetscReal pore;      /**< radius in the scaffold [m]; 0 for no scaffold */
  PetscReal length;    /**< to be wicked [m] */
  PetscReal viscosity; /**< [Pa s] */
  PetscReal speed;     /**< that a reaction allows at most [m/s]; 0 for any */
} NakWettingParams;

extern const NakParam NakWettingParamRows[];

/** Of Young and Dupre, of a smooth wall: above 1 if the liquid spreads. */
PetscReal NakWettingCosine(PetscReal tension, PetscReal adhesion);

/** The surface tension of an alloy that has `tension` by its material. */
PetscReal NakWettingTension(const NakWettingParams *params, PetscReal tension);

/** The angle of a cosine [rad]: 0 of one above 1, pi of one below -1. */
PetscReal NakWettingAngle(PetscReal cosine);

/** Pressure that presses a liquid into pores [Pa]; below 0 they draw it in. */
PetscReal NakWettingEntry(PetscReal tension, PetscReal cosine, PetscReal pore);

/** Radius of the pores that a pressure opens [m]; 0 if all draw the liquid in. */
PetscReal NakWettingOpens(PetscReal tension, PetscReal cosine, PetscReal pressure);

/** Time to wick `params->length` [s].  The liquid moves at the speed of the reaction as long as
    that is slower, then as viscosity lets it.  Infinite if the liquid is not drawn in. */
PetscReal NakWettingTime(const NakWettingParams *params, PetscReal tension, PetscReal cosine);

/** Whether the reaction is slower to the end. */
PetscBool NakWettingReacts(const NakWettingParams *params, PetscReal tension, PetscReal cosine);

/** Report entries that need others. */
void NakWettingCheck(const NakWettingParams *params, PetscReal tension, NakCheckList *list);

/** Write the results, a line each; `cosine` is that of the smooth wall. */
void NakWettingWrite(const NakWettingParams *params, PetscReal tension, PetscReal cosine,
                     char text[], size_t size);
