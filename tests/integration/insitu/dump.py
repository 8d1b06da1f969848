# script-version: 2.0
"""Every rank writes what it was handed, as numpy arrays."""
import os

import numpy
from paraview import catalyst, simple
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDataArray
from vtkmodules.vtkParallelCore import vtkMultiProcessController

CHANNELS = {name: simple.TrivialProducer(registrationName=name) for name in ("grid", "face")}
RANK = vtkMultiProcessController.GetGlobalController().GetLocalProcessId()
options = catalyst.Options()


def catalyst_execute(info):
    seen = {"time": info.time}
    for name, producer in CHANNELS.items():
        producer.UpdatePipeline(info.time)
        grid = producer.GetClientSideObject().GetOutputDataObject(0).GetPartition(0)
        for axis in "XYZ":
            seen[f"{name}/axis/{axis.lower()}"] = vtk_to_numpy(getattr(grid, f"Get{axis}Coordinates")()).copy()
        for k in range(grid.GetCellData().GetNumberOfArrays()):
            array = grid.GetCellData().GetArray(k)
            seen[f"{name}/cells/{array.GetName()}"] = vtk_to_numpy(array).copy()
            seen[f"{name}/unit/{array.GetName()}"] = array.GetInformation().Get(vtkDataArray.UNITS_LABEL())
        for k in range(grid.GetFieldData().GetNumberOfArrays()):
            array = grid.GetFieldData().GetArray(k)
            seen[f"{name}/number/{array.GetName()}"] = array.GetTuple1(0)
    folder = os.environ["PARAVIEW_OVERRIDE_EXTRACTS_OUTPUT_DIRECTORY"]
    os.makedirs(folder, exist_ok=True)
    numpy.savez(f"{folder}/dump_{info.timestep:06d}_{RANK}.npz", **seen)
