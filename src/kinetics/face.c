/* Currents and rates at the electrolyte's face; the contract is in nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

/* A rate at the face with its partial derivatives: to the unknowns of NakFaceState at fixed u_face,
   and to w = ln u_face.  The logarithm is used because u_face falls through more than twenty
   decades while the voltage runs away. */
typedef struct {
  PetscReal value, dw;
  PetscReal d[NAK_FACE_SIZE];
} Rate;

/* From 0 at x = 0 to 1 at x = 1, with its slope. */
typedef struct {
  PetscReal value, slope;
} Ramp;

static Ramp Smooth(PetscReal x)
{
  const PetscReal t = PetscMin(PetscMax(x, 0), 1);

  return (Ramp){t * t * (3 - 2 * t), 6 * t * (1 - t)};
}

/* ---- Charge of the face ---- */

/* q = C E - b q_m Theta,  Theta = K exp(-f E) / (1 + K exp(-f E)) */
NakFaceCharge NakKineticsCharge(const NakKinetics *k, PetscReal potential, PetscReal open)
{
  const PetscReal empty = PetscExpReal(k->f * potential) / k->adlayer_constant; /* over occupied */
  const PetscReal theta = 1 / (1 + empty);
  const PetscReal slope = empty < PETSC_MAX_REAL ? k->f * theta * empty * theta : 0;

  return (NakFaceCharge){.value = k->double_layer * potential - open * k->adlayer * theta,
                         .dE    = k->double_layer + open * k->adlayer * slope,
                         .dopen = -k->adlayer * theta};
}

/* q rises with E everywhere.  Where it is steepest, the adlayer fills within 1 / f.  Beside a full
   adlayer, the capacitor's charge, and so E, is known to the rounding of the sum only.  A potential
   that fits stays as it is: a run that resumes from a checkpoint evaluates it once more. */
PetscReal NakKineticsPotential(const NakKinetics *k, PetscReal charge, PetscReal open,
                               PetscReal potential)
{
  const PetscReal longest = 1 / k->f, ulps = 4 * PETSC_MACHINE_EPSILON;
  PetscReal       E = potential;

  for (int n = 0; n < 200; n++) {
    const NakFaceCharge q     = NakKineticsCharge(k, E, open);
    const PetscReal     lacks = charge - q.value, step = lacks / q.dE;
    const PetscReal     sum = k->double_layer * PetscAbsReal(E) - open * q.dopen;

    if (PetscAbsReal(step) <= ulps * PetscMax(1 / k->f, PetscAbsReal(E))) return E;
    if (PetscAbsReal(lacks) <= ulps * sum) return E;
    E += PetscMin(PetscMax(step, -longest), longest);
  }
  return NAN;
}

/* ---- Currents ---- */

/* i = theta b i0 p { exp[alpha f (E - E_eq)] - exp[-(1 - alpha) f (E - E_eq)] }, f E_eq = -ln a(u).
   For an interphase p = u.  For an alloy beside the electrolyte p = (a / a_ref)^(1 - alpha), by
   mass action.  That alloy reacts where it wets. */
static Rate Reaction(const NakKinetics *k, const NakFaceState *s, PetscReal contact, PetscReal w)
{
  const PetscReal touched = k->direct ? contact * s->wetted : contact;
  const PetscReal theta = touched * s->open, beta = 1 - k->alpha;
  const PetscReal r     = k->r_ref * PetscExpReal(w / k->m);
  const NakLiquid alloy = NakThermoLiquid(&k->alloy, r / (1 + r));
  const PetscReal eta   = k->f * s->potential + alloy.ln_activity; /* f times the overpotential */
  const PetscReal slope = alloy.factor / (1 + r) / k->m;           /* d ln a / dw */
  const PetscReal exchange = k->direct ? beta * (alloy.ln_activity - k->ln_reference) : w;
  const PetscReal growth   = k->direct ? beta * slope : 1; /* of the exchange current with w */
  const PetscReal anodic   = k->i0 * PetscExpReal(exchange + k->alpha * eta);
  const PetscReal cathodic = k->i0 * PetscExpReal(exchange - beta * eta + s->ln_sodium);

  return (Rate){
    .value = theta * (anodic - cathodic),
    .dw    = theta * (anodic * (growth + k->alpha * slope) - cathodic * (growth - beta * slope)),
    .d     = {[NAK_FACE_POTENTIAL] = theta * k->f * (k->alpha * anodic + beta * cathodic),
              [NAK_FACE_OPEN]      = touched * (anodic - cathodic),
              [NAK_FACE_WETTED]    = k->direct ? contact * s->open * (anodic - cathodic) : 0,
              [NAK_FACE_SODIUM]    = -theta * cathodic}
  };
}

