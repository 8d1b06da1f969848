/* Where the ranks of a run are; the contract is in sim_impl.h. */
#define _GNU_SOURCE /* for sched_getaffinity() */ // NOLINT(bugprone-reserved-identifier)
#include "sim_impl.h"

#if defined(__linux__)
  #include <sched.h>
#endif

enum { WORDS = 64 }; /* of 16 bits: 1024 cores of a node */

/* The cores that this rank may use, a bit for each; none if that is not known. */
static void Cores(int bits[WORDS])
{
  for (int k = 0; k < WORDS; k++) bits[k] = 0;
#if defined(__linux__)
  cpu_set_t set;

  if (sched_getaffinity(0, sizeof set, &set) != 0) return;
  for (int k = 0; k < 16 * WORDS && k < CPU_SETSIZE; k++)
    if (CPU_ISSET(k, &set)) bits[k / 16] |= 1 << k % 16;
#endif
}

static int Count(const int bits[WORDS])
{
  int count = 0;

  for (int k = 0; k < 16 * WORDS; k++) count += bits[k / 16] >> k % 16 & 1;
  return count;
}

/* Nodes; ranks and cores of the node with the fewest cores a rank. */
typedef struct {
  PetscMPIInt nodes, ranks, cores;
} Placement;

static PetscErrorCode Place(MPI_Comm comm, Placement *place)
{
  MPI_Comm    node;
  PetscMPIInt rank, first;
  int         bits[WORDS];
  struct {
    double share;
    int    rank;
  } least;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_rank(node, &first));
  PetscCallMPI(MPI_Comm_size(node, &place->ranks));
  Cores(bits);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bits, WORDS, MPI_INT, MPI_BOR, node));
  PetscCallMPI(MPI_Comm_free(&node));
  place->cores = Count(bits);
  place->nodes = first == 0 ? 1 : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &place->nodes, 1, MPI_INT, MPI_SUM, comm));
  least.share = (double)place->cores / place->ranks;
  least.rank  = rank;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPI_DOUBLE_INT, MPI_MINLOC, comm));
  PetscCallMPI(MPI_Bcast(place, sizeof *place, MPI_BYTE, least.rank, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimPlacement(NakSim s)
{
  const NakSimSize *size   = &s->size;
  PetscReal         parts  = 1, each;
  const PetscInt    wanted = s->params.output.writers, writers = NakWritersCount(s->writers);
  Placement         place;
  char              text[NAK_TEXT_SIZE], fewer[64] = "";

  PetscFunctionBeginUser;
  PetscCall(Place(s->comm, &place));
  for (int k = 0; k < 3; k++) parts *= size->n[k] > 0 ? (PetscReal)size->n[k] : 1;
  each = parts / (PetscReal)size->ranks;
  if (writers < wanted)
    (void)snprintf(fewer, sizeof fewer, ", not the %" PetscInt_FMT " of output.writers", wanted);
  (void)snprintf(
    text, sizeof text,
    "%" PetscInt_FMT " rank%s on %d node%s, %d on %d core%s of a node; about %.4g %.*s "
    "and 1 thread a rank; %" PetscInt_FMT " writer%s%s",
    size->ranks, size->ranks == 1 ? "" : "s", place.nodes, place.nodes == 1 ? "" : "s", place.ranks,
    place.cores, place.cores == 1 ? "" : "s", (double)each, (int)strlen(size->what) - (each == 1),
    size->what, writers, writers == 1 ? "" : "s", fewer);
  PetscCall(NakOutputLog(s->output, "%s", text));
  if (!s->options.quiet && size->ranks > 1) PetscCall(PetscFPrintf(s->comm, stderr, "%s\n", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}
