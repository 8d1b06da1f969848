/* The back end "catalyst2": libcatalyst's C interface, where CMake found it. */
#include "insitu_impl.h"

#if !defined(NAK_CATALYST2)

const NakInsituBackend *NakInsituCatalyst2(void)
{
  return NULL;
}

#else
#endif
