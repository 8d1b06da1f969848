/* When moments are shown, and what is handed to the back end; the contract is in
   nakfield/insitu.h. */
#include "insitu_impl.h"

#include <nakfield/store.h>
#include <petsctime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GRID = 0, FACE = 1, CHANNELS = 2 };

struct NakInsitu_private {
  MPI_Comm comm;
  PetscBool
    here; /* this rank runs scripts: rank 0 alone on the whole face, or all on their parts */
  NakInsituParams         params;
  char                    directory[PETSC_MAX_PATH_LEN];
  const NakInsituBackend *backend;
  void                   *self;
  int                     alive;             /* scripts that have not failed */
  PetscReal               next, seen, shown; /* [s] */
  PetscInt                steps;             /* of time, since the last moment shown */
  PetscInt                moments; /* shown since the run began; below 0: look what is there */
  NakFolder               folder;  /* rank 0 only */
  NakInsituCost           cost;
  char                    message[NAK_INSITU_MESSAGE];
};

/* What a moment needs in addition to the frame. */
typedef struct {
  PetscReal       *axes, *values;
  unsigned char   *region;
  NakInsituArray  *arrays;
  NakInsituChannel channels[CHANNELS];
  NakInsituNumber  numbers[NAK_NUMBERS_MAX];
  int              n_numbers, n_channels;
} Parcel;

/* Clocks [s], and the memory in use [B]. */
typedef struct {
  PetscLogDouble wall, processor, memory;
} Clock;

static PetscErrorCode ReadClock(Clock *now)
{
  PetscFunctionBeginUser;
  PetscCall(PetscTime(&now->wall));
  now->processor = (PetscLogDouble)clock() / CLOCKS_PER_SEC; /* PETSc's is in other units */
  PetscCall(PetscMemoryGetCurrentUsage(&now->memory));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Add to the cost the time since `begin`; its wall time goes under `wall`. */
static PetscErrorCode AddCost(NakInsitu s, const Clock *begin, PetscReal *wall)
{
  Clock now;

  PetscFunctionBeginUser;
  PetscCall(ReadClock(&now));
  *wall += now.wall - begin->wall;
  s->cost.processor += now.processor - begin->processor;
  s->cost.memory += now.memory - begin->memory;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Print once what some ranks found, and keep it for the log. */
static PetscErrorCode Report(NakInsitu s, const char *message)
{
  PetscMPIInt rank, size, first;

  PetscFunctionBeginUser;
  s->message[0] = '\0';
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  first = message[0] != '\0' ? rank : size;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, s->comm));
  if (first == size) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscStrncpy(s->message, message, sizeof s->message));
  PetscCallMPI(MPI_Bcast(s->message, (int)sizeof s->message, MPI_CHAR, first, s->comm));
  if (rank == 0) (void)fprintf(stderr, "nakfield: %s\n", s->message);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *NakInsituMessage(NakInsitu insitu)
{
  return insitu == NULL ? "" : insitu->message;
}

/* Files that a checkpoint does not know are removed, because they are made again.  If the run had
   no scripts at its checkpoint, the checkpoint knows no files.  Then the run continues after the
   last number there is. */
