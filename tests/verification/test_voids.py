#!/usr/bin/env python3
"""Voids and the cell together: where the contact collapses, what the splitting and the grid do,
healing at rest, filling on plating.

The collapse is compared with geometry alone: caps of gas of a sharp interface, quasi-stationary,
over an interphase that follows its limiting current.
"""
import math
import os
import sys
import unittest
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun  # noqa: E402

os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")  # ranks may share a core

LONG = "--long" in sys.argv
BOX, RADIUS, LIMIT = 16e-6, 1e-6, 0.73
ONSET_NM = 0.12 * 36e3 / 96485.332 * 23.8e-6 * 1e9  # of a filament: 0.12 mAh/cm2 of Na
TENSION, PRESSURE, ONSET = 0.13, 1e5, 0.75
REST, EMPTY = math.radians(60), math.radians(150)

CELL = """
title: a pocket of gas
grid: {nx: 64, width: 16 um, depth: 0.25 um, alloy_height: 8 um, alloy_layers: 4,
       electrolyte_layers: 6, finest_electrolyte: 1 um, interphase_layers: 5}
microstructure: {height: 4 um, pockets: 1, pocket_arrangement: even, pocket_radius: 1 um}
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


def ends(run, name):
    return run.series[name][0], run.series[name][-1]


class Capillarity(unittest.TestCase):
    """Voids at rest, against geometry and closed forms."""

    def rest(self, time, *overrides):
        return nakrun.run(CELL + f"protocol: [{{rest: {time}}}]\noutput: {{timeseries: {{every: 0 s}}}}\n",
                          "microstructure.pocket_radius=2 um", "microstructure.height=6 um", "grid.alloy_height=12 um",
                          "grid.depth=1 um", *overrides)

    def test_contact_angle(self):
        """A cylinder's cap, by its area and its base; the rest is the grid's, four, six and eight
        cells an interface.
        """
        for degrees, bound in ((60, 1.0), (120, 1.0)):
            found = []
            for n in (64, 96, 128):
                run = self.rest("60 s", f"grid.nx={n}", f"microstructure.angle_void={degrees} degree",
                                f"microstructure.angle_depleted={degrees} degree")
                area = 1e-9 * run.series["void_nm_mean"][-1] * BOX
                half = (1 - run.series["wetted_fraction"][-1]) * BOX / 2
                shape = area / half**2
                found.append(math.degrees(brentq(lambda t: section(t) / math.sin(t)**2 - shape, 0.1, 3.0)))
                self.assertLess(run.balance, 1e-12)
            print(f"contact angle {degrees}: {[f'{x:.2f}' for x in found]} degrees")
            self.assertLess(abs(found[-1] - degrees), bound)
            self.assertLess(abs(found[-1] - degrees), abs(found[0] - degrees) + 0.3)

    def test_pressure_of_the_gas(self):
        """At rest it is the liquid's and the tension over the radius of that area."""
        run = self.rest("60 s")
        first, last = (1e-9 * v * BOX for v in ends(run, "void_nm_mean"))
        radius = math.sqrt(last / section(REST))
        pressure = (PRESSURE + TENSION / 2e-6) * first / last
        print(f"gas at {pressure:.0f} Pa, by Laplace {PRESSURE + TENSION / radius:.0f} Pa")
        self.assertLess(abs(pressure - PRESSURE - TENSION / radius), 0.02 * TENSION / radius)

    def test_empty_voids_close(self):
        """R dR/dt = -M of half an empty cylinder, and twice that of half a ball.  The width of the
        interface adds some: 3 % of the rate at half the radius, 1 % at a quarter."""
        right = ("microstructure.angle_void=90 degree", "microstructure.angle_depleted=90 degree",
                 "microstructure.pressure=0 Pa")
        run = self.rest("1.2 s", *right, "grid.nx=128", "microstructure.interface_width=0.5 um")
        time, area = np.array(run.series["time_s"]), 1e-9 * BOX * np.array(run.series["void_nm_mean"])
        seen = time > 0.2
        slope = np.polyfit(time[seen], area[seen], 1)[0]
        print(f"half a cylinder loses {-slope:.4g} m2/s, by the formula {math.pi * 1e-12:.4g}")
        self.assertLess(abs(slope / (math.pi * 1e-12) + 1), 0.02)
        run = self.rest("0.6 s", *right, "grid.ny=32", "grid.nx=32", "grid.width=8 um", "grid.depth=8 um")
        time = np.array(run.series["time_s"])
        square = (3 / (2 * math.pi) * 64e-12 * 1e-9 * np.array(run.series["void_nm_mean"])) ** (2 / 3)
        seen = time > 0.1
        slope = np.polyfit(time[seen], square[seen], 1)[0]
        print(f"half a ball: d(R^2)/dt = {slope:.4g} m2/s, by the formula {-4e-12:.4g}")
        self.assertLess(abs(slope / 4e-12 + 1), 0.05)

    def test_gas_dissolves(self):
        """Half a ball's gas by Epstein and Plesset with the tension's pressure, quasi-stationary.
        """
        run = self.rest("20 s", "microstructure.angle_void=90 degree", "microstructure.angle_depleted=90 degree",
                        "grid.ny=32", "grid.nx=32", "grid.width=8 um", "grid.depth=8 um",
                        "microstructure.gas_dissolution=1e-14 m^2/s", "microstructure.pocket_radius=1.5 um")
        volume = 64e-12 * 1e-9 * np.array(run.series["void_nm_mean"])
        time = np.array(run.series["time_s"])
        start = int(np.argmax(time > 1))
        radius = (3 / (2 * math.pi) * volume) ** (1 / 3)
        # d[(p + 2 s/R) 2/3 pi R^3]/dt = -2 pi R D (p + 2 s/R)
        ode = solve_ivp(lambda t, r: -1e-14 * (PRESSURE + 2 * TENSION / r) / (PRESSURE * r + 4 / 3 * TENSION),
                        (time[start], time[-1]), [radius[start]], rtol=1e-8)
        lost, expected = radius[start] - radius[-1], radius[start] - ode.y[0, -1]
        print(f"half a ball's radius falls by {1e9 * lost:.2f} nm, by the formula {1e9 * expected:.2f}")
        self.assertGreater(expected, 20e-9)
        self.assertLess(abs(lost / expected - 1), 0.03)


