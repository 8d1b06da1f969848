/* Stores: whole or not there, the same on any number of ranks, and every damage is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <nakfield/store.h>

#define SEAL "test of seals 7"

enum { ROWS = 7, COLUMNS = 5 };

/* Rows are dealt out to the ranks in blocks. */
static NakStoreBox Rows(void)
{
  PetscMPIInt rank, ranks;
  PetscInt    first, next;

  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  assert_int_equal(MPI_Comm_size(PETSC_COMM_WORLD, &ranks), 0);
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
  PetscCall(NakStoreCreate(PETSC_COMM_WORLD, path, seal, &store));
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
  assert_int_equal(WriteSome("some.h5", NULL), 0);
  assert_int_equal(NakStoreOpen(PETSC_COMM_WORLD, "some.h5", &store), 0);
  assert_int_equal(NakStoreReadArray(store, "deep/inside/array", NAK_STORE_REAL, &box, values), 0);
  Fill(&box, expected);
  assert_memory_equal(values, expected, (size_t)(box.count[0] * COLUMNS) * sizeof *values);
  assert_int_equal(NakStoreCount(store, "small", &count, &there), 0);
  assert_true(there && count == 3);
  assert_int_equal(NakStoreCount(store, "deep/outside/array", &count, &there), 0);
  assert_false(there);
  assert_int_equal(NakStoreRead(store, "small", NAK_STORE_REAL, 3, small), 0);
  assert_true(small[0] == 1 && small[1] == 2.5 && small[2] == -1e300);
  assert_int_equal(NakStoreDestroy(&store), 0);
}

/* Ranks without a part of an array take part all the same. */
static void APartMayBeEmpty(void **state)
{
  PetscReal   values[ROWS * COLUMNS] = {0}, expected[ROWS * COLUMNS];
  PetscMPIInt rank;
  NakStoreBox box = {
    .rank = 2, .size = {ROWS, COLUMNS},
         .count = {0,    COLUMNS}
  };
  NakStore store;

  (void)state;
  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  if (rank == 0) box.count[0] = ROWS;
  Fill(&box, expected);
  assert_int_equal(NakStoreCreate(PETSC_COMM_WORLD, "empty.h5", NULL, &store), 0);
  assert_int_equal(
    NakStoreWriteArray(store, "all", NAK_STORE_REAL, &box, rank == 0 ? expected : NULL), 0);
  assert_int_equal(NakStoreCommit(&store, PETSC_FALSE), 0);
  assert_int_equal(NakStoreOpen(PETSC_COMM_WORLD, "empty.h5", &store), 0);
  assert_int_equal(NakStoreReadArray(store, "all", NAK_STORE_REAL, &box, rank == 0 ? values : NULL),
                   0);
  if (rank == 0) assert_memory_equal(values, expected, sizeof expected);
  assert_int_equal(NakStoreDestroy(&store), 0);
}

static PetscErrorCode OpenOnly(const char *path)
{
  NakStore store;

  return NakStoreOpen(PETSC_COMM_WORLD, path, &store);
}

/* One that is not there, and one that HDF5 did not write. */
static void WhatCannotBeOpenedIsAnError(void **state)
{
  (void)state;
  assert_int_equal(PetscPushErrorHandler(PetscReturnErrorHandler, NULL), 0);
  assert_int_equal(OpenOnly("no-such-file.h5"), PETSC_ERR_FILE_OPEN);
  assert_int_equal(OpenOnly("/proc/version"), PETSC_ERR_FILE_OPEN);
  assert_int_equal(PetscPopErrorHandler(), 0);
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
  assert_int_equal(WriteSome("other.h5", NULL), 0);
  assert_int_equal(NakStoreOpen(PETSC_COMM_WORLD, "other.h5", &store), 0);
  assert_int_equal(PetscPushErrorHandler(PetscReturnErrorHandler, NULL), 0);
  for (int k = 0; k < 3; k++) assert_int_equal(readers[k](store), PETSC_ERR_FILE_UNEXPECTED);
  assert_int_equal(PetscPopErrorHandler(), 0);
  assert_int_equal(NakStoreDestroy(&store), 0);
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
  assert_int_equal(WriteSome("whole.h5", NULL), 0);
  assert_int_equal(stat("whole.h5", &before), 0);
  assert_int_equal(NakStoreCreate(PETSC_COMM_WORLD, "whole.h5", NULL, &store), 0);
  assert_int_equal(NakStoreWriteArray(store, "array", NAK_STORE_REAL, &box, values), 0);
  assert_int_equal(NakStoreDestroy(&store), 0);
  assert_int_equal(MPI_Barrier(PETSC_COMM_WORLD), 0);
  assert_int_equal(stat("whole.h5", &after), 0);
  assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
  assert_int_not_equal(access("whole.h5.tmp", F_OK), 0);
}

