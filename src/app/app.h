/* The command line. */
#pragma once

#include <nakfield/measured.h>
#include <nakfield/phase_diagram.h>
#include <nakfield/sim.h>

typedef enum {
  NAK_COMMAND_HELP,
  NAK_COMMAND_VERSION,
  NAK_COMMAND_HELP_DECK,
  NAK_COMMAND_HELP_TOPIC,
  NAK_COMMAND_RUN,
  NAK_COMMAND_CHECK,
  NAK_COMMAND_WETTING,
  NAK_COMMAND_IMPEDANCE,
  NAK_COMMAND_DRT,
  NAK_COMMAND_EXPORT,
  NAK_COMMAND_PHASES,
  NAK_COMMAND_WORKER
} NakCommand;

/* A command line, taken apart.  What comes after `--` is PETSc's. */
typedef struct {
  NakCommand    command;
  NakHelpFormat format;
  PetscBool     dry_run;
  PetscBool     bdf;                  /* the format of NAK_COMMAND_EXPORT */
  int           n_words;              /* of NAK_COMMAND_HELP_TOPIC */
  char *const  *words;                /* these words, which are the caller's */
  NakSimOptions sim;                  /* `deck` is the material of NAK_COMMAND_PHASES */
  char          error[NAK_TEXT_SIZE]; /* empty, or why the line cannot be understood */
} NakCommandLine;

/* Take the command line apart; `overrides` has room for argc entries and one more. */
NakCommandLine NakCommandLineParse(int argc, char *argv[], const char *overrides[]);

/* drt.c: print the relaxation times of a measured spectrum.  `options` hold its file and overrides
   of the section `impedance`.  Collective on PETSC_COMM_WORLD. */
PetscErrorCode NakPrintRelaxationTimes(const NakSimOptions *options);

/* entries.c: fill a schema from the overrides alone; a wrong one is an error of the user.  Then
   rank 0 does something to the file.  Collective on PETSC_COMM_WORLD. */
PetscErrorCode NakWithEntries(const NakSimOptions *options, const NakSection schema[],
                              PetscErrorCode (*carry_out)(const char *path, const void *ctx),
                              const void *ctx);

/* entries.c: read a file as the first of `kinds`, sets of quantities, that it has.  One rank. */
PetscErrorCode NakReadMeasured(NakMeasuredWish wish, int count, const unsigned kinds[],
                               NakMeasured *m);

/* export.c: print a measured file as BDF, the Battery Data Format.  Collective. */
PetscErrorCode NakExport(const NakSimOptions *options);

/* help.c: print what is known of a topic, which is some words: of entries of a deck by the schema,
   of all else by the pages of docs/ (topics.h).  Without words, list the topics.  A topic that is
   not known is an error of the user, which names the nearest.  Collective on PETSC_COMM_WORLD. */
PetscErrorCode NakHelp(int n, char *const words[]);

/* main.c: execute a command line.  Collective on PETSC_COMM_WORLD. */
PetscErrorCode NakCarryOut(const NakCommandLine *line);

/* worker.c: execute command lines that come on standard input, one after another.  A word ends with
   a 0 byte, and a line with an empty word; its first word is the command.  What a line prints on
   standard output is followed by a 0 byte, its exit status and a newline.  The first line that
   fails is the last one, and its error is returned, because what it left in memory cannot be
   trusted.  One rank. */
PetscErrorCode NakWork(void);

/* python.c: if `argv` asks for a command that is written in Python, such as study, become that
   command.  To be called before MPI is initialised.  It returns only if it does not become one:
   with an exit status if that failed, with -1 for other commands. */
int NakPython(char *argv[]);

extern const char NakUsage[];
