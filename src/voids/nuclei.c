/* Pockets of the pristine cell, and nuclei.

   A column forms a nucleus when the integral of its rate reaches the next of a series of numbers.
   The distances of these numbers are exponentially distributed, which gives a Poisson process for
   any course of the rate.  The numbers belong to (seed, column, how many nuclei it has had), so
   neither ranks nor time steps change them. */
#include "gas_impl.h"

/* Streams of random numbers of one seed. */
enum { STREAM_PLACES = 1, STREAM_NUCLEI };

static void Random(const NakGas s, PetscInt stream, PetscInt a, PetscInt b, PetscReal out[2])
{
  NakRandom((uint64_t)s->params.seed << 8 | (uint64_t)stream, (uint64_t)a, (uint64_t)b, out);
}

/* ---- Caps ---- */

/* v of a cap of the deck's radius around a place, at `z` over the wall. */
static PetscReal CapAt(const NakGas s, PetscReal distance, PetscReal z)
{
  const PetscReal R = s->params.radius, centre = R * PetscCosReal(s->params.contact_angle);
  const PetscReal r = PetscSqrtReal(distance * distance + (z - centre) * (z - centre));

  return 1 / (1 + PetscExpReal(s->field.steepness * (r - R)));
}

/* Put a cap on a place, and fill it with gas at the pressure that holds the cap open. */
static PetscErrorCode InsertBubble(NakGas s, PetscInt place)
{
  const NakGrid     *g       = NakStateGrid(s->state);
  const NakPart     *p       = &s->part;
  const NakGasField *f       = &s->field;
  const PetscReal    curved  = NakVoidsFlat(g) ? 1 : 2;
  const PetscReal    laplace = curved * f->tension / s->params.radius;
  PetscReal          volume  = 0, gas;
  PetscInt           c       = 0;

  PetscFunctionBeginUser;
  for (PetscInt j = p->start[1]; j < p->start[1] + p->count[1]; j++)
    for (PetscInt i = p->start[0]; i < p->start[0] + p->count[0]; i++, c++) {
      const PetscReal d = NakVoidsDistance(g, i, j, s->x[place], s->y[place]);
      PetscReal       z = 0;

      for (PetscInt k = 0; k < f->layers; z += f->height[k], k++)
        volume += s->area * f->height[k] * f->lay(f->ctx, c, k, CapAt(s, d, z + f->height[k] / 2));
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &volume, 1, MPIU_REAL, MPIU_SUM, s->comm));
  gas = s->params.pressure > 0 ? (s->params.pressure + laplace) * volume : 0;
  s->amount[s->root[place]] += gas;
  s->filled += gas;
  s->formed++;
  if (s->gone[place]) s->reach[place] = 0;
  s->gone[place] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The k-th place of a lattice that is as nearly square as its number allows, as fractions of the
   box. */
static void LatticePlace(const NakGas s, PetscInt k, PetscReal at[2])
{
  const NakGrid *g    = NakStateGrid(s->state);
  const PetscInt n    = s->params.pockets;
  PetscInt       rows = g->nx > 1 ? 1 : n, columns, row;

  for (PetscInt m = 1; !NakVoidsFlat(g) && m * m <= n; m++)
    if (n % m == 0) rows = m;
  columns = n / rows;
  row     = k / columns;
  at[0]   = ((PetscReal)(k % columns) + 0.5) / (PetscReal)columns;
  at[1]   = ((PetscReal)row + 0.5) / (PetscReal)rows;
}

/* A random place.  Of some candidates, it is the one that is farthest from the pockets already
   there. */
static void RandomPlace(const NakGas s, PetscInt k, PetscReal place[2])
{
  enum { CANDIDATES = 8 };
  const NakGrid  *g     = NakStateGrid(s->state);
  const PetscReal width = g->dx * (PetscReal)g->nx, depth = g->dy * (PetscReal)g->ny;
  PetscReal       best = -1;

  for (PetscInt m = 0; m < CANDIDATES; m++) {
    PetscReal at[2], nearest = PETSC_MAX_REAL;

    Random(s, STREAM_PLACES, k, m, at);
    for (PetscInt other = 0; other < s->n; other++)
      nearest = PetscMin(
        nearest, NakVoidsApart(g, at[0] * width - s->x[other], at[1] * depth - s->y[other]));
    if (nearest <= best) continue;
    best     = nearest;
    place[0] = at[0];
    place[1] = at[1];
  }
}

