/* What the deck says about wetting, and what is reported about it; the contract is in
   nakfield/wetting.h. */
#include <nakfield/wetting.h>

#define DEGREE     (PETSC_PI / 180)
#define ATMOSPHERE 101325.0 /* [Pa] */

const NakParam NakWettingParamRows[] = {
  NAK_ROW_REAL("wetting.adhesion", NakWettingParams, adhesion, "J/m^2", 0, 0, 10,
               "Work of adhesion of the alloy to the face, which sets the contact angle; 0: "
               "microstructure.angle_void sets it"),
  NAK_ROW_REAL("wetting.surface_tension", NakWettingParams, tension, "N/m", 0, 0, 10,
               "Surface tension of the liquid, for the contact angle; 0 for the material's"),
  NAK_ROW_REAL("wetting.roughness", NakWettingParams, roughness, "1", 1, 1, 1e4,
               "True over projected area of the face (Wenzel)"),
  NAK_ROW_REAL("scaffold.pore_radius", NakWettingParams, pore, "m", 0, 0, 1e-2,
               "Pore radius of a scaffold that holds the alloy; 0 for no scaffold"),
  NAK_ROW_REAL("scaffold.length", NakWettingParams, length, "m", 5e-3, 1e-9, 10,
               "Distance over which the alloy is wicked"),
  NAK_ROW_REAL("scaffold.viscosity", NakWettingParams, viscosity, "Pa.s", 0.75e-3, 1e-6, 1e3,
               "Viscosity of the alloy"),
  NAK_ROW_REAL("scaffold.reaction_speed", NakWettingParams, speed, "m/s", 0, 0, 1e3,
               "Speed at which the wall becomes wettable, limited by an oxide skin or "
               "intercalation; 0: at once"),
  NAK_ROW_END,
};

void NakWettingCheck(const NakWettingParams *p, PetscReal tension, NakCheckList *list)
{
  if (p->adhesion > 0 && tension <= 0)
    NakCheckError(list, "wetting.adhesion",
                  "wetting.adhesion needs a surface tension, and the material's is 0: give "
                  "wetting.surface_tension");
  if (p->roughness > 1 && p->adhesion <= 0)
    NakCheckError(list, "wetting.roughness",
                  "wetting.roughness is %.6g and there is no wetting.adhesion: "
                  "microstructure.angle_void is the angle on the rough face already; give the "
                  "first with wetting.adhesion, or leave it out",
                  (double)p->roughness);
  if (p->speed > 0 && p->pore <= 0)
    NakCheckError(
      list, "scaffold.reaction_speed",
      "scaffold.reaction_speed needs scaffold.pore_radius: give it, or leave out the speed");
}

/* "0.0577 s", "5.3 min". */
static void Duration(PetscReal time, char text[], size_t size)
{
  if (time < 120)
    (void)snprintf(text, size, "%.3g s", (double)time);
  else if (time < 7200)
    (void)snprintf(text, size, "%.3g min", (double)(time / 60));
  else
    (void)snprintf(text, size, "%.3g h", (double)(time / 3600));
}

static int WriteWall(const NakWettingParams *p, PetscReal tension, PetscReal cosine, char text[],
                     size_t size)
{
  const PetscReal   rough = p->roughness * cosine;
  const double      angle = (double)(NakWettingAngle(cosine) / DEGREE);
  const char *const so    = rough > 1 ? "spreads: Wenzel's cosine is above 1"
                            : rough < -1
                              ? "impossible: Wenzel's cosine is below -1, and the wall stays dry"
                              : "Wenzel's angle";
  int               used  = 0;

  used += snprintf(text, size, "surface tension: %.4g N/m\n", (double)tension);
  used += snprintf(text + used, size - (size_t)used, "contact angle: %.4g degree%s\n", angle,
                   cosine > 1 ? ", the alloy spreads" : "");
  used += snprintf(text + used, size - (size_t)used, "work of adhesion: %.4g J/m^2\n",
                   (double)(tension * (1 + cosine)));
  if (p->roughness > 1)
    used +=
      snprintf(text + used, size - (size_t)used,
               "on a face %.4g times rough: %.4g degree (cosine %.4g, %s)\n", (double)p->roughness,
               (double)(NakWettingAngle(rough) / DEGREE), (double)rough, so);
  return used;
}

void NakWettingWrite(const NakWettingParams *p, PetscReal tension, PetscReal cosine, char text[],
                     size_t size)
{
  const PetscReal entry = p->pore > 0 ? NakWettingEntry(tension, cosine, p->pore) : 0;
  const PetscBool drawn = (PetscBool)(cosine > 0);
  const size_t    used  = (size_t)WriteWall(p, tension, cosine, text, size);
  char            time[32];

  if (p->pore <= 0 || used >= size) return;
  if (!drawn) {
    (void)snprintf(text + used, size - used,
                   "pores of %.4g um: %.4g kPa press the alloy in; vacuum infiltration, 101 kPa, "
                   "opens those above %.4g um\n",
                   (double)(1e6 * p->pore), (double)(1e-3 * entry),
                   (double)(1e6 * NakWettingOpens(tension, cosine, ATMOSPHERE)));
    return;
  }
  Duration(NakWettingTime(p, tension, cosine), time, sizeof time);
  (void)snprintf(text + used, size - used,
                 "pores of %.4g um: the alloy is drawn in with %.4g kPa, %.4g mm in %s, limited by "
                 "%s\n",
                 (double)(1e6 * p->pore), (double)(-1e-3 * entry), (double)(1e3 * p->length), time,
                 NakWettingReacts(p, tension, cosine) ? "the reaction" : "viscosity");
}
