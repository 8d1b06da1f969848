/* A box of NaK with two grains of K, in cells of 0.1 um, for tests to change. */
#pragma once

#include <nakfield/microstructure.h>

#include "material_fixture.h"

static inline NakMixParams NaKBox(PetscInt nx, PetscInt ny, PetscInt nz)
{
  const PetscReal h = 1e-7;

  return (NakMixParams){
    .alloy          = {.potassium = {.value = 0.8}, .temperature = 285},
    .material       = *NaK(),
    .n              = { nx,                         ny,                 nz},
    .size           = { h * (PetscReal)nx,          h * (PetscReal)ny,  h * (PetscReal)nz},
    .lateral        = NAK_MIX_PERIODIC,
    .vertical       = NAK_MIX_CLOSED,
    .width          = 4 * h,
    .liquid_share   = 0.3,
    .solid_mobility = 1e-10,
    .void_mobility  = 1e-8,
    .void_pressure  = 1e5,
    .grains_b       = 2,
    .angle_b        = 90,
    .angle_a        = 90,
    .angle_void     = 90,
    .seed           = 7,
    .tolerance      = 0.02,
    .first_step     = 1e-7,
    .shortest_step  = 1e-14,
    .longest_step   = 1,
  };
}
