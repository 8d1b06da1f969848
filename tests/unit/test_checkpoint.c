/* Checkpoints: what is written is read, on any number of ranks; damage is found and the one before
   is taken. */
#include <nakfield/checkpoint.h>

#include <nakfield/store.h>
#include <petscdmda.h>

#include <string.h>
#include <sys/stat.h>

#include "nak_test.h"
#include "writers_fixture.h"

typedef struct {
  PetscInt  turns;
  PetscReal time;
} Block;

/* A vector on a grid of nx x ny, in two dimensions or three. */
static Vec MakeVec(PetscInt nx, PetscInt ny, PetscInt nz, PetscInt dof)
{
  const DMBoundaryType none = DM_BOUNDARY_NONE;
  DM                   dm;
  Vec                  v;

  if (nz == 1)
    MUST(DMDACreate2d(PETSC_COMM_WORLD, none, none, DMDA_STENCIL_STAR, nx, ny, PETSC_DECIDE,
                      PETSC_DECIDE, dof, 1, NULL, NULL, &dm));
  else
    MUST(DMDACreate3d(PETSC_COMM_WORLD, none, none, none, DMDA_STENCIL_STAR, nx, ny, nz,
                      PETSC_DECIDE, PETSC_DECIDE, PETSC_DECIDE, dof, 1, NULL, NULL, NULL, &dm));
  MUST(DMSetUp(dm));
  MUST(DMCreateGlobalVector(dm, &v));
  MUST(DMDestroy(&dm));
  return v;
}

/* Values that tell where they belong, whatever rank holds them. */
static void Fill(Vec v, PetscReal shift)
{
  DM           dm;
  PetscScalar *values;
  PetscInt     nx, ny, dof, xs, ys, zs, xm, ym, zm;

  MUST(VecGetDM(v, &dm));
  assert_int_equal(
    DMDAGetInfo(dm, NULL, &nx, &ny, NULL, NULL, NULL, NULL, &dof, NULL, NULL, NULL, NULL, NULL), 0);
  MUST(DMDAGetCorners(dm, &xs, &ys, &zs, &xm, &ym, &zm));
  MUST(VecGetArrayWrite(v, &values));
  for (PetscInt k = 0; k < zm * ym * xm; k++) {
    const PetscInt z = zs + k / (ym * xm), y = ys + k / xm % ym, x = xs + k % xm;

    for (PetscInt d = 0; d < dof; d++)
      values[k * dof + d] = shift + (PetscReal)(((z * ny + y) * nx + x) * dof + d) / 7;
  }
  MUST(VecRestoreArrayWrite(v, &values));
}

static PetscErrorCode Exchange(NakCheckpoint c, Vec v, Vec w, Block *block)
{
  PetscFunctionBeginUser;
  PetscCall(NakCheckpointVec(c, "one/v", v));
  PetscCall(NakCheckpointVec(c, "other/w", w));
  PetscCall(NakCheckpointBlock(c, "one/block", block, sizeof *block));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Write a checkpoint whose numbers are those of `turn`. */
static void Write(const char *directory, PetscInt turn, PetscInt keep)
{
  Block         block = {.turns = turn, .time = 1.0 / 3};
  Vec           v = MakeVec(6, 5, 1, 4), w = MakeVec(3, 4, 5, 2);
  NakCheckpoint c;

  Fill(v, (PetscReal)turn);
  Fill(w, (PetscReal)-turn);
  MUST(NakCheckpointCreate(world, directory, &c));
  assert_false(NakCheckpointReads(c));
  MUST(Exchange(c, v, w, &block));
  MUST(NakCheckpointCommit(&c, keep));
  assert_null(c);
  MUST(VecDestroy(&v));
  MUST(VecDestroy(&w));
}

/* Read the newest and see that it is that of `turn`; -1: that there is none. */
static void Read(const char *directory, PetscInt turn)
{
  Block         block = {0};
  PetscBool     same;
  Vec           v = MakeVec(6, 5, 1, 4), w = MakeVec(3, 4, 5, 2), expected[2];
  NakCheckpoint c;

  MUST(VecDuplicate(v, &expected[0]));
  MUST(VecDuplicate(w, &expected[1]));
  Fill(expected[0], (PetscReal)turn);
  Fill(expected[1], (PetscReal)-turn);
  MUST(NakCheckpointOpen(world, directory, &c));
  assert_int_equal(c == NULL, turn < 0);
  if (c != NULL) {
    assert_true(NakCheckpointReads(c));
    MUST(Exchange(c, v, w, &block));
    assert_true(block.turns == turn && block.time == 1.0 / 3);
    MUST(VecEqual(v, expected[0], &same));
    assert_true(same);
    MUST(VecEqual(w, expected[1], &same));
    assert_true(same);
  }
  MUST(NakCheckpointDestroy(&c));
  for (int k = 0; k < 2; k++) MUST(VecDestroy(&expected[k]));
  MUST(VecDestroy(&v));
  MUST(VecDestroy(&w));
}

static void TheNewestIsRead(void **state)
{
  (void)state;
  Read("none", -1);
  Write("newest/deep", 1, 10);
  Read("newest/deep", 1);
  Write("newest/deep", 2, 10);
  Read("newest/deep", 2);
}

static void OnlySomeAreKept(void **state)
{
  (void)state;
  for (PetscInt turn = 0; turn < 5; turn++) Write("kept", turn, 2);
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  assert_int_not_equal(access("kept/000002.h5", F_OK), 0);
  assert_int_equal(access("kept/000003.h5", F_OK), 0);
  assert_int_equal(access("kept/000004.h5", F_OK), 0);
}

/* Flip a bit in the middle of a file, by rank 0. */
static void Damage(const char *path)
{
  FILE *file;
  int   byte;

  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  if (Rank() == 0) {
    file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 2000, SEEK_SET), 0);
    byte = fgetc(file);
    assert_int_equal(fseek(file, 2000, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 4, file), EOF);
    assert_int_equal(fclose(file), 0);
  }
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
}

