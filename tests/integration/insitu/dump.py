# script-version: 2.0
# nakfield: vtk
"""Every rank writes what it was handed, as numpy arrays, and the integrals by VTK's own filter."""
import pathlib
import sys

import numpy
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDataArray
from vtkmodules.vtkFiltersParallel import vtkIntegrateAttributes

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "scripts" / "catalyst"))
import nakdata  # noqa: E402

CHANNELS = {name: nakdata.Channel(name) for name in ("grid", "face")}
options = nakdata.options(nakdata.arguments())


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
    rank = nakdata.WORLD.GetLocalProcessId()
    numpy.savez(f"{nakdata.folder()}/dump_{info.timestep:06d}_{rank}.npz", **seen)
