/* What the source files of the measured data share. */
#pragma once

#include <nakfield/measured.h>
#include <stdio.h>

/* ---- text.c: from bytes to lines ---- */

enum { NAK_LINE_SIZE = 65536 };

typedef struct NakScan_private *NakScan;

/* Begin to read; `name` is for messages.  `file` stays the caller's. */
PetscErrorCode NakScanCreate(FILE *file, const char *name, NakScan *scan);
PetscErrorCode NakScanDestroy(NakScan *scan);

/* The next line in ASCII, without its end.  NULL at the end and after a fault.  The caller may
   write into it. */
char *NakScanNext(NakScan scan, NakFault *fault);

/* Number of that line, from 1. */
PetscInt NakScanNumber(NakScan scan);

const char *NakScanName(NakScan scan);

/* SHA-256 of all bytes read so far. */
PetscErrorCode NakScanDigest(NakScan scan, char sha256[65]);

/* Copy a text, with characters beyond ASCII replaced by ASCII: u for the micro sign, ohm for its
   letter. */
void NakTextPlain(const char *from, char *to, size_t size);

/* ---- number.c: fields of a line ---- */

enum { NAK_COLUMNS = 256 };

/* Split a line at `separator`, or at blanks if it is ' ', in place.  Fields are without the blanks
   around them.  Returns how many; -1 for more than NAK_COLUMNS or an open quotation. */
int NakFieldsSplit(char *line, char separator, char *field[NAK_COLUMNS]);

/* The decimal signs that numbers of a file had so far. */
typedef struct {
  PetscBool point, comma;
} NakDecimal;

/* Read a finite number, or with `clock` a time such as 1:02:03.5 or 2d 01:02:03.  Returns NULL, or
   what is wrong with it. */
const char *NakNumberRead(const char *text, PetscBool clock, NakDecimal *decimal, PetscReal *value);

/* ---- names.c: what columns are called ---- */

/* Where quantities stand in a row, and the factors that convert them to SI. */
typedef struct {
  int       place[NAK_MEASURED_QUANTITIES];  /* -1 for none */
  PetscReal factor[NAK_MEASURED_QUANTITIES]; /* 0 if the unit is still to come */
  PetscReal sign[NAK_MEASURED_QUANTITIES];   /* -1 of a column of -Im Z */
  PetscBool per_area[NAK_MEASURED_QUANTITIES];
  PetscBool clock; /* the time is hours, minutes and seconds */
  PetscBool bdf;   /* all have the names of BDF */
} NakPlaces;

typedef struct NakNames_private *NakNames;

/* The table of names; the file `path` (or NULL) adds to it. */
PetscErrorCode NakNamesCreate(const char *path, NakNames *names, NakFault *fault);
PetscErrorCode NakNamesDestroy(NakNames *names);

/* Find the quantities of a wish among the fields of a line.  `*missing`: the needed quantities that
   are not there.  `*twice`: the word for one that is there twice, or NULL. */
PetscErrorCode NakNamesMatch(NakNames names, const NakMeasuredWish *wish, int n,
                             char *const field[], NakPlaces *places, unsigned *missing,
                             const char **twice);

/* Whether the fields of the line below are units of the columns that have none yet.  If so, take
   them. */
PetscBool NakUnitsBelow(int n, char *const field[], NakPlaces *places);

/* Known names of the quantities, for a message. */
void NakNamesList(NakNames names, unsigned quantities, char *text, size_t size);

/* A quantity in a word. */
const char *NakQuantityWord(NakQuantity quantity);

/* ---- open.c ---- */

/* Open a regular file that is not too large; NULL and a fault for any other. */
PetscErrorCode NakMeasuredOpen(const char *path, FILE **file, NakFault *fault);

/* ---- measured.c ---- */

/* As NakMeasuredRead(), from a file that is open. */
PetscErrorCode NakMeasuredReadFile(FILE *file, const NakMeasuredWish *wish, NakMeasured *m,
                                   NakFault *fault);
