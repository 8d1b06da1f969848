/* Grid, layout and partition of a state. */
#include <nakfield/state.h>

#include <string.h>

#include "nak_test.h"

static const PetscReal thickness = 20e-6, interphase = 37e-9, total = 1.04e-3;

static NakGridParams Params(PetscInt nx, PetscInt ny)
{
  return (NakGridParams){.nx                 = nx,
                         .ny                 = ny,
                         .width              = 64e-6,
                         .alloy_height       = 40e-6,
                         .electrolyte_layers = 12,
                         .interphase_layers  = 10,
                         .alloy_layers       = 24,
                         .finest_electrolyte = 0.25e-6,
                         .finest_alloy       = 50e-9,
                         .lateral            = NAK_LATERAL_PERIODIC};
}

static NakState Create(const NakGridParams *params)
{
  NakState state;

  MUST(NakStateCreate(PETSC_COMM_WORLD, params, thickness, interphase, total, &state));
  return state;
}

static PetscReal Height(const NakGrid *g, PetscInt k)
{
  return g->z[k + 1] - g->z[k];
}

/* Ends of all regions are met to the last bit, the finest layers lie at the interphase, and heights
   grow by one ratio. */
static void FacesAreGraded(void **unused)
{
  const NakGridParams params = Params(4, 1);
  NakState            state  = Create(&params);
  const NakGrid      *g      = NakStateGrid(state);
  const PetscInt      ne = g->n_electrolyte, nf = g->n_interphase, na = g->n_alloy;

  (void)unused;
  assert_int_equal(g->nz, 46);
  assert_true(g->z[0] == -thickness);
  assert_true(g->z[ne] == 0);
  assert_true(g->z[ne + nf] == interphase);
  AssertRelative("top", g->z[g->nz], interphase + 40e-6, 1e-15);
  for (PetscInt k = 0; k < g->nz; k++) assert_true(Height(g, k) > 0);
  AssertRelative("finest of the electrolyte", Height(g, ne - 1), 0.25e-6, 1e-9);
  AssertRelative("finest of the alloy", Height(g, ne + nf), 50e-9, 1e-6);
  for (PetscInt k = 0; k < nf; k++)
    AssertRelative("height of the interphase", Height(g, ne + k), interphase / 10, 1e-12);
  for (PetscInt k = 1; k + 1 < ne; k++)
    AssertRelative("growth downwards", Height(g, k - 1) / Height(g, k),
                   Height(g, k) / Height(g, k + 1), 1e-9);
  for (PetscInt k = ne + nf + 1; k + 1 < ne + nf + na; k++)
    AssertRelative("growth upwards", Height(g, k + 1) / Height(g, k),
                   Height(g, k) / Height(g, k - 1), 1e-6);
  AssertRelative("reservoir", g->reservoir_height, total - 40e-6, 1e-12);
  AssertRelative("dx", g->dx, 16e-6, 1e-12);
  AssertRelative("dy", g->dy, 16e-6, 1e-12);
  MUST_DESTROY(NakStateDestroy, state);
  assert_null(state);
  MUST_DESTROY(NakStateDestroy, state);
}

static void EqualLayers(void **unused)
{
  NakGridParams  params = Params(4, 1);
  NakState       state;
  const NakGrid *g;

  (void)unused;
  params.finest_electrolyte = 0;
  params.finest_alloy       = 5e-6; /* coarser than 24 equal layers */
  params.depth              = 8e-6;
  state                     = Create(&params);
  g                         = NakStateGrid(state);
  for (PetscInt k = 0; k < 12; k++) AssertRelative("height", Height(g, k), thickness / 12, 1e-9);
  for (PetscInt k = 22; k < 46; k++) AssertRelative("height", Height(g, k), 40e-6 / 24, 1e-9);
  AssertRelative("dy", g->dy, 8e-6, 1e-12);
  MUST_DESTROY(NakStateDestroy, state);
}