class Collapse(unittest.TestCase):
    def collapse(self, *overrides):
        deck = CELL + """
interphase: {film_rate: 0 1/s, over_limit_resistance: 0 ohm.m^2}
protocol:
  - {strip: 0.30 mA/cm^2, for: 60 s}
  - staircase: {from: 0.36 mA/cm^2, to: 0.75 mA/cm^2, step: 0.01 mA/cm^2, hold: 60 s}
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
        """With voids the contact goes earlier, where a sharp interface of the same gas has no
        balance.  There is no path beyond the limit here, so that the voltage runs away with the
        contact."""
        expected = max(i for i in np.arange(0.3, LIMIT, 0.002) if stationary(i) is not None)
        run, found = self.collapse()
        frozen, without = self.collapse("microstructure.angle_depleted=60 deg")
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
        """On a frozen contact of 0.6 the collapse is that of 1D; with moving voids it is earlier.
        """
        with_voids, current = self.collapse("contact.fraction=0.6", "contact.patch=2 um")
        deck = CELL.replace("pockets: 1", "pockets: 0") + """
contact: {fraction: 0.6, patch: 2 um}
interphase: {film_rate: 0 1/s, over_limit_resistance: 0 ohm.m^2}
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

    def test_tolerances(self):
        """Voids and cell are solved together: nothing is left over but the error of the steps."""
        self.table("tolerances", [self.history(f"solver.tolerance={t}") for t in (3e-3, 3e-4, 3e-5)], 2.5)

    def test_grid(self):
        """Three grids that resolve the same interface."""
        self.table("grid", [self.history("microstructure.interface_width=1.6 um", f"grid.nx={n}", "solver.tolerance=1e-5")
                            for n in (40, 60, 90)], 1.6)


