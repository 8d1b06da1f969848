/* Entries of a cell's deck that are right one by one and wrong together, which no module can know
   alone.  Each is an error at the place of the entry to change, so that the user sees all of them
   at once. */
#include "sim_impl.h"

/* "84.3 % Na2K", "15.7 % liquid (44.2 at% Na)": a phase's share of the atoms. */
static void DescribeAmount(const NakMaterial *m, const NakAmount *amount, char *text, size_t size)
{
  const double      share = (double)(100 * amount->share);
  const char *const metal = amount->x > 0.5 ? m->a.symbol : m->b.symbol;

  if (amount->phase == NAK_PHASE_LIQUID)
    (void)snprintf(text, size, "%.1f %% liquid (%.1f at%% %.15s)", share, (double)(100 * amount->x),
                   m->a.symbol);
  else if (amount->phase == NAK_PHASE_SOLID)
    (void)snprintf(text, size, "%.1f %% solid %.15s", share, metal);
  else
    (void)snprintf(text, size, "%.1f %% %.15s", share,
                   m->compounds[amount->phase - NAK_PHASE_COMPOUND].name);
}

/* "41.7 to 85.7 wt% K": a range of mole fractions of A as one of B, in the unit that the deck
   uses. */
static void DescribeRange(const NakMaterial *m, const PetscReal x[2], PetscBool by_weight,
                          char *text, size_t size)
{
  PetscReal share[2];

  for (int k = 0; k < 2; k++) {
    const PetscReal a = x[k] * (by_weight ? m->a.mass : 1);
    const PetscReal b = (1 - x[k]) * (by_weight ? m->b.mass : 1);

    share[k] = 100 * b / (a + b);
  }
  (void)snprintf(text, size, "%.4g to %.4g %s %.15s", (double)share[1], (double)share[0],
                 by_weight ? "wt%" : "mol%", m->b.symbol);
}

/* Solid in equilibrium is no error while there is liquid beside it. */
static void CheckAmounts(NakSim s, NakCheckList *list, const NakAlloy *alloy, const char *place,
                         PetscReal x, const char *range)
{
  const NakMaterial *m = &s->params.model.material;
  NakAmount          amounts[2];
  char               text[2][64];
  const PetscInt     n = NakThermoAmounts(alloy, x, s->params.model.alloy.compounds, amounts);

  for (int k = 0; k < 2; k++) DescribeAmount(m, &amounts[k], text[k], sizeof text[k]);
  if (amounts[0].phase == NAK_PHASE_LIQUID)
    NakCheckWarning(list, place,
                    "at %.6g K the alloy is partly solid: %s, %s, which stays in the "
                    "reservoir; liquid alone is stable from %s",
                    (double)alloy->T, text[0], text[1], range);
  else
    NakCheckError(list, "alloy",
                  "at %.6g K the alloy is all solid: %s%s%s; a cell needs liquid, which alone "
                  "is stable from %s: change alloy.potassium, raise alloy.temperature or set "
                  "alloy.solids to supercooled",
                  (double)alloy->T, text[0], n > 1 ? ", " : "", n > 1 ? text[1] : "", range);
}

/* Below the eutectic of compounds, which a supercooled alloy does not form. */
static void WarnNoLiquid(NakSim s, NakCheckList *list, const NakAlloy *alloy, const char *place)
{
  const NakModelParams *p = &s->params.model;
  PetscReal             range[2];

  if (p->alloy.solids == NAK_SOLIDS_SUPERCOOLED && NakThermoLiquidRange(alloy, PETSC_FALSE, range))
    NakCheckWarning(
      list, place,
      "at %.6g K no liquid %s is stable; this cell's alloy is computed as a supercooled liquid",
      (double)alloy->T, p->material.name);
}

/* An alloy that is not all liquid in equilibrium at temperature T; `place` of the deck asks for
   T. */
static void CheckSolid(NakSim s, NakCheckList *list, PetscReal T, const char *place)
{
  const NakAlloyParams *p     = &s->params.model.alloy;
  const NakMaterial    *m     = &s->params.model.material;
  const PetscReal       x     = NakThermoMoleFraction(m, p->potassium);
  const NakAlloy        alloy = NakThermoAlloy(m, T);
  PetscReal             range[2];
  char                  text[64];

  if (!NakThermoLiquidRange(&alloy, p->compounds, range)) {
    WarnNoLiquid(s, list, &alloy, place);
    return;
  }
  if (x >= range[0] && x <= range[1]) return;
  DescribeRange(m, range, p->potassium.by_weight, text, sizeof text);
  if (p->solids == NAK_SOLIDS_EQUILIBRIUM)
    CheckAmounts(s, list, &alloy, place, x, text);
  else
    NakCheckWarning(
      list, place,
      "at %.6g K liquid %s is stable from %s only; this cell's alloy is computed as a "
      "supercooled liquid",
      (double)T, m->name, text);
}

