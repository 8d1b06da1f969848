#!/usr/bin/env python3
"""The FAS engine on PFHub's benchmarks, run by their decks: energies, orders, ranks.

bm1a.csv is the project's own, from two grids with steps that do not matter.
"""
import csv
import json
import math
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

DECKS = nakrun.TOP / "benchmarks" / "pfhub"
REFERENCE = nakrun.TOP / "tests" / "reference" / "pfhub" / "bm1a.csv"


class Result:
    """Summary, energies and fields of a run."""

    def __init__(self, deck, *overrides, ranks=1):
        with tempfile.TemporaryDirectory() as folder:
            nakrun.call("run", DECKS / f"{deck}.yaml", *overrides, "output.directory=run", "--quiet",
                        ranks=ranks, folder=folder).demand(nakrun.DONE)
            place = Path(folder) / "run"
            self.summary = json.loads((place / "summary.json").read_text())
            self.energy = np.loadtxt(place / "free_energy.csv", delimiter=",", skiprows=1)
            self.files = {path.name for path in place.iterdir()}
            self.cuts = {axis: np.loadtxt(place / f"{axis}_cut_plane.csv", delimiter=",", skiprows=1)
                         for axis in "xy" if f"{axis}_cut_plane.csv" in self.files}
            with h5py.File(place / "fields.h5") as file:
                last = file["frames"][sorted(file["frames"])[-1]]
                self.fields = {name: data[()] for name, data in last.items()}
                assert np.allclose((last.attrs["time"], last.attrs["free_energy"]), self.energy[-1], rtol=1e-14, atol=0)

    def at(self, time):
        """Energy at a time that a step ends at."""
        row = np.argmin(np.abs(self.energy[:, 0] - time))
        assert self.energy[row, 0] == time, f"no step ends at {time}"
        return self.energy[row, 1]


def order(errors, ratio=2):
    return [math.log(a / b, ratio) for a, b in zip(errors, errors[1:])]


class Spinodal(unittest.TestCase):
    def test_energy_against_reference(self):
        """Within 0.5 % at t = 1, 10, 20, 50, 100; the energy never rises."""
        with open(REFERENCE, newline="", encoding="utf-8") as file:
            rows = {float(r["time"]): float(r["richardson_p2"])
                    for r in csv.DictReader(line for line in file if line[0] != "#")}
        run = Result("bm1a")
        for time in (1, 10, 20, 50, 100):
            off = run.at(time) / rows[time] - 1
            print(f"BM1a t = {time:3d}: F = {run.at(time):.4f}, {100 * off:+.3f} % from the reference")
            self.assertLess(abs(off), 0.005)
        self.assertLess(np.diff(run.energy[:, 1]).max(), 1e-4)
        self.assertLess(abs(run.summary["total_change"]) / run.summary["total"], 1e-13)
        print(f"{run.summary['time_steps']} steps, {run.summary['cycles']:.0f} cycles, "
              f"{run.summary['march_s']:.2f} s")

    def test_initial_energy(self):
        """1b: the exact integral over the initial state, from quadrature of the benchmark's
        formula.
        """
        errors = []
        for n in (100, 200, 400):
            run = Result("bm1b", f"box.nx={n}", f"box.ny={n}", "time.end=1e-3", "time.frames=[]")
            errors.append(abs(run.energy[0, 1] - 319.0433))
        print("BM1b F(0) misses by", errors, "orders", order(errors[:2]))
        self.assertLess(errors[1], 1e-3)

    def test_ranks(self):
        """1, 2 and 3 ranks agree within the tolerance of the solver, 2D and 3D."""
        for deck, settings in {"bm1a": ["time.end=8", "time.frames=[]"],
                               "bm6a": ["box.nx=60", "box.ny=52", "time.end=5", "time.frames=[]"],
                               "ch3d": ["box.nx=24", "box.ny=20", "box.nz=28", "time.end=3"]}.items():
            tight = [*settings, "time.solver_tolerance=1e-6", "multigrid.cycles=50"]
            one = Result(deck, *tight)
            for ranks in (2, 3):
                other = Result(deck, *tight, ranks=ranks)
                self.assertEqual(other.summary["ranks"], ranks)
                self.assertEqual(other.summary["time_steps"], one.summary["time_steps"])
                for name, data in one.fields.items():
                    apart = np.abs(other.fields[name] - data).max() / np.abs(data).max()
                    print(f"{deck} on {ranks} ranks: {name} {apart:.1e} apart")
                    self.assertLess(apart, 1e-8)

    def test_wrong_entries(self):
        """A deck of one model may not have another's entries."""
        for deck, message in (("model: cahn_hilliard\nalloy: {potassium: 50 wt%}\n", "alloy"),
                              ("model: cell\nbox: {nx: 3}\nprotocol: [{rest: 1 s}]\n", "box"),
                              ("model: cahn_hilard\n", "model"),
                              ("model: allen_cahn\ntime: {frames: [2, 1]}\n", "frames"),
                              ("model: allen_cahn\ntime: {frames: 3}\n", "frames")):
            with self.subTest(deck), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "deck.yaml"
                path.write_text(deck)
                nakrun.call("check", path, ranks=0).demand(nakrun.INPUT, message)


