/* Which phases there are, and their energies and mobilities; the contract is in
   nakfield/microstructure.h. */
#include "microstructure_impl.h"

static void AddPhases(NakMix *mix, NakBody body, PetscInt count)
{
  mix->used[body] = (PetscBool)(count > 0);
  for (PetscInt k = 0; k < count; k++) mix->body[mix->n++] = body;
}

/* Energy of a body's interface with the liquid [J/m2]. */
static PetscReal Tension(const NakMaterial *material, NakBody body)
{
  if (body == NAK_BODY_SOLID_B) return material->b.solid_liquid_energy;
  if (body == NAK_BODY_SOLID_A) return material->a.solid_liquid_energy;
  return material->surface_tension;
}

/* Shares s_i that give every interface with the liquid its energy.  The barrier against a third
   phase in an interface is high enough for the strongest of them. */
static void SetEnergies(NakMix *mix, const NakMixParams *p)
{
  const PetscReal lowest =
    PetscMin(p->material.a.solid_liquid_energy, p->material.b.solid_liquid_energy);
  const PetscReal liquid = p->liquid_share * lowest, degree = PETSC_PI / 180;
  PetscReal       strongest = 0;

  mix->share[0] = liquid;
  for (PetscInt k = 1; k < mix->n; k++) {
    const NakBody   body    = mix->body[k];
    const PetscReal tension = Tension(&p->material, body);
    const PetscReal angle   = body == NAK_BODY_SOLID_B   ? p->angle_b
                              : body == NAK_BODY_SOLID_A ? p->angle_a
                                                         : 180 - p->angle_void;

    mix->share[k] = tension - liquid;
    mix->wall[k]  = -tension * PetscCosReal(angle * degree);
    strongest     = PetscMax(strongest, tension);
    if (body != NAK_BODY_VOID) mix->anisotropy[k] = 0.75 * p->width * tension;
  }
  mix->barrier  = mix->n > 2 ? 4 * strongest : 0;
  mix->fourfold = p->fourfold;
}

/* An interface of liquid and solid at equilibrium.  If they never meet, it is anything finite. */
typedef struct {
  PetscReal D;     /* of X in the liquid [m2/s] */
  PetscReal step;  /* of X across it */
  PetscReal slope; /* of the liquid's potential to X [J/mol] */
} Meeting;

static Meeting Meet(const NakMix *mix, const NakMixParams *p, NakBody body)
{
  const NakAlloy      alloy = NakThermoAlloy(&p->material, p->alloy.temperature);
  const NakEquilibria all   = NakThermoEquilibria(&alloy, PETSC_FALSE);
  const PetscInt      end   = body == NAK_BODY_SOLID_B ? 0 : 1;
  const PetscReal     start = NakThermoMoleFraction(&p->material, p->alloy.potassium);
  const PetscReal     D     = mix->diffusivity;
  PetscReal           solid = 1 - (PetscReal)end, liquid = 0.5, bend;

  for (PetscInt k = 0; k < all.n; k++)
    if (all.tie[k].phase[end] == NAK_PHASE_SOLID && all.tie[k].phase[1 - end] == NAK_PHASE_LIQUID) {
      solid  = all.tie[k].x[end];
      liquid = all.tie[k].x[1 - end];
    }
  bend = NakSolutionCurvature(&alloy.liquid, liquid);
  if (mix->frame == NAK_PER_ATOM) return (Meeting){D, liquid - solid, bend};
  return (Meeting){
    .D     = D * NakThermoLiquid(&alloy, liquid).factor / NakThermoLiquid(&alloy, start).factor,
    .step  = body == NAK_BODY_SOLID_B ? liquid / (1 - liquid) - solid / (1 - solid) : mix->metal,
    .slope = bend * PetscPowRealInt(1 - liquid, 3)};
}

/* The mobility at which a solid's interface resists its motion as much as diffusion across its
   width does.  With a much larger one the interface would outrun diffusion and trap the solute. */
static PetscReal Balanced(const NakMix *mix, const NakMixParams *p, NakBody body)
{
  const Meeting meet = Meet(mix, p, body);

  return Tension(&p->material, body) * mix->volume * meet.D /
         (meet.slope * PetscSqr(meet.step) * p->width);
}

static PetscReal Mobility(const NakMix *mix, const NakMixParams *p, NakBody body)
{
  if (body == NAK_BODY_VOID) return p->void_mobility;
  return p->solid_mobility > 0 ? p->solid_mobility : Balanced(mix, p, body);
}

