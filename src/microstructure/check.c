/* What a deck asks of a box and is impossible; the contract is in nakfield/microstructure.h. */
#include <nakfield/microstructure.h>

static const char *const cells_key[] = {"microstructure.nx", "microstructure.ny",
                                        "microstructure.nz"};

static void CheckCells(const NakMixParams *p, NakCheckList *list)
{
  PetscReal widest = 0;
  int       coarse = 0;

  for (int d = 0; d < 3; d++) {
    const PetscReal h = p->size[d] / (PetscReal)p->n[d];

    if (p->n[d] == 2)
      NakCheckError(list, cells_key[d], "%s is 2: 1 leaves the axis out, otherwise 3 are the least",
                    cells_key[d]);
    if (p->n[d] == 1 || h <= widest) continue;
    widest = h;
    coarse = d;
  }
  if (widest > p->width / 2)
    NakCheckError(
      list, cells_key[coarse],
      "interfaces of %.4g um (microstructure.interface_width) are %.3g cells of %.4g um wide: 4 or "
      "more are recommended, less than 2 are an error; raise %s to %.0f or widen the interfaces",
      NAK_UM(p->width), (double)(p->width / widest), NAK_UM(widest), cells_key[coarse],
      (double)PetscCeilReal(4 * p->size[coarse] / p->width));
}

PetscInt NakMixPhases(const NakMixParams *p)
{
  return 1 + p->grains_a + p->grains_b + (p->voids || p->void_radius > 0 ? 1 : 0);
}

static void CheckPhases(const NakMixParams *p, NakCheckList *list)
{
  const PetscInt voids  = p->voids || p->void_radius > 0 ? 1 : 0;
  const PetscInt n      = NakMixPhases(p);
  const PetscInt grains = p->nuclei_body == 0 ? p->grains_b : p->grains_a;

  if (n > NAK_MIX_MOST)
    NakCheckError(list, "microstructure",
                  "the liquid, %" PetscInt_FMT " + %" PetscInt_FMT
                  " grains and %s are %" PetscInt_FMT
                  " phases, and at most %d are possible: lower microstructure.grains_b or grains_a",
                  p->grains_b, p->grains_a, voids ? "a void" : "no void", n, NAK_MIX_MOST);
  if (p->nuclei > 0 && grains == 0)
    NakCheckError(list, "nuclei",
                  "nuclei.count is %" PetscInt_FMT
                  " and microstructure.grains_%c is 0: nuclei of that solid "
                  "need an order parameter",
                  p->nuclei, p->nuclei_body == 0 ? 'b' : 'a');
}

/* A box without a bottom cannot be stripped, and nothing grows at its bottom. */
static void CheckBottom(const NakMixParams *p, NakCheckList *list)
{
  const char *what = p->current != 0     ? "microstructure.current is not 0"
                     : p->wall_sites > 0 ? "nuclei.wall_sites is not 0"
                     : p->nuclei_on_wall && p->nuclei > 0 && p->n[2] > 1 ? "nuclei.on_wall is true"
                                                                         : NULL;

  if (what == NULL || (p->n[2] > 1 && p->vertical == NAK_MIX_CLOSED)) return;
  NakCheckError(list, p->n[2] > 1 ? "microstructure.vertical" : cells_key[2],
                "%s, and the box has no bottom: set microstructure.vertical to closed and "
                "microstructure.nz to 3 or more",
                what);
}

/* The corner that is farthest from the void must be liquid. */
static void CheckVoid(const NakMixParams *p, NakCheckList *list)
{
  const PetscReal mid   = p->void_height - p->size[2] / 2;
  const PetscReal z     = PetscAbsReal(mid) + p->size[2] / 2;
  PetscReal       reach = p->n[2] > 1 ? z * z : 0;

  for (int d = 0; d < 2; d++)
    if (p->n[d] > 1) reach += PetscSqr(p->size[d] / 2);
  if (p->void_radius > 0 && p->n[0] == 1 && p->n[1] == 1)
    NakCheckError(list, "microstructure.void_radius",
                  "a void needs more than one column: raise microstructure.nx, or set "
                  "microstructure.void_radius to 0");
  if (p->void_radius <= 0 || p->void_radius + p->width < PetscSqrtReal(reach)) return;
  NakCheckError(
    list, "microstructure.void_radius",
    "a void of %.4g um leaves no liquid in the box: microstructure.void_radius must be well below "
    "%.4g um",
    NAK_UM(p->void_radius), NAK_UM(PetscSqrtReal(reach)));
}

/* Whether there is one liquid at temperature T, that of the start or the end.  The range of its
   energies has been checked at the start already. */
static PetscBool CheckOne(const NakMixParams *p, NakCheckList *list, PetscReal T, const char *when,
                          const char *key)
{
  const NakMaterial *m = &p->material;
  NakAlloy           alloy;

  if (T < m->lowest || T > m->highest) {
    if (T != p->alloy.temperature)
      NakCheckError(
        list, key,
        "the temperature at the %s is %.6g K, and the energies of %s hold from %g to %g K: change "
        "microstructure.cooling_rate or march.end",
        when, (double)T, m->name, (double)m->lowest, (double)m->highest);
    return PETSC_FALSE;
  }
  alloy = NakThermoAlloy(m, T);
  if (NakThermoBranch(&alloy.liquid, 0, 1).high >= 1) return PETSC_TRUE;
  NakCheckError(
    list, key,
    "at %.6g K, the temperature at the %s, the liquid of %s separates into two, and this model has "
    "one liquid: stay above that temperature",
    (double)T, when, m->name);
  return PETSC_FALSE;
}

static void CheckTemperature(const NakMixParams *p, NakCheckList *list)
{
  const PetscReal T = p->alloy.temperature;

  if (CheckOne(p, list, T, "start", "alloy.temperature") && p->cooling_rate != 0)
    (void)CheckOne(p, list, T - p->cooling_rate * p->end, "end", "microstructure.cooling_rate");
}

void NakMixCheck(const NakMixParams *p, NakCheckList *list)
{
  CheckCells(p, list);
  CheckPhases(p, list);
  CheckBottom(p, list);
  CheckVoid(p, list);
  CheckTemperature(p, list);
  NakCheckSteps(list, "march", " s", p->shortest_step, p->first_step, p->longest_step);
}

/* Memory: entries of the columns and factors of their lines, once more by a third in the coarser
   grids; vectors of Newton's method, of GMRES and of the past.  As measured, a little more. */
PetscReal NakMixMemory(const NakMixParams *p)
{
  const PetscReal n = (PetscReal)NakMixPhases(p), vectors = 40;
  PetscReal       cells = 1;

  for (int d = 0; d < 3; d++) cells *= (PetscReal)p->n[d];
  return 8 * cells * n * (4.0 / 3 * (5 * n + 2) + vectors);
}
