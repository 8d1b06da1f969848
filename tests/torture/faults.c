/* Faults on demand, loaded before the program (LD_PRELOAD): one call of a function fails as it
   would on a bad day.

     FAULT=exp:N:M     M calls of exp() from the N-th on give NaN; without M, all further ones
     FAULT=ksp:N:M     the same for linear solves that fail
     FAULT=snes:N:M    the same for the nonlinear solver
     FAULT=malloc:N    the N-th allocation above 64 bytes from the program or PETSc fails
     FAULT=disk:N:M    the same for writes to files, which fail with EIO
     FAULT=full:N:M    the same for pieces of frames and checkpoints: half a piece is written, and then
                       the disk is full
     FAULT=sync:N:M    the same for fsync()
     FAULT=read:N:M    the same for reads of files in a directory called checkpoint
     FAULT=kill:N      SIGKILL where the N-th file was to get its name
     FAULT=cut:N       SIGKILL within the N-th piece of a frame or checkpoint
     FAULT=clock:N     the wall clock goes N times as fast

   N counts from 1, in each process; FAULT_RANK=R keeps to one rank.  FAULT_MARK names a file that
   is made at the first fault.  FAULT_SLOW=S: from that moment on, every process takes S seconds for
   a piece. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <petsc/private/kspimpl.h> /* KSP has no call that sets its reason */
#include <petscsnes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *kind; /* "" for none */
static long long   at, length, calls;

static void Read(void)
{
  const char *text = getenv("FAULT"), *rank = getenv("OMPI_COMM_WORLD_RANK");
  const char *only = getenv("FAULT_RANK");
  static char word[16];

  if (kind != NULL) return;
  kind = "";
  if (text == NULL || (only != NULL && rank != NULL && strcmp(only, rank) != 0)) return;
  length = INT64_MAX / 2;
  if (sscanf(text, "%15[a-z]:%lld:%lld", word, &at, &length) >= 2) kind = word;
}

/* For the moment of the first fault. */
static void Mark(void)
{
  const char *name = getenv("FAULT_MARK");
  int         file = name == NULL ? -1 : open(name, O_CREAT | O_EXCL | O_WRONLY, 0666);

  if (file >= 0) (void)close(file);
}

/* The disk of the others after the first fault. */
static void Slow(size_t size)
{
  const char *seconds = getenv("FAULT_SLOW"), *name = getenv("FAULT_MARK");

  if (seconds != NULL && name != NULL && size > 1 << 20 && access(name, F_OK) == 0)
    (void)usleep((useconds_t)(1e6 * atof(seconds)));
}

/* Whether this call is to fail. */
static int Fails(const char *what)
{
  Read();
  if (strcmp(kind, what) != 0) return 0;
  calls++;
  if (calls < at || calls >= at + length) return 0;
  Mark();
  return 1;
}

static void *Next(const char *name)
{
  return dlsym(RTLD_NEXT, name);
}

double exp(double x)
{
  static double (*next)(double);

  if (next == NULL) *(void **)&next = Next("exp");
  return Fails("exp") ? (double)NAN : next(x);
}

PetscErrorCode KSPSolve(KSP ksp, Vec b, Vec x)
{
  static PetscErrorCode (*next)(KSP, Vec, Vec);
  PetscErrorCode code;

  if (next == NULL) *(void **)&next = Next("KSPSolve");
  code = next(ksp, b, x);
  if (Fails("ksp")) ksp->reason = KSP_DIVERGED_BREAKDOWN;
  return code;
}

PetscErrorCode SNESSolve(SNES snes, Vec b, Vec x)
{
  static PetscErrorCode (*next)(SNES, Vec, Vec);
  PetscErrorCode code;

  if (next == NULL) *(void **)&next = Next("SNESSolve");
  code = next(snes, b, x);
  if (Fails("snes")) code = SNESSetConvergedReason(snes, SNES_DIVERGED_LINE_SEARCH);
  return code;
}

/* All memory of PETSc, and of this program, comes from here. */
PetscErrorCode PetscMallocAlign(size_t size, PetscBool clear, int line, const char function[],
                                const char file[], void **result)
{
  static PetscErrorCode (*next)(size_t, PetscBool, int, const char[], const char[], void **);

  if (next == NULL) *(void **)&next = Next("PetscMallocAlign");
  if (size > 64 && Fails("malloc") && calls == at)
    return PetscError(PETSC_COMM_SELF, line, function, file, PETSC_ERR_MEM, PETSC_ERROR_INITIAL,
                      "no memory (injected)");
  return next(size, clear, line, function, file, result);
}

static int Broken(void)
{
  errno = EIO;
  return -1;
}

/* All that is written ends in it. */
int fflush(FILE *file)
{
  static int (*next)(FILE *);

  if (next == NULL) *(void **)&next = Next("fflush");
  if (file == NULL || file == stdout || file == stderr) return next(file);
  return Fails("disk") ? Broken() : next(file);
}

double MPI_Wtime(void)
{
  static double (*next)(void);

  if (next == NULL) *(void **)&next = Next("MPI_Wtime");
  Read();
  return next() * (strcmp(kind, "clock") == 0 ? (double)at : 1);
}

int rename(const char *from, const char *to)
{
  static int (*next)(const char *, const char *);

  if (next == NULL) *(void **)&next = Next("rename");
  if (Fails("kill")) (void)raise(SIGKILL);
  return next(from, to);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t place)
{
  static ssize_t (*next)(int, const void *, size_t, off_t);
  static int full; /* what was half written is not to be written on */

  if (next == NULL) *(void **)&next = Next("pwrite");
  if (Fails("disk")) return Broken();
  if (full > 0 || Fails("full")) {
    if (full++ == 0 && size > 1) return next(file, data, size / 2, place);
    full  = 0;
    errno = ENOSPC;
    return -1;
  }
  if (Fails("cut")) {
    (void)next(file, data, size / 2, place);
    (void)raise(SIGKILL);
  }
  Slow(size);
  return next(file, data, size, place);
}

int fsync(int file)
{
  static int (*next)(int);

  if (next == NULL) *(void **)&next = Next("fsync");
  return Fails("sync") ? Broken() : next(file);
}

/* Whether a file is one of a directory called checkpoint. */
static int IsCheckpoint(int file)
{
  char    link[32], path[4096];
  ssize_t length;

  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return strstr(path, "/checkpoint/") != NULL;
}

ssize_t read(int file, void *data, size_t size)
{
  static ssize_t (*next)(int, void *, size_t);

  if (next == NULL) *(void **)&next = Next("read");
  return IsCheckpoint(file) && Fails("read") ? Broken() : next(file, data, size);
}

ssize_t pread(int file, void *data, size_t size, off_t place)
{
  static ssize_t (*next)(int, void *, size_t, off_t);

  if (next == NULL) *(void **)&next = Next("pread");
  return IsCheckpoint(file) && Fails("read") ? Broken() : next(file, data, size, place);
}
