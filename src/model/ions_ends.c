/* The half layers of ions at the two faces, and the current through the far one. */
#include "ions_impl.h"

NakIonHalf NakIonHalfOf(const NakColumn *c, PetscBool far, const PetscReal u[], PetscReal v)
{
  const NakIonEnd   end   = NakIonEndOf(c, far);
  const NakIonLayer layer = NakIonLayerOf(c, end.layer[0], u);
  PetscReal         conc[NAK_IONS];
  NakIonHalf        half = {0};

  NakIonFaceConcentrations(c, &end, u, conc);
  for (int i = 0; i < NAK_IONS; i++) {
    const PetscReal  r = layer.half[i], b = far ? conc[i] : layer.c[i];
    const NakIonFlux link = NakKineticsIonFlux(NakIonCharge(i), far ? 0 : r, far ? r : 0, b,
                                               far ? layer.c[i] : conc[i], v, PETSC_FALSE);

    half.current += NakIonCarried(c, i) * link.value;
    half.v += NakIonCarried(c, i) * link.v;
    half.face[i]  = NakIonCarried(c, i) * (far ? link.below : link.above);
    half.layer[i] = NakIonCarried(c, i) * (far ? link.above : link.below);
    half.salt += NakIonCarried(c, i) * link.r_below * layer.stiffer[i];
  }
  return half;
}

void NakIonHalfPut(const NakColumn *c, PetscBool far, const NakIonHalf *half, const PetscReal u[],
                   PetscInt row, PetscReal scale, NakEntries *e)
{
  const NakIonEnd   end   = NakIonEndOf(c, far);
  const NakIonLayer layer = NakIonLayerOf(c, end.layer[0], u);
  const PetscInt    own   = NakLayoutPhi(&c->l, end.layer[0]);
  PetscReal         face[NAK_IONS];

  for (int i = 0; i < NAK_IONS; i++) face[i] = scale * half->face[i];
  NakIonsPut(c, far, u, row, face, e);
  for (int what = NAK_LAYER_NA; what < NAK_LAYER_END; what++) {
    PetscReal sum = what == NAK_LAYER_SALT ? half->salt : 0;

    for (int i = 0; i < NAK_IONS; i++) sum += half->layer[i] * NakIonByUnknown(&layer, i, what);
    NakPut(e, row, own + what, scale * sum);
  }
}

/* ---- The current through the far face under a held voltage ---- */

PetscReal NakIonMetal(const NakColumn *c, const PetscReal u[])
{
  return c->counter != NULL ? 0 : NakIonsBath(c, PETSC_TRUE, u).ln_sodium / c->kinetics.f;
}

/* The far half layer is an electromotive force over a conductance.  Na metal as the counter
   electrode has the potential of its ions. */
NakIonsFar NakIonsFarOf(const NakColumn *c, const PetscReal u[])
{
  const NakIonHalf half = NakIonHalfOf(c, PETSC_TRUE, u, 0);
  const PetscReal  f    = c->kinetics.f;

  return (NakIonsFar){
    .resistance = 1 / (f * half.v), .emf = half.current / (f * half.v), .metal = NakIonMetal(c, u)};
}

/* The rows in which the far current counts, with their factors; the first one is that of Na+ in the
   far layer. */
static int FarRows(const NakColumn *c, PetscInt row[NAK_FAR_ROWS], PetscReal scale[NAK_FAR_ROWS])
{
  const NakLayout *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;

  row[0]   = l->phi + NAK_LAYER_NA;
  scale[0] = 1 / (c->ions.content * c->height[0]);
  row[1]   = l->phi;
  row[2]   = l->q_total;
  scale[2] = -1;
  scale[1] = scale[3] = scale[4] = 1;
  if (there == NULL) return 3;
  row[3] = l->counter + there->potential;
  row[4] = l->counter + there->q_total;
  return NAK_FAR_ROWS;
}

/* The far current I obeys I (R + 1/G) = V + E + phi + emf + metal. */
void NakIonsFarPut(const NakColumn *c, PetscReal current, PetscReal conductance,
                   const PetscReal u[], NakEntries *e)
{
  const NakLayout *l = &c->l, *there = c->counter != NULL ? &c->counter->l : NULL;
  const NakIonsFar far  = NakIonsFarOf(c, u);
  const PetscReal  f    = c->kinetics.f;
  const NakIonHalf half = NakIonHalfOf(c, PETSC_TRUE, u, f * (current * far.resistance - far.emf));
  const PetscReal  na   = NakIonsBath(c, PETSC_TRUE, u).sodium;
  PetscReal        scale[NAK_FAR_ROWS], salt[NAK_ELECTRODES] = {0};
  PetscInt         row[NAK_FAR_ROWS];
  const int        rows = FarRows(c, row, scale);

  for (int k = 0; k < rows; k++) {
    const PetscReal metal[NAK_IONS] = {there == NULL ? scale[k] * conductance / (f * na) : 0};

    NakIonHalfPut(c, PETSC_TRUE, &half, u, row[k], scale[k] * conductance * far.resistance, e);
    NakIonsPut(c, PETSC_TRUE, u, row[k], metal, e);
  }
  (void)NakColumnSaltResistance(c, u, salt);
  NakPut(e, row[0], l->phi, scale[0] * conductance);
  NakPut(e, row[0], l->salt, -scale[0] * conductance * current * salt[0]);
  if (there == NULL) return;
  NakPut(e, row[0], l->counter + there->potential, scale[0] * conductance);
  NakPut(e, row[0], l->counter + there->salt, -scale[0] * conductance * current * salt[1]);
}
