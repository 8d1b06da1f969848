/* Three phases of a cell on one face: a grain beside a void with gas in a closed box at rest.  The
   angles at the face are those of Young, where the three meet those of Neumann, from the energies
   of the material alone.  Prints what it finds. */
#include "zone_fixture.h"

static const PetscReal degree     = PETSC_PI / 180,
                       liquidus_a = 0.704 / 0.296; /* Na : K of liquid beside Na at 25 C */

/* ---- The cell ---- */

/* A grain and a pocket of gas on the face [m]. */
typedef struct {
  PetscReal middle, radius, angle; /* of the grain, in it [rad] */
  PetscReal ratio;                 /* of the liquid */
} Grain;

/* The solid in what is left by the void. */
static PetscReal FillGrain(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[])
{
  const Grain    *g = ctx;
  const PetscReal out =
    PetscSqrtReal(PetscSqr(x - g->middle) + PetscSqr(z + g->radius * PetscCosReal(g->angle))) -
    g->radius;
  const PetscReal part = Profile(-out);

  phi[1] = part > 1e-12 ? part * (1 - phi[2]) : 0;
  return g->ratio;
}

static NakModelParams WithVoid(const Shape *s, NakBody solid, PetscInt pockets, PetscReal radius)
{
  NakModelParams p = Params(s, solid == NAK_BODY_SOLID_B, solid == NAK_BODY_SOLID_A);

  p.voids = (NakVoidsParams){.pockets        = pockets,
                             .arrangement    = NAK_POCKETS_EVEN,
                             .radius         = radius,
                             .seed           = 1,
                             .contact_angle  = 90 * degree,
                             .depleted_angle = 90 * degree,
                             .onset          = 0.75,
                             .mobility       = 1e-12,
                             .pressure       = 1e5};
  NakModelComplete(&p);
  return p;
}

/* Have it hold liquid of a ratio, as high as the shape says. */
static void Contain(NakModelParams *p, const Shape *s, PetscReal ratio)
{
  p->alloy.potassium.value     = 1 / (1 + ratio);
  p->alloy.potassium.by_weight = PETSC_FALSE;
  p->microstructure.alloy      = p->alloy;
  p->alloy.volume *= s->height / NakModelHeight(p);
}

/* ---- Arcs ---- */

/* A circle: centre and radius [m], and the middle of the points that it was fitted to. */
typedef struct {
  PetscReal x, z, R, at[2];
  PetscInt  n;
} Arc;

/* x' A x = b of three unknowns, by Cramer's rule. */
static PetscReal Det(const PetscReal a[3], const PetscReal b[3], const PetscReal c[3])
{
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
         a[2] * (b[0] * c[1] - b[1] * c[0]);
}

/* Sums of the normal equations of x^2 + z^2 = 2 a x + 2 c z + d, in widths. */
typedef struct {
  PetscReal A[3][3], b[3];
  PetscInt  n;
} Sums;

static void AddPoint(Sums *s, PetscReal x, PetscReal z)
{
  const PetscReal row[3] = {2 * x, 2 * z, 1}, q = x * x + z * z;

  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) s->A[i][j] += row[i] * row[j];
    s->b[i] += row[i] * q;
  }
  s->n++;
}

static Arc Solve(const Sums *s)
{
  const PetscReal det = Det(s->A[0], s->A[1], s->A[2]);
  PetscReal       v[3];
  Arc             arc = {
                .n = s->n, .at = {s->A[0][2] / 2 / (PetscReal)s->n, s->A[1][2] / 2 / (PetscReal)s->n}
  };

  assert_true(s->n > 5);
  for (int k = 0; k < 3; k++) {
    PetscReal B[3][3];

    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) B[i][j] = i == k ? s->b[j] : s->A[i][j];
    v[k] = Det(B[0], B[1], B[2]) / det;
  }
  arc.x = v[0];
  arc.z = v[1];
  arc.R = PetscSqrtReal(v[2] + v[0] * v[0] + v[1] * v[1]);
  return arc;
}

