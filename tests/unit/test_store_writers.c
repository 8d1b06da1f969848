/* Files of several pieces: the bytes do not depend on ranks and writers, and all that is written is
   read. */
#include <nakfield/store.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nak_test.h"

#define SEAL "test of writers"

/* Arrays.  The first is cut in x and y and has more than a piece.  The bytes make the next one
   begin at an odd place. Layers are chunks; those of the last array are longer than a chunk may
   be. */
enum { PLAIN, BYTES, SINGLE, LAYERS, LONG, ARRAYS };

static const char *const  names[]    = {"plain", "bytes", "single", "layers", "long"};
static const NakStoreType types[]    = {NAK_STORE_REAL, NAK_STORE_BYTE, NAK_STORE_SINGLE,
                                        NAK_STORE_REAL, NAK_STORE_REAL};
static const PetscInt     sizes[][3] = {
      {9, 720,  601 },
      {3, 5,    7   },
      {4, 720,  601 },
      {7, 45,   83  },
      {1, 1301, 1700}
};

static PetscInt Begin(PetscInt size, int parts, int part)
{
  return (PetscInt)((long long)size * part / parts);
}

/* The part of a rank: `across` ranks share x. */
static NakStoreBox Box(int which, int rank, int ranks, int across)
{
  const PetscInt *const size  = sizes[which];
  const int             along = ranks / across, x = rank % across, y = rank / across;
  NakStoreBox           box = {.rank = 3};

  for (int d = 0; d < 3; d++) box.size[d] = box.count[d] = size[d];
  box.start[1] = Begin(size[1], along, y);
  box.start[2] = Begin(size[2], across, x);
  box.count[1] = Begin(size[1], along, y + 1) - box.start[1];
  box.count[2] = Begin(size[2], across, x + 1) - box.start[2];
  return box;
}

static PetscReal Value(int which, PetscInt z, PetscInt y, PetscInt x)
{
  if (which == LAYERS || which == LONG) return z + 0.5 * (y / 16);
  return (which == BYTES ? 1 : 1.0 / 3) * (PetscReal)((z * 17 + y * 3 + x) % 251);
}

static size_t Count(const NakStoreBox *box)
{
  return (size_t)(box->count[0] * box->count[1] * box->count[2]);
}

/* The values of a box, or how many differ from those that are there. */
static size_t FillOrCompare(int which, const NakStoreBox *box, PetscBool fill, void *values)
{
  const PetscReal tolerance = which == SINGLE ? 6e-8 : 0;
  size_t          k = 0, wrong = 0;

  for (PetscInt z = 0; z < box->count[0]; z++)
    for (PetscInt y = box->start[1]; y < box->start[1] + box->count[1]; y++)
      for (PetscInt x = box->start[2]; x < box->start[2] + box->count[2]; x++, k++) {
        const PetscReal expected = Value(which, z, y, x);
        const PetscBool byte     = (PetscBool)(which == BYTES);

        if (fill && byte) ((unsigned char *)values)[k] = (unsigned char)expected;
        if (fill && !byte) ((PetscReal *)values)[k] = expected;
        if (fill) continue;
        wrong += byte ? ((unsigned char *)values)[k] != (unsigned char)expected
                      : PetscAbsReal(((PetscReal *)values)[k] - expected) > tolerance * expected;
      }
  return wrong;
}

static int Across(int ranks)
{
  int across = 1;

  for (int k = 2; k * k <= ranks; k++)
    if (ranks % k == 0) across = k;
  return across;
}

static void Reverse(size_t count, PetscReal values[])
{
  for (size_t k = 0; k < count / 2; k++) {
    const PetscReal one = values[k];

    values[k]             = values[count - 1 - k];
    values[count - 1 - k] = one;
  }
}

static void FromTheEnd(const void *layout, const void *array, size_t from, size_t count,
                       void *values)
{
  const PetscReal *const last = (const PetscReal *)array + *(const size_t *)layout - 1;

  for (size_t k = 0; k < count; k++) ((PetscReal *)values)[k] = *(last - (from + k));
}

/* With `fetch` some arrays are in memory from end to begin. */
static void Write(MPI_Comm comm, PetscInt count, PetscBool fetch, const char *path)
{
  PetscReal  *values[ARRAYS];
  size_t      counts[ARRAYS];
  PetscMPIInt rank, ranks;
  NakWriters  writers;
  NakStore    store;

  MUST(MPI_Comm_rank(comm, &rank));
  MUST(MPI_Comm_size(comm, &ranks));
  MUST(NakWritersCreate(comm, count, &writers));
  assert_int_equal(NakWritersCount(writers), PetscMin(count, ranks));
  MUST(NakStoreCreate(writers, path, SEAL, &store));
  MUST(NakStoreWriteText(store, "text", 6, "hello"));
  for (int which = 0; which < ARRAYS; which++) {
    const NakStoreBox box = Box(which, rank, ranks, Across(ranks));

    counts[which] = Count(&box);
    MUST(PetscMalloc1(counts[which] + 1, &values[which]));
    FillOrCompare(which, &box, PETSC_TRUE, values[which]);
    if (which == LAYERS) NakStoreCompress(store);
    if (fetch && types[which] == NAK_STORE_REAL) {
      Reverse(counts[which], values[which]);
      MUST(NakStoreFetchArray(store, names[which], types[which], &box, FromTheEnd, &counts[which],
                              values[which]));
    } else
      MUST(NakStoreWriteArray(store, names[which], types[which], &box, values[which]));
    MUST(NakStoreText(store, names[which], "unit", "1"));
  }
  MUST(NakStoreCommit(&store, PETSC_TRUE));
  for (int which = 0; which < ARRAYS; which++) MUST(PetscFree(values[which]));
  MUST_DESTROY(NakWritersDestroy, writers);
}

