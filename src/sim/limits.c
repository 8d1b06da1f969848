/* What a deck may ask of the machine, and of the user's files. */
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

/* The number after `key` in a file such as /proc/meminfo, or the only one in the file if `key` is
   "".  Infinity if there is none. */
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

/* The memory that a node needs, and that it has [B]. */
typedef struct {
  PetscReal need, room;
} Memory;

PetscReal NakSimWriterMemory(NakSim s, const NakSimSize *size, PetscInt writers)
{
  const PetscReal plain = NakStoreWriterMemory(size->file, writers, PETSC_FALSE);

  if (!s->params.output.compress) return plain;
  return PetscMax(plain, NakStoreWriterMemory(size->frame, writers, PETSC_TRUE));
}

void NakSimShape(NakSim s, char text[NAK_TEXT_SIZE])
{
  const NakSimSize size   = s->size;
  int              length = snprintf(text, NAK_TEXT_SIZE, "%" PetscInt_FMT, size.n[0]);

  for (int k = 1; k < 3 && size.n[k] > 0; k++)
    length +=
      snprintf(text + length, NAK_TEXT_SIZE - (size_t)length, " x %" PetscInt_FMT, size.n[k]);
  (void)snprintf(text + length, NAK_TEXT_SIZE - (size_t)length, " %s", size.what);
}

/* What `ranks` of `all` ranks need on one node: their share, and that of the writers among them. */
static PetscReal Need(NakSim s, PetscMPIInt ranks, PetscMPIInt all)
{
  const NakSimSize *size    = &s->size;
  const PetscReal   share   = (PetscReal)ranks / all;
  const PetscInt    chosen  = s->params.output.writers;
  const PetscInt    writers = chosen == 0 ? PetscMax(all / ranks, 1) : PetscMin(chosen, all);
  const PetscReal   here    = PetscMin(PetscCeilReal(share * (PetscReal)writers), (PetscReal)ranks);

  return (size->bytes + size->frame) * share + here * NakSimWriterMemory(s, size, writers);
}

/* The limits of the node with the least to spare. */
static PetscErrorCode TightestNode(NakSim s, Memory *tightest)
{
  MPI_Comm    node;
  PetscMPIInt rank, ranks, all;
  struct {
    double spare;
    int    rank;
  } least;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_split_type(s->world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  PetscCallMPI(MPI_Comm_size(s->world, &all));
  PetscCallMPI(MPI_Comm_size(node, &ranks));
  PetscCallMPI(MPI_Comm_free(&node));
  tightest->need = Need(s, ranks, all);
  tightest->room = FreeOnNode();
  least.spare    = tightest->room - tightest->need;
  least.rank     = rank;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPI_DOUBLE_INT, MPI_MINLOC, s->world));
  PetscCallMPI(MPI_Bcast(tightest, sizeof *tightest, MPI_BYTE, least.rank, s->world));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakSimCheckSize(NakSim s)
{
  const NakSimSize *size = &s->size;
  char              shape[NAK_TEXT_SIZE];
  Memory            node;

  PetscFunctionBeginUser;
  NakSimShape(s, shape);
  PetscCall(TightestNode(s, &node));
  PetscCheck(size->longest < (PetscReal)PETSC_INT_MAX, s->world, PETSC_ERR_USER_INPUT,
             "the grid has %.4g unknowns in %s, and a vector of %.4g numbers, while PETSc was "
             "built to count up to %.4g: lower %s, or build PETSc with 64-bit indices",
             (double)size->unknowns, shape, (double)size->longest, (double)PETSC_INT_MAX,
             size->entries);
  PetscCheck(
    node.need <= node.room, s->world, PETSC_ERR_USER_INPUT,
    "the grid of %s needs about %.3g GB of memory on one node, and there are %.3g GB: lower %s, "
    "or run on more nodes",
    shape, (double)(1e-9 * node.need), (double)(1e-9 * node.room), size->entries);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- PETSc's options ---- */

PetscErrorCode NakSimCheckOption(NakSim s, NakNode option, PetscBool *good)
{
  static const char *const solvers[] = {"-ts_", "-ksp_",       "-pc_",  "-snes_",
                                        "-mg_", "-sub_",       "-mat_", "-vec_",
                                        "-dm_", "-impedance_", "-mix_", "-lines_"};
  const char *const        text      = NakNodeText(option);
  PetscBool known = (PetscBool)(text[0] != '-' || (text[1] >= '0' && text[1] <= '9'));

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof solvers / sizeof solvers[0]; k++)
    if (strncmp(text, solvers[k], strlen(solvers[k])) == 0) known = PETSC_TRUE;
  *good = (PetscBool)(known && strpbrk(text, "/:@\\") == NULL && strstr(text, " -") == NULL);
  if (!*good)
    PetscCall(
      NakDeckError(s->deck, option,
                   "petsc: '%.100s' is not an option of a solver: write one per item, without "
                   "files; other options go on the command line, after --",
                   text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Files ---- */

/* Whether a restart continues in a directory.  It may be named from within, as `.`. */
static PetscBool Continues(NakSim s)
{
  char path[PETSC_MAX_PATH_LEN];

  if (s->options.restart == NULL) return PETSC_FALSE;
  (void)snprintf(path, sizeof path, "%s/resolved.yaml", s->options.restart);
  return (PetscBool)(access(path, F_OK) == 0);
}

/* The directory of a run must be its own: not the root, and not one with other things in it. */
PetscErrorCode NakSimCheckDirectory(NakSim s)
{
  const char *const directory = s->params.output.directory;
  size_t            length    = strlen(directory), begin;
  PetscMPIInt       rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->world, &rank));
  if (rank != 0 || Continues(s)) PetscFunctionReturn(PETSC_SUCCESS);
  while (length > 0 && directory[length - 1] == '/') length--;
  begin = length;
  while (begin > 0 && directory[begin - 1] != '/') begin--;
  if (directory[0] != '\0' && (length == 0 || strspn(directory + begin, ".") >= length - begin))
    PetscCall(NakDeckError(s->deck, NakDeckFind(s->deck, "output.directory"),
                           "output.directory is '%s': name a directory for this run alone, such "
                           "as runs/first",
                           directory));
  PetscFunctionReturn(PETSC_SUCCESS);
}
