/* Counter-based random numbers; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

#include <Random123/philox.h>

#define BITS_53 9007199254740992.0 /* of a mantissa: 2^53 */

void NakRandom(uint64_t key, uint64_t a, uint64_t b, PetscReal out[2])
{
  const philox2x64_ctr_t counter = {
    {a, b}
  };
  const philox2x64_key_t by     = {{key}};
  const philox2x64_ctr_t random = philox2x64(counter, by);

  for (int k = 0; k < 2; k++) out[k] = ((PetscReal)(random.v[k] >> 11) + 0.5) / BITS_53;
}

PetscReal NakRandomOne(PetscInt key, PetscInt a, PetscInt b, PetscInt c)
{
  const philox4x32_ctr_t counter = {
    {(uint32_t)a, (uint32_t)b, (uint32_t)c, 0}
  };
  const philox4x32_key_t by = {
    {(uint32_t)key, 0}
  };
  const philox4x32_ctr_t random = philox4x32(counter, by);

  return ((PetscReal)(((uint64_t)random.v[0] << 32 | random.v[1]) >> 11) + 1) / BITS_53;
}
