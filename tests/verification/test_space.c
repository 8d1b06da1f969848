/* Order in space on stretched grids, by manufactured solutions of the whole coupled cell.

   Smooth fields are chosen that meet every condition between the regions exactly.  These are the
   isotherm and the equal currents of alloy and interphase, charge transfer at the face, the cycler
   at the far face, the reservoir on top.  What they lack of being a solution of F(U, lambda U) = 0
   inside the regions is worked out from the equations of docs/model.md, by differences of sixth
   order of the fields themselves.  It is given to the discrete system as a source.  Its solution is
   then compared with the fields.  Lengths are chosen so that every term counts; grids are refined
   by 2 in all directions, with the same stretching. */
#include <nakfield/model.h>
#include <petscksp.h>

#include "material_fixture.h"
#include "nak_test.h"

static const PetscReal F = 96485.33212, f = 96485.33212 / (8.314462618 * 298.15);
static const PetscReal width = 40e-6, depth = 50e-6, electrolyte = 20e-6, interphase = 15e-6;
static const PetscReal alloy = 30e-6, reservoir = 25e-6; /* heights [m] */
static const PetscReal sigma = 0.1, series = 4e-4, double_layer = 40,
                       adlayer = 2; /* [F/m2], [C/m2] */
static const PetscReal i_lim = 100, tau = 10, m = 2.1, R_ct = 5e-4, film_time = 20;
static const PetscReal R_over  = 0.05;  /* of the over-limit path [ohm m2] */
static const PetscReal mixing  = 3e-11; /* interdiffusion in the alloy at the start [m2/s] */
static const PetscReal lambda  = 0.3;   /* of dU/dt = lambda U [1/s] */
static const PetscReal stretch = 6;     /* highest layer over the lowest, about */

/* ---- The cell, and what the equations need of it ---- */

typedef struct {
  NakControl  control;
  NakKinetics k;      /* for u_k and the open-circuit potential only */
  PetscReal   kx, ky; /* wave numbers; 0 where there is one column */
  PetscReal   shift;  /* of the waves: none where the sides are mirrors */
  PetscReal   content, alloy_content, D_interphase, D_alloy;
} Cell;

static NakModelParams Params(PetscInt nx, PetscInt ny, PetscInt layers, NakLateral lateral)
{
  const PetscReal q = PetscPowReal(stretch, 1 / (PetscReal)layers); /* growth of a layer */

  return (NakModelParams){
    .material   = *NaK(),
    .alloy      = {.potassium   = {.value = 0.5, .by_weight = PETSC_TRUE},
                   .temperature = 298.15,
                   .volume      = (alloy + reservoir) * 1e-4,
                   .diffusivity = mixing},
    .cell       = {.area              = 1e-4,
                   .series_resistance = series,
                   .conductivity      = sigma,
                   .thickness         = electrolyte,
                   .pellet_thickness  = electrolyte},
    .interphase = {.limiting_current      = i_lim,
                   .diffusion_time        = tau,
                   .exponent              = m,
                   .thickness             = interphase,
                   .reference             = {.value = 0.5, .by_weight = PETSC_TRUE},
                   .over_limit_resistance = R_over,
                   .film_rate             = 1e-3,
                   .film_dissolution_time = film_time,
                   .film_thickness        = 37e-9},
    .reaction   = {.charge_transfer_resistance = R_ct,
                   .symmetry                   = 0.5,
                   .double_layer               = double_layer,
                   .adlayer_charge             = adlayer,
                   .adlayer_constant           = 1,
                   .deposit_barrier            = 18e-3,
                   .deposit_resistance         = 5e-4,
                   .deposit_cover              = 3600,
                   .filament_onset             = 4320,
                   .filament_speed             = 2e-7},
    .grid       = {.nx                 = nx,
                   .ny                 = ny,
                   .width              = width,
                   .depth              = depth,
                   .alloy_height       = alloy,
                   .electrolyte_layers = layers,
                   .interphase_layers  = layers,
                   .alloy_layers       = layers,
                   .finest_electrolyte = electrolyte * (q - 1) / (stretch - 1),
                   .finest_alloy       = alloy * (q - 1) / (stretch - 1),
                   .lateral            = (PetscInt)lateral},
    .contact    = {.fraction = 1, .patch = 1e-6   }
  };
}

