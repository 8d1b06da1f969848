/* What fields.h5 shows: a file for each frame, and one for the grid.

   A frame is a file of its own, for two reasons.  A process killed while it writes one leaves the
   others whole.  In one file with all frames, HDF5 could read nothing once its tables were half
   written.  And a restart drops the frames after its checkpoint by removing files.

     fields/grid.h5     x, y, z: faces of the cells [m]; z_face: the layer drawn for the
                        electrolyte's face; region (z, y, x): 0 electrolyte, 1 interphase, 2 alloy
     fields/000000.h5   attributes: the numbers of the moment, in SI; c, ... (z, y, x), or
                        (1, y, x) on the face, with attributes unit and long_name
     fields.h5          attributes program, title, units; deck: the resolved one as text; grid, and
                        frames/000000 and so on: links to those files */
#include "output_impl.h"

#include <string.h>

#define FACE_SHARE 0.1 /* of the layer above it that the drawn face takes */

static NakStoreBox Box(const NakFrame *frame, NakPlace place)
{
  const PetscInt layers = place == NAK_PLACE_VOLUME ? frame->grid->nz : 1;
  PetscInt       first, own = NakFrameLayers(frame, place, &first);

  return (NakStoreBox){
    .rank  = 3,
    .size  = {layers, frame->grid->ny, frame->grid->nx},
    .start = {first,  frame->ys,       frame->xs      },
    .count = {own,    frame->ym,       frame->xm      }
  };
}