/* By other writers, and on boxes of another shape. */
static void Read(PetscInt count, const char *path)
{
  const int  ranks = Ranks();
  NakWriters writers;
  NakStore   store;
  char       seal[NAK_SEAL_TEXT], damage[128];

  MUST(NakWritersCreate(PETSC_COMM_WORLD, count, &writers));
  MUST(NakSealCheck(writers, path, seal, sizeof damage, damage));
  assert_string_equal(damage, "");
  assert_string_equal(seal, SEAL);
  MUST(NakStoreOpen(writers, path, &store));
  for (int which = 0; which < ARRAYS; which++) {
    const NakStoreBox box = Box(which, Rank(), ranks, ranks);
    PetscReal        *values;

    MUST(PetscCalloc1(Count(&box) + 1, &values));
    MUST(NakStoreReadArray(store, names[which], which == BYTES ? NAK_STORE_BYTE : NAK_STORE_REAL,
                           &box, values));
    assert_int_equal(FillOrCompare(which, &box, PETSC_FALSE, values), 0);
    MUST(PetscFree(values));
  }
  MUST(NakStoreDestroy(&store));
  MUST(NakWritersDestroy(&writers));
}

/* Rank 0 looks. */
static void AssertSameBytes(const char *one, const char *other)
{
  char command[64];
  int  differ = 0;

  (void)snprintf(command, sizeof command, "cmp %s %s", one, other);
  if (Rank() == 0) differ = system(command);
  MUST(MPI_Bcast(&differ, 1, MPI_INT, 0, PETSC_COMM_WORLD));
  assert_int_equal(differ, 0);
}

static void BytesDoNotDependOnWho(void **state)
{
  const PetscInt counts[] = {1, 2, 5, 16};
  struct stat    about;

  (void)state;
  if (Rank() == 0) Write(PETSC_COMM_SELF, 1, PETSC_FALSE, "alone.h5");
  for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
    if (k > 0 && counts[k - 1] >= Ranks()) continue; /* no other writers */
    Write(PETSC_COMM_WORLD, counts[k], (PetscBool)(k % 2 == 0), "together.h5");
    AssertSameBytes("alone.h5", "together.h5");
    Read(counts[(k + 1) % 4], "together.h5");
  }
  assert_int_equal(stat("together.h5", &about), 0);
  assert_true(about.st_size > 36 << 20 &&
              about.st_size < 40 << 20); /* three pieces; chunks are small */
  assert_int_not_equal(access("together.h5.tmp", F_OK), 0);
}

/* A bit in the piece of a writer that is not rank 0. */
static void EveryWriterLooks(void **state)
{
  NakWriters writers;
  char       seal[NAK_SEAL_TEXT], damage[128];
  FILE      *file = NULL;

  (void)state;
  if (Rank() == 0) {
    file = fopen("together.h5", "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 20 << 20, SEEK_SET), 0);
    assert_int_not_equal(fputc('x', file), EOF);
    assert_int_equal(fclose(file), 0);
  }
  MUST(MPI_Barrier(PETSC_COMM_WORLD));
  MUST(NakWritersCreate(PETSC_COMM_WORLD, 2, &writers));
  MUST(NakSealCheck(writers, "together.h5", seal, sizeof damage, damage));
  assert_string_equal(damage, "its length or its checksum is wrong");
  MUST(NakWritersDestroy(&writers));
}

/* ---- A disk that fails ---- */

static struct {
  PetscBool broken; /* for this rank */
  int       calls;
} disk;

/* In place of the system's: all calls of the program come here. */
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at)
{
  disk.calls++;
  if (!disk.broken) return lseek(file, at, SEEK_SET) == at ? write(file, bytes, size) : -1;
  errno = EIO;
  return -1;
}

/* Four pieces for each of three writers at most; the disk of the last one fails. */
static void AllStopSoon(void **state)
{
  const PetscInt writing = PetscMin(Ranks(), 3), count = writing * ((PetscInt)4 << 24) / Ranks();
  NakStoreBox    box = {
       .rank = 1, .size = {count * Ranks()}, .start = {count * Rank()}, .count = {count}};
  NakWriters     writers;
  NakStore       store;
  unsigned char *values;

  (void)state;
  MUST(PetscCalloc1(count, &values));
  MUST(NakWritersCreate(PETSC_COMM_WORLD, writing, &writers));
  MUST(NakStoreCreate(writers, "broken.h5", SEAL, &store));
  MUST(NakStoreWriteArray(store, "zeros", NAK_STORE_BYTE, &box, values));
  disk.broken = (PetscBool)(Rank() == writing - 1);
  disk.calls  = 0;
  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakStoreCommit(&store, PETSC_TRUE), PETSC_ERR_FILE_WRITE);
  MUST(PetscPopErrorHandler());
  MUST(MPI_Barrier(PETSC_COMM_WORLD)); /* rank 0 removes what is left */
  disk.broken = PETSC_FALSE;
  assert_in_range(disk.calls, 0, Rank() == writing - 1 ? 1 : 2);
  assert_int_not_equal(access("broken.h5", F_OK), 0);
  assert_int_not_equal(access("broken.h5.tmp", F_OK), 0);
  MUST_DESTROY(NakWritersDestroy, writers);
  MUST(PetscFree(values));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(BytesDoNotDependOnWho),
  cmocka_unit_test(EveryWriterLooks),
  cmocka_unit_test(AllStopSoon),
};

NAK_TEST_MAIN_OF(EnterFolder("test-store-writers") || cmocka_run_group_tests(tests, NULL, NULL))
