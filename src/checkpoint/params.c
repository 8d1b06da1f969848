/* Entries of the deck; the contract is in nakfield/checkpoint.h. */
#include <nakfield/checkpoint.h>

const NakParam NakCheckpointParamRows[] = {
  {.key     = "checkpoint.every",
   .type    = NAK_REAL,
   .unit    = "s",
   .offset  = offsetof(NakCheckpointParams, every),
   .initial = 600,
   .lower   = 0,
   .upper   = 1e9,
   .doc     = "Wall time between two checkpoints; 0 for none by the clock"},
  {.key     = "checkpoint.steps",
   .type    = NAK_INT,
   .offset  = offsetof(NakCheckpointParams, steps),
   .initial = 0,
   .lower   = 0,
   .upper   = 1e9,
   .doc     = "Time steps between two checkpoints; 0 for none by steps"},
  {.key     = "checkpoint.keep",
   .type    = NAK_INT,
   .offset  = offsetof(NakCheckpointParams, keep),
   .initial = 2,
   .lower   = 1,
   .upper   = 1000,
   .doc     = "Checkpoints kept, the newest ones"},
  {.key = NULL                 }
};
