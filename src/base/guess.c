/* The nearest to a misspelt word; the contract is in nakfield/base.h. */
#include <nakfield/base.h>

#include <stdio.h>
#include <string.h>

#define LONGEST 64 /* a longer word is no slip of the pen */

static size_t Least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* The number of edits that make `a` into `b`, by three rows of the table.  An edit inserts,
   deletes or replaces a letter, or swaps two neighbours (Damerau and Levenshtein, each place
   touched once). */
static size_t Distance(const char *a, const char *b)
{
  const size_t n = strlen(a), m = strlen(b);
  size_t       rows[3][LONGEST + 1] = {{0}};

  for (size_t j = 0; j <= m; j++) rows[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *const       now    = rows[i % 3];
    const size_t *const before = rows[(i + 2) % 3], *const second = rows[(i + 1) % 3];

    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      const size_t replaced = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);

      now[j] = Least(replaced, 1 + Least(before[j], now[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = Least(now[j], second[j - 2] + 1);
    }
  }
  return rows[n % 3][m];
}

/* A word must be nearer than this.  So no word is offered for one of another length and other
   letters. */
static size_t Reach(const char *word)
{
  const size_t n = strlen(word);

  return n < 3 ? 2 : Least(2 + n / 4, 5);
}

void NakGuessStart(NakGuess *guess, const char *word)
{
  guess->word     = word;
  guess->best[0]  = '\0';
  guess->distance = Reach(word);
}

void NakGuessOffer(NakGuess *guess, const char *candidate)
{
  size_t distance;

  if (strlen(guess->word) > LONGEST || strlen(candidate) > LONGEST) return;
  distance = Distance(guess->word, candidate);
  if (distance >= guess->distance) return;
  guess->distance = distance;
  (void)snprintf(guess->best, sizeof guess->best, "%s", candidate);
}
