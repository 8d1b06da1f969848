/* Transfer between two grids.  Restriction is the average over what a coarse cell overlaps.
   Interpolation is c + sum over x, y, z of theta (neighbour - c), exact for linear functions and
   without corners. */
#include "phasefield_impl.h"

/* ---- Tables of one direction ---- */

static void Interpolation(PetscInt i, PetscInt n_fine, PetscInt n_coarse, PetscInt *home,
                          PetscInt *side, PetscReal *theta)
{
  const PetscReal at  = ((PetscReal)i + 0.5) * (PetscReal)n_coarse / (PetscReal)n_fine - 0.5;
  const PetscReal off = at - PetscFloorReal(at + 0.5);

  *home  = (PetscInt)PetscFloorReal(at + 0.5);
  *side  = off < 0 ? -1 : 1;
  *theta = PetscAbsReal(off);
}

static void Average(PetscInt i, PetscInt n_fine, PetscInt n_coarse, PetscInt *from,
                    PetscReal share[NAK_WIDE])
{
  const PetscReal ratio = (PetscReal)n_fine / (PetscReal)n_coarse, rounding = 1e-9;
  const PetscReal begin = (PetscReal)i * ratio, end = begin + ratio;

  *from = (PetscInt)PetscFloorReal(begin + rounding);
  for (PetscInt k = 0; k < NAK_WIDE; k++) {
    const PetscReal low     = (PetscReal)(*from + k);
    const PetscReal overlap = PetscMin(end, low + 1) - PetscMax(begin, low);

    share[k] = overlap > rounding ? overlap / ratio : 0;
  }
}

