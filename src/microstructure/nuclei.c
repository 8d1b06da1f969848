/* Nuclei: where they appear, and how they are inserted; the contract is in
   nakfield/microstructure.h. */
#include "microstructure_impl.h"

#include <math.h>

/* ---- Inserting ---- */

/* Distance of a cell from a point; in a periodic box the shorter way round. */
static PetscReal Distance(const NakMixBox b, PetscInt n, PetscInt k, const PetscReal centre[3])
{
  PetscReal at[3], sum = 0;

  NakMixPlace(b, n, k, at);
  for (int d = 0; d < 3; d++) {
    PetscReal away = PetscAbsReal(at[d] - centre[d]);

    if (b->params.n[d] == 1) continue;
    if (b->periodic[d]) away = PetscMin(away, b->params.size[d] - away);
    sum += away * away;
  }
  return PetscSqrtReal(sum);
}

typedef struct {
  PetscInt         phase;
  const PetscReal *centre;
  PetscReal        radius;
} Nucleus;

/* The weight of a cell when a nucleus rejects or takes metal: its part of the remainder. */
static PetscReal Weight(const NakMixBox b, const Nucleus *nucleus, PetscReal distance,
                        const PetscReal u[])
{
  const PetscReal   reach = 2 * nucleus->radius + b->zone.mix.width;
  const NakMixPoint p     = NakMixHolding(&b->zone.mix, u, u[0]);

  return p.h[NAK_BODY_LIQUID] * p.dX[0] * PetscExpReal(-PetscSqr(distance / reach));
}

/* Pass 0 lets the phase grow at constant mu.  It adds up what X gained, and the weights of the
   liquid around.  Pass 1 takes the gain from that liquid.  Returns whether every cell can hold what
   it then has. */
static PetscErrorCode Pass(NakMixBox b, const Nucleus *nucleus, int pass, PetscReal sum[2],
                           PetscBool *ok)
{
  PetscReal *u;

  PetscFunctionBeginUser;
  *ok = PETSC_TRUE;
  PetscCall(VecGetArray(b->U, &u));
  for (PetscInt n = 0; n < b->owned; n++)
    for (PetscInt k = 0; k < b->zone.layers; k++) {
      PetscReal *const here = u + NakMixAtCell(b, n, k);
      const PetscReal  r    = Distance(b, n, k, nucleus->centre);

      if (pass == 0) {
        const PetscReal part =
          0.5 - 0.5 * PetscTanhReal(2 * (r - nucleus->radius) / b->zone.mix.width);

        sum[0] += NakZoneFill(&b->zone, nucleus->phase, part, here);
        sum[1] += Weight(b, nucleus, r, here);
      } else {
        here[0] -= sum[0] / sum[1] * Weight(b, nucleus, r, here);
        if (!(here[0] > 0 && here[0] < 1)) *ok = PETSC_FALSE;
      }
    }
  PetscCall(VecRestoreArray(b->U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixBoxInsert(NakMixBox b, PetscInt phase, const PetscReal centre[3],
                               PetscReal radius)
{
  const Nucleus nucleus = {phase, centre, radius};
  PetscReal     sum[2]  = {0, 0};
  PetscBool     ok;

  PetscFunctionBeginUser;
  PetscCall(Pass(b, &nucleus, 0, sum, &ok));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPIU_SUM, b->comm));
  PetscCall(Pass(b, &nucleus, 1, sum, &ok));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &ok, 1, MPIU_BOOL, MPI_MIN, b->comm));
  PetscCheck(ok, b->comm, PETSC_ERR_USER_INPUT,
             "a nucleus of %.4g um rejects more metal than the liquid around it takes: choose a "
             "smaller one or a larger box",
             NAK_UM(radius));
  NakBdfForget(b->bdf);
  b->integrator.next = b->params.first_step;
  b->integrator.nuclei++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which of the grains of a body a nucleus becomes. */
static PetscInt Grain(NakMixBox b, NakBody body, PetscInt cell, PetscInt slot)
{
  const PetscInt  count = body == NAK_BODY_SOLID_B ? b->params.grains_b : b->params.grains_a;
  const PetscInt  first = 1 + (body == NAK_BODY_SOLID_B ? 0 : b->params.grains_b);
  const PetscReal r     = NakRandomOne(b->params.seed, cell, slot, NAK_STREAM_GRAIN);

  return first + PetscMin(count - 1, (PetscInt)(r * (PetscReal)count));
}

