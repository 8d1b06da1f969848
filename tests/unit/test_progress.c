/* Progress: what is printed, how often, and where.  Standard error is sent to a file, or to a
   pseudo-terminal, while the module is at work. */
#define _XOPEN_SOURCE 600 /* for posix_openpt() */
#include <nakfield/progress.h>

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "nak_test.h"

#define TEXT_SIZE 16384

typedef struct {
  int saved;  /* standard error as it was */
  int reader; /* what was written comes out here */
} Capture;

static Capture CaptureIn(int writer, int reader)
{
  const Capture capture = {.saved = dup(STDERR_FILENO), .reader = reader};

  assert_true(capture.saved >= 0);
  (void)fflush(stderr);
  assert_int_equal(dup2(writer, STDERR_FILENO), STDERR_FILENO);
  assert_int_equal(close(writer), 0);
  return capture;
}

static Capture CaptureInFile(void)
{
  char      name[] = "test-progress-XXXXXX";
  const int file   = mkstemp(name);
  int       reader;

  assert_true(file >= 0);
  reader = open(name, O_RDONLY);
  assert_true(reader >= 0);
  assert_int_equal(unlink(name), 0);
  return CaptureIn(file, reader);
}

/* A terminal of so many columns. */
static Capture CaptureInTerminal(unsigned short columns)
{
  const struct winsize size   = {.ws_col = columns, .ws_row = 24};
  const int            master = posix_openpt(O_RDWR | O_NOCTTY);
  int                  slave;

  assert_true(master >= 0);
  assert_int_equal(grantpt(master), 0);
  assert_int_equal(unlockpt(master), 0);
  slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  assert_true(slave >= 0);
  assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
  assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
  return CaptureIn(slave, master);
}

/* Give standard error back; the text is what was written meanwhile. */
static void Release(Capture capture, char text[TEXT_SIZE])
{
  size_t  length = 0;
  ssize_t got;

  (void)fflush(stderr);
  while ((got = read(capture.reader, text + length, TEXT_SIZE - 1 - length)) > 0) {
    length += (size_t)got;
  }
  text[length] = '\0';
  assert_int_equal(dup2(capture.saved, STDERR_FILENO), STDERR_FILENO);
  (void)close(capture.saved);
  (void)close(capture.reader);
}

static int CountOf(const char *text, char c)
{
  int count = 0;

  for (; *text != '\0'; text++) count += *text == c;
  return count;
}

static void Wait(double seconds)
{
  const struct timespec span = {.tv_nsec = (long)(1e9 * seconds)};

  (void)nanosleep(&span, NULL);
}

static PetscBool OnRankZero(void)
{
  const PetscMPIInt rank = Rank();

  return rank == 0 ? PETSC_TRUE : PETSC_FALSE;
}

static NakNumbers At(PetscReal time)
{
  const NakRecord record = {
    .time = time, .step = 4, .cycle = 17, .current = 5, .voltage = 0.125, .dt = 0.5};
  NakNumbers numbers;

  NakRecordNumbers(&record, &numbers);
  return numbers;
}

/* Ten records, 0.05 s apart, at 100 s of simulated time a record. */
static void ShowTen(PetscBool quiet)
{
  NakProgress progress;

  MUST(NakProgressCreate(PETSC_COMM_WORLD, quiet, " s", &progress));
  for (int i = 0; i < 10; i++) {
    const NakNumbers numbers = At(100 * i);

    MUST(NakProgressShow(progress, &numbers, 0.5, 3600));
    Wait(0.05);
  }
  MUST(NakProgressDestroy(&progress));
  assert_null(progress);
  MUST(NakProgressDestroy(&progress));
}

static void AFileGetsTheFirstLineAndTheLast(void **state)
{
  const Capture capture = CaptureInFile();
  char          text[TEXT_SIZE];

  (void)state;
  ShowTen(PETSC_FALSE);
  Release(capture, text);
  assert_string_equal(text, OnRankZero()
                              ? "0 s  step 4  cycle 17  0.5 mA/cm^2  0.1250 V  dt 0.5 s\n"
                                "15.00 min  step 4  cycle 17  0.5 mA/cm^2  0.1250 V  dt 0.5 s\n"
                              : "");
}

/* In 3.2 s there are lines after 1 and 3 s, with what is to go, beside the first and the last. */
static void AFileOfAShortRunHasItsCourse(void **state)
{
  const Capture capture = CaptureInFile();
  NakProgress   progress;
  char          text[TEXT_SIZE];

  (void)state;
  MUST(NakProgressCreate(PETSC_COMM_WORLD, PETSC_FALSE, " s", &progress));
  for (int i = 0; i <= 16; i++) {
    const NakNumbers numbers = At(100 * i);

    MUST(NakProgressShow(progress, &numbers, 0.5, 3600));
    Wait(0.2);
  }
  MUST(NakProgressDestroy(&progress));
  Release(capture, text);
  assert_int_equal(CountOf(text, '\n'), OnRankZero() ? 4 : 0);
  if (OnRankZero()) assert_non_null(strstr(text, " s to go\n"));
}

