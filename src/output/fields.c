/* Frames of fields: computed, checked, stored, described. */
#include "output_impl.h"

#include <petsctime.h>
#include <string.h>

#define INDEX_SHARE 0.05 /* of the wall time that rewriting fields.h5 and the .xmf files may take */

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

PetscErrorCode NakFramePath(NakOutput output, PetscInt index, char path[PETSC_MAX_PATH_LEN])
{
  char name[32];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof name, "fields/%06" PetscInt_FMT ".h5", index));
  PetscCall(NakOutputPath(output, name, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The folder, the fields that every frame has, and the grid. */
static PetscErrorCode Begin(NakOutput output, const NakFrame *frame)
{
  NakIndex *const index = &output->index;
  char            path[PETSC_MAX_PATH_LEN];
  PetscErrorCode  code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCheck(frame->count <= NAK_FRAME_FIELDS, output->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%" PetscInt_FMT " fields; at most %d can be written", frame->count,
             (int)NAK_FRAME_FIELDS);
  PetscCall(NakOutputPath(output, "fields", path));
  if (output->rank == 0) code = NakDirectoryMake(path);
  PetscCall(NakAgree(output->comm, code));
  PetscCall(NakOutputPath(output, "fields/grid.h5", path));
  PetscCall(NakGridWrite(output->writers, path, frame));
  index->nx          = frame->grid->nx;
  index->ny          = frame->grid->ny;
  index->nz          = frame->grid->nz;
  index->field_count = frame->count;
  for (PetscInt f = 0; f < frame->count; f++) index->fields[f] = frame->fields[f];
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

static PetscErrorCode WriteLinks(NakOutput output, NakStore store)
{
  char name[64], file[64];

  PetscFunctionBeginUser;
  PetscCall(NakStoreText(store, "/", "program", NakVersion()));
  PetscCall(NakStoreText(store, "/", "title", output->title));
  PetscCall(NakStoreText(store, "/", "units", "SI: see the attribute unit of each dataset"));
  if (output->deck_size > 0)
    PetscCall(NakStoreWriteText(store, "deck", (size_t)output->deck_size, output->deck));
  PetscCall(NakStoreLink(store, "grid", "fields/grid.h5", "/"));
  for (PetscInt frame = 0; frame < output->index.count; frame++) {
    PetscCall(PetscSNPrintf(name, sizeof name, "frames/%06" PetscInt_FMT, frame));
    PetscCall(PetscSNPrintf(file, sizeof file, "fields/%06" PetscInt_FMT ".h5", frame));
    PetscCall(NakStoreLink(store, name, file, "/"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteTable(NakOutput output)
{
  char           path[PETSC_MAX_PATH_LEN];
  NakStore       store;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(NakOutputPath(output, "fields.h5", path));
  PetscCall(NakStoreCreate(output->alone, path, NULL, &store));
  code = WriteLinks(output, store);
  if (!code) code = NakStoreCommit(&store, PETSC_FALSE);
  PetscCall(NakStoreDestroy(&store));
  PetscFunctionReturn(code);
}

static PetscErrorCode WriteIndex(NakOutput output)
{
  char           path[PETSC_MAX_PATH_LEN];
  PetscLogDouble begun, done;

  PetscFunctionBeginUser;
  if (!output->index_stale) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscTime(&begun));
  PetscCall(WriteTable(output));
  PetscCall(NakOutputPath(output, "fields.xmf", path));
  PetscCall(NakFileReplace(path, NakIndexWriteCells, &output->index));
  PetscCall(NakOutputPath(output, "face.xmf", path));
  PetscCall(NakFileReplace(path, NakIndexWriteFace, &output->index));
  PetscCall(PetscTime(&done));
  output->index_stale = PETSC_FALSE;
  output->index_due   = done + (done - begun) / INDEX_SHARE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The files grow with the run.  After thousands of frames, rewriting them for each one would cost
   the square of their number. */
static PetscErrorCode WriteIndexIfDue(NakOutput output)
{
  PetscLogDouble now;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&now));
  output->index_stale = PETSC_TRUE;
  if (now >= output->index_due) PetscCall(WriteIndex(output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(NakOutput output, const NakNumbers *numbers, const NakFrame *frame)
{
  NakFault fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  if (output->index.field_count > 0) CheckSameFields(&output->index, frame, &fault);
  if (output->rank == 0) NakNumbersCheck(numbers, &fault);
  PetscCall(NakFaultAgree(output->comm, &fault));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputFields(NakOutput output, const NakNumbers *numbers, const NakFrame *frame)
{
  const NakIndex *const index = &output->index;
  char                  path[PETSC_MAX_PATH_LEN];
  PetscErrorCode        code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (index->count > 0 && index->times[index->count - 1] == numbers->items[0].value)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Check(output, numbers, frame));
  if (index->field_count == 0) PetscCall(Begin(output, frame));
  PetscCall(NakFramePath(output, index->count, path));
  PetscCall(NakFrameWrite(output, path, numbers, frame));
  PetscCall(AppendTime(&output->index, numbers->items[0].value));
  if (output->rank == 0) code = WriteIndexIfDue(output);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakOutputFieldsClose(NakOutput output)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  if (output->rank == 0) code = WriteIndex(output);
  PetscCall(NakAgree(output->comm, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
