/* What a run would be, without running it; the contract is in nakfield/sim.h. */
#include "sim_impl.h"

/* Bytes per unknown, counted: the matrix with its factors, the values and maps it is assembled from,
   the vectors of the integrator and of GMRES, all times 4/3 for the coarser grids of a 3D run. */
static PetscReal BytesPerUnknown(const NakGridParams *g)
{
  const int       neighbours = (g->nx > 1 ? 2 : 0) + (g->ny > 1 ? 2 : 0);
  const PetscReal entries = 3 + neighbours, assembled = 5 + 2 * neighbours;
  const PetscReal vectors = 16 + (neighbours > 0 ? 32 : 0);

  return 4.0 / 3 * (2 * 12 * entries + 24 * assembled) + 8 * vectors;
}

/* Bytes of a file per unknown, twice, as HDF5 has it and as it is written: a checkpoint has the state, and
   three more of it where cycles are jumped; a frame has three fields. */
#define FILE_BYTES (2 * 4 * 8)

NakSimSize NakSimSizeOf(const NakGridParams *g)
{
  const PetscReal column =
    (PetscReal)(g->electrolyte_layers + g->interphase_layers + g->alloy_layers + 8);
  const PetscReal unknowns = column * (PetscReal)g->nx * (PetscReal)g->ny;

  return (NakSimSize){
    .unknowns = unknowns, .bytes = unknowns * BytesPerUnknown(g), .files = unknowns * FILE_BYTES};
}

PetscErrorCode NakSimDescribe(NakSim s)
{
  const NakGridParams *g    = &s->params.model.grid;
  const NakSimSize     size = NakSimSizeOf(g);
  PetscMPIInt          rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank == 0) PetscCall(NakDeckWriteResolved(s->deck, s->schema, PETSC_STDOUT));
  if (s->params.kind == NAK_MODEL_ALLOY) {
    PetscCall(NakSimAlloyDescribe(s));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (s->params.kind != NAK_MODEL_CELL) {
    PetscCall(NakSimBoxDescribe(s));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscPrintf(s->world,
                        "# %.0f unknowns in %" PetscInt_FMT " x %" PetscInt_FMT
                        " columns; about %.3g MB of memory, %.3g MB of it for files\n",
                        (double)size.unknowns, g->nx, g->ny,
                        (double)(1e-6 * (size.bytes + size.files)), (double)(1e-6 * size.files)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
