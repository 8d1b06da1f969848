#!/usr/bin/env python3
"""Voids and the cell together: where the contact collapses, what the splitting and the grid do, healing at rest,
filling on plating.

The collapse is compared with geometry alone: caps of gas of a sharp interface, quasi-stationary, over an
interphase that follows its limiting current.
"""
import math
import os
import sys
import unittest
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun  # noqa: E402

os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")  # ranks may share a core

BOX, RADIUS, LIMIT = 16e-6, 1e-6, 0.70
TENSION, PRESSURE, ONSET = 0.13, 1e5, 0.75
REST, EMPTY = math.radians(60), math.radians(150)

CELL = """
title: a pocket of gas
grid:  {nx: 64, width: 16 um, depth: 0.25 um, alloy_height: 4 um, alloy_layers: 16, finest_alloy: 0 m,
        electrolyte_layers: 6, finest_electrolyte: 1 um, interphase_layers: 5}
voids: {pockets: 1, arrangement: even, radius: 1 um, width: 1 um}
"""


def section(theta):
    """Area of a cap over the square of its radius; `theta` of the liquid."""
    return (math.pi - theta) + math.sin(theta) * math.cos(theta)


def amount():
    return (PRESSURE + TENSION / RADIUS) * section(REST) * RADIUS**2


def base(theta):
    """Width of the wall under a cap with the pocket's gas."""
    radius = brentq(lambda r: (PRESSURE + TENSION / r) * section(theta) * r * r - amount(), 1e-8, 1e-4)
    return 2 * radius * math.sin(theta)


def stationary(current):
    """Wetted share at a current [mA/cm2], or None where there is none."""
    wetted = 1 - base(REST) / BOX
    for _ in range(4000):
        if wetted <= current / LIMIT:
            return None
        depletion = max(0, 1 - (1 - current / LIMIT / wetted) / ONSET)
        cosine = math.cos(REST) + depletion * (math.cos(EMPTY) - math.cos(REST))
        wetted += 0.2 * (1 - base(math.acos(cosine)) / BOX - wetted)
    return wetted


def at(run, name, time):
    return np.interp(time, run.series["time_s"], run.series[name])


class Collapse(unittest.TestCase):
    def collapse(self, *overrides):
        deck = CELL + """
interphase: {film_rate: 0 1/s}
protocol:
  - {strip: 0.30 mA/cm^2, for: 60 s}
  - staircase: {from: 0.36 mA/cm^2, to: 0.72 mA/cm^2, step: 0.01 mA/cm^2, hold: 60 s}
    until: voltage > 3 V
  - rest: 35 s
output: {timeseries: {every: 1 s}}
"""
        run = nakrun.run(deck, *overrides)
        stripped = [step for step in run.summary["steps"] if "voltage" in step["end"]]
        self.assertEqual(len(stripped), 1)
        currents = [i for i in run.series["current_mA_cm2"] if i > 0]
        return run, currents[-1]

    def test_against_geometry(self):
        """With voids the contact goes earlier, where a sharp interface of the same gas has no balance."""
        expected = max(i for i in np.arange(0.3, LIMIT, 0.002) if stationary(i) is not None)
        run, found = self.collapse()
        frozen, without = self.collapse("voids.depleted_angle=60 deg")
        share = 1 - base(REST) / BOX
        print(f"collapse at {found:.2f} mA/cm2, by geometry at {expected:.3f}; voids that keep their angle "
              f"{without:.2f}, by their share {LIMIT * share:.3f}")
        self.assertLess(abs(found - expected), 0.08 * expected)
        self.assertLess(abs(without - LIMIT * share), 0.03 * without)

        wetted = run.series["wetted_fraction"]
        time = run.series["time_s"]
        lost, back = wetted[0] - min(wetted), wetted[-1] - min(wetted)
        print(f"contact {wetted[0]:.3f}, at the collapse {min(wetted):.3f}, 35 s later {wetted[-1]:.3f}")
        self.assertGreater(time[-1] - time[int(np.argmin(wetted))], 34)
        self.assertGreater(back, 0.95 * lost)
        for each in (run, frozen):
            self.assertLess(each.balance, 1e-10)

    def test_static_contact_levels_and_voids_do_not(self):
        """On a frozen contact of 0.6 the collapse is that of 1D; with moving voids it is earlier."""
        with_voids, current = self.collapse("contact.fraction=0.6", "contact.patch=2 um")
        deck = CELL.replace("pockets: 1", "pockets: 0") + """
contact: {fraction: 0.6, patch: 2 um}
interphase: {film_rate: 0 1/s}
protocol:
  - {strip: 0.6 mA/cm^2, for: 60 s}
  - staircase: {from: 0.65 mA/cm^2, to: 0.8 mA/cm^2, step: 0.01 mA/cm^2, hold: 60 s}
    until: voltage > 3 V
"""
        frozen = nakrun.run(deck).series["current_mA_cm2"][-1]
        print(f"contact 0.6: frozen {frozen:.2f} mA/cm2, with a pocket of gas {current:.2f}")
        self.assertLess(nakrun.relative(frozen, LIMIT), 0.02)
        self.assertLess(current, 0.9 * frozen)
        self.assertLess(with_voids.balance, 1e-10)


