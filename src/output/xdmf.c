/* fields.xmf and face.xmf: what ParaView needs to open fields.h5.

   XDMF 2, and every array by a path relative to the file: the XDMFReader of ParaView 5.11 opens
   both.  The cells are boxes with true stretched heights, 3D even if ny is 1.  The face is a thin
   layer of boxes, because that reader refuses cell data on a plane.

   There are two files, because the reader opens HDF5 by all ranks together.  With two grids in one
   file its ranks would read different numbers of arrays, and wait for each other for ever. */
#include "output_impl.h"

#define DATA_ITEM "<DataItem Format=\"HDF\" NumberType=\"%s\" Precision=\"%d\" Dimensions="
#define INT       "%" PetscInt_FMT

static void WriteLine(FILE *file, const char *name, PetscInt count)
{
  (void)fprintf(file, "      " DATA_ITEM "\"" INT "\">fields.h5:/grid/%s</DataItem>\n", "Float", 8,
                count, name);
}

static void WriteGeometry(FILE *file, const NakIndex *index, const char *z, PetscInt z_count)
{
  (void)fprintf(file,
                "    <Topology TopologyType=\"3DRectMesh\" Dimensions=\"" INT " " INT " " INT
                "\"/>\n    <Geometry GeometryType=\"VXVYVZ\">\n",
                z_count, index->ny + 1, index->nx + 1);
  WriteLine(file, "x", index->nx + 1);
  WriteLine(file, "y", index->ny + 1);
  WriteLine(file, z, z_count);
  (void)fputs("    </Geometry>\n", file);
}

static void BeginAttribute(FILE *file, const char *name)
{
  (void)fprintf(file, "    <Attribute Name=\"%s\" AttributeType=\"Scalar\" Center=\"Cell\">\n     ",
                name);
}

static void WriteRegion(FILE *file, const NakIndex *index)
{
  BeginAttribute(file, "region");
  (void)fprintf(file, DATA_ITEM "\"" INT " " INT " " INT "\">fields.h5:/grid/region</DataItem>\n",
                "UChar", 1, index->nz, index->ny, index->nx);
  (void)fputs("    </Attribute>\n", file);
}

static void WriteFields(FILE *file, const NakIndex *index, PetscInt frame, NakPlace place)
{
  const PetscInt layers = place == NAK_PLACE_VOLUME ? index->nz : 1;

  for (PetscInt f = 0; f < index->field_count; f++) {
    const NakField *const field = &index->fields[f];

    if (field->place != place) continue;
    BeginAttribute(file, field->name);
    (void)fprintf(file,
                  DATA_ITEM "\"" INT " " INT " " INT "\">fields.h5:/frames/%06" PetscInt_FMT
                            "/%s</DataItem>\n    </Attribute>\n",
                  "Float", index->single ? 4 : 8, layers, index->ny, index->nx, frame, field->name);
  }
}

static void WriteFrame(FILE *file, const NakIndex *index, PetscInt frame, NakPlace place)
{
  const PetscBool volume = (PetscBool)(place == NAK_PLACE_VOLUME);

  (void)fprintf(file, "   <Grid Name=\"%s\" GridType=\"Uniform\">\n    <Time Value=\"%.17g\"/>\n",
                volume ? "cell" : "face", (double)index->times[frame]);
  WriteGeometry(file, index, volume ? "z" : "z_face", volume ? index->nz + 1 : 2);
  if (volume) WriteRegion(file, index);
  WriteFields(file, index, frame, place);
  (void)fputs("   </Grid>\n", file);
}

static void Write(FILE *file, const NakIndex *index, NakPlace place)
{
  (void)fputs("<?xml version=\"1.0\" ?>\n<!DOCTYPE Xdmf SYSTEM \"Xdmf.dtd\" []>\n"
              "<Xdmf Version=\"2.0\">\n <Domain>\n"
              "  <Grid Name=\"run\" GridType=\"Collection\" CollectionType=\"Temporal\">\n",
              file);
  for (PetscInt frame = 0; frame < index->count; frame++) WriteFrame(file, index, frame, place);
  (void)fputs("  </Grid>\n </Domain>\n</Xdmf>\n", file);
}

PetscErrorCode NakIndexWriteCells(FILE *file, const void *ctx)
{
  PetscFunctionBeginUser;
  Write(file, ctx, NAK_PLACE_VOLUME);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakIndexWriteFace(FILE *file, const void *ctx)
{
  PetscFunctionBeginUser;
  Write(file, ctx, NAK_PLACE_FACE);
  PetscFunctionReturn(PETSC_SUCCESS);
}
