/* impedance.csv and drt.csv. */
#include "output_impl.h"

#include <errno.h>
#include <string.h>

static const PetscReal ohm_cm2 = 1e4; /* from ohm m2 */

static PetscErrorCode Open(NakOutput output, const char *name, const char *columns, FILE **file)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (*file != NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakOutputPath(output, name, path));
  *file = fopen(path, "wx");
  PetscCheck(*file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  (void)fprintf(*file, "%s\n", columns);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A number that is not finite is never written. */
static PetscErrorCode CheckFinite(const NakRecord *record, const NakSpectrum *s)
{
  PetscReal sum = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->count; k++) sum += PetscAbsReal(s->re[k]) + PetscAbsReal(s->im[k]);
  for (PetscInt k = 0; k < s->n_tau; k++) sum += PetscAbsReal(s->gamma[k]);
  PetscCheck(!PetscIsInfOrNanReal(sum), PETSC_COMM_SELF, PETSC_ERR_FP,
             "the impedance at %.9g s is not finite, and not written", (double)record->time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(NakOutput output, const NakRecord *record, const NakSpectrum *s)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(CheckFinite(record, s));
  PetscCall(Open(output, "impedance.csv", "time_s,step,frequency_Hz,z_re_ohm_cm2,z_im_ohm_cm2",
                 &output->spectra));
  PetscCall(Open(output, "drt.csv", "time_s,tau_s,gamma_ohm_cm2", &output->times));
  for (PetscInt k = 0; k < s->count; k++)
    (void)fprintf(output->spectra, "%.15g,%" PetscInt_FMT ",%.12g,%.12g,%.12g\n",
                  (double)record->time, record->step, (double)s->frequency[k],
                  (double)(ohm_cm2 * s->re[k]), (double)(ohm_cm2 * s->im[k]));
  for (PetscInt k = 0; k < s->n_tau; k++)
    (void)fprintf(output->times, "%.15g,%.12g,%.12g\n", (double)record->time, (double)s->tau[k],
                  (double)(ohm_cm2 * s->gamma[k]));
  PetscCall(NakOutputPath(output, "impedance.csv", path));
  PetscCall(NakFileFlush(output->spectra, path));
  PetscCall(NakOutputPath(output, "drt.csv", path));
  PetscCall(NakFileFlush(output->times, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputSpectrum(NakOutput output, const NakRecord *record,
                                 const NakSpectrum *spectrum)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = Write(output, record, spectrum);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
