/* Voids of one place that have come apart.  Each part that is large enough gets a place of its own.

   Columns with void are labelled: connected ones have the same label, the lowest number of a column
   among them. */
#include "gas_impl.h"

/* What a place has of the void with a label: how many columns, its volume, and the volume times the
   distance from the column whose number the label is. */
typedef struct {
  PetscReal place, label, columns, volume, x, y;
} Piece;

static PetscReal NumberOf(const NakGas s, PetscInt i, PetscInt j)
{
  return (PetscReal)j * (PetscReal)NakStateGrid(s->state)->nx + (PetscReal)i;
}

/* Where there is void, the number of the column, else -1. */
static PetscErrorCode Number(NakGas s, const PetscReal share[], DM plane, Vec labels)
{
  const NakPart *p = &s->part;
  PetscReal    **label;
  PetscInt       i[3] = {0, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(DMDAVecGetArray(plane, labels, (void *)&label));
  for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i)) {
    PetscReal highest = 0;

    for (PetscInt k = 0; k < s->field.layers; k++, share++) highest = PetscMax(highest, *share);
    label[i[1]][i[0]] = highest >= NAK_VOID_HALF ? NumberOf(s, i[0], i[1]) : -1;
  }
  PetscCall(DMDAVecRestoreArray(plane, labels, (void *)&label));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Columns with their ghosts. */
typedef struct {
  PetscInt    x, y, width, height; /* the first, and how many */
  PetscReal **label;
} Plane;

/* The lowest label among a column with void and its neighbours. */
static PetscReal Lowest(const Plane *g, PetscInt i, PetscInt j)
{
  const PetscInt beside[4][2] = {
    {i - 1, j    },
    {i + 1, j    },
    {i,     j - 1},
    {i,     j + 1}
  };
  PetscReal lowest = g->label[j][i];

  for (int n = 0; n < 4; n++) {
    const PetscInt x = beside[n][0] - g->x, y = beside[n][1] - g->y;
    PetscReal      other;

    if (x < 0 || x >= g->width || y < 0 || y >= g->height) continue;
    other = g->label[beside[n][1]][beside[n][0]];
    if (other >= 0) lowest = PetscMin(lowest, other);
  }
  return lowest;
}

/* Take over the lowest label of the neighbours, ghosts included, until nothing changes within this
   rank. */
static PetscErrorCode Spread(NakGas s, DM plane, Vec ghosted, Vec labels, PetscMPIInt *changed)
{
  const NakPart *p     = &s->part;
  PetscBool      again = PETSC_TRUE;
  PetscReal    **owned;
  Plane          g;
  PetscInt       i[3];

  PetscFunctionBeginUser;
  *changed = 0;
  PetscCall(DMDAGetGhostCorners(plane, &g.x, &g.y, NULL, &g.width, &g.height, NULL));
  PetscCall(DMDAVecGetArray(plane, ghosted, (void *)&g.label));
  while (again) {
    again = PETSC_FALSE;
    for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i)) {
      PetscReal *const own    = &g.label[i[1]][i[0]];
      const PetscReal  lowest = *own < 0 ? *own : Lowest(&g, i[0], i[1]);

      if (lowest != *own) again = PETSC_TRUE;
      *own = lowest;
    }
    if (again) *changed = 1;
  }
  PetscCall(DMDAVecGetArray(plane, labels, (void *)&owned));
  for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i))
    owned[i[1]][i[0]] = g.label[i[1]][i[0]];
  PetscCall(DMDAVecRestoreArray(plane, labels, (void *)&owned));
  PetscCall(DMDAVecRestoreArray(plane, ghosted, (void *)&g.label));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The labels, in the owned columns. */
