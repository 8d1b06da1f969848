#!/usr/bin/env python3
"""The K film as a front from nuclei: its speed, how much of a face it covers, and what it must
leave alone.

An alloy far beyond the liquidus of solid K rests, taken for a supercooled liquid: the face then has
one known drive d = 1 - u / u_K everywhere, and nothing but the film changes.
"""
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

EXPONENT, LIQUIDUS_K = 2.35, 0.1429  # of the isotherm; x of liquid beside solid K
REST = """alloy: {{potassium: {potassium} wt%, solids: supercooled}}
kinetics: {{adlayer_charge: 0 C/m^2}}
protocol: [{{rest: {time} s}}]
"""
LAYERS = "electrolyte_layers: 1, interphase_layers: 1, alloy_layers: 1"
LINE = f"grid: {{{LAYERS}, nx: 64, width: 32 um, lateral: symmetric}}\n"
SPEED, WIDTH = 1.7e-9, 2e-6  # of the front in LINE, 4 columns wide
SIDE, NUCLEI = 320e-6, 100   # of a square face, and on it
FAST = 10e-9                 # speed of the front there; it is 4 columns wide
RMS = 0.02
CELL = """grid: {nx: 64, width: 32 um, electrolyte_layers: 10}
interphase: {film_nuclei: 6e10 m^-2, film_dissolution_time: 1000 s}
protocol:
  - {strip: 0.8 mA/cm^2, for: 1 h, until: [k_film > 0.15, voltage > 4 V]}
  - rest: 3000 s
"""


def rest(grid, film, time, potassium=96):
    return grid + f"interphase: {{{film}}}\n" + REST.format(time=time, potassium=potassium)


def drive(run):
    """Of the face at the start: u_face is the mean's, and the isotherm gives u_K."""
    x = run.series["reservoir_x"][0]
    return 1 - ((x / (1 - x)) / (LIQUIDUS_K / (1 - LIQUIDUS_K))) ** EXPONENT


def covered(run):
    return np.array(run.series["time_s"]), np.array(run.series["k_film_fraction"])


def square(columns):
    return (f"grid: {{{LAYERS}, nx: {columns}, ny: {columns}, width: {SIDE} m}}\n"
            "solver: {tolerance: 1e-2, linear_tolerance: 1e-9}\n")


def square_film(columns):
    return f"film_width: {4 * SIDE / columns} m, film_speed: {FAST} m/s"


class Front(unittest.TestCase):
    def test_speed(self):
        """One front, from a nucleus whose other front has met the end of the line; 4 columns wide.
        """
        for potassium, time in ((96, 15000), (92.5, 32000)):
            with self.subTest(potassium=potassium):
                run = nakrun.run(rest(LINE, f"film_nuclei: {1 / (32e-6 * 0.5e-6)} m^-2", time, potassium))
                time, share = covered(run)
                d = drive(run)
                last = (share > 0.84) & (share < 0.94)
                speed = np.polyfit(time[last], share[last], 1)[0] * 32e-6
                print(f"drive {d:.3f}: front at {speed / SPEED / d:.4f} of its speed")
                self.assertLess(abs(speed / (SPEED * d) - 1), 0.01)

    def test_in_a_cell(self):
        """NaK50 above its limit: the current crowds on what is left, d is 1, two fronts run from
        the nucleus; at rest the film re-alloys."""
        run = nakrun.run(CELL)
        time, share = covered(run)
        voltage = np.array(run.series["voltage_V"])
        strips = (share > 0.1) & (voltage > 1)
        speed = np.polyfit(time[strips], share[strips], 1)[0] * 32e-6
        print(f"in a cell: fronts at {speed / SPEED / 2:.4f} of their speed")
        self.assertLess(abs(speed / (2 * SPEED) - 1), 0.01)
        self.assertGreater(max(share), 0.149)
        self.assertLess(share[-1], 1e-3)
        self.assertLess(run.balance, 1e-10)


class Cover(unittest.TestCase):
    @staticmethod
    def cover(columns, film, duration, law):
        """Share of the square that is covered, and what the law says, at 200 times."""
        run = nakrun.run(rest(square(columns), film, duration))
        times = np.linspace(0, duration, 200)
        return np.interp(times, *covered(run)), law(FAST * drive(run), times)

    def test_at_once(self):
        density = NUCLEI / SIDE**2
        share, law = self.cover(128, f"film_nuclei: {density} m^-2, " + square_film(128), 4000,
                                lambda v, t: 1 - np.exp(-np.pi * density * v**2 * t**2))
        error = np.sqrt(np.mean((share - law)**2))
        print(f"{NUCLEI} nuclei at once: cover {share[-1]:.3f}, rms {error:.4f}")
        self.assertGreater(share[-1], 0.95)
        self.assertLess(error, RMS)

    def test_at_a_rate(self):
        """The rate with which 100 form in the time in which the law covers 0.95, those included
        that would form under film; the mean of four, because their number is random."""
        time = np.sqrt(3 * 3 * SIDE**2 / (np.pi * NUCLEI)) / (0.866 * FAST)
        rate = NUCLEI / SIDE**2 / time
        runs = [self.cover(64, f"film_nucleation: {rate} m^-2.s^-1, film_seed: {seed}, {square_film(64)}", time,
                           lambda v, t: 1 - np.exp(-np.pi * rate * v**2 * t**3 / 3)) for seed in range(1, 5)]
        share, law = np.mean(runs, axis=0)
        error = np.sqrt(np.mean((share - law)**2))
        print(f"at a rate: cover {share[-1]:.3f}, rms {error:.4f}")
        self.assertGreater(share[-1], 0.94)
        self.assertLess(error, RMS)


