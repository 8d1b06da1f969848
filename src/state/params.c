/* What the deck says of the grid; the contract is in nakfield/state.h. */
#include <nakfield/state.h>

const NakParam NakGridParamRows[] = {
  {"grid.nx",                            NAK_INT, NULL, offsetof(NakGridParams, nx), 1, 1, 65536, NULL,
   "Columns in x; 1 for a 1D run"},
  {"grid.ny",                                NAK_INT, NULL, offsetof(NakGridParams, ny), 1, 1, 65536, NULL,
   "Columns in y; 1 for a 1D or 2D run"},
  {"grid.width",                                 NAK_REAL, "m", offsetof(NakGridParams, width), 64e-6, 1e-9, 1, NULL,
   "Width of the box in x"},
  {"grid.depth",                                   NAK_REAL, "m", offsetof(NakGridParams, depth), 0, 0, 1, NULL,
   "Width of the box in y; 0 for cells as deep as they are wide"},
  {"grid.lateral",                                NAK_CHOICE, NULL, offsetof(NakGridParams, lateral), NAK_LATERAL_PERIODIC, 0, 0,
   "periodic|symmetric", "Boundaries in x and y"},
  {"grid.alloy_height",                                    NAK_REAL, "m", offsetof(NakGridParams, alloy_height), 40e-6, 1e-9, 1, NULL,
   "Resolved part of the alloy; the rest is the well-mixed reservoir"},
  {"grid.electrolyte_layers",NAK_INT, NULL, offsetof(NakGridParams, electrolyte_layers), 12, 0,
   4096, NULL, "Layers of the resolved electrolyte; 0 adds it to the series resistance"},
  {"grid.interphase_layers",              NAK_INT, NULL, offsetof(NakGridParams, interphase_layers), 10, 1, 4096,
   NULL, "Layers of the interphase, all of the same height"},
  {"grid.alloy_layers",                                   NAK_INT, NULL, offsetof(NakGridParams, alloy_layers), 24, 1, 4096, NULL,
   "Layers of the resolved alloy"},
  {"grid.finest_electrolyte",                               NAK_REAL, "m", offsetof(NakGridParams, finest_electrolyte), 0.25e-6,
   0, 1, NULL, "Height of the electrolyte layer at the face; 0 for equal layers"},
  {"grid.finest_alloy", NAK_REAL, "m", offsetof(NakGridParams, finest_alloy), 50e-9, 0, 1, NULL,
   "Height of the alloy layer at the interphase; 0 for equal layers"},
  {.key = NULL                        }
};
