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

static void TextMember(FILE *file, const char *key, const char *text)
{
  (void)fprintf(file, "\"%s\": ", key);
  Text(file, text == NULL ? "" : text);
}

static void WholeMember(FILE *file, const char *key, PetscInt value)
{
  (void)fprintf(file, "\"%s\": %" PetscInt_FMT, key, value);
}

static PetscErrorCode RealMember(FILE *file, const char *key, PetscReal value)
{
  PetscFunctionBeginUser;
  PetscCheck(!PetscIsInfOrNanReal(value), PETSC_COMM_SELF, PETSC_ERR_FP,
             "%s of the summary is %g: " NAK_NOT_FINITE, key, (double)value);
  (void)fprintf(file, "\"%s\": %.15g", key, (double)value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Next(FILE *file, int depth)
{
  (void)fprintf(file, ",\n%*s", 2 * depth, "");
}

/* ---- The parts ---- */

static PetscErrorCode WriteStep(FILE *file, const NakStepReport *report)
{
  const PetscBool current = (PetscBool)(report->control.hold == NAK_HOLD_CURRENT);

  PetscFunctionBeginUser;
  (void)fputc('{', file);
  WholeMember(file, "index", report->index);
  (void)fputs(", ", file);
  TextMember(file, "kind", report->kind);
  (void)fputs(", ", file);
  WholeMember(file, "item", report->item);
  (void)fputs(", ", file);
  WholeMember(file, "executions", report->executions);
  (void)fputs(", ", file);
  TextMember(file, "end", report->reason);
  (void)fputs(", ", file);
  WholeMember(file, "ended_early", report->early);
  if (report->early > 0) {
    (void)fputs(", ", file);
    TextMember(file, "early_end", report->early_reason);
  }
  Next(file, 3);
  PetscCall(RealMember(file, "start_s", report->start));
  (void)fputs(", ", file);
  PetscCall(RealMember(file, "last_start_s", report->last));
  (void)fputs(", ", file);
  PetscCall(RealMember(file, "end_s", report->stop));
  (void)fputs(", ", file);
  PetscCall(RealMember(file, "capacity_mAh_cm2", report->capacity * NAK_MAH_PER_CM2));
  Next(file, 3);
  PetscCall(RealMember(file, "voltage_V", report->voltage));
  (void)fputs(", ", file);
  PetscCall(RealMember(file, current ? "current_mA_cm2" : "hold_voltage_V",
                       report->control.value * (current ? NAK_MA_PER_CM2 : 1)));
  (void)fputs(", ", file);
  PetscCall(RealMember(file, "temperature_K", report->temperature));
  (void)fputc('}', file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteSteps(FILE *file, PetscInt count, const NakStepReport reports[])
{
  PetscFunctionBeginUser;
  (void)fputs("\"steps\": [", file);
  for (PetscInt i = 0; i < count; i++) {
    (void)fputs(i == 0 ? "\n    " : ",\n    ", file);
    PetscCall(WriteStep(file, &reports[i]));
  }
  (void)fputs(count == 0 ? "]" : "\n  ]", file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteEvents(FILE *file, PetscInt count, const NakEvent events[])
{
  PetscFunctionBeginUser;
  (void)fputs("\"events\": [", file);
  for (PetscInt i = 0; i < count; i++) {
    (void)fputs(i == 0 ? "\n    {" : ",\n    {", file);
    PetscCall(RealMember(file, "time_s", events[i].time));
    (void)fputs(", ", file);
    WholeMember(file, "step", events[i].step);
    (void)fputs(", ", file);
    PetscCall(RealMember(file, "capacity_mAh_cm2", events[i].capacity * NAK_MAH_PER_CM2));
    (void)fputs(", ", file);
    TextMember(file, "event", NakEventName(events[i].kind));
    (void)fputc('}', file);
  }
  (void)fputs(count == 0 ? "]" : "\n  ]", file);
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
  for (size_t k = 0; k < sizeof found / sizeof *found; k++) {
    if (found[k].current == 0) continue;
    PetscCall(RealMember(file, found[k].key, found[k].current * NAK_MA_PER_CM2));
    Next(file, 1);
  }
  (void)fputs("\"half_cycles\": [", file);
  for (PetscInt i = 0; i < answers->n_half_cycles; i++) {
    const NakHalfCycle *half = &answers->half_cycles[i];

    (void)fputs(i == 0 ? "\n    {" : ",\n    {", file);
    PetscCall(RealMember(file, "start_s", half->start));
    (void)fputs(", ", file);
    PetscCall(RealMember(file, "end_s", half->stop));
    (void)fputs(", ", file);
    PetscCall(RealMember(file, "capacity_mAh_cm2", half->charge * NAK_MAH_PER_CM2));
    (void)fputc('}', file);
  }
  (void)fputs(answers->n_half_cycles == 0 ? "]" : "\n  ]", file);
  Next(file, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteBalance(FILE *file, const NakSummary *summary)
{
  PetscFunctionBeginUser;
  (void)fputs("\"balance\": {", file);
  PetscCall(RealMember(file, "na", summary->na_balance));
  (void)fputs(", ", file);
  PetscCall(RealMember(file, "k", summary->k_balance));
  (void)fputs(", ", file);
  PetscCall(RealMember(file, "charge", summary->charge_balance));
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
  (void)fputs("\"versions\": {", file);
  PetscCall(ProgramVersion(text, sizeof(text)));
  TextMember(file, "nakfield", text);
  (void)fputs(", ", file);
  PetscCall(PetscGetVersionNumber(&major, &minor, &subminor, &release));
  PetscCall(PetscSNPrintf(text, sizeof(text), "%" PetscInt_FMT ".%" PetscInt_FMT ".%" PetscInt_FMT,
                          major, minor, subminor));
  TextMember(file, "petsc", text);
  (void)fputs(", ", file);
  PetscCall(MpiVersion(text));
  TextMember(file, "mpi", text);
  (void)fputs(", ", file);
  NakStoreLibrary(text, sizeof(text));
  TextMember(file, "hdf5", text);
  (void)fputc('}', file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteEffort(FILE *file, const NakSummary *summary, MPI_Comm comm)
{
  PetscMPIInt size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  WholeMember(file, "time_steps", summary->time_steps);
  Next(file, 1);
  WholeMember(file, "rejected_steps", summary->rejected_steps);
  Next(file, 1);
  PetscCall(RealMember(file, "wall_s", summary->wall_seconds));
  Next(file, 1);
  WholeMember(file, "ranks", size);
  Next(file, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteProtocol(FILE *file, const NakSummary *summary)
{
  PetscFunctionBeginUser;
  PetscCall(WriteSteps(file, summary->n_reports, summary->reports));
  Next(file, 1);
  PetscCall(WriteEvents(file, summary->n_events, summary->events));
  Next(file, 1);
  if (summary->answers != NULL) PetscCall(WriteAnswers(file, summary->answers));
  PetscCall(WriteBalance(file, summary));
  Next(file, 1);
  WholeMember(file, "linear_iterations", summary->linear_iterations);
  Next(file, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteSummary(FILE *file, const void *ctx)
{
  const What *const       what    = ctx;
  const NakNumbers *const numbers = &what->summary->numbers;

  PetscFunctionBeginUser;
  (void)fputs("{\n  ", file);
  TextMember(file, "title", what->output->title);
  Next(file, 1);
  TextMember(file, "status", what->summary->status);
  Next(file, 1);
  TextMember(file, "end", what->summary->end);
  Next(file, 1);
  for (const NakNumber *n = numbers->items; n < numbers->items + numbers->count; n++) {
    PetscCall(RealMember(file, n->name, NakNumberShown(n)));
    Next(file, 1);
  }
  if (what->summary->protocol) PetscCall(WriteProtocol(file, what->summary));
  PetscCall(WriteEffort(file, what->summary, what->output->comm));
  WholeMember(file, "frames", what->output->index.count);
  Next(file, 1);
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
