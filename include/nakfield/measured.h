/**
  @file
  Measured data: tables of instruments and cyclers.  Columns are found by their names, never by
  position.

  These formats are read:
  - BDF (Battery Data Format)
  - BioLogic's .mpt, ZView's .z, Gamry's .DTA
  - tables of Arbin, Basytec, Maccor and Neware
  - a run's own timeseries.csv and impedance.csv
  The line that names the columns tells them apart.  Columns stand in any order.  Numbers have a
  decimal point or a decimal comma.  The text is UTF-8, UTF-16 or Latin-1, with any line ends.  A
  unit stands beside the name ("Current / mA", "I[A]", "Time (h)"), in the line below, or in the
  table of names.

  A file that is not understood to its last row is refused: the error names the line, and nothing of
  the file is used.
*/
#pragma once

#include <nakfield/base.h>

typedef enum {
  NAK_MEASURED_TIME,      /**< [s]; rises from row to row */
  NAK_MEASURED_VOLTAGE,   /**< [V] */
  NAK_MEASURED_CURRENT,   /**< [A], or [A/m2] if the file has it per area */
  NAK_MEASURED_FREQUENCY, /**< [Hz]; above 0, one sweep */
  NAK_MEASURED_RE,        /**< of the impedance [ohm], or [ohm m2] */
  NAK_MEASURED_IM,        /**< the same; negative for a capacitor, whatever the file's sign */
  NAK_MEASURED_QUANTITIES
} NakQuantity;

/** A set of quantities. */
#define NAK_MEASURED(quantity) (1U << (quantity))
#define NAK_MEASURED_SPECTRUM                                                                      \
  (NAK_MEASURED(NAK_MEASURED_FREQUENCY) | NAK_MEASURED(NAK_MEASURED_RE) |                          \
   NAK_MEASURED(NAK_MEASURED_IM))

#define NAK_MEASURED_BYTES ((int64_t)1000000000) /**< of a file at most */
#define NAK_MEASURED_ROWS  10000000              /**< at most */

/** The quantities to read from a file. */
typedef struct {
  const char *path;
  const char
    *names; /**< a file of more names of columns, which come first; or NULL.  Its columns are
                 quantity (time, voltage, current, frequency, re, im, minus_im), name, unit */
  const char *column[NAK_MEASURED_QUANTITIES]; /**< as the file spells it; NULL: any known name */
  unsigned    needed;                          /**< quantities that must be there */
  unsigned    welcome;                         /**< those that are read where they are */
} NakMeasuredWish;

/** What was read. */
typedef struct {
  PetscInt   rows;
  PetscReal *values[NAK_MEASURED_QUANTITIES];   /**< NULL if there is no such column */
  PetscBool  per_area[NAK_MEASURED_QUANTITIES]; /**< whether a current or impedance is per area */
  PetscBool  named;                             /**< whether the needed columns were found */
  PetscBool  bdf;                               /**< whether they have the names of BDF */
  char       sha256[65];                        /**< of the file's bytes, in hexadecimal digits */
} NakMeasured;

/**
  Read a file.  One rank, no messages.

  @param[in]  wish   what to read from it
  @param[out] m      free with NakMeasuredFree(), after a fault too
  @param[out] fault  PETSC_ERR_FILE_OPEN or _READ for a file that cannot be read.
                     PETSC_ERR_USER_INPUT for one that is not understood, no regular file, or too
                     large; the text has the line and what was expected
*/
PetscErrorCode NakMeasuredRead(const NakMeasuredWish *wish, NakMeasured *m, NakFault *fault);

PetscErrorCode NakMeasuredFree(NakMeasured *m);