/* Every place of a column has one owner. */
static void ColumnIsPacked(void **unused)
{
  const PetscInt electrolyte[] = {0, 1, 12};

  (void)unused;
  for (int n = 0; n < 3; n++) {
    NakGridParams    params = Params(4, 1);
    NakState         state;
    const NakLayout *l;
    PetscInt         dof, width;

    params.electrolyte_layers = electrolyte[n];
    params.interphase_layers  = 3;
    params.alloy_layers       = 1;
    state                     = Create(&params);
    l                         = NakStateLayout(state);
    assert_true(NakStateGrid(state)->z[0] == (electrolyte[n] > 0 ? -thickness : 0));
    assert_int_equal(l->filament, 0);
    assert_int_equal(l->q_faraday, 1);
    assert_int_equal(l->q_total, 2);
    assert_int_equal(l->charge, 3);
    assert_int_equal(l->phi, 4);
    assert_int_equal(l->potential, 4 + electrolyte[n]);
    assert_int_equal(l->deposit, l->potential + 1);
    assert_int_equal(l->open, l->deposit + 1);
    assert_int_equal(l->interphase, l->open + 1);
    assert_int_equal(l->alloy, l->interphase + 3);
    assert_int_equal(l->reservoir_na, l->alloy + 1);
    assert_int_equal(l->reservoir_k, l->reservoir_na + 1);
    assert_int_equal(l->size, electrolyte[n] + 3 + 1 + 9);
    MUST(DMDAGetInfo(NakStateDM(state), NULL, NULL, NULL, NULL, NULL, NULL, NULL, &dof, &width,
                     NULL, NULL, NULL, NULL));
    assert_int_equal(dof, l->size);
    assert_int_equal(width, 1);
    MUST_DESTROY(NakStateDestroy, state);
  }
}

/* The shortest lines; of two that are equal, stages of smaller groups. */
static void Splits(void **unused)
{
  (void)unused;
  assert_int_equal(NakStateSplit(64, 64, 16), 4);
  assert_int_equal(NakStateSplit(1024, 512, 4), 2);         /* or 4 x 1: too few to choose */
  assert_int_equal(NakStateSplit(1024, 512, 1152), 48);     /* shorter than any other */
  assert_int_equal(NakStateSplit(1024, 512, 1156), 68);     /* 34 x 34 ends in 17 x 17 */
  assert_int_equal(NakStateSplit(1024, 512, 1232), 56);     /* 56 x 22, not 44 x 28 */
  assert_int_equal(NakStateSplit(64, 64, 13 * 13 * 13), 0); /* 13 x 169 does not fit */
}

static PetscBool Even(const void *ctx, int d, PetscInt group)
{
  const PetscInt *part = ctx;

  return (PetscBool)(group * part[d] % 4 == 0);
}

/* The smallest divisor that fits. */
static void Groups(void **unused)
{
  const PetscInt parts[] = {2, 3};

  (void)unused;
  assert_int_equal(NakStateGroup(12, Even, parts, 0), 2);
  assert_int_equal(NakStateGroup(12, Even, parts, 1), 4);
  assert_int_equal(NakStateGroup(9, Even, parts, 0), 9); /* none of 1 and 3 */
  assert_int_equal(NakStateGroup(1, Even, parts, 1), 1);
}

static void UsefulRanks(void **unused)
{
  const struct {
    PetscInt nx, ny, ranks, useful;
  } cases[] = {
    {1,  1,  8,  1 },
    {4,  1,  3,  3 },
    {4,  1,  64, 4 },
    {64, 64, 7,  7 },
    {2,  2,  3,  2 },
    {3,  3,  8,  6 }, /* 7 and 8 have no factors of at most 3 */
    {2,  5,  10, 10},
    {5,  5,  16, 16},
  };

  (void)unused;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    const NakGridParams params = Params(cases[k].nx, cases[k].ny);

    assert_int_equal(NakStateUsefulRanks(&params, cases[k].ranks), cases[k].useful);
  }
}

/* Halved until a count is odd or there are too few columns; size and grading stay. */
static void Coarsening(void **unused)
{
  const NakGridParams params = Params(48, 20);
  const PetscInt      nx[] = {24, 12, 6}, ny[] = {10, 5, 3}; /* an odd number is halved upwards */
  NakState            fine = Create(&params), coarse;

  (void)unused;
  for (int k = 0; k < 3; k++) {
    const NakGrid *f = NakStateGrid(fine), *c;

    MUST(NakStateCoarsen(fine, &coarse));
    assert_non_null(coarse);
    c = NakStateGrid(coarse);
    assert_int_equal(c->nx, nx[k]);
    assert_int_equal(c->ny, ny[k]);
    AssertRelative("width", c->dx * (PetscReal)c->nx, 64e-6, 1e-12);
    AssertRelative("depth", c->dy * (PetscReal)c->ny, f->dy * (PetscReal)f->ny, 1e-12);
    assert_int_equal(c->nz, f->nz);
    for (PetscInt z = 0; z <= f->nz; z++) assert_true(c->z[z] == f->z[z]);
    MUST(NakStateDestroy(&fine));
    fine = coarse;
  }
  MUST(NakStateDestroy(&fine));
}

