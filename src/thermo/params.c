/* What the deck says about the alloy; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

const NakParam NakAlloyParamRows[] = {
  NAK_ROW_TEXT("alloy.system", NakAlloyParams, system, "NaK",
               "Material: a name such as NaK, or a file; see docs/materials.md"),
  NAK_ROW_FRACTION(
    "alloy.potassium", NakAlloyParams, potassium, 0.5, 0.01, 0.99,
    "Potassium (the material's metal B) in the alloy at the start, by weight or by amount"),
  NAK_ROW_REAL("alloy.temperature", NakAlloyParams, temperature, "K", 298.15, 1, 5000,
               "Temperature at the start; energies, rates and resistances follow it, and the "
               "protocol changes it"),
  NAK_ROW_REAL("alloy.volume", NakAlloyParams, volume, "m^3", 40e-9, 1e-12, 1e-3,
               "Liquid alloy in the cell at the start"),
  NAK_ROW_REAL("alloy.diffusivity", NakAlloyParams, diffusivity, "m^2/s", 0, 0, 1e-6,
               "Interdiffusion in the liquid at the starting composition; 0 for the material's"),
  NAK_ROW_END,
};

/* Separate, because the phases of the alloy on a box do not use them. */
const NakParam NakAlloySolidParamRows[] = {
  NAK_ROW_REAL("alloy.activation_energy", NakAlloyParams, activation_energy, "eV", 0.106, 0, 2,
               "Activation energy of the liquid's diffusivity D*, which is the interdiffusion over "
               "its thermodynamic factor"),
  NAK_ROW_CHOICE(
    "alloy.solids", NakAlloyParams, solids, NAK_SOLIDS_AUTO, "equilibrium|supercooled|auto",
    "Alloy below its liquidus, outside the grains: solid forms by the lever rule (equilibrium), or "
    "it stays liquid (supercooled); auto: supercooled if there are grains, else equilibrium"),
  NAK_ROW_BOOL("alloy.compounds", NakAlloyParams, compounds, PETSC_TRUE,
               "Whether compounds such as Na2K form"),
  NAK_ROW_END,
};

static PetscBool HasLiquid(const NakMaterial *material, PetscBool compounds, PetscReal T)
{
  const NakAlloy alloy = NakThermoAlloy(material, T);
  PetscReal      x[2];

  return NakThermoLiquidRange(&alloy, compounds, x);
}

/* What a cell needs.  An alloy in equilibrium may be all solid at a temperature at which others are
   liquid. */
static PetscBool CellHasLiquid(const NakMaterial *material, const NakAlloyParams *params,
                               PetscReal T)
{
  const NakAlloy  alloy = NakThermoAlloy(material, T);
  const PetscReal x     = NakThermoMoleFraction(material, params->potassium);
  NakAmount       amounts[2];

  if (!HasLiquid(material, NakAlloyCompounds(params), T)) return PETSC_FALSE;
  if (params->solids == NAK_SOLIDS_SUPERCOOLED) return PETSC_TRUE;
  (void)NakThermoAmounts(&alloy, x, params->compounds, amounts);
  return (PetscBool)(amounts[0].phase == NAK_PHASE_LIQUID);
}

PetscReal NakAlloyLiquid(const NakAlloyParams *params, const NakMaterial *material,
                         PetscReal kelvin)
{
  const PetscReal close = 1e-3; /* [K] */
  PetscReal       solid = material->lowest, liquid = material->highest;

  if (CellHasLiquid(material, params, kelvin)) return kelvin;
  while (liquid - solid > close) {
    const PetscReal T = (solid + liquid) / 2;

    if (CellHasLiquid(material, params, T))
      liquid = T;
    else
      solid = T;
  }
  return liquid;
}

/* On rank 0. */
static PetscErrorCode CheckMaterial(NakDeck deck, const NakMaterial *material,
                                    const NakAlloyParams *params)
{
  NakNode const   node = NakDeckFind(deck, "alloy.temperature");
  const PetscReal T    = params->temperature;

  PetscFunctionBeginUser;
  if (material->phases_only[0] != '\0') {
    PetscCall(NakDeckError(deck, NakDeckFind(deck, "alloy.system"),
                           "%s has a phase diagram only, nakfield phases %s: %s", material->name,
                           params->system, material->phases_only));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (material->unverified[0] != '\0')
    PetscCall(NakDeckWarn(deck, NakDeckFind(deck, "alloy.system"), "%s is not verified: %s",
                          material->name, material->unverified));
  if (T < material->lowest || T > material->highest)
    PetscCall(NakDeckError(deck, node,
                           "alloy.temperature is %g K: the energies of %s hold between %g K and "
                           "%g K",
                           (double)T, material->name, (double)material->lowest,
                           (double)material->highest));
  else if (!HasLiquid(material, NakAlloyCompounds(params), T))
    PetscCall(NakDeckError(deck, node,
                           "alloy.temperature is %g K: no liquid %s is stable there; raise it, "
                           "and see nakfield phases %s",
                           (double)T, material->name, params->system));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAlloyComplete(NakDeck deck, NakAlloyParams *params, NakMaterial *material,
                                PetscInt *errors)
{
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(NakDeckComm(deck), &rank));
  PetscCall(NakMaterialLoad(deck, "alloy.system", params->system, material, errors));
  if (material->own && material->file[0] != '\0')
    PetscCall(PetscStrncpy(params->system, material->file, sizeof params->system));
  if (params->diffusivity <= 0) params->diffusivity = material->diffusivity;
  if (rank == 0 && *errors == 0 && material->name[0] != '\0')
    code = CheckMaterial(deck, material, params);
  PetscCall(NakAgree(NakDeckComm(deck), code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