class ThreeGrids(unittest.TestCase):
    """A fast K film and a void whose gas dissolves, stripped to its collapse and at a held voltage.
    The collapse is that without a path beyond the limit: with one, the voltage passes any bound at
    a step of the current."""
    DECK = """
title: three grids
grid:  {nx: 40, width: 16 um, depth: 1 um, alloy_height: 10 um, alloy_layers: 4, electrolyte_layers: 6,
        interphase_layers: 8}
interphase: {film_rate: 1e-3 1/s, over_limit_resistance: 0 ohm.m^2}
microstructure: {height: 6.4 um, interface_width: 1.6 um, pockets: 1, pocket_arrangement: even, pocket_radius: 1.5 um,
                 depletion_onset: 0.7, angle_depleted: 120 deg, gas_dissolution: 2e-15 m^2/s}
output: {timeseries: {every: 0.2 s}}
"""
    COLUMNS = (60, 90, 135)

    def runs(self, protocol):
        return [nakrun.run(self.DECK + protocol, f"grid.nx={n}") for n in self.COLUMNS]

    def differences(self, runs, name, times):
        histories = [np.interp(times, run.series["time_s"], run.series[name]) for run in runs]
        return [np.abs(a - b).max() for a, b in zip(histories, histories[1:])]

    def test_to_the_collapse(self):
        runs = self.runs("""
protocol:
  - {strip: 0.3 mA/cm^2, for: 60 s}
  - staircase: {from: 0.4 mA/cm^2, to: 0.7 mA/cm^2, step: 0.02 mA/cm^2, hold: 40 s}
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
        self.assertLess(table["contact_fraction"][1], table["contact_fraction"][0] / 1.3)
        for name in ("contact_fraction", "k_film_fraction"):  # the film's differences are too small to show an order
            self.assertLess(max(table[name]), 2e-3, name)
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


class SolidAndVoid(unittest.TestCase):
    """K and a void in one cell of NaK65, stripped beyond the liquidus by a staircase until hardly
    any contact is left.  Half of the void is at the edge of the face; the grain begins in the
    middle.  (A site under a void would wait, and K would begin from rounding errors at last.)
    """
    DECK = """
title: K and a void on three grids
alloy:          {potassium: 65 wt%, volume: 1.2 uL}
interphase:     {limiting_current: 1e5 mA/cm^2, diffusion_time: 1e-4 s, film_rate: 0 1/s}
grid:           {nx: 60, width: 16 um, depth: 1 um, alloy_height: 18 um, alloy_layers: 4, electrolyte_layers: 6,
                 interphase_layers: 5, lateral: symmetric}
microstructure: {grains_b: 1, height: 12 um, interface_width: 1.6 um, angle_b: 60 degree, pockets: 1,
                 void_seed: 192, pocket_radius: 2.5 um, depletion_onset: 0.7, angle_depleted: 120 deg}
protocol:
  - {strip: 1 mA/cm^2, for: 3250 s}
  - staircase: {from: 1 mA/cm^2, to: 8 mA/cm^2, step: 0.5 mA/cm^2, hold: 10 s}
    until: [voltage > 3 V, wetted < 0.05]
output: {timeseries: {every: 0.2 s}}
"""

    @unittest.skipUnless(LONG, "with --long only")
    def test_three_grids(self):
        """Contact and voltage over the last 40 s, in the mean, and the moments at which K begins
        and at which hardly any contact is left.
        """
        runs = [nakrun.run(self.DECK, f"grid.nx={n}") for n in (60, 90, 135)]
        ends = [run.series["time_s"][-1] for run in runs]
        times = np.linspace(3262, min(ends) - 2, 300)
        table = {}
        for name in ("contact_fraction", "voltage_V"):
            curves = [np.interp(times, run.series["time_s"], run.series[name]) for run in runs]
            table[name] = [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(curves, curves[1:])]
        onset = [next(event["time_s"] for event in run.summary["events"] if event["event"] == "grain_b")
                 for run in runs]
        table["onset_s"] = [abs(a - b) for a, b in zip(onset, onset[1:])]
        table["end_s"] = [abs(a - b) for a, b in zip(ends, ends[1:])]
        orders = {name: np.log(coarse / fine) / np.log(1.5) for name, (coarse, fine) in table.items()}
        print(f"K and a void: differences {({name: [f'{x:.2g}' for x in each] for name, each in table.items()})}, "
              f"orders {({name: f'{order:.2f}' for name, order in orders.items()})}; hardly any contact after "
              f"{[f'{t:.2f}' for t in ends]} s")
        for name, order in orders.items():
            self.assertGreater(order, 1.5, name)
        for run in runs:
            self.assertLess(run.balance, 1e-10)


class Plating(unittest.TestCase):
    DECK = CELL + """
kinetics: {filament_speed: 1e-6 m^3/A/s}
protocol:
  - {plate: 0.4 mA/cm^2, for: 4 h}
"""

    def test_deposit_fills_the_void_first(self):
        """It grows beneath it without a barrier, where the interphase is saturated."""
        run = nakrun.run(self.DECK)
        deposit = np.array(run.series["deposit_nm_max"])
        filament = np.array(run.series["filament_um_max"])
        height = RADIUS * (1 + math.cos(REST)) * 1e9
        started = deposit[np.argmax(filament > 0)]
        print(f"filament from {started:.0f} nm of Na on, the void is {height:.0f} nm high; "
              f"{run.summary['end']} after {abs(run.summary['capacity_mAh_cm2']):.3f} mAh/cm2")
        self.assertEqual(run.summary["status"], "short")
        # Na that fills the void does not count for the onset
        self.assertLess(abs(started - height - ONSET_NM), 0.15 * height)

    def test_without_voids_there_is_no_deposit(self):
        run = nakrun.run(self.DECK, "microstructure.pockets=0", "protocol.0.for=2 h", "grid.nx=8")
        self.assertEqual(max(run.series["deposit_nm_max"]), 0)


class Ranks(unittest.TestCase):
    def test_same_nuclei_and_history(self):
        """Nuclei and what follows from them on 1, 2 and 3 ranks, in two and three dimensions."""
        grids = {"2D": ["grid.nx=48", "grid.width=24 um", "microstructure.void_nucleation=1e11 m^-2.s^-1"],
                 "3D": ["grid.nx=16", "grid.ny=14", "grid.width=8 um", "grid.depth=7 um",
                        "microstructure.void_nucleation=2e10 m^-2.s^-1"]}
        deck = CELL + "protocol: [{strip: 0.5 mA/cm^2, for: 10 s}, {rest: 2 s}]\n"
        for name, grid in grids.items():
            settings = [*grid, "microstructure.interface_width=2 um", "microstructure.pockets=0"]
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
    unittest.main(argv=[a for a in sys.argv if a != "--long"], verbosity=2)
