#!/usr/bin/env python3
"""In situ: what ParaView is handed, what the shipped scripts make of it, what is said when they
fail.

Usage: test_insitu.py CLASS.  Exit status 77 if the program has no back end, because ParaView is
missing, or if something else is missing: a skip, not a pass.
"""
import csv
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "torture"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts" / "python"))

import nakfield  # noqa: E402
import nakrun  # noqa: E402
import torture  # noqa: E402
from nakfield.figures import LIKENESS, likeness  # noqa: E402

SKIP = 77
FARADAY = 96485.33212
NA_VOLUME = 23.8e-6  # solid_volume of inputs/materials/NaK.yaml [m3/mol]
HERE = Path(__file__).resolve().parent / "insitu"
SAME = 1e-6
DECK_3D = nakrun.DECKS / "tutorial" / "stripping_3d.yaml"
DECK_2D = nakrun.DECKS / "tutorial" / "stripping_2d.yaml"
SMALL = ["grid.nx=8", "grid.ny=7", "grid.electrolyte_layers=5", "grid.alloy_layers=8",
         "protocol.0.staircase.hold=10 s", "protocol.0.staircase.step=0.4 mA/cm^2"]
SHORT = ["protocol=[{strip: 0.5 mA/cm^2, for: 10 s}, {rest: 11 s}]"]
EVERY = ["insitu.every=5 s", "output.fields.every=5 s"]
NUMBERS = """
title: stripped, then plated until there is Na metal
electrolyte: {thickness: 1.5 mm}
grid: {nx: 8, ny: 7, width: 7 mm, electrolyte_layers: 5, finest_electrolyte: 40 um, alloy_layers: 8}
contact: {fraction: 0.6, patch: 2 mm, seed: 3}
protocol:
  - {strip: 0.4 mA/cm^2, for: 10 s}
  - {plate: 1 mA/cm^2, for: 10 s}
"""
PLATEAU = """
title: one step
grid: {nx: 4, electrolyte_layers: 3, alloy_layers: 6}
protocol:
  - {strip: 0.1 mA/cm^2, for: 2 s}
"""
ALLOY = ["microstructure.nx=32", "microstructure.nz=32", "march.end=0.04 s", "output.fields.every=0.02 s",
         "output.timeseries.every=0 s"]
DECK_ALLOY = nakrun.DECKS / "tutorial" / "solidification_2d.yaml"
PFHUB = """
title: Cahn and Hilliard
model: cahn_hilliard
box: {nx: 24, ny: 20, nz: 16, width: 48, height: 40, depth: 32}
time: {end: 4, frames: [2], solver_tolerance: 1e-3}
"""
DECK_GRAIN = nakrun.DECKS / "tutorial" / "solidification_3d.yaml"
GRAIN = ["microstructure.nx=16", "microstructure.ny=16", "microstructure.nz=16", "march.end=0.04 s",
         "nuclei.count=6", "microstructure.grains_b=3"]
EVENT = ["grid.nx=16", "grid.ny=16", "grid.width=8 um", "microstructure.pockets=2", "protocol.0.plate=0.9 mA/cm^2"]
DECK_EVENT = nakrun.DECKS / "tutorial" / "voids_plating_3d.yaml"


def without_display():
    os.environ.pop("DISPLAY", None)


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def read_totals(run):
    return read_table(run.folder / "insitu" / "totals.csv")


def at(run, column, times):
    """A column of timeseries.csv at given times: of several rows at one time the last."""
    last = dict(zip(run.series["time_s"], run.series[column]))
    return np.array([last[min(last, key=lambda known: abs(known - time))] for time in times])


VOIDS = """
title: a pocket spreads while stripping empties the interphase and K comes out
grid: {nx: 24, width: 6 um, alloy_height: 6 um, alloy_layers: 4, electrolyte_layers: 4, interphase_layers: 4}
microstructure: {height: 3 um, pockets: 1, pocket_radius: 0.5 um}
protocol:
  - {strip: 0.8 mA/cm^2, for: 20 s, until: voltage > 1 V}
  - {rest: 5 s}
"""


