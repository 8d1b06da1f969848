# script-version: 2.0
# nakfield: vtk
"""Every rank writes what it was handed, as numpy arrays, and integrals and a contour by VTK's own
filters.
"""
import pathlib
import sys

import numpy
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDataArray
from vtkmodules.vtkCommonDataModel import vtkDataObject
from vtkmodules.vtkFiltersCore import vtkCellDataToPointData, vtkContourFilter
from vtkmodules.vtkFiltersParallel import vtkIntegrateAttributes

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "scripts" / "catalyst"))
import nakdata  # noqa: E402

CHANNELS = {name: nakdata.Channel(name) for name in ("grid", "face")}
options = nakdata.options(nakdata.arguments())


def contact_line(plane):
    """Points and fields where half of a face is in contact, by columns, in the order of x, y, z."""
    points, line = vtkCellDataToPointData(), vtkContourFilter()
    points.SetInputData(plane)
    line.SetInputConnection(points.GetOutputPort())
    line.SetInputArrayToProcess(0, 0, 0, vtkDataObject.FIELD_ASSOCIATION_POINTS, "contact")
    line.SetValue(0, 0.5)
    line.Update()
    found = line.GetOutput()
    names = sorted(nakdata.fields(plane))
    rows = [vtk_to_numpy(found.GetPoints().GetData()).astype(float).T] if found.GetNumberOfPoints() else [numpy.empty((3, 0))]
    rows += [vtk_to_numpy(found.GetPointData().GetArray(name)) for name in names] if found.GetNumberOfPoints() else []
    table = numpy.vstack(rows)
    return table[:, numpy.lexsort(table[2::-1])]


def catalyst_execute(info):
    seen = {"time": info.time}
    for name, channel in CHANNELS.items():
        grid = channel.data(info)
        if grid is None:
            continue
        for axis in "XYZ":
            seen[f"{name}/axis/{axis.lower()}"] = vtk_to_numpy(getattr(grid, f"Get{axis}Coordinates")()).copy()
        for k in range(grid.GetCellData().GetNumberOfArrays()):
            array = grid.GetCellData().GetArray(k)
            seen[f"{name}/cells/{array.GetName()}"] = vtk_to_numpy(array).copy()
            seen[f"{name}/unit/{array.GetName()}"] = array.GetInformation().Get(vtkDataArray.UNITS_LABEL())
        for k in range(grid.GetFieldData().GetNumberOfArrays()):
            array = grid.GetFieldData().GetArray(k)
            seen[f"{name}/number/{array.GetName()}"] = array.GetTuple1(0)
        integrate = vtkIntegrateAttributes()
        integrate.SetInputData(grid)
        integrate.Update()
        found = integrate.GetOutput().GetCellData()
        for array in (found.GetArray(k) for k in range(found.GetNumberOfArrays())):
            if array.GetNumberOfTuples() == 1:  # on the first rank
                seen[f"{name}/integral/{array.GetName()}"] = array.GetTuple1(0)
    if name == "face" and grid is not None and nakdata.WORLD.GetNumberOfProcesses() == 1:
        seen["face/line"] = contact_line(grid)
    rank = nakdata.WORLD.GetLocalProcessId()
    numpy.savez(f"{nakdata.folder()}/dump_{info.timestep:06d}_{rank}.npz", **seen)
