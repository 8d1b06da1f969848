/* Decks against a schema: the happy path, every row misused in every way, overrides, the resolved
   deck, the manual, and the nodes that modules read themselves. */
#include "deck_fixture.h"

/* ---- The happy path ---- */

static const char deck_text[] = "title: NaK50, stripped\n"
                                "alloy: {potassium: 37 mol%, temperature: 40 degC}\n"
                                "grid:\n"
                                "  nx: 128\n"
                                "  lateral: periodic\n"
                                "  uniform: true\n"
                                "interphase: {thickness: 20 nm, limiting_current: 0.7 mA/cm^2}\n"
                                "output: {fields: {every: 2 min}}\n"
                                "protocol: [{rest: 5 s}]\n";

static void AssertFilled(const Run *run)
{
  assert_string_equal(run->alloy.title, "NaK50, stripped");
  assert_true(run->alloy.potassium.value == 0.37);
  assert_false(run->alloy.potassium.by_weight);
  assert_true(fabs(run->alloy.temperature - 313.15) < 1e-10);
  assert_int_equal(run->cell.nx, 128);
  assert_int_equal(run->cell.lateral, LATERAL_PERIODIC);
  assert_true(run->cell.uniform);
  assert_true(fabs(run->cell.thickness - 2e-8) < 1e-20);
  assert_true(fabs(run->cell.current - 7) < 1e-12);
  assert_true(run->cell.exponent == 2.1);
  assert_true(run->cell.every == 120);
}

static void FillsEveryRank(void **state)
{
  Run run;

  (void)state;
  RunDeck(&run, deck_text);
  assert_string_equal(run.text, "");
  assert_int_equal(run.count, 0);
  AssertFilled(&run);
  assert_string_equal(NakDeckPath(run.deck), run.path);
  CloseRun(&run);
}

static void SilentDeckTakesDefaults(void **state)
{
  Run run;

  (void)state;
  RunDeck(&run, "interphase: {limiting_current: 7 A/m^2}\ngrid:\n");
  assert_int_equal(run.count, 0);
  assert_string_equal(run.alloy.title, "untitled");
  assert_true(run.alloy.potassium.value == 0.5);
  assert_true(run.alloy.potassium.by_weight);
  assert_int_equal(run.cell.lateral, LATERAL_SYMMETRIC);
  assert_int_equal(run.cell.nx, 1);
  assert_true(run.cell.thickness == 37e-9);
  CloseRun(&run);
}

/* ---- Every row, misused ---- */

/* A row, a value that is right, and values that are not, each with what the message must end with;
   NULL where the row cannot be misused so. */
typedef struct {
  const char *key, *right;
  const char *wrong[6];
  const char *remedy[6];
} Misuse;

