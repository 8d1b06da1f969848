/* Boxes of arrays, byte by byte; the contract is in store_impl.h. */
#include "store_impl.h"

uint64_t NakBoxBytes(const NakStoreBox *box, size_t unit)
{
  uint64_t bytes = unit;

  for (int d = 0; d < box->rank; d++) bytes *= (uint64_t)box->count[d];
  return bytes;
}

uint64_t NakArrayBytes(const NakStoreBox *box, size_t unit)
{
  uint64_t bytes = unit;

  for (int d = 0; d < box->rank; d++) bytes *= (uint64_t)box->size[d];
  return bytes;
}

uint64_t NakBoxBefore(const NakStoreBox *box, size_t unit, uint64_t end)
{
  uint64_t stride = 1, below = end / unit, left = NakBoxBytes(box, 1), before = 0;

  if (left == 0) return 0;
  for (int d = 1; d < box->rank; d++) stride *= (uint64_t)box->size[d];
  for (int d = 0; d < box->rank; d++) {
    const uint64_t index = below / stride, start = (uint64_t)box->start[d];

    left /= (uint64_t)box->count[d];
    if (index < start) return before * unit;
    if (index >= start + (uint64_t)box->count[d])
      return (before + left * (uint64_t)box->count[d]) * unit;
    before += (index - start) * left;
    below %= stride;
    if (d + 1 < box->rank) stride /= (uint64_t)box->size[d + 1];
  }
  return before * unit + end % unit;
}

uint64_t NakBoxPlace(const NakStoreBox *box, size_t unit, uint64_t at, uint64_t *together)
{
  uint64_t  index = at / unit, place = at % unit, stride = unit, run = unit;
  PetscBool whole = PETSC_TRUE; /* in all faster directions */

  for (int d = box->rank - 1; d >= 0; d--) {
    const uint64_t count = (uint64_t)box->count[d];

    place += ((uint64_t)box->start[d] + index % count) * stride;
    index /= count;
    stride *= (uint64_t)box->size[d];
    if (whole) run *= count;
    whole = (PetscBool)(whole && box->count[d] == box->size[d]);
  }
  *together = run - at % run;
  return place;
}
