/* What every module relies on: exit statuses, agreement on an error, one line for a user's error
   and a traceback for a bug, the version text. */
#define _DEFAULT_SOURCE /* for setenv() */ // NOLINT(bugprone-reserved-identifier)
#include <nakfield/base.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nak_test.h"

static void ExitStatusOfEveryCode(void **state)
{
  (void)state;
  assert_int_equal(NakExitStatus((PetscErrorCode)0), NAK_EXIT_DONE);
  assert_int_equal(NakExitStatus(PETSC_ERR_USER_INPUT), NAK_EXIT_INPUT);
  assert_int_equal(NakExitStatus(PETSC_ERR_NOT_CONVERGED), NAK_EXIT_SOLVER);
  assert_int_equal(NakExitStatus(PETSC_ERR_FILE_OPEN), NAK_EXIT_OUTPUT);
  assert_int_equal(NakExitStatus(PETSC_ERR_FILE_READ), NAK_EXIT_OUTPUT);
  assert_int_equal(NakExitStatus(PETSC_ERR_FILE_WRITE), NAK_EXIT_OUTPUT);
  assert_int_equal(NakExitStatus(PETSC_ERR_FILE_UNEXPECTED), NAK_EXIT_OUTPUT);
  assert_int_equal(NakExitStatus(PETSC_ERR_PLIB), NAK_EXIT_BUG);
}

/* The error of the last rank alone reaches every rank; of several, the largest. */
static void EveryRankAgrees(void **state)
{
  PetscMPIInt    rank, size;
  PetscErrorCode mine;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  MUST(NakAgree(PETSC_COMM_WORLD, (PetscErrorCode)0));
  mine = rank == size - 1 ? PETSC_ERR_FILE_OPEN : (PetscErrorCode)0;
  assert_int_equal(NakAgree(PETSC_COMM_WORLD, mine), PETSC_ERR_FILE_OPEN);
  mine = rank == 0 ? PETSC_ERR_USER_INPUT : PETSC_ERR_FILE_OPEN;
  assert_int_equal(NakAgree(PETSC_COMM_WORLD, mine), PETSC_ERR_USER_INPUT);
}

static PetscErrorCode Raise(MPI_Comm comm, PetscErrorCode code)
{
  PetscFunctionBeginUser;
  SETERRQ(comm, code, "grid.nx is %d", 3);
}

