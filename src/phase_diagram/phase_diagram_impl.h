/* Tables of a phase diagram.  One rank only. */
#pragma once

#include <nakfield/phase_diagram.h>

/** A diagram: what is tabulated. */
typedef struct {
  const NakMaterial *material;
  NakAlloy           alloy; /* at the temperature asked for */
  PetscInt           n_invariants;
  NakInvariant       invariants[64];
  PetscBool          replace; /* tables that are there already */
} NakDiagram;

/** "liquid", "solid", or the name of a compound. */
const char *NakPhaseName(const NakMaterial *material, PetscInt phase);

/** "eutectic" and so on. */
const char *NakInvariantName(NakInvariantKind kind);

/** Write the three tables into a folder, which is made. */
PetscErrorCode NakDiagramWrite(const NakDiagram *diagram, const char *folder);

/** Print the invariant points, the liquid's range and the places of the tables. */
PetscErrorCode NakDiagramPrint(const NakDiagram *diagram, const char *folder);