class Runs(unittest.TestCase):
    """Nuclei at once and at a rate on a small face, in the middle of things."""
    DECK = rest(f"grid: {{{LAYERS}, nx: 24, ny: 20, width: 60 um}}\n",
                f"film_nuclei: 2e9 m^-2, film_nucleation: 2e6 m^-2.s^-1, film_width: 12 um, film_speed: 10 nm/s", 800)
    FIELDS = "output.fields.every=200 s"

    @staticmethod
    def fields(folder):
        with h5py.File(Path(folder) / "run" / "fields.h5") as file:
            return {f"{at}/{name}": data[()] for at, frame in file["frames"].items()
                    for name, data in frame.items()}

    def test_ranks(self):
        found = []
        for ranks in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                run = nakrun.run(self.DECK, self.FIELDS, "solver.linear_tolerance=1e-14", ranks=ranks,
                                 folder=folder)
                self.assertEqual(run.summary["ranks"], ranks)
                found.append((self.fields(folder), (run.folder / "log.txt").read_text()))
        nuclei = [[line for line in log.splitlines() if "nuclei formed" in line] for _, log in found]
        self.assertEqual(*nuclei)
        self.assertGreater(int(nuclei[0][0].split()[2]), 7)  # more than those at once
        for name, mine in found[0][0].items():  # at rest there is no current or charge but rounding
            if name.endswith(("/k_film", "/u_face", "/c", "/potential")):
                self.assertLessEqual(np.abs(mine - found[1][0][name]).max(), 1e-9 * np.abs(mine).max(), name)

    def test_restart(self):
        """To the last bit, from a checkpoint while some nuclei are small and some are to come."""
        with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as parts:
            run = nakrun.run(self.DECK, self.FIELDS, "checkpoint.steps=7", "checkpoint.keep=1000", folder=whole)
            stops = sorted((run.folder / "checkpoint").glob("*.h5"))
            self.assertGreater(len(stops), 6)
            for stop in (stops[0], stops[len(stops) // 2]):
                (Path(parts) / "deck.yaml").write_text(self.DECK)
                again = nakrun.run(self.DECK, self.FIELDS, "checkpoint.steps=7", "checkpoint.keep=1000", folder=parts)
                for later in sorted((again.folder / "checkpoint").glob("*.h5")):
                    if later.name > stop.name:
                        later.unlink()
                (again.folder / "summary.json").unlink()  # or the run is complete
                nakrun.call("run", "--restart", "run", "--quiet", folder=parts).demand(nakrun.DONE)
                self.assertRegex((again.folder / "log.txt").read_text(), f"goes on from .*{stop.name}")
                self.assertEqual((run.folder / "timeseries.csv").read_bytes(),
                                 (again.folder / "timeseries.csv").read_bytes())
                mine, theirs = self.fields(whole), self.fields(parts)
                self.assertEqual(mine.keys(), theirs.keys())
                for name in mine:
                    np.testing.assert_array_equal(mine[name], theirs[name], name)


class Decks(unittest.TestCase):
    def refuse(self, message, grid=LINE, film="film_nuclei: 1e12 m^-2", *settings):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "deck.yaml").write_text(rest(grid, film, 10))
            nakrun.call("check", "deck.yaml", *settings, folder=folder).demand(nakrun.INPUT, message)

    def test_what_does_not_fit(self):
        self.refuse("film_width is 1.9 um and a column 0.5 um wide.*raise interphase.film_width to 2 um "
                    "or grid.nx", film="film_nuclei: 1e12 m^-2, film_width: 1.9 um")
        self.refuse("need a face of several columns: raise grid.nx", grid="grid: {nx: 1}\n")
        self.refuse("need a face of several columns", grid="grid: {nx: 1}\n",
                    film="film_nucleation: 1e5 m^-2.s^-1")
        self.refuse("less than one on the face", film="film_nuclei: 1e9 m^-2")
        self.refuse("more than one a column", film="film_nuclei: 1e16 m^-2")
        self.refuse("solver.jump is true and the K film has nuclei", LINE, "film_nuclei: 1e12 m^-2",
                    "solver.jump=true")
        self.refuse("grid.electrolyte_layers is 0.*resolve the electrolyte", grid="grid: {nx: 64, width: 32 um, "
                    "electrolyte_layers: 0}\n")
        self.refuse("crosses its own width", film="film_nuclei: 1e12 m^-2, film_speed: 1 m/s",
                    grid=LINE + "solver: {shortest_step: 1 ms, first_step: 1 s}\n")


if __name__ == "__main__":
    unittest.main()
