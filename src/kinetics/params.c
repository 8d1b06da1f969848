/* What the deck says of the cell and its interface; the contract is in nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

const NakParam NakCellParamRows[] = {
  {"cell.area", NAK_REAL, "m^2", offsetof(NakCellParams, area), 0.385e-4, 1e-10, 1, NULL,
   "Geometric area, to which all current densities refer"},
  {"cell.series_resistance",      NAK_REAL, "ohm.m^2", offsetof(NakCellParams, series_resistance),
   250e-4, 0, 1e3, NULL, "Everything in series that is not resolved: pellet, constriction"},
  {"electrolyte.conductivity",      NAK_REAL, "S/m", offsetof(NakCellParams, conductivity), 0.1, 1e-8,
   1e4, NULL, "Ionic conductivity of the electrolyte"},
  {"electrolyte.thickness",      NAK_REAL, "m", offsetof(NakCellParams, thickness), 20e-6, 1e-9, 1e-1,
   NULL, "Resolved part of the electrolyte"},
  {"electrolyte.pellet_thickness",       NAK_REAL, "m", offsetof(NakCellParams, pellet_thickness), 1.5e-3,
   1e-9, 1, NULL, "Whole electrolyte, which a filament crosses to short the cell"},
  {.key = NULL          }
};

const NakParam NakInterphaseParamRows[] = {
  {"interphase.limiting_current", NAK_REAL, "A/m^2",
   offsetof(NakInterphaseParams, limiting_current), 7, 1e-4, 1e6, NULL,
   "Greatest steady stripping current under the reference alloy"},
  {"interphase.diffusion_time",                      NAK_REAL, "s", offsetof(NakInterphaseParams, diffusion_time), 10,
   1e-4, 1e7, NULL, "Thickness squared over diffusivity"},
  {"interphase.exponent",            NAK_REAL, "1", offsetof(NakInterphaseParams, exponent), 2.1, 0.05, 20,
   NULL, "Exponent m of the exchange isotherm with the alloy"},
  {"interphase.thickness",                         NAK_REAL, "m", offsetof(NakInterphaseParams, thickness), 37e-9, 1e-10,
   1e-3, NULL, "Thickness of the interphase"},
  {"interphase.reference_potassium",                         NAK_FRACTION, NULL, offsetof(NakInterphaseParams, reference),
   0.5, 0.01, 0.99, NULL, "Potassium in the alloy for which the limiting current holds"},
  {"interphase.film_rate",                             NAK_REAL, "1/s", offsetof(NakInterphaseParams, film_rate), 1e-3, 0, 1e6,
   NULL, "Growth of the K film at full supersaturation"},
  {"interphase.film_dissolution_time",NAK_REAL, "s",
   offsetof(NakInterphaseParams, film_dissolution_time), 3600, 1e-6, 1e12, NULL,
   "Re-alloying of the K film at high Na content"},
  {"interphase.film_thickness", NAK_REAL, "m", offsetof(NakInterphaseParams, film_thickness), 37e-9,
   0, 1e-3, NULL, "Solid K in a complete film; it is taken from the alloy"},
  {"interphase.film_spreading",                           NAK_REAL, "m^2/s", offsetof(NakInterphaseParams, film_spreading),
   1e-16, 0, 1, NULL, "Lateral diffusivity of the K film, which is one connected layer"},
  {.key = NULL                         }
};

const NakParam NakReactionParamRows[] = {
  {"kinetics.charge_transfer_resistance", NAK_REAL, "ohm.m^2",
   offsetof(NakReactionParams, charge_transfer_resistance), 50e-4, 1e-9, 1e3, NULL,
   "Of the pristine interface under the reference alloy"},
  {"kinetics.symmetry",                            NAK_REAL, "1", offsetof(NakReactionParams, symmetry), 0.5, 0.05, 0.95, NULL,
   "Anodic charge-transfer coefficient"},
  {"kinetics.double_layer",          NAK_REAL, "F/m^2", offsetof(NakReactionParams, double_layer), 0.01,
   1e-6, 1e4, NULL, "Double-layer capacitance of the pristine interface"},
  {"kinetics.deposit_rate",                                 NAK_REAL, "A/m^2", offsetof(NakReactionParams, deposit_rate), 1e4, 0,
   1e8, NULL, "Growth of Na metal at twice the saturation: large pins the face at saturation"},
  {"kinetics.deposit_dissolution_time",                                 NAK_REAL, "s",
   offsetof(NakReactionParams, deposit_dissolution_time), 7200, 1e-3, 1e12, NULL,
   "Re-alloying of the Na deposit into a Na-free interphase"},
  {"kinetics.filament_onset",                                     NAK_REAL, "m", offsetof(NakReactionParams, filament_onset), 20e-9,
   1e-10, 1e-3, NULL, "Equivalent thickness of Na metal at which a filament starts"},
  {"kinetics.filament_speed",  NAK_REAL, "m^3/A/s", offsetof(NakReactionParams, filament_speed),
   2e-7, 0, 1, NULL, "Filament growth over local plating current"},
  {.key = NULL          }
};
