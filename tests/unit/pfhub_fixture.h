/* A model that tests of the FAS engine share. */
#pragma once

#include <nakfield/pfhub.h>

static const NakCahnHilliard binary = {.kappa        = 2,
                                       .rho          = 5,
                                       .mobility     = 5,
                                       .low          = 0.3,
                                       .high         = 0.7,
                                       .mean         = 0.5,
                                       .amplitude    = 0.01,
                                       .k            = 0.09,
                                       .permittivity = 90,
                                       .periodic     = PETSC_TRUE};
