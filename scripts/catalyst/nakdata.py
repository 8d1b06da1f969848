"""The simulation's data, and numbers from them: what needs VTK, but not the rest of ParaView.

Copy it along with the scripts that use it.  A script whose first lines say `# nakfield: vtk`, and
that imports nothing of ParaView, runs in the back end `vtk`, and as well in ParaView's Catalyst.
"""
import argparse
import array as typed
import csv
import math
import os
import pathlib
import sys
from operator import itemgetter

from vtkmodules.vtkCommonCore import vtkDataArray, vtkDoubleArray
from vtkmodules.vtkCommonDataModel import vtkRectilinearGrid
from vtkmodules.vtkParallelCore import vtkCommunicator, vtkMultiProcessController

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "python"))  # the package nakfield

WORLD = vtkMultiProcessController.GetGlobalController()
TAG = 4711  # of messages
FIRST = WORLD is None or WORLD.GetLocalProcessId() == 0
ALONE = sys.modules.get("nakfield_numbers")  # the back end `vtk`; None where ParaView runs the script


SUM = vtkCommunicator.SUM_OP


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
    """What Catalyst has to know: run whenever the simulation calls; `live` connects to ParaView, at
    host:port or here."""
    if ALONE is not None:
        if is_live(given):
            raise RuntimeError("live needs ParaView: give insitu.backend=legacy")
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
    """The mesh in what Catalyst wraps it in, with the run's numbers, which Catalyst 2 has at the
    root; None where there is none."""
    found = [data]
    if data is not None and data.IsA("vtkPartitionedDataSetCollection"):
        found.append(data.GetPartitionedDataSet(0))
    if found[-1] is not None and found[-1].IsA("vtkPartitionedDataSet"):
        found.append(found[-1].GetPartition(0))
    mesh = found.pop()
    if mesh is None or not mesh.IsA("vtkDataSet"):
        return None
    above = [part.GetFieldData() for part in found if part.GetFieldData().GetNumberOfArrays() > 0]
    if above:
        mesh, bare = mesh.NewInstance(), mesh
        mesh.ShallowCopy(bare)
        for part in above:
            for k in range(part.GetNumberOfArrays()):
                mesh.GetFieldData().AddArray(part.GetAbstractArray(k))
    return mesh


def fields(data):
    """Names of its cell arrays."""
    found = data.GetCellData()
    return [found.GetArrayName(k) for k in range(found.GetNumberOfArrays())]


def numbers(data):
    """The run's numbers of this moment, as timeseries.csv names them."""
    found = data.GetFieldData()
    return {found.GetArrayName(k): found.GetArray(k).GetTuple1(0)
            for k in range(found.GetNumberOfArrays()) if found.GetArray(k)}


def over_ranks(values, operation):
    """The values, reduced over the ranks."""
    mine, all_of = vtkDoubleArray(), vtkDoubleArray()
    for value in values:
        mine.InsertNextValue(value)
        all_of.InsertNextValue(value)
    if WORLD is not None:
        WORLD.AllReduce(mine, all_of, operation)
    return [all_of.GetValue(k) for k in range(len(values))]


def largest(values):
    """The largest of each value over the ranks."""
    return over_ranks(values, vtkCommunicator.MAX_OP)


# ---- Numbers from data ----

def wanted(data, array):
    """A cell array, or an error that names those there are."""
    if array not in fields(data):
        raise KeyError(f"there is no field '{array}'; there are {', '.join(sorted(fields(data)))}")
    return data.GetCellData().GetArray(array)


def layers_where(grid, array, value):
    """The layers in z whose first cell has a value."""
    nx, ny, nz = (max(n - 1, 1) for n in grid.GetDimensions())
    values = wanted(grid, array)
    return [k for k in range(nz) if values.GetValue(k * nx * ny) == value]


