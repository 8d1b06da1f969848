/* The gas of voids: pockets, pressures, voids that meet and part, dissolution, nuclei.  Run on 1, 2
   and 3 ranks. */
#include "gas_impl.h"

#include "checkpoint_fixture.h"

static const PetscReal tension = 0.13, degree = PETSC_PI / 180, side = 0.25e-6;

enum { LAYERS = 12, MOST = 32 * 32 };

static const PetscReal heights[LAYERS] = {0.25e-6, 0.25e-6, 0.25e-6, 0.25e-6, 0.25e-6, 0.25e-6,
                                          0.25e-6, 0.25e-6, 0.25e-6, 0.25e-6, 0.25e-6, 0.25e-6};

static NakVoidsParams Params(void)
{
  return (NakVoidsParams){.pockets        = 2,
                          .arrangement    = NAK_POCKETS_EVEN,
                          .radius         = 1e-6,
                          .seed           = 5,
                          .contact_angle  = 75 * degree,
                          .depleted_angle = 140 * degree,
                          .onset          = 0.75,
                          .mobility       = 1e-12,
                          .pressure       = 1e5};
}

/* A field whose order parameter is the share of void itself. */
typedef struct {
  NakState      state;
  NakGas        gas;
  PetscInt      n; /* owned columns */
  PetscReal    *share, *wetted;
  NakVoidsDrive drive[MOST];
} Case;

static PetscReal Lay(void *ctx, PetscInt column, PetscInt layer, PetscReal cap)
{
  PetscReal *const share = &((Case *)ctx)->share[(ptrdiff_t)column * LAYERS + layer];

  *share = PetscMax(*share, cap);
  return cap;
}

/* How many times as deep as wide a single row of columns is. */
static PetscReal across = 1;

static Case *CreateOn(MPI_Comm comm, PetscInt nx, PetscInt ny, NakVoidsParams params)
{
  const NakGridParams grid  = {.nx                = nx,
                               .ny                = ny,
                               .width             = side * (nx > 1 ? (PetscReal)nx : across),
                               .depth             = side * (ny > 1 ? (PetscReal)ny : across),
                               .alloy_height      = LAYERS * heights[0],
                               .interphase_layers = 2,
                               .alloy_layers      = LAYERS,
                               .lateral           = NAK_LATERAL_PERIODIC};
  NakGasField         field = {
            .layers = LAYERS, .height = heights, .tension = tension, .steepness = 4e6, .lay = Lay};
  Case   *c;
  NakPart part;

  MUST(PetscNew(&c));
  MUST(NakStateCreate(comm, &grid, 0, 37e-9, 1e-3, &c->state));
  MUST(NakPartOf(NakStateDM(c->state), PETSC_FALSE, &part));
  c->n      = NakPartColumns(&part);
  field.ctx = c;
  MUST(PetscCalloc2((size_t)c->n * LAYERS, &c->share, c->n, &c->wetted));
  for (PetscInt k = 0; k < c->n; k++) {
    c->wetted[k] = 1;
    c->drive[k]  = (NakVoidsDrive){.u = 0, .load = 1};
  }
  MUST(NakGasCreate(c->state, &params, &field, &c->gas));
  MUST(NakGasPockets(c->gas));
  MUST(NakGasVolumes(c->gas, c->share));
  MUST(NakGasRegroup(c->gas, c->share));
  return c;
}

static Case *Create(PetscInt nx, PetscInt ny, NakVoidsParams params)
{
  return CreateOn(PETSC_COMM_WORLD, nx, ny, params);
}

static void Destroy(Case *c)
{
  MUST_DESTROY(NakGasDestroy, c->gas);
  MUST(NakStateDestroy(&c->state));
  MUST(PetscFree2(c->share, c->wetted));
  MUST(PetscFree(c));
}

static NakGasReport Measure(Case *c)
{
  NakGasReport report;

  MUST(NakGasVolumes(c->gas, c->share));
  NakGasMeasure(c->gas, &report);
  return report;
}

/* Cylinders hold their radius by tension over it; two apart have half each. */
static void PocketsBearTheirTension(void **unused)
{
  Case              *c     = Create(40, 1, Params());
  const NakGasReport r     = Measure(c);
  PetscReal          worst = 0;

  (void)unused;
  assert_int_equal(r.count, 2);
  assert_int_equal(r.formed, 2);
  for (PetscInt k = 0; k < c->n; k++)
    worst = PetscMax(worst, PetscAbsReal(NakGasExcess(c->gas, k) - tension / 1e-6));
  print_message("excess over tension / radius: off by %.1e\n", (double)(worst * 1e-6 / tension));
  assert_true(worst < 1e-2 * tension / 1e-6); /* caps overlap by their tails */
  AssertRelative("amount", r.amount, (1e5 + tension / 1e-6) * r.height * 40 * side * side, 1e-2);
  assert_true(PetscAbsReal(r.balance) < 1e-14);
  Destroy(c);
}

