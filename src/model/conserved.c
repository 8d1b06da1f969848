/* Sums over the columns that a linear solution must conserve, and the unknowns that take up what it
   lacks.

   An electrode conserves Na.  Where ions move between columns, solvers leave something in every
   row, so that more must be seen to.  Each sum holds the keeper of no other one. */
#include "column.h"

/* What is conserved, of each electrode and then of the layers of ions. */
typedef enum { SODIUM, CHARGE, POTASSIUM, ION_SODIUM, ION_POTASSIUM } Kind;

typedef struct {
  Kind             kind;
  const NakColumn *of;    /* the electrode */
  PetscInt         first; /* its first unknown */
} Sum;

static Sum SumOf(const NakColumn *c, PetscInt sum)
{
  const PetscInt electrodes = c->counter != NULL ? 2 : 1, last = 3 * electrodes;
  const PetscInt far = sum % electrodes;

  if (sum >= last) return (Sum){ION_SODIUM + (Kind)(sum - last), c, 0};
  return (Sum){(Kind)(sum / electrodes), far ? c->counter : c, far ? c->l.counter : 0};
}

static PetscInt Number(const NakColumn *c)
{
  const PetscInt electrodes = c->counter != NULL ? 2 : 1;

  return c->beside ? 3 * electrodes + NAK_ION_X : electrodes;
}

PetscReal NakColumnSodium(const NakColumn *c, PetscReal contact, const PetscReal u[])
{
  const NakLayout *l  = &c->l;
  PetscReal        na = u[l->q_faraday] + NAK_FARADAY * u[l->deposit] +
                 c->alloy_content * c->reservoir * u[l->reservoir_na];

  if (NakLayoutIsLiquid(l)) na -= u[l->potassium];
  for (PetscInt k = 0; k < c->nf; k++)
    na += NakColumnContent(c, contact) * c->interphase.height[k] * u[l->interphase + k];
  for (PetscInt k = 0; k < c->na; k++)
    na += c->alloy_content * c->alloy.height[k] * u[NakLayoutAlloy(l, k)];
  return na;
}

/* Of the rows of phi: what currents leave over. */
static PetscReal Leaving(const NakColumn *c, const PetscReal row[])
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < c->ne; k++) sum += row[NakLayoutPhi(&c->l, k)];
  return sum;
}

/* Na+ or K+ of the layers and beyond them, with its salt and what the electrodes have given. */
static PetscReal Ions(const NakColumn *c, int ion, const PetscReal row[])
{
  const PetscInt  place = NAK_LAYER_NA + ion;
  const PetscReal sign  = ion == NAK_ION_NA ? 1 : -1;
  PetscReal       given = row[c->l.potassium], salt = row[c->l.salt], sum;

  if (c->counter != NULL) {
    given += row[c->l.counter + c->counter->l.potassium];
    salt += row[c->l.counter + c->counter->l.salt];
  }
  sum = c->ions.excess * row[c->l.excess + ion];
  for (PetscInt k = 0; k < c->ne; k++) {
    const PetscReal *own = row + NakLayoutPhi(&c->l, k);

    sum += c->height[k] * (own[place] + (ion == NAK_ION_K ? own[NAK_LAYER_SALT] : 0));
  }
  return c->ions.content * sum + sign * given +
         (ion == NAK_ION_K ? NAK_FARADAY * salt : -Leaving(c, row));
}

static PetscReal Conserved(const void *ctx, PetscInt sum, PetscInt column, const PetscReal row[])
{
  const NakColumn *c       = ctx;
  const Sum        s       = SumOf(c, sum);
  const PetscReal *own     = row + s.first;
  const NakLayout *l       = &s.of->l;
  const PetscReal  contact = s.first > 0 ? NakCounterCover.contact : c->over[column].contact;

  if (s.kind == SODIUM) return NakColumnSodium(s.of, contact, own);
  if (s.kind == CHARGE)
    return own[l->potential] + own[l->q_faraday] - own[l->q_total] - Leaving(s.of, own);
  if (s.kind == POTASSIUM)
    return s.of->alloy_content * s.of->reservoir * own[l->reservoir_k] + own[l->potassium];
  return Ions(c, s.kind == ION_SODIUM ? NAK_ION_NA : NAK_ION_K, row);
}

static PetscReal Capacity(const void *ctx, PetscInt sum, PetscReal shift)
{
  const NakColumn *c = ctx;
  const Sum        s = SumOf(c, sum);

  if (s.kind == CHARGE) return -shift;
  if (s.kind >= ION_SODIUM) return shift * c->ions.content * c->height[c->ne / 2];
  return shift * s.of->alloy_content * s.of->reservoir;
}

static PetscInt Keeper(const NakColumn *c, PetscInt sum)
{
  const Sum        s = SumOf(c, sum);
  const NakLayout *l = &s.of->l;

  if (s.kind == CHARGE) return s.first + l->q_total;
  if (s.kind == SODIUM) return s.first + l->reservoir_na;
  if (s.kind == POTASSIUM) return s.first + l->reservoir_k;
  return NakLayoutPhi(l, c->ne / 2) + (s.kind == ION_SODIUM ? NAK_LAYER_NA : NAK_LAYER_K);
}

void NakColumnConserves(const NakColumn *c, NakColumnPhysics *physics)
{
  physics->n_conserved = Number(c);
  physics->conserved   = Conserved;
  physics->capacity    = Capacity;
  for (PetscInt s = 0; s < physics->n_conserved; s++) physics->keeper[s] = Keeper(c, s);
}