PetscErrorCode NakMixBoxSeed(NakMixBox b)
{
  const NakMixParams *p      = &b->params;
  const PetscReal     radius = p->nucleus_radius > 0 ? p->nucleus_radius : p->width;
  const NakBody       body   = p->nuclei_body == 0 ? NAK_BODY_SOLID_B : NAK_BODY_SOLID_A;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < p->nuclei; k++) {
    PetscReal at[3];

    for (int d = 0; d < 3; d++)
      at[d] =
        p->size[d] * (p->nuclei == 1 ? 0.5 : NakRandomOne(p->seed, 3 * k + d, 0, NAK_STREAM_START));
    if (p->nuclei_on_wall) at[2] = 0;
    PetscCall(NakMixBoxInsert(b, Grain(b, body, k, -1), at, radius));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Nucleation in time ---- */

/* Expected number of nuclei of a body per site and second at a point in the liquid.  Classical
   theory, with the greatest driving force at this mu and the reduction by a wall. */
static PetscReal Boltzmann(NakMixBox b, NakBody body, PetscReal mu, PetscReal angle)
{
  const PetscReal      avogadro = 6.02214076e23;
  const PetscReal      tension = body == NAK_BODY_SOLID_B ? b->params.material.b.solid_liquid_energy
                                                          : b->params.material.a.solid_liquid_energy;
  const NakBranchPoint liquid  = NakBranchAt(&b->zone.mix.branch[NAK_BODY_LIQUID], mu, 0);
  const NakBranchPoint solid   = NakBranchAt(&b->zone.mix.branch[body], mu, 0);
  const PetscReal      gain    = liquid.omega - solid.omega;
  const PetscReal      richer  = body == NAK_BODY_SOLID_B ? liquid.x - solid.x : solid.x - liquid.x;
  const PetscReal      C       = PetscCosReal(angle * PETSC_PI / 180);
  const PetscReal      f       = (2 + C) * PetscSqr(1 - C) / 4;
  const PetscReal      RT = b->zone.mix.branch[NAK_BODY_LIQUID].solution.RT, V = b->zone.mix.volume;
  const PetscReal      barrier =
    16 * PETSC_PI / 3 * tension * tension * tension * PetscSqr(V / gain) * f;

  /* Far beyond the end of its branch a solid is a parabola, which falls below the liquid again. */
  return gain > 0 && richer > 0 ? PetscExpReal(-barrier * avogadro / RT) : 0;
}

typedef struct {
  PetscInt cell, body, wall;
} Candidate;

/* Whether a cell nucleates in this slot. */
static PetscBool Happens(NakMixBox b, PetscReal mu, PetscInt cell, PetscInt slot,
                         const Candidate *c)
{
  const NakMixParams *p     = &b->params;
  const NakBody       body  = (NakBody)c->body;
  const PetscReal     sites = c->wall ? p->wall_sites * b->cell / b->h[2] : p->bulk_sites * b->cell;
  const PetscReal     angle = !c->wall ? 180 : body == NAK_BODY_SOLID_B ? p->angle_b : p->angle_a;
  const PetscInt      stream =
    2 * (c->wall ? NAK_STREAM_WALL : NAK_STREAM_BULK) + (body == NAK_BODY_SOLID_A) + 10;
  const PetscReal rate = sites > 0 ? sites * Boltzmann(b, body, mu, angle) : 0;

  return (PetscBool)(NakRandomOne(p->seed, cell, slot, stream) <= -expm1(-rate * p->interval));
}

static PetscBool IsLiquid(const NakZone *z, const PetscReal u[])
{
  PetscReal liquid = 1;

  for (PetscInt k = 1; k <= z->phases; k++) liquid -= u[k];
  return (PetscBool)(liquid > 0.95);
}

/* The candidates of a cell: returns their number.  If `list` is not NULL, it receives them. */
static PetscMPIInt CollectCell(NakMixBox b, const PetscReal u[], PetscInt cell, PetscBool wall,
                               PetscInt slot, Candidate list[])
{
  PetscMPIInt count = 0;
  PetscReal   mu;

  if (!IsLiquid(&b->zone, u)) return 0;
  mu = b->zone.mix.RT * NakMixPotential(&b->zone.mix, u, u[0]);
  for (int way = 0; way < 4; way++) {
    const Candidate c = {cell, way % 2 == 0 ? NAK_BODY_SOLID_B : NAK_BODY_SOLID_A, way / 2};

    if (!b->zone.mix.used[c.body] || (c.wall && !wall)) continue;
    if (!Happens(b, mu, cell, slot, &c)) continue;
    if (list != NULL) list[count] = c;
    count++;
  }
  return count;
}

/* Own candidates: returns their number.  If `list` is not NULL, it receives them. */
static PetscErrorCode Collect(NakMixBox b, PetscInt slot, Candidate list[], PetscMPIInt *count)
{
  const PetscInt  *n = b->params.n;
  const PetscReal *u;

  PetscFunctionBeginUser;
  *count = 0;
  PetscCall(VecGetArrayRead(b->U, &u));
  for (PetscInt c = 0; c < b->owned; c++)
    for (PetscInt k = 0; k < b->zone.layers; k++) {
      const PetscInt x = b->own.xs + c % b->own.xm, y = b->own.ys + c / b->own.xm;

      *count +=
        CollectCell(b, u + NakMixAtCell(b, c, k), (k * n[1] + y) * n[0] + x,
                    (PetscBool)(k == 0 && b->zone.wall), slot, list != NULL ? list + *count : NULL);
    }
  PetscCall(VecRestoreArrayRead(b->U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All candidates on every rank, in the order of cells. */
static PetscErrorCode GatherCandidates(NakMixBox b, const Candidate mine[], PetscMPIInt count,
                                       Candidate **all, PetscInt *total)
{
  PetscFunctionBeginUser;
  PetscCall(NakGatherAll(b->comm, mine, count, sizeof(Candidate), all, total));
  for (PetscInt k = 1; k < *total; k++) /* each cell is on one rank, and its ways in order */
    for (PetscInt l = k; l > 0 && (*all)[l].cell < (*all)[l - 1].cell; l--) {
      const Candidate swap = (*all)[l];

      (*all)[l]     = (*all)[l - 1];
      (*all)[l - 1] = swap;
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether there is only liquid within a distance of a point. */
static PetscErrorCode HasRoom(NakMixBox b, const PetscReal centre[3], PetscReal distance,
                              PetscBool *room)
{
  const PetscReal *u;

  PetscFunctionBeginUser;
  *room = PETSC_TRUE;
  PetscCall(VecGetArrayRead(b->U, &u));
  for (PetscInt n = 0; n < b->owned; n++)
    for (PetscInt k = 0; k < b->zone.layers; k++)
      if (Distance(b, n, k, centre) <= distance && !IsLiquid(&b->zone, u + NakMixAtCell(b, n, k)))
        *room = PETSC_FALSE;
  PetscCall(VecRestoreArrayRead(b->U, &u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, room, 1, MPIU_BOOL, MPI_MIN, b->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakMixNucleate(NakMixBox b, PetscInt slot)
{
  const NakMixParams *p      = &b->params;
  const PetscReal     radius = p->nucleus_radius > 0 ? p->nucleus_radius : p->width;
  Candidate          *mine, *all;
  PetscMPIInt         count;
  PetscInt            total = 0;

  PetscFunctionBeginUser;
  PetscCall(Collect(b, slot, NULL, &count));
  PetscCall(PetscMalloc1(count + 1, &mine));
  PetscCall(Collect(b, slot, mine, &count));
  PetscCall(GatherCandidates(b, mine, count, &all, &total));
  for (PetscInt k = 0; k < total; k++) {
    const PetscInt cell = all[k].cell;
    const PetscInt i[3] = {cell % p->n[0], cell / p->n[0] % p->n[1], cell / p->n[0] / p->n[1]};
    PetscReal      at[3];
    PetscBool      room;

    for (int d = 0; d < 3; d++) at[d] = ((PetscReal)i[d] + 0.5) * b->h[d];
    if (all[k].wall) at[2] = 0;
    PetscCall(HasRoom(b, at, radius + p->width, &room));
    if (room) PetscCall(NakMixBoxInsert(b, Grain(b, (NakBody)all[k].body, cell, slot), at, radius));
  }
  PetscCall(PetscFree(mine));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}
