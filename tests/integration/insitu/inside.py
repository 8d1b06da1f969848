# script-version: 2.0
"""Volume inside the surfaces that volume.py draws, and their areas, as a table."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts" / "catalyst"))
import nakdata  # noqa: E402
import nakview  # noqa: E402
import numpy as np  # noqa: E402
from nakfield.moment import HALF  # noqa: E402
from vtkmodules.util.numpy_support import vtk_to_numpy  # noqa: E402

options = nakdata.options(nakdata.arguments())
grid = nakview.channel("grid")
surfaces = {phase: nakview.contour(phase, grid, phase, HALF) for phase in ("void", "solid_b")
            if nakview.first_of(grid, phase)}
table = nakdata.Table("inside.csv")


def measure(surface):
    """(volume, area) of this rank's triangles: of a body over z = 0 the volume is the sum of z dx
    dy of its surface, whose normals point to where the phase is not."""
    if surface is None or surface.GetNumberOfCells() == 0:
        return 0.0, 0.0
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    corners = vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    a, b, c = (points[corners[:, k]] for k in range(3))
    normal = 0.5 * np.cross(b - a, c - a)
    outward = vtk_to_numpy(surface.GetPointData().GetNormals())[corners].mean(axis=1)
    normal *= np.sign((normal * outward).sum(axis=1))[:, None]
    height = (a + b + c)[:, 2] / 3
    above = height > 0  # without its foot on the face
    return float((normal[:, 2] * height).sum()), float(np.linalg.norm(normal[above], axis=1).sum())


def catalyst_execute(info):
    row = {}
    for phase, surface in surfaces.items():
        surface.UpdatePipeline(info.time)
        mine = measure(nakdata.leaf(surface.GetClientSideObject().GetOutputDataObject(0)))
        volume, area = nakdata.over_ranks(mine, nakdata.SUM)
        row.update({f"{phase}.volume": abs(volume), f"{phase}.area": area})
    table.add(info, row)
