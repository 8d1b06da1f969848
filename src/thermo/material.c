/* Reading a material; the contract is in nakfield/thermo.h. */
#include <stdlib.h>
#include <string.h>

#include "thermo_impl.h"

static const NakParam material_rows[] = {
  {"name",                                          NAK_TEXT, NULL, offsetof(NakMaterial, name), NAK_REQUIRED, 0, 0, NULL,
   "What the alloy is called"},
  {"temperature.lowest",                                           NAK_REAL, "K", offsetof(NakMaterial, lowest), NAK_REQUIRED, 1, 5000, NULL,
   "Lowest temperature at which the energies hold"},
  {"temperature.highest",                                          NAK_REAL, "K", offsetof(NakMaterial, highest), NAK_REQUIRED, 1, 5000,
   NULL, "Highest temperature at which the energies hold"},
  {"A.symbol",                                              NAK_TEXT, NULL, offsetof(NakMaterial, a.symbol), NAK_REQUIRED, 0, 0, NULL,
   "Symbol of metal A"},
  {"A.molar_mass",                                           NAK_REAL, "kg/mol", offsetof(NakMaterial, a.mass), NAK_REQUIRED, 1e-3, 1, NULL,
   "Molar mass of metal A"},
  {"A.liquid_volume",                                               NAK_REAL, "m^3/mol", offsetof(NakMaterial, a.volume), NAK_REQUIRED, 1e-7,
   1e-3, NULL, "Molar volume of liquid A"},
  {"A.solid_volume",NAK_REAL, "m^3/mol", offsetof(NakMaterial, a.solid_volume), NAK_REQUIRED, 1e-7,
   1e-3, NULL, "Molar volume of solid A"},
  {"A.solid_liquid_energy",                           NAK_REAL, "J/m^2", offsetof(NakMaterial, a.solid_liquid_energy),
   NAK_REQUIRED, 0, 10, NULL, "Interfacial energy of solid A and the liquid"},
  {"B.symbol",                                   NAK_TEXT, NULL, offsetof(NakMaterial, b.symbol), NAK_REQUIRED, 0, 0, NULL,
   "Symbol of metal B"},
  {"B.molar_mass",                                           NAK_REAL, "kg/mol", offsetof(NakMaterial, b.mass), NAK_REQUIRED, 1e-3, 1, NULL,
   "Molar mass of metal B"},
  {"B.liquid_volume", NAK_REAL, "m^3/mol", offsetof(NakMaterial, b.volume), NAK_REQUIRED, 1e-7,
   1e-3, NULL, "Molar volume of liquid B"},
  {"B.solid_volume",                           NAK_REAL, "m^3/mol", offsetof(NakMaterial, b.solid_volume), NAK_REQUIRED, 1e-7,
   1e-3, NULL, "Molar volume of solid B"},
  {"B.solid_liquid_energy",                                            NAK_REAL, "J/m^2", offsetof(NakMaterial, b.solid_liquid_energy),
   NAK_REQUIRED, 0, 10, NULL, "Interfacial energy of solid B and the liquid"},
  {"liquid.excess_volume",                                       NAK_REAL, "m^3/mol", offsetof(NakMaterial, volume_excess), 0, -1e-3,
   1e-3, NULL, "Excess volume of the liquid, times x (1 - x)"},
  {"liquid.surface_tension",                                              NAK_REAL, "N/m", offsetof(NakMaterial, surface_tension), NAK_REQUIRED,
   0, 10, NULL, "Surface tension of the liquid"},
  {"liquid.diffusivity",                                            NAK_REAL, "m^2/s", offsetof(NakMaterial, diffusivity), NAK_REQUIRED, 1e-14,
   1e-6, NULL, "Interdiffusion in the liquid"},
  {"liquid.A",                                               NAK_TREE, NULL, 0, NAK_REQUIRED, 0, 0, NULL, "Energy of pure liquid A"},
  {"liquid.B",NAK_TREE, NULL, 0, NAK_REQUIRED, 0, 0, NULL, "Energy of pure liquid B"},
  {"liquid.mixing",                           NAK_TREE, NULL, 0, NAK_REQUIRED, 0, 0, NULL,
   "Redlich-Kister terms of the liquid"},
  {"solid.solute_limit",                                   NAK_REAL, "1", offsetof(NakMaterial, solute_limit), 0.5, 1e-6, 0.5, NULL,
   "Share of the other metal up to which driving forces trust the solid"},
  {"solid.A",                                              NAK_TREE, NULL, 0, 0, 0, 0, NULL,
   "Energy of pure A in the structure of the solution"},
  {"solid.B",                             NAK_TREE, NULL, 0, 0, 0, 0, NULL,
   "Energy of pure B in the structure of the solution"},
  {"solid.mixing",                                  NAK_TREE, NULL, 0, NAK_REQUIRED, 0, 0, NULL,
   "Redlich-Kister terms of the solid solution"},
  {"compounds",                                       NAK_TREE, NULL, 0, 0, 0, 0, NULL, "Line compounds"},
  {.key = NULL                                       }
};
/* ---- Energies ---- */

