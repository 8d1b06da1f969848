/* Reading a material; the contract is in nakfield/thermo.h. */
#include <stdlib.h>
#include <string.h>

#include "thermo_impl.h"

/* The rows of one of the two metals, "A" or "B".  A member's name takes no parentheses. */
// NOLINTBEGIN(bugprone-macro-parentheses)
#define METAL_ROWS(letter, metal)                                                                  \
  NAK_ROW_REQUIRED_TEXT(letter ".symbol", NakMaterial, metal.symbol, "Symbol of metal " letter),   \
    NAK_ROW_REAL(letter ".molar_mass", NakMaterial, metal.mass, "kg/mol", NAK_REQUIRED, 1e-3, 1,   \
                 "Molar mass of metal " letter),                                                   \
    NAK_ROW_REAL(letter ".liquid_volume", NakMaterial, metal.volume, "m^3/mol", NAK_REQUIRED,      \
                 1e-7, 1e-3, "Molar volume of liquid " letter),                                    \
    NAK_ROW_REAL(letter ".solid_volume", NakMaterial, metal.solid_volume, "m^3/mol", NAK_REQUIRED, \
                 1e-7, 1e-3, "Molar volume of solid " letter),                                     \
    NAK_ROW_REAL(letter ".solid_liquid_energy", NakMaterial, metal.solid_liquid_energy, "J/m^2",   \
                 NAK_REQUIRED, 0, 10, "Interfacial energy of solid " letter " and the liquid")
// NOLINTEND(bugprone-macro-parentheses)

static const NakParam material_rows[] = {
  NAK_ROW_REQUIRED_TEXT("name", NakMaterial, name, "What the alloy is called"),
  NAK_ROW_TEXT("unverified", NakMaterial, unverified, "",
               "What of its numbers nobody has verified, which users are warned of"),
  NAK_ROW_TEXT("phases_only", NakMaterial, phases_only, "",
               "Why there is a phase diagram of it, and no cell with it"),
  NAK_ROW_REAL("temperature.lowest", NakMaterial, lowest, "K", NAK_REQUIRED, 1, 5000,
               "Lowest temperature at which the energies hold"),
  NAK_ROW_REAL("temperature.highest", NakMaterial, highest, "K", NAK_REQUIRED, 1, 5000,
               "Highest temperature at which the energies hold"),
  METAL_ROWS("A", a),
  METAL_ROWS("B", b),
  NAK_ROW_REAL("liquid.excess_volume", NakMaterial, volume_excess, "m^3/mol", 0, -1e-3, 1e-3,
               "Excess volume of the liquid, times x (1 - x)"),
  NAK_ROW_REAL("liquid.surface_tension", NakMaterial, surface_tension, "N/m", NAK_REQUIRED, 0, 10,
               "Surface tension of the liquid"),
  NAK_ROW_REAL("liquid.diffusivity", NakMaterial, diffusivity, "m^2/s", NAK_REQUIRED, 1e-14, 1e-6,
               "Interdiffusion in the liquid"),
  NAK_ROW_REQUIRED_TREE("liquid.A", "Energy of pure liquid A"),
  NAK_ROW_REQUIRED_TREE("liquid.B", "Energy of pure liquid B"),
  NAK_ROW_REQUIRED_TREE("liquid.mixing", "Redlich-Kister terms of the liquid"),
  NAK_ROW_REAL("solid.solute_limit", NakMaterial, solute_limit, "1", 0.5, 1e-6, 0.5,
               "Share of the other metal up to which driving forces trust the solid"),
  NAK_ROW_TREE("solid.A", "Energy of pure A in the structure of the solution"),
  NAK_ROW_TREE("solid.B", "Energy of pure B in the structure of the solution"),
  NAK_ROW_REQUIRED_TREE("solid.mixing", "Redlich-Kister terms of the solid solution"),
  NAK_ROW_TREE("compounds", "Line compounds"),
  NAK_ROW_END,
};
/* ---- Energies ---- */

