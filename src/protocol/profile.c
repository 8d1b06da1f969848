/* Measured tables as items of the protocol: reading, sending, rows. */
#include "program.h"
#include <nakfield/measured.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST_ROW 1e-9 /* [s] */
#define MOST_CURRENT 1e7  /* [A/m2] */

/* The entries of a profile's map. */
typedef struct {
  NakDeck          deck;
  NakNode          map;
  const NakLimits *limits;
  NakQuantity      held;
  PetscReal        sign;
  PetscBool        lines;
} ProfileRequest;

/* ---- Entries ---- */

/* One of two words, which must be there.  Returns 0 or 1, or -1 and an error. */
static PetscErrorCode NeedWord(const ProfileRequest *w, const char *key, const char *const words[2],
                               int *which)
{
  const NakNode     node = NakNodeFind(w->map, key);
  const char *const text = node != NULL ? NakNodeText(node) : "";

  PetscFunctionBeginUser;
  *which = strcmp(text, words[0]) == 0 ? 0 : strcmp(text, words[1]) == 0 ? 1 : -1;
  if (*which < 0)
    PetscCall(NakDeckError(w->deck, node != NULL ? node : w->map,
                           "a profile says '%s: %s' or '%s: %s': there is no default", key,
                           words[0], key, words[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A path is relative to the deck.  The resolved deck lies elsewhere, so it has the full path. */
static PetscErrorCode Find(const ProfileRequest *w, NakNode node, char path[PETSC_MAX_PATH_LEN])
{
  const char *const text = NakNodeText(node), *deck = NakDeckPath(w->deck);
  const char *const slash = strrchr(deck, '/');
  char              full[PETSC_MAX_PATH_LEN];
  PetscBool         found;

  PetscFunctionBeginUser;
  if (text[0] == '/' || slash == NULL)
    PetscCall(PetscStrncpy(path, text, PETSC_MAX_PATH_LEN));
  else
    PetscCall(PetscSNPrintf(path, PETSC_MAX_PATH_LEN, "%.*s/%s", (int)(slash - deck), deck, text));
  PetscCall(PetscTestFile(path, '\0', &found));
  if (!found) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscGetRealPath(path, full));
  PetscCall(NakNodeSetText(node, full));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The quantity that is held: that one of `current` and `voltage` which is there. */
static PetscErrorCode FindHeld(ProfileRequest *w, PetscBool *ok)
{
  const NakNode current = NakNodeFind(w->map, "current");
  const NakNode voltage = NakNodeFind(w->map, "voltage");

  PetscFunctionBeginUser;
  *ok     = (PetscBool)((current == NULL) != (voltage == NULL));
  w->held = current != NULL ? NAK_MEASURED_CURRENT : NAK_MEASURED_VOLTAGE;
  if (!*ok)
    PetscCall(NakDeckError(w->deck, w->map,
                           "a profile holds one column of its file: write 'current:' or "
                           "'voltage:', with the name of the column if several fit"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The name of a column, NULL if the deck has none. */
static const char *ColumnOf(const ProfileRequest *w, const char *key)
{
  const NakNode     node = NakNodeFind(w->map, key);
  const char *const text = node != NULL ? NakNodeText(node) : "";

  return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ? NULL : text;
}

/* ---- The table ---- */

/* The factor that turns a column into what is held: per area, and positive when Na is stripped. */
static PetscErrorCode Factor(const ProfileRequest *w, const NakMeasured *m, PetscReal *factor)
{
  const NakNode   per      = NakNodeFind(w->map, "per");
  const PetscBool per_area = m->per_area[NAK_MEASURED_CURRENT];

  PetscFunctionBeginUser;
  *factor = w->sign;
  if (w->held == NAK_MEASURED_CURRENT && !per_area) *factor /= w->limits->area;
  if (per == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  if (w->held != NAK_MEASURED_CURRENT || strcmp(NakNodeText(per), per_area ? "area" : "cell") != 0)
    PetscCall(NakDeckError(w->deck, per, "'per: %s' does not fit: the file has %s",
                           NakNodeText(per),
                           w->held != NAK_MEASURED_CURRENT ? "voltages"
                           : per_area                      ? "currents per area"
                                                           : "currents of the cell"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A value beyond what can be held would end the run at once. */
static PetscErrorCode CheckValue(const ProfileRequest *w, const NakProfile *p, PetscInt row)
{
  const PetscBool current = (PetscBool)(w->held == NAK_MEASURED_CURRENT);
  const PetscReal high    = current ? MOST_CURRENT : w->limits->voltage_max;
  const PetscReal low     = current ? -MOST_CURRENT : w->limits->voltage_min;
  const PetscReal value   = p->value[row];
  const NakNode   node    = NakNodeFind(w->map, "file");

  PetscFunctionBeginUser;
  if (!(value > low && value < high))
    PetscCall(NakDeckError(w->deck, node,
                           "%g %s, %.9g s after the first row of the file, cannot be held: it must "
                           "lie between %g and %g%s",
                           (double)value, current ? "A/m^2" : "V", (double)p->time[row],
                           (double)low, (double)high,
                           current ? "" : ", limits.voltage_min and limits.voltage_max"));
  if (row > 0 && !(p->time[row] - p->time[row - 1] >= SHORTEST_ROW))
    PetscCall(NakDeckError(w->deck, node,
                           "a row of %g s, %.9g s after the first row of the file, is shorter than "
                           "%g s",
                           (double)(p->time[row] - p->time[row - 1]), (double)p->time[row - 1],
                           SHORTEST_ROW));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Copy the columns that were read, until an error. */
static PetscErrorCode Take(const ProfileRequest *w, NakMeasured *m, NakProfile *p)
{
  const PetscInt before = NakDeckErrorCount(w->deck);
  PetscReal      factor, begin;

  PetscFunctionBeginUser;
  PetscCall(Factor(w, m, &factor));
  p->rows                      = m->rows;
  p->lines                     = w->lines;
  p->time                      = m->values[NAK_MEASURED_TIME];
  p->value                     = m->values[w->held];
  m->values[NAK_MEASURED_TIME] = m->values[w->held] = NULL;
  PetscCall(PetscStrncpy(p->sha256, m->sha256, sizeof p->sha256));
  if (p->rows < 2)
    PetscCall(NakDeckError(w->deck, w->map,
                           "the file has one row, and its last one is the end: a "
                           "profile needs two or more"));
  begin = p->time[0];
  for (PetscInt k = 0; k < p->rows && NakDeckErrorCount(w->deck) == before; k++) {
    p->time[k] -= begin;
    p->value[k] *= factor;
    PetscCall(CheckValue(w, p, k));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The digest in the deck must be the file's; if the deck has none, it gets the file's. */
static PetscErrorCode Seal(const ProfileRequest *w, const NakProfile *p)
{
  const NakNode node = NakNodeFind(w->map, "sha256");

  PetscFunctionBeginUser;
  if (node == NULL)
    PetscCall(NakNodeAdd(w->map, "sha256", p->sha256));
  else if (strcmp(NakNodeText(node), p->sha256) != 0)
    PetscCall(NakDeckError(w->deck, node,
                           "the file has another SHA-256, %s: it was changed, or is another file",
                           p->sha256));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadFile(const ProfileRequest *w, NakNode node, NakProfile *profile)
{
  char            path[PETSC_MAX_PATH_LEN], names[PETSC_MAX_PATH_LEN] = "";
  const NakNode   columns = NakNodeFind(w->map, "columns");
  NakFault        fault   = {0};
  NakMeasured     m;
  NakMeasuredWish wish = {.path   = path,
                          .names  = names,
                          .needed = NAK_MEASURED(NAK_MEASURED_TIME) | NAK_MEASURED(w->held)};

  PetscFunctionBeginUser;
  PetscCall(Find(w, node, path));
  if (columns != NULL) PetscCall(Find(w, columns, names));
  wish.column[NAK_MEASURED_TIME] = ColumnOf(w, "time");
  wish.column[w->held] = ColumnOf(w, w->held == NAK_MEASURED_CURRENT ? "current" : "voltage");
  PetscCall(NakMeasuredRead(&wish, &m, &fault));
  if (fault.code)
    PetscCall(NakDeckError(w->deck, node, "%s", fault.text));
  else
    PetscCall(Take(w, &m, profile));
  if (!fault.code) PetscCall(Seal(w, profile));
  PetscCall(NakMeasuredFree(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProfileRead(NakDeck deck, const NakLimits *limits, NakNode map,
                              NakProfile *profile, NakHold *hold, PetscBool *ok)
{
  static const char *const signs[] = {"strips", "plates"}, *const between[] = {"steps", "lines"};
  const PetscInt before = NakDeckErrorCount(deck);
  const NakNode  file   = NakNodeFind(map, "file");
  ProfileRequest w      = {.deck = deck, .map = map, .limits = limits};
  int            sign, lines;

  PetscFunctionBeginUser;
  PetscCall(
    NakDeckKnownKeys(deck, map, "file|columns|time|current|voltage|positive|per|between|sha256"));
  PetscCall(FindHeld(&w, ok));
  PetscCall(NeedWord(&w, "positive", signs, &sign));
  PetscCall(NeedWord(&w, "between", between, &lines));
  if (file == NULL || NakNodeText(file)[0] == '\0')
    PetscCall(NakDeckError(deck, map, "'profile' needs 'file', for instance 'file: cycler.csv'"));
  w.sign  = sign == 1 ? -1 : 1;
  w.lines = (PetscBool)(lines == 1);
  *hold   = w.held == NAK_MEASURED_CURRENT ? NAK_HOLD_CURRENT : NAK_HOLD_VOLTAGE;
  if (NakDeckErrorCount(deck) == before) PetscCall(ReadFile(&w, file, profile));
  *ok = (PetscBool)(NakDeckErrorCount(deck) == before);
  if (!*ok) PetscCall(NakProfileFree(profile));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProfileShare(MPI_Comm comm, NakProfile *p)
{
  PetscMPIInt rank, rows;
  NakProfile  plain = *p;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Bcast(&plain, (int)sizeof plain, MPI_BYTE, 0, comm));
  if (rank > 0) {
    *p = plain;
    PetscCall(PetscMalloc1(p->rows, &p->time));
    PetscCall(PetscMalloc1(p->rows, &p->value));
  }
  PetscCall(PetscMPIIntCast(p->rows, &rows));
  PetscCallMPI(MPI_Bcast(p->time, rows, MPIU_REAL, 0, comm));
  PetscCallMPI(MPI_Bcast(p->value, rows, MPIU_REAL, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakProfileFree(NakProfile *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(p->time));
  PetscCall(PetscFree(p->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Rows ---- */

PetscReal NakProfileLength(const NakProfile *profile)
{
  return profile->time[profile->rows - 1];
}
