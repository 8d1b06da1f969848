/**
  @file
  Impedance: the response of the linearised cell to a small alternating current, and the relaxation
  times in it.

  The cell is linearised about a state U, with J = dF/dU and M = dF/d(dU/dt).  A current of 1 A/m2
  at the far face gives (i omega M + J) du = b.  Z = dV/dI is the mean of dE plus the drop over what
  is in series.  The state need not be steady: it is frozen.

  The system is doubled to a real one and solved by GMRES with the preconditioner PRESB.  Its two
  solves are with J + omega M: that is one real linearisation with the shift omega.  The number of
  iterations does not depend on the frequency.  With multigrid inside, it does not depend on the
  grid either.  (O. Axelsson, M. Neytcheva, B. Ahmad, Numer. Algorithms 66 (2014) 811.)
*/
#pragma once

#include <nakfield/model.h>

/** Who chooses the weight of the roughness in NakRelaxationTimes(). */
typedef enum { NAK_LAMBDA_FIXED, NAK_LAMBDA_GCV, NAK_LAMBDA_L_CURVE } NakLambdaChoice;

/** Set by the deck; units and bounds are in NakImpedanceParamRows. */
typedef struct {
  PetscReal frequency_max, frequency_min; /**< [Hz] */
  PetscInt  per_decade;                   /**< frequencies */
  PetscReal grain_boundary_capacitance;   /**< [F/m2] */
  PetscBool constriction;                 /**< whether current lines crowd towards the contact */
  PetscBool double_layer;                 /**< whether it stores charge */
  PetscBool diffusion;                    /**< whether interphase and alloy answer, or are frozen */
  PetscBool deposits;                     /**< whether K film and Na deposit answer */
  PetscReal void_capacitance;             /**< of the face without contact [F/m2] */
  PetscReal lambda;                       /**< NakRelaxationTimes() [-] */
  PetscInt  lambda_choice;                /**< NakLambdaChoice */
  PetscInt  times_per_decade;             /**< of relaxation times */
} NakImpedanceParams;

extern const NakParam NakImpedanceParamRows[];

/** Report parameters that contradict each other.  Pure. */
void NakImpedanceCheck(const NakImpedanceParams *params, NakCheckList *list);

typedef struct NakImpedance_private *NakImpedance; /**< opaque */

/**
  Prepare for spectra of a model.  Collective.

  @param[in]  model      must outlive it
  @param[in]  params     copied; the highest frequency is not below the lowest
  @param[out] impedance  free with NakImpedanceDestroy(), after an error too
*/
PetscErrorCode NakImpedanceCreate(NakModel model, const NakImpedanceParams *params,
                                  NakImpedance *impedance);

/** Free and set `*impedance` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakImpedanceDestroy(NakImpedance *impedance);

/**
  Compute the spectrum and the relaxation times of a state under an impressed current.  Collective;
  the same on every rank.  The model's matrices are overwritten, its control is not.

  @param[out] spectrum  owned by `z`, valid until the next call

  Errors: PETSC_ERR_NOT_CONVERGED, naming the frequency.
*/
PetscErrorCode NakImpedanceSpectrum(NakImpedance z, Vec U, const NakSpectrum **spectrum);

/**
  Linearise about `U`, for any number of frequencies.  `U` must stay as it is while
  NakImpedanceSolve() is called.  NakImpedanceSpectrum() does both.  Collective.

  @param[in]  frequency  [Hz]
  @param[out] re, im     impedance [ohm m2]; the same on every rank
*/
PetscErrorCode NakImpedanceLinearise(NakImpedance z, Vec U);
PetscErrorCode NakImpedanceSolve(NakImpedance z, PetscReal frequency, PetscReal *re, PetscReal *im);

/** GMRES iterations of all solves so far. */
PetscInt NakImpedanceIterations(NakImpedance z);

/**
  The distribution of relaxation times of a spectrum,

    Z(f) = R + integral gamma(tau) / (1 + 2 pi i f tau) d ln tau,   gamma >= 0,  R >= 0,

  that minimises |Z - Z(f)|^2 + lambda integral (d gamma / d ln tau)^2 d ln tau over real and
  imaginary parts.  This is a convex quadratic programme with bounds.  Not collective.

  `lambda` is that of `params`, or it is chosen from 1e-7, ... 1 in one of two ways:
  - the least generalised cross-validation, with the freedom of the gammas that are not 0
  - the strongest bend of the L-curve (misfit against roughness on logarithmic axes)
  Both choices are for measured spectra.  A spectrum without noise needs none.

  @param[in]     params    lambda, lambda_choice; their meaning does not depend on the unit of Z
  @param[in,out] spectrum  frequencies and impedances in; `tau`, `n_tau` and room for `gamma` in;
                           `gamma`, `resistance` and `lambda` out

  Errors: PETSC_ERR_NOT_CONVERGED.
*/
PetscErrorCode NakRelaxationTimes(const NakImpedanceParams *params, NakSpectrum *spectrum);

/** Choose the times of a spectrum, from a decade beyond its highest frequency to a decade beyond
    its lowest.  Set `n_tau` and `tau`, and allocate `gamma`; free both with PetscFree2(). */
PetscErrorCode NakRelaxationGrid(PetscInt per_decade, NakSpectrum *spectrum);

/** How far a spectrum is from what a linear, causal and steady cell can have. */
typedef struct {
  PetscInt  terms;   /**< relaxations of the fit */
  PetscReal largest; /**< residual over |Z| ... */
  PetscReal worst;   /**< ... and its frequency [Hz] */
  PetscReal rms;     /**< of all residuals over |Z| */
} NakConsistency;

/**
  The linear Kramers-Kronig test: the residual of a spectrum after a fit of

    R + i w L + 1 / (i w C) + sum R_k / (1 + i w tau_k),

  Each term obeys the relations, with coefficients of any sign.  The tau_k are spread evenly over
  the frequencies, 7 to a decade and no more than frequencies.  Residuals are over |Z|.  (B. A.
  Boukamp, J. Electrochem. Soc. 142 (1995) 1885.)  Not collective.

  @param[in] spectrum  3 frequencies or more and their impedances

  Errors: PETSC_ERR_USER_INPUT for an impedance of 0; PETSC_ERR_NOT_CONVERGED.
*/
PetscErrorCode NakKramersKronig(const NakSpectrum *spectrum, NakConsistency *consistency);
