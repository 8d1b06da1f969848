/**
  @file
  Voids between electrolyte and alloy: where they begin, the gas in them, and what drives them.

  A phase field of the alloy moves their surface (nakfield/microstructure.h, docs/model.md).  To its
  free energy the gas adds

    sum over voids of [ p V - N ln V ],     V = integral of the share of void,

  p is the liquid's pressure.  N = (the void's pressure) V is the amount of gas of a void; it
  changes only as far as the gas dissolves.  Where there is void, the face adds gamma cos(theta).
  gamma is the surface tension and theta the contact angle of the liquid.  The angle depends on how
  far the interphase is depleted.

  A void belongs to the columns nearest to where it began, or to its place when a void came apart
  last.  Voids that touch share their gas.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/state.h>
#include <nakfield/thermo.h>

enum {
  NAK_ANGLE_LEAST = 20,
  NAK_ANGLE_MOST  = 160
}; /**< contact angles of a void at rest [degree] */

/** Where the voids of the pristine cell are. */
typedef enum { NAK_POCKETS_RANDOM, NAK_POCKETS_EVEN } NakPockets;

/** Set by the deck; units and bounds are in NakVoidsParamRows. */
typedef struct {
  PetscInt  pockets;        /**< voids in the pristine cell */
  PetscInt  arrangement;    /**< NakPockets */
  PetscReal radius;         /**< of curvature, of pockets and nuclei [m] */
  PetscInt  seed;           /**< of places and nuclei */
  PetscReal contact_angle;  /**< of the liquid on a full interphase [rad] */
  PetscReal depleted_angle; /**< on an empty one while it is stripped [rad] */
  PetscReal onset;          /**< Na content of the face below which the angle changes [-] */
  PetscReal mobility;       /**< R dR/dt of an empty cylinder under surface tension [m2/s] */
  PetscReal pressure;       /**< of the liquid; 0 leaves the voids empty [Pa] */
  PetscReal dissolution;    /**< of the gas: diffusivity times Ostwald's coefficient [m2/s] */
  PetscReal energy;         /**< of activation of that [eV] */
  PetscReal nucleation;     /**< rate on an empty face [1/(m2 s)] */
} NakVoidsParams;

extern const NakParam NakVoidsParamRows[];

/** Whether the parameters ask for voids at all. */
PetscBool NakVoidsWanted(const NakVoidsParams *params);

/** What drives the voids in one column. */
typedef struct {
  PetscReal u;    /**< Na content of the interphase at the electrolyte [-] */
  PetscReal load; /**< current over the limiting current, positive strips [-] */
} NakVoidsDrive;

/** How far the angle has gone from contact_angle to depleted_angle, from 0 to 1, on the scale of
    the cosine.  It is max(0, 1 - u / onset) while the column is stripped by more than a few per
    cent of the limit.  Its derivatives to both are in `slope`, if that is not NULL. */
PetscReal NakVoidsDepletion(const NakVoidsParams *params, const NakVoidsDrive *drive,
                            NakVoidsDrive *slope);

/** Cosine of the contact angle there, measured in the liquid.  It is Young's law with the adhesion
    that depletion takes away.  `slope` as above. */
PetscReal NakVoidsCosine(const NakVoidsParams *params, const NakVoidsDrive *drive,
                         NakVoidsDrive *slope);

/** The surroundings of the voids. */
typedef struct {
  PetscInt  columns[2]; /**< in x and y */
  PetscReal side[2];    /**< of a column [m] */
  PetscReal height;     /**< in which voids may be, from the face up [m] */
  PetscReal tension;    /**< of the liquid's surface [N/m] */
  PetscReal steepness;  /**< of an interface, as in NakGasField [1/m] */
} NakVoidsPlace;

/** Report three cases: there is no room for the pockets; a void would reach the top; voids
    that lose gas would be too small for the interface from the start.  Pure. */
void NakVoidsCheck(const NakVoidsParams *params, const NakVoidsPlace *at, NakCheckList *list);

/* ---- Where voids are, their gas, and new ones ---- */

/** A field of voids, as its owner has it. */
typedef struct {
  PetscInt         layers;    /**< of a column, in which voids may be, from the face up */
  const PetscReal *height;    /**< of each; not copied [m] */
  PetscReal        tension;   /**< of the liquid's surface [N/m] */
  PetscReal        steepness; /**< a flat interface is 1 / (1 + exp(-steepness x)) [1/m] */
  /** Lay a cap upon a layer of an owned column, where its order parameter is `cap`.  The result is
      the share of void that the cap has there. */
  PetscReal (*lay)(void *ctx, PetscInt column, PetscInt layer, PetscReal cap);
  void *ctx;
} NakGasField;