static void CheckPhases(NakSim s, NakCheckList *list)
{
  if (s->params.model.grid.phases > 0 && s->params.stepper.jump)
    NakCheckError(list, "solver",
                  "solver.jump is true and there are grains or voids, with which no cycle may be "
                  "skipped: set solver.jump to false");
}

/* The pellet's resistance follows from its thickness.  A deck that gives a series resistance may
   mean the same resistance. */
static void WarnPellet(NakSim s, NakCheckList *list)
{
  const NakCellParams *p      = &s->params.model.cell;
  const NakPellet      pellet = NakPelletAt(p, NAK_REFERENCE_TEMPERATURE);
  const NakNode        series = NakDeckFind(s->deck, "cell.series_resistance");
  const PetscBool      given =
    (PetscBool)(NakDeckFind(s->deck, "electrolyte.pellet_thickness") != NULL ||
                NakDeckFind(s->deck, "electrolyte.conductivity") != NULL ||
                NakDeckFind(s->deck, "electrolyte.grain_boundary_resistivity") != NULL);

  if (series != NULL && p->series_resistance > 0 && !given && !NakModelHasLayers(&s->params.model))
    NakCheckWarning(list, "cell.series_resistance",
                    "cell.series_resistance adds %.4g ohm.cm^2 to the %.4g ohm.cm^2 of the pellet, "
                    "which follow from electrolyte.pellet_thickness, .conductivity and "
                    ".grain_boundary_resistivity; give one of these if this is intended",
                    1e4 * (double)p->series_resistance,
                    1e4 * (double)(pellet.series + pellet.resolved - p->series_resistance));
}

/* A supercooled alloy past the liquidus of solid K lets the film cover the face, at rest too.  In a
   multiple of 1 / rate the open share falls to its least value. */
static void WarnFilm(NakSim s, NakCheckList *list, PetscReal T, const char *place)
{
  const NakModelParams *p     = &s->params.model;
  const NakAlloy        alloy = NakThermoAlloy(&p->material, T);
  const PetscReal       x     = NakThermoMoleFraction(&p->material, p->alloy.potassium);
  const PetscReal rate = p->interphase.film_rate * NakArrhenius(p->interphase.activation_energy, T);

  if (p->alloy.solids == NAK_SOLIDS_EQUILIBRIUM || rate == 0 || NakKineticsFront(&p->interphase) ||
      x >= NakThermoLiquidus(&alloy, PETSC_FALSE))
    return;
  NakCheckWarning(
    list, place,
    "at %.6g K the supercooled alloy is past the liquidus of solid K: its film covers half of "
    "the face after %.3g h even at rest, and all but %.0e of it after %.3g h. With alloy.solids: "
    "equilibrium, K freezes in the reservoir instead",
    (double)T, (double)(PetscLogReal(2) / rate / 3600), NAK_OPEN_LEAST,
    (double)(-PetscLogReal(NAK_OPEN_LEAST) / rate / 3600));
}

/* Solids and film at the start and at the lowest temperature.  The protocol has checked that
   there is liquid then. */
static void CheckCold(NakSim s, NakCheckList *list)
{
  const NakSimCell     *c       = s->data;
  const NakAlloyParams *p       = &s->params.model.alloy;
  const PetscReal       coldest = NakProtocolColdest(c->protocol);

  CheckSolid(s, list, p->temperature, "alloy");
  WarnFilm(s, list, p->temperature, "alloy");
  if (coldest >= p->temperature) return;
  CheckSolid(s, list, coldest, "protocol");
  WarnFilm(s, list, coldest, "protocol");
}

/* Entries of a uniform film that do nothing if there are nuclei. */
static void WarnIdle(NakSim s, NakCheckList *list)
{
  static const char *const idle[] = {"interphase.film_rate", "interphase.film_spreading"};

  for (int k = 0; k < 2; k++)
    if (NakDeckFind(s->deck, idle[k]) != NULL)
      NakCheckWarning(list, idle[k],
                      "%s has no effect with interphase.film_nuclei or .film_nucleation: "
                      "interphase.film_speed and .film_width take its place",
                      idle[k]);
}