def integrals(grid, layers=None):
    """The integral of every field over all ranks, with Volume or Area; of all layers in z, or some.
    Cells are as wide in x as in y one beside the other, as the simulation's are."""
    nx, ny, nz = (max(n - 1, 1) for n in grid.GetDimensions())
    x, y, z = grid.GetXCoordinates(), grid.GetYCoordinates(), grid.GetZCoordinates()
    plane = (x.GetValue(nx) - x.GetValue(0)) * (y.GetValue(ny) - y.GetValue(0))
    flat = z.GetNumberOfTuples() == 1
    heights = {k: 1.0 if flat else z.GetValue(k + 1) - z.GetValue(k) for k in (range(nz) if layers is None else layers)}
    sums = {"Area" if flat else "Volume": plane * math.fsum(heights.values())}
    for name in (name for name in fields(grid) if name != "region"):
        values, area = memoryview(grid.GetCellData().GetArray(name)), nx * ny
        sums[name] = plane / area * math.fsum(height * sum(values[k * area:(k + 1) * area])
                                              for k, height in heights.items())
    return dict(zip(sums, over_ranks(list(sums.values()), SUM)))


def pieces(data):
    """Those of all ranks, on the first one; [] on the others."""
    mine = data if data is not None else vtkRectilinearGrid()
    if not FIRST:
        WORLD.Send(mine, 0, TAG)
        return []
    others = range(1, WORLD.GetNumberOfProcesses() if WORLD else 1)
    return [piece for piece in [mine, *(WORLD.ReceiveDataObject(rank, TAG) for rank in others)]
            if piece.GetNumberOfCells() > 0]


def gathered(data):
    """Axes [x, y, z] and cell arrays by name, x fastest, of a mesh that ranks share; ([], {}) but
    on the first.
    """
    found = pieces(data)
    parts = [[memoryview(axis).tolist() for axis in (piece.GetXCoordinates(), piece.GetYCoordinates(),
                                                     piece.GetZCoordinates())] for piece in found]
    axes = [sorted(set().union(*ends)) for ends in zip(*parts)]
    arrays = {name: [memoryview(piece.GetCellData().GetArray(name)) for piece in found]
              for name in (found and sorted(fields(found[0])))}
    if len(found) == 1:
        return axes, {name: values for name, (values,) in arrays.items()}
    return axes, {name: joined(axes, parts, values) for name, values in arrays.items()}