static void LinksLeadToOtherFiles(void **state)
{
  PetscReal small[3];
  NakStore  store;

  (void)state;
  assert_int_equal(WriteSome("target.h5", NULL), 0);
  assert_int_equal(NakStoreCreate(PETSC_COMM_WORLD, "links.h5", NULL, &store), 0);
  assert_int_equal(NakStoreLink(store, "to/target", "target.h5", "/"), 0);
  assert_int_equal(NakStoreCommit(&store, PETSC_FALSE), 0);
  assert_int_equal(NakStoreOpen(PETSC_COMM_WORLD, "links.h5", &store), 0);
  assert_int_equal(NakStoreRead(store, "to/target/small", NAK_STORE_REAL, 3, small), 0);
  assert_true(small[1] == 2.5);
  assert_int_equal(NakStoreDestroy(&store), 0);
}

/* ---- Seals ---- */

static PetscBool IsGood(const char *path)
{
  char seal[NAK_SEAL_TEXT], damage[128];

  assert_int_equal(MPI_Barrier(PETSC_COMM_WORLD), 0);
  assert_int_equal(NakSealCheck(PETSC_COMM_WORLD, path, seal, sizeof damage, damage), 0);
  if (damage[0] == '\0') assert_string_equal(seal, SEAL);
  assert_int_equal(MPI_Barrier(PETSC_COMM_WORLD), 0);
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
  struct stat about;
  PetscMPIInt rank;

  (void)state;
  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  assert_int_equal(WriteSome("sealed.h5", SEAL), 0);
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
  const size_t size = (size_t)17 << 20;
  char        *bytes;
  NakStore     store;
  PetscMPIInt  rank;

  (void)state;
  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  assert_int_equal(PetscCalloc1(size, &bytes), 0);
  assert_int_equal(NakStoreCreate(PETSC_COMM_WORLD, "large.h5", SEAL, &store), 0);
  assert_int_equal(NakStoreWrite(store, "bytes", NAK_STORE_BYTE, size, bytes), 0);
  assert_int_equal(NakStoreCommit(&store, PETSC_FALSE), 0);
  assert_int_equal(PetscFree(bytes), 0);
  assert_true(IsGood("large.h5"));
  if (rank == 0) (void)Change("large.h5", (long)size - 5, 1);
  assert_false(IsGood("large.h5"));
  assert_int_equal(MPI_Barrier(PETSC_COMM_WORLD), 0);
  if (rank == 0) assert_int_equal(unlink("large.h5"), 0);
}

static void AMissingOrAnAddedEndIsFound(void **state)
{
  struct stat about;
  PetscMPIInt rank;

  (void)state;
  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  assert_int_equal(WriteSome("cut.h5", SEAL), 0);
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
  assert_int_equal(PetscPushErrorHandler(PetscReturnErrorHandler, NULL), 0);
  assert_int_equal(NakSealCheck(PETSC_COMM_WORLD, "no-such-file.h5", seal, sizeof damage, damage),
                   PETSC_ERR_FILE_OPEN);
  assert_int_equal(PetscPopErrorHandler(), 0);
}

static void Touch(const char *path)
{
  FILE *const file = fopen(path, "w");

  assert_non_null(file);
  assert_int_equal(fclose(file), 0);
}

