/* A schema with a row of every type, and a run of a deck against it that returns what was
   reported. */
#pragma once

#include <nakfield/deck.h>

#include <math.h>
#include <string.h>

#include "nak_test.h"
#include "units_fixture.h"

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
  NAK_ROW_TEXT("title", Alloy, title, "untitled", "Title of the run"),
  NAK_ROW_FRACTION("alloy.potassium", Alloy, potassium, 0.5, 0.01, 0.99, "Share of potassium"),
  NAK_ROW_REAL("alloy.temperature", Alloy, temperature, "K", 298.15, 273.15, 473.15, "Temperature"),
  NAK_ROW_END,
};

static const NakParam cell_rows[] = {
  NAK_ROW_INT("grid.nx", Cell, nx, 1, 1, 4096, "Cells in x"),
  NAK_ROW_CHOICE("grid.lateral", Cell, lateral, LATERAL_SYMMETRIC, "periodic|symmetric",
                 "Lateral boundaries"),
  NAK_ROW_BOOL("grid.uniform", Cell, uniform, PETSC_FALSE, "Whether all layers are equal"),
  NAK_ROW_REAL("interphase.thickness", Cell, thickness, "m", 37e-9, 1e-9, 1e-6, "Thickness"),
  NAK_ROW_REAL("interphase.limiting_current", Cell, current, "A/m^2", NAK_REQUIRED, 0,
               PETSC_INFINITY, "Limiting current"),
  NAK_ROW_REAL("interphase.exponent", Cell, exponent, "1", 2.1, -PETSC_INFINITY, 10,
               "Exponent of the isotherm"),
  NAK_ROW_REAL("output.fields.every", Cell, every, "s", 60, 0, PETSC_INFINITY,
               "Time between fields"),
  NAK_ROW_TREE("protocol", "What the cycler does"),
  NAK_ROW_END,
};

/* A run of a deck. */
typedef struct {
  Alloy       alloy;
  Cell        cell;
  NakSection  schema[3];
  NakDeck     deck;
  PetscInt    count;      /* of errors */
  char        path[64];   /* of the deck's file */
  char        text[8192]; /* rank 0: the report, without the file's name */
  PetscMPIInt rank;
} Run;

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
  MUST(NakDeckReport(run->deck, &run->count));
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
  MUST(
    NakDeckCreate(PETSC_COMM_WORLD, text != NULL ? run->path : NULL, overrides, count, &run->deck));
  MUST(NakDeckFill(run->deck, run->schema));
  ReportRun(run);
}

static inline void RunDeck(Run *run, const char *text)
{
  RunBytes(run, text, strlen(text), NULL, 0);
}

static inline void CloseRun(Run *run)
{
  MUST(NakDeckDestroy(&run->deck));
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