static const Misuse misuses[] = {
  {"title",
   "a",           {"[a]", "{a: b}", "", "\"a\\nb\""},
   {"title is a list; it must be a single value",
    "title has entries beneath it; it must be a single value",
    "title is empty: it needs a text, \"\" for an empty one",
    "title is a?b: it must be one line without control characters"}                  },
  {"alloy.potassium",
   "50 wt%",      {"0.5", "50 %", "5e-99999999999999999999 wt%", "99.5 mol%", "nan wt%", "[50 wt%]"},
   {"alloy.potassium is 0.5: it needs wt% or mol%, for example 50 wt%",
    "alloy.potassium is 50 %: it needs wt% or mol%, for example 50 wt%",
    "alloy.potassium is 5e-99999999999999999999 wt%: it must be between 1 wt% and 99 wt%",
    "alloy.potassium is 99.5 mol%: it must be between 1 mol% and 99 mol%",
    "alloy.potassium is nan wt%: it needs wt% or mol%, for example 50 wt%",
    "alloy.potassium is a list; it must be a single value"}                          },
  {"alloy.temperature",
   "25 degC",     {"25", "25 m", "-1 degC", "500 K", ".nan", "{K: 300}"},
   {"alloy.temperature is 25: it needs a unit, for example 25 degC",
    "alloy.temperature is 25 m: m is the wrong dimension; it must be a quantity in K",
    "alloy.temperature is -1 degC: it must be between 0 degC and 200 degC",
    "alloy.temperature is 500 K: it must be between 273.15 K and 473.15 K",
    "alloy.temperature is .nan: it must be finite",
    "alloy.temperature has entries beneath it; it must be a single value"}           },
  {"grid.nx",
   "64",          {"0", "5000", "12.5", "64 m", "99999999999999999999", "[64]"},
   {"grid.nx is 0: it must be between 1 and 4096", "grid.nx is 5000: it must be between 1 and 4096",
    "grid.nx is 12.5: it must be a whole number", "grid.nx is 64 m: it must be a whole number",
    "grid.nx is 99999999999999999999: it must be between 1 and 4096",
    "grid.nx is a list; it must be a single value"}                                  },
  {"grid.lateral",
   "periodic",    {"perodic", "", "1", "{}"},
   {"grid.lateral is perodic: it must be periodic or symmetric",
    "grid.lateral is empty: it must be periodic or symmetric",
    "grid.lateral is 1: it must be periodic or symmetric",
    "grid.lateral has entries beneath it; it must be a single value"}                },
  {"grid.uniform",
   "true",        {"yes", "1", "True", "[]"},
   {"grid.uniform is yes: it must be true or false", "grid.uniform is 1: it must be true or false",
    "grid.uniform is True: it must be true or false",
    "grid.uniform is a list; it must be a single value"}                             },
  {"interphase.thickness",
   "37 nm",       {"37", "37 s", "0.5 nm", "2 um", "inf nm", "[37 nm]"},
   {"interphase.thickness is 37: it needs a unit, for example 37 um",
    "interphase.thickness is 37 s: s is the wrong dimension; it must be a quantity in m",
    "interphase.thickness is 0.5 nm: it must be between 1 nm and 1000 nm",
    "interphase.thickness is 2 um: it must be between 0.001 um and 1 um",
    "interphase.thickness is inf nm: it must be finite",
    "interphase.thickness is a list; it must be a single value"}                     },
  {"interphase.limiting_current",
   "0.7 mA/cm^2", {"0.7", "0.7 mA", "-0.7 mA/cm^2", "", "abc", "0,7 mA/cm^2"},
   {"interphase.limiting_current is 0.7: it needs a unit, for example 0.7 mA/cm^2",
    "interphase.limiting_current is 0.7 mA: mA is the wrong dimension; it must be a quantity in "
    "A/m^2",
    "interphase.limiting_current is -0.7 mA/cm^2: it must be at least 0 mA/cm^2",
    "interphase.limiting_current is empty: it needs a value, for example 1 mA/cm^2",
    "interphase.limiting_current is abc: it is not a number with a unit, such as 1 mA/cm^2",
    "interphase.limiting_current is 0,7 mA/cm^2: write a decimal point, not a comma"}},
  {"interphase.exponent",
   "2.1",         {"2.1 m", "11", "two", "NaN", "1100 %", "{a: 1}"},
   {"interphase.exponent is 2.1 m: m is the wrong dimension; it must be a plain number",
    "interphase.exponent is 11: it must be at most 10",
    "interphase.exponent is two: it is not a number",
    "interphase.exponent is NaN: it must be finite",
    "interphase.exponent is 1100 %: it must be at most 1000 %",
    "interphase.exponent has entries beneath it; it must be a single value"}         },
  {"output.fields.every",
   "60 s",        {"60", "60 m", "-1 min", ".inf"},
   {"output.fields.every is 60: it needs a unit, for example 60 s",
    "output.fields.every is 60 m: m is the wrong dimension; it must be a quantity in s",
    "output.fields.every is -1 min: it must be at least 0 min",
    "output.fields.every is .inf: it must be finite"}                                },
};

#define MISUSES ((PetscInt)(sizeof misuses / sizeof misuses[0]))