PetscErrorCode NakGasPockets(NakGas s)
{
  const NakGrid *g = NakStateGrid(s->state);

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->params.pockets; k++) {
    PetscReal at[2] = {0.5, 0.5};

    if (s->params.arrangement == NAK_POCKETS_EVEN)
      LatticePlace(s, k, at);
    else
      RandomPlace(s, k, at);
    PetscCall(NakGasAdd(s, at[0] * g->dx * (PetscReal)g->nx, at[1] * g->dy * (PetscReal)g->ny));
    PetscCall(InsertBubble(s, k));
  }
  PetscCall(NakGasOwners(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Nuclei ---- */

static PetscInt GlobalColumn(const NakGas s, PetscInt n)
{
  const NakPart *p = &s->part;

  return (p->start[1] + n / p->count[0]) * NakStateGrid(s->state)->nx + p->start[0] +
         n % p->count[0];
}

/* How much more of the integral of the rate is needed until the next nucleus of a column. */
static void Wait(NakGas s, PetscInt n)
{
  PetscReal uniform[2];

  Random(s, STREAM_NUCLEI, GlobalColumn(s, n), s->born[n], uniform);
  s->due[n] -= PetscLogReal(uniform[0]);
}

void NakNucleiCreate(NakGas s)
{
  for (PetscInt c = 0; c < NakPartColumns(&s->part); c++) Wait(s, c);
}

/* The first column in the order of the grid whose nucleus is due, or -1; the same on every rank. */
static PetscErrorCode NextDue(NakGas s, PetscInt *column)
{
  const PetscInt n     = NakPartColumns(&s->part);
  PetscInt       first = PETSC_INT_MAX;

  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < n; c++) {
    if (s->hazard[c] < s->due[c]) continue;
    if (GlobalColumn(s, c) < first) first = GlobalColumn(s, c);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPIU_INT, MPI_MIN, s->comm));
  *column = first == PETSC_INT_MAX ? -1 : first;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Form(NakGas s, PetscInt column)
{
  const NakGrid *g = NakStateGrid(s->state);
  const PetscInt i = column % g->nx, j = column / g->nx, n = NakPartColumns(&s->part);
  PetscInt       place = 0;

  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < n; c++)
    if (GlobalColumn(s, c) == column) {
      s->born[c]++;
      Wait(s, c);
    }
  while (place < s->n && NakVoidsDistance(g, i, j, s->x[place], s->y[place]) > 1e-6 * g->dx)
    place++; /* one there may be from a void that has gone or moved */
  if (place == s->n)
    PetscCall(NakGasAdd(s, ((PetscReal)i + 0.5) * g->dx, ((PetscReal)j + 0.5) * g->dy));
  PetscCall(InsertBubble(s, place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nuclei per time in a column [1/s]. */
static PetscReal Rate(const NakGas s, const PetscReal wetted[], const NakVoidsDrive drive[],
                      PetscInt c)
{
  return s->area * s->params.nucleation * wetted[c] *
         NakVoidsDepletion(&s->params, &drive[c], NULL);
}

PetscErrorCode NakGasNucleate(NakGas s, PetscReal dt, const PetscReal wetted[],
                              const NakVoidsDrive drive[], PetscBool *formed)
{
  const PetscInt n = NakPartColumns(&s->part);
  PetscInt       column;

  PetscFunctionBeginUser;
  *formed = PETSC_FALSE;
  if (s->params.nucleation == 0) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt c = 0; c < n; c++) s->hazard[c] += dt * Rate(s, wetted, drive, c);
  PetscCall(NextDue(s, &column));
  while (column >= 0) {
    *formed = PETSC_TRUE;
    PetscCall(Form(s, column));
    PetscCall(NextDue(s, &column));
  }
  if (*formed) PetscCall(NakGasOwners(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGasWait(NakGas s, const PetscReal wetted[], const NakVoidsDrive drive[])
{
  PetscReal wait = PETSC_MAX_REAL;

  PetscFunctionBeginUser;
  if (s->params.nucleation == 0) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt c = 0; c < NakPartColumns(&s->part); c++) {
    const PetscReal rate = Rate(s, wetted, drive, c);

    if (rate > 0) wait = PetscMin(wait, (s->due[c] - s->hazard[c]) / rate);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &wait, 1, MPIU_REAL, MPI_MIN, s->comm));
  s->wait = wait * (1 + 1e-9);
  PetscFunctionReturn(PETSC_SUCCESS);
}