/* Where phases p and q are alike between two cells, if the third is a width away. */
static void Look(Sums *s, const PetscReal *one, const PetscReal *two, PetscInt p, PetscInt q,
                 const PetscReal at[2], const PetscReal step[2])
{
  const PetscInt  third = 3 - p - q;
  const PetscReal f[3]  = {1 - one[1] - one[2], one[1], one[2]};
  const PetscReal g[3]  = {1 - two[1] - two[2], two[1], two[2]};
  const PetscReal l = f[p] - f[q], r = g[p] - g[q];

  if (l * r > 0 || l == r || f[p] + f[q] < 0.9 || PetscMax(f[third], g[third]) > 0.01) return;
  AddPoint(s, (at[0] + step[0] * l / (l - r)) / w, (at[1] + step[1] * l / (l - r)) / w);
}

/* The interface of phases p and q in a stretch of the face, the liquid as phase 0; above the lowest
   layers, which feel the face. */
static Arc Fit(const Bench *b, PetscInt p, PetscInt q, PetscReal from, PetscReal to)
{
  const PetscReal  h = LayerHeight(b, 0), dx = b->grid->dx;
  const PetscReal *u;
  Sums             s = {.n = 0};

  MUST(VecGetArrayRead(NakStepperState(b->stepper), &u));
  for (PetscInt i = 0; i + 1 < b->grid->nx; i++)
    for (PetscInt k = 2; k + 1 < b->l->zone; k++) {
      const PetscReal *layer = u + (ptrdiff_t)i * b->l->size + NakLayoutAlloy(b->l, k);
      const PetscReal  at[2] = {((PetscReal)i + 0.5) * dx, Middle(b, k)};

      if (at[0] < from || at[0] > to) continue;
      Look(&s, layer, layer + b->l->size, p, q, at, (PetscReal[2]){dx, 0});
      Look(&s, layer, layer + 1 + b->l->phases, p, q, at, (PetscReal[2]){0, h});
    }
  MUST(VecRestoreArrayRead(NakStepperState(b->stepper), &u));
  return Solve(&s);
}

/* Angle on the face in the circle [degree]. */
static PetscReal AtFace(const Arc *a)
{
  return PetscAcosReal(-a->z / a->R) / degree;
}

/* Where two circles meet over the face. */
static void Meet(const Arc *a, const Arc *b, PetscReal at[2])
{
  const PetscReal dx = b->x - a->x, dz = b->z - a->z, d = PetscSqrtReal(dx * dx + dz * dz);
  const PetscReal along  = (d * d + a->R * a->R - b->R * b->R) / (2 * d);
  const PetscReal across = PetscSqrtReal(a->R * a->R - along * along) * (dx > 0 ? 1 : -1);

  at[0] = a->x + (along * dx - across * dz) / d;
  at[1] = a->z + (along * dz + across * dx) / d;
}

/* Unit vector along an arc, away from a point on it. */
static void Leave(const Arc *a, const PetscReal from[2], PetscReal way[2])
{
  const PetscReal x = from[0] - a->x, z = from[1] - a->z, r = PetscSqrtReal(x * x + z * z);
  const PetscReal sign = -z * (a->at[0] - from[0]) + x * (a->at[1] - from[1]) > 0 ? 1 : -1;

  way[0] = -sign * z / r;
  way[1] = sign * x / r;
}

static PetscReal Between(const PetscReal a[2], const PetscReal b[2])
{
  return PetscAcosReal(a[0] * b[0] + a[1] * b[1]) / degree;
}

/* Angle between the interfaces of energies b and c, if the third one has a: three forces in balance
   [degree]. */
static PetscReal Neumann(PetscReal a, PetscReal b, PetscReal c)
{
  return PetscAcosReal((a * a - b * b - c * c) / (2 * b * c)) / degree;
}

/* ---- At rest ---- */

typedef struct {
  const char *title;
  NakBody     solid;
  PetscBool   alike; /* all interfaces of one energy */
  PetscReal   angle; /* of the solid on the face, against the liquid [degree] */
} Case;

/* Energies of solid and liquid, void and liquid, solid and void [J/m2].  The last is from the
   shares of the phases, of which the liquid's is `liquid_share` of that of the solid that melts
   into it at the least. */
typedef struct {
  PetscReal sl, vl, sv;
} Energies;