/* Append the line of a key's last part, below the lines of its sections where these are new. */
static PetscInt AppendEntry(char *text, const char *before, const char *key, const char *value)
{
  PetscInt lines = 1;
  size_t   start = 0, dot = strcspn(key, ".");
  int      indent = 0;

  while (key[start + dot] == '.') {
    const size_t length = start + dot + 1;

    if (strncmp(before, key, length) != 0) {
      (void)sprintf(text + strlen(text), "%*s%.*s:\n", indent, "", (int)dot, key + start);
      lines++;
    }
    indent += 2;
    start = length;
    dot   = strcspn(key + start, ".");
  }
  (void)sprintf(text + strlen(text), "%*s%s: %s\n", indent, "", key + start, value);
  return lines;
}

/* A deck with every row on a line of its own, `bad` misspelt or with another value; returns the
   line and the column of what is wrong. */
static void BuildDeck(PetscInt bad, const char *key, const char *value, char *text, PetscInt *line,
                      PetscInt *column)
{
  const char *before = "";
  PetscInt    lines  = 0;

  text[0] = '\0';
  for (PetscInt i = 0; i < MISUSES; i++) {
    const char *const used = i == bad ? key : misuses[i].key;

    lines += AppendEntry(text, before, used, i == bad ? value : misuses[i].right);
    before = misuses[i].key;
    if (i == bad) *line = lines;
  }
  *column = 1;
  for (const char *c = key; *c != '\0'; c++) *column += *c == '.' ? 2 : 0;
}

static void AssertError(PetscInt bad, const char *key, const char *value, const char *message)
{
  const char *const dot = strrchr(key, '.');
  char              text[2048], expected[1024];
  PetscInt          line = 0, column = 0;

  BuildDeck(bad, key, value, text, &line, &column);
  if (strcmp(key, misuses[bad].key) == 0)
    column += (PetscInt)strlen(dot != NULL ? dot + 1 : key) + (value[0] != '\0' ? 2 : 1);
  (void)snprintf(expected, sizeof expected, "%d:%d: %s\n", (int)line, (int)column, message);
  AssertReport(text, expected);
}

static void EveryMisuseIsExplained(void **state)
{
  (void)state;
  for (PetscInt i = 0; i < MISUSES; i++)
    for (PetscInt j = 0; j < 6 && misuses[i].wrong[j] != NULL; j++)
      AssertError(i, misuses[i].key, misuses[i].wrong[j], misuses[i].remedy[j]);
}

/* One letter too many, and two swapped, in every key but the required one. */
static void EveryMisspeltKeyIsExplained(void **state)
{
  (void)state;
  for (PetscInt i = 0; i < MISUSES; i++) {
    const char *const right  = misuses[i].key;
    const size_t      length = strlen(right);
    char              key[64], message[256];

    if (strcmp(right, "interphase.limiting_current") == 0) continue;
    (void)snprintf(key, sizeof key, "%sx", right);
    (void)snprintf(message, sizeof message, "unknown key '%s'; did you mean '%s'?", key, right);
    AssertError(i, key, misuses[i].right, message);
    if (right[length - 2] == right[length - 1]) continue;
    (void)snprintf(key, sizeof key, "%s", right);
    key[length - 2] = right[length - 1];
    key[length - 1] = right[length - 2];
    (void)snprintf(message, sizeof message, "unknown key '%s'; did you mean '%s'?", key, right);
    AssertError(i, key, misuses[i].right, message);
  }
}

/* The table of misuses forgets no row. */
static void EveryRowIsMisused(void **state)
{
  const NakParam *const tables[] = {alloy_rows, cell_rows};

  (void)state;
  for (size_t t = 0; t < 2; t++)
    for (const NakParam *row = tables[t]; row->key != NULL; row++) {
      PetscBool found = row->type == NAK_TREE ? PETSC_TRUE : PETSC_FALSE;

      for (PetscInt i = 0; i < MISUSES; i++)
        if (strcmp(misuses[i].key, row->key) == 0) found = PETSC_TRUE;
      if (!found) fail_msg("no misuse of %s is tested", row->key);
    }
}

