/* nakfield help; see app.h. */
#include "app.h"
#include "topics.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define GAP '\1' /* in a message, for what the program fills in */

enum { LINE = 80, SHOWN = 6, LEAST = 10, NEAR = 4, LONGEST = 4 * NAK_TEXT_SIZE };

/* ---- Names ---- */

static int Letter(char letter)
{
  return letter == '_' || letter == '-' ? ' ' : tolower((unsigned char)letter);
}

/* Whether `n` letters of a text are a name, in small or capital letters, with blanks for `_`. */
static PetscBool Same(const char *text, size_t n, const char *name)
{
  if (n != strlen(name)) return PETSC_FALSE;
  for (size_t k = 0; k < n; k++)
    if (Letter(text[k]) != Letter(name[k])) return PETSC_FALSE;
  return PETSC_TRUE;
}

/* The next line of a text, which then begins after it; its length, and NULL at the end. */
static const char *NextLine(const char **text, size_t *n)
{
  const char *const line = *text;

  *n = strcspn(line, "\n");
  *text += *n + (line[*n] == '\n');
  return *line != '\0' ? line : NULL;
}

/* Whether a topic has a name, or is of a kind: "signal" or "signals". */
static PetscBool IsNamed(const NakTopic *topic, const char *name)
{
  const size_t n     = strlen(name);
  const char  *names = topic->names, *line;
  size_t       length;

  if (Same(name, n, topic->kind)) return PETSC_TRUE;
  if (n > 0 && name[n - 1] == 's' && Same(name, n - 1, topic->kind)) return PETSC_TRUE;
  while ((line = NextLine(&names, &length)) != NULL)
    if (Same(line, length, name)) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Whether an entry of a deck has a name, is beneath it, or is called so in its section. */
static PetscBool IsEntry(const NakParam *row, const char *name)
{
  const char *const last = strrchr(row->key, '.');
  const size_t      n    = strlen(name);

  if (Same(row->key, strlen(row->key), name)) return PETSC_TRUE;
  if (last != NULL && Same(last + 1, strlen(last + 1), name)) return PETSC_TRUE;
  return (PetscBool)(strlen(row->key) > n && row->key[n] == '.' && Same(row->key, n, name));
}

/* ---- Printing ---- */

static void PrintTopic(const NakTopic *topic)
{
  const char *text = topic->text, *line;
  size_t      n;

  if (topic->head[0] != '\0')
    (void)fprintf(PETSC_STDOUT, "\n%s (%s)\n", topic->head, topic->kind);
  else
    (void)fprintf(PETSC_STDOUT, "\n%s\n", topic->names);
  while (n = 0, (line = NextLine(&text, &n)) != NULL)
    (void)fprintf(PETSC_STDOUT, "%s%.*s\n", n > 0 ? "    " : "", (int)n, line);
}

/* A name of a list, on a new line if this one is full. */
static void PrintName(const char *name, size_t n, size_t *column)
{
  if (*column > 0) *column += (size_t)fprintf(PETSC_STDOUT, ",");
  if (*column == 0 || *column + n + 2 > LINE) {
    (void)fprintf(PETSC_STDOUT, "\n   ");
    *column = 3;
  }
  (void)fprintf(PETSC_STDOUT, " %.*s", (int)n, name);
  *column += n + 1;
}

/* The first row of the section of `row`, which other tables may have, too. */
static const NakParam *FirstOf(const NakSection schema[], const NakParam *row)
{
  const size_t    n     = strcspn(row->key, ".");
  const NakParam *first = NULL;

  for (const NakSection *section = schema; first == NULL; section++)
    for (const NakParam *other = section->rows; other->key != NULL && first == NULL; other++)
      if (strcspn(other->key, ".") == n && strncmp(other->key, row->key, n) == 0) first = other;
  return first;
}

/* The sections of a deck, and entries without one. */
static void PrintSections(const NakSection schema[])
{
  size_t column = 0;

  (void)fprintf(PETSC_STDOUT, "\n\ndeck:");
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++)
      if (FirstOf(schema, row) == row) PrintName(row->key, strcspn(row->key, "."), &column);
}

static void PrintList(const NakSection schema[])
{
  const char *kind   = "";
  size_t      column = 0;

  (void)fprintf(PETSC_STDOUT,
                "Usage: nakfield help TOPIC\n\nA topic is one of the words below, the key of an "
                "entry of a deck, or a message:\nall of it, or some of its words.");
  PrintSections(schema);
  for (const NakTopic *topic = NakTopics; topic->kind != NULL; topic++) {
    const char *names = topic->names, *line;
    size_t      n;

    if (topic->head[0] == '\0') continue;
    if (strcmp(kind, topic->kind) != 0) {
      kind   = topic->kind;
      column = 0;
      (void)fprintf(PETSC_STDOUT, "\n\n%s:", kind);
    }
    while ((line = NextLine(&names, &n)) != NULL) PrintName(line, n, &column);
  }
  (void)fprintf(PETSC_STDOUT, "\n");
}

