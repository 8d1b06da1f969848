/* nakfield drt FILE; see app.h. */
#include "app.h"

/* Entries of the command line. */
typedef struct {
  char               columns[NAK_TEXT_SIZE];
  NakImpedanceParams impedance;
} Options;

static const NakParam rows[] = {
  NAK_ROW_TEXT("columns", Options, columns, "", "File of more names of columns"),
  NAK_ROW_END,
};

/* Say how far the spectrum is to be trusted. */
static PetscErrorCode Test(const char *path, const NakSpectrum *s)
{
  const PetscReal most = 0.05, usual = 0.01, percent = 100;
  NakConsistency  c;

  PetscFunctionBeginUser;
  PetscCall(NakKramersKronig(s, &c));
  PetscCall(PetscPrintf(PETSC_COMM_SELF,
                        "# Kramers-Kronig residual over |Z|: %.3g %% rms, %.3g %% at most, at %.6g "
                        "Hz; %" PetscInt_FMT " terms\n",
                        (double)(percent * c.rms), (double)(percent * c.largest), (double)c.worst,
                        c.terms));
  if (c.largest <= most && c.rms <= usual) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
    PetscFPrintf(PETSC_COMM_SELF, stderr,
                 "nakfield: warning: %s does not obey the Kramers-Kronig relations (%.3g %% "
                 "at %.6g Hz): the cell changed meanwhile, the amplitude was too large, or "
                 "a column has another sign than its name; do not trust the times\n",
                 path, (double)(percent * c.largest), (double)c.worst));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Print(const char *path, const NakImpedanceParams *params,
                            const NakMeasured *m)
{
  const PetscBool per_area = m->per_area[NAK_MEASURED_RE];
  const PetscReal cm2 = 1e4, unit = per_area ? cm2 : 1;
  NakSpectrum     s = {.count     = m->rows,
                       .frequency = m->values[NAK_MEASURED_FREQUENCY],
                       .re        = m->values[NAK_MEASURED_RE],
                       .im        = m->values[NAK_MEASURED_IM]};

  PetscFunctionBeginUser;
  PetscCheck(s.count >= 3, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s has %" PetscInt_FMT " rows of frequency and impedance, and at least 3 are needed",
             path, s.count);
  PetscCall(Test(path, &s));
  PetscCall(NakRelaxationGrid(params->times_per_decade, &s));
  PetscCall(NakRelaxationTimes(params, &s));
  PetscCall(PetscPrintf(PETSC_COMM_SELF,
                        "# resistance beyond all relaxation: %.9g, lambda: %.3g\n"
                        "tau_s,gamma_ohm%s\n",
                        (double)(unit * s.resistance), (double)s.lambda, per_area ? "_cm2" : ""));
  for (PetscInt j = 0; j < s.n_tau; j++)
    PetscCall(
      PetscPrintf(PETSC_COMM_SELF, "%.9g,%.9g\n", (double)s.tau[j], (double)(unit * s.gamma[j])));
  PetscCall(PetscFree2(s.tau, s.gamma));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadAndPrint(const char *path, const void *ctx)
{
  static const unsigned spectrum = NAK_MEASURED_SPECTRUM;
  const Options *const  o        = ctx;
  NakMeasured           m        = {0};
  PetscErrorCode        code;

  PetscFunctionBeginUser;
  code = NakReadMeasured((NakMeasuredWish){.path = path, .names = o->columns}, 1, &spectrum, &m);
  if (!code) code = Print(path, &o->impedance, &m);
  PetscCall(NakMeasuredFree(&m));
  PetscFunctionReturn(code);
}

PetscErrorCode NakPrintRelaxationTimes(const NakSimOptions *options)
{
  Options          own      = {0};
  const NakSection schema[] = {
    {NakImpedanceParamRows, &own.impedance, sizeof own.impedance},
    {rows, &own, sizeof own},
    {.rows = NULL                 }
  };

  PetscFunctionBeginUser;
  PetscCall(NakWithEntries(options, schema, ReadAndPrint, &own));
  PetscFunctionReturn(PETSC_SUCCESS);
}
