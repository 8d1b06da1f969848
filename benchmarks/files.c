/* A file of many ranks, written or read: seconds, and the largest memory of rank 0 and of any
   other.

   files write|read PATH WRITERS ARRAYS NZ NY NX VALUES

   Ranks share y and x.  The numbers of each place tell where it is, so what is read is checked. */
#include <nakfield/store.h>
#include <petscsys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { NAME = 32 };

static NakStoreBox Box(char *const numbers[])
{
  NakStoreBox box = {.rank = 4};
  PetscMPIInt rank, ranks, across = 1;

  (void)MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  (void)MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  for (PetscMPIInt k = 2; k * k <= ranks; k++)
    if (ranks % k == 0) across = k;
  for (int d = 0; d < 4; d++) box.size[d] = box.count[d] = (PetscInt)strtol(numbers[d], NULL, 10);
  for (int d = 1; d < 3; d++) {
    const PetscInt parts = d == 1 ? ranks / across : across;
    const PetscInt part  = d == 1 ? rank / across : rank % across;

    box.start[d] = box.size[d] * part / parts;
    box.count[d] = box.size[d] * (part + 1) / parts - box.start[d];
  }
  return box;
}

/* Set the values of array `which`, or count those that are others. */
static PetscInt64 Visit(const NakStoreBox *box, int which, PetscBool set, PetscReal values[])
{
  PetscInt64 wrong = 0;
  size_t     k     = 0;

  for (PetscInt z = 0; z < box->count[0]; z++)
    for (PetscInt y = 0; y < box->count[1]; y++)
      for (PetscInt x = 0; x < box->count[2]; x++)
        for (PetscInt v = 0; v < box->count[3]; v++, k++) {
          const PetscReal value =
            which + 1e-3 * z + 1e-6 * (box->start[1] + y) + 1e-9 * (box->start[2] + x) + 0.1 * v;

          if (set) values[k] = value;
          wrong += values[k] != value;
        }
  return wrong;
}

static PetscErrorCode Pass(NakWriters writers, PetscBool write, const char *path,
                           const NakStoreBox *box, int arrays, PetscReal *const values[])
{
  NakStore store;
  char     name[NAME], seal[NAK_SEAL_TEXT], damage[NAK_SEAL_TEXT];

  PetscFunctionBeginUser;
  if (write) {
    PetscCall(NakStoreCreate(writers, path, "benchmark", &store));
  } else {
    PetscCall(NakSealCheck(writers, path, seal, sizeof damage, damage));
    PetscCheck(damage[0] == '\0', PETSC_COMM_WORLD, PETSC_ERR_FILE_READ, "%s", damage);
    PetscCall(NakStoreOpen(writers, path, &store));
  }
  for (int k = 0; k < arrays; k++) {
    (void)snprintf(name, sizeof name, "array%d", k);
    PetscCall(write ? NakStoreWriteArray(store, name, NAK_STORE_REAL, box, values[k])
                    : NakStoreReadArray(store, name, NAK_STORE_REAL, box, values[k]));
  }
  PetscCall(write ? NakStoreCommit(&store, PETSC_TRUE) : NakStoreDestroy(&store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A line of CSV: seconds, MB of rank 0, most MB of another rank, wrong numbers. */
static PetscErrorCode Report(double seconds, PetscInt64 wrong)
{
  const double  kilobytes = 1e-6 * 1024;
  struct rusage used;
  PetscMPIInt   rank;
  double        mine, first, others;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  (void)getrusage(RUSAGE_SELF, &used);
  first = mine = kilobytes * (double)used.ru_maxrss;
  PetscCallMPI(MPI_Bcast(&first, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  if (rank == 0) mine = 0;
  PetscCallMPI(MPI_Reduce(&mine, &others, 1, MPI_DOUBLE, MPI_MAX, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPIU_INT64, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%.3f,%.1f,%.1f,%lld\n", seconds, first, others,
                        (long long)wrong));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(PetscBool write, char *const words[])
{
  const int         arrays = (int)strtol(words[2], NULL, 10);
  const NakStoreBox box    = Box(words + 3);
  size_t            count  = 1;
  PetscInt64        wrong  = 0;
  double            began;
  PetscReal       **values;
  NakWriters        writers;

  PetscFunctionBeginUser;
  for (int d = 0; d < 4; d++) count *= (size_t)box.count[d];
  PetscCall(PetscMalloc1(arrays, &values));
  for (int k = 0; k < arrays; k++) {
    PetscCall(PetscCalloc1(count, &values[k]));
    if (write) (void)Visit(&box, k, PETSC_TRUE, values[k]);
  }
  PetscCall(NakWritersCreate(PETSC_COMM_WORLD, (PetscInt)strtol(words[1], NULL, 10), &writers));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  began = MPI_Wtime();
  PetscCall(Pass(writers, write, words[0], &box, arrays, values));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  began = MPI_Wtime() - began;
  for (int k = 0; k < arrays; k++) wrong += Visit(&box, k, PETSC_FALSE, values[k]);
  PetscCall(Report(began, wrong));
  for (int k = 0; k < arrays; k++) PetscCall(PetscFree(values[k]));
  PetscCall(PetscFree(values));
  PetscCall(NakWritersDestroy(&writers));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  enum { WORDS = 9 };

  if (argc != WORDS) return 2;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Run((PetscBool)(strcmp(argv[1], "write") == 0), argv + 2));
  PetscCall(PetscFinalize());
  return 0;
}
