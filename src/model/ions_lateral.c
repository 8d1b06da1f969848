/* Layers of ions beside each other. */
#include "ions_impl.h"

PetscErrorCode NakIonsCreate(PetscInt columns, NakColumn *c)
{
  const NakLayout *l    = &c->l;
  const PetscInt   zone = l->zone * l->phases;

  PetscFunctionBeginUser;
  c->ion_leans = l->ions > 0 && columns > 1 ? c->ne : 0;
  PetscCall(PetscMalloc2(c->ne, &c->medium, zone + c->ion_leans, &c->all_leans));
  PetscCall(PetscArraycpy(c->all_leans, c->zone.leans, zone));
  for (PetscInt k = 0; k < c->ion_leans; k++)
    c->all_leans[zone + k] =
      (NakLean){.of = NakLayoutPhi(l, k) + NAK_LAYER_NA, .by = NakLayoutPhi(l, k)};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Slope of the potential of an ion to its amount in layer k, as of the liquid of the start. */
static PetscReal Mobility(const NakColumn *c, PetscInt k, int ion)
{
  const NakMedium *m = &c->medium[k];

  return m->diffusivity[ion] * PetscPowReal(m->porosity, NAK_BRUGGEMAN - 1);
}

/* Amount of Na+ that migrates as a unit of phi does: all that there is at the start. */
static PetscReal Lean(const NakColumn *c, PetscInt k)
{
  return -c->kinetics.f * (c->medium[k].fixed > 0 ? c->medium[k].fixed : c->medium[k].porosity);
}

/* Na+ and the anion carry the current. */
void NakIonsSlopes(const NakColumn *c, PetscReal slope[])
{
  for (PetscInt k = 0; k < c->ion_leans; k++) {
    const PetscInt  j       = NakLayoutPhi(&c->l, k);
    const PetscReal carried = c->ions.content * -Lean(c, k) * c->height[k];

    for (int i = 0; i < NAK_ION_X; i++) slope[j + NAK_LAYER_NA + i] = Mobility(c, k, i);
    slope[j] = c->spreading * carried * (Mobility(c, k, NAK_ION_NA) + Mobility(c, k, NAK_ION_X));
  }
  if (c->ion_leans == 0 || c->ions.excess == 0) return;
  for (int i = 0; i < NAK_ION_X; i++) slope[c->l.excess + i] = c->medium[0].diffusivity[i];
}

void NakIonsPotentials(const NakColumn *c, const PetscReal u[], PetscReal theta[])
{
  if (c->ion_leans == 0) return;
  NakIonsSlopes(c, theta);
  for (PetscInt k = 0; k < c->ion_leans; k++) {
    const PetscInt  j   = NakLayoutPhi(&c->l, k);
    const PetscReal phi = u[j];

    theta[j] *= phi / c->spreading;
    theta[j + NAK_LAYER_NA] *= u[j + NAK_LAYER_NA] - Lean(c, k) * phi;
    theta[j + NAK_LAYER_K] *= u[j + NAK_LAYER_K];
  }
  for (int i = 0; i < NAK_ION_X; i++) theta[c->l.excess + i] *= u[c->l.excess + i];
}

void NakIonsLean(const void *ctx, const PetscReal u[], PetscReal lean[])
{
  const NakColumn *c    = ctx;
  const PetscInt   zone = c->l.zone * c->l.phases;

  (void)u;
  NakZoneLean(&c->zone, lean);
  for (PetscInt k = 0; k < c->ion_leans; k++) lean[zone + k] = Lean(c, k);
}

/* An entry to the amount of Na+ is one to what it leans on, too. */
void NakIonsByLean(const NakColumn *c, PetscInt first, NakEntries *e)
{
  const PetscInt last = e->n, pitch = 1 + c->l.ions, begin = c->l.phi + NAK_LAYER_NA;

  for (PetscInt n = first; n < last && c->ion_leans > 0; n++) {
    const PetscInt k = (e->col[n] - begin) / pitch;

    if (e->col[n] >= begin && e->col[n] < c->l.potential && (e->col[n] - begin) % pitch == 0)
      NakPut(e, e->row[n], e->col[n] - NAK_LAYER_NA, e->value[n] * Lean(c, k));
  }
}
