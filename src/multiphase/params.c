/* What the deck says of a box with several phases; the contract is in nakfield/multiphase.h. */
#include <nakfield/multiphase.h>
const NakParam NakMixParamRows[] = {{.key = NULL}};
