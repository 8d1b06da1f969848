/* Temperatures at which the list of equilibria changes; the contract is in nakfield/thermo.h. */
#include <nakfield/thermo.h>

enum { FIELDS = NAK_TIES + 1 };

/* The stable phases from B to A. */
typedef struct {
  PetscInt n;
  PetscInt phase[FIELDS];
} Fields;

static Fields FieldsOf(const NakEquilibria *all)
{
  Fields fields = {.n = all->n + 1, .phase = {all->at_b}};

  for (PetscInt i = 0; i < all->n; i++) fields.phase[i + 1] = all->tie[i].phase[1];
  return fields;
}

static NakEquilibria At(const NakMaterial *material, PetscReal T)
{
  const NakAlloy alloy = NakThermoAlloy(material, T);

  return NakThermoEquilibria(&alloy, PETSC_TRUE);
}

static PetscBool Same(const NakEquilibria *p, const NakEquilibria *q)
{
  const Fields a = FieldsOf(p), b = FieldsOf(q);
  PetscBool    same = (PetscBool)(a.n == b.n);

  for (PetscInt i = 0; same && i < a.n; i++) same = (PetscBool)(a.phase[i] == b.phase[i]);
  return same;
}

/* ---- The meaning of a change ---- */

/* Composition of field `i`: the middle of its ends, or a pure metal at the ends of the diagram. */
static PetscReal Middle(const NakEquilibria *all, PetscInt i)
{
  const PetscReal left  = i > 0 ? all->tie[i - 1].x[1] : 0;
  const PetscReal right = i < all->n ? all->tie[i].x[0] : 1;

  if (i == 0) return right;
  return i == all->n ? left : (left + right) / 2;
}

static NakInvariant Melting(const Fields *longer, const Fields *shorter, PetscBool at_b)
{
  const PetscInt  before = at_b ? longer->phase[0] : longer->phase[longer->n - 1];
  const PetscInt  after  = at_b ? shorter->phase[0] : shorter->phase[shorter->n - 1];
  const PetscReal x      = at_b ? 0 : 1;

  return (NakInvariant){
    .kind = NAK_INVARIANT_MELTING, .n = 2, .phase = {before, after},
            .x = {x,      x    }
  };
}

/* Two phases and field `i` of a third between them. */
static NakInvariant Three(const NakEquilibria *all, PetscInt i, PetscBool appears)
{
  const Fields f = FieldsOf(all);

  return (NakInvariant){
    .kind  = appears ? NAK_INVARIANT_EUTECTIC : NAK_INVARIANT_PERITECTIC,
    .n     = 3,
    .phase = {f.phase[i - 1], f.phase[i], f.phase[i + 1]  },
    .x     = { all->tie[i - 1].x[0],    Middle(all,         i), all->tie[i].x[1]}
  };
}

/* One field more.  At an end, a pure metal has another phase than before.  In the middle, three
   phases meet, or two fields of the same phase were one.  `first` is the first field that
   differs. */
static NakInvariant OneMore(const NakEquilibria *more, const NakEquilibria *less, PetscInt first,
                            PetscBool appears)
{
  const Fields    l = FieldsOf(more), s = FieldsOf(less);
  const PetscBool twins = (PetscBool)(first > 0 && l.phase[first] == l.phase[first - 1]);

  if (twins || (first + 1 < l.n && l.phase[first] == l.phase[first + 1])) {
    const NakTie *tie = &more->tie[twins ? first - 1 : first];

    return (NakInvariant){.kind  = NAK_INVARIANT_CRITICAL,
                          .n     = 1,
                          .phase = {l.phase[first]},
                          .x     = {(tie->x[0] + tie->x[1]) / 2}};
  }
  if (first == 0 || first == l.n - 1) return Melting(&l, &s, (PetscBool)(first == 0));
  return Three(more, first, appears);
}

/* Two fields more: one phase, with the other on both sides of it, at the same composition. */
static NakInvariant TwoMore(const NakEquilibria *more, PetscInt first)
{
  const Fields    l = FieldsOf(more);
  const PetscReal x = Middle(more, first);

  return (NakInvariant){
    .kind  = NAK_INVARIANT_CONGRUENT,
    .n     = 2,
    .phase = {l.phase[first - 1], l.phase[first]},
    .x     = {x,                  x             }
  };
}

/* The same number of fields: one at an end, or the only one, has another phase. */
static PetscBool AsMany(const Fields *l, const Fields *s, PetscInt first, PetscInt last,
                        NakInvariant *point)
{
  if (first + 1 + last != s->n || (first > 0 && last > 0)) return PETSC_FALSE;
  *point = Melting(l, s, (PetscBool)(first == 0));
  return PETSC_TRUE;
}

/* What lies between the equilibria below and above a temperature.  False if it has no name, such as
   two changes at once. */
static PetscBool Classify(const NakEquilibria *below, const NakEquilibria *above,
                          NakInvariant *point)
{
  const PetscBool      appears = (PetscBool)(above->n > below->n);
  const NakEquilibria *more = appears ? above : below, *less = appears ? below : above;
  const Fields         l = FieldsOf(more), s = FieldsOf(less);
  PetscInt             first = 0, last = 0;

  while (first < s.n && l.phase[first] == s.phase[first]) first++;
  while (last < s.n && l.phase[l.n - 1 - last] == s.phase[s.n - 1 - last]) last++;
  if (l.n == s.n) return AsMany(&l, &s, first, last, point);
  if (first + last < s.n || l.n > s.n + 2 || (l.n == s.n + 2 && first == 0)) return PETSC_FALSE;
  *point = l.n == s.n + 1 ? OneMore(more, less, first, appears) : TwoMore(more, first);
  return PETSC_TRUE;
}

/* ---- The search ---- */

/* Narrow down the first change after `low` to 1e-7 K. */
static void Narrow(const NakMaterial *material, PetscReal *low, PetscReal *high,
                   NakEquilibria *below, NakEquilibria *above)
{
  while (*high - *low > 1e-7) {
    const PetscReal     middle = (*low + *high) / 2;
    const NakEquilibria here   = At(material, middle);

    if (Same(below, &here)) {
      *low   = middle;
      *below = here;
    } else {
      *high  = middle;
      *above = here;
    }
  }
}

void NakThermoInvariants(const NakMaterial *material, PetscReal low, PetscReal high, PetscInt room,
                         NakInvariant points[], PetscInt *count)
{
  const PetscReal step  = 0.5;
  PetscReal       T     = low;
  NakEquilibria   below = At(material, low);

  *count = 0;
  while (T < high) {
    PetscReal     next = PetscMin(T + step, high), left = T;
    NakEquilibria above = At(material, next);
    NakInvariant  point;

    if (!Same(&below, &above)) {
      Narrow(material, &left, &next, &below, &above);
      if (*count < room && Classify(&below, &above, &point)) {
        point.T            = next;
        points[(*count)++] = point;
      }
    }
    below = above;
    T     = next;
  }
}
