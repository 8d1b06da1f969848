/* What a deck may ask of the machine, and of the files of whoever runs it. */
#include "sim_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Memory ---- */

/* The number that `text` begins with, or `fallback`. */
static PetscReal NumberOr(PetscReal fallback, const char *text)
{
  char           *end;
  const PetscReal number = strtod(text, &end);

  return end == text ? fallback : number;
}

/* The number behind `key` in a file such as /proc/meminfo, or alone in one where `key` is ""; infinity
   where there is none. */
static PetscReal NumberIn(const char *path, const char *key)
{
  FILE *const file  = fopen(path, "r");
  PetscReal   found = PETSC_INFINITY;
  char        line[256];

  if (file == NULL) return found;
  while (found == PETSC_INFINITY && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, key, strlen(key)) == 0) found = NumberOr(found, line + strlen(key));
  (void)fclose(file);
  return found;
}

/* Memory that this node can still give, to all processes together [B]. */
static PetscReal FreeOnNode(void)
{
  const PetscReal machine = 1024 * NumberIn("/proc/meminfo", "MemAvailable:");
  const PetscReal group   = NumberIn("/sys/fs/cgroup/memory.max", "");
  const PetscReal older   = NumberIn("/sys/fs/cgroup/memory/memory.limit_in_bytes", "");

  return PetscMin(machine, PetscMin(group, older));
}

/* The memory of all nodes that the ranks run on [B]. */
static PetscErrorCode Free(MPI_Comm world, PetscReal *bytes)
{
  MPI_Comm    node;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_rank(node, &rank));
  PetscCallMPI(MPI_Comm_free(&node));
  *bytes = rank == 0 ? FreeOnNode() : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bytes, 1, MPIU_REAL, MPIU_SUM, world));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimCheckSize(NakSim s)
{
  const NakGridParams *g    = &s->params.model.grid;
  const NakSimSize     size = NakSimSizeOf(g);
  PetscReal            room;

  PetscFunctionBeginUser;
  PetscCall(Free(s->world, &room));
  PetscCheck(size.unknowns < (PetscReal)PETSC_INT_MAX, s->world, PETSC_ERR_USER_INPUT,
             "the grid has %.4g unknowns in %" PetscInt_FMT " x %" PetscInt_FMT
             " columns, and PETSc was built to count up to %.4g: lower grid.nx, grid.ny or the "
             "layers, or build PETSc with 64-bit indices",
             (double)size.unknowns, g->nx, g->ny, (double)PETSC_INT_MAX);
  PetscCheck(size.bytes <= room, s->world, PETSC_ERR_USER_INPUT,
             "the grid of %" PetscInt_FMT " x %" PetscInt_FMT
             " columns needs about %.3g GB of memory, and there are %.3g GB: lower grid.nx, "
             "grid.ny or the layers, or run on more nodes",
             g->nx, g->ny, (double)(1e-9 * size.bytes), (double)(1e-9 * room));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- PETSc's options ---- */

PetscErrorCode NakSimCheckOption(NakSim s, NakNode option, PetscBool *good)
{
  static const char *const solvers[] = {"-ts_",  "-ksp_", "-pc_", "-snes_",  "-mg_",       "-sub_",
                                        "-mat_", "-vec_", "-dm_", "-voids_", "-impedance_"};
  const char *const        text      = NakNodeText(option);
  PetscBool known = (PetscBool)(text[0] != '-' || (text[1] >= '0' && text[1] <= '9'));

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof solvers / sizeof solvers[0]; k++)
    if (strncmp(text, solvers[k], strlen(solvers[k])) == 0) known = PETSC_TRUE;
  *good = (PetscBool)(known && strpbrk(text, "/:@\\") == NULL && strstr(text, " -") == NULL);
  if (!*good)
    PetscCall(NakDeckComplain(s->deck, option,
                              "petsc: '%.100s' is not an option of a solver, one to an item and "
                              "without files; others stand on the command line, behind --",
                              text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Files ---- */

/* The directory of a run must be one of its own: not the root, not where other things are. */
PetscErrorCode NakSimCheckDirectory(NakSim s)
{
  const char *const directory = s->params.output.directory;
  size_t            length    = strlen(directory), begin;

  PetscFunctionBeginUser;
  while (length > 0 && directory[length - 1] == '/') length--;
  begin = length;
  while (begin > 0 && directory[begin - 1] != '/') begin--;
  if (directory[0] != '\0' && (length == 0 || strspn(directory + begin, ".") >= length - begin))
    PetscCall(NakDeckComplain(s->deck, NakDeckFind(s->deck, "output.directory"),
                              "output.directory is '%s': name a directory for this run alone, such "
                              "as runs/first",
                              directory));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Files and rows without end fill any disk. */
PetscErrorCode NakSimCheckFrames(NakSim s)
{
  const PetscReal every = s->params.output.fields_every, most = 1e6;
  const PetscReal span = NakProtocolTimeLeft(s->protocol, 0);

  PetscFunctionBeginUser;
  if (every <= 0 || span >= PETSC_INFINITY || span / every <= most)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakDeckComplain(s->deck, NakDeckFind(s->deck, "output.fields.every"),
                            "output.fields.every is %.6g s in a protocol of up to %.6g s: that is "
                            "%.3g frames, a file each, and 1e6 are allowed",
                            (double)every, (double)span, (double)(span / every)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
