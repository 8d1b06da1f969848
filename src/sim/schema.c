/* The schema of a deck: the tables of all modules; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

static const NakParam title_rows[] = {
  {"title", NAK_TEXT, NULL, offsetof(NakSimParams, title), 0, 0, 0, "",
   "What the run is about, in one line"},
  {.key = NULL  }
};

static const NakParam tree_rows[] = {
  {"petsc", NAK_TREE, NULL, 0, 0, 0, 0, NULL,
   "List of PETSc options for the solvers, as after -- on the command line"},
  {.key = NULL  }
};

void NakSimSchema(NakSimParams *p, NakSection schema[NAK_SIM_SECTIONS])
{
  const NakSection sections[NAK_SIM_SECTIONS] = {
    {title_rows,                  p, sizeof *p},
    {NakAlloyParamRows,                  &p->model.alloy, sizeof p->model.alloy},
    {NakCellParamRows,           &p->model.cell, sizeof p->model.cell},
    {NakInterphaseParamRows,      &p->model.interphase, sizeof p->model.interphase},
    {NakReactionParamRows,            &p->model.reaction, sizeof p->model.reaction},
    {NakGridParamRows,       &p->model.grid, sizeof p->model.grid},
    {NakContactParamRows,      &p->model.contact, sizeof p->model.contact},
    {NakVoidsParamRows, &p->voids, sizeof p->voids},
    {NakLimitsParamRows,        &p->limits, sizeof p->limits},
    {tree_rows,   p, 0},
    {NakStepperParamRows,            &p->stepper, sizeof p->stepper},
    {NakImpedanceParamRows,       &p->impedance, sizeof p->impedance},
    {NakOutputParamRows,         &p->output, sizeof p->output},
    {NakInsituParamRows,    &p->insitu, sizeof p->insitu},
    {NakCheckpointParamRows,           &p->checkpoint, sizeof p->checkpoint},
    {.rows = NULL           }
  };

  for (int k = 0; k < NAK_SIM_SECTIONS; k++) schema[k] = sections[k];
}

/* All that is not listed here is physics, so that a new section is not forgotten. */
void NakSimPhysics(const NakSection schema[], NakSection physics[NAK_SIM_SECTIONS])
{
  const NakParam *const others[] = {title_rows,          NakLimitsParamRows,    tree_rows,
                                    NakStepperParamRows, NakImpedanceParamRows, NakOutputParamRows,
                                    NakInsituParamRows,  NakCheckpointParamRows};
  int                   n        = 0;

  for (const NakSection *section = schema; section->rows != NULL; section++) {
    PetscBool other = PETSC_FALSE;

    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
      if (section->rows == others[k]) other = PETSC_TRUE;
    if (!other) physics[n++] = *section;
  }
  physics[n] = (NakSection){.rows = NULL};
}