/* What is said to answer a small change of volume is the difference of the pressures. */
static void AnswersAreDifferences(void **unused)
{
  Case      *c    = Create(40, 1, Params());
  PetscReal *fall = c->wetted, small = 1e-6; /* borrowed */
  PetscReal  before[MOST];

  (void)unused;
  MUST(NakGasVolumes(c->gas, c->share));
  for (PetscInt k = 0; k < c->n; k++) {
    before[k] = NakGasExcess(c->gas, k);
    fall[k]   = small * side * side * heights[1] * (PetscReal)(k + 1);
    c->share[(ptrdiff_t)k * LAYERS + 1] += small * (PetscReal)(k + 1);
  }
  MUST(NakGasAnswer(c->gas, fall));
  MUST(NakGasVolumes(c->gas, c->share));
  for (PetscInt k = 0; k < c->n; k++)
    AssertRelative("fall", before[k] - NakGasExcess(c->gas, k), fall[k], 1e-3);
  Destroy(c);
}

/* Fill the lowest layer of all columns with so much void. */
static void Bridge(Case *c, PetscReal share)
{
  for (ptrdiff_t k = 0; k < c->n; k++) c->share[k * LAYERS] = share;
  MUST(NakGasVolumes(c->gas, c->share));
  MUST(NakGasRegroup(c->gas, c->share));
}

/* Voids that touch have one pressure, and each its part of the gas when they come apart. */
static void MeetAndPart(void **unused)
{
  Case              *c      = Create(40, 1, Params());
  const NakGasReport before = Measure(c);
  NakGasReport       after;

  (void)unused;
  Bridge(c, 1);
  after = Measure(c);
  assert_int_equal(after.count, 1);
  AssertRelative("gas of one", after.amount, before.amount, 1e-14);
  Bridge(c, 0.2);
  after = Measure(c);
  assert_int_equal(after.count, 2);
  AssertRelative("gas of two", after.amount, before.amount, 1e-14);
  assert_true(PetscAbsReal(after.balance) < 1e-14);
  Destroy(c);
}

/* Void in the lowest layers of some columns: from..to in x, all of y, `layers` of them. */
static void Block(Case *c, PetscInt from, PetscInt to, PetscInt layers)
{
  NakPart  part;
  PetscInt i[3], n = 0;

  MUST(NakPartOf(NakStateDM(c->state), PETSC_FALSE, &part));
  for (PetscBool more = NakPartFirst(&part, i); more; more = NakPartNext(&part, i), n++)
    for (PetscInt k = 0; k < LAYERS && i[0] >= from && i[0] < to; k++)
      c->share[n * LAYERS + k] = k < layers ? 1 : 0;
}

/* Pressure of the gas in the column of the whole grid whose x is `x`, of all ranks' the
   greatest. */
