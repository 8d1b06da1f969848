# script-version: 2.0
# nakfield: vtk
"""Numbers instead of pictures: needs no display, and no more of ParaView than VTK.

Each time it runs (`insitu: {script: extract.py, every: 10 s}`) it writes
  totals.csv            a row: the time, integrals over the face and over the regions of the cell, or over
                        the box of a model on a box [SI]
  contact_line_*.csv    points of the line where half of the face is in contact
  face_*.vtpd           the fields of the face, where there is one
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402

REGIONS = ("electrolyte", "interphase", "alloy")

given = nakdata.arguments()
options = nakdata.options(given)
grid, face = nakdata.Channel("grid"), nakdata.Channel("face")
totals = nakdata.Table("totals.csv")


def parts(cells, plane):
    """Integrals by the name of what they are over."""
    if plane is None:
        yield "box", nakdata.integrals(cells)
        return
    yield "face", nakdata.integrals(plane)
    for number, word in enumerate(REGIONS):
        yield word, nakdata.integrals(cells, nakdata.layers_where(cells, "region", number))


def catalyst_execute(info):
    """Called at each moment."""
    cells, plane = grid.data(info), face.data(info)
    totals.add(info, {f"{place}.{name}": value for place, sums in parts(cells, plane)
                      for name, value in sums.items()})
    if plane is not None:
        nakdata.write_points(nakdata.contour(plane, "contact", 0.5), f"contact_line_{info.timestep:06d}.csv")
        nakdata.write_pieces(plane, f"face_{info.timestep:06d}.vtpd")
