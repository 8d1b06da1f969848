/* The parameters of Open MPI that are set before it starts; the contract is in nakfield/base.h. */
#define _DEFAULT_SOURCE /* for getloadavg() */ // NOLINT(bugprone-reserved-identifier)
#include <nakfield/base.h>

#include <stdlib.h>
#include <unistd.h>

static void Prefer(const char *parameter, const char *value)
{
  (void)setenv(parameter, value, 0);
}

static int Launched(void)
{
  static const char *const signs[]  = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD",
                                       "SLURM_PROCID"};
  int                      launched = 0;

  for (size_t k = 0; k < sizeof signs / sizeof signs[0]; k++)
    if (getenv(signs[k]) != NULL) launched = 1;
  return launched;
}

/* Among its own ranks and few others, a rank that yields helps the rank that it waits for.  Among
   many others it loses its turn to them (docs/performance.md, "Ranks"). */
static int Yield(double ranks, double cores, double load)
{
  return ranks > cores - (double)(long)load && load < 2 * cores;
}

PetscErrorCode NakMpiCheck(MPI_Comm comm)
{
  /* What a launcher says about its processes, the innermost launcher first.  A rank of `mpirun -n
     1` within a job is alone. */
  static const char *const signs[][2] = {
    {"OMPI_COMM_WORLD_SIZE", "mpirun"      },
    {"PMI_SIZE",             "the launcher"},
    {"SLURM_STEP_NUM_TASKS", "srun"        }
  };
  const char *said = NULL;
  PetscMPIInt size;
  size_t      k = 0;
  long        tasks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  while (k < 3 && (said = getenv(signs[k][0])) == NULL) k++;
  if (size > 1 || said == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  tasks = strtol(said, NULL, 10);
  PetscCheck(
    tasks <= 1, comm, PETSC_ERR_USER_INPUT,
    "%s started %ld processes, and MPI takes each for a run of its own. Start them by srun "
    "--mpi=pmix (srun --mpi=list says what there is), or by the mpirun of the MPI that nakfield "
    "was built with. For single runs side by side: env -u %s nakfield ...",
    signs[k][1], tasks, signs[k][0]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakMpiPrepare(void)
{
  const char *const ranks = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  const double      cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
  double            load  = 0;

  if (!Launched()) {
    Prefer("OMPI_MCA_ess_singleton_isolated", "1");
    Prefer("OMPI_MCA_orte_create_session_dirs", "0");
    Prefer("OMPI_MCA_pml", "ob1");
    Prefer("OMPI_MCA_btl", "self");
  } else if (ranks != NULL && getloadavg(&load, 1) == 1 &&
             Yield(strtod(ranks, NULL), cores, load)) {
    Prefer("OMPI_MCA_mpi_yield_when_idle", "1");
  }
}
