#!/usr/bin/env python3
"""A run does not depend on the number of ranks, is repeated to the last bit, and its linear solver
does not mind the grid.

Frames of the same run on 1, 2 and 3 ranks are compared value by value.  They differ by what the
linear solver leaves, which the tight tolerance takes down to rounding.  Where salt sets in, rates
have kinks: the lengths of steps must not follow such differences there.
"""
import os
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")  # ranks may share a core
CASES = {
    "2D": ("tutorial/stripping_2d.yaml",
           ["grid.nx=32", "protocol=[{rest: 1 s}, {strip: 0.5 mA/cm^2, for: 5 s}, {rest: 1 s}, "
            "{plate: 0.9 mA/cm^2, for: 5 s}]", "output.fields.every=2 s"]),
    "layers of ions": (
        "koh2024/layers.yaml",
        ["grid.nx=6", "grid.width=400 um", "grid.alloy_layers=6", "grid.electrolyte_layers=10",
         "contact={fraction: 0.5, shape: strip}", "salt.solubility=0 mol/L", "salt.separator_rate=0 mol/m^3/s",
         "kinetics.potassium_exchange=1e-2 mA/cm^2",
         "protocol=[{strip: 2 mA/cm^2, for: 30 s}, {rest: 5 s}]", "output.fields.every=5 s"]),
    "salt in the pores": (
        "koh2024/layers.yaml",
        ["grid.nx=4", "grid.width=400 um", "grid.alloy_layers=4", "grid.electrolyte_layers=6",
         "contact={fraction: 0.5, shape: strip}", "kinetics.potassium_exchange=1e-2 mA/cm^2",
         "protocol=[{strip: 0.4 mA/cm^2, for: 20 min}]", "output.fields.every=2 min"]),
    "3D": ("tutorial/stripping_3d.yaml",
           ["grid.nx=8", "grid.ny=6", "protocol=[{strip: 0.3 mA/cm^2, for: 10 s}, {rest: 5 s}]",
            "output.fields.every=5 s"]),
}
DEFAULT, TIGHT = 1e-6, 1e-11
GROWTH = 1.2  # of the iterations of a solve, from the coarsest grid to any finer one


class Result:
    """Series and frames of a run."""

    def __init__(self, case, ranks, *overrides):
        deck, settings = CASES[case]
        self.fields = {}
        with tempfile.TemporaryDirectory() as folder:
            self.run = nakrun.run(nakrun.DECKS / deck, *settings, *overrides, ranks=ranks,
                                  folder=folder)
            self.bytes = (self.run.folder / "timeseries.csv").read_bytes()
            with h5py.File(self.run.folder / "fields.h5") as file:
                for frame in file["frames"].values():
                    for name, data in frame.items():
                        self.fields.setdefault(name, []).append(data[()])

    def distance(self, other):
        """Of each field over all frames, relative to its largest value in any of them."""
        distances = {}
        for name, frames in self.fields.items():
            mine, theirs = np.array(frames), np.array(other.fields[name])
            distances[name] = np.abs(mine - theirs).max() / max(np.abs(theirs).max(), 1e-300)
        return distances


class Ranks(unittest.TestCase):
    def compare(self, case, bound, *overrides):
        alone = Result(case, 1, *overrides)
        for ranks in (2, 3):
            with self.subTest(case=case, ranks=ranks):
                several = Result(case, ranks, *overrides)
                self.assertEqual(several.run.summary["ranks"], ranks)
                distances = several.distance(alone)
                worst = max(distances, key=distances.get)
                print(f"{case} {overrides}: {ranks} ranks differ from 1 by "
                      f"{distances[worst]:.1e} ({worst})")
                self.assertLess(distances[worst], bound)
                events = [[(e["event"], e["step"], round(e["time_s"], 5)) for e in r.run.summary["events"]]
                          for r in (several, alone)]
                self.assertEqual(*events)
                for name in ("time_s", "voltage_V"):  # the steps' lengths follow small differences
                    mine, theirs = (np.array(r.run.series[name]) for r in (several, alone))
                    self.assertEqual(mine.size, theirs.size)
                    self.assertLess(np.abs(mine - theirs).max() / np.abs(theirs).max(), DEFAULT)

    def test_default_tolerance(self):
        for case in CASES:
            self.compare(case, DEFAULT)

    def test_tight_tolerance(self):
        for case in CASES:
            self.compare(case, TIGHT, "solver.linear_tolerance=1e-14")

    def test_a_column_for_each_rank(self):
        self.compare("2D", DEFAULT, "grid.nx=3")

    def test_twice_is_the_same(self):
        for case in CASES:
            with self.subTest(case=case):
                first, second = Result(case, 2), Result(case, 2)
                self.assertEqual(first.bytes, second.bytes)
                self.assertEqual(max(first.distance(second).values()), 0)


class Iterations(unittest.TestCase):
    def table(self, title, decks):
        print(f"{title}: columns, linear solves, iterations per solve")
        counts = []
        for columns, deck in decks:
            summary = nakrun.run(deck + "protocol: [{strip: 0.3 mA/cm^2, for: 10 s}]\n").summary
            solves = 4 * (summary["time_steps"] + summary["rejected_steps"])
            counts.append(summary["linear_iterations"] / solves)
            print(f"{columns:>12} {solves:5d} {counts[-1]:6.2f}")
        self.assertLess(max(counts), GROWTH * counts[0], title)

    def test_2d(self):
        for shape in ("strip", "patches"):
            self.table(f"2D {shape}", [
                (nx, f"grid: {{nx: {nx}, width: 64 um, lateral: symmetric}}\n"
                     f"contact: {{fraction: 0.5, shape: {shape}}}\n") for nx in (32, 64, 128, 256)])

    def test_3d(self):
        self.table("3D patches", [
            (f"{n} x {n}", f"grid: {{nx: {n}, ny: {n}, width: 48 um}}\n"
                           "contact: {fraction: 0.6, patch: 12 um, seed: 3}\n") for n in (8, 16, 32)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