static void AllErrorsInOnePass(void **state)
{
  (void)state;
  AssertReport("titel: x\n"
               "grid: 5\n"
               "interphase: [1]\n"
               "interphas: {thickness: 3 nm}\n"
               "exponent: 2\n"
               "alloy.potassium: 50 wt%\n"
               "zebra: 1\n"
               "output: {fields: {evry: 3 s}, grid: {nx: 4}}\n",
               "1:1: unknown key 'titel'; did you mean 'title'?\n"
               "2:7: grid is a section, not a value: write entries beneath it, such as 'nx: ...', "
               "with a blank "
               "after the colon\n"
               "3:1: interphase.limiting_current is missing: Limiting current\n"
               "3:13: interphase is a section, not a list: write entries beneath it, such as "
               "'thickness: ...', with a "
               "blank after the colon\n"
               "4:1: unknown key 'interphas'; did you mean 'interphase'?\n"
               "5:1: unknown key 'exponent'; did you mean 'interphase.exponent'?\n"
               "6:1: unknown key 'alloy.potassium'; dots are for the command line, in a deck write "
               "one section within the other\n"
               "7:1: unknown key 'zebra'; nakfield --help-deck lists all keys\n"
               "8:19: unknown key 'output.fields.evry'; did you mean 'output.fields.every'?\n"
               "8:31: unknown key 'output.grid'; 'grid' is a separate section: start it in the "
               "first column\n");
}

static void ManyErrorsAreCutShort(void **state)
{
  char text[8192] = "interphase: {limiting_current: 7 A/m^2}\n";
  Run  run;

  (void)state;
  for (int i = 0; i < 130; i++) (void)sprintf(text + strlen(text), "zebra%d: 1\n", i);
  RunDeck(&run, text);
  assert_int_equal(run.count, 130);
  if (run.rank == 0) assert_non_null(strstr(run.text, " 30 more errors are not shown\n"));
  CloseRun(&run);
}

/* ---- Overrides ---- */

static void OverridesWin(void **state)
{
  const char *const overrides[] = {"grid.nx=256",
                                   "alloy.potassium=65 wt%",
                                   "title= a: b # c ",
                                   "protocol=[{rest: 1 s}, {strip: 2 A/m^2}]",
                                   "protocol.1.strip=3 A/m^2",
                                   "output.fields.every = 5 s",
                                   "grid.lateral='periodic'",
                                   "interphase.limiting_current=1 A/m^2"};
  Run               run;

  (void)state;
  RunBytes(&run, deck_text, strlen(deck_text), overrides, 8);
  assert_int_equal(run.count, 0);
  assert_true(run.cell.every == 5);
  assert_int_equal(run.cell.nx, 256);
  assert_true(run.alloy.potassium.value == 0.65);
  assert_true(run.alloy.potassium.by_weight);
  assert_string_equal(run.alloy.title, "a: b # c");
  assert_true(run.cell.current == 1);
  if (run.rank == 0)
    assert_string_equal(NakNodeText(NakDeckFind(run.deck, "protocol.1.strip")), "3 A/m^2");
  CloseRun(&run);
}

static void OverridesAloneAreADeck(void **state)
{
  const char *const overrides[] = {"interphase.limiting_current=1 A/m^2", "grid.nx=0"};
  Run               run;

  (void)state;
  RunBytes(&run, NULL, 0, overrides, 2);
  assert_int_equal(run.count, 1);
  if (run.rank == 0)
    assert_string_equal(run.text, "command line:2: grid.nx is 0: it must be between 1 and 4096\n");
  assert_int_equal(run.cell.nx, 1);
  assert_string_equal(NakDeckPath(run.deck), "command line");
  CloseRun(&run);
  RunBytes(&run, "", 0, overrides, 1);
  assert_int_equal(run.count, 0);
  CloseRun(&run);
  RunBytes(&run, NULL, 0, NULL, 0);
  assert_int_equal(run.count, 1);
  if (run.rank == 0)
    assert_string_equal(run.text,
                        "command line: interphase.limiting_current is missing: Limiting current\n");
  CloseRun(&run);
}