static PetscErrorCode OpenFolder(NakInsitu s)
{
  PetscInt    next = 0;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  if (rank != 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (s->moments >= 0) PetscCall(NakFolderRemove(s->directory, s->moments));
  PetscCall(NakFolderOpen(s->directory, &next, &s->folder));
  if (s->moments < 0) s->moments = next;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The result of rank 0 holds for the ranks that do nothing, too. */
static PetscErrorCode Share(NakInsitu s, int *value)
{
  PetscFunctionBeginUser;
  if (s->params.face) PetscCallMPI(MPI_Bcast(value, 1, MPI_INT, 0, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Start(NakInsitu s, PetscBool *ok)
{
  int          failed = 0;
  const char  *scripts[NAK_INSITU_SCRIPTS], *words[NAK_INSITU_WORDS];
  char         message[NAK_INSITU_MESSAGE] = "";
  NakInsituHow how                         = {.comm      = s->params.face ? MPI_COMM_SELF : s->comm,
                                              .n_scripts = (int)s->params.n_scripts,
                                              .n_words   = (int)s->params.n_words,
                                              .scripts   = scripts,
                                              .words     = words,
                                              .directory = s->directory};

  PetscFunctionBeginUser;
  for (int k = 0; k < how.n_scripts; k++) scripts[k] = s->params.scripts[k];
  for (int k = 0; k < how.n_words; k++) words[k] = s->params.words[k];
  if (s->here) failed = s->backend->start(&how, &s->self, message);
  PetscCall(Share(s, &failed));
  *ok      = (PetscBool)(failed == 0);
  s->alive = *ok ? how.n_scripts : 0;
  PetscCall(Report(s, message));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every rank's machine must have the back end; a rank without it reports why. */
static PetscErrorCode Load(NakInsitu s)
{
  char           why[NAK_INSITU_MESSAGE] = "";
  PetscMPIInt    rank, first;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (s->here) s->backend = NakInsituLoad((NakInsituChoice)s->params.backend, s->params.vtk, why);
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  first = s->here && s->backend == NULL ? rank : INT_MAX;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, s->comm));
  if (first == INT_MAX) PetscFunctionReturn(PETSC_SUCCESS);
  if (rank == first)
    code = PetscError(PETSC_COMM_SELF, __LINE__, PETSC_FUNCTION_NAME, __FILE__,
                      PETSC_ERR_USER_INPUT, PETSC_ERROR_INITIAL, "in situ: %s", why);
  PetscCall(NakAgree(s->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakInsituCreate(MPI_Comm comm, const NakInsituParams *params, NakInsitu *insitu)
{
  NakInsitu      s;
  PetscMPIInt    rank;
  PetscErrorCode code;
  Clock          begin;

  PetscFunctionBeginUser;
  *insitu = NULL;
  if (params->n_scripts == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ReadClock(&begin));
  PetscCall(PetscNew(&s));
  *insitu   = s;
  s->comm   = comm;
  s->params = *params;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  s->here = (PetscBool)(rank == 0 || !params->face);
  s->seen = s->shown = PETSC_NINFINITY;
  s->moments         = -1;
  PetscCall(PetscFPTrapPush(PETSC_FP_TRAP_OFF)); /* VTK and Python raise harmless exceptions */
  code = Load(s);
  PetscCall(PetscFPTrapPop());
  PetscCall(code);
  PetscCall(AddCost(s, &begin, &s->cost.start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* When a moment is due next by time: the first multiple of the interval after `time`. */
static void SetNext(NakInsitu s, PetscReal time)
{
  s->next = PETSC_INFINITY;
  if (s->params.cadence == NAK_INSITU_TIME) s->next = NakNextMultiple(s->params.every, time);
}

PetscErrorCode NakInsituStart(NakInsitu insitu, const char *directory, PetscReal time)
{
  PetscBool      ok;
  PetscErrorCode code;
  Clock          begin;

  PetscFunctionBeginUser;
  if (insitu == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ReadClock(&begin));
  SetNext(insitu, time);
  PetscCall(PetscSNPrintf(insitu->directory, sizeof insitu->directory, "%s/insitu", directory));
  PetscCall(NakAgree(insitu->comm, OpenFolder(insitu)));
  PetscCallMPI(MPI_Bcast(&insitu->moments, 1, MPIU_INT, 0, insitu->comm));
  PetscCall(PetscFPTrapPush(PETSC_FP_TRAP_OFF));
  code = Start(insitu, &ok);
  PetscCall(PetscFPTrapPop());
  PetscCall(code);
  PetscCheck(ok, insitu->comm, PETSC_ERR_USER_INPUT, "in situ: %s did not start",
             insitu->here ? insitu->backend->name : "the back end");
  PetscCall(AddCost(insitu, &begin, &insitu->cost.start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakInsituDestroy(NakInsitu *insitu)
{
  NakInsitu s = *insitu;

  PetscFunctionBeginUser;
  if (s == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFPTrapPush(PETSC_FP_TRAP_OFF));
  if (s->self != NULL) s->backend->stop(s->self);
  PetscCall(PetscFPTrapPop());
  PetscCall(NakFolderClose(&s->folder));
  PetscCall(PetscFree(*insitu));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakInsituDue(NakInsitu insitu, PetscReal time, PetscBool event)
{
  if (insitu == NULL || insitu->alive == 0) return PETSC_FALSE;
  if (time > insitu->seen) insitu->steps++;
  insitu->seen = time;
  if (insitu->params.cadence == NAK_INSITU_TIME) return (PetscBool)(time >= insitu->next);
  if (insitu->params.cadence == NAK_INSITU_STEPS)
    return (PetscBool)((PetscReal)insitu->steps >= insitu->params.every);
  return event;
}

PetscReal NakInsituNext(NakInsitu insitu)
{
  return insitu == NULL || insitu->alive == 0 ? PETSC_INFINITY : insitu->next;
}

/* A run that had no scripts before its restart begins with them.  One with a checkpoint of an older
   program starts again. */
PetscErrorCode NakInsituCheckpoint(NakInsitu insitu, NakCheckpoint checkpoint)
{
  PetscBool has;

  PetscFunctionBeginUser;
  if (insitu == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakCheckpointHas(checkpoint, "insitu/moments", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
    NakCheckpointBlock(checkpoint, "insitu/moments", &insitu->moments, sizeof insitu->moments));
  PetscCall(NakCheckpointBlock(checkpoint, "insitu/seen", &insitu->seen, sizeof insitu->seen));
  PetscCall(NakCheckpointBlock(checkpoint, "insitu/shown", &insitu->shown, sizeof insitu->shown));
  PetscCall(NakCheckpointBlock(checkpoint, "insitu/steps", &insitu->steps, sizeof insitu->steps));
  PetscFunctionReturn(PETSC_SUCCESS);
}

NakInsituCost NakInsituCosts(NakInsitu insitu)
{
  return insitu == NULL ? (NakInsituCost){0} : insitu->cost;
}

/* ---- What the back end receives ---- */

static void PackNumbers(const NakNumbers *numbers, Parcel *parcel)
{
  for (parcel->n_numbers = 0; parcel->n_numbers < numbers->count; parcel->n_numbers++) {
    const NakNumber *const number = &numbers->items[parcel->n_numbers];

    parcel->numbers[parcel->n_numbers] = (NakInsituNumber){number->name, NakNumberShown(number)};
  }
}

static PetscInt Values(const NakFrame *frame, NakPlace place)
{
  PetscInt first;

  return frame->xm * frame->ym * NakFrameLayers(frame, place, &first);
}

/* Coordinates of the columns' sides, and the region of every cell. */
static void PackMesh(const NakFrame *frame, Parcel *parcel)
{
  const NakGrid *const g    = frame->grid;
  const PetscInt       area = frame->xm * frame->ym;
  PetscInt             zs, zm = NakFrameLayers(frame, NAK_PLACE_VOLUME, &zs);
  PetscReal *const x = parcel->axes, *const y = x + frame->xm + 1;
  NakInsituChannel whole = {
    .name = "grid", .cells = {(int)frame->xm, (int)frame->ym, (int)zm  },
         .axes = {x,              y,              g->z + zs}
  };

  for (PetscInt i = 0; i <= frame->xm; i++) x[i] = (PetscReal)(frame->xs + i) * g->dx;
  for (PetscInt j = 0; j <= frame->ym; j++) y[j] = (PetscReal)(frame->ys + j) * g->dy;
  for (PetscInt k = 0; k < zm; k++)
    for (PetscInt i = 0; i < area; i++)
      parcel->region[k * area + i] =
        (unsigned char)((zs + k >= g->n_electrolyte) +
                        (zs + k >= g->n_electrolyte + g->n_interphase));
  parcel->channels[GRID]          = whole;
  parcel->channels[FACE]          = whole;
  parcel->channels[FACE].name     = "face";
  parcel->channels[FACE].cells[2] = 0;
  parcel->channels[FACE].axes[2]  = g->z + g->n_electrolyte;
}

/* The fields of the volume come first, then those of the face.  If there is a face, the region
   precedes all of them. */
static PetscErrorCode PackFields(const NakFrame *frame, Parcel *parcel)
{
  PetscReal      *values = parcel->values;
  NakInsituArray *array  = parcel->arrays;

  PetscFunctionBeginUser;
  for (int c = GRID; c < parcel->n_channels; c++) {
    NakInsituChannel *const channel = &parcel->channels[c];
    const NakPlace          place   = c == GRID ? NAK_PLACE_VOLUME : NAK_PLACE_FACE;

    channel->arrays = array;
    if (c == GRID && parcel->n_channels == CHANNELS)
      *array++ = (NakInsituArray){.name = "region", .unit = "1", .bytes = parcel->region};
    for (PetscInt f = 0; f < frame->count; f++) {
      if (frame->fields[f].place != place) continue;
      PetscCall(frame->fill(frame->ctx, f, values));
      *array++ = (NakInsituArray){
        .name = frame->fields[f].name, .unit = frame->fields[f].unit, .values = values};
      values += Values(frame, place);
    }
    channel->count = (int)(array - channel->arrays);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Pack(const NakNumbers *numbers, const NakFrame *frame, Parcel *parcel)
{
  PetscInt size = 0;

  PetscFunctionBeginUser;
  parcel->n_channels = FACE;
  for (PetscInt f = 0; f < frame->count; f++) {
    size += Values(frame, frame->fields[f].place);
    if (frame->fields[f].place == NAK_PLACE_FACE) parcel->n_channels = CHANNELS;
  }
  PetscCall(PetscMalloc4(frame->xm + frame->ym + 2, &parcel->axes, size, &parcel->values,
                         Values(frame, NAK_PLACE_VOLUME), &parcel->region, frame->count + 1,
                         &parcel->arrays));
  PackNumbers(numbers, parcel);
  PackMesh(frame, parcel);
  PetscCall(PackFields(frame, parcel));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What this rank's scripts see: its part, or on rank 0 the whole face. */
static PetscErrorCode PackFor(NakInsitu s, const NakNumbers *numbers, const NakFrame *frame,
                              Parcel *parcel)
{
  NakWholeFace   whole;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (!s->params.face) {
    PetscCall(Pack(numbers, frame, parcel));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  code = NakWholeFaceGather(s->comm, frame, &whole);
  if (!code && s->here) code = Pack(numbers, &whole.frame, parcel);
  PetscCall(NakWholeFaceFree(&whole));
  PetscFunctionReturn(code);
}

/* The scripts' files, on rank 0. */
static PetscErrorCode Files(NakInsitu s, PetscBool done)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (s->folder != NULL)
    code = done ? NakFolderNote(s->folder, s->moments) : NakFolderBegin(s->folder);
  PetscCall(NakAgree(s->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Hand(NakInsitu s, PetscReal time, const Parcel *parcel, PetscBool last)
{
  const int             first                       = s->params.face ? FACE : GRID;
  const NakInsituMoment moment                      = {.index      = (long)s->moments,
                                                       .time       = time,
                                                       .last       = last,
                                                       .n_channels = parcel->n_channels - first,
                                                       .n_numbers  = parcel->n_numbers,
                                                       .channels   = parcel->channels + first,
                                                       .numbers    = parcel->numbers};
  char                  message[NAK_INSITU_MESSAGE] = "";

  PetscFunctionBeginUser;
  PetscCall(Files(s, PETSC_FALSE));
  PetscCall(PetscFPTrapPush(PETSC_FP_TRAP_OFF));
  if (s->here) s->alive = s->backend->show(s->self, &moment, message);
  PetscCall(PetscFPTrapPop());
  PetscCall(Share(s, &s->alive));
  PetscCall(Report(s, message));
  PetscCall(Files(s, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Account(NakInsitu s, const Clock *begin)
{
  const PetscBool first = (PetscBool)(s->cost.moments++ == 0);

  PetscFunctionBeginUser;
  PetscCall(AddCost(s, begin, first ? &s->cost.first : &s->cost.show));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakInsituShow(NakInsitu insitu, const NakNumbers *numbers, const NakFrame *frame,
                             PetscBool last)
{
  const PetscReal time   = numbers->items[0].value;
  Parcel          parcel = {.n_numbers = 0};
  Clock           begin;
  PetscErrorCode  code;

  PetscFunctionBeginUser;
  if (insitu == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  insitu->message[0] = '\0';
  if (insitu->alive == 0 || time == insitu->shown) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ReadClock(&begin));
  code = NakAgree(insitu->comm, PackFor(insitu, numbers, frame, &parcel));
  if (code == PETSC_SUCCESS) code = Hand(insitu, time, &parcel, last);
  PetscCall(PetscFree4(parcel.axes, parcel.values, parcel.region, parcel.arrays));
  PetscCall(code);
  insitu->shown = insitu->seen = time;
  insitu->steps                = 0;
  SetNext(insitu, time);
  insitu->moments++;
  PetscCall(Account(insitu, &begin));
  PetscFunctionReturn(PETSC_SUCCESS);
}