static PetscReal PressureAt(Case *c, PetscInt x)
{
  PetscReal most = -PETSC_MAX_REAL;
  NakPart   part;
  PetscInt  i[3], n = 0;

  MUST(NakPartOf(NakStateDM(c->state), PETSC_FALSE, &part));
  for (PetscBool more = NakPartFirst(&part, i); more; more = NakPartNext(&part, i), n++)
    if (i[0] == x) most = PetscMax(most, NakGasExcess(c->gas, n) + 1e5);
  MUST(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  return most;
}

/* One pocket, cut in two by what has no void: each part has its own gas from then on, across a
   periodic side, too.  A part that is narrower than two interfaces shares that of the other.  Parts
   that touch again have one pressure. */
static void OnePocketIsCutInTwo(void **unused)
{
  NakVoidsParams p = Params();

  (void)unused;
  p.pockets = 1;
  for (int shift = 0; shift < 2; shift++)
    for (int narrow = 0; narrow < 2; narrow++) {
      const PetscInt     left = shift ? 0 : 6, right = shift ? 26 : 24;
      Case              *c     = Create(40, 1, p);
      const NakGasReport first = Measure(c);
      PetscReal          at_cut, other;

      Block(c, 0, 40, 0);
      Block(c, left, left + 20, 4);
      if (shift) Block(c, 36, 40, 4); /* beyond the side it goes on */
      MUST(NakGasVolumes(c->gas, c->share));
      Block(c, left + 12, left + 20, 0);
      Block(c, right, right + (narrow ? 1 : 8), 4);
      MUST(NakGasRegroup(c->gas, c->share));
      at_cut = PressureAt(c, left + 3);
      other  = PressureAt(c, right);
      AssertRelative("one pressure at the cut", other, at_cut, 1e-12);
      assert_int_equal(Measure(c).count, narrow ? 1 : 2);
      AssertRelative("gas", Measure(c).amount, first.amount, 1e-13);
      Block(c, right, right + (narrow ? 1 : 8), 2); /* half of it */
      MUST(NakGasVolumes(c->gas, c->share));
      if (narrow) {
        AssertRelative("still one", PressureAt(c, right), PressureAt(c, left + 3), 1e-12);
      } else {
        AssertRelative("the one", PressureAt(c, left + 3), at_cut, 1e-12);
        AssertRelative("the other", PressureAt(c, right), 2 * at_cut, 1e-12);
      }
      Block(c, left, right + 8, 4);
      MUST(NakGasRegroup(c->gas, c->share));
      assert_int_equal(Measure(c).count, 1);
      AssertRelative("one again", PressureAt(c, right), PressureAt(c, left + 3), 1e-12);
      AssertRelative("gas", Measure(c).amount, first.amount, 1e-13);
      Destroy(c);
    }
}

/* The gas of two voids that met belongs to the one that has cells, the first or the second. */
static void GasFollowsTheCells(void **unused)
{
  Case              *c      = Create(40, 1, Params());
  const NakGasReport before = Measure(c);

  (void)unused;
  Bridge(c, 1);
  for (int turn = 0; turn < 3; turn++) {
    const PetscInt from = turn % 2 == 0 ? 26 : 6;

    Block(c, 0, 40, 0);
    Block(c, from, from + 8, 6);
    MUST(NakGasVolumes(c->gas, c->share));
    MUST(NakGasRegroup(c->gas, c->share));
    for (int k = 0; k < 2; k++) assert_int_equal(c->gas->root[k], turn % 2 == 0);
    AssertRelative("gas", Measure(c).amount, before.amount, 1e-13);
  }
  Destroy(c);
}

/* Whether column i is of the large part or of the small one, which goes on beyond a periodic side.
   They lie on a line or on a face of 32 x 24. */
static PetscBool IsOfAPart(PetscBool line, const PetscInt i[])
{
  const PetscInt along = i[0] + i[1];

  if (line) return (PetscBool)((along >= 8 && along < 20) || along >= 35 || along < 3);
  if (i[0] >= 8 && i[0] < 18) return (PetscBool)(i[1] >= 8 && i[1] < 20);
  if (i[1] == 2) return (PetscBool)(i[0] >= 28);
  return (PetscBool)(i[1] > 2 && i[1] < 6 && (i[0] >= 30 || i[0] < 2));
}

/* A part that is a void of its own has its place in its middle, and reaches as far as it does. */
static void PartsHaveTheirPlaces(void **unused)
{
  const struct {
    PetscInt  nx, ny;
    PetscReal x, y, reach; /* [columns] */
  } cases[] = {
    {40, 1,  39,   1.5, 4                           }, /* columns are three times as deep as wide */
    {1,  40, 1.5,  39,  4                           },
    {32, 24, 31.5, 4,   PetscSqrtReal(16 / PETSC_PI)}
  };
  NakVoidsParams p = Params();

  (void)unused;
  p.pockets = 1;
  for (int k = 0; k < 3; k++) {
    NakPart  part;
    PetscInt i[3], n = 0;
    Case    *c;

    across = 3;
    c      = Create(cases[k].nx, cases[k].ny, p);
    across = 1;
    MUST(NakPartOf(NakStateDM(c->state), PETSC_FALSE, &part));
    for (PetscBool more = NakPartFirst(&part, i); more; more = NakPartNext(&part, i))
      for (PetscInt layer = 0; layer < LAYERS; layer++)
        c->share[n++] = IsOfAPart((PetscBool)(k < 2), i) ? 1 : 0;
    MUST(NakGasVolumes(c->gas, c->share));
    MUST(NakGasRegroup(c->gas, c->share));
    assert_int_equal(c->gas->n, 2);
    AssertRelative("x", c->gas->x[1], side * cases[k].x, 1e-12);
    AssertRelative("y", c->gas->y[1], side * cases[k].y, 1e-12);
    AssertRelative("reach", c->gas->reach[1], side * cases[k].reach, 1e-12);
    Destroy(c);
  }
}

/* So many cells of void in six columns along x, and six along y where there are two, layer by
   layer. */
static void Pile(Case *c, PetscInt cells, PetscInt deep)
{
  NakPart  part;
  PetscInt i[3], n = 0;

  MUST(NakPartOf(NakStateDM(c->state), PETSC_FALSE, &part));
  for (PetscBool more = NakPartFirst(&part, i); more; more = NakPartNext(&part, i), n++)
    for (PetscInt k = 0; k < LAYERS && i[0] >= 20 && i[0] < 26 && i[1] < deep; k++)
      c->share[n * LAYERS + k] = (k * deep + i[1]) * 6 + i[0] - 20 < cells ? 1 : 0;
}

/* A part counts from half a cylinder, or half a ball, of the radius 1 um of two interfaces on: 25.1
   or 134.04 of the cells. */
static void SmallPartsDoNotCount(void **unused)
{
  const PetscReal w = 1e-6, cell = side * side * side;
  const PetscReal least[2] = {PETSC_PI / 2 * w * w * side / cell,
                              2 * PETSC_PI / 3 * w * w * w / cell};
  NakVoidsParams  p        = Params();

  (void)unused;
  p.pockets = 1;
  for (int solid = 0; solid < 2; solid++)
    for (int more = 0; more < 2; more++) {
      Case *c = Create(32, solid ? 12 : 1, p);

      Block(c, 0, 32, 0);
      Block(c, 2, 28, 6);
      MUST(NakGasVolumes(c->gas, c->share));
      Block(c, 10, 28, 0);
      Pile(c, (PetscInt)least[solid] + more, solid ? 6 : 1);
      MUST(NakGasRegroup(c->gas, c->share));
      assert_int_equal(Measure(c).count, 1 + more);
      Destroy(c);
    }
}

/* Of four voids in a square two that a row of single cells joins, along x or along y, are one. */
static void RowsOfCellsJoin(void **unused)
{
  (void)unused;
  for (int along = 0; along < 2; along++) {
    NakVoidsParams p = Params();
    PetscInt       n = 0;
    NakPart        part;
    Case          *c;

    p.pockets = 4;
    p.radius  = 0.6e-6;
    c         = Create(32, 24, p);
    assert_int_equal(Measure(c).count, 4);
    MUST(NakPartOf(NakStateDM(c->state), PETSC_FALSE, &part));
    for (PetscInt j = part.start[1]; j < part.start[1] + part.count[1]; j++)
      for (PetscInt i = part.start[0]; i < part.start[0] + part.count[0]; i++, n++)
        if (along == 0 ? j == 6 && i >= 8 && i <= 24 : i == 8 && j >= 6 && j <= 18)
          c->share[(ptrdiff_t)n * LAYERS] = 1;
    MUST(NakGasVolumes(c->gas, c->share));
    MUST(NakGasRegroup(c->gas, c->share));
    assert_int_equal(Measure(c).count, 3);
    assert_int_equal(c->gas->root[along == 0 ? 1 : 2], 0);
    Destroy(c);
  }
}

/* Part of the gas that is gone after some time at a temperature. */
static PetscReal Gone(PetscInt ny, NakVoidsParams p, PetscReal temperature, PetscReal dt)
{
  Case     *c = Create(ny > 1 ? 32 : 40, ny, p);
  PetscReal gone;

  NakGasSetTemperature(c->gas, temperature);
  MUST(NakGasRegroup(c->gas, c->share));
  MUST(NakGasDissolve(c->gas, c->share, dt));
  gone = Measure(c).dissolved;
  assert_true(PetscAbsReal(Measure(c).balance) < 1e-14);
  Destroy(c);
  return gone;
}

/* So little dissolves that the parts go as the rates, exp[-(E/k)(1/T - 1/T0)]. */
static void GasDissolvesAsTheTemperatureLets(void **unused)
{
  const PetscReal boltzmann = 8.617333262e-5, T = 273.15; /* [eV/K], [K] */
  const PetscReal slower = PetscExpReal(-0.71 / boltzmann * (1 / T - 1 / 298.15));
  NakVoidsParams  p      = Params();

  (void)unused;
  p.dissolution = 1e-15;
  p.energy      = 0.71;
  assert_true(Gone(1, p, 298.15, 1) > 1e-6);
  AssertRelative("slower", Gone(1, p, T, 1) / Gone(1, p, 298.15, 1), slower, 1e-3);
}

/* Half of what Epstein and Plesset (1950) let out of a ball into a liquid without gas: D 2 pi R
   times the gas over the volume, with the radius of the volume. */
static void HalfBallsDissolveByTheFormula(void **unused)
{
  const PetscReal D = 1e-15, dt = 0.1, area = side * side * 32 * 32;
  NakVoidsParams  p = Params();
  PetscReal       volume, radius;
  Case           *c;

  (void)unused;
  p.pockets       = 1;
  p.radius        = 2e-6;
  p.contact_angle = 90 * degree;
  p.dissolution   = D;
  c               = Create(32, 32, p);
  volume          = Measure(c).height * area;
  radius          = PetscPowReal(3 * volume / (2 * PETSC_PI), 1. / 3);
  Destroy(c);
  AssertRelative("gas", Gone(32, p, 298.15, dt), D * 2 * PETSC_PI * radius / volume * dt, 1e-3);
}

/* Of half a cylinder diffusion goes up to the top of the alloy: pi L D / ln(1 + top / R) of the gas
   over the volume. */
static void HalfCylindersDissolveByTheFormula(void **unused)
{
  const PetscReal D = 1e-15, dt = 0.1;
  NakVoidsParams  p = Params();
  PetscReal       volume, radius, top;
  Case           *c;

  (void)unused;
  p.pockets       = 1;
  p.contact_angle = 90 * degree;
  p.dissolution   = D;
  across          = 2;
  c               = Create(40, 1, p);
  volume          = Measure(c).height * 40 * side * 2 * side;
  radius          = PetscSqrtReal(2 * volume / (PETSC_PI * 2 * side));
  top             = LAYERS * heights[0] + NakStateGrid(c->state)->reservoir_height;
  Destroy(c);
  assert_true(top > 1e-4);
  AssertRelative("gas", Gone(1, p, 298.15, dt),
                 D * PETSC_PI * 2 * side / PetscLogReal(1 + top / radius) / volume * dt, 1e-3);
  across = 1;
}

/* A pocket is a cap of a ball or of a cylinder whose centre is over the wall by its angle, with the
   gas that bears its curvature.  As it dissolves its pressure falls, and no step lets more than a
   twentieth of it go. */
static void PocketsAreCaps(void **unused)
{
  (void)unused;
  for (int flat = 0; flat < 2; flat++) {
    NakVoidsParams  p  = Params();
    const PetscInt  ny = flat ? 1 : 24;
    const PetscReal R = 1e-6, centre[2] = {16 * side, 0.5 * (PetscReal)ny * side};
    const PetscReal bears  = 1e5 + (flat ? 1 : 2) * tension / R;
    PetscReal       volume = 0, rate;
    PetscInt        column = 0;
    NakPart         part;
    Case           *c;

    p.pockets     = 1;
    p.dissolution = 1e-15;
    c             = Create(32, ny, p);
    MUST(NakPartOf(NakStateDM(c->state), PETSC_FALSE, &part));
    for (PetscInt j = part.start[1]; j < part.start[1] + part.count[1]; j++)
      for (PetscInt i = part.start[0]; i < part.start[0] + part.count[0]; i++, column++)
        for (PetscInt k = 0; k < LAYERS; k++) {
          const PetscReal x     = side * ((PetscReal)i + 0.5) - centre[0],
                          y     = side * ((PetscReal)j + 0.5) - centre[1],
                          z     = heights[0] * ((PetscReal)k + 0.5) - R * PetscCosReal(75 * degree);
          const PetscReal r     = PetscSqrtReal(x * x + y * y + z * z);
          const PetscReal share = 1 / (1 + PetscExpReal(4e6 * (r - R)));

          AssertNear("share", c->share[(ptrdiff_t)column * LAYERS + k], share, 1e-12);
          volume += side * side * heights[0] * share;
        }
    MUST(MPI_Allreduce(MPI_IN_PLACE, &volume, 1, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
    AssertRelative("gas", Measure(c).amount, bears * volume, 1e-12);
    AssertRelative("excess", NakGasExcess(c->gas, 0), bears - 1e5, 1e-9);
    rate = 1e-15 / volume;
    if (flat)
      rate *= PETSC_PI * side /
              PetscLogReal(1 + (LAYERS * heights[0] + NakStateGrid(c->state)->reservoir_height) /
                                 PetscSqrtReal(2 * volume / (PETSC_PI * side)));
    else
      rate *= 2 * PETSC_PI * PetscPowReal(3 * volume / (2 * PETSC_PI), 1. / 3);
    AssertRelative("longest step", NakGasMaxStep(c->gas), 0.05 / rate, 1e-12);
    NakGasAge(c->gas, 0.3 / rate);
    AssertRelative("later", NakGasExcess(c->gas, 0), bears * PetscExpReal(-0.3) - 1e5, 1e-9);
    Destroy(c);
  }
}

/* A void too small for its interface loses all at once. */
static void SmallVoidsVanish(void **unused)
{
  NakVoidsParams p = Params();

  (void)unused;
  p.dissolution = 1e-20;
  p.radius      = 0.3e-6;
  AssertRelative("all", Gone(1, p, 298.15, 1e-6), 1, 1e-14);
}

/* ---- Where voids begin, and when ---- */

/* Rows and columns as nearly square as the number allows; a row of columns has all of them. */
static void EvenPocketsAreALattice(void **unused)
{
  static const PetscInt cases[][4] = {
    {32, 24, 3, 2},
    {32, 1,  6, 1},
    {1,  32, 1, 6},
  }; /* columns of the grid, pockets in x and y */

  (void)unused;
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const PetscInt nx = cases[n][0], ny = cases[n][1], px = cases[n][2], py = cases[n][3];
    NakVoidsParams p = Params();
    Case          *c;

    p.pockets = 6;
    p.radius  = 0.3e-6;
    c         = Create(nx, ny, p);
    assert_int_equal(c->gas->n, 6);
    for (PetscInt k = 0; k < 6; k++) {
      AssertRelative("x", c->gas->x[k],
                     side * (PetscReal)nx * ((PetscReal)(k % px) + 0.5) / (PetscReal)px, 1e-13);
      AssertRelative("y", c->gas->y[k],
                     side * (PetscReal)ny * ((PetscReal)(k / px) + 0.5) / (PetscReal)py, 1e-13);
    }
    Destroy(c);
  }
}

/* Distance of two places in a box that is closed to a ring both ways. */
static PetscReal Apart(const PetscReal a[2], const PetscReal b[2])
{
  const PetscReal size[2] = {32 * side, 24 * side};
  PetscReal       sum     = 0;

  for (int d = 0; d < 2; d++) {
    const PetscReal away = PetscAbsReal(a[d] - b[d]);

    sum += PetscSqr(PetscMin(away, size[d] - away));
  }
  return PetscSqrtReal(sum);
}

/* Of eight random places that which is farthest from the pockets before it; of the first all are as
   far. */
static void RandomPocketsKeepApart(void **unused)
{
  NakVoidsParams p = Params();
  PetscReal      at[4][2];
  Case          *c;

  (void)unused;
  p.arrangement = NAK_POCKETS_RANDOM;
  p.pockets     = 4;
  p.radius      = 0.3e-6;
  c             = Create(32, 24, p);
  for (int k = 0; k < 4; k++) {
    PetscReal farthest = -1;

    for (int m = 0; m < 8; m++) {
      PetscReal place[2], nearest = 1;

      NakRandom(5 << 8 | 1, (uint64_t)k, (uint64_t)m, place);
      place[0] *= 32 * side;
      place[1] *= 24 * side;
      for (int other = 0; other < k; other++) nearest = PetscMin(nearest, Apart(place, at[other]));
      if (nearest <= farthest) continue;
      farthest = nearest;
      at[k][0] = place[0];
      at[k][1] = place[1];
    }
    AssertRelative("x", c->gas->x[k], at[k][0], 1e-13);
    AssertRelative("y", c->gas->y[k], at[k][1], 1e-13);
  }
  Destroy(c);
}

/* The first nucleus comes where the logarithm of a column's random number is the largest, and when
   the integral of its rate has come to that: rate and area and the wetted part. */
static void TheFirstNucleusIsOnTime(void **unused)
{
  NakVoidsParams p     = Params();
  PetscReal      first = 1e9;
  PetscInt       where = -1;
  PetscBool      formed;
  Case          *c;

  (void)unused;
  p.pockets    = 0;
  p.nucleation = 1e12;
  p.radius     = 0.3e-6;
  for (PetscInt column = 0; column < 32 * 24; column++) {
    PetscReal uniform[2];

    NakRandom(5 << 8 | 2, (uint64_t)column, 0, uniform);
    if (-PetscLogReal(uniform[0]) >= first) continue;
    first = -PetscLogReal(uniform[0]);
    where = column;
  }
  first /= 1e12 * side * side * 0.8;
  c = Create(32, 24, p);
  for (PetscInt k = 0; k < c->n; k++) c->wetted[k] = 0.8;
  MUST(NakGasWait(c->gas, c->wetted, c->drive));
  AssertRelative("wait", NakGasMaxStep(c->gas), first, 2e-9);
  MUST(NakGasNucleate(c->gas, first * (1 - 1e-6), c->wetted, c->drive, &formed));
  assert_false(formed);
  MUST(NakGasNucleate(c->gas, first * 2e-6, c->wetted, c->drive, &formed));
  assert_true(formed);
  assert_int_equal(c->gas->n, 1);
  AssertRelative("x", c->gas->x[0], side * ((PetscReal)(where % 32) + 0.5), 1e-13);
  AssertRelative("y", c->gas->y[0], side * ((PetscReal)(where / 32) + 0.5), 1e-13);
  Destroy(c);
}

/* Faces stripped empty, with rates that their wetted parts lower as voids form. */
static NakGasReport Strip(MPI_Comm comm, PetscReal dt, PetscReal end)
{
  NakVoidsParams p = Params();
  NakGasReport   report;
  Case          *c;

  p.pockets    = 0;
  p.nucleation = 1e12;
  p.radius     = 0.3e-6;
  c            = CreateOn(comm, 32, 32, p);
  for (PetscInt step = 0; (PetscReal)step < end / dt - 0.5; step++) {
    PetscBool formed;

    MUST(NakGasNucleate(c->gas, dt, c->wetted, c->drive, &formed));
    if (formed) MUST(NakGasRegroup(c->gas, c->share));
    MUST(NakGasWait(c->gas, c->wetted, c->drive));
    assert_true(NakGasMaxStep(c->gas) > 0);
  }
  report = Measure(c);
  Destroy(c);
  return report;
}

/* Nuclei are as many as the rate says, within the scatter of their number; neither ranks nor steps
   change them. */
static void NucleiComeAtTheirRate(void **unused)
{
  const PetscReal    expected = 1e12 * 1024 * side * side;
  const NakGasReport all = Strip(PETSC_COMM_WORLD, 0.05, 1), one = Strip(PETSC_COMM_SELF, 0.1, 1);

  (void)unused;
  assert_true(PetscAbsReal((PetscReal)all.formed - expected) < 3 * PetscSqrtReal(expected));
  assert_int_equal(all.formed, one.formed);
  assert_int_equal(all.count, one.count);
  AssertRelative("volume", all.height, one.height, 1e-12);
}

/* A nucleus on a place that a void has left is that place's new void. */
static void NucleiReturn(void **unused)
{
  NakVoidsParams p      = Params();
  PetscBool      formed = PETSC_FALSE;
  PetscInt       n;
  Case          *c;

  (void)unused;
  p.pockets    = 0;
  p.nucleation = 1e12;
  c            = Create(32, 24, p);
  while (!formed) MUST(NakGasNucleate(c->gas, 0.05, c->wetted, c->drive, &formed));
  n = c->gas->n;
  for (PetscInt k = 0; k < n; k++) c->gas->gone[k] = 1;
  for (PetscInt k = 0; k < c->n; k++)
    if (c->gas->born[k] > 0) c->gas->hazard[k] = c->gas->due[k];
  MUST(NakGasNucleate(c->gas, 0, c->wetted, c->drive, &formed));
  assert_true(formed);
  assert_int_equal(c->gas->n, n);
  assert_int_equal(c->gas->formed, 2 * n);
  for (PetscInt k = 0; k < n; k++) assert_int_equal(c->gas->gone[k], 0);
  Destroy(c);
}

static PetscErrorCode Exchange(void *object, NakCheckpoint c)
{
  return NakGasCheckpoint(((Case *)object)->gas, c);
}

static void AssertSame(NakGas a, NakGas b)
{
  const size_t   size = (size_t)a->n * sizeof(PetscReal), whole = (size_t)a->n * sizeof(PetscInt);
  const PetscInt columns = NakPartColumns(&a->part);

  assert_int_equal(a->n, b->n);
  assert_memory_equal(a->x, b->x, size);
  assert_memory_equal(a->y, b->y, size);
  assert_memory_equal(a->amount, b->amount, size);
  assert_memory_equal(a->volume, b->volume, size);
  assert_memory_equal(a->escape, b->escape, size);
  assert_memory_equal(a->root, b->root, whole);
  assert_memory_equal(a->gone, b->gone, whole);
  assert_int_equal(a->formed, b->formed);
  assert_true(a->filled == b->filled && a->dissolved == b->dissolved && a->wait == b->wait);
  for (PetscInt k = 0; k < columns; k++)
    assert_true(a->owner[k] == b->owner[k] && a->born[k] == b->born[k] && a->due[k] == b->due[k] &&
                a->hazard[k] == b->hazard[k]);
}

/* Pockets and nuclei that lose gas: those that were read are what was written, and go on as they
   do. */
static void GoesOnFromACheckpoint(void **unused)
{
  NakVoidsParams p = Params();
  PetscInt      *born;
  Case          *c[2];
  PetscBool      formed;

  (void)unused;
  p.nucleation  = 1e12;
  p.dissolution = 1e-13;
  for (int k = 0; k < 2; k++) c[k] = Create(32, 24, p);
  for (int step = 0; step < 3; step++) {
    MUST(NakGasDissolve(c[0]->gas, c[0]->share, 1e-3));
    MUST(NakGasNucleate(c[0]->gas, 0.1, c[0]->wetted, c[0]->drive, &formed));
    assert_true(formed);
    MUST(NakGasVolumes(c[0]->gas, c[0]->share));
    MUST(NakGasRegroup(c[0]->gas, c[0]->share));
    MUST(NakGasWait(c[0]->gas, c[0]->wetted, c[0]->drive));
  }
  MUST(PetscMalloc1(c[0]->n, &born));
  MUST(PetscArraycpy(born, c[0]->gas->born, c[0]->n));
  PassOn(Exchange, c[0], c[1]);
  assert_memory_equal(c[0]->gas->born, born, (size_t)c[0]->n * sizeof *born);
  AssertSame(c[0]->gas, c[1]->gas);
  MUST(PetscArraycpy(c[1]->share, c[0]->share, (size_t)c[0]->n * LAYERS));
  for (int k = 0; k < 2; k++) {
    MUST(NakGasNucleate(c[k]->gas, 0.2, c[k]->wetted, c[k]->drive, &formed));
    MUST(NakGasVolumes(c[k]->gas, c[k]->share));
    MUST(NakGasRegroup(c[k]->gas, c[k]->share));
  }
  AssertSame(c[0]->gas, c[1]->gas);
  for (int k = 0; k < 2; k++) Destroy(c[k]);
  MUST(PetscFree(born));
}

/* A row of columns is the same in x and in y: voids are cylinders either way, and it does not
   matter how long. */
static void RowsAreAlike(void **unused)
{
  NakVoidsParams p = Params();
  NakGasReport   r[4];

  (void)unused;
  p.dissolution = 1e-13;
  for (int k = 0; k < 4; k++) {
    Case *c;

    across = k < 2 ? 1 : 2;
    c      = k % 2 == 0 ? Create(40, 1, p) : Create(1, 40, p);
    MUST(NakGasDissolve(c->gas, c->share, 1));
    r[k] = Measure(c);
    Destroy(c);
    assert_int_equal(r[k].count, 2);
    assert_true(r[k].dissolved > 0.01);
    AssertRelative("dissolved", r[k].dissolved, r[0].dissolved, 1e-12);
    AssertRelative("height", r[k].height, r[0].height, 1e-12);
  }
  across = 1;
}

/* Young's law from rest to depletion, and only while the face is stripped. */
static void AngleFollowsDepletion(void **unused)
{
  const NakVoidsParams p    = Params();
  const NakVoidsDrive  rest = {.u = 0, .load = 0}, empty = {.u = 0, .load = 1},
                      half = {.u = 0.375, .load = 1};
  const PetscReal a = PetscCosReal(75 * degree), b = PetscCosReal(140 * degree);

  (void)unused;
  AssertRelative("at rest", NakVoidsCosine(&p, &rest, NULL), a, 1e-14);
  AssertRelative("empty", NakVoidsCosine(&p, &empty, NULL), b, 1e-14);
  AssertRelative("half", NakVoidsCosine(&p, &half, NULL), (a + b) / 2, 1e-14);
}

/* A void must be lower than the zone that holds it: by its radius and its angle. */
static void HeightsAreChecked(void **unused)
{
  const NakVoidsParams p   = Params();
  const PetscReal      top = 1e-6 * (1 + 0.25881904510252074); /* cos 75 deg */

  (void)unused;
  for (int higher = 0; higher < 2; higher++) {
    const NakVoidsPlace at = {
      .columns   = {64,   1   },
      .side      = {side, side},
      .height    = top * (higher ? 1.001 : 0.999),
      .tension   = tension,
      .steepness = 4e6
    };
    NakCheckList list = {.n = 0};

    NakVoidsCheck(&p, &at, &list);
    assert_int_equal(list.n, higher ? 0 : 1);
  }
}

/* The feet of pockets, R sin(angle) wide to either side, take less than the face; and pockets that
   lose gas are larger by a tenth than what bears the highest pressure. */
static void PocketsAreChecked(void **unused)
{
  const PetscReal foot = 1e-6 * 0.96592582628906831; /* sin 75 deg */

  (void)unused;
  for (int flat = 0; flat < 3; flat++) /* in x and y, in x, in y */
    for (int many = 0; many < 2; many++)
      for (int small = 0; small < 2; small++) {
        const PetscReal     face = flat ? 32 * side : 32 * side * 16 * side;
        const PetscReal     room = face / (flat ? 2 * foot : PETSC_PI * foot * foot);
        const NakVoidsPlace at   = {
            .columns   = {flat == 2 ? 1 : 32, flat == 0   ? 16
                                              : flat == 1 ? 1
                                                          : 32},
            .side      = {side,               side                                                         },
            .height    = 3e-6,
            .tension   = tension,
            .steepness = 4e6
        };
        const NakGasField field = {.tension = at.tension, .steepness = at.steepness};
        const PetscReal   least = 1.1 * (flat ? 1 : 2) * tension / NakGasHighest(&field);
        NakVoidsParams    p     = Params();
        NakCheckList      list  = {.n = 0};

        p.pockets = (PetscInt)PetscFloorReal(room) + many;
        NakVoidsCheck(&p, &at, &list);
        assert_int_equal(list.n, many);
        p.pockets     = 1;
        p.dissolution = 1e-12;
        p.radius      = least * (small ? 0.999 : 1.001);
        list.n        = 0;
        NakVoidsCheck(&p, &at, &list);
        assert_int_equal(list.n, small);
      }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(HeightsAreChecked),
  cmocka_unit_test(HalfCylindersDissolveByTheFormula),
  cmocka_unit_test(PocketsAreCaps),
  cmocka_unit_test(EvenPocketsAreALattice),
  cmocka_unit_test(RandomPocketsKeepApart),
  cmocka_unit_test(TheFirstNucleusIsOnTime),
  cmocka_unit_test(PocketsAreChecked),
  cmocka_unit_test(GoesOnFromACheckpoint),
  cmocka_unit_test(NucleiReturn),
  cmocka_unit_test(PocketsBearTheirTension),
  cmocka_unit_test(AnswersAreDifferences),
  cmocka_unit_test(MeetAndPart),
  cmocka_unit_test(OnePocketIsCutInTwo),
  cmocka_unit_test(SmallPartsDoNotCount),
  cmocka_unit_test(GasFollowsTheCells),
  cmocka_unit_test(PartsHaveTheirPlaces),
  cmocka_unit_test(RowsOfCellsJoin),
  cmocka_unit_test(GasDissolvesAsTheTemperatureLets),
  cmocka_unit_test(HalfBallsDissolveByTheFormula),
  cmocka_unit_test(SmallVoidsVanish),
  cmocka_unit_test(NucleiComeAtTheirRate),
  cmocka_unit_test(RowsAreAlike),
  cmocka_unit_test(AngleFollowsDepletion),
};

NAK_TEST_MAIN(tests)