/* What scripts wrote between Begin and Note goes; what was there, or came at another time, stays. */
static void OnlyWhatIsOnTheListIsRemoved(void **state)
{
  const struct timespec moment = {.tv_nsec = 20000000}; /* clocks of file systems are coarse */
  NakFolder             folder;
  PetscInt              next;
  PetscMPIInt           rank;

  (void)state;
  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  if (rank != 0) return;
  assert_int_equal(NakFolderOpen("written", &next, &folder), 0);
  assert_int_equal(next, 0);
  Touch("written/mine");
  (void)nanosleep(&moment, NULL);
  for (PetscInt number = 0; number < 3; number++) {
    const char *const names[] = {"written/a", "written/b", "written/table"};

    assert_int_equal(NakFolderBegin(folder), 0);
    Touch("written/table");
    if (number < 2) Touch(names[number]);
    if (number == 2) assert_int_equal(mkdir("written/pieces", 0777), 0);
    if (number == 2) Touch("written/pieces/0");
    assert_int_equal(NakFolderNote(folder, number), 0);
    (void)nanosleep(&moment, NULL);
  }
  Touch("written/late");
  assert_int_equal(NakFolderClose(&folder), 0);
  assert_null(folder);
  assert_int_equal(NakFolderRemove("written", 1), 0); /* b and pieces; table and a are older */
  assert_int_equal(access("written/table", F_OK) | access("written/a", F_OK), 0);
  assert_int_not_equal(access("written/b", F_OK), 0);
  assert_int_not_equal(access("written/pieces", F_OK), 0);
  assert_int_equal(NakFolderOpen("written", &next, &folder), 0);
  assert_int_equal(next, 1);
  assert_int_equal(NakFolderClose(&folder), 0);
  assert_int_equal(NakFolderRemove("written", 0), 0);
  assert_int_not_equal(access("written/table", F_OK), 0);
  assert_int_not_equal(access("written/written.txt", F_OK), 0);
  assert_int_equal(access("written/mine", F_OK) | access("written/late", F_OK), 0);
  assert_int_equal(unlink("written/mine") | unlink("written/late"), 0);
  assert_int_equal(rmdir("written"), 0);
}

/* A list that somebody edited leads nowhere else. */
static void AListNamesNothingOutside(void **state)
{
  FILE       *list;
  PetscMPIInt rank;

  (void)state;
  assert_int_equal(MPI_Comm_rank(PETSC_COMM_WORLD, &rank), 0);
  if (rank != 0) return;
  assert_int_equal(NakDirectoryMake("written"), 0);
  Touch("outside");
  list = fopen("written/written.txt", "w");
  assert_non_null(list);
  (void)fputs("0\t../outside\n0\t..\n0\t.\n0\t\nnothing\n", list);
  assert_int_equal(fclose(list), 0);
  assert_int_equal(NakFolderRemove("written", 0), 0);
  assert_int_equal(access("outside", F_OK), 0);
  assert_int_equal(unlink("outside"), 0);
  assert_int_not_equal(access("written", F_OK), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(WhatIsWrittenIsRead),
    cmocka_unit_test(AnotherSizeIsAnError),
    cmocka_unit_test(APartMayBeEmpty),
    cmocka_unit_test(WhatCannotBeOpenedIsAnError),
    cmocka_unit_test(LargeFilesAreSealed),
    cmocka_unit_test(HalfAFileIsNotThere),
    cmocka_unit_test(LinksLeadToOtherFiles),
    cmocka_unit_test(EveryByteIsSealed),
    cmocka_unit_test(AMissingOrAnAddedEndIsFound),
    cmocka_unit_test(WhatCannotBeOpenedHasNoSeal),
    cmocka_unit_test(OnlyWhatIsOnTheListIsRemoved),
    cmocka_unit_test(AListNamesNothingOutside),
  };
  char        folder[64];
  PetscMPIInt rank, ranks;
  int         failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) != 0) return 1;
  if (MPI_Comm_rank(PETSC_COMM_WORLD, &rank) != 0) return 1;
  if (MPI_Comm_size(PETSC_COMM_WORLD, &ranks) != 0) return 1;
  (void)snprintf(folder, sizeof folder, "test-store-np%d", ranks);
  if (rank == 0) (void)mkdir(folder, 0777);
  if (MPI_Barrier(PETSC_COMM_WORLD) != 0 || chdir(folder) != 0) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() != 0 || failed != 0;
}
