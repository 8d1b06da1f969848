/* The flux of an ion between two places; the contract is in nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

/* x / (e^x - 1), and its derivative. */
static PetscReal Bernoulli(PetscReal x, PetscReal *slope)
{
  const PetscReal near = 1e-3, rest = PetscExpReal(x) - 1;

  if (PetscAbsReal(x) < near) {
    *slope = -0.5 + x / 6;
    return 1 - x / 2 + x * x / 12;
  }
  *slope = (1 - x * (1 + rest) / rest) / rest;
  return x / rest;
}

NakIonFlux NakKineticsIonFlux(PetscReal z, PetscReal r_b, PetscReal r_a, PetscReal c_b,
                              PetscReal c_a, PetscReal v, PetscBool jump)
{
  const PetscReal g = 1 / (r_b + r_a), mean = (c_a + c_b) / 2;
  PetscReal       up = 1 + z * v / 2, down = 1 - z * v / 2, by_v = z * mean, db, da;
  NakIonFlux      link;

  if (g == 0) return (NakIonFlux){0};
  if (jump) {
    up   = Bernoulli(-z * v, &da);
    down = Bernoulli(z * v, &db);
    by_v = -z * (da * c_a + db * c_b);
  }
  link   = (NakIonFlux){.value = g * (up * c_a - down * c_b), .below = -g * down, .above = g * up};
  link.v = g * by_v;
  link.r_below = link.r_above = -g * link.value;
  return link;
}