static PetscErrorCode Label(NakGas s, const PetscReal share[], DM plane, Vec labels)
{
  PetscMPIInt again = 1;
  Vec         ghosted;

  PetscFunctionBeginUser;
  PetscCall(Number(s, share, plane, labels));
  PetscCall(DMGetLocalVector(plane, &ghosted));
  while (again) {
    PetscCall(DMGlobalToLocal(plane, labels, INSERT_VALUES, ghosted));
    PetscCall(Spread(s, plane, ghosted, labels, &again));
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &again, 1, MPI_INT, MPI_MAX, s->comm));
  }
  PetscCall(DMRestoreLocalVector(plane, &ghosted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Add a piece to those of its place and label, or at their end. */
static void Gather(Piece pieces[], PetscMPIInt *count, const Piece *piece)
{
  PetscMPIInt k = 0;

  while (k < *count && (pieces[k].place != piece->place || pieces[k].label != piece->label)) k++;
  if (k == *count) pieces[(*count)++] = (Piece){.place = piece->place, .label = piece->label};
  pieces[k].columns += piece->columns;
  pieces[k].volume += piece->volume;
  pieces[k].x += piece->x;
  pieces[k].y += piece->y;
}

/* Distance from column `from` to column `to` along axis d, the shorter way round [columns]. */
static PetscReal Steps(const NakGrid *g, int d, PetscInt from, PetscInt to)
{
  const PetscInt n = d == 0 ? g->nx : g->ny, away = to - from;

  if (g->lateral != NAK_LATERAL_PERIODIC || 2 * PetscAbsInt(away) <= n) return (PetscReal)away;
  return (PetscReal)(away > 0 ? away - n : away + n);
}

/* The pieces of this rank; there is room for one a column. */
static PetscErrorCode Collect(NakGas s, const PetscReal share[], DM plane, Vec labels,
                              Piece pieces[], PetscMPIInt *count)
{
  const NakGrid *g = NakStateGrid(s->state);
  const NakPart *p = &s->part;
  PetscReal    **label;
  PetscInt       i[3], c = 0;

  PetscFunctionBeginUser;
  *count = 0;
  PetscCall(DMDAVecGetArrayRead(plane, labels, (void *)&label));
  for (PetscBool more = NakPartFirst(p, i); more; more = NakPartNext(p, i), c++) {
    const PetscReal own   = label[i[1]][i[0]];
    Piece           piece = {.place = (PetscReal)s->owner[c], .label = own, .columns = 1};
    PetscInt        x, y;

    for (PetscInt k = 0; k < s->field.layers; k++)
      piece.volume += s->area * s->field.height[k] * *share++;
    if (own < 0) continue;
    x       = (PetscInt)own % g->nx;
    y       = (PetscInt)own / g->nx;
    piece.x = piece.volume * g->dx * Steps(g, 0, x, i[0]);
    piece.y = piece.volume * g->dy * Steps(g, 1, y, i[1]);
    Gather(pieces, count, &piece);
  }
  PetscCall(DMDAVecRestoreArrayRead(plane, labels, (void *)&label));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Those of all ranks, on all of them. */
static PetscErrorCode Share(NakGas s, Piece mine[], PetscMPIInt count, Piece **all,
                            PetscMPIInt *total)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(NakGatherAll(s->comm, mine, count, sizeof(Piece), all, &n));
  *total = 0;
  for (PetscInt k = 0; k < n; k++) {
    const Piece piece = (*all)[k];

    Gather(*all, total, &piece);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A void that is smaller than half a ball, or half a cylinder, as wide as two interfaces does not
   count. */
static PetscReal Least(const NakGas s)
{
  const NakGrid  *g = NakStateGrid(s->state);
  const PetscReal w = 4 / s->field.steepness;

  return NakVoidsFlat(g) ? PETSC_PI / 2 * w * w * (g->ny > 1 ? g->dx : g->dy)
                         : 2 * PETSC_PI / 3 * w * w * w;
}

/* Put a place where a piece is.  It reaches as far as the piece, if that is round. */
static void Place(NakGas s, PetscInt place, const Piece *piece)
{
  const NakGrid  *g        = NakStateGrid(s->state);
  const PetscInt  label    = (PetscInt)piece->label;
  const PetscInt  column[] = {label % g->nx, label / g->nx};
  const PetscReal width[2] = {g->dx * (PetscReal)g->nx, g->dy * (PetscReal)g->ny};
  PetscReal      *at[2]    = {&s->x[place], &s->y[place]};

  *at[0] = g->dx * ((PetscReal)column[0] + 0.5) + piece->x / piece->volume;
  *at[1] = g->dy * ((PetscReal)column[1] + 0.5) + piece->y / piece->volume;
  for (int d = 0; d < 2; d++) {
    if (*at[d] < 0) *at[d] += width[d];
    if (*at[d] >= width[d]) *at[d] -= width[d];
  }
  s->reach[place] = NakVoidsFlat(g) ? piece->columns / 2 * (g->nx > 1 ? g->dx : g->dy)
                                    : PetscSqrtReal(piece->columns * s->area / PETSC_PI);
}

/* Whether no other place has more of the void with the label of a piece. */
static PetscBool Leads(const Piece pieces[], PetscMPIInt count, const Piece *p)
{
  for (PetscMPIInt k = 0; k < count; k++) {
    const Piece *q = &pieces[k];

    if (q->label != p->label || q->place == p->place) continue;
    if (q->volume > p->volume || (q->volume == p->volume && q->place < p->place))
      return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* The piece of a place that comes after `last`: the largest first, of equal ones the lowest label.
   Those that are smaller than `least`, or belong to the void of another place, do not count.  NULL
   if there is none. */
static const Piece *Next(PetscInt place, const Piece pieces[], PetscMPIInt count, PetscReal least,
                         const Piece *last)
{
  const Piece *best = NULL;

  for (PetscMPIInt k = 0; k < count; k++) {
    const Piece *p = &pieces[k];

    if (p->place != (PetscReal)place || p->volume < least || !Leads(pieces, count, p)) continue;
    if (last != NULL &&
        (p->volume > last->volume || (p->volume == last->volume && p->label <= last->label)))
      continue;
    if (best == NULL || p->volume > best->volume ||
        (p->volume == best->volume && p->label < best->label))
      best = p;
  }
  return best;
}

/* If the void of any place is in two, put all places where their voids are now.  The largest piece
   keeps the place. */
static PetscErrorCode Divide(NakGas s, const Piece pieces[], PetscMPIInt count, PetscBool *divided)
{
  const PetscInt  places = s->n;
  const PetscReal least  = Least(s);

  PetscFunctionBeginUser;
  *divided = PETSC_FALSE;
  for (PetscInt k = 0; k < places; k++) {
    const Piece *const first = Next(k, pieces, count, least, NULL);

    if (first != NULL && Next(k, pieces, count, least, first) != NULL) *divided = PETSC_TRUE;
  }
  for (PetscInt k = 0; k < places && *divided; k++) {
    const Piece *piece = Next(k, pieces, count, 0, NULL);

    if (piece == NULL) continue;
    Place(s, k, piece);
    for (piece = Next(k, pieces, count, least, piece); piece != NULL;
         piece = Next(k, pieces, count, least, piece)) {
      PetscCall(NakGasAdd(s, 0, 0));
      s->root[s->n - 1] = s->root[k];
      Place(s, s->n - 1, piece);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGasSplit(NakGas s, const PetscReal share[])
{
  Piece      *mine, *all = NULL;
  PetscMPIInt count, total;
  PetscBool   divided;
  DM          plane;
  Vec         labels;

  PetscFunctionBeginUser;
  if (s->n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDACreateCompatibleDMDA(NakStateDM(s->state), 1, &plane));
  PetscCall(DMCreateGlobalVector(plane, &labels));
  PetscCall(Label(s, share, plane, labels));
  PetscCall(PetscMalloc1(NakPartColumns(&s->part), &mine));
  PetscCall(Collect(s, share, plane, labels, mine, &count));
  PetscCall(Share(s, mine, count, &all, &total));
  PetscCall(Divide(s, all, total, &divided));
  if (divided) PetscCall(NakGasOwners(s));
  PetscCall(PetscFree(all));
  PetscCall(PetscFree(mine));
  PetscCall(VecDestroy(&labels));
  PetscCall(DMDestroy(&plane));
  PetscFunctionReturn(PETSC_SUCCESS);
}
