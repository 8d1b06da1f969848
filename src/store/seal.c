/* The seal of a file: its length and a checksum over all of it; the contract is in
   nakfield/store.h.

   The checksum is that of the checksums of 16 MiB pieces.  The seal is a text, padded with zeros.
   It is part of what is checked; its own checksum counts as zeros. */
#include "store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define PIECE  ((size_t)16 << 20) /* [B] */
#define DIGITS 16                 /* of a checksum */

/* The texts of the seal, "nakfield checkpoint 1\nbytes ...\nxxh3 ...\n". */
static int Compose(const char *seal, size_t bytes, uint64_t sum, char text[NAK_SEAL_SIZE])
{
  int length;

  memset(text, 0, NAK_SEAL_SIZE);
  length =
    snprintf(text, NAK_SEAL_SIZE, "%s\nbytes %zu\nxxh3 %0*" PRIx64 "\n", seal, bytes, DIGITS, sum);
  return length - 1 - DIGITS; /* where the checksum begins */
}

static size_t Pieces(size_t bytes)
{
  return (bytes + PIECE - 1) / PIECE;
}

static size_t Length(size_t bytes, size_t piece)
{
  return PetscMin(PIECE, bytes - piece * PIECE);
}

PetscErrorCode NakSealPut(const char *seal, size_t bytes, char file[])
{
  const size_t pieces = Pieces(bytes);
  uint64_t    *sums;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(pieces, &sums));
  memset(file + Compose(seal, bytes, 0, file), 0, DIGITS);
  for (size_t k = 0; k < pieces; k++) sums[k] = XXH3_64bits(file + k * PIECE, Length(bytes, k));
  (void)Compose(seal, bytes, XXH3_64bits(sums, pieces * sizeof *sums), file);
  PetscCall(PetscFree(sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Checking, by one rank ---- */

/* 0, or the reason why a part of a file cannot be read. */
static int ReadPart(int file, size_t size, size_t begin, char *part)
{
  for (size_t got = 0; got < size;) {
    const ssize_t n = pread(file, part + got, size - got, (off_t)(begin + got));

    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENODATA; /* it was longer a moment ago */
    got += (size_t)n;
  }
  return 0;
}

/* The checksum of a file that contains it at `mark`; `*reason` as in ReadPart(). */
static PetscErrorCode Sum(int file, size_t bytes, int mark, uint64_t *sum, int *reason)
{
  const size_t pieces = Pieces(bytes);
  uint64_t    *sums;
  char        *piece;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(pieces, &sums));
  PetscCall(PetscMalloc1(PetscMin(bytes, PIECE), &piece));
  for (size_t k = 0; k < pieces; k++) {
    *reason = ReadPart(file, Length(bytes, k), k * PIECE, piece);
    if (*reason != 0) break;
    if (k == 0) memset(piece + mark, 0, DIGITS);
    sums[k] = XXH3_64bits(piece, Length(bytes, k));
  }
  *sum = XXH3_64bits(sums, pieces * sizeof *sums);
  PetscCall(PetscFree(piece));
  PetscCall(PetscFree(sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a file is as its seal says. */
static PetscErrorCode Compare(int file, char seal[NAK_SEAL_TEXT], PetscBool *same, int *reason)
{
  char        found[NAK_SEAL_SIZE] = "", expected[NAK_SEAL_SIZE];
  struct stat about;
  size_t      words, bytes;
  uint64_t    sum = 0;
  int         mark;

  PetscFunctionBeginUser;
  *reason = fstat(file, &about) == 0 ? 0 : errno;
  bytes   = *reason == 0 ? (size_t)about.st_size : 0;
  if (bytes > NAK_SEAL_SIZE) *reason = ReadPart(file, NAK_SEAL_SIZE, 0, found);
  words = PetscMin(strcspn(found, "\n"), (size_t)NAK_SEAL_TEXT - 1);
  memcpy(seal, found, words);
  seal[words] = '\0';
  mark        = Compose(seal, bytes, 0, expected);
  *same       = (PetscBool)(*reason == 0 && memcmp(found, expected, (size_t)mark) == 0);
  if (!*same) PetscFunctionReturn(PETSC_SUCCESS); /* the sum may be of anything */
  PetscCall(Sum(file, bytes, mark, &sum, reason));
  (void)Compose(seal, bytes, sum, expected);
  *same = (PetscBool)(*reason == 0 && memcmp(found, expected, NAK_SEAL_SIZE) == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Examine(const char *path, char seal[NAK_SEAL_TEXT], size_t size,
                              char damage[])
{
  const int file   = open(path, O_RDONLY | O_CLOEXEC);
  int       reason = file < 0 ? errno : 0;
  PetscBool same   = PETSC_FALSE;

  PetscFunctionBeginUser;
  damage[0] = seal[0] = '\0';
  PetscCheck(reason == 0 || reason == EIO, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
             "cannot open %s: %s", path, strerror(reason)); /* it may be as good as ever */
  if (file >= 0) {
    PetscCall(Compare(file, seal, &same, &reason));
    (void)close(file);
  }
  if (reason != 0)
    (void)snprintf(damage, size, "it cannot be read: %s", strerror(reason));
  else if (!same)
    (void)snprintf(damage, size, "its length or its checksum is wrong");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSealCheck(MPI_Comm comm, const char *path, char seal[NAK_SEAL_TEXT], size_t size,
                            char damage[])
{
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) code = Examine(path, seal, size, damage);
  PetscCall(NakAgree(comm, code));
  PetscCallMPI(MPI_Bcast(seal, NAK_SEAL_TEXT, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(damage, (int)size, MPI_CHAR, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
