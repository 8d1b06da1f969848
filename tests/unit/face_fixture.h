/* The face of the experiment at 25 C, NaK50, whose rates do not depend on the temperature; for
   tests to change. */
#pragma once

#include <nakfield/kinetics.h>

static const NakInterphaseParams face_interphase = {
  .limiting_current      = 7,
  .diffusion_time        = 10,
  .exponent              = 2.1,
  .thickness             = 37e-9,
  .reference             = {.value = 0.5, .by_weight = PETSC_TRUE},
  .over_limit_resistance = 0.7,
  .film_rate             = 1e-3,
  .film_dissolution_time = 3600,
  .film_thickness        = 37e-9
};
static const NakReactionParams face_reaction = {.charge_transfer_resistance = 50e-4,
                                                .symmetry                   = 0.5,
                                                .double_layer               = 2e-3,
                                                .adlayer_charge             = 1.6,
                                                .adlayer_constant           = 1,
                                                .deposit_barrier            = 18e-3,
                                                .deposit_resistance         = 5e-4,
                                                .deposit_cover              = 3600,
                                                .filament_onset             = 4320,
                                                .filament_speed             = 2e-7};
