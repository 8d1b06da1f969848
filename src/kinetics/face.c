/* The balance of Na at the electrolyte's face; the contract is in nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

/* A rate at the face with its partial derivatives; w = ln u_face, because u_face falls through more
   than twenty decades while the voltage runs away. */
typedef struct {
  PetscReal value, dw, dE, ddeposit, dfilm;
} Rate;

/* i = theta i0 u { exp[alpha f (E - E_eq)] - exp[-(1 - alpha) f (E - E_eq)] }, f E_eq = -ln a(u) */
static Rate Reaction(const NakKinetics *k, const NakFaceState *s, PetscReal contact, PetscReal w)
{
  const PetscReal theta = contact * (1 - s->film), b = 1 - k->alpha;
  const PetscReal r      = k->r_ref * PetscExpReal(w / k->m);
  const NakLiquid alloy  = NakThermoLiquid(&k->alloy, r / (1 + r));
  const PetscReal eta    = k->f * s->potential + alloy.ln_activity; /* f times the overpotential */
  const PetscReal slope  = alloy.factor / (1 + r) / k->m;           /* d ln a / dw */
  const PetscReal anodic = k->i0 * PetscExpReal(w + k->alpha * eta);
  const PetscReal cathodic = k->i0 * PetscExpReal(w - b * eta);

  return (Rate){.value = theta * (anodic - cathodic),
                .dw    = theta * (anodic * (1 + k->alpha * slope) - cathodic * (1 - b * slope)),
                .dE    = theta * k->f * (k->alpha * anodic + b * cathodic),
                .dfilm = -contact * (anodic - cathodic)};
}

/* Na metal: grows fast above saturation, dissolves slowly below it.  As a current [A/m2].  Growth sets in like
   a square, so that the law is C1: with a corner, a face that settles there has two stiffnesses. */
static Rate Deposition(const NakKinetics *k, const NakFaceState *s, PetscReal contact, PetscReal w)
{
  const PetscReal u = PetscExpReal(w), excess = u / k->u_na - 1, width = NAK_DEPOSIT_ONSET;
  const PetscReal dissolution = NAK_FARADAY * k->deposit_dissolution;
  const PetscReal growth      = contact * k->deposit_rate;
  const PetscReal above = PetscMax(excess, 0), slope = PetscMin(above / width, 1);

  return (Rate){.value =
                  growth * slope * (above - slope * width / 2) + dissolution * s->deposit * excess,
                .dw       = (growth * slope + dissolution * s->deposit) * u / k->u_na,
                .ddeposit = dissolution * excess};
}

/* Solid K covers the face where the interphase is depleted, and re-alloys where it is not. [1/s] */
static Rate FilmGrowth(const NakKinetics *k, const NakFaceState *s, PetscReal w)
{
  const PetscReal ratio = PetscExpReal(w) / k->u_k;

  if (ratio < 1) {
    const PetscReal open = k->film_rate * (1 - s->film);

    return (Rate){
      .value = open * (1 - ratio), .dw = -open * ratio, .dfilm = -k->film_rate * (1 - ratio)};
  }
  return (Rate){.value = -k->film_dissolution * s->film * (1 - 1 / ratio),
                .dw    = -k->film_dissolution * s->film / ratio,
                .dfilm = -k->film_dissolution * (1 - 1 / ratio)};
}

/* Filaments grow with the plating current where the deposit beyond its room is thick; the onset is spread over a
   tenth of the thickness, so that the rate is continuous. [m/s] */
static Rate FilamentGrowth(const NakKinetics *k, const NakFaceState *s, const Rate *reaction)
{
  const PetscReal ramp  = 0.1 * k->filament_onset;
  const PetscReal over  = (k->deposit_volume * s->deposit - s->room - k->filament_onset) / ramp;
  const PetscReal on    = PetscMin(PetscMax(over, 0), 1);
  const PetscReal speed = reaction->value < 0 ? -k->filament_speed : 0;

  return (Rate){.value = speed * on * reaction->value,
                .dw    = speed * on * reaction->dw,
                .dE    = speed * on * reaction->dE,
                .ddeposit =
                  over > 0 && over < 1 ? speed * reaction->value * k->deposit_volume / ramp : 0,
                .dfilm = speed * on * reaction->dfilm};
}