static Cell MakeCell(const NakModelParams *p, NakControl control)
{
  const NakAlloy  liquid = NaKAt(298.15);
  const PetscReal x      = NakThermoMoleFraction(NaK(), p->alloy.potassium);
  const PetscReal waves  = p->grid.lateral == NAK_LATERAL_PERIODIC ? 2 * PETSC_PI : PETSC_PI;

  return (Cell){
    .control       = control,
    .k             = NakKineticsCreate(NaK(), 298.15, &p->interphase, &p->reaction, 1),
    .kx            = p->grid.nx > 1 ? waves / width : 0,
    .ky            = p->grid.ny > 1 ? waves / depth : 0,
    .shift         = p->grid.lateral == NAK_LATERAL_PERIODIC ? 0.4 : 0,
    .content       = i_lim * tau / interphase,
    .alloy_content = F * (1 - x) * NakThermoDensity(NaK(), x),
    .D_interphase  = interphase * interphase / tau,
    .D_alloy       = mixing / NakThermoLiquid(&liquid, x).factor,
  };
}

/* ---- Derivatives of fields ---- */

typedef struct {
  PetscReal x, y, z;
} Point;

typedef PetscReal (*Field)(const Cell *c, Point p);

static Point Along(Point p, int direction, PetscReal h)
{
  return (Point){p.x + (direction == 0 ? h : 0), p.y + (direction == 1 ? h : 0),
                 p.z + (direction == 2 ? h : 0)};
}

static PetscReal Slope(const Cell *c, Field g, Point p)
{
  const PetscReal w[] = {45, -9, 1}, h = 1e-2 * interphase;
  PetscReal       slope = 0;

  for (int n = 1; n <= 3; n++)
    slope += w[n - 1] * (g(c, Along(p, 2, n * h)) - g(c, Along(p, 2, -n * h)));
  return slope / (60 * h);
}

static PetscReal Second(const Cell *c, Field g, Point p, int direction)
{
  const PetscReal w[] = {270, -27, 2}, h = 2e-2 * interphase, middle = g(c, p);
  PetscReal       sum = 0;

  for (int n = 1; n <= 3; n++)
    sum += w[n - 1] * (g(c, Along(p, direction, n * h)) - middle +
                       (g(c, Along(p, direction, -n * h)) - middle));
  return sum / (180 * h * h);
}

static PetscReal LateralLaplacian(const Cell *c, Field g, Point p)
{
  return (c->kx > 0 ? Second(c, g, p, 0) : 0) + (c->ky > 0 ? Second(c, g, p, 1) : 0);
}

static PetscReal Laplacian(const Cell *c, Field g, Point p)
{
  return LateralLaplacian(c, g, p) + Second(c, g, p, 2);
}

/* ---- The manufactured fields ---- */

static PetscReal WaveX(const Cell *c, Point p)
{
  return PetscCosReal(c->kx * p.x + c->shift);
}

static PetscReal WaveY(const Cell *c, Point p)
{
  return PetscCosReal(c->ky * p.y + 2 * c->shift);
}

/* r in the alloy */
static PetscReal Ratio(const Cell *c, Point p)
{
  const PetscReal X = WaveX(c, p), Y = WaveY(c, p), t = (p.z - interphase) / alloy;

  return 1.7 + 0.1 * PetscSinReal(1.2 * t) + 0.04 * X * PetscCosReal(2 * t) +
         0.03 * Y * PetscCosReal(1.5 * t + 0.4) + 0.02 * X * Y * (1 - t);
}

/* Its diffusion potential: the current is alloy_content D_alloy grad(potential) */
static PetscReal AlloyPotential(const Cell *c, Point p)
{
  return NakThermoDiffusion(&c->k.alloy, Ratio(c, p)).value;
}

static PetscReal FaceContent(const Cell *c, Point p)
{
  return 0.6 + 0.1 * WaveX(c, p) + 0.05 * WaveY(c, p);
}

/* [A/m2] */
static PetscReal FaceCurrent(const Cell *c, Point p)
{
  return i_lim * (0.4 + 0.1 * WaveX(c, p) * WaveY(c, p));
}

static PetscReal Film(const Cell *c, Point p)
{
  return 0.2 + 0.08 * WaveX(c, p) - 0.05 * WaveY(c, p);
}

/* E of the metal, by charge transfer with equal coefficients */
static PetscReal Potential(const Cell *c, Point p)
{
  const PetscReal u = FaceContent(c, p), i0 = (1 - Film(c, p)) * u / (f * R_ct);

  return NakKineticsOpenCircuit(&c->k, u) + 2 / f * PetscAsinhReal(FaceCurrent(c, p) / (2 * i0));
}

/* Charge of the face [C/m2] */
static PetscReal Charge(const Cell *c, Point p)
{
  const PetscReal E = Potential(c, p);

  return double_layer * E - (1 - Film(c, p)) * adlayer / (1 + PetscExpReal(f * E));
}

