/* The seal of a file: its length and a checksum over all of it; the contract is in
   nakfield/store.h.

   The checksum is that of the checksums of all pieces.  The seal is a text, padded with zeros.  It
   is part of what is checked; its own checksum counts as zeros. */
#include "store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define DIGITS 16 /* of a checksum */

/* The texts of the seal, "nakfield checkpoint 1\nbytes ...\nxxh3 ...\n". */
static int Compose(const char *seal, uint64_t bytes, uint64_t sum, char text[NAK_SEAL_SIZE])
{
  int length;

  memset(text, 0, NAK_SEAL_SIZE);
  length = snprintf(text, NAK_SEAL_SIZE, "%s\nbytes %" PRIu64 "\nxxh3 %0*" PRIx64 "\n", seal, bytes,
                    DIGITS, sum);
  return length - 1 - DIGITS; /* where the checksum begins */
}

static size_t Pieces(uint64_t bytes)
{
  return (size_t)((bytes + NAK_PIECE - 1) / NAK_PIECE);
}

static size_t Length(uint64_t bytes, size_t piece)
{
  return (size_t)PetscMin(NAK_PIECE, bytes - piece * (uint64_t)NAK_PIECE);
}

uint64_t NakSealSum(const char piece[], size_t size)
{
  return XXH3_64bits(piece, size);
}

void NakSealPut(const char *seal, uint64_t bytes, uint64_t sums[], char first[])
{
  memset(first + Compose(seal, bytes, 0, first), 0, DIGITS);
  sums[0] = NakSealSum(first, Length(bytes, 0));
  (void)Compose(seal, bytes, XXH3_64bits(sums, Pieces(bytes) * sizeof *sums), first);
}

/* ---- Checking ---- */

/* What rank 0 finds in front of a file. */
typedef struct {
  char      found[NAK_SEAL_SIZE];
  uint64_t  bytes;
  int       reason; /* why it cannot be read; 0 if it can */
  int       mark;   /* where its checksum is */
  PetscBool sealed; /* whether there is a seal with the length of the file */
} Front;

/* The text of the seal, up to the end of its first line. */
static void Text(const Front *front, char seal[NAK_SEAL_TEXT])
{
  const size_t length = PetscMin(strcspn(front->found, "\n"), (size_t)NAK_SEAL_TEXT - 1);

  memcpy(seal, front->found, length);
  seal[length] = '\0';
}

static void ReadFront(int file, Front *front)
{
  char        expected[NAK_SEAL_SIZE], seal[NAK_SEAL_TEXT];
  struct stat about;

  front->reason = fstat(file, &about) == 0 ? 0 : errno;
  front->bytes  = front->reason == 0 ? (uint64_t)about.st_size : 0;
  if (front->bytes > NAK_SEAL_SIZE)
    front->reason = NakFileReadAt(file, front->found, NAK_SEAL_SIZE, 0);
  Text(front, seal);
  front->mark = Compose(seal, front->bytes, 0, expected);
  front->sealed =
    (PetscBool)(front->reason == 0 && memcmp(front->found, expected, (size_t)front->mark) == 0);
}

/* The checksums of this writer's pieces; the reason why one cannot be read. */
static PetscErrorCode Sum(NakWriters w, int file, const Front *front, uint64_t sums[], int *reason)
{
  const size_t pieces = Pieces(front->bytes);
  char        *piece;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(PetscMin(front->bytes, NAK_PIECE), &piece));
  for (size_t k = (size_t)w->place; k < pieces && *reason == 0; k += (size_t)w->count) {
    *reason = NakFileReadAt(file, piece, Length(front->bytes, k), k * (uint64_t)NAK_PIECE);
    if (k == 0) memset(piece + front->mark, 0, DIGITS);
    if (*reason == 0) sums[k] = NakSealSum(piece, Length(front->bytes, k));
  }
  PetscCall(PetscFree(piece));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the checksum of all pieces is that of the seal; the first reason why one cannot be
   read. */
static PetscErrorCode Compare(NakWriters w, int file, const Front *front, PetscBool *same,
                              int *reason)
{
  const size_t pieces = Pieces(front->bytes);
  char         seal[NAK_SEAL_TEXT], expected[NAK_SEAL_SIZE];
  uint64_t    *sums;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(pieces, &sums));
  if (w->place >= 0) PetscCall(Sum(w, file, front, sums, reason));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (int)pieces, MPI_UINT64_T, MPI_BOR, w->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, reason, 1, MPI_INT, MPI_MAX, w->comm));
  Text(front, seal);
  (void)Compose(seal, front->bytes, XXH3_64bits(sums, pieces * sizeof *sums), expected);
  *same = (PetscBool)(*reason == 0 && memcmp(front->found, expected, NAK_SEAL_SIZE) == 0);
  PetscCall(PetscFree(sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Examine(NakWriters w, int file, int reason, char seal[NAK_SEAL_TEXT],
                              size_t size, char damage[])
{
  Front     front = {.reason = reason};
  PetscBool same  = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (w->rank == 0 && file >= 0) ReadFront(file, &front);
  PetscCallMPI(MPI_Bcast(&front, sizeof front, MPI_BYTE, 0, w->comm));
  Text(&front, seal);
  if (front.sealed)
    PetscCall(Compare(w, file, &front, &same, &reason));
  else
    reason = front.reason;
  damage[0] = '\0';
  if (reason != 0)
    (void)snprintf(damage, size, "it cannot be read: %s", strerror(reason));
  else if (!same)
    (void)snprintf(damage, size, "its length or its checksum is wrong");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* If a file cannot be opened, it may be as good as ever.  A disk that fails is damage. */
PetscErrorCode NakSealCheck(NakWriters writers, const char *path, char seal[NAK_SEAL_TEXT],
                            size_t size, char damage[])
{
  NakFault fault = {.code = PETSC_SUCCESS};
  int      file = -1, reason = 0;

  PetscFunctionBeginUser;
  if (writers->place >= 0) {
    file   = open(path, O_RDONLY | O_CLOEXEC);
    reason = file < 0 ? errno : 0;
    if (reason != 0 && reason != EIO)
      NakFaultNote(&fault, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path, strerror(reason));
  }
  PetscCall(NakFaultShare(writers->comm, &fault));
  if (!fault.code) PetscCall(Examine(writers, file, reason, seal, size, damage));
  if (file >= 0) (void)close(file);
  PetscCall(NakFaultAgree(writers->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}