class Charge(unittest.TestCase):
    def test_order(self):
        """6a on three grids: energy and cuts at t = 4 converge with order 2."""
        runs = [Result("bm6a", f"box.nx={n}", f"box.ny={n}", "time.end=4", "time.frames=[]",
                       "time.tolerance=1e-6", "time.first_step=1e-4") for n in (50, 100, 200)]
        start, end = ([run.energy[k, 1] for run in runs] for k in (0, -1))
        ratio = math.log2((end[0] - end[1]) / (end[1] - end[2]))
        print(f"BM6a F(0) = {start}, F(4) = {end}: order {ratio:.2f}")
        self.assertAlmostEqual(start[2], 183.0686, delta=1e-3)  # SciPy, same grid, sparse direct solve
        self.assertAlmostEqual(ratio, 2, delta=0.15)
        for axis in "xy":
            for column, name in ((1, "c"), (3, "phi")):
                fine, middle, coarse = (self.pairs(run.cuts[axis][:, column], times)
                                        for run, times in zip(runs[::-1], (2, 1, 0)))
                observed = math.log2(np.abs(coarse - middle).max() / np.abs(middle - fine).max())
                print(f"  {name} along {axis}: order {observed:.2f}")
                self.assertGreater(observed, 1.7)

    @staticmethod
    def pairs(values, times):
        """Averages over pairs of cells: the values of a grid half as fine, to second order."""
        for _ in range(times):
            values = (values[::2] + values[1::2]) / 2
        return values


class Manufactured(unittest.TestCase):
    def error(self, n, *settings):
        return Result("bm7a", f"box.nx={n}", f"box.ny={n // 2}", *settings).summary["l2_error"]

    def test_space(self):
        """7a: order 2.0 +- 0.1, and the error itself."""
        errors = [self.error(n) for n in (100, 200, 400)]
        print("BM7a L2 in space", errors, "orders", order(errors))
        self.assertAlmostEqual(order(errors)[1], 2, delta=0.1)
        self.assertLess(abs(errors[1] / 1.39e-3 - 1), 0.05)
        self.assertLess(abs(errors[2] / 3.37e-4 - 1), 0.05)

    def test_time(self):
        """7a: the design order in time, from fields on one grid against the smallest step's."""
        for design in (1, 2, 3):
            steps, best = [0.08, 0.04, 0.02, 0.01], 0.0025
            settings = ["box.nx=100", "box.ny=50", "time.end=2", "time.fixed=true",
                        "time.tolerance=1e-5", "time.solver_tolerance=1e-6", "multigrid.cycles=40"]
            exact = Result("bm7a", *settings, f"time.first_step={best}", "time.order=3").fields["eta"]
            errors = [np.sqrt(np.mean((Result("bm7a", *settings, f"time.first_step={dt}",
                                              f"time.order={design}").fields["eta"] - exact) ** 2))
                      for dt in steps]
            print(f"BM7a in time, formula of order {design}: {errors}, orders {order(errors)}")
            self.assertAlmostEqual(order(errors)[-1], design, delta=0.2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
