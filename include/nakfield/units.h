/**
  @file
  Quantities with units: three functions around UDUNITS-2.

  Not collective, no messages.  Call them on one rank, because opening reads UDUNITS' database from
  disk on every rank that does it.
*/
#pragma once

#include <nakfield/base.h>

/**
  Read the unit database and add what battery decks need:
  - `mAh`, `uL`, `um`, `deg`
  - `wt%`, `mol%` and `at%` (dimensionless)
  - `degC` as an absolute temperature
  - `M` for mol/L
  Every call is to be matched by a close: opening it again only counts.

  Errors: PETSC_ERR_FILE_OPEN, naming the database, when UDUNITS cannot read it.
*/
PetscErrorCode NakUnitsOpen(void);

/** Free the database with the last of those who opened it; harmless when it is not open. */
PetscErrorCode NakUnitsClose(void);

/**
  Convert text such as `0.7 mA/cm^2` to a number in `unit`.

  @param[in]  text     number, blanks, unit; a dimensionless quantity may come without a unit.  A
                       unit is a product of powers, in the signs of print as well (mA·cm⁻²).  Dates,
                       logarithms or factors, which UDUNITS would take, are refused; an angle is not
                       a plain number
  @param[in]  unit     unit of the result, e.g. "A/m^2"; "1" for a dimensionless one
  @param[out] value    the number in `unit`; untouched when `message` is not empty
  @param[out] message  empty on success, else one line that says what is wrong and what would be
                       right (a missing unit, an unknown one, a wrong dimension, not a number, not
                       finite).  It continues a line that has named the text: "it needs a unit, ..."
  @param[in]  size     of `message`

  Wrong input of a user is no error of the function: it returns 0 and fills `message`.

  Errors: PETSC_ERR_ORDER when the database is not open.
*/
PetscErrorCode NakUnitsConvert(const char *text, const char *unit, PetscReal *value, char *message,
                               size_t size);