/* What is due at 0.3 s is not due again where the clock shows 0.1 + 0.2, or a little less. */
static void Multiples(void **unused)
{
  (void)unused;
  assert_true(NakNextMultiple(0.1, 0) == 0.1);
  AssertRelative("above a multiple", NakNextMultiple(0.1, 0.1 + 0.2), 0.4, 1e-15);
  AssertRelative("within rounding", NakNextMultiple(0.1, 0.3 * (1 - 1e-15)), 0.4, 1e-15);
  AssertRelative("below a multiple", NakNextMultiple(0.1, 0.3 * (1 - 1e-9)), 0.3, 1e-15);
  assert_true(NakNextMultiple(7, 1e9) > 1e9);
}

/* The square of the largest number of columns is beyond 32 bits. */
static void LargestGrid(void **unused)
{
  NakGridParams params = Params(65536, 1);
  NakState      fine, coarse;

  (void)unused;
  params.electrolyte_layers = params.interphase_layers = params.alloy_layers = 1;
  fine                                                                       = Create(&params);
  MUST(NakStateCoarsen(fine, &coarse));
  assert_non_null(coarse);
  assert_int_equal(NakStateGrid(coarse)->nx, 32768);
  MUST(NakStateDestroy(&coarse));
  MUST(NakStateDestroy(&fine));
}

/* As far as every rank keeps a column of its own. */
static void CoarsestGrid(void **unused)
{
  const NakGridParams params = Params(8, 4);
  const PetscInt      nx[]   = {1, 2, 4}; /* on 1, 2, 3 ranks side by side in x */
  NakState            state  = Create(&params), coarse;

  (void)unused;
  for (MUST(NakStateCoarsen(state, &coarse)); coarse != NULL;
       MUST(NakStateCoarsen(state, &coarse))) {
    MUST_DESTROY(NakStateDestroy, state);
    state = coarse;
  }
  if (Ranks() <= 3) assert_int_equal(NakStateGrid(state)->nx, nx[Ranks() - 1]);
  assert_int_equal(NakStateGrid(state)->ny, 1);
  MUST_DESTROY(NakStateDestroy, state);
}

/* Put together, every rank has the whole grid, and the grid is the same. */
static void Regrouping(void **unused)
{
  const NakGridParams params = Params(9, 4);
  NakState            shared = Create(&params), whole;
  PetscInt            ranks[2], left[2];
  NakBox              box;

  (void)unused;
  MUST(NakStateRanks(shared, ranks));
  assert_int_equal(ranks[0] * ranks[1], Ranks());
  MUST(NakStateRegroup(shared, ranks, &whole));
  MUST(NakStateRanks(whole, left));
  assert_int_equal(left[0] * left[1], 1);
  MUST(NakStateBox(whole, &box));
  assert_int_equal(box.xm, 9);
  assert_int_equal(box.ym, 4);
  AssertRelative("width", NakStateGrid(whole)->dx, NakStateGrid(shared)->dx, 1e-14);
  AssertRelative("depth", NakStateGrid(whole)->dy, NakStateGrid(shared)->dy, 1e-14);
  MUST(NakStateDestroy(&whole));
  MUST(NakStateDestroy(&shared));
}

/* A frame whose fields hold their own numbers. */
static PetscErrorCode FillNumber(void *ctx, PetscInt field, PetscReal values[])
{
  values[0] = *(PetscReal *)ctx + (PetscReal)field;
  return PETSC_SUCCESS;
}

static void AChoiceOfFields(void **unused)
{
  const NakField fields[] = {
    {"a", "1", "", NAK_PLACE_FACE},
    {"b", "V", "", NAK_PLACE_FACE},
    {"c", "m", "", NAK_PLACE_FACE}
  };
  const NakFieldNames some =
                        {
                          2, {"c", "a"}
  },
                      all = {0};
  PetscReal      base     = 10, value;
  const NakFrame frame = {.fields = fields, .count = 3, .fill = FillNumber, .ctx = &base, .xs = 7};
  NakFrameChoice choice;

  (void)unused;
  NakFrameChoose(&frame, &some, &choice);
  assert_int_equal(choice.frame.count, 2);
  assert_int_equal(choice.frame.xs, 7);
  assert_string_equal(choice.frame.fields[0].name, "a");
  assert_string_equal(choice.frame.fields[1].name, "c");
  MUST(choice.frame.fill(choice.frame.ctx, 1, &value));
  assert_true(value == 12);
  NakFrameChoose(&frame, &all, &choice);
  assert_int_equal(choice.frame.count, 3);
  MUST(choice.frame.fill(choice.frame.ctx, 1, &value));
  assert_true(value == 11);
}