static void QuietIsQuiet(void **state)
{
  const Capture capture = CaptureInTerminal(80);
  char          text[TEXT_SIZE];

  (void)state;
  ShowTen(PETSC_TRUE);
  Release(capture, text);
  assert_string_equal(text, "");
}

/* Five lines a second, the first and the last record, and the terminal's own \r at the newline. */
static void ATerminalLineRewritesItself(void **state)
{
  const Capture capture = CaptureInTerminal(120);
  const double  begun   = MPI_Wtime();
  char          text[TEXT_SIZE];

  (void)state;
  ShowTen(PETSC_FALSE);
  Release(capture, text);
  if (!OnRankZero()) {
    assert_string_equal(text, "");
    return;
  }
  assert_int_equal(CountOf(text, '\n'), 1);
  assert_in_range(CountOf(text, '\r'), 3, 3 + (int)(5 * (MPI_Wtime() - begun)));
  assert_non_null(strstr(text, " s to go")); /* 3600 s at some 2000 s a second */
  assert_non_null(strstr(text, "\r15.00 min  step 4"));
}

static void ALineIsNotWiderThanItsTerminal(void **state)
{
  const Capture capture = CaptureInTerminal(30);
  const char   *line;
  char          text[TEXT_SIZE];

  (void)state;
  ShowTen(PETSC_FALSE);
  Release(capture, text);
  for (line = strchr(text, '\r'); line != NULL; line = strchr(line + 1, '\r')) {
    assert_true(strcspn(line + 1, "\r\n\033") < 30);
  }
}

static void AnUnknownEndShowsNoTimeToGo(void **state)
{
  const Capture capture = CaptureInTerminal(120);
  NakProgress   progress;
  char          text[TEXT_SIZE];

  (void)state;
  MUST(NakProgressCreate(PETSC_COMM_WORLD, PETSC_FALSE, " s", &progress));
  for (int i = 0; i < 3; i++) {
    const NakNumbers numbers = At(7200.0 * i);

    MUST(NakProgressShow(progress, &numbers, 0.5, PETSC_INFINITY));
    Wait(0.25);
  }
  MUST(NakProgressDestroy(&progress));
  Release(capture, text);
  assert_null(strstr(text, "to go"));
  if (OnRankZero()) assert_non_null(strstr(text, "\r4.000 h  step"));
}

/* Steps grow a thousandfold at the start of a run; their speed is no measure of the whole. */
static void TheFirstStepsAreNoForecast(void **state)
{
  const Capture capture = CaptureInTerminal(120);
  NakProgress   progress;
  char          text[TEXT_SIZE];

  (void)state;
  MUST(NakProgressCreate(PETSC_COMM_WORLD, PETSC_FALSE, " s", &progress));
  for (int i = 0; i < 4; i++) {
    const NakNumbers numbers = At(i < 3 ? i : 100);

    MUST(NakProgressShow(progress, &numbers, 0.5, i < 3 ? 1e5 : 99e3));
    Wait(0.25);
  }
  MUST(NakProgressDestroy(&progress));
  Release(capture, text);
  if (!OnRankZero()) return;
  assert_null(strstr(text, "2 s  step 4  cycle 17  0.5 mA/cm^2  0.1250 V  dt 0.5 s  "));
  assert_non_null(strstr(text, " to go"));
}

/* Destroying before the first record leaves no empty line. */
static void NothingShownNothingPrinted(void **state)
{
  const Capture capture = CaptureInTerminal(80);
  NakProgress   progress;
  char          text[TEXT_SIZE];

  (void)state;
  MUST(NakProgressCreate(PETSC_COMM_WORLD, PETSC_FALSE, " s", &progress));
  MUST(NakProgressDestroy(&progress));
  Release(capture, text);
  assert_string_equal(text, "");
}

/* Time on a box has the unit that it is given, and there is neither current nor voltage. */
static void ABoxShowsItsTimeAlone(void **state)
{
  const Capture    capture = CaptureInFile();
  const NakNumbers numbers = {1, {NAK_NUMBER("time_s", 30)}};
  NakProgress      progress;
  char             text[TEXT_SIZE];

  (void)state;
  MUST(NakProgressCreate(PETSC_COMM_WORLD, PETSC_FALSE, " s", &progress));
  MUST(NakProgressShow(progress, &numbers, 0.5, 70));
  MUST(NakProgressDestroy(&progress));
  Release(capture, text);
  assert_string_equal(text, OnRankZero() ? "30 s of 100 s  dt 0.5 s\n" : "");
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(AFileGetsTheFirstLineAndTheLast),
  cmocka_unit_test(AFileOfAShortRunHasItsCourse),
  cmocka_unit_test(QuietIsQuiet),
  cmocka_unit_test(ATerminalLineRewritesItself),
  cmocka_unit_test(ALineIsNotWiderThanItsTerminal),
  cmocka_unit_test(AnUnknownEndShowsNoTimeToGo),
  cmocka_unit_test(TheFirstStepsAreNoForecast),
  cmocka_unit_test(NothingShownNothingPrinted),
  cmocka_unit_test(ABoxShowsItsTimeAlone),
};

NAK_TEST_MAIN(tests)
