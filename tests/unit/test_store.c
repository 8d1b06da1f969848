/* Stores: whole or not there, the same on any number of ranks, and every damage is found. */
#include <nakfield/store.h>

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "nak_test.h"
#include "writers_fixture.h"

#define SEAL "test of seals 7"

enum { ROWS = 7, COLUMNS = 5 };

/* Rows are dealt out to the ranks in blocks. */
static NakStoreBox Rows(void)
{
  const PetscMPIInt rank = Rank(), ranks = Ranks();
  PetscInt          first, next;

  first = ROWS * rank / ranks;
  next  = ROWS * (rank + 1) / ranks;
  return (NakStoreBox){
    .rank = 2, .size = {ROWS,         COLUMNS},
         .start = {first,        0      },
         .count = {next - first, COLUMNS}
  };
}

static void Fill(const NakStoreBox *box, PetscReal values[])
{
  for (PetscInt k = 0; k < box->count[0] * COLUMNS; k++)
    values[k] = 1.0 / 3 + (PetscReal)(box->start[0] * COLUMNS + k);
}

static PetscErrorCode WriteSome(const char *path, const char *seal)
{
  const PetscInt    whole   = -5;
  const PetscReal   small[] = {1, 2.5, -1e300};
  const NakStoreBox box     = Rows();
  PetscReal         values[ROWS * COLUMNS];
  NakStore          store;

  PetscFunctionBeginUser;
  Fill(&box, values);
  PetscCall(NakStoreCreate(world, path, seal, &store));
  PetscCall(NakStoreWriteArray(store, "deep/inside/array", NAK_STORE_REAL, &box, values));
  PetscCall(NakStoreText(store, "deep/inside/array", "unit", "m"));
  PetscCall(NakStoreNumber(store, "/", "whole", NAK_STORE_INT, &whole));
  PetscCall(NakStoreWrite(store, "small", NAK_STORE_REAL, 3, small));
  PetscCall(NakStoreWriteText(store, "text", 6, "hello"));
  PetscCall(NakStoreCommit(&store, PETSC_TRUE));
  assert_null(store);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void WhatIsWrittenIsRead(void **state)
{
  const NakStoreBox box                    = Rows();
  PetscReal         values[ROWS * COLUMNS] = {0}, expected[ROWS * COLUMNS], small[3];
  PetscBool         there;
  size_t            count;
  NakStore          store;

  (void)state;
  MUST(WriteSome("some.h5", NULL));
  MUST(NakStoreOpen(world, "some.h5", &store));
  MUST(NakStoreReadArray(store, "deep/inside/array", NAK_STORE_REAL, &box, values));
  Fill(&box, expected);
  assert_memory_equal(values, expected, (size_t)(box.count[0] * COLUMNS) * sizeof *values);
  MUST(NakStoreCount(store, "small", &count, &there));
  assert_true(there && count == 3);
  MUST(NakStoreCount(store, "deep/outside/array", &count, &there));
  assert_false(there);
  MUST(NakStoreRead(store, "small", NAK_STORE_REAL, 3, small));
  assert_true(small[0] == 1 && small[1] == 2.5 && small[2] == -1e300);
  MUST(NakStoreDestroy(&store));
}

/* One array of 64 layers of 32 x 32 equal numbers each, so that it can be compressed; its file's
   size. */
static off_t WriteLayers(const char *path, NakStoreType type, PetscBool compress, PetscReal worst[])
{
  enum { LAYERS = 64, LAYER = 32 * 32 };
  const PetscInt    first = 32 * Rank() / Ranks(), rows = 32 * (Rank() + 1) / Ranks() - first;
  const NakStoreBox box = {
    3, {LAYERS, 32,    32},
     {0,      first, 0 },
     {LAYERS, rows,  32}
  };
  static PetscReal values[LAYERS * LAYER], back[LAYERS * LAYER];
  struct stat      about;
  NakStore         store;

  for (PetscInt k = 0; k < LAYERS * rows * 32; k++) values[k] = 1.0 / (3 + k / (rows * 32));
  MUST(NakStoreCreate(world, path, NULL, &store));
  if (compress) NakStoreCompress(store);
  MUST(NakStoreWriteArray(store, "array", type, &box, values));
  MUST(NakStoreCommit(&store, PETSC_FALSE));
  MUST(NakStoreOpen(world, path, &store));
  MUST(NakStoreReadArray(store, "array", type, &box, back));
  MUST(NakStoreDestroy(&store));
  *worst = 0;
  for (PetscInt k = 0; k < LAYERS * rows * 32; k++)
    *worst = PetscMax(*worst, PetscAbsReal(back[k] / values[k] - 1));
  MUST(stat(path, &about));
  return about.st_size;
}

/* Half the bytes by half the digits, a tenth of them by compression, which loses nothing. */
static void FilesCanBeSmaller(void **state)
{
  PetscReal   worst;
  const off_t plain = WriteLayers("plain.h5", NAK_STORE_REAL, PETSC_FALSE, &worst);

  (void)state;
  assert_true(worst == 0);
  assert_true(WriteLayers("single.h5", NAK_STORE_SINGLE, PETSC_FALSE, &worst) < 0.52 * plain);
  assert_true(worst > 1e-9 && worst <= 6e-8); /* 2^-24 */
  assert_true(WriteLayers("compressed.h5", NAK_STORE_REAL, PETSC_TRUE, &worst) < 0.1 * plain);
  assert_true(worst == 0);
  assert_true(WriteLayers("both.h5", NAK_STORE_SINGLE, PETSC_TRUE, &worst) < 0.1 * plain);
  assert_true(worst <= 6e-8);
}

/* Ranks without a part of an array take part all the same. */
static void APartMayBeEmpty(void **state)
{
  PetscReal         values[ROWS * COLUMNS] = {0}, expected[ROWS * COLUMNS];
  const PetscMPIInt rank                   = Rank();
  NakStoreBox       box                    = {
                             .rank = 2, .size = {ROWS, COLUMNS},
                                  .count = {0,    COLUMNS}
  };
  NakStore store;

  (void)state;
  if (rank == 0) box.count[0] = ROWS;
  Fill(&box, expected);
  MUST(NakStoreCreate(world, "empty.h5", NULL, &store));
  assert_int_equal(
    NakStoreWriteArray(store, "all", NAK_STORE_REAL, &box, rank == 0 ? expected : NULL), 0);
  MUST(NakStoreCommit(&store, PETSC_FALSE));
  MUST(NakStoreOpen(world, "empty.h5", &store));
  MUST(NakStoreReadArray(store, "all", NAK_STORE_REAL, &box, rank == 0 ? values : NULL));
  if (rank == 0) assert_memory_equal(values, expected, sizeof expected);
  MUST(NakStoreDestroy(&store));
}

static PetscErrorCode OpenOnly(const char *path)
{
  NakStore store;

  return NakStoreOpen(world, path, &store);
}

/* One that is not there, and one that HDF5 did not write. */
static void WhatCannotBeOpenedIsAnError(void **state)
{
  (void)state;
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(OpenOnly("no-such-file.h5"), PETSC_ERR_FILE_OPEN);
  assert_int_equal(OpenOnly("/proc/version"), PETSC_ERR_FILE_OPEN);
  MUST(PetscPopErrorHandler());
}

typedef PetscErrorCode (*Reader)(NakStore store);

static PetscErrorCode ReadTooMany(NakStore store)
{
  PetscReal small[4];

  return NakStoreRead(store, "small", NAK_STORE_REAL, 4, small);
}

static PetscErrorCode ReadOtherSize(NakStore store)
{
  PetscReal   values[(ROWS + 1) * COLUMNS];
  NakStoreBox box = Rows();

  box.size[0]++;
  return NakStoreReadArray(store, "deep/inside/array", NAK_STORE_REAL, &box, values);
}

static PetscErrorCode ReadNothing(NakStore store)
{
  PetscReal value;

  return NakStoreRead(store, "nothing", NAK_STORE_REAL, 1, &value);
}

static void AnotherSizeIsAnError(void **state)
{
  const Reader readers[] = {ReadTooMany, ReadOtherSize, ReadNothing};
  NakStore     store;

  (void)state;
  MUST(WriteSome("other.h5", NULL));
  MUST(NakStoreOpen(world, "other.h5", &store));
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  for (int k = 0; k < 3; k++) assert_int_equal(readers[k](store), PETSC_ERR_FILE_UNEXPECTED);
  MUST(PetscPopErrorHandler());
  MUST(NakStoreDestroy(&store));
}

/* What is given up leaves the file of before. */
static void HalfAFileIsNotThere(void **state)
{
  const NakStoreBox box = Rows();
  PetscReal         values[ROWS * COLUMNS];
  struct stat       before, after;
  NakStore          store;

  (void)state;
  Fill(&box, values);
  MUST(WriteSome("whole.h5", NULL));
  assert_int_equal(stat("whole.h5", &before), 0);
  MUST(NakStoreCreate(world, "whole.h5", NULL, &store));
  MUST(NakStoreWriteArray(store, "array", NAK_STORE_REAL, &box, values));
  MUST(NakStoreDestroy(&store));
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  assert_int_equal(stat("whole.h5", &after), 0);
  assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
  assert_int_not_equal(access("whole.h5.tmp", F_OK), 0);
}

static void LinksLeadToOtherFiles(void **state)
{
  PetscReal small[3];
  NakStore  store;

  (void)state;
  MUST(WriteSome("target.h5", NULL));
  MUST(NakStoreCreate(world, "links.h5", NULL, &store));
  MUST(NakStoreLink(store, "to/target", "target.h5", "/"));
  MUST(NakStoreCommit(&store, PETSC_FALSE));
  MUST(NakStoreOpen(world, "links.h5", &store));
  MUST(NakStoreRead(store, "to/target/small", NAK_STORE_REAL, 3, small));
  assert_true(small[1] == 2.5);
  MUST(NakStoreDestroy(&store));
}

/* ---- Seals ---- */

static PetscBool IsGood(const char *path)
{
  char seal[NAK_SEAL_TEXT], damage[128];

  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  MUST(NakSealCheck(world, path, seal, sizeof damage, damage));
  if (damage[0] == '\0') assert_string_equal(seal, SEAL);
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  return (PetscBool)(damage[0] == '\0');
}

/* Change one byte, by rank 0; returns the byte of before. */
static int Change(const char *path, long at, int mask)
{
  FILE *const file = fopen(path, "r+b");
  int         byte;

  assert_non_null(file);
  assert_int_equal(fseek(file, at, SEEK_SET), 0);
  byte = fgetc(file);
  assert_int_equal(fseek(file, at, SEEK_SET), 0);
  assert_int_equal(fputc(byte ^ mask, file), byte ^ mask);
  assert_int_equal(fclose(file), 0);
  return byte;
}

static void EveryByteIsSealed(void **state)
{
  struct stat       about;
  const PetscMPIInt rank = Rank();

  (void)state;
  MUST(WriteSome("sealed.h5", SEAL));
  assert_true(IsGood("sealed.h5"));
  assert_int_equal(stat("sealed.h5", &about), 0);
  for (long at = 0; at < (long)about.st_size; at += at < 600 ? 1 : 37) {
    if (rank == 0) (void)Change("sealed.h5", at, 1 << (at % 8));
    assert_false(IsGood("sealed.h5"));
    if (rank == 0) (void)Change("sealed.h5", at, 1 << (at % 8));
  }
  assert_true(IsGood("sealed.h5"));
}

/* A file of more than one piece, of which the second is damaged. */
static void LargeFilesAreSealed(void **state)
{
  const size_t      size = (size_t)17 << 20;
  char             *bytes;
  NakStore          store;
  const PetscMPIInt rank = Rank();

  (void)state;
  MUST(PetscCalloc1(size, &bytes));
  MUST(NakStoreCreate(world, "large.h5", SEAL, &store));
  MUST(NakStoreWrite(store, "bytes", NAK_STORE_BYTE, size, bytes));
  MUST(NakStoreCommit(&store, PETSC_FALSE));
  MUST(PetscFree(bytes));
  assert_true(IsGood("large.h5"));
  if (rank == 0) (void)Change("large.h5", (long)size - 5, 1);
  assert_false(IsGood("large.h5"));
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  if (rank == 0) assert_int_equal(unlink("large.h5"), 0);
}

static void AMissingOrAnAddedEndIsFound(void **state)
{
  struct stat       about;
  const PetscMPIInt rank = Rank();

  (void)state;
  MUST(WriteSome("cut.h5", SEAL));
  assert_int_equal(stat("cut.h5", &about), 0);
  if (rank == 0) assert_int_equal(truncate("cut.h5", about.st_size + 1), 0);
  assert_false(IsGood("cut.h5"));
  if (rank == 0) assert_int_equal(truncate("cut.h5", about.st_size), 0);
  assert_true(IsGood("cut.h5"));
  for (long size = (long)about.st_size - 1; size >= 0; size -= 1 + size / 9) {
    if (rank == 0) assert_int_equal(truncate("cut.h5", size), 0);
    assert_false(IsGood("cut.h5"));
  }
}

/* That says nothing of what is in it. */
static void WhatCannotBeOpenedHasNoSeal(void **state)
{
  char seal[NAK_SEAL_TEXT], damage[128];

  (void)state;
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakSealCheck(world, "no-such-file.h5", seal, sizeof damage, damage),
                   PETSC_ERR_FILE_OPEN);
  MUST(PetscPopErrorHandler());
}