static void BadOverridesAreExplained(void **state)
{
  const char *const overrides[] = {"grid",
                                   "=1",
                                   "a..b=1",
                                   ".a=1",
                                   "a.=1",
                                   "title.x=1",
                                   "protocol.1.rest=1 s",
                                   "protocol.x=1",
                                   "protocol=[{",
                                   "grid.nx=\xff",
                                   "grid.nz=3",
                                   "protocol={&a b: 1}"};
  const char        lines[] =
    "command line:1: 'grid' is not of the form key=value, such as grid.nx=64\n"
    "command line:2: '=1' is not of the form key=value, such as grid.nx=64\n"
    "command line:3: 'a..b=1' is not of the form key=value, such as grid.nx=64\n"
    "command line:4: '.a=1' is not of the form key=value, such as grid.nx=64\n"
    "command line:5: 'a.=1' is not of the form key=value, such as grid.nx=64\n"
    "command line:6: 'title.x' cannot be set: something above it is a single value, or a list "
    "without that entry (the first is 0)\n"
    "command line:7: 'protocol.1.rest' cannot be set: something above it is a single value, or a "
    "list without that entry (the first is 0)\n"
    "command line:8: 'protocol.x' cannot be set: something above it is a single value, or a list "
    "without that entry (the first is 0)\n"
    "command line:9: YAML: did not find expected node content, while parsing a flow node\n"
    "command line:10: 'grid.nx=?' is not of the form key=value, such as grid.nx=64\n"
    "command line:11: unknown key 'grid.nz'; did you mean 'grid.nx'?\n"
    "command line:12: anchors such as &a are not allowed\n";
  Run run;

  (void)state;
  RunBytes(&run, deck_text, strlen(deck_text), overrides, 12);
  if (run.rank == 0) assert_string_equal(run.text, lines);
  assert_int_equal(run.count, 12);
  CloseRun(&run);
}

/* ---- The resolved deck ---- */

static void Resolve(Run *run, char *text, size_t size)
{
  FILE *const file = tmpfile();

  assert_non_null(file);
  if (run->rank == 0) MUST(NakDeckWriteResolved(run->deck, run->schema, file));
  rewind(file);
  text[fread(text, 1, size - 1, file)] = '\0';
  fclose(file);
  MPI_Bcast(text, (int)size, MPI_CHAR, 0, PETSC_COMM_WORLD);
}

/* A deck resolves to a deck without errors, with the same values bit by bit, that resolves to
   itself. */
static void AssertResolves(const char *text, const char *const overrides[], PetscInt count)
{
  static char first[1 << 16], second[1 << 16];
  Run         given, resolved;

  RunBytes(&given, text, strlen(text), overrides, count);
  assert_int_equal(given.count, 0);
  Resolve(&given, first, sizeof first);
  RunDeck(&resolved, first);
  if (resolved.count != 0) fail_msg("%s%s", resolved.text, first);
  Resolve(&resolved, second, sizeof second);
  assert_string_equal(first, second);
  assert_memory_equal(&given.alloy, &resolved.alloy, sizeof(Alloy));
  assert_memory_equal(&given.cell, &resolved.cell, sizeof(Cell));
  CloseRun(&given);
  CloseRun(&resolved);
}

static void ResolvedDeckResolvesToItself(void **state)
{
  (void)state;
  AssertResolves(deck_text, NULL, 0);
}

static void TreesSurviveResolving(void **state)
{
  const char text[] = "title: \"quotes \\\" back\\\\slash, \\u00e9, {brace}: #\"\n"
                      "interphase: {limiting_current: 7 A/m^2}\n"
                      "protocol:\n"
                      "  - staircase: {from: 1 A/m^2, until: [voltage > 3 V, 'x: y']}\n"
                      "  - rest:\n"
                      "  - rest: ''\n"
                      "  - []\n"
                      "  - {}\n"
                      "  - - - 1\n"
                      "      - {a b: -1, '? c': 2}\n"
                      "    - \"two\\nlines \\x85 \\u2028 \\U0001F600 \\t\"\n"
                      "  -\n"
                      "  - |\n"
                      "    literal\n"
                      "  - '- dash'\n"
                      "  - ~\n"
                      "  - 'blank '\n"
                      "  - 5 \u00b5m\n";

  (void)state;
  AssertResolves(text, NULL, 0);
}

