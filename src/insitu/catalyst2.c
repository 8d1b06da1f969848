/* The back end "catalyst2": libcatalyst's C interface, if CMake found it.  The implementation is
   chosen at run time, by CATALYST_IMPLEMENTATION_NAME and _PATHS; without them it is ParaView's. */
#include "insitu_impl.h"

#if !defined(NAK_CATALYST2)

const NakInsituBackend *NakInsituCatalyst2(void)
{
  return NULL;
}

#else

  #include <catalyst.h>
  #include <conduit_blueprint.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>

  #define TOLD                                                                                     \
    "NAKFIELD_INSITU_TOLD" /* lines of nakguard.py: a script, and what went wrong in it */

enum { PATH_SIZE = 256, NAMES_SIZE = 1024, AXES = 3 };

typedef struct {
  MPI_Comm comm;
  int      n_scripts;
  char     names[NAMES_SIZE]; /* of the scripts, for messages */
} Catalyst;

static const char *const axis_names[AXES] = {"x", "y", "z"};

static void Say(char message[NAK_INSITU_MESSAGE], const char *what, enum catalyst_status status)
{
  (void)snprintf(message, NAK_INSITU_MESSAGE, "in situ: catalyst2: %s (status %d)", what,
                 (int)status);
}

static int Everywhere(MPI_Comm comm, int here)
{
  (void)MPI_Allreduce(MPI_IN_PLACE, &here, 1, MPI_INT, MPI_MIN, comm);
  return here;
}

/* "extract.py, mine.py". */
static void NameScripts(const NakInsituHow *how, char names[NAMES_SIZE])
{
  size_t used = 0;

  for (int k = 0; k < how->n_scripts && used < NAMES_SIZE; k++) {
    const char *const slash = strrchr(how->scripts[k], '/');

    used += (size_t)snprintf(names + used, NAMES_SIZE - used, "%s%s", k > 0 ? ", " : "",
                             slash != NULL ? slash + 1 : how->scripts[k]);
  }
}

/* The scripts of the deck, after the one that reports their errors: on all ranks or on none. */
static void SetScripts(conduit_node *node, const NakInsituHow *how)
{
  char guard[PETSC_MAX_PATH_LEN] = "", path[PATH_SIZE];
  int  rank;

  (void)MPI_Comm_rank(how->comm, &rank);
  if (rank == 0) (void)NakInsituFindScript("", "nakguard.py", guard, sizeof guard);
  (void)MPI_Bcast(guard, (int)sizeof guard, MPI_CHAR, 0, how->comm);
  if (guard[0] != '\0')
    conduit_node_set_path_char8_str(node, "catalyst/scripts/guard/filename", guard);
  for (int k = 0; k < how->n_scripts; k++) {
    (void)snprintf(path, sizeof path, "catalyst/scripts/script%d/filename", k);
    conduit_node_set_path_char8_str(node, path, how->scripts[k]);
    for (int w = 0; w < how->n_words; w++) {
      conduit_node *args;

      (void)snprintf(path, sizeof path, "catalyst/scripts/script%d/args", k);
      args = conduit_node_append(conduit_node_fetch(node, path));
      conduit_node_set_char8_str(args, how->words[w]);
    }
  }
}

/* Add what nakguard.py has left at this moment.  Returns how many scripts failed. */
static int ReportFailures(char message[NAK_INSITU_MESSAGE])
{
  const char *left   = getenv(TOLD);
  size_t      used   = strlen(message);
  int         failed = 0;

  while (left != NULL && *left != '\0' && used < NAK_INSITU_MESSAGE) {
    const int length = (int)strcspn(left, "\n");

    used += (size_t)snprintf(message + used, NAK_INSITU_MESSAGE - used,
                             "%sin situ: %.*s; the run continues without it", used > 0 ? "\n" : "",
                             length, left);
    left += length + (left[length] == '\n');
    failed++;
  }
  (void)setenv(TOLD, "", 1);
  return failed;
}

static int Start(const NakInsituHow *how, void **self, char message[NAK_INSITU_MESSAGE])
{
  conduit_node        *node     = conduit_node_create();
  Catalyst            *catalyst = calloc(1, sizeof *catalyst);
  enum catalyst_status status;

  SetScripts(node, how);
  conduit_node_set_path_int64(node, "catalyst/mpi_comm", (conduit_int64)MPI_Comm_c2f(how->comm));
  if (getenv("CATALYST_IMPLEMENTATION_NAME") == NULL)
    conduit_node_set_path_char8_str(node, "catalyst_load/implementation", "paraview");
  (void)setenv("PARAVIEW_OVERRIDE_EXTRACTS_OUTPUT_DIRECTORY", how->directory, 0);
  (void)setenv(TOLD, "", 0); /* so nakguard.py knows who reads it */
  status = catalyst_initialize(node);
  conduit_node_destroy(node);
  *self = catalyst;
  if (catalyst != NULL) {
    *catalyst = (Catalyst){.comm = how->comm, .n_scripts = how->n_scripts};
    NameScripts(how, catalyst->names);
  }
  if (Everywhere(how->comm, status == catalyst_status_ok && catalyst != NULL)) return 0;
  Say(message, "it does not initialise: is CATALYST_IMPLEMENTATION_PATHS right?", status);
  return 1;
}

