/**
  @file
  What every module may assume: PETSc, real scalars, one spelling of success, one set of exit
  statuses, and errors that all ranks agree on.

  All quantities inside the program are SI unless a name or a comment says otherwise.
*/
#pragma once

#include <petscts.h>
#include <stdint.h>

#if defined(PETSC_USE_COMPLEX)
  #error "nakfield needs a real-scalar PETSc"
#endif

#if !defined(PETSC_USE_REAL_DOUBLE)
  #error "nakfield needs a double-precision PETSc"
#endif

#if PETSC_VERSION_LT(3, 19, 0)
  #define PETSC_SUCCESS 0 /* PETSc 3.18 (Debian 12) has no name for it */
#endif

#if PETSC_VERSION_LT(3, 22, 0)
  #define PETSC_INT_MAX PETSC_MAX_INT /* the older names are deprecated */
  #define PETSC_INT_MIN PETSC_MIN_INT
#endif

#define NAK_FARADAY      96485.33212 /* [C/mol], CODATA 2018 */
#define NAK_GAS_CONSTANT 8.314462618 /* [J/mol/K], CODATA 2018 */

#define NAK_TEXT_SIZE 256 /* of every text in a parameter struct, the final 0 included */

/** A function whose loops the compiler turns into vector instructions: one source, several instruction sets,
    chosen when the program starts. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
  !defined(__SANITIZE_ADDRESS__)
  #define NAK_VECTORISED                                                                           \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
  #define NAK_VECTORISED
#endif

/** A part of such a function. */
#define NAK_INLINE __attribute__((always_inline)) inline

/** What the shell sees. */
typedef enum {
  NAK_EXIT_DONE    = 0, /**< done, a limit or a short of the cell included */
  NAK_EXIT_BUG     = 1, /**< an error in the program */
  NAK_EXIT_INPUT   = 2, /**< bad deck or command line */
  NAK_EXIT_SOLVER  = 3, /**< the solver gave up, or a number was not finite */
  NAK_EXIT_OUTPUT  = 4, /**< a file or directory could not be read or written */
  NAK_EXIT_STOPPED = 5  /**< SIGTERM or SIGINT ended the run early */
} NakExit;

/**
  Turn an error of some ranks into the same error on every rank.  Collective on `comm`.

  @param[in] comm  the ranks that must agree
  @param[in] mine  this rank's error, or 0

  Returns 0 where every rank brought 0, else the largest code brought.  Use it behind whatever can
  fail on one rank only (a file, an allocation), so that no rank waits for one that has left.
*/
PetscErrorCode NakAgree(MPI_Comm comm, PetscErrorCode mine);

/** What went wrong on this rank, to be told by one rank for all; `{0}` where all is well. */
typedef struct {
  PetscErrorCode code;
  char           text[512];
} NakFault;