static Energies EnergiesOf(const NakModelParams *p, NakBody solid)
{
  const NakMaterial *m     = &p->material;
  const PetscReal    least = PetscMin(m->a.solid_liquid_energy, m->b.solid_liquid_energy);
  Energies           e     = {.vl = m->surface_tension,
                              .sl =
                  solid == NAK_BODY_SOLID_B ? m->b.solid_liquid_energy : m->a.solid_liquid_energy};

  e.sv = e.sl + e.vl - 2 * p->microstructure.liquid_share * least;
  return e;
}

/* Found less what is expected [degree].  Interfaces have radii of 5.5 widths; a sharp one is met
   within w / R of them, and the bound is a fifth of that angle. */
static void DemandAngle(const char *what, PetscReal found, PetscReal expected)
{
  char text[64];

  (void)snprintf(text, sizeof text, "%s, less %.1f degrees", what, (double)expected);
  Demand(text, found - expected, -2, 2);
}

static void CheckAngles(const Bench *b, const Case *c, const NakModelParams *p)
{
  const Energies  e      = EnergiesOf(p, c->solid);
  const PetscReal middle = p->grid.width / 2;
  const Arc       grain = Fit(b, 0, 1, 0, middle), gas = Fit(b, 0, 2, 0, middle);
  const Arc       inner = Fit(b, 1, 2, 0, middle), outer = Fit(b, 0, 2, middle, p->grid.width);
  PetscReal       at[2], sl[2], vl[2], sv[2];

  Meet(&grain, &gas, at);
  Leave(&grain, at, sl);
  Leave(&gas, at, vl);
  Leave(&inner, at, sv);
  DemandAngle("on the face: solid in liquid", AtFace(&grain), c->angle);
  DemandAngle("void in liquid", AtFace(&outer), 90);
  DemandAngle("void in solid", inner.x > at[0] ? AtFace(&inner) : 180 - AtFace(&inner),
              PetscAcosReal(-e.sl * PetscCosReal(c->angle * degree) / e.sv) / degree);
  DemandAngle("where all meet: solid", Between(sl, sv), Neumann(e.vl, e.sl, e.sv));
  DemandAngle("void", Between(vl, sv), Neumann(e.sl, e.vl, e.sv));
  DemandAngle("liquid", Between(sl, vl), Neumann(e.sv, e.sl, e.vl));
}

static NakModelParams CaseParams(const Case *c, const Shape *s, PetscReal ratio)
{
  NakModelParams p = WithVoid(s, c->solid, 1, 5.5 * w);

  p.microstructure.angle_a = p.microstructure.angle_b = c->angle;
  if (c->alike) {
    p.material.a.solid_liquid_energy = p.material.b.solid_liquid_energy;
    p.material.surface_tension       = p.material.b.solid_liquid_energy;
    p.microstructure.material        = p.material;
    p.microstructure.liquid_share    = 0.5;
  }
  Contain(&p, s, ratio);
  return p;
}

/* The energy is that of the void's gas as well, whose pressure times volume is that of the
   pocket. */
static void Rest(const Case *c)
{
  const Shape            s     = {128, 4, 32 * micron, 9 * micron, 10 * micron, 10.5 * micron};
  const NakStepperParams steps = Steps(1e-4, 3600);
  const PetscReal        R = 5.5 * w, foot = R * PetscSinReal(c->angle * degree);
  const Grain            g    = {.radius = R,
                                 .angle  = c->angle * degree,
                                 .middle = s.width / 2 - R - foot + 3 * w,
                                 .ratio  = c->solid == NAK_BODY_SOLID_B ? liquidus : liquidus_a};
  const NakModelParams   p    = CaseParams(c, &s, g.ratio);
  const PetscReal        unit = p.material.b.solid_liquid_energy * w / s.width;
  Bench                  b    = Open(PETSC_COMM_SELF, &p, &steps, "[{rest: 300 s}]");
  Gas                    gas  = {.pressure = p.voids.pressure};
  PetscReal              range[2];
  Worst                  worst;

  gas.amount =
    (gas.pressure + p.material.surface_tension / R) * Thickness(&b, NAK_BODY_VOID, range);
  b.mix.wall[2] = 0; /* 90 degrees */
  Fill(&b, FillGrain, &g);
  Enter(&b);
  worst = Watch(&b, Potential(&b, g.ratio), &gas, unit);
  print_message("%s: %d steps\n", c->title, (int)NakStepperCounts(b.stepper).steps);
  CheckAngles(&b, c, &p);
  Demand("greatest rise of the energy in a step", worst.rise, -1, 1e-6);
  Demand("least order parameter", worst.low, -1e-3, 1);
  Demand("greatest order parameter, less 1", worst.high - 1, -1, 1e-3);
  Demand("change of Na and what has passed the face", worst.lost, 0, 1e-12);
  Close(&b);
}

