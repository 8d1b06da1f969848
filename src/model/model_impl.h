/* What the rooms of the model share. */
#pragma once

#include "column.h"

/* One grid of the hierarchy: its linearised columns, and the matrix made of them. */
typedef struct {
  NakState   state;
  Vec        entries;       /* of the columns' own Jacobians, column by column */
  Vec        slope, ghosts; /* of the diffusion potentials: owned, and with ghost columns */
  PetscInt   per_column;    /* entries of a column */
  PetscReal *values;        /* of the matrix, in the order in which it was preallocated */
  PetscInt   n_values;
  Mat        matrix;
  Mat        interpolation, restriction; /* to this level from the one below, and back */
  Mat        entry_restriction;          /* the same average for `entries` */
} NakLevel;

struct NakModel_private {
  MPI_Comm         comm;
  NakModelParams   params;
  NakState         state; /* that of the finest level */
  NakColumn        column;
  NakCover        *over;  /* of the owned columns */
  const PetscReal *voids; /* order parameter over the owned columns, or NULL; not owned */
  PetscReal        contact_fraction;
  Vec              u_ghosted, theta; /* local work */
  PetscInt         n_levels;
  NakLevel        *levels; /* [0] is the coarsest */
  NakEntries       scratch;
  PetscReal        shift; /* of the last linearisation */
  PetscReal        initial_potential;
  Vec              frame_state; /* the state that NakModelFrame() was last asked for; not owned */
};

/* A rank's columns. */
typedef struct {
  PetscInt xs, ys, xm, ym;
} NakBox;

static inline PetscErrorCode NakOwnedBox(NakState state, NakBox *box)
{
  PetscFunctionBeginUser;
  PetscCall(DMDAGetCorners(NakStateDM(state), &box->xs, &box->ys, NULL, &box->xm, &box->ym, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same with the ghost columns around them. */
static inline PetscErrorCode NakGhostedBox(NakState state, NakBox *box)
{
  PetscFunctionBeginUser;
  PetscCall(
    DMDAGetGhostCorners(NakStateDM(state), &box->xs, &box->ys, NULL, &box->xm, &box->ym, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* contact.c: contact of the owned columns, all wetted, and its mean over all. */
PetscErrorCode NakContactCreate(MPI_Comm comm, const NakContactParams *params, NakState state,
                                NakCover **over, PetscReal *fraction);

/* levels.c */
PetscErrorCode NakLevelsCreate(NakModel model);
PetscErrorCode NakLevelsDestroy(NakModel model);

/* transfer.c: scalar cell-centred transfer between a grid and the one with half its columns. */
PetscErrorCode NakTransferCreate(NakState fine, NakState coarse, Mat *interpolation,
                                 Mat *restriction);
