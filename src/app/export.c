/* nakfield export FILE --bdf; see app.h. */
#include "app.h"

typedef enum { NOT_SAID, CHARGES, DISCHARGES, UNKNOWN } Positive;

/* Entries of the command line. */
typedef struct {
  char columns[NAK_TEXT_SIZE], time[NAK_TEXT_SIZE], voltage[NAK_TEXT_SIZE], current[NAK_TEXT_SIZE];
  PetscInt  positive;
  PetscReal area;
} Options;

static const NakParam rows[] = {
  NAK_ROW_TEXT("columns", Options, columns, "", "File of more names of columns"),
  NAK_ROW_TEXT("time", Options, time, "", "The column of the time; by default one of a known name"),
  NAK_ROW_TEXT("voltage", Options, voltage, "", "The column of the voltage"),
  NAK_ROW_TEXT("current", Options, current, "", "The column of the current"),
  NAK_ROW_CHOICE("positive", Options, positive, NOT_SAID, "not_said|charges|discharges|unknown",
                 "What a positive current of the file does to the cell; unknown leaves it out"),
  NAK_ROW_REAL("area", Options, area, "m^2", 0, 0, 1e4,
               "Of the cell, where the file has currents or impedances per area"),
  NAK_ROW_END,
};

static const struct {
  const char *name;
  PetscReal   per_area; /* power of the area that makes it one of the cell */
} bdf[NAK_MEASURED_QUANTITIES] = {
  {"Test Time / s",             0 },
  {"Voltage / V",               0 },
  {"Current / A",               1 },
  {"Frequency / Hz",            0 },
  {"Real Impedance / ohm",      -1},
  {"Imaginary Impedance / ohm", -1},
};

/* The kinds of files, those with most quantities first. */
static const unsigned kinds[] = {
  NAK_MEASURED_SPECTRUM,
  NAK_MEASURED(NAK_MEASURED_TIME) | NAK_MEASURED(NAK_MEASURED_VOLTAGE) |
    NAK_MEASURED(NAK_MEASURED_CURRENT),
  NAK_MEASURED(NAK_MEASURED_TIME) | NAK_MEASURED(NAK_MEASURED_VOLTAGE),
  NAK_MEASURED(NAK_MEASURED_TIME) | NAK_MEASURED(NAK_MEASURED_CURRENT),
};

static const char *Given(const char *text)
{
  return text[0] != '\0' ? text : NULL;
}

/* The factors that make the values those of BDF: a positive current charges. */
static PetscErrorCode Factors(const char *path, const Options *o, const NakMeasured *m,
                              PetscReal factor[NAK_MEASURED_QUANTITIES])
{
  PetscFunctionBeginUser;
  for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++) {
    factor[q] = 1;
    if (m->values[q] == NULL || !m->per_area[q]) continue;
    PetscCheck(
      o->area > 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
      "%s is per area, and BDF needs values of the whole cell: give its area, area='1 cm^2'", path);
    factor[q] = PetscPowReal(o->area, bdf[q].per_area);
  }
  if (m->values[NAK_MEASURED_CURRENT] == NULL || (m->bdf && o->positive == NOT_SAID))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(o->positive != NOT_SAID, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s does not say the sign of its current, and in BDF a positive current charges: say "
             "what a positive current of the file does, positive=charges or positive=discharges; "
             "or leave the current out, positive=unknown",
             path);
  if (o->positive == DISCHARGES) factor[NAK_MEASURED_CURRENT] *= -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(const char *path, const Options *o, const NakMeasured *m)
{
  PetscReal factor[NAK_MEASURED_QUANTITIES];

  PetscFunctionBeginUser;
  PetscCall(Factors(path, o, m, factor));
  for (PetscInt k = -1; k < m->rows; k++) {
    const char *separator = "";

    for (int q = 0; q < NAK_MEASURED_QUANTITIES; q++) {
      if (m->values[q] == NULL) continue;
      if (k < 0)
        (void)fprintf(PETSC_STDOUT, "%s%s", separator, bdf[q].name);
      else
        (void)fprintf(PETSC_STDOUT, "%s%.17g", separator,
                      (double)(factor[q] * m->values[q][k] + 0.0));
      separator = ",";
    }
    (void)fputc('\n', PETSC_STDOUT);
  }
  PetscCheck(fflush(PETSC_STDOUT) == 0 && !ferror(PETSC_STDOUT), PETSC_COMM_SELF,
             PETSC_ERR_FILE_WRITE, "cannot write the exported table");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadAndWrite(const char *path, const void *ctx)
{
  const Options *const  o = ctx;
  NakMeasured           m = {0};
  PetscErrorCode        code;
  const NakMeasuredWish wish = {
    .path   = path,
    .names  = o->columns,
    .column = {Given(o->time), Given(o->voltage), Given(o->current)}
  };

  PetscFunctionBeginUser;
  code = NakReadMeasured(wish, sizeof kinds / sizeof kinds[0], kinds, &m);
  if (o->positive == UNKNOWN) PetscCall(PetscFree(m.values[NAK_MEASURED_CURRENT]));
  if (!code) code = Write(path, o, &m);
  PetscCall(NakMeasuredFree(&m));
  PetscFunctionReturn(code);
}

PetscErrorCode NakExport(const NakSimOptions *options)
{
  Options          own      = {0};
  const NakSection schema[] = {
    {rows,        &own, sizeof own},
    {.rows = NULL}
  };

  PetscFunctionBeginUser;
  PetscCall(NakWithEntries(options, schema, ReadAndWrite, &own));
  PetscFunctionReturn(PETSC_SUCCESS);
}
