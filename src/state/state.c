/* Grid, layout of a column and the DMDA over columns; the contract is in nakfield/state.h. */
#include "state_impl.h"

static NakLayout LayOut(const NakGrid *grid, PetscBool liquid, PetscInt counter)
{
  NakLayout l = {.filament = 0, .q_faraday = 1, .q_total = 2, .charge = 3, .phi = 4};

  l.potential    = l.phi + grid->n_electrolyte;
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
  l.counter      = l.salt + (liquid ? 1 : 0);
  l.size         = l.counter + counter;
  return l;
}

const char *NakLayoutName(const NakLayout *l, PetscInt j)
{
  const struct {
    PetscInt    first;
    const char *name;
  } parts[] = {
    {l->counter,      "the counter electrode"                   },
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
  return parts[k].name;
}

static PetscErrorCode CreateGrid(NakState s)
{
  const NakGridParams *p         = &s->params;
  const PetscReal      reservoir = s->total_height - p->alloy_height;
  NakGrid             *g         = &s->grid;
  NakComplaints        list      = {.n = 0};
  PetscReal            side[2];

  PetscFunctionBeginUser;
  NakGridSides(p, side);
  NakGridCheck(p, s->total_height, &list);
  PetscCall(NakComplaintsRaise(s->comm, &list));
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

/* Split `ranks` into px x py with the shortest lines between them; 0 where they do not fit. */
static PetscInt Partition(PetscInt nx, PetscInt ny, PetscInt ranks)
{
  PetscInt best  = 0;
  int64_t  least = INT64_MAX;

  for (PetscInt px = 1; px <= ranks; px++) {
    const PetscInt py    = ranks / px;
    const int64_t  lines = (int64_t)px * ny + (int64_t)py * nx;

    if (px * py != ranks || px > nx || py > ny || lines >= least) continue;
    best  = px;
    least = lines;
  }
  return best;
}

PetscInt NakStateUsefulRanks(const NakGridParams *params, PetscInt ranks)
{
  PetscInt useful = ranks;

  while (Partition(params->nx, params->ny, useful) == 0) useful--;
  return useful;
}

/* The coarse cells of each part, so that its boundaries lie as near as can be to those of the fine
   one; whether every part has some. */
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

/* `like`: the finer grid whose parts those of this one are to lie under, or NULL. */
static PetscErrorCode CreateDM(NakState s, NakState like)
{
  const NakGrid *g  = &s->grid;
  PetscInt      *lx = NULL, *ly = NULL, px, py;
  PetscMPIInt    size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  px = Partition(g->nx, g->ny, size);
  py = px > 0 ? size / px : 0;
  if (like != NULL) {
    const PetscInt *fine_x, *fine_y;

    PetscCall(DMDAGetInfo(like->dm, NULL, NULL, NULL, NULL, &px, &py, NULL, NULL, NULL, NULL, NULL,
                          NULL, NULL));
    PetscCall(DMDAGetOwnershipRanges(like->dm, &fine_x, &fine_y, NULL));
    PetscCall(PetscMalloc2(px, &lx, py, &ly));
    Align(px, fine_x, like->grid.nx, g->nx, lx);
    Align(py, fine_y, like->grid.ny, g->ny, ly);
  }
  PetscCheck(px > 0, s->comm, PETSC_ERR_USER_INPUT,
             "%d ranks cannot share %" PetscInt_FMT " x %" PetscInt_FMT
             " columns, which are never divided",
             size, g->nx, g->ny);
  PetscCall(DMDACreate2d(s->comm, Boundary(g, g->nx), Boundary(g, g->ny), DMDA_STENCIL_STAR, g->nx,
                         g->ny, px, py, s->layout.size, 1, lx, ly, &s->dm));
  PetscCall(DMSetUp(s->dm));
  PetscCall(PetscFree2(lx, ly));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(MPI_Comm comm, const NakGridParams *params,
                             PetscReal electrolyte_height, PetscReal interphase_height,
                             PetscReal total_height, NakState like, NakState *state)
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
  *state                = s; /* so that the caller can destroy what an error leaves behind */
  PetscCall(CreateGrid(s));
  s->layout = LayOut(&s->grid, (PetscBool)(params->liquid > 0), params->counter);
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

/* Half the cells of one direction, where every rank keeps some. */
static PetscErrorCode Halve(PetscInt parts, const PetscInt fine[], PetscInt *n)
{
  const PetscInt half = (*n + 1) / 2;
  PetscInt      *coarse;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(parts, &coarse));
  if (Align(parts, fine, *n, half, coarse)) *n = half;
  PetscCall(PetscFree(coarse));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStateCoarsen(NakState fine, NakState *coarse)
{
  NakGridParams   params = fine->params;
  const PetscInt *lx, *ly;
  PetscInt        px, py;

  PetscFunctionBeginUser;
  *coarse = NULL;
  PetscCall(DMDAGetInfo(fine->dm, NULL, NULL, NULL, NULL, &px, &py, NULL, NULL, NULL, NULL, NULL,
                        NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(fine->dm, &lx, &ly, NULL));
  PetscCall(Halve(px, lx, &params.nx));
  PetscCall(Halve(py, ly, &params.ny));
  if (params.nx == fine->params.nx && params.ny == fine->params.ny)
    PetscFunctionReturn(PETSC_SUCCESS);
  params.depth = fine->grid.dy * (PetscReal)fine->grid.ny;
  PetscCall(Create(fine->comm, &params, fine->electrolyte_height, fine->interphase_height,
                   fine->total_height, fine, coarse));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStateReplicate(NakState shared, NakState *whole)
{
  NakGridParams params = shared->params;

  PetscFunctionBeginUser;
  params.depth = shared->grid.dy * (PetscReal)shared->grid.ny;
  PetscCall(Create(PETSC_COMM_SELF, &params, shared->electrolyte_height, shared->interphase_height,
                   shared->total_height, NULL, whole));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStateDestroy(NakState *state)
{
  PetscFunctionBeginUser;
  if (*state == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDestroy(&(*state)->dm));
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