PetscErrorCode NakTransferTablesCreate(NakLevel *fine, const NakLevel *coarse)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) {
    NakTransfer   *t     = &fine->coarser[d];
    const PetscInt first = fine->n[d] == coarse->n[d] ? fine->start[d] : fine->start[d] / 2;

    t->fine   = fine->m[d];
    t->halved = (PetscBool)(fine->n[d] == 2 * coarse->n[d]);
    t->coarse = fine->m[d] == fine->n[d] ? coarse->n[d] : fine->m[d] / 2;
    PetscCall(PetscMalloc5(t->fine, &t->home, t->fine, &t->side, t->fine, &t->theta, t->coarse,
                           &t->from, NAK_WIDE * t->coarse, &t->share));
    for (PetscInt i = 0; i < t->fine; i++) {
      Interpolation(fine->start[d] + i, fine->n[d], coarse->n[d], &t->home[i], &t->side[i],
                    &t->theta[i]);
      t->home[i] -= coarse->start[d];
    }
    for (PetscInt i = 0; i < t->coarse; i++) {
      Average(first + i, fine->n[d], coarse->n[d], &t->from[i], t->share + (ptrdiff_t)NAK_WIDE * i);
      t->from[i] -= fine->start[d];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakTransferTablesDestroy(NakLevel *fine)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) {
    NakTransfer *t = &fine->coarser[d];

    PetscCall(PetscFree5(t->home, t->side, t->theta, t->from, t->share));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Down ---- */

/* Add a share of a line, by halves. */
static void AddLine(const NakLevel *v, PetscReal share, const PetscReal *restrict line,
                    PetscReal *restrict sum)
{
  for (ptrdiff_t i = 0; i < v->line; i++) sum[i] += share * line[i];
}

/* Add a fraction of the residual in line (j, k) to lines of the buffer. */
static void AddResidual(NakPhaseField e, const NakLevel *v, PetscInt j, PetscInt k, PetscReal share,
                        PetscReal *sums)
{
  PetscReal *const out = e->buffer + e->buffer_line * 2 * NAK_FIELDS_MAX;

  for (PetscInt parity = 0; parity < 2; parity++) {
    const NakLine line                 = NakSmoothLine(e, v, j, k, parity);
    PetscReal    *outs[NAK_FIELDS_MAX] = {NULL};

    for (PetscInt f = 0; f < e->model->count; f++) outs[f] = out + f * e->buffer_line;
    NakApply(e, &line, outs);
    for (PetscInt f = 0; f < e->model->count; f++) {
      PetscReal *restrict const s         = sums + f * e->buffer_line + (parity ? v->odd : 0);
      const PetscReal *restrict const rhs = line.rhs[f], *restrict const image = outs[f];

      for (PetscInt i = 0; i < line.n; i++) s[i] += share * (rhs[i] - image[i]);
    }
  }
}

/* The same for the frozen coefficients. */
static void AddFrozen(NakPhaseField e, const NakLevel *v, PetscInt j, PetscInt k, PetscReal share,
                      PetscReal *sums)
{
  PetscReal *const out = e->buffer + e->buffer_line * 2 * NAK_FIELDS_MAX;

  for (PetscInt parity = 0; parity < 2; parity++) {
    const NakLine line                 = NakHalfLine(e, v, v->u, j, k, parity);
    PetscReal    *outs[NAK_FIELDS_MAX] = {NULL};

    for (PetscInt q = 0; q < e->model->n_frozen; q++) outs[q] = out + q * e->buffer_line;
    if (v->index == 0) e->model->freeze(e->ctx, &line, outs);
    for (PetscInt q = 0; q < e->model->n_frozen; q++)
      AddLine(&(NakLevel){.line = line.n}, share, v->index == 0 ? outs[q] : line.frozen[q],
              sums + q * e->buffer_line + (parity ? v->odd : 0));
  }
}

/* Average a line in x, from halves to halves. */
static void AverageLine(const NakLevel *fine, const NakLevel *coarse, const PetscReal *restrict sum,
                        PetscReal *restrict line)
{
  const NakTransfer *t = &fine->coarser[0];

  if (t->halved) {
    for (PetscInt parity = 0; parity < 2; parity++) {
      const PetscInt n               = NakHalf(coarse->n[0], parity);
      PetscReal *restrict half       = line + (parity ? coarse->odd : 0);
      const PetscReal *restrict even = sum + parity, *restrict odd = sum + fine->odd + parity;

      for (ptrdiff_t i = 0; i < n; i++) half[i] = 0.5 * (even[2 * i] + odd[2 * i]);
    }
    return;
  }
  for (PetscInt i = 0; i < t->coarse; i++) {
    PetscReal value = 0;

    for (PetscInt w = 0; w < NAK_WIDE; w++) {
      const PetscInt  from  = PetscMin(t->from[i] + w, fine->n[0] - 1);
      const PetscReal share = t->share[(ptrdiff_t)NAK_WIDE * i + w];

      value += share * sum[(from & 1) * fine->odd + (from >> 1)];
    }
    line[(i & 1) * coarse->odd + (i >> 1)] = value;
  }
}

/* Average u and residual into line (j, k) of the part that this rank restricts; sums begin at
   zero. */
static PetscErrorCode RestrictLine(NakPhaseField e, const NakLevel *fine, const NakLevel *coarse,
                                   PetscInt j, PetscInt k, ptrdiff_t to)
{
  const NakTransfer *ty = &fine->coarser[1], *tz = &fine->coarser[2];
  const PetscInt     count     = e->model->count;
  PetscReal *u[NAK_FIELDS_MAX] = {NULL}, *r[NAK_FIELDS_MAX] = {NULL}, *s[NAK_FIELDS_MAX] = {NULL};

  PetscFunctionBeginUser;
  for (PetscInt q = 0; q < e->model->n_frozen; q++) {
    s[q] = e->buffer + (3 * NAK_FIELDS_MAX + q) * e->buffer_line;
    PetscCall(PetscArrayzero(s[q], e->buffer_line));
  }
  for (PetscInt f = 0; f < count; f++) {
    u[f] = e->buffer + f * e->buffer_line;
    r[f] = e->buffer + (NAK_FIELDS_MAX + f) * e->buffer_line;
    PetscCall(PetscArrayzero(u[f], e->buffer_line));
    PetscCall(PetscArrayzero(r[f], e->buffer_line));
  }
  for (int w = 0; w < NAK_WIDE * NAK_WIDE; w++) {
    const PetscReal share = ty->share[(ptrdiff_t)NAK_WIDE * j + w % NAK_WIDE] *
                            tz->share[(ptrdiff_t)NAK_WIDE * k + w / NAK_WIDE];
    const PetscInt fj = ty->from[j] + w % NAK_WIDE, fk = tz->from[k] + w / NAK_WIDE;

    if (share == 0) continue;
    for (PetscInt f = 0; f < count; f++)
      AddLine(fine, share, fine->u[f] + NakLineAt(fine, fj, fk), u[f]);
    AddResidual(e, fine, fj, fk, share, e->buffer + e->buffer_line * NAK_FIELDS_MAX);
    if (e->model->n_frozen > 0)
      AddFrozen(e, fine, fj, fk, share, e->buffer + e->buffer_line * 3 * NAK_FIELDS_MAX);
  }
  for (PetscInt f = 0; f < count; f++) {
    AverageLine(fine, coarse, u[f], coarse->u[f] + to);
    AverageLine(fine, coarse, r[f], coarse->rhs[f] + to);
  }
  for (PetscInt q = 0; q < e->model->n_frozen; q++)
    AverageLine(fine, coarse, s[q], coarse->frozen[q] + to);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A line in the order of its cells, to a buffer or from it. */
static void CopyLine(const NakLevel *v, PetscReal *line, PetscReal *buffer, PetscBool pack)
{
  for (PetscInt i = 0; i < v->n[0]; i++) {
    PetscReal *const cell = &line[(i & 1) * v->odd + (i >> 1)];

    if (pack)
      buffer[i] = *cell;
    else
      *cell = buffer[i];
  }
}

/* Copy a box, counted from the own cells, between a grid and a buffer. */
static void CopyBox(NakPhaseField e, NakLevel *v, const PetscInt box[4], PetscReal *buffer,
                    PetscBool pack)
{
  const PetscInt count = e->model->count;

  for (PetscInt f = 0; f < 2 * count + e->model->n_frozen; f++) {
    PetscReal *array = v->frozen[PetscMax(f - 2 * count, 0)];

    if (f < 2 * count) array = f < count ? v->u[f] : v->rhs[f - count];
    for (PetscInt l = 0; l < box[1] * box[3]; l++, buffer += v->n[0])
      CopyLine(v, array + NakLineAt(v, box[0] + l % box[1], box[2] + l / box[1]), buffer, pack);
  }
}

/* Give every rank of a group all parts of a grid, of which each has restricted one. */
static PetscErrorCode GatherLevel(NakPhaseField e, NakLevel *v)
{
  PetscFunctionBeginUser;
  CopyBox(e, v, v->boxes + (ptrdiff_t)4 * v->member, v->own, PETSC_TRUE);
  PetscCallMPI(MPI_Allgatherv(v->own, v->counts[v->member], MPIU_REAL, v->gathered, v->counts,
                              v->offsets, MPIU_REAL, v->group));
  for (PetscMPIInt r = 0; r < v->members; r++)
    CopyBox(e, v, v->boxes + (ptrdiff_t)4 * r, v->gathered + v->offsets[r], PETSC_FALSE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* rhs of the coarse problem: the restricted residual plus the operator at the restricted u. */
static void AddImage(NakPhaseField e, NakLevel *v)
{
  PetscReal *outs[NAK_FIELDS_MAX] = {NULL};

  for (PetscInt f = 0; f < e->model->count; f++) outs[f] = e->buffer + f * e->buffer_line;
  for (PetscInt h = 0; h < NakHalfLines(v); h++) {
    PetscInt j, k, parity;

    NakHalfLineOf(v, h, &j, &k, &parity);
    const NakLine   line = NakHalfLine(e, v, v->u, j, k, parity);
    const ptrdiff_t at   = NakLineAt(v, j, k) + (parity ? v->odd : 0);

    NakApply(e, &line, outs);
    for (PetscInt f = 0; f < e->model->count; f++)
      AddLine(&(NakLevel){.line = line.n}, 1, outs[f], v->rhs[f] + at);
  }
}

PetscErrorCode NakRestrict(NakPhaseField e, NakLevel *fine, NakLevel *coarse)
{
  const PetscBool gather = (PetscBool)(coarse->group != MPI_COMM_NULL);

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < fine->coarser[2].coarse; k++) {
    for (PetscInt j = 0; j < fine->coarser[1].coarse; j++) {
      const PetscInt *box = gather ? coarse->boxes + (ptrdiff_t)4 * coarse->member : NULL;

      PetscCall(
        RestrictLine(e, fine, coarse, j, k,
                     NakLineAt(coarse, j + (gather ? box[0] : 0), k + (gather ? box[2] : 0))));
    }
  }
  if (gather) PetscCall(GatherLevel(e, coarse));
  PetscCall(NakGhosts(e, coarse));
  for (PetscInt f = 0; f < e->model->count; f++)
    PetscCall(PetscArraycpy(coarse->before[f], coarse->u[f], coarse->size));
  AddImage(e, coarse);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Up ---- */

/* A line's correction, from halves to the order of cells, ghosts included; out[0] is the western
   ghost. */
static void Correction(const NakLevel *v, PetscInt f, ptrdiff_t at, PetscReal *restrict out)
{
  const PetscReal *restrict u = v->u[f] + at, *restrict b = v->before[f] + at;
  const PetscInt n = v->n[0];

  out[0] = u[v->odd - 1] - b[v->odd - 1];
  for (PetscInt i = 0; i < NakHalf(n + 1, 0); i++) out[1 + 2 * i] = u[i] - b[i];
  for (PetscInt i = 0; i < NakHalf(n + 1, 1); i++) out[2 + 2 * i] = u[v->odd + i] - b[v->odd + i];
}

/* Add theta times the difference of a neighbouring line to the one at home. */
static void Lean(PetscInt n, PetscReal theta, const PetscReal *restrict home,
                 const PetscReal *restrict side, PetscReal *restrict base)
{
  for (PetscInt i = 0; i < n; i++) base[i] += theta * (side[i] - home[i]);
}

static void AddCorrection(const NakLevel *fine, const PetscReal *restrict home,
                          const PetscReal *restrict base, PetscReal *restrict u)
{
  const NakTransfer *t     = &fine->coarser[0];
  PetscReal *restrict even = u, *restrict odd = u + fine->odd;

  if (t->halved) {
    for (PetscInt i = 0; i < t->coarse; i++) {
      even[i] += base[i + 1] + 0.25 * (home[i] - home[i + 1]);
      odd[i] += base[i + 1] + 0.25 * (home[i + 2] - home[i + 1]);
    }
    return;
  }
  for (PetscInt i = 0; i < t->fine; i++) {
    const PetscInt at = 1 + t->home[i];

    u[(i & 1) * fine->odd + (i >> 1)] +=
      base[at] + t->theta[i] * (home[at + t->side[i]] - home[at]);
  }
}

static PetscErrorCode ProlongLine(NakPhaseField e, NakLevel *fine, const NakLevel *coarse,
                                  PetscInt j, PetscInt k)
{
  const NakTransfer *ty = &fine->coarser[1], *tz = &fine->coarser[2];
  const PetscInt     n  = coarse->n[0] + 2;
  const ptrdiff_t    at = NakLineAt(coarse, ty->home[j], tz->home[k]);
  PetscReal *const home = e->buffer, *const side = home + e->buffer_line;
  PetscReal *const base = side + e->buffer_line;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < e->model->count; f++) {
    Correction(coarse, f, at, home);
    PetscCall(PetscArraycpy(base, home, n));
    if (ty->theta[j] > 0) {
      Correction(coarse, f, at + ty->side[j] * coarse->line, side);
      Lean(n, ty->theta[j], home, side, base);
    }
    if (e->solid && tz->theta[k] > 0) {
      Correction(coarse, f, at + tz->side[k] * coarse->plane, side);
      Lean(n, tz->theta[k], home, side, base);
    }
    AddCorrection(fine, home, base, fine->u[f] + NakLineAt(fine, j, k));
  }
  NakGhostsOfLine(e, fine, j, k);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProlong(NakPhaseField e, NakLevel *fine, const NakLevel *coarse)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < fine->m[2]; k++)
    for (PetscInt j = 0; j < fine->m[1]; j++) PetscCall(ProlongLine(e, fine, coarse, j, k));
  PetscCall(NakGhostsOfLines(e, fine));
  PetscFunctionReturn(PETSC_SUCCESS);
}