/* K/K+ at the same face, beside the current `i` of Na.  To i_K is added a fraction of the Na that
   is stripped:

       i_K = theta b i0_K { a_K exp[alpha f (E + dE)] - c_K exp[-(1 - alpha) f (E + dE)] }
             / (1 + m / m_d)

   Solid Na holds no K. */
static Rate Potassium(const NakKinetics *k, const NakFaceState *s, PetscReal contact, PetscReal w,
                      const Rate *i)
{
  const NakLiquidParams *p = &k->liquid;
  const PetscReal        r = k->r_ref * PetscExpReal(w), x = r / (1 + r), beta = 1 - k->alpha;
  const PetscReal        slow  = p->slowing > 0 ? p->slowing / (p->slowing + s->salt) : 1;
  const PetscReal        mixed = contact * (1 - s->solid) * slow;
  const PetscReal        theta = mixed * s->wetted * s->open;
  const PetscReal        E     = k->f * (s->potential + p->potassium_offset);
  const PetscReal        ln_a  = NakSolutionMuB(&k->alloy.liquid, x) / k->alloy.liquid.RT;
  const PetscReal        slope = -x * NakThermoLiquid(&k->alloy, x).factor; /* by Gibbs and Duhem */
  const PetscReal        anodic = p->potassium_exchange * PetscExpReal(ln_a + k->alpha * E);
  const PetscReal        back   = p->potassium_exchange * PetscExpReal(-beta * E);
  const PetscReal        net    = anodic - back * s->potassium;
  const PetscReal        with   = i->value > 0 ? p->potassium_share : 0;
  Rate                   rate   = {
                        .value = theta * net + with * i->value,
                        .dw    = theta * slope * anodic + with * i->dw,
                        .d = {[NAK_FACE_POTENTIAL] = theta * k->f * (k->alpha * anodic + beta * back * s->potassium),
                              [NAK_FACE_OPEN]      = mixed * s->wetted * net,
                              [NAK_FACE_WETTED]    = mixed * s->open * net,
                              [NAK_FACE_POTASSIUM] = -theta * back,
                              [NAK_FACE_SALT] = p->slowing > 0 ? -theta * net / (p->slowing + s->salt) : 0}
  };

  for (int j = 0; j < NAK_FACE_SIZE; j++) rate.d[j] += with * i->d[j];
  return rate;
}

/* i_over = theta b w u_t (E - E_eq(r)) / R, with u_t in equilibrium with the alloy over the
   face. */
static Rate OverLimit(const NakKinetics *k, const NakFaceState *s, PetscReal contact)
{
  const PetscReal   g = contact * s->wetted * k->over_limit, b = s->open;
  const NakIsotherm top   = NakKineticsIsotherm(k, s->r);
  const NakLiquid   alloy = NakThermoLiquid(&k->alloy, s->r / (1 + s->r));
  const PetscReal   eta   = s->potential + alloy.ln_activity / k->f;
  const PetscReal   deta  = alloy.factor / (s->r * (1 + s->r)) / k->f;

  if (contact * k->over_limit == 0) return (Rate){0};
  return (Rate){
    .value = g * b * top.u * eta,
    .d     = {[NAK_FACE_POTENTIAL] = g * b * top.u,
              [NAK_FACE_OPEN]      = g * top.u * eta,
              [NAK_FACE_R]         = g * b * (top.d1 * eta + top.u * deta),
              [NAK_FACE_WETTED]    = contact * k->over_limit * b * top.u * eta}
  };
}

