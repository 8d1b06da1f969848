/* Any bytes as a deck: parse, check against a schema, report, resolve.  The bytes after a line that
   holds only "%%" are overrides, one per line.

   Build with -DNAK_FUZZ=ON and CC=clang, then: fuzz_deck tests/fuzz/seeds/deck -max_total_time=300
   Without LSAN_OPTIONS as in scripts/fuzz, a leak of MPI's start-up is reported at the very end, with a
   crash file of the empty input. */
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
  {.key = "title",               .type = NAK_TEXT, .offset = offsetof(Params, title), .doc = "Title"},
  {.key     = "alloy.potassium",
   .type    = NAK_FRACTION,
   .offset  = offsetof(Params, share),
   .initial = 0.5,
   .lower   = 0,
   .upper   = 1,
   .doc     = "Share"},
  {.key     = "alloy.temperature",
   .type    = NAK_REAL,
   .unit    = "K",
   .offset  = offsetof(Params, temperature),
   .initial = 298.15,
   .lower   = 200,
   .upper   = 500,
   .doc     = "Temperature"},
  {.key     = "contact.angle",
   .type    = NAK_REAL,
   .unit    = "rad",
   .offset  = offsetof(Params, angle),
   .initial = 1,
   .lower   = 0,
   .upper   = 4,
   .doc     = "Angle"},
  {.key     = "contact.deep.length",
   .type    = NAK_REAL,
   .unit    = "m",
   .offset  = offsetof(Params, length),
   .initial = 1,
   .lower   = -PETSC_INFINITY,
   .upper   = PETSC_INFINITY,
   .doc     = "Length"},
  {.key     = "grid.number",
   .type    = NAK_REAL,
   .unit    = "1",
   .offset  = offsetof(Params, number),
   .initial = 1,
   .lower   = -10,
   .upper   = PETSC_INFINITY,
   .doc     = "Number"},
  {.key     = "grid.nx",
   .type    = NAK_INT,
   .offset  = offsetof(Params, count),
   .initial = 1,
   .lower   = -PETSC_INFINITY,
   .upper   = PETSC_INFINITY,
   .doc     = "Cells"},
  {.key    = "grid.lateral",
   .type   = NAK_CHOICE,
   .offset = offsetof(Params, choice),
   .text   = "periodic|symmetric",
   .doc    = "Boundaries"},
  {.key = "grid.uniform",          .type = NAK_BOOL, .offset = offsetof(Params, truth), .doc = "Uniform"},
  {.key = "protocol",   .type = NAK_TREE, .doc = "Protocol"},
  {.key = NULL           }
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

/* Read, check, report, resolve; `*count` mistakes, and the resolved deck, which free() frees. */
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
  PetscCall(NakDeckPrintMistakes(deck, report));
  PetscCall(NakDeckWriteResolved(deck, schema, file));
  PetscCall(NakDeckDestroy(&deck));
  fclose(report);
  fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A deck without mistakes must resolve to one without mistakes that resolves to itself. */
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
      fprintf(stderr, "%" PetscInt_FMT " mistakes in\n%s----\n%s", count, first, second);
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
