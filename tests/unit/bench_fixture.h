/* A cell under a protocol, stepped as the program does. */
#pragma once

#include <nakfield/stepper.h>

#include "cell_fixture.h"
#include "nak_test.h"

/* The protocol of a list in flow YAML, within limits that nothing reaches. */
static inline NakProtocol MakeProtocol(MPI_Comm comm, const char *list, PetscReal temperature)
{
  const NakLimits   wide = {.voltage_max = 1e9,
                            .voltage_min = -1e9,
                            .temperature = temperature,
                            .metal       = 23.8e-6 / 96485.33212};
  char              text[512];
  const char *const overrides[] = {text};
  NakDeck           deck;
  NakProtocol       protocol;
  PetscInt          errors;

  assert_true(snprintf(text, sizeof text, "protocol=%s", list) < (int)sizeof text);
  MUST(NakDeckCreate(comm, NULL, overrides, 1, &deck));
  MUST(NakProtocolCreate(deck, &wide, &protocol));
  MUST(NakDeckReport(deck, &errors));
  assert_int_equal(errors, 0);
  MUST(NakDeckDestroy(&deck));
  return protocol;
}

typedef struct {
  NakModel         model;
  NakStepper       stepper;
  NakProtocol      protocol;
  NakRecord        now;
  PetscBool        over; /* the step of the protocol */
  const NakGrid   *grid;
  const NakLayout *l;
  NakMix           mix; /* the phases of its zone, at the temperature of the start */
  NakAlloy         alloy;
} Bench;

static inline Bench Open(MPI_Comm comm, const NakModelParams *params, const NakStepperParams *steps,
                         const char *protocol)
{
  const PetscReal T = params->alloy.temperature;
  Bench           b = {.protocol = MakeProtocol(comm, protocol, T), .alloy = NaKAt(T)};

  MUST(NakModelCreate(comm, params, &b.model));
  MUST(NakStepperCreate(b.model, steps, &b.stepper));
  MUST(NakModelMeasure(b.model, NakStepperState(b.stepper), &b.now, NULL));
  b.grid = NakStateGrid(NakModelState(b.model));
  b.l    = NakStateLayout(NakModelState(b.model));
  NakMixCreate(&params->microstructure, NAK_PER_B, &b.mix);
  NakMixBranches(&params->microstructure, T, &b.mix);
  return b;
}

static inline void Close(Bench *b)
{
  MUST(NakStepperDestroy(&b->stepper));
  MUST(NakModelDestroy(&b->model));
  MUST(NakProtocolDestroy(&b->protocol));
}

/* Enter the next step of the protocol. */
static inline void Enter(Bench *b)
{
  MUST(NakProtocolEnter(b->protocol, &b->now));
  MUST(NakStepperEnter(b->stepper, b->protocol, &b->now, &b->over));
}

static inline void Step(Bench *b)
{
  MUST(NakStepperStep(b->stepper, b->protocol, PETSC_INFINITY, &b->now, &b->over));
}