static PetscErrorCode WriteNumbers(NakStore store, const NakNumbers *numbers)
{
  PetscFunctionBeginUser;
  for (const NakNumber *n = numbers->items; n < numbers->items + numbers->count; n++) {
    const PetscInt  whole = n->digits > 0 ? 0 : (PetscInt)n->value;
    const PetscBool real  = (PetscBool)(n->digits > 0);

    PetscCall(NakStoreNumber(store, "/", n->si, real ? NAK_STORE_REAL : NAK_STORE_INT,
                             real ? (const void *)&n->value : &whole));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How many values of a field this rank has. */
static size_t Size(const NakFrame *frame, PetscInt field)
{
  PetscInt first;

  return (size_t)NakFrameLayers(frame, frame->fields[field].place, &first) * (size_t)frame->ym *
         (size_t)frame->xm;
}

static void CheckValues(const NakFrame *frame, PetscInt field, const PetscReal values[],
                        NakFault *fault)
{
  const PetscInt size = (PetscInt)Size(frame, field), layer = frame->xm * frame->ym;

  for (PetscInt i = 0; i < size; i++) {
    const PetscInt column = i % layer;

    if (!PetscIsInfOrNanReal(values[i])) continue;
    NakFaultNote(fault, PETSC_ERR_FP,
                 "%s is %g in column (%" PetscInt_FMT ", %" PetscInt_FMT "), layer %" PetscInt_FMT
                 ": " NAK_NOT_FINITE,
                 frame->fields[field].name, (double)values[i], frame->xs + column % frame->xm,
                 frame->ys + column / frame->xm, frame->zs + i / layer);
  }
}

/* One field, from its computation to the store; `values` is room for it. */
static PetscErrorCode WriteField(NakOutput output, NakStore store, const NakFrame *frame,
                                 PetscInt f, PetscReal values[])
{
  const NakStoreType    type  = output->index.single ? NAK_STORE_SINGLE : NAK_STORE_REAL;
  const NakField *const field = &frame->fields[f];
  const NakStoreBox     box   = Box(frame, field->place);
  NakFault              fault = {.code = PETSC_SUCCESS};

  PetscFunctionBeginUser;
  PetscCall(NakAgree(output->comm, frame->fill(frame->ctx, f, values)));
  CheckValues(frame, f, values, &fault);
  PetscCall(NakFaultAgree(output->comm, &fault));
  PetscCall(NakStoreWriteArray(store, field->name, type, &box, values));
  PetscCall(NakStoreText(store, field->name, "unit", field->unit));
  PetscCall(NakStoreText(store, field->name, "long_name", field->doc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One field after the other.  The store reads `values` until it is complete: the caller frees
   them after that. */
static PetscErrorCode WriteFields(NakOutput output, NakStore store, const NakFrame *frame,
                                  PetscReal **values)
{
  size_t         size = 0;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < frame->count; f++) size += Size(frame, f);
  PetscCall(NakAgree(output->comm, PetscMalloc1(size, values)));
  size = 0;
  for (PetscInt f = 0; f < frame->count && !code; f++) {
    code = WriteField(output, store, frame, f, *values + size);
    size += Size(frame, f);
  }
  PetscFunctionReturn(code);
}

/* Keep the store that was written, or give it up. */
static PetscErrorCode Complete(NakStore *store, PetscErrorCode code)
{
  PetscFunctionBeginUser;
  if (!code) code = NakStoreCommit(store, PETSC_FALSE);
  PetscCall(NakStoreDestroy(store));
  PetscFunctionReturn(code);
}

PetscErrorCode NakFrameWrite(NakOutput output, const char *path, const NakNumbers *numbers,
                             const NakFrame *frame)
{
  NakStore       store;
  PetscReal     *values = NULL;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(NakStoreCreate(output->writers, path, NULL, &store));
  if (output->compress) NakStoreCompress(store);
  code = WriteNumbers(store, numbers);
  if (!code) code = WriteFields(output, store, frame, &values);
  code = Complete(&store, code);
  PetscCall(PetscFree(values));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Faces of the cells. */
static PetscErrorCode WriteAxes(NakStore store, const NakGrid *grid, PetscReal *work)
{
  const size_t    nx = (size_t)grid->nx, ny = (size_t)grid->ny, nz = (size_t)grid->nz;
  const PetscInt  above  = grid->n_electrolyte;
  const PetscReal face[] = {grid->z[above],
                            grid->z[above] + FACE_SHARE * (grid->z[above + 1] - grid->z[above])};

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i <= grid->nx; i++) work[i] = (PetscReal)i * grid->dx;
  PetscCall(NakStoreWrite(store, "x", NAK_STORE_REAL, nx + 1, work));
  for (PetscInt i = 0; i <= grid->ny; i++) work[i] = (PetscReal)i * grid->dy;
  PetscCall(NakStoreWrite(store, "y", NAK_STORE_REAL, ny + 1, work));
  PetscCall(NakStoreWrite(store, "z", NAK_STORE_REAL, nz + 1, grid->z));
  PetscCall(NakStoreWrite(store, "z_face", NAK_STORE_REAL, 2, face));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Regions of this rank's cells. */
static void FetchRegion(const void *layout, const void *array, size_t from, size_t count,
                        void *values)
{
  const NakFrame *const frame = layout;
  const NakGrid *const  grid  = frame->grid;
  const size_t          layer = (size_t)frame->xm * (size_t)frame->ym;
  const PetscInt        alloy = grid->n_electrolyte + grid->n_interphase;
  PetscInt              first;

  (void)array;
  (void)NakFrameLayers(frame, NAK_PLACE_VOLUME, &first);
  for (size_t n = 0; n < count; n++) {
    const PetscInt k = first + (PetscInt)((from + n) / layer);

    ((unsigned char *)values)[n] = (unsigned char)((k >= grid->n_electrolyte) + (k >= alloy));
  }
}

static PetscErrorCode WriteRegion(NakStore store, const NakFrame *frame)
{
  const NakStoreBox box = Box(frame, NAK_PLACE_VOLUME);

  PetscFunctionBeginUser;
  PetscCall(NakStoreFetchArray(store, "region", NAK_STORE_BYTE, &box, FetchRegion, frame, NULL));
  PetscCall(NakStoreText(store, "region", "long_name", "0 electrolyte, 1 interphase, 2 alloy"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteGrid(NakStore store, const NakFrame *frame)
{
  PetscReal     *work;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(PetscMax(frame->grid->nx, frame->grid->ny) + 1, &work));
  code = WriteAxes(store, frame->grid, work);
  PetscCall(PetscFree(work));
  PetscCall(code);
  PetscCall(WriteRegion(store, frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakGridWrite(NakWriters writers, const char *path, const NakFrame *frame)
{
  NakStore store;

  PetscFunctionBeginUser;
  PetscCall(NakStoreCreate(writers, path, NULL, &store));
  PetscCall(Complete(&store, WriteGrid(store, frame)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
