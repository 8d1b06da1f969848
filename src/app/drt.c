/* nakfield drt FILE; see app.h. */
#include "app.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One line's numbers, separated by blanks, commas or semicolons; how many, at most `most`. */
static int Numbers(const char *line, int most, double number[])
{
  int n = 0;

  while (n < most) {
    char *end;

    line += strspn(line, " \t,;");
    number[n] = strtod(line, &end);
    if (end == line) break;
    line = end;
    n++;
  }
  return n;
}

/* In which columns frequency and impedance stand, counted from 0. */
typedef struct {
  int frequency, re;
} Columns;

static const Columns three = {0, 1}, zview = {0, 4}, own = {2, 3};

/* The columns that a heading announces, or those of the lines before. */
static Columns Announced(const char *line, Columns before)
{
  if (strncmp(line, "ZPLOT", 5) == 0) return zview;
  return strncmp(line, "time_s,step,frequency_Hz", 24) == 0 ? own : before;
}

/* Frequency and impedance of a line; false for one that has none, such as a heading. */
static PetscBool Point(const char *line, Columns columns, PetscReal point[3])
{
  enum { MOST = 6 };
  double    number[MOST];
  const int n = Numbers(line, MOST, number);

  if (n < columns.re + 2 || !(number[columns.frequency] > 0)) return PETSC_FALSE;
  point[0] = number[columns.frequency];
  point[1] = number[columns.re];
  point[2] = number[columns.re + 1];
  return PETSC_TRUE;
}

/* Whether there is nothing on a line but a comment. */
static PetscBool Blank(const char *line)
{
  const char first = line[strspn(line, " \t\r\n,;")];

  return (PetscBool)(first == '\0' || first == '#');
}

static PetscErrorCode Append(const PetscReal point[3], PetscInt *room, NakSpectrum *s)
{
  PetscFunctionBeginUser;
  if (s->count == *room) {
    *room = 2 * *room + 64;
    PetscCall(PetscRealloc((size_t)*room * sizeof *s->frequency, &s->frequency));
    PetscCall(PetscRealloc((size_t)*room * sizeof *s->re, &s->re));
    PetscCall(PetscRealloc((size_t)*room * sizeof *s->im, &s->im));
  }
  s->frequency[s->count] = point[0];
  s->re[s->count]        = point[1];
  s->im[s->count++]      = point[2];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A run's impedance.csv has a spectrum behind the other, each from high frequencies to low. */
static PetscErrorCode CheckPoint(const char *path, PetscInt number, Columns columns,
                                 const PetscReal point[3], const NakSpectrum *s)
{
  const PetscBool jumps = (PetscBool)(s->count > 0 && point[0] >= s->frequency[s->count - 1]);

  PetscFunctionBeginUser;
  PetscCheck(isfinite(point[0]) && isfinite(point[1]) && isfinite(point[2]), PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT, "%s:%" PetscInt_FMT ": a number is not finite", path, number);
  PetscCheck(columns.re != own.re || !jumps, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s:%" PetscInt_FMT ": a second spectrum begins; the relaxation times of all are in "
             "drt.csv beside it, and scripts/plot_impedance.py --export writes a file of each",
             path, number);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadLines(FILE *file, const char *path, NakSpectrum *s)
{
  char     line[1024];
  Columns  columns = three;
  PetscInt room = 0, number = 0;

  PetscFunctionBeginUser;
  while (fgets(line, sizeof line, file) != NULL) {
    PetscReal point[3];

    columns = Announced(line, columns);
    number++;
    PetscCheck(columns.re == own.re || strncmp(line, "time_s,", 7) != 0, PETSC_COMM_SELF,
               PETSC_ERR_USER_INPUT, "%s is a table over time, not a spectrum", path);
    if (!Point(line, columns, point)) {
      PetscCheck(s->count == 0 || Blank(line), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
                 "%s:%" PetscInt_FMT
                 ": a line among the numbers without a frequency above 0, a real "
                 "and an imaginary part: mend it, or begin it with #",
                 path, number);
      continue;
    }
    PetscCall(CheckPoint(path, number, columns, point, s));
    PetscCall(Append(point, &room, s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read(const char *path, NakSpectrum *s)
{
  FILE          *file = fopen(path, "r");
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCheck(file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  code = ReadLines(file, path, s);
  (void)fclose(file);
  PetscCall(code);
  PetscCheck(s->count >= 3, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s has %" PetscInt_FMT " lines of frequency, real and imaginary part, and at least 3 "
             "are needed",
             path, s->count);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Print(const char *path, const NakImpedanceParams *params)
{
  NakSpectrum s = {0};

  PetscFunctionBeginUser;
  PetscCall(Read(path, &s));
  PetscCall(NakRelaxationGrid(params->times_per_decade, &s));
  PetscCall(NakRelaxationTimes(params, &s));
  PetscCall(PetscPrintf(PETSC_COMM_SELF,
                        "# resistance beyond all relaxation: %.9g, lambda: %.3g\n"
                        "tau_s,gamma\n",
                        (double)s.resistance, (double)s.lambda));
  for (PetscInt j = 0; j < s.n_tau; j++)
    PetscCall(PetscPrintf(PETSC_COMM_SELF, "%.9g,%.9g\n", (double)s.tau[j], (double)s.gamma[j]));
  PetscCall(PetscFree(s.frequency));
  PetscCall(PetscFree(s.re));
  PetscCall(PetscFree(s.im));
  PetscCall(PetscFree2(s.tau, s.gamma));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPrintRelaxationTimes(const NakSimOptions *options)
{
  NakImpedanceParams params;
  const NakSection   schema[] = {
      {NakImpedanceParamRows, &params, sizeof params},
      {.rows = NULL       }
  };
  NakDeck        deck = NULL;
  PetscInt       mistakes;
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCall(NakDeckCreate(PETSC_COMM_WORLD, NULL, options->overrides, options->n_overrides, &deck));
  PetscCall(NakDeckFill(deck, schema));
  PetscCall(NakDeckReport(deck, &mistakes));
  PetscCall(NakDeckDestroy(&deck));
  PetscCheck(mistakes == 0, PETSC_COMM_WORLD, PETSC_ERR_USER_INPUT,
             "%" PetscInt_FMT " mistakes on the command line", mistakes);
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank == 0) code = Print(options->deck, &params);
  PetscCall(NakAgree(PETSC_COMM_WORLD, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
