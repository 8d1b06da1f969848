/* Spectra of a state; the contract is in nakfield/impedance.h. */
#include "impedance_impl.h"

const NakParam NakImpedanceParamRows[] = {
  NAK_ROW_REAL("impedance.frequency_max", NakImpedanceParams, frequency_max, "Hz", 7e6, 1e-9, 1e12,
               "Highest frequency of a spectrum"),
  NAK_ROW_REAL("impedance.frequency_min", NakImpedanceParams, frequency_min, "Hz", 5, 1e-9, 1e12,
               "Lowest frequency; arcs of an interface to an alloy with much K lie below 5 Hz"),
  NAK_ROW_INT("impedance.per_decade", NakImpedanceParams, per_decade, 10, 1, 1000,
              "Frequencies per decade"),
  NAK_ROW_REAL("impedance.grain_boundary_capacitance", NakImpedanceParams,
               grain_boundary_capacitance, "F/m^2", 10e-5, 0, 1e4,
               "Capacitance of the grain boundaries, in parallel with their resistance"),
  NAK_ROW_BOOL("impedance.constriction", NakImpedanceParams, constriction, PETSC_TRUE,
               "Whether the resolved electrolyte resists currents along the face"),
  NAK_ROW_BOOL("impedance.double_layer", NakImpedanceParams, double_layer, PETSC_TRUE,
               "Whether capacitor and adlayer are charged in a spectrum"),
  NAK_ROW_BOOL("impedance.diffusion", NakImpedanceParams, diffusion, PETSC_TRUE,
               "Whether the concentrations respond; if false, they are frozen"),
  NAK_ROW_BOOL("impedance.deposits", NakImpedanceParams, deposits, PETSC_TRUE,
               "Whether K film and Na deposit respond; if false, they are frozen"),
  NAK_ROW_REAL("impedance.void_capacitance", NakImpedanceParams, void_capacitance, "F/m^2", 0, 0,
               1e4, "Capacitance of the face where there is no contact"),
  NAK_ROW_REAL("impedance.lambda", NakImpedanceParams, lambda, "1", 1e-3, 1e-12, 1e3,
               "Weight of the roughness in the distribution of relaxation times"),
  NAK_ROW_CHOICE(
    "impedance.lambda_choice", NakImpedanceParams, lambda_choice, NAK_LAMBDA_FIXED,
    "fixed|gcv|l_curve",
    "Use of that weight (fixed), or of one chosen by cross-validation (gcv) or by the L-curve"),
  NAK_ROW_INT("impedance.times_per_decade", NakImpedanceParams, times_per_decade, 20, 2, 200,
              "Relaxation times per decade"),
  NAK_ROW_END,
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

void NakImpedanceCheck(const NakImpedanceParams *p, NakCheckList *list)
{
  if (p->frequency_max < p->frequency_min)
    NakCheckError(
      list, "impedance",
      "impedance.frequency_max is %.6g Hz and impedance.frequency_min %.6g Hz; the first "
      "must be the higher one",
      (double)p->frequency_max, (double)p->frequency_min);
}

PetscErrorCode NakImpedanceCreate(NakModel model, const NakImpedanceParams *params,
                                  NakImpedance *impedance)
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)NakStateDM(NakModelState(model)));
  NakCheckList   list = {.n = 0};
  NakImpedance   z;

  PetscFunctionBeginUser;
  *impedance = NULL;
  NakImpedanceCheck(params, &list);
  PetscCall(NakCheckRaise(comm, &list));
  PetscCall(PetscNew(&z));
  *impedance = z;
  z->comm    = comm;
  z->model   = model;
  z->columns = NakModelColumns(model);
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
