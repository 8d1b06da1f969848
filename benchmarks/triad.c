/* Memory bandwidth of one core: a[i] = b[i] + s c[i] over arrays far larger than the caches, after
   J. D. McCalpin's STREAM.  Prints the best of ten runs [GB/s]. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N = 20000000, RUNS = 10 };

static double Now(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void)
{
  double *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b), *c = malloc(N * sizeof *c);
  double  best = 1e9;

  if (a == NULL || b == NULL || c == NULL) return 1;
  for (int i = 0; i < N; i++) {
    a[i] = 0;
    b[i] = i;
    c[i] = 2.0 * i;
  }
  for (int run = 0; run < RUNS; run++) {
    const double begin = Now();

    for (int i = 0; i < N; i++) a[i] = b[i] + 3.0 * c[i];
    if (Now() - begin < best) best = Now() - begin;
  }
  (void)printf("%.2f\n", a[N / 2] > 0 ? 3.0 * sizeof(double) * N / best / 1e9 : 0);
  free(a);
  free(b);
  free(c);
  return 0;
}
