/* What is read from a state: run-level values, inventories, fields. */
#include "model_impl.h"

/* Sums over columns; divided by their number they are means over the geometric area. */
enum {
  SUM_POTENTIAL,
  SUM_FACE, /* u_face where there is contact */
  SUM_CONTACT,
  SUM_OPEN, /* contact less void and film */
  SUM_WETTED,
  SUM_FILM,
  SUM_DEPOSIT,
  SUM_RESERVOIR_NA,
  SUM_RESERVOIR_K,
  SUM_NA,
  SUM_LAYER,
  SUM_Q_FARADAY,
  SUM_Q_TOTAL,
  SUMS
};

enum { MAX_DEPOSIT, MAX_FILAMENT, MAX_DEPLETION /* -u_face */, MAXIMA };

typedef struct {
  PetscReal sum[SUMS], max[MAXIMA];
} Totals;

static void AddColumn(const NakModel model, const NakCover *over, const PetscReal u[], Totals *t)
{
  const NakColumn   *c       = &model->column;
  const PetscReal    contact = over->contact;
  const NakLayout   *l       = &c->l;
  const NakFaceState state   = NakColumnFaceState(c, over->room, u);
  const PetscReal    u_face =
    NakKineticsFace(&c->kinetics, &state, NakColumnFaceConductance(c, contact), contact).u_face;
  const PetscReal add[SUMS] = {
    [SUM_POTENTIAL]    = u[l->potential],
    [SUM_FACE]         = contact * u_face,
    [SUM_CONTACT]      = contact,
    [SUM_OPEN]         = contact * over->wetted * (1 - u[l->film]),
    [SUM_WETTED]       = over->wetted,
    [SUM_FILM]         = contact * u[l->film],
    [SUM_DEPOSIT]      = u[l->deposit],
    [SUM_RESERVOIR_NA] = u[l->reservoir_na],
    [SUM_RESERVOIR_K]  = u[l->reservoir_k],
    [SUM_NA]           = NakColumnSodium(c, contact, u) - u[l->q_faraday],
    [SUM_LAYER] = contact * c->kinetics.double_layer * (u[l->potential] - model->initial_potential),
    [SUM_Q_FARADAY] = u[l->q_faraday],
    [SUM_Q_TOTAL]   = u[l->q_total],
  };

  for (int k = 0; k < SUMS; k++) t->sum[k] += add[k];
  t->max[MAX_DEPOSIT]  = PetscMax(t->max[MAX_DEPOSIT], u[l->deposit]);
  t->max[MAX_FILAMENT] = PetscMax(t->max[MAX_FILAMENT], u[l->filament]);
  if (contact > 0) t->max[MAX_DEPLETION] = PetscMax(t->max[MAX_DEPLETION], -u_face);
}

static PetscErrorCode Total(NakModel model, Vec U, Totals *t)
{
  const ptrdiff_t  size    = model->column.l.size;
  const NakGrid   *grid    = NakStateGrid(model->state);
  const PetscReal  columns = (PetscReal)grid->nx * (PetscReal)grid->ny;
  const PetscReal *u;
  PetscInt         n;

  PetscFunctionBeginUser;
  *t = (Totals){
    .max = {0, 0, -PETSC_MAX_REAL}
  };
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArrayRead(U, &u));
  for (ptrdiff_t k = 0; k < n / size; k++) AddColumn(model, &model->over[k], u + k * size, t);
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->sum, SUMS, MPIU_REAL, MPIU_SUM, model->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->max, MAXIMA, MPIU_REAL, MPIU_MAX, model->comm));
  for (int k = 0; k < SUMS; k++) t->sum[k] /= columns;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* K: what the film takes leaves the reservoir, and nothing else moves it. */
static PetscReal PotassiumOf(const NakColumn *c, const Totals *t)
{
  const PetscReal density = c->alloy_content / NAK_FARADAY;
  PetscReal       height  = c->reservoir * t->sum[SUM_RESERVOIR_K];

  for (PetscInt k = 0; k < c->na; k++) height += c->height[c->ne + c->nf + k];
  return density * height + c->kinetics.film_content * t->sum[SUM_FILM];
}

/* Laterally averaged, the electrolyte is a resistor: the mean of its potential at the far face is
   that at the near one and the drop of the mean current, in any dimension. */
