"""The simulation's data, and numbers from them: what needs VTK, but not the rest of ParaView.

Copy it along with the scripts that use it.  A script whose first lines say `# nakfield: vtk`, and that
imports nothing of ParaView, runs in the back end `vtk`, and as well in ParaView's Catalyst.
"""
import argparse
import csv
import os
import sys

from vtkmodules.vtkCommonCore import vtkDoubleArray
from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkPartitionedDataSet
from vtkmodules.vtkCommonExecutionModel import vtkAlgorithm
from vtkmodules.vtkFiltersCore import vtkAppendPolyData, vtkCellDataToPointData, vtkContourFilter, vtkThreshold
from vtkmodules.vtkFiltersExtraction import vtkExtractRectilinearGrid
from vtkmodules.vtkFiltersParallel import vtkIntegrateAttributes, vtkRemoveGhosts
from vtkmodules.vtkFiltersParallelDIY2 import vtkGhostCellsGenerator
from vtkmodules.vtkIOParallelXML import vtkXMLPartitionedDataSetWriter
from vtkmodules.vtkParallelCore import vtkCommunicator, vtkMultiProcessController

WORLD = vtkMultiProcessController.GetGlobalController()
TAG = 4711  # of messages
FIRST = WORLD is None or WORLD.GetLocalProcessId() == 0
ALONE = sys.modules.get("nakfield_numbers")  # the back end `vtk`; None where ParaView runs the script


# ---- The simulation ----

def arguments(**defaults):
    """The deck's `insitu.options`, with defaults; `live` is among them."""
    parser = argparse.ArgumentParser()
    for name, value in {"live": "off", **defaults}.items():
        parser.add_argument(f"--{name}", default=value, type=type(value))
    return parser.parse_known_args(words())[0]


def words():
    """The options as on a command line."""
    if ALONE is not None:
        return ALONE.ARGUMENTS
    from paraview import catalyst
    return catalyst.get_args()


def is_live(given):
    """Whether ParaView is to follow."""
    return given.live not in ("off", "false", "no", "0")


def options(given):
    """What Catalyst wants to know: run whenever the simulation calls; `live` connects to ParaView, at
    host:port or here."""
    if ALONE is not None:
        if is_live(given):
            raise RuntimeError("live wants ParaView: give insitu.backend=legacy")
        return None
    from paraview import catalyst
    made = catalyst.Options()
    made.GlobalTrigger = "TimeStep"
    if is_live(given):
        made.EnableCatalystLive = 1
        made.CatalystLiveTrigger = "TimeStep"
        made.CatalystLiveURL = given.live if ":" in given.live else "localhost:22222"
    return made


class Channel:
    """A channel of the simulation, `grid` or `face`; made when the script is imported."""

    def __init__(self, name):
        self.name, self.producer = name, None
        if ALONE is None:
            from paraview import simple
            self.producer = simple.TrivialProducer(registrationName=name)

    def data(self, info):
        """This rank's part of the mesh at this moment; None where the run has no such channel."""
        if self.producer is None:
            return leaf(ALONE.channels.get(self.name))
        self.producer.UpdatePipeline(info.time)
        return leaf(self.producer.GetClientSideObject().GetOutputDataObject(0))


def leaf(data):
    """The mesh in what Catalyst wraps it in."""
    while data is not None and not data.IsA("vtkDataSet"):
        collection = data.IsA("vtkPartitionedDataSetCollection")
        data = data.GetPartitionedDataSet(0) if collection else data.GetPartition(0)
    return data


def fields(data):
    """Names of its cell arrays."""
    found = data.GetCellData()
    return [found.GetArrayName(k) for k in range(found.GetNumberOfArrays())]


def numbers(data):
    """The run's numbers of this moment, as timeseries.csv names them."""
    found = data.GetFieldData()
    return {found.GetArrayName(k): found.GetArray(k).GetTuple1(0)
            for k in range(found.GetNumberOfArrays()) if found.GetArray(k)}


def largest(values):
    """The largest of each value over the ranks."""
    mine, all_of = vtkDoubleArray(), vtkDoubleArray()
    for value in values:
        mine.InsertNextValue(value)
        all_of.InsertNextValue(value)
    if WORLD is not None:
        WORLD.AllReduce(mine, all_of, vtkCommunicator.MAX_OP)
    return [all_of.GetValue(k) for k in range(len(values))]


# ---- Filters of VTK, on data ----

def cells_where(data, array, low, high):
    """The cells whose value lies between two bounds, as an unstructured grid."""
    if array not in fields(data):
        raise KeyError(f"there is no field '{array}'; there are {', '.join(sorted(fields(data)))}")
    threshold = vtkThreshold()
    threshold.SetInputData(data)
    threshold.SetInputArrayToProcess(0, 0, 0, vtkDataObject.FIELD_ASSOCIATION_CELLS, array)
    threshold.SetLowerThreshold(low)
    threshold.SetUpperThreshold(high)
    threshold.SetOutputPointsPrecision(vtkAlgorithm.DOUBLE_PRECISION)
    threshold.Update()
    return threshold.GetOutput()


