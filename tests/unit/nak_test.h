/* What every test in C uses: cmocka, assertions, the ranks, and main(). */
#pragma once

#include <petscsys.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* A call that must succeed. */
#define MUST(call) assert_int_equal((call), 0)

/* A `destroy` of a pointer sets it to NULL, and takes that. */
#define MUST_DESTROY(destroy, pointer)                                                             \
  do {                                                                                             \
    MUST(destroy(&(pointer)));                                                                     \
    assert_null(pointer);                                                                          \
    MUST(destroy(&(pointer)));                                                                     \
  } while (0)

/* |a - b| <= tolerance, which NaN is not; the message has both.  `b` is what is expected. */
#define AssertNear(what, a, b, tolerance)                                                          \
  do {                                                                                             \
    const PetscReal near_a = (a), near_b = (b), near_tolerance = (tolerance);                      \
                                                                                                   \
    if (!(PetscAbsReal(near_a - near_b) <= near_tolerance))                                        \
      fail_msg("%s: %.15g is not %.15g within %g", (what), (double)near_a, (double)near_b,         \
               (double)near_tolerance);                                                            \
  } while (0)

/* |a - b| <= tolerance |b|; `b` is evaluated twice. */
#define AssertRelative(what, a, b, tolerance)                                                      \
  AssertNear(what, a, b, (tolerance)*PetscAbsReal((PetscReal)(b)))

static inline PetscMPIInt Rank(void)
{
  PetscMPIInt rank;

  MUST(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  return rank;
}

static inline PetscMPIInt Ranks(void)
{
  PetscMPIInt size;

  MUST(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  return size;
}

/* Enter the folder <name>-np<ranks>, which is made afresh.  Returns 0, or 1 on an error. */
static inline int EnterFolder(const char *name)
{
  char folder[64], command[160];
  int  failed = 0;

  (void)snprintf(folder, sizeof folder, "%s-np%d", name, Ranks());
  (void)snprintf(command, sizeof command, "rm -rf %s && mkdir %s", folder, folder);
  if (Rank() == 0) failed = system(command) != 0;
  MUST(MPI_Bcast(&failed, 1, MPI_INT, 0, PETSC_COMM_WORLD));
  if (!failed) failed = chdir(folder) != 0;
  if (failed) print_error("cannot make or enter %s\n", folder);
  return failed;
}

/* main() of a test: PETSc around `failures`, an expression that runs groups of tests and is 0 where
   all passed. */
#define NAK_TEST_MAIN_OF(failures)                                                                 \
  int main(int argc, char **argv)                                                                  \
  {                                                                                                \
    int failed;                                                                                    \
                                                                                                   \
    if (PetscInitialize(&argc, &argv, NULL, NULL) != 0) return 1;                                  \
    failed = (failures);                                                                           \
    return PetscFinalize() != 0 || failed != 0;                                                    \
  }

/* main() that runs an array of tests. */
#define NAK_TEST_MAIN(tests) NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, NULL, NULL))
