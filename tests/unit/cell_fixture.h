/* The cell of the experiment on a coarse grid, NaK50, for tests to change. */
#pragma once

#include <nakfield/model.h>

#include "material_fixture.h"

static inline NakModelParams NaK50Cell(PetscInt nx, PetscInt ny)
{
  return (NakModelParams){
    .material   = *NaK(),
    .alloy      = {.potassium   = {.value = 0.5, .by_weight = PETSC_TRUE},
                   .temperature = 298.15,
                   .volume      = 40e-9,
                   .diffusivity = 1.2e-9},
    .cell       = {.area              = 0.385e-4,
                   .series_resistance = 250e-4,
                   .conductivity      = 0.1,
                   .thickness         = 20e-6,
                   .pellet_thickness  = 1.5e-3},
    .interphase = {.limiting_current      = 7,
                   .diffusion_time        = 10,
                   .exponent              = 2.1,
                   .thickness             = 37e-9,
                   .reference             = {.value = 0.5, .by_weight = PETSC_TRUE},
                   .film_rate             = 1e-3,
                   .film_dissolution_time = 3600,
                   .film_thickness        = 37e-9,
                   .film_spreading        = 1e-15},
    .reaction   = {.charge_transfer_resistance = 50e-4,
                   .symmetry                   = 0.5,
                   .double_layer               = 7,
                   .deposit_rate               = 1e4,
                   .deposit_dissolution_time   = 7200,
                   .filament_onset             = 20e-9,
                   .filament_speed             = 2e-7},
    .grid       = {.nx                 = nx,
                   .ny                 = ny,
                   .width              = 64e-6,
                   .alloy_height       = 40e-6,
                   .electrolyte_layers = 5,
                   .interphase_layers  = 4,
                   .alloy_layers       = 6,
                   .finest_electrolyte = 0.5e-6,
                   .finest_alloy       = 50e-9,
                   .lateral            = NAK_LATERAL_SYMMETRIC},
    .contact    = {.fraction = 1,                                                      .patch = 16e-6, .seed = 3}
  };
}
