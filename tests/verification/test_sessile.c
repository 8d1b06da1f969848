/* A void on the wall: its contact angle, the pressure of its gas, and how fast an empty one closes, and
   how fast one dissolves, all against geometry; the error falls with the cell.  Prints what it finds. */
#include <nakfield/voids.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MUST(call) assert_int_equal((call), 0)

static const PetscReal tension = 0.13, degree = PETSC_PI / 180, micron = 1e-6;

typedef struct {
  NakState       state;
  NakVoids       voids;
  NakVoidsDrive *drive;
} Case;

/* One pocket in the middle of a box, with cells of `cell`; its angle is the depleted one. */
static Case Create(PetscReal cell, PetscInt ny, PetscReal rest, PetscReal angle, PetscReal pressure,
                   PetscReal radius, PetscReal dissolution)
{
  const PetscInt       nx     = (PetscInt)(16 * micron / cell + 0.5);
  const NakGridParams  grid   = {.nx                = nx,
                                 .ny                = ny == 1 ? 1 : nx,
                                 .width             = 16 * micron,
                                 .depth             = ny == 1 ? cell : 0,
                                 .alloy_height      = 7 * micron,
                                 .interphase_layers = 1,
                                 .alloy_layers      = (PetscInt)(7 * micron / cell + 0.5),
                                 .lateral           = NAK_LATERAL_SYMMETRIC};
  const NakVoidsParams params = {.pockets        = 1,
                                 .arrangement    = NAK_POCKETS_EVEN,
                                 .radius         = radius,
                                 .width          = micron,
                                 .contact_angle  = rest,
                                 .depleted_angle = angle,
                                 .onset          = 1,
                                 .mobility       = 1e-12,
                                 .pressure       = pressure,
                                 .dissolution    = dissolution,
                                 .tolerance      = 1e-3,
                                 .change         = 1e-3};
  Case                 c;

  MUST(NakStateCreate(PETSC_COMM_WORLD, &grid, 0, 37e-9, 1e-3, &c.state));
  MUST(NakVoidsCreate(c.state, &params, tension, &c.voids));
  MUST(PetscMalloc1(grid.nx * grid.ny, &c.drive));
  for (PetscInt k = 0; k < grid.nx * grid.ny; k++) c.drive[k] = (NakVoidsDrive){.u = 0, .load = 1};
  return c;
}

static void Destroy(Case *c)
{
  MUST(PetscFree(c->drive));
  MUST(NakVoidsDestroy(&c->voids));
  MUST(NakStateDestroy(&c->state));
}

/* Where the contour v = 1/2 crosses the lines of cells above each column of the middle row: a circle
   r^2 + z^2 = 2 a + 2 b z fitted to them (least squares), of centre b over the wall. */
static void FitCircle(const Case *c, PetscReal *centre, PetscReal *radius)
{
  const NakGrid   *g  = NakStateGrid(c->state);
  const PetscInt   nz = g->n_alloy, row = g->ny / 2;
  const PetscReal  h = 7 * micron / (PetscReal)nz, low = 0.8 * micron;
  const PetscReal  y = g->ny == 1 ? 0 : ((PetscReal)row + 0.5) * g->dy - 8 * micron;
  PetscReal        n = 0, sz = 0, szz = 0, sq = 0, sqz = 0, b, a;
  const PetscReal *v;

  MUST(VecGetArrayRead(NakVoidsOrder(c->voids), &v));
  for (PetscInt i = 0; i < g->nx; i++) {
    const PetscReal *column = v + ((ptrdiff_t)row * g->nx + i) * nz;
    const PetscReal  x      = ((PetscReal)i + 0.5) * g->dx - 8 * micron;

    for (PetscInt k = 0; k + 1 < nz; k++) {
      const PetscReal z =
        h * ((PetscReal)k + 0.5 + (0.5 - column[k]) / (column[k + 1] - column[k]));
      const PetscReal q = x * x + y * y + z * z;

      if ((column[k] - 0.5) * (column[k + 1] - 0.5) > 0 || z < low) continue;
      n += 1;
      sz += z;
      szz += z * z;
      sq += q;
      sqz += q * z;
    }
  }
  MUST(VecRestoreArrayRead(NakVoidsOrder(c->voids), &v));
  assert_true(n >= 6);
  b       = (sqz - sq * sz / n) / (szz - sz * sz / n) / 2;
  a       = (sq - 2 * b * sz) / n; /* R^2 - b^2 */
  *centre = b;
  *radius = PetscSqrtReal(a + b * b);
}

