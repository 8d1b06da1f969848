/* Any bytes as a deck: parse, check against a schema, report, resolve.  The bytes after a line that
   holds only "%%" are overrides, one per line.

   Build with -DNAK_FUZZ=ON and CC=clang, then: fuzz_deck tests/fuzz/seeds/deck
   -max_total_time=300 */
#include "deck_impl.h"
#include "fuzz.h"

#include <nakfield/units.h>
#include <string.h>

typedef struct {
  char        title[NAK_TEXT_SIZE];
  NakFraction share;
  PetscReal   length, temperature, angle, number;
  PetscInt    count, choice;
  PetscBool   truth;
} Params;

static const NakParam rows[] = {
  NAK_ROW_TEXT("title", Params, title, "", "Title"),
  NAK_ROW_FRACTION("alloy.potassium", Params, share, 0.5, 0, 1, "Share"),
  NAK_ROW_REAL("alloy.temperature", Params, temperature, "K", 298.15, 200, 500, "Temperature"),
  NAK_ROW_REAL("contact.angle", Params, angle, "rad", 1, 0, 4, "Angle"),
  NAK_ROW_REAL("contact.deep.length", Params, length, "m", 1, -PETSC_INFINITY, PETSC_INFINITY,
               "Length"),
  NAK_ROW_REAL("grid.number", Params, number, "1", 1, -10, PETSC_INFINITY, "Number"),
  NAK_ROW_INT("grid.nx", Params, count, 1, -PETSC_INFINITY, PETSC_INFINITY, "Cells"),
  NAK_ROW_CHOICE("grid.lateral", Params, choice, 0, "periodic|symmetric", "Boundaries"),
  NAK_ROW_BOOL("grid.uniform", Params, truth, PETSC_FALSE, "Uniform"),
  NAK_ROW_TREE("protocol", "Protocol"),
  NAK_ROW_END,
};

#define OVERRIDES 16

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  StartPetsc(*argv);
  if (NakUnitsOpen() != 0) abort(); /* once, not for every deck */
  return 0;
}

/* Cut the lines of `text` apart, in place. */
static PetscInt Lines(char *text, const char *lines[])
{
  PetscInt count = 0;

  while (text != NULL && *text != '\0' && count < OVERRIDES) {
    char *const end = strchr(text, '\n');

    lines[count++] = text;
    if (end != NULL) *end = '\0';
    text = end != NULL ? end + 1 : NULL;
  }
  return count;
}

/* Read, check, report, resolve; `*count` errors, and the resolved deck, which free() frees. */
static PetscErrorCode Resolve(const char *text, size_t length, const char *const overrides[],
                              PetscInt lines, PetscInt *count, char **resolved, size_t *size)
{
  Params           params;
  const NakSection schema[] = {
    {.rows = rows,           .params = &params, .size = sizeof params},
    {.rows = NULL}
  };
  FILE *const report = fopen("/dev/null", "w");
  FILE *const file   = open_memstream(resolved, size);
  NakDeck     deck;

  PetscFunctionBeginUser;
  if (report == NULL || file == NULL) abort();
  PetscCall(NakDeckCreateFromText("fuzz", text, length, overrides, lines, &deck));
  PetscCall(NakDeckFill(deck, schema));
  *count = deck->found;
  PetscCall(NakDeckPrintErrors(deck, report));
  PetscCall(NakDeckWriteResolved(deck, schema, file));
  PetscCall(NakDeckDestroy(&deck));
  fclose(report);
  fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A deck without errors must resolve to one without errors that resolves to itself. */
static PetscErrorCode Check(const char *text, size_t length, const char *const overrides[],
                            PetscInt lines)
{
  char    *first = NULL, *second = NULL;
  size_t   first_size = 0, second_size = 0;
  PetscInt count;

  PetscFunctionBeginUser;
  PetscCall(Resolve(text, length, overrides, lines, &count, &first, &first_size));
  if (count == 0) {
    PetscCall(Resolve(first, first_size, NULL, 0, &count, &second, &second_size));
    if (count > 0 || strcmp(first, second) != 0) {
      fprintf(stderr, "%" PetscInt_FMT " errors in\n%s----\n%s", count, first, second);
      abort();
    }
  }
  free(first);
  free(second);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *overrides[OVERRIDES];
  char *const text = malloc(size + 1);
  char       *break_at;
  PetscInt    lines  = 0;
  size_t      length = size;

  if (text == NULL) abort();
  memcpy(text, data, size);
  text[size] = '\0';
  break_at   = strstr(text, "\n%%\n");
  if (break_at != NULL) {
    length = (size_t)(break_at - text) + 1;
    lines  = Lines(break_at + 4, overrides);
  }
  if (Check(text, length, overrides, lines) != 0) abort();
  free(text);
  return 0;
}