class Numbers(unittest.TestCase):
    """By VTK alone, and by ParaView."""

    @classmethod
    def setUpClass(cls):
        without_display()
        cls.scratch = tempfile.TemporaryDirectory()
        cls.runs, cls.others = {}, {}
        for ranks in (1, 2, 3):
            cls.runs[ranks] = cls.run_with("vtk", ranks, "insitu.backend=auto")
            if ranks > 1:
                cls.others[ranks] = cls.run_with("legacy", ranks, "insitu.backend=legacy")

    @classmethod
    def run_with(cls, backend, ranks, *overrides):
        folder = Path(cls.scratch.name, backend, str(ranks))
        folder.mkdir(parents=True)
        script = f"insitu.script=[extract.py, {HERE / 'dump.py'}]"
        return nakrun.run(NUMBERS, *EVERY, script, *overrides, ranks=ranks, folder=folder)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def near(self, mine, theirs, note):
        error = np.max(np.abs(mine - theirs)) / np.max(np.abs(theirs))
        print(f"{note}: {error:.1e}")
        self.assertLess(error, SAME, note)

    def test_extract_against_the_solver(self):
        """Integrals of the extract are the means that the solver measures."""
        for ranks, run in self.runs.items():
            totals = read_totals(run)
            times, area = totals["time_s"], totals["face.Area"]
            self.assertEqual(list(times), [0, 5, 10, 15, 20], ranks)
            for column, mine in (("contact_fraction", totals["face.contact"] / area),
                                 ("deposit_nm_mean", 1e9 * totals["face.deposit"] / area)):
                self.assertGreater(mine[-1], 0, column)
                self.near(mine, at(run, column, times), f"{column} on {ranks}")

    def test_extract_against_vtk(self):
        """And the integrals by VTK's own filter."""
        for ranks, run in self.runs.items():
            totals = read_totals(run)
            for k, path in enumerate(sorted((run.folder / "insitu").glob("dump_*_0.npz"))):
                seen = np.load(path)
                names = [key.split("/")[2] for key in seen if key.startswith("face/integral/")]
                self.assertIn("Area", names)
                for name in names:
                    scale = np.max(np.abs(totals[f"face.{name}"]))
                    self.assertLessEqual(abs(seen[f"face/integral/{name}"] - totals[f"face.{name}"][k]), 1e-12 * scale)
                whole = sum(totals[f"{region}.c"][k] for region in ("electrolyte", "interphase", "alloy"))
                self.assertLess(abs(seen["grid/integral/c"] / whole - 1), 1e-12, f"{ranks} ranks")

    def test_contact_line_against_vtk(self):
        """And the line by VTK's own filters, which have its points in single precision."""
        inside, longest = self.runs[1].folder / "insitu", 0
        for k in range(5):
            theirs = np.load(inside / f"dump_{k:06d}_0.npz")["face/line"]
            mine = np.loadtxt(inside / f"contact_line_{k:06d}.csv", delimiter=",", skiprows=1, ndmin=2).T
            self.assertEqual(mine.shape, theirs.shape)
            longest = max(longest, mine.shape[1])
            scale = np.max(np.abs(theirs), axis=1, keepdims=True)
            self.assertLess(np.max(np.abs(mine - theirs) / np.where(scale > 0, scale, 1)), 1e-6)
        self.assertGreater(longest, 10)

    def test_files_of_the_face(self):
        """To the bit what the scripts were handed, as VTK's own readers find it."""
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkDataArray
        from vtkmodules.vtkIOXML import vtkXMLPartitionedDataSetReader
        for ranks, run in self.runs.items():
            inside, reader = run.folder / "insitu", vtkXMLPartitionedDataSetReader()
            reader.SetFileName(str(inside / "face_000004.vtpd"))
            reader.Update()
            found = reader.GetOutputDataObject(0)
            self.assertEqual(found.GetNumberOfPartitions(), ranks)
            for rank in range(ranks):
                seen, mesh = np.load(inside / f"dump_000004_{rank}.npz"), found.GetPartition(rank)
                for axis in "XYZ":
                    mine = vtk_to_numpy(getattr(mesh, f"Get{axis}Coordinates")())
                    self.assertEqual(mine.tobytes(), seen[f"face/axis/{axis.lower()}"].tobytes())
                names, told = ([key.split("/")[2] for key in seen if key.startswith(f"face/{part}/")]
                               for part in ("cells", "number"))
                self.assertEqual((mesh.GetCellData().GetNumberOfArrays(), mesh.GetFieldData().GetNumberOfArrays()),
                                 (len(names), len(told)))
                for name in names:
                    array = mesh.GetCellData().GetArray(name)
                    self.assertEqual(vtk_to_numpy(array).tobytes(), seen[f"face/cells/{name}"].tobytes())
                    self.assertEqual(array.GetInformation().Get(vtkDataArray.UNITS_LABEL()), seen[f"face/unit/{name}"])
                for name in told:
                    self.assertEqual(mesh.GetFieldData().GetArray(name).GetTuple1(0), seen[f"face/number/{name}"])

    def test_voids_and_film(self):
        """Volume of void, contact and solid K while both change."""
        for ranks in (1, 2, 3):
            with tempfile.TemporaryDirectory() as folder:
                run = nakrun.run(VOIDS, *EVERY, "insitu.script=extract.py", ranks=ranks, folder=folder)
                totals = read_totals(run)
                times, area = totals["time_s"], totals["face.Area"]
                for column, mine in (("void_nm_mean", 1e9 * totals["alloy.void"] / area),
                                     ("wetted_fraction", totals["face.wetted"] / area),
                                     ("k_film_fraction", totals["face.k_film"] / area)):
                    self.assertNotEqual(mine[-1], mine[0], column)
                    self.near(mine, at(run, column, times), f"{column} on {ranks}")

    def test_numbers_at_the_root(self):
        """Catalyst 2 has a moment's numbers in what it wraps the mesh in."""
        sys.path.insert(0, str(nakrun.TOP / "scripts" / "catalyst"))
        import nakdata
        from vtkmodules.vtkCommonCore import vtkDoubleArray
        from vtkmodules.vtkCommonDataModel import (vtkPartitionedDataSet, vtkPartitionedDataSetCollection,
                                                   vtkRectilinearGrid)
        grid, pieces, root, number = (kind() for kind in (vtkRectilinearGrid, vtkPartitionedDataSet,
                                                          vtkPartitionedDataSetCollection, vtkDoubleArray))
        grid.SetDimensions(2, 2, 1)
        pieces.SetPartition(0, grid)
        root.SetPartitionedDataSet(0, pieces)
        number.SetName("time_s")
        number.InsertNextValue(7)
        self.assertEqual(nakdata.numbers(nakdata.leaf(root)), {})
        root.GetFieldData().AddArray(number)
        self.assertEqual(nakdata.numbers(nakdata.leaf(root)), {"time_s": 7})
        self.assertIsNone(nakdata.leaf(None))

    def drawn(self, deck, *overrides):
        """Largest of each of the table's columns that what is drawn gives, in situ and from frames.
        """
        from nakfield import moment
        most = {}
        for ranks in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                nakrun.call("run", deck, *overrides, f"insitu.script={HERE / 'drawn.py'}", "output.directory=run",
                            "--quiet", ranks=ranks, folder=folder).demand(nakrun.DONE)
                run = nakfield.Run(Path(folder, "run"))
                table = read_table(run.folder / "insitu" / "drawn.csv")
                frames = [moment.figures(moment.of_frame(run, k)) for k in range(len(run.times))]
                for column in frames[0]:
                    scale = np.max(np.abs(run.table[column])) or 1
                    for times, values in ((table["time_s"], table[column]),
                                          (run.times, [frame[column] for frame in frames])):
                        told = [moment.numbers_at(run.table, time)[column] for time in times]
                        self.assertLess(np.max(np.abs(np.subtract(values, told))), 1e-9 * scale, f"{column} on {ranks}")
                    most[column] = np.max(table[column])
        return most

    def test_what_is_drawn(self):
        """Volume of voids and solids, deposit and the longest filament, from the arrays that
        pictures show.
        """
        plating = self.drawn(nakrun.DECKS / "tutorial" / "voids_plating_2d.yaml", "insitu.every=5 min")
        for column in ("void_nm_mean", "deposit_nm_mean", "filament_um_max"):
            self.assertGreater(plating[column], 100, column)
        grains = self.drawn(nakrun.DECKS / "tutorial" / "phases_2d.yaml", "insitu.every=event",
                            "protocol=[{strip: 0.05 mA/cm^2, for: 300 h, until: wetted < 0.7}]")
        self.assertGreater(grains["solid_b_um"], 0.1)
        self.assertGreater(grains["void_nm_mean"], 100)

    def inside(self, deck, phase, column, ranks, *overrides):
        """How far the volume inside the drawn surface is off the table's, over one interface width
        of its area.
        """
        import yaml
        from nakfield import moment
        with tempfile.TemporaryDirectory() as folder:
            nakrun.call("run", deck, *overrides, "insitu.backend=legacy", f"insitu.script={HERE / 'inside.py'}",
                        "output.directory=run", "--quiet", ranks=ranks, folder=folder).demand(nakrun.DONE)
            run = nakfield.Run(Path(folder, "run"))
            table = read_table(run.folder / "insitu" / "inside.csv")
            told = np.array([moment.numbers_at(run.table, time)[column] for time in table["time_s"]])
            resolved = yaml.safe_load((run.folder / "resolved.yaml").read_text())
            width, breadth = (float(str(resolved[part][key]).split()[0]) for part, key in (
                ("microstructure", "interface_width"), ("grid", "width")))
        told = told * breadth**2 * (1e-9 if "_nm" in column else 1e-6)
        volume, area = table[f"{phase}.volume"], table[f"{phase}.area"]
        off = np.abs(volume - told)[told > 0] / (area * width)[told > 0]
        print(f"{phase} on {ranks}: {volume[-1]:.3e} of {told[-1]:.3e} m3, off by {off.max():.2f} of a width")
        self.assertGreater(told[-1], 0.3 * area[-1] * width)  # so that a surface of nothing would not pass
        self.assertLess(off.max(), 0.15)
        return volume

    def test_volume_inside_drawn_surfaces(self):
        for deck, phase, column, overrides in (
                ("voids_3d", "void", "void_nm_mean",
                 ["grid.nx=24", "grid.ny=24", "grid.width=9 um", "microstructure.interface_width=1.5 um",
                  "microstructure.pockets=1", "microstructure.pocket_radius=2.5 um",
                  "protocol=[{strip: 0.8 mA/cm^2, for: 5 s}]"]),
                ("grains_3d", "solid_b", "solid_b_um",
                 ["grid.nx=16", "grid.ny=16", "nuclei.count=1", "microstructure.angle_b=90 degree",
                  "microstructure.interface_width=2 um", "protocol=[{strip: 0.05 mA/cm^2, for: 300 h, until: wetted < 0.7}]"])):
            deck = nakrun.DECKS / "tutorial" / f"{deck}.yaml"
            one, two = (self.inside(deck, phase, column, ranks, *overrides) for ranks in (1, 2))
            np.testing.assert_allclose(two, one, rtol=1e-4)

    def test_sodium_is_conserved(self):
        """Na by the extract's integrals, with the reservoir's, falls as charge flows."""
        import yaml
        for ranks, run in self.runs.items():
            totals, deck = read_totals(run), yaml.safe_load((run.folder / "resolved.yaml").read_text())
            times, area = totals["time_s"], totals["face.Area"]
            ratio = at(run, "reservoir_x", times)
            ratio = ratio / (1 - ratio)
            content = self.alloy_content(run) / ratio[0]  # mol K per volume
            reservoir = content * self.reservoir_height(deck) * ratio
            box = (totals["interphase.c"] + totals["alloy.c"]) / area
            metal = totals["face.deposit"] / area / NA_VOLUME
            lost = FARADAY * (box + reservoir + metal)
            self.near(lost[0] - lost, totals["face.charge"] / area, f"Na against charge on {ranks}")

    def alloy_content(self, run):
        """Na in the pristine alloy [mol/m3]."""
        import h5py
        with h5py.File(run.folder / "fields.h5") as file:
            return file["frames/000000/c"][-1, 0, 0]

    def reservoir_height(self, deck):
        volume, area, box = (float(deck[part][key].split()[0]) for part, key in (
            ("alloy", "volume"), ("cell", "area"), ("grid", "alloy_height")))
        return volume / area - box

    def test_independent_of_ranks(self):
        one = read_totals(self.runs[1])
        for ranks in (2, 3):
            for name, values in read_totals(self.runs[ranks]).items():
                scale = np.max(np.abs(one[name]))
                self.assertLessEqual(np.max(np.abs(values - one[name])), SAME * scale, f"{name} on {ranks}")
            self.assertEqual(self.contact_line(ranks), self.contact_line(1))
        self.assertGreater(len(self.contact_line(1)), 10)

    def test_the_face_on_one_rank(self):
        """Where scripts want the face alone, rank 0 has all of it and runs them, by VTK and by
        ParaView.
        """
        one = read_totals(self.runs[1])
        for ranks, backend in ((1, "vtk"), (3, "vtk"), (2, "legacy")):
            with tempfile.TemporaryDirectory() as folder:
                who = Path(folder, "who.py")
                who.write_text(f"""# nakfield: vtk, face
import os, pathlib, sys
sys.path.insert(0, {str(nakrun.TOP / "scripts" / "catalyst")!r})
import nakdata
options, face = nakdata.options(nakdata.arguments()), nakdata.Channel("face")
def catalyst_execute(info):
    pathlib.Path(nakdata.folder(), f"{{face.data(info).GetNumberOfCells()}}_of_{{os.getpid()}}").touch()
    assert info.timestep < 3, "enough"
""")
                run = nakrun.run(NUMBERS, *EVERY, f"insitu.script=[{who}, face.py]", f"insitu.backend={backend}",
                                 ranks=ranks, folder=folder)
                inside = run.folder / "insitu"
                self.assertEqual([path.name.split("_")[0] for path in inside.glob("*_of_*")], ["56"])
                self.assertEqual(run.output.err.count("AssertionError: enough"), 1)
                table = read_table(inside / "face.csv")
                self.assertEqual(len(list(inside.glob("face_*.vtpd"))), 5)
            for name in ("Area", "contact", "deposit", "current"):
                self.near(table[name], one[f"face.{name}"], f"{name} of the face alone, {backend} on {ranks}")

    def test_the_same_from_paraview(self):
        """ParaView's Catalyst runs the same scripts, and they write the same."""
        for ranks, run in self.others.items():
            self.assertNotIn("in situ:", run.output.err)
            mine, theirs = (sorted((of[ranks].folder / "insitu").rglob("*")) for of in (self.runs, self.others))
            self.assertEqual([path.name for path in mine], [path.name for path in theirs])
            for path, other in zip(mine, theirs):
                if path.suffix in (".csv", ".vtpd"):
                    self.assertEqual(path.read_bytes(), other.read_bytes(), path.name)

    def contact_line(self, ranks):
        """Places of the line in the last extract, rounded to 0.1 um."""
        path = sorted((self.runs[ranks].folder / "insitu").glob("contact_line_*.csv"))[-1]
        with open(path, newline="", encoding="utf-8") as file:
            return {tuple(round(float(row[f"Points:{d}"]) * 1e7) for d in range(2))
                    for row in csv.DictReader(file)}

    def test_bitwise_as_in_fields_h5(self):
        """Cells, axes and numbers of every rank, at every time, against the file."""
        import h5py
        for ranks, run in [*self.runs.items(), *self.others.items()]:
            with h5py.File(run.folder / "fields.h5") as file:
                frames = {frame.attrs["time"]: frame for frame in file["frames"].values()}
                dumps = sorted((run.folder / "insitu").glob("dump_*.npz"))
                self.assertEqual(len(dumps), 5 * ranks)
                cells = sum(self.compare(np.load(path), file["grid"], frames) for path in dumps)
            self.assertEqual(cells, 5 * file_cells(run), f"{ranks} ranks")

    def compare(self, seen, grid, frames):
        frame = frames[float(seen["time"])]
        x, y = (np.searchsorted(grid[d][:], seen[f"grid/axis/{d}"][0]) for d in "xy")
        nx, ny = (len(seen[f"grid/axis/{d}"]) - 1 for d in "xy")
        for d, first, n in (("x", x, nx), ("y", y, ny), ("z", 0, len(grid["z"]) - 1)):
            np.testing.assert_array_equal(seen[f"grid/axis/{d}"], grid[d][first:first + n + 1])
        for name in (key for key in seen if "/cells/" in key):
            array = name.split("/")[2]
            stored = (grid if array == "region" else frame)[array]
            mine = seen[name].reshape(stored.shape[0], ny, nx)
            self.assertEqual(mine.tobytes(), stored[:, y:y + ny, x:x + nx].tobytes(), name)
            if array != "region":
                self.assertEqual(str(seen[name.replace("/cells/", "/unit/")]), as_text(stored.attrs["unit"]))
        self.assertEqual(float(seen["face/number/voltage_V"]), frame.attrs["voltage"])
        return nx * ny

    def test_shares_of_the_phases(self):
        """Of the alloy on a box, against the solver's own table, on 1, 2 and 3 ranks."""
        first = None
        for ranks in (1, 2, 3):
            with tempfile.TemporaryDirectory() as folder:
                nakrun.call("run", DECK_ALLOY, *ALLOY, "insitu.script=extract.py", "output.directory=run", "--quiet",
                            ranks=ranks, folder=folder).demand(nakrun.DONE)
                run = Path(folder, "run")
                table, totals = read_table(run / "phases.csv"), read_table(run / "insitu" / "totals.csv")
            np.testing.assert_allclose(totals["time_s"], [0, 0.02, 0.04], atol=1e-12)
            rows = [np.argmin(abs(table["time_s"] - time)) for time in totals["time_s"]]
            for body in ("liquid", "solid_b"):
                self.assertNotEqual(table[body][rows[-1]], table[body][rows[0]])
                self.near(totals[f"box.{body}"] / totals["box.Volume"], table[body][rows], f"{body} on {ranks}")
            first = first or totals
            for name, values in totals.items():
                np.testing.assert_allclose(values, first[name], rtol=SAME, atol=SAME * np.max(np.abs(first[name])))

    def test_a_box_bitwise_as_in_fields_h5(self):
        """Parts of ranks across y and z, too; a cadence in the model's own time."""
        import h5py
        for ranks in (1, 3):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "deck.yaml").write_text(PFHUB)
                nakrun.call("run", "deck.yaml", f"insitu.script={HERE / 'dump.py'}", "insitu.every=2",
                            "output.directory=run", "--quiet", ranks=ranks, folder=folder).demand(nakrun.DONE)
                run = Path(folder, "run")
                dumps = sorted((run / "insitu").glob("dump_*.npz"))
                self.assertEqual(len(dumps), 3 * ranks)
                with h5py.File(run / "fields.h5") as file:
                    frames = {frame.attrs["time"]: frame for frame in file["frames"].values()}
                    cells = sum(self.compare_box(np.load(path), file["grid"], frames) for path in dumps)
                self.assertEqual(cells, 3 * 24 * 20 * 16)

    def compare_box(self, seen, grid, frames):
        frame = frames[float(seen["time"])]
        at = {d: np.searchsorted(grid[d][:], seen[f"grid/axis/{d}"][0]) for d in "xyz"}
        n = {d: len(seen[f"grid/axis/{d}"]) - 1 for d in "xyz"}
        self.assertFalse([key for key in seen if key.startswith("face/")])
        for name in (key for key in seen if "/cells/" in key):
            stored = frame[name.split("/")[2]][tuple(slice(at[d], at[d] + n[d]) for d in "zyx")]
            mine = seen[name].reshape(n["z"], n["y"], n["x"])
            self.assertEqual(mine.tobytes(), np.ascontiguousarray(stored).tobytes(), name)
        return n["x"] * n["y"] * n["z"]

    def test_triggers(self):
        """A moment with its located time as field data, a burst after it, and rows to the bit as
        without.
        """
        rows = set()
        for when, expected in (((), []), (("insitu.when=[total_time > 1.1 s, contact < 0.1]", "insitu.burst=2 steps"),
                                          [-1, 1.1, -1, -1, -1])):
            with tempfile.TemporaryDirectory() as scratch:
                run = nakrun.run(PLATEAU, f"insitu.script={HERE / 'dump.py'}", "solver.longest_step=0.2 s", *when,
                                 folder=scratch)
                rows.add((run.folder / "timeseries.csv").read_bytes())
                seen = [np.load(path) for path in sorted((run.folder / "insitu").glob("dump_*.npz"))]
                times, series = [float(one["time"]) for one in seen], run.series["time_s"]
            if when:
                np.testing.assert_allclose([one["face/number/trigger_s"] for one in seen], expected, atol=1e-9)
                first = next(k for k, time in enumerate(series) if time >= 1.1)
                np.testing.assert_allclose(times[1:-1], series[first:first + 3], rtol=1e-9)
        self.assertEqual(len(rows), 1)

    def test_every_kind_of_cadence(self):
        with tempfile.TemporaryDirectory() as scratch:
            for every, count in (("event", 2), ("3 steps", None)):
                run = nakrun.run(PLATEAU, f"insitu.script={HERE / 'dump.py'}", f"insitu.every={every}",
                                 folder=scratch)
                dumps = list((run.folder / "insitu").glob("dump_*.npz"))
                steps = run.summary["time_steps"]
                self.assertEqual(len(dumps), count or 1 + steps // 3 + (steps % 3 > 0), every)
                shutil.rmtree(run.folder / "insitu")


def as_text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def file_cells(run):
    import h5py
    with h5py.File(run.folder / "fields.h5") as file:
        return file["grid/region"][0].size


class Told:
    """What goes wrong in a script is reported in words, and only what cannot go on ends the run."""

    HEAD = ""  # of every script

    def setUp(self):
        without_display()
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)

    def say(self, script, message, *overrides, status=nakrun.DONE, ranks=2):
        path = Path(self.scratch.name, "mine.py")
        path.write_text(f"{self.HEAD}{script}\n")
        return nakrun.run(PLATEAU, f"insitu.script={path}", "insitu.every=1 s", *overrides,
                          folder=self.scratch.name, ranks=ranks, status=status, message=message)

    def test_python_error(self):
        run = self.say("x = undefined_name", r"mine\.py: NameError: name 'undefined_name' is not defined, "
                       r"mine\.py line 3; the run continues without it")
        self.assertEqual(run.summary["status"], "completed")
        self.assertEqual(run.output.err.count("NameError"), 1)
        log = (run.folder / "log.txt").read_text()
        self.assertRegex(log, r"0 s: in situ: .*mine\.py: NameError: .*the run continues without it")
        self.assertEqual(log.count("NameError"), 1)

    def test_error_later(self):
        self.say("def catalyst_execute(info):\n    assert info.timestep < 1, 'enough'",
                 r"AssertionError: enough, mine\.py line 4")

    def test_no_text(self):
        """A message that is no UTF-8, as that of a file with such a name."""
        self.say("raise OSError('no file \\udcff')", r"OSError: no file \?, mine\.py line 3")

    def test_syntax_error(self):
        self.say("def f(:", r"SyntaxError: invalid syntax")

    def test_exit(self):
        self.say("raise SystemExit(7)", r"SystemExit: 7")