static void SetArray(conduit_node *mesh, const char *channel, const NakInsituArray *array,
                     conduit_index_t cells)
{
  char path[PATH_SIZE];

  (void)snprintf(path, sizeof path, "fields/%s/association", array->name);
  conduit_node_set_path_char8_str(mesh, path, "element");
  (void)snprintf(path, sizeof path, "fields/%s/topology", array->name);
  conduit_node_set_path_char8_str(mesh, path, channel);
  (void)snprintf(path, sizeof path, "fields/%s/units", array->name);
  conduit_node_set_path_char8_str(mesh, path, array->unit);
  (void)snprintf(path, sizeof path, "fields/%s/values", array->name);
  if (array->values != NULL)
    conduit_node_set_path_external_float64_ptr(mesh, path, (double *)array->values, cells);
  else
    conduit_node_set_path_external_uint8_ptr(mesh, path, (unsigned char *)array->bytes, cells);
}

/* A plane has one value of z.  Without it, ParaView 5.11 would lose the y, too. */
static void SetMesh(conduit_node *mesh, const NakInsituMoment *moment,
                    const NakInsituChannel *channel)
{
  conduit_index_t cells = 1;
  char            path[PATH_SIZE];

  conduit_node_set_path_char8_str(mesh, "coordsets/coords/type", "rectilinear");
  for (int d = 0; d < AXES; d++) {
    (void)snprintf(path, sizeof path, "coordsets/coords/values/%s", axis_names[d]);
    conduit_node_set_path_external_float64_ptr(mesh, path, (double *)channel->axes[d],
                                               channel->cells[d] + 1);
    cells *= channel->cells[d] > 0 ? channel->cells[d] : 1;
  }
  (void)snprintf(path, sizeof path, "topologies/%s/type", channel->name);
  conduit_node_set_path_char8_str(mesh, path, "rectilinear");
  (void)snprintf(path, sizeof path, "topologies/%s/coordset", channel->name);
  conduit_node_set_path_char8_str(mesh, path, "coords");
  for (int k = 0; k < channel->count; k++)
    SetArray(mesh, channel->name, &channel->arrays[k], cells);
  for (int k = 0; k < moment->n_numbers; k++) {
    (void)snprintf(path, sizeof path, "state/fields/%s", moment->numbers[k].name);
    conduit_node_set_path_float64(mesh, path, moment->numbers[k].value);
  }
}

static int Show(void *self, const NakInsituMoment *moment, char message[NAK_INSITU_MESSAGE])
{
  Catalyst            *catalyst = self;
  conduit_node        *node = conduit_node_create(), *info = conduit_node_create();
  int                  sound  = 1, failed;
  enum catalyst_status status = catalyst_status_ok;
  char                 path[PATH_SIZE];

  conduit_node_set_path_int64(node, "catalyst/state/timestep", moment->index);
  conduit_node_set_path_float64(node, "catalyst/state/time", moment->time);
  for (int k = 0; k < moment->n_channels; k++) {
    const NakInsituChannel *const channel = &moment->channels[k];
    conduit_node                 *mesh;

    (void)snprintf(path, sizeof path, "catalyst/channels/%s/type", channel->name);
    conduit_node_set_path_char8_str(node, path, "mesh");
    (void)snprintf(path, sizeof path, "catalyst/channels/%s/data", channel->name);
    mesh = conduit_node_fetch(node, path);
    SetMesh(mesh, moment, channel);
    sound = sound && conduit_blueprint_verify("mesh", mesh, info);
  }
  if (!sound) Say(message, "blueprint refuses the mesh", status);
  sound = Everywhere(catalyst->comm, sound);
  if (sound) status = catalyst_execute(node);
  failed = ReportFailures(message); /* what a status may speak of, too */
  if (status != catalyst_status_ok && failed == 0)
    (void)snprintf(message, NAK_INSITU_MESSAGE,
                   "in situ: %s: Catalyst 2 did not execute (status %d); the run continues without "
                   "it; insitu.backend=legacy names the line and the script",
                   catalyst->names, (int)status);
  conduit_node_destroy(info);
  conduit_node_destroy(node);
  sound               = sound && (status == catalyst_status_ok || failed > 0);
  catalyst->n_scripts = Everywhere(catalyst->comm, sound ? catalyst->n_scripts - failed : 0);
  return catalyst->n_scripts;
}

static void Stop(void *self)
{
  conduit_node *node = conduit_node_create();

  (void)catalyst_finalize(node);
  conduit_node_destroy(node);
  free(self);
}

const NakInsituBackend *NakInsituCatalyst2(void)
{
  static const NakInsituBackend backend = {NAK_INSITU_ABI, "Catalyst 2", Start, Show, Stop};

  return &backend;
}

#endif
