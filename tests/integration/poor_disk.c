/* A file system as clusters have them, loaded before the program (LD_PRELOAD).

     POOR_DISK=locks     no locks: flock() fails with ENOLCK
     POOR_DISK=nfs       none on directories, which are not open for writing: EBADF
     POOR_DISK=filling   a disk or quota of 1 GB that is full after 20 s of the process's life */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

static int Is(const char *what)
{
  const char *text = getenv("POOR_DISK");

  return text != NULL && strcmp(text, what) == 0;
}

int flock(int file, int operation)
{
  static int (*next)(int, int);
  struct stat about;

  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "flock");
  if (Is("locks")) errno = ENOLCK;
  if (Is("nfs")) errno = EBADF;
  if (Is("locks") || (Is("nfs") && fstat(file, &about) == 0 && S_ISDIR(about.st_mode))) return -1;
  return next(file, operation);
}

int statvfs(const char *path, struct statvfs *disk)
{
  static int (*next)(const char *, struct statvfs *);
  static double   first;
  struct timespec now;
  double          left;
  int             code;

  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "statvfs");
  code = next(path, disk);
  if (code != 0 || !Is("filling")) return code;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  if (first == 0) first = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  left           = 1 - ((double)now.tv_sec + 1e-9 * (double)now.tv_nsec - first) / 20;
  disk->f_frsize = 1000;
  disk->f_bavail = left > 0 ? (fsblkcnt_t)(1e6 * left) : 0;
  return 0;
}