/** Note a fault unless one is noted already. */
void NakFaultNote(NakFault *fault, PetscErrorCode code, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** Raise the fault of the lowest rank that has one: that rank prints, all return its code.
    Collective. */
PetscErrorCode NakFaultAgree(MPI_Comm comm, const NakFault *fault);

/** Give every rank the fault of the lowest rank that has one.  Collective. */
PetscErrorCode NakFaultShare(MPI_Comm comm, NakFault *fault);

/**
  Print user errors as one line `nakfield: message` without PETSc's traceback; keep the traceback for
  bugs.  User errors are those raised with PETSC_ERR_USER_INPUT (exit 2), PETSC_ERR_NOT_CONVERGED and _FP (3)
  and PETSC_ERR_FILE_OPEN, _READ, _WRITE, _UNEXPECTED (4).

  Raise on PETSC_COMM_SELF what one rank finds, and on the communicator what all of its ranks find:
  then only its first rank prints.  Undone by PetscPopErrorHandler().

  @param[out] last  holds the last user error of this rank from now on; NULL is accepted
*/
PetscErrorCode NakErrorsInstall(NakFault *last);

/** The exit status that belongs to a code: a NakExit. */
int NakExitStatus(PetscErrorCode code);

/**
  Ask Open MPI, by its parameters in the environment, for what suits this process; those that are set
  stand, and other MPIs do not know them.  To be called before MPI starts.

  A process without a launcher needs no daemon beside it, no network and no folder of sessions, which those that
  start at once would share: one in 25 failed over it.  Ranks that wait for messages
  give up their cores where the machine has fewer free ones than ranks, else one that waits keeps the
  one that it waits for from its work; but not to many others, which would not give them back.
*/
void NakMpiPrepare(void);

/** Refuse to be one of many processes that a launcher started and that do not know each other, as under an srun
    without PMIx: each would do all of the work.  Collective. */
PetscErrorCode NakMpiCheck(MPI_Comm comm);

/** A default among PETSc's options, for what PETSc has no call for: what a user has given stands. */
PetscErrorCode NakOptionPrefer(const char option[], const char value[]);

/** For TSSetPreStage() of a TSROSW: the first stage of an attempt needs a new Jacobian.  TSROSW asks for it by
    a lag that it resets only behind a complete set of stages, so a stage that was rejected or not solved
    would leave the old one in place for good. */
PetscErrorCode NakRenewJacobian(TS ts, PetscReal stage_time);

/** Uniform random numbers: pure functions of their arguments, the same anywhere (Philox of Random123, which
    needs no state and so no order of calls).  Two in (0, 1) from 64-bit counters; one in (0, 1] from the
    lower 32 bits of three. */
void      NakRandom(uint64_t key, uint64_t a, uint64_t b, PetscReal out[2]);
PetscReal NakRandomOne(PetscInt key, PetscInt a, PetscInt b, PetscInt c);

/** How the next step's length follows from the last one, of which all numbers are parts or multiples. */
typedef struct {
  PetscReal failed;         /**< where that was not solved */
  PetscReal shrink, growth; /**< at least and at most, where it was */
  PetscReal whole; /**< cut to less than this, it leaves the length wanted as it was, ... */
  PetscReal easy;  /**< ... unless its error is larger than this */
} NakStepControl;

/** Length to try where `left` is to go: two equal steps, the first longer by a part `longer`, rather than a
    long and a tiny one; all of it where at most a part `slack` would be missing.  Pure. */
static inline PetscReal NakStepLength(PetscReal wanted, PetscReal left, PetscReal slack,
                                      PetscReal longer)
{
  return wanted >= left * (1 - slack) ? left : PetscMin(wanted, left / 2 * (1 + longer));
}

/** Length wanted after a step of length dt instead of `wanted`; its error over the tolerance, negative where it
    was not solved, allows `allowed` times dt.  Pure. */
static inline PetscReal NakStepNext(const NakStepControl *c, PetscReal dt, PetscReal wanted,
                                    PetscReal error, PetscReal allowed)
{
  if (error < 0) return dt * c->failed;
  if (dt < c->whole * wanted && error <= c->easy) return wanted;
  return dt * PetscMin(PetscMax(c->shrink, allowed), c->growth);
}

/** Backward differentiation of an order over steps of any lengths: x[0] is the moment wanted, x[1], x[2], ...
    those that are known, the newest first.  Weights of the values there whose sum is the derivative at x[0] of
    the polynomial through values 0 to `order`; that is its value at x[0] through values 1 to `count`, w[0] being left
    as it is.  Pure. */
void NakDerivativeWeights(PetscInt order, const PetscReal x[], PetscReal w[]);
void NakPredictionWeights(PetscInt count, const PetscReal x[], PetscReal w[]);

/** Share of the difference between a solution and its prediction from order + 1 values that is the error of the
    formula, whose own weight is `shift`: both errors are the same derivative times a product of distances.
    Pure. */
PetscReal NakErrorShare(PetscInt order, const PetscReal x[], PetscReal shift);

/** Have each standard stream that is closed lead nowhere, so that no file takes its place. */
void NakStreamsOpen(void);

/** `status`, but NAK_EXIT_OUTPUT instead of NAK_EXIT_DONE, with a message, where not all that was written to
    standard output arrived.  A pipe that nobody reads any more is no failure. */
int NakStreamsClose(int status);

/** "nakfield 0.1.0 (git 1a2b3c4)" and, line by line, the versions of PETSc, MPI, HDF5; no newline
    at the end. */
const char *NakVersion(void);

/** Have SIGUSR1, SIGTERM and SIGINT ask for the end of a run, by NakReceived(), instead of killing it; a
    second SIGTERM or SIGINT kills.  A file beyond the limit of its size (SIGXFSZ) becomes an error of
    the write; a run whose progress nobody reads any more (SIGPIPE) goes on. */
PetscErrorCode NakSignalsInstall(void);

/** The last of those signals that this process received; 0 for none. */
int NakReceived(void);