/* Numbers without a short decimal: thirds, and those next to them. */
static void NumbersSurviveResolving(void **state)
{
  (void)state;
  for (int i = 1; i <= 40; i++) {
    const double      third = (double)i / 41.0;
    char              texts[4][64];
    const char *const overrides[] = {texts[0], texts[1], texts[2], texts[3]};

    (void)sprintf(texts[0], "alloy.potassium=%.17g wt%%", 1 + 97 * third);
    (void)sprintf(texts[1], "interphase.thickness=%.17g nm", 1 + 900 * third);
    (void)sprintf(texts[2], "interphase.limiting_current=%.17g mA/cm^2", third);
    (void)sprintf(texts[3], "alloy.temperature=%.17g degC", 190 * third);
    AssertResolves(deck_text, overrides, 4);
  }
}

/* ---- The manual ---- */

static void ManualNamesEveryRow(void **state)
{
  const NakHelpFormat formats[] = {NAK_HELP_TEXT, NAK_HELP_MARKDOWN, NAK_HELP_JSON};
  char                text[8192];
  Run                 run;

  (void)state;
  OpenRun(&run);
  for (int i = 0; i < 3; i++) {
    FILE *const file = tmpfile();

    assert_non_null(file);
    MUST(NakDeckWriteHelp(run.schema, formats[i], file));
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (const NakParam *row = cell_rows; row->key != NULL; row++) {
      const char *const dot = strrchr(row->key, '.');

      assert_non_null(
        strstr(text, formats[i] == NAK_HELP_JSON && dot != NULL ? dot + 1 : row->key));
      assert_non_null(strstr(text, row->doc));
    }
  }
}

/* ---- Schemas in error ---- */

static void BadSchemaIsABug(void **state)
{
  const NakParam rows[][2] = {
    {{.key = "a.x", .type = NAK_REAL, .unit = "m", .initial = 3, .upper = 1, .doc = "x"},
     {.key = NULL}                                                                                     },
    {{.key = "a.", .type = NAK_REAL, .unit = "m", .doc = "x"},                            {.key = NULL}},
    {{.key = "a", .type = NAK_REAL, .doc = "x"},                                          {.key = NULL}},
    {{.key = "a", .type = NAK_CHOICE, .text = "b|c", .initial = 2, .doc = "x"},           {.key = NULL}},
  };

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    PetscReal        value;
    const NakSection schema[] = {
      {.rows = rows[i],       .params = &value, .size = sizeof value},
      {.rows = NULL}
    };
    NakDeck deck;

    MUST(NakDeckCreate(PETSC_COMM_WORLD, NULL, NULL, 0, &deck));
    MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
    assert_int_equal(NakDeckFill(deck, schema), PETSC_ERR_PLIB);
    MUST(PetscPopErrorHandler());
    MUST(NakDeckDestroy(&deck));
  }
}

/* ---- Nodes ---- */

