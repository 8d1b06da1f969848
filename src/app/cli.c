/* The command line; see app.h. */
#include "app.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char NakUsage[] =
  "Usage:\n"
  "  nakfield run DECK [KEY=VALUE ...] [--replace] [--quiet] [--light]\n"
  "  nakfield run DECK [KEY=VALUE ...] --dry-run [--ranks N]\n"
  "  nakfield run DECK [KEY=VALUE ...] [--walltime TIME] [-- PETSC OPTIONS]\n"
  "  nakfield run --restart RUNDIR [DECK] [KEY=VALUE ...] [--new-physics]\n"
  "  nakfield check DECK [KEY=VALUE ...]\n"
  "  nakfield wetting DECK [KEY=VALUE ...]\n"
  "  nakfield phases MATERIAL [temperature='25 degC'] [output.directory=FOLDER] [--replace]\n"
  "  nakfield impedance DECK [KEY=VALUE ...] [--replace]\n"
  "  nakfield drt FILE [KEY=VALUE ...]\n"
  "  nakfield export FILE --bdf [KEY=VALUE ...]\n"
  "  nakfield study STUDY.yaml [--dry-run] [-j WORKERS] [--retry failed] [--more N] [--page]\n"
  "  nakfield fit FIT.yaml [--dry-run] [-j WORKERS] [--profiles] [--pictures]\n"
  "  nakfield report RUNDIR ... [--measured FILE] [--area AREA] [-o FILE]\n"
  "  nakfield watch RUNDIR ... [--every SECONDS] [--events N]\n"
  "  nakfield worker\n"
  "  nakfield help [TOPIC]\n"
  "  nakfield --help | --help-deck[=text|markdown|json] | --version\n"
  "\n"
  "  run        run the protocol of a deck and write its run directory\n"
  "  check      read and check a deck\n"
  "  wetting    print how a deck's alloy wets its face and scaffold: contact angle, entry "
  "pressure,\n"
  "             wicking\n"
  "  phases     compute the phase diagram of a material, e.g. NaK or a file\n"
  "  impedance  write the spectrum of a deck's pristine cell, for any protocol\n"
  "  drt        print the relaxation times of a measured spectrum, and how well it obeys the\n"
  "             Kramers-Kronig relations: BDF, .mpt, .z, .DTA or a run's impedance.csv of one\n"
  "             spectrum; e.g. impedance.lambda=1e-4 for sharper peaks, columns=FILE for more "
  "names\n"
  "  export     print a measured table or spectrum as BDF, the Battery Data Format; e.g.\n"
  "             positive=discharges if a positive current of the file discharges\n"
  "  study      run a deck many times, with entries that vary: docs/studies.md\n"
  "  fit        fit entries of decks to measured data: docs/studies.md\n"
  "  report     show runs, and what was measured, on one page of HTML: docs/report.md\n"
  "  watch      show how far runs are, from their files alone: docs/clusters.md\n"
  "  worker     carry out command lines from standard input in one process, for scripts\n"
  "  help       explain a command, an entry of a deck, an item or a signal of a protocol, a "
  "message,\n"
  "             and other words; without one, list them\n"
  "  KEY=VALUE  overrides an entry of the deck, e.g. grid.nx=256 alloy.potassium='65 wt%'\n"
  "  --dry-run  print the resolved deck, the unknowns, roughly memory and time, and run nothing\n"
  "  --ranks N  with --dry-run: as on N ranks\n"
  "  --replace  remove an older run in the same directory; with --restart, start again if there\n"
  "             is no checkpoint\n"
  "  --quiet    no progress\n"
  "  --light    write no fields\n"
  "  --restart RUNDIR  continue a run from its last checkpoint, with its own deck or another; its\n"
  "             cell must be the same unless --new-physics is given\n"
  "  --walltime 23:50:00  write a checkpoint and end before this much wall time is over; also "
  "90min, 2h\n"
  "  -- PETSC OPTIONS  options of PETSc, e.g. -ts_adapt_monitor\n"
  "  --help-deck  list every entry of a deck, as text, as a Markdown table or as a JSON Schema\n"
  "\n"
  "Run on several ranks with: mpirun -n 4 nakfield run DECK\n"
  "SIGUSR1 ends a run with a checkpoint as --walltime does; so do SIGTERM and SIGINT.\n"
  "Exit status: 0 done, or ended by --walltime or SIGUSR1; 1 an error in the program, 2 bad deck "
  "or\n"
  "command line, 3 the solver gave up, 4 input or output failed, 5 ended by SIGTERM or SIGINT.\n";

