/* A schema with a row of every type, and a run of a deck against it that returns what was reported. */
#pragma once

#include <nakfield/deck.h>
#include <nakfield/units.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LATERAL_PERIODIC, LATERAL_SYMMETRIC };

typedef struct {
  char        title[NAK_TEXT_SIZE];
  NakFraction potassium;
  PetscReal   temperature; /* [K] */
} Alloy;

typedef struct {
  PetscInt  nx, lateral;
  PetscReal thickness, current, exponent, every; /* [m], [A/m2], [1], [s] */
  PetscBool uniform;
} Cell;

static const NakParam alloy_rows[] = {
  {.key    = "title",
   .type   = NAK_TEXT,
   .offset = offsetof(Alloy, title),
   .text   = "untitled",
   .doc    = "Title of the run"},
  {.key     = "alloy.potassium",
   .type    = NAK_FRACTION,
   .offset  = offsetof(Alloy, potassium),
   .initial = 0.5,
   .lower   = 0.01,
   .upper   = 0.99,
   .doc     = "Share of potassium"},
  {.key     = "alloy.temperature",
   .type    = NAK_REAL,
   .unit    = "K",
   .offset  = offsetof(Alloy, temperature),
   .initial = 298.15,
   .lower   = 273.15,
   .upper   = 473.15,
   .doc     = "Temperature"},
  {.key = NULL                       }
};

static const NakParam cell_rows[] = {
  {.key     = "grid.nx",
   .type    = NAK_INT,
   .offset  = offsetof(Cell, nx),
   .initial = 1,
   .lower   = 1,
   .upper   = 4096,
   .doc     = "Cells in x"},
  {.key     = "grid.lateral",
   .type    = NAK_CHOICE,
   .offset  = offsetof(Cell, lateral),
   .initial = LATERAL_SYMMETRIC,
   .text    = "periodic|symmetric",
   .doc     = "Lateral boundaries"},
  {.key     = "grid.uniform",
   .type    = NAK_BOOL,
   .offset  = offsetof(Cell, uniform),
   .initial = 0,
   .doc     = "Whether all layers are equal"},
  {.key     = "interphase.thickness",
   .type    = NAK_REAL,
   .unit    = "m",
   .offset  = offsetof(Cell, thickness),
   .initial = 37e-9,
   .lower   = 1e-9,
   .upper   = 1e-6,
   .doc     = "Thickness"},
  {.key     = "interphase.limiting_current",
   .type    = NAK_REAL,
   .unit    = "A/m^2",
   .offset  = offsetof(Cell, current),
   .initial = NAK_REQUIRED,
   .lower   = 0,
   .upper   = PETSC_INFINITY,
   .doc     = "Limiting current"},
  {.key     = "interphase.exponent",
   .type    = NAK_REAL,
   .unit    = "1",
   .offset  = offsetof(Cell, exponent),
   .initial = 2.1,
   .lower   = -PETSC_INFINITY,
   .upper   = 10,
   .doc     = "Exponent of the isotherm"},
  {.key     = "output.fields.every",
   .type    = NAK_REAL,
   .unit    = "s",
   .offset  = offsetof(Cell, every),
   .initial = 60,
   .lower   = 0,
   .upper   = PETSC_INFINITY,
   .doc     = "Time between fields"},
  {.key = "protocol", .type = NAK_TREE, .doc = "What the cycler does"},
  {.key = NULL                              }
};

/* A run of a deck. */
typedef struct {
  Alloy       alloy;
  Cell        cell;
  NakSection  schema[3];
  NakDeck     deck;
  PetscInt    count;      /* of mistakes */
  char        path[64];   /* of the deck's file */
  char        text[8192]; /* rank 0: the report, without the file's name */
  PetscMPIInt rank;
} Run;

static inline void Check(PetscErrorCode code)
{
  assert_int_equal(code, 0);
}

/* The database of units is read once for all tests of a group, not for every deck. */
static inline int OpenGroup(void **state)
{
  (void)state;
  return (int)NakUnitsOpen();
}

static inline int CloseGroup(void **state)
{
  (void)state;
  return (int)NakUnitsClose();
}

/* The ranks write one file, and all know its name. */
static inline void WriteDeckFile(Run *run, const char *text, size_t length)
{
  (void)strcpy(run->path, "nakfield_deck_XXXXXX");
  if (run->rank == 0) {
    const int file = mkstemp(run->path);

    assert_true(file >= 0);
    assert_int_equal(write(file, text, length), length);
    close(file);
  }
  MPI_Bcast(run->path, sizeof run->path, MPI_CHAR, 0, PETSC_COMM_WORLD);
}

static inline void OpenRun(Run *run)
{
  memset(run, 0, sizeof *run);
  MPI_Comm_rank(PETSC_COMM_WORLD, &run->rank);
  run->schema[0] = (NakSection){.rows = alloy_rows, .params = &run->alloy, .size = sizeof(Alloy)};
  run->schema[1] = (NakSection){.rows = cell_rows, .params = &run->cell, .size = sizeof(Cell)};
}

/* Report, with the file's name cut off every line. */
static inline void ReportRun(Run *run)
{
  FILE *const  file   = tmpfile();
  const int    saved  = dup(STDERR_FILENO);
  const size_t prefix = strlen(run->path);
  char         line[2048];

  assert_non_null(file);
  fflush(stderr);
  dup2(fileno(file), STDERR_FILENO);
  Check(NakDeckReport(run->deck, &run->count));
  dup2(saved, STDERR_FILENO);
  close(saved);
  rewind(file);
  run->text[0] = '\0';
  while (fgets(line, sizeof line, file) != NULL) {
    const size_t cut  = prefix > 0 && strncmp(line, run->path, prefix) == 0 ? prefix + 1 : 0;
    const size_t used = strlen(run->text);

    assert_true(used + strlen(line) < sizeof run->text);
    (void)strcpy(run->text + used, line + cut);
  }
  fclose(file);
  if (run->rank != 0) assert_string_equal(run->text, "");
}

/* Read a deck of `length` bytes (`text` NULL: no file) with overrides, check it, report. */
static inline void RunBytes(Run *run, const char *text, size_t length,
                            const char *const overrides[], PetscInt count)
{
  OpenRun(run);
  if (text != NULL) WriteDeckFile(run, text, length);
  Check(
    NakDeckCreate(PETSC_COMM_WORLD, text != NULL ? run->path : NULL, overrides, count, &run->deck));
  Check(NakDeckFill(run->deck, run->schema));
  ReportRun(run);
}

static inline void RunDeck(Run *run, const char *text)
{
  RunBytes(run, text, strlen(text), NULL, 0);
}

static inline void CloseRun(Run *run)
{
  Check(NakDeckDestroy(&run->deck));
  assert_null(run->deck);
  if (run->rank == 0 && run->path[0] != '\0') unlink(run->path);
}

/* The report of a deck is exactly `lines`, each with its newline. */
static inline void AssertReport(const char *text, const char *lines)
{
  Run      run;
  PetscInt expected = 0;

  for (const char *c = lines; *c != '\0'; c++) expected += *c == '\n';
  RunDeck(&run, text);
  if (run.rank == 0) assert_string_equal(run.text, lines);
  assert_int_equal(run.count, expected);
  CloseRun(&run);
}