/* What the key of a term means: 1, T, T^2, T^-1, ln(T), T*ln(T) and the like. */
static PetscBool ParseTerm(const char *key, PetscInt *power, PetscBool *log)
{
  static const char logarithm[] = "ln(T)";
  const size_t      length = strlen(key), tail = sizeof logarithm - 1;
  char              rest[32] = "";
  size_t            left     = length;
  char             *end      = rest;

  *log = (PetscBool)(length >= tail && strcmp(key + length - tail, logarithm) == 0);
  if (*log) left -= tail;
  if (*log && left > 1 && key[left - 1] == '*') left--;
  if (left >= sizeof rest) return PETSC_FALSE;
  memcpy(rest, key, left);
  rest[left] = '\0';
  *power     = 0;
  if (left == 0) return *log;
  if (strcmp(rest, "1") == 0) return PETSC_TRUE;
  *power = 1;
  if (strcmp(rest, "T") == 0) return PETSC_TRUE;
  if (strncmp(rest, "T^", 2) != 0) return PETSC_FALSE;
  *power = (PetscInt)strtol(rest + 2, &end, 10);
  return (PetscBool)(end > rest + 2 && *end == '\0' && *power >= -12 && *power <= 12);
}

static PetscErrorCode ReadEnergy(NakDeck deck, NakNode node, NakEnergy *energy)
{
  const PetscInt n = NakNodeCount(node);

  PetscFunctionBeginUser;
  if (NakNodeKindOf(node) != NAK_NODE_MAP || n > NAK_ENERGY_TERMS) {
    PetscCall(NakDeckComplain(deck, node,
                              "an energy must be a sum of at most %d terms in T, for example "
                              "{1: 2581, T: -6.95}",
                              NAK_ENERGY_TERMS));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt i = 0; i < n; i++) {
    const char   *key;
    NakNode const item = NakNodeItem(node, i, &key);
    PetscBool     ok;

    energy->n = i + 1;
    if (!ParseTerm(key, &energy->power[i], &energy->log[i]))
      PetscCall(NakDeckComplain(deck, item,
                                "'%.40s' is no term of an energy: it must be like 1, T, T^2, T^-1 "
                                "or T*ln(T)",
                                key));
    PetscCall(NakDeckQuantity(deck, item, "1", -1e30, 1e30, &energy->value[i], &ok));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The energy at a key, where there is one. */
static PetscErrorCode ReadEnergyAt(NakDeck deck, const char *key, NakEnergy *energy)
{
  NakNode const node = NakDeckFind(deck, key);

  PetscFunctionBeginUser;
  if (node != NULL) PetscCall(ReadEnergy(deck, node, energy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadMixing(NakDeck deck, const char *key, NakSolutionData *solution)
{
  NakNode const  list = NakDeckFind(deck, key);
  const PetscInt n    = list != NULL ? NakNodeCount(list) : 0;

  PetscFunctionBeginUser;
  if (list == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (NakNodeKindOf(list) != NAK_NODE_LIST || n > NAK_ORDERS) {
    PetscCall(NakDeckComplain(deck, list,
                              "%s must be a list of at most %d energies, the Redlich-Kister terms",
                              key, NAK_ORDERS));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  solution->orders = n;
  for (PetscInt k = 0; k < n; k++)
    PetscCall(ReadEnergy(deck, NakNodeItem(list, k, NULL), &solution->mixing[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Names and compounds ---- */

static PetscBool IsName(const char *text)
{
  const size_t length = strlen(text);

  return (
    PetscBool)(length > 0 && length < NAK_SYMBOL_SIZE &&
               strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") ==
                 length);
}

static PetscErrorCode ReadCompoundName(NakDeck deck, NakNode node, NakCompoundData *compound)
{
  const char *const text = node != NULL ? NakNodeText(node) : "";

  PetscFunctionBeginUser;
  if (!IsName(text))
    PetscCall(NakDeckComplain(deck, node,
                              "the name of a compound must have 1 to %d letters or digits",
                              NAK_SYMBOL_SIZE - 1));
  else
    PetscCall(PetscStrncpy(compound->name, text, sizeof compound->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadCompound(NakDeck deck, NakNode node, NakCompoundData *compound)
{
  static const char *const keys[] = {"name", "A", "B", "energy"};
  NakNode                  entry[4];
  PetscInt                 atoms[2] = {1, 1};
  PetscBool                ok;

  PetscFunctionBeginUser;
  PetscCall(NakDeckKnownKeys(deck, node, "name|A|B|energy"));
  for (int k = 0; k < 4; k++) {
    entry[k] = NakNodeKindOf(node) == NAK_NODE_MAP ? NakNodeFind(node, keys[k]) : NULL;
    if (entry[k] != NULL) continue;
    PetscCall(NakDeckComplain(deck, node,
                              "a compound needs %s, as in {name: Na2K, A: 2, B: 1, "
                              "energy: {1: -51}}",
                              keys[k]));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ReadCompoundName(deck, entry[0], compound));
  for (int k = 0; k < 2; k++) PetscCall(NakDeckWhole(deck, entry[k + 1], 1, 1000, &atoms[k], &ok));
  compound->x = (PetscReal)atoms[0] / (PetscReal)(atoms[0] + atoms[1]);
  PetscCall(ReadEnergy(deck, entry[3], &compound->energy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadCompounds(NakDeck deck, NakMaterial *material)
{
  NakNode const  list = NakDeckFind(deck, "compounds");
  const PetscInt n    = list != NULL ? NakNodeCount(list) : 0;

  PetscFunctionBeginUser;
  if (list == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (NakNodeKindOf(list) != NAK_NODE_LIST || n > NAK_COMPOUNDS) {
    PetscCall(NakDeckComplain(deck, list, "compounds must be a list of at most %d", NAK_COMPOUNDS));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  material->n_compounds = n;
  for (PetscInt k = 0; k < n; k++)
    PetscCall(ReadCompound(deck, NakNodeItem(list, k, NULL), &material->compounds[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The file ---- */

/* Names become parts of file names and of columns. */
static PetscErrorCode CheckName(NakDeck deck, const char *key, const char *name)
{
  NakNode const node = NakDeckFind(deck, key);

  PetscFunctionBeginUser;
  if (node != NULL && !IsName(name))
    PetscCall(NakDeckComplain(deck, node, "%s is %.40s: it must have 1 to %d letters or digits",
                              key, name, NAK_SYMBOL_SIZE - 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rank 0 does alone. */
static PetscErrorCode ReadTrees(NakDeck deck, NakMaterial *material)
{
  PetscFunctionBeginUser;
  PetscCall(CheckName(deck, "name", material->name));
  PetscCall(CheckName(deck, "A.symbol", material->a.symbol));
  PetscCall(CheckName(deck, "B.symbol", material->b.symbol));
  PetscCall(ReadEnergyAt(deck, "liquid.A", &material->liquid.a));
  PetscCall(ReadEnergyAt(deck, "liquid.B", &material->liquid.b));
  PetscCall(ReadEnergyAt(deck, "solid.A", &material->solid.a));
  PetscCall(ReadEnergyAt(deck, "solid.B", &material->solid.b));
  PetscCall(ReadMixing(deck, "liquid.mixing", &material->liquid));
  PetscCall(ReadMixing(deck, "solid.mixing", &material->solid));
  PetscCall(ReadCompounds(deck, material));
  if (material->lowest > material->highest)
    PetscCall(NakDeckComplain(deck, NakDeckFind(deck, "temperature"),
                              "temperature.lowest is above temperature.highest"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read(MPI_Comm comm, const char *path, NakMaterial *material,
                           PetscInt *mistakes)
{
  const NakSection schema[] = {
    {material_rows,     material, sizeof *material},
    {.rows = NULL}
  };
  NakDeck        file;
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(NakDeckCreate(comm, path, NULL, 0, &file));
  code = NakDeckFill(file, schema);
  if (code == PETSC_SUCCESS && rank == 0) code = ReadTrees(file, material);
  code = NakAgree(comm, code);
  if (code == PETSC_SUCCESS) code = NakDeckReport(file, mistakes);
  PetscCall(NakDeckDestroy(&file));
  PetscCall(code);
  PetscCallMPI(MPI_Bcast(material, (int)sizeof *material, MPI_BYTE, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The absolute path of a user's own file; "" for one that does not fit. */
static PetscErrorCode NoteFile(const char *path, PetscBool own, char file[NAK_TEXT_SIZE])
{
  char absolute[PETSC_MAX_PATH_LEN] = "";

  PetscFunctionBeginUser;
  file[0] = '\0';
  if (own && path[0] != '\0') PetscCall(PetscGetRealPath(path, absolute));
  if (strlen(absolute) < NAK_TEXT_SIZE) PetscCall(PetscStrncpy(file, absolute, NAK_TEXT_SIZE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMaterialLoad(NakDeck deck, const char *key, const char *name,
                               NakMaterial *material, PetscInt *mistakes)
{
  const MPI_Comm comm = NakDeckComm(deck);
  char path[PETSC_MAX_PATH_LEN], folders[3 * NAK_TEXT_SIZE] = "", file[NAK_TEXT_SIZE] = "";
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;
  PetscBool      own = PETSC_FALSE;

  PetscFunctionBeginUser;
  *material = (NakMaterial){.name = ""};
  *mistakes = 0;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0)
    code =
      NakMaterialFind(NakDeckPath(deck), name, path, sizeof path, &own, folders, sizeof folders);
  if (rank == 0 && code == PETSC_SUCCESS) code = NoteFile(path, own, file);
  if (code == PETSC_SUCCESS && rank == 0 && path[0] == '\0' && key != NULL)
    code = NakDeckComplain(deck, NakDeckFind(deck, key),
                           "%s is %.100s: there is no such material in %s", key, name, folders);
  PetscCall(NakAgree(comm, code));
  PetscCallMPI(MPI_Bcast(path, (int)sizeof path, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(folders, (int)sizeof folders, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(file, (int)sizeof file, MPI_CHAR, 0, comm));
  PetscCheck(path[0] != '\0' || key != NULL, comm, PETSC_ERR_FILE_OPEN,
             "there is no material %.100s in %s", name, folders);
  if (path[0] != '\0') PetscCall(Read(comm, path, material, mistakes));
  PetscCall(PetscStrncpy(material->file, file, sizeof material->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}
