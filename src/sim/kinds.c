/* The kinds of decks, and the entries that each then has; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

#include <string.h>

enum { CELL = 1, BOX = 2, ALLOY = 4, ALL = CELL | BOX | ALLOY }; /* decks that have a section */

/* The kinds of decks: the word of the entry `model`, operations, sections, model of PFHub. */
#define KINDS(KIND)                                                                                \
  KIND("cell", NakSimCellKind, CELL, 0)                                                            \
  KIND("cahn_hilliard", NakSimBoxKind, BOX, NAK_PFHUB_CAHN_HILLIARD)                               \
  KIND("cahn_hilliard_poisson", NakSimBoxKind, BOX, NAK_PFHUB_POISSON)                             \
  KIND("allen_cahn", NakSimBoxKind, BOX, NAK_PFHUB_ALLEN_CAHN)                                     \
  KIND("alloy", NakSimAlloyKind, ALLOY, 0)

#define WORD(word, operations, decks, pfhub)  "|" word
#define ENTRY(word, operations, decks, pfhub) {word, &(operations), decks, pfhub},

static const struct {
  const char       *word;
  const NakSimKind *operations;
  int               decks;
  NakPfhubModel     pfhub;
} kinds[] = {KINDS(ENTRY)};

static const NakParam title_rows[] = {
  NAK_ROW_TEXT("title", NakSimParams, title, "", "What the run is about, in one line"),
  NAK_ROW_CHOICE("model", NakSimParams, kind, 0, &KINDS(WORD)[1],
                 "What is computed: a cell, a model of PFHub's benchmarks, or the phases of the "
                 "alloy; the model decides which sections a deck may have"),
  NAK_ROW_END,
};

static const NakParam tree_rows[] = {
  NAK_ROW_TREE("petsc", "List of PETSc options for the solvers, as after -- on the command line"),
  NAK_ROW_END,
};

#define PART(rows, member, decks, physics)                                                         \
  {                                                                                                \
    rows, offsetof(NakSimParams, member), sizeof(((NakSimParams *)0)->member), decks, physics      \
  }

/* The sections, in the order of the manual.  A restart may not change those of physics. */
static const struct {
  const NakParam *rows;
  size_t          offset, size; /* of what they fill, within NakSimParams */
  int             decks;
  PetscBool       physics;
} parts[] = {
  {title_rows, 0, sizeof(NakSimParams), ALL, PETSC_FALSE},
  PART(NakAlloyParamRows, model.alloy, CELL | ALLOY, PETSC_TRUE),
  PART(NakAlloySolidParamRows, model.alloy, CELL, PETSC_TRUE),
  PART(NakCellParamRows, model.cell, CELL, PETSC_TRUE),
  PART(NakInterphaseParamRows, model.interphase, CELL, PETSC_TRUE),
  PART(NakReactionParamRows, model.reaction, CELL, PETSC_TRUE),
  PART(NakGridParamRows, model.grid, CELL, PETSC_TRUE),
  PART(NakContactParamRows, model.contact, CELL, PETSC_TRUE),
  PART(NakLiquidParamRows, model.liquid, CELL, PETSC_TRUE),
  PART(NakCounterParamRows, model.counter, CELL, PETSC_TRUE),
  PART(NakMixCellParamRows, model.microstructure, CELL, PETSC_TRUE),
  PART(NakVoidsParamRows, model.voids, CELL, PETSC_TRUE),
  PART(NakWettingParamRows, model.wetting, CELL, PETSC_TRUE),
  PART(NakLimitsParamRows, limits, CELL, PETSC_FALSE),
  PART(NakPfhubParamRows, pfhub, BOX, PETSC_TRUE),
  PART(NakPfhubTimeParamRows, pfhub, BOX, PETSC_FALSE),
  PART(NakMixParamRows, mix, ALLOY, PETSC_TRUE),
  PART(NakMixMarchParamRows, mix, ALLOY, PETSC_FALSE),
  {tree_rows,  0, 0,                    ALL, PETSC_FALSE},
  PART(NakStepperParamRows, stepper, CELL, PETSC_FALSE),
  PART(NakImpedanceParamRows, impedance, CELL, PETSC_FALSE),
  PART(NakOutputParamRows, output, ALL, PETSC_FALSE),
  PART(NakOutputTimesParamRows, output, CELL | ALLOY, PETSC_FALSE),
  PART(NakOutputCellParamRows, output, CELL, PETSC_FALSE),
  PART(NakInsituParamRows, insitu, ALL, PETSC_FALSE),
  PART(NakInsituCellParamRows, insitu, CELL, PETSC_FALSE),
  PART(NakCheckpointParamRows, checkpoint, ALL, PETSC_FALSE),
};

static void Sections(NakSimParams *p, PetscInt kind, PetscBool physics,
                     NakSection schema[NAK_SIM_SECTIONS])
{
  const int decks = kind == NAK_MODEL_ANY ? ALL : kinds[kind].decks;
  int       n     = 0;

  _Static_assert(sizeof parts / sizeof *parts < NAK_SIM_SECTIONS, "one more for the end");
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
    if ((parts[k].decks & decks) && (parts[k].physics || !physics))
      schema[n++] = (NakSection){parts[k].rows, (char *)p + parts[k].offset, parts[k].size};
  schema[n] = (NakSection){.rows = NULL};
}

