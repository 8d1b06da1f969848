/* The signals of conditions, and how a condition is judged. */
#include "signals.h"
#include <stdio.h>
#include <string.h>

const NakSignal NakSignals[] = {
  {"voltage",           "V",       "Terminal voltage against the counter electrode"                   },
  {"current",           "A/m^2",   "Current per area, positive when Na is stripped"                   },
  {"capacity",          "C/m^2",   "Net charge per area since the start of the run"                   },
  {"step_capacity",     "C/m^2",   "Magnitude of the net charge since the item began"                 },
  {"time",              "s",       "Time since the item began"                                        },
  {"total_time",        "s",       "Time since the start of the run"                                  },
  {"u_face",            "1",       "Least Na content of the interphase at the electrolyte"            },
  {"contact",           "1",       "Part of the face that reacts"                                     },
  {"k_film",            "1",       "Part of the face under solid K"                                   },
  {"deposit",           "m",       "Largest equivalent thickness of Na metal at the face"             },
  {"filament",          "m",       "Longest filament"                                                 },
  {"reservoir_x",       "1",       "Mole fraction of Na in the alloy away from the contact"           },
  {"temperature",       "K",       "Temperature that the protocol asks for"                           },
  {"face_x",            "1",       "Mole fraction of Na in the alloy over the face"                   },
  {"voids",             "1",       "Number of voids"                                                  },
  {"wetted",            "1",       "Part of the face under liquid or solid Na, over that at the start"},
  {"solid_a",           "m",       "Mean thickness of solid Na in the alloy"                          },
  {"solid_b",           "m",       "Mean thickness of solid K in the alloy"                           },
  {"beyond_liquidus_a", "1",       "face_x or reservoir_x less the liquidus towards Na"               },
  {"beyond_liquidus_b", "1",       "The liquidus towards K less face_x or reservoir_x"                },
  {"voltage_drop",      "V",       "Fall of the voltage's magnitude within a step at a current"       },
  {"least_x",           "1",       "Least mole fraction of Na in the reservoirs of both electrodes"   },
  {"salt",              "m",       "Thickness of the K salt on the face, in a liquid electrolyte"     },
  {"carrier_k",         "1",       "Part of the current that K carries, in a liquid electrolyte"      },
  {"electrolyte_na",    "mol/m^3", "Concentration of Na+ in a liquid electrolyte"                     },
  {"counter_na",        "1",       "Part of the sites of a host with Na"                              },
  {"counter_k",         "1",       "Part of the sites of a host with K"                               },
  {"least_na",          "mol/m^3", "Least concentration of Na+ at a face, in a liquid electrolyte"    },
  {"counter_left",      "1",
   "Free part of a host's sites, or the part that can be freed: the least of all columns"             },
  {NULL,                NULL,      NULL                                                               }
};

/* Least scale of a distance from a bound: a value of the signal that counts as much if the bound is
   0. */
static const PetscReal least_scale[] = {[NAK_SIGNAL_VOLTAGE]        = 1e-2,
                                        [NAK_SIGNAL_CURRENT]        = 1e-2,
                                        [NAK_SIGNAL_CAPACITY]       = 1,
                                        [NAK_SIGNAL_STEP_CAPACITY]  = 1,
                                        [NAK_SIGNAL_TIME]           = 1,
                                        [NAK_SIGNAL_TOTAL_TIME]     = 1,
                                        [NAK_SIGNAL_U_FACE]         = 1e-2,
                                        [NAK_SIGNAL_CONTACT]        = 1e-2,
                                        [NAK_SIGNAL_K_FILM]         = 1e-2,
                                        [NAK_SIGNAL_DEPOSIT]        = 1e-9,
                                        [NAK_SIGNAL_FILAMENT]       = 1e-9,
                                        [NAK_SIGNAL_RESERVOIR_X]    = 1e-2,
                                        [NAK_SIGNAL_TEMPERATURE]    = 1,
                                        [NAK_SIGNAL_FACE_X]         = 1e-2,
                                        [NAK_SIGNAL_VOIDS]          = 1,
                                        [NAK_SIGNAL_SOLID_A]        = 1e-9,
                                        [NAK_SIGNAL_SOLID_B]        = 1e-9,
                                        [NAK_SIGNAL_WETTED]         = 1e-2,
                                        [NAK_SIGNAL_BEYOND_A]       = 1e-2,
                                        [NAK_SIGNAL_BEYOND_B]       = 1e-2,
                                        [NAK_SIGNAL_VOLTAGE_DROP]   = 1e-2,
                                        [NAK_SIGNAL_LEAST_X]        = 1e-3,
                                        [NAK_SIGNAL_SALT]           = 1e-9,
                                        [NAK_SIGNAL_CARRIER_K]      = 1e-2,
                                        [NAK_SIGNAL_ELECTROLYTE_NA] = 1,
                                        [NAK_SIGNAL_COUNTER_NA]     = 1e-2,
                                        [NAK_SIGNAL_COUNTER_K]      = 1e-2,
                                        [NAK_SIGNAL_LEAST_NA]       = 1,
                                        [NAK_SIGNAL_COUNTER_LEFT]   = 1e-3};

/* How far the alloy over the face is beyond a liquidus.  It is -1, far from any, if no liquidus is
   known. */
