/* The schema of a deck: the tables of all modules; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

static const NakParam title_rows[] = {
  {"title", NAK_TEXT, NULL, offsetof(NakSimParams, title), 0, 0, 0, "",
   "What the run is about, in one line"},
  {"model",   NAK_CHOICE, NULL, offsetof(NakSimParams, kind), NAK_MODEL_CELL, 0, 0,
   "cell|cahn_hilliard|cahn_hilliard_poisson|allen_cahn|alloy", "What is computed: a cell, a model of PFHub's benchmarks, or the phases of the alloy; each has "
   "sections of its own"},
  {.key = NULL}
};

static const NakParam tree_rows[] = {
  {"petsc", NAK_TREE, NULL, 0, 0, 0, 0, NULL,
   "List of PETSc options for the solvers, as after -- on the command line"},
  {.key = NULL  }
};

void NakSimSchema(NakSimParams *p, NakModelKind kind, NakSection schema[NAK_SIM_SECTIONS])
{
  enum { CELL = 1, BOX = 2, ALLOY = 4, ALL = CELL | BOX | ALLOY }; /* which decks have a section */
  const int own = kind == NAK_MODEL_ANY     ? ALL
                  : kind == NAK_MODEL_CELL  ? CELL
                  : kind == NAK_MODEL_ALLOY ? ALLOY
                                            : BOX;
  const struct {
    NakSection section;
    int        decks;
  } sections[] = {
    {{title_rows, p, sizeof *p},                                                 ALL         },
    {{NakAlloyParamRows, &p->model.alloy, sizeof p->model.alloy},                CELL | ALLOY},
    {{NakCellParamRows, &p->model.cell, sizeof p->model.cell},                   CELL        },
    {{NakInterphaseParamRows, &p->model.interphase, sizeof p->model.interphase}, CELL        },
    {{NakReactionParamRows, &p->model.reaction, sizeof p->model.reaction},       CELL        },
    {{NakGridParamRows, &p->model.grid, sizeof p->model.grid},                   CELL        },
    {{NakContactParamRows, &p->model.contact, sizeof p->model.contact},          CELL        },
    {{NakVoidsParamRows, &p->voids, sizeof p->voids},                            CELL        },
    {{NakLimitsParamRows, &p->limits, sizeof p->limits},                         CELL        },
    {{NakPfhubParamRows, &p->pfhub, sizeof p->pfhub},                            BOX         },
    {{NakPfhubTimeParamRows, &p->pfhub, sizeof p->pfhub},                        BOX         },
    {{NakMixParamRows, &p->mix, sizeof p->mix},                                  ALLOY       },
    {{NakMixMarchParamRows, &p->mix, sizeof p->mix},                             ALLOY       },
    {{tree_rows, p, 0},                                                          ALL         },
    {{NakStepperParamRows, &p->stepper, sizeof p->stepper},                      CELL        },
    {{NakImpedanceParamRows, &p->impedance, sizeof p->impedance},                CELL        },
    {{NakOutputParamRows, &p->output, sizeof p->output},                         ALL         },
    {{NakOutputTimesParamRows, &p->output, sizeof p->output},                    CELL | ALLOY},
    {{NakInsituParamRows, &p->insitu, sizeof p->insitu},                         ALL         },
    {{NakCheckpointParamRows, &p->checkpoint, sizeof p->checkpoint},             ALL         },
  };
  int n = 0;

  for (size_t k = 0; k < sizeof sections / sizeof sections[0]; k++)
    if (sections[k].decks & own) schema[n++] = sections[k].section;
  schema[n] = (NakSection){.rows = NULL};
}

/* All that is not listed here is physics, so that a new section is not forgotten. */
void NakSimPhysics(const NakSection schema[], NakSection physics[NAK_SIM_SECTIONS])
{
  const NakParam *const others[] = {title_rows,
                                    NakLimitsParamRows,
                                    tree_rows,
                                    NakStepperParamRows,
                                    NakImpedanceParamRows,
                                    NakOutputParamRows,
                                    NakInsituParamRows,
                                    NakCheckpointParamRows,
                                    NakOutputTimesParamRows,
                                    NakPfhubTimeParamRows,
                                    NakMixMarchParamRows};
  int                   n        = 0;

  for (const NakSection *section = schema; section->rows != NULL; section++) {
    PetscBool other = PETSC_FALSE;

    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
      if (section->rows == others[k]) other = PETSC_TRUE;
    if (!other) physics[n++] = *section;
  }
  physics[n] = (NakSection){.rows = NULL};
}
