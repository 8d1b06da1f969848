/* Spectra of a state; the contract is in nakfield/impedance.h. */
#include "impedance_impl.h"

const NakParam NakImpedanceParamRows[] = {
  {"impedance.frequency_max",    NAK_REAL, "Hz", offsetof(NakImpedanceParams, frequency_max), 7e6,
   1e-9, 1e12, NULL, "Highest frequency of a spectrum"},
  {"impedance.frequency_min",                        NAK_REAL, "Hz", offsetof(NakImpedanceParams, frequency_min), 5, 1e-9,
   1e12, NULL, "Lowest frequency"},
  {"impedance.per_decade",              NAK_INT, NULL, offsetof(NakImpedanceParams, per_decade), 10, 1, 1000,
   NULL, "Frequencies per decade"},
  {"impedance.grain_boundary_resistance",                         NAK_REAL, "ohm.m^2",
   offsetof(NakImpedanceParams, grain_boundary_resistance), 100e-4, 0, 1e3, NULL,
   "Part of the series resistance that is grain boundaries; 0 for none"},
  {"impedance.grain_boundary_capacitance",                        NAK_REAL, "F/m^2",
   offsetof(NakImpedanceParams, grain_boundary_capacitance), 10e-5, 0, 1e4, NULL,
   "Of the grain boundaries, beside their resistance"},
  {"impedance.constriction",                            NAK_BOOL, NULL, offsetof(NakImpedanceParams, constriction), 1, 0, 1,
   NULL, "Whether the resolved electrolyte resists currents along the face"},
  {"impedance.double_layer",NAK_BOOL, NULL, offsetof(NakImpedanceParams, double_layer), 1, 0, 1,
   NULL, "Whether the double layer is charged in a spectrum"},
  {"impedance.diffusion", NAK_BOOL, NULL, offsetof(NakImpedanceParams, diffusion), 1, 0, 1, NULL,
   "Whether the concentrations answer; without, they are frozen"},
  {"impedance.deposits",                           NAK_BOOL, NULL, offsetof(NakImpedanceParams, deposits), 1, 0, 1, NULL,
   "Whether K film and Na deposit answer; without, they are frozen"},
  {"impedance.void_capacitance",                         NAK_REAL, "F/m^2", offsetof(NakImpedanceParams, void_capacitance),
   0, 0, 1e4, NULL, "Capacitance of the face where there is no contact"},
  {"impedance.lambda",          NAK_REAL, "1", offsetof(NakImpedanceParams, lambda), 1e-3, 1e-12, 1e3, NULL,
   "Weight of the roughness in the distribution of relaxation times"},
  {"impedance.lambda_choice",       NAK_CHOICE, NULL, offsetof(NakImpedanceParams, lambda_choice),
   NAK_LAMBDA_FIXED, 0, 0, "fixed|gcv|l_curve",
   "That weight, or one chosen by cross-validation or by the L-curve"},
  {"impedance.times_per_decade",                        NAK_INT, NULL, offsetof(NakImpedanceParams, times_per_decade), 20,
   2, 200, NULL, "Relaxation times per decade"},
  {.key = NULL                }
};

/* Frequencies from high to low, as an instrument takes them. */
static PetscErrorCode CreateSpectrum(NakImpedance z)
{
  const NakImpedanceParams *p       = &z->params;
  const PetscReal           decades = PetscLog10Real(p->frequency_max / p->frequency_min);
  NakSpectrum              *s       = &z->spectrum;

  PetscFunctionBeginUser;
  s->count = (PetscInt)PetscFloorReal(decades * (PetscReal)p->per_decade + 1e-9) + 1;
  PetscCall(PetscCalloc3(s->count, &s->frequency, s->count, &s->re, s->count, &s->im));
  for (PetscInt k = 0; k < s->count; k++)
    s->frequency[k] = p->frequency_max * PetscPowReal(10, -(PetscReal)k / (PetscReal)p->per_decade);
  PetscCall(NakRelaxationGrid(p->times_per_decade, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakImpedanceCreate(NakModel model, const NakImpedanceParams *params,
                                  NakImpedance *impedance)
{
  NakImpedance z;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&z));
  *impedance = z;
  z->comm    = PetscObjectComm((PetscObject)NakStateDM(NakModelState(model)));
  z->model   = model;
  z->params  = *params;
  PetscCall(CreateSpectrum(z));
  PetscCall(NakDoubledCreate(z));
  PetscCall(NakAmendmentsCreate(z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakImpedanceDestroy(NakImpedance *impedance)
{
  NakImpedance z = *impedance;

  PetscFunctionBeginUser;
  if (z == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakAmendmentsDestroy(z));
  PetscCall(NakDoubledDestroy(z));
  PetscCall(PetscFree3(z->spectrum.frequency, z->spectrum.re, z->spectrum.im));
  PetscCall(PetscFree2(z->spectrum.tau, z->spectrum.gamma));
  PetscCall(PetscFree(*impedance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakImpedanceSpectrum(NakImpedance z, Vec U, const NakSpectrum **spectrum)
{
  NakSpectrum *s = &z->spectrum;

  PetscFunctionBeginUser;
  PetscCall(NakImpedanceLinearise(z, U));
  for (PetscInt k = 0; k < s->count; k++)
    PetscCall(NakImpedanceSolve(z, s->frequency[k], &s->re[k], &s->im[k]));
  PetscCall(NakRelaxationTimes(&z->params, s));
  *spectrum = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakImpedanceIterations(NakImpedance z)
{
  return z->iterations;
}
