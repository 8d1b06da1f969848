/* Errors of a deck; the contract is in nakfield/deck.h and deck_impl.h. */
#include "deck_impl.h"

#include <stdlib.h>
#include <string.h>

/* An entry that the deck lacks has no line in it. */
static NakSource PlaceOf(NakNode node)
{
  const NakSource none = {.line = 0};

  return node != NULL ? node->place : none;
}

static PetscErrorCode Collect(NakDeck deck, NakSource place, const char format[], va_list arguments)
{
  char text[1024], shown[1024];

  PetscFunctionBeginUser;
  deck->found++;
  if (deck->stored == NAK_DECK_ERRORS) PetscFunctionReturn(PETSC_SUCCESS);
  (void)vsnprintf(text, sizeof text, format, arguments);
  NakTextShow(text, shown, sizeof shown);
  PetscCall(PetscStrallocpy(shown, &deck->errors[deck->stored].text));
  deck->errors[deck->stored].place = place;
  deck->errors[deck->stored].order = deck->found;
  deck->stored++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckErrorAt(NakDeck deck, NakSource place, const char format[], ...)
{
  va_list        arguments;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  va_start(arguments, format);
  code = Collect(deck, place, format, arguments);
  va_end(arguments);
  PetscFunctionReturn(code);
}

PetscErrorCode NakDeckError(NakDeck deck, NakNode node, const char format[], ...)
{
  va_list        arguments;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  va_start(arguments, format);
  code = Collect(deck, PlaceOf(node), format, arguments);
  va_end(arguments);
  PetscFunctionReturn(code);
}

static int CompareInts(PetscInt a, PetscInt b)
{
  return (a > b) - (a < b);
}

static int CompareErrors(const void *left, const void *right)
{
  const NakErrorEntry *a = left, *b = right;
  int                  order = CompareInts(a->place.source, b->place.source);

  if (order == 0) order = CompareInts(a->place.line, b->place.line);
  if (order == 0) order = CompareInts(a->place.column, b->place.column);
  return order != 0 ? order : CompareInts(a->order, b->order);
}

static void Print(NakDeck deck, NakSource at, const char *text, FILE *file)
{
  if (at.source > 0)
    NakTextPrint(file, "command line:%" PetscInt_FMT ": %s\n", at.source, text);
  else if (deck->path == NULL)
    NakTextPrint(file, "command line: %s\n", text);
  else if (at.line == 0)
    NakTextPrint(file, "%s: %s\n", deck->path, text);
  else
    NakTextPrint(file, "%s:%" PetscInt_FMT ":%" PetscInt_FMT ": %s\n", deck->path, at.line,
                 at.column, text);
}

PetscErrorCode NakDeckPrintErrors(NakDeck deck, FILE *file)
{
  PetscFunctionBeginUser;
  qsort(deck->errors, (size_t)deck->stored, sizeof deck->errors[0], CompareErrors);
  for (PetscInt i = 0; i < deck->stored; i++)
    if (deck->errors[i].order > deck->printed)
      Print(deck, deck->errors[i].place, deck->errors[i].text, file);
  if (deck->found > deck->stored && deck->found > deck->printed)
    NakTextPrint(file, "%s: %" PetscInt_FMT " more errors are not shown\n", NakDeckPath(deck),
                 deck->found - deck->stored);
  deck->printed = deck->found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakDeckErrorCount(NakDeck deck)
{
  return deck->found;
}

PetscErrorCode NakDeckWarn(NakDeck deck, NakNode node, const char format[], ...)
{
  const char *const word = "warning: ";
  char              text[1024], shown[1024];
  va_list           arguments;

  PetscFunctionBeginUser;
  va_start(arguments, format);
  (void)snprintf(text, sizeof text, "%s", word);
  (void)vsnprintf(text + strlen(word), sizeof text - strlen(word), format, arguments);
  va_end(arguments);
  NakTextShow(text, shown, sizeof shown);
  Print(deck, PlaceOf(node), shown, stderr);
  if (deck->warner == NULL) deck->warner = open_memstream(&deck->warnings, &deck->warnings_size);
  PetscCheck(deck->warner != NULL, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a warning");
  Print(deck, PlaceOf(node), shown, deck->warner);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *NakDeckWarnings(NakDeck deck)
{
  if (deck->warner == NULL || fflush(deck->warner) != 0) return "";
  return deck->warnings;
}

PetscErrorCode NakDeckReport(NakDeck deck, PetscInt *count)
{
  PetscErrorCode code = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(deck->comm, &rank));
  if (rank == 0) {
    (void)fflush(stdout);
    code = NakDeckPrintErrors(deck, stderr);
    (void)fflush(stderr);
  }
  PetscCall(NakAgree(deck->comm, code));
  *count = deck->found;
  PetscCallMPI(MPI_Bcast(count, 1, MPIU_INT, 0, deck->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakRefuseErrors(MPI_Comm comm, PetscInt count, const char where[], ...)
{
  char    place[2 * NAK_TEXT_SIZE];
  va_list arguments;

  PetscFunctionBeginUser;
  va_start(arguments, where);
  (void)vsnprintf(place, sizeof place, where, arguments);
  va_end(arguments);
  PetscCheck(count == 0, comm, PETSC_ERR_USER_INPUT, "%" PetscInt_FMT " error%s in %s", count,
             count == 1 ? "" : "s", place);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDeckClearErrors(NakDeck deck)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < deck->stored; i++) PetscCall(PetscFree(deck->errors[i].text));
  deck->stored = 0;
  if (deck->warner != NULL) (void)fclose(deck->warner);
  free(deck->warnings);
  deck->warner   = NULL;
  deck->warnings = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *NakDeckPath(NakDeck deck)
{
  return deck->path != NULL ? deck->path : "command line";
}
