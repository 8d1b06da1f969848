/* Progress on standard error; the contract is in nakfield/progress.h. */
#include <nakfield/progress.h>

#include <petsctime.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_INTERVAL 0.2  /* on a terminal [s] */
#define LINE_INTERVAL   30.0 /* elsewhere [s] */
#define MEMORY          20.0 /* of the speed: older wall time than this counts little [s] */
#define LINE_SIZE       256
#define WIDTH_UNKNOWN   80

struct NakProgress_private {
  PetscBool      shows, terminal;
  const char    *unit;      /* of time, where the records are not of a cell */
  PetscBool      begun;     /* a record has been seen */
  PetscLogDouble drawn;     /* wall time of the last line [s] */
  PetscLogDouble seen;      /* wall time of the last measure of the speed [s] */
  PetscReal      seen_time; /* simulated time then [s] */
  PetscReal      speed;     /* simulated over wall time, smoothed; 0 where unknown */
  NakRecord      last;
  PetscReal      left;   /* [s] */
  PetscBool      closed; /* nothing is to come, and no guess of it */
};

PetscErrorCode NakProgressCreate(MPI_Comm comm, PetscBool quiet, const char *unit,
                                 NakProgress *progress)
{
  NakProgress p;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  *progress = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscNew(&p));
  p->shows    = (PetscBool)(rank == 0 && !quiet);
  p->unit     = unit;
  p->terminal = (PetscBool)(p->shows && isatty(STDERR_FILENO));
  *progress   = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The line ---- */

/* A time in the unit that a person would choose. */
static void PrintTime(char *text, size_t size, PetscReal seconds)
{
  const double s = (double)seconds;

  if (s < 120) {
    (void)snprintf(text, size, "%.4g s", s);
  } else if (s < 7200) {
    (void)snprintf(text, size, "%.2f min", s / 60);
  } else {
    (void)snprintf(text, size, "%.3f h", s / 3600);
  }
}

/* Wall time to go needs no fractions. */
static void PrintToGo(char *text, size_t size, PetscReal seconds)
{
  const double minutes = (double)seconds / 60;

  if (minutes < 1) {
    (void)snprintf(text, size, "%.0f s to go", (double)seconds);
  } else if (minutes < 60) {
    (void)snprintf(text, size, "%.0f min to go", minutes);
  } else if (minutes < 48 * 60) {
    (void)snprintf(text, size, "%d h %02d min to go", (int)(minutes / 60), (int)minutes % 60);
  } else {
    (void)snprintf(text, size, "%.1f days to go", minutes / 1440);
  }
}

/* Time on a box may have no unit. */
static void PrintBox(NakProgress p, const char *go, char line[LINE_SIZE])
{
  const NakRecord *const r = &p->last;

  (void)snprintf(line, LINE_SIZE, "%.6g%s of %.6g%s  dt %.3g%s%s%s", (double)r->time, p->unit,
                 (double)(r->time + p->left), p->unit, (double)r->dt, p->unit,
                 go[0] == '\0' ? "" : "  ", go);
}

static void PrintLine(NakProgress p, char line[LINE_SIZE])
{
  const NakRecord *const r = &p->last;
  char                   time[32], step[32], go[32] = "";

  if (p->speed > 0 && p->left < PETSC_INFINITY && !p->closed) {
    PrintToGo(go, sizeof(go), PetscMax(p->left, 0) / p->speed);
  }
  if (p->unit != NULL) {
    PrintBox(p, go, line);
    return;
  }
  PrintTime(time, sizeof(time), r->time);
  PrintTime(step, sizeof(step), r->dt);
  (void)snprintf(line, LINE_SIZE,
                 "%s  step %" PetscInt_FMT "  cycle %" PetscInt_FMT
                 "  %.4g mA/cm^2  %.4f V  dt %s%s%s",
                 time, r->step, r->cycle, (double)(0.1 * r->current), (double)r->voltage, step,
                 go[0] == '\0' ? "" : "  ", go);
}

/* ---- When and where ---- */

static size_t TerminalWidth(void)
{
  struct winsize size;

  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return WIDTH_UNKNOWN;
  return size.ws_col;
}

/* The last column stays free: some terminals wrap as soon as it is written. */
static void Draw(NakProgress p, PetscLogDouble now)
{
  char line[LINE_SIZE];

  PrintLine(p, line);
  if (p->terminal) {
    const size_t width = TerminalWidth();

    if (strlen(line) >= width) line[width - 1] = '\0';
    (void)fprintf(stderr, "\r%s\033[K", line);
  } else {
    (void)fprintf(stderr, "%s\n", line);
  }
  (void)fflush(stderr);
  p->drawn = now;
}

/* Exponential smoothing in wall time, so that fast and slow time steps weigh as long as they last. */
static void MeasureSpeed(NakProgress p, PetscReal time, PetscLogDouble now)
{
  const PetscReal wall = (PetscReal)(now - p->seen);
  PetscReal       speed, weight;

  if (wall < REDRAW_INTERVAL / 2) return;
  speed        = (time - p->seen_time) / wall;
  weight       = p->speed > 0 ? 1 - PetscExpReal(-wall / MEMORY) : 1;
  p->speed     = p->speed + weight * (PetscMax(speed, 0) - p->speed);
  p->seen      = now;
  p->seen_time = time;
}

PetscErrorCode NakProgressShow(NakProgress progress, const NakRecord *record, PetscReal time_left)
{
  NakProgress const p = progress;
  PetscLogDouble    now;

  PetscFunctionBeginUser;
  if (!p->shows) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscTime(&now));
  p->last = *record;
  p->left = time_left;
  if (!p->begun) {
    p->begun     = PETSC_TRUE;
    p->seen      = now;
    p->seen_time = record->time;
    Draw(p, now);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  MeasureSpeed(p, record->time, now);
  if (now - p->drawn >= (p->terminal ? REDRAW_INTERVAL : LINE_INTERVAL)) Draw(p, now);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* On a terminal the last record stays, without a guess of what is left. */
PetscErrorCode NakProgressDestroy(NakProgress *progress)
{
  NakProgress    p = *progress;
  PetscLogDouble now;

  PetscFunctionBeginUser;
  *progress = NULL;
  if (p == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (p->terminal && p->begun) {
    PetscCall(PetscTime(&now));
    p->closed = PETSC_TRUE;
    Draw(p, now);
    (void)fputc('\n', stderr);
  }
  PetscCall(PetscFree(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