static void Alike(void **unused)
{
  const Case c = {"one energy", NAK_BODY_SOLID_B, PETSC_TRUE, 90};

  (void)unused;
  Rest(&c);
}

static void SolidK(void **unused)
{
  const Case c = {"K", NAK_BODY_SOLID_B, PETSC_FALSE, 105};

  (void)unused;
  Rest(&c);
}

static void SolidNa(void **unused)
{
  const Case c = {"Na", NAK_BODY_SOLID_A, PETSC_FALSE, 100};

  (void)unused;
  Rest(&c);
}

/* ---- A void that a grain cuts in two ---- */

/* A bridge of void between two places on the face. */
static PetscReal FillBridge(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[])
{
  const PetscReal *ends = ctx;
  const PetscReal  part = Profile(PetscMin(PetscMin(x - ends[0], ends[1] - x), 3 * w - z));

  if (part > 1e-12) phi[2] += (1 - phi[2]) * part;
  return liquidus;
}

/* A wall of K there. */
static PetscReal FillWall(const void *ctx, PetscReal x, PetscReal z, PetscReal phi[])
{
  const PetscReal *ends = ctx;
  const PetscReal  part = Profile(PetscMin(PetscMin(x - ends[0], ends[1] - x), 5 * w - z));

  if (part < 1e-12) return liquidus;
  phi[1] = part;
  phi[2] *= 1 - part;
  return liquidus;
}

static NakGasReport StepAll(Bench *b)
{
  Enter(b);
  while (!b->over) {
    Step(b);
    MUST(NakModelAdvance(b->model, b->now.time, b->now.dt, NakStepperState(b->stepper)));
  }
  MUST(NakProtocolLeave(b->protocol, &b->now, NAK_END_NONE, NULL));
  return NakModelVoidsReport(b->model);
}

/* A void over two pockets, into which a wall of K is set: the gas of each side is its own from then
   on.  How much that is, unit.voids tests. */
static void CutVoid(void **unused)
{
  const Shape            s     = {96, 4, 24 * micron, 9 * micron, 10 * micron, 10.5 * micron};
  const NakStepperParams steps = Steps(1e-4, 3600);
  const PetscReal bridge[2] = {9 * micron, 15 * micron}, wall[2] = {10 * micron, 14 * micron};
  NakModelParams  p = WithVoid(&s, NAK_BODY_SOLID_B, 2, 5.5 * w);
  NakGasReport    begin, whole, cut;
  Bench           b;

  (void)unused;
  Contain(&p, &s, liquidus);
  b     = Open(PETSC_COMM_SELF, &p, &steps, "[{rest: 0.1 s}, {rest: 30 s}]");
  begin = NakModelVoidsReport(b.model);
  Fill(&b, FillBridge, bridge);
  whole = StepAll(&b);
  Fill(&b, FillWall, wall);
  cut = StepAll(&b);
  print_message("%d pockets, %d after a bridge, %d after a wall; %d steps\n", (int)begin.count,
                (int)whole.count, (int)cut.count, (int)NakStepperCounts(b.stepper).steps);
  assert_int_equal(begin.count, 2);
  assert_int_equal(whole.count, 1);
  assert_int_equal(cut.count, 2);
  Demand("steps taken back", (PetscReal)NakStepperCounts(b.stepper).rejected, 0, 5);
  Demand("change of the gas", cut.amount / begin.amount - 1, -1e-12, 1e-12);
  Close(&b);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(Alike),
  cmocka_unit_test(SolidK),
  cmocka_unit_test(SolidNa),
  cmocka_unit_test(CutVoid),
};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
