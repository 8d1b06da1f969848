/**
  @file
  Quantities with units: UDUNITS-2 behind three functions.

  Not collective, no messages: call them on one rank, because opening reads UDUNITS' database from
  disk on every rank that does it.
*/
#pragma once

#include <nakfield/base.h>

/**
  Read the unit database and add what battery decks need: `mAh` is known, `wt%`, `mol%` and `at%`
  (dimensionless), `uL`, `um`, `degC` as an absolute temperature, `deg`, and `M` for mol/L.  Opening
  it again only counts: close it as often.

  Errors: PETSC_ERR_FILE_OPEN, naming the database, when UDUNITS cannot read it.
*/
PetscErrorCode NakUnitsOpen(void);

/** Free the database with the last of those who opened it; harmless when it is not open. */
PetscErrorCode NakUnitsClose(void);

/**
  Convert text such as `0.7 mA/cm^2` to a number in `unit`.

  @param[in]  text     number, blanks, unit; a dimensionless quantity may come without a unit.  A
                       unit is a product of powers, in the signs of print as well (mA·cm⁻²): no
                       dates, logarithms or factors, which UDUNITS would take; an angle is not a
                       plain number
  @param[in]  unit     unit of the result, e.g. "A/m^2"; "1" for a dimensionless one
  @param[out] value    the number in `unit`; untouched when `message` is not empty
  @param[out] message  empty on success, else one line that says what is wrong and what would be
                       right (a missing unit, an unknown one, a wrong dimension, not a number, not
                       finite); it continues a line that has named the text: "it needs a unit, ..."
  @param[in]  size     of `message`

  What a user got wrong is no error of the function: it returns 0 and fills `message`.

  Errors: PETSC_ERR_ORDER when the database is not open.
*/
PetscErrorCode NakUnitsConvert(const char *text, const char *unit, PetscReal *value, char *message,
                               size_t size);