class VtkMessages(Told, unittest.TestCase):
    """By scripts that run without ParaView."""

    HEAD = f"# nakfield: vtk\nimport sys; sys.path.insert(0, '{nakrun.TOP}/scripts/catalyst')\n"

    def test_unknown_field(self):
        self.say("""import nakdata
face = nakdata.Channel("face")
def catalyst_execute(info):
    nakdata.contour(face.data(info), "sodium", 0.5)""",
                 r"there is no field 'sodium'; there are charge, contact, current")

    def test_live(self):
        self.say("import nakdata\noptions = nakdata.options(nakdata.arguments())",
                 r"live needs ParaView: give insitu\.backend=legacy", "insitu.options.live=on")

    def test_ranks_that_wait(self):
        """Those beyond the columns take no part, and nothing waits for them."""
        run = nakrun.run(PLATEAU, "grid.nx=2", "insitu.script=extract.py", ranks=3, folder=self.scratch.name,
                         message="2 of 3 ranks compute", timeout=100)
        self.assertTrue((run.folder / "insitu" / "totals.csv").exists())

    def test_needs_paraview(self):
        nakrun.call("check", DECK_2D, "insitu.script=volume.py", "insitu.backend=vtk", ranks=0).demand(
            nakrun.INPUT, r"scripts that say '# nakfield: vtk' in their first lines, and .*volume\.py does not")


