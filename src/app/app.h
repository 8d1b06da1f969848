/* The command line. */
#pragma once

#include <nakfield/phases.h>
#include <nakfield/sim.h>

typedef enum {
  NAK_COMMAND_HELP,
  NAK_COMMAND_VERSION,
  NAK_COMMAND_HELP_DECK,
  NAK_COMMAND_RUN,
  NAK_COMMAND_CHECK,
  NAK_COMMAND_IMPEDANCE,
  NAK_COMMAND_DRT,
  NAK_COMMAND_PHASES
} NakCommand;

/* A command line, taken apart.  What stands behind `--` is PETSc's. */
typedef struct {
  NakCommand    command;
  NakHelpFormat format;
  PetscBool     dry_run;
  NakSimOptions sim;                    /* `deck` is the material of NAK_COMMAND_PHASES */
  char          mistake[NAK_TEXT_SIZE]; /* empty, or why the line cannot be understood */
} NakCommandLine;

/* Take the command line apart; `overrides` has room for argc entries and one more. */
NakCommandLine NakCommandLineParse(int argc, char *argv[], const char *overrides[]);

/* drt.c: print the relaxation times of a measured spectrum; `options` hold its file and overrides of the
   section `impedance`.  Collective on PETSC_COMM_WORLD. */
PetscErrorCode NakPrintRelaxationTimes(const NakSimOptions *options);

extern const char NakUsage[];
