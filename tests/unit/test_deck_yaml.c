/* Files that are no decks: what YAML refuses, what would eat memory, what is no file at all. */
#include "deck_fixture.h"

#define GOOD     "interphase: {limiting_current: 7 A/m^2}\n"
#define NOT_TEXT "the deck must be text in UTF-8 without control characters: "

static void YamlErrorsHavePlaces(void **state)
{
  (void)state;
  AssertReport("grid:\n\tnx: 3\n", "2:1: a tab cannot stand here; YAML is indented with blanks\n");
  AssertReport("grid: {nx: 3\n",
               "2:1: YAML: did not find expected ',' or '}', while parsing a flow "
               "mapping: is a comma missing, or a bracket not closed?\n");
  AssertReport("title: \"open\n",
               "2:1: YAML: found unexpected end of stream, while scanning a quoted "
               "scalar: is a quote not closed?\n");
  AssertReport(GOOD "grid: {nx: 3, nx: 4}\n",
               "2:15: duplicate key 'nx'; it is already given in line "
               "2\n");
  AssertReport(GOOD "grid: {nx: 3}\ngrid: {nx: 4}\n",
               "3:1: duplicate key 'grid'; it is already given in line 2\n");
  AssertReport(GOOD "--- \ntitle: a\n",
               "2:1: a second document begins here; a deck is one document\n");
  AssertReport("%YAML 1.2\n---\n" GOOD, "");
  AssertReport("\xef\xbb\xbf" GOOD "grid: 3\n",
               "2:7: grid is a section, not a value: write entries beneath it, such as 'nx: ...', "
               "with a blank "
               "after the colon\n");
  AssertReport(GOOD "title: a\r\ngrid: {nx: 0}\r\n",
               "3:12: grid.nx is 0: it must be between 1 and 4096\n");
}

static void ExtrasAreRefused(void **state)
{
  (void)state;
  AssertReport(GOOD "title: &a b\n", "2:8: anchors such as &a are not allowed\n");
  AssertReport(GOOD "title: *a\n", "2:8: aliases such as *a are not allowed; write the value "
                                   "itself\n");
  AssertReport(GOOD "title: !!str b\n",
               "2:8: tags such as tag:yaml.org,2002:str are not allowed\n");
  AssertReport(GOOD "? [a, b]\n: c\n", "2:3: a key must be a word\n");
  AssertReport(GOOD "? {a: b}\n: {c: d}\n", "2:3: a key must be a word\n");
  AssertReport(GOOD "'': c\n", "2:1: a key must be a word\n");
  AssertReport(GOOD "title: \"a\\0b\"\n", "2:8: the text holds a null\n");
  AssertReport(GOOD "\"gr\\0id\": 1\n", "2:1: the key 'gr' holds a null\n");
}

/* Ten aliases of ten aliases of ...: nothing is ever expanded. */
static void BombDoesNotExplode(void **state)
{
  const char bomb[] = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
                      "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                      "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n";
  Run        run;

  (void)state;
  RunDeck(&run, bomb);
  assert_int_equal(run.count, 3 + 20 + 3 + 1); /* anchors, aliases, unknown keys, one missing */
  CloseRun(&run);
}

static void WhatIsNoDeckIsSaid(void **state)
{
  (void)state;
  AssertReport("", "1:1: the deck is empty\n");
  AssertReport("# only a comment\n", "1:1: the deck is empty\n");
  AssertReport("---\n", "1:1: the deck is empty\n");
  AssertReport("just text\n", "1:1: a deck must be made of lines such as 'grid: {nx: 64}'\n");
  AssertReport("- a\n- b\n", "1:1: a deck must be made of lines such as 'grid: {nx: 64}'\n");
  AssertReport("title: a\xff\n", "1:9: " NOT_TEXT "invalid leading UTF-8 octet\n");
  AssertReport("title: caf\xe9 b\n", "1:12: " NOT_TEXT "invalid trailing UTF-8 octet\n");
  AssertReport("title: a\x01\n", "1:9: " NOT_TEXT "control characters are not allowed\n");
}

static void BinaryFilesAreRefused(void **state)
{
  const char zeros[100] = {0};
  const char utf16[]    = "\xff\xfe"
                          "a\0:\0 \0b\0\n";
  Run        run;

  (void)state;
  RunBytes(&run, zeros, sizeof zeros, NULL, 0);
  assert_int_equal(run.count, 1);
  CloseRun(&run);
  RunBytes(&run, utf16, sizeof utf16, NULL, 0);
  assert_int_equal(run.count, 1);
  CloseRun(&run);
}