/* A face of 7 x 5 columns from strips of rows, and on three ranks the last of two side by side. */
static void FacesAreGathered(void **unused)
{
  enum { NX = 7, NY = 5, ALL = NX * NY, GUARD = 2 * NX };
  const NakBox boxes[3][3] = {
    {{0, 0, NX, NY}},
    { {0, 0, NX, 2},              {0, 2, NX, 3}},
    {  {0, 0, NX, 2}, {0, 2, 3, 3}, {3, 2, 4, 3}}
  };
  const NakGrid  grid  = {.nx = NX, .ny = NY};
  const NakBox   box   = boxes[Ranks() - 1][Rank()];
  const NakFrame frame = {.grid = &grid, .xs = box.xs, .ys = box.ys, .xm = box.xm, .ym = box.ym};
  PetscReal      mine[ALL], whole[GUARD + ALL + GUARD];

  (void)unused;
  for (PetscInt k = 0; k < box.xm * box.ym; k++)
    mine[k] = (PetscReal)((box.ys + k / box.xm) * NX + box.xs + k % box.xm);
  for (int k = 0; k < GUARD + ALL + GUARD; k++) whole[k] = -1;
  MUST(NakFrameGather(PETSC_COMM_WORLD, &frame, mine, Rank() == 0 ? whole + GUARD : NULL));
  for (int k = -GUARD; k < ALL + GUARD && Rank() == 0; k++)
    AssertNear("column", whole[GUARD + k], k < 0 || k >= ALL ? -1 : k, 0);
}

static void FieldsAreFound(void **unused)
{
  const NakField fields[] = {
    {"a", "1", "", NAK_PLACE_FACE},
    {"b", "V", "", NAK_PLACE_FACE},
    {"c", "m", "", NAK_PLACE_FACE}
  };
  const NakFrame two = {.fields = fields, .count = 2};

  (void)unused;
  assert_int_equal(NakFrameFind(&two, "a"), 0);
  assert_int_equal(NakFrameFind(&two, "b"), 1);
  assert_int_equal(NakFrameFind(&two, "c"), -1);
}

/* What the deck can get wrong is the user's error, and leaves something that can be destroyed. */
static void Errors(void **unused)
{
  NakGridParams high = Params(4, 1), narrow = Params(1, 1);
  NakState      state;

  (void)unused;
  high.alloy_height = 2e-3;
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakStateCreate(PETSC_COMM_WORLD, &high, thickness, interphase, total, &state),
                   PETSC_ERR_USER_INPUT);
  MUST_DESTROY(NakStateDestroy, state);
  if (Ranks() > 1) {
    assert_int_equal(
      NakStateCreate(PETSC_COMM_WORLD, &narrow, thickness, interphase, total, &state),
      PETSC_ERR_USER_INPUT);
    MUST_DESTROY(NakStateDestroy, state);
  }
  MUST(PetscPopErrorHandler());
}

/* Tables hold what was measured to 12 digits, times to the last, counts as they are, and of what is
   only looked at six. */
static void DigitsOfTables(void **unused)
{
  static const char *const counts = "step cycle voids newton_iterations linear_iterations";
  static const char *const few    = "dt na_balance k_balance charge_balance";
  const NakRecord          record = {.time = 1, .counter = NAK_SHOWN_ALLOY, .liquid = PETSC_TRUE};
  NakNumbers               numbers;

  (void)unused;
  NakRecordNumbers(&record, &numbers);
  assert_int_equal(numbers.count, 33);
  for (PetscInt k = 0; k < numbers.count; k++) {
    const NakNumber *n = &numbers.items[k];

    assert_int_equal(n->digits, strcmp(n->si, "time") == 0      ? 15
                                : strstr(counts, n->si) != NULL ? 0
                                : strstr(few, n->si) != NULL    ? 6
                                                                : 12);
  }
}

/* The name of a column ends with its unit, or has it before what is taken over the face; that of an
   attribute has none, and is in SI. */
