/* What every module relies on: exit statuses, agreement on an error, one line for a user's error and
   a traceback for a bug, the version text. */
#include <nakfield/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
  assert_int_equal(NakAgree(PETSC_COMM_WORLD, (PetscErrorCode)0), 0);
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
  assert_int_equal(NakErrorsInstall(), 0);
  Capture(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, text, sizeof text);
  assert_string_equal(text, "nakfield: grid.nx is 3\n");
  Capture(PETSC_COMM_WORLD, PETSC_ERR_FILE_WRITE, text, sizeof text);
  assert_string_equal(text, rank == 0 ? "nakfield: grid.nx is 3\n" : "");
  Capture(PETSC_COMM_SELF, PETSC_ERR_PLIB, text, sizeof text);
  assert_non_null(strstr(text, "PETSC ERROR"));
  assert_non_null(strstr(text, "grid.nx is 3"));
  assert_int_equal(PetscPopErrorHandler(), 0);
}

/* A user's option stands; without one there is the program's. */
static void PreferredOptions(void **state)
{
  char      value[8];
  PetscBool set;

  (void)state;
  assert_int_equal(PetscOptionsSetValue(NULL, "-test_given", "2"), 0);
  assert_int_equal(NakOptionPrefer("-test_given", "infinity"), 0);
  assert_int_equal(PetscOptionsGetString(NULL, NULL, "-test_given", value, sizeof value, &set), 0);
  assert_string_equal(value, "2");
  assert_int_equal(NakOptionPrefer("-test_open", "max"), 0);
  assert_int_equal(PetscOptionsGetString(NULL, NULL, "-test_open", value, sizeof value, &set), 0);
  assert_string_equal(value, "max");
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

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ExitStatusOfEveryCode),    cmocka_unit_test(EveryRankAgrees),
    cmocka_unit_test(UserErrorIsOneLine),       cmocka_unit_test(PreferredOptions),
    cmocka_unit_test(VersionNamesEveryLibrary),
  };
  int failed;

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscCall(PetscFinalize());
  return failed;
}