/* u in equilibrium with the alloy over the interphase */
static PetscReal TopContent(const Cell *c, Point p)
{
  const Point top = {p.x, p.y, interphase};

  return PetscPowReal(Ratio(c, top) / c->k.r_ref, m);
}

/* Current of the second path, out of the alloy [A/m2] */
static PetscReal OverLimit(const Cell *c, Point p)
{
  const PetscReal u = TopContent(c, p), eta = Potential(c, p) - NakKineticsOpenCircuit(&c->k, u);

  return (1 - Film(c, p)) * u * eta / R_over;
}

/* u in the interphase: a cubic with value and slope of both ends, and a bump that changes neither.
   The film takes supply on top. */
static PetscReal Content(const Cell *c, Point p)
{
  const Point     top = {p.x, p.y, interphase};
  const PetscReal s = p.z / interphase, b = 1 - s, film = Film(c, p);
  const PetscReal from_alloy =
    c->alloy_content * c->D_alloy * Slope(c, AlloyPotential, top) - OverLimit(c, p); /* [A/m2] */
  const PetscReal high = TopContent(c, p) - film / (1 - film) * from_alloy / i_lim;

  return FaceContent(c, p) * b * b * (1 + 2 * s) + high * s * s * (3 - 2 * s) +
         FaceCurrent(c, p) / i_lim * s * b * b - from_alloy / i_lim * s * s * b +
         0.4 * (1 + WaveX(c, p)) * s * s * b * b * PetscSinReal(3 * s);
}

/* phi in the electrolyte: a parabola that meets the face and the cycler, and a bump that changes
   neither. */
static PetscReal Phi(const Cell *c, Point p)
{
  const PetscReal E = Potential(c, p), i = FaceCurrent(c, p), t = p.z / electrolyte;
  const PetscReal drop = i * electrolyte / sigma, two = 2 * sigma / electrolyte;
  const PetscReal bend = c->control.hold == NAK_HOLD_CURRENT
                           ? (i - c->control.value) / two
                           : (i - (c->control.value - E - drop) / series) / (1 / series + two);

  return -E + drop * t + bend * t * t +
         0.05 * t * t * (1 + t) * (1 + t) * PetscCosReal(2 * t) * (1 + 0.5 * WaveX(c, p));
}

/* ---- Solution and source on a grid ---- */

static void FillExact(const Cell *c, const NakGrid *g, const NakLayout *l, Point p, PetscReal u[])
{
  const PetscInt ne = g->n_electrolyte, nf = g->n_interphase;

  for (PetscInt j = 0; j < l->size; j++) u[j] = 0;
  for (PetscInt k = 0; k < g->nz; k++) {
    p.z = (g->z[k] + g->z[k + 1]) / 2;
    if (k < ne)
      u[l->phi + k] = Phi(c, p);
    else if (k < ne + nf)
      u[l->interphase + k - ne] = Content(c, p);
    else
      u[l->alloy + k - ne - nf] = Ratio(c, p);
  }
  u[l->potential]    = Potential(c, p);
  u[l->open]         = 1 - Film(c, p);
  u[l->charge]       = Charge(c, p);
  p.z                = g->z[g->nz];
  u[l->reservoir_na] = Ratio(c, p);
  u[l->reservoir_k]  = 1;
}

static void FillSource(const Cell *c, const NakGrid *g, const NakLayout *l, Point p, PetscReal s[])
{
  const PetscInt  ne = g->n_electrolyte, nf = g->n_interphase;
  const PetscReal film  = Film(c, p);
  const PetscReal share = 37e-9 / 45.5e-6 * F / (c->alloy_content * reservoir);

  for (PetscInt j = 0; j < l->size; j++) s[j] = 0;
  for (PetscInt k = 0; k < g->nz; k++) {
    const PetscReal h = g->z[k + 1] - g->z[k];

    p.z = (g->z[k] + g->z[k + 1]) / 2;
    if (k < ne)
      s[l->phi + k] = -sigma * h * Laplacian(c, Phi, p);
    else if (k < ne + nf)
      s[l->interphase + k - ne] =
        lambda * Content(c, p) - c->D_interphase * Laplacian(c, Content, p);
    else
      s[l->alloy + k - ne - nf] =
        lambda * Ratio(c, p) - c->D_alloy * Laplacian(c, AlloyPotential, p);
  }
  s[l->potential]    = lambda * Charge(c, p) + OverLimit(c, p);
  s[l->open]         = lambda * (1 - film) - film / film_time * (1 - c->k.u_k / FaceContent(c, p));
  p.z                = interphase + alloy;
  s[l->reservoir_na] = lambda * Ratio(c, p) + c->D_alloy * Slope(c, AlloyPotential, p) / reservoir -
                       mixing * LateralLaplacian(c, Ratio, p);
  s[l->reservoir_k] = lambda * (1 - share * (1 - film));
}