static PetscReal FactorOf(const char *name)
{
  static const struct {
    const char *unit;
    PetscReal   factor;
  } units[] = {
    {"_mA_cm2",  1e3 / 1e4       }, /* from A/m2 */
    {"_mAh_cm2", 1e3 / 3600 / 1e4}, /* from C/m2 */
    {"_nm",      1e9             },
    {"_um",      1e6             }
  };

  for (size_t k = 0; k < sizeof units / sizeof *units; k++)
    if (strstr(name, units[k].unit) != NULL) return units[k].factor;
  return 1;
}

static void NumbersAreInTheirUnits(void **unused)
{
  const NakRecord record = {.time              = 1,
                            .step              = 2,
                            .cycle             = 3,
                            .current           = 4,
                            .voltage           = 5,
                            .capacity          = 6,
                            .u_face_mean       = 7,
                            .u_face_min        = 8,
                            .contact_fraction  = 9,
                            .k_film_fraction   = 10,
                            .wetted_fraction   = 11,
                            .void_height       = 12,
                            .voids             = 13,
                            .deposit_mean      = 14,
                            .deposit_max       = 15,
                            .filament_max      = 16,
                            .solid_b           = 17,
                            .solid_a           = 18,
                            .reservoir_x       = 19,
                            .counter_potential = 20,
                            .counter_x         = 21,
                            .counter_deposit   = 22,
                            .carrier_k         = 23,
                            .salt              = 24,
                            .electrolyte_na    = 25,
                            .electrolyte_k     = 26,
                            .temperature       = 27,
                            .dt                = 28,
                            .newton_iterations = 29,
                            .linear_iterations = 30,
                            .na_balance        = 31,
                            .k_balance         = 32,
                            .charge_balance    = 33,
                            .counter           = NAK_SHOWN_ALLOY,
                            .counter_na        = 34,
                            .counter_k         = 35,
                            .counter_carrier_k = 36,
                            .liquid            = PETSC_TRUE};
  NakRecord       solid  = record;
  NakNumbers      numbers;

  (void)unused;
  NakRecordNumbers(&record, &numbers);
  for (PetscInt k = 0; k < numbers.count; k++) {
    const NakNumber *n = &numbers.items[k];

    AssertNear(n->name, n->value, (PetscReal)(k + 1), 0);
    AssertRelative(n->name, n->factor, FactorOf(n->name), 1e-14);
    AssertRelative(n->name, NakNumberShown(n), (PetscReal)(k + 1) * FactorOf(n->name), 1e-14);
  }
  solid.liquid = PETSC_FALSE;
  NakRecordNumbers(&solid, &numbers);
  assert_int_equal(numbers.count, 29);
  assert_non_null(NakNumbersFind(&numbers, "counter_V"));
  assert_null(NakNumbersFind(&numbers, "counter_na"));
  solid.counter = NAK_SHOWN_HOST;
  NakRecordNumbers(&solid, &numbers);
  assert_int_equal(numbers.count, 30);
  assert_non_null(NakNumbersFind(&numbers, "counter_V"));
  assert_null(NakNumbersFind(&numbers, "counter_x"));
  AssertNear("Na of a host", NakNumbersFind(&numbers, "counter_na")->value, 34, 0);
  AssertNear("K of a host", NakNumbersFind(&numbers, "counter_k")->value, 35, 0);
  AssertNear("carrier", NakNumbersFind(&numbers, "counter_carrier_k")->value, 36, 0);
  solid.counter = NAK_SHOWN_NOTHING;
  NakRecordNumbers(&solid, &numbers);
  assert_int_equal(numbers.count, 26);
  solid.liquid = solid.layers = PETSC_TRUE;
  solid.least_na              = 37;
  solid.separator_salt        = 38;
  NakRecordNumbers(&solid, &numbers);
  assert_int_equal(numbers.count, 32);
  AssertNear("least", NakNumbersFind(&numbers, "least_na_mol_m3")->value, 37, 0);
  AssertNear("salt", NakNumberShown(NakNumbersFind(&numbers, "separator_salt_um")), 38e6, 1e-6);
}

