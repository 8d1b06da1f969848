/* The phase diagram of a material; the contract is in nakfield/phase_diagram.h. */
#include "phase_diagram_impl.h"

typedef struct {
  PetscReal temperature; /* [K] */
  char      directory[NAK_TEXT_SIZE];
} Params;

static const NakParam rows[] = {
  NAK_ROW_REAL("temperature", Params, temperature, "K", 298.15, 1, 5000,
               "Of the table of energies"),
  NAK_ROW_TEXT("output.directory", Params, directory, "", "Of the tables"),
  NAK_ROW_END,
};

/* Read the command line and the material. */
static PetscErrorCode ReadMaterial(NakDeck deck, const char *name, Params *params,
                                   NakMaterial *material)
{
  const NakSection schema[] = {
    {rows,            params, sizeof *params},
    {.rows = NULL}
  };
  PetscMPIInt rank;
  PetscInt    errors, wrong;

  PetscFunctionBeginUser;
  PetscCall(NakDeckFill(deck, schema));
  PetscCall(NakMaterialLoad(deck, NULL, name, material, &wrong));
  PetscCall(NakRefuseErrors(NakDeckComm(deck), wrong, "the material %s", name));
  PetscCallMPI(MPI_Comm_rank(NakDeckComm(deck), &rank));
  if (rank == 0 &&
      (params->temperature < material->lowest || params->temperature > material->highest))
    PetscCall(NakDeckError(deck, NakDeckFind(deck, "temperature"),
                           "temperature is %g K: the energies of %s hold between %g K and %g K",
                           (double)params->temperature, material->name, (double)material->lowest,
                           (double)material->highest));
  PetscCall(NakDeckReport(deck, &errors));
  PetscCall(NakRefuseErrors(NakDeckComm(deck), errors, "the command line"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Compute(const Params *params, const NakMaterial *material, PetscBool replace)
{
  NakDiagram diagram = {.material = material,
                        .replace  = replace,
                        .alloy    = NakThermoAlloy(material, params->temperature)};
  char       folder[2 * NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  NakThermoInvariants(material, material->lowest, material->highest,
                      (PetscInt)(sizeof diagram.invariants / sizeof *diagram.invariants),
                      diagram.invariants, &diagram.n_invariants);
  if (params->directory[0] != '\0')
    (void)snprintf(folder, sizeof folder, "%s", params->directory);
  else
    (void)snprintf(folder, sizeof folder, "runs/phases_%s", material->name);
  PetscCall(NakDiagramWrite(&diagram, folder));
  PetscCall(NakDiagramPrint(&diagram, folder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPhaseDiagram(MPI_Comm comm, const char *material, const char *const overrides[],
                               PetscInt count, PetscBool replace)
{
  Params         params;
  NakMaterial    read;
  NakDeck        deck;
  PetscErrorCode code;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(NakDeckCreate(comm, NULL, overrides, count, &deck));
  code = ReadMaterial(deck, material, &params, &read);
  if (code == PETSC_SUCCESS && rank == 0) code = Compute(&params, &read, replace);
  code = NakAgree(comm, code);
  PetscCall(NakDeckDestroy(&deck));
  PetscFunctionReturn(code);
}
