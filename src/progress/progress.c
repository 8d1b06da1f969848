/* Progress on standard error; the contract is in nakfield/progress.h. */
#include <nakfield/progress.h>

#include <petsctime.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_INTERVAL 0.2  /* on a terminal [s] */
#define LINE_INTERVAL   30.0 /* elsewhere at most, [s] */
#define LINE_FIRST      1.0  /* and at the beginning, from where on it doubles [s] */
#define MEMORY          20.0 /* of the speed: older wall time than this counts little [s] */
#define FAR             1000 /* times what has been simulated: no guess reaches further */
#define LINE_SIZE       256
#define WIDTH_UNKNOWN   80

struct NakProgress_private {
  PetscBool      shows, terminal;
  const char    *unit;      /* of time */
  PetscBool      begun;     /* a moment has been seen */
  PetscReal      first;     /* simulated time then [s] */
  PetscLogDouble drawn;     /* wall time of the last line [s] */
  PetscLogDouble interval;  /* to the next one [s] */
  PetscBool      fresh;     /* the last moment is not drawn */
  PetscLogDouble seen;      /* wall time of the last measure of the speed [s] */
  PetscReal      seen_time; /* simulated time then [s] */
  PetscReal      speed;     /* simulated over wall time, smoothed; 0 if unknown */
  NakNumbers     last;
  PetscReal      dt, left; /* [s] */
  PetscBool      closed;   /* nothing is to come, and no guess of it */
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

void NakProgressDuration(PetscReal seconds, char *text, size_t size)
{
  const double minutes = (double)seconds / 60;

  if (minutes < 1) {
    (void)snprintf(text, size, "%.0f s", (double)seconds);
  } else if (minutes < 60) {
    (void)snprintf(text, size, "%.0f min", minutes);
  } else if (minutes < 48 * 60) {
    (void)snprintf(text, size, "%d h %02d min", (int)(minutes / 60), (int)minutes % 60);
  } else if (minutes < 1000 * 1440.0) {
    (void)snprintf(text, size, "%.1f days", minutes / 1440);
  } else {
    (void)snprintf(text, size, "%.3g years", minutes / (365.25 * 1440));
  }
}

/* Time on a box may have no unit. */
static void PrintBox(NakProgress p, char line[LINE_SIZE])
{
  const PetscReal time = p->last.items[0].value;

  (void)snprintf(line, LINE_SIZE, "%.6g%s of %.6g%s  dt %.3g%s", (double)time, p->unit,
                 (double)(time + p->left), p->unit, (double)p->dt, p->unit);
}

static void PrintCell(NakProgress p, const NakNumber *voltage, char line[LINE_SIZE])
{
  const NakNumber *const step    = NakNumbersFind(&p->last, "step");
  const NakNumber *const cycle   = NakNumbersFind(&p->last, "cycle");
  const NakNumber *const current = NakNumbersFind(&p->last, "current_mA_cm2");
  const PetscReal        tiny    = 5e-5; /* would show as -0.0000 V */
  char                   time[32], dt[32];

  PrintTime(time, sizeof(time), p->last.items[0].value);
  PrintTime(dt, sizeof(dt), p->dt);
  (void)snprintf(line, LINE_SIZE, "%s  step %.0f  cycle %.0f  %.4g mA/cm^2  %.4f V  dt %s", time,
                 (double)step->value, (double)cycle->value, (double)NakNumberShown(current),
                 PetscAbsReal(voltage->value) < tiny ? 0.0 : (double)voltage->value, dt);
}

/* The first steps are short and say little of the later ones. */
static PetscBool IsGuessed(NakProgress p)
{
  const PetscReal done = p->last.items[0].value - p->first;

  return (PetscBool)(p->speed > 0 && p->left <= FAR * done && !p->closed);
}

static void PrintLine(NakProgress p, char line[LINE_SIZE])
{
  const NakNumber *const voltage = NakNumbersFind(&p->last, "voltage_V");
  char                   go[32];

  if (voltage != NULL)
    PrintCell(p, voltage, line);
  else
    PrintBox(p, line);
  if (!IsGuessed(p)) return;
  NakProgressDuration(PetscMax(p->left, 0) / p->speed, go, sizeof(go));
  (void)snprintf(line + strlen(line), LINE_SIZE - strlen(line), "  %s to go", go);
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
  p->fresh = PETSC_FALSE;
}

/* Exponential smoothing in wall time, so that fast and slow time steps have weights as long as they
   last. */
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

PetscErrorCode NakProgressShow(NakProgress progress, const NakNumbers *numbers, PetscReal dt,
                               PetscReal time_left)
{
  NakProgress const p    = progress;
  const PetscReal   time = numbers->items[0].value;
  PetscLogDouble    now;

  PetscFunctionBeginUser;
  if (!p->shows) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscTime(&now));
  p->last  = *numbers;
  p->dt    = dt;
  p->left  = time_left;
  p->fresh = PETSC_TRUE;
  if (!p->begun) {
    p->begun     = PETSC_TRUE;
    p->first     = time;
    p->seen      = now;
    p->seen_time = time;
    p->interval  = p->terminal ? REDRAW_INTERVAL : LINE_FIRST;
    Draw(p, now);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  MeasureSpeed(p, time, now);
  if (now - p->drawn < p->interval) PetscFunctionReturn(PETSC_SUCCESS);
  Draw(p, now);
  if (!p->terminal) p->interval = PetscMin(2 * p->interval, LINE_INTERVAL);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last line stays, without an estimate of the time left. */
PetscErrorCode NakProgressDestroy(NakProgress *progress)
{
  NakProgress    p = *progress;
  PetscLogDouble now;

  PetscFunctionBeginUser;
  *progress = NULL;
  if (p == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  p->closed = PETSC_TRUE;
  if (p->begun && (p->terminal || p->fresh)) {
    PetscCall(PetscTime(&now));
    Draw(p, now);
    if (p->terminal) (void)fputc('\n', stderr);
  }
  PetscCall(PetscFree(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
