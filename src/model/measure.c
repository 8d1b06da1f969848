/* What is read from a state: run-level values, inventories, fields. */
#include "model_impl.h"

#include <string.h>

/* Sums over columns; divided by their number they are means over the geometric area. */
enum {
  SUM_POTENTIAL,
  SUM_FACE, /* u_face where there is contact */
  SUM_CONTACT,
  SUM_OPEN, /* contact less void and film */
  SUM_WETTED,
  SUM_LIQUID,
  SUM_FACE_X, /* of the lowest layer of the alloy, where liquid is */
  SUM_FILM,
  SUM_DEPOSIT,
  SUM_RESERVOIR_NA,
  SUM_RESERVOIR_K,
  SUM_NA,
  SUM_CHARGE,
  SUM_Q_FARADAY,
  SUM_Q_TOTAL,
  SUM_SOLID_B, /* mean thickness [m] */
  SUM_SOLID_A,
  SUM_VOID,
  SUM_Q_K,       /* in a liquid electrolyte, like the following */
  SUM_CURRENT,   /* faradaic, */
  SUM_CURRENT_K, /* and of K */
  SUM_SALT,
  SUM_BATH_NA,
  SUM_BATH_K,
  SUM_SALT_RESISTANCE,
  SUM_DROP, /* of layers of ions, at the held current or at none, */
  SUM_DROP_SLOPE,
  SUM_IONS_NA, /* and what these hold less what they were given [C/m2] */
  SUM_IONS_K,
  SUM_POROUS_SALT, /* [m] */
  SUM_IONS,        /* Na+ that they held at the start [C/m2] */
  SUMS
};

enum {
  MAX_DEPOSIT,
  MAX_FILAMENT,
  MAX_DEPLETION /* -u_face */,
  MAX_LACK /* of ions */,
  MAX_USED /* -left of a host */,
  MAXIMA
};

typedef struct {
  PetscReal sum[SUMS], max[MAXIMA];
} Totals;

enum {
  FIELD_PHI,
  FIELD_C,
  FIELD_POTENTIAL,
  FIELD_CURRENT,
  FIELD_U_FACE,
  FIELD_CONTACT,
  FIELD_K_FILM,
  FIELD_DEPOSIT,
  FIELD_FILAMENT,
  FIELD_CHARGE,
  FIELD_CURRENT_MAX,
  FIELD_CURRENT_MEAN,
  FIELD_TIME_LOST,
  FIELD_TIME_K,
  FIELD_TIME_NA,
  FIELD_WETTED,
  FIELD_SOLID_B,
  FIELD_SOLID_A,
  FIELD_LIQUID,
  FIELD_VOID,
  FIELD_ION_NA, /* of layers of ions, like the following */
  FIELD_ION_K,
  FIELD_ION_X,
  FIELD_POROSITY,
  FIELDS
};

PetscReal NakColumnShare(const NakColumn *c, NakBody body, PetscInt k, const PetscReal u[])
{
  PetscReal h[NAK_BODIES];

  if (k >= c->l.zone) return 0;
  NakMixShares(&c->zone.mix, u + NakLayoutAlloy(&c->l, k), h);
  return h[body];
}

/* The less of the free part of a host's sites and of the part that can be freed. */
static PetscReal HostLeft(const NakColumn *c, const PetscReal u[])
{
  const PetscReal na = u[c->l.reservoir_na], k = u[c->l.reservoir_k];

  return PetscMin(1 - na - k, na + (c->host.rate[1] > 0 ? k : 0));
}

