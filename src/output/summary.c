/* summary.json. */
#include "output_impl.h"

#include <string.h>

typedef struct {
  NakOutput         output;
  const NakSummary *summary;
} What;

/* ---- JSON ---- */

/* Bytes of the UTF-8 sequence at `text`, 0 if it is none (RFC 3629: no surrogates, nothing
   overlong, nothing beyond U+10FFFF). */
static int SequenceLength(const unsigned char *text)
{
  static const struct {
    unsigned char first, last; /* of the first byte */
    unsigned char low, high;   /* of the second */
    int           length;
  } kinds[] = {
    {0x01, 0x7f, 0x00, 0xff, 1},
    {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
  };

  for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
    if (text[0] < kinds[k].first || text[0] > kinds[k].last) continue;
    if (text[1] < kinds[k].low || text[1] > kinds[k].high) return 0;
    for (int i = 2; i < kinds[k].length; i++) {
      if ((text[i] & 0xc0) != 0x80) return 0;
    }
    return kinds[k].length;
  }
  return 0;
}

/* Texts come from decks and command lines.  Whatever bytes they hold, the file stays valid. */
static void Text(FILE *file, const char *text)
{
  const unsigned char *c = (const unsigned char *)text;

  (void)fputc('"', file);
  while (*c != '\0') {
    const int length = SequenceLength(c);

    if (length == 0) {
      (void)fputs("\\ufffd", file);
    } else if (*c < 0x20) {
      (void)fprintf(file, "\\u%04x", *c);
    } else {
      if (*c == '"' || *c == '\\') (void)fputc('\\', file);
      (void)fwrite(c, 1, (size_t)length, file);
    }
    c += length == 0 ? 1 : length;
  }
  (void)fputc('"', file);
}

/* What stands before a member: nothing, or a comma and perhaps a new line, at either depth. */
#define FIRST ""
#define NEXT  ", "
#define LINE  ",\n  "
#define INNER ",\n      "

static void TextMember(FILE *file, const char *before, const char *key, const char *text)
{
  (void)fprintf(file, "%s\"%s\": ", before, key);
  Text(file, text == NULL ? "" : text);
}

static void WholeMember(FILE *file, const char *before, const char *key, PetscInt value)
{
  (void)fprintf(file, "%s\"%s\": %" PetscInt_FMT, before, key, value);
}

