#!/usr/bin/env python3
"""The reference solution against closed forms, against itself, and against published figures.

Its figures are those of the second interface: docs/model.md.
"""
import contextlib
import dataclasses
import io
import json
import math
import os
import sys
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its matrices are small

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

import nak1d  # noqa: E402

MA, MAH, OHM = nak1d.MA_CM2, nak1d.MAH_CM2, nak1d.OHM_CM2
CELL = nak1d.Cell()
COARSE = nak1d.Cell(nodes=12)  # 12 and 48 nodes differ by 1e-5
METAL = 1e-4 * MAH  # what counts as Na metal


def run(cell, *steps, **settings):
    """Steps of (mA/cm2, s) by the fast integrator."""
    settings = {"method": "extrapolation", "rtol": 1e-5, **settings}
    return nak1d.run_steps(cell, [(i * MA, t) for i, t in steps], **settings)


def staircase(cell, last, step=0.01, sign=1):
    levels = nak1d.staircase(0.05, last, step, 40)
    return run(cell, *[(sign * i, t) for i, t in levels])


def bend(end, levels=5):
    """Current [mA/cm2] where the slope of V over some levels is twice that at 0.1 mA/cm2."""
    v = np.array([s["voltage"] for s in end["steps"]])
    i = np.array([s["current"] for s in end["steps"]]) / MA
    slope = (v[levels:] - v[:-levels]) / (i[levels:] - i[:-levels])
    middle = (i[levels:] + i[:-levels]) / 2
    return middle[np.argmax(slope > 2 * np.interp(0.1, middle, slope))]


def hours(current, capacity):
    """A step of `current` [mA/cm2] over `capacity` [mAh/cm2]."""
    return current, 3600 * capacity / abs(current)


def column(end, key):
    return [row[key] for row in end["table"]]


def most(end, key):
    return max(column(end, key))


def states():
    """States of all kinds: adlayer full and empty, little free share, with and without deposit."""
    rng = np.random.default_rng(13)
    for temperature in (273.15, 298.15, 318.15):
        cell = nak1d.Cell(temperature=temperature, solids="supercooled", nodes=8)
        model = nak1d.Model(cell)
        for k in range(8):
            y = model.start()
            y[1 : model.n + 1] *= rng.uniform(0.1, 1.2, model.n)
            y[0] = math.log(cell.u_k * 0.95) if k == 0 else rng.uniform(-12, 0.5)
            y[model.E] = rng.uniform(-0.0183, -0.0177) if k == 1 else rng.uniform(-0.03, 0.3)
            y[model.B] = rng.choice([-1e-3, -1.0, math.log(1e-12)])
            y[model.Q] = rng.uniform(0, 0.6) * cell.q0
            y[model.G] = rng.choice([0.0, 0.7 * cell.nucleus, 1.05 * cell.filament_onset])
            yield model, y, rng.uniform(-10, 10)


