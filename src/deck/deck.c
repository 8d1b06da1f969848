/* The deck as a whole: read, held, freed; the contract is in nakfield/deck.h. */
#include "deck_impl.h"

#include <errno.h>
#include <nakfield/units.h>
#include <string.h>
#include <sys/stat.h>

/* ---- The file ---- */

/* All of a file, into `*text`.  One byte more than a deck may have is read, so that a pipe or a
   device is bounded as well. */
static PetscErrorCode ReadOpen(const char *path, FILE *file, char **text, size_t *length)
{
  struct stat about;
  size_t      room = (size_t)1 << 14;

  PetscFunctionBeginUser;
  PetscCheck(fstat(fileno(file), &about) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_READ,
             "cannot read the deck %s: %s", path, strerror(errno));
  PetscCheck(!S_ISDIR(about.st_mode), PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
             "the deck %s is a directory; name the file in it", path);
  PetscCall(PetscMalloc1(room, text));
  *length = fread(*text, 1, room, file);
  while (*length == room && room <= NAK_DECK_BYTES) {
    room = PetscMin(4 * room, NAK_DECK_BYTES + 1);
    PetscCall(PetscRealloc(room, text));
    *length += fread(*text + *length, 1, room - *length, file);
  }
  PetscCheck(!ferror(file), PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "cannot read the deck %s: %s",
             path, strerror(errno));
  PetscCheck(*length <= NAK_DECK_BYTES, PETSC_COMM_SELF, PETSC_ERR_FILE_READ,
             "the deck %s is larger than 16 MiB; is it an input deck?", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadFile(const char *path, char **text, size_t *length)
{
  FILE *const    file = fopen(path, "rb");
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCheck(file != NULL, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open the deck %s: %s",
             path, strerror(errno));
  code = ReadOpen(path, file, text, length);
  (void)fclose(file);
  PetscFunctionReturn(code);
}

/* ---- The tree ---- */

static PetscErrorCode Parse(NakDeck deck, const char *text, size_t length, PetscBool overridden)
{
  const NakSource start = {.source = 0, .line = 1, .column = 1};
  NakTree         root;

  PetscFunctionBeginUser;
  PetscCall(NakDeckParse(deck, text, length, 0, 0, &root));
  if (deck->broken)
    PetscCall(NakTreeDestroy(&root)); /* the lines before a YAML error may be misread */
  if (root == NULL || NakNodeIsEmpty(root)) {
    if (!deck->broken && !overridden) PetscCall(NakDeckErrorAt(deck, start, "the deck is empty"));
    if (!overridden) deck->broken = PETSC_TRUE;
  } else if (root->kind == NAK_NODE_MAP) {
    deck->root = root;
    root       = NULL;
  } else {
    PetscCall(NakDeckError(deck, root, "a deck must be made of lines such as 'grid: {nx: 64}'"));
    deck->broken = PETSC_TRUE;
  }
  PetscCall(NakTreeDestroy(&root));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyOverrides(NakDeck deck, const char *const overrides[], PetscInt count)
{
  const NakSource start = {.source = 0, .line = 1, .column = 1};

  PetscFunctionBeginUser;
  if (deck->root == NULL) PetscCall(NakTreeCreate(NAK_NODE_MAP, start, &deck->root));
  for (PetscInt i = 0; i < count; i++) PetscCall(NakDeckOverride(deck, overrides[i], i + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode OpenUnits(NakDeck deck)
{
  PetscFunctionBeginUser;
  PetscCall(NakUnitsOpen());
  deck->units = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All that rank 0 does alone. */
static PetscErrorCode Load(NakDeck deck, const char *const overrides[], PetscInt count)
{
  PetscFunctionBeginUser;
  PetscCall(OpenUnits(deck));
  if (deck->path != NULL) {
    PetscCall(ReadFile(deck->path, &deck->text, &deck->length));
    PetscCall(PetscRealloc(deck->length + 1, &deck->text));
    PetscCall(Parse(deck, deck->text, deck->length, (PetscBool)(count > 0)));
  }
  PetscCall(ApplyOverrides(deck, overrides, count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The deck ---- */

static PetscErrorCode CreateEmpty(MPI_Comm comm, const char *path, NakDeck *deck)
{
  PetscFunctionBeginUser;
  PetscCall(PetscNew(deck));
  PetscCall(PetscCommDuplicate(comm, &(*deck)->comm, NULL));
  PetscCall(PetscStrallocpy(path, &(*deck)->path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckCreate(MPI_Comm comm, const char *path, const char *const overrides[],
                             PetscInt count, NakDeck *deck)
{
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;
  NakDeck        created;

  PetscFunctionBeginUser;
  *deck = NULL;
  PetscCall(CreateEmpty(comm, path, &created));
  PetscCallMPI(MPI_Comm_rank(created->comm, &rank));
  if (rank == 0) code = Load(created, overrides, count);
  code = NakAgree(created->comm, code);
  if (code != 0) PetscCall(NakDeckDestroy(&created));
  PetscCall(code);
  *deck = created;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckCreateFromText(const char *name, const char *text, size_t length,
                                     const char *const overrides[], PetscInt count, NakDeck *deck)
{
  PetscFunctionBeginUser;
  PetscCall(CreateEmpty(PETSC_COMM_SELF, name, deck));
  PetscCall(OpenUnits(*deck));
  PetscCall(Parse(*deck, text, length, (PetscBool)(count > 0)));
  PetscCall(ApplyOverrides(*deck, overrides, count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckDestroy(NakDeck *deck)
{
  PetscFunctionBeginUser;
  if (*deck == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakTreeDestroy(&(*deck)->root));
  PetscCall(NakDeckClearErrors(*deck));
  if ((*deck)->units) PetscCall(NakUnitsClose());
  PetscCall(PetscFree((*deck)->path));
  PetscCall(PetscFree((*deck)->text));
  PetscCall(PetscCommDestroy(&(*deck)->comm));
  PetscCall(PetscFree(*deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckWriteOriginal(NakDeck deck, FILE *file)
{
  PetscFunctionBeginUser;
  if (deck->length > 0) (void)fwrite(deck->text, 1, deck->length, file);
  PetscCheck(!ferror(file), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write the deck");
  PetscFunctionReturn(PETSC_SUCCESS);
}

MPI_Comm NakDeckComm(NakDeck deck)
{
  return deck->comm;
}
