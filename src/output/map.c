/* map.csv: the values along the face of a 2D run against time. */
#include "output_impl.h"

#define PARTS 128 /* of the face at most */

enum { PLACE = 2, COLUMNS = 7 }; /* before the fields: time and place */

/* Fields of the face as columns, with a factor from SI. */
static const struct {
  const char *field, *column;
  PetscReal   factor;
} columns[COLUMNS] = {
  {"current",  "current_mA_cm2", NAK_MA_PER_CM2},
  {"u_face",   "u_face",         1             },
  {"contact",  "contact",        1             },
  {"wetted",   "wetted",         1             },
  {"k_film",   "k_film",         1             },
  {"deposit",  "deposit_nm",     1e9           },
  {"filament", "filament_um",    1e6           },
};

/* Each part of the face is equally many columns of the grid, except the last one. */
static PetscInt PartLength(const NakFrame *frame)
{
  return (frame->grid->nx + PARTS - 1) / PARTS;
}

static PetscInt Parts(const NakFrame *frame)
{
  const PetscInt length = PartLength(frame);

  return (frame->grid->nx + length - 1) / length;
}

/* Time and place; no fields yet. */
static void Begin(const NakFrame *frame, PetscReal time, NakNumbers rows[])
{
  const PetscInt n = frame->grid->nx, length = PartLength(frame);

  for (PetscInt p = 0; p < Parts(frame); p++) {
    const PetscReal middle = 0.5 * (PetscReal)(p * length + PetscMin((p + 1) * length, n));

    rows[p] = (NakNumbers){
      PLACE, {{"time_s", "time", time, 1, 15}, {"x_um", "x", middle * frame->grid->dx, 1e6, 6}}
    };
  }
}

/* Add a column: means over the parts. */
static void Add(const NakFrame *frame, int column, const PetscReal whole[], NakNumbers rows[])
{
  const PetscInt n = frame->grid->nx, length = PartLength(frame);

  for (PetscInt p = 0; p < Parts(frame); p++) {
    const PetscInt end = PetscMin((p + 1) * length, n);
    PetscReal      sum = 0;

    for (PetscInt i = p * length; i < end; i++) sum += whole[i];
    rows[p].items[rows[p].count++] =
      (NakNumber){columns[column].column, columns[column].field,
                  sum / (PetscReal)(end - p * length), columns[column].factor, 6};
  }
}

PetscErrorCode NakOutputMap(NakOutput output, PetscReal time, const NakFrame *frame)
{
  const PetscBool here = (PetscBool)(output->rank == 0);
  PetscReal      *mine, *whole;
  NakNumbers     *rows;
  PetscErrorCode  code = PETSC_SUCCESS;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(frame->xm * frame->ym, &mine, here ? frame->grid->nx : 0, &whole,
                         here ? PARTS : 0, &rows));
  if (here) Begin(frame, time, rows);
  for (int k = 0; k < COLUMNS && !code; k++) {
    const PetscInt field = NakFrameFind(frame, columns[k].field);

    if (field < 0) continue;
    code = NakAgree(output->comm, frame->fill(frame->ctx, field, mine));
    if (!code) code = NakFrameGather(output->comm, frame, mine, whole);
    if (!code && here) Add(frame, k, whole, rows);
  }
  if (!code) code = NakTableRows(output, "map", rows, here ? Parts(frame) : 0);
  PetscCall(PetscFree3(mine, whole, rows));
  PetscFunctionReturn(code);
}
