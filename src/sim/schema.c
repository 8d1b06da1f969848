/* The schema of a deck: the tables of all modules; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

static const NakParam title_rows[] = {
  {"title", NAK_TEXT, NULL, offsetof(NakSimParams, title), 0, 0, 0, "",
   "What the run is about, in one line"},
  {"model",   NAK_CHOICE, NULL, offsetof(NakSimParams, kind), NAK_MODEL_CELL, 0, 0,
   "cell|cahn_hilliard|cahn_hilliard_poisson|allen_cahn", "What is computed: a cell, or a model of PFHub's benchmarks, which have sections of their own"},
  {.key = NULL}
};

static const NakParam tree_rows[] = {
  {"petsc", NAK_TREE, NULL, 0, 0, 0, 0, NULL,
   "List of PETSc options for the solvers, as after -- on the command line"},
  {.key = NULL  }
};

void NakSimSchema(NakSimParams *p, NakModelKind kind, NakSection schema[NAK_SIM_SECTIONS])
{
  const struct {
    NakSection section;
    PetscBool  cell, box; /* which decks have it */
  } sections[] = {
    {{title_rows, p, sizeof *p},                                                 PETSC_TRUE,  PETSC_TRUE },
    {{NakAlloyParamRows, &p->model.alloy, sizeof p->model.alloy},                PETSC_TRUE,  PETSC_FALSE},
    {{NakCellParamRows, &p->model.cell, sizeof p->model.cell},                   PETSC_TRUE,  PETSC_FALSE},
    {{NakInterphaseParamRows, &p->model.interphase, sizeof p->model.interphase},
     PETSC_TRUE,                                                                              PETSC_FALSE},
    {{NakReactionParamRows, &p->model.reaction, sizeof p->model.reaction},       PETSC_TRUE,  PETSC_FALSE},
    {{NakGridParamRows, &p->model.grid, sizeof p->model.grid},                   PETSC_TRUE,  PETSC_FALSE},
    {{NakContactParamRows, &p->model.contact, sizeof p->model.contact},          PETSC_TRUE,  PETSC_FALSE},
    {{NakVoidsParamRows, &p->voids, sizeof p->voids},                            PETSC_TRUE,  PETSC_FALSE},
    {{NakLimitsParamRows, &p->limits, sizeof p->limits},                         PETSC_TRUE,  PETSC_FALSE},
    {{NakPfhubParamRows, &p->pfhub, sizeof p->pfhub},                            PETSC_FALSE, PETSC_TRUE },
    {{tree_rows, p, 0},                                                          PETSC_TRUE,  PETSC_TRUE },
    {{NakStepperParamRows, &p->stepper, sizeof p->stepper},                      PETSC_TRUE,  PETSC_FALSE},
    {{NakImpedanceParamRows, &p->impedance, sizeof p->impedance},                PETSC_TRUE,  PETSC_FALSE},
    {{NakOutputParamRows, &p->output, sizeof p->output},                         PETSC_TRUE,  PETSC_TRUE },
    {{NakOutputTimesParamRows, &p->output, sizeof p->output},                    PETSC_TRUE,  PETSC_FALSE},
    {{NakInsituParamRows, &p->insitu, sizeof p->insitu},                         PETSC_TRUE,  PETSC_FALSE},
    {{NakCheckpointParamRows, &p->checkpoint, sizeof p->checkpoint},             PETSC_TRUE,  PETSC_FALSE},
  };
  int n = 0;

  for (size_t k = 0; k < sizeof sections / sizeof sections[0]; k++)
    if (kind == NAK_MODEL_ANY || (kind == NAK_MODEL_CELL ? sections[k].cell : sections[k].box))
      schema[n++] = sections[k].section;
  schema[n] = (NakSection){.rows = NULL};
}

/* All that is not listed here is physics, so that a new section is not forgotten. */
void NakSimPhysics(const NakSection schema[], NakSection physics[NAK_SIM_SECTIONS])
{
  const NakParam *const others[] = {
    title_rows,          NakLimitsParamRows,     tree_rows,
    NakStepperParamRows, NakImpedanceParamRows,  NakOutputParamRows,
    NakInsituParamRows,  NakCheckpointParamRows, NakOutputTimesParamRows};
  int n = 0;

  for (const NakSection *section = schema; section->rows != NULL; section++) {
    PetscBool other = PETSC_FALSE;

    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
      if (section->rows == others[k]) other = PETSC_TRUE;
    if (!other) physics[n++] = *section;
  }
  physics[n] = (NakSection){.rows = NULL};
}
