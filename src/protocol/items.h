/**
  @file
  From items of the deck to ops of a program.  All of it is for rank 0 only.  Errors of the deck are
  collected; what is compiled nevertheless is consistent.
*/
#pragma once

#include "program.h"

#define NAK_SHORTEST    1e-9       /* duration that can be asked for [s] */
#define NAK_CURRENT_MAX 1e7        /* [A/m2] */
#define NAK_VOLTAGE_MAX 100        /* [V] */
#define NAK_TURNS_MAX   2000000000 /* of a block */

typedef struct {
  NakDeck          deck;
  const NakLimits *limits;
  NakProgram      *program;
} NakParser;

/** A kind of item. */
typedef struct NakItemKind_s NakItemKind;

/** Compile the item `map` of that kind, inside the block `parent` (-1: the top). */
typedef PetscErrorCode NakItemParse(NakParser *parser, const NakItemKind *kind, NakNode map,
                                    PetscInt parent);

struct NakItemKind_s {
  const char   *key;   /**< its name */
  const char   *words; /**< what may stand in the item's map */
  NakItemParse *parse;
};

/* ---- parse.c ---- */

/** Compile a list of items. */
PetscErrorCode NakParseList(NakParser *parser, NakNode list, const char *owner, PetscInt parent);

/* ---- holds.c ---- */

NakItemParse NakParseCurrent, NakParseVoltage, NakParseRest, NakParseRamp, NakParseMoment;

/* ---- blocks.c, ccd.c ---- */

NakItemParse NakParseStaircase, NakParsePulses, NakParseProfile, NakParseRepeat, NakParseCcd;

/* ---- entries.c: `owner` is the item that an error names ---- */

/** The entry `key` of a map that needs it.  If it is missing, NULL and an error. */
PetscErrorCode NakNeedEntry(NakParser *parser, NakNode map, const char *owner, const char *key,
                            const char *example, NakNode *node);

/** The current [A/m2] that the entry `key` says. */
PetscErrorCode NakNeedCurrent(NakParser *parser, NakNode map, const char *owner, const char *key,
                              PetscReal *value, PetscBool *ok);

/** The time [s] that the entry `key` says; on an error `*seconds` stays. */
PetscErrorCode NakNeedTime(NakParser *parser, NakNode map, const char *owner, const char *key,
                           PetscReal *seconds);

/** Whether the entry under the item's own key is a map, as staircases and pulses need it. */
PetscErrorCode NakNeedMap(NakParser *parser, NakNode node, const char *example, PetscBool *ok);

/** A time [s]; on an error `*seconds` stays. */
PetscErrorCode NakParseTime(NakParser *parser, NakNode node, PetscReal *seconds);

/** Whether the deck says nothing at `node`. */
PetscBool NakIsBlank(NakNode node);

/** `until: CONDITION` or `until: [CONDITION, ...]` of the op `index`; NULL if the deck has none. */
PetscErrorCode NakParseUntil(NakParser *parser, NakNode until, PetscInt index);

/** `impedance: {every: 35 s}` beside a hold whose duration is known. */
PetscErrorCode NakParseSpectra(NakParser *parser, NakNode map, NakOp *hold);

/** A temperature [K] at which the alloy's energies hold. */
PetscErrorCode NakParseKelvin(NakParser *parser, NakNode node, PetscReal *kelvin);

/** `temperature: 0 degC` or `temperature: {to: 0 degC, for: 50 min}` beside a hold. */
PetscErrorCode NakParseTemperature(NakParser *parser, NakNode map, NakOp *hold);

/** What ends a hold: the time `time` (NULL for none), and `until`; and what goes on meanwhile. */
PetscErrorCode NakParseEnds(NakParser *parser, const NakItemKind *kind, NakNode map, NakNode time,
                            PetscInt index);
