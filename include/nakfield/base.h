/**
  @file
  What every module may assume: PETSc, real scalars and one spelling of success.  There is one set
  of exit statuses, and all ranks agree on errors.

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

/** A function whose loops the compiler turns into vector instructions.  One source is compiled for
    several instruction sets; the program chooses one when it starts. */
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

  Returns 0 if every rank brought 0, else the largest code brought.  Use it after whatever can fail
  on one rank only (a file, an allocation).  Then no rank waits for one that has left.
*/
PetscErrorCode NakAgree(MPI_Comm comm, PetscErrorCode mine);

/** What went wrong on this rank; one rank reports it for all.  `{0}` means that all is well. */
typedef struct {
  PetscErrorCode code;
  char           text[512];
} NakFault;

/** Note a fault unless one is noted already. */
void NakFaultNote(NakFault *fault, PetscErrorCode code, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(3, 4);

/** Raise the fault of the lowest rank that has one.  That rank prints, and all return its code.
    Collective. */
PetscErrorCode NakFaultAgree(MPI_Comm comm, const NakFault *fault);

/** Give every rank the fault of the lowest rank that has one.  Collective. */
PetscErrorCode NakFaultShare(MPI_Comm comm, NakFault *fault);

/**
  Print user errors as one line `nakfield: message` without PETSc's traceback; keep the traceback
  for bugs.  User errors are:
  - PETSC_ERR_USER_INPUT (exit 2)
  - PETSC_ERR_NOT_CONVERGED and _FP (exit 3)
  - PETSC_ERR_FILE_OPEN, _READ, _WRITE, _UNEXPECTED (exit 4)

  An error that one rank finds is to be raised on PETSC_COMM_SELF.  One that all ranks of a
  communicator find is to be raised on that communicator: then only its first rank prints.  Undone
  by PetscPopErrorHandler().

  @param[out] last  holds the last user error of this rank from now on; NULL is accepted
*/
PetscErrorCode NakErrorsInstall(NakFault *last);

/** The exit status that belongs to a code: a NakExit. */
int NakExitStatus(PetscErrorCode code);

/**
  Set what suits this process among Open MPI's parameters, which are variables of the environment.
  Those that are set already stay.  Other MPIs do not know them.  To be called before MPI starts.

  A process without a launcher needs no daemon and no network.  It needs no session folder either.
  Processes that start at once would share that folder: one in 25 failed because of it.

  If the machine has fewer free cores than ranks, a rank that waits for messages yields its core.
  Otherwise it would keep the core from the rank that it waits for.  With many other processes it
  does not yield: they would not give the core back.
*/
void NakMpiPrepare(void);

/** A length [m] in um, for messages: users write um. */
#define NAK_UM(length) (1e6 * (double)(length))

/** Give every rank what all ranks have, in the order of the ranks.  Collective.

    @param[in]  mine   `count` items of `size` bytes, plain data
    @param[out] all    pointer to an array of items, to be freed with PetscFree()
    @param[out] total  how many there are */
PetscErrorCode NakGatherAll(MPI_Comm comm, const void *mine, PetscInt count, size_t size, void *all,
                            PetscInt *total);

/** A launcher can start many processes that do not know each other, for example srun without PMIx.
    Each of them would do all of the work, so refuse to run as one of them.  Collective. */
PetscErrorCode NakMpiCheck(MPI_Comm comm);

/** Set a default among PETSc's options, for what PETSc has no call for.  What a user has given
    stays. */
PetscErrorCode NakOptionPrefer(const char option[], const char value[]);

/** TSSetFromOptions(), or SNESSetFromOptions() if `ts` is NULL.  Options that PETSc refuses are an
    error of the user: PETSC_ERR_USER_INPUT.  Collective. */
PetscErrorCode NakTakeOptions(TS ts, SNES snes);

/** For TSSetPreStage() of a TSROSW: the first stage of an attempt needs a new Jacobian.  TSROSW
    asks for it by a lag, and resets the lag only after a complete set of stages.  After a stage
    that was rejected or not solved, the old Jacobian would stay for good. */
PetscErrorCode NakRenewJacobian(TS ts, PetscReal stage_time);

/** Uniform random numbers: pure functions of their arguments, the same on any machine.  They use
    Philox of Random123, which has no state, so the order of calls does not matter.  Two in (0, 1)
    from 64-bit counters; one in (0, 1] from the lower 32 bits of three. */
void      NakRandom(uint64_t key, uint64_t a, uint64_t b, PetscReal out[2]);
PetscReal NakRandomOne(PetscInt key, PetscInt a, PetscInt b, PetscInt c);

/** How the length of the next step follows from that of the last one.  All numbers are fractions or
    multiples of the last length. */
typedef struct {
  PetscReal failed;         /**< if that was not solved */
  PetscReal shrink, growth; /**< at least and at most, if it was */
  PetscReal whole; /**< cut to less than this, it leaves the length wanted as it was, ... */
  PetscReal easy;  /**< ... unless its error is larger than this */
} NakStepControl;

/** Length to try if `left` is still to go.  Two equal steps are better than a long and a tiny one;
    then the first may be longer by a fraction `longer`.  It is all of `left` if at most a fraction
    `slack` would be missing.  Pure. */
static inline PetscReal NakStepLength(PetscReal wanted, PetscReal left, PetscReal slack,
                                      PetscReal longer)
{
  return wanted >= left * (1 - slack) ? left : PetscMin(wanted, left / 2 * (1 + longer));
}

/** Length wanted after a step of length dt that was tried instead of `wanted`.  The step's error
    over the tolerance (negative: it was not solved) allows a length of `allowed` times dt.
    Pure. */
static inline PetscReal NakStepNext(const NakStepControl *c, PetscReal dt, PetscReal wanted,
                                    PetscReal error, PetscReal allowed)
{
  if (error < 0) return dt * c->failed;
  if (dt < c->whole * wanted && error <= c->easy) return wanted;
  return dt * PetscMin(PetscMax(c->shrink, allowed), c->growth);
}

/** Backward differentiation of an order over steps of any lengths.  x[0] is the moment wanted.
    x[1], x[2] and so on are the known moments, the newest first.

    The first weights give the derivative at x[0] of the polynomial through values 0 to `order`.
    The second weights give the value at x[0] of the polynomial through values 1 to `count`; they
    leave w[0] as it is.  Pure. */
void NakDerivativeWeights(PetscInt order, const PetscReal x[], PetscReal w[]);
void NakPredictionWeights(PetscInt count, const PetscReal x[], PetscReal w[]);

/** The error of the formula, as a fraction of the difference between a solution and its prediction
    from order + 1 values.  `shift` is the formula's own weight.  Both errors are the same
    derivative times a product of distances.  Pure. */
PetscReal NakErrorShare(PetscInt order, const PetscReal x[], PetscReal shift);

/** The nearest to a misspelt word among candidates offered one by one.  Local. */
enum { NAK_GUESS_SIZE = 2 * NAK_TEXT_SIZE };
typedef struct {
  const char *word;
  char        best[NAK_GUESS_SIZE]; /**< empty while none is near enough */
  size_t      distance;             /**< of `best`, in edits of a letter */
} NakGuess;

void NakGuessStart(NakGuess *guess, const char *word);
void NakGuessOffer(NakGuess *guess, const char *candidate);

/** Open every closed standard stream on nothing, so that no file takes its place. */
void NakStreamsOpen(void);

/** Return `status`, or NAK_EXIT_OUTPUT with a message instead of NAK_EXIT_DONE.  The latter is
    returned if not everything written to standard output arrived.  A pipe that nobody reads any
    more is no failure. */
int NakStreamsClose(int status);

/** "nakfield 0.1.0 (git 1a2b3c4)", then the versions of PETSc, MPI and HDF5 on lines of their own.
    No newline at the end. */
const char *NakVersion(void);

/** Let SIGUSR1, SIGTERM and SIGINT ask for the end of a run, by NakReceived(), instead of killing
    it.  A second SIGTERM or SIGINT kills.  A file beyond its size limit (SIGXFSZ) becomes an error
    of the write.  A run whose progress nobody reads any more (SIGPIPE) continues. */
PetscErrorCode NakSignalsInstall(void);

/** The last of those signals that this process received; 0 for none. */
int NakReceived(void);
