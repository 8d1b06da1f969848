/* The database of units is read once for all tests of a group, not for every deck. */
#pragma once

#include <nakfield/units.h>

static inline int OpenUnits(void **state)
{
  (void)state;
  return (int)NakUnitsOpen();
}

static inline int CloseUnits(void **state)
{
  (void)state;
  return (int)NakUnitsClose();
}