/* The first error is kept. */
static void Error(NakCommandLine *line, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

static void Error(NakCommandLine *line, const char format[], ...)
{
  va_list values;

  va_start(values, format);
  if (line->error[0] == '\0') (void)vsnprintf(line->error, sizeof line->error, format, values);
  va_end(values);
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
  Error(line, "unknown format '%.100s'; see nakfield --help", argument);
}

/* The first word: a command, or a question that needs no deck. */
static void ParseCommand(const char *word, NakCommandLine *line)
{
  static const struct {
    const char *word;
    NakCommand  command;
  } commands[] = {
    {"run",       NAK_COMMAND_RUN       },
    {"check",     NAK_COMMAND_CHECK     },
    {"wetting",   NAK_COMMAND_WETTING   },
    {"phases",    NAK_COMMAND_PHASES    },
    {"impedance", NAK_COMMAND_IMPEDANCE },
    {"drt",       NAK_COMMAND_DRT       },
    {"export",    NAK_COMMAND_EXPORT    },
    {"worker",    NAK_COMMAND_WORKER    },
    {"help",      NAK_COMMAND_HELP_TOPIC},
    {"--version", NAK_COMMAND_VERSION   },
    {"--help",    NAK_COMMAND_HELP      },
    {"-h",        NAK_COMMAND_HELP      },
  };

  for (size_t k = 0; k < PETSC_STATIC_ARRAY_LENGTH(commands); k++)
    if (strcmp(word, commands[k].word) == 0) {
      line->command = commands[k].command;
      return;
    }
  if (strncmp(word, "--help-deck", strlen("--help-deck")) == 0)
    ParseHelpDeck(word, line);
  else if (strstr(word, ".yaml") != NULL || strstr(word, ".yml") != NULL)
    Error(line, "unknown command '%.100s'; to run a deck, put 'run' before it", word);
  else
    Error(line, "unknown command '%.100s'; see nakfield --help", word);
}

static void ParseArgument(const char *word, const char *overrides[], NakCommandLine *line)
{
  if (strcmp(word, "--dry-run") == 0)
    line->dry_run = PETSC_TRUE;
  else if (strcmp(word, "--bdf") == 0)
    line->bdf = PETSC_TRUE;
  else if (strcmp(word, "--replace") == 0)
    line->sim.replace = PETSC_TRUE;
  else if (strcmp(word, "--quiet") == 0)
    line->sim.quiet = PETSC_TRUE;
  else if (strcmp(word, "--light") == 0)
    line->sim.light = PETSC_TRUE;
  else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
    line->command = NAK_COMMAND_HELP;
  else if (strcmp(word, "--new-physics") == 0)
    line->sim.new_physics = PETSC_TRUE;
  else if (word[0] == '-')
    Error(line, "unknown option '%.100s'; see nakfield --help", word);
  else if (line->sim.deck == NULL && (line->sim.restart == NULL || strchr(word, '=') == NULL))
    line->sim.deck = word; /* before `=`: a path may hold one */
  else if (strchr(word, '=') != NULL)
    overrides[line->sim.n_overrides++] = word;
  else
    Error(line,
          "expected KEY=VALUE instead of '%.100s'; put a value with blanks in quotes: "
          "alloy.potassium='70 wt%%'; see nakfield --help",
          word);
}

/* Seconds of HH:MM:SS or MM:SS, or of a number with s, min, h or d; -1 if it is neither. */
static PetscReal WallTime(const char *text)
{
  static const struct {
    const char *unit;
    PetscReal   seconds;
  } units[] = {
    {"s",   1    },
    {"min", 60   },
    {"h",   3600 },
    {"d",   86400}
  };
  char     *end;
  PetscReal value = strtod(text, &end);
  int       parts = 1;

  if (end == text || !(value >= 0) || PetscIsInfReal(value)) return -1;
  for (size_t k = 0; k < sizeof units / sizeof units[0]; k++)
    if (strcmp(end + strspn(end, " "), units[k].unit) == 0) return value * units[k].seconds;
  for (; *end == ':' && end[1] >= '0' && end[1] <= '9' && parts < 3; parts++)
    value = 60 * value + (PetscReal)strtol(end + 1, &end, 10);
  return *end == '\0' && parts > 1 ? value : -1;
}

/* Of an option with a value: which it is. */
typedef enum { VALUE_RESTART, VALUE_WALLTIME, VALUE_RANKS, VALUES } Value;

static void TakeValue(Value which, const char *value, NakCommandLine *line)
{
  char *end;

  switch (which) {
  case VALUE_RESTART:
    line->sim.restart = value;
    break;
  case VALUE_WALLTIME:
    line->sim.wall_time = WallTime(value);
    if (line->sim.wall_time <= 0)
      Error(line, "a wall time is like 23:50:00, 90min or 2h, not '%.100s'; see nakfield --help",
            value);
    break;
  case VALUE_RANKS:
    line->sim.ranks = (PetscInt)strtol(value, &end, 10);
    if (end == value || *end != '\0' || line->sim.ranks < 1 || strlen(value) > 8)
      Error(line, "a number of ranks is like 64, not '%.100s'; see nakfield --help", value);
    break;
  case VALUES:
    break;
  }
}

/* An option with a value, in the next word or after `=`.  Returns how many words it took, 0 for
   another option. */
static int ParseValue(int n, char *const words[], NakCommandLine *line)
{
  static const char *const names[VALUES] = {"--restart", "--walltime", "--ranks"};
  const char              *value         = NULL;
  int                      which         = 0, taken;

  while (which < VALUES && strncmp(words[0], names[which], strlen(names[which])) != 0) which++;
  if (which == VALUES) return 0;
  value = words[0] + strlen(names[which]);
  if (*value != '=' && *value != '\0') return 0;
  taken = *value == '=' ? 1 : 2;
  value = *value == '=' ? value + 1 : n > 1 ? words[1] : "";
  if (*value == '\0')
    Error(line, "a value must follow '%.100s'; see nakfield --help", names[which]);
  else
    TakeValue((Value)which, value, line);
  return taken;
}

/* An option that a command does not have is an error; it is not ignored quietly. */
static void CheckOptions(NakCommandLine *line)
{
  const NakCommand command = line->command;
  const PetscBool  writes =
    (PetscBool)(command == NAK_COMMAND_RUN || command == NAK_COMMAND_IMPEDANCE ||
                command == NAK_COMMAND_PHASES);

  const struct {
    PetscBool   given;
    const char *name;
  } of_run[] = {
    {line->dry_run,                          "--dry-run" },
    {line->sim.light,                        "--light"   },
    {(PetscBool)(line->sim.restart != NULL), "--restart" },
    {(PetscBool)(line->sim.wall_time != 0),  "--walltime"},
  };

  if (command == NAK_COMMAND_HELP) return;
  for (size_t k = 0; k < sizeof of_run / sizeof of_run[0]; k++)
    if (of_run[k].given && command != NAK_COMMAND_RUN)
      Error(line, "only run has the option '%.100s'; see nakfield --help", of_run[k].name);
  if (line->bdf != (command == NAK_COMMAND_EXPORT))
    Error(line, "export, and no other command, takes the option '%.100s'; see nakfield --help",
          "--bdf");
  if (line->sim.replace && !writes)
    Error(line, "only run, impedance and phases have the option '%.100s'; see nakfield --help",
          "--replace");
  if (line->sim.ranks != 0 && !line->dry_run)
    Error(line, "this is for --dry-run: '%.100s'; see nakfield --help", "--ranks");
  if (line->sim.new_physics && line->sim.restart == NULL)
    Error(line, "this is for --restart: '%.100s'; see nakfield --help", "--new-physics");
}

/* The error of a command without a file. */
static const char *Needed(NakCommand command)
{
  if (command == NAK_COMMAND_PHASES) return "material";
  return command == NAK_COMMAND_DRT || command == NAK_COMMAND_EXPORT ? "file" : "deck";
}

NakCommandLine NakCommandLineParse(int argc, char *argv[], const char *overrides[])
{
  NakCommandLine line = {.command = NAK_COMMAND_HELP, .sim = {.overrides = overrides}};

  if (argc < 2)
    Error(&line, "nothing to do: expected a command after '%.100s'; see nakfield --help", argv[0]);
  else
    ParseCommand(argv[1], &line);
  if (line.command == NAK_COMMAND_HELP_TOPIC) { /* whose words may look like options */
    line.n_words = argc - 2;
    line.words   = argv + 2;
    return line;
  }
  for (int k = 2; k < argc;) {
    const int taken = ParseValue(argc - k, argv + k, &line);

    if (taken == 0) ParseArgument(argv[k], overrides, &line);
    k += taken > 0 ? taken : 1;
  }
  CheckOptions(&line);
  if (line.command >= NAK_COMMAND_RUN && line.command != NAK_COMMAND_WORKER &&
      line.sim.deck == NULL && line.sim.restart == NULL)
    Error(&line, "no %s after '%.100s'; see nakfield --help", Needed(line.command), argv[1]);
  if (line.command == NAK_COMMAND_WORKER && line.sim.deck != NULL)
    Error(&line,
          "a worker reads command lines from standard input, and takes no '%.100s'; see nakfield "
          "--help",
          line.sim.deck);
  if (line.command == NAK_COMMAND_IMPEDANCE)
    overrides[line.sim.n_overrides++] = "protocol=[{impedance: }]";
  return line;
}