class Parts(unittest.TestCase):
    def test_thermodynamics(self):
        na, k = nak1d.liquidus(298.15, (0.70, 0.985)), nak1d.liquidus(298.15, (0.14, 0.03))
        self.assertAlmostEqual(k, 0.143, delta=5e-4)
        self.assertAlmostEqual(na, 0.704, delta=5e-4)
        self.assertAlmostEqual(nak1d.ocv(0.63, 298.15), 1.547e-3, delta=1e-5)
        self.assertAlmostEqual(CELL.q0 / MAH, 54.3, delta=0.1)
        for celsius, top in ((10, 0.599), (0, 0.442), (-10, 0.344)):  # by the lever rule, with Na2K
            self.assertAlmostEqual(nak1d.lines(273.15 + celsius)[2], top, delta=1e-3)

    def test_equilibrium(self):
        for w in (-40.0, -3.0, 0.0, 1.0):
            r = CELL.r_ref * math.exp(w / CELL.exponent)
            e, slope = CELL.equilibrium(w)
            if w > -10:
                self.assertAlmostEqual(e, nak1d.ocv(r / (1 + r), CELL.temperature), delta=1e-15)
            beside = [CELL.equilibrium(w + d)[0] for d in (1e-4, -1e-4)]
            self.assertAlmostEqual((beside[0] - beside[1]) / 2e-4, slope, delta=1e-8)

    def test_jacobian(self):
        """Against differences of fourth order, row by row."""
        for model, y, current in states():
            exact = model.jacobian(y, current)
            sizes = np.maximum(np.abs(y), 0.03)
            sizes[model.E], sizes[model.G], sizes[model.L] = 1e-3, 0.01 * max(y[model.G], 0.01), 1e-4
            sizes[0], sizes[model.Q], sizes[model.B] = 0.3, 1e4, 0.3 * min(1.0, 30 * abs(y[model.B]))
            for k in range(model.size):
                h = np.zeros(model.size)
                h[k] = 1e-3 * sizes[k]
                near = model.rate(y + h, current) - model.rate(y - h, current)
                far = model.rate(y + 2 * h, current) - model.rate(y - 2 * h, current)
                error = np.abs((8 * near - far) / (12 * h[k]) - exact[:, k]) * sizes[k]
                size = np.abs(model.rate(y, current)) + np.abs(exact * sizes).max(axis=1) + 1e-12
                self.assertLess((error / size).max(), 1e-6, f"column {k}")

    def test_temperature(self):
        for celsius, ohm in ((60, 71), (40, 140), (25, 250), (0, 781), (-10, 1326)):
            cell = nak1d.Cell(temperature=273.15 + celsius)
            self.assertAlmostEqual(cell.ohm / OHM, ohm, delta=0.5)
            self.assertAlmostEqual(cell.i_lim * cell.tau, 54.75, delta=1e-9)
        cold = nak1d.Cell(temperature=273.15, solids="supercooled")
        self.assertAlmostEqual(CELL.i0 * CELL.f / (cold.i0 * cold.f), 3.81, delta=0.005)
        for potassium, slope in ((50, 111.84), (65, 136.72), (80, 180.94)):
            cells = [nak1d.Cell(potassium=potassium, temperature=t) for t in (297.65, 298.65)]
            e = [c.alloy(0.0)[2] for c in cells]
            self.assertAlmostEqual(1e6 * (e[1] - e[0]), slope, delta=0.1)

    def test_steps_of_temperature(self):
        """At rest the voltage is that of the alloy; nothing is made or lost on the way and back."""
        for solids in ("equilibrium", "supercooled"):
            cell = nak1d.Cell(solids=solids, nodes=12)
            steps = [(0.0, 3600.0, 273.15 + c) for c in (25, 0, -10, 60, 25)]
            end = nak1d.run_steps(cell, steps, "extrapolation", 1e-6)
            for step, row in zip(steps, end["steps"]):
                e = dataclasses.replace(cell, temperature=step[2]).alloy(row["reacted"])[2]
                self.assertLess(abs(row["voltage"] - e), 1e-6)
            self.assertLess(np.abs(end["state"] - nak1d.Model(cell).start())[: cell.nodes + 3].max(), 1e-6)
            self.assertEqual(end["deposit"], 0)

    def test_free_share(self):
        """Pure decay of the free share in an alloy past the liquidus, down to where it is held."""
        cell = nak1d.Cell(potassium=92, solids="supercooled", film_rate=1e-2, nodes=4,
                          adlayer_charge=0.0)  # its Na would go into the interphase
        for tolerance in (1e-3, 1e-5):
            for t, expected in ((2500.0, math.exp(-25) + 1e-30), (3.6e6, 1e-30)):
                end = run(cell, (0.0, t), rtol=tolerance)
                self.assertLess(abs(end["free"] / expected - 1), 10 * tolerance)
                self.assertLess(abs(end["voltage"] - cell.alloy(0.0)[2]), 1e-6)


class CommandLine(unittest.TestCase):
    def test_defaults_and_units(self):
        cell = nak1d.cell_of(nak1d.arguments(["--protocol", "staircase"]))
        for field in dataclasses.fields(nak1d.Cell):
            got, expected = getattr(cell, field.name), getattr(CELL, field.name)
            if isinstance(expected, float) and math.isfinite(expected):
                self.assertAlmostEqual(got / (expected or 1), expected / (expected or 1), delta=1e-12)
            else:
                self.assertEqual(got, expected, field.name)
        words = "--protocol constant --limiting-current 0.5 --deposit-barrier 20 --temperature 40".split()
        cell = nak1d.cell_of(nak1d.arguments(words))
        for got, expected in ((cell.limiting_current, 5), (cell.deposit_barrier, 0.02),
                              (cell.temperature, 313.15)):
            self.assertAlmostEqual(got, expected, delta=1e-12)

    def test_protocols(self):
        for words, time in ((["steps", "--steps", "[[0.1, 30], [0, 5, 40], [-0.1, 20]]"], 55),
                            (["staircase", "--to", "0.1", "--step", "0.05", "--spectrum"], 80),
                            (["constant", "--current", "-0.1", "--capacity", "0.001"], 36),
                            (["pulses", "--count", "3"], 18)):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                nak1d.main(["--nodes", "8", "--protocol", *words])
            got = json.loads(out.getvalue())
            self.assertAlmostEqual(got["time"], time, delta=1e-9)
            self.assertEqual("arcs" in got, "--spectrum" in words)
        with self.assertRaises(SystemExit):
            nak1d.main(["--protocol", "steps"])


