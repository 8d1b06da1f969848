/**
  @file
  The phase diagram of a material, as tables: the work of `nakfield phases`.
*/
#pragma once

#include <nakfield/thermo.h>

/**
  Compute the phase diagram of a material and the properties of its liquid at one temperature.
  Collective on `comm`; the first rank writes.

    boundaries.csv  two-phase equilibria at every half kelvin of the material's range, and closer
                    to the points where lines end
    invariants.csv  melting points, eutectics, peritectics, ...
    energies.csv    over the composition at one temperature: Gibbs energies, chemical potentials,
                    open-circuit voltage, thermodynamic factor, driving forces for every solid

  @param[in] material   name or file, as in NakMaterialLoad()
  @param[in] overrides  `temperature=25 degC`, `output.directory=...`
  @param[in] count      of overrides
  @param[in] replace    whether tables that are there already may be replaced

  Errors: PETSC_ERR_USER_INPUT after printing every error; PETSC_ERR_FILE_OPEN or _WRITE.
*/
PetscErrorCode NakPhaseDiagram(MPI_Comm comm, const char *material, const char *const overrides[],
                               PetscInt count, PetscBool replace);