/* A film that grows within the shortest step cannot be followed. */
static void CheckFilm(NakSim s, NakCheckList *list)
{
  const NakInterphaseParams *p    = &s->params.model.interphase;
  const PetscReal            rate = p->film_rate;

  if (NakKineticsFront(p)) {
    if (p->film_speed * s->params.stepper.shortest_step > p->film_width)
      NakCheckError(list, "interphase.film_speed",
                    "interphase.film_speed is %.6g m/s: the K film crosses its own width within "
                    "solver.shortest_step, %.6g s; lower one of them",
                    (double)p->film_speed, (double)s->params.stepper.shortest_step);
    if (s->params.stepper.jump)
      NakCheckError(list, "solver",
                    "solver.jump is true and the K film has nuclei, with which no cycle may be "
                    "skipped: set solver.jump to false");
    WarnIdle(s, list);
  } else if (rate * s->params.stepper.shortest_step > 1)
    NakCheckError(list, "interphase.film_rate",
                  "interphase.film_rate is %.6g 1/s: the K film grows faster than "
                  "solver.shortest_step, %.6g s; lower one of them",
                  (double)rate, (double)s->params.stepper.shortest_step);
}

static void CheckProtocol(NakSim s, NakCheckList *list)
{
  const NakSimCell *c    = s->data;
  const PetscReal   most = 1e6, spectra = NakProtocolSpectraInAll(c->protocol);
  const PetscReal   longest = 1e12, steps = NakProtocolStepsInAll(c->protocol);

  if (steps > longest)
    NakCheckError(
      list, "protocol",
      "the protocol goes through up to %.3g steps, and 1e12 are allowed: lower 'repeat' "
      "or 'count'",
      (double)steps);
  if (spectra < PETSC_INFINITY && spectra > most)
    NakCheckError(list, "protocol",
                  "the protocol takes up to %.3g spectra, and 1e6 are allowed: raise 'every' of "
                  "impedance, or take them in fewer turns",
                  (double)spectra);
}

/* A jump extrapolates the state, but not the past steps on which the formula depends. */
static void CheckIntegrator(NakSim s, NakCheckList *list)
{
  const NakStepperParams *p = &s->params.stepper;

  if (p->integrator == NAK_INTEGRATOR_BDF && NakKineticsFront(&s->params.model.interphase))
    NakCheckError(list, "solver.integrator",
                  "solver.integrator is bdf and the K film has nuclei: bdf would start again after "
                  "every step while the nuclei are small; set it to rosenbrock or auto");
  if (p->jump && p->integrator == NAK_INTEGRATOR_BDF)
    NakCheckError(
      list, "solver",
      "solver.jump is true and solver.integrator is bdf: its steps need the steps before, and a "
      "jump leaves none; set solver.jump to false or solver.integrator to rosenbrock");
}

/* What only an alloy, a host, a liquid electrolyte and its layers have. */
static const char of_alloy[]  = "counter.potassium|counter.volume|counter.interphase";
static const char of_host[]   = "counter.capacity|counter.voltage_na|counter.voltage_k|"
                                "counter.slope|counter.sites_na|counter.sites_k|"
                                "counter.potassium_exchange";
static const char of_liquid[] = "electrolyte.concentration|electrolyte.volume|"
                                "kinetics.potassium_exchange|kinetics.potassium_offset|"
                                "kinetics.potassium_share|salt.solubility|salt.rate|"
                                "salt.molar_volume|salt.resistance|salt.room|salt.exponent|"
                                "salt.slowing";
static const char of_layers[] = "electrolyte.porosity|electrolyte.sodium_diffusivity|"
                                "electrolyte.potassium_diffusivity|"
                                "electrolyte.anion_diffusivity|electrolyte.exchange_time|"
                                "salt.separator_rate|membrane.thickness";
static const char of_membrane[] =
  "membrane.anions|membrane.sodium_diffusivity|membrane.potassium_diffusivity";

static const NakNeed needs[] = {
  {of_alloy,                             "counter.kind", "alloy"},
  {"counter.charge_transfer_resistance",                             "counter.kind", "alloy|host"},
  {of_host, "counter.kind", "host"},
  {"contact.patch|contact.seed",                        "contact.shape", "patches"},
  {of_liquid,                              "electrolyte.kind", "liquid"},
  {of_layers,                              "electrolyte.transport", "layers"},
  {of_membrane,         "membrane.thickness", "!0"},
  {.entries = NULL                          },
};

void NakSimCheckCell(NakSim s, NakCheckList *list)
{
  const NakSimCell       *c = s->data;
  const NakStepperParams *p = &s->params.stepper;

  NakOutputCheck(&s->params.output, NakProtocolTimeLeft(c->protocol, 0), list);
  CheckProtocol(s, list);
  NakCheckSteps(list, "solver", " s", p->shortest_step, p->first_step, p->longest_step);
  CheckIntegrator(s, list);
  NakModelCheck(&s->params.model, list);
  CheckCold(s, list);
  WarnPellet(s, list);
  CheckFilm(s, list);
  NakImpedanceCheck(&s->params.impedance, list);
  CheckPhases(s, list);
  NakDeckWarnIdle(s->deck, s->schema, needs, list);
}