/* The meaning of a term's key: 1, T, T^2, T^-1, ln(T), T*ln(T) and the like. */
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
    PetscCall(NakDeckError(deck, node,
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
      PetscCall(NakDeckError(
        deck, item,
        "'%.40s' is not a term of an energy: it must be like 1, T, T^2, T^-1 or T*ln(T)", key));
    PetscCall(NakDeckQuantity(deck, item, "1", -1e30, 1e30, &energy->value[i], &ok));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The energy at a key, if there is one. */
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
    PetscCall(NakDeckError(deck, list,
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
    PetscCall(NakDeckError(deck, node, "the name of a compound must have 1 to %d letters or digits",
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
    PetscCall(NakDeckError(deck, node,
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
    PetscCall(NakDeckError(deck, list, "compounds must be a list of at most %d", NAK_COMPOUNDS));
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
    PetscCall(NakDeckError(deck, node, "%s is %.40s: it must have 1 to %d letters or digits", key,
                           name, NAK_SYMBOL_SIZE - 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The file's table refuses any other key.  For a third metal, the message here is better. */
static PetscErrorCode RefuseThird(NakDeck deck)
{
  NakNode const third = NakDeckFind(deck, "C");

  PetscFunctionBeginUser;
  if (third != NULL)
    PetscCall(NakDeckError(deck, third,
                           "a material is made of two metals, A and B: alloys of three, such as "
                           "Ga-In-Sn, cannot be described"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rank 0 does alone. */
static PetscErrorCode ReadTrees(NakDeck deck, NakMaterial *material)
{
  PetscFunctionBeginUser;
  PetscCall(RefuseThird(deck));
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
    PetscCall(NakDeckError(deck, NakDeckFind(deck, "temperature"),
                           "temperature.lowest is above temperature.highest"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read(MPI_Comm comm, const char *path, NakMaterial *material, PetscInt *errors)
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
  if (code == PETSC_SUCCESS) code = NakDeckReport(file, errors);
  PetscCall(NakDeckDestroy(&file));
  PetscCall(code);
  PetscCallMPI(MPI_Bcast(material, (int)sizeof *material, MPI_BYTE, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The absolute path of a file; "" for one that does not fit. */
static PetscErrorCode NoteFile(const char *path, char file[NAK_TEXT_SIZE])
{
  char absolute[PETSC_MAX_PATH_LEN] = "";

  PetscFunctionBeginUser;
  if (path[0] != '\0') PetscCall(PetscGetRealPath(path, absolute));
  if (strlen(absolute) >= NAK_TEXT_SIZE) absolute[0] = '\0';
  PetscCall(PetscStrncpy(file, absolute, NAK_TEXT_SIZE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMaterialLoad(NakDeck deck, const char *key, const char *name,
                               NakMaterial *material, PetscInt *errors)
{
  const MPI_Comm comm = NakDeckComm(deck);
  char path[PETSC_MAX_PATH_LEN], folders[3 * NAK_TEXT_SIZE] = "", file[NAK_TEXT_SIZE] = "";
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;
  PetscBool      own = PETSC_FALSE;

  PetscFunctionBeginUser;
  *material = (NakMaterial){.name = ""};
  *errors   = 0;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0)
    code = NakMaterialFind(deck, key != NULL ? NakDeckFind(deck, key) : NULL, name, path,
                           sizeof path, &own, folders, sizeof folders);
  if (rank == 0 && code == PETSC_SUCCESS) code = NoteFile(path, file);
  if (code == PETSC_SUCCESS && rank == 0 && path[0] == '\0' && key != NULL)
    code = NakDeckError(deck, NakDeckFind(deck, key),
                        "%s is %.100s: there is no such material in %s", key, name, folders);
  PetscCall(NakAgree(comm, code));
  PetscCallMPI(MPI_Bcast(path, (int)sizeof path, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(folders, (int)sizeof folders, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(file, (int)sizeof file, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(&own, 1, MPIU_BOOL, 0, comm));
  PetscCheck(path[0] != '\0' || key != NULL, comm, PETSC_ERR_FILE_OPEN,
             "there is no material %.100s in %s", name, folders);
  if (path[0] != '\0') PetscCall(Read(comm, path, material, errors));
  PetscCall(PetscStrncpy(material->file, file, sizeof material->file));
  material->own = own;
  PetscFunctionReturn(PETSC_SUCCESS);
}
