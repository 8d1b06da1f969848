/* A host of Na and K at a point; the contract is in nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

/* i_s = k_s { y_s exp[alpha f (E - U_s)] - c_s (1 - y) exp[-(1 - alpha) f (E - U_s)] },
   U_s = U_s(1/2) + w (1/2 - y) */
static NakFaceValue Guest(const NakKinetics *k, const NakHost *h, const NakFaceState *s, int guest)
{
  const PetscBool na = (PetscBool)(guest == 0);
  const PetscReal y = na ? s->u : s->r, filled = s->u + s->r, beta = 1 - k->alpha;
  const PetscReal U     = h->voltage[guest] + h->slope * (0.5 - filled);
  const PetscReal eta   = k->f * (s->potential - U);
  const PetscReal out   = h->rate[guest] * PetscExpReal(k->alpha * eta);
  const PetscReal in    = h->rate[guest] * PetscExpReal(-beta * eta);
  const PetscReal c     = na ? PetscExpReal(s->ln_sodium) : s->potassium;
  const PetscReal slope = k->f * (k->alpha * y * out + beta * c * (1 - filled) * in);
  const PetscReal full  = c * in + h->slope * slope; /* what any guest changes */

  if (h->rate[guest] == 0) return (NakFaceValue){0};
  return (NakFaceValue){
    .value = y * out - c * (1 - filled) * in,
    .d     = {[NAK_FACE_POTENTIAL] = slope,
              [NAK_FACE_U]         = full + (na ? out : 0),
              [NAK_FACE_R]         = full + (na ? 0 : out),
              [NAK_FACE_SODIUM]    = na ? -c * (1 - filled) * in : 0,
              [NAK_FACE_POTASSIUM] = na ? 0 : -(1 - filled) * in}
  };
}

NakFace NakKineticsHost(const NakKinetics *k, const NakHost *host, const NakFaceState *state)
{
  NakFace face = {.reaction  = Guest(k, host, state, 0), /* nothing but the two reactions */
                  .potassium = Guest(k, host, state, 1)};

  face.supply   = face.reaction;
  face.faradaic = face.reaction;
  face.faradaic.value += face.potassium.value;
  for (int j = 0; j < NAK_FACE_SIZE; j++) face.faradaic.d[j] += face.potassium.d[j];
  return face;
}

PetscReal NakHostOpenCircuit(const NakKinetics *k, const NakHost *host, const PetscReal sites[2])
{
  const PetscReal y = sites[0] + sites[1];

  return host->voltage[0] + host->slope * (0.5 - y) + PetscLogReal((1 - y) / sites[0]) / k->f;
}
