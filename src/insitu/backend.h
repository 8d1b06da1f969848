/* What a back end is: plain C, so that it can be a plugin in another language.  It uses no types of
   PETSc, VTK, Conduit or Python.  All calls are collective on the communicator of `start`. */
#pragma once

#include <mpi.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NAK_INSITU_ABI     1
#define NAK_INSITU_SYMBOL  "NakInsituPlugin" /* a function of type NakInsituGetBackend */
#define NAK_INSITU_MESSAGE 8192

typedef struct {
  MPI_Comm           comm;
  int                n_scripts, n_words;
  const char *const *scripts;   /* paths of files that are there */
  const char *const *words;     /* arguments of every script */
  const char        *directory; /* for what the scripts write, unless the environment says more */
} NakInsituHow;

typedef struct {
  const char          *name, *unit;
  const double        *values; /* one a cell, x fastest; NULL if `bytes` holds them */
  const unsigned char *bytes;
} NakInsituArray;

/* This rank's part of a rectilinear mesh.  With cells[2] = 0 it is a plane. */
typedef struct {
  const char           *name;
  int                   cells[3];
  const double         *axes[3]; /* cells + 1 coordinates each [m] */
  int                   count;
  const NakInsituArray *arrays;
} NakInsituChannel;

typedef struct {
  const char *name;
  double      value;
} NakInsituNumber;

typedef struct {
  long                    index; /* of the moment, from 0: the scripts' time step */
  double                  time;  /* [s] */
  int                     last;  /* of the run: scripts are to write whatever their triggers say */
  int                     n_channels, n_numbers;
  const NakInsituChannel *channels;
  const NakInsituNumber  *numbers; /* the same on every rank */
} NakInsituMoment;

typedef struct {
  int         abi;  /* NAK_INSITU_ABI */
  const char *name; /* "ParaView 5.11.0" */

  /* Returns 0 with something for the other calls in `self`, or 1 on every rank.  On at least one
     rank `message` has what is to be reported, "" elsewhere. */
  int (*start)(const NakInsituHow *how, void **self, char message[NAK_INSITU_MESSAGE]);

  /* Run the scripts; afterwards the arrays belong to the caller again.  Returns the number of
     scripts that are still alive, the same on every rank; messages as above. */
  int (*show)(void *self, const NakInsituMoment *moment, char message[NAK_INSITU_MESSAGE]);

  void (*stop)(void *self);
} NakInsituBackend;

typedef const NakInsituBackend *(*NakInsituGetBackend)(void);

#ifdef __cplusplus
}
#endif
