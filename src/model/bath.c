/* The liquid electrolyte of a column at its faces.  One well-mixed volume has no unknowns of its
   own: its amounts follow from what the electrodes have given to it.  Layers are in ions.c. */
#include "column.h"

/* The amount of Na+ is what the electrodes have given, less K+.  The amounts of K+ and of the anion
   are what is not in the salt. */
NakBath NakColumnBath(const NakColumn *c, const PetscReal u[])
{
  const NakLayout *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;
  PetscReal        given, salt;

  if (!NakLayoutIsLiquid(l)) return (NakBath){.sodium = 1, .anion = 1};
  if (l->ions > 0) return NakIonsBath(c, PETSC_FALSE, u);
  given = u[l->potassium] + (there != NULL ? u[l->counter + there->potassium] : 0);
  salt  = u[l->salt] + (there != NULL ? u[l->counter + there->salt] : 0);
  given /= NAK_FARADAY;
  return (NakBath){.sodium    = 1 - given / c->bath,
                   .ln_sodium = PetscLogReal(1 - given / c->bath),
                   .potassium = (given - salt) / c->bath,
                   .anion     = 1 - salt / c->bath};
}

NakBath NakColumnFarBath(const NakColumn *c, const PetscReal u[])
{
  return c->l.ions > 0 ? NakIonsBath(c, PETSC_TRUE, u) : NakColumnBath(c, u);
}

/* A row of the face of electrode `of`, from unknown `first` on, has `scale` times a rate.  The rate
   depends on the electrolyte, and so on what both electrodes have given to it. */
static void PutBath(const NakColumn *c, const NakColumn *of, PetscInt first, PetscInt row,
                    PetscReal scale, const NakFaceValue *rate, const NakBath *bath, NakEntries *e)
{
  const PetscReal dsodium = rate->d[NAK_FACE_SODIUM] / bath->sodium;
  const PetscReal dgiven  = (rate->d[NAK_FACE_POTASSIUM] - dsodium) / (NAK_FARADAY * c->bath);
  const PetscReal dsalt   = -rate->d[NAK_FACE_POTASSIUM] / c->bath;

  NakPut(e, first + row, c->l.potassium, scale * dgiven);
  NakPut(e, first + row, c->l.salt, scale * dsalt);
  NakPut(e, first + row, first + of->l.salt, scale * rate->d[NAK_FACE_SALT]);
  if (c->counter == NULL) return;
  NakPut(e, first + row, c->l.counter + c->counter->l.potassium, scale * dgiven);
  NakPut(e, first + row, c->l.counter + c->counter->l.salt, scale * dsalt);
}

/* Rows of the face that depend on the ions of the layers next to it, and what K and its salt are to
   the first of these layers. */
static void IonsFace(const NakColumn *c, const NakColumn *of, PetscInt first, const PetscReal u[],
                     const NakFace *face, const NakSaltRate *salt, const NakBath *bath,
                     NakEntries *e)
{
  const NakLayout *l     = &of->l;
  const PetscInt   outer = of != c ? 0 : c->ne - 1, next = NakLayoutPhi(&c->l, outer);
  const PetscReal  content = of->alloy_content, layer = c->ions.content * c->height[outer];
  const PetscInt   salty[] = {first + l->salt, next + NAK_LAYER_K};
  const PetscReal  grows[] = {-1, NAK_FARADAY / layer};
  const struct {
    PetscInt            row;
    PetscReal           scale;
    const NakFaceValue *rate;
  } put[] = {
    {first + l->filament,    -1,                                  &face->filament },
    {first + l->q_faraday,   -1,                                  &face->faradaic },
    {first + l->potential,   1,                                   &face->faradaic },
    {first + l->potassium,   -1,                                  &face->potassium},
    {first + l->deposit,     -1 / NAK_FARADAY,                    &face->metal    },
    {first + l->open,        -1,                                  &face->open     },
    {first + l->reservoir_k, 1 / (content * of->reservoir),       &face->potassium},
    {first + l->alloy,       1 / (content * of->alloy.height[0]), &face->supply   },
    {next + NAK_LAYER_NA,    1 / layer,                           &face->potassium},
    {next + NAK_LAYER_K,     -1 / layer,                          &face->potassium},
  };

  for (size_t k = 0; k < sizeof put / sizeof *put; k++) {
    const PetscReal d[NAK_IONS] = {put[k].scale * put[k].rate->d[NAK_FACE_SODIUM] / bath->sodium,
                                   put[k].scale * put[k].rate->d[NAK_FACE_POTASSIUM], 0};

    NakIonsPut(c, (PetscBool)(of != c), u, put[k].row, d, e);
    NakPut(e, put[k].row, first + l->salt, put[k].scale * put[k].rate->d[NAK_FACE_SALT]);
  }
  for (int k = 0; k < 2; k++) {
    const PetscReal d[NAK_IONS] = {0, grows[k] * salt->dpotassium, grows[k] * salt->danion};

    NakIonsPut(c, (PetscBool)(of != c), u, salty[k], d, e);
  }
  NakPut(e, next + NAK_LAYER_K, first + l->salt, NAK_FARADAY / layer * salt->dsalt);
}

void NakBathFace(const NakColumn *c, const NakColumn *of, PetscInt first, const PetscReal u[],
                 const NakFace *face, const NakSaltRate *salt, const NakBath *bath, NakEntries *e)
{
  const NakLayout   *l       = &of->l;
  const PetscReal    content = of->alloy_content;
  const NakFaceValue growth  = {.d = {[NAK_FACE_POTASSIUM] = salt->dpotassium}};

  if (c->l.ions > 0) {
    IonsFace(c, of, first, u, face, salt, bath, e);
    return;
  }
  PutBath(c, of, first, l->filament, -1, &face->filament, bath, e);
  PutBath(c, of, first, l->q_faraday, -1, &face->faradaic, bath, e);
  PutBath(c, of, first, l->potential, 1, &face->faradaic, bath, e);
  PutBath(c, of, first, l->potassium, -1, &face->potassium, bath, e);
  PutBath(c, of, first, l->reservoir_k, 1 / (content * of->reservoir), &face->potassium, bath, e);
  PutBath(c, of, first, l->alloy, 1 / (content * of->alloy.height[0]), &face->supply, bath, e);
  PutBath(c, of, first, l->salt, -1, &growth, bath, e);
  NakPut(e, first + l->salt, c->l.salt, salt->danion / c->bath);
  if (c->counter != NULL)
    NakPut(e, first + l->salt, c->l.counter + c->counter->l.salt, salt->danion / c->bath);
}

/* The far current under a held voltage depends on the salt on both faces. */
void NakBathFar(const NakColumn *c, PetscReal current, PetscReal conductance, const PetscReal u[],
                NakEntries *e)
{
  const NakLayout *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;
  PetscReal        slope[NAK_ELECTRODES] = {0};

  (void)NakColumnSaltResistance(c, u, slope);
  for (int k = 0; k < (there != NULL ? 2 : 1); k++) {
    const PetscInt  col = k == 0 ? l->salt : l->counter + there->salt;
    const PetscReal d   = -conductance * current * slope[k];

    NakPut(e, l->phi, col, c->ne > 0 ? d : -d);
    NakPut(e, l->q_total, col, -d);
    if (there == NULL) continue;
    NakPut(e, l->counter + there->potential, col, d);
    NakPut(e, l->counter + there->q_total, col, d);
  }
  if (l->ions > 0) NakIonsFarPut(c, current, conductance, u, e);
}