def layers_where(grid, array, value):
    """The layers in z of a rectilinear grid whose first cell has a value, as a grid: quicker than
    cells_where() where layers belong together, as those of a region do."""
    nx, ny, nz = (n - 1 for n in grid.GetDimensions())
    values = grid.GetCellData().GetArray(array)
    layers = [k for k in range(nz) if values.GetValue(k * nx * ny) == value]
    if not layers:
        return None
    extract = vtkExtractRectilinearGrid()
    extract.SetInputData(grid)
    extract.SetVOI(0, nx, 0, ny, layers[0], layers[-1] + 1)
    extract.Update()
    return extract.GetOutput()


def integrals(data):
    """The integral of every cell array over all ranks, with Volume, Area or Length; on the first rank, {}
    on the others."""
    integrate = vtkIntegrateAttributes()
    integrate.SetInputData(data)
    integrate.Update()
    found = integrate.GetOutput().GetCellData()
    arrays = [found.GetArray(k) for k in range(found.GetNumberOfArrays())]
    return {array.GetName(): array.GetValue(0) for array in arrays if array.GetNumberOfTuples() == 1}


def contour(data, array, value):
    """Where a cell array passes a value, without seams between the ranks."""
    ghosts = vtkGhostCellsGenerator()
    ghosts.SetInputData(cells_where(data, array, -1e300, 1e300))  # ghosts of grids fail in 5.11
    ghosts.BuildIfRequiredOff()
    ghosts.SetNumberOfGhostLayers(1)
    points = vtkCellDataToPointData()
    points.SetInputConnection(ghosts.GetOutputPort())
    made = vtkContourFilter()
    made.SetInputConnection(points.GetOutputPort())
    made.SetInputArrayToProcess(0, 0, 0, vtkDataObject.FIELD_ASSOCIATION_POINTS, array)
    made.SetValue(0, value)
    once = vtkRemoveGhosts()
    once.SetInputConnection(made.GetOutputPort())
    once.Update()
    return once.GetOutput()


# ---- What is written ----

def folder():
    """Where the run wants its pictures and extracts."""
    path = os.environ.get("PARAVIEW_OVERRIDE_EXTRACTS_OUTPUT_DIRECTORY", "insitu")
    os.makedirs(path, exist_ok=True)
    return path


class Table:
    """A CSV table with a row for each moment, written by the first rank."""

    def __init__(self, name):
        self.name, self.columns = name, None

    def add(self, info, row):
        """Add a row; columns are those of the first, what others lack is 0."""
        if not FIRST:
            return
        row = {"moment": info.timestep, "time_s": info.time, **row}
        path = os.path.join(folder(), self.name)
        if self.columns is None:
            self.begin(path, row)
        with open(path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([repr(row.get(name, 0.0)) for name in self.columns])

    def begin(self, path, row):
        """The first line, and where the run goes on from a checkpoint, the rows before it."""
        rows = [list(row)]
        if row["moment"] > 0 and os.path.exists(path):
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))
            rows = rows[:1] + [old for old in rows[1:] if int(old[0]) < row["moment"]]
        self.columns = rows[0]
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


def gathered(data):
    """The pieces of all ranks as one mesh, on the first rank; None on the others."""
    if not FIRST:
        WORLD.Send(data, 0, TAG)
        return None
    append = vtkAppendPolyData()
    append.AddInputData(data)
    for rank in range(1, WORLD.GetNumberOfProcesses() if WORLD else 1):
        append.AddInputData(WORLD.ReceiveDataObject(rank, TAG))
    append.Update()
    return append.GetOutput()


def write_points(data, name):
    """The points of all ranks and their fields as a CSV table, in the order of x, y, z."""
    whole = gathered(data)
    if whole is None:
        return
    found = whole.GetPointData()
    arrays = {found.GetArrayName(k): found.GetArray(k) for k in range(found.GetNumberOfArrays())}
    names = sorted(name for name in arrays if not name.startswith("vtk"))  # the ghosts' marks
    rows = {(*whole.GetPoint(k), *(arrays[name].GetTuple1(k) for name in names))
            for k in range(whole.GetNumberOfPoints())}
    with open(os.path.join(folder(), name), "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*(f"Points:{d}" for d in range(3)), *names])
        table.writerows([f"{value:.12g}" for value in row] for row in sorted(rows))


def write_pieces(data, name):
    """A mesh as VTPD: one file a rank, and one that names them."""
    piece = vtkPartitionedDataSet()
    piece.SetPartition(0, data)
    writer = vtkXMLPartitionedDataSetWriter()
    writer.SetInputData(piece)
    writer.SetFileName(os.path.join(folder(), name))
    writer.Write()