static void ADamagedOneGivesWayToTheOneBefore(void **state)
{
  (void)state;
  for (PetscInt turn = 0; turn < 3; turn++) Write("damaged", turn, 3);
  Damage("damaged/000002.h5");
  Read("damaged", 1);
  assert_int_equal(access("damaged/000002.damaged", F_OK), 0);
}

static PetscErrorCode OpenOnly(void *ctx)
{
  NakCheckpoint  c;
  PetscErrorCode code = NakCheckpointOpen(world, ctx, &c);

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointDestroy(&c));
  PetscFunctionReturn(code);
}

static PetscErrorCode Quietly(PetscErrorCode (*call)(void *), void *ctx)
{
  PetscErrorCode code;

  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = call(ctx);
  MUST(PetscPopErrorHandler());
  return code;
}

/* A run that lost them all must not start again in silence, and not the second time either. */
static void AllDamagedIsAnError(void **state)
{
  char directory[] = "all-damaged";

  (void)state;
  for (PetscInt turn = 0; turn < 2; turn++) Write(directory, turn, 3);
  Damage("all-damaged/000000.h5");
  Damage("all-damaged/000001.h5");
  for (int turn = 0; turn < 2; turn++)
    assert_int_equal(Quietly(OpenOnly, directory), PETSC_ERR_FILE_READ);
}

/* What cannot be opened may be as good as ever: the run is not to go back before it. */
static void OneThatCannotBeOpenedStays(void **state)
{
  char directory[] = "closed";

  (void)state;
  Write(directory, 0, 3);
  if (Rank() == 0) assert_int_equal(symlink("000001.h5", "closed/000001.h5"), 0); /* ELOOP */
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  assert_int_equal(Quietly(OpenOnly, directory), PETSC_ERR_FILE_OPEN);
  assert_int_not_equal(access("closed/000001.damaged", F_OK), 0);
}

static PetscErrorCode ReadOtherGrid(void *ctx)
{
  NakCheckpoint  c;
  Vec            v = MakeVec(5, 6, 1, 4);
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointOpen(world, ctx, &c));
  code = NakCheckpointVec(c, "one/v", v);
  PetscCall(NakCheckpointDestroy(&c));
  PetscCall(VecDestroy(&v));
  PetscFunctionReturn(code);
}

static PetscErrorCode WriteNaN(void *ctx)
{
  NakCheckpoint  c;
  Vec            v = MakeVec(6, 5, 1, 4);
  PetscErrorCode code;

  PetscFunctionBeginUser;
  Fill(v, 0);
  if (Rank() == 0) PetscCall(VecSetValue(v, 0, NAN, INSERT_VALUES));
  PetscCall(VecAssemblyBegin(v));
  PetscCall(VecAssemblyEnd(v));
  PetscCall(NakCheckpointCreate(world, ctx, &c));
  code = NakCheckpointVec(c, "one/v", v);
  PetscCall(NakCheckpointDestroy(&c));
  PetscCall(VecDestroy(&v));
  PetscFunctionReturn(code);
}

static void WhatCannotBeReadIsRefused(void **state)
{
  const PetscReal number = 1;
  NakStore        store;
  char            directory[] = "refused", later[] = "later";

  (void)state;
  Write(directory, 3, 2);
  assert_int_equal(Quietly(ReadOtherGrid, directory), PETSC_ERR_FILE_UNEXPECTED);
  if (Rank() == 0) (void)mkdir(later, 0777);
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  assert_int_equal(NakStoreCreate(world, "later/000000.h5", "nakfield checkpoint 999", &store), 0);
  MUST(NakStoreWrite(store, "x", NAK_STORE_REAL, 1, &number));
  MUST(NakStoreCommit(&store, PETSC_TRUE));
  assert_int_equal(Quietly(OpenOnly, later), PETSC_ERR_USER_INPUT);
  assert_int_equal(access("later/000000.h5", F_OK), 0); /* it is not damaged, and stays */
}

static void WhatIsNotFiniteIsNotWritten(void **state)
{
  char directory[] = "finite";

  (void)state;
  Write(directory, 3, 2);
  assert_int_equal(Quietly(WriteNaN, directory), PETSC_ERR_FP);
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  assert_int_not_equal(access("finite/000001.h5", F_OK), 0);
  assert_int_not_equal(access("finite/000001.h5.tmp", F_OK), 0);
  Read(directory, 3);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(TheNewestIsRead),
  cmocka_unit_test(OnlySomeAreKept),
  cmocka_unit_test(ADamagedOneGivesWayToTheOneBefore),
  cmocka_unit_test(AllDamagedIsAnError),
  cmocka_unit_test(OneThatCannotBeOpenedStays),
  cmocka_unit_test(WhatCannotBeReadIsRefused),
  cmocka_unit_test(WhatIsNotFiniteIsNotWritten),
};

NAK_TEST_MAIN_OF(EnterFolder("test-checkpoint") ||
                 cmocka_run_group_tests(tests, ChooseWriters, DropWriters))