/* min(0, x), rounded by a parabola within the corner; exactly 0 above it. */
static Ramp Overpotential(PetscReal x)
{
  const PetscReal corner = 0.5e-3, t = x - corner; /* [V] */

  if (t >= 0) return (Ramp){0, 0};
  if (x <= -corner) return (Ramp){x, 1};
  return (Ramp){-t * t / (4 * corner), -t / (2 * corner)};
}

/* Whether metal of charge g is more than a trace: a smooth step from 0 at half a nucleus to 1 at a
   whole one. */
static Ramp Nucleus(const NakKinetics *k, PetscReal g)
{
  const Ramp whole = Smooth(2 * g / k->deposit_nucleus - 1);

  return (Ramp){whole.value, 2 * whole.slope / k->deposit_nucleus};
}

/* The part of the face that the metal covers; a trace covers none of it. */
static Ramp Cover(const NakKinetics *k, PetscReal g)
{
  const Ramp      whole = Nucleus(k, g);
  const PetscReal decay = PetscExpReal(-whole.value * g / k->deposit_cover);

  return (Ramp){1 - decay, decay * (whole.value + g * whole.slope) / k->deposit_cover};
}

/* Current [A/m2] at which a trace dissolves, whatever E is.  E < 0 with no metal is an unstable
   state, and errors of integration must not grow to metal. */
static Ramp Trace(const NakKinetics *k, PetscReal g)
{
  const PetscReal lifetime = 10; /* [s] */
  const Ramp      whole    = Nucleus(k, g);

  return (Ramp){g * (1 - whole.value) / lifetime, (1 - whole.value - g * whole.slope) / lifetime};
}

/* Na metal.  Where it is, E = 0 is its equilibrium, or that of the ions at a face with layers of a
   liquid; elsewhere it nucleates beyond the barrier:

       i_dep = theta { [sigma E + (1 - sigma) min(0, E + eta_n)] / R + trace } */
static Rate Deposition(const NakKinetics *k, const NakFaceState *s, PetscReal contact)
{
  const PetscReal g     = contact > 0 ? NAK_FARADAY * s->deposit / contact : 0;
  const PetscReal moved = k->liquid.transport == NAK_TRANSPORT_LAYERS ? 1 / k->f : 0;
  const PetscReal E = s->potential - moved * s->ln_sodium, G = k->deposit_conductance;
  const Ramp      cover = Cover(k, g), trace = Trace(k, g);
  const Ramp      nuclei = Overpotential(E + k->deposit_barrier);
  const PetscReal dE     = contact * G * (cover.value + (1 - cover.value) * nuclei.slope);

  return (Rate){
    .value = contact * (G * (cover.value * E + (1 - cover.value) * nuclei.value) + trace.value),
    .d     = {[NAK_FACE_POTENTIAL] = dE,
              [NAK_FACE_DEPOSIT] =
            contact > 0 ? NAK_FARADAY * (G * cover.slope * (E - nuclei.value) + trace.slope) : 0,
              [NAK_FACE_SODIUM] = -moved * dE}
  };
}

/* Under a void no alloy takes up the Na of a saturated interphase.  Solid Na grows into the void,
   as fast as the interphase delivers.  A parabola rounds the corner.  As a current [A/m2]. */
NAK_INLINE static Rate Precipitation(const NakKinetics *k, const NakFaceState *s,
                                     PetscReal conductance, PetscReal contact, PetscReal u)
{
  const PetscReal corner  = 0.05 * k->u_na;
  const PetscReal touched = contact > 0 && !k->direct ? 1 : 0;
  const PetscReal dry     = touched * (1 - s->wetted);
  const PetscReal excess = PetscMax(u - k->u_na, 0), slope = PetscMin(excess / corner, 1);
  const PetscReal whole = excess - slope * corner / 2;

  return (Rate){.value = dry * conductance * slope * whole,
                .dw    = dry * conductance * slope * u,
                .d     = {[NAK_FACE_WETTED] = -touched * conductance * slope * whole}};
}

