/* The FAS engine on many ranks, where groups of them put their parts of coarse grids together in
   stages, against one rank.  Run on 1 to 16 ranks, and on more by hand. */
#include "../../src/phasefield/phasefield_impl.h"
#include "nak_test.h"
#include "pfhub_fixture.h"

static NakPhaseField Begin(MPI_Comm comm, const NakFieldModel *model, const NakDomain *box)
{
  NakPhaseFieldParams params = NakPhaseFieldDefaults();
  NakPhaseField       e;

  MUST(NakPhaseFieldCreate(comm, model, &binary, box, &params, &e));
  for (int k = 0; k < 3; k++) MUST(NakPhaseFieldStep(e, 1e3));
  return e;
}

/* Largest difference of a field from what one rank has. */
static PetscReal Differs(NakPhaseField e, NakPhaseField one, PetscInt field, const NakDomain *box)
{
  PetscInt   start[3], count[3], first[3], all[3], n = 0;
  PetscReal *own, *whole, worst = 0;

  MUST(NakPhaseFieldValues(e, field, start, count, NULL));
  MUST(
    PetscMalloc2(count[0] * count[1] * count[2], &own, box->n[0] * box->n[1] * box->n[2], &whole));
  MUST(NakPhaseFieldValues(e, field, start, count, own));
  MUST(NakPhaseFieldValues(one, field, first, all, whole));
  for (PetscInt k = start[2]; k < start[2] + count[2]; k++)
    for (PetscInt j = start[1]; j < start[1] + count[1]; j++)
      for (PetscInt i = 0; i < count[0]; i++, n++)
        worst = PetscMax(worst, PetscAbsReal(own[n] - whole[(k * box->n[1] + j) * box->n[0] + i]));
  MUST(PetscFree2(own, whole));
  MUST(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  return worst;
}

/* Stages: how often parts are put together; what a group has is the same to the bit. */
static PetscInt Stages(NakPhaseField e)
{
  PetscInt stages = 0;

  for (PetscInt l = 1; l < e->n_levels; l++) {
    const NakLevel *v = &e->level[l];
    PetscReal      *low, *high;

    if (v->group == MPI_COMM_NULL) continue;
    stages++;
    MUST(PetscMalloc2(v->size, &low, v->size, &high));
    MUST(MPI_Allreduce(v->u[0], low, (PetscMPIInt)v->size, MPIU_REAL, MPI_MIN, v->group));
    MUST(MPI_Allreduce(v->u[0], high, (PetscMPIInt)v->size, MPIU_REAL, MPI_MAX, v->group));
    for (PetscInt i = 0; i < v->size; i++) assert_true(low[i] == high[i]);
    MUST(PetscFree2(low, high));
  }
  return stages;
}

static const PetscInt boxes[][3] = {
  {16, 64, 1 },
  {12, 48, 1 },
  {8,  32, 32},
  {7,  24, 40}
};

/* Three steps are those of one rank: as many cycles, and fields within rounding, which the steps
   amplify little. */
static PetscInt CheckBox(const NakFieldModel *model, const PetscInt n[3])
{
  NakDomain box = {
    .n = {n[0], n[1], n[2]}
  };
  NakPhaseField e, one;
  PetscInt      stages;

  for (int d = 0; d < 3; d++) box.size[d] = (PetscReal)n[d];
  if (NakPhaseFieldUsefulRanks(&box, Ranks()) < Ranks()) return 0;
  e   = Begin(PETSC_COMM_WORLD, model, &box);
  one = Begin(PETSC_COMM_SELF, model, &box);
  assert_int_equal(NakPhaseFieldCounts(e).cycles, NakPhaseFieldCounts(one).cycles);
  for (PetscInt f = 0; f < model->count; f++)
    AssertNear("field", Differs(e, one, f, &box), 0, 1e-12);
  stages = Stages(e);
  MUST(NakPhaseFieldDestroy(&e));
  MUST(NakPhaseFieldDestroy(&one));
  return stages;
}

/* The most stages of any box, where a grid of so few cells is every rank's. */
static PetscInt MostStages(const char *whole)
{
  NakFieldModel cahn_hilliard, poisson;
  PetscInt      most = 0;

  MUST(PetscOptionsSetValue(NULL, "-phasefield_whole", whole));
  NakCahnHilliardModel(&binary, &cahn_hilliard);
  NakPoissonModel(&binary, &poisson);
  for (size_t n = 0; n < sizeof boxes / sizeof *boxes; n++) {
    const PetscInt alone   = CheckBox(&cahn_hilliard, boxes[n]);
    const PetscInt charged = boxes[n][2] == 1 ? CheckBox(&poisson, boxes[n]) : 0;

    most = PetscMax(most, PetscMax(alone, charged));
  }
  MUST(PetscOptionsClearValue(NULL, "-phasefield_whole"));
  return most;
}

static void InOneStage(void **unused)
{
  (void)unused;
  assert_int_equal(MostStages("1000000"), Ranks() > 1);
}

/* One for each factor of the ranks where they share one direction of a flat box, as up to 24 do. */
static void InManyStages(void **unused)
{
  const PetscInt most    = MostStages("1");
  PetscInt       factors = 0;

  (void)unused;
  for (PetscInt ranks = Ranks(), factor = 2; ranks > 1;) {
    if (ranks % factor != 0) {
      factor++;
      continue;
    }
    ranks /= factor;
    factors++;
  }
  assert_true(Ranks() <= 24 ? most == factors : most >= 2);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(InOneStage),
  cmocka_unit_test(InManyStages),
};

NAK_TEST_MAIN(tests)