/* Where a large current draws u_face far below u, i ~ u_face^(1 + alpha / m): start Newton there. */
static PetscReal Guess(const NakKinetics *k, const NakFaceState *s, PetscReal conductance,
                       PetscReal contact)
{
  const PetscReal w = PetscLogReal(s->u), full = conductance * s->u;
  const PetscReal i = Reaction(k, s, contact, w).value;

  return i > full ? w - PetscLogReal(i / full) / (1 + k->alpha / k->m) : w;
}

/* The excess of supply over demand, and its slope to w. */
static PetscReal Imbalance(const NakKinetics *k, const NakFaceState *s, PetscReal conductance,
                           PetscReal contact, PetscReal w, PetscReal *slope)
{
  const Rate      i = Reaction(k, s, contact, w), d = Deposition(k, s, contact, w);
  const PetscReal u = PetscExpReal(w);

  *slope = -conductance * u - i.dw - d.dw;
  return conductance * (s->u - u) - i.value - d.value;
}

/* Newton for w = ln u_face, with steps of at most e^3.  Far into plating the reaction feeds on its own
   product, i ~ u_face, faster than the interphase carries it off, and u_face climbs until the deposit
   takes up the rest: where the slope has the wrong sign, climb too.  NaN where there is no balance. */
static PetscReal SolveFace(const NakKinetics *k, const NakFaceState *s, PetscReal conductance,
                           PetscReal contact)
{
  const PetscReal longest = 3, climb = 0.5, tolerance = 1e-14;
  PetscReal       w = Guess(k, s, conductance, contact);

  for (int n = 0; n < 100 && !PetscIsNanReal(w); n++) {
    PetscReal       slope;
    const PetscReal excess = Imbalance(k, s, conductance, contact, w, &slope);
    const PetscReal step   = slope < 0 ? -excess / slope : climb;

    w += PetscMin(PetscMax(step, -longest), longest);
    if (PetscAbsReal(step) <= tolerance * PetscMax(1, PetscAbsReal(w))) return w;
  }
  return NAN;
}

/* The total derivative of a rate: what it depends on directly, and through w. */
static NakFaceValue Total(const Rate *rate, const PetscReal dw[NAK_FACE_SIZE], PetscReal scale)
{
  const PetscReal direct[NAK_FACE_SIZE] = {[NAK_FACE_POTENTIAL] = rate->dE,
                                           [NAK_FACE_DEPOSIT]   = rate->ddeposit,
                                           [NAK_FACE_FILM]      = rate->dfilm};
  NakFaceValue    total                 = {.value = scale * rate->value};

  for (int j = 0; j < NAK_FACE_SIZE; j++) total.d[j] = scale * (direct[j] + rate->dw * dw[j]);
  return total;
}

NakFace NakKineticsFace(const NakKinetics *k, const NakFaceState *state, PetscReal conductance,
                        PetscReal contact)
{
  const PetscReal w = SolveFace(k, state, conductance, contact), u = PetscExpReal(w);
  const Rate      i = Reaction(k, state, contact, w), d = Deposition(k, state, contact, w);
  const Rate      film = FilmGrowth(k, state, w), filament = FilamentGrowth(k, state, &i);
  const PetscReal slope             = conductance * u + i.dw + d.dw;
  const PetscReal dw[NAK_FACE_SIZE] = {[NAK_FACE_POTENTIAL] = -i.dE / slope,
                                       [NAK_FACE_DEPOSIT]   = -d.ddeposit / slope,
                                       [NAK_FACE_FILM]      = -i.dfilm / slope,
                                       [NAK_FACE_U]         = conductance / slope};
  NakFace         face              = {.u_face   = u,
                                       .reaction = Total(&i, dw, 1),
                                       .deposit  = Total(&d, dw, 1 / NAK_FARADAY),
                                       .film     = Total(&film, dw, 1),
                                       .filament = Total(&filament, dw, 1)};

  face.supply.value = i.value + d.value;
  for (int j = 0; j < NAK_FACE_SIZE; j++)
    face.supply.d[j] = face.reaction.d[j] + NAK_FARADAY * face.deposit.d[j];
  return face;
}
