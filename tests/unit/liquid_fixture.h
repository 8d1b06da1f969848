/* A liquid electrolyte of 100 uL in which both metals react, for tests to change. */
#pragma once

#include <nakfield/kinetics.h>

static const NakLiquidParams a_liquid = {.kind               = NAK_ELECTROLYTE_LIQUID,
                                         .concentration      = 1000,
                                         .volume             = 100e-9,
                                         .potassium_exchange = 1e-2,
                                         .potassium_offset   = 0.313,
                                         .solubility         = 100,
                                         .rate               = 1e-4,
                                         .resistance         = 55e-4,
                                         .room               = 0.359,
                                         .exponent           = 1.5};