/* The angle that a void takes whose liquid had another one. */
static PetscReal Angle(PetscReal cell, PetscInt ny, PetscReal rest, PetscReal angle,
                       PetscReal *pressure_error)
{
  const PetscReal p = 1e5;
  Case            c = Create(cell, ny, rest, angle, p, 2.5 * micron, 0);
  PetscReal       centre, radius, laplace;
  NakVoidsReport  before, after;

  MUST(NakVoidsMeasure(c.voids, &before));
  laplace = (ny == 1 ? 1 : 2) * tension / (2.5 * micron);
  for (int k = 0; k < 4; k++) MUST(NakVoidsStep(c.voids, 50, c.drive));
  MUST(NakVoidsMeasure(c.voids, &after));
  FitCircle(&c, &centre, &radius);
  /* Boyle's law from the start to the pressure of the new curvature */
  *pressure_error =
    (p + laplace) * before.height / after.height / (p + (ny == 1 ? 1 : 2) * tension / radius) - 1;
  Destroy(&c);
  return PetscAcosReal(centre / radius) / degree;
}

static void ContactAngleIsTaken(void **state)
{
  const PetscReal angles[] = {60, 90, 135};

  (void)state;
  for (size_t k = 0; k < sizeof angles / sizeof *angles; k++) {
    const PetscReal rest = angles[k] == 90 ? 60 : 90;
    PetscReal       coarse, fine, deep, p[3];

    coarse = Angle(0.25 * micron, 1, rest * degree, angles[k] * degree, &p[0]);
    fine   = Angle(0.125 * micron, 1, rest * degree, angles[k] * degree, &p[1]);
    deep   = Angle(0.25 * micron, 2, rest * degree, angles[k] * degree, &p[2]);
    print_message(
      "%g degrees: %.2f and %.2f in 2D, %.2f in 3D; pressures off by %.2g, %.2g, %.2g\n",
      (double)angles[k], (double)coarse, (double)fine, (double)deep, (double)p[0], (double)p[1],
      (double)p[2]);
    assert_true(PetscAbsReal(coarse - angles[k]) < 3);
    assert_true(PetscAbsReal(fine - angles[k]) < 3);
    assert_true(PetscAbsReal(deep - angles[k]) < 3);
    for (int m = 0; m < 3; m++) assert_true(PetscAbsReal(p[m]) < 0.02);
  }
}

/* Half a cylinder at 90 degrees without gas: R dR/dt = -mobility, so the area falls by pi mobility;
   half a ball: R^2 falls by 4 mobility per time. */
static void EmptyVoidsClose(void **state)
{
  const PetscReal mobility = 1e-12, R = 4 * micron, t = 2;

  (void)state;
  for (PetscInt ny = 1; ny <= 2; ny++) {
    Case            c    = Create(0.25 * micron, ny, 90 * degree, 90 * degree, 0, R, 0);
    const PetscReal area = 16 * micron * (ny == 1 ? 1 : 16 * micron);
    NakVoidsReport  before, after;
    PetscReal       found, expected;

    MUST(NakVoidsStep(c.voids, 0.5, c.drive)); /* let the interface settle */
    MUST(NakVoidsMeasure(c.voids, &before));
    MUST(NakVoidsStep(c.voids, t, c.drive));
    MUST(NakVoidsMeasure(c.voids, &after));
    if (ny == 1) {
      found    = (before.height - after.height) * area;
      expected = PETSC_PI * mobility * t;
    } else { /* V = 2 pi R^3 / 3 */
      found = PetscPowReal(3 * before.height * area / (2 * PETSC_PI), 2. / 3) -
              PetscPowReal(3 * after.height * area / (2 * PETSC_PI), 2. / 3);
      expected = 4 * mobility * t;
    }
    print_message("%dD: closes at %.4f of the rate of a sharp interface\n", (int)ny + 1,
                  (double)(found / expected));
    assert_true(PetscAbsReal(found / expected - 1) < 0.04);
    Destroy(&c);
  }
}