/* ---- K film, filament ---- */

/* Rate [1/s] at which solid K covers the face if the interphase is depleted, and re-alloys if not.
   The change is rounded over the first tenth below saturation. */
static Rate FilmGrowth(const NakKinetics *k, const NakFaceState *s, PetscReal w)
{
  const PetscReal width = 0.1, ratio = k->u_k * PetscExpReal(-w); /* u_k over u_face */

  if (ratio > 1) {
    const Ramp      on    = Smooth((1 - 1 / ratio) / width);
    const PetscReal open  = s->open - NAK_OPEN_LEAST;
    const PetscReal slope = -on.slope / ratio / width;

    return (Rate){.value = -k->film_rate * open * on.value,
                  .dw    = -k->film_rate * open * slope,
                  .d     = {[NAK_FACE_OPEN] = -k->film_rate * on.value}};
  }
  return (Rate){.value = k->film_dissolution * (1 - s->open) * (1 - ratio),
                .dw    = k->film_dissolution * (1 - s->open) * ratio,
                .d     = {[NAK_FACE_OPEN] = -k->film_dissolution * (1 - ratio)}};
}

/* What drives the film at x = u_face / u_k, with its slope to ln x. */
static Ramp FilmDrive(PetscReal x)
{
  return x < 1 ? (Ramp){1 - x, -x} : (Ramp){1 / x - 1, -1 / x};
}

PetscReal NakKineticsFilmDrive(const NakKinetics *k, PetscReal u)
{
  return FilmDrive(u / k->u_k).value;
}

/* The part of a front [1/s] that a column sees without its neighbours: a double well, tilted by the
   drive.  Above u_k the film also dissolves everywhere. */
static Rate FilmFront(const NakKinetics *k, const NakFaceState *s, PetscReal w)
{
  const PetscReal b = s->open, covered = 1 - b, open = b - NAK_OPEN_FRONT, S = 2 * b - 1;
  const PetscReal x = PetscExpReal(w) / k->u_k, rest = 1 - k->film_lattice * S * S;
  const Ramp      d     = FilmDrive(x);
  const PetscReal tilt  = k->film_well * S / rest - k->film_drive * d.value;
  const PetscReal dtilt = 2 * k->film_well * (2 - rest) / (rest * rest);
  const PetscReal melts = x > 1 ? k->film_dissolution : 0;

  return (Rate){
    .value = open * covered * tilt - melts * covered * d.value,
    .dw    = -(open * k->film_drive + melts) * covered * d.slope,
    .d = {[NAK_FACE_OPEN] = (covered - open) * tilt + open * covered * dtilt + melts * d.value}};
}

/* Speed [m/s] at which filaments grow.  They grow with the plating current where the metal beyond
   its room, with that of the alloy, is thick.  The onset is spread over a tenth of that thickness,
   so that the rate is continuous. */
static NakFaceValue FilamentGrowth(const NakKinetics *k, const NakFaceState *s, PetscReal contact,
                                   const NakFaceValue *current)
{
  const PetscReal ramp = 0.1 * k->filament_onset, F = NAK_FARADAY;
  const PetscReal metal =
    contact > 0 ? F * (s->deposit - s->void_height / k->deposit_volume) / contact + s->above : 0;
  const PetscReal over   = (metal - k->filament_onset) / ramp;
  const PetscReal on     = PetscMin(PetscMax(over, 0), 1);
  const PetscReal speed  = current->value < 0 ? -k->filament_speed : 0;
  NakFaceValue    growth = {.value = speed * on * current->value};

  for (int j = 0; j < NAK_FACE_SIZE; j++) growth.d[j] = speed * on * current->d[j];
  if (over > 0 && over < 1)
    growth.d[NAK_FACE_DEPOSIT] += speed * current->value * F / (contact * ramp);
  return growth;
}

/* ---- The balance of Na at the face ---- */

/* Newton's method for w = ln u_face, with steps of at most e^3, and the reaction there.  Where a
   large current draws u_face far below u, i ~ u_face^(1 + alpha / m): start there.  Far into
   plating the reaction feeds on its own product, i ~ u_face; where the slope has the wrong sign,
   climb.  NaN if there is no balance, because the current grows faster than the interphase can
   carry it off. */
