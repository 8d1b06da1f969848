/**
  @file
  Balances: whether Na, K and charge are where they should be.

    Na      what the cell has lost, less the charge passed by the reaction
    K       what the alloy and the film hold, less what they held
    charge  what passed the far face, less the reaction's and what the double layer took up

  Each balance is of one electrode.  A record has the larger one of both electrodes, and of the ions
  in layers of a liquid electrolyte.

  The Na and K balances are relative to what the electrode held at the start, those of a host to its
  sites.  The charge balance is relative to all charge that went through the cell so far, and to
  that which K has carried into a liquid against Na.  One double layer at 1 V is included, so that
  the beginning has a scale.
*/
#pragma once

#include <nakfield/state.h>

/** Open data: the references of the balances, and their largest values so far. */
typedef struct {
  NakInventory start[NAK_ELECTRODES];
  PetscReal    last_total;                            /**< charge at the last record [C/m2] */
  PetscReal    last_k[NAK_ELECTRODES];                /**< part of it that K has passed [C/m2] */
  PetscReal    throughput;                            /**< [C/m2] */
  PetscReal    na_largest, k_largest, charge_largest; /**< [-] */
} NakBalance;

/** Begin at the inventories `start` of a cell whose double layer takes up `layer` at 1 V [C/m2]. */
NakBalance NakBalanceBegin(const NakInventory start[NAK_ELECTRODES], PetscReal layer);

/** Fill the balances of a record from the inventories of the same moment, and note the largest. */
void NakBalanceCheck(NakBalance *balance, const NakInventory now[NAK_ELECTRODES],
                     NakRecord *record);
