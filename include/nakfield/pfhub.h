/**
  @file
  The benchmark models of the phase-field community's PFHub (https://pages.nist.gov/pfhub/):
  - Cahn-Hilliard (benchmark 1 and its 3D counterpart)
  - Cahn-Hilliard with Poisson's equation (6a)
  - Allen-Cahn with a manufactured solution (7)
  All quantities are without dimension, as there.

  They are also the examples of models for the FAS engine (nakfield/phasefield.h).
*/
#pragma once

#include <nakfield/phasefield.h>

/** Cahn-Hilliard: dc/dt = div(M grad mu), mu = f'(c) - kappa lap c, with
    f = rho (c - low)^2 (high - c)^2. */
typedef struct {
  PetscReal kappa, rho, mobility, low, high;
  PetscReal mean, amplitude; /**< of the initial state, that of the benchmarks */
  PetscReal k, permittivity; /**< of the potential: see NakPoissonModel() */
  PetscBool periodic;        /**< else no flux */
} NakCahnHilliard;

/** Fill `model`; its kernels want `p` as their context.  Fields c, mu. */
void NakCahnHilliardModel(const NakCahnHilliard *p, NakFieldModel *model);

/** The same with charge: mu = f'(c) - kappa lap c + k phi, lap phi = -k c / permittivity.  phi is 0
    at x = 0 and sin(y / 7) at the other end; there is no flux elsewhere.  Fields c, mu, phi. */
void NakPoissonModel(const NakCahnHilliard *p, NakFieldModel *model);

/** Allen-Cahn: d eta/dt = -4 eta (eta - 1) (eta - 1/2) + kappa lap eta + S, where S makes

      eta = (1 - tanh((y - alpha) / sqrt(2 kappa))) / 2,
      alpha = 1/4 + a1 t sin(b1 x) + a2 sin(b2 x + c2 t)

    the solution.  Periodic in x; eta = 1 at y = 0 and 0 at the other end. */
typedef struct {
  PetscReal kappa, a1, b1, a2, b2, c2;
} NakAllenCahn;

/** Fill `model`; its kernels want `p` as their context.  Field eta. */
void NakAllenCahnModel(const NakAllenCahn *p, NakFieldModel *model);

typedef enum { NAK_PFHUB_CAHN_HILLIARD, NAK_PFHUB_POISSON, NAK_PFHUB_ALLEN_CAHN } NakPfhubModel;

/** All that a deck says about these models; bounds are in NakPfhubParamRows. */
typedef struct {
  NakPfhubModel       model;
  PetscInt            nx, ny, nz;
  PetscReal           width, depth, height;
  NakCahnHilliard     cahn_hilliard;
  NakAllenCahn        allen_cahn;
  PetscReal           end; /**< time */
  NakPhaseFieldParams solver;
} NakPfhubParams;

extern const NakParam NakPfhubParamRows[];     /**< the model and its box */
extern const NakParam NakPfhubTimeParamRows[]; /**< how it is followed, and for how long */

/** Fill `model` with the one that is asked for.  Its kernels need `ctx`, which is part of
    `params`. */
void NakPfhubFill(const NakPfhubParams *params, NakFieldModel *model, const void **ctx);

/** Report parameters that contradict each other.  Pure. */
void NakPfhubCheck(const NakPfhubParams *params, NakCheckList *list);

/** The box of a deck. */
NakDomain NakPfhubBox(const NakPfhubParams *params);
