/* Ghosts: the values that a stencil reads beyond the own cells, from the sides of the box or from
   other ranks. */
#include "phasefield_impl.h"

enum { LOW_Y, HIGH_Y, LOW_Z, HIGH_Z, WAYS };

static PetscBool Periodic(const NakPhaseField e, int d)
{
  return (PetscBool)(e->model->sides[0][(ptrdiff_t)2 * d] == NAK_BOUNDARY_PERIODIC);
}

/* The rank next to the own lines in a given direction.  MPI_PROC_NULL for a side of the box, or for
   this rank. */
static PetscMPIInt Neighbour(const NakPhaseField e, const NakLevel *v, int way)
{
  const int d = way / 2, step = way % 2 ? 1 : -1;
  PetscInt  place[2] = {v->place[0], v->place[1]};

  place[d] += step;
  if (v->split[d] == 1) return MPI_PROC_NULL;
  if ((place[d] < 0 || place[d] >= v->split[d]) && !Periodic(e, d + 1)) return MPI_PROC_NULL;
  place[d] = (place[d] + v->split[d]) % v->split[d];
  return (PetscMPIInt)(place[1] * v->split[0] + place[0]);
}

/* The lines at j of all planes (d = 0), or all lines of the plane at k (d = 1), of all fields. */
static PetscErrorCode LinesType(NakPhaseField e, const NakLevel *v, int d, PetscInt at,
                                MPI_Datatype *type)
{
  const PetscInt count  = e->model->count;
  const int      blocks = d == 0 ? (int)v->m[2] : (int)v->m[1];
  MPI_Datatype   part, parts[NAK_FIELDS_MAX];
  MPI_Aint       begin[NAK_FIELDS_MAX];
  int            ones[NAK_FIELDS_MAX];

  PetscFunctionBeginUser;
  PetscCallMPI(
    MPI_Type_vector(blocks, (int)v->line, (int)(d == 0 ? v->plane : v->line), MPIU_REAL, &part));
  for (PetscInt f = 0; f < count; f++) {
    parts[f] = part;
    ones[f]  = 1;
    PetscCallMPI(
      MPI_Get_address(v->u[f] + (d == 0 ? NakLineAt(v, at, 0) : NakLineAt(v, 0, at)), &begin[f]));
  }
  PetscCallMPI(MPI_Type_create_struct((int)count, ones, begin, parts, type));
  PetscCallMPI(MPI_Type_commit(type));
  PetscCallMPI(MPI_Type_free(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A message leaves the low end of one rank for the high ghosts of another.  Its tag is its
   direction. */
static PetscErrorCode Requests(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  for (int way = 0; way < WAYS; way++) {
    const PetscMPIInt other = Neighbour(e, v, way);
    const int         d     = way / 2;
    const PetscInt    last = v->m[d + 1] - 1, inner = way % 2 ? last : 0;
    const PetscInt    outer = way % 2 ? last + 1 : -1;
    PetscMPIInt      *n     = &v->n_requests;

    if (other == MPI_PROC_NULL) continue;
    PetscCall(LinesType(e, v, d, inner, &v->types[*n]));
    PetscCallMPI(MPI_Send_init(MPI_BOTTOM, 1, v->types[*n], other, way, v->comm, &v->requests[*n]));
    (*n)++;
    PetscCall(LinesType(e, v, d, outer, &v->types[*n]));
    PetscCallMPI(
      MPI_Recv_init(MPI_BOTTOM, 1, v->types[*n], other, way ^ 1, v->comm, &v->requests[*n]));
    (*n)++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether this rank's lines end at a side. */
static PetscBool Touches(const NakLevel *v, NakSide s)
{
  const int d = (int)s / 2;

  return (PetscBool)(s % 2 ? v->start[d] + v->m[d] == v->n[d] : v->start[d] == 0);
}

static PetscBool NeedsFace(NakBoundary b)
{
  return (PetscBool)(b == NAK_BOUNDARY_VALUE || b == NAK_BOUNDARY_SLOPE);
}

static PetscInt FaceSize(const NakLevel *v, NakSide s)
{
  if (s <= NAK_SIDE_EAST) return v->m[1] * v->m[2];
  return (PetscInt)v->line * (s <= NAK_SIDE_NORTH ? v->m[2] : v->m[1]);
}

PetscErrorCode NakGhostsCreate(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    for (int s = 0; s < NAK_SIDES; s++) {
      if (!NeedsFace(e->model->sides[f][s]) || !Touches(v, (NakSide)s)) continue;
      if (s >= NAK_SIDE_BOTTOM && !e->solid) continue;
      PetscCall(NakArrayCreate(e, FaceSize(v, (NakSide)s), &v->face[f][s]));
    }
  }
  PetscCall(Requests(e, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGhostsDestroy(NakLevel *v)
{
  PetscFunctionBeginUser;
  for (PetscMPIInt r = 0; r < v->n_requests; r++) {
    PetscCallMPI(MPI_Request_free(&v->requests[r]));
    PetscCallMPI(MPI_Type_free(&v->types[r]));
  }
  v->n_requests = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Sides ---- */

/* The part of a ghost in addition to plus or minus the value inside: 2 g, or h times the slope. */
static PetscReal FacePart(const NakPhaseField e, const NakLevel *v, PetscInt f, NakSide s,
                          const PetscInt cell[3], PetscReal inside)
{
  const int       d    = (int)s / 2;
  const PetscReal size = e->box.size[d];
  PetscReal       at[3], g;

  for (int c = 0; c < 3; c++) at[c] = ((PetscReal)(v->start[c] + cell[c]) + 0.5) * v->h[c];
  at[d] = s % 2 ? size : 0;
  g     = e->model->face(e->ctx, f, s, at, e->time, inside);
  return e->model->sides[f][s] == NAK_BOUNDARY_VALUE ? 2 * g : v->h[d] * g;
}

static inline ptrdiff_t InLine(const NakLevel *v, PetscInt i)
{
  return (i & 1) * v->odd + (i >> 1);
}

/* The line of cells next to a side in y or z, for line `l` of its face. */
static ptrdiff_t LineBehind(const NakLevel *v, NakSide s, PetscInt l)
{
  const PetscInt end = s % 2 ? v->m[s / 2] - 1 : 0;

  return s <= NAK_SIDE_NORTH ? NakLineAt(v, end, l) : NakLineAt(v, l, end);
}

static void FaceLine(NakPhaseField e, NakLevel *v, PetscInt f, NakSide s, PetscInt l)
{
  const PetscReal *inside = v->u[f] + LineBehind(v, s, l);
  PetscReal       *part   = v->face[f][s] + l * v->line;
  const PetscInt   end    = s % 2 ? v->m[s / 2] - 1 : 0;

  for (PetscInt i = 0; i < v->n[0]; i++) {
    const PetscInt cell[3] = {i, s <= NAK_SIDE_NORTH ? end : l, s <= NAK_SIDE_NORTH ? l : end};

    part[InLine(v, i)] = FacePart(e, v, f, s, cell, inside[InLine(v, i)]);
  }
}

static void FaceEnd(NakPhaseField e, NakLevel *v, PetscInt f, NakSide s, PetscInt j, PetscInt k)
{
  const PetscInt  i       = s == NAK_SIDE_EAST ? v->n[0] - 1 : 0;
  const PetscInt  cell[3] = {i, j, k};
  const PetscReal inside  = v->u[f][NakLineAt(v, j, k) + InLine(v, i)];

  v->face[f][s][k * v->m[1] + j] = FacePart(e, v, f, s, cell, inside);
}

static void FacesOfLevel(NakPhaseField e, NakLevel *v, PetscInt f, NakSide s)
{
  const PetscInt lines = s <= NAK_SIDE_NORTH ? v->m[2] : v->m[1];

  if (v->face[f][s] == NULL) return;
  if (s <= NAK_SIDE_EAST) {
    for (PetscInt k = 0; k < v->m[2]; k++)
      for (PetscInt j = 0; j < v->m[1]; j++) FaceEnd(e, v, f, s, j, k);
  } else {
    for (PetscInt l = 0; l < lines; l++) FaceLine(e, v, f, s, l);
  }
}

void NakFaces(NakPhaseField e)
{
  if (e->model->face == NULL || e->model->face_follows) return;
  for (PetscInt l = 0; l < e->n_levels; l++)
    for (PetscInt f = 0; f < e->model->count; f++)
      for (int s = 0; s < NAK_SIDES; s++) FacesOfLevel(e, &e->level[l], f, (NakSide)s);
}

/* ---- Filling ---- */

/* The ghost beyond an end of a line that is not periodic. */
static void GhostEnd(NakPhaseField e, NakLevel *v, PetscInt f, NakSide s, PetscInt j, PetscInt k)
{
  PetscReal *const u      = v->u[f] + NakLineAt(v, j, k);
  const PetscInt   last   = v->n[0] - 1;
  const PetscReal  inside = u[InLine(v, s == NAK_SIDE_EAST ? last : 0)];
  PetscReal        ghost  = e->model->sides[f][s] == NAK_BOUNDARY_VALUE ? -inside : inside;

  if (v->face[f][s] != NULL && e->model->face_follows) FaceEnd(e, v, f, s, j, k);
  if (v->face[f][s] != NULL) ghost += v->face[f][s][k * v->m[1] + j];
  u[s == NAK_SIDE_EAST ? InLine(v, last + 1) : v->odd - 1] = ghost;
}

void NakGhostsOfLine(NakPhaseField e, NakLevel *v, PetscInt j, PetscInt k)
{
  const ptrdiff_t at   = NakLineAt(v, j, k);
  const PetscInt  last = v->n[0] - 1;

  for (PetscInt f = 0; f < e->model->count; f++) {
    PetscReal *const u = v->u[f] + at;

    if (e->model->sides[f][NAK_SIDE_WEST] != NAK_BOUNDARY_PERIODIC) {
      GhostEnd(e, v, f, NAK_SIDE_WEST, j, k);
      GhostEnd(e, v, f, NAK_SIDE_EAST, j, k);
      continue;
    }
    u[v->odd - 1]          = u[InLine(v, last)];
    u[InLine(v, last + 1)] = u[0];
  }
}

static void GhostLine(NakPhaseField e, NakLevel *v, PetscInt f, NakSide s, PetscInt l)
{
  const ptrdiff_t step   = s <= NAK_SIDE_NORTH ? v->line : v->plane;
  const PetscReal sign   = e->model->sides[f][s] == NAK_BOUNDARY_VALUE ? -1 : 1;
  PetscReal      *inside = v->u[f] + LineBehind(v, s, l), *ghost = inside + (s % 2 ? step : -step);

  if (v->face[f][s] == NULL) {
    for (ptrdiff_t i = 0; i < v->line; i++) ghost[i] = sign * inside[i];
    return;
  }
  if (e->model->face_follows) FaceLine(e, v, f, s, l);
  for (ptrdiff_t i = 0; i < v->line; i++)
    ghost[i] = sign * inside[i] + v->face[f][s][l * v->line + i];
}

/* Ghost lines of one side that are not another rank's. */
static PetscErrorCode GhostSide(NakPhaseField e, NakLevel *v, PetscInt f, NakSide s)
{
  const int       d     = (int)s / 2;
  const PetscInt  lines = s <= NAK_SIDE_NORTH ? v->m[2] : v->m[1];
  const ptrdiff_t step = s <= NAK_SIDE_NORTH ? v->line : v->plane, cells = step * (v->m[d] - 1);

  PetscFunctionBeginUser;
  if (e->model->sides[f][s] != NAK_BOUNDARY_PERIODIC) {
    if (Touches(v, s))
      for (PetscInt l = 0; l < lines; l++) GhostLine(e, v, f, s, l);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (v->split[d - 1] > 1) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt l = 0; l < lines; l++) {
    PetscReal *inside = v->u[f] + LineBehind(v, s, l);
    PetscReal *ghost  = inside + (s % 2 ? step : -step);

    PetscCall(PetscArraycpy(ghost, inside + (s % 2 ? -cells : cells), v->line));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGhostsOfLines(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  if (v->n_requests > 0) PetscCallMPI(MPI_Startall(v->n_requests, v->requests));
  for (PetscInt f = 0; f < e->model->count; f++)
    for (int s = NAK_SIDE_SOUTH; s < (e->solid ? NAK_SIDES : NAK_SIDE_BOTTOM); s++)
      PetscCall(GhostSide(e, v, f, (NakSide)s));
  if (v->n_requests > 0) /* persistent ones, which the analyser does not know */
    PetscCallMPI(MPI_Waitall(v->n_requests, v->requests, MPI_STATUSES_IGNORE)); // NOLINT
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGhosts(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < v->m[2]; k++)
    for (PetscInt j = 0; j < v->m[1]; j++) NakGhostsOfLine(e, v, j, k);
  PetscCall(NakGhostsOfLines(e, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}
