/* Grid, layout of a column and the DMDA over columns; the contract is in nakfield/state.h. */
#include "state_impl.h"

static NakLayout LayOut(const NakGrid *grid, PetscBool liquid, PetscInt ions, PetscInt counter)
{
  NakLayout l = {.filament = 0, .q_faraday = 1, .q_total = 2, .charge = 3, .phi = 4, .ions = ions};

  l.potential    = NakLayoutPhi(&l, grid->n_electrolyte);
  l.deposit      = l.potential + 1;
  l.open         = l.deposit + 1;
  l.interphase   = l.open + 1;
  l.alloy        = l.interphase + grid->n_interphase;
  l.phases       = grid->phases;
  l.zone         = grid->n_zone;
  l.reservoir_na = NakLayoutAlloy(&l, grid->n_alloy);
  l.reservoir_k  = l.reservoir_na + 1;
  l.potassium    = l.reservoir_k + 1;
  l.salt         = l.potassium + (liquid ? 1 : 0);
  l.excess       = l.salt + (liquid ? 1 : 0);
  l.counter      = l.excess + (ions > 0 ? 2 : 0);
  l.size         = l.counter + counter;
  return l;
}

/* Only the charge that passes, and the zone. */
static NakLayout LayOutBare(const NakGrid *grid)
{
  const PetscInt alloy = 1;
  NakLayout      l     = {.charge     = alloy,
                          .phi        = alloy,
                          .potential  = alloy,
                          .deposit    = alloy,
                          .open       = alloy,
                          .interphase = alloy,
                          .alloy      = alloy,
                          .phases     = grid->phases,
                          .zone       = grid->n_zone};

  l.size         = NakLayoutAlloy(&l, grid->n_alloy);
  l.reservoir_na = l.reservoir_k = l.potassium = l.salt = l.counter = l.size;
  return l;
}

const char *NakLayoutName(const NakLayout *l, PetscInt j)
{
  const struct {
    PetscInt    first;
    const char *name;
  } parts[] = {
    {l->counter,      "the counter electrode"                   },
    {l->excess,       "the liquid beyond the separator"         },
    {l->salt,         "the salt on the face"                    },
    {l->potassium,    "the charge that K has passed"            },
    {l->reservoir_k,  "the K of the reservoir"                  },
    {l->reservoir_na, "the Na of the reservoir"                 },
    {l->alloy,        "the Na content of the alloy"             },
    {l->interphase,   "the Na content of the interphase"        },
    {l->open,         "the share of the face free of the K film"},
    {l->deposit,      "the Na metal at the face"                },
    {l->potential,    "the potential of the face"               },
    {l->phi,          "the potential of the electrolyte"        },
    {l->filament,     "the filament or a charge passed"         }
  };
  int k = 0;

  while (parts[k].first > j) k++;
  if (parts[k].first == l->alloy && !NakLayoutIsRatio(l, j))
    return "an order parameter of the alloy";
  if (parts[k].first == l->phi && (j - l->phi) % (1 + l->ions) > 0)
    return "an ion or the salt in the electrolyte";
  return parts[k].name;
}