static PetscReal Beyond(const NakRecord *now, PetscBool a)
{
  if (now->liquidus[1] <= now->liquidus[0]) return -1;
  return a ? PetscMax(now->face_x, now->reservoir_x) - now->liquidus[1]
           : now->liquidus[0] - PetscMin(now->face_x, now->reservoir_x);
}

/* The member of a record that a signal is.  Those that are none are worked out. */
static const size_t members[] = {
  [NAK_SIGNAL_VOLTAGE]        = offsetof(NakRecord, voltage),
  [NAK_SIGNAL_CURRENT]        = offsetof(NakRecord, current),
  [NAK_SIGNAL_CAPACITY]       = offsetof(NakRecord, capacity),
  [NAK_SIGNAL_TOTAL_TIME]     = offsetof(NakRecord, time),
  [NAK_SIGNAL_U_FACE]         = offsetof(NakRecord, u_face_min),
  [NAK_SIGNAL_CONTACT]        = offsetof(NakRecord, contact_fraction),
  [NAK_SIGNAL_K_FILM]         = offsetof(NakRecord, k_film_fraction),
  [NAK_SIGNAL_DEPOSIT]        = offsetof(NakRecord, deposit_max),
  [NAK_SIGNAL_FILAMENT]       = offsetof(NakRecord, filament_max),
  [NAK_SIGNAL_RESERVOIR_X]    = offsetof(NakRecord, reservoir_x),
  [NAK_SIGNAL_TEMPERATURE]    = offsetof(NakRecord, temperature),
  [NAK_SIGNAL_FACE_X]         = offsetof(NakRecord, face_x),
  [NAK_SIGNAL_SOLID_A]        = offsetof(NakRecord, solid_a),
  [NAK_SIGNAL_SOLID_B]        = offsetof(NakRecord, solid_b),
  [NAK_SIGNAL_SALT]           = offsetof(NakRecord, salt),
  [NAK_SIGNAL_CARRIER_K]      = offsetof(NakRecord, carrier_k),
  [NAK_SIGNAL_ELECTROLYTE_NA] = offsetof(NakRecord, electrolyte_na),
  [NAK_SIGNAL_COUNTER_NA]     = offsetof(NakRecord, counter_na),
  [NAK_SIGNAL_COUNTER_K]      = offsetof(NakRecord, counter_k),
  [NAK_SIGNAL_LEAST_NA]       = offsetof(NakRecord, least_na),
  [NAK_SIGNAL_COUNTER_LEFT]   = offsetof(NakRecord, counter_left),
};

PetscReal NakSignalValue(NakSignalId signal, const NakRecord *now, const NakMark *since)
{
  if (signal == NAK_SIGNAL_STEP_CAPACITY) return PetscAbsReal(now->capacity - since->capacity);
  if (signal == NAK_SIGNAL_TIME) return now->time - since->time;
  if (signal == NAK_SIGNAL_VOIDS) return (PetscReal)now->voids;
  if (signal == NAK_SIGNAL_WETTED)
    return now->wetted_fraction / (now->wetted_start > 0 ? now->wetted_start : 1);
  if (signal == NAK_SIGNAL_BEYOND_A) return Beyond(now, PETSC_TRUE);
  if (signal == NAK_SIGNAL_BEYOND_B) return Beyond(now, PETSC_FALSE);
  if (signal == NAK_SIGNAL_LEAST_X)
    return now->counter == NAK_SHOWN_ALLOY ? PetscMin(now->reservoir_x, now->counter_x)
                                           : now->reservoir_x;
  if (signal == NAK_SIGNAL_VOLTAGE_DROP) return since->peak - PetscAbsReal(now->voltage);
  return *(const PetscReal *)((const char *)now + members[signal]);
}

PetscReal NakConditionPast(const NakCondition *condition, const NakRecord *now,
                           const NakMark *since)
{
  return condition->sign * (NakSignalValue(condition->signal, now, since) - condition->bound) /
         condition->scale;
}

PetscReal NakConditionOvershoot(const NakCondition *condition, const NakRecord *now,
                                const NakMark *since)
{
  return NakSignalIsTime(condition->signal) ? -PETSC_INFINITY
                                            : NakConditionPast(condition, now, since);
}

PetscBool NakConditionComes(PetscReal now, PetscBool begun, PetscReal *past, PetscBool *on,
                            PetscReal *part)
{
  const PetscReal undone = -0.1;
  const PetscBool comes  = (PetscBool)(now >= 0 && !*on);

  *part = begun ? NakCrossing(*past, now) : 1;
  if (comes) *on = PETSC_TRUE;
  if (now < undone) *on = PETSC_FALSE;
  *past = now;
  return comes;
}

void NakConditionSet(NakSignalId signal, char relation, PetscReal bound, const char *origin,
                     NakCondition *condition)
{
  const PetscReal size = signal == NAK_SIGNAL_TEMPERATURE ? 0 : PetscAbsReal(bound); /* no ratios */

  *condition = (NakCondition){.signal = signal,
                              .sign   = relation == '>' ? 1 : -1,
                              .bound  = bound,
                              .scale  = PetscMax(size, least_scale[signal])};
  (void)snprintf(condition->text, sizeof(condition->text), "%s %c %g %s (%s)",
                 NakSignals[signal].name, relation, (double)bound, NakSignals[signal].unit, origin);
}