/* All that has the name; returns how much it was. */
static PetscErrorCode PrintNamed(const NakSection schema[], const char *name, PetscInt *found)
{
  PetscFunctionBeginUser;
  *found = 0;
  for (const NakTopic *topic = NakTopics; topic->kind != NULL; topic++)
    if (IsNamed(topic, name)) {
      PrintTopic(topic);
      *found += 1;
    }
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++)
      if (IsEntry(row, name)) {
        (void)fprintf(PETSC_STDOUT, "\n");
        PetscCall(NakParamWriteHelp(row, PETSC_STDOUT));
        *found += 1;
      }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Messages ---- */

/* A line with one GAP for each "...". */
static size_t Squeeze(const char *line, size_t n, char pattern[LONGEST])
{
  static const char dots[] = "\u2026";
  size_t            length = 0;

  for (size_t k = 0; k < n && length < LONGEST; k++) {
    pattern[length] = line[k];
    if (strncmp(line + k, dots, sizeof dots - 1) == 0) {
      pattern[length] = GAP;
      k += sizeof dots - 2;
    }
    length++;
  }
  return length;
}

/* The text has one more letter.  `quoted[k]` counts, from 1, the letters that it has of the first k
   of the pattern, where it can end with them; it is 0 where it cannot. */
static void Extend(size_t quoted[], const char *pattern, size_t length, char letter)
{
  for (size_t k = length; k > 0; k--) {
    if (pattern[k - 1] == GAP) continue; /* it takes the letter */
    quoted[k] = pattern[k - 1] == letter && quoted[k - 1] > 0 ? quoted[k - 1] + 1 : 0;
  }
  for (size_t k = 1; k <= length; k++)
    if (pattern[k - 1] == GAP) quoted[k] = PetscMax(quoted[k], quoted[k - 1]);
}

/* Letters of a message that a text has in the same order: of all of it, or of a part with which the
   text begins or ends.  The message stands in a line, with "..." for what the program fills in. */
static size_t Quoted(const char *line, size_t n, const char *text)
{
  char         pattern[LONGEST];
  const size_t length = Squeeze(line, n, pattern);
  size_t       quoted[LONGEST + 1], best = 1;

  for (size_t k = 0; k <= length; k++) quoted[k] = 1;
  for (const char *c = text; *c != '\0'; c++) {
    Extend(quoted, pattern, length, *c);
    best = PetscMax(best, quoted[length]);
  }
  for (size_t k = 0; k <= length; k++) best = PetscMax(best, quoted[k]);
  return best - 1;
}

