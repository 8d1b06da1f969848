/* Two writers of files, for all tests of a group. */
#pragma once

#include <nakfield/store.h>

#include "nak_test.h"

static NakWriters world;

static inline int ChooseWriters(void **state)
{
  (void)state;
  return NakWritersCreate(PETSC_COMM_WORLD, 2, &world) != 0;
}

static inline int DropWriters(void **state)
{
  (void)state;
  return NakWritersDestroy(&world) != 0;
}
