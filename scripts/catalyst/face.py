# script-version: 2.0
# nakfield: vtk, face
"""Numbers of the face alone, which go to one rank: no other loads anything for it.

Each time it runs (`insitu: {script: face.py, every: 10 s}`) it writes
  face.csv              a row: the time, integrals over the face [SI]
  contact_line_*.csv    points of the line where half of the face is in contact
  face_*.vtpd           the fields of the face
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402

options = nakdata.options(nakdata.arguments())
face = nakdata.Channel("face")
totals = nakdata.Table("face.csv")


def catalyst_execute(info):
    """Called at each moment."""
    plane = face.data(info)
    if plane is None:  # a model on a box
        return
    totals.add(info, nakdata.integrals(plane))
    nakdata.write_points(nakdata.contour(plane, "contact", 0.5), f"contact_line_{info.timestep:06d}.csv")
    nakdata.write_pieces(plane, f"face_{info.timestep:06d}.vtpd")
