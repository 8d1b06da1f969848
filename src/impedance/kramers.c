/* Whether a spectrum can belong to a cell that is linear, causal and steady; the contract is in
   nakfield/impedance.h. */
#include "impedance_impl.h"

enum { PER_DECADE = 7, OTHERS = 3 }; /* a resistor, an inductor, a capacitor */

typedef struct {
  const NakSpectrum *s;
  PetscReal          fastest, decades; /* of the relaxation times [s] */
  PetscReal         *x;                /* coefficients of the terms, then of the others */
} Fit;

/* What an element's unit contributes at the angular frequency w. */
static void Element(const Fit *fit, PetscInt terms, PetscInt j, PetscReal w, PetscReal z[PARTS])
{
  const PetscReal last    = (PetscReal)(terms - 1),
                  slowest = fit->fastest * PetscPowReal(10, fit->decades);

  z[0] = z[1] = 0;
  if (j < terms) {
    const PetscReal tau = fit->fastest * PetscPowReal(10, fit->decades * (PetscReal)j / last);
    const PetscReal q   = w * tau;

    z[0] = 1 / (1 + q * q);
    z[1] = -q / (1 + q * q);
  } else if (j == terms) {
    z[0] = 1;
  } else {
    z[1] = j == terms + 1 ? w * fit->fastest : -1 / (w * slowest);
  }
}

/* Rows of real and imaginary parts, over |Z|. */
static PetscErrorCode Fill(const Fit *fit, PetscInt terms, Mat A, Vec b)
{
  const NakSpectrum *s = fit->s;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->count; k++) {
    const PetscReal size = hypot(s->re[k], s->im[k]);

    for (PetscInt j = 0; j < terms + OTHERS; j++) {
      PetscReal z[PARTS];

      Element(fit, terms, j, 2 * PETSC_PI * s->frequency[k], z);
      for (PetscInt part = 0; part < PARTS; part++)
        PetscCall(MatSetValue(A, PARTS * k + part, j, z[part] / size, INSERT_VALUES));
    }
    PetscCall(VecSetValue(b, PARTS * k, s->re[k] / size, INSERT_VALUES));
    PetscCall(VecSetValue(b, PARTS * k + 1, s->im[k] / size, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscCall(VecAssemblyBegin(b));
  PetscCall(VecAssemblyEnd(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Least squares by QR. */
static PetscErrorCode Solve(const Fit *fit, PetscInt terms)
{
  const PetscInt rows = PARTS * fit->s->count, columns = terms + OTHERS;
  Mat            A;
  Vec            b, x;

  PetscFunctionBeginUser;
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, rows, columns, NULL, &A));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, rows, &b));
  PetscCall(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, columns, fit->x, &x));
  PetscCall(Fill(fit, terms, A, b));
  PetscCall(MatQRFactor(A, NULL, NULL));
  PetscCall(MatSolve(A, b, x));
  PetscCall(VecDestroy(&x));
  PetscCall(VecDestroy(&b));
  PetscCall(MatDestroy(&A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The residual of the fit, over |Z|. */
static void Residual(const Fit *fit, PetscInt terms, NakConsistency *c)
{
  const NakSpectrum *s   = fit->s;
  PetscReal          sum = 0;

  *c = (NakConsistency){.terms = terms};
  for (PetscInt k = 0; k < s->count; k++) {
    PetscReal left[PARTS] = {s->re[k], s->im[k]}, size;

    for (PetscInt j = 0; j < terms + OTHERS; j++) {
      PetscReal z[PARTS];

      Element(fit, terms, j, 2 * PETSC_PI * s->frequency[k], z);
      for (int part = 0; part < PARTS; part++) left[part] -= fit->x[j] * z[part];
    }
    size = hypot(left[0], left[1]) / hypot(s->re[k], s->im[k]);
    sum += size * size;
    if (size <= c->largest) continue;
    c->largest = size;
    c->worst   = s->frequency[k];
  }
  c->rms = PetscSqrtReal(sum / (PetscReal)s->count);
}

PetscErrorCode NakKramersKronig(const NakSpectrum *s, NakConsistency *consistency)
{
  PetscReal high = 0, low = PETSC_INFINITY;
  PetscInt  terms;
  Fit       fit = {.s = s};

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->count; k++) {
    high = PetscMax(high, s->frequency[k]);
    low  = PetscMin(low, s->frequency[k]);
    PetscCheck(s->re[k] != 0 || s->im[k] != 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
               "the impedance at %.6g Hz is 0", (double)s->frequency[k]);
  }
  PetscCheck(high > low, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "all frequencies are %.6g Hz: a spectrum has many", (double)high);
  fit.fastest = 1 / (2 * PETSC_PI * high);
  fit.decades = PetscLog10Real(high / low);
  terms       = PetscMin(s->count, 2 + (PetscInt)(PER_DECADE * fit.decades));
  PetscCall(PetscMalloc1(terms + OTHERS, &fit.x));
  PetscCall(Solve(&fit, terms));
  Residual(&fit, terms, consistency);
  PetscCall(PetscFree(fit.x));
  PetscFunctionReturn(PETSC_SUCCESS);
}
