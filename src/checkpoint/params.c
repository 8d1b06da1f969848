/* Entries of the deck; the contract is in nakfield/checkpoint.h. */
#include <nakfield/checkpoint.h>

const NakParam NakCheckpointParamRows[] = {
  NAK_ROW_REAL("checkpoint.every", NakCheckpointParams, every, "s", 600, 0, 1e9,
               "Wall time between two checkpoints, at most 1 min to the first; 0 for no "
               "checkpoints by wall time"),
  NAK_ROW_INT("checkpoint.steps", NakCheckpointParams, steps, 0, 0, 1e9,
              "Time steps between two checkpoints; 0 for none by steps"),
  NAK_ROW_INT("checkpoint.keep", NakCheckpointParams, keep, 2, 1, 1000,
              "Checkpoints kept, the newest ones"),
  NAK_ROW_END,
};