static void Terminal(const NakColumn *c, PetscReal mean_potential, NakRecord *record)
{
  const PetscReal resistance = c->series + c->electrolyte;

  if (c->control.hold == NAK_HOLD_CURRENT) {
    record->current = c->control.value;
    record->voltage = mean_potential + record->current * resistance;
  } else {
    record->voltage = c->control.value;
    record->current = (record->voltage - mean_potential) / resistance;
  }
}

PetscErrorCode NakModelMeasure(NakModel model, Vec U, NakRecord *record, NakInventory *inventory)
{
  const NakColumn *c      = &model->column;
  const PetscReal  volume = c->kinetics.deposit_volume;
  Totals           t;
  PetscReal        r;

  PetscFunctionBeginUser;
  PetscCall(Total(model, U, &t));
  r = t.sum[SUM_RESERVOIR_NA] / t.sum[SUM_RESERVOIR_K];
  Terminal(c, t.sum[SUM_POTENTIAL], record);
  record->capacity         = t.sum[SUM_Q_TOTAL];
  record->u_face_mean      = t.sum[SUM_FACE] / t.sum[SUM_CONTACT];
  record->u_face_min       = -t.max[MAX_DEPLETION];
  record->contact_fraction = t.sum[SUM_OPEN];
  record->wetted_fraction  = t.sum[SUM_WETTED];
  record->k_film_fraction  = t.sum[SUM_FILM];
  record->deposit_mean     = volume * t.sum[SUM_DEPOSIT];
  record->deposit_max      = volume * t.max[MAX_DEPOSIT];
  record->filament_max     = t.max[MAX_FILAMENT];
  record->reservoir_x      = r / (1 + r);
  if (inventory != NULL)
    *inventory = (NakInventory){.na        = t.sum[SUM_NA],
                                .k         = PotassiumOf(c, &t),
                                .layer     = t.sum[SUM_LAYER],
                                .q_faraday = t.sum[SUM_Q_FARADAY],
                                .q_total   = t.sum[SUM_Q_TOTAL]};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelFaces(NakModel model, Vec U, NakFaceSample faces[])
{
  const NakColumn *c     = &model->column;
  const ptrdiff_t  size  = c->l.size;
  PetscReal        limit = 0; /* resistance of the interphase over its content, as 1 / current */
  const PetscReal *u;
  PetscInt         n;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < c->nf; k++) limit += c->height[c->ne + k] / c->kinetics.diffusivity;
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArrayRead(U, &u));
  for (ptrdiff_t k = 0; k < n / size; k++, u += size) {
    const NakCover    *over    = &model->over[k];
    const NakFaceState state   = NakColumnFaceState(c, over->room, u);
    const NakFace      face    = NakKineticsFace(&c->kinetics, &state,
                                                 NakColumnFaceConductance(c, over->contact), over->contact);
    const PetscReal    content = NakColumnContent(c, over->contact);

    faces[k] = (NakFaceSample){.u = face.u_face, .load = face.reaction.value * limit / content};
  }
  u -= n;
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelWet(NakModel model, const PetscReal wetted[], const PetscReal room[],
                           const PetscReal voids[])
{
  NakBox box;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(model->state, &box));
  for (PetscInt k = 0; k < box.xm * box.ym; k++) {
    model->over[k].wetted = wetted[k];
    model->over[k].room   = room[k];
  }
  model->voids = voids;
  PetscFunctionReturn(PETSC_SUCCESS);
}

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
  FIELD_WETTED,
  FIELD_VOID, /* this and the one before only where there can be voids */
  FIELDS
};

static const NakField fields[FIELDS] = {
  [FIELD_PHI]       = {"phi_e",     "V",       "Electrolyte potential against the metal",            NAK_PLACE_VOLUME},
  [FIELD_C]         = {"c",         "mol/m^3", "Na concentration, per volume of the pristine alloy",
                       NAK_PLACE_VOLUME                                                                              },
  [FIELD_POTENTIAL] = {"potential", "V",       "Metal against electrolyte at its face",              NAK_PLACE_FACE  },
  [FIELD_CURRENT]   = {"current",   "A/m^2",   "Faradaic current, positive strips",                  NAK_PLACE_FACE  },
  [FIELD_U_FACE]    = {"u_face",    "1",       "Na content of the interphase at the electrolyte",
                       NAK_PLACE_FACE                                                                                },
  [FIELD_CONTACT]   = {"contact",   "1",       "Reacting share of the cell",                         NAK_PLACE_FACE  },
  [FIELD_K_FILM]    = {"k_film",    "1",       "Share under solid K",                                NAK_PLACE_FACE  },
  [FIELD_DEPOSIT]   = {"deposit",   "m",       "Na metal, equivalent thickness",                     NAK_PLACE_FACE  },
  [FIELD_FILAMENT]  = {"filament",  "m",       "Filament length",                                    NAK_PLACE_FACE  },
  [FIELD_CHARGE]    = {"charge",    "C/m^2",   "Charge passed by the reaction",                      NAK_PLACE_FACE  },
  [FIELD_WETTED]    = {"wetted",    "1",       "Share under liquid",                                 NAK_PLACE_FACE  },
  [FIELD_VOID]      = {"void",      "1",       "Share of void",                                      NAK_PLACE_VOLUME},
};

