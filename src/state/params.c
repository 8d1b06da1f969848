/* What the deck says about the grid; the contract is in nakfield/state.h. */
#include <nakfield/state.h>

const NakParam NakGridParamRows[] = {
  NAK_ROW_INT("grid.nx", NakGridParams, nx, 1, 1, 65536, "Columns in x; 1 for a 1D run"),
  NAK_ROW_INT("grid.ny", NakGridParams, ny, 1, 1, 65536, "Columns in y; 1 for a 1D or 2D run"),
  NAK_ROW_REAL("grid.width", NakGridParams, width, "m", 64e-6, 1e-9, 1, "Width of the box in x"),
  NAK_ROW_REAL("grid.depth", NakGridParams, depth, "m", 0, 0, 1,
               "Width of the box in y; 0 for cells as deep as they are wide"),
  NAK_ROW_CHOICE("grid.lateral", NakGridParams, lateral, NAK_LATERAL_PERIODIC, "periodic|symmetric",
                 "Boundaries in x and y"),
  NAK_ROW_REAL("grid.alloy_height", NakGridParams, alloy_height, "m", 40e-6, 1e-9, 1,
               "Resolved part of the alloy; the rest is the well-mixed reservoir"),
  NAK_ROW_INT("grid.electrolyte_layers", NakGridParams, electrolyte_layers, 12, 0, 4096,
              "Layers of the resolved electrolyte; 0 adds it to the series resistance"),
  NAK_ROW_INT("grid.interphase_layers", NakGridParams, interphase_layers, 10, 0, 4096,
              "Layers of the interphase, all of the same height; 0 where there is none"),
  NAK_ROW_INT("grid.alloy_layers", NakGridParams, alloy_layers, 24, 1, 4096,
              "Layers of the resolved alloy"),
  NAK_ROW_REAL("grid.finest_electrolyte", NakGridParams, finest_electrolyte, "m", 0.25e-6, 0, 1,
               "Height of the electrolyte layer at the face; 0 for equal layers"),
  NAK_ROW_REAL("grid.finest_alloy", NakGridParams, finest_alloy, "m", 50e-9, 0, 1,
               "Height of the alloy layer at the interphase; 0 for equal layers"),
  NAK_ROW_END,
};