static void Touch(const char *path)
{
  FILE *const file = fopen(path, "w");

  assert_non_null(file);
  assert_int_equal(fclose(file), 0);
}

/* What scripts wrote between Begin and Note goes; what was there, or came at another time,
   stays. */
static void OnlyWhatIsOnTheListIsRemoved(void **state)
{
  const struct timespec moment = {.tv_nsec = 20000000}; /* clocks of file systems are coarse */
  NakFolder             folder;
  PetscInt              next;
  const PetscMPIInt     rank = Rank();

  (void)state;
  if (rank != 0) return;
  MUST(NakFolderOpen("written", &next, &folder));
  assert_int_equal(next, 0);
  Touch("written/mine");
  (void)nanosleep(&moment, NULL);
  for (PetscInt number = 0; number < 3; number++) {
    const char *const names[] = {"written/a", "written/b", "written/table"};

    MUST(NakFolderBegin(folder));
    Touch("written/table");
    if (number < 2) Touch(names[number]);
    if (number == 2) assert_int_equal(mkdir("written/pieces", 0777), 0);
    if (number == 2) Touch("written/pieces/0");
    MUST(NakFolderNote(folder, number));
    (void)nanosleep(&moment, NULL);
  }
  Touch("written/late");
  MUST(NakFolderClose(&folder));
  assert_null(folder);
  MUST(NakFolderRemove("written", 1)); /* b and pieces; table and a are older */
  assert_int_equal(access("written/table", F_OK) | access("written/a", F_OK), 0);
  assert_int_not_equal(access("written/b", F_OK), 0);
  assert_int_not_equal(access("written/pieces", F_OK), 0);
  MUST(NakFolderOpen("written", &next, &folder));
  assert_int_equal(next, 1);
  MUST(NakFolderClose(&folder));
  MUST(NakFolderRemove("written", 0));
  assert_int_not_equal(access("written/table", F_OK), 0);
  assert_int_not_equal(access("written/written.txt", F_OK), 0);
  assert_int_equal(access("written/mine", F_OK) | access("written/late", F_OK), 0);
  assert_int_equal(unlink("written/mine") | unlink("written/late"), 0);
  assert_int_equal(rmdir("written"), 0);
}