/* One face field of one column. */
static PetscReal FaceField(const NakColumn *c, PetscInt field, const NakCover *over,
                           const PetscReal u[])
{
  const PetscReal    contact = over->contact;
  const NakLayout   *l       = &c->l;
  const NakFaceState state   = NakColumnFaceState(c, over->room, u);
  const NakFace      face =
    NakKineticsFace(&c->kinetics, &state, NakColumnFaceConductance(c, contact), contact);

  switch (field) {
  case FIELD_POTENTIAL:
    return u[l->potential];
  case FIELD_CURRENT:
    return face.reaction.value;
  case FIELD_U_FACE:
    return face.u_face;
  case FIELD_CONTACT:
    return contact * over->wetted * (1 - u[l->film]);
  case FIELD_K_FILM:
    return u[l->film];
  case FIELD_DEPOSIT:
    return c->kinetics.deposit_volume * u[l->deposit];
  case FIELD_FILAMENT:
    return u[l->filament];
  case FIELD_WETTED:
    return over->wetted;
  default:
    return u[l->q_faraday];
  }
}

/* Share of void in layer z of owned column k. */
static PetscReal VoidField(const NakModel model, PetscInt k, PetscInt z)
{
  const NakColumn *c     = &model->column;
  const PetscInt   layer = z - c->ne - c->nf;

  return layer < 0 ? 0 : model->voids[k * c->na + layer];
}

/* One volume field of layer k of one column. */
static PetscReal VolumeField(const NakColumn *c, PetscInt field, PetscInt k, const PetscReal u[])
{
  const PetscInt in_metal = k - c->ne, in_alloy = in_metal - c->nf;

  if (field == FIELD_PHI) return in_metal < 0 ? u[c->l.phi + k] : 0;
  if (in_metal < 0) return 0;
  if (in_alloy < 0) return c->kinetics.content / NAK_FARADAY * u[c->l.interphase + in_metal];
  return c->alloy_content / NAK_FARADAY * u[c->l.alloy + in_alloy];
}

static PetscErrorCode Fill(void *ctx, PetscInt field, PetscReal values[])
{
  const NakModel   model = (NakModel)ctx;
  const NakColumn *c     = &model->column;
  const ptrdiff_t  size  = c->l.size;
  const PetscInt   nz    = c->ne + c->nf + c->na;
  const PetscReal *u;
  PetscInt         n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(model->frame_state, &n));
  n /= c->l.size;
  PetscCall(VecGetArrayRead(model->frame_state, &u));
  for (PetscInt k = 0; k < n; k++) {
    if (field == FIELD_VOID)
      for (PetscInt z = 0; z < nz; z++) values[z * n + k] = VoidField(model, k, z);
    else if (fields[field].place == NAK_PLACE_FACE)
      values[k] = FaceField(c, field, &model->over[k], u + k * size);
    else
      for (PetscInt z = 0; z < nz; z++) values[z * n + k] = VolumeField(c, field, z, u + k * size);
  }
  PetscCall(VecRestoreArrayRead(model->frame_state, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakModelFrame(NakModel model, Vec U, NakFrame *frame)
{
  NakBox box;

  PetscFunctionBeginUser;
  PetscCall(NakOwnedBox(model->state, &box));
  model->frame_state = U;
  *frame             = (NakFrame){.grid   = NakStateGrid(model->state),
                                  .fields = fields,
                                  .count  = model->voids != NULL ? FIELDS : FIELD_WETTED,
                                  .xs     = box.xs,
                                  .ys     = box.ys,
                                  .xm     = box.xm,
                                  .ym     = box.ym,
                                  .fill   = Fill,
                                  .ctx    = model};
  PetscFunctionReturn(PETSC_SUCCESS);
}
