/* Any bytes as the list of a protocol, given as an override: read, check; one without errors is
   walked, every step held for a second at most. */
#include "fuzz.h"

#include <nakfield/protocol.h>
#include <nakfield/units.h>
#include <string.h>

enum { STEPS = 50 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  StartPetsc(*argv);
  if (NakUnitsOpen() != 0) abort(); /* once, not for every protocol */
  return 0;
}

static void Walk(NakProtocol protocol)
{
  NakRecord now = {.time = 0};

  for (int k = 0; k < STEPS && !NakProtocolDone(protocol); k++) {
    NakControl control;
    PetscReal  end, overshoot;

    if (NakProtocolEnter(protocol, &now) != 0) abort();
    if (NakProtocolControl(protocol, &control, &end) != 0) abort();
    if (PetscIsInfOrNanReal(control.value) || !(end >= now.time)) abort();
    now.time = PetscMin(end, now.time + 1);
    if (!(NakProtocolTemperature(protocol, now.time) > 0)) abort();
    if (NakProtocolJudge(protocol, &now, &overshoot) != 0) abort();
    if (NakProtocolLeave(protocol, &now, NAK_END_NONE, NULL) != 0) abort();
  }
}

/* Liquid from 260 K on. */
static PetscReal Liquid(const void *alloy, PetscReal kelvin)
{
  (void)alloy;
  return PetscMax(kelvin, 260);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const NakLimits   limits = {.voltage_max = 5,
                              .voltage_min = -5,
                              .temperature = 298.15,
                              .coldest     = 240,
                              .hottest     = 420,
                              .liquid      = Liquid};
  const char *const key    = "protocol=";
  char *const       text   = calloc(strlen(key) + size + 1, 1);
  const char *const line   = text;
  NakDeck           deck;
  NakProtocol       protocol;

  if (text == NULL) abort();
  memcpy(text, key, strlen(key));
  if (size > 0) memcpy(text + strlen(key), data, size);
  if (NakDeckCreate(PETSC_COMM_SELF, NULL, &line, 1, &deck) != 0) abort();
  if (NakProtocolCreate(deck, &limits, &protocol) != 0) abort();
  if (NakDeckErrorCount(deck) == 0) Walk(protocol);
  if (NakProtocolDestroy(&protocol) != 0) abort();
  if (NakDeckDestroy(&deck) != 0) abort();
  free(text);
  return 0;
}