class Convergence(unittest.TestCase):
    PROTOCOL = """
interphase: {film_rate: 0 1/s}
protocol:
  - {strip: 0.5 mA/cm^2, for: 30 s, until: voltage > 3 V}
"""
    TIMES = np.linspace(4, 7, 7)

    def history(self, *overrides):
        run = nakrun.run(CELL + self.PROTOCOL, *overrides)
        self.assertGreater(run.series["time_s"][-1], self.TIMES[-1])
        return np.array([[at(run, name, t) for t in self.TIMES]
                         for name in ("wetted_fraction", "voltage_V")])

    def table(self, title, histories, order):
        steps = [np.abs(a - b).max(axis=1) for a, b in zip(histories, histories[1:])]
        ratios = [a / b for a, b in zip(steps, steps[1:])]
        print(f"{title}: differences of contact and voltage {[[float(f'{x:.2g}') for x in s] for s in steps]}")
        for ratio in ratios:
            self.assertGreater(ratio[0], order, title)

    def test_splitting(self):
        """The voids and the cell step in turn: an error of first order in the bound of the change."""
        self.table("splitting", [self.history(f"voids.change={c}", "solver.tolerance=1e-4",
                                              "voids.tolerance=2e-4")
                                 for c in (2e-3, 1e-3, 5e-4)], 1.5)

    def test_grid(self):
        """Three grids that resolve the same interface."""
        self.table("grid", [self.history("voids.width=1.6 um", f"grid.nx={n}", f"grid.alloy_layers={n // 4}",
                                         "solver.tolerance=1e-6", "voids.tolerance=2e-4",
                                         "voids.change=1e-3")
                            for n in (40, 60, 90)], 1.6)


class ThreeGrids(unittest.TestCase):
    """The law of the decks, with K film and a void whose gas dissolves, stripped to its collapse and at a held voltage."""
    DECK = """
title: three grids
grid:  {nx: 40, width: 16 um, depth: 1 um, alloy_height: 6.4 um, alloy_layers: 16, finest_alloy: 0 m,
        electrolyte_layers: 6, interphase_layers: 8}
voids: {pockets: 1, arrangement: even, radius: 1.5 um, width: 1.6 um, onset: 0.7, depleted_angle: 120 deg,
        dissolution: 2e-15 m^2/s, change: 1e-3}
output: {timeseries: {every: 0.2 s}}
"""
    COLUMNS = (40, 60, 90)

    def runs(self, protocol):
        return [nakrun.run(self.DECK + protocol, f"grid.nx={n}", f"grid.alloy_layers={2 * n // 5}") for n in self.COLUMNS]

    def differences(self, runs, name, times):
        histories = [np.interp(times, run.series["time_s"], run.series[name]) for run in runs]
        return [np.abs(a - b).max() for a, b in zip(histories, histories[1:])]

    def test_to_the_collapse(self):
        runs = self.runs("""
protocol:
  - {strip: 0.3 mA/cm^2, for: 60 s}
  - staircase: {from: 0.4 mA/cm^2, to: 0.6 mA/cm^2, step: 0.02 mA/cm^2, hold: 40 s}
    until: voltage > 3 V
""")
        ends = [run.series["time_s"][-1] for run in runs]
        times = np.linspace(1, min(ends) - 10, 200)
        table = {name: self.differences(runs, name, times)
                 for name in ("voltage_V", "contact_fraction", "k_film_fraction")}
        print(f"collapse after {[f'{t:.2f}' for t in ends]} s at "
              f"{[run.series['current_mA_cm2'][-1] for run in runs]} mA/cm2 on {self.COLUMNS} columns; differences "
              f"{ {name: [f'{x:.1e}' for x in each] for name, each in table.items()} }")
        self.assertGreater(max(runs[-1].series["k_film_fraction"]), 0.01)
        self.assertLess(abs(ends[2] - ends[1]), abs(ends[1] - ends[0]) / 1.6)
        self.assertLess(abs(ends[2] - ends[1]), 3e-3 * ends[2])
        for name in ("contact_fraction", "k_film_fraction"):
            self.assertLess(table[name][1], table[name][0] / 1.3, name)
            self.assertLess(table[name][1], 2e-3, name)
        self.assertLess(max(table["voltage_V"]), 5e-3)  # rows lie between the steps of the current

    def test_held_voltage(self):
        runs = self.runs("""
protocol:
  - {strip: 0.3 mA/cm^2, for: 60 s}
  - {voltage: 0.25 V, for: 30 s}
""")
        times = np.linspace(61, 90, 100)
        table = {name: self.differences(runs, name, times) for name in ("current_mA_cm2", "contact_fraction")}
        print(f"held voltage: current from {at(runs[2], 'current_mA_cm2', 61):.3f} to "
              f"{runs[2].series['current_mA_cm2'][-1]:.3f} mA/cm2; differences "
              f"{ {name: [f'{x:.1e}' for x in each] for name, each in table.items()} }")
        for coarse, fine in table.values():
            self.assertLess(fine, coarse)
            self.assertLess(coarse, 2e-3)