/** The pressure of a void over the liquid's up to which a phase field bears it [Pa].  At some
    tension times steepness the gas outweighs the well, and voids would form anywhere.  Voids that
    small vanish before. */
static inline PetscReal NakGasHighest(const NakGasField *field)
{
  return 0.7 * field->tension * field->steepness;
}

typedef struct NakGas_private *NakGas; /**< opaque */

/** Create a gas without voids.  Below, `share` is the share of void in the layers of the owned
    columns, those of a column after each other.  Columns are in the order of the state.  All is
    collective unless a comment says otherwise.

    @param[in] state   must outlive the gas
    @param[in] params  copied, as `field` is */
PetscErrorCode NakGasCreate(NakState state, const NakVoidsParams *params, const NakGasField *field,
                            NakGas *gas);

/** Free the gas and set `*gas` to NULL; NULL is accepted. */
PetscErrorCode NakGasDestroy(NakGas *gas);

/** Let the gas dissolve as fast as at this temperature from the next NakGasRegroup() on.  At first
    the temperature is NAK_REFERENCE_TEMPERATURE.  The amount of gas is kept as pressure times
    volume.  Not collective. */
void NakGasSetTemperature(NakGas gas, PetscReal temperature);

/** Lay the pockets of the pristine cell upon the field; NakGasRegroup() is to follow. */
PetscErrorCode NakGasPockets(NakGas gas);

/** Take all the void that there is as one, and fill it with the gas that would hold a ball of its
    volume, or in 2D a cylinder. */
PetscErrorCode NakGasFill(NakGas gas, const PetscReal share[]);

/** Find the volumes from the shares, and so the pressures. */
PetscErrorCode NakGasVolumes(NakGas gas, const PetscReal share[]);

/** Pressure of the gas over the liquid's in the void of an owned column [Pa].  Not collective. */
PetscReal NakGasExcess(NakGas gas, PetscInt column);

/** Free energy of all gas and of the liquid that it holds off, but for a constant: the sum of p V -
    N ln V [J].  Not collective. */
PetscReal NakGasEnergy(NakGas gas);

/** By how much the pressures fall for small changes of volume [m3] in the owned columns, by the
    ideal gas.  The changes are replaced by the falls [Pa] in the same columns. */
PetscErrorCode NakGasAnswer(NakGas gas, PetscReal change[]);

/** Within a step: how long gas has been leaving since the last NakGasDissolve().  Pressures fall
    accordingly.  Not collective. */
void NakGasAge(NakGas gas, PetscReal since);

/** Group the voids again.  Voids that have come to touch share their gas from now on.  Voids that
    have come apart no longer do: each takes the gas over its own columns.  A void that something
    has cut in two becomes two, if both are wider than two interfaces.  Until the next call, the gas
    leaves them as fast as it does now. */
PetscErrorCode NakGasRegroup(NakGas gas, const PetscReal share[]);

/** Let gas dissolve for `dt` as fast as NakGasRegroup() found.  A void that is too small for its
    interface loses all its gas. */
PetscErrorCode NakGasDissolve(NakGas gas, const PetscReal share[], PetscReal dt);

/** Let nuclei form within `dt`, where the owned columns are wetted, and lay them upon the field.
    If any `formed`, NakGasRegroup() is to follow. */
PetscErrorCode NakGasNucleate(NakGas gas, PetscReal dt, const PetscReal wetted[],
                              const NakVoidsDrive drive[], PetscBool *formed);

/** Find out when the next nucleus is due at these rates. */
PetscErrorCode NakGasWait(NakGas gas, const PetscReal wetted[], const NakVoidsDrive drive[]);

/** The time until that, or until some fraction of a void's gas has dissolved [s].  Not
    collective. */
PetscReal NakGasMaxStep(NakGas gas);

/** The voids at the moment. */
typedef struct {
  PetscInt  count;     /**< voids that are apart from each other, and larger than a cell */
  PetscInt  formed;    /**< pockets and nuclei since the start */
  PetscReal height;    /**< their volume over the geometric area [m] */
  PetscReal amount;    /**< of gas [J] */
  PetscReal dissolved; /**< share of all gas ever put into voids that has left them */
  PetscReal
    balance; /**< of the same gas: what is in voids or has left them, less 1; 0 without gas */
} NakGasReport;

/** Not collective; volumes are those of the last call that was given shares. */
void NakGasMeasure(NakGas gas, NakGasReport *report);

/** Write to a checkpoint, or read from one. */
PetscErrorCode NakGasCheckpoint(NakGas gas, NakCheckpoint checkpoint);