static PetscErrorCode RaiseBelow(MPI_Comm comm, PetscErrorCode code)
{
  PetscFunctionBeginUser;
  PetscCall(Raise(comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What an error two calls deep writes to standard error. */
static void Capture(MPI_Comm comm, PetscErrorCode code, char *text, size_t size)
{
  FILE *const    file  = tmpfile();
  const int      saved = dup(STDERR_FILENO);
  PetscErrorCode raised;

  assert_non_null(file);
  fflush(stderr);
  dup2(fileno(file), STDERR_FILENO);
  raised = RaiseBelow(comm, code);
  fflush(stderr);
  dup2(saved, STDERR_FILENO);
  close(saved);
  rewind(file);
  text[fread(text, 1, size - 1, file)] = '\0';
  fclose(file);
  assert_int_equal(raised, code);
}

static void UserErrorIsOneLine(void **state)
{
  char        text[8192];
  PetscMPIInt rank;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MUST(NakErrorsInstall(NULL));
  Capture(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, text, sizeof text);
  assert_string_equal(text, "nakfield: grid.nx is 3\n");
  Capture(PETSC_COMM_WORLD, PETSC_ERR_FILE_WRITE, text, sizeof text);
  assert_string_equal(text, rank == 0 ? "nakfield: grid.nx is 3\n" : "");
  Capture(PETSC_COMM_SELF, PETSC_ERR_PLIB, text, sizeof text);
  assert_non_null(strstr(text, "PETSC ERROR"));
  assert_non_null(strstr(text, "grid.nx is 3"));
  MUST(PetscPopErrorHandler());
}

/* A user's option stands; without one there is the program's. */
static void PreferredOptions(void **state)
{
  char      value[8];
  PetscBool set;

  (void)state;
  MUST(PetscOptionsSetValue(NULL, "-test_given", "2"));
  MUST(NakOptionPrefer("-test_given", "infinity"));
  MUST(PetscOptionsGetString(NULL, NULL, "-test_given", value, sizeof value, &set));
  assert_string_equal(value, "2");
  MUST(NakOptionPrefer("-test_open", "max"));
  MUST(PetscOptionsGetString(NULL, NULL, "-test_open", value, sizeof value, &set));
  assert_string_equal(value, "max");
}

/* Of Random123's own table of known answers: no change of a library moves a nucleus. */
static void RandomNumbersAreKnown(void **state)
{
  const PetscReal step = PetscPowReal(2, -53);
  PetscReal       two[2];

  (void)state;
  NakRandom(0, 0, 0, two);
  AssertNear("first", two[0], ((PetscReal)(0xca00a0459843d731U >> 11) + 0.5) * step, 0);
  AssertNear("second", two[1], ((PetscReal)(0x66c24222c9a845b5U >> 11) + 0.5) * step, 0);
  NakRandom(UINT64_MAX, UINT64_MAX, UINT64_MAX, two);
  AssertNear("greatest counters", two[0], ((PetscReal)(0x65b021d60cd8310fU >> 11) + 0.5) * step, 0);
  AssertNear("one", NakRandomOne(0, 0, 0, 0), ((PetscReal)(0x6627e8d5e169c58dU >> 11) + 1) * step,
             0);
}

/* Rejected, not solved, cut short, and on the way to an end. */
static void StepsGrowShrinkAndLand(void **state)
{
  const NakStepControl c = {.failed = 0.25, .shrink = 0.2, .growth = 2, .whole = 0.99, .easy = 0.5};

  (void)state;
  AssertNear("not solved", NakStepNext(&c, 8, 8, -1, 9), 2, 0);
  AssertNear("rejected", NakStepNext(&c, 8, 8, 4, 0.5), 4, 0);
  AssertNear("far off", NakStepNext(&c, 10, 10, 1e9, 1e-9), 2, 0);
  AssertNear("accepted", NakStepNext(&c, 8, 8, 0.7, 1.25), 10, 0);
  AssertNear("no error", NakStepNext(&c, 8, 8, 0, 1e9), 16, 0);
  AssertNear("cut short", NakStepNext(&c, 2, 8, 0.5, 1), 8, 0);
  AssertNear("cut short, none too good", NakStepNext(&c, 2, 8, 0.75, 1.5), 3, 0);
  AssertNear("far", NakStepLength(1, 10, 1e-9, 0), 1, 0);
  AssertNear("no end", NakStepLength(1, PETSC_INFINITY, 1e-9, 0), 1, 0);
  AssertNear("two halves", NakStepLength(7, 10, 1e-9, 0), 5, 0);
  AssertNear("the first longer", NakStepLength(7, 10, 1e-9, 0.125), 5.625, 0);
  AssertNear("a bit short", NakStepLength(10 * (1 - 1e-10), 10, 1e-9, 0), 10, 0);
  AssertNear("beyond", NakStepLength(11, 10, 1e-9, 0), 10, 0);
}

/* Derivatives and predictions are exact for polynomials of their order, whatever the steps; the
   error of both of one power more has the ratio that is returned. */
static void FormulasAreExact(void **state)
{
  const PetscReal ratios[] = {1e-3, 0.3, 1, 2.4, 100};

  (void)state;
  for (int r = 0; r < 25; r++)
    for (PetscInt order = 1; order <= 2; order++) {
      const PetscReal dt = 0.7, before = dt / ratios[r % 5], oldest = before / ratios[r / 5];
      const PetscReal x[4] = {1.3, 1.3 - dt, 1.3 - dt - before, 1.3 - dt - before - oldest};
      PetscReal       w[4] = {0}, p[4] = {0};

      NakDerivativeWeights(order, x, w);
      NakPredictionWeights(order + 1, x, p);
      for (PetscInt power = 0; power <= order + 1; power++) {
        PetscReal slope = -(PetscReal)power * PetscPowReal(x[0], (PetscReal)power - 1);
        PetscReal value = -PetscPowReal(x[0], (PetscReal)power), size = 1;

        for (PetscInt m = 0; m <= order + 1; m++) {
          if (m <= order) slope += w[m] * PetscPowReal(x[m], (PetscReal)power);
          if (m > 0) value += p[m] * PetscPowReal(x[m], (PetscReal)power);
          size += PetscAbsReal(x[m]) * (PetscAbsReal(w[m]) + PetscAbsReal(p[m]));
        }
        if (power <= order) {
          AssertNear("slope", slope, 0, 1e-11 * size);
          AssertNear("value", value, 0, 1e-11 * size);
        } else { /* u' = f(t): the error of u is -slope / w[0], the distance from the prediction that less value */
          const PetscReal error = -slope / w[0], distance = error - value;

          AssertNear("error", NakErrorShare(order, x, w[0]) * distance, error, 1e-9 * size * size);
        }
      }
    }
}

static void VersionNamesEveryLibrary(void **state)
{
  const char *const version = NakVersion();

  (void)state;
  assert_ptr_equal(strstr(version, "nakfield "), version);
  assert_non_null(strstr(version, " (git "));
  assert_non_null(strstr(version, "\nPETSc 3."));
  assert_non_null(strstr(version, "\nMPI "));
  assert_non_null(strstr(version, "\nHDF5 "));
  assert_null(strstr(version, "\nHDF5 unknown"));
  assert_string_equal(NakVersion(), version);
}

/* A process alone needs no daemon; ranks beyond the free cores give theirs up, but not to many
   others; what is set stands. */
static void MpiIsAskedBeforeItStarts(void **state)
{
  const char *const yield = "OMPI_MCA_mpi_yield_when_idle", *const btl = "OMPI_MCA_btl";
  const char *const isolated = "OMPI_MCA_ess_singleton_isolated";
  const char *const sessions = "OMPI_MCA_orte_create_session_dirs";
  const char *const signs[]  = {"OMPI_COMM_WORLD_SIZE",
                                "PMIX_RANK",
                                "PMI_RANK",
                                "PMI_FD",
                                "SLURM_PROCID",
                                "OMPI_COMM_WORLD_LOCAL_SIZE",
                                yield,
                                btl,
                                isolated,
                                sessions,
                                "OMPI_MCA_pml"};
  const double      cores    = (double)sysconf(_SC_NPROCESSORS_ONLN);
  double            load     = 0;

  (void)state;
  for (size_t k = 0; k < PETSC_STATIC_ARRAY_LENGTH(signs); k++) (void)unsetenv(signs[k]);
  NakMpiPrepare();
  assert_string_equal(getenv(isolated), "1");
  assert_string_equal(getenv(sessions), "0");
  assert_string_equal(getenv(btl), "self");
  assert_null(getenv(yield));
  (void)unsetenv(btl);
  (void)setenv("OMPI_COMM_WORLD_SIZE", "1000000", 1);
  (void)setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "0", 1); /* fewer than the free cores, if any */
  NakMpiPrepare();
  assert_null(getenv(btl));
  (void)setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "1000000", 1);
  (void)setenv(yield, "0", 1);
  NakMpiPrepare();
  assert_string_equal(getenv(yield), "0");
  (void)unsetenv(yield);
  NakMpiPrepare();
  assert_int_equal(getloadavg(&load, 1), 1);
  if (load < cores) assert_string_equal(getenv(yield), "1");
  if (load > 3 * cores) assert_null(getenv(yield));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(ExitStatusOfEveryCode),    cmocka_unit_test(EveryRankAgrees),
  cmocka_unit_test(UserErrorIsOneLine),       cmocka_unit_test(PreferredOptions),
  cmocka_unit_test(RandomNumbersAreKnown),    cmocka_unit_test(VersionNamesEveryLibrary),
  cmocka_unit_test(StepsGrowShrinkAndLand),   cmocka_unit_test(FormulasAreExact),
  cmocka_unit_test(MpiIsAskedBeforeItStarts),
};

NAK_TEST_MAIN(tests)