void NakSimSchema(NakSimParams *params, PetscInt kind, NakSection schema[NAK_SIM_SECTIONS])
{
  Sections(params, kind, PETSC_FALSE, schema);
}

void NakSimPhysics(NakSimParams *params, NakSection physics[NAK_SIM_SECTIONS])
{
  Sections(params, params->kind, PETSC_TRUE, physics);
}

/* Entries of earlier decks, and what to write today. */
static const NakFormer former[] = {
  {"kinetics.deposit_rate",                                                                        NULL,
   "Na metal nucleates at a potential; write kinetics.deposit_barrier, such as 18 mV"},
  {"kinetics.deposit_dissolution_time",             NULL,
   "Na metal dissolves by charge transfer; write kinetics.deposit_resistance, such as 5 ohm.cm^2"},
  {"kinetics.filament_onset",                                                            "m",
   "it is a charge per area now, such as 0.12 mAh/cm^2; 1 um of Na is 0.113 mAh/cm^2"},
  {"impedance.grain_boundary_resistance", NULL,
   "grain boundaries belong to the pellet; write electrolyte.grain_boundary_resistivity, which is "
   "that resistance over electrolyte.pellet_thickness"},
  {"voids.pockets",                                                                      NULL, "voids are phases of the alloy; write microstructure.pockets"},
  {"voids.arrangement",             NULL,
   "voids are phases of the alloy; write microstructure.pocket_arrangement"},
  {"voids.radius",                                                          NULL, "voids are phases of the alloy; write microstructure.pocket_radius"},
  {"voids.seed",                                            NULL, "voids are phases of the alloy; write microstructure.void_seed"},
  {"voids.contact_angle",                                                                                NULL, "voids are phases of the alloy; write microstructure.angle_void"},
  {"voids.depleted_angle",                                 NULL,
   "voids are phases of the alloy; write microstructure.angle_depleted"},
  {"voids.onset",                                                                            NULL, "voids are phases of the alloy; write microstructure.depletion_onset"},
  {"voids.mobility",                       NULL, "voids are phases of the alloy; write microstructure.void_mobility"},
  {"voids.pressure",                                                                                 NULL, "voids are phases of the alloy; write microstructure.pressure"},
  {"voids.dissolution",                           NULL,
   "voids are phases of the alloy; write microstructure.gas_dissolution"},
  {"voids.activation_energy",                                                                                   NULL,
   "voids are phases of the alloy; write microstructure.gas_activation_energy"},
  {"voids.nucleation",                               NULL, "voids are phases of the alloy; write microstructure.void_nucleation"},
  {"voids.width",                                                                          NULL,
   "all phases have one width; write microstructure.interface_width, which is 0.91 of that from 10 "
   "to 90 %"},
  {"voids.tolerance",                              NULL,
   "voids are unknowns of the cell; write solver.tolerance, or leave it out"},
  {"voids.change",                                                                         NULL, "voids are unknowns of the cell, whose steps see them; leave it out"},
  {"microstructure.solid_diffusivity",                           NULL,
   "in a solid Na diffuses as in liquid of the same potential; leave it out"},
  {.key = NULL                                                                                 }
};

/* The kind of the deck, which decides the entries that it may have.  An unknown word gives
   NAK_MODEL_ANY, and is reported with the other errors. */
static PetscErrorCode ReadKind(NakSim s, PetscInt *kind)
{
  const PetscInt n = (PetscInt)PETSC_STATIC_ARRAY_LENGTH(kinds);
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  *kind = 0;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) {
    const NakNode node = NakDeckFind(s->deck, "model");

    while (node != NULL && *kind < n && strcmp(NakNodeText(node), kinds[*kind].word) != 0) ++*kind;
    if (*kind == n) *kind = NAK_MODEL_ANY;
  }
  PetscCallMPI(MPI_Bcast(kind, 1, MPIU_INT, 0, s->world));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimFill(NakSim s)
{
  NakSection every[NAK_SIM_SECTIONS];
  PetscInt   kind;
  char       text[NAK_TEXT_SIZE];

  PetscFunctionBeginUser;
  PetscCall(ReadKind(s, &kind));
  NakSimSchema(&s->params, kind, s->schema);
  NakSimSchema(&s->params, NAK_MODEL_ANY, every);
  if (kind != NAK_MODEL_ANY) {
    (void)snprintf(text, sizeof text, "model: %s", kinds[kind].word);
    NakDeckSetOthers(s->deck, every, text);
  }
  NakDeckSetFormer(s->deck, former);
  PetscCall(NakDeckFill(s->deck, s->schema));
  NakDeckSetOthers(s->deck, NULL, NULL);
  s->kind = kind == NAK_MODEL_ANY ? &NakSimBoxKind : kinds[kind].operations;
  if (kind != NAK_MODEL_ANY) s->params.pfhub.model = kinds[kind].pfhub;
  PetscCall(PetscCalloc1(s->kind->size_of_data, (char **)&s->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}