class Plating(unittest.TestCase):
    DECK = CELL + """
kinetics: {filament_speed: 1e-6 m^3/A/s}
protocol:
  - {plate: 0.4 mA/cm^2, for: 4 h}
"""

    def test_deposit_fills_the_void_first(self):
        run = nakrun.run(self.DECK)
        deposit = np.array(run.series["deposit_nm_max"])
        filament = np.array(run.series["filament_um_max"])
        height = RADIUS * (1 + math.cos(REST)) * 1e9
        started = deposit[np.argmax(filament > 0)]
        print(f"filament from {started:.0f} nm of Na on, the void is {height:.0f} nm high; "
              f"{run.summary['end']} after {abs(run.summary['capacity_mAh_cm2']):.3f} mAh/cm2")
        self.assertEqual(run.summary["status"], "short")
        self.assertGreater(started, 0.6 * height)
        self.assertLess(started, 1.4 * height)

    def test_without_voids_there_is_no_deposit(self):
        run = nakrun.run(self.DECK, "voids.pockets=0", "protocol.0.for=2 h", "grid.nx=8")
        self.assertEqual(max(run.series["deposit_nm_max"]), 0)


class Ranks(unittest.TestCase):
    def test_same_nuclei_and_history(self):
        """Nuclei and what follows from them on 1, 2 and 3 ranks, in two and three dimensions."""
        grids = {"2D": ["grid.nx=48", "grid.width=24 um", "voids.nucleation=1e11 m^-2.s^-1"],
                 "3D": ["grid.nx=16", "grid.ny=14", "grid.width=8 um", "grid.depth=7 um",
                        "grid.alloy_layers=8", "voids.nucleation=2e10 m^-2.s^-1"]}
        deck = CELL + "protocol: [{strip: 0.5 mA/cm^2, for: 10 s}, {rest: 2 s}]\n"
        for name, grid in grids.items():
            settings = [*grid, "voids.width=2 um", "voids.pockets=0"]
            one = nakrun.run(deck, *settings)
            count = max(one.series["void_nm_mean"])
            self.assertGreater(count, 0)
            for ranks in (2, 3):
                several = nakrun.run(deck, *settings, ranks=ranks)
                self.assertEqual(len(one.series["time_s"]), len(several.series["time_s"]))
                for key in ("time_s", "voltage_V", "wetted_fraction", "void_nm_mean", "voids"):
                    mine, theirs = np.array(one.series[key]), np.array(several.series[key])
                    self.assertLess(np.abs(mine - theirs).max(), 1e-6 * max(np.abs(mine).max(), 1),
                                    f"{name} on {ranks}: {key}")
            print(f"{name}: contact {one.series['wetted_fraction'][-1]:.4f} with voids of "
                  f"{one.series['void_nm_mean'][-1]:.1f} nm on 1, 2 and 3 ranks")


if __name__ == "__main__":
    unittest.main(verbosity=2)
