/**
  @file
  The run directory.  It contains:
  - timeseries.csv, summary.json, resolved.yaml, log.txt
  - fields.h5 with the fields of all frames
  - fields.xmf (the cells) and face.xmf (the electrolyte's face): what ParaView's XDMFReader needs
    to open the fields

  Writers write frames together, and rank 0 all other files.  All ranks agree on the errors of one
  rank (NakAgree()): PETSC_ERR_FILE_OPEN, _WRITE or _UNEXPECTED, with the path and the system's
  reason.  A number that is not finite is never written: it is an error (PETSC_ERR_FP) instead.
*/
#pragma once

#include <nakfield/checkpoint.h>
#include <nakfield/protocol.h>

/** Set by the deck; units and bounds are in NakOutputParamRows. */
typedef struct {
  char          directory[NAK_TEXT_SIZE]; /**< "" for runs/<name of the deck> */
  PetscReal     fields_every;             /**< [s]; 0 for the ends of protocol steps only */
  PetscReal     timeseries_every;         /**< [s]; 0 for every time step */
  PetscInt      precision;                /**< of fields: 0 double, 1 single */
  PetscBool     compress;                 /**< frames, without loss */
  PetscInt      writers;                  /**< of files; 0 for one a node */
  PetscInt      map; /**< moments in map.csv before they come half as often; 0 for no such table */
  NakFieldNames names; /**< of the fields that frames have, set by NakOutputRead() */
} NakOutputParams;

extern const NakParam NakOutputParamRows[];      /**< the directory */
extern const NakParam NakOutputTimesParamRows[]; /**< when something is written */
extern const NakParam NakOutputCellParamRows[];  /**< entries for cells only */

/** Read `output.fields.names`, out of `count` fields; errors are collected.  Collective. */
PetscErrorCode NakOutputRead(NakDeck deck, const NakField fields[], PetscInt count,
                             NakOutputParams *params);

/** Report frames without end, in a run of up to `span` [s].  Pure. */
void NakOutputCheck(const NakOutputParams *params, PetscReal span, NakCheckList *list);

typedef struct NakOutput_private *NakOutput; /**< opaque */

/** What happens to a run that is in the directory already. */
typedef enum {
  NAK_OUTPUT_NEW,     /**< it is an error */
  NAK_OUTPUT_REPLACE, /**< it is removed */
  NAK_OUTPUT_ANEW,    /**< it is removed except original.yaml, its own deck, with which it begins
                           again */
  NAK_OUTPUT_CONTINUE /**< it is continued: NakOutputCheckpoint() must follow */
} NakOutputMode;

/**
  Make the run directory and open its files.  Collective on `comm`.

  @param[in]  comm      the ranks that hold the fields
  @param[in]  params    copied
  @param[in]  name      of the deck without folder and suffix, for the default directory
  @param[in]  mode      what becomes of a run that is there already
  @param[out] output    close with NakOutputDestroy()

  Errors: PETSC_ERR_FILE_OPEN if the directory cannot be used.  It holds a run already (the message
  names the remedies), cannot be made, or another process writes to it at this moment.
*/
PetscErrorCode NakOutputCreate(MPI_Comm comm, const NakOutputParams *params, const char *name,
                               NakOutputMode mode, NakOutput *output);

/**
  Write to a checkpoint how far every file has come, and make what was written survive a power cut.
  Or read a checkpoint: remove all rows, lines and frames after it from every file, and continue
  from there.  Collective.

  Errors: PETSC_ERR_FILE_UNEXPECTED for a file that is shorter than it was, or a frame that is gone;
  PETSC_ERR_USER_INPUT if there are frames with other `names`.
*/
PetscErrorCode NakOutputCheckpoint(NakOutput output, NakCheckpoint checkpoint);

/** The name of a table of results in a run directory, "" if there is none.  Collective. */
PetscErrorCode NakOutputTable(MPI_Comm comm, const char *directory, char name[NAK_TEXT_SIZE]);

/** The status in the summary of a run directory, "" if the directory holds none.  Collective. */
PetscErrorCode NakOutputStatus(MPI_Comm comm, const char *directory, char status[NAK_TEXT_SIZE]);

/** Remove the summary, which speaks of an end.  Collective. */
PetscErrorCode NakOutputForgetSummary(NakOutput output);

/** Where a run is; `left` may be PETSC_INFINITY, `unit` is that of time after a number, or "". */
typedef struct {
  PetscReal   time, left, dt;
  PetscInt    steps;
  const char *unit;
} NakMoment;

