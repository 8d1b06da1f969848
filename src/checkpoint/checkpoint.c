/* Checkpoints; the contract is in nakfield/checkpoint.h. */
#include <nakfield/checkpoint.h>
#include <petscdmda.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define SEAL    "nakfield checkpoint"
#define DAMAGED ".damaged" /* after the number of one that was set aside */

/* All blocks lie in one dataset, one after the other, each after its head.  So many small ones cost
   no more messages than one. */
enum { NAME_SIZE = 56 };

typedef struct {
  char    name[NAME_SIZE];
  int64_t size; /* of what follows [B] */
} Head;

struct NakCheckpoint_private {
  MPI_Comm    comm;
  PetscMPIInt rank;
  PetscBool   reads;
  PetscInt    number;
  char        directory[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN];
  NakStore    store;
  char       *blocks; /* every rank has them all */
  size_t      used, room;
  PetscReal **kept; /* copies of values */
  size_t      n_kept;
};

static PetscErrorCode Path(const char *directory, PetscInt number, const char *suffix,
                           char path[PETSC_MAX_PATH_LEN])
{
  PetscFunctionBeginUser;
  PetscCall(
    PetscSNPrintf(path, PETSC_MAX_PATH_LEN, "%s/%06" PetscInt_FMT "%s", directory, number, suffix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The greatest number below `below` found in a directory. */
typedef struct {
  PetscInt  below, found; /* -1 for none */
  PetscBool aside;        /* whether there are any that were set aside */
} Newest;

static PetscErrorCode LookAt(const char *name, void *ctx)
{
  Newest *const  newest = ctx;
  const PetscInt number = NakFileNumber(name, ".h5");

  if (number < newest->below) newest->found = PetscMax(newest->found, number);
  if (strstr(name, DAMAGED) != NULL) newest->aside = PETSC_TRUE;
  return PETSC_SUCCESS;
}

/* The newest checkpoint older than `below`; the same on every rank. */
static PetscErrorCode Find(MPI_Comm comm, const char *directory, PetscInt below, Newest *newest)
{
  PetscMPIInt    rank;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  *newest = (Newest){.below = below, .found = -1};
  if (rank == 0) code = NakDirectoryList(directory, LookAt, newest);
  PetscCall(NakAgree(comm, code));
  PetscCallMPI(MPI_Bcast(newest, sizeof *newest, MPI_BYTE, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Allocate(NakWriters writers, const char *directory, PetscInt number,
                               NakCheckpoint *checkpoint)
{
  NakCheckpoint c;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  c->comm   = NakWritersComm(writers);
  c->number = number;
  PetscCallMPI(MPI_Comm_rank(c->comm, &c->rank));
  PetscCall(PetscStrncpy(c->directory, directory, sizeof(c->directory)));
  PetscCall(Path(directory, number, ".h5", c->path));
  *checkpoint = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What differs between machines and builds, and would make blocks unreadable. */
static void Build(char text[NAK_SEAL_TEXT])
{
  const PetscInt one = 1;

  (void)snprintf(text, NAK_SEAL_TEXT, SEAL " %d, %d-bit integers, %s", NAK_CHECKPOINT_VERSION,
                 (int)(8 * sizeof(PetscInt)), *(const char *)&one == 1 ? "little end" : "big end");
}

PetscErrorCode NakCheckpointCreate(NakWriters writers, const char *directory,
                                   NakCheckpoint *checkpoint)
{
  MPI_Comm const comm = NakWritersComm(writers);
  Newest         last;
  char           seal[NAK_SEAL_TEXT];
  PetscMPIInt    rank;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  *checkpoint = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) code = NakDirectoryMake(directory);
  PetscCall(NakAgree(comm, code));
  PetscCall(Find(comm, directory, PETSC_INT_MAX, &last));
  PetscCall(Allocate(writers, directory, last.found + 1, checkpoint));
  Build(seal);
  code = NakStoreCreate(writers, (*checkpoint)->path, seal, &(*checkpoint)->store);
  if (code) PetscCall(NakCheckpointDestroy(checkpoint));
  PetscFunctionReturn(code);
}

/* Rename a damaged checkpoint, so that no later search finds it. */
static PetscErrorCode SetAside(MPI_Comm comm, const char *directory, PetscInt number,
                               const char *damage)
{
  char           path[PETSC_MAX_PATH_LEN], aside[PETSC_MAX_PATH_LEN];
  PetscMPIInt    rank;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(Path(directory, number, ".h5", path));
  PetscCall(Path(directory, number, DAMAGED, aside));
  PetscCall(PetscFPrintf(comm, stderr,
                         "nakfield: the checkpoint %s is damaged: %s; the previous one is used\n",
                         path, damage));
  if (rank == 0 && rename(path, aside) != 0) code = PETSC_ERR_FILE_WRITE;
  code = NakAgree(comm, code);
  PetscCheck(code == PETSC_SUCCESS, comm, PETSC_ERR_FILE_WRITE, "cannot rename %s to %s", path,
             aside);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadBlocks(NakCheckpoint c)
{
  PetscBool there;

  PetscFunctionBeginUser;
  PetscCall(NakStoreCount(c->store, "blocks", &c->used, &there));
  PetscCall(PetscMalloc1(c->used, &c->blocks));
  PetscCall(NakStoreRead(c->store, "blocks", NAK_STORE_BYTE, c->used, c->blocks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCheckpointOpen(NakWriters writers, const char *directory,
                                 NakCheckpoint *checkpoint)
{
  MPI_Comm const comm   = NakWritersComm(writers);
  Newest         newest = {.found = PETSC_INT_MAX};
  char           expected[NAK_SEAL_TEXT], seal[NAK_SEAL_TEXT], damage[128] = "";
  char           path[PETSC_MAX_PATH_LEN];
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *checkpoint = NULL;
  Build(expected);
  do {
    PetscCall(Find(comm, directory, newest.found, &newest));
    PetscCheck(newest.found >= 0 || !newest.aside, comm, PETSC_ERR_FILE_READ,
               "every checkpoint in %s is damaged: put back a good one as NUMBER.h5, or start the "
               "run again with --replace",
               directory);
    if (newest.found < 0) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(Path(directory, newest.found, ".h5", path));
    PetscCall(NakSealCheck(writers, path, seal, sizeof damage, damage));
    if (damage[0] != '\0') PetscCall(SetAside(comm, directory, newest.found, damage));
  } while (damage[0] != '\0');
  PetscCheck(strcmp(seal, expected) == 0, comm, PETSC_ERR_USER_INPUT,
             "%s is a '%s', and this program reads a '%s': continue the run with the program that "
             "started it",
             path, seal, expected);
  PetscCall(Allocate(writers, directory, newest.found, checkpoint));
  (*checkpoint)->reads = PETSC_TRUE;
  code                 = NakStoreOpen(writers, (*checkpoint)->path, &(*checkpoint)->store);
  if (!code) code = ReadBlocks(*checkpoint);
  if (code) PetscCall(NakCheckpointDestroy(checkpoint));
  PetscFunctionReturn(code);
}

PetscBool NakCheckpointReads(NakCheckpoint checkpoint)
{
  return checkpoint->reads;
}

MPI_Comm NakCheckpointComm(NakCheckpoint checkpoint)
{
  return checkpoint->comm;
}

const char *NakCheckpointPath(NakCheckpoint checkpoint)
{
  return checkpoint->path;
}

/* The data of a block that is read, NULL if there is none of that name. */
static const char *FindBlock(NakCheckpoint c, const char *name, size_t *size)
{
  Head head;

  for (size_t at = 0; at + sizeof head <= c->used; at += sizeof head + (size_t)head.size) {
    memcpy(&head, c->blocks + at, sizeof head);
    if (head.size < 0 || (size_t)head.size > c->used - at - sizeof head) return NULL;
    *size = (size_t)head.size;
    if (strncmp(head.name, name, NAME_SIZE) == 0) return c->blocks + at + sizeof head;
  }
  return NULL;
}

PetscErrorCode NakCheckpointHas(NakCheckpoint checkpoint, const char *name, PetscBool *has)
{
  size_t count;

  PetscFunctionBeginUser;
  *has = PETSC_TRUE;
  if (!checkpoint->reads || FindBlock(checkpoint, name, &count) != NULL)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStoreCount(checkpoint->store, name, &count, has));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where this rank's part of an array over the nodes of a DMDA lies: (z, y, x, value). */
static PetscErrorCode Box(DM dm, PetscInt values, NakStoreBox *box)
{
  PetscInt nx, ny, nz, xs, ys, zs, xm, ym, zm;

  PetscFunctionBeginUser;
  PetscCall(
    DMDAGetInfo(dm, NULL, &nx, &ny, &nz, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(dm, &xs, &ys, &zs, &xm, &ym, &zm));
  *box = (NakStoreBox){
    .rank  = 4,
    .size  = {nz, ny, nx, values},
    .start = {zs, ys, xs, 0     },
    .count = {zm, ym, xm, values}
  };
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Numbers in this rank's part of an array. */
static size_t Count(const NakStoreBox *box)
{
  size_t count = 1;

  for (int d = 0; d < box->rank; d++) count *= (size_t)box->count[d];
  return count;
}

/* This rank's part of an array, as `fetch` gives it (nakfield/store.h). */
typedef struct {
  NakStoreFetch fetch;
  const void   *layout, *array;
} Source;

static void FetchPlain(const void *layout, const void *array, size_t from, size_t count,
                       void *values)
{
  (void)layout;
  memcpy(values, (const PetscReal *)array + from, count * sizeof(PetscReal));
}

static PetscErrorCode CheckFinite(NakCheckpoint c, const char *name, const NakStoreBox *box,
                                  const Source *source)
{
  const size_t n   = Count(box);
  int          bad = 0;
  PetscReal    some[256];

  PetscFunctionBeginUser;
  for (size_t from = 0; from < n; from += sizeof some / sizeof some[0]) {
    const size_t count = PetscMin(n - from, sizeof some / sizeof some[0]);

    source->fetch(source->layout, source->array, from, count, some);
    for (size_t k = 0; k < count; k++)
      if (PetscIsInfOrNanReal(some[k])) bad = 1;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_MAX, c->comm));
  PetscCheck(!bad, c->comm, PETSC_ERR_FP,
             "%s holds a number that is not finite, and is not written to %s", name, c->path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ExchangeBox(NakCheckpoint c, const char *name, const NakStoreBox *box,
                                  PetscReal values[])
{
  const Source source = {.fetch = FetchPlain, .array = values};

  PetscFunctionBeginUser;
  if (c->reads) {
    PetscCall(NakStoreReadArray(c->store, name, NAK_STORE_REAL, box, values));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(CheckFinite(c, name, box, &source));
  PetscCall(NakStoreWriteArray(c->store, name, NAK_STORE_REAL, box, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A copy of values that lasts as long as the checkpoint. */
static PetscErrorCode Keep(NakCheckpoint c, size_t count, PetscReal **values)
{
  PetscReal *copy;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(count, &copy));
  PetscCall(PetscArraycpy(copy, *values, count));
  PetscCall(PetscRealloc((c->n_kept + 1) * sizeof copy, &c->kept));
  c->kept[c->n_kept++] = copy;
  *values              = copy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCheckpointNodes(NakCheckpoint checkpoint, const char *name, DM dm, PetscInt count,
                                  PetscReal values[])
{
  NakStoreBox box;

  PetscFunctionBeginUser;
  PetscCall(Box(dm, count, &box));
  if (!checkpoint->reads) PetscCall(Keep(checkpoint, Count(&box), &values));
  PetscCall(ExchangeBox(checkpoint, name, &box, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static NakStoreBox BoxOf(const NakBlock *b)
{
  return (NakStoreBox){
    .rank  = 4,
    .size  = {b->size[2],  b->size[1],  b->size[0],  1},
    .start = {b->start[2], b->start[1], b->start[0], 0},
    .count = {b->count[2], b->count[1], b->count[0], 1}
  };
}

PetscErrorCode NakCheckpointReadBlock(NakCheckpoint checkpoint, const char *name,
                                      const NakBlock *block, PetscReal values[])
{
  const NakStoreBox box = BoxOf(block);

  PetscFunctionBeginUser;
  PetscCall(NakStoreReadArray(checkpoint->store, name, NAK_STORE_REAL, &box, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCheckpointWriteBlock(NakCheckpoint checkpoint, const char *name,
                                       const NakBlock *block, NakStoreFetch fetch,
                                       const void *layout, const void *array)
{
  const NakStoreBox box    = BoxOf(block);
  const Source      source = {.fetch = fetch, .layout = layout, .array = array};

  PetscFunctionBeginUser;
  PetscCall(CheckFinite(checkpoint, name, &box, &source));
  PetscCall(
    NakStoreFetchArray(checkpoint->store, name, NAK_STORE_REAL, &box, fetch, layout, array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCheckpointVec(NakCheckpoint checkpoint, const char *name, Vec v)
{
  DM             dm;
  PetscInt       dof;
  PetscScalar   *values;
  NakStoreBox    box;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(VecGetDM(v, &dm));
  PetscCheck(dm != NULL, checkpoint->comm, PETSC_ERR_ARG_WRONG, "%s is not a vector of a DMDA",
             name);
  PetscCall(DMDAGetDof(dm, &dof));
  PetscCall(Box(dm, dof, &box));
  PetscCall(VecGetArray(v, &values));
  code = ExchangeBox(checkpoint, name, &box, values);
  PetscCall(VecRestoreArray(v, &values));
  PetscFunctionReturn(code);
}

static PetscErrorCode Append(NakCheckpoint c, const void *data, size_t size)
{
  PetscFunctionBeginUser;
  if (c->used + size > c->room) {
    c->room = 2 * (c->used + size);
    PetscCall(PetscRealloc(c->room, &c->blocks));
  }
  if (size > 0) memcpy(c->blocks + c->used, data, size);
  c->used += size;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCheckpointBlock(NakCheckpoint checkpoint, const char *name, void *data,
                                  size_t size)
{
  Head        head = {.size = (int64_t)size};
  size_t      there;
  const char *found;

  PetscFunctionBeginUser;
  if (!checkpoint->reads) {
    (void)snprintf(head.name, sizeof head.name, "%s", name);
    PetscCall(Append(checkpoint, &head, sizeof head));
    PetscCall(Append(checkpoint, data, size));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  found = FindBlock(checkpoint, name, &there);
  PetscCheck(found != NULL && there == size, checkpoint->comm, PETSC_ERR_FILE_UNEXPECTED,
             "%s in %s is not what this program wrote", name, checkpoint->path);
  if (size > 0) memcpy(data, found, size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCheckpointSize(NakCheckpoint checkpoint, const char *name, size_t *size)
{
  PetscFunctionBeginUser;
  if (FindBlock(checkpoint, name, size) == NULL) *size = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Numbers of the checkpoints in a directory. */
typedef struct {
  PetscInt *number;
  PetscInt  count, room;
} Numbers;

static PetscErrorCode Collect(const char *name, void *ctx)
{
  Numbers *const numbers = ctx;
  const PetscInt number  = NakFileNumber(name, ".h5");

  PetscFunctionBeginUser;
  if (number < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (numbers->count == numbers->room) {
    numbers->room = 2 * numbers->room + 16;
    PetscCall(PetscRealloc((size_t)numbers->room * sizeof(PetscInt), &numbers->number));
  }
  numbers->number[numbers->count++] = number;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Remove all but the newest.  One that cannot be removed is only in the way. */
static PetscErrorCode Prune(NakCheckpoint c, PetscInt keep)
{
  Numbers numbers = {.count = 0};
  char    path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakDirectoryList(c->directory, Collect, &numbers));
  PetscCall(PetscSortInt(numbers.count, numbers.number));
  for (PetscInt k = 0; k < numbers.count - keep; k++) {
    PetscCall(Path(c->directory, numbers.number[k], ".h5", path));
    (void)unlink(path);
  }
  PetscCall(PetscFree(numbers.number));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakCheckpointCommit(NakCheckpoint *checkpoint, PetscInt keep)
{
  NakCheckpoint  c = *checkpoint;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  code = NakStoreWrite(c->store, "blocks", NAK_STORE_BYTE, c->used, c->blocks);
  if (!code) code = NakStoreCommit(&c->store, PETSC_TRUE);
  if (!code) {
    if (c->rank == 0) code = Prune(c, keep);
    code = NakAgree(c->comm, code);
  }
  PetscCall(NakCheckpointDestroy(checkpoint));
  PetscFunctionReturn(code);
}

PetscErrorCode NakCheckpointDestroy(NakCheckpoint *checkpoint)
{
  PetscFunctionBeginUser;
  if (*checkpoint == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStoreDestroy(&(*checkpoint)->store));
  for (size_t k = 0; k < (*checkpoint)->n_kept; k++) PetscCall(PetscFree((*checkpoint)->kept[k]));
  PetscCall(PetscFree((*checkpoint)->kept));
  PetscCall(PetscFree((*checkpoint)->blocks));
  PetscCall(PetscFree(*checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}