static void NodesCanBeWalked(void **state)
{
  const char  text[] = "interphase: {limiting_current: 7 A/m^2}\n"
                       "protocol:\n"
                       "  - {strip: 1 mA/cm^2, for: 3}\n"
                       "  - rest: 5 s\n";
  Run         run;
  NakNode     list, first;
  const char *key   = NULL;
  PetscReal   real  = 0;
  PetscInt    whole = 0;
  PetscBool   ok;

  (void)state;
  RunDeck(&run, text);
  if (run.rank == 0) {
    list  = NakDeckFind(run.deck, "protocol");
    first = NakNodeItem(list, 0, NULL);
    assert_int_equal(NakNodeKindOf(list), NAK_NODE_LIST);
    assert_int_equal(NakNodeCount(list), 2);
    assert_int_equal(NakNodeKindOf(first), NAK_NODE_MAP);
    assert_string_equal(NakNodeText(NakNodeItem(first, 1, &key)), "3");
    assert_string_equal(key, "for");
    assert_string_equal(NakNodeText(list), "");
    assert_ptr_equal(NakNodeFind(first, "for"), NakDeckFind(run.deck, "protocol.0.for"));
    assert_null(NakNodeFind(first, "until"));
    assert_null(NakNodeFind(list, "0"));
    assert_null(NakDeckFind(run.deck, "protocol.2"));
    assert_null(NakDeckFind(run.deck, "protocol.0.for.x"));
    MUST(NakDeckQuantity(run.deck, NakNodeFind(first, "strip"), "A/m^2", 0, 100, &real, &ok));
    assert_true(ok && fabs(real - 10) < 1e-12);
    MUST(NakDeckWhole(run.deck, NakNodeFind(first, "for"), 1, 5, &whole, &ok));
    assert_true(ok && whole == 3);
    MUST(NakDeckWhole(run.deck, NakNodeFind(first, "for"), 4, 5, &whole, &ok));
    assert_false(ok);
    MUST(NakDeckQuantity(run.deck, NakNodeFind(first, "for"), "s", 0, 5, &real, &ok));
    assert_false(ok);
    MUST(NakDeckQuantity(run.deck, first, "s", 0, 5, &real, &ok));
    assert_false(ok);
    MUST(NakDeckKnownKeys(run.deck, first, "strip|until|rest"));
    MUST(NakDeckError(run.deck, list, "too %s", "short"));
    MUST(NakDeckError(run.deck, NULL, "never %d", 1));
  }
  ReportRun(&run);
  assert_int_equal(run.count, 6);
  if (run.rank == 0)
    assert_string_equal(run.text,
                        " never 1\n"
                        "3:3: too short\n"
                        "3:5: protocol.0 has entries beneath it; it must be a single value\n"
                        "3:24: unknown key 'protocol.0.for'; it must be strip, until or rest\n"
                        "3:29: protocol.0.for is 3: it must be between 4 and 5\n"
                        "3:29: protocol.0.for is 3: it needs a unit, for example 3 s\n");
  ReportRun(&run);
  assert_int_equal(run.count, 6);
  assert_string_equal(run.text, "");
  CloseRun(&run);
}

/* A key that no message has room for is cut within its room. */
static void LongPathsAreCut(void **state)
{
  char    text[2048] = "interphase: {limiting_current: 7 A/m^2}\nprotocol: ", name[121];
  Run     run;
  NakNode node;

  (void)state;
  memset(name, 'k', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  for (int depth = 0; depth < 6; depth++) {
    (void)strcat(text, "{");
    (void)strcat(text, name);
    (void)strcat(text, ": ");
  }
  (void)strcat(text, "x}}}}}}\n");
  RunDeck(&run, text);
  if (run.rank == 0) {
    PetscReal value;
    PetscBool ok;

    node = NakDeckFind(run.deck, "protocol");
    while (NakNodeKindOf(node) == NAK_NODE_MAP) node = NakNodeItem(node, 0, NULL);
    MUST(NakDeckQuantity(run.deck, node, "s", 0, 1, &value, &ok));
    assert_false(ok);
  }
  ReportRun(&run);
  if (run.rank == 0) {
    const char *const end = strstr(run.text, "... is x: it is not a number");

    assert_non_null(end);
    assert_int_equal(end - strstr(run.text, "protocol."), 511 - 3);
  }
  CloseRun(&run);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(FillsEveryRank),
  cmocka_unit_test(SilentDeckTakesDefaults),
  cmocka_unit_test(EveryMisuseIsExplained),
  cmocka_unit_test(EveryMisspeltKeyIsExplained),
  cmocka_unit_test(EveryRowIsMisused),
  cmocka_unit_test(AllErrorsInOnePass),
  cmocka_unit_test(ManyErrorsAreCutShort),
  cmocka_unit_test(OverridesWin),
  cmocka_unit_test(OverridesAloneAreADeck),
  cmocka_unit_test(BadOverridesAreExplained),
  cmocka_unit_test(ResolvedDeckResolvesToItself),
  cmocka_unit_test(TreesSurviveResolving),
  cmocka_unit_test(NumbersSurviveResolving),
  cmocka_unit_test(ManualNamesEveryRow),
  cmocka_unit_test(BadSchemaIsABug),
  cmocka_unit_test(NodesCanBeWalked),
  cmocka_unit_test(LongPathsAreCut),
};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