/** Keep progress.json up to date, which others may read while the run is under way (`nakfield
    watch`).  It is written after 1, 3, 7 s and so on, later every 10 s.  Warn once if the disk will
    be full before the run is over.  Rank 0 writes, others return at once.  NakOutputDestroy()
    removes that file and owner.json, which says who writes here. */
PetscErrorCode NakOutputProgress(NakOutput output, const NakMoment *moment);

/** Close every file and set `*output` to NULL; NULL is accepted.  Collective. */
PetscErrorCode NakOutputDestroy(NakOutput *output);

/** The run directory as the deck spells it.  Every rank. */
const char *NakOutputDirectory(NakOutput output);

/** Write resolved.yaml (NakDeckWriteResolved()), and original.yaml unless the deck is the run's
    own.  Keep both deck and title as provenance.  Collective. */
PetscErrorCode NakOutputDeck(NakOutput output, NakDeck deck, const NakSection schema[],
                             const char *title);

/** Append a line to log.txt with its newline.  Rank 0 writes, others return at once.  The next
    NakOutputRow() reports a line that could not be written. */
PetscErrorCode NakOutputLog(NakOutput output, const char format[], ...)
  PETSC_ATTRIBUTE_FORMAT(2, 3);

/**
  Append a row to the table <name>.csv, which is created with its first row.  Rows are buffered.  A
  row reaches the file with the next row that comes 0.2 s of wall time later.  Collective.

  @param[in] name  timeseries, free_energy, phases, x_cut_plane or y_cut_plane
  @param[in] row   the names of the first one are the table's first line
*/
PetscErrorCode NakOutputRow(NakOutput output, const char *name, const NakNumbers *row);

/** Write all rows so far to their files, for those who read them while the run is under way.
    Collective. */
PetscErrorCode NakOutputFlush(NakOutput output);

/**
  Append the fields of one moment to fields.h5 and rewrite the .xmf files.  So what is on disk opens
  in ParaView at any time.  Collective.

  Every frame has the grid and the fields of the first (else PETSC_ERR_ARG_INCOMP).  A second frame
  at the same time is left out and is not an error.  With thousands of frames the .xmf files are
  rewritten less often, so that this takes at most 5 % of the wall time.

  Layout of fields.h5:
  - /deck (text)
  - /grid/x, y, z (faces of the cells [m]) and region (0 electrolyte, 1 interphase, 2 alloy)
  - /frames/000000 and so on; the attributes are the `numbers` in SI.  There is one dataset a field:
    (z, y, x), or (1, y, x) on the face, each with attributes `unit` and `long_name`
*/
PetscErrorCode NakOutputFields(NakOutput output, const NakNumbers *numbers, const NakFrame *frame);

/** Append a moment to map.csv, from a frame in 2D.  The map is the face along x against time; it
    has means over at most 128 parts of the face.  Collective. */
PetscErrorCode NakOutputMap(NakOutput output, PetscReal time, const NakFrame *frame);

/** Append a spectrum to impedance.csv and its relaxation times to drt.csv.  The files are created
    with the first spectrum; units are in their first lines.  Collective. */
PetscErrorCode NakOutputSpectrum(NakOutput output, PetscReal time, PetscInt step,
                                 const NakSpectrum *spectrum);

/** What summary.json says. */
typedef struct {
  const char          *status;  /**< completed, condition, limit, short, failed, interrupted */
  const char          *end;     /**< the reason in words */
  NakNumbers           numbers; /**< of the end and of the whole run */
  PetscInt             time_steps, rejected_steps;
  PetscReal            wall_seconds;
  PetscBool            protocol; /**< there is one: then what follows is written, too */
  PetscInt             n_reports, n_events;
  const NakStepReport *reports; /**< of its steps; owned by the caller */
  const NakEvent      *events;  /**< owned by the caller */
  const NakAnswers    *answers; /**< or NULL; owned by the caller */
  PetscReal            na_balance, k_balance, charge_balance; /**< largest over the run */
  PetscInt             linear_iterations;
} NakSummary;

/** Write summary.json through a temporary file and a rename.  Before that, fields.h5 has all
    frames, and tables and frames are on the disk.  A run that is killed after it lacks nothing.
    Collective. */
PetscErrorCode NakOutputSummary(NakOutput output, const NakSummary *summary);