static PetscErrorCode RealMember(FILE *file, const char *before, const char *key, PetscReal value)
{
  PetscFunctionBeginUser;
  PetscCheck(!PetscIsInfOrNanReal(value), PETSC_COMM_SELF, PETSC_ERR_FP,
             "%s of the summary is %g: " NAK_NOT_FINITE, key, (double)value);
  (void)fprintf(file, "%s\"%s\": %.15g", before, key, (double)value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The beginning of item `i` of a list, of which each is a map; the end of the list. */
static void Item(FILE *file, PetscInt i)
{
  (void)fputs(i == 0 ? "\n    {" : "},\n    {", file);
}

static void EndList(FILE *file, PetscInt count)
{
  (void)fputs(count == 0 ? "]" : "}\n  ]", file);
}

/* ---- The parts ---- */

static PetscErrorCode WriteStep(FILE *file, const NakStepReport *report)
{
  const PetscBool current = (PetscBool)(report->control.hold == NAK_HOLD_CURRENT);

  PetscFunctionBeginUser;
  WholeMember(file, FIRST, "index", report->index);
  TextMember(file, NEXT, "kind", report->kind);
  WholeMember(file, NEXT, "item", report->item);
  WholeMember(file, NEXT, "executions", report->executions);
  TextMember(file, NEXT, "end", report->reason);
  WholeMember(file, NEXT, "ended_early", report->early);
  if (report->early > 0) TextMember(file, NEXT, "early_end", report->early_reason);
  PetscCall(RealMember(file, INNER, "start_s", report->start));
  PetscCall(RealMember(file, NEXT, "last_start_s", report->last));
  PetscCall(RealMember(file, NEXT, "end_s", report->stop));
  PetscCall(RealMember(file, NEXT, "capacity_mAh_cm2", report->capacity * NAK_MAH_PER_CM2));
  PetscCall(RealMember(file, INNER, "voltage_V", report->voltage));
  PetscCall(RealMember(file, NEXT, current ? "current_mA_cm2" : "hold_voltage_V",
                       report->control.value * (current ? NAK_MA_PER_CM2 : 1)));
  PetscCall(RealMember(file, NEXT, "temperature_K", report->temperature));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteSteps(FILE *file, PetscInt count, const NakStepReport reports[])
{
  PetscFunctionBeginUser;
  (void)fputs(LINE "\"steps\": [", file);
  for (PetscInt i = 0; i < count; i++) {
    Item(file, i);
    PetscCall(WriteStep(file, &reports[i]));
  }
  EndList(file, count);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteEvents(FILE *file, PetscInt count, const NakEvent events[])
{
  PetscFunctionBeginUser;
  (void)fputs(LINE "\"events\": [", file);
  for (PetscInt i = 0; i < count; i++) {
    Item(file, i);
    PetscCall(RealMember(file, FIRST, "time_s", events[i].time));
    WholeMember(file, NEXT, "step", events[i].step);
    PetscCall(RealMember(file, NEXT, "capacity_mAh_cm2", events[i].capacity * NAK_MAH_PER_CM2));
    TextMember(file, NEXT, "event", NakEventName(events[i].kind));
  }
  EndList(file, count);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The results of a test, if there was one. */
static PetscErrorCode WriteAnswers(FILE *file, const NakAnswers *answers)
{
  const struct {
    const char *key;
    PetscReal   current;
  } found[] = {
    {"collapse_current_mA_cm2", answers->collapse},
    {"critical_current_mA_cm2", answers->critical},
    {"passed_current_mA_cm2",   answers->passed  }
  };

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof found / sizeof *found; k++)
    if (found[k].current != 0)
      PetscCall(RealMember(file, LINE, found[k].key, found[k].current * NAK_MA_PER_CM2));
  (void)fputs(LINE "\"half_cycles\": [", file);
  for (PetscInt i = 0; i < answers->n_half_cycles; i++) {
    const NakHalfCycle *half = &answers->half_cycles[i];

    Item(file, i);
    PetscCall(RealMember(file, FIRST, "start_s", half->start));
    PetscCall(RealMember(file, NEXT, "end_s", half->stop));
    PetscCall(RealMember(file, NEXT, "capacity_mAh_cm2", half->charge * NAK_MAH_PER_CM2));
  }
  EndList(file, answers->n_half_cycles);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteBalance(FILE *file, const NakSummary *summary)
{
  PetscFunctionBeginUser;
  (void)fputs(LINE "\"balance\": {", file);
  PetscCall(RealMember(file, FIRST, "na", summary->na_balance));
  PetscCall(RealMember(file, NEXT, "k", summary->k_balance));
  PetscCall(RealMember(file, NEXT, "charge", summary->charge_balance));
  (void)fputc('}', file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first line of NakVersion() without the program's name. */
static PetscErrorCode ProgramVersion(char *version, size_t size)
{
  const char *text = NakVersion();
  char       *end;

  PetscFunctionBeginUser;
  if (strncmp(text, "nakfield ", strlen("nakfield ")) == 0) text += strlen("nakfield ");
  PetscCall(PetscStrncpy(version, text, size));
  end = strchr(version, '\n');
  if (end != NULL) *end = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Open MPI and MPICH both add who built it and when; the first part is enough. */
static PetscErrorCode MpiVersion(char version[MPI_MAX_LIBRARY_VERSION_STRING])
{
  int length;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Get_library_version(version, &length));
  version[strcspn(version, ",\n")] = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteVersions(FILE *file)
{
  char     text[MPI_MAX_LIBRARY_VERSION_STRING];
  PetscInt major, minor, subminor, release;

  PetscFunctionBeginUser;
  (void)fputs(LINE "\"versions\": {", file);
  PetscCall(ProgramVersion(text, sizeof(text)));
  TextMember(file, FIRST, "nakfield", text);
  PetscCall(PetscGetVersionNumber(&major, &minor, &subminor, &release));
  PetscCall(PetscSNPrintf(text, sizeof(text), "%" PetscInt_FMT ".%" PetscInt_FMT ".%" PetscInt_FMT,
                          major, minor, subminor));
  TextMember(file, NEXT, "petsc", text);
  PetscCall(MpiVersion(text));
  TextMember(file, NEXT, "mpi", text);
  NakStoreLibrary(text, sizeof(text));
  TextMember(file, NEXT, "hdf5", text);
  (void)fputc('}', file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteEffort(FILE *file, const NakSummary *summary, MPI_Comm comm)
{
  PetscMPIInt size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  WholeMember(file, LINE, "time_steps", summary->time_steps);
  WholeMember(file, LINE, "rejected_steps", summary->rejected_steps);
  PetscCall(RealMember(file, LINE, "wall_s", summary->wall_seconds));
  WholeMember(file, LINE, "ranks", size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteProtocol(FILE *file, const NakSummary *summary)
{
  PetscFunctionBeginUser;
  PetscCall(WriteSteps(file, summary->n_reports, summary->reports));
  PetscCall(WriteEvents(file, summary->n_events, summary->events));
  if (summary->answers != NULL) PetscCall(WriteAnswers(file, summary->answers));
  PetscCall(WriteBalance(file, summary));
  WholeMember(file, LINE, "linear_iterations", summary->linear_iterations);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteSummary(FILE *file, const void *ctx)
{
  const What *const       what    = ctx;
  const NakNumbers *const numbers = &what->summary->numbers;

  PetscFunctionBeginUser;
  (void)fputs("{\n  ", file);
  TextMember(file, FIRST, "title", what->output->title);
  TextMember(file, LINE, "status", what->summary->status);
  TextMember(file, LINE, "end", what->summary->end);
  for (const NakNumber *n = numbers->items; n < numbers->items + numbers->count; n++)
    PetscCall(RealMember(file, LINE, n->name, NakNumberShown(n)));
  if (what->summary->protocol) PetscCall(WriteProtocol(file, what->summary));
  PetscCall(WriteEffort(file, what->summary, what->output->comm));
  WholeMember(file, LINE, "frames", what->output->index.count);
  PetscCall(WriteVersions(file));
  (void)fputs("\n}\n", file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputSummary(NakOutput output, const NakSummary *summary)
{
  const What     what = {.output = output, .summary = summary};
  char           path[PETSC_MAX_PATH_LEN];
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCall(NakOutputFieldsClose(output));
  PetscCall(NakOutputPath(output, "summary.json", path));
  if (output->rank == 0) code = NakOutputSettle(output);
  if (output->rank == 0 && !code) code = NakFileReplace(path, WriteSummary, &what);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