typedef void (*Filler)(const Cell *c, const NakGrid *g, const NakLayout *l, Point p, PetscReal u[]);

static void FillAll(const Cell *c, NakModel model, Filler fill, Vec V)
{
  NakState         state = NakModelState(model);
  const NakGrid   *g     = NakStateGrid(state);
  const NakLayout *l     = NakStateLayout(state);
  PetscInt         xs, ys, xm, ym, n = 0;
  PetscReal       *v;

  MUST(DMDAGetCorners(NakStateDM(state), &xs, &ys, NULL, &xm, &ym, NULL));
  MUST(VecGetArray(V, &v));
  for (PetscInt j = ys; j < ys + ym; j++)
    for (PetscInt i = xs; i < xs + xm; i++) {
      const Point p = {((PetscReal)i + 0.5) * g->dx, ((PetscReal)j + 0.5) * g->dy, 0};

      fill(c, g, l, p, v + l->size * n++);
    }
  MUST(VecRestoreArray(V, &v));
}

/* ---- The discrete solution ---- */

static void SetUpMultigrid(NakModel model, KSP ksp)
{
  PC pc;

  MUST(KSPSetType(ksp, KSPGMRES));
  MUST(KSPSetTolerances(ksp, 1e-11, 1e-300, PETSC_DEFAULT, 300));
  MUST(KSPGetPC(ksp, &pc));
  MUST(NakColumnsPreconditioner(NakModelColumns(model), pc));
}

/* Newton for F(U, lambda U) = S until the steps are as small as rounding allows. */
static void Solve(NakModel model, Vec S, Vec U)
{
  PetscReal step = 1;
  Vec       Udot, residual, change;
  Mat       A = NakColumnsOperator(NakModelColumns(model));
  KSP       ksp;

  MUST(VecDuplicate(U, &Udot));
  MUST(VecDuplicate(U, &residual));
  MUST(VecDuplicate(U, &change));
  MUST(KSPCreate(PETSC_COMM_WORLD, &ksp));
  MUST(KSPSetOperators(ksp, A, A));
  SetUpMultigrid(model, ksp);
  for (int n = 0; n < 12 && step > 1e-9; n++) {
    KSPConvergedReason reason;

    MUST(VecCopy(U, Udot));
    MUST(VecScale(Udot, lambda));
    MUST(NakModelResidual(model, U, Udot, residual));
    MUST(VecAXPY(residual, -1, S));
    MUST(NakColumnsLinearise(NakModelColumns(model), U, lambda));
    MUST(KSPSolve(ksp, residual, change));
    MUST(KSPGetConvergedReason(ksp, &reason));
    assert_true(reason > 0);
    MUST(VecAXPY(U, -1, change));
    MUST(VecNorm(change, NORM_INFINITY, &step));
  }
  assert_true(step <= 1e-9);
  MUST(KSPDestroy(&ksp));
  MUST(VecDestroy(&Udot));
  MUST(VecDestroy(&residual));
  MUST(VecDestroy(&change));
}

/* ---- Errors and orders ---- */

enum { PHI, E, U_INTERPHASE, R_ALLOY, R_RESERVOIR, NORMS };

static const char *const names[NORMS] = {"phi", "E", "u", "r", "reservoir"};

static void AddColumn(const NakGrid *g, const NakLayout *l, const PetscReal d[], PetscReal sum[])
{
  const PetscInt ne = g->n_electrolyte, nf = g->n_interphase;

  for (PetscInt k = 0; k < g->nz; k++) {
    const PetscReal h = g->z[k + 1] - g->z[k];

    if (k < ne)
      sum[PHI] += h / electrolyte * PetscSqr(d[l->phi + k]);
    else if (k < ne + nf)
      sum[U_INTERPHASE] += h / interphase * PetscSqr(d[l->interphase + k - ne]);
    else
      sum[R_ALLOY] += h / alloy * PetscSqr(d[l->alloy + k - ne - nf]);
  }
  sum[E] += PetscSqr(d[l->potential]);
  sum[R_RESERVOIR] += PetscSqr(d[l->reservoir_na]);
}