class Spectra(unittest.TestCase):
    def test_pristine(self):
        """Charge transfer and finite Warburg beside adlayer, capacitor and over-limit path."""
        frequencies = np.logspace(-3, 5, 17)
        s = 2j * math.pi * frequencies
        z = nak1d.spectrum(CELL, nak1d.Model(CELL).start(), frequencies, 0.0)
        e, slope = CELL.equilibrium(0.0)
        root = np.sqrt(s * CELL.tau)
        warburg = -slope / CELL.i_lim * np.tanh(root) / root
        theta = 1 / (1 + math.exp(CELL.f * e))
        capacity = CELL.double_layer + CELL.adlayer_charge * CELL.f * theta * (1 - theta)
        face = 1 / (s * capacity + CELL.g_over + 1 / (CELL.charge_transfer_resistance + warburg))
        rest = 150 * OHM + 100 * OHM / (1 + s * 1e-6)
        # what the reservoir loses within a thousand seconds counts from below 10 mHz on
        self.assertLess(np.abs(z / (face + rest) - 1)[frequencies > 0.01].max(), 2e-5)

    def test_slope_of_steady_voltage(self):
        """The limit of zero frequency, under current and with part of the face covered."""
        cell = nak1d.Cell(volume=40e-3, free_share=0.8, film_dissolution_time=1e12, nodes=12)
        volts = [run(cell, (i, 2000.0), rtol=1e-7) for i in (0.3, 0.301)]
        z = nak1d.spectrum(cell, volts[0]["state"], [1e-5], 0.3 * MA)[0]
        steady = (volts[1]["voltage"] - volts[0]["voltage"]) / (0.001 * MA)
        self.assertLess(abs(z.real / steady - 1), 5e-3)  # second differences of the voltage

    def test_relaxation_times(self):
        f = nak1d.FREQUENCIES
        z = 10 + 100 / (1 + 2j * np.pi * f * 1e-5) + 50 / (1 + 2j * np.pi * f * 1e-3)
        (t1, a1), (t2, a2) = nak1d.arcs(*nak1d.relaxation_times(f, z))
        for got, expected in ((t1, 1e-5), (t2, 1e-3), (a1, 100), (a2, 50)):
            self.assertLess(abs(got / expected - 1), 0.02)

    def test_arcs(self):
        """To 10 mHz, where the arc of charge transfer and adlayer is seen whole."""
        low = np.logspace(-2, 7, 91)
        grains, reaction, diffusion = nak1d.seen_arcs(CELL, nak1d.Model(CELL).start(), 0.0, low)
        self.assertAlmostEqual(grains[0], 1e-6, delta=2e-8)
        self.assertAlmostEqual(reaction[0], 0.079, delta=0.002)  # 50 ohm cm2 x 1.6 mF/cm2
        self.assertAlmostEqual(reaction[1], 50, delta=1)
        self.assertTrue(3 < diffusion[0] < 6)
        end = staircase(CELL, 0.9, 0.05)
        arcs = nak1d.seen_arcs(CELL, end["state"], 0.9 * MA)
        self.assertTrue(any(1e-4 < t < 3e-3 and a > 6000 for t, a in arcs), arcs)
        end = run(CELL, (0.0, 35.0), state=end["state"])
        arcs = nak1d.seen_arcs(CELL, end["state"], 0.0)
        self.assertFalse(any(1e-5 < t < 1e-2 for t, _ in arcs), arcs)


