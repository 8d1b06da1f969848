/* Frames of fields: computed, checked, stored, described. */
#include "output_impl.h"

#include <petsctime.h>
#include <string.h>

#define INDEX_SHARE  0.05    /* of the wall time that rewriting the .xmf files may take */
#define ROOM_TO_KEEP 4194304 /* for the other files of the run [B] */
#define ATTRIBUTES   65536   /* of a frame in fields.h5, and its names [B] */

static PetscInt LocalSize(const NakFrame *frame, PetscInt field)
{
  const PetscInt layers = frame->fields[field].place == NAK_PLACE_VOLUME ? frame->grid->nz : 1;

  return layers * frame->ym * frame->xm;
}

/* Compute every field into one array, one behind the other. */
static PetscErrorCode Compute(const NakFrame *frame, PetscReal **values)
{
  PetscInt   size = 0;
  PetscReal *next;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < frame->count; f++) size += LocalSize(frame, f);
  PetscCall(PetscMalloc1(size, values));
  next = *values;
  for (PetscInt f = 0; f < frame->count; f++) {
    PetscCall(frame->fill(frame->ctx, f, next));
    next += LocalSize(frame, f);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void CheckValues(const NakFrame *frame, const PetscReal values[], NakFault *fault)
{
  for (PetscInt f = 0; f < frame->count; f++) {
    const PetscInt size = LocalSize(frame, f);

    for (PetscInt i = 0; i < size; i++) {
      const PetscInt column = i % (frame->xm * frame->ym);

      if (!PetscIsInfOrNanReal(values[i])) continue;
      NakFaultNote(fault, PETSC_ERR_FP,
                   "%s is %g in column (%" PetscInt_FMT ", %" PetscInt_FMT "), layer %" PetscInt_FMT
                   ": a number that is not finite is not written",
                   frame->fields[f].name, (double)values[i], frame->xs + column % frame->xm,
                   frame->ys + column / frame->xm, i / (frame->xm * frame->ym));
    }
    values += size;
  }
}

/* Bytes of a frame in fields.h5, on all ranks together. */
static PetscReal FrameSize(const NakFrame *frame)
{
  const NakGrid *const grid = frame->grid;
  PetscReal            size = ATTRIBUTES;

  for (PetscInt f = 0; f < frame->count; f++) {
    const PetscInt layers = frame->fields[f].place == NAK_PLACE_VOLUME ? grid->nz : 1;

    size +=
      (PetscReal)sizeof(double) * (PetscReal)layers * (PetscReal)grid->ny * (PetscReal)grid->nx;
  }
  return size;
}

/* HDF5 takes a full disk badly (its ranks wait for each other, or crash), so look before the leap. */
static PetscErrorCode CheckRoom(NakOutput output, const NakFrame *frame, NakFault *fault)
{
  const PetscReal need = FrameSize(frame);
  char            path[PETSC_MAX_PATH_LEN];
  PetscReal       room;

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "fields.h5", path));
  room = NakFileRoom(output->directory, path);
  if (need + ROOM_TO_KEEP > room) {
    NakFaultNote(fault, PETSC_ERR_FILE_WRITE,
                 "cannot write %s: a frame takes %.3g MB, there is room for %.3g MB", path,
                 (double)(1e-6 * need), (double)(1e-6 * room));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Reserve(NakOutput output, const NakFrame *frame, NakFault *fault)
{
  char path[PETSC_MAX_PATH_LEN];
  int  reason;

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "fields.h5", path));
  reason = NakFileReserve(path, FrameSize(frame));
  if (reason != 0) {
    NakFaultNote(fault, PETSC_ERR_FILE_WRITE, "cannot write %s: %s", path, strerror(reason));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void CheckSameFields(const NakIndex *index, const NakFrame *frame, NakFault *fault)
{
  PetscBool same = (PetscBool)(index->field_count == frame->count && index->nx == frame->grid->nx &&
                               index->ny == frame->grid->ny && index->nz == frame->grid->nz);

  for (PetscInt f = 0; same && f < frame->count; f++) {
    same = (PetscBool)(strcmp(index->fields[f].name, frame->fields[f].name) == 0 &&
                       index->fields[f].place == frame->fields[f].place);
  }
  if (!same) {
    NakFaultNote(fault, PETSC_ERR_ARG_INCOMP,
                 "every frame of a run must have the first one's fields");
  }
}

static PetscErrorCode Begin(NakOutput output, const NakFrame *frame)
{
  const NakProvenance origin = {.version   = NakVersion(),
                                .title     = output->title,
                                .deck      = output->deck,
                                .deck_size = output->deck_size};
  NakIndex *const     index  = &output->index;
  char                path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCheck(frame->count <= NAK_OUTPUT_FIELDS_MAX, output->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%" PetscInt_FMT " fields; at most %d can be written", frame->count,
             NAK_OUTPUT_FIELDS_MAX);
  index->nx          = frame->grid->nx;
  index->ny          = frame->grid->ny;
  index->nz          = frame->grid->nz;
  index->field_count = frame->count;
  for (PetscInt f = 0; f < frame->count; f++) index->fields[f] = frame->fields[f];
  PetscCall(NakOutputPath(output, "fields.h5", path));
  PetscCall(NakStoreCreate(output->comm, path, frame, &origin, &output->store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AppendTime(NakIndex *index, PetscReal time)
{
  PetscFunctionBeginUser;
  if (index->count == index->capacity) {
    index->capacity = PetscMax(64, 2 * index->capacity);
    PetscCall(PetscRealloc((size_t)index->capacity * sizeof(*index->times), &index->times));
  }
  index->times[index->count++] = time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteIndex(NakOutput output)
{
  char           path[PETSC_MAX_PATH_LEN];
  PetscLogDouble begun, done;

  PetscFunctionBeginUser;
  if (!output->index_stale) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscTime(&begun));
  PetscCall(NakOutputPath(output, "fields.xmf", path));
  PetscCall(NakFileReplace(path, NakIndexWriteCells, &output->index));
  PetscCall(NakOutputPath(output, "face.xmf", path));
  PetscCall(NakFileReplace(path, NakIndexWriteFace, &output->index));
  PetscCall(PetscTime(&done));
  output->index_stale = PETSC_FALSE;
  output->index_due   = done + (done - begun) / INDEX_SHARE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The files grow with the run: thousands of frames on, rewriting them for each would cost the square
   of their number. */
static PetscErrorCode WriteIndexIfDue(NakOutput output)
{
  PetscLogDouble now;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&now));
  output->index_stale = PETSC_TRUE;
  if (now >= output->index_due) PetscCall(WriteIndex(output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(NakOutput output, const NakRecord *record, const NakFrame *frame,
                            const PetscReal values[])
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (output->store != NULL) CheckSameFields(&output->index, frame, &fault);
  if (output->rank == 0) NakRecordCheck(record, &fault);
  if (output->rank == 0) PetscCall(CheckRoom(output, frame, &fault));
  CheckValues(frame, values, &fault);
  PetscCall(NakFaultAgree(output->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Store(NakOutput output, const NakRecord *record, const NakFrame *frame,
                            const PetscReal values[])
{
  NakFault       fault = {.code = PETSC_SUCCESS};
  PetscErrorCode code  = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCall(Check(output, record, frame, values));
  if (output->store == NULL) PetscCall(Begin(output, frame));
  if (output->rank == 0) PetscCall(Reserve(output, frame, &fault));
  PetscCall(NakFaultAgree(output->comm, &fault));
  PetscCall(NakStoreFrame(output->store, output->index.count, record, frame, values));
  PetscCall(AppendTime(&output->index, record->time));
  if (output->rank == 0) code = WriteIndexIfDue(output);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputFields(NakOutput output, const NakRecord *record, const NakFrame *frame)
{
  const NakIndex *const index  = &output->index;
  NakRecord             shared = *record; /* every rank must hand HDF5 the same attributes */
  PetscReal            *values = NULL;
  PetscErrorCode        code;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(&shared, sizeof(shared), MPI_BYTE, 0, output->comm));
  if (index->count > 0 && index->times[index->count - 1] == shared.time) {
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  code = NakAgree(output->comm, Compute(frame, &values));
  if (!code) code = Store(output, &shared, frame, values);
  PetscCall(PetscFree(values));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Finish(NakOutput output)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "fields.h5", path));
  NakFileTrim(path);
  PetscCall(WriteIndex(output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputFieldsClose(NakOutput output)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->store == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NakStoreDestroy(&output->store));
  if (output->rank == 0) code = Finish(output);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
