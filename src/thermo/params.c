/* What the deck says of the alloy; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

const NakParam NakAlloyParamRows[] = {
  {.key    = "alloy.system",
   .type   = NAK_TEXT,
   .offset = offsetof(NakAlloyParams, system),
   .text   = "NaK",
   .doc    = "Material: a name such as NaK, or a file; see docs/materials.md"},
  {.key     = "alloy.potassium",
   .type    = NAK_FRACTION,
   .offset  = offsetof(NakAlloyParams, potassium),
   .initial = 0.5,
   .lower   = 0.01,
   .upper   = 0.99,
   .doc = "Potassium (the material's metal B) in the alloy at the start, by weight or by amount"},
  {.key     = "alloy.temperature",
   .type    = NAK_REAL,
   .unit    = "K",
   .offset  = offsetof(NakAlloyParams, temperature),
   .initial = 298.15,
   .lower   = 1,
   .upper   = 5000,
   .doc =
     "Temperature, constant in a cell; energies and RT/F follow it, rates and resistances do not"},
  {.key     = "alloy.volume",
   .type    = NAK_REAL,
   .unit    = "m^3",
   .offset  = offsetof(NakAlloyParams, volume),
   .initial = 40e-9,
   .lower   = 1e-12,
   .upper   = 1e-3,
   .doc     = "Liquid alloy in the cell at the start"},
  {.key     = "alloy.diffusivity",
   .type    = NAK_REAL,
   .unit    = "m^2/s",
   .offset  = offsetof(NakAlloyParams, diffusivity),
   .initial = 0,
   .lower   = 0,
   .upper   = 1e-6,
   .doc     = "Interdiffusion in the liquid at the starting composition; 0 for the material's"},
  {.key = NULL                      }
};

static PetscBool HasLiquid(const NakMaterial *material, PetscReal T)
{
  const NakAlloy alloy = NakThermoAlloy(material, T);
  PetscReal      x[2];

  return NakThermoLiquidRange(&alloy, x);
}

/* On rank 0. */
static PetscErrorCode CheckTemperature(NakDeck deck, const NakMaterial *material, PetscReal T)
{
  NakNode const node = NakDeckFind(deck, "alloy.temperature");

  PetscFunctionBeginUser;
  if (T < material->lowest || T > material->highest)
    PetscCall(NakDeckComplain(deck, node,
                              "alloy.temperature is %g K: the energies of %s hold between %g K and "
                              "%g K",
                              (double)T, material->name, (double)material->lowest,
                              (double)material->highest));
  else if (!HasLiquid(material, T))
    PetscCall(NakDeckComplain(deck, node,
                              "alloy.temperature is %g K: no liquid %s is stable there; see "
                              "nakfield phases %s",
                              (double)T, material->name, material->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakAlloyComplete(NakDeck deck, NakAlloyParams *params, NakMaterial *material,
                                PetscInt *mistakes)
{
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(NakDeckComm(deck), &rank));
  PetscCall(NakMaterialLoad(deck, "alloy.system", params->system, material, mistakes));
  if (material->file[0] != '\0')
    PetscCall(PetscStrncpy(params->system, material->file, sizeof params->system));
  if (params->diffusivity <= 0) params->diffusivity = material->diffusivity;
  if (rank == 0 && *mistakes == 0 && material->name[0] != '\0')
    code = CheckTemperature(deck, material, params->temperature);
  PetscCall(NakAgree(NakDeckComm(deck), code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
