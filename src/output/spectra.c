/* impedance.csv and drt.csv. */
#include "output_impl.h"

static const PetscReal ohm_cm2 = 1e4; /* from ohm m2 */

/* A number that is not finite is never written. */
static PetscErrorCode CheckFinite(PetscReal time, const NakSpectrum *s)
{
  PetscReal sum = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->count; k++) sum += PetscAbsReal(s->re[k]) + PetscAbsReal(s->im[k]);
  for (PetscInt k = 0; k < s->n_tau; k++) sum += PetscAbsReal(s->gamma[k]);
  PetscCheck(!PetscIsInfOrNanReal(sum), PETSC_COMM_SELF, PETSC_ERR_FP,
             "the impedance at %.9g s is not finite, and not written", (double)time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(NakOutput output, PetscReal time, PetscInt step, const NakSpectrum *s)
{
  const NakNumber when = {"time_s", "time", time, 1, 15}, where = {"step", "step", step, 1, 0};

  PetscFunctionBeginUser;
  PetscCall(CheckFinite(time, s));
  for (PetscInt k = 0; k < s->count; k++) {
    const NakNumbers row = {
      5,
      {when,
        where, {"frequency_Hz", "frequency", s->frequency[k], 1, 12},
        {"z_re_ohm_cm2", "z_re", s->re[k], ohm_cm2, 12},
        {"z_im_ohm_cm2", "z_im", s->im[k], ohm_cm2, 12}}
    };

    PetscCall(NakTableAppend(output, "impedance", &row));
  }
  for (PetscInt k = 0; k < s->n_tau; k++) {
    const NakNumbers row = {
      3,
      {when,
        {"tau_s", "tau", s->tau[k], 1, 12},
        {"gamma_ohm_cm2", "gamma", s->gamma[k], ohm_cm2, 12}}
    };

    PetscCall(NakTableAppend(output, "drt", &row));
  }
  PetscCall(NakTableFlush(output, &output->tables[NAK_TABLE_IMPEDANCE]));
  PetscCall(NakTableFlush(output, &output->tables[NAK_TABLE_DRT]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputSpectrum(NakOutput output, PetscReal time, PetscInt step,
                                 const NakSpectrum *spectrum)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = Write(output, time, step, spectrum);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
