/* The cell of the experiment on a coarse grid, NaK50, for tests to change. */
#pragma once

#include <nakfield/model.h>

#include "face_fixture.h"
#include "material_fixture.h"

static inline NakModelParams NaK50Cell(PetscInt nx, PetscInt ny)
{
  NakModelParams cell = {
    .material   = *NaK(),
    .alloy      = {.potassium         = {.value = 0.5, .by_weight = PETSC_TRUE},
                   .temperature       = 298.15,
                   .volume            = 40e-9,
                   .diffusivity       = 1.2e-9,
                   .activation_energy = 0.106,
                   .compounds         = PETSC_TRUE},
    .cell       = {.area                  = 0.385e-4,
                   .series_resistance     = 100e-4,
                   .conductivity          = 0.1,
                   .thickness             = 20e-6,
                   .pellet_thickness      = 1.5e-3,
                   .grain_energy          = 0.30,
                   .grain_boundary_energy = 0.40},
    .interphase = face_interphase,
    .reaction   = face_reaction,
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
    .contact    = {.fraction = 1,                                .patch = 16e-6,   .seed = 3  }
  };

  cell.interphase.film_spreading    = 1e-15;
  cell.interphase.activation_energy = 0.15;
  cell.interphase.over_limit_energy = 0.40;
  cell.interphase.realloying_energy = 0.30;
  cell.reaction.activation_energy   = 0.40;
  return cell;
}

/* A zone of five layers of half a micrometre, with so many grains of solid K and of Na. */
static inline void FreezeSome(NakModelParams *params, PetscInt grains_b, PetscInt grains_a)
{
  NakMixParams *m = &params->microstructure;

  m->grains_b                     = grains_b;
  m->grains_a                     = grains_a;
  m->size[2]                      = 2.5e-6;
  m->width                        = 2e-6;
  m->liquid_share                 = 0.3;
  m->angle_b                      = 60;
  m->angle_a                      = 100;
  m->seed                         = 1;
  params->grid.width              = (PetscReal)params->grid.nx * m->width / NAK_MIX_CELLS;
  params->reaction.filament_onset = 1e6; /* the grains' part of its metal has no derivatives */
  NakModelComplete(params);
}