/* How long a half ball (or half a cylinder) of gas lasts, times diffusivity and solubility [m2]: with
   N = (p + curved tension / R) V and the flux of Epstein and Plesset (1950) from a ball into a liquid that
   has none of the gas, or the steady one from a cylinder to the top of the alloy, the integral of
   dN/dR over the loss.  In closed form, or by the rule of midpoints. */
static PetscReal Lasts(PetscInt ny, PetscReal p, PetscReal R, PetscReal top)
{
  const PetscInt  n   = 2000;
  const PetscReal a   = 2 * tension / p; /* a ball's radius at twice the liquid's pressure */
  PetscReal       sum = 0;

  if (ny > 1) return R * R / 2 - a / 3 * (R - a * PetscLogReal(1 + R / a));
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal r = R * ((PetscReal)k + 0.5) / (PetscReal)n;

    sum += (p * r + tension / 2) * r / (p * r + tension) * PetscLogReal(top / r) * R / (PetscReal)n;
  }
  return sum;
}

/* Radius of half a cylinder, or half a ball, of what there is [m]. */
static PetscReal RadiusOf(const Case *c, PetscInt ny, NakVoidsReport *report)
{
  const NakGrid *g = NakStateGrid(c->state);
  PetscReal      area;

  MUST(NakVoidsMeasure(c->voids, report));
  area = g->dx * (PetscReal)g->nx * g->dy * (PetscReal)g->ny;
  return ny == 1 ? PetscSqrtReal(2 * report->height * area / (PETSC_PI * g->dy))
                 : PetscPowReal(3 * report->height * area / (2 * PETSC_PI), 1. / 3);
}

static void CheckDissolution(PetscInt ny, PetscReal dissolution, PetscReal end)
{
  const PetscReal p = 1e5, start = 4 * micron, top = 1e-3;
  Case            c = Create(0.25 * micron, ny, 90 * degree, 90 * degree, p, start, dissolution);
  NakVoidsReport  report;
  PetscReal       t = 0, R, first, found;

  MUST(NakVoidsStep(c.voids, 20, c.drive)); /* let the interface settle */
  first = R = RadiusOf(&c, ny, &report);
  while (R > end) {
    const PetscReal dt = NakVoidsReach(c.voids);

    MUST(NakVoidsStep(c.voids, dt, c.drive));
    t += dt;
    R = RadiusOf(&c, ny, &report);
  }
  found = (Lasts(ny, p, first, top) - Lasts(ny, p, R, top)) / (dissolution * t);
  print_message(
    "%dD: dissolves at %.4f of the rate of a sharp interface, %.0f s from %.2f to %.2f um; "
    "%.3g of the gas gone, balance %.1g\n",
    (int)ny + 1, (double)found, (double)t, (double)(first / micron), (double)(R / micron),
    (double)report.dissolved, (double)report.gas_balance);
  assert_true(PetscAbsReal(found - 1) < 0.04);
  assert_true(PetscAbsReal(report.gas_balance) < 1e-13);
  Destroy(&c);
}

static void GasDissolves(void **state)
{
  (void)state;
  CheckDissolution(1, 5e-14, 3 * micron);
  CheckDissolution(2, 1e-14, 3.8 * micron);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ContactAngleIsTaken),
    cmocka_unit_test(EmptyVoidsClose),
    cmocka_unit_test(GasDissolves),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() || failed;
}