class Messages(Told, unittest.TestCase):
    """By ParaView's; and what is wrong with the deck or the machine."""

    HEAD = "from paraview import catalyst, simple\noptions = catalyst.Options()\n"

    def test_no_display(self):
        for display in ("", ":77"):
            os.environ["DISPLAY"] = display
            self.say("simple.CreateView('RenderView')", rf"DISPLAY='{display}' is no display to draw on: "
                     r"start the run with scripts/nakfield-insitu")

    def test_unknown_field(self):
        self.say("""
cells = simple.Threshold(registrationName="mine", Input=simple.TrivialProducer(registrationName="face"))
cells.Scalars = ["CELLS", "sodium"]
simple.CreateExtractor("VTPD", cells)""",
                 r"there is no field 'sodium' for Scalars of mine; there are charge, contact, current")

    def test_guard_of_catalyst2(self):
        """Lines of nakguard.py are of the present moment; without the program nothing is caught."""
        if shutil.which("pvpython") is None:
            self.skipTest("pvpython is missing: scripts/setup.sh --insitu")
        script = Path(self.scratch.name, "guarded.py")
        script.write_text(f"""import os, sys, types
sys.path.insert(0, {str(nakrun.TOP / "scripts" / "catalyst")!r})
import nakguard
from paraview.catalyst import v2_internals
v2_internals._get_active_data_description = lambda: None
def fails(info):
    raise ValueError("moment " + str(moment))
for moment in (1, 2):
    nakguard.catalyst_execute(None)
    try:
        v2_internals.do_catalyst_execute(types.SimpleNamespace(__name__="mine", catalyst_execute=fails))
    except Exception as error:
        print(type(error).__name__, "told", repr(os.environ.get(nakguard.TOLD)), flush=True)
""")
        for told, expected in ((None, ["ValueError told None"] * 2),
                               ("", [f"RuntimeError told 'None: ValueError: moment {k}, guarded.py line 7'" for k in (1, 2)])):
            added = {} if told is None else {"NAKFIELD_INSITU_TOLD": told}
            done = subprocess.run(["pvpython", script], env={**nakrun.environment(), "PYTHONUNBUFFERED": "1", **added},
                                  capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual(done.stdout.split("\n")[:-1], expected, done.stderr)

    def test_missing_script(self):
        nakrun.call("check", DECK_2D, "insitu.script=nowhere.py", ranks=0).demand(
            nakrun.INPUT, r"there is no script 'nowhere\.py'")

    def test_errors_in_the_deck(self):
        for override, message in (("insitu.every=3 parsec", r"a time such as 30 s"),
                                  ("insitu.every=0 steps", r"at least 1 step"),
                                  ("insitu.options=[live]", r"a map of at most"),
                                  (f"insitu.options={{live: {250 * 'x'}é{10 * 'x'}}}", r"insitu\.options\.live is longer")):
            nakrun.call("check", DECK_2D, "insitu.script=extract.py", override, ranks=0).demand(
                nakrun.INPUT, message)
        nakrun.call("check", DECK_2D, "insitu.every=1 s", ranks=0).demand(
            nakrun.INPUT, r"insitu\.script is missing")

    def test_no_back_end(self):
        """The program alone, as on a machine without ParaView."""
        alone = Path(self.scratch.name, "nakfield")
        shutil.copy(nakrun.program(), alone)
        before, os.environ["NAKFIELD"] = os.environ.get("NAKFIELD"), str(alone)
        self.addCleanup(os.environ.update if before else os.environ.pop,
                        {"NAKFIELD": before} if before else "NAKFIELD")
        output = nakrun.call("run", DECK_2D, "insitu.script=extract.py", "output.directory=run",
                             folder=self.scratch.name)
        output.demand(nakrun.INPUT, r"python3-paraview.*scripts/setup\.sh --insitu")
        self.assertFalse(Path(self.scratch.name, "run").exists())
        nakrun.call("--version", ranks=0).demand(nakrun.DONE, r"In situ none; scripts/setup\.sh --insitu")


class Files(unittest.TestCase):
    """What scripts wrote belongs to the run that had them."""

    EXTRACT = ("insitu.script=extract.py", "insitu.every=2 s")

    def setUp(self):
        without_display()
        self.folder = torture.Folder()
        self.addCleanup(shutil.rmtree, self.folder.path)

    def inside(self, name="run"):
        """Names and contents, without the list."""
        top = self.folder.path / name / "insitu"
        return {str(path.relative_to(top)): path.read_bytes()
                for path in sorted(top.rglob("*")) if path.is_file() and path.name != "written.txt"}

    def test_they_go_with_it(self):
        mine = self.folder.path / "run" / "insitu" / "film.mp4"
        short = ("protocol=[{strip: 0.1 mA/cm^2, for: 10 s}]",)
        self.folder.new("run", *short, *self.EXTRACT).demand(nakrun.DONE)
        mine.write_text("mine")
        self.assertIn("face_000005.vtpd", self.inside())
        self.folder.new("run", *short, "insitu.script=extract.py").demand(nakrun.DONE)
        self.assertEqual({name[-11:-5] for name in self.inside() if name.endswith(".vtpd")}, {"000000", "000001"})
        for path in (self.folder.path / "run").iterdir():
            if path.is_file():
                path.unlink()
            elif path.name != "insitu":
                shutil.rmtree(path)
        nakrun.call("run", self.folder.deck, f"output.directory={self.folder.path / 'run'}", *short,
                    ranks=0).demand(nakrun.OUTPUT, r"holds a run already \(insitu/written\.txt\)")
        self.folder.new("run", *short).demand(nakrun.DONE)
        self.assertEqual(self.inside(), {"film.mp4": b"mine"})

    def test_a_run_goes_on(self):
        """From any checkpoint to the same files, whatever was written after it."""
        self.folder.new("whole", *SHORT, *self.EXTRACT, "insitu.when=[total_time > 3.3 s, voltage > 0.03 V]",
                        "insitu.burst=3 steps", "checkpoint.keep=1000", "checkpoint.steps=4").demand(nakrun.DONE)
        whole, points = self.inside("whole"), torture.checkpoints(self.folder.path / "whole")
        self.assertGreater(len(whole), 20)
        for share in (0, 0.3, 0.8):
            self.cut(points[int(share * len(points))].name)
            self.folder.again("run", "checkpoint.steps=50").demand(nakrun.DONE)
            self.assertEqual(self.inside(), whole)
            self.cut(points[int(share * len(points))].name)
            self.folder.again("run", "checkpoint.steps=50", "insitu.every=7 s").demand(nakrun.DONE)
            moments = [row.split(",")[0] for row in self.inside()["totals.csv"].decode().split()[1:]]
            self.assertEqual([int(moment) for moment in moments], list(range(len(moments))))
            self.assertEqual(sorted(name for name in self.inside() if name.endswith(".vtpd")),
                             [f"face_{k:06d}.vtpd" for k in range(len(moments))])

    def test_a_script_beside_the_deck(self):
        """A restart by the run's own deck finds it from anywhere."""
        shutil.copy(nakrun.TOP / "scripts/catalyst/extract.py", self.folder.path / "mine.py")
        shutil.copy(nakrun.TOP / "scripts/catalyst/nakdata.py", self.folder.path)
        self.folder.new("whole", *SHORT, "insitu.script=[mine.py]", "insitu.every=2 s", "checkpoint.keep=1000",
                        "checkpoint.steps=4").demand(nakrun.DONE)
        self.cut(torture.checkpoints(self.folder.path / "whole")[2].name)
        nakrun.call("run", "--restart", "run", ranks=0, folder=self.folder.path).demand(nakrun.DONE)
        self.assertEqual(self.inside(), self.inside("whole"))

    def test_another_rhythm(self):
        """After a restart moments are those that the new deck asks for, and time does not go back.
        """
        for before, after, expected in (
                (("insitu.script=extract.py", "insitu.every=2 s"), ("insitu.every=event",), [10, 12]),
                (("insitu.script=extract.py", "insitu.every=event"), ("insitu.every=4 s",), [8, 12]),
                (("insitu.script=extract.py", "insitu.every=2 s"), ("insitu.every=5 s",), [10, 12]),
                ((), ("insitu.script=extract.py", "insitu.every=5 s"), [10, 12])):
            with self.subTest(before=before, after=after):
                self.folder.new("whole", "protocol=[{strip: 0.1 mA/cm^2, for: 10 s}, {rest: 2 s}]", *before,
                                "output.fields.every=7 s", "checkpoint.keep=1000",
                                "checkpoint.steps=1").demand(nakrun.DONE)
                series = nakrun.Run(self.folder.path / "whole", None).series["time_s"]
                self.cut(torture.checkpoints(self.folder.path / "whole")[series.index(7) - 1].name)
                self.folder.again("run", *after).demand(nakrun.DONE)
                rows = self.inside()["totals.csv"].decode().split()[1:]
                moments = [float(row.split(",")[1]) for row in rows]
                self.assertEqual([moment for moment in moments if moment > 7], expected)
                again = nakrun.Run(self.folder.path / "run", None).series["time_s"]
                self.assertEqual(again, sorted(again))

    def cut(self, keep):
        """A copy of the run as it was killed after a checkpoint, with what it had written by then.
        """
        place = self.folder.path / "run"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder.path / "whole", place)
        (place / "summary.json").unlink()
        for path in torture.checkpoints(place):
            if path.name > keep:
                path.unlink()

    def test_interrupted_again_and_again(self):
        """Each piece ends with a last moment, which is not one of the whole run."""
        self.folder.new("whole", *SHORT, *self.EXTRACT).demand(nakrun.DONE)
        self.folder.new("run", *SHORT, *self.EXTRACT, "checkpoint.steps=0", "--walltime", "0.01s").demand(nakrun.DONE)
        pieces = 1
        while json.loads((self.folder.path / "run" / "summary.json").read_text())["status"] == "interrupted":
            self.assertLess(pieces, 100)
            self.folder.again("run", f"--walltime={1 + 0.5 * pieces}s").demand(nakrun.DONE)
            pieces += 1
        print(f"{pieces} pieces")
        self.assertGreater(pieces, 1)
        self.assertEqual(self.inside(), self.inside("whole"))