static PetscErrorCode CreateGrid(NakState s)
{
  const NakGridParams *p         = &s->params;
  const PetscReal      reservoir = s->total_height - p->alloy_height;
  NakGrid             *g         = &s->grid;
  NakCheckList         list      = {.n = 0};
  PetscReal            side[2];

  PetscFunctionBeginUser;
  NakGridSides(p, side);
  NakGridCheck(p, s->total_height, &list);
  PetscCall(NakCheckRaise(s->comm, &list));
  *g =
    (NakGrid){.nx            = p->nx,
              .ny            = p->ny,
              .n_electrolyte = p->electrolyte_layers,
              .n_interphase  = p->interphase_layers,
              .n_alloy       = p->zone_layers + p->alloy_layers,
              .n_zone        = p->zone_layers,
              .phases        = p->phases,
              .nz = p->electrolyte_layers + p->interphase_layers + p->zone_layers + p->alloy_layers,
              .dx = side[0],
              .dy = side[1],
              .reservoir_height = reservoir,
              .lateral          = (NakLateral)p->lateral};
  PetscCall(NakGridFaces(p, s->electrolyte_height, s->interphase_height, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A direction of one column has no neighbours; ghosts there would only be copies of itself. */
static DMBoundaryType Boundary(const NakGrid *grid, PetscInt n)
{
  return n > 1 && grid->lateral == NAK_LATERAL_PERIODIC ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
}

PetscInt NakStateGroup(PetscInt ranks, NakGroupFits fits, const void *ctx, int d)
{
  PetscInt group = 1;

  while (group < ranks && (ranks % group != 0 || !fits(ctx, d, group))) group++;
  return group;
}

static PetscBool IsMany(const void *ctx, int d, PetscInt group)
{
  (void)ctx;
  (void)d;
  return (PetscBool)(group > 1);
}

/* Ranks in a group, added up over the stages in which px x py ranks become one. */
static PetscInt Gathered(PetscInt px, PetscInt py)
{
  PetscInt sum = 0;

  while (px * py > 1) {
    const PetscInt x = NakStateGroup(px, IsMany, NULL, 0), y = NakStateGroup(py, IsMany, NULL, 1);

    sum += x * y;
    px /= x;
    py /= y;
  }
  return sum;
}

PetscInt NakStateSplit(PetscInt nx, PetscInt ny, PetscInt ranks)
{
  const PetscInt many = 1000;
  PetscInt       best = 0, other = 0;
  int64_t        least = INT64_MAX;

  for (PetscInt px = 1; px <= ranks; px++) {
    const PetscInt py    = ranks / px;
    const int64_t  lines = (int64_t)px * ny + (int64_t)py * nx;

    if (px * py != ranks || px > nx || py > ny || lines > least) continue;
    if (lines == least && (ranks < many || Gathered(px, py) >= Gathered(best, other))) continue;
    best  = px;
    other = py;
    least = lines;
  }
  return best;
}

PetscInt NakStateUsefulRanks(const NakGridParams *params, PetscInt ranks)
{
  PetscInt useful = ranks;

  while (NakStateSplit(params->nx, params->ny, useful) == 0) useful--;
  return useful;
}

/* The coarse cells of each part, with boundaries as near as possible to those of the fine grid.
   Returns whether every part has some. */
static PetscBool Align(PetscInt parts, const PetscInt fine[], PetscInt n_fine, PetscInt n_coarse,
                       PetscInt coarse[])
{
  PetscBool some = PETSC_TRUE;
  PetscInt  at = 0, before = 0;

  for (PetscInt k = 0; k < parts; k++) {
    PetscInt end;

    at += fine[k];
    end = (PetscInt)((2 * (int64_t)at * n_coarse + n_fine) / (2 * (int64_t)n_fine)); /* rounded */
    coarse[k] = end - before;
    before    = end;
    if (coarse[k] == 0) some = PETSC_FALSE;
  }
  return some;
}

/* Ranks in x and y, and the cells of each; NULL: as PETSc divides them. */
typedef struct {
  PetscInt px, py, *lx, *ly;
} Split;

/* The split of a grid, not a copy. */
static PetscErrorCode SplitOf(NakState s, Split *split)
{
  const PetscInt *lx, *ly;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetInfo(s->dm, NULL, NULL, NULL, NULL, &split->px, &split->py, NULL, NULL, NULL,
                        NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(s->dm, &lx, &ly, NULL));
  split->lx = (PetscInt *)lx;
  split->ly = (PetscInt *)ly;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateDM(NakState s, const Split *like)
{
  const NakGrid *g = &s->grid;
  PetscMPIInt    size;
  Split          split = {0};

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  if (like != NULL) {
    split = *like;
  } else {
    split.px = NakStateSplit(g->nx, g->ny, size);
    split.py = split.px > 0 ? size / split.px : 0;
  }
  PetscCheck(split.px > 0, s->comm, PETSC_ERR_USER_INPUT,
             "%d ranks cannot share %" PetscInt_FMT " x %" PetscInt_FMT
             " columns, which are never divided",
             size, g->nx, g->ny);
  PetscCall(DMDACreate2d(s->comm, Boundary(g, g->nx), Boundary(g, g->ny), DMDA_STENCIL_STAR, g->nx,
                         g->ny, split.px, split.py, s->layout.size, 1, split.lx, split.ly, &s->dm));
  PetscCall(DMSetUp(s->dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(MPI_Comm comm, const NakGridParams *params,
                             PetscReal electrolyte_height, PetscReal interphase_height,
                             PetscReal total_height, const Split *like, NakState *state)
{
  NakState s;

  PetscFunctionBeginUser;
  *state = NULL;
  PetscCall(PetscNew(&s));
  s->comm               = comm;
  s->params             = *params;
  s->electrolyte_height = electrolyte_height;
  s->interphase_height  = interphase_height;
  s->total_height       = total_height;
  *state                = s; /* so that the caller can destroy what is left after an error */
  PetscCall(CreateGrid(s));
  s->layout = params->bare
                ? LayOutBare(&s->grid)
                : LayOut(&s->grid, (PetscBool)(params->liquid > 0), params->ions, params->counter);
  PetscCall(CreateDM(s, like));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStateCreate(MPI_Comm comm, const NakGridParams *params,
                              PetscReal electrolyte_height, PetscReal interphase_height,
                              PetscReal total_height, NakState *state)
{
  PetscFunctionBeginUser;
  PetscCall(Create(comm, params, electrolyte_height, interphase_height, total_height, NULL, state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same cell on another grid in x and y. */
static PetscErrorCode CreateLike(NakState from, MPI_Comm comm, PetscInt nx, PetscInt ny,
                                 const Split *split, NakState *state)
{
  NakGridParams params = from->params;

  PetscFunctionBeginUser;
  params.nx    = nx;
  params.ny    = ny;
  params.depth = from->grid.dy * (PetscReal)from->grid.ny;
  PetscCall(Create(comm, &params, from->electrolyte_height, from->interphase_height,
                   from->total_height, split, state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Half the cells of one direction, if every rank keeps some; its parts in `coarse`. */
static PetscInt Halve(PetscInt parts, const PetscInt fine[], PetscInt n, PetscInt coarse[])
{
  const PetscInt half = (n + 1) / 2;

  if (Align(parts, fine, n, half, coarse)) return half;
  for (PetscInt k = 0; k < parts; k++) coarse[k] = fine[k];
  return n;
}

PetscErrorCode NakStateCoarsen(NakState fine, NakState *coarse)
{
  Split    split, half;
  PetscInt nx, ny;

  PetscFunctionBeginUser;
  *coarse = NULL;
  PetscCall(SplitOf(fine, &split));
  half = split;
  PetscCall(PetscMalloc2(split.px, &half.lx, split.py, &half.ly));
  nx = Halve(split.px, split.lx, fine->grid.nx, half.lx);
  ny = Halve(split.py, split.ly, fine->grid.ny, half.ly);
  if (nx < fine->grid.nx || ny < fine->grid.ny)
    PetscCall(CreateLike(fine, fine->comm, nx, ny, &half, coarse));
  PetscCall(PetscFree2(half.lx, half.ly));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStateRanks(NakState state, PetscInt ranks[2])
{
  Split split;

  PetscFunctionBeginUser;
  PetscCall(SplitOf(state, &split));
  ranks[0] = split.px;
  ranks[1] = split.py;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put the cells of every `group` parts together. */
static void Join(PetscInt parts, PetscInt group, const PetscInt cells[], PetscInt joined[])
{
  for (PetscInt k = 0; k < parts / group; k++) joined[k] = 0;
  for (PetscInt k = 0; k < parts; k++) joined[k / group] += cells[k];
}

PetscErrorCode NakStateRegroup(NakState shared, const PetscInt group[2], NakState *regrouped)
{
  const NakGrid *g = &shared->grid;
  Split          split, joined;
  PetscMPIInt    rank;
  MPI_Comm       comm;
  PetscInt       place;

  PetscFunctionBeginUser;
  PetscCall(SplitOf(shared, &split));
  joined = (Split){.px = split.px / group[0], .py = split.py / group[1]};
  PetscCall(PetscMalloc2(joined.px, &joined.lx, joined.py, &joined.ly));
  Join(split.px, group[0], split.lx, joined.lx);
  Join(split.py, group[1], split.ly, joined.ly);
  PetscCallMPI(MPI_Comm_rank(shared->comm, &rank));
  place = rank / split.px % group[1] * group[0] + rank % split.px % group[0];
  PetscCallMPI(MPI_Comm_split(shared->comm, (int)place, rank, &comm));
  PetscCall(CreateLike(shared, comm, g->nx, g->ny, &joined, regrouped));
  (*regrouped)->own_comm = PETSC_TRUE;
  PetscCall(PetscFree2(joined.lx, joined.ly));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStateDestroy(NakState *state)
{
  PetscFunctionBeginUser;
  if (*state == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDestroy(&(*state)->dm));
  if ((*state)->own_comm) PetscCallMPI(MPI_Comm_free(&(*state)->comm));
  PetscCall(PetscFree((*state)->grid.z));
  PetscCall(PetscFree(*state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const NakGrid *NakStateGrid(NakState state)
{
  return &state->grid;
}

const NakLayout *NakStateLayout(NakState state)
{
  return &state->layout;
}

DM NakStateDM(NakState state)
{
  return state->dm;
}

PetscErrorCode NakStateBox(NakState state, NakBox *box)
{
  PetscFunctionBeginUser;
  PetscCall(DMDAGetCorners(state->dm, &box->xs, &box->ys, NULL, &box->xm, &box->ym, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakPartOf(DM dm, PetscBool ghosts, NakPart *p)
{
  PetscErrorCode (*const corners)(DM, PetscInt *, PetscInt *, PetscInt *, PetscInt *, PetscInt *,
                                  PetscInt *) = ghosts ? DMDAGetGhostCorners : DMDAGetCorners;

  PetscFunctionBeginUser;
  PetscCall(corners(dm, &p->start[0], &p->start[1], &p->start[2], &p->count[0], &p->count[1],
                    &p->count[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