/* A column of an electrode. */
static void AddColumn(const NakColumn *c, const NakCover *over, PetscReal initial_charge,
                      const NakBath *bath, const PetscReal u[], Totals *t)
{
  const PetscReal  contact = over->contact;
  const NakLayout *l       = &c->l;
  const PetscBool  liquid = NakLayoutIsLiquid(l), mixed = (PetscBool)(l->ions == 0);
  const NakFoot    foot      = NakColumnFoot(c, u);
  const NakFace    face      = NakColumnFace(c, over, &foot, bath, u);
  const PetscReal  u_face    = face.u_face;
  const PetscReal  q_k       = liquid ? u[l->potassium] : 0;
  const PetscReal  add[SUMS] = {
     [SUM_POTENTIAL]    = u[l->potential],
     [SUM_FACE]         = contact * u_face,
     [SUM_CONTACT]      = contact,
     [SUM_OPEN]         = contact * foot.wetted * u[l->open],
     [SUM_WETTED]       = foot.wetted,
     [SUM_LIQUID]       = foot.liquid,
     [SUM_FACE_X]       = foot.liquid * foot.r / (1 + foot.r),
     [SUM_FILM]         = contact * (1 - u[l->open]),
     [SUM_DEPOSIT]      = u[l->deposit],
     [SUM_RESERVOIR_NA] = u[l->reservoir_na],
     [SUM_RESERVOIR_K]  = u[l->reservoir_k],
     [SUM_NA]           = NakColumnSodium(c, contact, u) - (u[l->q_faraday] - q_k),
     [SUM_CHARGE]       = u[l->charge] - contact * initial_charge,
     [SUM_Q_FARADAY]    = u[l->q_faraday],
     [SUM_Q_TOTAL]      = u[l->q_total],
     [SUM_Q_K]          = q_k,
     [SUM_CURRENT]      = liquid ? face.faradaic.value : 0,
     [SUM_CURRENT_K]    = face.potassium.value,
     [SUM_SALT]         = liquid ? u[l->salt] : 0,
     [SUM_BATH_NA]      = mixed ? bath->sodium : 0,
     [SUM_BATH_K]       = mixed ? bath->potassium : 0,
  };

  for (int k = 0; k < SUMS; k++) t->sum[k] += add[k];
  for (PetscInt k = 0; k < l->zone; k++) {
    PetscReal h[NAK_BODIES];

    NakMixShares(&c->zone.mix, u + NakLayoutAlloy(l, k), h);
    t->sum[SUM_SOLID_B] += c->alloy.height[k] * h[NAK_BODY_SOLID_B];
    t->sum[SUM_SOLID_A] += c->alloy.height[k] * h[NAK_BODY_SOLID_A];
    t->sum[SUM_VOID] += c->alloy.height[k] * h[NAK_BODY_VOID];
  }
  t->max[MAX_DEPOSIT]  = PetscMax(t->max[MAX_DEPOSIT], u[l->deposit]);
  t->max[MAX_FILAMENT] = PetscMax(t->max[MAX_FILAMENT], u[l->filament]);
  if (contact > 0) t->max[MAX_DEPLETION] = PetscMax(t->max[MAX_DEPLETION], -u_face);
  if (NakColumnIsHost(c)) t->max[MAX_USED] = PetscMax(t->max[MAX_USED], -HostLeft(c, u));
}

/* Layers of ions.  What they hold follows from the charges that have passed: no anion leaves them,
   and Na+ carries what K+ does not. */
static void AddIons(const NakColumn *c, const PetscReal u[], Totals *t)
{
  const NakLayout  *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;
  const PetscReal  *v    = u + l->counter;
  const PetscReal   held = c->control.hold == NAK_HOLD_CURRENT ? c->control.value : 0;
  const NakIonsDrop drop = NakIonsDropOf(c, held, u);
  const PetscReal   q_k  = u[l->potassium] + (there != NULL ? v[there->potassium] : 0);
  const PetscReal   salt = u[l->salt] + (there != NULL ? v[there->salt] : 0);
  PetscReal         sum[NAK_LAYER_END];
  const NakIonsRoom liquid = NakIonsAmounts(c, u, sum);

  t->sum[SUM_DROP] += drop.value;
  t->sum[SUM_DROP_SLOPE] += drop.slope;
  t->sum[SUM_IONS_NA] +=
    c->ions.content * sum[NAK_LAYER_NA] - u[l->q_faraday] - u[l->charge] + u[l->q_total] + q_k;
  t->sum[SUM_IONS_K] +=
    c->ions.content * (sum[NAK_LAYER_K] + sum[NAK_LAYER_SALT]) - q_k + NAK_FARADAY * salt;
  t->sum[SUM_POROUS_SALT] += c->ions.salt_volume * sum[NAK_LAYER_SALT];
  t->sum[SUM_IONS] += c->ions.content * liquid.pristine;
  t->sum[SUM_BATH_NA] += liquid.na / liquid.now;
  t->sum[SUM_BATH_K] += liquid.k / liquid.now;
  for (int far = 0; far < 2; far++) {
    const PetscReal lack = -NakIonsBath(c, (PetscBool)far, u).sodium;

    t->max[MAX_LACK] = PetscMax(t->max[MAX_LACK], lack);
  }
}

