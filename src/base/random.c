/* Counter-based random numbers; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

#include <Random123/philox.h>

void NakRandom(uint64_t key, uint64_t a, uint64_t b, PetscReal out[2])
{
  const philox2x64_ctr_t counter = {
    {a, b}
  };
  const philox2x64_key_t by     = {{key}};
  const philox2x64_ctr_t random = philox2x64(counter, by);

  for (int k = 0; k < 2; k++) out[k] = ((PetscReal)(random.v[k] >> 11) + 0.5) / 9007199254740992.0;
}
