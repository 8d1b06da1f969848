/* What one object writes into a checkpoint and another reads from it. */
#pragma once

#include <nakfield/checkpoint.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nak_test.h"

/* Let `from` write and `to` read, both with `exchange`. */
static inline void PassOn(PetscErrorCode (*exchange)(void *object, NakCheckpoint c), void *from,
                          void *to)
{
  char          folder[] = "/tmp/nakfield-XXXXXX", path[64];
  NakCheckpoint c;
  NakWriters    writers;

  if (Rank() == 0) assert_non_null(mkdtemp(folder));
  MUST(MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, PETSC_COMM_WORLD));
  MUST(NakWritersCreate(PETSC_COMM_WORLD, 0, &writers));
  MUST(NakCheckpointCreate(writers, folder, &c));
  MUST(exchange(from, c));
  MUST(NakCheckpointCommit(&c, 1));
  MUST(NakCheckpointOpen(writers, folder, &c));
  MUST(exchange(to, c));
  MUST(NakCheckpointDestroy(&c));
  MUST(NakWritersDestroy(&writers));
  (void)snprintf(path, sizeof path, "%s/000000.h5", folder);
  if (Rank() == 0) assert_true(unlink(path) == 0 && rmdir(folder) == 0);
}
