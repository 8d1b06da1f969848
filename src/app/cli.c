/* The command line; see app.h. */
#include "app.h"

#include <string.h>

const char NakUsage[] =
  "Usage:\n"
  "  nakfield run DECK [KEY=VALUE ...] [--dry-run] [--replace] [--quiet] [-- PETSC OPTIONS]\n"
  "  nakfield check DECK [KEY=VALUE ...]\n"
  "  nakfield phases MATERIAL [temperature='25 degC'] [output.directory=FOLDER] [--replace]\n"
  "  nakfield impedance DECK [KEY=VALUE ...] [--replace]\n"
  "  nakfield drt FILE [KEY=VALUE ...]\n"
  "  nakfield --help | --help-deck[=text|markdown|json] | --version\n"
  "\n"
  "  run        run the protocol of a deck and write its run directory\n"
  "  check      read and check a deck\n"
  "  phases     compute the phase diagram of a material, e.g. NaK or a file\n"
  "  impedance  write the spectrum of a deck's pristine cell, whatever its protocol\n"
  "  drt        print the relaxation times of a measured spectrum: lines of frequency, real and\n"
  "             imaginary part, or ZView's .z; e.g. impedance.lambda=1e-4 for sharper peaks\n"
  "  KEY=VALUE  overrides an entry of the deck, e.g. grid.nx=256 alloy.potassium='65 wt%'\n"
  "  --dry-run  print the resolved deck, the unknowns and the memory, and run nothing\n"
  "  --replace  remove an older run in the same directory\n"
  "  --quiet    no progress\n"
  "\n"
  "Run on several ranks with: mpirun -n 4 nakfield run DECK\n"
  "Exit status: 0 done, 2 bad deck or command line, 3 the solver gave up, 4 input or output "
  "failed.\n";

static void Mistake(NakCommandLine *line, const char *what, const char *argument)
{
  if (line->mistake[0] != '\0') return;
  (void)snprintf(line->mistake, sizeof line->mistake, "%s '%.100s'; see nakfield --help", what,
                 argument);
}

static void ParseHelpDeck(const char *argument, NakCommandLine *line)
{
  static const char *const   words[]   = {"", "=text", "=markdown", "=json"};
  static const NakHelpFormat formats[] = {NAK_HELP_TEXT, NAK_HELP_TEXT, NAK_HELP_MARKDOWN,
                                          NAK_HELP_JSON};
  const char                *word      = argument + strlen("--help-deck");

  line->command = NAK_COMMAND_HELP_DECK;
  for (int k = 0; k < 4; k++) {
    if (strcmp(word, words[k]) != 0) continue;
    line->format = formats[k];
    return;
  }
  Mistake(line, "unknown format", argument);
}

/* The first word: a command, or a question that needs no deck. */
static void ParseCommand(const char *word, NakCommandLine *line)
{
  if (strcmp(word, "run") == 0)
    line->command = NAK_COMMAND_RUN;
  else if (strcmp(word, "check") == 0)
    line->command = NAK_COMMAND_CHECK;
  else if (strcmp(word, "phases") == 0)
    line->command = NAK_COMMAND_PHASES;
  else if (strcmp(word, "impedance") == 0)
    line->command = NAK_COMMAND_IMPEDANCE;
  else if (strcmp(word, "drt") == 0)
    line->command = NAK_COMMAND_DRT;
  else if (strcmp(word, "--version") == 0)
    line->command = NAK_COMMAND_VERSION;
  else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
    line->command = NAK_COMMAND_HELP;
  else if (strncmp(word, "--help-deck", strlen("--help-deck")) == 0)
    ParseHelpDeck(word, line);
  else
    Mistake(line, "unknown command", word);
}

static void ParseArgument(const char *word, const char *overrides[], NakCommandLine *line)
{
  if (strcmp(word, "--dry-run") == 0)
    line->dry_run = PETSC_TRUE;
  else if (strcmp(word, "--replace") == 0)
    line->sim.replace = PETSC_TRUE;
  else if (strcmp(word, "--quiet") == 0)
    line->sim.quiet = PETSC_TRUE;
  else if (strcmp(word, "--help") == 0)
    line->command = NAK_COMMAND_HELP;
  else if (word[0] == '-')
    Mistake(line, "unknown option", word);
  else if (line->sim.deck == NULL)
    line->sim.deck = word; /* before `=`: a path may hold one */
  else if (strchr(word, '=') != NULL)
    overrides[line->sim.n_overrides++] = word;
  else
    Mistake(line, "expected KEY=VALUE instead of", word);
}

/* An option that a command does not have is a mistake, not a wish that is quietly ignored. */
static void CheckOptions(NakCommandLine *line)
{
  const NakCommand command = line->command;
  const PetscBool  writes =
    (PetscBool)(command == NAK_COMMAND_RUN || command == NAK_COMMAND_IMPEDANCE ||
                command == NAK_COMMAND_PHASES);

  if (command == NAK_COMMAND_HELP) return;
  if (line->dry_run && command != NAK_COMMAND_RUN)
    Mistake(line, "only run has the option", "--dry-run");
  if (line->sim.replace && !writes)
    Mistake(line, "only run, impedance and phases have the option", "--replace");
}

/* What is wrong with a command without a file. */
static const char *Needs(NakCommand command)
{
  if (command == NAK_COMMAND_PHASES) return "no material behind";
  return command == NAK_COMMAND_DRT ? "no file behind" : "no deck behind";
}

NakCommandLine NakCommandLineParse(int argc, char *argv[], const char *overrides[])
{
  NakCommandLine line = {.command = NAK_COMMAND_HELP, .sim = {.overrides = overrides}};

  if (argc < 2)
    Mistake(&line, "nothing to do: expected a command behind", argv[0]);
  else
    ParseCommand(argv[1], &line);
  for (int k = 2; k < argc; k++) ParseArgument(argv[k], overrides, &line);
  CheckOptions(&line);
  if (line.command >= NAK_COMMAND_RUN && line.sim.deck == NULL)
    Mistake(&line, Needs(line.command), argv[1]);
  if (line.command == NAK_COMMAND_IMPEDANCE)
    overrides[line.sim.n_overrides++] = "protocol=[{impedance: }]";
  return line;
}
