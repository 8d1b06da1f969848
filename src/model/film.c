/* Nuclei of the K film, if it grows by a front.

   A front is some columns wide.  The pull of the rim of a disc takes m_f / R from its speed, so a
   disc not much wider than a front would grow slower or vanish.  So a nucleus is at first a disc of
   radius R of its own, R' = v_f d, which is laid upon the field.  Once it is wide enough, only the
   field describes it.

   Places are random numbers of (seed, place).  Waiting times are random numbers of (seed, column,
   how many nuclei it has had).  So neither ranks nor time steps change them. */
#include "model_impl.h"

#include <math.h>

/* Streams of random numbers of one seed; voids have 1 and 2. */
enum { STREAM_PLACES = 3, STREAM_WAITS };

static const PetscReal ready =
  2;                            /* widths of the front: from this radius on the field has a disc */
static const PetscReal far = 3; /* widths beyond a disc at which its film is next to nothing */

static const PetscReal least =
  1e-3; /* drive: a face that rests beside solid K has none, except rounding */

static PetscBool Flat(const NakGrid *g)
{
  return (PetscBool)(g->nx == 1 || g->ny == 1);
}

static void Random(const NakModel m, PetscInt stream, PetscInt a, PetscInt b, PetscReal out[2])
{
  NakRandom((uint64_t)m->params.interphase.film_seed << 8 | (uint64_t)stream, (uint64_t)a,
            (uint64_t)b, out);
}

/* ---- Columns ---- */

static PetscInt Global(const NakModel m, PetscInt n)
{
  const NakBox *b = &m->box;

  return (b->ys + n / b->xm) * NakStateGrid(m->state)->nx + b->xs + n % b->xm;
}

static PetscReal Along(const NakGrid *g, PetscInt n, PetscReal side, PetscInt a, PetscInt b)
{
  const PetscInt k = PetscAbsInt(a - b);

  return side * (PetscReal)(g->lateral == NAK_LATERAL_PERIODIC ? PetscMin(k, n - k) : k);
}

/* Of two columns of the whole grid. */
static PetscReal Distance(const NakGrid *g, PetscInt a, PetscInt b)
{
  const PetscReal x = Along(g, g->nx, g->dx, a % g->nx, b % g->nx);
  const PetscReal y = Along(g, g->ny, g->dy, a / g->nx, b / g->nx);

  return PetscSqrtReal(x * x + y * y);
}

/* ---- The profile of a disc ---- */

/* Integral of t / (1 + exp(t - a)) from 0 on.  It is a series in exp(-|a|); for a > 0, a^2 / 2 +
   pi^2 / 6 less that series. */
static PetscReal Moment(PetscReal a)
{
  const int       terms = 100;
  const PetscReal ratio = -PetscExpReal(-PetscAbsReal(a));
  PetscReal       sum = 0, power = 1;

  for (int k = 1; k <= terms; k++) {
    power *= ratio;
    sum -= power / (k * k);
  }
  return a > 0 ? a * a / 2 + PETSC_PI * PETSC_PI / 6 - sum : sum;
}

/* A disc covers as much as a sharp one of radius R.  This is the radius at which its film is one
   half, over a quarter of the width.  It is negative if the film is one half nowhere. */