static PetscReal SolveFace(const NakKinetics *k, const NakFaceState *s, PetscReal conductance,
                           PetscReal contact, Rate *i)
{
  const PetscReal longest = 3, climb = 0.5, tolerance = 1e-14, full = conductance * s->u;
  PetscReal       w = PetscLogReal(s->u);

  *i = Reaction(k, s, contact, w);
  if (i->value > full) {
    w -= PetscLogReal(i->value / full) / (1 + k->alpha / k->m);
    *i = Reaction(k, s, contact, w);
  }
  for (int n = 0; n < 100 && !PetscIsNanReal(w); n++) {
    const PetscReal u      = PetscExpReal(w);
    const Rate      metal  = Precipitation(k, s, conductance, contact, u);
    const PetscReal slope  = -conductance * u - i->dw - metal.dw;
    const PetscReal excess = conductance * (s->u - u) - i->value - metal.value;
    const PetscReal step   = slope < 0 ? -excess / slope : climb;

    w += PetscMin(PetscMax(step, -longest), longest);
    *i = Reaction(k, s, contact, w);
    if (PetscAbsReal(step) <= tolerance * PetscMax(1, PetscAbsReal(w))) return w;
  }
  *i = Reaction(k, s, contact, NAN);
  return NAN;
}

/* The total derivative of a rate: its direct dependence, and that through w. */
static NakFaceValue Total(const Rate *rate, const PetscReal dw[NAK_FACE_SIZE])
{
  NakFaceValue total = {.value = rate->value};

  for (int j = 0; j < NAK_FACE_SIZE; j++) total.d[j] = rate->d[j] + rate->dw * dw[j];
  return total;
}

static NakFaceValue Sum(const NakFaceValue *a, PetscReal factor, const NakFaceValue *b)
{
  NakFaceValue sum = {.value = a->value + factor * b->value};

  for (int j = 0; j < NAK_FACE_SIZE; j++) sum.d[j] = a->d[j] + factor * b->d[j];
  return sum;
}

NakFace NakKineticsFace(const NakKinetics *k, const NakFaceState *state, PetscReal conductance,
                        PetscReal contact)
{
  Rate            i;
  const PetscReal w = SolveFace(k, state, conductance, contact, &i), u = PetscExpReal(w);
  const Rate      film = k->film_speed > 0 ? FilmFront(k, state, w) : FilmGrowth(k, state, w);
  const Rate      over = OverLimit(k, state, contact), deposit = Deposition(k, state, contact);
  const Rate      solid             = Precipitation(k, state, conductance, contact, u);
  const PetscReal slope             = conductance * u + i.dw + solid.dw;
  PetscReal       dw[NAK_FACE_SIZE] = {0};
  NakFaceValue    precipitated;
  NakFace         face = {.u_face = u};

  dw[NAK_FACE_U] = (conductance + state->stiffening * (state->u - face.u_face)) / slope;

  for (int j = 0; j < NAK_FACE_SIZE; j++) dw[j] -= (i.d[j] + solid.d[j]) / slope;
  face.reaction   = Total(&i, dw);
  face.over_limit = Total(&over, dw);
  face.deposit    = Total(&deposit, dw);
  face.open       = Total(&film, dw);
  precipitated    = Total(&solid, dw);
  face.supply     = Sum(&face.reaction, 1, &precipitated);
  face.metal      = Sum(&precipitated, -1, &face.deposit);
  face.faradaic   = Sum(&face.reaction, 1, &face.over_limit);
  face.faradaic   = Sum(&face.faradaic, 1, &face.deposit);
  if (k->liquid.kind == NAK_ELECTROLYTE_LIQUID) {
    const Rate potassium = Potassium(k, state, contact, w, &i);

    face.potassium = Total(&potassium, dw);
    face.faradaic  = Sum(&face.faradaic, 1, &face.potassium);
  }
  face.filament = FilamentGrowth(k, state, contact, &face.faradaic);
  return face;
}
