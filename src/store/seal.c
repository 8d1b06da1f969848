/* The seal of a file: its length and a checksum over all of it; the contract is in nakfield/store.h.

   The checksum is that of the checksums of 16 MiB pieces, which the ranks share, so that it is the same
   for any number of them.  The seal is a text, filled up with zeros, and part of what is checked: its
   own checksum counts as zeros. */
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
static int Compose(const char *seal, uint64_t bytes, uint64_t sum, char text[NAK_SEAL_SIZE])
{
  int length;

  memset(text, 0, NAK_SEAL_SIZE);
  length = snprintf(text, NAK_SEAL_SIZE, "%s\nbytes %" PRIu64 "\nxxh3 %0*" PRIx64 "\n", seal, bytes,
                    DIGITS, sum);
  return length - 1 - DIGITS; /* where the checksum begins */
}

/* Read a piece; false where it cannot be read to its end. */
static PetscBool ReadPiece(int file, size_t size, off_t begin, char *piece)
{
  for (size_t got = 0; got < size;) {
    const ssize_t n = pread(file, piece + got, size - got, begin + (off_t)got);

    if (n <= 0) return PETSC_FALSE;
    got += (size_t)n;
  }
  return PETSC_TRUE;
}

/* The checksums of this rank's pieces; those of the others stay 0.  False where one cannot be read. */
static PetscBool SumPieces(const char *path, uint64_t bytes, PetscMPIInt rank, PetscMPIInt ranks,
                           int mark, uint64_t sums[], char *piece)
{
  const int   file = open(path, O_RDONLY | O_CLOEXEC);
  const off_t size = (off_t)bytes;
  PetscBool   good = (PetscBool)(file >= 0);
  size_t      k    = (size_t)rank;

  for (off_t begin = rank * (off_t)PIECE; good && begin < size; begin += ranks * (off_t)PIECE) {
    const size_t length = (size_t)PetscMin((off_t)PIECE, size - begin);

    good = ReadPiece(file, length, begin, piece);
    if (!good) break;
    if (begin == 0) memset(piece + mark, 0, DIGITS);
    sums[k] = XXH3_64bits(piece, length);
    k += (size_t)ranks;
  }
  if (file >= 0) (void)close(file);
  return good;
}

/* The checksum of a file in which it stands at `mark`.  Collective; `*good` where all could be read. */
static PetscErrorCode Sum(MPI_Comm comm, const char *path, uint64_t bytes, int mark, uint64_t *sum,
                          PetscBool *good)
{
  const size_t pieces = (size_t)((bytes + PIECE - 1) / PIECE);
  uint64_t    *sums;
  char        *piece;
  PetscMPIInt  rank, ranks;
  int          all;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(PetscCalloc1(pieces, &sums));
  PetscCall(PetscMalloc1((size_t)PetscMin(bytes, PIECE), &piece));
  all = SumPieces(path, bytes, rank, ranks, mark, sums, piece) ? 1 : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (int)pieces, MPI_UINT64_T, MPI_BOR, comm));
  *good = (PetscBool)all;
  *sum  = XXH3_64bits(sums, pieces * sizeof *sums);
  PetscCall(PetscFree(piece));
  PetscCall(PetscFree(sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteSeal(const char *path, const char text[NAK_SEAL_SIZE])
{
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  int       reason;

  PetscFunctionBeginUser;
  PetscCheck(file >= 0, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  reason = pwrite(file, text, NAK_SEAL_SIZE, 0) == NAK_SEAL_SIZE ? 0 : errno;
  if (close(file) != 0 && reason == 0) reason = errno;
  PetscCheck(reason == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s: %s", path,
             strerror(reason));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The length of a file, 0 where there is none; by rank 0 for all. */
static PetscErrorCode Length(MPI_Comm comm, const char *path, uint64_t *bytes)
{
  PetscMPIInt rank;
  struct stat about;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  *bytes = rank == 0 && stat(path, &about) == 0 ? (uint64_t)about.st_size : 0;
  PetscCallMPI(MPI_Bcast(bytes, 1, MPI_UINT64_T, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSealPut(MPI_Comm comm, const char *path, const char *seal)
{
  char           text[NAK_SEAL_SIZE];
  uint64_t       bytes, sum;
  int            mark;
  PetscMPIInt    rank;
  PetscBool      good;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(Length(comm, path, &bytes));
  mark = Compose(seal, bytes, 0, text);
  if (rank == 0) code = WriteSeal(path, text);
  PetscCall(NakAgree(comm, code));
  PetscCall(Sum(comm, path, bytes, mark, &sum, &good));
  PetscCheck(good, comm, PETSC_ERR_FILE_READ, "cannot read %s back", path);
  (void)Compose(seal, bytes, sum, text);
  if (rank == 0) code = WriteSeal(path, text);
  PetscCall(NakAgree(comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The beginning of the file on every rank; zeros where there is none. */
static PetscErrorCode ReadSeal(MPI_Comm comm, const char *path, char text[NAK_SEAL_SIZE])
{
  PetscMPIInt rank;
  int         file = -1;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  memset(text, 0, NAK_SEAL_SIZE);
  if (rank == 0) file = open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0 && !ReadPiece(file, NAK_SEAL_SIZE, 0, text)) memset(text, 0, NAK_SEAL_SIZE);
  if (file >= 0) (void)close(file);
  PetscCallMPI(MPI_Bcast(text, NAK_SEAL_SIZE, MPI_CHAR, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSealCheck(MPI_Comm comm, const char *path, char seal[NAK_SEAL_TEXT], size_t size,
                            char damage[])
{
  char         found[NAK_SEAL_SIZE], expected[NAK_SEAL_SIZE];
  const size_t room = NAK_SEAL_TEXT;
  size_t       words;
  uint64_t     bytes, sum = 0;
  PetscBool    good = PETSC_TRUE;
  int          mark;

  PetscFunctionBeginUser;
  damage[0] = '\0';
  PetscCall(Length(comm, path, &bytes));
  PetscCall(ReadSeal(comm, path, found));
  words = PetscMin(strcspn(found, "\n"), room - 1);
  memcpy(seal, found, words);
  seal[words] = '\0';
  mark        = Compose(seal, bytes, 0, expected);
  if (bytes > NAK_SEAL_SIZE && memcmp(found, expected, (size_t)mark) == 0)
    PetscCall(Sum(comm, path, bytes, mark, &sum, &good));
  (void)Compose(seal, bytes, sum, expected);
  if (!good)
    (void)snprintf(damage, size, "it cannot be read to its end");
  else if (memcmp(found, expected, NAK_SEAL_SIZE) != 0)
    (void)snprintf(damage, size, "its length or its checksum is wrong");
  PetscFunctionReturn(PETSC_SUCCESS);
}