/* One mobility for all phases: that of the slowest one. */
static void SetMobility(NakMix *mix, const NakMixParams *p)
{
  mix->mobility = mix->n > 1 ? PETSC_MAX_REAL : 0;
  for (PetscInt k = 1; k < mix->n; k++)
    mix->mobility = PetscMin(mix->mobility, Mobility(mix, p, mix->body[k]));
}

/* In cells of size h an interface is narrower by 2/3 (h/w)^2 than the energies say, and its energy
   is lower by 2/15 (h/w)^2.  Here h^2 stands for sum h_d^2 n_d^4 with its normal n; see
   docs/model.md.  The mean over all normals is compensated.  What moves an interface is left as it
   is. */
static void MakeUpForCells(NakMix *mix, const NakMixParams *p)
{
  const PetscInt axes = (p->n[0] > 1) + (p->n[1] > 1) + (p->n[2] > 1);
  PetscReal      e    = 0, wider, dearer;

  for (int d = 0; d < 3; d++)
    if (p->n[d] > 1) e += PetscSqr(p->size[d] / (PetscReal)p->n[d] / p->width);
  e *= 3.0 / (PetscReal)PetscMax(3, axes * (axes + 2)); /* mean of n_d^4 */
  wider  = 1 + 2.0 / 3 * e;
  dearer = 1 + 2.0 / 15 * e;
  mix->width *= wider;
  mix->barrier *= dearer;
  mix->mobility *= wider * dearer;
  for (PetscInt k = 0; k < mix->n; k++) {
    mix->share[k] *= dearer;
    mix->anisotropy[k] *= wider * dearer;
  }
}

static PetscReal Partition(const NakMix *mix, const NakAlloy *alloy)
{
  const PetscReal x = NakThermoLiquidus(alloy, PETSC_FALSE), anywhere = 0.1;

  if (!(x > 0 && x < 1)) return anywhere;
  return NakBranchPerB(&mix->branch[NAK_BODY_SOLID_B], NakSolutionMuA(&alloy->liquid, x), 0).x *
         (1 - x) / x;
}

void NakMixBranches(const NakMixParams *p, PetscReal T, NakMix *mix)
{
  const NakAlloy  alloy = NakThermoAlloy(&p->material, T);
  const PetscReal x     = mix->frame == NAK_PER_B ? NakThermoLiquidus(&alloy, PETSC_TRUE) : 1;

  mix->branch[NAK_BODY_LIQUID]  = NakThermoBranch(&alloy.liquid, 0, 1);
  mix->branch[NAK_BODY_SOLID_B] = NakThermoBranch(&alloy.solid, 0, alloy.solute_limit);
  mix->branch[NAK_BODY_SOLID_A] = NakThermoBranch(&alloy.solid, 1, 1 - alloy.solute_limit);
  mix->metal_energy             = x < 1 ? NakSolutionMuA(&alloy.liquid, x) : alloy.solid.g_a;
  mix->partition                = Partition(mix, &alloy);
}

PetscReal NakMixDensityOfB(const NakMixParams *p)
{
  const PetscReal x = NakThermoMoleFraction(&p->material, p->alloy.potassium);

  return p->grains_b > 0 ? 1 / p->material.b.solid_volume
                         : (1 - x) * NakThermoDensity(&p->material, x);
}

void NakMixCreate(const NakMixParams *p, NakMixFrame frame, NakMix *mix)
{
  const NakAlloy  alloy = NakThermoAlloy(&p->material, p->alloy.temperature);
  const PetscReal x     = NakThermoMoleFraction(&p->material, p->alloy.potassium);

  *mix       = (NakMix){.frame  = frame,
                        .RT     = alloy.liquid.RT,
                        .volume = frame == NAK_PER_B ? 1 / NakMixDensityOfB(p)
                                                     : 1 / NakThermoDensity(&p->material, x),
                        .width  = p->width};
  mix->metal = mix->volume / p->material.a.solid_volume;
  AddPhases(mix, NAK_BODY_LIQUID, 1);
  AddPhases(mix, NAK_BODY_SOLID_B, p->grains_b);
  AddPhases(mix, NAK_BODY_SOLID_A, p->grains_a);
  AddPhases(mix, NAK_BODY_VOID, p->voids ? 1 : 0);
  for (PetscInt k = 1; k < mix->n; k++) /* quarter turns are alike */
    mix->tilt[k] = mix->n > 2 && mix->body[k] != NAK_BODY_VOID
                     ? PETSC_PI / 2 * NakRandomOne(p->seed, k, 0, NAK_STREAM_TILT)
                     : 0;
  SetEnergies(mix, p);
  mix->diffusivity = p->alloy.diffusivity > 0 ? p->alloy.diffusivity : p->material.diffusivity;
  SetMobility(mix, p);
  MakeUpForCells(mix, p);
}