def joined(axes, parts, pieces_of):
    """An array of the whole mesh, from those of pieces with axes of their own."""
    nx, ny, nz = (max(len(axis) - 1, 1) for axis in axes)
    made = memoryview(typed.array(pieces_of[0].format, bytes(pieces_of[0].itemsize * nx * ny * nz)))
    for ends, values in zip(parts, pieces_of):
        x, y, z = (axis.index(end[0]) for axis, end in zip(axes, ends))
        mx, my, mz = (max(len(end) - 1, 1) for end in ends)
        for row in range(my * mz):
            start = x + nx * (y + row % my + ny * (z + row // my))
            made[start:start + mx] = values[row * mx:(row + 1) * mx]
    return made


def contour(data, name, value):
    """Where a cell array of a plane passes a value: names of columns and a row for each point, with
    all arrays; on the first rank, None on the others.  As in marching squares, corners have the
    mean of the cells around them, and points lie on the sides between corners.  VTK's filters give
    the same points, but take three times as long.
    """
    wanted(data, name)
    axes, arrays = gathered(data)
    if not arrays:
        return None
    x, y, z = axes
    width = len(x)  # of a row of corners
    level = corners(arrays[name], width - 1)
    found = {}  # the part of the way from a corner to the next, by both
    for here, there in sides(level, value, width):
        first, second = (here, there) if level[here] >= value else (there, here)
        part = (value - level[first]) / (level[second] - level[first])
        found[(first, second if part else first)] = part  # a corner at the value is on several sides
    ends = sorted({corner for side in found for corner in side})
    place = {corner: k for k, corner in enumerate(ends)}
    first, second = ([place[side[k]] for side in found] for k in range(2))
    around = [itemgetter(*cells, 0, 0) for cells in cells_around(ends, width - 1, len(y) - 1)]

    def along(at_ends):
        return [at_ends[a] + part * (at_ends[b] - at_ends[a]) for a, b, part in zip(first, second, found.values())]

    def mean(values):
        return [0.25 * (a + b + c + d) for a, b, c, d in zip(*(pick(values) for pick in around))]

    columns = [[x[corner % width] for corner in ends], [y[corner // width] for corner in ends], [z[0]] * len(ends),
               *(mean(values.tolist()) for values in arrays.values())]
    names = [*(f"Points:{d}" for d in range(3)), *arrays]
    return names, sorted(set(zip(*map(along, columns))))


def cells_around(ends, nx, ny):
    """Of corners of a plane, numbered row by row, the four cells around each in four lists; at the
    rim of the plane some of them twice.
    """
    left, right = ([min(max(i + step, 0), nx - 1) for i in range(nx + 1)] for step in (-1, 0))
    low, high = ([nx * min(max(j + step, 0), ny - 1) for j in range(ny + 1)] for step in (-1, 0))
    places = [divmod(corner, nx + 1) for corner in ends]
    return [[below[j] + beside[i] for j, i in places] for below in (low, high) for beside in (left, right)]


def corners(values, nx):
    """Means at the corners of a plane's cells, row by row."""
    rows = [values[k:k + nx].tolist() for k in range(0, len(values), nx)]
    pairs = [[a + b for a, b in zip([row[0], *row], [*row, row[-1]])] for row in rows]
    return [0.25 * (a + b) for both in zip([pairs[0], *pairs], [*pairs, pairs[-1]]) for a, b in zip(*both)]


def sides(level, value, width):
    """Pairs of neighbouring corners with a value between them."""
    above = [one >= value for one in level]
    yield from ((k, k + 1) for k, (here, there) in enumerate(zip(above, above[1:]))
                if here != there and (k + 1) % width)
    yield from ((k, k + width) for k, (here, there) in enumerate(zip(above, above[width:])) if here != there)


# ---- The moment as arrays of numpy, on the first rank ----

def whole(data):
    """Axes [x, y, z] and cell arrays [z, y, x] by name of a mesh that ranks share; ([], {}) but on
    the first.
    """
    import numpy as np
    axes, arrays = gathered(data)
    shape = [max(len(axis) - 1, 1) for axis in axes[::-1]]
    return [np.array(axis) for axis in axes], {name: np.array(values, dtype=float).reshape(shape)
                                               for name, values in arrays.items()}


def row(grid, y):
    """The part of a rank's mesh that is the row of columns at a y; None where it has none of it."""
    from vtkmodules.vtkFiltersExtraction import vtkExtractRectilinearGrid
    ends, low = memoryview(grid.GetYCoordinates()), grid.GetExtent()
    at = next((low[2] + k for k in range(len(ends) - 1) if ends[k] <= y < ends[k + 1]), None)
    if at is None:
        return None
    extract = vtkExtractRectilinearGrid()
    extract.SetInputData(grid)
    extract.SetVOI(low[0], low[1], at, at + 1, low[4], low[5])
    extract.Update()
    return extract.GetOutput()


def thickness():
    """Of the pellet [m], of which the grid may have a part."""
    from nakfield.moment import thickness as of_deck
    return of_deck(pathlib.Path(folder()).parent / "resolved.yaml")


class Course:
    """That of a run in 2D, by the tables in its directory."""

    def __init__(self):
        from nakfield.run import Growing
        run = pathlib.Path(folder()).parent
        self.map, self.series = (Growing(run / name) for name in ("map.csv", "timeseries.csv"))

    def until(self, time):
        """As nakfield.moment.history() gives it; None where the run has no such tables yet."""
        from nakfield.moment import history
        from nakfield.run import as_map
        if not (self.map.path.is_file() and self.series.path.is_file()):
            return None
        return history(as_map(self.map.read()), self.series.read(), time)


def moment(plane, grid=None):
    """What nakfield.moment.of_frame() gives of a frame, of the run's present state; None but on the
    first rank.  Of the volume, where it is given, the row of columns in which a failure begins."""
    axes, face = whole(plane)
    if FIRST and not face:
        raise RuntimeError("there is no face in a model on a box: phases.py and extract.py are for it")
    made = None
    if FIRST:
        from nakfield.moment import Moment
        made = Moment(numbers(plane), axes, {name: values[0] for name, values in face.items()}, thickness=thickness())
    if grid is None:
        return made
    axes, volume = whole(row(grid, largest([-1e300 if made is None else made.centre(*made.worst())[1]])[0]))
    if made is not None:
        made.z, made.region, made.volume = axes[2], volume.pop("region")[:, 0, 0], volume
    return made


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
        """Add a row; columns are those of the first row, what others lack is 0."""
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


def write_points(points, name):
    """What contour() gives, as a CSV table in the order of x, y, z; nothing of None."""
    if points is None:
        return
    columns, rows = points
    form = ",".join(["%.12g"] * len(columns)) + "\r\n"
    with open(os.path.join(folder(), name), "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(columns)
        file.writelines(form % row for row in rows)


TYPES = {"d": "Float64", "f": "Float32", "B": "UInt8"}  # VTK's, by numbers in memory
units = {}  # of fields by their names, which are the same at each moment: VTK is slow to tell them


def write_pieces(data, name):
    """A rectilinear mesh as VTPD: one file a rank, and one that names them."""
    stem = name.rsplit(".", 1)[0]
    rank, ranks = (WORLD.GetLocalProcessId(), WORLD.GetNumberOfProcesses()) if WORLD else (0, 1)
    os.makedirs(os.path.join(folder(), stem), exist_ok=True)
    write_piece(data, os.path.join(folder(), stem, f"{stem}_{rank}.vtr"))
    if FIRST:
        named = "\n".join(f'<DataSet index="{k}" file="{stem}/{stem}_{k}.vtr"/>' for k in range(ranks))
        with open(os.path.join(folder(), name), "w", encoding="utf-8") as file:
            file.write(f"{opening('vtkPartitionedDataSet')}\n<vtkPartitionedDataSet>\n{named}\n"
                       "</vtkPartitionedDataSet>\n</VTKFile>\n")


def opening(kind):
    """Of a file of VTK."""
    order = {"little": "LittleEndian", "big": "BigEndian"}[sys.byteorder]
    return f'<?xml version="1.0"?>\n<VTKFile type="{kind}" version="1.0" byte_order="{order}" header_type="UInt64">'


def unit_of(name, values):
    """A field's, as the file has it; "" where it has none."""
    if name not in units:
        unit = values.GetInformation().Get(vtkDataArray.UNITS_LABEL())
        units[name] = f'<InformationKey name="UNITS_LABEL" location="vtkDataArray">{unit}</InformationKey>' if unit else ""
    return units[name]


def write_piece(mesh, path):
    """A VTR file with the values as they are in memory.  VTK's writer also finds ranges of values
    and compresses, which takes four times as long.
    """
    blocks, place = [], 0

    def listed(arrays, kind):
        nonlocal place
        yield f"<{kind}>"
        for values in arrays:
            name, block = values.GetName(), memoryview(values)
            blocks.append(block)
            key = unit_of(name, values) if kind == "CellData" else ""
            yield (f'<DataArray type="{TYPES[block.format]}" Name="{name}" format="appended" '
                   f'NumberOfTuples="{len(block)}" offset="{place}">{key}</DataArray>')
            place += 8 + block.nbytes
        yield f"</{kind}>"

    numbers_of, cells = mesh.GetFieldData(), mesh.GetCellData()
    extent = " ".join(map(str, mesh.GetExtent()))
    head = [opening("RectilinearGrid"), f'<RectilinearGrid WholeExtent="{extent}">',
            *listed([numbers_of.GetArray(k) for k in range(numbers_of.GetNumberOfArrays())], "FieldData"),
            f'<Piece Extent="{extent}">',
            *listed([cells.GetArray(k) for k in range(cells.GetNumberOfArrays())], "CellData"),
            *listed([mesh.GetXCoordinates(), mesh.GetYCoordinates(), mesh.GetZCoordinates()], "Coordinates"),
            '</Piece>\n</RectilinearGrid>\n<AppendedData encoding="raw">\n_']
    sized = (part for block in blocks for part in (block.nbytes.to_bytes(8, sys.byteorder), block))
    with open(path, "wb") as file:
        file.write(b"".join(("\n".join(head).encode(), *sized, b"\n</AppendedData>\n</VTKFile>\n")))
