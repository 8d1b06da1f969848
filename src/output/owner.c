/* What a run directory says about the run that writes it, for others to read: who owns it, and its
   progress.  On rank 0.  Neither file belongs to the results: both are removed when a run ends. */
#define _GNU_SOURCE /* for gethostname() and kill() */ // NOLINT(bugprone-reserved-identifier)
#include "output_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <petsctime.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_INTERVAL 1.0 /* of wall time from one progress to the next, which doubles [s] */
#define LAST_INTERVAL  10.0
#define RECENT         60.0  /* wall time that the recent rate is of, at least [s] */
#define WATCHED        4.0   /* for which the room on the disk is watched before it is judged [s] */
#define NOTABLE        0.005 /* of that room, which must have gone by then */

enum { HOST = 64, JOB = 64, LINE = 512 };

/* ---- Whose it is ---- */

/* Who writes: a process of a host, of a job or "". */
typedef struct {
  char host[HOST], job[JOB];
  long pid;
} Owner;

static void Self(Owner *self)
{
  static const char *const jobs[] = {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"};
  const char              *job    = NULL;

  memset(self, 0, sizeof *self);
  if (gethostname(self->host, HOST - 1) != 0) (void)snprintf(self->host, HOST, "unknown");
  for (size_t k = 0; k < sizeof jobs / sizeof jobs[0] && job == NULL; k++) job = getenv(jobs[k]);
  for (size_t k = 0; job != NULL && job[k] != '\0' && k < JOB - 1; k++) {
    self->job[k] = job[k];
    if (strchr("\"\\", job[k]) != NULL || job[k] < ' ')
      self->job[k] = '?'; /* as JSON has it plain */
  }
  self->pid = (long)getpid();
}

/* Whether `path` names an owner: lines `"host": "..."`, `"pid": ...` and `"job": "..."`. */
static PetscBool ReadOwner(const char *path, Owner *owner)
{
  FILE *const file = fopen(path, "r");
  char        line[LINE];

  memset(owner, 0, sizeof *owner);
  if (file == NULL) return PETSC_FALSE;
  while (fgets(line, sizeof line, file) != NULL) {
    char *const value = strchr(line, ':');

    if (value == NULL) continue;
    if (strstr(line, "\"host\"") != NULL) (void)sscanf(value, ": \"%63[^\"]", owner->host);
    if (strstr(line, "\"job\"") != NULL) (void)sscanf(value, ": \"%63[^\"]", owner->job);
    if (strstr(line, "\"pid\"") != NULL) owner->pid = strtol(value + 1, NULL, 10);
  }
  (void)fclose(file);
  return (PetscBool)(owner->host[0] != '\0' && owner->pid > 0);
}

/* Whether an owner may still write.  If a job was queued again, its earlier run has ended.  For
   another host, nothing is known. */
static PetscBool MayWrite(const Owner *owner, const Owner *self)
{
  if (strcmp(owner->host, self->host) == 0)
    return (PetscBool)(owner->pid != self->pid &&
                       (kill((pid_t)owner->pid, 0) == 0 || errno == EPERM));
  return (PetscBool)(self->job[0] == '\0' || strcmp(owner->job, self->job) != 0);
}

PetscErrorCode NakOwnerCheck(const char *directory)
{
  char  path[PETSC_MAX_PATH_LEN];
  Owner self, other;

  PetscFunctionBeginUser;
  Self(&self);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/owner.json", directory));
  if (!ReadOwner(path, &other) || !MayWrite(&other, &self)) PetscFunctionReturn(PETSC_SUCCESS);
  SETERRQ(
    PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
    "another nakfield is writing to %s: process %ld on %s%s%s, says %s, as there are no locks: "
    "wait for it, choose another directory with output.directory=..., or remove that file where "
    "you know that the process has ended",
    directory, other.pid, other.host, other.job[0] != '\0' ? ", job " : "", other.job, path);
}

PetscErrorCode NakOwnerTake(NakOutput output, PetscBool locks)
{
  char  path[PETSC_MAX_PATH_LEN], text[LINE];
  Owner self;
  int   file;

  PetscFunctionBeginUser;
  Self(&self);
  PetscCall(NakOutputPath(output, "owner.json", path));
  if (!locks)
    PetscCall(PetscFPrintf(PETSC_COMM_SELF, stderr,
                           "nakfield: warning: the file system of %s has no locks: %s takes their "
                           "place\n",
                           output->directory, path));
  (void)unlink(path); /* of a process that has ended */
  file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  PetscCheck(file >= 0, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  (void)snprintf(text, sizeof text, "{\"host\": \"%s\",\n\"pid\": %ld,\n\"job\": \"%s\"}\n",
                 self.host, self.pid, self.job);
  if (write(file, text, strlen(text)) < 0) text[0] = '\0'; /* a full disk is found by the results */
  (void)close(file);
  output->owns = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOwnerLeave(NakOutput output)
{
  static const char *const files[] = {"owner.json", "progress.json", "progress.json.tmp"};
  char                     path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  for (size_t k = 0; output->owns && k < sizeof files / sizeof files[0]; k++) {
    PetscCall(NakOutputPath(output, files[k], path));
    (void)unlink(path);
  }
  output->owns = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- How far it has come ---- */

/* Not synced, and no error if it cannot be written: the results' own files will report that. */
static PetscErrorCode Replace(NakOutput output, const char *text)
{
  char path[PETSC_MAX_PATH_LEN], temporary[PETSC_MAX_PATH_LEN];
  int  file;

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "progress.json", path));
  PetscCall(NakOutputPath(output, "progress.json.tmp", temporary));
  file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (write(file, text, strlen(text)) != (ssize_t)strlen(text) || close(file) != 0 ||
      rename(temporary, path) != 0)
    (void)unlink(temporary);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A number of JSON, which knows no infinity. */
static void Number(char text[32], PetscReal value)
{
  (void)snprintf(text, 32, PetscIsInfOrNanReal(value) ? "null" : "%.9g", (double)value);
}

static PetscErrorCode WriteProgress(NakOutput output, const NakMoment *m, double now)
{
  const NakSeen *const seen = &output->seen;
  char                 text[2 * LINE], left[32], room[32];

  PetscFunctionBeginUser;
  Number(left, m->left >= PETSC_INFINITY ? NAN : m->left);
  Number(room, seen->room >= PETSC_INFINITY ? NAN : seen->room);
  (void)snprintf(
    text, sizeof text,
    "{\"written\": %ld, \"unit\": \"%s\",\n\"time\": %.9g, \"left\": %s, \"step\": %.6g,\n"
    "\"time_steps\": %" PetscInt_FMT ", \"wall_seconds\": %.6g, \"simulated\": %.9g,\n"
    "\"recent_seconds\": %.6g, \"recent_simulated\": %.9g, \"room\": %s}\n",
    (long)time(NULL), m->unit[0] == '\0' ? "" : "s", (double)m->time, left, (double)m->dt, m->steps,
    now - seen->began, (double)(m->time - seen->start), now - seen->before.at,
    (double)(m->time - seen->before.time), room);
  PetscCall(Replace(output, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Warn once if, at the present rate, the disk or a quota that statvfs knows is full before the run
   is over. */
static PetscErrorCode WatchRoom(NakOutput output, const NakMoment *m, double now)
{
  NakSeen *const  s    = &output->seen;
  const PetscReal gone = s->first_room - s->room;
  const PetscReal wall = now - s->began, run = m->time - s->start;
  PetscReal       full, over;

  PetscFunctionBeginUser;
  if (s->warned || wall < WATCHED || !(gone > NOTABLE * s->first_room) || !(run > 0) ||
      m->left >= PETSC_INFINITY)
    PetscFunctionReturn(PETSC_SUCCESS);
  full = s->room / gone * wall;
  over = m->left / run * wall;
  if (full >= over) PetscFunctionReturn(PETSC_SUCCESS);
  s->warned = PETSC_TRUE;
  PetscCall(PetscSNPrintf(
    s->warning, sizeof s->warning,
    "the disk or quota of %s is filling: %.3g MB are left, enough for about "
    "%.2g min, and the run takes %.2g min more; free some space, or write fewer "
    "fields (output.fields)",
    output->directory, (double)(1e-6 * s->room), (double)(full / 60), (double)(over / 60)));
  PetscCall(PetscFPrintf(PETSC_COMM_SELF, stderr, "nakfield: warning: %s\n", s->warning));
  PetscCall(NakOutputLog(output, "warning: at %.9g%s: %s", (double)m->time, m->unit, s->warning));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputProgress(NakOutput output, const NakMoment *m)
{
  NakSeen *const s = &output->seen;
  PetscLogDouble now;
  char           path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (output->rank != 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscTime(&now));
  if (s->interval > 0 && now < s->due) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakOutputPath(output, "timeseries.csv", path));
  s->room = NakFileRoom(path);
  if (s->interval <= 0) { /* the first */
    s->interval = FIRST_INTERVAL;
    s->began    = now;
    s->start    = m->time;
    s->before = s->last = (NakSeenAt){.at = now, .time = m->time};
    s->first_room       = s->room;
  }
  PetscCall(WriteProgress(output, m, now));
  PetscCall(WatchRoom(output, m, now));
  if (now - s->last.at >= RECENT) {
    s->before = s->last;
    s->last   = (NakSeenAt){.at = now, .time = m->time};
  }
  s->due      = now + s->interval;
  s->interval = PetscMin(2 * s->interval, LAST_INTERVAL);
  PetscFunctionReturn(PETSC_SUCCESS);
}