/* ---- Bounds on memory and on the stack ---- */

/* `count` times `part`, between `before` and `after`; free() it. */
static char *Repeated(const char *before, const char *part, size_t count, const char *after)
{
  const size_t length = strlen(part);
  const size_t start  = strlen(before);
  char *const  text   = malloc(start + count * length + strlen(after) + 1);

  assert_non_null(text);
  memcpy(text, before, start);
  for (size_t i = 0; i < count; i++) memcpy(text + start + i * length, part, length);
  (void)strcpy(text + start + count * length, after);
  return text;
}

static void AssertFirstLine(const char *text, const char *line)
{
  Run run;

  RunDeck(&run, text);
  assert_true(run.count > 0);
  if (run.rank == 0) assert_memory_equal(run.text, line, strlen(line));
  CloseRun(&run);
}

static void DepthAndSizeAreBounded(void **state)
{
  char *text       = Repeated("protocol: ", "[", 30, "x");
  char  keys[8192] = "";

  (void)state;
  AssertFirstLine(text, "2:1: YAML: did not find");
  free(text);
  text = Repeated("protocol: ", "[", 10000, "");
  AssertFirstLine(text, "1:42: nested deeper than 32\n");
  free(text);
  text = Repeated("protocol: [", "1,", 120000, "]\n");
  AssertFirstLine(text, "1:200008: the deck holds more than 100000 values\n");
  free(text);
  for (int i = 0; i < 300; i++) (void)sprintf(keys + strlen(keys), "key%d: 1\n", i);
  text = Repeated(keys, "", 0, "");
  AssertFirstLine(text, "257:1: more than 256 keys in one place\n");
  free(text);
  text = Repeated(GOOD, "k", 1000, ": 1\n");
  AssertFirstLine(text, "2:1: the key 'kkkkkkkkkkkkkkkkkkkkkkkkk");
  free(text);
  text = Repeated(GOOD "title: ", "t", 100000, "\n");
  AssertFirstLine(text, "2:8: title is tttttttttttttttttttttttttt");
  free(text);
  text = Repeated(GOOD "output: {fields: {every: ", "1", 100000, " s}}\n");
  AssertFirstLine(text, "2:26: output.fields.every is 11111111111111");
  free(text);
}

/* ---- No file ---- */

static void AssertError(const char *path, PetscErrorCode code)
{
  NakDeck deck = NULL;

  MUST(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(NakDeckCreate(PETSC_COMM_WORLD, path, NULL, 0, &deck), code);
  MUST(PetscPopErrorHandler());
  assert_null(deck);
}

static void FilesThatCannotBeRead(void **state)
{
  const size_t size = 17 * 1024 * 1024;
  char *const  text = malloc(size);
  Run          run;

  (void)state;
  AssertError("no/such/deck.yaml", PETSC_ERR_FILE_OPEN);
  AssertError("/", PETSC_ERR_FILE_OPEN);
  AssertError("", PETSC_ERR_FILE_OPEN);
  assert_non_null(text);
  memset(text, '#', size);
  OpenRun(&run);
  WriteDeckFile(&run, text, size);
  AssertError(run.path, PETSC_ERR_FILE_READ);
  CloseRun(&run);
  free(text);
}

/* A file is read in growing pieces: its last line counts, wherever it falls. */
static void FilesOfAnyLengthAreRead(void **state)
{
  static const size_t sizes[] = {16383, 16384, 16385, 65536, 65537, 16 * 1024 * 1024};
  static const char   end[]   = "\ntitle: end";

  (void)state;
  for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
    char *const text = Repeated(GOOD, "#", sizes[k] - strlen(GOOD) - strlen(end), end);
    Run         run;

    assert_int_equal(strlen(text), sizes[k]);
    RunDeck(&run, text);
    assert_int_equal(run.count, 0);
    assert_string_equal(run.alloy.title, "end");
    CloseRun(&run);
    free(text);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(YamlErrorsHavePlaces),  cmocka_unit_test(ExtrasAreRefused),
  cmocka_unit_test(BombDoesNotExplode),    cmocka_unit_test(WhatIsNoDeckIsSaid),
  cmocka_unit_test(BinaryFilesAreRefused), cmocka_unit_test(DepthAndSizeAreBounded),
  cmocka_unit_test(FilesThatCannotBeRead), cmocka_unit_test(FilesOfAnyLengthAreRead),
};

NAK_TEST_MAIN_OF(cmocka_run_group_tests(tests, OpenUnits, CloseUnits))