class Pictures(unittest.TestCase):
    """The shipped scripts on the tutorials' decks, on 1 and 2 ranks, against stored pictures."""

    @classmethod
    def setUpClass(cls):
        for what, there in (("xvfb", shutil.which("xvfb-run")),
                            ("python3-skimage", importlib.util.find_spec("skimage"))):
            if not there:
                raise unittest.SkipTest(f"{what} is missing: scripts/setup.sh --insitu")

    def draw(self, deck, folder, ranks, *overrides, scripts, size):
        """The folder of the pictures; those that need no display are drawn without."""
        command = [nakrun.TOP / "scripts" / "nakfield-insitu", "-n", str(ranks), deck, *overrides, "--quiet",
                   f"insitu.script={scripts}", f"insitu.options.size={size}", f"output.directory=run{ranks}"]
        environment = {**nakrun.environment(), "NAKFIELD": nakrun.program()}
        environment.pop("DISPLAY", None)
        done = subprocess.run(list(map(str, command)), cwd=folder, env=environment, capture_output=True,
                              text=True, timeout=500, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        self.assertNotRegex(done.stderr, r"in situ:|Traceback|ERR\||WARN\|")
        return Path(folder, f"run{ranks}", "insitu")

    def compare(self, pictures, name, note):
        found = sorted(pictures.glob(f"{name.split('_')[0]}_*.png"))
        if os.environ.get("NAKFIELD_NEW_PICTURES") and note.startswith("1"):  # then look at them
            shutil.copy(found[-1], HERE / f"{name}.png")
        first, last = (likeness(found[k], HERE / f"{name}.png") for k in (0, -1))
        print(f"{name} on {note}: {last:.4f}, of the first picture {first:.4f}")
        self.assertGreater(last, LIKENESS, name)
        self.assertLess(first, LIKENESS, name)  # it tells moments apart

    def pictures(self, deck, stems, kind, *overrides, size="600x400"):
        """Those of some scripts; the last folder is left for more to be done with it."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        scripts = f"[{', '.join(f'{stem}.py' for stem in stems)}]"
        for ranks in (1, 2):
            folder = self.draw(deck, scratch.name, ranks, *overrides, scripts=scripts, size=size)
            for stem in stems:
                self.compare(folder, f"{stem}_{kind}", f"{ranks} ranks")
        return folder

    def test_two_dimensions(self):
        folder = self.pictures(DECK_2D, ["interface", "section"], "2d", "grid.nx=16", "grid.electrolyte_layers=8",
                               "grid.alloy_layers=8", "protocol.1.staircase.hold=5 s",
                               "protocol.1.staircase.step=0.3 mA/cm^2", "protocol.1.staircase.to=0.4 mA/cm^2",
                               "insitu.every=3 s")
        self.film(folder)

    def film(self, pictures):
        """Of any kind and pace; paced by events, pictures of the rising voltage stay longer than
        those at rest.
        """
        from PIL import Image
        found = sorted(map(str, pictures.glob("interface_*.png")))
        for kind in [".gif"] + [".mp4"] * (shutil.which("ffmpeg") is not None):
            for pace in ("even", "events"):
                film = pictures / f"{pace}{kind}"
                subprocess.run([sys.executable, nakrun.TOP / "scripts" / "movie.py", *found, "-o", film,
                                "--pace", pace], check=True, capture_output=True, timeout=100)
                self.assertGreater(film.stat().st_size, 1000, kind)
        shown = {}
        for pace in ("even", "events"):
            with Image.open(pictures / f"{pace}.gif") as film:
                shown[pace] = []
                for k in range(film.n_frames):
                    film.seek(k)
                    shown[pace].append(film.info["duration"])
        print(f"a film's pictures are shown for {shown['events']} ms")
        self.assertEqual(set(shown["even"]), {100})
        self.assertGreater(max(shown["events"]), 3 * shown["events"][0])
        self.assertLess(abs(sum(shown["events"]) - sum(shown["even"])), 0.1 * sum(shown["even"]))

    def test_three_dimensions(self):
        self.pictures(DECK_3D, ["interface", "volume"], "3d", *SMALL)

    def test_event(self):
        """Voids, Na metal in them and filaments, up to the short."""
        self.pictures(DECK_EVENT, ["interface", "section", "volume"], "event", *EVENT)

    def test_gallery(self):
        """Pictures of the docs, by the commands below them."""
        for ranks in (1, 2):
            subprocess.run([sys.executable, nakrun.TOP / "scripts" / "gallery", "--check", "-n", str(ranks),
                            "focusing_3d", "focusing_2d", "short_2d"], check=True, timeout=500,
                           env={**nakrun.environment(), "NAKFIELD": nakrun.program()})

    def test_phases(self):
        self.pictures(DECK_ALLOY, ["phases"], "2d", *ALLOY, size="600x300")
        self.pictures(DECK_GRAIN, ["phases"], "3d", *GRAIN)


class States(unittest.TestCase):
    """The states that a user opens, drawn by pvpython."""

    def setUp(self):
        without_display()
        for program in ("pvpython", "xvfb-run"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is missing: scripts/setup.sh --insitu")

    def draw(self, deck, state, *overrides, ranks=1):
        """The share of the picture's halves that is neither white nor grey, and how many colours
        there are.
        """
        from skimage import io
        with tempfile.TemporaryDirectory() as folder:
            nakrun.call("run", deck, *overrides, "output.directory=run", "--quiet", ranks=0,
                        folder=folder).demand(nakrun.DONE)
            runs = ["run", "run"] if state == "compare.py" else ["run"]
            batch = [os.environ.get("MPIEXEC", "mpirun"), "-n", str(ranks), "pvbatch"] if ranks > 1 else ["pvpython"]
            done = subprocess.run(["xvfb-run", "-a", "-s", "-screen 0 1280x1024x24 -noreset", *batch,
                                   nakrun.TOP / "scripts" / "paraview" / state, *runs, "picture.png"], cwd=folder,
                                  env=nakrun.environment(), capture_output=True, text=True, timeout=200, check=False)
            self.assertEqual(done.returncode, 0, done.stderr[-4000:])
            self.assertNotRegex(done.stderr, r"Traceback|ERR\||WARN\|")
            picture = io.imread(Path(folder, "picture.png"))[..., :3].astype(int)
        vivid = np.ptp(picture, axis=-1) > 40
        half = vivid.shape[1] // 2
        shares = vivid[:, :half].mean(), vivid[:, half:].mean()
        colours = len(np.unique(picture[vivid] // 32, axis=0))
        print(f"{state} on {ranks}: {shares[0]:.3f} left, {shares[1]:.3f} right, {colours} colours")
        return *shares, colours

    def test_cell(self):
        for ranks in (1, 2):
            left, right, colours = self.draw(DECK_3D, "cell.py", *SMALL, ranks=ranks)
            self.assertGreater(left, 0.05)
            self.assertGreater(right, 0.05)
            self.assertGreater(colours, 20)

    def test_two_dimensions(self):
        left, right, colours = self.draw(DECK_2D, "cell.py", "grid.nx=16", "protocol.1.staircase.hold=5 s")
        self.assertGreater(left, 0.1)
        self.assertGreater(right, 0.003)  # curves
        self.assertGreater(colours, 20)

    def test_two_dimensions_at_the_last_frame(self):
        """A state without a body goes to the last frame as others do."""
        with tempfile.TemporaryDirectory() as folder:
            nakrun.call("run", DECK_2D, "grid.nx=8", *SHORT, "output.directory=run", "--quiet", ranks=0,
                        folder=folder).demand(nakrun.DONE)
            script = Path(folder, "look.py")
            script.write_text(f"""import sys
sys.path.insert(0, {str(nakrun.TOP / "scripts" / "paraview")!r})
import state
view = state.Run("run").sheet("face")
state.show([[(view, 1)]])
print("looks at", view.ViewTime, flush=True)
""")
            done = subprocess.run(["xvfb-run", "-a", "-s", "-noreset", "pvpython", script], cwd=folder,
                                  env={**nakrun.environment(), "PYTHONUNBUFFERED": "1"}, capture_output=True, text=True,
                                  timeout=200, check=False)
        found = re.search(r"looks at (\S+)", done.stdout)
        self.assertIsNotNone(found, done.stderr[-2000:])
        self.assertAlmostEqual(float(found[1]), 21, delta=1e-6)

    def test_phases(self):
        for state in ("phases.py", "compare.py"):
            left, right, colours = self.draw(DECK_EVENT, state, *EVENT, "protocol.0.for=60 s",
                                             "output.fields.every=30 s", ranks=2)
            self.assertGreater(left, 0.001)
            self.assertGreater(right, 0.02)
            self.assertGreater(colours, 8)

    def test_alloy(self):
        left, right, colours = self.draw(DECK_ALLOY, "alloy.py", *ALLOY)
        self.assertGreater(right, 0.1)
        self.assertGreater(left, 0.002)
        self.assertGreater(colours, 8)

    def test_no_run(self):
        done = subprocess.run(["pvpython", nakrun.TOP / "scripts" / "paraview" / "cell.py", "nowhere"],
                              env=nakrun.environment(), capture_output=True, text=True, timeout=100, check=False)
        self.assertRegex(done.stderr + done.stdout, r"there is no nowhere/fields\.xmf")


class Live(unittest.TestCase):
    def test_client_on_loopback(self):
        """A client sees the fields of the run, which outlives its leaving."""
        without_display()
        if shutil.which("pvpython") is None:
            self.skipTest("pvpython is missing: scripts/setup.sh --insitu")
        with socket.socket() as probe:
            probe.bind(("localhost", 0))
            port = probe.getsockname()[1]
        unbuffered = {**nakrun.environment(), "PYTHONUNBUFFERED": "1"}  # pvpython's own print() cannot flush
        with tempfile.TemporaryDirectory() as scratch, subprocess.Popen(
                ["pvpython", str(HERE / "client.py"), str(port), "100"], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, env=unbuffered) as client:
            told = ""
            while "listening" not in told and client.poll() is None:
                told += client.stdout.readline()
            run = nakrun.run(PLATEAU, "protocol.0.for=20 s", f"insitu.script={HERE / 'slowly.py'}",
                             "insitu.every=0.5 s", f"insitu.options.live=localhost:{port}", folder=scratch)
            told += client.communicate(timeout=150)[0]
        self.assertEqual(run.summary["status"], "completed")
        found = re.search(r"seen (\d+) (\S+) (\S+)", told)
        self.assertIsNotNone(found, told[-2000:])
        print(found[0])
        self.assertEqual(int(found[1]), 4)
        for current in found.groups()[1:]:
            self.assertLess(abs(float(current) - 1), 0.2)  # A/m2, and what the double layer takes


class Catalyst2(unittest.TestCase):
    """With libcatalyst's own stub, which writes down what it is handed, and its tool that replays
    it; and with ParaView's implementation where there is one.
    """

    def setUp(self):
        without_display()
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))

    def test_paraview(self):
        """The tables that VTK alone makes; one line for each script that fails, at its moment."""
        folders = os.environ.get("CATALYST_IMPLEMENTATION_PATHS", "").split(":")
        if not any(found for folder in filter(None, folders) for found in Path(folder).glob("libcatalyst-paraview*")):
            self.skipTest("CATALYST_IMPLEMENTATION_PATHS has no libcatalyst-paraview (docs/insitu.md)")
        os.environ.pop("CATALYST_IMPLEMENTATION_NAME", None)
        for ranks in (1, 2):
            with tempfile.TemporaryDirectory() as scratch:
                tables = {}
                for backend in ("vtk", "catalyst2"):
                    run = nakrun.run(NUMBERS, *EVERY, "insitu.script=extract.py", f"insitu.backend={backend}",
                                     ranks=ranks, folder=scratch)
                    self.assertNotIn("in situ:", run.output.err)
                    tables[backend] = [path.read_bytes() for path in sorted((run.folder / "insitu").glob("*.csv"))
                                       if path.name == "totals.csv" or path.name.startswith("contact_line")]
                self.assertEqual(tables["catalyst2"], tables["vtk"])
                scripts = []
                for name, moment in (("first", 1), ("second", 2)):
                    scripts.append(Path(scratch, f"{name}.py"))
                    scripts[-1].write_text("from paraview import catalyst\noptions = catalyst.Options()\n"
                                           f"def catalyst_execute(info):\n    assert info.timestep < {moment}, '{name}'\n")
                run = nakrun.run(NUMBERS, *EVERY, f"insitu.script=[{scripts[0]}, {scripts[1]}, extract.py]",
                                 "insitu.backend=catalyst2", ranks=ranks, folder=scratch)
                for name in ("first", "second"):
                    self.assertEqual(run.output.err.count(f"AssertionError: {name}, {name}.py line 4; the run continues "
                                                          "without it"), 1)
                self.assertEqual(len(read_totals(run)["time_s"]), 5)

    def test_stub(self):
        with tempfile.TemporaryDirectory() as scratch:
            dumps = Path(scratch, "dumps")
            dumps.mkdir()
            os.environ.update(CATALYST_IMPLEMENTATION_NAME="stub", CATALYST_DATA_DUMP_DIRECTORY=str(dumps))
            run = nakrun.run(PLATEAU, "insitu.script=extract.py", "insitu.backend=catalyst2",
                             "insitu.every=1 s", ranks=2, folder=scratch)
            self.assertNotIn("in situ:", run.output.err)  # among others of the blueprint's verification
            # The real library writes a *_json beside each.
            executed = [path for path in dumps.iterdir() if "execute" in path.name and not path.name.endswith("_json")]
            self.assertEqual(len(executed), 3 * 2)
            # The stub runs no scripts: what nakguard.py would leave of one that fails.
            os.environ["NAKFIELD_INSITU_TOLD"] = "mine.py: NameError: x"
            failed = nakrun.run(PLATEAU, "insitu.script=[extract.py, face.py]", "insitu.backend=catalyst2",
                                "insitu.every=1 s", ranks=2, folder=scratch)
            del os.environ["NAKFIELD_INSITU_TOLD"]
            for text in (failed.output.err, (failed.folder / "log.txt").read_text()):
                self.assertEqual(text.count("in situ: mine.py: NameError: x; the run continues without it"), 1)
            self.assertIn("the other 2 ", (failed.folder / "log.txt").read_text())  # the second script goes on
            del os.environ["CATALYST_DATA_DUMP_DIRECTORY"]
            if shutil.which("catalyst_replay"):
                launcher = os.environ.get("MPIEXEC", "mpirun")
                subprocess.run([launcher, "-n", "2", "catalyst_replay", str(dumps)], check=True, timeout=100,
                               env=nakrun.environment())


def main():
    """Run what the command line names; a missing back end, or nothing but skips, is a skip."""
    needed = "catalyst2" if "Catalyst2" in sys.argv[1:] else "legacy"
    if not re.search(rf"In situ .*{needed} \(", nakrun.call("--version", ranks=0).out):
        print(f"skipped: this build has no back end {needed} (scripts/setup.sh --insitu; docs/insitu.md)")
        return SKIP
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        return 1
    return SKIP if result.skipped and result.testsRun <= len(result.skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