/* A list that somebody edited leads nowhere else. */
static void AListNamesNothingOutside(void **state)
{
  FILE             *list;
  const PetscMPIInt rank = Rank();

  (void)state;
  if (rank != 0) return;
  MUST(NakDirectoryMake("written"));
  Touch("outside");
  list = fopen("written/written.txt", "w");
  assert_non_null(list);
  (void)fputs("0\t../outside\n0\t..\n0\t.\n0\t\nnothing\n", list);
  assert_int_equal(fclose(list), 0);
  MUST(NakFolderRemove("written", 0));
  assert_int_equal(access("outside", F_OK), 0);
  assert_int_equal(unlink("outside"), 0);
  assert_int_not_equal(access("written", F_OK), 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(WhatIsWrittenIsRead),         cmocka_unit_test(FilesCanBeSmaller),
  cmocka_unit_test(AnotherSizeIsAnError),        cmocka_unit_test(APartMayBeEmpty),
  cmocka_unit_test(WhatCannotBeOpenedIsAnError), cmocka_unit_test(LargeFilesAreSealed),
  cmocka_unit_test(HalfAFileIsNotThere),         cmocka_unit_test(LinksLeadToOtherFiles),
  cmocka_unit_test(EveryByteIsSealed),           cmocka_unit_test(AMissingOrAnAddedEndIsFound),
  cmocka_unit_test(WhatCannotBeOpenedHasNoSeal), cmocka_unit_test(OnlyWhatIsOnTheListIsRemoved),
  cmocka_unit_test(AListNamesNothingOutside),
};

NAK_TEST_MAIN_OF(EnterFolder("test-store") ||
                 cmocka_run_group_tests(tests, ChooseWriters, DropWriters))