/* Whether a line has a word, not within another. */
static PetscBool HasWord(const char *line, size_t n, const char *word, size_t length)
{
  for (size_t k = 0; k + length <= n; k++) {
    if (strncasecmp(line + k, word, length) != 0) continue;
    if ((k == 0 || !isalnum((unsigned char)line[k - 1])) &&
        !isalnum((unsigned char)line[k + length]))
      return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Whether a line has all words of a text. */
static PetscBool HasWords(const char *line, size_t n, const char *text)
{
  for (size_t length; *text != '\0'; text += length + (text[length] == ' ')) {
    length = strcspn(text, " ");
    if (!HasWord(line, n, text, length)) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* How well a message fits a text: by letters if the text quotes it, 1 if it has the words, or 0. */
static size_t Fit(const NakTopic *topic, const char *text)
{
  const char *names = topic->names, *line;
  size_t      best  = 0, n;

  if (topic->head[0] != '\0') return 0;
  while ((line = NextLine(&names, &n)) != NULL) {
    const size_t quoted = Quoted(line, n, text);

    best = PetscMax(best, quoted >= LEAST ? quoted : HasWords(line, n, text));
  }
  return best;
}

/* The messages that fit best.  Of many, only their texts. */
static void PrintMessages(const char *text, PetscInt *found)
{
  size_t best = 1;

  *found = 0;
  for (const NakTopic *topic = NakTopics; topic->kind != NULL; topic++) {
    const size_t fit = Fit(topic, text);

    *found = fit > best ? 1 : *found + (fit == best);
    best   = PetscMax(best, fit);
  }
  for (const NakTopic *topic = NakTopics; topic->kind != NULL; topic++) {
    if (Fit(topic, text) != best) continue;
    if (*found <= SHOWN)
      PrintTopic(topic);
    else
      (void)fprintf(PETSC_STDOUT, "%s\n", topic->names);
  }
  if (*found > SHOWN)
    (void)fprintf(PETSC_STDOUT, "\nMore words, or a whole message, also bring its explanation.\n");
}

/* ---- Nothing found ---- */

/* The names that are nearest to a word, the nearest first. */
typedef struct {
  const char *word;
  PetscInt    n;
  char        names[NEAR][NAK_GUESS_SIZE];
  size_t      distance[NEAR];
} Nearest;

static void Offer(Nearest *nearest, const char *name, size_t n)
{
  NakGuess guess;
  char     copy[NAK_GUESS_SIZE];
  PetscInt k = nearest->n;

  (void)snprintf(copy, sizeof copy, "%.*s", (int)n, name);
  NakGuessStart(&guess, nearest->word);
  NakGuessOffer(&guess, copy);
  if (guess.best[0] == '\0') return;
  for (PetscInt i = 0; i < nearest->n; i++)
    if (strcmp(nearest->names[i], copy) == 0) return;
  for (; k > 0 && nearest->distance[k - 1] > guess.distance; k--) {
    if (k == NEAR) continue;
    nearest->distance[k] = nearest->distance[k - 1];
    memcpy(nearest->names[k], nearest->names[k - 1], sizeof copy);
  }
  if (k == NEAR) return;
  nearest->distance[k] = guess.distance;
  memcpy(nearest->names[k], copy, sizeof copy);
  nearest->n = PetscMin(nearest->n + 1, NEAR);
}

static void OfferAll(Nearest *nearest, const NakSection schema[])
{
  for (const NakTopic *topic = NakTopics; topic->kind != NULL; topic++) {
    const char *names = topic->names, *line;
    size_t      n;

    while (topic->head[0] != '\0' && (line = NextLine(&names, &n)) != NULL) Offer(nearest, line, n);
  }
  for (const NakSection *section = schema; section->rows != NULL; section++)
    for (const NakParam *row = section->rows; row->key != NULL; row++) {
      const char *const last = strrchr(row->key, '.');

      Offer(nearest, row->key, strcspn(row->key, "."));
      Offer(nearest, row->key, strlen(row->key));
      if (last != NULL) Offer(nearest, last + 1, strlen(last + 1));
    }
}

static PetscErrorCode RefuseTopic(const NakSection schema[], const char *word)
{
  Nearest nearest                     = {.word = word};
  char    list[NEAR * NAK_GUESS_SIZE] = "";

  PetscFunctionBeginUser;
  OfferAll(&nearest, schema);
  for (PetscInt k = 0; k < nearest.n; k++) {
    if (k > 0) PetscCall(PetscStrlcat(list, ", ", sizeof list));
    PetscCall(PetscStrlcat(list, nearest.names[k], sizeof list));
  }
  PetscCheck(nearest.n == 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "no topic and no message is like '%.100s'; near are: %s", word, list);
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
          "no topic and no message is like '%.100s'; nakfield help lists the topics", word);
}

/* ---- All of it ---- */

static PetscErrorCode Help(const char *topic)
{
  NakSimParams params;
  NakSection   schema[NAK_SIM_SECTIONS];
  PetscInt     found = 1;

  PetscFunctionBeginUser;
  NakSimSchema(&params, NAK_MODEL_ANY, schema);
  if (topic[0] == '\0')
    PrintList(schema);
  else
    PetscCall(PrintNamed(schema, topic, &found));
  if (found == 0) PrintMessages(topic, &found);
  if (found == 0) PetscCall(RefuseTopic(schema, topic));
  PetscCheck(fflush(PETSC_STDOUT) == 0 && !ferror(PETSC_STDOUT), PETSC_COMM_SELF,
             PETSC_ERR_FILE_WRITE, "cannot write the help; is the disk full?");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Append words with one blank between any two of them; what does not fit is left out. */
static void Append(const char *words, char topic[LONGEST])
{
  size_t n = strlen(topic);

  for (const char *c = words; *c != '\0' && n + 2 < LONGEST; c++) {
    if (isspace((unsigned char)*c)) continue;
    if (n > 0 && (c == words || isspace((unsigned char)c[-1]))) topic[n++] = ' ';
    topic[n++] = *c;
  }
  topic[n] = '\0';
}

PetscErrorCode NakHelp(int n, char *const words[])
{
  char           topic[LONGEST] = "";
  PetscErrorCode code           = PETSC_SUCCESS;
  PetscMPIInt    rank;

  PetscFunctionBeginUser;
  for (int k = 0; k < n; k++) Append(words[k], topic);
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank == 0) code = Help(topic);
  PetscCall(NakAgree(PETSC_COMM_WORLD, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