/* Means and maxima of an electrode over all ranks. */
static PetscErrorCode Reduce(NakModel model, Totals *t)
{
  const NakGrid  *grid    = NakStateGrid(model->state);
  const PetscReal columns = (PetscReal)grid->nx * (PetscReal)grid->ny;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->sum, SUMS, MPIU_REAL, MPIU_SUM, model->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->max, MAXIMA, MPIU_REAL, MPIU_MAX, model->comm));
  for (int k = 0; k < SUMS; k++) t->sum[k] /= columns;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Total(NakModel model, Vec U, Totals t[NAK_ELECTRODES])
{
  const NakColumn *c = &model->column;
  const PetscReal *u;

  PetscFunctionBeginUser;
  for (int e = 0; e < NAK_ELECTRODES; e++)
    t[e] = (Totals){
      .max = {0, 0, -PETSC_MAX_REAL, -PETSC_MAX_REAL, -PETSC_MAX_REAL}
    };
  PetscCall(VecGetArrayRead(U, &u));
  for (ptrdiff_t k = 0; k < model->owned; k++) {
    const PetscReal *column = u + k * c->l.size;
    const NakBath    bath = NakColumnBath(c, column), far = NakColumnFarBath(c, column);

    AddColumn(c, &c->over[k], model->initial_charge, &bath, column, &t[0]);
    t[0].sum[SUM_SALT_RESISTANCE] += NakColumnSaltResistance(c, column, NULL);
    if (c->l.ions > 0) AddIons(c, column, &t[0]);
    if (c->counter != NULL)
      AddColumn(c->counter, &NakCounterCover, model->counter.initial_charge, &far,
                column + c->l.counter, &t[1]);
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(Reduce(model, &t[0]));
  if (c->counter != NULL) PetscCall(Reduce(model, &t[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* K: the film takes it from the reservoir, and nothing else moves it. */
static PetscReal PotassiumOf(const NakColumn *c, const Totals *t)
{
  const PetscReal density = c->alloy_content / NAK_FARADAY;
  PetscReal       height  = c->reservoir * t->sum[SUM_RESERVOIR_K];

  for (PetscInt k = 0; k < c->na; k++) height += c->alloy.height[k];
  return density * height + c->kinetics.film_content * t->sum[SUM_FILM];
}

static NakInventory InventoryOf(const NakColumn *c, const Totals *t)
{
  return (NakInventory){.na        = t->sum[SUM_NA],
                        .k         = PotassiumOf(c, t),
                        .sites     = c->host.capacity,
                        .layer     = t->sum[SUM_CHARGE],
                        .q_faraday = t->sum[SUM_Q_FARADAY],
                        .q_k       = t->sum[SUM_Q_K],
                        .q_total   = t->sum[SUM_Q_TOTAL],
                        .ions      = t->sum[SUM_IONS],
                        .ions_na   = t->sum[SUM_IONS_NA],
                        .ions_k    = t->sum[SUM_IONS_K]};
}

/* Laterally averaged, the electrolyte is a resistor, in any dimension.  The mean of its potential
   at the far face is that at the near face plus the drop of the mean current.  `mean_potential` is
   that of the alloy less that of the counter electrode.  Layers of ions have the drop of a current
   that is the same in all of them. */
static void Terminal(const NakColumn *c, PetscReal mean_potential, const Totals *t,
                     NakRecord *record)
{
  const PetscReal resistance = c->series + c->electrolyte + t->sum[SUM_SALT_RESISTANCE];
  const PetscReal potential  = mean_potential + t->sum[SUM_DROP];

  if (c->control.hold == NAK_HOLD_CURRENT) {
    record->current = c->control.value;
    record->voltage = potential + record->current * resistance;
  } else {
    record->voltage = c->control.value;
    record->current = (record->voltage - potential) / (resistance + t->sum[SUM_DROP_SLOPE]);
  }
}

/* Part of the current that K carries at a face. */
static PetscReal Carrier(const Totals *t)
{
  return t->sum[SUM_CURRENT] != 0 ? t->sum[SUM_CURRENT_K] / t->sum[SUM_CURRENT] : 0;
}

/* The values of the counter electrode that are shown. */
static void MeasureCounter(const NakColumn *c, const Totals *t, NakRecord *record)
{
  const PetscReal na = t->sum[SUM_RESERVOIR_NA], k = t->sum[SUM_RESERVOIR_K];

  record->counter           = NakColumnIsHost(c) ? NAK_SHOWN_HOST : NAK_SHOWN_ALLOY;
  record->counter_potential = t->sum[SUM_POTENTIAL];
  record->counter_na        = na;
  record->counter_k         = k;
  record->counter_carrier_k = Carrier(t);
  record->counter_left      = -t->max[MAX_USED];
  record->counter_x         = na / (na + k);
  record->counter_deposit   = c->kinetics.deposit_volume * t->max[MAX_DEPOSIT];
  record->filament_max      = PetscMax(record->filament_max, t->max[MAX_FILAMENT]);
}

/* And of the liquid electrolyte. */
static void MeasureLiquid(const NakColumn *c, const Totals *t, NakRecord *record)
{
  const NakLiquidParams *p = &c->kinetics.liquid;

  record->liquid         = PETSC_TRUE;
  record->carrier_k      = Carrier(t);
  record->salt           = p->molar_volume * t->sum[SUM_SALT];
  record->electrolyte_na = p->concentration * t->sum[SUM_BATH_NA];
  record->electrolyte_k  = p->concentration * t->sum[SUM_BATH_K];
  record->layers         = (PetscBool)(c->l.ions > 0);
  record->least_na = record->layers ? -p->concentration * t->max[MAX_LACK] : record->electrolyte_na;
  record->separator_salt = t->sum[SUM_POROUS_SALT];
}

PetscErrorCode NakModelMeasure(NakModel model, Vec U, NakRecord *record, NakInventory *inventory)
{
  const NakColumn *c      = &model->column;
  const PetscReal  volume = c->kinetics.deposit_volume, depleted = 0.01;
  Totals           both[NAK_ELECTRODES], t;
  PetscReal        r;

  PetscFunctionBeginUser;
  PetscCall(Total(model, U, both));
  t = both[0];
  r = t.sum[SUM_RESERVOIR_NA] / t.sum[SUM_RESERVOIR_K];
  Terminal(c, t.sum[SUM_POTENTIAL] - both[1].sum[SUM_POTENTIAL], &t, record);
  record->capacity         = t.sum[SUM_Q_TOTAL];
  record->u_face_mean      = t.sum[SUM_FACE] / t.sum[SUM_CONTACT];
  record->u_face_min       = -t.max[MAX_DEPLETION];
  record->contact_fraction = t.sum[SUM_OPEN];
  record->wetted_fraction  = t.sum[SUM_WETTED];
  record->k_film_fraction  = t.sum[SUM_FILM];
  record->deposit_mean     = volume * t.sum[SUM_DEPOSIT];
  record->deposit_max      = volume * t.max[MAX_DEPOSIT];
  record->filament_max     = t.max[MAX_FILAMENT];
  record->solid_b          = t.sum[SUM_SOLID_B];
  record->solid_a          = t.sum[SUM_SOLID_A];
  record->grains           = model->grains.formed;
  if (c->zone.voids > 0) {
    record->void_height = t.sum[SUM_VOID];
    record->voids       = NakModelVoidsReport(model).count;
  }
  record->reservoir_x = r / (1 + r);
  record->face_x      = t.sum[SUM_LIQUID] > 0 ? t.sum[SUM_FACE_X] / t.sum[SUM_LIQUID] : r / (1 + r);
  record->liquidus[0] = c->liquidus[0];
  record->liquidus[1] = c->liquidus[1];
  if (NakLayoutIsLiquid(&c->l)) MeasureLiquid(c, &t, record);
  model->depleted = (PetscBool)(record->layers && t.max[MAX_LACK] > -depleted);
  if (c->counter != NULL) MeasureCounter(c->counter, &both[1], record);
  if (inventory != NULL) {
    inventory[0] = InventoryOf(c, &t);
    inventory[1] = c->counter != NULL ? InventoryOf(c->counter, &both[1]) : (NakInventory){0};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

_Static_assert((int)FIELDS <= (int)NAK_FRAME_FIELDS, "room for all fields");

static const NakField fields[FIELDS] = {
  [FIELD_PHI]         = {"phi_e",        "V",       "Electrolyte potential against the metal",               NAK_PLACE_VOLUME},
  [FIELD_C]           = {"c",            "mol/m^3", "Na concentration, per volume of the pristine alloy",
                         NAK_PLACE_VOLUME                                                                                    },
  [FIELD_POTENTIAL]   = {"potential",    "V",       "Metal against electrolyte at its face",                 NAK_PLACE_FACE  },
  [FIELD_CURRENT]     = {"current",      "A/m^2",   "Faradaic current, positive strips",                     NAK_PLACE_FACE  },
  [FIELD_U_FACE]      = {"u_face",       "1",       "Na content of the interphase at the electrolyte",
                         NAK_PLACE_FACE                                                                                      },
  [FIELD_CONTACT]     = {"contact",      "1",       "Reacting share of the cell",                            NAK_PLACE_FACE  },
  [FIELD_K_FILM]      = {"k_film",       "1",       "Share under solid K",                                   NAK_PLACE_FACE  },
  [FIELD_DEPOSIT]     = {"deposit",      "m",       "Na metal, equivalent thickness",                        NAK_PLACE_FACE  },
  [FIELD_FILAMENT]    = {"filament",     "m",       "Filament length",                                       NAK_PLACE_FACE  },
  [FIELD_CHARGE]      = {"charge",       "C/m^2",   "Charge passed by all reactions",                        NAK_PLACE_FACE  },
  [FIELD_CURRENT_MAX] = {"current_max",  "A/m^2",   "Largest magnitude of the current so far",
                         NAK_PLACE_FACE                                                                                      },
  [FIELD_CURRENT_MEAN] = {"current_mean", "A/m^2",   "Mean of the current since the start",
                         NAK_PLACE_FACE                                                                                      },
  [FIELD_TIME_LOST]    = {"time_lost",    "s",       "Time at which half of the contact was lost; -1 before",
                         NAK_PLACE_FACE                                                                                      },
  [FIELD_TIME_K]       = {"time_k",       "s",       "Time of the first solid K; -1 before",                  NAK_PLACE_FACE  },
  [FIELD_TIME_NA]      = {"time_na",      "s",       "Time of the first Na metal; -1 before",                 NAK_PLACE_FACE  },
  [FIELD_WETTED]       = {"wetted",       "1",       "Share under liquid",                                    NAK_PLACE_FACE  },
  [FIELD_SOLID_B]      = {"solid_b",      "1",       "Share of solid rich in K",                              NAK_PLACE_VOLUME},
  [FIELD_SOLID_A]      = {"solid_a",      "1",       "Share of solid Na",                                     NAK_PLACE_VOLUME},
  [FIELD_LIQUID]       = {"liquid_x",     "1",       "Mole fraction of Na in the liquid of the alloy",
                         NAK_PLACE_VOLUME                                                                                    },
  [FIELD_VOID]         = {"void",         "1",       "Share of void",                                         NAK_PLACE_VOLUME},
  [FIELD_ION_NA]   = {"c_na",         "mol/m^3", "Na+ in the liquid of the electrolyte",                  NAK_PLACE_VOLUME},
  [FIELD_ION_K]    = {"c_k",          "mol/m^3", "K+ in the liquid of the electrolyte",                   NAK_PLACE_VOLUME},
  [FIELD_ION_X]    = {"c_anion",      "mol/m^3", "Mobile anions in the liquid of the electrolyte",
                         NAK_PLACE_VOLUME                                                                                    },
  [FIELD_POROSITY] = {"porosity",     "1",       "Share of liquid in the electrolyte, less salt",
                         NAK_PLACE_VOLUME                                                                                    },
};

/* The remembered values of one column. */
static PetscReal KeptField(const NakModel model, PetscInt field, PetscInt column,
                           const PetscReal u[])
{
  const NakKept *const kept = &model->memory.columns[column];

  if (field == FIELD_CURRENT_MAX) return kept->current_max;
  if (field == FIELD_CURRENT_MEAN)
    return model->memory.time > 0 ? u[model->column.l.q_faraday] / model->memory.time : 0;
  return kept->since[field - FIELD_TIME_LOST];
}

/* One face field of one column. */
static PetscReal FaceField(const NakModel model, PetscInt field, PetscInt column,
                           const PetscReal u[])
{
  const NakColumn *c    = &model->column;
  const NakCover  *over = &c->over[column];
  const NakLayout *l    = &c->l;

  switch (field) {
  case FIELD_POTENTIAL:
    return u[l->potential];
  case FIELD_CONTACT:
    return over->contact * NakColumnFoot(c, u).wetted * u[l->open];
  case FIELD_K_FILM:
    return 1 - u[l->open];
  case FIELD_DEPOSIT:
    return c->kinetics.deposit_volume * u[l->deposit];
  case FIELD_FILAMENT:
    return u[l->filament];
  case FIELD_WETTED:
    return NakColumnFoot(c, u).wetted;
  case FIELD_CHARGE:
    return u[l->q_faraday];
  default:
    return KeptField(model, field, column, u);
  }
}

/* One of the ions; 0 beyond the electrolyte. */
static PetscReal IonField(const NakColumn *c, PetscInt field, PetscInt k, const PetscReal u[])
{
  if (k >= c->ne) return 0;
  if (field == FIELD_POROSITY) return NakIonsPorosity(c, k, u);
  return c->kinetics.liquid.concentration *
         NakIonsConcentration(c, (int)(field - FIELD_ION_NA), k, u);
}

/* Current and u_face of every column: each is found by Newton's method for both. */
static PetscErrorCode FillCurrent(NakModel model, PetscInt field, const PetscReal *u,
                                  PetscReal values[])
{
  const NakColumn *c = &model->column;
  NakShown *const  s = &model->shown;

  PetscFunctionBeginUser;
  if (s->u_face == NULL) PetscCall(PetscMalloc1(model->owned, &s->u_face));
  if (field == FIELD_U_FACE && s->known) {
    PetscCall(PetscArraycpy(values, s->u_face, model->owned));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt k = 0; k < model->owned; k++) {
    const NakFace face = NakColumnFaceOf(c, &c->over[k], u + k * (ptrdiff_t)c->l.size);

    s->u_face[k] = face.u_face;
    values[k]    = field == FIELD_U_FACE ? face.u_face : face.faradaic.value;
  }
  s->known = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a field of layer k is an unknown, times a factor: that of nothing is 0. */
static PetscBool IsUnknown(const NakColumn *c, PetscInt field, PetscInt k, PetscInt *unknown,
                           PetscReal *factor)
{
  const PetscInt in_metal = k - c->ne, in_alloy = in_metal - c->nf;

  *unknown = 0;
  *factor  = 0;
  if (field == FIELD_PHI && in_metal < 0) {
    *unknown = NakLayoutPhi(&c->l, k);
    *factor  = 1;
  } else if (field == FIELD_C && in_alloy >= 0) {
    *unknown = NakLayoutAlloy(&c->l, in_alloy);
    *factor  = c->alloy_content / NAK_FARADAY;
  } else if (field == FIELD_C && in_metal >= 0) {
    *unknown = c->l.interphase + in_metal;
    *factor  = c->kinetics.content / NAK_FARADAY;
  }
  return (PetscBool)(field == FIELD_PHI || field == FIELD_C);
}

/* One of the other volume fields of layer k of one column. */
static PetscReal VolumeField(const NakColumn *c, PetscInt field, PetscInt k, const PetscReal u[])
{
  static const NakBody body[FIELDS] = {[FIELD_SOLID_B] = NAK_BODY_SOLID_B,
                                       [FIELD_SOLID_A] = NAK_BODY_SOLID_A,
                                       [FIELD_VOID]    = NAK_BODY_VOID};
  const PetscInt       in_alloy     = k - c->ne - c->nf;

  if (field >= FIELD_ION_NA) return IonField(c, field, k, u);
  if (in_alloy < 0) return 0;
  if (field == FIELD_LIQUID) {
    const PetscReal r = NakColumnRatio(c, in_alloy, u);

    return r / (1 + r);
  }
  return NakColumnShare(c, body[field], in_alloy, u);
}

/* One volume field of layer z of all columns. */
static void FillLayer(const NakModel model, PetscInt field, PetscInt z, const PetscReal *u,
                      PetscReal values[])
{
  const NakColumn *c    = &model->column;
  const ptrdiff_t  size = c->l.size;
  PetscInt         unknown;
  PetscReal        factor;

  if (!IsUnknown(c, field, z, &unknown, &factor))
    for (PetscInt k = 0; k < model->owned; k++) values[k] = VolumeField(c, field, z, u + k * size);
  else if (factor == 0)
    for (PetscInt k = 0; k < model->owned; k++) values[k] = 0;
  else
    for (PetscInt k = 0; k < model->owned; k++) values[k] = factor * u[unknown + k * size];
}

static PetscErrorCode Fill(void *ctx, PetscInt shown, PetscReal values[])
{
  const NakModel   model = (NakModel)ctx;
  const NakColumn *c     = &model->column;
  const ptrdiff_t  size  = c->l.size;
  const PetscInt   nz = c->ne + c->nf + c->na, n = model->owned;
  const PetscInt   field = model->shown.field[shown];
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(model->frame_state, &u));
  if (field == FIELD_CURRENT || field == FIELD_U_FACE)
    PetscCall(FillCurrent(model, field, u, values));
  else if (fields[field].place == NAK_PLACE_FACE)
    for (PetscInt k = 0; k < n; k++) values[k] = FaceField(model, field, k, u + k * size);
  else
    for (PetscInt z = 0; z < nz; z++) FillLayer(model, field, z, u, values + (ptrdiff_t)z * n);
  PetscCall(VecRestoreArrayRead(model->frame_state, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a cell has a field.  It has those of phases only if it can have any phases, and those of
   ions if these have layers. */
static PetscBool Has(const NakModelParams *params, PetscInt f)
{
  if (f < FIELD_WETTED) return PETSC_TRUE;
  if (f >= FIELD_ION_NA) return NakModelHasLayers(params);
  return f == FIELD_VOID ? params->microstructure.voids : (PetscBool)(params->grid.phases > 0);
}

/* Those that a cell has; their number. */
static PetscInt Show(const NakModelParams *params, NakShown *shown)
{
  PetscInt count = 0;

  for (PetscInt f = 0; f < FIELDS; f++) {
    if (!Has(params, f)) continue;
    shown->field[count]    = f;
    shown->fields[count++] = fields[f];
  }
  return count;
}

PetscInt NakModelFields(const NakModelParams *params, NakField list[NAK_FRAME_FIELDS])
{
  NakShown       shown;
  const PetscInt count = Show(params, &shown);

  memcpy(list, shown.fields, (size_t)count * sizeof *list);
  return count;
}

PetscErrorCode NakModelFrame(NakModel model, Vec U, NakFrame *frame)
{
  const NakBox   box   = model->box;
  const PetscInt count = Show(&model->params, &model->shown);

  PetscFunctionBeginUser;
  model->frame_state = U;
  model->shown.known = PETSC_FALSE;
  *frame             = (NakFrame){.grid   = NakStateGrid(model->state),
                                  .fields = model->shown.fields,
                                  .count  = count,
                                  .xs     = box.xs,
                                  .ys     = box.ys,
                                  .xm     = box.xm,
                                  .ym     = box.ym,
                                  .fill   = Fill,
                                  .ctx    = model};
  PetscFunctionReturn(PETSC_SUCCESS);
}
