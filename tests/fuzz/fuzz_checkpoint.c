/* Any bytes as a checkpoint: as they are, which no seal lets pass; and under a good seal as its
   blocks, of which whatever is found lies within them. */
#include "fuzz.h"

#include <nakfield/checkpoint.h>
#include <nakfield/store.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static NakWriters alone;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  StartPetsc(*argv);
  if (PetscPushErrorHandler(PetscReturnErrorHandler, NULL) != 0) abort();
  if (NakWritersCreate(PETSC_COMM_SELF, 1, &alone) != 0) abort();
  return 0;
}

/* The bytes as they are. */
static void Raw(const char *folder, const char *path, const uint8_t *data, size_t size)
{
  FILE *const   file = fopen(path, "wb");
  NakCheckpoint c    = NULL;

  if (file == NULL || (size > 0 && fwrite(data, 1, size, file) != size) || fclose(file) != 0)
    abort();
  if (NakCheckpointOpen(alone, folder, &c) == 0 && c != NULL) abort();
  if (access(path, F_OK) == 0) abort(); /* set aside */
}

static void Look(NakCheckpoint c, const uint8_t *data, size_t size)
{
  const size_t length = size < 55 ? size : 55;
  char         name[56];
  size_t       there;
  char        *block;

  memcpy(name, data, length);
  name[length] = '\0';
  if (NakCheckpointSize(c, name, &there) != 0) abort();
  if (there > size) abort();
  block = malloc(there + 1);
  if (block == NULL) abort();
  (void)NakCheckpointBlock(c, name, block, there);
  (void)NakCheckpointBlock(c, "sim/record", block, there);
  free(block);
}

/* The bytes as the blocks of a checkpoint that is as it was written. */
static void Sealed(const char *folder, const char *path, const uint8_t *data, size_t size)
{
  NakCheckpoint c;
  NakStore      store;
  char          seal[NAK_SEAL_TEXT], damage[64];

  if (NakCheckpointCreate(alone, folder, &c) != 0) abort();
  if (NakCheckpointCommit(&c, 1) != 0) abort(); /* for its seal */
  if (NakSealCheck(alone, path, seal, sizeof damage, damage) != 0) abort();
  if (NakStoreCreate(alone, path, seal, &store) != 0) abort();
  if (NakStoreWrite(store, "blocks", NAK_STORE_BYTE, size, data) != 0) abort();
  if (NakStoreCommit(&store, PETSC_FALSE) != 0) abort();
  if (NakCheckpointOpen(alone, folder, &c) != 0 || c == NULL) abort();
  Look(c, data, size);
  if (NakCheckpointDestroy(&c) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char folder[64], path[80], aside[80];

  (void)snprintf(folder, sizeof folder, "/dev/shm/fuzz-%d", (int)getpid());
  (void)snprintf(path, sizeof path, "%s/000000.h5", folder);
  (void)snprintf(aside, sizeof aside, "%s/000000.damaged", folder);
  (void)mkdir(folder, 0700);
  if (size > 0 && data[0] % 8 == 0)
    Raw(folder, path, data + 1, size - 1);
  else if (size > 0)
    Sealed(folder, path, data + 1, size - 1);
  (void)unlink(path);
  (void)unlink(aside);
  (void)rmdir(folder);
  return 0;
}
