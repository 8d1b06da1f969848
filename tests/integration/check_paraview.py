"""Check that ParaView's XDMFReader sees in a run directory what fields.h5 holds.

Usage: check_paraview.py RUNDIR.  On 1, 2 and 3 ranks of pvbatch, for fields.xmf and face.xmf:
arrays, times, bounds and number of cells (none twice).  Also in the first and the last frame the
value of every cell at its place.  A face of one cell is looked at on one rank only: each of several
ranks would read it whole.  No display is needed.  Exit status 77 where ParaView or h5py is missing.
"""
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

RANKS = (1, 2, 3)
TIME_LIMIT = 150  # [s]; a reader whose ranks wait for each other would wait for ever
SKIP = 77


# ---- Inside pvbatch ----

def fetch_cells(simple, servermanager, reader, time):
    """Centres and cell data, gathered from all ranks, where their order is arbitrary."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    # Not the grid itself: ParaView 5.11 appends the pieces of rectilinear grids wrongly.
    centers = simple.CellCenters(Input=reader)
    centers.VertexCells = 1
    centers.UpdatePipeline(time)
    points = servermanager.Fetch(centers)
    data = points.GetPointData()
    arrays = {data.GetArrayName(i): vtk_to_numpy(data.GetArray(i)).copy()
              for i in range(data.GetNumberOfArrays())}
    return vtk_to_numpy(points.GetPoints().GetData()).copy(), arrays


def look(xmf: str, answer: str):
    """Write what ParaView sees to the file `answer`."""
    import numpy
    from paraview import servermanager, simple

    reader = simple.XDMFReader(FileNames=[xmf])
    times = list(reader.TimestepValues)
    seen = {"times": numpy.array(times)}
    for name, time in (("first", times[0]), ("last", times[-1])):
        reader.UpdatePipeline(time)
        information = reader.GetDataInformation().DataInformation
        seen[f"{name}/cells"] = information.GetNumberOfCells()
        seen[f"{name}/bounds"] = numpy.array(information.GetBounds())
        seen[f"{name}/centers"], arrays = fetch_cells(simple, servermanager, reader, time)
        for array, values in arrays.items():
            seen[f"{name}/array/{array}"] = values
    numpy.savez(answer, **seen)


# ---- Outside ----

def expect(good: bool, message: str):
    """Leave with the message where the check failed."""
    if not good:
        sys.exit(f"check_paraview.py: {message}")


def cells_of(grid, z_name: str):
    """Bounds of the grid, and the index of the cell at a point."""
    import numpy

    axes = [numpy.array(grid[name]) for name in ("x", "y", z_name)]
    bounds = numpy.array([end for axis in axes for end in (axis[0], axis[-1])])

    def locate(centers):
        i, j, k = (numpy.searchsorted(axis, centers[:, d]) - 1 for d, axis in enumerate(axes))
        return k, j, i

    return bounds, locate


def names_of(h5, frame: str, xmf: str) -> set:
    """Fields that the file must show: those of the face have one layer."""
    layers = h5["grid/region"].shape[0]
    fields = h5["frames"][frame]
    if xmf == "face.xmf":
        return {name for name in fields if fields[name].shape[0] == 1}
    return {name for name in fields if fields[name].shape[0] == layers} | {"region"}


def compare_frame(h5, frame: str, xmf: str, seen, name: str):
    """Every cell once, at its place, with its values."""
    import numpy

    bounds, locate = cells_of(h5["grid"], "z_face" if xmf == "face.xmf" else "z")
    names = names_of(h5, frame, xmf)
    arrays = {key.split("/")[-1] for key in seen if key.startswith(f"{name}/array/")}
    shape = h5["grid/region"].shape if xmf != "face.xmf" else (1,) + h5["grid/region"].shape[1:]
    where = f"{xmf}, frame {frame}"
    places = locate(seen[f"{name}/centers"])
    expect(arrays == names, f"{where}: arrays {sorted(arrays)}, not {sorted(names)}")
    expect(numpy.allclose(seen[f"{name}/bounds"], bounds, rtol=1e-6, atol=0),
           f"{where}: bounds {seen[f'{name}/bounds']}, not {bounds}")
    expect(int(seen[f"{name}/cells"]) == numpy.prod(shape),
           f"{where}: {seen[f'{name}/cells']} cells, not {numpy.prod(shape)}")
    expect(len(set(zip(*places))) == numpy.prod(shape), f"{where}: cells are missing or double")
    for array in names:
        stored = h5["grid/region"] if array == "region" else h5["frames"][frame][array]
        expect(numpy.array_equal(seen[f"{name}/array/{array}"], stored[:][places]),
               f"{where}: {array} differs from fields.h5")


def ranks_for(run: pathlib.Path, xmf: str) -> tuple:
    """Numbers of ranks that can share the cells."""
    import h5py

    with h5py.File(run / "fields.h5", "r") as h5:
        columns = h5["grid/region"][0].size
    return RANKS[:1] if xmf == "face.xmf" and columns == 1 else RANKS


def compare(run: pathlib.Path, xmf: str, answer: str):
    """Hold what ParaView saw against fields.h5."""
    import h5py
    import numpy

    with h5py.File(run / "fields.h5", "r") as h5, numpy.load(answer) as seen:
        frames = sorted(h5["frames"])
        times = [h5["frames"][frame].attrs["time"] for frame in frames]
        expect(list(seen["times"]) == times, f"{xmf}: times {seen['times']}, not {times}")
        compare_frame(h5, frames[0], xmf, seen, "first")
        compare_frame(h5, frames[-1], xmf, seen, "last")
    return len(frames)


def run_pvbatch(pvbatch: str, ranks: int, xmf: pathlib.Path, answer: str):
    """Let pvbatch run this script on the file."""
    mpirun = shutil.which("mpirun") or shutil.which("mpiexec")
    expect(ranks == 1 or mpirun is not None, "mpirun is missing")
    launch = [] if ranks == 1 else [mpirun, "-n", str(ranks)]
    command = launch + [pvbatch, os.path.abspath(__file__), "--look", str(xmf), answer]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f"check_paraview.py: {' '.join(command)} took more than {TIME_LIMIT} s")
    expect(done.returncode == 0 and "ERR|" not in done.stdout and pathlib.Path(answer).exists(),
           f"{' '.join(command)} failed:\n{done.stdout}")


def main(run: pathlib.Path):
    """Check both files on every number of ranks."""
    pvbatch = shutil.which("pvbatch")
    for name, there in (("paraview", pvbatch), ("h5py", importlib.util.find_spec("h5py"))):
        if there is None:
            print(f"check_paraview.py: skipped, {name} is missing (Debian: python3-{name})")
            sys.exit(SKIP)
    for xmf in ("fields.xmf", "face.xmf"):
        path = run / xmf
        expect(path.is_file(), f"there is no {path}")
        xml.etree.ElementTree.parse(path)
        for ranks in ranks_for(run, xmf):
            with tempfile.TemporaryDirectory() as folder:
                answer = os.path.join(folder, "seen.npz")
                run_pvbatch(pvbatch, ranks, path, answer)
                frames = compare(run, xmf, answer)
            print(f"{path}: {frames} frames, right on {ranks} rank(s) of pvbatch")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--look":
        look(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 2:
        main(pathlib.Path(sys.argv[1]))
    else:
        sys.exit(__doc__)