static PetscReal Middle(PetscBool flat, PetscReal R, PetscReal width)
{
  const PetscReal rho = 4 * R / width;
  PetscReal       low = -60, high = rho + 1;

  if (flat) return PetscLogReal((PetscReal)expm1((double)rho));
  for (int k = 0; k < 60; k++) {
    const PetscReal middle = (low + high) / 2;

    if (Moment(middle) < rho * rho / 2)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

/* ---- Laying a disc upon the field ---- */

/* Cover a column with film up to the open share b at once.  E stays.  K comes from the reservoir,
   and the adlayer's Na goes there. */
static void Close(const NakModel m, PetscInt n, PetscReal b, PetscReal u[])
{
  const NakColumn *c       = &m->column;
  const NakLayout *l       = &c->l;
  const PetscReal  contact = c->over[n].contact, E = u[l->potential];
  const PetscReal  gain = NakKineticsCharge(&c->kinetics, E, b).value -
                         NakKineticsCharge(&c->kinetics, E, u[l->open]).value;

  u[l->reservoir_k] += NakColumnFilmShare(c, contact) * (b - u[l->open]);
  u[l->reservoir_na] += contact * gain / (c->alloy_content * c->reservoir);
  u[l->charge] += contact * gain;
  u[l->q_faraday] -= contact * gain;
  u[l->open] = b;
}

static void Lay(const NakModel m, const NakNucleus *nucleus, PetscReal u[])
{
  const NakGrid  *g      = NakStateGrid(m->state);
  const PetscReal width  = m->params.interphase.film_width;
  const PetscReal middle = Middle(Flat(g), nucleus->radius, width);

  for (PetscInt n = 0; n < m->owned; n++) {
    PetscReal      *column = u + (ptrdiff_t)n * m->column.l.size;
    const PetscReal r      = Distance(g, nucleus->column, Global(m, n));
    PetscReal       b;

    if (r > nucleus->radius + far * width) continue;
    b = 1 / (1 + PetscExpReal(middle - 4 * r / width));
    if (b < column[m->column.l.open]) Close(m, n, b, column);
  }
}

/* ---- When a nucleus forms ---- */

static PetscErrorCode Add(NakModel m, PetscInt column, PetscReal radius)
{
  NakFilm *f = &m->film;

  PetscFunctionBeginUser;
  if (f->count == f->room) {
    f->room = 2 * f->room + 16;
    PetscCall(PetscRealloc((size_t)f->room * sizeof *f->nuclei, &f->nuclei));
  }
  f->nuclei[f->count++] = (NakNucleus){.column = column, .radius = radius};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How much more of the integral of the rate is needed until the next nucleus of a column. */
static void Wait(NakModel m, PetscInt n)
{
  PetscReal uniform[2];

  Random(m, STREAM_WAITS, Global(m, n), (PetscInt)m->film.born[n], uniform);
  m->film.due[n] -= PetscLogReal(uniform[0]);
}

/* Places wait with a radius below 0. */
static PetscErrorCode AddPlaces(NakModel m)
{
  const NakGrid *g = NakStateGrid(m->state);
  const PetscInt n = NakModelFilmPlaces(&m->params);

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < n; k++) {
    PetscReal at[2];
    PetscInt  i, j;

    Random(m, STREAM_PLACES, k, 0, at);
    i = (PetscInt)(at[0] * (PetscReal)g->nx);
    j = (PetscInt)(at[1] * (PetscReal)g->ny);
    PetscCall(Add(m, j * g->nx + i, -1));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakModelFilmPlaces(const NakModelParams *p)
{
  const PetscReal columns = (PetscReal)p->grid.nx * (PetscReal)p->grid.ny;
  PetscReal       side[2], places;

  NakGridSides(&p->grid, side);
  places = PetscFloorReal(0.5 + p->interphase.film_nuclei * side[0] * side[1] * columns);
  return (PetscInt)PetscMin(places, (PetscReal)PETSC_INT_MAX);
}

PetscErrorCode NakFilmCreate(NakModel m)
{
  NakFilm *f = &m->film;

  PetscFunctionBeginUser;
  f->until = PETSC_INFINITY;
  if (!NakKineticsFront(&m->params.interphase)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc5(m->owned, &f->drive, m->owned, &f->rate, m->owned, &f->hazard, m->owned,
                         &f->due, m->owned, &f->born));
  for (PetscInt n = 0; n < m->owned; n++) Wait(m, n);
  PetscCall(AddPlaces(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFilmDestroy(NakModel m)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree5(m->film.drive, m->film.rate, m->film.hazard, m->film.due, m->film.born));
  PetscCall(PetscFree(m->film.nuclei));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* For each column: what drives its film, and the number of nuclei that form a second while it is
   open. */
static void Drives(NakModel m, const PetscReal u[])
{
  const NakColumn *c    = &m->column;
  const NakGrid   *g    = NakStateGrid(m->state);
  const PetscReal  rate = m->params.interphase.film_nucleation * g->dx * g->dy;
  NakFilm         *f    = &m->film;

  for (PetscInt n = 0; n < m->owned; n++) {
    const PetscReal *column = u + (ptrdiff_t)n * c->l.size;
    const NakFace    face   = NakColumnFaceOf(c, &c->over[n], column);

    f->drive[n] = NakKineticsFilmDrive(&c->kinetics, face.u_face);
    f->rate[n]  = f->drive[n] > least ? rate * c->over[n].contact * column[c->l.open] : 0;
  }
}

/* The first column of the grid whose nucleus is due, or -1; the same on every rank. */
static PetscErrorCode NextDue(NakModel m, PetscInt *column)
{
  const NakFilm *f     = &m->film;
  PetscInt       first = PETSC_INT_MAX;

  PetscFunctionBeginUser;
  for (PetscInt n = 0; n < m->owned; n++)
    if (f->hazard[n] >= f->due[n]) first = PetscMin(first, Global(m, n));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPIU_INT, MPI_MIN, m->comm));
  *column = first == PETSC_INT_MAX ? -1 : first;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FormAtRate(NakModel m, PetscReal dt)
{
  NakFilm *f = &m->film;
  PetscInt column;

  PetscFunctionBeginUser;
  if (m->params.interphase.film_nucleation == 0) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt n = 0; n < m->owned; n++) f->hazard[n] += dt * f->rate[n];
  PetscCall(NextDue(m, &column));
  while (column >= 0) {
    PetscCall(Add(m, column, 0));
    f->formed++;
    for (PetscInt n = 0; n < m->owned; n++) {
      if (Global(m, n) != column) continue;
      f->born[n]++;
      Wait(m, n);
    }
    PetscCall(NextDue(m, &column));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- How they grow ---- */

/* The largest drive on and around each nucleus.  Under the nucleus the face may have recovered. */
static PetscErrorCode DrivesOfNuclei(NakModel m, PetscReal drive[])
{
  const NakGrid *g = NakStateGrid(m->state);
  NakFilm       *f = &m->film;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < f->count; k++) {
    const PetscReal R = f->nuclei[k].radius, rim = R < 0 ? 0 : R + m->params.interphase.film_width;

    drive[k] = -1;
    for (PetscInt n = 0; n < m->owned; n++)
      if (m->column.over[n].contact > 0 && Distance(g, f->nuclei[k].column, Global(m, n)) <= rim)
        drive[k] = PetscMax(drive[k], f->drive[n]);
  }
  PetscCallMPI(
    MPI_Allreduce(MPI_IN_PLACE, drive, (PetscMPIInt)f->count, MPIU_REAL, MPIU_MAX, m->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A nucleus grows by its drive in the step.  One that has shrunk to nothing is removed.  One that
   is wide enough is left to the field. */
static void Grow(NakModel m, PetscReal dt, const PetscReal drive[], PetscReal u[])
{
  const PetscReal enough = ready * m->params.interphase.film_width;
  NakFilm        *f      = &m->film;
  PetscInt        left   = 0;

  for (PetscInt k = 0; k < f->count; k++) {
    NakNucleus      nucleus = f->nuclei[k];
    const PetscBool fresh   = (PetscBool)(nucleus.radius == 0),
                    waits   = (PetscBool)(nucleus.radius < 0);

    if (waits && drive[k] > least) {
      nucleus.radius = 0;
      f->formed++;
    } else if (!waits) {
      nucleus.radius += m->column.kinetics.film_speed * drive[k] * dt;
      if (nucleus.radius <= 0 && !fresh) continue;
      nucleus.radius = PetscMax(nucleus.radius, 0);
      if (nucleus.radius > 0) {
        Lay(m, &nucleus, u);
        m->disturbed++;
      }
    }
    if (nucleus.radius < enough) f->nuclei[left++] = nucleus;
  }
  f->count = left;
}

/* When the next nucleus is due at the present rates. */
static PetscReal NextWait(const NakFilm *f, PetscInt owned)
{
  PetscReal wait = PETSC_MAX_REAL;

  for (PetscInt n = 0; n < owned; n++)
    if (f->rate[n] > 0) wait = PetscMin(wait, (f->due[n] - f->hazard[n]) / f->rate[n]);
  return wait;
}

/* The time that steps may reach.  It is that of the next nucleus, but not earlier than a front
   takes for a small fraction of a column.  While nuclei grow, it is at most the time for half a
   column.  A time that lies ahead stays unless another comes before it.  If it did not stay, a rate
   that falls would put it off from step to step, by ever less. */
static PetscErrorCode SetUntil(NakModel m, PetscReal time)
{
  const NakGrid  *g      = NakStateGrid(m->state);
  NakFilm        *f      = &m->film;
  const PetscReal column = PetscMin(g->dx, g->dy) / m->column.kinetics.film_speed;
  PetscReal       wait   = NextWait(f, m->owned);

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &wait, 1, MPIU_REAL, MPI_MIN, m->comm));
  wait = PetscMax(wait, 1e-2 * column);
  for (PetscInt k = 0; k < f->count; k++)
    if (f->nuclei[k].radius >= 0) wait = PetscMin(wait, column / 2);
  if (time >= f->until || time + wait < f->until) f->until = time + wait;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakFilmAdvance(NakModel m, PetscReal time, PetscReal dt, Vec U)
{
  PetscReal *u, *drive;

  PetscFunctionBeginUser;
  if (!NakKineticsFront(&m->params.interphase)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArray(U, &u));
  Drives(m, u);
  PetscCall(PetscMalloc1(m->film.count, &drive));
  PetscCall(DrivesOfNuclei(m, drive));
  Grow(m, dt, drive, u);
  PetscCall(PetscFree(drive));
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(FormAtRate(m, dt));
  PetscCall(SetUntil(m, time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal NakFilmUntil(NakModel model)
{
  return model->film.until;
}

PetscInt NakModelFilmNuclei(NakModel model)
{
  return model->film.formed;
}

PetscErrorCode NakFilmCheckpoint(NakModel m, NakCheckpoint c)
{
  NakFilm *f  = &m->film;
  const DM dm = NakStateDM(m->state);
  PetscInt n  = f->count;

  PetscFunctionBeginUser;
  if (!NakKineticsFront(&m->params.interphase)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointBlock(c, "film/count", &n, sizeof n));
  PetscCheck(n >= 0, NakCheckpointComm(c), PETSC_ERR_FILE_UNEXPECTED,
             "%s has %" PetscInt_FMT " nuclei of the K film", NakCheckpointPath(c), n);
  if (NakCheckpointReads(c)) f->count = 0;
  while (f->count < n) PetscCall(Add(m, 0, -1));
  PetscCall(NakCheckpointBlock(c, "film/nuclei", f->nuclei, (size_t)n * sizeof *f->nuclei));
  PetscCall(NakCheckpointBlock(c, "film/formed", &f->formed, sizeof f->formed));
  PetscCall(NakCheckpointBlock(c, "film/until", &f->until, sizeof f->until));
  PetscCall(NakCheckpointNodes(c, "film/born", dm, 1, f->born));
  PetscCall(NakCheckpointNodes(c, "film/hazard", dm, 1, f->hazard));
  PetscCall(NakCheckpointNodes(c, "film/due", dm, 1, f->due));
  PetscFunctionReturn(PETSC_SUCCESS);
}