/* Root mean squares over each region. */
static void Errors(NakModel model, Vec difference, PetscReal error[NORMS])
{
  const NakGrid   *g       = NakStateGrid(NakModelState(model));
  const NakLayout *l       = NakStateLayout(NakModelState(model));
  const PetscReal  columns = (PetscReal)g->nx * (PetscReal)g->ny;
  const PetscReal *d;
  PetscInt         n;

  for (int k = 0; k < NORMS; k++) error[k] = 0;
  MUST(VecGetLocalSize(difference, &n));
  MUST(VecGetArrayRead(difference, &d));
  for (PetscInt k = 0; k < n; k += l->size) AddColumn(g, l, d + k, error);
  MUST(VecRestoreArrayRead(difference, &d));
  MUST(MPI_Allreduce(MPI_IN_PLACE, error, NORMS, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  for (int k = 0; k < NORMS; k++) error[k] = PetscSqrtReal(error[k] / columns);
}

static void SolveOn(const NakModelParams *params, NakControl control, PetscReal error[NORMS])
{
  const Cell cell = MakeCell(params, control);
  NakModel   model;
  Vec        U, S, exact;

  MUST(NakModelCreate(PETSC_COMM_WORLD, params, &model));
  MUST(NakModelHold(model, control));
  MUST(DMCreateGlobalVector(NakStateDM(NakModelState(model)), &U));
  MUST(VecDuplicate(U, &S));
  MUST(VecDuplicate(U, &exact));
  FillAll(&cell, model, FillExact, exact);
  FillAll(&cell, model, FillSource, S);
  MUST(VecCopy(exact, U));
  Solve(model, S, U);
  MUST(VecAXPY(U, -1, exact));
  Errors(model, U, error);
  MUST(VecDestroy(&U));
  MUST(VecDestroy(&S));
  MUST(VecDestroy(&exact));
  MUST(NakModelDestroy(&model));
}

/* The order between the two finest of `grids` grids, the coarsest with `coarsest` cells a side. */
static void CheckOrder(const char *title, int dimensions, NakLateral lateral, NakControl control,
                       PetscInt coarsest, int grids)
{
  PetscReal error[NORMS] = {0}, order[NORMS] = {0};

  for (int n = 0; n < grids; n++) {
    const PetscInt       cells = coarsest << n;
    const NakModelParams params =
      Params(dimensions > 1 ? cells : 1, dimensions > 2 ? cells : 1, cells, lateral);
    PetscReal last[NORMS];

    for (int k = 0; k < NORMS; k++) last[k] = error[k];
    SolveOn(&params, control, error);
    MUST(PetscPrintf(PETSC_COMM_WORLD, "%-24s %4d:", title, (int)cells));
    for (int k = 0; k < NORMS; k++) {
      order[k] = n > 0 ? PetscLog2Real(last[k] / error[k]) : 0;
      MUST(PetscPrintf(PETSC_COMM_WORLD, "  %s %.3e (%.3f)", names[k], (double)error[k],
                       (double)order[k]));
    }
    MUST(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  }
  for (int k = 0; k < NORMS; k++)
    if (!(PetscAbsReal(order[k] - 2) <= 0.1))
      fail_msg("%s: order of %s is %g", title, names[k], (double)order[k]);
}

static const NakControl current = {NAK_HOLD_CURRENT, 45}, voltage = {NAK_HOLD_VOLTAGE, 0.12};

static void OneDimension(void **unused)
{
  PetscMPIInt size;

  (void)unused;
  MUST(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  if (size > 1) skip();
  CheckOrder("1D, current", 1, NAK_LATERAL_PERIODIC, current, 8, 5);
  CheckOrder("1D, voltage", 1, NAK_LATERAL_PERIODIC, voltage, 8, 5);
}

static void TwoDimensions(void **unused)
{
  (void)unused;
  CheckOrder("2D periodic, current", 2, NAK_LATERAL_PERIODIC, current, 8, 4);
  CheckOrder("2D periodic, voltage", 2, NAK_LATERAL_PERIODIC, voltage, 8, 4);
  CheckOrder("2D symmetric, current", 2, NAK_LATERAL_SYMMETRIC, current, 8, 4);
}

static void ThreeDimensions(void **unused)
{
  (void)unused;
  CheckOrder("3D periodic, current", 3, NAK_LATERAL_PERIODIC, current, 4, 4);
  CheckOrder("3D symmetric, voltage", 3, NAK_LATERAL_SYMMETRIC, voltage, 4, 4);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(OneDimension),
  cmocka_unit_test(TwoDimensions),
  cmocka_unit_test(ThreeDimensions),
};

NAK_TEST_MAIN(tests)