class Stripping(unittest.TestCase):
    def test_integrators_agree(self):
        ends = [run(CELL, (1.0, 1e5), method=m, rtol=r)
                for m, r in (("BDF", 1e-7), ("Radau", 1e-6), ("extrapolation", 1e-5))]
        times = np.geomspace(0.01, 1200, 20)
        curves = [np.interp(times, column(e, "time"), column(e, "voltage")) for e in ends]
        for end, curve in zip(ends[1:], curves[1:]):
            self.assertEqual(end["end"], "voltage")
            self.assertLess(abs(end["charge"] / ends[0]["charge"] - 1), 1e-4)
            self.assertLess(np.abs(curve / curves[0] - 1).max(), 5e-3)  # straight lines between rows

    def test_resolution(self):
        ends = [run(nak1d.Cell(nodes=n), (1.0, 1e5))["charge"] for n in (12, 32)]
        self.assertLess(abs(ends[0] / ends[1] - 1), 1e-4)

    def test_staircase(self):
        """Where the voltage bends, and that NaK50 passes 1 mA/cm2 below 3 V."""
        end = staircase(CELL, 1.0)
        self.assertEqual(end["end"], "duration")
        self.assertAlmostEqual(end["voltage"], 2.885, delta=0.01)
        self.assertAlmostEqual(bend(end), 0.58, delta=0.01)
        end = staircase(dataclasses.replace(CELL, potassium=65), 1.0)
        self.assertAlmostEqual(bend(end), 0.15, delta=0.01)
        self.assertAlmostEqual(end["current"] / MA, 0.27, delta=0.011)
        end = staircase(dataclasses.replace(CELL, potassium=80), 1.0)
        self.assertAlmostEqual(end["time"], 4.02, delta=0.05)

    def test_low_current(self):
        end = run(COARSE, hours(0.25, 60))
        self.assertAlmostEqual(end["charge"] / MAH, 20.8, delta=0.1)
        self.assertLess(np.interp(20 * MAH, column(end, "charge"), column(end, "voltage")), 0.3)

    def test_pulse_capacities(self):
        """Against a finite-volume program of its own, which was good to 2 %."""
        for off, capacity in ((0.0, 0.35), (1.0, 4.97), (5.0, 12.06)):
            end = nak1d.pulses(COARSE, MA, 1.0, off, 100000, tolerance=3e-4)
            self.assertLess(abs(end["charge"] / MAH / capacity - 1), 0.02, off)

    def test_pulse_leaps(self):
        """A train with leaps ends as one without."""
        small = dataclasses.replace(COARSE, volume=0.4e-9)
        ends = [nak1d.pulses(small, MA, 1.0, 2.0, 100000, jump, 3e-4) for jump in (0.02, 0.0)]
        self.assertLess(ends[0]["run"], 0.7 * ends[1]["run"])
        self.assertLess(abs(ends[0]["charge"] / ends[1]["charge"] - 1), 5e-3)  # a pulse is 3e-3

    def test_pulses_and_steps_agree(self):
        """Two integrators, one train, to its end."""
        small = dataclasses.replace(COARSE, volume=40e-12, film_rate=1e-2)
        train = nak1d.pulses(small, MA, 1.0, 1.0, 200)
        steps = run(small, *[(1.0, 1.0), (0.0, 1.0)] * 200, method="BDF", rtol=1e-6, rows=0)
        self.assertEqual((train["end"], steps["end"]), ("voltage", "voltage"))
        self.assertGreater(train["pulses"], 10)
        self.assertLess(abs(train["charge"] / steps["charge"] - 1), 1e-3)
        self.assertLess(abs(train["free"] / steps["free"] - 1), 1e-3)


class Plating(unittest.TestCase):
    def test_no_metal(self):
        """A corner of the barrier, or a trace that grows, would make metal here."""
        for tolerance in (1e-3, 1e-4, 1e-5, 1e-6):
            for method in ("extrapolation", "BDF"):
                settings = {"method": method, "rtol": tolerance}
                used = run(COARSE, hours(-0.7, 0.1), (0.0, 7.2e5), **settings)
                self.assertGreater(most(used, "deposit"), 100 * METAL)
                for state in (None, used["state"]):
                    for current in (-0.2, -0.4):
                        end = run(COARSE, hours(current, 4), state=state, **settings)
                        self.assertEqual(end["end"], "duration")
                        self.assertLess(most(end, "deposit"), 1e-6 * METAL)

    def test_barrier(self):
        """Lowest potentials without deposit, on both sides of the barrier."""
        free = dataclasses.replace(COARSE, deposit_barrier=1.0)
        for steps, lowest in ((((-0.4, 100),), -16.3), (((-0.7, 100),), -27.5),
                              (((0.4, 9000), (-0.4, 100)), -26.8)):
            self.assertAlmostEqual(1e3 * min(column(run(free, *steps), "potential")),
                                   lowest, delta=0.1)

    def test_short(self):
        end = run(COARSE, hours(-0.7, 4))
        self.assertEqual(end["end"], "short")
        self.assertAlmostEqual(-end["charge"] / MAH, 0.466, delta=0.002)

    def test_cycles(self):
        """0.2 mA/cm2 makes no metal, 0.4 after stripping does, and shorts from 0.4 mAh/cm2 on."""
        for half, end_of_all in ((0.25, "duration"), (0.4, "short")):
            cycles = [hours(i, half) for i in (0.2, -0.2, 0.2, -0.2)]
            first = run(COARSE, *cycles)
            self.assertLess(most(first, "deposit"), METAL)
            second = run(COARSE, *[hours(i, half) for i in (0.4, -0.4) * 3], state=first["state"])
            self.assertGreater(most(second, "deposit"), METAL)
            self.assertEqual(second["end"], end_of_all)

    def test_staircase(self):
        """The deposit of the staircase goes back into the alloy in hours."""
        end = staircase(COARSE, 1.0, sign=-1)
        self.assertEqual(end["end"], "duration")
        self.assertGreater(end["deposit"], METAL)
        hour = run(COARSE, (0.0, 3600), state=end["state"])
        self.assertTrue(0.5 < hour["deposit"] / end["deposit"] < 0.9)
        self.assertLess(run(COARSE, (0.0, 15 * 3600), state=end["state"])["deposit"], METAL)


if __name__ == "__main__":
    unittest.main(verbosity=2)