/* Every unknown has the name of its part. */
static void UnknownsHaveNames(void **unused)
{
  static const struct {
    PetscInt    from; /* first unknown of a column of 2, 2 and 3 layers */
    const char *word;
  } parts[] = {
    {0,  "a charge passed"        },
    {4,  "of the electrolyte"     },
    {6,  "potential of the face"  },
    {7,  "Na metal"               },
    {8,  "K film"                 },
    {9,  "interphase"             },
    {11, "Na content of the alloy"},
    {14, "Na of the reservoir"    },
    {15, "K of the reservoir"     },
  };
  NakGridParams params = Params(4, 1);
  NakState      state;

  (void)unused;
  params.electrolyte_layers = 2;
  params.interphase_layers  = 2;
  params.alloy_layers       = 3;
  state                     = Create(&params);
  assert_int_equal(NakStateLayout(state)->size, 16);
  for (PetscInt j = 0, part = 0; j < 16; j++) {
    if (part < 8 && j == parts[part + 1].from) part++;
    assert_non_null(strstr(NakLayoutName(NakStateLayout(state), j), parts[part].word));
  }
  MUST_DESTROY(NakStateDestroy, state);
  params.ions = NAK_LAYER_UNKNOWNS;
  state       = Create(&params);
  for (PetscInt k = 0; k < 2 * (1 + NAK_LAYER_UNKNOWNS); k++)
    assert_non_null(strstr(NakLayoutName(NakStateLayout(state), 4 + k),
                           k % (1 + NAK_LAYER_UNKNOWNS) == 0 ? "potential of the electrolyte"
                                                             : "an ion or the salt"));
  MUST_DESTROY(NakStateDestroy, state);
}

/* Where a line comes to 0; at its end, where it began beyond it or ends as near as can be
   located. */
static void CrossingsAreOnALine(void **unused)
{
  (void)unused;
  AssertNear("a third", NakCrossing(-1, 2), 1. / 3, 1e-15);
  AssertNear("of a small one", NakCrossing(-3e-6, 1.5e-6), 2. / 3, 1e-15);
  AssertNear("at the end", NakCrossing(-1, 0), 1, 0);
  AssertNear("near the end", NakCrossing(-1, 0.9e-6), 1, 0);
  AssertNear("from the start", NakCrossing(0, 2), 1, 0);
  AssertNear("before it", NakCrossing(0.5, 2), 1, 0);
}

/* Layers of a rank: all of a cell's, its own of a box. */
static void FramesHaveLayers(void **unused)
{
  const NakGrid grid  = {.nz = 9};
  NakFrame      frame = {.grid = &grid, .zs = 2, .zm = 4};
  PetscInt      first;

  (void)unused;
  assert_int_equal(NakFrameLayers(&frame, NAK_PLACE_VOLUME, &first), 4);
  assert_int_equal(first, 2);
  assert_int_equal(NakFrameLayers(&frame, NAK_PLACE_FACE, &first), 1);
  assert_int_equal(first, 0);
  frame.zm = 0;
  assert_int_equal(NakFrameLayers(&frame, NAK_PLACE_VOLUME, &first), 9);
  assert_int_equal(first, 0);
}

static void NumbersAreFound(void **unused)
{
  const NakRecord record = {.time = 1, .voltage = 2, .charge_balance = 3};
  NakNumbers      numbers;

  (void)unused;
  NakRecordNumbers(&record, &numbers);
  AssertNear("first", NakNumbersFind(&numbers, "time_s")->value, 1, 0);
  AssertNear("some", NakNumbersFind(&numbers, "voltage_V")->value, 2, 0);
  AssertNear("last", NakNumbersFind(&numbers, "charge_balance")->value, 3, 0);
  assert_null(NakNumbersFind(&numbers, "charge"));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(NumbersAreInTheirUnits),
  cmocka_unit_test(UnknownsHaveNames),
  cmocka_unit_test(CrossingsAreOnALine),
  cmocka_unit_test(FramesHaveLayers),
  cmocka_unit_test(NumbersAreFound),
  cmocka_unit_test(DigitsOfTables),
  cmocka_unit_test(FacesAreGraded),
  cmocka_unit_test(EqualLayers),
  cmocka_unit_test(ColumnIsPacked),
  cmocka_unit_test(Splits),
  cmocka_unit_test(Groups),
  cmocka_unit_test(UsefulRanks),
  cmocka_unit_test(Multiples),
  cmocka_unit_test(Coarsening),
  cmocka_unit_test(LargestGrid),
  cmocka_unit_test(CoarsestGrid),
  cmocka_unit_test(Errors),
  cmocka_unit_test(AChoiceOfFields),
  cmocka_unit_test(FacesAreGathered),
  cmocka_unit_test(FieldsAreFound),
  cmocka_unit_test(Regrouping),
};

NAK_TEST_MAIN(tests)
